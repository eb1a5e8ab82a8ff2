# SPDX-License-Identifier: GPL-2.0-only
"""The zoo: small buggy programs with which schedulers are compared, after SCTBench and CHESS.

    mmutorture explore examples/zoo.py::reorder --set setters=9
    mmutorture explore examples/zoo.py::twostage --strategy pct

P. Thomson, A. Donaldson, A. Betts, "Concurrency testing using controlled schedulers" (TOPC 2016)
has most of the originals.  Every program starts all tasks together, and only shared accesses and
lock operations are events, so that the probabilities of docs/algorithms can be held against them.
A task that sees the bug says so by a check; deadlocks are found by the scheduler itself.
"""

from harness.program import Program, Task, program
from harness.program.expression import Array, Lock, Register, Word


def increment(t: Task, word: Word, by: int = 1) -> None:
    """Read, then write: two events."""
    t.store(word, t.load(word) + by)


@program
def reorder(p: Program, setters: int = 2, checkers: int = 1) -> None:
    """A checker sees the second of two stores and not the first.  reorder_3 is (2, 1)."""
    a, b = p.words("a", "b")
    for _ in range(setters):
        with p.task() as t:
            t.store(a, 1)
            t.store(b, -1)
    for _ in range(checkers):
        with p.task() as t:
            ra, rb = t.load(a), t.load(b)
            t.check(((ra == 0) & (rb == 0)) | ((ra == 1) & (rb == -1)))


@program
def twostage(p: Program, writers: int = 1, readers: int = 1) -> None:
    """Two words that belong together, each under a lock of its own."""
    d1, d2 = p.words("d1", "d2")
    l1, l2 = p.spinlock("l1"), p.spinlock("l2")
    for _ in range(writers):
        with p.task() as t:
            with t.locked(l1):
                t.store(d1, 1)
            with t.locked(l2):
                t.store(d2, t.load(d1) + 1)
    for _ in range(readers):
        with p.task() as t:
            with t.locked(l1):
                t1 = t.load(d1)
            with t.if_(t1 == 0):
                t.exit()
            with t.locked(l2):
                t2 = t.load(d2)
            t.check(t2 == t1 + 1)


@program
def wronglock(p: Program, others: int = 7) -> None:
    """One task under its lock, the others under another one.  wronglock_3 is others=3."""
    v = p.word("v")
    right, wrong = p.spinlock("right"), p.spinlock("wrong")
    with p.task() as t, t.locked(right):
        x = t.load(v)
        increment(t, v)
        t.check(t.load(v) == x + 1)
    for _ in range(others):
        with p.task() as t, t.locked(wrong):
            increment(t, v)


@program
def lazy01(p: Program) -> None:
    """All is under one lock; the task that looks comes last."""
    d, lock = p.word("d"), p.spinlock("lock")
    for by in (1, 2):
        with p.task() as t, t.locked(lock):
            increment(t, d, by)
    with p.task() as t, t.locked(lock):
        t.check(t.load(d) < 3)


@program
def account(p: Program) -> None:
    """The sum that the check expects is wrong; it looks at it when both others are done."""
    balance = p.word("balance", 10)
    deposited, withdrawn = p.words("deposited", "withdrawn")
    lock = p.spinlock("lock")
    for done, by in ((deposited, 5), (withdrawn, -3)):
        with p.task() as t, t.locked(lock):
            increment(t, balance, by)
            t.store(done, 1)
    with p.task("check") as t, t.locked(lock):
        t.check(~(t.load(deposited) & t.load(withdrawn)))


@program
def deadlock01(p: Program) -> None:
    """Two locks in opposite order (AB-BA)."""
    x, a, b = p.word("x"), p.spinlock("a"), p.spinlock("b")
    for first, second in ((a, b), (b, a)):
        with p.task() as t, t.locked(first), t.locked(second):
            increment(t, x)


@program
def token_ring(p: Program) -> None:
    """Three blocks, each one event, whose order decides whether the words become equal."""
    x1, x2, x3 = p.word("x1", 1), p.word("x2", 2), p.word("x3", 1)
    done = p.word("done")

    def step(into: Word, source: Word, modulo: int = 0) -> None:
        with p.task() as t, t.atomic():
            value = t.load(source)
            t.store(into, (value + 1) % modulo if modulo else value)
            t.fetch_add(done, 1)

    step(x1, x3, 4)
    step(x2, x1)
    step(x3, x2)
    with p.task("check") as t:
        with t.atomic():
            all_done, r1, r2, r3 = t.load(done), t.load(x1), t.load(x2), t.load(x3)
        t.check((all_done != 3) | ((r1 == r2) & (r2 == r3)))


@program
def stack(p: Program, items: int = 10) -> None:
    """The flag that says the stack is not empty is never taken back."""
    top, flag = p.words("top", "flag")
    lock = p.spinlock("lock")
    with p.task("producer") as t, t.repeat(items), t.locked(lock):
        increment(t, top)
        t.store(flag, 1)
    with p.task("consumer") as t, t.repeat(items), t.locked(lock), t.if_(t.load(flag)):
        value = t.load(top)
        t.check(value > 0, "the stack is empty")
        t.store(top, value - 1)


