# SPDX-License-Identifier: GPL-2.0-only
"""``mmutorture locks`` on results that were written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.contention import lock_stat, perf
from harness.contention import record as rec
from tests.contention import records
from tests.contention.lock_stat_parser import parse

Locks = Callable[..., tuple[int, str, str]]


def write_run(root: Path, scenarios: dict[str, rec.Contention | None], ended: bool = True) -> Path:
    run = root / "2026.01.01-00.00.00"
    run.mkdir(parents=True)
    (run / "env.json").write_text("{}")
    for name, record in scenarios.items():
        directory = run / name
        directory.mkdir()
        (directory / "scenario.toml").write_text("")
        if record is not None:
            (directory / rec.FILE).write_text(rec.encode(record), encoding="utf-8")
    if ended:
        (run / "run.json").write_text("{}")
    return run


@pytest.fixture
def locks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Locks:
    root = tmp_path / "results"
    write_run(root, {"one": records.small(), "two": records.big(events=500), "bare": None})

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["locks", "2026.01.01-00.00.00", *arguments, "--results", str(root)])
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


def test_formats(locks: Locks) -> None:
    code, out, _ = locks("one")
    assert code == 0 and out == lock_stat.render(records.small())
    assert locks("one", "--format", "lock_stat")[1] == out
    _, out, _ = locks("one", "-k", "contended", "-E", "1")
    assert out.startswith(" contended   total wait") and len(out.splitlines()) == 3
    _, out, _ = locks("one", "-t", "-x", ",")
    assert out.startswith("# output: contended, total wait, max wait, avg wait, pid, comm\n2, ")
    _, out, _ = locks("one", "--format", "folded", "-k", "contended")
    assert sum(int(line.rpartition(" ")[2]) for line in out.splitlines()) == 4
    _, out, _ = locks("one", "-v")
    assert "behind vmm at kvm_mmu_zap_all_fast roots.c:301" in out


def test_all_scenarios_of_a_run(locks: Locks) -> None:
    _, out, _ = locks()
    first, _, second = out.partition("two:\n")
    assert first.startswith("one:\nlock_stat version 0.4") and parse(second).rows()
    _, out, _ = locks("--format", "folded")
    assert {line.partition(";")[0] for line in out.splitlines()} == {"one", "two"}


def test_one_scenarios_directory(
    locks: Locks, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "results" / "2026.01.01-00.00.00" / "one"
    assert main(["locks", str(directory)]) == 0
    assert capsys.readouterr().out == lock_stat.render(records.small())


@pytest.mark.parametrize("by", perf.VIEWS)
def test_json_has_the_same_rows(locks: Locks, by: str) -> None:
    _, table, _ = locks("one", "--by", by, "-k", "contended")
    code, out, _ = locks("one", "--by", by, "-k", "contended", "--json")
    document = json.loads(out)
    assert code == 0 and document["units"] == {"one": "ns"} and document["format"] == "perf"
    rows = document["locks"]["one"]
    figures = [int(line.split()[0]) for line in table.splitlines()[2:]]
    assert [row["contended"] for row in rows] == figures


@pytest.mark.parametrize("name", ["lock_stat", "folded"])
def test_json_of_the_other_formats(locks: Locks, name: str) -> None:
    document = json.loads(locks("--format", name, "--json")[1])
    assert set(document["locks"]) == {"one", "two"} and all(document["locks"].values())


@pytest.mark.parametrize("arguments, what", [
    (("-k", "nonsense"), "-k nonsense: is no key; there are contended, wait_total, wait_max"),
    (("-F", "contended,oops"), "-F oops: is no key"),
    (("-E", "none"), "-E is 'none', which is not a number"),
    (("-E", "0"), "-E is 0; allowed: 1 to"),
    (("-Y", "rwsem"), "-Y rwsem: is no type of lock"),
    (("-L", "mmu_lok"), "did you mean 'mmu_lock'?"),
    (("-x", ":"), "-x ':': a separator"),
    (("on",), "on: is no scenario of 2026.01.01-00.00.00; did you mean 'one'?; there are bare"),
    (("bare",), "holds no contention.json: another build made it, or measured no locks"),
    (("--format", "lock_stat", "-k", "contended"), "-k is for --format perf or folded, not for"),
    (("--format", "folded", "-x", ","), "-x is for --format perf, not for folded"),
    (("--format", "folded", "-k", "p99"), "folded stacks are weighed by wait_total or contended"),
    (("--format", "html"), "invalid choice: 'html'"),
    (("-t", "-l"), "not allowed with argument"),
    (("--by", "moon"), "invalid choice: 'moon'"),
])  # fmt: skip
def test_bad_input_is_one_clear_line(locks: Locks, arguments: tuple[str, ...], what: str) -> None:
    if arguments == ("bare",):
        arguments = ("bare", "--format", "perf")
    code, out, err = locks(*arguments)
    assert code == 2 and out == ""
    assert what in err and err.count("\n") == 1


def test_a_run_that_was_cut_short(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, {"one": None}, ended=False)
    for chosen in ("perf", "lock_stat", "lock_order"):
        code = main(
            ["locks", "2026.01.01-00.00.00", "--format", chosen, "--results", str(tmp_path)]
        )
        assert code == 2 and "cut short" in capsys.readouterr().err


def test_the_text_of_an_older_build_is_still_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, {"one": None})
    (run / "one" / lock_stat.FILE).write_text("lock_stat version 0.4\n")
    assert main(["locks", str(run)]) == 0
    assert capsys.readouterr().out == "lock_stat version 0.4\n"
    assert main(["locks", str(run), "--format", "perf"]) == 2
    assert "another build made it" in capsys.readouterr().err


def test_a_record_of_another_schema_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, {"one": records.small()})
    (run / "one" / rec.FILE).write_text('{"schema": 99}')
    assert main(["locks", str(run)]) == 2
    assert "is no record that this build reads" in capsys.readouterr().err


def show(run: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main(["show", str(run), *more]) == 0
    return capsys.readouterr().out


def test_show_names_the_most_contended_call_sites(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = write_run(tmp_path, {"one": records.small(), "two": None}, ended=False)
    lines = [" ".join(line.split()) for line in show(run, capsys).splitlines()]
    assert "mmu_lock-R direct_page_fault fault.c:214 2 waits 300.00 us one" in lines
    assert "mmu_lock-W kvm_mmu_unmap_gfn_range notifier.c:77 1 wait 50.00 us one" in lines
    assert f"report: mmutorture report {run.name}" in lines
    (run / "report.html").write_text("<p>")
    assert f"report {run / 'report.html'}" in show(run, capsys)
    document = json.loads(show(run, capsys, "--json"))
    assert [row["contended"] for row in document["contended"]] == [2, 1, 1]
    assert document["contended"][0]["lock"] == "mmu_lock" and document["report"]


def test_show_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = write_run(tmp_path / "bare", {"one": None}, ended=False)
    assert "lock contention was not recorded" in show(bare, capsys)
    quiet = write_run(tmp_path / "quiet", {"one": records.build((), (), ())}, ended=False)
    assert "no lock was contended" in show(quiet, capsys)
