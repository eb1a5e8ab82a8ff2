# SPDX-License-Identifier: GPL-2.0-only
"""The Perfetto file, read with Perfetto's own schema: what a viewer relies on holds."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contention.record import Series
from harness.trace import events, perfetto, protobuf, record
from harness.trace.events import Recording
from tests.conftest import Run, long_enough
from tests.trace import recordings
from tests.trace.recordings import EVIL, MMU_LOCK, WRITE, raw

pb = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
unknown_fields = pytest.importorskip("google.protobuf.unknown_fields")


def recording(played: recordings.Played, **changes: object) -> Recording:
    return events.of_records(*record.decode(played.encoded(**changes), "made-up"))


def has_unknown(message: Any) -> bool:
    if len(unknown_fields.UnknownFieldSet(message)):
        return True
    for field, value in message.ListFields():
        if field.message_type is not None:
            parts = value if field.is_repeated else [value]
            if any(has_unknown(part) for part in parts):
                return True
    return False


class Read:
    """A trace as a viewer reads it: tracks, interned strings, events by track."""

    def __init__(self, encoded: bytes) -> None:
        self.trace = pb.Trace()
        self.trace.ParseFromString(encoded)
        assert not has_unknown(self.trace)
        self.tracks: dict[int, Any] = {}
        self.interned: dict[str, dict[int, Any]] = defaultdict(dict)
        self.events: list[tuple[int, Any]] = []
        first = self.trace.packet[0]
        assert first.sequence_flags == pb.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
        for packet in self.trace.packet:
            assert packet.trusted_packet_sequence_id == first.trusted_packet_sequence_id
            self.read(packet)

    def read(self, packet: Any) -> None:
        for field, entries in packet.interned_data.ListFields():
            for entry in entries:
                assert entry.iid and entry.iid not in self.interned[field.name]
                self.interned[field.name][entry.iid] = entry
        if packet.HasField("track_descriptor"):
            found = packet.track_descriptor
            assert found.uuid and found.uuid not in self.tracks
            assert not found.parent_uuid or found.parent_uuid in self.tracks
            self.tracks[found.uuid] = found
        if packet.HasField("track_event"):
            event = packet.track_event
            assert event.track_uuid in self.tracks
            assert self.resolved(event)
            self.events.append((packet.timestamp, event))

    def resolved(self, event: Any) -> bool:
        known = self.interned
        iids = [("event_categories", iid) for iid in event.category_iids]
        iids += [("debug_annotation_names", a.name_iid) for a in event.debug_annotations]
        if event.type in (pb.TrackEvent.TYPE_SLICE_BEGIN, pb.TrackEvent.TYPE_INSTANT):
            iids.append(("event_names", event.name_iid))
        if event.HasField("source_location_iid"):
            iids.append(("source_locations", event.source_location_iid))
        return all(iid in known[table] for table, iid in iids)

    def name(self, event: Any) -> str:
        return str(self.interned["event_names"][event.name_iid].name)

    def check(self) -> None:
        times = [time for time, _ in self.events]
        assert times == sorted(times)
        depth: dict[int, int] = defaultdict(int)
        flows: dict[int, int] = {}
        for time, event in self.events:
            if event.type == pb.TrackEvent.TYPE_SLICE_BEGIN:
                depth[event.track_uuid] += 1
            elif event.type == pb.TrackEvent.TYPE_SLICE_END:
                depth[event.track_uuid] -= 1
                assert depth[event.track_uuid] >= 0
            elif event.type == pb.TrackEvent.TYPE_COUNTER:
                assert self.tracks[event.track_uuid].HasField("counter")
            for flow in event.flow_ids:
                flows[flow] = time
            for flow in event.terminating_flow_ids:
                assert flows.pop(flow) <= time
        assert not flows

    def slices(self) -> list[tuple[int, int, int | None, str]]:
        """Track, begin, end, name."""
        found, stacks = [], defaultdict(list)
        for time, event in self.events:
            if event.type == pb.TrackEvent.TYPE_SLICE_BEGIN:
                stacks[event.track_uuid].append((time, self.name(event)))
            elif event.type == pb.TrackEvent.TYPE_SLICE_END:
                begin, name = stacks[event.track_uuid].pop()
                found.append((event.track_uuid, begin, time, name))
        for track, stack in stacks.items():
            found += [(track, begin, None, name) for begin, name in stack]
        return found


@given(st.integers(0, 1 << 30))
@settings(max_examples=30)
def test_made_up_recordings_are_valid_traces(seed: int) -> None:
    found = recording(recordings.play(seed))
    trace = Read(perfetto.encode(found))
    trace.check()
    slices = trace.slices()
    wanted = [(e.begin, e.end) for e in found.events if e.kind not in events.INSTANTS]
    assert sorted((begin, end) for _, begin, end, _ in slices) == sorted(wanted)
    flows = sum(len(event.flow_ids) for _, event in trace.events)
    assert flows == len(events.arrows(found))


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.none() | st.integers(0, 30), st.booleans()), max_size=25
    )
)
def test_whatever_overlaps_is_drawn_as_it_was(spans: list[tuple[int, int | None, bool]]) -> None:
    played = recordings.Played(
        [
            raw("hold" if hold else "fault", 2, at, None if n is None else at + n, arg=MMU_LOCK)
            for at, n, hold in spans
        ]
    )
    trace = Read(perfetto.encode(recording(played)))
    trace.check()

    def order(span: tuple[int, int | None]) -> tuple[int, float]:
        return span[0], float("inf") if span[1] is None else span[1]

    drawn = sorted(((begin, end) for _, begin, end, _ in trace.slices()), key=order)
    wanted = [(at, None if n is None else at + n) for at, n, _ in spans]
    assert drawn == sorted(wanted, key=order)


def test_names_places_and_counters() -> None:
    played = recordings.Played(
        [
            raw("wait", 2, 10, 30, arg=MMU_LOCK, mode=WRITE, other=6, site=3, other_site=2),
            raw("hold", 6, 5, 29, arg=MMU_LOCK, mode=WRITE, site=2),
            raw("hold", 3, 40, 50, arg=MMU_LOCK, mode=0, value=3),
            raw("hold", 3, 41, 45, arg=EVIL),
            raw("backlog", 1, 42, 42, arg=7),
            raw("violation", 2, 60, 60, value=1),
        ]
    )
    series = Series(
        tick=20.0, faults=(1, 2), operations=(0, 0), retries=(0, 5), flushes=(0, 0),
        callbacks=(0, 0), locks=(),
    )  # fmt: skip
    trace = Read(perfetto.encode(recording(played), series))
    trace.check()
    names = {track.thread.thread_name for track in trace.tracks.values()}
    assert set(recordings.NAMES) <= names
    assert ("wait mmu_lock (write)", 10, 30) in [(n, b, e) for _, b, e, n in trace.slices()]
    instants = {trace.name(e): t for t, e in trace.events if e.type == pb.TrackEvent.TYPE_INSTANT}
    assert instants["VIOLATION frame-life"] == 60
    assert instants["release mmu_lock"] == 29 and instants["let in by mmu_lock"] == 30
    (place,) = [s for s in trace.interned["source_locations"].values() if s.line_number == 1]
    assert (place.function_name, place.file_name) == ('f</script>"', "x&y.c")
    counted = {
        track.name: [e.counter_value for _, e in trace.events if e.track_uuid == uuid]
        for uuid, track in trace.tracks.items()
        if track.HasField("counter")
    }
    assert counted["callbacks pending"] == [7]
    assert counted["faults per 20 ns"] == [1, 2] and counted["retries per 20 ns"] == [0, 5]
    assert counted["readers in mmu_lock, at recorded releases"] == [3]


def test_readers_are_counted_where_all_holds_are_known() -> None:
    held = ((2, 0, 9), (3, 4, 6), (4, 20, 22))
    played = recordings.Played([raw("hold", t, b, e, arg=MMU_LOCK, mode=0) for t, b, e in held])
    steps = {"execution": "explore", "unit": "steps", "holds_sampled": 1}
    trace = Read(perfetto.encode(recording(played, **steps)))
    (uuid,) = [u for u, track in trace.tracks.items() if track.HasField("counter")]
    points = [(t, e.counter_value) for t, e in trace.events if e.track_uuid == uuid]
    assert points == [(0, 1), (4, 2), (6, 1), (9, 0), (20, 1), (22, 0)]
    assert "1 schedule point = 1 ns" in trace.tracks[perfetto.RUN_TRACK].process.process_name


@given(st.integers(0, (1 << 64) - 1))
def test_numbers_are_encoded_as_protobuf_does(value: int) -> None:
    event = pb.TrackEvent(flow_ids=[value], track_uuid=value)
    ours = protobuf.number(11, value) + protobuf.fixed64(47, value)
    assert pb.TrackEvent.FromString(ours) == event


BUG = ("--bug", "A03", "--seed", "3", "--schedules", "2000")


@pytest.mark.xdist_group("cpus")
def test_of_real_runs(mmutorture: Run, tmp_path: Path) -> None:
    """A free run, and an explored failure, through the command."""

    def slices() -> set[str]:
        assert mmutorture("trace", "--perfetto", "free.pftrace").code == 0
        free = Read((tmp_path / "free.pftrace").read_bytes())
        free.check()
        return {name for *_, name in free.slices()}

    wanted = {"fault", "grace-period rcu", "fast-zap"}
    enough = lambda done: wanted <= slices()  # noqa: E731
    done = long_enough(mmutorture, "stress", "zap-vs-fault", "--seed", "1", enough=enough)
    assert done.code == 0 and wanted <= slices()
    found = mmutorture("explore", *BUG, "--no-minimise", "--json").json
    token = found["failures"][0]["token"]
    done = mmutorture("trace", token, "--points", "--perfetto", "x.pftrace", "--json")
    explored = Read((tmp_path / "x.pftrace").read_bytes())
    explored.check()
    assert done.json["bytes"] == (tmp_path / "x.pftrace").stat().st_size
    names = {explored.name(e) for _, e in explored.events if e.type == pb.TrackEvent.TYPE_INSTANT}
    assert "VIOLATION withdrawn" in names
    assert mmutorture("trace", token, "--perfetto", "no/such/place").code == 2
