# SPDX-License-Identifier: GPL-2.0-only
"""The detectors detect: planted bugs are found in time, by an oracle that is named for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.core import catalogue  # noqa: E402
from harness.scenario import scenarios  # noqa: E402

SCHEDULES = "50000"  # eight times what the hardest of them needs
QUICK = ("--no-minimise", "--json")
BUGS = catalogue.bugs()
STORMS = [n for n in sorted(scenarios.scenario_files()) if scenarios.load(n).kind == "storm"]
LITMUS = [n for n in sorted(scenarios.scenario_files()) if scenarios.load(n).kind == "litmus"]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_is_found_and_reproduced(mmutorture: Callable, bug: catalogue.Bug) -> None:
    done = mmutorture(
        "explore", "--bug", bug.name, "--seed", "11", "--schedules", SCHEDULES, *QUICK
    )
    assert done.code in (1, 6), done.out + done.err
    failure = done.json["failures"][0]
    assert failure["oracle"] in bug.oracles, failure
    digests = set()
    for target, option, value in (
        (failure["token"], "--in", "explore"),
        (failure["token"], "--in", "lockstep"),
        (failure["directory"], "--by", "plan"),
    ):
        replay = mmutorture("reproduce", target, option, value, "--repeat", "5", "--json")
        assert replay.json["verdict"] == "reproduced" and replay.json["reproduced"] == 5
        digests.add(replay.json["digest"])
    assert len(digests) == 1


@pytest.mark.parametrize("memory", ["sc", "tso"])
@pytest.mark.parametrize("name", STORMS)
def test_without_a_bug_all_is_quiet(mmutorture: Callable, name: str, memory: str) -> None:
    options = ("--seed", "12", "--budget", "1.5s", "--memory", memory, "--json")
    done = mmutorture("explore", name, *options)
    assert done.code == 0, [f["message"] for f in done.json["failures"]]


@pytest.mark.parametrize("memory", ["sc", "tso"])
@pytest.mark.parametrize("name", LITMUS)
def test_litmus_outcomes(mmutorture: Callable, name: str, memory: str) -> None:
    options = ("--seed", "13", "--schedules", "3000", "--memory", memory, "--json")
    done = mmutorture("explore", name, *options)
    assert done.code == 0
    outcomes = done.json["outcomes"]
    seen = [row["verdict"] for row in outcomes if row["count"]]
    assert seen and "forbidden" not in seen
    assert sum(row["count"] for row in outcomes) == 3000


def test_a_canary_must_sing(mmutorture: Callable) -> None:
    """With every oracle off nothing is found: it is the oracles that find, not the harness."""
    oracles = [row["name"] for row in mmutorture("list", "oracles", "--json").json["oracles"]]
    off = [part for name in oracles for part in ("--without", name)]
    base = ("explore", "--bug", "A04", "--seed", "1", "--schedules", "300", "--json")
    assert mmutorture(*base).code == 1
    assert mmutorture(*base, *off).code == 3
