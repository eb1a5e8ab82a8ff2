# SPDX-License-Identifier: GPL-2.0-only
"""Store buffering: may both tasks miss the other's store?  Under sc no, under tso yes."""

from harness.program import Program, program


@program
def store_buffering(p: Program, fences: int = 0) -> None:
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
        if fences:
            t.fence()
        r0 = t.load(y)
    with p.task() as t:
        t.store(y, 1)
        if fences:
            t.fence()
        r1 = t.load(x)
    p.observe(r0=r0, r1=r1)
    p.forbid((r0 == 0) & (r1 == 0), "both stores were missed")
