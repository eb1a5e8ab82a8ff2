# SPDX-License-Identifier: GPL-2.0-only
"""JUnit XML, as Jenkins, GitLab and others read it: a test case for each scenario.

There is no standard.  This is what all three schemas in use accept: that of the Ant task (windyroad's
JUnit.xsd), that of Jenkins (jenkins-junit.xsd) and that of its xUnit plugin (junit-10.xsd).  What
each demands is in docs/scripts.md.
"""

import platform
import re
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.results.cases import Case
from harness.errors import UsageError
from harness.results.directory import write_output

PACKAGE = "mmutorture"
# What XML 1.0 cannot hold, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def plain(text: str) -> str:
    return FORBIDDEN.sub("?", text)


def seconds(value: float) -> str:
    return f"{value:.3f}"


def add_case(suite: ET.Element, command: str, case: Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=plain(case.name),
        classname=f"{PACKAGE}.{command}",
        time=seconds(case.seconds),
    )
    if case.skipped:
        # Text, and no attribute: Jenkins' schema has none there, and Jenkins shows either.
        ET.SubElement(element, "skipped").text = plain(case.skipped)
    elif not case.good:
        kind = "error" if case.error else "failure"
        wrong = ET.SubElement(element, kind, message=plain(case.message), type=plain(case.what))
        wrong.text = plain("\n".join([*case.lines(), *case.details.splitlines()]))


def render(command: str, cases: Sequence[Case], properties: Mapping[str, str], began: float) -> str:
    """`began` is the time of day; the schemas want it local, without a zone."""
    root = ET.Element("testsuites")
    bad = [case for case in cases if not case.good]
    suite = ET.SubElement(
        root,
        "testsuite",
        name=command,
        package=PACKAGE,
        id="0",
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(began)),
        hostname=plain(platform.node()) or "localhost",
        tests=str(len(cases)),
        failures=str(sum(not case.error for case in bad)),
        errors=str(sum(case.error for case in bad)),
        skipped=str(sum(bool(case.skipped) for case in cases)),
        time=seconds(sum(case.seconds for case in cases)),
    )
    listed = ET.SubElement(suite, "properties")
    for name, value in properties.items():
        ET.SubElement(listed, "property", name=name, value=plain(value))
    for case in cases:
        add_case(suite, command, case)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def check(path: Path) -> None:
    """Before anything runs: whether the file will be writable at the end."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        why = "is a directory" if path.is_dir() else "its directory does not exist"
        raise UsageError(f"--junit {path}: {why}; name a file")


def write(path: Path, text: str) -> None:
    try:
        write_output(path, text)
    except OSError as error:
        raise UsageError(f"--junit {path}: cannot be written: {error.strerror}") from None
