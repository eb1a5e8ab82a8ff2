# SPDX-License-Identifier: GPL-2.0-only
"""A plan in a build that is not its own: what to try when it does not lead to the failure, and what
to say when nothing helps.

An edit moves places: an access more and the third load of a word is the fourth.  So the switches
are moved, one at a time, to other occurrences and to what the task does just before and after.
What was moved is said.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.core.anchors import Anchor, Kept, Plan, describe
from harness.core.stacks import Chains
from harness.core.structs import Event, Failure
from harness.core.world import TAKEN, World
from harness.trace import columns
from harness.trace.columns import describe as event_text
from harness.trace.columns import place

SECONDS = 3.0  # of processor time: a busy machine finds no less
NEAR_OCCURRENCES = 4
NEAR_EVENTS = 12
EVENTS_MAX = 1 << 16  # from the end; what is longer has been waiting
VALUES = re.compile(r"(: still .*|: .* -> .*| = .*)$")


@dataclass(frozen=True)
class Wanted:
    """What is known of the failure."""

    oracle: str  # empty: not known
    func: str  # where; empty: not known

    def is_met(self, failure: Failure | None) -> bool:
        if failure is None or (self.oracle and failure.oracle != self.oracle):
            return False
        return not self.func or failure.is_unfinished() or failure.func == self.func


def violates(world: World, iteration: int, plan: Plan, wanted: Wanted) -> bool:
    world.follow(plan)
    world.explore(iteration, 1, 0.0)
    return wanted.is_met(world.failure())


def neighbours(anchor: Anchor, events: Sequence[Event]) -> Iterator[Anchor]:
    """Other places for a switch, the likeliest first."""
    for distance in range(1, NEAR_OCCURRENCES + 1):
        for occurrence in (anchor.occurrence + distance, anchor.occurrence - distance):
            if occurrence > 0:
                yield replace(anchor, occurrence=occurrence)
    own = [event for event in events if event.task == anchor.task and event.occurrence]
    same = [n for n, e in enumerate(own) if (e.op, e.anchor) == (anchor.op, anchor.object)]
    exact = [n for n in same if own[n].occurrence == anchor.occurrence]
    around = exact or same[-1:]
    for centre in around:
        near = sorted(range(len(own)), key=lambda n: abs(n - centre))
        for n in near[: 2 * NEAR_EVENTS]:
            e = own[n]
            yield replace(anchor, op=e.op, object=e.anchor, occurrence=e.occurrence)


def search(world: World, iteration: int, plan: Plan, wanted: Wanted) -> tuple[Plan, int] | None:
    """A plan with one switch moved that fails as wanted, and which switch; None in the time."""
    end = time.process_time() + SECONDS
    world.follow(plan)
    events = world.trace(iteration, EVENTS_MAX)
    fates = world.fates(len(plan))
    # What was not reached has moved for certain; the others may have.
    order = sorted(range(len(plan)), key=lambda n: fates[n] == TAKEN)
    for n in order:
        for other in neighbours(plan[n], events):
            moved = (*plan[:n], other, *plan[n + 1 :])
            if violates(world, iteration, moved, wanted):
                return moved, n
            if time.process_time() > end:
                return None
    return None


def name_of(anchor: Anchor, events: Sequence[Event], kept: Kept | None) -> str:
    if kept is not None and kept.object:
        return kept.object
    return next((e.object for e in events if e.anchor == anchor.object), "")


def moved_text(
    world: World, iteration: int, plan: Plan, found: tuple[Plan, int], kept: Sequence[Kept]
) -> str:
    """Which switch was moved where."""
    moved, n = found
    world.follow(moved)
    events = world.trace(iteration, EVENTS_MAX)
    names = {state.id: state.name for state in world.tasks()}
    row = kept[n] if n < len(kept) else None
    before = describe(plan[n], names, name_of(plan[n], events, row))
    after = describe(moved[n], names, name_of(moved[n], events, None))
    return f"switch {n + 1} of {len(plan)} was moved, from {before} to {after}"


def explain(world: World, iteration: int, plan: Plan, kept: Sequence[Kept]) -> str:
    """The first switch that could not be made, and what its task did instead."""
    world.follow(plan)
    events = world.trace(iteration, EVENTS_MAX)
    fates = world.fates(len(plan))
    names = {state.id: state.name for state in world.tasks()}
    for n, (anchor, fate) in enumerate(zip(plan, fates, strict=True)):
        if fate == TAKEN:
            continue
        row = kept[n] if n < len(kept) else None
        text = describe(anchor, names, name_of(anchor, events, row))
        where = f" (in {row.at})" if row is not None and row.at else ""
        head = f"switch {n + 1} of {len(plan)} was not made: {text}{where}"
        now, last = instead(anchor, events, names, fate)
        return f"{head}; {now}{both_chains(row.chain if row else '', last.chain if last else '')}"
    return f"all {len(plan)} switches were made"


def both_chains(then: str, now: str) -> str:
    """How each of the two was called, on lines of their own."""
    rows = (("then", then), ("now ", now))
    return "".join(f"\n    {when} in {chain}" for when, chain in rows if chain)


def instead(
    anchor: Anchor, events: Sequence[Event], names: Mapping[int, str], fate: int
) -> tuple[str, Event | None]:
    """What the task did in this execution, and which event that was."""
    who = names.get(anchor.task, f"task {anchor.task}")
    own = [event for event in events if event.task == anchor.task]
    same = [e for e in own if (e.op, e.anchor) == (anchor.op, anchor.object)]
    if fate:
        there = [e for e in same if e.occurrence == anchor.occurrence]
        return f"{who} came there, and the other could not run", there[0] if there else None
    if same:
        text = f"{who} did that {len(same)} times, the last at {place(same[-1])}"
        return f"{text}, step {same[-1].step}", same[-1]
    last = (
        f"; its last is {place(own[-1])} {event_text(own[-1])}, step {own[-1].step}" if own else ""
    )
    text = f"{who} did that never in its {len(own)} operations{last}"
    return text, own[-1] if own else None


def first_difference(
    recorded: str, events: Sequence[Event], names: Mapping[int, str], chains: Chains
) -> str:
    """The first event that is another operation than in events.txt, values aside."""
    if recorded.startswith(columns.LEFT_OUT):
        return ""  # of a long execution the beginning was not kept
    then = [line.split(None, 3) for line in recorded.splitlines() if line.strip()]
    for n, (old, event) in enumerate(zip(then, events, strict=False)):
        who = names.get(event.task, str(event.task))
        now = f"{event.func}: {event_text(event)}"
        if len(old) < 4 or (old[1], VALUES.sub("", old[3])) != (who, VALUES.sub("", now)):
            was = " ".join(old[1:])
            text = f"event {n + 1} was '{was}' and is '{who} {place(event)} {event_text(event)}'"
            return text + both_chains(chains.at(n), event.chain)
    if len(then) != len(events):
        return f"there were {len(then)} events and are {len(events)}"
    return ""
