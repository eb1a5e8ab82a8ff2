# SPDX-License-Identifier: GPL-2.0-only
"""What the core hands out, as objects of Python: records, and rows of any struct of api.h."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from harness._core import ffi, lib

TASK_DONE = 2  # of the states of a task


@dataclass(frozen=True)
class Failure:
    """The first violation of a world."""

    oracle: str
    message: str
    task: int
    task_name: str
    file: str
    func: str
    line: int
    what: str
    step: int
    addr: int
    iteration: int
    digest: int
    member: str = ""  # which strategy of mix drove

    def is_unfinished(self) -> bool:
        """Too long an execution: it ended anywhere, and where says nothing."""
        return self.message.startswith("not finished after ")


@dataclass(frozen=True)
class Event:
    """One traced event, names resolved."""

    step: int
    task: int
    op: str
    func: str
    file: str
    line: int
    what: str
    object: str
    addr: int
    old: int
    new: int
    operand: int
    anchor: int  # hash of the object's name
    occurrence: int  # which time the task did this to it
    chain: str = ""  # who called whom, innermost first; empty: not asked for, or not known

    def place(self) -> tuple[int, str, int, int]:
        """Where an anchor is that is before this event."""
        return self.task, self.op, self.anchor, self.occurrence


@dataclass(frozen=True)
class TaskState:
    id: int
    name: str
    kind: int
    state: int
    operations: int
    faults: int
    held: str
    pending: str
    waits: str = ""  # free running: for which lock, and who had it

    @property
    def over(self) -> bool:
        return self.state == TASK_DONE


@dataclass(frozen=True)
class Annotation:
    """A memory-order annotation that executions came by."""

    file: str
    line: int
    func: str
    what: str
    op: int
    order: str


@dataclass(frozen=True)
class Outcome:
    values: tuple[int, ...]
    count: int
    rule: int | None  # index of the scenario's outcome that matched


def text(chars: Any) -> str:
    return bytes(ffi.string(chars)).decode("utf-8", "replace")


def event_op(op: int) -> str:
    pointer = lib.mmut_event_op_name(op)
    return text(pointer) if pointer != ffi.NULL else str(op)


@cache
def event_ops() -> dict[str, int]:
    """The numbers of operations by their names."""
    found: dict[str, int] = {}
    while lib.mmut_event_op_name(len(found)) != ffi.NULL:
        found[event_op(len(found))] = len(found)
    return found


NUMBER, NUMBERS, TEXT = range(3)


@cache
def kinds_of(struct: Any) -> list[tuple[str, int]]:
    """The fields of a C struct, by its type."""
    found = []
    for name, field in struct.fields:
        kind = NUMBER
        if field.type.kind != "primitive":
            kind = TEXT if field.type.item.cname == "char" else NUMBERS
        found.append((name, kind))
    return found


def fields_of(raw: Any) -> dict[str, Any]:
    """The fields of a C struct of numbers, arrays of numbers and texts."""
    found = {}
    for name, kind in kinds_of(ffi.typeof(raw).item):
        value = getattr(raw, name)
        found[name] = value if kind == NUMBER else text(value) if kind == TEXT else list(value)
    return found


def rows(struct: str, get: Callable[[int, Any], int]) -> list[dict[str, Any]]:
    make: Any = ffi.new
    raw = make(struct)
    found: list[dict[str, Any]] = []
    while get(len(found), raw) == 0:
        found.append(fields_of(raw))
    return found
