# SPDX-License-Identifier: GPL-2.0-only
"""The recorder: it says what the statistics say, no execution sees it, and rings overflow."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.contention import collect, measured  # noqa: E402
from harness.contention import record as contention  # noqa: E402
from harness.core import config  # noqa: E402
from harness.core.token import Recipe  # noqa: E402
from harness.core.world import World  # noqa: E402
from harness.run.lockstep import lockstep_world  # noqa: E402
from harness.scenario import scenarios  # noqa: E402
from harness.scenario.settings import Settings  # noqa: E402
from harness.trace import capture, events, record  # noqa: E402
from harness.trace.capture import Piece, recorded  # noqa: E402
from tests.free_runs import faults, run_until  # noqa: E402
from tests.trace.recordings import raw  # noqa: E402

SETTINGS = Settings(seed=0xC0FFEE, strategy="random", record=True, check_every=0)


def of_world(name: str, execution: str) -> events.Recording:
    data = recorded(name, execution, None)  # type: ignore[arg-type]
    assert data is not None
    return events.of_records(*record.decode(data, name))


def executed(name: str, iteration: int) -> tuple[events.Recording, contention.Contention]:
    """One execution: as it was recorded, and as it was measured."""
    with World(config.build(scenarios.load(name), SETTINGS)) as world:
        measured.take(forget=True)
        assert world.explore(iteration, 1, 0.0) == 1
        found = collect.controlled(name, "explore", measured.take(), world.totals(), 1.0, [])
        assert found is not None
        return of_world(name, "explore"), found


@pytest.mark.parametrize("name", ["zap-vs-fault", "two-vmms", "notifier-vs-fault", "memslot-churn"])
def test_waits_and_holds_are_those_of_the_statistics(name: str) -> None:
    recording, found = executed(name, 3)
    assert all(task.kept == task.records for task in recording.tasks)
    lengths: dict[tuple[str, object], list[int]] = defaultdict(list)
    for event in recording.events:
        if event.kind in ("wait", "hold") and event.task != 0 and event.length is not None:
            lengths[event.kind, event.site].append(event.length)
    for site in found.sites:
        place = record.Site(func=site.func, file=site.file, line=site.line)
        for kind, times in (("wait", site.wait), ("hold", site.hold)):
            own = lengths.pop((kind, place), [])
            assert (len(own), sum(own)) == (times.count, times.total), (kind, place)
    assert not lengths and sum(site.contentions for site in found.sites)
    # Who was in the way: the same counts, by the same rule.
    blamed = Counter({(b.waiter, b.holder): 0 for b in found.blocking if b.holder is not None})
    for b in found.blocking:
        if b.holder is not None:
            blamed[b.waiter, b.holder] += b.count
    waits = [e for e in recording.events if e.kind == "wait" and e.task != 0]
    assert Counter((e.task, e.other) for e in waits if e.other is not None) == blamed


@pytest.mark.parametrize("name", ["zap-vs-fault", "notifier-vs-fault", "dirty-toggle"])
def test_an_execution_does_not_see_it(name: str) -> None:
    digests = []
    for on in (False, True):
        settings = replace(SETTINGS, strategy="mix", record=on)
        with World(config.build(scenarios.load(name), settings)) as world:
            world.explore(0, 60, 0.0)
            totals = world.totals()
            digests.append((totals["digest"], totals["schedule_points"]))
    assert digests[0] == digests[1]


def test_processes_that_take_turns_record_what_fibers_do() -> None:
    name = "zap-vs-fault"
    recipe = Recipe(name, (), SETTINGS)
    with lockstep_world(scenarios.load(name), recipe) as world:
        assert world.lockstep(3, 1, 0.0) == 1
        lockstep = of_world(name, "lockstep")
    assert lockstep.events == executed(name, 3)[0].events


def test_a_ring_that_overflows_keeps_the_last() -> None:
    name = "fault-storm"
    settings = Settings(seed=1, controlled=False, record=True)
    loaded = scenarios.load(name, tuple(scenarios.vcpu_override("1")), controlled=False)
    run = run_until(faults(20_000), Recipe(name, (), settings), loaded)
    assert run.recording is not None
    header, records = record.decode(run.recording, name)
    (vcpu,) = [task for task in header.tasks if task.name == "vcpu0"]
    assert vcpu.records > 8192 <= vcpu.kept
    own = [one for one in records if one.task == vcpu.id]
    assert len(own) == vcpu.kept and len(set(own)) == len(own)
    # Behind them stand those that have not ended, or whose end was overwritten.
    whole = [one for one in own if one.end != record.STILL_OPEN and not one.flags & record.LATER]
    ends = [one.end for one in whole]
    assert own[: len(whole)] == whole
    assert ends == sorted(ends)


# ---------------------------------------------------------------- what was kept around long waits


def piece(task: int, first: int, count: int, *still_open: bytes) -> Piece:
    """Records [first, first + count), each recognised by its number."""
    made = [raw("fault", task, n, n + 1, arg=n) for n in range(first, first + count)]
    return Piece(task, first, b"".join(record.RECORD.pack(*one) for one in made), still_open)


@given(
    st.integers(0, 60),
    st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 12)), max_size=6),
)
def test_every_record_is_there_once(first: int, count: int, kept: list[tuple[int, int]]) -> None:
    ring = piece(2, first, count)
    copies = [piece(2, at, min(n, max(0, first + count - at))) for at, n in kept]
    merged = capture.merged(ring, copies)
    numbers = [one[2] for one in record.RECORD.iter_unpack(merged)]
    wanted = {n for one in (ring, *copies) for n in range(one.first, one.end)}
    assert numbers == sorted(wanted)


def test_what_was_open_and_whose_end_was_overwritten_ended_later() -> None:
    gone = record.RECORD.pack(*raw("operation", 2, 3, None, value=1))
    there = record.RECORD.pack(*raw("fault", 2, 10, None, arg=10))
    ring = piece(2, 10, 4)
    (lost,) = capture.lost_ends(ring.records, ring, [(piece(2, 1, 3, gone, there), 1100)])
    found = record.Raw(*record.RECORD.unpack(lost))
    assert (found.end, found.flags) == (1100, record.LATER)
