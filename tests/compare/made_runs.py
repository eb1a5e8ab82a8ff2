# SPDX-License-Identifier: GPL-2.0-only
"""Run directories as ``stress --repeat`` leaves them, with made-up figures."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.contention import record as rec

SCENARIO = """name = "fault-storm"
description = "made up"
kind = "storm"

[vm]
max-level = "4K"

[[tasks]]
kind = "vcpu"
count = 2
"""
ENVIRONMENT = {
    "build": "0123456789abcdef",
    "build_kind": "release",
    "kernel": "6.1",
    "machine": "x86_64",
    "processor": "made up",
    "cpus": 2,
    "cpus_usable": 2,
}
OPERATIONS = 100_000


@dataclass
class Made:
    """One run: what its repeats are drawn from, and what it says of itself."""

    seed: int = 1
    repeats: int = 12
    speed: float = 1.0
    noise: float = 0.03
    hold_ns: float = 300.0  # of kvm_mmu_zap_all_fast
    unit: str = "ns"
    others: float = 0.1
    scenario: str = SCENARIO
    settings: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)  # of each repeat
    turns: dict[str, Any] | None = None
    seeds: tuple[int, ...] | None = None


def times(count: int, each: float) -> rec.Times:
    bucket = (each, each * 33 / 32, count)
    return rec.Times(count=count, total=count * each, min=each, max=each, buckets=(bucket,))


def lock_row(mode: Any, acquired: int, contended: int, wait: float, hold: float) -> rec.Lock:
    return rec.Lock(
        lock="mmu_lock",
        mode=mode,
        type="rwlock:R" if mode == "read" else "rwlock:W",
        acquisitions=acquired,
        contentions=contended,
        bounces=contended,
        acq_bounces=acquired // 2,
        wait=times(contended, wait),
        hold=times(acquired, hold),
    )


def site_row(row: rec.Lock, func: str, blocked: int, blocked_total: float) -> rec.Site:
    return rec.Site(
        lock=row.lock,
        mode=row.mode,
        type=row.type,
        func=func,
        file="native/kvm/mmu.c",
        line=1,
        acquisitions=row.acquisitions,
        contentions=row.contentions,
        wait=row.wait,
        hold=row.hold,
        blocked=blocked,
        blocked_total=blocked_total,
    )


def one_record(made: Made, draw: random.Random) -> rec.Contention:
    done = int(OPERATIONS * made.speed * math.exp(draw.gauss(0, made.noise)))
    wait = 500 * math.exp(draw.gauss(0, made.noise)) + made.hold_ns
    read = lock_row("read", done, done // 50, wait, 100 * math.exp(draw.gauss(0, made.noise)))
    held = made.hold_ns * math.exp(draw.gauss(0, made.noise))
    write = lock_row("write", 200, 40, 400 * math.exp(draw.gauss(0, made.noise)), held)
    free = made.unit == "ns"
    return rec.Contention(
        scenario="fault-storm",
        execution="free" if free else "explore",
        unit="ns" if free else "steps",
        elapsed=1e9 if free else 50_000.0,
        elapsed_s=1.0,
        executions=1 if free else 100,
        tasks=(rec.Task(id=2, name="vcpu0", kind="vcpu", operations=done, faults=done - 7),),
        locks=(read, write),
        sites=(
            site_row(read, "kvm_tdp_page_fault", 12, 3000.0),
            site_row(write, "kvm_mmu_zap_all_fast", done // 50, done // 50 * wait),
        ),
    )


def write(path: Path, made: Made) -> Path:
    """A run directory."""
    draw = random.Random(made.seed)
    path.mkdir(parents=True)
    (path / "env.json").write_text(json.dumps(ENVIRONMENT | made.environment))
    documents = []
    for number in range(made.repeats):
        directory = path / ("fault-storm" if not number else f"fault-storm.{number + 1}")
        directory.mkdir()
        (directory / "scenario.toml").write_text(made.scenario)
        found = one_record(made, draw)
        (directory / rec.FILE).write_text(rec.encode(found))
        seed = made.seeds[number] if made.seeds else made.seed * 1000 + number
        documents.append(
            {
                "scenario": "fault-storm",
                "directory": directory.name,
                "settings": {"duration": 1.0} | made.settings,
                "seed": f"{seed:#x}",
                "others": made.others + draw.gauss(0, 0.01),
                "violations": 0,
                "interrupted": False,
                "trustworthy": True,
                "totals": {"retries": 7},
                "workers": [{"name": "vcpu0", "cpu_s": 0.9}],
            }
            | made.document
        )
    document = {"schema": 1, "command": "stress", "seed": "0x1", "exit_code": 0}
    document |= {"scenarios": documents, "turns": made.turns}
    (path / "run.json").write_text(json.dumps(document))
    return path
