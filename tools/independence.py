# SPDX-License-Identifier: GPL-2.0-only
"""Does it take one particular oracle to find the planted bugs?  `make independence`.

With any one oracle disabled most switches must still be found, by another one.  Prints how many
are, oracle by oracle, and which are missed; fails where an oracle is needed for more than a tenth.

Two runs for each switch say it for all oracles.  The first has every oracle; the second is
without the one that was violated in the first.  No other has to be tried: an oracle changes nothing
that the model sees, so that without one that kept silent the first run ends as it did.
"""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import planted

SHARE = 0.9  # of the switches, to be found without any one oracle


@dataclass(frozen=True)
class Pair:
    """One switch: what caught it, and what did with that oracle disabled."""

    bug: str
    first: planted.Caught | None
    second: planted.Caught | None

    def missed_without(self, oracle: str) -> bool:
        if self.first is None:
            return True
        return self.first.oracle == oracle and self.second is None

    def text(self) -> str:
        if self.first is None:
            return f"{self.bug}: not found with every oracle on"
        by = f"{self.bug}: {self.first.oracle} ({self.first.schedules} schedules)"
        if self.second is None:
            return f"{by}, and nobody else"
        return f"{by}, else {self.second.oracle} ({self.second.schedules})"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Is any one oracle needed to find planted bugs?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for each run")
    parser.add_argument("--jobs", type=int, default=1, help="switches at a time")
    parser.add_argument("--only", action="append", metavar="BUG", help="these switches; repeatable")
    parser.add_argument("--oracle", action="append", help="these oracles; repeatable")
    return parser.parse_args()


def main() -> int:
    args = parse()
    names = [row["name"] for row in planted.mmutorture("list", "oracles", timeout=60)["oracles"]]
    oracles: list[str] = args.oracle or names
    if unknown := sorted(set(oracles) - set(names)):
        raise SystemExit(f"no such oracle: {', '.join(unknown)}; there are {', '.join(names)}")

    def one(bug: str) -> Pair:
        with tempfile.TemporaryDirectory() as results:
            first = planted.hunt(bug, args.seed, args.budget, results)
            second = None
            if first and first.oracle in oracles:
                without = ("--without", first.oracle)
                try:
                    second = planted.hunt(bug, args.seed, args.budget, results, *without)
                except planted.Broken as crash:
                    print(crash, file=sys.stderr)
        pair = Pair(bug, first, second)
        print(pair.text(), file=sys.stderr, flush=True)
        return pair

    bugs = [bug["name"] for bug in planted.switches(args.only or ())]
    with ThreadPoolExecutor(max(args.jobs, 1)) as pool:
        pairs = list(pool.map(one, bugs))

    poor = []
    rows = []
    for oracle in oracles:
        missed = [pair.bug for pair in pairs if pair.missed_without(oracle)]
        caught = sum(pair.first is not None and pair.first.oracle == oracle for pair in pairs)
        found = len(pairs) - len(missed)
        rows.append((oracle, str(caught), f"{found}/{len(pairs)}", " ".join(missed) or "-"))
        if found < SHARE * len(pairs):
            poor.append(oracle)
    print(planted.table(("without", "found first by it", "still found", "missed"), rows, left=1))
    for oracle in poor:
        print(f"{oracle} alone finds more than {1 - SHARE:.0%} of the switches", file=sys.stderr)
    return 1 if poor else 0


if __name__ == "__main__":
    raise SystemExit(main())
