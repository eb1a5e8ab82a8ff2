# SPDX-License-Identifier: GPL-2.0-only
"""How often `mmutorture compare` is wrong on this machine: `make compare-check`.

* identical: A and B are the same, in turns; the right answer is "no evidence";
* apart: the same, but all of A before all of B, as two runs from different times are;
* planted: in B every fault takes longer by a share of what a fault costs, all of it inside
  mmu_lock (--delay); the right answer is "worse".

Of each twenty pairs nineteen have to be right.  What a fault costs is measured first, in processor
time, so that the share is one of this machine.  It runs for half an hour; on a machine that
others use as well it says what it finds, which is then about them too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SCENARIO = (
    # Zapped so often that nearly every access is a fault: one that hits costs, and counts, nothing.
    *("fault-storm", "--vcpus", "2", "--checks", "off"),
    *("--set", "tasks.vmm.pace-faults=24576"),
)
SITE = "kvm_tdp_page_fault:mmu_lock"
RIGHT = {"identical": "no evidence", "apart": "no evidence", "planted": "worse"}


def mmutorture(results: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness", *arguments, "--json", "--results", results]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command[2:])}: {done.stderr.strip() or done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def fault_cost_ns(results: str) -> float:
    """Processor time of all workers for each fault; the middle of five short runs."""
    found = mmutorture(results, "stress", *SCENARIO, "--duration", "0.5s", "--repeat", "5")
    costs: list[float] = [
        1e9 * sum(float(worker["cpu_s"]) for worker in run["workers"]) / run["faults"]
        for run in found["scenarios"]
    ]
    return median(costs)


class Check:
    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.results = tempfile.mkdtemp(prefix="compare-check.", dir=args.results)
        self.delay = f"{SITE}={round(fault_cost_ns(self.results) * args.change / 100)}ns"

    def options(self, seed: int) -> list[str]:
        args = self.args
        return ["--duration", args.duration, "--repeat", str(args.repeats), "--seed", str(seed)]

    def in_turns(self, number: int, b: str) -> dict[str, Any]:
        shared = " ".join(SCENARIO[1:])
        sides = [f"--a={shared}", f"--b={shared} {b}".rstrip()]
        return mmutorture(
            self.results, "compare", "--run", SCENARIO[0], *sides, *self.options(number)
        )

    def pair(self, kind: str, number: int) -> dict[str, Any]:
        if kind == "identical":
            return self.in_turns(number, "")
        if kind == "planted":
            return self.in_turns(number, f"--delay {self.delay}")
        a, b = (
            mmutorture(self.results, "stress", *SCENARIO, *self.options(number + 1000 * side))
            for side in range(2)
        )
        return mmutorture(self.results, "compare", *(Path(run["results"]).name for run in (a, b)))

    def judge(self, kind: str) -> bool:
        said: Counter[str] = Counter()
        others: list[float] = []
        for number in range(1, self.args.pairs + 1):
            found = self.pair(kind, number)
            said[found["verdict"]] += 1
            others += [found["scenarios"][0][side] or 0.0 for side in ("others_a", "others_b")]
            rows = [
                f"{row['metric']} {row['ratio']:.3f} p={row['p_adjusted']:.4f}"
                for row in found["scenarios"][0]["headline"]
                if row["ratio"] is not None
            ]
            print(f"  {kind} {number}: {found['verdict']:<12} {', '.join(rows)}", flush=True)
        right = said[RIGHT[kind]]
        needed: int = self.args.pairs - self.args.pairs // 20
        answers = ", ".join(f"{answer} {count}" for answer, count in said.most_common())
        print(f"{kind}: {right} of {self.args.pairs} right, {needed} needed ({answers})")
        print(f"  others had {100 * median(others):.0f} % of the processors meanwhile")
        return right >= needed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(RIGHT))
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=24)
    parser.add_argument("--duration", default="0.3s", help="of one run")
    parser.add_argument("--change", type=float, default=20.0, metavar="PERCENT")
    parser.add_argument("--results", default=None, metavar="DIR", help="default: a temporary one")
    args = parser.parse_args()
    for kind in args.kinds:
        if kind not in RIGHT:
            parser.error(f"{kind}: allowed are {', '.join(RIGHT)}")
    check = Check(args)
    print(f"{args.pairs} pairs of {args.repeats} and {args.repeats} runs of {args.duration}")
    print(f"a fault costs {args.change:g} % more with --delay {check.delay}")
    verdicts = [check.judge(kind) for kind in args.kinds or RIGHT]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
