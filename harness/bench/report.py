# SPDX-License-Identifier: GPL-2.0-only
"""How busy the machine is, and the table of figures."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.bench.row import Row

BUSY_MAX = 0.1  # share of the processors that others may use before the figures are doubted
COLUMNS_MIN = 160  # of the table: a figure that is cut off is none


def busy() -> float:
    """Share of the processors' time that was used in the last tenth of a second, 0..1."""

    def ticks() -> tuple[int, int]:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = ticks()
    time.sleep(0.1)
    total_then, idle_then = ticks()
    return 1 - (idle_then - idle) / max(1, total_then - total)


def machine() -> dict[str, Any]:
    share = busy()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "busy": round(share, 2),
        "idle": share <= BUSY_MAX,
    }


def significant(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def render(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("figure", "unit"):
        table.add_column(column, no_wrap=True)
    for column in ("median", "lowest", "highest", "peer's"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("peer", no_wrap=True)
    table.add_column("ratio", no_wrap=True, justify="right")
    for column in ("target", "met"):
        table.add_column(column, no_wrap=True)
    marks = {True: Text("yes", style="green"), False: Text("NO", style="bold red"), None: Text("")}
    for row in rows:
        figures = (row.ours, *row.spread, row.peer)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells = [row.name, row.unit, *map(significant, figures), row.peer_name, ratio, row.target]
        table.add_row(*cells, marks[row.met])
    Console(width=max(Console().width, COLUMNS_MIN)).print(table)
