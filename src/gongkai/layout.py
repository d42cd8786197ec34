"""Where a form is printed: schema tables → label cells and item cells on sheets.

The official annex merges label cells whose neighbours say the same. Both the template (which prints the labels) and
the reader (which recognises them) take their positions from here, so neither can drift from the other.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gongkai.cell import address

_LINE, _HIGHEST = 15.0, 409.0
"""The height of a line of text, and of the highest row there is, in points."""

TITLE_ROW = 1
UNIT_ROW = 2
FIRST_ROW = 3
"""The first printed row of the first table; title and reporting unit stand above it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of cells, rows and columns counted from 1, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def start(self) -> str:
        """The A1 address of the upper left cell."""
        return address(self.top, self.left)

    @property
    def reference(self) -> str:
        """The A1 reference: ``D6`` for one cell, ``D6:I6`` for more."""
        end = address(self.bottom, self.right)
        return self.start if end == self.start else f"{self.start}:{end}"

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return (self.bottom - self.top + 1) * (self.right - self.left + 1)


@dataclass(frozen=True, slots=True)
class Label:
    """A printed heading: its text and the cells it spans; ``kind`` is block, corner, row or column."""

    box: Box
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Block:
    """One printed table."""

    table: str
    sheet: str
    across: bool
    labels: tuple[Label, ...]
    cells: Mapping[tuple[str, str], Box]
    """(row key, column key) → the cell of the item, with the cells merged into it."""
    data: Box
    """All item cells."""


@dataclass(slots=True)
class _Sheet:
    """What the tables of one sheet have in common."""

    label_columns: int = 0
    value_columns: int = 0
    next_row: int = FIRST_ROW
    tables: list[str] = field(default_factory=list)


def path(node: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the label path of a table, row or column of the schema."""
    return tuple(node.get("heading", ()))


def arrange(tables: Mapping[str, Mapping[str, Any]]) -> tuple[Block, ...]:
    """Place every table (key → resolved schema) on its sheet, in order, one right below the other."""
    sheets: dict[str, _Sheet] = {}
    for key, table in tables.items():
        sheet = sheets.setdefault(table["sheet"], _Sheet())
        sheet.tables.append(key)
        if not _across(table):
            sheet.label_columns = max(sheet.label_columns, *(len(path(row)) for row in table["properties"].values()))
            sheet.value_columns = max(
                sheet.value_columns, *(len(row["properties"]) for row in table["properties"].values())
            )
    return tuple(_block(key, tables[key], sheet) for sheet in sheets.values() for key in sheet.tables)


def _across(table: Mapping[str, Any]) -> bool:
    return table.get("orientation") == "across"


def _block(key: str, table: Mapping[str, Any], sheet: _Sheet) -> Block:
    labels: list[Label] = []
    rows: Mapping[str, Any] = table["properties"]
    if _across(table):
        cells, last = _place_across(rows, sheet.next_row, labels)
    else:
        cells, last = _place_down(table, sheet, labels)
    sheet.next_row = last + 1
    boxes = list(cells.values())
    data = Box(boxes[0].top, boxes[0].left, boxes[-1].bottom, max(box.right for box in boxes))
    return Block(key, table["sheet"], _across(table), tuple(labels), cells, data)


def _place_down(table: Mapping[str, Any], sheet: _Sheet, labels: list[Label]) -> tuple[dict[tuple[str, str], Box], int]:
    rows: Mapping[str, Any] = table["properties"]
    columns: Mapping[str, Any] = next(iter(rows.values()))["properties"]
    width = sheet.label_columns + sheet.value_columns
    top = sheet.next_row
    for text in path(table):
        labels.append(Label(Box(top, 1, top, width), text, "block"))
        top += 1
    depth = max(len(path(column)) for column in columns.values())
    if table.get("corner"):
        labels.append(Label(Box(top, 1, top + depth - 1, sheet.label_columns), table["corner"], "corner"))
    # A table with fewer columns than its sheet stretches its last column, as the official annex does.
    spans = [(sheet.label_columns + 1 + n, sheet.label_columns + 1 + n) for n in range(len(columns))]
    spans[-1] = (spans[-1][0], width)
    for first, last, level, text in _merged([path(column) for column in columns.values()]):
        bottom = level if level < len(path(list(columns.values())[first])) - 1 else depth - 1
        labels.append(Label(Box(top + level, spans[first][0], top + bottom, spans[last][1]), text, "column"))
    top += depth
    for first, last, level, text in _merged([path(row) for row in rows.values()]):
        right = level + 1 if level < len(path(list(rows.values())[first])) - 1 else sheet.label_columns
        labels.append(Label(Box(top + first, level + 1, top + last, right), text, "row"))
    cells = {
        (row, column): Box(top + n, left, top + n, right)
        for n, row in enumerate(rows)
        for column, (left, right) in zip(columns, spans, strict=True)
    }
    return cells, top + len(rows) - 1


def _place_across(rows: Mapping[str, Any], top: int, labels: list[Label]) -> tuple[dict[tuple[str, str], Box], int]:
    row_depth = max(len(path(row)) for row in rows.values())
    keys = [(row, column) for row, node in rows.items() for column in node["properties"]]
    row_paths = [path(rows[row]) for row, _ in keys]
    for first, last, level, text in _merged(row_paths):
        bottom = level if level < len(row_paths[first]) - 1 else row_depth - 1
        labels.append(Label(Box(top + level, first + 1, top + bottom, last + 1), text, "row"))
    for n, (row, column) in enumerate(keys):
        text = path(rows[row]["properties"][column])[-1]
        labels.append(Label(Box(top + row_depth, n + 1, top + row_depth, n + 1), text, "column"))
    line = top + row_depth + 1
    return {key: Box(line, n + 1, line, n + 1) for n, key in enumerate(keys)}, line


def _merged(paths: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, int, int, str]]:
    """Yield (first, last, level, text) for each run of neighbours that share a path prefix."""
    for level in range(max(len(p) for p in paths)):
        first = 0
        while first < len(paths):
            prefix = paths[first][: level + 1]
            last = first
            while last + 1 < len(paths) and paths[last + 1][: level + 1] == prefix:
                last += 1
            if len(prefix) > level:
                yield first, last, level, prefix[level]
            first = last + 1


def columns_of(text: str) -> int:
    """Return how many characters of a fixed width a text takes; a Chinese one takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in text)


def text_height(text: str, width: float, least: float = 22.0) -> float:
    """Return the height in points that ``text`` needs in a column ``width`` characters wide."""
    return min(_HIGHEST, max(least, math.ceil(columns_of(text) / max(width - 1, 1)) * _LINE + 5))
