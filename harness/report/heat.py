# SPDX-License-Identifier: GPL-2.0-only
"""Heat over guest frame numbers: where faults, retries and zaps are."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from harness.contention.record import Contention, Heat
from harness.report import figures
from harness.report.drawing import Drawing, even, stretch
from harness.report.parts import Cell, Chart, Column, Row, Section, Table, cut, number

RANGES_MAX = 256
WIDTH, LEFT, STRIP, GAP, BOTTOM = 1120.0, 74.0, 26.0, 6.0, 20.0
LEVELS = 12  # of darkness: a colour that nobody can tell from its neighbour says nothing


def level(value: float, most: float) -> int:
    """By the square root; what is not 0 is seen."""
    return max(1, round(LEVELS * (value / most) ** 0.5)) if value else 0


def round_hex(least: float) -> int:
    """The next power of two: gfns are read in hexadecimal."""
    return 1 << max(0, math.ceil(math.log2(max(least, 1))))


def section(record: Contention) -> Section:
    title, heat = "Heat over gfn", record.heat
    if heat is None or not heat.faults:
        return Section("heat", title, missing="not measured in this record")
    rows = [
        (name, even(values, RANGES_MAX))
        for name, values in (
            ("faults", heat.faults),
            ("retries", heat.retries),
            ("zaps", heat.zaps),
        )
    ]
    width = heat.gfns * stretch(len(heat.faults), RANGES_MAX)
    chart = Chart(
        f"{figures.plural(len(rows[0][1]), 'range')} of {figures.plural(width, 'gfn')}",
        draw(heat, rows, width),
        note="Each strip has its own scale, by the square root; its largest value is on the right.",
        table=table(heat, rows, width),
    )
    return Section("heat", title, "", [chart])


def draw(heat: Heat, rows: Sequence[tuple[str, list[float]]], width: int) -> Markup:
    right = 56.0
    height = len(rows) * (STRIP + GAP) + BOTTOM
    sums = ", ".join(f"{name} {figures.count(sum(values))}" for name, values in rows)
    drawing = Drawing(WIDTH, height, f"Heat over guest frame numbers: {sums}")
    ranges = len(rows[0][1])
    cell = (WIDTH - LEFT - right) / ranges
    for number_, (name, values) in enumerate(rows):
        y, most = number_ * (STRIP + GAP), max(values)
        drawing.text(0, y + 17, name, "panel")
        drawing.text(WIDTH - right + 6, y + 17, figures.count(most), "tick")
        drawing.box(LEFT, y, cell * ranges, STRIP, "empty")
        for at, value in enumerate(values):
            if value:
                drawing.box(LEFT + at * cell, y, cell, STRIP, f"heat h{level(value, most)}")
    base = height - BOTTOM
    for at_range, gfn in ticks(heat, ranges, width):
        x = LEFT + at_range * cell
        drawing.text(x, base + 14, f"{gfn:#x}", "tick", "start")
        drawing.line(x, base - GAP, x, base, "axis")
    for at in range(ranges):
        tip = "\n".join((gfns(heat, at, width), *(f"{n} {figures.count(v[at])}" for n, v in rows)))
        drawing.mark(LEFT + at * cell, 0, cell, base, tip)
    return drawing.svg()


def ticks(heat: Heat, ranges: int, width: int) -> list[tuple[float, int]]:
    """Where, in ranges, and which gfn: round ones; of slots that lie apart the first of each."""
    if apart(heat):
        starts = heat.starts
        follows = [n > 0 and starts[n] == starts[n - 1] + heat.gfns for n in range(len(starts))]
        return [(float(n), starts[n]) for n in range(len(starts)) if not follows[n]]
    step = round_hex(ranges * width / 10)
    return [(at / width, heat.first_gfn + at) for at in range(0, ranges * width, step)]


def apart(heat: Heat) -> bool:
    """Do the ranges not simply follow one another?"""
    starts = heat.starts
    return any(start != starts[0] + n * heat.gfns for n, start in enumerate(starts))


def gfns(heat: Heat, at: int, width: int) -> str:
    first = heat.starts[at] if apart(heat) else heat.first_gfn + at * width
    return f"gfn {first:#x}" if width == 1 else f"gfn {first:#x} to {first + width - 1:#x}"


def table(heat: Heat, rows: Sequence[tuple[str, list[float]]], width: int) -> Table:
    made = []
    for at in range(len(rows[0][1])):
        if any(values[at] for _, values in rows):
            name = Cell(gfns(heat, at, width), float(at))
            made.append(Row((name, *(number(values[at], max(values)) for _, values in rows))))
    made.sort(key=lambda row: -(row.cells[1].value or 0.0))
    columns = (Column("range", False), *(Column(name) for name, _ in rows))
    shown, total = cut(made)
    return Table("Numbers", columns, tuple(shown), total=total, sorted_by=1)
