# SPDX-License-Identifier: GPL-2.0-only
"""Input that nobody would write on purpose: one line that names it, exit status 2, no traceback."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness import cli

RUN = "2026.01.01-00.00.00"
STORM = ("explore", "same-gfn")


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> str:
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "") and err.count("\n") == 1 and err.startswith("mmutorture: "), err
    return err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*STORM, "--set", "slots.0.pages=" + "9" * 5000), "a string stands here; allowed: a numb"),
        ((*STORM, "--set", "slots.0.pages=" + "[" * 9999), "a string stands here; allowed: a numb"),
        ((*STORM, "--set", "vm.warm=1\nname = 'x'"), "a string stands here"),
        ((*STORM, "--set", "a.b.c=1"), "--set a.b.c=1: a: unknown key"),
        ((*STORM, "--depth", ""), "--depth is for --strategy pct"),
        ((*STORM, "--strategy", "pct", "--depth", ""), "--depth is '', which is not a number"),
        ((*STORM, "--rate", "--strategy", "dpor"), "--rate: dpor draws nothing"),
        ((*STORM, "--rate", "--jobs", "2"), "--rate is counted in one process"),
        ((*STORM, "--results", ""), "--results is empty"),
        (("explore", "\udcff.toml"), "\\udcff.toml: its name is not UTF-8"),
        (("locks", "y" * 400), "File name too long"),
        (("show", "nowhere"), "is not a run"),
    ],
)
def test_arguments(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pytest.importorskip("harness._core")
    monkeypatch.chdir(tmp_path)
    assert says in refused(arguments, capsys)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize("text", ["", '{"a": [', "[]", '{"schema": 1}', '{"schema": 99}'])
@pytest.mark.parametrize("command", [("show", RUN), ("report", RUN), ("compare", RUN, RUN)])
def test_a_damaged_run(
    command: tuple[str, ...], text: str, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "results" / RUN
    run.mkdir(parents=True)
    (run / "env.json").write_text("{}", encoding="utf-8")
    (run / "run.json").write_text(text, encoding="utf-8")
    assert "run.json: " in refused(command, capsys)


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_damaged_environment(
    text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "results" / RUN
    run.mkdir(parents=True)
    (run / "env.json").write_text(text, encoding="utf-8")
    document = {"schema": 1, "command": "stress", "seed": "0x1", "exit_code": 0, "scenarios": []}
    (run / "run.json").write_text(json.dumps(document), encoding="utf-8")
    assert "env.json: " in refused(("compare", RUN, RUN), capsys)


def test_a_program_that_exits_has_not_passed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("harness._core")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exits.py").write_text("raise SystemExit(0)\n", encoding="utf-8")
    assert "exits.py:1: SystemExit" in refused(("explore", "exits.py"), capsys)
