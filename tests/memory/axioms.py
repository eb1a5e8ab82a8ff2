# SPDX-License-Identifier: GPL-2.0-only
"""A judge for straight-line litmus programs: the memory models by their axioms.

Every way to choose where loads read from and in which order stores became visible is a candidate
execution; the axioms of tools/memory-model (J. Alglave et al., ASPLOS 2018, and what was added
since: carried dependencies, po-unlock-lock-po, rmw-sequences) say which are allowed; for sc and
tso those of Alglave et al., "Herding Cats", TOPLAS 2014.  The core works the other way round, one
event at a time, and shares nothing with this.

``in_order`` adds what an execution in program order cannot help: po and rf have no cycle, and a
grace period really waits for the sections that it found open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import permutations, product

FULL, ACQUIRE, RELEASE, RELAXED, PLAIN = "full", "acquire", "release", "relaxed", "plain"
TAGS = (ACQUIRE, PLAIN)  # of loads


@dataclass(frozen=True)
class Op:
    """One statement; values of the stores to one word differ from each other and from 0."""

    kind: str  # load store xchg cmpxchg fence lock unlock rcu_lock rcu_unlock sync
    word: str = ""
    order: str = RELAXED
    value: int = 0  # stored
    old: int = 0  # cmpxchg: expected
    fence: str = ""
    address: tuple[int, ...] = ()  # loads of this thread, by position, that it depends on
    data: tuple[int, ...] = ()
    control: tuple[int, ...] = ()


Program = tuple[tuple[Op, ...], ...]


@dataclass
class Event:
    thread: int
    kind: str  # R W F
    word: str = ""
    tags: frozenset[str] = frozenset()
    value: int = 0
    op: int = -1  # position in its thread


@dataclass
class Graph:
    """The events of a program, given which compare-exchanges succeed; bit n of a set is event n."""

    events: list[Event] = field(default_factory=list)
    po: list[int] = field(default_factory=list)  # row n: what comes after n in program order
    rmw: list[tuple[int, int]] = field(default_factory=list)
    at: dict[tuple[int, int], int] = field(
        default_factory=dict
    )  # thread, position: load or only event
    stores: dict[tuple[int, int], int] = field(default_factory=dict)


def bits(rows: int) -> Iterator[int]:
    while rows:
        low = rows & -rows
        yield low.bit_length() - 1
        rows ^= low


class Rel:
    """A relation: row n is the set of what n is related to."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows

    def __or__(self, other: Rel) -> Rel:
        return Rel([a | b for a, b in zip(self.rows, other.rows, strict=True)])

    def __and__(self, other: Rel) -> Rel:
        return Rel([a & b for a, b in zip(self.rows, other.rows, strict=True)])

    def __sub__(self, other: Rel) -> Rel:
        return Rel([a & ~b for a, b in zip(self.rows, other.rows, strict=True)])

    def __matmul__(self, other: Rel) -> Rel:
        """Composition: the model's ``;``."""
        out = []
        for row in self.rows:
            all_ = 0
            for n in bits(row):
                all_ |= other.rows[n]
            out.append(all_)
        return Rel(out)

    def inverse(self) -> Rel:
        rows = [0] * len(self.rows)
        for a, row in enumerate(self.rows):
            for b in bits(row):
                rows[b] |= 1 << a
        return Rel(rows)

    def plus(self) -> Rel:
        rows = list(self.rows)
        for k in range(len(rows)):
            bit, through = 1 << k, rows[k]
            if through:
                for a, row in enumerate(rows):
                    if row & bit:
                        rows[a] = row | through
                through = rows[k]
        return Rel(rows)

    def optional(self) -> Rel:
        return Rel([row | 1 << n for n, row in enumerate(self.rows)])

    def star(self) -> Rel:
        return self.plus().optional()

    def cyclic(self) -> bool:
        return any(row >> n & 1 for n, row in enumerate(self.plus().rows))

    def irreflexive(self) -> bool:
        return not any(row >> n & 1 for n, row in enumerate(self.rows))

    def __bool__(self) -> bool:
        return any(self.rows)


