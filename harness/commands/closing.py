# SPDX-License-Identifier: GPL-2.0-only
"""Many scenarios in one run: a line for each, and at the end what it came to.

What one scenario has to say about itself (classes, probabilities, outcomes) takes several lines; of
many it is in run.json, and nobody reads it on a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.run.explore import Exploration
from harness.run.search import is_exhausted
from harness.units import human_count

NAME_WIDTH_MIN = 12


@dataclass(frozen=True)
class Failed:
    """What is said at the very end of a failure among several."""

    scenario: str
    oracle: str
    command: str
    place: str  # what failures that are alike have in common


def width_of(names: Sequence[str]) -> int:
    return max(NAME_WIDTH_MIN, *(len(name) for name in names))


def heading(width: int) -> str:
    return f"{'scenario':<{width}}  schedules  distinct  schedule points  seconds  result"


def result_of(found: Exploration) -> str:
    if found.failure is not None:
        return found.failure.oracle
    if found.recipe.settings.bugs and not found.interrupted:
        return "not found"
    if found.interrupted:
        return "interrupted"
    return "ok, exhausted" if is_exhausted(found) else "ok"


def row(found: Exploration, width: int) -> str:
    totals = found.totals
    points = human_count(totals.get("schedule_points", 0))
    return (
        f"{found.recipe.spec:<{width}}  {totals.get('schedules', 0):>9}"
        f"  {totals.get('distinct', 0):>8}  {points:>15}  {found.elapsed_s:>7.2f}"
        f"  {result_of(found)}"
    )


def verdict(done: int, wanted: int, failed: int) -> str:
    """Of the whole run, in a line."""
    head = "1 scenario" if done == 1 else f"{done} scenarios"
    if done < wanted:
        head = f"interrupted, {done} of {wanted} scenarios were explored"
    if not failed:
        return f"{head}: no oracle was violated"
    return f"{head}: an oracle was violated in {failed}"


def one_of_each(failed: Sequence[Failed], blocks: Sequence[str]) -> list[str]:
    """The shortest block of those alike: nobody reads one mistake five times."""
    best: dict[tuple[str, str], str] = {}
    for one, block in zip(failed, blocks, strict=True):
        known = best.setdefault((one.oracle, one.place), block)
        if block.count("\n") < known.count("\n"):
            best[one.oracle, one.place] = block
    return list(best.values())


def commands(failed: Sequence[Failed]) -> list[str]:
    """How to see each failure again, below all that was said about them."""
    width = width_of([one.scenario for one in failed])
    oracle = max(len(one.oracle) for one in failed)
    return [f"    {f.scenario:<{width}}  {f.oracle:<{oracle}}  {f.command}" for f in failed]
