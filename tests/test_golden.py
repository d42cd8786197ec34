"""Every rule, once, through every way a workbook is validated: the command line, the button on a file and in Excel."""

from __future__ import annotations

import io
import re
from functools import cache

import openpyxl
import pytest

import golden
import workbooks as w
import xlwings_addin
from excel_engine import Excel, Workbook, registered
from gongkai.cell import Link
from gongkai.guide import rule_book
from gongkai.marking import COLUMNS, LAST_ROW, RESULT_SHEET, block, summary
from gongkai.ooxml import open_workbook
from gongkai.reader import read
from gongkai.sheets import META_SHEET
from gongkai.stamp import changed_since
from gongkai.submission import assess, judge
from xlwings_addin import button
from xlwings_addin.file import FileBook

PASSED = "验证通过，可以报送。"
EVERY = pytest.mark.parametrize("case", golden.CASES, ids=lambda case: f"{case.edition}-{case.base}-{case.name}")
CALCULATED = pytest.mark.parametrize(
    "case", [case for case in golden.CASES if case.calculated], ids=lambda case: f"{case.edition}-{case.name}"
)


@cache
def _broken(edition, name):
    return next(case for case in golden.CASES if (case.edition, case.name) == (edition, name)).build()


def broken(case):
    """Return the broken workbook of a case; the tests share it."""
    return _broken(case.edition, case.name)


def written(findings):
    """Return the rows that must stand in 验证结果: links show the cells they lead to."""
    return [[v.shows if isinstance(v, Link) else v for v in row] for row in block(findings)]


def block_of(data):
    """Return the line and the rows of 验证结果 in a file."""
    cells = open_workbook(data).cells(RESULT_SHEET, LAST_ROW, len(COLUMNS))
    rows = [[cells.get((row, column)) for column in range(1, len(COLUMNS) + 1)] for row in range(4, LAST_ROW + 1)]
    return cells.get((2, 1)), [row for row in rows if any(value is not None for value in row)]


def block_in(book):
    """Return the line and the rows of 验证结果 in an open workbook; its numbers are floats."""
    rows = book.rows(RESULT_SHEET, f"A4:N{LAST_ROW}")
    return book.cell(RESULT_SHEET, "A2").value, [row for row in rows if any(value is not None for value in row)]


# --- the table is complete

NOT_ONE_WORKBOOK = {
    "S-MISSING", "S-DUPLICATE", "S-UNKNOWN", "S-YEAR", "S-EDITION", "S-CHANGED", "S-OVERLAP",
}  # fmt: skip
"""Rules about a folder of workbooks or about a roster: there is nothing to click in one workbook."""
EXTRA = {"R-SUM"}
"""Rules that only a summary can break; the rule book is that of the form."""


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_every_rule_of_the_rule_book_has_a_case(edition):
    known = {(entry.rule, severity) for entry in rule_book(golden.by_name(edition)) for severity in entry.severity}
    cases = [case for case in golden.CASES if case.edition == edition]
    shown = {(rule, severity) for case in cases for rule, severity, *_ in case.findings}
    assert {rule for rule, _ in known - shown} <= NOT_ONE_WORKBOOK
    assert {rule for rule, _ in shown - known} == EXTRA
    assert len({case.name for case in cases}) == len(cases)
    alone = {golden.rules_of(case).copy().pop() for case in cases if len(golden.rules_of(case)) == 1}
    assert alone == {rule for rule, _ in shown}  # each rule is broken by itself at least once


# --- the ways


@EVERY
def test_the_command_line_finds_exactly_this(tmp_path, case):
    submission = judge(w.put(tmp_path / "报表.xlsx", broken(case)))
    assert w.rules(submission.findings) == case.findings
    assert submission.status == ("failed" if "error" in {f.severity for f in submission.findings} else "warnings")
    mended = golden.typed(Workbook("", golden.base(case.edition, case.base)), {**case.cells, **case.fix})
    again = judge(w.put(tmp_path / "改正.xlsx", mended.data()))
    assert (again.status, again.findings) == ("passed", ())


ONE_PER_RULE = {tuple(sorted(golden.rules_of(case))): case for case in reversed(golden.CASES)}
ON_FILE = list(ONE_PER_RULE.values())


@pytest.mark.parametrize("case", ON_FILE, ids=lambda case: f"{case.edition}-{case.name}")
def test_the_button_on_a_file_finds_the_same_and_clears_it(tmp_path, case):
    source = broken(case)
    file = FileBook(w.put(tmp_path / "报表.xlsx", source))
    outcome = button.validate(file)
    file.save(tmp_path / "标注.xlsx")
    marked = (tmp_path / "标注.xlsx").read_bytes()
    findings = assess(read(source))
    assert outcome.findings == findings
    assert w.rules(findings) == case.findings
    assert block_of(marked) == (summary(findings), written(findings))
    assert file.told == [outcome.text]
    part = w.part_of(source, RESULT_SHEET)
    assert changed_parts(source, marked) == {part}
    assert "validated_digest" not in read(marked).meta

    mended = golden.typed(Workbook("", golden.base(case.edition, case.base)), {**case.cells, **case.fix}).data()
    mended = w.packed({**w.parts(mended), part: w.parts(marked)[part]})
    file = FileBook(w.put(tmp_path / "改正.xlsx", mended))
    assert button.validate(file).status == "passed"
    file.save(tmp_path / "改正.xlsx")
    data = (tmp_path / "改正.xlsx").read_bytes()
    assert block_of(data) == (PASSED, [])
    assert changed_parts(mended, data) == {part, w.part_of(mended, META_SHEET)}
    reading = read(data)
    assert reading.meta["validated_with"].endswith(" / openpyxl")
    assert not changed_since(reading.report, reading.meta)


