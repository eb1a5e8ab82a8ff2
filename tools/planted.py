# SPDX-License-Identifier: GPL-2.0-only
"""What the tools that hunt planted bugs have in common: running the command, one hunt, a table."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SLACK_SECONDS = 180  # to start, and to write the millions of events of a run that makes no progress


class Broken(SystemExit):
    """A command printed no answer: it crashed, or refused."""


@dataclass(frozen=True)
class Caught:
    """The first violation of a run."""

    oracle: str
    schedules: int
    seconds: float


def mmutorture(*words: str, timeout: float) -> dict[str, Any]:
    """The JSON object that a command prints."""
    command = [sys.executable, "-m", "harness", *words, "--json"]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired:
        raise Broken(f"{' '.join(command)}: no answer in {timeout:g} s") from None
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise Broken(
            f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr.strip()}"
        ) from None
    return document


def switches(only: Sequence[str]) -> list[dict[str, Any]]:
    """The catalogue, or the switches of it that are named."""
    bugs: list[dict[str, Any]] = mmutorture("list", "bugs", timeout=SLACK_SECONDS)["bugs"]
    wanted = {name.upper() for name in only}
    chosen = [bug for bug in bugs if not wanted or bug["name"].upper() in wanted]
    if not chosen or len(chosen) < len(wanted):
        raise SystemExit(f"no such switch; there are {', '.join(bug['name'] for bug in bugs)}")
    return chosen


def hunt(bug: str, seed: int, budget: float, results: str, *options: str) -> Caught | None:
    """One switch with one seed, in its own scenario; None: not found."""
    words = ("--bug", bug, "--seed", str(seed), "--budget", f"{budget:g}s", *options)
    document = mmutorture(
        *("explore", *words, "--no-minimise", "--results", results),
        timeout=10 * budget + SLACK_SECONDS,
    )
    if not document["failures"]:
        return None
    oracle: str = document["failures"][0]["oracle"]
    return Caught(oracle, document["schedules"], document["elapsed_s"])


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 2) -> str:
    """Columns, the first `left` of them and the last one flush left."""
    cells = [tuple(head), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = []
    for row in cells:
        named = [f"{cell:<{width}}" for cell, width in zip(row[:left], widths[:left], strict=True)]
        figures = [
            f"{cell:>{width}}" for cell, width in zip(row[left:-1], widths[left:-1], strict=True)
        ]
        lines.append("  ".join([*named, *figures, row[-1]]).rstrip())
    return "\n".join(lines)
