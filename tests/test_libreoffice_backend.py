"""The button's view of a workbook in LibreOffice: it reads what the saved file holds, and writes all or nothing."""

from __future__ import annotations

import random
from functools import cache

import pytest

import workbooks as w
from gongkai.cell import address
from gongkai.layout import Box
from gongkai.marking import RESULT_SHEET
from gongkai.ooxml import open_workbook
from libreoffice.extension import extended_office
from libreoffice.office import OfficeError

pytestmark = pytest.mark.office

SHEET = w.TABLES
FORMATS = (
    "0.00", "0%", "0.00E+00", "# ?/?", "@", "#,##0.00", '0"年"', "[RED]0;[BLUE]-0", "BOOLEAN", "YYYY-MM-DD", "HH:MM:SS",
    "[HH]:MM", "MM:SS.00", 'YYYY"年"M"月"D"日"', "YYYY-MM-DD HH:MM", "M/D/YY",
)  # fmt: skip
NUMBERS = (
    0,
    1,
    -1,
    2,
    0.5,
    -2.25,
    0.1,
    59,
    60,
    61,
    2958465,
    2958466,
    45322,
    45322.75,
    45322.999999999,
    123456789012345,
)
TEXTS = (
    "=1+1", "'5", "''", "+3", "-5", "12", "１２", "1/2", "2024-01-31", "TRUE", "#DIV/0!", " 前", "后 ", "一\n二", "\t", "%",
    "@x", '"引"', "&<>", "_x0041_", "_x005F_", "e\u0301", "\u3000", "\ufeff", "\U0001f600", "0", "1,000", "x" * 500,
)  # fmt: skip
FORMULAS = (
    '=""', '="x"', '="5"', "=1/0", "=NA()", "=SQRT(-1)", '=VALUE("x")', "=#REF!", "=NIX()", "=EXP(1000)", "=1+", "=Z1:Z2*1",
    "=TRUE()", "=1>2", "=DATE(2024;1;31)", "=DATE(2024;1;31)+0.25", "=TIME(12;0;0)", "=0.1+0.2", "=1/3", "=-1/3", "=5%",
    "=2^53", "=1E300*10", "=A1", "=A900", "=B1&B2", '=HYPERLINK("#A1";"跳")', "=SUM(D1:D3)", "=ISERROR(D4)", "=-0", "=D15",
)  # fmt: skip


@pytest.fixture(scope="module")
def office():
    with extended_office() as running:
        yield running


