# SPDX-License-Identifier: GPL-2.0-only
"""Strategies against known probabilities: `make calibrate`.

Each program of examples/zoo.py is explored N times under each strategy, and the share of the
schedules that show its bug is held against a known value:

* closed forms: within 5 standard deviations of the binomial distribution;
* measured values (by an independent implementation, rounded to three digits): within 10 percent,
  beyond what the sample itself may deviate (3 standard deviations).

Absolute figures depend on what is an event: all tasks start together, and only shared accesses
and operations of locks are events.  PCT counts every event of the longest profile execution
towards k and demotes the task that has just executed a change point.

The values of 50 and 100 tasks come, as far as their scatter tells, from some ten thousand schedules
each: SURW's .0115 on reorder_100 is then known to 9 percent (one standard deviation), and
a measured 0, "none in 10^4 or more", says that the probability is below 3 in 10^4 (95 percent).
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from harness.run import rate
from harness.run.explore import Limits
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings
from harness.signals import Interrupt

ROOT = Path(__file__).resolve().parent.parent
ZOO = ROOT / "examples" / "zoo.py"
SIGMAS = 5.0
SHARE = 0.10
NONE_SEEN = 3 / 10_000  # what a measured 0 leaves open
STEPS = 30_000_000  # of all runs for one value: a minute
STRATEGIES = ("random", "pct1", "pct2", "pct3", "pos", "urw", "surw")
# Programs that depend on who waits for which lock: the inversion alone is another finding.
WITHOUT = ("lockdep",)

Known = float | Fraction | None


@dataclass(frozen=True)
class Row:
    """A program, its parameters, and per strategy what is known: a fraction is a closed form."""

    label: str
    program: str
    set: tuple[tuple[str, str], ...]
    k: int
    known: tuple[Known, ...]


def of(**parameters: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(value)) for name, value in parameters.items())


def uneven(writes: int, pct3: float) -> Row:
    k = writes + 2
    walk, even = Fraction(1, 2 ** (writes + 1)), Fraction(1, writes + 2)
    known = (walk, Fraction(0), Fraction(1, 2 * k), pct3, walk, even, even)
    return Row(f"uneven 1 vs {writes}", "uneven", of(k=writes), k, known)


F = Fraction
ROWS = (
    Row(
        "reorder_3", "reorder", of(setters=2), 6, (0.245, F(0), F(1, 9), 0.205, 0.323, 0.310, 0.352)
    ),
    Row(
        "reorder_10",
        "reorder",
        of(setters=9),
        20,
        (0.127, F(0), 0.0099, 0.0198, 0.156, 0.145, 0.129),
    ),
    Row(
        *("reorder_50", "reorder", of(setters=40, checkers=10), 100),
        (0.313, F(0), 0.0039, 0.0090, 0.333, 0.323, 0.254),
    ),
    Row(
        *("reorder_100", "reorder", of(setters=99), 200),
        (0.0169, F(0), 2.1e-4, 2.9e-4, 0.0178, 0.0184, 0.0115),
    ),
    Row("twostage", "twostage", (), 13, (F(1, 32), F(0), 0.115, 0.175, 0.0997, 0.0381, 0.130)),
    Row(
        *("twostage_50", "twostage", of(writers=40, readers=10), 340),
        (0.0263, F(0), 0.0016, 0.0037, 0.0548, 0.0221, 0.0657),
    ),
    Row(
        *("twostage_100", "twostage", of(writers=99), 699),
        (1.3e-3, F(0), 0.0, 0.0, 3.0e-3, 8.9e-4, 3.8e-3),
    ),
    Row(
        "wronglock_3",
        "wronglock",
        of(others=3),
        18,
        (0.375, F(0), 0.0837, 0.133, 0.369, 0.288, 0.256),
    ),
    Row("account", "account", (), 14, (F(1, 3), F(1, 3), F(1, 3), F(1, 3), F(1, 3), 0.397, 0.335)),
    Row("lazy01", "lazy01", (), 0, (F(1, 3), F(1, 3), F(1, 3), None, F(1, 3), None, None)),
    Row(
        "deadlock01",
        "deadlock01",
        (),
        12,
        (F(1, 2), F(0), F(1, 12), 0.160, F(1, 3), F(6, 11), 0.334),
    ),
    Row(
        "token_ring",
        "token_ring",
        (),
        4,
        (F(1, 6), F(1, 6), F(1, 6), F(1, 6), F(1, 6), F(1, 6), F(1, 6)),
    ),
    Row("bluetooth", "bluetooth", (), 10, (0.0389, F(0), 0.0499, 0.0746, 0.0662, 0.0158, 0.0587)),
    uneven(5, 0.0515),
    uneven(10, 0.0177),
    uneven(50, 8.9e-4),
    Row("ladder 3", "ladder", of(depth=3), 40, (0.398, F(0), F(1, 16), 0.101, 0.398, 0.443, 0.448)),
    Row(
        "lost update",
        "lost_update",
        (),
        7,
        (F(1, 2), F(0), F(1, 7), 0.266, F(1, 3), F(4, 7), 0.535),
    ),
)


@dataclass(frozen=True)
class Measured:
    row: Row
    strategy: str
    known: float
    closed: bool
    hits: int
    runs: int
    k: int

    @property
    def share(self) -> float:
        return self.hits / self.runs

    @property
    def off(self) -> float:
        """How far beyond what is tolerated; 0 or less: good."""
        if not self.closed and not self.known:
            return self.share - (NONE_SEEN + 3 * math.sqrt(NONE_SEEN / self.runs))
        sigma = math.sqrt(max(self.known * (1 - self.known), 0) / self.runs)
        allowed = SIGMAS * sigma if self.closed else SHARE * self.known + 3 * sigma
        return abs(self.share - self.known) - allowed


def runs_for(row: Row, known: float, closed: bool, runs: int) -> int:
    """Enough for three standard deviations to be a third of what is tolerated, if there is time."""
    if closed or known <= 0:
        return runs
    wanted = math.ceil(900 / SHARE**2 * 9 / 81 * (1 - known) / known)
    return max(runs, min(wanted, 20 * runs, STEPS // max(row.k, 1)))


def measure(row: Row, strategy: str, known: Known, runs: int, seed: int) -> Measured:
    assert known is not None
    name, depth = (strategy[:3], int(strategy[3:])) if strategy.startswith("pct") else (strategy, 1)
    scenario = load(f"{ZOO}::{row.program}", row.set)
    settings = Settings(seed=seed, strategy=name, depth=depth, without=WITHOUT)
    closed = isinstance(known, Fraction)
    runs = runs_for(row, float(known), closed, runs)
    found = rate.measure(scenario, settings, Limits(runs), Interrupt())
    return Measured(row, strategy, float(known), closed, found.violations, runs, found.longest)


def all_rows(only: set[str], runs: int, seed: int) -> Iterator[Measured]:
    for row in ROWS:
        if only and row.label not in only and row.program not in only:
            continue
        for strategy, known in zip(STRATEGIES, row.known, strict=True):
            if known is not None:
                yield measure(row, strategy, known, runs, seed)


def line(m: Measured) -> str:
    relative = f"{100 * (m.share / m.known - 1):+6.1f} %" if m.known else f"{m.hits:>6} hits"
    what = "closed form" if m.closed else "measured"
    k = "" if not m.row.k or m.k == m.row.k else f"  k is {m.k}, and not {m.row.k}"
    verdict = "" if m.off <= 0 else "  OFF"
    return (
        f"{m.row.label:<16} {m.strategy:<7} {m.share:9.5f} {m.known:9.5f} {relative:>11}"
        f"  {m.runs:>7} runs  {what}{k}{verdict}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Strategies against known probabilities.")
    parser.add_argument(
        "--runs", type=int, default=20000, help="schedules for each value, at least"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], metavar="PROGRAM")
    args = parser.parse_args()
    print(f"{'program':<16} {'under':<7} {'here':>9} {'known':>9} {'':>11}")
    bad = total = 0
    for measured in all_rows(set(args.only), args.runs, args.seed):
        print(line(measured), flush=True)
        total += 1
        bad += measured.off > 0 or bool(measured.row.k and measured.k != measured.row.k)
    print(f"{total - bad} of {total} as they should be")
    return 1 if bad or not total else 0


if __name__ == "__main__":
    sys.exit(main())
