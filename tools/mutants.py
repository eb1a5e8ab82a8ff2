# SPDX-License-Identifier: GPL-2.0-only
"""Break the model one place at a time, and see whether an oracle notices: `make mutants`.

A mutant is one edit of native/kvm, made by rule and not by hand: a call left out (a flush, a
request, a barrier, a wait for a grace period, a reference, a list operation ...), a lock not taken
in one function, or the body of an `if` not entered (a recheck, a retry).  Each is compiled, and all
scenarios are explored for a moment each until something fires.  A mutant that survives is either
equivalent (it changes nothing that the protocol promises) or a hole in the oracles or scenarios.

The verdicts go to a file, one JSON object a line; mutants that it holds are not tried again.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from core_copy import ROOT, CoreCopy, DoesNotCompile

# What builds the machine and drives it is the environment of the protocol, not the protocol.
ENVIRONMENT = {"bugs.c", "vm.c", "warmup.c", "workload.c", "vmm.c", "walker.c"}
# Contracts, reports and statistics check or tell; nothing is promised that they do.
TELLING = re.compile(
    r"^(must_|may_|might_|static_check|note|lockdep_|stat_|cond_resched|cpu_relax|WARN|KVM_BUG"
    r"|kvm_update_page_stats|trace_|frame_touch|memset|memcpy|barrier)"
)
CALL = re.compile(r"^\t+([a-z_]\w*)\(.*\);$")
ASSIGNMENT = re.compile(
    r"^\t+[\w>.\-]*(flush|invalid|seq|gen|nx_huge_page_disallowed)\w* \|?= .*;$"
)
CONDITION = re.compile(r"^(\t+(?:\} else )?if \()(.*)(\)(?: \{)?)$")
SWITCH = re.compile(r"\bbug\(")
ORDER = re.compile(r"smp_|release|acquire|mb\(")  # what a weaker memory may show
TAKES = re.compile(r"^\t+(?:\w+ = )?((?:read|write|spin|mutex|rcu_read|srcu_read)_lock)\((.*)\);$")
FUNCTION = re.compile(r"^[a-z].*?(\w+)\(.*[^;]$")
EXPLORE = """
import itertools, json, sys
from harness.scenario import scenarios
from harness.run.explore import Limits, explore
from harness.scenario.settings import Settings
from harness.core.token import Recipe

seed, budget, first = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3].split(",")
first = [n for n in first if n]
names = first + [n for n in scenarios.scenario_files() if n not in first and sys.argv[6] == "all"]
for memory, name in itertools.product(sys.argv[4].split(","), names):
    overrides = (("vm.profile", sys.argv[5]),)
    recipe = Recipe(name, overrides, Settings(seed=seed, memory=memory))
    loaded = scenarios.load(name, overrides)
    found = explore(recipe, loaded, Limits(None, budget), 1, (), lambda *_: None)
    if found.failure is not None:
        print(json.dumps({"scenario": name, "memory": memory, "oracle": found.failure.oracle,
                          "site": found.failure.func, "schedules": found.totals["schedules"]}))
        break
