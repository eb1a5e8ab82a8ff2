# SPDX-License-Identifier: GPL-2.0-only
"""Bugs that the model has no switch for are found as well.

Each patch in ``mutants/`` breaks the protocol in one place and says, above the diff, where to look
and which oracles may notice.  It is applied to a copy of the tree, the core is compiled anew (only
what the patch touches), and the command runs on that: not one line of the oracles knows of it.

It takes a minute or two, so it is not part of ``make test``: ``pytest -m mutants`` runs it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("harness._core")
pytestmark = [pytest.mark.xdist_group("cpus"), pytest.mark.mutants]

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))
BUDGET = "30s"
SEED = "11"
COMPILER = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")


@dataclass(frozen=True)
class Mutant:
    """What a patch says about itself."""

    patch: Path
    scenario: str
    memory: str
    oracles: tuple[str, ...]

    @staticmethod
    def read(patch: Path) -> Mutant:
        said = dict(re.findall(r"^(Scenario|Memory|Oracles): (.+)$", patch.read_text(), re.M))
        return Mutant(patch, said["Scenario"], said["Memory"], tuple(said["Oracles"].split()))


def load_recipe(tree: Path) -> ModuleType:
    """``native/build_core.py`` of the copy, which knows sources and flags."""
    file = tree / "native/build_core.py"
    spec = importlib.util.spec_from_file_location("mutant_build_core", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Tree:
    """A copy of the project whose core can be compiled again file by file."""

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
        self.compile = [*COMPILER, *flags, "-O2", "-fPIC", "-w", "-Inative", f"-I{include}"]
        self.compile.append('-DMMUTORTURE_BUILD_ID="00000000deadbeef"')
        self.stale = set(self.sources)

    def call(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def touched(self, files: set[str]) -> set[str]:
        """The sources that include one of `files`, or are one."""
        found = set()
        for source in self.sources:
            rule = (self.path / source).with_suffix(".d").read_text().replace("\\\n", " ")
            used = {os.path.normpath(name) for name in rule.partition(":")[2].split()}
            if used & files:
                found.add(source)
        return found

    def build(self) -> None:
        for source in sorted(self.stale):
            objects = str(Path(source).with_suffix(".o"))
            self.call(*self.compile, "-MMD", "-c", source, "-o", objects)
        self.stale.clear()
        all_objects = [str(Path(source).with_suffix(".o")) for source in self.sources]
        target = "harness/_core.abi3.so"
        self.call(*COMPILER, "-shared", *self.link_flags, "-o", target, *all_objects)

    def patch(self, patch: Path, *, back: bool = False) -> None:
        direction = ["-R"] if back else []
        self.call("patch", "-p1", "--no-backup-if-mismatch", *direction, "-i", str(patch))
        files = set(re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M))
        self.stale |= self.touched(files)

    def run(self, *arguments: str) -> tuple[int, dict]:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments, "--json"],
            cwd=self.path,
            env={**os.environ, "PYTHONPATH": str(self.path), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    if not shutil.which("patch") or not shutil.which(COMPILER[0]):
        pytest.skip("needs patch and a C compiler")
    made = Tree(tmp_path_factory.mktemp("mutants"))
    made.build()
    return made


def test_the_copy_itself_is_quiet(tree: Tree) -> None:
    code, found = tree.run("explore", "same-gfn", "--seed", SEED, "--budget", "2s")
    assert code == 0, found["failures"]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_mutant_is_found_and_reproduced(tree: Tree, patch: Path) -> None:
    mutant = Mutant.read(patch)
    tree.patch(patch)
    try:
        tree.build()
        options = ("--memory", mutant.memory, "--seed", SEED, "--budget", BUDGET, "--no-minimise")
        code, found = tree.run("explore", mutant.scenario, *options)
        assert code in (1, 6), f"not found in {BUDGET}"
        failure = found["failures"][0]
        assert failure["oracle"] in mutant.oracles, failure
        _, replay = tree.run("reproduce", failure["token"], "--repeat", "3")
        assert replay["verdict"] == "reproduced" and replay["reproduced"] == 3, replay
    finally:
        tree.patch(patch, back=True)
