# SPDX-License-Identifier: GPL-2.0-only
"""Every oracle fires on each planted violation of its rules, in its own words, and is silent else.

The cases are in native/tests: PLANT() breaks one rule, CLEAN() does what is allowed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from native.tests import build, tap

# One worker builds the programs and runs them; nobody else waits for the compiler.
pytestmark = pytest.mark.xdist_group("native")

CASE = re.compile(
    r"^(?:PLANT|CLEAN|AT_QUIESCENCE|AFTER_TEARDOWN|LOGGED|ALL_SET|NX|NX_AT_REST|__PLANT)\((\w+),",
    re.MULTILINE,
)
CASES = {
    case: file.stem
    for file in sorted(build.HERE.glob("*.c"))
    for case in CASE.findall(file.read_text(encoding="utf-8"))
}
# What only a scheduler or a scenario can provoke: native/tests/endings.c and races.c, and below.
ELSEWHERE = {"assertion", "data-race", "forbidden-outcome"}

FORBIDDEN = """\
name = "increments"
kind = "litmus"
description = "Two writers and a reader; that both writes are seen is declared impossible."

[[slots]]
base-gfn = 0x10
pages = 1

[[tasks]]
kind = "vcpu"
program = ["write 0x10", "r0 = read 0x10"]

[[tasks]]
kind = "vcpu"
program = ["write 0x10"]

[[outcomes]]
when = "vcpu0.r0 == 2"
verdict = "{verdict}"
text = "both writes"
"""


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return build.build_once(build.shared_directory(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def verdicts(programs: dict[str, Path]) -> tap.Report:
    return tap.run(programs["oracles"], seconds=600)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{CASES[case]}-{case}")
def test_planted(verdicts: tap.Report, case: str) -> None:
    assert case in verdicts.cases, f"it did not run; the program said:\n{verdicts.output}"
    assert verdicts.cases[case] == "", verdicts.cases[case]


def test_all_cases_ran(verdicts: tap.Report) -> None:
    assert len(CASES) > 250
    assert set(verdicts.cases) == set(CASES)
    assert verdicts.code == 0 and verdicts.last == f"{len(CASES)} passed, 0 failed"


def test_one_case_runs_by_name(programs: dict[str, Path]) -> None:
    one = tap.run(programs["oracles"], "kvm_bug_on")
    assert (one.code, one.last, list(one.cases)) == (0, "1 passed, 0 failed", ["kvm_bug_on"])
    assert tap.run(programs["oracles"], "no_such_case").code == 1


def test_every_oracle_has_cases(programs: dict[str, Path], mmutorture: Callable) -> None:
    listed = subprocess.run(
        [programs["oracles"], "--list"], capture_output=True, text=True, check=True
    ).stdout
    planted = {line.split()[0] for line in listed.splitlines()}
    known = {row["name"] for row in mmutorture("list", "oracles", "--json").json["oracles"]}
    assert known - ELSEWHERE <= planted


@pytest.mark.parametrize("verdict", ["forbidden", "allowed"])
def test_a_forbidden_outcome(mmutorture: Callable, tmp_path: Path, verdict: str) -> None:
    file = tmp_path / "increments.toml"
    file.write_text(FORBIDDEN.format(verdict=verdict), encoding="utf-8")
    done = mmutorture("explore", str(file), "--schedules", "500", "--seed", "1", "--json")
    found = [failure["oracle"] for failure in done.json["failures"]]
    if verdict == "allowed":
        assert (done.code, found) == (0, [])
        assert any(row["count"] for row in done.json["outcomes"])
    else:
        assert (done.code, found) == (1, ["forbidden-outcome"]), done.out + done.err
