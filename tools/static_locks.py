# SPDX-License-Identifier: GPL-2.0-only
"""The lock contracts of native/kvm, checked without running anything, by Clang's -Wthread-safety.

A function says in its first lines what it needs (native/core/contract.h).  Clang wants the same as
attributes of the function, so it is shown a copy of native/kvm, line for line the same, in which

  must_hold_read(&kvm->mmu_lock)    is on the function: requires mmu_lock, held as a reader
  must_hold_write(..)               requires it, held as the writer
  must_hold_either(..)              requires it, shared at least
  must_hold_none(..)                excludes it
  must_hold_rcu(), _srcu()          requires the section
  __acquires(x), __releases(x)      the function returns with, or without, what it names
  static_check_off("why")           the analysis is off in this function; its callers are checked

and lock operations are calls of functions with the attributes that belong to them.  Clang follows
every path of every function: a missing lock, the wrong mode, a lock that is held where it must not
be, one that is not released on some path, are refused.

What this cannot see: the model has one VM, and a lock is known by the name of its field, whatever
path leads to it; a contract that depends on an argument (`shared`) asks for either mode.  Both are
checked as the model runs.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coverage_points import COMMENT, Function, blank, functions_of

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = ("rcu", "srcu")

CONTRACT = re.compile(r"\bmust_hold_(read|write|either|none|rcu|srcu)\(([^;]*)\);")
OFF = re.compile(r"\bstatic_check_off\(")
HANDS_OVER = re.compile(r"\b__(acquires|releases)\((\w+)(?:, (read|write))?\)")
OPERATION = re.compile(r"(?<![\w_])((?:read|write|spin|mutex)_(?:un)?lock)\((&[^()]*?)(\w+)\)")
SECTION = re.compile(r"(?<![\w_])(s?rcu)_read_((?:un)?lock)\(\)")
LAST_NAME = re.compile(r"(\w+)\)?$")
SAID = re.compile(r"native/\S+:\d+:\d+: (?:warning|error|fatal error): ")
KIND = re.compile(r" \[-Wthread-safety-\w+\]$")
PROTOTYPE = re.compile(
    r"^(?!#|\s|static inline .*\{)[\w][^;{}=]*?\b(\w+)\([^;{}]*\);", re.MULTILINE
)

HEAD = """\
struct __attribute__((capability("lock"))) cap { int unused; };
"""
ONE = """\
extern struct cap cap_{0};
void cap_spin_lock_{0}(void) __attribute__((acquire_capability(cap_{0})));
void cap_spin_unlock_{0}(void) __attribute__((release_capability(cap_{0})));
"""
TWO = """\
extern struct cap cap_{0}, cap_{0}_reader, cap_{0}_writer;
void cap_write_lock_{0}(void) __attribute__((acquire_capability(cap_{0}, cap_{0}_writer)));
void cap_write_unlock_{0}(void) __attribute__((release_capability(cap_{0}, cap_{0}_writer)));
void cap_read_lock_{0}(void) __attribute__((acquire_shared_capability(cap_{0}),
	acquire_capability(cap_{0}_reader)));
void cap_read_unlock_{0}(void) __attribute__((release_shared_capability(cap_{0}),
	release_capability(cap_{0}_reader)));
"""


@dataclass
class Demands:
    """What the attributes of one function say."""

    attributes: list[str] = field(default_factory=list)
    off: bool = False

    def text(self) -> str:
        words = [*self.attributes, *(["no_thread_safety_analysis"] if self.off else [])]
        return f" __attribute__(({', '.join(words)}))" if words else ""


def name_of(argument: str) -> str:
    found = LAST_NAME.search(argument.strip())
    return found[1] if found else argument


def held(lock: str, mode: str, rwlocks: set[str]) -> list[str]:
    """The attributes' arguments for a lock that is held, by mode."""
    if lock not in rwlocks:
        return [f"requires_capability(cap_{lock})"]
    if mode == "either":
        return [f"requires_shared_capability(cap_{lock})"]
    shared = "_shared" if mode == "read" else ""
    role = "reader" if mode == "read" else "writer"
    return [
        f"requires{shared}_capability(cap_{lock})",
        f"requires_capability(cap_{lock}_{role})",
    ]


def handed_over(verb: str, lock: str, mode: str, rwlocks: set[str]) -> list[str]:
    verb = verb.removesuffix("s")
    if lock not in rwlocks:
        return [f"{verb}_capability(cap_{lock})"]
    if not mode:
        return [f"{verb}_shared_capability(cap_{lock})"]
    shared, role = ("_shared", "reader") if mode == "read" else ("", "writer")
    return [f"{verb}{shared}_capability(cap_{lock})", f"{verb}_capability(cap_{lock}_{role})"]


