# SPDX-License-Identifier: GPL-2.0-only
"""Make an execution small that does not end: a replay of all its millions of steps takes a second.

So the patience is cut, and not the claim: the search is for a plan after which even a short
execution is not over, and what it finds has to fail as the original did, after as many steps, or it
does not count.
"""

from dataclasses import replace

from harness.core.anchors import Plan
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.failure.minimise import Minimal, smallest_of
from harness.failure.rig import Progress, Rig, Signature
from harness.scenario.schema import Scenario

STEPS_HURRIED = 50_000  # before the fair tail begins, and as many in it


def minimise_unfinished(
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    plan: Plan,
    seconds: float,
    progress: Progress,
) -> Minimal | None:
    """None: in a hurry it fails in another way, or not with all the patience of the original."""
    wanted, settings = Signature.of(failure), replace(recipe.settings, steps_max=STEPS_HURRIED)
    with Rig(scenario, settings, failure.iteration, wanted, seconds, progress) as rig:
        found = smallest_of(rig, recipe, plan)
        if found is None:
            return None
        patient = replace(found.recipe.settings, steps_max=recipe.settings.steps_max)
        rig.with_settings(patient)
        rig.iteration = found.failure.iteration
        failed = rig.fails_in_the_end(found.plan)
        if failed is None:
            return None
        return replace(
            found,
            recipe=replace(found.recipe, settings=patient),
            failure=failed,
            plan=rig.best,
            replays=rig.replays,
            elapsed_s=rig.elapsed(),
        )
