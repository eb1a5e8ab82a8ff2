# SPDX-License-Identifier: GPL-2.0-only
"""The command line.  Only argparse is imported before a command is known."""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from harness import __version__, arguments, streams
from harness.errors import Exit, HarnessError, UsageError, WorkerDied

EXIT_CODES = """\
exit status: 0 pass, 1 an oracle was violated, 2 usage or scenario error, 3 an expected bug was not
found (or a failure not reproduced), 4 cannot run here, 5 the harness itself failed, 6 no progress,
7 a worker died and the figures are not trustworthy, 130 interrupted, 141 nobody reads the output"""

# New objects before Python looks for cycles among them.  A recording alone is tens of thousands of
# events, and no garbage: by default a third of the time of a report is spent looking at them again.
GARBAGE = 100_000

Command = Callable[[argparse.Namespace], int]


class Entry(NamedTuple):
    name: str
    run: Command
    options: Callable[[argparse.ArgumentParser], None]
    text: str
    epilog: str = ""


class Parser(argparse.ArgumentParser):
    """Usage errors are one line, like every other error."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message}; see {self.prog} --help")


def command(module: str, function: str = "run") -> Command:
    """Of harness/commands, imported when it is called."""

    def run(args: argparse.Namespace) -> int:
        found: Command = getattr(import_module(f"harness.commands.{module}"), function)
        return found(args)

    return run


def expect_workers() -> None:
    """Their server loads what they need while the command loads what it needs."""
    from harness.run.forkserver import context

    context()


def explore(args: argparse.Namespace) -> int:
    if args.execution == "lockstep" or args.jobs not in (None, "1"):
        expect_workers()
    from harness.commands.explore import run

    return run(args)


def stress(args: argparse.Namespace) -> int:
    expect_workers()
    from harness.commands.stress import run

    return run(args)


def doctor(args: argparse.Namespace) -> int:
    from harness.doctor import run

    return run(args.json, args.quiet)


def bench(args: argparse.Namespace) -> int:
    try:
        module = import_module("harness.bench")
    except ModuleNotFoundError:
        raise HarnessError("there are no benchmarks in this build") from None
    return int(module.run(args.json, args.quiet, args.quick))


COMMANDS = (
    Entry("stress", stress, arguments.add_stress, "run scenarios with real processes in parallel"),
    Entry(
        "explore", explore, arguments.add_explore, "search schedules of scenarios for violations"
    ),
    Entry(
        *("reproduce", command("reproduce"), arguments.add_reproduce),
        "replay a failure or a token",
        "exit status 1: reproduced, the oracle is violated; 3: it diverged; 2: refused",
    ),
    Entry(
        *("minimise", command("minimise"), arguments.add_minimise),
        "make a failure small and print it as columns",
        "exit status 1: here it is, smaller; 3: it did not fail again; 2: refused",
    ),
    Entry(
        *("barriers", command("barriers"), arguments.add_barriers),
        "which memory-order annotations are needed",
    ),
    Entry(
        *("list", command("listing"), arguments.add_list),
        "scenarios, bugs, oracles, strategies, lock contracts",
    ),
    Entry("show", command("runs", "show"), arguments.add_run, "what a run did"),
    Entry(
        *("compare", command("compare"), arguments.add_compare),
        "two runs: better, worse, or no evidence",
        "exit status 1: worse by more than --fail-above; 2: not comparable, and why",
    ),
    Entry(
        *("locks", command("locks"), arguments.add_locks),
        "lock contention of a run, as lock_stat or perf print it",
    ),
    Entry(
        *("report", command("report"), arguments.add_report),
        "a run, or two compared, as one HTML file",
    ),
    Entry(
        *("trace", command("trace"), arguments.add_trace),
        "what each task did, and who waited for whom",
    ),
    Entry("bench", bench, arguments.add_bench, "the harness's own figures beside its peers"),
    Entry("doctor", doctor, arguments.add_nothing, "what this machine can and cannot do"),
)


def formatter() -> type[argparse.HelpFormatter]:
    """Rich help is for readers: only --help pays for the import."""
    if not {"-h", "--help"} & set(sys.argv[1:]):
        return argparse.RawDescriptionHelpFormatter
    from rich_argparse import RawDescriptionRichHelpFormatter

    return RawDescriptionRichHelpFormatter


def make_parser() -> argparse.ArgumentParser:
    style = formatter()
    parser = Parser(
        prog="mmutorture",
        description="Torture the concurrency protocol of KVM's x86 TDP MMU.",
        epilog=EXIT_CODES,
        formatter_class=style,
    )
    parser.add_argument("--version", action="version", version=f"mmutorture {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, run, options, text, epilog in COMMANDS:
        one = commands.add_parser(
            name, help=text, description=text, epilog=epilog or EXIT_CODES, formatter_class=style
        )
        options(one)
        arguments.add_common(one)
        one.set_defaults(function=run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    streams.make_tolerant()
    gc.set_threshold(GARBAGE)
    parser = make_parser()
    try:
        args = parser.parse_args(argv)
        if args.command is None:
            parser.print_help(sys.stderr)
            return Exit.USAGE
        code = int(args.function(args))
        sys.stdout.flush()  # here, where it can still be told that it failed
        return code
    except UsageError as error:
        return complain(error, Exit.USAGE)
    except WorkerDied as error:
        return complain(error, Exit.UNTRUSTWORTHY)
    except HarnessError as error:
        return complain(error, Exit.HARNESS)
    except KeyboardInterrupt:
        return complain("interrupted", Exit.INTERRUPTED)
    except ImportError as error:
        if error.name == "harness._core" or "_core" in str(error):
            return complain(f"the core is not built ({error}); run make build", Exit.HARNESS)
        if isinstance(error, ModuleNotFoundError) and not str(error.name).startswith("harness"):
            return complain(f"the package {error.name} is missing; run make build", Exit.HARNESS)
        return defect()
    except BrokenPipeError:
        streams.abandon_output()
        return Exit.NO_READER
    except OSError as error:
        if error.filename is None:
            streams.abandon_output()
        return complain(streams.unwritten(error), streams.exit_of(error))
    except Exception:
        return defect()


def defect() -> int:
    """An exception that nobody foresaw: show it whole, and do not let it pass for a violation."""
    import traceback

    traceback.print_exc()
    return complain("this is a defect of the harness; please report it", Exit.HARNESS)


def complain(what: object, code: Exit) -> int:
    print(f"mmutorture: {what}", file=sys.stderr)
    return int(code)
