# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture report``: a run, or the comparison of two, as one HTML file."""

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.results.directory import find_run, write_output

if TYPE_CHECKING:
    from harness.compare.verdict import Comparison

FILE = "report.html"
COMPARED = "compared.html"


def save(file: Path, page: str) -> None:
    try:
        write_output(file, page)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None


def of_one(path: Path) -> tuple[str, dict[str, Any]]:
    from harness.report.gather import gather
    from harness.report.page import of_run

    gathered = gather(path)
    if not gathered.scenarios:
        raise UsageError(f"{path}: has no scenario's results")
    measured = sum(scenario.record is not None for scenario in gathered.scenarios)
    document = {"run": str(path), "scenarios": len(gathered.scenarios), "measured": measured}
    return of_run(gathered), document


def of_two(paths: list[Path], differs: list[str]) -> tuple[str, dict[str, Any]]:
    from harness.compare import runs, verdict

    a, b = (runs.read(path) for path in paths)
    found = verdict.compare(a, b, differs)
    return comparison_page(found), {"a": str(a.path), "b": str(b.path), "verdict": found.change}


def comparison_page(found: "Comparison") -> str:
    from harness.report.versus import of_comparison

    return of_comparison(found)


def write_page(path: Path) -> Path:
    """At the end of a run."""
    page, _ = of_one(path)
    save(path / FILE, page)
    return path / FILE


def run(args: Namespace) -> int:
    if len(args.runs) > 2:
        raise UsageError("one run, or two to be compared")
    paths = [find_run(name, Path(args.results)) for name in args.runs or ["latest"]]
    if len(paths) == 2:
        page, document = of_two(paths, args.differs or [])
        file = paths[1] / COMPARED
    else:
        if args.differs:
            raise UsageError("--differs is for two runs")
        page, document = of_one(paths[0])
        file = paths[0] / FILE
    file = Path(args.output) if args.output else file
    save(file, page)
    if args.json:
        print(json.dumps({**document, "file": str(file), "bytes": len(page.encode())}))
    else:
        print(file)
    return 0
