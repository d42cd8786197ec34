"""The checks inside the workbook: every formula side by side with its result.

They work with no macro and no Python, in Excel 2010, WPS and LibreOffice alike, and say the same as the validation:
✓ holds, ✗ is wrong, 待填 cannot be judged before blanks are filled, 需说明 wants a written explanation. Programs
differ in whether they recalculate a file on opening, so each formula is stored with its true result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from gongkai.cell import Value, address, exact, is_number, parse_address, plain
from gongkai.edition import COVER_COLUMN, COVER_SHEET, CoverField, Edition, Measure
from gongkai.formulas import (
    PRIOR_FIRST_ROW,
    PRIOR_SHEET,
    PRIOR_VALUE_COLUMN,
    ZERO,
    Pen,
    complete,
    good,
    guard,
    placeholders,
    prior_cell,
)
from gongkai.identities import Exact, Relation, Sum, breaches, due
from gongkai.layout import Box
from gongkai.messages import SEVERITIES
from gongkai.numerals import PLACEHOLDERS
from gongkai.report import Report, Unit

OK, WRONG, PENDING, EXPLAIN = "✓", "✗", "待填", SEVERITIES["warning"]
MARKS = {"error": WRONG, "warning": EXPLAIN, "info": OK}
PRIOR_MARK_COLUMN = PRIOR_VALUE_COLUMN + 1


@dataclass(frozen=True)
class Filling:
    """What the cells of a workbook show: ``""`` is a formula that shows nothing, ``None`` a cell that is empty."""

    edition: Edition
    values: Sequence[Value]
    unit: Unit
    year: Value
    prior: Sequence[Value]

    @property
    def zero(self) -> bool:
        """Whether blanks are declared zero."""
        return self.unit.zero_report == "是"

    @cached_property
    def counted(self) -> list[Exact | None]:
        """What each cell counts as: any number, zero for a blank that is declared so, otherwise ``None``."""
        return [self._count(value) for value in self.values]

    @cached_property
    def judged(self) -> list[Exact | None]:
        """The same, but ``None`` for a number that is wrong by itself."""
        pairs = zip(self.edition.items, self.values, self.counted, strict=True)
        return [None if is_number(v) and not item.measure.admits(v) else count for item, v, count in pairs]

    @cached_property
    def last_year(self) -> list[Exact | None]:
        """Last year's numbers, ``None`` where there is none or it is wrong."""
        return [item.measure.number(value) for item, value in zip(self.edition.items, self.prior, strict=True)]

    def _count(self, value: Value) -> Exact | None:
        if is_number(value):
            return exact(value)
        return 0 if self.zero and (value is None or value in PLACEHOLDERS) else None


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula of the workbook and what it shows, given what is filled in."""

    sheet: str
    cell: str
    text: str
    result: Callable[[Filling], Value]


def total_formulas(edition: Edition) -> Iterator[tuple[int, Formula]]:
    """Yield (item index, formula) of every total: the sum of its parts, or nothing while a part is missing."""
    seen: set[int] = set()
    for relation in edition.relations:
        total = relation.targets[0]
        if not relation.derives or total in seen:
            continue
        seen.add(total)
        item = edition.items[total]
        pen = Pen(edition, item.sheet)
        parts = [index for index, _ in relation.claim.right.terms]
        areas = pen.areas(parts)
        numbers = f"COUNT({','.join(ref for ref, _, _ in areas)})"
        _, _, empty, count = guard(areas)
        added = pen.total(relation.claim.right)
        if any(not edition.items[index].measure.whole for index in parts):
            added = f"ROUND({added},{item.measure.decimals or 0})"

        def result(filling: Filling, parts: Sequence[int] = parts, side: Sum = relation.claim.right) -> Value:
            numbers = filling.counted
            return plain(side.of(numbers)) if all(numbers[part] is not None for part in parts) else ""

        text = f'=IF({numbers}+IF({ZERO},{empty},0)={count},{added},"")'
        yield total, Formula(item.sheet, item.cell, text, result)


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a row: a number out of sight says how it stands, the mark and the reason say it in words.

    The number is 1 where all holds, 2 while something is to be filled in, 3 where a cell is wrong by itself, and from
    4 on the first relation that does not hold; so each check is written, and calculated, once.
    """

    box: Box
    """Where the mark shows."""
    code: Formula
    mark: Formula
    reason: Formula


Outcome = tuple[str, str]
"""Mark and reason."""
_UNFILLED: tuple[Outcome, ...] = ((OK, ""), (PENDING, "还有空格未填"), (WRONG, "有的格不是有效数字"))
_PRIOR: tuple[Outcome, ...] = ((OK, ""), ("", ""), (WRONG, "不是有效数字"))
_HOLDS, _PENDING, _WRONG = 1, 2, 3


