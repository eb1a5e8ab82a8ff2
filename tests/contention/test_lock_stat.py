# SPDX-License-Identifier: GPL-2.0-only
"""The lock_stat text, read back by readers that know the kernel's document only."""

from __future__ import annotations

import csv
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from harness.contention import lock_stat
from harness.contention import record as rec
from tests.contention import records
from tests.contention.lock_stat_parser import parse


def rounded(value: float, record: rec.Contention) -> float:
    """A time as the kernel prints it: microseconds, half a hundredth up."""
    if record.unit == "steps":
        return float(f"{value:.2f}")
    hundredths = (int(value) + 5) // 10
    return hundredths / 100


def figures(row: rec.Lock, record: rec.Contention) -> list[float]:
    def four(values: rec.Times, of: int) -> list[float]:
        if not values.count:
            return [0.0] * 4
        every = (values.min, values.max, values.total, values.total / of)
        return [rounded(value, record) for value in every]

    wait, hold = four(row.wait, row.contentions), four(row.hold, row.acquisitions)
    return [row.bounces, row.contentions, *wait, row.acq_bounces, row.acquisitions, *hold]


def row_name(row: rec.Lock) -> str:
    return row.lock + {"rwlock:R": "-R", "rwlock:W": "-W"}.get(row.type, "")


@settings(max_examples=50)
@given(records.records())
def test_what_was_rendered_reads_back(record: rec.Contention) -> None:
    table = parse(lock_stat.render(record))
    assert tuple(table.header) == lock_stat.COLUMNS
    expected = {row_name(row): figures(row, record) for row in record.locks if row.acquisitions}
    assert table.rows() == expected


@settings(max_examples=50)
@given(records.records())
def test_the_longest_waits_are_under_their_class(record: rec.Contention) -> None:
    by_address = {lock_stat.identity(site): site for site in record.sites}
    for found in parse(lock_stat.render(record)).classes:
        lock = next(iter(found.rows)).removesuffix("-W").removesuffix("-R")
        for points, time, count in (
            (found.waiting, lambda site: site.wait.total, "contentions"),
            (found.holding, lambda site: site.blocked_total, "blocked"),
        ):
            own = [s for s in record.sites if s.lock == lock and getattr(s, count)]
            longest = sorted(own, key=lambda site: (-time(site), -getattr(site, count)))
            counts = [getattr(site, count) for site in longest][: lock_stat.POINTS_MAX]
            assert [point.count for point in points] == counts
            assert all(by_address[point.address].lock == lock for point in points)


def test_known_answers() -> None:
    table = parse(lock_stat.render(records.small()))
    read, write = table.rows()["mmu_lock-R"], table.rows()["mmu_lock-W"]
    assert list(table.rows())[:2] == ["mmu_lock-W", "mmu_lock-R"], "most contended first"
    assert read[:8] == [2, 2, 100.0, 200.0, 300.0, 150.0, 2, 6]
    assert write == [0, 2, 50.0, 300.0, 350.0, 175.0, 0, 3, 40.0, 210.0, 450.0, 150.0]
    assert table.rows()["tdp_mmu_pages_lock"][-2:] == [2.0, 1.0], "one hold of two was measured"
    first = table.classes[0]
    waiting = [(point.count, point.symbol, point.module) for point in first.waiting]
    assert (2, "direct_page_fault", "fault.c+214") in waiting
    assert [(p.count, p.symbol) for p in first.holding] == [
        (2, "kvm_mmu_zap_all_fast"),
        (1, "direct_page_fault"),
    ]


def test_the_document_prints_the_top_by_grep() -> None:
    """``grep : /proc/lock_stat | head`` shows the rows of classes and nothing else."""
    for unit in ("ns", "steps"):
        record = msgspec.structs.replace(records.big(), unit=unit)
        text = lock_stat.render(record)
        found = [line.split(":")[0].strip() for line in text.splitlines() if ":" in line]
        assert found == list(parse(text).rows())


def test_a_reader_by_columns() -> None:
    """As scripts on the net do it: skip four lines, split at spaces, the name may have some."""
    lines = lock_stat.render(records.big()).splitlines()[4:]
    rows = [[cell for cell in row if cell] for row in csv.reader(lines, delimiter=" ")]
    seen: dict[str, Any] = {}
    points = 0
    for row in rows:
        if len(row) >= 13:
            seen[" ".join(row[:-12]).rstrip(":")] = [float(cell) for cell in row[-12:]]
        elif len(row) >= 4:
            assert int(row[1]) > 0 and row[2].startswith("[<") and row[3]
            points += 1
    assert seen == parse(lock_stat.render(records.big())).rows() and points


def test_steps_are_said() -> None:
    record = msgspec.structs.replace(records.small(), unit="steps", execution="explore")
    lines = lock_stat.render(record).splitlines()
    assert lines[1].startswith("*NOTE*") and "schedule points" in lines[1]
    assert parse("\n".join(lines)).rows()["mmu_lock-R"][3] == 200_000


def test_long_and_hostile_names_keep_the_columns() -> None:
    place = records.Place("x" * 60, "spinlock", "write", "f\x1b[2J", "a\nb.c", 7)
    held = records.Acquired(0, 0, hold=10**13, wait=10**13, holder=0, holder_place=0)
    text = lock_stat.render(records.build(records.TASKS, [place], [held]))
    assert "\x1b" not in text
    assert list(parse(text).rows()) == ["x" * lock_stat.NAME_MAX]


@pytest.mark.parametrize("value, text", [(0, "0.00"), (4, "0.00"), (5, "0.01"), (994, "0.99"),
                                         (995, "1.00"), (1_234_567, "1234.57")])  # fmt: skip
def test_rounding_is_the_kernels(value: int, text: str) -> None:
    assert lock_stat.time_text(value, controlled=False) == text


def test_json_has_the_rows_unrounded() -> None:
    rows = lock_stat.documents(records.small())
    read = next(row for row in rows if (row["class"], row["mode"]) == ("mmu_lock", "read"))
    assert read["waittime-total"] == 300_000 and read["acquisitions"] == 6
    assert read["waiting"][0]["func"] == "direct_page_fault"
    assert set(lock_stat.COLUMNS) <= set(read)
