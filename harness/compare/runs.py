# SPDX-License-Identifier: GPL-2.0-only
"""A run as comparisons read it, and whether two of them can be compared at all.

A scenario that ran several times in one run (``stress --repeat``) has a directory for each repeat.
What differs between two runs is found key by key; everything that could move a figure by itself has
to be equal, or be named by the user as what is compared.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.compare.metrics import Figures
from harness.contention import record
from harness.errors import UsageError
from harness.results.directory import read_run
from harness.units import nearest

MACHINE = ("machine", "processor", "cpus", "cpus_usable", "kernel")
NEVER = ("unit", "execution")  # figures of different ones mean different things


@dataclass(frozen=True)
class Repeat:
    directory: Path
    figures: Figures
    seed: str
    others: float | None  # share of the processors that went to nobody of this run


@dataclass
class Repeats:
    """All that a run has of one scenario."""

    name: str
    facts: dict[str, str]  # what has to be equal, by key
    repeats: list[Repeat] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    path: Path
    build: str
    facts: dict[str, str]  # of the machine and the build
    scenarios: dict[str, Repeats]
    turns: dict[str, Any] | None  # ran in turns with another: {"with": name, "differs": [...]}


@dataclass(frozen=True)
class Difference:
    key: str
    a: str
    b: str

    def __str__(self) -> str:
        return f"{self.key} ({self.a} against {self.b})"


# ------------------------------------------------------------------ reading


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The leaves of a document: tasks.0.count = 8."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for index, inner in enumerate(value):
            yield from flat(inner, f"{path}.{index}")
    else:
        yield path, json.dumps(value)


def facts_of(directory: Path, document: dict[str, Any], found: record.Contention) -> dict[str, str]:
    file = directory / "scenario.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None
    scenario = {k: v for k, v in table.items() if k not in ("name", "description")}
    facts = {"unit": found.unit, "execution": found.execution, **dict(flat(scenario))}
    return facts | {key: json.dumps(value) for key, value in document["settings"].items()}


def cpu_of(document: dict[str, Any]) -> float | None:
    spent = [worker.get("cpu_s") for worker in document.get("workers", [])]
    return None if not spent or None in spent else sum(spent)


def read_repeat(path: Path, document: dict[str, Any]) -> tuple[Repeat, dict[str, str], str]:
    directory = path / document.get("directory", "")
    if "directory" not in document or "settings" not in document:
        raise UsageError(f"{path}: was made by an older build, whose runs cannot be compared")
    if not document.get("trustworthy", True):
        raise UsageError(f"{directory}: is not trustworthy, a worker died or did not end")
    if document["interrupted"]:
        raise UsageError(f"{directory}: was interrupted")
    if document["violations"]:
        raise UsageError(f"{directory}: an oracle was violated, and that ended it early")
    if not (directory / record.FILE).exists():
        raise UsageError(f"{directory}: has no {record.FILE}; run it with --lock-stat on")
    found = record.read(directory)
    retries = document["totals"].get("retries")
    figures = Figures(found, cpu_of(document), retries)
    seed = document["seed"]
    repeat = Repeat(directory, figures, seed, document.get("others"))
    return repeat, facts_of(directory, document, found), found.scenario


def read_environment(path: Path) -> dict[str, Any]:
    file = path / "env.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from None
    if not isinstance(found, dict) or "build" not in found:
        raise UsageError(f"{file}: names no build; the run is damaged")
    return found


def read(path: Path) -> Run:
    """A whole run; UsageError where its figures are not to be relied on."""
    document = read_run(path)
    if document is None:
        raise UsageError(f"{path}: was cut short and has no run.json")
    environment = read_environment(path)
    facts = {f"machine.{key}": json.dumps(environment.get(key)) for key in MACHINE}
    facts["build-kind"] = json.dumps(environment.get("build_kind"))
    scenarios: dict[str, Repeats] = {}
    for one in document.get("scenarios", ()):
        repeat, own, name = read_repeat(path, one)
        into = scenarios.setdefault(name, Repeats(name, own))
        if own != into.facts:
            raise UsageError(
                f"{path}: runs of {name} differ among themselves: {differences(into.facts, own)[0]}"
            )
        into.repeats.append(repeat)
    if not scenarios:
        raise UsageError(f"{path}: nothing ran in it")
    return Run(path, environment["build"], facts, scenarios, document.get("turns"))


# ------------------------------------------------------------------ comparable or not


def differences(a: Mapping[str, str], b: Mapping[str, str]) -> list[Difference]:
    keys = dict.fromkeys([*a, *b])
    return [
        Difference(key, a.get(key, "not set"), b.get(key, "not set"))
        for key in keys
        if a.get(key) != b.get(key)
    ]


def declared(key: str, allowed: Sequence[str]) -> bool:
    """``vm.fault-lock``, or all below a key: ``vm``, ``machine``."""
    return any(key == name or key.startswith(f"{name}.") for name in allowed)


def in_turns(a: Run, b: Run) -> bool:
    return bool(a.turns and b.turns) and (a.turns or {})["with"] == b.path.name


def check(a: Run, b: Run, allowed: Sequence[str]) -> list[Difference]:
    """What differs and was said to; UsageError where anything else does.

    Of runs that took turns the command that ran them said what is compared.
    """
    if set(a.scenarios) != set(b.scenarios):
        only = sorted(set(a.scenarios) ^ set(b.scenarios))
        raise UsageError(
            f"{a.path.name} and {b.path.name} cannot be compared: only one of them ran"
            f" {', '.join(only)}"
        )
    found = differences(a.facts, b.facts)
    for name, repeats in a.scenarios.items():
        found += [d for d in differences(repeats.facts, b.scenarios[name].facts) if d not in found]
    for difference in found:
        if difference.key in NEVER:
            raise UsageError(
                f"{a.path.name} and {b.path.name} cannot be compared: {difference.key} is"
                f" {difference.a} in one and {difference.b} in the other"
            )
    refused = [d for d in found if not declared(d.key, allowed)]
    if refused and not in_turns(a, b):
        told = " ".join(f"--differs {key}" for key in dict.fromkeys(d.key for d in refused))
        raise UsageError(
            f"{a.path.name} and {b.path.name} cannot be compared: they differ in"
            f" {', '.join(map(str, refused))}; if that is what you compare, say {told}"
        )
    for name in allowed:
        keys = [d.key for d in found]
        if not any(declared(key, [name]) for key in keys):
            hint = nearest(name, keys) or f"; they differ in {', '.join(keys) or 'nothing'}"
            raise UsageError(f"--differs {name}: the runs do not differ in it{hint}")
    return found
