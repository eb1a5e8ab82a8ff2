# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture explore``: search schedules of scenarios with fibers (or in lockstep)."""

import os
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness import streams
from harness.commands import closing, common, rate
from harness.core import catalogue, config, contracts
from harness.core.structs import Failure
from harness.core.token import Recipe, Token, format_token
from harness.core.world import CoreCrashed
from harness.errors import Exit, HarnessError, UsageError, worst
from harness.failure import evidence
from harness.litmus import herd
from harness.results.cases import Case, not_run
from harness.results.directory import CRASH, RUNNING, RunDirectory, write_text
from harness.run import conflicts, lock_order, repeat, search, statistics
from harness.run.explore import Exploration, Limits, explore
from harness.run.outcomes import has_outcomes, outcome_rows, outcome_table
from harness.scenario.scenarios import scenario_hash, to_toml
from harness.scenario.schema import Scenario
from harness.scenario.settings import CHECK_EVERY, PCT_DEPTH, Settings, differing
from harness.signals import Interrupt, interruptible
from harness.units import hex64, human_count, parse_duration, parse_integer

BUDGET_SECONDS = 10.0
MINIMISE_SECONDS = 2.0  # mmutorture minimise has more patience
JOBS_MAX = 256
STRATEGY = "mix"


def limits_of(args: Namespace) -> Limits:
    schedules = common.positive(args.schedules, "--schedules", 1 << 62)
    seconds = parse_duration(args.budget) if args.budget is not None else None
    if schedules is None and seconds is None:
        seconds = BUDGET_SECONDS
    return Limits(schedules, seconds)


def chosen_bound(args: Namespace, name: str) -> int | None:
    text = getattr(args, name)
    if text is None:
        return None
    if args.strategy != "dfs" and (name, args.strategy) != ("bound", "dpor"):
        fits = "dpor or dfs" if name == "bound" else "dfs"
        given = f", and not for {args.strategy}" if args.strategy else ""
        raise UsageError(f"--{name} is for --strategy {fits}{given}")
    if args.bound is not None and args.delays is not None:
        raise UsageError("--bound and --delays are two ways to bound a search: give one of them")
    return parse_integer(text, f"--{name}", 0, 1000)


def chosen_symmetry(args: Namespace) -> bool:
    if not args.symmetry:
        return False
    if args.strategy not in ("dpor", "dfs"):
        raise UsageError("--symmetry is for --strategy dpor or dfs: add one of them")
    if args.bound is not None or args.delays is not None:
        raise UsageError("--symmetry is for whole searches: leave --bound and --delays out")
    if args.execution == "lockstep":
        raise UsageError("--symmetry is for fibers: leave --in lockstep out")
    return True


def settings_of(args: Namespace, seed: int) -> Settings:
    bugs = common.chosen_bugs(args)
    if args.strategy in ("replay", "anchored"):
        raise UsageError(f"--strategy {args.strategy} follows a plan; use mmutorture reproduce")
    strategy = args.strategy or STRATEGY
    if args.depth is not None and strategy != "pct":
        raise UsageError(f"--depth is for --strategy pct, and not for {strategy}")
    settings = Settings(
        seed=seed,
        strategy=strategy,
        depth=PCT_DEPTH if args.depth is None else parse_integer(args.depth, "--depth", 1, 64),
        preemptions=chosen_bound(args, "bound"),
        delays=chosen_bound(args, "delays"),
        symmetry=chosen_symmetry(args),
        memory=common.chosen_memory(args, bugs),
        bugs=tuple(bug.name for bug in bugs),
        without=tuple(args.without or ()),
        delay=common.chosen_delays(args, controlled=True),
        lock_stat=args.lock_stat == "on",
        check_every=1 if args.check_determinism else CHECK_EVERY,
    )
    common.check_names(settings)
    return settings


def document_of(found: Exploration, failures: list[dict[str, Any]]) -> dict[str, Any]:
    totals, settings = found.totals, found.recipe.settings
    return {
        "scenario": found.recipe.spec,
        "schedules": totals.get("schedules", 0),
        "schedule_points": totals.get("schedule_points", 0),
        "switches": totals.get("switches", 0),
        "distinct": totals.get("distinct", 0),
        **statistics.document(found.classes, totals),
        "elapsed_s": round(found.elapsed_s, 3),
        "violations": totals.get("violations", 0),
        "digest": hex64(totals.get("digest", 0)),
        "complete": found.complete,
        "interrupted": found.interrupted,
        **search.fields(found),
        "outcomes": outcome_rows(found),
        "litmus": herd.document(found),
        "failures": failures,
        "seed": hex64(settings.seed),
        "strategy": evidence.strategy_text(found.recipe),
        "memory": settings.memory,
        "totals": totals | {"digest": hex64(totals.get("digest", 0))},
        "contracts": contracts.report(found.contracts),
        "lock_order": lock_order.document(found.lock_order),
        "conflicts": conflicts.document(found.conflicts),
    }


