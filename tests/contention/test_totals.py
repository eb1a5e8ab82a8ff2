# SPDX-License-Identifier: GPL-2.0-only
"""Totals agree: with the operations that were executed, and with one another.

Controlled, the trace of the same execution says what each figure has to be.  Running free, what a
task does once in an operation is counted as often as there were operations.
"""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from hdrh.histogram import HdrHistogram  # noqa: E402

from harness.contention import collect, measured, record  # noqa: E402
from harness.core import config, contracts  # noqa: E402
from harness.core.token import Recipe  # noqa: E402
from harness.core.world import World  # noqa: E402
from harness.run.explore import Limits, explore  # noqa: E402
from harness.run.lockstep import explore_lockstep  # noqa: E402
from harness.scenario import scenarios  # noqa: E402
from harness.scenario.settings import Settings  # noqa: E402
from harness.signals import Interrupt  # noqa: E402
from tests.contention.replayed import Known, known  # noqa: E402
from tests.free_runs import everybody, run_until  # noqa: E402

ALL = 1 << 20
ERROR = 0.03  # of a value by its bucket
LONG = "kvm_mmu_zap_all_fast:mmu_lock=5000"


def quiet(*_: object) -> None:
    pass


def traced(name: str, *delay: str) -> tuple[record.Contention, Known]:
    """One execution: as measured, and as its trace has it."""
    settings = Settings(seed=0xC0FFEE, strategy="random", delay=delay)
    with World(config.build(scenarios.load(name), settings)) as world:
        measured.take(forget=True)
        events = world.trace(3, ALL)
        assert world.traced == len(events)
        found = collect.controlled(name, "explore", measured.take(), world.totals(), 1.0, [])
    assert found is not None
    return found, known(events)


@pytest.mark.parametrize("name", ["zap-vs-fault", "two-vmms", "notifier-vs-fault", "memslot-churn"])
def test_figures_are_those_of_the_trace(name: str) -> None:
    found, truth = traced(name)
    sites = {(site.func, site.file, site.line): site for site in found.sites}
    assert len(sites) == len(found.sites)
    assert {place: site.acquisitions for place, site in sites.items()} == truth.acquisitions
    for place, site in sites.items():
        holds = truth.holds[place]
        assert (site.hold.count, site.hold.total) == (len(holds), sum(holds)), place
        assert (site.hold.min, site.hold.max) == (min(holds), max(holds)), place
        if not site.type.startswith("rwlock"):
            waits = truth.waits[place]
            assert (site.contentions, site.wait.total) == (len(waits), sum(waits)), place
    steps = {n: time for n, time in enumerate(found.readers[0].weights) if n and time}
    assert steps == {n: time for n, time in truth.readers.items() if n and time}


def test_somebody_waits_in_them() -> None:
    """Or the test above would prove less than it says."""
    found, truth = traced("two-vmms")
    assert any(truth.waits.values())
    assert any(row.contentions for row in found.locks if row.lock == "mmu_lock")


@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9, 0.99, 1.0])
def test_percentiles_are_those_of_another_histogram(share: float) -> None:
    """HdrHistogram, with three digits, of the very values."""
    found, truth = traced("zap-vs-fault", LONG)
    row = next(site for site in found.sites if site.lock == "slots_lock")
    values = truth.holds[row.func, row.file, row.line]
    long = next(site for site in found.sites if site.func == "kvm_mmu_zap_all_fast")
    values += truth.holds[long.func, long.file, long.line]
    both = measured.Histogram()
    oracle = HdrHistogram(1, 1 << 40, 3)
    for value in values:
        oracle.record_value(value)
        both.add(measured.Histogram(1, value, value, value, {bucket_of(value): 1}))
    ours = record.percentile(collect.times(both, 1), share)
    assert ours == pytest.approx(oracle.get_value_at_percentile(100 * share), rel=ERROR + 0.001)


def bucket_of(value: int) -> int:
    return next(n for n in range(1152) if measured.bucket_bounds(n)[1] > value)


