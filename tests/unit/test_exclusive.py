# SPDX-License-Identifier: GPL-2.0-only
"""ASSERT_EXCLUSIVE_WRITER() and ASSERT_EXCLUSIVE_ACCESS() of programs: found, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.program import Program

SOURCE = """#include <mmutorture.h>
STATE { SHARED(u64) count; spinlock_t lock; };
SETUP { spin_lock_init(&S->lock); }
static void count(void)
{
	ASSERT_EXCLUSIVE_WRITER(S->count);
	WRITE_ONCE(S->count, READ_ONCE(S->count) + 1);
}
TASK(careful) { spin_lock(&S->lock); count(); spin_unlock(&S->lock); }
TASK(hasty) { LOCK count(); UNLOCK }
TASK(reader) { READ_ONCE(S->count); }
"""


def handover(order: str, *, exclusive: bool) -> Program:
    """The one writes and passes the word on; the other says that it is alone now."""
    p = Program("handover")
    x, y = p.words("x", "y")
    with p.task("first") as t:
        t.store(x, 1)
        t.store(y, 1, order)
    with p.task("second") as t:
        t.await_(y, 1)
        if exclusive:
            t.assert_exclusive_access(x)
        else:
            t.assert_exclusive_writer(x)
        t.store(x, 2)
    return p


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize(("order", "violated"), [("relaxed", True), ("release", False)])
def test_handing_over_a_word(order: str, violated: bool, exclusive: bool) -> None:
    result = handover(order, exclusive=exclusive).explore("dpor")
    found = result.message
    what = "accesses" if exclusive else "writes"
    assert bool(found) == violated
    assert not violated or ("assert: race in second / first" in found and f"no {what}" in found)


@pytest.mark.parametrize("locked", [True, False])
def test_a_program_in_c(mmutorture: Callable, tmp_path: Path, locked: bool) -> None:
    """Marked accesses, which do not race with each other: only the assertion says what is wrong."""
    file = tmp_path / "count.c"
    lock, unlock = ("spin_lock(&S->lock);", "spin_unlock(&S->lock);") if locked else ("", "")
    text = SOURCE.replace("UNLOCK", unlock).replace("LOCK", lock)
    file.write_text(text, "utf-8")
    done = mmutorture("explore", str(file), "--schedules", "200")
    assert done.code == (0 if locked else 1)
    assert locked or "BUG: assert: race in count / count on S->count" in done.out


def test_a_plain_race_of_a_program_stays_its_own_business() -> None:
    p = Program("plain")
    x, y = p.words("x", "y")
    for value in (1, 2):
        with p.task() as t:
            t.store(x, value, "plain")
            t.assert_exclusive_writer(y)
    assert not p.explore("dpor").violation
