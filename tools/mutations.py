# SPDX-License-Identifier: GPL-2.0-only
"""The places of native/kvm that `make mutants` breaks, one at a time, found by rule.

call    a call is left out: a flush, a request, a barrier, a wait, a reference, a list operation
lock    a lock is not taken in one function, nor released there
if      the body of an `if` is never entered: a recheck, a retry, an error path
term    one operand of a condition is left out: of `a || b` only `a` is asked
return  a predicate always says no, or always yes

All are compiled at once, each behind `mutant(number)`, which is true for the one that is chosen and
counts how often each would make a difference.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

KINDS = ("call", "lock", "if", "term", "return")
HEADER = """\
#ifndef MUTANT_H
#define MUTANT_H
extern int mutant_chosen;
extern unsigned long mutant_counts[];
static inline int mutant(int number)
{
	mutant_counts[number]++;
	return mutant_chosen == number;
}
#endif
"""
SOURCE = """
#define SEEN __attribute__((visibility("default")))
SEEN int mutant_chosen = -1;
SEEN unsigned long mutant_counts[1 << 16];
"""

# Contracts, reports and statistics check or tell; nothing is promised that they do.
TELLING = re.compile(
    r"^(must_|may_|might_|static_check|note|lockdep_|stat_|cond_resched|cpu_relax|WARN|KVM_BUG"
    r"|kvm_update_page_stats|trace_|measure_|flight_|frame_touch|memset|memcpy|barrier)"
)
TELLING_BODY = re.compile(rf"{TELLING.pattern}|^atomic64_inc\(&kvm->stat_")
CALL = re.compile(r"^(\t+)(([a-z_]\w*)\(.*\);)$")
ASSIGNMENT = re.compile(
    r"^(\t+)([\w>.\-]*(flush|invalid|seq|gen|nx_huge_page_disallowed)\w* \|?= .*;)$"
)
DECIDES = re.compile(r"^\t+((\} else )?if \(|return )")
CONDITION = re.compile(r"^(\t+(?:\} else )?if )\((.*)\)( \{)?$")
RETURN = re.compile(r"^(\t+return )(.*[(=<>!&|].*);$")
SWITCH = re.compile(r"\bbug\(")
SWITCHED_ON = re.compile(r"(?<!!)\bbug\(")  # not "unless it is on"
SWITCH_BODY = re.compile(r"^\t+(\} else )?if \(bug\([^{]*$")
TAKES = re.compile(r"^\t+(?:\w+ = )?((?:read|write|spin|mutex|rcu_read|srcu_read)_lock)\((.*)\);$")
FUNCTION = re.compile(r"^([a-z].*?)(\w+)\(.*[^;]$")
WRAPPED = re.compile(r"^(!?(?:un)?(?:likely)?\()(.*)\)$")
WARNS = re.compile(r"\b(WARN_ON\w*|KVM_BUG_ON)\(")

New = Callable[[str, str], str]  # (kind, what is left out) -> "mutant(its number)"


@dataclass(frozen=True)
class Mutant:
    number: int
    file: str
    func: str
    line: int
    kind: str
    text: str  # what is left out

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line}:{self.func}:{self.kind}:{self.text}"


def balance(text: str) -> int:
    return text.count("(") - text.count(")")


def statement(lines: list[str], first: int) -> tuple[str, int]:
    """The condition or return that begins at `first`, on one line, and where it ends."""
    text, last = lines[first], first
    while balance(text) and last - first < 6:
        last += 1
        text = f"{text} {lines[last].strip()}"
    return text, last


def split(text: str, operator: str) -> list[str]:
    """The operands of `operator` outside of all parentheses."""
    found, depth, begin = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and text.startswith(operator, at):
            found.append(text[begin:at].strip())
            begin = at + len(operator)
    return [*found, text[begin:].strip()]


def one_group(inner: str) -> bool:
    """The parentheses around `inner` belong together."""
    depth = 0
    for letter in inner:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return False
    return depth == 0


def operand(text: str, operator: str, new: New) -> str:
    inner = terms(text, new)
    if SWITCH.search(text) or WARNS.search(text):
        return inner
    chosen = new("term", f"{text} {operator}")
    return f"(({inner}) && !{chosen})" if operator == "||" else f"(({inner}) || {chosen})"


def terms(text: str, new: New) -> str:
    """Each operand of && and ||, however deep, can be left out."""
    for operator in ("||", "&&"):
        parts = split(text, operator)
        if len(parts) == 1:
            continue
        if operator == "&&" and SWITCHED_ON.search(text):
            return text  # what only a switch asks
        return f" {operator} ".join(operand(part, operator, new) for part in parts)
    group = WRAPPED.match(text)
    if group and one_group(group[2]):
        return f"{group[1]}{terms(group[2], new)})"
    return text


@dataclass
class File:
    """One file, and what it looks like with its mutants in it."""

    name: str
    lines: list[str]
    mutants: list[Mutant] = field(default_factory=list)
    first: int = 0
    func: str = ""
    predicate: bool = False
    unlocks: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def new(self, number: int, where: str) -> New:
        def add(kind: str, text: str) -> str:
            of = text if text == where else f"{text} in {where}"
            at = self.first + len(self.mutants)
            self.mutants.append(Mutant(at, self.name, self.func, number + 1, kind, of))
            return f"mutant({at})"

        return add

    def lock(self, number: int, taken: re.Match[str], body: range) -> str:
        line = self.lines[number].strip()
        chosen = self.new(number, line)("lock", line)
        gives = f"{taken[1].replace('_lock', '_unlock')}({taken[2]}"
        for given in body:
            if self.lines[given].strip().startswith(gives):
                self.unlocks[given].append(f"!{chosen}")
        return f"{{ if (!{chosen}) {line} }}"

    def call(self, number: int) -> str | None:
        line = self.lines[number]
        call = CALL.match(line)
        if SWITCH.search("".join(self.lines[number - 1 : number + 1])):
            return None  # the other way round: it is what a switch of the catalogue leaves out
        if call is None or TELLING.match(call[3]) or "_unlock" in call[3]:
            call = ASSIGNMENT.match(line)
        if call is None:
            return None
        return f"{{ if (!{self.new(number, call[2])('call', call[2])}) {call[2]} }}"

    def condition(self, number: int, line: str, body: str) -> str | None:
        found = CONDITION.match(line)
        if not found or WARNS.search(line):
            return None
        new = self.new(number, line.strip())
        head, text, tail = found[1], found[2], found[3] or ""
        inner = terms(text, new)
        tells = not tail and TELLING_BODY.match(body.strip())
        if not SWITCHED_ON.search(text) and not tells:
            inner = f"({inner}) && !{new('if', line.strip())}"
        return f"{head}({inner}){tail}"

    def returned(self, number: int, line: str) -> str | None:
        found = RETURN.match(line)
        if not found or not self.predicate or SWITCH.search(line):
            return None
        new = self.new(number, line.strip())
        inner = terms(found[2], new)
        return f"{found[1]}(({inner}) && !{new('return', 'no')}) || {new('return', 'yes')};"

    def line(self, number: int, body: range) -> None:
        lines = self.lines
        if taken := TAKES.match(lines[number]):
            lines[number] = self.lock(number, taken, body)
        elif made := self.call(number):
            lines[number] = made
        elif DECIDES.match(lines[number]) and not SWITCH_BODY.match(lines[number - 1]):
            whole, last = statement(lines, number)
            made = self.condition(number, whole, lines[last + 1]) or self.returned(number, whole)
            if made:
                lines[number : last + 1] = [made, *[""] * (last - number)]

    def break_all(self) -> str:
        body = range(0)
        for number, line in enumerate(self.lines):
            if line.startswith("{"):
                heads = (FUNCTION.match(self.lines[number - n]) for n in (1, 2, 3))
                head = next((found for found in heads if found), None)
                self.func, self.predicate = (head[2], "bool " in head[1]) if head else ("?", False)
                body = range(number, self.lines.index("}", number))
            if number in body:
                self.line(number, body)
        for number, kept in self.unlocks.items():
            self.lines[number] = f"{{ if ({' && '.join(kept)}) {self.lines[number].strip()} }}"
        self.lines[0] = '#include "../mutant.h"'
        return "\n".join(self.lines)
