"""Which background each cell of a sheet shows, read from LibreOffice's HTML export.

UNO tells the rules of a conditional format but not their outcome; the export paints every cell as it is shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import chain, islice
from typing import TYPE_CHECKING

from gongkai.cell import address

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPACE = re.compile(r"\s+")


@dataclass(slots=True)
class PageCell:
    """One ``<td>``: what it shows, on which background, and how many columns and rows it covers."""

    background: str | None
    columns: int
    rows: int
    text: str = ""


@dataclass(slots=True)
class Table:
    """One ``<table>``, with the anchor that precedes it (``table0`` for the first sheet) if there is any."""

    anchor: str | None
    columns: int = 0
    rows: list[list[PageCell]] = field(default_factory=list)

    def has_text(self) -> bool:
        """Tell whether any cell shows anything."""
        return any(cell.text.strip() for row in self.rows for cell in row)


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self._anchor: str | None = None
        self._cell: PageCell | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("name"):
            self._anchor = found["name"]
        elif tag == "table":
            self.tables.append(Table(self._anchor))
        elif tag == "colgroup":
            self.tables[-1].columns += int(found.get("span") or 1)
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag == "td":
            background = found.get("bgcolor")
            self._cell = PageCell(
                background.lstrip("#").lower() if background else None,
                int(found.get("colspan") or 1),
                int(found.get("rowspan") or 1),
            )
            self.tables[-1].rows[-1].append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell:
            self._cell.text += data


def page_tables(page: str) -> list[Table]:
    """Return the tables of an exported page."""
    parser = _Tables()
    parser.feed(page)
    parser.close()
    return parser.tables


def shown_numbers(first: int, count: int, spans: Iterable[tuple[int, int]]) -> list[int]:
    """Return the first ``count`` row (or column) numbers from ``first`` on that lie in one of ``spans``."""
    numbers = chain.from_iterable(range(max(first, start), end + 1) for start, end in sorted(set(spans)))
    return list(islice(numbers, count))


def placed(table: Table, columns: list[int], rows: list[int]) -> dict[tuple[int, int], PageCell]:
    """Return the cells of ``table`` by (row, column) counted from 0; a merged cell stands at its top left.

    ``columns`` and ``rows`` are the sheet's shown columns and rows that the table displays. The size of a merged cell
    counts hidden rows and columns too. Raises ``ValueError`` if the cells do not fill the table exactly.
    """
    found: dict[tuple[int, int], PageCell] = {}
    covered: set[tuple[int, int]] = set()
    for row, cells in zip(rows, table.rows, strict=True):
        waiting = iter(cells)
        for column in columns:
            if (row, column) not in covered:
                cell = next(waiting, None)
                if cell is None:
                    raise ValueError(f"no cell left for {address(row + 1, column + 1)}")
                covered |= {
                    (row + down, column + across) for down in range(cell.rows) for across in range(cell.columns)
                }
                found[row, column] = cell
        if next(waiting, None):
            raise ValueError(f"a cell too many in row {row + 1}")
    return found


def colours(cells: dict[tuple[int, int], PageCell]) -> dict[str, str]:
    """Return the background of each coloured cell by its address."""
    return {address(row + 1, column + 1): cell.background for (row, column), cell in cells.items() if cell.background}


def same_text(one: str, other: str) -> bool:
    """Tell whether two texts differ in white space only, which HTML does not keep."""
    return _SPACE.sub("", one) == _SPACE.sub("", other)
