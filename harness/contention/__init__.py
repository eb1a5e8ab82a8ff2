# SPDX-License-Identifier: GPL-2.0-only
"""Lock contention: what a run measured, and the texts that show it.

record.py   the record of one scenario's run, as it lies in ``contention.json``
"""
