# SPDX-License-Identifier: GPL-2.0-only
"""Programs that need every barrier they have: each one, taken out, is found; and over several."""

from pathlib import Path

import pytest

from harness.core.token import Recipe
from harness.run import barriers
from harness.run.explore import Limits
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

EXAMPLES = Path(__file__).parents[2] / "examples"
# A file, and how many lines of it have an annotation that it cannot do without.
NEEDED = {
    "litmus/SB+fencembonceonces.litmus": 2,
    "litmus/MP+fencewmbonceonce+fencermbonceonce.litmus": 2,
    "litmus/MP+pooncerelease+poacquireonce.litmus": 2,
    "litmus/R+fencembonceonces.litmus": 2,
    "litmus/S+fencewmbonceonce+poacquireonce.litmus": 2,
    "litmus/SB+xchgs.litmus": 2,
    "litmus/IRIW+fencembonceonces+OnceOnce.litmus": 2,
    "litmus/WRC+pooncerelease+fencermbonceonce+Once.litmus": 2,
}
LIMITS = Limits(200_000, None)


@pytest.mark.parametrize(("file", "needed"), NEEDED.items())
def test_each_barrier_that_is_taken_out_is_found(file, needed):
    recipe = Recipe(file, (), Settings(seed=1, strategy="dpor", memory="lkmm"))
    loaded = scenarios.load(str(EXAMPLES / file))
    clean, verdicts = barriers.examine(recipe, loaded, LIMITS, Interrupt(), lambda _: None)
    assert clean.failure is None
    assert [verdict.load_bearing for verdict in verdicts] == [True] * needed


def test_a_dozen_are_planted():
    assert sum(NEEDED.values()) >= 12


def cleans(*names):
    for name in names:
        recipe = Recipe(name, (), Settings(seed=1, strategy="random", memory="lkmm"))
        yield barriers.one(recipe, scenarios.load(name), Limits(20, None), Interrupt())


def test_a_survey_asks_until_somebody_needs_it():
    prepared = list(cleans("fault-storm", "notifier-vs-fault"))
    assert all(clean.failure is None for clean, _ in prepared)
    kept = [(clean, [p for p in places if p.op == "fence"]) for clean, places in prepared]
    told = {}
    found = barriers.survey(kept, Limits(400, None), Interrupt(), told.__setitem__)
    assert sum(len(verdicts) for verdicts in told.values()) == len(found)
    places = {place.where for _, reached in kept for place in reached}
    assert {place.where for place in told} == places
    for place, verdicts in told.items():
        assert not any(verdict.load_bearing for verdict in verdicts[:-1])
        users = sum(place in reached for _, reached in kept)
        assert verdicts[-1].load_bearing or len(verdicts) == users
    assert any(verdicts[-1].load_bearing for verdicts in told.values())


def test_the_time_of_an_annotation_is_shared():
    assert barriers.share(Limits(7, None), 40) == Limits(7, None)
    assert barriers.share(Limits(None, 8.0), 4) == Limits(None, 2.0)
    assert barriers.share(Limits(None, 8.0), 400).seconds == barriers.LEAST_SECONDS
