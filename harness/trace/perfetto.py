# SPDX-License-Identifier: GPL-2.0-only
"""A recording for ui.perfetto.dev: a TrackEvent trace, as protos/perfetto/trace of Perfetto has it.

One process for the run; a track for each task with what it was at, and tracks below it for the
locks that it held; arrows from the release of a lock to whom it let in; counters; instants.  One
sequence of packets, by time, with names interned.  A schedule point is shown as a nanosecond.
"""

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.contention.record import Series
from harness.results.directory import write_bytes
from harness.trace import lanes, text
from harness.trace.events import INSTANTS, Event, Recording, arrows
from harness.trace.protobuf import data, fixed64, number, string
from harness.trace.record import Site

SEQUENCE = 1
STATE_CLEARED, NEEDS_STATE = 1, 2  # TracePacket.SequenceFlags
SLICE_BEGIN, SLICE_END, INSTANT, COUNTER = 1, 2, 3, 4  # TrackEvent.Type
PROCESS_ID = 1
RUN_TRACK, TASK_TRACKS, LOCK_TRACKS, COUNTER_TRACKS = 1, 0x100, 0x10000, 0x1000000
LOCK_TRACKS_MAX = 64  # of a task
MMU_LOCK = "mmu_lock"

Timed = tuple[int, bytes]  # time, TrackEvent without what is interned


class Packets:
    """Packets of the sequence, with what they intern."""

    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.known: dict[tuple[int, object], int] = {}
        self.fresh: list[bytes] = []  # of the packet at hand

    def intern(self, field: int, key: object, body: bytes) -> int:
        """The number of an entry of this field of InternedData; its body without the number."""
        found = self.known.get((field, key))
        if found is None:
            found = self.known[field, key] = len(self.known) + 1
            self.fresh.append(data(field, number(1, found) + body))
        return found

    def name(self, name: str) -> bytes:
        return number(10, self.intern(2, name, string(2, name)))

    def category(self, name: str) -> bytes:
        return number(3, self.intern(1, name, string(2, name)))

    def annotation(self, name: str, value: int | str) -> bytes:
        key = number(1, self.intern(3, name, string(2, name)))
        return data(4, key + (string(6, value) if isinstance(value, str) else number(4, value)))

    def location(self, site: Site) -> bytes:
        body = string(2, site.file) + string(3, site.func) + number(4, site.line)
        return number(34, self.intern(4, site, body))

    def add(self, body: bytes) -> None:
        first = not self.out
        flags = STATE_CLEARED if first else NEEDS_STATE
        packet = number(10, SEQUENCE) + number(13, flags) + body
        if self.fresh:
            packet += data(12, b"".join(self.fresh))
            self.fresh = []
        self.out.append(data(1, packet + (number(87, 1) if first else b"")))

    def event(self, time: int, body: bytes) -> None:
        self.add(number(8, time) + data(11, body))


# ---------------------------------------------------------------- tracks


def descriptor(uuid: int, parent: int | None, body: bytes) -> bytes:
    above = number(5, parent) if parent is not None else b""
    return data(60, number(1, uuid) + above + body)


def run_track(recording: Recording) -> bytes:
    header = recording.header
    unit = "" if header.unit == "ns" else ", 1 schedule point = 1 ns"
    name = f"mmutorture {header.scenario} ({header.execution}{unit})"
    return descriptor(RUN_TRACK, None, data(3, number(1, PROCESS_ID) + string(6, name)))


def task_track(task: int, name: str) -> bytes:
    # Threads have numbers from 1 on, and the first is the main one.
    thread = number(1, PROCESS_ID) + number(2, PROCESS_ID + 1 + task) + string(5, name)
    return descriptor(TASK_TRACKS + task, RUN_TRACK, data(4, thread))


def lock_track(task: int, lane: int) -> int:
    return LOCK_TRACKS + task * LOCK_TRACKS_MAX + min(lane, LOCK_TRACKS_MAX - 1)


# ---------------------------------------------------------------- events


def title(event: Event) -> str:
    """What slices of a kind have in common, so that a viewer can add them up."""
    match event.kind:
        case "operation":
            return event.what
        case "wait" | "hold" | "yield":
            return f"{event.kind} {text.locked(event)}"
        case "flush" | "grace-period":
            return f"{event.kind} {event.what}"
        case "violation" | "point":
            return text.label(event)
        case _:
            return event.kind


def annotations(event: Event, recording: Recording, packets: Packets) -> bytes:
    found: dict[str, int | str] = {}
    if event.kind not in ("operation", "point"):
        found |= {"what": text.label(event)}
    if event.gfn is not None:
        found["gfn"] = f"{event.gfn:#x}"
    if event.kind == "fault" and event.end is not None:
        found["result"] = event.what
        found["in a row"] = event.value
    if event.kind == "wait" and event.other is not None:
        found["held by"] = recording.name(event.other)
        if event.other_site:
            found["taken at"] = text.where(event.other_site)
    if event.kind == "hold" and event.other is not None:
        found["waited for by"] = recording.name(event.other)
    if event.value and event.kind in ("invalidate", "zap"):
        found["pages"] = event.value
    for flag, says in ((event.earlier, "began"), (event.later, "ended")):
        if flag:
            found[says] = "at an unknown time outside of this slice"
    if event.end is None:
        found["ended"] = "not: the recording ends first"
    return b"".join(packets.annotation(name, value) for name, value in found.items())


