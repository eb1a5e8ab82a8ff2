# SPDX-License-Identifier: GPL-2.0-only
"""Little concurrent programs of one's own: written in Python, explored like a scenario.

from harness.program import Program

p = Program("sb")
x, y = p.words("x", "y")
with p.task() as t:
    t.store(x, 1)
    r0 = t.load(y)
with p.task() as t:
    t.store(y, 1)
    r1 = t.load(x)
p.observe(r0=r0, r1=r1)
p.forbid((r0 == 0) & (r1 == 0))
print(p.explore(memory="tso"))

docs/programs.md has the rest, examples/ has programs with known answers.
"""

from harness.program.build import Program
from harness.program.expression import Expression
from harness.program.files import program
from harness.program.task import Task

__all__ = ["Expression", "Program", "Task", "program"]
