# SPDX-License-Identifier: GPL-2.0-only
"""Test points of a run, one for each scenario, as the formats for CI need them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """`what` is the oracle that was violated, or what else went wrong; empty: it passed."""

    name: str  # of the scenario, as given
    seconds: float = 0.0
    what: str = ""
    message: str = ""
    reproduce: str = ""  # the command, where there is one
    details: str = ""  # the failure block, or more lines
    error: bool = False  # the run itself went wrong: it says nothing about the scenario
    skipped: str = ""  # why it was not run

    @property
    def good(self) -> bool:
        return not self.what

    def lines(self) -> list[str]:
        """What to tell of a failure, in a line each."""
        found = [f"{self.what}: {line}" for line in self.message.splitlines()] or [self.what]
        return found + ([f"reproduce: {self.reproduce}"] if self.reproduce else [])


def not_run(name: str) -> Case:
    return Case(name, skipped="interrupted before its turn")
