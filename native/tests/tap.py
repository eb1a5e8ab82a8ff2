# SPDX-License-Identifier: GPL-2.0-only
"""Run a native test program and read what it printed (see tap.h)."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

RESULT = re.compile(r"^(not )?ok \d+ - (\w+)(?:\n# (.*))?$", re.MULTILINE)


@dataclass(frozen=True)
class Report:
    """Exit status, closing line, and by case what is wrong ("": nothing)."""

    code: int
    last: str
    cases: dict[str, str]
    output: str


def run(program: Path, *names: str, seconds: float = 600) -> Report:
    done = subprocess.run(
        [program, *names],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    cases = {
        name: (wrong or "no reason given") if failed else ""
        for failed, name, wrong in RESULT.findall(done.stdout)
    }
    lines = done.stdout.splitlines() or [""]
    return Report(done.returncode, lines[-1], cases, done.stdout + done.stderr)
