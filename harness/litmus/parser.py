# SPDX-License-Identifier: GPL-2.0-only
"""From a litmus file to a program: declarations, the C of each process, and the condition.

One pass that emits as it reads.  What is not understood is refused with its line: an unread
construct would be a wrong verdict.
"""

from __future__ import annotations

from harness.litmus import functions
from harness.litmus.lexer import Source, Token
from harness.program.build import Program
from harness.program.code import POINTER, TEXT_MAX, Litmus
from harness.program.expression import Constant, Expression, Lock, Register, Word, expression

TYPES = frozenset(
    ("int", "long", "short", "char", "unsigned", "signed", "bool", "void", "const", "volatile")
    + ("u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "intptr_t", "uintptr_t", "struct")
    + ("atomic_t", "atomic64_t", "atomic_long_t", "spinlock_t", "size_t")
)
LOCKS = {"spinlock_t": "spinlock", "mutex": "mutex"}  # `struct mutex`
BINARY = (  # from the weakest; && and || are not here: their right side may not happen
    (("|", "or"),),
    (("^", "xor"),),
    (("&", "and"),),
    (("==", "eq"), ("!=", "ne")),
    (("<", "lt"), ("<=", "le"), (">", "gt"), (">=", "ge")),
    (("+", "add"), ("-", "sub")),
    (("*", "mul"), ("/", "div"), ("%", "mod")),
)
QUANTIFIERS = ("exists", "~exists", "forall")


class Parser:
    """The tokens, and the program as far as it was read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.at = 0
        self.program = Program(source.name)
        self.program.file = source.file
        self.program.place = self.place_of_statement
        self.statement = source.tokens[0]
        self.words: dict[str, Word] = {}
        self.locks: dict[str, Lock] = {}
        self.srcu: set[str] = set()
        self.types: dict[str, str] = {}
        self.initial: dict[str, Expression] = {}
        self.initial_registers: dict[tuple[int, str], int] = {}
        self.locals: list[dict[str, Register]] = []

    # ------------------------------------------------------------ tokens

    @property
    def token(self) -> Token:
        return self.source.tokens[self.at]

    def peek(self, ahead: int = 1) -> str:
        return self.source.tokens[min(self.at + ahead, len(self.source.tokens) - 1)].text

    def next(self) -> Token:
        token = self.token
        self.at += token.kind != "end"
        return token

    def accept(self, *texts: str) -> bool:
        if self.token.kind != "end" and self.token.text in texts:
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> Token:
        if self.token.text != text or self.token.kind == "end":
            raise self.wrong(f"'{self.token.text}' stands where '{text}' belongs")
        return self.next()

    def name(self) -> str:
        if self.token.kind != "name":
            raise self.wrong(f"'{self.token.text}' is no name")
        return self.next().text

    def wrong(self, what: str, token: Token | None = None) -> Exception:
        return self.source.error(token or self.token, what)

    def place_of_statement(self) -> tuple[str, int, str]:
        line = self.statement.line
        return self.source.file, line, self.source.line_text(line)[:TEXT_MAX]

    # ------------------------------------------------------------ declarations

    def type_name(self) -> str:
        """The word of a type that counts, past all of it; the stars are left."""
        found = "int"
        while self.token.text in TYPES:
            word = self.next().text
            if word == "struct":
                word = self.name()
                if word not in ("mutex", "srcu_struct"):
                    raise self.wrong(f"struct {word}: structures are not supported", self.token)
            found = word if word in (*LOCKS, "srcu_struct") else found
        return found

    def declare(self, name: str, kind: str, token: Token) -> None:
        before = self.types.get(name)
        special = (*LOCKS, "srcu_struct")
        if before is not None and before != kind and (before in special or kind in special):
            raise self.wrong(f"{name} was declared as {before} before", token)
        self.types.setdefault(name, kind)

    def constant(self) -> int | str:
        """A number, or the name of a location whose address it is."""
        self.accept("&")
        negative = self.accept("-")
        token = self.next()
        if token.kind == "number":
            return -int(token.text, 0) if negative else int(token.text, 0)
        if token.text == "ATOMIC_INIT":
            self.expect("(")
            value = self.constant()
            self.expect(")")
            return value
        if token.kind == "name" and not negative:
            return token.text
        raise self.wrong(f"'{token.text}' is no initial value", token)

    def declarations(self) -> None:
        """{ int x = 1; y=z; 0:r0=x; spinlock_t s; }"""
        values: dict[str, int | str] = {}
        self.expect("{")
        while not self.accept("}"):
            token = self.token
            if token.kind == "number":
                self.next()
                self.expect(":")
                register = self.name()
                self.expect("=")
                value = self.constant()
                if isinstance(value, str):
                    raise self.wrong(
                        f"{register} begins with an address, which is not supported", token
                    )
                self.initial_registers[int(token.text), register] = value
            else:
                kind = self.type_name()
                while self.accept("*"):
                    kind = "int"
                bracket = self.accept("[")
                name = self.name()
                if self.token.text == "[" or (bracket and not self.accept("]")):
                    raise self.wrong(f"{name} is an array, which is not supported", token)
                self.declare(name, kind, token)
                if self.accept("="):
                    values[name] = self.constant()
            if self.token.text != "}":
                self.expect(";")
        for name, value in values.items():
            if isinstance(value, str):
                self.declare(value, "int", self.token)
        self.values = values

    def parameters(self) -> list[str]:
        names = []
        self.expect("(")
        while not self.accept(")"):
            token = self.token
            kind = self.type_name()
            stars = 0
            while self.accept("*"):
                stars += 1
            if not stars:
                raise self.wrong("parameters are pointers to shared locations", token)
            name = self.name()
            self.declare(name, "int" if stars > 1 else kind, token)
            names.append(name)
            if self.token.text != ")":
                self.expect(",")
        return names

    def skip_body(self) -> None:
        self.expect("{")
        depth = 1
        while depth:
            token = self.next()
            if token.kind == "end":
                raise self.wrong("a '}' is missing")
            depth += {"{": 1, "}": -1}.get(token.text, 0)

    def processes(self) -> list[tuple[Token, list[str], int]]:
        """(name, parameters, where the body begins) of each."""
        found = []
        while self.token.kind == "name" and self.peek() == "(" and self.token.text[0] == "P":
            token = self.next()
            if token.text != f"P{len(found)}":
                raise self.wrong(f"process {token.text} stands where P{len(found)} belongs", token)
            names = self.parameters()
            found.append((token, names, self.at))
            self.skip_body()
        if not found:
            raise self.wrong(f"'{self.token.text}' stands where P0(...) belongs")
        return found

    def make_memory(self) -> None:
        addresses: dict[str, int] = {}
        names = [n for n, kind in self.types.items() if kind not in (*LOCKS, "srcu_struct")]
        for number, name in enumerate(names):
            addresses[name] = POINTER + number
        for name in names:
            value = self.values.get(name, 0)
            if isinstance(value, str):
                if value not in addresses:
                    raise self.wrong(f"{name} cannot begin with the address of {value}")
                value = addresses[value]
            self.words[name] = self.program.word(name, value)
        for name, kind in self.types.items():
            if kind in LOCKS:
                self.locks[name] = self.program.lock(name, LOCKS[kind])
            elif kind == "srcu_struct":
                self.srcu.add(name)
        if len(self.srcu) > 1:
            raise self.wrong(f"{len(self.srcu)} srcu_structs; at most one is supported")

    # ------------------------------------------------------------ statements

    def body(self, number: int, parameters: list[str]) -> None:
        self.visible = set(parameters)
        self.env: dict[str, Register] = {}
        self.locals.append(self.env)
        with self.program.task(f"P{number}") as self.task:
            for (process, register), value in self.initial_registers.items():
                if process == number:
                    self.env[register] = self.task.let(value)
            self.block()

    def block(self) -> None:
        self.expect("{")
        while not self.accept("}"):
            self.one_statement()

    def one_statement(self) -> None:
        self.statement = self.token
        text = self.token.text
        if text == "{":
            self.block()
        elif self.accept(";"):
            pass
        elif self.accept("if"):
            self.if_statement()
        elif self.accept("while"):
            self.while_statement()
        elif self.accept("return"):
            self.expect(";")
            self.task.exit()
        elif text in ("for", "do", "switch", "goto", "break", "continue"):
            raise self.wrong(f"'{text}' is not supported")
        elif text in TYPES:
            self.local_declaration()
        else:
            self.assignment()
            self.expect(";")

    def if_statement(self) -> None:
        self.expect("(")
        condition = self.expression()
        self.expect(")")
        with self.task.if_(condition):
            self.one_statement()
        if self.accept("else"):
            with self.task.else_():
                self.one_statement()

    def while_statement(self) -> None:
        self.expect("(")
        with self.task.loop():
            self.task.break_if(~self.expression())
            self.expect(")")
            self.one_statement()

    def local_declaration(self) -> None:
        kind = self.type_name()
        if kind != "int":
            raise self.wrong(f"a {kind} of one process is not supported")
        while True:
            while self.accept("*"):
                pass
            token = self.token
            name = self.name()
            if name in self.env:
                raise self.wrong(f"{name} is declared twice", token)
            if self.accept("["):
                raise self.wrong(f"{name} is an array, which is not supported", token)
            self.env[name] = self.task.let(self.expression() if self.accept("=") else 0)
            if not self.accept(","):
                break
        self.expect(";")

    def assignment(self) -> None:
        token = self.token
        if token.kind == "name" and self.peek() == "=" and token.text not in self.words:
            name = self.name()
            self.next()
            value = self.expression()
            if name not in self.env:
                self.env[name] = self.task.let(value)
            else:
                self.task.set(self.env[name], value)
        elif token.text == "*":
            self.next()
            place = self.pointed(self.unary())
            self.expect("=")
            self.task.store(place, self.expression(), "plain")
        elif token.kind == "name" and self.peek() == "(":
            self.call()
        elif token.text == "(" and self.peek() == "void":
            self.unary()
        else:
            raise self.wrong(f"'{token.text}' begins no statement that is supported")
        if self.token.text in ("=", "[", "->", ".") or self.token.text + self.peek() in (
            "++",
            "--",
        ):
            raise self.wrong(f"'{self.token.text}' is not supported here")

    # ------------------------------------------------------------ expressions

    def expression(self) -> Expression:
        left = self.conjunction()
        while self.accept("||"):
            result = self.task.let(left != 0)
            with self.task.if_(~result):
                self.task.set(result, self.conjunction() != 0)
            left = result
        return left

    def conjunction(self) -> Expression:
        left = self.binary(0)
        while self.accept("&&"):
            result = self.task.let(left != 0)
            with self.task.if_(result):
                self.task.set(result, self.binary(0) != 0)
            left = result
        return left

    def binary(self, level: int) -> Expression:
        if level == len(BINARY):
            return self.unary()
        left = self.binary(level + 1)
        operators = dict(BINARY[level])
        while self.token.kind == "sign" and self.token.text in operators:
            op = operators[self.next().text]
            right = self.binary(level + 1)
            names = {"or": "__or__", "and": "__and__", "mul": "__mul__", "div": "__floordiv__"}
            left = getattr(left, names.get(op, f"__{op}__"))(right)
        return left

    def unary(self) -> Expression:
        token = self.token
        if self.accept("!"):
            return ~self.unary()
        if self.accept("-"):
            return 0 - self.unary()
        if self.accept("~"):
            return self.unary() ^ -1
        if self.accept("*"):
            return self.task.load(self.pointed(self.unary()), "plain")
        if self.accept("&"):
            if self.accept("*"):
                return self.unary()
            raise self.wrong("'&' is not supported here: name the location", token)
        if self.accept("("):
            if self.token.text in TYPES:
                self.type_name()
                while self.accept("*"):
                    pass
                self.expect(")")
                return self.unary()
            value = self.expression()
            self.expect(")")
            return value
        if token.kind == "number":
            return Constant(int(self.next().text, 0))
        if token.kind == "name" and self.peek() == "(":
            value_of_call = self.call()
            if value_of_call is None:
                raise self.wrong(f"{token.text}() has no value", token)
            return value_of_call
        if token.kind == "name":
            return self.named(self.next())
        raise self.wrong(f"'{token.text}' begins no expression that is supported")

    def named(self, token: Token) -> Expression:
        if token.text in self.env:
            return self.env[token.text]
        if token.text in self.words and token.text in self.visible:
            return self.program.address(self.words[token.text])
        raise self.wrong(f"'{token.text}' is neither a local variable nor a parameter", token)

    def pointed(self, pointer: Expression) -> Word:
        """The location that a pointer leads to; a known one by its name."""
        if isinstance(pointer, Constant):
            for word in self.words.values():
                if POINTER + word.first == pointer.value:
                    return word
        return self.task.at(pointer)

    def argument(self, letter: str) -> object:
        token = self.token
        if letter == "l":
            self.accept("*") or self.refuse_place(token)
            return self.pointed(self.unary())
        if letter == "p":
            return self.pointed(self.expression())
        if letter in "ks":
            self.accept("&")
            name = self.name()
            if letter == "s" and name in self.srcu:
                return name
            if letter == "k" and name in self.locks:
                return self.locks[name]
            raise self.wrong(f"{name} is no {'srcu_struct' if letter == 's' else 'lock'}", token)
        return self.expression()

    def refuse_place(self, token: Token) -> None:
        raise self.wrong(f"'{token.text}' is not a shared location: write *{token.text}", token)

    def call(self) -> Expression | None:
        token = self.next()
        letters = functions.signature(token.text)
        if letters is None:
            raise self.wrong(f"{token.text}() is not supported", token)
        self.expect("(")
        args: list[object] = []
        for letter in letters:
            if args:
                self.expect(",")
            args.append(self.argument(letter))
        self.expect(")")
        return functions.call(self.task, token.text, args)

    # ------------------------------------------------------------ outcomes

    def observe(self, token: Token, process: int | None, name: str) -> Register | Word:
        """A register of a process or a location, which becomes part of the outcome."""
        label = name if process is None else f"{process}:{name}"
        if process is not None:
            if process >= len(self.locals):
                raise self.wrong(f"{label}: there is no P{process}", token)
            if name not in self.locals[process]:
                raise self.wrong(f"{label}: P{process} has no '{name}'", token)
            found: Register | Word = self.locals[process][name]
        elif name in self.words:
            found = self.words[name]
        else:
            raise self.wrong(f"{name} is no location of this test", token)
        if all(label != seen for seen, _ in self.program.observed):
            self.program.observe(**{label: found})
        return found

    def observable(self) -> Register | Word:
        token = self.token
        if token.kind == "number":
            self.next()
            self.expect(":")
            return self.observe(token, int(token.text), self.name())
        bracket = self.accept("[") or self.accept("*")
        name = self.name()
        if bracket:
            self.accept("]")
        return self.observe(token, None, name)

    def locations(self) -> None:
        self.expect("[")
        while not self.accept("]"):
            self.observable()
            self.accept(";")

    def proposition(self) -> Expression:
        left = self.prop_and()
        while self.accept("\\/", "||"):
            left = left | self.prop_and()
        if self.accept("=>"):
            left = ~left | self.proposition()
        return left

    def prop_and(self) -> Expression:
        left = self.prop_not()
        while self.accept("/\\", "&&"):
            left = left & self.prop_not()
        return left

    def prop_not(self) -> Expression:
        if self.accept("~", "not", "!"):
            return ~self.prop_not()
        if self.accept("("):
            inside = self.proposition()
            self.expect(")")
            return inside
        if self.accept("true"):
            return expression(1)
        if self.accept("false"):
            return expression(0)
        left = self.observable()
        equal = not self.accept("!=")
        if equal and not self.accept("=", "=="):
            raise self.wrong(f"'{self.token.text}' stands where '=' belongs")
        token = self.token
        value = self.constant()
        if isinstance(value, str):
            if value not in self.words:
                raise self.wrong(f"{value} is no location of this test", token)
            right: Expression = self.program.address(self.words[value])
        else:
            right = expression(value)
        return left == right if equal else left != right

    def clauses(self) -> Litmus:
        source = self.source
        while True:
            self.statement = self.token
            if self.accept("locations"):
                self.locations()
            elif self.accept("filter"):
                self.program.assume(self.proposition())
            else:
                break
        first = self.token
        quantifier = self.next().text
        if quantifier in ("~", "not"):
            quantifier = f"~{self.next().text}"
        if quantifier not in QUANTIFIERS:
            raise self.wrong(
                f"'{first.text}' stands where exists, ~exists or forall belongs", first
            )
        start = self.token
        holds = self.proposition()
        if self.token.kind != "end":
            raise self.wrong(f"'{self.token.text}' is left over behind the condition")
        text = source.between(start, source.tokens[self.at - 1])
        test = Litmus(source.name, source.result, quantifier, text)
        self.rules(test, holds)
        return test

    def rules(self, test: Litmus, holds: Expression) -> None:
        """Rule 0 counts the witnesses; what the comment excludes is forbidden."""
        never = test.result in ("Never", "DEADLOCK")
        text = f"{test.quantifier} {test.condition}"
        self.program.rule("forbidden" if never else "interesting", holds, text)
        if test.result == "Always":
            self.program.rule("forbidden", ~holds, f"not {text}")

    def parse(self) -> Program:
        self.declarations()
        found = self.processes()
        end = self.at
        self.make_memory()
        for number, (_, parameters, start) in enumerate(found):
            self.at = start
            self.body(number, parameters)
        self.at = end
        self.program.litmus = self.clauses()
        return self.program
