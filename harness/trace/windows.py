# SPDX-License-Identifier: GPL-2.0-only
"""The interesting windows of a recording: the longest waits, and what every task did around them.

A window is for drawing: a lane for each task that did anything, spans with a depth (a span lies
within the one of the depth above it), and arrows between spans.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from harness.trace.events import Arrow, Event, Recording, arrows
from harness.trace.text import label

MARGIN = 0.25  # of the wait, before and after it


@dataclass(frozen=True)
class Span:
    """One event of a lane, cut off at the edges of the window."""

    event: Event
    label: str  # as a reader is to see it: "wait mmu_lock (write)"
    begin: int  # in the recording's unit; within the window
    end: int
    depth: int  # 0: outermost
    open_left: bool  # it began before the window
    open_right: bool  # it ended after it, or never


@dataclass(frozen=True)
class Lane:
    task: int
    name: str
    spans: tuple[Span, ...]  # by beginning


@dataclass(frozen=True)
class Link:
    """An arrow, from the end of a span to the end of the wait that it let in."""

    source_lane: int  # indices into `lanes`, and into their spans
    source: int
    target_lane: int
    target: int


@dataclass(frozen=True)
class Window:
    wait: Event  # what it is about
    title: str  # "vcpu1 waited 812 us for mmu_lock (read), held by vmm"
    begin: int
    end: int
    lanes: tuple[Lane, ...]  # the waiter first, who kept it out second, then by task
    links: tuple[Link, ...]


def longest_waits(recording: Recording, count: int) -> list[Event]:
    """Of lock waits that ended; the longest first, and no two of the same stretch of time."""
    waits = [event for event in recording.events if event.kind == "wait" and event.end is not None]
    waits.sort(key=lambda wait: (-(wait.length or 0), wait.begin, wait.task))
    chosen: list[Event] = []
    for wait in waits:
        if len(chosen) == count:
            break
        if not any(overlap(wait, other) for other in chosen):
            chosen.append(wait)
    return chosen


def overlap(a: Event, b: Event) -> bool:
    return a.begin < b.until(b.begin) and b.begin < a.until(a.begin)


def depths(events: Sequence[Event], end: int) -> list[int]:
    """How deep each lies within those before it; a task's events, by their beginning.

    Holds may overlap without one being within the other: then the later one is the deeper.
    """
    found: list[int] = []
    open_: list[tuple[int, int]] = []  # (end, depth)
    for event in events:
        open_ = [(until, depth) for until, depth in open_ if until > event.begin]
        taken = {depth for _, depth in open_}
        depth = max(taken, default=-1) + 1
        found.append(depth)
        open_.append((event.until(end), depth))
    return found


def lane_of(recording: Recording, task: int, inside: Sequence[Event], begin: int, end: int) -> Lane:
    """Of the events of one task that are in [begin, end)."""
    last = recording.end
    spans = tuple(
        Span(
            event=event,
            label=label(event),
            begin=max(event.begin, begin),
            end=min(event.until(end), end),
            depth=depth,
            open_left=event.begin < begin or event.earlier,
            open_right=event.end is None or event.end > end or event.later,
        )
        for event, depth in zip(inside, depths(inside, last + 1), strict=True)
    )
    return Lane(task, recording.name(task), spans)


def links_of(lanes: Sequence[Lane], found: Sequence[tuple[Event, Event]]) -> tuple[Link, ...]:
    """Arrows of which both ends are in the lanes."""
    places = {
        id(span.event): (number, index)
        for number, lane in enumerate(lanes)
        for index, span in enumerate(lane.spans)
        if not span.open_right
    }
    return tuple(
        Link(*places[id(hold)], *places[id(wait)])
        for hold, wait in found
        if id(hold) in places and id(wait) in places
    )


def window(recording: Recording, wait: Event, found: Sequence[Arrow]) -> Window:
    last = recording.end
    margin = max(1, round(MARGIN * (wait.length or 0)))
    begin, end = max(0, wait.begin - margin), min(last + 1, wait.until(last) + margin)
    events = recording.events
    pairs = [(events[arrow.hold], events[arrow.wait]) for arrow in found]
    kept_out = next((hold.task for hold, waiter in pairs if waiter is wait), wait.other)
    inside: dict[int, list[Event]] = {}
    for event in events[: bisect_left(events, end, key=attrgetter("begin"))]:
        if event.begin >= begin or event.end is None or event.end > begin:
            inside.setdefault(event.task, []).append(event)
    rest = [t.id for t in recording.tasks if t.id not in (wait.task, kept_out)]
    tasks = [wait.task, *([kept_out] if kept_out is not None else []), *rest]
    lanes = tuple(
        lane_of(recording, task, inside[task], begin, end) for task in tasks if task in inside
    )
    return Window(wait, title(recording, wait), begin, end, lanes, links_of(lanes, pairs))


def title(recording: Recording, wait: Event) -> str:
    holder = f", held by {recording.name(wait.other)}" if wait.other is not None else ""
    mode = f" ({wait.mode})" if wait.mode else ""
    return (
        f"{recording.name(wait.task)} waited {wait.length} {recording.unit}"
        f" for {wait.lock}{mode}{holder}"
    )


def windows(recording: Recording, count: int = 5) -> tuple[Window, ...]:
    """Around the `count` longest waits, the longest first."""
    found = arrows(recording)
    return tuple(window(recording, wait, found) for wait in longest_waits(recording, count))
