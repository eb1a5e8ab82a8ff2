# SPDX-License-Identifier: GPL-2.0-only
"""Bugs that the model has no switch for are found as well.

Each patch in ``mutants/`` breaks the protocol in one place and says, above the diff, where to look
and which oracles may notice.  It is applied to a copy of the tree, the core is compiled anew (only
what the patch touches), and the command runs on that: not one line of the oracles knows of it.

It takes a minute or two, so it is not part of ``make test``: ``pytest -m mutants`` runs it.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("harness._core")
sys.path.append(str(Path(__file__).parents[2] / "tools"))

from core_copy import COMPILER, CoreCopy

pytestmark = [pytest.mark.xdist_group("cpus"), pytest.mark.mutants]

PATCHES = sorted((Path(__file__).parent / "mutants").glob("*.patch"))
BUDGET = "30s"
SEED = "11"


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


def apply(tree: CoreCopy, patch: Path, *direction: str) -> None:
    tree.call("patch", "-p1", "--no-backup-if-mismatch", *direction, "-i", str(patch))
    tree.touch(set(re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(), re.M)))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> CoreCopy:
    if not shutil.which("patch") or not shutil.which(COMPILER[0]):
        pytest.skip("needs patch and a C compiler")
    made = CoreCopy(tmp_path_factory.mktemp("mutants"))
    made.build()
    return made


def test_the_copy_itself_is_quiet(tree: CoreCopy) -> None:
    code, found = tree.run("explore", "same-gfn", "--seed", SEED, "--budget", "2s")
    assert code == 0, found["failures"]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_mutant_is_found_and_reproduced(tree: CoreCopy, patch: Path) -> None:
    mutant = Mutant.read(patch)
    apply(tree, patch)
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
        apply(tree, patch, "-R")
