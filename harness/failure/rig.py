# SPDX-License-Identifier: GPL-2.0-only
"""Where plans are tried: replays of one failure with less and less work, and what still fails.

The same failure is the same oracle at the same site; whatever else a smaller execution runs into
is another finding and does not count.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self

from harness.core import config
from harness.core.anchors import Anchor, Plan
from harness.core.structs import Event, Failure
from harness.core.world import World
from harness.failure.smaller import Change, Overrides, added, extent
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings

LOOK_SHARE = 0.02  # of the budget, for each look
LONGER = 2  # times the steps of the failure: how long a replay may become,
STEPS_LEAST = 20_000  # or so many steps,
NO_TIME = 1e-6  # and not beyond the budget

Progress = Callable[[int, int, float], None]  # forced switches, replays, seconds


@dataclass(frozen=True)
class Signature:
    """Which failure it is."""

    oracle: str
    site: tuple[str, str, int]  # nowhere: it is about the whole execution

    @classmethod
    def of(cls, failure: Failure) -> Self:
        if failure.is_unfinished():
            return cls(failure.oracle, ("", "", 0))
        return cls(failure.oracle, (failure.file, failure.func, failure.line))


class OutOfTime(Exception):
    """The budget is used up; what was found so far stands."""


@dataclass(frozen=True)
class State:
    """An execution that fails as it should."""

    plan: Plan
    settings: Settings
    iteration: int
    failure: Failure
    scenario: Scenario
    overrides: Overrides  # that made it from what was given

    def size(self) -> tuple[int, int, int, int]:
        """What is to become small: switches, other choices, the scenario, steps."""
        forced = switches(self.plan)
        return forced, len(self.plan) - forced, extent(self.scenario), self.failure.step


def switches(plan: Iterable[Anchor]) -> int:
    """How many of the choices are about who runs."""
    return sum(anchor.kind == 0 for anchor in plan)


class Rig:
    """Replays of plans for one failure, with less and less work."""

    def __init__(
        self,
        scenario: Scenario,
        settings: Settings,
        iteration: int,
        wanted: Signature,
        seconds: float,
        progress: Progress,
    ) -> None:
        self.scenario, self.settings = scenario, replace(settings, strategy="anchored")
        self.overrides: Overrides = ()
        self.whole = self.settings  # with all the work
        self.iteration, self.wanted = iteration, wanted
        # Processor time: what becomes of a failure does not depend on how busy the machine is.
        self.began, self.seconds = time.process_time(), seconds
        self.end = seconds  # until then: a part of the work may have less of it
        self.replays = 0
        self.steps = 0  # a replay that is longer cannot be of use; 0: not known yet
        self.progress = progress
        self.best: Plan = ()
        self.failure: Failure | None = None
        self.smallest: State | None = None
        self.world: World | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        if self.world is not None:
            self.world.close()
            self.world = None

    def elapsed(self) -> float:
        return time.process_time() - self.began

    def ready(self) -> World:
        if self.world is None:
            self.world = World(config.build(self.scenario, self.settings))
        return self.world

    def with_settings(self, settings: Settings) -> None:
        self.close()
        self.settings = settings

    def with_change(self, change: Change) -> None:
        self.close()
        self.scenario, self.overrides = change.scenario, added(self.overrides, change)

    def fails(self, plan: Iterable[Anchor]) -> bool:
        """Whether this plan fails in the same way; the plan is then the best so far."""
        if self.elapsed() > self.end and self.failure is not None:
            raise OutOfTime
        plan = tuple(plan)
        world = self.ready()
        world.follow(plan)
        if self.failure is not None:
            world.patience(self.steps, max(self.end - self.elapsed(), NO_TIME))
        world.explore(self.iteration, 1, 0.0)
        self.replays += 1
        failure = world.failure()
        if failure is None or Signature.of(failure) != self.wanted:
            return False
        fates = world.fates(len(plan))
        self.best = tuple(a for a, fate in zip(plan, fates, strict=True) if fate)
        self.failure = failure
        self.steps = self.steps or max(LONGER * failure.step, STEPS_LEAST)
        state = self.state()
        if self.smallest is None or state.size() < self.smallest.size():
            self.smallest = state
        self.progress(self.smallest.size()[0], self.replays, self.elapsed())
        return True

    def fails_in_the_end(self, plan: Plan) -> bool:
        """The same, however long it takes."""
        self.failure = None
        return self.fails(plan)

    def state(self) -> State:
        assert self.failure is not None
        where = (self.scenario, self.overrides)
        return State(self.best, self.settings, self.iteration, self.failure, *where)

    def go_back(self, state: State) -> None:
        self.best, self.failure, self.iteration = state.plan, state.failure, state.iteration
        self.scenario, self.overrides = state.scenario, state.overrides
        self.with_settings(state.settings)

    def go_back_to_smallest(self) -> None:
        assert self.smallest is not None
        self.go_back(self.smallest)

    def share(self) -> float:
        """How long one look for other schedules may take."""
        return self.seconds * LOOK_SHARE

    def trace_of(self, plan: Plan) -> list[Event]:
        """The execution that follows this plan, event by event."""
        world = self.ready()
        world.follow(plan)
        return world.trace(self.iteration)

    def trace(self) -> list[Event]:
        """The best execution, event by event."""
        return self.trace_of(self.best)
