# SPDX-License-Identifier: GPL-2.0-only
"""What a run leaves on disk, on the terminal and for CI."""
