# SPDX-License-Identifier: GPL-2.0-only
"""What is compared: figures of one run, each with its unit and which way it is better.

Rates are per second where processes ran freely, and per 1000 schedule points where a scheduler
decided.  Figures of cost are per acquisition, per fault or per operation, so that a run that got
more done does not look more contended.  Call sites are named by function: lines move.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from harness.contention.record import Contention, Lock, Site, Times, percentile

Better = Literal["more", "less", ""]  # "": neither

GUEST_KIND = "vcpu"
MMU_LOCK = "mmu_lock"
PER_CORE = "per core-second"  # of processor time of all workers


@dataclass(frozen=True)
class Metric:
    name: str
    unit: str
    better: Better
    place: bool = False  # of one call site


@dataclass(frozen=True)
class Figures:
    """Of one run of a scenario."""

    record: Contention
    cpu_s: float | None  # all workers', where it was measured
    retries: int | None  # faults that have to be taken again


Found = Iterator[tuple[Metric, float]]


def per(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class Reader:
    """Names and units for one unit of time."""

    def __init__(self, record: Contention) -> None:
        self.record = record
        self.time = record.unit
        self.free = record.unit == "ns"
        self.duration = record.elapsed_s if self.free else record.elapsed / 1000
        self.rate = "/s" if self.free else " per 1000 steps"

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
        if self.duration:
            yield Metric(name, self.rate.strip(), "more"), done / self.duration
        if cpu_s:
            yield Metric(f"{name} {PER_CORE}", "/core-s", "more"), done / cpu_s
        rows = [row for row in self.record.locks if row.lock == MMU_LOCK]
        waited = per(sum(r.wait.total for r in rows), sum(r.acquisitions for r in rows))
        if waited is not None:
            yield Metric(f"{MMU_LOCK} wait per acquisition", self.time, "less"), waited

    def work(self) -> Found:
        faults = sum(task.faults for task in self.record.tasks)
        if self.duration:
            yield Metric("faults", self.rate.strip(), "more"), faults / self.duration
            for kind in dict.fromkeys(task.kind for task in self.record.tasks):
                done = sum(task.operations for task in self.record.tasks if task.kind == kind)
                yield Metric(f"{kind} operations", self.rate.strip(), "more"), done / self.duration
        for cause in dict.fromkeys(retry.cause for retry in self.record.retries):
            count = sum(retry.count for retry in self.record.retries if retry.cause == cause)
            if faults:
                yield Metric(f"retries per fault: {cause}", "", "less"), count / faults

    def lock(self, row: Lock) -> Found:
        name = row.lock + {"rwlock:R": "-R", "rwlock:W": "-W"}.get(row.type, "")
        if self.duration:
            rate = row.acquisitions / self.duration
            yield Metric(f"{name} acquisitions", self.rate.strip(), ""), rate
        if not row.acquisitions:
            return
        share = row.contentions / row.acquisitions
        yield Metric(f"{name} contentions per acquisition", "", "less"), share
        waited = row.wait.total / row.acquisitions
        yield Metric(f"{name} wait per acquisition", self.time, "less"), waited
        yield from self.spread(f"{name} wait", row.wait)
        yield from self.held(name, row.hold, row.acquisitions)

    def sites(self, sites: Iterable[Site]) -> Found:
        """Those of one lock, mode and function."""
        alike = list(sites)
        first = alike[0]
        mode = {"rwlock:R": "-R", "rwlock:W": "-W"}.get(first.type, "")
        name = f"{first.lock}{mode} in {first.func}:"
        acquired = sum(site.acquisitions for site in alike)
        if self.duration:
            blocked = sum(site.blocked_total for site in alike) / self.duration
            yield (
                Metric(f"{name} others waited", f"{self.time}{self.rate}", "less", place=True),
                blocked,
            )
        if acquired:
            waited = sum(site.wait.total for site in alike) / acquired
            yield Metric(f"{name} wait per acquisition", self.time, "less", place=True), waited
            if any(site.hold.count for site in alike):
                held = sum(site.hold.total for site in alike) / acquired
                yield Metric(f"{name} hold", self.time, "less", place=True), held

    def spread(self, name: str, times: Times) -> Found:
        if times.count:
            for share, text in ((0.5, "p50"), (0.99, "p99")):
                yield Metric(f"{name} {text}", self.time, "less"), percentile(times, share)

    def held(self, name: str, times: Times, acquisitions: int) -> Found:
        """`total` stands for all acquisitions, of which some were timed."""
        if times.count:
            yield Metric(f"{name} hold", self.time, "less"), times.total / acquisitions

    def waits(self) -> Found:
        flushes, rcu = self.record.flushes, self.record.rcu
        if flushes is not None and flushes.wait.count:
            mean = flushes.wait.total / flushes.wait.count
            yield Metric("TLB flush wait", self.time, "less"), mean
            yield from self.spread("TLB flush wait", flushes.wait)
        if rcu is not None and rcu.latency.count:
            mean = rcu.latency.total / rcu.latency.count
            yield Metric("grace period", self.time, "less"), mean
            yield from self.spread("grace period", rcu.latency)

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


def headline(figures: Figures) -> dict[Metric, float]:
    return dict(Reader(figures.record).headline(figures.cpu_s, figures.retries))


def others(figures: Figures) -> dict[Metric, float]:
    return dict(Reader(figures.record).others())
