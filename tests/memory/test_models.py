# SPDX-License-Identifier: GPL-2.0-only
"""The memory models show what is published about them, and what an independent judge allows."""

from itertools import permutations

import pytest

from harness.program import Program
from tests.memory.axioms import executions, outcomes
from tests.memory.shapes import SCHEDULES_MAX, counted, observed, parse, random_programs

# Name, program, values that its loads return in the weak outcome and words at its end, and whether
# sc, tso and lkmm show it.  Those of lkmm are the verdicts of tools/memory-model where it has the
# shape; load buffering is for one that executes in order: never.
SHAPES = [
    ("SB", "Wx1 Ry | Wy1 Rx", (0, 0), {}, "-ST"),
    ("SB+mbs", "Wx1 mb Ry | Wy1 mb Rx", (0, 0), {}, "---"),
    ("SB+mb+po", "Wx1 mb Ry | Wy1 Rx", (0, 0), {}, "-ST"),
    ("SB+rel+acq", "Wx1.rel Ry.acq | Wy1.rel Rx.acq", (0, 0), {}, "-ST"),
    ("SB+rfi", "Wx1 Rx Ry | Wy1 Ry Rx", (1, 0, 1, 0), {}, "-ST"),
    ("SB+xchg", "Xx1.full Ry | Xy1.full Rx", (0, 0, 0, 0), {}, "---"),
    ("SB+xchg-relaxed", "Xx1 Ry | Xy1 Rx", (0, 0, 0, 0), {}, "--T"),
    ("SB+atomic-mb", "Xx1 atomic-mb Ry | Xy1 atomic-mb Rx", (0, 0, 0, 0), {}, "---"),
    ("SB+mb-atomic", "Wx1 mb-atomic Xz1 Ry | Wy1 mb-atomic Xw1 Rx", (0, 0, 0, 0), {}, "---"),
    ("MP", "Wx1 Wy1 | Ry Rx", (1, 0), {}, "--T"),
    ("MP+wmb+rmb", "Wx1 wmb Wy1 | Ry rmb Rx", (1, 0), {}, "---"),
    ("MP+wmb+po", "Wx1 wmb Wy1 | Ry Rx", (1, 0), {}, "--T"),
    ("MP+po+rmb", "Wx1 Wy1 | Ry rmb Rx", (1, 0), {}, "--T"),
    ("MP+rel+acq", "Wx1 Wy1.rel | Ry.acq Rx", (1, 0), {}, "---"),
    ("MP+wmb+addr", "Wx1 wmb Wy1 | Ry Rx.addr", (1, 0), {}, "---"),
    ("MP+wmb+ctrl", "Wx1 wmb Wy1 | Ry Rx.ctrl", (1, 0), {}, "--T"),
    ("MP+rel+failed-acq", "Wx1 Wy1.rel | Cy23.acq Rx", (1, 0), {}, "--T"),
    ("MP+rel+xchg+acq", "Wx1 Wy1.rel | Xy2 | Ry.acq Rx", (1, 2, 0), {}, "---"),
    ("MP+wmb+unlock-lock", "Wx1 wmb Wy1 | L:l Ry U:l L:l Rx U:l", (1, 0), {}, "---"),
    ("MP+wmb+data-rfi-acq", "Wx1 wmb Wy1 | Ry Wz1.data Rz.acq Rx", (1, 1, 0), {}, "---"),
    ("MP+wmb+data-rfi-addr", "Wx1 wmb Wy1 | Ry Wz1.data Rz Rx.addr", (1, 1, 0), {}, "---"),
    ("MP+wmb+po-rfi-acq", "Wx1 wmb Wy1 | Ry Wz1 Rz.acq Rx", (1, 1, 0), {}, "--T"),
    ("MP+rel+cmpxchg", "Wx1 Wy1.rel | Cy12.full Rx", (1, 0), {}, "---"),
    ("MP+rel+failed", "Wx1 Wy1.rel | Cy23.full Rx", (1, 0), {}, "--T"),
    ("MP+locks", "L:l Wx1 Wy1 U:l | L:l Ry Rx U:l", (1, 0), {}, "---"),
    ("MP+unlock-lock+rmb", "L:l Wx1 U:l L:l Wy1 U:l | Ry rmb Rx", (1, 0), {}, "---"),
    (
        *("Z6.0+lock+lock-mb", "L:l Wx1 Wy1 U:l | L:l lock-mb Ry Wz1 U:l | Wz2 mb Rx"),
        *((1, 0), {"z": 2}, "---"),
    ),
    ("Z6.0+locks", "L:l Wx1 Wy1 U:l | L:l Ry Wz1 U:l | Wz2 mb Rx", (1, 0), {"z": 2}, "--T"),
    (
        *("SB+locks+unlock-lock-mb", "L:l Wx1 U:l | L:l unlock-lock-mb Rx Ry U:l | Wy1 mb Rx"),
        *((1, 0, 0), {}, "---"),
    ),
    ("SB+locks", "L:l Wx1 U:l | L:l Rx Ry U:l | Wy1 mb Rx", (1, 0, 0), {}, "--T"),
    ("LB", "Rx Wy1 | Ry Wx1", (1, 1), {}, "---"),
    ("LB+datas", "Rx Wy1.data | Ry Wx1.data", (1, 1), {}, "---"),
    ("S", "Wx2 Wy1 | Ry Wx1", (1,), {"x": 2}, "--T"),
    ("S+wmb+po", "Wx2 wmb Wy1 | Ry Wx1", (1,), {"x": 2}, "--T"),
    ("S+wmb+acq", "Wx2 wmb Wy1 | Ry.acq Wx1", (1,), {"x": 2}, "---"),
    ("S+wmb+data", "Wx2 wmb Wy1 | Ry Wx1.data", (1,), {"x": 2}, "---"),
    ("S+wmb+rel", "Wx2 wmb Wy1 | Ry Wx1.rel", (1,), {"x": 2}, "---"),
    ("S+wmb+addr", "Wx2 wmb Wy1 | Ry Wx1.addr", (1,), {"x": 2}, "---"),
    ("S+wmb+ctrl", "Wx2 wmb Wy1 | Ry Wx1.ctrl", (1,), {"x": 2}, "---"),
    ("ISA2+mb+data-wmb+rmb", "Wx1 mb Wy1 | Ry Wz1.data wmb Ww1 | Rw rmb Rx", (1, 1, 0), {}, "---"),
    ("R", "Wx1 Wy1 | Wy2 Rx", (0,), {"y": 2}, "-ST"),
    ("R+mbs", "Wx1 mb Wy1 | Wy2 mb Rx", (0,), {"y": 2}, "---"),
    ("R+wmb+mb", "Wx1 wmb Wy1 | Wy2 mb Rx", (0,), {"y": 2}, "--T"),
    ("R+xchg+mb", "Wx1 Xy1.full | Wy2 mb Rx", (0, 0), {"y": 2}, "---"),
    ("RMW+W", "Xx1 | Wx2", (0,), {"x": 1}, "---"),
    ("2+2W", "Wx1 Wy2 | Wy1 Wx2", (), {"x": 1, "y": 1}, "--T"),
    ("2+2W+mbs", "Wx1 mb Wy2 | Wy1 mb Wx2", (), {"x": 1, "y": 1}, "---"),
    ("WRC", "Wx1 | Rx Wy1 | Ry Rx", (1, 1, 0), {}, "--T"),
    ("WRC+data+rmb", "Wx1 | Rx Wy1.data | Ry rmb Rx", (1, 1, 0), {}, "--T"),
    ("WRC+rel+rmb", "Wx1 | Rx Wy1.rel | Ry rmb Rx", (1, 1, 0), {}, "---"),
    ("ISA2+rel+acq", "Wx1 Wy1.rel | Ry.acq Wz1.rel | Rz.acq Rx", (1, 1, 0), {}, "---"),
    ("Z6.0+rel+mb", "Wx1 Wy1.rel | Ry.acq Wz1.rel | Wz2 mb Rx", (1, 0), {"z": 2}, "--T"),
    ("IRIW", "Wx1 | Wy1 | Rx Ry | Ry Rx", (1, 0, 1, 0), {}, "--T"),
    ("IRIW+rmbs", "Wx1 | Wy1 | Rx rmb Ry | Ry rmb Rx", (1, 0, 1, 0), {}, "--T"),
    ("IRIW+mbs", "Wx1 | Wy1 | Rx mb Ry | Ry mb Rx", (1, 0, 1, 0), {}, "---"),
    ("CoRR", "Wx1 | Rx Rx", (1, 0), {}, "---"),
    ("CoWW", "Wx1 Wx2", (), {"x": 1}, "---"),
    ("CoRW", "Rx Wx1 | Wx2", (2,), {"x": 2}, "---"),
    ("CoWR", "Wx1 Rx | Wx2", (2,), {"x": 1}, "---"),
    ("RCU+sync", "[ Ry Rx ] | Wx1 sync Wy1", (1, 0), {}, "---"),
    ("RCU+before", "[ Rx Ry ] | Wx1 sync Wy1", (0, 1), {}, "---"),
    ("RCU+none", "[ Ry Rx ] | Wx1 Wy1", (1, 0), {}, "--T"),
    ("RCU+1gp+2rscs", "[ Wx1 Ry ] | [ Wy1 Rz ] | Wz1 sync Rx", (0, 0, 0), {}, "--T"),
    ("RCU+2gps+1rscs", "[ Wx1 Ry ] | Wy1 sync Rz | Wz1 sync Rx", (0, 0, 0), {}, "---"),
    (
        "RCU+2gps+2rscs",
        "[ Wx1 Ry ] | [ Wy1 Rz ] | Wz1 sync Rw | Ww1 sync Rx",
        (0, 0, 0, 0),
        {},
        "---",
    ),
]
MODELS = ("sc", "tso", "lkmm")


