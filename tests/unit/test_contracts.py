# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts: the table, and what a run counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("harness._core")

from harness.core import contracts


def test_the_table_says_what_the_functions_state() -> None:
    rows = {row["function"]: row for row in contracts.functions(contracts.current())}
    assert rows["tdp_mmu_set_spte_atomic"]["mmu_lock"] == "read"
    assert rows["tdp_mmu_set_spte"]["mmu_lock"] == "write"
    assert rows["kvm_tdp_page_fault"]["mmu_lock"] == "none"
    assert rows["is_page_fault_stale"]["mmu_lock"] == "read"
    assert rows["tdp_mmu_next_root"]["mmu_lock"] == "either"
    # Depending on an argument the one or the other is checked.
    assert rows["tdp_mmu_iter_cond_resched"]["mmu_lock"] == "either"
    assert rows["tdp_mmu_iter_cond_resched"]["yields"]
    assert rows["tdp_mmu_set_spte"]["sections"] == ["rcu"]
    assert "slots_lock" in rows["kvm_mmu_zap_all_fast"]["others"]


def test_nothing_counted_is_nothing_missing() -> None:
    assert contracts.report(contracts.current()) == {
        "counted": False,
        "entered": [],
        "halves_missing": [],
    }


def test_counts_add_up() -> None:
    assert contracts.add([], [(1, 2, 3)]) == [(1, 2, 3)]
    assert contracts.add([(1, 2, 3)], [(1, 1, 1)], -1) == [(0, 1, 2)]


def test_a_run_says_how_functions_were_entered(mmutorture: Callable) -> None:
    base = ("explore", "notifier-vs-fault", "--seed", "5", "--schedules", "300", "--json")
    one = mmutorture(*base).json["scenarios"][0]["contracts"]
    entered = {row["function"]: row for row in one["entered"]}
    row = entered["tdp_mmu_set_spte_atomic"]
    assert row["read"] > 0 and not row["write"] and not row["none"]
    assert entered["kvm_mmu_invalidate_begin"]["write"] > 0
    # No eager split there: no table is linked with the lock held for write.
    missing = {row["function"]: row["never"] for row in one["halves_missing"]}
    assert missing["tdp_mmu_link_sp"] == ["write"]
    two = mmutorture(*base, "--jobs", "2").json["scenarios"][0]["contracts"]
    assert one == two
