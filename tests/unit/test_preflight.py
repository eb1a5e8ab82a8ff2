# SPDX-License-Identifier: GPL-2.0-only
"""What is missing on a machine is said in one sentence that names the Debian package."""

import ast
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
PREFLIGHT = TOOLS / "preflight.py"

MakePython = Callable[..., Path]
Preflight = Callable[..., subprocess.CompletedProcess[str]]


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def make_python(tmp_path: Path) -> MakePython:
    """A stand-in for an interpreter on PATH that answers preflight's question."""

    def make(
        name: str = "python3", version: str = "3 11", venv: bool = True, headers: bool = True
    ) -> Path:
        answer = rf"{version}\n{tmp_path / name}\n{venv}\n{headers}\ngcc\n"
        return script(tmp_path / name, f"printf '{answer}'")

    return make


@pytest.fixture
def preflight(tmp_path: Path) -> Preflight:
    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, PREFLIGHT],
            env={"PATH": str(tmp_path), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


def working_compiler(tmp_path: Path) -> None:
    script(tmp_path / "gcc", "exit 0")


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and done.stderr.endswith(".\n")
    for word in words:
        assert word in done.stderr


def test_all_there_prints_the_interpreter(
    tmp_path: Path, make_python: MakePython, preflight: Preflight
) -> None:
    python = make_python()
    working_compiler(tmp_path)
    done = preflight()
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{python}\n", "")


def test_this_machine_passes() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHON"}
    done = subprocess.run(
        [sys.executable, PREFLIGHT], env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_file()


def test_no_python(preflight: Preflight) -> None:
    assert_refused(preflight(), "Python 3.11 or later", "there is none", "python3 of Debian 12")


def test_old_python(make_python: MakePython, preflight: Preflight) -> None:
    make_python(version="3 9")
    assert_refused(preflight(), "Python 3.11 or later", "python3 is 3.9")


def test_newer_python_beside_an_old_python3(
    tmp_path: Path, make_python: MakePython, preflight: Preflight
) -> None:
    make_python(version="3 9")
    newer = make_python("python3.12", version="3 12")
    working_compiler(tmp_path)
    assert preflight().stdout == f"{newer}\n"


def test_missing_parts_of_that_newer_python_have_its_name(
    tmp_path: Path, make_python: MakePython, preflight: Preflight
) -> None:
    make_python(version="3 9")
    make_python("python3.12", version="3 12", venv=False, headers=False)
    working_compiler(tmp_path)
    assert_refused(preflight(), "python3.12-venv", "python3.12-dev")


def test_no_venv(tmp_path: Path, make_python: MakePython, preflight: Preflight) -> None:
    make_python(venv=False)
    working_compiler(tmp_path)
    assert_refused(preflight(), "venv", "apt-get install python3-venv.")


def test_no_compiler(make_python: MakePython, preflight: Preflight) -> None:
    make_python()
    assert_refused(preflight(), "a C compiler (gcc)", "apt-get install build-essential.")


def test_no_libc_headers(tmp_path: Path, make_python: MakePython, preflight: Preflight) -> None:
    make_python()
    script(tmp_path / "gcc", '[ "$1" = --version ]')
    assert_refused(preflight(), "C library's headers", "apt-get install libc6-dev.")


def test_no_python_headers(tmp_path: Path, make_python: MakePython, preflight: Preflight) -> None:
    make_python(headers=False)
    working_compiler(tmp_path)
    assert_refused(preflight(), "Python.h", "apt-get install python3-dev.")


def test_several_missing_parts_are_one_sentence(
    make_python: MakePython, preflight: Preflight
) -> None:
    make_python(venv=False, headers=False)
    assert_refused(preflight(), "apt-get install python3-venv build-essential python3-dev.")


def test_python_variable(tmp_path: Path, make_python: MakePython, preflight: Preflight) -> None:
    make_python()
    working_compiler(tmp_path)
    assert_refused(preflight(PYTHON="no-such-python"), "PYTHON=no-such-python does not run")
    old = make_python("old", version="3 10")
    assert_refused(preflight(PYTHON=str(old)), f"PYTHON={old} is Python 3.10")
    other = make_python("other", version="3 13")
    assert preflight(PYTHON=str(other)).stdout == f"{other}\n"


def test_bootstrap_without_any_python(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/sh", TOOLS / "bootstrap.sh"],
        cwd=tmp_path,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert_refused(done, "Python 3.11 or later", "python3 of Debian 12")
    assert list(tmp_path.iterdir()) == []


def test_starts_on_an_old_python() -> None:
    tree = ast.parse(PREFLIGHT.read_text(encoding="utf-8"), feature_version=(3, 6))
    assert tree.body
