# SPDX-License-Identifier: GPL-2.0-only
"""Lock statistics in the layout of the kernel's ``/proc/lock_stat``, version 0.4.

Columns, widths, rounding and the two lists of call sites are those of
Documentation/locking/lockstat.rst, so that scripts and eyes trained on it read ours, ``grep :``
included.  What differs, because there is nothing else to say:

- times are microseconds when running free, and schedule points when a scheduler decided (the
  model's only clock there); a line below the version says so, where the kernel has its warning;
- a call site has no address: what stands for it tells call sites apart, like the hashed pointers
  that kernels print since 4.15; the file and line follow where the name of a module would;
- the four call sites with the longest waits are shown, the longest first; the kernel has those four
  that it met first;
- a lock that knows readers is -W also where nobody ever read.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from harness.contention.record import Contention, Lock, Site, Times
from harness.contention.rows import basename, plain

FILE = "lock_stat.txt"  # in the results of a scenario
HEADER = "lock_stat version 0.4"
NOTE = "*NOTE* times are schedule points and not microseconds, because a scheduler decided"
NAME_WIDTH, COLUMN_WIDTH = 40, 14
NAME_MAX = 37  # longer names would push the columns aside
LINE_WIDTH = NAME_WIDTH + 1 + 12 * (COLUMN_WIDTH + 1)
POINTS_MAX = 4  # call sites shown in a list
COLUMNS = (
    *("con-bounces", "contentions"),
    *("waittime-min", "waittime-max", "waittime-total", "waittime-avg"),
    *("acq-bounces", "acquisitions"),
    *("holdtime-min", "holdtime-max", "holdtime-total", "holdtime-avg"),
)

Point = tuple[float, int, Site]  # time waited, how often, where


def time_text(value: float, controlled: bool) -> str:
    """Nanoseconds as microseconds, or schedule points as they are; two decimals either way."""
    if controlled:
        return f"{value:.2f}"
    rounded = int(value) + 5  # half a hundredth up, as the kernel does
    return f"{rounded // 1000}.{rounded % 1000 // 10:02d}"


def times(values: Times, of: int, controlled: bool) -> list[str]:
    """Shortest, longest, total and average; the total stands for `of` times."""
    if not values.count:
        return [time_text(0, controlled)] * 4
    figures = (values.min, values.max, values.total, values.total / of if of else 0)
    return [time_text(figure, controlled) for figure in figures]


def row_text(name: str, row: Lock, controlled: bool) -> str:
    cells = [
        *(str(row.bounces), str(row.contentions)),
        *times(row.wait, row.contentions, controlled),
        *(str(row.acq_bounces), str(row.acquisitions)),
        *times(row.hold, row.acquisitions, controlled),
    ]
    return f"{name:>{NAME_WIDTH}}:" + " ".join(f"{cell:>{COLUMN_WIDTH}}" for cell in cells)


def identity(site: Site) -> str:
    """What stands for the address of a call site."""
    return f"{zlib.crc32(f'{site.file}:{site.line}:{site.func}'.encode()):016x}"


def points_text(name: str, under: int, points: Iterable[Point]) -> list[str]:
    """The call sites that matter most: who waited, or whom they waited for."""
    longest = sorted((p for p in points if p[1]), key=lambda p: (-p[0], -p[1]))
    if not longest:
        return []
    lines = [" " * (NAME_WIDTH - under) + "-" * under]
    for _, count, site in longest[:POINTS_MAX]:
        where = f"{plain(site.func)} [{plain(basename(site.file))}+{site.line}]"
        address = f"[<{identity(site)}>]"
        lines.append(f"{name:>{NAME_WIDTH}} {count:>14} {address:>29} {where}")
    return lines


def class_text(
    lock: str, rows: Sequence[Lock], sites: Sequence[Site], controlled: bool
) -> list[str]:
    name = plain(lock)[:NAME_MAX]
    lines, read = [], False
    for row in sorted(rows, key=lambda row: row.mode != "write"):
        if row.acquisitions:
            suffix = row.type.replace("rwlock:", "-") if row.type.startswith("rwlock") else ""
            lines.append(row_text(name + suffix, row, controlled))
            read |= suffix == "-R"
    if not any(row.contentions for row in rows):
        return lines
    under = len(name) + (2 if read else 0)
    waited = points_text(name, under, ((s.wait.total, s.contentions, s) for s in sites))
    held = points_text(name, under, ((s.blocked_total, s.blocked, s) for s in sites))
    return [*lines, *waited, *held, "", "." * LINE_WIDTH, ""]


def render(record: Contention) -> str:
    """The whole table, the most contended class first."""
    controlled = record.unit == "steps"
    rule = "-" * LINE_WIDTH
    header = f"{'class name':>{NAME_WIDTH}} " + " ".join(f"{c:>{COLUMN_WIDTH}}" for c in COLUMNS)
    lines = [HEADER, *([NOTE] if controlled else []), rule, header, rule, ""]
    classes: dict[str, list[Lock]] = {}
    for row in record.locks:
        classes.setdefault(row.lock, []).append(row)
    order = sorted(classes, key=lambda lock: -sum(row.contentions for row in classes[lock]))
    for lock in order:
        sites = [site for site in record.sites if site.lock == lock]
        lines += class_text(lock, classes[lock], sites, controlled)
    return "\n".join(lines).rstrip("\n") + "\n"


def documents(record: Contention) -> list[dict[str, Any]]:
    """The rows for --json, in the record's own unit: one for each class and mode."""
    return [
        {
            "class": row.lock,
            "mode": row.mode,
            **dict(zip(COLUMNS, figures(row), strict=True)),
            "waiting": points(record, row, lambda site: (site.wait.total, site.contentions)),
            "holding": points(record, row, lambda site: (site.blocked_total, site.blocked)),
        }
        for row in record.locks
        if row.acquisitions
    ]


def figures(row: Lock) -> list[float]:
    def four(values: Times, of: int) -> list[float]:
        return [values.min, values.max, values.total, values.total / of if of else 0]

    wait, hold = four(row.wait, row.contentions), four(row.hold, row.acquisitions)
    return [row.bounces, row.contentions, *wait, row.acq_bounces, row.acquisitions, *hold]


def points(
    record: Contention, row: Lock, figures_of: Callable[[Site], tuple[float, int]]
) -> list[dict[str, Any]]:
    """The call sites of a row, the longest waits first."""
    sites = [s for s in record.sites if (s.lock, s.mode) == (row.lock, row.mode)]
    ranked = sorted(((*figures_of(s), s) for s in sites), key=lambda point: (-point[0], -point[1]))
    return [
        {"func": s.func, "file": s.file, "line": s.line, "count": count, "total": total}
        for total, count, s in ranked
        if count
    ]
