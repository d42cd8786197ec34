"""Workbook → Report: what a body filed, each value as it stands in the sheet, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from gongkai import marking, messages
from gongkai.cell import MAX_DIGITS, Unread, Value, address, from_float, is_number, parse_address
from gongkai.checks import mark_places
from gongkai.edition import COVER_COLUMN, COVER_SHEET, CoverField, Edition, editions
from gongkai.formulas import PRIOR_FIRST_ROW, PRIOR_SHEET, PRIOR_VALUE_COLUMN
from gongkai.labels import Cells, Labels, find_beside, fold
from gongkai.layout import Block
from gongkai.numerals import is_blank, is_figure, proposal
from gongkai.ooxml import WorkbookError, open_workbook
from gongkai.report import Report, Unit
from gongkai.sheets import (
    DETAIL_CODE_COLUMN,
    DETAIL_FIRST_COLUMN,
    DETAIL_FIRST_ROW,
    DETAIL_KEY_ROW,
    DETAIL_MAX_ROWS,
    DETAIL_NAME_COLUMN,
    DETAIL_SHEET,
    GUIDE_SHEET,
    MEMBER_MAX_ROWS,
    MEMBER_SHEET,
    META_KEYS,
    META_SHEET,
)
from gongkai.sheetxml import OnRow
from gongkai.tables import Found, Lost, is_official, locate
from gongkai.validation import Context, Finding
from gongkai.verdict import Prior
from gongkai.wording import shown

_OUR_SHEETS = (COVER_SHEET, PRIOR_SHEET, marking.RESULT_SHEET, GUIDE_SHEET, META_SHEET)
_BOUNDS = {marking.RESULT_SHEET: (marking.LAST_ROW, len(marking.COLUMNS)), META_SHEET: (30, 2)}
"""Rows and columns of the sheets we know the size of."""
_OTHERS = 12
"""So many sheets that are not of the form are looked through for its tables."""
_DETAILS = 4
"""So many differences of a layout are named; more would not be read."""


class ReadError(Exception):
    """A file that holds no report we can read; ``reason`` is a key of ``messages.UNREADABLE``."""

    def __init__(self, reason: str, **details: str) -> None:
        self.reason = reason
        self.details = details
        super().__init__(messages.UNREADABLE[reason].format(**details))

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with its details."""
        return _read_error, (self.reason, self.details)


def _read_error(reason: str, details: dict[str, str]) -> ReadError:
    return ReadError(reason, **details)


@dataclass(frozen=True, slots=True)
class Reading:
    """A workbook read: its report, and what else its sheets say."""

    report: Report
    context: Context
    prior: Prior | None
    """The values of the sheet 上年数据, if any are filled."""
    meta: Mapping[str, str]
    application: str | None
    details: tuple[Report, ...] = ()
    """The reports that were added, where the workbook is a summary."""
    members: tuple[Unit, ...] = ()
    """Every unit the summary counts, also those of the summaries it adds."""


class Book(Protocol):
    """A workbook, in a file or open in a program: the names of its sheets, who saved it, the cells that hold anything."""

    @property
    def sheets(self) -> tuple[str, ...]: ...  # noqa: D102 - see above

    @property
    def application(self) -> str | None: ...  # noqa: D102

    def cells(self, sheet: str, max_row: int = ..., max_column: int = ...) -> Mapping[tuple[int, int], Value]: ...  # noqa: D102

    def each_row(self, sheet: str, max_row: int, max_column: int, on_row: OnRow) -> None: ...  # noqa: D102


def read(source: Path | bytes) -> Reading:
    """Read a workbook (.xlsx, .xlsm, .xls, .et); raise ``ReadError`` when it holds no report we can read."""
    try:
        return read_book(_open(source))
    except WorkbookError as error:
        reason = _TEXT_SUFFIXES.get(source.suffix.lower(), error.reason) if isinstance(source, Path) else error.reason
        raise ReadError(reason if error.reason == "not-zip" else error.reason) from error


def read_book(book: Book) -> Reading:
    """Read the report of an open workbook; raise ``ReadError`` when it holds none we can read."""
    return _Reader(book).reading()


