# SPDX-License-Identifier: GPL-2.0-only
"""What the live view costs the workers: the same free run with it and without, in turns.

The first row is what is held to the budget: processor time of the supervisor, which has nothing
else to do, and whose every tick the workers could have had.  The second is what becomes of their
work; on a machine of which others have a part it says more about them.
"""

import io

from harness.bench.row import Effort, Row, Target, make_row
from harness.core.token import Recipe
from harness.run import free
from harness.run.live import Screen, Silent, View
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings
from harness.signals import Interrupt

SCENARIO = "fault-storm"
OVERRIDES = (("tasks.vcpu.count", "2"), ("tasks.vmm.pace-faults", "24576"))
SECONDS, SECONDS_QUICK = 2.0, 0.5


class Terminal(io.StringIO):
    """Takes what is drawn, and looks at none of it."""

    def isatty(self) -> bool:
        return True


def one(view: View, seconds: float) -> tuple[float, float]:
    """Percent of all processors that the supervisor took; faults per core-second of the workers."""
    settings = Settings(seed=1, controlled=False, checks=False)
    recipe = Recipe(SCENARIO, OVERRIDES, settings)
    scenario = load(SCENARIO, OVERRIDES, controlled=False)
    run = free.run(recipe, scenario, seconds, Interrupt(), view, lambda *_: None)
    worked = sum(spent or 0.0 for spent in run.used.cpu_s.values())
    faults = sum(state.faults for state in run.tasks)
    return 100 * (run.used.own or 0.0), faults / max(worked, 1e-9)


def live_view(effort: Effort) -> list[Row]:
    seconds = SECONDS if effort.instructions else SECONDS_QUICK
    shown, silent = [], []
    for _ in range(effort.rounds):
        shown.append(one(Screen(SCENARIO, seconds, Terminal()), seconds))
        silent.append(one(Silent(), seconds))
    without = "without it"
    return [
        make_row(
            "free: live view, processor time", "% of all", [own for own, _ in shown],
            without, [own for own, _ in silent], Target("<= 1", high=1), more_is_better=False,
        ),
        make_row(
            "free: live view, two vCPUs", "faults/core-s", [rate for _, rate in shown],
            without, [rate for _, rate in silent],
        ),
    ]  # fmt: skip
