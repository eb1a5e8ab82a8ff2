# SPDX-License-Identifier: GPL-2.0-only
"""A world: one arena in a memfd, and the calls of ``native/api.h`` upon it.

One world is mapped in a process at a time.  Whole runs are handed to the core; nothing here is
called per operation, and each call releases the GIL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from harness._core import ffi, lib
from harness.core.anchors import Anchor, Plan
from harness.core.classes import Classes
from harness.core.part import Packed
from harness.core.structs import (
    Annotation,
    Event,
    Failure,
    Outcome,
    TaskState,
    event_op,
    event_ops,
    fields_of,
    rows,
    text,
)
from harness.errors import HarnessError
from harness.scenario.settings import ORDERS

if TYPE_CHECKING:
    from harness._core import mmut_config

SLOT = 0
CLASSES_KEPT = 1 << 16  # by the core, of the executions since they were last asked for
REGISTERS = lib.MMUT_REGISTERS
NO_RULE = 0xFFFFFFFF
CHAIN_DEPTH = 24
EVENTS_READ = 1 << 14  # of a traced execution, from its end: some are millions of events long
NONE = (1 << 64) - 1  # no index
MISSED, TAKEN, IMPOSSIBLE = 0, 1, 2  # what became of an anchor
STOP_FINISHED, STOP_VIOLATION, STOP_INTERRUPTED, STOP_WORKER_DIED = 1, 2, 3, 4


def core_error() -> str:
    pointer = lib.mmut_error()
    return text(pointer) if pointer != ffi.NULL else "the core gave no reason"


def attach(fd: int, slot: int = SLOT) -> None:
    """Map an existing world into this process (a worker)."""
    if lib.mmut_world_attach(fd, slot) != 0:
        raise HarnessError(core_error())


class CoreCrashed(HarnessError):
    """A signal ended an execution, and with it the use of the world."""

    def __init__(
        self, number: int, task: str, pending: str, addr: int, iteration: int, step: int
    ) -> None:
        super().__init__(
            f"the core died of signal {number} in execution {iteration}, in {task} after {pending}"
        )
        self.signal, self.task, self.pending = number, task, pending
        self.addr, self.iteration, self.step = addr, iteration, step

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.signal, self.task, self.pending, self.addr, self.iteration, self.step)
        return CoreCrashed, parts


class World:
    """An arena, mapped while the context lasts; the memfd vanishes with the last process."""

    def __init__(self, config: mmut_config) -> None:
        self.fd = os.memfd_create("mmut:arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.fchmod(self.fd, 0o600)
        if lib.mmut_world_create(self.fd, SLOT, config) != 0:
            reason = core_error()
            os.close(self.fd)
            raise HarnessError(reason)
        self.open = True
        self.classes = Classes()
        self.taken: Any = None  # where the core puts them
        self.counts: Any = None
        self.traced = 0  # events of the last traced execution
        self.chains: dict[int, str] = {}  # of those that asked for them

    def close(self) -> None:
        if self.open:
            self.open = False
            lib.mmut_world_detach()
            os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def explore(self, first: int, count: int, seconds: float) -> int:
        """Executions [first, first + count) as fibers; how many were finished."""
        done = lib.mmut_explore(first, count, seconds)
        self.alive()
        return done

    def alive(self) -> None:
        """CoreCrashed if the core has not survived the last execution."""
        crash = ffi.new("struct mmut_crash *")
        if lib.mmut_crash(crash) != 0:
            return
        state = next((s for s in self.tasks() if s.id == crash.task), None)
        name, pending = (state.name, state.pending) if state else ("?", "?")
        raise CoreCrashed(crash.signal, name, pending, crash.addr, crash.iteration, crash.step)

    def differs(self) -> tuple[int, int] | None:
        """An execution that was another one when it ran again, and where its event will be."""
        found = ffi.new("struct mmut_differs *")
        if lib.mmut_differs(found) != 0:
            return None
        return found.iteration, found.other_event

    def compare(self, iteration: int) -> int | None:
        """Run again and again, traced: the index of the first event that differs."""
        index = lib.mmut_explore_compared(iteration)
        return None if index == NONE else index

    def lockstep(self, first: int, count: int, seconds: float) -> int:
        """The same, by worker processes that take turns; the caller is the boss."""
        return lib.mmut_lockstep_boss(first, count, seconds)

    def take_classes(self) -> bytes:
        """The trace classes of the executions since the last call, for Classes.add()."""
        if self.taken is None:
            self.taken = ffi.new("uint64_t[]", CLASSES_KEPT)
        count = lib.mmut_classes_take(self.taken, CLASSES_KEPT)
        return bytes(ffi.buffer(self.taken, 8 * count))

    def counted(self) -> bytes:
        """Of a search within a bound: struct mmut_counted of what take_classes() would give."""
        if self.counts is None:
            self.counts = ffi.new("struct mmut_counted[]", CLASSES_KEPT)
        count = lib.mmut_counted_get(self.counts, CLASSES_KEPT)
        return bytes(ffi.buffer(self.counts, ffi.sizeof("struct mmut_counted") * count))

    def trace(self, iteration: int, last: int = EVENTS_READ) -> list[Event]:
        """Run one execution again and return the last events of it, oldest first."""
        count = lib.mmut_explore_traced(iteration)
        self.alive()
        self.traced = count
        events = (self.event(index) for index in range(max(0, count - last), count))
        return [event for event in events if event is not None]

    def event(self, index: int) -> Event | None:
        """An event of the last traced execution."""
        raw = ffi.new("struct mmut_trace_event *")
        if lib.mmut_trace_event(index, raw) != 0:
            return None
        return Event(
            step=raw.step,
            task=raw.task,
            op=event_op(raw.op),
            func=text(raw.func),
            file=text(raw.file),
            line=raw.line,
            what=text(raw.what),
            object=text(raw.object),
            addr=raw.addr,
            old=raw.old_value,
            new=raw.new_value,
            operand=raw.operand,
            anchor=raw.anchor,
            occurrence=raw.occurrence,
            chain=self.chain(raw.stack) if raw.stack else "",
        )

    def want_chains(self, first: int, last: int) -> None:
        """Traced executions note the call chains of these steps."""
        self.chains.clear()
        lib.mmut_want_stacks(max(first, 1), last)

    def chain(self, number: int) -> str:
        if number not in self.chains:
            from harness.core import stacks

            places = ffi.new("uint32_t[]", CHAIN_DEPTH)
            depth = lib.mmut_stack(number, places, CHAIN_DEPTH)
            self.chains[number] = stacks.chain(places[n] for n in range(depth))
        return self.chains[number]

    def decisions(self) -> bytes:
        """What the last execution decided, for the replay strategy of the same build."""
        count = lib.mmut_plan_get(ffi.NULL, 0)
        words = ffi.new("uint32_t[]", count)
        lib.mmut_plan_get(words, count)
        return bytes(ffi.buffer(words))

    def replay(self, decisions: bytes) -> None:
        """What the replay strategy follows from now on."""
        words: Any = ffi.from_buffer("uint32_t[]", decisions)
        if lib.mmut_plan_set(words, len(decisions) // 4) != 0:
            raise HarnessError("the record of decisions is damaged")

    def plan(self) -> Plan:
        """The forced choices of the last traced execution, anchored."""
        count = lib.mmut_anchors_get(ffi.NULL, 0)
        make: Any = ffi.new
        raw = make("struct mmut_anchor[]", count)
        lib.mmut_anchors_get(raw, count)
        return tuple(
            Anchor(a.task, event_op(a.op), a.object, a.occurrence, a.decision, a.choice)
            for a in raw
        )

    def follow(self, plan: Sequence[Anchor]) -> None:
        """What the anchored strategy follows from now on; no place is of an unknown operation."""
        ops = event_ops()
        make: Any = ffi.new
        raw = make("struct mmut_anchor[]", max(len(plan), 1))
        for into, a in zip(raw, plan, strict=False):
            into.task, into.op, into.object = a.task, ops.get(a.op, 0), a.object
            into.occurrence, into.decision, into.choice = a.occurrence, a.decision, a.choice
        if lib.mmut_anchors_set(raw, len(plan)) != 0:
            raise HarnessError("the plan names tasks or operations that the core does not have")

    def patience(self, steps: int, seconds: float) -> None:
        """A followed plan that takes longer is given up, as one that does not fail; 0: no limit."""
        lib.mmut_patience(steps, seconds)

    def fates(self, count: int) -> list[int]:
        """For each anchor that was followed: MISSED, TAKEN or IMPOSSIBLE."""
        return [lib.mmut_anchor_fate(index) for index in range(count)]

    def go(self) -> None:
        lib.mmut_free_go()

    def stop(self, reason: int) -> None:
        lib.mmut_stop(reason)

    def stopped(self) -> int:
        return lib.mmut_stopped()

    def finish(self) -> bool:
        """After the workers of a free run ended: drain and check; True if all is well."""
        return lib.mmut_free_finish() == 0

    def tasks(self) -> list[TaskState]:
        raw = ffi.new("struct mmut_task_state *")
        states = []
        for task in range(lib.mmut_nr_tasks()):
            if lib.mmut_task_state(task, raw) == 0:
                states.append(
                    TaskState(
                        id=task,
                        name=text(raw.name),
                        kind=raw.kind,
                        state=raw.state,
                        operations=raw.operations,
                        faults=raw.faults,
                        held=text(raw.held),
                        pending=text(raw.pending),
                        waits=text(raw.waits),
                    )
                )
        return states

    def failure(self) -> Failure | None:
        raw = ffi.new("struct mmut_failure *")
        lib.mmut_failure_get(raw)
        if not raw.set:
            return None
        name = lib.mmut_oracle_name(raw.oracle)
        return Failure(
            oracle=text(name) if name != ffi.NULL else f"oracle-{raw.oracle}",
            message=text(raw.message),
            task=raw.task,
            task_name=text(raw.task_name),
            file=text(raw.file),
            func=text(raw.func),
            line=raw.line,
            what=text(raw.what),
            step=raw.step,
            addr=raw.addr,
            iteration=raw.iteration,
            digest=raw.digest,
            member=text(raw.member),
        )

    def totals(self) -> dict[str, int]:
        raw = ffi.new("struct mmut_totals *")
        lib.mmut_totals_get(raw)
        return fields_of(raw)

    def search(self) -> dict[str, int] | None:
        """How far an exhaustive search has come; None: the strategy is none."""
        raw = ffi.new("struct mmut_search *")
        return fields_of(raw) if lib.mmut_search_get(raw) == 0 else None

    def take_part(self, packed: Packed) -> None:
        """From now on the search is this part of it."""
        raw = ffi.new("struct mmut_part *")
        views: list[Any] = [
            ffi.from_buffer(f"struct mmut_part_{kind}[]", memory)
            for kind, memory in (("node", packed.nodes), ("branch", packed.branches))
        ]
        raw.nodes, raw.branches = views
        raw.nr_nodes, raw.nr_branches = map(len, views)
        raw.floor, raw.bound = packed.floor, packed.bound
        raw.patient, raw.left = packed.patient, packed.left
        if lib.mmut_part_load(raw) != 0:
            raise HarnessError("this part of a search is none of this build's")

    def rest_of_part(self) -> Packed:
        """What is left of it, and what it found for others."""
        raw = ffi.new("struct mmut_part *")
        lib.mmut_part_save(raw)
        make: Any = ffi.new
        nodes = make("struct mmut_part_node[]", raw.nr_nodes)
        branches = make("struct mmut_part_branch[]", raw.nr_branches)
        steps = make("struct mmut_part_step[]", raw.nr_steps)
        raw.nodes, raw.branches, raw.steps = nodes, branches, steps
        if lib.mmut_part_save(raw) != 0:
            raise HarnessError("a part of a search has changed while it was saved")
        return Packed(
            bytes(ffi.buffer(nodes)),
            bytes(ffi.buffer(branches)),
            bytes(ffi.buffer(steps)),
            floor=raw.floor,
            finished=bool(raw.finished),
            bound=raw.bound,
            asleep=raw.asleep,
        )

    def over(self) -> bool:
        """Is nothing left to explore?"""
        return bool(lib.mmut_nothing_left())

    def lockstat(self) -> list[dict[str, Any]]:
        """Lock classes by mode, now; all there is to know: harness.contention.measured."""
        return rows("struct mmut_lockstat *", lib.mmut_lockstat_get)

    def annotations(self) -> list[Annotation]:
        """Of the source or a program; none under sc, which has no use for them."""
        found = rows("struct mmut_annotation *", lib.mmut_annotation_get)
        return [Annotation(**(row | {"order": ORDERS[row["order"]]})) for row in found]

    def outcomes(self) -> Iterator[Outcome]:
        values = ffi.new("int64_t[]", REGISTERS)
        count, rule = ffi.new("uint64_t *"), ffi.new("uint32_t *")
        index = 0
        while lib.mmut_outcome_get(index, values, count, rule) == 0:
            found = None if rule[0] == NO_RULE else int(rule[0])
            yield Outcome(tuple(values[n] for n in range(REGISTERS)), int(count[0]), found)
            index += 1


def object_name(anchor: int) -> str:
    """What an anchor of a traced execution is about; empty: it has no name."""
    pointer = lib.mmut_object_name(anchor)
    return text(pointer) if pointer != ffi.NULL else ""
