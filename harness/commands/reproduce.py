# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture reproduce``: replay a failure directory or a token."""

from argparse import Namespace

from harness.commands import common
from harness.core.world import CoreCrashed
from harness.errors import Exit, HarnessError
from harness.failure import reproduce
from harness.run.repeat import crash_text
from harness.units import parse_integer

REPEAT_MAX = 1 << 20
CODES = {"reproduced": Exit.VIOLATION, "diverged": Exit.NOT_FOUND, "refused": Exit.USAGE}


def run(args: Namespace) -> int:
    """Exit status 1: reproduced (the oracle is violated); 3: diverged; 2: refused."""
    out = common.Output(args.json, args.quiet)
    repeat = parse_integer(args.repeat, "--repeat", 1, REPEAT_MAX)
    target = reproduce.find_target(args.target)
    try:
        verdict = reproduce.reproduce(target, args.execution, repeat, args.force, args.by)
    except CoreCrashed as crash:
        raise HarnessError(crash_text(crash, target.token)) from None
    code = CODES[verdict.verdict]
    if verdict.verdict == "refused":
        out.tell(f"refused: {verdict.detail}")
    else:
        out.tell(f"reproduced {verdict.reproduced} of {verdict.repeats}")
        out.tell(f"verdict {verdict.verdict}: {verdict.detail}")
        if verdict.digest:
            out.say(f"oracle {verdict.oracle}  digest {verdict.digest}  in {args.execution}")
    out.finish(
        {
            "verdict": verdict.verdict,
            "repeats": verdict.repeats,
            "reproduced": verdict.reproduced,
            "digest": verdict.digest,
            "oracle": verdict.oracle,
            "detail": verdict.detail,
            "execution": args.execution,
        }
    )
    return int(code)
