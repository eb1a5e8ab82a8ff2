# SPDX-License-Identifier: GPL-2.0-only
import pytest

from harness.trace.spte import FROZEN_SPTE, SHADOW_NONPRESENT, decode, level_of

R, W, X, A, D = 1 << 0, 1 << 1, 1 << 2, 1 << 8, 1 << 9
LARGE, PRESENT, HOST_W, MMU_W = 1 << 7, 1 << 11, 1 << 57, 1 << 58


@pytest.mark.parametrize(
    ("spte", "level", "text"),
    [
        (0, 1, "non-present"),
        (SHADOW_NONPRESENT, 1, "non-present"),
        (FROZEN_SPTE, 2, "frozen"),
        (0x6B6B6B6B6B6B6B6B, 1, "poison: the table has been freed"),
        (
            R | W | X | A | D | PRESENT | HOST_W | MMU_W | 0x1234 << 12,
            1,
            "R W X A D pfn 0x1234 MMU-W HOST-W leaf",
        ),
        (R | X | A | PRESENT | HOST_W | MMU_W | 7 << 12, 1, "R X A pfn 0x7 MMU-W HOST-W leaf"),
        (R | W | X | A | PRESENT | 0x20 << 12, 3, "R W X A pfn 0x20 table"),
        (R | X | LARGE | PRESENT | 0x200 << 12, 2, "R X pfn 0x200 huge leaf"),
        (R | PRESENT | 1 << 52 | 9 << 12, None, "R pfn 0x9 AD-off"),
        (W | X | 5 << 12 | 3 << 3, 1, "MMIO gfn 0x5 generation 3"),
        (W | X | 5 << 12 | 1 << 52 | 1 << 3, 1, "MMIO gfn 0x5 generation 257"),
        (R | 9 << 12, 1, "R pfn 0x9 not-MMU-present"),
        (R | PRESENT | 1 << 60 | 9 << 12, None, f"R pfn 0x9 other bits {1 << 60:#x}"),
    ],
)
def test_decode(spte: int, level: int | None, text: str) -> None:
    assert decode(spte, level) == text


def test_level_is_in_the_name() -> None:
    assert level_of("spte L2 gfn 0x40") == 2
    assert level_of("mmu_lock") is None
