# SPDX-License-Identifier: GPL-2.0-only
"""From what the core measured to the record of a run."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, Literal, get_args

from harness.contention import record as rec
from harness.contention.measured import (
    Blame,
    Histogram,
    Measured,
    RcuCounts,
    SiteCounts,
    SiteKey,
    SpreadCounts,
    bucket_bounds,
    tick_ns,
)
from harness.contention.series import (
    FAULTS,
    FLUSHES,
    OPERATIONS,
    QUEUED,
    READ,
    RETRIES,
    RUN,
    WRITE,
    Series,
    lock_column,
)
from harness.core import catalogue

Execution = Literal["free", "explore", "lockstep"]
MODES: dict[str, rec.Mode] = {mode: mode for mode in get_args(rec.Mode)}
TYPES: dict[tuple[str, str], rec.Type] = {
    ("rwlock", "read"): "rwlock:R",
    ("rwlock", "write"): "rwlock:W",
    ("spinlock", "write"): "spinlock",
    ("mutex", "write"): "mutex",
}


def times(measured: Histogram, scale: float, of: int | None = None) -> rec.Times:
    """In the record's unit; `of` so many, where some were not timed."""
    total = (
        measured.total
        if of in (None, measured.count)
        else measured.total * of / max(measured.count, 1)
    )
    buckets = []
    for index in sorted(measured.buckets):
        low, high = bucket_bounds(index)
        buckets.append((low * scale, high * scale, measured.buckets[index]))
    return rec.Times(
        count=measured.count,
        total=total * scale,
        min=measured.min * scale,
        max=measured.max * scale,
        buckets=tuple(buckets),
    )


def task_rows(measured: Measured) -> tuple[rec.Task, ...]:
    kinds = catalogue.task_kinds()
    return tuple(
        rec.Task(
            id=task,
            name=did.name,
            kind=kinds[did.kind],
            operations=did.operations,
            faults=did.faults,
        )
        for task, did in sorted(measured.tasks.items())
    )


def lock_rows(measured: Measured, scale: float) -> tuple[rec.Lock, ...]:
    """Classes in the order in which they are taken, readers first."""
    sums: dict[tuple[str, str, str], SiteCounts] = {}
    for key, counts in measured.sites.items():
        sums.setdefault((key.lock, key.mode, key.kind), SiteCounts()).add(counts)
    return tuple(
        rec.Lock(
            lock=lock,
            mode=MODES[mode],
            type=TYPES[kind, mode],
            acquisitions=sum_of.acquisitions,
            contentions=sum_of.wait.count,
            bounces=sum_of.bounces,
            acq_bounces=sum_of.acq_bounces,
            wait=times(sum_of.wait, scale),
            hold=times(sum_of.hold, scale, sum_of.acquisitions),
        )
        for (lock, mode, kind), sum_of in sums.items()
    )


def blocked_by(measured: Measured) -> dict[SiteKey, tuple[int, int]]:
    """How often, and how long, others waited for a lock that was taken at a site."""
    found: dict[SiteKey, tuple[int, int]] = {}
    for blame, (count, total) in measured.blames.items():
        if blame.holder_site is not None:
            before = found.get(blame.holder_site, (0, 0))
            found[blame.holder_site] = (before[0] + count, before[1] + total)
    return found


def site_rows(measured: Measured, scale: float) -> tuple[rec.Site, ...]:
    blocked = blocked_by(measured)
    rows = []
    for key, counts in measured.sites.items():
        times_blocked, total = blocked.get(key, (0, 0))
        rows.append(
            rec.Site(
                lock=key.lock,
                mode=MODES[key.mode],
                type=TYPES[key.kind, key.mode],
                func=key.func,
                file=key.file,
                line=key.line,
                acquisitions=counts.acquisitions,
                contentions=counts.wait.count,
                wait=times(counts.wait, scale),
                hold=times(counts.hold, scale, counts.acquisitions),
                delay=float(counts.delay),
                blocked=times_blocked,
                blocked_total=total * scale,
            )
        )
    return tuple(rows)