def row_marks(edition: Edition) -> Iterator[Mark]:
    """Yield the mark of every printed row: beside it, or below it in a table printed across."""
    for block in edition.blocks:
        for row, columns in edition.lines[block.table].items():
            indices = [edition.index[f"{block.table}.{row}.{column}"] for column in columns]
            first, last = (edition.items[indices[n]].box for n in (0, -1))
            if block.across:
                box = Box(first.bottom + 1, first.left, first.bottom + 1, last.right)
                reason, code = address(box.top + 1, box.left), address(box.top + 2, box.left)
            else:
                box = Box(first.top, last.right + 1, first.top, last.right + 1)
                reason, code = address(box.top, box.left + 1), address(box.top, box.left + 2)
            own = [
                r for r in edition.relations if (r.each, r.table, r.line) == ("row", block.table, row) and not r.prior
            ]
            own.sort(key=_gravity)
            pen = Pen(edition, block.sheet)
            fine, nothing, _, count = guard(pen.areas(indices))
            text = (
                f"IF({fine}+{nothing}<{count},{_WRONG},"
                f"IF({complete(pen, indices)},{_first([pen.breach(r) for r in own])},{_PENDING}))"
            )

            def result(filling: Filling, indices: Sequence[int] = indices, own: Sequence[Relation] = own) -> int:
                return _state(filling, indices) or _broken(filling, own)

            yield _mark(block.sheet, (box, reason, code), text, result, (*_UNFILLED, *map(_outcome, own)))


def column_marks(edition: Edition) -> Iterator[tuple[str, str, int, tuple[Formula, ...]]]:
    """Yield, for each relation over columns, (sheet, title, row of the sheet, its marks), below the sheet's tables."""
    bottoms: dict[str, int] = {}
    for block in edition.blocks:
        bottoms[block.sheet] = max(bottoms.get(block.sheet, 0), block.data.bottom + 3 * block.across)
    for block in edition.blocks:
        by_id: dict[str, list[Relation]] = {}
        for relation in edition.relations:
            if relation.each == "column" and relation.table == block.table and not relation.prior:
                by_id.setdefault(relation.id, []).append(relation)
        for relations in by_id.values():
            bottoms[block.sheet] += 1
            row = bottoms[block.sheet]
            marks = tuple(_column_mark(edition, block.sheet, row, relation) for relation in relations)
            yield block.sheet, relations[0].title, row, marks


def _column_mark(edition: Edition, sheet: str, row: int, relation: Relation) -> Formula:
    pen = Pen(edition, sheet)
    cell = address(row, edition.items[relation.targets[0]].box.left)
    broken = f'IF({pen.breach(relation)},"{MARKS[relation.severity]}","{OK}")'

    def result(filling: Filling) -> Value:
        if _state(filling, relation.operands):
            return PENDING  # a cell that is wrong by itself has its mark in its row
        return OK if _broken(filling, [relation]) == _HOLDS else MARKS[relation.severity]

    return Formula(sheet, cell, f'=IF({complete(pen, relation.operands)},{broken},"{PENDING}")', result)


@cache
def mark_places(edition: Edition, sheet: str) -> frozenset[tuple[int, int]]:
    """Return the cells of a sheet that hold marks, reasons and the numbers behind them."""
    formulas = [f for mark in row_marks(edition) for f in (mark.mark, mark.reason, mark.code)]
    formulas += [formula for _, _, _, marks in column_marks(edition) for formula in marks]
    return frozenset(parse_address(formula.cell) for formula in formulas if formula.sheet == sheet)


def prior_marks(edition: Edition) -> Iterator[tuple[int, Mark]]:
    """Yield, for each of last year's values, (item index, its mark) on the sheet 上年数据."""
    count = len(edition.items)
    pen = Pen(edition, PRIOR_SHEET)
    for number, index in enumerate(edition.prior_items):
        row, measure = PRIOR_FIRST_ROW + number, edition.items[index].measure
        own = [r for r in edition.relations if r.prior and next(i for i in r.operands if i >= count) == index + count]
        own.sort(key=_gravity)
        tests = [f"IF(AND({complete(pen, relation.operands)}),{pen.breach(relation)},FALSE)" for relation in own]
        value = prior_cell(edition, index)
        text = f"IF(OR(ISBLANK({value}),{placeholders(value)}>0),{_PENDING},IF({good(value, measure)}=0,{_WRONG},{_first(tests)}))"

        def result(
            filling: Filling, index: int = index, measure: Measure = measure, own: Sequence[Relation] = own
        ) -> int:
            value = filling.prior[index]
            if value is None or value in PLACEHOLDERS:
                return _PENDING
            return _broken(filling, own) if measure.admits(value) else _WRONG

        places = (
            Box(row, PRIOR_MARK_COLUMN, row, PRIOR_MARK_COLUMN),
            address(row, PRIOR_MARK_COLUMN + 1),
            address(row, PRIOR_MARK_COLUMN + 2),
        )
        yield index, _mark(PRIOR_SHEET, places, text, result, (*_PRIOR, *map(_outcome, own)))


