# SPDX-License-Identifier: GPL-2.0-only
"""What the workers of a free run used of the processors, and what others did meanwhile.

A processor that somebody else had is what moves figures per second between two runs that do the
same; work per core-second is not moved by it.
"""

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

CPU_CLOCK_SCHED = 2  # of a process, by the scheduler's own account, in nanoseconds
PROCESS_BITS = 3


def clock_of(pid: int) -> int:
    """clock_getcpuclockid(3): its number is made of the process's."""
    return (~pid << PROCESS_BITS) | CPU_CLOCK_SCHED


def cpu_seconds(pid: int) -> float | None:
    """None: the process has gone."""
    with contextlib.suppress(OSError):
        return time.clock_gettime(clock_of(pid))
    return None


def busy_seconds() -> float | None:
    """Of all processors since the machine started, stolen time included."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, words)
        return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    return None


@dataclass(frozen=True)
class Used:
    cpu_s: dict[int, float | None]  # by task
    others: float | None  # share of all processors that was used, but not by the workers or us
    own: float | None = None  # share of all processors that this process, their supervisor, took


class Meter:
    """From its making to `read()`."""

    def __init__(self, pids: dict[int, int]) -> None:
        self.pids = pids
        self.cpu = self.now()
        self.began, self.busy, self.own = time.monotonic(), busy_seconds(), time.process_time()

    def now(self) -> dict[int, float | None]:
        return {task: cpu_seconds(pid) for task, pid in self.pids.items()}

    def read(self) -> Used:
        cpu: dict[int, float | None] = {}
        for task, now in self.now().items():
            before = self.cpu[task]
            cpu[task] = None if now is None or before is None else now - before
        busy, own = busy_seconds(), time.process_time() - self.own
        whole = max(time.monotonic() - self.began, 1e-9) * (os.cpu_count() or 1)
        if busy is None or self.busy is None:
            return Used(cpu, None, own / whole)
        workers = sum(spent or 0.0 for spent in cpu.values())
        rest = busy - self.busy - workers - own
        return Used(cpu, max(0.0, min(1.0, rest / whole)), own / whole)
