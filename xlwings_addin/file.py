"""The button on a file, for programs without a spreadsheet program: openpyxl reads, and only our cells are replaced.

openpyxl would lose the results of all formulas if it wrote the file, so writing goes through ``gongkai.transplant``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.datetime import to_excel

from gongkai.cell import CellError, DateText, Link, Uncalculated, Value, address, from_float
from gongkai.dates import date_text
from gongkai.files import write_whole
from gongkai.layout import Box
from gongkai.ooxml import WorkbookError
from gongkai.stored import unescape
from gongkai.transplant import Block, replace_block
from xlwings_addin.spreadsheet import Cover, RefusedError, Rows


class FileBook:
    """A workbook file; nothing is written to it before ``save``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._data = file.read_bytes()
        self._values = openpyxl.load_workbook(io.BytesIO(self._data), data_only=True, read_only=True)
        self._formulas = openpyxl.load_workbook(io.BytesIO(self._data), read_only=True)
        self.told: list[str] = []

    def cover(self) -> Cover:
        """Return what the workbook is; the file holds the results of its formulas."""
        return Cover(self._file.name, tuple(self._values.sheetnames), "openpyxl")

    def read(self, sheet: str, box: Box) -> Rows:
        """Return the values of a block."""
        pairs = zip(_cells(self._values[sheet], box), _cells(self._formulas[sheet], box), strict=True)
        rows: list[list[Value]] = [[_value(*cells) for cells in zip(*rows, strict=True)] for rows in pairs]
        blank: list[Value] = [None] * (box.right - box.left + 1)
        return rows + [blank] * (box.bottom - box.top + 1 - len(rows))

    def write(self, sheet: str, box: Box, rows: Sequence[Sequence[Value | Link]]) -> None:
        """Write a block: one that begins in column A takes its rows with it, of any other each cell must exist."""
        if box.left == 1:
            block = Block(box.top, box.bottom, rows, [None] * len(rows), {})
        else:
            places = (
                (row, column) for row in range(box.top, box.bottom + 1) for column in range(box.left, box.right + 1)
            )
            values = [value for row in rows for value in row]
            cells = {address(*place): value for place, value in zip(places, values, strict=True)}
            block = Block(box.bottom + 1, box.bottom, (), (), cells)
        try:
            self._data = replace_block(self._data, sheet, block)
        except (KeyError, WorkbookError) as error:
            raise RefusedError(str(error)) from error

    def tell(self, text: str, *, alarming: bool) -> None:  # noqa: ARG002 - a file has no way to be alarmed
        """Keep the message for who asks."""
        self.told.append(text)

    def save(self, target: Path) -> None:
        """Write the workbook, whole or not at all."""
        write_whole(target, self._data)


def _cells(page: Any, box: Box) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - openpyxl's sheet
    """Return the cells of a block row by row, down to the last row that has any."""
    page.reset_dimensions()  # what a sheet says of its own size need not be so
    rows: Iterator[tuple[Any, ...]] = page.iter_rows(box.top, box.bottom, box.left, box.right)
    return rows


def _value(shown: Any, cell: Any) -> Value:  # noqa: ANN401 - openpyxl's cells; one return for each kind
    raw = shown.value
    if raw is None:
        # A formula whose result is no text has a result; openpyxl keeps its type and drops the text.
        return Uncalculated(str(cell.value)) if cell.data_type == "f" and shown.data_type == "n" else None
    if shown.data_type == "e":
        return CellError(raw)
    if isinstance(raw, datetime | date | time | timedelta):
        serial: float = to_excel(raw)  # type: ignore[no-untyped-call]
        return DateText(date_text(serial) or str(raw))
    if isinstance(raw, str):
        return unescape(raw) or None
    if isinstance(raw, bool):
        return raw
    return from_float(float(raw))
