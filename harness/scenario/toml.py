# SPDX-License-Identifier: GPL-2.0-only
"""TOML beyond tomllib: on which line a key stands, and writing a resolved scenario back."""

import json
import re
from typing import Any

Path = tuple[str | int, ...]

HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
ASSIGNMENT = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def parts_of(key: str) -> list[str]:
    return [part.strip().strip("\"'") for part in key.split(".")]


def key_lines(text: str) -> dict[Path, int]:
    """Line numbers (from 1) of tables and keys, by path.

    A scan and not a parser: a key inside an inline table is found through its parent.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            table = tuple(parts_of(header[2]))
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif assignment := ASSIGNMENT.match(line):
            lines.setdefault((*table, *parts_of(assignment[1])), number)
    return lines


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """The line of `path`, or of the nearest thing around it."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def render_key(key: str) -> str:
    return key if BARE_KEY.fullmatch(key) else json.dumps(key)


def render_value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case dict():
            inside = ", ".join(f"{render_key(k)} = {render_value(v)}" for k, v in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return "[" + ", ".join(render_value(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no TOML form")


def dumps(document: dict[str, Any]) -> str:
    """A document of scalars, tables, and arrays of flat tables: the shape of a scenario."""
    scalars, tables = [], []
    for key, value in document.items():
        if isinstance(value, dict):
            tables.append((f"[{render_key(key)}]", value))
        elif isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
            tables += [(f"[[{render_key(key)}]]", item) for item in value]
        else:
            scalars.append(f"{render_key(key)} = {render_value(value)}")
    text = "\n".join(scalars) + "\n"
    for header, table in tables:
        rows = [f"{render_key(k)} = {render_value(v)}" for k, v in table.items() if v is not None]
        text += "\n" + "\n".join([header, *rows]) + "\n"
    return text
