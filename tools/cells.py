# SPDX-License-Identifier: GPL-2.0-only
"""What there is to explore, as recipes, and one of them explored in this process.

A cell is a scenario with a base profile, a memory model and a strategy.  Starting an interpreter
costs more than a short exploration, so the tools that run many cells run them in few processes.
"""

from collections.abc import Iterator, Sequence
from itertools import product

from harness.commands.common import profile_override
from harness.core import catalogue
from harness.core.config import PROFILES
from harness.core.token import Recipe
from harness.run import explore
from harness.run.explore import Exploration, Limits
from harness.scenario import scenarios
from harness.scenario.settings import MEMORY_MODELS, Settings
from harness.signals import Interrupt

FOLLOWING = frozenset({"replay", "anchored"})  # strategies that follow a plan


def strategies() -> list[str]:
    """Those that draw schedules by a seed: neither a plan nor an enumeration."""
    names = [entry.name for entry in catalogue.strategies()]
    return [name for name in names if name not in FOLLOWING and not catalogue.is_search(name)]


def all_cells(
    seed: int, strategy_names: Sequence[str], memories: Sequence[str] = MEMORY_MODELS
) -> Iterator[Recipe]:
    """Every scenario under every base profile and memory model; scenarios vary fastest."""
    for strategy, memory, profile in product(strategy_names, memories, PROFILES):
        for name in scenarios.scenario_files():
            settings = Settings(seed=seed, strategy=strategy, memory=memory)
            yield Recipe(name, (("vm.profile", f'"{profile}"'),), settings)


def switch_cell(bug: catalogue.Bug, seed: int, strategy: str) -> Recipe:
    """A switch in its own scenario, on the base and under the memory model that it needs."""
    settings = Settings(seed=seed, strategy=strategy, memory=bug.memory, bugs=(bug.name,))
    return Recipe(bug.scenario, profile_override([bug]), settings)


def run(recipe: Recipe, limits: Limits, interrupt: Interrupt | None = None) -> Exploration:
    loaded = scenarios.load(recipe.spec, recipe.overrides)
    return explore.explore(recipe, loaded, limits, 1, interrupt or Interrupt(), lambda *_: None)
