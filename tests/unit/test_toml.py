# SPDX-License-Identifier: GPL-2.0-only
import tomllib

from harness.scenario.toml import dumps, key_lines, line_of

TEXT = """\
# a comment
name = "x"

[vm]
pml = true

[[tasks]]
kind = "vcpu"
mix = { read = 1 }
[[tasks]]
kind = "vmm"
[controlled]
tasks.0.count = 2
"""


def test_lines_of_keys() -> None:
    lines = key_lines(TEXT)
    assert lines["name",] == 2
    assert lines["vm", "pml"] == 5
    assert lines["tasks", 0, "mix"] == 9
    assert lines["tasks", 1, "kind"] == 11
    assert lines["controlled", "tasks", "0", "count"] == 13


def test_a_key_inside_an_inline_table_has_its_parents_line() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("tasks", 0, "mix", "read")) == 9
    assert line_of(lines, ("tasks", 1, "mix")) == 10
    assert line_of(lines, ("nowhere",)) is None


def test_what_is_written_is_read_back() -> None:
    document = {
        "name": 'quote " and \\ and é',
        "flag": True,
        "list": [1, 2],
        "vm": {"pml": False, "odd key": 3},
        "tasks": [{"mix": {"read": 1, "fast-zap": 2}}, {"program": ["r0 = read 0x10"]}],
    }
    assert tomllib.loads(dumps(document)) == document
