# SPDX-License-Identifier: GPL-2.0-only
"""Make a failure small: less work, fewer forced switches, and still the same failure.

The same failure is the same oracle at the same site; whatever else a smaller execution runs into
is another finding and does not count.

1. Fewer switches, then less work, then again (fewer.py).
2. Two switches by none, or one moved a little and another one by none (exchange.py).
3. The same with other executions that fail in this way, again and again (elsewhere.py).
4. Two switches, or all but one, by one other, wherever it may be; and other executions again.
5. Less of the scenario: an empty start, and smaller ranges (smaller.py).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from harness.core.anchors import Plan
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.failure.elsewhere import look_elsewhere
from harness.failure.exchange import exchange, exchange_cheaply
from harness.failure.fewer import simplify
from harness.failure.rig import OutOfTime, Progress, Rig, Signature, State, switches
from harness.failure.smaller import Change, changes, merged
from harness.scenario.schema import Scenario

LOOKS_FIRST, LOOKS_LAST = 6, 48  # in vain
SEARCHED = 0.9  # of the budget; what is left is for the scenario


@dataclass(frozen=True)
class Minimal:
    """The smallest execution found that fails in the same way."""

    recipe: Recipe  # by the anchored strategy, with tasks cut short
    scenario: Scenario  # with less of it
    plan: Plan
    failure: Failure
    before: int  # forced switches
    replays: int
    elapsed_s: float


def cut_scenario(rig: Rig) -> None:
    """Whatever of the scenario can go without another schedule."""
    before = rig.state()
    while any(tried(rig, before, change) for change in changes(before.scenario)):
        before = rig.state()


def tried(rig: Rig, before: State, change: Change) -> bool:
    rig.with_change(change)
    if rig.fails(before.plan):
        return True
    rig.go_back(before)
    return False


def search(rig: Rig) -> None:
    """The fewest switches."""
    simplify(rig)
    exchange_cheaply(rig)
    look_elsewhere(rig, LOOKS_FIRST)
    exchange(rig)
    look_elsewhere(rig, LOOKS_LAST)


def settle(rig: Rig) -> None:
    """With these switches the smallest scenario."""
    cut_scenario(rig)
    simplify(rig)


def reduce(rig: Rig) -> State:
    parts: tuple[tuple[float, Callable[[Rig], None]], ...] = ((SEARCHED, search), (1.0, settle))
    for share, part in parts:
        with suppress(OutOfTime):
            rig.end = share * rig.seconds
            part(rig)
        assert rig.smallest is not None
        rig.go_back(rig.smallest)
    return rig.state()


def minimise(
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    plan: Plan,
    seconds: float,
    progress: Progress,
) -> Minimal | None:
    """None: not even the whole plan fails in the same way."""
    wanted = Signature.of(failure)
    with Rig(scenario, recipe.settings, failure.iteration, wanted, seconds, progress) as rig:
        return smallest_of(rig, recipe, plan)


def smallest_of(rig: Rig, recipe: Recipe, plan: Plan) -> Minimal | None:
    if not rig.fails(plan):
        return None
    best = reduce(rig)
    return Minimal(
        recipe=Recipe(recipe.spec, merged(recipe.overrides, best.overrides), best.settings),
        scenario=best.scenario,
        plan=best.plan,
        failure=best.failure,
        before=switches(plan),
        replays=rig.replays,
        elapsed_s=rig.elapsed(),
    )
