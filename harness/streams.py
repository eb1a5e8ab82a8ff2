# SPDX-License-Identifier: GPL-2.0-only
"""Standard output and error where they are no good: a name they cannot spell, a reader who left."""

import errno
import os
import sys
from io import TextIOWrapper

from harness.errors import Exit

NAME_SHOWN_MAX = 200


def make_tolerant() -> None:
    """A file name that is no UTF-8, or a locale without the letter, is shown escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def abandon_output() -> None:
    """Nothing more can be written there; what is still in the buffer goes nowhere, and silently."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def unwritten(error: OSError) -> str:
    """What could not be read or written, and why; whoever writes a file names it."""
    what = error.strerror or str(error)
    if error.filename is None:
        return f"standard output: {what}" if error.errno == errno.ENOSPC else what
    name = os.fsdecode(error.filename)
    shown = name if len(name) <= NAME_SHOWN_MAX else f"{name[:NAME_SHOWN_MAX]}..."
    return f"{shown}: {what}"


def exit_of(error: OSError) -> Exit:
    """A name that is too long was given by somebody; what else fails is nobody's mistake."""
    return Exit.USAGE if error.errno == errno.ENAMETOOLONG else Exit.HARNESS
