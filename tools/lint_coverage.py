# SPDX-License-Identifier: GPL-2.0-only
"""Excuses of tools/coverage.toml that name no line any more; `make coverage` checks the rest."""

import sys
from pathlib import Path

import coverage_page
from coverage_points import scan_tree


def main() -> int:
    functions, _ = scan_tree(Path(__file__).resolve().parent.parent)
    problems = list(coverage_page.unused(coverage_page.excuses(), functions))
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
