# SPDX-License-Identifier: GPL-2.0-only
"""The options of each command, and those that several share."""

import argparse

from harness.scenario.settings import MEMORY_MODELS


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else"
    )
    parser.add_argument("--quiet", action="store_true", help="print violations only")
    parser.add_argument("--results", metavar="DIR", default="results", help="default: ./results")


def add_reports(parser: argparse.ArgumentParser) -> None:
    """For CI: of the commands that have a verdict for each scenario."""
    parser.add_argument("--ktap", action="store_true", help="print KTAP and nothing else")
    parser.add_argument("--junit", metavar="FILE", help="write JUnit XML there, too")


def add_scenarios(parser: argparse.ArgumentParser) -> None:
    add_reports(parser)
    parser.add_argument("scenarios", metavar="SCENARIO", nargs="*", help="name, or file")
    parser.add_argument("--all", action="store_true", help="every scenario")
    parser.add_argument("--vcpus", metavar="N", help="vCPUs of the first group")
    parser.add_argument("--seed", metavar="N", help="decimal or 0x...; default: a random one")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", help="change a value: tasks.vmm.operations=9"
    )
    parser.add_argument(
        "--bug", metavar="NAME", action="append", help="bring a historical bug back (list bugs)"
    )
    parser.add_argument("--without", metavar="ORACLE", action="append", help="switch an oracle off")


def add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lock-stat", choices=("on", "off"), default="on", help="measure contention; default: on"
    )
    parser.add_argument(
        "--delay", metavar="FUNC[:LOCK]=TIME", action="append",
        help="hold what FUNC locks so much longer: 200us; explore: a number of steps",
    )  # fmt: skip


def add_explore(parser: argparse.ArgumentParser) -> None:
    add_scenarios(parser)
    add_measuring(parser)
    parser.add_argument(
        "--strategy", metavar="NAME", help="see list strategies; default: mix, of a .litmus dpor"
    )
    parser.add_argument(
        "--bound", metavar="N", help="--strategy dpor or dfs: at most N preemptions"
    )
    parser.add_argument("--delays", metavar="N", help="--strategy dfs: at most N delays instead")
    parser.add_argument(
        "--symmetry", action="store_true",
        help="--strategy dpor or dfs, of a program: of schedules that differ in which of several"
             " identical tasks is which, leave most out",
    )  # fmt: skip
    parser.add_argument("--depth", metavar="D", help="bug depth of --strategy pct; default: 3")
    parser.add_argument("--schedules", metavar="N", help="executions to run")
    parser.add_argument(
        "--budget", metavar="TIME", help="how long; default: 10s without --schedules"
    )
    parser.add_argument("--memory", choices=MEMORY_MODELS, help="memory model; default: sc")
    parser.add_argument(
        "--jobs",
        metavar="N",
        help="processes, of a search too; what is found does not depend on N",
    )
    parser.add_argument(
        "--check-determinism", action="store_true",
        help="run every execution twice (else one in 1000) and name the first step that differs",
    )  # fmt: skip
    parser.add_argument("--no-minimise", action="store_true", help="show a failure as it was found")
    parser.add_argument(
        "--rate", action="store_true",
        help="count the schedules with a violation, and go on behind each",
    )  # fmt: skip
    parser.add_argument(
        *("--in",), dest="execution", choices=("explore", "lockstep"), default="explore",
        help="fibers, or processes that take turns",
    )  # fmt: skip


def add_barriers(parser: argparse.ArgumentParser) -> None:
    add_scenarios(parser)
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        help="see list strategies; default: mix, of a program that it exhausts dpor",
    )
    parser.add_argument("--schedules", metavar="N", help="executions for each annotation")
    parser.add_argument(
        "--budget", metavar="TIME", help="for each annotation; default: 2s without --schedules"
    )
    parser.add_argument(
        "--memory", choices=MEMORY_MODELS, default="lkmm", help="memory model; default: lkmm"
    )
    parser.add_argument("--show", action="store_true", help="print the interleaving of each")


def add_stress(parser: argparse.ArgumentParser) -> None:
    add_scenarios(parser)
    add_measuring(parser)
    parser.add_argument(
        "--duration", metavar="TIME", default="10s", help="per scenario; default: 10s"
    )
    parser.add_argument(
        "--repeat", metavar="N", help="run each so often, for mmutorture compare; default: once"
    )
    parser.add_argument(
        "--checks", choices=("on", "off"), default="on", help="oracles watch; off: bare speed"
    )
    parser.add_argument(
        "--record", action=argparse.BooleanOptionalAction,
        help="keep what each task did last, for trace and report; default: with --checks on",
    )  # fmt: skip


