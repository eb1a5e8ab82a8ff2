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
    ("coherence", {"writers": 3, "n": 4}, 210),
    ("coherence", {"writers": 2, "readers": 2, "n": 2}, 72),
    ("coherence", {"writers": 3, "readers": 2, "n": 2}, 600),
    *(("wrw", {"n": n}, count) for n, count in ((2, 22), (3, 300), (4, 6576))),
    ("iriwish", {}, 27),
]
# Executions of the model: GenMC's numbers under RC11, where its model and the kernel's agree.
EXECUTIONS = [
    *((name, {}, 4) for name in ("sb", "two_plus_two_w", "s")),
    ("lb", {}, 3),
    ("corr", {}, 6),
    ("wrc", {}, 8),
    ("iriw", {}, 16),
    ("ainc", {"n": 4}, 24),
    ("lockinc", {"n": 4}, 24),
    ("writers", {"n": 4}, 24),
    ("readers", {"n": 4}, 16),
    *(("casrot", {"n": n}, count) for n, count in ((2, 2), (3, 5), (4, 14))),
    ("coherence", {"writers": 2, "readers": 2, "n": 2}, 72),
    ("wrw", {"n": 2}, 22),
]
# Deadlocks are executions like others here.
WITHOUT = ("deadlock", "lockdep")


@pytest.mark.parametrize(("name", "sizes", "classes"), ANSWERS)
def test_the_count_is_known(name: str, sizes: dict[str, int], classes: int) -> None:
    found = searched(name, sizes, "sc")
    assert found["classes"] == classes
    assert found["cut"] == 0


@pytest.mark.parametrize(("name", "sizes", "executions"), EXECUTIONS)
def test_the_count_of_executions_is_known(
    name: str, sizes: dict[str, int], executions: int
) -> None:
    assert searched(name, sizes, "lkmm")["classes"] == executions


def searched(name: str, sizes: dict[str, int], memory: str) -> dict[str, int]:
    overrides = tuple((key, str(value)) for key, value in sizes.items())
    spec = f"{FILE}::{name}"
    settings = Settings(seed=1, strategy="dpor", memory=memory, without=WITHOUT)
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
    assert found.search["classes"] == found.totals["schedules"]
    return found.search