def blocking_rows(measured: Measured, scale: float) -> tuple[rec.Blocking, ...]:
    index = {key: number for number, key in enumerate(measured.sites)}

    def order(item: tuple[Blame, tuple[int, int]]) -> tuple[int, int, int, int]:
        blame = item[0]
        holder_site = -1 if blame.holder_site is None else index[blame.holder_site]
        return blame.waiter, index[blame.site], blame.holder or 0, holder_site

    return tuple(
        rec.Blocking(
            lock=blame.site.lock,
            waiter=blame.waiter,
            holder=blame.holder,
            waiter_site=index[blame.site],
            holder_site=None if blame.holder_site is None else index[blame.holder_site],
            count=count,
            total=total * scale,
        )
        for blame, (count, total) in sorted(measured.blames.items(), key=order)
    )


def trimmed(counts: Sequence[int]) -> tuple[int, ...]:
    last = max((n for n, count in enumerate(counts) if count), default=-1)
    return tuple(counts[: last + 1])


def queue_rows(measured: Measured) -> tuple[rec.Spread, ...]:
    return tuple(
        rec.Spread(lock=lock, counts=trimmed(spread.queue))
        for lock, spread in measured.spreads.items()
        if any(spread.queue)
    )


def reader_weights(spread: SpreadCounts, scale: float, exact: bool) -> tuple[float | None, ...]:
    """How long n were in; where a clock is too dear for each, one n-th of what the n-th held."""
    if exact:
        return trimmed(spread.readers_steps)
    held = trimmed(spread.readers_held)
    return (None, *(time * scale / n for n, time in enumerate(held) if n)) if held else ()


def reader_rows(measured: Measured, scale: float, exact: bool) -> tuple[rec.Spread, ...]:
    return tuple(
        rec.Spread(
            lock=lock,
            counts=trimmed(spread.readers),
            weights=reader_weights(spread, scale, exact),
        )
        for lock, spread in measured.spreads.items()
        if any(spread.readers)
    )


def rcu_row(counts: RcuCounts, scale: float) -> rec.Rcu:
    return rec.Rcu(
        grace_periods=counts.rcu.count,
        latency=times(counts.rcu, scale),
        callbacks=counts.queued,
        backlog_max=counts.backlog_max,
    )


def srcu_row(counts: RcuCounts, scale: float) -> rec.Rcu:
    latency = times(counts.srcu, scale)
    return rec.Rcu(grace_periods=counts.srcu.count, latency=latency, callbacks=0, backlog_max=0)


def heat_row(measured: Measured) -> rec.Heat | None:
    if measured.heat is None:
        return None
    return rec.Heat(
        first_gfn=measured.heat.first[0],
        starts=tuple(measured.heat.first),
        gfns=1 << measured.heat.shift,
        faults=tuple(measured.heat.faults),
        retries=tuple(measured.heat.retries),
        zaps=tuple(measured.heat.zaps),
    )


def series_row(found: Series, scale: float) -> rec.Series | None:
    if not found.ticks:
        return None
    pending = accumulate(
        queued - run for queued, run in zip(found.column(QUEUED), found.column(RUN), strict=True)
    )
    locks = []
    for lock, name in enumerate(catalogue.lock_classes()):
        for mode in (READ, WRITE):
            first = lock_column(lock, mode)
            if not any(found.column(first)):
                continue
            locks.append(
                rec.LockSeries(
                    lock=name,
                    mode="write" if mode == WRITE else "read",
                    acquisitions=tuple(found.column(first)),
                    contentions=tuple(found.column(first + 1)),
                    wait=tuple(ticks * scale for ticks in found.column(first + 2)),
                )
            )
    return rec.Series(
        tick=(1 << found.shift) * scale,
        faults=tuple(found.column(FAULTS)),
        operations=tuple(found.column(OPERATIONS)),
        retries=tuple(found.column(RETRIES)),
        flushes=tuple(found.column(FLUSHES)),
        callbacks=tuple(max(count, 0) for count in pending),
        locks=tuple(locks),
    )


