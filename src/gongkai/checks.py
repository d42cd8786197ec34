"""The checks inside the workbook: every formula side by side with its result.

They work with no macro and no Python, in Excel 2010, WPS and LibreOffice alike, and say the same as the validation:
✓ holds, ✗ is wrong, 待填 cannot be judged before blanks are filled, 需说明 wants a written explanation. Programs
differ in whether they recalculate a file on opening, so each formula is stored with its true result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gongkai.cell import Value, address, exact, is_number, plain
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
    prior_cell,
)
from gongkai.identities import Exact, Relation, Sum
from gongkai.layout import Box
from gongkai.messages import SEVERITIES
from gongkai.numerals import PLACEHOLDERS
from gongkai.report import Report, Unit

OK, WRONG, PENDING, EXPLAIN = "✓", "✗", "待填", SEVERITIES["warning"]
MARKS = {"error": WRONG, "warning": EXPLAIN, "info": OK}
PRIOR_MARK_COLUMN = PRIOR_VALUE_COLUMN + 1


@dataclass(frozen=True, slots=True)
class Filling:
    """What the cells of a workbook show: ``""`` is a formula that shows nothing, ``None`` a cell that is empty."""

    values: Sequence[Value]
    unit: Unit
    year: Value
    prior: Sequence[Value]

    @property
    def zero(self) -> bool:
        """Whether blanks are declared zero."""
        return self.unit.zero_report == "是"

    def number(self, measure: Measure, value: Value) -> Exact | None:
        """Return what a cell counts as, or ``None`` while it cannot be judged."""
        if measure.admits(value):
            return exact(value)  # type: ignore[arg-type]  # admits() takes numbers only
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
            numbers: dict[int, Exact] = {}
            for index in parts:
                value = filling.values[index]
                if is_number(value):
                    numbers[index] = exact(value)
                elif filling.zero and (value is None or value in PLACEHOLDERS):
                    numbers[index] = 0
                else:
                    return ""
            return plain(side.of([numbers.get(index) for index in range(len(edition.items))]))

        text = f'=IF({numbers}+IF({ZERO},{empty},0)={count},{added},"")'
        yield total, Formula(item.sheet, item.cell, text, result)


def row_marks(edition: Edition) -> Iterator[tuple[Box, Formula, Formula]]:
    """Yield, for each printed row, where its mark goes, the mark and the reason."""
    for block in edition.blocks:
        for row, columns in edition.lines[block.table].items():
            indices = [edition.index[f"{block.table}.{row}.{column}"] for column in columns]
            first, last = (edition.items[indices[n]].box for n in (0, -1))
            if block.across:
                box = Box(first.bottom + 1, first.left, first.bottom + 1, last.right)
                reason = address(box.top + 1, box.left)
            else:
                box = Box(first.top, last.right + 1, first.top, last.right + 1)
                reason = address(box.top, box.left + 1)
            own = [
                r
                for r in edition.relations
                if r.each == "row" and (r.table, r.line) == (block.table, row) and not r.prior
            ]
            mark, why = _mark(edition, block.sheet, indices, own)
            yield (
                box,
                Formula(block.sheet, box.start, f"={mark}", _mark_result(edition, indices, own)),
                Formula(block.sheet, reason, f"={why}", _reason_result(edition, indices, own)),
            )


def column_marks(edition: Edition) -> Iterator[tuple[str, str, int, tuple[Formula, ...]]]:
    """Yield, for each relation over columns, (sheet, title, row of the sheet, its marks), below the sheet's tables."""
    bottoms: dict[str, int] = {}
    for block in edition.blocks:
        bottoms[block.sheet] = max(bottoms.get(block.sheet, 0), block.data.bottom + 2 * block.across)
    for block in edition.blocks:
        by_id: dict[str, list[Relation]] = {}
        for relation in edition.relations:
            if relation.each == "column" and relation.table == block.table and not relation.prior:
                by_id.setdefault(relation.id, []).append(relation)
        for relations in by_id.values():
            bottoms[block.sheet] += 1
            row = bottoms[block.sheet]
            marks = []
            for relation in relations:
                column = edition.items[relation.targets[0]].box.left
                mark, _ = _mark(edition, block.sheet, relation.operands, [relation], alone=True)
                result = _mark_result(edition, relation.operands, [relation], alone=True)
                marks.append(Formula(block.sheet, address(row, column), f"={mark}", result))
            yield block.sheet, relations[0].title, row, tuple(marks)


def prior_marks(edition: Edition) -> Iterator[tuple[int, Formula, Formula]]:
    """Yield, for each of last year's values, (item index, mark, reason) on the sheet 上年数据."""
    count = len(edition.items)
    for number, index in enumerate(edition.prior_items):
        row = PRIOR_FIRST_ROW + number
        own = [r for r in edition.relations if r.prior and next(i for i in r.operands if i >= count) == index + count]
        pen = Pen(edition, PRIOR_SHEET)
        value = prior_cell(edition, index)
        fine = good(value, edition.items[index].measure)
        tests = [(relation, f"AND({complete(pen, relation.operands)},{pen.breach(relation)})") for relation in own]
        mark = f'IF(ISBLANK({value}),"",IF({fine}=0,"{WRONG}",{_choose(tests, "mark")}))'
        why = f'IF(ISBLANK({value}),"",IF({fine}=0,"不是有效数字",{_choose(tests, "title")}))'

        def verdict(filling: Filling, what: str, index: int = index, own: Sequence[Relation] = tuple(own)) -> Value:
            value, measure = filling.prior[index], edition.items[index].measure
            if value is None:
                return ""
            if not measure.admits(value):
                return WRONG if what == "mark" else "不是有效数字"
            return _outcome(edition, filling, own, what)

        yield (
            index,
            Formula(PRIOR_SHEET, address(row, PRIOR_MARK_COLUMN), f"={mark}", lambda f, v=verdict: v(f, "mark")),
            Formula(PRIOR_SHEET, address(row, PRIOR_MARK_COLUMN + 1), f"={why}", lambda f, v=verdict: v(f, "title")),
        )


