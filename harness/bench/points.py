# SPDX-License-Identifier: GPL-2.0-only
"""What an execution costs by itself, and what a schedule point does: native/bench/explore.c."""

from pathlib import Path

from harness.bench.row import Effort, Row, Target, make_row
from harness.bench.workshop import Workshop, samples

TABLE = "native_program_program.c.o"  # of programs: the benchmark has its own
SMALL, LONG = "3 tasks of 5 operations", "3 tasks of 20 000 operations"
SEARCHED = "dpor, 3 tasks of 26 operations in all"
GOALS = (  # title, workload, strategy, watched by the race detector, column, unit, at least
    (f"fibers: {SMALL}", "small", "random", False, 0, "executions/s", 1_500_000),
    (f"fibers: {LONG}", "long", "random", False, 1, "M points/s", 25),
    (f"fibers: {LONG}, races", "long", "random", True, 1, "M points/s", 10),
    (f"fibers: {SEARCHED}", "fib", "dpor", False, 0, "executions/s", 300_000),
)


def points(shop: Workshop, core: list[Path], effort: Effort) -> list[Row]:
    program = shop.program("explore", "plain", [o for o in core if o.name != TABLE])
    rows = []
    for title, workload, strategy, races, column, unit, least in GOALS:
        watched = ["races"] if races else []
        lines = samples(program, workload, strategy, effort.seconds, effort.rounds, *watched)
        goal = Target(f">= {least:,}", low=least)
        rows.append(make_row(title, unit, [line[column] for line in lines], target=goal))
    return rows
