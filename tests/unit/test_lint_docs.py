# SPDX-License-Identifier: GPL-2.0-only
"""The lint of the documents sees each sort of thing that leads nowhere, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

MISSING = "no_such_" + "function"  # in pieces: as a word it would be one of the sources'
PAGE = f"""\
# A heading with `code` and more

[gone](nowhere.md) [here](#a-heading-with-code-and-more) [not](#no-such) [web](https://example.org/x)
`native/kvm/nope.c` `native/kvm/nx` `{MISSING}()` `kvm_zap_gfn_range()` `rmap` nope.c

    mmutorture explor --all
    mmutorture explore --alll --budget 3s
    $ mmutorture compare --run x --b '--duration 3s' --set 3
    make nothing
    make stress
```
mmutorture stress --set x=1 --nope
```
"""
WRONG = {
    3: ["the link nowhere.md leads nowhere", "#no-such: there is no such heading"],
    4: ["native/kvm/nope.c does not exist", f"{MISSING}() is nowhere in the sources"],
    6: ["mmutorture has no command explor"],
    7: ["mmutorture explore has no option --alll"],
    8: ["mmutorture compare has no option --set"],
    9: ["make has no target nothing"],
    12: ["mmutorture stress has no option --nope"],
}


def test_each_sort(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lint_docs.py"), str(page)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    expected = [f"{page}:{number}: {text}" for number, texts in WRONG.items() for text in texts]
    assert done.returncode == 1 and done.stdout.splitlines() == expected, done.stderr
