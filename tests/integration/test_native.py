# SPDX-License-Identifier: GPL-2.0-only
"""The core by itself: primitives with real processes, and schedules with known answers.

native/tests/primitives.c and native/tests/schedules.c say what each case is about.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from native.tests import build, tap

pytestmark = pytest.mark.xdist_group("native")

CASE = re.compile(r"\bCASE\((\w+)\)[,;]")


def cases(program: str) -> list[str]:
    return CASE.findall((build.HERE / f"{program}.c").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build.build_once(build.shared_directory(tmp_path_factory.getbasetemp()))


@pytest.mark.parametrize("case", cases("repeat"))
def test_repeat(programs: dict[str, Path], case: str) -> None:
    report = tap.run(programs["repeat"], case)
    assert report.cases == {case: ""}, report.output


@pytest.mark.parametrize("case", cases("schedules"))
def test_schedules(programs: dict[str, Path], case: str) -> None:
    report = tap.run(programs["schedules"], case)
    assert report.cases == {case: ""}, report.output


@pytest.mark.parametrize("case", cases("primitives"))
def test_primitives(programs: dict[str, Path], case: str) -> None:
    report = tap.run(programs["primitives"], case)
    assert report.cases == {case: ""}, report.output


@pytest.mark.parametrize("case", cases("races"))
def test_races(programs: dict[str, Path], case: str) -> None:
    report = tap.run(programs["races"], case)
    assert report.cases == {case: ""}, report.output
