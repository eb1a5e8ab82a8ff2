# SPDX-License-Identifier: GPL-2.0-only
"""Where the command begins: an interrupt before there is anything to keep ends it quietly.

Python answers SIGINT by a traceback of whatever it was importing.  Until the command line is there,
and once it is done, the signal has its plain meaning instead.  Whoever ignores it goes on to do so.
"""

import signal
from collections.abc import Sequence

HEARD = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if HEARD:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main(argv: Sequence[str] | None = None) -> int:
    from harness import cli
    from harness.errors import Exit

    try:
        if HEARD:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        return cli.main(argv)
    except KeyboardInterrupt:
        return cli.complain("interrupted", Exit.INTERRUPTED)
    finally:
        if HEARD:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
