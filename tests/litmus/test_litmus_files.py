# SPDX-License-Identifier: GPL-2.0-only
"""Litmus files as they are found in the wild: headers, SRCU sections, control, plain accesses.

Each file is a shape with a verdict of the kernel's model; every execution is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.token import Recipe
from harness.litmus import herd
from harness.run.explore import Exploration, Limits, explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt


def look(directory: Path, text: str) -> Exploration:
    file = directory / "test.litmus"
    file.write_text(text, encoding="utf-8")
    loaded = scenarios.load(str(file))
    recipe = Recipe(str(file), (), Settings(seed=1, strategy="dpor", memory="lkmm"))
    return explore(recipe, loaded, Limits(None, 20.0), 1, Interrupt(), lambda *_: None)


def verdict(found: Exploration) -> str:
    assert herd.is_exhausted(found)
    return herd.observation(*herd.counts(found))


def shape(parameters: str, *bodies: str, end: str) -> str:
    processes = (f"P{n}({parameters})\n{{\n{body}\n}}\n" for n, body in enumerate(bodies))
    return "C shape\n\n{}\n\n" + "\n".join(processes) + f"\n{end}\n"


# ---------------------------------------------------------------- SRCU

SRCU = "int *x, int *y, int *z, int *idx, int *f, struct srcu_struct *s"
UPDATER = "WRITE_ONCE(*y, 1); synchronize_srcu(s); WRITE_ONCE(*x, 1);"
SECTIONS = {
    "overlap-is-no-long-section": (
        "r3 = srcu_read_lock(s); r2 = READ_ONCE(*y); r4 = srcu_read_lock(s);"
        "srcu_read_unlock(s, r3); r1 = READ_ONCE(*x); srcu_read_unlock(s, r4);",
        "Sometimes",
    ),
    "overlap-second-section": (
        "r3 = srcu_read_lock(s); r4 = srcu_read_lock(s); r2 = READ_ONCE(*y);"
        "srcu_read_unlock(s, r3); r1 = READ_ONCE(*x); srcu_read_unlock(s, r4);",
        "Never",
    ),
    "nested": (
        "r3 = srcu_read_lock(s); r2 = READ_ONCE(*y); r4 = srcu_read_lock(s);"
        "srcu_read_unlock(s, r4); r1 = READ_ONCE(*x); srcu_read_unlock(s, r3);",
        "Never",
    ),
    "number-through-memory": (
        "r3 = srcu_read_lock(s); WRITE_ONCE(*z, r3); r2 = READ_ONCE(*y); r1 = READ_ONCE(*x);"
        "r5 = READ_ONCE(*z); srcu_read_unlock(s, r5);",
        "Never",
    ),
}


@pytest.mark.parametrize("name", SECTIONS)
def test_sections_of_srcu_end_by_their_number(tmp_path: Path, name: str) -> None:
    reader, expected = SECTIONS[name]
    found = look(tmp_path, shape(SRCU, reader, UPDATER, end="exists (0:r1=1 /\\ 0:r2=0)"))
    assert verdict(found) == expected


@pytest.mark.parametrize("begin", ["srcu_down_read", "srcu_read_lock"])
@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        ("r1 = READ_ONCE(*x); r3 = READ_ONCE(*idx); srcu_up_read(s, r3);", "Never"),
        ("r3 = READ_ONCE(*idx); srcu_up_read(s, r3); r1 = READ_ONCE(*x);", "Sometimes"),
    ],
)
def test_a_section_ends_in_another_process(
    tmp_path: Path, begin: str, reader: str, expected: str
) -> None:
    first = f"r3 = {begin}(s); WRITE_ONCE(*idx, r3); r2 = READ_ONCE(*y); smp_store_release(f, 1);"
    end = "filter (1:r4=1)\nexists (1:r1=1 /\\ 0:r2=0)"
    bodies = (first, f"r4 = smp_load_acquire(f); {reader}", UPDATER)
    assert verdict(look(tmp_path, shape(SRCU, *bodies, end=end))) == expected


# ---------------------------------------------------------------- locks, atomics

HOLDER = "WRITE_ONCE(*x, 2); smp_mb(); spin_lock(l); spin_unlock(l);"
LOOKERS = {
    "trylock-fails-mb": (
        "r0 = spin_trylock(l); if (r0) spin_unlock(l); smp_mb(); r1 = READ_ONCE(*x);",
        "exists (1:r0=0 /\\ 1:r1=0)", "Never",
    ),
    "trylock-fails": (
        "r0 = spin_trylock(l); if (r0) spin_unlock(l); r1 = READ_ONCE(*x);",
        "exists (1:r0=0 /\\ 1:r1=0)", "Sometimes",
    ),
    "trylock-fails-control": (
        "r0 = spin_trylock(l); if (r0 == 0) WRITE_ONCE(*x, 1); else spin_unlock(l);",
        "exists (1:r0=0 /\\ x=2)", "Never",
    ),
    "is-locked-mb": (
        "r0 = spin_is_locked(l); smp_mb(); r1 = READ_ONCE(*x);",
        "exists (1:r0=1 /\\ 1:r1=0)", "Never",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOOKERS)
def test_who_sees_a_held_lock(tmp_path: Path, name: str) -> None:
    looker, end, expected = LOOKERS[name]
    assert verdict(look(tmp_path, shape("int *x, spinlock_t *l", HOLDER, looker, end=end))) == (
        expected
    )


PUBLISHER = "WRITE_ONCE(*x, 2); smp_wmb(); WRITE_ONCE(*y, 1);"
ATOMICS = {
    "add-unless-fails": ("r0 = atomic_add_unless(y, 1, 1); WRITE_ONCE(*x, 1);", "Sometimes"),
    "add-unless-fails-control": (
        "r0 = atomic_add_unless(y, 1, 1); if (r0 == 0) WRITE_ONCE(*x, 1);", "Never",
    ),
    "read-own-add": (
        "r0 = atomic_fetch_add_relaxed(4, y); r2 = READ_ONCE(*y);"
        "if (r0 == 1 && r2 == 5) { r0 = 0; WRITE_ONCE(*(x + (r2 - 5)), 1); } else r0 = 7;", "Never",
    ),
    "xor-acquire": (
        "r1 = atomic_fetch_xor_acquire(3, y); r0 = 1 - r1; WRITE_ONCE(*x, 1);", "Never",
    ),
    "xor": (
        "r1 = atomic_fetch_xor_relaxed(3, y); r0 = 1 - r1; WRITE_ONCE(*x, 1);", "Sometimes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ATOMICS)
def test_what_an_atomic_orders(tmp_path: Path, name: str) -> None:
    body, expected = ATOMICS[name]
    text = shape("int *x, atomic_t *y", PUBLISHER, body, end="exists (1:r0=0 /\\ x=2)")
    assert verdict(look(tmp_path, text)) == expected


def test_values_of_xor(tmp_path: Path) -> None:
    body = """atomic_xor(5, x); r0 = atomic_fetch_xor(1, x); r1 = READ_ONCE(*x);
	r2 = atomic_add_negative_relaxed(-9, x);"""
    text = shape("atomic_t *x", body, end="exists (0:r0=5 /\\ 0:r1=4 /\\ 0:r2=1 /\\ x=-5)")
    assert verdict(look(tmp_path, text)) == "Always"


# ---------------------------------------------------------------- control

WRITER = "WRITE_ONCE(*x, 2); smp_wmb(); WRITE_ONCE(*y, 1);"
ARMS = {
    "in-the-arm": ("if (r0 == 1) WRITE_ONCE(*x, 1);", "Never"),
    "in-the-other-arm": ("if (r0 == 0) r1 = 1; else WRITE_ONCE(*x, 1);", "Never"),
    "behind-the-if": ("if (r0 == 1) r1 = 5; WRITE_ONCE(*x, 1);", "Sometimes"),
    "behind-a-return": ("if (r0 == 0) return; WRITE_ONCE(*x, 1);", "Never"),
    "behind-a-nested-if": ("if (r0 == 1) { if (r0) r1 = 1; WRITE_ONCE(*x, 1); }", "Never"),
    "both-sides-of-and": ("if (r0 && r0 != 3) WRITE_ONCE(*x, 1);", "Never"),
    "value-of-or": ("r1 = r0 || r0; WRITE_ONCE(*x, r1);", "Never"),
    "behind-and": ("r1 = r0 && r0; WRITE_ONCE(*x, 1);", "Sometimes"),
}


@pytest.mark.parametrize("name", ARMS)
def test_control_reaches_the_arms_of_an_if(tmp_path: Path, name: str) -> None:
    body, expected = ARMS[name]
    second = f"r1 = 0; r0 = READ_ONCE(*y); {body}"
    text = shape("int *x, int *y", WRITER, second, end="exists (1:r0=1 /\\ x=2)")
    assert verdict(look(tmp_path, text)) == expected


# ---------------------------------------------------------------- plain accesses

SPIN = "int *x, int *y, int *z, int *w, spinlock_t *l"
PLAIN = {  # verdict, is there a data race
    "release-acquire": (
        ("*x = 1; smp_store_release(y, 1);", "r0 = smp_load_acquire(y); if (r0) r1 = *x;"),
        "exists (1:r0=1 /\\ 1:r1=0)", "Never", False,
    ),
    "acquire-and-no-release": (
        ("*x = 1; WRITE_ONCE(*y, 1);", "r0 = smp_load_acquire(y); if (r0) r1 = *x;"),
        "exists (1:r0=1 /\\ 1:r1=0)", "Sometimes", True,
    ),
    "wmb-rmb": (
        ("*x = 1; smp_wmb(); WRITE_ONCE(*y, 1);",
         "r0 = READ_ONCE(*y); if (r0) { smp_rmb(); r1 = *x; }"),
        "exists (1:r0=1 /\\ 1:r1=0)", "Never", False,
    ),
    "one-reads-marked": (
        ("*x = 1;", "r0 = READ_ONCE(*x);"), "exists (1:r0=1)", "Sometimes", True,
    ),
    "both-marked": (("WRITE_ONCE(*x, 1);", "r0 = READ_ONCE(*x);"),
                    "exists (1:r0=1)", "Sometimes", False),
    "two-readers": (("r0 = *x;", "r0 = *x;"), "exists (1:r0=1)", "Never", False),
    "a-lock": (
        ("spin_lock(l); *x = 1; *x = 2; spin_unlock(l);",
         "spin_lock(l); r0 = *x; spin_unlock(l);"),
        "exists (1:r0=1)", "Never", False,
    ),
    "a-lock-on-one-side": (
        ("spin_lock(l); *x = 1; spin_unlock(l);", "r0 = *x;"), "exists (1:r0=1)", "Sometimes", True,
    ),
    "another-writes-in-between": (
        ("*x = 1; smp_mb(); WRITE_ONCE(*y, 1);", "r1 = READ_ONCE(*y); WRITE_ONCE(*z, r1);",
         "r2 = smp_load_acquire(z); if (r2) r3 = *x;"),
        "exists (2:r2=1 /\\ 2:r3=0)", "Never", False,
    ),
    "a-grace-period": (
        ("WRITE_ONCE(*y, 1); synchronize_rcu(); *x = 2;",
         "rcu_read_lock(); r1 = READ_ONCE(*y); if (r1 == 0) *x = 1; rcu_read_unlock();"),
        "exists (x=1 /\\ 1:r1=0)", "Never", False,
    ),
    "a-dependency-through-plain-memory": (
        ("WRITE_ONCE(*x, 1); smp_store_release(y, 1);",
         "r0 = READ_ONCE(*y); *w = r0; r1 = *w; if (r1) WRITE_ONCE(*x, 2);"),
        "exists (1:r0=1 /\\ x=1)", "Never", False,
    ),
    "no-order-through-a-plain-access": (
        ("WRITE_ONCE(*x, 1); smp_wmb(); *z = 1; smp_wmb(); WRITE_ONCE(*y, 1);",
         "r0 = *z; smp_rmb(); r1 = READ_ONCE(*x);"),
        "exists (1:r0=1 /\\ 1:r1=0)", "Sometimes", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PLAIN)
def test_plain_accesses_and_their_races(tmp_path: Path, name: str) -> None:
    bodies, end, expected, races = PLAIN[name]
    found = look(tmp_path, shape(SPIN, *bodies, end=end))
    assert (verdict(found), herd.racy(found)) == (expected, races)


def test_a_race_is_flagged(mmutorture: Callable, tmp_path: Path) -> None:
    file = tmp_path / "race.litmus"
    race = shape("int *x", "*x = 1;", "r0 = *x;", end="exists (1:r0=2)")
    file.write_text(race.replace("C shape\n", "C shape\n(* Result: Never DATARACE *)\n"), "utf-8")
    done = mmutorture("explore", str(file))
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[lines.index("Flag data-race") + 1].startswith("Condition ")
    file.write_text(file.read_text("utf-8").replace("*x = 1", "WRITE_ONCE(*x, 1)"), "utf-8")
    file.write_text(file.read_text("utf-8").replace("= *x", "= READ_ONCE(*x)"), "utf-8")
    done = mmutorture("explore", str(file))
    assert "Flag data-race" not in done.out
    assert "Result: DATARACE, and there is none" in done.out


# ---------------------------------------------------------------- the file


def test_what_generators_write_above_the_test(tmp_path: Path) -> None:
    text = """C R+wse+fre
"A remark { with a brace"
Cycle=Rfe PodRW Wse [Rfi,PodRR]
Relax=
Prefetch=0:x=F,1:y=T
Com=Ws Fr

{ int 0:r5 = 3; y=x; }

void P0(volatile int* x) {
  WRITE_ONCE(*x,r5);
}
void P1(intptr_t *x, intptr_t *y) {
  intptr_t r1 = (intptr_t)rcu_dereference(*(intptr_t **)y);
  int r2 = READ_ONCE(*(intptr_t *)r1);
}

locations [0:unwritten; 1:r1]
exists (1:r2=3 /\\ ~1:r1=0)
"""
    found = look(tmp_path, text)
    assert verdict(found) == "Sometimes"
    assert herd.states(found) == [
        "0:unwritten=0; 1:r1=x; 1:r2=0;",
        "0:unwritten=0; 1:r1=x; 1:r2=3;",
    ]
