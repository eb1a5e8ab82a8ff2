# SPDX-License-Identifier: GPL-2.0-only
"""The zoo has its bugs, with the probabilities that closed forms give."""

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from harness.core import config
from harness.core.world import World
from harness.scenario import scenarios
from harness.scenario.settings import Settings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RUNS = 10000


def share(program: str, strategy: str, depth: int = 2, runs: int = RUNS, **sets: int) -> float:
    """How many of the schedules end in a violation."""
    overrides = [(key, str(value)) for key, value in sets.items()]
    loaded = scenarios.load(f"{EXAMPLES / 'zoo.py'}::{program}", overrides)
    hits = begun = 0
    settings = Settings(seed=7, strategy=strategy, depth=depth)
    with World(config.build(loaded, settings)) as world:
        while begun < runs:
            begun += world.explore(begun, runs - begun, 0.0)
            hits += world.failure() is not None
    return hits / runs


FORMS = [
    ("uneven", "random", 2, "1/64", {"k": 5}),
    ("uneven", "pct", 2, "1/14", {"k": 5}),
    ("deadlock01", "random", 2, "1/2", {}),
    ("deadlock01", "pct", 2, "1/12", {}),
    ("lost_update", "random", 2, "1/2", {}),
    ("lost_update", "pct", 2, "1/7", {}),
    ("lazy01", "random", 2, "1/3", {}),
    ("account", "pct", 1, "1/3", {}),
    ("token_ring", "random", 2, "1/6", {}),
    ("token_ring", "pct", 1, "1/6", {}),
    ("twostage", "random", 2, "1/32", {}),
    ("reorder", "pct", 2, "1/9", {}),
    ("ladder", "pct", 2, "1/16", {}),
    ("bluetooth", "random", 2, "5/128", {}),
]


@pytest.mark.parametrize(("program", "strategy", "depth", "form", "sets"), FORMS)
def test_closed_form(program: str, strategy: str, depth: int, form: str, sets: dict) -> None:
    wanted = float(Fraction(form))
    found = share(program, strategy, depth, **sets)
    sigma = math.sqrt(wanted * (1 - wanted) / RUNS)
    assert abs(found - wanted) < 5 * sigma, f"{found:.4f}, and not {wanted:.4f}"


@pytest.mark.parametrize("program", ["reorder", "lost_update", "deadlock01", "twostage"])
def test_depth_one_finds_nothing_of_depth_two(program: str) -> None:
    assert share(program, "pct", 1, runs=2000) == 0


@pytest.mark.parametrize(
    "program",
    ["wronglock", "stack", "circular_buffer", "queue", "stringbuffer", "carter01", "phase01",
     "sync01", "sync02", "fsbench", "din_phil"],
)  # fmt: skip
def test_has_its_bug(program: str) -> None:
    assert share(program, "random", runs=500) > 0


def test_the_stealing_queue() -> None:
    assert share("wsq", "random", runs=20000) > 0
    assert share("wsq", "random", runs=20000, bug=0) == 0


def test_lock_names_are_in_the_report(mmutorture) -> None:  # type: ignore[no-untyped-def]
    done = mmutorture("explore", f"{EXAMPLES / 'zoo.py'}::deadlock01", "--seed", "1", "--json")
    assert done.code == 6
    (failure,) = done.json["failures"]
    assert "holding a" in failure["message"] and "holding b" in failure["message"]
    again = mmutorture("reproduce", failure["token"], "--json")
    assert again.json["verdict"] == "reproduced"
    by_plan = mmutorture(
        "reproduce", failure["directory"], "--by", "plan", "--in", "lockstep", "--json"
    )
    assert by_plan.json["verdict"] == "reproduced"


def test_parameters(mmutorture) -> None:  # type: ignore[no-untyped-def]
    spec = f"{EXAMPLES / 'zoo.py'}::reorder"
    done = mmutorture("explore", spec, "--set", "seters=3", "--schedules", "1")
    assert done.code == 2 and "did you mean 'setters'" in done.err
    done = mmutorture("explore", spec, "--set", "setters=many", "--schedules", "1")
    assert done.code == 2 and "setters is a number" in done.err
    done = mmutorture("explore", spec, "--set", "setters=126", "--schedules", "1")
    assert done.code == 2 and "more than 126 tasks" in done.err
    done = mmutorture("explore", f"{EXAMPLES / 'zoo.py'}::reordr", "--schedules", "1")
    assert done.code == 2 and "reorder" in done.err


def test_the_rate_goes_on_behind_a_violation(mmutorture: Callable) -> None:
    zoo = EXAMPLES / "zoo.py"
    spec = ("explore", f"{zoo}::lazy01", "--rate", "--strategy", "random", "--seed", "1")
    done = mmutorture(*spec, "--schedules", "5000", "--json")
    (row,) = done.json["rates"]
    assert done.code == 1 and row["schedules"] == 5000
    assert row["by_oracle"] == {"assertion": row["violations"]}
    assert row["share_low"] < 1 / 3 < row["share_high"]
    none = mmutorture(
        *spec[:1], f"{zoo}::reorder", *spec[2:4], "pct", "--depth", "1", "--schedules", "2000"
    )
    assert none.code == 0 and "0 of" in none.out
