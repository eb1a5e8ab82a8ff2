# SPDX-License-Identifier: GPL-2.0-only
"""What was tried again, and why; and where a lock's holder asked whether to let others in."""

from collections import defaultdict

from harness.contention.record import Contention
from harness.report import figures
from harness.report.parts import (
    Cell,
    Column,
    Part,
    Row,
    Section,
    Table,
    Text,
    cut,
    label,
    number,
    part_of,
)

NOT_MEASURED = "Retries were not measured in this record."


def section(record: Contention) -> Section:
    parts: list[Part] = []
    if any(row.count for row in record.retries):
        parts += [causes(record), places(record)]
    elif record.yields:
        why = "Nothing was tried again." if record.retries else NOT_MEASURED
        parts.append(Text(why))
    if any(row.asked for row in record.yields):
        parts.append(yields(record))
    title = "Retries and yields"
    if not parts:
        why = "nothing was tried again" if record.retries else "not measured in this record"
        return Section("retries", title, missing=why)
    return Section("retries", title, "", parts)


def causes(record: Contention) -> Table:
    sums: dict[str, int] = defaultdict(int)
    for row in record.retries:
        sums[row.cause] += row.count
    faults = sum(task.faults for task in record.tasks)
    total, most = sum(sums.values()), max(sums.values())
    rows = [
        Row(
            (
                label(cause),
                number(count, most, "plain"),
                part_of(count, total),
                per_thousand(count, faults),
            )
        )
        for cause, count in sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    ]
    columns = (Column("cause", False), Column("retries"), Column("share"))
    return Table("Retries by cause", (*columns, Column("per 1000 faults")), tuple(rows))


def per_thousand(count: int, faults: int) -> Cell:
    if not faults:
        return Cell(figures.NOTHING, -1.0, exact="there were no faults", tone="quiet")
    value = 1000 * count / faults
    exact = f"{figures.count(count)} retries, {figures.count(faults)} faults"
    return Cell(figures.digits(value), value, exact=exact)


def places(record: Contention) -> Table:
    ordered = sorted(record.retries, key=lambda r: (-r.count, r.cause, r.func, r.line))
    rows = [
        Row(
            (
                label(row.cause),
                label(row.func or "not known by place", code=bool(row.func)),
                label(f"{row.file}:{row.line}" if row.file else "", tone="quiet", code=True),
                number(row.count, ordered[0].count, "plain"),
            ),
            sites=f"{row.func} {row.file}:{row.line}",
        )
        for row in ordered
        if row.count
    ]
    shown, total = cut(rows)
    columns = [Column(name, False) for name in ("cause", "function", "place")]
    return Table(
        "Retries by place", (*columns, Column("retries")), tuple(shown), total=total, sorted_by=3
    )


def yields(record: Contention) -> Table:
    """rwlock_needbreak and need_resched, as one question."""
    ordered = sorted(record.yields, key=lambda r: (-r.yielded, -r.asked, r.func, r.line))
    most = max(row.yielded for row in ordered)
    rows = [
        Row(
            (
                label(row.func, code=True),
                label(f"{row.file}:{row.line}", tone="quiet", code=True),
                number(row.asked),
                number(row.yielded, most, "plain"),
                part_of(row.yielded, row.asked),
            ),
            sites=f"{row.func} {row.file}:{row.line}",
        )
        for row in ordered
        if row.asked
    ]
    shown, total = cut(rows)
    columns = [Column("function", False), Column("place", False)]
    columns += [Column(name) for name in ("asked", "yielded", "share")]
    return Table("Yields", tuple(columns), tuple(shown), total=total, sorted_by=3)
