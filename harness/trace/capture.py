# SPDX-License-Identifier: GPL-2.0-only
"""From the flight recorder of the world that is mapped to the bytes of ``events.bin``."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness._core import ffi, lib
from harness.core.structs import Failure, text
from harness.trace import record
from harness.trace.record import Header, Lock, Site, Task

MMU_LOCK = "mmu_lock"  # has readers, though none may have come
LOCK_KINDS = ("wait", "hold")


@dataclass(frozen=True)
class Piece:
    """Records [first, end) of a task, packed, and those that had not ended."""

    task: int
    first: int
    records: bytes
    open: tuple[bytes, ...]

    @property
    def end(self) -> int:
        return self.first + len(self.records) // record.RECORD.size

    def cut(self, first: int, end: int) -> bytes:
        """Those of [first, end) that are in it."""
        size = record.RECORD.size
        low, high = max(first, self.first), min(end, self.end)
        return self.records[(low - self.first) * size : max(0, high - self.first) * size]


def names(get: Callable[[int], Any]) -> tuple[str, ...]:
    found: list[str] = []
    while (pointer := get(len(found))) != ffi.NULL:
        found.append(text(pointer))
    return tuple(found)


def pieces() -> Iterator[Piece]:
    """The rings, one of each task, and then what was kept around long waits, task after task."""
    make: Any = ffi.new
    raw = make("struct mmut_flight_piece *")
    records = make("struct mmut_flight_record[]", lib.MMUT_FLIGHT_PIECE_MAX)
    buffer, size, number = ffi.buffer(records), record.RECORD.size, 0
    while lib.mmut_flight_piece(number, raw, records) == 0:
        end = raw.count * size
        open_ = tuple(buffer[end + n * size : end + (n + 1) * size] for n in range(raw.open))
        yield Piece(raw.task, raw.first, buffer[0:end], open_)
        number += 1


def ended_later(packed: bytes, end: int) -> bytes:
    """An open record whose end was overwritten: it was still at it at `end`."""
    raw = record.Raw(*record.RECORD.unpack(packed))
    flags = raw.flags | record.LATER
    return record.RECORD.pack(*raw._replace(end=max(end, raw.begin), flags=flags))


def last_end(moment: list[Piece]) -> int:
    """When it was that all tasks were looked at: no record of it is younger."""
    ends = (raw[1] for piece in moment for raw in record.RECORD.iter_unpack(piece.records[-400:]))
    return max(ends, default=0)


def merged(ring: Piece, kept: list[Piece]) -> bytes:
    """All records of a task, each once, in the order in which they ended."""
    parts, reached = [], 0
    for piece in sorted(kept, key=lambda piece: piece.first):
        parts.append(piece.cut(reached, ring.first))
        reached = max(reached, min(piece.end, ring.first))
    return b"".join([*parts, ring.records])


def lost_ends(records: bytes, ring: Piece, moments: list[tuple[Piece, int]]) -> list[bytes]:
    """What was open around a long wait, and whose whole record is gone by now."""
    wanted = {one: end for piece, end in moments for one in piece.open}
    if not wanted:
        return []
    ended = {(raw[0], raw[6]) for raw in record.RECORD.iter_unpack(records)}  # begin, kind
    ended |= {(raw[0], raw[6]) for raw in map(record.RECORD.unpack, ring.open)}
    found = {}
    for one, end in wanted.items():
        raw = record.RECORD.unpack(one)
        if (raw[0], raw[6]) not in ended:
            found[raw[0], raw[6]] = ended_later(one, end)
    return list(found.values())


def all_records(nr_tasks: int) -> list[tuple[Piece, bytes]]:
    """For each task its ring and its packed records, those that have not ended last."""
    found = list(pieces())
    moments = [found[n : n + nr_tasks] for n in range(nr_tasks, len(found), nr_tasks)]
    ends = [last_end(moment) for moment in moments]
    result = []
    for task, ring in enumerate(found[:nr_tasks]):
        kept = [moment[task] for moment in moments]
        records = merged(ring, kept)
        lost = lost_ends(records, ring, list(zip(kept, ends, strict=True)))
        result.append((ring, b"".join([records, *lost, *ring.open])))
    return result


def sites_of(packed: bytes) -> dict[int, Site]:
    halves = memoryview(packed).cast("H")
    found: dict[int, Site] = {}
    raw = ffi.new("struct mmut_place *")
    for number in {*halves[14::20].tolist(), *halves[15::20].tolist()}:
        if number != record.NO_SITE and lib.mmut_place_get(number, raw) == 0:
            found[number] = Site(func=text(raw.func), file=text(raw.file), line=raw.line)
    return found


def locks_of(packed: bytes, kinds: tuple[str, ...]) -> dict[int, Lock]:
    wanted = {number for number, kind in enumerate(kinds) if kind in LOCK_KINDS}
    view = memoryview(packed)
    args, halves = view.cast("Q")[2::5].tolist(), view.cast("H")[18::20].tolist()
    rows = set(zip(view[32::40].tolist(), args, halves, view[33::40].tolist(), strict=True))
    found: dict[int, Lock] = {}
    buffer = ffi.new("char[]", 64)
    for kind, address, number, mode in rows:
        if kind not in wanted:
            continue
        class_name = text(lib.mmut_lock_class_name(number))
        readers = mode == 0 or class_name == MMU_LOCK
        readers |= address in found and found[address].readers
        known = lib.mmut_address_name(address, buffer, len(buffer)) == 0
        name = text(buffer) if known else class_name
        found[address] = Lock(name=name, lock_class=class_name, readers=readers)
    return found


def tasks_of(parts: list[tuple[Piece, bytes]]) -> tuple[Task, ...]:
    raw = ffi.new("struct mmut_task_state *")
    found = []
    for number, (ring, packed) in enumerate(parts):
        if lib.mmut_task_state(number, raw) == 0 and (number or packed):
            found.append(
                Task(
                    id=number,
                    name=text(raw.name),
                    kind=text(lib.mmut_task_kind_name(raw.kind)),
                    records=ring.end,
                    kept=len(packed) // record.RECORD.size,
                )
            )
    return tuple(found)


def recorded(
    scenario: str, execution: Literal["free", "explore", "lockstep"], failure: Failure | None
) -> bytes | None:
    """What ``events.bin`` is to hold; None: nothing was recorded."""
    flight = ffi.new("struct mmut_flight *")
    if lib.mmut_flight_get(flight) != 0:
        return None
    parts = all_records(lib.mmut_nr_tasks())
    packed = b"".join(records for _, records in parts)
    kinds: Any = names(lib.mmut_flight_kind_name)  # the literals of Kind, as a test asserts
    header = Header(
        scenario=scenario,
        execution=execution,
        unit="ns" if execution == "free" else "steps",
        tick=flight.tick,
        origin=flight.origin,
        holds_sampled=flight.holds_sampled,
        accesses=bool(flight.accesses),
        tasks=tasks_of(parts),
        kinds=kinds,
        sites=sites_of(packed),
        locks=locks_of(packed, kinds),
        operations=names(lib.mmut_op_name),
        fault_results=names(lib.mmut_fault_result_name),
        requests=names(lib.mmut_request_name),
        oracles=names(lib.mmut_oracle_name),
        violation=f"{failure.oracle}: {failure.message}" if failure else "",
    )
    return record.encode(header, packed)
