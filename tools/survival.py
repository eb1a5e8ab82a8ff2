# SPDX-License-Identifier: GPL-2.0-only
"""Do tokens survive edits?  `make survival`.

Collects failures, and then in a copy of the tree inserts three harmless operations at random places
of native/kvm (a load of an unrelated word, a count in a statistic, a yield), compiles, and replays
every token by its plan.  Fails where fewer than 99 percent still reproduce, in all rounds together.
What does not reproduce has to say what differs.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core_copy import ROOT, CoreCopy, DoesNotCompile

WANTED = 0.99
HEADER = "native/kvm/kvm_host.h"
FIELD = "\tatomic64_t stat_remote_tlb_flush_requests;\n"
UNRELATED = "\tatomic64_t survival_word;\n\tatomic64_t survival_count;\n"
INSERTIONS = (
    "(void)READ_ONCE(kvm_of()->survival_word);",
    "atomic64_inc(&kvm_of()->survival_count);",
    "cpu_relax();",
)
# Set-up, and what runs before the tasks do.
UNTOUCHED = {"bugs.c", "vm.c", "warmup.c"}
STATEMENT = re.compile(r"^\t(?:return\b|if \(|for \(|while \(|do \{|[a-z_]\w*(?:->\w+)*(?:\(| = ))")
COLLECT = """
import json, sys
from harness.failure import capture
from harness.core import catalogue
from harness.commands.common import profile_override
from harness.run.explore import Limits, explore
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings
from harness.core.token import Recipe, parse_token

seeds, budget = int(sys.argv[1]), float(sys.argv[2])
for bug in catalogue.bugs():
    for seed in range(1, seeds + 1):
        settings = Settings(seed=seed, memory=bug.memory, bugs=(bug.name,))
        recipe = Recipe(bug.scenario, profile_override([bug]), settings)
        scenario = load(recipe.spec, recipe.overrides)
        found = explore(recipe, scenario, Limits(None, 10.0), 1, (), lambda *_: None)
        if found.failure is None:
            continue
        kept = capture.capture(recipe, scenario, found.failure, "explore", found.decisions)
        kept = capture.with_minimal(kept, recipe, scenario, found.failure, budget, lambda *_: None)
        if kept.minimal is not None and parse_token(kept.minimal.record.token).plan is not None:
            record = kept.minimal.record
            print(json.dumps({"token": record.token, "site": record.site, "oracle": record.oracle,
                              "bug": bug.name}), flush=True)
"""
REPLAY = """
import json, sys
from harness.failure import reproduce

for line in sys.stdin:
    kept = json.loads(line)
    target = reproduce.find_target(kept["token"])
    verdict = reproduce.reproduce(target, "explore", 1, True, "plan")
    same = verdict.verdict == "reproduced" and verdict.oracle == kept["oracle"]
    print(json.dumps({"same": same, "detail": verdict.detail, "bug": kept["bug"]}), flush=True)
"""


def python(script: str, tree: Path, *arguments: str, given: str = "") -> list[dict[str, Any]]:
    """One JSON object for each line that a script prints, which runs on the tree's harness."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tree,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def places(file: Path) -> list[int]:
    """Lines of a C file before which a statement may stand: between two of a function's own."""
    lines = file.read_text(encoding="utf-8").splitlines()
    found, inside = [], False
    for number, line in enumerate(lines):
        if line.startswith(("{", "}")):
            inside = line.startswith("{")
        before = lines[number - 1] if number else ""
        after_statement = before.startswith("\t") and before.endswith((";", "}"))
        own = not before.startswith("\t\t") or before.endswith("}")
        if inside and own and after_statement and STATEMENT.match(line) and "__must" not in before:
            found.append(number)
    return found


def insertions(tree: Path, draw: random.Random, count: int) -> Iterator[tuple[Path, int, str]]:
    files = [f for f in sorted((tree / "native/kvm").glob("*.c")) if f.name not in UNTOUCHED]
    every = [(file, number) for file in files for number in places(file)]
    for file, number in draw.sample(every, count):
        yield file, number, draw.choice(INSERTIONS)


def edit(tree: Any, draw: random.Random) -> str:
    """Insert, compile; what was inserted where.  Another place if it does not compile."""
    while True:
        chosen = sorted(insertions(tree.path, draw, 3), reverse=True, key=lambda c: (c[0], c[1]))
        before = {file: file.read_text(encoding="utf-8") for file, _, _ in chosen}
        for file, number, text in chosen:
            lines = file.read_text(encoding="utf-8").split("\n")
            lines.insert(number, f"\t{text}")
            file.write_text("\n".join(lines), encoding="utf-8")
        tree.before = before
        tree.stale |= {str(file.relative_to(tree.path)) for file in before}
        try:
            tree.build()
        except DoesNotCompile:
            undo(tree)
            continue
        return "; ".join(f"{f.name}:{n + 1} {text}" for f, n, text in reversed(chosen))


def undo(tree: Any) -> None:
    for file, text in tree.before.items():
        file.write_text(text, encoding="utf-8")
    tree.stale |= {str(file.relative_to(tree.path)) for file in tree.before}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Do tokens survive edits?")
    parser.add_argument("--seeds", type=int, default=1, help="failures of each switch")
    parser.add_argument("--budget", type=float, default=2.0, help="seconds to minimise each")
    parser.add_argument("--rounds", type=int, default=10, help="edited trees")
    parser.add_argument("--seed", type=int, default=1, help="of the edits")
    parser.add_argument("--tokens", type=Path, help="collected before: read, or written")
    return parser.parse_args()


def collected(args: argparse.Namespace) -> str:
    if args.tokens and args.tokens.exists():
        return str(args.tokens.read_text(encoding="utf-8"))
    found = python(COLLECT, ROOT, str(args.seeds), str(args.budget))
    text = "".join(json.dumps(row) + "\n" for row in found)
    if args.tokens:
        args.tokens.write_text(text, encoding="utf-8")
    return text


def main() -> int:
    args = parse()
    tokens = collected(args)
    print(f"{len(tokens.splitlines())} failures", flush=True)
    good = total = 0
    with tempfile.TemporaryDirectory() as scratch:
        tree = CoreCopy(Path(scratch))
        header = tree.path / HEADER
        text = header.read_text(encoding="utf-8")
        header.write_text(text.replace(FIELD, FIELD + UNRELATED), encoding="utf-8")
        for number in range(args.rounds):
            what = edit(tree, random.Random(args.seed * 1000 + number))
            rows = python(REPLAY, tree.path, given=tokens)
            same = sum(row["same"] for row in rows)
            good, total = good + same, total + len(rows)
            print(f"{same} of {len(rows)}  {what}", flush=True)
            for row in rows:
                if not row["same"]:
                    print(f"    {row['bug']}: {row['detail']}", flush=True)
            undo(tree)
    share = good / total if total else 0.0
    print(f"{good} of {total} replays reproduced ({100 * share:.1f} percent)")
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
