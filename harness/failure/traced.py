# SPDX-License-Identifier: GPL-2.0-only
"""A recording of an explored failure, by replaying it with the recorder on."""

from dataclasses import replace
from pathlib import Path

from harness.core import catalogue
from harness.core.structs import Event as Point
from harness.core.world import World
from harness.errors import HarnessError, UsageError
from harness.failure import reproduce
from harness.failure.reproduce import Target
from harness.trace import columns, events, record
from harness.trace.capture import recorded
from harness.trace.events import Event, Recording
from harness.trace.record import Site


def point(found: Point) -> Event:
    """A schedule point as an instant."""
    site = Site(func=found.func, file=found.file, line=found.line)
    what = columns.describe(found)
    return Event(
        task=found.task, kind="point", begin=found.step, end=found.step, what=what, site=site
    )


def of_world(world: World, target: Target, points: bool) -> Recording:
    """The execution that the world is set to follow."""
    found = world.trace(target.token.iteration)
    failure = world.failure()
    if target.record is not None and (failure is None or failure.oracle != target.record.oracle):
        what = f"{failure.oracle} was violated" if failure else "no oracle was violated"
        raise HarnessError(f"the replay diverged: {what}, and not {target.record.oracle}")
    data = recorded(target.scenario.name, "explore", failure)
    if data is None:
        raise HarnessError("the core recorded nothing")
    recording = events.of_records(*record.decode(data, "the replay"))
    if not points:
        return recording
    both = sorted([*recording.events, *map(point, found)], key=events.order)
    return replace(recording, events=tuple(both))


def of_target(text: str, points: bool) -> Recording:
    """Of a token or a failure directory; a replay that cannot be promised is refused."""
    target = reproduce.find_target(text)
    if why := reproduce.refusal(target):
        raise UsageError(f"cannot be replayed: {why}")
    token = target.token
    settings = replace(token.recipe.settings, record=True)
    recipe = replace(token.recipe, settings=settings)
    by_plan = settings.strategy == "anchored" or catalogue.is_search(settings.strategy)
    target = replace(target, token=replace(token, recipe=recipe))
    with reproduce.replaying(target, "explore", by_plan) as world:
        if by_plan:
            world.follow(token.plan or ())
        return of_world(world, target, points)


def of_failure(directory: Path, points: bool) -> Recording:
    """Of a free run there is no schedule: what it recorded is beside it."""
    record_ = reproduce.read_record(directory)
    if record_.token:
        return of_target(str(directory), points)
    if points:
        raise UsageError(f"{directory}: comes from a free run, which has no schedule points")
    return events.read(directory.parent)