def add_reproduce(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FAILURE|TOKEN", help="a failure directory or mt2:...")
    parser.add_argument(
        *("--in",), dest="execution", choices=("explore", "lockstep"), default="explore",
        help="fibers, or processes that take turns",
    )  # fmt: skip
    parser.add_argument("--repeat", metavar="N", default="1", help="how often; default: 1")
    parser.add_argument("--force", action="store_true", help="although build or scenario differ")
    parser.add_argument(
        "--by",
        choices=("seed", "plan"),
        default="seed",
        help="follow the strategy, or the switches",
    )
    parser.add_argument(
        "--gdb", action="store_true", help="in gdb, which stops where the oracle is violated"
    )


def add_minimise(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="FAILURE|TOKEN", help="a failure directory or mt2:...")
    parser.add_argument("--budget", metavar="TIME", default="30s", help="how long; default: 30s")
    parser.add_argument("--force", action="store_true", help="although build or scenario differ")


WHAT_LISTS = ("scenarios", "bugs", "oracles", "strategies", "contracts")


def add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=WHAT_LISTS)
    parser.add_argument("--schema", action="store_true", help="JSON Schema of scenario files")


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", nargs="?", default="latest", help="default: latest")


def add_locks(parser: argparse.ArgumentParser) -> None:
    """The letters are those of perf lock contention."""
    add_run(parser)
    parser.add_argument("scenario", metavar="SCENARIO", nargs="?", help="default: all of the run")
    parser.add_argument(
        "--format", choices=("lock_stat", "perf", "folded", "lock_order"),
        help="/proc/lock_stat; the table of perf lock contention (default with the options below); "
        "stacks for flame graphs; what was taken under what",
    )  # fmt: skip
    view = parser.add_mutually_exclusive_group()
    view.add_argument(
        "--by", choices=("site", "task", "lock", "owner", "holder"),
        help="what a row is; holder: call sites that others waited for; default: site",
    )  # fmt: skip
    for letter, name in (("-t", "task"), ("-l", "lock"), ("-o", "owner")):
        view.add_argument(
            letter, dest="by", action="store_const", const=name, help=f"as --by {name}"
        )
    parser.add_argument(
        "-k", "--key", metavar="KEY", help="sort by contended, wait_total, p99, ..."
    )
    parser.add_argument("-E", "--entries", metavar="N", help="so many rows")
    parser.add_argument(
        "-F", "--field", metavar="KEYS", help="columns: contended,wait_min,acquired"
    )
    parser.add_argument(
        "--percentiles", action="store_true", default=None, help="columns p50 p90 p99 p99.9 too"
    )
    parser.add_argument("-x", "--field-separator", metavar="SEP", help="CSV, whole nanoseconds")
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=None,
        help="below a call site: whom it was behind",
    )
    parser.add_argument(
        "-Y", "--type-filter", metavar="TYPES", help="rwlock, rwlock:W, spinlock, mutex"
    )
    parser.add_argument("-L", "--lock-filter", metavar="LOCKS", help="only these locks")
    parser.add_argument(
        "-S", "--callstack-filter", metavar="NAMES", help="parts of names of callers"
    )


def add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="*", help="A and B, by name or directory")
    parser.add_argument(
        "--fail-above", metavar="N%", help="exit status 1 where B is worse by more, with evidence"
    )
    parser.add_argument(
        "--metric", metavar="NAME", action="append", help="what the verdict rests on, by name"
    )
    parser.add_argument(
        "--differs", metavar="KEY", action="append", help="what is compared: may differ"
    )
    parser.add_argument("--every", action="store_true", help="list what has not changed, too")
    parser.add_argument("--html", metavar="FILE", help="write it as a page, too")
    parser.add_argument(
        "--run", metavar="SCENARIO", action="append", help="run A and B here, in turns"
    )
    for side in ("a", "b"):
        parser.add_argument(
            f"--{side}", metavar="ARGS", help=f"--run: options of stress for {side.upper()}"
        )
    parser.add_argument("--repeat", metavar="N", help="--run: runs of each; default: 24")
    parser.add_argument("--duration", metavar="TIME", help="--run: of one run; default: 1s")
    parser.add_argument("--seed", metavar="N", help="--run: decimal or 0x...")


def add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", metavar="RUN", nargs="*", help="one, or two to be compared; default: latest"
    )
    parser.add_argument("--output", metavar="FILE", help="default: report.html of the run")
    parser.add_argument(
        "--differs", metavar="KEY", action="append", help="what is compared: may differ"
    )


def add_trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        *("run",), metavar="RUN|FAILURE|TOKEN", nargs="?", default="latest", help="default: latest"
    )
    parser.add_argument("scenario", metavar="SCENARIO", nargs="?", help="of a run of several")
    parser.add_argument("--task", metavar="NAME", action="append", help="only of this task")
    parser.add_argument("--kind", metavar="KIND", action="append", help="only wait, fault, ...")
    parser.add_argument("--lock", metavar="NAME", action="append", help="only about this lock")
    parser.add_argument("--gfn", metavar="N", help="only about this gfn")
    parser.add_argument("--last", metavar="N", help="only the last N that are left")
    parser.add_argument(
        "--points", action="store_true", help="replay, and show every schedule point as well"
    )
    parser.add_argument("--perfetto", metavar="FILE", help="write all of it for ui.perfetto.dev")


def add_bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")


def add_nothing(parser: argparse.ArgumentParser) -> None:
    pass
