# SPDX-License-Identifier: GPL-2.0-only
"""User programs: what the builder writes, what the interpreter does, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.program import Program
from harness.program.code import CodeError, dump, parse
from harness.scenario import scenarios

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"


def final_values(p: Program) -> dict[str, int]:
    found = p.explore("random", schedules=1)
    assert not found.violation, found.message
    (row,) = found.outcomes
    return dict(row["registers"])


def test_arithmetic_is_that_of_c_on_64_bits() -> None:
    p = Program("sums")
    x = p.word("x", 7)
    with p.task() as t:
        a = t.load(x)
        values = {
            "add": a + 5, "sub": a - 9, "rsub": 9 - a, "mul": a * -3, "div": (a - 14) // 2,
            "mod": (a - 14) % 4, "and_": a & 6, "or_": a | 8, "xor": a ^ 1, "eq": a == 7,
            "ne": a != 7, "lt": a < -1, "le": a <= 7, "gt": a > 6, "ge": a >= 8, "neg": ~a,
            "wrap": (a - 7 + (1 << 62)) * 4,
        }  # fmt: skip
        registers = {name: t.let(value) for name, value in values.items()}
    p.observe(**registers)
    assert final_values(p) == {
        "add": 12, "sub": -2, "rsub": 2, "mul": -21, "div": -3, "mod": -3, "and_": 6, "or_": 15,
        "xor": 6, "eq": 1, "ne": 0, "lt": 0, "le": 1, "gt": 1, "ge": 0, "neg": 0, "wrap": 0,
    }  # fmt: skip


def test_branches_loops_arrays_and_pointers() -> None:
    p = Program("flow")
    a, i = p.array("a", 4, (1, 2, 3, 4)), p.word("i")
    pointer = p.word("pointer", p.address(a[2]))
    with p.task() as t:
        total = t.let(0)
        with t.repeat(4) as n:
            with t.if_(n % 2 == 0):
                t.set(total, total + t.load(a[n]))
            with t.else_():
                t.set(total, total + 10 * t.load(a[n]))
        t.store(i, total)
        t.store(t.at(t.load(pointer)), 9)
        t.add(a[1], 16)
        t.add(a[1], -16)
        found = t.cmpxchg(a[0], 1, 5)
        lost = t.cmpxchg(a[0], 1, 6)
        t.fetch_or(a[1], 8)
        t.fetch_and(a[3], 6)
        with t.loop():
            t.fetch_add(i, 1)
            t.break_if(t.load(i) > 70)
        t.exit()
        t.store(i, 0)
    p.observe(i=i, a0=a[0], a1=a[1], a2=a[2], a3=a[3], found=found, lost=lost)
    wanted = {"i": 71, "a0": 5, "a1": 10, "a2": 9, "a3": 4, "found": 1, "lost": 5}
    assert final_values(p) == wanted


@pytest.mark.parametrize("what", ["check", "index", "pointer", "division", "ensure"])
def test_an_assertion_fails(what: str) -> None:
    p = Program("fails")
    x, a = p.word("x"), p.array("a", 2)
    with p.task() as t:
        two = t.let(t.load(x) + 2)
        if what == "check":
            t.check(two == 3, "two is three")
        elif what == "index":
            t.load(a[two])
        elif what == "pointer":
            t.load(t.at(two))
        elif what == "division":
            t.let(two // t.load(x))
    if what == "ensure":
        p.ensure(x == 1, "x is one")
    texts = {"check": "two is three", "index": "a[2] of 2", "pointer": "0x2 is no pointer",
             "division": "division by zero", "ensure": "x is one"}  # fmt: skip
    found = p.explore("random", schedules=5)
    assert found.violation == "assertion" and texts[what] in found.message


def test_waits_locks_and_rcu_exclude_and_end() -> None:
    p = Program("locks")
    x, y, ready = p.words("x", "y", "ready")
    spin, mutex, rw = p.spinlock("spin"), p.mutex("mutex"), p.rwlock("rw")
    for _ in range(2):
        with p.task() as t:
            with t.locked(mutex), t.locked(spin):
                t.store(x, t.load(x, "plain") + 1, "plain")
            t.write_lock(rw)
            t.store(y, t.load(y) + 10)
            t.write_unlock(rw)
            with t.rcu():
                t.read_lock(rw)
                t.load(y)
                t.read_unlock(rw)
            with t.atomic():
                t.fetch_add(ready, 1)
    with p.task("last") as t:
        t.synchronize_rcu()
        t.await_not(x, 0)
        got = t.trylock(spin)
        with t.if_(got):
            t.unlock(spin)
    p.observe(x=x, y=y, got=got)
    found = p.explore("random", schedules=300)
    assert not found.violation
    assert {row["registers"]["x"] for row in found.outcomes} == {2}
    assert {row["registers"]["y"] for row in found.outcomes} == {20}
    assert {row["registers"]["got"] for row in found.outcomes} == {0, 1}


def test_an_await_that_nobody_ends_is_a_deadlock_by_name() -> None:
    p = Program("stuck")
    flag, lock = p.word("flag"), p.spinlock("guard")
    with p.task("waiter") as t, t.locked(lock):
        t.await_(flag, 1)
    with p.task("setter") as t, t.locked(lock):
        t.store(flag, 1)
    found = p.explore("random", schedules=50)
    assert found.violation == "deadlock"
    assert "await of flag" in found.message and "holding guard" in found.message


def test_a_loop_without_an_event_is_no_progress() -> None:
    p = Program("spins")
    p.word("x")
    with p.task() as t, t.loop():
        pass
    assert p.explore("random", schedules=1).violation == "no-progress"


def test_an_atomic_block_is_one_event() -> None:
    p = Program("blocks")
    x = p.word("x")
    for _ in range(2):
        with p.task() as t, t.atomic():
            t.store(x, t.load(x) + 1)
    p.observe(x=x)
    for memory in ("sc", "tso"):
        found = p.explore("random", memory, schedules=100)
        assert found.found.totals["schedule_points"] == 200
        assert [row["registers"] for row in found.outcomes] == [{"x": 2}]


def test_assumed_away_executions_do_not_count() -> None:
    p = Program("assume")
    x = p.word("x")
    with p.task() as t:
        t.store(x, 1)
    with p.task() as t:
        seen = t.load(x)
    p.observe(seen=seen)
    p.assume(seen == 1)
    p.exists(seen == 1)
    found = p.explore("random", schedules=200)
    (row,) = found.outcomes
    assert row["registers"] == {"seen": 1} and row["verdict"] == "interesting"
    assert 50 < row["count"] < 150


def test_the_text_of_a_program_is_the_program() -> None:
    for spec in scenarios.expand(str(EXAMPLES / "zoo.py")):
        loaded = scenarios.load(spec)
        assert dump(parse(loaded.code)) == loaded.code


def test_the_hash_covers_the_code_and_not_its_place() -> None:
    def made(value: int, padding: bool) -> Program:
        p = Program("hash")
        x = p.word("x")
        with p.task() as t:
            if padding:
                t.store(x, value)
            else:
                t.store(x, value)
        return p

    hashes = [
        scenarios.scenario_hash(made(v, f).scenario())
        for v, f in ((1, True), (1, False), (2, True))
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_what_the_builder_refuses() -> None:
    p = Program("wrong")
    x, lock = p.word("x"), p.rwlock("rw")
    with p.task() as t:
        mine = t.load(x)
        with pytest.raises(UsageError, match=r"test_program.py:\d+: rw is a rwlock"):
            t.lock(lock)
        with pytest.raises(UsageError, match="no order"):
            t.load(x, "seq_cst")
        with pytest.raises(TypeError, match="if_"):
            bool(mine == 0)
        with pytest.raises(UsageError, match="is shared: load it"):
            t.store(x, x + 1)
        with pytest.raises(UsageError, match="inside an atomic block"), t.atomic():
            t.yield_()
    with p.task() as t, pytest.raises(UsageError, match="one task is used in another"):
        t.store(x, mine)
    with pytest.raises(UsageError, match="is one already"):
        p.word("x")


def test_a_word_is_in_atomic_blocks_always_or_never() -> None:
    p = Program("mixed")
    x = p.word("x")
    with p.task() as t, t.atomic():
        t.store(x, 1)
    with p.task() as t:
        t.load(x)
    with pytest.raises(UsageError, match="x is used in atomic blocks and outside"):
        p.code()


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        (["task t0", "jump 7", "exit"], "leads out of the program"),
        (["task t0", "lod r0 x", "exit"], "'lod' is no instruction"),
        (["task t0", "load r0 x", "exit"], "'x' is no word"),
        (["spinlock l 0", "task t0", "load r0 l", "exit"], "wants a word"),
        (["words x 0", "task t0", "load r0 x"], "last instruction is not exit"),
        (["exit"], "0 tasks"),
        (["words x 0", "task t0", "load _ x", "exit"], "its value goes nowhere"),
        (["words x 0", "observe x final 3", "task t0", "exit"], "no such place"),
    ],
)
def test_text_that_is_no_program(lines: list[str], what: str) -> None:
    with pytest.raises(CodeError, match=what):
        parse(lines)


def test_a_program_is_not_run_free(mmutorture: Callable) -> None:
    done = mmutorture("stress", f"{EXAMPLES / 'zoo.py'}::lazy01", "--duration", "1s")
    assert done.code == 2 and "under a scheduler: explore it" in done.err


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("def (:", ":1: SyntaxError"),
        ("x = 1", "defines no program"),
        ("import harness\nharness.nothing", ":2: AttributeError"),
        (
            "from harness.program import program\n@program\ndef f(p):\n    p.word(q)",
            ":4: NameError",
        ),
    ],
)
def test_files_that_are_refused_in_one_line(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=rf"mine\.py.*{what}"):
        scenarios.load(str(file))


def test_so_many_tasks_and_no_more() -> None:
    p = Program("many")
    x = p.word("x")
    for _ in range(126):
        with p.task() as t:
            t.fetch_add(x, 1)
    p.observe(x=x)
    assert final_values(p) == {"x": 126}
    with pytest.raises(UsageError, match="more than 126 tasks"):
        p.task()
