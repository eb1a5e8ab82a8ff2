# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture bench``: the harness's own figures, beside peers measured in the same minute.

What explores is measured in the installed core.  What runs free is measured by the small programs
of ``native/bench``, compiled here from the checkout: they need variants of the core that nobody
installs (without hooks, with an exclusive fault path).  Variants take turns, so that a slow spell
of the machine hits all of them; a figure is the median of its rounds, and a ratio the median of the
ratios per round.
"""

import json as json_module
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from harness import config as scenario_config
from harness import scenario
from harness._core import ffi, lib
from harness.catalogue import find_index, strategies
from harness.commands.common import Output
from harness.errors import Exit, HarnessError
from harness.lockstep import lockstep_world
from harness.settings import Settings
from harness.token import Recipe
from harness.world import World, text

ROOT = Path(__file__).resolve().parent.parent
SEED = 7
ROUNDS = 5
BUSY_MAX = 0.1  # share of the processors that others may use before the figures are doubted
PT3_TASKS = 3
PT3_SCHEDULES = 50_000
WARM_SCHEDULES = 1_000
SECONDS = 0.4  # of one sample of an exploration
COUNTED_FAULTS = 20_000  # under callgrind
CORE_SHARE = (
    0.9  # of its time on a processor that a process must get for a parallel sample to count
)
TRIES = 12
PROCESSES = 8
COLUMNS_MIN = 160  # of the table: a figure that is cut off is none

Samples = Sequence[float]


@dataclass(frozen=True)
class Row:
    """One figure.  `ratio` is above 1 where ours is the better one, whichever way the unit goes."""

    name: str
    unit: str
    ours: float
    spread: tuple[float, float]  # lowest and highest round
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


@dataclass(frozen=True)
class Target:
    text: str
    low: float | None = None  # of ours
    high: float | None = None
    ratio: float | None = None  # at least

    def met(self, ours: float, ratio: float | None) -> bool:
        return (
            (self.low is None or ours >= self.low)
            and (self.high is None or ours <= self.high)
            and (self.ratio is None or (ratio is not None and ratio >= self.ratio))
        )


def make_row(
    name: str,
    unit: str,
    ours: Samples,
    peer_name: str = "",
    peer: Samples = (),
    target: Target | None = None,
    *,
    more_is_better: bool = True,
) -> Row:
    """Medians of samples that were taken in turns: the n-th of either belong together."""
    ratio = None
    if peer:
        pairs = zip(ours, peer, strict=False)
        ratios = [a / b if more_is_better else b / a for a, b in pairs if a > 0 and b > 0]
        ratio = median(ratios) if ratios else None
    return Row(
        name=name,
        unit=unit,
        ours=median(ours),
        spread=(min(ours), max(ours)),
        peer_name=peer_name,
        peer=median(peer) if peer else None,
        ratio=ratio,
        target=target.text if target else "",
        met=target.met(median(ours), ratio) if target else None,
    )


# --- The installed core: exploring ---------------------------------------------------------------


def pt3_world(strategy: str) -> World:
    """The program pt3: two faulters and a zapper, no VM; written for other testers as well."""
    config = ffi.new("struct mmut_config *")
    config.seed, config.oracles, config.controlled = SEED, (1 << 64) - 1, 1
    config.strategy = find_index(strategy, "strategy", strategies())
    config.pct_depth, config.contention_percent = 3, scenario_config.CONTENTION_PERCENT
    config.program, config.nr_tasks = 1, PT3_TASKS
    for number in range(PT3_TASKS):
        config.tasks[number].name = f"task{number}".encode()
        config.tasks[number].kind = lib.MMUT_TASK_PROGRAM
    return World(config)


def explored(world: World, count: int, seconds: float) -> tuple[float, float]:
    """Schedules and schedule points for each second of processor time, once memory is warm."""
    warm = world.explore(0, WARM_SCHEDULES, 0)
    before, began = world.totals(), time.process_time()
    done = world.explore(warm, count, seconds)
    spent = time.process_time() - began
    if world.failure() is not None:
        raise HarnessError("a benchmark found a violation; its figures mean nothing")
    return done / spent, (world.totals()["schedule_points"] - before["schedule_points"]) / spent


def fibers() -> list[Row]:
    random, pct, storm = [], [], []
    recipe = Recipe("zap-vs-fault", (), Settings(SEED, strategy="random"))
    config = scenario_config.build(scenario.load(recipe.spec), recipe.settings)
    for _ in range(ROUNDS):
        with pt3_world("random") as world:
            random.append(explored(world, PT3_SCHEDULES, 0))
        with pt3_world("pct") as world:
            pct.append(explored(world, PT3_SCHEDULES, 0))
        with World(config) as world:
            storm.append(explored(world, 1 << 40, SECONDS))

    def rate(name: str, samples: list[tuple[float, float]], which: int, least: float) -> Row:
        unit, scale = (("schedules/s", 1.0), ("M points/s", 1e-6))[which]
        goal = Target(f">= {least:,.0f}", low=least)
        return make_row(f"fibers: {name}", unit, [s[which] * scale for s in samples], target=goal)

    return [
        rate("pt3, random", random, 0, 400_000),
        rate("pt3, random", random, 1, 25),
        rate("pt3, pct", pct, 0, 800_000),
        rate("pt3, pct", pct, 1, 25),
        rate("zap-vs-fault, random, every oracle", storm, 1, 2),
    ]


def hand_over(vcpus: int) -> tuple[float, float, float]:
    """Microseconds: for a hand-over, for one with its share of the work, and in fibers."""
    changes = tuple(scenario.vcpu_override(vcpus))
    recipe = Recipe("zap-vs-fault", changes, Settings(SEED, strategy="random"))
    loaded = scenario.load(recipe.spec, recipe.overrides)
    with lockstep_world(loaded, recipe) as world:
        world.lockstep(0, 1, 0)  # every worker is up and has touched its memory
        before, began = world.totals(), time.monotonic()
        done = world.lockstep(1, 1 << 40, SECONDS)
        processes = time.monotonic() - began
        totals = world.totals()
    with World(scenario_config.build(loaded, recipe.settings)) as world:
        world.explore(0, 1, 0)
        began = time.monotonic()
        world.explore(1, done, 0)
        fiber = time.monotonic() - began
        if world.totals()["digest"] != totals["digest"]:
            raise HarnessError("lockstep and explore did not run the same executions")
    switches = totals["switches"] - before["switches"]
    return tuple(1e6 * t / switches for t in (processes - fiber, processes, fiber))  # type: ignore[return-value]


def lockstep() -> list[Row]:
    rows = []
    for workers, vcpus, goal in ((3, 1, 3.0), (8, 6, 4.0)):
        samples = [hand_over(vcpus) for _ in range(ROUNDS - 2)]
        what = f"lockstep: {workers} workers, one core"
        rows.append(
            make_row(
                f"{what}, hand-over", "us", [s[0] for s in samples],
                target=Target(f"<= {goal:g}", high=goal), more_is_better=False,
            )
        )  # fmt: skip
        rows.append(
            make_row(
                f"{what}, with its work", "us", [s[1] for s in samples],
                "fibers", [s[2] for s in samples], more_is_better=False,
            )
        )  # fmt: skip
    return rows


# --- Programs: running free ----------------------------------------------------------------------


class Skipped(Exception):
    """The benchmark cannot run here; str() is the whole sentence."""


def compiler() -> list[str]:
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    for candidate in (command, ["cc"], ["gcc"]):
        if shutil.which(candidate[0]):
            return candidate
    raise Skipped("mmutorture bench compiles its programs, and there is no C compiler here")


class Workshop:
    """Compiles programs of native/bench and variants of the core, in a temporary directory."""

    def __init__(self, directory: Path) -> None:
        described = ROOT / "native" / "build_core.py"
        if not (described.is_file() and (ROOT / "native" / "bench").is_dir()):
            raise Skipped("mmutorture bench needs a source checkout: it compiles parts of native/")
        build: dict[str, Any] = runpy.run_path(str(described))
        self.directory, self.compiler = directory, compiler()
        self.flags = [*build["COMMON_FLAGS"], *build["PROFILES"]["release"][0], "-fPIC"]
        self.sources: list[str] = build["sources"]()

    def cc(self, *args: object) -> None:
        command = [*self.compiler, *self.flags, *map(str, args)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise HarnessError(f"a benchmark does not compile: {done.stderr.strip()[:600]}")

    def object_of(self, source: str, variant: str, *flags: str) -> Path:
        target = self.directory / variant / (source.replace("/", "_") + ".o")
        target.parent.mkdir(exist_ok=True)
        self.cc(*flags, "-c", "-o", target, source)
        return target

    def core(self, variant: str, *flags: str) -> list[Path]:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(lambda s: self.object_of(s, variant, *flags), self.sources))

    def program(self, name: str, variant: str, core: Sequence[Path], *flags: str) -> Path:
        target = self.directory / f"{name}-{variant}"
        where = f"native/bench/{name}.c"
        libraries = [flag for flag in flags if flag.startswith("-l")]
        rest = [flag for flag in flags if not flag.startswith("-l")]
        self.cc(*rest, "-o", target, where, *core, "-pthread", *libraries)
        return target

    def with_peer(self, core: Sequence[Path]) -> tuple[Path, str]:
        """The RCU benchmark with the first peer whose headers and library are installed."""
        peers = (("liburcu-mb", "-DPEER_URCU", "-lurcu-mb"), ("ck_epoch", "-DPEER_CK", "-lck"))
        for name, *flags in peers:
            try:
                return self.program("rcu", name, core, *flags), name
            except HarnessError:
                continue
        return self.program("rcu", "alone", core), ""


def samples(program: Path, *args: object) -> list[list[float]]:
    """What a program prints: a line for each round."""
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise HarnessError(f"{program.name} failed: {done.stderr.strip() or done.returncode}")
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def counted(program: Path) -> float | None:
    """Instructions of a fault under callgrind, the same in every run; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*tool, "--toggle-collect=map_share", str(program), "0", str(COUNTED_FAULTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) / COUNTED_FAULTS if done.returncode == 0 and found else None


