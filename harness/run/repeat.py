# SPDX-License-Identifier: GPL-2.0-only
"""What must not happen: the core crashes, or an execution does other things when it runs again."""

import signal

from harness.core.anchors import ordinal
from harness.core.structs import Event
from harness.core.token import Token, format_token
from harness.core.world import CoreCrashed, World
from harness.errors import HarnessError
from harness.trace.columns import describe

POINTER_MIN = 1 << 32  # what a value of the model hardly is


def line_of(event: Event, names: dict[int, str]) -> str:
    who = names.get(event.task, f"task {event.task}")
    return f"{who} {event.file}:{event.line} {event.func}() {describe(event)}"


def operation(event: Event) -> tuple[int, str, int, str, str]:
    return event.task, event.func, event.line, event.op, event.what


def likely_cause(first: Event, second: Event) -> str:
    """What two events at the same place in the order say about why they differ."""
    if operation(first) != operation(second):
        return "another operation came: what chose it is no function of the schedule"
    if first.addr != second.addr:
        return "another address: allocation or hash order"
    values = (first.old, second.old) if first.old != second.old else (first.new, second.new)
    if min(values) > POINTER_MIN:
        return "another value, and a large one: a clock, an address, or memory never written"
    return "another value: something outside of the schedule went into it"


def check(world: World) -> None:
    """HarnessError if an execution that ran twice was not the same; says where it parts."""
    found = world.differs()
    if found is None:
        return
    iteration, other = found
    index = world.compare(iteration)
    head = f"execution {iteration} is not deterministic: "
    names = {state.id: state.name for state in world.tasks()}
    first = world.event(index) if index is not None else None
    second = world.event(other) if index is not None else None
    if index is None or first is None or second is None:
        raise HarnessError(head + "its digests differ, but traced runs of it agree, many times")
    raise HarnessError(
        f"{head}the {ordinal(index + 1)} event, step {first.step}, differs:"
        f"\n    once   {line_of(first, names)}"
        f"\n    again  {line_of(second, names)}"
        f"\n    likely {likely_cause(first, second)}"
    )


def crash_text(crash: CoreCrashed, token: Token) -> str:
    name = signal.Signals(crash.signal).name
    return (
        f"the core died of {name} (address {crash.addr:#x}) in execution {crash.iteration},"
        f" step {crash.step}, in {crash.task} after {crash.pending}"
        f"\n    token      {format_token(token)}"
    )
