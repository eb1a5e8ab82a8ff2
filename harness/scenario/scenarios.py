# SPDX-License-Identifier: GPL-2.0-only
"""Find, read, override and check scenarios.

Every way to change a scenario (its ``[controlled]`` table, ``--set``, ``--vcpus``) edits the plain
data before the one check, so that an override cannot reach a state that a file could not.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

import msgspec

from harness.errors import UsageError
from harness.scenario import toml
from harness.scenario.rules import check_rules
from harness.scenario.schema import Scenario
from harness.scenario.toml import Path
from harness.scenario.validate import Invalid, check
from harness.units import nearest

PROGRAM_SUFFIXES = (".py", ".litmus", ".c")
Overrides = Sequence[tuple[str, str]]  # ("tasks.0.count", "3")


def scenario_root() -> FilePath:
    """``scenarios`` beside this package in a wheel, beside its parent in a checkout."""
    here = FilePath(__file__).resolve().parent.parent
    inside = here / "scenarios"
    return inside if inside.is_dir() else here.parent / "scenarios"


def scenario_files() -> dict[str, FilePath]:
    """Every shipped scenario by name, in a stable order."""
    return {path.stem: path for path in sorted(scenario_root().glob("*/*.toml"))}


def find(spec: str) -> FilePath:
    """The file of a scenario given by name or by path."""
    files = scenario_files()
    if spec in files:
        return files[spec]
    if spec.endswith(".toml") or "/" in spec:
        return FilePath(spec)
    hint = nearest(spec, files) or f"; allowed: {', '.join(files)}, or the path of a .toml file"
    raise UsageError(f"no scenario is named '{spec}'{hint}")


class Source:
    """Where each value of a scenario came from, for messages."""

    def __init__(self, file: FilePath, text: str) -> None:
        self.file = file
        self.lines = toml.key_lines(text)
        self.overridden: dict[Path, str] = {}

    def message(self, path: Path, what: str) -> str:
        key = ".".join(str(part) for part in path) or "scenario"
        for length in range(len(path), 0, -1):
            if option := self.overridden.get(path[:length]):
                return f"{option}: {key}: {what}"
        for made, option in self.overridden.items():
            if made[: len(path)] == path and path not in self.lines:
                return f"{option}: {key}: {what}"
        line = toml.line_of(self.lines, path)
        return f"{self.file}{f':{line}' if line else ''}: {key}: {what}"


def read_text(file: FilePath) -> str:
    try:
        if not file.is_file():
            what = "is not a file" if file.exists() else "does not exist"
            raise UsageError(f"{file}: {what}; give the name or the .toml file of a scenario")
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: is not UTF-8 text (byte {error.start})") from None
    if not text.strip():
        raise UsageError(f"{file}: the file is empty; a scenario needs name, kind, slots and tasks")
    return text


def read(file: FilePath) -> tuple[dict[str, Any], Source]:
    text = read_text(file)
    try:
        return tomllib.loads(text), Source(file, text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a ValueError
        raise UsageError(f"{file}: is not valid TOML: {error}") from None


def leaves(
    table: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, *toml.parts_of(key)))
        else:
            yield (*path, *toml.parts_of(key)), value


def index_in(items: list[Any], part: str, path: Path) -> int:
    """A list index by number, or the first task of a kind."""
    if part.isdigit():
        if int(part) < len(items):
            return int(part)
        raise Invalid((*path, part), f"there are {len(items)} here; allowed: 0 to {len(items) - 1}")
    kinds = [item.get("kind") for item in items if isinstance(item, dict)]
    if part in kinds:
        return kinds.index(part)
    names = [kind for kind in kinds if isinstance(kind, str)]
    raise Invalid((*path, part), f"not found; allowed: 0 to {len(items) - 1}{nearest(part, names)}")


def assign(data: dict[str, Any], parts: Sequence[str], value: Any) -> Path:
    """Set the value at a dotted path, making tables on the way; returns the path it has."""
    place: Any = data
    path: Path = ()
    for position, part in enumerate(parts):
        last = position == len(parts) - 1
        key: str | int = part.replace("_", "-") if isinstance(place, dict) else part
        if isinstance(place, list):
            key = index_in(place, part, path)
        elif not isinstance(place, dict):
            raise Invalid((*path, part), f"there is nothing below {'.'.join(map(str, path))}")
        path = (*path, key)
        if last:
            place[key] = value
        else:
            place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    return path


def override_value(text: str) -> Any:
    """The value as TOML reads it; what is no TOML value is a string."""
    try:
        parsed = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return parsed["value"] if len(parsed) == 1 else text


def parse_set(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise UsageError(f"--set {text}: write --set key.path=value")
    return key.strip(), value.strip()


def apply(data: dict[str, Any], source: Source, overrides: Overrides, controlled: bool) -> None:
    extra = data.pop("controlled", {})
    if not isinstance(extra, dict):
        raise Invalid(("controlled",), "allowed: a table of key.path = value")
    if controlled:
        for parts, value in leaves(extra):
            source.overridden[assign(data, parts, value)] = f"{source.file}: [controlled]"
    for key, text in overrides:
        path = assign(data, toml.parts_of(key), override_value(text))
        source.overridden[path] = f"--set {key}={text}".replace("\n", "\\n")  # a message is a line


def is_program(spec: str) -> bool:
    """Whether the spec names a user program and not a scenario: FILE.py, FILE.py::NAME, ..."""
    return spec.partition("::")[0].endswith(PROGRAM_SUFFIXES)


def expand(spec: str) -> list[str]:
    """A file with several programs is each of them."""
    if not is_program(spec):
        return [spec]
    from harness.program import files

    return files.names(spec)


def load(spec: str, overrides: Overrides = (), *, controlled: bool = True) -> Scenario:
    """The scenario as it will run: resolved, checked, without a `controlled` table."""
    if not spec.isascii() and spec != spec.encode(errors="replace").decode():
        raise UsageError(f"{spec}: its name is not UTF-8, and a token has to spell it; rename it")
    if is_program(spec):
        from harness.program import files

        return files.load(spec, overrides)
    return load_file(find(spec), overrides, controlled=controlled)


def load_file(file: FilePath, overrides: Overrides = (), *, controlled: bool = True) -> Scenario:
    data, source = read(file)
    try:
        apply(data, source, overrides, controlled)
        check(data, msgspec.inspect.type_info(Scenario))
        scenario = msgspec.convert(data, Scenario)
        check_rules(scenario)
    except Invalid as error:
        raise UsageError(source.message(error.path, error.message)) from None
    return scenario


def vcpu_override(vcpus: int | None) -> list[tuple[str, str]]:
    """``--vcpus`` is the count of the first group of vCPUs."""
    return [] if vcpus is None else [("tasks.vcpu.count", str(vcpus))]


def document(scenario: Scenario) -> dict[str, Any]:
    """Plain data, with every default written out except what is empty."""
    built: dict[str, Any] = msgspec.to_builtins(scenario)
    built.pop("controlled", None)
    if scenario.kind == "program":
        built.pop("vm")
    built["description"] = " ".join(scenario.description.split())
    for task in built["tasks"]:
        for key in [key for key, value in task.items() if value is None]:
            del task[key]
    return {key: value for key, value in built.items() if value != []}


def to_toml(scenario: Scenario) -> str:
    return toml.dumps(document(scenario))


def scenario_hash(scenario: Scenario) -> str:
    """8 hex digits over everything that an execution depends on; prose does not count."""
    content = document(scenario)
    content.pop("description")
    if scenario.code:
        from harness.program.code import meaning

        content["code"] = meaning(scenario.code)
    for outcome in content.get("outcomes", []):
        outcome.pop("text")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
