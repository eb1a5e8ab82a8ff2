# SPDX-License-Identifier: GPL-2.0-only
"""Exploring in several processes: a dispatcher, and explorers with a world of their own each."""

import contextlib
import os
from dataclasses import dataclass, replace
from typing import Any

from harness.contention import collect, measured
from harness.contention.measured import Measured
from harness.core import config, contracts
from harness.core.classes import ClassCounts, Classes
from harness.core.part import Packed
from harness.core.structs import Failure, Outcome
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import HarnessError
from harness.run import conflicts, forkserver, lock_order, messages, repeat, worker
from harness.run.division import Explorer, Result, meets_classes_again
from harness.run.explore import (
    Clock,
    Exploration,
    Limits,
    Progress,
    add_totals,
    difference,
)
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.signals import Interrupt

END_SECONDS_MAX = 2.0


@dataclass(frozen=True)
class Block:
    """Iterations [first, first + done) of a requested block, and what they added up to."""

    first: int
    done: int
    totals: dict[str, int]
    failure: Failure | None
    outcomes: dict[tuple[tuple[int, ...], int | None], int]
    contracts: list[contracts.Counts]
    lock_order: lock_order.Graph  # of this explorer, so far
    conflicts: bytes  # likewise
    decisions: bytes  # of the failing execution
    classes: bytes
    measured: Measured
    result: Result | None = None  # of a turn of a search
    counted: bytes = b""  # struct mmut_counted, where classes are met again
    rows: tuple[tuple[tuple[int, ...], int | None], ...] = ()  # outcomes that they name


def counted(world: World) -> dict[tuple[tuple[int, ...], int | None], int]:
    return {(o.values, o.rule): o.count for o in world.outcomes()}


@dataclass(frozen=True)
class Search:
    """A turn of a search, for an explorer: what it does with it."""

    packed: Packed
    first: int
    count: int
    end: float | None  # of the monotonic clock


class Account:
    """What a world has added up to since it was asked before."""

    def __init__(self, world: World, again: bool = False) -> None:
        self.world, self.again = world, again  # classes are met again
        self.totals, self.outcomes = world.totals(), counted(world)
        self.entered = contracts.current_counts()

    def block(self, first: int, done: int, result: Result | None) -> Block:
        world, totals, outcomes = self.world, self.totals, self.outcomes
        entered = self.entered
        self.totals, self.outcomes = world.totals(), counted(world)
        self.entered = contracts.current_counts()
        new = {key: n - outcomes.get(key, 0) for key, n in self.outcomes.items()}
        failed = world.failure()
        return Block(
            first=first,
            done=done,
            totals=difference(self.totals, totals),
            failure=failed,
            outcomes={key: n for key, n in new.items() if n},
            contracts=contracts.add(self.entered, entered, -1),
            lock_order=lock_order.current(),
            conflicts=conflicts.current(),
            decisions=world.decisions() if failed else b"",
            counted=world.counted() if self.again else b"",
            rows=tuple(self.outcomes) if self.again else (),
            classes=world.take_classes(),
            measured=measured.take(forget=True),
            result=result,
        )


def explorer(connection: Any, what: bytes, index: int) -> None:
    """A child: run the blocks, or turns, that arrive on the connection until it closes.

    `what` is explored: a scenario, and settings.  At the end it leaves at once: there is nothing to
    be tidied up, and the supervisor waits for it.
    """
    worker.begin(f"explore{index}")
    scenario, settings = messages.unpacked(what)
    raw = config.build(scenario, settings)
    raw.no_estimate = index > 0  # one is enough
    try:
        with World(raw) as world:
            account = Account(world, meets_classes_again(settings))
            searcher = Explorer(world) if world.search() else None
            while (request := messages.receive(connection)) is not None:
                result = None
                if isinstance(request, Search):
                    assert searcher is not None
                    first, count = request.first, request.count
                    result = searcher.explore(
                        request.packed, first, count, request.end, lambda: False
                    )
                    done = result.done
                else:
                    first, count, seconds = request
                    done = world.explore(first, count, seconds)
                repeat.check(world)
                messages.send(connection, account.block(first, done, result))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
    except HarnessError as error:
        with contextlib.suppress(OSError):  # another one has failed, and nobody listens
            messages.send(connection, error)
    os._exit(0)


