# SPDX-License-Identifier: GPL-2.0-only
"""Every function that may be entered with mmu_lock held in either mode is entered in both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.core import contracts  # noqa: E402

# Storms that between them hold the lock in all modes; legacy-roots has the rarest.
STORMS = {"legacy-roots": 1500, "eager-split-vs-fault": 300, "nx-recovery": 300}


def test_both_halves_of_either_are_exercised(mmutorture: Callable) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for storm, schedules in STORMS.items():
        words = ("explore", storm, "--seed", "1", "--schedules", str(schedules), "--json")
        done = mmutorture(*words)
        assert done.code == 0, done.out
        for row in done.json["scenarios"][0]["contracts"]["entered"]:
            for mode in ("read", "write"):
                seen[row["function"], mode] += row[mode]
    either = [
        row["function"]
        for row in contracts.functions(contracts.current())
        if row["mmu_lock"] == "either"
    ]
    assert len(either) >= 10
    assert not [(f, m) for f in either for m in ("read", "write") if not seen[f, m]]
