# SPDX-License-Identifier: GPL-2.0-only
"""Explore everything for a long time, and stop at the first violation: `make soak`.

Chunk after chunk, in several processes: each chunk explores one cell (a scenario with a base
profile, a memory model and a strategy) for a second or two, with a seed that no other chunk has.
Round r takes every cell once, with seed FIRST + r.  What was done is kept in
results/soak/<build>.json after each chunk; the next run of the same build goes on from there, and
says what all of them add up to.  Prints one line each minute.  Exit status: 0 nothing was violated,
1 something was (its token is printed, and what is known of it kept), 130 interrupted.
"""

import argparse
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

import cells
import msgspec

from harness.core import catalogue
from harness.core.token import Recipe
from harness.errors import Exit
from harness.failure import capture, evidence
from harness.results.directory import write_text
from harness.run import worker
from harness.run.explore import Limits
from harness.scenario import scenarios
from harness.scenario.settings import MEMORY_MODELS
from harness.signals import interruptible
from harness.units import human_count, parse_duration

ROOT = Path(__file__).resolve().parent.parent
FIRST_SEED = 0x50A4_0000_0000_0000  # far from the seeds that people type
SAY_SECONDS = 60.0


@dataclass(frozen=True)
class Chunk:
    index: int
    recipe: Recipe
    seconds: float


class Done(msgspec.Struct, frozen=True):
    """What one chunk did."""

    schedules: int
    schedule_points: int
    operations: int
    cpu_s: float
    directory: str = ""  # of the failure, where there was one
    block: str = ""


class State(msgspec.Struct):
    """The state file: everything that this build has done."""

    build: str
    first_seed: int
    chunk_s: float
    cells: int
    next: int = 0  # the first chunk that was never begun
    open: list[int] = []  # begun, and not known to have ended
    schedules: int = 0
    schedule_points: int = 0
    operations: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    violations: list[str] = []

    def add(self, chunk: Chunk, done: Done) -> None:
        self.open.remove(chunk.index)
        self.schedules += done.schedules
        self.schedule_points += done.schedule_points
        self.operations += done.operations
        self.cpu_s += done.cpu_s
        if done.directory:
            self.violations.append(done.directory)

    def text(self) -> str:
        finished = self.next - len(self.open)
        return (
            f"{finished} chunks ({finished / max(self.cells, 1):.2f} rounds of {self.cells} cells),"
            f" {human_count(self.schedules)} schedules,"
            f" {human_count(self.schedule_points)} schedule points,"
            f" {human_count(self.operations)} operations,"
            f" {self.cpu_s:.0f} CPU s in {self.wall_s:.0f} s"
        )


def prepare_child() -> None:
    worker.begin("soak")


def run_chunk(chunk: Chunk, kept: str) -> Done:
    """In a child.  A failure is captured here, where its decisions are."""
    began = time.process_time()
    found = cells.run(chunk.recipe, Limits(seconds=chunk.seconds))
    block = directory = ""
    if found.failure is not None:
        captured = capture.capture(
            found.recipe, found.scenario, found.failure, "explore", found.decisions
        )
        place = Path(kept) / f"failure-{chunk.index}"
        evidence.write(captured, place)
        block, directory = evidence.block(captured, place), str(place)
    totals = found.totals
    return Done(
        schedules=totals["schedules"],
        schedule_points=totals["schedule_points"],
        operations=totals["operations"],
        cpu_s=time.process_time() - began,
        directory=directory,
        block=block,
    )


class Soak:
    """The parent: hands out chunks and keeps the state."""

    def __init__(self, args: argparse.Namespace) -> None:
        names = args.strategy or cells.strategies()
        memories = args.memory or MEMORY_MODELS
        self.recipes = [
            recipe
            for recipe in cells.all_cells(FIRST_SEED, names, memories)
            if not args.scenario or recipe.spec in args.scenario
        ]
        # Whatever ends a round early has seen something of everything.
        random.Random(FIRST_SEED).shuffle(self.recipes)
        build = catalogue.build_id()[:8]
        self.kept = ROOT / "results" / "soak" if args.results is None else Path(args.results)
        self.kept.mkdir(parents=True, exist_ok=True)
        self.file = self.kept / f"{build}.json"
        fresh = State(build, FIRST_SEED, parse_duration(args.chunk), len(self.recipes))
        self.state = fresh
        if self.file.is_file() and not args.anew:
            self.state = msgspec.json.decode(self.file.read_bytes(), type=State)
            if (self.state.cells, self.state.chunk_s) != (fresh.cells, fresh.chunk_s):
                raise SystemExit(
                    f"{self.file}: begun with {self.state.cells} cells and chunks of"
                    f" {self.state.chunk_s:g} s; repeat those options, or give --anew"
                )
        self.again = list(self.state.open)
        self.before_s = self.state.wall_s
        self.began = time.monotonic()

    def chunk(self) -> Chunk:
        """The next one; first those that an earlier run did not finish."""
        if self.again:
            index = self.again.pop(0)
        else:
            index, self.state.next = self.state.next, self.state.next + 1
            self.state.open.append(index)
        turn, cell = divmod(index, len(self.recipes))
        recipe = self.recipes[cell]
        settings = replace(recipe.settings, seed=FIRST_SEED + turn)
        return Chunk(index, replace(recipe, settings=settings), self.state.chunk_s)

    def save(self) -> None:
        self.state.wall_s = self.before_s + time.monotonic() - self.began
        write_text(self.file, msgspec.json.encode(self.state).decode() + "\n")

    def run(self, seconds: float, jobs: int) -> int:
        spawn = multiprocessing.get_context("spawn")
        said = self.began
        with interruptible() as interrupt, ProcessPoolExecutor(jobs, spawn, prepare_child) as pool:
            running: dict[Future[Done], Chunk] = {}
            while True:
                over = bool(interrupt or self.state.violations)
                over = over or time.monotonic() - self.began >= seconds
                while not over and len(running) < jobs:
                    chunk = self.chunk()
                    running[pool.submit(run_chunk, chunk, str(self.kept))] = chunk
                if not running:
                    break
                done, _ = wait(running, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in done:
                    result = future.result()
                    self.state.add(running.pop(future), result)
                    if result.block:
                        print(result.block, flush=True)
                if done:
                    self.save()
                if time.monotonic() - said >= SAY_SECONDS:
                    said += SAY_SECONDS
                    print(f"{time.strftime('%H:%M')}  {self.state.text()}", flush=True)
            self.save()
        verdict = f"{len(self.state.violations)} violations" if self.state.violations else "clean"
        print(f"build {self.state.build}: {verdict}: {self.state.text()}")
        if self.state.violations:
            return Exit.VIOLATION
        return Exit.INTERRUPTED if interrupt else Exit.PASS


def main() -> int:
    parser = argparse.ArgumentParser(description="explore everything for a long time")
    parser.add_argument("--duration", default="1h", help="how long; default: 1h")
    parser.add_argument("--chunk", default="2s", help="how long one cell at a time; default: 2s")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--strategy", action="append", help="these; repeatable; default: all")
    parser.add_argument("--memory", action="append", choices=MEMORY_MODELS, help="the same")
    parser.add_argument("--scenario", action="append", choices=list(scenarios.scenario_files()))
    parser.add_argument("--results", help="where the state is kept; default: results/soak")
    parser.add_argument("--anew", action="store_true", help="forget what was done before")
    args = parser.parse_args()
    return int(Soak(args).run(parse_duration(args.duration), args.jobs))


if __name__ == "__main__":
    sys.exit(main())
