# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts: which function was entered under which mode, which half of an `either` never."""

from dataclasses import dataclass

from harness.contention.record import Contention
from harness.report import figures
from harness.report.parts import Cell, Column, Part, Row, Section, Table, Text, cut, label, number
from harness.report.sites import TREE
from harness.report.verdict import MMU_LOCK

ROWS_MAX = 400  # the model has some hundred contracts
PROPERTIES = frozenset({"yields"})  # that say something else than what is to be held
SECTIONS = frozenset({"rcu", "srcu"})  # without modes


@dataclass
class Function:
    """One function and the lock that it is about; contracts of which one applies are one."""

    func: str
    place: str
    lock: str
    contracts: set[str]
    modes: bool  # the lock can be held for read or for write
    entered: int = 0
    read: int = 0
    write: int = 0

    @property
    def either(self) -> bool:
        return self.modes and ("either" in self.contracts or {"read", "write"} <= self.contracts)

    @property
    def wanted(self) -> str:
        """What is to be held."""
        if self.lock in SECTIONS:
            return "inside"
        if self.either:
            return "either"
        return " or ".join(sorted(self.contracts)) if self.modes else "held"

    @property
    def missing(self) -> str:
        """The half of an `either` that was never seen."""
        if not self.either or not self.entered:
            return ""
        halves = (("read", self.read), ("write", self.write))
        return " and ".join(name for name, seen in halves if not seen)


def functions(record: Contention) -> list[Function]:
    rwlocks = {row.lock for row in record.locks if row.type.startswith("rwlock")} | {MMU_LOCK}
    found: dict[tuple[str, str, str], Function] = {}
    for row in record.contracts:
        if row.contract in PROPERTIES:
            continue
        lock = row.lock or row.contract
        place = f"{row.file}:{row.line}"
        fresh = Function(row.func, place, lock, set(), lock in rwlocks)
        entry = found.setdefault((row.file, row.func, lock), fresh)
        entry.contracts.add(row.contract)
        entry.entered += row.none + row.read + row.write
        entry.read += row.read
        entry.write += row.write
    return list(found.values())


def section(record: Contention) -> Section:
    title = "Lock-contract coverage"
    every = functions(record)
    if not every:
        return Section("coverage", title, missing="not measured in this record")
    if not any(entry.entered for entry in every):
        return Section("coverage", title, missing="contracts count only where checks are on")
    entered = [entry for entry in every if entry.entered]
    lead = f"{figures.count(len(entered))} of {figures.plural(len(every), 'contract')} were met."
    if either := [entry for entry in every if entry.either]:
        half = sum(bool(entry.missing) for entry in either)
        whole = sum(bool(entry.entered) for entry in either) - half
        lead += (
            f" {figures.count(len(either))} allow either mode: {whole} were entered under both,"
            f" {half} under one only, {len(either) - whole - half} never."
        )
    parts: list[Part] = [table(entered)]
    if never := sorted({entry.func for entry in every if not entry.entered}):
        named = f"Never entered: {figures.plural(len(never), 'function')}"
        parts.append(Text(", ".join(never), title=named, folded=True))
    return Section("coverage", title, lead, parts)


def order(entry: Function) -> tuple[bool, int, str]:
    """What is half covered first."""
    return not entry.missing, -entry.entered, entry.func


def verdict(entry: Function) -> Cell:
    if entry.missing:
        return label(f"half: never for {entry.missing}", tone="bad")
    return label("both halves" if entry.either else "entered", tone="good")


def table(every: list[Function]) -> Table:
    rows = []
    shown, total = cut(sorted(every, key=order), ROWS_MAX)
    for entry in shown:
        modes = (entry.read, entry.write)
        cells = (
            label(entry.func, code=True),
            Cell(entry.place.removeprefix(TREE), exact=entry.place, tone="quiet", code=True),
            label(entry.lock),
            label(entry.wanted),
            number(entry.entered),
            *(number(count) if entry.modes else label("") for count in modes),
            verdict(entry),
        )
        rows.append(Row(cells, entry.lock, sites=f"{entry.func} {entry.place}"))
    columns = [Column(name, False) for name in ("function", "place", "lock", "contract")]
    columns += [Column("entered"), Column("for read"), Column("for write")]
    columns.append(Column("covered", False))
    return Table("Functions and modes", tuple(columns), tuple(rows), total=total)
