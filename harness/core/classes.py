# SPDX-License-Identifier: GPL-2.0-only
"""Trace classes seen, counted over all explorers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from harness._core import ffi, lib

if TYPE_CHECKING:
    from harness._core import mmut_classes


@dataclass(frozen=True)
class ClassCounts:
    """Trace classes: of all executions, and of the independent samples among them."""

    distinct: int = 0
    samples: int = 0
    sampled: int = 0  # classes among the samples
    once: int = 0  # of them, seen in exactly one sample
    twice: int = 0
    full: int = 0  # the table was full: the rest is not counted


class Classes:
    """The table to which explorers report, in ascending order of iterations."""

    @cached_property
    def table(self) -> mmut_classes:
        return ffi.new("struct mmut_classes *")  # 8 MiB, which a replay does without

    def add(self, classes: bytes) -> None:
        raw = ffi.from_buffer("uint64_t[]", classes)
        lib.mmut_classes_add(self.table, raw, len(raw))

    def counts(self) -> ClassCounts:
        t = self.table
        return ClassCounts(t.distinct, t.samples, t.sampled, t.once, t.twice, t.full)
