# SPDX-License-Identifier: GPL-2.0-only
"""What a free run shows while it runs, through a terminal of its own."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.structs import TaskState
from harness.core.token import Recipe
from harness.run import free, live, usage
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings
from harness.signals import Interrupt
from tests.conftest import PATIENCE

ROOT = Path(__file__).resolve().parent.parent.parent
HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-7]")


class Terminal:
    """A command whose three streams are a terminal."""

    def __init__(self, directory: Path, *arguments: str, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        self.theirs = theirs

    def read_until(self, enough: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not enough() and time.monotonic() < deadline:
            if select.select([self.ours], [], [], 0.1)[0]:
                self.output += os.read(self.ours, 65536)
        assert enough(), self.output[-2000:]

    def end(self) -> int:
        self.read_until(lambda: self.process.poll() is not None)
        while select.select([self.ours], [], [], 0)[0]:
            self.output += os.read(self.ours, 65536)
        assert termios.tcgetattr(self.theirs) == self.before
        os.close(self.ours)
        os.close(self.theirs)
        return self.process.returncode


def test_a_screen_on_a_terminal(tmp_path: Path) -> None:
    for seconds in ("1s", "4s", "16s", "64s"):  # on a busy machine no lock is taken for long
        terminal = Terminal(tmp_path, "stress", "same-gfn", "--duration", seconds, NO_COLOR="1")
        assert terminal.end() == 0
        out = terminal.output
        if b"mmu_lock" in out[: out.rindex(SHOW)]:
            break
    assert b"faults/s" in out and b"on average" in out
    assert b"mmu_lock" in out and b"vcpu1" in out and b"taken/s" in out
    assert out.count(HIDE) == out.count(SHOW) > 0 and out.rindex(SHOW) > out.rindex(HIDE)
    assert not COLOUR.search(out)
    assert b"results" in out[out.rindex(SHOW) :]  # the report comes when the screen has gone


def test_an_interrupt_gives_the_terminal_back(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "stress", "same-gfn", "--duration", "600s")
    terminal.read_until(lambda: b"on average" in terminal.output)
    os.killpg(terminal.process.pid, signal.SIGINT)
    assert terminal.end() == 130
    assert terminal.output.rindex(SHOW) > terminal.output.rindex(HIDE)
    assert b"operations," in terminal.output  # and the figures so far


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_no_screen_for_scripts(tmp_path: Path, option: str) -> None:
    terminal = Terminal(tmp_path, "stress", "same-gfn", "--duration", "0.3s", option)
    assert terminal.end() == 0
    assert HIDE not in terminal.output and b"faults/s " not in terminal.output


def test_what_workers_used_is_measured() -> None:
    """A process that spins has used its time, and one that has gone has no clock."""
    spinning = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        meter = usage.Meter({1: spinning.pid, 2: os.getpid()})
        began = usage.cpu_seconds(spinning.pid) or 0.0
        deadline = time.monotonic() + PATIENCE
        while (usage.cpu_seconds(spinning.pid) or 0.0) < began + 0.05:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        used = meter.read()
    finally:
        spinning.kill()
        spinning.wait()
    assert (used.cpu_s[1] or 0.0) >= 0.05 and used.cpu_s[2] is not None
    assert used.others is not None and 0 <= used.others <= 1 and used.own is not None
    assert usage.cpu_seconds(spinning.pid) is None
    assert meter.read().cpu_s[1] is None


def state(faults: int, held: str = "") -> TaskState:
    return TaskState(2, "vcpu0", 2, 0, 2 * faults, faults, held, "")


def test_lines_where_there_is_no_terminal() -> None:
    out = io.StringIO()
    lines = live.Lines("storm", 60.0, out)
    for second in range(1, 13):
        lines.tick([state(1000 * second)], float(second))
    found = out.getvalue().splitlines()
    assert found == [
        "storm: 5 of 60 s, 1000 faults/s, 1000 on average",
        "storm: 10 of 60 s, 1000 faults/s, 1000 on average",
    ]


def test_what_a_worker_is_said_to_do() -> None:
    held = state(1, "mmu_lock (read) at kvm_tdp_page_fault:193")
    assert live.state_text(held, False) == f"holds {held.held}"
    assert live.state_text(held, True) == f"asleep; holds {held.held}"
    assert live.state_text(state(1), True) == "asleep"
    assert live.state_text(state(1), False) == "runs"
    waiting = replace(held, waits="slots_lock, which vmm0 had")
    assert live.state_text(waiting, True) == f"waits for {waiting.waits}; holds {held.held}"


def test_who_waits_is_seen_from_outside() -> None:
    """One section is so long that everybody waits for it most of the time."""
    seen: list[TaskState] = []

    class Looks(live.Silent):
        def tick(self, states: Sequence[TaskState], elapsed: float) -> None:
            seen.extend(states)

    overrides = (("tasks.vmm.pace-faults", "1"),)
    delays = ("kvm_mmu_zap_all_fast:mmu_lock=60000000",)  # 60 ms
    settings = Settings(seed=1, controlled=False, checks=False, delay=delays)
    recipe = Recipe("zap-vs-fault", overrides, settings)
    scenario = load("zap-vs-fault", overrides, controlled=False)
    interrupt, deadline = Interrupt(), time.monotonic() + PATIENCE
    wanted = "mmu_lock, which vmm0 had"
    while not any(s.waits == wanted for s in seen) and time.monotonic() < deadline:
        free.run(recipe, scenario, 1.0, interrupt, Looks(), lambda *_: None)
    waiting = [state.waits for state in seen if state.waits]
    assert wanted in waiting, waiting


def test_the_view_ends_whatever_happens() -> None:
    ended = []

    class Watched(live.Silent):
        def end(self) -> None:
            ended.append(True)

    with contextlib.suppress(KeyboardInterrupt), live.shown(Watched(), None, {}):  # type: ignore[arg-type]
        raise KeyboardInterrupt
    assert ended == [True]


def test_drawing_keeps_to_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen that takes long to draw is drawn less often."""
    screen = live.Screen("storm", 60.0, io.StringIO())
    drawn = []

    class Slow:
        def update(self, what: object, refresh: bool) -> None:
            drawn.append(clock[0])
            clock[0] += 0.02  # of processor time

    clock = [0.0]
    monkeypatch.setattr(time, "process_time", lambda: clock[0])
    monkeypatch.setattr(screen, "drawn", lambda states, now: None)
    screen.live = Slow()  # type: ignore[assignment]
    for tick in range(1, 401):
        screen.tick([state(tick)], tick / 4)
    assert 0.02 * len(drawn) <= live.BUDGET * 100 + 0.02
    assert len(drawn) >= 20
