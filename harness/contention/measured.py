# SPDX-License-Identifier: GPL-2.0-only
"""What the core measured in a world, by name: read from the arena, added up over several of them.

Numbers of sites mean something within one build and program only, so they become names here, and
counts of different processes can be added.  Times are in the core's ticks: cycles where running
free, and schedule points where controlled, which are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness._core import ffi, lib
from harness.contention.series import TICKS_MAX, Series, add
from harness.core.structs import fields_of, rows, text

KINDS = ("spinlock", "mutex", "rwlock")  # enum mmut_lock_kind


class SiteKey(NamedTuple):
    lock: str
    mode: str  # read, write
    kind: str
    func: str
    file: str
    line: int


class Place(NamedTuple):
    func: str
    file: str
    line: int


class Blame(NamedTuple):
    waiter: int
    site: SiteKey
    holder: int | None
    holder_site: SiteKey | None


@dataclass
class Histogram:
    count: int = 0
    total: int = 0
    min: int = 0
    max: int = 0
    buckets: dict[int, int] = field(default_factory=dict)  # by the core's number

    def add(self, other: Histogram) -> None:
        if not other.count:
            return
        self.min = min(self.min, other.min) if self.count else other.min
        self.max = max(self.max, other.max)
        self.count += other.count
        self.total += other.total
        for index, count in other.buckets.items():
            self.buckets[index] = self.buckets.get(index, 0) + count


def bucket_bounds(index: int) -> tuple[int, int]:
    """[low, high) of a bucket of the core: see native/core/histogram.h."""
    if index < 64:
        return index, index + 1
    shift = index // 32 - 1
    low = (index % 32 + 32) << shift
    return low, low + (1 << shift)


@dataclass
class SiteCounts:
    acquisitions: int = 0
    bounces: int = 0
    acq_bounces: int = 0
    delay: int = 0
    wait: Histogram = field(default_factory=Histogram)
    hold: Histogram = field(default_factory=Histogram)

    def add(self, other: SiteCounts) -> None:
        self.acquisitions += other.acquisitions
        self.bounces += other.bounces
        self.acq_bounces += other.acq_bounces
        self.delay = max(self.delay, other.delay)
        self.wait.add(other.wait)
        self.hold.add(other.hold)


@dataclass
class SpreadCounts:
    """Of a lock: [n] for n others in the queue, n readers in, how long those who came as the n-th
    held it, and, in steps only, how long so many were in."""

    queue: list[int]
    readers: list[int]
    readers_held: list[int]
    readers_steps: list[int]

    def add(self, other: SpreadCounts) -> None:
        for name in ("queue", "readers", "readers_held", "readers_steps"):
            setattr(self, name, add(getattr(self, name), getattr(other, name)))


@dataclass
class TaskCounts:
    name: str
    kind: int
    operations: int
    faults: int

    def add(self, other: TaskCounts) -> None:
        self.operations += other.operations
        self.faults += other.faults


@dataclass
class RcuCounts:
    queued: int = 0
    run: int = 0
    backlog_max: int = 0
    rcu: Histogram = field(default_factory=Histogram)  # grace periods
    srcu: Histogram = field(default_factory=Histogram)

    def add(self, other: RcuCounts) -> None:
        self.queued += other.queued
        self.run += other.run
        self.backlog_max = max(self.backlog_max, other.backlog_max)
        self.rcu.add(other.rcu)
        self.srcu.add(other.srcu)


@dataclass
class HeatCounts:
    """By range of 1 << shift gfns."""

    first: list[int]
    shift: int
    faults: list[int]
    retries: list[int]
    zaps: list[int]

    def add(self, other: HeatCounts) -> None:
        for name in ("faults", "retries", "zaps"):
            setattr(self, name, add(getattr(self, name), getattr(other, name)))


@dataclass
class Measured:
    """All of it; sums, so that parts can be added in any order."""

    tasks: dict[int, TaskCounts] = field(default_factory=dict)  # by id
    sites: dict[SiteKey, SiteCounts] = field(default_factory=dict)
    blames: dict[Blame, tuple[int, int]] = field(default_factory=dict)  # count, total
    spreads: dict[str, SpreadCounts] = field(default_factory=dict)  # by lock
    yields: dict[Place, tuple[int, int]] = field(default_factory=dict)  # asked, yielded
    retries: dict[tuple[str, Place], int] = field(default_factory=dict)  # by cause and place
    rcu: RcuCounts = field(default_factory=RcuCounts)
    flushes: Histogram = field(default_factory=Histogram)
    heat: HeatCounts | None = None
    series: Series = field(default_factory=Series)

    def add(self, other: Measured) -> None:
        for task, did in other.tasks.items():
            if task in self.tasks:
                self.tasks[task].add(did)
            else:
                self.tasks[task] = did
        for site, counts in other.sites.items():
            self.sites.setdefault(site, SiteCounts()).add(counts)
        for lock, spread in other.spreads.items():
            if lock in self.spreads:
                self.spreads[lock].add(spread)
            else:
                self.spreads[lock] = spread
        for blame, pair in other.blames.items():
            self.blames[blame] = add_pairs(self.blames.get(blame, (0, 0)), pair)
        for place, pair in other.yields.items():
            self.yields[place] = add_pairs(self.yields.get(place, (0, 0)), pair)
        for cause, count in other.retries.items():
            self.retries[cause] = self.retries.get(cause, 0) + count
        self.rcu.add(other.rcu)
        self.flushes.add(other.flushes)
        self.series.add(other.series)
        if self.heat is not None and other.heat is not None:
            self.heat.add(other.heat)
        else:
            self.heat = self.heat or other.heat


def add_pairs(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], a[1] + b[1]


def cursor_rows(struct: str, following: Any) -> Iterator[Any]:
    """Each row in turn, in the same memory."""
    make: Any = ffi.new
    cursor, row = make("uint32_t *"), make(struct)
    while following(cursor, row) == 0:
        yield row


def histogram(raw: Any) -> Histogram:
    if not raw.count:
        return Histogram()
    counts: Sequence[int] = memoryview(ffi.buffer(raw.buckets)).cast("Q")[raw.first : raw.end]
    buckets = {raw.first + n: count for n, count in enumerate(counts) if count}
    return Histogram(raw.count, raw.total, raw.min, raw.max, buckets)


def site_key(row: Any) -> SiteKey:
    return SiteKey(
        lock=text(row.lock),
        mode="write" if row.mode else "read",
        kind=KINDS[row.kind],
        func=text(row.func),
        file=text(row.file),
        line=row.line,
    )


def read_locks(into: Measured) -> None:
    keys: dict[int, SiteKey] = {}
    for row in cursor_rows("struct mmut_lock_site *", lib.mmut_lock_site_next):
        key = keys[row.id] = site_key(row)
        counts = SiteCounts(
            row.acquisitions,
            row.bounces,
            row.acq_bounces,
            row.delay,
            histogram(row.wait),
            histogram(row.hold),
        )
        into.sites.setdefault(key, SiteCounts()).add(counts)
    for row in cursor_rows("struct mmut_blame *", lib.mmut_blame_next):
        if row.waiter_site not in keys:
            continue  # its task was killed between the wait and the acquisition
        holder = keys.get(row.holder_site) if row.holder else None
        blame = Blame(row.waiter, keys[row.waiter_site], row.holder if holder else None, holder)
        pair = add_pairs(into.blames.get(blame, (0, 0)), (row.count, row.total))
        into.blames[blame] = pair


def read_tasks(into: Measured) -> None:
    make: Any = ffi.new
    state, counts = make("struct mmut_task_state *"), make("struct mmut_task_counts *")
    for task in range(lib.mmut_nr_tasks()):
        if lib.mmut_task_state(task, state) or lib.mmut_task_counts_get(task, counts):
            continue
        if state.kind != lib.MMUT_TASK_BOSS:
            into.tasks[task] = TaskCounts(
                text(state.name), state.kind, counts.operations, counts.faults
            )


def read_retries(into: Measured) -> None:
    for row in rows("struct mmut_retry *", lib.mmut_retry_get):
        key = (row["cause"], Place(row["func"], row["file"], row["line"]))
        into.retries[key] = into.retries.get(key, 0) + row["count"]


def read_rcu(into: Measured) -> None:
    raw = ffi.new("struct mmut_rcu_counts *")
    if lib.mmut_rcu_counts_get(raw) == 0:
        into.rcu = RcuCounts(raw.queued, raw.run, raw.backlog_max, histogram(raw.grace[0]))
        for domain in range(1, lib.MMUT_RCU_DOMAINS):
            into.rcu.srcu.add(histogram(raw.grace[domain]))


def read_heat(into: Measured) -> None:
    raw = ffi.new("struct mmut_heat *")
    if lib.mmut_heat_get(raw) == 0:
        into.heat = HeatCounts(
            [raw.starts[n] for n in range(raw.ranges)],
            raw.shift,
            [raw.faults[n] for n in range(raw.ranges)],
            [raw.retries[n] for n in range(raw.ranges)],
            [raw.zaps[n] for n in range(raw.ranges)],
        )


def read_series(into: Measured) -> None:
    raw = ffi.new("struct mmut_series *")
    if lib.mmut_series_get(raw) != 0:
        return
    cells, width = bytes(ffi.buffer(raw.columns)), 8 * TICKS_MAX
    found = Series(raw.shift, raw.ticks)
    for number in range(lib.MMUT_SERIES_COLUMNS):
        column = cells[number * width : number * width + 8 * raw.ticks]
        if column.count(0) != len(column):
            found.columns[number] = memoryview(column).cast("Q").tolist()
    into.series = found


def take(forget: bool = False) -> Measured:
    """What the mapped world has measured, since the last time that it was told to `forget`."""
    found = Measured()
    read_tasks(found)
    read_locks(found)
    for row in rows("struct mmut_lock_spread *", lib.mmut_lock_spread_get):
        if any(row["queue"]) or any(row["readers"]):
            name = row.pop("lock")
            found.spreads[name] = SpreadCounts(**row)
    for row in cursor_rows("struct mmut_yield *", lib.mmut_yield_next):
        named = fields_of(row)
        place = Place(named["func"], named["file"], named["line"])
        pair = (named["asked"], named["yielded"])
        found.yields[place] = add_pairs(found.yields.get(place, (0, 0)), pair)
    read_retries(found)
    read_rcu(found)
    read_heat(found)
    read_series(found)
    waits = ffi.new("struct mmut_times *")
    if lib.mmut_flushes_get(waits) == 0:
        found.flushes = histogram(waits)
    if forget:
        lib.mmut_measured_forget()
    return found


def tick_ns() -> float:
    """Nanoseconds in a tick of the mapped world, where it runs freely."""
    return lib.mmut_tick_ns()
