# SPDX-License-Identifier: GPL-2.0-only
"""Programs in C: compiled, explored, replayed; and what is refused before anything runs."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.core import config
from harness.core.structs import Failure
from harness.core.world import World
from harness.errors import UsageError
from harness.program import compiled
from harness.scenario import scenarios
from harness.scenario.settings import Settings

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HEAD = "#include <mmutorture.h>\n"
STATE = HEAD + "STATE { SHARED(int) x, y; spinlock_t lock; struct mutex m; rwlock_t rw; int r; };\n"


def explored(
    file: Path, memory: str = "sc", count: int = 2000
) -> tuple[Failure | None, dict[tuple[int, ...], int]]:
    loaded = scenarios.load(str(file))
    settings = Settings(seed=5, strategy="random", memory=memory)
    with World(config.build(loaded, settings)) as world:
        world.explore(0, count, 0.0)
        width = len(compiled.labels(loaded.code))
        return world.failure(), {o.values[:width]: o.count for o in world.outcomes()}


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "program.c"
    file.write_text(text, encoding="utf-8")
    return file


def test_outcomes_under_sc_and_tso() -> None:
    file = EXAMPLES / "store_buffering.c"
    failure, outcomes = explored(file)
    assert failure is None and set(outcomes) == {(0, 1), (1, 0), (1, 1)}
    failure, _ = explored(file, "tso")
    assert failure is not None and failure.oracle == "assertion"
    assert failure.message == "check(S->r0 || S->r1)" and failure.line == 26


@pytest.mark.parametrize("memory", ["sc", "tso"])
def test_the_sequence_lock_holds(memory: str) -> None:
    assert explored(EXAMPLES / "seqlock.c", memory, 5000)[0] is None


@pytest.mark.parametrize("barrier", range(4))
def test_each_barrier_of_the_sequence_lock_is_needed(tmp_path: Path, barrier: int) -> None:
    lines = (EXAMPLES / "seqlock.c").read_text(encoding="utf-8").split("\n")
    places = [n for n, line in enumerate(lines) if line.strip() in ("smp_wmb();", "smp_rmb();")]
    assert len(places) == 4
    lines[places[barrier]] = ""
    failure, _ = explored(written(tmp_path, "\n".join(lines)), "lkmm", 5000)
    assert failure is not None and failure.message == "check(a == b)"


def test_locks_rcu_atomics_and_waits(tmp_path: Path) -> None:
    body = """
STATE { SHARED(int) x; SHARED(u64) go; SHARED(int *) p; atomic_t n; SHARED(bool) flag;
	spinlock_t l; struct mutex m; rwlock_t rw; int z; };
SETUP { spin_lock_init(&S->l); mutex_init(&S->m); rwlock_init(&S->rw); WRITE_ONCE(S->p, &S->z); }
static void work(void)
{
	int old = 0;

	mutex_lock(&S->m); spin_lock(&S->l);
	data_write(S->x, data_read(S->x) + 1);
	spin_unlock(&S->l); mutex_unlock(&S->m);
	write_lock(&S->rw); write_unlock(&S->rw);
	read_lock(&S->rw); read_unlock(&S->rw);
	rcu_read_lock(); check(rcu_dereference(S->p) == &S->z); rcu_read_unlock();
	if (!try_cmpxchg(&S->go, &(u64){ 0 }, 1ULL << 40))
		check(READ_ONCE(S->go) == 1ULL << 40);
	atomic_inc(&S->n); smp_mb__after_atomic();
	check(atomic_add_return(-1, &S->n) >= 0 && old == 0);
}
TASK(one) { work(); }
TASK(two) { work(); }
TASK(three)
{
	check(smp_cond_load_acquire(&S->go, VAL) == 1ULL << 40);
	synchronize_rcu();
	WRITE_ONCE(S->flag, true);
	if (spin_trylock(&S->l)) spin_unlock(&S->l); else cpu_relax();
}
FINALLY
{
	observe(final(S->x));
	observe(final(S->n));
	observe(final(S->flag));
}
"""
    failure, outcomes = explored(written(tmp_path, HEAD + body), "tso")
    assert failure is None and set(outcomes) == {(2, 0, 1)}


def test_a_failure_is_replayed_everywhere(mmutorture: Callable) -> None:
    spec = str(EXAMPLES / "store_buffering.c")
    done = mmutorture("explore", spec, "--memory", "tso", "--seed", "2", "--jobs", "2", "--json")
    assert done.code == 1
    (failure,) = done.json["failures"]
    again = mmutorture("reproduce", failure["directory"], "--in", "lockstep", "--json")
    assert again.json["verdict"] == "reproduced"
    again = mmutorture("reproduce", failure["token"], "--json")
    assert again.json["verdict"] == "reproduced"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (STATE + "TASK(t) { S->x = 1; }", r"program.c:3: .*READ_ONCE\(\)"),
        (STATE + "TASK(t) {\n\tfoo(;\n}", "program.c:4: "),
        (STATE + "static int hits;\nTASK(t) { hits++; }", "the variable 'hits' is not part"),
        (STATE + "TASK(t) { static int n = 3; n++; }", "the variable 'n' is not part"),
        (STATE + "void t(void) { }", "0 tasks"),
        (HEAD + "TASK(t) { }", "STATE .* is missing"),
        (STATE + "TASK(t) { undefined_function(); }", "'undefined_function'|undefined_function"),
        (STATE + "void f(void);\nTASK(t) { f(); }", "program.c:4: undefined reference to"),
        (HEAD + "STATE { SHARED(short) x; };\nTASK(t) { READ_ONCE(S->x); }", "1, 4 or 8 bytes"),
        (STATE + "TASK(a_name_of_more_than_15) { }", "more than 15 characters"),
    ],
)  # fmt: skip
def test_what_is_refused_with_its_line(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        scenarios.load(str(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("SHARED(int) mine; WRITE_ONCE(mine, 1);", "mine is not in STATE"),
        ("spin_lock(&S->lock);", "spin_lock of &S->lock, which is no such lock"),
        ("check(1 == 2);", "check(1 == 2)"),
    ],
)
def test_what_an_execution_finds(tmp_path: Path, body: str, what: str) -> None:
    failure, _ = explored(written(tmp_path, f"{STATE}TASK(t) {{ {body} }}"), count=1)
    assert failure is not None and failure.oracle == "assertion" and what in failure.message


def test_the_hash_covers_the_source(tmp_path: Path) -> None:
    one = scenarios.load(str(written(tmp_path, STATE + "TASK(t) { WRITE_ONCE(S->x, 1); }")))
    two = scenarios.load(str(written(tmp_path, STATE + "TASK(t) { WRITE_ONCE(S->x, 2); }")))
    assert scenarios.scenario_hash(one) != scenarios.scenario_hash(two)
    kept = tmp_path / "scenario.toml"
    kept.write_text(scenarios.to_toml(one), encoding="utf-8")
    assert scenarios.scenario_hash(scenarios.load_file(kept)) == scenarios.scenario_hash(one)


def test_nothing_is_left_in_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of its own: others compile at the same time."""
    own = tmp_path / "temporary"
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    program = str(written(tmp_path, STATE + "TASK(left_nothing) { WRITE_ONCE(S->x, 1); }"))
    with pytest.raises(FileNotFoundError, match="temporary"):  # it is there that it compiles
        scenarios.load(program)
    own.mkdir()
    scenarios.load(program)
    assert list(own.iterdir()) == []
