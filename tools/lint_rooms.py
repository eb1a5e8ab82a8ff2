# SPDX-License-Identifier: GPL-2.0-only
"""Rooms know each other only along the arrows of docs/architecture.md, in C and in Python.

Every folder is a room of one of the tables below and stands in the document's map.

The model must not be able to tell which execution it is in, nor see the oracles that watch it; so
an #include that goes the wrong way is an error, whatever it is used for.  Likewise an import.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NATIVE = ROOT / "native"

# "api.h" is native/api.h: to the rooms it is plain data, the configuration that Python filled in.
# "api" is what stands behind it, and knows all.
KNOWS = {
    "core": {"core"},
    "sched": {"core", "sched", "api.h"},
    "kvm": {"core", "kvm", "api.h"},
    "check": {"core", "kvm", "check", "api.h"},
    "program": {"core", "program", "api.h", "include"},
    "api": {"core", "sched", "kvm", "check", "program", "api", "api.h"},
    "include": {"include"},  # what a user's program sees
}
OUTSIDE = {"tests", "bench"}  # not built into the core: they know all
HARNESS = ROOT / "harness"
LANGUAGES = {"scenario", "program", "litmus"}  # of what is asked for
IMPORTS = {
    "scenario": LANGUAGES,
    "program": LANGUAGES | {"core", "run"},  # a program can be run from Python
    "litmus": LANGUAGES | {"core", "run"},
    "core": LANGUAGES,
    "results": {"core"},
    "contention": {"core", "results"},
    "trace": {"core", "results", "contention"},
    "run": LANGUAGES | {"core", "contention", "trace"},
    "failure": LANGUAGES | {"core", "results", "trace", "run"},
    "compare": {"results", "contention", "commands"},  # in turns, stress is what runs
    "report": {"results", "contention", "trace", "failure", "compare"},
    "bench": LANGUAGES | {"core", "run", "commands"},
}
ON_TOP = {"commands"}  # may import all
EVERYBODY = {"errors", "signals", "streams", "units", "_core", "__version__"}
IMPORT = re.compile(r"^\s*from harness(?:\.([\w.]+))? import ([\w, ]+|\([^)]*\))", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def room_of(path: Path) -> str:
    return path.relative_to(NATIVE).parts[0]


def find(name: str, includer: Path) -> Path | None:
    """The file that the compiler would take, with native/ as its only include directory."""
    for base in (includer.parent, NATIVE):
        path = (base / name).resolve()
        if path.is_file():
            return path
    return None


def imported(text: str) -> set[str]:
    """The rooms of the harness, or modules outside any room, that a source imports."""
    rooms = set()
    for package, names in IMPORT.findall(text):
        if package:
            rooms.add(package.partition(".")[0])
        else:
            rooms |= set(re.findall(r"\w+", names))
    return rooms


def wrong_imports() -> list[str]:
    wrong = []
    for room, known in IMPORTS.items():
        for source in sorted((HARNESS / room).glob("*.py")):
            found = imported(source.read_text(encoding="utf-8")) - known - EVERYBODY - {room}
            where = source.relative_to(ROOT)
            wrong += [f"{where}: {room} may not import {other}" for other in sorted(found)]
    return wrong


def wrong_includes() -> list[str]:
    wrong = []
    for room, known in KNOWS.items():
        for source in sorted([*(NATIVE / room).glob("*.[ch]"), *(NATIVE / room).glob("*.def")]):
            for name in INCLUDE.findall(source.read_text(encoding="utf-8")):
                included = find(name, source)
                where = source.relative_to(ROOT)
                if included is None:
                    wrong.append(f'{where}: #include "{name}" names no file')
                elif room_of(included) not in known:
                    wrong.append(f'{where}: {room} may not know {room_of(included)} ("{name}")')
    return wrong


def unknown_rooms() -> list[str]:
    """Folders that no table above has, rooms without a folder, and what the map leaves out."""
    map_of_all = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    wrong = []
    for base, tabled, mapped in (
        (NATIVE, KNOWS.keys() | OUTSIDE, "native/{}"),
        (HARNESS, IMPORTS.keys() | ON_TOP, "`{}/`"),
    ):
        found = {path.parent.name for end in ("c", "h", "py") for path in base.glob(f"*/*.{end}")}
        where = base.name
        wrong += [f"{where}/{room}: no room of tools/lint_rooms.py" for room in found - tabled]
        wrong += [f"{where}/{room}: has no sources" for room in tabled - found]
        wrong += [
            f"{where}/{room}: not in docs/architecture.md"
            for room in found
            if mapped.format(room) not in map_of_all
        ]
    return sorted(wrong)


def main() -> int:
    wrong = unknown_rooms() + wrong_includes() + wrong_imports()
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
