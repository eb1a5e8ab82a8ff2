# SPDX-License-Identifier: GPL-2.0-only
"""How soon switches are found: medians of censored times, and what makes `make quality` fail."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("harness._core")

from harness.core import catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def quality(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield importlib.import_module("quality")
    for name in ("quality", "cells", "doc_tables"):
        sys.modules.pop(name, None)


def test_the_median_of_complete_times_is_theirs(quality: Any) -> None:
    assert quality.kaplan_meier_median((t, True) for t in (5, 1, 3)) == 3
    assert quality.kaplan_meier_median((t, True) for t in (4, 1, 2, 3)) == 2


def test_censored_times_are_longer_than_they_look(quality: Any) -> None:
    assert quality.kaplan_meier_median([(1, True), (9, False), (9, False)]) == inf
    assert quality.kaplan_meier_median([(1, True), (2, True), (9, False)]) == 2
    # Two that were given up early tell nothing about later: of the rest, half have died by 6.
    # 1: 5/6 survive; 6: a third of these died, 5/9; 7: half of those, 5/18.
    times = [(1, True), (2, False), (2, False), (6, True), (7, True), (8, False)]
    assert quality.kaplan_meier_median(times) == 7
    assert quality.kaplan_meier_median([]) == inf


def test_a_switch_that_nobody_finds_is_a_problem(quality: Any) -> None:
    bug = catalogue.find_bug("A03")
    hit, miss = quality.Hunt(10, 0.1, "frame-life"), quality.Hunt(500, 3.0, "")
    table = {("A03", "random"): [miss, miss, hit], ("A03", "pct"): [hit, miss, hit]}
    both = ("random", "pct")
    assert quality.problems_of(table, [bug], both) == []
    assert quality.problems_of(table, [bug], ("random",)) == [
        "A03: found by no strategy with half of the seeds"
    ]
    assert quality.best_strategy(table, ["A03"], both) == ("pct", 10)
    assert quality.rows_of(table, [bug], both)[1] == [
        "A03",
        "> 500 (1/3)",
        "10 (2/3)",
        "0.10",
        "frame-life",
    ]
    wrong = quality.Hunt(10, 0.1, "warn")
    assert "found by warn" in quality.problems_of({("A03", "pct"): [wrong]}, [bug], ("pct",))[0]


def test_a_hunt_finds_an_easy_switch(quality: Any) -> None:
    hunts = quality.hunt("A15", "mix", [1, 2], 600.0)
    assert [one.oracle for one in hunts] == ["nx-list", "nx-list"]
    assert all(one.schedules < 100 for one in hunts)
