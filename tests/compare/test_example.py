# SPDX-License-Identifier: GPL-2.0-only
"""The worked example's page and pictures, made of runs that are made up."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from harness.compare import runs, text, verdict
from tests.compare.made_runs import Made, write

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example", ROOT / "tools" / "example.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["example"] = module
    spec.loader.exec_module(module)
    return module


def test_a_section_and_its_picture(example: ModuleType, tmp_path: Path) -> None:
    pair = [
        write(tmp_path / name, made)
        for name, made in (("a", Made(seed=1)), ("b", Made(seed=2, speed=0.8, hold_ns=90_000)))
    ]
    found = text.document(verdict.compare(*map(runs.read, pair)))
    question = example.Question("key", "<fast>", "slow & steady", "--set x")
    section = example.section(question, found, Namespace(repeat=12, duration="1s"))
    assert "Verdict: **worse**, by faults resolved." in section
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1  # one table
    assert any("kvm_mmu_zap_all_fast: others waited" in line for line in rows)
    svg = example.picture(question, found)
    tree = ElementTree.fromstring(svg)
    dots = [one for one in tree.iter() if one.tag.endswith("circle")]
    assert len(dots) == 3 * 24
    assert all(example.LEFT <= float(dot.get("cx", "0")) <= example.WIDTH for dot in dots)
    assert "&lt;fast&gt;" in svg and "<fast>" not in svg


def test_the_page_has_its_marks(example: ModuleType) -> None:
    page = example.PAGE.read_text(encoding="utf-8")
    for mark in ("conditions", *(question.key for question in example.QUESTIONS)):
        assert "\nnew text\n" in example.replaced(page, mark, "new text")
    with pytest.raises(SystemExit):
        example.replaced(page, "another", "")


@pytest.mark.parametrize(("value", "end"), [(0.0123, 0.013), (99.1, 100), (1, 1), (957.3, 960)])
def test_where_an_axis_ends(example: ModuleType, value: float, end: float) -> None:
    assert example.round_up(value) == pytest.approx(end)
