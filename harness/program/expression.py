# SPDX-License-Identifier: GPL-2.0-only
"""What a program computes with: constants, registers, and what operators make of them.

An expression is a tree until a task uses it; then it becomes instructions of that task.  It reads
its registers at that moment.
"""

from __future__ import annotations

from dataclasses import dataclass


class Expression:
    """Anything with a value; the operators are C's, on 64 bits, signed."""

    def __add__(self, other: Operand) -> Expression:
        return Binary("add", self, expression(other))

    def __radd__(self, other: int) -> Expression:
        return Binary("add", expression(other), self)

    def __sub__(self, other: Operand) -> Expression:
        return Binary("sub", self, expression(other))

    def __rsub__(self, other: int) -> Expression:
        return Binary("sub", expression(other), self)

    def __mul__(self, other: Operand) -> Expression:
        return Binary("mul", self, expression(other))

    def __rmul__(self, other: int) -> Expression:
        return Binary("mul", expression(other), self)

    def __floordiv__(self, other: Operand) -> Expression:
        return Binary("div", self, expression(other))

    def __mod__(self, other: Operand) -> Expression:
        return Binary("mod", self, expression(other))

    def __and__(self, other: Operand) -> Expression:
        return Binary("and", self, expression(other))

    def __or__(self, other: Operand) -> Expression:
        return Binary("or", self, expression(other))

    def __xor__(self, other: Operand) -> Expression:
        return Binary("xor", self, expression(other))

    def __invert__(self) -> Expression:
        """C's `!`: 1 where the value is 0."""
        return Binary("eq", self, Constant(0))

    def __eq__(self, other: object) -> Expression:  # type: ignore[override]
        return Binary("eq", self, expression(other))

    def __ne__(self, other: object) -> Expression:  # type: ignore[override]
        return Binary("ne", self, expression(other))

    def __lt__(self, other: Operand) -> Expression:
        return Binary("lt", self, expression(other))

    def __le__(self, other: Operand) -> Expression:
        return Binary("le", self, expression(other))

    def __gt__(self, other: Operand) -> Expression:
        return Binary("lt", expression(other), self)

    def __ge__(self, other: Operand) -> Expression:
        return Binary("le", expression(other), self)

    def __bool__(self) -> bool:
        raise TypeError(
            "a value of the program is not known while it is built: use `with t.if_(value):`,"
            " and & | ~ for and, or, not"
        )

    __hash__ = object.__hash__


Operand = Expression | int


@dataclass(frozen=True, eq=False)
class Constant(Expression):
    value: int


@dataclass(frozen=True, eq=False)
class Register(Expression):
    """A register of a task (None: of the final part)."""

    task: int | None
    number: int


@dataclass(frozen=True, eq=False)
class Binary(Expression):
    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, eq=False)
class Word(Expression):
    """A shared word, or one of an array, or what a pointer leads to.

    As a value it stands for what it holds at the end: only rules may use that.
    """

    name: str
    object: int | None  # None: `index` is a pointer
    first: int
    index: Expression | None = None

    def constant_index(self) -> int | None:
        return self.index.value if isinstance(self.index, Constant) else None


@dataclass(frozen=True)
class Array:
    """An array of words: a[i] is a Word, whether i is a number or a value of the program."""

    name: str
    object: int
    first: int
    length: int

    def __getitem__(self, index: Operand) -> Word:
        if isinstance(index, int) and not 0 <= index < self.length:
            raise IndexError(f"{self.name}[{index}]: {self.name} has {self.length} elements")
        return Word(self.name, self.object, self.first, expression(index))

    def __len__(self) -> int:
        return self.length


@dataclass(frozen=True)
class Lock:
    """A spinlock, mutex or rwlock."""

    name: str
    kind: str
    object: int


def expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, int):
        return Constant(int(value))
    raise TypeError(f"{value!r} is neither a number nor a value of the program")
