# SPDX-License-Identifier: GPL-2.0-only
"""Break the model one place at a time, and see whether an oracle notices: `make mutants`.

A mutant is one edit of native/kvm, made by rule and not by hand (mutations.py).  All of them are
compiled into a copy of the tree at once; then one at a time is switched on, and the scenarios that
meet it are explored for a moment until something fires (mutant_explore.py).  A mutant that
survives is either equivalent (it changes nothing that the protocol promises) or a hole in the
oracles or scenarios; one that no scenario reaches is a hole in the scenarios, or out of reach.

The verdicts go to a file, one JSON object a line; mutants that it holds are not tried again.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core_copy import ROOT, CoreCopy
from mutations import HEADER, KINDS, SOURCE, File, Mutant

# What builds the machine and drives it is the environment of the protocol, not the protocol.
ENVIRONMENT = {"bugs.c", "vm.c", "warmup.c", "workload.c", "vmm.c", "walker.c"}
HEADERS = ("memslot.h", "mmu_page.h", "roots.h", "tdp_iter.h", "tlb.h")
ORDER = re.compile(r"smp_|release|acquire|mb\(")  # what a weaker memory may show


def break_everywhere(tree: CoreCopy) -> list[Mutant]:
    """Edits the copy; returns the mutants that are in it now."""
    mutants: list[Mutant] = []
    room = tree.path / "native/kvm"
    for path in sorted([*room.glob("*.c"), *(room / name for name in HEADERS)]):
        if path.name not in ENVIRONMENT:
            file = File(path.name, path.read_text().split("\n"), first=len(mutants))
            path.write_text(file.break_all())
            mutants += file.mutants
    (tree.path / "native/mutant.h").write_text(HEADER)
    (tree.path / "native/mutant.c").write_text(SOURCE)
    tree.add("native/mutant.c")
    return mutants


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--only", default="", help="regular expression for a name")
    parser.add_argument("--scenario", action="append", default=[], help="only these; default: all")
    parser.add_argument("--sweep", type=float, default=0.5, help="CPU seconds to learn a scenario")
    parser.add_argument("--budget", type=float, default=1.0, help="CPU seconds a scenario, mutated")
    parser.add_argument("--dwell", type=int, default=12, help="scenarios for one mutant, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600)
    parser.add_argument("--record", type=Path, default=ROOT / "results/mutants.jsonl")
    return parser.parse_args()


def verdicts(tree: CoreCopy, args: argparse.Namespace, mutants: list[Mutant], out: Path) -> None:
    """Appends to `out` what becomes of each."""
    options = ("seed", "sweep", "budget", "dwell")
    flags = [word for name in options for word in (f"--{name}", str(getattr(args, name)))]
    flags += [word for name in args.scenario for word in ("--scenario", name)]
    memories = {m.number: "sc,tso,lkmm" if ORDER.search(m.text) else "sc" for m in mutants}
    by_number = {m.number: m for m in mutants}
    deadline = time.monotonic() + 60 * args.minutes
    with (
        subprocess.Popen(
            [sys.executable, str(ROOT / "tools/mutant_explore.py"), *flags],
            cwd=tree.path,
            env=tree.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as explorer,
        out.open("a") as record,
    ):
        assert explorer.stdin is not None and explorer.stdout is not None
        json.dump(memories, explorer.stdin)
        explorer.stdin.close()
        for count, line in enumerate(explorer.stdout):
            found = json.loads(line)
            mutant = by_number[found["number"]]
            record.write(json.dumps({**asdict(mutant), "name": mutant.name, **found}) + "\n")
            record.flush()
            said = f"{found['verdict']:<11} {mutant.name}"
            print(f"{count + 1} of {len(mutants)}: {said}", flush=True)
            if time.monotonic() > deadline:
                explorer.terminate()
                break


def rows_of(record: Path) -> dict[str, dict[str, Any]]:
    if not record.exists():
        return {}
    rows = [json.loads(line) for line in record.read_text().splitlines()]
    return {row["name"]: row for row in rows}


def summary(wanted: list[Mutant], known: dict[str, dict[str, Any]]) -> None:
    tried = [known[m.name] for m in wanted if m.name in known]
    totals = Counter(str(row["verdict"]) for row in tried)
    print(f"{len(tried)} of {len(wanted)} mutants tried:", dict(sorted(totals.items())))
    for row in tried:
        if row["verdict"] != "noticed":
            print(f"  {row['verdict']}: {row['file']}:{row['line']} {row['func']}: {row['text']}")


def main() -> int:
    args = arguments()
    known = rows_of(args.record)
    args.record.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree = CoreCopy(Path(scratch) / "tree")
        wanted = [
            m
            for m in break_everywhere(tree)
            if re.search(args.only, m.name) and (not args.kind or m.kind in args.kind)
        ]
        if left := [m for m in wanted if m.name not in known]:
            tree.build()
            verdicts(tree, args, left, args.record)
    summary(wanted, rows_of(args.record))
    return 0


if __name__ == "__main__":
    sys.exit(main())
