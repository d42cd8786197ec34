"""The button in LibreOffice, through UNO: what Calc holds, read as the file would be read that Calc saves.

Calc knows numbers, texts and errors only; whether a number is a date or a truth value, its number format says. All of
these come in blocks, a single cell is asked only for the number of its error. Calc keeps numbers with 17 digits and
saves 15 of them; what it holds is rounded likewise. UNO's modules are imported where they are needed, so that this one
can be imported anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

from gongkai.cell import MAX_DIGITS, CellError, DateText, Link, Value, from_float
from gongkai.dates import date_text
from gongkai.layout import Box
from xlwings_addin.spreadsheet import Cover, RefusedError, Rows

UNDO_TITLE = "验证"

_ERROR = 4
"""com.sun.star.sheet.FormulaResult."""
_FORMULA = 16
"""com.sun.star.sheet.CellFlags."""
_DATE, _TIME, _LOGICAL = 2, 4, 1024
"""com.sun.star.util.NumberFormat."""

_ERRORS = {
    502: "#VALUE!", 503: "#NUM!", 504: "#VALUE!", 508: "#VALUE!", 509: "#VALUE!", 510: "#VALUE!", 511: "#VALUE!",
    519: "#VALUE!", 521: "#NULL!", 522: "#VALUE!", 524: "#REF!", 525: "#NAME?", 530: "#NAME?", 531: "#NAME?",
    532: "#DIV/0!",
}  # fmt: skip
"""Calc's numbers of errors → what it writes for them into an .xlsx; it shows some of them as ``Err:502``."""
_OTHER_ERROR = "#N/A"

_EXCEL_EPOCH, _MAC_EPOCH = date(1899, 12, 30), date(1904, 1, 1)

Teller = Callable[[str, bool], None]
"""Shows a text, alarming or not, and returns when it was read."""
_Place = tuple[int, int]
"""Row and column of a cell in its block, from 0."""


_Content = str | float
"""What goes into a cell: a text, a number, ``""`` for nothing, or the source of a formula."""


class _Formula(str):
    """The source of a formula, as Calc has it."""

    __slots__ = ()


_Change = tuple[Any, _Content, _Content]
"""A cell, what it holds, and what it is to hold."""


class CalcBook:
    """A workbook open in LibreOffice: ``document`` is its model, ``program`` what ``product`` says."""

    def __init__(self, document: Any, tell: Teller, program: str = "LibreOffice") -> None:  # noqa: ANN401 - UNO
        self._document, self._tell, self._program = document, tell, program
        self._formats: dict[int, int] = {}
        self._written = False

    def cover(self) -> Cover:
        """Calculate all formulas, and return what the workbook is."""
        document = self._document
        unsaved = document.isModified() or not document.hasLocation()
        document.calculateAll()  # LibreOffice believes the results in a file, whoever stored them
        name = unquote(document.getURL().rpartition("/")[2]) or document.getTitle()
        return Cover(name, tuple(document.Sheets.getElementNames()), self._program, document.isReadonly(), unsaved)

    def read(self, sheet: str, box: Box) -> Rows:
        """Return the values of a block."""
        area = self._area(sheet, box)
        rows: list[list[Value]] = [[_value(raw) for raw in row] for row in area.getDataArray()]
        for row, column in _places(area.queryFormulaCells(_ERROR).getRangeAddresses(), box):
            number = area.getCellByPosition(column, row).getError()
            rows[row][column] = CellError(_ERRORS.get(number, _OTHER_ERROR))
        for kind, ranges in self._formats_in(area):
            for row, column in _places(ranges, box):
                value = rows[row][column]
                if isinstance(value, int | float):
                    rows[row][column] = self._as_shown(value, kind)
        return rows

    def _formats_in(self, area: Any) -> Iterator[tuple[int, Iterable[Any]]]:  # noqa: ANN401 - UNO
        """Yield the ranges that show dates, times or truth values.

        They are those of formulas as well: once calculated, a formula has given its cell the format of its result.
        """
        groups = area.getUniqueCellFormatRanges()
        for group in (groups.getByIndex(index) for index in range(groups.getCount())):
            kind = self._kind(group.NumberFormat)
            if kind:
                yield kind, group.getRangeAddresses()

    def _kind(self, key: int) -> int:
        """Return what a number format shows: dates, times, truth values, or 0 for none of these."""
        if key not in self._formats:
            self._formats[key] = self._document.getNumberFormats().getByKey(key).Type
        return self._formats[key] & (_DATE | _TIME | _LOGICAL)

    def _as_shown(self, number: float, kind: int) -> Value:
        """Return a number as what its cell shows; a truth value is only a truth value if it is 0 or 1."""
        if kind & _LOGICAL:
            return bool(number) if number in (0, 1) else number
        null = self._document.NullDate
        epoch = date(null.Year, null.Month, null.Day)
        if epoch == _MAC_EPOCH:
            shown = date_text(number, date1904=True)
        else:
            shown = date_text(number + (epoch - _EXCEL_EPOCH).days)
        return DateText(shown or f"{number:.{MAX_DIGITS}g}")

    def write(self, sheet: str, box: Box, rows: Sequence[Sequence[Value | Link]]) -> None:
        """Write a block; raise ``RefusedError`` where Calc does not let its user.

        Only cells that change are written, each by itself: a block that Calc wrote whole it cannot take back, it would
        leave what stands in cells that were blank. However many blocks a click writes, the clerk undoes one step.
        """
        area, undo = self._area(sheet, box), self._document.getUndoManager()
        if self._document.isReadonly() or (self._page(sheet).isProtected() and _has_locked_cells(area)):
            raise RefusedError(f"{sheet}!{box.reference} cannot be edited")
        changes = list(_changes(area, box, rows))
        if not changes:
            return
        if self._written and undo.isUndoPossible():
            undo.enterHiddenUndoContext()  # joins the step before
        else:
            undo.enterUndoContext(UNDO_TITLE)
        self._document.lockControllers()
        try:
            _put_all(changes)
            self._written = True
        except Exception as error:  # UNO's exceptions exist only where UNO is
            raise RefusedError(str(error)) from error
        finally:
            self._document.unlockControllers()
            undo.leaveUndoContext()

    def tell(self, text: str, *, alarming: bool) -> None:
        """Show a message over the workbook."""
        self._tell(text, alarming)

    def _page(self, sheet: str) -> Any:  # noqa: ANN401 - UNO
        return self._document.Sheets.getByName(sheet)

    def _area(self, sheet: str, box: Box) -> Any:  # noqa: ANN401 - UNO
        return self._page(sheet).getCellRangeByPosition(box.left - 1, box.top - 1, box.right - 1, box.bottom - 1)


