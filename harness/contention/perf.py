# SPDX-License-Identifier: GPL-2.0-only
"""The table of ``perf lock contention``: headers, widths, units and option letters are perf's.

Rows are call sites (as perf has it without options), tasks (-t), locks (-l) or owners (-o); and, as
perf has not, the call sites that those waited for (--by holder).  What perf knows and we do not is
"-": a lock has no address, and of a task's waits only the sum is recorded.  The number of a task
stands where perf has a pid.  Where a scheduler decided, times are schedule points, without a unit,
and a line above the header says so.  An average is rounded down to the nanosecond as perf does, and
has two decimals in schedule points.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from harness.contention.record import Contention
from harness.contention.rows import KEYS, PERCENTILES, Row, basename
from harness.errors import UsageError

DEFAULT_FIELDS = ("contended", "wait_total", "wait_max", "avg_wait")
COUNTS = {"contended": "contended", "acquired": "acquired"}
HEADERS = {
    **COUNTS,
    "wait_total": "total wait",
    "wait_max": "max wait",
    "wait_min": "min wait",
    "avg_wait": "avg wait",
    **{name: name for name in PERCENTILES},
}
UNITS = ((1e9 * 3600, "h "), (1e9 * 60, "m "), (1e9, "s "), (1e6, "ms"), (1e3, "us"))
COUNT_WIDTH, TIME_WIDTH = 10, 12
STEPS = "# times are schedule points (steps), and not nanoseconds, because a scheduler decided"
UNMEASURED = "-"
VIEWS = ("site", "task", "lock", "owner", "holder")
LABELS = {
    "site": ("type", "caller"),
    "task": ("pid", "comm"),
    "lock": ("address", "symbol"),
    "owner": ("pid", "owner"),
    "holder": ("type", "holder"),
}
USED = ":+."  # in types and callers, hence no separators


def parse_fields(text: str | None, key: str, percentiles: bool) -> tuple[str, ...]:
    """Columns in the order asked for; the key that rows are sorted by is always one of them."""
    fields = list(DEFAULT_FIELDS if text is None else text.split(","))
    for name in fields:
        parse_key(name, "-F")
    fields += PERCENTILES if percentiles else ()
    return tuple(dict.fromkeys([*fields, key]))


def parse_key(name: str, option: str = "-k") -> str:
    if name not in KEYS:
        raise UsageError(f"{option} {name}: is no key; there are {', '.join(KEYS)}")
    return name


def parse_separator(text: str) -> str:
    wrong = not text or any(c in USED or c == '"' or c.isalnum() or c in "\r\n" for c in text)
    if wrong:
        raise UsageError(f"-x '{text}': a separator is neither empty nor used in fields; try -x ,")
    if len(text) > 1:
        raise UsageError(f"-x '{text}': a separator is one character; try -x ,")
    return text


def time_text(value: float | None, steps: bool, width: int) -> str:
    if value is None:
        return f"{UNMEASURED:>{width}}"
    if steps:
        text = f"{value:.0f}" if value == int(value) else f"{value:.2f}"
        return f"{text:>{width}}"
    for base, unit in UNITS:
        if value >= base:
            return f"{value / base:{width - 3}.2f} {unit}"
    return f"{int(value):{width - 3}} ns"


def figure_text(row: Row, key: str, steps: bool) -> str:
    value = row.figure(key)
    if key in COUNTS:
        return f"{UNMEASURED if value is None else int(value):>{COUNT_WIDTH}}"
    return time_text(value, steps, TIME_WIDTH)


def label_cells(row: Row, by: str) -> tuple[str, str]:
    if by in ("site", "holder"):
        return row.type or UNMEASURED, f"{row.name} {basename(row.where)}".rstrip()
    if by == "lock":
        return UNMEASURED, f"{row.name} ({row.type})"
    return str(row.task), row.name


def render(
    record: Contention, rows: Sequence[Row], by: str, fields: Sequence[str], verbose: bool = False
) -> str:
    """`rows` as perf prints them on a terminal."""
    steps = record.unit == "steps"
    first, second = LABELS[by]
    wide = 16 if by == "lock" else 10
    widths = [COUNT_WIDTH if key in COUNTS else TIME_WIDTH for key in fields]
    header = "".join(f"{HEADERS[key]:>{n}} " for key, n in zip(fields, widths, strict=True))
    lines = [*([STEPS] if steps else []), f"{header}  {first:>{wide}}   {second}", ""]
    for row in rows:
        figures = "".join(f"{figure_text(row, key, steps)} " for key in fields)
        one, two = label_cells(row, by)
        lines.append(f"{figures}  {one:>{wide}}   {two}")
        if verbose and by == "site":
            lines.append(f"\t\t\t{row.lock}, {row.where}")
            lines += [f"\t\t\t{count:>10}  behind {whom}" for whom, count in row.behind]
    return "\n".join(lines) + "\n"


def exact(row: Row, key: str, steps: bool) -> str:
    """For spreadsheets: whole nanoseconds, or schedule points."""
    value = row.figure(key)
    if value is None:
        return ""
    if key in COUNTS or not steps or value == int(value):
        return str(int(value))
    return f"{value:.2f}"


def csv_labels(row: Row, by: str) -> list[str]:
    if by == "lock":
        return ["", row.name, row.type]
    return list(label_cells(row, by))


def render_csv(
    record: Contention, rows: Sequence[Row], by: str, fields: Sequence[str], separator: str
) -> str:
    """``-x``: perf's CSV; a field that holds the separator is quoted."""
    steps = record.unit == "steps"
    labels = [*LABELS[by], *(["type"] if by == "lock" else [])]
    header = f"{separator} ".join([*(HEADERS[key] for key in fields), *labels])
    lines = [*([STEPS] if steps else []), f"# output: {header}"]
    for row in rows:
        cells = [exact(row, key, steps) for key in fields] + csv_labels(row, by)
        lines.append(f"{separator} ".join(quoted(cell, separator) for cell in cells))
    return "\n".join(lines) + "\n"


def quoted(cell: str, separator: str) -> str:
    if separator not in cell and '"' not in cell and cell == cell.strip():
        return cell
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow([cell])
    return out.getvalue()


def documents(rows: Sequence[Row], by: str) -> list[dict[str, object]]:
    """The same rows for --json, with everything that is known of them; None: not measured."""
    return [
        {
            ("caller" if by == "site" else by): row.name,
            **({"lock": row.lock} if row.lock else {}),
            **({"type": row.type} if row.type else {}),
            **({"where": row.where} if row.where else {}),
            **({"task": row.task} if row.task is not None else {}),
            **{key: row.figure(key) for key in KEYS},
            **({"behind": dict(row.behind)} if by == "site" else {}),
        }
        for row in rows
    ]
