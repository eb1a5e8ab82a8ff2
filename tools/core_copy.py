# SPDX-License-Identifier: GPL-2.0-only
"""A copy of the project whose core is broken on purpose, compiled again file by file, and run."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


class DoesNotCompile(Exception):
    """With what the compiler said."""


def load_recipe(tree: Path) -> ModuleType:
    """``native/build_core.py`` of the copy, which knows sources and flags."""
    file = tree / "native/build_core.py"
    spec = importlib.util.spec_from_file_location("copy_build_core", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CoreCopy:
    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("native", "harness", "scenarios"):
            hidden = shutil.ignore_patterns("*.so", "__pycache__", "build")
            shutil.copytree(ROOT / name, path / name, ignore=hidden)
        recipe = load_recipe(path)
        flags, self.link_flags = recipe.flags()
        self.sources = [*recipe.sources(), "binding.c"]
        ffi = recipe.FFI()
        ffi.cdef(recipe.declarations())
        ffi.set_source("harness._core", '#include "api.h"\nPyMODINIT_FUNC PyInit__core(void);\n')
        ffi.emit_c_code(str(path / "binding.c"))
        include = sysconfig.get_path("include")
        self.compile = [*COMPILER, *flags, "-O2", "-g0", "-fPIC", "-w", "-Inative", f"-I{include}"]
        self.compile.append('-DMMUTORTURE_BUILD_ID="00000000deadbeef"')
        self.stale = set(self.sources)

    def add(self, source: str) -> None:
        """A source that the project does not have."""
        self.sources.append(source)
        self.stale.add(source)

    def call(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DoesNotCompile(done.stdout + done.stderr)

    def touch(self, files: set[str]) -> None:
        """`files` changed: what includes one of them, or is one, will be compiled again."""
        for source in self.sources:
            rule = (self.path / source).with_suffix(".d").read_text().replace("\\\n", " ")
            used = {os.path.normpath(name) for name in rule.partition(":")[2].split()}
            if used & files:
                self.stale.add(source)

    def build(self) -> None:
        for source in sorted(self.stale):
            objects = str(Path(source).with_suffix(".o"))
            self.call(*self.compile, "-MMD", "-c", source, "-o", objects)
        self.stale.clear()
        all_objects = [str(Path(source).with_suffix(".o")) for source in self.sources]
        target = "harness/_core.abi3.so"
        self.call(*COMPILER, "-shared", *self.link_flags, "-o", target, *all_objects)

    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.path), "NO_COLOR": "1"}

    def run(self, *arguments: str, seconds: float = 100) -> tuple[int, dict[str, Any]]:
        """A command of the copy: its exit code and the document that --json prints."""
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments, "--json"],
            cwd=self.path,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if not done.stdout:
            raise RuntimeError(done.stderr)
        return done.returncode, json.loads(done.stdout)
