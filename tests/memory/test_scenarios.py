# SPDX-License-Identifier: GPL-2.0-only
"""The model of KVM under the kernel's memory model: clean, and H5 is found."""

import pytest

# In some of these a grace period that was no strong fence showed within 300 schedules.
SCENARIOS = ("enable-log-vs-split", "two-vmms", "dirty-toggle", "live-migration", "aging-vs-zap")


@pytest.mark.parametrize("name", SCENARIOS)
def test_clean(mmutorture, name):
    options = ("--memory", "lkmm", "--schedules", "300", "--seed", "1")
    done = mmutorture("explore", name, *options)
    assert done.code == 0, done.out


def test_a_missing_full_barrier_is_found(mmutorture):
    options = ("--memory", "lkmm", "--schedules", "20000", "--seed", "1")
    assert mmutorture("explore", "--bug", "H5", *options).code == 1
