# SPDX-License-Identifier: GPL-2.0-only
"""What is kept of a violation, and all that can be done with it: replay, minimise, explain."""
