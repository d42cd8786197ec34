"""From findings to cures: which findings one change would settle, and how that is said to those who file.

One wrong number breaks several relations, and each of them is a finding. Where localization names the one cell to
change, its findings are told as one: the change first, the relations it settles beneath it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gongkai.cell import Value, is_number
from gongkai.edition import Edition
from gongkai.localization.cures import Cure
from gongkai.localization.search import localize
from gongkai.report import Report
from gongkai.verdict import Prior, both_years
from gongkai.wording import cell_range, shown

_KINDS = {
    "shifted": "整行或整列像是错开了一格",
    "swapped": "像是两格填反了",
    "transposition": "像是两位数字颠倒",
    "doubled-digit": "像是一位数字重复按了一次",
    "added-digit": "像是多按了一位",
    "dropped-digit": "像是少按了一位",
    "digit": "像是一位数字按错",
    "sign": "像是正负号填反",
    "total": "合计没有随各项改",
    "totals": "合计没有随各项改",
    "imputed": "由合计推算",
    "reading": "按所填的文字读出",
}
_ARITHMETIC = ("digit", "other")
"""Kinds for which nothing speaks but that the sums would be right: a number entered later, whose totals and counterpart
were forgotten, looks the same, and then it is the others that are wrong."""
_DOUBT = "请先核对原始登记：若这一格属实，则是别的格没有跟着改。"
_IN_FULL = 4
"""So many changed cells are named one by one; more of them as a range."""

Places = Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Correction:
    """One cell to change."""

    item: str
    sheet: str
    cell: str
    was: Value
    to: int | float | None
    """``None`` where the relations leave it open."""

    @property
    def text(self) -> str:
        """Return what to do, in Chinese."""
        if self.was is None:
            return f"在 {self.place} 填 {self.to}"
        return f"把 {self.place} 的 {shown(self.was)} 改为 {shown(self.to)}"

    @property
    def place(self) -> str:
        """Return where it stands, as people write it."""
        return f"{self.sheet}!{self.cell}"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes that settle some findings, given as (rule, item key, sheet, cell).

    Nobody but those who file may make them.
    """

    corrections: tuple[Correction, ...]
    resolves: tuple[tuple[str, str, str, str], ...]
    kind: str
    unique: bool

    def to_json(self) -> dict[str, Any]:
        """Return the remedy as the command contract prints it."""
        cells = [
            {"item": one.item, "sheet": one.sheet, "cell": one.cell, "from": one.was, "to": one.to}
            for one in self.corrections
        ]
        resolves = [dict(zip(("rule", "item", "sheet", "cell"), told, strict=True)) for told in self.resolves]
        return {"cells": cells, "resolves": resolves, "kind": self.kind}

    @property
    def text(self) -> str:
        """Return what to do, in Chinese."""
        if any(one.to is None for one in self.corrections):
            places = "、".join(one.place for one in self.corrections)
            return f"{places} 要一起改，各改为多少须查原始登记"
        why = f"（{_KINDS[self.kind]}）" if self.kind in _KINDS else ""
        count = len(self.resolves)
        then = f"，{count} 处勾稽关系即全部成立" if count > 1 else "，勾稽关系即成立" if count else ""
        return f"{self.change}{then}{why}"

    @property
    def change(self) -> str:
        """Return the change alone, in Chinese."""
        if len(self.corrections) > _IN_FULL and len({one.sheet for one in self.corrections}) == 1:
            cells = cell_range(tuple(one.cell for one in self.corrections))
            values = "、".join(shown(one.to) for one in self.corrections)
            return f"把 {self.corrections[0].sheet}!{cells} 依次改为 {values}"
        return "，".join(one.text for one in self.corrections)


def live_totals(edition: Edition, values: Sequence[Value]) -> frozenset[int]:
    """Return the totals of an official workbook that follow their parts, as its formulas do; a blank part is 0 there.

    One that does not was typed over, or never calculated again.
    """
    numbers = both_years(edition, values, None)
    return frozenset(
        total
        for total, parts in edition.derivations.items()
        if is_number(values[total]) and numbers[total] == sum(numbers[part] or 0 for part in parts)
    )


@dataclass(frozen=True, slots=True)
class Remedies:
    """What would settle the findings of one report."""

    broken: Mapping[tuple[str, str], tuple[Remedy, ...]]
    """(rule, item key) of a relation's finding → its one remedy, or the likeliest."""
    filled: Mapping[str, Remedy]
    """Item key of a cell without a number → the number that follows."""

    @classmethod
    def of(
        cls, edition: Edition, report: Report, prior: Prior | None, live: frozenset[int], places: Places
    ) -> Remedies:
        """Return the remedies of a report; arguments as in ``localize``, and where its items stand."""
        located, items = localize(edition, report, prior, live), edition.items
        broken: dict[tuple[str, str], tuple[Remedy, ...]] = {}
        for group in located.groups:
            remedies = tuple(_remedy(cure, edition, places) for cure in group.cures)
            broken.update({(told.rule, items[told.index].key): remedies for told in group.broken})
        filled = {
            items[cure.cells[0].index].key: _remedy(cure, edition, places)
            for cure in located.filled
            if cure.unique and cure.resolves  # a reading that nothing confirms is proposed by its finding already
        }
        return cls(broken, filled)

    def for_finding(self, rule: str, item: str | None, cells: int) -> tuple[Remedy, ...]:
        """Return what would settle a finding of so many cells."""
        if item is None:
            return ()
        found = self.broken.get((rule, item), ())
        return found or ((self.filled[item],) if cells <= 1 and item in self.filled else ())


def _remedy(cure: Cure, edition: Edition, places: Places) -> Remedy:
    def place(index: int) -> tuple[str, str, str]:
        item = edition.items[index]
        return (item.key, *places.get(index, (item.sheet, item.cell)))

    corrections = tuple(Correction(*place(one.index), one.was, one.to) for one in cure.cells)
    return Remedy(corrections, tuple((told.rule, *place(told.index)) for told in cure.resolves), cure.kind, cure.unique)


def advice(remedies: Sequence[Remedy]) -> str:
    """Return what to do about findings, in Chinese: the one change, or the likeliest of several."""
    if len(remedies) == 1 and remedies[0].unique:
        check = _DOUBT if remedies[0].kind in _ARITHMETIC else "请核对原始数据后修改。"
        return f"建议：{remedies[0].text}。{check}"
    several = "；".join(remedy.text for remedy in remedies)
    return (
        f"可能是其中一处填错：{several}。请核对原始数据。"
        if len(remedies) > 1
        else f"可能：{several}。请核对原始数据。"
    )
