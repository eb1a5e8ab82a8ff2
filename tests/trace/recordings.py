# SPDX-License-Identifier: GPL-2.0-only
"""Recordings to test readers with: tasks that take turns at a fair rwlock, played out.

What they show is known: `Played.let_in` says whose release ended each wait.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from harness.trace import record
from harness.trace.record import Header, Lock, Raw, Site, Task

MMU_LOCK, EVIL = 0x1000, 0x2000
KINDS: tuple[record.Kind, ...] = (
    "none", "operation", "fault", "invalidate", "zap", "zap-root", "wait", "hold", "flush",
    "flush-wait", "grace-period", "callbacks", "yield", "root-invalid", "backlog", "violation",
)  # fmt: skip
NUMBER = {kind: number for number, kind in enumerate(KINDS)}
READ, WRITE = 0, 1
NAMES = ("boss", "rcu", "vcpu0", "vcpu1", "vmm", "host-mm", '<b>"evil"</b>')


def header(**changes: object) -> Header:
    fields: dict[str, object] = {
        "scenario": "made-up",
        "execution": "free",
        "unit": "ns",
        "tick": 0.25,
        "origin": 1000,
        "holds_sampled": 32,
        "accesses": False,
        "tasks": tuple(
            Task(id=n, name=name, kind="vcpu" if "cpu" in name else name, records=0, kept=0)
            for n, name in enumerate(NAMES)
        ),
        "kinds": KINDS,
        "sites": {
            1: Site(func="kvm_tdp_page_fault", file="native/kvm/fault.c", line=190),
            2: Site(func="kvm_handle_hva_range", file="native/kvm/notifier.c", line=81),
            3: Site(func='f</script>"', file="x&y.c", line=1),
        },
        "locks": {
            MMU_LOCK: Lock(name="mmu_lock", lock_class="mmu_lock", readers=True),
            EVIL: Lock(name="</script>'lock", lock_class="user", readers=False),
        },
        "operations": ("read", "write", "migrate"),
        "fault_results": ("continue", "retry", "emulate", "invalid", "fixed", "spurious"),
        "requests": ("tlb-flush", "free-obsolete-roots"),
        "oracles": ("guest-memory", "frame-life"),
    }
    return Header(**(fields | changes))  # type: ignore[arg-type]


def raw(kind: record.Kind, task: int, begin: int, end: int | None = None, **more: int) -> Raw:
    """A record; `begin` and `end` are ns since the origin, of four ticks each."""
    fields = {"arg": 0, "value": 0, "site": record.NO_SITE, "other_site": record.NO_SITE}
    fields |= {"mode": 0, "other": 0, "flags": 0, "lock_class": 0} | more
    return Raw(
        begin=1000 + 4 * begin,
        end=record.STILL_OPEN if end is None else 1000 + 4 * end,
        kind=NUMBER[kind],
        task=task,
        **fields,
    )


@dataclass
class Played:
    records: list[Raw] = field(default_factory=list)
    let_in: dict[tuple[int, int], int] = field(default_factory=dict)  # (waiter, its end): releaser

    def encoded(self, **changes: object) -> bytes:
        packed = b"".join(record.RECORD.pack(*one) for one in self.records)
        return record.encode(header(**changes), packed)


@dataclass
class Holder:
    task: int
    mode: int
    since: int
    until: int


def play(seed: int, rounds: int = 40, tasks: tuple[int, ...] = (2, 3, 4, 5)) -> Played:
    """Each task faults and takes the lock, in either mode, `rounds` times.

    The lock is FIFO and fair, as mmu_lock is: who comes waits for all who came before and whom
    it does not share with.
    """
    draw, played = random.Random(seed), Played()
    clock = {task: draw.randint(1, 40) for task in tasks}  # when each comes next
    granted: list[Holder] = []
    for _ in range(rounds * len(tasks)):
        task = min(tasks, key=lambda t: (clock[t], t))
        now = clock[task]
        mode = draw.choice((READ, READ, WRITE))
        before = [h for h in granted if h.task != task and (mode == WRITE or h.mode == WRITE)]
        # FIFO: not before anybody who came earlier was let in.
        since = max([now, *(h.until + 1 for h in before), *(h.since for h in granted)])
        if since > now:
            last = max((h for h in before), key=lambda h: (h.until, h.task))
            played.records.append(
                raw("wait", task, now, since, arg=MMU_LOCK, mode=mode, other=last.task,
                    site=1, other_site=2)
            )  # fmt: skip
            if last.until >= now and sum(h.until == last.until for h in before) == 1:
                played.let_in[task, since] = last.task
        until = since + draw.randint(1, 60)
        played.records.append(
            raw("hold", task, since, until, arg=MMU_LOCK, mode=mode, site=1, value=1)
        )
        played.records.append(
            raw("fault", task, now, until + 2, arg=draw.randrange(64), value=draw.choice((1, 4)))
        )
        granted.append(Holder(task, mode, since, until))
        clock[task] = until + 3 + draw.randint(1, 40)
    return played
