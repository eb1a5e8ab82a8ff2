# SPDX-License-Identifier: GPL-2.0-only
"""What the harness knows of the core by heart has to be what the core says."""

from __future__ import annotations

import itertools

import pytest

pytest.importorskip("harness._core")

from harness.core import catalogue, config
from harness.core.world import World
from harness.errors import PROGRESS_ORACLES, HarnessError, UsageError
from harness.scenario import scenarios
from harness.scenario.schema import OPERATIONS
from harness.scenario.settings import Settings


def test_operations_are_the_cores() -> None:
    assert {entry.name: entry.text for entry in catalogue.operations()} == OPERATIONS


def test_progress_oracles_exist() -> None:
    assert {oracle.name for oracle in catalogue.oracles()} >= PROGRESS_ORACLES


def test_bugs_name_what_exists() -> None:
    oracles = {oracle.name for oracle in catalogue.oracles()}
    for bug in catalogue.bugs():
        assert bug.scenario in scenarios.scenario_files(), bug
        assert bug.oracles and set(bug.oracles) <= oracles, bug
        assert bug.memory in ("sc", "tso") and bug.depth >= 1 and bug.text, bug


def test_names_of_bugs() -> None:
    assert catalogue.find_bug("a04") == catalogue.find_bug("flush-debt-dropped-across-roots")
    with pytest.raises(UsageError, match="did you mean 'yield-advance'"):
        catalogue.find_bug("yield-advanc")


def test_a_configuration() -> None:
    loaded = scenarios.load("notifier-vs-fault")
    built = config.build(loaded, Settings(seed=9, bugs=("A04",), without=("lockdep",)))
    assert built.seed == 9 and built.controlled == 1 and built.nr_tasks == 4
    assert built.bugs == 1 << catalogue.find_bug("A04").index
    lockdep = next(o.index for o in catalogue.oracles() if o.name == "lockdep")
    assert not built.oracles >> lockdep & 1
    assert built.tasks[1].guest_mode == 1 and built.tasks[2].nr_ops == 2
    assert built.tasks[3].gfn_first == 0 and built.tasks[3].gfn_count == 8


def test_partitions_cover_the_range_once() -> None:
    loaded = scenarios.load("fault-storm", [("tasks.vcpu.count", "3")], controlled=False)
    built = config.build(loaded, Settings(seed=1, controlled=False))
    shares = [(built.tasks[n].gfn_first, built.tasks[n].gfn_count) for n in range(3)]
    assert shares[0][0] == 0 and sum(count for _, count in shares) == loaded.slots[0].pages
    assert all(a + n == b for (a, n), (b, _) in itertools.pairwise(shares))


def test_what_the_core_refuses_is_said_in_its_words() -> None:
    built = config.build(scenarios.load("same-gfn"), Settings(seed=1))
    built.tdp_mmu = False
    with pytest.raises(HarnessError, match="tdp_mmu"):
        World(built)


def test_litmus_registers_have_the_cores_numbers() -> None:
    loaded = scenarios.load("two-writers")
    built = config.build(loaded, Settings(seed=1))
    assert built.nr_rules == len(loaded.outcomes)
    third = built.rules[2]
    assert third.forbidden and [(third.terms[n].reg, third.terms[n].value) for n in (0, 1)] == [
        *((0, 1), (1, 1)),
    ]
