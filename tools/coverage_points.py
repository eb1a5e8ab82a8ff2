# SPDX-License-Identifier: GPL-2.0-only
"""The places of native/kvm that a run must reach to have tested anything, read from the source.

Four kinds, found by their spelling, so that code which is added is asked for at once:

write   a store to an SPTE, and each call of a function that is handed an entry and stores to it
yield   a test that may drop mmu_lock in the middle of a walk: both answers; and what then happens
retry   an edge that goes back: a lost compare-exchange, a stale answer, a fault that starts again
mode    both sides of every branch on `shared`

A place is named by file, function and text, not by its line, so that excuses outlive edits.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

KINDS = ("write", "yield", "retry", "mode")

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
HEAD = re.compile(r"^[A-Za-z_][^;=]*?\b(\w+)\(")
CALL = re.compile(r"\b(\w+)\(")
STORE = re.compile(
    r"\b(?:xchg|xchg_scan|fetch_and|fetch_or|WRITE_ONCE|WRITE_PRIVATE|(?:hw_)?try_cmpxchg(?:64)?)"
    r"\(\*?[\w>.-]*(?:sptep|\bspt\[)"
)
ENTRY = re.compile(r"\btdp_ptep_t\s+\w+|\bstruct tdp_iter \*\w+")  # a parameter that is an entry
YIELDS = re.compile(r"\b(?:\w*cond_resched(?!_mmu)\w*|rwlock_needbreak)\(")
RETRY = re.compile(
    r"\bgoto retry\b|(?:\breturn|[^=!]=)\s[^;=]*\bRET_PF_RETRY\b|\breturn -EBUSY\b|-EAGAIN\b"
    r"|\bcpu_relax\(\)|\bstat_lost_cmpxchg\+\+|\bNOTE_RETRY\b|\bkvm_make_self_request\("
)
ASKS = re.compile(r"\bif \(.*(?:retry_gfn\w*|is_page_fault_stale|is_obsolete_root)\(")
MODE = re.compile(r"(?:\bif \(!?shared\b|[^\w]shared \?)")
BRANCH = re.compile(r"\b(?:if|while) \(")


@dataclass(frozen=True)
class Function:
    name: str
    file: str
    head: str
    first: int  # the line of the head
    last: int
    lines: tuple[str, ...]  # without comments and strings, from `first` on


@dataclass(frozen=True)
class Point:
    kind: str
    file: str
    function: str
    line: int
    text: str  # with (2) behind it where it is the second of its like in the function
    both: bool  # a branch of which both sides are wanted

    @property
    def name(self) -> str:
        return f"{self.file} {self.function}: {self.text}"


def blank(match: re.Match[str]) -> str:
    """Nothing, in as many lines."""
    return "\n" * match[0].count("\n")


def functions_of(name: str, text: str) -> Iterator[Function]:
    """The functions of a file in kernel style: "{" and "}" stand in the first column."""
    lines = STRING.sub('""', COMMENT.sub(blank, text)).split("\n")
    head = begin = 0
    for number, line in enumerate(lines, 1):
        if HEAD.match(line) and not line.startswith("#"):
            head = number
            if line.rstrip().endswith("}") and "{" in line:
                yield make(name, lines, head, number)
                head = 0
        elif line == "{" and head:
            begin = head
        elif line == "}" and begin:
            yield make(name, lines, begin, number)
            begin = head = 0
        elif line and line[0] in "}#":
            head = 0


def make(file: str, lines: Sequence[str], first: int, last: int) -> Function:
    body = tuple(lines[first - 1 : last])
    head = " ".join(body).partition("{")[0]
    found = HEAD.match(head)
    assert found is not None
    return Function(found[1], file, head, first, last, body)


def setters(functions: Sequence[Function]) -> set[str]:
    """Functions that are handed an entry and store to it, themselves or through another such."""
    known: set[str] = set()
    while True:
        found = {
            function.name
            for function in functions
            if ENTRY.search(function.head)
            and (
                any(STORE.search(line) for line in function.lines)
                or any(set(CALL.findall(line)) & known for line in body_of(function))
            )
        }
        if found <= known:
            return known
        known |= found


def body_of(function: Function) -> Iterator[str]:
    """Its lines without its head, which names the function itself."""
    inside = False
    for line in function.lines:
        if inside:
            yield line
        elif "{" in line:
            inside = True
            yield line.partition("{")[2]
        else:
            yield ""


def points_of(function: Function, writers: set[str]) -> Iterator[Point]:
    after_yield = False
    for number, line in enumerate(body_of(function), function.first):
        text = " ".join(line.split())

        def point(kind: str, both: bool = False, at: int = number, what: str = text) -> Point:
            return Point(kind, function.file, function.name, at, what, both)

        branch = bool(BRANCH.search(line))
        if STORE.search(line) or set(CALL.findall(line)) & writers:
            yield point("write")
        if YIELDS.search(line):
            yield point("yield", both=branch)
        elif after_yield and text in ("flush = false;", "continue;"):
            yield point("yield")
        if RETRY.search(line):
            yield point("retry")
        elif ASKS.search(line) and "bug(" not in line:
            yield point("retry", both=True)
        if MODE.search(line):
            yield point("mode", both=True)
        if text:
            after_yield = after_yield and text == "flush = false;"
            after_yield = after_yield or bool(YIELDS.search(line) and branch)


def scan(files: Sequence[tuple[str, str]]) -> tuple[list[Function], list[Point]]:
    """Functions and places of (name, text) files, in their order."""
    functions = [function for name, text in files for function in functions_of(name, text)]
    writers = setters(functions)
    return functions, [point for f in functions for point in numbered(points_of(f, writers))]


def numbered(points: Iterable[Point]) -> Iterator[Point]:
    """Each with a text of its own among its kind."""
    seen: Counter[tuple[str, str]] = Counter()
    for point in points:
        key = (point.kind, point.text)
        seen[key] += 1
        yield point if seen[key] == 1 else replace(point, text=f"{point.text} ({seen[key]})")


def scan_tree(root: Path) -> tuple[list[Function], list[Point]]:
    paths = sorted([*root.glob("native/kvm/*.c"), *root.glob("native/kvm/*.h")])
    return scan([(p.relative_to(root).as_posix(), p.read_text(encoding="utf-8")) for p in paths])