"""


@dataclass(frozen=True)
class Mutant:
    file: str
    func: str
    line: int
    kind: str  # call, lock, if
    text: str  # what was left out
    edits: tuple[tuple[int, str], ...]  # (index of the line, what stands there instead)

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.func}:{self.kind}:{self.text}"


def edits_of(lines: list[str], number: int, body: range) -> tuple[str, dict[int, str]]:
    """What kind of mutant a line is good for, and the edits; none: no kind."""
    line = lines[number]
    if taken := TAKES.match(line):
        gives = f"{taken[1].replace('_lock', '_unlock')}({taken[2]}"
        given = [n for n in body if lines[n].strip().startswith(gives)]
        return "lock", dict.fromkeys([number, *given], ";")
    call = CALL.match(line)
    told = call is None or TELLING.match(call[1]) or "_unlock" in call[1]
    if SWITCH.search("".join(lines[number - 2 : number + 1])):
        return "", {}  # the other way round: it is what a switch of the catalogue leaves out
    if not told or ASSIGNMENT.match(line):
        return "call", {number: ";"}
    condition = CONDITION.match(line)
    if condition and not re.search(r"\b(bug|WARN_ON\w*)\(", line):
        return "if", {number: f"{condition[1]}({condition[2]}) && !proc.arena{condition[3]}"}
    return "", {}


def of_file(file: Path) -> Iterator[Mutant]:
    lines = file.read_text().split("\n")
    func, body = "", range(0)
    for number, line in enumerate(lines):
        if line.startswith("{"):
            head = next((m for n in (1, 2, 3) if (m := FUNCTION.match(lines[number - n]))), None)
            func = head[1] if head else "?"
            body = range(number, lines.index("}", number))
        if number in body:
            kind, edits = edits_of(lines, number, body)
            if kind:
                made = tuple(sorted(edits.items()))
                yield Mutant(file.name, func, number + 1, kind, line.strip(), made)


def all_mutants(only: str) -> list[Mutant]:
    files = sorted((ROOT / "native/kvm").glob("*.c"))
    made = [m for file in files if file.name not in ENVIRONMENT for m in of_file(file)]
    return [mutant for mutant in made if only in mutant.name]


def apply(tree: CoreCopy, mutant: Mutant) -> str:
    """Break the copy; returns the file as it was."""
    file = tree.path / "native/kvm" / mutant.file
    before = file.read_text()
    lines = before.split("\n")
    for number, text in mutant.edits:
        lines[number] = text
    file.write_text("\n".join(lines))
    tree.touch({f"native/kvm/{mutant.file}"})
    return before


def verdict(
    tree: CoreCopy, mutant: Mutant, seed: int, budget: float, first: list[str], which: str
) -> dict[str, object]:
    try:
        tree.build()
    except DoesNotCompile:
        return {"verdict": "does not compile"}
    profile = '"legacy-roots"' if "legacy" in mutant.func else '"current"'
    memory = "sc,tso,lkmm" if ORDER.search(mutant.text) else "sc"
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                EXPLORE,
                str(seed),
                str(budget),
                ",".join(first),
                memory,
                profile,
                which,
            ],
            cwd=tree.path,
            env=tree.environment(),
            capture_output=True,
            text=True,
            timeout=300 + 200 * budget,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"verdict": "noticed", "oracle": "it never ends"}
    if done.stdout:
        return {"verdict": "noticed", **json.loads(done.stdout)}
    if done.returncode < 0 or "CoreCrashed" in done.stderr:
        return {"verdict": "noticed", "oracle": done.stderr.strip().split("\n")[-1][:120]}
    if done.returncode:
        raise RuntimeError(done.stderr)
    return {"verdict": "SURVIVED"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=("call", "lock", "if"), action="append")
    parser.add_argument("--only", default="", help="mutants with this in FILE:FUNC:KIND:TEXT")
    parser.add_argument("--scenario", action="append", help="only these; default: all")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds a scenario")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--record", type=Path, default=ROOT / "results/mutants.jsonl")
    return parser.parse_args()


def main() -> int:
    import time

    args = arguments()
    known = {}
    if args.record.exists():
        rows = [json.loads(line) for line in args.record.read_text().splitlines()]
        known = {row["name"]: row for row in rows}
    wanted = [m for m in all_mutants(args.only) if not args.kind or m.kind in args.kind]
    random.Random(args.seed).shuffle(wanted)
    args.record.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + 60 * args.minutes
    with tempfile.TemporaryDirectory() as scratch, args.record.open("a") as record:
        tree = CoreCopy(Path(scratch) / "tree")
        tree.build()
        usual: dict[str, int] = {}  # scenarios that noticed something, most often first
        for count, mutant in enumerate(wanted):
            if mutant.name in known or time.monotonic() > deadline:
                continue
            before = apply(tree, mutant)
            first = sorted(usual, key=lambda name: -usual[name])[:12]
            row = {**asdict(mutant), "name": mutant.name}
            row |= verdict(
                tree,
                mutant,
                args.seed,
                args.budget,
                args.scenario or first,
                "these" if args.scenario else "all",
            )
            del row["edits"]
            (tree.path / "native/kvm" / mutant.file).write_text(before)
            tree.touch({f"native/kvm/{mutant.file}"})
            known[mutant.name] = row
            record.write(json.dumps(row) + "\n")
            record.flush()
            if "scenario" in row:
                usual[str(row["scenario"])] = usual.get(str(row["scenario"]), 0) + 1
            print(f"{count + 1} of {len(wanted)}: {row['verdict']:<9} {mutant.name}", flush=True)
    tried = [known[m.name] for m in wanted if m.name in known]
    survived = [row for row in tried if row["verdict"] == "SURVIVED"]
    print(f"{len(tried)} of {len(wanted)} mutants tried, {len(survived)} survived:")
    for row in sorted(survived, key=lambda row: (row["file"], row["line"])):
        print(f"  {row['file']}:{row['line']} {row['func']}: without {row['text']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
