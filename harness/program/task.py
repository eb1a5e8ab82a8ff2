# SPDX-License-Identifier: GPL-2.0-only
"""The statements of a task: each method writes down an instruction or two.

Python's own loops and ifs unroll; ``t.loop()`` and ``t.if_()`` are the program's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from harness.errors import UsageError
from harness.program.code import FENCES, NONE, ORDERS, POINTER, TEXT_MAX, Insn
from harness.program.expression import (
    Binary,
    Constant,
    Expression,
    Lock,
    Operand,
    Register,
    Word,
    expression,
)

if TYPE_CHECKING:
    from harness.program.build import Program

LOCK_OPS = {"spinlock": "spin", "mutex": "mutex"}


@dataclass
class Loop:
    start: int
    breaks: list[Insn]


class Task:
    """The statements of one task, in order."""

    def __init__(self, program: Program, number: int | None, name: str) -> None:
        self.program = program
        self.number = number
        self.name = name
        self.insns: list[Insn] = []
        self.registers = 0
        self.loops: list[Loop] = []
        self.atomic_words: set[int] = set()
        self.plain_words: set[int] = set()
        self.inside = False

    # ------------------------------------------------------------ emitting

    def wrong(self, what: str) -> UsageError:
        return self.program.wrong(what)

    def emit(self, op: str, order: str = "plain", **operands: int) -> Insn:
        _, line, text = self.program.place()
        insn = Insn(op, order, **operands, line=line, text=text)
        self.insns.append(insn)
        return insn

    def new(self) -> Register:
        self.registers += 1
        return Register(self.number, self.registers - 1)

    def register(self, value: Operand) -> int:
        """The number of a register that holds the value."""
        match expression(value):
            case Register(task, number) if task == self.number:
                return number
            case Register(task, number) if self.number is None and task is not None:
                into = self.new()
                self.emit("register", dst=into.number, index=number, imm=task)
                return into.number
            case Register():
                raise self.wrong("a value of one task is used in another: pass it through a word")
            case Word() as word:
                if self.number is not None:
                    raise self.wrong(f"{word.name} is shared: load it")
                return self.load(word).number
            case Binary(op, left, right):
                a = self.register(left)
                b, imm = self.operand(right)
                into = self.new()
                self.emit(op, dst=into.number, a=a, b=b, imm=imm)
                return into.number
            case Constant(number):
                into = self.new()
                self.emit("move", dst=into.number, imm=number)
                return into.number
        raise self.wrong(f"{value!r} has no value")

    def operand(self, value: Operand) -> tuple[int, int]:
        """(register, immediate): one of the two counts."""
        found = expression(value)
        if isinstance(found, Constant):
            return NONE, found.value
        return self.register(found), 0

    def place(self, word: Word) -> tuple[int, int]:
        """(object, index register) of a word."""
        if not isinstance(word, Word):
            raise self.wrong(f"{word!r} is no shared word")
        if word.object is None:
            if self.inside:
                raise self.wrong("an atomic block names its words: no pointers inside")
            assert word.index is not None
            return NONE, self.register(word.index)
        (self.atomic_words if self.inside else self.plain_words).add(word.object)
        return word.object, NONE if word.index is None else self.register(word.index)

    def access(self, op: str, word: Word, value: Operand | None, order: str) -> Register:
        if order not in ORDERS:
            raise self.wrong(f"'{order}' is no order; allowed: {', '.join(ORDERS)}")
        b, imm = (NONE, 0) if value is None else self.operand(value)
        thing, index = self.place(word)
        into = self.new() if op != "store" else Register(self.number, NONE)
        self.emit(op, order, dst=into.number, object=thing, index=index, b=b, imm=imm)
        return into

    # ------------------------------------------------------------ shared words

    def load(self, word: Word, order: str = "relaxed") -> Register:
        """READ_ONCE(), or smp_load_acquire(), or (order="plain") a C access."""
        return self.access("load", word, None, order)

    def store(self, word: Word, value: Operand, order: str = "relaxed") -> None:
        """WRITE_ONCE(), or smp_store_release(), or (order="plain") a C access."""
        self.access("store", word, value, order)

    def xchg(self, word: Word, value: Operand, order: str = "full") -> Register:
        """The old value."""
        return self.access("xchg", word, value, order)

    def cmpxchg(self, word: Word, old: Operand, new: Operand, order: str = "full") -> Register:
        """The value found; it was replaced where that is `old`."""
        a = self.register(old)
        found = self.access("cmpxchg", word, new, order)
        self.insns[-1].a = a
        return found

    def fetch_add(self, word: Word, value: Operand = 1, order: str = "full") -> Register:
        """The old value, as of all fetch_*."""
        return self.access("fetch-add", word, value, order)

    def add(self, word: Word, value: Operand = 1) -> None:
        """atomic_add(): no value, and no order."""
        self.fetch_add(word, value, "relaxed")
        self.unwanted()

    def unwanted(self) -> None:
        """Nobody wants the value of the read-modify-write just written: smp_rmb() ignores it."""
        self.insns[-1].dst = NONE

    def fetch_and(self, word: Word, value: Operand, order: str = "full") -> Register:
        return self.access("fetch-and", word, value, order)

    def fetch_or(self, word: Word, value: Operand, order: str = "full") -> Register:
        return self.access("fetch-or", word, value, order)

    def fetch_xor(self, word: Word, value: Operand, order: str = "full") -> Register:
        return self.access("fetch-xor", word, value, order)

    def await_(self, word: Word, value: Operand, order: str = "acquire") -> Register:
        """Wait until the word is `value`; no schedule is spent on spinning."""
        self.outside("await_")
        return self.access("await-eq", word, value, order)

    def await_not(self, word: Word, value: Operand, order: str = "acquire") -> Register:
        """Wait until the word is something else; returns what it is."""
        self.outside("await_not")
        return self.access("await-ne", word, value, order)

    def address(self, word: Word) -> Expression:
        """A pointer to the word, a value like any other."""
        if word.object is not None and word.index is None:
            return Constant(POINTER + word.first)
        if (index := word.constant_index()) is not None and word.object is not None:
            return Constant(POINTER + word.first + index)
        thing, register = self.place(word)
        into = self.new()
        self.emit("address", dst=into.number, object=thing, index=register)
        return into

    def at(self, pointer: Operand) -> Word:
        """The word that a pointer leads to."""
        return Word("*", None, 0, expression(pointer))

    def assert_exclusive_writer(self, word: Word) -> None:
        """ASSERT_EXCLUSIVE_WRITER(): a `data-race` if another task may write the word now."""
        thing, index = self.place(word)
        self.emit("no-writers", object=thing, index=index)

    def assert_exclusive_access(self, word: Word) -> None:
        """ASSERT_EXCLUSIVE_ACCESS(): a `data-race` if another task may use the word now."""
        thing, index = self.place(word)
        self.emit("no-access", object=thing, index=index)

    # ------------------------------------------------------------ ordering, locks, RCU

    def fence(self, kind: str = "mb") -> None:
        """smp_mb(), smp_rmb(), smp_wmb(), ..."""
        if kind not in FENCES:
            raise self.wrong(f"'{kind}' is no fence; allowed: {', '.join(FENCES)}")
        order = {"mb": "full", "rmb": "acquire", "wmb": "release"}.get(kind, "relaxed")
        self.emit("fence", order, imm=FENCES.index(kind))

    def lock_op(self, op: str, lock: Lock, dst: int = NONE) -> None:
        self.outside(op)
        self.emit(op, "full", object=lock.object, dst=dst)

    def prefix(self, lock: Lock) -> str:
        if not isinstance(lock, Lock):
            raise self.wrong(f"{lock!r} is no lock")
        if lock.kind not in LOCK_OPS:
            raise self.wrong(f"{lock.name} is a rwlock: read_lock() or write_lock()")
        return LOCK_OPS[lock.kind]

    def lock(self, lock: Lock) -> None:
        """Of a spinlock or mutex."""
        self.lock_op(f"{self.prefix(lock)}-lock", lock)

    def unlock(self, lock: Lock) -> None:
        self.lock_op(f"{self.prefix(lock)}-unlock", lock)

    @contextmanager
    def locked(self, lock: Lock) -> Iterator[None]:
        self.lock(lock)
        yield
        self.unlock(lock)

    def trylock(self, lock: Lock) -> Register:
        """1: the spinlock is taken; 0: somebody holds it."""
        into = self.new()
        self.lock_op("spin-trylock", self.of_kind(lock, "spinlock"), into.number)
        return into

    def is_locked(self, lock: Lock) -> Register:
        into = self.new()
        self.lock_op("spin-is-locked", self.of_kind(lock, "spinlock"), into.number)
        self.insns[-1].order = "relaxed"
        return into

    def of_kind(self, lock: Lock, kind: str) -> Lock:
        if lock.kind != kind:
            raise self.wrong(f"{lock.name} is a {lock.kind}, and this is for a {kind}")
        return lock

    def read_lock(self, lock: Lock) -> None:
        self.lock_op("read-lock", self.of_kind(lock, "rwlock"))

    def read_unlock(self, lock: Lock) -> None:
        self.lock_op("read-unlock", self.of_kind(lock, "rwlock"))

    def write_lock(self, lock: Lock) -> None:
        self.lock_op("write-lock", self.of_kind(lock, "rwlock"))

    def write_unlock(self, lock: Lock) -> None:
        self.lock_op("write-unlock", self.of_kind(lock, "rwlock"))

    def rcu_read_lock(self, domain: int = 0) -> None:
        """Domains 1 and 2 are SRCU."""
        self.outside("rcu_read_lock")
        self.emit("rcu-lock", "full", imm=domain)

    def rcu_read_unlock(self, domain: int = 0) -> None:
        self.outside("rcu_read_unlock")
        self.emit("rcu-unlock", "release", imm=domain)

    def srcu_read_lock(self, domain: int = 1, *, down: bool = False) -> Register:
        """A section that srcu_read_unlock() of what is returned ends, and nothing else."""
        self.outside("srcu_read_lock")
        into = self.new()
        self.emit("srcu-down" if down else "srcu-lock", "full", dst=into.number, imm=domain)
        return into

    def srcu_read_unlock(self, section: Operand, domain: int = 1) -> None:
        """In any task, if the section began by srcu_read_lock(down=True)."""
        self.outside("srcu_read_unlock")
        self.emit("srcu-unlock", "release", a=self.register(section), imm=domain)

    @contextmanager
    def rcu(self) -> Iterator[None]:
        self.rcu_read_lock()
        yield
        self.rcu_read_unlock()

    def synchronize_rcu(self, domain: int = 0) -> None:
        self.outside("synchronize_rcu")
        self.emit("rcu-sync", "full", imm=domain)

    def yield_(self) -> None:
        """cpu_relax(): others first."""
        self.outside("yield_")
        self.emit("yield")

    def outside(self, what: str) -> None:
        if self.inside:
            raise self.wrong(f"{what} inside an atomic block: it may have to wait")

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One event: no other task runs inside."""
        self.outside("atomic")
        self.emit("atomic", "full")
        self.inside = True
        yield
        self.inside = False
        self.emit("atomic-end", "full")

    # ------------------------------------------------------------ the task's own

    def let(self, value: Operand) -> Register:
        """A register with the value as it is now; set() may change it."""
        into = self.new()
        self.set(into, value)
        return into

    def set(self, variable: Register, value: Operand) -> None:
        if not isinstance(variable, Register) or variable.task != self.number:
            raise self.wrong("set() is for what let() or load() returned in this task")
        b, imm = self.operand(value)
        self.emit("move", dst=variable.number, b=b, imm=imm)

    def check(self, value: Operand, text: str = "") -> None:
        """A violation of `assertion` where the value is 0."""
        self.emit("check", a=self.register(value))
        if text:
            self.insns[-1].text = text.encode("ascii", "replace").decode()[:TEXT_MAX]

    def exit(self) -> None:
        """The task ends here."""
        self.outside("exit")
        self.emit("exit")

    def target(self, insn: Insn) -> None:
        insn.imm = len(self.insns)

    def control(self) -> Register:
        """What the branches so far depended on, for join()."""
        into = self.new()
        self.emit("control", dst=into.number)
        return into

    def join(self, saved: Register) -> None:
        """What follows depends on no branch since control()."""
        self.emit("join", a=saved.number)

    @contextmanager
    def if_(self, value: Operand) -> Iterator[None]:
        jump = self.emit("jump-zero", a=self.register(value))
        yield
        self.target(jump)
        self.last_if = jump

    @contextmanager
    def else_(self) -> Iterator[None]:
        jump = getattr(self, "last_if", None)
        if jump is None or jump.imm != len(self.insns):
            raise self.wrong("else_() comes right behind the block of an if_()")
        over = self.emit("jump")
        self.target(jump)
        yield
        self.target(over)

    @contextmanager
    def loop(self) -> Iterator[None]:
        """Again and again, until break_() or exit()."""
        loop = Loop(len(self.insns), [])
        self.loops.append(loop)
        yield
        self.loops.pop()
        self.emit("jump", imm=loop.start)
        for insn in loop.breaks:
            self.target(insn)

    def break_(self) -> None:
        if not self.loops:
            raise self.wrong("break_() is for the inside of a loop()")
        self.loops[-1].breaks.append(self.emit("jump"))

    def break_if(self, value: Operand) -> None:
        if not self.loops:
            raise self.wrong("break_if() is for the inside of a loop()")
        self.loops[-1].breaks.append(self.emit("jump-nonzero", a=self.register(value)))

    @contextmanager
    def repeat(self, times: Operand) -> Iterator[Register]:
        """So many times; the value is 0, 1, 2, .."""
        count = self.let(0)
        with self.loop():
            self.break_if(count >= times)
            yield count
            self.set(count, count + 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """The end of the block is the end of the task."""
