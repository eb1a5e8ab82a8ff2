# SPDX-License-Identifier: GPL-2.0-only
"""Folded stacks of waits, one line each, as B. Gregg's flamegraph.pl, inferno and speedscope read.

    vcpu0;mmu_lock:R;direct_page_fault (fault.c:214);vmm holds;kvm_mmu_zap_all (roots.c:301) 900

From the root: who waits, for which lock, where; who holds it, taken where.  The weight is the time
waited, in the record's unit, or the number of waits.  Waits that nobody was blamed for end at the
call site, and their task is not known either: they are below "Unknown".
"""

from harness.contention.record import Contention, Site
from harness.contention.rows import UNKNOWN, Filters, View, place, plain

WEIGHTS = ("wait_total", "contended")
SUFFIX = {"rwlock:R": ":R", "rwlock:W": ":W"}


def frame(text: str) -> str:
    """`;` ends a frame."""
    return plain(text).replace(";", ",")


def site_frame(site: Site) -> str:
    return frame(f"{site.func} ({place(site)})")


def stacks(record: Contention, filters: Filters, weight: str) -> dict[tuple[str, ...], float]:
    """Weights by stack; those of one stack are added up."""
    view = View(record, filters)
    found: dict[tuple[str, ...], float] = {}
    left = {
        number: site.wait.total if weight == "wait_total" else site.contentions
        for number, site in view.sites.items()
    }

    def waiting(task: str, site: Site) -> tuple[str, ...]:
        return frame(task), frame(site.lock) + SUFFIX.get(site.type, ""), site_frame(site)

    for row in view.blocking:
        key = waiting(view.task_name(row.waiter), view.sites[row.waiter_site])
        if row.holder is not None:
            key = (*key, f"{frame(view.task_name(row.holder))} holds")
        if row.holder_site is not None:
            key = (*key, site_frame(record.sites[row.holder_site]))
        value = row.total if weight == "wait_total" else row.count
        found[key] = found.get(key, 0) + value
        left[row.waiter_site] -= value
    for number, value in left.items():
        if value > 0:
            key = waiting(UNKNOWN, view.sites[number])
            found[key] = found.get(key, 0) + value
    return found


def render(record: Contention, filters: Filters, weight: str = "wait_total") -> str:
    """Sorted, as the tools like it; a weight is a whole number."""
    lines = [
        f"{';'.join(key)} {round(value)}"
        for key, value in sorted(stacks(record, filters, weight).items())
        if round(value)
    ]
    return "\n".join([*lines, ""])
