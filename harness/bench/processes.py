# SPDX-License-Identifier: GPL-2.0-only
"""What a second process is worth: ``explore --jobs 2`` against ``--jobs 1``, by the wall clock.

The start of the processes counts, as it does for users.
"""

import os

from harness.bench.row import Effort, Row, Target, make_row
from harness.bench.workshop import ROOT
from harness.core.token import Recipe
from harness.errors import HarnessError
from harness.run.explore import Limits, explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

SEED = 7
ROUNDS_LESS = 2  # than others: a sample takes long
LONGER = 10  # times a sample of one process
Case = tuple[str, str, tuple[tuple[str, str], ...], str]
CASES: tuple[Case, ...] = (  # title, scenario, overrides, strategy
    ("zap-vs-fault, random", "zap-vs-fault", (), "random"),
    ("fib 7, dpor", f"{ROOT}/examples/counts.py::fib", (("n", "7"),), "dpor"),
)


def points_a_second(
    spec: str, overrides: tuple[tuple[str, str], ...], strategy: str, jobs: int, seconds: float
) -> float:
    """In millions."""
    recipe = Recipe(spec, overrides, Settings(SEED, strategy=strategy))
    loaded = scenarios.load(spec, overrides)
    found = explore(
        recipe,
        loaded,
        Limits(None, seconds),
        jobs,
        Interrupt(),
        lambda *_: None,
        divided=True,
    )
    if found.failure is not None:
        raise HarnessError("a benchmark found a violation; its figures mean nothing")
    return found.totals["schedule_points"] / found.elapsed_s / 1e6


def processes(effort: Effort) -> list[Row]:
    enough = len(os.sched_getaffinity(0)) >= 2
    rows = []
    for title, spec, overrides, strategy in CASES:
        two, one = list[float](), list[float]()
        for _ in range(max(1, effort.rounds - ROUNDS_LESS)):
            for jobs, rates in ((2, two), (1, one)):
                seconds = LONGER * effort.seconds
                rates.append(points_a_second(spec, overrides, strategy, jobs, seconds))
        rows.append(
            make_row(
                f"explore --jobs 2: {title}", "M points/s", two,
                "--jobs 1", one, Target(">= 1.9x", ratio=1.9) if enough else None,
            )
        )  # fmt: skip
    return rows
