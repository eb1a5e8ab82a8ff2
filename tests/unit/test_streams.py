# SPDX-License-Identifier: GPL-2.0-only
"""Output that nobody takes: one line or none, a status of its own, and no traceback."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from harness.results import directory
from tests.conftest import command, environment

SCHEMA = command("list", "scenarios", "--schema")  # long, and without the core


def written_to(target: int) -> tuple[int, str]:
    done = subprocess.run(
        SCHEMA, stdout=target, stderr=subprocess.PIPE, env=environment(), text=True, check=False
    )
    return done.returncode, done.stderr


def test_a_reader_who_has_gone_hears_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        assert written_to(write) == (141, "")
    finally:
        os.close(write)


def test_a_full_disk_is_one_line() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        code, said = written_to(full)
    finally:
        os.close(full)
    assert code == 5 and said == "mmutorture: standard output: No space left on device\n"


def test_what_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: .*run\.json"):
        directory.write_text(tmp_path / "run.json", "{}", lasting=True)
    assert list(tmp_path.iterdir()) == []
