# SPDX-License-Identifier: GPL-2.0-only
"""The interesting windows: what every task did around the longest waits, a lane for each."""

from collections.abc import Sequence

from markupsafe import Markup

from harness.report import figures
from harness.report.drawing import Drawing, Linear, nice_ticks
from harness.report.parts import Chart, Column, Row, Section, Table, cut, label, span, timed
from harness.trace.windows import Lane, Span, Window

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1120.0, 92.0, 8.0, 4.0, 20.0
ROW, LANE_GAP, DEPTH_MAX = 15.0, 7.0, 5
WAIT_WIDTH_MIN = 2.0  # of a wait that gets an arrow
ROWS_MAX = 40  # of the numbers
SPANS_MAX = 150  # of a lane
CHARACTER = 5.6  # width of one, about
LEGEND = (
    ("k-wait", "waits for a lock"),
    ("k-hold", "holds a lock"),
    ("k-fault", "fault"),
    ("k-work", "other work"),
    ("k-rcu", "grace period, flush"),
    ("k-violation", "violation"),
)
TONES = {
    "wait": "k-wait",
    "hold": "k-hold",
    "fault": "k-fault",
    "flush": "k-rcu",
    "flush-wait": "k-rcu",
    "grace-period": "k-rcu",
    "callbacks": "k-rcu",
    "violation": "k-violation",
}


def section(found: Sequence[Window] | None, unit: str) -> Section | None:
    """None where nothing was recorded: a run is not asked to record."""
    if found is None:
        return None
    heading = "The longest waits, and what everybody did meanwhile"
    if not found:
        return Section("windows", heading, missing="no wait was recorded")
    return Section("windows", heading, "", [chart(window, unit) for window in found])


def chart(window: Window, unit: str) -> Chart:
    kinds = {tone(span_) for lane in window.lanes for span_ in lane.spans}
    legend = tuple(entry for entry in LEGEND if entry[0] in kinds)
    note, numbers = left_out(window), table(window, unit)
    return Chart(title(window, unit), draw(window, unit), legend, note, numbers)


def title(window: Window, unit: str) -> str:
    """As the window's own, which has the length in digits."""
    wait, names = window.wait, {lane.task: lane.name for lane in window.lanes}
    mode = f" ({wait.mode})" if wait.mode else ""
    behind = f", held by {names[wait.other]}" if wait.other in names else ""
    length = figures.time(wait.length or 0, unit)
    return f"{names.get(wait.task, '')} waited {length} for {wait.lock}{mode}{behind}"


def tone(span_: Span) -> str:
    return TONES.get(span_.event.kind, "k-work")


def depth(span_: Span) -> int:
    return min(span_.depth, DEPTH_MAX)


def drawn_of(lane: Lane, across: Linear) -> list[int]:
    """Indices of the spans to draw: the longest, and of those below a pixel one for each pixel."""
    order = sorted(range(len(lane.spans)), key=lambda n: lane.spans[n].begin - lane.spans[n].end)
    taken: set[tuple[int, int]] = set()
    found = []
    for number in order:
        span_ = lane.spans[number]
        place = (depth(span_), int(across(span_.begin)))
        if across(span_.end) - across(span_.begin) >= 1 or place not in taken:
            found.append(number)
        taken.add(place)
    return sorted(found[:SPANS_MAX])


def across_of(window: Window) -> Linear:
    return Linear(window.begin, window.end, LEFT, WIDTH - RIGHT)


def left_out(window: Window) -> str:
    """What is too short to be seen, and in great numbers."""
    every = sum(len(lane.spans) for lane in window.lanes)
    drawn = sum(len(drawn_of(lane, across_of(window))) for lane in window.lanes)
    return f"The {figures.plural(every - drawn, 'shortest span')} are not drawn." * (drawn < every)


