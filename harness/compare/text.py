# SPDX-License-Identifier: GPL-2.0-only
"""A comparison for readers, and for --json."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from harness.compare.bootstrap import CONFIDENCE
from harness.compare.runs import Run
from harness.compare.verdict import (
    OTHERS_ALPHA,
    VERDICT_ALPHA,
    Comparison,
    Row,
    ScenarioVerdict,
)

NAME_WIDTH_MIN = 32
ROWS_SHOWN = 20
ORDER = "who makes others wait, who waits, who holds; by the time that it amounts to"


def heading(width: int) -> str:
    return (
        f"    {'figure':<{width}} {'unit':<14} {'A':>12} {'B':>12} {'B/A':>7}"
        f" {f'{100 * CONFIDENCE:.0f} % interval':>16} {'p':>8}  says"
    )


def figure(value: float) -> str:
    """Four digits, or a whole number."""
    if value and abs(value) < 1000:
        return f"{value:.4g}"
    return f"{value:,.0f}"


def factor(value: float | None) -> str:
    if value is None:
        return "new"
    return f"{value:.3f}" if value < 100 else f"{value:.0f}"


def chance(p: float, exact: bool) -> str:
    if exact:
        return "exact"
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def between(row: Row) -> str:
    low, high = row.estimate.low, row.estimate.high
    return "" if low is None or high is None else f"{factor(low)} to {factor(high)}"


def table(rows: Sequence[Row], exact: bool) -> list[str]:
    width = max(NAME_WIDTH_MIN, *(len(row.metric.name) for row in rows)) if rows else 0
    return [heading(width), *(row_line(row, exact, width) for row in rows)] if rows else []


def row_line(row: Row, exact: bool, width: int) -> str:
    found = row.estimate
    return (
        f"    {row.metric.name:<{width}} {row.metric.unit:<14} {figure(median(row.a)):>12}"
        f" {figure(median(row.b)):>12} {factor(found.ratio):>7} {between(row):>16}"
        f" {chance(row.adjusted, exact):>8}  {row.change}"
    )


def percent(row: Row) -> str:
    """``17.3 % less``: of A's."""
    ratio = row.estimate.ratio
    if ratio is None:
        return "none before"
    return f"{abs(ratio - 1) * 100:.1f} % {'more' if ratio >= 1 else 'less'}"


def verdict_line(scenario: ScenarioVerdict) -> str:
    decides = scenario.decides
    if decides is None:
        what = "all figures that a verdict rests on are equal" if scenario.exact else "no evidence"
        return what
    text = f"{decides.change}: {decides.metric.name} {percent(decides)}"
    if between(decides):
        text += f" ({between(decides)} of A's)"
    against = [
        row.metric.name
        for row in scenario.headline
        if row.change in ("better", "worse") and row.change != decides.change
    ]
    return text + (f"; but not of {', '.join(against)}" if against else "")


def run_line(letter: str, run: Run) -> str:
    how = ""
    if run.turns:
        how = f"  {run.turns['arguments'] or '(as it is)'}"
    path = run.path
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f"  {letter}  {path}  build {run.build}{how}"


def design_line(comparison: Comparison) -> str:
    if any(scenario.exact for scenario in comparison.scenarios):
        return "same seeds under a scheduler: what differs, the change did"
    if comparison.in_turns:
        return "A and B took turns, in an order drawn by lot: what the machine did is in both"
    return (
        "A and B ran at different times: what the machine did meanwhile looks like a change too;"
        " compare --run runs them in turns"
    )


def scenario_lines(scenario: ScenarioVerdict, every: bool) -> list[str]:
    a, b = scenario.repeats
    lines = [
        "",
        f"{scenario.name}: {verdict_line(scenario)}",
        f"  {scenario.execution}, times in {scenario.unit}, {a} and {b} repeats",
        *(f"  {note}" for note in scenario.notes),
        "",
        *table(scenario.headline, scenario.exact),
    ]
    changed = scenario.changed
    rest = [row for row in scenario.others if row.change == "no evidence"]
    if changed:
        shown = changed if every else changed[:ROWS_SHOWN]
        lines += ["", f"  what else changed: {ORDER}", *table(shown, scenario.exact)]
        if len(shown) < len(changed):
            lines.append(f"    and {len(changed) - len(shown)} more (--every lists them)")
    if rest and every:
        lines += ["", "  what shows no evidence of a change", *table(rest, scenario.exact)]
    elif rest:
        word = "are equal" if scenario.exact else "show no evidence of a change"
        lines += ["", f"  {len(rest)} other figures {word} (--every lists them)"]
    return lines


def lines(comparison: Comparison, every: bool = False) -> list[str]:
    found = [run_line("A", comparison.a), run_line("B", comparison.b)]
    if comparison.differs:
        found.append(f"  they differ in {', '.join(map(str, comparison.differs))}")
    found.append(f"  {design_line(comparison)}")
    for scenario in comparison.scenarios:
        found += scenario_lines(scenario, every)
    count = len(comparison.scenarios)
    found += [
        "",
        f"verdict: {comparison.change}" + (f" ({count} scenarios)" if count > 1 else ""),
    ]
    if not all(scenario.exact for scenario in comparison.scenarios):
        found.append(
            f"(where nothing changed, a verdict other than no evidence comes in"
            f" {100 * VERDICT_ALPHA:g} % of comparisons at most; any line below it in"
            f" {100 * OTHERS_ALPHA:g} %)"
        )
    return found


# ------------------------------------------------------------------ for scripts


def row_document(row: Row) -> dict[str, Any]:
    found = row.estimate
    return {
        "metric": row.metric.name,
        "unit": row.metric.unit,
        "better": row.metric.better,
        "a": median(row.a),
        "b": median(row.b),
        "ratio": found.ratio,
        "low": found.low,
        "high": found.high,
        "p": found.p,
        "p_adjusted": row.adjusted,
        "change": row.change,
        "values_a": list(row.a),
        "values_b": list(row.b),
    }


def others_of(run: Run, scenario: str) -> float | None:
    """Share of the processors that other processes had, in the middle repeat."""
    shares = [one.others for one in run.scenarios[scenario].repeats if one.others is not None]
    return median(shares) if shares else None


def scenario_document(scenario: ScenarioVerdict) -> dict[str, Any]:
    rest: Sequence[Row] = [row for row in scenario.others if row.change == "no evidence"]
    return {
        "scenario": scenario.name,
        "execution": scenario.execution,
        "unit": scenario.unit,
        "repeats": list(scenario.repeats),
        "exact": scenario.exact,
        "verdict": scenario.change,
        "decided_by": scenario.decides.metric.name if scenario.decides else None,
        "worse_by": scenario.worse_by,
        "notes": list(scenario.notes),
        "headline": [row_document(row) for row in scenario.headline],
        "changed": [row_document(row) for row in scenario.changed],
        "unchanged": [row_document(row) for row in rest],
    }


def document(comparison: Comparison) -> dict[str, Any]:
    return {
        "a": str(comparison.a.path),
        "b": str(comparison.b.path),
        "differs": [{"key": d.key, "a": d.a, "b": d.b} for d in comparison.differs],
        "in_turns": comparison.in_turns,
        "confidence": CONFIDENCE,
        "verdict": comparison.change,
        "worse_by": comparison.worse_by,
        "scenarios": [
            scenario_document(scenario)
            | {
                "others_a": others_of(comparison.a, scenario.name),
                "others_b": others_of(comparison.b, scenario.name),
            }
            for scenario in comparison.scenarios
        ],
    }