def _value(raw: str | float | None) -> Value:
    """Return a value of Calc, rounded to the digits that it saves; ``None`` (an error) and ``""`` as a blank cell."""
    return from_float(float(f"{raw:.{MAX_DIGITS}g}")) if isinstance(raw, float) else raw or None


def _raw(value: Value | Link) -> _Content:
    """Return a value as Calc takes it."""
    if isinstance(value, Link):
        return _Formula(value.formula(";"))
    if value is None or isinstance(value, str):
        return value or ""
    return float(value)


def _places(ranges: Iterable[Any], box: Box) -> Iterator[_Place]:
    """Yield the cells of ranges of a block."""
    top, left = box.top - 1, box.left - 1
    for area in ranges:
        for row in range(area.StartRow - top, area.EndRow - top + 1):
            for column in range(area.StartColumn - left, area.EndColumn - left + 1):
                yield row, column


def _has_locked_cells(area: Any) -> bool:  # noqa: ANN401 - UNO
    groups = area.getUniqueCellFormatRanges()
    return any(groups.getByIndex(index).CellProtection.IsLocked for index in range(groups.getCount()))


def _changes(area: Any, box: Box, rows: Sequence[Sequence[Value | Link]]) -> Iterator[_Change]:  # noqa: ANN401 - UNO
    """Yield the cells of a block that do not hold yet what they are to hold."""
    sources = area.getFormulaArray()
    formulas = set(_places(area.queryContentCells(_FORMULA).getRangeAddresses(), box))
    for row, (held, wanted) in enumerate(zip(area.getDataArray(), rows, strict=True)):
        for column, (value, new) in enumerate(zip(held, map(_raw, wanted), strict=True)):
            old = _Formula(sources[row][column]) if (row, column) in formulas else value
            if (type(old), old) != (type(new), new):
                yield area.getCellByPosition(column, row), old, new


def _put_all(changes: Sequence[_Change]) -> None:
    """Make all changes; where one fails, take the others back."""
    done: list[_Change] = []
    try:
        for change in changes:
            done.append(change)
            _put(change[0], change[2])
    except Exception:
        for cell, old, _ in reversed(done):
            _put(cell, old)
        raise


def _put(cell: Any, content: _Content) -> None:  # noqa: ANN401 - UNO
    """Write into a cell; Calc keeps a text as a text, whatever it looks like."""
    if isinstance(content, _Formula):
        cell.setFormula(str(content))
    elif isinstance(content, str):
        cell.setString(content)
    else:
        cell.setValue(content)


def product(context: Any) -> str:  # noqa: ANN401 - UNO
    """Return name and version of the running program: ``LibreOffice 7.4``."""
    import uno  # noqa: PLC0415 - only where there is a context

    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    path = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    path.Name, path.Value = "nodepath", "/org.openoffice.Setup/Product"
    found = provider.createInstanceWithArguments("com.sun.star.configuration.ConfigurationAccess", (path,))
    return f"{found.ooName} {found.ooSetupVersion}"
