# SPDX-License-Identifier: GPL-2.0-only
"""Two switches for none or for one: what takes hundreds of replays, and then thousands.

Delta debugging ends where no switch can go alone.  Two can, where one leads away and the other one
back; or one and all but one of the others, where another switch does what they did together.
"""

from collections.abc import Iterable
from itertools import combinations, zip_longest

from harness.core.anchors import Anchor, Plan
from harness.core.structs import Event
from harness.failure.fewer import drop, simplify
from harness.failure.rig import Rig
from harness.trace.matters import READS

CONTENTION = 0x101  # the first pick at a yield test: there is contention
NEAR = 8  # places to either side
BENT_MAX = 16  # choices of a plan up to which each is moved for each other one
PAIRS_MAX = 8  # switches up to which two of them are exchanged for one


def contended(events: Iterable[Event]) -> set[int]:
    """Addresses that several tasks touch, and not only to read."""
    users: dict[int, set[int]] = {}
    written: set[int] = set()
    for event in events:
        users.setdefault(event.addr, set()).add(event.task)
        if event.op not in READS:
            written.add(event.addr)
    return {addr for addr, tasks in users.items() if len(tasks) > 1 and addr in written}


def places(events: list[Event]) -> list[Anchor]:
    """Where in an execution a switch can matter, and everybody who could go on there.

    A switch before an event that depends on nobody is the same as one before the next that does.
    """
    shared = contended(events)
    tasks = sorted({event.task for event in events})
    found = [Anchor(0, "none", 1, 1, 0, task) for task in tasks]
    for event in events:
        if not event.occurrence:
            continue
        if event.addr in shared:
            found += [Anchor(*event.place(), 0, task) for task in tasks if task != event.task]
        if event.op == "needbreak":
            found.append(Anchor(*event.place(), CONTENTION, 1))
    return found


def merge(rig: Rig) -> bool:
    """One switch for two of them, for all, or for all but one, wherever it may be."""
    plan = rig.best
    if len(plan) < 2:
        return False
    candidates = places(rig.trace())
    rests: list[Plan] = [(), *((anchor,) for anchor in plan if len(plan) > 2)]
    if 3 < len(plan) <= PAIRS_MAX:
        pairs = [tuple(a for a in plan if a not in pair) for pair in combinations(plan, 2)]
        rests = [*pairs, *rests]  # the less is changed, the better the odds
    return any(rig.fails((*rest, new)) for rest in rests for new in candidates)


def drop_two(rig: Rig) -> bool:
    """Two anchors at once, wherever they are: there and back again are seldom neighbours."""
    plan = rig.best
    return any(rig.fails(tuple(a for a in plan if a not in pair)) for pair in combinations(plan, 2))


def nearby(anchor: Anchor, events: list[Event], shared: set[int]) -> list[Anchor]:
    """The same switch a little earlier or later in its task, the nearest places first."""
    own = [e for e in events if e.task == anchor.task and e.occurrence]
    at = next((n for n, e in enumerate(own) if e.place() == anchor.place()), None)
    if at is None or anchor.kind:
        return []
    before = [e for e in own[:at] if e.addr in shared][::-1][:NEAR]
    after = [e for e in own[at + 1 :] if e.addr in shared][:NEAR]
    near: list[Event] = [e for pair in zip_longest(before, after) for e in pair if e is not None]
    return [Anchor(*e.place(), 0, anchor.choice) for e in near]


def bend(rig: Rig) -> bool:
    """One switch moved a little, and another one goes."""
    plan = rig.best
    if not 1 < len(plan) <= BENT_MAX:
        return False
    events = rig.trace()
    shared = contended(events)
    moves = [(old, new) for old in plan for new in nearby(old, events, shared)]
    return any(
        rig.fails(tuple(new if a == old else a for a in plan if a != gone))
        for old, new in moves
        for gone in plan
        if gone not in (old, new)
    )


def exchange_cheaply(rig: Rig) -> None:
    """What takes hundreds of replays."""
    while drop_two(rig) or bend(rig):
        drop(rig)
    simplify(rig)


def exchange(rig: Rig) -> None:
    """And what takes thousands."""
    exchange_cheaply(rig)
    while merge(rig):
        simplify(rig)
        exchange_cheaply(rig)
