# SPDX-License-Identifier: GPL-2.0-only
"""Cycles of edges, as diy7 makes litmus tests of them: the programs, for ``shapes.parse``.

J. Alglave, L. Maranget, S. Sarkar, P. Sewell, "Fences in Weak Memory Models", CAV 2010.  A thread
is one access or two with something between them; the last access of each and the first of the next
are of one word, and communicate: Rfe, Fre or Coe.  Whether the cycle can happen is not said: who
compares all outcomes has that as well.
"""

from __future__ import annotations

from random import Random

COMMUNICATES = ("WR", "RW", "WW")  # Rfe, Fre, Coe
# What may stand between two accesses, and on the first or the second of them.
BETWEEN = {
    "RR": ("", "mb", "rmb", ".acq", "+.addr", "+.ctrl"),
    "RW": ("", "mb", ".acq", "+.rel", "+.addr", "+.data", "+.ctrl"),
    "WR": ("", "mb", "wmb"),
    "WW": ("", "mb", "wmb", "+.rel"),
}


class Cycle:
    """Drawn thread by thread; words change inside threads, so at least two have two accesses."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.values: dict[str, int] = {}
        while not self.drawn(self.rng.choice((2, 2, 3, 3, 4))):
            pass

    def drawn(self, threads: int) -> bool:
        rng = self.rng
        self.kinds = [rng.choice(("W", "R", "WR", "RW", "WW", "RR")) for _ in range(threads)]
        joints = zip(self.kinds, [*self.kinds[1:], self.kinds[0]], strict=True)
        pairs = sum(len(kinds) == 2 for kinds in self.kinds)
        return 2 <= pairs <= 3 and all(a[-1] + b[0] in COMMUNICATES for a, b in joints)

    def access(self, kind: str, word: str, marks: str) -> str:
        if kind == "W":
            self.values[word] = self.values.get(word, 0) + 1
        return f"{kind}{word}{self.values[word] if kind == 'W' else ''}{marks}"

    def text(self) -> str:
        words = "xyz"[: sum(len(kinds) == 2 for kinds in self.kinds)]
        at, threads = 0, []
        for kinds in self.kinds:
            first = words[at % len(words)]
            if len(kinds) == 1:
                threads.append(self.access(kinds, first, ""))
                continue
            at += 1
            how = self.rng.choice(BETWEEN[kinds])
            before = how if how.startswith(".") else ""
            behind = how[1:] if how.startswith("+") else ""
            fence = how if how.isalpha() else ""
            parts = (
                self.access(kinds[0], first, before),
                fence,
                self.access(kinds[1], words[at % len(words)], behind),
            )
            threads.append(" ".join(part for part in parts if part))
        return " | ".join(threads)


def cycles(first: int, count: int) -> list[str]:
    """Of so many seeds; each text once."""
    return list(dict.fromkeys(Cycle(seed).text() for seed in range(first, first + count)))
