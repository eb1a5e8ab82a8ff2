# SPDX-License-Identifier: GPL-2.0-only
"""Fewer switches, by each way to them: where a known few of them make it fail, and in the core."""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pytest

pytest.importorskip("harness._core")

from harness.core import config
from harness.core.anchors import Anchor, Plan
from harness.core.structs import Event
from harness.core.token import Recipe
from harness.core.world import World
from harness.failure import elsewhere, exchange
from harness.failure.fewer import drop, simplify
from harness.failure.minimise import minimise
from harness.failure.rig import Rig, Signature, State, switches
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings

SPEC, BUG, SEED = "notifier-vs-fault", "H6", 1
PATIENCE_S = 1e6  # nothing depends on the time there is
SHARED, OWN = 64, 128  # addresses


def event(task: int, occurrence: int, addr: int = SHARED) -> Event:
    where = ("f", "f.c", 1, "word", "word", addr, 0, 0, 0, addr)
    return Event(occurrence, task, "store", *where, occurrence)


def switch(task: int, occurrence: int, choice: int) -> Anchor:
    return Anchor(task, "store", SHARED, occurrence, 0, choice)


class Model:
    """What a rig is asked for, where it is known which plans fail."""

    def __init__(self, plan: Plan, *smaller: Plan) -> None:
        self.best, self.replays = plan, 0
        self.failing = {frozenset(one) for one in (plan, *smaller)}

    def fails(self, plan: Plan) -> bool:
        self.replays += 1
        if frozenset(plan) not in self.failing:
            return False
        self.best = tuple(plan)
        return True

    def trace(self) -> list[Event]:
        return [event(task, n) for n in range(1, 6) for task in (2, 3)]

    def rig(self) -> Rig:
        return cast(Rig, self)


A, B, C, D = (switch(2 + n % 2, 1 + n // 2, 3 - n % 2) for n in range(4))


def test_two_go_where_none_goes_alone() -> None:
    model = Model((A, B, C, D), (A, D))
    drop(model.rig())
    assert len(model.best) == 4
    assert exchange.drop_two(model.rig()) and set(model.best) == {A, D}
    assert not exchange.drop_two(model.rig())


def test_one_is_moved_and_another_one_goes() -> None:
    moved = switch(A.task, 4, A.choice)
    model = Model((A, B, C), (moved, C))
    drop(model.rig())
    assert not exchange.drop_two(model.rig()) and len(model.best) == 3
    assert exchange.bend(model.rig()) and set(model.best) == {moved, C}


def test_one_elsewhere_stands_for_two() -> None:
    other = switch(3, 5, 2)
    model = Model((A, B, C, D), (A, C, other))
    assert exchange.merge(model.rig()) and set(model.best) == {A, C, other}


def test_what_only_one_task_touches_is_no_place_for_a_switch() -> None:
    events = [event(2, 1), event(3, 1), event(2, 1, OWN)]
    assert {anchor.object for anchor in exchange.places(events) if anchor.op != "none"} == {SHARED}


@pytest.fixture(scope="module")
def found() -> Iterator[tuple[Rig, State]]:
    """A failure of the core, as it is after delta debugging."""
    scenario, settings = load(SPEC), Settings(seed=SEED, bugs=(BUG,))
    with World(config.build(scenario, settings)) as world:
        world.explore(0, 10_000, 0.0)
        failure = world.failure()
        assert failure is not None
        decisions = world.decisions()
    replay = Settings(seed=SEED, bugs=(BUG,), strategy="replay")
    with World(config.build(scenario, replay)) as world:
        world.replay(decisions)
        world.trace(failure.iteration, 0)
        plan = world.plan()
    wanted = Signature.of(failure)
    with Rig(scenario, settings, failure.iteration, wanted, PATIENCE_S, lambda *_: None) as rig:
        assert rig.fails(plan)
        simplify(rig)
        yield rig, rig.state()


def test_other_executions_fail_in_the_same_way(
    found: tuple[Rig, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "FOUND_MAX", 4)
    rig, before = found
    rig.go_back(before)
    settings = replace(rig.whole, strategy="mix", steps_max=rig.steps)
    executions, following = elsewhere.executions(rig, settings, 0)
    iterations = [iteration for iteration, _ in executions]
    assert len(set(iterations)) == 4 and max(iterations) < following
    plans = elsewhere.anchored(rig, settings, executions)
    assert [len(plan) for _, plan in plans] == sorted(len(plan) for _, plan in plans)
    rig.with_settings(rig.whole)
    states = list(elsewhere.lightened(rig, plans))
    assert states and {state.iteration for state in states} <= set(iterations)
    assert all(Signature.of(state.failure) == rig.wanted for state in states)


def test_a_look_leaves_what_is_better(
    found: tuple[Rig, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "FOUND_MAX", 4)
    rig, before = found
    rig.go_back(before)
    assert elsewhere.look(rig, elsewhere.Look("mix"), 0)
    after = rig.state()
    assert after.size() <= before.size()
    where = (after.scenario, after.settings, after.iteration, rig.wanted, PATIENCE_S)
    with Rig(*where, lambda *_: None) as again:
        assert again.fails(after.plan) and again.failure == after.failure


def test_a_budget_that_is_over_leaves_what_was_found(found: tuple[Rig, State]) -> None:
    rig, before = found
    rig.close()
    recipe = Recipe(SPEC, (), before.settings)
    smallest = minimise(recipe, before.scenario, before.failure, before.plan, 0.0, lambda *_: None)
    assert smallest is not None and switches(smallest.plan) <= switches(before.plan)
