# SPDX-License-Identifier: GPL-2.0-only
"""Which accesses of the model were ever in conflict: sums over processes, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from harness.run import conflicts


def test_processes_are_summed_bit_by_bit() -> None:
    assert conflicts.merge((b"", b"\x01\x00\x03", b"\x07\x00\x01")) == b"\x07\x00\x03"
    assert conflicts.merge((b"", b"")) == b"" and conflicts.line(b"") == ""
    assert [conflicts.verdict(bits) for bits in (1, 3, 7)] == list(conflicts.EXPLAINED)


def test_an_exploration_tells(mmutorture: Callable, tmp_path: Path) -> None:
    """Reference counts are raced for, what a lock protects is not; there is no notifier."""
    command = ("explore", "zap-vs-fault", "--schedules", "16", "--seed", "1")
    done = mmutorture(*command, "--jobs", "2")
    assert done.code == 0 and "never in conflict" in done.out
    (kept,) = tmp_path.glob("results/2*/zap-vs-fault/" + conflicts.FILE)
    text = kept.read_text("utf-8")
    alone, ordered, unordered = text.split("\n\n")[:3]
    assert "roots.c" in alone and "mmu_invalidate_seq" in alone
    assert "list_add_rcu store first->prev (plain)" in ordered and "(plain)" not in unordered
    assert "refcount_dec_and_test" in unordered
    document = json.loads(next(tmp_path.glob("results/2*/run.json")).read_text("utf-8"))
    counts = document["scenarios"][0]["conflicts"]
    assert counts["unordered"] == unordered.strip().count("\n") and counts["never in conflict"] > 5