def in_parallel(shared: Path, exclusive: Path) -> Row:
    """Wall time of a fault of two processes, in pairs of samples.

    Only those count in which both processes had a processor each: half a processor says nothing
    about a lock.  (An exclusive lock makes its waiters sleep, so only the shared sample can tell.)
    Where the machine never is that free, the figures are printed without a verdict.
    """
    kept: list[tuple[float, float]] = []
    rest: list[tuple[float, float]] = []
    for _ in range(TRIES):
        ours, theirs = samples(shared, 2, 2)[-1], samples(exclusive, 2, 2)[-1]
        wall, spent = ours
        good = spent >= CORE_SHARE * 2 * wall
        (kept if good else rest).append((wall, theirs[0]))
        if len(kept) == ROUNDS:
            break
    return make_row(
        "free: two processes, wall time" + ("" if kept else ", cores shared"),
        "ns/fault",
        [ours for ours, _ in kept or rest],
        "exclusive mmu_lock",
        [theirs for _, theirs in kept or rest],
        Target(">= 2x", ratio=2) if kept else None,
        more_is_better=False,
    )


def faults(shop: Workshop, core: list[Path]) -> list[Row]:
    bare = shop.core("nohooks", "-DMMUTORTURE_NOHOOKS")
    exclusive_fault = shop.object_of(
        "native/kvm/fault.c", "exclusive", "-include", "native/bench/exclusive.h"
    )
    exclusive_core = [exclusive_fault if o.name == exclusive_fault.name else o for o in core]
    plain = shop.program("fault", "plain", core)
    nohooks = shop.program("fault", "nohooks", bare, "-DMMUTORTURE_NOHOOKS")
    exclusive = shop.program("fault", "exclusive", exclusive_core)
    kernel = shop.program("kernel_fault", "plain", core)

    with_hooks, without, anchor = [], [], []
    for _ in range(ROUNDS):
        # The first round of a process also pays for the first touch of its memory.
        with_hooks += [line[1] for line in samples(plain, 1, 3)[1:]]
        without += [line[1] for line in samples(nohooks, 1, 3)[1:]]
        anchor += [line[0] for line in samples(kernel, 2)]
    rows = [
        make_row(
            "free: fault, hooks off, one process", "M/s", [1e3 / ns for ns in with_hooks],
            "kernel minor fault", [1e3 / ns for ns in anchor], Target(">= 10", low=10),
        ),
        make_row(
            "free: fault, hooks compiled in", "ns", with_hooks,
            "no hooks", without, Target("at most 5 % more", ratio=1 / 1.05), more_is_better=False,
        ),
        in_parallel(plain, exclusive),
    ]  # fmt: skip
    instructions = [counted(plain), counted(nohooks)]
    if instructions[0] and instructions[1]:
        rows.insert(
            2,
            make_row(
                "free: fault, hooks compiled in", "instructions", [instructions[0]],
                "no hooks", [instructions[1]], Target("at most 5 % more", ratio=1 / 1.05),
                more_is_better=False,
            ),
        )  # fmt: skip
    return rows


