# SPDX-License-Identifier: GPL-2.0-only
"""The builder: Python statements that write down a flat program.

``Program`` has the shared words, the locks and what is said about outcomes; ``Task`` has the
statements.  Python's own loops and ifs unroll; ``t.loop()`` and ``t.if_()`` are the program's.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.errors import UsageError
from harness.program.code import (
    FENCES,
    NONE,
    OBSERVED_MAX,
    ORDERS,
    POINTER,
    TASKS_MAX,
    TEXT_MAX,
    Code,
    Insn,
    Litmus,
    Object,
    Observed,
)
from harness.program.expression import (
    Array,
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
    from harness.program.run import Result
    from harness.schema import Scenario

HERE = str(Path(__file__).parent)
NAME = re.compile(r"[A-Za-z_]\w{0,22}")
TASK_NAME = re.compile(r"[\w-]{1,15}")
LOCK_OPS = {"spinlock": "spin", "mutex": "mutex"}


def here() -> tuple[str, int, str]:
    """File, line and text of the user's statement that is being carried out."""
    frame = sys._getframe(1)
    while frame.f_back and (
        frame.f_code.co_filename.startswith(HERE)
        or frame.f_code.co_filename.endswith("contextlib.py")
    ):
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, line).strip().encode("ascii", "replace").decode()
    return file, line, text[:TEXT_MAX]


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

    def fetch_and(self, word: Word, value: Operand, order: str = "full") -> Register:
        return self.access("fetch-and", word, value, order)

    def fetch_or(self, word: Word, value: Operand, order: str = "full") -> Register:
        return self.access("fetch-or", word, value, order)

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
        """Domain 1 is SRCU."""
        self.outside("rcu_read_lock")
        self.emit("rcu-lock", "full", imm=domain)

    def rcu_read_unlock(self, domain: int = 0) -> None:
        self.outside("rcu_read_unlock")
        self.emit("rcu-unlock", "release", imm=domain)

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


