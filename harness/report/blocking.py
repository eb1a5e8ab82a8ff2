# SPDX-License-Identifier: GPL-2.0-only
"""Who blocks whom: for each lock a matrix of tasks and one of call sites; then the pairs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from harness.contention.record import Blocking, Contention
from harness.report import figures
from harness.report.parts import (
    Cell,
    Column,
    Part,
    Row,
    Section,
    Table,
    cut,
    label,
    number,
    span,
    timed,
)
from harness.report.sites import TREE

LOCKS_MAX = 3  # that get matrices: those most waited for
SIDE_MAX = 12  # rows or columns of a matrix; the rest is one
OTHERS = "others"
UNKNOWN = "not known"

Sums = dict[tuple[str, str], tuple[float, int]]  # (waiter, holder): total, count
Name = Callable[[Blocking], str]


def task_name(record: Contention, id_: int | None) -> str:
    if id_ is None:
        return UNKNOWN
    return next((task.name for task in record.tasks if task.id == id_), f"task {id_}")


def site_name(record: Contention, index: int | None) -> str:
    if index is None or index >= len(record.sites):
        return UNKNOWN
    site = record.sites[index]
    return f"{site.func} {site.file.removeprefix(TREE)}:{site.line}"


def section(record: Contention) -> Section:
    title = "Who blocks whom"
    rows = record.blocking
    if not rows:
        why = "nobody waited" if not any(row.contentions for row in record.locks) else ""
        return Section("blocking", title, missing=why or "not measured in this record")
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        totals[row.lock] += row.total
    parts: list[Part] = []
    for lock in sorted(totals, key=lambda name: (-totals[name], name))[:LOCKS_MAX]:
        of_lock = [row for row in rows if row.lock == lock]
        parts += matrices(record, lock, of_lock)
    parts.append(pairs(record))
    lead = "A row waits for a column. A cell is how long, in all; its colour by the square root."
    return Section("blocking", title, lead, parts)


def matrices(record: Contention, lock: str, rows: Sequence[Blocking]) -> list[Part]:
    def waiter(row: Blocking) -> str:
        return task_name(record, row.waiter)

    def holder(row: Blocking) -> str:
        return task_name(record, row.holder)

    def waiter_site(row: Blocking) -> str:
        return site_name(record, row.waiter_site)

    def holder_site(row: Blocking) -> str:
        return site_name(record, row.holder_site)

    return [
        matrix(f"{lock}: tasks", sums(rows, waiter, holder), record.unit, lock, tasks=True),
        matrix(f"{lock}: call sites", sums(rows, waiter_site, holder_site), record.unit, lock),
    ]


def sums(rows: Iterable[Blocking], waiter: Name, holder: Name) -> Sums:
    found: Sums = defaultdict(lambda: (0.0, 0))
    for row in rows:
        key = (waiter(row), holder(row))
        total, count = found[key]
        found[key] = (total + row.total, count + row.count)
    return found


def busiest(sums_: Sums, side: int) -> list[str]:
    """The names of a side, the most involved first; at most SIDE_MAX."""
    totals: dict[str, float] = defaultdict(float)
    for key, (total, _) in sums_.items():
        totals[key[side]] += total
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    return ranked if len(ranked) <= SIDE_MAX else [*ranked[: SIDE_MAX - 1], OTHERS]


def matrix(title: str, sums_: Sums, unit: str, lock: str, tasks: bool = False) -> Table:
    waiters, holders = busiest(sums_, 0), busiest(sums_, 1)
    known = (set(waiters), set(holders))
    merged: Sums = defaultdict(lambda: (0.0, 0))
    for (waiter, holder), (total, count) in sums_.items():
        key = (waiter if waiter in known[0] else OTHERS, holder if holder in known[1] else OTHERS)
        merged[key] = (merged[key][0] + total, merged[key][1] + count)
    longest = max(total for total, _ in merged.values())
    rows = []
    for waiter in waiters:
        cells = [label(waiter, code=not tasks)]
        cells += [cell(merged.get((waiter, holder)), unit, longest) for holder in holders]
        whole = sum(merged[(waiter, holder)][0] for holder in holders if (waiter, holder) in merged)
        cells.append(span(whole, unit))
        rows.append(Row(tuple(cells), lock, (waiter,) if tasks else (), "" if tasks else waiter))
    columns = (
        Column("waits ↓  for →", False),
        *(Column(holder if tasks else broken(holder), upright=not tasks) for holder in holders),
        *timed(("all",), unit),
    )
    return Table(title, columns, tuple(rows), matrix=True, lock=lock)


def broken(name: str) -> str:
    """A name that may be broken where its words end."""
    return name.replace("_", "_\u200b").replace("/", "/\u200b")


def cell(found: tuple[float, int] | None, unit: str, longest: float) -> Cell:
    if found is None:
        return Cell("", 0.0)
    total, count = found
    heat = (total / longest) ** 0.5 if longest else 0.0
    exact = f"{figures.plural(count, 'wait')}, {figures.exact(total, unit)}"
    return Cell(figures.brief(total, unit), total, exact=exact, heat=heat)


def pairs(record: Contention) -> Table:
    """Every pair as it was measured, the longest first."""
    unit = record.unit
    order = sorted(
        record.blocking, key=lambda r: (-r.total, r.lock, r.waiter, r.holder or 0, r.waiter_site)
    )
    longest = order[0].total
    rows = []
    for row in order:
        waiter, holder = task_name(record, row.waiter), task_name(record, row.holder)
        waits, holds = site_name(record, row.waiter_site), site_name(record, row.holder_site)
        cells = (
            label(row.lock),
            label(waiter),
            label(waits, code=True),
            label(holder),
            label(holds, code=True, tone="quiet" if holds == UNKNOWN else ""),
            number(row.count),
            span(row.total, unit, longest),
            span(row.total / row.count if row.count else None, unit),
        )
        rows.append(Row(cells, row.lock, (waiter, holder), f"{waits} {holds}"))
    texts = ("lock", "waiter", "waits in", "holder", "holds by")
    columns = [Column(name, False) for name in texts]
    columns += [Column("waits"), *timed(("in all", "mean"), unit)]
    shown, total = cut(rows)
    return Table("Pairs", tuple(columns), shown, total=total, sorted_by=6)
