# SPDX-License-Identifier: GPL-2.0-only
"""What it costs to measure contention: the same with lock statistics and without, in turns.

Both variants run the very same executions, piece by piece, and of each piece the quickest round
counts: what else the machine was doing only ever adds.  In processor time.
"""

import time

from harness.bench.row import Effort, Row, Target, make_row
from harness.core import config
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import HarnessError
from harness.run import free
from harness.run.live import Silent
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

SEED = 7
GOAL = Target("at most 10 % more", ratio=1 / 1.1)
PIECES, SCHEDULES = 4, 50  # of a round
SCENARIOS = ("zap-vs-fault", "memslot-churn")
VARIANTS = (True, False)


def pieces(name: str, lock_stat: bool) -> tuple[list[float], int]:
    """Seconds of each piece, and the schedule points of all."""
    settings = Settings(SEED, strategy="random", lock_stat=lock_stat, check_every=0)
    with World(config.build(scenarios.load(name), settings)) as world:
        world.explore(0, SCHEDULES, 0.0)
        before, seconds = world.totals()["schedule_points"], []
        for piece in range(1, PIECES + 1):
            began = time.process_time()
            world.explore(piece * SCHEDULES, SCHEDULES, 0.0)
            seconds.append(time.process_time() - began)
        return seconds, world.totals()["schedule_points"] - before


def explored(name: str, rounds: int) -> Row:
    best: dict[bool, list[float]] = {}
    points = 0
    for _ in range(2 * rounds):
        for lock_stat in VARIANTS:
            seconds, points = pieces(name, lock_stat)
            least = best.get(lock_stat, seconds)
            best[lock_stat] = [min(pair) for pair in zip(least, seconds, strict=True)]
    ours, peer = (1e9 * sum(best[lock_stat]) / points for lock_stat in VARIANTS)
    return make_row(
        f"measuring: explore {name}", "ns/point", [ours], "--lock-stat off", [peer], GOAL,
        more_is_better=False,
    )  # fmt: skip


def stressed(lock_stat: bool, seconds: float) -> float:
    """Processor time of a checked operation of one vCPU, in nanoseconds."""
    changes = tuple(scenarios.vcpu_override(1))
    settings = Settings(SEED, controlled=False, lock_stat=lock_stat)
    recipe = Recipe("fault-storm", changes, settings)
    loaded = scenarios.load(recipe.spec, changes, controlled=False)
    run = free.run(recipe, loaded, seconds, Interrupt(), Silent(), lambda *_: None)
    vcpu = next(state for state in run.tasks if state.name == "vcpu0")
    spent = run.used.cpu_s.get(vcpu.id)
    if run.failure is not None or not spent or not vcpu.operations:
        raise HarnessError("a free run ended early; its figures mean nothing")
    return 1e9 * spent / vcpu.operations


def measuring(effort: Effort) -> list[Row]:
    """Rows of `mmutorture bench`."""
    rows = [explored(name, effort.rounds) for name in SCENARIOS]
    best = dict.fromkeys(VARIANTS, float("inf"))
    for _ in range(2 * effort.rounds):
        for lock_stat in VARIANTS:
            best[lock_stat] = min(best[lock_stat], stressed(lock_stat, effort.seconds))
    rows.append(
        make_row(
            "measuring: stress fault-storm, checked, one vCPU", "ns/operation", [best[True]],
            "--lock-stat off", [best[False]], GOAL, more_is_better=False,
        )
    )  # fmt: skip
    return rows
