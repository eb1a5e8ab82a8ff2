# SPDX-License-Identifier: GPL-2.0-only
"""Compile the core's sources side by side, and only those that changed.

An object is taken as it is if the same compiler and flags would make it from the same source and
headers, by their contents: one line changed in one ``.c`` file is a few files to compile, where
setuptools would compile all.  A macro counts only for the sources that name it, for the identity of
the build is one, and changes with every file.
"""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from build_core import compiler_version
from setuptools import Extension
from setuptools.command.build_ext import build_ext


def digest_of(paths: list[str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = Path(path).read_bytes()
        digest.update(f"{path} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def made_from(source: str, command: list[str], others: str) -> str:
    """What an object is made from; `others`: of the headers and the compiler."""
    text = Path(source).read_text(encoding="utf-8")
    macros = {part: part[2:].partition("=")[0] for part in command if part.startswith("-D")}
    counts = [part for part in command if part not in macros or macros[part] in text]
    return hashlib.sha256("\0".join([*counts, text, others]).encode()).hexdigest()


class Objects:
    """Stands for the compile() of a setuptools compiler, whose steps it takes."""

    def __init__(self, compiler: Any, depends: list[str]) -> None:
        self.compiler = compiler
        self.others = digest_of(depends) + compiler_version()

    def compile(
        self,
        sources: list[str],
        output_dir: str | None = None,
        macros: Any = None,
        include_dirs: Any = None,
        debug: bool = False,
        extra_preargs: list[str] | None = None,
        extra_postargs: list[str] | None = None,
        depends: Any = None,
    ) -> list[str]:
        """The objects, in the order of their sources."""
        _, objects, after, options, build = self.compiler._setup_compile(
            output_dir, macros, include_dirs, sources, depends, extra_postargs
        )
        before = self.compiler._get_cc_args(options, debug, extra_preargs)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [
                pool.submit(self.compile_one, output, *of, before, after, options)
                for output, of in build.items()
            ]
            for job in jobs:
                job.result()
        return list(objects)

    def compile_one(
        self,
        output: str,
        source: str,
        suffix: str,
        before: list[str],
        after: list[str],
        options: Any,
    ) -> None:
        note = Path(output + ".made-from")
        wanted = made_from(source, [*self.compiler.compiler_so, *before, *after], self.others)
        if Path(output).exists() and note.exists() and note.read_text() == wanted:
            return
        note.unlink(missing_ok=True)
        self.compiler._compile(output, source, suffix, before, after, options)
        note.write_text(wanted)


class BuildObjects(build_ext):
    def build_extension(self, ext: Extension) -> None:
        self.compiler.compile = Objects(self.compiler, ext.depends).compile
        super().build_extension(ext)
