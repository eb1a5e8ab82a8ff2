# SPDX-License-Identifier: GPL-2.0-only
"""From a litmus file to a program: memory, the C of each process, and the condition."""

from harness.litmus.body import Body
from harness.litmus.condition import Condition
from harness.litmus.cursor import Cursor
from harness.litmus.lexer import Source, Token
from harness.litmus.memory import Memory
from harness.program.build import Program


class Parser:
    """Declarations come first wherever they stand: the bodies are read in a second go."""

    def __init__(self, source: Source) -> None:
        self.cursor = Cursor(source)
        self.program = Program(source.name)
        self.program.file = source.file
        self.program.place = self.cursor.place
        self.memory = Memory(self.cursor, self.program)

    def skip_body(self) -> None:
        self.cursor.expect("{")
        depth = 1
        while depth:
            token = self.cursor.next()
            if token.kind == "end":
                raise self.cursor.wrong("a '}' is missing")
            depth += {"{": 1, "}": -1}.get(token.text, 0)

    def processes(self) -> list[tuple[Token, list[str], int]]:
        """(name, parameters, where the body begins) of each."""
        found: list[tuple[Token, list[str], int]] = []
        self.cursor.accept("void")
        while (
            self.cursor.token.kind == "name"
            and self.cursor.peek() == "("
            and self.cursor.token.text[0] == "P"
        ):
            token = self.cursor.next()
            if token.text != f"P{len(found)}":
                raise self.cursor.wrong(
                    f"process {token.text} stands where P{len(found)} belongs", token
                )
            names = self.memory.parameters()
            found.append((token, names, self.cursor.at))
            self.skip_body()
            self.cursor.accept("void")
        if not found:
            raise self.cursor.wrong(f"'{self.cursor.token.text}' stands where P0(...) belongs")
        return found

    def parse(self) -> Program:
        self.memory.declarations()
        found = self.processes()
        end = self.cursor.at
        self.memory.make()
        bodies = []
        for number, (_, parameters, start) in enumerate(found):
            self.cursor.at = start
            bodies.append(Body(self.cursor, self.memory, self.program, number, parameters))
        self.cursor.at = end
        env = [body.env for body in bodies]
        clauses = Condition(self.cursor, self.memory, self.program, env)
        self.program.litmus = clauses.clauses()
        return self.program
