# SPDX-License-Identifier: GPL-2.0-only
"""Events of several tasks side by side, one column per task, oldest first: a race table."""

import re
import textwrap
from collections.abc import Callable, Sequence

from harness import spte
from harness.world import Event

TASKS_MAX = 3
ROWS_MAX = 14
ROWS_PER_TASK_MIN = 4
ROWS_SUBJECT = 8
RECENT = 400  # events before the violation in which another task counts as involved
STEP_WIDTH = 7
COLUMN_WIDTH_MIN = 24
WIDTH = 130
READS = frozenset({"load", "await"})
WORD_OPS = frozenset({"load", "store", "xchg", "cmpxchg", "add", "and", "or", "await", "drain"})
WRITES = WORD_OPS - READS


def subject(message: str, addr: int) -> Callable[[Event], bool]:
    """Whether an event is about what the message names: the failing address, a gfn, a page."""
    numbers = {int(match, 16) for match in re.findall(r"(?:gfn|page) 0x([0-9a-f]+)", message)}

    def about(event: Event) -> bool:
        if addr and event.addr == addr:
            return True
        named = re.findall(r"(?:gfn|page) 0x([0-9a-f]+)$", event.object)
        return any(int(number, 16) in numbers for number in named)

    return about


def involved(events: Sequence[Event], task: int, about: Callable[[Event], bool]) -> list[int]:
    """The failing task, those that last touched the subject, then the latest others."""
    recent = list(reversed(events[-RECENT:]))
    touching = [event.task for event in reversed(events) if about(event)]
    chosen: list[int] = []
    for candidate in [task, *touching, *(event.task for event in recent)]:
        if candidate not in chosen and any(event.task == candidate for event in events):
            chosen.append(candidate)
    return chosen[:TASKS_MAX]


def pick(
    events: Sequence[Event], tasks: Sequence[int], task: int, about: Callable[[Event], bool]
) -> list[Event]:
    """The last rows of these tasks, a few of each at least, and the last about the subject.

    Where the failing task is none of them, a check after the end fired: then what changed last
    tells more than what happened last.
    """
    indexed = [(index, event) for index, event in enumerate(events) if event.task in tasks]
    if task not in tasks:
        indexed = [pair for pair in indexed if pair[1].op in WRITES and pair[1].old != pair[1].new]
    chosen = dict(indexed[-ROWS_MAX:])
    for column in tasks:
        own = [(index, event) for index, event in indexed if event.task == column]
        chosen.update(own[-ROWS_PER_TASK_MIN:])
    chosen.update([pair for pair in indexed if about(pair[1])][-ROWS_SUBJECT:])
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
    events: Sequence[Event],
    tasks: Sequence[int],
    task: int,
    names: dict[int, str],
    about: Callable[[Event], bool],
    width: int = WIDTH,
) -> list[str]:
    """The table, wrapped to `width` characters; a gap in a task's steps is not marked."""
    column = max(COLUMN_WIDTH_MIN, (width - STEP_WIDTH - 1) // max(1, len(tasks)) - 2)
    head = f"{'step':>{STEP_WIDTH}}  "
    lines = [head + "  ".join(f"{names.get(t, str(t)):<{column}}" for t in tasks).rstrip()]
    rule = "=" * column
    lines.append(" " * (STEP_WIDTH + 2) + "  ".join(rule for _ in tasks))
    for event in pick(events, tasks, task, about):
        place = tasks.index(event.task)
        indent = " " * (place * (column + 2))
        wrapped = textwrap.wrap(describe(event), column, subsequent_indent="  ") or [""]
        lines.append(f"{event.step:>{STEP_WIDTH}}  {indent}{wrapped[0]}")
        lines += [" " * (STEP_WIDTH + 2) + indent + rest for rest in wrapped[1:]]
    return lines


def spte_changes(
    events: Sequence[Event], about: Callable[[Event], bool], count: int = 2
) -> list[str]:
    """The last changes of page-table words, of the subject if there were any, decoded."""
    words = [e for e in events if e.object.startswith("spte") and e.op in WRITES]
    changed = [e for e in words if e.old != e.new]
    lines = []
    for event in ([e for e in changed if about(e)] or changed)[-count:]:
        level = spte.level_of(event.object)
        lines.append(f"{event.object}, step {event.step}:")
        lines.append(f"    before  {spte.decode(event.old, level)}")
        lines.append(f"    after   {spte.decode(event.new, level)}")
    return lines


def all_events(events: Sequence[Event], names: dict[int, str]) -> str:
    """Every event on a line of its own: step, task, place, what."""
    lines = []
    for event in events:
        place = f"{event.file.rpartition('/')[2]}:{event.line}"
        name = names.get(event.task, str(event.task))
        lines.append(f"{event.step:>8} {name:<12} {place:<24} {describe(event)}")
    return "\n".join(lines) + "\n"
