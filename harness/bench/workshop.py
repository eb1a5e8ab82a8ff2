# SPDX-License-Identifier: GPL-2.0-only
"""Compiling the programs of native/bench and variants of the core, and running them."""

import os
import runpy
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from harness.errors import HarnessError

ROOT = Path(__file__).resolve().parent.parent.parent


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
        self.flags = [*build["COMMON_FLAGS"], *build["PROFILES"]["release"][0], "-fPIC", "-Inative"]
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
