# SPDX-License-Identifier: GPL-2.0-only
"""What an exploration of a litmus test came to, in the words of herd7.

Positive and negative are executions here as there; where schedules were sampled they are
schedules, and the states are those that came up.
"""

from typing import Any

from harness.explore import Exploration
from harness.outcomes import labels, pointer_names
from harness.program.code import Litmus, parse
from harness.schema import Scenario

TITLES = {"exists": "Allowed", "~exists": "Forbidden", "forall": "Required"}


def litmus_of(scenario: Scenario) -> Litmus | None:
    """The test that a scenario was made from; None: it was made from none."""
    if scenario.kind != "program" or not any(line.startswith("litmus ") for line in scenario.code):
        return None
    return parse(scenario.code).litmus


def order_of(label: str) -> tuple[int, int, str]:
    """Registers by process, then locations."""
    process, colon, name = label.partition(":")
    return (0, int(process), name) if colon else (1, 0, label)


def states(found: Exploration) -> list[str]:
    """The final states that were seen, one line each."""
    names = labels(found.scenario)
    pointers = {k: v.lstrip("&") for k, v in pointer_names(found.scenario).items()}
    order = sorted(range(len(names)), key=lambda n: order_of(names[n]))
    lines = []
    for outcome in found.outcomes:
        values = [(names[n], outcome.values[n]) for n in order]
        lines.append(" ".join(f"{name}={pointers.get(v, v)};" for name, v in values))
    return sorted(lines)


def counts(found: Exploration) -> tuple[int, int]:
    """Executions for which the condition held, and the others."""
    positive = sum(o.count for o in found.outcomes if o.rule == 0)
    return positive, sum(o.count for o in found.outcomes) - positive


def observation(positive: int, negative: int) -> str:
    if not positive:
        return "Never"
    return "Sometimes" if negative else "Always"


def holds(test: Litmus, positive: int, negative: int) -> bool:
    """Whether the quantified condition is true of what was seen."""
    match test.quantifier:
        case "exists":
            return positive > 0
        case "~exists":
            return positive == 0
    return negative == 0


def report(found: Exploration, test: Litmus) -> list[str]:
    positive, negative = counts(found)
    seen = states(found)
    verdict = observation(positive, negative)
    return [
        f"Test {test.name} {TITLES[test.quantifier]}",
        f"States {len(seen)}",
        *seen,
        "Ok" if holds(test, positive, negative) else "No",
        "Witnesses",
        f"Positive: {positive} Negative: {negative}",
        f"Condition {test.quantifier} {test.condition}",
        f"Observation {test.name} {verdict} {positive} {negative}",
    ]


def document(found: Exploration) -> dict[str, Any] | None:
    """The same for --json."""
    test = litmus_of(found.scenario)
    if test is None:
        return None
    positive, negative = counts(found)
    return {
        "name": test.name,
        "condition": f"{test.quantifier} {test.condition}",
        "result": test.result,
        "states": states(found),
        "positive": positive,
        "negative": negative,
        "observation": observation(positive, negative),
        "ok": holds(test, positive, negative),
    }
