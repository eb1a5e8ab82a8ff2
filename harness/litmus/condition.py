# SPDX-License-Identifier: GPL-2.0-only
"""What stands behind the processes: locations, filter, and the condition on final states."""

from harness.litmus.cursor import Cursor
from harness.litmus.lexer import Token
from harness.litmus.memory import Memory
from harness.program.build import Program
from harness.program.code import POINTER, Litmus
from harness.program.expression import Constant, Expression, Register, Word, expression

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
        self, token: Token, process: int | None, name: str, index: int = 0
    ) -> Register | Word:
        """A register of a process or a location, which becomes part of the outcome.

        A register that nobody writes is 0, as in herd7.
        """
        label = name if process is None else f"{process}:{name}"
        if process is None and name in self.memory.lengths:
            label = f"{name}[{index}]"
        if process is not None:
            if process >= len(self.processes):
                raise self.cursor.wrong(f"{label}: there is no P{process}", token)
            if name not in self.processes[process]:
                self.processes[process][name] = self.program.tasks[process].let(0)
            found: Register | Word = self.processes[process][name]
        elif name in self.memory.words:
            found = self.element(token, name, index)
        else:
            raise self.cursor.wrong(f"{name} is no location of this test", token)
        if all(label != seen for seen, _ in self.program.observed):
            self.program.observe(**{label: found})
        return found

    def element(self, token: Token, name: str, index: int) -> Word:
        if not 0 <= index < self.memory.lengths.get(name, 1):
            raise self.cursor.wrong(f"{name}[{index}] is outside {name}", token)
        return self.memory.places[POINTER + self.memory.words[name].first + index]

    def index(self) -> int:
        """Of an element: x[1]; 0 where no bracket follows."""
        if not self.cursor.accept("["):
            return 0
        index = self.memory.constant()
        self.cursor.expect("]")
        if isinstance(index, str):
            raise self.cursor.wrong(f"'{index}' is no index: give a number")
        return index

    def observable(self) -> Register | Word:
        token = self.cursor.token
        if token.kind == "number":
            self.cursor.next()
            self.cursor.expect(":")
            return self.observe(token, int(token.text), self.cursor.name())
        bracket = self.cursor.accept("[") or self.cursor.accept("*")
        name = self.cursor.name()
        index = self.index()
        if bracket:
            self.cursor.accept("]")
        return self.observe(token, None, name, index)

    def locations(self) -> None:
        self.cursor.expect("[")
        while not self.cursor.accept("]"):
            self.observable()
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
        return Constant(self.program.address(self.memory.words[value]).value + self.index())

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
            for index in range(self.memory.lengths.get(name, 1)):
                self.observe(self.cursor.token, None, name, index)
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
