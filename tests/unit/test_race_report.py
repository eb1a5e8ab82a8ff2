# SPDX-License-Identifier: GPL-2.0-only
"""A failure block shows a data race in KCSAN's layout."""

import msgspec

from harness.failure import evidence

MESSAGE = (
    "data-race in reader / writer on w->x; read by task0 at a.c:3, holding no lock; "
    "write by task1 at a.c:9, step 7, holding lock_a; value read: 0x0, written: 0x1; "
    "missing edge: no release of task1 after that reached an acquire of task0 (last: none)"
)
NAMES = ("scenario", "token", "seed", "strategy", "memory", "digest", "site", "build", "execution")
EMPTY = dict.fromkeys(NAMES, "")


def record(oracle: str) -> evidence.Record:
    fields = {
        "oracle": oracle,
        "message": MESSAGE,
        "iteration": 0,
        "step": 0,
        "task": "",
        "bugs": (),
    }
    return msgspec.convert(EMPTY | fields, evidence.Record)


def test_a_line_for_each_access() -> None:
    header, mine, theirs, value, edge, empty = evidence.message_lines(record("data-race"))
    assert header == "BUG: data-race in reader / writer on w->x" and not empty
    assert mine.strip().startswith("read by task0") and theirs.strip().startswith("write by task1")
    assert value.strip() == "value read: 0x0, written: 0x1"
    assert edge.strip().startswith("missing edge: ")


def test_other_messages_are_one_line() -> None:
    assert evidence.message_lines(record("warn")) == [f"warn: {MESSAGE}"]
