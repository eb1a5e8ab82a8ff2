# SPDX-License-Identifier: GPL-2.0-only
"""How long k readers were in: the estimate of free runs, in steps, where the truth is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest

pytest.importorskip("harness._core")

from harness.contention import collect, measured
from harness.core import config
from harness.core.structs import Event
from harness.core.world import World
from harness.scenario import scenarios
from harness.scenario.settings import Settings

ALL = 1 << 20
LOCK = "mmu_lock"
Spans = dict[int, int]


def traced(name: str, iteration: int) -> tuple[measured.SpreadCounts, Sequence[Event]]:
    with World(config.build(scenarios.load(name), Settings(seed=7, strategy="random"))) as world:
        measured.take(forget=True)
        events = world.trace(iteration, ALL)
        assert world.traced == len(events)
        return measured.take().spreads[LOCK], events


def from_trace(events: Sequence[Event]) -> tuple[Spans, int]:
    """By the k that a reader met, how long such held it; and how many steps had another k."""
    inside: dict[int, tuple[int, int]] = {}  # task: the k that it met, and since when
    held: Spans = defaultdict(int)
    misfiled, before = 0, 0
    for event in events:
        others = sum(k != len(inside) for k, _ in inside.values())
        misfiled += others * (event.step - before)
        before = event.step
        if event.op == "read_lock":
            inside[event.task] = (len(inside) + 1, event.step)
        elif event.op == "read_unlock":
            k, since = inside.pop(event.task)
            held[k] += event.step - since
    return held, misfiled


def beyond(held: Spans, k: int) -> int:
    return sum(time for at, time in held.items() if at >= k)


def spans(row: Sequence[int]) -> Spans:
    return {k: time for k, time in enumerate(row) if k and time}


@pytest.mark.parametrize("name", ["zap-vs-fault", "fault-storm", "notifier-vs-fault"])
def test_what_readers_held_is_filed_by_how_many_they_met(name: str) -> None:
    """The lock's word has a reader before its event: the head of the queue, once the writer is out.
    So who comes in between may have met one more than the trace knows of."""
    several = same = 0
    for iteration in range(4):
        spread, events = traced(name, iteration)
        truth, misfiled = from_trace(events)
        held = spans(spread.readers_held)
        exact = {k: k * time for k, time in spans(spread.readers_steps).items()}
        assert sum(held.values()) == sum(truth.values()) == sum(exact.values()) > 0
        for k in range(1, max(held) + 1):
            assert beyond(truth, k) <= beyond(held, k) <= beyond(truth, k - 1)
        # Each step of a reader is filed by the k it met, and in truth by the k there was.
        one_more = sum(k * (held.get(k, 0) - truth[k]) for k in {*held, *truth})
        off = sum(abs(held.get(k, 0) - exact.get(k, 0)) for k in {*held, *exact})
        assert off <= 2 * (misfiled + one_more)
        several += len(exact) > 1
        same += not one_more
    assert several and same, "or it would have shown less"


def test_the_estimate_is_exact_where_the_number_stays() -> None:
    """And the same figure comes out of either column."""
    spread = measured.SpreadCounts(
        queue=[0], readers=[0, 3, 4], readers_held=[0, 300, 200], readers_steps=[50, 300, 100]
    )
    assert collect.reader_weights(spread, 1, exact=True) == (50, 300, 100)
    assert collect.reader_weights(spread, 1, exact=False) == (None, 300, 100)
    assert collect.reader_weights(spread, 0.5, exact=False) == (None, 150, 50)
    nobody = measured.SpreadCounts(queue=[1], readers=[0], readers_held=[0], readers_steps=[0])
    assert collect.reader_weights(nobody, 1, exact=False) == ()
