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

from contextlib import suppress
from dataclasses import dataclass

from harness.core.anchors import Plan
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.failure import unfinished
from harness.failure.elsewhere import look_elsewhere
from harness.failure.exchange import exchange, exchange_cheaply
from harness.failure.fewer import simplify
from harness.failure.rig import OutOfTime, Progress, Rig, Signature, State, switches
from harness.failure.smaller import Change, changes, merged
from harness.scenario.schema import Scenario

LOOKS_FIRST, LOOKS_LAST = 6, 48  # in vain
OVER = "its time was over"
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
    stopped: str  # why


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


def search(rig: Rig) -> str:
    """The fewest switches, and why it stopped."""
    simplify(rig)
    exchange_cheaply(rig)
    look_elsewhere(rig, LOOKS_FIRST)
    exchange(rig)
    return look_elsewhere(rig, LOOKS_LAST)


def settle(rig: Rig) -> None:
    """With these switches the smallest scenario."""
    cut_scenario(rig)
    simplify(rig)


def reduce(rig: Rig) -> tuple[State, str]:
    """The smallest, and why nobody looked any further."""
    stopped = OVER
    with suppress(OutOfTime):
        rig.end = SEARCHED * rig.seconds
        stopped = search(rig)
    rig.go_back_to_smallest()
    with suppress(OutOfTime):
        rig.end = rig.seconds
        settle(rig)
    rig.go_back_to_smallest()
    return rig.state(), stopped


def minimise(
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    plan: Plan,
    seconds: float,
    progress: Progress,
) -> Minimal | None:
    """None: not even the whole plan fails in the same way; or what is left of one that does not end
    ends after all."""
    wanted, endless = Signature.of(failure), failure.is_unfinished()
    settings = unfinished.hurried(recipe.settings) if endless else recipe.settings
    with Rig(scenario, settings, failure.iteration, wanted, seconds, progress) as rig:
        if not rig.fails(plan):
            return None
        best, stopped = reduce(rig)
        if endless and not unfinished.fails_in_full(rig, best, recipe.settings.steps_max):
            return None
        best = rig.state()
        return Minimal(
            recipe=Recipe(recipe.spec, merged(recipe.overrides, best.overrides), best.settings),
            scenario=best.scenario,
            plan=best.plan,
            failure=best.failure,
            before=switches(plan),
            replays=rig.replays,
            elapsed_s=rig.elapsed(),
            stopped=stopped,
        )
