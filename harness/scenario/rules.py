# SPDX-License-Identifier: GPL-2.0-only
"""What types cannot say about a scenario: values that have to fit each other."""

from harness.scenario import statements as language
from harness.scenario import table_frames
from harness.scenario.schema import (
    OPS_MAX,
    REGISTERS_MAX,
    SELF_OPERATIONS,
    TASKS_MAX,
    VCPUS_MAX,
    Scenario,
    Slot,
    Task,
)
from harness.scenario.statements import ProgramError, Statement, Term
from harness.scenario.toml import Path
from harness.scenario.validate import Invalid

GIANT_PAGES = 512 * 512


def regions(slots: list[Slot], as_id: int) -> list[tuple[int, int]]:
    """[first, end) of runs of adjacent memslots of one address space, in gfn order."""
    runs: list[tuple[int, int]] = []
    for first, end in sorted(place for s in slots if s.as_id == as_id for place in places(s)):
        if runs and runs[-1][1] == first:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((first, end))
    return runs


def places(slot: Slot) -> list[tuple[int, int]]:
    """[first, end) of the gfns that a slot may occupy: a slot that moves has two places."""
    firsts = [slot.base_gfn] if slot.move_to is None else [slot.base_gfn, slot.move_to]
    return [(first, first + slot.pages) for first in firsts]


def gfn_range(scenario: Scenario, task: Task) -> tuple[int, int]:
    """(first, count) of the pages a group of tasks picks from; default: its first memory."""
    if task.gfns is not None:
        return task.gfns[0], task.gfns[1]
    runs = regions(scenario.slots, task.as_id)
    return (runs[0][0], runs[0][1] - runs[0][0]) if runs else (0, 0)


def task_names(scenario: Scenario) -> list[tuple[str, Task, int]]:
    """(name, its group, index within the group) of every task: vcpu0, vcpu1, host-mm0, ..."""
    counts: dict[str, int] = {}
    named = []
    for task in scenario.tasks:
        for index in range(task.count):
            number = counts.get(task.kind, 0)
            counts[task.kind] = number + 1
            named.append((f"{task.kind}{number}", task, index))
    return named


def check_rules(scenario: Scenario) -> None:
    if scenario.kind == "program":
        check_code(scenario)
        return
    for key in ("tasks", "slots"):
        if not getattr(scenario, key):
            raise Invalid((), f"the key '{key}' is missing")
    if scenario.code:
        raise Invalid(("code",), 'is for kind = "program"')
    check_vm(scenario)
    check_slots(scenario)
    if scenario.vm.initially_set and not scenario.vm.manual_protect:
        raise Invalid(("vm", "initially-set"), "needs manual-protect = true")
    names = task_names(scenario)
    if len(names) > TASKS_MAX:
        raise Invalid(("tasks",), f"{len(names)} tasks in all; at most {TASKS_MAX}")
    vcpus = sum(task.kind == "vcpu" for _, task, _ in names)
    if not 1 <= vcpus <= VCPUS_MAX:
        raise Invalid(("tasks",), f"{vcpus} vCPUs in all; allowed: 1 to {VCPUS_MAX}")
    check_table_frames(scenario, vcpus)
    for index, task in enumerate(scenario.tasks):
        check_task(scenario, task, ("tasks", index))
    check_outcomes(scenario)


def check_code(scenario: Scenario) -> None:
    from harness.program import code

    if scenario.tasks or scenario.slots:
        raise Invalid(("tasks" if scenario.tasks else "slots",), "a program has neither")
    if scenario.code and scenario.code[0].startswith("c "):
        return  # the compiler has the say
    try:
        code.parse(scenario.code)
    except code.CodeError as error:
        raise Invalid(("code",), str(error)) from None


