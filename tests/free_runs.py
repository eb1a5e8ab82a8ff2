# SPDX-License-Identifier: GPL-2.0-only
"""Runs of free processes that last until enough has happened, however slow the machine is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.core.structs import TaskState
from harness.core.token import Recipe
from harness.run import free
from harness.run.live import Silent
from harness.scenario.schema import Scenario
from harness.signals import Interrupt

Enough = Callable[[Sequence[TaskState]], bool]


def everybody(operations: int) -> Enough:
    """Each task that has operations did so many of them; the boss and `rcu` have none."""

    def enough(states: Sequence[TaskState]) -> bool:
        working = [state for state in states if state.id and state.name != "rcu"]
        return all(state.operations >= operations for state in working)

    return enough


def faults(count: int) -> Enough:
    return lambda states: sum(state.faults for state in states) >= count


def run_until(enough: Enough, recipe: Recipe, scenario: Scenario) -> free.FreeRun:
    """Begun anew and made longer until it was; an interrupt would cut operations short."""
    for seconds in (0.4, 2.0, 10.0, 50.0, 250.0):
        done = free.run(recipe, scenario, seconds, Interrupt(), Silent(), lambda *_: None)
        if done.failure is not None or not done.trustworthy or enough(done.tasks):
            return done
    raise AssertionError("not enough happened in four minutes")