def numbers(count=160):
    """Return numbers of every size, with as many digits as a sheet keeps, or fewer."""
    rng = random.Random(7)  # noqa: S311 - numbers for a test
    drawn = (rng.uniform(-1, 1) * 10 ** rng.randint(-12, 18) for _ in range(count))
    found = [float(f"{number:.{rng.randint(1, 15)}g}") for number in drawn]
    return found + [float(rng.randint(-(10**15), 10**15)) for _ in range(count // 4)]


@pytest.fixture(scope="module")
def odd(office, tmp_path_factory):
    """Return null date → what the backend reads of a workbook with every odd content we know of, and what its file holds."""

    @cache
    def odd(null_date):
        folder = tmp_path_factory.mktemp("奇")
        with office.show(w.put(folder / "空白.xlsx", w.saved({SHEET: {(1, 1): "x"}}))) as window:
            if null_date:
                window.set_null_date(*null_date)
            values = {
                (SHEET, address(row, column)): number
                for column in range(11, 11 + len(FORMATS))
                for row, number in enumerate(NUMBERS, 1)
            }
            values |= {(SHEET, f"A{row}"): number for row, number in enumerate(numbers(), 1)}
            values |= {(SHEET, f"B{row}"): text for row, text in enumerate(TEXTS, 1)}
            window.type_values(values, formulas={(SHEET, f"D{n}"): text for n, text in enumerate(FORMULAS, 1)})
            for column, code in enumerate(FORMATS, 11):
                window.format_cells(SHEET, f"{address(1, column)}:{address(300, column)}", code)
            window.cover()  # calculates, as the button does before it reads
            read = window.read_box(SHEET, Box(1, 1, 700, 30))
            file = window.save(folder / "奇.xlsx")
        return read, open_workbook(file).cells(SHEET, 700, 30)

    return odd


def differences(rows, cells, top=1, left=1):
    """Return address → (what was read, what the file holds), kinds included, where they are not the same."""
    found = {}
    for row, values in enumerate(rows, top):
        for column, value in enumerate(values, left):
            there = cells.get((row, column))
            if (type(value), value) != (type(there), there):
                found[address(row, column)] = (value, there)
    return found


@pytest.mark.parametrize("null_date", [None, (1904, 1, 1)])
def test_odd_contents_are_read_as_the_saved_file_is(odd, null_date):
    read, cells = odd(null_date)
    assert differences(read, cells) == {}
    kinds = {type(value).__name__ for row in read for value in row}
    assert kinds == {"NoneType", "bool", "int", "float", "str", "CellError", "DateText"}


def test_results_of_formulas_keep_the_digits_that_are_saved(office, tmp_path):
    formulas = {(SHEET, f"E{row}"): f"={row}/7+1/{row}" for row in range(1, 200)}
    with office.show(w.put(tmp_path / "空白.xlsx", w.saved({SHEET: {(1, 1): "x"}}))) as window:
        window.type_values(formulas=formulas)
        read = [row[0] for row in window.read_box(SHEET, Box(1, 5, 199, 5))]
        cells = open_workbook(window.save(tmp_path / "存.xlsx")).cells(SHEET)
    saved = [cells[row, 5] for row in range(1, 200)]
    assert read == pytest.approx(saved, rel=1e-14)  # LibreOffice may round the last of 15 digits the other way
    assert sum(one != other for one, other in zip(read, saved, strict=True)) < 10


def test_every_error_is_known(odd):
    read, _ = odd(None)
    errors = {text: row[3] for text, row in zip(FORMULAS, read, strict=False) if type(row[3]).__name__ == "CellError"}
    assert errors == {
        "=1/0": "#DIV/0!", "=NA()": "#N/A", "=SQRT(-1)": "#VALUE!", '=VALUE("x")': "#VALUE!", "=#REF!": "#REF!",
        "=NIX()": "#NAME?", "=EXP(1000)": "#NUM!", "=1+": "#N/A", "=Z1:Z2*1": "#VALUE!",
    }  # fmt: skip


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_every_sheet_of_ours_is_read_as_the_saved_file_is(office, tmp_path, edition):
    broken = w.changed(w.clean(edition), {"applications.received.natural_person": "12 件"})
    with office.show(w.put(tmp_path / "报表.xlsx", broken)) as window:
        cover = window.cover()
        read = {sheet: window.read_box(sheet, Box(1, 1, 410, 20)) for sheet in cover["sheets"]}
        book = open_workbook(window.save(tmp_path / "存.xlsx"))
    assert list(read) == list(book.sheets)
    found = {sheet: differences(rows, book.cells(sheet, 410, 20)) for sheet, rows in read.items()}
    assert {sheet: cells for sheet, cells in found.items() if cells} == {}


def test_the_cover_says_what_the_workbook_is(office, tmp_path):
    file = w.put(tmp_path / "某局 2023 年%.xlsx", w.clean())
    with office.show(file) as window:
        cover = window.cover()
        assert (cover["name"], cover["read_only"], cover["unsaved"]) == ("某局 2023 年%.xlsx", False, False)
        assert cover["sheets"] == list(open_workbook(file).sheets)
        assert not window.modified()
        window.type_values({(SHEET, "A1"): "改"})
        assert window.cover()["unsaved"] is True
    with office.show(file, read_only=True) as window:
        assert window.cover()["read_only"] is True


def test_a_block_outside_the_used_cells_is_blank(office, tmp_path):
    with office.show(w.put(tmp_path / "报表.xlsx", w.clean())) as window:
        assert window.read_box("_meta", Box(500, 30, 501, 31)) == [[None, None], [None, None]]


# --- writing


def test_what_is_written_is_what_is_read_and_is_undone_in_one_step(office, tmp_path):
    texts = [text for text in TEXTS if "\t" not in text]
    with office.show(w.put(tmp_path / "报表.xlsx", w.clean())) as window:
        before = window.read_box(RESULT_SHEET, Box(2, 1, 60, 14))
        block = [[text, None, 5, 0.5, True] for text in texts]
        window.write_box(RESULT_SHEET, Box(5, 1, 4 + len(texts), 5), block)
        read = window.read_box(RESULT_SHEET, Box(5, 1, 4 + len(texts), 5))
        assert read == [[text, None, 5, 0.5, 1] for text in texts]
        assert window.undo_titles() == ["验证"]
        window.undo()
        assert window.read_box(RESULT_SHEET, Box(2, 1, 60, 14)) == before
        window.redo()
        assert window.read_box(RESULT_SHEET, Box(5, 1, 4 + len(texts), 5)) == read


def test_links_are_formulas_that_show_their_text(office, tmp_path):
    rows = [["甲", [SHEET, "C9", "C9:D9"], 1], ["乙", None, 2], ["丙", ["某'表", "B4", "B4"], 3]]
    with office.show(w.put(tmp_path / "报表.xlsx", w.clean())) as window:
        window.write_box(RESULT_SHEET, Box(4, 3, 6, 5), rows)
        assert window.read_box(RESULT_SHEET, Box(4, 3, 6, 5)) == [["甲", "C9:D9", 1], ["乙", None, 2], ["丙", "B4", 3]]
        assert [row[1] for row in window.formulas(RESULT_SHEET, "C4:E6")] == [
            f'=HYPERLINK("#\'{SHEET}\'!C9";"C9:D9")', None, "=HYPERLINK(\"#'某''表'!B4\";\"B4\")",
        ]  # fmt: skip


def test_a_locked_cell_refuses_the_whole_block(office, tmp_path):
    with office.show(w.put(tmp_path / "报表.xlsx", w.clean())) as window:
        window.protect(RESULT_SHEET, "H9")
        before = window.read_box(RESULT_SHEET, Box(2, 1, 403, 14))
        with pytest.raises(OfficeError, match="RefusedError"):
            window.write_box(RESULT_SHEET, Box(4, 1, 20, 14), [[1, [SHEET, "C9", "C9"], *["x"] * 12]] * 17)
        assert window.read_box(RESULT_SHEET, Box(2, 1, 403, 14)) == before
        assert window.undo_titles() == []
        assert not window.modified()
