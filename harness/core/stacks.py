# SPDX-License-Identifier: GPL-2.0-only
"""Call chains of traced events: the names of their functions, from the core's own symbol table.

The core gives places of functions in its file (native/sched/stack.h).  A core that was stripped has
no names, and then there are no chains.  What the compiler put in line is not in a chain.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from harness import _core

FILE = "stacks.json"
SYMTAB, FUNCTION = 2, 2  # sh_type, low bits of st_info
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
MACHINERY = ("hook_", "sched_", "trace_", "stack_", "free_", "point", "unusual_", "happened")
OUTERMOST = frozenset({"run_task", "fiber_entry", "baton_worker"})


def symbols(image: bytes) -> Mapping[int, str]:
    """The functions of a 64-bit little-endian ELF file, by their places; empty: none are named."""
    if image[:6] != b"\x7fELF\x02\x01":
        return {}
    offset, size, count = (
        struct.unpack_from("<Q", image, 0x28)[0],
        *struct.unpack_from("<HH", image, 0x3A),
    )
    headers = [SECTION_HEADER.unpack_from(image, offset + n * size) for n in range(count)]
    found: dict[int, str] = {}
    for header in headers:
        if header[1] != SYMTAB:
            continue
        texts = headers[header[6]][4]
        table = image[header[4] : header[4] + header[5]]
        for name, info, _, _, value, _ in SYMBOL.iter_unpack(table):
            if info & 0xF == FUNCTION and value:
                begin = texts + name
                found[value] = image[begin : image.index(b"\0", begin)].decode()
    return found


@cache
def core_symbols() -> Mapping[int, str]:
    try:
        return symbols(Path(str(_core.__file__)).read_bytes())
    except (OSError, struct.error, IndexError, ValueError):
        return {}


def chain(places: Iterable[int]) -> str:
    """``kvm_tdp_mmu_map < kvm_tdp_page_fault < ... < task_body``: innermost first."""
    known = core_symbols()
    names = [known.get(place, "?").partition(".")[0] for place in places]
    while names and (names[0].startswith(MACHINERY) or names[0].endswith("_stub")):
        names.pop(0)
    if names and names[-1] in OUTERMOST:
        names.pop()
    return " < ".join(names) if any(name != "?" for name in names) else ""


class Chains(msgspec.Struct, frozen=True):
    """Those of the events of events.txt: each chain once, and which of them each event has."""

    chains: tuple[str, ...] = ()
    of: tuple[int, ...] = ()

    def at(self, index: int) -> str:
        return self.chains[self.of[index]] if index < len(self.of) else ""


NONE = Chains()


def pack(chains: Sequence[str]) -> Chains:
    number = {text: n for n, text in enumerate(dict.fromkeys(chains))}
    return Chains(tuple(number), tuple(number[text] for text in chains))


def read(directory: Path) -> Chains:
    """Without them when they are not there, or are not what they should be."""
    try:
        return msgspec.json.decode((directory / FILE).read_bytes(), type=Chains)
    except (OSError, msgspec.MsgspecError):
        return NONE
