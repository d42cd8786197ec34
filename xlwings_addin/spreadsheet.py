"""What the button needs of a spreadsheet program: four methods, each a constant number of calls into it.

A call costs a round trip between two processes, so blocks are read and written whole, never cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gongkai.cell import Link, Value
from gongkai.layout import Box
from gongkai.sheetxml import OnRow, hand_over

Rows = Sequence[Sequence[Value]]
"""Values row by row: numbers, texts, booleans, ``None`` for a blank, ``CellError`` and ``DateText`` as a file has them."""


_PART = 500
"""So many rows are read at once; the sheets of a clerk's workbook have fewer."""


class RefusedError(Exception):
    """The program did not let us write."""


@dataclass(frozen=True, slots=True)
class Cover:
    """What stands outside the cells: the file's name, its sheets, and the program that has it open."""

    name: str
    sheets: tuple[str, ...]
    program: str
    read_only: bool = False
    """Whether what is written cannot be saved under this name."""
    unsaved: bool = False
    """Whether something was changed and not saved yet."""


class Spreadsheet(Protocol):
    """A workbook open in a program. Texts are written as texts, whatever they start with."""

    def cover(self) -> Cover:
        """Calculate all formulas, and return what the workbook is."""

    def read(self, sheet: str, box: Box) -> Rows:
        """Return the values of a block."""

    def write(self, sheet: str, box: Box, rows: Sequence[Sequence[Value | Link]]) -> None:
        """Write a block that fills ``box``, all of it or nothing; raise ``RefusedError`` where that is refused."""

    def tell(self, text: str, *, alarming: bool) -> None:
        """Show the user a message and wait until it was read."""


class OpenBook:
    """A workbook in a program, as ``gongkai.reader`` reads it: every sheet once, and no more than it needs."""

    def __init__(self, spreadsheet: Spreadsheet, cover: Cover) -> None:
        self._spreadsheet = spreadsheet
        self._pages: dict[str, dict[tuple[int, int], Value]] = {}
        self.sheets = cover.sheets
        self.application: str | None = cover.program

    def cells(self, sheet: str, max_row: int = 200, max_column: int = 64) -> Mapping[tuple[int, int], Value]:
        """Return the cells of a sheet that hold anything; a long sheet is read in parts, up to the first empty one.

        Who asks again gets the same cells, whatever the bounds.
        """
        if sheet in self._pages:
            return self._pages[sheet]
        found = self._pages[sheet] = {}
        for top in range(1, max_row + 1, _PART):
            before = len(found)
            box = Box(top, 1, min(top + _PART - 1, max_row), max_column)
            for row, values in enumerate(self._spreadsheet.read(sheet, box), top):
                if values.count(None) < len(values):
                    found.update({(row, at): value for at, value in enumerate(values, 1) if value is not None})
            if len(found) == before:
                break
        return found

    def each_row(self, sheet: str, max_row: int, max_column: int, on_row: OnRow) -> None:
        """Hand the rows of a long sheet to ``on_row``, in order."""
        hand_over(self.cells(sheet, max_row, max_column), on_row)