def _choose(tests: Sequence[tuple[Relation, str]], what: str) -> str:
    """Return the mark (or title) of the first breach, errors before warnings."""
    text = f'"{OK}"' if what == "mark" else '""'
    for severity in ("warning", "error"):
        for relation, test in reversed(tests):
            if relation.severity == severity:
                shows = MARKS[severity] if what == "mark" else relation.title
                text = f'IF({test},"{shows}",{text})'
    return text


def _mark(
    edition: Edition, sheet: str, indices: Sequence[int], relations: Sequence[Relation], *, alone: bool = False
) -> tuple[str, str]:
    """Return the formulas of a mark and of its reason over some cells; ``alone``: their own faults show elsewhere."""
    pen = Pen(edition, sheet)
    fine, nothing, _, count = guard(pen.areas(indices))
    tests = [(relation, pen.breach(relation)) for relation in relations]
    mark = f'IF({complete(pen, indices)},{_choose(tests, "mark")},"{PENDING}")'
    why = f'IF({complete(pen, indices)},{_choose(tests, "title")},"还有空格未填")'
    if alone:
        return mark, why
    bad = f"{fine}+{nothing}<{count}"
    return f'IF({bad},"{WRONG}",{mark})', f'IF({bad},"有的格不是有效数字",{why})'


def _mark_result(
    edition: Edition, indices: Sequence[int], relations: Sequence[Relation], *, alone: bool = False
) -> Callable[[Filling], Value]:
    def result(filling: Filling) -> Value:
        state = _state(edition, filling, indices)
        if state:
            return PENDING if alone else state
        return _outcome(edition, filling, relations, "mark")

    return result


def _reason_result(
    edition: Edition, indices: Sequence[int], relations: Sequence[Relation]
) -> Callable[[Filling], Value]:
    def result(filling: Filling) -> Value:
        state = _state(edition, filling, indices)
        if state:
            return "有的格不是有效数字" if state == WRONG else "还有空格未填"
        return _outcome(edition, filling, relations, "title")

    return result


def _state(edition: Edition, filling: Filling, indices: Sequence[int]) -> str:
    """Return ✗ where a cell is wrong by itself, 待填 where one is blank, nothing where all can be judged."""
    pending = False
    for index in indices:
        value, measure = filling.values[index], edition.items[index].measure
        if filling.number(measure, value) is None:
            if value not in (None, "", *PLACEHOLDERS):
                return WRONG
            pending = True
    return PENDING if pending else ""


def _outcome(edition: Edition, filling: Filling, relations: Sequence[Relation], what: str) -> str:
    """Return the mark or the title of the first relation that is asked for, can be judged, and does not hold."""
    now = [filling.number(item.measure, value) for item, value in zip(edition.items, filling.values, strict=True)]
    then = [exact(v) if i.measure.admits(v) else None for i, v in zip(edition.items, filling.prior, strict=True)]  # type: ignore[arg-type]
    numbers = [*now, *then]
    for severity in ("error", "warning"):
        for relation in relations:
            if relation.severity != severity or (severity != "error" and filling.unit.kind == "region"):
                continue
            if relation.prior and not relation.across_editions and not _same_edition_before(edition, filling.year):
                continue
            if any(numbers[index] is None for index in relation.operands) or not relation.applies_to(filling.unit):
                continue
            if not relation.holds(numbers):
                return MARKS[severity] if what == "mark" else relation.title
    return OK if what == "mark" else ""


def _same_edition_before(edition: Edition, year: Value) -> bool:
    return is_number(year) and year - 1 >= edition.years.start


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
    edition: Edition, report: Report | None, prior: Sequence[Value], year: int | None = None
) -> tuple[Filling, frozenset[int]]:
    """Return what a workbook of ``report`` shows, and which totals stay formulas.

    A total stays a formula where the reported value equals its result; elsewhere the reported value is written, so
    that what was reported is what is read again.
    """
    values: list[Value] = list(report.values) if report else [None] * len(edition.items)
    unit, filed = (report.unit, report.year) if report else (Unit(), year)
    kept: set[int] = set()
    waiting = dict(total_formulas(edition))
    parts = {r.targets[0]: {i for i, _ in r.claim.right.terms} for r in reversed(edition.relations) if r.derives}
    while waiting:
        total = next(index for index in waiting if not parts[index] & waiting.keys())
        shows = waiting.pop(total).result(Filling(values, unit, filed, prior))
        reported = values[total]
        if report is None or (shows == "" and reported is None) or (is_number(reported) and reported == shows):
            kept.add(total)
            values[total] = shows
    return Filling(values, unit, filed, prior), frozenset(kept)
