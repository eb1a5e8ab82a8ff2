# SPDX-License-Identifier: GPL-2.0-only
"""Slices that nest: what a viewer can draw as one stack of bars.

What a task was at nests by itself.  Holds of locks do not nest with it, since a lock may be dropped
and taken again in the middle of a zap, nor with each other, since locks are released in any order.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from harness.trace.events import Event

NEVER = float("inf")


def end_of(event: Event) -> float:
    return NEVER if event.end is None else event.end


@dataclass
class Lane:
    """Begins and ends in the order in which they are to be written."""

    edges: list[tuple[int, bool, Event]] = field(default_factory=list)  # time, begins, which
    open: list[Event] = field(default_factory=list)

    def close(self, until: float) -> None:
        while self.open and end_of(self.open[-1]) <= until:
            event = self.open.pop()
            assert event.end is not None
            self.edges.append((event.end, False, event))

    def takes(self, event: Event) -> bool:
        """Add it, if it lies within what is open, or behind it."""
        fits = next((one for one in reversed(self.open) if end_of(one) > event.begin), None)
        if fits is not None and end_of(fits) < end_of(event):
            return False
        self.close(event.begin)
        self.open.append(event)
        self.edges.append((event.begin, True, event))
        return True


def nested(events: Iterable[Event]) -> list[list[tuple[int, bool, Event]]]:
    """As few lanes as the greedy order finds; `events` by beginning, the longer first."""
    lanes: list[Lane] = []
    for event in events:
        if not any(lane.takes(event) for lane in lanes):
            lanes.append(Lane())
            lanes[-1].takes(event)
    for lane in lanes:
        lane.close(float(2**63))
    return [lane.edges for lane in lanes]


def readers_in(events: Iterable[Event], lock: str) -> Iterator[tuple[int, int]]:
    """How many hold the lock for read, from each time on; where all holds were recorded."""
    steps: dict[int, int] = {}
    for event in events:
        if event.kind == "hold" and event.lock == lock and event.mode == "read":
            steps[event.begin] = steps.get(event.begin, 0) + 1
            if event.end is not None:
                steps[event.end] = steps.get(event.end, 0) - 1
    inside = 0
    for time in sorted(steps):
        inside += steps[time]
        yield time, inside
