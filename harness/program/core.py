# SPDX-License-Identifier: GPL-2.0-only
"""A flat program as ``struct mmut_flat``, in a configuration of the core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from harness._core import ffi, lib
from harness.errors import HarnessError
from harness.program.code import KINDS, NUMBERS, ORDERS, Code, Insn

if TYPE_CHECKING:
    from harness._core import mmut_config

U64 = 1 << 64

# The arrays that a configuration points to live as long as it does.
kept: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


def program_number(name: str) -> int:
    number = 1
    while (pointer := lib.mmut_program_name(number)) != ffi.NULL:
        if bytes(ffi.string(pointer)).decode() == name:
            return number
        number += 1
    raise HarnessError(f"the core has no program '{name}'")


def signed(value: int) -> int:
    """As the core's 64 bits have it."""
    value %= U64
    return value - U64 if value >= U64 // 2 else value


def fill_insn(into: Any, insn: Insn) -> None:
    into.op, into.order = NUMBERS[insn.op], ORDERS.index(insn.order)
    into.dst, into.a, into.b, into.index = insn.dst, insn.a, insn.b, insn.index
    into.object, into.imm, into.line = insn.object, signed(insn.imm), insn.line
    into.text = insn.text.encode("ascii", "replace")


def fill(config: mmut_config, code: Code) -> None:
    """Everything of `config` that is the program's."""
    make: Any = ffi.new
    flat = make("struct mmut_flat *")
    insns = make("struct mmut_insn[]", len(code.insns))
    objects = make("struct mmut_object[]", max(1, len(code.objects)))
    initial = make("int64_t[]", max(1, code.words()))
    for number, insn in enumerate(code.insns):
        fill_insn(insns[number], insn)
    for number, thing in enumerate(code.objects):
        into = objects[number]
        into.name = thing.name.encode("ascii", "replace")[:23]
        into.kind, into.count, into.first = KINDS.index(thing.kind), len(thing.initial), thing.first
        if thing.kind == "words":
            for offset, value in enumerate(thing.initial):
                initial[thing.first + offset] = signed(value)
    flat.insns, flat.objects, flat.initial = insns, objects, initial
    flat.nr_insns, flat.nr_objects = len(code.insns), len(code.objects)
    flat.nr_words, flat.nr_registers = code.words(), code.registers()
    flat.nr_observed = len(code.observed)
    for number, seen in enumerate(code.observed):
        flat.observed[number].task = lib.MMUT_FINAL if seen.task is None else seen.task
        flat.observed[number].place = seen.place
    for number, start in enumerate([*(start for _, start in code.tasks), code.final]):
        flat.entry[number] = start
    flat.file = code.file.encode("ascii", "replace")[-63:]
    config.program, config.flat = program_number("flat"), flat
    config.nr_tasks = len(code.tasks)
    for number, (name, _) in enumerate(code.tasks):
        config.tasks[number].name = name.encode("ascii", "replace")[:15]
        config.tasks[number].kind = lib.MMUT_TASK_PROGRAM
    kept[config] = [flat, insns, objects, initial]
