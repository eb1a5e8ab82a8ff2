# SPDX-License-Identifier: GPL-2.0-only
"""Made-up results directories to make pages of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.contention import record as rec
from tests.contention import records
from tests.trace import recordings

# Whatever a name, a path or a message may hold: none of it may do anything but be shown.
EVIL = (
    "</script><script>document.title='owned'</script>",
    "</style></title><img src=x onerror=\"document.title='owned'\">",
    '"\' onmouseover="document.title=\'owned\'" x="',
    "{{ 7 * 7 }}{% raw %}",
    "--> ]]> &lt; &amp; `${document.title='owned'}`",
    "\x1b[31mred\x07 \x00 \u202edeil era setag",
    "javascript:document.title='owned'",
    "größe 磁 🧨",
)
SITE = "kvm_mmu_zap_all_fast"
TEXTS = frozenset({"name", "func", "file", "lock", "cause", "scenario", "contract", "kind"})


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def run(
    root: Path, parts: Mapping[str, rec.Contention | None], code: int | None = 0, **more: Any
) -> Path:
    """A run of these scenarios; without a code one that was cut short."""
    root.mkdir(parents=True)
    arguments = ["stress", *parts, "--duration", "1s"]
    write(root / "env.json", {"version": "0.1.0", "cpus": 2, "load": [0.5], "arguments": arguments})
    (root / "testid.txt").write_text("commit 0123abcd\n", encoding="utf-8")
    for name, record in parts.items():
        (root / name).mkdir()
        (root / name / "scenario.toml").write_text("# made up\n", encoding="utf-8")
        if record is not None:
            (root / name / rec.FILE).write_text(rec.encode(record), encoding="utf-8")
    if code is not None:
        scenarios = [{"scenario": name, "violations": 0} for name in parts]
        document = {"schema": 1, "command": "stress", "seed": "0x1", "scenarios": scenarios}
        write(root / "run.json", document | {"exit_code": code} | more)
    return root


def fail(
    scenario: Path, message: str = "stamp 7, expected 8", number: int = 1, **more: Any
) -> Path:
    """A failure of a scenario."""
    directory = scenario / f"failure-{number}"
    directory.mkdir()
    record = {
        "oracle": "guest-memory",
        "message": message,
        "task": "vcpu1",
        "site": "native/kvm/vcpu.c:81 kvm_vcpu_access",
        "token": "mt2:x:y:z",
        "seed": "0x9e37",
        "strategy": "pct(d=3)",
        "held": {"vmm0": "mmu_lock (write)"},
    }
    write(directory / "failure.json", record | more)
    (directory / "race.txt").write_text("vcpu1        vmm0\nread\n             zap\n")
    return directory


def recorded(scenario: Path, seed: int = 3) -> None:
    """A recording of the flight recorder beside the record."""
    (scenario / "events.bin").write_bytes(recordings.play(seed).encoded())


def hostile(record: rec.Contention) -> rec.Contention:
    """`record` with every name made to break out of where it is shown."""
    renamed: dict[str, str] = {}

    def spoiled(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [spoiled(each) for each in value]
        if not isinstance(value, dict):
            return value
        return {
            key: renamed.setdefault(each, EVIL[len(renamed) % len(EVIL)])
            if key in TEXTS and isinstance(each, str)
            else spoiled(each)
            for key, each in value.items()
        }

    return msgspec.convert(spoiled(msgspec.to_builtins(record)), rec.Contention)


def planted() -> rec.Contention:
    """A site that was held 200 us each time, among many that were not."""
    us = 1000
    places = [
        records.Place("mmu_lock", "rwlock", "read", f"reader_{n}", "native/kvm/fault.c", n + 1)
        for n in range(30)
    ]
    places.append(records.Place("mmu_lock", "rwlock", "write", SITE, "native/kvm/roots.c", 301))
    events = [
        records.Acquired(n % 30, n % 3, hold=1 * us, wait=3 * us, holder=1, holder_place=n % 7)
        for n in range(600)
    ]
    for n in range(20):
        events.append(records.Acquired(30, 2, hold=200 * us))
        events += [
            records.Acquired(m, m, hold=us, wait=150 * us + n, holder=2, holder_place=30)
            for m in range(2)
        ]
    return records.build(records.TASKS, places, events, scenario="planted")