def changed_parts(before, after):
    """Return the parts that differ."""
    one, other = w.parts(before), w.parts(after)
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


@pytest.fixture
def excel():
    program = Excel()
    with registered(program):
        yield program


@CALCULATED
def test_the_button_in_excel_finds_the_same_and_clears_it(excel, case):
    original = golden.base(case.edition, case.base)
    book = excel.open("报表.xlsx", original)
    golden.typed(book, case.cells)
    findings = assess(read(broken(case)))
    xlwings_addin.validate()
    line, rows = block_in(book)
    assert (line, rows) == (summary(findings), written(findings))
    assert [(row[9], row[2]) for row in rows] == [(rule, sheet) for rule, _, sheet, _ in case.findings]
    assert excel.alerts[-1][0].startswith(summary(findings))
    assert book.rows(META_SHEET, "B4:B6") == [[None], [None], [None]]

    golden.typed(book, case.fix)
    xlwings_addin.validate()
    assert block_in(book) == (PASSED, [])
    assert excel.alerts[-1] == (f"{PASSED}\n\n请保存本文件，然后按要求报送。", "政务公开年报验证", "info")
    data = book.data()
    reading = read(data)
    assert assess(reading) == ()
    assert reading.meta["validated_with"].endswith(" / Excel 16.0")
    assert "validated_digest" in reading.meta
    assert not changed_since(reading.report, reading.meta)
    assert looks(data) == looks(original)


@cache
def looks(data):
    """Return what of a file is no value: parts without cells as they are, of a sheet all around them, and each style.

    A cell of the block that got its style from its column is left out.
    """
    found = {}
    for name, part in w.parts(data).items():
        if name.startswith("xl/worksheets/sheet"):
            head, body, tail = re.match(rb"(.*<sheetData>)(.*)(</sheetData>.*)\Z", part, re.DOTALL).groups()
            found[name] = (head, tail, re.findall(rb'<row r="([123])"([^>]*)>', body))
            cells = re.findall(rb'<c r="([A-Z]+\d+)"(?: s="(\d+)")?', body)
            result = name == w.part_of(data, RESULT_SHEET)
            found[f"{name} styles"] = {
                cell: style for cell, style in cells if not (result and int(cell.lstrip(b"ABCDEFGHIJKLMN")) >= 4)
            }
        elif name not in ("xl/styles.xml", "xl/sharedStrings.xml") and not name.startswith("docProps"):
            found[name] = part
    return found


@pytest.mark.parametrize("case", [golden.CASES[0], golden.CASES[-1]], ids=["2019", "2021"])
def test_every_format_is_as_it_was_as_openpyxl_sees_it(excel, case):
    original = golden.base(case.edition, case.base)
    book = excel.open("报表.xlsx", original)
    golden.typed(book, case.cells)
    xlwings_addin.validate()
    golden.typed(book, case.fix)
    xlwings_addin.validate()
    assert anatomy(book.data()) == anatomy(original)


def anatomy(data):
    """Return sheet → styles, conditional formats, validations, protection, sizes, merged cells."""
    found = {}
    for sheet in openpyxl.load_workbook(io.BytesIO(data)):
        top = 4 if sheet.title == RESULT_SHEET else sheet.max_row + 1
        cells = [cell for row in sheet.iter_rows(max_row=top - 1) for cell in row]
        found[sheet.title] = {
            "styles": {c.coordinate: (c._style, c.number_format, c.protection.locked) for c in cells if c.has_style},
            "formats": {
                str(area.sqref): [(rule.type, rule.formula, rule.priority) for rule in area.rules]
                for area in sheet.conditional_formatting
            },
            "validations": [
                (str(rule.sqref), rule.type, rule.formula1, rule.error)
                for rule in sheet.data_validations.dataValidation
            ],
            "protection": dict(sheet.protection),
            "widths": {key: (column.width, column.hidden) for key, column in sheet.column_dimensions.items()},
            "heights": {key: (row.height, row.hidden) for key, row in sheet.row_dimensions.items() if key < top},
            "merged": sorted(str(area) for area in sheet.merged_cells.ranges),
            "state": sheet.sheet_state,
        }
    return found


WARNINGS = [case for case in golden.CASES if {severity for _, severity, *_ in case.findings} == {"warning"}]


@pytest.mark.parametrize("case", WARNINGS, ids=lambda case: f"{case.edition}-{case.name}")
def test_a_warning_is_settled_by_a_reason(excel, case):
    book = golden.typed(excel.open("报表.xlsx", golden.base(case.edition, case.base)), case.cells)
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, f"I{row}"): golden.REASON for row in range(4, 4 + len(case.findings))})
    xlwings_addin.validate()
    done = f"{PASSED}已说明 {len(case.findings)} 处。"
    line, rows = block_in(book)
    assert (line, [row[8] for row in rows]) == (done, [golden.REASON] * len(case.findings))
    assert excel.alerts[-1][0].startswith(done)
    reading = read(book.data())
    assert not changed_since(reading.report, reading.meta)
    assert "validated_digest" in reading.meta
    assert {finding.explanation for finding in assess(reading)} == {golden.REASON}


def test_across_editions_only_what_was_carried_over_is_compared():
    # 2021 is the first year of its form: 现行有效件数 and 对外公开总数量 are different things.
    case = next(case for case in golden.CASES if case.name == "跨版只核对结转")
    same_edition = golden.typed(Workbook("", golden.base("2021", "yearly")), {**case.cells, "封面!C4": 2022})
    assert {finding.rule for finding in assess(read(same_edition.data()))} == {"X-CARRY", "X-IN-FORCE", "X-FEE-UNIT"}
    assert {finding.rule for finding in assess(read(broken(case)))} == {"X-CARRY"}
