# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture show``: what an earlier run did."""

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness.results import find_run, read_run


def scenario_line(document: dict[str, Any]) -> str:
    name = document["scenario"]
    if "schedules" in document:
        what = f"{document['schedules']} schedules, {document['schedule_points']} schedule points"
    else:
        what = f"{document['operations']} operations, {document['faults']} faults"
    trust = "" if document.get("trustworthy", True) else "  NOT TRUSTWORTHY: a worker died"
    return f"  {name:<24} {what} in {document['elapsed_s']} s{trust}"


def show(args: Namespace) -> int:
    path = find_run(args.run, Path(args.results))
    document = read_run(path)
    failures = sorted(str(file.parent) for file in path.glob("*/failure-*/failure.json"))
    if args.json:
        print(json.dumps({"run": str(path), "ended": document is not None, **(document or {})}))
        return 0
    print(f"{path.name}" + ("" if document else ": was cut short; what it had written:"))
    if document:
        print(
            f"  {document['command']}, seed {document['seed']}, exit status {document['exit_code']}"
        )
        for scenario in document["scenarios"]:
            print(scenario_line(scenario))
    else:
        for file in sorted(path.glob("*/scenario.toml")):
            print(f"  {file.parent.name}")
    for directory in failures:
        record = json.loads((Path(directory) / "failure.json").read_text(encoding="utf-8"))
        print(f"  {record['oracle']}: {record['message']}")
        if record["token"]:
            print(f"    mmutorture reproduce {directory}")
    return 0
