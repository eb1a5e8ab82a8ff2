# SPDX-License-Identifier: GPL-2.0-only
"""Trace classes against their definition, and the estimates against known answers."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest

from harness.core import config
from harness.core.classes import ClassCounts, Classes
from harness.core.structs import Event
from harness.core.world import World
from harness.run import statistics
from harness.scenario.scenarios import load
from harness.scenario.settings import Settings

LOCAL = {"fence", "yield", "note", "task_exit", "none"}
READS = {"load", "await", "read_lock", "read_unlock", "needbreak"}


def reads(event: Event, failed_cmpxchg: bool) -> bool:
    return event.op in READS or failed_cmpxchg


def normal_form(events: Iterable[Event]) -> tuple[tuple[int, int, int], ...]:
    """Foata's: each event as early as what it depends on lets it be."""
    own: dict[int, int] = {}
    task_level: dict[int, int] = {}
    written: dict[int, int] = {}  # level of the last write of an object
    used: dict[int, int] = {}  # and of its last event of any kind
    form = []
    for event in events:
        if event.op in LOCAL or not event.addr:
            continue
        read = reads(event, event.op == "cmpxchg" and event.new == event.old)
        index = own[event.task] = own.get(event.task, 0) + 1
        before = written if read else used
        level = 1 + max(task_level.get(event.task, 0), before.get(event.addr, 0))
        task_level[event.task] = level
        used[event.addr] = max(level, used.get(event.addr, 0))
        if not read:
            written[event.addr] = level
        form.append((level, event.task, index))
    return tuple(sorted(form))


@pytest.mark.parametrize("name", ["two-writers", "reclaim-keeps-writes"])
def test_two_executions_are_in_one_class_where_their_normal_forms_are_equal(name: str) -> None:
    with World(config.build(load(name, ()), Settings(seed=7, strategy="random"))) as world:
        classes, forms = [], []
        for iteration in range(150):
            world.explore(iteration, 1, 0.0)
            classes.append(world.take_classes())
            forms.append(normal_form(world.trace(iteration)))
    assert 1 < len(set(classes)) < len(classes)
    assert len(set(zip(classes, forms, strict=True))) == len(set(classes)) == len(set(forms))


def packed(classes: Iterable[tuple[int, bool]]) -> bytes:
    return b"".join(struct.pack("=Q", number << 20 | sample) for number, sample in classes)


def test_classes_are_counted_by_samples() -> None:
    table = Classes()
    table.add(packed([(1, True), (2, True), (2, True), (3, False), (4, True), (4, False)]))
    table.add(packed([(5, True)] * 3))
    assert table.counts() == ClassCounts(distinct=5, samples=7, sampled=4, once=2, twice=1, full=0)


def test_a_full_table_says_so() -> None:
    table = Classes()
    table.add(packed((number, True) for number in range(800000)))
    counts = table.counts()
    assert counts.full and counts.distinct == 786432
    assert "table was full" in statistics.class_line(counts, 800000)


def test_pct_runs_that_make_a_miss_improbable() -> None:
    # N = ln(1/5 %) n k^(d-1), as published for these n, k and d.
    known = {(2, 50, 2): 300, (2, 50, 3): 14979, (4, 200, 2): 2397, (8, 1000, 2): 23966}
    for (tasks, k, depth), runs in known.items():
        needed = statistics.runs_needed(tasks, k, depth)
        assert abs(needed - runs) <= 2
        assert statistics.missed({depth: needed}, tasks, k, depth) <= 0.05
        assert statistics.missed({depth: needed // 2}, tasks, k, depth) > 0.05
    assert statistics.missed({3: 10}, 2, 50, 4) == 1.0


def test_the_rule_of_three() -> None:
    assert statistics.rate_below(1000) == pytest.approx(3 / 1000, rel=0.01)
    assert statistics.rate_below(0) == 1.0


def test_nothing_new_is_said_to_be_saturation() -> None:
    line = statistics.class_line(ClassCounts(20, 1000, 20, 0, 0, 0), 1000)
    assert "saturated" in line
    found = statistics.new_class(ClassCounts(20, 100000, 20, 5, 0, 0))
    assert found is not None and found.low == 0 and pytest.approx(found.value) == 0.00005
