# SPDX-License-Identifier: GPL-2.0-only
"""The doctor tells what a machine can do, and never fails for what it merely would like."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import doctor as module
from harness.doctor import Check, doctor, exit_code, run

REQUIRED = {"platform", "python", "packages", "core", "memfd", "fixed-address", "futex"}
WISHED = {"membarrier", "affinity", "cores", "memory", "thp", "gdb", "perf", "clang", "leftovers"}


def test_every_check_answers(tmp_path: Path) -> None:
    checks = {check.name: check for check in doctor(tmp_path)}
    assert checks.keys() >= REQUIRED | WISHED | {"multiprocess"}
    for check in checks.values():
        assert check.detail
        assert check.status == "ok" or check.remedy, f"{check.name} says no remedy"


def test_this_machine_runs_the_harness(tmp_path: Path) -> None:
    failed = [check for check in doctor(tmp_path) if check.status == "fail"]
    assert failed == []


def test_json_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(json=True, quiet=False, results=tmp_path)
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] == (code == 0)
    assert {"name", "status", "detail", "remedy"} <= report["doctor"][0].keys()


def test_quiet_prints_only_what_is_not_ok(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = [Check("memfd", "ok", "fine"), Check("gdb", "warn", "not found", "install gdb")]
    monkeypatch.setattr(module, "doctor", lambda results: checks)
    assert run(json=False, quiet=True) == 0
    out = capsys.readouterr().out
    assert "gdb" in out and "install gdb" in out and "memfd" not in out


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("gdb", "warn", 0),
        ("core", "fail", 5),
        ("memfd", "fail", 4),
        ("platform", "fail", 4),
    ],
)
def test_exit_code(name: str, status: module.Status, code: int) -> None:
    assert exit_code([Check("python", "ok", "3.11"), Check(name, status, "", "")]) == code


def test_a_check_that_breaks_is_a_failed_check() -> None:
    def broken() -> Check:
        raise RuntimeError("boom")

    check = module.guarded("broken", broken)
    assert check.status == "fail" and "RuntimeError: boom" in check.detail


def test_stale_locks_are_those_that_nobody_holds(tmp_path: Path) -> None:
    held, stale = tmp_path / "one" / "run.lock", tmp_path / "two" / "run.lock"
    for path in (held, stale):
        path.parent.mkdir()
        path.touch()
    with held.open() as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert module.stale_locks(tmp_path) == [stale]
    check = module.check_leftovers(tmp_path)
    assert check.status == "warn" and str(stale) in check.detail


def test_orphaned_worker_is_found() -> None:
    """A process of the workers' name whose parent has gone; it is ended here by its id."""
    child = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'mmut:test'); time.sleep(600)"
    parent = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}],"
        " stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "while open(f'/proc/{child.pid}/comm').read() != 'mmut:test\\n': pass\n"
        "print(child.pid)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, timeout=300, check=True
    )
    orphan = int(done.stdout)
    try:
        adopted = Path(f"/proc/{orphan}/stat").read_text().rpartition(")")[2].split()[1]
        if adopted != "1":
            pytest.skip(f"orphans are adopted by process {adopted} here")
        assert f"mmut:test ({orphan})" in list(module.orphans())
    finally:
        os.kill(orphan, 9)
