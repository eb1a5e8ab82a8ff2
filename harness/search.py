# SPDX-License-Identifier: GPL-2.0-only
"""What an exhaustive search says: exhausted, or how far it came and why not further."""

from typing import Any

from harness.explore import Exploration

REASONS = {
    "too_deep": "{} executions were too long to search",
    "too_many": "{} branches found no room",
    "diverged": "an execution was not a function of its choices",
}


def is_exhausted(found: Exploration) -> bool:
    return found.search is not None and bool(found.search["exhausted"])


def fields(found: Exploration) -> dict[str, Any]:
    """For the JSON document."""
    search = found.search
    if search is None:
        return {"exhausted": False}
    return {"exhausted": is_exhausted(found), "classes": search["classes"], "search": search}


def line(found: Exploration) -> str:
    """One line; empty where the strategy is no search."""
    search = found.search
    if search is None:
        return ""
    if is_exhausted(found):
        return f"exhausted: all {search['classes']} classes seen"
    reasons = [text.format(search[key]) for key, text in REASONS.items() if search[key]]
    return f"not exhausted: {search['classes']} classes seen" + "".join(f"; {r}" for r in reasons)
