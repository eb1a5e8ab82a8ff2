# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture locks``: the lock contention of an earlier run, in formats that others can read.

lock_stat and perf are tables, folded is for flame graphs, lock_order is which lock was taken under
which.  All but the last are made of ``contention.json``.
"""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contention import folded, lock_stat, perf, record, rows
from harness.contention.record import Contention
from harness.errors import UsageError
from harness.results.directory import find_run
from harness.run import lock_order
from harness.units import nearest, parse_integer

ENTRIES_MAX = 1 << 31
# Option of the command line, and the formats that it is for.
OPTIONS = (
    ("by", "--by", ("perf",)),
    ("key", "-k", ("perf", "folded")),
    ("entries", "-E", ("perf",)),
    ("field", "-F", ("perf",)),
    ("percentiles", "--percentiles", ("perf",)),
    ("field_separator", "-x", ("perf",)),
    ("verbose", "-v", ("perf",)),
    ("type_filter", "-Y", ("perf", "folded")),
    ("lock_filter", "-L", ("perf", "folded")),
    ("callstack_filter", "-S", ("perf", "folded")),
)
DEFAULT_KEY = "wait_total"


def chosen_format(args: Namespace) -> str:
    """As asked; perf's own options ask for perf's table."""
    given = [
        (option, formats) for name, option, formats in OPTIONS if getattr(args, name) is not None
    ]
    chosen = args.format or ("perf" if given else "lock_stat")
    for option, formats in given:
        if chosen not in formats:
            raise UsageError(f"{option} is for --format {' or '.join(formats)}, not for {chosen}")
    return str(chosen)


def find_scenarios(run: str, wanted: str | None, root: Path) -> tuple[Path, list[Path]]:
    """The run, and the directories of its scenarios; one scenario's directory may be given."""
    given = Path(run)
    if (given / record.FILE).exists() or (given / lock_stat.FILE).exists():
        if wanted is not None:
            raise UsageError(f"{run}: is one scenario's directory already; leave {wanted} out")
        return given.resolve().parent, [given.resolve()]
    path = find_run(run, root)
    found = sorted(file.parent for file in path.glob("*/scenario.toml"))
    if wanted is None:
        return path, found
    names = [directory.name for directory in found]
    chosen = [directory for directory in found if directory.name == wanted]
    if not chosen:
        there = ", ".join(names) or "none"
        raise UsageError(
            f"{wanted}: is no scenario of {path.name}{nearest(wanted, names)}; there are {there}"
        )
    return path, chosen


def read_records(run: Path, directories: list[Path]) -> dict[str, Contention]:
    """By scenario; a scenario without a record is left out where others have one."""
    present = [directory for directory in directories if (directory / record.FILE).exists()]
    if not present:
        where = directories[0] if len(directories) == 1 else run
        ended = (run / "run.json").exists()
        why = "another build made it, or measured no locks" if ended else "the run was cut short"
        raise UsageError(f"{where}: holds no {record.FILE}: {why}; run it again")
    return {directory.name: record.read(directory) for directory in present}


@dataclass(frozen=True)
class Shown:
    """What a format makes of one scenario."""

    text: str
    document: Any  # for --json


def as_lock_stat(found: Contention) -> Shown:
    text = lock_stat.render(found)
    return Shown(text, lock_stat.documents(found))


def as_folded(args: Namespace, found: Contention, filters: rows.Filters) -> Shown:
    weight = args.key or DEFAULT_KEY
    if weight not in folded.WEIGHTS:
        raise UsageError(f"-k {weight}: folded stacks are weighed by {' or '.join(folded.WEIGHTS)}")
    stacks = folded.stacks(found, filters, weight)
    document = [
        {"stack": list(key), "weight": value} for key, value in sorted(stacks.items()) if value
    ]
    return Shown(folded.render(found, filters, weight), document)


def as_perf(args: Namespace, found: Contention, filters: rows.Filters) -> Shown:
    key = perf.parse_key(args.key or DEFAULT_KEY)
    fields = perf.parse_fields(args.field, key, bool(args.percentiles))
    entries = None
    if args.entries is not None:
        entries = parse_integer(args.entries, "-E", 1, ENTRIES_MAX)
    by = args.by or "site"
    shown = rows.ordered(rows.View(found, filters).rows(by), key, entries)
    if args.field_separator is not None:
        separator = perf.parse_separator(args.field_separator)
        text = perf.render_csv(found, shown, by, fields, separator)
    else:
        text = perf.render(found, shown, by, fields, bool(args.verbose))
    return Shown(text, perf.documents(shown, by))


def as_kept(run: Path, directories: list[Path], name: str) -> dict[str, Shown]:
    """A text that the run itself wrote."""
    files = [directory / name for directory in directories]
    texts = {f.parent.name: f.read_text(encoding="utf-8") for f in files if f.exists()}
    if not texts:
        raise UsageError(f"{run}: holds no {name}; it was cut short, or nothing took a lock")
    return {name: Shown(text, text) for name, text in texts.items()}


def show(args: Namespace, chosen: str) -> tuple[Path, dict[str, Shown], dict[str, str]]:
    """The run, what to show of each scenario, and the unit of its times."""
    run, directories = find_scenarios(args.run, args.scenario, Path(args.results))
    if chosen == "lock_order":
        return run, as_kept(run, directories, lock_order.FILE), {}
    if chosen == "lock_stat" and not any((path / record.FILE).exists() for path in directories):
        return run, as_kept(run, directories, lock_stat.FILE), {}
    records = read_records(run, directories)
    filters = rows.Filters(
        rows.parse_types(args.type_filter),
        rows.parse_locks(args.lock_filter, records.values()),
        tuple(args.callstack_filter.split(",")) if args.callstack_filter else (),
    )
    make: dict[str, Callable[[Contention], Shown]] = {
        "lock_stat": as_lock_stat,
        "folded": lambda found: as_folded(args, found, filters),
        "perf": lambda found: as_perf(args, found, filters),
    }
    units: dict[str, str] = {name: found.unit for name, found in records.items()}
    return run, {name: make[chosen](found) for name, found in records.items()}, units


def run(args: Namespace) -> int:
    chosen = chosen_format(args)
    path, shown, units = show(args, chosen)
    if args.json:
        print(
            json.dumps(
                {
                    "run": str(path),
                    "format": chosen,
                    "units": units,
                    "locks": {name: one.document for name, one in shown.items()},
                }
            )
        )
        return 0
    for number, (name, one) in enumerate(shown.items()):
        if len(shown) > 1 and chosen == "folded":
            print(prefixed(name, one.text), end="")
            continue
        if len(shown) > 1:
            print(f"{chr(10) if number else ''}{name}:")
        print(one.text, end="")
    return 0


def prefixed(name: str, text: str) -> str:
    """Stacks of several scenarios are one graph: the scenario is its lowest frame."""
    return "".join(f"{folded.frame(name)};{line}\n" for line in text.splitlines())