def locks(shop: Workshop, core: list[Path]) -> list[Row]:
    rcu, peer_name = shop.with_peer(core)
    reader = samples(rcu, ROUNDS)
    ours, fence, peer = zip(*reader, strict=True)
    limit = Target("<= 7", high=7)
    less = {"more_is_better": False}
    rows = [make_row("rcu: read side", "ns/pair", ours, "store and fence", fence, limit, **less)]
    if peer_name:
        rows.append(make_row("rcu: read side", "ns/pair", ours, peer_name, peer, limit, **less))

    rwlock = shop.program("rwlock", "plain", core)
    pairs = list(zip(*samples(rwlock, "pairs", ROUNDS), strict=True))
    no_slower = Target("no slower", ratio=1)
    for mode, name in enumerate(("read", "write")):
        rows.append(
            make_row(
                f"mmu_lock: uncontended {name}", "ns/pair", pairs[mode],
                "pthread_rwlock", pairs[mode + 2], no_slower, **less,
            )
        )  # fmt: skip
    mixed = samples(rwlock, "mix", PROCESSES, 150, ROUNDS)
    core_lock, pthread = (list(zip(*mixed[n::2], strict=True)) for n in (0, 1))
    what = f"mmu_lock: {PROCESSES} processes, 95 % read"
    goals = (("Mops/s", Target(">= 1x", ratio=1)), ("ns, p99 wait", Target("<= 1000", high=1000)))
    for column, (unit, goal) in enumerate(goals):
        rows.append(
            make_row(
                what, unit, core_lock[column], "pthread_rwlock", pthread[column], goal,
                more_is_better=column == 0,
            )
        )  # fmt: skip
    fair = Target(">= 0.4", low=0.4)
    rows.append(
        make_row(what, "slowest/quickest", core_lock[2], "pthread_rwlock", pthread[2], fair)
    )
    return rows


