# SPDX-License-Identifier: GPL-2.0-only
"""Which memory-order annotations does a scenario need?

Each one that a clean run came by is weakened in turn, a fence away, an acquire, a release or a full
read-modify-write to relaxed, and the scenario is explored again.  Where an oracle is violated the
annotation is load-bearing, and the violation says what it is for.  Where none is, this scenario in
this time does not need it, which is no proof that nobody does.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.core import config
from harness.core.structs import Annotation, event_op
from harness.core.token import Recipe
from harness.core.world import World
from harness.run.explore import Exploration, Limits, run_blocks, summarise
from harness.run.search import is_exhausted
from harness.scenario.schema import Scenario
from harness.scenario.settings import Weakening
from harness.signals import Interrupt

RELAXED, EXHAUSTIVE = "relaxed", "dpor"
LEAST_SECONDS = 0.5  # of one trial: a world takes a tenth to build and to profile
TOLD = 3  # times that a scenario is asked earlier for each annotation that it needs
LESSER = ("acquire", "release")  # what may do where a full one was more than enough


@dataclass(frozen=True)
class Place:
    """An annotation as its author sees it: a line of the source."""

    file: str
    line: int
    func: str
    what: str
    op: str
    order: str

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def says(self) -> str:
        """What stands there."""
        return self.what if self.op == "fence" else f"{self.op}.{self.order} {self.what}"


@dataclass(frozen=True)
class Trial:
    """One exploration with one annotation weakened."""

    place: Place
    order: str  # that it had instead
    found: Exploration
    appeared: tuple[str, ...]  # outcomes worth a remark that the clean run did not show

    @property
    def violated(self) -> bool:
        return self.found.failure is not None or bool(self.appeared)

    @property
    def schedules(self) -> int:
        return int(self.found.totals.get("schedules", 0))


@dataclass(frozen=True)
class Verdict:
    """What became of a place in one scenario."""

    trial: Trial  # the weakest
    enough: tuple[Trial, ...]  # lesser orders with which nothing was violated

    @property
    def load_bearing(self) -> bool:
        return self.trial.violated


def place_of(annotation: Annotation) -> Place:
    return Place(
        annotation.file,
        annotation.line,
        annotation.func,
        annotation.what,
        event_op(annotation.op),
        annotation.order,
    )


def remarkable(found: Exploration) -> dict[int, str]:
    """The outcomes seen that a program declares interesting: a litmus test's `exists`."""
    rules = found.scenario.outcomes
    seen = {outcome.rule for outcome in found.outcomes if outcome.rule is not None}
    return {n: rules[n].text for n in sorted(seen) if rules[n].verdict == "interesting"}


def one(
    recipe: Recipe, scenario: Scenario, limits: Limits, interrupt: Interrupt
) -> tuple[Exploration, list[Place]]:
    """Explore, and say which annotations executions came by; one for each line."""
    with World(config.build(scenario, recipe.settings)) as world:
        complete, clock = run_blocks(world.explore, world, limits, interrupt, lambda *_: None)
        found = summarise(recipe, scenario, world, complete, clock, interrupt)
        places: dict[str, Place] = {}
        for annotation in world.annotations():
            place = place_of(annotation)
            places.setdefault(place.where, place)
        return found, list(places.values())


def attempt(
    place: Place, order: str, clean: Exploration, limits: Limits, interrupt: Interrupt
) -> Trial:
    recipe = clean.recipe
    weakened = (*recipe.settings.weaken, Weakening(place.file, place.line, order))
    weaker = replace(recipe, settings=replace(recipe.settings, weaken=weakened))
    found, _ = one(weaker, clean.scenario, limits, interrupt)
    before = remarkable(clean)
    appeared = tuple(text for n, text in remarkable(found).items() if n not in before)
    return Trial(place, order, found, appeared)


def judge(place: Place, clean: Exploration, limits: Limits, interrupt: Interrupt) -> Verdict:
    trial = attempt(place, RELAXED, clean, limits, interrupt)
    enough = []
    if trial.violated and place.order == "full":
        for order in LESSER:
            lesser = attempt(place, order, clean, limits, interrupt)
            if not lesser.violated:
                enough.append(lesser)
    return Verdict(trial, tuple(enough))


def examine(
    recipe: Recipe,
    scenario: Scenario,
    limits: Limits,
    interrupt: Interrupt,
    report: Callable[[Verdict], None],
    *,
    exhaust: bool = False,
) -> tuple[Exploration, list[Verdict]]:
    """The clean run, and a verdict on each annotation; none where the clean run is not clean.

    What can be exhausted within the limits is; else, and of scenarios, the strategy samples.
    """
    clean = None
    if exhaust and scenario.kind == "program":
        whole = replace(recipe, settings=replace(recipe.settings, strategy=EXHAUSTIVE))
        clean, places = one(whole, scenario, limits, interrupt)
    if clean is None or not (is_exhausted(clean) or clean.failure):
        clean, places = one(recipe, scenario, limits, interrupt)
    verdicts: list[Verdict] = []
    if clean.failure is None:
        for place in places:
            if interrupt:
                break
            verdicts.append(judge(place, clean, limits, interrupt))
            report(verdicts[-1])
    return clean, verdicts


def likelihood(place: Place) -> tuple[int, str, int]:
    """Fences first, which nobody writes by accident; full read-modify-writes last."""
    rank = 0 if place.op == "fence" else 2 if place.order == "full" else 1
    return rank, place.file, place.line


def share(limits: Limits, scenarios: int) -> Limits:
    """What each of several scenarios gets of the time for one annotation."""
    if limits.seconds is None:
        return limits
    return replace(limits, seconds=max(limits.seconds / scenarios, LEAST_SECONDS))


def survey(
    cleans: list[tuple[Exploration, list[Place]]],
    limits: Limits,
    interrupt: Interrupt,
    report: Callable[[Place, list[Verdict]], None],
) -> list[Verdict]:
    """Each annotation over the scenarios that come by it, until one needs it or its time is over.

    A scenario that has told on one annotation is asked first about the next, and one that has
    been asked often is asked later.
    """
    reached: dict[str, tuple[Place, list[Exploration]]] = {}
    for clean, places in cleans:
        for place in places:
            reached.setdefault(place.where, (place, []))[1].append(clean)
    asked: Counter[str] = Counter()
    found: list[Verdict] = []
    for place, users in sorted(reached.values(), key=lambda entry: likelihood(entry[0])):
        verdicts: list[Verdict] = []
        began = time.monotonic()
        for clean in sorted(users, key=lambda clean: asked[clean.recipe.spec]):
            if interrupt:
                return found
            if verdicts and limits.seconds and time.monotonic() - began > limits.seconds:
                break
            asked[clean.recipe.spec] += 1
            verdicts.append(judge(place, clean, share(limits, len(users)), interrupt))
            found.append(verdicts[-1])
            if verdicts[-1].load_bearing:
                asked[clean.recipe.spec] -= TOLD
                break
        report(place, verdicts)
    return found
