# SPDX-License-Identifier: GPL-2.0-only
"""Lock contracts: which function was entered under which mode, which half of an `either` never."""

from dataclasses import dataclass

from harness.contention.record import Contention
from harness.report import figures
from harness.report.parts import Cell, Column, Row, Section, Table, cut, label, number

ROWS_MAX = 400  # the model has some hundred contracts


@dataclass
class Function:
    """One function and the lock that it is about; contracts of which one applies are one."""

    func: str
    place: str
    lock: str
    contracts: set[str]
    counts: list[int]  # none, read, write

    @property
    def either(self) -> bool:
        return "either" in self.contracts or {"read", "write"} <= self.contracts

    @property
    def entered(self) -> bool:
        return any(self.counts)

    @property
    def missing(self) -> str:
        """The half of an `either` that was never seen."""
        if not self.either or not self.entered:
            return ""
        _, read, write = self.counts
        return " and ".join(name for name, seen in (("read", read), ("write", write)) if not seen)


def functions(record: Contention) -> list[Function]:
    found: dict[tuple[str, str, str], Function] = {}
    for row in record.contracts:
        key = (row.file, row.func, row.lock)
        place = f"{row.file}:{row.line}"
        entry = found.setdefault(key, Function(row.func, place, row.lock, set(), [0, 0, 0]))
        entry.contracts.add(row.contract)
        for at, count in enumerate((row.none, row.read, row.write)):
            entry.counts[at] += count
    return list(found.values())


def section(record: Contention) -> Section:
    title = "Lock-contract coverage"
    every = functions(record)
    if not every:
        return Section("coverage", title, missing="not measured in this record")
    if not any(entry.entered for entry in every):
        return Section("coverage", title, missing="contracts count only where checks are on")
    entered = sum(entry.entered for entry in every)
    lead = f"{figures.count(entered)} of {figures.plural(len(every), 'contract')} were met."
    if either := [entry for entry in every if entry.either]:
        half = sum(bool(entry.missing) for entry in either)
        whole = sum(entry.entered for entry in either) - half
        lead += (
            f" {figures.count(len(either))} allow either mode: {whole} were entered under both,"
            f" {half} under one only, {len(either) - whole - half} never."
        )
    return Section("coverage", title, lead, [table(every)])


def order(entry: Function) -> tuple[int, int, str]:
    """What is half covered first, what was never entered last."""
    group = 0 if entry.missing else 1 if entry.entered else 2
    return group, -sum(entry.counts), entry.func


def verdict(entry: Function) -> Cell:
    if entry.missing:
        return label(f"half: never for {entry.missing}", tone="bad")
    if not entry.entered:
        return label("never entered", tone="quiet")
    return label("both halves" if entry.either else "entered", tone="good")


def table(every: list[Function]) -> Table:
    rows = []
    for entry in sorted(every, key=order):
        contract = "either" if entry.either else " or ".join(sorted(entry.contracts))
        cells = [
            label(entry.func, code=True),
            label(entry.place, tone="quiet", code=True),
            label(entry.lock),
            label(contract),
        ]
        cells += [number(count, tone="" if count else "quiet") for count in entry.counts]
        rows.append(Row((*cells, verdict(entry)), entry.lock, sites=f"{entry.func} {entry.place}"))
    columns = [Column(name, False) for name in ("function", "place", "lock", "contract")]
    columns += [
        Column("not held"),
        Column("for read"),
        Column("for write"),
        Column("covered", False),
    ]
    shown, total = cut(rows, ROWS_MAX)
    return Table("Functions and modes", tuple(columns), shown, total=total)
