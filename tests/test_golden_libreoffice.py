"""The golden cases in LibreOffice: its backend reads and writes the workbook that is open there, we judge it here."""

from __future__ import annotations

import pytest

import golden
import workbooks as w
from gongkai.cell import DateText, Link
from gongkai.edition import by_name
from gongkai.layout import Box
from gongkai.marking import LAST_ROW, RESULT_SHEET, block, summary
from gongkai.ooxml import open_workbook
from gongkai.reader import read
from gongkai.sheets import DETAIL_SHEET, GUIDE_SHEET, MEMBER_SHEET, META_SHEET
from gongkai.stamp import changed_since
from gongkai.submission import assess
from libreoffice.extension import extended_office
from libreoffice.office import OfficeError
from xlwings_addin import button
from xlwings_addin.spreadsheet import Cover, RefusedError

PASSED = "验证通过，可以报送。"
SUMMARY_SHEETS = (DETAIL_SHEET, MEMBER_SHEET)
MOST = Box(1, 1, 40, 16)
BY_RULE = {
    edition: {
        tuple(line[:2] for line in case.findings): case for case in reversed(golden.CASES) if case.edition == edition
    }
    for edition in w.EDITIONS
}
CASES = {**BY_RULE["2019"], **{rules: case for n, (rules, case) in enumerate(BY_RULE["2021"].items()) if n % 2}}
CASES |= {rules: case for rules, case in BY_RULE["2021"].items() if rules not in CASES}
CASES |= {c.name: c for c in golden.CASES if c.name.endswith(("（bool）", "（DateText）", "（CellError）"))}
CASES = {key: case for key, case in CASES.items() if case.calculated}
"""One case for each rule, half of them of either edition, and whatever LibreOffice keeps otherwise than Excel."""


STORED = list(CASES.values())[::4]
"""Cases that are saved at the end, which takes a third of their time."""


@pytest.fixture(scope="module")
def program():
    """One LibreOffice for all cases."""
    with extended_office() as office:
        yield office


class NearBook:
    """A workbook open in LibreOffice, reached through the backend that runs beside it."""

    def __init__(self, window):
        self.window, self.told = window, []

    def cover(self):
        found = self.window.cover()
        return Cover(**{**found, "sheets": tuple(found["sheets"])})

    def read(self, sheet, box):
        if sheet in SUMMARY_SHEETS or sheet == RESULT_SHEET:
            return self.window.read_box(sheet, box)
        # Every cell crosses two pipes; beyond these there is none in our forms.
        near = Box(box.top, box.left, min(box.bottom, MOST.bottom), min(box.right, MOST.right))
        rows = [row + [None] * (box.right - near.right) for row in self.window.read_box(sheet, near)]
        return rows + [[None] * (box.right - box.left + 1)] * (box.bottom - near.bottom)

    def write(self, sheet, box, rows):
        plain = [[[v.sheet, v.cell, v.shows] if isinstance(v, Link) else v for v in row] for row in rows]
        try:
            self.window.write_box(sheet, box, plain)
        except OfficeError as error:
            raise RefusedError(str(error)) from error

    def tell(self, text, *, alarming):
        self.told.append((text, alarming))


def block_in(window):
    """Return the line and the rows of 验证结果."""
    cells = window.read(RESULT_SHEET, f"A2:N{LAST_ROW}")
    return cells[0][0], [row for row in cells[2:] if any(value not in (None, "") for value in row)]


def written(findings):
    return [[v.shows if isinstance(v, Link) else v for v in row] for row in block(findings)]


def test_every_rule_that_a_calculated_workbook_can_break_has_a_case():
    every = {rule for case in golden.CASES for rule in golden.rules_of(case)}
    assert {rule for case in CASES.values() for rule in golden.rules_of(case)} == every - {"F-UNCALCULATED"}


def test_no_form_is_larger_than_what_is_read():
    for edition in w.EDITIONS:
        book = open_workbook(golden.base(edition, "yearly"))
        for sheet in book.sheets:
            places = book.cells(sheet, 500, 64)
            if sheet not in (RESULT_SHEET, GUIDE_SHEET):
                assert max(row for row, _ in places) <= MOST.bottom, sheet
                assert max(column for _, column in places) <= MOST.right, sheet


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: f"{case.edition}-{case.name}")
def test_libreoffice_finds_the_same_and_clears_it(program, tmp_path, case):
    source = w.put(tmp_path / "报表.xlsx", case.build())
    with program.show(source) as window:
        book = NearBook(window)
        outcome = button.validate(book)
        assert w.rules(outcome.findings) == case.findings
        assert outcome.findings == assess(read(case.build()))
        assert block_in(window) == (summary(outcome.findings), written(outcome.findings))
        assert book.told == [(outcome.text, True)]

        for place, value in case.cells.items():
            if isinstance(value, DateText):
                window.format_cells(*place.split("!"), "General")
        window.type_values({tuple(place.split("!")): value for place, value in case.fix.items()})
        outcome = button.validate(book)
        assert (outcome.status, outcome.findings) == ("passed", ())
        assert block_in(window) == (PASSED, [])
        assert all(window.protected(sheet) for sheet in (*by_name(case.edition).sheets, RESULT_SHEET, META_SHEET))
        if case not in STORED:
            return
        window.store()
    reading = read(source)
    assert assess(reading) == ()
    assert " / LibreOffice" in reading.meta["validated_with"]
    assert "validated_digest" in reading.meta
    assert not changed_since(reading.report, reading.meta)
