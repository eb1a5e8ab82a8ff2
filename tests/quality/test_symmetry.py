# SPDX-License-Identifier: GPL-2.0-only
"""A search up to symmetry of tasks finds what the whole search does, in fewer classes."""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial, prod
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("harness._core")

from harness.core import config
from harness.core.world import World
from harness.errors import UsageError
from harness.program import symmetry
from harness.program.code import parse
from harness.program.task import Task
from harness.run import tree
from harness.scenario import scenarios
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from tests.quality.random_programs import Maker

COUNTS = Path(__file__).parents[2] / "examples" / "counts.py"
EXECUTIONS = 600  # of a program; those with more are left out
Groups = list[list[int]]


class TwinMaker(Maker):
    """Tasks come in groups of the same code; what they see, they leave in memory."""

    def __init__(self, dice: Random, memory: str, asserts: bool) -> None:
        super().__init__(dice, memory, 3)
        self.asserts = asserts
        if (
            memory == "tso"
        ):  # who awaits a store of its own that is buffered looks again without end
            self.features -= {"await"}
        self.seen = {f"unused{n}": None for n in range(8)}  # no register is observed

    def access(self, t: Task) -> None:
        if self.dice.random() < 0.5:
            super().access(t)
            return
        value = t.load(self.word())
        if self.dice.random() < 0.5:
            t.store(self.word(), value + self.dice.randint(0, 2))
        else:
            t.fetch_add(self.word(), value + 1)
        if self.asserts and self.dice.random() < 0.3:
            t.check(value < self.dice.randint(1, 3), "small")

    def group(self, tasks: int) -> None:
        state = self.dice.getstate()
        for _ in range(tasks):
            self.dice.setstate(state)
            self.task()


def twin_program(seed: int, memory: str, asserts: bool = False) -> Scenario:
    dice = Random(seed)
    maker = TwinMaker(dice, memory, asserts)
    groups = dice.choice(((2,), (3,), (2, 1), (1, 2), (3, 1), (2, 2), (2, 1, 1)))
    for tasks in groups:
        maker.group(tasks)
    names = {word.name: word for word in (*maker.words, *maker.guarded)}
    maker.program.observe(**names)
    return maker.program.scenario()


@dataclass(frozen=True)
class Found:
    classes: int
    outcomes: frozenset[tuple[int, ...]]
    failed: bool


def search(
    loaded: Scenario,
    memory: str,
    groups: Groups,
    strategy: str = "dpor",
    without: tuple[str, ...] = ("deadlock", "lockdep"),
    parts: Random | None = None,
) -> Found | None:
    """None: too many."""
    raw = config.build(loaded, Settings(seed=1, strategy=strategy, memory=memory, without=without))
    raw.no_estimate = 1
    config.fill_twins(raw, groups)
    with World(raw) as world:
        if parts is None:
            world.explore(0, EXECUTIONS, 0)
        else:
            in_parts(world, parts)
        failed = world.failure() is not None
        if parts is None and not world.over() and not failed:
            return None
        said = world.search()
        assert said is not None
        assert not (said["too_deep"] or said["too_many"] or said["diverged"]), said
        outcomes = frozenset(tuple(o.values) for o in world.outcomes())
        return Found(said["classes"], outcomes, failed)


def in_parts(world: World, dice: Random) -> None:
    parts = tree.Tree(divided_below=1 << 30)
    while parts.queue:
        parts.queue.rotate(dice.randrange(len(parts.queue)))
        part = parts.next()
        world.take_part(tree.pack(part, False))
        world.explore(0, dice.randint(1, 5), 0)
        said = world.search()
        assert said is not None and not said["diverged"]
        parts.add(part, world.rest_of_part())


def twins_of(loaded: Scenario) -> Groups:
    return symmetry.twins(parse(loaded.code))


def orbit(groups: Groups) -> int:
    return prod(factorial(len(group)) for group in groups)


