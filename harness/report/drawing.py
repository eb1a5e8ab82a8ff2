# SPDX-License-Identifier: GPL-2.0-only
"""SVG: a drawing, scales, axes.  Colours are classes of the stylesheet, and so follow the theme."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from harness.report.figures import clean


def short(value: float) -> str:
    """A coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass
class Drawing:
    """Elements in drawing order.  `label` is what a screen reader says of the whole."""

    width: float
    height: float
    label: str
    elements: list[str] = field(default_factory=list)
    classes: str = "chart"
    marks: int = 0

    def add(self, name: str, text: str = "", **attributes: float | str) -> None:
        """An element; a trailing underscore of a name goes, any other is a hyphen."""
        listed = "".join(
            f' {key.rstrip("_").replace("_", "-")}="{attribute(value)}"'
            for key, value in attributes.items()
        )
        body = f">{escape(clean(text))}</{name}>" if text else "/>"
        self.elements.append(f"<{name}{listed}{body}")

    def line(self, x1: float, y1: float, x2: float, y2: float, tone: str) -> None:
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=tone)

    def text(self, x: float, y: float, text: str, tone: str = "", anchor: str = "start") -> None:
        self.add("text", text, x=x, y=y, class_=tone, text_anchor=anchor)

    def box(self, x: float, y: float, width: float, height: float, tone: str, **more: str) -> None:
        """A rectangle."""
        self.add(
            "rect", x=x, y=y, width=max(width, 0.3), height=max(height, 0), class_=tone, **more
        )

    def bars(self, places: Sequence[tuple[float, float, float, float]], tone: str) -> None:
        """Rectangles (x, y, width, height) in one element."""
        drawn = (
            f"M{short(x)} {short(y)}h{short(max(width, 0.3))}v{short(height)}H{short(x)}z"
            for x, y, width, height in places
        )
        self.add("path", d="".join(drawn), class_=tone)

    def mark(self, x: float, y: float, width: float, height: float, tip: str) -> None:
        """An unseen place that has something to say: to the pointer, and to the arrow keys."""
        self.marks += 1
        self.box(x, y, width, height, "mark", data_tip=tip)

    def path(self, points: Sequence[tuple[float, float]], tone: str, closed: bool = False) -> None:
        if points:
            steps = "L".join(f"{short(x)} {short(y)}" for x, y in points)
            self.add("path", d=f"M{steps}{'Z' if closed else ''}", class_=tone)

    def svg(self) -> Markup:
        focus = ' tabindex="0"' if self.marks else ""
        return Markup(
            f'<svg class="{self.classes}" viewBox="0 0 {short(self.width)} {short(self.height)}"'
            f' width="{short(self.width)}" height="{short(self.height)}" role="img"{focus}'
            f' aria-label="{escape(clean(self.label))}">' + "".join(self.elements) + "</svg>"
        )


def attribute(value: float | str) -> str:
    return str(escape(clean(value))) if isinstance(value, str) else short(value)


@dataclass(frozen=True)
class Linear:
    low: float
    high: float
    start: float  # where `low` is drawn
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        inside = (value - self.low) / span if span else 0.0
        return self.start + inside * (self.end - self.start)


@dataclass(frozen=True)
class Log:
    """Base 2.  What is below `low`, so also 0, is drawn at the start."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = math.log2(self.high / self.low)
        inside = math.log2(max(value, self.low) / self.low) / span if span else 0.0
        return self.start + min(inside, 1.0) * (self.end - self.start)

    def ticks(self, most: int) -> list[float]:
        """Powers of ten; where they are few also 2 and 5 times these, and fewer where too many."""
        first = math.floor(math.log10(self.low) + 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        stride = max(1, math.ceil((last - first + 1) / most))
        factors = (1, 2, 5) if 3 * (last - first) <= most else (1,)
        every = [f * 10.0**power for power in range(first, last + 1, stride) for f in factors]
        return [tick for tick in every if self.low * 0.999 <= tick <= self.high * 1.001]


def nice_ticks(high: float, most: int = 3) -> list[float]:
    """0 and a few round numbers up to `high`."""
    if high <= 0:
        return [0.0]
    raw = high / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    return [step * n for n in range(int(high / step + 1e-9) + 1)]


def even(values: Sequence[float], most: int) -> list[float]:
    """`values` in order, summed over equal stretches so that at most `most` are left."""
    stride = stretch(len(values), most)
    return [sum(values[at : at + stride]) for at in range(0, len(values), stride)]


def stretch(length: int, most: int) -> int:
    return max(1, math.ceil(length / most))
