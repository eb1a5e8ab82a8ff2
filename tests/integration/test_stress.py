# SPDX-License-Identifier: GPL-2.0-only
"""stress: real processes, and what is left when they, or their supervisor, die."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from tests.conftest import PATIENCE, group_members, long_enough, wait_until  # noqa: E402

Start = Callable[..., "subprocess.Popen[str]"]


def worker_pid(group: int, name: str) -> int:
    return next((pid for pid, n in group_members(group).items() if n == f"mmut:{name}"), 0)


@dataclass(frozen=True)
class Seen:
    """A worker from outside, through its own arena."""

    operations: int
    held: str
    executions: int  # of all; running free 0


def arena_of(pid: int) -> int:
    """A descriptor; -1: the worker has none yet, or is gone."""
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if "memfd:mmut:arena" in os.readlink(entry):
                    return os.open(entry, os.O_RDWR)
    return -1


def seen(pid: int, name: str) -> Seen:
    from harness._core import ffi, lib

    fd = arena_of(pid)
    if fd < 0:
        return Seen(0, "", 0)
    assert lib.mmut_world_attach(fd, 0) == 0
    try:
        totals = ffi.new("struct mmut_totals *")
        lib.mmut_totals_get(totals)
        state = ffi.new("struct mmut_task_state *")
        for task in range(lib.mmut_nr_tasks()):
            lib.mmut_task_state(task, state)
            if ffi.string(state.name).decode() == name:
                held = ffi.string(state.held).decode()
                return Seen(state.operations, held, totals.schedules)
        return Seen(0, "", 0)
    finally:
        lib.mmut_world_detach()
        os.close(fd)


def works(group: int, name: str) -> bool:
    """It has passed the gate, and done something."""
    pid = worker_pid(group, name)
    return pid != 0 and seen(pid, name).operations > 0


def stop(pid: int) -> None:
    """Until it has stopped: the signal takes a while to arrive."""
    os.kill(pid, signal.SIGSTOP)
    assert wait_until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)


@pytest.mark.parametrize("checks", ["on", "off"])
def test_a_short_run(mmutorture: Callable, checks: str) -> None:
    done = long_enough(
        mmutorture, "stress", "notifier-vs-fault", "--checks", checks, "--json",
        enough=lambda done: done.json["faults"] > 0 and done.json["elapsed_s"] >= 1,
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.json
    assert document["operations"] > 0 and document["faults"] > 0
    assert document["trustworthy"] is True and document["failures"] == []
    assert document["elapsed_s"] >= 1
    names = [worker["name"] for worker in document["workers"]]
    assert names == ["rcu", "vcpu0", "vcpu1", "host-mm0", "host-mm1"]


def test_the_report(mmutorture: Callable) -> None:
    done = long_enough(
        mmutorture, "stress", "fault-storm", "--vcpus", "2",
        enough=lambda done: "mmu_lock-R" in done.out,
    )  # fmt: skip
    assert done.code == 0
    assert "faults (" in done.out and "vcpu1" in done.out and "mmu_lock-R" in done.out
    assert "not the interleaving" in done.out
    table = mmutorture("locks").out
    assert table.startswith("lock_stat version 0.4\n-----")


def test_a_violation_ends_the_run(mmutorture: Callable, tmp_path: Path) -> None:
    done = mmutorture("stress", "--bug", "A04", "--duration", "600s", "--seed", "1", "--json")
    assert done.code == 1
    document = done.json
    assert document["elapsed_s"] < 600 and document["failures"][0]["oracle"] == "flush-debt"
    directory = tmp_path / document["failures"][0]["directory"]
    record = json.loads((directory / "failure.json").read_text())
    assert record["execution"] == "free" and record["token"] == ""
    shown = mmutorture("trace", str(directory), "--json").json
    assert "flush-debt" in {e["what"] for e in shown["events"] if e["kind"] == "violation"}
    replay = mmutorture("reproduce", str(directory))
    assert replay.code == 2 and "no schedule to replay" in replay.err


def test_a_worker_that_dies_with_the_lock(
    started: Start, mmutorture: Callable, tmp_path: Path
) -> None:
    process = started("stress", "notifier-vs-fault", "--duration", "600s", "--json")
    assert wait_until(lambda: works(process.pid, "host-mm0"))
    pid = worker_pid(process.pid, "host-mm0")

    def holds() -> bool:
        stop(pid)
        if "mmu_lock" in seen(pid, "host-mm0").held:
            return True
        os.kill(pid, signal.SIGCONT)
        return False

    assert wait_until(holds)
    held = seen(pid, "host-mm0").held
    os.kill(pid, signal.SIGKILL)
    out, _ = process.communicate(timeout=PATIENCE)
    document = json.loads(out)
    assert process.returncode == 7 and document["trustworthy"] is False
    assert f"host-mm0 (pid {pid}) died of SIGKILL, holding {held}" in document["dead"]
    assert wait_until(lambda: not group_members(process.pid)), group_members(process.pid)
    assert json.loads((tmp_path / "results/latest/run.json").read_text())["trustworthy"] is False
    # What it was at has no end.
    shown = mmutorture("trace", "--task", "host-mm0", "--json").json["events"]
    assert {"operation", "invalidate"} <= {e["kind"] for e in shown if e["end"] is None}


def test_a_supervisor_that_dies_takes_its_workers_along(started: Start) -> None:
    process = started("stress", "fault-storm", "--duration", "600s", "--vcpus", "2")
    assert wait_until(lambda: worker_pid(process.pid, "vcpu1") != 0)
    process.kill()
    assert wait_until(lambda: not group_members(process.pid)), group_members(process.pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_figures(started: Start, number: int) -> None:
    process = started("stress", "same-gfn", "--duration", "600s", "--json")
    assert wait_until(lambda: works(process.pid, "vcpu2"))
    os.killpg(process.pid, number)  # as a terminal does: to everybody
    out, _ = process.communicate(timeout=PATIENCE)
    document = json.loads(out)
    if number == signal.SIGINT:
        assert process.returncode == 130 and document["trustworthy"] is True
        assert document["operations"] > 0
    else:
        assert process.returncode in (7, 130)  # SIGTERM to a worker is the death of that worker
    assert wait_until(lambda: not group_members(process.pid))


def test_lockstep_notices_a_dead_worker(started: Start) -> None:
    process = started("explore", "same-gfn", "--in", "lockstep", "--budget", "600s", "--json")
    assert wait_until(lambda: (pid := worker_pid(process.pid, "vcpu1")) != 0
                      and seen(pid, "vcpu1").executions > 0)  # fmt: skip
    os.kill(worker_pid(process.pid, "vcpu1"), signal.SIGKILL)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 7 and "vcpu1" in error and "SIGKILL" in error
    assert wait_until(lambda: not group_members(process.pid))
