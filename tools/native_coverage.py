# SPDX-License-Identifier: GPL-2.0-only
"""Which places of the core the default suite reaches: `make coverage`.

Builds the core with gcov's counters into build/coverage, where it disturbs nothing, and runs
  1. explore: every scenario, on both base profiles, under each memory model, strategy mix;
  2. stress and lockstep, shortly: real processes;
  3. every switch of `list bugs`: code that stands behind one runs only there.
Then asks for each place of tools/coverage_points.py whether it was reached.  The first step has to
reach all of them, but for what tools/coverage.toml excuses; a place that only a switch reaches is
counted as such.  Prints a table; leaves annotated sources in build/coverage/lines.  --write also
writes docs/coverage.md.  Exit status 1: a place is neither reached nor excused, or an excuse names
nothing.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import coverage_page
from coverage_points import scan_tree

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "coverage"
OBJECTS, LIBRARY, TREE, LINES = (WORK / name for name in ("obj", "lib", "tree", "lines"))
EXPLORE_SCHEDULES = 100
SWITCH_SCHEDULES = 40
LOCKSTEP = ("explore", "two-writers", "--in", "lockstep", "--schedules", "50")

# Workers leave by os._exit(), which runs no exit handler: the counters are written before it.
SITE = """\
import ctypes, os, sys
leave = os._exit
def _exit(status):
    core = sys.modules.get("harness._core")
    if core is not None:
        ctypes.CDLL(core.__file__).mmut_coverage_dump()
    leave(status)
os._exit = _exit
"""


@dataclass
class Counts:
    """How often each line was run, and each of its branches, by file."""

    lines: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    branches: dict[str, dict[int, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    functions: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, document: dict[str, list[dict[str, list[dict[str, int]]]]]) -> None:
        """One object file; a header is in many."""
        for file in document["files"]:
            name = str(file["file"])
            lines, branches = self.lines[name], self.branches[name]
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
                taken = [branch["count"] for branch in line["branches"]]  # type: ignore[attr-defined]
                before = branches.get(number) or [0] * len(taken)
                if len(before) == len(taken):
                    branches[number] = [a + b for a, b in zip(before, taken, strict=True)]
            for function in file["functions"]:
                key = str(function["name"])
                known = self.functions[name]
                known[key] = known.get(key, 0) + function["execution_count"]

    def reached(self, file: str, line: int, both: bool) -> bool:
        if not self.lines[file].get(line):
            return False
        return not both or all(self.branches[file].get(line, [0]))


def run(command: Sequence[str | Path], **more: object) -> None:
    done = subprocess.run(command, check=False, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"exit status {done.returncode}: {' '.join(map(str, command))}")


def build() -> None:
    """The core with counters, and a package around it whose modules are links to the real ones."""
    WORK.mkdir(parents=True, exist_ok=True)
    setup = [sys.executable, "setup.py", "-q", "build_ext"]
    places = ["--build-lib", str(LIBRARY), "--build-temp", str(OBJECTS)]
    with (WORK / "build.log").open("w") as log:
        environment = os.environ | {"MMUTORTURE_BUILD": "coverage"}
        run([*setup, *places], cwd=ROOT, env=environment, stdout=log, stderr=log)
    for path in OBJECTS.rglob("*.gcda"):
        path.unlink()
    shutil.rmtree(TREE, ignore_errors=True)
    harness = ROOT / "harness"
    kept = [*harness.rglob("*.py"), *harness.glob("report/assets/*")]
    for source in [*kept, *(LIBRARY / "harness").glob("*.so")]:
        base = LIBRARY if source.suffix == ".so" else ROOT
        link = TREE / source.relative_to(base)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(source)
    (TREE / "sitecustomize.py").write_text(SITE, encoding="utf-8")


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(TREE), "NO_COLOR": "1"}


def in_parts(jobs: int, *words: str) -> None:
    """coverage_run.py in so many processes, each with its share."""
    command = [sys.executable, str(ROOT / "tools" / "coverage_run.py"), *words]
    parts = [
        subprocess.Popen([*command, "--part", f"{index}/{jobs}"], cwd=WORK, env=environment())
        for index in range(jobs)
    ]
    if sum(part.wait() for part in parts):
        raise SystemExit("a run that should be clean was not, or could not be made")


def mmutorture(*words: str) -> None:
    command = [sys.executable, "-m", "harness", *words, "--quiet", "--results", str(WORK / "runs")]
    run(command, cwd=TREE, env=environment())
    shutil.rmtree(WORK / "runs", ignore_errors=True)


def read_counts() -> Counts:
    """What the counters say now."""
    gcov = os.environ.get("GCOV") or "gcov"
    notes = sorted(str(path.relative_to(OBJECTS)) for path in (OBJECTS / "native").rglob("*.gcno"))
    command = [gcov, "--json-format", "--stdout", "--branch-probabilities", *notes]
    try:
        done = subprocess.run(command, cwd=OBJECTS, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise SystemExit(f"{gcov} is needed, which comes with gcc; or name one by GCOV=") from None
    counts = Counts()
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            counts.add(json.loads(line))
    return counts


def write_lines(counts: Counts, by_switch: Counts) -> None:
    """Each source with how often its lines were run; ##### never, ====S only with a switch on."""
    shutil.rmtree(LINES, ignore_errors=True)
    for name in sorted(counts.lines):
        source = ROOT / name
        if not name.startswith("native/") or not source.is_file():
            continue
        rows = []
        for number, text in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            count = counts.lines[name].get(number)
            mark = "" if count is None else str(count) if count else "#####"
            if count == 0 and by_switch.lines[name].get(number):
                mark = "====S"
            rows.append(f"{mark:>12} {number:>5}  {text}".rstrip())
        into = LINES / f"{name}.txt"
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_text("\n".join(rows) + "\n", encoding="utf-8")


def say(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {what}", file=sys.stderr, flush=True)


def measure(jobs: int, stress: str) -> tuple[Counts, Counts, Counts]:
    """After exploring; after stress and lockstep as well; after the switches as well."""
    began = time.monotonic()
    build()
    say(began, "built; exploring every scenario")
    in_parts(jobs, "--schedules", str(EXPLORE_SCHEDULES))
    explored = read_counts()
    say(began, "stress and lockstep")
    mmutorture("stress", "--all", "--duration", stress)
    mmutorture(*LOCKSTEP)
    stressed = read_counts()
    say(began, "the switches")
    in_parts(jobs, "--switches", "--schedules", str(SWITCH_SCHEDULES))
    everything = read_counts()
    say(began, "done")
    return explored, stressed, everything


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="which places of the core a run reaches")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--stress", default="200ms", help="duration of each scenario; 200ms")
    parser.add_argument("--write", action="store_true", help="write docs/coverage.md")
    args = parser.parse_args(None if arguments is None else list(arguments))
    explored, stressed, everything = measure(args.jobs, args.stress)
    write_lines(stressed, everything)
    functions, points = scan_tree(ROOT)
    report = coverage_page.judge(functions, points, explored, stressed, everything)
    print(coverage_page.table(report))
    if args.write:
        coverage_page.PAGE.write_text(coverage_page.page(report), encoding="utf-8")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
