# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture trace``: the events that the flight recorder kept, as text or for Perfetto."""

from argparse import Namespace
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from harness.commands import common
from harness.contention import record as contention
from harness.core.token import looks_like_token
from harness.errors import UsageError
from harness.results.directory import find_run
from harness.trace import events, record, text
from harness.trace.events import Event, Recording
from harness.trace.record import Kind
from harness.units import parse_integer

LAST_MAX = 1 << 40
GFN_MAX = 1 << 52


@dataclass(frozen=True)
class Source:
    """Where the events come from, in words and as they are."""

    name: str
    recording: Recording
    directory: Path | None = None  # of the scenario, where it was a free run

    def series(self) -> contention.Series | None:
        """What was counted tick by tick, if it was."""
        if self.directory is None or not (self.directory / contention.FILE).is_file():
            return None
        measured = contention.read(self.directory)
        return measured.series if measured.unit == self.recording.unit == "ns" else None


# ---------------------------------------------------------------- which recording


def recordings_of(run: Path) -> dict[str, Path]:
    """By what a user would call them: NAME, NAME/failure-1, ..."""
    files = sorted(run.glob(f"*/{record.FILE}")) + sorted(run.glob(f"*/failure-*/{record.FILE}"))
    return {str(file.parent.relative_to(run)): file.parent for file in files}


def of_run(run: Path, scenario: str | None) -> Path:
    known = recordings_of(run)
    if scenario is not None:
        if scenario in known:
            return known[scenario]
        there = f"; there are {', '.join(known)}" if known else "; the run recorded nothing"
        raise UsageError(f"{run.name}: has no recording of '{scenario}'{there}")
    if len(known) == 1:
        return next(iter(known.values()))
    if known:
        raise UsageError(f"{run.name}: which recording? name one of {', '.join(known)}")
    raise UsageError(
        f"{run.name}: recorded nothing: stress --record does, and so does every failure of explore"
    )


def find(args: Namespace) -> Source:
    """A token is replayed, as is a failure whose schedule points are wanted."""
    from harness.failure import traced

    if looks_like_token(args.run):
        return Source("token", traced.of_target(args.run, args.points))
    path = Path(args.run)
    if (path / "failure.json").is_file():
        if args.points or not (path / record.FILE).is_file():
            return Source(str(path), traced.of_failure(path, args.points))
        return Source(str(path), events.read(path))
    if not (path / record.FILE).is_file():
        path = of_run(find_run(args.run, Path(args.results)), args.scenario)
    if args.points:
        raise UsageError(
            f"{path}: has no schedule points: --points is for a failure of explore, or a token"
        )
    return Source(str(path), events.read(path), path)


# ---------------------------------------------------------------- which events


def one_of(wanted: Iterable[str] | None, what: str, known: Iterable[str]) -> set[str]:
    """The names asked for; a wrong one is refused."""
    found, there = set(wanted or ()), sorted(set(known))
    for name in found:
        if name not in there:
            raise UsageError(f"--{what} {name}: there is none; there are {', '.join(there)}")
    return found


def about_gfn(event: Event, gfn: int) -> bool:
    if event.gfn is None:
        return False
    pages = event.value if event.kind == "zap" else 1
    return event.gfn <= gfn < event.gfn + max(pages, 1)


def chosen(recording: Recording, args: Namespace) -> list[Event]:
    found = list(recording.events)
    names = {task.name: task.id for task in recording.tasks}
    if tasks := one_of(args.task, "task", names):
        ids = {names[name] for name in tasks}
        found = [event for event in found if event.task in ids]
    if kinds := one_of(args.kind, "kind", get_args(Kind)):
        found = [event for event in found if event.kind in kinds]
    known = [name for e in recording.events for name in (e.lock, e.lock_class) if name]
    if locks := one_of(args.lock, "lock", known):
        found = [event for event in found if {event.lock, event.lock_class} & locks]
    if args.gfn is not None:
        gfn = parse_integer(args.gfn, "--gfn", 0, GFN_MAX)
        found = [event for event in found if about_gfn(event, gfn)]
    if args.last is not None:
        found = found[-parse_integer(args.last, "--last", 1, LAST_MAX) :]
    return found


# ---------------------------------------------------------------- what is said


def row(event: Event, recording: Recording) -> dict[str, Any]:
    """An event for --json; what its kind has no use for is left out."""
    every: dict[str, Any] = event._asdict()
    fields = {key: value for key, value in every.items() if value not in (None, "", False)}
    fields |= {"task": recording.name(event.task), "end": event.end, "length": event.length}
    for key in ("site", "other_site"):
        site = getattr(event, key)
        if site is not None:
            fields[key] = {"func": site.func, "file": site.file, "line": site.line}
    if event.other is not None:
        fields["other"] = recording.name(event.other)
    return fields


def document(source: Source, shown: list[Event]) -> dict[str, Any]:
    header = source.recording.header
    return {
        "source": source.name,
        "scenario": header.scenario,
        "execution": header.execution,
        "unit": header.unit,
        "holds_sampled": header.holds_sampled,
        "violation": header.violation,
        "tasks": [
            {"name": task.name, "records": task.records, "kept": task.kept} for task in header.tasks
        ],
        "events": [row(event, source.recording) for event in shown],
    }


def summary(source: Source) -> list[str]:
    """Of which execution, and what is not there."""
    header = source.recording.header
    clock = "ns" if header.unit == "ns" else "schedule points"
    lines = [f"{header.scenario} ({header.execution}); times in {clock} from the start"]
    lost = [
        f"{task.name} {task.kept} of {task.records}"
        for task in header.tasks
        if task.kept < task.records
    ]
    if lost:
        lines.append(f"kept are the last, and those around the longest waits: {', '.join(lost)}")
    if header.holds_sampled > 1:
        lines.append(f"holds that nobody waited for: one in {header.holds_sampled}")
    if not header.accesses:
        lines.append("guest accesses: those that faulted")
    if header.violation:
        lines.append(f"violation: {header.violation}")
    return lines


def write_perfetto(source: Source, file: Path, out: common.Output) -> int:
    """All of the recording: a viewer filters by itself."""
    from harness.trace import perfetto

    try:
        size = perfetto.write(source.recording, file, source.series())
    except OSError as error:
        raise UsageError(f"--perfetto {file}: cannot be written: {error.strerror}") from None
    count = len(source.recording.events)
    out.say(f"{file}: {count} events, {size} bytes; open it with ui.perfetto.dev")
    out.finish(document(source, []) | {"perfetto": str(file), "bytes": size})
    return 0


def run(args: Namespace) -> int:
    out = common.Output(args.json, args.quiet)
    source = find(args)
    shown = chosen(source.recording, args)
    if args.perfetto is not None:
        return write_perfetto(source, Path(args.perfetto), out)
    for line in summary(source):
        out.say(line)
    for line in text.lines(source.recording, shown):
        out.tell(line)
    out.finish(document(source, shown))
    return 0
