# SPDX-License-Identifier: GPL-2.0-only
import pytest

from harness.errors import Exit, UsageError, worst
from harness.units import (
    human_count,
    nearest,
    parse_duration,
    parse_integer,
    parse_seed,
    random_seed,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("5m", 300),
        ("3h", 10800),
        ("0.5s", 0.5),
        ("250ms", 0.25),
        ("2", 2),
        (".5m", 30),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5x", "-1s", "0s", "1e400s", "1 2s", "nan"])
def test_wrong_durations(text: str) -> None:
    with pytest.raises(UsageError, match="is not a duration"):
        parse_duration(text)


def test_seeds() -> None:
    assert parse_seed("0x10") == parse_seed("16") == 16
    assert parse_seed("0xffffffffffffffff") == (1 << 64) - 1
    assert 0 <= random_seed() < 1 << 64
    for wrong in ("0x1ffffffffffffffff", "-1", "seed", ""):
        with pytest.raises(UsageError, match="the seed is"):
            parse_seed(wrong)


def test_integers_have_limits() -> None:
    assert parse_integer("8", "--jobs", 1, 8) == 8
    with pytest.raises(UsageError, match="--jobs is 0; allowed: 1 to 8"):
        parse_integer("0", "--jobs", 1, 8)


def test_figures() -> None:
    assert human_count(999) == "999"
    assert human_count(1234567) == "1.23 M"
    assert human_count(1957.3) == "1957" and human_count(19.573) == "19.6"
    assert human_count(45678) == "45.7 k"


def test_nearest() -> None:
    assert "fault-storm" in nearest("fault-strom", ["zap-vs-fault", "fault-storm"])
    assert nearest("x", ["fault-storm"]) == ""


def test_worst_exit_code_counts() -> None:
    assert worst([]) is Exit.PASS
    assert worst([Exit.NOT_FOUND, Exit.VIOLATION]) is Exit.VIOLATION
    assert worst([Exit.VIOLATION, Exit.INTERRUPTED]) is Exit.INTERRUPTED
    assert worst([Exit.VIOLATION, Exit.UNTRUSTWORTHY]) is Exit.UNTRUSTWORTHY
