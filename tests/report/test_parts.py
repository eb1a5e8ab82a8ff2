# SPDX-License-Identifier: GPL-2.0-only
"""What the sections are made of: nothing is lost on the way from a record to a chart."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from harness.contention import record as rec
from harness.report import (
    blocking,
    coverage,
    drawing,
    figures,
    histogram,
    page,
    parts,
    timeline,
)
from harness.report.gather import ScenarioRun
from harness.trace import events, windows
from tests.contention import records
from tests.trace import recordings


@settings(max_examples=15)
@given(records.records())
def test_any_record_has_all_sections(record: rec.Contention) -> None:
    scenario = ScenarioRun("one", {}, record, None, (), "", ())
    sections = page.sections_of(scenario)
    assert len(sections) == 10
    assert all(bool(section.missing) != bool(section.parts) for section in sections)
    text = page.render("", "", [page.article(scenario, 1)])
    assert [f'id="s1-{section.id}"' in text for section in sections] == [True] * 10


@settings(max_examples=40)
@given(records.records())
def test_bars_lose_nothing(record: rec.Contention) -> None:
    for row in record.locks:
        for per_octave in (1, 4, 8):
            found = histogram.bars(row.wait, per_octave)
            assert sum(bar.count for bar in found) == pytest.approx(row.wait.count)
            assert all(a.high <= b.low for a, b in pairwise(found))


@settings(max_examples=40)
@given(records.records())
def test_matrices_lose_nothing(record: rec.Contention) -> None:
    for lock in {row.lock for row in record.blocking}:
        rows = [row for row in record.blocking if row.lock == lock]
        for table in blocking.matrices(record, lock, rows):
            assert isinstance(table, parts.Table) and len(table.rows) <= blocking.SIDE_MAX
            inner = sum(cell.value or 0 for row in table.rows for cell in row.cells[1:-1])
            assert inner == pytest.approx(sum(row.total for row in rows))


def test_large_matrices_lose_nothing() -> None:
    record = records.big(events=3000)
    rows = [row for row in record.blocking if row.lock == "mmu_lock"]
    for table in blocking.matrices(record, "mmu_lock", rows):
        assert isinstance(table, parts.Table) and len(table.rows) == blocking.SIDE_MAX
        inner = sum(cell.value or 0 for row in table.rows for cell in row.cells[1:-1])
        assert inner == pytest.approx(sum(row.total for row in rows))


def contract(
    func: str, kind: str, read: int, write: int, lock: str = "mmu_lock", none: int = 0
) -> rec.Contract:
    fixed: Any = {"file": "a.c", "line": 1, "lock": lock, "none": none}
    return rec.Contract(func=func, contract=kind, read=read, write=write, **fixed)


def test_contracts_of_both_modes() -> None:
    contracts = (
        contract("whole", "either", 1, 1),
        contract("half", "either", 1, 0),
        contract("two", "read", 0, 0),
        contract("two", "write", 0, 3),
        contract("never", "either", 0, 0),
        contract("plain", "write", 0, 9),
        contract("spin", "either", 0, 9, "ptl"),
        contract("walk", "rcu", 0, 0, "", 5),
        contract("walk", "yields", 0, 0, "", 5),
    )
    record = records.build(records.TASKS, records.PLACES, [], contracts=contracts)
    section = coverage.section(record)
    assert section.lead == (
        "6 of 7 contracts were met. 4 allow either mode:"
        " 1 were entered under both, 2 under one only, 1 never."
    )
    table, never = section.parts
    assert isinstance(table, parts.Table) and isinstance(never, parts.Text)
    assert never.title == "Never entered: 1 function" and never.text == "never"
    said = {row.cells[0].text: row.cells[-1].text for row in table.rows}
    assert said["spin"] == said["walk"] == "entered" and said["whole"] == "both halves"
    assert said["half"] == "half: never for write" and said["two"] == "half: never for read"
    assert [row.cells[0].text for row in table.rows][:2] == ["two", "half"]


def test_sums_over_stretches() -> None:
    for length in (1, 239, 240, 241, 1000, 4099):
        values = list(range(length))
        reduced = drawing.even(values, 240)
        assert len(reduced) <= 240 and sum(reduced) == sum(values)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "ns", "0 ns"),
        (999.4, "ns", "999.4 ns"),
        (1234567, "ns", "1.235 ms"),
        (200_000, "ns", "200.0 µs"),
        (12e9, "ns", "12.00 s"),
        (7, "steps", "7 steps"),
        (1234567, "steps", "1,234,567 steps"),
    ],
)
def test_times_are_shown_with_their_unit(value: float, unit: str, text: str) -> None:
    assert figures.time(value, unit) == text


def test_shares_are_never_rounded_to_nothing_or_all() -> None:
    assert figures.share(1, 10**6) == "< 0.1 %"
    assert figures.share(10**6 - 1, 10**6) == "> 99.9 %"
    assert figures.share(0, 5) == "0.0 %" and figures.share(5, 5) == "100.0 %"
    assert figures.share(0, 0) == figures.NOTHING


def test_a_lane_is_drawn_in_bounds_and_says_what_is_left_out() -> None:
    """Thousands of spans below a pixel: one for each pixel; the longest are always there."""
    raws = [recordings.raw("fault", 2, n * 10, n * 10 + 5) for n in range(20_000)]
    raws.append(recordings.raw("wait", 3, 1000, 180_000, arg=recordings.MMU_LOCK, other=4))
    recording = events.of_records(recordings.header(), raws)
    (window,) = windows.windows(recording, 1)
    drawn = timeline.chart(window, "ns")
    spans = sum(len(lane.spans) for lane in window.lanes)
    shown = drawn.svg.count("data-tip=")
    assert spans > 15_000 and shown <= 2 * timeline.SPANS_MAX
    assert drawn.note == f"The {spans - shown:,} shortest spans are not drawn."
    assert "wait mmu_lock" in drawn.svg
    assert drawn.table is not None and drawn.table.total == spans
