# SPDX-License-Identifier: GPL-2.0-only
"""Where `make mutants` breaks the model, and that each place can be broken alone."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

SOURCE = """\
/* a file */
static bool walk(struct kvm *kvm, bool shared)
{
	must_hold_read(&kvm->mmu_lock);
	spin_lock(&kvm->list_lock);
	if (is_invalid(root) || (bug(kvm, A03) && !shared))
		flush = true;
	kvm_flush_remote_tlbs(kvm);
	spin_unlock(&kvm->list_lock);
	if (bug(kvm, A05))
		other_way_round(kvm);
	if (kvm->size &&
		!likely(one(kvm) || two(kvm)))
		return true;
	return kvm->seq != seq;
}
"""


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield importlib.import_module("mutations").File("walk.c", SOURCE.split("\n"), first=7)
    sys.modules.pop("mutations", None)


def test_each_place_is_found_once(file: Any) -> None:
    file.break_all()
    assert [(m.kind, m.line, m.text.partition(" in ")[0]) for m in file.mutants] == [
        ("lock", 5, "spin_lock(&kvm->list_lock);"),
        ("term", 6, "is_invalid(root) ||"),
        ("call", 8, "kvm_flush_remote_tlbs(kvm);"),
        ("term", 12, "kvm->size &&"),
        ("term", 12, "one(kvm) ||"),
        ("term", 12, "two(kvm) ||"),
        ("term", 12, "!likely(one(kvm) || two(kvm)) &&"),
        ("if", 12, "if (kvm->size && !likely(one(kvm) || two(kvm)))"),
        ("return", 15, "no"),
        ("return", 15, "yes"),
    ]
    assert [m.number for m in file.mutants] == [*range(7, 17)]
    assert all(m.func == "walk" for m in file.mutants)


def test_a_lock_is_left_out_with_its_unlock(file: Any) -> None:
    made = file.break_all().split("\n")
    assert made[4] == "{ if (!mutant(7)) spin_lock(&kvm->list_lock); }"
    assert made[8] == "{ if (!mutant(7)) spin_unlock(&kvm->list_lock); }"


def test_lines_stay_where_they_are(file: Any) -> None:
    made = file.break_all().split("\n")
    assert len(made) == len(SOURCE.split("\n"))
    assert made[12] == "" and made[13] == "\t\treturn true;"


def test_an_operand_left_out_decides_nothing(file: Any) -> None:
    """Of `a && b` it is true, of `a || b` false, and is counted where that matters."""
    made = file.break_all().split("\n")
    assert made[5] == ("\tif (((is_invalid(root)) && !mutant(8)) || (bug(kvm, A03) && !shared))")
    assert "((kvm->size) || mutant(10)) && ((!likely(" in made[11]
    assert made[14] == "\treturn ((kvm->seq != seq) && !mutant(15)) || mutant(16);"
