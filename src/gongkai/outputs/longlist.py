"""A sheet that is a list: as many rows as there are units, written from top to bottom and never held in memory."""

from __future__ import annotations

from collections.abc import Sequence

from gongkai.bookwriter import BookWriter
from gongkai.cell import Value, address
from gongkai.layout import text_height

MAX_ROWS = 200_000
"""Rows of a list; the last one says how many more there are."""
_LEAST_HEIGHT = 22.0
_BUTTON = 3
"""Characters of a heading that the button of its filter covers."""


class LongList:
    """A list with a title in row 1 and headings in row 2."""

    def __init__(self, writer: BookWriter, sheet: str, heads: Sequence[str], widths: Sequence[int]) -> None:
        self.writer, self.sheet, self.heads, self.widths = writer, sheet, heads, widths
        self.rows = 0
        self.left_out = 0
        writer.add(sheet, long=True)
        page = writer.sheets[sheet]
        for column, width in enumerate(widths):
            page.set_column(column, column, width)
        page.freeze_panes(2, 0)
        page.repeat_rows(0, 1)
        writer.paper(sheet, landscape=True)

    def start(self, title: str) -> None:
        """Write title and headings."""
        styles = self.writer.styles
        self.writer.height(self.sheet, 1, _LEAST_HEIGHT)
        self.writer.put(self.sheet, "A1", title, styles.section)
        heights = (text_height(head, width - _BUTTON) for head, width in zip(self.heads, self.widths, strict=True))
        self.writer.height(self.sheet, 2, max(heights))
        for column, text in enumerate(self.heads, 1):
            self.writer.put(self.sheet, address(2, column), text, styles.label)

    def add(self, *values: Value) -> None:
        """Write a row."""
        if self.rows == MAX_ROWS:
            self.left_out += 1
            return
        self.rows += 1
        row = self.rows + 2
        texts = ((value, width) for value, width in zip(values, self.widths, strict=True) if isinstance(value, str))
        # Programs that lack our font take a wider one.
        heights = (text_height(text, 0.92 * width - 2) for text, width in texts)
        self.writer.height(self.sheet, row, max(heights, default=_LEAST_HEIGHT))
        for column, value in enumerate(values, 1):
            self.writer.put(self.sheet, address(row, column), value, self.writer.styles.row_label)
        self.writer.forget(self.sheet, row - 1)

    def finish(self, *remarks: str) -> None:
        """Write what stands below the list, and let its columns be filtered."""
        if self.left_out:
            remarks = (f"另有 {self.left_out} 行没有列出，见同名的 .json 文件。", *remarks)
        if self.rows:
            self.writer.sheets[self.sheet].autofilter(1, 0, self.rows + 1, len(self.heads) - 1)
        for number, text in enumerate(remarks, self.rows + 4):
            self.writer.put(self.sheet, address(number, 1), text, self.writer.styles.hint_line)
