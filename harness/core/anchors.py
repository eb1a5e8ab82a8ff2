# SPDX-License-Identifier: GPL-2.0-only
"""Plans: forced switches, each anchored on (task, operation, object, which occurrence).

The core counts and follows them (native/sched/anchor.h); here they are packed into tokens, kept
in failure directories with their names in clear, and described.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

OP_BITS = 14  # an operation goes by its name's checksum: its number is the build's own
PICKS = {1: "contention", 2: "an older value", 3: "an earlier place"}
BUFFER = 32  # agents from here on are store buffers


@dataclass(frozen=True)
class Anchor:
    """One forced choice and where it is made."""

    task: int
    op: str
    object: int  # hash of its logical name
    occurrence: int  # from 1
    decision: int  # which decision at this event, and above the low byte what it is about
    choice: int

    @property
    def kind(self) -> int:
        """0: who runs; else what is picked."""
        return self.decision >> 8

    def place(self) -> tuple[int, str, int, int]:
        return self.task, self.op, self.object, self.occurrence


Plan = tuple[Anchor, ...]


class Kept(msgspec.Struct, frozen=True):
    """An anchor in plan.json, with what people call it."""

    task: str
    op: str
    object: str  # as reports name it; may be empty
    occurrence: int
    at: str  # function and place in the source
    to: str  # the task that goes on, or what is picked
    anchor: tuple[int, int, int, int]  # task, object hash, decision, choice
    chain: str = ""  # who called whom there, innermost first


def plan_of(kept: Iterable[Kept]) -> Plan:
    return tuple(
        Anchor(row.anchor[0], row.op, row.anchor[1], row.occurrence, *row.anchor[2:])
        for row in kept
    )


class Damaged(ValueError):
    """A packed plan is not one."""


def op_code(name: str) -> int:
    return zlib.crc32(name.encode()) & ((1 << OP_BITS) - 1)


def varint(value: int) -> bytes:
    """7 bits a byte, low first."""
    raw = bytearray()
    while value >= 0x80:
        raw.append(value & 0x7F | 0x80)
        value >>= 7
    raw.append(value)
    return bytes(raw)


def pack(plan: Iterable[Anchor]) -> str:
    """Six numbers for each anchor, in base64url; nothing in it means anything to a shell."""
    raw = b"".join(
        varint(number)
        for a in plan
        for number in (a.task, op_code(a.op), a.object, a.occurrence, a.decision, a.choice)
    )
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def numbers(packed: str) -> Iterator[int]:
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise Damaged from None
    value = shift = 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            if value >> 32:
                raise Damaged
            yield value
            value = shift = 0
    if shift:
        raise Damaged


def unpack(packed: str, ops: Mapping[int, str]) -> Plan:
    """`ops`: the names of operations by their code; one that is unknown stands as it is."""
    words = list(numbers(packed))
    if len(words) % 6:
        raise Damaged
    return tuple(
        Anchor(task, ops.get(op, f"op-{op:x}"), *rest)
        for task, op, *rest in zip(*[iter(words)] * 6, strict=True)
    )


def describe(anchor: Anchor, names: Mapping[int, str], name: str = "") -> str:
    """``vcpu0 before its 3rd cmpxchg of spte L1 gfn 0x40 -> vmm0``."""
    who = names.get(anchor.task, f"task {anchor.task}")
    if anchor.op == "none":
        where = "at the start"
    elif anchor.op == "task_exit":
        where = f"when {who} has ended"
    else:
        what = f"{anchor.op} of {name}" if name else anchor.op
        where = f"{who} before its {ordinal(anchor.occurrence)} {what}"
    return f"{where} -> {choice_text(anchor, names)}"


def choice_text(anchor: Anchor, names: Mapping[int, str]) -> str:
    if anchor.kind:
        return (
            f"{PICKS.get(anchor.kind, 'choice')} {anchor.choice}" if anchor.kind > 1 else PICKS[1]
        )
    if anchor.choice >= BUFFER and anchor.choice not in names:
        return f"store buffer of {names.get(anchor.choice - BUFFER, '?')}"
    return names.get(anchor.choice, f"task {anchor.choice}")


def ordinal(n: int) -> str:
    suffix = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{suffix}"
