# SPDX-License-Identifier: GPL-2.0-only
"""Each switch of the catalogue with its interleaving, as the harness finds it: docs/bugs/NAME.txt.

Explores with one seed, minimises, and writes which two events decide and the columns.  It takes a
few seconds for each switch.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from planted import mmutorture, switches

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "bugs"
SECONDS_MAX = 200.0  # for one command on a busy machine


def text_of(bug: dict[str, Any], failure: dict[str, Any], small: dict[str, Any]) -> str:
    minimal = small["minimal"] or {"forced_switches": small["forced_switches"], "flip": []}
    lines = [
        f"{bug['name']} {bug['slug']}: {bug['text']}",
        f"scenario {bug['scenario']}, memory {bug['memory']}",
        "",
        f"{failure['oracle']}: {failure['message']}",
        f"{minimal['forced_switches']} forced switches, from {small['forced_switches']}",
        "",
    ]
    if minimal["flip"]:
        first, second = minimal["flip"]
        lines += ["it fails when", f"    {first}", "comes before", f"    {second}", ""]
    return "\n".join([*lines, *(line.rstrip() for line in small["table"].splitlines())]) + "\n"


def write(bug: dict[str, Any], args: argparse.Namespace, results: str) -> bool:
    look = ("--bug", bug["name"], "--seed", args.seed, "--budget", args.find)
    options = ("--no-minimise", "--results", results)
    found = mmutorture("explore", *look, *options, timeout=SECONDS_MAX)["failures"]
    if not found:
        print(f"{bug['name']}: not found in {args.find} with seed {args.seed}", flush=True)
        return False
    small = mmutorture("minimise", found[0]["token"], "--budget", args.budget, timeout=SECONDS_MAX)
    file = PLACE / f"{bug['name']}.txt"
    file.write_text(text_of(bug, found[0], small), encoding="utf-8")
    print(f"{bug['name']}: {file.relative_to(ROOT)}", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="The interleaving of each switch.")
    parser.add_argument("--only", action="append", default=[], metavar="BUG", help="these")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--find", default="20s", help="how long to look for one")
    parser.add_argument("--budget", default="5s", help="how long to minimise one")
    args = parser.parse_args()
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as results:
        written = [write(bug, args, results) for bug in switches(args.only)]
    return 0 if all(written) else 1


if __name__ == "__main__":
    raise SystemExit(main())
