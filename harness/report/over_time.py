# SPDX-License-Identifier: GPL-2.0-only
"""Contention over time: panels above each other that share one axis of time."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from harness.contention.record import Contention, LockSeries, Series
from harness.report import figures
from harness.report.drawing import Drawing, Linear, even, nice_ticks, stretch
from harness.report.parts import Chart, Column, Row, Section, Table, number, span, timed

POINTS_MAX = 240
LOCKS_MAX = 5  # drawn apart; the others are one
PLAIN_LOCKS = ("s3", "s4", "s5", "s1", "s6")
OTHERS = "plain"
WIDTH = 1120.0
LEFT, RIGHT, BOTTOM = 74.0, 8.0, 22.0
FIRST_HEIGHT, PANEL_HEIGHT, GAP, TOP = 130.0, 42.0, 26.0, 6.0


@dataclass(frozen=True)
class Line:
    """One quantity, reduced to at most POINTS_MAX."""

    name: str
    tone: str
    values: list[float]


def row_name(row: LockSeries, rwlocks: frozenset[str]) -> str:
    return f"{row.lock}-{'R' if row.mode == 'read' else 'W'}" if row.lock in rwlocks else row.lock


def lock_lines(series: Series, rwlocks: frozenset[str], what: str) -> list[Line]:
    """`what` of the locks with most of it, and of the rest together."""
    ranked = sorted(series.locks, key=lambda row: -sum(getattr(row, what)))
    ranked = [row for row in ranked if any(getattr(row, what))]
    lines = [
        Line(row_name(row, rwlocks), tone, even(getattr(row, what), POINTS_MAX))
        for row, tone in zip(ranked, tones(ranked[:LOCKS_MAX], rwlocks), strict=False)
    ]
    if rest := ranked[LOCKS_MAX:]:
        sums = [sum(values) for values in zip(*(getattr(row, what) for row in rest), strict=True)]
        lines.append(Line(f"{len(rest)} others", OTHERS, even(sums, POINTS_MAX)))
    return lines


def tones(rows: Sequence[LockSeries], rwlocks: frozenset[str]) -> list[str]:
    """Of a lock with readers the colours of its modes, as everywhere; of others what is left."""
    left = iter(PLAIN_LOCKS)
    return [row.mode if row.lock in rwlocks else next(left) for row in rows]


def section(record: Contention) -> Section:
    title = "Contention over time"
    series = record.series
    if series is None or not series.faults:
        return Section("over-time", title, missing="no time series in this record")
    rwlocks = frozenset(row.lock for row in record.locks if row.type.startswith("rwlock"))
    tick = series.tick * stretch(len(series.faults), POINTS_MAX)
    waits = lock_lines(series, rwlocks, "wait")
    plain = plain_lines(series)
    free = record.unit == "ns"
    note = f"Each step of the curves is {figures.time(tick, record.unit)}"
    if record.executions > 1:
        note += f", summed over {figures.count(record.executions)} executions"
        note += ", each of which begins at 0"
    if free:
        note += ". A task that waits all that time counts as 1"
    chart = Chart(
        "Tasks that wait, by lock" if free else "Waited, by lock",
        draw(waits, plain, tick, record.unit),
        tuple((line.tone, line.name) for line in waits),
        note=f"{note}.",
        table=table(waits, plain, tick, record.unit),
    )
    return Section("over-time", title, "", [chart])


def plain_lines(series: Series) -> list[Line]:
    """The quantities of no lock; one that never happened needs no panel."""
    sums = {
        "contended": [sum(values) for values in zip(*contended(series), strict=True)],
        "faults": series.faults,
        "operations": series.operations,
        "retries": series.retries,
        "flushes": series.flushes,
    }
    lines = [Line(name, "plain", even(values, POINTS_MAX)) for name, values in sums.items()]
    stride = stretch(len(series.callbacks), POINTS_MAX)
    peaks = [
        float(max(series.callbacks[at : at + stride]))
        for at in range(0, len(series.callbacks), stride)
    ]
    lines.append(Line("callbacks pending", "plain", peaks))
    return [line for line in lines if any(line.values)]


def contended(series: Series) -> list[Sequence[int]]:
    return [row.contentions for row in series.locks] or [[0] * len(series.faults)]


def draw(waits: Sequence[Line], plain: Sequence[Line], tick: float, unit: str) -> Markup:
    points = max((len(line.values) for line in (*waits, *plain)), default=1)
    panels = len(plain) * (PANEL_HEIGHT + GAP)
    height = TOP + FIRST_HEIGHT + panels + BOTTOM
    total = figures.time(sum(sum(line.values) for line in waits), unit)
    drawing = Drawing(
        WIDTH, height, f"Waits over time, {total} in all, and {len(plain)} more curves"
    )
    across = Linear(0, points, LEFT, WIDTH - RIGHT)
    draw_time_axis(drawing, across, tick, unit, height)
    draw_stack(drawing, across, waits, tick, unit)
    y = TOP + FIRST_HEIGHT + GAP
    for line in plain:
        draw_panel(drawing, across, line, y)
        y += PANEL_HEIGHT + GAP
    for at in range(points):
        x = across(at)
        drawing.mark(
            x, TOP, across(at + 1) - x, height - TOP - BOTTOM, tip(waits, plain, at, tick, unit)
        )
    return drawing.svg()


def draw_time_axis(drawing: Drawing, across: Linear, tick: float, unit: str, height: float) -> None:
    base = height - BOTTOM
    for time in nice_ticks(across.high * tick, 10):
        x = across(time / tick)
        drawing.line(x, TOP, x, base, "grid")
        anchor = "start" if not time else "middle" if x < WIDTH - 30 else "end"
        drawing.text(x, height - 7, figures.tick(time, unit), "tick", anchor)


def draw_stack(
    drawing: Drawing, across: Linear, lines: Sequence[Line], tick: float, unit: str
) -> None:
    """The locks on top of each other: their sum is how much was waited at all."""
    base = TOP + FIRST_HEIGHT
    sums = [sum(values) for values in zip(*(line.values for line in lines), strict=True)]
    highest = max(sums, default=0.0)
    down = Linear(0, highest or 1.0, base, TOP)
    scale = tick if unit == "ns" else 1.0  # so long is one task
    for value in nice_ticks(highest / scale, 4):
        text = figures.digits(value) if unit == "ns" else figures.tick(value, unit)
        y = down(value * scale)
        drawing.line(LEFT, y, WIDTH - RIGHT, y, "grid")
        drawing.text(LEFT - 5, y + 3.5, text, "tick", "end")
    below = [0.0] * len(sums)
    for line in lines:
        above = [a + b for a, b in zip(below, line.values, strict=True)]
        upper = stairs(across, down, above)
        drawing.path([*upper, *reversed(stairs(across, down, below))], f"fill {line.tone}", True)
        below = above
    drawing.line(LEFT, base, WIDTH - RIGHT, base, "axis")


def draw_panel(drawing: Drawing, across: Linear, line: Line, y: float) -> None:
    base, highest = y + PANEL_HEIGHT, max(line.values)
    down = Linear(0, highest, base, y)
    drawing.text(0, y - 9, line.name, "panel")
    drawing.text(LEFT - 5, y + 3.5, figures.digits(highest), "tick", "end")
    drawing.line(LEFT, y, WIDTH - RIGHT, y, "grid")
    zero = [(across(0), base), (across(len(line.values)), base)]
    drawing.path([zero[0], *stairs(across, down, line.values), zero[1]], f"fill {line.tone}", True)
    drawing.line(LEFT, base, WIDTH - RIGHT, base, "axis")


def stairs(across: Linear, down: Linear, values: Sequence[float]) -> list[tuple[float, float]]:
    """A value holds for its whole tick."""
    points: list[tuple[float, float]] = []
    for at, value in enumerate(values):
        points += [(across(at), down(value)), (across(at + 1), down(value))]
    return points


def tip(waits: Sequence[Line], plain: Sequence[Line], at: int, tick: float, unit: str) -> str:
    parts = [f"from {figures.time(at * tick, unit)}"]
    parts += [
        f"{line.name} waited {figures.time(line.values[at], unit)}"
        for line in waits
        if line.values[at]
    ]
    parts += [f"{line.name} {figures.count(line.values[at])}" for line in plain]
    return "\n".join(parts)


def table(waits: Sequence[Line], plain: Sequence[Line], tick: float, unit: str) -> Table:
    columns = timed(("from", *(f"{line.name} waited" for line in waits)), unit)
    columns += tuple(Column(line.name) for line in plain)
    length = max((len(line.values) for line in (*waits, *plain)), default=0)
    rows = [
        Row(
            (
                span(at * tick, unit),
                *(span(line.values[at], unit) for line in waits),
                *(number(line.values[at]) for line in plain),
            )
        )
        for at in range(length)
    ]
    return Table("The same as numbers", columns, tuple(rows))
