# SPDX-License-Identifier: GPL-2.0-only
"""Recordings are read back as they were written; arrows and windows show who kept whom waiting."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.trace import events, record, text, windows
from tests.trace import recordings
from tests.trace.recordings import MMU_LOCK, WRITE, raw


def recording(played: recordings.Played) -> events.Recording:
    return events.of_records(*record.decode(played.encoded(), "made-up"))


@given(st.integers(0, 1 << 30))
def test_a_recording_survives_its_file(seed: int) -> None:
    played = recordings.play(seed, rounds=5)
    header, records = record.decode(played.encoded(), "made-up")
    assert header == recordings.header()
    assert records == played.records


@given(st.integers(0, 1 << 30))
def test_arrows_lead_from_the_release_that_ended_the_wait(seed: int) -> None:
    played = recordings.play(seed)
    found = recording(played)
    drawn = {
        (found.events[arrow.wait].task, found.events[arrow.wait].end): found.events[arrow.hold].task
        for arrow in events.arrows(found)
    }
    for (task, end), releaser in played.let_in.items():
        assert drawn[task, end] == releaser


def test_times_are_of_the_unit_and_from_the_start() -> None:
    played = recordings.Played([raw("fault", 2, 100, 200, arg=0x10, value=4)])
    assert (played.records[0].begin, played.records[0].end) == (1400, 1800)
    (event,) = recording(played).events
    assert (event.begin, event.end, event.length) == (100, 200, 100)
    assert (event.gfn, event.what, event.value) == (0x10, "fixed", 1)


def test_tries_in_a_row_are_one_event_that_says_how_many() -> None:
    found = recording(recordings.Played([raw("fault", 2, 0, 9, arg=1, value=1, lock_class=511)]))
    assert text.label(found.events[0]) == "fault gfn 0x1: retry, 512 in a row"


def test_what_did_not_end_has_no_length() -> None:
    found = recording(recordings.Played([raw("wait", 2, 4, arg=MMU_LOCK, mode=WRITE, other=3)]))
    assert found.events[0].length is None
    shown = list(text.lines(found, found.events))
    assert shown[1].split()[:4] == ["4", "-", "vcpu0", "wait"]
    assert "held by vcpu1" in shown[1]


def test_readers_do_not_let_readers_in() -> None:
    played = recordings.Played(
        [
            raw("hold", 4, 0, 10, arg=MMU_LOCK, mode=WRITE),
            raw("hold", 3, 0, 12, arg=MMU_LOCK, mode=0, value=1),
            raw("wait", 2, 1, 13, arg=MMU_LOCK, mode=0, other=4),
        ]
    )
    found = recording(played)
    (arrow,) = events.arrows(found)
    assert found.events[arrow.hold].task == 4


@given(st.integers(0, 1 << 30))
def test_windows_are_of_the_longest_waits_and_whole(seed: int) -> None:
    found = recording(recordings.play(seed))
    shown = windows.windows(found, 3)
    lengths = [window.wait.length or 0 for window in shown]
    assert lengths == sorted(lengths, reverse=True)
    waits = [event.length or 0 for event in found.events if event.kind == "wait"]
    assert not waits or lengths[0] == max(waits)
    for window in shown:
        assert window.lanes[0].task == window.wait.task
        assert any(span.event is window.wait for span in window.lanes[0].spans)
        for lane in window.lanes:
            for span in lane.spans:
                assert window.begin <= span.begin <= span.end <= window.end
        for link in window.links:
            assert window.lanes[link.target_lane].spans[link.target].event.kind == "wait"
            assert window.lanes[link.source_lane].spans[link.source].event.kind == "hold"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no recording"),
        (b"mmutorture events 2\n" + bytes(9), "is no recording"),
        (recordings.play(1).encoded()[:-1], "cut short"),
        (recordings.play(1).encoded()[:200], "header is damaged"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    file = tmp_path / record.FILE
    file.write_bytes(data)
    with pytest.raises(UsageError, match=says) as error:
        events.read(tmp_path)
    assert str(file) in str(error.value) and "\n" not in str(error.value)


def test_a_missing_recording_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--record"):
        events.read(tmp_path)
