# SPDX-License-Identifier: GPL-2.0-only
"""An exhaustive search, divided into parts: which there are, and what each finds for the others.

native/sched/part.c explores a part, and says why it may at the same time as others.  Here is the
owner of the tree above all parts.  A part goes back into the queue until it is finished; while
there are few in it, one is divided at its uppermost open node, where the largest pieces are.
Insertion of reversals is that of native/sched/wakeup.c, for a tree that spans processes.

Nothing here depends on who explores a part or on how long that takes.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.core.part import ANYTHING, Packed

NODE = struct.Struct("<QQIHHB7x")  # struct mmut_part_node
BRANCH = struct.Struct("<QQQIHHB7x")  # struct mmut_part_branch
STEP = struct.Struct("<QQQIiHHBBBx64h")  # struct mmut_part_step
PARTS = 32  # with fewer, parts are divided
PIECES_MAX = 256  # of a division: more are too small to be worth one
NOTHING = (0, 0, 0)
WRITE = 1

Touches = tuple[int, int, int]


def conflict(a: int, b: int) -> bool:
    return bool(a and b and (a ^ b) <= WRITE and (a | b) & WRITE)


def depend(a: Touches, b: Touches) -> bool:
    """As depend() of native/sched/depend.h."""
    if conflict(a[0], b[0]):
        return True
    crossed = conflict(a[0], b[1]) or conflict(a[1], b[0])
    return crossed or conflict(a[1], b[1]) or conflict(a[2], b[2])


@dataclass(eq=False)
class Place:
    """A node above parts, by the branch that leads to it."""

    parent: Place | None = None
    depth: int = 0  # nodes before it
    agent: int = 0
    touches: Touches = NOTHING
    choice: int = 0  # of a pick; dfs: the agent
    alternatives: int = 0  # of a pick; 0: it is none
    done: int = 0  # agents that were explored from here before it was a place
    all: bool = False  # whatever can follow is being explored: no reversal goes in here
    children: list[Place] = field(default_factory=list)
    open: int = 0  # parts that are not finished, here and behind
    begun: int = 0  # parts of which it is known that nobody sleeps where they begin
    absorbed: list[list[Step]] = field(default_factory=list)  # reversals, while that is not known

    def count(self, opened: int, begun: int) -> None:
        place: Place | None = self
        while place is not None:
            place.open += opened
            place.begun += begun
            place = place.parent

    def add(self, **about: object) -> Place:
        child = Place(self, self.depth + 1, **about)  # type: ignore[arg-type]
        self.children.append(child)
        return child


@dataclass(frozen=True)
class Branch:
    touches: Touches
    depth: int
    choice: int
    alternatives: int
    agent: int


@dataclass(frozen=True)
class Node:
    """A node of a part's own."""

    left: int  # agents explored from here
    todo: int  # dfs: agents to let run later
    choice: int
    alternatives: int
    agent: int
    branches: tuple[Branch, ...]  # dpor; of the last node, the first is the one that is next


@dataclass(frozen=True)
class Part:
    place: Place
    nodes: tuple[Node, ...] = ()
    bound: int = ANYTHING
    asleep: int = 0  # agents for whose branches to the left it has to wait, or has waited
    left: int = 0  # and then: agents with branches from where it begins


@dataclass(frozen=True)
class Step:
    """Of a reversal, in an order that is possible from some node."""

    touches: Touches
    node: int
    agent: int
    lane: int
    last: bool
    clock: tuple[int, ...]
    picks: list[tuple[int, int]] = field(default_factory=list)  # alternative, of how many

    def precedes(self, later: Step) -> bool:
        if self.agent == later.agent or (later.last and depend(self.touches, later.touches)):
            return True
        return later.clock[self.lane] > self.node


def reversals(steps: bytes) -> Iterator[tuple[int, list[Step]]]:
    """With the number of the node where each departs."""
    found: list[Step] = []
    for record in STEP.iter_unpack(steps):
        x, y, z, above, node, choice, alternatives, agent, lane, last, *clock = record
        if alternatives:
            found[-1].picks.append((choice, alternatives))
            continue
        found.append(Step((x, y, z), node, agent, lane, bool(last), tuple(clock)))
        if last:
            yield above, found
            found = []


def branches_of(records: bytes) -> tuple[Branch, ...]:
    return tuple(Branch((x, y, z), *rest) for x, y, z, *rest in BRANCH.iter_unpack(records))


def top_level(branches: Sequence[Branch]) -> list[tuple[Branch, ...]]:
    """Cut before each branch that hangs on none."""
    cuts = [n for n, branch in enumerate(branches) if branch.depth == 0]
    return [tuple(branches[a:b]) for a, b in zip(cuts, [*cuts[1:], len(branches)], strict=False)]


def packed_branch(b: Branch) -> bytes:
    return BRANCH.pack(*b.touches, b.depth, b.choice, b.alternatives, b.agent)


