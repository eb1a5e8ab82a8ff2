# SPDX-License-Identifier: GPL-2.0-only
"""Exploring in several processes: a dispatcher, and explorers with a world of their own each."""

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from harness.contention import collect, measured
from harness.contention.measured import Measured
from harness.core import config, contracts
from harness.core.classes import ClassCounts, Classes
from harness.core.token import Recipe
from harness.core.world import Failure, Outcome, World
from harness.errors import HarnessError
from harness.run import lock_order, repeat, worker
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
    decisions: bytes  # of the failing execution
    classes: bytes
    measured: Measured


def counted(world: World) -> dict[tuple[tuple[int, ...], int | None], int]:
    return {(o.values, o.rule): o.count for o in world.outcomes()}


def explorer(connection: Any, scenario: Scenario, settings: Settings, index: int) -> None:
    """A child: run the blocks that arrive on the connection until it closes."""
    worker.begin(f"explore{index}")
    try:
        with World(config.build(scenario, settings)) as world:
            totals, outcomes = world.totals(), counted(world)
            entered = contracts.counts(contracts.current())
            while (request := connection.recv()) is not None:
                first, count, seconds = request
                done = world.explore(first, count, seconds)
                repeat.check(world)
                totals_after, outcomes_after = world.totals(), counted(world)
                entered_after = contracts.counts(contracts.current())
                new = {k: n - outcomes.get(k, 0) for k, n in outcomes_after.items()}
                block = Block(
                    first=first,
                    done=done,
                    totals=difference(totals_after, totals),
                    failure=world.failure(),
                    outcomes={k: n for k, n in new.items() if n},
                    contracts=contracts.add(entered_after, entered, -1),
                    lock_order=lock_order.current(),
                    decisions=world.decisions() if world.failure() else b"",
                    classes=world.take_classes(),
                    measured=measured.take(forget=True),
                )
                totals, outcomes = totals_after, outcomes_after
                entered = entered_after
                connection.send(block)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
    except HarnessError as error:
        with contextlib.suppress(OSError):  # another one has failed, and nobody listens
            connection.send(error)


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


def start(scenario: Scenario, settings: Settings, jobs: int) -> tuple[list[Any], list[Any]]:
    from harness.run.supervisor import context

    ctx = context()
    processes, connections = [], []
    for index in range(jobs):
        ours, theirs = ctx.Pipe()
        process = ctx.Process(
            target=explorer, args=(theirs, scenario, settings, index), daemon=True
        )
        process.start()
        theirs.close()
        processes.append(process)
        connections.append(ours)
    return processes, connections


def dispatch(
    connections: list[Any], dispatcher: Dispatcher, interrupt: Interrupt, progress: Progress
) -> None:
    from multiprocess.connection import wait

    idle, running = list(connections), dict[Any, tuple[int, int]]()
    while True:
        while idle and not interrupt and (request := dispatcher.next()) is not None:
            connection = idle.pop(0)
            connection.send(request)
            running[connection] = request[:2]
        if not running:
            return
        for connection in wait(list(running), timeout=0.5):
            try:
                answer = connection.recv()
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
    finally:
        for connection in connections:
            connection.close()
        for process in processes:
            process.join(END_SECONDS_MAX)
            if process.exitcode is None:
                process.kill()
                process.join()
    return merge(recipe, scenario, limits, dispatcher, interrupt)


def merge(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    dispatcher: Dispatcher,
    interrupt: Interrupt,
) -> Exploration:
    blocks = dispatcher.kept()
    totals: dict[str, int] = {}
    outcomes: dict[tuple[tuple[int, ...], int | None], int] = {}
    failure, decisions = None, b""
    entered: list[contracts.Counts] = []
    for block in blocks:
        add_totals(totals, block.totals)
        entered = contracts.add(entered, block.contracts)
        for key, count in block.outcomes.items():
            outcomes[key] = outcomes.get(key, 0) + count
        if block.failure is not None and block.failure.iteration == dispatcher.failed_at:
            failure, decisions = block.failure, block.decisions
    done = sum(block.done for block in blocks)
    classes = dispatcher.counted()
    totals["distinct"] = classes.distinct
    contracts_sum, elapsed = contracts.with_counts(entered), dispatcher.clock.elapsed()
    return Exploration(
        recipe=recipe,
        scenario=scenario,
        totals=totals,
        elapsed_s=elapsed,
        complete=limits.schedules is not None and done >= limits.schedules,
        interrupted=bool(interrupt),
        failure=failure,
        outcomes=[Outcome(v, n, rule) for (v, rule), n in sorted(outcomes.items(), key=str)],
        contention=collect.controlled(
            scenario.name,
            "explore",
            dispatcher.measured,
            totals,
            elapsed,
            contracts_sum,
            recipe.settings.delay,
        ),
        contracts=contracts_sum,
        lock_order=lock_order.merge(block.lock_order for block in blocks),
        decisions=decisions,
        classes=classes,
    )
