# SPDX-License-Identifier: GPL-2.0-only
"""How soon each planted bug is found: `make quality`.

Every switch of the catalogue runs in its own scenario under the default strategy, once for each of
N seeds, until an oracle is violated or the budget is used up.  Prints a table and fails where a
switch is not found with some seed, or by an oracle that the catalogue does not name for it.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import planted


@dataclass
class Found:
    """What became of one switch over all seeds."""

    name: str
    scenario: str
    expected: Sequence[str]
    schedules: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    oracles: set[str] = field(default_factory=set)
    runs: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.problems and len(self.schedules) == self.runs

    def row(self) -> tuple[str, ...]:
        def figures(values: Sequence[float], form: str) -> tuple[str, str]:
            if not values:
                return "-", "-"
            return format(statistics.median(values), form), format(max(values), form)

        return (
            self.name,
            self.scenario,
            f"{len(self.schedules)}/{self.runs}",
            *figures(self.schedules, ".0f"),
            *figures(self.seconds, ".2f"),
            " ".join(sorted(self.oracles)),
        )


HEAD = ("bug", "scenario", "found", "schedules", "max", "seconds", "max", "oracles")


def hunt(found: Found, seed: int, budget: float, results: str) -> None:
    """One switch with one seed."""
    caught = planted.hunt(found.name, seed, budget, results)
    found.runs += 1
    if not caught:
        found.problems.append(f"{found.name}: not found with seed {seed} in {budget:g} s")
        return
    found.schedules.append(caught.schedules)
    found.seconds.append(caught.seconds)
    found.oracles.add(caught.oracle)
    if caught.oracle not in found.expected:
        found.problems.append(
            f"{found.name}: found by {caught.oracle} with seed {seed};"
            f" the catalogue names {', '.join(found.expected)}"
        )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How soon each planted bug is found.")
    parser.add_argument("--seeds", type=int, default=5, help="seeds for each switch; default: 5")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for each seed")
    parser.add_argument("--jobs", type=int, default=1, help="switches at a time")
    parser.add_argument("--only", action="append", metavar="BUG", help="these switches; repeatable")
    return parser.parse_args()


def main() -> int:
    args = parse()
    hunts = [
        Found(bug["name"], bug["scenario"], bug["oracles"])
        for bug in planted.switches(args.only or ())
    ]

    def one(found: Found) -> None:
        with tempfile.TemporaryDirectory() as results:
            for seed in range(args.first_seed, args.first_seed + args.seeds):
                hunt(found, seed, args.budget, results)
        print(f"{found.name}: {len(found.schedules)}/{found.runs}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(max(args.jobs, 1)) as pool:
        list(pool.map(one, hunts))
    print(planted.table(HEAD, [found.row() for found in hunts]))
    problems = [problem for found in hunts for problem in found.problems]
    for problem in problems:
        print(problem, file=sys.stderr)
    good = sum(found.good for found in hunts)
    print(f"{good} of {len(hunts)} switches found with each of {args.seeds} seeds")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
