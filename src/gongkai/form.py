"""The workbook of one edition while it is written: what is filled in, its marks, and how its pages are guarded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gongkai import checks
from gongkai.bookwriter import BookWriter
from gongkai.cell import Value
from gongkai.checks import Formula
from gongkai.edition import Edition
from gongkai.layout import Box
from gongkai.report import Report, Unit

if TYPE_CHECKING:
    from xlsxwriter.format import Format


@dataclass(frozen=True, slots=True)
class Computed:
    """A cell of a summary, which is computed and not typed: its formula, its result, and where a click on it leads."""

    formula: str
    result: Value
    target: str | None = None


class Form:
    """The state that the writers of the sheets share.

    ``report`` fills it, or ``unit`` and ``year`` its cover; ``prior`` maps item index → last year's value; ``cells`` are those of a summary by item index.
    With ``file`` the workbook is written there, otherwise it is made in memory.
    """

    def __init__(
        self,
        edition: Edition,
        report: Report | None = None,
        prior: Mapping[int, Value] | None = None,
        cells: Mapping[int, Computed] | None = None,
        year: int | None = None,
        unit: Unit | None = None,
        file: Path | None = None,
    ) -> None:
        self.edition = edition
        last = [(prior or {}).get(item.index) for item in edition.items]
        self.filling, self.kept = checks.filling_of(edition, report, last, year, unit)
        self.cells = cells or {}
        self.totals = dict(checks.total_formulas(edition))
        self.marks: dict[str, list[tuple[Formula, Value]]] = {}
        self.writer = BookWriter(edition.schema["title"], file)

    def put_mark(self, formula: Formula, style: Format) -> None:
        """Write a mark and count it for the cover."""
        result = formula.result(self.filling)
        self.writer.put_formula(formula.sheet, formula.cell, formula.text, result, style)
        self.marks.setdefault(formula.sheet, []).append((formula, result))

    def finish(self, sheet: str, printed: Box | None, *, landscape: bool) -> None:
        """Set up the page of a sheet and guard it: against accidents, so without a password."""
        self.writer.paper(sheet, landscape=landscape, pages_tall=1 if printed else 0)
        page = self.writer.sheets[sheet]
        if printed:
            page.print_area(printed.reference)
        page.protect("", {"format_columns": True, "format_rows": True})
