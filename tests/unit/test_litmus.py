# SPDX-License-Identifier: GPL-2.0-only
"""C litmus files: what is read, what is refused, and the states under sc and tso."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core.token import Recipe
from harness.errors import UsageError
from harness.litmus import functions, herd
from harness.run.explore import Limits, explore
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt

FILES = sorted((Path(__file__).resolve().parents[2] / "examples" / "litmus").glob("*.litmus"))
TSO_SOMETIMES = {
    "SB+poonceonces", "SB+rfionceonce-poonceonces", "R+poonceonces", "RCU+free",
}  # fmt: skip
# Load buffering is not among the executions here.
WEAKER_THAN_OURS = {"LB+poonceonces"}


def sample(file: Path, memory: str, schedules: int = 3000) -> herd.Exploration:
    loaded = scenarios.load(str(file))
    recipe = Recipe(str(file), (), Settings(seed=3, strategy="random", memory=memory))
    return explore(recipe, loaded, Limits(schedules), 1, Interrupt(), lambda *_: None)


def litmus(tmp_path: Path, body: str, exists: str = "exists (x=1)", init: str = "") -> Path:
    file = tmp_path / "test.litmus"
    head = f"C test\n\n{{{init}}}\n\nP0(int *x, int *y, atomic_t *a, spinlock_t *l)"
    text = f"{head}\n{{\n{body}\n}}\n\n{exists}\n"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_excluded_is_not_seen_under_sc_and_tso(file: Path) -> None:
    """sc and tso are stronger than the kernel's model: what that excludes they exclude."""
    for memory in ("sc", "tso"):
        found = sample(file, memory)
        test = herd.litmus_of(found.scenario)
        assert test is not None and test.name == file.stem and not found.failure
        verdict = herd.observation(*herd.counts(found))
        if test.result in ("Never", "Always"):
            assert verdict == test.result
        elif test.result == "Sometimes":
            weak = TSO_SOMETIMES if memory == "tso" else {"RCU+free"}
            assert verdict == ("Sometimes" if test.name in weak else "Never")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_verdicts_of_the_kernels_model(file: Path) -> None:
    """Every execution, under lkmm: what the file says, but for what docs/programs.md excepts."""
    loaded = scenarios.load(str(file))
    recipe = Recipe(str(file), (), Settings(seed=1, strategy="dpor", memory="lkmm"))
    found = explore(recipe, loaded, Limits(None, 20.0), 1, Interrupt(), lambda *_: None)
    test = herd.litmus_of(loaded)
    assert test is not None and herd.is_exhausted(found)
    verdict = herd.observation(*herd.counts(found))
    never = test.name in WEAKER_THAN_OURS or test.result == "DEADLOCK"
    assert verdict == ("Never" if never else test.result)
    assert bool(found.outcomes) == (test.result != "DEADLOCK")


def test_the_words_of_herd(mmutorture: Callable) -> None:
    file = next(file for file in FILES if file.stem == "SB+poonceonces")
    plain = mmutorture(
        "explore", str(file), "--memory", "tso", "--strategy", "random", "--seed", "1"
    )
    lines = plain.out.splitlines()
    start = lines.index("Test SB+poonceonces Allowed")
    assert lines[start + 1 : start + 8] == [
        "States 4",
        "0:r0=0; 1:r0=0;", "0:r0=0; 1:r0=1;", "0:r0=1; 1:r0=0;", "0:r0=1; 1:r0=1;",
        "Ok", "Witnesses",
    ]  # fmt: skip
    assert lines[start + 9] == "Condition exists (0:r0=0 /\\ 1:r0=0)"
    assert lines[start + 10].startswith("Observation SB+poonceonces Sometimes ")
    assert lines[start + 11].startswith("Sampled 20000 schedules")
    assert plain.code == 0


def test_a_contradicted_comment_fails_with_a_token(mmutorture: Callable, tmp_path: Path) -> None:
    text = next(f for f in FILES if f.stem == "SB+poonceonces").read_text(encoding="utf-8")
    file = tmp_path / "wrong.litmus"
    file.write_text(text.replace("Result: Sometimes", "Result: Never"), encoding="utf-8")
    done = mmutorture("explore", str(file), "--memory", "tso", "--strategy", "random", "--json")
    assert done.code == 1
    (failure,) = done.json["failures"]
    assert failure["oracle"] == "forbidden-outcome"
    assert done.json["scenarios"][0]["litmus"]["observation"] != "Never"
    again = mmutorture("reproduce", failure["token"], "--json")
    assert again.json["verdict"] == "reproduced"
    file.write_text(text.replace("Result: Sometimes", "Result: Always"), encoding="utf-8")
    assert mmutorture("explore", str(file), "--memory", "sc", "--strategy", "random").code == 1


