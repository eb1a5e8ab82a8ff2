# SPDX-License-Identifier: GPL-2.0-only
"""Where it ran, and how it was measured."""

from typing import Any

from harness.contention.record import Contention
from harness.report import figures
from harness.report.parts import Cell, Facts, Section

UNITS = {
    "ns": "nanoseconds of wall time; tasks are processes that run freely",
    "steps": "schedule points (steps), the model's clock; one task at a time is running",
}


def measured(record: Contention) -> Section:
    """How the figures of a scenario came about."""
    items = [
        ("execution", record.execution),
        ("times are", UNITS[record.unit]),
        ("measured for", figures.time(record.elapsed, record.unit)),
        ("wall time", f"{figures.digits(record.elapsed_s)} s"),
        ("executions", figures.count(record.executions)),
        ("planted delays", ", ".join(planted(record)) or "none"),
        ("waits", waits(record)),
        ("holds", holds(record)),
        ("percentiles", "from buckets at most 1/32 of their lower bound wide"),
    ]
    return Section(
        "measured", "How it was measured", parts=[Facts(tuple((n, Cell(t)) for n, t in items))]
    )


def planted(record: Contention) -> list[str]:
    """FUNC[:LOCK] by LENGTH, as --delay asked for."""
    found = []
    for delay in record.delays:
        where, _, length = delay.rpartition("=")
        shown = figures.time(float(length), record.unit) if length.isdigit() else length
        found.append(f"{where} held {shown} longer")
    return found


def waits(record: Contention) -> str:
    total = sum(row.contentions for row in record.locks)
    timed = sum(row.wait.count for row in record.locks)
    return f"{figures.count(timed)} of {figures.count(total)} were timed"


def holds(record: Contention) -> str:
    total = sum(row.acquisitions for row in record.locks)
    timed = sum(row.hold.count for row in record.locks)
    how = "" if timed == total else "; the totals stand for all"
    return f"{figures.count(timed)} of {figures.count(total)} were timed{how}"


def machine(environment: dict[str, Any], identity: str) -> Section:
    """env.json as it is, and the commit."""
    items = [(name, shown(value)) for name, value in environment.items()]
    items.append(("commit", identity))
    if len(items) == 1:
        return Section("environment", "Environment", missing="env.json is missing")
    return Section(
        "environment", "Environment", parts=[Facts(tuple((n, Cell(t)) for n, t in items))]
    )


def of_both(facts: dict[str, str]) -> Section:
    """What has to be equal of two runs, or they are not compared."""
    items = tuple((name, Cell(fact.strip('"'))) for name, fact in facts.items())
    return Section("environment", "Environment of both", parts=[Facts(items)])


def shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(shown(each) for each in value)
    return f"{value:.2f}" if isinstance(value, float) else str(value)
