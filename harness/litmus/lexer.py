# SPDX-License-Identifier: GPL-2.0-only
"""Tokens of a litmus file, with their lines; comments are dropped, the header is read apart."""

import re
from dataclasses import dataclass

from harness.errors import UsageError

HEADER = re.compile(r"\s*C[ \t]+(?P<name>[^\s(\"{]+)")
RESULT = re.compile(r"Result:\s*(\w+)")
TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/|\(\*.*?\*\)|\"[^\"\n]*\")"
    r"|(?P<number>0[xX][\da-fA-F]+|\d+)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>/\\|\\/|->|=>|\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%&|^~!<>=(){}\[\];:,.?])",
    re.DOTALL,
)


class LitmusError(UsageError):
    """str() is file, line, and which construct is not understood."""

    def __init__(self, file: str, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}")


@dataclass(frozen=True)
class Token:
    kind: str  # number, name, sign, end
    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """A file: what its first line and its comment say, and the tokens of the rest."""

    file: str
    text: str
    name: str
    result: str  # Never, Sometimes, Always, ...; empty: the comment has none
    tokens: list[Token]

    def error(self, token: Token, what: str) -> LitmusError:
        return LitmusError(self.file, token.line, what)

    def between(self, first: Token, last: Token) -> str:
        """The text from `first` to `last`, on one line and without comments."""
        inside = [t for t in self.tokens if first.start <= t.start <= last.start]
        text = ""
        for token in inside:
            before = self.text[: token.start]
            text += (" " if text and before[-1:].isspace() else "") + token.text
        return text

    def line_text(self, line: int) -> str:
        return self.text.splitlines()[line - 1].strip()


def tokens_of(file: str, text: str, position: int) -> list[Token]:
    tokens = []
    line = text.count("\n", 0, position) + 1
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise LitmusError(file, line, f"'{text[position]}' is not understood")
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match[0], line, match.start(), match.end()))
        line += match[0].count("\n")
        position = match.end()
    tokens.append(Token("end", "the end of the file", line, len(text), len(text)))
    return tokens


def scan(file: str, text: str) -> Source:
    header = HEADER.match(text)
    if header is None:
        first = text.strip().partition("\n")[0][:40]
        raise LitmusError(
            file, 1, f"'{first}': only C litmus tests are read; the first line is 'C NAME'"
        )
    tokens = tokens_of(file, text, header.end())
    body = next((t.start for t in tokens if t.text == "{"), len(text))
    result = RESULT.search(text, header.end(), body)
    return Source(file, text, header["name"], result[1] if result else "", tokens)
