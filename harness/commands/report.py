# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture report``: a run as one HTML file."""

import json
from argparse import Namespace
from pathlib import Path

from harness.errors import UsageError
from harness.results import find_run, write_text

FILE = "report.html"


def run(args: Namespace) -> int:
    from harness.report.gather import gather
    from harness.report.page import of_run

    path = find_run(args.run, Path(args.results))
    gathered = gather(path)
    if not gathered.scenarios:
        raise UsageError(f"{path}: has no scenario's results")
    page = of_run(gathered)
    file = Path(args.output) if args.output else path / FILE
    try:
        write_text(file, page)
    except OSError as error:
        raise UsageError(f"--output {file}: cannot be written: {error.strerror}") from None
    measured = sum(scenario.record is not None for scenario in gathered.scenarios)
    if args.json:
        document = {
            "run": str(path),
            "file": str(file),
            "bytes": len(page.encode()),
            "scenarios": len(gathered.scenarios),
            "measured": measured,
        }
        print(json.dumps(document))
    else:
        print(file)
    return 0
