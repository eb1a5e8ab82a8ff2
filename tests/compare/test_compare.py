# SPDX-License-Identifier: GPL-2.0-only
"""What ``compare`` says of runs whose difference is known, and what it refuses to compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cli import main
from harness.compare import runs, text, verdict
from harness.compare.verdict import Comparison
from harness.errors import UsageError
from tests.compare.made_runs import SCENARIO, Made, write


def compared(tmp_path: Path, a: Made, b: Made, **how: Any) -> Comparison:
    sides = [write(tmp_path / name, made) for name, made in (("a", a), ("b", b))]
    return verdict.compare(*map(runs.read, sides), **how)


def refusal(tmp_path: Path, a: Made, b: Made, **how: Any) -> str:
    with pytest.raises(UsageError) as refused:
        compared(tmp_path, a, b, **how)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_identical_runs_show_nothing(tmp_path: Path) -> None:
    found = [compared(tmp_path / str(n), Made(seed=n), Made(seed=n + 50)) for n in range(1, 21)]
    assert sum(one.change == "no evidence" for one in found) >= 19


@pytest.mark.parametrize(("speed", "says"), [(0.8, "worse"), (1.2, "better")])
def test_a_fifth_is_found(tmp_path: Path, speed: float, says: str) -> None:
    pairs = [(Made(seed=n), Made(seed=n + 50, speed=speed)) for n in range(1, 21)]
    found = [compared(tmp_path / str(n), *pair) for n, pair in enumerate(pairs)]
    assert sum(one.change == says for one in found) >= 19
    row = found[0].scenarios[0].decides
    assert row is not None and row.metric.name == "faults resolved"
    assert row.estimate.low < speed < row.estimate.high
    assert found[0].scenarios[0].headline[0].estimate.ratio == pytest.approx(speed, rel=0.05)


def test_a_planted_contention_is_the_first_row(tmp_path: Path) -> None:
    planted = Made(seed=2, hold_ns=200_000, settings={"delay": "kvm_mmu_zap_all_fast"})
    found = compared(tmp_path, Made(seed=1), planted, differs=["delay"])
    first = found.scenarios[0].changed[0]
    assert "mmu_lock-W in kvm_mmu_zap_all_fast" in first.metric.name and first.change == "worse"
    assert found.change == "worse"
    decides = found.scenarios[0].decides
    assert decides is not None and decides.metric.name == "mmu_lock wait per acquisition"
    lines = text.lines(found)
    assert "they differ in delay" in lines[2]
    table = next(n for n, line in enumerate(lines) if "what else changed" in line)
    assert "kvm_mmu_zap_all_fast" in lines[table + 2]


def test_a_metric_of_ones_own(tmp_path: Path) -> None:
    name = "mmu_lock-W hold"
    found = compared(tmp_path, Made(seed=1), Made(seed=2, hold_ns=200), chosen=[name])
    assert [row.metric.name for row in found.scenarios[0].headline] == [name]
    assert found.change == "better"
    assert "no such figure" in refusal(tmp_path / "x", Made(), Made(), chosen=["mmu_lock-W holt"])


def test_too_few_repeats_say_so(tmp_path: Path) -> None:
    found = compared(tmp_path, Made(repeats=3), Made(seed=2, repeats=3, speed=0.5))
    assert found.change == "no evidence"
    assert any("too few repeats" in note for note in found.scenarios[0].notes)


def test_steps_of_the_same_seeds_are_exact(tmp_path: Path) -> None:
    a = Made(unit="steps", repeats=1, noise=0, seeds=(5,))
    same = compared(tmp_path / "same", a, Made(**{**vars(a), "seed": 9}))
    assert same.scenarios[0].exact and same.change == "no evidence"
    assert not same.scenarios[0].changed
    other = compared(tmp_path / "other", a, Made(**{**vars(a), "speed": 0.99}))
    assert other.change == "worse" and other.worse_by == pytest.approx(0.01, rel=0.01)
    elsewhere = compared(tmp_path / "seeds", a, Made(**{**vars(a), "seeds": (6,), "speed": 0.9}))
    assert not elsewhere.scenarios[0].exact and elsewhere.change == "no evidence"


def test_a_busier_machine_leaves_core_seconds(tmp_path: Path) -> None:
    found = compared(tmp_path, Made(seed=1), Made(seed=2, others=0.6, speed=0.7))
    names = [row.metric.name for row in found.scenarios[0].headline]
    assert names and all("per core-second" in name for name in names)
    assert any("60 % in B" in note for note in found.scenarios[0].notes)


def test_turns_are_recognised(tmp_path: Path) -> None:
    a = Made(seed=1, turns={"with": "b", "arguments": "--checks on"}, settings={"checks": True})
    b = Made(seed=2, turns={"with": "a", "arguments": "--checks off"}, settings={"checks": False})
    found = compared(tmp_path, a, b)
    assert found.in_turns and [d.key for d in found.differs] == ["checks"]
    shorter = Made(**{**vars(b), "repeats": 10})
    assert not compared(tmp_path / "cut", a, shorter).in_turns


OTHER_SCENARIO = SCENARIO.replace("count = 2", "count = 3")


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (Made(scenario=OTHER_SCENARIO), "tasks.0.count (2 against 3)"),
        (Made(settings={"checks": False}), "checks (not set against false)"),
        (Made(settings={"duration": 2.0}), "--differs duration"),
        (Made(environment={"build_kind": "debug"}), "build-kind"),
        (Made(environment={"processor": "another"}), "machine.processor"),
        (Made(unit="steps"), "unit is"),
        (Made(document={"trustworthy": False}), "not trustworthy"),
        (Made(document={"interrupted": True}), "interrupted"),
        (Made(document={"violations": 1}), "oracle was violated"),
        (Made(document={"settings": {}, "directory": "fault-storm"}), "duration"),
    ],
)
def test_what_is_refused(tmp_path: Path, made: Made, says: str) -> None:
    assert says in refusal(tmp_path, Made(), made)


def test_what_is_said_to_differ_may(tmp_path: Path) -> None:
    other = Made(seed=2, scenario=OTHER_SCENARIO, settings={"checks": False})
    said = refusal(tmp_path / "1", Made(), other, differs=["checks"])
    assert "--differs tasks.0.count" in said and "--differs checks" not in said
    found = compared(tmp_path / "2", Made(), other, differs=["checks", "tasks"])
    assert [d.key for d in found.differs] == ["tasks.0.count", "checks"]
    assert "did you mean 'checks'" in refusal(
        tmp_path / "3", Made(), other, differs=["check", "tasks", "checks"]
    )


def test_another_build_is_what_one_compares(tmp_path: Path) -> None:
    found = compared(tmp_path, Made(), Made(seed=2, environment={"build": "another"}))
    assert found.change == "no evidence"


def test_older_and_cut_short_runs(tmp_path: Path) -> None:
    path = write(tmp_path / "old", Made(repeats=1))
    document = json.loads((path / "run.json").read_text())
    del document["scenarios"][0]["directory"]
    (path / "run.json").write_text(json.dumps(document))
    with pytest.raises(UsageError, match="older build"):
        runs.read(path)
    unmeasured = write(tmp_path / "unmeasured", Made(repeats=1))
    (unmeasured / "fault-storm" / "contention.json").unlink()
    with pytest.raises(UsageError, match="--lock-stat on"):
        runs.read(unmeasured)
    (path / "run.json").unlink()
    with pytest.raises(UsageError, match="cut short"):
        runs.read(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write(tmp_path / "a", Made(seed=1)), write(tmp_path / "b", Made(seed=2, speed=0.8))
    assert main(["compare", str(a), str(b)]) == 0
    out = capsys.readouterr().out
    assert "verdict: worse" in out and "faults resolved" in out
    assert main(["compare", str(a), str(b), "--fail-above", "10%"]) == 1
    assert "more than 10%" in capsys.readouterr().out
    assert main(["compare", str(a), str(b), "--fail-above", "30%", "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["compare", str(b), str(a), "--fail-above", "1%", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"] == "better" and document["worse_by"] == 0
    assert document["scenarios"][0]["headline"][0]["metric"] == "faults resolved"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a"], "which two runs"),
        (["a", "b", "--a", "x"], "--a is for --run"),
        (["a", "b", "--run", "same-gfn"], "not both"),
        (["--run", "same-gfn"], "what is compared?"),
        (["--run", "same-gfn", "--b", "--seed 3"], "--seed is the same for both"),
        (["--run", "same-gfn", "--b", "'"], "No closing quotation"),
        (["a", "b", "--fail-above", "10"], "write 10%"),
        (["nowhere", "b"], "is not a run"),
    ],
)
def test_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["compare", *arguments, "--results", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())
