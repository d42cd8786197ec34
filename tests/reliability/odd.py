"""Odd but honest workbooks: how each differs from the official form, and the one right way to take it.

The tables stand in ``odd_labels``, ``odd_layout``, ``odd_sheets`` (drawn by hand, as clerks do), ``odd_habits`` (the
official workbook after somebody worked on it) and ``odd_values`` (one cell).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

import workbooks as w
from gongkai.cell import Unread, Value
from gongkai.edition import COVER_SHEET, by_name
from gongkai.reader import Reading
from gongkai.report import Report
from gongkai.sheets import META_SHEET
from workbooks import APPLICATIONS, DISPUTES, TABLES, Grid, Page, Place, Spoil

BOTH, OLD, NEW = w.EDITIONS, ("2019",), ("2021",)
DOCUMENTS, REQUESTS, LAWSUITS = ("documents",), ("applications",), ("disputes",)
MAPPED = "“{sheet}”的版式与官方模板不同，已按标题对应读取："
LOST = "“{sheet}”的版式与官方模板不同，无法确定数字的位置："


@dataclass(frozen=True, slots=True)
class Oddity:
    """How a workbook is altered, and what must come of it; by default it is read exactly right and without a word."""

    alter: Callable[[Any], object]
    """Spoils a grid, or returns other bytes of a workbook."""
    mapped: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """Sheet → what its one warning says; every value is right."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Sheet → why, in its one error; the tables ``lost`` are unread and all others right."""
    lost: Sequence[str] = ()
    editions: Sequence[str] = BOTH
    bare: bool = True
    """Whether it is so even where no ``_meta`` tells the edition."""


def cases(table: Mapping[str, Oddity]) -> list[Any]:
    """Return (edition, name, whether furnished with a cover and ``_meta``) of each case.

    Of an oddity in both editions every day one is furnished and the other is not; the long run tries the rest.
    """
    found = []
    for name, oddity in table.items():
        for edition in oddity.editions:
            for furnished in (False, True) if oddity.bare else (True,):
                other = len(oddity.editions) > 1 and oddity.bare and furnished == (edition == NEW[0])
                case = f"{edition}-{name}-{'furnished' if furnished else 'bare'}"
                found.append(pytest.param(edition, name, furnished, id=case, marks=[pytest.mark.long] * other))
    return found


def drawn(report: Report, spoil: Spoil, *, furnished: bool) -> bytes:
    """Return the tables of a report drawn by hand and spoiled; ``furnished`` with a cover and our ``_meta``."""
    grid = w.drawn(report)
    spoil(grid)
    if furnished:
        cover = w.drawn(report, cover=True)[COVER_SHEET]
        grid = {COVER_SHEET: cover, **grid, META_SHEET: {(1, 1): "edition", (1, 2): report.edition}}
    return w.saved(grid)


def check(reading: Reading, report: Report, oddity: Oddity) -> None:
    """Assert that a workbook was taken as it must be: each value right, or unread and named."""
    assert reading.report.edition == report.edition, reading.report.edition
    wrong = {
        item.key: (filed, got)
        for item, filed, got in zip(by_name(report.edition).items, report.values, reading.report.values, strict=True)
        if not (type(got) is Unread if item.table in oddity.lost else same(got, filed))
    }
    assert not wrong, wrong
    said = {sheet: ("warning", MAPPED, texts) for sheet, texts in oddity.mapped.items()}
    said |= {sheet: ("error", LOST, text) for sheet, text in oddity.refused.items()}
    found = reading.context.findings
    sheets = [sheet for sheet in (TABLES, APPLICATIONS, DISPUTES) if sheet in said]
    assert w.rules(found) == [("F-LAYOUT", said[sheet][0], sheet, "A1") for sheet in sheets], found
    for finding in found:
        _, beginning, texts = said[finding.sheet]
        assert finding.message.startswith(beginning.format(sheet=finding.sheet)), finding.message
        for text in (texts,) if isinstance(texts, str) else texts:
            assert text in finding.message, finding.message


def same(one: object, other: object) -> bool:
    """Tell whether two values are the same and of the same type: True is not 1, an error value is not a text."""
    return type(one) is type(other) and one == other


def other_numbers(page: Page) -> Page:
    """Return a page as it may have looked last year."""
    return {place: value + 5 if type(value) is int else value for place, value in page.items()}


def put(sheet: str, cells: Mapping[Place, Value]) -> Spoil:
    """Put values into cells."""
    return lambda grid: grid[sheet].update(cells)


def clear(sheet: str, *places: Place) -> Spoil:
    """Clear cells that hold something."""

    def spoil(grid: Grid) -> None:
        for place in places:
            del grid[sheet][place]

    return spoil


def insert_column(sheet: str, at: int, cells: Mapping[int, Value] | None = None) -> Spoil:
    """Insert a column with these cells (row → value)."""
    shift = w.move(sheet, 0, 1, lambda place: place[1] >= at)
    return w.in_turn(shift, put(sheet, {(row, at): value for row, value in (cells or {}).items()}))


def delete_column(sheet: str, at: int) -> Spoil:
    """Delete a column; those right of it move left."""

    def spoil(grid: Grid) -> None:
        grid[sheet] = {place: value for place, value in grid[sheet].items() if place[1] != at}
        w.move(sheet, 0, -1, lambda place: place[1] > at)(grid)

    return spoil


def duplicate_column(sheet: str, at: int) -> Spoil:
    """Repeat a column right beside itself, with other numbers."""

    def spoil(grid: Grid) -> None:
        column = other_numbers({place: value for place, value in grid[sheet].items() if place[1] == at})
        insert_column(sheet, at + 1, {row: value for (row, _), value in column.items()})(grid)

    return spoil
