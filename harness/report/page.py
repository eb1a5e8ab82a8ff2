# SPDX-License-Identifier: GPL-2.0-only
"""Parts into one HTML file.

Nothing on the page comes from elsewhere, and its policy forbids that anything could.  Its scripts
are named by their hashes: one that got in by way of a scenario's name would not run even if the
escaping had failed.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness import __version__
from harness.contention.record import Contention
from harness.report import (
    blocking,
    coverage,
    distributions,
    environment,
    figures,
    grace,
    heat,
    over_time,
    readers,
    retries,
    sites,
    timeline,
    verdict,
)
from harness.report.gather import Run, ScenarioRun
from harness.report.parts import Chart, Facts, Section, Table, Text
from harness.report.verdict import Verdict

ASSETS = Path(__file__).parent / "assets"
# Before anything is laid out: of many scenarios one is shown.
EARLY = 'document.documentElement.className = "js"'
ROWS_FOLDED = 12  # of a table, until more are asked for


@dataclass(frozen=True)
class Article:
    """One scenario on the page, or one pair of a comparison."""

    id: str
    name: str
    result: Any  # Cell
    lead: Sequence[Any]  # parts before the sections
    sections: Sequence[Section]
    locks: Sequence[str]  # what the filters offer
    tasks: Sequence[str]


def kind_of(part: Any) -> str:
    kinds = {Table: "table", Chart: "chart", Facts: "facts", Text: "text"}
    return kinds[type(part)]


def shown(value: Any) -> Any:
    """What is put into the page: markup that was made here, or text without control characters."""
    return value if isinstance(value, Markup) else figures.clean(str(value))


@cache
def templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"kind_of": kind_of, "rows_folded": ROWS_FOLDED, "count": figures.count}
    return made


def asset(name: str) -> str:
    """Without the SPDX comment, which is for the tree."""
    text = (ASSETS / name).read_text(encoding="utf-8")
    return text.partition("\n")[2]


def digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def render(
    title: str,
    heading: str,
    articles: Sequence[Article],
    first: str = "",  # of the articles, the one that is shown
    said: Verdict | None = None,
    opening: Sequence[Section] = (),
    closing: Sequence[Section] = (),
) -> str:
    script = "\n" + asset("page.js")
    template = templates().get_template("page.html")
    return template.render(
        title=title,
        heading=heading,
        articles=articles,
        first=first or next((article.id for article in articles), ""),
        verdict=said,
        opening=opening,
        closing=closing,
        script=Markup(script),
        style=Markup(asset("page.css")),
        early=Markup(EARLY),
        hashes=Markup(" ".join(f"'sha256-{digest(each)}'" for each in (EARLY, script))),
        version=__version__,
    )


def sections_of(scenario: ScenarioRun) -> list[Section]:
    record = scenario.record
    if record is None:
        return []
    found = [
        over_time.section(record),
        distributions.section(record),
        sites.section(record),
        readers.section(record),
        blocking.section(record),
        retries.section(record),
        heat.section(record),
        coverage.section(record),
        grace.section(record),
        timeline.section(scenario.windows, record.unit),
        environment.measured(record),
    ]
    return [section for section in found if section is not None]


def article(scenario: ScenarioRun, number: int) -> Article:
    record = scenario.record
    lead: list[Any] = [Text(problem) for problem in scenario.problems]
    if record is None:
        lead.append(Text("Contention was not measured in this run."))
    else:
        lead += [Text(f"Planted: {delay}.") for delay in environment.planted(record)]
        lead += [verdict.tiles(record), verdict.task_table(record)]
    if scenario.toml:
        lead.append(Text(scenario.toml, code=True, title="scenario.toml", folded=True))
    return Article(
        f"s{number}",
        scenario.name,
        verdict.result(scenario),
        lead,
        sections_of(scenario),
        lock_names(record),
        sorted({task.name for task in record.tasks}) if record else (),
    )


def lock_names(record: Contention | None) -> list[str]:
    return sorted({row.lock for row in record.locks if row.acquisitions}) if record else []


def of_run(run: Run) -> str:
    """The whole page."""
    articles = [article(scenario, number) for number, scenario in enumerate(run.scenarios, 1)]
    table = verdict.overview(run)
    first = next((row.cells[0].href[1:] for row in table.rows), "")
    many = len(articles) > 1
    return render(
        f"{run.path.name} - mmutorture",
        run.path.name,
        articles,
        first,
        verdict.verdict(run),
        opening=[Section("overview", "Scenarios", parts=[table])] if many else [],
        closing=[environment.machine(run.environment, run.identity)],
    )
