"""A stand-in for Excel that answers from memory, so that a click costs only what is ours and xlwings'.

``python stub_excel.py WORKBOOK`` reads the workbook, takes the place of Excel, and then runs what RunPython would run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import xlwings
from xlwings import base_classes

from gongkai.cell import Value
from gongkai.ooxml import Workbook, open_workbook

Cells = dict[tuple[int, int], Any]


class Engine:
    """The engine xlwings talks to; it has one workbook open."""

    name, type = "stub", "desktop"

    def __init__(self, workbook: Workbook) -> None:
        self.pages = {sheet: dict(workbook.cells(sheet, 500, 64)) for sheet in workbook.sheets}
        self.apps = Apps(self)


class Apps(base_classes.Apps):
    """One running program."""

    def __init__(self, engine: Engine) -> None:
        self.app = App(engine)

    def __iter__(self) -> Iterator[App]:
        return iter([self.app])

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: object) -> App:
        return self.app

    def keys(self) -> list[int]:
        """Return the process ids."""
        return [1]


class App(base_classes.App):
    """The program."""

    pid, version, engine, books = 1, "16.0", None, None

    def __init__(self, engine: Engine) -> None:
        self.engine, self.said = engine, ""
        self.books = [Book(self, engine)]

    def calculate(self) -> None:
        """Nothing changes here, so nothing has to be calculated."""

    def alert(self, prompt: str, *_: object, **__: object) -> str:
        """Keep what would be shown."""
        self.said = prompt
        return "ok"


class Book(base_classes.Book):
    """The workbook."""

    app = sheets = None
    name = fullname = "stub.xlsx"

    class api:  # noqa: N801
        """What COM would offer."""

        ReadOnly, Saved = False, True

    def __init__(self, app: App, engine: Engine) -> None:
        self.app = app
        self.sheets = Sheets(self, engine.pages)


class Sheets(base_classes.Sheets):
    """Its sheets."""

    def __init__(self, book: Book, pages: dict[str, Cells]) -> None:
        self.all = {name: Sheet(book, name, cells) for name, cells in pages.items()}

    def __iter__(self) -> Iterator[Sheet]:
        return iter(self.all.values())

    def __call__(self, name: str) -> Sheet:
        """Return a sheet by name."""
        return self.all[name]


class Sheet(base_classes.Sheet):
    """A sheet."""

    book = name = None

    def __init__(self, book: Book, name: str, cells: Cells) -> None:
        self.book, self.name, self.stored = book, name, cells

    def range(self, first: tuple[int, int], last: tuple[int, int]) -> Range:
        """Return a block."""
        return Range(self, first, last)


class Range(base_classes.Range):
    """A block, as COM delivers it: numbers as floats, blanks as nothing."""

    sheet = None

    def __init__(self, sheet: Sheet, first: tuple[int, int], last: tuple[int, int]) -> None:
        self.sheet, self.first, self.last = sheet, first, last

    @property
    def raw_value(self) -> list[list[Value]]:
        """The values of the block."""
        (top, left), (bottom, right) = self.first, self.last
        rows: list[list[Value]] = [[None] * (right - left + 1) for _ in range(top, bottom + 1)]
        for (row, column), value in self.sheet.stored.items():
            if top <= row <= bottom and left <= column <= right:
                rows[row - top][column - left] = float(value) if type(value) is int else value
        return rows

    @raw_value.setter
    def raw_value(self, rows: list[list[Any]]) -> None:
        for row, values in enumerate(rows, self.first[0]):
            for column, value in enumerate(values, self.first[1]):
                text = value[1:] if isinstance(value, str) and value.startswith("'") else value
                self.sheet.stored[row, column] = None if text == "" else text


def install(data: bytes) -> xlwings.Book:
    """Take the place of Excel with one workbook open."""
    engine = Engine(open_workbook(data))
    wrapped = xlwings.Engine(impl=engine)
    xlwings.engines.add(wrapped)
    wrapped.activate()
    book = xlwings.Book(impl=engine.apps.app.books[0])
    book.set_mock_caller()
    return book


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:  # noqa: PTH123 - nothing may be imported for its own sake
        install(file.read())
    import xlwings_addin

    xlwings_addin.validate()
