# SPDX-License-Identifier: GPL-2.0-only
"""The compiled core as Python sees it: a world, what it can be told, and what it says."""
