# SPDX-License-Identifier: GPL-2.0-only
"""Do failures reproduce from their tokens, in both executions, with equal digests?

Collects failures of every switch (25 each: more than a thousand in all), writes their tokens, reads
them back, and replays each one with fibers by its recipe and by its plan, and with processes.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.commands.common import profile_override
from harness.core import catalogue, config
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.core.world import World
from harness.failure import capture
from harness.failure.reproduce import Target, find_target
from harness.run.lockstep import lockstep_world
from harness.scenario.scenarios import load
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings

ITERATIONS = 1 << 40


@dataclass(frozen=True)
class Known:
    """A failure and the target that its token means."""

    failure: Failure
    target: Target


def violations(
    recipe: Recipe, scenario: Scenario, count: int, seconds: float
) -> list[tuple[Failure, bytes]]:
    found: list[tuple[Failure, bytes]] = []
    with World(config.build(scenario, recipe.settings)) as world:
        first = 0
        while len(found) < count:
            first += world.explore(first, ITERATIONS, seconds)
            failure = world.failure()
            if failure is None:
                break
            found.append((failure, world.decisions()))
    return found


def known(recipe: Recipe, scenario: Scenario, count: int, seconds: float) -> list[Known]:
    rows = []
    for failure, decisions in violations(recipe, scenario, count, seconds):
        kept = capture.capture(recipe, scenario, failure, "explore", decisions)
        target = find_target(kept.record.token)
        whole = replace(target.token, plan=kept.plan)
        rows.append(Known(failure, replace(target, token=whole)))
    return rows


def agree(world: World, rows: list[Known], *, lockstep: bool = False, plan: bool = False) -> int:
    """How many replays end in the same violation after the same events."""
    good = 0
    for row in rows:
        if plan:
            world.follow(row.target.token.plan or ())
        run = world.lockstep if lockstep else world.explore
        run(row.target.token.iteration, 1, 0.0)
        failure = world.failure()
        good += failure is not None and (failure.oracle, failure.digest) == (
            *(row.failure.oracle, row.failure.digest),
        )
    return good


def replays(rows: list[Known]) -> tuple[int, int, int]:
    """By recipe with fibers, by plan with fibers, by recipe with processes."""
    target = rows[0].target
    recipe = target.token.recipe
    with World(config.build(target.scenario, recipe.settings)) as world:
        fibers = agree(world, rows)
    anchored = replace(recipe.settings, strategy="anchored")
    with World(config.build(target.scenario, anchored)) as world:
        plans = agree(world, rows, plan=True)
    with lockstep_world(target.scenario, recipe) as world:
        processes = agree(world, rows, lockstep=True)
    return fibers, plans, processes


def main() -> int:
    parser = argparse.ArgumentParser(description="Do failures reproduce from their tokens?")
    parser.add_argument("--each", type=int, default=25, help="failures of each switch")
    parser.add_argument("--seconds", type=float, default=5.0, help="to look for the next one")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    total, sums = 0, [0, 0, 0]
    for bug in catalogue.bugs():
        settings = Settings(seed=args.seed, memory=bug.memory, bugs=(bug.name,))
        recipe = Recipe(bug.scenario, profile_override([bug]), settings)
        rows = known(recipe, load(recipe.spec, recipe.overrides), args.each, args.seconds)
        if not rows:
            print(f"{bug.name}: not found in {args.seconds:g} s", flush=True)
            continue
        good = replays(rows)
        total += len(rows)
        sums = [a + b for a, b in zip(sums, good, strict=True)]
        print(f"{bug.name}: {len(rows)} failures, reproduced {good}", flush=True)
    print(f"{total} failures; by recipe {sums[0]}, by plan {sums[1]}, in lockstep {sums[2]}")
    return 0 if total and sums == [total] * 3 else 1


if __name__ == "__main__":
    raise SystemExit(main())
