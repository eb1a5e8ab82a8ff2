# SPDX-License-Identifier: GPL-2.0-only
"""Tokens of a litmus file, with their lines; comments are dropped, the header is read apart."""

import re
from dataclasses import dataclass

from harness.errors import UsageError

HEADER = re.compile(r"\s*C[ \t]+(?P<name>[^\s(\"{]+)")
RESULT = re.compile(r"Result:[ \t]*(\w+)(?P<race>[ \t]+DATARACE)?")
# Between the name and the initial state: comments, and what generators say about the cycle.
META = re.compile(r"(?:\s+|\(\*.*?\*\)|\"[^\"]*\"|[A-Za-z][\w-]*=[^\n]*)*", re.DOTALL)
BLANK = r"\s+|//[^\n]*|/\*.*?\*/|\"[^\"\n]*\""
WORDS = (
    r"|(?P<number>0[xX][\da-fA-F]+|\d+)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>/\\|\\/|->|=>|\|\||&&|==|!=|<=|>=|<<|>>|[-+*/%&|^~!<>=(){}\[\];:,.?])"
)
CHANGES = r"|(?P<change>\+\+|--|(?:<<|>>|[-+*/%&|^])=(?!=))"  # in C; elsewhere x=-1 has them apart
# In the C of a process "(*x" is no comment; around it, it begins one of herd's.
IN_C = re.compile(rf"(?P<space>{BLANK}){CHANGES}{WORDS}", re.DOTALL)
AROUND = re.compile(rf"(?P<space>{BLANK}|\(\*.*?\*\)){WORDS}", re.DOTALL)
PROCESS = re.compile(r"P\d+")


class LitmusError(UsageError):
    """str() is file, line, and which construct is not understood."""

    def __init__(self, file: str, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}")


@dataclass(frozen=True)
class Token:
    kind: str  # number, name, sign, change, end
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
    races: bool  # the comment expects a data race
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
        return "".join(
            self.text.splitlines()[line - 1 : line]
        ).strip()  # empty: the end of the file


def tokens_of(file: str, text: str, position: int) -> list[Token]:
    tokens: list[Token] = []
    line = text.count("\n", 0, position) + 1
    depth, in_process = 0, False
    while position < len(text):
        match = (IN_C if in_process else AROUND).match(text, position)
        if match is None:
            raise LitmusError(file, line, f"'{text[position]}' is not understood")
        kind = match.lastgroup or ""
        if kind != "space":
            tokens.append(Token(kind, match[0], line, match.start(), match.end()))
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            in_process |= not depth and PROCESS.fullmatch(match[0]) is not None
            in_process &= bool(depth) or match[0] != "}"
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
    meta = META.match(text, header.end())
    tokens = tokens_of(file, text, meta.end() if meta else header.end())
    body = next((t.start for t in tokens if t.text == "{"), len(text))
    result = RESULT.search(text, header.end(), body)
    races = result is not None and result["race"] is not None
    return Source(file, text, header["name"], result[1] if result else "", races, tokens)
