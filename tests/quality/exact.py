# SPDX-License-Identifier: GPL-2.0-only
"""Exact probabilities of a bug under each strategy, from the rule that its paper gives.

A second, slow implementation that shares nothing with native/sched: all schedules of a tiny program
are walked through, and their probabilities added up as fractions.  What a strategy remembers
is part of the state.  Of random priorities only the order matters, and a new one falls into any
place among all that were ever drawn equally likely: so an order is kept together with how many
priorities of the past, which nobody has any more, lie between those that count.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

Registers = tuple[int, ...]
Value = Callable[[Registers], int]

LOCAL = ("exit_if", "check")
READS = ("load", "await")


@dataclass(frozen=True)
class Step:
    """One event, or (exit_if, check) what a task does by itself."""

    op: str
    word: int = 0
    value: Value = lambda _: 0
    into: int = 0
    new: int = 0


@dataclass(frozen=True)
class State:
    at: tuple[int, ...]
    registers: tuple[Registers, ...]
    words: tuple[int, ...]
    bug: bool = False


Program = tuple[tuple[Step, ...], ...]


def put(values: tuple[int, ...], at: int, value: int) -> tuple[int, ...]:
    return (*values[:at], value, *values[at + 1 :])


class Machine:
    """The program, and what can happen next."""

    def __init__(self, program: Program, words: tuple[int, ...]) -> None:
        self.program = program
        state = State((0,) * len(program), ((0,) * 4,) * len(program), words)
        for task in range(len(program)):
            state = self.settle(state, task)
        self.start = state

    def settle(self, state: State, task: int) -> State:
        """What the task does until its next event."""
        steps, registers = self.program[task], state.registers[task]
        at, bug = state.at[task], state.bug
        while at < len(steps) and steps[at].op in LOCAL:
            value = steps[at].value(registers)
            bug |= steps[at].op == "check" and not value
            at = len(steps) if steps[at].op == "exit_if" and value else at + 1
        return State(put(state.at, task, at), state.registers, state.words, bug)

    def next(self, state: State, task: int) -> Step | None:
        at = state.at[task]
        return self.program[task][at] if at < len(self.program[task]) else None

    def live(self, state: State) -> tuple[int, ...]:
        return tuple(t for t in range(len(self.program)) if self.next(state, t) is not None)

    def can_run(self, state: State, task: int) -> bool:
        step = self.next(state, task)
        if step is None:
            return False
        word, own = state.words[step.word], state.registers[task]
        return {"lock": word == 0, "await": word == step.value(own)}.get(step.op, True)

    def enabled(self, state: State) -> tuple[int, ...]:
        return tuple(t for t in range(len(self.program)) if self.can_run(state, t))

    def run(self, state: State, task: int) -> State:
        step = self.next(state, task)
        assert step is not None
        own, old = state.registers[task], state.words[step.word]
        value = step.value(own)
        new = {
            "store": value,
            "add": old + value,
            "cas": step.new if old == value else old,
            "lock": 1,
            "unlock": 0,
        }.get(step.op, old)
        if step.op in ("load", "add", "cas"):
            own = put(own, step.into, old)
        at = put(state.at, task, state.at[task] + 1)
        registers = (*state.registers[:task], own, *state.registers[task + 1 :])
        return self.settle(State(at, registers, put(state.words, step.word, new), state.bug), task)

    def over(self, state: State, enabled: tuple[int, ...]) -> Fraction | None:
        """1 or 0 where it is decided: a check failed, a deadlock, the end."""
        if state.bug or not enabled:
            return Fraction(state.bug or bool(self.live(state)))
        return None

    def longest(self) -> int:
        @cache
        def steps(state: State) -> int:
            return max((1 + steps(self.run(state, t)) for t in self.enabled(state)), default=0)

        return steps(self.start)

    def counts(self, counted: Callable[[Step], bool]) -> tuple[int, ...]:
        """Of each task, the most events of a kind in any execution."""

        @cache
        def most(state: State) -> tuple[int, ...]:
            best = [0] * len(self.program)
            for task in self.enabled(state):
                step = self.next(state, task)
                assert step is not None
                rest = list(most(self.run(state, task)))
                rest[task] += counted(step)
                best = [max(pair) for pair in zip(best, rest, strict=True)]
            return tuple(best)

        return most(self.start)


def random(machine: Machine) -> Fraction:
    @cache
    def p(state: State) -> Fraction:
        enabled = machine.enabled(state)
        if (done := machine.over(state, enabled)) is not None:
            return done
        return sum((p(machine.run(state, t)) for t in enabled), Fraction()) / len(enabled)

    return p(machine.start)


def urw(machine: Machine) -> Fraction:
    @cache
    def p(state: State, left: tuple[int, ...]) -> Fraction:
        enabled = machine.enabled(state)
        if (done := machine.over(state, enabled)) is not None:
            return done
        weight = {t: max(left[t], 1) for t in enabled}
        after = (
            weight[t] * p(machine.run(state, t), put(left, t, max(left[t] - 1, 0))) for t in enabled
        )
        return sum(after, Fraction()) / sum(weight.values())

    return p(machine.start, machine.counts(lambda step: True))


def pct(machine: Machine, depth: int) -> Fraction:
    tasks, k, hits, runs = len(machine.program), machine.longest(), Fraction(), 0
    for order in itertools.permutations(range(tasks)):
        for change in itertools.product(range(1, k + 1), repeat=depth - 1):
            priority, state, step = [depth + rank for rank in order], machine.start, 0
            while (done := machine.over(state, enabled := machine.enabled(state))) is None:
                task = max(enabled, key=priority.__getitem__)
                state, step = machine.run(state, task), step + 1
                for i, at in enumerate(change):
                    if at == step:
                        priority[task] = i + 1
            hits, runs = hits + done, runs + 1
    return hits / runs


# Tasks from the highest priority to the lowest, -1 for one that nobody has any more.
Order = tuple[int, ...]


def drawn(order: Order, task: int, live: tuple[int, ...]) -> Iterator[Order]:
    """All orders after `task` has drawn anew, each as likely; of the last task no order is kept."""
    past = tuple(t if t in live and t != task else -1 for t in order)
    if task not in live or len(live) == 1:
        yield past if len(live) > 1 else live
        return
    for place in range(len(past) + 1):
        yield (*past[:place], task, *past[place:])


def average(values: list[Fraction]) -> Fraction:
    return sum(values, Fraction()) / len(values)


def races(a: Step | None, b: Step | None) -> bool:
    assert a is not None and b is not None
    return a.word == b.word and not (a.op in READS and b.op in READS)


def pos(machine: Machine) -> Fraction:
    @cache
    def p(state: State, order: Order, anew: tuple[int, ...]) -> Fraction:
        live = machine.live(state)
        if anew and set(live) <= set(anew):  # the past is forgotten
            return average([p(state, new, ()) for new in itertools.permutations(live)])
        if anew:
            return average([p(state, new, anew[1:]) for new in drawn(order, anew[0], live)])
        enabled = machine.enabled(state)
        if (done := machine.over(state, enabled)) is not None:
            return done
        task = next(t for t in order if t in enabled)
        mine = machine.next(state, task)
        lost = tuple(t for t in enabled if t != task and races(mine, machine.next(state, t)))
        return p(machine.run(state, task), order, (task, *lost))

    return p(machine.start, (), machine.live(machine.start))


def surw_at(machine: Machine, target: int) -> Fraction:
    """With one target: `intended` and `held` as in the paper."""

    @cache
    def p(
        state: State, order: Order, left: tuple[int, ...], intended: int, held: frozenset[int]
    ) -> Fraction:
        enabled = machine.enabled(state)
        if (done := machine.over(state, enabled)) is not None:
            return done
        free = [t for t in order if t in enabled and t not in held]
        if not free:
            return p(state, order, left, -1, frozenset())
        task = free[0]
        step = machine.next(state, task)
        assert step is not None
        if step.word != target:
            after = machine.run(state, task)
            orders = drawn(order, task, machine.live(after))
            return average([p(after, new, left, intended, held) for new in orders])
        if intended < 0:
            left = put(left, task, max(left[task], 1))
            drawing = (left[t] * p(state, order, left, t, held) for t in enabled if left[t])
            return sum(drawing, Fraction()) / sum(left[t] for t in enabled)
        if intended != task:
            return p(state, order, left, intended, held | {task})
        after, fewer = machine.run(state, task), put(left, task, left[task] - 1)
        orders = drawn(order, task, machine.live(after))
        return average([p(after, new, fewer, -1, frozenset()) for new in orders])

    tasks = range(len(machine.program))
    left = machine.counts(lambda step: step.word == target)
    first = itertools.permutations(tasks)
    return average([p(machine.start, order, left, -1, frozenset()) for order in first])


def surw(machine: Machine) -> Fraction:
    """Targets by their accesses; only what several tasks use and somebody writes."""
    weight: dict[int, int] = {}
    for word in range(len(machine.start.words)):
        accesses = machine.counts(lambda step, word=word: step.word == word)
        steps = [s for task in machine.program for s in task if s.word == word]
        written = any(s.op not in (*READS, *LOCAL) for s in steps)
        if written and sum(n > 0 for n in accesses) > 1:
            weight[word] = sum(accesses)
    parts = (count * surw_at(machine, word) for word, count in weight.items())
    return sum(parts, Fraction()) / sum(weight.values())


STRATEGIES: dict[str, Callable[[Machine], Fraction]] = {
    "random": random,
    "pct1": lambda machine: pct(machine, 1),
    "pct2": lambda machine: pct(machine, 2),
    "pct3": lambda machine: pct(machine, 3),
    "pos": pos,
    "urw": urw,
    "surw": surw,
}
