# SPDX-License-Identifier: GPL-2.0-only
"""Other executions that fail in the same way: some are simpler than the one that came first.

Delta debugging ends in a local minimum, and in which one depends on where it began.  A failure that
was found once is soon found again: with other work, where tasks happen to do little but what is
needed, and with other schedules.  So as long as there is time it begins anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle

from harness.core import config
from harness.core.anchors import Plan
from harness.core.world import World
from harness.failure.exchange import exchange_cheaply
from harness.failure.fewer import drop, shorten, simplify
from harness.failure.rig import Rig, Signature, State, switches
from harness.scenario.settings import PCT_DEPTH, Settings

ITERATIONS = 1 << 40  # as many as there is time for
FOUND_MAX = 12
TRIED = 3  # of these, once their switches have been cut
FAR = 3  # times as many switches as the best has: more will not become fewer
ENOUGH = 2  # switches that are few: nobody looks for fewer
FEW = "that is few"

Found = tuple[int, Plan]  # an iteration, and how it fails


@dataclass(frozen=True)
class Look:
    """Where to look for other executions."""

    strategy: str
    depth: int = PCT_DEPTH
    pinned: bool = False  # the same work, other schedules
    whole: bool = True  # all the work there was; else what is left of it


LOOKS = (
    Look("mix"),
    Look("mix", whole=False),
    Look("pct", 2, pinned=True, whole=False),
    Look("mix"),
    Look("mix", whole=False),
    Look("pct", 3),
)


def executions(rig: Rig, settings: Settings, first: int) -> tuple[list[tuple[int, bytes]], int]:
    """Some that fail in the same way, by iteration and decisions; and the next iteration."""
    end = rig.elapsed() + rig.share()
    found: list[tuple[int, bytes]] = []
    rig.close()
    with World(config.build(rig.scenario, settings)) as world:
        while len(found) < FOUND_MAX and (left := end - rig.elapsed()) > 0:
            done = world.explore(first, ITERATIONS, left)
            first += done
            rig.replays += done
            failure = world.failure()
            if failure is not None and Signature.of(failure) == rig.wanted:
                found.append((failure.iteration, world.decisions()))
    return found, first


def anchored(rig: Rig, settings: Settings, found: list[tuple[int, bytes]]) -> list[Found]:
    """The plans of these executions, the shortest first."""
    rig.close()
    with World(config.build(rig.scenario, replace(settings, strategy="replay"))) as world:
        plans: list[Found] = []
        for iteration, decisions in found:
            world.replay(decisions)
            world.trace(iteration, 0)
            pinned = settings.pinned
            plans.append((iteration if pinned is None else pinned, world.plan()))
    return sorted(plans, key=lambda pair: len(pair[1]))


def lightened(rig: Rig, plans: list[Found]) -> Iterator[State]:
    """With fewer switches, but all the work."""
    for iteration, plan in plans:
        rig.iteration = iteration
        if rig.fails(plan):
            shorten(rig)
            drop(rig)
            yield rig.state()


def look(rig: Rig, where: Look, first: int) -> int:
    """One look, and the best of what it finds if that is better; the next iteration."""
    best = rig.state()
    work = best.settings if not where.whole else rig.whole
    settings = replace(
        work,
        strategy=where.strategy,
        depth=where.depth,
        pinned=rig.iteration if where.pinned else None,
        steps_max=work.steps_max or rig.steps,
    )
    found, first = executions(rig, settings, first)
    if found:
        plans = anchored(rig, settings, found)
        follow = replace(settings, strategy="anchored", pinned=None, steps_max=work.steps_max)
        rig.with_settings(follow)
        for state in sorted(lightened(rig, plans), key=State.size)[:TRIED]:
            rig.go_back(state)
            simplify(rig)
            if switches(rig.best) <= FAR * switches(best.plan):
                exchange_cheaply(rig)
            best = min(best, rig.state(), key=State.size)
    rig.go_back(best)
    return first


def look_elsewhere(rig: Rig, rounds: int) -> str:
    """Until there is nothing better for some time; why it stopped."""
    first = dict.fromkeys(LOOKS, 0)
    fruitless, looks = 0, cycle(LOOKS)
    while True:
        before = rig.state()
        if switches(before.plan) <= ENOUGH:
            return FEW
        if fruitless == rounds:
            return f"{rounds} looks in a row at other executions found nothing better"
        where = next(looks)
        first[where] = look(rig, where, first[where])
        fruitless = fruitless + 1 if rig.state() == before else 0
