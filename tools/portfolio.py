# SPDX-License-Identifier: GPL-2.0-only
"""Which strategy finds which planted bug, and how soon: the evidence for mix's weights.

Every switch of the catalogue runs in its own scenario under each strategy, once for each of N
seeds, until an oracle is violated or the budget of schedule points is used up.  What is printed is
the median number of schedule points in thousands, which no other load of the machine changes; a
seed that found nothing counts as the whole budget, and `>` says that the median is such a one.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence

from harness.core import catalogue, config
from harness.core.world import World
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings

STRATEGIES = "random,sticky,pct2,pct3,pct5,pct12,pos,urw,surw,rff,mix"
BLOCK = 64  # executions between two looks at the budget


def settings_of(bug: catalogue.Bug, strategy: str, seed: int) -> Settings:
    name, depth = (strategy[:3], int(strategy[3:])) if strategy.startswith("pct") else (strategy, 1)
    memory = "tso" if bug.memory == "tso" else "sc"
    return Settings(seed=seed, strategy=name, depth=depth, memory=memory, bugs=(bug.name,))


def points_until_found(bug: catalogue.Bug, strategy: str, seed: int, budget: int) -> int | None:
    legacy = bug.profile == "legacy-roots"
    overrides = (("vm.profile", '"legacy-roots"'),) if legacy else ()
    scenario = load(bug.scenario, overrides)
    with World(config.build(scenario, settings_of(bug, strategy, seed))) as world:
        first = 0
        while world.totals()["schedule_points"] < budget:
            first += world.explore(first, BLOCK, 0.0)
            if world.failure() is not None:
                return int(world.totals()["schedule_points"])
    return None


def cell(found: Sequence[int | None], budget: int) -> str:
    median = statistics.median(budget if points is None else points for points in found)
    return f"> {budget // 1000}" if median >= budget else f"{median / 1000:.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Which strategy finds which planted bug.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--points", type=float, default=8.0, help="budget for each seed, millions")
    parser.add_argument("--strategies", default=STRATEGIES, metavar="A,B,...")
    parser.add_argument("--only", action="append", metavar="BUG")
    args = parser.parse_args()
    names, budget = args.strategies.split(","), int(args.points * 1e6)
    wanted = {name.upper() for name in args.only or ()}
    print(f"| switch | {' | '.join(names)} |")
    print("|---|" + "---:|" * len(names))
    for bug in catalogue.bugs():
        if wanted and bug.name.upper() not in wanted:
            continue
        cells = []
        for name in names:
            seeds = range(1, args.seeds + 1)
            cells.append(
                cell([points_until_found(bug, name, seed, budget) for seed in seeds], budget)
            )
        print(f"| {bug.name} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
