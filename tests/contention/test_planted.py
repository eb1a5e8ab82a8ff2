# SPDX-License-Identifier: GPL-2.0-only
"""A call site that is made to hold ``mmu_lock`` longer is the first row of every text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("harness._core", reason="the core is not built")

from harness.cli import main
from harness.contention import record
from tests.contention.lock_stat_parser import parse

SCENARIO, FUNC = "dirty-log-vs-notifier", "kvm_get_dirty_log"
EXPLORE = ("explore", SCENARIO, "--schedules", "80", "--seed", "1")


class Texts:
    """What the formats say of a run."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], *command: str) -> None:
        self.results, self.capsys = ("--results", str(root)), capsys
        assert main([*command, "--quiet", *self.results]) == 0
        capsys.readouterr()

    def locks(self, *options: str) -> str:
        assert main(["locks", "latest", *options, *self.results]) == 0
        return self.capsys.readouterr().out

    def holders(self) -> list[str]:
        rows = json.loads(self.locks("--by", "holder", "--json"))["locks"][SCENARIO]
        return [row["holder"] for row in rows]

    def owners(self) -> list[str]:
        rows = json.loads(self.locks("-o", "--json"))["locks"][SCENARIO]
        return [row["owner"] for row in rows]

    def heaviest_stack(self) -> str:
        """Of those that blame a place; a waiter whose processor was taken away blames nobody."""
        lines = [s for s in self.locks("--format", "folded").splitlines() if " holds;" in s]
        return max(lines, key=lambda line: int(line.rpartition(" ")[2]))


def wrong_in(found: Texts) -> list[str]:
    """The texts in which the planted site is not first."""
    table = parse(found.locks()).classes[0]
    first = {
        "holders": found.holders()[0] == FUNC,
        "owners": found.owners()[0].startswith("vmm"),
        "behind": f" at {FUNC} " in found.locks("-v", "-S", "kvm_handle_hva_range"),
        "lock_stat": "mmu_lock-W" in table.rows and table.holding[0].symbol == FUNC,
        "folded": f" holds;{FUNC} (" in found.heaviest_stack(),
    }
    return [name for name, good in first.items() if not good]


def test_the_planted_site_is_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = Texts(tmp_path, capsys, *EXPLORE, "--delay", f"{FUNC}:mmu_lock=500")
    assert wrong_in(found) == []


@pytest.mark.xdist_group("cpus")
def test_running_free_the_texts_have_the_order_of_the_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is first is for the machine to say: a holder may lose its processor for any time."""
    for seconds in ("0.7s", "3s", "12s", "48s"):  # a busy machine needs longer
        stress = ("stress", SCENARIO, "--duration", seconds, "--seed", "1")
        found = Texts(tmp_path, capsys, *stress, "--delay", f"{FUNC}:mmu_lock=5ms")
        sites = record.read(tmp_path / "latest" / SCENARIO).sites
        planted = next((site for site in sites if site.func == FUNC and site.delay), None)
        if planted and planted.blocked:
            break
    assert planted is not None and planted.blocked > 0
    assert planted.delay == pytest.approx(5e6, rel=1e-3)  # cycles, by the clock
    assert planted.hold.min >= 5e6 * (1 - 1 / 32)
    behind = sorted((site for site in sites if site.blocked), key=lambda s: -s.blocked_total)
    assert [func for func in found.holders() if func != "Unknown"] == [s.func for s in behind]
    for one in parse(found.locks()).classes:
        lock = next(iter(one.rows)).removesuffix("-W").removesuffix("-R")
        assert [p.symbol for p in one.holding] == [s.func for s in behind if s.lock == lock][:4]


def test_it_is_not_where_nothing_is_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Texts(tmp_path, capsys, *EXPLORE)
    assert found.holders()[0] != FUNC
    assert parse(found.locks()).classes[0].holding[0].symbol != FUNC
