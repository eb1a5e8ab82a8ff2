# SPDX-License-Identifier: GPL-2.0-only
"""What is asked for: scenario files, what may stand in them, and what a run adds."""
