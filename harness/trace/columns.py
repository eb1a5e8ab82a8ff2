# SPDX-License-Identifier: GPL-2.0-only
"""An execution as columns, one per task, oldest first: what people look at.

Each run of a task between two switches is shown by those of its events that matter to the others,
and ends with the reason why somebody else went on.  What lies in between is counted.  Events that
cannot have had a part in the failure, because nothing that they did reached the failing task, are
left out (the causal filter of Shuttle).
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.core.anchors import Anchor, Plan
from harness.core.structs import Event
from harness.trace import spte

TASKS_MAX = 5
ROWS_MAX = 64
STEP_WIDTH = 7
COLUMN_WIDTH_MIN = 22
WIDTH = 130
READS = frozenset({"load", "await"})
WORD_OPS = frozenset(
    {"load", "store", "xchg", "cmpxchg", "add", "and", "or", "await", "store_drain"}
)
WRITES = WORD_OPS - READS
TOUCHES_NOBODY = frozenset({"fence", "yield", "note"})
LEFT_OUT = "... "  # begins events.txt where only the last events are in it
About = Callable[[Event], bool]


def subject(message: str, addr: int) -> About:
    """Whether an event is about what the message names: the failing address, a gfn, a page."""
    numbers = {int(match, 16) for match in re.findall(r"(?:gfn|page) 0x([0-9a-f]+)", message)}

    def about(event: Event) -> bool:
        if addr and event.addr == addr:
            return True
        named = re.findall(r"(?:gfn|page) 0x([0-9a-f]+)$", event.object)
        return any(int(number, 16) in numbers for number in named)

    return about


def describe(event: Event) -> str:
    """What the event did: ``cmpxchg spte L1 gfn 0x10: non-present -> R W leaf pfn 0x8``."""
    name = event.object or event.what
    if event.op not in WORD_OPS:
        return event.op if name == "-" else f"{event.op} {name}"
    if name.startswith("spte"):
        level = spte.level_of(name)
        old, new = spte.decode(event.old, level), spte.decode(event.new, level)
    else:
        old, new = f"{event.old:#x}", f"{event.new:#x}"
    if event.op in READS:
        return f"{event.op} {name} = {old}"
    return f"{event.op} {name}: {old} -> {new}" if old != new else f"{event.op} {name}: still {new}"


def place(event: Event) -> str:
    return f"{event.func}:{event.line}"


# ---------------------------------------------------------------- what matters


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


# ---------------------------------------------------------------- runs between switches


@dataclass(frozen=True)
class Run:
    """What a task did between two switches."""

    first: int  # index of its first event
    end: int  # and the one after its last
    reason: str  # why somebody else went on


def switch_reason(event: Event | None, plan: dict[tuple[int, str, int, int], Anchor]) -> str:
    """Why the task stopped before `event`, which it did later, or never."""
    if event is None:
        return ""
    anchor = plan.get((event.task, event.op, event.anchor, event.occurrence))
    what = event.op if event.object in ("-", "") else f"{event.op} {event.object}"
    if anchor is not None:
        return f"preempted before {what} (the plan)"
    if event.op == "yield":
        return "yields"
    return f"waits: {what}"


def runs(events: Sequence[Event], plan: Plan) -> list[Run]:
    switches = {anchor.place(): anchor for anchor in plan if anchor.kind == 0}
    following: list[Event | None] = [None] * len(events)
    upcoming: dict[int, Event] = {}
    for index in range(len(events) - 1, -1, -1):
        following[index] = upcoming.get(events[index].task)
        upcoming[events[index].task] = events[index]
    found: list[Run] = []
    first = 0
    for index in range(1, len(events) + 1):
        if index < len(events) and events[index].task == events[first].task:
            continue
        later = following[index - 1]
        reason = switch_reason(later, switches)
        if later is None and index < len(events):
            # It did nothing any more: it had ended, or it waited until the end.
            reason = "that was all of it"
        found.append(Run(first, index, reason))
        first = index
    return found


# ---------------------------------------------------------------- the table


@dataclass(frozen=True)
class View:
    """What is shown of one execution."""

    events: Sequence[Event]
    plan: Plan
    task: int  # which failed
    names: dict[int, str]
    about: About
    before: int = 0  # events before these, which are not known

    def interesting(self) -> tuple[set[int], int]:
        """Indices of events that are shown, and how many cannot have mattered."""
        events = self.events
        present = {event.task for event in events}
        causal = causes(events, [self.task] if self.task in present else present)
        anchors = {anchor.place() for anchor in self.plan}
        chosen = {
            index
            for index, event in enumerate(events)
            if (self.about(event) and event.op not in READS)
            or (event.task, event.op, event.anchor, event.occurrence) in anchors
        }
        chosen |= communicate(events)
        chosen |= {index for index, event in enumerate(events) if self.about(event)}
        last = [index for index, event in enumerate(events) if event.task == self.task][-3:]
        return {index for index in chosen if causal[index]} | set(last), causal.count(False)


Row = tuple[int | None, int, str]  # step, task, text


def fold(rows: list[Row]) -> list[Row]:
    """The same over and over, of one task: once, and how often."""
    folded: list[Row] = []
    times = 1
    for row in rows:
        if (
            folded
            and row[0] is not None
            and folded[-1][0] is not None
            and folded[-1][1:] == row[1:]
        ):
            times += 1
            continue
        if times > 1:
            folded.append((None, folded[-1][1], f"... {times - 1} more, same values"))
            times = 1
        folded.append(row)
    if times > 1:
        folded.append((None, folded[-1][1], f"... {times - 1} more, same values"))
    return folded


def run_rows(view: View, run: Run, shown: set[int]) -> list[Row]:
    rows: list[Row] = []
    task, hidden = view.events[run.first].task, 0
    for index in range(run.first, run.end):
        if index not in shown:
            hidden += 1
            continue
        if hidden:
            rows.append((None, task, f"... {hidden} events"))
            hidden = 0
        event = view.events[index]
        rows.append((event.step, task, f"{place(event)} {describe(event)}"))
    if hidden:
        rows.append((None, task, f"... {hidden} events"))
    if run.reason:
        rows.append((None, task, f"-- {run.reason}"))
    return fold(rows)


def table_rows(view: View) -> tuple[list[Row], int]:
    """The rows, and how many events had no part in it."""
    shown, idle = view.interesting()
    rows = [row for run in runs(view.events, view.plan) for row in run_rows(view, run, shown)]
    return rows, idle


def render(view: View, width: int = WIDTH) -> list[str]:
    """The table, wrapped to `width` characters, its last rows if there are too many."""
    rows, idle = table_rows(view)
    left_out = max(0, len(rows) - ROWS_MAX)
    rows = rows[left_out:]
    tasks = [task for task in view.names if any(row[1] == task for row in rows)][:TASKS_MAX]
    column = max(COLUMN_WIDTH_MIN, (width - STEP_WIDTH - 1) // max(1, len(tasks)) - 2)
    head = f"{'step':>{STEP_WIDTH}}  "
    lines = [head + "  ".join(f"{view.names[t]:<{column}}" for t in tasks).rstrip()]
    lines.append(" " * (STEP_WIDTH + 2) + "  ".join("=" * column for _ in tasks))
    if view.before:
        lines.append(f"{'...':>{STEP_WIDTH}}  {view.before} events before these were not kept")
    if left_out:
        lines.append(f"{'...':>{STEP_WIDTH}}  {left_out} rows before these are in events.txt")
    for step, task, text in rows:
        if task not in tasks:
            continue
        indent = " " * (tasks.index(task) * (column + 2))
        wrapped = textwrap.wrap(text, column, subsequent_indent="  ", break_on_hyphens=False)
        number = "" if step is None else str(step)
        lines.append(f"{number:>{STEP_WIDTH}}  {indent}{wrapped[0]}")
        lines += [" " * (STEP_WIDTH + 2) + indent + rest for rest in wrapped[1:]]
    if idle:
        lines.append(
            f"{'':>{STEP_WIDTH}}  {idle} events had no part in it: nothing of them came here"
        )
    return lines


def spte_changes(events: Sequence[Event], about: About, count: int = 2) -> list[str]:
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


def all_events(events: Sequence[Event], names: dict[int, str], before: int = 0) -> str:
    """Every event on a line of its own: step, task, place, what."""
    lines = [f"{LEFT_OUT}{before} events before these were not kept"] if before else []
    for event in events:
        where = f"{event.file.rpartition('/')[2]}:{event.line}"
        name = names.get(event.task, str(event.task))
        lines.append(f"{event.step:>8} {name:<12} {where:<24} {event.func}: {describe(event)}")
    return "\n".join(lines) + "\n"
