# SPDX-License-Identifier: GPL-2.0-only
"""A recording as events: times in its unit from the start of the run, names resolved.

An event has a length (an operation, a fault, a wait, a hold, ...) or is an instant, whose end is
its beginning.  `end` is None where it never came: the run was over first, or its task died.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from harness.trace import record
from harness.trace.record import Header, Kind, Raw, Site, Task

INSTANTS: frozenset[Kind] = frozenset({"yield", "root-invalid", "backlog", "violation", "point"})
MODES = ("read", "write")  # by number, as enum lock_mode
DOMAINS = ("rcu", "srcu")


class Event(NamedTuple):
    """One event.  Fields that its kind has no use for are None or empty.

    There are many: a dataclass that is frozen takes five times as long to make.
    """

    task: int
    kind: Kind
    begin: int  # in the recording's unit, from its start
    end: int | None
    what: str  # operation, result of a fault, request of a flush, RCU domain, oracle
    gfn: int | None = None
    lock: str = ""  # the lock's own name
    lock_class: str = ""
    mode: str = ""  # of a wait or hold: read, write; empty: the lock has no readers
    other: int | None = None  # wait: who had the lock; hold: who waited for it
    site: Site | None = None
    other_site: Site | None = None  # wait: where `other` had taken it
    value: int = 0  # pages, vCPUs waited for, callbacks run or pending, readers in, faults in a row
    earlier: bool = False  # it began before `begin`, when nobody looked
    later: bool = False  # it ended after `end`, likewise

    @property
    def length(self) -> int | None:
        """None: it has not ended."""
        return None if self.end is None else self.end - self.begin

    def until(self, never: int) -> int:
        """Its end, or `never`."""
        return never if self.end is None else self.end


@dataclass(frozen=True)
class Arrow:
    """Who let whom in: the hold whose release ended the wait.  Both are indices of events."""

    hold: int
    wait: int


@dataclass(frozen=True)
class Recording:
    """Events of all tasks, by their beginning; of two that begin together the longer first."""

    header: Header
    events: tuple[Event, ...]

    @property
    def unit(self) -> str:
        return self.header.unit

    @property
    def tasks(self) -> tuple[Task, ...]:
        return self.header.tasks

    @cached_property
    def end(self) -> int:
        """The last time that is in it."""
        return max((max(e.begin, e.end or 0) for e in self.events), default=0)

    def name(self, task: int | None) -> str:
        found = next((t.name for t in self.tasks if t.id == task), None)
        return found if found is not None else "?"


def named(names: Sequence[str], number: int) -> str:
    return names[number] if number < len(names) else str(number)


def of_raw(raw: Raw, header: Header) -> Event:
    """One record, with what it means by its kind."""
    begin, end, arg, value, site, other_site, kind_number, mode_number, other, flags, _, task = raw
    kind: Kind = header.kinds[kind_number] if kind_number < len(header.kinds) else "none"
    what, gfn, lock, mode = "", None, None, ""
    match kind:
        case "operation":
            what, gfn, value = named(header.operations, value), arg, 0
        case "fault":
            what, gfn = named(header.fault_results, value), arg
            value = raw.lock_class + 1
        case "zap":
            gfn = arg
        case "invalidate":
            what = f"host page {arg:#x}"
        case "wait" | "hold":
            lock = header.locks.get(arg)
            mode = named(MODES, mode_number) if lock and lock.readers else ""
        case "yield":
            lock = header.locks.get(arg)
        case "flush" | "flush-wait":
            what, value = named(header.requests, value), arg.bit_count()
        case "grace-period":
            what, value = named(DOMAINS, value), 0
        case "callbacks" | "backlog":
            value = arg
        case "violation":
            what, value = named(header.oracles, value), 0
        case "root-invalid" | "zap-root":
            value = arg
    origin, tick = header.origin, header.tick
    return Event(
        task,
        kind,
        round((begin - origin) * tick),
        None if end == record.STILL_OPEN else round((end - origin) * tick),
        what,
        None if gfn == record.STILL_OPEN else gfn,
        lock.name if lock else "",
        lock.lock_class if lock else "",
        mode,
        other or None,  # 0 is the boss, which neither waits nor is waited for
        header.sites.get(site),
        header.sites.get(other_site),
        value,
        bool(flags & record.EARLIER),
        bool(flags & record.LATER),
    )


def order(event: Event) -> tuple[int, float, int]:
    return event.begin, -(event.end if event.end is not None else float("inf")), event.task


def of_records(header: Header, records: Iterable[Raw]) -> Recording:
    found = [event for raw in records if (event := of_raw(raw, header)).kind != "none"]
    found.sort(key=order)
    return Recording(header, tuple(found))


def read(path: Path) -> Recording:
    """Of a scenario's directory, or of a file."""
    return of_records(*record.read(path))


def arrows(recording: Recording) -> list[Arrow]:
    """For each wait that ended the release that ended it, where that was recorded.

    It is the last one, of the same lock by another task, between the beginning and the end of the
    wait.  A reader is let in by a writer only: readers do not keep each other out, but where the
    scenario has it so, and then none is counted as being in.
    """
    releases: dict[str, list[int]] = {}
    for index, event in enumerate(recording.events):
        if event.kind == "hold" and event.end is not None:
            releases.setdefault(event.lock, []).append(index)
    events, found = recording.events, []
    for by_lock in releases.values():
        by_lock.sort(key=lambda index: events[index].end or 0)
    for index, wait in enumerate(events):
        if wait.kind != "wait" or wait.end is None:
            continue
        hold = releaser(events, releases.get(wait.lock, []), wait)
        if hold is not None:
            found.append(Arrow(hold, index))
    return found


def releaser(events: Sequence[Event], by_end: Sequence[int], wait: Event) -> int | None:
    """The last of the holds, which are in the order of their ends, that kept `wait` out."""
    assert wait.end is not None
    low, high = 0, len(by_end)
    while low < high:  # the first that ended after the wait
        middle = (low + high) // 2
        if (events[by_end[middle]].end or 0) <= wait.end:
            low = middle + 1
        else:
            high = middle
    for index in reversed(by_end[:low]):
        hold = events[index]
        if (hold.end or 0) < wait.begin:
            return None
        shared = hold.mode == wait.mode == "read" and hold.value
        if hold.task != wait.task and not shared:
            return index
    return None
