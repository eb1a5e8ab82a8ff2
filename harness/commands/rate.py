# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture explore --rate``: how probable a violation is under a strategy."""

from argparse import Namespace
from typing import Any

from harness.commands import common
from harness.core.catalogue import is_search
from harness.errors import Exit, UsageError, worst
from harness.failure import evidence
from harness.results.cases import Case
from harness.run.explore import Limits
from harness.run.rate import Rate, measure
from harness.scenario.settings import Settings
from harness.signals import interruptible
from harness.units import hex64


def check(args: Namespace, settings: Settings) -> None:
    if is_search(settings.strategy):
        raise UsageError(f"--rate: {settings.strategy} draws nothing; give --strategy random, say")
    if args.jobs is not None:
        raise UsageError("--rate is counted in one process: leave --jobs out")
    if args.execution != "explore":
        raise UsageError("--rate is counted with fibers: leave --in out")


def line(spec: str, rate: Rate) -> str:
    share, low, high = rate.interval()
    oracles = ", ".join(f"{name} {count}" for name, count in sorted(rate.by_oracle.items()))
    which = f": {oracles}; the first is schedule {rate.first}" if oracles else ""
    return (
        f"{spec}: {rate.violations} of {rate.schedules} schedules violate an oracle, {share:.4g}"
        f" ({low:.4g} to {high:.4g}){which}; k {rate.longest}; {rate.elapsed_s:.2f} s"
    )


def run(args: Namespace, seed: int, settings: Settings, limits: Limits) -> int:
    check(args, settings)
    specs = common.chosen_specs(args, common.chosen_bugs(args))
    prepared = common.prepare(specs, common.overrides_of(args), settings)
    out, codes = common.run_output(args), []
    cases: list[Case] = []
    rows: list[dict[str, Any]] = []
    strategy = evidence.strategy_text(prepared[0][0])
    out.say(f"seed {hex64(seed)}  strategy {strategy}")

    def progress(schedules: int, violations: int, elapsed: float) -> None:
        out.progress(f"{violations} of {schedules} schedules, {elapsed:.1f} s")

    with interruptible() as interrupt:
        for recipe, scenario in prepared:
            rate = measure(scenario, settings, limits, interrupt, progress)
            out.tell(line(recipe.spec, rate))
            rows.append({"scenario": recipe.spec, **rate.document()})
            what, text = ", ".join(sorted(rate.by_oracle)), line(recipe.spec, rate)
            cases.append(Case(recipe.spec, rate.elapsed_s, what, text if what else ""))
            codes += [common.violation_code(oracle) for oracle in rate.by_oracle]
    if interrupt:
        codes.append(Exit.INTERRUPTED)
    code = worst(codes)
    document = {"command": "explore", "seed": hex64(seed), "strategy": strategy, "rates": rows}
    out.finish(document | {"exit_code": int(code)}, cases)
    return int(code)
