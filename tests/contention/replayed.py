# SPDX-License-Identifier: GPL-2.0-only
"""What lock statistics of one controlled execution have to be, from nothing but its trace.

The trace has an event for each acquisition and each release, with its step.  A task's next event is
announced in the step in which its last one was over, so that for locks which are enabled only once
they are free the beginning of a wait is in the trace as well; of the rwlock it is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.core.structs import Event

TAKES = ("spin_lock", "mutex_lock", "read_lock", "write_lock")
Place = tuple[str, str, int]


@dataclass
class Known:
    """By call site: (func, file, line)."""

    acquisitions: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    holds: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    waits: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))  # no rwlocks
    readers: dict[int, int] = field(default_factory=lambda: defaultdict(int))  # of mmu_lock: steps


def known(events: Sequence[Event]) -> Known:
    found = Known()
    held: dict[tuple[int, int], tuple[Place, int]] = {}  # (task, lock): where, and since when
    holders: dict[int, set[int]] = defaultdict(set)
    before: dict[int, tuple[int, set[int]]] = {}  # task: when, and the locks that were held then
    inside, since = 0, 0
    for event in events:
        place, lock, task = (event.func, event.file, event.line), event.addr, event.task
        if event.op in ("read_lock", "read_unlock"):
            found.readers[inside] += event.step - since
            inside, since = inside + (1 if event.op == "read_lock" else -1), event.step
        if event.op in TAKES:
            found.acquisitions[place] += 1
            held[task, lock] = (place, event.step)
            step, locks = before.get(task, (0, set()))
            if event.op in ("spin_lock", "mutex_lock") and lock in locks:
                found.waits[place].append(event.step - step)
            holders[lock].add(task)
        elif event.op.removesuffix("unlock") in ("spin_", "mutex_", "read_", "write_"):
            where, when = held.pop((task, lock))
            found.holds[where].append(event.step - when)
            holders[lock].discard(task)
        before[task] = (event.step, {one for one, by in holders.items() if by})
    return found
