# SPDX-License-Identifier: GPL-2.0-only
"""Events of several tasks side by side, one column per task, oldest first: a race table."""

import textwrap
from collections.abc import Sequence

from harness import spte
from harness.world import Event

TASKS_MAX = 3
ROWS_MAX = 20
ROWS_PER_TASK_MIN = 4
RECENT = 400  # events before the violation in which another task counts as involved
STEP_WIDTH = 7
COLUMN_WIDTH_MIN = 24
READS = frozenset({"load", "await"})
WORD_OPS = frozenset({"load", "store", "xchg", "cmpxchg", "add", "and", "or", "await", "drain"})


def involved(events: Sequence[Event], task: int, addr: int) -> list[int]:
    """The failing task, those that touched the failing address last, then the latest others."""
    chosen = [task]
    recent = list(reversed(events[-RECENT:]))
    for event in [e for e in recent if addr and e.addr == addr] + recent:
        if event.task not in chosen and len(chosen) < TASKS_MAX:
            chosen.append(event.task)
    return chosen[:TASKS_MAX]


def pick(events: Sequence[Event], tasks: Sequence[int]) -> list[Event]:
    """The last rows of these tasks, with at least a few of each."""
    indexed = [(index, event) for index, event in enumerate(events) if event.task in tasks]
    chosen = dict(indexed[-ROWS_MAX:])
    for task in tasks:
        own = [(index, event) for index, event in indexed if event.task == task]
        chosen.update(own[-ROWS_PER_TASK_MIN:])
    return [chosen[index] for index in sorted(chosen)]


def describe(event: Event) -> str:
    """What the event did: ``tdp_mmu_set_spte: cmpxchg spte L1 gfn 0x10 0x0 -> 0x8``."""
    text = f"{event.func}: {event.op} {event.object or event.what}"
    if event.op in READS:
        return f"{text} = {event.old:#x}"
    if event.op in WORD_OPS:
        return f"{text} {event.old:#x} -> {event.new:#x}"
    return text


def render(
    events: Sequence[Event], tasks: Sequence[int], names: dict[int, str], width: int = 110
) -> list[str]:
    """The table, wrapped to `width` characters."""
    column = max(COLUMN_WIDTH_MIN, (width - STEP_WIDTH - 1) // max(1, len(tasks)) - 2)
    head = f"{'step':>{STEP_WIDTH}}  "
    lines = [head + "  ".join(f"{names.get(t, str(t)):<{column}}" for t in tasks).rstrip()]
    rule = "=" * column
    lines.append(" " * (STEP_WIDTH + 2) + "  ".join(rule for _ in tasks))
    for event in pick(events, tasks):
        place = tasks.index(event.task)
        indent = " " * (place * (column + 2))
        wrapped = textwrap.wrap(describe(event), column, subsequent_indent="  ") or [""]
        lines.append(f"{event.step:>{STEP_WIDTH}}  {indent}{wrapped[0]}")
        lines += [" " * (STEP_WIDTH + 2) + indent + rest for rest in wrapped[1:]]
    return lines


def spte_changes(events: Sequence[Event], addr: int, count: int = 2) -> list[str]:
    """The last changes of page-table words, at the failing address if there were any, decoded."""
    words = [e for e in events if e.object.startswith("spte") and e.op in WORD_OPS - READS]
    changed = [e for e in words if e.old != e.new]
    at_address = [e for e in changed if addr and e.addr == addr]
    lines = []
    for event in (at_address or changed)[-count:]:
        level = spte.level_of(event.object)
        before, after = spte.decode(event.old, level), spte.decode(event.new, level)
        lines.append(f"{event.object}, step {event.step}: {before}  ->  {after}")
    return lines


def all_events(events: Sequence[Event], names: dict[int, str]) -> str:
    """Every event on a line of its own: step, task, place, what."""
    lines = []
    for event in events:
        place = f"{event.file.rpartition('/')[2]}:{event.line}"
        name = names.get(event.task, str(event.task))
        lines.append(f"{event.step:>8} {name:<12} {place:<24} {describe(event)}")
    return "\n".join(lines) + "\n"
