# SPDX-License-Identifier: GPL-2.0-only
"""The expressions of one process of a litmus test: locals, plain loads, calls, C's operators."""

import operator
from collections.abc import Callable

from harness.litmus import functions
from harness.litmus.cursor import UNSUPPORTED, Cursor
from harness.litmus.lexer import Token
from harness.litmus.memory import TYPES, Memory
from harness.program.build import Program
from harness.program.expression import Constant, Expression, Operand, Register, Word

BINARY = (  # from the weakest; && and || are not here: their right side may not happen
    ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"),
)  # fmt: skip
OPERATORS: dict[str, Callable[[Expression, Expression], object]] = {
    "|": operator.or_, "^": operator.xor, "&": operator.and_, "==": operator.eq,
    "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.floordiv,
    "%": operator.mod,
}  # fmt: skip


class Expressions:
    """A process: its parameters, its local variables, its task; and what it computes."""

    def __init__(
        self, cursor: Cursor, memory: Memory, program: Program, number: int, parameters: list[str]
    ) -> None:
        self.cursor = cursor
        self.memory = memory
        self.program = program
        self.visible = set(parameters)
        self.env: dict[str, Register] = {}
        self.task = program.task(f"P{number}")
        for (process, register), value in memory.registers.items():
            if process == number:
                self.env[register] = self.task.let(self.initial(value))

    def initial(self, value: int | str) -> Operand:
        if not isinstance(value, str):
            return value
        if value not in self.memory.words:
            raise self.cursor.wrong(f"a register cannot begin with the address of {value}")
        return self.program.address(self.memory.words[value])

    def expression(self) -> Expression:
        left = self.conjunction()
        while self.cursor.accept("||"):
            left = self.either(left, self.conjunction, stop=1)
        return left

    def conjunction(self) -> Expression:
        left = self.binary(0)
        while self.cursor.accept("&&"):
            left = self.either(left, lambda: self.binary(0), stop=0)
        return left

    def either(self, left: Expression, right: Callable[[], Expression], stop: int) -> Expression:
        """The right side happens unless the left one is `stop`; the value depends on both."""
        first = self.task.let(left != 0)
        result = self.task.let(first)
        saved = self.task.control()
        with self.task.if_(first != stop):
            second = right() != 0
            self.task.set(result, first | second if stop else first & second)
        self.task.join(saved)
        return result

    def binary(self, level: int) -> Expression:
        if level == len(BINARY):
            return self.unary()
        left = self.binary(level + 1)
        while self.cursor.token.kind == "sign" and self.cursor.token.text in BINARY[level]:
            text = self.cursor.next().text
            left = self.combined(text, left, self.binary(level + 1))
        return left

    def combined(self, text: str, left: Expression, right: Expression) -> Expression:
        """The instructions have no shifts: by a number they are a product or a quotient."""
        if text in ("<<", ">>"):
            if not isinstance(right, Constant) or not 0 <= right.value < 63:
                raise self.cursor.wrong(f"'{text}' is supported by numbers from 0 to 62 only")
            power = 1 << right.value
            if text == "<<":
                return left * power
            left = self.task.let(left)
            return (left - (left & (power - 1))) // power  # rounds down, and // to 0
        result = OPERATORS[text](left, right)
        assert isinstance(result, Expression)
        return result

    def unary(self) -> Expression:
        token = self.cursor.token
        if self.cursor.accept("!"):
            return ~self.unary()
        if self.cursor.accept("-"):
            return 0 - self.unary()
        if self.cursor.accept("~"):
            return self.unary() ^ -1
        if self.cursor.accept("*"):
            return self.task.load(self.pointed(self.unary()), "plain")
        if self.cursor.accept("&"):
            if self.cursor.accept("*"):
                return self.unary()
            if self.cursor.token.text in self.visible:  # the location: herd says x and &x alike
                return self.element(self.named(self.cursor.next()))
            raise self.cursor.wrong("'&' is not supported here: name the location", token)
        if self.cursor.accept("("):
            if self.cursor.token.text in TYPES:
                self.memory.type_name()
                while self.cursor.accept("*"):
                    pass
                self.cursor.expect(")")
                return self.unary()
            value = self.expression()
            self.cursor.expect(")")
            return value
        if token.kind == "number":
            return Constant(int(self.cursor.next().text, 0))
        if token.kind == "name" and self.cursor.peek() == "(":
            value_of_call = self.call()
            if value_of_call is None:
                raise self.cursor.wrong(f"{token.text}() has no value", token)
            return value_of_call
        if token.kind == "name" and self.cursor.peek() == "[":
            place = self.pointed(self.element(self.named(self.cursor.next())))
            return self.task.load(place, "plain")
        if token.kind == "name":
            return self.named(self.cursor.next())
        raise self.cursor.wrong(f"'{token.text}' begins no expression that is supported")

    def element(self, pointer: Expression) -> Expression:
        """The address of an element, if brackets follow: x[1], x[r0]."""
        if not self.cursor.accept("["):
            return pointer
        token = self.cursor.token
        index = self.expression()
        self.cursor.expect("]")
        if not (isinstance(pointer, Constant) and isinstance(index, Constant)):
            return pointer + index
        first = self.memory.places.get(pointer.value)
        found = self.memory.places.get(pointer.value + index.value)
        if first is None or found is None or found.name != first.name:
            raise self.cursor.wrong(
                f"[{index.value}] is outside {'every location' if first is None else first.name}:"
                f" declare the array in the initial state, int x[{max(index.value + 1, 1)}];",
                token,
            )
        return Constant(pointer.value + index.value)

    def place(self) -> Word | None:
        """*p, p[i] or one of them in parentheses; None, and nothing read: it is something else."""
        token = self.cursor.token
        if self.cursor.accept("*"):
            return self.pointed(self.unary())
        if token.kind == "name" and self.cursor.peek() == "[":
            return self.pointed(self.element(self.named(self.cursor.next())))
        if token.text == "(" and self.cursor.peek() == "*":
            self.cursor.next()
            found = self.place()
            self.cursor.expect(")")
            if found is not None and self.cursor.token.text == "[":
                found = self.pointed(self.element(self.task.load(found, "plain")))
            return found
        return None

    def named(self, token: Token) -> Expression:
        if token.text in self.env:
            return self.env[token.text]
        if token.text in self.memory.words and token.text in self.visible:
            return self.program.address(self.memory.words[token.text])
        raise self.cursor.wrong(
            f"'{token.text}' is neither a local variable nor a parameter", token
        )

    def pointed(self, pointer: Expression) -> Word:
        """The location that a pointer leads to; a known one by its name."""
        if isinstance(pointer, Constant) and pointer.value in self.memory.places:
            return self.memory.places[pointer.value]
        return self.task.at(pointer)

    def argument(self, letter: str) -> object:
        token = self.cursor.token
        if letter == "l":
            place = self.place()
            if place is None:
                what = f"'{token.text}' is not a shared location: write *{token.text}"
                behind = self.cursor.peek()
                if behind in UNSUPPORTED and behind != ",":
                    what = f"'{token.text}{behind}' is not supported: {UNSUPPORTED[behind]}"
                raise self.cursor.wrong(what, token)
            return place
        if letter == "p":
            return self.pointed(self.expression())
        if letter in "ks":
            self.cursor.accept("&")
            name = self.cursor.name()
            if letter == "s" and name in self.memory.srcu:
                return self.memory.srcu[name]
            if letter == "k" and name in self.memory.locks:
                return self.memory.locks[name]
            raise self.cursor.wrong(
                f"{name} is no {'srcu_struct' if letter == 's' else 'lock'}", token
            )
        if letter == "r":
            self.cursor.expect("&")
            name = self.cursor.name()
            if name not in self.env:
                raise self.cursor.wrong(f"'{name}' is no local variable with a value", token)
            return self.env[name]
        return self.expression()

    def call(self) -> Expression | None:
        token = self.cursor.next()
        letters = functions.signature(token.text)
        if letters is None:
            near = functions.similar(token.text)
            hint = f": perhaps {near}()" if near else ""
            raise self.cursor.wrong(f"{token.text}() is not supported{hint}", token)
        self.cursor.expect("(")
        args: list[object] = []
        for letter in letters:
            if args:
                self.cursor.expect(",")
            args.append(self.argument(letter))
        self.cursor.expect(")")
        return functions.call(self.task, token.text, args)
