# SPDX-License-Identifier: GPL-2.0-only
"""What waits for everybody: RCU's grace periods, and flushes until every vCPU has answered."""

from harness.contention.record import Contention, Times
from harness.report import figures, histogram
from harness.report.distributions import time_cells
from harness.report.parts import (
    Cell,
    Chart,
    Column,
    Facts,
    Part,
    Row,
    Section,
    Table,
    number,
    timed,
)


def section(record: Contention) -> Section:
    title, unit = "Grace periods and flushes", record.unit
    parts: list[Part] = []
    rows: list[tuple[str, Times, int]] = []
    facts: list[tuple[str, Cell]] = []
    rcu, flushes = record.rcu, record.flushes
    if rcu is not None:
        rows.append(("grace periods", rcu.latency, rcu.grace_periods))
        facts += [
            ("grace periods", number(rcu.grace_periods)),
            ("callbacks", number(rcu.callbacks)),
            ("longest backlog", number(rcu.backlog_max)),
        ]
    if flushes is not None:
        rows.append(("flush requests", flushes.wait, flushes.requests))
        facts.append(("flush requests", number(flushes.requests)))
    if not rows:
        return Section("grace", title, missing="not measured in this record")
    parts.append(Facts(tuple(facts)))
    for number_, (name, times, _) in enumerate(rows):
        if times.count:
            drawn = histogram.large(name, [(f"s{number_ + 3}", name, times)], unit)
            parts.append(Chart(f"Length of {name}", drawn))
    parts.append(table(rows, unit))
    return Section("grace", title, "", parts)


def table(rows: list[tuple[str, Times, int]], unit: str) -> Table:
    longest = max(times.total for _, times, _ in rows)
    made = [
        Row((Cell(name), number(times.count), *time_cells(times, population, unit, longest)))
        for name, times, population in rows
    ]
    percentiles = (name for _, name in histogram.SHARES)
    names = ("min", *percentiles, "max", "mean", "in all")
    note = "" if all(times.count for _, times, _ in rows) else f"{figures.NOTHING}: none was timed"
    columns = (Column("", False), Column("measured"), *timed(names, unit))
    return Table("Lengths", columns, tuple(made), note=note)
