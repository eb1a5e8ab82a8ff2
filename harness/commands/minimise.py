# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture minimise``: less work and fewer switches, and still the same failure."""

from argparse import Namespace
from pathlib import Path

from harness.commands import common
from harness.core.token import looks_like_token
from harness.errors import Exit
from harness.failure import capture, evidence, reproduce
from harness.results.directory import write_text
from harness.units import hex64, parse_duration


def run(args: Namespace) -> int:
    """Exit status 1: minimised (the oracle is violated); 3: it does not fail; 2: refused."""
    out = common.Output(args.json, args.quiet)
    seconds = parse_duration(args.budget)
    target = reproduce.find_target(args.target)
    if (why := reproduce.refusal(target)) and not args.force:
        out.tell(f"refused: {why}; --force tries all the same")
        out.finish({"verdict": "refused", "detail": why})
        return int(Exit.USAGE)
    found = reproduce.once(target, by_plan=bool(why))
    if found is None:
        out.tell("no oracle was violated: there is nothing to minimise")
        out.finish({"verdict": "diverged"})
        return int(Exit.NOT_FOUND)

    def progress(switches: int, replays: int, elapsed: float) -> None:
        out.progress(f"{switches} forced switches after {replays} replays, {elapsed:.1f} s")

    recipe, scenario = target.token.recipe, target.scenario
    captured = capture.capture(recipe, scenario, found.failure, "explore", found.decisions)
    captured = capture.with_minimal(captured, recipe, scenario, found.failure, seconds, progress)
    # A long token is no path, and asking whether it is one an error.
    directory = None if looks_like_token(args.target) else keep(captured, Path(args.target))
    if captured.minimal is not None:
        small = captured.minimal.record
        out.tell(f"stopped after {small.replays} replays: {small.stopped}")
    out.tell(evidence.block(captured, directory or Path("TOKEN")))
    record = captured.record
    out.finish(
        {
            "verdict": "minimised" if captured.minimal else "diverged",
            "oracle": record.oracle,
            "message": record.message,
            "token": record.token,
            "seed": hex64(recipe.settings.seed),
            "forced_switches": record.forced_switches,
            "other_choices": record.other_choices,
            "minimal": common.minimal_row(captured.minimal),
            "table": (captured.minimal or captured).table,
            "directory": str(directory / evidence.MINIMAL) if directory else "",
        }
    )
    return int(common.violation_code(record.oracle))


def keep(captured: evidence.Captured, target: Path) -> Path | None:
    """The minimal execution goes into the directory of the failure, if that is what was given."""
    directory = target.parent if target.name == "failure.json" else target
    if captured.minimal is None or not directory.is_dir():
        return None
    place = directory / evidence.MINIMAL
    if place.exists():
        import shutil

        shutil.rmtree(place)
    evidence.write(captured.minimal, place)
    write_text(directory / "minimal.txt", captured.minimal.record.token + "\n")
    return directory
