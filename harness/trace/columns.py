# SPDX-License-Identifier: GPL-2.0-only
"""An execution as columns, one per task, oldest first: what people look at.

Each run of a task between two switches is shown by those of its events that matter to the others,
and ends with the reason why somebody else went on.  What lies in between is counted.  Events that
cannot have had a part in the failure, because nothing that they did reached the failing task, are
left out (the causal filter of Shuttle).
"""

import re
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from harness.core.anchors import Plan
from harness.core.structs import Event
from harness.trace import spte
from harness.trace.matters import READS, WORD_OPS, WRITES, causes, communicate, no_news

TASKS_MAX = 5
ROWS_MAX = 64
STEP_WIDTH = 7
COLUMN_WIDTH_MIN = 22
WIDTH = 130
LEFT_OUT = "... "  # begins events.txt where only the last events are in it
POINTED = "> "  # begins what is named above the columns
RUN_MAX = 8  # rows of a run, where all of them together would be too many
LAST = 3  # events of the failing task that are always shown
About = Callable[[Event], bool]
Place = tuple[int, str, int, int]  # task, operation, anchor, occurrence


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


def counted(events: int) -> str:
    return f"{events} event{'s' * (events != 1)}"


def place(event: Event) -> str:
    return f"{event.func}:{event.line}"


# ---------------------------------------------------------------- runs between switches


@dataclass(frozen=True)
class Run:
    """What a task did between two switches."""

    first: int  # index of its first event
    end: int  # and the one after its last
    reason: str  # why somebody else went on


def switch_reason(event: Event, plan: Collection[Place]) -> str:
    """Why the task stopped before `event`, which it did later."""
    what = event.op if event.object in ("-", "") else f"{event.op} {event.object}"
    if event.place() in plan:
        return f"preempted before {what} (the plan)"
    if event.op == "yield":
        return "yields"
    return f"waits: {what}"


def last_reason(pending: str, preempted: bool) -> str:
    """Why the task did nothing more; `pending`: what it was about to do, if it had not ended."""
    if not pending:
        return "that was all of it"
    if preempted:
        return f"preempted to the end, before {pending} (the plan)"
    return f"waits to the end: {pending}"


def runs(events: Sequence[Event], plan: Plan, pending: Mapping[int, str]) -> list[Run]:
    switches = {anchor.place() for anchor in plan if anchor.kind == 0}
    # A place that never came is where its task still is.
    still = {place[0] for place in switches - {event.place() for event in events}}
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
        later, task, reason = following[index - 1], events[first].task, ""
        if later is not None:
            reason = switch_reason(later, switches)
        elif index < len(events):
            reason = last_reason(pending.get(task, ""), task in still)
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
    pending: Mapping[int, str]  # what tasks were about to do that had not ended
    pointed: Collection[Place] = ()  # events that are named above the columns
    before: int = 0  # events before these, which are not known

    def points_at(self, event: Event) -> bool:
        return event.place() in self.pointed

    def interesting(self) -> tuple[set[int], set[int], int]:
        """Indices of events that are shown in any case, of those that say how it came about, and
        how many cannot have mattered."""
        events = self.events
        present = {event.task for event in events}
        causal = causes(events, [self.task] if self.task in present else present)
        anchors = {anchor.place() for anchor in self.plan}
        chosen = communicate(events) | {n for n, event in enumerate(events) if self.about(event)}
        chosen = {index for index in chosen if causal[index]}
        named = set([n for n, event in enumerate(events) if event.task == self.task][-LAST:])
        named |= {
            index
            for index, event in enumerate(events)
            if self.points_at(event) or (causal[index] and event.place() in anchors)
        }
        return named, chosen - no_news(events, chosen), causal.count(False)


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
            rows.append((None, task, f"... {counted(hidden)}"))
            hidden = 0
        event = view.events[index]
        mark = POINTED if view.points_at(event) else ""
        rows.append((event.step, task, f"{mark}{place(event)} {describe(event)}"))
    if hidden:
        rows.append((None, task, f"... {counted(hidden)}"))
    if run.reason:
        rows.append((None, task, f"-- {run.reason}"))
    return fold(rows)


def most_telling(events: Sequence[Event], run: Run, chosen: set[int]) -> list[int]:
    """Of a run's events those to keep where there are too many: what it changed, and the last."""
    own = [index for index in range(run.first, run.end) if index in chosen]
    return sorted(own, key=lambda index: (events[index].op in READS, -index))[:RUN_MAX]


def table_rows(view: View) -> tuple[list[Row], int]:
    """The rows, and how many events had no part in it."""
    named, chosen, idle = view.interesting()
    parts = runs(view.events, view.plan, view.pending)

    def rows(shown: set[int]) -> list[Row]:
        return [row for run in parts for row in run_rows(view, run, shown)]

    whole = rows(named | chosen)
    if len(whole) <= ROWS_MAX:
        return whole, idle
    kept = {index for run in parts for index in most_telling(view.events, run, chosen)}
    return rows(named | kept), idle


def render(view: View, width: int = WIDTH) -> list[str]:
    """The table, wrapped to `width` characters, its last rows if there are too many."""
    rows, idle = table_rows(view)
    left_out = max(0, len(rows) - ROWS_MAX)
    earlier = [row for row in rows[:left_out] if row[2].startswith(POINTED)]
    rows = [*earlier, *rows[left_out:]]
    tasks = [task for task in view.names if any(row[1] == task for row in rows)][:TASKS_MAX]
    column = max(COLUMN_WIDTH_MIN, (width - STEP_WIDTH - 1) // max(1, len(tasks)) - 2)
    head = f"{'step':>{STEP_WIDTH}}  "
    lines = [head + "  ".join(f"{view.names[t]:<{column}}" for t in tasks).rstrip()]
    lines.append(" " * (STEP_WIDTH + 2) + "  ".join("=" * column for _ in tasks))
    if view.before:
        lines.append(f"{'...':>{STEP_WIDTH}}  {view.before} events before these were not kept")
    if left_out:
        lines.append(
            f"{'...':>{STEP_WIDTH}}  {left_out - len(earlier)} rows before these are in events.txt"
        )
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
            f"{'':>{STEP_WIDTH}}  {counted(idle)} had no part in it: nothing of them came here"
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
