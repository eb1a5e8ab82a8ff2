# SPDX-License-Identifier: GPL-2.0-only
"""Waits and holds of each lock: how they are distributed, not only their mean."""

from collections import Counter
from collections.abc import Sequence

from harness.contention.record import Contention, Lock, Times
from harness.report import figures, histogram
from harness.report.drawing import Log
from harness.report.parts import (
    Cell,
    Chart,
    Column,
    Part,
    Row,
    Section,
    Table,
    number,
    quantile,
    span,
    timed,
)
from harness.report.sites import tone_of

WAITS_MIN = 10
CHARTS_MAX = 2  # locks that get large charts: those most waited for


def name_of(lock: Lock) -> str:
    """As lock_stat names a row."""
    if lock.type == "rwlock:R":
        return f"{lock.lock}-R"
    return f"{lock.lock}-W" if lock.type == "rwlock:W" else lock.lock


def by_wait(locks: Sequence[Lock]) -> list[Lock]:
    """Of those that were taken at all."""
    taken = [lock for lock in locks if lock.acquisitions or lock.contentions]
    return sorted(taken, key=lambda lock: (-lock.wait.total, -lock.contentions, -lock.acquisitions))


def section(record: Contention) -> Section:
    rows = by_wait(record.locks)
    if not rows:
        return Section("distributions", "Wait and hold times", missing="no lock was taken")
    parts: list[Part] = []
    for lock in charted(rows):
        of_lock = [row for row in rows if row.lock == lock]
        parts += charts(lock, of_lock, record.unit)
    waits = [(row, row.wait, row.contentions) for row in rows]
    holds = [(row, row.hold, row.acquisitions) for row in rows]
    parts += [table("Waits", waits, record.unit), table("Holds", holds, record.unit)]
    return Section(
        "distributions",
        "Wait and hold times",
        "Areas are shares, and that of the tallest bar is beside it; lines are percentiles.",
        parts,
    )


def charted(rows: Sequence[Lock]) -> list[str]:
    """The locks to draw large: a few waits are told by their row as well."""
    waits: Counter[str] = Counter()
    for row in rows:
        waits[row.lock] += row.wait.count
    return [lock for lock in waits if waits[lock] >= WAITS_MIN][:CHARTS_MAX]


def charts(lock: str, rows: Sequence[Lock], unit: str) -> list[Part]:
    """Waits, and beside them holds."""
    made: list[Part] = []
    kinds = (("waits for", [row.wait for row in rows]), ("holds of", [row.hold for row in rows]))
    for what, several in kinds:
        drawn = [
            (tone_of(row.mode, row.type), row.mode if row.type.startswith("rwlock") else "", times)
            for row, times in zip(rows, several, strict=True)
            if times.count
        ]
        drawn.sort()
        if drawn:
            title = f"{what} {lock}".capitalize()
            made.append(Chart(title, histogram.large(title, drawn, unit), lock=lock))
    return made


def table(title: str, rows: Sequence[tuple[Lock, Times, int]], unit: str) -> Table:
    """Of (lock, its times, how many there were, which may be more than were measured)."""
    axis = histogram.axis_of([times for _, times, _ in rows], 0, histogram.SMALL_WIDTH)
    percentiles = tuple(name for _, name in histogram.SHARES)
    kept = (Column("lock", False), Column("measured"), Column("distribution", False))
    columns = (*kept, *timed(("min", *percentiles, "max", "mean", "total"), unit))
    longest = max(times.total for _, times, _ in rows)
    made = []
    for lock, times, population in rows:
        drawn = None
        if axis is not None and times.count:
            what = f"{title.lower()} of {name_of(lock)}"
            drawn = histogram.small(times, axis, unit, what, tone_of(lock.mode, lock.type))
        cells = (
            Cell(name_of(lock), tone=tone_of(lock.mode, lock.type)),
            number(times.count),
            Cell("", chart=drawn),
            *time_cells(times, population, unit, longest),
        )
        made.append(Row(cells, lock=lock.lock))
    return Table(
        title, columns, tuple(made), note=axis_note(axis, unit), sorted_by=len(columns) - 1
    )


def axis_note(axis: Log | None, unit: str) -> str:
    if axis is None:
        return "None was measured."
    low, high = figures.time(axis.low, unit), figures.time(axis.high, unit)
    return f"The distributions share one logarithmic axis, {low} to {high}; the line is the median."


def time_cells(times: Times, population: int, unit: str, longest: float) -> list[Cell]:
    """min, percentiles, max, mean, total."""
    if not times.count:
        return [span(None, unit)] * (4 + len(histogram.SHARES))
    cells = [span(times.min, unit)]
    cells += [quantile(times, share, unit) for share, _ in histogram.SHARES]
    mean = times.total / max(population, 1)  # the total stands for all
    return [*cells, span(times.max, unit), span(mean, unit), span(times.total, unit, longest)]
