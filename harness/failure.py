# SPDX-License-Identifier: GPL-2.0-only
"""A failure: what is kept of a violation, as a directory and as the last block on the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from harness import catalogue, columns, config
from harness.anchors import Anchor, Kept, Plan, choice_text
from harness.errors import HarnessError
from harness.results import RunDirectory, write_json, write_text
from harness.scenario import scenario_hash, to_toml
from harness.schema import Scenario
from harness.token import Recipe, Token, format_token
from harness.units import hex64
from harness.world import STOP_FINISHED, Event, Failure, World

SCHEMA = 1
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
    schedule_points: int = 0
    schema: int = SCHEMA


@dataclass(frozen=True)
class Captured:
    """A record and the longer texts beside it."""

    record: Record
    scenario_toml: str
    table: str  # the race table
    events: str  # every event
    plan: Plan
    kept: tuple[Kept, ...]  # the same, in clear


def strategy_text(recipe: Recipe) -> str:
    settings = recipe.settings
    return f"pct(d={settings.depth})" if settings.strategy == "pct" else settings.strategy


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
        "strategy": strategy_text(recipe) if settings.controlled else "none",
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


def keep(plan: Plan, events: Sequence[Event], names: Mapping[int, str]) -> tuple[Kept, ...]:
    """The plan with what its anchors were in this execution."""
    found = {(e.task, e.op, e.anchor, e.occurrence): e for e in events if e.occurrence}

    def one(anchor: Anchor) -> Kept:
        event = found.get(anchor.place())
        return Kept(
            task=names.get(anchor.task, str(anchor.task)),
            op=anchor.op,
            object=(event.object or event.what) if event else "",
            occurrence=anchor.occurrence,
            at=f"{event.func} {event.file}:{event.line}" if event else "",
            to=choice_text(anchor, names),
            anchor=(anchor.task, anchor.object, anchor.decision, anchor.choice),
        )

    return tuple(one(anchor) for anchor in plan)


def capture(
    recipe: Recipe, scenario: Scenario, failure: Failure, execution: str, decisions: bytes
) -> Captured:
    """Run the failing execution once more, traced, in a world of its own."""
    again = replace(recipe.settings, strategy="replay")
    with World(config.build(scenario, again)) as world:
        world.replay(decisions)
        events = world.trace(failure.iteration)
        second = world.failure()
        if second is None or second.digest != failure.digest:
            raise HarnessError(
                f"execution {failure.iteration} of seed {hex64(recipe.settings.seed)} did not"
                " repeat: something in the core is not a function of scenario, seed and schedule"
            )
        plan = world.plan()
        names = {state.id: state.name for state in world.tasks()}
        about = columns.subject(failure.message, failure.addr)
        tasks = columns.involved(events, failure.task, about)
        token = format_token(
            Token(
                recipe=recipe,
                scenario_hash=scenario_hash(scenario),
                build=catalogue.build_id()[:8],
                iteration=failure.iteration,
                plan=plan,
            )
        )
        return Captured(
            record=record_of(
                failure,
                recipe,
                execution,
                world,
                token,
                spte=tuple(columns.spte_changes(events, about)),
                forced_switches=len(plan),
                schedule_points=failure.step,
            ),
            scenario_toml=to_toml(scenario),
            table="\n".join(columns.render(events, tasks, failure.task, names, about)) + "\n",
            events=columns.all_events(events, names),
            plan=plan,
            kept=keep(plan, events, names),
        )


def capture_free(recipe: Recipe, scenario: Scenario, failure: Failure, world: World) -> Captured:
    """What the stopped world still shows; there is no schedule to run again."""
    record = record_of(failure, recipe, "free", world, "")
    rows = [
        f"{state.name:<12} {state.pending or '-':<60} {state.held or 'no locks'}"
        for state in world.tasks()
        if state.state != STOP_FINISHED or state.held
    ]
    table = f"{'task':<12} {'about to do':<60} holds\n" + "\n".join(rows) + "\n"
    return Captured(record, to_toml(scenario), table, "", (), ())


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
    if captured.record.token:
        write_text(directory / "token.txt", captured.record.token + "\n")
        write_plan(directory / "plan.json", captured.kept)
    write_json(directory / "failure.json", msgspec.to_builtins(captured.record))


def save(captured: Captured, run: RunDirectory, scenario_directory: Path) -> Path:
    number = 1
    while (scenario_directory / f"failure-{number}").exists():
        number += 1
    directory = scenario_directory / f"failure-{number}"
    write(captured, directory)
    return run.shown(directory)


def block(captured: Captured, directory: Path) -> str:
    """The failure block, last on the terminal."""
    record = captured.record
    lines = ["", f"{record.oracle}: {record.message}", f"    in {record.task} at {record.site}", ""]
    lines += [*captured.table.rstrip("\n").split("\n"), ""]
    lines += [f"    {change}" for change in record.spte]
    for name, held in record.held.items():
        lines.append(f"    {name} holds {held}")
    if not record.held:
        lines.append("    no locks were held")
    lines.append("")
    lines.append(f"    seed       {record.seed}  strategy {record.strategy}{where(record)}")
    if record.execution == "free":
        lines += [f"    note       {FREE_NOTE}", f"    kept in    {directory}"]
    else:
        lines.append(f"    reproduce  mmutorture reproduce {directory}")
        lines.append(f"    token      {record.token}")
    return "\n".join(lines)


def where(record: Record) -> str:
    if record.execution == "free":
        return ""
    return (
        f"  schedule {record.iteration}: {record.forced_switches} forced switches"
        f" in {record.schedule_points} schedule points"
    )
