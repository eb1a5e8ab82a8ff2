# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts that some path breaks, found by Clang where there is one; see static_locks.py."""

import sys

from static_locks import ROOT, Copy, find_clang


def main() -> int:
    clang = find_clang()
    if clang is None:
        print("tools/lint_locks.py: skipped: no clang (Debian package clang)", file=sys.stderr)
        return 0
    copy = Copy(ROOT, ROOT / "build" / "locks")
    copy.write()
    problems = list(copy.check(clang))
    print("\n".join(problems), end="\n" if problems else "")
    if problems:
        print("State the contract in the function (native/core/contract.h), or keep it.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
