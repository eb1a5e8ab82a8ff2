# SPDX-License-Identifier: GPL-2.0-only
"""Make an execution small that does not end: a replay of all its millions of steps takes a second.

So the patience is cut, and not the claim: the search is for a plan after which even a short
execution is not over, and what it finds has to fail as the original did, after as many steps, or it
does not count.
"""

from dataclasses import replace

from harness.failure.rig import Rig, State
from harness.scenario.settings import Settings

STEPS_HURRIED = 50_000  # before the fair tail begins, and as many in it


def hurried(settings: Settings) -> Settings:
    return replace(settings, steps_max=STEPS_HURRIED)


def fails_in_full(rig: Rig, best: State, steps_max: int) -> bool:
    """Whether it fails with all the patience of the original; the rig then has it so."""
    rig.go_back(best)
    rig.with_settings(replace(best.settings, steps_max=steps_max))
    return rig.fails_in_the_end(best.plan)
