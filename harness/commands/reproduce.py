# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture reproduce``: replay a failure directory or a token."""

from argparse import Namespace

from harness.commands import common
from harness.core.world import CoreCrashed
from harness.errors import Exit, HarnessError, UsageError
from harness.failure import debugger, reproduce
from harness.run.repeat import crash_text
from harness.units import parse_integer

REPEAT_MAX = 1 << 20
CODES = {"reproduced": Exit.VIOLATION, "diverged": Exit.NOT_FOUND, "refused": Exit.USAGE}


def debug(args: Namespace, iteration: int, step: int) -> None:
    options = ("--by", args.by, *(("--force",) if args.force else ()))
    debugger.debug(args.target, iteration, step, options)


def debug_failure(args: Namespace, target: reproduce.Target) -> None:
    forced = bool(reproduce.refusal(target))
    found = reproduce.once(target, by_plan=args.by == "plan" or forced)
    if found is None:
        raise UsageError("it fails here with a switch moved, and gdb would replay it unmoved")
    debug(args, found.failure.iteration, found.failure.step)


def run(args: Namespace) -> int:
    """Exit status 1: reproduced (the oracle is violated); 3: diverged; 2: refused; 4: no gdb."""
    out = common.Output(args.json, args.quiet)
    if args.gdb and (args.json or args.execution != "explore"):
        raise UsageError("--gdb is for people, and for tasks in one process: no --json, no --in")
    if args.gdb and not debugger.is_there():
        out.tell(debugger.MISSING)
        return int(Exit.SKIPPED)
    repeat = parse_integer(args.repeat, "--repeat", 1, REPEAT_MAX)
    target = reproduce.find_target(args.target)
    try:
        verdict = reproduce.reproduce(target, args.execution, repeat, args.force, args.by)
    except CoreCrashed as crash:
        if args.gdb:
            debug(args, crash.iteration, crash.step)
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
    if args.gdb and verdict.verdict == "reproduced":
        debug_failure(args, target)
    return int(code)
