# SPDX-License-Identifier: GPL-2.0-only
"""``--delay``: a section that is held longer, and what that does to those who wait for it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.cli import main  # noqa: E402
from harness.contention import measured, record  # noqa: E402
from harness.core import config, delay  # noqa: E402
from harness.core.token import Recipe, Token, format_token, parse_token  # noqa: E402
from harness.core.world import World  # noqa: E402
from harness.errors import UsageError  # noqa: E402
from harness.run.explore import Limits, explore  # noqa: E402
from harness.scenario import scenarios  # noqa: E402
from harness.scenario.settings import Settings  # noqa: E402
from harness.signals import Interrupt  # noqa: E402
from tests.contention.replayed import TAKES  # noqa: E402
from tests.free_runs import Enough, everybody, faults, run_until  # noqa: E402

ZAP = "kvm_mmu_zap_all_fast:mmu_lock"
STEPS = 400
NS = 200_000
CLOCK = 1e-3  # what cycles are in nanoseconds is known so well
OFTEN = everybody(5)


def quiet(*_: object) -> None:
    pass


def explored(*delays: str) -> record.Contention:
    settings = Settings(seed=7, strategy="random", delay=delays)
    recipe = Recipe("zap-vs-fault", (), settings)
    loaded = scenarios.load("zap-vs-fault")
    found = explore(recipe, loaded, Limits(60), 1, Interrupt(), quiet).contention
    assert found is not None
    return found


def stressed(*delays: str, name: str = "zap-vs-fault", enough: Enough = OFTEN) -> record.Contention:
    settings = Settings(seed=7, controlled=False, checks=False, delay=delays)
    loaded = scenarios.load(name, controlled=False)
    done = run_until(enough, Recipe(name, (), settings), loaded)
    assert done.contention is not None
    return done.contention


def site(found: record.Contention, func: str, lock: str = "mmu_lock") -> record.Site:
    return next(s for s in found.sites if (s.func, s.lock) == (func, lock))


def first(found: record.Contention) -> str:
    """The row that a reader sees first where rows are ordered by whom others waited for."""
    return max(found.sites, key=lambda s: s.blocked_total).func


def test_steps_inside() -> None:
    before, after = explored(), explored(f"{ZAP}={STEPS}")
    assert after.delays == (f"{ZAP}={STEPS}",) and before.delays == ()
    held, held_before = (site(found, "kvm_mmu_zap_all_fast").hold for found in (after, before))
    assert held.min >= STEPS > held_before.max
    other, other_before = (
        site(found, "vmm_fast_zap", "slots_lock").acquisitions for found in (after, before)
    )
    assert other == other_before, "the workload is the same"
    assert first(after) == "kvm_mmu_zap_all_fast"
    blocked = [site(found, "kvm_mmu_zap_all_fast").blocked_total for found in (after, before)]
    assert blocked[0] > 3 * blocked[1]


def test_the_same_execution_again() -> None:
    settings = Settings(seed=7, delay=(f"{ZAP}=20",), check_every=1)
    with World(config.build(scenarios.load("zap-vs-fault"), settings)) as world:
        world.explore(0, 20, 0.0)
        assert world.differs() is None and world.failure() is None


def test_running_free() -> None:
    found = stressed(f"{ZAP}={NS}")
    zap = site(found, "kvm_mmu_zap_all_fast")
    assert zap.hold.min >= NS * (1 - CLOCK) and zap.hold.count == zap.acquisitions > 0


def test_sections_that_are_not_timed() -> None:
    """Of short sections only some are timed; all are longer."""
    found = stressed("kvm_tdp_page_fault:mmu_lock=3000", name="fault-storm", enough=faults(2000))
    fault = site(found, "kvm_tdp_page_fault")
    assert fault.hold.min >= 3000 * (1 - 1 / 32)


@pytest.mark.parametrize("lock", ["slots_lock", "mmu_lock", ""])
def test_no_other_section_running_free(lock: str) -> None:
    """By how much longer a site's sections are made: real time would tell of the machine."""
    func, name = "kvm_get_dirty_log", "dirty-log-vs-notifier"
    found = stressed(f"{func}{':' if lock else ''}{lock}=3000", name=name)
    delayed = {(s.func, s.lock): s.delay for s in found.sites if s.delay}
    assert delayed == {
        (func, one): pytest.approx(3000, rel=CLOCK, abs=1)
        for one in ("slots_lock", "mmu_lock")
        if lock in (one, "")
    }
    assert len(found.sites) > len(delayed) + 3


