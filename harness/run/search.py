# SPDX-License-Identifier: GPL-2.0-only
"""What an exhaustive search says: exhausted, or how far it came and why not further."""

from typing import Any

from harness.program import symmetry
from harness.run.explore import Exploration

UNBOUNDED = (1 << 64) - 1
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


def estimate_text(search: dict[str, Any]) -> str:
    """What random descents made of the tree before the search began; empty: nothing."""
    value, error = search["estimate"], search["estimate_error"]
    if not value:
        return ""
    if search["classes"] > value:
        return f", more than the {value:.3g} that were estimated"
    low, high = max(value - error, search["classes"], 1), value + error
    return f" of an estimated {value:.3g} ({low:.3g} to {high:.3g})"


def duration(seconds: float) -> str:
    for unit, size in (("years", 365 * 86400), ("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.1f} s"


def up_to(found: Exploration) -> str:
    """The tasks that were not told apart, if so."""
    if not found.recipe.settings.symmetry:
        return ""
    return f" up to symmetry of tasks {symmetry.names(found.scenario)}"


def schedules_line(found: Exploration, search: dict[str, Any]) -> str:
    """Of a search that tells all schedules apart."""
    settings, seen = found.recipe.settings, search["classes"]
    unit = "preemptions" if settings.delays is None else "delays"
    bound = "" if search["bound"] == UNBOUNDED else f" with at most {search['bound']} {unit}"
    if is_exhausted(found):
        if search["beyond"]:
            return f"exhausted: all {seen} schedules{bound} seen; there are others with more"
        return f"exhausted: all {seen} schedules{up_to(found)} seen"
    reasons = [text.format(search[key]) for key, text in REASONS.items() if search[key]]
    return f"not exhausted: {seen} schedules seen{bound}" + "".join(f"; {r}" for r in reasons)


def unit(found: Exploration) -> str:
    return "executions" if found.recipe.settings.memory == "lkmm" else "classes"


def line(found: Exploration) -> str:
    """One line; empty where the strategy is no search."""
    search = found.search
    if search is None:
        return ""
    if found.recipe.settings.strategy == "dfs":
        return schedules_line(found, search)
    if is_exhausted(found):
        if search["bound"] != UNBOUNDED:
            within = f"with at most {search['bound']} preemptions"
            more = "; there are others with more" if search["beyond"] else ""
            return f"exhausted: all {search['classes']} {unit(found)} {within} seen{more}"
        what = f"{unit(found)}{up_to(found)}"
        endless = found.totals.get("discarded", 0)
        more = f"; {endless} more have no end" if endless else ""
        if search["outgrown"]:
            more += "; some outgrew the window of lkmm, so that their number depends on the order"
        return f"exhausted: all {search['classes'] - endless} {what} seen{more}"
    seen, estimate = search["classes"], estimate_text(search)
    left = ""
    if found.failure is None and 0 < seen < search["estimate"]:
        seconds = found.elapsed_s * (search["estimate"] - seen) / seen
        left = f", about {duration(seconds)} more at this rate"
    reasons = [text.format(search[key]) for key, text in REASONS.items() if search[key]]
    return f"not exhausted: {seen} {unit(found)} seen{estimate}{left}" + "".join(
        f"; {r}" for r in reasons
    )
