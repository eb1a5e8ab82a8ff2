# SPDX-License-Identifier: GPL-2.0-only
"""Herd7's dialect where it is not C, and what is no execution to it."""

from pathlib import Path

import pytest

from harness.core.token import Recipe
from harness.errors import UsageError
from harness.litmus import herd
from harness.run.explore import Limits, explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

LOCK = "int *x, spinlock_t *l"


def load(tmp_path: Path, text: str) -> scenarios.Scenario:
    file = tmp_path / "dialect.litmus"
    file.write_text(text, encoding="utf-8")
    return scenarios.load(str(file))


def observed(tmp_path: Path, text: str) -> tuple[str, list[str]]:
    """(Never, Sometimes or Always, the states) of all executions under lkmm."""
    loaded = load(tmp_path, text)
    recipe = Recipe("dialect.litmus", (), Settings(seed=1, strategy="dpor", memory="lkmm"))
    found = explore(recipe, loaded, Limits(None, 20.0), 1, Interrupt(), lambda *_: None)
    assert found.failure is None and herd.is_exhausted(found)
    return herd.observation(*herd.counts(found)), herd.states(found)


def one(body: str, exists: str, init: str = "", parameters: str = "int *x, int *y") -> str:
    return f"C one\n{{{init}}}\nP0({parameters})\n{{\n{body}\n}}\n{exists}\n"


def two(first: str, second: str, exists: str, parameters: str, init: str = "") -> str:
    head = f"C two\n{{{init}}}\nP0({parameters})\n{{\n{first}\n}}\n"
    return f"{head}P1({parameters})\n{{\n{second}\n}}\n{exists}\n"


@pytest.mark.parametrize(
    ("text", "states"),
    [
        # A star behind a parenthesis begins a comment only outside of the processes.
        (one("WRITE_ONCE(*x, 1);", "exists (x=1) (* here *)"), ["x=1;"]),
        (one("r0 = 3;", "(* r0 { *) exists (0:r0=3)"), ["0:r0=3;"]),
        # One register of a process, wherever it is declared; it keeps what it began with.
        (one("int r4; int r1 = r4 + 1;", "exists (0:r1=6)", "0:r4=5;"), ["0:r1=6;"]),
        (
            one("if (0) { int r1 = 1; } else { int r1 = 2; }", "exists (0:r1=2)"),
            ["0:r1=2;"],
        ),
        (one("r1 = READ_ONCE(*r0);", "exists (0:r1=7)", "y=7; 0:r0=y;"), ["0:r1=7;"]),
        (one("atomic_inc(&x); r1 = READ_ONCE(*x);", "exists (0:r1=1)"), ["0:r1=1;"]),
        (one("r0 = 1; r1 = 1;", "exists (0:r0=0:r1)"), ["0:r0=1; 0:r1=1;"]),
        (one("do { r0 = READ_ONCE(*x); *x = r0 + 1; } while (r0 < 2);", "exists (x=3)"), ["x=3;"]),
        # What is called a lock and never locked is a word; what is locked is a lock.
        (
            one("r0 = xchg_acquire(l, 1); smp_store_release(l, 2);", "exists (l=2)", "",
                "spinlock_t *l"),
            ["l=2;"],
        ),
        (
            one("r0 = spin_is_locked(l); spin_lock(l); r1 = spin_is_locked(l);",
                "exists (0:r0=0 /\\ 0:r1=1)", "", "int *l"),
            ["0:r0=0; 0:r1=1;"],
        ),
        (one("spin_lock(l); WRITE_ONCE(*x, 2);", "exists (x=2)", "l=0;", LOCK), ["x=2;"]),
        (one("WRITE_ONCE(*x, 1);", "", "", "int *x"), ["x=1;"]),  # no condition: true
    ],
)  # fmt: skip
def test_what_is_read(tmp_path: Path, text: str, states: list[str]) -> None:
    assert observed(tmp_path, text) == ("Always", states)


LOCKS = "int *x, spinlock_t *a, spinlock_t *b"
TAKE = "spin_lock({0}); spin_lock({1}); WRITE_ONCE(*x, {2}); spin_unlock({1}); spin_unlock({0});"
SRCU = "int *x, int *y, struct srcu_struct *s, struct srcu_struct *t"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        # Lock order: the executions that deadlock are none, the others see both stores.
        (two(TAKE.format("a", "b", 1), TAKE.format("b", "a", 2), "exists (~x=0)", LOCKS), "Always"),
        (one("spin_lock(x); spin_lock(x);", "exists (y=0)"), "Never"),
        (one("rcu_read_lock(); synchronize_rcu(); rcu_read_unlock();", "exists (x=0)"), "Never"),
        (
            two(
                "r0 = READ_ONCE(*x); spin_lock(a);", "WRITE_ONCE(*x, 1);", "exists (0:r0=1)", LOCKS
            ),
            "Sometimes",  # and ends with a lock held
        ),
        # A grace period waits for the sections of its own domain.
        *(
            (
                two(
                    "r0 = srcu_read_lock(s); r1 = READ_ONCE(*y); r2 = READ_ONCE(*x);"
                    " srcu_read_unlock(s, r0);",
                    f"WRITE_ONCE(*x, 1); synchronize_srcu({domain}); WRITE_ONCE(*y, 1);",
                    "exists (0:r1=1 /\\ 0:r2=0)",
                    SRCU,
                ),
                verdict,
            )
            for domain, verdict in (("s", "Never"), ("t", "Sometimes"))
        ),
        *(
            (
                two(
                    f"r0 = srcu_down_read(s); WRITE_ONCE(*x, 1); srcu_up_read(s, r0); {fence}"
                    " r1 = READ_ONCE(*y);",
                    "WRITE_ONCE(*y, 1); smp_mb(); r1 = READ_ONCE(*x);",
                    "exists (0:r1=0 /\\ 1:r1=0)",
                    SRCU,
                ),
                verdict,
            )
            for fence, verdict in (
                ("smp_mb__after_srcu_read_unlock();", "Never"),
                ("", "Sometimes"),
            )
        ),
    ],
)
def test_locks_and_srcu(tmp_path: Path, text: str, verdict: str) -> None:
    assert observed(tmp_path, text)[0] == verdict


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (one("r0 = x[1];", "exists (x=0)"), "dialect.litmus:5: \\[1\\] is outside x"),
        (one("r0 = 1;", "exists (0:r0=z)"), "z is no location"),
        (one("r0 = 1;", "exists (0:r0=1)", "0:r0=l;", "spinlock_t *l, int *x").replace(
            "r0 = 1", "spin_lock(l)"), "a register cannot begin with the address of l"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        load(tmp_path, text)
