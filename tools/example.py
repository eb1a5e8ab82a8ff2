# SPDX-License-Identifier: GPL-2.0-only
"""The worked example of docs/comparing.md, run again: `make example`.

Each question is one `mmutorture compare --run`.  What it finds is written between the marks of the
page, and drawn in docs/img/.  The figures are this machine's and of this moment: run it where
nothing else runs.
"""

import argparse
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from harness.compare.text import factor, figure
from harness.results.directory import processor

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "comparing.md"
IMAGES = ROOT / "docs" / "img"
ROWS_SHOWN = 8
BUSY_MAX = 0.1  # share of the processors that others may have before the figures are doubted

SHARED = "--vcpus 2 --checks off --set tasks.vmm.pace-faults={pace}"


@dataclass(frozen=True)
class Question:
    key: str
    a: str  # what the sides are called
    b: str
    option: str  # of B
    pace: int = 24576  # faults between two zaps

    def arguments(self, repeat: int, duration: str) -> list[str]:
        return [
            *("compare", "--run", "fault-storm"),
            *("--repeat", str(repeat), "--duration", duration, "--seed", "1"),
            f"--a={SHARED.format(pace=self.pace)}",
            f"--b={SHARED.format(pace=self.pace)} {self.option}",
        ]


QUESTIONS = (
    Question("fault-lock", "shared", "exclusive", "--set vm.mmu-lock=exclusive"),
    Question("zap-lock", "read", "write", "--set vm.zap-roots-lock=write"),
    Question("planted", "as it is", "200 us", "--delay kvm_mmu_zap_all_fast:mmu_lock=200us", 2048),
)


