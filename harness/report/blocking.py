# SPDX-License-Identifier: GPL-2.0-only
"""Who blocks whom: for each lock a matrix of tasks and one of call sites; then the pairs."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

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


class Names:
    """Of tasks and call sites, by what a row of a record has of them."""

    def __init__(self, record: Contention) -> None:
        self.tasks: dict[int | None, str] = {task.id: task.name for task in record.tasks}
        self.sites = [
            f"{site.func} {site.file.removeprefix(TREE)}:{site.line}" for site in record.sites
        ]

    def task(self, id_: int | None) -> str:
        return UNKNOWN if id_ is None else self.tasks.get(id_, f"task {id_}")

    def site(self, index: int | None) -> str:
        return UNKNOWN if index is None or index >= len(self.sites) else self.sites[index]


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
    names = Names(record)
    tasks = sums((names.task(row.waiter), names.task(row.holder), row) for row in rows)
    sites = sums((names.site(row.waiter_site), names.site(row.holder_site), row) for row in rows)
    return [
        matrix(f"{lock}: tasks", tasks, record.unit, lock, tasks=True),
        matrix(f"{lock}: call sites", sites, record.unit, lock),
    ]


def sums(rows: Iterable[tuple[str, str, Blocking]]) -> Sums:
    found: Sums = defaultdict(lambda: (0.0, 0))
    for waiter, holder, row in rows:
        total, count = found[waiter, holder]
        found[waiter, holder] = (total + row.total, count + row.count)
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
    first, every = cut(order)
    names, longest = Names(record), order[0].total
    rows = []
    for row in first:
        waiter, holder = names.task(row.waiter), names.task(row.holder)
        waits, holds = names.site(row.waiter_site), names.site(row.holder_site)
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
    return Table("Pairs", tuple(columns), tuple(rows), total=every, sorted_by=6)
