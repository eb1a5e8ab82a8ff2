# SPDX-License-Identifier: GPL-2.0-only
"""The tables of docs/bugs.md and docs/scenarios.md, from what the harness itself says.

Without arguments the tables of switches and scenarios are written anew, and which protocols each
storm races, which follows from its operations; --check says whether they are up to date.  How soon
each switch is found is written by tools/quality.py.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.scenario import scenarios
from harness.scenario.schema import Scenario, Task

ROOT = Path(__file__).resolve().parent.parent
BUGS = ROOT / "docs" / "bugs.md"
SCENARIOS = ROOT / "docs" / "scenarios.md"

# The protocols of the model, by a short name for the head of a column.
PROTOCOLS = {
    "fault": "a page fault with `mmu_lock` for read",
    "fast": "a fast page fault, without a lock",
    "prefault": "mapping ahead of use, a loop in one SRCU section",
    "root": "a vCPU drops its root and looks for another",
    "notifier": "the host moves, takes, splits or collapses pages",
    "aging": "the host asks which pages are in use, without a lock",
    "zap": "all roots are made invalid and zapped",
    "range": "a gfn range is zapped because what it means has changed",
    "memslot": "a memslot is deleted, created or moved",
    "get": "dirty bits are got or cleared, and their pages armed again",
    "toggle": "a dirty log is switched on or off",
    "split": "huge pages are split eagerly",
    "recover": "huge pages are recovered when logging ends",
    "nx": "NX huge pages are recovered by the worker",
    "track": "writes to a page are tracked: it is protected, and flushed under `mmu_lock`",
    "apic": "a vCPU looks up the APIC access page again and programs its address",
}
PROTOCOLS_OF: dict[str, set[str]] = {
    "read": {"fault"},
    "write": {"fault"},
    "exec": {"fault"},
    "prefault": {"prefault"},
    "mmu-reset": {"root"},
    "apic-access": {"apic"},
    "migrate": {"notifier"},
    "reclaim": {"notifier"},
    "collapse": {"notifier"},
    "split": {"notifier"},
    "age": {"aging"},
    "test-age": {"aging"},
    "fast-zap": {"zap"},
    "zap-gfn-range": {"range"},
    "slot-recreate": {"memslot", "zap"},
    "slot-move": {"memslot", "zap"},
    "dirty-log-get": {"get"},
    "dirty-log-clear": {"get"},
    "dirty-log-on": {"toggle"},
    "dirty-log-off": {"toggle"},
    "nx-recover": {"nx"},
    "write-track": {"track"},
}


def mmutorture(*args: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness", *args, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def switches(bugs: list[dict[str, Any]]) -> str:
    head = "| name | slug | commit | scenario | base | memory | oracles | depth |"
    lines = [head, "|---" * 8 + "|"]
    for bug in bugs:
        commit = "-" if bug["commit"] == "-" else f"`{bug['commit']}`"
        oracles = ", ".join(bug["oracles"])
        lines.append(
            f"| [{bug['name']}](bugs/{bug['name']}.md) | {bug['slug']} | {commit}"
            f" | `{bug['scenario']}` | {bug['profile']} | {bug['memory']} | {oracles}"
            f" | {bug['depth']} |"
        )
    lines += ["", "What each breaks:", "", "| name | what it breaks |", "|---|---|"]
    lines += [f"| {bug['name']} | {bug['text']} |" for bug in bugs]
    return "\n".join(lines)


def task_text(task: Task) -> str:
    count = f"{task.count} " if task.count > 1 else ""
    marks = (" (L2)" if task.guest_mode else "") + (" (SMM)" if task.as_id else "")
    does = ", ".join(task.mix or ()) or "; ".join(f"`{text}`" for text in task.program or ())
    return f"{count}{task.kind}{marks}: {does}"


def machine_text(one: Scenario) -> str:
    vm = one.vm
    parts = (
        (True, vm.max_level),
        (vm.root_level > 4, f"{vm.root_level} levels"),
        (not vm.ad_bits, "no A/D"),
        (vm.pml, "PML"),
        (vm.nx_huge_pages, "NX huge pages"),
        (vm.profile != "current", vm.profile),
        (vm.mmu_lock != "rwlock", f"{vm.mmu_lock} mmu_lock"),
        (vm.zap_roots_lock != "read", f"roots zapped under {vm.zap_roots_lock}"),
        (vm.max_level != "4K" and not vm.eager_split, "no eager split"),
        (vm.manual_protect, "manual protect"),
        (vm.initially_set, "log begins all set"),
        (vm.mmio_generation_bits < 19, f"{vm.mmio_generation_bits} bits of MMIO generation"),
        (vm.warm > 0, f"warm {vm.warm}"),
    )
    return ", ".join(text for shown, text in parts if shown)


def scenario_row(one: Scenario) -> str:
    slots = ", ".join(
        f"{slot.pages}"
        + (" 1G" if slot.huge == "1G" else " huge" if slot.huge else "")
        + (" SMM" if slot.as_id else "")
        + (" logged" if slot.dirty_log else "")
        + (" moving" if slot.move_to is not None else "")
        + (" APIC" if slot.apic_page else "")
        for slot in one.slots
    )
    tasks = "<br>".join(map(task_text, one.tasks))
    return f"| `{one.name}` | {one.kind} | {slots} | {tasks} | {machine_text(one)} |"


def scenario_table(all_of_them: list[Scenario]) -> str:
    head = "| scenario | sort | pages of the slots | tasks | machine |"
    return "\n".join([head, "|---" * 5 + "|", *map(scenario_row, all_of_them)])


def logged_spaces(one: Scenario) -> set[int]:
    """The address spaces in which something is logged."""
    logged: set[int] = {slot.as_id for slot in one.slots if slot.dirty_log}
    logged |= {
        one.slots[task.slot].as_id for task in one.tasks if "dirty-log-on" in (task.mix or ())
    }
    return logged


def protocols_of(one: Scenario, task: Task) -> set[str]:
    """What one task of a storm does; follows the ways through native/kvm."""
    mix = set(task.mix or ())
    found: set[str] = set().union(*(PROTOCOLS_OF[name] for name in mix))
    ages = any("age" in (other.mix or ()) for other in one.tasks)
    # What a fast fault gives back: W, where logging does without the D bit, or access.
    loses_w = task.as_id in logged_spaces(one) and (task.guest_mode or not one.vm.pml)
    loses_access = ages and not one.vm.ad_bits
    if ("write" in mix and loses_w) or ("fault" in found and loses_access):
        found.add("fast")
    if task.kind == "vmm" and one.vm.max_level != "4K" and one.slots[task.slot].huge:
        splits = "dirty-log-clear" if one.vm.initially_set else "dirty-log-on"
        if one.vm.eager_split and splits in mix:
            found.add("split")
        if "dirty-log-off" in mix:
            found.add("recover")
    return found


def marks(one: Scenario) -> dict[str, str]:
    """For each protocol the groups of tasks that run it: a letter each, a capital for several."""
    found = dict.fromkeys(PROTOCOLS, "")
    for number, task in enumerate(one.tasks):
        letter = "abcdefghij"[number]
        for name in protocols_of(one, task):
            found[name] += letter.upper() if task.count > 1 else letter
    return found


def race(left: str, right: str) -> bool:
    """Two different tasks, one in each: two letters, or one that stands for several tasks."""
    return any(a != b or a.isupper() for a in left for b in right)


def storms_by_protocol(storms: list[Scenario]) -> str:
    lines = [f"| storm | {' | '.join(PROTOCOLS)} |", "|---" * (1 + len(PROTOCOLS)) + "|"]
    lines += [f"| `{one.name}` | {' | '.join(marks(one).values())} |" for one in storms]
    return "\n".join(lines)


def pairs(storms: list[Scenario]) -> str:
    everyone = [marks(one) for one in storms]
    lines = ["| column | protocol |", "|---|---|"]
    lines += [f"| {name} | {text} |" for name, text in PROTOCOLS.items()]
    lines += ["", storms_by_protocol(storms), "", "In how many storms each pair is raced:", ""]
    lines += [f"| | {' | '.join(PROTOCOLS)} |", "|---" * (1 + len(PROTOCOLS)) + "|"]
    for number, row in enumerate(PROTOCOLS, 1):
        cells = [
            str(sum(race(storm[row], storm[column]) for storm in everyone) or "-")
            for column in list(PROTOCOLS)[:number]
        ]
        cells += [""] * (len(PROTOCOLS) - number)
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
    args = parser.parse_args()
    bugs = mmutorture("list", "bugs")["bugs"]
    every = [scenarios.load(name) for name in scenarios.scenario_files()]
    storms = [one for one in every if one.kind == "storm"]
    stale = 0
    for page, name, table in (
        (BUGS, "switches", switches(bugs)),
        (SCENARIOS, "scenarios", scenario_table(every)),
        (SCENARIOS, "pairs", pairs(storms)),
    ):
        text = page.read_text(encoding="utf-8")
        wanted = put(page, text, name, table)
        if args.check and wanted != text:
            stale = 1
            print(f"{page.name} is out of date: run tools/doc_tables.py", file=sys.stderr)
        elif wanted != text:
            page.write_text(wanted, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