def test_c_that_is_read(tmp_path: Path) -> None:
    body = """
	int r0 = READ_ONCE(*x) + 1, r1;	// a comment
	int *p = y; /* another
	one */
	*x = r0 * 2 - 1;
	if (r0 == 1 && !(*x != 1) || atomic_read(a) > 9) {
		r1 = atomic_add_return(5, a);
	} else
		r1 = 77;
	WRITE_ONCE(*p, (r1 & 6) | 8);
	while (READ_ONCE(*x) < 3)
		*x = READ_ONCE(*x) + 1;
	r2 = atomic_fetch_andnot_acquire(1, a) + (int)atomic_cmpxchg_relaxed(a, 4, -3);
	spin_lock(l);
	r3 = spin_is_locked(l);
	spin_unlock(l);
	r4 = atomic_dec_and_test(a);
	smp_store_mb(*y, *p + 1);
	r5 = atomic_sub_return_release(1, a) < 0 ? 1 : 0;
"""
    body = body.replace(" < 0 ? 1 : 0", "")
    watched = "locations [0:r1; 0:r2; 0:r3; 0:r4; 0:r5; y; a]"
    file = litmus(tmp_path, body, f"{watched}\nexists (x=3)", "int y = 7;")
    assert herd.states(sample(file, "sc", 1)) == [
        "0:r1=5; 0:r2=9; 0:r3=1; 0:r4=0; 0:r5=-5; a=-5; x=3; y=13;"
    ]


ARRAYS = """C arrays

{ int x[3] = {1, 2}; int *p = &x; int y[2]; }

P0(int x[], int *y, int **p)
{
	int i, s = 0;
	int old = 3;

	for (i = 0; i < 3; i++) {
		if (i == 1)
			continue;
		s += READ_ONCE(x[i]);
	}
	WRITE_ONCE(x[2], s << 4);
	WRITE_ONCE((*y), 1);
	y[1] = 4; ++y[1]; y[1] |= 8;
	int ok = try_cmpxchg(x, &old, 9);
	if (ok == 0)
		while (1) {
			if (old >> 1 == 0)
				break;
			old--;
		}
	int old = old - 6;
	int rest = old >> 1;
	int was = test_and_set_bit(3, y);
	int b = READ_ONCE(*(*p + 1));
	int c = READ_ONCE((*p)[1]);
	clear_bit(0, y);
	int d = atomic_dec_if_positive(y) + 10 * atomic_inc_unless_negative(y);
}

locations [x; y; y[1]; x[2]; 0:old; 0:rest; 0:ok; 0:b; 0:c; 0:d; 0:s; 0:was]
exists (x[1]=2 /\\ y[0]=8 /\\ 0:nobody=0)
"""