def demands_of(function: Function, rwlocks: set[str]) -> Demands:
    found = Demands()
    modes: dict[str, set[str]] = {}
    for line in function.lines:
        found.off = found.off or bool(OFF.search(line))
        for kind, argument in CONTRACT.findall(line):
            lock = kind if kind in SECTIONS else name_of(argument)
            modes.setdefault(lock, set()).add("either" if kind in SECTIONS else kind)
    for lock, kinds in modes.items():
        if kinds == {"none"}:
            found.attributes.append(f"locks_excluded(cap_{lock})")
        else:
            # Read here and write there, by an argument: the analysis knows only "either".
            mode = kinds.pop() if len(kinds) == 1 else "either"
            found.attributes += held(lock, mode, rwlocks)
    for verb, lock, mode in HANDS_OVER.findall(function.head):
        found.attributes += handed_over(verb, lock, mode, rwlocks)
    return found


def with_attributes(text: str, function: Function, demands: Demands) -> str:
    """The attributes behind the head of a definition, on the line that it ends on."""
    lines = text.split("\n")
    for number in range(function.first - 1, function.last):
        line = lines[number]
        if "{" in line:
            if line.startswith("{"):
                lines[number - 1] += demands.text()
            else:
                lines[number] = line.replace("{", f"{demands.text()} {{", 1)
            break
    return "\n".join(lines)


def with_operations(text: str) -> str:
    text = OPERATION.sub(lambda m: f"cap_{operation(m[1])}_{m[3]}()", text)
    return SECTION.sub(lambda m: f"cap_spin_{m[2]}_{m[1]}()", text)


def operation(name: str) -> str:
    return name.replace("mutex_", "spin_")


class Copy:
    """native/kvm with attributes, in a directory of its own."""

    def __init__(self, root: Path, into: Path) -> None:
        self.root, self.into = root, into
        paths = sorted([*root.glob("native/kvm/*.[ch]"), *root.glob("native/kvm/*.def")])
        self.texts = {path.name: path.read_text(encoding="utf-8") for path in paths}

    def locks(self) -> tuple[set[str], set[str]]:
        """All locks of the sources by the names of their fields, and those that have modes."""
        operations = [m for text in self.texts.values() for m in OPERATION.findall(text)]
        names = {name for _, _, name in operations} | set(SECTIONS)
        return names, {name for verb, _, name in operations if verb.startswith(("read", "write"))}

    def write(self) -> None:
        names, rwlocks = self.locks()
        demands: dict[str, Demands] = {}
        for name, text in self.texts.items():
            functions = list(functions_of(name, text)) if name.endswith((".c", ".h")) else []
            for function in functions:
                demands[f"{name}:{function.name}"] = demands_of(function, rwlocks)
                if not function.head.startswith("static"):
                    demands[function.name] = demands[f"{name}:{function.name}"]
        shutil.rmtree(self.into, ignore_errors=True)
        place = self.into / "native" / "kvm"
        place.mkdir(parents=True)
        for other in ("core", "api", "api.h"):
            (self.into / "native" / other).symlink_to(self.root / "native" / other)
        declared = HEAD + "".join((TWO if n in rwlocks else ONE).format(n) for n in sorted(names))
        (place / "capabilities.h").write_text(declared, encoding="utf-8")
        for name, text in self.texts.items():
            (place / name).write_text(self.annotated(name, text, demands), encoding="utf-8")

    def annotated(self, name: str, text: str, demands: dict[str, Demands]) -> str:
        text = COMMENT.sub(blank, text)
        for function in list(functions_of(name, text)):
            text = with_attributes(text, function, demands[f"{name}:{function.name}"])

        def declare(match: re.Match[str]) -> str:
            found = demands.get(f"{name}:{match[1]}") or demands.get(match[1])
            if found is None or not found.attributes:
                return match[0]
            return f"{match[0][:-1]}{Demands(found.attributes).text()};"

        return with_operations(PROTOTYPE.sub(declare, text))

    def check(self, clang: str, names: Sequence[str] = ()) -> Iterator[str]:
        """What Clang says of these files, or of all; their names are those of the real ones."""
        flags = ["-std=gnu11", "-fsyntax-only", "-Wno-everything", "-Wthread-safety"]
        flags += ["-march=x86-64-v2", "-include", "native/kvm/capabilities.h", "-Inative"]
        sources = [f"native/kvm/{name}" for name in names or self.texts if name.endswith(".c")]
        done = subprocess.run(
            [clang, *flags, *sources], cwd=self.into, capture_output=True, text=True, check=False
        )
        said = [line for line in done.stderr.splitlines() if SAID.match(line)]
        if done.returncode and not said:
            said = done.stderr.splitlines()
        yield from dict.fromkeys(KIND.sub("", line) for line in said)


def find_clang() -> str | None:
    for name in ("clang", *(f"clang-{number}" for number in range(22, 13, -1))):
        if found := shutil.which(name):
            return found
    return None
