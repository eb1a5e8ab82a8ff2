# SPDX-License-Identifier: GPL-2.0-only
"""Lock contention: what a run measured, and the texts that show it.

record.py     the record of one scenario's run, as it lies in ``contention.json``
rows.py       the same by call site, task, lock, owner or holder, filtered and sorted
lock_stat.py  the table of the kernel's /proc/lock_stat
perf.py       the table of perf lock contention, and its CSV
folded.py     stacks for flame graphs
"""