_TEXT_SUFFIXES = dict.fromkeys((".csv", ".tsv", ".txt"), "text") | dict.fromkeys(
    (".pdf", ".doc", ".wps", ".rtf"), "document"
)


def _open(source: Path | bytes) -> Book:
    try:
        return open_workbook(source)
    except WorkbookError as error:
        if error.reason != "ole":
            raise
    from gongkai.xls import open_old_workbook  # noqa: PLC0415 - old files are rare

    return open_old_workbook(source)


class _Place(NamedTuple):
    """Where a table is: its sheet, its cells (``None``: the official ones), and the sheets that say otherwise."""

    sheet: str
    found: Found | Lost | None
    copies: tuple[str, ...] = ()


class _Reader:
    """One workbook while it is read."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.pages: dict[str, Cells] = {}
        self.labels: dict[str, Labels] = {}

    def page(self, sheet: str) -> Cells:
        """Return the cells of a sheet, none where there is no such sheet."""
        if sheet not in self.pages:
            self.pages[sheet] = self.book.cells(sheet, *_BOUNDS.get(sheet, ())) if sheet in self.book.sheets else {}
        return self.pages[sheet]

    def reading(self) -> Reading:
        meta = self.meta()
        edition, tables = self.tables(meta.get("edition"))
        values: list[Value] = [Unread()] * len(edition.items)
        places: dict[int, tuple[str, str]] = {}
        for table, place in tables.items():
            for item, (cell, value) in zip(edition.items_of[table], self.values(edition, table, place), strict=False):
                values[item.index] = value
                if place.found:
                    places[item.index] = (place.sheet, address(*cell))
        cover = self.cover(edition)
        year = cover.pop("year")
        unit = Unit(**{key: None if value is None else str(value) for key, value in cover.items()})
        report = Report(edition.name, year, unit, tuple(values))
        prior, wrong = self.prior(edition, year)
        explanations = marking.explanations_in(self.page(marking.RESULT_SHEET))
        findings = (*self.layout_findings(edition, tables), *wrong)
        context = Context(places, explanations, findings, official=bool(meta))
        details = self.details(edition, year)
        return Reading(report, context, prior, meta, self.book.application, details, self.members())

    # --- which form, and where its tables are

    def meta(self) -> dict[str, str]:
        cells = self.page(META_SHEET)
        pairs = ((key, cells.get((row, 2))) for (row, column), key in cells.items() if column == 1)
        return {str(key): str(value) for key, value in pairs if key in META_KEYS and value is not None}

    def tables(self, named: str | None) -> tuple[Edition, dict[str, _Place]]:
        """Return the edition and the place of each table.

        Without our ``_meta`` the edition is the one of which most is found; two forms differ in their labels.
        """
        known = editions()
        if named is not None and named not in known:
            raise ReadError("edition", edition=named)
        candidates = [known[named]] if named else list(known.values())[::-1]
        best: tuple[int, Edition, dict[str, _Place]] | None = None
        for edition in candidates:
            tables = {block.table: self.table(edition, block) for block in edition.blocks}
            lost = [table for table, place in tables.items() if isinstance(place.found, Lost)]
            score = len(edition.items) - sum(len(edition.items_of[table]) for table in lost)
            if best is None or score > best[0]:
                best = (score, edition, tables)
            if not lost:
                break
        if best is None or not best[0]:
            raise ReadError("foreign", sheets="”“".join(candidates[0].sheets))
        return best[1], best[2]

    def table(self, edition: Edition, block: Block) -> _Place:
        """Return the place of a table: the sheet of its name if it is there, otherwise the only one that has it."""
        here, expected = _Place(block.sheet, self.search(edition, block)), block.sheet in self.book.sheets
        if expected and isinstance(here.found, Lost) and here.found.trace:
            return here  # a copy elsewhere may be last year's
        others = [sheet for sheet in self.book.sheets if sheet not in (block.sheet, *_OUR_SHEETS)]
        if not isinstance(here.found, Lost):  # what else a summary of ours lists is no copy
            others = [] if DETAIL_SHEET in others else [sheet for sheet in others if sheet not in edition.sheets]
        searched = {sheet: locate(self.labels_of(sheet), edition, block) for sheet in others[:_OTHERS]}
        found = {sheet: _Place(sheet, place) for sheet, place in searched.items() if isinstance(place, Found)}
        values = {sheet: [value for _, value in self.values(edition, block.table, p)] for sheet, p in found.items()}
        filled = [sheet for sheet in found if any(map(is_figure, values[sheet]))]
        if not isinstance(here.found, Lost):
            mine = [value for _, value in self.values(edition, block.table, here)] if filled else []
            if filled and not any(map(is_figure, mine)):
                return _Place(
                    block.sheet, Lost(f"没有填数字，而工作表“{'”“'.join(filled)}”里也有这张表，填了数字，请只留一张")
                )
            return here._replace(copies=tuple(sheet for sheet in filled if values[sheet] != mine))
        chosen = filled or list(found)
        if len(chosen) == 1:
            return found[chosen[0]]
        if chosen:
            return _Place(block.sheet, Lost("有不止一张工作表像是它，请只留一张：" + "、".join(chosen)))
        like = [
            f"工作表“{sheet}”像是它，但{p.reason}" for sheet, p in searched.items() if isinstance(p, Lost) and p.trace
        ]
        return _Place(block.sheet, Lost(like[0])) if like else here

    def labels_of(self, sheet: str) -> Labels:
        """Return a sheet with its texts folded."""
        if sheet not in self.labels:
            self.labels[sheet] = Labels(self.page(sheet))
        return self.labels[sheet]

    def search(self, edition: Edition, block: Block) -> Found | Lost | None:
        """Look for a table on the sheet of its name."""
        if block.sheet not in self.book.sheets:
            return Lost(f"没有“{block.sheet}”工作表")
        page = self.page(block.sheet)
        if is_official(page, block):
            return None
        if not self.meta():
            return locate(self.labels_of(block.sheet), edition, block)
        # LibreOffice stores 0 for our marks when it saves an .xls, which makes them look like data.
        marks = mark_places(edition, block.sheet)
        page = {place: value for place, value in page.items() if value != 0 or place not in marks}
        return None if is_official(page, block) else locate(Labels(page), edition, block)

    def values(self, edition: Edition, table: str, place: _Place) -> Iterator[tuple[tuple[int, int], Value]]:
        """Yield cell and value of each item of a table in order, nothing of a lost one."""
        cells = self.page(place.sheet)
        if isinstance(place.found, Lost):
            return
        for item in edition.items_of[table]:
            cell = place.found.places[item.key] if place.found else (item.box.top, item.box.left)
            yield cell, _as_shown(cells.get(cell))

    def layout_findings(self, edition: Edition, tables: Mapping[str, _Place]) -> Iterator[Finding]:
        """Yield one finding per sheet of the form, however much of it differs; first what is not read."""
        taken = {(p.sheet, cell) for table, p in tables.items() for cell, _ in self.values(edition, table, p)}
        for sheet in edition.sheets:
            here = [tables[block.table] for block in edition.blocks if block.sheet == sheet]
            lost = [place.found.reason for place in here if isinstance(place.found, Lost)]
            found = [(place.sheet, place.found) for place in here if isinstance(place.found, Found)]
            mapped = [f"从工作表“{name}”读取" for name, _ in found if name != sheet]
            mapped += [f"工作表“{name}”里还有同一张表，数字不同，没有读取" for place in here for name in place.copies]
            # What another table reads is not left out, though it stands in the rows or columns of this one.
            mapped += [
                text
                for name, place in found
                for text, cells in place.unread
                if not cells or any((name, cell) not in taken for cell in cells)
            ]
            mapped += [text for _, place in found for text in place.differences]
            kind, texts, severity = ("lost", lost, "error") if lost else ("mapped", mapped, "warning")
            if texts:
                unique = list(dict.fromkeys(texts))
                details = "；".join(unique[:_DETAILS]) + (f"等 {len(unique)} 处" if len(unique) > _DETAILS else "")
                message = messages.FORM_SENTENCES[f"F-LAYOUT.{kind}"].format(sheet=sheet, details=details)
                yield Finding("F-LAYOUT", severity, sheet, "A1", None, None, None, ("A1",), message, sheet)

    # --- the other sheets

    def cover(self, edition: Edition) -> dict[str, Value]:
        """Return the value of every cover field, by label when the cover is not ours."""
        cells = self.page(COVER_SHEET)
        fields = edition.cover
        if not all(_says(cells.get((field.row, COVER_COLUMN - 1)), field.label) for field in fields):
            pages = [cells] if cells else [self.page(sheet) for sheet in self.book.sheets[:_OTHERS]]
            for page in pages:
                if beside := find_beside(page, [field.label for field in fields]):
                    return {f.key: _entry(f, page.get(beside[f.label]) if f.label in beside else None) for f in fields}
        return {field.key: _entry(field, cells.get(parse_address(field.cell))) for field in fields}

    def prior(self, edition: Edition, year: Value) -> tuple[Prior | None, list[Finding]]:
        """Return last year's values from the sheet 上年数据, and a finding for each that is no number."""
        cells = self.page(PRIOR_SHEET)
        values: list[Value] = [None] * len(edition.items)
        findings = []
        for number, index in enumerate(edition.prior_items):
            item, place = edition.items[index], (PRIOR_FIRST_ROW + number, PRIOR_VALUE_COLUMN)
            value = _as_shown(cells.get(place))
            if is_blank(value) or not _says(cells.get((place[0], 3)), item.row_heading[-1]):
                continue
            values[index] = value
            if not item.measure.admits(value):
                cell, expected = address(*place), proposal(value, item.measure)
                advice = messages.NO_PROPOSAL if expected is None else messages.PROPOSAL.format(expected=expected)
                message = messages.FORM_SENTENCES["F-TYPE.prior"].format(
                    name=item.name, value=shown(value), proposal=advice
                )
                findings.append(
                    Finding(
                        "F-TYPE", "error", PRIOR_SHEET, cell, item.key, value, expected, (cell,), message, item.name
                    )
                )
        if all(value is None for value in values):
            return None, findings
        return Prior(tuple(values), is_number(year) and year - 1 >= edition.years.start), findings

    def members(self) -> tuple[Unit, ...]:
        """Return the units a summary counts, from its sheet of members."""
        if MEMBER_SHEET not in self.book.sheets:
            return ()
        found: list[Unit] = []

        def add(_: int, cells: Mapping[int, Value]) -> None:
            if cells:
                found.append(Unit(*(None if cells.get(at) is None else str(cells[at]) for at in (1, 2))))

        self.book.each_row(MEMBER_SHEET, MEMBER_MAX_ROWS, 2, add)
        return tuple(found)

    def details(self, edition: Edition, year: Value) -> tuple[Report, ...]:
        """Return the reports that a summary added, from its sheet 明细."""
        if DETAIL_SHEET not in self.book.sheets:
            return ()
        columns = [DETAIL_FIRST_COLUMN + item.index for item in edition.items]
        found: list[Report] = []
        known = ended = False

        def add(row: int, cells: Mapping[int, Value]) -> None:
            nonlocal known, ended
            if row == DETAIL_KEY_ROW:
                known = [cells.get(column) for column in columns] == [item.key for item in edition.items]
            if row < DETAIL_FIRST_ROW or ended:
                return
            name, code = cells.get(DETAIL_NAME_COLUMN), cells.get(DETAIL_CODE_COLUMN)
            ended = name is None
            if known and not ended:
                unit = Unit(name=str(name), code=None if code is None else str(code))
                found.append(Report(edition.name, year, unit, tuple(_as_shown(cells.get(at)) for at in columns)))

        self.book.each_row(DETAIL_SHEET, DETAIL_FIRST_ROW + DETAIL_MAX_ROWS, max(columns), add)
        return tuple(found)


def _as_shown(value: Value) -> Value:
    """Return a number with the 15 digits a sheet shows and works with: programs store =0.1+0.2 with 17."""
    if not isinstance(value, float):
        return value
    return from_float(float(f"{value:.{MAX_DIGITS}g}"))


def _says(value: Value, label: str) -> bool:
    return isinstance(value, str) and (value == label or fold(value) == fold(label))


def _entry(field: CoverField, value: Value) -> Value:
    """Return a cover value as the report has it: the key of a choice, otherwise what is there."""
    if isinstance(value, str):
        value = str(value)
        return next((key for key, text in field.choices.items() if text == value), value if value.strip() else None)
    return value
