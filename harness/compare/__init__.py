# SPDX-License-Identifier: GPL-2.0-only
"""Two runs side by side: which figures differ by more than chance, and which way."""
