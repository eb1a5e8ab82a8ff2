# SPDX-License-Identifier: GPL-2.0-only
"""examples/counts.py: families whose number of different executions is known."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("harness._core")

from harness.core.token import Recipe
from harness.run.explore import Limits, explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

FILE = Path(__file__).parents[2] / "examples" / "counts.py"
ANSWERS = [
    *(("ainc", {"n": n}, count) for n, count in ((2, 2), (3, 6), (4, 24), (5, 120), (6, 720))),
    *(("lockinc", {"n": n}, count) for n, count in ((2, 2), (3, 6), (4, 24), (5, 120))),
    *(("writers", {"n": n}, count) for n, count in ((2, 2), (5, 120), (7, 5040))),
    *(("readers", {"n": n}, 2**n) for n in (2, 4, 6, 8)),
    *(("casrot", {"n": n}, count) for n, count in ((2, 2), (3, 5), (4, 14), (5, 43))),
    *(("lastzero", {"n": n}, (n + 3) * 2 ** (n - 2)) for n in (2, 3, 4, 5, 6, 8)),
    *(("fib", {"n": n}, count) for n, count in ((1, 11), (2, 140), (3, 1698))),
    ("rmw", {"tasks": 2, "n": 3}, 20),
    ("rmw", {"tasks": 3, "n": 2}, 90),
    ("abba", {}, 3),
    ("philosophers", {"n": 3}, 7),
    *((name, {}, 3) for name in ("sb", "mp", "lb", "two_plus_two_w", "s")),
    ("corr", {}, 6),
    ("wrc", {}, 7),
    ("iriw", {}, 15),
    ("z6u", {}, 18),
]
# Deadlocks are executions like others here.
WITHOUT = ("deadlock", "lockdep")


@pytest.mark.parametrize(("name", "sizes", "classes"), ANSWERS)
def test_the_count_is_known(name: str, sizes: dict[str, int], classes: int) -> None:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    spec = f"{FILE}::{name}"
    settings = Settings(seed=1, strategy="dpor", without=WITHOUT)
    loaded = scenarios.load(spec, overrides)
    found = explore(
        Recipe(spec, overrides, settings),
        loaded,
        Limits(None, 600.0),
        1,
        Interrupt(),
        lambda *_: None,
    )
    assert found.search is not None and found.search["exhausted"]
    assert found.search["classes"] == classes == found.totals["schedules"]
    assert found.search["cut"] == 0