def run(question: Question, args: argparse.Namespace, results: str) -> dict[str, Any]:
    arguments = question.arguments(args.repeat, args.duration)
    command = [sys.executable, "-m", "harness", *arguments, "--json", "--results", results]
    print(shlex.join(["mmutorture", *arguments]), file=sys.stderr, flush=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr.strip() or f"exit status {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def others(found: dict[str, Any]) -> float:
    """Share of the processors that went to nobody of ours, on the busier side."""
    scenario = found["scenarios"][0]
    return max(scenario["others_a"] or 0.0, scenario["others_b"] or 0.0)


# ------------------------------------------------------------------ the page


def row_text(row: dict[str, Any]) -> str:
    interval = "" if row["low"] is None else f"{factor(row['low'])} to {factor(row['high'])}"
    p = "< 0.001" if row["p_adjusted"] < 0.001 else f"{row['p_adjusted']:.3f}"
    cells = (
        *(row["metric"], row["unit"], figure(row["a"]), figure(row["b"])),
        *(factor(row["ratio"]), interval, p, row["change"]),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def section(question: Question, found: dict[str, Any], args: argparse.Namespace) -> str:
    scenario = found["scenarios"][0]
    *shared, a, b = question.arguments(args.repeat, args.duration)
    sides = [f"    {side[:4]}'{side[4:]}'" for side in (a, b)]
    command = " \\\n".join([shlex.join(["mmutorture", *shared]), *sides])
    changed = scenario["changed"]
    rest = len(changed) - ROWS_SHOWN
    lines = [
        *("", "```", command, "```", ""),
        f"Verdict: **{scenario['verdict']}**"
        + (f", by {scenario['decided_by']}." if scenario["decided_by"] else "."),
        "",
        f"![{question.a} against {question.b}](img/comparing-{question.key}.svg)",
        "",
        f"| figure | unit | {question.a} | {question.b} | B/A | 95 % interval | p | says |",
        "|---|---|--:|--:|--:|--:|--:|---|",
        *(row_text(row) for row in scenario["headline"]),
    ]
    if changed:
        lines += [f"| *what else changed* {'| ' * 8}".rstrip()]
        lines += [row_text(row) for row in changed[:ROWS_SHOWN]]
    if rest > 0:
        lines += [
            "",
            f"and {rest} more; {len(scenario['unchanged'])} show no evidence of a change.",
        ]
    return "\n".join([*lines, ""])


def conditions(found: dict[str, Any], busy: float, args: argparse.Namespace) -> str:
    environment = json.loads((Path(found["a"]) / "env.json").read_text(encoding="utf-8"))
    text = (
        f"{environment['cpus_usable']} processors ({processor()}), Linux {environment['kernel']},"
        f" {args.repeat} runs of {args.duration} on each side, in turns."
        f" Others had {100 * busy:.0f} % of the processors meanwhile"
    )
    doubt = ": **too much for the figures to be relied on; run it again on an idle machine**"
    return f"\n{text}{doubt if busy > BUSY_MAX else ''}.\n"


def replaced(page: str, mark: str, text: str) -> str:
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        sys.exit(f"{PAGE}: needs the marks {begin} and {end}, once")
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page)


# ------------------------------------------------------------------ the picture

WIDTH, LEFT, RIGHT, PANEL = 760, 110, 200, 96
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e } .says { font-weight: 600 }
.axis { stroke: #d1d9e0 } .a { fill: #0969da } .b { fill: #bc4c00 }
.a.middle { stroke: #0969da } .b.middle { stroke: #bc4c00 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .axis { stroke: #3d444d }
  .a { fill: #4493f8 } .b { fill: #f0883e }
  .a.middle { stroke: #4493f8 } .b.middle { stroke: #f0883e }
}
"""


def round_up(value: float) -> float:
    """To two digits: the end of an axis."""
    step: float = 10 ** (math.floor(math.log10(value)) - 1)
    return math.ceil(value / step) * step


def panel(row: dict[str, Any], question: Question, top: int) -> list[str]:
    """A dot for each run, a bar at each side's median, from zero."""
    high = round_up(max(*row["values_a"], *row["values_b"], 1e-9))
    across = WIDTH - LEFT - RIGHT
    beside = WIDTH - RIGHT + 12

    def x(value: float) -> float:
        return float(LEFT + across * value / high)

    unit = f" [{row['unit']}]" if row["unit"] else ""
    says = f"{factor(row['ratio'])} of A's"
    if row["low"] is not None:
        says += f" ({factor(row['low'])} to {factor(row['high'])})"
    parts = [
        f'<text x="0" y="{top + 14}">{escape(row["metric"] + unit)}</text>',
        f'<text x="{beside}" y="{top + 40}" class="says">{escape(row["change"])}</text>',
        f'<text x="{beside}" y="{top + 58}" class="small">{escape(says)}</text>',
        f'<line class="axis" x1="{LEFT}" x2="{LEFT + across}" y1="{top + 72}" y2="{top + 72}"/>',
        f'<text x="{LEFT}" y="{top + 86}" class="small">0</text>',
        f'<text x="{LEFT + across}" y="{top + 86}" text-anchor="end" class="small">'
        f"{figure(high)}</text>",
    ]
    for side, name, y in (("a", question.a, top + 34), ("b", question.b, top + 56)):
        middle = x(row[side])
        parts.append(f'<text x="0" y="{y + 4}" class="small">{side.upper()} {escape(name)}</text>')
        parts += [
            f'<circle class="{side}" cx="{x(value):.1f}" cy="{y}" r="4" fill-opacity=".45"/>'
            for value in row[f"values_{side}"]
        ]
        parts.append(
            f'<line class="{side} middle" x1="{middle:.1f}" x2="{middle:.1f}" y1="{y - 9}"'
            f' y2="{y + 9}" stroke-width="2.5"/>'
        )
    return parts


def picture(question: Question, found: dict[str, Any]) -> str:
    rows = found["scenarios"][0]["headline"]
    height = PANEL * len(rows)
    title = f"{question.a} against {question.b}: " + "; ".join(
        f"{row['metric']} {factor(row['ratio'])} of A's, {row['change']}" for row in rows
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
    ]
    for number, row in enumerate(rows):
        parts += panel(row, question, PANEL * number)
    return "\n".join([*parts, "</svg>", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=24)
    parser.add_argument("--duration", default="1s", help="of one run")
    args = parser.parse_args()
    page, busy = PAGE.read_text(encoding="utf-8"), []
    with tempfile.TemporaryDirectory(prefix="example.") as results:
        for question in QUESTIONS:
            found = run(question, args, results)
            busy.append(others(found))
            page = replaced(page, question.key, section(question, found, args))
            IMAGES.mkdir(exist_ok=True)
            file = IMAGES / f"comparing-{question.key}.svg"
            file.write_text(picture(question, found), encoding="utf-8")
            page = replaced(page, "conditions", conditions(found, max(busy), args))
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
