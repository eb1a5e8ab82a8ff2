# SPDX-License-Identifier: GPL-2.0-only
"""The house style that no other tool checks: SPDX lines, tabs in C, no assert() in the core."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPDX = "SPDX-License-Identifier: GPL-2.0-only"
TREES = ("harness", "native", "tests", "tools")
SUFFIXES = {".c", ".h", ".def", ".py", ".pyi", ".sh"}
C_SUFFIXES = {".c", ".h", ".def"}
C_COLUMNS_MAX = 120
TAB_COLUMNS = 8

# setuptools builds with -DNDEBUG: an assert() may vanish, and BUG_ON and WARN_ON do not.
ASSERT = re.compile(r"(?<![\w.])assert\s*\(|#\s*include\s*<assert\.h>")


def files() -> Iterator[Path]:
    yield ROOT / "setup.py"
    for tree in TREES:
        for path in sorted((ROOT / tree).rglob("*")):
            if path.suffix in SUFFIXES and path.stat().st_size and "build" not in path.parts:
                yield path


def complaints(path: Path) -> Iterator[tuple[int, str]]:
    """Line numbers and what is wrong there."""
    lines = path.read_text(encoding="utf-8").split("\n")
    head = lines[1] if lines[0].startswith("#!") else lines[0]
    if SPDX not in head:
        yield 1, "the first line is not the SPDX line"
    if lines[-1]:
        yield len(lines), "no newline at the end of the file"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "white space at the end of the line"
        if path.suffix in C_SUFFIXES:
            yield from ((number, text) for text in c_complaints(line))


def c_complaints(line: str) -> Iterator[str]:
    if line.startswith("        "):
        yield "C is indented with tabs"
    if len(line.expandtabs(TAB_COLUMNS)) > C_COLUMNS_MAX:
        yield f"longer than {C_COLUMNS_MAX} columns"
    if ASSERT.search(line):
        yield "assert() in the core: use BUG_ON or WARN_ON"


def main() -> int:
    found = False
    for path in files():
        if path.suffix in C_SUFFIXES and "tests" in path.relative_to(ROOT).parts:
            continue
        for number, text in complaints(path):
            found = True
            print(f"{path.relative_to(ROOT)}:{number}: {text}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
