# SPDX-License-Identifier: GPL-2.0-only
"""Durations, seeds and figures, as people write and read them."""

import difflib
import math
import re
import secrets
from collections.abc import Iterable

from harness.errors import UsageError

U64_MAX = (1 << 64) - 1
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(ms|s|m|h|d)?")


def parse_duration(text: str) -> float:
    """Seconds of ``45s``, ``5m``, ``3h``, ``0.5s``, ``250ms``; a bare number is seconds."""
    match = DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not a duration; write 0.5s, 45s, 5m or 3h")
    seconds = float(match[1]) * SECONDS[match[2] or "s"]
    if not 0 < seconds < math.inf:
        raise UsageError(f"'{text}' is not a duration above zero")
    return seconds


def parse_integer(text: str, what: str, low: int, high: int) -> int:
    """A decimal or 0x number in [low, high]."""
    try:
        value = int(text.replace("_", ""), 0)
    except ValueError:
        raise UsageError(f"{what} is '{text}', which is not a number") from None
    if not low <= value <= high:
        raise UsageError(f"{what} is {text}; allowed: {low} to {high}")
    return value


def parse_seed(text: str) -> int:
    return parse_integer(text, "the seed", 0, U64_MAX)


def random_seed() -> int:
    """A fresh seed; everything else that is random derives from one."""
    return secrets.randbits(64)


def hex64(value: int) -> str:
    return f"0x{value:016x}"


def human_count(value: float) -> str:
    """1234567 as ``1.23 M``: three digits are what a figure of a run is good for."""
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= limit:
            return f"{value / (1e3 if suffix == 'k' else limit):.3g} {suffix}"
    return f"{value:.0f}" if value == int(value) or value >= 100 else f"{value:.3g}"


def nearest(name: str, allowed: Iterable[str]) -> str:
    """``; did you mean 'x'?``, or nothing where no name is near."""
    found = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.55)
    return f"; did you mean '{found[0]}'?" if found else ""
