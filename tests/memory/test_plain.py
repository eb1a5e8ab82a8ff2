# SPDX-License-Identifier: GPL-2.0-only
"""Plain accesses under lkmm, against the judge: the outcomes, and whether there is a data race."""

from dataclasses import replace
from random import Random

import pytest

from tests.memory.axioms import PLAIN, RELAXED, Op, Program, has_race, outcomes
from tests.memory.shapes import SCHEDULES_MAX, flat_of, random_programs


def with_plain(program: Program, rng: Random) -> Program:
    """Some of the accesses without an order are plain ones."""

    def perhaps(op: Op) -> Op:
        fits = op.kind in ("load", "store") and op.order == RELAXED
        return replace(op, order=PLAIN) if fits and rng.random() < 0.6 else op

    return tuple(tuple(perhaps(op) for op in ops) for ops in program)


def plain_programs(first: int, count: int) -> list[Program]:
    rng = Random(first)
    return [with_plain(program, rng) for program in random_programs(first, count)]


@pytest.mark.parametrize("first", range(1000, 1100, 25))
def test_random_programs_with_plain_accesses(first):
    racy = 0
    for program in plain_programs(first, 25):
        result = flat_of(program).explore("dpor", "lkmm", schedules=SCHEDULES_MAX, seed=7)
        assert not result.violation, result
        found = {tuple(row["registers"].values()) for row in result.outcomes}
        assert found == outcomes(program, "lkmm"), program
        race = has_race(program)
        assert (result.found.totals["racy"] > 0) == race, program
        racy += race
    assert racy > 3
