# SPDX-License-Identifier: GPL-2.0-only
"""Explore schedules of one scenario: executions 0, 1, 2, ... until a limit or a violation.

What is found does not depend on the number of jobs: blocks of iterations are handed out in
ascending order, the digest is a sum over executions, and of several violations the one with the
smallest iteration counts, together with exactly the executions before it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.contention import collect, measured
from harness.contention.record import Contention
from harness.core import config, contracts
from harness.core.catalogue import is_search
from harness.core.classes import ClassCounts
from harness.core.structs import Failure, Outcome
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import HarnessError
from harness.run import conflicts, lock_order, repeat
from harness.run.division import Division, Explorer
from harness.run.lock_order import Graph
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.signals import Interrupt

BLOCK = 1 << 10  # iterations handed out at a time, at first
BLOCK_MAX = 1 << 16  # as many classes as the core keeps
BLOCK_SHARE = 64  # of what was handed out already: the last blocks end at about the same time
BLOCK_SECONDS = 0.5  # and for how long at most: signals and progress wait for it
ITERATIONS_MAX = 1 << 62
U64 = 1 << 64
MAXIMA = frozenset({"decisions_max", "agents", "profile"})  # totals that are no sums

Progress = Callable[[int, int, float], None]  # schedules, schedule points, seconds
Begin = Callable[[int], None]  # told the first iteration of each block, before it runs


@dataclass(frozen=True)
class Limits:
    schedules: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Exploration:
    """What one exploration did."""

    recipe: Recipe
    scenario: Scenario
    totals: dict[str, int]
    elapsed_s: float
    complete: bool  # every requested schedule was run
    interrupted: bool
    failure: Failure | None
    outcomes: list[Outcome]
    contention: Contention | None = None  # None: nothing was measured
    contracts: list[dict[str, Any]] = field(default_factory=list)
    lock_order: Graph = field(default_factory=Graph)
    conflicts: bytes = b""
    decisions: bytes = b""  # of the failing execution, for this build
    classes: ClassCounts = field(default_factory=ClassCounts)
    search: dict[str, int] | None = None  # of an exhaustive strategy: how far it came


def add_totals(into: dict[str, int], extra: dict[str, int]) -> None:
    for name, value in extra.items():
        if name in MAXIMA:
            into[name] = max(into.get(name, 0), value)
        else:
            into[name] = (into.get(name, 0) + value) % U64


def difference(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {k: v if k in MAXIMA else (v - before.get(k, 0)) % U64 for k, v in after.items()}


class Clock:
    """How much of the limits is left."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.began = time.monotonic()

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def end(self) -> float | None:
        """By the monotonic clock, which processes share."""
        return None if self.limits.seconds is None else self.began + self.limits.seconds

    def seconds(self) -> float:
        """For the next block; 0 or less: the budget is used up."""
        if self.limits.seconds is None:
            return BLOCK_SECONDS
        return min(BLOCK_SECONDS, self.limits.seconds - self.elapsed())

    def count(self, begun: int) -> int:
        """Iterations for the next block; 0: all have been handed out."""
        total = ITERATIONS_MAX if self.limits.schedules is None else self.limits.schedules
        return max(0, min(max(BLOCK, begun // BLOCK_SHARE), BLOCK_MAX, total - begun))


def run_blocks(
    run: Callable[[int, int, float], int],
    world: World,
    limits: Limits,
    interrupt: Interrupt,
    progress: Progress,
    begin: Begin = lambda first: None,
) -> tuple[bool, Clock]:
    """Iterations in order, in this process; True when every requested one was run."""
    clock, begun, idle = Clock(limits), 0, 0
    while not interrupt:
        count, seconds = clock.count(begun), clock.seconds()
        if count == 0:
            return True, clock
        if seconds <= 0:
            break
        begin(begun)
        done = run(begun, count, seconds)
        repeat.check(world)
        begun += done
        world.classes.add(world.take_classes())
        if world.failure() is not None:
            return limits.schedules is not None and begun >= limits.schedules, clock
        if world.over():
            search = world.search()
            return search is not None and bool(search["exhausted"]), clock
        idle = 0 if done else idle + 1
        if idle > 100:
            raise HarnessError("the core finishes no execution")
        totals = world.totals()
        progress(totals["schedules"], totals["schedule_points"], clock.elapsed())
    return False, clock


def run_turns(
    world: World,
    settings: Settings,
    limits: Limits,
    interrupt: Interrupt,
    progress: Progress,
    begin: Begin = lambda first: None,
) -> tuple[Division, Clock]:
    """A search in this process, in the order in which several would go."""
    clock, explorer = Clock(limits), Explorer(world)
    division = Division(settings, limits.schedules)
    while not interrupt and clock.seconds() > 0:
        division.more()
        if not division.pending:
            break
        turn = division.pending[0]
        begin(turn.first)
        result = explorer.explore(
            turn.packed, turn.first, turn.count, clock.end(), lambda: bool(interrupt)
        )
        repeat.check(world)
        world.classes.add(world.take_classes())
        division.take(result)
        progress(division.counted, division.points, clock.elapsed())
    return division, clock


def explore(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    jobs: int,
    interrupt: Interrupt,
    progress: Progress,
    begin: Begin = lambda first: None,
    divided: bool = False,
) -> Exploration:
    """Explore with fibers, in this process or in `jobs` of them.

    `divided`: in one process too, a search goes in the order in which several would.
    """
    in_turns = is_search(recipe.settings.strategy)
    if jobs > 1 and in_turns:
        from harness.run.searchers import search_parallel

        return search_parallel(recipe, scenario, limits, jobs, interrupt, progress)
    if jobs > 1:
        from harness.run.jobs import explore_parallel

        return explore_parallel(recipe, scenario, limits, jobs, interrupt, progress)
    with World(config.build(scenario, recipe.settings)) as world:
        how = (limits, interrupt, progress, begin)
        if divided and in_turns:
            division, clock = run_turns(world, recipe.settings, *how)
            complete, search = division.complete(), division.summary()
        else:
            complete, clock = run_blocks(world.explore, world, *how)
            search = None
        return summarise(recipe, scenario, world, complete, clock, interrupt, search=search)


def summarise(
    recipe: Recipe,
    scenario: Scenario,
    world: World,
    complete: bool,
    clock: Clock,
    interrupt: Interrupt,
    execution: Literal["explore", "lockstep"] = "explore",
    search: dict[str, int] | None = None,
) -> Exploration:
    """`search`: of one that was divided; the world knows its last part only."""
    totals, entered = world.totals(), contracts.current()
    return Exploration(
        recipe=recipe,
        scenario=scenario,
        totals=totals | {"distinct": world.classes.counts().distinct},
        elapsed_s=clock.elapsed(),
        complete=complete,
        interrupted=bool(interrupt),
        failure=world.failure(),
        outcomes=list(world.outcomes()),
        contention=collect.controlled(
            scenario.name,
            execution,
            measured.take(),
            totals,
            clock.elapsed(),
            entered,
            recipe.settings.delay,
        ),
        contracts=entered,
        lock_order=lock_order.current(),
        conflicts=conflicts.current(),
        decisions=world.decisions() if world.failure() else b"",
        classes=world.classes.counts(),
        search=search or world.search(),
    )
