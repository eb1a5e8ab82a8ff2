# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's arithmetic, what it says where it cannot run, and that its programs do."""

import io
import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from harness import bench
from harness.bench import report, workshop
from harness.bench.row import Effort, Row, Target, document, make_row
from harness.bench.workshop import Workshop
from harness.errors import Exit


class TestRow:
    def test_medians_and_spread(self) -> None:
        row = make_row("lock", "ns", [3.0, 1.0, 2.0])
        assert (row.ours, row.spread, row.peer, row.ratio, row.met) == (2, (1, 3), None, None, None)

    def test_ratio_is_above_one_where_ours_is_better(self) -> None:
        rate = make_row("rate", "M/s", [4.0], "peer", [2.0])
        cost = make_row("cost", "ns", [4.0], "peer", [2.0], more_is_better=False)
        assert (rate.ratio, cost.ratio) == (2, 0.5)

    def test_ratio_is_of_rounds_and_not_of_medians(self) -> None:
        """A slow spell hits both sides of a round, and so says nothing."""
        row = make_row("rate", "M/s", [10.0, 1.0, 10.0], "peer", [5.0, 0.5, 5.0])
        assert row.ratio == 2

    @pytest.mark.parametrize(
        ("target", "ours", "ratio", "met"),
        [
            (Target(">= 10", low=10), 10, None, True),
            (Target(">= 10", low=10), 9.9, None, False),
            (Target("<= 4", high=4), 4.1, None, False),
            (Target(">= 2x", ratio=2), 1, 2.0, True),
            (Target(">= 2x", ratio=2), 1, None, False),
        ],
    )
    def test_targets(self, target: Target, ours: float, ratio: float | None, met: bool) -> None:
        assert target.met(ours, ratio) is met

    def test_document_has_what_scripts_rely_on(self) -> None:
        row = document(make_row("rate", "M/s", [4.0], "peer", [2.0], Target(">= 2x", ratio=2)))
        assert json.loads(json.dumps(row)) == {
            **{"name": "rate", "unit": "M/s", "ours": 4.0, "spread": [4.0, 4.0]},
            **{"peer": 2.0, "peer_name": "peer", "ratio": 2.0, "target": ">= 2x", "met": True},
        }


def test_table_is_whole_where_the_terminal_is_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    row = Row("a figure with quite a long name, 95 % read", "schedules/s", 12345.6, (1.0, 2.0))
    with redirect_stdout(io.StringIO()) as out:
        report.render([row])
    assert row.name in out.getvalue() and "12,346" in out.getvalue()


class TestSkips:
    def sentence(self, capsys: pytest.CaptureFixture[str]) -> str:
        assert bench.run(json=False, quiet=True) == Exit.SKIPPED
        printed = capsys.readouterr()
        assert printed.out == ""
        return printed.err.splitlines()[-1]

    def test_without_sources(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(workshop, "ROOT", tmp_path)
        assert "needs a source checkout" in self.sentence(capsys)

    def test_without_a_compiler(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", "/nonexistent")
        monkeypatch.setenv("CC", "no-such-compiler")
        assert "no C compiler" in self.sentence(capsys)


def test_report_is_one_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(out: object, directory: Path, effort: Effort) -> Sequence[Row]:
        assert effort.rounds >= 3
        return [make_row("lock", "ns", [1.0])]

    monkeypatch.setattr(bench, "measure", measure)
    assert bench.run(json=True, quiet=False, quick=True) == Exit.PASS
    printed = json.loads(capsys.readouterr().out)
    assert printed["rows"][0]["name"] == "lock"
    assert printed["bench"].keys() >= {"cores", "load", "busy", "idle", "build", "elapsed_s"}


def test_programs_compile_and_measure(tmp_path: Path) -> None:
    """Each prints the columns that it promises, all of them positive where there is a peer."""
    shop = Workshop(tmp_path)
    shop.flags += ["-Werror", "-O0"]  # what they measure is of no interest here
    core = shop.core("plain")
    columns = {
        ("fault", "2", "1"): 2,
        ("kernel_fault", "1"): 1,
        ("rcu", "1"): 3,
        ("rwlock", "pairs", "1"): 4,
    }
    for (name, *args), count in columns.items():
        lines = workshop.samples(shop.program(name, "plain", core), *args)
        assert [len(line) for line in lines] == [count]
        assert all(value > 0 for value in lines[0][:2])
    mixed = workshop.samples(tmp_path / "rwlock-plain", "mix", 4, 20, 2)
    assert [len(line) for line in mixed] == [3] * 4
    assert all(0 <= fairness <= 1 for _, _, fairness in mixed)
