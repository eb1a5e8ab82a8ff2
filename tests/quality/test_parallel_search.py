# SPDX-License-Identifier: GPL-2.0-only
"""A search in parts finds what a search in one piece does, however it is divided.

The parts take turns in one process here, in a random order and for a few executions each: that
divides a search at more places than any number of processes does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

pytest.importorskip("harness._core")

from harness.core import config
from harness.core.world import World
from harness.run import tree
from harness.scenario import scenarios
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from tests.quality.random_programs import random_program

COUNTS = Path(__file__).parents[2] / "examples" / "counts.py"
# Deadlocks are executions like others here.
WITHOUT = ("deadlock", "lockdep")
EXECUTIONS = 4000  # of a program; those with more are left out
ADDED = ("schedules", "schedule_points", "digest", "distinct")


@dataclass(frozen=True)
class Found:
    totals: dict[str, int]
    search: dict[str, int]
    outcomes: list[Any]


def found(world: World) -> Found:
    world.classes.add(world.take_classes())
    totals = world.totals() | {"distinct": world.classes.counts().distinct}
    search = world.search()
    assert search is not None
    keys = ("classes", "too_deep", "too_many", "diverged")  # not what was begun in vain
    return Found(
        {key: totals[key] for key in ADDED},
        {key: search[key] for key in keys},
        sorted((o.values, o.count) for o in world.outcomes()),
    )


@contextmanager
def opened(
    loaded: Scenario, strategy: str, memory: str, bound: int | None = None
) -> Iterator[World]:
    settings = Settings(
        seed=1, strategy=strategy, preemptions=bound, memory=memory, without=WITHOUT
    )
    raw = config.build(loaded, settings)
    raw.no_estimate = 1
    with World(raw) as world:
        yield world


def in_one_piece(
    loaded: Scenario, strategy: str, memory: str, bound: int | None = None
) -> Found | None:
    with opened(loaded, strategy, memory, bound) as world:
        world.explore(0, EXECUTIONS, 0)
        return found(world) if world.over() else None


def in_parts(
    loaded: Scenario,
    strategy: str,
    memory: str,
    dice: Random,
    executions: int,
    bound: int | None = None,
) -> tuple[Found, int]:
    """Also the number of turns."""
    turns = 0
    bounded = bound is not None
    with opened(loaded, strategy, memory, bound) as world:
        parts = (tree.BoundedTree if bounded else tree.Tree)(divided_below=1 << 30)
        while parts.queue and turns < 3 * EXECUTIONS:
            parts.queue.rotate(dice.randrange(len(parts.queue)))
            part = parts.next()
            world.take_part(tree.pack(part, bounded))
            world.explore(0, dice.randint(1, executions), 0)
            parts.add(part, world.rest_of_part())
            turns += 1
        return found(world), turns


KNOWN = [
    ("ainc", {"n": 5}), ("lockinc", {"n": 4}), ("writers", {"n": 5}), ("readers", {"n": 6}),
    ("casrot", {"n": 5}), ("lastzero", {"n": 6}), ("fib", {"n": 3}), ("rmw", {"tasks": 3, "n": 2}),
    ("abba", {}), ("philosophers", {"n": 3}), ("iriw", {}), ("z6u", {}), ("wrc", {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sizes"), KNOWN)
def test_known_counts_in_parts(name: str, sizes: dict[str, int]) -> None:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    loaded = scenarios.load(f"{COUNTS}::{name}", overrides)
    whole = in_one_piece(loaded, "dpor", "sc")
    assert whole is not None
    for executions in (1, 3, 30):
        parts, turns = in_parts(loaded, "dpor", "sc", Random(executions), executions)
        assert parts == whole
        assert turns >= whole.search["classes"] / executions / 2


def differs(seed: int, strategy: str, memory: str, bound: int | None = None) -> str | None:
    """Empty: the same.  None: too large to say."""
    loaded = random_program(seed, memory).scenario()
    whole = in_one_piece(loaded, strategy, memory, bound)
    if whole is None:
        return None
    dice = Random(seed)
    executions = dice.choice((1, 1, 2, 5, 20))
    parts, _ = in_parts(loaded, strategy, memory, dice, executions, bound)
    return "" if parts == whole else f"{seed} {strategy} {memory} {bound}: {whole} {parts}"


CASES = [
    ("dpor", "sc", None, 120),
    ("dpor", "tso", None, 60),
    ("dpor", "lkmm", None, 60),
    ("dfs", "lkmm", None, 20),
    ("dfs", "sc", None, 30),
    ("dpor", "sc", 1, 60),
    ("dpor", "tso", 2, 30),
    ("dpor", "lkmm", 1, 20),
]


@pytest.mark.parametrize(("strategy", "memory", "bound", "programs"), CASES)
def test_random_programs_in_parts(
    strategy: str, memory: str, bound: int | None, programs: int
) -> None:
    results = [differs(seed, strategy, memory, bound) for seed in range(programs)]
    assert [r for r in results if r] == []
    assert sum(r is not None for r in results) > programs / 3
