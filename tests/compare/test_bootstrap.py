# SPDX-License-Identifier: GPL-2.0-only
"""The statistics against brute force, and how often they are wrong on made-up repeats."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from statistics import median

import pytest

from harness.compare.bootstrap import (
    Estimate,
    doubled_ranks,
    estimate,
    holm,
    interval,
    least_p,
    median_weights,
    p_value,
)
from harness.compare.turns import order
from harness.compare.verdict import VERDICT_ALPHA

PAIRS = 300
LEVEL = VERDICT_ALPHA / 3  # what one of three headline figures has to reach, at least


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
def test_the_median_of_a_resample_by_enumeration(n: int) -> None:
    seen: Counter[tuple[int, int]] = Counter()
    for drawn in itertools.product(range(n), repeat=n):
        ordered = sorted(drawn)
        seen[ordered[(n - 1) // 2], ordered[n // 2]] += 1
    computed = {(i, j): p for i, j, p in median_weights(n)}
    for pair in {*seen, *computed}:
        assert computed.get(pair, 0.0) == pytest.approx(seen[pair] / n**n, abs=1e-12)


@pytest.mark.parametrize("n", [8, 11, 24, 49])
def test_the_weights_are_a_distribution(n: int) -> None:
    assert math.fsum(p for _, _, p in median_weights(n)) == pytest.approx(1)
    assert min(p for _, _, p in median_weights(n)) >= 0


def by_relabelling(a: list[float], b: list[float]) -> float:
    """The rank sum test, all arrangements one by one."""
    ranks = doubled_ranks([*a, *b])
    mean = len(a) * sum(ranks) / len(ranks)
    seen = sum(ranks[: len(a)])
    sums = [sum(chosen) for chosen in itertools.combinations(ranks, len(a))]
    return sum(abs(s - mean) >= abs(seen - mean) - 1e-9 for s in sums) / len(sums)


def by_exchanging(a: list[float], b: list[float]) -> float:
    """The sign test: A and B of each pair exchanged or not, and pairs that are equal left out."""
    signs = [1 if y > x else -1 for x, y in zip(a, b, strict=True) if x != y]
    sums = [sum(each) for each in itertools.product((-1, 1), repeat=len(signs))]
    return sum(abs(s) >= abs(sum(signs)) for s in sums) / len(sums)


@pytest.mark.parametrize("in_turns", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_the_p_value_by_enumeration(seed: int, in_turns: bool) -> None:
    draw = random.Random(seed)
    n_a = draw.randint(2, 5)
    n_b = n_a if in_turns else draw.randint(2, 5)
    a = [float(draw.randint(0, 6)) for _ in range(n_a)]  # few values, so many ties
    b = [float(draw.randint(1, 8)) for _ in range(n_b)]
    known = by_exchanging(a, b) if in_turns else by_relabelling(a, b)
    assert p_value(a, b, in_turns) == pytest.approx(known)


def test_the_rank_sum_test_of_the_textbook() -> None:
    """5 against 5, all of one below all of the other: 2 of 252."""
    a, b = [1.0, 2, 3, 4, 5], [6.0, 7, 8, 9, 10]
    assert p_value(a, b, False) == pytest.approx(2 / 252) == least_p(5, 5, False)
    assert p_value(a, a, False) == 1
    assert p_value([1.0], [2.0], False) == 1 == p_value([1.0], [2.0], True)


def test_what_few_turns_can_say() -> None:
    assert least_p(12, 12, True) == 2 / 2**12
    a = [float(n) for n in range(12)]
    assert p_value(a, [x + 100 for x in a], True) == least_p(12, 12, True)
    assert least_p(10, 10, True) > LEVEL > least_p(11, 11, True)


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == [] and holm([0.7, 0.6]) == [1.0, 1.0]


def test_zero_and_one_run() -> None:
    nothing = estimate([0.0] * 4, [0.0] * 4, False)
    assert nothing == Estimate(1.0, None, None, 1.0)
    new = estimate([0.0] * 6, [1.0, 2, 3, 4, 5, 6], False)
    assert new.ratio is None and new.low is None and new.p == pytest.approx(2 / 924)
    once = estimate([2.0], [3.0], False)
    assert once.ratio == 1.5 and once.low is None and once.p == 1


def made_up(draw: random.Random, n: int, change: float, drift: float) -> tuple[list[float], ...]:
    """Repeats in turns: 6 % of noise, now and then a disturbed run, and a machine that drifts."""
    level = 10.0
    values: dict[str, list[float]] = {"a": [], "b": []}
    for side in order(n, draw.randrange(1 << 30)):
        level += draw.gauss(0, drift)
        noise = draw.gauss(0, 0.06) - (draw.random() < 0.05) * 0.5
        values[side].append(math.exp(level + noise + (change if side == "b" else 0)))
    return values["a"], values["b"]


@pytest.mark.parametrize("drift", [0.0, 0.03])
def test_how_often_it_is_wrong_where_nothing_changed(drift: float) -> None:
    draw = random.Random(1)
    found = [estimate(*made_up(draw, 10, 0.0, drift), True) for _ in range(PAIRS)]
    assert sum(e.p <= 0.05 for e in found) <= 0.08 * PAIRS
    assert sum(e.p <= LEVEL for e in found) <= 0.01 * PAIRS
    covered = sum(not e.is_apart for e in found)
    assert covered >= 0.90 * PAIRS  # of 95 %, with ten runs and a median


def test_a_disturbance_that_outlasts_a_run_is_no_evidence() -> None:
    """A slow spell of three runs, now and then: the lot decides whom it hits."""
    draw, wrong = random.Random(3), 0
    for number in range(PAIRS):
        values: dict[str, list[float]] = {"a": [], "b": []}
        slow = 0
        for side in order(12, number):
            slow = 3 if not slow and draw.random() < 0.15 else max(0, slow - 1)
            values[side].append(math.exp(draw.gauss(0, 0.02) - 0.4 * (slow > 0)))
        wrong += estimate(values["a"], values["b"], True).p <= 0.05
    assert wrong <= 0.08 * PAIRS


@pytest.mark.parametrize("drift", [0.0, 0.02])
def test_how_often_it_finds_a_fifth(drift: float) -> None:
    draw = random.Random(2)
    change = math.log(1.2)
    found = [estimate(*made_up(draw, 24, change, drift), True) for _ in range(PAIRS)]
    seen = sum(e.p <= LEVEL and e.is_apart and (e.ratio or 0) > 1 for e in found)
    assert seen >= 0.95 * PAIRS
    middle = median(e.ratio or 0.0 for e in found)
    assert middle == pytest.approx(1.2, rel=0.02)


def test_without_turns_a_drift_hides_what_turns_show() -> None:
    """The n-th of A is close to the n-th of B, and far from the last of A."""
    a = [math.exp(0.02 * n) for n in range(12)]
    b = [math.exp(0.02 * n + 0.05) for n in range(12)]
    assert estimate(a, b, True).p <= LEVEL < 0.05 < estimate(a, b, False).p


def test_an_interval_is_within_the_values() -> None:
    values = [3.0, 1.0, 2.0, 8.0, 5.0]
    low, high = interval(values)
    assert min(values) <= low <= median(values) <= high <= max(values)
