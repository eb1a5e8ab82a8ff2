# SPDX-License-Identifier: GPL-2.0-only
"""The critical flip: two events of which the order decides.

A minimal plan fails, and without one of its switches it passes.  In between lie the schedules in
which the switched task goes on for a while first.  Two neighbours among them, one that fails and
one that passes, name the event that came too late; the same search in what the others did
meanwhile names the event that came before it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.core.anchors import Anchor, Plan
from harness.core.structs import Event
from harness.failure.rig import OutOfTime, Rig


@dataclass(frozen=True)
class Flip:
    """It fails when `first` comes before `second`, and not when they change places."""

    first: Event
    second: Event


def at(event: Event, choice: int) -> Anchor:
    return Anchor(*event.place(), 0, choice)


def last_failing(count: int, fails: Callable[[int], bool]) -> int:
    """An index that fails while the next does not; 0 is known to fail and `count` to pass."""
    low, high = 0, count
    while low + 1 < high:
        middle = (low + high) // 2
        if fails(middle):
            low = middle
        else:
            high = middle
    return low


def from_place(events: list[Event], anchor: Anchor) -> int | None:
    """The index of the event that the anchor is before."""
    for index, event in enumerate(events):
        if event.place() == anchor.place():
            return index
    return None


def latest(rig: Rig, rest: Plan, anchor: Anchor) -> tuple[Event, Event] | None:
    """The last event before which the switch still makes it fail, and the one after it."""
    if rig.fails(rest):
        return None
    passing = rig.trace_of(rest)
    start = from_place(passing, anchor)
    if start is None:
        return None
    own = [e for e in passing[start:] if e.task == anchor.task and e.occurrence]
    if len(own) < 2:
        return None
    index = last_failing(len(own), lambda n: rig.fails((*rest, at(own[n], anchor.choice))))
    return (own[index], own[index + 1]) if index + 1 < len(own) else None


def flip_of(rig: Rig, plan: Plan, anchor: Anchor) -> Flip | None:
    rest = tuple(a for a in plan if a != anchor)
    found = latest(rig, rest, anchor)
    if found is None:
        return None
    second, after = found
    failing: Plan = (*rest, at(second, anchor.choice))
    events = rig.trace_of(failing)
    end = from_place(events, at(second, 0))
    if end is None:
        return None
    start = end
    while start and events[start - 1].task != second.task:
        start -= 1
    # Before the n-th of them, counted from the last, the task comes back for this one event.
    others = [e for e in events[start:end] if e.occurrence][::-1]

    def fails(n: int) -> bool:
        back = others[n - 1]
        return rig.fails((*failing, at(back, second.task), at(after, back.task)))

    # Going back after all of them is the failing schedule; before the first, the passing one.
    index = last_failing(len(others), lambda n: n == 0 or fails(n))
    return Flip(others[index], second) if index < len(others) else None


def critical_flip(rig: Rig, plan: Plan) -> Flip | None:
    """The last switch that has one tells most; None: there is none, or no time for it."""
    try:
        for anchor in reversed(plan):
            if anchor.kind == 0 and anchor.task and (found := flip_of(rig, plan, anchor)):
                return found
    except OutOfTime:
        pass
    return None
