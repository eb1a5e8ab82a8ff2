# SPDX-License-Identifier: GPL-2.0-only
"""Figures over time as the core has them: columns of ticks that double when there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

TICKS_MAX = 256
FAULTS, OPERATIONS, RETRIES, FLUSHES, QUEUED, RUN, LOCKS = range(7)
LOCK_COLUMNS = 3  # of each class and mode: acquisitions, contentions, time waited
READ, WRITE = 0, 1


def coarser(column: Sequence[int], shift: int) -> list[int]:
    """The same with ticks that are so many times twice as long."""
    width = 1 << shift
    return [sum(column[at : at + width]) for at in range(0, len(column), width)]


def add(a: Sequence[int], b: Sequence[int]) -> list[int]:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return [n + (shorter[i] if i < len(shorter) else 0) for i, n in enumerate(longer)]


@dataclass
class Series:
    """By tick of 1 << shift; columns that have nothing in them are left out."""

    shift: int = 0
    ticks: int = 0
    columns: dict[int, list[int]] = field(default_factory=dict)

    def coarsen(self, shift: int) -> None:
        if shift > self.shift:
            by = shift - self.shift
            self.columns = {n: coarser(column, by) for n, column in self.columns.items()}
            self.ticks = (self.ticks + (1 << by) - 1) >> by
            self.shift = shift

    def add(self, other: Series) -> None:
        if not other.ticks:
            return
        if not self.ticks:
            self.shift = other.shift
        shift = max(self.shift, other.shift)
        self.coarsen(shift)
        other.coarsen(shift)
        self.ticks = max(self.ticks, other.ticks)
        for number, column in other.columns.items():
            self.columns[number] = add(self.columns.get(number, []), column)

    def column(self, number: int) -> list[int]:
        return add(self.columns.get(number, []), [0] * self.ticks)


def lock_column(lock: int, mode: int) -> int:
    """The first of those of a lock class, by its number, and mode."""
    return LOCKS + (lock * 2 + mode) * LOCK_COLUMNS
