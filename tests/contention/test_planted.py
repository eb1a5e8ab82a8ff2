# SPDX-License-Identifier: GPL-2.0-only
"""A call site that is made to hold ``mmu_lock`` longer is the first row of every text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("harness._core", reason="the core is not built")

from harness.cli import main
from tests.contention.lock_stat_parser import parse

SCENARIO, FUNC = "dirty-log-vs-notifier", "kvm_get_dirty_log"
EXPLORE = ("explore", SCENARIO, "--schedules", "80", "--seed", "1")
RUNS = 3
STRESS = ("stress", SCENARIO, "--duration", "0.7s", "--seed", "1")


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
def test_the_planted_site_is_first_running_free(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a busy machine another holder may lose its processor for longer than that: thrice."""
    wrong = []
    for attempt in range(RUNS):
        root = tmp_path / str(attempt)
        wrong.append(wrong_in(Texts(root, capsys, *STRESS, "--delay", f"{FUNC}:mmu_lock=5ms")))
        if not wrong[-1]:
            return
    raise AssertionError(wrong)


def test_it_is_not_where_nothing_is_planted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Texts(tmp_path, capsys, *EXPLORE)
    assert found.holders()[0] != FUNC
    assert parse(found.locks()).classes[0].holding[0].symbol != FUNC