def check_vm(scenario: Scenario) -> None:
    vm = scenario.vm
    if not vm.tdp_mmu:
        raise Invalid(
            ("vm", "tdp-mmu"),
            "false is refused: there is no shadow MMU, and the choice is fixed when the VM is"
            " created; allowed: true",
        )
    if vm.profile == "legacy-roots" and vm.zap_roots_lock == "write":
        raise Invalid(
            ("vm", "zap-roots-lock"),
            '"write" is refused with profile = "legacy-roots", where vCPUs zap roots too;'
            ' allowed: "read"',
        )
    if vm.pml and not vm.ad_bits:
        raise Invalid(("vm", "pml"), "true needs the D bit; allowed: false, or ad-bits = true")


def check_table_frames(scenario: Scenario, vcpus: int) -> None:
    frames, least = scenario.vm.table_frames, table_frames.least(scenario)
    if frames not in (0, "least") and int(frames) < least:
        raise Invalid(
            ("vm", "table-frames"),
            f"with {frames} the vCPUs could starve each other for ever; {vcpus} vCPUs and these"
            f' slots need {least}, which "least" stands for',
        )


def check_slots(scenario: Scenario) -> None:
    limit = 1 << (9 * scenario.vm.root_level)
    taken: list[tuple[int, int, int, int]] = []  # as-id, first, end, slot
    for index, slot in enumerate(scenario.slots):
        for key, (first, end) in zip(("base-gfn", "move-to"), places(slot), strict=False):
            here = ("slots", index, key)
            if end > limit:
                levels = scenario.vm.root_level
                raise Invalid(
                    here, f"the slot ends at gfn {end:#x}; {levels} levels reach {limit:#x}"
                )
            for as_id, low, high, other in taken:
                if slot.as_id == as_id and first < high and low < end:
                    raise Invalid(here, f"overlaps slot {other} ([{low:#x}, {high:#x}))")
            taken.append((slot.as_id, first, end, index))
        check_giant(slot, ("slots", index, "huge"))
    check_apic_page(scenario)


