"""Old workbooks (.xls, and .et of WPS) through xlrd, which tells an error value from a blank as few readers do."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import XLRDError, error_text_from_code

from gongkai.cell import CellError, DateText, Value, from_float
from gongkai.ooxml import MAX_FILE, WorkbookError
from gongkai.sheetxml import OnRow, hand_over


class OldWorkbook:
    """An old workbook in memory, with the same two members as ``ooxml.Workbook``."""

    application: str | None = None

    def __init__(self, book: Any) -> None:  # noqa: ANN401 - xlrd has no types
        self._book = book
        self.sheets: tuple[str, ...] = tuple(book.sheet_names())

    def cells(self, sheet: str, max_row: int = 200, max_column: int = 64) -> dict[tuple[int, int], Value]:
        """Return (row, column), both from 1, -> value of the cells of a sheet; blank cells are absent."""
        page = self._book.sheet_by_name(sheet)
        found: dict[tuple[int, int], Value] = {}
        for row in range(min(page.nrows, max_row)):
            for column, cell in enumerate(page.row(row)[:max_column]):
                value = self._value(cell)
                if value is not None:
                    found[row + 1, column + 1] = value
        return found

    def _value(self, cell: Any) -> Value:  # noqa: ANN401, PLR0911 - one return for each type of cell
        if cell.ctype == xlrd.XL_CELL_TEXT:
            return str(cell.value) or None
        if cell.ctype == xlrd.XL_CELL_NUMBER:
            return from_float(cell.value) if math.isfinite(cell.value) else CellError("#NUM!")
        if cell.ctype == xlrd.XL_CELL_BOOLEAN:
            return bool(cell.value)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return CellError(error_text_from_code.get(cell.value, "#ERROR!"))
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                moment = xlrd.xldate_as_datetime(cell.value, self._book.datemode)
            except (ValueError, OverflowError):
                return DateText(cell.value)
            return DateText(moment.date() if moment.time() == moment.min.time() else moment)
        return None

    def each_row(self, sheet: str, max_row: int, max_column: int, on_row: OnRow) -> None:
        """Hand the rows of a sheet to ``on_row``, in order."""
        hand_over(self.cells(sheet, max_row, max_column), on_row)


def open_old_workbook(source: bytes | Path) -> OldWorkbook:
    """Open an OLE compound file; raise ``WorkbookError`` where it holds no readable workbook."""
    data = source if isinstance(source, bytes) else source.read_bytes()
    if len(data) > MAX_FILE:
        raise WorkbookError("too-large", f"{len(data)} bytes")
    try:
        return OldWorkbook(xlrd.open_workbook(file_contents=data, logfile=io.StringIO()))
    except XLRDError as error:
        raise WorkbookError("encrypted" if "encrypted" in str(error) else "ole", str(error)) from error
    except Exception as error:  # xlrd lets whatever a broken file provokes pass through
        raise WorkbookError("damaged", repr(error)) from error