class ExplorerDied(HarnessError):
    """An explorer process was killed in one of these executions."""

    def __init__(self, first: int, count: int) -> None:
        super().__init__(
            f"an explorer process died in one of the executions {first} to {first + count - 1};"
            " the token is of the first"
        )
        self.iteration = first


class Dispatcher:
    """Hands out iterations in ascending order and keeps the blocks that came back."""

    def __init__(self, limits: Limits) -> None:
        self.clock = Clock(limits)
        self.begun = 0
        self.again: list[tuple[int, int]] = []  # what a block left over: [first, count)
        self.blocks: list[Block] = []
        self.failed_at: int | None = None
        self.classes = Classes()
        self.measured = Measured()
        self.settled = 0  # iterations before this one are in `classes` and `measured`
        self.unsettled: dict[int, Block] = {}

    def next(self) -> tuple[int, int, float] | None:
        """The next block, or None: nothing is to be started any more."""
        seconds = self.clock.seconds()
        if seconds <= 0:
            return None
        self.again.sort()
        if self.again:
            first, count = self.again[0]
            fresh = False
        else:
            first, count = self.begun, self.clock.count(self.begun)
            fresh = True
        if count == 0 or (self.failed_at is not None and first > self.failed_at):
            return None
        if fresh:
            self.begun += count
        else:
            del self.again[0]
        return first, count, seconds

    def take(self, block: Block, count: int) -> None:
        self.blocks.append(replace(block, classes=b"", measured=Measured()))
        self.unsettled[block.first] = block
        if block.failure is not None:
            at = block.failure.iteration
            self.failed_at = at if self.failed_at is None else min(at, self.failed_at)
        elif block.done < count:
            self.again.append((block.first + block.done, count - block.done))
        while self.settled in self.unsettled and self.settled != self.failed_at:
            self.settle(self.settled)

    def settle(self, first: int) -> None:
        """Classes are counted in ascending order, so that a table fills up at the same place."""
        block = self.unsettled.pop(first)
        if self.failed_at is None or first <= self.failed_at:
            self.classes.add(block.classes)
            self.measured.add(block.measured)
            self.settled = first + max(block.done, 1)

    def counted(self) -> ClassCounts:
        """At the end: what is missing before a block is missing for good."""
        for first in sorted(self.unsettled):
            self.settle(first)
        return self.classes.counts()

    def counts(self) -> tuple[int, int]:
        schedules = sum(block.totals["schedules"] for block in self.blocks)
        return schedules, sum(block.totals["schedule_points"] for block in self.blocks)

    def kept(self) -> list[Block]:
        """Without what lies beyond the violation that counts."""
        at = self.failed_at
        return [block for block in self.blocks if at is None or block.first <= at]


