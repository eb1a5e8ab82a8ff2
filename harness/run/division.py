# SPDX-License-Identifier: GPL-2.0-only
"""Which part of a search is explored next, and for how long: the same for any number of explorers.

Parts are explored in turns, and what comes of turns is taken in their order.  When turn n is
made, what came of those up to n - WINDOW has been taken and of none behind them.  So neither who
explores a turn nor how long that takes has a say in what is explored, in what comes before a
failure, or in where a limit cuts.  The price is a window of turns that end in vain at a failure.

Turns are short while there are few parts, so that soon there are many, and at the end, so that
nobody is alone with the last one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from harness.core.part import ANYTHING, Packed
from harness.core.world import World
from harness.errors import HarnessError
from harness.run.tree import BoundedTree, Part, Tree, pack
from harness.scenario.settings import Settings

WINDOW = 32  # turns that may be under way
POINTS_ALONE = 1 << 17  # schedule points before a search is divided at all
POINTS_FEW = 1 << 15  # of a turn, while there are few parts
POINTS = 1 << 22
PARTS = WINDOW  # with fewer, parts are divided
EXECUTIONS_FIRST = 64  # of the first turn: nothing is known about their length
EXECUTIONS_MAX = 1 << 16  # as many classes as the core keeps
LOOK_SECONDS = 0.5  # at signals and at the clock
IDLE_MAX = 100
UNBOUNDED = (1 << 64) - 1
SUMS = ("classes", "cut", "too_deep", "too_many", "diverged", "outgrown")  # of a search
ESTIMATE = ("estimate", "estimate_error")  # made by one explorer; the others have 0


@dataclass(frozen=True)
class Turn:
    number: int
    part: Part
    packed: Packed
    first: int  # of its iterations
    count: int  # executions, at most


@dataclass(frozen=True)
class Result:
    """What came of a turn."""

    done: int  # executions
    schedules: int
    points: int
    search: dict[str, int]
    rest: Packed
    failed: bool


def is_bounded(settings: Settings) -> bool:
    """Does native/sched/bound.c search?"""
    return settings.strategy == "dpor" and settings.preemptions is not None


def meets_classes_again(settings: Settings) -> bool:
    """Does it come by one class several times, perhaps in several worlds?"""
    return is_bounded(settings) or (settings.strategy == "dpor" and settings.memory == "lkmm")


class Explorer:
    """One who explores turns, in a world that is mapped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before = self.seen()

    def seen(self) -> dict[str, int]:
        search, totals = self.world.search(), self.world.totals()
        assert search is not None
        return {key: search[key] for key in SUMS} | {
            key: totals[key] for key in ("schedules", "schedule_points")
        }

    def explore(
        self, packed: Packed, first: int, count: int, end: float | None, stop: Callable[[], bool]
    ) -> Result:
        """Until `count` executions are done, or `end` of the monotonic clock, or `stop`."""
        world, done, idle = self.world, 0, 0
        world.take_part(packed)
        while done < count and not stop():
            seconds = LOOK_SECONDS if end is None else min(LOOK_SECONDS, end - time.monotonic())
            if seconds <= 0:
                break
            more = world.explore(first + done, count - done, seconds)
            done += more
            if world.failure() is not None or world.over():
                break
            idle = 0 if more else idle + 1
            if idle > IDLE_MAX:
                raise HarnessError("the core finishes no execution")
        before, self.before = self.before, self.seen()
        did = {key: self.before[key] - before[key] for key in before}
        search = world.search()
        assert search is not None
        about = {key: search[key] for key in ("beyond", *ESTIMATE)}
        return Result(
            done=done,
            schedules=did["schedules"],
            points=did["schedule_points"],
            search={key: did[key] for key in SUMS} | about,
            rest=world.rest_of_part(),
            failed=world.failure() is not None,
        )