@pytest.mark.parametrize("lock", ["slots_lock", "mmu_lock", ""])
def test_no_other_section_in_steps(lock: str) -> None:
    """Each step of a delay is in the trace, before the release of the lock that it is for."""
    func, length = "kvm_get_dirty_log", 20
    delays = (f"{func}{':' if lock else ''}{lock}={length}",)
    settings = Settings(seed=7, strategy="random", delay=delays)
    with World(config.build(scenarios.load("dirty-log-vs-notifier"), settings)) as world:
        measured.take(forget=True)
        events = world.trace(0, 1 << 20)
        counts = measured.take().sites
    steps: dict[int, int] = defaultdict(int)
    taken: dict[tuple[int, int], str] = {}
    longer: dict[str, list[int]] = defaultdict(list)
    for event in events:
        if event.op in TAKES:
            taken[event.task, event.addr] = event.func
        elif event.func == "delay_steps":
            steps[event.task] += 1
        elif steps[event.task]:
            assert event.op in ("mutex_unlock", "write_unlock") and event.addr
            longer[taken[event.task, event.addr]].append(steps.pop(event.task))
    wanted = [key for key in counts if key.func == func and lock in (key.lock, "")]
    assert len(wanted) == (1 if lock else 2) and not any(steps.values())
    assert longer == {func: [length] * sum(counts[key].acquisitions for key in wanted)}
    assert {key: one.delay for key, one in counts.items() if one.delay} == dict.fromkeys(
        wanted, length
    )


def test_tokens_carry_it() -> None:
    recipe = Recipe("zap-vs-fault", (), Settings(seed=7, delay=(f"{ZAP}=20", "zap=3")))
    token = format_token(Token(recipe, "0" * 8, "0" * 8, 5, None))
    assert parse_token(token).recipe.settings.delay == (f"{ZAP}=20", "zap=3")


def test_results_carry_it(tmp_path: Path) -> None:
    options = ["--schedules", "3", "--seed", "1", "--quiet", "--results", str(tmp_path)]
    assert main(["explore", "zap-vs-fault", "--delay", f"{ZAP}=20", *options]) == 0
    document = json.loads((tmp_path / "latest" / "run.json").read_text())
    assert document["scenarios"][0]["settings"]["delay"] == [f"{ZAP}=20"]
    assert record.read(tmp_path / "latest" / "zap-vs-fault").delays == (f"{ZAP}=20",)


@pytest.mark.parametrize(
    ("text", "controlled", "says"),
    [
        ("kvm_mmu_zap_all_fas=1us", False, "did you mean 'kvm_mmu_zap_all_fast'?"),
        ("kvm_mmu_zap_all_fast:ptl=1us", False, "takes mmu_lock"),
        ("kvm_mmu_zap_all_fast", False, "is no FUNC=LENGTH"),
        ("kvm_mmu_zap_all_fast=7", False, "write 50ns or 200us"),
        ("kvm_mmu_zap_all_fast=0us", False, "is no time above 0"),
        ("kvm_mmu_zap_all_fast=7us", True, "steps only"),
        ("kvm_mmu_zap_all_fast=0", True, "allowed: 1 to"),
        ("zap=5", True, "no function 'zap'"),
    ],
)
def test_what_is_refused(text: str, controlled: bool, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("?", r"\?")):
        delay.normal([text], controlled)


def test_nothing_is_measured_where_it_is_off(tmp_path: Path) -> None:
    options = ["--schedules", "3", "--seed", "1", "--quiet", "--results", str(tmp_path)]
    assert main(["explore", "zap-vs-fault", "--lock-stat", "off", *options]) == 0
    assert not (tmp_path / "latest" / "zap-vs-fault" / record.FILE).exists()
    assert main(["explore", "zap-vs-fault", "--lock-stat", "off", "--delay", "x=1", *options]) == 2
