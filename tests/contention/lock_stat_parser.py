# SPDX-License-Identifier: GPL-2.0-only
"""A reader of /proc/lock_stat 0.4 that knows the kernel's lockstat.rst and nothing of us."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

WIDTH = 40 + 1 + 12 * (14 + 1)
COLUMNS = 12
POINT = re.compile(r"^ *(\S.*?) +(\d+) +\[<([0-9a-f]+)>\] (\S+)(?: \[(.+)\])?$")


@dataclass
class Point:
    count: int
    address: str
    symbol: str
    module: str | None


@dataclass
class LockClass:
    rows: dict[str, list[float]] = field(default_factory=dict)  # by name, -R and -W included
    waiting: list[Point] = field(default_factory=list)
    holding: list[Point] = field(default_factory=list)


@dataclass
class Table:
    header: list[str]
    classes: list[LockClass]

    def rows(self) -> dict[str, list[float]]:
        return {name: row for found in self.classes for name, row in found.rows.items()}


def split_header(line: str) -> list[str]:
    assert len(line) == WIDTH - 1
    assert line[:40].strip() == "class name"
    return [line[40 + 15 * n : 55 + 15 * n].strip() for n in range(COLUMNS)]


def row_of(line: str) -> tuple[str, list[float]]:
    """Columns by position: a colon is the 41st character, figures end where their columns do."""
    assert len(line) == WIDTH - 1, line
    assert line[40] == ":", line
    cells = [line[41:55]] + [line[55 + 15 * n : 70 + 15 * n] for n in range(COLUMNS - 1)]
    assert all(cell[0] == " " for cell in cells[1:]), line
    for n, cell in enumerate(cells):
        number = r"\d+" if n in (0, 1, 6, 7) else r"\d+\.\d\d"
        assert re.fullmatch(number, cell.strip()), line
    return line[:40].strip(), [float(cell) for cell in cells]


def parse(text: str) -> Table:
    lines = text.split("\n")
    assert lines.pop(0) == "lock_stat version 0.4"
    if lines[0].startswith("*"):
        lines.pop(0)
    assert lines[0] == lines[2] == "-" * WIDTH and lines[3] == ""
    table = Table(split_header(lines[1]), [])
    found, lists = None, 0
    for line in lines[4:]:
        if line == "." * WIDTH:
            found, lists = None, 0
        elif line.strip() == "":
            continue
        elif set(line.strip()) == {"-"}:
            assert len(line) == 40, "the separator ends below the name's last character"
            lists += 1
        elif lists == 0:
            name, figures = row_of(line)
            if found is None or not same_class(found, name):
                found = LockClass()
                table.classes.append(found)
            found.rows[name] = figures
        else:
            point = POINT.match(line)
            assert point and found, line
            points = found.waiting if lists == 1 else found.holding
            points.append(Point(int(point[2]), point[3], point[4], point[5]))
    return table


def same_class(found: LockClass, name: str) -> bool:
    """-W comes before -R; anything else begins a class."""
    return name.endswith("-R") and f"{name[:-2]}-W" in found.rows
