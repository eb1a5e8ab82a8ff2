# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios are refused with one line that names file, line, key and what is allowed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.scenario import scenarios
from harness.scenario.rules import registers, task_names

GOOD = """\
name = "good"
kind = "storm"

[vm]
pml = true

[[slots]]
base-gfn = 0
pages = 8

[[tasks]]
kind = "vcpu"
count = 2
mix = { write = 2, read = 1 }

[[tasks]]
kind = "vmm"
mix = { fast-zap = 1 }
"""
LITMUS = """\
name = "lit"
kind = "litmus"
[[slots]]
base-gfn = 0x10
pages = 2
[[tasks]]
kind = "vcpu"
program = ["write 0x10", "r3 = read 0x10"]
[[tasks]]
kind = "vcpu"
program = ["r0 = read 0x10", "r1 = read 0x11"]
[[tasks]]
kind = "host-mm"
program = ["migrate 0x10 pages 2"]
[[outcomes]]
when = "vcpu0.r3 == 0 and vcpu1.r1 != 2"
verdict = "forbidden"
"""

# (what is replaced, by what, where the message points, what it says)
STORM_ERRORS = [
    ("pml = true", "pmll = true", "5: vm.pmll:", "unknown key; did you mean 'pml'?"),
    ("pml = true", "zzz = true", "5: vm.zzz:", "unknown key; allowed: root-level,"),
    ("pml = true", "table-frames = 51", "5: vm.table-frames:", 'need 52, which "least" stands'),
    ("pml = true", 'pml = "yes"', "5: vm.pml:", "a string stands here; allowed: true or false"),
    ("pml = true", "root-level = 3", "5: vm.root-level:", "3 is not allowed; allowed: 4, 5"),
    ("pml = true", 'max-level = "512G"', "5: vm.max-level:", 'allowed: "1G", "2M", "4K"'),
    ("pml = true", "initially-set = true", "5: vm.initially-set:", "needs manual-protect = true"),
    ("count = 2", "count = 0", "13: tasks.0.count:", "0 is impossible; allowed: 1 to 24"),
    ("count = 2", "count = 2.5", "13: tasks.0.count:", "a fraction stands here; allowed: a number"),
    ("count = 2", "count = true", "13: tasks.0.count:", "true or false stands here"),
    ("count = 2", "gfns = [4, 8]", "13: tasks.0.gfns:", "[0x4, 0xc) is not within memory"),
    ("count = 2", "gfns = [0]", "13: tasks.0.gfns:", "1 entries; allowed: 2"),
    ("count = 2", "gfns = [0, 0]", "13: tasks.0.gfns:", "count above 0"),
    ("count = 2", "pace-faults = 3", "13: tasks.0.pace-faults:", "is for vmm and host-mm tasks"),
    ("count = 2", "as-id = 1", "13: tasks.0.as-id:", "no slot has as-id 1"),
    ("count = 2", "pages = 9", "13: tasks.0.pages:", "9 pages; the range has 8"),
    ("count = 2", "slot = 1", "13: tasks.0.slot:", "1; allowed: 0 to 0"),
    ("pages = 8", "pages = 0", "9: slots.0.pages:", "0 is impossible; allowed: 1 to"),
    ("pages = 8", 'pages = 8\nhuge = "1G"', "10: slots.0.huge:", "contains no aligned 1G"),
    ("pages = 8", 'pages = 8\nhuge = "3G"', "10: slots.0.huge:", 'allowed: "1G", "2M"'),
    ("pages = 8", "pages = 8\nhuge = 2", "10: slots.0.huge:", "a number stands here"),
    ("base-gfn = 0", "base-gfn = -1", "8: slots.0.base-gfn:", "-1 is impossible"),
    ("base-gfn = 0", "base-gfn = 0xffffffffc", "8: slots.0.base-gfn:", "4 levels reach"),
    ("write = 2", "migrate = 2", "14: tasks.0.mix.migrate:", "is an operation of host-mm tasks"),
    ("write = 2", "wirte = 2", "14: tasks.0.mix.wirte:", "'wirte'; did you mean 'write'?"),
    ("write = 2", "write = 0", "14: tasks.0.mix.write:", "0 is impossible"),
    ("mix = { fast-zap = 1 }", "", "16: tasks.1.mix:", "is missing"),
    ('kind = "vmm"', 'kind = "vmn"', "17: tasks.1.kind:", "did you mean 'vmm'?"),
    ('kind = "vmm"', "", "16: tasks.1:", "the key 'kind' is missing"),
    ('name = "good"', 'name = "Not Good"', "1: name:", "is no valid name"),
    ('name = "good"', "", "scenario:", "the key 'name' is missing"),
    ('kind = "storm"', 'kind = "strom"', "2: kind:", "did you mean 'storm'?"),
    ('kind = "storm"', 'kind = "litmus"', "tasks.0.mix:", "is for storms"),
    ("pml = true", "tdp-mmu = false", "5: vm.tdp-mmu:", "no shadow MMU"),
    ("pml = true", "pml = true\nad-bits = false", "5: vm.pml:", "needs the D bit"),
]  # fmt: skip
LITMUS_ERRORS = [
    ("write 0x10", "wirte 0x10", "8: tasks.0.program.0:", "did you mean 'write'?"),
    ("write 0x10", "migrate 0x10", "8: tasks.0.program.0:", "is an operation of host-mm tasks"),
    ("write 0x10", "write", "8: tasks.0.program.0:", "write takes a gfn"),
    ("write 0x10", "write 0x99", "8: tasks.0.program.0:", "gfn 0x99 is not within memory"),
    ("write 0x10", "r0 = write 0x10", "8: tasks.0.program.0:", "only read has a result"),
    ("r3 = read 0x10", "read 0x10", "8: tasks.0.program.1:", "name the register"),
    ("r3 = read", "r8 = read", "8: tasks.0.program.1:", "allowed: r0 to r7"),
    ("r3 = read", "x = read", "8: tasks.0.program.1:", "'x' is not a register"),
    ("pages 2\"", "pages 3\"", "14: tasks.2.program.0:", "is not within memory"),
    ("== 0 and", "== 256 and", "16: outcomes.0.when:", "a register holds 0 to 255"),
    ("vcpu0.r3 ==", "vcpu0.r0 ==", "16: outcomes.0.when:", "vcpu0.r0; allowed: vcpu0.r3"),
    ("vcpu0.r3 ==", "vcpu9.r3 ==", "16: outcomes.0.when:", "unknown register vcpu9.r3"),
    ("== 0 and", "= 0 and", "16: outcomes.0.when:", "is not a term"),
    ('"forbidden"', '"forbiden"', "17: outcomes.0.verdict:", "did you mean 'forbidden'?"),
    ('kind = "vcpu"\n', 'kind = "vcpu"\ncount = 2\n', "count:", "a litmus task stands alone"),
]  # fmt: skip


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        scenarios.load(str(file))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(file))
    return message.removeprefix(str(file)).lstrip(":").strip()


