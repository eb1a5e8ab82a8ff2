# SPDX-License-Identifier: GPL-2.0-only
"""``Program.explore()``: the command from within Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.core.token import Recipe
from harness.program.build import Program
from harness.run import outcomes
from harness.run.explore import Exploration, Limits
from harness.run.explore import explore as explore_scenario
from harness.scenario.settings import Settings
from harness.signals import Interrupt

SCHEDULES = 10000


@dataclass(frozen=True)
class Result:
    """What an exploration found; str() is the outcome table."""

    schedules: int
    distinct: int
    violation: str  # the oracle's name; empty: none
    message: str
    outcomes: list[dict[str, Any]]  # registers, count, verdict, text
    found: Exploration

    def __str__(self) -> str:
        lines = [f"{self.schedules} schedules ({self.distinct} distinct)"]
        if self.outcomes:
            lines += outcomes.outcome_table(self.found)
        if self.violation:
            lines.append(f"{self.violation}: {self.message}")
        return "\n".join(lines)


def explore(
    program: Program,
    strategy: str,
    memory: str,
    schedules: int | None,
    seconds: float | None,
    seed: int,
) -> Result:
    scenario = program.scenario()
    settings = Settings(seed=seed, strategy=strategy, memory=memory)
    recipe = Recipe(scenario.name, (), settings)
    if schedules is None and seconds is None:
        schedules = SCHEDULES
    limits = Limits(schedules, seconds)
    found = explore_scenario(recipe, scenario, limits, 1, Interrupt(), lambda *_: None)
    failure = found.failure
    return Result(
        schedules=found.totals["schedules"],
        distinct=found.totals["distinct"],
        violation=failure.oracle if failure else "",
        message=failure.message if failure else "",
        outcomes=outcomes.outcome_rows(found),
        found=found,
    )
