# SPDX-License-Identifier: GPL-2.0-only
"""Two runs side by side: what harness.compare has found, as parts of a page.

A is grey and B purple everywhere.  The distributions and call sites are of all repeats together.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from markupsafe import Markup

from harness.compare import text
from harness.compare.runs import Repeats
from harness.compare.verdict import Comparison, ScenarioVerdict
from harness.compare.verdict import Row as Found
from harness.contention.record import Contention, Lock, Site, Times
from harness.report import environment, figures, histogram
from harness.report.distributions import name_of
from harness.report.drawing import Drawing, Linear, Log
from harness.report.page import Article, lock_names, render
from harness.report.parts import (
    ROWS_MAX,
    Cell,
    Chart,
    Column,
    Part,
    Row,
    Section,
    Table,
    Text,
    cut,
    label,
    number,
    quantile,
    span,
    timed,
)
from harness.report.sites import mode_cell
from harness.report.verdict import Verdict

A, B = "side-a", "side-b"  # classes of the stylesheet
TONES = {"better": "good", "worse": "bad", "mixed": "warn", "changed": "warn", "no evidence": ""}
RATIO_WIDTH, STRIP_WIDTH, HEIGHT = 120.0, 110.0, 20.0
RATIO_SPAN_MIN, RATIO_SPAN_MAX = 1.1, 32.0  # of the axis, to either side of 1
LOCKS_MAX = 3


def sections(found: ScenarioVerdict, a: Repeats, b: Repeats) -> list[Section]:
    left, right = ([one.figures.record for one in side.repeats] for side in (a, b))
    return [
        headline(found),
        changed(found),
        distributions(left, right),
        sites(left, right),
    ]


def headline(found: ScenarioVerdict) -> Section:
    parts: list[Part] = [Text(note) for note in found.notes]
    parts.append(rows_table("", found.headline, found.exact))
    count = f"{found.repeats[0]} and {found.repeats[1]} repeats, {found.execution}"
    return Section(
        "headline", "What the verdict rests on", f"{text.verdict_line(found)}. {count}.", parts
    )


def changed(found: ScenarioVerdict) -> Section:
    title = "What else changed"
    rest = [row for row in found.others if row.change == "no evidence"]
    said = "are equal" if found.exact else "show no evidence of a change"
    lead = (
        "Who makes others wait, who waits, who holds; by the time that it amounts to."
        f" {figures.plural(len(rest), 'other figure')} {said}."
    )
    parts: list[Part] = []
    if found.changed:
        parts.append(rows_table("", found.changed, found.exact))
    if rest:
        parts.append(rows_table("Equal" if found.exact else "Without evidence", rest, found.exact))
    if not parts:
        return Section("changed", title, missing="there are no other figures")
    return Section("changed", title, lead, parts)


# ------------------------------------------------------------------ figures


def rows_table(title: str, rows: Sequence[Found], exact: bool) -> Table:
    axis = ratio_axis(rows)
    first, total = cut(rows)
    made = [figure_row(row, axis, exact) for row in first]
    names = ("A", "B", "B/A")
    columns = [Column(name, False) for name in ("figure", "says", "unit")]
    columns += [Column(name) for name in names]
    columns += [Column("95 % interval of B/A", False), Column("", False), Column("repeats", False)]
    columns.append(Column("p", hint="after Holm's correction"))
    low, high = text.factor(axis.low), text.factor(axis.high)
    note = (
        f"Values are medians. Ratios share one logarithmic axis, {low} to {high}; the line is 1."
        " Repeats: each dot is a run, A above B, from 0 or the least to the greatest of both."
    )
    return Table(title, tuple(columns), tuple(made), note=note, total=total)


def ratio_axis(rows: Sequence[Found]) -> Log:
    """As wide to the left of 1 as to its right."""
    limits = [RATIO_SPAN_MIN]
    for row in rows[:ROWS_MAX]:
        found = row.estimate
        limits += [max(v, 1 / v) for v in (found.ratio, found.low, found.high) if v]
    widest = min(max(limits), RATIO_SPAN_MAX) * 1.05
    return Log(1 / widest, widest, 4, RATIO_WIDTH - 4)


def figure_row(row: Found, axis: Log, exact: bool) -> Row:
    found, tone = row.estimate, TONES[row.change]
    p = "exact" if exact else text.chance(row.adjusted, exact)
    cells = (
        label(row.metric.name),
        label(row.change, tone=tone or "quiet"),
        label(row.metric.unit, tone="quiet"),
        value(median(row.a)),
        value(median(row.b)),
        Cell(text.factor(found.ratio), found.ratio if found.ratio is not None else math.inf),
        Cell("", chart=ratio(row, axis, tone)),
        label(text.between(row), tone="quiet"),
        Cell("", chart=strip(row)),
        Cell(p, row.adjusted),
    )
    return Row(cells, sites=row.metric.name)


def value(of: float) -> Cell:
    return Cell(text.figure(of), of, exact=figures.exact(of))


def ratio(row: Found, axis: Log, tone: str) -> Markup:
    found = row.estimate
    said = f"B/A {text.factor(found.ratio)}, {text.between(row) or 'no interval'}"
    drawing = Drawing(RATIO_WIDTH, HEIGHT, said, classes="spark")
    middle = HEIGHT / 2
    drawing.line(axis(1), 0, axis(1), HEIGHT, "axis")
    if found.low is not None and found.high is not None:
        drawing.line(axis(found.low), middle, axis(found.high), middle, f"interval {tone}")
    if found.ratio:
        drawing.add("circle", cx=axis(found.ratio), cy=middle, r=3.5, class_=f"dot {tone}")
    return drawing.svg()


def strip(row: Found) -> Markup:
    """Every repeat: how much they vary, and how far A and B are apart beside that."""
    low, high = min(*row.a, *row.b), max(*row.a, *row.b)
    if high > 3 * low:
        low = 0.0
    axis = Linear(low, high if high > low else low + 1, 4, STRIP_WIDTH - 4)
    values = ", ".join(map(text.figure, row.a)), ", ".join(map(text.figure, row.b))
    drawing = Drawing(STRIP_WIDTH, HEIGHT, f"A {values[0]}; B {values[1]}", classes="spark")
    for tone, repeats, y in ((A, row.a, 6.0), (B, row.b, 14.0)):
        for each in repeats:
            drawing.add("circle", cx=axis(each), cy=y, r=2.5, class_=f"repeat {tone}")
        at = axis(median(repeats))
        drawing.line(at, y - 4.5, at, y + 4.5, "median")
    return drawing.svg()


# ------------------------------------------------------------------ all repeats together


def merged(several: Sequence[Times]) -> Times:
    counts: dict[tuple[float, float], int] = defaultdict(int)
    for times in several:
        for low, high, count in times.buckets:
            counts[low, high] += count
    measured = [times for times in several if times.count]
    return Times(
        count=sum(times.count for times in several),
        total=sum(times.total for times in several),
        min=min((times.min for times in measured), default=0.0),
        max=max((times.max for times in measured), default=0.0),
        buckets=tuple((low, high, count) for (low, high), count in sorted(counts.items())),
    )


def locks_of(records: Sequence[Contention]) -> dict[str, list[Lock]]:
    found: dict[str, list[Lock]] = defaultdict(list)
    for record in records:
        for row in record.locks:
            found[name_of(row)].append(row)
    return found


def distributions(a: Sequence[Contention], b: Sequence[Contention]) -> Section:
    """Of the rows of lock_stat that were waited for most, in either."""
    title, unit = "Wait and hold times", a[0].unit
    sides = locks_of(a), locks_of(b)

    def total(name: str) -> float:
        return sum(row.wait.total for side in sides for row in side.get(name, []))

    names = sorted({*sides[0], *sides[1]}, key=lambda name: (-total(name), name))
    parts: list[Part] = []
    for name in [name for name in names if total(name)][:LOCKS_MAX]:
        rows = [side.get(name, []) for side in sides]
        for what, times in (
            (f"Waits for {name}", [merged([row.wait for row in side]) for side in rows]),
            (f"Holds of {name}", [merged([row.hold for row in side]) for side in rows]),
        ):
            panels = [(A, "A", times[0]), (B, "B", times[1])]
            if any(each.count for each in times):
                table = times_table(times, unit)
                parts.append(Chart(what, histogram.large(what, panels, unit), table=table))
    if not parts:
        return Section("distributions", title, missing="nobody waited, in neither")
    lead = "A above B, over the same axis; all repeats together."
    return Section("distributions", title, lead, parts)


def times_table(sides: Sequence[Times], unit: str) -> Table:
    rows = []
    for letter, times in zip("AB", sides, strict=True):
        cells = [quantile(times, share, unit) for share, _ in histogram.SHARES]
        cells.append(span(times.max if times.count else None, unit))
        rows.append(Row((label(letter), number(times.count), *cells)))
    names = (*(name for _, name in histogram.SHARES), "max")
    columns = (Column("", False), Column("measured"), *timed(names, unit))
    return Table("Numbers", columns, tuple(rows))


Place = tuple[str, str, str, str]  # lock, mode, type, function: lines move


def per_second(record: Contention) -> float:
    """What rates are over: seconds, or 1000 steps."""
    return record.elapsed_s if record.unit == "ns" else record.elapsed / 1000


def sites(a: Sequence[Contention], b: Sequence[Contention]) -> Section:
    """How long others waited for each site, per second; what changed most comes first."""
    unit, rate = a[0].unit, "per second" if a[0].unit == "ns" else "per 1000 steps"
    sides = [places_of(side) for side in (a, b)]
    spans = [sum(map(per_second, side)) or 1.0 for side in (a, b)]

    def blocked(side: int, place: Place) -> float:
        return sum(site.blocked_total for site in sides[side].get(place, [])) / spans[side]

    places = sorted({*sides[0], *sides[1]}, key=lambda p: (-abs(blocked(1, p) - blocked(0, p)), p))
    title = "Call sites that others waited for"
    if not places:
        return Section("sites", title, missing="no call site took a lock")
    longest = max(blocked(side, place) for side in (0, 1) for place in places)
    rows = []
    first, total = cut(places)
    for place in first:
        before, after = blocked(0, place), blocked(1, place)
        lock, mode, type_, func = place
        cells = (
            label(func, code=True),
            mode_cell(lock, mode, type_),
            span(before, unit, longest, A),
            span(after, unit, longest, B),
            signed(after - before, unit),
            *(span(mean_hold(side.get(place, [])), unit) for side in sides),
        )
        rows.append(Row(cells, lock=lock, sites=func))
    columns = [Column("function", False), Column("lock", False)]
    columns += timed((f"waited for in A, {rate}", "in B", "change"), unit)
    columns += timed(("held on average in A", "in B"), unit)
    return Section("sites", title, "", [Table("", tuple(columns), tuple(rows), total=total)])


def places_of(records: Sequence[Contention]) -> dict[Place, list[Site]]:
    found: dict[Place, list[Site]] = defaultdict(list)
    for record in records:
        for site in record.sites:
            found[site.lock, site.mode, site.type, site.func].append(site)
    return found


def mean_hold(several: Sequence[Site]) -> float | None:
    """A hold's total stands for all acquisitions."""
    timed = [site for site in several if site.hold.count]
    acquired = sum(site.acquisitions for site in timed)
    return sum(site.hold.total for site in timed) / acquired if acquired else None