def merge(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """One object over all scenarios; the digest stays a sum."""
    sums = ("schedules", "schedule_points", "switches", "distinct", "elapsed_s", "violations")
    merged: dict[str, Any] = {key: sum(document[key] for document in documents) for key in sums}
    merged["elapsed_s"] = round(merged["elapsed_s"], 3)
    merged["digest"] = hex64(sum(int(d["digest"], 16) for d in documents) % (1 << 64))
    merged["exhausted"] = bool(documents) and all(d["exhausted"] for d in documents)
    merged["complete"] = bool(documents) and all(d["complete"] for d in documents)
    merged["outcomes"] = [row for d in documents for row in d["outcomes"]]
    merged["failures"] = [row for d in documents for row in d["failures"]]
    merged["scenarios"] = documents
    return merged


def token_at(recipe: Recipe, scenario: Scenario, iteration: int) -> Token:
    """An execution that has left no plan."""
    build = catalogue.build_id()[:8]
    return Token(recipe, scenario_hash(scenario), build, iteration, None)


def minimise_seconds(args: Namespace) -> float:
    """How long a failure is made smaller; 0: not at all."""
    return 0.0 if args.no_minimise else MINIMISE_SECONDS


class Session:
    """One use of the command: what it prints, writes and returns."""

    def __init__(self, args: Namespace, seed: int, settings: Settings) -> None:
        self.args = args
        self.out = common.run_output(args)
        self.settings = settings
        self.seed = seed
        self.run = RunDirectory(common.results_root(args))
        self.minimise_seconds = minimise_seconds(args)
        self.codes: list[Exit] = []
        self.blocks: list[str] = []
        self.documents: list[dict[str, Any]] = []
        self.failures: list[closing.Failed] = []
        self.wanted = 1  # scenarios
        self.name_width = 0  # of the table, where there are many
        self.cases: list[Case] = []

    def one(self, recipe: Recipe, scenario: Scenario, limits: Limits, interrupt: Interrupt) -> None:
        def progress(schedules: int, points: int, elapsed: float) -> None:
            speed = human_count(points / elapsed) if elapsed else "0"
            self.out.progress(
                f"{recipe.spec}: {schedules} schedules, {speed} schedule points/s, {elapsed:.1f} s"
                f"{statistics.left(schedules, limits.schedules, elapsed)}"
            )

        def begin(first: int) -> None:
            # Whatever ends this process, what it was about can be told.
            token = format_token(token_at(recipe, scenario, first))
            with suppress(OSError):  # a full disk is noticed where it matters
                fresh.write_text(f"from this execution on: {token}\n", encoding="utf-8")
                os.replace(fresh, running)  # whole, whenever somebody reads it

        running, fresh = self.run.path / RUNNING, self.run.path / f".{RUNNING}"
        if self.args.execution == "lockstep":
            from harness.run.lockstep import explore_lockstep

            found = explore_lockstep(recipe, scenario, limits, interrupt, progress, begin)
        else:
            jobs = common.positive(self.args.jobs, "--jobs", JOBS_MAX) or 1
            how = (limits, jobs, interrupt, progress, begin, self.args.jobs is not None)
            found = self.guarded(recipe, scenario, *how)
        try:
            self.report(found)
        except OSError as error:
            raise self.lost(found, error) from None

    def lost(self, found: Exploration, error: OSError) -> Exception:
        """The results could not be written: what was found must not go with them."""
        for block in self.blocks:
            self.out.tell(block)
        if found.failure is None:
            return error
        token = format_token(token_at(found.recipe, found.scenario, found.failure.iteration))
        what = f"{found.failure.oracle}: {found.failure.message}"
        return HarnessError(f"{streams.unwritten(error)}; it was to hold {what}; token {token}")

    def guarded(self, recipe: Recipe, scenario: Scenario, *how: Any) -> Exploration:
        """Explore; the core may crash, and then the token of that execution is told."""
        from harness.run.jobs import ExplorerDied

        try:
            return explore(recipe, scenario, *how)
        except CoreCrashed as crash:
            text = repeat.crash_text(crash, token_at(recipe, scenario, crash.iteration))
        except ExplorerDied as death:
            token = format_token(token_at(recipe, scenario, death.iteration))
            text = f"{death}\n    token      {token}"
        write_text(self.run.path / CRASH, text + "\n")
        raise HarnessError(text)

    def expect(self, specs: Sequence[str]) -> None:
        """Many scenarios get a line each; what a litmus test says is its own."""
        self.wanted = len(specs)
        if self.wanted > 1:
            self.name_width = closing.width_of(specs)

    def report(self, found: Exploration) -> None:
        name, seconds = found.recipe.spec, round(found.elapsed_s, 3)
        directory = self.run.scenario(found.scenario.name)
        write_text(directory / "scenario.toml", to_toml(found.scenario))
        if found.contention is not None:
            common.save_contention(found.contention, directory)
        write_text(directory / lock_order.FILE, lock_order.render(found.lock_order))
        if found.conflicts:
            write_text(directory / conflicts.FILE, conflicts.render(found.conflicts))
        if self.name_width and herd.litmus_of(found.scenario) is None:
            if not self.documents:
                self.out.say(closing.heading(self.name_width))
            self.out.say(closing.row(found, self.name_width))
        else:
            self.at_length(found)
        failures: list[dict[str, Any]] = []
        if found.failure is not None:
            failures.append(self.failed(found, directory))
        elif cycles := self.lock_cycles(found):
            failures += [self.cyclic(found, cycle, directory) for cycle in cycles]
            self.cases.append(self.cycles_case(found, failures))
        elif self.settings.bugs and not found.interrupted:
            self.codes.append(Exit.NOT_FOUND)
            message = f"no oracle was violated although {', '.join(self.settings.bugs)} was on"
            if not self.name_width or self.args.quiet:  # a table has said it
                self.out.tell(f"{name}: {message}")
            self.cases.append(Case(name, seconds, "not-found", message))
        else:
            skipped = "interrupted" if found.interrupted else ""
            self.cases.append(Case(name, seconds, skipped=skipped))
        self.documents.append(document_of(found, failures))
        self.documents[-1] |= {
            "directory": directory.name,
            "settings": differing(found.recipe.settings),
        }

    def at_length(self, found: Exploration) -> None:
        """All that is known of one scenario."""
        name, totals = found.recipe.spec, found.totals
        points, elapsed = totals.get("schedule_points", 0), max(found.elapsed_s, 1e-9)
        self.out.say(
            f"{name}: {totals.get('schedules', 0)} schedules"
            f" ({totals.get('distinct', 0)} distinct), "
            f"{human_count(points)} schedule points in {elapsed:.2f} s "
            f"({human_count(points / elapsed)}/s), digest {hex64(totals.get('digest', 0))}"
        )
        if found.search is not None:
            self.out.say(f"{name}: {search.line(found)}")
        else:
            for line in statistics.lines(found.classes, totals, found.recipe.settings):
                self.out.say(f"    {line}")
        if text := conflicts.line(found.conflicts):
            self.out.say(f"    {text}")
        test = herd.litmus_of(found.scenario)
        if test is not None:
            for line in herd.report(found, test):
                self.out.say(line)
        elif has_outcomes(found.scenario):
            for line in outcome_table(found):
                self.out.say(line)

    def failed(self, found: Exploration, directory: Path) -> dict[str, Any]:
        assert found.failure is not None
        captured = self.captured(found, found.failure)
        kept = evidence.save(captured, self.run, directory)
        self.blocks.append(evidence.block(captured, kept))
        record = captured.record
        self.codes.append(common.violation_code(record.oracle))
        how = f"mmutorture reproduce {kept}"
        self.failures.append(closing.Failed(found.recipe.spec, record.oracle, how, record.site))
        seconds, block = round(found.elapsed_s, 3), self.blocks[-1]
        self.cases.append(
            Case(found.recipe.spec, seconds, record.oracle, record.message, how, block)
        )
        return {
            "oracle": record.oracle,
            "message": record.message,
            "scenario": found.recipe.spec,
            "token": record.token,
            "directory": str(kept),
            "iteration": record.iteration,
            "minimal": common.minimal_row(captured.minimal),
        }

    def lock_cycles(self, found: Exploration) -> list[tuple[lock_order.Edge, ...]]:
        """Those to report: a search that has seen all schedules has seen all deadlocks."""
        exhausted = found.search is not None and bool(found.search["exhausted"])
        asked = lock_order.ORACLE not in (*self.settings.without, *config.unasked(found.scenario))
        if exhausted or not asked:
            return []
        return lock_order.cycles(found.lock_order)[: lock_order.CYCLES_SHOWN]

    def cyclic(
        self, found: Exploration, cycle: tuple[lock_order.Edge, ...], directory: Path
    ) -> dict[str, Any]:
        """A deadlock that did not happen: nothing to replay but the executions with its parts."""
        recipe, text = found.recipe, lock_order.message(cycle)
        iterations = sorted({edge.iteration for edge in cycle})
        tokens = [format_token(token_at(recipe, found.scenario, n)) for n in iterations]
        rows = [
            f"    execution {n}: mmutorture reproduce {token}"
            for n, token in zip(iterations, tokens, strict=True)
        ]
        kept = self.run.shown(directory / lock_order.FILE)
        self.blocks.append(
            "\n".join(["", *lock_order.block(cycle), *rows, f"    kept in    {kept}"])
        )
        self.codes.append(common.violation_code(lock_order.ORACLE))
        how = f"mmutorture reproduce {tokens[-1]}"
        self.failures.append(closing.Failed(recipe.spec, lock_order.ORACLE, how, text))
        return {
            "oracle": lock_order.ORACLE,
            "message": text,
            "scenario": recipe.spec,
            "token": tokens[-1],
            "directory": str(self.run.shown(directory)),
            "iteration": iterations[-1],
            "minimal": None,
        }

    def cycles_case(self, found: Exploration, failures: list[dict[str, Any]]) -> Case:
        """All cycles of a scenario are one test point."""
        return Case(
            found.recipe.spec,
            round(found.elapsed_s, 3),
            lock_order.ORACLE,
            "\n".join(str(failure["message"]) for failure in failures),
            f"mmutorture reproduce {failures[0]['token']}",
            "\n".join(self.blocks[-len(failures) :]),
        )

    def captured(self, found: Exploration, failed: Failure) -> evidence.Captured:
        from harness.failure import capture

        recipe, scenario = found.recipe, found.scenario
        captured = capture.capture(recipe, scenario, failed, self.args.execution, found.decisions)

        def progress(switches: int, replays: int, elapsed: float) -> None:
            self.out.progress(
                f"{recipe.spec}: {switches} forced switches"
                f" after {replays} replays, {elapsed:.1f} s"
            )

        if self.minimise_seconds <= 0:
            return captured
        return capture.with_minimal(
            captured, recipe, scenario, failed, self.minimise_seconds, progress
        )

    def finish(self, interrupt: Interrupt) -> int:
        if interrupt:
            self.codes.append(Exit.INTERRUPTED)
        code = worst(self.codes)
        document = {
            "command": "explore",
            "seed": hex64(self.seed),
            "strategy": self.documents[0]["strategy"] if self.documents else self.settings.strategy,
            "execution": self.args.execution,
            **merge(self.documents),
            "exit_code": int(code),
            "results": str(self.run.shown(self.run.path)),
        }
        (self.run.path / RUNNING).unlink(missing_ok=True)
        unwritten = common.finish_run(self.run, document, self.cases)
        if not self.settings.bugs:
            failed = len(self.failures)
            self.out.say(closing.verdict(len(self.documents), self.wanted, failed))
        self.out.say(f"results {self.run.shown(self.run.path)}  seed {hex64(self.seed)}")
        blocks = closing.one_of_each(self.failures, self.blocks)
        for block in blocks:
            self.out.tell(block)
        if len(self.failures) > 1:
            alike = len(self.blocks) - len(blocks)
            are = "is" if alike == 1 else "are"
            self.out.tell(f"\n    {alike} of these {are} like one above:" if alike else "")
            for line in closing.commands(self.failures):
                self.out.tell(line)
        self.out.finish(document, self.cases)
        if unwritten is not None:
            raise unwritten
        return int(code)


def run(args: Namespace) -> int:
    seed = common.chosen_seed(args)
    settings, limits = settings_of(args, seed), limits_of(args)
    common.positive(args.jobs, "--jobs", JOBS_MAX)
    if args.rate:
        return rate.run(args, seed, settings, limits)
    specs = common.chosen_specs(args, common.chosen_bugs(args))
    prepared = common.prepare(specs, common.overrides_of(args), settings)
    session = Session(args, seed, settings)
    plans = [herd.defaults(args, *each, limits) for each in prepared]
    session.expect([recipe.spec for recipe, _, _ in plans])
    strategies = dict.fromkeys(evidence.strategy_text(recipe) for recipe, _, _ in plans)
    session.out.say(f"seed {hex64(seed)}  strategy {', '.join(strategies)}")
    with interruptible() as interrupt:
        for plan in plans:
            if interrupt:
                session.cases.append(not_run(plan[0].spec))
            else:
                session.one(*plan, interrupt)
        return session.finish(interrupt)  # an interrupt now does not take the results with it