def check_giant(slot: Slot, path: Path) -> None:
    first = -(-slot.base_gfn // GIANT_PAGES) * GIANT_PAGES
    if slot.huge == "1G" and first + GIANT_PAGES > slot.base_gfn + slot.pages:
        raise Invalid(
            path,
            "the slot contains no aligned 1G; base-gfn must be a multiple of 0x40000, and pages"
            " 0x40000 or more",
        )


def check_apic_page(scenario: Scenario) -> None:
    owners = [index for index, slot in enumerate(scenario.slots) if slot.apic_page]
    if len(owners) > 1:
        raise Invalid(("slots", owners[1], "apic-page"), f"slot {owners[0]} has it already")
    if owners and scenario.slots[owners[0]].move_to is not None:
        raise Invalid(("slots", owners[0], "move-to"), "the APIC access page stays where it is")


def check_task(scenario: Scenario, task: Task, path: Path) -> None:
    if task.kind != "vcpu" and task.guest_mode:
        raise Invalid((*path, "guest-mode"), f"is for vcpu tasks; this is a {task.kind} task")
    if task.kind == "vcpu" and task.pace_faults:
        raise Invalid((*path, "pace-faults"), "is for vmm and host-mm tasks")
    if task.kind != "vcpu" and task.as_id:
        raise Invalid((*path, "as-id"), f"is for vcpu tasks; this is a {task.kind} task")
    if task.slot >= len(scenario.slots):
        raise Invalid((*path, "slot"), f"{task.slot}; allowed: 0 to {len(scenario.slots) - 1}")
    if not regions(scenario.slots, task.as_id):
        raise Invalid((*path, "as-id"), f"no slot has as-id {task.as_id}")
    check_range(scenario, task, path)
    if scenario.kind == "storm":
        check_mix(task, path)
    else:
        check_program(scenario, task, path)


def check_range(scenario: Scenario, task: Task, path: Path) -> None:
    first, count = gfn_range(scenario, task)
    runs = regions(scenario.slots, task.as_id)
    if count < 1:
        raise Invalid((*path, "gfns"), f"{count} pages; allowed: [first, count] with count above 0")
    if not any(low <= first and first + count <= high for low, high in runs):
        shown = ", ".join(f"[{low:#x}, {high:#x})" for low, high in runs)
        raise Invalid(
            (*path, "gfns"),
            f"[{first:#x}, {first + count:#x}) is not within memory; the slots are {shown}",
        )
    if task.pattern == "partition" and count < task.count:
        raise Invalid((*path, "pattern"), f"{count} pages cannot be shared by {task.count} tasks")
    if task.pages > count:
        raise Invalid((*path, "pages"), f"{task.pages} pages; the range has {count}")


def check_mix(task: Task, path: Path) -> None:
    if task.program is not None:
        raise Invalid((*path, "program"), "is for litmus scenarios; a storm has 'mix'")
    if not task.mix:
        raise Invalid((*path, "mix"), "is missing; write mix = { operation = share }")
    if len(task.mix) > OPS_MAX:
        raise Invalid((*path, "mix"), f"{len(task.mix)} operations; at most {OPS_MAX}")
    for op in task.mix:
        try:
            language.check_operation(op, task.kind)
        except ProgramError as error:
            raise Invalid((*path, "mix", op), str(error)) from None


def statements(task: Task) -> list[Statement]:
    return [language.parse_statement(text, task.kind) for text in task.program or []]


def check_program(scenario: Scenario, task: Task, path: Path) -> None:
    if task.mix is not None:
        raise Invalid((*path, "mix"), "is for storms; a litmus has 'program'")
    if task.count != 1:
        raise Invalid((*path, "count"), "a litmus task stands alone; write one [[tasks]] for each")
    if not task.program:
        raise Invalid((*path, "program"), "is missing; write program = ['write 0x10']")
    runs = regions(scenario.slots, task.as_id)
    for index, text in enumerate(task.program):
        here = (*path, "program", index)
        try:
            statement = language.parse_statement(text, task.kind)
        except ProgramError as error:
            raise Invalid(here, str(error)) from None
        first, end = statement.gfn, statement.gfn + max(statement.pages, 1)
        ranged = task.kind in ("vcpu", "host-mm") and statement.op not in SELF_OPERATIONS
        if ranged and not any(low <= first and end <= high for low, high in runs):
            shown = ", ".join(f"[{low:#x}, {high:#x})" for low, high in runs)
            raise Invalid(here, f"gfn {first:#x} is not within memory; the slots are {shown}")
        if statement.slot >= len(scenario.slots):
            raise Invalid(here, f"slot {statement.slot}; allowed: 0 to {len(scenario.slots) - 1}")


def registers(scenario: Scenario) -> list[tuple[str, int]]:
    """(task, register) pairs as the core numbers them: in task order, then by register."""
    pairs = []
    for name, task, _ in task_names(scenario):
        used = {s.reg for s in statements(task) if s.reg >= 0}
        pairs += [(name, reg) for reg in sorted(used)]
    return pairs


def conditions(scenario: Scenario) -> list[list[Term]]:
    return [language.parse_condition(outcome.when) for outcome in scenario.outcomes]


def check_outcomes(scenario: Scenario) -> None:
    if scenario.kind == "storm":
        if scenario.outcomes:
            raise Invalid(("outcomes",), "is for litmus scenarios")
        return
    known = registers(scenario)
    if len(known) > REGISTERS_MAX:
        raise Invalid(("tasks",), f"{len(known)} registers are read; at most {REGISTERS_MAX}")
    shown = ", ".join(f"{task}.r{reg}" for task, reg in known) or "none: no program reads anything"
    for index, outcome in enumerate(scenario.outcomes):
        here = ("outcomes", index, "when")
        try:
            terms = language.parse_condition(outcome.when)
        except ProgramError as error:
            raise Invalid(here, str(error)) from None
        for term in terms:
            if (term.task, term.reg) not in known:
                raise Invalid(here, f"unknown register {term.task}.r{term.reg}; allowed: {shown}")
