# SPDX-License-Identifier: GPL-2.0-only
"""The contention of a record by call site, task, lock, owner or holder: filtered and sorted rows.

A call site's row is of those who waited there; a holder's is of those who waited for a lock that
had been taken there.  The rows of tasks, owners and holders are sums of who-waited-for-whom, which
knows counts and totals but no single waits: their shortest, longest and percentiles are None.
Waits that nobody was blamed for are a row of their own, "Unknown", so that each view has the same
totals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from harness.contention.record import Blocking, Contention, Site, Times, percentile
from harness.errors import UsageError
from harness.units import nearest

UNKNOWN, UNKNOWN_TASK = "Unknown", -1
TYPES = ("rwlock:R", "rwlock:W", "spinlock", "mutex")
PERCENTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True)
class Row:
    name: str  # function, task or lock
    lock: str = ""  # of a call site
    type: str = ""  # of the lock; of a task's row nothing
    where: str = ""  # file:line of a call site
    task: int | None = None
    acquired: int | None = None
    contended: int = 0
    wait_total: float = 0
    wait: Times | None = None  # the distribution, where it is known
    behind: tuple[tuple[str, int], ...] = ()  # whom a call site waited for, and how often

    @property
    def avg_wait(self) -> float:
        return self.wait_total / self.contended if self.contended else 0.0

    @property
    def wait_max(self) -> float | None:
        return self.wait.max if self.wait is not None else None

    @property
    def wait_min(self) -> float | None:
        return self.wait.min if self.wait is not None else None

    def percentile(self, name: str) -> float | None:
        return percentile(self.wait, PERCENTILES[name]) if self.wait is not None else None

    def figure(self, key: str) -> float | None:
        """The value of one of KEYS."""
        if key in PERCENTILES:
            return self.percentile(key)
        value: float | None = getattr(self, key)
        return value


# As perf names them; acquired is of `perf lock report`, and the percentiles are ours.
KEYS = ("contended", "wait_total", "wait_max", "wait_min", "avg_wait", "acquired", *PERCENTILES)


def plain(text: str) -> str:
    """Names come from programs and files of users: nothing that moves a cursor or ends a line."""
    return "".join(char if char.isprintable() else "?" for char in text)


def basename(file: str) -> str:
    return file.rpartition("/")[2]


def place(site: Site) -> str:
    return plain(f"{basename(site.file)}:{site.line}")


def merged(parts: Sequence[Times]) -> Times:
    """The distribution of all values of several."""
    parts = [part for part in parts if part.count]
    buckets: dict[tuple[float, float], int] = {}
    for part in parts:
        for low, high, count in part.buckets:
            buckets[low, high] = buckets.get((low, high), 0) + count
    if not parts:
        return Times()
    return Times(
        count=sum(part.count for part in parts),
        total=sum(part.total for part in parts),
        min=min(part.min for part in parts),
        max=max(part.max for part in parts),
        buckets=tuple((low, high, n) for (low, high), n in sorted(buckets.items())),
    )


@dataclass(frozen=True)
class Filters:
    """What to look at; nothing given is everything."""

    types: frozenset[str] = field(default_factory=lambda: frozenset(TYPES))
    locks: frozenset[str] | None = None
    callers: tuple[str, ...] = ()  # parts of names of functions

    def admit(self, site: Site) -> bool:
        if site.type not in self.types or (self.locks is not None and site.lock not in self.locks):
            return False
        return not self.callers or any(part in site.func for part in self.callers)


def parse_types(text: str | None) -> frozenset[str]:
    """``rwlock`` is both of its modes, as in perf."""
    if text is None:
        return frozenset(TYPES)
    chosen: set[str] = set()
    for name in text.split(","):
        found = {kind for kind in TYPES if name in (kind, kind.partition(":")[0])}
        if not found:
            raise UsageError(f"-Y {name}: is no type of lock; there are rwlock, {', '.join(TYPES)}")
        chosen |= found
    return frozenset(chosen)


def parse_locks(text: str | None, records: Iterable[Contention]) -> frozenset[str] | None:
    if text is None:
        return None
    known = sorted({row.lock for record in records for row in record.locks})
    chosen = frozenset(text.split(","))
    for name in sorted(chosen - set(known)):
        there = ", ".join(known) or "none"
        raise UsageError(
            f"-L {name}: is no lock of this run{nearest(name, known)}; there are {there}"
        )
    return chosen


class View:
    """The call sites of a record that the filters admit, and the waits at them."""

    def __init__(self, record: Contention, filters: Filters) -> None:
        self.record = record
        self.sites = {n: s for n, s in enumerate(record.sites) if filters.admit(s)}
        self.blocking = [row for row in record.blocking if row.waiter_site in self.sites]
        self.names = {task.id: plain(task.name) for task in record.tasks}
        self.waited_at: dict[int, list[Blocking]] = {number: [] for number in self.sites}
        for row in self.blocking:
            self.waited_at[row.waiter_site].append(row)

    def task_name(self, task: int | None) -> str:
        if task is None:
            return UNKNOWN
        return self.names.get(task, f"task {task}")

    def behind(self, number: int) -> tuple[tuple[str, int], ...]:
        """Whom those at a call site waited for: the task, and where it had taken the lock."""
        counts: dict[str, int] = {}
        for row in self.waited_at[number]:
            site = self.record.sites[row.holder_site] if row.holder_site is not None else None
            text = self.task_name(row.holder) + (f" at {caller(site)}" if site else "")
            counts[text] = counts.get(text, 0) + row.count
        left = self.sites[number].contentions - sum(counts.values())
        if left > 0:
            counts[UNKNOWN] = left
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def by_site(self) -> list[Row]:
        return [
            Row(
                name=plain(site.func),
                lock=plain(site.lock),
                type=site.type,
                where=plain(f"{site.file}:{site.line}"),
                acquired=site.acquisitions,
                contended=site.contentions,
                wait_total=site.wait.total,
                wait=site.wait,
                behind=self.behind(number),
            )
            for number, site in self.sites.items()
        ]

    def by_lock(self) -> list[Row]:
        """Both modes of a lock together, as perf adds up what has one address."""
        classes: dict[str, list[Site]] = {}
        for site in self.sites.values():
            classes.setdefault(site.lock, []).append(site)
        return [
            Row(
                name=plain(lock),
                type=sites[0].type.partition(":")[0],
                acquired=sum(site.acquisitions for site in sites),
                contended=sum(site.contentions for site in sites),
                wait_total=sum(site.wait.total for site in sites),
                wait=merged([site.wait for site in sites]),
            )
            for lock, sites in classes.items()
        ]

    def by_task(self) -> list[Row]:
        return self.sums(lambda row: row.waiter)

    def by_owner(self) -> list[Row]:
        return self.sums(lambda row: row.holder)

    def sums(self, task_of: Callable[[Blocking], int | None]) -> list[Row]:
        counts: dict[int, int] = {}
        totals: dict[int, float] = {}
        for row in self.blocking:
            task = task_of(row)
            if task is None:
                continue  # nobody is blamed
            counts[task] = counts.get(task, 0) + row.count
            totals[task] = totals.get(task, 0.0) + row.total
        left, waited = self.unblamed(counts.values(), totals.values())
        return [
            Row(name=self.task_name(task), task=task, contended=count, wait_total=totals[task])
            for task, count in counts.items()
        ] + [Row(name=UNKNOWN, task=UNKNOWN_TASK, contended=left, wait_total=waited)]

    def by_holder(self) -> list[Row]:
        """Call sites by what others waited for locks taken there, at the sites looked at."""
        counts: dict[int | None, int] = {}
        totals: dict[int | None, float] = {}
        for row in self.blocking:
            counts[row.holder_site] = counts.get(row.holder_site, 0) + row.count
            totals[row.holder_site] = totals.get(row.holder_site, 0.0) + row.total
        left, waited = self.unblamed(counts.values(), totals.values())
        counts[None], totals[None] = counts.get(None, 0) + left, totals.get(None, 0.0) + waited
        return [
            self.holder(self.record.sites[number], count, totals[number])
            if number is not None
            else Row(name=UNKNOWN, contended=count, wait_total=totals[None])
            for number, count in counts.items()
        ]

    def holder(self, site: Site, count: int, total: float) -> Row:
        return Row(
            name=plain(site.func),
            lock=plain(site.lock),
            type=site.type,
            where=plain(f"{site.file}:{site.line}"),
            acquired=site.acquisitions,
            contended=count,
            wait_total=total,
        )

    def unblamed(self, counts: Iterable[int], totals: Iterable[float]) -> tuple[int, float]:
        """How many of the waits nobody is blamed for, and how long they were."""
        left = sum(site.contentions for site in self.sites.values()) - sum(counts)
        waited = sum(site.wait.total for site in self.sites.values()) - sum(totals)
        return max(left, 0), max(waited, 0.0)

    def rows(self, by: str) -> list[Row]:
        views = {
            "site": self.by_site,
            "task": self.by_task,
            "lock": self.by_lock,
            "owner": self.by_owner,
            "holder": self.by_holder,
        }
        return views[by]()


def caller(site: Site) -> str:
    return f"{plain(site.func)} {place(site)}"


def ordered(rows: Iterable[Row], key: str, entries: int | None = None) -> list[Row]:
    """Those that were contended, the largest first; the remainder, and unknown figures, last."""

    def rank(row: Row) -> tuple[bool, bool, float, str, str]:
        figure = row.figure(key)
        remainder = row.name == UNKNOWN and not row.where
        return remainder, figure is None, -(figure or 0.0), row.name, row.where

    return sorted((row for row in rows if row.contended), key=rank)[:entries]
