# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture bench``: the harness's own figures, beside peers measured in the same minute.

What explores is measured in the installed core.  What runs free is measured by the small programs
of ``native/bench``, compiled here from the checkout: they need variants of the core that nobody
installs (without hooks, with an exclusive fault path).  Variants take turns, so that a slow spell
of the machine hits all of them; a figure is the median of its rounds, and a ratio the median of the
ratios per round.
"""

import json as json_module
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness._core import lib
from harness.bench.controlled import fibers, lockstep
from harness.bench.free import faults, locks
from harness.bench.live import live_view
from harness.bench.measuring import measuring
from harness.bench.points import points
from harness.bench.processes import processes
from harness.bench.report import machine, render
from harness.bench.row import FULL, QUICK, Effort, Row, document
from harness.bench.workshop import Skipped, Workshop
from harness.commands.common import Output
from harness.core.structs import text
from harness.errors import Exit


def measure(out: Output, directory: Path, effort: Effort) -> list[Row]:
    shop = Workshop(directory)  # first: it knows whether there is anything to compile with
    out.say("compiling the core's variants ...")
    core = shop.core("plain")
    groups: tuple[tuple[str, Callable[[], list[Row]]], ...] = (
        ("fibers", lambda: fibers(effort)),
        ("lockstep", lambda: lockstep(effort)),
        ("two processes", lambda: processes(effort)),
        ("what measuring costs", lambda: measuring(effort)),
        ("schedule points", lambda: points(shop, core, effort)),
        ("page faults", lambda: faults(shop, core, effort)),
        ("RCU and locks", lambda: locks(shop, core, effort)),
        ("the live view", lambda: live_view(effort)),
    )
    rows = []
    for name, group in groups:
        out.say(f"measuring {name} ...")
        rows += group()
    return rows


def run(json: bool, quiet: bool, quick: bool = False) -> int:
    """Measure and print; a missed target is no failure.  Exit code 4: it cannot run here."""
    out, began = Output(json, quiet), time.monotonic()
    before = machine()
    if not before["idle"]:
        share = f"{before['busy']:.0%}"
        print(
            f"mmutorture: others use {share} of this machine's processors (load {before['load']}); "
            "trust the ratios, not the figures",
            file=sys.stderr,
        )
    try:
        with tempfile.TemporaryDirectory(prefix="mmut-bench-") as directory:
            rows = measure(out, Path(directory), QUICK if quick else FULL)
    except Skipped as reason:
        print(f"mmutorture: {reason}", file=sys.stderr)
        return Exit.SKIPPED
    elapsed = round(time.monotonic() - began, 1)
    if json:
        facts = {**before, "build": text(lib.mmut_build_id()), "elapsed_s": elapsed}
        print(json_module.dumps({"bench": facts, "rows": [document(row) for row in rows]}))
        return Exit.PASS
    if not quiet:
        render(rows)
    missed = sum(row.met is False for row in rows)
    aimed = sum(row.met is not None for row in rows)
    out.say(
        f"{aimed - missed} of {aimed} targets met in {elapsed} s on {before['cores']} cores "
        f"(load {before['load']} at the start); ratios above 1 are in our favour"
    )
    return Exit.PASS
