"""Writing a workbook cell by cell: values as what they are, formulas with their results, pages ready to print."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from gongkai.cell import Value, column_letters, parse_address
from gongkai.layout import Box
from gongkai.report import MAX_TEXT
from gongkai.scratch import temporary_folder
from gongkai.styles import Styles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format

_A4 = 9


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_HALVES = re.compile("[\ud800-\udfff]")
"""Half characters: no file holds them. A report JSON with one is refused, a file name may bring one in."""


def storable(text: str) -> str:
    """Return a text as a cell can hold it: no half characters, and not more of it than fits, which would be nothing."""
    return _HALVES.sub("\N{REPLACEMENT CHARACTER}", text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")


class _Nothing(str):
    """An empty text that XlsxWriter stores as the result of a formula; a plain ``""`` it would store as no result."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class _Numbers(NamedTuple):
    """A row of numbers, where XlsxWriter keeps a cell."""

    values: Sequence[int | float]
    style: Format


class _Sheet(Worksheet):  # type: ignore[misc]  # XlsxWriter's has no types
    """A worksheet that takes a row of numbers at once: XlsxWriter makes a dozen calls for each cell."""

    def write_numbers(self, row: int, column: int, values: Sequence[int | float], style: Format) -> None:
        """Write numbers side by side, counted from 0."""
        last = column + len(values) - 1
        for at in (last, column):  # so the row before is finished, and it is known how wide this one is
            self.write_number(row, at, values[at - column], style)
        self.table[row].pop(last)
        self.table[row][column] = _Numbers(values, style)

    def _write_cell(self, row: int, col: int, cell: Any) -> None:  # noqa: ANN401 - any of XlsxWriter's
        if not isinstance(cell, _Numbers):
            super()._write_cell(row, col, cell)
            return
        end = f'{row + 1}" s="{cell.style._get_xf_index()}"><v>'  # noqa: SLF001 - there is no other way to its number
        self.fh.write(
            "".join(
                f'<c r="{column_letters(column)}{end}{value:.16G}</v></c>'
                for column, value in enumerate(cell.values, col + 1)
            )
        )


class BookWriter:
    """A workbook while it is written; cells are addressed as ``D6``."""

    def __init__(self, title: str, file: Path | None = None) -> None:
        self._buffer = io.BytesIO()
        # XlsxWriter leaves its temporary files behind when writing fails; in a folder of ours they go with it.
        self._scratch = temporary_folder() if file else None
        options = {"in_memory": True} if self._scratch is None else {"tmpdir": self._scratch.name}
        self.book = xlsxwriter.Workbook(file or self._buffer, options)
        # The same content must give the same bytes, whenever it is written.
        self.book.set_properties({"title": title, "created": datetime(2024, 1, 1, tzinfo=UTC)})
        self.styles = Styles(self.book)
        self.sheets: dict[str, _Sheet] = {}

    def add(self, *names: str, long: bool = False) -> None:
        """Add sheets, in this order, behind those there are.

        The rows of a ``long`` sheet go to disk at once, so they must be written from top to bottom. That needs a
        workbook that is written to a file; in memory a sheet is as long as memory allows.
        """
        for name in names:
            self.book.constant_memory = long and not self.book.in_memory
            self.sheets[name] = self.book.add_worksheet(name, _Sheet)
            self.book.constant_memory = False

    def close(self) -> bytes:
        """Finish the workbook and return it, or nothing where it was written to a file."""
        self.book.close()
        if self._scratch:
            self._scratch.cleanup()
        return self._buffer.getvalue()

    def put(self, sheet: str, cell: str, value: Value, style: Format | None = None) -> None:
        """Write a value as what it is: text stays text, whatever it starts with."""
        row, column = (number - 1 for number in parse_address(cell))
        page = self.sheets[sheet]
        if value is None:
            page.write_blank(row, column, None, style)
        elif isinstance(value, bool):
            page.write_boolean(row, column, value, style)
        elif isinstance(value, str):
            page.write_string(row, column, storable(value), style)
        else:
            page.write_number(row, column, value, style)

    def put_numbers(self, sheet: str, cell: str, values: Sequence[int | float], style: Format) -> None:
        """Write numbers side by side, the first of them into ``cell``."""
        row, column = parse_address(cell)
        self.sheets[sheet].write_numbers(row - 1, column - 1, values, style)

    def put_formula(self, sheet: str, cell: str, text: str, result: Value, style: Format | None = None) -> None:
        """Write a formula with its result."""
        stored: Any = result
        if isinstance(result, str):  # XlsxWriter escapes control characters in texts, but not in results
            escaped = _CONTROL.sub(lambda char: f"_x{ord(char[0]):04X}_", result)
            stored = _HALVES.sub("\N{REPLACEMENT CHARACTER}", escaped) or _Nothing()
        self.sheets[sheet].write_formula(cell, text, style, stored)

    def link(self, sheet: str, cell: str, target: str) -> None:
        """Let a click on a cell lead to ``表!D6``; write what the cell shows afterwards."""
        self.sheets[sheet].write_url(cell, f"internal:{target}")

    def span(self, sheet: str, box: Box, style: Format) -> None:
        """Merge the cells of a box, where it is more than one."""
        if box.cells > 1:
            self.sheets[sheet].merge_range(box.reference, "", style)

    def put_box(self, sheet: str, box: Box, value: Value, style: Format) -> None:
        """Write a value into a cell that may span several."""
        self.span(sheet, box, style)
        self.put(sheet, box.start, value, style)

    def define(self, name: str, sheet: str, box: Box) -> None:
        """Define a name for a range."""
        corners = ((box.top, box.left), (box.bottom, box.right))
        cells = dict.fromkeys(f"${column_letters(column)}${row}" for row, column in corners)
        self.book.define_name(name, f"={sheet}!{':'.join(cells)}")

    def widths(self, sheet: str, *widths: float) -> None:
        """Set the widths of the first columns, in characters."""
        for column, width in enumerate(widths):
            self.sheets[sheet].set_column(column, column, width)

    def height(self, sheet: str, row: int, height: float) -> None:
        """Set the height of a row, in points."""
        self.sheets[sheet].set_row(row - 1, height)

    def forget(self, sheet: str, row: int) -> None:
        """Drop what XlsxWriter keeps of a row that is on disk already: it would keep it until the end."""
        page = self.sheets[sheet]
        for kept in ("row_info", "row_sizes"):
            getattr(page, kept, {}).pop(row - 1, None)

    def paper(self, sheet: str, *, landscape: bool, pages_wide: int = 1, pages_tall: int = 0) -> None:
        """Print on A4, fitted to so many pages; 0 is as many as it takes."""
        page = self.sheets[sheet]
        page.set_paper(_A4)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        page.fit_to_pages(pages_wide, pages_tall)
        page.center_horizontally()
        page.set_footer("&C第 &P 页，共 &N 页")
        if landscape:
            page.set_landscape()
