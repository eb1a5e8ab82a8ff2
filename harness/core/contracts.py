# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts: what each function of the model demands, and how runs really entered it.

A row is one line of the core that states a contract.  Its counts say how often tasks passed it
holding the lock for read, for write, or not at all.  For RCU and SRCU only `none` counts.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from harness._core import ffi, lib
from harness.core import catalogue
from harness.core.structs import rows

Counts = tuple[int, int, int]  # none, read, write
MODES = ("none", "read", "write")
MMU_LOCK = "mmu_lock"  # the one lock that has two modes


def current() -> list[dict[str, Any]]:
    """All contracts, with the counts of the world that is mapped, or 0 without one."""
    return rows("struct mmut_contract *", lib.mmut_contract_get)


def current_counts() -> list[Counts]:
    """The counts of current(), for those who ask often."""
    rows = lib.mmut_contract_counts(ffi.NULL, 0)
    raw: Any = ffi.new("uint64_t[]", 3 * rows)
    lib.mmut_contract_counts(raw, rows)
    counts = ffi.unpack(raw, 3 * rows)
    return list(zip(counts[::3], counts[1::3], counts[2::3], strict=True))


def add(into: Sequence[Counts], extra: Sequence[Counts], sign: int = 1) -> list[Counts]:
    if not into:
        into = [(0, 0, 0)] * len(extra)
    return [
        (a[0] + sign * b[0], a[1] + sign * b[1], a[2] + sign * b[2])
        for a, b in zip(into, extra, strict=True)
    ]


def with_counts(sums: Sequence[Counts]) -> list[dict[str, Any]]:
    """The static rows with other counts."""
    return [
        row | dict(zip(MODES, sums_of, strict=True))
        for row, sums_of in zip(current(), sums, strict=False)
    ]


def functions(contracts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each function and lock: which modes it accepts, and which were seen."""
    names = [entry.name for entry in catalogue.contract_kinds()]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in contracts:
        key = (row["file"], row["func"])
        entry = found.setdefault(
            key,
            {
                "function": row["func"],
                "file": row["file"],
                "line": row["line"],
                MMU_LOCK: [],
                "others": [],
                "sections": [],
                "yields": False,
                **dict.fromkeys(MODES, 0),
            },
        )
        note(entry, names[row["kind"]], row)
    for entry in found.values():
        entry[MMU_LOCK] = mode_text(entry[MMU_LOCK])
    return list(found.values())


def note(entry: dict[str, Any], kind: str, row: dict[str, Any]) -> None:
    """Add one contract to its function's row."""
    if kind == "yields":
        entry["yields"] = True
    elif kind in ("rcu", "srcu"):
        entry["sections"].append(kind)
    elif row["lock"] == MMU_LOCK:
        entry[MMU_LOCK].append(kind)
        for mode in MODES:
            entry[mode] += row[mode]
    elif row["lock"] not in entry["others"]:
        entry["others"].append(row["lock"])


def mode_text(kinds: Sequence[str]) -> str:
    """Two contracts of which one is checked, depending on an argument, are `either`."""
    wanted = set(kinds)
    if "either" in wanted or {"read", "write"} <= wanted:
        return "either"
    return " or ".join(sorted(wanted))


def report(contracts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """For results: functions that were entered, and each `either` of which a half is missing.

    Without checks nothing is counted, and nothing is said to be missing.
    """
    counted = any(row[mode] for row in contracts for mode in MODES)
    table = functions(contracts) if counted else []
    entered = [
        {key: row[key] for key in ("function", "file", MMU_LOCK, *MODES)}
        for row in table
        if row[MMU_LOCK] and any(row[mode] for mode in MODES)
    ]
    halves = [
        {
            "function": row["function"],
            "file": row["file"],
            "never": [m for m in MODES[1:] if not row[m]],
        }
        for row in table
        if row[MMU_LOCK] == "either" and not (row["read"] and row["write"])
    ]
    return {"counted": counted, "entered": entered, "halves_missing": halves}
