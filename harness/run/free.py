# SPDX-License-Identifier: GPL-2.0-only
"""Run a scenario freely: real processes in parallel, for throughput and for contention figures.

The seed fixes what the tasks do, not in which order; the machine decides that.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.contention import collect, measured
from harness.contention.record import Contention
from harness.core import config, contracts
from harness.core.structs import Failure, TaskState
from harness.core.token import Recipe
from harness.core.world import (
    STOP_FINISHED,
    STOP_INTERRUPTED,
    STOP_VIOLATION,
    STOP_WORKER_DIED,
    World,
)
from harness.run import lock_order
from harness.run.live import View, shown
from harness.run.lock_order import Graph
from harness.run.supervisor import KIND_BOSS, Crew, Death
from harness.run.usage import Meter, Used
from harness.scenario.schema import Scenario
from harness.signals import Interrupt
from harness.trace.capture import recorded

POLL_SECONDS = 0.25


@dataclass(frozen=True)
class FreeRun:
    """What one free run did."""

    recipe: Recipe
    scenario: Scenario
    totals: dict[str, int]
    elapsed_s: float
    tasks: list[TaskState]
    pids: dict[int, int]  # by task
    failure: Failure | None
    deaths: list[Death]
    stuck: list[str]  # workers that did not end when told to
    interrupted: bool
    contention: Contention | None = None  # None: nothing was measured
    contracts: list[dict[str, Any]] = field(default_factory=list)
    lock_order: Graph = field(default_factory=Graph)
    used: Used = field(default_factory=lambda: Used({}, None))
    recording: bytes | None = None  # of the flight recorder; None: it was off

    @property
    def trustworthy(self) -> bool:
        return not self.deaths and not self.stuck


def watch(crew: Crew, world: World, seconds: float, interrupt: Interrupt, view: View) -> None:
    """Until the time is over, a worker dies, an oracle fires or the user has had enough."""
    began = time.monotonic()
    while not interrupt:
        left = began + seconds - time.monotonic()
        if left <= 0:
            return
        crew.wait(min(left, POLL_SECONDS))
        if crew.deaths() or world.stopped():
            return
        view.tick(world.tasks(), time.monotonic() - began)


def run(
    recipe: Recipe,
    scenario: Scenario,
    seconds: float,
    interrupt: Interrupt,
    view: View,
    keep: Callable[[Failure, World], None],
) -> FreeRun:
    """Run for `seconds`; a violation is handed to `keep` while the world still stands."""
    cpus = sorted(os.sched_getaffinity(0))
    with World(config.build(scenario, recipe.settings)) as world:
        with Crew(world, "free", cpus) as crew, shown(view, world, crew.pids()):
            began = time.monotonic()
            pids = crew.pids()
            meter = Meter(pids)
            world.go()
            watch(crew, world, seconds, interrupt, view)
            elapsed, used = time.monotonic() - began, meter.read()
            stuck = settle(crew, world, interrupt)
            deaths = [d for d in crew.deaths() if d.name not in stuck]
        trustworthy = not deaths and not stuck
        if trustworthy and world.stopped() != STOP_VIOLATION:
            world.finish()
        failure = world.failure()
        if failure is not None and not deaths:
            keep(failure, world)
        entered = contracts.current()
        return FreeRun(
            recipe=recipe,
            scenario=scenario,
            totals=world.totals(),
            elapsed_s=elapsed,
            tasks=[state for state in world.tasks() if state.kind != KIND_BOSS],
            pids=pids,
            failure=failure,
            deaths=deaths,
            stuck=stuck,
            interrupted=bool(interrupt),
            contention=collect.free(
                scenario.name, measured.take(), elapsed, entered, recipe.settings.delay
            ),
            contracts=entered,
            lock_order=lock_order.current(),
            used=used,
            recording=recorded(scenario.name, "free", failure),
        )


def settle(crew: Crew, world: World, interrupt: Interrupt) -> list[str]:
    """Stop the workers; names of those that had to be killed although nobody had died."""
    if crew.deaths():
        world.stop(STOP_WORKER_DIED)
        crew.terminate()
        return []
    if world.stopped() != STOP_VIOLATION:
        world.stop(STOP_INTERRUPTED if interrupt else STOP_FINISHED)
    if crew.join() or crew.deaths():
        return []
    return [process.name for process in crew.processes if process.exitcode is None]
