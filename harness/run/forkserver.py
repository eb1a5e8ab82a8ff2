# SPDX-License-Identifier: GPL-2.0-only
"""The process that forks all others: it has loaded what they need, and nothing of the supervisor.

Whoever knows that there will be workers starts it first: it loads while the supervisor does.
"""

import signal
import sys
from typing import Any

# The last is what the module __main__ of each child imports.
PRELOADED = ["harness.run.worker", "harness.run.jobs", "harness.begin"]


def multiprocess() -> Any:
    """The package, with the pickler of the standard library.

    It prefers dill, to be able to send functions: that takes as long to import as all the rest, and
    twenty times as long to pickle the plain data that we send.
    """
    hidden = "dill" not in sys.modules
    if hidden:
        sys.modules["dill"] = None  # type: ignore[assignment]
    try:
        import multiprocess
    finally:
        if hidden:
            del sys.modules["dill"]
    return multiprocess


def context() -> Any:
    """The forkserver context, and its server.

    The server is started, and starts workers, with SIGINT blocked: a terminal sends it to all of
    us, and who has not got as far as to ignore it would die of it.
    """
    ctx = multiprocess().get_context("forkserver")
    from multiprocess import forkserver, resource_tracker

    ctx.set_forkserver_preload(PRELOADED)
    resource_tracker.ensure_running()  # first: it unblocks SIGINT once it runs
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return ctx
