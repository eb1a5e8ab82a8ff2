# SPDX-License-Identifier: GPL-2.0-only
"""The page of a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import main
from harness.contention.record import Times
from harness.report import versus
from tests.compare.made_runs import Made, write
from tests.report.read import Page

DELAY = "kvm_mmu_zap_all_fast:mmu_lock=200us"


def pair(root: Path, b: Made) -> list[str]:
    return [str(write(root / "a", Made(seed=1))), str(write(root / "b", b))]


def test_a_planted_delay_is_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = Made(seed=2, speed=0.8, hold_ns=200_000, settings={"delay": DELAY})
    runs = pair(tmp_path, made)
    assert main(["report", *runs, "--differs", "delay", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "worse" and said["file"] == f"{tmp_path}/b/compared.html"
    text = Path(said["file"]).read_text(encoding="utf-8")
    read = Page(text)
    assert said["bytes"] == len(text.encode())
    assert "B is worse" in read.words and DELAY in read.words
    assert read.words.index("B is worse") < read.words.index("What the verdict rests on")
    _, first, *_ = read.table("What else changed")
    assert first[0] == "mmu_lock-W in kvm_mmu_zap_all_fast: others waited" and first[1] == "worse"
    _, first, *_ = read.table("Call sites that others waited for")
    assert first[0] == "kvm_mmu_zap_all_fast" and first[4].startswith("+")


def test_nothing_changed(tmp_path: Path) -> None:
    runs = pair(tmp_path, Made(seed=2))
    file = tmp_path / "page.html"
    assert main(["compare", *runs, "--html", str(file), "--quiet"]) == 0
    read = Page(file.read_text(encoding="utf-8"))
    assert "No evidence of a change" in read.words
    assert {row[1] for row in read.table("What the verdict rests on")[1:]} == {"no evidence"}


def test_what_cannot_be_compared_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = pair(tmp_path, Made(seed=2, settings={"delay": DELAY}))
    assert main(["report", *runs]) == 2
    assert "say --differs delay" in capsys.readouterr().err
    assert main(["report", runs[0], "--differs", "delay"]) == 2
    assert main(["report", *runs, runs[0]]) == 2
    assert not list(tmp_path.glob("*/*.html"))


def test_repeats_are_put_together() -> None:
    one = Times(count=3, total=6.0, min=1.0, max=3.0, buckets=((1, 2, 2), (3, 4, 1)))
    two = Times(count=1, total=1.5, min=1.5, max=1.5, buckets=((1, 2, 1),))
    both = versus.merged([one, Times(), two])
    assert both.buckets == ((1, 2, 3), (3, 4, 1)) and both.count == 4
    assert (both.min, both.max, both.total) == (1.0, 3.0, 7.5)
