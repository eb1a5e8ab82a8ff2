# SPDX-License-Identifier: GPL-2.0-only
"""Judging what tools/native_coverage.py counted, and saying it: a table, and docs/coverage.md."""

from __future__ import annotations

import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from coverage_points import KINDS, Function, Point

if TYPE_CHECKING:
    from native_coverage import Counts

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "coverage.md"
EXCUSES = ROOT / "tools" / "coverage.toml"
ORDINAL = re.compile(r" \(\d+\)$")  # of a place: the second of its like
BEHIND_LINES = 3  # how far above a line the condition `bug(` that it stands behind may be

STATES = ("explore", "real", "switch", "excused", "unreached")
HEADS = {
    "explore": "by exploring",
    "real": "by real processes only",
    "switch": "behind a switch",
    "excused": "excused",
    "unreached": "not reached",
}
KIND_TEXTS = {
    "write": "stores to SPTEs, and calls of setters",
    "yield": "yield points: asked, yes and no, and what follows",
    "retry": "retry edges",
    "mode": "branches on `shared`, both sides",
}

TEXT = """\
# Coverage

Written by `make coverage ARGS=--write`; do not edit. What `make coverage` demands is that the
default suite in explore (every scenario, both base profiles, each memory model, strategy `mix`,
{schedules} schedules, seed 1) reaches each *place* of `native/kvm` where the protocol can go
wrong. The places are read from the source by `tools/coverage_points.py`. *By real processes only*
are those that `stress` reached and exploring did not; *behind a switch* is code that runs only
with a switch of `list bugs` on, and did. Excuses, with their reasons, stand in
`tools/coverage.toml`. gcov counts each line of a build without optimisation; that a line was run
does not say that it was run in each interleaving that matters. For that see [bugs](bugs.md).
"""


@dataclass(frozen=True)
class Excuse:
    file: str
    function: str
    text: str  # of a line; empty: the whole function
    why: str

    def covers(self, file: str, function: str, text: str) -> bool:
        named = file.endswith(f"/{self.file}") and function == self.function
        return named and self.text in ("", text)


@dataclass
class Report:
    states: dict[Point, str]
    whys: dict[Point, str]
    missed: dict[Function, list[tuple[str, str]]]  # lines never run without a switch, and why
    files: dict[str, tuple[int, int, int, int]]  # lines and branches: reached, all
    totals: dict[str, tuple[int, int]]  # lines by room
    problems: list[str] = field(default_factory=list)


def excuses() -> list[Excuse]:
    rows = tomllib.loads(EXCUSES.read_text(encoding="utf-8")).get("excuse", [])
    return [Excuse(r["file"], r["function"], r.get("text", ""), r["why"]) for r in rows]


def unused(known: Sequence[Excuse], functions: Sequence[Function]) -> Iterator[str]:
    """Excuses that name no line of the source."""
    for excuse in known:
        plain = replace(excuse, text=ORDINAL.sub("", excuse.text))
        if not any(
            plain.covers(f.file, f.name, " ".join(line.split()))
            for f in functions
            for line in f.lines
        ):
            yield (
                f"tools/coverage.toml: {excuse.file} {excuse.function} {excuse.text!r}"
                " names no line of native/kvm; correct or remove it"
            )


def behind_switch(function: Function, line: int) -> bool:
    at = line - function.first
    return any("bug(" in text for text in function.lines[max(0, at - BEHIND_LINES) : at + 1])


def state_of(
    point: Point, function: Function, known: Sequence[Excuse], counts: Sequence[Counts]
) -> tuple[str, str]:
    explored, stressed, everything = counts
    if explored.reached(point.file, point.line, point.both):
        return "explore", ""
    if stressed.reached(point.file, point.line, point.both):
        return "real", ""
    if everything.reached(point.file, point.line, point.both) and behind_switch(
        function, point.line
    ):
        return "switch", ""
    for excuse in known:
        if excuse.covers(point.file, point.function, point.text):
            return "excused", excuse.why
    return "unreached", ""


