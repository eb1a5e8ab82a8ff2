# SPDX-License-Identifier: GPL-2.0-only
"""A program: its shared words and locks, its tasks, and what is said about outcomes."""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.program.code import (
    OBSERVED_MAX,
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
    Constant,
    Lock,
    Operand,
    Register,
    Word,
    expression,
)
from harness.program.task import Task

if TYPE_CHECKING:
    from harness.program.run import Result
    from harness.scenario.schema import Scenario

HERE = str(Path(__file__).parent)
NAME = re.compile(r"[A-Za-z_]\w{0,22}")
TASK_NAME = re.compile(r"[\w-]{1,15}")


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
            raise self.wrong(f"more than {TASKS_MAX} tasks: the core has sets of 128")
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
