# SPDX-License-Identifier: GPL-2.0-only
"""Small random programs of everything that tasks can do, deadlocks included."""

from __future__ import annotations

from random import Random

from harness.program import Program
from harness.program.build import Lock, Word
from harness.program.task import Task

ORDERS = {"load": ("relaxed", "acquire"), "store": ("relaxed", "release")}


class Maker:
    """One program; `dice` decides everything."""

    def __init__(self, dice: Random, memory: str, length: int) -> None:
        self.dice, self.memory, self.length = dice, memory, length
        self.program = p = Program("random")
        self.words = [p.word(name) for name in "xyz"[: dice.randint(1, 3)]]
        self.guarded = [p.word("a"), p.word("b")]  # by being touched in atomic blocks alone
        self.locks = [p.spinlock("s"), p.mutex("m")]
        self.rwlock = p.rwlock("rw")
        self.features = {
            name
            for name in ("locks", "rwlock", "rcu", "atomic", "await", "branch", "compare", "fence")
            if dice.random() < 0.4
        }
        if "atomic" in self.features:  # who waits beside a block is more than a search can divide
            self.features -= {"await", "locks", "rwlock", "rcu"}
        self.seen: dict[str, object] = {}

    def word(self) -> Word:
        return self.dice.choice(self.words)

    def access(self, t: Task) -> None:
        dice, word = self.dice, self.word()
        kind = dice.choice(("load", "load", "store", "store", "add", "xchg", "cmpxchg"))
        if "compare" in self.features and dice.random() < 0.6:
            kind = "cmpxchg"
        if kind == "store":
            t.store(word, dice.randint(1, 2), dice.choice(ORDERS["store"]))
            return
        if kind == "load":
            value = t.load(word, dice.choice(ORDERS["load"]))
        elif kind == "add":
            value = t.fetch_add(word)
        elif kind == "xchg":
            value = t.xchg(word, dice.randint(0, 2))
        else:
            value = t.cmpxchg(word, dice.randint(0, 1), dice.randint(0, 2))
        if len(self.seen) < 8:
            self.seen[f"r{len(self.seen)}"] = value
        if "branch" in self.features and dice.random() < 0.4:
            with t.if_(value == dice.randint(0, 1)):
                t.store(self.word(), dice.randint(0, 2))

    def section(self, t: Task, depth: int) -> None:
        dice = self.dice
        kinds = [k for k in ("locks", "rwlock", "rcu", "atomic") if k in self.features]
        kind = dice.choice(kinds) if kinds else ""
        if not kind or depth == 2 or (kind == "atomic" and depth):
            self.access(t)
        elif kind == "locks":
            self.locked(t, dice.choice(self.locks), depth)
        elif kind == "rwlock" and not depth:
            self.read_or_write(t)
        elif kind == "rcu" and not depth:
            if dice.random() < 0.3 and self.memory != "tso":
                t.synchronize_rcu()
            else:
                with t.rcu():
                    self.access(t)
        elif kind == "atomic":
            with t.atomic():
                value = t.load(self.guarded[0])
                t.store(self.guarded[dice.randint(0, 1)], value + 1)

    def locked(self, t: Task, lock: Lock, depth: int) -> None:
        if depth and lock is not self.locks[0]:
            return self.access(t)
        if self.dice.random() < 0.3 and not depth and lock is self.locks[0]:
            got = t.trylock(lock)
            with t.if_(got):
                self.access(t)
                t.unlock(lock)
            return None
        t.lock(lock)
        if lock is self.locks[1]:
            self.section(t, depth + 1)
        elif not depth and self.dice.random() < 0.3:  # the other way round
            t.lock(self.locks[1])
            t.unlock(self.locks[1])
        self.access(t)
        t.unlock(lock)
        return None

    def read_or_write(self, t: Task) -> None:
        if self.dice.random() < 0.5:
            t.read_lock(self.rwlock)
            self.access(t)
            t.read_unlock(self.rwlock)
        else:
            t.write_lock(self.rwlock)
            self.access(t)
            t.write_unlock(self.rwlock)

    def task(self) -> None:
        dice = self.dice
        with self.program.task() as t:
            for _ in range(dice.randint(1, self.length)):
                if "await" in self.features and dice.random() < 0.15:
                    t.await_not(self.word(), 0)
                elif "fence" in self.features and dice.random() < 0.2:
                    t.fence()
                elif dice.random() < 0.35:
                    self.section(t, 0)
                else:
                    self.access(t)


def random_program(seed: int, memory: str = "sc", tasks: int = 0, length: int = 3) -> Program:
    maker = Maker(Random(seed), memory, length)
    for _ in range(tasks or maker.dice.randint(2, 4)):
        maker.task()
    names = {word.name: word for word in (*maker.words, *maker.guarded)}
    maker.program.observe(**maker.seen, **names)  # type: ignore[arg-type]
    return maker.program
