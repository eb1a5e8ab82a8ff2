# SPDX-License-Identifier: GPL-2.0-only
"""KTAP and JUnit XML: read back as their readers do, whatever names and messages hold."""

from __future__ import annotations

import re
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.results import junit, ktap
from harness.results.cases import Case, not_run

RESULT = re.compile(r"(ok|not ok) (\d+) ([^#]*?)(?: # SKIP (.*))?")
# What the kernel's kunit.py takes for something other than a diagnostic.
KUNIT = re.compile(r"\s*(?:K?TAP version \d+$|1\.\.\d+|# Subtest: |(?:ok|not ok) \d+ )")
KUNIT_END = re.compile(r"\s*(?:List of all partitions:|Kernel panic - not syncing: VFS:|reboot: )")
TEXT = st.text(max_size=20)
COMMAND = "mmutorture reproduce results/latest/zap-vs-fault/failure-1"


@st.composite
def cases(draw: st.DrawFn) -> Case:
    name, seconds = draw(TEXT), draw(st.floats(0, 1e6))
    kind = draw(st.sampled_from(("good", "bad", "error", "skipped")))
    if kind == "good":
        return Case(name, seconds)
    if kind == "skipped":
        return Case(name, skipped=draw(st.sampled_from(("interrupted", "why <&>"))))
    what, error = draw(st.sampled_from(("flush-debt", "not-found"))), kind == "error"
    return Case(name, seconds, what, draw(TEXT), COMMAND, draw(TEXT), error)


def well_shaped(text: str) -> ET.Element:
    """What the three schemas of docs/scripts.md demand, the strictest where they differ."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites" and root.attrib == {} and len(root) == 1
    suite = root[0]
    required = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors"}
    assert suite.tag == "testsuite" and set(suite.attrib) == required | {"skipped", "time"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"])
    assert all(re.fullmatch(r"\d+", suite.attrib[key]) for key in ("tests", "failures", "errors"))
    assert re.fullmatch(r"\d+\.\d{3}", suite.attrib["time"])
    assert all(suite.attrib[key] for key in ("name", "package", "hostname"))
    order = ["properties"] + ["testcase"] * (len(suite) - 3) + ["system-out", "system-err"]
    assert [element.tag for element in suite] == order
    assert len(suite[0]) > 0, "Jenkins' schema wants a property where it finds properties"
    for one in suite.iter("property"):
        assert set(one.attrib) == {"name", "value"} and one.attrib["name"]
    for case in suite.iter("testcase"):
        assert set(case.attrib) == {"name", "classname", "time"}
        assert re.fullmatch(r"\d+\.\d{3}", case.attrib["time"])
        assert len(case) <= 1
        for child in case:
            allowed = set() if child.tag == "skipped" else {"message", "type"}
            assert child.tag in ("failure", "error", "skipped") and set(child.attrib) == allowed
            assert len(child) == 0, "text and nothing else"
    return suite


@settings(max_examples=60)
@given(st.lists(cases(), max_size=5))
def test_junit_is_well_shaped_and_counts(given_cases: list[Case]) -> None:
    text = junit.render("explore", given_cases, {"seed": "0x1"}, 0.0)
    suite = well_shaped(text)
    tags = [child.tag for child in suite.iter()]
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        assert int(suite.attrib[attribute]) == tags.count(tag)
    for element, case in zip(suite.iter("testcase"), given_cases, strict=True):
        assert (len(element) == 0) == (case.good and not case.skipped)
        if not case.good:
            assert element[0].text and COMMAND in element[0].text
            assert element[0].attrib["type"] == case.what


@settings(max_examples=60)
@given(st.lists(cases(), max_size=5))
def test_ktap_reads_back(given_cases: list[Case]) -> None:
    lines = ktap.render(given_cases).split("\n")
    assert lines.pop() == ""
    assert lines[:2] == ["KTAP version 1", f"1..{len(given_cases)}"]
    assert not any(KUNIT_END.match(line) for line in lines)
    assert not any(KUNIT.match(line) for line in lines if line.startswith("#"))
    results = [RESULT.fullmatch(line) for line in lines[2:] if not line.startswith("#")]
    assert [int(result[2]) for result in results if result] == [*range(1, len(given_cases) + 1)], (
        "one line for each, numbered"
    )
    for result, case in zip(results, given_cases, strict=True):
        assert result and (result[1] == "ok") == case.good and (result[4] or "") == case.skipped
    assert lines.count(f"# reproduce: {COMMAND}") == sum(not case.good for case in given_cases)


def test_what_a_failure_says() -> None:
    failed = Case("zap-vs-fault", 1.5, "flush-debt", "gfn 3 <&> 4", COMMAND, "| vcpu0 | vmm |")
    assert ktap.render([failed, not_run("two")]).splitlines() == [
        "KTAP version 1",
        "1..2",
        "# flush-debt: gfn 3 <&> 4",
        f"# reproduce: {COMMAND}",
        "not ok 1 zap-vs-fault",
        "ok 2 two # SKIP interrupted before its turn",
    ]
    suite = well_shaped(junit.render("explore", [failed, not_run("two")], {"seed": "0x1"}, 0.0))
    failure = next(suite.iter("failure"))
    assert failure.attrib == {"message": "gfn 3 <&> 4", "type": "flush-debt"}
    assert failure.text == (f"flush-debt: gfn 3 <&> 4\nreproduce: {COMMAND}\n| vcpu0 | vmm |")
    assert next(suite.iter("testcase")).attrib["time"] == "1.500"
    assert suite.attrib["skipped"] == "1" and suite.attrib["time"] == "1.500"


def test_a_worker_that_died_is_an_error_and_no_failure() -> None:
    died = Case("storm", 1.0, "untrustworthy", "worker died: vcpu0", error=True)
    suite = well_shaped(junit.render("stress", [died], {"seed": "0x1"}, 0.0))
    assert (suite.attrib["errors"], suite.attrib["failures"]) == ("1", "0")


def test_a_file_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory; name a file"):
        junit.check(tmp_path)
    with pytest.raises(UsageError, match="its directory does not exist"):
        junit.check(tmp_path / "no" / "where.xml")
    junit.check(tmp_path / "new.xml")


def test_a_pipe_stays_one(tmp_path: Path) -> None:
    target = tmp_path / "null"
    target.symlink_to("/dev/null")
    junit.write(target, "<testsuites/>")
    assert stat.S_ISCHR(target.stat().st_mode)
