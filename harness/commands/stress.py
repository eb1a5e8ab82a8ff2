# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture stress``: run scenarios freely, with real processes in parallel."""

from argparse import Namespace
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from harness import streams
from harness.commands import common, report
from harness.contention import record
from harness.core import contracts
from harness.core.structs import Failure
from harness.core.token import Recipe
from harness.core.world import World
from harness.errors import Exit, HarnessError, UsageError, worst
from harness.failure import evidence
from harness.results.cases import Case, not_run
from harness.results.directory import RunDirectory, write_bytes, write_text
from harness.run import free, live, lock_order
from harness.run.free import FreeRun
from harness.scenario.scenarios import to_toml
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings, differing
from harness.signals import Interrupt, interruptible
from harness.trace import record as recording
from harness.units import U64_MAX, hex64, human_count, parse_duration

LOCKS_SHOWN = 5
REPEATS_MAX = 50


def task_table(run: FreeRun) -> list[str]:
    lines = [f"    {'task':<12} {'operations':>14} {'faults':>14} {'operations/s':>14}"]
    for state in run.tasks:
        rate = state.operations / run.elapsed_s if run.elapsed_s else 0.0
        figures = (state.operations, state.faults, human_count(rate))
        lines.append(f"    {state.name:<12} " + " ".join(f"{figure:>14}" for figure in figures))
    return lines


def lock_table(measured: record.Contention) -> list[str]:
    """mmu_lock, then the most contended of the others; the whole is in lock_stat.txt."""
    rows = sorted(measured.locks, key=lambda row: (row.lock != "mmu_lock", -row.wait.total))
    lines = [
        f"    {'lock':<24} {'acquired':>12} {'contended':>12} {'waited us':>14} {'held us':>14}"
    ]
    for row in rows[:LOCKS_SHOWN]:
        suffix = {"rwlock:R": "-R", "rwlock:W": "-W"}.get(row.type, "")
        waited, held = row.wait.total / 1000, row.hold.total / 1000
        lines.append(
            f"    {row.lock + suffix:<24} {row.acquisitions:>12}"
            f" {row.contentions:>12} {waited:>14.1f} {held:>14.1f}"
        )
    return lines


def document_of(run: FreeRun, failures: list[dict[str, Any]]) -> dict[str, Any]:
    elapsed = max(run.elapsed_s, 1e-9)
    faults = sum(state.faults for state in run.tasks)
    return {
        "scenario": run.recipe.spec,
        "operations": sum(state.operations for state in run.tasks),
        "faults": faults,
        "faults_per_s": round(faults / elapsed, 1),
        "elapsed_s": round(run.elapsed_s, 3),
        "violations": int(run.failure is not None),
        "workers": [
            {
                "name": state.name,
                "pid": run.pids[state.id],
                "operations": state.operations,
                "faults": state.faults,
                "cpu_s": run.used.cpu_s.get(state.id),
            }
            for state in run.tasks
        ],
        "trustworthy": run.trustworthy,
        "dead": [death.describe() for death in run.deaths],
        "stuck": run.stuck,
        "interrupted": run.interrupted,
        "failures": failures,
        "totals": run.totals | {"digest": hex64(run.totals.get("digest", 0))},
        "contracts": contracts.report(run.contracts),
        "lock_order": lock_order.document(run.lock_order),
        "seed": hex64(run.recipe.settings.seed),
        "others": run.used.others,
    }


