# SPDX-License-Identifier: GPL-2.0-only
"""``barriers`` says of each annotation what the axioms say when it is weakened."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.token import Recipe, format_scenario, parse_scenario
from harness.run import barriers
from harness.run.explore import Limits
from harness.scenario import scenarios
from harness.scenario.settings import Settings
from harness.signals import Interrupt
from tests.memory.axioms import Op, Program, outcomes
from tests.memory.shapes import flat_of, line_of, parse
from tests.memory.test_models import SHAPES, shows

EXAMPLES = Path(__file__).parents[2] / "examples"
ANNOTATED = [
    shape for shape in SHAPES if shape[4][2] == "-" and any(mark in shape[1] for mark in (".", "b"))
]
WITHOUT = Limits(1_000_000, None)


def weakened(program: Program, thread: int, position: int) -> Program:
    """The same with one annotation less."""
    ops = list(program[thread])
    if ops[position].kind == "fence":
        ops[position] = replace(ops[position], fence="barrier")
    else:
        ops[position] = replace(ops[position], order="relaxed")
    return (*program[:thread], tuple(ops), *program[thread + 1 :])


def annotated(op: Op) -> bool:
    return op.kind == "fence" or op.order != "relaxed"


def words(program: Program) -> list[str]:
    return sorted({op.word for ops in program for op in ops if op.word and op.word != "l"})


@pytest.mark.parametrize("shape", ANNOTATED, ids=lambda shape: shape[0])
def test_verdicts_are_those_of_the_axioms(shape):
    _, text, loads, end, _ = shape
    program = parse(text)
    flat = flat_of(program)
    weak = True
    registers = [seen for label, seen in flat.observed if not label.startswith("final_")]
    finals = {label: seen for label, seen in flat.observed if label.startswith("final_")}
    for register, value in zip(registers, loads, strict=True):
        weak = (register == value) & weak
    for word, value in end.items():
        weak = (finals[f"final_{word}"] == value) & weak
    flat.forbid(weak)
    resolved = flat.scenario()
    settings = Settings(seed=3, strategy="dpor", memory="lkmm")
    found = {}
    clean, _ = barriers.examine(
        Recipe("shape", (), settings),
        resolved,
        WITHOUT,
        Interrupt(),
        lambda verdict: found.update({verdict.trial.place.line: verdict.load_bearing}),
    )
    assert clean.failure is None
    wanted = {
        line_of(t, n): shows(outcomes(weakened(program, t, n), "lkmm"), loads, words(program), end)
        for t, ops in enumerate(program)
        for n, op in enumerate(ops)
        if annotated(op)
    }
    assert found == wanted


def test_more_than_ten_of_them_are_load_bearing():
    needed = 0
    for _, text, loads, end, _ in ANNOTATED:
        program = parse(text)
        for t, ops in enumerate(program):
            for n, op in enumerate(ops):
                weaker = weakened(program, t, n)
                if annotated(op):
                    needed += shows(outcomes(weaker, "lkmm"), loads, words(program), end)
    assert needed >= 20


@pytest.mark.parametrize(
    ("func", "what", "seed"),
    [
        ("kvm_mmu_faultin_pfn", "smp_rmb()", 1),  # the sequence number before the host's answer
        ("vcpu_enter_guest", "smp_mb()", 4),  # the mode before the requests
        ("vcpu_exit_guest", "smp_wmb()", 1),  # the mode before the count that a flusher waits for
    ],
)
def test_barriers_of_the_model(func, what, seed):
    settings = Settings(seed=seed, memory="lkmm")
    recipe = Recipe("notifier-vs-fault", (), settings)
    resolved = scenarios.load(recipe.spec)
    clean, places = barriers.one(recipe, resolved, Limits(30, None), Interrupt())
    assert clean.failure is None
    place = next(p for p in places if (p.func, p.what) == (func, what))
    trial = barriers.attempt(place, "relaxed", clean, Limits(8000, None), Interrupt())
    assert trial.violated
    spec = format_scenario(trial.found.recipe)
    assert parse_scenario(spec, settings) == trial.found.recipe


def test_of_a_litmus_test_what_it_asks_for_appears(mmutorture, tmp_path):
    file = tmp_path / "mp.litmus"
    file.write_text(
        "C mp\n\n{}\n\nP0(int *x, int *y)\n{\n\tWRITE_ONCE(*x, 1);\n\tsmp_wmb();\n"
        "\tWRITE_ONCE(*y, 1);\n}\n\nP1(int *x, int *y)\n{\n\tint r0;\n\tint r1;\n\n"
        "\tr0 = READ_ONCE(*y);\n\tsmp_rmb();\n\tsmp_rmb();\n\tr1 = READ_ONCE(*x);\n}\n\n"
        "exists (1:r0=1 /\\ 1:r1=0)\n"
    )
    options = ("--strategy", "dpor", "--schedules", "1000", "--json")
    found = mmutorture("barriers", file, *options).json
    rows = {row["line"]: row for row in found["barriers"]}
    assert rows[8]["verdict"] == "load-bearing" and rows[8]["appeared"]
    assert {rows[line]["verdict"] for line in (18, 19)} == {"not needed here"}


def test_a_failure_says_what_was_weakened_and_replays(mmutorture):
    file = str(EXAMPLES / "store_buffering.py")
    options = ("--set", "fences=1", "--memory", "tso", "--schedules", "1000", "--json")
    found = mmutorture("barriers", file, *options).json
    assert [row["verdict"] for row in found["barriers"]] == ["load-bearing"] * 2
    token = found["barriers"][0]["token"]
    assert "weaken=store_buffering.py" in token
    assert mmutorture("reproduce", token).code == 1
