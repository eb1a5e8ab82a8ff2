# SPDX-License-Identifier: GPL-2.0-only
"""What the running commands share: which scenarios, which settings, and how they speak."""

import json
import sys
import time
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.contention import lock_stat, record
from harness.core import catalogue, delay
from harness.core.token import Recipe
from harness.errors import PROGRESS_ORACLES, Exit, UsageError
from harness.failure.evidence import Captured
from harness.results import junit, ktap
from harness.results.cases import Case
from harness.results.directory import RunDirectory, write_text
from harness.scenario import scenarios
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.units import parse_integer, parse_seed, random_seed


class Output:
    """Prose on stdout, or nothing but one JSON object or KTAP; progress goes to stderr."""

    def __init__(
        self, json_only: bool, quiet: bool, ktap_only: bool = False, junit_file: str | None = None
    ) -> None:
        if json_only and ktap_only:
            raise UsageError("--json and --ktap are two forms of stdout: give one of them")
        self.json_only = json_only
        self.ktap_only = ktap_only
        self.junit_file = Path(junit_file) if junit_file is not None else None
        if self.junit_file is not None:
            junit.check(self.junit_file)
        self.silent = json_only or ktap_only
        self.quiet = quiet
        self.began = time.time()
        self.last_progress = 0.0
        self.live = sys.stderr.isatty() and not (self.silent or quiet)
        self.dirty = False

    def say(self, text: str = "") -> None:
        """What a reader may do without under --quiet."""
        if not (self.silent or self.quiet):
            self.tell(text)

    def tell(self, text: str = "") -> None:
        """What is printed even under --quiet: violations and how to reproduce them."""
        self.clear()
        if not self.silent:
            print(text, flush=True)

    def progress(self, text: str) -> None:
        """One line that is rewritten on a terminal; nothing elsewhere."""
        now = time.monotonic()
        if self.live and now - self.last_progress > 0.1:
            self.last_progress, self.dirty = now, True
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self.dirty:
            self.dirty = False
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)

    def finish(self, document: dict[str, Any], cases: Sequence[Case] = ()) -> None:
        self.clear()
        if self.json_only:
            print(json.dumps(document), flush=True)
        if self.ktap_only:
            print(ktap.render(cases), end="", flush=True)
        if self.junit_file is not None:
            named = ("seed", "strategy", "memory", "results")
            properties = {key: str(document[key]) for key in named if document.get(key)}
            text = junit.render(str(document["command"]), cases, properties, self.began)
            junit.write(self.junit_file, text)


def run_output(args: Namespace) -> Output:
    """Of the commands that have verdicts."""
    return Output(args.json, args.quiet, args.ktap, args.junit)


BASE_PROFILES = frozenset({"legacy-roots"})  # other than "current"


def chosen_seed(args: Namespace) -> int:
    return parse_seed(args.seed) if args.seed is not None else random_seed()


def chosen_specs(args: Namespace, bugs: Sequence[catalogue.Bug]) -> list[str]:
    """The scenarios of a command: as named, all, or those of the bugs."""
    if args.all:
        if args.scenarios:
            raise UsageError("give scenarios or --all, not both")
        return list(scenarios.scenario_files())
    if args.scenarios:
        return list(args.scenarios)
    if bugs:
        return list(dict.fromkeys(bug.scenario for bug in bugs))
    names = ", ".join(scenarios.scenario_files())
    raise UsageError(f"which scenario? name one or more, or give --all; there are {names}")


def chosen_bugs(args: Namespace) -> list[catalogue.Bug]:
    return [catalogue.find_bug(name) for name in args.bug or []]


def chosen_memory(args: Namespace, bugs: Sequence[catalogue.Bug]) -> str:
    """As asked, or the weakest model that a bug needs."""
    wanted = getattr(args, "memory", None)
    if wanted is not None:
        return str(wanted)
    return "tso" if any(bug.memory == "tso" for bug in bugs) else "sc"


def overrides_of(args: Namespace) -> tuple[tuple[str, str], ...]:
    """``--vcpus`` and every ``--set``, in the order in which they take effect."""
    vcpus = scenarios.vcpu_override(args.vcpus)
    profiles = profile_override(chosen_bugs(args))
    return (*profiles, *vcpus, *(scenarios.parse_set(text) for text in args.set or []))


def chosen_delays(args: Namespace, controlled: bool) -> tuple[str, ...]:
    delays = delay.normal(args.delay, controlled)
    if delays and args.lock_stat == "off":
        raise UsageError("--delay needs --lock-stat on: what measures a section holds it longer")
    return delays


def profile_override(bugs: Sequence[catalogue.Bug]) -> tuple[tuple[str, str], ...]:
    """The base profile that the bugs need, where it is another than today's."""
    known = [bug for bug in bugs if bug.profile in BASE_PROFILES]
    wanted = sorted({bug.profile for bug in known})
    if len(wanted) > 1:
        names = ", ".join(f"{bug.name} needs {bug.profile}" for bug in known)
        raise UsageError(f"these bugs do not go together: {names}")
    return tuple(("vm.profile", f'"{name}"') for name in wanted)


def prepare(
    specs: Sequence[str], overrides: tuple[tuple[str, str], ...], settings: Settings
) -> list[tuple[Recipe, Scenario]]:
    """Everything is checked before anything runs."""
    prepared = []
    for spec in (name for given in specs for name in scenarios.expand(given)):
        loaded = scenarios.load(spec, overrides, controlled=settings.controlled)
        if loaded.kind == "program" and not settings.controlled:
            raise UsageError(f"{spec}: a program runs once, and under a scheduler: explore it")
        if loaded.kind == "program" and settings.bugs:
            raise UsageError(f"--bug {settings.bugs[0]}: is of the model, and not of {spec}")
        if loaded.kind == "program" and settings.delay:
            raise UsageError(f"--delay {settings.delay[0]}: is of the model, and not of {spec}")
        prepared.append((Recipe(spec, overrides, settings), loaded))
    return prepared


def check_names(settings: Settings) -> None:
    """Refuse wrong names before a results directory exists."""
    catalogue.find_index(settings.strategy, "strategy", catalogue.strategies())
    for name in settings.without:
        catalogue.find_index(name, "oracle", catalogue.oracles())


def positive(text: str | None, what: str, high: int) -> int | None:
    return None if text is None else parse_integer(text, what, 1, high)


def minimal_row(minimal: Captured | None) -> dict[str, Any] | None:
    """The minimal execution of a failure, for --json."""
    if minimal is None:
        return None
    record = minimal.record
    return {
        "token": record.token,
        "message": record.message,
        "forced_switches": record.forced_switches,
        "other_choices": record.other_choices,
        "minimised_from": record.minimised_from,
        "schedule_points": record.schedule_points,
        "replays": record.replays,
        "stopped": record.stopped,
        "flip": list(record.flip),
    }


def violation_code(oracle: str) -> Exit:
    return Exit.NO_PROGRESS if oracle in PROGRESS_ORACLES else Exit.VIOLATION


def save_contention(measured: record.Contention, directory: Path) -> None:
    """What a scenario's run measured, and as the kernel would print it."""
    record.save(measured, directory)
    write_text(directory / lock_stat.FILE, lock_stat.render(measured))


def results_root(args: Namespace) -> Path:
    if not args.results:
        raise UsageError("--results is empty; name a directory")
    return Path(args.results)


def finish_run(
    run: RunDirectory, document: dict[str, Any], cases: Sequence[Case]
) -> OSError | None:
    """The error is to be raised once all is told: a full disk is no reason not to say it."""
    try:
        run.finish(document, cases)
    except OSError as error:
        return error
    return None
