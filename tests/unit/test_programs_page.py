# SPDX-License-Identifier: GPL-2.0-only
"""What docs/programs.md shows is tried."""

import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert match is not None
    return match[1]


def test_the_python_program(mmutorture: Callable, tmp_path: Path) -> None:
    (tmp_path / "message.py").write_text(block("python"), encoding="utf-8")
    spec = ("explore", "message.py", "--seed", "1", "--json")
    assert mmutorture(*spec, "--schedules", "1000").code == 0
    assert mmutorture(*spec, "--memory", "lkmm", "--strategy", "dpor").json["exhausted"]
    weak = mmutorture(*spec, "--memory", "lkmm", "--set", "barriers=0", "--schedules", "5000")
    assert weak.code == 1 and weak.json["failures"][0]["message"] == "the buffer is full"


def test_the_c_program(mmutorture: Callable, tmp_path: Path) -> None:
    (tmp_path / "counter.c").write_text(block("c"), encoding="utf-8")
    done = mmutorture("explore", "counter.c", "--schedules", "1000", "--seed", "1", "--json")
    (failure,) = done.json["failures"]
    assert done.code == 1 and failure["message"] == "check(final(S->count) == 2)"
    assert {row["registers"]["final(count)"] for row in done.json["outcomes"]} <= {1, 2}


def test_the_litmus_output(mmutorture: Callable) -> None:
    file = ROOT / "examples" / "litmus" / "SB+poonceonces.litmus"
    done = mmutorture("explore", str(file), "--seed", "1")
    shown = re.search(r"\n    (Test SB\+poonceonces.*?)\n\n", PAGE, re.DOTALL)
    assert shown is not None
    lines = [line.strip() for line in shown[1].split("\n")]
    assert "\n".join(lines) in done.out


def test_every_program_of_the_zoo_is_named() -> None:
    zoo = (ROOT / "examples" / "zoo.py").read_text(encoding="utf-8")
    for name in re.findall(r"@program\ndef (\w+)", zoo):
        assert f"`{name}`" in PAGE
