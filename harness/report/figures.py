# SPDX-License-Identifier: GPL-2.0-only
"""Numbers as they are shown: four digits and a unit; the exact value is in the tooltip."""

import math
import re

NOTHING = "-"
TIMES = ((1e9, "s"), (1e6, "ms"), (1e3, "µs"))
SMALL = 10_000  # counts below this are shown whole

# What a terminal or a browser might obey instead of show: C0 and C1 controls, surrogates, and the
# characters that turn the direction of text.
UNSHOWN = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]"
)


def clean(text: str) -> str:
    """`text` with each character that is not for showing replaced by its number."""
    if text.isprintable():
        return text
    return UNSHOWN.sub(lambda match: f"<{ord(match[0]):04x}>", text)


def digits(value: float) -> str:
    """Four significant digits, without an exponent."""
    if value == 0:
        return "0"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: float) -> str:
    return f"{value:,.0f}"


def time(value: float, unit: str) -> str:
    """`value` nanoseconds or steps."""
    if unit == "ns":
        for limit, name in TIMES:
            if value >= limit:
                return f"{value / limit:,.{places(value / limit)}f} {name}"
        return f"{digits(value)} ns"
    return f"{number(value)} {unit}"


def number(value: float) -> str:
    """Four digits, or a whole number."""
    return digits(value) if value < SMALL else f"{value:,.0f}"


def tick(value: float, unit: str) -> str:
    """Of an axis: a round number, so without the digits that say how exact it is."""
    if unit == "ns":
        for limit, name in TIMES:
            if value >= limit:
                return f"{digits(value / limit)} {name}"
    return f"{digits(value)} {unit}" if value else "0"


def brief(value: float, unit: str) -> str:
    """Two or three digits, for a cell of a matrix: its tooltip has the rest."""
    if unit == "ns":
        for limit, name in TIMES:
            if value >= limit:
                scaled = value / limit
                return f"{scaled:,.{0 if scaled >= 100 else 1}f} {name}"
    return f"{value:,.0f}" if unit != "ns" else f"{value:,.0f} ns"


def places(value: float) -> int:
    """Decimal places that make four digits of a value from 1 on."""
    return max(0, 3 - math.floor(math.log10(value))) if value >= 1 else 3


def exact(value: float, unit: str = "") -> str:
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.3f}"
    return f"{text} {unit}".rstrip()


def share(part: float, whole: float) -> str:
    """In per cent; never 0 for what is there, nor 100 for what is not all."""
    if not whole:
        return NOTHING
    value = 100 * part / whole
    if 0 < value < 0.1:
        return "< 0.1 %"
    if part < whole and value > 99.9:
        return "> 99.9 %"
    return f"{value:.1f} %"


def plural(number: int, what: str) -> str:
    return f"{count(number)} {what}{'' if number == 1 else 's'}"
