# SPDX-License-Identifier: GPL-2.0-only
"""A plan in another build: a switch that has moved is found again, one that is gone is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("harness._core")
pytestmark = pytest.mark.xdist_group("cpus")

from harness.core import stacks  # noqa: E402
from harness.core.anchors import Anchor  # noqa: E402
from harness.core.token import Recipe, Token, format_token, parse_token  # noqa: E402
from tests.conftest import runner  # noqa: E402


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """A failure with one switch, as if another build had made it."""
    options = ("--bug", "A06", "--seed", "1", "--schedules", "1000", "--json")
    run = runner(tmp_path_factory.mktemp("token"))
    failure = run("explore", *options).json["failures"][0]
    found = parse_token(failure["minimal"]["token"])
    assert found.plan and found.oracle == failure["oracle"]
    return replace(found, build="00000000")


def by_strategy(token: Token) -> Recipe:
    return replace(token.recipe, settings=replace(token.recipe.settings, strategy="random"))


def changed(token: Token, **how: object) -> str:
    assert token.plan is not None
    last = max(range(len(token.plan)), key=lambda n: token.plan[n].kind == 0)  # type: ignore[index]
    plan = list[Anchor](token.plan)
    plan[last] = replace(plan[last], **how)  # type: ignore[arg-type]
    return format_token(replace(token, plan=tuple(plan)))


def test_another_build_is_refused_and_can_be_forced(mmutorture: Callable, token: Token) -> None:
    refused = mmutorture("reproduce", format_token(token), "--json")
    assert refused.code == 2 and refused.json["verdict"] == "refused"
    assert "by its plan" in refused.json["detail"]
    by_seed = format_token(replace(token, plan=None, recipe=by_strategy(token)))
    for options, words in ((), "by its seed"), (("--force",), "replayed by its seed"):
        assert words in mmutorture("reproduce", by_seed, *options, "--json").json["detail"]
    forced = mmutorture("reproduce", format_token(token), "--force", "--json").json
    assert forced["verdict"] == "reproduced" and "made by build 00000000" in forced["detail"]


def test_a_switch_that_has_moved_is_found(mmutorture: Callable, token: Token) -> None:
    assert token.plan is not None
    moved = changed(token, occurrence=token.plan[-1].occurrence + 3)
    found = mmutorture("reproduce", moved, "--force", "--json").json
    assert found["verdict"] == "reproduced" and found["oracle"] == token.oracle
    assert "was moved, from" in found["detail"]


def test_a_switch_that_is_gone_is_named(mmutorture: Callable, token: Token) -> None:
    gone = changed(token, object=0x123456, op="rcu_callback", occurrence=77)
    found = mmutorture("reproduce", gone, "--force", "--json")
    assert found.code == 3 and found.json["verdict"] == "diverged"
    assert "before its 77th rcu_callback" in found.json["detail"]
    assert "did that never" in found.json["detail"]


def test_the_first_difference_from_what_was_recorded(mmutorture: Callable, tmp_path: Path) -> None:
    options = ("--bug", "A06", "--seed", "1", "--schedules", "1000", "--json")
    directory = tmp_path / mmutorture("explore", *options).json["failures"][0]["directory"]
    record = directory / "failure.json"
    old = parse_token((directory / "token.txt").read_text())
    gone = replace(old, build="00000000", plan=(Anchor(2, "rcu_callback", 5, 77, 0, 3),))
    text = record.read_text().replace(format_token(old), format_token(gone))
    record.write_text(text, encoding="utf-8")
    found = mmutorture("reproduce", str(directory), "--force", "--json").json
    assert found["verdict"] == "diverged"
    assert "first difference: event " in found["detail"] and " and is '" in found["detail"]

    # Both call chains: of what was recorded and of what came instead.
    then, now = re.findall(r"^    (?:then|now ) in (.*)$", found["detail"], re.MULTILINE)[-2:]
    assert then.endswith("task_body") and now.endswith(("task_body", "rcu_task_main"))


def test_chains_have_the_names_of_functions() -> None:
    known = set(stacks.core_symbols().values())
    assert {"kvm_tdp_mmu_map", "task_body", "rcu_task_main", "fiber_entry"} <= known
    assert stacks.symbols(b"#!/bin/sh") == {}
    packed = stacks.pack(["a < b", "c", "a < b"])
    assert (packed.chains, packed.of) == (("a < b", "c"), (0, 1, 0))
    assert [packed.at(n) for n in (0, 2, 9)] == ["a < b", "a < b", ""]
