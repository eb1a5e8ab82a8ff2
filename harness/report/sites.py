# SPDX-License-Identifier: GPL-2.0-only
"""Each call site that takes a lock: how long it waited there, and how long others waited for it.

Two views of one table, each with bars.  Who is waited for comes first, because that is where a lock
is held too long; who waits is the consequence.
"""

from collections.abc import Callable, Sequence

from harness.contention.record import Contention, Site
from harness.report.parts import (
    Cell,
    Column,
    Row,
    Section,
    Table,
    cut,
    label,
    number,
    part_of,
    quantile,
    span,
    timed,
)

TREE = "native/"  # in which all is


def place(site: Site) -> str:
    return f"{site.file}:{site.line}"


def tone_of(mode: str, type_: str) -> str:
    """Blue and vermillion are for the two modes of a lock that has two."""
    return mode if type_.startswith("rwlock") else "plain"


def mode_cell(lock: str, mode: str, type_: str) -> Cell:
    suffix = f"-{'R' if mode == 'read' else 'W'}" if type_.startswith("rwlock") else ""
    return label(f"{lock}{suffix}", tone=tone_of(mode, type_))


def section(record: Contention) -> Section:
    title = "Call sites"
    if not record.sites:
        return Section("sites", title, missing="no call site took a lock")
    return Section(
        "sites",
        title,
        "Totals are sums over all who waited at once, and may exceed the run's length.",
        [waited_for(record), waiting(record)],
    )


def ranked(sites: Sequence[Site], key: Callable[[Site], tuple[float, ...]]) -> list[Site]:
    return sorted(sites, key=lambda site: (*(-value for value in key(site)), site.func, site.line))


def row_of(site: Site, cells: tuple[Cell, ...]) -> Row:
    where = Cell(place(site).removeprefix(TREE), exact=place(site), tone="quiet", code=True)
    names = (label(site.func, code=True), where)
    lock = mode_cell(site.lock, site.mode, site.type)
    return Row((*names, lock, *cells), lock=site.lock, sites=f"{site.func} {place(site)}")


NAMES = (Column("function", False), Column("place", False), Column("lock", False))


def waited_for(record: Contention) -> Table:
    """Ordered by how long others waited for a lock taken there."""
    unit = record.unit
    order = ranked(record.sites, lambda s: (s.blocked_total, s.blocked, s.wait.total))
    longest = max(site.blocked_total for site in order)
    total = sum(site.blocked_total for site in order)
    first, every = cut(order)
    rows = [
        row_of(
            site,
            (
                number(site.blocked),
                span(site.blocked_total, unit, longest, tone_of(site.mode, site.type)),
                part_of(site.blocked_total, total),
                span(site.blocked_total / site.blocked if site.blocked else None, unit),
                number(site.acquisitions),
                quantile(site.hold, 0.5, unit),
                quantile(site.hold, 0.99, unit),
                span(site.hold.max if site.hold.count else None, unit),
                span(site.hold.total if site.hold.count else None, unit),
            ),
        )
        for site in first
    ]
    columns = (*NAMES, Column("made wait"), *timed(("in all",), unit), Column("share"))
    columns += (*timed(("mean",), unit), Column("acquired"))
    columns += timed((f"held {name}" for name in ("p50", "p99", "max", "in all")), unit)
    return Table("Who is waited for", columns, tuple(rows), total=every, sorted_by=len(NAMES) + 1)


def waiting(record: Contention) -> Table:
    """Ordered by how long those who took the lock there waited for it."""
    unit = record.unit
    order = ranked(record.sites, lambda s: (s.wait.total, s.contentions, s.acquisitions))
    longest = max(site.wait.total for site in order)
    total = sum(site.wait.total for site in order)
    first, every = cut(order)
    rows = [
        row_of(
            site,
            (
                number(site.contentions),
                span(site.wait.total, unit, longest, tone_of(site.mode, site.type)),
                part_of(site.wait.total, total),
                span(site.wait.total / site.contentions if site.contentions else None, unit),
                quantile(site.wait, 0.5, unit),
                quantile(site.wait, 0.99, unit),
                span(site.wait.max if site.wait.count else None, unit),
                number(site.acquisitions),
                part_of(site.contentions, site.acquisitions),
            ),
        )
        for site in first
    ]
    columns = (*NAMES, Column("waited"), *timed(("in all",), unit), Column("share"))
    columns += timed(("mean", "p50", "p99", "max"), unit)
    columns += (Column("acquired"), Column("contended"))
    return Table("Who waits", columns, tuple(rows), total=every, sorted_by=len(NAMES) + 1)
