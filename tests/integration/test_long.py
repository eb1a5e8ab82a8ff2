# SPDX-License-Identifier: GPL-2.0-only
"""Failures that are long: what is kept of them is their end, and to report them is cheap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

pytest.importorskip("harness._core")

from harness.core import config
from harness.core.anchors import Plan
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.core.world import EVENTS_READ, World
from harness.failure import capture
from harness.failure.diverge import first_difference
from harness.failure.minimise import minimise
from harness.failure.rig import Rig, Signature
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings
from harness.trace import columns

KEPT = 1 << 20  # events, by the core
# A count that is never lowered: faults are tried again for ever.
SPEC = "notifier-vs-fault"
Found = tuple[Recipe, Failure, bytes, Plan]
SETTINGS = Settings(seed=1, strategy="random", bugs=("H8",), without=("deadlock",))


def unfinished(world: World) -> Failure:
    world.explore(0, 50, 0.0)
    failure = world.failure()
    assert failure is not None and failure.is_unfinished()
    return failure


@pytest.fixture(scope="module")
def found() -> Found:
    recipe = Recipe(SPEC, (), replace(SETTINGS, steps_max=60_000))
    with World(config.build(load(SPEC), recipe.settings)) as world:
        failure, decisions = unfinished(world), world.decisions()
        world.trace(failure.iteration, last=0)
        return recipe, failure, decisions, world.plan()


@pytest.fixture
def followed(found: Found) -> Iterator[World]:
    settings = replace(found[0].settings, strategy="anchored")
    with World(config.build(load(SPEC), settings)) as world:
        yield world


def test_of_millions_of_events_the_last_are_kept() -> None:
    settings = replace(SETTINGS, steps_max=KEPT * 3 // 4)
    with World(config.build(load(SPEC), settings)) as world:
        failure = unfinished(world)
        events = world.trace(failure.iteration, last=100)
        count = world.traced
        assert count > KEPT and len(events) == 100
        # The failing event itself has not happened.
        assert 0 <= failure.step - events[-1].step <= len(world.tasks())
        assert [e.step for e in events] == sorted(e.step for e in events)
        first = world.event(count - KEPT)
        assert first is not None and first.step < events[0].step
        assert world.event(count - KEPT - 1) is None and world.event(count) is None
        # To compare two runs the first events are kept.
        assert world.compare(failure.iteration) is None
        beginning = world.event(0)
        assert beginning is not None and beginning.step < 1000


def test_what_was_left_out_is_said(found: Found) -> None:
    recipe, failure, decisions, _ = found
    captured = capture.capture(recipe, load(SPEC), failure, "explore", decisions)
    lines = captured.events.splitlines()
    assert len(lines) == EVENTS_READ + 1
    assert lines[0].startswith(columns.LEFT_OUT) and "events before these" in lines[0]
    assert lines[0].removeprefix("... ") in captured.table
    assert first_difference(captured.events, [], {}, captured.chains) == ""
    # What a switch is about has a name, kept or not.
    unknown = [row for row in captured.kept if not row.at]
    assert unknown and sum(bool(row.object) for row in unknown) > len(unknown) / 2


def test_a_plan_is_followed_as_long_as_there_is_patience(found: Found, followed: World) -> None:
    failure, plan = found[1], found[3]
    steps = failure.step
    followed.follow(plan)
    fates = []
    for limit, seconds in ((0, 0.0), (steps, 0.0), (steps // 2, 0.0), (0, 1e-6), (0, 0.0)):
        followed.patience(limit, seconds)
        followed.explore(failure.iteration, 1, 0.0)
        again = followed.failure()
        fates.append(again is not None and again.step == steps)
    assert fates == [True, True, False, False, True]


def test_a_failure_to_finish_is_made_small() -> None:
    settings = replace(SETTINGS, steps_max=200_000)
    recipe = Recipe(SPEC, (), settings)
    scenario = load(SPEC)
    with World(config.build(scenario, settings)) as world:
        failure = unfinished(world)
        world.trace(failure.iteration, 0)
        plan = world.plan()
    minimal = minimise(recipe, scenario, failure, plan, 5.0, lambda *_: None)
    assert minimal is not None and len(minimal.plan) <= 5 < len(plan)
    # In a hurry it was found, and with the patience of the original it fails.
    assert minimal.recipe.settings.steps_max == 200_000 and minimal.failure.step == 400_001
    wanted = Signature.of(failure)
    assert wanted == Signature.of(minimal.failure) and wanted.site == ("", "", 0)
    with Rig(scenario, minimal.recipe.settings, 0, wanted, 5.0, lambda *_: None) as rig:
        assert rig.fails_in_the_end(minimal.plan)
