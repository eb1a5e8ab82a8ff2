# SPDX-License-Identifier: GPL-2.0-only
"""What a free run shows while it runs: a screen on a terminal, else a line now and then.

The supervisor looks; the workers know nothing of it.  It reads their counters in the arena, which
each of them writes for itself, and what the kernel says of their processes.  Looking takes time on
the same processors, so the screen is drawn as often as BUDGET allows and not faster.  rich is
imported, and the display started, when the workers wait at the gate: nothing forks afterwards.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from harness.core.structs import TaskState
from harness.core.world import World
from harness.run.usage import cpu_seconds

if TYPE_CHECKING:
    from rich.live import Live

LINE_SECONDS = 5.0
BUDGET = 0.005  # share of one processor that drawing may take
SECONDS_MIN = 0.25  # between two screens
LOCKS_SHOWN = 5
BAR_WIDTH = 24
KIND_BOSS = 0


@dataclass(frozen=True)
class Now:
    """The counters of a run at one moment."""

    at: float  # seconds since it began
    operations: int
    faults: int


class View(Protocol):
    """What free.run() tells while it waits."""

    def begin(self, world: World, pids: dict[int, int]) -> None: ...

    def tick(self, states: Sequence[TaskState], elapsed: float) -> None: ...

    def end(self) -> None: ...


@contextmanager
def shown(view: View, world: World, pids: dict[int, int]) -> Iterator[View]:
    """The terminal is as it was when this is left, however it is left."""
    view.begin(world, pids)
    try:
        yield view
    finally:
        view.end()


class Silent:
    """--quiet, --json, --ktap."""

    def begin(self, world: World, pids: dict[int, int]) -> None:
        pass

    def tick(self, states: Sequence[TaskState], elapsed: float) -> None:
        pass

    def end(self) -> None:
        pass


def rates(before: Now, now: Now) -> tuple[str, str]:
    """Faults per second since `before`, and since the beginning."""
    from harness.units import human_count

    span = max(now.at - before.at, 1e-9)
    return (
        human_count((now.faults - before.faults) / span),
        human_count(now.faults / max(now.at, 1e-9)),
    )


def now_of(states: Sequence[TaskState], elapsed: float) -> Now:
    return Now(elapsed, sum(s.operations for s in states), sum(s.faults for s in states))


class Lines:
    """Where nobody can rewrite a screen: a line every few seconds of a long run."""

    def __init__(self, title: str, seconds: float, out: TextIO | None = None) -> None:
        self.title, self.seconds = title, seconds
        self.out = out or sys.stderr
        self.last = Now(0.0, 0, 0)

    def begin(self, world: World, pids: dict[int, int]) -> None:
        pass

    def tick(self, states: Sequence[TaskState], elapsed: float) -> None:
        if elapsed - self.last.at < LINE_SECONDS:
            return
        now = now_of(states, elapsed)
        recent, average = rates(self.last, now)
        self.last = now
        print(
            f"{self.title}: {elapsed:.0f} of {self.seconds:.0f} s,"
            f" {recent} faults/s, {average} on average",
            file=self.out,
            flush=True,
        )

    def end(self) -> None:
        pass


class Worker:
    """One process, as the kernel sees it."""

    def __init__(self, pid: int) -> None:
        import psutil

        self.pid = pid
        try:
            self.process: Any = psutil.Process(pid)
        except psutil.Error:
            self.process = None
        self.cpu, self.at = cpu_seconds(pid) or 0.0, time.monotonic()

    def look(self) -> tuple[float, float, bool]:
        """Share of a processor since the last look, memory in MB, is it asleep?"""
        import psutil

        cpu, at = cpu_seconds(self.pid), time.monotonic()
        share = (cpu - self.cpu) / max(at - self.at, 1e-9) if cpu is not None else 0.0
        self.cpu, self.at = cpu or self.cpu, at
        try:
            with self.process.oneshot():
                memory = self.process.memory_info().rss / 1e6
                asleep = self.process.status() == psutil.STATUS_SLEEPING
        except (psutil.Error, AttributeError):
            return share, 0.0, False
        return share, memory, asleep


def state_text(state: TaskState, asleep: bool) -> str:
    """What it waits for, and what it holds."""
    says = [f"waits for {state.waits}"] if state.waits else ["asleep"] if asleep else []
    if state.held:
        says.append(f"holds {state.held}")
    return "; ".join(says) or "runs"


class Screen:
    """On a terminal: rewritten in place, gone when the run is over."""

    def __init__(self, title: str, seconds: float, out: TextIO | None = None) -> None:
        self.title, self.seconds = title, seconds
        self.out = out or sys.stderr
        self.live: Live | None = None
        self.next = 0.0

    def begin(self, world: World, pids: dict[int, int]) -> None:
        from rich.console import Console
        from rich.live import Live

        self.world = world
        self.workers = {task: Worker(pid) for task, pid in pids.items()}
        self.last = Now(0.0, 0, 0)
        self.locks = self.lock_counts()
        console = Console(file=self.out)
        # No thread of rich's: it draws when it is told to.
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.live.start()

    def lock_counts(self) -> dict[str, tuple[int, int, int]]:
        """Acquisitions, contentions and time waited, so far, by class and mode."""
        found = {}
        for row in self.world.lockstat():
            name = row["class_name"] + (("-R", "-W")[row["mode"]] if row["is_rwlock"] else "")
            found[name] = (row["acquisitions"], row["contentions"], row["wait_total"])
        return found

    def tick(self, states: Sequence[TaskState], elapsed: float) -> None:
        if self.live is None or elapsed < self.next:
            return
        began = time.process_time()
        self.live.update(self.drawn(states, now_of(states, elapsed)), refresh=True)
        spent = time.process_time() - began
        self.next = elapsed + max(SECONDS_MIN, spent / BUDGET)

    def drawn(self, states: Sequence[TaskState], now: Now) -> Any:
        from rich.text import Text

        recent, average = rates(self.last, now)
        done = min(1.0, now.at / self.seconds)
        bar = "█" * round(done * BAR_WIDTH) + "░" * (BAR_WIDTH - round(done * BAR_WIDTH))
        text = Text(no_wrap=True, overflow="ellipsis")
        text.append(self.title, "bold")
        text.append(f"  {bar}  {now.at:.0f} of {self.seconds:.0f} s\n")
        text.append("faults/s  ")
        text.append(f"{recent:>9}", "bold")
        text.append(f" now  {average:>9} on average\n")
        self.draw_locks(text, now.at - self.last.at)
        self.draw_workers(text, states)
        self.last = now
        return text

    def draw_locks(self, text: Any, span: float) -> None:
        """The hottest since the last screen: those that were waited for the longest."""
        from harness.units import human_count

        counts = self.lock_counts()
        grown: list[tuple[str, int, int, int]] = []
        for name, (taken, contended, waited) in counts.items():
            before = self.locks.get(name, (0, 0, 0))
            if taken > before[0]:
                since = (taken - before[0], contended - before[1], waited - before[2])
                grown.append((name, *since))
        self.locks = counts
        hottest = sorted(grown, key=lambda row: (-row[3], -row[1]))
        text.append(f"{'lock':<24}{'taken/s':>10}{'contended':>11}{'waiting':>10}\n", "dim")
        for name, taken, contended, waited in hottest[:LOCKS_SHOWN]:
            share = 100 * contended / taken
            # Of the time of one task: 2.0 is two tasks that do nothing but wait.
            waiting = waited / 1e9 / max(span, 1e-9)
            style = "bold red" if waiting >= 0.5 else "yellow" if waiting >= 0.05 else ""
            rate = human_count(taken / max(span, 1e-9))
            text.append(f"{name:<24}{rate:>10}{share:>10.1f}%{waiting:>10.2f}\n", style)

    def draw_workers(self, text: Any, states: Sequence[TaskState]) -> None:
        text.append(f"{'worker':<16}{'pid':>8}{'cpu':>7}{'MB':>7}  state\n", "dim")
        for state in states:
            worker = self.workers.get(state.id)
            if worker is None:
                continue
            share, memory, asleep = worker.look()
            what = state_text(state, asleep)
            text.append(f"{state.name:<16}{worker.pid:>8}{100 * share:>6.0f}%{memory:>7.0f}  ")
            style = "yellow" if state.waits else "cyan" if state.held else "dim" if asleep else ""
            text.append(f"{what}\n", style)

    def end(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None


def make(title: str, seconds: float, silent: bool) -> View:
    if silent:
        return Silent()
    if sys.stderr.isatty():
        return Screen(title, seconds)
    return Lines(title, seconds)