def retry_rows(measured: Measured) -> tuple[rec.Retry, ...]:
    return tuple(
        rec.Retry(cause=cause, func=place.func, file=place.file, line=place.line, count=count)
        for (cause, place), count in sorted(measured.retries.items())
        if count
    )


def contract_rows(contracts: Iterable[dict[str, Any]]) -> tuple[rec.Contract, ...]:
    names = [entry.name for entry in catalogue.contract_kinds()]
    return tuple(
        rec.Contract(
            func=row["func"],
            file=row["file"],
            line=row["line"],
            lock=row["lock"],
            contract=names[row["kind"]],
            none=row["none"],
            read=row["read"],
            write=row["write"],
        )
        for row in contracts
    )


def in_order(measured: Measured) -> Measured:
    """The same, sites in an order that does not depend on who met which of them first."""
    order: dict[str, int] = {name: n for n, name in enumerate(catalogue.lock_classes())}
    keys = sorted(measured.sites, key=lambda key: (order.get(key.lock, 99), key))
    measured.sites = {key: measured.sites[key] for key in keys}
    return measured


def build(
    scenario: str,
    execution: Execution,
    measured: Measured,
    *,
    tick: float,
    elapsed: float,
    elapsed_s: float,
    executions: int,
    contracts: Iterable[dict[str, Any]],
    delays: tuple[str, ...] = (),
) -> rec.Contention:
    """`tick`: the core's unit of time in that of the record; `elapsed` is in the latter."""
    measured = in_order(measured)
    return rec.Contention(
        scenario=scenario,
        execution=execution,
        unit="ns" if execution == "free" else "steps",
        elapsed=elapsed,
        elapsed_s=elapsed_s,
        executions=executions,
        tasks=task_rows(measured),
        locks=lock_rows(measured, tick),
        sites=site_rows(measured, tick),
        blocking=blocking_rows(measured, tick),
        queue=queue_rows(measured),
        readers=reader_rows(measured, tick, exact=execution != "free"),
        yields=tuple(
            rec.Yield(
                func=place.func, file=place.file, line=place.line, asked=asked, yielded=yielded
            )
            for place, (asked, yielded) in sorted(measured.yields.items())
        ),
        retries=retry_rows(measured),
        rcu=rcu_row(measured.rcu, tick),
        srcu=srcu_row(measured.rcu, tick),
        flushes=rec.Flushes(requests=measured.flushes.count, wait=times(measured.flushes, tick)),
        heat=heat_row(measured),
        series=series_row(measured.series, tick),
        contracts=contract_rows(contracts),
        delays=delays,
    )


def controlled(
    scenario: str,
    execution: Literal["explore", "lockstep"],
    measured: Measured,
    totals: dict[str, int],
    elapsed_s: float,
    contracts: Iterable[dict[str, Any]],
    delays: tuple[str, ...] = (),
) -> rec.Contention | None:
    """Of executions that a scheduler decided; None: nothing was measured."""
    if not measured.tasks:
        return None
    return build(
        scenario,
        execution,
        measured,
        tick=1,
        elapsed=totals.get("schedule_points", 0),
        elapsed_s=elapsed_s,
        executions=totals.get("schedules", 0),
        contracts=contracts,
        delays=delays,
    )


def free(
    scenario: str,
    measured: Measured,
    elapsed_s: float,
    contracts: Iterable[dict[str, Any]],
    delays: tuple[str, ...] = (),
) -> rec.Contention | None:
    """Of processes that ran freely, while their world still stands."""
    if not measured.tasks:
        return None
    return build(
        scenario,
        "free",
        measured,
        tick=tick_ns(),
        elapsed=elapsed_s * 1e9,
        elapsed_s=elapsed_s,
        executions=1,
        contracts=contracts,
        delays=delays,
    )
