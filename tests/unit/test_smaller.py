# SPDX-License-Identifier: GPL-2.0-only
"""What of a scenario can be less: valid, smaller, and sayable in a token."""

import pytest

pytest.importorskip("harness._core")

from harness.core import catalogue
from harness.core.token import Recipe, Token, format_token, parse_token
from harness.failure import smaller
from harness.scenario.scenarios import load, scenario_hash
from harness.scenario.settings import Settings

SPECS = sorted({bug.scenario for bug in catalogue.bugs()})


@pytest.mark.parametrize("spec", SPECS)
def test_each_change_is_an_override(spec: str) -> None:
    scenario = load(spec)
    for change in smaller.changes(scenario):
        assert smaller.extent(change.scenario) < smaller.extent(scenario)
        overrides = smaller.added((), change)
        assert scenario_hash(load(spec, overrides)) == scenario_hash(change.scenario)


def test_changes_add_up_and_stand_in_a_token() -> None:
    scenario = load("invalidate-roots")
    overrides: smaller.Overrides = ()
    keys = []
    while change := next(iter(smaller.changes(scenario)), None):
        scenario, overrides = change.scenario, smaller.added(overrides, change)
        keys.append(change.key)
    assert keys[0] == "vm.warm" and keys[1:] and scenario.vm.warm == 0
    given = (("vm.warm", "40"), ("vm.profile", "current"))
    together = smaller.merged(given, overrides)
    assert together[0] == ("vm.profile", "current") and ("vm.warm", "0") in together
    assert len({key for key, _ in together}) == len(together)
    recipe = Recipe("invalidate-roots", overrides, Settings(seed=1, bugs=("A07",)))
    token = Token(recipe, scenario_hash(scenario), "00000000", 3, None)
    again = parse_token(format_token(token))
    assert again.recipe == recipe
    assert scenario_hash(load(recipe.spec, again.recipe.overrides)) == token.scenario_hash
