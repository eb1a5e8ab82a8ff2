# SPDX-License-Identifier: GPL-2.0-only
"""The sdist builds the wheel, and the installed wheel runs outside the checkout."""

import importlib.metadata
import json
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).resolve().parents[2]
SOURCE_TREES = ("harness", "native", "scenarios", "examples", "tools", "tests", "docs", ".ci")
BUILT = shutil.ignore_patterns("__pycache__", "*.so", "*.o", "build", "*.egg-info")

# One worker builds for all of them.
pytestmark = pytest.mark.xdist_group("packaging")


def build_environment() -> dict[str, str]:
    """Neither make's variables nor PYTHONPATH may lead the build to the checkout."""
    own = ("PYTHONPATH", "MMUTORTURE_IN_PLACE", "MMUTORTURE_WERROR", "MAKEFLAGS")
    kept = {key: value for key, value in os.environ.items() if key not in own}
    return {**kept, "MMUTORTURE_BUILD": "debug"}  # compiles in half the time


def run(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env or build_environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that the checkout stays as it is."""
    scratch = tmp_path_factory.mktemp("sdist")
    tree = scratch / "tree"
    tree.mkdir()
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy2(path, tree)
    for name in SOURCE_TREES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=BUILT)
    run(sys.executable, "setup.py", "-q", "sdist", "--dist-dir", scratch, cwd=tree)
    return next(scratch.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", out, sdist, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that holds the installed wheel and nothing else; it goes before the checkout."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check"]
    run(sys.executable, "-m", "pip", "install", *options, "--target", target, wheel, cwd=target)
    return target


def scenario_files() -> set[str]:
    return {path.relative_to(ROOT).as_posix() for path in ROOT.glob("scenarios/*/*.toml")}


def test_sdist_has_what_builds_the_wheel(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    headers = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("native/**/*.[ch]")}
    headers |= {path.relative_to(ROOT).as_posix() for path in ROOT.glob("native/**/*.def")}
    assert names >= {"setup.py", "pyproject.toml", "LICENSE", "Makefile", "native/build_core.py"}
    assert names >= headers
    assert names >= scenario_files() != set()
    assert not [name for name in names if name.endswith((".so", ".o", ".pyc"))]


def test_wheel_holds_core_and_scenarios(wheel: Path) -> None:
    assert wheel.name.startswith(f"mmutorture-{harness.__version__}-cp311-abi3-linux")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        scripts = next(name for name in names if name.endswith("entry_points.txt"))
        assert "mmutorture = harness.begin:main" in archive.read(scripts).decode()
    assert names >= {"harness/_core.abi3.so", "harness/_core.pyi", "harness/py.typed"}
    assert "harness/include/mmutorture.h" in names
    assert names >= {f"harness/{name}" for name in scenario_files()}
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"harness", "mmutorture"}


def test_installed_wheel_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    environment = {**build_environment(), "PYTHONPATH": str(installed), "NO_COLOR": "1"}
    command = installed / "bin" / "mmutorture"
    where = "import harness, harness._core; print(harness.__file__, harness._core.__file__)"
    for path in run(sys.executable, "-c", where, cwd=tmp_path, env=environment).stdout.split():
        assert Path(path).is_relative_to(installed)

    run(command, "explore", "--help", cwd=tmp_path, env=environment)
    listed = run(command, "list", "scenarios", "--json", cwd=tmp_path, env=environment).stdout
    names = [scenario["name"] for scenario in json.loads(listed)["scenarios"]]
    assert names
    explore = ["explore", names[0], "--schedules", "1", "--results", tmp_path / "results", "--json"]
    report = json.loads(run(command, *explore, cwd=tmp_path, env=environment).stdout)
    assert report["schedules"] == 1


def test_version_is_said_once() -> None:
    assert importlib.metadata.version("mmutorture") == harness.__version__


def test_stub_of_the_core_is_current() -> None:
    run(sys.executable, ROOT / "tools" / "lint_core_stub.py", cwd=ROOT)


class TestBuildIdentity:
    """A token is refused by another build, so every input of the build has to show."""

    @pytest.fixture
    def native(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name in ("MMUTORTURE_BUILD", "MMUTORTURE_WERROR", "CC"):
            monkeypatch.delenv(name, raising=False)
        return Path(shutil.copytree(ROOT / "native", tmp_path / "native", ignore=BUILT))

    @staticmethod
    def identity(native: Path) -> str:
        build_id = runpy.run_path(str(native / "build_core.py"))["build_id"]
        return str(build_id())

    def test_is_a_function_of_the_tree(self, native: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(native, tmp_path / "elsewhere" / "native")
        assert self.identity(native) == self.identity(copy)
        assert len(self.identity(native)) == 16
        int(self.identity(native), 16)

    @pytest.mark.parametrize("name", ["api.h", "core/types.h", "kvm/bugs.def"])
    def test_shows_a_changed_source(self, native: Path, name: str) -> None:
        before = self.identity(native)
        with (native / name).open("a") as source:
            source.write("\n")
        assert self.identity(native) != before

    def test_shows_an_added_and_a_renamed_source(self, native: Path) -> None:
        before = self.identity(native)
        added = native / "core" / "added.h"
        added.touch()
        with_added = self.identity(native)
        added.rename(native / "core" / "renamed.h")
        assert len({before, with_added, self.identity(native)}) == 3

    def test_does_not_show_tests_and_benchmarks(self, native: Path) -> None:
        before = self.identity(native)
        for room in ("tests", "bench"):
            (native / room).mkdir(exist_ok=True)
            (native / room / "added.c").touch()
        assert self.identity(native) == before

    def test_shows_the_profile(self, native: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = self.identity(native)
        monkeypatch.setenv("MMUTORTURE_BUILD", "debug")
        assert self.identity(native) != before
        monkeypatch.setenv("MMUTORTURE_BUILD", "fast")
        with pytest.raises(SystemExit, match="MMUTORTURE_BUILD=fast is not a build profile"):
            self.identity(native)

    def test_shows_the_compiler(
        self, native: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = self.identity(native)
        compiler = tmp_path / "cc"
        compiler.write_text("#!/bin/sh\necho 'cc (Other) 99.1'\n")
        compiler.chmod(0o755)
        monkeypatch.setenv("CC", str(compiler))
        assert self.identity(native) != before
