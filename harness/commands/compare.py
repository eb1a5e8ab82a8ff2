# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture compare``: two runs side by side, and whether they differ by more than chance."""

import re
from argparse import ArgumentParser, Namespace
from pathlib import Path

from harness.commands import common, report
from harness.compare import runs, text, verdict
from harness.errors import Exit, UsageError
from harness.results.directory import find_run

PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
DURATION, REPEATS = "1s", "24"


def parse_percent(given: str) -> float:
    match = PERCENT.fullmatch(given.strip())
    if match is None:
        raise UsageError(f"--fail-above {given}: is not a percentage; write 10%")
    return float(match[1]) / 100


def chosen_runs(parser: ArgumentParser, args: Namespace, out: common.Output) -> list[Path]:
    """As named, or run here in turns."""
    if args.run is None:
        for name in ("a", "b", "repeat", "duration", "seed"):
            if getattr(args, name) is not None:
                raise UsageError(f"--{name} is for --run SCENARIO")
        if len(args.runs) != 2:
            raise UsageError("which two runs? give A and B, or --run SCENARIO --a ARGS --b ARGS")
        return [find_run(name, Path(args.results)) for name in args.runs]
    if args.runs:
        raise UsageError("give two runs, or --run SCENARIO, not both")
    if args.a is None and args.b is None:
        raise UsageError("--run: what is compared? say --b '--set KEY=VALUE', or --a too")
    from harness.compare import turns

    args.repeat, args.duration = args.repeat or REPEATS, args.duration or DURATION
    return list(turns.run(parser, args, out.progress))


def run(args: Namespace) -> int:
    from harness.cli import make_parser

    limit = parse_percent(args.fail_above) if args.fail_above is not None else None
    out = common.Output(args.json, args.quiet)
    paths = chosen_runs(make_parser(), args, out)
    a, b = (runs.read(path) for path in paths)
    found = verdict.compare(a, b, args.differs or (), args.metric or ())
    failed = limit is not None and found.worse_by > limit
    for line in text.lines(found, args.every):
        out.say(line)
    if args.html:
        report.save(Path(args.html), report.comparison_page(found))
        out.say(f"page {args.html}")
    if failed:
        out.tell(f"worse by {100 * found.worse_by:.1f} %, which is more than {args.fail_above}")
    code = Exit.VIOLATION if failed else Exit.PASS
    out.finish({"command": "compare", **text.document(found), "exit_code": int(code)})
    return int(code)