@pytest.mark.parametrize(("old", "new", "place", "says"), STORM_ERRORS)
def test_wrong_storms(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new, 1))
    assert place in message and says in message


@pytest.mark.parametrize(("old", "new", "place", "says"), LITMUS_ERRORS)
def test_wrong_litmus(tmp_path: Path, old: str, new: str, place: str, says: str) -> None:
    assert old in LITMUS
    message = refusal(tmp_path, LITMUS.replace(old, new, 1))
    assert place in message and says in message


def test_files_that_are_none(tmp_path: Path) -> None:
    assert "the file is empty" in refusal(tmp_path, " \n")
    assert "(at line 2, column 8)" in refusal(tmp_path, 'name = "x"\nkind = =\n')
    with pytest.raises(UsageError, match="is not a file"):
        scenarios.load(f"{tmp_path}/")
    with pytest.raises(UsageError, match=r"none\.toml: does not exist"):
        scenarios.load(str(tmp_path / "none.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        scenarios.load(str(tmp_path / "binary.toml"))
    with pytest.raises(UsageError, match="'fault-strom'; did you mean 'fault-storm'"):
        scenarios.load("fault-strom")


def test_overrides_go_through_the_same_checks(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD)
    loaded = scenarios.load(str(file), [("tasks.vcpu.count", "4"), ("vm.max_level", "2M")])
    assert loaded.tasks[0].count == 4 and loaded.vm.max_level == "2M"
    loaded = scenarios.load(str(file), [("tasks.1.mix", "{ dirty-log-get = 3 }")])
    assert loaded.tasks[1].mix == {"dirty-log-get": 3}
    wrong = {
        ("tasks.vcpu.count", "0"): "--set tasks.vcpu.count=0: tasks.0.count: 0 is impossible",
        ("tasks.vcpu.cuont", "1"): "unknown key; did you mean 'count'?",
        ("tasks.7.count", "1"): "there are 2 here; allowed: 0 to 1",
        ("tasks.vmn.count", "1"): "did you mean 'vmm'?",
        ("name.x", "1"): "there is nothing below name",
        ("vm.pml", "maybe"): "a string stands here; allowed: true or false",
    }
    for override, says in wrong.items():
        with pytest.raises(UsageError) as caught:
            scenarios.load(str(file), [override])
        assert says in str(caught.value)


def test_controlled_executions_have_their_own_sizes() -> None:
    free = scenarios.load("fault-storm", controlled=False)
    controlled = scenarios.load("fault-storm", controlled=True)
    assert free.slots[0].pages > 100 * controlled.slots[0].pages
    assert scenarios.scenario_hash(free) != scenarios.scenario_hash(controlled)
    assert scenarios.load("fault-storm", [("tasks.vcpu.count", "5")]).tasks[0].count == 5


@pytest.mark.parametrize("name", sorted(scenarios.scenario_files()))
def test_shipped_scenarios(name: str, tmp_path: Path) -> None:
    for controlled in (False, True):
        loaded = scenarios.load(name, controlled=controlled)
        assert loaded.name == name and loaded.description
        resolved = scenarios.to_toml(loaded)
        tomllib.loads(resolved)
        file = tmp_path / "resolved.toml"
        file.write_text(resolved)
        again = scenarios.load_file(file)
        assert scenarios.scenario_hash(again) == scenarios.scenario_hash(loaded)


def test_names_and_registers(tmp_path: Path) -> None:
    file = tmp_path / "lit.toml"
    file.write_text(LITMUS)
    loaded = scenarios.load(str(file))
    assert [name for name, _, _ in task_names(loaded)] == ["vcpu0", "vcpu1", "host-mm0"]
    assert registers(loaded) == [("vcpu0", 3), ("vcpu1", 0), ("vcpu1", 1)]


def test_prose_is_not_hashed(tmp_path: Path) -> None:
    file = tmp_path / "good.toml"
    file.write_text(GOOD)
    before = scenarios.scenario_hash(scenarios.load(str(file)))
    file.write_text(GOOD.replace('kind = "storm"', 'kind = "storm"\ndescription = "words"', 1))
    assert scenarios.scenario_hash(scenarios.load(str(file))) == before
    file.write_text(GOOD.replace("pages = 8", "pages = 9"))
    assert scenarios.scenario_hash(scenarios.load(str(file))) != before


def test_too_many_tasks(tmp_path: Path) -> None:
    many = GOOD + '[[tasks]]\nkind = "host-mm"\ncount = 24\nmix = { migrate = 1 }\n'
    many = many.replace("count = 2\n", "count = 10\n", 1)
    assert "35 tasks in all; at most 30" in refusal(tmp_path, many)


def test_the_least_table_frames_grow_with_the_vcpus() -> None:
    from harness.scenario.table_frames import least

    sizes = [
        least(scenarios.load("tables-run-out", overrides=[("tasks.vcpu.count", str(n))]))
        for n in (2, 3, 8)
    ]
    # A full cache for each vCPU but one, and three trees of four tables.
    assert sizes == [52, 92, 292]


def test_overlapping_slots(tmp_path: Path) -> None:
    text = GOOD + "[[slots]]\nbase-gfn = 7\npages = 2\n"
    assert "slots.1.base-gfn: overlaps slot 0 ([0x0, 0x8))" in refusal(tmp_path, text)