def check_sums(found: record.Contention) -> None:
    exact = found.unit == "steps"

    def same(one: float, other: float) -> bool:
        return one == other if exact else one == pytest.approx(other, rel=1e-9)

    for row in found.locks:
        key = (row.lock, row.mode, row.type)
        sites = [s for s in found.sites if (s.lock, s.mode, s.type) == key]
        assert sum(s.acquisitions for s in sites) == row.acquisitions
        assert sum(s.contentions for s in sites) == row.contentions == row.wait.count
        assert same(sum(s.wait.total for s in sites), row.wait.total)
        if exact:
            assert sum(s.hold.total for s in sites) == row.hold.total
        assert row.bounces <= row.contentions and row.acq_bounces <= row.acquisitions
        assert row.bounces <= row.acq_bounces and row.hold.count <= row.acquisitions
    for site in found.sites:
        for times, of in ((site.wait, site.contentions), (site.hold, site.acquisitions)):
            assert sum(count for _, _, count in times.buckets) == times.count
            middle = sum((low + high) / 2 * count for low, high, count in times.buckets)
            whole = middle * of / times.count if times.count else 0.0
            # Below 64 ticks a bucket has one value, and its middle is half a tick off.
            assert whole == pytest.approx(times.total, rel=0.5 if exact else ERROR)
    for lock in {row.lock for row in found.locks}:
        rows = [row for row in found.locks if row.lock == lock]
        blamed = [b for b in found.blocking if b.lock == lock]
        assert sum(b.count for b in blamed) == sum(row.contentions for row in rows)
        assert same(sum(b.total for b in blamed), sum(row.wait.total for row in rows))
        behind = [s for s in found.sites if s.lock == lock]
        known_holders = [b for b in blamed if b.holder is not None]
        assert sum(s.blocked for s in behind) == sum(b.count for b in known_holders)
        assert same(sum(s.blocked_total for s in behind), sum(b.total for b in known_holders))
    for spread in found.readers:
        reads = [s for s in found.sites if (s.lock, s.mode) == (spread.lock, "read")]
        held = sum(s.hold.total * s.hold.count / s.acquisitions for s in reads)  # by those timed
        each = sum(n * weight for n, weight in enumerate(spread.weights) if n and weight)
        assert held > 0 and same(each, held)
        assert exact or spread.weights[0] is None


@pytest.mark.parametrize("name", ["zap-vs-fault", "memslot-churn", "two-writers", "nx-recovery"])
def test_sums_of_a_controlled_run(name: str) -> None:
    loaded, settings = scenarios.load(name), Settings(seed=7)
    done = explore(Recipe(name, (), settings), loaded, Limits(40), 1, Interrupt(), quiet)
    assert done.contention is not None
    check_sums(done.contention)
    assert done.contention.executions == 40
    assert done.contention.elapsed == done.totals["schedule_points"]
    did = sum(task.operations for task in done.contention.tasks)
    assert did == done.totals["operations"] > 0
    assert sum(task.faults for task in done.contention.tasks) == done.totals["faults"]
    for spread in done.contention.readers:
        assert sum(spread.counts) == sum(
            row.acquisitions for row in done.contention.locks
            if (row.lock, row.mode) == (spread.lock, "read")
        )  # fmt: skip


@pytest.mark.parametrize("name", ["zap-vs-fault", "notifier-vs-fault", "dirty-toggle"])
def test_the_rest_adds_up(name: str) -> None:
    """Faults, retries, flushes, callbacks and grace periods, against the core's own totals."""
    loaded, recipe = scenarios.load(name), Recipe(name, (), Settings(seed=7))
    done = explore(recipe, loaded, Limits(40), 1, Interrupt(), quiet)
    found, totals = done.contention, done.totals
    assert found is not None and found.heat is not None and found.series is not None
    assert sum(found.heat.faults) == sum(found.series.faults) == totals["faults"] > 0
    assert sum(found.heat.retries) == sum(found.series.retries) == totals["retries"]
    assert sum(found.series.operations) == totals["operations"]
    lost = sum(row.count for row in found.retries if row.cause == "lost-cmpxchg")
    assert lost >= totals["lost_cmpxchg"], "zaps and dirty logging lose some, too"
    assert found.rcu is not None and found.srcu is not None and found.flushes is not None
    assert found.rcu.callbacks == totals["callbacks"]
    assert found.rcu.grace_periods + found.srcu.grace_periods == totals["grace_periods"]
    assert sum(found.series.flushes) == found.flushes.requests == found.flushes.wait.count
    assert found.flushes.requests >= totals["flushes"]
    assert found.series.callbacks[-1] == 0
    check_series(found)


def test_heat_is_of_the_slots() -> None:
    """Ranges lie in slots only, however far apart; each gfn of a slot is in one of them."""
    name = "zap-vs-fault"
    loaded = scenarios.load(name)
    recipe = Recipe(name, (), Settings(seed=7))
    found = explore(recipe, loaded, Limits(30), 1, Interrupt(), quiet).contention
    assert found is not None and found.heat is not None
    starts, size = found.heat.starts, found.heat.gfns
    assert len(starts) == len(found.heat.faults) <= 64 and list(starts) == sorted(set(starts))
    for slot in loaded.slots:
        inside = [s for s in starts if slot.base_gfn <= s < slot.base_gfn + slot.pages]
        assert len(inside) * size >= slot.pages and inside[0] == slot.base_gfn
    assert sum(found.heat.faults) == sum(task.faults for task in found.tasks) > 0