def ping_pong(p: Program, size: int, elements: int) -> None:
    buffer = p.array("buffer", size)
    send, receive = p.word("send", 1), p.word("receive")
    first, last = p.words("first", "last")
    lock = p.spinlock("lock")
    with p.task("producer") as t, t.repeat(elements) as i, t.locked(lock), t.if_(t.load(send)):
        at = t.load(last)
        t.store(buffer[at], i)
        t.store(last, (at + 1) % size)
        t.store(send, 0)
        t.store(receive, 1)
    with p.task("consumer") as t, t.repeat(elements) as i, t.locked(lock), t.if_(t.load(receive)):
        at = t.load(first)
        value = t.load(buffer[at])
        t.store(first, (at + 1) % size)
        t.check(value == i, "an element out of turn")
        t.store(receive, 0)
        t.store(send, 1)


@program
def circular_buffer(p: Program, elements: int = 7) -> None:
    """Each side counts a turn that it had to skip as if it had done something."""
    ping_pong(p, 7, elements)


@program
def queue(p: Program, elements: int = 20) -> None:
    """The same mistake with a queue that is never full."""
    ping_pong(p, elements, elements)


@program
def bluetooth(p: Program) -> None:
    """A driver is stopped between an adder's look at the flag and its count of itself."""
    pending = p.word("pending", 1)
    stop, event, stopped = p.words("stop", "event", "stopped")

    def decrement(t: Task) -> None:
        with t.if_(t.fetch_add(pending, -1) == 1):
            t.store(event, 1)

    with p.task("adder") as t, t.if_(~t.load(stop)):
        t.fetch_add(pending, 1)
        t.check(~t.load(stopped), "the driver was stopped")
        decrement(t)
    with p.task("stopper") as t:
        t.store(stop, 1)
        decrement(t)
        with t.if_(t.load(event)):
            t.store(stopped, 1)


@program
def stringbuffer(p: Program) -> None:
    """The length is asked for under the lock, and used under the lock, and not under one lock."""
    length, lock = p.word("length", 3), p.spinlock("lock")
    with p.task("append") as t:
        with t.locked(lock):
            wanted = t.load(length)
        with t.locked(lock):
            t.check(wanted <= t.load(length), "more characters than there are")
    with p.task("erase") as t, t.locked(lock):
        t.store(length, 0)


@program
def carter01(p: Program) -> None:
    """First in of a class takes the lock, last out frees it: two locks, crossed."""
    a, b = p.words("a", "b")
    count, resource = p.spinlock("count"), p.spinlock("resource")
    for inside in (a, b):
        with p.task() as t:
            with t.locked(count):
                increment(t, inside)
                with t.if_(t.load(inside) == 1):
                    t.lock(resource)
            with t.locked(count):
                increment(t, inside, -1)
                with t.if_(t.load(inside) == 0):
                    t.unlock(resource)


def wait(t: Task, lock: Lock, condition: Word) -> None:
    """pthread_cond_wait(): the word counts the signals; one that came before is lost."""
    seen = t.load(condition)
    t.unlock(lock)
    t.await_not(condition, seen)
    t.lock(lock)


@program
def phase01(p: Program) -> None:
    """A signal that comes before the wait is lost: nobody looks at a predicate."""
    signals, lock = p.word("signals"), p.spinlock("lock")
    with p.task("waiter") as t, t.locked(lock):
        wait(t, lock, signals)
    with p.task("signaller") as t, t.locked(lock):
        t.fetch_add(signals, 1)


@program
def sync01(p: Program) -> None:
    """The consumer looks at the count before it takes the lock that protects it."""
    number, full = p.words("number", "full")
    lock = p.spinlock("lock")
    with p.task("producer") as t, t.locked(lock):
        increment(t, number)
        t.fetch_add(full, 1)
    with p.task("consumer") as t:
        empty = t.load(number) == 0
        with t.if_(empty), t.locked(lock):
            wait(t, lock, full)


@program
def sync02(p: Program) -> None:
    """One signal for two that wait for it."""
    number, full = p.words("number", "full")
    lock = p.spinlock("lock")
    with p.task("producer") as t, t.locked(lock):
        increment(t, number, 2)
        t.fetch_add(full, 1)
    for name in ("consumer0", "consumer1"):
        with p.task(name) as t, t.locked(lock):
            with t.if_(t.load(number) < 2):
                wait(t, lock, full)
            increment(t, number, -1)


@program
def fsbench(p: Program, tasks: int = 27) -> None:
    """One block too few for the tasks that take one each."""
    blocks, taken = p.array("blocks", tasks - 1), p.word("taken")
    for _ in range(tasks):
        with p.task() as t:
            t.store(blocks[t.fetch_add(taken, 1)], 1)


@program
def din_phil(p: Program, n: int = 3) -> None:
    """Philosophers, each of whom takes the left fork first."""
    forks = [p.spinlock(f"fork{i}") for i in range(n)]
    for i in range(n):
        with p.task(f"phil{i}") as t:
            t.lock(forks[i])
            t.lock(forks[(i + 1) % n])
            t.unlock(forks[(i + 1) % n])
            t.unlock(forks[i])


