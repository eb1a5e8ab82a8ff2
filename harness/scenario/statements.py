# SPDX-License-Identifier: GPL-2.0-only
"""The two little languages of a litmus scenario: program statements and outcome conditions.

r0 = read 0x10            a guest load; the stamp goes to register r0
write 0x10                a guest store: adds one to the page's stamp
migrate 0x10 pages 2      an operation of the host mm on a range
dirty-log-get slot 1      an operation of the VMM on a memslot; fast-zap takes nothing

vcpu0.r0 == 0 and vcpu1.r0 != 1
"""

import re
from dataclasses import dataclass

from harness.scenario.schema import (
    GFN_MAX,
    OPERATIONS,
    REGISTERS,
    SELF_OPERATIONS,
    SLOT_OPERATIONS,
    SLOTS_MAX,
    TERMS_MAX,
)
from harness.units import nearest

VALUE_MAX = 255  # a register is one byte

STATEMENT = re.compile(
    r"(?:(?P<reg>\w+)\s*=\s*)?(?P<op>[\w-]+)(?:\s+(?P<gfn>0[xX][\da-fA-F]+|\d+))?"
    r"(?:\s+pages\s+(?P<pages>\d+))?(?:\s+slot\s+(?P<slot>\d+))?"
)
TERM = re.compile(
    r"(?P<task>[\w-]+)\.(?P<reg>\w+)\s*(?P<test>==|!=)\s*(?P<value>0[xX][\da-fA-F]+|\d+)"
)
REGISTER = re.compile(r"r(\d+)")


class ProgramError(Exception):
    """str() is what is wrong and what is allowed."""


@dataclass(frozen=True)
class Statement:
    op: str
    gfn: int = 0
    pages: int = 0  # 0: one
    slot: int = 0
    reg: int = -1  # -1: none


@dataclass(frozen=True)
class Term:
    task: str
    reg: int
    value: int
    not_equal: bool


def parse_register(text: str) -> int:
    match = REGISTER.fullmatch(text)
    if match is None or int(match[1]) >= REGISTERS:
        raise ProgramError(f"'{text}' is not a register; allowed: r0 to r{REGISTERS - 1}")
    return int(match[1])


def parse_statement(text: str, kind: str) -> Statement:
    """One statement of a task of this kind."""
    match = STATEMENT.fullmatch(text.strip())
    if match is None:
        raise ProgramError(f"'{text}' is not a statement; write 'r0 = read 0x10' or 'migrate 0x10'")
    op = match["op"]
    check_operation(op, kind)
    if match["reg"] is not None and op != "read":
        raise ProgramError(f"'{text}': only read has a result")
    if op == "read" and match["reg"] is None:
        raise ProgramError(
            f"'{text}': name the register for the result, as in 'r0 = {text.strip()}'"
        )
    wants_gfn = OPERATIONS[op] in ("vcpu", "host-mm") and op not in SELF_OPERATIONS
    if wants_gfn != (match["gfn"] is not None):
        raise ProgramError(f"'{text}': {op} takes {'a gfn' if wants_gfn else 'no gfn'}")
    if match["pages"] is not None and OPERATIONS[op] != "host-mm":
        raise ProgramError(f"'{text}': 'pages' is for operations of the host mm")
    if match["slot"] is not None and op not in SLOT_OPERATIONS:
        raise ProgramError(f"'{text}': 'slot' is for operations on a memslot")
    statement = Statement(
        op=op,
        gfn=int(match["gfn"] or "0", 0),
        pages=int(match["pages"] or "0"),
        slot=int(match["slot"] or "0"),
        reg=parse_register(match["reg"]) if match["reg"] else -1,
    )
    if statement.gfn >= GFN_MAX or statement.slot >= SLOTS_MAX:
        raise ProgramError(f"'{text}': gfns end at {GFN_MAX - 1:#x}, slots at {SLOTS_MAX - 1}")
    return statement


def check_operation(op: str, kind: str) -> None:
    """Refuse an operation that does not exist or that this kind of task cannot do."""
    allowed = [name for name, who in OPERATIONS.items() if who == kind]
    if op not in OPERATIONS:
        hint = nearest(op, allowed) or f"; a {kind} task can do: {', '.join(allowed)}"
        raise ProgramError(f"unknown operation '{op}'{hint}")
    if OPERATIONS[op] != kind:
        raise ProgramError(
            f"'{op}' is an operation of {OPERATIONS[op]} tasks; "
            f"a {kind} task can do: {', '.join(allowed)}"
        )


def parse_condition(text: str) -> list[Term]:
    """The terms of a condition; all of them have to hold."""
    terms = []
    for part in re.split(r"\s+and\s+", text.strip()):
        match = TERM.fullmatch(part)
        if match is None:
            raise ProgramError(f"'{part}' is not a term; write 'vcpu0.r0 == 1', joined by 'and'")
        value = int(match["value"], 0)
        if value > VALUE_MAX:
            raise ProgramError(f"'{part}': a register holds 0 to {VALUE_MAX}")
        terms.append(
            Term(match["task"], parse_register(match["reg"]), value, match["test"] == "!=")
        )
    if len(terms) > TERMS_MAX:
        raise ProgramError(f"{len(terms)} terms; at most {TERMS_MAX}")
    return terms
