# SPDX-License-Identifier: GPL-2.0-only
"""What a page is made of.  Plain values: assets/parts.html makes HTML of them and escapes all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from markupsafe import Markup

from harness.contention.record import Times, percentile
from harness.report import figures

ROWS_MAX = 100  # of a table on a page; mmutorture locks prints all


@dataclass(frozen=True)
class Cell:
    text: str
    value: float | None = None  # what it is sorted by; None: its text
    exact: str = ""  # the tooltip
    bar: float | None = None  # of the cell's width, 0 to 1
    heat: float | None = None  # how dark it is, 0 to 1
    tone: str = ""  # a class of the stylesheet: read, write, bad, good, quiet
    chart: Markup | None = None
    code: bool = False
    href: str = ""


@dataclass(frozen=True)
class Column:
    name: str
    numeric: bool = True
    hint: str = ""
    unit: str = ""  # of all its cells, where they do not say it
    upright: bool = False  # a narrow column: its name stands upright


@dataclass(frozen=True)
class Row:
    cells: tuple[Cell, ...]
    lock: str = ""  # for the filters
    tasks: tuple[str, ...] = ()
    sites: str = ""  # any text that the site filter is to find
    tone: str = ""


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    total: int = 0  # rows that there are, where not all are shown
    sorted_by: int = -1  # column, descending
    matrix: bool = False
    lock: str = ""  # for the filters, where the whole table is about one


@dataclass(frozen=True)
class Chart:
    title: str
    svg: Markup
    legend: tuple[tuple[str, str], ...] = ()  # class of the stylesheet, text
    note: str = ""
    table: Table | None = None  # the same numbers
    lock: str = ""


@dataclass(frozen=True)
class Facts:
    """Names and values, in a line or as a list."""

    items: tuple[tuple[str, Cell], ...]
    tiles: bool = False


@dataclass(frozen=True)
class Text:
    text: str
    code: bool = False
    title: str = ""
    copy: bool = False  # offer to copy it
    folded: bool = False


T = TypeVar("T")
Part = Table | Chart | Facts | Text


@dataclass(frozen=True)
class Section:
    """`missing` says in half a sentence why there is nothing."""

    id: str
    title: str
    lead: str = ""
    parts: Sequence[Part] = ()
    missing: str = ""


def label(text: str, tone: str = "", code: bool = False) -> Cell:
    return Cell(text, tone=tone, code=code)


def number(value: float | None, longest: float = 0.0, tone: str = "") -> Cell:
    """A count, with a bar where `longest` says what a full one is."""
    if value is None:
        return Cell(figures.NOTHING, -1.0, exact="not measured", tone="quiet")
    bar = value / longest if longest else None
    return Cell(figures.count(value), value, bar=bar, tone=tone if value else "quiet")


def timed(names: Iterable[str], unit: str) -> tuple[Column, ...]:
    """Columns of times.  Steps have one unit, said above; nanoseconds have one in each cell."""
    return tuple(Column(name, unit="" if unit == "ns" else unit) for name in names)


def span(value: float | None, unit: str, longest: float = 0.0, tone: str = "") -> Cell:
    """A time."""
    if value is None:
        return Cell(figures.NOTHING, -1.0, exact="not measured", tone="quiet")
    bar = value / longest if longest else None
    exact = figures.exact(value, unit)
    shown = figures.time(value, unit) if unit == "ns" else figures.number(value)
    return Cell(shown, value, exact=exact, bar=bar, tone=tone if value else "quiet")


def quantile(times: Times, share: float, unit: str) -> Cell:
    """A percentile.  Steps are whole: what lies within a bucket of them is its lower end."""
    if not times.count:
        return span(None, unit)
    value = percentile(times, share)
    return span(value if unit == "ns" else float(int(value)), unit)


def part_of(part: float, whole: float, tone: str = "", bar: bool = False) -> Cell:
    """A share in per cent."""
    text = figures.share(part, whole)
    value = part / whole if whole else -1.0
    exact = f"{figures.exact(part)} of {figures.exact(whole)}" if whole else ""
    return Cell(text, value, exact=exact, bar=value if bar and whole else None, tone=tone)


def cut(items: Sequence[T], most: int = ROWS_MAX) -> tuple[Sequence[T], int]:
    """The first, and how many there were in all where some are left out."""
    return items[:most], len(items) if len(items) > most else 0
