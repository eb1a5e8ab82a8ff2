# SPDX-License-Identifier: GPL-2.0-only
"""KTAP 1, as Documentation/dev-tools/ktap.rst has it: a test point for each scenario."""

from collections.abc import Sequence

from harness.results.cases import Case

FILE = "run.ktap"  # in the results of a run


def description(name: str) -> str:
    """A scenario may be a path: neither # nor the end of a line may be in it."""
    return "".join("?" if char == "#" or not char.isprintable() else char for char in name)


def render(cases: Sequence[Case]) -> str:
    lines = ["KTAP version 1", f"1..{len(cases)}"]
    for number, case in enumerate(cases, 1):
        if not case.good:
            lines += [f"# {line}" for line in case.lines()]
        status = "ok" if case.good else "not ok"
        directive = f" # SKIP {case.skipped}" if case.skipped else ""
        lines.append(f"{status} {number} {description(case.name)}{directive}")
    return "\n".join(lines) + "\n"