def packed_place(top: Place) -> Iterator[bytes]:
    """With what hangs on it, up to where all is explored for certain."""
    left = [top] if top.begun else []
    while left:
        place = left.pop()
        depth = place.depth - top.depth
        about = place.choice, place.alternatives, place.agent
        yield BRANCH.pack(*place.touches, depth, *about)
        if not place.all:
            left += [child for child in reversed(place.children) if child.begun]


def all_children(place: Place) -> int:
    """Agents that run from here, or did, or will."""
    agents = place.done
    for child in place.children:
        agents |= 1 << child.agent
    return agents


def packed_step(place: Place) -> tuple[bytes, list[bytes]]:
    """A node above a part, and the branches to the right of the one that is taken."""
    assert place.parent is not None
    siblings = place.parent.children
    at = siblings.index(place)
    left, right = place.parent.done, list[bytes]()
    if not place.alternatives:
        for sibling in siblings[:at]:
            left |= 1 << sibling.agent
        for sibling in siblings[at + 1 :]:
            right += packed_place(sibling)
    about = place.choice, place.alternatives, place.agent
    return NODE.pack(left, 0, len(right), *about), right


def path_to(place: Place) -> list[Place]:
    """Without the root."""
    path = []
    while place.parent is not None:
        path.append(place)
        place = place.parent
    return path[::-1]


def packed_bounded(place: Place) -> tuple[bytes, list[bytes]]:
    """Within a bound the part has to know who was asked for, and nobody sleeps."""
    assert place.parent is not None
    asked = 0 if place.alternatives else all_children(place.parent)
    return NODE.pack(asked, 0, 0, place.choice, place.alternatives, place.agent), []


def pack(part: Part, bounded: bool = False) -> Packed:
    nodes, branches = [], list[bytes]()
    path = path_to(part.place)
    for place in path:
        node, right = packed_bounded(place) if bounded else packed_step(place)
        nodes.append(node)
        branches += right
    for own in part.nodes:
        about = own.choice, own.alternatives, own.agent
        nodes.append(NODE.pack(own.left, own.todo, len(own.branches), *about))
        branches += map(packed_branch, own.branches)
    floor = len(path)
    return Packed(
        b"".join(nodes),
        b"".join(branches),
        floor=floor,
        bound=part.bound,
        patient=bool(part.asleep),
        left=part.left,
    )


def left_of(part: Part, packed: Packed) -> Part | None:
    """What is left of a part that has been explored for a while; None: nothing."""
    if packed.finished or packed.asleep:
        return None
    nodes, at = list[Node](), 0
    for left, todo, count, choice, alternatives, agent in NODE.iter_unpack(packed.nodes):
        end = at + count * BRANCH.size
        own = branches_of(packed.branches[at:end])
        nodes.append(Node(left, todo, choice, alternatives, agent, own))
        at = end
    return Part(part.place, tuple(nodes), packed.bound)


def awake(part: Part) -> Part:
    """Its waiting is over: it explores what is left of its place."""
    place, left = part.place, 0
    place.all = True
    for child in place.children:
        left |= 1 << child.agent
    return replace(part, left=left)


def has_to_wait(part: Part) -> bool:
    """Is a branch not yet explored for whose sake an agent sleeps, or one that may add to it?"""
    place, all_left = part.place, False
    if place.open > 1:  # and not by itself
        return True
    while (parent := place.parent) is not None:
        found = False
        for sibling in reversed(parent.children[: parent.children.index(place)]):
            found |= bool(part.asleep >> sibling.agent & 1)
            if sibling.open and (found or all_left):
                return True
        all_left |= found
        if parent.all:  # nobody adds anything from outside
            return False
        place = parent
    return False


def is_open(part: Part, at: int) -> bool:
    """Is there something else to be explored from this node?"""
    node = part.nodes[at]
    if node.alternatives:
        return node.choice + 1 < node.alternatives
    return bool(node.todo) or len(top_level(node.branches)) > (at + 1 == len(part.nodes))


def own_branches(node: Node, last: bool) -> tuple[Branch, ...]:
    """Of the branch that is taken, with what hangs on it; empty: that has been followed."""
    for branch in top_level(node.branches):
        if branch[0].choice == node.choice if node.alternatives else last:
            return branch
    return ()