def build(program: Program, succeeds: dict[tuple[int, int], bool]) -> Graph:
    g = Graph()

    def add(thread: int, op: int, kind: str, word: str = "", *tags: str, value: int = 0) -> int:
        g.events.append(Event(thread, kind, word, frozenset(tags), value, op))
        return len(g.events) - 1

    for t, ops in enumerate(program):
        for n, op in enumerate(ops):
            where = (t, n)
            match op.kind:
                case "load":
                    g.at[where] = add(t, n, "R", op.word, *[op.order] * (op.order in TAGS))
                case "store":
                    tags = [op.order] * (op.order in (RELEASE, PLAIN))
                    g.stores[where] = add(t, n, "W", op.word, *tags, value=op.value)
                case "cmpxchg" if not succeeds[where]:
                    g.at[where] = add(t, n, "R", op.word, "failed")
                case "xchg" | "cmpxchg":
                    if op.order == FULL:
                        add(t, n, "F", "", "mb")
                    load = add(t, n, "R", op.word, "rmw", *[op.order] * (op.order == ACQUIRE))
                    tags = [op.order] * (op.order == RELEASE)
                    store = add(t, n, "W", op.word, "rmw", *tags, value=op.value)
                    if op.order == FULL:
                        add(t, n, "F", "", "mb")
                    g.at[where], g.stores[where] = load, store
                    g.rmw.append((load, store))
                case "lock":
                    load = add(t, n, "R", op.word, "LKR", ACQUIRE)
                    store = add(t, n, "W", op.word, "LKW", value=1)
                    g.at[where], g.stores[where] = load, store
                    g.rmw.append((load, store))
                case "unlock":
                    g.stores[where] = add(t, n, "W", op.word, "UL", RELEASE, value=0)
                case "fence":
                    add(t, n, "F", "", op.fence)
                case _:
                    add(t, n, "F", op.word, op.kind)
    for a, e in enumerate(g.events):
        row = 0
        for b, f in enumerate(g.events):
            if e.thread == f.thread and b > a:
                row |= 1 << b
        g.po.append(row)
    return g


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    race: bool = False  # a data race of plain accesses


