# SPDX-License-Identifier: GPL-2.0-only
"""Explore a core that mutants.py has broken everywhere, one mutant at a time; runs in the copy.

First every scenario is explored with no mutant chosen, to learn which mutants each would meet.
Then each mutant is chosen in a child of its own, for it may crash, and explored in the scenarios
that meet it most often, until something fires.  Reads {"number": memory models} from stdin and
writes a JSON object a line.  Time is the processor's, for the machine may be busy.
"""

import argparse
import ctypes
import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from harness import _core
from harness.core.token import Recipe
from harness.run import explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

Reached = dict[int, dict[str, int]]  # mutant: scenario: how often
MUTANTS_MAX = 1 << 16
BLOCKS = (0.1, 30.0)  # seconds

library = ctypes.CDLL(_core.__file__)
chosen = ctypes.c_int.in_dll(library, "mutant_chosen")
counts = (ctypes.c_ulong * MUTANTS_MAX).in_dll(library, "mutant_counts")


class Processor(Interrupt):
    """True once so many seconds of the processor are used up."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.end = time.process_time() + seconds

    def __bool__(self) -> bool:
        return time.process_time() > self.end


def look(name: str, memory: str, seed: int, seconds: float) -> explore.Exploration:
    recipe = Recipe(name, (), Settings(seed=seed, memory=memory))
    loaded = scenarios.load(name, ())
    limits = explore.Limits(None, None)
    # A block ends in the middle of an execution: one that never ends needs the time to be told so.
    for explore.BLOCK_SECONDS in BLOCKS:
        found = explore.explore(recipe, loaded, limits, 1, Processor(seconds), lambda *_: None)
        if found.failure is not None or found.totals["schedules"]:
            break
    return found


def learn(args: argparse.Namespace, wanted: dict[int, str]) -> Reached:
    reached: Reached = defaultdict(dict)
    for name in args.scenario or scenarios.scenario_files():
        before = list(counts)
        found = look(name, "sc", args.seed, args.sweep)
        if found.failure is not None:
            raise SystemExit(f"{name} fails with no mutant chosen: {found.failure.oracle}")
        for number in wanted:
            if counts[number] > before[number]:
                reached[number][name] = counts[number] - before[number]
    return reached


def explorations(
    args: argparse.Namespace, memories: list[str], reached: dict[str, int]
) -> Iterator[tuple[str, str, explore.Exploration]]:
    most = sorted(reached, key=lambda name: -reached[name])[: args.dwell]
    for seed, seconds in ((args.seed, args.budget / 8), (args.seed + 1, args.budget)):
        for memory in memories:
            for name in most:
                yield memory, name, look(name, memory, seed, seconds)


def verdict(
    args: argparse.Namespace, memories: list[str], reached: dict[str, int]
) -> dict[str, Any]:
    for memory, name, found in explorations(args, memories, reached):
        if found.failure is not None:
            return {
                "verdict": "noticed",
                "scenario": name,
                "memory": memory,
                "oracle": found.failure.oracle,
                "site": found.failure.func,
                "schedules": found.totals["schedules"],
            }
    return {"verdict": "SURVIVED" if reached else "not reached", "reached": reached}


def in_a_child(args: argparse.Namespace, number: int, memory: str, reached: dict[str, int]) -> str:
    """What the child says; nothing if it dies before."""
    memories = memory.split(",")
    ours, its = os.pipe()
    if child := os.fork():
        os.close(its)
        with os.fdopen(ours) as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return said
    seconds = int(30 + 3 * args.budget * args.dwell * len(memories))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    chosen.value = number
    try:
        said = json.dumps(verdict(args, memories, reached))
    except BaseException as error:
        said = json.dumps({"verdict": "noticed", "oracle": f"{error}"[:120] or repr(error)})
    os.write(its, said.encode())
    os._exit(0)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--sweep", type=float, required=True)
    parser.add_argument("--budget", type=float, required=True)
    parser.add_argument("--dwell", type=int, required=True)
    parser.add_argument("--scenario", action="append", default=[])
    args = parser.parse_args()
    wanted = {int(number): memory for number, memory in json.load(sys.stdin).items()}
    reached = learn(args, wanted)
    for number, memory in wanted.items():
        said = in_a_child(args, number, memory, reached.get(number, {}))
        found = json.loads(said or '{"verdict": "noticed", "oracle": "it never ends, or dies"}')
        print(json.dumps({"number": number, **found}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