class StealQueue:
    """Items between head and tail; the owner works at the tail, thieves at the head (THE)."""

    def __init__(self, p: Program, items: int) -> None:
        self.head, self.tail = p.words("head", "tail")
        self.items = p.array("items", items)
        self.taken = p.array("taken", items)
        self.lock = p.spinlock("lock")

    def take(self, t: Task, at: Register) -> None:
        item = t.load(self.items[at])
        t.check(t.fetch_add(self.taken[item], 1) == 0, "an item was taken twice")

    def push(self, t: Task, item: int) -> None:
        tail = t.load(self.tail)
        t.store(self.items[tail], item)
        t.store(self.tail, tail + 1)

    def pop(self, t: Task, fences: int) -> None:
        tail = t.let(t.load(self.tail) - 1)
        t.store(self.tail, tail)
        if fences:
            t.fence()
        with t.if_(t.load(self.head) <= tail):
            self.take(t, tail)
        with t.else_():
            t.store(self.tail, tail + 1)
            with t.locked(self.lock), t.if_(t.load(self.head) <= tail):
                t.store(self.tail, tail)
                self.take(t, tail)

    def steal(self, t: Task, bug: int, fences: int) -> None:
        with t.locked(self.lock):
            head = t.load(self.head)
            if bug:  # looks first, and says afterwards that it takes something
                room = t.let(head < t.load(self.tail))
                with t.if_(room):
                    t.store(self.head, head + 1)
            else:
                t.store(self.head, head + 1)
                if fences:
                    t.fence()
                room = t.let(head < t.load(self.tail))
                with t.if_(~room):
                    t.store(self.head, head)
            with t.if_(room):
                self.take(t, head)


@program
def wsq(p: Program, items: int = 4, steals: int = 2, bug: int = 1, fences: int = 1) -> None:
    """The work-stealing queue of Cilk (Frigo et al. 1998): an item is taken twice.

    bug=0 is right, and with fences=0 only under --memory sc.
    """
    deque = StealQueue(p, items)
    with p.task("owner") as t:
        for item in range(items):
            deque.push(t, item)
        for _ in range(items):
            deque.pop(t, fences)
    with p.task("thief") as t:
        for _ in range(steals):
            deque.steal(t, bug, fences)


def safe_pop(t: Task, head: Word, count: Word, after: Array) -> Register:
    popped = t.let(-1)
    with t.loop():
        t.break_if(t.load(count) <= 1)
        top = t.load(head)
        following = t.xchg(after[top], -1)
        with t.if_(following >= 0):
            with t.if_(t.cmpxchg(head, top, following) == top):
                t.fetch_add(count, -1)
                t.set(popped, top)
                t.break_()
            t.xchg(after[top], following)
    return popped


@program
def safestack(p: Program, tasks: int = 3, rounds: int = 2) -> None:
    """Vyukov's lock-free stack on an array: one node is popped twice, after five switches."""
    head, count = p.word("head"), p.word("count", 3)
    after = p.array("after", 3, (1, 2, -1))
    owner = p.array("owner", 3)
    for number in range(tasks):
        with p.task() as t, t.repeat(rounds):
            node = t.let(-1)
            with t.loop():
                t.set(node, safe_pop(t, head, count, after))
                t.break_if(node >= 0)
                t.yield_()
            t.store(owner[node], number)
            t.check(t.load(owner[node]) == number, "somebody else has this node")
            top = t.let(t.load(head))
            with t.loop():
                t.store(after[node], top)
                found = t.cmpxchg(head, top, node)
                t.break_if(found == top)
                t.set(top, found)
            t.fetch_add(count, 1)


@program
def uneven(p: Program, k: int = 5) -> None:
    """One write against k: the reader finds the one only if it comes last."""
    x = p.word("x")
    with p.task() as t:
        t.store(x, 1000)
    with p.task() as t:
        for i in range(k):
            t.store(x, i)
        t.check(t.load(x) != 1000)


@program
def ladder(p: Program, depth: int = 3, updates: int = 20) -> None:
    """A bug of any depth: the tasks must take turns at certain of their updates."""
    m = p.word("m")
    rungs = {(0, 5): 0, (1, 5): 1, (0, 10): 2, (1, 10): 3, (0, 15): 4}
    for task in range(2):
        with p.task() as t:
            for update in range(1, updates + 1):
                if (task, update) in rungs:
                    t.cmpxchg(m, rungs[task, update], rungs[task, update] + 1)
                else:
                    t.fetch_add(m, 0)
    p.ensure(m < depth, "the ladder was climbed")


@program
def lost_update(p: Program, tasks: int = 2) -> None:
    """An increment that is not atomic; whoever is last looks."""
    x, done = p.words("x", "done")
    for _ in range(tasks):
        with p.task() as t:
            increment(t, x)
            with t.if_(t.fetch_add(done, 1) == tasks - 1):
                t.check(t.load(x) == tasks, "an update was lost")
