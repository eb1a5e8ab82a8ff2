# SPDX-License-Identifier: GPL-2.0-only
"""Turn a resolved scenario and the settings of a run into the core's ``struct mmut_config``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from harness._core import ffi, lib
from harness.core import catalogue, delay
from harness.errors import UsageError
from harness.scenario import table_frames
from harness.scenario.rules import (
    conditions,
    gfn_range,
    registers,
    statements,
    task_names,
)
from harness.scenario.schema import Scenario, Task
from harness.scenario.settings import MEMORY_MODELS, ORDERS, Settings

if TYPE_CHECKING:
    from harness._core import mmut_config, mmut_op, mmut_task

PROFILES = {
    "current": lib.MMUT_PROFILE_CURRENT,
    "legacy-roots": lib.MMUT_PROFILE_LEGACY_ROOTS,
}
LEVELS = {"4K": 1, "2M": 2, "1G": 3}
HUGE = {
    False: lib.MMUT_HUGE_NO,
    True: lib.MMUT_HUGE_2M,
    "2M": lib.MMUT_HUGE_2M,
    "1G": lib.MMUT_HUGE_1G,
}
SLOT_DIRTY_LOG, SLOT_MOVES, SLOT_APIC_PAGE = 1 << 0, 1 << 8, 1 << 9
BOUND_PREEMPTIONS, BOUND_DELAYS = 1, 2
CONTENTION_PERCENT = 5  # how often a strategy claims contention at a yield test
CONTENTION_PERCENT_FREE = 1  # and the noise of a free run, which has real contention as well


@cache
def task_kind_numbers() -> dict[str, int]:
    return {
        "vcpu": lib.MMUT_TASK_VCPU,
        "vmm": lib.MMUT_TASK_VMM,
        "host-mm": lib.MMUT_TASK_HOST_MM,
        "nx-recovery": lib.MMUT_TASK_NX_RECOVERY,
    }


def unasked(scenario: Scenario) -> tuple[str, ...]:
    """Oracles that a litmus test does not ask: to herd7 what deadlocks is no execution."""
    is_litmus = any(line.startswith("litmus ") for line in scenario.code or ())
    return ("deadlock", "lockdep") if is_litmus else ()


@cache
def operation_numbers() -> dict[str, int]:
    return {entry.name: entry.index for entry in catalogue.operations()}


def bug_mask(names: tuple[str, ...]) -> int:
    mask = 0
    for name in names:
        mask |= 1 << catalogue.find_bug(name).index
    return mask


def oracle_mask(without: tuple[str, ...]) -> int:
    known = catalogue.oracles()
    mask = (1 << len(known)) - 1
    for name in without:
        mask &= ~(1 << catalogue.find_index(name, "oracle", known))
    return mask


def fill_op(op: mmut_op, name: str) -> None:
    op.kind = operation_numbers()[name]
    op.weight, op.gfn, op.npages, op.slot, op.reg = 1, 0, 0, 0, -1


def fill_storm(into: mmut_task, scenario: Scenario, task: Task, index: int) -> None:
    first, count = gfn_range(scenario, task)
    if task.pattern == "partition":
        low, high = count * index // task.count, count * (index + 1) // task.count
        first, count = first + low, high - low
    into.gfn_first, into.gfn_count = first, count
    into.operations = task.operations
    into.random_gfn = task.pattern == "random"
    mix = task.mix or {}
    into.nr_ops = len(mix)
    for number, (name, weight) in enumerate(mix.items()):
        op = into.ops[number]
        fill_op(op, name)
        op.weight, op.npages, op.slot = weight, task.pages, task.slot


def fill_program(into: mmut_task, scenario: Scenario, task: Task) -> None:
    into.gfn_first, into.gfn_count = gfn_range(scenario, task)
    into.sequential = 1
    program = statements(task)
    into.nr_ops = into.operations = len(program)
    for number, statement in enumerate(program):
        op = into.ops[number]
        fill_op(op, statement.op)
        op.gfn, op.npages, op.slot = statement.gfn, statement.pages, statement.slot
        op.reg = statement.reg


def fill_tasks(config: mmut_config, scenario: Scenario) -> None:
    named = task_names(scenario)
    config.nr_tasks = len(named)
    for number, (name, task, index) in enumerate(named):
        into = config.tasks[number]
        into.name = name.encode()
        into.kind = task_kind_numbers()[task.kind]
        into.guest_mode, into.as_id = task.guest_mode, task.as_id
        into.pace_faults = task.pace_faults
        if scenario.kind == "litmus":
            fill_program(into, scenario, task)
        else:
            fill_storm(into, scenario, task, index)


def cut_tasks(config: mmut_config, cut: tuple[tuple[str, int], ...]) -> None:
    """Tasks do less, and what is left of them draws what it drew before."""
    numbers = {ffi.string(config.tasks[n].name).decode(): n for n in range(config.nr_tasks)}
    for name, operations in cut:
        if name not in numbers:
            raise UsageError(f"no task is named '{name}'; there are {', '.join(numbers)}")
        into = config.tasks[numbers[name]]
        into.operations = min(into.operations, operations)


def fill_rules(config: mmut_config, scenario: Scenario) -> None:
    config.nr_rules = len(scenario.outcomes)
    if scenario.kind == "program":  # its code says when a rule holds
        for index, outcome in enumerate(scenario.outcomes):
            config.rules[index].forbidden = outcome.verdict == "forbidden"
        return
    numbers = {pair: number for number, pair in enumerate(registers(scenario))}
    for index, terms in enumerate(conditions(scenario)):
        rule = config.rules[index]
        rule.nr_terms = len(terms)
        rule.forbidden = scenario.outcomes[index].verdict == "forbidden"
        for position, term in enumerate(terms):
            into = rule.terms[position]
            into.reg = numbers[term.task, term.reg]
            into.value, into.not_equal = term.value, term.not_equal


def check_tasks(config: mmut_config, scenario: Scenario, settings: Settings) -> None:
    """Of a program: store buffers, execution graphs and searches know fewer tasks."""
    few = (
        (settings.memory != "sc", lib.MMUT_MAX_TASKS - 1, f"memory {settings.memory}", "memory sc"),
        (
            catalogue.is_search(settings.strategy),
            lib.MMUT_SEARCH_TASKS,
            f"strategy {settings.strategy}",
            "strategy random",
        ),
    )
    for limited, most, option, instead in few:
        if limited and config.nr_tasks > most:
            raise UsageError(
                f"{scenario.name} has {config.nr_tasks} tasks; under --{option} there are at"
                f" most {most}: use --{instead}"
            )


def fill_twins(config: mmut_config, twins: Sequence[Sequence[int]]) -> None:
    """Each task says behind which other it begins."""
    for group in twins:
        for before, number in pairwise(group):
            config.tasks[number].twin = before + 1


def fill_weakenings(config: mmut_config, settings: Settings) -> None:
    config.nr_weaken = len(settings.weaken)
    for number, weakening in enumerate(settings.weaken):
        into = config.weaken[number]
        into.file = weakening.file.encode()
        into.line, into.order = weakening.line, ORDERS.index(weakening.order)


def build(scenario: Scenario, settings: Settings) -> mmut_config:
    if settings.memory not in MEMORY_MODELS:
        allowed = ", ".join(MEMORY_MODELS)
        raise UsageError(f"no memory model is named '{settings.memory}'; allowed: {allowed}")
    config = ffi.new("struct mmut_config *")
    config.seed = settings.seed
    config.bugs = bug_mask(settings.bugs)
    config.oracles = oracle_mask((*settings.without, *unasked(scenario)))
    config.checks, config.controlled = settings.checks, settings.controlled
    config.lock_stat, config.record = settings.lock_stat, settings.record
    config.memory = MEMORY_MODELS.index(settings.memory)
    config.strategy = catalogue.find_index(settings.strategy, "strategy", catalogue.strategies())
    config.whole_steps = settings.whole_steps
    if settings.delays is not None:
        config.bound_kind, config.bound = BOUND_DELAYS, settings.delays
    elif settings.preemptions is not None:
        config.bound_kind, config.bound = BOUND_PREEMPTIONS, settings.preemptions
    config.pct_depth, config.steps_max = settings.depth, settings.steps_max
    config.pinned = settings.pinned is not None
    config.check_every = settings.check_every
    config.pinned_iteration = settings.pinned or 0
    percent = CONTENTION_PERCENT if settings.controlled else CONTENTION_PERCENT_FREE
    config.contention_percent = percent
    config.noise_permille = 0 if settings.controlled else settings.noise_permille
    vm = scenario.vm
    config.tdp_mmu, config.root_level, config.max_level = (
        vm.tdp_mmu,
        vm.root_level,
        LEVELS[vm.max_level],
    )
    config.ad_bits, config.pml, config.populate = vm.ad_bits, vm.pml, vm.populate
    config.nx_huge_pages, config.eager_split = vm.nx_huge_pages, vm.eager_split
    config.manual_protect, config.initially_set = vm.manual_protect, vm.initially_set
    config.mmio_generation_bits = vm.mmio_generation_bits
    config.warm_percent = vm.warm if settings.controlled else 0
    config.spare_frames = vm.spare_frames
    frames = vm.table_frames
    config.nr_table_frames = table_frames.least(scenario) if frames == "least" else frames
    config.profile = PROFILES[vm.profile]
    config.exclusive_mmu_lock = vm.mmu_lock == "exclusive"
    config.zap_roots_write = vm.zap_roots_lock == "write"
    config.nr_slots = len(scenario.slots)
    for number, slot in enumerate(scenario.slots):
        into = config.slots[number]
        into.base_gfn, into.npages = slot.base_gfn, slot.pages
        into.as_id, into.huge = slot.as_id, HUGE[slot.huge]
        into.flags = SLOT_DIRTY_LOG if slot.dirty_log else 0
        into.flags |= SLOT_APIC_PAGE if slot.apic_page else 0
        if slot.move_to is not None:
            into.flags |= SLOT_MOVES
            into.move_gfn = slot.move_to
    if scenario.kind == "program":
        from harness.program import code, compiled, core

        if compiled.is_c(scenario.code):
            compiled.fill(config, scenario.code)
        else:
            core.fill(config, code.parse(scenario.code))
        check_tasks(config, scenario, settings)
    else:
        fill_tasks(config, scenario)
        cut_tasks(config, settings.cut)
    if settings.symmetry:
        from harness.program import symmetry

        fill_twins(config, symmetry.twins_of(scenario))
    fill_rules(config, scenario)
    fill_weakenings(config, settings)
    delay.fill(config, settings.delay)
    return config
