"""The button in Excel, through xlwings: only its freely licensed part, and only whole blocks.

Excel hands a block over as it keeps it: every number as a float, a single cell as a scalar, an error as an integer
code, a date as a moment of time, and a number in a currency format as a decimal cut to four places.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import xlwings

from gongkai.cell import CellError, DateText, Link, Value, from_float
from gongkai.dates import date_text
from gongkai.layout import Box
from xlwings_addin import messages
from xlwings_addin.spreadsheet import Cover, RefusedError, Rows

_ERROR_BASE = -2_146_828_288
"""0x800A0000: an error value is this plus the number of the error."""
_ERRORS = {
    2000: "#NULL!", 2007: "#DIV/0!", 2015: "#VALUE!", 2023: "#REF!", 2029: "#NAME?", 2036: "#NUM!", 2042: "#N/A",
    2043: "#GETTING_DATA", 2045: "#SPILL!", 2046: "#CONNECT!", 2047: "#BLOCKED!", 2048: "#UNKNOWN!", 2049: "#FIELD!",
    2050: "#CALC!",
}  # fmt: skip
_ERROR_NUMBERS = range(2000, 2100)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no time zone
_WARNING, _IN_FRONT = 0x30, 0x10000
"""Flags of the Windows message box."""

Teller = Callable[[str, bool], None]


class NoBookError(Exception):
    """There is no workbook to work on; the text says what to do."""


class ExcelBook:
    """A workbook open in Excel."""

    def __init__(self, book: xlwings.Book, tell: Teller | None = None) -> None:
        self._book = book
        self._tell = tell

    @property
    def name(self) -> str:
        """The name of the file."""
        return self._book.name

    def cover(self) -> Cover:
        """Calculate all formulas, and return what the workbook is."""
        read_only, unsaved = self._flag("ReadOnly"), not self._flag("Saved", default=True)
        app = self._book.app
        app.calculate()  # a session started by another file may be set to calculate by hand only
        return Cover(self._book.name, tuple(self._book.sheet_names), f"Excel {app.version}", read_only, unsaved)

    def _flag(self, name: str, *, default: bool = False) -> bool:
        """Return a property of the workbook that xlwings passes on from Windows only."""
        return bool(getattr(self._book.api, name, default))

    def read(self, sheet: str, box: Box) -> Rows:
        """Return the values of a block; numbers in a currency format take a second call to arrive whole."""
        area = self._area(sheet, box)
        rows = _rows(area.raw_value, box)
        if Decimal in {kind for row in rows for kind in set(map(type, row))}:
            whole = _rows(area.api.Value2, box)
            rows = [
                [exact if isinstance(value, Decimal) else value for value, exact in zip(*pair, strict=True)]
                for pair in zip(rows, whole, strict=True)
            ]
        return [[raw if raw is None else _value(raw) for raw in row] for row in rows]

    def write(self, sheet: str, box: Box, rows: Sequence[Sequence[Value | Link]]) -> None:
        """Write a block; raise ``RefusedError`` where Excel does not let us."""
        block = [[_raw(value) for value in row] for row in rows]
        try:
            self._area(sheet, box).raw_value = block
        except Exception as error:  # Windows and macOS each raise their own
            raise RefusedError(str(error)) from error

    def tell(self, text: str, *, alarming: bool) -> None:
        """Show a message over Excel."""
        if self._tell:
            self._tell(text, alarming)
            return
        try:
            self._book.app.alert(text, messages.TITLE, mode="critical" if alarming else "info")
        except Exception:  # noqa: BLE001 - Excel is busy, but whoever clicked must hear
            show(text)

    def _area(self, sheet: str, box: Box) -> xlwings.Range:
        return self._book.sheets[sheet].range((box.top, box.left), (box.bottom, box.right))


def _rows(raw: Any, box: Box) -> Sequence[Sequence[Any]]:  # noqa: ANN401 - whatever the program delivers
    """Return a block row by row: a single cell arrives as a scalar, a single row may arrive flat."""
    if box.cells == 1:
        return [[raw]]
    return raw if isinstance(raw[0], list | tuple) else [raw]


def _value(raw: Any) -> Value:  # noqa: ANN401 - one return for each kind
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return CellError(raw) if raw in _ERRORS.values() else raw or None
    if isinstance(raw, datetime):
        return DateText(date_text((raw.replace(tzinfo=None) - _EPOCH) / timedelta(days=1)) or raw.isoformat())
    if isinstance(raw, int) and raw - _ERROR_BASE in _ERROR_NUMBERS:
        return CellError(_ERRORS.get(raw - _ERROR_BASE, f"#{raw - _ERROR_BASE}"))
    return from_float(float(raw))


def _raw(value: Value | Link) -> Any:  # noqa: ANN401 - what Excel takes
    """Return a value as Excel takes it; the quote in front keeps a text from becoming a number, a date or a formula."""
    if isinstance(value, Link):
        return value.formula()
    if isinstance(value, str):
        return "'" + value
    return "" if value is None else value


def calling_book() -> xlwings.Book:
    """Return the workbook whose button was clicked; raise ``NoBookError`` when there is none."""
    try:
        return xlwings.Book.caller()
    except Exception:  # noqa: BLE001 - started by hand, or a file name that xlwings cannot take apart
        return active_book()


def active_book() -> xlwings.Book:
    """Return the workbook in front of the running Excel; raise ``NoBookError`` when there is none."""
    if not len(xlwings.engines):
        raise NoBookError(messages.NOT_HERE)
    app = xlwings.apps.active
    if app is None:
        raise NoBookError(messages.NO_EXCEL)
    try:
        book = app.books.active
        book.name  # noqa: B018 - where there is none, xlwings hands out a workbook that is none
    except Exception as error:  # no workbook, or one in protected view
        raise NoBookError(messages.NO_BOOK) from error
    return book


def show(text: str) -> None:
    """Show a message without a workbook to show it over."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only

        ctypes.windll.user32.MessageBoxW(0, text, messages.TITLE, _WARNING | _IN_FRONT)
    else:
        sys.stderr.write(text + "\n")
