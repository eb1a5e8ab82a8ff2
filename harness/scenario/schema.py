# SPDX-License-Identifier: GPL-2.0-only
"""What may stand in a scenario file, as types; the JSON Schema is derived from them.

A scenario is a machine (``vm``, ``slots``), tasks that use it, and for a litmus the outcomes that
are forbidden.  ``controlled`` holds what differs when a scheduler decides the order, where an
execution is short and is repeated thousands of times.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

VCPUS_MAX = 24
TASKS_MAX = 30  # the core's 32, without the boss and the RCU task
SLOTS_MAX = 8
OPS_MAX = 16
RULES_MAX = 16
TERMS_MAX = 6
REGISTERS = 8  # per task
REGISTERS_MAX = 16  # per scenario
GFN_MAX = 1 << 40
NAME_PATTERN = r"^[a-z][a-z0-9-]*$"

# Which sort of task may do what; the numbers behind the names are the core's.
OPERATIONS: dict[str, str] = {
    "read": "vcpu",
    "write": "vcpu",
    "migrate": "host-mm",
    "reclaim": "host-mm",
    "collapse": "host-mm",
    "split": "host-mm",
    "age": "host-mm",
    "test-age": "host-mm",
    "prefault": "vcpu",
    "fast-zap": "vmm",
    "slot-recreate": "vmm",
    "dirty-log-on": "vmm",
    "dirty-log-off": "vmm",
    "dirty-log-get": "vmm",
    "exec": "vcpu",
    "nx-recover": "nx-recovery",
    "dirty-log-clear": "vmm",
    "zap-gfn-range": "vmm",
    "slot-move": "vmm",
    "apic-access": "vcpu",
    "mmu-reset": "vcpu",
    "write-track": "vmm",
}
# Operations on one memslot rather than on a range of pages.
SLOT_OPERATIONS = frozenset(
    {
        "slot-recreate",
        "dirty-log-on",
        "dirty-log-off",
        "dirty-log-get",
        "dirty-log-clear",
        "zap-gfn-range",
        "slot-move",
        "write-track",
    }
)
# Operations of a vCPU on itself rather than on a page.
SELF_OPERATIONS = frozenset({"apic-access", "mmu-reset"})

Gfn = Annotated[int, Meta(ge=0, lt=GFN_MAX)]
Count = Annotated[int, Meta(ge=1, le=1 << 32)]
Weight = Annotated[int, Meta(ge=1, le=1000)]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The one base class: immutable, kebab-case in files, unknown keys refused."""


class Vm(Strict, frozen=True):
    """The virtual machine, fixed when it is created."""

    root_level: Literal[4, 5] = 4
    max_level: Literal["4K", "2M", "1G"] = "4K"
    ad_bits: bool = True  # EPT accessed and dirty bits
    pml: bool = False  # dirty logging by the D bit; else by write protection
    tdp_mmu: bool = True
    profile: Literal["current", "legacy-roots"] = "current"  # the base that old bugs need
    mmu_lock: Literal["rwlock", "exclusive"] = "rwlock"  # exclusive: what if readers were alone?
    zap_roots_lock: Literal["read", "write"] = "read"  # of mmu_lock, to zap invalidated roots
    nx_huge_pages: bool = False  # huge pages are not executable (iTLB multihit)
    eager_split: bool = True  # enabling or clearing a dirty log splits huge pages first
    manual_protect: bool = False  # dirty-log-get only looks, dirty-log-clear clears
    initially_set: bool = False  # a dirty log begins with all bits set; needs manual-protect
    mmio_generation_bits: Annotated[int, Meta(ge=2, le=19)] = 19  # in an MMIO SPTE; few wrap soon
    table_frames: Annotated[int, Meta(ge=0, le=1 << 20)] | Literal["least"] = 0  # 0: plenty
    spare_frames: Annotated[int, Meta(ge=0, le=1 << 20)] = 0  # for migration; 0: default
    populate: bool = False  # vCPU 0 touches everything before the executions begin
    warm: Annotated[int, Meta(ge=0, le=100)] = 0  # controlled: percent mapped, anew, at the start


class Slot(Strict, frozen=True):
    """A memslot: [base-gfn, base-gfn + pages)."""

    base_gfn: Gfn
    pages: Annotated[int, Meta(ge=1, le=1 << 22)]
    huge: bool | Literal["2M", "1G"] = False  # host mappings where aligned; true: 2M
    dirty_log: bool = False
    as_id: Literal[0, 1] = 0  # 1: SMM
    move_to: Gfn | None = None  # the other place of a slot that slot-move moves
    apic_page: bool = False  # its first page is the APIC access page


class Task(Strict, frozen=True):
    """A group of `count` alike tasks."""

    kind: Literal["vcpu", "vmm", "host-mm", "nx-recovery"]
    count: Annotated[int, Meta(ge=1, le=VCPUS_MAX)] = 1
    operations: Annotated[int, Meta(ge=1, le=1 << 20)] = 4  # in one controlled execution
    gfns: Annotated[list[int], Meta(min_length=2, max_length=2)] | None = None  # [first, count]
    pattern: Literal["random", "sequential", "partition"] = "random"
    guest_mode: bool = False  # vcpu: L2 without TDP, which has a root of its own
    as_id: Literal[0, 1] = 0
    pages: Annotated[int, Meta(ge=1, le=1 << 20)] = 1  # host-mm: pages of one operation
    slot: Annotated[int, Meta(ge=0, lt=SLOTS_MAX)] = 0  # vmm: the memslot of an operation
    pace_faults: Annotated[int, Meta(ge=0, le=1 << 31)] = 0  # free: faults between operations
    mix: dict[str, Weight] | None = None  # storm: operation = share
    program: Annotated[list[str], Meta(min_length=1, max_length=OPS_MAX)] | None = None


class Outcome(Strict, frozen=True):
    """A class of litmus outcomes; the first that matches counts."""

    when: str  # "vcpu0.r0 == 0 and vcpu1.r0 != 1"
    verdict: Literal["forbidden", "allowed", "interesting"]
    text: str = ""


class Scenario(Strict, frozen=True):
    """A scenario file."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN, max_length=64)]
    kind: Literal["storm", "litmus", "program"]
    tasks: Annotated[list[Task], Meta(max_length=TASKS_MAX)] = []  # of a storm or litmus
    slots: Annotated[list[Slot], Meta(max_length=SLOTS_MAX)] = []
    description: str = ""
    vm: Vm = Vm()
    outcomes: Annotated[list[Outcome], Meta(max_length=RULES_MAX)] = []
    code: list[str] = []  # of a program: harness/program/code.py has the form
    controlled: dict[str, Any] = {}  # key.path = value, for controlled executions only


def json_schema() -> dict[str, Any]:
    """JSON Schema of a scenario file, for editors."""
    schema = msgspec.json.schema(Scenario)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
