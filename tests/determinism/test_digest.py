# SPDX-License-Identifier: GPL-2.0-only
"""One seed is one execution, whoever runs it and how often."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.core import config  # noqa: E402
from harness.core.world import World  # noqa: E402
from harness.scenario import scenarios  # noqa: E402
from harness.scenario.settings import Settings  # noqa: E402

NAMES = sorted(scenarios.scenario_files())
SAME = ("schedules", "schedule_points", "decisions", "switches", "digest", "faults", "operations")


def totals(name: str, count: int, first: int = 0, **settings: object) -> dict[str, int]:
    run = Settings(**({"seed": 0xC0FFEE, "without": ("quiescence",)} | settings))  # type: ignore[arg-type]
    with World(config.build(scenarios.load(name), run)) as world:
        assert world.explore(first, count, 0.0) == count, world.failure()
        found = world.totals()
    return {key: found[key] for key in SAME}


RUNS = [
    ("mix", "sc"),
    ("pct", "sc"),
    ("random", "sc"),
    ("mix", "tso"),
    ("pct", "tso"),
    ("mix", "lkmm"),
]


@pytest.mark.parametrize(("strategy", "memory"), RUNS)
@pytest.mark.parametrize("name", NAMES)
def test_twice_the_same(name: str, strategy: str, memory: str) -> None:
    options = {"strategy": strategy, "memory": memory}
    assert totals(name, 20, **options) == totals(name, 20, **options)


@pytest.mark.parametrize("name", NAMES)
def test_the_digest_is_a_sum_over_iterations(name: str) -> None:
    whole = totals(name, 30)
    parts = [totals(name, 10, first) for first in (20, 0, 10)]
    for key in SAME:
        assert whole[key] == sum(part[key] for part in parts) % (1 << 64)


def test_another_seed_is_another_execution() -> None:
    assert totals("same-gfn", 5)["digest"] != totals("same-gfn", 5, seed=1)["digest"]


@pytest.mark.parametrize("memory", ["sc", "tso", "lkmm"])
@pytest.mark.parametrize("name", ["notifier-vs-fault", "dirty-toggle", "two-writers", "thp"])
def test_processes_do_what_fibers_do(mmutorture: Callable, name: str, memory: str) -> None:
    found = []
    for execution in ("explore", "lockstep"):
        options = ("--in", execution, "--schedules", "10", "--seed", "5", "--memory", memory)
        document = mmutorture("explore", name, *options, "--json").json
        found.append({key: document["scenarios"][0]["totals"][key] for key in SAME})
    assert found[0] == found[1]
