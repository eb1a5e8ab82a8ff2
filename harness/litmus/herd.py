# SPDX-License-Identifier: GPL-2.0-only
"""What an exploration of a litmus test came to, in the words of herd7.

Positive and negative are executions here as there; where schedules were sampled they are
schedules, and the states are those that came up.
"""

import re
from argparse import Namespace
from dataclasses import replace
from typing import Any

from harness.core import catalogue
from harness.core.token import Recipe
from harness.program.code import NONE, Litmus, parse
from harness.run.explore import Exploration, Limits
from harness.run.outcomes import labels, pointer_names
from harness.run.search import is_exhausted
from harness.scenario.schema import Scenario
from harness.scenario.settings import MEMORY_MODELS

EXHAUSTIVE, WEAKEST = "dpor", "lkmm"
SAMPLES = 20000
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


def defaults(
    args: Namespace, recipe: Recipe, scenario: Scenario, limits: Limits
) -> tuple[Recipe, Scenario, Limits]:
    """A litmus test is explored exhaustively, and under the kernel's own model, unless told.

    What the core does not have is replaced by the next best: so many schedules, sequential
    consistency.
    """
    if litmus_of(scenario) is None:
        return recipe, scenario, limits
    settings = recipe.settings
    known = {strategy.name for strategy in catalogue.strategies()}
    if args.strategy is None and EXHAUSTIVE in known:
        settings = replace(settings, strategy=EXHAUSTIVE)
    if args.memory is None and WEAKEST in MEMORY_MODELS:
        settings = replace(settings, memory=WEAKEST)
    sampled = settings.strategy != EXHAUSTIVE
    if sampled and args.schedules is None and args.budget is None:
        limits = Limits(SAMPLES, None)
    return replace(recipe, settings=settings), scenario, limits


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


def racy(found: Exploration) -> bool:
    """Has an execution a data race, as the kernel's model has them?"""
    return found.totals.get("racy", 0) > 0


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


def unwritten(found: Exploration, test: Litmus) -> list[str]:
    """Registers of the condition that their process never sets: a slip of the pen, perhaps."""
    code = parse(found.scenario.code)
    ends = [start for _, start in code.tasks[1:]] + [code.final]
    lines = []
    for seen in code.observed:
        if seen.task is None or not re.search(rf"(?<!\d){seen.label}\b", test.condition):
            continue
        insns = code.insns[code.tasks[seen.task][1] : ends[seen.task]]
        writers = [insn for insn in insns if insn.dst == seen.place]
        if all(insn.op == "move" and insn.b == NONE and not insn.imm for insn in writers):
            lines.append(f"{seen.label} is 0 throughout: P{seen.task} never sets it")
    return lines


def notes(found: Exploration, test: Litmus, verdict: str) -> list[str]:
    return [*unwritten(found, test), *surprises(found, test, verdict)]


def surprises(found: Exploration, test: Litmus, verdict: str) -> list[str]:
    """What a reader of herd7's output would not expect."""
    if not found.outcomes and is_exhausted(found):
        return ["No execution comes to its end and passes the filter: Result: DEADLOCK"]
    if not is_exhausted(found):
        return [f"Sampled {found.totals.get('schedules', 0)} schedules: there may be other states"]
    if test.races and not racy(found) and found.recipe.settings.memory == WEAKEST:
        return ["Result: DATARACE, and there is none"]
    if test.result == "Sometimes" and verdict == "Never":
        memory = found.recipe.settings.memory
        why = "a stronger model" if memory != WEAKEST else "docs/programs.md says what it lacks"
        return [f"Result: Sometimes, and not seen under --memory {memory}: {why}"]
    return []


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
        *(["Flag data-race"] if racy(found) else []),
        f"Condition {test.quantifier} {test.condition}",
        f"Observation {test.name} {verdict} {positive} {negative}",
        *notes(found, test, verdict),
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
        "exhaustive": is_exhausted(found),
        "data_race": racy(found),
        "ok": holds(test, positive, negative),
    }
