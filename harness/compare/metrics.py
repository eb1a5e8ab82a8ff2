# SPDX-License-Identifier: GPL-2.0-only
"""What is compared: figures of one run, each with its unit and which way it is better.

Rates are per second where processes ran freely, and per 1000 schedule points where a scheduler
decided.  Figures of cost are per acquisition, per fault or per operation, so that a run that got
more done does not look more contended.  Call sites are named by function: lines move.

A wait of a nanosecond that doubles is nothing beside one of a second that grows by a tenth.  So a
figure has a stake, the time that it amounts to in a second of the run, and lists go by what became
of that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from harness.contention.record import Contention, Lock, Site, Times, percentile

Better = Literal["more", "less", ""]  # "": neither
Kind = Literal["work", "blame", "wait", "hold", "spread", "rest"]
# Of a list: who makes others wait, who waits, who holds for longer; then what explains it.
KINDS: tuple[Kind, ...] = ("work", "blame", "wait", "hold", "spread", "rest")

GUEST_KIND = "vcpu"
MMU_LOCK = "mmu_lock"
PER_CORE = "per core-second"  # of processor time of all workers


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    better: Better
    kind: Kind = "rest"


class Reading(NamedTuple):
    value: float
    stake: float = 0.0  # time, in a second or in 1000 steps of the run


@dataclass(frozen=True)
class Figures:
    """Of one run of a scenario."""

    record: Contention
    cpu_s: float | None  # all workers', where it was measured
    retries: int | None  # faults that have to be taken again


Found = Iterator[tuple[Metric, Reading]]


def per(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def together(several: Sequence[Times]) -> Times:
    """One distribution of all of them."""
    full = [times for times in several if times.count]
    if len(full) <= 1:
        return full[0] if full else Times()
    return Times(
        count=sum(times.count for times in full),
        total=sum(times.total for times in full),
        min=min(times.min for times in full),
        max=max(times.max for times in full),
        buckets=tuple(sorted(bucket for times in full for bucket in times.buckets)),
    )


def mode_of(row: Lock | Site) -> str:
    return {"rwlock:R": "-R", "rwlock:W": "-W"}.get(row.type, "")


class Reader:
    """Names and units for one unit of time."""

    def __init__(self, record: Contention) -> None:
        self.record = record
        self.time = record.unit
        free = record.unit == "ns"
        self.duration = record.elapsed_s if free else record.elapsed / 1000
        self.rate = "/s" if free else " per 1000 steps"

    def rate_of(self, name: str, count: float, better: Better, kind: Kind = "rest") -> Found:
        if self.duration:
            yield Metric(name, self.rate.strip(), better, kind), Reading(count / self.duration)

    def each(self, name: str, total: float, count: float, kind: Kind) -> Found:
        """A mean time, of all those that it stands for."""
        if count and self.duration:
            reading = Reading(total / count, total / self.duration)
            yield Metric(name, self.time, "less", kind), reading

    def spread(self, name: str, times: Times, *shares: int) -> Found:
        if times.count:
            for share in shares:
                metric = Metric(f"{name} p{share}", self.time, "less", "spread")
                yield metric, Reading(percentile(times, share / 100))

    def headline(self, cpu_s: float | None, retries: int | None) -> Found:
        """What a verdict rests on, the weightiest first.

        Work is what the MMU does: faults, but for those that have to be taken again.  An operation
        of a guest that hits its TLB costs next to nothing, and their number says how many hit.
        """
        guests = [task for task in self.record.tasks if task.kind == GUEST_KIND]
        if guests and retries is not None:
            name, done = "faults resolved", sum(task.faults for task in guests) - retries
        else:  # a program
            name, done = "operations", sum(task.operations for task in self.record.tasks)
        yield from self.rate_of(name, done, "more", "work")
        if cpu_s:
            yield Metric(f"{name} {PER_CORE}", "/core-s", "more", "work"), Reading(done / cpu_s)
        rows = [row for row in self.record.locks if row.lock == MMU_LOCK]
        waited, acquired = sum(r.wait.total for r in rows), sum(r.acquisitions for r in rows)
        yield from self.each(f"{MMU_LOCK} wait per acquisition", waited, acquired, "wait")

    def work(self) -> Found:
        faults = sum(task.faults for task in self.record.tasks)
        yield from self.rate_of("faults", faults, "more")
        for kind in dict.fromkeys(task.kind for task in self.record.tasks):
            done = sum(task.operations for task in self.record.tasks if task.kind == kind)
            yield from self.rate_of(f"{kind} operations", done, "more")
        for cause in dict.fromkeys(retry.cause for retry in self.record.retries):
            count = sum(retry.count for retry in self.record.retries if retry.cause == cause)
            if faults:
                yield Metric(f"retries per fault: {cause}", "", "less"), Reading(count / faults)

    def lock(self, row: Lock) -> Found:
        name = row.lock + mode_of(row)
        yield from self.rate_of(f"{name} acquisitions", row.acquisitions, "")
        share = per(row.contentions, row.acquisitions)
        if share is not None:
            yield Metric(f"{name} contentions per acquisition", "", "less"), Reading(share)
        waited = f"{name} wait per acquisition"
        yield from self.each(waited, row.wait.total, row.acquisitions, "wait")
        yield from self.spread(f"{name} wait", row.wait, 50, 99)
        if row.hold.count:
            yield from self.each(f"{name} hold", row.hold.total, row.acquisitions, "hold")

    def sites(self, alike: Sequence[Site]) -> Found:
        """Those of one lock, mode and function."""
        first = alike[0]
        name = f"{first.lock}{mode_of(first)} in {first.func}:"
        acquired = sum(site.acquisitions for site in alike)
        if self.duration:
            blocked = sum(site.blocked_total for site in alike) / self.duration
            unit = f"{self.time}{self.rate}"
            yield Metric(f"{name} others waited", unit, "less", "blame"), Reading(blocked, blocked)
        waited = sum(site.wait.total for site in alike)
        yield from self.each(f"{name} wait per acquisition", waited, acquired, "wait")
        held = together([site.hold for site in alike])
        if held.count:
            yield from self.each(f"{name} hold", held.total, acquired, "hold")
            # Of a mean a single holder that lost its processor makes anything.
            yield from self.spread(f"{name} hold", held, 50)

    def waits(self) -> Found:
        flushes, rcu = self.record.flushes, self.record.rcu
        for name, times in (
            ("TLB flush wait", flushes.wait if flushes else Times()),
            ("grace period", rcu.latency if rcu else Times()),
        ):
            yield from self.each(name, times.total, times.count, "rest")
            yield from self.spread(name, times, 50, 99)

    def others(self) -> Found:
        yield from self.work()
        for row in self.record.locks:
            yield from self.lock(row)
        places: dict[tuple[str, str, str], list[Site]] = {}
        for site in self.record.sites:
            places.setdefault((site.lock, site.mode, site.func), []).append(site)
        for alike in places.values():
            yield from self.sites(alike)
        yield from self.waits()


def headline(figures: Figures) -> dict[Metric, Reading]:
    return dict(Reader(figures.record).headline(figures.cpu_s, figures.retries))


def others(figures: Figures) -> dict[Metric, Reading]:
    return dict(Reader(figures.record).others())
