# SPDX-License-Identifier: GPL-2.0-only
"""A distribution drawn over a logarithmic axis.

The height of a bar is the share of values per doubling, so its area is the share of values in it,
however wide it is.  A bar that has any value in it is at least one pixel high: it is for the tail
that one looks at such a distribution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.contention.record import Times, percentile
from harness.report import figures
from harness.report.drawing import Drawing, Log

PER_OCTAVE = 8  # bars of a doubling
PER_OCTAVE_FEW = 4  # where there are too few values to fill them, or is too little room
FEW = 4000
SHARES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9"))
WIDTH, HEIGHT = 544.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 14.0, 26.0, 22.0
LABEL_WIDTH = 30.0  # of the name of a percentile
SMALL_WIDTH, SMALL_HEIGHT = 190.0, 24.0


@dataclass(frozen=True)
class Bar:
    low: float
    high: float
    count: float
    density: float  # share of all values, per doubling


def edges(high: float, per_octave: int) -> list[float]:
    """0, 1, 2, ... one by one, then each doubling in equal parts: as buckets are made."""
    found, base = [0.0], 1.0
    while found[-1] < high or len(found) < 2:
        parts = min(per_octave, int(base))
        found += [base * (1 + part / parts) for part in range(parts)]
        base *= 2
    return found


def bars(times: Times, per_octave: int = 0) -> list[Bar]:
    """The buckets, merged; one that lies across an edge is split in proportion."""
    if not times.count:
        return []
    per_octave = per_octave or (PER_OCTAVE if times.count >= FEW else PER_OCTAVE_FEW)
    limits = edges(max(high for _, high, _ in times.buckets), per_octave)
    sums = [0.0] * (len(limits) - 1)
    at = 0
    for low, high, count in times.buckets:
        while limits[at + 1] <= low:
            at += 1
        inside = at
        while inside < len(sums) and limits[inside] < high:
            covered = min(high, limits[inside + 1]) - max(low, limits[inside])
            sums[inside] += count * covered / (high - low)
            inside += 1
    return [
        Bar(low, high, count, count / times.count / (math.log2(high / low) if low else 1.0))
        for low, high, count in zip(limits, limits[1:], sums, strict=False)
        if count
    ]


def axis_of(several: Sequence[Times], start: float, end: float) -> Log | None:
    """One axis for all of them."""
    measured = [times for times in several if times.count]
    if not measured:
        return None
    low = min(times.buckets[0][0] for times in measured)
    high = max(times.buckets[-1][1] for times in measured)
    return Log(max(low, 0.5), max(high, 2 * max(low, 0.5)), start, end)


def tip_of(bar: Bar, times: Times, unit: str) -> str:
    low, high = figures.time(bar.low, unit), figures.time(bar.high, unit)
    share = figures.share(bar.count, times.count)
    return f"{low} to {high}: {figures.count(bar.count)} ({share})"


def placed(
    axis: Log, bar: Bar, base: float, room: float, tallest: float, gap: float
) -> tuple[float, float, float, float]:
    """Where a bar is drawn: x, y, width, height."""
    x, height = axis(bar.low), max(1.0, room * bar.density / tallest)
    return x, base - height, axis(bar.high) - x - gap, height


def small(times: Times, axis: Log, unit: str, what: str, tone: str) -> Markup:
    """For a cell of a table: all rows of it share the axis."""
    drawing = Drawing(SMALL_WIDTH, SMALL_HEIGHT, f"{what}: {summary(times, unit)}", classes="spark")
    found = bars(times, PER_OCTAVE_FEW)
    tallest = max((bar.density for bar in found), default=0.0)
    base = SMALL_HEIGHT - 2
    drawing.line(0, base + 0.5, SMALL_WIDTH, base + 0.5, "axis")
    drawing.bars([placed(axis, bar, base, base - 2, tallest, 0.4) for bar in found], f"fill {tone}")
    middle = axis(percentile(times, 0.5))
    drawing.line(middle, 0, middle, base, "median")
    return drawing.svg()


def summary(times: Times, unit: str) -> str:
    if not times.count:
        return "none measured"
    listed = [f"{name} {figures.time(percentile(times, share), unit)}" for share, name in SHARES]
    return ", ".join([figures.count(times.count), *listed, f"max {figures.time(times.max, unit)}"])


def large(
    title: str, rows: Sequence[tuple[str, str, Times]], unit: str, shared: Log | None = None
) -> Markup:
    """One panel for each (tone, name, distribution), above the other, over one axis."""
    shown = [row for row in rows if row[2].count]
    panel = HEIGHT if len(shown) == 1 else HEIGHT * 0.72
    height = panel * len(shown) + BOTTOM
    label = "; ".join(f"{name}: {summary(times, unit)}" for _, name, times in shown)
    drawing = Drawing(WIDTH, height, f"{title}. {label}")
    axis = shared or axis_of([times for _, _, times in shown], LEFT, WIDTH - RIGHT)
    assert axis is not None
    for tick in axis.ticks(8):
        x = axis(tick)
        drawing.line(x, TOP, x, height - BOTTOM, "grid")
        drawing.text(x, height - 7, figures.tick(tick, unit), "tick", "middle")
    for number, (tone, name, times) in enumerate(shown):
        draw_panel(drawing, axis, times, unit, tone, name, number * panel, panel)
    return drawing.svg()


def draw_panel(
    drawing: Drawing,
    axis: Log,
    times: Times,
    unit: str,
    tone: str,
    name: str,
    y: float,
    high: float,
) -> None:
    base, top = y + high, y + TOP
    found = bars(times)
    tallest = max(bar.density for bar in found)
    highest = max(found, key=lambda bar: bar.density)
    share = figures.share(highest.count, times.count)
    drawing.text(LEFT - 5, top + 3.5, share, "tick", "end")
    drawing.bars(
        [placed(axis, bar, base, base - top, tallest, 0.5) for bar in found], f"fill {tone}"
    )
    draw_percentiles(drawing, axis, times, y + 11, base)
    drawing.line(LEFT, base, WIDTH - RIGHT, base, "axis")
    drawing.text(0, y + 11, name, f"panel {tone}")
    for bar in found:
        x = axis(bar.low)
        tip = f"{name}: {tip_of(bar, times, unit)}"
        drawing.mark(x, top, max(axis(bar.high) - x, 1.0), base - top, tip)


def draw_percentiles(drawing: Drawing, axis: Log, times: Times, y: float, base: float) -> None:
    """A line each; a name only where it has room, and the rest are in the table."""
    last = 60.0
    for share, name in (*SHARES, (1.0, "max")):
        x = axis(times.max if share == 1.0 else percentile(times, share))
        drawing.line(x, y + 4, x, base, "percentile")
        if x - last > LABEL_WIDTH:
            drawing.text(x, y, name, "tick", "middle" if x < WIDTH - 20 else "end")
            last = x
