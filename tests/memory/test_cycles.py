# SPDX-License-Identifier: GPL-2.0-only
"""Critical cycles under the kernel's model: what the core shows is what the axioms allow."""

import re

import pytest

from tests.memory.axioms import outcomes
from tests.memory.cycles import cycles
from tests.memory.shapes import observed, parse


@pytest.mark.parametrize("first", [0, 20])
def test_cycles_against_the_axioms(first):
    texts = cycles(first, 20)
    assert len(texts) > 15
    for text in texts:
        program = parse(text)
        assert observed(program, "lkmm") == outcomes(program, "lkmm"), text


def test_what_an_execution_in_order_cannot_show_is_set_apart():
    """Load buffering: each thread reads what another writes later, and writes."""
    texts = [
        text for text in cycles(0, 600) if re.fullmatch(r"(R[xyz][ .][^|]*W.[^|]*\|? ?)+", text)
    ]
    missing = 0
    for text in texts:
        program = parse(text)
        shown, allowed = outcomes(program, "lkmm"), outcomes(program, "lkmm", in_order=False)
        assert shown <= allowed, text
        missing += shown != allowed
    assert 0 < missing < len(texts)


def test_the_cycles_tell_models_apart_and_notice_a_fence_that_is_missing():
    programs = [parse(text) for text in cycles(0, 40)]
    assert sum(outcomes(p, "sc") != outcomes(p, "lkmm") for p in programs) > 20
    fenced, bare = parse("Wx1 wmb Wy1 | Ry.acq Rx"), parse("Wx1 Wy1 | Ry.acq Rx")
    assert observed(bare, "lkmm") != outcomes(fenced, "lkmm") == observed(fenced, "lkmm")
