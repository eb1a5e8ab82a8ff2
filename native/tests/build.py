# SPDX-License-Identifier: GPL-2.0-only
"""Build the native test programs: ``python native/tests/build.py [DIRECTORY]``.

They are linked from the core as the extension module is built (same flags, same profile; its own
objects where they are up to date), with the table of small programs replaced by each test program's
own.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from native import build_core  # noqa: E402

REPLACED = "native/program/program.c"
MAINS = (
    "oracles",
    "prng",
    "replays",
    "closed_forms",
    "endings",
    "primitives",
    "exhaustive",
    "races",
    "repeat",
)
SHARED = ("tap", "worlds")
TABLE = ("programs", "scripts")
PARTS = {
    "prng": TABLE,
    "replays": TABLE,
    "closed_forms": TABLE,
    "endings": TABLE,
    "repeat": TABLE,
    "primitives": ("workers",),
    "exhaustive": (*TABLE, "enumerate", "fuzz"),
}
LINK = {"primitives": ["-Wl,--wrap=syscall"]}


def compiler() -> list[str]:
    return shlex.split(os.environ.get("CC") or "cc")


def plants() -> list[str]:
    """The files of planted violations, which belong to ``oracles``."""
    others = {*MAINS, *SHARED, *(part for parts in PARTS.values() for part in parts)}
    return sorted({path.stem for path in HERE.glob("*.c")} - others)


def run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stderr}")


def built(core: list[str]) -> dict[str, str]:
    """What this tree's extension module was linked from, unless any of it is out of date."""
    done, name = ROOT / ".venv" / ".built", build_core.profile()
    if not done.is_file() or done.read_text().strip() not in (name, f"{name}+werror"):
        return {}
    place = f"build/temp.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    objects = {source: (ROOT / place / source).with_suffix(".o") for source in core}
    if not all(path.is_file() for path in objects.values()):
        return {}
    sources = build_core.inputs(".c", ".h", ".def", ".py")
    newest = max((ROOT / source).stat().st_mtime for source in sources)
    if any(path.stat().st_mtime < newest for path in objects.values()):
        return {}
    return {source: str(path) for source, path in objects.items()}


def compile_all(directory: Path, jobs: int) -> dict[str, str]:
    """Object files by source, relative to the root of the project."""
    flags = build_core.flags()[0]
    core = [source for source in build_core.sources() if source != REPLACED]
    ready = built(core)
    tests = [path.relative_to(ROOT).as_posix() for path in HERE.glob("*.c")]
    wanted = [source for source in (*core, *tests) if source not in ready]
    objects = {s: str(directory / (s.replace("/", "-") + ".o")) for s in wanted}
    common = [*compiler(), *flags, "-Inative"]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda s: run([*common, "-c", s, "-o", objects[s]]), objects))
    return ready | objects


def build(directory: Path, jobs: int | None = None) -> dict[str, Path]:
    """Compile and link everything into `directory`; the programs by name."""
    directory.mkdir(parents=True, exist_ok=True)
    objects = compile_all(directory, jobs or os.cpu_count() or 1)
    core = [name for source, name in objects.items() if not source.startswith("native/tests/")]
    programs = {}
    for main in MAINS:
        parts = [main, *SHARED, *(plants() if main == "oracles" else PARTS.get(main, ()))]
        own = [objects[f"native/tests/{part}.c"] for part in parts]
        programs[main] = directory / main
        link = [*build_core.flags()[1], *LINK.get(main, [])]
        run([*compiler(), "-o", str(programs[main]), *own, *core, *link])
    return programs


def build_once(directory: Path) -> dict[str, Path]:
    """The same, for several processes that want it at once: the first one builds."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = directory / "done"
        if not done.exists():
            build(directory)
            for leftover in directory.glob("*.o"):
                leftover.unlink()
            done.touch()
    return {main: directory / main for main in MAINS}


def shared_directory(base_temp: Path) -> Path:
    """Where the workers of one pytest run find the programs; pytest removes it in time."""
    workers = "PYTEST_XDIST_WORKER" in os.environ
    return (base_temp.parent if workers else base_temp) / "native"


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "build")
