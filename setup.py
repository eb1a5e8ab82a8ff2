# SPDX-License-Identifier: GPL-2.0-only
"""What pyproject.toml cannot say: the compiled core, its wheel tag, and where the scenarios ship.

The scenario files stay in ``scenarios/`` at the top of the tree, where a user edits them, and ship
as the data-only package ``harness.scenarios``, and likewise the header for programs in C,
``native/include``, as ``harness.include``.  So their directory is ``scenarios`` beside
``harness/__init__.py`` in an installed wheel, and beside ``harness`` itself in a checkout.

MMUTORTURE_IN_PLACE=1 is for the Makefile, whose editable install leaves all but the Python part to
the tree: the scenarios are there, and ``make`` compiles the core where its diagnostics can be seen.
Naming the root then makes the editable install one line in a .pth file, where the default would
load an import hook, and 8 ms of modules for it, into every worker process.
"""

import os
import sys
import sysconfig
from pathlib import Path

from setuptools import find_packages, setup

sys.path.insert(0, str(Path(__file__).resolve().parent / "native"))

from build_objects import BuildObjects

in_place = os.environ.get("MMUTORTURE_IN_PLACE") == "1"

# One wheel serves every CPython from 3.11 on.  Free-threaded interpreters have no limited API yet.
limited_api = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    packages=[
        *find_packages(include=["harness", "harness.*"]),
        *([] if in_place else ["harness.scenarios", "harness.include"]),
    ],
    package_dir={"": "."}
    if in_place
    else {"harness.scenarios": "scenarios", "harness.include": "native/include"},
    cmdclass={"build_ext": BuildObjects},
    cffi_modules=[] if in_place else ["native/build_core.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited_api else {},
)
