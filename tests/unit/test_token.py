# SPDX-License-Identifier: GPL-2.0-only
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.anchors import Anchor, op_code
from harness.errors import UsageError
from harness.scenario.settings import Settings

pytest.importorskip("harness._core")

from harness.core.structs import event_ops
from harness.core.token import (
    PLAN_CHARS_MAX,
    Recipe,
    Token,
    format_token,
    looks_like_token,
    pack_plan,
    parse_token,
    unpack_plan,
)

PLAN = (
    Anchor(2, "cmpxchg", 0xABCDEF, 3, 0, 4),
    Anchor(31, "needbreak", 1, 1 << 31, 0x102, 1),
)


def token(**changes: object) -> Token:
    settings = Settings(
        seed=0x9E3779B97F4A7C15,
        strategy="pct",
        depth=4,
        memory="tso",
        bugs=("A03",),
        without=("lockdep",),
    )
    fields = {
        "recipe": Recipe("zap-vs-fault", (("tasks.vcpu.count", "3"),), settings),
        "scenario_hash": "0123abcd",
        "build": "89ef4567",
        "iteration": 9312,
        "plan": PLAN,
    }
    return Token(**(fields | changes))  # type: ignore[arg-type]


def test_round_trip() -> None:
    text = format_token(token())
    assert text.startswith("mt2:zap-vs-fault,bug=A03,vcpus=3,without=lockdep,memory=tso:0123abcd:")
    assert ":pct,depth=4:9e3779b97f4a7c15:9312:" in text
    assert parse_token(text) == token()
    assert looks_like_token(text)


def test_values_that_need_quoting() -> None:
    recipe = Recipe(
        "./my tests/a;b:c.toml",
        (("tasks.0.gfns", "[0, 8]"), ("tasks.0.mix", "{ read = 1, write+x = 2 }")),
        Settings(seed=1, strategy="random"),
    )
    text = format_token(token(recipe=recipe, plan=()))
    assert text.count(":") == 8 and " " not in text
    assert parse_token(text).recipe == recipe


WORD = st.integers(0, (1 << 32) - 1)
ANCHOR = st.builds(Anchor, WORD, st.sampled_from(sorted(event_ops())), WORD, WORD, WORD, WORD)


@given(st.lists(ANCHOR, max_size=20))
def test_plans_survive_packing(anchors: list[Anchor]) -> None:
    plan = tuple(anchors)
    packed = pack_plan(plan)
    assert len(packed) <= PLAN_CHARS_MAX
    if packed != "-":
        assert unpack_plan(packed) == plan


def test_long_plans_are_left_out() -> None:
    assert pack_plan(PLAN * 100) == "-"
    assert pack_plan(()) == "0" and unpack_plan("0") == ()
    assert pack_plan(None) == "-" and unpack_plan("-") is None


@given(st.integers(0), st.sampled_from("0123456789abcdefz:;=-"))
def test_one_changed_character_is_noticed(position: int, character: str) -> None:
    text = format_token(token())
    at = position % len(text)
    if text[at] != character:
        with pytest.raises(UsageError, match="the token is refused: "):
            parse_token(text[:at] + character + text[at + 1 :])


@given(st.integers(0))
def test_a_truncated_token_is_noticed(length: int) -> None:
    text = format_token(token())
    with pytest.raises(UsageError, match="the token is refused: "):
        parse_token(text[: length % len(text)])


def test_another_version_is_named() -> None:
    with pytest.raises(UsageError, match="its format is 'mt1', and this is a reader of mt2"):
        parse_token("mt1" + format_token(token())[3:])


@pytest.mark.parametrize("packed", ["%%%", "gA", "AQ", "____________8B", "AQIDBAU"])
def test_damaged_plans(packed: str) -> None:
    with pytest.raises(UsageError, match="plan is damaged"):
        unpack_plan(packed)


def test_every_operation_has_a_code_of_its_own() -> None:
    names = event_ops()
    assert len({op_code(name) for name in names}) == len(names) > 20


def test_work_that_is_cut_short() -> None:
    recipe = Recipe("same-gfn", (), Settings(seed=1, cut=(("vcpu0", 2), ("host-mm0", 0))))
    text = format_token(token(recipe=recipe))
    assert text.startswith("mt2:same-gfn,ops.vcpu0=2,ops.host-mm0=0:")
    assert parse_token(text).recipe.settings.cut == recipe.settings.cut


def test_what_is_no_token() -> None:
    assert not looks_like_token("results/latest/failure-1")
    assert not looks_like_token("mt:x")
    assert looks_like_token("mt2:whatever")
