# SPDX-License-Identifier: GPL-2.0-only
"""``contention.json``: what one scenario's run measured, in one self-describing record.

Every reader (lock_stat, perf, HTML, comparisons) works from this file and never from a live arena.
Times are in the record's own `unit`: nanoseconds where processes ran freely, schedule points
("steps") where a scheduler decided.  A list that was not measured is empty; a field that could not
be measured is None, and never 0.

Sums that hold by construction, and that readers may rely on:

    sum of sites' acquisitions of a lock row     == the row's acquisitions
    wait.count                                   == contentions  (every wait is timed)
    sum of a histogram's bucket counts           == its count
    hold.count                                   <= acquisitions (free: the last few are not in it;
                                                   steps: all are)
    sum of blocking counts of a class            == its contentions
    sum of blocking totals of a class            == its total of waits
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from harness.errors import UsageError
from harness.results.directory import write_text

SCHEMA = 1
FILE = "contention.json"

Count = Annotated[int, msgspec.Meta(ge=0)]
Time = Annotated[float, msgspec.Meta(ge=0)]
Mode = Literal["read", "write"]  # a lock without readers is taken for write
Type = Literal["rwlock:R", "rwlock:W", "spinlock", "mutex"]  # as perf lock contention names them


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all parts."""


class Times(Record, frozen=True, kw_only=True):
    """A distribution.  Log-linear: a bucket is at most 1/32 of its lower bound wide."""

    count: Count = 0  # values measured, or that those measured stand for
    total: Time = 0.0  # their sum; where some are missing in `count`, scaled up to the whole
    min: Time = 0.0
    max: Time = 0.0
    buckets: tuple[tuple[Time, Time, Count], ...] = ()  # [low, high), ascending; no empty ones


class Task(Record, frozen=True, kw_only=True):
    id: Count
    name: str
    kind: str  # vcpu, vmm, host-mm, nx-recovery, rcu, program
    operations: Count
    faults: Count


class Lock(Record, frozen=True, kw_only=True):
    """One lock class in one mode: a row of lock_stat."""

    lock: str  # class name, without -R or -W
    mode: Mode
    type: Type
    acquisitions: Count
    contentions: Count
    bounces: Count  # contended, and the last holder was another task
    acq_bounces: Count  # acquired, and the last holder was another task
    wait: Times
    hold: Times


class Site(Record, frozen=True, kw_only=True):
    """One call site that takes a lock."""

    lock: str
    mode: Mode
    type: Type
    func: str
    file: str
    line: Count
    acquisitions: Count
    contentions: Count
    wait: Times  # waits of those who took the lock here
    hold: Times
    delay: Time = 0.0  # how much longer each hold was made, on purpose (--delay)
    blocked: Count  # times that others had to wait for a lock taken here
    blocked_total: Time  # how long they did


class Blocking(Record, frozen=True, kw_only=True):
    """Who waited for whom, where: one row for each (waiter, holder) pair of tasks and sites."""

    lock: str
    waiter: Count  # task ids
    holder: Count | None  # None: nobody is blamed, whoever it was had let go when it was looked at
    waiter_site: Count  # indices into `sites`
    holder_site: Count | None  # None where `holder` is
    count: Count
    total: Time


class Spread(Record, frozen=True, kw_only=True):
    """How often a small number was seen: queue lengths, readers in."""

    lock: str
    counts: tuple[Count, ...]  # [n]: times that n were seen
    # [n]: how long there were n, where that was measured; of free runs an estimate, but of nobody
    weights: tuple[Time | None, ...] = ()


class Yield(Record, frozen=True, kw_only=True):
    """A place that asks whether to drop the lock and reschedule."""

    func: str
    file: str
    line: Count
    asked: Count
    yielded: Count


class Retry(Record, frozen=True, kw_only=True):
    cause: str  # lost-cmpxchg, stale-sequence, frozen, invalid-root, ...
    func: str  # empty: not known by place
    file: str
    line: Count
    count: Count