# --- The report ----------------------------------------------------------------------------------


def busy() -> float:
    """Share of the processors' time that was used in the last tenth of a second, 0..1."""

    def ticks() -> tuple[int, int]:
        fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = ticks()
    time.sleep(0.1)
    total_then, idle_then = ticks()
    return 1 - (idle_then - idle) / max(1, total_then - total)


def machine() -> dict[str, Any]:
    share = busy()
    return {
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "busy": round(share, 2),
        "idle": share <= BUSY_MAX,
    }


def significant(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def render(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("figure", "unit"):
        table.add_column(column, no_wrap=True)
    for column in ("median", "lowest", "highest", "peer's"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("peer", no_wrap=True)
    table.add_column("ratio", no_wrap=True, justify="right")
    for column in ("target", "met"):
        table.add_column(column, no_wrap=True)
    marks = {True: Text("yes", style="green"), False: Text("NO", style="bold red"), None: Text("")}
    for row in rows:
        figures = (row.ours, *row.spread, row.peer)
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        cells = [row.name, row.unit, *map(significant, figures), row.peer_name, ratio, row.target]
        table.add_row(*cells, marks[row.met])
    Console(width=max(Console().width, COLUMNS_MIN)).print(table)


def document(row: Row) -> dict[str, Any]:
    fields = ("name", "ours", "peer", "peer_name", "ratio", "unit", "spread", "target", "met")
    return {name: getattr(row, name) for name in fields}


def measure(out: Output, directory: Path) -> list[Row]:
    shop = Workshop(directory)  # first: it knows whether there is anything to compile with
    out.say("compiling the core's variants ...")
    core = shop.core("plain")
    groups: tuple[tuple[str, Callable[[], list[Row]]], ...] = (
        ("fibers", fibers),
        ("lockstep", lockstep),
        ("page faults", lambda: faults(shop, core)),
        ("RCU and locks", lambda: locks(shop, core)),
    )
    rows = []
    for name, group in groups:
        out.say(f"measuring {name} ...")
        rows += group()
    return rows


def run(json: bool, quiet: bool) -> int:
    """Measure and print; a missed target is no failure.  Exit code 4: it cannot run here."""
    out, began = Output(json, quiet), time.monotonic()
    before = machine()
    if not before["idle"]:
        share = f"{before['busy']:.0%}"
        print(
            f"mmutorture: others use {share} of this machine's processors (load {before['load']}); "
            "trust the ratios, not the figures",
            file=sys.stderr,
        )
    try:
        with tempfile.TemporaryDirectory(prefix="mmut-bench-") as directory:
            rows = measure(out, Path(directory))
    except Skipped as reason:
        print(f"mmutorture: {reason}", file=sys.stderr)
        return Exit.SKIPPED
    elapsed = round(time.monotonic() - began, 1)
    if json:
        facts = {**before, "build": text(lib.mmut_build_id()), "elapsed_s": elapsed}
        print(json_module.dumps({"bench": facts, "rows": [document(row) for row in rows]}))
        return Exit.PASS
    if not quiet:
        render(rows)
    missed = sum(row.met is False for row in rows)
    aimed = sum(row.met is not None for row in rows)
    out.say(
        f"{aimed - missed} of {aimed} targets met in {elapsed} s on {before['cores']} cores "
        f"(load {before['load']} at the start); ratios above 1 are in our favour"
    )
    return Exit.PASS