def test_arrays_loops_and_compound_assignments(tmp_path: Path) -> None:
    file = tmp_path / "arrays.litmus"
    file.write_text(ARRAYS, encoding="utf-8")
    found = sample(file, "sc", 1)
    assert herd.states(found) == [
        "0:b=2; 0:c=2; 0:d=17; 0:nobody=0; 0:ok=0; 0:old=-5; 0:rest=-3; 0:s=1; 0:was=0;"
        " x[0]=1; x[1]=2; x[2]=16; y[0]=8; y[1]=13;"
    ]
    assert "0:nobody is 0 throughout: P0 never sets it" in "\n".join(
        herd.report(found, herd.litmus_of(found.scenario))  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("int r0 = x[1];", r"\[1\] is outside x: declare the array .* int x\[2\]"),
        ("int r0[2];", "r0 is an array of one process"),
        ("switch (1) {}", "'switch' is not supported: write if and else"),
        ("break;", "'break' stands in no loop"),
        ("int r0 = 1 << READ_ONCE(*x);", "'<<' is supported by numbers"),
        ("int r0 = 1 ? 2 : 3;", "'\\?' is not supported here: write an if"),
        ("x->next = y;", "'x' begins no statement|'->' is not supported"),
        ("rcu_dereferense(*x);", r"perhaps rcu_dereference\(\)"),
        ("set_bit(READ_ONCE(*x), y);", "the number of a bit is a constant"),
        ("int r0 = try_cmpxchg(x, &r1, 2);", "'r1' is no local variable with a value"),
        ("call_rcu(x, y);", r"call_rcu\(\) is not supported"),
        ("int r0 = atomic_nand_return(1, a);", r"atomic_nand_return\(\) is not supported"),
        ("WRITE_ONCE(x, 1);", r"write \*x"),
        ("int r0 = READ_ONCE(x->next);", "'x->' is not supported"),
        ("r0++;", "'r0' has no value yet"),
        ("r0 += 2;", "'r0' has no value yet"),
        ("int r0 = z;", "'z' is neither a local variable nor a parameter"),
        ("mutex_lock(x);", "x is no lock"),
        ("WRITE_ONCE(*x, smp_mb());", r"smp_mb\(\) has no value"),
        ("WRITE_ONCE(*x 1);", "'1' stands where ',' belongs"),
        ("struct foo *f;", "struct foo"),
        ("r0 = READ_ONCE(*x)++;", r"'\+\+' is not supported|'\+' begins no"),
    ],
)
def test_c_that_is_refused_with_its_line(tmp_path: Path, body: str, what: str) -> None:
    with pytest.raises(UsageError, match=rf"test\.litmus:7: .*({what})"):
        scenarios.load(str(litmus(tmp_path, body)))


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("exists (x[1]=1)", r"x\[1\] is outside x"),
        ("exists (3:r0=1)", "there is no P3"),
        ("exists (q=1)", "q is no location"),
        ("exits (x=1)", "stands where exists"),
        ("exists (x=1", "stands where '\\)' belongs"),
        ("exists (x=1) x", "left over"),
        ("exists (x>1)", "stands where '=' belongs"),
    ],
)
def test_conditions_that_are_refused(tmp_path: Path, condition: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        scenarios.load(str(litmus(tmp_path, "int r0 = READ_ONCE(*x);", condition)))


@pytest.mark.parametrize(
    ("condition", "ok"),
    [
        ("exists (x=0 /\\ (y=1 \\/ y=2))", True), ("~exists (x=0)", False), ("forall (y=2)", True),
        ("forall (~(y=2) \\/ not (x=1))", True), ("exists (x=1 => y=3)", True),
        ("exists (y!=2)", False),
    ],
)  # fmt: skip
def test_conditions(tmp_path: Path, condition: str, ok: bool) -> None:
    found = sample(litmus(tmp_path, "WRITE_ONCE(*y, 2);", condition), "sc", 1)
    test = herd.litmus_of(found.scenario)
    assert test is not None and herd.holds(test, *herd.counts(found)) == ok
    assert test.condition == condition.partition(" ")[2]


def test_a_filter_drops_executions(tmp_path: Path) -> None:
    text = FILES[0].parent.joinpath("SB+poonceonces.litmus").read_text(encoding="utf-8")
    file = tmp_path / "filtered.litmus"
    file.write_text(text.replace("exists", "filter (0:r0=1)\nexists"), encoding="utf-8")
    assert herd.states(sample(file, "sc")) == ["0:r0=1; 1:r0=0;", "0:r0=1; 1:r0=1;"]


def test_only_c_is_read(tmp_path: Path) -> None:
    file = tmp_path / "x86.litmus"
    file.write_text('X86 SB\n"x"\n{}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="only C litmus tests"):
        scenarios.load(str(file))
    with pytest.raises(UsageError, match="cannot be read"):
        scenarios.load(str(tmp_path / "none.litmus"))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("READ_ONCE", "l"), ("smp_mb__after_unlock_lock", ""), ("xchg_acquire", "pv"),
        ("cmpxchg_release", "pvv"), ("atomic_inc", "p"), ("atomic64_fetch_or_relaxed", "vp"),
        ("atomic_add_return_release", "vp"), ("atomic_long_read", "p"),
        ("atomic_inc_acquire", None), ("spin_lock_acquire", None), ("kmalloc", None),
        ("atomic_fetch_add_return", None),
        ("atomic_set_release", "pv"), ("synchronize_rcu_expedited", ""),
    ],
)  # fmt: skip
def test_signatures(name: str, letters: str | None) -> None:
    assert functions.signature(name) == letters