def start_one(scenario: Scenario, settings: Settings, index: int) -> tuple[Any, Any]:
    """An explorer's process, and the connection to it."""
    ctx = forkserver.context()
    ours, theirs = ctx.Pipe()
    what = messages.packed((scenario, settings))
    process = ctx.Process(target=explorer, args=(theirs, what, index), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def start(scenario: Scenario, settings: Settings, jobs: int) -> tuple[list[Any], list[Any]]:
    started = [start_one(scenario, settings, index) for index in range(jobs)]
    return [process for process, _ in started], [connection for _, connection in started]


def end(processes: list[Any], connections: list[Any]) -> None:
    for connection in connections:
        connection.close()
    for process in processes:
        process.join(END_SECONDS_MAX)
        if process.exitcode is None:
            process.kill()
            process.join()


def dispatch(
    connections: list[Any], dispatcher: Dispatcher, interrupt: Interrupt, progress: Progress
) -> None:
    from multiprocess.connection import wait

    idle, running = list(connections), dict[Any, tuple[int, int]]()
    while True:
        while idle and not interrupt and (request := dispatcher.next()) is not None:
            connection = idle.pop(0)
            messages.send(connection, request)
            running[connection] = request[:2]
        if not running:
            return
        for connection in wait(list(running), timeout=0.5):
            try:
                answer = messages.receive(connection)
            except (EOFError, ConnectionResetError):
                raise ExplorerDied(*running[connection]) from None
            if isinstance(answer, HarnessError):
                raise answer
            dispatcher.take(answer, running.pop(connection)[1])
            idle.append(connection)
        progress(*dispatcher.counts(), dispatcher.clock.elapsed())


def explore_parallel(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    jobs: int,
    interrupt: Interrupt,
    progress: Progress,
) -> Exploration:
    processes, connections = start(scenario, recipe.settings, jobs)
    dispatcher = Dispatcher(limits)
    try:
        dispatch(connections, dispatcher, interrupt, progress)
        elapsed = dispatcher.clock.elapsed()
    finally:
        end(processes, connections)
    return merge(recipe, scenario, limits, dispatcher, elapsed, interrupt)


class Sums:
    """What blocks add up to."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.outcomes: dict[tuple[tuple[int, ...], int | None], int] = {}
        self.entered: list[contracts.Counts] = []
        self.lock_order = lock_order.Graph()
        self.conflicts = b""
        self.failure: Failure | None = None
        self.decisions = b""
        self.done = 0

    def add(self, block: Block, counts: bool = True) -> None:
        """`counts`: its violation, if it has one."""
        add_totals(self.totals, block.totals)
        self.entered = contracts.add(self.entered, block.contracts)
        for key, count in block.outcomes.items():
            self.outcomes[key] = self.outcomes.get(key, 0) + count
        self.lock_order = lock_order.merge((self.lock_order, block.lock_order))
        self.conflicts = conflicts.merge((self.conflicts, block.conflicts))
        self.done += block.done
        if block.failure is not None and counts:
            self.failure, self.decisions = block.failure, block.decisions

    def exploration(
        self,
        recipe: Recipe,
        scenario: Scenario,
        classes: ClassCounts,
        measured: Measured,
        elapsed: float,
        complete: bool,
        interrupted: bool,
        search: dict[str, int] | None = None,
    ) -> Exploration:
        self.totals["distinct"] = classes.distinct
        entered = contracts.with_counts(self.entered)
        return Exploration(
            recipe=recipe,
            scenario=scenario,
            totals=self.totals,
            elapsed_s=elapsed,
            complete=complete,
            interrupted=interrupted,
            failure=self.failure,
            outcomes=[
                Outcome(v, n, rule) for (v, rule), n in sorted(self.outcomes.items(), key=str)
            ],
            contention=collect.controlled(
                scenario.name,
                "explore",
                measured,
                self.totals,
                elapsed,
                entered,
                recipe.settings.delay,
            ),
            contracts=entered,
            lock_order=self.lock_order,
            conflicts=self.conflicts,
            decisions=self.decisions,
            classes=classes,
            search=search,
        )


def merge(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    dispatcher: Dispatcher,
    elapsed: float,
    interrupt: Interrupt,
) -> Exploration:
    sums = Sums()
    for block in dispatcher.kept():
        failed = block.failure is not None and block.failure.iteration == dispatcher.failed_at
        sums.add(block, failed)
    return sums.exploration(
        recipe,
        scenario,
        dispatcher.counted(),
        dispatcher.measured,
        elapsed,
        limits.schedules is not None and sums.done >= limits.schedules,
        bool(interrupt),
    )
