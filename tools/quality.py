# SPDX-License-Identifier: GPL-2.0-only
"""How soon each planted bug is found, by each strategy: `make quality`.

Every switch of the catalogue is hunted in its own scenario, once for each strategy and seed, until
an oracle is violated or the budget of the seed is used up.  What was not found by then counts as
what it is, a time that is longer than the budget (right-censored): the median is that of Kaplan
and Meier, and where fewer than half of the seeds found the bug it is only known to be larger.

Prints for each switch the median number of schedules by strategy, and the median of these over all
switches under the best strategy.  Fails where a switch has no median under any strategy, or is
found by an oracle that the catalogue does not name for it.  --write puts the table into
docs/bugs.md.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from math import inf
from pathlib import Path

import cells
from doc_tables import put

from harness.core import catalogue
from harness.run import worker
from harness.run.explore import Limits

BUGS = Path(__file__).resolve().parent.parent / "docs" / "bugs.md"


@dataclass(frozen=True)
class Hunt:
    """One seed: how far it went, and which oracle ended it."""

    schedules: int
    seconds: float
    oracle: str  # empty: the budget ended it

    @property
    def found(self) -> bool:
        return bool(self.oracle)


Pair = tuple[str, str]  # switch, strategy
Table = Mapping[Pair, Sequence[Hunt]]


def kaplan_meier_median(times: Iterable[tuple[float, bool]]) -> float:
    """The smallest time by which half have died; infinite where it is beyond what was seen.

    `times` are pairs of a time and whether it is that of an event; otherwise it is censored there.
    E. L. Kaplan, P. Meier, "Nonparametric Estimation from Incomplete Observations" (1958).
    """
    ordered = sorted(times, key=lambda pair: (pair[0], not pair[1]))
    alive, surviving = len(ordered), 1.0
    for time, event in ordered:
        if event:
            surviving *= (alive - 1) / alive
            if surviving <= 0.5 + 1e-9:
                return time
        alive -= 1
    return inf


def medians(hunts: Sequence[Hunt]) -> tuple[float, float]:
    """Schedules and seconds to the first violation."""
    return (
        kaplan_meier_median((hunt.schedules, hunt.found) for hunt in hunts),
        kaplan_meier_median((hunt.seconds, hunt.found) for hunt in hunts),
    )


def prepare_child() -> None:
    worker.begin("quality")


def hunt(name: str, strategy: str, seeds: Sequence[int], budget: float) -> list[Hunt]:
    """In a child: all seeds of one switch under one strategy."""
    bug = catalogue.find_bug(name)
    hunts = []
    for seed in seeds:
        found = cells.run(cells.switch_cell(bug, seed, strategy), Limits(seconds=budget))
        oracle = found.failure.oracle if found.failure else ""
        hunts.append(Hunt(found.totals["schedules"], found.elapsed_s, oracle))
    return hunts


def measure(pairs: Sequence[Pair], seeds: Sequence[int], budget: float, jobs: int) -> Table:
    table: dict[Pair, list[Hunt]] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, prepare_child) as pool:
        running = {pool.submit(hunt, *pair, seeds, budget): pair for pair in pairs}
        for done, future in enumerate(as_completed(running), 1):
            pair = running[future]
            table[pair] = future.result()
            hits = sum(one.found for one in table[pair])
            progress = f"{done}/{len(pairs)}  {' '.join(pair)}: {hits}/{len(seeds)}"
            print(progress, file=sys.stderr, flush=True)
    return table


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def cell(hunts: Sequence[Hunt]) -> str:
    """Median schedules, and how many seeds found it where not all did."""
    schedules, _ = medians(hunts)
    hits = sum(one.found for one in hunts)
    shown = number(schedules) if schedules < inf else f"> {max(h.schedules for h in hunts)}"
    return shown if hits == len(hunts) else f"{shown} ({hits}/{len(hunts)})"


def best_strategy(
    table: Table, names: Sequence[str], strategies: Sequence[str]
) -> tuple[str, float]:
    """Who has a median for most switches, and then the smallest over all of them."""

    def score(strategy: str) -> tuple[int, float]:
        over = sorted(medians(table[name, strategy])[0] for name in names)
        return sum(value == inf for value in over), over[len(over) // 2]

    best = min(strategies, key=score)
    return best, score(best)[1]


def problems_of(
    table: Table, bugs: Sequence[catalogue.Bug], strategies: Sequence[str]
) -> list[str]:
    found = []
    for bug in bugs:
        rows = [table[bug.name, strategy] for strategy in strategies]
        if all(medians(row)[0] == inf for row in rows):
            found.append(f"{bug.name}: found by no strategy with half of the seeds")
        fired = {one.oracle for row in rows for one in row if one.found}
        if extra := sorted(fired - set(bug.oracles)):
            found.append(
                f"{bug.name}: found by {', '.join(extra)};"
                f" the catalogue names {', '.join(bug.oracles)}"
            )
    return found


def rows_of(
    table: Table, bugs: Sequence[catalogue.Bug], strategies: Sequence[str]
) -> list[list[str]]:
    rows = [["name", *strategies, "seconds", "oracles that fired"]]
    for bug in bugs:
        hunts = {strategy: table[bug.name, strategy] for strategy in strategies}
        seconds = min(medians(row)[1] for row in hunts.values())
        fired = sorted({one.oracle for row in hunts.values() for one in row if one.found})
        rows.append(
            [
                bug.name,
                *(cell(row) for row in hunts.values()),
                f"{seconds:.2f}" if seconds < inf else "-",
                ", ".join(fired),
            ]
        )
    return rows


def plain(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def page(rows: Sequence[Sequence[str]], title: str) -> str:
    lines = [title, "", f"| {' | '.join(rows[0])} |", "|---" * len(rows[0]) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows[1:])])


def chosen(only: Sequence[str]) -> list[catalogue.Bug]:
    wanted = {name.upper() for name in only}
    bugs = [bug for bug in catalogue.bugs() if not wanted or bug.name.upper() in wanted]
    if not bugs or len(bugs) < len(wanted):
        names = ", ".join(bug.name for bug in catalogue.bugs())
        raise SystemExit(f"no such switch; there are {names}")
    return bugs


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How soon each planted bug is found.")
    parser.add_argument("--seeds", type=int, default=5, help="for each switch; default: 5")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=3.0, help="seconds a seed; default: 3")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", action="append", default=[], metavar="BUG", help="repeatable")
    parser.add_argument(
        "--strategy", action="append", choices=cells.strategies(), help="repeatable; default: all"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/bugs.md")
    return parser.parse_args()


def main() -> int:
    args = parse()
    bugs, strategies = chosen(args.only), args.strategy or cells.strategies()
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    pairs = [(bug.name, strategy) for bug in bugs for strategy in strategies]
    table = measure(pairs, seeds, args.budget, max(args.jobs, 1))
    rows = rows_of(table, bugs, strategies)
    print(plain(rows))
    problems = problems_of(table, bugs, strategies)
    for problem in problems:
        print(problem, file=sys.stderr)
    best, median = best_strategy(table, [bug.name for bug in bugs], strategies)
    hits = sum(one.found for bug in bugs for one in table[bug.name, best])
    summary = (
        f"best strategy {best}: median over {len(bugs)} switches {number(median)} schedules,"
        f" {hits} of {len(bugs) * len(seeds)} hunts found their switch"
    )
    print(summary)
    if args.write:
        title = (
            f"Build `{catalogue.build_id()[:8]}`, {len(seeds)} seeds, {args.budget:g} s for each;"
            f" {summary}."
        )
        text = put(BUGS, BUGS.read_text(encoding="utf-8"), "figures", page(rows, title))
        BUGS.write_text(text, encoding="utf-8")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