@pytest.mark.parametrize("program", ["seqlock.c", "litmus/DCL+fixed.litmus"])
def test_locks_of_programs(program: str) -> None:
    """Their call sites are behind those of the source."""
    file = str(Path(__file__).parent.parent.parent / "examples" / program)
    recipe = Recipe(file, (), Settings(seed=7, strategy="random"))
    found = explore(recipe, scenarios.load(file), Limits(50), 1, Interrupt(), quiet).contention
    assert found is not None
    check_sums(found)
    check_series(found)
    assert {site.file.rpartition("/")[2] for site in found.sites} == {Path(file).name}
    assert found.heat is None and all(row.acquisitions for row in found.locks)


def check_series(found: record.Contention) -> None:
    assert found.series is not None
    rows = {(row.lock, row.mode): row for row in found.locks}
    for line in found.series.locks:
        row = rows[line.lock, line.mode]
        assert sum(line.acquisitions) == row.acquisitions
        assert sum(line.contentions) == row.contentions
        assert sum(line.wait) == pytest.approx(row.wait.total, rel=1e-6)


def test_series_of_any_length() -> None:
    """Ticks double as an execution goes on, and nothing is lost."""
    name = "zap-vs-fault"
    short, long = (
        explore(
            Recipe(name, (), Settings(seed=7, strategy="random", delay=delays)),
            scenarios.load(name),
            Limits(5),
            1,
            Interrupt(),
            quiet,
        ).contention
        for delays in ((), ("kvm_mmu_zap_all_fast:mmu_lock=60000",))
    )
    assert short is not None and long is not None
    assert short.series is not None and long.series is not None
    assert long.series.tick > short.series.tick >= 8
    for found in (short, long):
        check_series(found)
        assert found.series is not None and len(found.series.faults) <= 256
        assert sum(found.series.faults) == sum(task.faults for task in found.tasks)


def test_sums_do_not_depend_on_who_runs_them() -> None:
    """One process, three, or a process for each task: the same record."""
    name, settings = "notifier-vs-fault", Settings(seed=7)
    loaded, recipe = scenarios.load(name), Recipe(name, (), settings)
    one = explore(recipe, loaded, Limits(2500), 1, Interrupt(), quiet).contention
    three = explore(recipe, loaded, Limits(2500), 3, Interrupt(), quiet).contention
    assert one is not None and three is not None
    assert msgspec.structs.replace(three, elapsed_s=one.elapsed_s) == one
    few = explore(recipe, loaded, Limits(20), 1, Interrupt(), quiet).contention
    processes = explore_lockstep(recipe, loaded, Limits(20), Interrupt(), quiet).contention
    assert few is not None and processes is not None
    same = msgspec.structs.replace(processes, elapsed_s=few.elapsed_s, execution="explore")
    assert same == few


def test_measuring_changes_no_execution() -> None:
    for name in ("zap-vs-fault", "memslot-churn"):
        digests = set()
        for lock_stat in (True, False):
            settings = Settings(seed=7, lock_stat=lock_stat)
            with World(config.build(scenarios.load(name), settings)) as world:
                world.explore(0, 30, 0.0)
                digests.add(world.totals()["digest"])
        assert len(digests) == 1


def test_sums_of_a_free_run() -> None:
    """zap-vs-fault: an operation of the VMM takes slots_lock once, and mmu_lock for write once."""
    name = "zap-vs-fault"
    loaded = scenarios.load(name, controlled=False)
    recipe = Recipe(name, (), Settings(seed=7, controlled=False))
    began = time.monotonic()
    run = run_until(everybody(20), recipe, loaded)
    passed = time.monotonic() - began
    found = run.contention
    assert run.failure is None and found is not None
    check_sums(found)
    assert (found.unit, found.elapsed) == ("ns", pytest.approx(found.elapsed_s * 1e9))
    zaps = next(task.operations for task in found.tasks if task.kind == "vmm")
    by_func = {(site.func, site.lock): site for site in found.sites}
    assert by_func["vmm_fast_zap", "slots_lock"].acquisitions == zaps > 0
    assert by_func["kvm_mmu_zap_all_fast", "mmu_lock"].acquisitions == zaps
    assert sum(task.faults for task in found.tasks) == run.totals["faults"]
    check_series(found)
    assert found.series is not None and sum(found.series.faults) == run.totals["faults"]
    slots = by_func["vmm_fast_zap", "slots_lock"]
    # Where only some are timed they stand for others, and their sum may be longer than the run.
    assert 0 < slots.hold.min <= slots.hold.max < passed * 1e9 * (1 + ERROR)
    assert contracts.MMU_LOCK in {row.lock for row in found.locks}
