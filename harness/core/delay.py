# SPDX-License-Identifier: GPL-2.0-only
"""``--delay FUNC[:LOCK]=LENGTH``: sections that a function opens are held so much longer.

LENGTH is a time (50ns, 200us, 1ms) where processes run freely, and a number of steps where a
scheduler decides.  The planted cost is real: who waits for the lock waits longer.  Settings and
tokens carry it in the normal form ``FUNC:LOCK=200000``, in nanoseconds or steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness._core import lib
from harness.core.structs import rows
from harness.errors import UsageError
from harness.units import nearest, parse_integer

if TYPE_CHECKING:
    from harness._core import mmut_config

STEPS_MAX = 100_000
NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
NS_MAX = 10 * NS["s"]
PROGRAMS = "native/program/"  # small ones, which are no part of the model
FRAME_LOCK = "frame_lock"  # what frames call just `lock`
TIME = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s)")


@dataclass(frozen=True)
class Delay:
    func: str
    lock: str  # empty: whichever it takes
    length: int  # nanoseconds, or steps

    def __str__(self) -> str:
        return f"{self.func}{f':{self.lock}' if self.lock else ''}={self.length}"


def known() -> dict[str, set[str]]:
    """Functions of the model that take locks, and which, as they are called there."""
    found: dict[str, set[str]] = {}
    for row in rows("struct mmut_lock_place *", lib.mmut_lock_place_get):
        if row["file"].startswith(PROGRAMS):
            continue
        name = re.split(r"->|\.|&", row["what"])[-1]
        found.setdefault(row["func"], set()).add(FRAME_LOCK if name == "lock" else name)
    return found


def length_of(text: str, controlled: bool) -> int:
    if controlled:
        if TIME.fullmatch(text):
            raise UsageError(
                f"--delay: '{text}' is a time, and where a scheduler decides there are steps only;"
                " write a number of them, as in =50"
            )
        return parse_integer(text, "--delay", 1, STEPS_MAX)
    match = TIME.fullmatch(text)
    ns = round(float(match[1]) * NS[match[2]]) if match else 0
    if not 0 < ns <= NS_MAX:
        raise UsageError(f"--delay: '{text}' is no time above 0 and up to 10s; write 50ns or 200us")
    return ns


def split(text: str) -> tuple[str, str, str]:
    place, separator, length = text.rpartition("=")
    func, _, lock = place.partition(":")
    if not separator or not func:
        raise UsageError(f"--delay: '{text}' is no FUNC=LENGTH or FUNC:LOCK=LENGTH")
    return func, lock, length


def check(func: str, lock: str) -> None:
    places = known()
    if func not in places:
        hint = nearest(func, places) or f"; those are {', '.join(sorted(places))}"
        raise UsageError(f"--delay: no function '{func}' takes a lock{hint}")
    if lock and lock not in places[func]:
        raise UsageError(
            f"--delay: {func}() takes no '{lock}'; it takes {', '.join(sorted(places[func]))}"
        )


def parse(text: str, controlled: bool) -> Delay:
    """As a user writes it."""
    func, lock, length = split(text)
    check(func, lock)
    return Delay(func, lock, length_of(length, controlled))


def normal(texts: Sequence[str] | None, controlled: bool) -> tuple[str, ...]:
    """What settings keep of the options."""
    delays = [parse(text, controlled) for text in texts or ()]
    if len(delays) > lib.MMUT_MAX_DELAYS:
        raise UsageError(f"--delay may be given {lib.MMUT_MAX_DELAYS} times")
    return tuple(str(delay) for delay in delays)


def fill(config: mmut_config, delays: Sequence[str]) -> None:
    """From the normal form."""
    config.nr_delays = len(delays)
    for number, text in enumerate(delays):
        into = config.delays[number]
        func, lock, length = split(text)
        check(func, lock)
        into.func, into.lock = func.encode(), lock.encode()
        into.length = parse_integer(length, "--delay", 1, NS_MAX)
