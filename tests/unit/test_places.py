# SPDX-License-Identifier: GPL-2.0-only
"""Memslots that move, the APIC access page, and the base profile that a bug needs."""

from __future__ import annotations

import pytest

from harness.commands import common
from harness.core import catalogue
from harness.errors import UsageError
from harness.scenario import scenarios
from harness.scenario.rules import places, regions
from harness.scenario.schema import Slot


def refused(*overrides: tuple[str, str]) -> str:
    with pytest.raises(UsageError) as caught:
        scenarios.load("memslot-move", overrides)
    return str(caught.value)


def test_a_slot_that_moves_is_memory_in_both_places() -> None:
    slots = [Slot(base_gfn=0, pages=4, move_to=8), Slot(base_gfn=4, pages=4)]
    assert places(slots[0]) == [(0, 4), (8, 12)]
    assert places(slots[1]) == [(4, 8)]
    assert regions(slots, 0) == [(0, 12)]


def test_the_other_place_is_checked_like_the_first() -> None:
    assert "overlaps slot 0" in refused(("slots.0.move-to", "2"))
    assert "overlaps slot 0" in refused(("slots.1.base-gfn", "7"))
    assert "levels reach" in refused(("slots.0.move-to", str(1 << 36)))


def test_one_apic_page_that_stays() -> None:
    assert "stays where it is" in refused(("slots.0.apic-page", "true"))
    loaded = scenarios.load("memslot-move", (("slots.1.apic-page", "true"),))
    assert loaded.slots[1].apic_page


def test_a_bug_brings_its_profile() -> None:
    old, new = catalogue.find_bug("A08"), catalogue.find_bug("A03")
    assert old.profile == "legacy-roots"
    assert common.profile_override([new]) == ()
    override = common.profile_override([new, old])
    assert scenarios.load("invalidate-roots", override).vm.profile == "legacy-roots"
