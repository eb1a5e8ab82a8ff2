# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture barriers``: weaken each memory-order annotation in turn and explore again."""

import time
from argparse import Namespace
from dataclasses import replace
from typing import Any

from harness.commands import common
from harness.core.token import Recipe
from harness.errors import Exit, UsageError, worst
from harness.failure import capture, evidence
from harness.results.cases import Case, not_run
from harness.results.directory import RunDirectory
from harness.run import barriers
from harness.run.barriers import Place, Verdict
from harness.run.explore import Exploration, Limits
from harness.run.search import is_exhausted
from harness.scenario.schema import Scenario
from harness.scenario.settings import Settings
from harness.signals import Interrupt, interruptible
from harness.units import hex64, parse_duration

BUDGET, STRATEGY = "2s", "mix"
NONE = "none"  # what a fence becomes


def limits_of(args: Namespace) -> Limits:
    schedules = common.positive(args.schedules, "--schedules", 1 << 62)
    if args.budget is None and schedules is not None:
        return Limits(schedules, None)
    return Limits(schedules, parse_duration(args.budget or BUDGET))


def weaker(place: Place, order: str) -> str:
    if place.op != "fence":
        return order
    return {"relaxed": NONE, "acquire": "smp_rmb", "release": "smp_wmb"}[order]


def text_of(verdict: Verdict) -> str:
    """The last column of the table."""
    trial = verdict.trial
    if not verdict.load_bearing:
        if is_exhausted(trial.found):
            return f"not needed (all {trial.schedules} schedules)"
        return f"not needed here ({trial.schedules} schedules)"
    failed = trial.found.failure
    text = "load-bearing: "
    if failed is not None:
        text += f"{failed.oracle} after {trial.schedules} schedules"
    else:
        text += f"it shows {', '.join(trial.appeared)}"
    for lesser in verdict.enough:
        text += f"; {weaker(trial.place, lesser.order)} does ({lesser.schedules} schedules)"
    return text