def shows(
    found: set[tuple[int, ...]], loads: tuple[int, ...], words: list[str], end: dict[str, int]
) -> bool:
    return any(
        result[: len(loads)] == loads
        and all(result[len(loads) + words.index(w)] == v for w, v in end.items())
        for result in found
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape[0])
def test_classic_shapes(shape):
    name, text, loads, end, verdicts = shape
    program = parse(text)
    words = sorted({op.word for ops in program for op in ops if op.word and op.word != "l"})
    rcu = any(op.kind == "sync" or op.kind == "rcu_lock" for ops in program for op in ops)
    locks = any(op.kind == "lock" for ops in program for op in ops)
    for memory, verdict in zip(MODELS, verdicts, strict=True):
        if memory != "lkmm" and rcu:
            continue
        found, count = counted(program, memory)
        assert shows(found, loads, words, end) == (verdict != "-"), (name, memory)
        if not (memory == "tso" and locks):
            assert found == outcomes(program, memory), (name, memory)
        if memory == "lkmm":
            assert count == executions(program), name


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_random_programs_against_the_axioms(first):
    programs = random_programs(first, 20)
    assert len(programs) > 10
    for program in programs:
        expected = outcomes(program, "lkmm"), executions(program)
        assert counted(program, "lkmm") == expected, program