@dataclass
class Division:
    """A search in turns."""

    settings: Settings
    schedules: int | None = None  # executions, at most
    pending: deque[Turn] = field(default_factory=deque)  # made, and not taken
    over: bool = False  # by a failure, or because it makes no sense to go on
    given_up: bool = False  # turns were
    begun: int = 0  # turns
    first: int = 0  # iterations given away
    done: int = 0  # executions of turns that were taken
    counted: int = 0  # of them, those that count
    points: int = 0

    def __post_init__(self) -> None:
        self.again = meets_classes_again(self.settings)
        self.bounded = is_bounded(self.settings)
        bounds = () if self.bounded else (self.settings.preemptions, self.settings.delays)
        self.bound_max = next((bound for bound in bounds if bound is not None), None)  # of rounds
        self.search: dict[str, int] = dict.fromkeys((*SUMS, *ESTIMATE), 0)
        kind = BoundedTree if self.bounded else Tree
        self.tree = kind(ANYTHING if self.bound_max is None else 0, divided_below=0)
        self.length = 0  # schedule points of an execution, about
        self.beyond = 0

    # ---------------------------------------------------------------- making turns

    def executions(self) -> int:
        """Of the next turn, were there no limit."""
        if not self.length:
            return EXECUTIONS_FIRST
        few = len(self.tree.queue) + len(self.pending) < WINDOW // 2
        wanted = (POINTS_FEW if few else POINTS) // self.length
        return min(max(wanted, 1), EXECUTIONS_MAX)

    def left(self) -> int:
        """Executions that may be given away still."""
        if self.schedules is None:
            return EXECUTIONS_MAX
        return self.schedules - self.done - sum(turn.count for turn in self.pending)

    def more(self) -> list[Turn]:
        """The turns that are to be made before another one is taken."""
        made = []
        while (turn := self.next()) is not None:
            made.append(turn)
        return made

    def next(self) -> Turn | None:
        if self.over or len(self.pending) >= WINDOW or not self.tree.queue:
            return None
        count = min(self.executions(), self.left())
        if count <= 0:
            return None
        part = self.tree.next()
        turn = Turn(self.begun, part, pack(part, self.bounded), self.first, count)
        self.begun += 1
        self.first += count
        self.pending.append(turn)
        return turn

    # ---------------------------------------------------------------- taking them

    def take(self, result: Result) -> None:
        """What came of the first of those under way."""
        turn = self.pending.popleft()
        self.done += result.done
        self.counted += result.schedules
        self.points += result.points
        for key in SUMS:
            self.search[key] += result.search[key]
        for key in ESTIMATE:
            self.search[key] = max(self.search[key], result.search[key])
        if result.search["diverged"]:
            self.over = True
            return
        if self.counted and not (self.again and self.length):
            # Where classes are met again, whose turn counts them hangs on who explores.
            self.length = max(1, self.points // self.counted)
        if self.done * self.length >= POINTS_ALONE:
            self.tree.divided_below = PARTS
        if self.bound_max is not None and result.rest.bound != self.tree.bound:
            # It began another round by itself.
            self.tree.bound, self.beyond = result.rest.bound, 0
        self.beyond |= result.search["beyond"]
        self.tree.add(turn.part, result.rest)
        self.over = result.failed
        if not (self.over or self.given_up or self.tree.queue or self.pending):
            self.round_over()

    def give_up(self, except_for: Container[int]) -> None:
        """There is no time for the turns under way, but for some, by their numbers."""
        self.pending = deque(turn for turn in self.pending if turn.number in except_for)
        self.given_up = True

    def round_over(self) -> None:
        """Of a bounded search: the next one, where there is something beyond this one."""
        if not self.tree.nothing_left():
            raise HarnessError("a part of the search was lost, or waits for ever")
        if self.bound_max is not None and self.beyond and self.tree.bound < self.bound_max:
            self.tree = Tree(self.tree.bound + 1, divided_below=PARTS)
            self.beyond = 0

    # ---------------------------------------------------------------- at the end

    def exhausted(self) -> bool:
        vain = any(self.search[key] for key in ("too_deep", "too_many", "diverged"))
        return self.tree.nothing_left() and not vain

    def complete(self) -> bool:
        """Was all done that was asked for?"""
        enough = self.schedules is not None and self.done >= self.schedules
        return enough or (self.exhausted() and not self.over)

    def summary(self) -> dict[str, int]:
        """As World.search() has it for a search in one piece."""
        bound = self.settings.preemptions if self.bounded else self.tree.bound
        return self.search | {
            "bound": UNBOUNDED if bound in (None, ANYTHING) else bound,
            "beyond": self.beyond,
            "exhausted": int(self.exhausted()),
        }
