# SPDX-License-Identifier: GPL-2.0-only
"""A and B in turns, for real: what is written, and what the knobs of the worked example do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.compare.turns import order


def test_the_order_of_turns() -> None:
    seen = {"".join(order(24, seed)) for seed in range(200)}
    assert len(seen) == 200 and "".join(order(24, 7)) == "".join(order(24, 7))
    for turns in seen:
        assert all({*pair} == {"a", "b"} for pair in zip(turns[::2], turns[1::2], strict=True))
    firsts = sum(turns[0] == "a" for turns in seen)
    assert 60 < firsts < 140


def test_turns_write_two_runs_that_compare_again(mmutorture: Callable, tmp_path: Path) -> None:
    arguments = ["--run", "same-gfn", "--repeat", "2", "--duration", "0.1s", "--seed", "7"]
    knob = "--set vm.mmu-lock=exclusive"
    done = mmutorture("compare", *arguments, "--b", knob, "--json")
    assert done.code == 0, done.err
    found = done.json
    assert found["in_turns"] is True and found["verdict"] == "no evidence"
    assert [d["key"] for d in found["differs"]] == ["vm.mmu-lock"]
    scenario = found["scenarios"][0]
    assert scenario["repeats"] == [2, 2] and "too few repeats" in scenario["notes"][0]
    a, b = (Path(found[side]) for side in "ab")
    seeds = [
        [one["seed"] for one in json.loads((run / "run.json").read_text())["scenarios"]]
        for run in (a, b)
    ]
    assert seeds[0] == seeds[1] == ["0x0000000000000007", "0x0000000000000008"]
    again = mmutorture("compare", a.name, b.name, "--json").json
    assert {**again, "exit_code": 0} == found
    alone = mmutorture("stress", "same-gfn", "--duration", "0.1s", "--json")
    refused = mmutorture("compare", b.name, alone.json["results"])
    assert refused.code == 2 and "--differs vm.mmu-lock" in refused.err


def test_an_exclusive_lock_has_one_reader_at_a_time(mmutorture: Callable, tmp_path: Path) -> None:
    seen = {}
    for kind in ("rwlock", "exclusive"):
        knob = f'vm.mmu-lock="{kind}"'
        arguments = ["same-gfn", "--schedules", "200", "--seed", "3", "--set", knob, "--json"]
        done = mmutorture("explore", *arguments)
        assert done.code == 0, done.err
        directory = tmp_path / done.json["results"] / "same-gfn"
        record = json.loads((directory / "contention.json").read_text())
        readers = next(row for row in record["readers"] if row["lock"] == "mmu_lock")
        seen[kind] = readers["counts"]
    assert sum(seen["rwlock"][2:]) > 0
    assert sum(seen["exclusive"][2:]) == 0 < seen["exclusive"][1]


@pytest.mark.parametrize("lock", ["read", "write"])
def test_how_roots_are_zapped(mmutorture: Callable, tmp_path: Path, lock: str) -> None:
    knob = f'vm.zap-roots-lock="{lock}"'
    arguments = ["invalidate-roots", "--schedules", "100", "--seed", "3", "--set", knob]
    done = mmutorture("explore", *arguments, "--json")
    assert done.code == 0, done.err
    directory = tmp_path / done.json["results"] / "invalidate-roots"
    record = json.loads((directory / "contention.json").read_text())
    modes = {s["mode"] for s in record["sites"] if s["func"] == "kvm_tdp_mmu_zap_invalidated_roots"}
    assert modes == {lock}


def test_legacy_roots_are_not_zapped_under_write(mmutorture: Callable) -> None:
    done = mmutorture("explore", "legacy-roots", "--set", 'vm.zap-roots-lock="write"')
    assert done.code == 2 and "legacy-roots" in done.err


def test_a_planted_section_is_the_first_row(mmutorture: Callable) -> None:
    """In steps, with the same seeds: no chance in it."""
    arguments = ["zap-vs-fault", "--schedules", "100", "--seed", "7", "--json"]
    plain = mmutorture("explore", *arguments).json["results"]
    site = "kvm_mmu_zap_all_fast:mmu_lock"
    planted = mmutorture("explore", *arguments, "--delay", f"{site}=300").json["results"]
    refused = mmutorture("compare", plain, planted)
    assert refused.code == 2 and "--differs delay" in refused.err
    found = mmutorture("compare", plain, planted, "--differs", "delay", "--json").json
    scenario = found["scenarios"][0]
    assert scenario["exact"] and scenario["verdict"] == "worse"
    assert scenario["changed"][0]["metric"] == "mmu_lock-W in kvm_mmu_zap_all_fast: others waited"
    same = mmutorture("explore", *arguments).json["results"]
    equal = mmutorture("compare", plain, same, "--json").json["scenarios"][0]
    assert equal["verdict"] == "no evidence" and not equal["changed"]
