# SPDX-License-Identifier: GPL-2.0-only
"""Lock statistics in the layout of the kernel's ``/proc/lock_stat``, version 0.4.

The columns, their widths, the ``-W``/``-R`` rows and the two lists of call sites are those of
Documentation/locking/lockstat.rst, so that scripts and eyes trained on it read ours.  Times are
microseconds when running free, and schedule points when a scheduler decided (the model's only clock
there); a line after the version says so.
"""

from collections.abc import Iterable
from typing import Any

from harness.contention.record import Contention, Lock, Site

HEADER = "lock_stat version 0.4"
NAME_WIDTH, COLUMN_WIDTH = 40, 14
LINE_WIDTH = NAME_WIDTH + 1 + 12 * (COLUMN_WIDTH + 1)
POINTS_MAX = 4  # call sites shown per class, as in the kernel
COLUMNS = (
    *("con-bounces", "contentions"),
    *("waittime-min", "waittime-max", "waittime-total", "waittime-avg"),
    *("acq-bounces", "acquisitions"),
    *("holdtime-min", "holdtime-max", "holdtime-total", "holdtime-avg"),
)
READ, WRITE = 0, 1

Row = dict[str, Any]


def time_text(value: int, controlled: bool) -> str:
    """Nanoseconds as microseconds, or schedule points as they are; two decimals either way."""
    if controlled:
        return f"{value}.00"
    value += 5  # round half up, as the kernel does
    return f"{value // 1000}.{value % 1000 // 10:02d}"


def times(row: Row, prefix: str, controlled: bool) -> list[str]:
    count, total = row[f"{prefix}_count"], row[f"{prefix}_total"]
    figures = (row[f"{prefix}_min"], row[f"{prefix}_max"], total, total // count if count else 0)
    return [time_text(figure if count else 0, controlled) for figure in figures]


def row_text(name: str, row: Row, controlled: bool) -> str:
    cells = [
        *(str(row["bounces"]), str(row["contentions"])),
        *times(row, "wait", controlled),
        *(str(row["acq_bounces"]), str(row["acquisitions"])),
        *times(row, "hold", controlled),
    ]
    return f"{name:>{NAME_WIDTH}}:" + " ".join(f"{cell:>{COLUMN_WIDTH}}" for cell in cells)


def points_text(name: str, sites: Iterable[Row], key: str) -> list[str]:
    """The busiest call sites by `key`: who waited, or whom they waited for."""
    busiest = sorted((site for site in sites if site[key]), key=lambda site: -site[key])
    if not busiest:
        return []
    lines = [" " * (NAME_WIDTH - len(name)) + "-" * len(name)]
    for site in busiest[:POINTS_MAX]:
        where = f"[<{site['file'].rpartition('/')[2]}:{site['line']}>]"
        lines.append(f"{name:>{NAME_WIDTH}} {site[key]:>14} {where:>29} {site['func']}")
    return lines


def class_text(name: str, rows: list[Row], sites: list[Row], controlled: bool) -> list[str]:
    rwlock = any(row["is_rwlock"] for row in rows)
    lines = []
    for mode, suffix in ((WRITE, "-W"), (READ, "-R")):
        for row in rows:
            if row["mode"] == mode and row["acquisitions"]:
                lines.append(row_text(name + (suffix if rwlock else ""), row, controlled))
    if any(row["contentions"] for row in rows):
        lines += points_text(name, sites, "contentions")
        lines += points_text(name, sites, "held_while_waited")
    return lines


def render(rows: list[Row], sites: list[Row], controlled: bool) -> str:
    """The whole table, most contended class first."""
    rule = "-" * LINE_WIDTH
    header = f"{'class name':>{NAME_WIDTH}} " + " ".join(f"{c:>{COLUMN_WIDTH}}" for c in COLUMNS)
    lines = [HEADER]
    if controlled:
        lines.append("*NOTE* times are schedule points, not microseconds: a scheduler decided")
    lines += [rule, header, rule, ""]
    classes: dict[str, list[Row]] = {}
    for row in rows:
        classes.setdefault(row["class_name"], []).append(row)
    order = sorted(classes, key=lambda name: -sum(row["contentions"] for row in classes[name]))
    for name in order:
        if not any(row["acquisitions"] for row in classes[name]):
            continue
        own = [site for site in sites if site["class_name"] == name]
        lines += [*class_text(name, classes[name], own, controlled), "", "." * LINE_WIDTH, ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def render_record(record: Contention) -> str:
    rows = [row_of(lock) for lock in record.locks]
    return render(rows, [site_of(site) for site in record.sites], record.unit == "steps")


def row_of(lock: Lock) -> Row:
    row: Row = {
        "class_name": lock.lock,
        "mode": WRITE if lock.mode == "write" else READ,
        "is_rwlock": lock.type.startswith("rwlock"),
    }
    row |= {
        name: getattr(lock, name)
        for name in ("acquisitions", "contentions", "bounces", "acq_bounces")
    }
    for prefix, times_of, of in (
        ("wait", lock.wait, lock.contentions),
        ("hold", lock.hold, lock.acquisitions),
    ):
        row |= {f"{prefix}_{key}": round(getattr(times_of, key)) for key in ("min", "max", "total")}
        row[f"{prefix}_count"] = of
    return row


def site_of(site: Site) -> Row:
    return {
        "class_name": site.lock,
        "func": site.func,
        "file": site.file,
        "line": site.line,
        "contentions": site.contentions,
        "held_while_waited": site.blocked,
    }
