# SPDX-License-Identifier: GPL-2.0-only
"""The lock_stat text is read back by a parser that knows the kernel's document only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from harness import locks

ROW = re.compile(r"^\s*(\S.*?):\s+(.*)$")
POINT = re.compile(r"^\s*(\S+)\s+(\d+)\s+\[<([^>]+)>\]\s+(\S+)$")


@dataclass
class LockClass:
    rows: dict[str, list[float]] = field(default_factory=dict)
    waiting: list[tuple[int, str]] = field(default_factory=list)
    holding: list[tuple[int, str]] = field(default_factory=list)


def parse(text: str) -> tuple[list[str], dict[str, LockClass]]:
    """Documentation/locking/lockstat.rst: header, then per class rows and two lists of points."""
    lines = text.splitlines()
    assert lines[0] == "lock_stat version 0.4"
    lines = [line for line in lines[1:] if not line.startswith("*")]
    assert set(lines[0]) == set(lines[2]) == {"-"} and len(lines[0]) == 221
    header = lines[1].split()
    assert header[:2] == ["class", "name"]
    classes: dict[str, LockClass] = {}
    current, lists = LockClass(), 0
    for line in lines[3:]:
        if not line.strip():
            continue
        if set(line) == {"."}:
            assert len(line) == 221
            current, lists = LockClass(), 0
        elif set(line.strip()) == {"-"}:
            lists += 1
        elif point := POINT.match(line):
            points = current.waiting if lists == 1 else current.holding
            points.append((int(point[2]), point[4]))
        else:
            row = ROW.match(line)
            assert row, line
            name = re.sub(r"-[RW]$", "", row[1])
            classes.setdefault(name, current)
            figures = row[2].split()
            assert len(figures) == 12
            current.rows[row[1]] = [float(figure) for figure in figures]
    return header[2:], classes


def row(name: str, mode: int, **more: Any) -> dict[str, Any]:
    fields = {"class_name": name, "mode": mode, "is_rwlock": 0, "bounces": 0, "acq_bounces": 0}
    for prefix in ("wait", "hold"):
        fields |= {f"{prefix}_{what}": 0 for what in ("min", "max", "total", "count")}
    return fields | {"acquisitions": 0, "contentions": 0} | more


ROWS = [
    row("ptl", 1, acquisitions=5, hold_min=10, hold_max=90, hold_total=250, hold_count=5),
    row(
        "mmu_lock", 0, is_rwlock=1, acquisitions=40, contentions=3, bounces=2, acq_bounces=7,
        wait_min=1_234, wait_max=99_999, wait_total=150_005, wait_count=3,
        hold_min=100, hold_max=5_000, hold_total=40_000, hold_count=40,
    ),
    row(
        "mmu_lock", 1, is_rwlock=1, acquisitions=4, contentions=1, wait_min=5, wait_max=5,
        wait_total=5, wait_count=1, hold_total=4_000, hold_count=4,
    ),
    row("slots_lock", 1),
]  # fmt: skip
SITES = [
    {
        "class_name": "mmu_lock", "file": "native/kvm/fault.c", "func": "direct_page_fault",
        "line": 70, "mode": 0, "contentions": 3, "held_while_waited": 0,
    },
    {
        "class_name": "mmu_lock", "file": "native/kvm/roots.c", "func": "fast_zap", "line": 9,
        "mode": 1, "contentions": 0, "held_while_waited": 4,
    },
]  # fmt: skip


def test_the_kernels_layout() -> None:
    header, classes = parse(locks.render(ROWS, SITES, controlled=False))
    assert tuple(header) == locks.COLUMNS
    assert list(classes) == ["mmu_lock", "ptl"], "most contended first; unused classes are left out"
    read = dict(zip(header, classes["mmu_lock"].rows["mmu_lock-R"], strict=True))
    assert read["con-bounces"] == 2 and read["contentions"] == 3
    assert read["waittime-min"] == 1.23 and read["waittime-max"] == 100.00
    assert read["waittime-total"] == 150.01 and read["waittime-avg"] == 50.0
    assert read["acq-bounces"] == 7 and read["acquisitions"] == 40
    assert read["holdtime-avg"] == 1.0
    assert list(classes["mmu_lock"].rows) == ["mmu_lock-W", "mmu_lock-R"]
    assert list(classes["ptl"].rows) == ["ptl"]


def test_call_sites() -> None:
    _, classes = parse(locks.render(ROWS, SITES, controlled=False))
    assert classes["mmu_lock"].waiting == [(3, "direct_page_fault")]
    assert classes["mmu_lock"].holding == [(4, "fast_zap")]
    assert classes["ptl"].waiting == []


def test_columns_are_aligned() -> None:
    lines = locks.render(ROWS, SITES, controlled=False).splitlines()
    widths = {len(line) for line in lines if re.match(r"\s+\S+:\s", line)}
    assert widths == {len(lines[2])}


def test_controlled_times_are_steps_and_say_so() -> None:
    text = locks.render(ROWS, SITES, controlled=True)
    assert "schedule points" in text.splitlines()[1]
    _, classes = parse(text)
    assert classes["mmu_lock"].rows["mmu_lock-R"][3] == 99_999
