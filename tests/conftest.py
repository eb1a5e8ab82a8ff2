# SPDX-License-Identifier: GPL-2.0-only
"""Running the command as a user does, and knowing what it left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("mmutorture", deadline=None)  # no test is about speed
hypothesis.settings.load_profile("mmutorture")

ROOT = Path(__file__).resolve().parent.parent
SECONDS_MAX = 600  # of a command, and
PATIENCE = 300.0  # seconds until a test calls what it waits for hung; no measure of speed


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


Run = Callable[..., Done]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "harness", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "160"}


def runner(directory: Path) -> Run:
    """Runs a command in a directory; results go there too."""

    def run(*arguments: str, seconds: float = SECONDS_MAX) -> Done:
        done = subprocess.run(
            command(*arguments),
            cwd=directory,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def mmutorture(tmp_path: Path) -> Run:
    """Run a command in a directory of the test's own."""
    return runner(tmp_path)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command in a process group of its own, and end what is left of it afterwards."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def long_enough(run: Run, *arguments: str, enough: Callable[[Done], bool]) -> Done:
    """A free run, begun anew and made longer until it was enough: a busy machine gives little."""
    for seconds in ("0.4s", "1.5s", "6s", "24s", "96s"):
        done = run(*arguments, "--duration", seconds)
        if done.code != 0 or enough(done):
            break
    return done


def group_members(group: int) -> dict[int, str]:
    """Living processes of a process group: pid to name."""
    members = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        name, rest = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2 :]
        fields = rest.split()
        if fields[0] not in "ZX" and int(fields[2]) == group:
            members[int(entry.name)] = name
    return members


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