class Model:
    """The relations of one candidate execution that do not depend on rf and co, and the axioms."""

    def __init__(self, program: Program, g: Graph) -> None:
        self.g = g
        n = len(g.events)
        self.n = n
        self.po = Rel(g.po)
        self.id = Rel([1 << a for a in range(n)])
        threads: dict[int, int] = {}
        for a, e in enumerate(g.events):
            threads[e.thread] = threads.get(e.thread, 0) | 1 << a
        self.int = Rel([threads[e.thread] for e in g.events])
        self.memory = self.set(lambda e: e.kind != "F")
        self.reads = self.set(lambda e: e.kind == "R")
        self.writes = self.set(lambda e: e.kind == "W")
        self.rmw_rel = self.pairs(g.rmw)
        self.dependencies(program)

    def set(self, test: Callable[[Event], bool]) -> int:
        return sum(1 << a for a, e in enumerate(self.g.events) if test(e))

    def tagged(self, tag: str) -> int:
        return self.set(lambda e: tag in e.tags)

    def pairs(self, pairs: list[tuple[int, int]]) -> Rel:
        rows = [0] * self.n
        for a, b in pairs:
            rows[a] |= 1 << b
        return Rel(rows)

    def on(self, members: int) -> Rel:
        """[S]: the identity on a set."""
        return Rel([members & 1 << a for a in range(self.n)])

    def ext(self, rel: Rel) -> Rel:
        return rel - self.int

    def dependencies(self, program: Program) -> None:
        addr: list[tuple[int, int]] = []
        data: list[tuple[int, int]] = []
        ctrl: list[tuple[int, int]] = []
        for t, ops in enumerate(program):
            for n, op in enumerate(ops):
                mine = [self.g.at[t, n]] if (t, n) in self.g.at else []
                stores = [self.g.stores[t, n]] if (t, n) in self.g.stores else []
                addr += [(self.g.at[t, d], e) for d in op.address for e in mine + stores]
                data += [(self.g.at[t, d], e) for d in op.data for e in stores]
                ctrl += [(self.g.at[t, d], e) for d in op.control for e in mine + stores]
        self.addr, self.data, self.ctrl = self.pairs(addr), self.pairs(data), self.pairs(ctrl)

    def fencerel(self, tag: str) -> Rel:
        return self.po @ self.on(self.tagged(tag)) @ self.po

    def allowed(self, memory: str, rf: Rel, co: Rel, fr: Rel, *, in_order: bool = True) -> bool:
        if (self.po & self.same_word() | rf | co | fr).cyclic():
            return False
        if self.rmw_rel & (self.ext(fr) @ self.ext(co)):
            return False
        if memory == "sc":
            return not (self.po_memory() | rf | co | fr).cyclic()
        if memory == "tso":
            return self.tso(rf, co, fr)
        if in_order and (self.po | rf).cyclic():
            return False
        return self.lkmm(rf, co, fr).allowed and (not in_order or self.waits(rf))

    def po_memory(self) -> Rel:
        memory = self.on(self.memory)
        return memory @ self.po @ memory

    def tso(self, rf: Rel, co: Rel, fr: Rel) -> bool:
        """A store may be late for a later load; read-modify-writes and smp_mb() wait for it."""
        r, w = self.on(self.reads), self.on(self.writes)
        locked = self.on(self.tagged("rmw") | self.tagged("failed"))
        po = self.po_memory()
        relaxed = w @ po @ r
        fence = self.fencerel("mb") | po @ locked | locked @ po
        preserved = po - relaxed | po & fence
        return not (preserved | self.ext(rf) | co | fr).cyclic()

    def lkmm(self, rf: Rel, co: Rel, fr: Rel) -> Verdict:
        po, on = self.po, self.on
        m, w, r = on(self.memory), on(self.writes), on(self.reads)
        rfe, rfi = self.ext(rf), rf & self.int
        ul, lkr, lkw = on(self.tagged("UL")), on(self.tagged("LKR")), on(self.tagged("LKW"))
        rmw_set = on(self.tagged("rmw") | self.tagged("failed"))  # an atomic to fences all the same
        plain = on(self.tagged(PLAIN))
        marked = self.id - plain
        acq_po = on(self.tagged(ACQUIRE)) @ po @ m
        po_rel = m @ po @ on(self.tagged(RELEASE))
        unlock_lock = po @ ul @ (po | rf) @ lkr @ po
        rmb = r @ self.fencerel("rmb") @ r
        wmb = w @ self.fencerel("wmb") @ w
        mb = (
            m @ self.fencerel("mb") @ m
            | m @ self.fencerel("before-atomic") @ rmw_set @ po.optional() @ m
            | m @ po.optional() @ rmw_set @ self.fencerel("after-atomic") @ m
            | m @ po.optional() @ lkw @ self.fencerel("after-spinlock") @ m
            | m @ po @ ul @ (co | po) @ lkw @ self.fencerel("after-unlock-lock") @ m
        )
        sync = on(self.tagged("sync"))
        strong = mb | po @ sync @ po.optional()
        fence = strong | po_rel | acq_po | wmb | rmb

        carry = (self.data @ rfi).star()
        addr, data, ctrl = carry @ self.addr, carry @ self.data, carry @ self.ctrl
        dep = addr | data
        overwrite = co | fr
        to_w = (dep | ctrl) @ w | overwrite & self.int | addr @ plain @ wmb
        to_r = addr @ r | dep @ marked @ rfi
        ppo = to_r | to_w | fence & self.int | unlock_lock & self.int

        rmw_sequence = (rf @ self.rmw_rel).star()
        a_cumul = (rfe @ marked).optional() @ (strong | po_rel)
        cumul = marked @ (a_cumul | wmb | unlock_lock) @ marked @ rmw_sequence
        prop = marked @ self.ext(overwrite).optional() @ cumul.star() @ marked
        prop = prop @ rfe.optional() @ marked
        hb = m @ marked @ (ppo | rfe | (prop - self.id) & self.int) @ m @ marked
        if hb.cyclic():
            return Verdict(False)
        pb = prop @ strong @ hb.star() @ m @ marked
        if pb.cyclic():
            return Verdict(False)
        order = self.rcu_order(prop, hb, pb)
        rcu_fence = po @ order @ po.optional()
        rb = prop @ rcu_fence @ hb.star() @ pb.star() @ marked
        if not rb.irreflexive():
            return Verdict(False)
        if not plain:
            return Verdict(True)

        # Plain accesses
        xb = (hb | pb | rb).star()
        full = strong | rcu_fence
        nonrw = strong | po_rel | acq_po
        any_fence = fence | rcu_fence
        vis = cumul.star() @ rfe.optional() @ marked @ (full @ marked @ xb | xb & self.int)
        to_rmb, from_rmb = self.fencerel("rmb") @ r, r @ self.fencerel("rmb")
        w_pre = marked @ (addr | any_fence).optional()
        r_pre = marked @ (addr | nonrw | from_rmb).optional()
        w_post = any_fence.optional() @ marked @ rmw_sequence
        r_post = (nonrw | to_rmb).optional() @ marked
        ww_vis = any_fence | full @ xb @ w_pre | w_post @ vis @ w_pre
        wr_vis = any_fence | full @ xb @ r_pre | w_post @ vis @ r_pre
        rw_xb = any_fence | r_post @ xb @ w_pre
        any_two = Rel([(1 << self.n) - 1] * self.n)
        pre_race = self.ext(plain @ any_two @ m | m @ any_two @ plain)
        incoherent = rf & rw_xb.inverse() | fr & wr_vis.inverse() | co & ww_vis.inverse()
        if pre_race & incoherent:
            return Verdict(False)
        ww_nonrace = ww_vis & (marked @ any_two | rw_xb) & (any_two @ marked | wr_vis)
        races = co - ww_nonrace | (co.optional() @ rf) - wr_vis - rw_xb.inverse() | fr - rw_xb
        return Verdict(True, bool(pre_race & races))

    def same_word(self) -> Rel:
        rows = []
        for e in self.g.events:
            row = 0
            for b, f in enumerate(self.g.events):
                if e.word and e.word == f.word and e.kind != "F" != f.kind:
                    row |= 1 << b
            rows.append(row)
        return Rel(rows)

    def sections(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        inside: dict[int, int] = {}
        for a, e in enumerate(self.g.events):
            if "rcu_lock" in e.tags:
                inside[e.thread] = a
            if "rcu_unlock" in e.tags:
                found.append((inside.pop(e.thread), a))
        return found

    def rcu_order(self, prop: Rel, hb: Rel, pb: Rel) -> Rel:
        gp = self.on(self.tagged("sync"))
        rscsi = self.pairs([(u, lock) for lock, u in self.sections()])
        link = self.po.optional() @ hb.star() @ pb.star() @ prop @ self.po
        order = gp
        while True:
            more = (
                order
                | gp @ link @ rscsi
                | rscsi @ link @ gp
                | gp @ link @ order @ link @ rscsi
                | rscsi @ link @ order @ link @ gp
                | order @ link @ order
            )
            if more.rows == order.rows:
                return order
            order = more

    def waits(self, rf: Rel) -> bool:
        """Can every section end before a grace period does, or begin after it began?"""
        graces = list(bits(self.tagged("sync")))
        choices = [(s, section) for s in graces for section in self.sections()]
        if not choices:
            return True
        base = (self.po | rf).rows
        # A grace period is two moments: its event is the begin, and n + its number the end.
        ends = {s: self.n + number for number, s in enumerate(graces)}
        for picks in product((False, True), repeat=len(choices)):
            rows = [*base, *(base[s] for s in graces)]
            for s, end in ends.items():
                rows[s] = 1 << end
            for section_first, (s, (lock, unlock)) in zip(picks, choices, strict=True):
                if section_first:
                    rows[unlock] |= 1 << ends[s]
                else:
                    rows[s] |= 1 << lock
            if not Rel(rows).cyclic():
                return True
        return False


def lock_orders(g: Graph) -> Iterator[dict[str, list[int]]]:
    """Per lock, its critical sections in every order: events in coherence order."""
    sections: dict[str, list[list[int]]] = {}
    for a, e in enumerate(g.events):
        if "LKW" in e.tags:
            sections.setdefault(e.word, []).append([a])
        if "UL" in e.tags:
            mine = [s for s in sections[e.word] if g.events[s[0]].thread == e.thread]
            mine[-1].append(a)
    words = sorted(sections)
    for chosen in product(*(permutations(sections[word]) for word in words)):
        yield {w: [a for s in order for a in s] for w, order in zip(words, chosen, strict=True)}


@dataclass(frozen=True)
class Candidate:
    model: Model
    source: dict[int, int]  # of each load: a store, or -1
    order: dict[str, list[int]]  # the stores of each word


def candidates(program: Program) -> Iterator[Candidate]:
    swaps = [
        (t, n) for t, ops in enumerate(program) for n, op in enumerate(ops) if op.kind == "cmpxchg"
    ]
    for answers in product((False, True), repeat=len(swaps)):
        g = build(program, dict(zip(swaps, answers, strict=True)))
        model = Model(program, g)
        words = sorted({e.word for e in g.events if e.kind == "W" and not e.tags & {"LKW", "UL"}})
        plain = {
            w: [a for a, e in enumerate(g.events) if e.kind == "W" and e.word == w] for w in words
        }
        loads = [a for a, e in enumerate(g.events) if e.kind == "R" and "LKR" not in e.tags]
        sources = [[-1, *plain.get(g.events[a].word, [])] for a in loads]
        for chosen in product(*sources):
            source = dict(zip(loads, chosen, strict=True))
            if not believable(program, g, source):
                continue
            for orders in product(*(permutations(plain[w]) for w in words)):
                for locks in lock_orders(g):
                    co = dict(zip(words, map(list, orders), strict=True)) | locks
                    full = dict(source)
                    for order in locks.values():
                        for at, a in enumerate(order):
                            if "LKW" in g.events[a].tags:
                                load = next(r for r, w in g.rmw if w == a)
                                full[load] = order[at - 1] if at else -1
                    yield Candidate(model, full, co)


def believable(program: Program, g: Graph, source: dict[int, int]) -> bool:
    """Compare-exchanges have found what they were said to find."""
    for (t, n), a in g.at.items():
        op = program[t][n]
        if op.kind == "cmpxchg":
            found = 0 if source[a] < 0 else g.events[source[a]].value
            if (found == op.old) != ((t, n) in g.stores):
                return False
    return True


def relations(
    model: Model, source: dict[int, int], co: dict[str, list[int]]
) -> tuple[Rel, Rel, Rel]:
    rf = model.pairs([(w, r) for r, w in source.items() if w >= 0])
    order = model.pairs(
        [(a, b) for stores in co.values() for i, a in enumerate(stores) for b in stores[i + 1 :]]
    )
    fr = []
    for r, w in source.items():
        stores = co.get(model.g.events[r].word, [])
        fr += [(r, b) for b in (stores if w < 0 else stores[stores.index(w) + 1 :])]
    return rf, order, model.pairs(fr)


def outcome(program: Program, candidate: Candidate) -> tuple[int, ...]:
    """What the loads returned, in order, and then the words at the end, by name."""
    g, values = candidate.model.g, []
    for t, ops in enumerate(program):
        for n, op in enumerate(ops):
            if op.kind in ("load", "xchg", "cmpxchg"):
                w = candidate.source[g.at[t, n]]
                values.append(0 if w < 0 else g.events[w].value)
    for word in words_of(program):
        stores = candidate.order.get(word, [])
        values.append(g.events[stores[-1]].value if stores else 0)
    return tuple(values)


def words_of(program: Program) -> list[str]:
    locks = {op.word for ops in program for op in ops if op.kind == "lock"}
    return sorted({op.word for ops in program for op in ops if op.word} - locks)


def has_race(program: Program) -> bool:
    """Has an execution in order that lkmm allows a data race?"""
    for candidate in candidates(program):
        related = relations(candidate.model, candidate.source, candidate.order)
        if candidate.model.lkmm(*related).race and candidate.model.allowed("lkmm", *related):
            return True
    return False


def executions(program: Program) -> int:
    """How many candidate executions in order lkmm allows: what herd7 counts."""
    related = ((c.model, relations(c.model, c.source, c.order)) for c in candidates(program))
    return sum(model.allowed("lkmm", *found) for model, found in related)


def outcomes(program: Program, memory: str, *, in_order: bool = True) -> set[tuple[int, ...]]:
    """Those that the model allows."""
    found: set[tuple[int, ...]] = set()
    for candidate in candidates(program):
        result = outcome(program, candidate)
        if result in found:
            continue
        related = relations(candidate.model, candidate.source, candidate.order)
        if candidate.model.allowed(memory, *related, in_order=in_order):
            found.add(result)
    return found
