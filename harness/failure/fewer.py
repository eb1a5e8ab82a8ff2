# SPDX-License-Identifier: GPL-2.0-only
"""Fewer switches and less work: what takes tens of replays.

The schedule is cut first, since without its thousand accidental switches it still fails when the
tasks do less; then the work; then the schedule again.

1. The shortest prefix of the plan that fails.
2. Delta debugging over what is left (A. Zeller and R. Hildebrandt, TSE 2002): an anchor that goes
   delays what came after it to the next switch, as Tinertia's consolidation does (N. Jalbert and
   K. Sen, "A trace simplification technique for effective debugging of concurrent programs", 2010).
3. Operations of tasks, and whole tasks, from the end; what remains draws what it drew before.
"""

from collections.abc import Iterator
from dataclasses import replace

from harness.failure.rig import Rig
from harness.scenario.rules import task_names
from harness.scenario.settings import Settings


def shorten(rig: Rig) -> None:
    """The shortest prefix that fails: by doubling, then by halving."""
    whole, length = rig.best, 0
    while length < len(whole) and not rig.fails(whole[:length]):
        low, length = length, max(1, 2 * length)
    if length == 0 or length >= len(whole):
        low, length = length // 2, len(whole)
    while low + 1 < length:
        middle = (low + length) // 2
        if rig.fails(whole[:middle]):
            length = middle
        else:
            low = middle


def drop(rig: Rig) -> None:
    """Delta debugging by complements, until no anchor can go alone."""
    size = max(1, len(rig.best) // 2)
    while rig.best:
        at, smaller = 0, False
        while at < len(rig.best):
            # What was left out may have taken others with it: the position counts in the rest.
            before = len(rig.best)
            if rig.fails(rig.best[:at] + rig.best[at + size :]):
                smaller = True
            else:
                at += size
            if len(rig.best) > before:
                break
        if size == 1 and not smaller:
            return
        size = max(1, size // 2)


def cut_to(settings: Settings, task: str, operations: int) -> Settings:
    rest = tuple(pair for pair in settings.cut if pair[0] != task)
    return replace(settings, cut=(*rest, (task, operations)))


def cut_one(rig: Rig, task: str, operations: int) -> bool:
    """The least work of one task with which it still fails; whether that is less than now."""
    low, high = -1, operations
    while low + 1 < high:
        middle = low + 1 if low < 0 else (low + high) // 2  # most tasks are not needed at all
        before = rig.settings
        rig.with_settings(cut_to(before, task, middle))
        if rig.fails(rig.best):
            high = middle
        else:
            low = middle
            rig.with_settings(before)
    return high < operations


def work_of(rig: Rig) -> Iterator[tuple[str, int]]:
    """Tasks and the operations that are left to them, the last task first."""
    cut = dict(rig.settings.cut)
    for name, task, _ in reversed(task_names(rig.scenario)):
        operations = len(task.program or ()) or task.operations
        yield name, min(operations, cut.get(name, operations))


def cut_work(rig: Rig) -> bool:
    smaller = False
    for name, left in list(work_of(rig)):
        smaller |= left > 0 and cut_one(rig, name, left)
    return smaller


def simplify(rig: Rig) -> None:
    """What takes tens of replays."""
    shorten(rig)
    drop(rig)
    while cut_work(rig):
        drop(rig)