def described(event: Event, recording: Recording, packets: Packets) -> bytes:
    body = packets.category(event.kind) + packets.name(title(event))
    body += annotations(event, recording, packets)
    return body + packets.location(event.site) if event.site else body


def track_event(kind: int, track: int, body: bytes = b"") -> bytes:
    return number(9, kind) + number(11, track) + body


class Writer:
    """All of a recording, as one sequence of packets."""

    def __init__(self, recording: Recording, series: Series | None) -> None:
        self.recording, self.series = recording, series
        self.packets = Packets()
        self.sources: list[list[Timed]] = []  # each by time; merged in this order

    def descriptors(self) -> None:
        self.packets.add(run_track(self.recording))
        for task in self.recording.tasks:
            self.packets.add(task_track(task.id, task.name))

    def slices(self, events: Iterable[Event], tracks: list[int]) -> None:
        for track, edges in zip(tracks, lanes.nested(events), strict=False):
            self.sources.append(
                [
                    (
                        time,
                        track_event(
                            SLICE_BEGIN, track, described(event, self.recording, self.packets)
                        ),
                    )
                    if begins
                    else (time, track_event(SLICE_END, track))
                    for time, begins, event in edges
                ]
            )

    def task(self, task: int) -> None:
        own = [event for event in self.recording.events if event.task == task]
        holds = [event for event in own if event.kind == "hold"]
        rest = [e for e in own if e.kind != "hold" and e.kind not in INSTANTS]
        main = TASK_TRACKS + task
        deep = len(lanes.nested(rest))
        # What a task was at nests, unless ends were lost: then it goes on beside.
        below = [lock_track(task, LOCK_TRACKS_MAX - 1 - n) for n in range(deep - 1)]
        for uuid in below:
            self.packets.add(descriptor(uuid, main, string(2, "beside")))
        self.slices(rest, [main, *below])
        locked = [lock_track(task, n) for n in range(len(lanes.nested(holds)))]
        for uuid in locked:
            self.packets.add(descriptor(uuid, main, string(2, "locks held")))
        self.slices(holds, locked)
        self.sources.append(
            [
                (e.begin, track_event(INSTANT, main, described(e, self.recording, self.packets)))
                for e in own
                if e.kind in INSTANTS and e.kind != "backlog"
            ]
        )

    def flows(self) -> None:
        """From an instant where the lock was let go to one where the waiter was in."""
        events, out, into = self.recording.events, [], []
        for flow, arrow in enumerate(arrows(self.recording), 1):
            hold, wait = events[arrow.hold], events[arrow.wait]
            assert hold.end is not None and wait.end is not None
            packets = self.packets
            lock = packets.annotation("lock", hold.lock)
            release = packets.category("release") + packets.name(f"release {hold.lock}") + lock
            release += packets.annotation("let in", self.recording.name(wait.task))
            entry = packets.category("release") + packets.name(f"let in by {hold.lock}") + lock
            entry += packets.annotation("by", self.recording.name(hold.task))
            source, target = TASK_TRACKS + hold.task, TASK_TRACKS + wait.task
            out.append((hold.end, track_event(INSTANT, source, release) + fixed64(47, flow)))
            into.append((wait.end, track_event(INSTANT, target, entry) + fixed64(48, flow)))
        # Behind all else of its time: a flow ends after it has begun.
        self.sources += [sorted(out), sorted(into)]

    def counter(self, index: int, name: str, unit: str, points: Iterable[tuple[int, int]]) -> None:
        values = list(points)
        if not values:
            return
        uuid = COUNTER_TRACKS + index
        body = string(2, name) + data(8, string(6, unit))
        self.packets.add(descriptor(uuid, RUN_TRACK, body))
        self.sources.append(
            [(time, track_event(COUNTER, uuid) + number(30, value)) for time, value in values]
        )

    def counters(self) -> None:
        events = self.recording.events
        if self.recording.header.holds_sampled == 1:
            self.counter(0, f"readers in {MMU_LOCK}", "tasks", lanes.readers_in(events, MMU_LOCK))
        else:
            seen = sorted(
                (e.end, e.value)
                for e in events
                if e.kind == "hold"
                and e.lock == MMU_LOCK
                and e.mode == "read"
                and e.end is not None
            )
            self.counter(0, f"readers in {MMU_LOCK}, at recorded releases", "tasks", seen)
        backlog = ((e.begin, e.value) for e in events if e.kind == "backlog")
        self.counter(1, "callbacks pending", "callbacks", backlog)
        if self.series is None:
            return
        tick = self.series.tick
        for index, (name, column) in enumerate(
            (("faults", self.series.faults), ("retries", self.series.retries)), 2
        ):
            points = ((round(n * tick), value) for n, value in enumerate(column))
            self.counter(index, f"{name} per {tick:g} {self.recording.unit}", name, points)

    def write(self) -> bytes:
        self.descriptors()
        for task in self.recording.tasks:
            self.task(task.id)
        self.counters()
        self.flows()
        for time, body in self.merged():
            self.packets.event(max(0, time), body)
        return b"".join(self.packets.out)

    def merged(self) -> Iterator[Timed]:
        return heapq.merge(*self.sources, key=lambda timed: timed[0])


def encode(recording: Recording, series: Series | None = None) -> bytes:
    return Writer(recording, series).write()


def write(recording: Recording, file: Path, series: Series | None = None) -> int:
    """The size of the file."""
    encoded = encode(recording, series)
    write_bytes(file, encoded)
    return len(encoded)
