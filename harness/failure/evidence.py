# SPDX-License-Identifier: GPL-2.0-only
"""A failure: what is kept of a violation, as a directory and as the last block on the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.core import anchors, catalogue, stacks
from harness.core.anchors import Kept, Plan
from harness.core.structs import Failure
from harness.core.token import PLAN_CHARS_MAX, Recipe
from harness.core.world import World
from harness.results.directory import (
    RunDirectory,
    make_lasting,
    write_bytes,
    write_json,
    write_text,
)
from harness.scenario.scenarios import to_toml
from harness.scenario.schema import Scenario
from harness.trace import record as recording
from harness.units import hex64

SCHEMA = 1
RACE = "data-race"  # the oracle whose message is several lines
MINIMAL = "minimal"  # directory of the minimised failure, in that of the failure
FREE_NOTE = "a free run: the seed fixes the workload, not the interleaving, which was the machine's"


class Record(msgspec.Struct, frozen=True):
    """failure.json."""

    oracle: str
    message: str
    scenario: str
    token: str  # empty for free runs
    execution: str  # explore, lockstep or free
    seed: str
    strategy: str
    memory: str
    bugs: tuple[str, ...]
    iteration: int
    digest: str
    step: int
    task: str
    site: str  # file:line func
    build: str
    held: dict[str, str] = {}
    pending: dict[str, str] = {}
    spte: tuple[str, ...] = ()
    forced_switches: int = 0
    other_choices: int = 0  # forced ones that are not about who runs: contention, old values
    schedule_points: int = 0
    minimised_from: int = 0  # forced switches before, where this is the minimal execution
    replays: int = 0  # that minimising took
    stopped: str = ""  # and why it took no more
    flip: tuple[str, ...] = ()  # two events; it fails when the first comes first
    schema: int = SCHEMA


@dataclass(frozen=True)
class Captured:
    """A record and the longer texts beside it."""

    record: Record
    scenario_toml: str
    table: str  # the race table
    events: str  # every event
    chains: stacks.Chains  # of each
    plan: Plan
    kept: tuple[Kept, ...]  # the same, in clear
    minimal: Captured | None = None  # the smallest execution that fails in the same way
    recording: bytes | None = None  # of the flight recorder


def strategy_text(recipe: Recipe) -> str:
    settings = recipe.settings
    return f"pct(d={settings.depth})" if settings.strategy == "pct" else settings.strategy


def driven_by(failure: Failure, recipe: Recipe) -> str:
    """The strategy, and which of those that take turns it was."""
    text = strategy_text(recipe)
    return f"{text}: {failure.member}" if failure.member else text


def record_of(
    failure: Failure, recipe: Recipe, execution: str, world: World, token: str, **more: object
) -> Record:
    settings = recipe.settings
    states = world.tasks()
    fields = {
        "oracle": failure.oracle,
        "message": failure.message,
        "scenario": recipe.spec,
        "token": token,
        "execution": execution,
        "seed": hex64(settings.seed),
        "strategy": driven_by(failure, recipe) if settings.controlled else "none",
        "memory": settings.memory,
        "bugs": settings.bugs,
        "iteration": failure.iteration,
        "digest": hex64(failure.digest),
        "step": failure.step,
        "task": failure.task_name,
        "site": f"{failure.file}:{failure.line} {failure.func}",
        "build": catalogue.build_id(),
        "held": {state.name: state.held for state in states if state.held},
        "pending": {state.name: state.pending for state in states if state.pending},
    }
    return msgspec.convert(fields | more, Record)


def capture_free(recipe: Recipe, scenario: Scenario, failure: Failure, world: World) -> Captured:
    """What the stopped world still shows; there is no schedule to run again."""
    record = record_of(failure, recipe, "free", world, "")
    rows = [
        f"{state.name:<12} {state.pending or '-':<60} {state.held or 'no locks'}"
        for state in world.tasks()
        if not state.over or state.held
    ]
    table = f"{'task':<12} {'about to do':<60} holds\n" + "\n".join(rows) + "\n"
    return Captured(record, to_toml(scenario), table, "", stacks.Chains(), (), ())


def write_plan(file: Path, kept: tuple[Kept, ...]) -> None:
    """An anchor on each line."""
    rows = ",\n".join(msgspec.json.encode(row).decode() for row in kept)
    write_text(file, f"[\n{rows}\n]\n")


def write(captured: Captured, directory: Path) -> None:
    """Fill a failure directory; failure.json comes last and marks it as whole."""
    directory.mkdir(parents=True)
    write_text(directory / "scenario.toml", captured.scenario_toml)
    write_text(directory / "race.txt", captured.table)
    if captured.events:
        write_text(directory / "events.txt", captured.events)
        write_json(directory / stacks.FILE, msgspec.to_builtins(captured.chains))
    if captured.record.token:
        write_text(directory / "token.txt", captured.record.token + "\n")
        write_plan(directory / "plan.json", captured.kept)
    if captured.recording is not None:
        write_bytes(directory / recording.FILE, captured.recording)
    if captured.minimal is not None:
        write(captured.minimal, directory / MINIMAL)
    make_lasting(directory)
    write_json(directory / "failure.json", msgspec.to_builtins(captured.record), lasting=True)


def save(captured: Captured, run: RunDirectory, scenario_directory: Path) -> Path:
    number = 1
    while (scenario_directory / f"failure-{number}").exists():
        number += 1
    directory = scenario_directory / f"failure-{number}"
    write(captured, directory)
    return run.shown(directory)


def block(captured: Captured, directory: Path) -> str:
    """The failure block, last on the terminal; of the minimal execution where there is one."""
    shown = captured.minimal or captured
    record = captured.record
    lines = ["", *message_lines(shown.record)]
    lines += [f"    in {shown.record.task} at {shown.record.site}", ""]
    lines += flip_lines(shown.record)
    lines += [*shown.table.rstrip("\n").split("\n"), ""]
    lines += [f"    {change}" for change in shown.record.spte]
    for name, held in shown.record.held.items():
        lines.append(f"    {name} holds {held}")
    if not shown.record.held:
        lines.append("    no locks were held")
    lines.append("")
    lines.append(f"    seed       {record.seed}  strategy {record.strategy}{where(captured)}")
    if record.execution == "free":
        lines += [f"    note       {FREE_NOTE}", f"    kept in    {directory}"]
        return "\n".join(lines)
    if captured.minimal is not None:
        small = captured.minimal
        # A plan that is too long for a token is in the directory.
        packed = anchors.pack(small.plan)
        by_token = len(packed) <= PLAN_CHARS_MAX
        how = small.record.token if by_token else f"mmutorture reproduce {directory / MINIMAL}"
        lines.append(f"    minimal    {how}")
    lines.append(f"    token      {record.token}")
    lines.append(f"    reproduce  mmutorture reproduce {directory}")
    return "\n".join(lines)


def message_lines(record: Record) -> list[str]:
    """What was violated; a data race in KCSAN's layout, a header and a line for each access."""
    if record.oracle != RACE:
        return [f"{record.oracle}: {record.message}"]
    header, *parts = record.message.split("; ")
    return [f"BUG: {header}", *(f"    {part}" for part in parts), ""]


def flip_lines(record: Record) -> list[str]:
    if not record.flip:
        return []
    first, second = record.flip
    return ["    it fails when", f"        {first}", "    comes before", f"        {second}", ""]


def choices_text(record: Record) -> str:
    """``2 forced switches``, and apart from them ``and 1 other choice``."""
    text = f"{record.forced_switches} forced switch{'es' * (record.forced_switches != 1)}"
    if not record.other_choices:
        return text
    return f"{text} and {record.other_choices} other choice{'s' * (record.other_choices > 1)}"


def sizes_text(record: Record) -> str:
    more = f" and {record.other_choices}" if record.other_choices else ""
    return f"{record.forced_switches}{more}"


def where(captured: Captured) -> str:
    record, minimal = captured.record, captured.minimal
    if record.execution == "free":
        return ""
    if minimal is None:
        points = f"{record.schedule_points} schedule points"
        return f"  schedule {record.iteration}: {choices_text(record)} in {points}"
    return (
        f"  schedule {record.iteration}: {choices_text(minimal.record)}"
        f" (from {sizes_text(record)}) in {minimal.record.schedule_points} schedule points"
    )
