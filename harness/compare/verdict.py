# SPDX-License-Identifier: GPL-2.0-only
"""Better, worse, or no evidence.

A verdict rests on the headline figures of all scenarios together and is wrong, where nothing has
changed, in one comparison of 200 at most (Holm's correction over all of them).  Of one scenario's
headline figures the weightiest that has evidence decides.  All other figures are there to find out
why; they are corrected among themselves, at five of a hundred, and decide nothing.

Controlled executions of the same seeds are no samples: whatever differs, the change did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal

from harness.compare import metrics
from harness.compare.bootstrap import Estimate, estimate, holm, least_p, p_value
from harness.compare.metrics import Metric, Reading
from harness.compare.runs import Difference, Repeat, Repeats, Run, check, in_turns
from harness.errors import UsageError
from harness.units import nearest

Change = Literal["better", "worse", "changed", "no evidence"]

VERDICT_ALPHA = 0.005
OTHERS_ALPHA = 0.05
BUSIER_MIN = 0.05  # share of the processors


@dataclass(frozen=True)
class Row:
    """One figure of one scenario, by repeat."""

    metric: Metric
    a: tuple[float, ...]
    b: tuple[float, ...]
    estimate: Estimate
    alpha: float
    stake: float  # by how much its stake grew, or shrank
    adjusted: float = 1.0  # p after the correction

    @property
    def rises(self) -> bool:
        ratio = self.estimate.ratio
        return sum(self.b) > sum(self.a) if ratio in (None, 1) else ratio > 1

    @property
    def change(self) -> Change:
        if self.adjusted > self.alpha or not self.estimate.is_apart:
            return "no evidence"
        if not self.metric.better:
            return "changed"
        return "better" if self.rises == (self.metric.better == "more") else "worse"

    @property
    def extent(self) -> float:
        """How large the change is: 1.5 for half as much again and for a third less alike."""
        ratio = self.estimate.ratio
        if not ratio:
            return float("inf")
        return max(ratio, 1 / ratio)


@dataclass(frozen=True)
class ScenarioVerdict:
    name: str
    execution: str
    unit: str
    repeats: tuple[int, int]
    exact: bool
    headline: tuple[Row, ...]
    others: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def decides(self) -> Row | None:
        return next((row for row in self.headline if row.change != "no evidence"), None)

    @property
    def change(self) -> Change:
        return self.decides.change if self.decides else "no evidence"

    @property
    def worse_by(self) -> float:
        """The largest worsening of a headline figure with evidence; 0.1 for 10 %."""
        found = [row for row in self.headline if row.change == "worse"]
        return max((abs((row.estimate.ratio or 2) - 1) for row in found), default=0.0)

    @property
    def changed(self) -> list[Row]:
        rows = [row for row in self.others if row.change != "no evidence"]

        def order(row: Row) -> tuple[int, float, float, str]:
            kind = metrics.KINDS.index(row.metric.kind)
            return kind, -abs(row.stake), -row.extent, row.metric.name

        return sorted(rows, key=order)


@dataclass(frozen=True)
class Comparison:
    a: Run
    b: Run
    differs: tuple[Difference, ...]
    in_turns: bool
    scenarios: tuple[ScenarioVerdict, ...]

    @property
    def change(self) -> str:
        found = {scenario.change for scenario in self.scenarios} - {"no evidence"}
        if not found:
            return "no evidence"
        return found.pop() if len(found) == 1 else "mixed"

    @property
    def worse_by(self) -> float:
        return max(scenario.worse_by for scenario in self.scenarios)


def is_exact(a: Repeats, b: Repeats) -> bool:
    def of(repeats: Repeats) -> list[tuple[str, int]]:
        return [(one.seed, one.figures.record.executions) for one in repeats.repeats]

    return a.repeats[0].figures.record.unit == "steps" and of(a) == of(b)


def exactly(a: Sequence[float], b: Sequence[float]) -> Estimate:
    middle = median(a)
    ratio = median(b) / middle if middle else (None if median(b) else 1.0)
    return Estimate(ratio, None, None, float(list(a) == list(b)))


Measured = list[dict[Metric, Reading]]  # by repeat


def rows_of(a: Measured, b: Measured, turns: bool, exact: bool, alpha: float) -> list[Row]:
    """Of the figures that every repeat of both runs has."""
    rows = []
    for metric in a[0]:
        if not all(metric in figures for figures in (*a, *b)):
            continue
        left = tuple(figures[metric].value for figures in a)
        right = tuple(figures[metric].value for figures in b)
        found = exactly(left, right) if exact else estimate(left, right, turns)
        before, after = (median(figures[metric].stake for figures in side) for side in (a, b))
        rows.append(Row(metric, left, right, found, alpha, after - before))
    return rows


def disturbance(a: Sequence[Repeat], b: Sequence[Repeat], turns: bool) -> str:
    """Others used the machine more in one run than in the other; empty: no sign of it."""
    left = [one.others for one in a if one.others is not None]
    right = [one.others for one in b if one.others is not None]
    if len(left) != len(a) or len(right) != len(b):
        return ""
    if abs(median(left) - median(right)) < BUSIER_MIN or p_value(left, right, turns) > OTHERS_ALPHA:
        return ""
    return (
        f"other processes used {100 * median(left):.0f} % of the processors in A and"
        f" {100 * median(right):.0f} % in B: only figures per core-second are judged"
    )


def of_scenario(a: Repeats, b: Repeats, turns: bool, chosen: Sequence[str]) -> ScenarioVerdict:
    exact = is_exact(a, b)
    notes = []
    left, right = [r.figures for r in a.repeats], [r.figures for r in b.repeats]
    heads = [[metrics.headline(one) for one in side] for side in (left, right)]
    rest = [[metrics.others(one) for one in side] for side in (left, right)]
    if chosen:
        both = [
            [{**one, **two} for one, two in zip(head, other, strict=True)]
            for head, other in zip(heads, rest, strict=True)
        ]
        heads = [pick(side, chosen, a.name) for side in both]
    headline = rows_of(heads[0], heads[1], turns, exact, VERDICT_ALPHA)
    others = rows_of(rest[0], rest[1], turns, exact, OTHERS_ALPHA)
    judged = [row.metric for row in headline]
    others = [row for row in others if row.metric not in judged]
    if not exact and (note := disturbance(a.repeats, b.repeats, turns)):
        notes.append(note)
        headline = [row for row in headline if metrics.PER_CORE in row.metric.name]
    corrected = holm([row.estimate.p for row in others])
    return ScenarioVerdict(
        name=a.name,
        execution=a.repeats[0].figures.record.execution,
        unit=a.repeats[0].figures.record.unit,
        repeats=(len(a.repeats), len(b.repeats)),
        exact=exact,
        headline=tuple(headline),
        others=tuple(replace(r, adjusted=p) for r, p in zip(others, corrected, strict=True)),
        notes=tuple(notes),
    )


def pick(repeats: Measured, chosen: Sequence[str], scenario: str) -> Measured:
    """Only the figures that the user names: the verdict rests on them, in that order."""
    known = {metric.name: metric for metric in repeats[0]}
    for name in chosen:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise UsageError(f"--metric {name}: {scenario} has no such figure{hint}")
    return [
        {known[name]: figures[known[name]] for name in chosen if known[name] in figures}
        for figures in repeats
    ]


def repeats_needed(turns: bool, family: int) -> int:
    """Of each side, below which no difference whatever would be evidence."""
    n = 2
    while least_p(n, n, turns) * family > VERDICT_ALPHA:
        n += 1
    return n


def compare(a: Run, b: Run, differs: Sequence[str] = (), chosen: Sequence[str] = ()) -> Comparison:
    """UsageError where the runs cannot be compared."""
    found = check(a, b, differs)
    counts = all(len(a.scenarios[n].repeats) == len(b.scenarios[n].repeats) for n in a.scenarios)
    turns = in_turns(a, b) and counts
    scenarios = [of_scenario(one, b.scenarios[n], turns, chosen) for n, one in a.scenarios.items()]
    family = [row for scenario in scenarios for row in scenario.headline]
    corrected = iter(holm([row.estimate.p for row in family]))
    judged = []
    for scenario in scenarios:
        headline = tuple(replace(row, adjusted=next(corrected)) for row in scenario.headline)
        notes = list(scenario.notes)
        least = least_p(*scenario.repeats, turns)
        if not scenario.exact and least * len(family) > VERDICT_ALPHA:
            notes.append(
                "too few repeats: whatever the figures, they could not be evidence;"
                f" {repeats_needed(turns, len(family))} of each are needed at least"
            )
        judged.append(replace(scenario, headline=headline, notes=tuple(notes)))
    return Comparison(a, b, tuple(found), turns, tuple(judged))
