# SPDX-License-Identifier: GPL-2.0-only
"""The three executions, the processes that carry them, and what they come to."""
