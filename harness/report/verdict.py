# SPDX-License-Identifier: GPL-2.0-only
"""What the run came to, said first; and the key figures of each scenario."""

from dataclasses import dataclass
from typing import Any

from harness.contention.record import Contention
from harness.errors import Exit
from harness.report import figures
from harness.report.gather import Failure, Run, ScenarioRun
from harness.report.parts import Cell, Column, Facts, Row, Table, label, number, part_of, span

FAILURES_MAX = 20  # shown at length; the others are counted
MMU_LOCK = "mmu_lock"
SAID = {
    Exit.PASS: ("good", "No oracle was violated"),
    Exit.VIOLATION: ("bad", "An oracle was violated"),
    Exit.NOT_FOUND: ("bad", "An expected bug was not found"),
    Exit.HARNESS: ("bad", "The harness itself failed"),
    Exit.NO_PROGRESS: ("bad", "No progress: a task never finished"),
    Exit.UNTRUSTWORTHY: ("bad", "Not trustworthy: a worker died, and its figures with it"),
    Exit.INTERRUPTED: ("warn", "Interrupted; these are the results so far"),
}


@dataclass(frozen=True)
class Verdict:
    tone: str  # good, warn, bad
    text: str
    lines: tuple[str, ...]  # how it ran
    failures: tuple[Failure, ...]
    more: int  # failures that are not shown


def verdict(run: Run) -> Verdict:
    failures = tuple(failure for scenario in run.scenarios for failure in scenario.failures)
    shown, more = failures[:FAILURES_MAX], max(0, len(failures) - FAILURES_MAX)
    document = run.document
    if document is None:
        text = "Cut short: the run did not end, and this is what it had written"
        return Verdict("warn", text, command_lines(run), shown, more)
    tone, text = said(document.get("exit_code"))
    if failures and tone == "good":
        tone, text = SAID[Exit.VIOLATION]
    return Verdict(tone, text, command_lines(run), shown, more)


def said(code: Any) -> tuple[str, str]:
    try:
        return SAID[Exit(code)]
    except (KeyError, ValueError):
        return "bad", f"Exit status {code}"


def command_lines(run: Run) -> tuple[str, ...]:
    document = run.document or {}
    lines = []
    arguments = run.environment.get("arguments")
    if isinstance(arguments, list):
        lines.append(" ".join(["mmutorture", *map(str, arguments)]))
    if document.get("seed"):
        fixes = ""
        if document.get("command") == "stress":
            fixes = " (fixes the workload, not the interleaving, which was the machine's)"
        lines.append(f"seed {document['seed']}{fixes}")
    lines += [f"not trustworthy: {dead}" for dead in document.get("dead") or []]
    lines += [f"did not end when told to: {name}" for name in document.get("stuck") or []]
    return tuple(lines)


def result(scenario: ScenarioRun) -> Cell:
    if scenario.failures:
        return label(scenario.failures[0].oracle, tone="bad")
    document = scenario.document
    if not document:
        return label("cut short", tone="warn")
    if document.get("dead"):
        return label("a worker died", tone="bad")
    if document.get("violations"):
        return label("violated", tone="bad")
    return label("interrupted", tone="warn") if document.get("interrupted") else label("ok", "good")


def wait_total(record: Contention) -> float:
    return sum(row.wait.total for row in record.locks)


def mmu_lock(record: Contention) -> tuple[int, int]:
    """Its acquisitions and contentions, of both modes."""
    rows = [row for row in record.locks if row.lock == MMU_LOCK]
    return sum(row.acquisitions for row in rows), sum(row.contentions for row in rows)


def overview(run: Run) -> Table:
    """A line for each scenario: what failed first, then what waited longest."""
    order = sorted(
        enumerate(run.scenarios),
        key=lambda pair: (
            not pair[1].failures,
            -(wait_total(pair[1].record) if pair[1].record else 0.0),
            pair[0],
        ),
    )
    rows = []
    units = {s.record.unit for s in run.scenarios if s.record}
    waits = [wait_total(s.record) for s in run.scenarios if s.record]
    longest = max(waits, default=0.0) if len(units) == 1 else 0.0
    for at, scenario in order:
        name = Cell(scenario.name, href=f"#s{at + 1}")
        rows.append(Row((name, result(scenario), *figures_of(scenario, longest))))
    names = ("operations", "faults", "wall time", "waited, all locks", "mmu_lock contended")
    columns = [Column("scenario", False), Column("result", False), *(Column(n) for n in names)]
    columns.append(Column("waited for most", False, hint="the call site that others waited for"))
    return Table("", tuple(columns), tuple(rows))


def figures_of(scenario: ScenarioRun, longest: float) -> tuple[Cell, ...]:
    record = scenario.record
    if record is None:
        return (*(number(None) for _ in range(5)), label("not measured", tone="quiet"))
    worst = max(record.sites, key=lambda site: site.blocked_total, default=None)
    site = worst.func if worst is not None and worst.blocked_total else figures.NOTHING
    acquired, contended = mmu_lock(record)
    return (
        number(sum(task.operations for task in record.tasks)),
        number(sum(task.faults for task in record.tasks)),
        Cell(f"{figures.digits(record.elapsed_s)} s", record.elapsed_s),
        span(wait_total(record), record.unit, longest, "plain"),
        part_of(contended, acquired),
        label(site, code=True),
    )


def tiles(record: Contention) -> Facts:
    """The figures that say most, in one line."""
    operations = sum(task.operations for task in record.tasks)
    faults = sum(task.faults for task in record.tasks)
    acquired, contended = mmu_lock(record)
    items = [("operations", number(operations)), ("faults", number(faults))]
    if record.unit == "ns" and record.elapsed_s:
        rate = faults / record.elapsed_s
        items.append(("faults/s", Cell(figures.digits(rate), exact=figures.exact(rate))))
    else:
        items.append(("executions", number(record.executions)))
    items += [
        ("waited, all locks", span(wait_total(record), record.unit)),
        ("mmu_lock contended", part_of(contended, acquired)),
    ]
    if record.retries:
        items.append(("retries", number(sum(row.count for row in record.retries))))
    if record.flushes is not None:
        items.append(("flush requests", number(record.flushes.requests)))
    if record.rcu is not None:
        items.append(("grace periods", number(record.rcu.grace_periods)))
    return Facts(tuple(items), tiles=True)


def task_table(record: Contention) -> Table:
    most = max((task.operations for task in record.tasks), default=0)
    rows = [
        Row(
            (
                label(task.name),
                label(task.kind),
                number(task.operations, most, "plain"),
                number(task.faults),
            ),
            tasks=(task.name,),
        )
        for task in record.tasks
    ]
    columns = (Column("task", False), Column("kind", False), Column("operations"), Column("faults"))
    return Table("Tasks", columns, tuple(rows))
