# SPDX-License-Identifier: GPL-2.0-only
"""What a worker process runs: one task of a world, in the core, until it is told to stop.

Preloaded by the forkserver, so it imports only the core and the standard library.
"""

import ctypes
import fcntl
import os
import select
import signal
import sys
from typing import Any

from harness._core import ffi, lib

EXIT_CANNOT_ATTACH = 10
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
NAME_PREFIX = "mmut:"
NAME_LENGTH_MAX = 15  # of the kernel's task->comm


class Descriptor:
    """A file descriptor that can be handed to a child process under any start method."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __getstate__(self) -> Any:
        from multiprocess.reduction import DupFd

        return DupFd(self.fd)

    def __setstate__(self, state: Any) -> None:
        self.fd = state.detach()


def die_with_parent() -> None:
    """SIGKILL for this process when its parent goes.

    The parent is the forkserver.  One that went before the call is noticed by its number having
    changed to that of init.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        os._exit(1)


def die_with_supervisor(leash: int) -> None:
    """SIGKILL for this process when the write end of a pipe, which the supervisor has, closes.

    The kernel sends the signal itself: no thread watches, and none has to be scheduled.  The
    forkserver does not die by itself while a worker lives, since each worker holds its life line.
    """
    fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(leash, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(leash, fcntl.F_SETFL, fcntl.fcntl(leash, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([leash], [], [], 0)[0]:
        os._exit(1)  # it closed before


def set_name(name: str) -> None:
    """What ps and top show; the kernel keeps 15 characters."""
    title = (NAME_PREFIX + name)[:NAME_LENGTH_MAX].encode()
    ctypes.CDLL(None).prctl(PR_SET_NAME, title, 0, 0, 0)


def begin(name: str) -> None:
    die_with_parent()
    set_name(name)
    # A terminal sends SIGINT to the whole group; ending the run is the supervisor's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main(
    arena: Descriptor,
    ready: Descriptor,
    leash: Descriptor,
    slot: int,
    task: int,
    name: str,
    mode: str,
) -> None:
    """Attach, say so with one byte, and run the task.  Exit status 0: it ended as it should."""
    begin(name)
    die_with_supervisor(leash.fd)
    if lib.mmut_world_attach(arena.fd, slot) != 0:
        reason = ffi.string(lib.mmut_error()).decode()
        print(f"mmutorture: {name} cannot attach: {reason}", file=sys.stderr, flush=True)
        os._exit(EXIT_CANNOT_ATTACH)
    os.write(ready.fd, b".")
    os.close(ready.fd)
    run = lib.mmut_lockstep_worker if mode == "lockstep" else lib.mmut_free_worker
    run(task)
    # Nothing is left to tidy up, and exit handlers inherited from the forkserver must not run.
    os._exit(0)
