# SPDX-License-Identifier: GPL-2.0-only
"""Does one sample differ from another, and by what factor?  Exact, so nothing here is random.

What is compared are repeats: whole runs, each with processes of its own, since what varies between
runs (placement, seeds) does not vary within one (T. Kalibera, R. Jones, "Rigorous benchmarking in
reasonable time", ISMM 2013, who also ask for the size of an effect with its interval and not for a
test alone).  Both are given, and evidence is what passes both.

* Interval: percentile bootstrap of the median (B. Efron, Annals of Statistics 1979).  Resampling n
  values has a known outcome for the median: the chance that it is this value or that one is
  binomial (J. Maritz, R. Jarrett, JASA 1978), so the bootstrap's limit of infinitely many resamples
  is computed and no resample is drawn.  Deviation: not BCa, whose acceleration comes from the
  jackknife, and that is inconsistent for a median (B. Efron, R. Tibshirani, "An introduction to the
  bootstrap", 1993, chapter 10).
* Test of repeats that took turns: the sign test of the pairs (W. Dixon, A. Mood, Journal of the
  American Statistical Association 1946).  Of what went before and after a pair nothing counts, so
  neither does a machine that drifts; and of the pair only who was ahead, so a machine that falls
  to half its speed in the middle of one spoils that pair and no other.  (Ranks of the differences
  are better where all noise is alike, and found a change of a fifth less often where it was not.)
* Test of repeats that did not: F. Wilcoxon's rank sum, its exact permutation distribution.
  Few runs make few arrangements: then nothing is evidence, by either test.
* Several figures at once: S. Holm, Scandinavian Journal of Statistics 1979.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from statistics import median

CONFIDENCE = 0.95  # of an interval


@dataclass(frozen=True)
class Estimate:
    """B's figure over A's; no interval where a value is 0 or there is one run only."""

    ratio: float | None  # None: A's median is 0
    low: float | None
    high: float | None
    p: float  # of a difference at least as large, if there were none

    @property
    def is_apart(self) -> bool:
        """1, which is no change, lies outside the interval, if there is one."""
        if self.low is None or self.high is None:
            return True
        return not self.low <= 1 <= self.high


# ------------------------------------------------------------------ the median of a resample


@cache
def median_weights(n: int) -> tuple[tuple[int, int, float], ...]:
    """(i, j, p): a resample of n sorted values has the middle two [i] and [j] with this chance."""
    if n % 2:
        half = n // 2 + 1
        reach = [at_least(half, n, i / n) for i in range(n + 1)]
        return tuple((i, i, reach[i + 1] - reach[i]) for i in range(n))
    half = n // 2
    weights = []
    for i in range(n):
        for j in range(i + 1, n):
            # Half of the draws up to i, with one at i, and the other half from j on, with one at j.
            below = (i + 1) ** half - i**half
            above = (n - j) ** half - (n - j - 1) ** half
            weights.append((i, j, math.comb(n, half) * below * above / n**n))
        same = at_least(half, n, (i + 1) / n) - at_least(half, n, i / n)
        same -= sum(p for a, _, p in weights if a == i)
        weights.append((i, i, max(same, 0.0)))
    return tuple(weights)


def at_least(k: int, n: int, p: float) -> float:
    """The chance of k successes or more in n tries."""
    return math.fsum(math.comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(k, n + 1))


WEIGHT_MIN = 1e-9  # lighter ones move no quantile


class Resampled:
    """The distribution of the median of a resample."""

    def __init__(self, values: Sequence[float]) -> None:
        ordered = sorted(values)
        atoms = [((ordered[i] + ordered[j]) / 2, p) for i, j, p in median_weights(len(ordered))]
        atoms = sorted(atom for atom in atoms if atom[1] > WEIGHT_MIN)
        self.values = [value for value, _ in atoms]
        self.weights = [p for _, p in atoms]
        self.up_to = [0.0, *accumulate(self.weights)]

    def below(self, value: float) -> float:
        """The chance of at most `value`."""
        return self.up_to[bisect_right(self.values, value)]

    def quantile(self, share: float) -> float:
        position = bisect_right(self.up_to, share) - 1
        return self.values[min(max(position, 0), len(self.values) - 1)]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Of the median of one sample."""
    resampled = Resampled(values)
    tail = (1 - CONFIDENCE) / 2
    return resampled.quantile(tail), resampled.quantile(1 - tail)


