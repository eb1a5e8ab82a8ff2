# SPDX-License-Identifier: GPL-2.0-only
"""Make a failure small: less work, fewer forced switches, and still the same failure.

The same failure is the same oracle at the same site; whatever else a smaller execution runs into
is another finding and does not count.  The schedule is cut first, since without its thousand
accidental switches it still fails when the tasks do less; then the work; then the schedule again:

1. the shortest prefix of the plan that fails,
2. delta debugging over what is left (A. Zeller and R. Hildebrandt, TSE 2002): an anchor that goes
   delays what came after it to the next switch, as Tinertia's consolidation does (N. Jalbert and
   K. Sen, "A trace simplification technique for effective debugging of concurrent programs", 2010),
3. operations of tasks, and whole tasks, from the end; what remains draws what it drew before,
4. all switches, by those of another schedule: PCT tries many on the same work, and has few,
5. two switches, or all but one, by one other, wherever in the execution it may be.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from types import TracebackType
from typing import Self

from harness import config
from harness.anchors import Anchor, Plan
from harness.columns import READS
from harness.rules import task_names
from harness.schema import Scenario
from harness.settings import Settings
from harness.token import Recipe
from harness.world import Event, Failure, World

CONTENTION = 0x101  # the first pick at a yield test: there is contention
PAIRS_MAX = 8  # switches up to which two of them are exchanged for one
ITERATIONS = 1 << 40  # as many as there is time for
OTHER_DEPTHS = (2, 3, 4)
OTHERS_SHARE = 0.1  # of the budget, for each depth
OTHERS_MAX = 32
OTHERS_TRIED = 4
LONGER = 2  # times the steps of the failure: how long a replay may become,
STEPS_LEAST = 20_000  # or so many steps,
NO_TIME = 1e-6  # and not beyond the budget
ELSEWHERE_MIN = 4  # switches from which on another workload may give its failure

Found = tuple[int, Plan]  # an iteration, and how it fails
Progress = Callable[[int, int, float], None]  # forced switches, replays, seconds


@dataclass(frozen=True)
class Signature:
    """Which failure it is."""

    oracle: str
    site: tuple[str, str, int]  # nowhere: it is about the whole execution

    @classmethod
    def of(cls, failure: Failure) -> Self:
        if failure.is_unfinished():
            return cls(failure.oracle, ("", "", 0))
        return cls(failure.oracle, (failure.file, failure.func, failure.line))


@dataclass(frozen=True)
class Minimal:
    """The smallest execution found that fails in the same way."""

    recipe: Recipe  # by the anchored strategy, with tasks cut short
    plan: Plan
    failure: Failure
    before: int  # forced switches
    replays: int
    elapsed_s: float
    finished: bool  # nothing is left to try; else the budget ran out


class OutOfTime(Exception):
    """The budget is used up; what was found so far stands."""


@dataclass(frozen=True)
class State:
    """An execution that fails as it should."""

    plan: Plan
    settings: Settings
    iteration: int
    failure: Failure

    def size(self) -> tuple[int, int, int]:
        """What is to become small: switches, other choices, steps."""
        forced = switches(self.plan)
        return forced, len(self.plan) - forced, self.failure.step


def switches(plan: Iterable[Anchor]) -> int:
    """How many of the choices are about who runs."""
    return sum(anchor.kind == 0 for anchor in plan)


class Rig:
    """Replays of plans for one failure, with less and less work."""

    def __init__(
        self,
        scenario: Scenario,
        settings: Settings,
        iteration: int,
        wanted: Signature,
        seconds: float,
        progress: Progress,
    ) -> None:
        self.scenario, self.settings = scenario, replace(settings, strategy="anchored")
        self.whole = self.settings  # with all the work
        self.iteration, self.wanted = iteration, wanted
        self.began, self.seconds = time.monotonic(), seconds
        self.replays = 0
        self.steps = 0  # a replay that is longer cannot be of use; 0: not known yet
        self.progress = progress
        self.best: Plan = ()
        self.failure: Failure | None = None
        self.smallest: State | None = None
        self.world: World | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.world is not None:
            self.world.close()
            self.world = None

    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def ready(self) -> World:
        if self.world is None:
            self.world = World(config.build(self.scenario, self.settings))
        return self.world

    def with_settings(self, settings: Settings) -> None:
        self.close()
        self.settings = settings

    def fails(self, plan: Iterable[Anchor]) -> bool:
        """Whether this plan fails in the same way; the plan is then the best so far."""
        if self.elapsed() > self.seconds and self.failure is not None:
            raise OutOfTime
        plan = tuple(plan)
        world = self.ready()
        world.follow(plan)
        if self.failure is not None:
            world.patience(self.steps, max(self.seconds - self.elapsed(), NO_TIME))
        world.explore(self.iteration, 1, 0.0)
        self.replays += 1
        failure = world.failure()
        if failure is None or Signature.of(failure) != self.wanted:
            return False
        fates = world.fates(len(plan))
        self.best = tuple(a for a, fate in zip(plan, fates, strict=True) if fate)
        self.failure = failure
        self.steps = self.steps or max(LONGER * failure.step, STEPS_LEAST)
        state = self.state()
        if self.smallest is None or state.size() < self.smallest.size():
            self.smallest = state
        self.progress(self.smallest.size()[0], self.replays, self.elapsed())
        return True

    def fails_in_the_end(self, plan: Plan) -> Failure | None:
        """The same, however long it takes."""
        self.failure = None
        return self.failure if self.fails(plan) else None

    def state(self) -> State:
        assert self.failure is not None
        return State(self.best, self.settings, self.iteration, self.failure)

    def go_back(self, state: State) -> None:
        self.best, self.failure, self.iteration = state.plan, state.failure, state.iteration
        self.with_settings(state.settings)

    def share(self) -> float:
        """How long one look for other schedules may take."""
        return self.seconds * OTHERS_SHARE

    def trace_of(self, plan: Plan) -> list[Event]:
        """The execution that follows this plan, event by event."""
        world = self.ready()
        world.follow(plan)
        return world.trace(self.iteration)

    def trace(self) -> list[Event]:
        """The best execution, event by event."""
        return self.trace_of(self.best)


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


def contended(events: Iterable[Event]) -> set[int]:
    """Addresses that several tasks touch, and not only to read."""
    users: dict[int, set[int]] = {}
    written: set[int] = set()
    for event in events:
        users.setdefault(event.addr, set()).add(event.task)
        if event.op not in READS:
            written.add(event.addr)
    return {addr for addr, tasks in users.items() if len(tasks) > 1 and addr in written}


def places(events: list[Event]) -> list[Anchor]:
    """Where in an execution a switch can matter, and everybody who could go on there.

    A switch before an event that depends on nobody is the same as one before the next that does.
    """
    shared = contended(events)
    tasks = sorted({event.task for event in events})
    found = [Anchor(0, "none", 1, 1, 0, task) for task in tasks]
    for event in events:
        if not event.occurrence:
            continue
        if event.addr in shared:
            place = (event.task, event.op, event.anchor, event.occurrence)
            found += [Anchor(*place, 0, task) for task in tasks if task != event.task]
        if event.op == "needbreak":
            found.append(
                Anchor(event.task, event.op, event.anchor, event.occurrence, CONTENTION, 1)
            )
    return found


def merge(rig: Rig) -> bool:
    """One switch for two of them, for all, or for all but one, wherever it may be."""
    plan = rig.best
    if len(plan) < 2:
        return False
    candidates = places(rig.trace())
    rests: list[Plan] = [(), *((anchor,) for anchor in plan if len(plan) > 2)]
    if 3 < len(plan) <= PAIRS_MAX:
        rests += [tuple(a for a in plan if a not in pair) for pair in combinations(plan, 2)]
    return any(rig.fails((*rest, new)) for rest in rests for new in candidates)


def other_schedules(rig: Rig, settings: Settings, seconds: float) -> list[tuple[int, bytes]]:
    """Executions, by iteration and decisions, that fail in the same way."""
    end, first = rig.elapsed() + seconds, 0
    found: list[tuple[int, bytes]] = []
    rig.close()
    with World(config.build(rig.scenario, settings)) as world:
        while len(found) < OTHERS_MAX and (left := end - rig.elapsed()) > 0:
            done = world.explore(first, ITERATIONS, left)
            first += done
            rig.replays += done
            failure = world.failure()
            if failure is not None and Signature.of(failure) == rig.wanted:
                found.append((failure.iteration, world.decisions()))
    return found


def anchored(rig: Rig, settings: Settings, found: list[tuple[int, bytes]]) -> list[Found]:
    """The plans of these executions, the shortest first."""
    rig.close()
    with World(config.build(rig.scenario, replace(settings, strategy="replay"))) as world:
        plans: list[Found] = []
        for iteration, decisions in found:
            world.replay(decisions)
            world.trace(iteration)
            pinned = settings.pinned
            plans.append((iteration if pinned is None else pinned, world.plan()))
    return sorted(plans, key=lambda pair: len(pair[1]))


def find_others(rig: Rig, pinned: bool) -> None:
    """Look for simpler schedules by PCT, which has few switches: of the same work, or of any."""
    for depth in OTHER_DEPTHS:
        best = rig.state()
        if switches(best.plan) < depth:
            return
        work = best.settings if pinned else rig.whole
        settings = replace(
            work,
            strategy="pct",
            depth=depth,
            pinned=rig.iteration if pinned else None,
            steps_max=work.steps_max or rig.steps,
        )
        found = other_schedules(rig, settings, rig.share())
        for iteration, plan in anchored(rig, settings, found)[:OTHERS_TRIED]:
            rig.iteration = iteration
            steps_max = work.steps_max
            rig.with_settings(
                replace(settings, strategy="anchored", pinned=None, steps_max=steps_max)
            )
            if rig.fails(plan):
                simplify(rig)
                best = min(best, rig.state(), key=State.size)
        rig.go_back(best)


def simplify(rig: Rig) -> None:
    """What takes tens of replays."""
    shorten(rig)
    drop(rig)
    while cut_work(rig):
        drop(rig)


def reduce(rig: Rig) -> None:
    simplify(rig)
    find_others(rig, pinned=True)
    while merge(rig):
        simplify(rig)
    if switches(rig.best) >= ELSEWHERE_MIN:
        before = rig.state()
        find_others(rig, pinned=False)
        while rig.state() != before and merge(rig):
            simplify(rig)


def minimise(
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    plan: Plan,
    seconds: float,
    progress: Progress,
) -> Minimal | None:
    """None: not even the whole plan fails in the same way."""
    wanted = Signature.of(failure)
    with Rig(scenario, recipe.settings, failure.iteration, wanted, seconds, progress) as rig:
        return smallest_of(rig, recipe, plan)


def smallest_of(rig: Rig, recipe: Recipe, plan: Plan) -> Minimal | None:
    finished = True
    if not rig.fails(plan):
        return None
    try:
        reduce(rig)
    except OutOfTime:
        finished = False
    best = rig.smallest
    assert best is not None
    return Minimal(
        recipe=replace(recipe, settings=best.settings),
        plan=best.plan,
        failure=best.failure,
        before=switches(plan),
        replays=rig.replays,
        elapsed_s=rig.elapsed(),
        finished=finished,
    )
