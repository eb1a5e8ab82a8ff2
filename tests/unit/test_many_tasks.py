# SPDX-License-Identifier: GPL-2.0-only
"""Programs of more tasks than a word, a store buffer or an execution graph knows."""

import pytest

from harness.errors import UsageError
from harness.program import Program

MOST, SEARCHED = 126, 62
WIDE = (SEARCHED, SEARCHED + 1, MOST)  # task 63 is the first whose number a word has no bit for
STRATEGIES = ("random", "sticky", "pct", "pos", "urw", "surw", "rff", "mix")


def counter(tasks: int, *, locked: bool) -> Program:
    p = Program("counter")
    count, guard = p.word("count"), p.spinlock("guard")
    for _ in range(tasks):
        with p.task() as t:
            if locked:
                t.lock(guard)
            t.store(count, t.load(count) + 1)
            if locked:
                t.unlock(guard)
    p.ensure(count == tasks, "nothing is lost")
    p.observe(count=count)
    return p


def everybody_counts(tasks: int, strategy: str) -> None:
    result = counter(tasks, locked=True).explore(strategy, schedules=20)
    assert not result.violation
    assert [(row["registers"], row["count"]) for row in result.outcomes] == [({"count": tasks}, 20)]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("tasks", WIDE)
def test_every_task_runs_under_every_strategy(tasks: int, strategy: str) -> None:
    everybody_counts(tasks, strategy)


def test_every_task_is_searched() -> None:
    everybody_counts(SEARCHED, "dpor")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_switch_to_any_task_is_recorded(strategy: str) -> None:
    """What fails fails again, with the same plan: choices above 63 stand in it as they are."""
    result = counter(MOST, locked=False).explore(strategy, schedules=20)
    assert result.violation == "assertion"
    again = counter(MOST, locked=False).explore(strategy, schedules=20)
    assert again.found.failure == result.found.failure


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_who_comes_first_and_last(strategy: str) -> None:
    """Each of 126 tasks is the one that comes first, and the one that comes last."""
    p = Program("order")
    taken, first, last = p.word("taken"), p.word("first"), p.word("last")
    for number in range(MOST):
        with p.task() as t:
            place = t.fetch_add(taken, 1)
            with t.if_(place == 0):
                t.store(first, number)
            with t.if_(place == MOST - 1):
                t.store(last, number)
    p.observe(first=first, last=last)
    outcomes = [row["registers"] for row in p.explore(strategy, schedules=3000).outcomes]
    for word in ("first", "last"):
        seen = {row[word] for row in outcomes}
        assert seen <= set(range(MOST)) and len(seen) > MOST // 2
        assert any(number < 62 for number in seen) and any(number > 62 for number in seen)


def test_a_deadlock_of_high_tasks_is_told() -> None:
    """The cycle of waiting tasks is found whatever their numbers."""
    p = Program("crossed")
    a, b, idle = p.spinlock("a"), p.spinlock("b"), p.word("idle")
    for _ in range(MOST - 2):
        with p.task() as t:
            t.store(idle, 1)
    for name, one, other in (("ab", a, b), ("ba", b, a)):
        with p.task(name) as t, t.locked(one), t.locked(other):
            t.store(idle, 2)
    result = p.explore("random", schedules=2000)
    assert result.violation == "deadlock"
    assert "cycle: ab" in result.message and "ba" in result.message


@pytest.mark.parametrize(
    ("strategy", "memory", "most", "option"),
    [
        ("mix", "lkmm", 30, "--memory lkmm"),
        ("mix", "tso", 30, "--memory tso"),
        ("dpor", "sc", SEARCHED, "--strategy dpor"),
        ("dfs", "sc", SEARCHED, "--strategy dfs"),
    ],
)
def test_what_is_too_many(strategy: str, memory: str, most: int, option: str) -> None:
    with pytest.raises(UsageError, match=f"under {option} there are at most {most}: use"):
        counter(most + 1, locked=True).explore(strategy, memory, schedules=1)
    assert counter(most, locked=True).explore(strategy, memory, schedules=2).violation == ""


def test_what_is_too_many_at_all() -> None:
    with pytest.raises(UsageError, match=f"more than {MOST} tasks"):
        counter(MOST + 1, locked=True)
