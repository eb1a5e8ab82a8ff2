# SPDX-License-Identifier: GPL-2.0-only
"""Readers and writers: their mix, how many readers are in at once, and how long queues are."""

from collections.abc import Sequence

from harness.contention.record import Contention, Lock, Spread
from harness.report import figures
from harness.report.drawing import Drawing
from harness.report.parts import (
    Cell,
    Chart,
    Column,
    Part,
    Row,
    Section,
    Table,
    number,
    part_of,
    span,
    timed,
)

WIDTH, ROW_HEIGHT, LEFT = 520.0, 22.0, 110.0
SPREAD_MAX = 32  # rows


def section(record: Contention) -> Section:
    parts: list[Part] = []
    pairs = [pair for lock in rwlocks(record.locks) if (pair := pair_of(record.locks, lock))]
    parts += [mix(read, write, record.unit) for read, write in pairs]
    parts += [spread(s, f"Readers in {s.lock} at once", record.unit, 1) for s in record.readers]
    parts += [
        spread(s, f"Others in the queue of {s.lock}", record.unit, 0)
        for s in record.queue
        if any(s.counts)
    ]
    title = "Readers, writers, queues"
    if not parts:
        return Section("readers", title, missing="no lock with readers was taken")
    return Section("readers", title, "", parts)


def rwlocks(locks: Sequence[Lock]) -> list[str]:
    return list(dict.fromkeys(row.lock for row in locks if row.type.startswith("rwlock")))


def pair_of(locks: Sequence[Lock], name: str) -> tuple[Lock, Lock] | None:
    rows = {row.mode: row for row in locks if row.lock == name}
    if len(rows) < 2 or not any(row.acquisitions for row in rows.values()):
        return None
    return rows["read"], rows["write"]


def mix(read: Lock, write: Lock, unit: str) -> Chart:
    """What share of each quantity is the readers', in one bar each."""
    quantities = (
        ("acquisitions", read.acquisitions, write.acquisitions, None),
        ("contentions", read.contentions, write.contentions, None),
        ("waited", read.wait.total, write.wait.total, unit),
        ("held", read.hold.total, write.hold.total, unit),
    )
    title = f"Reader/writer mix of {read.lock}"
    drawing = Drawing(WIDTH, ROW_HEIGHT * len(quantities) + 4, title)
    rows = []
    for at, (name, of_read, of_write, of_unit) in enumerate(quantities):
        y, whole = at * ROW_HEIGHT + 2, of_read + of_write
        drawing.text(0, y + 14, name, "panel")
        if whole:
            width = (WIDTH - LEFT) * of_read / whole
            drawing.box(LEFT, y, width, ROW_HEIGHT - 5, "fill read")
            drawing.box(LEFT + width, y, WIDTH - LEFT - width, ROW_HEIGHT - 5, "fill write")
        shown = [
            figures.time(value, of_unit) if of_unit else figures.count(value)
            for value in (of_read, of_write)
        ]
        tip = (
            f"{name}: read {shown[0]} ({figures.share(of_read, whole)}),"
            f" write {shown[1]} ({figures.share(of_write, whole)})"
        )
        drawing.mark(LEFT, y, WIDTH - LEFT, ROW_HEIGHT - 5, tip)
        cells = (Cell(name), Cell(shown[0]), Cell(shown[1]), part_of(of_read, whole))
        rows.append(Row(cells, lock=read.lock))
    columns = (Column("", False), Column("read"), Column("write"), Column("read share"))
    table = Table("Numbers", columns, tuple(rows))
    legend = (("read", "read"), ("write", "write"))
    return Chart(title, drawing.svg(), legend, table=table, lock=read.lock)


def spread(seen: Spread, title: str, unit: str, first: int) -> Table:
    """Ordered by the number itself; the last rows are summed where there are too many."""
    counts, weights = list(seen.counts), [weight or 0.0 for weight in seen.weights]
    names = [str(number_) for number_ in range(len(counts))]
    if len(counts) > SPREAD_MAX:
        names[SPREAD_MAX - 1 :] = [f"{SPREAD_MAX - 1} or more"]
        counts[SPREAD_MAX - 1 :] = [sum(counts[SPREAD_MAX - 1 :])]
        weights[SPREAD_MAX - 1 :] = [sum(weights[SPREAD_MAX - 1 :])] if weights else []
    rows = []
    for at in range(0 if any(counts[:first]) or any(weights[:first]) else first, len(counts)):
        cells = [
            Cell(names[at], float(at)),
            number(counts[at], max(counts)),
            part_of(counts[at], sum(counts)),
        ]
        if weights:
            cells += [span(weights[at], unit, max(weights)), part_of(weights[at], sum(weights))]
        rows.append(Row(tuple(cells), lock=seen.lock))
    columns = [Column("how many"), Column("times seen"), Column("share")]
    if weights:
        length = "for how long" if unit == "steps" else "for about how long"
        columns += [*timed((length,), unit), Column("share of time")]
    return Table(title, tuple(columns), tuple(rows), lock=seen.lock)
