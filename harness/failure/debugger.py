# SPDX-License-Identifier: GPL-2.0-only
"""A replay under gdb that stops where the oracle is violated, in the task that violates it.

All tasks are fibers of one process there, so that the stack at the breakpoint is that of the
failing task, from its workload down to the access that an oracle has just seen.
"""

import shutil
import subprocess
import sys

from harness.errors import HarnessError

GDB = "gdb"
MISSING = "gdb is not installed, and --gdb needs it: apt-get install gdb, or leave out --gdb"


def is_there() -> bool:
    return shutil.which(GDB) is not None


def command(target: str, iteration: int, step: int, options: tuple[str, ...]) -> list[str]:
    """gdb, the breakpoint, and under it the replay of `target` with `options`."""
    # Nobody asks for the executions by which mix and pct learn what the scenario is like.
    where = f"proc.arena->iteration == {iteration} && proc.arena->step == {step}"
    commands = ("set breakpoint pending on", f"break violation if {where}", "run", "backtrace")
    replay = (sys.executable, "-m", "harness", "reproduce", target, *options)
    # The core has its own names and lines; nothing is fetched for the interpreter.
    quiet = ("set debuginfod enabled off", "set auto-load python-scripts off")
    head = (GDB, "-q", *(word for text in quiet for word in ("-iex", text)))
    return [*head, *(word for text in commands for word in ("-ex", text)), "--args", *replay]


def debug(target: str, iteration: int, step: int, options: tuple[str, ...]) -> None:
    """Until whoever debugs leaves gdb."""
    status = subprocess.run(command(target, iteration, step, options), check=False).returncode
    if status:
        raise HarnessError(f"gdb ended with exit status {status}")