class Program:
    """A little concurrent program."""

    def __init__(self, name: str, description: str = "") -> None:
        self.name = name
        self.description = description
        self.place: Callable[[], tuple[str, int, str]] = here  # of the statement at hand
        self.file = here()[0]
        self.litmus: Litmus | None = None
        self.objects: list[Object] = []
        self.tasks: list[Task] = []
        self.observed: list[tuple[str, Register | Word]] = []
        self.rules: list[tuple[str, str]] = []  # verdict, text
        self.final = Task(self, None, "final")

    def wrong(self, what: str) -> UsageError:
        file, line, _ = self.place()
        return UsageError(f"{file}:{line}: {what}")

    def add(self, name: str, kind: str, initial: tuple[int, ...]) -> Object:
        if not NAME.fullmatch(name) or any(o.name == name for o in self.objects):
            raise self.wrong(f"'{name}' is no name for a word or lock, or is one already")
        first = sum(len(o.initial) for o in self.objects if o.kind == "words")
        self.objects.append(Object(name, kind, initial, first))
        return self.objects[-1]

    def word(self, name: str, initial: Operand = 0) -> Word:
        """A shared word; the initial value is a number or address()."""
        value = expression(initial)
        if not isinstance(value, Constant):
            raise self.wrong(f"{name}: the initial value is not known now")
        made = self.add(name, "words", (value.value,))
        return Word(name, len(self.objects) - 1, made.first)

    def words(self, *names: str) -> tuple[Word, ...]:
        return tuple(self.word(name) for name in names)

    def array(self, name: str, length: int, initial: tuple[int, ...] | int = 0) -> Array:
        values = (initial,) * length if isinstance(initial, int) else tuple(initial)
        if len(values) != length or not length:
            raise self.wrong(f"{name}: {len(values)} initial values for {length} words")
        made = self.add(name, "words", values)
        return Array(name, len(self.objects) - 1, made.first, length)

    def address(self, word: Word) -> Constant:
        """A pointer, for an initial value or a rule."""
        index = 0 if word.index is None else word.constant_index()
        if word.object is None or index is None:
            raise self.wrong(f"the address of {word.name} is not known now")
        return Constant(POINTER + word.first + index)

    def lock(self, name: str, kind: str) -> Lock:
        self.add(name, kind, (0,))
        return Lock(name, kind, len(self.objects) - 1)

    def spinlock(self, name: str) -> Lock:
        return self.lock(name, "spinlock")

    def mutex(self, name: str) -> Lock:
        return self.lock(name, "mutex")

    def rwlock(self, name: str) -> Lock:
        return self.lock(name, "rwlock")

    def task(self, name: str = "") -> Task:
        """The next task: ``with p.task("reader") as t:``."""
        name = name or f"t{len(self.tasks)}"
        if not TASK_NAME.fullmatch(name) or any(t.name == name for t in self.tasks):
            raise self.wrong(f"'{name}' is no name for a task, or is one already")
        if len(self.tasks) == TASKS_MAX:
            raise self.wrong(f"more than {TASKS_MAX} tasks: the core has masks of 32")
        self.tasks.append(Task(self, len(self.tasks), name))
        return self.tasks[-1]

    # ------------------------------------------------------------ outcomes

    def observe(self, **values: Register | Word) -> None:
        """What an outcome consists of: registers, and words as they are at the end."""
        for label, value in values.items():
            known = isinstance(value, Register) or (
                isinstance(value, Word) and value.object is not None
            )
            if not known or len(self.observed) == OBSERVED_MAX:
                raise self.wrong(
                    f"{label}: give a register or a word, at most {OBSERVED_MAX} of them"
                )
            self.observed.append((label, value))

    def rule(self, verdict: str, condition: Operand, text: str = "") -> None:
        """An outcome for which `condition` holds is of that sort; the first rule counts."""
        if len(self.rules) == 16:
            raise self.wrong("more than 16 rules")
        a = self.final.register(condition)
        self.final.emit("rule", a=a, imm=len(self.rules))
        self.rules.append((verdict, text or self.place()[2]))

    def forbid(self, condition: Operand, text: str = "") -> None:
        """A violation of `forbidden-outcome` where the condition holds at the end."""
        self.rule("forbidden", condition, text)

    def exists(self, condition: Operand, text: str = "") -> None:
        """Worth a remark: the outcome table counts where the condition holds."""
        self.rule("interesting", condition, text)

    def assume(self, condition: Operand) -> None:
        """Executions for which the condition does not hold at the end do not count."""
        self.final.emit("discard", a=self.final.register(condition))

    def ensure(self, condition: Operand, text: str = "") -> None:
        """A violation of `assertion` where the condition does not hold at the end."""
        self.final.check(condition, text)

    # ------------------------------------------------------------ the result

    def check_atomic(self) -> None:
        inside = set[int]().union(*(task.atomic_words for task in self.tasks))
        outside = set[int]().union(*(task.plain_words for task in self.tasks))
        for shared in sorted(inside & outside):
            raise UsageError(
                f"{self.file}: {self.objects[shared].name} is used in atomic blocks and outside:"
                " put every access to it into one"
            )

    def code(self) -> Code:
        """The flat program."""
        self.check_atomic()
        code = Code(self.file, list(self.objects), litmus=self.litmus)
        for task in [*self.tasks, self.final]:
            start = len(code.insns)
            if task is self.final:
                code.final = start
            else:
                code.tasks.append((task.name, start))
            for insn in [*task.insns, Insn("exit")]:
                moved = Insn(**vars(insn))
                if moved.op.startswith("jump"):
                    moved.imm += start
                code.insns.append(moved)
        for label, value in self.observed:
            if isinstance(value, Register):
                code.observed.append(Observed(label, value.task, value.number))
            else:
                index = value.constant_index() if value.index is not None else 0
                if index is None:
                    raise UsageError(f"{self.file}: observe {label}: its place is not known now")
                code.observed.append(Observed(label, None, value.first + index))
        return code

    def scenario(self) -> Scenario:
        from harness.program.files import scenario_of

        return scenario_of(self.name, self.description, self.code(), self.rules)

    def explore(
        self,
        strategy: str = "mix",
        memory: str = "sc",
        *,
        schedules: int | None = None,
        seconds: float | None = None,
        seed: int = 1,
    ) -> Result:
        """Explore schedules, as ``mmutorture explore`` does; default: 10000 of them."""
        from harness.program.run import explore

        return explore(self, strategy, memory, schedules, seconds, seed)
