# SPDX-License-Identifier: GPL-2.0-only
"""A place in the tokens of a litmus file, and what is said where they make no sense."""

from harness.errors import UsageError
from harness.litmus.lexer import Source, Token
from harness.program.code import TEXT_MAX

UNSUPPORTED = {  # C that a litmus test could have, and what to write
    "[": "an array is declared in the initial state, int x[2];",
    "->": "a field is a location of its own",
    ".": "a field is a location of its own",
    "?": "write an if",
    "++": "write a statement of its own",
    "--": "write a statement of its own",
    ",": "write statements of their own",
}


class Cursor:
    """The token at hand; `statement` is the one that the current statement began with."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = 0
        self.statement = source.tokens[0]

    @property
    def token(self) -> Token:
        return self.source.tokens[self.at]

    def peek(self, ahead: int = 1) -> str:
        return self.source.tokens[min(self.at + ahead, len(self.source.tokens) - 1)].text

    def next(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> bool:
        if self.token.kind != "end" and self.token.text in texts:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if self.token.text in UNSUPPORTED and self.token.text != text:
            raise self.unsupported()
        if self.token.text != text or self.token.kind == "end":
            raise self.wrong(f"'{self.token.text}' stands where '{text}' belongs")
        return self.next()

    def name(self) -> str:
        if self.token.kind != "name":
            raise self.wrong(f"'{self.token.text}' is no name")
        return self.next().text

    def unsupported(self) -> UsageError:
        text = self.token.text
        return self.wrong(f"'{text}' is not supported here: {UNSUPPORTED[text]}")

    def wrong(self, what: str, token: Token | None = None) -> UsageError:
        return self.source.error(token or self.token, what)

    def place(self) -> tuple[str, int, str]:
        line = self.statement.line
        return self.source.file, line, self.source.line_text(line)[:TEXT_MAX]
