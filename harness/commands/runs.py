# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture show``: what an earlier run did, where it waited, and how to see more of it."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness.commands.report import FILE as REPORT
from harness.contention import perf, record, rows
from harness.failure.reproduce import read_record
from harness.results.directory import CRASH, RUNNING, find_run, read_run

SITES_SHOWN = 5
MODE = {"rwlock:R": "-R", "rwlock:W": "-W"}


def scenario_line(document: dict[str, Any]) -> str:
    name = document["scenario"]
    if "schedules" in document:
        what = f"{document['schedules']} schedules, {document['schedule_points']} schedule points"
    else:
        what = f"{document['operations']} operations, {document['faults']} faults"
    trust = "" if document.get("trustworthy", True) else "  NOT TRUSTWORTHY: a worker died"
    return f"  {name:<24} {what} in {document['elapsed_s']} s{trust}"


def most_contended(path: Path) -> list[dict[str, Any]] | None:
    """The call sites that waited longest, of all scenarios; None: no scenario has a record."""
    found: list[tuple[str, str, rows.Row]] = []
    files = sorted(path.glob(f"*/{record.FILE}"))
    for file in files:
        measured = record.read(file)
        sites = rows.View(measured, rows.Filters()).rows("site")
        first = rows.ordered(sites, "wait_total", SITES_SHOWN)
        found += [(file.parent.name, measured.unit, row) for row in first]
    found.sort(key=lambda one: (one[1], -one[2].wait_total))
    return [
        {"scenario": name, "unit": unit, **perf.documents([row], "site")[0]}
        for name, unit, row in found[:SITES_SHOWN]
    ] if files else None  # fmt: skip


def contention_lines(path: Path, contended: list[dict[str, Any]] | None) -> list[str]:
    if contended is None:
        return ["  lock contention was not recorded"]
    if not contended:
        return ["  no lock was contended"]
    lines = ["  most contended, by time waited:"]
    for row in contended:
        steps = row["unit"] == "steps"
        waited = perf.time_text(row["wait_total"], steps, perf.TIME_WIDTH).strip()
        waited += " steps" if steps else ""
        lock = row["lock"] + MODE.get(row["type"], "")
        where = f"{row['caller']} {rows.basename(row['where'])}"
        count = f"{row['contended']} waits" if row["contended"] > 1 else "1 wait"
        lines.append(f"    {lock:<20} {where:<44} {count:>15} {waited:>14}  {row['scenario']}")
    return [*lines, f"    mmutorture locks {path.name} --format perf"]


def last_words(path: Path) -> list[str]:
    """Of a run that was cut short: what ended it, if it could say so, and what it was about."""
    found = [path / name for name in (CRASH, RUNNING) if (path / name).exists()]
    return [line for file in found for line in file.read_text(encoding="utf-8").splitlines()]


def report_line(path: Path) -> str:
    file = path / REPORT
    return f"  report {file}" if file.exists() else f"  report: mmutorture report {path.name}"


def show(args: Namespace) -> int:
    path = find_run(args.run, Path(args.results))
    document = read_run(path)
    failures = sorted(str(file.parent) for file in path.glob("*/failure-*/failure.json"))
    contended = most_contended(path)
    if args.json:
        more = {
            "contended": contended,
            "report": str(path / REPORT) if (path / REPORT).exists() else None,
        }
        shown = {"run": str(path), "ended": document is not None, **more, **(document or {})}
        if document is None:
            shown["last_words"] = last_words(path)
        print(json.dumps(shown))
        return 0
    print(f"{path.name}" + ("" if document else ": was cut short; what it had written:"))
    if document:
        print(
            f"  {document['command']}, seed {document['seed']}, exit status {document['exit_code']}"
        )
        for scenario in document.get("scenarios", ()):
            print(scenario_line(scenario))
    else:
        for file in sorted(path.glob("*/scenario.toml")):
            print(f"  {file.parent.name}")
        for line in last_words(path):
            print(f"  {line}")
    for directory in failures:
        kept = read_record(Path(directory))
        print(f"  {kept.oracle}: {kept.message}")
        if kept.token:
            print(f"    mmutorture reproduce {directory}")
    for line in [*contention_lines(path, contended), report_line(path)]:
        print(line)
    return 0
