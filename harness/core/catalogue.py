# SPDX-License-Identifier: GPL-2.0-only
"""What the compiled core offers: bugs, oracles, strategies, operations; and its identity."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from harness._core import ffi, lib
from harness.errors import UsageError
from harness.units import nearest


@dataclass(frozen=True)
class Bug:
    """A historical bug that a switch brings back; `index` is its bit."""

    index: int
    name: str
    slug: str
    commit: str
    scenario: str
    profile: str
    memory: str
    oracles: tuple[str, ...]
    depth: int
    text: str


@dataclass(frozen=True)
class Named:
    index: int
    name: str
    text: str


def text_of(pointer: Any) -> str:
    return "" if pointer == ffi.NULL else bytes(ffi.string(pointer)).decode("utf-8", "replace")


def build_id() -> str:
    return text_of(lib.mmut_build_id())


def build_kind() -> str:
    return text_of(lib.mmut_build_kind())


def numbered(name: Callable[[int], Any], text: Callable[[int], Any]) -> list[Named]:
    found: list[Named] = []
    while (pointer := name(len(found))) != ffi.NULL:
        found.append(Named(len(found), text_of(pointer), text_of(text(len(found)))))
    return found


def oracles() -> list[Named]:
    return numbered(lib.mmut_oracle_name, lib.mmut_oracle_text)


def strategies() -> list[Named]:
    return numbered(lib.mmut_strategy_name, lib.mmut_strategy_text)


def is_search(strategy: str) -> bool:
    """Does the strategy explore one tree, exhaustively?"""
    return bool(lib.mmut_strategy_is_search(find_index(strategy, "strategy", strategies())))


def operations() -> list[Named]:
    """Operation names; the text is the kind of task that may do it."""
    return numbered(lib.mmut_op_name, lib.mmut_op_task_kind)


def contract_kinds() -> list[Named]:
    """What a lock contract may demand; the text is empty."""
    return numbered(lib.mmut_contract_name, lambda _: ffi.NULL)


def task_kinds() -> list[str]:
    return [entry.name for entry in numbered(lib.mmut_task_kind_name, lambda _: ffi.NULL)]


def lock_classes() -> list[str]:
    """In the order in which they are taken."""
    return [entry.name for entry in numbered(lib.mmut_lock_class_name, lambda _: ffi.NULL)]


def bugs() -> list[Bug]:
    found: list[Bug] = []
    info = ffi.new("struct mmut_bug_info *")
    while lib.mmut_bug(len(found), info) == 0:
        found.append(
            Bug(
                index=len(found),
                name=text_of(info.name),
                slug=text_of(info.slug),
                commit=text_of(info.commit),
                scenario=text_of(info.scenario),
                profile=text_of(info.profile),
                memory=text_of(info.memory),
                oracles=tuple(text_of(info.oracles).split()),
                depth=info.depth,
                text=text_of(info.text),
            )
        )
    return found


def find_bug(name: str) -> Bug:
    """By id (``A03``, any case) or by slug."""
    known = bugs()
    for bug in known:
        if name.upper() == bug.name.upper() or name == bug.slug:
            return bug
    names = [bug.name for bug in known] + [bug.slug for bug in known]
    hint = nearest(name, names) or f"; allowed: {', '.join(bug.name for bug in known)}"
    raise UsageError(f"no bug is named '{name}'{hint}")


def find_index(name: str, what: str, known: Iterable[Named]) -> int:
    table = {entry.name: entry.index for entry in known}
    if name not in table:
        hint = nearest(name, table) or f"; allowed: {', '.join(table)}"
        raise UsageError(f"no {what} is named '{name}'{hint}")
    return table[name]
