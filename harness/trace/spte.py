# SPDX-License-Identifier: GPL-2.0-only
"""Decode 64-bit EPT SPTEs (KVM's spte.h, vmx capabilities) into one line for people."""

FROZEN_SPTE = (1 << 63) | 0x5A0
SHADOW_NONPRESENT = 1 << 63
TABLE_POISON = 0x6B6B6B6B6B6B6B6B

PFN_MASK = ((1 << 52) - 1) & ~0xFFF
MMU_PRESENT, LARGE = 1 << 11, 1 << 7
AD_TYPES = {0: "", 1: "AD-off", 2: "WP-only", 3: "AD-type-3"}
FLAGS = (
    *((0, "R"), (1, "W"), (2, "X"), (8, "A"), (9, "D")),
    *((54, "saved-R"), (56, "saved-X"), (57, "HOST-W"), (58, "MMU-W")),
)
# W and X without R, which no CPU takes: each access exits.
MMIO_MASK, MMIO_VALUE = SHADOW_NONPRESENT | 7, 6
SUPPRESS_VE = 1 << 63  # in every SPTE that is neither zero nor MMIO: says nothing
KNOWN = (
    SUPPRESS_VE
    | PFN_MASK
    | MMU_PRESENT
    | LARGE
    | 0x78
    | (3 << 52)
    | sum(1 << bit for bit, _ in FLAGS)
)


def mmio(spte: int) -> str:
    """What a vCPU remembers of a gfn that no memslot contains; the generation is in two parts."""
    generation = (spte >> 3 & 0xFF) | (spte >> 52 & 0x7FF) << 8
    return f"MMIO gfn {(spte & PFN_MASK) >> 12:#x} generation {generation}"


def decode(spte: int, level: int | None = None) -> str:
    """``R W X A D pfn 0x1234 MMU-W HOST-W leaf``; `level` tells a 4K leaf from a table."""
    spte &= (1 << 64) - 1
    if spte == FROZEN_SPTE:
        return "frozen"
    if spte in (SHADOW_NONPRESENT, 0):
        return "non-present"
    if spte == TABLE_POISON:
        return "poison: the table has been freed"
    if spte & MMIO_MASK == MMIO_VALUE:
        return mmio(spte)
    low = [name for bit, name in FLAGS[:5] if spte >> bit & 1]
    high = [name for bit, name in FLAGS[5:] if spte >> bit & 1]
    words = [*low, f"pfn {(spte & PFN_MASK) >> 12:#x}", *reversed(high)]
    if ad_type := AD_TYPES[spte >> 52 & 3]:
        words.append(ad_type)
    if not spte & MMU_PRESENT:
        words.append("not-MMU-present")
    elif spte & LARGE:
        words.append("huge leaf")
    elif level is not None:
        words.append("leaf" if level == 1 else "table")
    if unknown := spte & ~KNOWN:
        words.append(f"other bits {unknown:#x}")
    return " ".join(words)


def level_of(name: str) -> int | None:
    """The level in a logical name such as ``spte L2 gfn 0x40``."""
    for word in name.split():
        if len(word) == 2 and word[0] == "L" and word[1].isdigit():
            return int(word[1])
    return None
