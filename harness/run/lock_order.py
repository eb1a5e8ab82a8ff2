# SPDX-License-Identifier: GPL-2.0-only
"""The lock order graph of a run, over all its executions and processes, and its cycles.

A cycle of locks that wait for each other is a potential deadlock even if none has happened.  As
the kernel's lockdep has it, a try waits for nobody and a reader does not wait for readers; beyond
it (K. Havelund, SPIN 2000), a cycle needs a task of its own for each edge and no gate, which is a
lock that two of the edges are always taken under.  Readers of the model's queued rwlock wait for a
writer that waits, hence a link from reader to reader counts where one more task takes that lock
for write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness._core import lib
from harness.core.structs import event_op, rows

NODES = 64
CYCLE_MAX = 6  # edges
CYCLES_SHOWN = 8
ORACLE = "lockdep"
FILE = "lock_order.txt"  # in the results of a scenario
PATHS_MAX = 100_000  # looked at for cycles
MODES = {
    "read_lock": "read",
    "write_lock": "write",
    "spin_lock": "spin",
    "mutex_lock": "mutex",
    "spin_trylock": "try",
}


@dataclass(frozen=True)
class Place:
    """Where a lock was taken."""

    lock: str
    mode: str
    func: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.lock} ({self.mode}) at {self.func} {self.file}:{self.line}"


@dataclass(frozen=True)
class Edge:
    """`wanted` while holding `held`: where first met, and what is true of all meetings."""

    from_node: int
    to_node: int
    held_write: bool
    wanted_write: bool
    held: Place
    wanted: Place
    task: str
    iteration: int
    step: int
    tasks: int  # who ever did it, a bit each
    guards: frozenset[int]  # nodes that were held for write each time
    writers: int  # tasks that ever wanted `wanted` for write

    @property
    def key(self) -> tuple[int, int, bool, bool]:
        return self.from_node, self.to_node, self.held_write, self.wanted_write


@dataclass(frozen=True)
class Graph:
    edges: tuple[Edge, ...] = ()
    full: bool = False  # there were more locks or edges than the core has room for


def task_set(words: Sequence[int]) -> int:
    """As the core keeps it: words of 64 tasks, the lowest first."""
    return sum(word << 64 * number for number, word in enumerate(words))


def current() -> Graph:
    """Of the world that is mapped."""
    # Two processes may number a program's locks differently: there its place is what counts.
    node = [lib.mmut_lock_node(n) or n for n in range(NODES)]

    def one(row: dict[str, Any]) -> Edge:
        def place(name: str) -> Place:
            fields = (row[f"{name}_{part}"] for part in ("func", "file", "line"))
            op = event_op(row[f"{name}_op"])
            mode = MODES.get(op, op)
            return Place(row[name], mode, *fields)

        return Edge(
            from_node=node[row["held_node"]],
            to_node=node[row["wanted_node"]],
            held_write=bool(row["held_write"]),
            wanted_write=bool(row["wanted_write"]),
            held=place("held"),
            wanted=place("wanted"),
            task=row["task_name"],
            iteration=row["iteration"],
            step=row["step"],
            tasks=task_set(row["tasks"]),
            guards=frozenset(node[n] for n in range(NODES) if not row["open"] >> n & 1),
            writers=task_set(row["writers"]),
        )

    found = rows("struct mmut_lock_edge *", lib.mmut_lock_edge_get)
    return Graph(tuple(one(row) for row in found), bool(lib.mmut_lock_order_full()))


def merge(graphs: Iterable[Graph]) -> Graph:
    """The graphs of several processes as one; an edge's places are of its first execution."""
    edges: dict[tuple[int, int, bool, bool], Edge] = {}
    full = False
    for graph in graphs:
        full |= graph.full
        for edge in graph.edges:
            other = edges.setdefault(edge.key, edge)
            first = min(edge, other, key=lambda e: (e.iteration, e.step))
            edges[edge.key] = replace(
                first,
                tasks=edge.tasks | other.tasks,
                guards=edge.guards & other.guards,
                writers=edge.writers | other.writers,
            )
    return Graph(tuple(sorted(edges.values(), key=lambda e: (e.iteration, e.step, e.key))), full)


def members(tasks: int) -> Iterator[int]:
    return (n for n in range(tasks.bit_length()) if tasks >> n & 1)


def crews(cycle: Sequence[Edge], taken: int = 0) -> Iterator[int]:
    """Sets of tasks of which each can take an edge of its own."""
    if not cycle:
        yield taken
        return
    for task in members(cycle[0].tasks & ~taken):
        yield from crews(cycle[1:], taken | 1 << task)


