# SPDX-License-Identifier: GPL-2.0-only
"""What a results directory holds, as the page needs it.  A run that was cut short has less."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.contention import record as contention
from harness.contention.record import Contention
from harness.errors import UsageError
from harness.failure.evidence import MINIMAL
from harness.results.directory import read_run
from harness.trace import events
from harness.trace import record as recorded
from harness.trace.windows import Window, windows

NUMBERED = re.compile(r"(?P<stem>.*?)\.(?P<number>\d+)")
WINDOWS_MAX = 5
TEXT_BYTES_MAX = 20_000  # of a race table: the end of it is what matters


@dataclass(frozen=True)
class Failure:
    oracle: str
    message: str
    where: str
    command: str  # how to see it again; empty of a free run
    token: str
    flip: tuple[str, ...]  # two events: it fails when the first comes before the second
    table: str  # the race table
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ScenarioRun:
    """One scenario's directory."""

    name: str  # of the directory
    document: dict[str, Any]  # its part of run.json; empty where there is none
    record: Contention | None
    windows: tuple[Window, ...] | None  # around the longest waits; None: nothing was recorded
    failures: tuple[Failure, ...]
    toml: str
    problems: tuple[str, ...]  # what could not be read


@dataclass(frozen=True)
class Run:
    path: Path
    document: dict[str, Any] | None  # run.json; None: cut short
    environment: dict[str, Any]
    identity: str  # the commit
    scenarios: tuple[ScenarioRun, ...]


def gather(path: Path) -> Run:
    document = read_run(path)
    directories = sorted(
        (child for child in path.iterdir() if child.is_dir() and holds_results(child)),
        key=lambda child: natural(child.name),
    )
    parts = matched(directories, (document or {}).get("scenarios") or [])
    return Run(
        path,
        document,
        read_object(path / "env.json"),
        identity_of(path / "testid.txt"),
        tuple(scenario(child, part) for child, part in zip(directories, parts, strict=True)),
    )


def holds_results(directory: Path) -> bool:
    names = ("scenario.toml", contention.FILE, recorded.FILE)
    return any((directory / name).exists() for name in names)


def natural(name: str) -> tuple[str, int]:
    """NAME, NAME.2, ..., NAME.10 in this order."""
    match = NUMBERED.fullmatch(name)
    return (match["stem"], int(match["number"])) if match else (name, 1)


def matched(directories: Sequence[Path], documents: Sequence[Any]) -> list[dict[str, Any]]:
    """The part of run.json for each directory: the n-th of a scenario is NAME.n."""
    seen: Counter[str] = Counter()
    by_place: dict[tuple[str, int], dict[str, Any]] = {}
    for document in documents:
        if isinstance(document, dict):
            name = Path(str(document.get("scenario", ""))).name
            name = name.removesuffix(".toml").removesuffix(".litmus")
            seen[name] += 1
            by_place[name, seen[name]] = document
            if "directory" in document:
                by_place[natural(str(document["directory"]))] = document
    return [by_place.get(natural(child.name), {}) for child in directories]


def scenario(directory: Path, document: dict[str, Any]) -> ScenarioRun:
    problems: list[str] = []
    record, longest = None, None
    if (directory / contention.FILE).exists():
        try:
            record = contention.read(directory)
        except UsageError as error:
            problems.append(str(error))
    if (directory / recorded.FILE).exists():
        try:
            longest = windows(events.read(directory), WINDOWS_MAX)
        except UsageError as error:
            problems.append(str(error))
    files = sorted(directory.glob("failure-*/failure.json"), key=lambda file: natural_number(file))
    failures = tuple(failure(file) for file in files)
    toml = read_text(directory / "scenario.toml")
    return ScenarioRun(directory.name, document, record, longest, failures, toml, tuple(problems))


def natural_number(file: Path) -> int:
    number = file.parent.name.removeprefix("failure-")
    return int(number) if number.isdigit() else 0


def failure(file: Path) -> Failure:
    """Of failure.json, and the race table, which is the minimal execution's where there is one."""
    found = read_object(file)
    small = read_object(file.parent / MINIMAL / file.name)
    table = read_text(file.parent / MINIMAL / "race.txt") or read_text(file.parent / "race.txt")
    command = f"mmutorture reproduce {shown(file.parent)}" if found.get("token") else ""
    return Failure(
        str(found.get("oracle", "unreadable")),
        str(found.get("message", f"{file} cannot be read")),
        f"{found.get('task', '')} at {found.get('site', '')}" if found else "",
        command,
        str(found.get("token", "")),
        tuple(map(str, small.get("flip") or found.get("flip") or ()))[:2],
        table,
        tuple(facts_of(found, small)),
    )


def facts_of(found: dict[str, Any], small: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("seed", "strategy", "memory", "iteration", "step", "build"):
        if found.get(name):
            yield name, str(found[name])
    if switches := found.get("forced_switches"):
        fewer = f"{small['forced_switches']} (from {switches})" if small else str(switches)
        yield "forced switches", fewer
    for task, held in dict_of((small or found).get("held")).items():
        yield f"{task} holds", str(held)


def shown(path: Path) -> str:
    """As a user would type it from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def dict_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def read_object(file: Path) -> dict[str, Any]:
    try:
        return dict_of(json.loads(file.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError):
        return {}


def read_text(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text if len(text) <= TEXT_BYTES_MAX else "...\n" + text[-TEXT_BYTES_MAX:]


def identity_of(file: Path) -> str:
    """The commit, and whether the tree differed from it."""
    head, _, rest = read_text(file).partition("\n")
    return head + (", with uncommitted changes" if rest.strip() else "")
