# SPDX-License-Identifier: GPL-2.0-only
"""Strategies against exact probabilities, of programs that no table has."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from harness.program import Program
from harness.program.build import Task
from harness.run import rate
from harness.run.explore import Limits
from harness.scenario.settings import Settings
from harness.signals import Interrupt
from tests.quality import exact
from tests.quality.exact import Machine, Step, Value

RUNS = 10000


def load(word: int, into: int = 0) -> Step:
    return Step("load", word, into=into)


def store(word: int, value: int | Value) -> Step:
    return Step("store", word, value if callable(value) else lambda _: value)


def add(word: int, by: int, into: int = 3) -> Step:
    return Step("add", word, lambda _: by, into)


def locked(word: int, *steps: Step) -> tuple[Step, ...]:
    return (Step("lock", word), *steps, Step("unlock", word))


def check(value: Value) -> Step:
    return Step("check", value=value)


def awaited(word: int, value: int) -> Step:
    return Step("await", word, lambda _: value)


SETTER = (store(0, 1), store(1, -1))
CHECKER = (
    load(0, 0),
    load(1, 1),
    check(lambda r: ((r[0] == 0) & (r[1] == 0)) | ((r[0] == 1) & (r[1] == -1))),
)
INCREMENT = (load(0), store(0, lambda r: r[0] + 1))
ATTEMPT = (load(0), Step("cas", 0, lambda r: r[0], 1, 7), check(lambda r: r[1] == r[0]))
LAST = Step("exit_if", value=lambda r: r[3] != 2)

PROGRAMS: dict[str, exact.Program] = {
    "uneven 1 vs 3": (
        (store(0, 9),),
        (store(0, 0), store(0, 1), store(0, 2), load(0), check(lambda r: r[0] != 9)),
    ),
    "reorder, two checkers": (SETTER, CHECKER, CHECKER),
    "reorder, created": (
        (store(2, 1), store(3, 1)),
        (awaited(2, 1), *SETTER),
        (awaited(3, 1), *CHECKER),
    ),
    "ring of three": tuple(
        (*locked(a, Step("lock", b), Step("unlock", b)),) for a, b in ((0, 1), (1, 2), (2, 0))
    ),
    "one attempt each": (ATTEMPT, ATTEMPT),
    "lost update of three": tuple(
        (*INCREMENT, add(1, 1), LAST, load(0, 2), check(lambda r: r[2] == 3)) for _ in range(3)
    ),
    "hand-over": (
        (store(0, 5), store(1, 1), store(0, 6)),
        (awaited(1, 1), load(0), check(lambda r: r[0] == 6)),
    ),
    "two locks, one word": (
        (*locked(1, *INCREMENT), load(0, 1), check(lambda r: r[1] == r[0] + 1)),
        (*locked(2, *INCREMENT, load(0, 1)), check(lambda r: r[1] == r[0] + 1)),
    ),
}


def machine_of(program: exact.Program) -> Machine:
    words = 1 + max(step.word for task in program for step in task)
    return Machine(program, (0,) * words)


def written(program: exact.Program) -> Program:
    """The same, for the core."""
    p = Program("kept aside")
    locks = {s.word for task in program for s in task if s.op == "lock"}
    numbers = sorted({s.word for task in program for s in task} - locks)
    words = {n: p.word(f"w{n}") for n in numbers}
    held = {n: p.spinlock(f"l{n}") for n in locks}
    for steps in program:
        with p.task() as t:
            write(t, steps, words, held)
    return p


def write(t: Task, steps: tuple[Step, ...], words: dict, locks: dict) -> None:
    registers: list = [0, 0, 0, 0]
    for s in steps:
        value = s.value(registers) if s.op not in ("lock", "unlock", "load") else None
        if s.op == "load":
            registers[s.into] = t.load(words[s.word])
        elif s.op == "store":
            t.store(words[s.word], value)
        elif s.op == "add":
            registers[s.into] = t.fetch_add(words[s.word], value)
        elif s.op == "cas":
            registers[s.into] = t.cmpxchg(words[s.word], value, s.new)
        elif s.op == "await":
            t.await_(words[s.word], value)
        elif s.op == "check":
            t.check(value)
        elif s.op == "exit_if":
            with t.if_(value):
                t.exit()
        else:
            (t.lock if s.op == "lock" else t.unlock)(locks[s.word])


@pytest.mark.parametrize("name", PROGRAMS)
def test_exact_probabilities(name: str) -> None:
    machine, scenario = machine_of(PROGRAMS[name]), written(PROGRAMS[name]).scenario()
    for strategy, probability in exact.STRATEGIES.items():
        known = probability(machine)
        plain, depth = (strategy[:3], int(strategy[3:])) if "pct" in strategy else (strategy, 1)
        settings = Settings(seed=11, strategy=plain, depth=depth, without=("lockdep",))
        found = rate.measure(scenario, settings, Limits(RUNS), Interrupt())
        sigma = math.sqrt(known * (1 - known) / RUNS)
        share = found.violations / RUNS
        assert abs(share - known) <= 5 * sigma, f"{strategy}: {share:.4f}, and not {known}"
        assert found.longest == machine.longest()


def test_closed_forms() -> None:
    """The walk itself, against what can be worked out by hand."""
    machine = machine_of(PROGRAMS["uneven 1 vs 3"])
    forms = {"random": "1/16", "pct1": "0", "pct2": "1/10", "pos": "1/16", "urw": "1/5"}
    for strategy, form in forms.items():
        assert exact.STRATEGIES[strategy](machine) == Fraction(form)
    assert exact.surw(machine) == Fraction(1, 5)