def missed_lines(
    function: Function, known: Sequence[Excuse], stressed: Counts, everything: Counts
) -> list[tuple[str, str]]:
    found = []
    for number in range(function.first, function.last + 1):
        if stressed.lines[function.file].get(number) != 0:
            continue
        text = " ".join(function.lines[number - function.first].split())
        if text in ("", "{", "}"):
            continue
        plain = [replace(excuse, text=ORDINAL.sub("", excuse.text)) for excuse in known]
        why = next((e.why for e in plain if e.covers(function.file, function.name, text)), "")
        if not why and everything.lines[function.file].get(number):
            why = "behind a switch"
        found.append((text, why))
    return found


def judge(functions: Sequence[Function], points: Sequence[Point], *counts: Counts) -> Report:
    known = excuses()
    by_name = {(f.file, f.name): f for f in functions}
    report = Report({}, {}, {}, {}, {})
    for point in points:
        function = by_name[point.file, point.function]
        report.states[point], report.whys[point] = state_of(point, function, known, counts)
    _, stressed, everything = counts
    for function in functions:
        if lines := missed_lines(function, known, stressed, everything):
            report.missed[function] = lines
    rooms: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, lines_of in stressed.lines.items():
        if not name.startswith("native/"):
            continue
        reached, total = sum(1 for n in lines_of.values() if n), len(lines_of)
        sides = [n for taken in stressed.branches[name].values() for n in taken]
        report.files[name] = (reached, total, sum(1 for n in sides if n), len(sides))
        room = rooms["/".join(name.split("/")[:2])]
        room[0] += reached
        room[1] += total
    report.totals = {room: (pair[0], pair[1]) for room, pair in sorted(rooms.items())}
    report.problems = [
        f"{point.file}:{point.line}: {point.function}() is not reached"
        f"{' on both sides' if point.both else ''}: {point.text}"
        for point, state in report.states.items()
        if state == "unreached"
    ]
    report.problems += unused(known, functions)
    return report


def tally(report: Report) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for point, state in report.states.items():
        found[point.kind][state] += 1
    return found


def table(report: Report) -> str:
    """For a terminal; what is wrong comes last."""
    heads = [HEADS[state] for state in STATES]
    lines = [f"{'places':<8}{'all':>5}" + "".join(f"  {head:>{len(head)}}" for head in heads)]
    for kind, counter in tally(report).items():
        cells = "".join(f"  {counter[s]:>{len(h)}}" for s, h in zip(STATES, heads, strict=True))
        lines.append(f"{kind:<8}{sum(counter.values()):>5}{cells}")
    lines.append("")
    for room, (reached, total) in report.totals.items():
        lines.append(f"{room:<16} {reached:>5} of {total:>5} lines  {100 * reached / total:5.1f} %")
    return "\n".join([*lines, "", "every line: build/coverage/lines", *report.problems])


def page(report: Report) -> str:
    from native_coverage import EXPLORE_SCHEDULES

    lines = [TEXT.format(schedules=EXPLORE_SCHEDULES), "## Places", ""]
    lines.append("| places | all | " + " | ".join(HEADS[state] for state in STATES) + " |")
    lines.append("|---" * (len(STATES) + 2) + "|")
    for kind, counter in tally(report).items():
        cells = " | ".join(str(counter[state]) for state in STATES)
        lines.append(f"| {KIND_TEXTS[kind]} | {sum(counter.values())} | {cells} |")
    for state in STATES[1:]:
        found = [point for point, what in report.states.items() if what == state]
        if found:
            lines += ["", f"{HEADS[state].capitalize()}:", "", "| place | | |", "|---|---|---|"]
            lines += [
                f"| `{p.file.partition('/')[2]}` `{p.function}()` | `{cell(p.text)}`"
                f" | {report.whys[p]} |"
                for p in found
            ]
    lines += ["", "## Lines", "", "| room | lines | run |", "|---|---|---|"]
    for room, (reached, total) in report.totals.items():
        lines.append(f"| `{room}` | {total} | {100 * reached / total:.1f} % |")
    lines += ["", "Lines of `native/kvm` that no run without a switch reached:", ""]
    lines += ["| function | line | why |", "|---|---|---|"]
    for function, missed in report.missed.items():
        for text, why in missed:
            lines.append(
                f"| `{function.file.rpartition('/')[2]}` `{function.name}()` | `{cell(text)}`"
                f" | {why or '-'} |"
            )
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    return text.replace("|", "\\|")
