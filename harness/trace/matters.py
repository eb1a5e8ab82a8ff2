# SPDX-License-Identifier: GPL-2.0-only
"""Which events of an execution matter: what can have caused the failure, what passes something from
one task to another, and what of it is news."""

from collections.abc import Iterable, Sequence

from harness.core.structs import Event

READS = frozenset({"load", "await"})
WORD_OPS = frozenset(
    {"load", "store", "xchg", "cmpxchg", "add", "and", "or", "await", "store_drain"}
)
WRITES = WORD_OPS - READS
TOUCHES_NOBODY = frozenset({"fence", "yield", "note"})


def causes(events: Sequence[Event], last: Iterable[int]) -> list[bool]:
    """Which events happen before the end of these tasks, through program order and through words
    that one of the two writes."""
    live = set(last)
    read_later: set[int] = set()
    written_later: set[int] = set()
    found = [False] * len(events)
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        writes = event.op not in READS
        reaches = event.addr in written_later or (writes and event.addr in read_later)
        if event.task not in live and not (event.addr and reaches):
            continue
        found[index] = True
        live.add(event.task)
        if event.addr and event.op not in TOUCHES_NOBODY:
            (written_later if writes else read_later).add(event.addr)
    return found


def communicate(events: Sequence[Event]) -> set[int]:
    """Indices of events that read or overwrite what another task left, and of what they found."""
    writer: dict[int, int] = {}
    readers: dict[int, list[int]] = {}
    found: set[int] = set()
    for index, event in enumerate(events):
        if not event.addr or event.op in TOUCHES_NOBODY or event.object.startswith("stat_"):
            continue
        before = writer.get(event.addr)
        if before is not None and events[before].task != event.task:
            found |= {before, index}
        if event.op in READS:
            readers.setdefault(event.addr, []).append(index)
            continue
        for reader in readers.pop(event.addr, ()):
            if events[reader].task != event.task:
                found |= {reader, index}
        writer[event.addr] = index
    return found


def no_news(events: Sequence[Event], shown: set[int]) -> set[int]:
    """Those of them that read again what their task has read, and nobody has written since."""
    writes: dict[int, int] = {}
    known: dict[tuple[int, int], tuple[int, int]] = {}
    found: set[int] = set()
    for index, event in enumerate(events):
        if event.op in WRITES:
            writes[event.addr] = writes.get(event.addr, 0) + 1
        if index not in shown or event.op not in WORD_OPS:
            continue
        who, what = (event.task, event.addr), (writes.get(event.addr, 0), event.new)
        if event.op in READS and known.get(who) == what:
            found.add(index)
        known[who] = what
    return found
