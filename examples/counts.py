# SPDX-License-Identifier: GPL-2.0-only
"""Families whose number of different executions is known: what an exhaustive search must report.

    mmutorture explore examples/counts.py::ainc --set n=4 --strategy dpor

The counts are of Mazurkiewicz classes under sc, as GenMC and Nidhugg have them in their tests
(M. Kokologiannakis, V. Vafeiadis, CAV 2021; P. Abdulla et al., TACAS 2015).
"""

from harness.program import Program, Task, program


@program
def ainc(p: Program, n: int = 3) -> None:
    """n atomic increments: n! classes."""
    x = p.word("x")
    for _ in range(n):
        with p.task() as t:
            t.fetch_add(x, 1)


@program
def lockinc(p: Program, n: int = 3) -> None:
    """n increments under a lock: n! classes."""
    x, lock = p.word("x"), p.spinlock("lock")
    for _ in range(n):
        with p.task() as t, t.locked(lock):
            t.store(x, t.load(x) + 1)


@program
def writers(p: Program, n: int = 3) -> None:
    """n stores to one word: n! classes."""
    x = p.word("x")
    for value in range(n):
        with p.task() as t:
            t.store(x, value)


@program
def readers(p: Program, n: int = 4) -> None:
    """One store and n loads: 2^n classes."""
    x = p.word("x")
    with p.task() as t:
        t.store(x, 1)
    for _ in range(n):
        with p.task() as t:
            t.load(x)


@program
def casrot(p: Program, n: int = 3) -> None:
    """Task i turns i - 1 into i by compare-exchange: 2, 5, 14, 43 classes for n = 2 to 5."""
    x = p.word("x")
    for i in range(1, n + 1):
        with p.task() as t:
            t.cmpxchg(x, i - 1, i)


@program
def lastzero(p: Program, n: int = 3) -> None:
    """A scan down to the first zero against n tasks that fill in: (n + 3) 2^(n - 2) classes."""
    a = p.array("a", n + 1)
    with p.task("scan") as t:
        at = t.let(n)
        with t.loop():
            t.break_if(t.load(a[at]) == 0)
            t.set(at, at - 1)
    for i in range(1, n + 1):
        with p.task() as t:
            t.store(a[i], t.load(a[i - 1]) + 1)


@program
def fib(p: Program, n: int = 1) -> None:
    """Two tasks add each other's word to their own n times; a third looks: 11, 140, 1698."""
    i, j = p.word("i", 1), p.word("j", 1)
    for own, other in ((i, j), (j, i)):
        with p.task() as t:
            for _ in range(n):
                t.store(own, t.load(own) + t.load(other))
    with p.task("main") as t:
        t.load(i)
        t.load(j)


@program
def rmw(p: Program, tasks: int = 2, n: int = 3) -> None:
    """Multinomial: 2 tasks of 3 have 20 classes, 3 of 2 have 90."""
    x = p.word("x")
    for _ in range(tasks):
        with p.task() as t:
            for _ in range(n):
                t.fetch_add(x, 1)


@program
def abba(p: Program) -> None:
    """Two locks in opposite order: 3 classes, one of them a deadlock."""
    a, b = p.spinlock("a"), p.spinlock("b")
    for first, second in ((a, b), (b, a)):
        with p.task() as t, t.locked(first), t.locked(second):
            pass


@program
def philosophers(p: Program, n: int = 3) -> None:
    """Three of them: 7 classes, one of them a deadlock."""
    forks = [p.spinlock(f"fork{i}") for i in range(n)]
    for i in range(n):
        with p.task() as t, t.locked(forks[i]), t.locked(forks[(i + 1) % n]):
            pass


def loads(t: Task, *words: object) -> None:
    for word in words:
        t.load(word)  # type: ignore[arg-type]


@program
def sb(p: Program) -> None:
    """Store buffering: 3 classes."""
    x, y = p.words("x", "y")
    for mine, yours in ((x, y), (y, x)):
        with p.task() as t:
            t.store(mine, 1)
            t.load(yours)


@program
def mp(p: Program) -> None:
    """Message passing: 3 classes."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
        t.store(y, 1)
    with p.task() as t:
        loads(t, y, x)


@program
def mp_await(p: Program) -> None:
    """Message passing where the reader waits for the flag: 1 class that ends, as it blocks else."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
        t.store(y, 1, "release")
    with p.task() as t:
        t.await_(y, 1)
        t.load(x)


@program
def lb(p: Program) -> None:
    """Load buffering: 3 classes."""
    x, y = p.words("x", "y")
    for mine, yours in ((x, y), (y, x)):
        with p.task() as t:
            t.load(yours)
            t.store(mine, 1)


@program
def two_plus_two_w(p: Program) -> None:
    """2+2W: 3 classes."""
    x, y = p.words("x", "y")
    for first, second in ((x, y), (y, x)):
        with p.task() as t:
            t.store(first, 1)
            t.store(second, 2)


@program
def corr(p: Program) -> None:
    """CoRR: one store pair against two loads of the word: 6 classes."""
    x = p.word("x")
    with p.task() as t:
        t.store(x, 1)
        t.store(x, 2)
    with p.task() as t:
        loads(t, x, x)


@program
def s(p: Program) -> None:
    """S: 3 classes."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 2)
        t.store(y, 1)
    with p.task() as t:
        t.load(y)
        t.store(x, 1)


@program
def wrc(p: Program) -> None:
    """WRC: 7 classes."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
    with p.task() as t:
        t.store(y, t.load(x))
    with p.task() as t:
        loads(t, y, x)


@program
def iriw(p: Program) -> None:
    """IRIW: 15 classes."""
    x, y = p.words("x", "y")
    for word in (x, y):
        with p.task() as t:
            t.store(word, 1)
    for first, second in ((x, y), (y, x)):
        with p.task() as t:
            loads(t, first, second)


@program
def z6u(p: Program) -> None:
    """Z6.U: 18 classes."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
        t.store(y, 1)
    with p.task() as t:
        t.fetch_add(y, 1)
        t.load(y)
    with p.task() as t:
        t.store(y, 3)
        t.load(x)


@program
def coherence(p: Program, writers: int = 3, readers: int = 1, n: int = 4) -> None:
    """One store each, and readers of n loads each, one word: writers! C(writers + n, n)^readers."""
    x = p.word("x")
    for value in range(1, writers + 1):
        with p.task() as t:
            t.store(x, value)
    for _ in range(readers):
        with p.task() as t:
            loads(t, *[x] * n)


@program
def wrw(p: Program, n: int = 2) -> None:
    """A store, and n times a load and a store, one word: 22, 300, 6576 classes for n = 2, 3, 4."""
    x = p.word("x")
    with p.task() as t:
        t.store(x, 1)
    for value in range(2, n + 2):
        with p.task() as t:
            t.load(x)
            t.store(x, value)


@program
def iriwish(p: Program) -> None:
    """IRIW where the second word gets what was read from the first: 27 classes."""
    x, y = p.words("x", "y")
    with p.task() as t:
        t.store(x, 1)
    with p.task() as t:
        t.store(y, t.load(x))
    for first, second in ((x, y), (y, x)):
        with p.task() as t:
            loads(t, first, second)