def draw(window: Window, unit: str) -> Markup:
    across = across_of(window)
    tops, y = [], TOP
    for lane in window.lanes:
        tops.append(y)
        y += ROW * (1 + max((depth(span_) for span_ in lane.spans), default=0)) + LANE_GAP
    label_ = f"Time line: {title(window, unit)}"
    drawing = Drawing(WIDTH, y + BOTTOM, label_, classes="chart timeline")
    length = window.end - window.begin
    for time in nice_ticks(length, 8):
        x = across(window.begin + time)
        drawing.line(x, 0, x, y, "grid")
        text = f"+{figures.tick(time, unit)}"
        anchor = "start" if not time else "end" if x > WIDTH - 30 else "middle"
        drawing.text(x, y + 14, text, "tick", anchor)
    for lane, top in zip(window.lanes, tops, strict=True):
        drawing.text(0, top + 11, lane.name, "panel")
        for number in drawn_of(lane, across):
            draw_span(drawing, across, lane.spans[number], top, window, unit)
        drawing.line(0, top - LANE_GAP / 2, WIDTH, top - LANE_GAP / 2, "grid")
    draw_links(drawing, across, window, tops)
    return drawing.svg()


def draw_span(
    drawing: Drawing, across: Linear, span_: Span, top: float, window: Window, unit: str
) -> None:
    x, y = across(span_.begin), top + depth(span_) * ROW
    width = max(across(span_.end) - x, 1.2)
    about = " about" if span_.event is window.wait else ""
    drawing.box(
        x, y, width, ROW - 2, f"span {tone(span_)}{about} mark", data_tip=tip(span_, window, unit)
    )
    drawing.marks += 1
    room = int((width - 6) / CHARACTER)
    if room >= 4:
        text = span_.label if len(span_.label) <= room else span_.label[: room - 1] + "…"
        drawing.text(x + 3, y + 10, text, f"on {tone(span_)}")


def tip(span_: Span, window: Window, unit: str) -> str:
    event = span_.event
    length = "has not ended" if event.length is None else figures.time(event.length, unit)
    lines = [
        span_.label,
        f"{length}, from +{figures.time(max(0, event.begin - window.begin), unit)}",
    ]
    if event.begin < window.begin:
        before = figures.time(window.begin - event.begin, unit)
        lines[1] = f"{length}, begun {before} before this window"
    if event.site is not None:
        lines.append(f"{event.site.func} {event.site.file}:{event.site.line}")
    if event.other_site is not None:
        lines.append(
            f"held by {event.other_site.func} {event.other_site.file}:{event.other_site.line}"
        )
    return "\n".join(lines)


def draw_links(drawing: Drawing, across: Linear, window: Window, tops: Sequence[float]) -> None:
    """From where a lock was let go to where the wait for it ended."""
    for link in window.links:
        source = window.lanes[link.source_lane].spans[link.source]
        target = window.lanes[link.target_lane].spans[link.target]
        if across(target.end) - across(target.begin) < WAIT_WIDTH_MIN:
            continue
        x1, y1 = across(source.end), tops[link.source_lane] + depth(source) * ROW + ROW / 2
        x2, y2 = across(target.end), tops[link.target_lane] + depth(target) * ROW + ROW / 2
        drawing.path([(x1, y1), (x2, y2)], "link")
        drawing.add("circle", cx=x2, cy=y2, r=2.5, class_="head")


def table(window: Window, unit: str) -> Table:
    """The longest first."""
    spans = [(lane, span_) for lane in window.lanes for span_ in lane.spans]
    spans.sort(key=lambda pair: (-(pair[1].end - pair[1].begin), pair[1].begin, pair[0].task))
    shown, total = cut(spans, ROWS_MAX)
    rows = []
    for lane, span_ in shown:
        site = span_.event.site
        where = f"{site.func} {site.file}:{site.line}" if site else ""
        length = span_.event.length
        cells = (
            label(lane.name),
            label(span_.label),
            span(span_.event.begin - window.begin, unit),
            span(float(length) if length is not None else None, unit),
            label(where, code=True),
        )
        rows.append(Row(cells, span_.event.lock_class, (lane.name,), where))
    columns = (Column("task", False), Column("what", False), *timed(("from", "length"), unit))
    return Table(
        "Numbers", (*columns, Column("place", False)), tuple(rows), total=total, sorted_by=3
    )
