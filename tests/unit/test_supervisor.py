# SPDX-License-Identifier: GPL-2.0-only
"""A terminal's Ctrl-C reaches all processes of a run, and ends none but the one that reports."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

pytest.importorskip("harness._core")

from multiprocess import forkserver as server_module

from harness.run import forkserver


def test_the_server_of_workers_never_hears_of_it() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, set())
    forkserver.context()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, set()) == before
    server = server_module._forkserver._forkserver_pid
    status = Path(f"/proc/{server}/status").read_text(encoding="utf-8").splitlines()
    blocked = next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk:"))
    assert blocked & 1 << signal.SIGINT - 1
