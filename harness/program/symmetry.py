# SPDX-License-Identifier: GPL-2.0-only
"""Tasks of a program that nothing but their names tells apart (twins): see native/sched/symmetry.h.

Twins are tasks of the same instructions whose registers nobody else reads: neither an outcome nor
a rule names one of them.  Tasks of a litmus test are no twins, since its condition names registers;
nor are those of C programs, whose code is not looked at, nor the tasks of a VM, each of which
draws operations of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.program import compiled
from harness.program.code import Code, Insn, parse

if TYPE_CHECKING:
    from harness.scenario.schema import Scenario

Twins = list[list[int]]


def body(code: Code, task: int) -> tuple[object, ...]:
    """What the task does, wherever its code stands."""
    starts = [*(start for _, start in code.tasks), code.final]
    first = starts[task]

    def meaning(insn: Insn) -> str:
        moved = insn.imm - first if insn.op.startswith("jump") else insn.imm
        return repr(replace(insn, imm=moved, line=0, text=""))

    return tuple(meaning(insn) for insn in code.insns[first : starts[task + 1]])


def twins(code: Code) -> Twins:
    """Groups of two or more task numbers, each in ascending order."""
    named = {seen.task for seen in code.observed}
    named |= {insn.imm for insn in code.insns[code.final :] if insn.op == "register"}
    groups: dict[tuple[object, ...], list[int]] = {}
    for task in range(len(code.tasks)):
        if task not in named:
            groups.setdefault(body(code, task), []).append(task)
    return [group for group in groups.values() if len(group) > 1]


def twins_of(scenario: Scenario) -> Twins:
    """UsageError where there are none."""
    if scenario.kind != "program":
        why = "each task of a VM draws operations of its own"
    elif compiled.is_c(scenario.code):
        why = "of programs in C it is not known which tasks are identical"
    else:
        code = parse(scenario.code)
        found = [] if code.litmus else twins(code)
        if found:
            return found
        why = "there are no two tasks of the same code whose registers nobody names"
        if code.litmus:
            why = "the condition of a litmus test names registers by task"
    raise UsageError(f"{scenario.name}: --symmetry: {why}; leave --symmetry out")


def names(scenario: Scenario) -> str:
    """As a report has them: ``t0 t1, r0 r1 r2``."""
    tasks: Sequence[tuple[str, int]] = parse(scenario.code).tasks
    return ", ".join(" ".join(tasks[n][0] for n in group) for group in twins_of(scenario))