def merge(documents: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {
        key: sum(document[key] for document in documents)
        for key in ("operations", "faults", "elapsed_s", "violations")
    }
    merged["elapsed_s"] = round(merged["elapsed_s"], 3)
    merged["faults_per_s"] = round(merged["faults"] / max(merged["elapsed_s"], 1e-9), 1)
    for key in ("workers", "dead", "stuck", "failures"):
        merged[key] = [row for document in documents for row in document[key]]
    merged["trustworthy"] = all(document["trustworthy"] for document in documents)
    merged["scenarios"] = documents
    return merged


def repeat_table(documents: list[dict[str, Any]]) -> list[str]:
    """What repeats of one scenario came to: the middle one, the lowest and the highest."""
    lines = [f"    {'in ' + str(len(documents)) + ' repeats':<28} {'median':>12} {'range':>24}"]
    spent = [[worker["cpu_s"] for worker in d["workers"]] for d in documents]
    columns: dict[str, list[float]] = {}
    for key in ("operations", "faults"):
        columns[f"{key}/s"] = [d[key] / max(d["elapsed_s"], 1e-9) for d in documents]
        if all(cpu and None not in cpu and sum(cpu) for cpu in spent):
            rates = [d[key] / sum(cpu) for d, cpu in zip(documents, spent, strict=True)]
            columns[f"{key} per core-second"] = rates
    for name, rates in columns.items():
        low, middle, high = map(human_count, (min(rates), median(rates), max(rates)))
        lines.append(f"    {name:<28} {middle:>12} {low + ' to ' + high:>24}")
    return lines


class Session:
    """One use of the command."""

    def __init__(
        self, args: Namespace, settings: Settings, repeats: int = 1, scenarios: int = 1
    ) -> None:
        self.repeats, self.scenarios = repeats, scenarios
        self.out = common.run_output(args)
        self.settings = settings
        self.run = RunDirectory(common.results_root(args))
        self.codes: list[Exit] = []
        self.blocks: list[str] = []
        self.documents: list[dict[str, Any]] = []
        self.cases: list[Case] = []

    def one(self, recipe: Recipe, scenario: Scenario, seconds: float, interrupt: Interrupt) -> None:
        if self.repeats == 1:
            self.out.say(
                f"{recipe.spec}: {seconds:g} s, checks {'on' if self.settings.checks else 'off'}"
            )
        directory = self.run.scenario(scenario.name)
        write_text(directory / "scenario.toml", to_toml(scenario))

        kept: Path | None = None
        violated = ""

        def keep_failure(failure: Failure, world: World) -> None:
            nonlocal kept, violated
            violated = f"{failure.oracle}: {failure.message}"
            captured = evidence.capture_free(recipe, scenario, failure, world)
            kept = evidence.save(captured, self.run, directory)
            trace = f"\n    trace      mmutorture trace {kept}" if self.settings.record else ""
            self.blocks.append(evidence.block(captured, kept) + trace)

        title = recipe.spec
        if self.repeats > 1:
            title += f", {len(self.documents) // self.scenarios + 1} of {self.repeats} repeats"
        view = live.make(title, seconds, self.out.silent or self.out.quiet)
        try:
            run = free.run(recipe, scenario, seconds, interrupt, view, keep_failure)
            self.report(run, directory, kept)
        except OSError as error:
            if not violated:
                raise
            raise HarnessError(f"{streams.unwritten(error)}; it was to hold {violated}") from None
        self.documents[-1] |= {
            "directory": directory.name,
            "settings": differing(recipe.settings) | {"duration": seconds},
        }

    def report(self, run: FreeRun, directory: Path, kept: Path | None) -> None:
        name, elapsed = run.recipe.spec, max(run.elapsed_s, 1e-9)
        if run.contention is not None:
            common.save_contention(run.contention, directory)
        write_text(directory / lock_order.FILE, lock_order.render(run.lock_order))
        if run.recording is not None:
            write_bytes(directory / recording.FILE, run.recording)
        faults = sum(state.faults for state in run.tasks)
        self.out.say(
            f"{name}: {sum(s.operations for s in run.tasks)} operations, {faults} faults "
            f"({human_count(faults / elapsed)}/s) in {elapsed:.2f} s"
        )
        if self.repeats == 1:
            locks_shown = lock_table(run.contention) if run.contention is not None else []
            for line in [*task_table(run), *locks_shown]:
                self.out.say(line)
        failures, problems = self.judge(run, kept)
        called = name if self.repeats == 1 else directory.name
        self.cases.append(self.case(called, run, problems))
        self.documents.append(document_of(run, failures))

    def case(self, name: str, run: FreeRun, problems: list[str]) -> Case:
        """A violation, or what else went wrong; an interrupted run says nothing."""
        seconds = round(run.elapsed_s, 3)
        if not problems:
            return Case(name, seconds, skipped="interrupted" if run.interrupted else "")
        if run.failure is not None and not run.deaths:
            found = run.failure
            details = "\n".join([*problems[:-1], self.blocks[-1] if self.blocks else ""])
            return Case(name, seconds, found.oracle, found.message, details=details)
        what = "not-found" if run.trustworthy else "untrustworthy"
        return Case(name, seconds, what, "\n".join(problems), error=not run.trustworthy)

    def judge(self, run: FreeRun, kept: Path | None) -> tuple[list[dict[str, Any]], list[str]]:
        """Exit codes, and what to say about what went wrong."""
        problems = [f"worker died: {death.describe()}" for death in run.deaths]
        problems += [f"{name} did not end when told to" for name in run.stuck]
        if run.deaths:
            self.codes.append(Exit.UNTRUSTWORTHY)
            problems.append("the figures of this run are not trustworthy")
        elif run.stuck:
            self.codes.append(Exit.NO_PROGRESS)
        failures = []
        if run.failure is not None and not run.deaths:
            found = run.failure
            self.codes.append(common.violation_code(found.oracle))
            failures.append(
                {
                    "oracle": found.oracle,
                    "message": found.message,
                    "scenario": run.recipe.spec,
                    "token": "",
                    "directory": str(kept or ""),
                }
            )
        elif self.settings.bugs and not problems and not run.interrupted:
            self.codes.append(Exit.NOT_FOUND)
            problems.append(
                f"no oracle was violated although {', '.join(self.settings.bugs)} was on"
            )
        for problem in problems:
            self.out.tell(f"{run.recipe.spec}: {problem}")
        return failures, problems + [f"{f['oracle']}: {f['message']}" for f in failures]

    def say_repeats(self) -> None:
        for name in dict.fromkeys(document["scenario"] for document in self.documents):
            self.out.say(f"{name}:")
            for line in repeat_table([d for d in self.documents if d["scenario"] == name]):
                self.out.say(line)

    def finish(self, interrupt: Interrupt, turns: dict[str, Any] | None = None) -> int:
        """`turns`: what it took turns with, for comparisons."""
        if interrupt:
            self.codes.append(Exit.INTERRUPTED)
        code = worst(self.codes)
        if self.repeats > 1:
            self.say_repeats()
        document = {
            "command": "stress",
            "seed": hex64(self.settings.seed),
            **merge(self.documents),
            "exit_code": int(code),
            "results": str(self.run.shown(self.run.path)),
            "repeats": self.repeats,
            "turns": turns,
        }
        unwritten = common.finish_run(self.run, document, self.cases)
        try:
            self.out.say(f"page {self.run.shown(report.write_page(self.run.path))}")
        except UsageError as error:  # the results are whole, and what follows is more important
            self.out.tell(str(error))
        self.out.say(
            f"results {self.run.shown(self.run.path)}  seed {hex64(self.settings.seed)}"
            " (fixes the workload, not the interleaving)"
        )
        for block in self.blocks:
            self.out.tell(block)
        self.out.finish(document, self.cases)
        if unwritten is not None:
            raise unwritten
        return int(code)


def repeated(recipe: Recipe, number: int) -> Recipe:
    """The same with the seed of its n-th repeat: another workload of the same kind."""
    seed = (recipe.settings.seed + number) & U64_MAX
    return replace(recipe, settings=replace(recipe.settings, seed=seed))


Prepared = list[tuple[Recipe, Scenario]]


@dataclass(frozen=True)
class Plan:
    """What the command was asked for, checked."""

    settings: Settings
    prepared: Prepared
    seconds: float
    repeats: int


def plan(args: Namespace) -> Plan:
    bugs = common.chosen_bugs(args)
    settings = Settings(
        seed=common.chosen_seed(args),
        bugs=tuple(bug.name for bug in bugs),
        without=tuple(args.without or ()),
        controlled=False,
        checks=args.checks == "on",
        delay=common.chosen_delays(args, controlled=False),
        lock_stat=args.lock_stat == "on",
        record=args.checks == "on" if args.record is None else args.record,
    )
    common.check_names(settings)
    if bugs and not settings.checks:
        raise UsageError("--bug needs --checks on: without them no oracle watches")
    seconds = parse_duration(args.duration)
    repeats = common.positive(args.repeat, "--repeat", REPEATS_MAX) or 1
    specs = common.chosen_specs(args, bugs)
    if args.all:
        specs = storms(specs)
    prepared = common.prepare(specs, common.overrides_of(args), settings)
    for recipe, scenario in prepared:
        if scenario.kind == "litmus":
            raise UsageError(f"{recipe.spec} is a litmus, which is explored; storms run freely")
    return Plan(settings, prepared, seconds, repeats)


def run(args: Namespace) -> int:
    asked = plan(args)
    session = Session(args, asked.settings, asked.repeats, len(asked.prepared))
    session.out.say(f"seed {hex64(asked.settings.seed)}")
    with interruptible() as interrupt:
        # All scenarios once, and again: a slow spell of the machine is not one scenario's alone.
        for number in range(session.repeats):
            for recipe, scenario in asked.prepared:
                if interrupt:
                    session.cases.append(not_run(recipe.spec))
                else:
                    session.one(repeated(recipe, number), scenario, asked.seconds, interrupt)
        return session.finish(interrupt)


def storms(specs: list[str]) -> list[str]:
    from harness.scenario.scenarios import load

    return [spec for spec in specs if load(spec, controlled=False).kind == "storm"]
