# SPDX-License-Identifier: GPL-2.0-only
"""Within a bound, and under lkmm, a search meets a class several times: it counts once.

A world knows what it has counted itself.  What several worlds have is subtracted here, where turns
are taken in their order, so that a class counts in the first turn that met it.  What is measured
beside (operations, faults, contention) is that of all who met it.
"""

import struct
from dataclasses import replace

from harness.run.explore import U64
from harness.run.jobs import Block

COUNTED = struct.Struct("<QQIIIIII")  # struct mmut_counted
NO_OUTCOME = 0xFFFFFFFF


class Met:
    """The classes that count already."""

    def __init__(self) -> None:
        self.classes: set[int] = set()

    def without(self, block: Block) -> Block:
        """The block without what has been counted before."""
        assert block.result is not None
        totals, outcomes, again = dict(block.totals), dict(block.outcomes), 0
        for record in COUNTED.iter_unpack(block.counted):
            name, digest, points, decisions, switches, row, endless, racy = record
            if name not in self.classes:
                self.classes.add(name)
                continue
            again += 1
            totals["digest"] = (totals["digest"] - digest) % U64
            totals["schedule_points"] -= points
            totals["decisions"] -= decisions
            totals["switches"] -= switches
            totals["discarded"] -= endless
            totals["racy"] -= racy
            if row != NO_OUTCOME:
                outcomes[block.rows[row]] -= 1
        if not again:
            return block
        totals["schedules"] -= again
        search = dict(block.result.search)
        search["classes"] -= again
        search["cut"] += again
        points = totals["schedule_points"]
        result = replace(block.result, search=search, schedules=totals["schedules"], points=points)
        seen = {key: count for key, count in outcomes.items() if count}
        return replace(block, totals=totals, outcomes=seen, result=result)
