# SPDX-License-Identifier: GPL-2.0-only
"""What every command owes scripts: --json is one object, no colour where nobody asked for it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("harness._core", reason="the core is not built")

from harness import cli
from harness.contention import lock_stat, record
from tests.conftest import ROOT, Run, environment, long_enough, runner
from tests.contention import records
from tests.contention.lock_stat_parser import parse

pytestmark = pytest.mark.xdist_group("outputs")  # they share a run

BUG = ("--bug", "A01")
COLOUR = re.compile(rb"\x1b\[[0-9;]*(?:3[0-9]|4[0-9]|9[0-7])[0-9;]*m")
# Those with other arguments than the run to look at; bench takes too long, and has its own test.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "explore": ("two-writers", "--schedules", "20"),
    "stress": ("fault-storm", "--duration", "0.2s"),
    "barriers": (str(ROOT / "examples" / "seqlock.c"), "--schedules", "20"),
    "list": ("scenarios",),
    "doctor": (),
    "compare": ("storm", "storm"),
    "report": ("storm",),
}
TARGETED = ("reproduce", "minimise")


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, Any], Path]:
    """A run with a failure, and a way to run more commands beside it."""
    directory = tmp_path_factory.mktemp("outputs")
    run = runner(directory)
    done = run("explore", *BUG, "--schedules", "3000", "--no-minimise", "--seed", "1", "--json")
    assert done.code == 1, done.err
    document = done.json
    (directory / "results" / "failing").symlink_to(Path(document["results"]).name)
    storm = long_enough(
        run, "stress", "fault-storm", "--repeat", "3", "--json",
        enough=lambda done: all(one["faults"] for one in done.json["scenarios"]),
    ).json  # fmt: skip
    (directory / "results" / "storm").symlink_to(Path(storm["results"]).name)
    return run, document, directory


def arguments_of(command: str, document: dict[str, Any]) -> tuple[str, ...]:
    if command in TARGETED:
        extra = ("--budget", "0.2s") if command == "minimise" else ()
        return (document["failures"][0]["directory"], *extra)
    return ARGUMENTS.get(command, ("failing",))


def documented_keys(command: str) -> set[str]:
    """What docs/scripts.md says that --json prints; what depends on options comes after a ;."""
    page = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
    cells = [
        line.split("|")[2] for line in page.splitlines() if line.startswith(f"| `{command}` |")
    ]
    assert len(cells) == 1, f"docs/scripts.md has no row for {command}"
    always = re.sub(r"\([^()]*\)", "", cells[0]).partition(";")[0]
    return set(re.findall(r"`([a-z_]+)`", always))


@pytest.mark.parametrize("command", [row[0] for row in cli.COMMANDS if row[0] != "bench"])
def test_json_is_one_object_and_nothing_else(
    failed: tuple[Run, dict[str, Any], Path], command: str
) -> None:
    run, document, _ = failed
    done = run(command, *arguments_of(command, document), "--json")
    assert done.code in (0, 1), done.err
    found = json.loads(done.out)
    assert isinstance(found, dict)
    assert done.out.count("\n") == 1 and done.err == ""
    promised = documented_keys(command) or set(arguments_of(command, document))
    assert promised <= set(found)
    assert command == "show" or set(found) <= promised, "a key that docs/scripts.md does not have"


def test_ktap_and_junit_say_the_same(failed: tuple[Run, dict[str, Any], Path]) -> None:
    run, document, directory = failed
    names = (document["failures"][0]["scenario"], "two-writers")
    done = run(
        *("explore", *names, *BUG, "--schedules", "3000", "--no-minimise", "--seed", "1"),
        *("--ktap", "--junit", "junit.xml"),
    )
    assert done.code == 1 and done.err == ""
    lines = done.out.splitlines()
    assert lines[:2] == ["KTAP version 1", "1..2"]
    assert f"not ok 1 {names[0]}" in lines
    kept = (directory / "results" / "latest" / "run.ktap").read_text()
    assert kept == done.out
    suite = ET.parse(directory / "junit.xml").getroot()[0]
    assert [case.attrib["name"] for case in suite.iter("testcase")] == list(names)
    failure = next(suite.iter("failure"))
    how = next(line for line in lines if line.startswith("# reproduce: "))
    assert failure.attrib["type"] == document["failures"][0]["oracle"]
    assert failure.text and how.removeprefix("# ") in failure.text
    assert (run(*how.removeprefix("# reproduce: mmutorture ").split())).code == 1


def test_the_sums_of_what_was_measured(failed: tuple[Run, dict[str, Any], Path]) -> None:
    """Running freely and under a scheduler, what record.py promises holds, and lock_stat has it."""
    for name, unit in (("storm/fault-storm", "ns"), ("failing/*", "steps")):
        files = sorted((failed[2] / "results").glob(f"{name}/{record.FILE}"))
        assert files, name
        for file in files:
            measured = record.read(file)
            assert measured.unit == unit and records.agrees(measured) == []
            rows = parse((file.parent / lock_stat.FILE).read_text()).rows()
            taken = [row.acquisitions for row in measured.locks if row.acquisitions]
            assert sorted(int(row[7]) for row in rows.values()) == sorted(taken) and taken


def test_json_and_ktap_are_not_both(failed: tuple[Run, dict[str, Any], Path]) -> None:
    run, _, _ = failed
    done = run("explore", "two-writers", "--json", "--ktap")
    assert done.code == 2 and done.out == "" and "give one of them" in done.err
    done = run("explore", "two-writers", "--junit", "no/where.xml")
    assert done.code == 2 and "its directory does not exist" in done.err


def on_a_terminal(directory: Path, colour: bool, *arguments: str) -> bytes:
    """Both streams of a command whose standard output and error are a terminal."""
    settings = environment() | {"TERM": "xterm-256color"}
    if colour:
        settings.pop("NO_COLOR")
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments],
        cwd=directory, env=settings, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    out = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        out += part
    os.close(leader)
    process.wait()
    return out


@pytest.mark.parametrize("arguments", [("list", "bugs"), ("--help",), ("locks", "failing")])
def test_no_colour(failed: tuple[Run, dict[str, Any], Path], arguments: tuple[str, ...]) -> None:
    run, _, directory = failed
    assert "\x1b" not in run(*arguments).out, "not on a terminal"
    assert not COLOUR.search(on_a_terminal(directory, False, *arguments))


def test_the_check_sees_colour(failed: tuple[Run, dict[str, Any], Path]) -> None:
    assert COLOUR.search(on_a_terminal(failed[2], True, "--help"))
