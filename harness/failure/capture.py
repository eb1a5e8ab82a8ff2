# SPDX-License-Identifier: GPL-2.0-only
"""Run an execution that fails once more, traced, and keep what people and replays want of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from harness.core import catalogue, config, stacks
from harness.core.anchors import Anchor, Kept, Plan, choice_text
from harness.core.structs import Event, Failure
from harness.core.token import Recipe, Token, format_token
from harness.core.world import EVENTS_READ, World, object_name
from harness.errors import HarnessError
from harness.failure import flip
from harness.failure.evidence import Captured, record_of
from harness.failure.minimise import Minimal, minimise
from harness.failure.rig import Progress, Rig, Signature, switches
from harness.scenario.scenarios import scenario_hash, to_toml
from harness.scenario.schema import Scenario
from harness.trace import columns
from harness.trace.capture import recorded
from harness.units import hex64

FLIP_SECONDS = 5.0
FLIP_STEPS = 50_000  # of an execution that is not too long to try again and again


def keep(plan: Plan, events: Sequence[Event], names: Mapping[int, str]) -> tuple[Kept, ...]:
    """The plan with what its anchors were in this execution."""
    found = {e.place(): e for e in events if e.occurrence}

    def one(anchor: Anchor) -> Kept:
        event = found.get(anchor.place())
        return Kept(
            task=names.get(anchor.task, str(anchor.task)),
            op=anchor.op,
            object=(event.object or event.what) if event else object_name(anchor.object),
            occurrence=anchor.occurrence,
            at=f"{event.func} {event.file}:{event.line}" if event else "",
            to=choice_text(anchor, names),
            anchor=(anchor.task, anchor.object, anchor.decision, anchor.choice),
            chain=event.chain if event else "",
        )

    return tuple(one(anchor) for anchor in plan)


def traced(
    world: World,
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    execution: str,
    found: flip.Flip | None = None,
) -> Captured:
    """The execution that `world` is set to follow, with the two events that decide."""
    world.want_chains(failure.step - 2 * EVENTS_READ, failure.step)
    events = world.trace(failure.iteration)
    second = world.failure()
    if second is None or second.digest != failure.digest:
        raise HarnessError(
            f"execution {failure.iteration} of seed {hex64(recipe.settings.seed)} did not"
            " repeat: something in the core is not a function of scenario, seed and schedule"
        )
    plan = world.plan()
    tasks = world.tasks()
    names = {state.id: state.name for state in tasks}
    about = columns.subject(failure.message, failure.addr)
    token = format_token(
        Token(
            recipe=recipe,
            scenario_hash=scenario_hash(scenario),
            build=catalogue.build_id()[:8],
            iteration=failure.iteration,
            plan=plan,
            oracle=failure.oracle,
        )
    )
    before = world.traced - len(events)
    decide = (found.first, found.second) if found is not None else ()
    view = columns.View(
        events=events,
        plan=plan,
        task=failure.task,
        names=names,
        about=about,
        pending={state.id: state.pending for state in tasks if state.pending and not state.over},
        pointed={event.place() for event in decide},
        before=before,
    )
    return Captured(
        record=record_of(
            failure,
            recipe,
            execution,
            world,
            token,
            spte=tuple(columns.spte_changes(events, about)),
            forced_switches=switches(plan),
            other_choices=len(plan) - switches(plan),
            schedule_points=failure.step,
            flip=flip_text(decide, events, names),
        ),
        scenario_toml=to_toml(scenario),
        table="\n".join(columns.render(view)) + "\n",
        events=columns.all_events(events, names, before),
        chains=stacks.pack([event.chain for event in events]),
        plan=plan,
        kept=keep(plan, events, names),
        recording=recorded(scenario.name, "explore", second),
    )


def capture(
    recipe: Recipe, scenario: Scenario, failure: Failure, execution: str, decisions: bytes
) -> Captured:
    """A failure as it was found, by its decisions."""
    again = replace(recipe.settings, strategy="replay", record=True)
    with World(config.build(scenario, again)) as world:
        world.replay(decisions)
        return traced(world, recipe, scenario, failure, execution)


def flip_text(
    decide: Sequence[Event], events: Sequence[Event], names: Mapping[int, str]
) -> tuple[str, ...]:
    """They were found in executions beside this one: here a word may have another value."""
    here = {event.place(): event for event in events}
    return tuple(
        f"{names.get(event.task, '?')} {columns.place(event)} {columns.describe(event)}"
        for event in (here.get(there.place(), there) for there in decide)
    )


def find_flip(minimal: Minimal, scenario: Scenario) -> flip.Flip | None:
    wanted, settings = Signature.of(minimal.failure), minimal.recipe.settings
    iteration = minimal.failure.iteration
    with Rig(scenario, settings, iteration, wanted, FLIP_SECONDS, lambda *_: None) as rig:
        return flip.critical_flip(rig, minimal.plan) if rig.fails(minimal.plan) else None


def capture_minimal(minimal: Minimal, execution: str) -> Captured:
    """The minimal execution, and which two events decide."""
    recipe, failure, scenario = minimal.recipe, minimal.failure, minimal.scenario
    found = find_flip(minimal, scenario) if failure.step <= FLIP_STEPS else None
    with World(config.build(scenario, replace(recipe.settings, record=True))) as world:
        world.follow(minimal.plan)
        captured = traced(world, recipe, scenario, failure, execution, found)
    record = msgspec.structs.replace(
        captured.record,
        minimised_from=minimal.before,
        replays=minimal.replays,
        stopped=minimal.stopped,
    )
    return replace(captured, record=record)


def with_minimal(
    captured: Captured,
    recipe: Recipe,
    scenario: Scenario,
    failure: Failure,
    seconds: float,
    progress: Progress,
) -> Captured:
    """The failure with the smallest execution that is found in the time."""
    minimal = minimise(recipe, scenario, failure, captured.plan, seconds, progress)
    if minimal is None:
        return captured
    small = capture_minimal(minimal, captured.record.execution)
    return replace(captured, minimal=small)
