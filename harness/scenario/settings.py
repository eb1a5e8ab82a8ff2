# SPDX-License-Identifier: GPL-2.0-only
"""What a run adds to a scenario."""

from dataclasses import dataclass, fields
from typing import Any

MEMORY_MODELS = ("sc", "tso", "lkmm")
ORDERS = ("plain", "relaxed", "acquire", "release", "full")  # of the core, by number
PCT_DEPTH = 3
CHECK_EVERY = 1000
NOISE_PERMILLE = 2  # free running: how often an access is followed by a pause


@dataclass(frozen=True)
class Weakening:
    """A memory-order annotation, by place, that counts for less than is written there."""

    file: str
    line: int
    order: str = "relaxed"  # a fence is then none

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.order}"


@dataclass(frozen=True)
class Settings:
    """What a run adds to a scenario.  The core is a function of both, and of nothing else."""

    seed: int
    strategy: str = "mix"
    depth: int = PCT_DEPTH
    preemptions: int | None = None  # dpor, dfs: at most
    delays: int | None = None  # dfs: at most, instead
    symmetry: bool = False  # dpor, dfs: tasks of the same code begin in the order of their numbers
    whole_steps: bool = False  # a plan is followed, and a search found it
    memory: str = "sc"
    bugs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    weaken: tuple[Weakening, ...] = ()
    delay: tuple[str, ...] = ()  # sections that are held longer: see harness.delay
    lock_stat: bool = True  # contention is measured
    cut: tuple[tuple[str, int], ...] = ()  # controlled: a task does this many operations at most
    pinned: int | None = None  # the workload of this iteration; the schedules differ all the same
    steps_max: int = 0  # schedule points before a fair tail begins; 0: as many as the core has
    check_every: int = CHECK_EVERY  # one execution in so many runs twice and has to do the same
    controlled: bool = True
    checks: bool = True
    noise_permille: int = NOISE_PERMILLE
    record: bool = False  # the flight recorder runs


def differing(settings: Settings) -> dict[str, Any]:
    """What is not at its default, but for the seed: run.json has it, and comparisons look at it."""
    return {
        one.name.replace("_", "-"): getattr(settings, one.name)
        for one in fields(Settings)
        if one.name != "seed" and getattr(settings, one.name) != one.default
    }
