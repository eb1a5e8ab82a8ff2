# SPDX-License-Identifier: GPL-2.0-only
"""A crew: one worker process for each task of a world, watched by whoever started it.

Workers come from a forkserver that has ``harness.worker`` loaded, so that a start costs a fork and
none of them inherits threads or files of the supervisor.
"""

import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Any, Self

from harness.core.structs import TaskState
from harness.core.world import SLOT, STOP_WORKER_DIED, World
from harness.errors import HarnessError
from harness.run import forkserver

KIND_BOSS = 0  # enum mmut_task_kind: it has no process
READY_SECONDS_MAX = 120.0
END_SECONDS_MAX = 30.0
TERMINATE_SECONDS_MAX = 0.4


@dataclass(frozen=True)
class Death:
    """A worker that ended before it was told to."""

    task: int
    name: str
    pid: int
    exit_code: int  # negative: the signal
    held: str

    def describe(self) -> str:
        how = f"exit status {self.exit_code}"
        if self.exit_code < 0:
            try:
                how = signal.Signals(-self.exit_code).name
            except ValueError:
                how = f"signal {-self.exit_code}"
        locks = f"holding {self.held}" if self.held else "holding no lock"
        return f"{self.name} (pid {self.pid}) died of {how}, {locks}"


class Crew:
    """The worker processes of one world.  Leaving the context leaves none of them behind."""

    def __init__(self, world: World, mode: str, cpus: list[int]) -> None:
        self.world = world
        self.processes: list[Any] = []
        self.leashes: list[int] = []  # they close when this process ends, however it does
        ctx = forkserver.context()
        receive, send = os.pipe()
        try:
            for state in world.tasks():
                if state.kind != KIND_BOSS:
                    self.start(ctx, state, send, mode)
            self.pin(cpus)
            os.close(send)
            send = -1
            self.wait_ready(receive)
        except BaseException:
            self.terminate()
            raise
        finally:
            os.close(receive)
            if send >= 0:
                os.close(send)

    def start(self, ctx: Any, state: TaskState, ready: int, mode: str) -> None:
        from harness.run import worker

        # One pipe each: who is told of its closing is a property of the pipe.
        leash, ours = os.pipe()
        self.leashes.append(ours)
        try:
            process = ctx.Process(
                target=worker.main,
                args=(
                    *(worker.Descriptor(fd) for fd in (self.world.fd, ready, leash)),
                    *(SLOT, state.id, state.name, mode),
                ),
                name=state.name,
                daemon=True,
            )
            process.start()
        finally:
            os.close(leash)
        process.task = state.id
        self.processes.append(process)

    def pin(self, cpus: list[int]) -> None:
        """Round robin over `cpus`; on a machine that forbids it, run unpinned."""
        import psutil

        for index, process in enumerate(self.processes):
            try:
                psutil.Process(process.pid).cpu_affinity([cpus[index % len(cpus)]])
            except (psutil.Error, OSError):
                return

    def wait_ready(self, receive: int) -> None:
        """Every worker writes one byte at the gate; a closed pipe means that some never will."""
        waiting = len(self.processes)
        deadline = time.monotonic() + READY_SECONDS_MAX
        while waiting:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([receive], [], [], left)[0]:
                raise HarnessError(f"{waiting} workers did not start in {READY_SECONDS_MAX:.0f} s")
            arrived = os.read(receive, waiting)
            if not arrived:
                raise HarnessError(f"{waiting} workers ended before they started")
            waiting -= len(arrived)

    def wait(self, seconds: float) -> list[Any]:
        """Processes that ended within `seconds`; returns early with the first."""
        from multiprocess.connection import wait

        alive = {
            process.sentinel: process for process in self.processes if process.exitcode is None
        }
        if not alive:
            time.sleep(min(seconds, 0.05))
            return list(self.processes)
        return [alive[ready] for ready in wait(list(alive), timeout=seconds)]

    def pids(self) -> dict[int, int]:
        return {process.task: process.pid for process in self.processes}

    def deaths(self) -> list[Death]:
        """Workers that ended with anything but 0, as far as is known now."""
        dead = [p for p in self.processes if p.exitcode not in (None, 0)]
        if not dead:
            return []
        held = {state.id: state.held for state in self.world.tasks()}
        return [Death(p.task, p.name, p.pid, p.exitcode, held.get(p.task, "")) for p in dead]

    def join(self, seconds: float = END_SECONDS_MAX) -> bool:
        """Wait for the workers to end by themselves; False if one does not."""
        deadline = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0.0, deadline - time.monotonic()))
        return all(process.exitcode is not None for process in self.processes)

    def terminate(self) -> None:
        """End those that are left: a stop inside the core, and SIGKILL soon after."""
        left = [process for process in self.processes if process.exitcode is None]
        if not left:
            self.unleash()
            return
        self.world.stop(STOP_WORKER_DIED)
        deadline = time.monotonic() + TERMINATE_SECONDS_MAX
        for process in left:
            process.join(max(0.0, deadline - time.monotonic()))
        for process in left:
            if process.exitcode is None:
                process.kill()
        for process in left:
            process.join(1.0)
        self.unleash()

    def unleash(self) -> None:
        while self.leashes:
            os.close(self.leashes.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.terminate()
