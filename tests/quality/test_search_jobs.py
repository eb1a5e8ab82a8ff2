# SPDX-License-Identifier: GPL-2.0-only
"""A search finds the same in one process and in several, even if it fails or one is killed.

Turns are made short here, so that small programs are divided often.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("harness._core")

from harness.core import config
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import HarnessError
from harness.run import division, search, searchers, tree
from harness.run.explore import Exploration, Limits, explore
from harness.run.jobs import ExplorerDied
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

COUNTS = Path(__file__).parents[2] / "examples" / "counts.py"
WITHOUT = ("deadlock", "lockdep")  # deadlocks are executions like others
LIMITS = Limits(None, 300.0)


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(division, "POINTS_ALONE", 200)
    monkeypatch.setattr(division, "POINTS_FEW", 200)
    monkeypatch.setattr(division, "POINTS", 1000)
    monkeypatch.setattr(division, "EXECUTIONS_FIRST", 3)
    yield


def settings_of(**about: Any) -> Settings:
    return Settings(**({"seed": 1, "strategy": "dpor", "without": WITHOUT} | about))


def searched(
    name: str, sizes: dict[str, int], settings: Settings, jobs: int, limits: Limits = LIMITS
) -> Exploration:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    spec = f"{COUNTS}::{name}"
    loaded = scenarios.load(spec, overrides)
    recipe = Recipe(spec, overrides, settings)
    quiet = {"progress": lambda *_: None, "divided": True}
    return explore(recipe, loaded, limits, jobs, Interrupt(), **quiet)  # type: ignore[arg-type]


def summary(found: Exploration) -> dict[str, Any]:
    totals = ("schedules", "schedule_points", "decisions", "switches", "violations", "digest")
    failed = found.failure
    return {
        **{key: found.totals[key] for key in (*totals, "distinct")},
        "search": found.search,
        "line": search.line(found),
        "outcomes": sorted((o.values, o.count) for o in found.outcomes),
        "failure": failed and (failed.oracle, failed.message, failed.digest, failed.step),
        "decisions": found.decisions,
        "complete": found.complete,
    }


def in_one_piece(name: str, sizes: dict[str, int], settings: Settings) -> dict[str, Any]:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    loaded = scenarios.load(f"{COUNTS}::{name}", overrides)
    with World(config.build(loaded, settings)) as world:
        world.explore(0, 1 << 20, 0)
        assert world.over()
        world.classes.add(world.take_classes())
        totals = world.totals()
        return {
            **{key: totals[key] for key in ("schedules", "schedule_points", "digest")},
            "distinct": world.classes.counts().distinct,
            "outcomes": sorted((o.values, o.count) for o in world.outcomes()),
        }


CASES: list[tuple[str, dict[str, int], dict[str, Any], int]] = [
    ("ainc", {"n": 5}, {}, 2),
    ("lockinc", {"n": 4}, {}, 3),
    ("writers", {"n": 5}, {}, 2),
    ("casrot", {"n": 5}, {}, 2),
    ("lastzero", {"n": 6}, {}, 3),
    ("fib", {"n": 2}, {}, 2),
    ("rmw", {"tasks": 3, "n": 2}, {}, 2),
    ("philosophers", {"n": 3}, {}, 2),
    ("z6u", {}, {"memory": "tso"}, 3),
    ("rmw", {"tasks": 2, "n": 3}, {"strategy": "dfs"}, 2),
    ("fib", {"n": 2}, {"strategy": "dfs", "preemptions": 2}, 3),
    ("fib", {"n": 2}, {"strategy": "dfs", "delays": 2}, 2),
    ("fib", {"n": 2}, {"preemptions": 1}, 3),
    ("rmw", {"tasks": 3, "n": 2}, {"preemptions": 2}, 2),
    ("z6u", {}, {"preemptions": 1, "memory": "tso"}, 2),
    ("z6u", {}, {"memory": "lkmm"}, 3),
    ("fib", {"n": 1}, {"memory": "lkmm"}, 2),
    ("casrot", {"n": 4}, {"memory": "lkmm"}, 2),
    ("abba", {}, {"memory": "lkmm"}, 2),
    ("wrc", {}, {"strategy": "dfs", "memory": "lkmm"}, 2),
]


@pytest.mark.parametrize(("name", "sizes", "about", "jobs"), CASES)
def test_the_number_of_processes_is_not_seen(
    name: str, sizes: dict[str, int], about: dict[str, Any], jobs: int
) -> None:
    settings = settings_of(**about)
    alone = summary(searched(name, sizes, settings, 1))
    assert alone["complete"] and alone["line"].startswith("exhausted")
    whole = in_one_piece(name, sizes, settings)
    assert {key: alone[key] for key in whole} == whole
    assert summary(searched(name, sizes, settings, jobs)) == alone


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_same_failure(jobs: int) -> None:
    settings = settings_of(without=())
    alone = summary(searched("philosophers", {"n": 4}, settings, 1))
    assert alone["failure"][0] == "deadlock" and alone["line"].startswith("not exhausted")
    assert summary(searched("philosophers", {"n": 4}, settings, jobs)) == alone


def test_the_same_end_where_executions_are_counted() -> None:
    limits = Limits(150, None)
    alone = summary(searched("lastzero", {"n": 8}, settings_of(), 1, limits))
    assert alone["complete"] and alone["schedules"] == 150
    assert alone["line"].startswith("not exhausted: 150 classes seen")
    there = summary(searched("lastzero", {"n": 8}, settings_of(), 2, limits))
    for one in (alone, there):
        one["line"] = one["line"].split(", about")[0]  # how long the rest takes
    assert there == alone


def killing(monkeypatch: pytest.MonkeyPatch, deaths: dict[int, int]) -> list[int]:
    """Explorers die over these turns, so often each."""
    killed: list[int] = []
    give = searchers.Crew.give

    def give_and_kill(crew: searchers.Crew, turn: division.Turn, end: float | None) -> None:
        index = crew.connections.index(crew.idle[0])
        give(crew, turn, end)
        if killed.count(turn.number) < deaths.get(turn.number, 0):
            os.kill(crew.processes[index].pid, signal.SIGKILL)
            killed.append(turn.number)

    monkeypatch.setattr(searchers.Crew, "give", give_and_kill)
    return killed


def test_a_killed_explorer_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = summary(searched("lastzero", {"n": 6}, settings_of(), 1))
    killed = killing(monkeypatch, {2: 1, 9: 2})
    assert summary(searched("lastzero", {"n": 6}, settings_of(), 2)) == alone
    assert sorted(killed) == [2, 9, 9]


def test_a_turn_that_kills_everybody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    killing(monkeypatch, {1: 100})
    with pytest.raises(ExplorerDied, match="in one of the executions 3 to"):
        searched("lastzero", {"n": 6}, settings_of(), 2)


def test_a_part_that_is_dropped_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice planted: a part that its owner counts, and one that nobody knows of."""
    whole = summary(searched("lastzero", {"n": 6}, settings_of(), 1))
    push, pushed = tree.Tree.push, []

    def forget(self: tree.Tree, part: tree.Part) -> None:
        pushed.append(part)
        if len(pushed) == 7:
            part.place.count(1, 0)
        else:
            push(self, part)

    def drop(self: tree.Tree, part: tree.Part) -> None:
        pushed.append(part)
        if len(pushed) != 7:
            push(self, part)

    monkeypatch.setattr(tree.Tree, "push", forget)
    with pytest.raises(HarnessError, match="a part of the search was lost"):
        searched("lastzero", {"n": 6}, settings_of(), 1)
    pushed.clear()
    monkeypatch.setattr(tree.Tree, "push", drop)
    assert summary(searched("lastzero", {"n": 6}, settings_of(), 1)) != whole
