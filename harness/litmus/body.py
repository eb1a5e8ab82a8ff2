# SPDX-License-Identifier: GPL-2.0-only
"""The C of one process, as statements of a task.

One pass that emits as it reads.  What is not understood is refused with its line: an unread
construct would be a wrong verdict.
"""

from collections.abc import Callable

from harness.litmus import functions
from harness.litmus.cursor import UNSUPPORTED, Cursor
from harness.litmus.lexer import Token
from harness.litmus.memory import TYPES, Memory
from harness.program.build import Program
from harness.program.code import POINTER
from harness.program.expression import Constant, Expression, Operand, Register, Word

BINARY = (  # from the weakest; && and || are not here: their right side may not happen
    (("|", "or"),),
    (("^", "xor"),),
    (("&", "and"),),
    (("==", "eq"), ("!=", "ne")),
    (("<", "lt"), ("<=", "le"), (">", "gt"), (">=", "ge")),
    (("+", "add"), ("-", "sub")),
    (("*", "mul"), ("/", "div"), ("%", "mod")),
)


class Body:
    """A process: its parameters, its local variables, its task."""

    def __init__(
        self, cursor: Cursor, memory: Memory, program: Program, number: int, parameters: list[str]
    ) -> None:
        self.cursor = cursor
        self.memory = memory
        self.program = program
        self.visible = set(parameters)
        self.env: dict[str, Register] = {}
        self.returns = 0
        self.declared: list[set[str]] = []  # in each block that is open
        self.task = program.task(f"P{number}")
        for (process, register), value in memory.registers.items():
            if process == number:
                self.env[register] = self.task.let(self.initial(value))
        self.block()

    def initial(self, value: int | str) -> Operand:
        if not isinstance(value, str):
            return value
        if value not in self.memory.words:
            raise self.cursor.wrong(f"a register cannot begin with the address of {value}")
        return self.program.address(self.memory.words[value])

    # ------------------------------------------------------------ statements

    def block(self) -> None:
        self.cursor.expect("{")
        self.declared.append(set())
        while not self.cursor.accept("}"):
            self.one_statement()
        self.declared.pop()

    def one_statement(self) -> None:
        self.cursor.statement = self.cursor.token
        text = self.cursor.token.text
        if text == "{":
            self.block()
        elif self.cursor.accept(";"):
            pass
        elif self.cursor.accept("if"):
            self.branching(self.if_statement)
        elif self.cursor.accept("while"):
            self.branching(self.while_statement)
        elif self.cursor.accept("do"):
            self.branching(self.do_statement)
        elif self.cursor.accept("return"):
            self.cursor.expect(";")
            self.task.exit()
            self.returns += 1
        elif text in ("for", "switch", "goto", "break", "continue"):
            raise self.cursor.wrong(f"'{text}' is not supported")
        elif text in TYPES:
            self.local_declaration()
        else:
            self.assignment()
            self.cursor.expect(";")

    def branching(self, statement: Callable[[], None]) -> None:
        """What stands behind an if depends on it no more, as in herd7; behind a return it does."""
        before = self.returns
        saved = self.task.control()
        statement()
        if self.returns == before:
            self.task.join(saved)

    def if_statement(self) -> None:
        self.cursor.expect("(")
        condition = self.expression()
        self.cursor.expect(")")
        with self.task.if_(condition):
            self.one_statement()
        if self.cursor.accept("else"):
            with self.task.else_():
                self.one_statement()

    def while_statement(self) -> None:
        self.cursor.expect("(")
        with self.task.loop():
            self.task.break_if(~self.expression())
            self.cursor.expect(")")
            self.one_statement()

    def do_statement(self) -> None:
        with self.task.loop():
            self.one_statement()
            self.cursor.expect("while")
            self.cursor.expect("(")
            self.task.break_if(~self.expression())
            self.cursor.expect(")")
        self.cursor.expect(";")

    def local_declaration(self) -> None:
        kind = self.memory.type_name()
        if kind != "int":
            raise self.cursor.wrong(f"a {kind} of one process is not supported")
        while True:
            while self.cursor.accept("*"):
                pass
            token = self.cursor.token
            name = self.cursor.name()
            if name in self.declared[-1]:
                raise self.cursor.wrong(f"{name} is declared twice", token)
            if self.cursor.accept("["):
                raise self.cursor.wrong(f"{name} is an array, which is not supported", token)
            self.declared[-1].add(name)
            if self.cursor.accept("="):
                self.assign(name, self.expression())
            elif name not in self.env:
                self.env[name] = self.task.let(0)
            if not self.cursor.accept(","):
                break
        self.cursor.expect(";")

    def assign(self, name: str, value: Expression) -> None:
        """A local variable is one register of its process, wherever it is declared."""
        if name in self.env:
            self.task.set(self.env[name], value)
        else:
            self.env[name] = self.task.let(value)

    def assignment(self) -> None:
        token = self.cursor.token
        if (
            token.kind == "name"
            and self.cursor.peek() == "="
            and token.text not in self.memory.words
        ):
            name = self.cursor.name()
            self.cursor.next()
            self.assign(name, self.expression())
        elif token.text == "*":
            self.cursor.next()
            place = self.pointed(self.unary())
            self.cursor.expect("=")
            self.task.store(place, self.expression(), "plain")
        elif token.kind == "name" and self.cursor.peek() == "(":
            self.call()
        elif token.text == "(" and self.cursor.peek() == "void":
            self.unary()
        else:
            raise self.cursor.wrong(f"'{self.beginning()}' begins no statement that is supported")
        behind = self.cursor.token.text
        if behind in ("=", "[", "->", ".") or behind + self.cursor.peek() in ("++", "--"):
            raise self.cursor.wrong(f"'{behind}' is not supported here")

    def beginning(self) -> str:
        """Of the statement at hand: what is wrong with r0++ and r0 += 1 stands behind the name."""
        words = [self.cursor.token.text]
        words += [self.cursor.peek(n) for n in (1, 2)] if self.cursor.token.kind == "name" else []
        return "".join(words[: 3 if len(words) > 1 and words[1] in "+-*/%&|^" else 1])

    # ------------------------------------------------------------ expressions

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
        operators = dict(BINARY[level])
        while self.cursor.token.kind == "sign" and self.cursor.token.text in operators:
            op = operators[self.cursor.next().text]
            right = self.binary(level + 1)
            names = {"or": "__or__", "and": "__and__", "mul": "__mul__", "div": "__floordiv__"}
            left = getattr(left, names.get(op, f"__{op}__"))(right)
        return left

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
                return self.named(self.cursor.next())
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
        if token.kind == "name":
            return self.named(self.cursor.next())
        raise self.cursor.wrong(f"'{token.text}' begins no expression that is supported")

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
        if isinstance(pointer, Constant):
            for word in self.memory.words.values():
                if POINTER + word.first == pointer.value:
                    return word
        return self.task.at(pointer)

    def argument(self, letter: str) -> object:
        token = self.cursor.token
        if letter == "l":
            if not self.cursor.accept("*"):
                what = f"'{token.text}' is not a shared location: write *{token.text}"
                if self.cursor.peek() in UNSUPPORTED:
                    what = f"'{token.text}{self.cursor.peek()}' is not supported"
                raise self.cursor.wrong(what, token)
            return self.pointed(self.unary())
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
        return self.expression()

    def call(self) -> Expression | None:
        token = self.cursor.next()
        letters = functions.signature(token.text)
        if letters is None:
            raise self.cursor.wrong(f"{token.text}() is not supported", token)
        self.cursor.expect("(")
        args: list[object] = []
        for letter in letters:
            if args:
                self.cursor.expect(",")
            args.append(self.argument(letter))
        self.cursor.expect(")")
        return functions.call(self.task, token.text, args)