def differs(seed: int, memory: str) -> str | None:
    """Empty: the same outcomes, in no more classes, whoever searches.  None: too large to say."""
    loaded = twin_program(seed, memory)
    groups = twins_of(loaded)
    whole, some = search(loaded, memory, []), search(loaded, memory, groups)
    if whole is None or some is None:
        return None
    divided = search(loaded, memory, groups, parts=Random(seed))
    fits = whole.classes / orbit(groups) <= some.classes <= whole.classes
    same = whole.outcomes == some.outcomes and divided == some
    return "" if fits and same else f"{seed} {memory} {groups}: {whole} {some} {divided}"


CASES = [("sc", 60), ("tso", 30), ("lkmm", 20)]


@pytest.mark.parametrize(("memory", "programs"), CASES)
def test_outcomes_are_those_of_the_whole_search(memory: str, programs: int) -> None:
    results = [differs(seed, memory) for seed in range(programs)]
    assert [r for r in results if r] == []
    assert sum(r is not None for r in results) > programs / 3


@pytest.mark.parametrize("order", range(4))
def test_whether_the_model_is_asked_is_no_node_of_a_part(order: int) -> None:
    """Where nobody is in a section yet, an access with one alternative asks no model."""
    loaded = twin_program(228, "lkmm")
    whole = search(loaded, "lkmm", [])
    assert whole is not None
    assert search(loaded, "lkmm", [], parts=Random(order)) == whole


@pytest.mark.parametrize("without", [("deadlock", "lockdep"), ("assertion", "lockdep")])
def test_failures_are_those_of_the_whole_search(without: tuple[str, ...]) -> None:
    verdicts = set()
    for seed in range(60):
        loaded = twin_program(seed, "sc", asserts=True)
        whole = search(loaded, "sc", [], without=without)
        some = search(loaded, "sc", twins_of(loaded), without=without)
        if whole is not None and some is not None:
            assert whole.failed == some.failed, seed
            verdicts.add(whole.failed)
    assert verdicts == {False, True}


def test_tasks_that_are_no_twins_lose_outcomes() -> None:
    """Were the order of first steps one that not every outcome has, it would be noticed."""
    lost = 0
    for seed in range(40):
        loaded = twin_program(seed, "sc")
        whole = search(loaded, "sc", [])
        wrong = [list(range(len(parse(loaded.code).tasks)))]
        if whole is None or twins_of(loaded) == wrong:
            continue
        try:
            some = search(loaded, "sc", wrong)
        except AssertionError:  # the search says that it diverged
            some = None
        lost += some is None or some.outcomes != whole.outcomes
    assert lost > 3


@pytest.mark.parametrize(
    ("name", "sizes", "classes"),
    [
        ("ainc", {"n": 5}, 1), ("lockinc", {"n": 4}, 1), ("readers", {"n": 6}, 7),
        ("rmw", {"tasks": 3, "n": 2}, 15), ("rmw", {"tasks": 3, "n": 3}, 280),
    ],
)  # fmt: skip
def test_known_counts(name: str, sizes: dict[str, int], classes: int) -> None:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    loaded = scenarios.load(f"{COUNTS}::{name}", overrides)
    groups = twins_of(loaded)
    found, whole = search(loaded, "sc", groups), search(loaded, "sc", [])
    assert found is not None
    assert found.classes == classes
    assert whole is None or whole.classes > classes


def test_schedules_of_n_increments() -> None:
    loaded = scenarios.load(f"{COUNTS}::ainc", (("n", "5"),))
    found = search(loaded, "sc", twins_of(loaded), "dfs")
    assert found is not None
    assert found.classes == 1


def test_who_is_no_twin() -> None:
    for name in ("writers", "casrot"):  # each stores another value
        with pytest.raises(UsageError, match="no two tasks of the same code"):
            symmetry.twins_of(scenarios.load(f"{COUNTS}::{name}", ()))
    with pytest.raises(UsageError, match="draws operations of its own"):
        symmetry.twins_of(scenarios.load("two-writers", ()))
