# SPDX-License-Identifier: GPL-2.0-only
"""Less of a scenario: nothing mapped at the start, and fewer pages for each group of tasks.

Each change is also one of a scenario file, so that the token of what is left can say it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from harness.scenario.rules import check_rules, gfn_range
from harness.scenario.schema import SLOT_OPERATIONS, Scenario, Task
from harness.scenario.validate import Invalid

Overrides = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Change:
    """One override, and the scenario with it."""

    key: str
    value: str
    scenario: Scenario


def added(overrides: Overrides, change: Change) -> Overrides:
    return merged(overrides, ((change.key, change.value),))


def merged(given: Overrides, more: Overrides) -> Overrides:
    keys = {key for key, _ in more}
    return (*(pair for pair in given if pair[0] not in keys), *more)


def has_range(task: Task) -> bool:
    """Whether gfns are drawn from a range: of a storm's task, and not for memslots only."""
    return task.mix is not None and not set(task.mix) <= SLOT_OPERATIONS | {"fast-zap"}


def extent(scenario: Scenario) -> int:
    """How much there is of what can be less: percent mapped, and pages of all ranges."""
    ranges = (gfn_range(scenario, task)[1] for task in scenario.tasks if has_range(task))
    return scenario.vm.warm + sum(ranges)


def with_range(scenario: Scenario, number: int, first: int, count: int) -> Scenario:
    tasks = list(scenario.tasks)
    tasks[number] = msgspec.structs.replace(tasks[number], gfns=[first, count])
    return msgspec.structs.replace(scenario, tasks=tasks)


def proposed(scenario: Scenario) -> Iterator[Change]:
    if scenario.vm.warm:
        vm = msgspec.structs.replace(scenario.vm, warm=0)
        yield Change("vm.warm", "0", msgspec.structs.replace(scenario, vm=vm))
    for number, task in enumerate(scenario.tasks):
        if not has_range(task):
            continue
        first, count = gfn_range(scenario, task)
        for less in sorted({1, 2, count // 2} - {0}):
            if less < count:
                changed = with_range(scenario, number, first, less)
                yield Change(f"tasks.{number}.gfns", f"[{first}, {less}]", changed)


def changes(scenario: Scenario) -> Iterator[Change]:
    """Smaller scenarios that are valid, the smallest of each kind first."""
    for change in proposed(scenario) if scenario.kind == "storm" else ():
        try:
            check_rules(change.scenario)
        except Invalid:
            continue
        yield change
