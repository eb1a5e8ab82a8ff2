# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture list``: scenarios, bugs, oracles, strategies, contracts."""

import dataclasses
import json
import os
import sys
from argparse import Namespace
from typing import Any

from harness.errors import UsageError

NO_WRAP = frozenset({"name", "slug", "scenario", "function", "file", "mmu_lock"})


UNBROKEN = 10_000  # columns
WIDE = 120  # columns from which on all of a table can be read
# What a table has on less; --json has everything.
NARROW = {"bugs": ("name", "scenario", "text"), "contracts": ("function", "mmu_lock", "file")}


def scenarios() -> list[dict[str, Any]]:
    import tomllib

    from harness.scenario.scenarios import scenario_files

    rows = []
    for name, file in scenario_files().items():
        try:
            data = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{file}: {error}") from None
        description = " ".join(str(data.get("description", "")).split())
        rows.append({"name": name, "kind": data.get("kind", ""), "text": description})
    return rows


def contracts() -> list[dict[str, Any]]:
    """One row for each function: what it demands of its caller."""
    from harness.core import contracts as table

    rows = []
    for row in table.functions(table.current()):
        rows.append({key: row[key] for key in ("function", "file", "line", "mmu_lock")})
        rows[-1]["other_locks"] = " ".join(row["others"])
        rows[-1]["sections"] = " ".join(sorted(set(row["sections"])))
        rows[-1]["yields"] = row["yields"]
    return sorted(rows, key=lambda row: (row["file"], row["line"]))


def core_rows(what: str) -> list[dict[str, Any]]:
    from harness.core import catalogue

    entries: list[Any] = list(getattr(catalogue, what)())
    rows = []
    for entry in entries:
        row = dataclasses.asdict(entry)
        del row["index"]
        rows.append(row)
    return rows


def run(args: Namespace) -> int:
    if args.schema:
        if args.what != "scenarios":
            raise UsageError("--schema is for list scenarios")
        from harness.scenario.schema import json_schema

        print(json.dumps(json_schema(), indent=2))
        return 0
    rows = contracts() if args.what == "contracts" else None
    if rows is None:
        rows = scenarios() if args.what == "scenarios" else core_rows(args.what)
    if args.json:
        print(json.dumps({args.what: rows}))
        return 0
    show(args.what, rows)
    return 0


def show(what: str, rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    # A pipe has no width: a row is a line there, for grep.
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else UNBROKEN
    console = Console(markup=False, highlight=False, width=width)
    columns = {
        "scenarios": ("name", "kind", "text"),
        "bugs": ("name", "slug", "scenario", "memory", "depth", "text"),
        "contracts": ("function", "mmu_lock", "other_locks", "sections", "yields", "file"),
    }.get(what, ("name", "text"))
    if console.width < WIDE:
        columns = NARROW.get(what, columns)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in NO_WRAP)
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    with console.capture() as shown:
        console.print(table)
    for line in shown.get().splitlines():
        print(line.rstrip())
