# SPDX-License-Identifier: GPL-2.0-only
"""The installed core: exploring, in fibers and in lockstep."""

import time

from harness._core import ffi, lib
from harness.bench.row import Effort, Row, Target, make_row
from harness.core import config as scenario_config
from harness.core.catalogue import find_index, strategies
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import HarnessError
from harness.run.lockstep import lockstep_world
from harness.scenario import scenarios
from harness.scenario.settings import Settings

SEED = 7
PT3_TASKS = 3
WARM_SCHEDULES = 1_000


def pt3_world(strategy: str) -> World:
    """The program pt3: two faulters and a zapper, no VM; written for other testers as well."""
    config = ffi.new("struct mmut_config *")
    config.seed, config.oracles, config.controlled = SEED, (1 << 64) - 1, 1
    config.strategy = find_index(strategy, "strategy", strategies())
    config.pct_depth, config.contention_percent = 3, scenario_config.CONTENTION_PERCENT
    config.program, config.nr_tasks = 1, PT3_TASKS
    for number in range(PT3_TASKS):
        config.tasks[number].name = f"task{number}".encode()
        config.tasks[number].kind = lib.MMUT_TASK_PROGRAM
    return World(config)


def explored(world: World, count: int, seconds: float) -> tuple[float, float]:
    """Schedules and schedule points for each second of processor time, once memory is warm."""
    warm = world.explore(0, WARM_SCHEDULES, 0)
    before, began = world.totals(), time.process_time()
    done = world.explore(warm, count, seconds)
    spent = time.process_time() - began
    if world.failure() is not None:
        raise HarnessError("a benchmark found a violation; its figures mean nothing")
    return done / spent, (world.totals()["schedule_points"] - before["schedule_points"]) / spent


def fibers(effort: Effort) -> list[Row]:
    random, pct, storm = [], [], []
    recipe = Recipe("zap-vs-fault", (), Settings(SEED, strategy="random"))
    config = scenario_config.build(scenarios.load(recipe.spec), recipe.settings)
    for _ in range(effort.rounds):
        with pt3_world("random") as world:
            random.append(explored(world, effort.schedules, 0))
        with pt3_world("pct") as world:
            pct.append(explored(world, effort.schedules, 0))
        with World(config) as world:
            storm.append(explored(world, 1 << 40, effort.seconds))

    def rate(name: str, samples: list[tuple[float, float]], which: int, least: float) -> Row:
        unit, scale = (("schedules/s", 1.0), ("M points/s", 1e-6))[which]
        goal = Target(f">= {least:,.0f}", low=least)
        return make_row(f"fibers: {name}", unit, [s[which] * scale for s in samples], target=goal)

    return [
        rate("pt3, random", random, 0, 400_000),
        rate("pt3, random", random, 1, 25),
        rate("pt3, pct", pct, 0, 800_000),
        rate("pt3, pct", pct, 1, 25),
        rate("zap-vs-fault, random, every oracle", storm, 1, 2),
    ]


def hand_over(vcpus: int, effort: Effort) -> tuple[float, float, float]:
    """Microseconds: for a hand-over, for one with its share of the work, and in fibers."""
    changes = tuple(scenarios.vcpu_override(vcpus))
    recipe = Recipe("zap-vs-fault", changes, Settings(SEED, strategy="random"))
    loaded = scenarios.load(recipe.spec, recipe.overrides)
    with lockstep_world(loaded, recipe) as world:
        world.lockstep(0, 1, 0)  # every worker is up and has touched its memory
        before, began = world.totals(), time.monotonic()
        done = world.lockstep(1, 1 << 40, effort.seconds)
        processes = time.monotonic() - began
        totals = world.totals()
    with World(scenario_config.build(loaded, recipe.settings)) as world:
        world.explore(0, 1, 0)
        began = time.monotonic()
        world.explore(1, done, 0)
        fiber = time.monotonic() - began
        if world.totals()["digest"] != totals["digest"]:
            raise HarnessError("lockstep and explore did not run the same executions")
    switches = totals["switches"] - before["switches"]
    return tuple(1e6 * t / switches for t in (processes - fiber, processes, fiber))  # type: ignore[return-value]


def lockstep(effort: Effort) -> list[Row]:
    rows = []
    for workers, vcpus, goal in ((3, 1, 3.0), (8, 6, 4.0)):
        samples = [hand_over(vcpus, effort) for _ in range(effort.rounds - 2)]
        what = f"lockstep: {workers} workers, one core"
        rows.append(
            make_row(
                f"{what}, hand-over", "us", [s[0] for s in samples],
                target=Target(f"<= {goal:g}", high=goal), more_is_better=False,
            )
        )  # fmt: skip
        rows.append(
            make_row(
                f"{what}, with its work", "us", [s[1] for s in samples],
                "fibers", [s[2] for s in samples], more_is_better=False,
            )
        )  # fmt: skip
    return rows
