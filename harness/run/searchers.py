# SPDX-License-Identifier: GPL-2.0-only
"""An exhaustive search in several processes: harness.division says what is next, explorers do it.

An explorer that is killed loses nothing: another one takes its place, and its turn.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import Any

from harness.contention.measured import Measured
from harness.core.classes import Classes
from harness.core.token import Recipe
from harness.errors import HarnessError
from harness.run import jobs, messages
from harness.run.division import Division, Turn
from harness.run.explore import Clock, Exploration, Limits, Progress
from harness.run.met_again import Met
from harness.scenario.schema import Scenario
from harness.signals import Interrupt

DEATHS_MAX = 3  # of explorers, over one turn
LOOK_SECONDS = 0.5  # at signals, while explorers are busy


class Crew:
    """The explorers, and what each of them does."""

    def __init__(self, scenario: Scenario, recipe: Recipe, count: int) -> None:
        self.how = scenario, recipe.settings
        self.processes, self.connections = jobs.start(*self.how, count)
        self.idle = list(self.connections)
        self.running: dict[Any, Turn] = {}
        self.deaths: dict[int, int] = {}  # by the number of a turn

    def give(self, turn: Turn, end: float | None) -> None:
        connection = self.idle.pop(0)
        self.running[connection] = turn
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # dead, as will be seen
            request = jobs.Search(turn.packed, turn.first, turn.count, end)
            messages.send(connection, request)

    def replace(self, connection: Any) -> Turn:
        """Another explorer for one that has died; the turn that was its."""
        turn = self.running.pop(connection)
        self.deaths[turn.number] = self.deaths.get(turn.number, 0) + 1
        if self.deaths[turn.number] == DEATHS_MAX:
            raise jobs.ExplorerDied(turn.first, turn.count)
        index = self.connections.index(connection)
        connection.close()
        self.processes[index].join()
        self.processes[index], self.connections[index] = jobs.start_one(*self.how, index)
        self.idle.insert(0, self.connections[index])  # it gets the turn: it knows of no later one
        return turn

    def answers(self) -> tuple[dict[int, jobs.Block | HarnessError], list[Turn]]:
        """By the number of the turn, and those that are to be done once more."""
        from multiprocess.connection import wait

        found: dict[int, jobs.Block | HarnessError] = {}
        again = []
        for connection in wait(list(self.running), timeout=LOOK_SECONDS):
            try:
                answer = messages.receive(connection)
            except (EOFError, ConnectionResetError):
                again.append(self.replace(connection))
                continue
            found[self.running.pop(connection).number] = answer
            self.idle.append(connection)
        return found, again


class Search:
    """What has been found, taken in the order of the turns."""

    def __init__(self, recipe: Recipe, scenario: Scenario, limits: Limits) -> None:
        self.recipe, self.scenario = recipe, scenario
        self.clock = Clock(limits)
        self.division = Division(recipe.settings, limits.schedules)
        self.sums, self.classes, self.measured = jobs.Sums(), Classes(), Measured()
        self.met = Met()
        self.answers: dict[int, jobs.Block | HarnessError] = {}  # not taken yet
        self.waiting = deque(self.division.more())  # turns for whoever is idle

    def take(self) -> None:
        """As far as the order allows."""
        division = self.division
        while not division.over and division.pending:
            answer = self.answers.pop(division.pending[0].number, None)
            if answer is None:
                return
            if isinstance(answer, HarnessError):
                raise answer
            if division.again:
                answer = self.met.without(answer)
            assert answer.result is not None
            self.sums.add(answer)
            self.classes.add(answer.classes)
            self.measured.add(answer.measured)
            division.take(answer.result)
            self.waiting += division.more()

    def skip(self) -> None:
        """There is no time for what nobody has done; what comes behind it is taken all the same."""
        self.division.give_up(self.answers)
        self.take()

    def give(self, crew: Crew) -> None:
        while crew.idle and self.waiting:
            crew.give(self.waiting.popleft(), self.clock.end())

    def run(self, crew: Crew, interrupt: Interrupt, progress: Progress) -> None:
        while not self.division.over:
            late = bool(interrupt) or self.clock.seconds() <= 0
            if not late:
                self.give(crew)
            if not crew.running:
                break
            found, again = crew.answers()
            self.answers |= found
            self.waiting.extendleft(reversed(again))
            if not late:
                self.give(crew)  # before anything that takes time
            self.take()
            progress(self.division.counted, self.division.points, self.clock.elapsed())
        self.skip()

    def exploration(self, interrupt: Interrupt) -> Exploration:
        return self.sums.exploration(
            self.recipe,
            self.scenario,
            self.classes.counts(),
            self.measured,
            self.clock.elapsed(),
            self.division.complete(),
            bool(interrupt),
            self.division.summary(),
        )


def search_parallel(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    count: int,
    interrupt: Interrupt,
    progress: Progress,
) -> Exploration:
    search = Search(recipe, scenario, limits)
    crew = Crew(scenario, recipe, count)
    try:
        search.run(crew, interrupt, progress)
    finally:
        jobs.end(crew.processes, crew.connections)
    return search.exploration(interrupt)
