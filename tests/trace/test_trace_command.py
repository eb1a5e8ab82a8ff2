# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture trace`` of free runs, of failures and of tokens; wrong questions are refused."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from harness._core import lib
from harness.trace import capture, events, record
from tests.conftest import Done, Run, runner
from tests.trace import recordings


def test_the_core_has_the_kinds_that_readers_know() -> None:
    assert set(capture.names(lib.mmut_flight_kind_name)) == {*get_args(record.Kind)} - {"point"}


@pytest.fixture
def made_up(tmp_path: Path) -> tuple[Run, Path]:
    """A run of two scenarios that nobody ran."""
    run = tmp_path / "results" / "R"
    for name, seed in (("a", 1), ("b", 2)):
        (run / name).mkdir(parents=True)
        (run / name / record.FILE).write_bytes(recordings.play(seed).encoded())
    (run / "env.json").write_text("{}")
    return runner(tmp_path), run


def listed(done: Done) -> list[str]:
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    return lines[next(n for n, line in enumerate(lines) if line.lstrip().startswith("begin")) + 1 :]


def test_filters_leave_what_was_asked_for(made_up: tuple[Run, Path]) -> None:
    mmutorture, run = made_up
    whole = events.read(run / "a").events
    wanted = [e for e in whole if e.kind == "wait" and e.task == 2]
    shown = listed(mmutorture("trace", "R", "a", "--task", "vcpu0", "--kind", "wait"))
    assert [int(line.split()[0]) for line in shown] == [e.begin for e in wanted] and shown
    assert len(listed(mmutorture("trace", "R", "a", "--last", "3"))) == 3
    gfn = next(e.gfn for e in whole if e.kind == "fault")
    done = mmutorture("trace", "R", "a", "--gfn", hex(gfn or 0), "--json")
    assert {e["gfn"] for e in done.json["events"]} == {gfn}
    assert len(done.json["events"]) == sum(e.gfn == gfn for e in whole)
    of_lock = mmutorture("trace", "R", "b", "--lock", "mmu_lock", "--json").json["events"]
    assert {e["kind"] for e in of_lock} == {"wait", "hold"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("R",), "name one of a, b"),
        (("R", "c"), "there are a, b"),
        (("R", "a", "--task", "vcpu9"), "vcpu0, vcpu1"),
        (("R", "a", "--kind", "waits"), "wait"),
        (("R", "a", "--lock", "x"), "mmu_lock"),
        (("R", "a", "--points"), "--points is for"),
        (("nowhere",), "is not a run"),
    ],
)
def test_what_is_not_there_is_refused_in_one_line(
    made_up: tuple[Run, Path], arguments: tuple[str, ...], says: str
) -> None:
    done = made_up[0]("trace", *arguments)
    assert done.code == 2 and says in done.err and done.err.count("\n") == 1


def test_a_failure_is_traced_from_its_directory_and_by_its_token(mmutorture: Run) -> None:
    options = ("--bug", "A03", "--seed", "3", "--schedules", "2000", "--no-minimise", "--json")
    found = mmutorture("explore", *options)
    (failure,) = found.json["failures"]
    kept = mmutorture("trace", failure["directory"], "--json").json
    assert kept["unit"] == "steps" and kept["violation"].startswith("withdrawn: ")
    (violation,) = [e for e in kept["events"] if e["kind"] == "violation"]
    # Whoever violated it was in the middle of something, and that has no end.
    of_task = [e for e in kept["events"] if e["task"] == violation["task"]]
    assert any(e["kind"] == "operation" and e["end"] is None for e in of_task)
    again = mmutorture("trace", failure["token"], "--json").json
    assert again["events"] == kept["events"]
    points = mmutorture("trace", failure["directory"], "--points", "--json").json["events"]
    assert [e for e in points if e["kind"] != "point"] == kept["events"]
    assert any(e["kind"] == "point" for e in points)


@pytest.mark.xdist_group("cpus")
def test_a_free_run_is_recorded_unless_told_not_to(mmutorture: Run, tmp_path: Path) -> None:
    run = ("stress", "zap-vs-fault", "--seed", "1", "--duration")
    wanted, kinds = {"operation", "fault", "hold", "grace-period"}, set()
    for seconds in ("0.3s", "1s", "4s", "16s", "64s"):  # on a busy machine it takes long
        assert mmutorture(*run, seconds).code == 0
        shown = mmutorture("trace", "--json").json
        assert shown["unit"] == "ns" and shown["execution"] == "free"
        kinds = {event["kind"] for event in shown["events"]}
        if wanted <= kinds:
            break
    assert wanted <= kinds
    spans = [e for e in shown["events"] if e["end"] is not None]
    assert all(e["begin"] <= e["end"] for e in spans)
    for off in (("--no-record",), ("--checks", "off")):
        assert mmutorture(*run, "0.3s", *off).code == 0
        assert not [*(tmp_path / "results").glob(f"latest/*/{record.FILE}")]
