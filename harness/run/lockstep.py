# SPDX-License-Identifier: GPL-2.0-only
"""Explore with worker processes of which exactly one runs at a time; the caller is the boss.

All are pinned to one core: they take turns anyway, and a hand-over within a core is quicker.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from harness.core import config
from harness.core.token import Recipe
from harness.core.world import STOP_INTERRUPTED, STOP_WORKER_DIED, World
from harness.errors import WorkerDied
from harness.run.explore import (
    Begin,
    Exploration,
    Limits,
    Progress,
    run_blocks,
    summarise,
)
from harness.run.supervisor import Crew
from harness.scenario.schema import Scenario
from harness.signals import Interrupt

WATCH_SECONDS = 0.2


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """This process on one core for a while."""
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, [cpu])
    except OSError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def watched(crew: Crew, world: World) -> Iterator[None]:
    """Free the boss from its wait when a worker dies: the baton may have died with it."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            crew.wait(WATCH_SECONDS)
            if crew.deaths():
                world.stop(STOP_WORKER_DIED)
                return

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def lockstep_world(scenario: Scenario, recipe: Recipe) -> Iterator[World]:
    """A world whose tasks are processes, ready for World.lockstep()."""
    cpu = min(os.sched_getaffinity(0))
    with (
        World(config.build(scenario, recipe.settings)) as world,
        Crew(world, "lockstep", [cpu]) as crew,
    ):
        try:
            with pinned(cpu), watched(crew, world):
                yield world
        finally:
            # Whatever else went wrong, went wrong because of this.
            if deaths := crew.deaths():
                raise WorkerDied("; ".join(death.describe() for death in deaths)) from None
        world.stop(STOP_INTERRUPTED)  # an execution that is finished is not yet the end of the run
        crew.join()


def explore_lockstep(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    interrupt: Interrupt,
    progress: Progress,
    begin: Begin = lambda first: None,
) -> Exploration:
    with lockstep_world(scenario, recipe) as world:
        complete, clock = run_blocks(world.lockstep, world, limits, interrupt, progress, begin)
        return summarise(recipe, scenario, world, complete, clock, interrupt, "lockstep")
