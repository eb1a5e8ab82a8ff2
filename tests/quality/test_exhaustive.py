# SPDX-License-Identifier: GPL-2.0-only
"""Exhaustive search: known answers, plain enumeration beside it, and what must not be left out.

native/tests/exhaustive.c has the families with known answers, fuzz.c the random scripts.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from native.tests import build, tap

pytestmark = pytest.mark.xdist_group("native")

CASE = re.compile(r"\bCASE\((\w+)\)[,;]")
SOURCE = (build.HERE / "exhaustive.c").read_text(encoding="utf-8")
PROGRAMS = 500  # random scripts; 400 are enough for each ablation to show
# enum search_ablation of native/sched/search.h
ABLATIONS = {
    "the last event of a reversal keeps its kind": 1,
    "tasks that wait at the end are ignored": 2,
    "a release orders the acquisition behind it": 4,
    "nobody sleeps": 8,
}


@pytest.fixture(scope="session")
def exhaustive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = build.shared_directory(tmp_path_factory.getbasetemp())
    return build.build_once(directory)["exhaustive"]


def fuzz(program: Path, *arguments: int) -> tuple[int, str]:
    done = subprocess.run(
        [program, "fuzz", *map(str, arguments)], capture_output=True, text=True, timeout=600
    )
    last = done.stdout.splitlines()[-1]
    found = re.search(r"(\d+) wrong$", last)
    assert found, done.stdout + done.stderr
    return int(found[1]), done.stdout


@pytest.mark.parametrize("case", CASE.findall(SOURCE))
def test_known_answers(exhaustive: Path, case: str) -> None:
    report = tap.run(exhaustive, case)
    assert report.cases == {case: ""}, report.output


@pytest.mark.parametrize("memory", ["sc", "tso"])
def test_no_class_is_lost_and_none_repeated(exhaustive: Path, memory: str) -> None:
    wrong, output = fuzz(exhaustive, PROGRAMS, 2026, 0, ["sc", "tso"].index(memory))
    assert wrong == 0, output


@pytest.mark.parametrize("what", ABLATIONS)
def test_an_ablation_is_noticed(exhaustive: Path, what: str) -> None:
    wrong, output = fuzz(exhaustive, PROGRAMS, 3, ABLATIONS[what])
    assert wrong > 0, output
