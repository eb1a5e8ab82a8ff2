# SPDX-License-Identifier: GPL-2.0-only
"""The results tree: one directory for each run, written so that a kill leaves what was whole.

results/2026.11.20-10.02.11/{run.json,testid.txt,env.json,run.ktap}
results/2026.11.20-10.02.11/zap-vs-fault/{scenario.toml,lock_stat.txt,failure-1/}
results/latest -> the newest run

What can be had again by its seed is left to the kernel to put on the disk.  A failure, and run.json,
which says that all is there, outlast the machine as soon as they are written.
"""

import contextlib
import errno
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.results import ktap
from harness.results.cases import Case
from harness.errors import UsageError

RUN_SCHEMA = 1
LATEST = "latest"
RUNNING = "running.txt"  # the token of the block of executions that is running
CRASH = "crash.txt"  # how the core died, and the token of that execution
GIT_SECONDS_MAX = 10


def write_text(path: Path, text: str, lasting: bool = False) -> None:
    write_bytes(path, text.encode(), lasting)


def write_bytes(path: Path, data: bytes, lasting: bool = False) -> None:
    """Whole or not at all: a reader never meets half a file."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None  # a full disk names no file
        raise


def write_output(path: Path, text: str) -> None:
    """To a file that the user named; a pipe or /dev/null is written to and not replaced."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
    else:
        write_text(path, text)


def write_json(path: Path, document: Any, lasting: bool = False) -> None:
    write_text(path, json.dumps(document, indent=2) + "\n", lasting)


def make_lasting(directory: Path) -> None:
    """The files in it, but not those in its directories."""
    for path in directory.iterdir():
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def git(*arguments: str) -> str | None:
    """The output of a git command in the harness's own checkout, if it is one."""
    here = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(
            ["git", "-C", str(here), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=GIT_SECONDS_MAX,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def test_identity() -> str:
    """Which sources these are: the commit, and what differs from it."""
    checkout = Path(__file__).resolve().parents[2]
    commit = git("rev-parse", "HEAD") if (checkout / ".git").exists() else None
    if commit is None:
        return "no git checkout\n"
    return f"commit {commit}\n{git('diff', 'HEAD') or ''}"


def processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def environment() -> dict[str, Any]:
    from harness import __version__
    from harness.core import catalogue

    return {
        "version": __version__,
        "build": catalogue.build_id(),
        "build_kind": catalogue.build_kind(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "processor": processor(),
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": list(os.getloadavg()),
        "arguments": sys.argv[1:],
    }


class RunDirectory:
    """The directory of one run, made when the run begins."""

    def __init__(self, root: Path) -> None:
        self.root = root
        base = time.strftime("%Y.%m.%d-%H.%M.%S")
        try:
            root.mkdir(parents=True, exist_ok=True)
            self.path = self.claim(base)
            write_text(self.path / "testid.txt", test_identity())
            write_json(self.path / "env.json", environment())
            self.point_latest()
        except OSError as error:
            raise UsageError(
                f"{root}: results cannot be written: {error.strerror};"
                " name another place with --results DIR"
            ) from None

    def claim(self, base: str) -> Path:
        """mkdir decides who has a name when two runs begin in the same second."""
        number = 1
        while True:
            path = self.root / (base if number == 1 else f"{base}.{number}")
            try:
                path.mkdir()
            except FileExistsError:
                number += 1
            else:
                return path

    def point_latest(self) -> None:
        temporary = self.root / f".{LATEST}.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.path.name)
        os.replace(temporary, self.root / LATEST)

    def shown(self, path: Path) -> Path:
        """As a user would type it: relative where that is shorter."""
        with contextlib.suppress(ValueError):
            return path.resolve().relative_to(Path.cwd())
        return path

    def scenario(self, name: str) -> Path:
        """A fresh directory NAME, NAME.2, ... for one scenario."""
        number = 1
        while True:
            path = self.path / (name if number == 1 else f"{name}.{number}")
            if not path.exists():
                path.mkdir()
                return path
            number += 1

    def finish(self, document: dict[str, Any], cases: Sequence[Case]) -> None:
        """run.json is written last: a directory without it was cut short."""
        write_text(self.path / ktap.FILE, ktap.render(cases))
        write_json(self.path / "run.json", {"schema": RUN_SCHEMA, **document}, lasting=True)


def find_run(name: str, root: Path) -> Path:
    """A run by path, by its name below `root`, or `latest`."""
    for path in (Path(name), root / name):
        if path.is_dir() and ((path / "env.json").exists() or (path / "run.json").exists()):
            return path.resolve()
    runs = sorted(
        path.parent.name for path in root.glob("*/env.json") if not path.parent.is_symlink()
    )
    known = f"; the newest are {', '.join(runs[-3:])}" if runs else f"; there are none in {root}/"
    raise UsageError(f"{name}: is not a run{known}")


def read_run(path: Path) -> dict[str, Any] | None:
    """run.json, or None for a run that did not end."""
    file = path / "run.json"
    if not file.exists():
        return None
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None
    if not isinstance(document, dict) or document.get("schema") != RUN_SCHEMA:
        raise UsageError(f"{file}: has another schema; this build reads {RUN_SCHEMA}")
    if missing := {"command", "seed", "exit_code"} - document.keys():
        raise UsageError(f"{file}: is damaged: it has no {', '.join(sorted(missing))}")
    return document
