# SPDX-License-Identifier: GPL-2.0-only
"""Replay a failure: the same oracle, at the same place, after the same events, each time.

The verdict is `reproduced` when every repeat did; `diverged` when one did not, with the first
difference; `refused` when the token belongs to another build or another scenario.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import msgspec

from harness.core import catalogue, config, stacks
from harness.core.anchors import Kept, plan_of
from harness.core.structs import Failure
from harness.core.token import Token, looks_like_token, parse_token
from harness.core.world import World
from harness.errors import HarnessError, UsageError
from harness.failure.diverge import (
    EVENTS_MAX,
    Wanted,
    explain,
    first_difference,
    moved_text,
    search,
    violates,
)
from harness.failure.evidence import Record
from harness.scenario.scenarios import load, load_file, scenario_hash
from harness.scenario.schema import Scenario


@dataclass(frozen=True)
class Target:
    """What is to be reproduced, and what is known of how it looked."""

    token: Token
    scenario: Scenario
    record: Record | None
    kept: tuple[Kept, ...] = ()  # the plan, in clear
    events: str = ""  # events.txt
    chains: stacks.Chains = stacks.NONE  # of these events


@dataclass(frozen=True)
class Verdict:
    verdict: str  # reproduced, diverged, refused
    repeats: int
    reproduced: int
    digest: str
    oracle: str
    detail: str

    @classmethod
    def of(cls, repeats: int, good: int, failure: Failure | None, detail: str) -> Self:
        """After so many repeats, of which so many were as they should be."""
        return cls(
            verdict="reproduced" if good == repeats else "diverged",
            repeats=repeats,
            reproduced=good,
            digest=f"0x{failure.digest:016x}" if failure else "",
            oracle=failure.oracle if failure else "",
            detail=detail,
        )


def read_record(directory: Path) -> Record:
    file = directory / "failure.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=Record)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file}: is damaged: {error}") from None


def read_plan(directory: Path) -> tuple[Kept, ...] | None:
    """The whole plan, which a token carries only when it is short; None: it is not there."""
    file = directory / "plan.json"
    try:
        return msgspec.json.decode(file.read_bytes(), type=tuple[Kept, ...])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise UsageError(f"{file}: is damaged: {error}") from None


def read_events(directory: Path) -> str:
    try:
        return (directory / "events.txt").read_text(encoding="utf-8")
    except OSError:
        return ""


def find_target(text: str) -> Target:
    """A token, or a failure directory (whose own scenario.toml counts)."""
    if looks_like_token(text):
        token = parse_token(text)
        return Target(token, load(token.recipe.spec, token.recipe.overrides), None)
    directory = Path(text)
    if directory.name == "failure.json":
        directory = directory.parent
    if directory.is_dir():
        record = read_record(directory)
        if not record.token:
            raise UsageError(
                f"{text}: comes from a free run, which has no schedule to replay;"
                " explore the same scenario to find one"
            )
        token = parse_token(record.token)
        kept = read_plan(directory)
        if token.plan is None and kept is not None:
            token = replace(token, plan=plan_of(kept))
        return Target(
            token,
            load_file(directory / "scenario.toml"),
            record,
            kept or (),
            read_events(directory),
            stacks.read(directory),
        )
    raise UsageError(f"'{text[:80]}' is neither a failure directory nor a token (mt2:...)")


def refusal(target: Target) -> str:
    """Why a faithful replay cannot be promised; empty: it can."""
    build = catalogue.build_id()[:8]
    if target.token.build != build:
        return f"it was made by build {target.token.build}, and this is {build}"
    found = scenario_hash(target.scenario)
    if target.token.scenario_hash != found:
        return f"its scenario had hash {target.token.scenario_hash}, and now has {found}"
    return ""


@contextmanager
def replaying(target: Target, execution: str, by_plan: bool) -> Iterator[World]:
    recipe = target.token.recipe
    if by_plan:
        whole = catalogue.is_search(recipe.settings.strategy)
        settings = replace(recipe.settings, strategy="anchored", whole_steps=whole)
        recipe = replace(recipe, settings=settings)
    if execution == "lockstep":
        from harness.run.lockstep import lockstep_world

        with lockstep_world(target.scenario, recipe) as world:
            yield world
    else:
        with World(config.build(target.scenario, recipe.settings)) as world:
            yield world


def compare(failure: Failure | None, first: Failure | None, record: Record | None) -> str:
    """How this repeat differs from what it should be; empty: not at all."""
    if failure is None:
        return "no oracle was violated"
    if record is not None:
        site = f"{failure.file}:{failure.line} {failure.func}"
        if failure.oracle != record.oracle:
            return f"{failure.oracle} was violated, and not {record.oracle}"
        if site.partition(" ")[2] != record.site.partition(" ")[2]:
            return f"it was violated at {site}, and not at {record.site}"
        if f"0x{failure.digest:016x}" != record.digest:
            return f"the events differ: digest 0x{failure.digest:016x}, and not {record.digest}"
    if first is not None and (failure.digest, failure.oracle) != (first.digest, first.oracle):
        return f"digest 0x{failure.digest:016x} after 0x{first.digest:016x}"
    return ""


@dataclass(frozen=True)
class Found:
    """One violating execution, and what it decided."""

    failure: Failure
    decisions: bytes


def once(target: Target, by_plan: bool) -> Found | None:
    """Replay with fibers; None: nothing was violated."""
    token = target.token
    strategy = token.recipe.settings.strategy
    by_plan |= strategy == "anchored" or catalogue.is_search(strategy)
    with replaying(target, "explore", by_plan) as world:
        if by_plan:
            world.follow(token.plan or ())
        world.explore(token.iteration, 1, 0.0)
        failure = world.failure()
        return Found(failure, world.decisions()) if failure is not None else None


def elsewhere(target: Target, repeat: int, why: str) -> Verdict:
    """The plan in another build or scenario: as it is, with a switch moved, or what differs."""
    token, record = target.token, target.record
    plan, iteration = token.plan or (), token.iteration
    oracle = record.oracle if record else token.oracle
    wanted = Wanted(oracle, record.site.rpartition(" ")[2] if record else "")
    with replaying(target, "explore", by_plan=True) as world:
        moved = ""
        if not violates(world, iteration, plan, wanted):
            found = search(world, iteration, plan, wanted)
            if found is None:
                return diverged(target, world, repeat)
            moved = moved_text(world, iteration, plan, found, target.kept)
            plan = found[0]
        good = sum(violates(world, iteration, plan, wanted) for _ in range(repeat))
        failure = world.failure()
        text = moved or (failure.message if failure else "")
        return Verdict.of(repeat, good, failure, f"{text} ({why})")


def diverged(target: Target, world: World, repeat: int) -> Verdict:
    """No plan near this one fails in the same way."""
    token = target.token
    plan, iteration = token.plan or (), token.iteration
    world.follow(plan)
    world.explore(iteration, 1, 0.0)
    failure = world.failure()
    world.want_chains(1, EVENTS_MAX)
    what = f"{failure.oracle} was violated" if failure else "no oracle was violated"
    texts = [what, explain(world, iteration, plan, target.kept)]
    names = {state.id: state.name for state in world.tasks()}
    events = world.trace(iteration, EVENTS_MAX)
    if world.traced == len(events) and target.events:
        text = first_difference(target.events, events, names, target.chains)
        texts += [f"first difference: {text}"] if text else []
    return Verdict.of(repeat, 0, failure, "; ".join(texts))


def what_force_does(target: Target) -> str:
    if target.token.plan is not None:
        return "--force replays it all the same, by its plan"
    return (
        "--force replays it all the same, by its seed, which is another schedule here if code moved"
    )


def reproduce(target: Target, execution: str, repeat: int, force: bool, by: str) -> Verdict:
    """Replay `repeat` times; `by` is seed or plan."""
    if (why := refusal(target)) and not force:
        return Verdict("refused", repeat, 0, "", "", f"{why}; {what_force_does(target)}")
    token = target.token
    strategy = token.recipe.settings.strategy
    kept = strategy == "anchored" or catalogue.is_search(strategy)
    if kept and token.plan is None:
        raise UsageError(
            f"the token carries no plan, and {strategy} cannot do without;"
            " reproduce from the failure's directory, which has it"
        )
    if by == "plan" and token.plan is None:
        raise UsageError("the token carries no plan; replay it by seed")
    # The seed means another schedule in another build, while a plan may survive the change.
    by_plan = by == "plan" or kept or (bool(why) and token.plan is not None)
    if why and by_plan and execution == "explore":
        return elsewhere(target, repeat, why)
    record = None if why else target.record
    good, first, detail = 0, None, ""
    with replaying(target, execution, by_plan) as world:
        run = world.lockstep if execution == "lockstep" else world.explore
        if by_plan:
            world.follow(token.plan or ())
        for _ in range(repeat):
            if run(token.iteration, 1, 0.0) != 1:
                raise HarnessError("the core did not run the execution")
            failure = world.failure()
            difference = compare(failure, first, record)
            first = first or failure
            if difference:
                detail = detail or difference
            else:
                good += 1
    text = detail or (first.message if first else "")
    how = "by its plan" if by_plan else "by its seed"
    return Verdict.of(repeat, good, first, f"{text} ({why}; replayed {how})" if why else text)
