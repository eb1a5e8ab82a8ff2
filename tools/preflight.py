# SPDX-License-Identifier: GPL-2.0-only
"""Say in one sentence what this machine lacks to build mmutorture, or print the interpreter to use.

The Makefile runs this before there is a .venv, with whatever Python answers first, so it has to
start on Python 3.6.  The interpreter that it prints is $PYTHON if that is set, else the first on
PATH that is new enough: python3, then the newest python3.N.

Exit status: 0 and a path on stdout, or 4 and one sentence on stderr.
"""

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from typing import List, Optional, Tuple

OLDEST = (3, 11)
MINOR_MAX = 19
CANNOT_RUN_HERE = 4

# Answered by the interpreter that will own the .venv, which need not be the one running this file.
QUESTION = """
import importlib.util, os, sys, sysconfig
print(*sys.version_info[:2])
print(sys.executable)
print(all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")))
print(os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))
print(sysconfig.get_config_var("CC") or "cc")
"""

# The compiler alone is not enough: gcc can be there without the C library's headers.
PROGRAM = """
#include <stdint.h>
#include <sys/mman.h>
#include <linux/futex.h>
int main(void) { return 0; }
"""


class Interpreter:
    def __init__(self, command: str, answer: str) -> None:
        version, self.path, has_venv, has_headers, self.compiler = answer.splitlines()
        self.command = command
        major, minor = version.split()
        self.version = (int(major), int(minor))
        self.has_venv = has_venv == "True"
        self.has_headers = has_headers == "True"

    def package(self, part: str) -> str:
        """Debian's name: python3-dev, or python3.12-dev for one that stands beside python3."""
        if self.command in ("python3", "python"):
            return "python3-%s" % part
        return "python%d.%d-%s" % (*self.version, part)


def run(command: List[str]) -> Optional[str]:
    """Standard output of a command, or None if it cannot run or fails."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
    return done.stdout.decode() if done.returncode == 0 else None


def ask(command: str) -> Optional[Interpreter]:
    answer = run([command, "-c", QUESTION])
    return Interpreter(command, answer) if answer else None


def choose(wanted: Optional[str]) -> Tuple[Optional[Interpreter], str]:
    """The interpreter to use, or None and what is wrong."""
    if wanted:
        found = ask(wanted)
        if found is None:
            return None, "PYTHON=%s does not run" % wanted
        if found.version < OLDEST:
            return None, "Python 3.11 or later is needed and PYTHON=%s is Python %d.%d" % (
                wanted,
                *found.version,
            )
        return found, ""
    names = ["python3.%d" % minor for minor in range(MINOR_MAX, OLDEST[1] - 1, -1)]
    too_old = None
    for command in ["python3", *names, "python"]:
        found = ask(command)
        if found and found.version >= OLDEST:
            return found, ""
        too_old = too_old or found
    have = "python3 is %d.%d here" % too_old.version if too_old else "there is none here"
    remedy = "install one (python3 of Debian 12), or say make PYTHON=/path/to/python3.11"
    return None, "Python 3.11 or later is needed and %s: %s" % (have, remedy)


def compiles(compiler: List[str]) -> bool:
    with tempfile.TemporaryDirectory() as scratch:
        source = os.path.join(scratch, "try.c")
        with open(source, "w") as out:
            out.write(PROGRAM)
        return run([*compiler, source, "-o", os.path.join(scratch, "try")]) is not None


def missing_parts(python: Interpreter) -> List[Tuple[str, str]]:
    """What the chosen interpreter lacks to build with: descriptions and Debian packages."""
    missing = []
    if not python.has_venv:
        missing.append(("Python's venv module", python.package("venv")))
    compiler = shlex.split(os.environ.get("CC") or python.compiler)
    if run([*compiler, "--version"]) is None:
        missing.append(("a C compiler (%s)" % compiler[0], "build-essential"))
    elif not compiles(compiler):
        missing.append(("the C library's headers", "libc6-dev"))
    if not python.has_headers:
        missing.append(("Python's headers (Python.h)", python.package("dev")))
    return missing


def refuse(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return CANNOT_RUN_HERE


def main() -> int:
    system, machine = platform.system(), platform.machine()
    if (system, machine) != ("Linux", "x86_64"):
        return refuse("mmutorture runs on Linux x86-64 only; this is %s %s." % (system, machine))
    python, problem = choose(os.environ.get("PYTHON"))
    if python is None:
        return refuse("mmutorture cannot be built here: %s." % problem)
    missing = missing_parts(python)
    if missing:
        what = " and ".join(description for description, _ in missing)
        packages = " ".join(package for _, package in missing)
        return refuse(
            "mmutorture cannot be built here without %s: apt-get install %s." % (what, packages)
        )
    print(python.path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
