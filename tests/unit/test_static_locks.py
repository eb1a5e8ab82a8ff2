# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts that a path breaks are refused without running anything, where there is Clang."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

Check = Callable[..., list[str]]


@pytest.fixture
def static_locks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield importlib.import_module("static_locks")
    for name in ("static_locks", "coverage_points"):
        sys.modules.pop(name, None)


@pytest.fixture
def check(static_locks: Any, tmp_path: Path) -> Check:
    """What Clang says of the model after replacements (file, old, new)."""
    clang = static_locks.find_clang()
    if clang is None:
        pytest.skip("no clang")

    def run(*edits: tuple[str, str, str]) -> list[str]:
        copy = static_locks.Copy(ROOT, tmp_path / "locks")
        for file, old, new in edits:
            assert old in copy.texts[file]
            copy.texts[file] = copy.texts[file].replace(old, new, 1)
        if edits:
            touched = {file for file, _, _ in edits}
            return list(written(copy).check(clang, sorted(touched)))
        return list(written(copy).check(clang))

    return run


def written(copy: Any) -> Any:
    copy.write()
    return copy


def only(problems: list[str], *words: str) -> None:
    assert problems
    assert all(any(word in problem for word in words) for problem in problems), problems


def test_the_model_keeps_its_contracts(check: Check) -> None:
    assert check() == []


def test_exclusive_work_under_read_is_refused(check: Check) -> None:
    begin = "void kvm_mmu_zap_all(struct kvm *kvm)\n{\n\tmust_hold_none(&kvm->mmu_lock);\n\n\t"
    problems = check(
        ("mmu.c", f"{begin}write_lock", f"{begin}read_lock"),
        (
            "mmu.c",
            "kvm_tdp_mmu_zap_all(kvm);\n\twrite_unlock",
            "kvm_tdp_mmu_zap_all(kvm);\n\tread_unlock",
        ),
    )
    only(problems, "kvm_tdp_mmu_zap_all")
    assert any("mmu_lock_writer" in problem for problem in problems)


def test_work_for_readers_under_write_is_refused(check: Check) -> None:
    wrong = check(
        (
            "mmu.c",
            "read_lock(&kvm->mmu_lock);\n\tkvm_tdp_mmu_wrprot",
            "write_lock(&kvm->mmu_lock);\n\tkvm_tdp_mmu_wrprot",
        ),
        ("mmu.c", "min_level);\n\tread_unlock", "min_level);\n\twrite_unlock"),
    )
    only(wrong, "mmu_lock_reader")


def test_a_missing_lock_is_refused(check: Check) -> None:
    problems = check(
        ("notifier.c", "\tspin_lock(&kvm->mn_invalidate_lock);\n", ""),
    )
    only(problems, "'cap_mn_invalidate_lock' that was not held")
    only(check(("zap_range.c", "\tmutex_lock(&kvm->slots_lock);\n", "")), "slots_lock")


def test_a_lock_that_must_not_be_held_is_refused(check: Check) -> None:
    problems = check(
        (
            "zap_range.c",
            "\twrite_unlock(&kvm->mmu_lock);\n",
            "\tkvm_mmu_zap_all(kvm);\n\twrite_unlock(&kvm->mmu_lock);\n",
        ),
    )
    only(problems, "cannot call function 'kvm_mmu_zap_all' while lock 'cap_mmu_lock' is held")


def test_a_lock_that_is_not_released_is_refused(check: Check) -> None:
    only(
        check(("roots.c", "\tspin_unlock(&kvm->tdp_mmu_pages_lock);\n", "")),
        "'cap_tdp_mmu_pages_lock' is",
    )
    only(check(("fast_fault.c", "\trcu_read_unlock();\n", "")), "'cap_rcu' is")


def test_a_missing_section_is_refused(check: Check) -> None:
    only(
        check(("aging.c", "\trcu_read_lock();\n", ""), ("aging.c", "\trcu_read_unlock();\n", "")),
        "requires holding lock 'cap_rcu'",
    )


def test_what_is_exempt_says_why(static_locks: Any, tmp_path: Path) -> None:
    copy = static_locks.Copy(ROOT, tmp_path)
    exempt = [
        line
        for text in copy.texts.values()
        for line in text.split("\n")
        if "static_check_off" in line
    ]
    assert 0 < len(exempt) < 20, "the check is off in too many functions to say much"
