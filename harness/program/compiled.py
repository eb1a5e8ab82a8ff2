# SPDX-License-Identifier: GPL-2.0-only
"""Programs in C: compiled against ``mmutorture.h`` and handed to the core as the object's bytes.

The source is the program: it stands in a scenario's ``code`` behind a first line ``c FILE``, so
that a failure directory holds all of it, and a token's hash covers it.  Nothing is left on disk.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from harness._core import ffi, lib
from harness.errors import HarnessError, UsageError
from harness.program.code import TASKS_MAX
from harness.program.core import program_number
from harness.scenario.schema import Scenario

if TYPE_CHECKING:
    from harness._core import mmut_config

FLAGS = (
    *("-std=gnu11", "-O1", "-g", "-fPIC", "-fno-strict-aliasing", "-fvisibility=hidden"),
    *("-Wall", "-Wno-unused-function", "-Wno-unused-value"),
    "-Werror=implicit-function-declaration",
)
# What stands behind the user's source: only there the size of STATE is known.
MODULE = """
#line 1 "{file}"
{source}
#line 1 "mmutorture: the end of {file}"
#define BOUND extern __attribute__((weak, visibility("hidden"))) const
BOUND struct mmut_site __start_mmut_user_sites[];
BOUND struct mmut_site __stop_mmut_user_sites[];
BOUND struct mmut_task_def __start_mmut_user_tasks[];
BOUND struct mmut_task_def __stop_mmut_user_tasks[];
struct mmut_state *S;
__attribute__((visibility("default"))) struct mmut_module mmut_module = {{
	.abi = MMUTORTURE_ABI, .state_size = sizeof(STATE), .state = (void **)&S,
	.sites = __start_mmut_user_sites, .sites_end = __stop_mmut_user_sites,
	.tasks = __start_mmut_user_tasks, .tasks_end = __stop_mmut_user_tasks,
	.setup = mmut_setup, .finally = mmut_finally,
}};
"""
DIAGNOSTIC = re.compile(r"^(?P<place>.*?:\d+)(?::\d+)?: (?:(?:fatal )?error: )?(?P<what>.*)$", re.M)
VARIABLE_SECTIONS = (".data", ".bss", ".tdata", ".tbss", "*COM*")
OURS = ("mmut_module", "S")
SHARED_HINT = " (a SHARED() field is reached through READ_ONCE(), WRITE_ONCE(), ...)"
SECONDS_MAX = 300

# The objects that a configuration points to live as long as it does.
kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def include_directory() -> Path:
    """``include`` beside this package in a wheel, ``native/include`` in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "include"
    return inside if inside.is_dir() else package.parent / "native" / "include"


def is_c(code: Sequence[str]) -> bool:
    return bool(code) and code[0].startswith("c ")


def compiler() -> list[str]:
    return shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[:1]


def run(command: list[str], what: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_MAX, check=False
        )
    except FileNotFoundError:
        raise UsageError(f"{command[0]} is not installed; it is needed to {what}") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{command[0]} did not {what} in {SECONDS_MAX} s") from None


def complain(file: str, output: str) -> UsageError:
    lines = [line for line in output.splitlines() if " error: " in line or "undefined ref" in line]
    match = DIAGNOSTIC.search(lines[0]) if lines else None
    if match is None:
        last = output.strip().splitlines()[-1:] or ["the compiler gave no reason"]
        return UsageError(f"{file}: does not compile: {last[0]}")
    what = match["what"]
    if "struct mmut_state" in what:
        return UsageError(f"{file}: STATE {{ ... }}; is missing: it has what the tasks share")
    hint = SHARED_HINT if "struct <anonymous>" in what or "struct (unnamed" in what else ""
    return UsageError(f"{match['place']}: {what}{hint}")


def refuse_variables(file: str, objects: Path) -> None:
    """Variables outside of STATE keep their values from one execution to the next."""
    listed = run(["objdump", "-t", str(objects)], "look for variables").stdout
    for line in listed.splitlines():
        match = re.match(r"[0-9a-f]+ (.{7}) (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if match is None or "O" not in match[1] or match[3] in OURS:
            continue
        if match[2].startswith(VARIABLE_SECTIONS) and not match[2].startswith(".data.rel.ro"):
            name = match[3].partition(".")[0]
            raise UsageError(
                f"{file}: the variable '{name}' is not part of STATE, and would not be restored"
                " before each execution; make it a field, or const"
            )


@lru_cache(maxsize=8)
def build(file: str, source: str) -> bytes:
    """The shared object of a program; UsageError names the first thing that is wrong."""
    with tempfile.TemporaryDirectory(prefix="mmutorture-") as directory:
        unit, objects = Path(directory, "program.c"), Path(directory, "program.o")
        unit.write_text(MODULE.format(file=file.replace('"', ""), source=source), encoding="utf-8")
        near = str(Path(file).resolve().parent)
        includes = ["-I", str(include_directory()), "-iquote", near]
        done = run([*compiler(), *FLAGS, *includes, "-c", str(unit), "-o", str(objects)], "compile")
        if done.returncode:
            raise complain(file, done.stderr)
        refuse_variables(file, objects)
        shared = Path(directory, "program.so")
        done = run([*compiler(), "-shared", "-Wl,-z,defs", str(objects), "-o", str(shared)], "link")
        if done.returncode:
            raise complain(file, done.stderr)
        return shared.read_bytes()


def names(get: Any) -> list[str]:
    found: list[str] = []
    while (pointer := get(len(found))) != ffi.NULL:
        found.append(bytes(ffi.string(pointer)).decode())
    return found


@lru_cache(maxsize=8)
def about(file: str, source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(names of the tasks, labels of the outcome)."""
    shared = build(file, source)
    if lib.mmut_module_open(shared, len(shared)) != 0:
        raise HarnessError(bytes(ffi.string(lib.mmut_error())).decode())
    tasks = names(lib.mmut_module_task)
    labels = [label.replace("S->", "") for label in names(lib.mmut_module_label)]
    if not 1 <= len(tasks) <= TASKS_MAX:
        raise UsageError(f"{file}: {len(tasks)} tasks; write 1 to {TASKS_MAX} TASK(name) {{ ... }}")
    if long := [name for name in tasks if len(name) > 15]:
        raise UsageError(f"{file}: the name of task '{long[0]}' has more than 15 characters")
    return tuple(tasks), tuple(labels)


def parts(code: Sequence[str]) -> tuple[str, str]:
    """(file, source) of the canonical text."""
    return code[0][2:], "\n".join(code[1:]) + "\n"


def labels(code: Sequence[str]) -> list[str]:
    return list(about(*parts(code))[1])


def fill(config: mmut_config, code: Sequence[str]) -> None:
    """Everything of `config` that is the program's."""
    tasks, _ = about(*parts(code))
    shared = build(*parts(code))
    memory: Any = ffi.from_buffer("char[]", shared)
    config.program = program_number("native")
    config.object, config.object_size = memory, len(shared)
    config.nr_tasks = len(tasks)
    for number, name in enumerate(tasks):
        config.tasks[number].name = name.encode()
        config.tasks[number].kind = lib.MMUT_TASK_PROGRAM
    kept[config] = memory


def scenario_of(file: Path, source: str) -> Scenario:
    from harness.program.files import slug

    code = [f"c {file}", *source.splitlines()]
    about(*parts(code))  # what is wrong is said now
    return Scenario(name=slug(file.stem), kind="program", code=code)
