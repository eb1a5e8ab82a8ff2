# SPDX-License-Identifier: GPL-2.0-only
"""Each switch of the catalogue with its interleaving, as the harness finds it: docs/bugs/NAME.md.

Explores with one seed, minimises, and writes which two events decide and the columns.  What a page
shows depends on the time that minimising had and on lines of the source, so that --check asks for
what does not: a page for each switch and for nothing else, the catalogue's own words in it, an
oracle that the catalogue names, and a link to it.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from planted import Broken, mmutorture, switches

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "docs" / "bugs"
LIST = ROOT / "docs" / "bugs.md"
SECONDS_MAX = 400.0  # for one command on a busy machine
SLACK = 1  # forced switches beyond the catalogue's depth that are still small


def page_of(name: str) -> Path:
    return PLACE / f"{name}.md"


def head(bug: dict[str, Any]) -> list[str]:
    """What the catalogue says."""
    return [
        f"# {bug['name']} {bug['slug']}",
        "",
        f"{bug['text']}.",
        "",
        f"Scenario `{bug['scenario']}`, memory model `{bug['memory']}`, depth {bug['depth']}. All",
        "switches: [bugs](../bugs.md).",
        "",
    ]


def size(minimal: dict[str, Any]) -> str:
    forced, others = minimal["forced_switches"], minimal["other_choices"]
    more = f" and {others} other choice{'s' * (others > 1)}" if others else ""
    return f"{forced} forced switch{'es' * (forced != 1)}{more}"


def text_of(bug: dict[str, Any], failure: dict[str, Any], small: dict[str, Any]) -> str:
    minimal = small["minimal"] or small | {"flip": []}
    lines = [
        *head(bug),
        f"Oracle `{failure['oracle']}`; {size(minimal)}, from {small['forced_switches']}.",
        "",
        "```text",
        minimal["message"],
        "",
    ]
    if minimal["flip"]:
        first, second = minimal["flip"]
        lines += ["it fails when", f"    {first}", "comes before", f"    {second}", ""]
    columns = [line.rstrip() for line in small["table"].splitlines()]
    return "\n".join([*lines, *columns, "```"]) + "\n"


def write(bug: dict[str, Any], args: argparse.Namespace, results: str) -> str:
    """What to say about one switch; it is written where it begins with its name and a number."""
    look = ("--bug", bug["name"], "--seed", args.seed, "--budget", args.find)
    options = ("--no-minimise", "--results", results)
    found = mmutorture("explore", *look, *options, timeout=SECONDS_MAX)["failures"]
    if not found:
        return f"{bug['name']}: not found in {args.find} with seed {args.seed}"
    small = mmutorture("minimise", found[0]["token"], "--budget", args.budget, timeout=SECONDS_MAX)
    page_of(bug["name"]).write_text(text_of(bug, found[0], small), encoding="utf-8")
    return f"{bug['name']}: {size(small['minimal'] or small)} (depth {bug['depth']})"


def stale(bugs: Sequence[dict[str, Any]]) -> list[str]:
    """What is wrong with the pages, as far as it does not depend on time."""
    there = {file.stem for file in PLACE.glob("*.md")}
    listed = LIST.read_text(encoding="utf-8")
    wrong = [f"{name}.md: no such switch" for name in sorted(there - {b["name"] for b in bugs})]
    for bug in bugs:
        if bug["name"] not in there:
            wrong.append(f"{bug['name']}.md: missing")
            continue
        page = page_of(bug["name"]).read_text(encoding="utf-8")
        if not page.startswith("\n".join(head(bug))):
            wrong.append(f"{bug['name']}.md: its head is not what the catalogue says")
        oracle = re.search(r"^Oracle `([a-z-]+)`; ", page, re.MULTILINE)
        if oracle is None or oracle[1] not in bug["oracles"]:
            wrong.append(f"{bug['name']}.md: its oracle is none that the catalogue names")
        if f"](bugs/{bug['name']}.md)" not in listed:
            wrong.append(f"{bug['name']}.md: docs/bugs.md does not link to it")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description="The interleaving of each switch.")
    parser.add_argument("--only", action="append", default=[], metavar="BUG", help="these")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--find", default="20s", help="how long to look for one")
    parser.add_argument("--budget", default="10s", help="how long to minimise one")
    parser.add_argument("--jobs", type=int, default=2, help="switches at a time")
    parser.add_argument("--check", action="store_true", help="are the pages there, and right?")
    args = parser.parse_args()
    bugs = switches(args.only)
    if args.check:
        wrong = stale(bugs)
        for line in wrong:
            print(f"docs/bugs/{line}; make interleavings, ARGS='--only NAME'", file=sys.stderr)
        return 1 if wrong else 0
    PLACE.mkdir(exist_ok=True)
    good = 0
    with tempfile.TemporaryDirectory() as results, ThreadPoolExecutor(args.jobs) as pool:

        def one(bug: dict[str, Any]) -> str:
            try:
                return write(bug, args, results)
            except Broken as broken:
                return f"{bug['name']}: {broken}"

        for bug, said in zip(bugs, pool.map(one, bugs), strict=True):
            print(said, flush=True)
            found = re.match(r"[^:]+: (\d+) forced", said)
            good += found is not None and int(found[1]) <= bug["depth"] + SLACK
    print(f"{good} of {len(bugs)} within depth + {SLACK} forced switches, {args.budget} for each")
    return 0 if good >= 0.9 * len(bugs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
