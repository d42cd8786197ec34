"""Report + Edition (+ last year) → findings: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gongkai import messages
from gongkai.blanks import Spot, rectangles
from gongkai.cell import CellError, DateText, Uncalculated, Unread, Value, is_number, parse_address, plain
from gongkai.edition import COVER_SHEET, Edition, EditionError, Item, by_year, editions
from gongkai.identities import Relation
from gongkai.numerals import is_blank, proposal, propose
from gongkai.remedy import Remedies, Remedy, live_totals
from gongkai.report import Report
from gongkai.verdict import Prior, both_years, is_clean, what_is_wrong
from gongkai.wording import addition, cell_range, equation, shown

MANY = 4
"""So many numbers typed as text in one rectangle are one mistake (a column formatted as text), not many."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or wants an explanation, in one cell, with the other cells involved."""

    rule: str
    severity: str
    sheet: str
    cell: str
    item: str | None
    value: Value
    expected: int | float | str | None
    cells: tuple[str, ...]
    message: str
    name: str
    """What people call the item; ``item`` is for machines."""
    explanation: str | None = None
    span: tuple[str, ...] = ()
    """The cells to paint, where they are more than ``cell``."""
    remedies: tuple[Remedy, ...] = ()
    """The one change that settles it, and other findings with it; or the likeliest of several."""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as the command contract prints it."""
        keys = ("rule", "severity", "sheet", "cell", "item", "value", "expected")
        head = {key: getattr(self, key) for key in keys}
        known = {**head, "cells": list(self.cells), "message": self.message, "explanation": self.explanation}
        if not self.remedies:
            return known
        if self.cure:
            return {**known, "cure": self.cure.to_json()}
        return {**known, "candidates": [remedy.to_json() for remedy in self.remedies]}

    @property
    def cure(self) -> Remedy | None:
        """The one change that settles it, if there is no other."""
        return self.remedies[0] if len(self.remedies) == 1 and self.remedies[0].unique else None

    @property
    def open(self) -> bool:
        """Whether somebody still has to act: an error, or a warning nobody explained."""
        return self.severity == "error" or (self.severity == "warning" and self.explanation is None)


@dataclass(frozen=True, slots=True)
class Context:
    """What a workbook adds to its report: where each item stands, what the clerk explained, what the reader noticed."""

    places: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """Item index → (sheet, cell), where it is not the official place."""
    explanations: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    """(rule, sheet, cell) → 情况说明."""
    findings: tuple[Finding, ...] = ()
    official: bool = False
    """Whether its totals are formulas, as those of our templates are."""


SETTLED = ("passed", "explained")
"""The statuses of a report that nobody has to act on any more."""


def status(findings: Iterable[Finding]) -> str:
    """Return passed, explained, warnings or failed."""
    grave = [finding for finding in findings if finding.severity != "info"]
    if any(finding.severity == "error" for finding in grave):
        return "failed"
    return "warnings" if any(finding.open for finding in grave) else "explained" if grave else "passed"


def validate(
    report: Report, edition: Edition, prior: Prior | None = None, context: Context | None = None,
    *, blank_as_zero: bool = False,
) -> tuple[Finding, ...]:  # fmt: skip
    """Return every finding of a report in the order of the sheets, none when it is clean.

    ``blank_as_zero`` is the office's declaration that blanks are zero; a report's own 零报告 says the same.
    """
    context = context or Context()
    counted = report.blanks_as_zero(edition) if blank_as_zero or report.declares_zero else report
    found = list(context.findings)
    if not is_clean(edition, counted, prior):
        found += _Examination(report, counted, edition, prior, context.places).findings()
    if any(finding.severity == "error" and finding.item for finding in found):
        live = live_totals(edition, counted.values) if context.official else frozenset()
        remedies = Remedies.of(edition, counted, prior, live, context.places)
        found = [_with_remedies(finding, remedies) for finding in found]
    order = {sheet: number for number, sheet in enumerate((COVER_SHEET, *edition.sheets))}
    found.sort(key=lambda finding: (order.get(finding.sheet, len(order)), *parse_address(finding.cell)))
    return tuple(_explained(finding, context.explanations) for finding in found)


def together(findings: Iterable[Finding]) -> Iterator[tuple[tuple[Remedy, ...], tuple[Finding, ...]]]:
    """Yield the findings in groups that share what would settle them, in the order of the first of each."""
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        groups.setdefault(finding.remedies or number, []).append(finding)
    for group in groups.values():
        yield group[0].remedies, tuple(group)


def _with_remedies(finding: Finding, remedies: Remedies) -> Finding:
    if finding.severity != "error":
        return finding
    return replace(finding, remedies=remedies.for_finding(finding.rule, finding.item, len(finding.span)))


def sum_findings(report: Report, edition: Edition, members: Sequence[Report]) -> Iterator[Finding]:
    """Yield a finding for each number of a summary that is not the sum over the units it lists (R-SUM)."""
    for item in edition.items if members else ():
        parts = [item.measure.number(member.values[item.index]) for member in members]
        value = report.values[item.index]
        total = None if None in parts else plain(sum(part for part in parts if part is not None))
        if value != total:
            message = messages.FORM_SENTENCES["R-SUM"].format(name=item.name, value=shown(value), expected=shown(total))
            yield Finding(
                "R-SUM", "error", item.sheet, item.cell, item.key, value, total, (item.cell,), message, item.name
            )


def _explained(finding: Finding, explanations: Mapping[tuple[str, str, str], str]) -> Finding:
    text = explanations.get((finding.rule, finding.sheet, finding.cell), "").strip()
    if not text or finding.severity != "warning":
        return finding
    if not messages.is_hollow(text):
        return replace(finding, explanation=text)
    note = messages.HOLLOW_NOTE.format(text=shown(text), least=messages.LEAST_EXPLANATION)
    return replace(finding, message=finding.message + note)


class _Examination:
    """One report under examination: what is wrong with it, turned into findings."""

    def __init__(
        self,
        filed: Report,
        counted: Report,
        edition: Edition,
        prior: Prior | None,
        places: Mapping[int, tuple[str, str]],
    ) -> None:
        self.filed = filed
        self.counted = counted
        self.edition = edition
        self.prior = prior
        self.places = places
        self.numbers = both_years(edition, counted.values, prior)

    def findings(self) -> Iterator[Finding]:
        wrong = list(what_is_wrong(self.edition, self.counted, self.prior))
        yield from (self.cover_finding(key) for key in {w.cover for w in wrong if w.cover})
        # Cells of a table that was not found are already reported, in one F-LAYOUT finding.
        read = {w.item for w in wrong if w.item is not None and not isinstance(self.filed.values[w.item], Unread)}
        yield from self.item_findings(read)
        yield from (self.relation_finding(w.relation) for w in wrong if w.relation)

    # --- the cover

    def cover_finding(self, key: str) -> Finding:
        place = next(field for field in self.edition.cover if field.key == key)
        value = self.filed.year if key == "year" else getattr(self.filed.unit, key)
        rule, sentence, expected, advice = "F-COVER", "F-COVER", None, ""
        if key == "year" and is_number(value) and not isinstance(value, float):
            rule = "F-EDITION"
            try:
                expected, sentence = by_year(value).name, "F-EDITION"
            except EditionError:
                sentence = "F-EDITION.none"
        elif key == "year" and value is not None:
            sentence = "F-COVER.year"
            year = propose(str(value).removesuffix("年度").removesuffix("年"), "count")
            known = any(year in edition.years for edition in editions().values())
            advice = self.advice(year) if known else messages.NO_YEAR
        elif place.choices and value is not None:
            sentence = "F-COVER.choice"
        message = messages.FORM_SENTENCES[sentence].format(
            name=place.label, value=shown(value), expected=expected, edition=self.edition.name,
            choices="、".join(place.choices.values()), proposal=advice,
        )  # fmt: skip
        item = "year" if key == "year" else f"unit.{key}"
        return Finding(
            rule, "error", COVER_SHEET, place.cell, item, value, expected, (place.cell,), message, place.label
        )

    # --- cells that are wrong by themselves

    def item_findings(self, wrong: set[int]) -> Iterator[Finding]:
        groups: dict[tuple[str, object], set[Spot]] = defaultdict(set)
        following = self.following_totals(wrong)
        for index in sorted(wrong - following):
            item = self.edition.items[index]
            groups[item.table, self.sameness(item)].add(_spot(item, self.edition))
        for (table, kind), spots in groups.items():
            items = {_spot(item, self.edition): item for item in self.edition.items_of[table]}
            also = [spot for spot, item in items.items() if item.index in following] if kind is None else []
            for rectangle in rectangles(spots, also):
                cells = [items[spot] for spot in rectangle]
                if kind == "digits" and len(cells) < MANY:
                    yield from (self.item_finding([item]) for item in cells)
                else:
                    yield self.item_finding(cells)

    def sameness(self, item: Item) -> object:
        """Return what makes neighbouring cells one mistake; cells with different keys are never gathered."""
        value = self.counted.values[item.index]
        if isinstance(value, CellError) or is_blank(value):
            return value
        if isinstance(value, Uncalculated):
            return Uncalculated
        if type(value) is str and proposal(value, item.measure) is not None and value.strip().isdecimal():
            return "digits"
        return item.index

    def following_totals(self, wrong: set[int]) -> set[int]:
        """Return the blank totals among ``wrong`` that are blank because a part of theirs is wrong."""
        following: set[int] = set()
        for total, parts in self.edition.derivations.items():
            if total in wrong and self.counted.values[total] is None and not wrong.isdisjoint(parts):
                following.add(total)
        return following

    def item_finding(self, items: list[Item]) -> Finding:
        first = items[0]
        value = self.filed.values[first.index]
        cells = tuple(self.place(item)[1] for item in items)
        rule, sentence, expected = self.complaint(first)
        if len(items) > 1:
            sentence += ".many"
            expected = expected if {self.complaint(item)[2] for item in items} == {expected} else None
        message = messages.FORM_SENTENCES[sentence].format(
            name=first.name, value=shown(value), range=cell_range(cells), count=len(cells), expected=expected,
            proposal=self.advice(expected), decimals=first.measure.decimals,
        )  # fmt: skip
        sheet, cell = self.place(first)
        span = cells if len(cells) > 1 else ()
        return Finding(rule, "error", sheet, cell, first.key, value, expected, cells, message, first.name, span=span)

    def complaint(self, item: Item) -> tuple[str, str, int | float | None]:
        """Return rule, sentence and expected value for a cell that is wrong by itself."""
        value, measure = self.counted.values[item.index], item.measure
        if value is None:
            total = self.total_of_parts(item)
            return ("F-BLANK", "F-BLANK", None) if total is None else ("F-BLANK", "F-BLANK.total", total)
        if isinstance(value, Uncalculated):
            return "F-UNCALCULATED", "F-UNCALCULATED", None
        for kind, sentence in ((DateText, "date"), (CellError, "error"), (bool, "boolean")):
            if isinstance(value, kind):
                return "F-TYPE", f"F-TYPE.{sentence}", None
        if isinstance(value, str):
            if is_blank(value):
                return "F-BLANK", "F-BLANK.mark", None
            return "F-TYPE", "F-TYPE", proposal(value, measure)
        rule = {"count": "F-COUNT", "signed_count": "F-DELTA"}.get(measure.name, "F-MONEY")
        return rule, "too-large" if abs(value) > measure.maximum else rule, None

    def total_of_parts(self, item: Item) -> int | float | None:
        """Return what a blank total should be, when all its parts are good."""
        parts = [self.numbers[part] for part in self.edition.derivations.get(item.index, ())]
        return plain(sum(part for part in parts if part is not None)) if parts and None not in parts else None

    # --- relations

    def relation_finding(self, relation: Relation) -> Finding:
        item = self.edition.items[relation.target(self.numbers)]
        sheet, cell = self.place(item)
        value, expected = self.filed.values[item.index], relation.expected(self.numbers)
        if is_number(expected) and not item.measure.admits(expected):
            expected = None  # no value of this cell alone can mend it
        count = len(self.edition.items)
        general = messages.RELATION_GENERAL if relation.severity == "error" else messages.RELATION_WARNING
        sentence = messages.RELATION_SENTENCES.get(relation.id, general)
        message = (general if expected is None and "{expected}" in sentence else sentence).format(
            name=item.name, row=item.row_heading[-1], column=item.column_heading[-1], title=relation.title,
            value=shown(value), expected=shown(expected), equation=equation(relation, self.numbers, self.name_of),
            addends=addition(relation.claim.right, self.name_of),
            prior=shown(self.prior_value(relation)),
        )  # fmt: skip
        cells = tuple(self.place(self.edition.items[index])[1] for index in relation.operands if index < count)
        return Finding(
            relation.id, relation.severity, sheet, cell, item.key, value, expected, cells, message, item.name
        )

    def prior_value(self, relation: Relation) -> Value:
        number = next((self.numbers[index] for index in relation.operands if index >= len(self.edition.items)), None)
        return None if number is None else plain(number)

    def name_of(self, index: int) -> str:
        count = len(self.edition.items)
        return (
            self.place(self.edition.items[index])[1]
            if index < count
            else f"上年{self.edition.items[index - count].name}"
        )

    def place(self, item: Item) -> tuple[str, str]:
        return self.places.get(item.index, (item.sheet, item.cell))

    @staticmethod
    def advice(expected: float | str | None) -> str:
        return messages.NO_PROPOSAL if expected is None else messages.PROPOSAL.format(expected=expected)


def _spot(item: Item, edition: Edition) -> Spot:
    """Return the place of an item in its table, counted in rows and columns as printed."""
    lines = edition.lines[item.table]
    rows = list(lines)
    row, column = rows.index(item.row), lines[item.row].index(item.column)
    across = edition.tables[item.table].get("orientation") == "across"
    return (0, row * len(lines[item.row]) + column) if across else (row, column)