def interval_of_difference(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Of the median of `b` less that of `a`, samples that have nothing to do with each other."""
    left, right = Resampled(a), Resampled(b)
    tail = (1 - CONFIDENCE) / 2

    def below(value: float) -> float:
        pairs = zip(left.values, left.weights, strict=True)
        return sum(p * right.below(x + value) for x, p in pairs)

    def quantile(share: float) -> float:
        low = right.values[0] - left.values[-1]
        high = right.values[-1] - left.values[0]
        for _ in range(30):  # to a thousand-millionth of the range
            middle = (low + high) / 2
            if below(middle) > share:
                high = middle
            else:
                low = middle
        return (low + high) / 2

    return quantile(tail), quantile(1 - tail)


# ------------------------------------------------------------------ the test


def doubled_ranks(values: Sequence[float]) -> list[int]:
    """Twice the rank of each, and of ties the mean, so that all are whole."""
    ordered = sorted(values)
    return [bisect_left(ordered, value) + bisect_right(ordered, value) + 1 for value in values]


def arrangements(ranks: Sequence[int], chosen: int, field: int) -> int:
    """How many choices of `chosen` ranks have each sum: a number with a field of bits for a sum."""
    rows = [1] + [0] * chosen
    for number, rank in enumerate(ranks, 1):
        for count in range(min(chosen, number), 0, -1):
            rows[count] += rows[count - 1] << (rank * field)
    return rows[chosen]


@cache
def rank_sum_chance(ranks: tuple[int, ...], chosen: int, seen: int) -> float:
    """The chance of a sum as far from its mean as the one seen, or further."""
    field = len(ranks) + 1  # bits: 2**n arrangements at most
    ways = arrangements(ranks, chosen, field)
    mean = chosen * sum(ranks)  # times the number of ranks, so that it is whole
    away = abs(seen * len(ranks) - mean)
    extreme = value = 0
    while ways:
        if abs(value * len(ranks) - mean) >= away:
            extreme += ways & ((1 << field) - 1)
        ways >>= field
        value += 1
    return extreme / math.comb(len(ranks), chosen)


def sign_chance(ahead: int, behind: int) -> float:
    """The chance of a majority as large, or larger, if either was as likely in each pair."""
    n, most = ahead + behind, max(ahead, behind)
    return min(1.0, math.ldexp(sum(math.comb(n, k) for k in range(most, n + 1)), 1 - n))


def p_value(a: Sequence[float], b: Sequence[float], in_turns: bool) -> float:
    """Two-sided: of a difference at least as large, if the labels A and B meant nothing."""
    if in_turns:
        pairs = list(zip(a, b, strict=True))
        return sign_chance(sum(x < y for x, y in pairs), sum(x > y for x, y in pairs))
    ranks = doubled_ranks([*a, *b])
    return rank_sum_chance(tuple(sorted(ranks)), len(a), sum(ranks[: len(a)]))


def least_p(n_a: int, n_b: int, in_turns: bool) -> float:
    """What no difference, however large, gets below: one arrangement at either end."""
    total: int = 2**n_a if in_turns else math.comb(n_a + n_b, n_a)
    return 2 / total if total > 1 else 1.0


# ------------------------------------------------------------------ together


def estimate(a: Sequence[float], b: Sequence[float], in_turns: bool) -> Estimate:
    """How B's values differ from A's; in turns: a[n] and b[n] were measured one after the other."""
    if in_turns and len(a) != len(b):
        raise ValueError("runs that took turns come in pairs")
    middle_a, middle_b = median(a), median(b)
    ratio = middle_b / middle_a if middle_a > 0 else (1.0 if middle_b == 0 else None)
    if min(*a, *b) <= 0:
        return Estimate(ratio, None, None, p_value(a, b, in_turns))
    left, right = [math.log(value) for value in a], [math.log(value) for value in b]
    p = p_value(left, right, in_turns)
    if in_turns:
        pairs = [y - x for x, y in zip(left, right, strict=True)]
        ratio, (low, high) = math.exp(median(pairs)), interval(pairs)
    else:
        low, high = interval_of_difference(left, right)
    if min(len(a), len(b)) == 1:
        return Estimate(ratio, None, None, p)
    return Estimate(ratio, math.exp(low), math.exp(high), p)


def holm(values: Sequence[float]) -> list[float]:
    """p values that may each be held against one level, as if there were no others."""
    adjusted, worst = [0.0] * len(values), 0.0
    for done, index in enumerate(sorted(range(len(values)), key=lambda n: values[n])):
        worst = max(worst, min(1.0, (len(values) - done) * values[index]))
        adjusted[index] = worst
    return adjusted