@pytest.mark.parametrize("threads", sorted(permutations(("Ry Cx01", "Wx2 Wy1", "Rx"))))
def test_a_compare_exchange_that_meets_an_old_value_is_a_store(threads):
    """Though memory holds another value when it happens: the reader sees what it stored."""
    program = parse(" | ".join(threads))
    assert counted(program, "lkmm") == (outcomes(program, "lkmm"), executions(program))


@pytest.mark.parametrize("memory", ["sc", "tso"])
def test_random_programs_under_stronger_models(memory):
    compared = 0
    for program in random_programs(100, 40):
        if {"lock", "rcu_lock", "sync"} & {op.kind for ops in program for op in ops}:
            continue  # tso: an unlock, and a section's begin, are stronger than on x86
        assert observed(program, memory) == outcomes(program, memory), program
        compared += 1
    assert compared > 10


@pytest.mark.parametrize("fence", ["rmb", ""])
def test_a_reader_between_two_writers_hides_the_first_from_nobody(fence):
    """x is written before the first write_unlock, z after the second write_lock."""
    flat = Program("rwlocks")
    x, y, z = (flat.word(name) for name in "xyz")
    lock = flat.rwlock("l")
    with flat.task("P0") as task:
        task.store(x, 1, "relaxed")
        task.write_lock(lock)
        task.store(y, 1, "relaxed")
        task.write_unlock(lock)
    with flat.task("P1") as task:
        task.read_lock(lock)
        task.read_unlock(lock)
    with flat.task("P2") as task:
        task.write_lock(lock)
        seen_y = task.load(y, "relaxed")
        task.store(z, 1, "relaxed")
        task.write_unlock(lock)
    with flat.task("P3") as task:
        seen_z = task.load(z, "relaxed")
        if fence:
            task.fence(fence)
        seen_x = task.load(x, "relaxed")
    flat.observe(y=seen_y, z=seen_z, x=seen_x)
    result = flat.explore("dpor", "lkmm", schedules=SCHEDULES_MAX, seed=7)
    assert result.schedules < SCHEDULES_MAX
    found = {tuple(row["registers"].values()) for row in result.outcomes}
    assert ((1, 1, 0) in found) == (not fence)
    assert (1, 1, 1) in found


def test_load_buffering_is_what_an_execution_in_order_cannot_show():
    program = parse("Rx Wy1 | Ry Wx1")
    missing = outcomes(program, "lkmm", in_order=False) - outcomes(program, "lkmm")
    assert missing == {(1, 1, 1, 1)}
