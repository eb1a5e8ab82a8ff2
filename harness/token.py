# SPDX-License-Identifier: GPL-2.0-only
"""The reproduction token: one word that says everything a replay needs.

    mt1:<scenario>:<scenario hash>:<build>:<strategy>:<seed>:<iteration>:<plan or ->:<crc>

``<scenario>`` is a name and what was changed, ``zap-vs-fault,bug=A03,vcpus=3,memory=tso``;
``<strategy>`` likewise, ``pct,depth=3``.  No character of a token means anything to a shell.  The
plan is the list of forced switches, there when it is short; otherwise the schedule follows from
strategy, seed and iteration, which is as exact.
"""

import base64
import binascii
import zlib
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from harness.errors import UsageError
from harness.settings import MEMORY_MODELS, PCT_DEPTH, Settings

VERSION = "mt1"
FIELDS = 9
PLAN_CHARS_MAX = 600
VCPUS_KEY = "tasks.vcpu.count"
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
    plan: tuple[int, ...]  # empty: not carried


def refuse(why: str) -> UsageError:
    return UsageError(f"the token is refused: {why}")


def pack_plan(words: tuple[int, ...]) -> str:
    """Varints (7 bits a byte, low first) in base64url, or ``-`` when there are too many."""
    raw = bytearray()
    for word in words:
        while word >= 0x80:
            raw.append(word & 0x7F | 0x80)
            word >>= 7
        raw.append(word)
    packed = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    return packed if packed and len(packed) <= PLAN_CHARS_MAX else "-"


def unpack_plan(packed: str) -> tuple[int, ...]:
    if packed == "-":
        return ()
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise refuse("its plan is damaged") from None
    words, word, shift = [], 0, 0
    for byte in raw:
        word |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            words.append(word)
            word, shift = 0, 0
    if shift or len(words) % 2 or any(value >> 32 for value in words):
        raise refuse("its plan is damaged")
    return tuple(words)


def format_scenario(recipe: Recipe) -> str:
    settings = recipe.settings
    pairs = [("bug", name) for name in settings.bugs]
    for key, value in recipe.overrides:
        pairs.append(("vcpus" if key == VCPUS_KEY else key, value))
    pairs += [("without", name) for name in settings.without]
    if settings.memory != MEMORY_MODELS[0]:
        pairs.append(("memory", settings.memory))
    parts = [quote(recipe.spec, SAFE), *(f"{k}={quote(v, SAFE)}" for k, v in pairs)]
    return ",".join(parts)


def parse_scenario(text: str, settings: Settings) -> Recipe:
    spec, *pairs = text.split(",")
    bugs: list[str] = []
    without: list[str] = []
    overrides: list[tuple[str, str]] = []
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
        elif key == "memory":
            memory = value
        else:
            overrides.append((VCPUS_KEY if key == "vcpus" else key, value))
    settings = replace(settings, bugs=tuple(bugs), without=tuple(without), memory=memory)
    return Recipe(unquote(spec), tuple(overrides), settings)


def checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


def format_token(token: Token) -> str:
    settings = token.recipe.settings
    strategy = settings.strategy
    if strategy == "pct":
        strategy += f",depth={settings.depth}"
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
    name, _, depth = strategy.partition(",depth=")
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
    )
