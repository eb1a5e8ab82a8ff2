# SPDX-License-Identifier: GPL-2.0-only
"""The made-up records are valid, survive the file, and their checker finds what does not agree."""

from pathlib import Path

import msgspec
from hypothesis import given, settings

from harness.contention import record as rec
from tests.contention import records


@settings(max_examples=50)
@given(records.records())
def test_random_records_agree_with_themselves(record: rec.Contention) -> None:
    assert records.agrees(record) == []
    assert msgspec.json.decode(rec.encode(record), type=rec.Contention) == record


def test_small_and_big(tmp_path: Path) -> None:
    for record in (records.small(), records.big()):
        (tmp_path / rec.FILE).write_text(rec.encode(record), encoding="utf-8")
        assert rec.read(tmp_path) == record
        assert records.agrees(record) == []
    assert records.big() == records.big()


def test_buckets_are_narrow_and_hold_their_values() -> None:
    for value in [*range(300), 4095, 4096, 10**9 + 7, 2**40]:
        low, high = records.bucket(value)
        assert low <= value < high and high - low <= max(low / 32, 1)


def test_what_does_not_agree_is_said() -> None:
    small = records.small()
    first = msgspec.structs.replace(small.locks[0], acquisitions=99)
    broken = msgspec.structs.replace(small, locks=(first, *small.locks[1:]))
    assert records.agrees(broken) == ["mmu_lock, read: acquisitions: 6 is not 99"]