class Rcu(Record, frozen=True, kw_only=True):
    grace_periods: Count
    latency: Times
    callbacks: Count
    backlog_max: Count


class Flushes(Record, frozen=True, kw_only=True):
    requests: Count  # flushes of TLBs that somebody asked for
    wait: Times  # until every vCPU had answered


class Heat(Record, frozen=True, kw_only=True):
    """Per range of guest frame numbers."""

    first_gfn: Count
    gfns: Count  # in each range; the last of a slot may have less
    starts: tuple[Count, ...] = ()  # first gfn of each; empty: they follow one another
    faults: tuple[Count, ...]
    retries: tuple[Count, ...]
    zaps: tuple[Count, ...]  # present leaves taken away


class Series(Record, frozen=True, kw_only=True):
    """Over time, in fixed memory: all columns have as many entries as there are ticks.

    In steps, time begins anew with each execution: the first tick is that of all of them.
    """

    tick: Time  # length of one
    faults: tuple[Count, ...]
    operations: tuple[Count, ...]
    retries: tuple[Count, ...]
    flushes: tuple[Count, ...]
    callbacks: tuple[Count, ...]  # pending, at the tick's end; in steps, in all executions
    locks: tuple["LockSeries", ...]


class LockSeries(Record, frozen=True, kw_only=True):
    lock: str
    mode: Mode
    acquisitions: tuple[Count, ...]
    contentions: tuple[Count, ...]
    wait: tuple[Time, ...]  # that tasks waited in it, all together


class Contract(Record, frozen=True, kw_only=True):
    """A function of the model, its lock contract, and under which mode it was entered."""

    func: str
    file: str
    line: Count
    lock: str
    contract: str
    none: Count
    read: Count
    write: Count


class Contention(Record, frozen=True, kw_only=True):
    schema: int = SCHEMA
    scenario: str
    execution: Literal["free", "explore", "lockstep"]
    unit: Literal["ns", "steps"]
    elapsed: Time  # in `unit`, wall time where free
    elapsed_s: Time
    delays: tuple[str, ...] = ()  # planted: FUNC[:LOCK]=LENGTH in `unit`, as --delay asked for
    executions: Count  # that the figures are a sum of; 1 where free
    tasks: tuple[Task, ...]
    locks: tuple[Lock, ...]
    sites: tuple[Site, ...]
    blocking: tuple[Blocking, ...] = ()
    queue: tuple[Spread, ...] = ()  # others in the queue, seen by each that joined it
    readers: tuple[
        Spread, ...
    ] = ()  # readers in, itself included, seen by each that took the lock for read
    yields: tuple[Yield, ...] = ()
    retries: tuple[Retry, ...] = ()
    rcu: Rcu | None = None
    srcu: Rcu | None = None  # of memslots: grace periods; it has no callbacks
    flushes: Flushes | None = None
    heat: Heat | None = None
    series: Series | None = None
    contracts: tuple[Contract, ...] = ()


def encode(record: Contention) -> str:
    return msgspec.json.encode(record).decode() + "\n"


def save(record: Contention, directory: Path) -> None:
    """Into the results of a scenario."""
    write_text(directory / FILE, encode(record))


def read(path: Path) -> Contention:
    """The record of a file, or of the scenario directory that holds it."""
    file = path / FILE if path.is_dir() else path
    try:
        return msgspec.json.decode(file.read_bytes(), type=Contention)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise UsageError(
            f"{file}: is no record that this build reads (schema {SCHEMA}): {error}"
        ) from None


def percentile(times: Times, share: float) -> float:
    """The value below which `share` (0 to 1) of those measured lie; linear within a bucket."""
    if not times.count:
        return 0.0
    wanted, seen = share * times.count, 0
    for low, high, count in times.buckets:
        if seen + count >= wanted:
            inside = (wanted - seen) / count
            return min(max(low + (high - low) * inside, times.min), times.max)
        seen += count
    return times.max
