# SPDX-License-Identifier: GPL-2.0-only
"""What is compiled again after a change, and what is not."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from setuptools import Distribution, Extension

NATIVE = Path(__file__).parents[2] / "native"

Build = Callable[..., list[str]]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """An extension of two sources and a header: builds it, and says which sources were compiled."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(NATIVE))
    module = runpy.run_path(str(NATIVE / "build_objects.py"))
    monkeypatch.delitem(sys.modules, "build_core", raising=False)
    Path("header.h").write_text("#define VALUE 1\n")
    Path("one.c").write_text('#include "header.h"\nint one(void) { return VALUE; }\n')
    Path("two.c").write_text("const char *two(void) { return IDENTITY; }\n")

    def build(identity: str = "a", flag: str = "-O1") -> list[str]:
        compiled: list[str] = []
        ext = Extension(
            *("tiny", ["one.c", "two.c"]),
            depends=["header.h"],
            define_macros=[("IDENTITY", f'"{identity}"')],
            extra_compile_args=[flag],
        )
        command = module["BuildObjects"](Distribution({"ext_modules": [ext]}))
        command.ensure_finalized()
        command.force = True  # setuptools itself looks at the files' times
        objects = module["Objects"]
        original = objects.compile_one

        def run(self: object, *args: object) -> None:
            self.compiler.link_shared_object = lambda *_, **__: None  # type: ignore[attr-defined]
            inner = self.compiler._compile  # type: ignore[attr-defined]

            def counted(output: str, source: str, *rest: object) -> None:
                compiled.append(source)
                inner(output, source, *rest)

            self.compiler._compile = counted  # type: ignore[attr-defined]
            try:
                original(self, *args)
            finally:
                self.compiler._compile = inner  # type: ignore[attr-defined]

        with monkeypatch.context() as patch:
            patch.setattr(objects, "compile_one", run)
            patch.setattr("os.cpu_count", lambda: 1)
            command.run()
        return sorted(compiled)

    return build


def test_only_what_changed(build: Build) -> None:
    assert build() == ["one.c", "two.c"]
    assert build() == []
    Path("one.c").write_text('#include "header.h"\nint one(void) { return -VALUE; }\n')
    assert build() == ["one.c"]


def test_a_header_is_in_all(build: Build) -> None:
    build()
    Path("header.h").write_text("#define VALUE 2\n")
    assert build() == ["one.c", "two.c"]


def test_a_flag_is_in_all(build: Build) -> None:
    build()
    assert build(flag="-O2") == ["one.c", "two.c"]


def test_a_macro_is_where_it_is_named(build: Build) -> None:
    build()
    assert build(identity="b") == ["two.c"]


def test_what_did_not_compile_is_compiled_again(build: Build) -> None:
    build()
    good = Path("one.c").read_text()
    Path("one.c").write_text("int one(void) { return }\n")
    with pytest.raises(Exception, match="one"):
        build()
    Path("one.c").write_text(good)
    assert build() == ["one.c"]
