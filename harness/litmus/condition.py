# SPDX-License-Identifier: GPL-2.0-only
"""What stands behind the processes: locations, filter, and the condition on final states."""

from harness.litmus.cursor import Cursor
from harness.litmus.lexer import Token
from harness.litmus.memory import Memory
from harness.program.build import Program
from harness.program.code import Litmus
from harness.program.expression import Expression, Register, Word, expression

QUANTIFIERS = ("exists", "~exists", "forall")


class Condition:
    """Reads the clauses, and makes rules of them."""

    def __init__(
        self,
        cursor: Cursor,
        memory: Memory,
        program: Program,
        processes: list[dict[str, Register]],  # local variables of each
    ) -> None:
        self.cursor = cursor
        self.memory = memory
        self.program = program
        self.processes = processes

    def observe(
        self, token: Token, process: int | None, name: str, *, shown: bool = False
    ) -> Register | Word:
        """A register of a process or a location, which becomes part of the outcome.

        What is only shown may be a register that nobody writes: it is 0, as in herd7.
        """
        label = name if process is None else f"{process}:{name}"
        if process is not None:
            if process >= len(self.processes):
                raise self.cursor.wrong(f"{label}: there is no P{process}", token)
            if name not in self.processes[process]:
                if not shown:
                    raise self.cursor.wrong(f"{label}: P{process} has no '{name}'", token)
                self.processes[process][name] = self.program.tasks[process].let(0)
            found: Register | Word = self.processes[process][name]
        elif name in self.memory.words:
            found = self.memory.words[name]
        else:
            raise self.cursor.wrong(f"{name} is no location of this test", token)
        if all(label != seen for seen, _ in self.program.observed):
            self.program.observe(**{label: found})
        return found

    def observable(self, *, shown: bool = False) -> Register | Word:
        token = self.cursor.token
        if token.kind == "number":
            self.cursor.next()
            self.cursor.expect(":")
            return self.observe(token, int(token.text), self.cursor.name(), shown=shown)
        bracket = self.cursor.accept("[") or self.cursor.accept("*")
        name = self.cursor.name()
        if bracket:
            self.cursor.accept("]")
        return self.observe(token, None, name)

    def locations(self) -> None:
        self.cursor.expect("[")
        while not self.cursor.accept("]"):
            self.observable(shown=True)
            self.cursor.accept(";")

    def proposition(self) -> Expression:
        left = self.prop_and()
        while self.cursor.accept("\\/", "||"):
            left = left | self.prop_and()
        if self.cursor.accept("=>"):
            left = ~left | self.proposition()
        return left

    def prop_and(self) -> Expression:
        left = self.prop_not()
        while self.cursor.accept("/\\", "&&"):
            left = left & self.prop_not()
        return left

    def prop_not(self) -> Expression:
        if self.cursor.accept("~", "not", "!"):
            return ~self.prop_not()
        if self.cursor.accept("("):
            inside = self.proposition()
            self.cursor.expect(")")
            return inside
        if self.cursor.accept("true"):
            return expression(1)
        if self.cursor.accept("false"):
            return expression(0)
        left = self.observable()
        equal = not self.cursor.accept("!=")
        if equal and not self.cursor.accept("=", "=="):
            raise self.cursor.wrong(f"'{self.cursor.token.text}' stands where '=' belongs")
        right = self.right_side()
        return left == right if equal else left != right

    def right_side(self) -> Expression:
        token = self.cursor.token
        if self.cursor.peek() == ":":
            return self.observable()
        value = self.memory.constant()
        if not isinstance(value, str):
            return expression(value)
        if value not in self.memory.words:
            raise self.cursor.wrong(f"{value} is no location of this test", token)
        return self.program.address(self.memory.words[value])

    def clauses(self) -> Litmus:
        source = self.cursor.source
        while True:
            self.cursor.statement = self.cursor.token
            if self.cursor.accept("locations"):
                self.locations()
            elif self.cursor.accept("filter"):
                self.program.assume(self.proposition())
            else:
                break
        first = self.cursor.token
        if first.kind == "end":
            return self.without_condition()
        quantifier = self.cursor.next().text
        if quantifier in ("~", "not"):
            quantifier = f"~{self.cursor.next().text}"
        if quantifier not in QUANTIFIERS:
            raise self.cursor.wrong(
                f"'{first.text}' stands where exists, ~exists or forall belongs", first
            )
        start = self.cursor.token
        holds = self.proposition()
        last = self.cursor.at - 1
        self.cursor.accept(";")
        if self.cursor.token.kind != "end":
            raise self.cursor.wrong(f"'{self.cursor.token.text}' is left over behind the condition")
        text = source.between(start, source.tokens[last])
        test = Litmus(source.name, source.result, quantifier, text, races=source.races)
        self.rules(test, holds)
        return test

    def without_condition(self) -> Litmus:
        """herd7 takes it for one that is always true; what the locations hold is shown."""
        source = self.cursor.source
        for name in self.memory.words:
            self.observe(self.cursor.token, None, name)
        test = Litmus(source.name, source.result, "forall", "(true)", races=source.races)
        self.rules(test, expression(1))
        return test

    def rules(self, test: Litmus, holds: Expression) -> None:
        """Rule 0 counts the witnesses; what the comment excludes is forbidden."""
        never = test.result in ("Never", "DEADLOCK")
        text = f"{test.quantifier} {test.condition}"
        self.program.rule("forbidden" if never else "interesting", holds, text)
        if test.result == "Always":
            self.program.rule("forbidden", ~holds, f"not {text}")