class Tree:
    """Parts to be explored, and who finds what for whom."""

    def __init__(self, bound: int = ANYTHING, divided_below: int = PARTS) -> None:
        self.bound = bound
        self.divided_below = divided_below
        self.queue = deque[Part]()
        self.waiting: list[Part] = []
        self.root = Place(all=True)
        self.push(Part(self.root, bound=bound))

    def push(self, part: Part) -> None:
        part.place.count(1, 0)
        self.queue.append(part)

    def next(self) -> Part:
        return self.queue.popleft()

    def nothing_left(self) -> bool:
        """Has every part been finished, those that somebody explores included?"""
        return self.root.open == 0

    def add(self, part: Part, packed: Packed) -> None:
        """What became of a part that was taken from the queue."""
        path = path_to(part.place)
        for above, steps in reversals(packed.steps):
            siblings = path[above].parent.children  # type: ignore[union-attr]
            at = siblings.index(path[above])
            self.insert(path[above].parent, siblings[at + 1 :], steps)  # type: ignore[arg-type]
        if packed.asleep:
            self.postpone(replace(part, asleep=packed.asleep))
            return
        part.place.count(0, part.place.begun == 0)
        part.place.absorbed.clear()
        if left := left_of(part, packed):
            if len(self.queue) < self.divided_below:
                self.divide(left)
            else:
                self.push(left)
        part.place.count(-1, 0)
        self.wake()

    def postpone(self, part: Part) -> None:
        """Somebody sleeps there: what those behind whom he sleeps find for this place is first."""
        place = part.place
        place.all = False
        absorbed, place.absorbed = place.absorbed, []
        for steps in absorbed:
            self.insert(place, place.children, steps)
        self.waiting.append(part)
        self.wake()

    def wake(self) -> None:
        """Whose waiting is over."""
        if self.waiting and len(self.queue) < self.divided_below:
            ready = [part for part in self.waiting if not has_to_wait(part)]
            self.waiting = [part for part in self.waiting if has_to_wait(part)]
            self.queue += map(awake, ready)

    def leaf(self, place: Place) -> None:
        place.all = True
        self.push(Part(place, bound=self.bound))

    # ---------------------------------------------------------------- reversals

    def insert(self, parent: Place, siblings: list[Place], steps: list[Step]) -> None:
        """A reversal, unless it is covered by what is being explored anyway."""
        left = list(steps)
        while left:
            for place in siblings:
                at = next((n for n, s in enumerate(left) if s.agent == place.agent), None)
                if at is None:
                    if not any(depend(place.touches, s.touches) for s in left):
                        break
                elif not any(s.precedes(left[at]) for s in left[:at]):
                    break
            else:
                self.append(parent, left)
                return
            picks = left.pop(at).picks if at is not None else []
            if place.all:
                if left and not place.begun:
                    place.absorbed.append(left)
                return
            for choice, _ in picks:
                place = next((c for c in place.children if c.choice == choice), place)
                if place.all or not place.alternatives:
                    return
            if place.children and place.children[0].alternatives:
                return
            parent, siblings = place, place.children

    def append(self, parent: Place, steps: list[Step]) -> None:
        place = parent
        others: list[Place] = []
        for step in steps:
            place = place.add(agent=step.agent, touches=step.touches)
            for choice, alternatives in step.picks:
                every = [
                    place.add(choice=n, alternatives=alternatives) for n in range(alternatives)
                ]
                place = every[choice]
                others += [other for other in every if other is not place]
        for new in (place, *others):
            self.leaf(new)

    # ---------------------------------------------------------------- division

    def divide(self, part: Part) -> None:
        """A part as several; as itself where nothing else is open yet."""
        for at in range(len(part.nodes)):
            if is_open(part, at):
                break
        else:
            self.push(part)
            return
        if len(part.nodes[at].branches) > PIECES_MAX:
            self.push(part)
            return
        place, last = part.place, at + 1 == len(part.nodes)
        for node in part.nodes[:at]:
            place.done = node.left
            place = self.step(place, node)
        node = part.nodes[at]
        place.done = node.left
        own = own_branches(node, last)
        here = self.step(place, node)
        if len(own) > 1:
            self.hang(here, own[1:])
        else:
            here.all = True
            self.push(replace(part, place=here, nodes=part.nodes[at + 1 :]))
        if node.alternatives:
            self.other_picks(place, node)
            return
        for branch in top_level(node.branches[len(own) :]):
            self.hang(place, branch)
        for agent in range(node.todo.bit_length()):
            if node.todo >> agent & 1:
                self.leaf(place.add(agent=agent, choice=agent))

    def step(self, place: Place, node: Node) -> Place:
        return place.add(agent=node.agent, choice=node.choice, alternatives=node.alternatives)

    def other_picks(self, place: Place, node: Node) -> None:
        named = {branch[0].choice: branch for branch in top_level(node.branches)}
        for choice in range(node.choice + 1, node.alternatives):
            if choice in named:
                self.hang(place, named[choice])
            else:
                other = place.add(choice=choice, alternatives=node.alternatives)
                self.leaf(other)

    def hang(self, place: Place, branches: Sequence[Branch]) -> None:
        """What is to be explored from a place."""
        base, above, new = branches[0].depth, [place], list[Place]()
        for b in branches:
            del above[b.depth - base + 1 :]
            about = {"choice": b.choice, "alternatives": b.alternatives}
            above.append(above[-1].add(agent=b.agent, touches=b.touches, **about))
            new.append(above[-1])
        for child in new:
            if not child.children:
                self.leaf(child)
            elif alternatives := child.children[0].alternatives:
                for choice in {*range(alternatives)} - {c.choice for c in child.children}:
                    self.leaf(child.add(choice=choice, alternatives=alternatives))


class BoundedTree(Tree):
    """Within a bound (native/sched/bound.c) a reversal is an agent that is to run from a node."""

    def insert(self, parent: Place, siblings: list[Place], steps: list[Step]) -> None:
        for step in steps:
            if not all_children(parent) >> step.agent & 1:
                self.leaf(parent.add(agent=step.agent))