def may_block(cycle: Sequence[Edge]) -> bool:
    """Can tasks stand in all of the edges at once, each waiting for the next?"""
    for number, edge in enumerate(cycle):
        if any(edge.guards & other.guards for other in cycle[:number]):
            return False
    between = [  # readers that only wait because somebody who wants to write does
        edge.writers
        for edge, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        if not edge.wanted_write and not after.held_write
    ]
    return any(all(writers & ~crew for writers in between) for crew in crews(cycle))


def on_cycles(edges: Sequence[Edge]) -> Sequence[Edge]:
    """Without what leads into no cycle, or out of none."""
    while True:
        to, out = {e.to_node for e in edges}, {e.from_node for e in edges}
        left = [e for e in edges if e.from_node in to and e.to_node in out]
        if len(left) == len(edges):
            return left
        edges = left


def cycles(graph: Graph) -> list[tuple[Edge, ...]]:
    """Simple cycles of at most CYCLE_MAX edges that may block, one for each set of locks."""
    after: dict[int, list[Edge]] = {}
    edges = on_cycles(graph.edges)
    for edge in edges:
        after.setdefault(edge.from_node, []).append(edge)
    found: dict[frozenset[int], tuple[Edge, ...]] = {}
    paths = 0

    def extend(path: tuple[Edge, ...]) -> None:
        nonlocal paths
        paths += 1
        if paths > PATHS_MAX:
            return
        for edge in after[path[-1].to_node]:
            if edge.to_node == path[0].from_node:
                cycle = (*path, edge)
                nodes = frozenset(e.from_node for e in cycle)
                if nodes not in found and may_block(cycle):
                    found[nodes] = cycle
            # Each cycle once: from the smallest of its nodes.
            elif (
                len(path) < CYCLE_MAX - 1
                and edge.to_node > path[0].from_node
                and all(edge.to_node != e.from_node for e in path)
            ):
                extend((*path, edge))

    for edge in edges:
        if edge.to_node > edge.from_node:
            extend((edge,))
    return sorted(found.values(), key=lambda c: (len(c), max(e.iteration for e in c)))


def message(cycle: Sequence[Edge]) -> str:
    """One line, as of an oracle."""
    order = "; ".join(
        f"{edge.wanted} while holding {edge.held} (execution {edge.iteration}, {edge.task})"
        for edge in cycle
    )
    return f"possible circular locking dependency: {order}"


def block(cycle: Sequence[Edge]) -> list[str]:
    """The same for people, in lockdep's shape."""
    lines = [f"{ORACLE}: possible circular locking dependency; no execution has stopped in it"]
    for edge in cycle:
        lines.append(f"    {edge.wanted}")
        lines.append(f"        while holding {edge.held}")
        lines.append(f"        first in execution {edge.iteration}, step {edge.step}, {edge.task}")
    return lines


def render(graph: Graph) -> str:
    """lock_order.txt: the edges, outermost lock first, and each cycle."""
    lines = ["lock order: what was taken (or waited for) under what, over all executions", ""]
    for edge in sorted(graph.edges, key=lambda e: (e.held.lock, e.wanted.lock, e.key)):
        arrow = f"{edge.held.lock} ({edge.held.mode}) -> {edge.wanted.lock} ({edge.wanted.mode})"
        lines.append(arrow)
        for what, place in (("held", edge.held), ("taken", edge.wanted)):
            lines.append(f"    {what:<6} {place.func} {place.file}:{place.line}")
        lines.append(f"    first  execution {edge.iteration} step {edge.step}, {edge.task}")
    if not graph.edges:
        lines.append("no lock was taken under another")
    found = cycles(graph)
    for cycle in found[:CYCLES_SHOWN]:
        lines += ["", *block(cycle)]
    lines.append("")
    if len(found) > CYCLES_SHOWN:
        lines.append(f"{len(found) - CYCLES_SHOWN} more cycles")
    else:
        lines.append(f"{len(found)} cycles")
    if graph.full:
        lines.append("there were more locks or edges than were followed: cycles may be missing")
    return "\n".join(lines) + "\n"


def edge_document(edge: Edge) -> dict[str, Any]:
    def place(at: Place) -> dict[str, Any]:
        where = f"{at.file}:{at.line}"
        return {"lock": at.lock, "mode": at.mode, "function": at.func, "at": where}

    return {
        "held": place(edge.held),
        "taken": place(edge.wanted),
        "task": edge.task,
        "iteration": edge.iteration,
        "step": edge.step,
    }


def document(graph: Graph) -> dict[str, Any]:
    """For run.json."""
    return {
        "edges": [edge_document(edge) for edge in graph.edges],
        "cycles": [[edge_document(edge) for edge in cycle] for cycle in cycles(graph)],
        "full": graph.full,
    }
