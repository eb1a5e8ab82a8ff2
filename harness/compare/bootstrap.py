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
* Test: the exact permutation distribution of the sum of aligned ranks (J. Hodges, E. Lehmann,
  Annals of Mathematical Statistics 1962).  Repeats that took turns are compared within blocks of
  four turns of each, so a drift of the machine that is slower than a block does not count; one
  block is F. Wilcoxon's rank sum test.  Few runs make few arrangements: then nothing is evidence.
* Several figures at once: S. Holm, Scandinavian Journal of Statistics 1979.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from statistics import median

CONFIDENCE = 0.95  # of an interval
# Of each side in a block, in an order drawn by lot: fewer make fewer arrangements, more let a
# drift in.
BLOCK_TURNS = 4


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

Block = tuple[Sequence[float], Sequence[float]]  # values of A, of B


def blocks_of(a: Sequence[float], b: Sequence[float], in_turns: bool) -> Iterator[Block]:
    """Those whose labels could have been exchanged if there were no difference."""
    if not in_turns:
        yield a, b
        return
    n = len(a)
    begins = list(range(0, n - n % BLOCK_TURNS, BLOCK_TURNS)) or [0]  # a turn that is left joins
    for begin, end in zip(begins, [*begins[1:], n], strict=True):
        yield a[begin:end], b[begin:end]


def aligned_ranks(blocks: Sequence[Block]) -> list[tuple[list[int], int]]:
    """For each block: doubled ranks of all its values, A's first, and how many are A's."""
    aligned: list[tuple[float, int]] = []
    for number, (a, b) in enumerate(blocks):
        middle = median([*a, *b])
        aligned += [(value - middle, number) for value in (*a, *b)]
    order = sorted(range(len(aligned)), key=lambda index: aligned[index][0])
    ranks = [0] * len(aligned)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and aligned[order[end]][0] == aligned[order[begin]][0]:
            end += 1
        for index in order[begin:end]:
            ranks[index] = begin + end + 1  # twice the mean of the ranks that are tied
        begin = end
    found, at = [], 0
    for a, b in blocks:
        size = len(a) + len(b)
        found.append((ranks[at : at + size], len(a)))
        at += size
    return found


def arrangements(ranks: Sequence[int], chosen: int, field: int) -> int:
    """How many choices of `chosen` ranks have each sum: a number with a field of bits for a sum."""
    rows = [1] + [0] * chosen
    for number, rank in enumerate(ranks, 1):
        for count in range(min(chosen, number), 0, -1):
            rows[count] += rows[count - 1] << (rank * field)
    return rows[chosen]


Ranked = tuple[tuple[int, ...], int]  # of a block: ranks, how many of them are A's


@cache
def tail_chance(blocks: tuple[Ranked, ...], away: int) -> float:
    """The chance that A's sum is `away` from its mean, or further; in shares of a rank."""
    shares = math.lcm(*(len(ranks) for ranks, _ in blocks))
    field = sum(len(ranks) for ranks, _ in blocks) + 1  # bits: 2**n arrangements at most
    product, mean = 1, 0
    for ranks, chosen in blocks:
        product *= arrangements(ranks, chosen, field)
        mean += chosen * sum(ranks) * shares // len(ranks)
    total = extreme = value = 0
    mask = (1 << field) - 1
    while product:
        count = product & mask
        total += count
        if count and abs(value * shares - mean) >= away:
            extreme += count
        product >>= field
        value += 1
    return extreme / total


def p_value(a: Sequence[float], b: Sequence[float], in_turns: bool) -> float:
    """Two-sided: of a difference at least as large, if the labels A and B meant nothing."""
    ranked = aligned_ranks(list(blocks_of(a, b, in_turns)))
    shares = math.lcm(*(len(ranks) for ranks, _ in ranked))  # so that every mean is whole
    away = 0
    for ranks, chosen in ranked:
        away += sum(ranks[:chosen]) * shares - chosen * sum(ranks) * shares // len(ranks)
    blocks = tuple(sorted((tuple(sorted(ranks)), chosen) for ranks, chosen in ranked))
    return tail_chance(blocks, abs(away))


def least_p(n_a: int, n_b: int, in_turns: bool) -> float:
    """What no difference, however large, gets below: one arrangement at either end."""
    total = 1
    for a, b in blocks_of(range(n_a), range(n_b), in_turns):
        total *= math.comb(len(a) + len(b), len(a))
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
