# SPDX-License-Identifier: GPL-2.0-only
"""`make soak`: what is kept goes on where it ended, and a violation stops it."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

pytest.importorskip("harness._core")

from harness.core import catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    yield importlib.import_module("soak")
    for name in ("soak", "cells"):
        sys.modules.pop(name, None)


def options(results: Path, **more: object) -> argparse.Namespace:
    fields: dict[str, object] = {
        "strategy": ["random"],
        "memory": None,
        "scenario": ["two-writers"],
        "chunk": "50ms",
        "results": str(results),
        "anew": False,
    }
    return argparse.Namespace(**fields | more)


def test_it_covers_every_cell_once_a_round_with_a_seed_of_its_own(
    soak: Any, tmp_path: Path
) -> None:
    one = soak.Soak(options(tmp_path, strategy=None, scenario=None))
    names = {recipe.settings.strategy for recipe in one.recipes}
    assert {"random", "pct", "mix"} <= names and "replay" not in names
    cells = len(one.recipes)
    chunks = [one.chunk() for _ in range(cells + 1)]
    assert (
        len({(c.recipe.spec, c.recipe.overrides, c.recipe.settings) for c in chunks}) == cells + 1
    )
    assert chunks[0].recipe.spec == chunks[cells].recipe.spec
    assert chunks[0].recipe.settings.seed + 1 == chunks[cells].recipe.settings.seed


def test_it_goes_on_from_where_it_was(soak: Any, tmp_path: Path) -> None:
    one = soak.Soak(options(tmp_path))
    first, second = one.chunk(), one.chunk()
    one.state.add(first, soak.Done(10, 100, 5, 0.5))
    one.save()
    again = soak.Soak(options(tmp_path))
    assert again.chunk() == second
    assert again.chunk().index == 2
    assert again.state.schedules == 10
    with pytest.raises(SystemExit, match="repeat those options"):
        soak.Soak(options(tmp_path, chunk="70ms"))
    assert soak.Soak(options(tmp_path, anew=True)).chunk() == first


def test_a_violation_stops_it_and_is_kept(
    soak: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = soak.Soak(options(tmp_path))
    bug = catalogue.find_bug("A03")
    one.recipes = [importlib.import_module("cells").switch_cell(bug, 1, "mix")]
    assert one.run(600.0, 1) == 1
    assert " token " in capsys.readouterr().out
    state = msgspec.json.decode(one.file.read_bytes(), type=soak.State)
    (directory,) = state.violations
    assert (Path(directory) / "token.txt").is_file()
