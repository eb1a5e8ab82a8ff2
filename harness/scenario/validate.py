# SPDX-License-Identifier: GPL-2.0-only
"""Check plain data against the types of schema.py, with a path and a remedy in each refusal.

msgspec checks the same things, but its messages name neither the nearest valid key nor what
would be allowed; the types stay the one place where the rules are written.
"""

import re
from typing import Any, NoReturn

from msgspec import inspect

from harness.scenario.toml import Path
from harness.units import nearest


class Invalid(Exception):
    """At `path`: `message`."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def kind_of(value: Any) -> str:
    names = {bool: "true or false", int: "a number", float: "a fraction", str: "a string"}
    names |= {list: "a list", dict: "a table"}
    return names.get(type(value), type(value).__name__)


def check(value: Any, wanted: inspect.Type, path: Path = ()) -> None:
    """Raise Invalid unless `value` is of the type `wanted`."""
    match wanted:
        case inspect.StructType():
            check_struct(value, wanted, path)
        case inspect.IntType():
            check_integer(value, wanted, path)
        case inspect.BoolType():
            need(value, bool, path)
        case inspect.StrType():
            check_string(value, wanted, path)
        case inspect.LiteralType():
            if value not in wanted.values or type(value) is not type(wanted.values[0]):
                shown = ", ".join(repr_value(v) for v in wanted.values)
                hint = nearest(str(value), [str(v) for v in wanted.values])
                raise Invalid(path, f"{repr_value(value)} is not allowed; allowed: {shown}{hint}")
        case inspect.ListType():
            check_list(value, wanted, path)
        case inspect.DictType():
            need(value, dict, path)
            for key, item in value.items():
                check(item, wanted.value_type, (*path, key))
        case inspect.UnionType():
            inner = [t for t in wanted.types if not isinstance(t, inspect.NoneType)]
            check_union(value, inner, path)


def check_union(value: Any, types: list[inspect.Type], path: Path) -> None:
    """Of the alternatives the one that has the value's own kind has the say, else the first."""
    for wanted in types:
        values = wanted.values if isinstance(wanted, inspect.LiteralType) else ()
        if any(type(value) is type(allowed) for allowed in values):
            return check(value, wanted, path)
    check(value, types[0], path)


def repr_value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def need(value: Any, kind: type, path: Path) -> None:
    if type(value) is not kind:
        raise Invalid(path, f"{kind_of(value)} stands here; allowed: {kind_of(kind())}")


def out_of_range(value: int, wanted: inspect.IntType, path: Path) -> NoReturn:
    low = wanted.ge if wanted.ge is not None else "any"
    high = wanted.le if wanted.le is not None else (wanted.lt or 0) - 1
    raise Invalid(path, f"{value} is impossible; allowed: {low} to {high}")


def check_integer(value: Any, wanted: inspect.IntType, path: Path) -> None:
    need(value, int, path)
    if (wanted.ge is not None and value < wanted.ge) or (
        (wanted.le is not None and value > wanted.le)
        or (wanted.lt is not None and value >= wanted.lt)
    ):
        out_of_range(value, wanted, path)


def check_string(value: Any, wanted: inspect.StrType, path: Path) -> None:
    need(value, str, path)
    if wanted.pattern and not re.search(wanted.pattern, value):
        raise Invalid(path, f'"{value}" is no valid name; allowed: small letters, digits and "-"')
    if wanted.max_length is not None and len(value) > wanted.max_length:
        raise Invalid(path, f"too long; allowed: {wanted.max_length} characters")


def check_list(value: Any, wanted: inspect.ListType, path: Path) -> None:
    need(value, list, path)
    low, high = wanted.min_length or 0, wanted.max_length
    if len(value) < low or (high is not None and len(value) > high):
        span = f"{low}" if low == high else f"{low} to {high}"
        raise Invalid(path, f"{len(value)} entries; allowed: {span}")
    for index, item in enumerate(value):
        check(item, wanted.item_type, (*path, index))


def check_struct(value: Any, wanted: inspect.StructType, path: Path) -> None:
    need(value, dict, path)
    fields = {field.encode_name: field for field in wanted.fields}
    for key in value:
        if key not in fields:
            hint = nearest(key, fields) or f"; allowed: {', '.join(fields)}"
            raise Invalid((*path, key), f"unknown key{hint}")
    for name, field in fields.items():
        if name in value:
            check(value[name], field.type, (*path, name))
        elif field.required:
            raise Invalid(path, f"the key '{name}' is missing")
