# SPDX-License-Identifier: GPL-2.0-only
"""`reproduce --gdb`: gdb stops where the oracle is violated, in the task that violates it."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("harness._core")

from harness import cli
from harness.failure import debugger

RACE = ("notifier-vs-fault", "--bug", "H6", "--seed", "1", "--schedules", "5000", "--no-minimise")


@pytest.fixture
def failure(mmutorture: Callable[..., Any]) -> dict[str, str]:
    found: dict[str, str] = mmutorture("explore", *RACE, "--json").json["failures"][0]
    return found


@pytest.mark.skipif(not debugger.is_there(), reason="there is no gdb")
def test_gdb_stops_at_the_violation(
    mmutorture: Callable[..., Any], failure: dict[str, str]
) -> None:
    done = mmutorture("reproduce", failure["token"], "--gdb")
    if "ptrace" in done.err:
        pytest.skip("this machine lets nobody be debugged")
    assert done.code == 1 and "reproduced 1 of 1" in done.out
    stack = done.out.partition("\nBreakpoint 1, ")[2]
    assert stack.startswith("violation (")
    # From the access that was seen, down to what the task was doing.
    assert stack.index("sched_access (") < stack.index("kvm_tdp_mmu_map (")
    assert stack.index("kvm_tdp_mmu_map (") < stack.index("run_storm (")


def test_without_gdb_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(debugger, "GDB", "no-such-debugger")
    assert cli.main(["reproduce", "mt2:whatever", "--gdb"]) == 4
    assert "gdb is not installed" in capsys.readouterr().out


@pytest.mark.parametrize("with_it", [("--json",), ("--in", "lockstep")])
def test_gdb_is_for_people(with_it: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["reproduce", "mt2:whatever", "--gdb", *with_it]) == 2
    assert "--gdb is for people" in capsys.readouterr().err
