# SPDX-License-Identifier: GPL-2.0-only
"""How probable a violation is under a strategy: the schedules that have one, of those that ran.

An exploration ends with the first violation; here it is counted, and the next execution begins.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.core import config
from harness.core.world import World
from harness.run import repeat
from harness.run.explore import ITERATIONS_MAX, Clock, Limits
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.signals import Interrupt

SIGMAS = 1.96  # 95 %


@dataclass(frozen=True)
class Rate:
    schedules: int
    by_oracle: Counter[str]
    first: int | None  # the first iteration with a violation
    longest: int  # decisions of the longest profile execution: PCT's k
    elapsed_s: float

    @property
    def violations(self) -> int:
        return self.by_oracle.total()

    def interval(self) -> tuple[float, float, float]:
        """The share, and Wilson's interval: right for 0 and for few, too."""
        n, hits = self.schedules, self.violations
        if not n:
            return 0.0, 0.0, 1.0
        z, p = SIGMAS**2 / n, hits / n
        half = SIGMAS * math.sqrt(p * (1 - p) / n + z / (4 * n))
        low, high = (p + z / 2 - half) / (1 + z), (p + z / 2 + half) / (1 + z)
        return p, low if hits else 0.0, high if hits < n else 1.0

    def document(self) -> dict[str, Any]:
        share, low, high = self.interval()
        return {
            "schedules": self.schedules,
            "violations": self.violations,
            "by_oracle": dict(sorted(self.by_oracle.items())),
            "share": share,
            "share_low": low,
            "share_high": high,
            "first": self.first,
            "k": self.longest,
            "elapsed_s": round(self.elapsed_s, 3),
        }


def measure(
    scenario: Scenario,
    settings: Settings,
    limits: Limits,
    interrupt: Interrupt,
    progress: Callable[[int, int, float], None] = lambda *_: None,
) -> Rate:
    """Executions 0, 1, 2, ... until a limit; progress is told schedules, violations, seconds."""
    by_oracle: Counter[str] = Counter()
    total = ITERATIONS_MAX if limits.schedules is None else limits.schedules
    begun, first = 0, None
    with World(config.build(scenario, settings)) as world:
        longest = world.totals()["decisions_max"]
        clock = Clock(limits)
        while begun < total and not interrupt and (seconds := clock.seconds()) > 0:
            begun += world.explore(begun, total - begun, seconds)
            repeat.check(world)
            if (failure := world.failure()) is not None:
                by_oracle[failure.oracle] += 1
                first = failure.iteration if first is None else first
            progress(begun, by_oracle.total(), clock.elapsed())
        return Rate(begun, by_oracle, first, longest, clock.elapsed())
