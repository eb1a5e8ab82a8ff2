# SPDX-License-Identifier: GPL-2.0-only
"""A flat program as data, and as text: what the core's interpreter runs.

The text is the canonical form.  It stands in the ``code`` of a scenario of kind "program", is what
a failure directory keeps and what a token's hash covers:

    litmus SB Sometimes exists ..   of a litmus file: its name, result and condition
    words x 0                       a word named x, 0 at first; with more values an array
    spinlock l 1                    one lock named l (or mutex, rwlock)
    observe r0 0 3                  part of the outcome: register 3 of task 0
    observe x final 0               word 0 as it is at the end
    task t0                         the code of the next task follows
    store.relaxed x 1 @5 x = 1      operation, order, operands; line and text of the source
    load.acquire r3 y
    exit
    final                           after the tasks: rules about the outcome
    exit
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

NONE = 0xFFFF  # no register, no object
POINTER = 0x40000000  # the pointer to word 0
ORDERS = ("plain", "relaxed", "acquire", "release", "full")
FENCES = (
    *("mb", "rmb", "wmb", "before-atomic", "after-atomic", "after-spinlock"),
    *("after-unlock-lock", "after-srcu-unlock", "barrier"),
)
KINDS = ("words", "spinlock", "mutex", "rwlock")  # of objects, as the core numbers them
TASKS_MAX = 126  # the core's 128, without the boss and the RCU task; fewer in core/config.py
RCU_DOMAINS = 3  # RCU, and SRCU twice
SECTIONS_MAX = 32  # statements that begin a section of SRCU
OBSERVED_MAX = 32
WORDS_MAX = 1 << 16
TEXT_MAX = 47

# What stands behind each operation: d, a and x are registers (d may be _, no register, for the
# value of a read-modify-write that nobody wants), b a register or a number, w a word
# or lock, i a number, f a fence.  The order is that of enum mmut_insn_op.
SIGNATURES = {
    "move": "db",
    **dict.fromkeys(("add", "sub", "mul", "div", "mod", "and", "or", "xor"), "dab"),
    **dict.fromkeys(("eq", "ne", "lt", "le"), "dab"),
    "address": "dw",
    "jump": "i",
    "jump-zero": "ai",
    "jump-nonzero": "ai",
    "control": "d",
    "join": "a",
    "check": "a",
    "atomic-end": "",
    "exit": "",
    "register": "dix",
    "rule": "ai",
    "discard": "a",
    "load": "dw",
    "store": "wb",
    "xchg": "dwb",
    "cmpxchg": "dwab",
    **dict.fromkeys(("fetch-add", "fetch-and", "fetch-or", "fetch-xor"), "dwb"),
    **dict.fromkeys(("await-eq", "await-ne"), "dwb"),
    "fence": "f",
    **dict.fromkeys(("spin-lock", "spin-unlock"), "w"),
    **dict.fromkeys(("spin-trylock", "spin-is-locked"), "dw"),
    **dict.fromkeys(("mutex-lock", "mutex-unlock", "read-lock", "read-unlock"), "w"),
    **dict.fromkeys(("write-lock", "write-unlock"), "w"),
    **dict.fromkeys(("rcu-lock", "rcu-unlock", "rcu-sync"), "i"),
    **dict.fromkeys(("srcu-lock", "srcu-down"), "di"),
    "srcu-unlock": "ai",
    "yield": "",
    "atomic": "",
    **dict.fromkeys(("no-writers", "no-access"), "w"),
}
UNWANTED = frozenset(("xchg", "cmpxchg", "fetch-add", "fetch-and", "fetch-or", "fetch-xor"))
NUMBERS = {name: number for number, name in enumerate(SIGNATURES)}


class CodeError(Exception):
    """The text of a program is no program; str() is what is wrong."""


@dataclass
class Insn:
    """One instruction; the fields are those of struct mmut_insn."""

    op: str
    order: str = "plain"
    dst: int = NONE
    a: int = NONE
    b: int = NONE
    index: int = NONE
    object: int = NONE
    imm: int = 0
    line: int = 0
    text: str = ""


@dataclass(frozen=True)
class Object:
    """A word, an array of words, or locks."""

    name: str
    kind: str
    initial: tuple[int, ...]  # of words; for locks one 0 each
    first: int = 0  # words: place in memory


@dataclass(frozen=True)
class Observed:
    """Part of an outcome: a register of a task, or a word at the end (task None)."""

    label: str
    task: int | None
    place: int


@dataclass(frozen=True)
class Litmus:
    """What a litmus file says about outcomes, in its own words."""

    name: str
    result: str  # Never, Sometimes, ..; empty: it does not say
    quantifier: str  # exists, ~exists or forall
    condition: str
    races: bool = False  # it expects a data race


@dataclass
class Code:
    """A whole program."""

    file: str = ""
    objects: list[Object] = field(default_factory=list)
    tasks: list[tuple[str, int]] = field(default_factory=list)  # name, first instruction
    final: int = 0  # first instruction of the part after the tasks
    insns: list[Insn] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)
    litmus: Litmus | None = None

    def words(self) -> int:
        return sum(len(o.initial) for o in self.objects if o.kind == "words")

    def registers(self) -> int:
        used = [n for i in self.insns for n in (i.dst, i.a, i.b, i.index) if n != NONE]
        return max(used, default=0) + 1


def where_text(code: Code, insn: Insn) -> str:
    if insn.object == NONE:
        return f"[r{insn.index}]"
    name = code.objects[insn.object].name
    return name if insn.index == NONE else f"{name}[r{insn.index}]"


def insn_text(code: Code, insn: Insn) -> str:
    parts = [insn.op if insn.order == "plain" else f"{insn.op}.{insn.order}"]
    for letter in SIGNATURES[insn.op]:
        match letter:
            case "d":
                parts.append("_" if insn.dst == NONE else f"r{insn.dst}")
            case "a":
                parts.append(f"r{insn.a}")
            case "x":
                parts.append(f"r{insn.index}")
            case "b":
                parts.append(str(insn.imm) if insn.b == NONE else f"r{insn.b}")
            case "w":
                parts.append(where_text(code, insn))
            case "i":
                parts.append(str(insn.imm))
            case "f":
                parts.append(FENCES[insn.imm])
    if insn.line or insn.text:
        parts.append(f"@{insn.line} {insn.text}".rstrip())
    return " ".join(parts)


def dump(code: Code) -> list[str]:
    """The canonical text."""
    lines = [f"file {code.file}"] if code.file else []
    if test := code.litmus:
        result = (test.result or "-") + "+DATARACE" * test.races
        lines.append(f"litmus {test.name} {result} {test.quantifier} {test.condition}")
    lines += [f"{o.kind} {o.name} {' '.join(map(str, o.initial))}" for o in code.objects]
    for seen in code.observed:
        task = "final" if seen.task is None else str(seen.task)
        lines.append(f"observe {seen.label} {task} {seen.place}")
    starts = {start: f"task {name}" for name, start in code.tasks} | {code.final: "final"}
    for number, insn in enumerate(code.insns):
        if number in starts:
            lines.append(starts[number])
        lines.append(insn_text(code, insn))
    return lines


def meaning(lines: Sequence[str]) -> list[str]:
    """The text without the places of the source: what an execution depends on."""
    if lines[0].startswith("c "):
        return list(lines[1:])  # a program in C: harness/program/compiled.py
    return [line.partition(" @")[0] for line in lines if not line.startswith("file ")]


def number_of(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise CodeError(f"'{text}' is no number") from None


def register_of(text: str) -> int:
    if text[:1] != "r" or not text[1:].isdigit() or int(text[1:]) >= NONE:
        raise CodeError(f"'{text}' is no register")
    return int(text[1:])


def parse_where(text: str, objects: dict[str, int], insn: Insn) -> None:
    name, bracket, index = text.partition("[")
    if bracket:
        insn.index = register_of(index.rstrip("]"))
    if name:
        if name not in objects:
            raise CodeError(f"'{name}' is no word or lock of the program")
        insn.object = objects[name]


def parse_operand(letter: str, text: str, objects: dict[str, int], insn: Insn) -> None:
    match letter:
        case "d":
            insn.dst = NONE if text == "_" else register_of(text)
        case "a":
            insn.a = register_of(text)
        case "x":
            insn.index = register_of(text)
        case "b" if text[:1] == "r":
            insn.b = register_of(text)
        case "b" | "i":
            insn.imm = number_of(text)
        case "w":
            parse_where(text, objects, insn)
        case "f":
            if text not in FENCES:
                raise CodeError(f"'{text}' is no fence; allowed: {', '.join(FENCES)}")
            insn.imm = FENCES.index(text)


def parse_insn(text: str, objects: dict[str, int]) -> Insn:
    body, at, source = text.partition(" @")
    head, *operands = body.split()
    op, _, order = head.partition(".")
    if op not in SIGNATURES:
        raise CodeError(f"'{op}' is no instruction; allowed: {', '.join(SIGNATURES)}")
    insn = Insn(op, order or "plain")
    if insn.order not in ORDERS:
        raise CodeError(f"'{order}' is no order; allowed: {', '.join(ORDERS)}")
    if len(operands) != len(SIGNATURES[op]):
        raise CodeError(f"'{body}' has {len(operands)} operands, and not {len(SIGNATURES[op])}")
    for letter, operand in zip(SIGNATURES[op], operands, strict=True):
        parse_operand(letter, operand, objects, insn)
    if at:
        line, _, insn.text = source.partition(" ")
        insn.line = number_of(line)
    return insn


def parse_declaration(code: Code, words: Sequence[str]) -> bool:
    """A line before the tasks; False: it is an instruction."""
    if words[0] == "file":
        code.file = " ".join(words[1:])
    elif words[0] == "litmus" and len(words) >= 5:
        result, _, races = words[2].partition("+")
        condition = " ".join(words[4:])
        code.litmus = Litmus(words[1], result.strip("-"), words[3], condition, races=bool(races))
    elif words[0] in KINDS and len(words) >= 3:
        initial = tuple(number_of(word) for word in words[2:])
        code.objects.append(Object(words[1], words[0], initial, code.words()))
    elif words[0] == "observe" and len(words) == 4:
        task = None if words[2] == "final" else number_of(words[2])
        code.observed.append(Observed(words[1], task, number_of(words[3])))
    elif words[0] == "task" and len(words) == 2:
        code.tasks.append((words[1], len(code.insns)))
    elif words == ["final"]:
        code.final = len(code.insns)
    else:
        return False
    return True


def parse(lines: Sequence[str]) -> Code:
    """The program that the text describes; CodeError says what is wrong with it."""
    code = Code()
    objects: dict[str, int] = {}
    for line in lines:
        words = line.split()
        if not words:
            raise CodeError("a line is empty")
        if parse_declaration(code, words):
            objects = {o.name: number for number, o in enumerate(code.objects)}
        else:
            code.insns.append(parse_insn(line, objects))
    check(code)
    return code


def check(code: Code) -> None:
    """What the core would refuse without saying why."""
    if not 1 <= len(code.tasks) <= TASKS_MAX:
        raise CodeError(f"{len(code.tasks)} tasks; allowed: 1 to {TASKS_MAX}")
    if len(code.observed) > OBSERVED_MAX:
        raise CodeError(f"{len(code.observed)} observed values; at most {OBSERVED_MAX}")
    if code.words() > WORDS_MAX:
        raise CodeError(f"{code.words()} words; at most {WORDS_MAX}")
    if not code.insns or code.insns[-1].op != "exit":
        raise CodeError("the last instruction is not exit")
    if sum(insn.op in ("srcu-lock", "srcu-down") for insn in code.insns) > SECTIONS_MAX:
        raise CodeError(f"more than {SECTIONS_MAX} srcu_read_lock()")
    for seen in code.observed:
        limit = code.words() if seen.task is None else code.registers()
        if seen.place >= limit or (seen.task or 0) >= len(code.tasks):
            raise CodeError(f"observe {seen.label}: there is no such place")
    for number, insn in enumerate(code.insns):
        check_insn(code, number, insn)


def check_insn(code: Code, number: int, insn: Insn) -> None:
    where = f"instruction {number}, '{insn_text(code, insn)}'"
    signature = SIGNATURES[insn.op]
    if "w" in signature:
        kind = None if insn.object == NONE else code.objects[insn.object].kind
        wants_word = "lock" not in insn.op
        if (kind in (None, "words")) != wants_word or (kind is None and insn.index == NONE):
            raise CodeError(f"{where}: wants {'a word' if wants_word else 'a lock'}")
    if "d" in signature and insn.dst == NONE and insn.op not in UNWANTED:
        raise CodeError(f"{where}: its value goes nowhere")
    if insn.op.startswith(("rcu-", "srcu-")) and not 0 <= insn.imm < RCU_DOMAINS:
        raise CodeError(f"{where}: there are {RCU_DOMAINS} domains, 0 to {RCU_DOMAINS - 1}")
    if insn.op.startswith("jump") and not 0 <= insn.imm < len(code.insns):
        raise CodeError(f"{where}: leads out of the program")
    if number < code.final and insn.op in ("register", "rule", "discard"):
        raise CodeError(f"{where}: belongs into the final part")
    if number >= code.final and NUMBERS[insn.op] > NUMBERS["load"]:
        raise CodeError(f"{where}: the final part has no events")
