# SPDX-License-Identifier: GPL-2.0-only
"""Events as text: one line each, aligned."""

from collections.abc import Iterable, Iterator

from harness.trace.events import INSTANTS, Event, Recording
from harness.trace.record import Site

STILL_OPEN = "-"  # in the column of lengths: it had not ended


def where(site: Site | None) -> str:
    return f"{site.func} {site.file}:{site.line}" if site else ""


def gfn_text(event: Event) -> str:
    return f" gfn {event.gfn:#x}" if event.gfn is not None else ""


def locked(event: Event) -> str:
    name = event.lock or "a lock without a name"
    return f"{name} ({event.mode})" if event.mode else name


def label(event: Event) -> str:
    """What it is, in a few words; without who, when and where."""
    match event.kind:
        case "operation":
            return f"{event.what}{gfn_text(event)}"
        case "fault":
            row = f", {event.value} in a row" if event.value > 1 else ""
            result = f": {event.what}{row}" if event.end is not None else ""
            return f"fault{gfn_text(event)}{result}"
        case "invalidate":
            return f"invalidate {event.what}, {event.value} pages"
        case "zap":
            return f"zap{gfn_text(event)}, {event.value} pages"
        case "zap-root":
            return f"zap root {event.value:#x}"
        case "wait" | "hold" | "yield":
            return f"{event.kind} {locked(event)}"
        case "flush" | "flush-wait":
            return f"{event.kind} {event.what}, {event.value} vCPUs in guest mode"
        case "grace-period":
            return f"grace period {event.what}"
        case "callbacks":
            return f"callbacks, {event.value}"
        case "backlog":
            return f"{event.value} callbacks pending"
        case "root-invalid":
            return f"root {event.value:#x} invalid"
        case "point":
            return event.what
        case "violation":
            return f"VIOLATION {event.what}"
        case _:
            return event.kind


def details(event: Event, recording: Recording) -> str:
    """Who else, and where."""
    parts = []
    if event.kind == "wait" and event.other is not None:
        taken = f" at {where(event.other_site)}" if event.other_site else ""
        parts.append(f"held by {recording.name(event.other)}{taken}")
    if event.kind == "hold" and event.other is not None:
        parts.append(f"{recording.name(event.other)} waited")
    if event.kind == "hold" and event.mode == "read" and event.value:
        parts.append(f"{event.value} reader{'s' if event.value > 1 else ''} in")
    if event.earlier:
        parts.append("began earlier")
    if event.later:
        parts.append("ended later")
    if event.site:
        parts.append(where(event.site))
    return "; ".join(parts)


def length_text(event: Event) -> str:
    if event.kind in INSTANTS:
        return ""
    return STILL_OPEN if event.length is None else str(event.length)


def lines(recording: Recording, events: Iterable[Event]) -> Iterator[str]:
    """A heading, and a line for each event."""
    shown = list(events)
    unit = recording.unit
    begins = max([len(f"begin {unit}"), *(len(str(e.begin)) for e in shown)])
    lengths = max([len(unit), *(len(length_text(e)) for e in shown)])
    tasks = max([len("task"), *(len(recording.name(e.task)) for e in shown)])
    labels = max([len("what"), *(len(label(e)) for e in shown)])
    yield f"{'begin ' + unit:>{begins}}  {unit:>{lengths}}  {'task':<{tasks}}  what"
    for e in shown:
        row = (
            f"{e.begin:>{begins}}  {length_text(e):>{lengths}}"
            f"  {recording.name(e.task):<{tasks}}  {label(e):<{labels}}  {details(e, recording)}"
        )
        yield row.rstrip()
