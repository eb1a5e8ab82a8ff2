# SPDX-License-Identifier: GPL-2.0-only
"""An interrupt before the command line is there, and after it is done, is no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conftest import environment

KILL = "os.kill(os.getpid(), signal.SIGINT)"
LIST = "begin.main(['list', 'scenarios', '--schema'])"


def ended(*statements: str, answer: str = "default_int_handler") -> tuple[int, str]:
    """Exit status, and what was said, of a Python that does this."""
    begin = ("import os, signal, sys", f"signal.signal(signal.SIGINT, signal.{answer})")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join((*begin, "from harness import begin, cli", *statements))],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("before", [(), (LIST,)])
def test_outside_of_the_command_line_it_has_its_plain_meaning(before: tuple[str, ...]) -> None:
    assert ended(*before, KILL) == (-signal.SIGINT, "")


def test_inside_it_is_said() -> None:
    inside = f"cli.main = lambda _: {KILL}"
    assert ended(inside, "sys.exit(begin.main())") == (130, "mmutorture: interrupted\n")


def test_who_ignores_it_goes_on() -> None:
    inside = f"cli.main = lambda _: {KILL} or 7"
    assert ended(inside, "sys.exit(begin.main())", answer="SIG_IGN") == (7, "")
