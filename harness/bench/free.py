# SPDX-License-Identifier: GPL-2.0-only
"""Programs that run free: page faults, RCU and locks."""

import re
import shutil
import subprocess
from pathlib import Path

from harness.bench.row import Effort, Row, Target, make_row
from harness.bench.workshop import Workshop, samples

COUNTED_FAULTS = 20_000  # under callgrind
# Of its time on a processor that a process must get for a parallel sample to count.
CORE_SHARE = 0.9
TRIES = 12
PROCESSES = 8


def counted(program: Path) -> float | None:
    """Instructions of a fault under callgrind, the same in every run; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command = [*tool, "--toggle-collect=map_share", str(program), "0", str(COUNTED_FAULTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"Collected : (\d+)", done.stderr)
    return int(found[1]) / COUNTED_FAULTS if done.returncode == 0 and found else None


def in_parallel(shared: Path, exclusive: Path, effort: Effort) -> Row:
    """Wall time of a fault of two processes, in pairs of samples.

    Only those count in which both processes had a processor each: half a processor says nothing
    about a lock.  (An exclusive lock makes its waiters sleep, so only the shared sample can tell.)
    Where the machine never is that free, the figures are printed without a verdict.
    """
    kept: list[tuple[float, float]] = []
    rest: list[tuple[float, float]] = []
    for _ in range(min(TRIES, 2 * effort.rounds)):
        ours, theirs = samples(shared, 2, 2)[-1], samples(exclusive, 2, 2)[-1]
        wall, spent = ours
        good = spent >= CORE_SHARE * 2 * wall
        (kept if good else rest).append((wall, theirs[0]))
        if len(kept) == effort.rounds:
            break
    return make_row(
        "free: two processes, wall time" + ("" if kept else ", cores shared"),
        "ns/fault",
        [ours for ours, _ in kept or rest],
        "exclusive mmu_lock",
        [theirs for _, theirs in kept or rest],
        Target(">= 2x", ratio=2) if kept else None,
        more_is_better=False,
    )


def faults(shop: Workshop, core: list[Path], effort: Effort) -> list[Row]:
    bare = shop.core("nohooks", "-DMMUTORTURE_NOHOOKS")
    exclusive_fault = shop.object_of(
        "native/kvm/fault.c", "exclusive", "-include", "native/bench/exclusive.h"
    )
    exclusive_core = [exclusive_fault if o.name == exclusive_fault.name else o for o in core]
    plain = shop.program("fault", "plain", core)
    nohooks = shop.program("fault", "nohooks", bare, "-DMMUTORTURE_NOHOOKS")
    exclusive = shop.program("fault", "exclusive", exclusive_core)
    kernel = shop.program("kernel_fault", "plain", core)

    with_hooks, without, anchor = [], [], []
    for _ in range(effort.rounds):
        # The first round of a process also pays for the first touch of its memory.
        with_hooks += [line[1] for line in samples(plain, 1, 3)[1:]]
        without += [line[1] for line in samples(nohooks, 1, 3)[1:]]
        anchor += [line[0] for line in samples(kernel, 2)]
    rows = [
        make_row(
            "free: fault, hooks off, one process", "M/s", [1e3 / ns for ns in with_hooks],
            "kernel minor fault", [1e3 / ns for ns in anchor], Target(">= 10", low=10),
        ),
        make_row(
            "free: fault, hooks compiled in", "ns", with_hooks,
            "no hooks", without, Target("at most 5 % more", ratio=1 / 1.05), more_is_better=False,
        ),
        in_parallel(plain, exclusive, effort),
    ]  # fmt: skip
    instructions = [counted(p) if effort.instructions else None for p in (plain, nohooks)]
    if instructions[0] and instructions[1]:
        rows.insert(
            2,
            make_row(
                "free: fault, hooks compiled in", "instructions", [instructions[0]],
                "no hooks", [instructions[1]], Target("at most 5 % more", ratio=1 / 1.05),
                more_is_better=False,
            ),
        )  # fmt: skip
    return rows


def locks(shop: Workshop, core: list[Path], effort: Effort) -> list[Row]:
    rcu, peer_name = shop.with_peer(core)
    reader = samples(rcu, effort.rounds)
    ours, fence, peer = zip(*reader, strict=True)
    limit = Target("<= 7", high=7)
    less = {"more_is_better": False}
    rows = [make_row("rcu: read side", "ns/pair", ours, "store and fence", fence, limit, **less)]
    if peer_name:
        rows.append(make_row("rcu: read side", "ns/pair", ours, peer_name, peer, limit, **less))

    rwlock = shop.program("rwlock", "plain", core)
    pairs = list(zip(*samples(rwlock, "pairs", effort.rounds), strict=True))
    no_slower = Target("no slower", ratio=1)
    for mode, name in enumerate(("read", "write")):
        rows.append(
            make_row(
                f"mmu_lock: uncontended {name}", "ns/pair", pairs[mode],
                "pthread_rwlock", pairs[mode + 2], no_slower, **less,
            )
        )  # fmt: skip
    mixed = samples(rwlock, "mix", PROCESSES, 150, effort.rounds)
    core_lock, pthread = (list(zip(*mixed[n::2], strict=True)) for n in (0, 1))
    what = f"mmu_lock: {PROCESSES} processes, 95 % read"
    goals = (("Mops/s", Target(">= 1x", ratio=1)), ("ns, p99 wait", Target("<= 1000", high=1000)))
    for column, (unit, goal) in enumerate(goals):
        rows.append(
            make_row(
                what, unit, core_lock[column], "pthread_rwlock", pthread[column], goal,
                more_is_better=column == 0,
            )
        )  # fmt: skip
    fair = Target(">= 0.4", low=0.4)
    rows.append(
        make_row(what, "slowest/quickest", core_lock[2], "pthread_rwlock", pthread[2], fair)
    )
    return rows
