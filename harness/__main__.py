# SPDX-License-Identifier: GPL-2.0-only
"""``python -m harness`` is the command ``mmutorture``."""

import sys

from harness.begin import main

if __name__ == "__main__":
    sys.exit(main())
