# SPDX-License-Identifier: GPL-2.0-only
"""A part of an exhaustive search, as the core takes it and gives it back."""

from dataclasses import dataclass

ANYTHING = 0xFFFFFFFF  # a bound


@dataclass(frozen=True)
class Packed:
    """A part, or what is left of one, between processes: the arrays of ``struct mmut_part``."""

    nodes: bytes
    branches: bytes
    steps: bytes = b""
    floor: int = 0
    finished: bool = False
    bound: int = ANYTHING
    patient: bool = False
    asleep: int = 0
    left: int = 0
