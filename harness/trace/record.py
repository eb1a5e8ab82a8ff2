# SPDX-License-Identifier: GPL-2.0-only
"""``events.bin``: what the flight recorder of one scenario's run has kept.

A magic line, the length of a header (8 bytes, little endian), the header as JSON, and then records
of `RECORD` one after the other, each task's in the order in which they ended, and last those that
have not ended, or whose end was overwritten.  A record is native/core/flight.h's struct
flight_record; all tables that it needs are in the header, so that a recording is read without the
core that made it.

The rings are of fixed size: `Task.records` were made, and the last of them kept.  Around the
longest waits of each task the records of all tasks were kept as well, so a recording is not one
stretch of time.  Times are ticks of the processor's counter where processes ran freely, else
schedule points.
"""

import struct
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

from harness.errors import UsageError

FILE = "events.bin"
MAGIC = b"mmutorture events 1\n"
SCHEMA = 1
LENGTH = struct.Struct("<Q")
RECORD = struct.Struct("<QQQIHHBBBBHH")
STILL_OPEN = (1 << 64) - 1  # an end that had not come
NO_SITE = 0xFFFF
EARLIER, LATER = 1, 2  # flags: it began before `begin`, ended after `end`, when nobody looked

Count = Annotated[int, msgspec.Meta(ge=0)]
Kind = Literal[
    "none",
    "operation",
    "fault",
    "invalidate",
    "zap",
    "zap-root",
    "wait",
    "hold",
    "flush",
    "flush-wait",
    "grace-period",
    "callbacks",
    "yield",
    "root-invalid",
    "backlog",
    "violation",
    "point",  # in no file: a schedule point of an execution that was replayed
]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all parts of the header."""


class Site(Part, frozen=True, kw_only=True):
    func: str
    file: str
    line: Count


class Task(Part, frozen=True, kw_only=True):
    id: Count
    name: str
    kind: str
    records: Count  # that it made
    kept: Count  # in the file


class Lock(Part, frozen=True, kw_only=True):
    name: str  # of this one
    lock_class: str  # of its class, as lock_stat names it
    readers: bool  # it has a read mode


class Header(Part, frozen=True, kw_only=True):
    schema: int = SCHEMA
    scenario: str
    execution: Literal["free", "explore", "lockstep"]
    unit: Literal["ns", "steps"]
    tick: float  # `unit`s in a tick of the records
    origin: Count  # the tick that is time 0
    holds_sampled: Count  # of holds that nobody waited for, one in so many was recorded
    accesses: bool  # guest accesses are operations; else those that faulted only, as faults
    tasks: tuple[Task, ...]
    kinds: tuple[Kind, ...]  # by number
    sites: dict[int, Site]
    locks: dict[int, Lock]  # by the address in the records
    operations: tuple[str, ...]  # by number, as all that follow
    fault_results: tuple[str, ...]
    requests: tuple[str, ...]
    oracles: tuple[str, ...]
    violation: str = ""


class Raw(NamedTuple):
    """A record as the core made it."""

    begin: int
    end: int
    arg: int
    value: int
    site: int
    other_site: int
    kind: int
    mode: int
    other: int
    flags: int
    lock_class: int  # of a fault: how many more like it followed in a row
    task: int


def encode(header: Header, records: bytes) -> bytes:
    text = msgspec.json.encode(header)
    return MAGIC + LENGTH.pack(len(text)) + text + records


def decode(data: bytes, name: str) -> tuple[Header, list[Raw]]:
    """Header and records; `name` is for what is said of a damaged file."""
    start = len(MAGIC) + LENGTH.size
    if not data.startswith(MAGIC) or len(data) < start:
        raise UsageError(f"{name}: is no recording that this build reads (schema {SCHEMA})")
    (length,) = LENGTH.unpack_from(data, len(MAGIC))
    body = data[start + length :]
    try:
        header = msgspec.json.decode(data[start : start + length], type=Header)
    except msgspec.DecodeError as error:
        raise UsageError(f"{name}: its header is damaged: {error}") from None
    if len(body) % RECORD.size:
        raise UsageError(f"{name}: was cut short: it does not end at the end of a record")
    return header, [Raw(*fields) for fields in RECORD.iter_unpack(body)]


def read(path: Path) -> tuple[Header, list[Raw]]:
    """Of a file, or of the scenario directory that holds it."""
    file = path / FILE if path.is_dir() else path
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"{path}: has no {FILE}: the run did not record; stress --record does"
        ) from None
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from None
    return decode(data, str(file))
