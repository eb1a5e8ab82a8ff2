# SPDX-License-Identifier: GPL-2.0-only
"""What the documents point at: links and their headings, paths, functions, commands, options.

Only what can be told for certain is refused.  A path is one if it begins with a directory of this
repository; a function stands in backticks with its parentheses, and exists if the name is anywhere
in the sources.  EXTERNAL are other people's that a page names.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.arguments import add_common
from harness.cli import COMMANDS, Parser

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("harness", "native", "tools", "tests", "examples")
SUFFIXES = {".c", ".h", ".def", ".py", ".sh", ".js"}

LINK = re.compile(r"!?\[[^\]]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
FENCE = re.compile(r"\s*(```|~~~)")
CODE = re.compile(r"`([^`]+)`")
PATH = re.compile(r"(?:native|harness|tools|tests|docs|scenarios|examples)/[\w.+/-]*[\w+]")
FUNCTION = re.compile(r"\b([a-z_][a-z0-9_]{3,})\(\)")
WORD = re.compile(r"[A-Za-z_]\w*")
COMMAND = re.compile(r"\bmmutorture ([a-z]+)\b([^|;&#`]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
TARGET = re.compile(r"(?:^\s+|`)make ([a-z][a-z-]*)")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")  # options that are passed on

EXTERNAL = frozenset({"tools/memory-model", "kvm_mmu_slot_gfn_write_protect"})


def documents() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")]
    return sorted(found)


def lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Numbered from 1, and whether each is in a fence."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        else:
            yield number, line, fenced


def anchors(path: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    found: dict[str, int] = {}
    names = set()
    for _, line, fenced in lines(path):
        if not fenced and (heading := HEADING.match(line)):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "")
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            count = found.get(name, 0)
            found[name] = count + 1
            names.add(f"{name}-{count}" if count else name)
    return names


def words_of_sources() -> set[str]:
    words: set[str] = set()
    for tree in SOURCES:
        for path in (ROOT / tree).rglob("*"):
            if path.suffix in SUFFIXES and "build" not in path.parts and path.is_file():
                words.update(WORD.findall(path.read_text(encoding="utf-8", errors="replace")))
    return words


def link_complaint(path: Path, target: str) -> str | None:
    if re.match(r"[a-z]+:", target):
        return None
    file, _, anchor = target.partition("#")
    there = (path.parent / file).resolve() if file else path
    if not there.exists():
        return f"the link {target} leads nowhere"
    if anchor and there.suffix == ".md" and anchor not in anchors(there):
        return f"{target}: there is no such heading"
    return None


def options() -> dict[str, set[str]]:
    """Of each command of the command line."""
    found = {}
    for name, _, add, _, _ in COMMANDS:
        parser = Parser(prog=name)
        add(parser)
        add_common(parser)
        found[name] = set(parser._option_string_actions)
    return found


def targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


class Known:
    """What there is."""

    def __init__(self) -> None:
        self.words = words_of_sources()
        self.options = options()
        self.targets = targets()

    def prose(self, path: Path, line: str) -> Iterator[str]:
        for target in LINK.findall(line):
            if wrong := link_complaint(path, target):
                yield wrong
        for code in CODE.findall(line):
            for name in PATH.findall(code):
                place = ROOT / name
                if not any(place.parent.glob(place.name + "*")) and not_external(name):
                    yield f"{name} does not exist"
            for name in FUNCTION.findall(code):
                if name not in self.words and not_external(name):
                    yield f"{name}() is nowhere in the sources"

    def commands(self, line: str) -> Iterator[str]:
        """In prose and in examples alike."""
        for name, rest in COMMAND.findall(line):
            if name not in self.options:
                if line.lstrip().startswith(("mmutorture", "$ mmutorture", "`mmutorture")):
                    yield f"mmutorture has no command {name}"
                continue
            for option in OPTION.findall(QUOTED.sub("", rest)):
                if option not in self.options[name]:
                    yield f"mmutorture {name} has no option {option}"
        for name in TARGET.findall(line):
            if name not in self.targets:
                yield f"make has no target {name}"


def not_external(name: str) -> bool:
    return not any(name.startswith(known) for known in EXTERNAL)


def complaints(path: Path, known: Known) -> Iterator[tuple[int, str]]:
    for number, line, fenced in lines(path):
        if not fenced:
            yield from ((number, text) for text in known.prose(path, line))
        yield from ((number, text) for text in known.commands(line))


def main() -> int:
    known = Known()
    found = False
    for path in [Path(name) for name in sys.argv[1:]] or documents():
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        for number, text in complaints(path, known):
            found = True
            print(f"{shown}:{number}: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
