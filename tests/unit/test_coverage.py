# SPDX-License-Identifier: GPL-2.0-only
"""Which places `make coverage` asks for, and that one which was not reached is told."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """\
static u64 put(tdp_ptep_t sptep, u64 value)
{
	/* xchg(sptep, 0) in a comment is none */
	return xchg(sptep, value);
}

static int walk(struct kvm *kvm, bool shared)
{
retry:
	if (shared)
		note("goto retry in a string");
	if (tdp_mmu_iter_cond_resched(kvm, &iter, flush, shared)) {
		flush = false;
		continue;
	}
	put(iter.sptep, 0);
	if (lost)
		goto retry;
	return is_page_fault_stale(vcpu, fault) ? RET_PF_RETRY : 0;
}
"""


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of tools/ as its neighbours do."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    names = ("coverage_points", "coverage_page", "native_coverage")
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


def counts(tools: Any, lines: dict[int, int], branches: dict[int, list[int]] | None = None) -> Any:
    found = tools["native_coverage"].Counts()
    found.lines["native/kvm/a.c"].update(lines)
    found.branches["native/kvm/a.c"].update(branches or {})
    return found


def scan(tools: Any) -> Any:
    return tools["coverage_points"].scan([("native/kvm/a.c", SOURCE)])


def test_places_are_found_by_how_they_are_written(tools: Any) -> None:
    functions, points = scan(tools)
    assert [function.name for function in functions] == ["put", "walk"]
    assert [(p.kind, p.function, p.line, p.both) for p in points] == [
        ("write", "put", 4, False),
        ("mode", "walk", 10, True),
        ("yield", "walk", 12, True),
        ("yield", "walk", 13, False),
        ("yield", "walk", 14, False),
        ("write", "walk", 16, False),
        ("retry", "walk", 18, False),
        ("retry", "walk", 19, False),
    ]


def test_the_model_has_the_places_that_its_design_names(tools: Any) -> None:
    _, points = tools["coverage_points"].scan_tree(ROOT)
    named = {(point.kind, point.function) for point in points}
    assert {
        ("write", "tdp_mmu_set_spte_atomic"),
        ("write", "tdp_mmu_freeze_shared"),
        ("write", "fast_pf_fix_direct_spte"),
        ("write", "kvm_tdp_mmu_age_spte"),
        ("yield", "tdp_mmu_iter_cond_resched"),
        ("yield", "nx_recovery_cond_resched"),
        ("retry", "tdp_mmu_map_walk"),
        ("retry", "kvm_tdp_page_fault"),
        ("mode", "handle_removed_pt"),
    } <= named
    assert len({(point.kind, point.name) for point in points}) == len(points)


def test_a_place_that_was_not_reached_is_told(tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tools["coverage_page"]
    monkeypatch.setattr(page, "excuses", list)
    functions, points = scan(tools)
    all_of_them = dict.fromkeys(range(1, 21), 1)
    branches = {10: [1, 1], 12: [1, 1]}
    good = counts(tools, all_of_them, branches)
    assert page.judge(functions, points, good, good, good).problems == []

    one_sided = counts(tools, all_of_them, branches | {10: [1, 0]})
    assert page.judge(functions, points, one_sided, one_sided, one_sided).problems == [
        "native/kvm/a.c:10: walk() is not reached on both sides: if (shared)"
    ]
    no_retry = counts(tools, all_of_them | {18: 0}, branches)
    report = page.judge(functions, points, no_retry, no_retry, good)
    assert report.problems == ["native/kvm/a.c:18: walk() is not reached: goto retry;"]
    # What stress alone reached is counted as such.
    report = page.judge(functions, points, no_retry, good, good)
    assert not report.problems and "real" in report.states.values()


def test_an_excuse_is_for_one_line_and_has_to_name_one(
    tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tools["coverage_page"]
    excuse = page.Excuse("a.c", "walk", "goto retry;", "no second task")
    monkeypatch.setattr(page, "excuses", lambda: [excuse])
    functions, points = scan(tools)
    found = counts(tools, {n: int(n != 18) for n in range(1, 21)}, {10: [1, 1], 12: [1, 1]})
    report = page.judge(functions, points, found, found, found)
    assert not report.problems
    assert "no second task" in page.page(report)

    gone = page.Excuse("a.c", "walk", "goto again;", "renamed since")
    assert len(list(page.unused([excuse, gone], functions))) == 1


def test_every_excuse_of_the_tree_names_a_line(tools: Any) -> None:
    functions, _ = tools["coverage_points"].scan_tree(ROOT)
    page = tools["coverage_page"]
    assert list(page.unused(page.excuses(), functions)) == []
    assert all(excuse.why for excuse in page.excuses())
