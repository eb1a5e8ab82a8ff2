# SPDX-License-Identifier: GPL-2.0-only
"""Describe the extension module ``harness._core`` to cffi; setup.py's cffi_modules names this file.

``native/api.h`` is the one door: Python sees what stands between the cffi marks of the headers
that it includes.  Nothing here is imported when the harness runs.
"""

import hashlib
import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

from cffi import FFI

# cffi executes this file with a __file__ that is relative to the project root, and the compiler
# wants its paths relative to that same root, which is the current directory of every build.
NATIVE = Path(__file__).resolve().parent
ROOT = NATIVE.parent
ROOMS = ("core", "sched", "kvm", "check", "program", "api")
OUTSIDE = ("bench", "tests")

INCLUDED = re.compile(r'^#include "(api/\w+\.h)"', re.MULTILINE)
MARKED = re.compile(r"/\* cffi: begin \*/(.*?)/\* cffi: end \*/", re.DOTALL)

# These come after the interpreter's own flags (-O3 -DNDEBUG ...), and the later one wins.
COMMON_FLAGS = [
    *("-std=gnu11", "-march=x86-64-v2", "-mno-red-zone", "-g", "-UNDEBUG", "-pthread"),
    *("-fno-strict-aliasing", "-fvisibility=hidden", "-fno-semantic-interposition"),
    "-fno-tree-slp-vectorize",  # a pair loaded at once waits for two stores
    *("-Wall", "-Wextra", "-Wshadow", "-Wpointer-arith", "-Wstrict-prototypes"),
    *("-Wmissing-prototypes", "-Wvla", "-Wno-unused-parameter"),
]
PROFILES: dict[str, tuple[list[str], list[str]]] = {  # name: compile flags, link flags
    "release": (["-O2"], []),
    "debug": (["-Og", "-g3", "-fno-omit-frame-pointer"], []),
    "coverage": (["-O0", "--coverage"], ["--coverage"]),
    "asan": (
        ["-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"],
        ["-fsanitize=address,undefined"],
    ),
}


def profile() -> str:
    """The one that MMUTORTURE_BUILD names."""
    name = os.environ.get("MMUTORTURE_BUILD") or "release"
    if name not in PROFILES:
        raise SystemExit(
            f"MMUTORTURE_BUILD={name} is not a build profile; choose one of {', '.join(PROFILES)}."
        )
    return name


def flags() -> tuple[list[str], list[str]]:
    """Compile and link flags of the profile."""
    compile_flags, link_flags = PROFILES[profile()]
    werror = ["-Werror"] if os.environ.get("MMUTORTURE_WERROR") == "1" else []
    return [*COMMON_FLAGS, *compile_flags, *werror], ["-pthread", *link_flags]


def relative(paths: list[Path]) -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def sources() -> list[str]:
    found = [path for room in ROOMS for path in (NATIVE / room).glob("*.c")]
    if os.environ.get("MMUTORTURE_BUILD") != "coverage":
        found.remove(NATIVE / "api" / "coverage.c")
    return relative(found)


def inputs(*suffixes: str) -> list[str]:
    """Files under native/ with these suffixes that the core is built from."""
    found = [path for suffix in suffixes for path in NATIVE.rglob(f"*{suffix}")]
    return relative([p for p in found if p.relative_to(NATIVE).parts[0] not in OUTSIDE])


def compiler_version() -> str:
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.partition("\n")[0]


def build_id() -> str:
    """16 hex digits that change with the sources, the flags or the compiler.

    A reproduction token carries them: another core may take other schedule points.
    """
    digest = hashlib.sha256()

    def add(text: bytes) -> None:
        digest.update(len(text).to_bytes(8, "little"))
        digest.update(text)

    for name in inputs(".c", ".h", ".def"):
        add(name.encode())
        add((ROOT / name).read_bytes())
    for flag in [part for group in flags() for part in group]:
        add(flag.encode())
    add(compiler_version().encode())
    return digest.hexdigest()[:16]


def declarations() -> str:
    """The marked parts of the headers that api.h includes, for cdef()."""
    names = INCLUDED.findall((NATIVE / "api.h").read_text(encoding="utf-8"))
    texts = {name: (NATIVE / name).read_text(encoding="utf-8") for name in names}
    parts = {name: MARKED.findall(text) for name, text in texts.items()}
    for name in [name for name in names if not parts[name]]:
        raise SystemExit(f"native/{name} has no part from /* cffi: begin */ to /* cffi: end */.")
    return "\n".join(part for name in names for part in parts[name])


def make_ffi() -> FFI:
    identity = build_id()
    compile_flags, link_flags = flags()
    ffi = FFI()
    ffi.cdef(declarations())
    ffi.set_source(
        "harness._core",
        # setuptools rebuilds when a file is newer than the module.  A removed file, another flag
        # and another compiler are not newer files: the identity makes the generated source one.
        f'/* build {identity} */\n#include "api.h"\nPyMODINIT_FUNC PyInit__core(void);\n',
        sources=sources(),
        include_dirs=["native"],
        depends=inputs(".h", ".def"),
        define_macros=[
            ("MMUTORTURE_BUILD_ID", f'"{identity}"'),
            ("MMUTORTURE_BUILD_KIND", f'"{profile()}"'),
        ],
        extra_compile_args=compile_flags,
        extra_link_args=link_flags,
    )
    return ffi


# Tools that only want the declarations import this file under another name than cffi's.
if __name__ == "__cffi__":
    ffibuilder = make_ffi()
