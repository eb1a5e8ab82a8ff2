# SPDX-License-Identifier: GPL-2.0-only
"""Strategies against known probabilities, a part of `make calibrate`; and that it can fail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from tools import calibrate

ROWS = {row.label: row for row in calibrate.ROWS}


def check(label: str, strategies: Collection[str]) -> None:
    row = ROWS[label]
    for strategy, known in zip(calibrate.STRATEGIES, row.known, strict=True):
        if known is not None and strategy in strategies:
            measured = calibrate.measure(row, strategy, known, 4000, 1)
            assert measured.off <= 0, calibrate.line(measured)
            assert measured.k == row.k


@pytest.mark.parametrize("label", ["reorder_3", "twostage", "uneven 1 vs 5", "lost update"])
def test_known_probabilities(label: str) -> None:
    check(label, calibrate.STRATEGIES)


def test_known_probabilities_of_many_tasks() -> None:
    """Some strategies, not all: tens of thousands of executions take seconds each."""
    check("twostage_50", ("pct3", "surw"))
    check("twostage_100", ("pct2", "pct3"))


def test_a_strategy_that_is_another_one_is_noticed() -> None:
    row = ROWS["twostage"]
    swapped = replace(row, known=tuple(reversed(row.known)))
    wrong = [
        calibrate.measure(swapped, strategy, known, 4000, 1)
        for strategy, known in zip(calibrate.STRATEGIES, swapped.known, strict=True)
    ]
    assert sum(measured.off > 0 for measured in wrong) == 6
