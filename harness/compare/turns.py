# SPDX-License-Identifier: GPL-2.0-only
"""A and B in turns, in one go.

Two runs at different times differ although nothing changed, because the machine did.  In turns
both have the same machine, and the test compares only neighbours.

Who goes first in a pair is drawn by lot (R. A. Fisher, "The design of experiments", 1935): a
disturbance that outlasts a run hits its neighbours as well, and in a fixed order these are always
the same side's.  Drawn, either order was as likely, and that is all the test assumes.
The n-th repeats of A and of B have the same seed.
"""

import random
import shlex
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from harness.commands import stress
from harness.errors import Exit, HarnessError, UsageError
from harness.signals import interruptible
from harness.units import hex64, random_seed

SIDES = ("a", "b")
OWN = ("--repeat", "--results", "--seed", "--json")  # options that are not a side's alone


def order(repeats: int, seed: int) -> list[str]:
    """Who runs: in each pair of turns either order is equally likely."""
    draw = random.Random(seed)
    return [side for _ in range(repeats) for side in draw.sample(SIDES, 2)]


def side_arguments(
    parser: ArgumentParser, scenarios: list[str], own: str, shared: list[str], side: str
) -> Namespace:
    """What ``stress`` is asked to do for one side."""
    try:
        words = shlex.split(own)
    except ValueError as error:
        raise UsageError(f"--{side} '{own}': {error}") from None
    for word in words:
        if word.partition("=")[0] in OWN:
            raise UsageError(f"--{side}: {word} is the same for both sides; give it to compare")
    return parser.parse_args(["stress", *scenarios, "--quiet", *shared, *words])


def run(parser: ArgumentParser, args: Namespace, say: Callable[[str], None]) -> tuple[Path, Path]:
    """Both run directories.  A run that did not go as it should ends the comparison."""
    seed = args.seed or hex64(random_seed())
    shared = ["--seed", seed, "--repeat", args.repeat, "--results", args.results]
    shared += ["--duration", args.duration]
    asked = {
        side: side_arguments(parser, args.run, getattr(args, side) or "", shared, side)
        for side in SIDES
    }
    plans = {side: stress.plan(asked[side]) for side in SIDES}
    sessions = {s: stress.Session(asked[s], plans[s].settings, plans[s].repeats) for s in SIDES}
    done = dict.fromkeys(SIDES, 0)
    turns = order(sessions["a"].repeats, plans["a"].settings.seed)
    with interruptible() as interrupt:
        for number, side in enumerate(turns, 1):
            session, plan = sessions[side], plans[side]
            for recipe, scenario in plan.prepared:
                if not interrupt and not session.codes:
                    recipe = stress.repeated(recipe, done[side])
                    session.one(recipe, scenario, plan.seconds, interrupt)
            say(f"run {number} of {len(turns)}: {side.upper()}")
            done[side] += 1
            if interrupt or session.codes:
                break
    names = {side: sessions[side].run.path.name for side in SIDES}
    for side, other in (SIDES, SIDES[::-1]):
        about = {"with": names[other], "arguments": getattr(args, side) or "", "seed": seed}
        code = sessions[side].finish(interrupt, about)
        if code == Exit.INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            path = sessions[side].run.shown(sessions[side].run.path)
            raise HarnessError(f"{side.upper()} ended with exit status {code}: {path}")
    return sessions["a"].run.path.resolve(), sessions["b"].run.path.resolve()