class Session:
    """One use of the command."""

    def __init__(self, args: Namespace, seed: int) -> None:
        self.args = args
        self.out = common.run_output(args)
        self.run = RunDirectory(common.results_root(args))
        self.seed = seed
        self.codes: list[Exit] = []
        self.blocks: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.cases: list[Case] = []

    def kept(self, found: Exploration) -> dict[str, Any]:
        """The failing execution, saved; its block is printed last."""
        assert found.failure is not None
        directory = self.run.scenario(found.scenario.name)
        captured = capture.capture(
            found.recipe, found.scenario, found.failure, "explore", found.decisions
        )
        kept = evidence.save(captured, self.run, directory)
        self.blocks.append(evidence.block(captured, kept))
        return {
            "oracle": captured.record.oracle,
            "message": captured.record.message,
            "token": captured.record.token,
            "directory": str(kept),
        }

    def say(self, place: Place, order: str, text: str) -> None:
        to = weaker(place, order)
        self.out.say(f"  {place.where:<24} {place.says[:44]:<44} -> {to:<8} {text}")

    def verdict(self, recipe: Recipe, verdict: Verdict) -> None:
        """Of one scenario."""
        self.say(verdict.trial.place, verdict.trial.order, text_of(verdict))
        self.row(recipe, verdict)
        self.say_failure()

    def say_failure(self) -> None:
        if "directory" in self.rows[-1]:
            self.out.say(f"  {'':<24} {self.rows[-1]['message']}")
            self.out.say(f"  {'':<24} mmutorture reproduce {self.rows[-1]['directory']}")

    def verdicts(self, place: Place, verdicts: list[Verdict]) -> None:
        """Of one annotation, in the scenarios that were asked; only the last one may need it."""
        for verdict in verdicts:
            self.row(verdict.trial.found.recipe, verdict)
        last, schedules = verdicts[-1], sum(verdict.trial.schedules for verdict in verdicts)
        if last.load_bearing:
            spec = last.trial.found.recipe.spec
            text = text_of(last).replace("load-bearing:", f"load-bearing in {spec}:", 1)
        else:
            text = f"not needed here (scenarios {len(verdicts)}, schedules {schedules})"
        self.say(place, last.trial.order, text)
        self.say_failure()

    def row(self, recipe: Recipe, verdict: Verdict) -> None:
        trial, place = verdict.trial, verdict.trial.place
        self.rows.append(
            {
                "scenario": recipe.spec,
                "file": place.file,
                "line": place.line,
                "func": place.func,
                "what": place.what,
                "op": place.op,
                "from": place.order,
                "to": weaker(place, trial.order),
                "verdict": "load-bearing" if verdict.load_bearing else "not needed here",
                "enough": [weaker(place, lesser.order) for lesser in verdict.enough],
                "schedules": trial.schedules,
                "exhausted": is_exhausted(trial.found),
                "appeared": list(trial.appeared),
                **(self.kept(trial.found) if trial.found.failure else {}),
            }
        )

    def survey(
        self, prepared: list[tuple[Recipe, Scenario]], limits: Limits, interrupt: Interrupt
    ) -> None:
        """Several scenarios: by annotation, each until somebody needs it."""
        cleans = []
        for recipe, scenario in prepared:
            if interrupt:
                self.cases.append(not_run(recipe.spec))
                continue
            began = time.monotonic()
            clean, places = barriers.one(
                recipe, scenario, barriers.share(limits, len(prepared)), interrupt
            )
            case = Case(recipe.spec, round(time.monotonic() - began, 3))
            if clean.failure is None:
                cleans.append((clean, places))
                self.cases.append(case)
            else:
                self.cases.append(self.unclean(clean, case))
        barriers.survey(cleans, limits, interrupt, self.verdicts)

    def unclean(self, clean: Exploration, case: Case) -> Case:
        """A scenario that is violated as it is."""
        assert clean.failure is not None
        self.codes.append(common.violation_code(clean.failure.oracle))
        kept = self.kept(clean)
        spec = clean.recipe.spec
        self.out.tell(f"{spec}: {clean.failure.oracle} is violated as it is; mend it first")
        return replace(
            case,
            what=kept["oracle"],
            message=kept["message"],
            reproduce=f"mmutorture reproduce {kept['directory']}",
            details=self.blocks[-1],
        )

    def one(self, recipe: Recipe, scenario: Scenario, limits: Limits, interrupt: Interrupt) -> None:
        self.out.say(f"{recipe.spec}:")
        began = time.monotonic()
        clean, verdicts = barriers.examine(
            recipe,
            scenario,
            limits,
            interrupt,
            lambda verdict: self.verdict(recipe, verdict),
            exhaust=self.args.strategy is None,
        )
        case = Case(recipe.spec, round(time.monotonic() - began, 3))
        if clean.failure is not None:
            case = self.unclean(clean, case)
        elif not verdicts and not interrupt:
            self.out.say("  no memory-order annotation was reached")
        self.cases.append(replace(case, skipped="interrupted") if interrupt and case.good else case)

    def summary(self) -> list[dict[str, Any]]:
        """Each annotation over all scenarios."""
        places: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for row in self.rows:
            places.setdefault((row["file"], row["line"]), []).append(row)
        found = []
        for (file, line), rows in sorted(places.items()):
            needing = [row["scenario"] for row in rows if row["verdict"] == "load-bearing"]
            found.append(
                {
                    "file": file,
                    "line": line,
                    "what": rows[0]["what"],
                    "needed_by": needing,
                    "scenarios": len(rows),
                    "schedules": sum(row["schedules"] for row in rows),
                }
            )
        return found

    def say_summary(self, summary: list[dict[str, Any]]) -> None:
        self.out.say(f"{len(summary)} annotations:")
        for row in summary:
            names = ", ".join(row["needed_by"][:3]) + (" ..." if len(row["needed_by"]) > 3 else "")
            say = (
                f"needed by {names}"
                if names
                else f"no scenario needs it ({row['scenarios']} tried)"
            )
            self.out.say(
                f"  {row['file'] + ':' + str(row['line']):<24} {row['what'][:44]:<44} {say}"
            )

    def finish(self, interrupt: Interrupt, several: bool) -> int:
        if interrupt:
            self.codes.append(Exit.INTERRUPTED)
        code, summary = worst(self.codes), self.summary()
        if several:
            self.say_summary(summary)
        document = {
            "command": "barriers",
            "seed": hex64(self.seed),
            "barriers": self.rows,
            "summary": summary,
            "exit_code": int(code),
            "results": str(self.run.shown(self.run.path)),
        }
        unwritten = common.finish_run(self.run, document, self.cases)
        if self.args.show or code:
            for block in self.blocks:
                self.out.tell(block)
        self.out.say(f"results {document['results']}  seed {document['seed']}")
        self.out.finish(document, self.cases)
        if unwritten is not None:
            raise unwritten
        return int(code)


def run(args: Namespace) -> int:
    seed = common.chosen_seed(args)
    if args.memory == "sc":
        raise UsageError("--memory sc: no annotation matters there; give tso or lkmm")
    bugs = common.chosen_bugs(args)
    settings = Settings(
        seed=seed,
        strategy=args.strategy or STRATEGY,
        memory=args.memory,
        bugs=tuple(bug.name for bug in bugs),
        without=tuple(args.without or ()),
    )
    common.check_names(settings)
    limits = limits_of(args)
    prepared = common.prepare(common.chosen_specs(args, bugs), common.overrides_of(args), settings)
    session = Session(args, seed)
    session.out.say(f"seed {hex64(seed)}  memory {args.memory}")
    with interruptible() as interrupt:
        if len(prepared) > 1:
            session.survey(prepared, limits, interrupt)
        else:
            session.one(*prepared[0], limits, interrupt)
        return session.finish(interrupt, len(prepared) > 1)
