# SPDX-License-Identifier: GPL-2.0-only
"""Records to test readers with: random, small and known, big and planted.

All are built bottom-up, from acquisitions one by one, so the sums that harness.contention.record
promises hold by construction; `agrees()` checks them, of these and of real ones.  Times are whole
numbers, as measured ones are, and sums of them exact.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import strategies as st

from harness.contention import record as rec

SUB_BUCKETS = 32  # in each power of two: a bucket is at most 1/32 of its lower bound wide
# (lock, type without mode): the model's, a program's, and one that tries to break out of its text.
LOCKS = (
    ("mmu_lock", "rwlock"),
    ("slots_lock", "mutex"),
    ("tdp_mmu_pages_lock", "spinlock"),
    ("host_ptl", "spinlock"),
    ("&(&zone->lru_lock)->rlock", "spinlock"),
    ('evil;"</script><b>', "mutex"),
)
FUNCS = ("direct_page_fault", "kvm_tdp_mmu_zap_invalidated_roots", "tdp_mmu_link_sp", "a", "P0")
FILES = ("native/kvm/fault.c", "native/kvm/roots.c", "native/core/rcu.c", "x&y<z>.c", "two words.c")
KINDS = ("vcpu", "vmm", "host-mm", "nx-recovery", "rcu", "program")
CAUSES = ("lost-cmpxchg", "stale-sequence", "frozen", "invalid-root")


@dataclass(frozen=True)
class Place:
    lock: str
    kind: str  # rwlock, spinlock, mutex
    mode: str
    func: str
    file: str
    line: int

    @property
    def type(self) -> str:
        if self.kind != "rwlock":
            return self.kind
        return "rwlock:R" if self.mode == "read" else "rwlock:W"


@dataclass(frozen=True)
class Acquired:
    """One acquisition: by whom, how long it was held (None: not measured) and waited for."""

    place: int
    task: int
    hold: int | None = None
    wait: int | None = None  # None: it was free
    holder: int | None = None  # None: nobody is blamed
    holder_place: int | None = None
    bounced: bool = False


def bucket(value: int) -> tuple[float, float]:
    width = 1 << max(value.bit_length() - SUB_BUCKETS.bit_length(), 0)
    low = value // width * width
    return float(low), float(low + width)


def times(values: Sequence[int]) -> rec.Times:
    if not values:
        return rec.Times()
    counts = Counter(bucket(value) for value in values)
    return rec.Times(
        count=len(values),
        total=float(sum(values)),
        min=float(min(values)),
        max=float(max(values)),
        buckets=tuple((low, high, n) for (low, high), n in sorted(counts.items())),
    )


def waits(events: Iterable[Acquired]) -> rec.Times:
    return times([event.wait for event in events if event.wait is not None])


def holds(events: Sequence[Acquired]) -> rec.Times:
    """A sample, of which the total stands for all."""
    sample = times([event.hold for event in events if event.hold is not None])
    if not sample.count:
        return sample
    return msgspec.structs.replace(sample, total=sample.total * len(events) / sample.count)


def lock_rows(places: Sequence[Place], events: Sequence[Acquired]) -> tuple[rec.Lock, ...]:
    rows = []
    keys = [(place.lock, place.mode, place.type) for place in places]
    by_key: dict[tuple[str, str, str], list[Acquired]] = {key: [] for key in keys}
    for event in events:
        by_key[keys[event.place]].append(event)
    for key, own in by_key.items():
        contended = [event for event in own if event.wait is not None]
        rows.append(
            rec.Lock(
                lock=key[0],
                mode=key[1],
                type=key[2],
                acquisitions=len(own),
                contentions=len(contended),
                bounces=sum(event.bounced for event in contended),
                acq_bounces=sum(event.bounced for event in own),
                wait=waits(own),
                hold=holds(own),
            )
        )
    return tuple(rows)


def site_rows(places: Sequence[Place], events: Sequence[Acquired]) -> tuple[rec.Site, ...]:
    rows = []
    by_place: list[list[Acquired]] = [[] for _ in places]
    behind_place: list[list[Acquired]] = [[] for _ in places]
    for event in events:
        by_place[event.place].append(event)
        if event.wait is not None and event.holder_place is not None:
            behind_place[event.holder_place].append(event)
    for place, own, behind in zip(places, by_place, behind_place, strict=True):
        rows.append(
            rec.Site(
                lock=place.lock,
                mode=place.mode,
                type=place.type,
                func=place.func,
                file=place.file,
                line=place.line,
                acquisitions=len(own),
                contentions=sum(event.wait is not None for event in own),
                wait=waits(own),
                hold=holds(own),
                blocked=len(behind),
                blocked_total=float(sum(event.wait or 0 for event in behind)),
            )
        )
    return tuple(rows)


def blocking_rows(places: Sequence[Place], events: Sequence[Acquired]) -> tuple[rec.Blocking, ...]:
    groups: dict[tuple[int, int | None, int, int | None], list[int]] = {}
    for event in events:
        if event.wait is not None:
            key = (event.task, event.holder, event.place, event.holder_place)
            groups.setdefault(key, []).append(event.wait)
    return tuple(
        rec.Blocking(
            lock=places[key[2]].lock,
            waiter=key[0],
            holder=key[1],
            waiter_site=key[2],
            holder_site=key[3],
            count=len(values),
            total=float(sum(values)),
        )
        for key, values in groups.items()
    )


def build(
    tasks: Sequence[rec.Task], places: Sequence[Place], events: Sequence[Acquired], **more: Any
) -> rec.Contention:
    """The record of these acquisitions; `more` are its other fields."""
    fields: dict[str, Any] = {
        "scenario": "made-up",
        "execution": "free",
        "unit": "ns",
        "elapsed": 1e9,
        "elapsed_s": 1.0,
        "executions": 1,
        "tasks": tuple(tasks),
        "locks": lock_rows(places, events),
        "sites": site_rows(places, events),
        "blocking": blocking_rows(places, events),
    }
    return rec.Contention(**fields | more)


def agrees(record: rec.Contention) -> list[str]:
    """What of the promised sums does not hold."""
    wrong = []

    def same(what: str, one: float, other: float) -> None:
        if not math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6):
            wrong.append(f"{what}: {one} is not {other}")

    for row in record.locks:
        name = f"{row.lock}, {row.mode}"
        sites = [s for s in record.sites if (s.lock, s.mode) == (row.lock, row.mode)]
        same(f"{name}: acquisitions", sum(s.acquisitions for s in sites), row.acquisitions)
        same(f"{name}: contentions", sum(s.contentions for s in sites), row.contentions)
        same(f"{name}: waits", row.wait.count, row.contentions)
        same(f"{name}: wait total", sum(s.wait.total for s in sites), row.wait.total)
        if row.hold.count > row.acquisitions:
            wrong.append(f"{name}: {row.hold.count} holds of {row.acquisitions} acquisitions")
        for what, values in (("wait", row.wait), ("hold", row.hold)):
            same(f"{name}: {what} buckets", sum(n for _, _, n in values.buckets), values.count)
    for lock in sorted({row.lock for row in record.locks}):
        behind = [pair for pair in record.blocking if pair.lock == lock]
        own = [row for row in record.locks if row.lock == lock]
        counted, waited = sum(b.count for b in behind), sum(b.total for b in behind)
        same(f"{lock}: who waited for whom", counted, sum(row.contentions for row in own))
        same(f"{lock}: how long", waited, sum(row.wait.total for row in own))
    for number, site in enumerate(record.sites):
        held = sum(pair.count for pair in record.blocking if pair.holder_site == number)
        same(f"{site.func}: blocked", held, site.blocked)
    return wrong


TASKS = (
    rec.Task(id=0, name="vcpu0", kind="vcpu", operations=40, faults=30),
    rec.Task(id=1, name="vcpu1", kind="vcpu", operations=38, faults=28),
    rec.Task(id=2, name="vmm", kind="vmm", operations=5, faults=0),
)
PLACES = (
    Place("mmu_lock", "rwlock", "read", "direct_page_fault", "native/kvm/fault.c", 214),
    Place("mmu_lock", "rwlock", "write", "kvm_mmu_zap_all_fast", "native/kvm/roots.c", 301),
    Place("mmu_lock", "rwlock", "write", "kvm_mmu_unmap_gfn_range", "native/kvm/notifier.c", 77),
    Place("tdp_mmu_pages_lock", "spinlock", "write", "tdp_mmu_link_sp", "native/kvm/tdp_mmu.c", 55),
    Place("slots_lock", "mutex", "write", "kvm_set_memory_region", "native/kvm/memslot.c", 12),
)


def small() -> rec.Contention:
    """Known answers: twelve acquisitions, four of them waited for (100, 200, 300 and 50 us)."""
    us = 1000
    events = [
        *(Acquired(0, n % 2, hold=2 * us) for n in range(4)),
        Acquired(0, 0, hold=3 * us, wait=100 * us, holder=2, holder_place=1, bounced=True),
        Acquired(0, 1, hold=3 * us, wait=200 * us, holder=2, holder_place=1, bounced=True),
        Acquired(1, 2, hold=200 * us),
        Acquired(1, 2, hold=210 * us, wait=300 * us, holder=0, holder_place=0),
        Acquired(2, 2, hold=40 * us, wait=50 * us),
        Acquired(3, 0, hold=1 * us),
        Acquired(3, 1, bounced=True),
        Acquired(4, 2, hold=900 * us),
    ]
    return build(TASKS, PLACES, events, scenario="small")


def big(seed: int = 1, tasks: int = 64, places: int = 200, events: int = 20_000) -> rec.Contention:
    """As of a large machine: every part is filled."""
    draw = random.Random(seed)
    who = [
        rec.Task(id=n, name=f"vcpu{n}", kind=KINDS[n % 3], operations=10 * n, faults=n)
        for n in range(tasks)
    ]
    where = []
    for n in range(places):
        lock, kind = LOCKS[draw.randrange(4)]
        mode = draw.choice(("read", "write")) if kind == "rwlock" else "write"
        where.append(Place(lock, kind, mode, f"function_{n}", draw.choice(FILES[:3]), n + 1))
    by_lock: dict[str, list[int]] = {}
    for n, place in enumerate(where):
        by_lock.setdefault(place.lock, []).append(n)
    done = []
    for _ in range(events):
        n = min(int(draw.expovariate(8 / places)), places - 1)
        wait = int(draw.lognormvariate(8, 2)) if draw.random() < 0.3 else None
        blamed = draw.choice([None, *by_lock[where[n].lock]])
        hold = int(draw.lognormvariate(6, 1)) if draw.random() < 0.9 else None
        holder = draw.randrange(tasks) if blamed is not None else None
        bounced = draw.random() < 0.3
        done.append(Acquired(n, draw.randrange(tasks), hold, wait, holder, blamed, bounced))
    return build(who, where, done, **extras(draw, where, done), scenario="big")


def extras(draw: random.Random, places: Sequence[Place], events: Sequence[Acquired]) -> Any:
    """The parts that are not about single locks; made up, and consistent in their lengths."""

    def counts(n: int, most: int) -> tuple[int, ...]:
        return tuple(draw.randrange(most) for _ in range(n))

    ticks, ranges = 120, 256
    contracts = zip(FUNCS, ("any", "read", "write", "any", "read"), strict=True)
    series = rec.Series(
        tick=1e6,
        faults=counts(ticks, 500),
        operations=counts(ticks, 900),
        retries=counts(ticks, 20),
        flushes=counts(ticks, 30),
        callbacks=counts(ticks, 60),
        locks=tuple(
            rec.LockSeries(
                lock=row.lock,
                mode=row.mode,
                acquisitions=counts(ticks, 900),
                contentions=counts(ticks, 90),
                wait=tuple(float(n) for n in counts(ticks, 1_000_000)),
            )
            for row in lock_rows(places, ())
        ),
    )
    heat = rec.Heat(
        first_gfn=0,
        gfns=64,
        faults=counts(ranges, 90),
        retries=counts(ranges, 9),
        zaps=counts(ranges, 30),
    )
    spreads = [rec.Spread(lock=name, counts=counts(16, 999)) for name, _ in LOCKS[:4]]
    return {
        "queue": tuple(spreads),
        "readers": (rec.Spread(lock="mmu_lock", counts=counts(9, 999), weights=(1e6,) * 9),),
        "yields": tuple(
            rec.Yield(func=FUNCS[n], file=FILES[n], line=n + 1, asked=1000, yielded=10 * n)
            for n in range(3)
        ),
        "retries": tuple(
            rec.Retry(cause=cause, func=FUNCS[0], file=FILES[0], line=n, count=draw.randrange(900))
            for n, cause in enumerate(CAUSES)
        ),
        "rcu": rec.Rcu(
            grace_periods=50,
            latency=times([draw.randrange(1, 1_000_000) for _ in range(50)]),
            callbacks=4000,
            backlog_max=300,
        ),
        "flushes": rec.Flushes(
            requests=70, wait=times([draw.randrange(1, 90_000) for _ in range(70)])
        ),
        "heat": heat,
        "series": series,
        "contracts": tuple(
            rec.Contract(
                func=func, file=FILES[0], line=n, lock="mmu_lock", contract=kind,
                none=0, read=draw.randrange(9), write=draw.randrange(9),
            )
            for n, (func, kind) in enumerate(contracts)
        ),
    }  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> rec.Contention:
    """Any valid record: of few tasks and sites, or none, with what was not measured left out."""
    who = [
        rec.Task(id=n, name=name, kind=draw(st.sampled_from(KINDS)), operations=n, faults=n // 2)
        for n, name in enumerate(
            draw(st.lists(st.sampled_from(("vcpu0", "vmm", 'a;b"<c>', "P0")), max_size=5))
        )
    ]
    where = draw(st.lists(places_of(), max_size=6, unique=True)) if who else []
    done: list[Acquired] = []
    if where:
        done = draw(st.lists(acquisitions(where, len(who)), max_size=30))
    controlled = draw(st.booleans())
    how = {"execution": "explore", "unit": "steps", "executions": 7} if controlled else {}
    extra = extras(random.Random(len(done)), where, done) if draw(st.booleans()) else {}
    found = build(who, where, done, **extra, **how)
    return found if controlled or draw(st.booleans()) else scaled(found, 0.4761904)


@st.composite
def places_of(draw: st.DrawFn) -> Place:
    lock, kind = draw(st.sampled_from(LOCKS))
    mode = draw(st.sampled_from(("read", "write"))) if kind == "rwlock" else "write"
    func, file = draw(st.sampled_from(FUNCS)), draw(st.sampled_from(FILES))
    return Place(lock, kind, mode, func, file, draw(st.integers(1, 999)))


@st.composite
def acquisitions(draw: st.DrawFn, places: Sequence[Place], tasks: int) -> Acquired:
    place = draw(st.integers(0, len(places) - 1))
    times_drawn = st.none() | st.integers(0, 40) | st.integers(0, 10**10)
    same = [n for n, other in enumerate(places) if other.lock == places[place].lock]
    blamed = draw(st.sampled_from([None, *same]))
    return Acquired(
        place=place,
        task=draw(st.integers(0, tasks - 1)),
        hold=draw(times_drawn),
        wait=draw(times_drawn),
        holder=draw(st.integers(0, tasks - 1)) if blamed is not None else None,
        holder_place=blamed,
        bounced=draw(st.booleans()),
    )


def scaled(record: rec.Contention, by: float) -> rec.Contention:
    """Times in other ticks: real ones are cycles, and nanoseconds of them are no whole numbers."""

    def all_of(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(all_of(one) for one in part)
        if isinstance(part, rec.Times):
            buckets = tuple((low * by, high * by, n) for low, high, n in part.buckets)
            figures = {key: getattr(part, key) * by for key in ("total", "min", "max")}
            return msgspec.structs.replace(part, buckets=buckets, **figures)
        if isinstance(part, rec.Lock):
            return msgspec.structs.replace(part, wait=all_of(part.wait), hold=all_of(part.hold))
        if isinstance(part, rec.Site):
            times_of = {"wait": all_of(part.wait), "hold": all_of(part.hold)}
            return msgspec.structs.replace(part, blocked_total=part.blocked_total * by, **times_of)
        return msgspec.structs.replace(part, total=part.total * by)

    parts = {key: all_of(getattr(record, key)) for key in ("locks", "sites", "blocking")}
    return msgspec.structs.replace(record, **parts)
