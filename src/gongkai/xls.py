"""Old workbooks (.xls, and .et of WPS) through xlrd, which tells an error value from a blank as few readers do.

But xlrd trusts what it reads. So it gets to see only the records that make up cells, and no more of them than a form
can have: no names that are computed, no objects, no row that is said to be the last.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import XLRDError, error_text_from_code

from gongkai.cell import CellError, DateText, Value, from_float
from gongkai.compound import workbook_stream
from gongkai.ooxml import MAX_SHEETS, WorkbookError
from gongkai.sheetxml import OnRow, hand_over

MAX_FILE = 4 << 20
"""Bytes of an old file, which is in memory more than once."""
MAX_RECORDS, MAX_CELLS, MAX_FORMATS, MAX_STRINGS = 100_000, 40_000, 10_000, 40_000
MAX_ROWS = 5_000
"""Rows of a sheet that are read."""

_BOF, _EOF, _SHEET, _SST, _MANY_NUMBERS, _IGNORED = 0x809, 0x0A, 0x85, 0xFC, 0xBD, 0xFFFE
_FORMATS = frozenset((0x1E, 0x41E, 0xE0))
_CELLS = frozenset((0x06, 0x203, 0x204, 0x205, 0x27E, 0xD6, 0xFD, _MANY_NUMBERS))
_OTHERS = frozenset((
    _BOF, _EOF, _SHEET, _SST, 0x3C, 0x42, 0x22, 0x2F,  # continuation, code page, date mode, password
    0x207, 0x4BC, 0x221, 0x236,  # what follows a formula: its text, and formulas of several cells
))  # fmt: skip


class OldWorkbook:
    """An old workbook in memory, with the same two members as ``ooxml.Workbook``."""

    application: str | None = None

    def __init__(self, book: Any) -> None:  # noqa: ANN401 - xlrd has no types
        self._book = book
        self.sheets: tuple[str, ...] = tuple(book.sheet_names())

    def cells(self, sheet: str, max_row: int = 200, max_column: int = 64) -> dict[tuple[int, int], Value]:
        """Return (row, column), both from 1, -> value of the cells of a sheet; blank cells are absent."""
        with _damage():
            page = self._book.sheet_by_name(sheet)  # read only now
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
    with _damage():
        book = xlrd.open_workbook(
            file_contents=_sifted(workbook_stream(data)), logfile=io.StringIO(), on_demand=True, ragged_rows=True
        )
        return OldWorkbook(book)


@contextmanager
def _damage() -> Iterator[None]:
    """Let nothing but ``WorkbookError`` out; xlrd lets whatever a broken file provokes pass through."""
    try:
        yield
    except WorkbookError:
        raise
    except XLRDError as error:
        raise WorkbookError("encrypted" if "encrypted" in str(error) else "ole", str(error)) from error
    except Exception as error:
        raise WorkbookError("damaged", repr(error)) from error


def _sifted(stream: bytes | None) -> bytes:
    """Return the stream of a workbook with what nobody needs made unrecognizable, each record in its place.

    Raises ``WorkbookError`` where there is none, or it has more than a form can have, or two values for one cell.
    """
    if stream is None:
        raise WorkbookError("ole", "no workbook")
    sifted = bytearray(stream)
    formats = cells = 0
    begins: set[int] = set()
    sheets: list[int] = []
    taken: list[set[tuple[int, int]]] = []  # charts lie inside sheets, and have numbers of their own
    for number, (kind, begin, size) in enumerate(_records(stream)):
        content, needless = begin + 4, kind not in _CELLS | _OTHERS | _FORMATS
        if kind == _BOF:
            begins.add(begin)
            taken.append(set())
        elif kind == _EOF and taken:
            taken.pop()
        elif kind == _SHEET:
            sheets += struct.unpack_from("<I", stream, content)
        elif kind in _FORMATS:
            formats += 1
        elif kind in _CELLS:
            row, column = struct.unpack_from("<HH", stream, content)
            columns = range(column, column + ((size - 6) // 6 if kind == _MANY_NUMBERS else 1))
            cells += len(columns)
            _take(taken[-1] if taken else set(), row, columns)
            needless = row >= MAX_ROWS
        if needless:
            struct.pack_into("<H", sifted, begin, _IGNORED)
        strings = struct.unpack_from("<I", stream, content + 4)[0] if kind == _SST else 0
        if number > MAX_RECORDS or cells > MAX_CELLS or formats > MAX_FORMATS or strings > MAX_STRINGS:
            raise WorkbookError("too-large", f"record {number} is one too many")
    if len(sheets) > MAX_SHEETS:
        raise WorkbookError("too-large", f"{len(sheets)} sheets")
    if len(set(sheets)) < len(sheets) or not begins.issuperset(sheets):
        raise WorkbookError("damaged", "sheets that are not where they should be")
    return bytes(sifted)


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, place and size of each record."""
    begin, end = 0, len(stream) - 4
    while begin <= end:
        kind, size = struct.unpack_from("<HH", stream, begin)
        yield kind, begin, size
        begin += 4 + size


def _take(taken: set[tuple[int, int]], row: int, columns: range) -> None:
    """Note which cells have a value."""
    for column in columns:
        if (row, column) in taken:
            raise WorkbookError("damaged", f"two values for row {row + 1}, column {column + 1}")
        taken.add((row, column))
