# SPDX-License-Identifier: GPL-2.0-only
"""The runs that tools/native_coverage.py counts, in one process: every cell, or every switch.

Each is explored for a number of schedules and not for a time, so that what is reached is the same
each time.  `--part 0/2` takes every second.
"""

import argparse
import sys
from collections.abc import Iterator

import cells

from harness.core import catalogue
from harness.core.token import Recipe
from harness.run.explore import Limits

SEED = 1
SEEDS_OF_A_SWITCH = 3  # an exploration ends at the first violation


def switches() -> Iterator[Recipe]:
    for bug in catalogue.bugs():
        for seed in range(SEED, SEED + SEEDS_OF_A_SWITCH):
            yield cells.switch_cell(bug, seed, "mix")


def main() -> int:
    parser = argparse.ArgumentParser(description="runs for tools/native_coverage.py")
    parser.add_argument("--part", default="0/1", help="which of how many")
    parser.add_argument("--schedules", type=int, required=True)
    parser.add_argument("--switches", action="store_true")
    args = parser.parse_args()
    index, count = (int(text) for text in args.part.split("/"))
    recipes = list(switches() if args.switches else cells.all_cells(SEED, ["mix"]))
    for recipe in recipes[index::count]:
        found = cells.run(recipe, Limits(schedules=args.schedules))
        if found.failure is not None and not args.switches:
            print(f"{recipe.spec}: {found.failure.message}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
