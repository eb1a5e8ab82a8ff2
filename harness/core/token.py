# SPDX-License-Identifier: GPL-2.0-only
"""The reproduction token: one word that says everything a replay needs.

    mt2:<scenario>:<scenario hash>:<build>:<strategy>:<seed>:<iteration>:<plan or ->:<crc>

``<scenario>`` is a name and what was changed, ``zap-vs-fault,bug=A03,vcpus=3,memory=tso``, where
``ops.vcpu0=2`` cuts a task's work short; ``<strategy>`` likewise, ``pct,depth=3,oracle=roots``.
No character of a token means anything to a shell.  The plan is the set of anchored switches, there
when it is short; otherwise the schedule follows from strategy, seed and iteration, which is as
exact for the build that made the token, and for no other.
"""

import zlib
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from harness.core import anchors
from harness.core.anchors import Plan
from harness.errors import UsageError
from harness.scenario.settings import MEMORY_MODELS, ORDERS, PCT_DEPTH, Settings, Weakening

VERSION = "mt2"
FIELDS = 9
PLAN_CHARS_MAX = 600
VCPUS_KEY = "tasks.vcpu.count"
CUT_PREFIX = "ops."
SAFE = "-._/"  # of a path or value; everything else is percent-encoded


@dataclass(frozen=True)
class Recipe:
    """Which scenario, changed how, run with which settings."""

    spec: str
    overrides: tuple[tuple[str, str], ...]
    settings: Settings


@dataclass(frozen=True)
class Token:
    recipe: Recipe
    scenario_hash: str
    build: str  # first 8 hex digits of the core's build identity
    iteration: int
    plan: Plan | None  # None: not carried
    oracle: str = ""  # which one is violated; empty: not said


def refuse(why: str) -> UsageError:
    return UsageError(f"the token is refused: {why}")


def pack_plan(plan: Plan | None) -> str:
    """The packed plan; ``0`` for one without a switch, ``-`` for one too long for a token."""
    if plan is None:
        return "-"
    packed = anchors.pack(plan) or "0"
    return packed if len(packed) <= PLAN_CHARS_MAX else "-"


def unpack_plan(packed: str) -> Plan | None:
    if packed == "-":
        return None
    if packed == "0":
        return ()
    from harness.core.structs import event_ops  # the core, which a token need not have

    try:
        return anchors.unpack(packed, {anchors.op_code(name): name for name in event_ops()})
    except anchors.Damaged:
        raise refuse("its plan is damaged") from None


def format_scenario(recipe: Recipe) -> str:
    settings = recipe.settings
    pairs = [("bug", name) for name in settings.bugs]
    for key, value in recipe.overrides:
        pairs.append(("vcpus" if key == VCPUS_KEY else key, value))
    pairs += [(f"{CUT_PREFIX}{name}", str(count)) for name, count in settings.cut]
    pairs += [("without", name) for name in settings.without]
    pairs += [("weaken", str(weakening)) for weakening in settings.weaken]
    pairs += [("delay", delay) for delay in settings.delay]
    if settings.memory != MEMORY_MODELS[0]:
        pairs.append(("memory", settings.memory))
    parts = [quote(recipe.spec, SAFE), *(f"{k}={quote(v, SAFE)}" for k, v in pairs)]
    return ",".join(parts)


def parse_weakening(text: str) -> Weakening:
    file, _, rest = text.partition(":")
    line, _, order = rest.partition(":")
    if not file or order not in ORDERS:
        raise refuse(f"'{text}' is no FILE:LINE:ORDER")
    return Weakening(file, number(line, 10, "line"), order)


def parse_scenario(text: str, settings: Settings) -> Recipe:
    spec, *pairs = text.split(",")
    bugs: list[str] = []
    without: list[str] = []
    overrides: list[tuple[str, str]] = []
    cut: list[tuple[str, int]] = []
    weaken: list[Weakening] = []
    delays: list[str] = []
    memory = MEMORY_MODELS[0]
    for pair in pairs:
        key, separator, quoted = pair.partition("=")
        value = unquote(quoted)
        if not separator:
            raise refuse(f"'{pair}' is no key=value")
        if key == "bug":
            bugs.append(value)
        elif key == "without":
            without.append(value)
        elif key == "delay":
            delays.append(value)
        elif key == "weaken":
            weaken.append(parse_weakening(value))
        elif key == "memory":
            memory = value
        elif key.startswith(CUT_PREFIX):
            cut.append((key.removeprefix(CUT_PREFIX), number(value, 10, "number of operations")))
        else:
            overrides.append((VCPUS_KEY if key == "vcpus" else key, value))
    settings = replace(
        settings,
        bugs=tuple(bugs),
        without=tuple(without),
        memory=memory,
        cut=tuple(cut),
        weaken=tuple(weaken),
        delay=tuple(delays),
    )
    return Recipe(unquote(spec), tuple(overrides), settings)


def checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def format_token(token: Token) -> str:
    settings = token.recipe.settings
    strategy = settings.strategy
    if strategy == "pct":
        strategy += f",depth={settings.depth}"
    if token.oracle:
        strategy += f",oracle={token.oracle}"
    body = ":".join(
        (
            VERSION,
            format_scenario(token.recipe),
            token.scenario_hash,
            token.build,
            strategy,
            f"{settings.seed:x}",
            str(token.iteration),
            pack_plan(token.plan),
        )
    )
    return f"{body}:{checksum(body)}"


def looks_like_token(text: str) -> bool:
    head = text.partition(":")[0]
    return ":" in text and head[:2] == "mt" and head[2:].isdigit()


def number(text: str, base: int, what: str) -> int:
    try:
        value = int(text, base)
    except ValueError:
        raise refuse(f"its {what} is damaged") from None
    if not 0 <= value < 1 << 64:
        raise refuse(f"its {what} is out of range")
    return value


def parse_token(text: str) -> Token:
    text = text.strip()
    fields = text.split(":")
    if fields[0] != VERSION:
        raise refuse(f"its format is '{fields[0]}', and this is a reader of {VERSION}")
    if len(fields) != FIELDS:
        raise refuse(f"it has {len(fields)} of {FIELDS} fields; was it cut off?")
    body, _, check = text.rpartition(":")
    if checksum(body) != check:
        raise refuse("its checksum does not match; was it cut off or edited?")
    _, scenario, scenario_hash, build, strategy, seed, iteration, plan, _ = fields
    name, *pairs = strategy.split(",")
    said = {key: value for key, _, value in (pair.partition("=") for pair in pairs)}
    depth = said.get("depth")
    settings = Settings(
        seed=number(seed, 16, "seed"),
        strategy=name,
        depth=number(depth, 10, "depth") if depth else PCT_DEPTH,
    )
    return Token(
        recipe=parse_scenario(scenario, settings),
        scenario_hash=scenario_hash,
        build=build,
        iteration=number(iteration, 10, "iteration"),
        plan=unpack_plan(plan),
        oracle=said.get("oracle", ""),
    )
