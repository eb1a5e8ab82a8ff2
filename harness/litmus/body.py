# SPDX-License-Identifier: GPL-2.0-only
"""The C of one process, as statements of a task.

One pass that emits as it reads.  What is not understood is refused with its line: an unread
construct would be a wrong verdict.
"""

from collections.abc import Callable

from harness.litmus.cursor import UNSUPPORTED, Cursor
from harness.litmus.expressions import Expressions
from harness.litmus.memory import TYPES, Memory
from harness.program.build import Program
from harness.program.code import Insn
from harness.program.expression import Constant, Expression, Word

INSTEAD = {"switch": "write if and else", "goto": "write if, while or for"}


class Body(Expressions):
    """A process, statement by statement."""

    def __init__(
        self, cursor: Cursor, memory: Memory, program: Program, number: int, parameters: list[str]
    ) -> None:
        super().__init__(cursor, memory, program, number, parameters)
        self.returns = 0
        self.breaks = 0  # and continues, of the loop that is open
        self.continues: list[list[Insn]] = []  # in each loop that is open
        self.block()

    def block(self) -> None:
        self.cursor.expect("{")
        while not self.cursor.accept("}"):
            self.one_statement()

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
            self.looping(self.while_statement)
        elif self.cursor.accept("do"):
            self.looping(self.do_statement)
        elif self.cursor.accept("for"):
            self.looping(self.for_statement)
        elif self.cursor.accept("return"):
            self.cursor.expect(";")
            self.task.exit()
            self.returns += 1
        elif text in ("break", "continue"):
            self.leave()
        elif text in INSTEAD:
            raise self.cursor.wrong(f"'{text}' is not supported: {INSTEAD[text]}")
        elif text in TYPES:
            self.local_declaration()
        else:
            self.assignment()
            self.cursor.expect(";")

    # ------------------------------------------------------------ control

    def branching(self, statement: Callable[[], None]) -> None:
        """What stands behind an if depends on it no more, as in herd7; behind a return it does."""
        before = (self.returns, self.breaks)
        saved = self.task.control()
        statement()
        if (self.returns, self.breaks) == before:
            self.task.join(saved)

    def looping(self, statement: Callable[[], None]) -> None:
        """Behind a break, too, what follows depends on its if, to the end of the loop."""

        def whole() -> None:
            breaks, self.breaks = self.breaks, 0
            self.continues.append([])
            statement()
            self.continues.pop()
            self.breaks = breaks

        self.branching(whole)

    def leave(self) -> None:
        """break; or continue;"""
        word = self.cursor.next()
        if not self.continues:
            raise self.cursor.wrong(f"'{word.text}' stands in no loop", word)
        self.cursor.expect(";")
        if word.text == "break":
            self.task.break_()
        else:
            self.continues[-1].append(self.task.emit("jump"))
        self.breaks += 1

    def land(self) -> None:
        """Where the loop goes on after continue."""
        for insn in self.continues[-1]:
            self.task.target(insn)

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
            self.land()

    def do_statement(self) -> None:
        with self.task.loop():
            self.one_statement()
            self.land()
            self.cursor.expect("while")
            self.cursor.expect("(")
            self.task.break_if(~self.expression())
            self.cursor.expect(")")
        self.cursor.expect(";")

    def for_statement(self) -> None:
        """The step stands before the body and happens behind it: it is read there."""
        self.cursor.expect("(")
        if self.cursor.token.text in TYPES:
            self.local_declaration()
        else:
            self.optional_assignment(";")
        with self.task.loop():
            if self.cursor.token.text != ";":
                self.task.break_if(~self.expression())
            self.cursor.expect(";")
            step = self.cursor.at
            self.skip_step()
            self.one_statement()
            self.land()
            end, self.cursor.at = self.cursor.at, step
            self.optional_assignment(")")
            self.cursor.at = end

    def optional_assignment(self, behind: str) -> None:
        if self.cursor.token.text != behind:
            self.assignment()
        self.cursor.expect(behind)

    def skip_step(self) -> None:
        depth = 1
        while depth:
            token = self.cursor.next()
            if token.kind == "end":
                raise self.cursor.wrong("a ')' is missing")
            depth += {"(": 1, ")": -1}.get(token.text, 0)

    # ------------------------------------------------------------ variables

    def local_declaration(self) -> None:
        """A variable is a register of its process, however often it is declared, as in herd7."""
        kind = self.memory.type_name()
        if kind != "int":
            raise self.cursor.wrong(f"a {kind} of one process is not supported: make it shared")
        while True:
            while self.cursor.accept("*"):
                pass
            token = self.cursor.token
            name = self.cursor.name()
            if self.cursor.accept("["):
                raise self.cursor.wrong(
                    f"{name} is an array of one process, which is not supported: make it shared,"
                    " or write variables",
                    token,
                )
            if self.cursor.accept("="):
                self.assign(name, self.expression())
            elif name not in self.env:
                self.env[name] = self.task.let(0)
            if not self.cursor.accept(","):
                break
        self.cursor.expect(";")

    def assign(self, name: str, value: Expression) -> None:
        if name in self.env:
            self.task.set(self.env[name], value)
        else:
            self.env[name] = self.task.let(value)

    def is_local(self) -> bool:
        """A variable, perhaps one that nobody declared, to which something is assigned."""
        token = self.cursor.token
        if token.kind != "name" or (token.text in self.visible and token.text not in self.env):
            return False
        behind = self.cursor.source.tokens[self.cursor.at + 1]
        return behind.text == "=" or behind.kind == "change"

    def assignment(self) -> None:
        token = self.cursor.token
        if token.text in ("++", "--"):
            self.cursor.next()
            self.change(self.name_or_place(), token.text)
        elif self.is_local():
            self.change(self.cursor.name())
        elif (place := self.place()) is not None:
            self.change(place)
        elif token.kind == "name" and self.cursor.peek() == "(":
            self.call()
        elif token.text == "(" and self.cursor.peek() == "void":
            self.unary()
        else:
            raise self.cursor.wrong(f"'{self.beginning()}' begins no statement that is supported")
        behind = self.cursor.token
        if behind.kind == "change":
            raise self.cursor.wrong(f"'{behind.text}' is not supported here")
        if behind.text in UNSUPPORTED:
            raise self.cursor.unsupported()
        if behind.text == "=":
            raise self.cursor.wrong("'=' is not supported here: one assignment in a statement")

    def name_or_place(self) -> str | Word:
        place = self.place()
        return self.cursor.name() if place is None else place

    def change(self, what: str | Word, operator: str = "") -> None:
        """= and += and ++ (the operator, if it stood before) of a variable or a plain location."""
        token = self.cursor.token
        if not operator and (token.text == "=" or token.kind == "change"):
            operator = self.cursor.next().text
        if operator == "=":
            value = self.expression()
        elif operator:
            step = Constant(1) if operator in ("++", "--") else self.expression()
            old = self.current(what)
            sign = operator.rstrip("=") if "=" in operator else operator[0]
            value = self.combined(sign, old, step)
        else:
            raise self.cursor.wrong(f"'{token.text}' stands where '=' belongs")
        if isinstance(what, str):
            self.assign(what, value)
        else:
            self.task.store(what, value, "plain")

    def current(self, what: str | Word) -> Expression:
        if isinstance(what, Word):
            return self.task.load(what, "plain")
        if what not in self.env:
            raise self.cursor.wrong(f"'{what}' has no value yet: declare it with one")
        return self.env[what]

    def beginning(self) -> str:
        """Of the statement at hand: what is wrong with r0.x stands behind the name."""
        words = [self.cursor.token.text]
        words += [self.cursor.peek(n) for n in (1, 2)] if self.cursor.token.kind == "name" else []
        return "".join(words[: 3 if len(words) > 1 and words[1] in "+-*/%&|^" else 1])
