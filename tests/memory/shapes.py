# SPDX-License-Identifier: GPL-2.0-only
"""Straight-line litmus programs for the judge and for the core: as text, and at random.

``parse("Wx1 wmb Wy1 | Ry rmb Rx")`` is message passing.  A word behind an operation stands for its
order (``.acq .rel .full``) or for what it depends on: ``.addr .data .ctrl`` the load before it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from math import factorial, prod
from random import Random

from harness.program import Program as Flat
from harness.program.build import Task
from harness.program.expression import Array, Lock, Operand, Register
from tests.memory.axioms import ACQUIRE, FULL, RELAXED, RELEASE, Op, Program, words_of

SCHEDULES_MAX = 1_000_000
CANDIDATES_MAX = 1500
ORDERS = {"acq": ACQUIRE, "rel": RELEASE, "full": FULL}
ACCESS = re.compile(r"([WRXC])([a-z])(\d?)(\d?)((?:\.\w+)*)")
FENCES = {
    **{name: name for name in ("mb", "rmb", "wmb")},
    "mb-atomic": "before-atomic",
    "atomic-mb": "after-atomic",
    "lock-mb": "after-spinlock",
    "unlock-lock-mb": "after-unlock-lock",
}
OTHERS = {"[": "rcu_lock", "]": "rcu_unlock", "sync": "sync"}
KINDS = {"W": "store", "R": "load", "X": "xchg", "C": "cmpxchg"}


def parse_op(text: str, loads: list[int], control: set[int]) -> Op:
    if text in FENCES:
        return Op("fence", fence=FENCES[text])
    if text in OTHERS:
        return Op(OTHERS[text])
    if text[:2] in ("L:", "U:"):
        return Op("lock" if text[0] == "L" else "unlock", text[2:])
    match = ACCESS.fullmatch(text)
    assert match, text
    kind, word, first, second, marks = match.groups()
    names = marks.split(".")[1:]
    last = tuple(loads[-1:])
    if "ctrl" in names:
        control |= set(last)
    order = next((ORDERS[name] for name in names if name in ORDERS), RELAXED)
    value, old = (int(second), int(first)) if kind == "C" else (int(first or 0), 0)
    return Op(
        KINDS[kind],
        word,
        order,
        value,
        old,
        address=last if "addr" in names else (),
        data=last if "data" in names else (),
        control=tuple(sorted(control)),
    )


def parse(text: str) -> Program:
    program = []
    for thread in text.split("|"):
        ops: list[Op] = []
        loads: list[int] = []
        control: set[int] = set()
        for word in thread.split():
            ops.append(parse_op(word, loads, control))
            if ops[-1].kind in ("load", "xchg", "cmpxchg"):
                loads.append(len(ops) - 1)
        program.append(tuple(ops))
    return tuple(program)


# ---------------------------------------------------------------- the core


@dataclass
class Writer:
    """Writes one thread down as a task; registers by the position of their load."""

    task: Task
    words: dict[str, Array]
    locks: dict[str, Lock]
    registers: dict[int, Register] = field(default_factory=dict)
    branched: set[int] = field(default_factory=set)

    def write(self, position: int, op: Op) -> None:
        for load in sorted(set(op.control) - self.branched):
            self.branched.add(load)
            with self.task.if_(self.registers[load] == 12345):
                pass
        index: Operand = 0
        for load in op.address:
            index = self.registers[load] * 0 + index
        value: Operand = op.value
        for load in op.data:
            value = self.registers[load] * 0 + value
        if op.word in self.words:
            self.access(position, op, index, value)
        elif op.word:
            (self.task.lock if op.kind == "lock" else self.task.unlock)(self.locks[op.word])
        elif op.kind == "fence":
            self.task.fence(op.fence)
        elif op.kind == "sync":
            self.task.synchronize_rcu()
        else:
            {"rcu_lock": self.task.rcu_read_lock, "rcu_unlock": self.task.rcu_read_unlock}[
                op.kind
            ]()

    def access(self, position: int, op: Op, index: Operand, value: Operand) -> None:
        word = self.words[op.word][index]
        if op.kind == "store":
            self.task.store(word, value, op.order)
        elif op.kind == "load":
            self.registers[position] = self.task.load(word, op.order)
        elif op.kind == "xchg":
            self.registers[position] = self.task.xchg(word, value, op.order)
        else:
            self.registers[position] = self.task.cmpxchg(word, op.old, value, op.order)


def flat_of(program: Program, name: str = "shape") -> Flat:
    """The same, for the core; its outcomes are in the order of ``axioms.outcome``."""
    flat = Flat(name)
    words = {word: flat.array(word, 1) for word in words_of(program)}
    names = sorted({op.word for ops in program for op in ops if op.kind == "lock"})
    locks = {name: flat.spinlock(name) for name in names}
    for t, ops in enumerate(program):
        with flat.task(f"P{t}") as task:
            writer = Writer(task, words, locks)
            for n, op in enumerate(ops):
                before = len(task.insns)
                writer.write(n, op)
                for insn in task.insns[before:]:
                    insn.line = line_of(t, n)
        flat.observe(**{f"r{t}_{n}": register for n, register in writer.registers.items()})
    flat.observe(**{f"final_{word}": words[word][0] for word in words})
    return flat


def line_of(thread: int, position: int) -> int:
    """Where a statement stands, for reports."""
    return 100 * (thread + 1) + position


def observed(program: Program, memory: str) -> set[tuple[int, ...]]:
    """The outcomes that the core shows, all of them."""
    return counted(program, memory)[0]


def counted(program: Program, memory: str) -> tuple[set[tuple[int, ...]], int]:
    """Also in how many executions."""
    result = flat_of(program).explore("dpor", memory, schedules=SCHEDULES_MAX, seed=7)
    assert not result.violation, result
    assert result.schedules < SCHEDULES_MAX
    return {tuple(row["registers"].values()) for row in result.outcomes}, result.schedules


# ---------------------------------------------------------------- at random


class Generator:
    """Two or three threads, two or three words, a dozen events at most."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.words = ["x", "y", "z"][: self.rng.choice((2, 2, 3))]
        self.values = dict.fromkeys(self.words, 0)
        self.flavour = self.rng.choice(("plain", "plain", "rmw", "lock", "rcu"))

    def access(self, loads: list[int], control: tuple[int, ...]) -> Op:
        rng = self.rng
        depends = (rng.choice(loads),) if loads and rng.random() < 0.35 else ()
        address, data = (depends, ()) if rng.random() < 0.5 else ((), depends)
        word = rng.choice(self.words)
        kind = rng.choice(("load", "store"))
        if self.flavour == "rmw" and rng.random() < 0.4:
            kind = rng.choice(("xchg", "cmpxchg"))
        if kind == "load":
            order = rng.choice((RELAXED, RELAXED, ACQUIRE))
            return Op(kind, word, order, address=address, control=control)
        self.values[word] += 1
        orders = (RELAXED, ACQUIRE, RELEASE, FULL)
        order = rng.choice((RELAXED, RELAXED, RELEASE) if kind == "store" else orders)
        old, value = rng.choice((0, 0, 1)), self.values[word]
        return Op(kind, word, order, value, old, address=address, data=data, control=control)

    def fences(self) -> tuple[str, ...]:
        usual = ("mb", "rmb", "wmb")
        if self.flavour == "rmw":
            return (*usual, "before-atomic", "after-atomic")
        if self.flavour == "lock":
            return (*usual, "after-spinlock", "after-unlock-lock")
        return ("mb", *usual)

    def thread(self, length: int, around: tuple[Op, Op] | None, grace: bool) -> tuple[Op, ...]:
        rng, ops = self.rng, list[Op]()
        loads: list[int] = []
        control: tuple[int, ...] = ()
        first, last = sorted(rng.sample(range(length + 1), 2))
        for n in range(length):
            if around:
                ops += [around[0]] * (n == first) + [around[1]] * (n == last)
            if n and grace and rng.random() < 0.6:
                ops.append(Op("sync"))
            elif n and rng.random() < 0.3:
                ops.append(Op("fence", fence=rng.choice(self.fences())))
            if loads and rng.random() < 0.15:
                control = tuple(sorted({*control, rng.choice(loads)}))
            ops.append(self.access(loads, control))
            if ops[-1].kind != "store":
                loads.append(len(ops) - 1)
        if around and last == length:
            ops.append(around[1])
        return tuple(ops)

    def program(self) -> Program:
        rng = self.rng
        threads = rng.choice((2, 2, 3))
        program = []
        for t in range(threads):
            length = rng.choice((2, 2, 3)) if threads == 3 else rng.choice((2, 3, 4))
            around = None
            if self.flavour == "lock" and rng.random() < 0.7:
                around = (Op("lock", "l"), Op("unlock", "l"))
            if self.flavour == "rcu" and t:
                around = (Op("rcu_lock"), Op("rcu_unlock"))
            program.append(self.thread(length, around, self.flavour == "rcu" and not t))
        return tuple(program)


def candidates_of(program: Program) -> int:
    """About how many executions the judge has to look at."""
    ops = [op for thread in program for op in thread if op.kind in KINDS.values()]
    stores = Counter(op.word for op in ops if op.kind != "load")
    loads = prod(1 + stores[op.word] for op in ops if op.kind != "store")
    return loads * prod(factorial(count) for count in stores.values())


def random_programs(first: int, count: int) -> list[Program]:
    """Those of so many seeds that the judge is not long about."""
    drawn = (Generator(seed).program() for seed in range(first, first + count))
    return [program for program in drawn if candidates_of(program) < CANDIDATES_MAX]
