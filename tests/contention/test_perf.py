# SPDX-License-Identifier: GPL-2.0-only
"""perf's table and CSV, folded stacks: totals survive each view, and what is printed reads back."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contention import folded, perf, rows
from harness.contention import record as rec
from harness.errors import UsageError
from tests.contention import records

EVERYTHING = rows.Filters()
EXACT = ("contended", "wait_total", "wait_max", "wait_min", "avg_wait")
# perf prints a time as a figure and a unit, a count as a figure.
ROW = re.compile(r" *(\d+) +([\d.]+ \S+) +([\d.]+ \S+|-) +([\d.]+ \S+)   +(\S+)   (.+)")
# flamegraph.pl takes what stands behind the last space for the weight.
STACK = re.compile(r"(.*)\s+?(\d+(?:\.\d*)?)")


def shown(record: rec.Contention, by: str, key: str = "wait_total") -> list[rows.Row]:
    return rows.ordered(rows.View(record, EVERYTHING).rows(by), key)


def contentions(record: rec.Contention) -> int:
    return sum(row.contentions for row in record.locks)


def waited(record: rec.Contention) -> float:
    return sum(row.wait.total for row in record.locks)


@settings(max_examples=50)
@given(records.records(), st.sampled_from(perf.VIEWS))
def test_totals_survive_each_view(record: rec.Contention, by: str) -> None:
    found = shown(record, by)
    assert sum(row.contended for row in found) == contentions(record)
    assert sum(row.wait_total for row in found) == pytest.approx(waited(record))


@settings(max_examples=50)
@given(records.records())
def test_totals_survive_folding(record: rec.Contention) -> None:
    for weight, total in (("wait_total", waited(record)), ("contended", contentions(record))):
        text = folded.render(record, EVERYTHING, weight)
        weights = []
        for line in text.splitlines():
            stack = STACK.fullmatch(line)
            assert stack, line
            assert len(stack[1].split(";")) in (3, 5)
            weights.append(int(stack[2]))
        assert all(weights) and abs(sum(weights) - total) <= len(record.blocking), "rounding alone"


def read_csv(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    lines = [line for line in text.splitlines() if not line.startswith("# times")]
    header = lines[0].removeprefix("# output: ").split(f"{separator} ")
    return header, list(csv.reader(lines[1:], delimiter=separator, skipinitialspace=True))


@settings(max_examples=50)
@given(records.records(), st.sampled_from(perf.VIEWS), st.sampled_from(",;|\t"))
def test_csv_reads_back(record: rec.Contention, by: str, separator: str) -> None:
    found = shown(record, by)
    header, read = read_csv(perf.render_csv(record, found, by, EXACT, separator), separator)
    assert header[:5] == ["contended", "total wait", "max wait", "min wait", "avg wait"]
    whole = record.unit == "ns"
    for row, cells in zip(found, read, strict=True):
        for key, cell in zip(EXACT, cells, strict=False):
            value = row.figure(key)
            if value is None:
                assert cell == "", "what is not known is empty and not 0"
            else:
                assert float(cell) == (int(value) if whole else float(f"{value:.2f}"))
        labels = perf.csv_labels(row, by)
        assert cells[len(EXACT) :] == labels and len(header) == len(cells)


def test_the_table_is_perfs() -> None:
    record = records.small()
    text = perf.render(record, shown(record, "site"), "site", perf.DEFAULT_FIELDS)
    lines = text.splitlines()
    # From the manual of perf-lock and from what is posted on the lists, to the byte.
    assert lines[0] == (" contended   total wait     max wait     avg wait         type   caller")
    assert lines[1] == ""
    assert lines[2] == (
        "         2    300.00 us    200.00 us    150.00 us     rwlock:R"
        "   direct_page_fault fault.c:214"
    )
    assert all(ROW.fullmatch(line) for line in lines[2:])
    task = perf.render(record, shown(record, "task"), "task", perf.DEFAULT_FIELDS).splitlines()
    assert task[0] == " contended   total wait     max wait     avg wait          pid   comm"
    assert task[2] == "         2    350.00 us            -    175.00 us            2   vmm"
    lock = perf.render(record, shown(record, "lock"), "lock", perf.DEFAULT_FIELDS).splitlines()
    assert lock[0].endswith("avg wait            address   symbol")
    assert lock[2].endswith("   mmu_lock (rwlock)")


@pytest.mark.parametrize("value, text", [
    (0, "        0 ns"), (999, "      999 ns"), (1000, "     1.00 us"), (999_999, "  1000.00 us"),
    (1e6, "     1.00 ms"), (2.5e9, "     2.50 s "), (90e9, "     1.50 m "),
    (7200e9, "     2.00 h "),
])  # fmt: skip
def test_units_are_perfs(value: float, text: str) -> None:
    assert perf.time_text(value, steps=False, width=12) == text


def test_steps_have_no_unit_and_are_said() -> None:
    record = msgspec.structs.replace(records.small(), unit="steps", execution="explore")
    for text in (
        perf.render(record, shown(record, "site"), "site", perf.DEFAULT_FIELDS),
        perf.render_csv(record, shown(record, "site"), "site", perf.DEFAULT_FIELDS, ","),
    ):
        assert "schedule points" in text.splitlines()[0]
        assert " us" not in text and "300000" in text


def test_rows_are_sorted_by_the_key() -> None:
    record = records.big()
    for key in rows.KEYS:
        figures = [row.figure(key) for row in shown(record, "site", key)]
        assert figures == sorted(figures, key=lambda figure: -(figure or 0)), key
    assert shown(record, "owner")[-1].name == rows.UNKNOWN, "the remainder comes last"
    assert len(rows.ordered(rows.View(record, EVERYTHING).rows("site"), "contended", 5)) == 5


@settings(max_examples=50)
@given(records.records(), st.sampled_from(rows.TYPES))
def test_filters_leave_what_they_say(record: rec.Contention, kind: str) -> None:
    found = rows.View(record, rows.Filters(types=frozenset({kind})))
    of_kind = [row for row in record.locks if row.type == kind]
    for by in perf.VIEWS:
        counted = sum(row.contended for row in found.rows(by))
        assert counted == sum(row.contentions for row in of_kind), by


def test_filters_by_lock_and_caller() -> None:
    record = records.small()
    fault = rows.View(record, rows.Filters(callers=("page_fault",)))
    assert [row.name for row in rows.ordered(fault.rows("task"), "contended")] == ["vcpu0", "vcpu1"]
    assert [row.name for row in rows.ordered(fault.rows("owner"), "contended")] == ["vmm"]
    none = rows.View(record, rows.Filters(locks=frozenset({"slots_lock"})))
    assert rows.ordered(none.rows("site"), "contended") == []
    assert rows.parse_types("rwlock") == {"rwlock:R", "rwlock:W"}
    assert rows.parse_types("mutex,rwlock:W") == {"mutex", "rwlock:W"}
    with pytest.raises(UsageError, match=r"-Y rwsem: .* rwlock, rwlock:R"):
        rows.parse_types("rwsem")
    with pytest.raises(UsageError, match="did you mean 'mmu_lock'"):
        rows.parse_locks("mmu_lok", [record])


def test_a_lock_taken_in_a_planted_place_is_the_first_row() -> None:
    """What one call site does to the others shows in the views of owners and holders."""
    places = [*records.PLACES, records.Place("mmu_lock", "rwlock", "write", "planted", "p.c", 1)]
    slow = [
        records.Acquired(0, n % 2, hold=100, wait=200_000, holder=2, holder_place=5)
        for n in range(20)
    ]
    quick = [
        records.Acquired(n, 0, hold=100, wait=900, holder=1, holder_place=0) for n in (1, 2) * 20
    ]
    record = records.build(records.TASKS, places, slow + quick)
    first = shown(record, "holder")[0]
    assert (first.name, first.contended, first.wait_total) == ("planted", 20, 4e6)
    assert shown(record, "owner")[0].name == "vmm"
    site = shown(record, "site")[0]
    assert site.name == "direct_page_fault" and site.behind == (("vmm at planted p.c:1", 20),)
    assert folded.render(record, EVERYTHING).splitlines()[0] == (
        "vcpu0;mmu_lock:R;direct_page_fault (fault.c:214);vmm holds;planted (p.c:1) 2000000"
    )


def test_percentiles_are_columns_and_keys() -> None:
    record = records.small()
    fields = perf.parse_fields(None, "p99", percentiles=True)
    assert fields == (*perf.DEFAULT_FIELDS, "p50", "p90", "p99", "p99.9")
    text = perf.render(record, shown(record, "site", "p99"), "site", fields)
    assert "p50          p90          p99        p99.9" in text.splitlines()[0]
    # Two values of 100 and 200 us: half of them lie at or below the first, within a bucket's width.
    value = shown(record, "site")[0].figure("p50")
    assert value is not None and 100_000 <= value <= 100_000 * (1 + 1 / 32)


def test_a_key_that_is_sorted_by_is_shown() -> None:
    assert perf.parse_fields("contended", "wait_min", False) == ("contended", "wait_min")
    assert perf.parse_fields("wait_min,contended", "wait_min", False) == ("wait_min", "contended")


@pytest.mark.parametrize("separator", ["", ":", "+", ".", "a", "1", '"', "\n", ",,"])
def test_separators_that_fields_hold_are_refused(separator: str) -> None:
    with pytest.raises(UsageError, match="-x"):
        perf.parse_separator(separator)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the perf of this machine records, where it may."""
    perf_data = tmp_path_factory.mktemp("perf") / "perf.data"
    command = ["perf", "lock", "record", "-o", str(perf_data), "-a", "--", "true"]
    if shutil.which("perf") is None:
        pytest.skip("there is no perf")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    if done.returncode or not perf_data.exists():
        pytest.skip("perf may not trace locks here")
    return perf_data


@pytest.mark.parametrize("by, options", [
    ("site", ()), ("task", ("-t",)), ("site", ("-F", "contended,wait_min", "-k", "wait_max")),
])  # fmt: skip
def test_headers_are_those_of_perf_itself(
    recorded: Path, by: str, options: tuple[str, ...]
) -> None:
    command = ["perf", "lock", "contention", "-i", str(recorded), *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    theirs = (done.stdout + done.stderr).splitlines()  # perf 6.1 prints on stderr
    if done.returncode or not any(line.startswith(" contended") for line in theirs):
        pytest.skip("this perf has no lock contention, or nothing to say")
    chosen = dict(zip(options[::2], options[1::2], strict=False))
    fields = perf.parse_fields(chosen.get("-F"), chosen.get("-k", "wait_total"), False)
    ours = perf.render(records.small(), shown(records.small(), by), by, fields).splitlines()
    assert ours[:2] == theirs[:2]
