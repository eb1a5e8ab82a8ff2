# SPDX-License-Identifier: GPL-2.0-only
"""One module for each group of commands; each is imported when its command is used."""