def signed(change: float, unit: str) -> Cell:
    if not change:
        return Cell("0", 0.0, tone="quiet")
    shown = span(abs(change), unit).text
    sign = "+" if change > 0 else "\N{MINUS SIGN}"
    return Cell(f"{sign}{shown}", change, exact=figures.exact(change, unit))


# ------------------------------------------------------------------ the whole


def verdict_text(comparison: Comparison) -> tuple[str, str]:
    """Tone and words of what both runs come to."""
    words = {
        "no evidence": "No evidence of a change",
        "better": "B is better",
        "worse": "B is worse",
        "mixed": "Better here, worse there",
        "changed": "Changed",
    }
    exact = all(scenario.exact for scenario in comparison.scenarios)
    if exact and comparison.change == "no evidence":
        return "", "All figures that a verdict rests on are equal"
    return TONES[comparison.change], words[comparison.change]


def overview(comparison: Comparison) -> Table:
    rows = [
        Row(
            (
                Cell(scenario.name, href=f"#s{at}"),
                label(scenario.change, tone=TONES[scenario.change] or "quiet"),
                label(text.verdict_line(scenario)),
            )
        )
        for at, scenario in enumerate(comparison.scenarios, 1)
    ]
    columns = tuple(Column(name, False) for name in ("scenario", "verdict", "because"))
    return Table("", columns, tuple(rows))


def of_comparison(comparison: Comparison) -> str:
    """The page of two runs."""
    articles = []
    for at, found in enumerate(comparison.scenarios, 1):
        a, b = (run.scenarios[found.name] for run in (comparison.a, comparison.b))
        names = {name for side in (a, b) for name in lock_names(side.repeats[0].figures.record)}
        result = label(found.change, tone=TONES[found.change])
        found_sections = sections(found, a, b)
        articles.append(
            Article(f"s{at}", found.name, result, (), found_sections, sorted(names), ())
        )
    tone, words = verdict_text(comparison)
    lines = [
        text.run_line("A", comparison.a).strip(),
        text.run_line("B", comparison.b).strip(),
        *(f"differs: {difference}" for difference in comparison.differs),
        text.design_line(comparison),
    ]
    table = overview(comparison)
    heading = f"{comparison.a.path.name} against {comparison.b.path.name}"
    facts = {name.removeprefix("machine."): fact for name, fact in comparison.a.facts.items()}
    return render(
        f"{heading} - mmutorture",
        heading,
        articles,
        said=Verdict(tone, words, tuple(lines), (), 0),
        opening=[Section("overview", "Scenarios", parts=[table])] if len(articles) > 1 else [],
        closing=[environment.of_both(facts)],
    )
