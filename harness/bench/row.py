# SPDX-License-Identifier: GPL-2.0-only
"""One figure of a benchmark, beside its peer's, and how much is spent on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

Samples = Sequence[float]


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int  # of which a figure is the median
    schedules: int  # of a sample of a small program
    seconds: float  # of one sample of an exploration
    instructions: bool  # also count them under callgrind


FULL = Effort(rounds=5, schedules=50_000, seconds=0.4, instructions=True)
QUICK = Effort(rounds=3, schedules=5_000, seconds=0.05, instructions=False)


@dataclass(frozen=True)
class Row:
    """One figure.  `ratio` is above 1 where ours is the better one, whichever way the unit goes."""

    name: str
    unit: str
    ours: float
    spread: tuple[float, float]  # lowest and highest round
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Target:
    text: str
    low: float | None = None  # of ours
    high: float | None = None
    ratio: float | None = None  # at least

    def met(self, ours: float, ratio: float | None) -> bool:
        return (
            (self.low is None or ours >= self.low)
            and (self.high is None or ours <= self.high)
            and (self.ratio is None or (ratio is not None and ratio >= self.ratio))
        )


def make_row(
    name: str,
    unit: str,
    ours: Samples,
    peer_name: str = "",
    peer: Samples = (),
    target: Target | None = None,
    *,
    more_is_better: bool = True,
) -> Row:
    """Medians of samples that were taken in turns: the n-th of either belong together."""
    ratio = None
    if peer:
        pairs = zip(ours, peer, strict=False)
        ratios = [a / b if more_is_better else b / a for a, b in pairs if a > 0 and b > 0]
        ratio = median(ratios) if ratios else None
    return Row(
        name=name,
        unit=unit,
        ours=median(ours),
        spread=(min(ours), max(ours)),
        peer_name=peer_name,
        peer=median(peer) if peer else None,
        ratio=ratio,
        target=target.text if target else "",
        met=target.met(median(ours), ratio) if target else None,
    )


def document(row: Row) -> dict[str, Any]:
    fields = ("name", "ours", "peer", "peer_name", "ratio", "unit", "spread", "target", "met")
    return {name: getattr(row, name) for name in fields}
