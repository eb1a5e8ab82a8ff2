# SPDX-License-Identifier: GPL-2.0-only
"""The lock order graph over executions: which cycles may block, and what is made of them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from harness.program import Program, Task
from harness.program.expression import Lock
from harness.run import lock_order
from harness.run.lock_order import Graph

SCHEDULES = 60
KINDS = {"a": "spinlock", "b": "spinlock", "c": "spinlock", "gate": "mutex", "r": "rwlock"}
INVERSION = '''
from harness.program import Program, program

@program
def inversion(p: Program) -> None:
    """Whoever comes first takes both locks: the two orders never meet."""
    turn, a, b = p.word("turn"), p.spinlock("a"), p.spinlock("b")
    for first, second in ((a, b), (b, a)):
        with p.task() as t, t.if_(t.xchg(turn, 1) == 0), t.locked(first), t.locked(second):
            pass
'''


def take(locks: dict[str, Lock], t: Task, steps: str) -> None:
    """``"gate ?a b"``: one inside the other; ``?`` tries, ``<`` is for read, ``>`` for write."""
    with ExitStack() as held:
        for step in steps.split():
            lock = locks[step.lstrip("?<>")]
            if step[0] == "<":
                t.read_lock(lock)
                held.callback(t.read_unlock, lock)
            elif step[0] == ">":
                t.write_lock(lock)
                held.callback(t.write_unlock, lock)
            else:
                t.trylock(lock) if step[0] == "?" else t.lock(lock)
                held.callback(t.unlock, lock)


def graph_of(*tasks: str) -> Graph:
    """Of tasks of which only the one that comes first takes any lock: nobody ever waits."""
    p = Program("order")
    turn = p.word("turn")
    locks = {name: getattr(p, kind)(name) for name, kind in KINDS.items()}
    for task in tasks:
        with p.task() as t, t.if_(t.xchg(turn, 1) == 0):
            for steps in task.split("|"):
                take(locks, t, steps)
    found = p.explore("random", schedules=SCHEDULES, seed=1)
    assert not found.violation, found.message
    return found.found.lock_order


@pytest.mark.parametrize(
    "tasks",
    [
        ("a b", "b a"),
        ("a b", "b c", "c a"),
        ("?a b", "b a"),  # what a try took is held
        ("<r a", "a >r"),
        ("<r a", "a <r", ">r"),  # the reader waits for the writer, who waits for the other one
        ("gate a b", "b a"),  # a gate for one of them only
        ("gate a b", "gate b a | b a"),
        ("<r a b", "<r b a"),  # readers pass together
    ],
)
def test_a_cycle_over_executions(tasks: tuple[str, ...]) -> None:
    (cycle,) = lock_order.cycles(graph_of(*tasks))
    assert len({edge.iteration for edge in cycle}) > 1, "its parts are of different executions"
    assert len(cycle) == (3 if "c" in tasks[-1] else 2)
    text = lock_order.message(cycle)
    for edge in cycle:
        assert str(edge.held) in text and str(edge.wanted) in text
        assert edge.held.file.endswith("test_lock_order.py") and edge.held.line


@pytest.mark.parametrize(
    "tasks",
    [
        ("a b", "a b c"),
        ("a b", "b ?a"),  # a try does not wait
        ("a b | b a",),  # nobody but itself to wait for
        ("gate a b", "gate b a"),
        (">r a b", ">r b a"),
        ("<r a", "a <r"),  # nobody writes
        ("<r a | >r", "a <r"),  # whoever could write is one of the two
    ],
)
def test_what_cannot_block(tasks: tuple[str, ...]) -> None:
    graph = graph_of(*tasks)
    assert graph.edges and not lock_order.cycles(graph)


def test_where_and_how_locks_are_taken() -> None:
    graph = graph_of("?a b", "<r c")
    found = {(e.held.lock, e.held.mode, e.wanted.lock, e.wanted.mode) for e in graph.edges}
    assert found == {("a", "try", "b", "spin"), ("r", "read", "c", "spin")}
    text = lock_order.render(graph)
    assert "a (try) -> b (spin)" in text and "0 cycles" in text


def test_graphs_of_several_processes_are_one() -> None:
    graph = graph_of("gate a b", "gate b a | b a")
    late = replace(graph, edges=tuple(replace(e, iteration=10**6, tasks=0) for e in graph.edges))
    assert lock_order.merge([late, graph]).edges == lock_order.merge([graph]).edges
    # An edge that only one of them has, and a gate that one of them went round.
    guarded = [replace(e, guards=e.guards | {999}) for e in graph.edges]
    assert not lock_order.cycles(Graph(tuple(guarded)))
    halves = [Graph(tuple(guarded)), Graph(graph.edges[:1]), Graph(graph.edges[1:])]
    assert lock_order.cycles(lock_order.merge(halves)) == lock_order.cycles(graph)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_reports_it(mmutorture: Callable, tmp_path: Path, jobs: str) -> None:
    (tmp_path / "inversion.py").write_text(INVERSION, encoding="utf-8")
    spec = ("explore", "inversion.py", "--seed", "1", "--schedules", "3000", "--jobs", jobs)
    done = mmutorture(*spec, "--strategy", "random", "--json")
    (failure,) = done.json["failures"]
    assert done.code == 1 and failure["oracle"] == "lockdep"
    assert failure["message"].startswith("possible circular locking dependency: ")
    ((first, second),) = done.json["scenarios"][0]["lock_order"]["cycles"]
    assert first["taken"]["lock"] == second["held"]["lock"] != first["held"]["lock"]
    shown = mmutorture("locks", "latest", "--format", "lock_order").out
    assert "a (spin) -> b (spin)" in shown and "1 cycles" in shown
    # The executions of its parts can be looked at; nothing fails in them.
    assert mmutorture("reproduce", failure["token"]).code != 2


def test_a_run_that_need_not_report_it(mmutorture: Callable, tmp_path: Path) -> None:
    (tmp_path / "inversion.py").write_text(INVERSION, encoding="utf-8")
    spec = ("explore", "inversion.py", "--seed", "1", "--quiet")
    assert mmutorture(*spec, "--strategy", "dpor").code == 0, "all schedules were seen"
    assert mmutorture(*spec, "--schedules", "100", "--without", "lockdep").code == 0
    assert mmutorture(*spec, "--schedules", "100").code == 1
