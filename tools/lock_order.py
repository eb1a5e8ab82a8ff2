# SPDX-License-Identifier: GPL-2.0-only
"""The lock order graph of a run over its scenarios, as a table; --write: into docs/locking.md.

mmutorture explore --all --budget 1s && python tools/lock_order.py --write
"""

import argparse
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "locking.md"
MARKED = re.compile(r"(?<=<!-- lock order: begin -->\n).*?(?=<!-- lock order: end -->)", re.DOTALL)


def table(run: Path) -> str:
    document = json.loads((run / "run.json").read_text(encoding="utf-8"))
    order = re.findall(r"^ +(\w+) +(?:mutex|rwlock|spinlock)", PAGE.read_text("utf-8"), re.M)
    edges: dict[tuple[str, str, str, str], set[str]] = {}
    for scenario in document["scenarios"]:
        for edge in scenario["lock_order"]["edges"]:
            held, taken = edge["held"], edge["taken"]
            key = (held["lock"], held["mode"], taken["lock"], taken["mode"])
            edges.setdefault(key, set()).add(f"`{held['function']}()`, `{taken['function']}()`")

    def place(key: tuple[str, str, str, str]) -> tuple[int, int, str, str]:
        return order.index(key[0]), order.index(key[2]), key[1], key[3]

    rows = ["| held | | taken | | for example |", "|---|---|---|---|---|"]
    for key in sorted(edges, key=place):
        rows.append(f"| {' | '.join(key)} | {min(edges[key])} |")
    return "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", nargs="?", type=Path, default=ROOT / "results" / "latest")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    text = table(arguments.run)
    if not arguments.write:
        print(text, end="")
        return 0
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKED.sub(lambda _: text, page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
