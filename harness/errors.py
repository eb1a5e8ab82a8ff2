# SPDX-License-Identifier: GPL-2.0-only
"""Exit codes of the command line, and the exceptions that turn into them."""

from enum import IntEnum


class Exit(IntEnum):
    """What a script may rely on; the order of severity is in worst()."""

    PASS = 0
    VIOLATION = 1  # an oracle was violated
    USAGE = 2  # usage or scenario error
    NOT_FOUND = 3  # an expected bug was not found, or a failure was not reproduced
    SKIPPED = 4  # cannot run here
    HARNESS = 5  # the harness itself failed
    NO_PROGRESS = 6  # deadlock, livelock, timeout
    UNTRUSTWORTHY = 7  # a worker died, and its figures with it
    INTERRUPTED = 130
    NO_READER = 141  # of the output: `| head -1`


class UsageError(Exception):
    """The command line, a scenario or a token is wrong; str() is the whole one-line message."""


class HarnessError(Exception):
    """The harness or its core could not do its work; str() is one sentence."""


class WorkerDied(HarnessError):
    """A worker process ended before it was told to; str() names it and what it held."""


def worst(codes: list[Exit]) -> Exit:
    """The code of a run over several scenarios: what hides the others comes first."""
    order = (
        *(Exit.INTERRUPTED, Exit.HARNESS, Exit.UNTRUSTWORTHY, Exit.USAGE),
        *(Exit.VIOLATION, Exit.NO_PROGRESS, Exit.NOT_FOUND, Exit.SKIPPED),
    )
    return next((code for code in order if code in codes), Exit.PASS)


# Oracles whose violation means that a task never finished.
PROGRESS_ORACLES = frozenset({"deadlock", "no-progress"})
