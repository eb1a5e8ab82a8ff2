# SPDX-License-Identifier: GPL-2.0-only
"""Programs of more tasks than a store buffer or an execution graph knows."""

import pytest

from harness.errors import UsageError
from harness.program import Program

MOST = 62


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


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "urw", "surw", "rff", "mix", "dpor"])
def test_every_task_runs_under_every_strategy(strategy: str) -> None:
    result = counter(MOST, locked=True).explore(strategy, schedules=20)
    assert not result.violation
    assert [(row["registers"], row["count"]) for row in result.outcomes] == [({"count": MOST}, 20)]


@pytest.mark.parametrize("strategy", ["random", "pct", "pos", "surw"])
def test_a_switch_to_any_task_is_recorded(strategy: str) -> None:
    """What fails fails again, with the same plan: choices above 31 stand in it as they are."""
    result = counter(MOST, locked=False).explore(strategy, schedules=20)
    assert result.violation == "assertion"
    again = counter(MOST, locked=False).explore(strategy, schedules=20)
    assert again.found.failure == result.found.failure


def test_what_is_too_many() -> None:
    with pytest.raises(UsageError, match=f"more than {MOST} tasks"):
        counter(MOST + 1, locked=True)
    with pytest.raises(UsageError, match="31 tasks; under --memory lkmm there are at most 30"):
        counter(31, locked=True).explore(memory="lkmm", schedules=1)
    assert counter(30, locked=True).explore(memory="lkmm", schedules=2).violation == ""
