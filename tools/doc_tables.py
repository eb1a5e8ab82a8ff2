# SPDX-License-Identifier: GPL-2.0-only
"""The tables of docs/bugs.md and docs/scenarios.md, from what the harness itself says.

Without arguments the tables of switches and scenarios are written anew; --check says whether they
are up to date.  --measure also explores each switch with five seeds (a minute or two) and writes
how soon it was found.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from harness import scenario
from harness.schema import Scenario, Task

ROOT = Path(__file__).resolve().parent.parent
BUGS = ROOT / "docs" / "bugs.md"
SCENARIOS = ROOT / "docs" / "scenarios.md"
SEEDS = (1, 2, 3, 4, 5)
BUDGET = "60s"
FOUND = (1, 6)  # exit status: a violation, or no progress


def mmutorture(*args: str, good: tuple[int, ...] = (0,)) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness", *args, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in good:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def switches(bugs: list[dict[str, Any]]) -> str:
    lines = ["| name | slug | commit | scenario | memory | oracles | depth |", "|---" * 7 + "|"]
    for bug in bugs:
        commit = "-" if bug["commit"] == "-" else f"`{bug['commit']}`"
        oracles = ", ".join(bug["oracles"])
        lines.append(
            f"| {bug['name']} | {bug['slug']} | {commit} | `{bug['scenario']}` | {bug['memory']}"
            f" | {oracles} | {bug['depth']} |"
        )
    lines += ["", "What each breaks:", "", "| name | what it breaks |", "|---|---|"]
    lines += [f"| {bug['name']} | {bug['text']} |" for bug in bugs]
    return "\n".join(lines)


def task_text(task: Task) -> str:
    count = f"{task.count} " if task.count > 1 else ""
    marks = (" (L2)" if task.guest_mode else "") + (" (SMM)" if task.as_id else "")
    does = ", ".join(task.mix or ()) or "; ".join(f"`{text}`" for text in task.program or ())
    return f"{count}{task.kind}{marks}: {does}"


def scenario_row(one: Scenario) -> str:
    slots = ", ".join(
        f"{slot.pages}"
        + (" huge" if slot.huge else "")
        + (" SMM" if slot.as_id else "")
        + (" logged" if slot.dirty_log else "")
        for slot in one.slots
    )
    vm = one.vm
    machine = vm.max_level + (", PML" if vm.pml else "") + (f", warm {vm.warm}" if vm.warm else "")
    tasks = "<br>".join(map(task_text, one.tasks))
    return f"| `{one.name}` | {one.kind} | {slots} | {tasks} | {machine} |"


def scenarios() -> str:
    rows = [scenario_row(scenario.load(name)) for name in scenario.scenario_files()]
    head = "| scenario | sort | pages of the slots | tasks | machine |"
    return "\n".join([head, "|---" * 5 + "|", *rows])


def first_violation(name: str, seed: int, results: str) -> tuple[int | None, str, str]:
    """Schedules until an oracle fired (None: none did), which one, and the build."""
    options = ("--bug", name, "--seed", str(seed), "--budget", BUDGET, "--results", results)
    found = mmutorture("explore", *options, good=(*FOUND, 3))
    if not found["failures"]:
        return None, "", ""
    failure = found["failures"][0]
    return found["schedules"], failure["oracle"], failure["token"].split(":")[3]


def figures(bugs: list[dict[str, Any]]) -> str:
    head = ["name", *(f"seed {seed}" for seed in SEEDS), "median", "oracles that fired"]
    rows = []
    builds: set[str] = set()
    with tempfile.TemporaryDirectory() as results:
        for bug in bugs:
            runs = [first_violation(bug["name"], seed, results) for seed in SEEDS]
            builds |= {build for _, _, build in runs if build}
            counts = [count for count, _, _ in runs if count is not None]
            shown = [f"not in {BUDGET}" if count is None else str(count) for count, _, _ in runs]
            whole = len(counts) == len(SEEDS)
            median = str(statistics.median_low(counts)) if whole else "-"
            fired = ", ".join(sorted({oracle for _, oracle, _ in runs if oracle}))
            rows.append(f"| {bug['name']} | {' | '.join(shown)} | {median} | {fired} |")
    title = f"| {' | '.join(head)} |"
    build = ", ".join(f"`{name}`" for name in sorted(builds))
    return "\n".join([f"Build {build}:", "", title, "|---" * len(head) + "|", *rows])


def put(page: Path, text: str, name: str, table: str) -> str:
    """`text` with what stands between the marks `name` replaced."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if not pattern.search(text):
        raise SystemExit(f"{page.name} has no mark {begin}")
    return pattern.sub(lambda _: f"{begin}\n\n{table}\n\n{end}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description="write the tables of docs/")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    parser.add_argument("--measure", action="store_true", help="explore each switch anew")
    args = parser.parse_args()
    bugs = mmutorture("list", "bugs")["bugs"]
    stale = 0
    for page, name, table in (
        (BUGS, "switches", switches(bugs)),
        (SCENARIOS, "scenarios", scenarios()),
    ):
        text = page.read_text(encoding="utf-8")
        wanted = put(page, text, name, table)
        if args.check and wanted != text:
            stale = 1
            print(f"{page.name} is out of date: run tools/doc_tables.py", file=sys.stderr)
        elif wanted != text:
            page.write_text(wanted, encoding="utf-8")
    if args.measure and not args.check:
        found = put(BUGS, BUGS.read_text(encoding="utf-8"), "figures", figures(bugs))
        BUGS.write_text(found, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
