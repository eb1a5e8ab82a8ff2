# SPDX-License-Identifier: GPL-2.0-only
"""How many frames for page tables a virtual machine cannot do without.

A vCPU keeps what it has not used of its cache, a full one at worst, and waits for more with a
cache of its own: with fewer frames than this they can starve each other for ever.  Zapped tables
come back after a grace period, so that one tree in use, one that is being built and one on its way
out suffice.
"""

from harness._core import lib
from harness.scenario.schema import Scenario

TREES = 3
LEVEL_BITS = 9


def per_tree(scenario: Scenario) -> int:
    """Tables of one tree that maps all slots by 4K pages; a slot that moves counts twice."""
    tables = 1
    for slot in scenario.slots:
        for first in {slot.base_gfn, slot.base_gfn if slot.move_to is None else slot.move_to}:
            last = first + slot.pages - 1
            for level in range(1, scenario.vm.root_level):
                tables += (last >> LEVEL_BITS * level) - (first >> LEVEL_BITS * level) + 1
    return tables


def least(scenario: Scenario) -> int:
    groups = [task for task in scenario.tasks if task.kind == "vcpu"]
    roles = len({(task.as_id, task.guest_mode) for task in groups})
    caches = sum(task.count for task in groups) - 1
    return caches * lib.MMUT_CACHE_OBJECTS + TREES * max(roles, 1) * per_tree(scenario)
