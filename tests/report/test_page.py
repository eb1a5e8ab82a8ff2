# SPDX-License-Identifier: GPL-2.0-only
"""The page of a run, read as HTML: what is on it, how large it is, and that nothing gets out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from harness.cli import main
from harness.contention import record as rec
from harness.report import figures, page
from harness.report.gather import gather
from tests.conftest import Run
from tests.contention import records
from tests.report import runs
from tests.report.read import Page

BYTES_MAX = 1_000_000  # of a page with one scenario, whatever was measured
SECTIONS = (
    *("over-time", "distributions", "sites", "readers", "blocking", "retries", "heat"),
    *("coverage", "grace", "windows", "measured"),
)


def page_of(path: Path) -> str:
    return page.of_run(gather(path))


def of_record(record: rec.Contention, path: Path) -> str:
    return page_of(runs.run(path / "run", {"one": record}))


def test_everything_is_on_it_and_the_verdict_first(tmp_path: Path) -> None:
    path = runs.run(tmp_path / "run", {"big": records.big(events=4000)}, code=1)
    runs.recorded(path / "big")
    failed = runs.fail(path / "big")
    read = Page(page_of(path))
    ids = [attributes["id"] for _, attributes in read.elements if attributes.get("id")]
    wanted = ["verdict", "s1", *(f"s1-{name}" for name in SECTIONS), "environment"]
    assert [each for each in ids if each in wanted] == wanted
    said = [
        *("An oracle was violated", "guest-memory", "stamp 7, expected 8"),
        *(f"mmutorture reproduce {failed}", "mmutorture reproduce mt2:x:y:z"),
        *("Tasks that wait, by lock", "Waits for", "Holds of", "Who is waited for", "Who waits"),
        *("Reader/writer mix of mmu_lock", "Readers in mmu_lock at once", "Retries by cause"),
        *("256 ranges of 64 gfns", "Functions and modes", "Length of grace periods", "waited"),
    ]
    places = [read.words.index(text) for text in said]
    assert places[:5] == sorted(places[:5]) and places[4] < min(places[5:])
    assert "Not shown" not in read.words


def test_what_was_not_measured_is_said_to_be_so(tmp_path: Path) -> None:
    text = of_record(records.small(), tmp_path)
    read = Page(text)
    assert read.words.count("not measured in this record") == 4  # retries, heat, coverage, grace
    assert "no time series in this record" in read.words
    heat = text[text.index('class="heat"') : text.index('class="coverage"')]
    assert "<svg" not in heat and "<table" not in heat


@pytest.mark.parametrize(
    ("code", "said"), [(None, "Cut short"), (7, "Not trustworthy"), (99, "Exit status 99")]
)
def test_a_run_that_went_wrong_says_so(tmp_path: Path, code: int | None, said: str) -> None:
    path = runs.run(tmp_path / "run", {"one": records.small(), "two": None}, code)
    read = Page(page_of(path))
    assert said in read.words and "No oracle was violated" not in read.words
    assert "Contention was not measured in this run." in read.words


def test_known_answers(tmp_path: Path) -> None:
    """records.small(): twelve acquisitions, four waits of 100, 200, 300 and 50 us."""
    read = Page(of_record(records.small(), tmp_path))
    _, first, second, *_ = read.table("Who is waited for")
    assert first[:1] + first[2:5] == ["kvm_mmu_zap_all_fast", "mmu_lock-W", "2", "300.0 µs"]
    assert second[:1] + second[2:5] == ["direct_page_fault", "mmu_lock-R", "1", "300.0 µs"]
    waits = {row[0]: (row[1], row[-1]) for row in read.table("Waits")}
    assert waits["mmu_lock-R"] == ("2", "300.0 µs") and waits["mmu_lock-W"] == ("2", "350.0 µs")
    assert waits["slots_lock"] == ("0", "-")
    names, *matrix = read.table("mmu_lock: tasks")
    cells = {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in matrix}
    assert cells["vmm"]["vcpu0"] == "300 µs" and cells["vmm"]["not known"] == "50.0 µs"
    assert cells["vmm"]["all"] == "350.0 µs"
    assert cells["vcpu1"]["vmm"] == "200 µs" and cells["vcpu1"]["all"] == "200.0 µs"


def test_the_planted_site_is_first(tmp_path: Path) -> None:
    read = Page(of_record(runs.planted(), tmp_path))
    assert read.table("Who is waited for")[1][0] == runs.SITE
    assert read.table("Pairs")[1][4].startswith(runs.SITE)
    assert read.table("mmu_lock: call sites")[0][1].replace("\u200b", "").startswith(runs.SITE)


def test_of_a_minimal_failure_its_interleaving(tmp_path: Path) -> None:
    path = runs.run(tmp_path / "run", {"one": records.small()}, code=1)
    failed = runs.fail(path / "one", forced_switches=71)
    runs.fail(failed, forced_switches=1, flip=["load <a>", "store <b>"]).rename(failed / "minimal")
    (failed / "minimal" / "race.txt").write_text("the short one\n")
    words = Page(page_of(path)).words
    assert "the short one" in words and "1 (from 71)" in words
    assert "It fails when load <a> comes before store <b>" in words


def test_a_delay_is_said(tmp_path: Path) -> None:
    record = msgspec.structs.replace(records.small(), delays=("kvm_mmu_zap_all_fast=200000",))
    words = Page(of_record(record, tmp_path)).words
    assert words.count("kvm_mmu_zap_all_fast held 200.0 µs longer") == 2


def test_failures_and_waits_order_the_scenarios(tmp_path: Path) -> None:
    record = runs.planted()
    parts = {"a": records.small(), "b": None, "c": record, "d": records.small()}
    path = runs.run(tmp_path / "run", parts, code=1)
    runs.fail(path / "d")
    read = Page(page_of(path))
    rows = read.table("Scenarios")[1:]
    assert [row[0] for row in rows] == ["d", "c", "a", "b"]
    assert [row[1] for row in rows] == ["guest-memory", "ok", "ok", "ok"]
    assert ("body", {"data-first": "s4"}) in read.elements


def test_repeats_are_matched_by_their_number(tmp_path: Path) -> None:
    names = ["x", *(f"x.{n}" for n in range(2, 12))]
    path = runs.run(tmp_path / "run", dict.fromkeys(names, records.small()))
    documents = [{"scenario": "/some/where/x.toml", "mark": n} for n in range(1, 12)]
    runs.write(
        path / "run.json",
        {"schema": 1, "command": "stress", "seed": "0x1", "scenarios": documents, "exit_code": 0},
    )
    gathered = gather(path)
    assert [each.name for each in gathered.scenarios] == names
    assert [each.document["mark"] for each in gathered.scenarios] == list(range(1, 12))


def test_nothing_gets_out(tmp_path: Path) -> None:
    """Each hostile string is text: no script, element or handler is new."""
    record = runs.hostile(records.big(events=2000))
    path = runs.run(tmp_path / "run", {"a": record, "b'<b>&": records.small()}, code=1)
    for number, evil in enumerate(runs.EVIL, 1):
        runs.fail(path / "a", evil, number, oracle=evil, token=evil, site=evil)
    text = page_of(path)
    read = Page(text)
    tags = [tag for tag, _ in read.elements]
    assert tags.count("script") == 2 and not {"img", "iframe", "object", "form"} & set(tags)
    for _, attributes in read.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert not (attributes.get("href") or "").startswith("javascript")
    assert "{{ 7 * 7 }}" in read.words and "größe 磁 🧨" in read.words
    assert not re.search(r"[\x00\x07\x1b\u202e]", text) and "<001b>[31mred" in read.words


def test_surrogates_of_undecodable_names_are_shown(tmp_path: Path) -> None:
    path = runs.run(tmp_path / "run", {"odd\udcff": records.small()})
    assert "odd<dcff>" in Page(page_of(path)).words
    page_of(path).encode()


def test_no_address_on_it(tmp_path: Path) -> None:
    text = of_record(records.big(events=2000), tmp_path)
    assert not re.findall(r"https?:|//[a-z]+\.|@import|url\(", text)


def test_it_does_not_grow_with_the_run(tmp_path: Path) -> None:
    small = of_record(records.big(tasks=64, places=300, events=3000), tmp_path / "a")
    large = of_record(records.big(tasks=416, places=1000, events=12_000), tmp_path / "b")
    assert len(large.encode()) < min(BYTES_MAX, 1.5 * len(small.encode()))
    assert "The first 100 of 1,000 rows." in Page(large).words


def test_no_more_is_made_than_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is left out is not made: the work goes with the page, and not with the record."""
    made = 0
    exact = figures.exact

    def counted(value: float, unit: str = "") -> str:
        nonlocal made
        made += 1
        return exact(value, unit)

    monkeypatch.setattr(figures, "exact", counted)
    of_record(records.big(tasks=64, places=200, events=3000), tmp_path / "a")
    few, made = made, 0
    of_record(records.big(tasks=64, places=1000, events=12_000), tmp_path / "b")
    assert few > 1000 and made < 1.2 * few


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = runs.run(tmp_path / "run", {"one": records.small()})
    assert main(["report", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}/report.html\n"
    other = tmp_path / "other.html"
    assert main(["report", str(path), "--output", str(other), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bytes"] == other.stat().st_size and said["measured"] == said["scenarios"] == 1
    assert other.read_bytes() == (path / "report.html").read_bytes()
    assert main(["report", str(path), "--output", str(tmp_path / "no" / "x.html")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert main(["report", str(runs.run(tmp_path / "empty", {}))]) == 2
    assert "has no scenario's results" in capsys.readouterr().err


def test_a_record_of_another_build_is_named(tmp_path: Path) -> None:
    path = runs.run(tmp_path / "run", {"one": records.small()})
    (path / "one" / rec.FILE).write_text('{"schema": 99}')
    assert "is no record that this build reads" in Page(page_of(path)).words


def test_a_planted_delay_of_a_real_run_is_first(mmutorture: Run, tmp_path: Path) -> None:
    """200 steps inside, in every section that the function opens; a controlled run, so exact."""
    done = mmutorture(
        *("explore", "zap-vs-fault", "--schedules", "20", "--seed", "7", "--quiet"),
        *("--delay", f"{runs.SITE}:mmu_lock=200"),
    )
    assert done.code == 0, done.err
    file = mmutorture("report").out.strip()
    read = Page((tmp_path / file).read_text(encoding="utf-8"))
    assert read.table("Who is waited for")[1][0] == runs.SITE
    assert runs.SITE in read.table("Pairs")[1][4]
    assert f"Planted: {runs.SITE}:mmu_lock held 200 steps longer." in read.words
