# SPDX-License-Identifier: GPL-2.0-only
"""Which shared accesses of the model were ever in conflict, over all executions and processes.

What was seen is one byte for each site (native/check/conflicts.c).  A place of the source is the
sum of its sites: of a list function that many call, say.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness._core import ffi, lib
from harness.core.structs import event_op

FILE = "conflicts.txt"  # in the results of a scenario
SITES_MAX = 1 << 16
OWN = "native/kvm/"  # the model's, and of the core what it has inline (native/kvm/../core/list.h)
ALONE, ORDERED, UNORDERED = "never in conflict", "always ordered", "unordered"
EXPLAINED = {
    ALONE: "no other task was at the word, or nobody wrote it: not needed, or not reached",
    ORDERED: "something else ordered each conflict: marked, it could have been plain",
    UNORDERED: "a conflict that nothing ordered: what the annotation is for",
}


@dataclass(frozen=True)
class Place:
    """A line of the model, and one access in it."""

    file: str
    line: int
    func: str
    what: str
    op: str
    plain: bool

    def __str__(self) -> str:
        mark = "plain" if self.plain else "marked"
        return f"{self.file}:{self.line} {self.func} {self.op} {self.what} ({mark})"


def current() -> bytes:
    """Of the world that is mapped; empty: nobody looked."""
    seen: Any = ffi.new(f"uint8_t[{SITES_MAX}]")
    return bytes(ffi.buffer(seen, lib.mmut_conflicts_get(seen, SITES_MAX)))


def merge(parts: Iterable[bytes]) -> bytes:
    found = [part for part in parts if part]
    total = 0
    for part in found:
        total |= int.from_bytes(part, "little")
    return total.to_bytes(max((len(part) for part in found), default=0), "little")


def places(seen: bytes) -> dict[Place, str]:
    """The accesses of the model that ran in executions which were looked at, and what they met."""
    raw, sums = ffi.new("struct mmut_access_place *"), dict[Place, int]()
    for site, bits in enumerate(seen):
        if not bits or lib.mmut_access_place_get(site, raw):
            continue
        file, func, what = (
            bytes(ffi.string(text)).decode() for text in (raw.file, raw.func, raw.what)
        )
        if file.startswith(OWN):
            file = posixpath.normpath(file)
            place = Place(file, raw.line, func, what, event_op(raw.op), bool(raw.plain))
            sums[place] = sums.get(place, 0) | bits
    return {place: verdict(bits) for place, bits in sums.items()}


def verdict(bits: int) -> str:
    if bits & lib.MMUT_CONFLICT_UNORDERED:
        return UNORDERED
    return ORDERED if bits & lib.MMUT_CONFLICT_SEEN else ALONE


def counts(found: dict[Place, str]) -> dict[str, int]:
    return {what: sum(one == what for one in found.values()) for what in EXPLAINED}


def line(seen: bytes) -> str:
    """For the terminal; empty: nobody looked."""
    found = places(seen)
    if not found:
        return ""
    sums = counts(found)
    return (
        f"accesses: {len(found)} places of the model, {sums[ALONE]} never in conflict,"
        f" {sums[ORDERED]} always ordered ({FILE})"
    )


def render(seen: bytes) -> str:
    found = places(seen)
    lines = []
    for what, why in EXPLAINED.items():
        rows = sorted((p for p, one in found.items() if one == what), key=lambda p: str(p))
        lines += [f"{what} ({len(rows)}): {why}", *(f"    {place}" for place in rows), ""]
    return "\n".join(lines)


def document(seen: bytes) -> dict[str, int]:
    """For run.json."""
    return counts(places(seen)) if seen else {}
