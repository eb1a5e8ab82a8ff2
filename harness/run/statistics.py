# SPDX-License-Identifier: GPL-2.0-only
"""What N clean schedules do and do not say.

* Good-Turing (I. J. Good, Biometrika 1953): the chance that the next sample is of a new class is
  about the share of samples whose class was seen once; the interval is that of D. McAllester and
  R. Schapire, COLT 2000.  It holds for independent samples, so only executions of the untouched
  random stream count (or all, of a strategy that draws each execution anew).
* PCT (S. Burckhardt et al., ASPLOS 2010): a run of depth d hits a bug of that depth with
  probability 1/(n k^(d-1)) at least.
* The rule of three: nothing in N independent samples, so less than 3/N of them (95 %).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.classes import ClassCounts
from harness.scenario.settings import Settings

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
DEPTHS = (2, 3, 4, 5)  # of PCT runs that a mix counts


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float


def new_class(counts: ClassCounts) -> Estimate | None:
    """The chance that the next sample is of a new class; None without samples."""
    if not counts.samples:
        return None
    value = counts.once / counts.samples
    width = (2 * math.sqrt(2) + math.sqrt(3)) * math.sqrt(math.log(3 / ALPHA) / counts.samples)
    return Estimate(value, max(0.0, value - width), min(1.0, value + width))


def classes_at_least(counts: ClassCounts) -> float:
    """Chao's lower bound of the number of classes that the samples come from."""
    return counts.sampled + counts.once * (counts.once - 1) / (2 * (counts.twice + 1))


def rate_below(samples: int) -> float:
    """Nothing in `samples` independent tries: the rate is below this, with 95 % confidence."""
    return 1 - ALPHA ** (1 / samples) if samples else 1.0


def pct_runs(totals: dict[str, int], strategy: str, depth: int) -> dict[int, int]:
    """PCT runs by their depth."""
    if strategy == "pct":
        return {depth: totals.get("schedules", 0)}
    return {d: totals.get(f"pct{d}", 0) for d in DEPTHS}


def hit_at_least(tasks: int, k: int, depth: int) -> float:
    """Of one PCT run of this depth, for a bug of this depth or less."""
    return min(1.0, 1.0 / (max(tasks, 1) * float(max(k, 1)) ** (depth - 1)))


def missed(runs: dict[int, int], tasks: int, k: int, depth: int) -> float:
    """The probability that all runs missed a bug of that depth is at most this."""
    log = 0.0
    for of, count in runs.items():
        if of >= depth and count:
            log += count * math.log1p(-min(hit_at_least(tasks, k, of), 1 - 1e-12))
    return math.exp(log)


def runs_needed(tasks: int, k: int, depth: int) -> int:
    """PCT runs of that depth after which a bug of that depth is missed with p < 5 %."""
    hit = hit_at_least(tasks, k, depth)
    return 1 if hit >= 1 else math.ceil(math.log(ALPHA) / math.log1p(-hit))


def percent(p: float) -> str:
    for digits in (1, 2, 3, 4):
        if p >= 0.01 or round(100 * p, digits) >= 10 ** (1 - digits):
            return f"{100 * p:.{digits}f} %"
    return f"{100 * p:.1e} %" if p > 0 else "0 %"


def left(done: int, wanted: int | None, elapsed: float) -> str:
    """For a progress line; empty where no number of schedules is wanted, or none is done."""
    if not done or wanted is None:
        return ""
    return f", {elapsed * max(wanted - done, 0) / done:.0f} s left"


def class_line(counts: ClassCounts, schedules: int) -> str:
    seen = f"seen {counts.distinct} trace classes in {schedules} schedules"
    if counts.full:
        return f"{seen}, then the table was full: no estimate of what is left"
    found = new_class(counts)
    if found is None:
        return seen
    if not counts.once:
        return (
            f"{seen}; none only once in {counts.samples} random samples: saturated,"
            f" the next one is new with p < {percent(found.high)}"
        )
    return (
        f"{seen}; of {counts.samples} random samples {counts.once} were the only one of their class"
        f" => P(next is new) about {percent(found.value)}"
        f" ({percent(found.low)} to {percent(found.high)})"
    )


def pct_line(runs: dict[int, int], tasks: int, k: int, memory: str) -> str:
    """Empty without PCT runs."""
    total = sum(count for depth, count in runs.items() if depth >= DEPTHS[0])
    if not total or not k:
        return ""
    says = []
    for depth in DEPTHS[:2]:
        if not any(count for of, count in runs.items() if of >= depth):
            continue
        p = missed(runs, tasks, k, depth)
        needed = runs_needed(tasks, k, depth)
        more = f" ({needed} runs of that depth would make it 5 %)" if p > ALPHA else ""
        says.append(f"a bug of depth {depth} was missed with p < {percent(p)}{more}")
    return (
        f"{'; '.join(says)}: {total} PCT runs, n = {tasks}, k = {k},"
        f" memory {memory}, this scenario, a bug that does not hang on the drawn data"
    )


def lines(counts: ClassCounts, totals: dict[str, int], settings: Settings) -> list[str]:
    """What is said at the end of an exploration that found nothing."""
    schedules = totals.get("schedules", 0)
    if not schedules or totals.get("violations"):
        return []
    runs = pct_runs(totals, settings.strategy, settings.depth)
    pct = pct_line(runs, totals.get("agents", 0), totals.get("decisions_max", 0), settings.memory)
    return [class_line(counts, schedules), *([pct] if pct else [])]


def document(counts: ClassCounts, totals: dict[str, int]) -> dict[str, float | int | None]:
    """The fields beside those that scripts rely on."""
    found = new_class(counts) if not counts.full else None
    return {
        "classes": counts.distinct,
        "classes_full": counts.full,
        "samples": counts.samples,
        "classes_sampled": counts.sampled,
        "classes_once": counts.once,
        "classes_twice": counts.twice,
        "classes_at_least": round(classes_at_least(counts), 1),
        "p_new": found.value if found else None,
        "p_new_low": found.low if found else None,
        "p_new_high": found.high if found else None,
        "p_violation_below": rate_below(counts.samples) if not totals.get("violations") else None,
        "executions_per_class": round(totals.get("schedules", 0) / max(counts.distinct, 1), 3),
    }
