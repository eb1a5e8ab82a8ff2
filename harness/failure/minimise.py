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
5. two switches by none; two, or all but one, by one other, wherever in the execution it may be;
   one moved a little, and another one by none,
6. less of the scenario: an empty start, and smaller ranges (harness/failure/smaller.py).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest

from harness.core import config
from harness.core.anchors import Anchor, Plan
from harness.core.token import Recipe
from harness.core.world import Event, Failure, World
from harness.failure.rig import OutOfTime, Progress, Rig, Signature, State, switches
from harness.failure.smaller import Change, changes, merged
from harness.scenario.rules import task_names
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.trace.columns import READS

CONTENTION = 0x101  # the first pick at a yield test: there is contention
NEAR = 8  # places to either side
PAIRS_MAX = 8  # switches up to which two of them are exchanged for one
ITERATIONS = 1 << 40  # as many as there is time for
OTHER_DEPTHS = (2, 3, 4)
OTHERS_MAX = 32
OTHERS_TRIED = 4
ELSEWHERE_MIN = 4  # switches from which on another workload may give its failure

Found = tuple[int, Plan]  # an iteration, and how it fails


@dataclass(frozen=True)
class Minimal:
    """The smallest execution found that fails in the same way."""

    recipe: Recipe  # by the anchored strategy, with tasks cut short
    scenario: Scenario  # with less of it
    plan: Plan
    failure: Failure
    before: int  # forced switches
    replays: int
    elapsed_s: float
    finished: bool  # nothing is left to try; else the budget ran out


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


def place_of(event: Event) -> tuple[int, str, int, int]:
    return event.task, event.op, event.anchor, event.occurrence


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
            place = place_of(event)
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


def drop_two(rig: Rig) -> bool:
    """Two anchors at once, wherever they are: there and back again are seldom neighbours."""
    plan = rig.best
    return any(rig.fails(tuple(a for a in plan if a not in pair)) for pair in combinations(plan, 2))


def nearby(anchor: Anchor, events: list[Event], shared: set[int]) -> list[Anchor]:
    """The same switch a little earlier or later in its task, the nearest places first."""
    own = [e for e in events if e.task == anchor.task and e.occurrence]
    at = next((n for n, e in enumerate(own) if place_of(e) == anchor.place()), None)
    if at is None or anchor.kind:
        return []
    before = [e for e in own[:at] if e.addr in shared][::-1][:NEAR]
    after = [e for e in own[at + 1 :] if e.addr in shared][:NEAR]
    near = [e for pair in zip_longest(before, after) for e in pair if e is not None]
    return [Anchor(*place_of(e), 0, anchor.choice) for e in near]


def bend(rig: Rig) -> bool:
    """One switch moved a little, and another one goes."""
    plan, events = rig.best, rig.trace()
    shared = contended(events)
    moves = [(old, new) for old in plan for new in nearby(old, events, shared)]
    return any(
        rig.fails(tuple(new if a == old else a for a in plan if a != gone))
        for old, new in moves
        for gone in plan
        if gone not in (old, new)
    )


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


def exchange(rig: Rig) -> None:
    """Less for more, as long as there is any: what takes hundreds of replays, then thousands."""
    while drop_two(rig) or merge(rig) or (switches(rig.best) >= ELSEWHERE_MIN and bend(rig)):
        simplify(rig)


def cut_scenario(rig: Rig) -> None:
    """Whatever of the scenario can go without another schedule."""
    before = rig.state()
    while any(tried(rig, before, change) for change in changes(before.scenario)):
        before = rig.state()


def tried(rig: Rig, before: State, change: Change) -> bool:
    rig.with_change(change)
    if rig.fails(before.plan):
        return True
    rig.go_back(before)
    return False


def reduce(rig: Rig) -> None:
    simplify(rig)
    find_others(rig, pinned=True)
    exchange(rig)
    if switches(rig.best) >= ELSEWHERE_MIN:
        before = rig.state()
        find_others(rig, pinned=False)
        if rig.state() != before:
            exchange(rig)
    cut_scenario(rig)
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
        recipe=Recipe(recipe.spec, merged(recipe.overrides, best.overrides), best.settings),
        scenario=best.scenario,
        plan=best.plan,
        failure=best.failure,
        before=switches(plan),
        replays=rig.replays,
        elapsed_s=rig.elapsed(),
        finished=finished,
    )
