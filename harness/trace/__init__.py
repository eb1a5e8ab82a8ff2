# SPDX-License-Identifier: GPL-2.0-only
"""The flight recorder's recordings: read, listed, cut into windows, written for Perfetto."""
