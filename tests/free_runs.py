# SPDX-License-Identifier: GPL-2.0-only
"""Runs of free processes that last until enough has happened, however slow the machine is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.core.token import Recipe
from harness.core.world import TaskState
from harness.run import free
from harness.run.live import Silent
from harness.scenario.schema import Scenario
from harness.signals import Interrupt
from tests.conftest import PATIENCE

Enough = Callable[[Sequence[TaskState]], bool]


def everybody(operations: int) -> Enough:
    """Each task that has operations did so many of them; the boss and `rcu` have none."""

    def enough(states: Sequence[TaskState]) -> bool:
        working = [state for state in states if state.id and state.name != "rcu"]
        return all(state.operations >= operations for state in working)

    return enough


def faults(count: int) -> Enough:
    return lambda states: sum(state.faults for state in states) >= count


class Until(Silent):
    """Looks at the tasks, as the live view does, and ends the run as a user would."""

    def __init__(self, enough: Enough) -> None:
        self.enough, self.interrupt = enough, Interrupt()

    def tick(self, states: Sequence[TaskState], elapsed: float) -> None:
        self.interrupt.requested = self.enough(states)


def run_until(enough: Enough, recipe: Recipe, scenario: Scenario) -> free.FreeRun:
    view = Until(enough)
    done = free.run(recipe, scenario, PATIENCE, view.interrupt, view, lambda *_: None)
    assert done.interrupted, f"not enough happened in {PATIENCE:.0f} seconds"
    return done
