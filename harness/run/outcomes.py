# SPDX-License-Identifier: GPL-2.0-only
"""The outcome table of a litmus or a program: what executions came to, and how often."""

from typing import Any

from harness.run.explore import Exploration
from harness.run.search import is_exhausted
from harness.scenario.rules import registers
from harness.scenario.schema import Outcome, Scenario


def labels(scenario: Scenario) -> list[str]:
    """What an outcome consists of, in the order of its values."""
    if scenario.kind == "program":
        from harness.program import compiled
        from harness.program.code import parse

        if compiled.is_c(scenario.code):
            return compiled.labels(scenario.code)
        return [seen.label for seen in parse(scenario.code).observed]
    if scenario.kind == "litmus":
        return [f"{task}.r{reg}" for task, reg in registers(scenario)]
    return []


def has_outcomes(scenario: Scenario) -> bool:
    return bool(labels(scenario))


def value_text(value: int, pointers: dict[int, str]) -> str:
    return pointers.get(value) or str(value)


def pointer_names(scenario: Scenario) -> dict[int, str]:
    """How the pointers to a program's words are called: &x, &a[1]."""
    if scenario.kind != "program" or scenario.code[0].startswith("c "):
        return {}
    from harness.program.code import POINTER, parse

    names = {}
    for thing in parse(scenario.code).objects:
        if thing.kind != "words":
            continue
        for index in range(len(thing.initial)):
            tail = f"[{index}]" if len(thing.initial) > 1 else ""
            names[POINTER + thing.first + index] = f"&{thing.name}{tail}"
    return names


def outcome_rows(found: Exploration) -> list[dict[str, Any]]:
    """One for each outcome seen, the most frequent first."""
    names = labels(found.scenario)
    rows = []
    for outcome in sorted(found.outcomes, key=lambda o: (-o.count, o.values)):
        rule = found.scenario.outcomes[outcome.rule] if outcome.rule is not None else None
        rows.append(
            {
                "scenario": found.recipe.spec,
                "registers": dict(zip(names, outcome.values, strict=False)),
                "count": outcome.count,
                "verdict": rule.verdict if rule else "allowed",
                "text": rule.text if rule else "",
            }
        )
    return rows + [unseen_row(found, rule) for rule in unseen_rules(found)]


def unseen_rules(found: Exploration) -> list[Outcome]:
    """Outcomes that the scenario names and that no execution had."""
    seen = {outcome.rule for outcome in found.outcomes}
    return [rule for n, rule in enumerate(found.scenario.outcomes) if n not in seen]


def unseen_row(found: Exploration, rule: Outcome) -> dict[str, Any]:
    row = {"scenario": found.recipe.spec, "registers": {}, "count": 0, "when": rule.when}
    impossible = is_exhausted(found)
    return row | {"verdict": rule.verdict, "text": rule.text, "impossible": impossible}


def outcome_table(found: Exploration) -> list[str]:
    rows, pointers = outcome_rows(found), pointer_names(found.scenario)
    total = sum(row["count"] for row in rows) or 1
    lines = [f"    {'count':>10} {'share':>7}  {'verdict':<12} outcome"]
    for row in rows:
        values = " ".join(f"{k}={value_text(v, pointers)}" for k, v in row["registers"].items())
        share = f"{100 * row['count'] / total:.2f}%"
        count = "impossible" if row.get("impossible") else row["count"]
        what = values or f"({row['when']})"
        lines.append(f"    {count:>10} {share:>7}  {row['verdict']:<12} {what}  {row['text']}")
    return lines
