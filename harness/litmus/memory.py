# SPDX-License-Identifier: GPL-2.0-only
"""The shared locations of a litmus test: declared at the top, or as parameters of processes."""

from harness.litmus.cursor import Cursor
from harness.litmus.lexer import Token
from harness.program.build import Program
from harness.program.code import POINTER, RCU_DOMAINS
from harness.program.expression import Lock, Word

TYPES = frozenset(
    (
        *("int", "long", "short", "char", "unsigned", "signed", "bool", "void", "const"),
        *("u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "intptr_t", "uintptr_t"),
        *("atomic_t", "atomic64_t", "atomic_long_t", "spinlock_t", "size_t", "struct", "volatile"),
    )
)
ARRAY_MAX = 64
LOCKS = {"spinlock_t": "spinlock", "mutex": "mutex"}  # `struct mutex`
LOCK_CALLS = ("spin_lock", "spin_unlock", "spin_trylock", "spin_is_locked")


class Memory:
    """Names, their types and what they hold at first."""

    def __init__(self, cursor: Cursor, program: Program) -> None:
        self.cursor = cursor
        self.program = program
        self.types: dict[str, str] = {}
        self.values: dict[str, tuple[int | str, ...]] = {}  # of an array more than one
        self.lengths: dict[str, int] = {}  # of arrays
        self.registers: dict[tuple[int, str], int | str] = {}  # (process, name): initial value
        self.words: dict[str, Word] = {}
        self.places: dict[int, Word] = {}  # every word by its address
        self.locks: dict[str, Lock] = {}
        self.srcu: dict[str, int] = {}  # RCU domain of each srcu_struct

    def type_name(self) -> str:
        """The word of a type that counts, past all of it; the stars are left."""
        found = "int"
        while self.cursor.token.text in TYPES:
            word = self.cursor.next().text
            if word == "struct":
                word = self.cursor.name()
                if word not in ("mutex", "srcu_struct"):
                    raise self.cursor.wrong(
                        f"struct {word}: structures are not supported", self.cursor.token
                    )
            found = word if word in (*LOCKS, "srcu_struct") else found
        return found

    def declare(self, name: str, kind: str, token: Token) -> None:
        before = self.types.get(name)
        special = (*LOCKS, "srcu_struct")
        if before in special and kind not in ("int", before):
            raise self.cursor.wrong(f"{name} was declared as {before} before", token)
        if before in (None, "int") or kind in special:
            self.types[name] = kind

    def constant(self) -> int | str:
        """A number, or the name of a location whose address it is."""
        self.cursor.accept("&")
        negative = self.cursor.accept("-")
        token = self.cursor.next()
        if token.kind == "number":
            return -int(token.text, 0) if negative else int(token.text, 0)
        if token.text == "ATOMIC_INIT":
            self.cursor.expect("(")
            value = self.constant()
            self.cursor.expect(")")
            return value
        if token.kind == "name" and not negative:
            return token.text
        raise self.cursor.wrong(f"'{token.text}' is no initial value", token)

    def declarations(self) -> None:
        """{ int x = 1; y=z; 0:r0=x; spinlock_t s; }"""
        self.cursor.expect("{")
        while not self.cursor.accept("}"):
            token = self.cursor.token
            kind = self.type_name()
            while self.cursor.accept("*"):
                kind = "int"
            if self.cursor.token.kind == "number":
                self.register()
            else:
                bracket = self.cursor.accept("[")
                name = self.cursor.name()
                if bracket:
                    self.cursor.expect("]")
                self.declare(name, kind, token)
                if self.cursor.token.text == "[":
                    self.array(name)
                elif self.cursor.accept("="):
                    self.values[name] = (self.constant(),)
            if self.cursor.token.text != "}":
                self.cursor.expect(";")
        initial = [value for values in self.values.values() for value in values]
        for value in [*initial, *self.registers.values()]:
            if isinstance(value, str):
                self.declare(value, "int", self.cursor.token)

    def array(self, name: str) -> None:
        """int x[3]; int x[] = {1, 2}; the rest is 0."""
        token = self.cursor.expect("[")
        if self.types[name] != "int":
            what = f"{name}: arrays of {self.types[name]} are not supported"
            raise self.cursor.wrong(what, token)
        length = self.constant() if self.cursor.token.text != "]" else 0
        self.cursor.expect("]")
        values: list[int | str] = []
        if self.cursor.accept("="):
            self.cursor.expect("{")
            while not self.cursor.accept("}"):
                values.append(self.constant())
                if self.cursor.token.text != "}":
                    self.cursor.expect(",")
        length = length or len(values)
        if not isinstance(length, int) or not len(values) <= length or not 0 < length <= ARRAY_MAX:
            raise self.cursor.wrong(f"{name}[{length}]: give 1 to {ARRAY_MAX} elements", token)
        self.lengths[name] = length
        self.values[name] = (*values, *[0] * (length - len(values)))

    def register(self) -> None:
        """0:r0=x, whatever type stands before it."""
        process = int(self.cursor.next().text, 0)
        self.cursor.expect(":")
        name = self.cursor.name()
        self.registers[process, name] = self.constant() if self.cursor.accept("=") else 0

    def parameters(self) -> list[str]:
        names = []
        self.cursor.expect("(")
        while not self.cursor.accept(")"):
            token = self.cursor.token
            kind = self.type_name()
            stars = 0
            while self.cursor.accept("*"):
                stars += 1
            name = self.cursor.name()
            if self.cursor.accept("["):
                stars += 1
                if self.cursor.token.kind == "number":
                    self.cursor.next()
                self.cursor.expect("]")
            if not stars:
                raise self.cursor.wrong("parameters are pointers to shared locations", token)
            self.declare(name, "int" if stars > 1 else kind, token)
            names.append(name)
            if self.cursor.token.text != ")":
                self.cursor.expect(",")
        return names

    def used_as_locks(self) -> None:
        """A name is a lock if it is used as one: herd does not look at the declaration."""
        tokens = self.cursor.source.tokens
        used = set()
        for at, token in enumerate(tokens[:-3]):
            if token.text in LOCK_CALLS and tokens[at + 1].text == "(":
                used.add(tokens[at + 2 + (tokens[at + 2].text == "&")].text)
        for name, kind in self.types.items():
            if kind == "spinlock_t" and name not in used:
                self.types[name] = "int"
            elif kind == "int" and name in used:
                self.types[name] = "spinlock_t"

    def make(self) -> None:
        self.used_as_locks()
        addresses: dict[str, int] = {}
        names = [n for n, kind in self.types.items() if kind not in (*LOCKS, "srcu_struct")]
        free = POINTER
        for name in names:
            addresses[name] = free
            free += self.lengths.get(name, 1)
        for name in names:
            values = []
            for value in self.values.get(name, (0,)):
                if isinstance(value, str) and value not in addresses:
                    raise self.cursor.wrong(f"{name} cannot begin with the address of {value}")
                values.append(addresses[value] if isinstance(value, str) else value)
            self.make_words(name, values)
        self.make_locks()

    def make_words(self, name: str, values: list[int]) -> None:
        """One word, or those of an array, which goes by the name of its first."""
        if name not in self.lengths:
            word = self.words[name] = self.program.word(name, values[0])
            self.places[POINTER + word.first] = word
            return
        array = self.program.array(name, len(values), tuple(values))
        self.words[name] = array[0]
        for number in range(len(values)):
            self.places[POINTER + array.first + number] = array[number]

    def make_locks(self) -> None:
        for name, kind in self.types.items():
            if kind in LOCKS:
                self.locks[name] = self.program.lock(name, LOCKS[kind])
            elif kind == "srcu_struct":
                self.srcu[name] = 1 + len(self.srcu)
        if len(self.srcu) >= RCU_DOMAINS:
            raise self.cursor.wrong(
                f"{len(self.srcu)} srcu_structs; at most {RCU_DOMAINS - 1} are supported"
            )
