# SPDX-License-Identifier: GPL-2.0-only
"""The core by itself: a test for each case of some programs of native/tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from native.tests import build, tap

pytestmark = pytest.mark.xdist_group("native")

PROGRAMS = ("prng", "primitives", "replays", "closed_forms", "endings", "repeat", "races")
CASE = re.compile(r"\bCASE\((\w+)\)[,;]")


def cases(program: str) -> list[str]:
    found = CASE.findall((build.HERE / f"{program}.c").read_text(encoding="utf-8"))
    assert found, f"{program}.c has no cases"
    return found


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build.build_once(build.shared_directory(tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize(
    ("program", "case"), [(program, case) for program in PROGRAMS for case in cases(program)]
)
def test_native(programs: dict[str, Path], program: str, case: str) -> None:
    report = tap.run(programs[program], case)
    assert report.cases == {case: ""}, report.output