def _mark(
    sheet: str,
    places: tuple[Box, str, str],
    text: str,
    result: Callable[[Filling], int],
    outcomes: Sequence[Outcome],
) -> Mark:
    box, reason, code = places
    texts = [",".join(f'"{outcome[part]}"' for outcome in outcomes) for part in (0, 1)]
    shows = [lambda filling, part=part: outcomes[result(filling) - 1][part] for part in (0, 1)]
    return Mark(
        box,
        Formula(sheet, code, f"={text}", result),
        Formula(sheet, box.start, f"=CHOOSE({code},{texts[0]})", shows[0]),
        Formula(sheet, reason, f"=CHOOSE({code},{texts[1]})", shows[1]),
    )


def _outcome(relation: Relation) -> Outcome:
    return MARKS[relation.severity], relation.title


def _gravity(relation: Relation) -> bool:
    return relation.severity != "error"


def _first(tests: Sequence[str]) -> str:
    """Return the code of the first test that is true."""
    text = str(_HOLDS)
    for number, test in reversed(list(enumerate(tests, _WRONG + 1))):
        text = f"IF({test},{number},{text})"
    return text


def _state(filling: Filling, indices: Sequence[int]) -> int:
    """Return the code of cells that cannot be judged yet, 0 where they can."""
    unclear = [filling.values[index] for index in indices if filling.judged[index] is None]
    if any(value not in (None, "", *PLACEHOLDERS) for value in unclear):
        return _WRONG
    return _PENDING if unclear else 0


def _broken(filling: Filling, relations: Sequence[Relation]) -> int:
    """Return the code of the first relation that is asked for, can be judged, and does not hold; 1 if there is none."""
    # Beside last year's values any number will do: what is wrong with it shows on its own sheet.
    now = filling.counted if any(relation.prior for relation in relations) else filling.judged
    before = "same" if is_number(filling.year) and filling.year - 1 >= filling.edition.years.start else "other"
    for code, relation in enumerate(relations, _WRONG + 1):
        if any(breaches(due([relation], filling.unit, before), [*now, *filling.last_year])):
            return code
    return _HOLDS


def cover_mark(edition: Edition, field: CoverField) -> Formula | None:
    """Return the mark beside a cover field: required fields are filled, choices come from the list."""
    cell = field.cell
    years = edition.years
    if field.key == "year":
        fits = f"AND(ISNUMBER({cell}),INT({cell})={cell},{cell}>={years.start},{cell}<={years.stop - 1})"
    elif field.choices:
        fits = "OR(" + ",".join(f'{cell}="{text}"' for text in field.choices.values()) + ")"
    elif field.required:
        fits = "TRUE"
    else:
        return None
    blank = PENDING if field.required else ""

    def result(filling: Filling) -> Value:
        value = filling.year if field.key == "year" else getattr(filling.unit, field.key)
        if value is None or (isinstance(value, str) and not value.strip()):
            return blank
        fine = value in (years if field.key == "year" else field.choices or (value,))
        return OK if fine else WRONG

    mark_cell = address(field.row, COVER_COLUMN + 1)
    text = f'=IF(LEN(TRIM({cell}))=0,"{blank}",IF(ISERROR(1/{fits}),"{WRONG}","{OK}"))'
    return Formula(COVER_SHEET, mark_cell, text, result)


def filling_of(
    edition: Edition,
    report: Report | None,
    prior: Sequence[Value],
    year: int | None = None,
    unit: Unit | None = None,
) -> tuple[Filling, frozenset[int]]:
    """Return what a workbook of ``report``, or a blank one of ``unit`` and ``year``, shows, and which totals stay formulas.

    A total stays a formula where the reported value equals its result; elsewhere the reported value is written, so
    that what was reported is what is read again.
    """
    values: list[Value] = list(report.values) if report else [None] * len(edition.items)
    who, filed = (report.unit, report.year) if report else (unit or Unit(), year)
    kept: set[int] = set()
    formulas = dict(total_formulas(edition))
    for total in edition.derivations:
        shows = formulas[total].result(Filling(edition, values, who, filed, prior))
        reported = values[total]
        if report is None or (shows == "" and reported is None) or (is_number(reported) and reported == shows):
            kept.add(total)
            values[total] = shows
    return Filling(edition, values, who, filed, prior), frozenset(kept)
