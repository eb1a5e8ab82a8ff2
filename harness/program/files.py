# SPDX-License-Identifier: GPL-2.0-only
"""From a user's file to a scenario of kind "program".

A Python file defines programs in one of two ways: a ``Program`` at the top level, or a function
with ``@program`` that fills one in, whose further parameters ``--set n=10`` gives.
``FILE.py::NAME`` is one of several.
"""

from __future__ import annotations

import inspect
import re
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.program.build import Program
from harness.program.code import Code, CodeError, check, dump
from harness.scenario.schema import Outcome, Scenario
from harness.units import nearest

Overrides = Sequence[tuple[str, str]]
MARK = "__mmutorture_program__"


def program(function: Callable[..., None]) -> Callable[..., Program]:
    """A function ``f(p, n=3, ...)`` that fills in the Program `p` becomes one that returns it."""

    def make(**parameters: Any) -> Program:
        made = Program(function.__name__, inspect.getdoc(function) or "")
        made.file = function.__code__.co_filename
        function(made, **parameters)
        return made

    setattr(make, MARK, function)
    return make


def slug(name: str) -> str:
    """A name as scenarios have them: small letters, digits and dashes."""
    found = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (found if found[:1].isalpha() else f"p-{found}")[:64]


def scenario_of(
    name: str, description: str, code: Code, rules: Sequence[tuple[str, str]]
) -> Scenario:
    try:
        check(code)
    except CodeError as error:
        raise UsageError(f"{code.file}: {name}: {error}") from None
    return Scenario(
        name=slug(name),
        kind="program",
        description=description,
        code=dump(code),
        outcomes=[Outcome(when=f"rule {n}", verdict=v, text=t) for n, (v, t) in enumerate(rules)],  # type: ignore[arg-type]
    )


def read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 text (byte {error.start})") from None


def own_error(file: Path, error: BaseException) -> UsageError:
    """An exception of the user's code, as the line of the file that it came from."""
    line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
    place = error.__traceback__
    while place is not None:
        if place.tb_frame.f_code.co_filename == str(file):
            line = place.tb_lineno
        place = place.tb_next
    what = error.msg if isinstance(error, SyntaxError) else str(error)
    return UsageError(f"{file}:{line}: {type(error).__name__}: {what}")


def read(file: Path) -> dict[str, Any]:
    """What the file defines, by name: programs and functions that make one."""
    if not file.is_file():
        raise UsageError(f"{file}: does not exist; give the .py file of a program")
    try:
        found = runpy.run_path(str(file))
    except UsageError:
        raise
    # The user's own code: say where, not how we came there.  One that exits has not passed.
    except (Exception, SystemExit) as error:
        raise own_error(file, error) from None
    programs = {}
    for name, value in found.items():
        if isinstance(value, Program):
            programs[value.name] = value
        elif hasattr(value, MARK) and getattr(value, MARK).__module__ == "<run_path>":
            programs[name] = value
    if not programs:
        raise UsageError(f"{file}: defines no program; write p = Program('name') or @program")
    return programs


def names(spec: str) -> list[str]:
    """FILE.py as FILE.py::NAME, for each of its programs; a single one keeps the file's name."""
    file, separator, _ = spec.partition("::")
    if separator or not file.endswith(".py"):
        return [spec]
    found = read(Path(file))
    return [spec] if len(found) == 1 else [f"{file}::{name}" for name in found]


def parameters_of(made: Callable[..., Program], spec: str, overrides: Overrides) -> dict[str, Any]:
    """``--set`` as arguments, of the type that the default has."""
    known = list(inspect.signature(getattr(made, MARK)).parameters.values())[1:]
    defaults = {parameter.name: parameter.default for parameter in known}
    given: dict[str, Any] = {}
    for key, text in overrides:
        name = key.replace("-", "_")
        if name not in defaults:
            hint = nearest(key, defaults) or f"; allowed: {', '.join(defaults) or 'none'}"
            raise UsageError(f"--set {key}={text}: {spec} has no parameter '{key}'{hint}")
        if isinstance(defaults[name], str):
            given[name] = text
            continue
        try:
            given[name] = int(text, 0)
        except ValueError:
            raise UsageError(f"--set {key}={text}: {key} is a number") from None
    return given


def make(spec: str, overrides: Overrides) -> Program:
    name, _, wanted = spec.partition("::")
    file = Path(name)
    found = read(file)
    wanted = wanted or next(iter(found))
    if wanted not in found:
        hint = nearest(wanted, found) or f"; it has {', '.join(found)}"
        raise UsageError(f"{file} has no program '{wanted}'{hint}")
    made = found[wanted]
    if isinstance(made, Program):
        if overrides:
            raise UsageError(
                f"--set {overrides[0][0]}={overrides[0][1]}: {spec} has no parameters;"
                " write it as a function with @program"
            )
        return made
    parameters = parameters_of(made, spec, overrides)
    try:
        return made(**parameters)  # type: ignore[no-any-return]
    except UsageError:
        raise
    except Exception as error:
        raise own_error(file, error) from None


def refuse_overrides(spec: str, overrides: Overrides) -> None:
    for key, value in overrides:
        raise UsageError(f"--set {key}={value}: {spec} has no parameters")


def load_litmus(file: Path, overrides: Overrides) -> Scenario:
    from harness.litmus.lexer import scan
    from harness.litmus.parser import Parser

    refuse_overrides(str(file), overrides)
    return Parser(scan(str(file), read_text(file))).parse().scenario()


def load(spec: str, overrides: Overrides = ()) -> Scenario:
    if spec.endswith(".litmus"):
        return load_litmus(Path(spec), overrides)
    if spec.endswith(".c"):
        from harness.program import compiled

        refuse_overrides(spec, overrides)
        return compiled.scenario_of(Path(spec), read_text(Path(spec)))
    return make(spec, overrides).scenario()
