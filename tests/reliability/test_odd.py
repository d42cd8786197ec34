"""Odd but honest workbooks: read right with a finding that says what was mapped, or refused and told why."""

from __future__ import annotations

import pytest

import workbooks as w
from gongkai.cell import Unread, address, column_letters
from gongkai.edition import by_name
from gongkai.reader import read
from gongkai.report import Unit
from gongkai.validation import status, validate
from odd import cases, check, delete_column, drawn, insert_column, same
from odd_habits import FORMULAS, HABITS
from odd_labels import LABELS
from odd_layout import LAYOUT
from odd_sheets import SHEETS
from workbooks import APPLICATIONS, DISPUTES, TABLES

DRAWN = {**LABELS, **LAYOUT, **SHEETS}


@pytest.mark.parametrize(("edition", "name", "furnished"), cases(DRAWN))
def test_a_workbook_drawn_by_hand(edition, name, furnished):
    report, oddity = w.distinct(edition), DRAWN[name]
    check(read(drawn(report, oddity.alter, furnished=furnished)), report, oddity)


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("name", HABITS)
def test_the_official_workbook_after_somebody_worked_on_it(edition, name):
    unit = Unit(name="某某区司法局", code="A1", level="county", kind="department")
    report = w.clean(edition, 2, unit) if name in FORMULAS else w.distinct(edition, unit)
    reading = read(HABITS[name].alter(w.filled(report)))
    check(reading, report, HABITS[name])
    assert (reading.report.unit, reading.report.year) == (unit, report.year)


# --- what follows from it


def test_a_finding_stands_where_the_number_was_read():
    report = w.changed(w.clean("2021"), {"applications.received.natural_person": "3件"})
    grid = w.drawn(report, cover=True)
    w.in_turn(w.move(APPLICATIONS, 2, 1), w.rename_sheet(APPLICATIONS, "表三"))(grid)
    reading = read(w.saved(grid))
    findings = validate(reading.report, by_name("2021"), None, reading.context)
    assert w.rules(findings) == [("F-LAYOUT", "warning", APPLICATIONS, "A1"), ("F-TYPE", "error", "表三", "E8")]
    assert findings[1].expected == 3


@pytest.mark.parametrize("zero", [True, False], ids=["零报告", "--blank-as-zero"])
@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("name", ["row deleted", "sheet missing", "filled in the copy", "last year renamed, this year too",
                                  "blank row above the line of 表四", "heading blank"])  # fmt: skip
def test_a_lost_table_never_counts_as_zero(edition, name, zero):
    report = w.clean(edition, 3, Unit(name="某局", zero_report="是" if zero else None))
    reading = read(drawn(report, DRAWN[name].alter, furnished=True))
    findings = validate(reading.report, by_name(edition), None, reading.context, blank_as_zero=not zero)
    assert w.rules(findings) == [("F-LAYOUT", "error", *DRAWN[name].refused, "A1")]
    assert status(findings) == "failed"
    counted = reading.report.blanks_as_zero(by_name(edition)).values
    lost = {item.index for item in by_name(edition).items if item.table in DRAWN[name].lost}
    assert {index for index, value in enumerate(counted) if type(value) is Unread} == lost


def test_lost_tables_bring_no_cascade():
    report, oddity = w.clean("2021"), DRAWN["three sheets in other words"]
    reading = read(drawn(report, oddity.alter, furnished=True))
    findings = validate(reading.report, by_name("2021"), None, reading.context)
    assert w.rules(findings) == [("F-LAYOUT", "error", sheet, "A1") for sheet in (TABLES, APPLICATIONS, DISPUTES)]


def test_no_more_than_four_differences_are_named():
    grid = w.drawn(w.distinct("2021"))
    for old in ("规章", "行政规范性文件", "行政许可", "行政处罚", "行政强制"):
        w.rename(old, old + "（注）")(grid)
    message = w.only(read(w.saved(grid)).context.findings).message
    assert message.count("按“") == 4
    assert "等 5 处" in message


# --- any row, any column

SIZES = {TABLES: (17, 5), APPLICATIONS: (31, 11), DISPUTES: (7, 16)}
SWEEP = [
    (sheet, kind, number)
    for sheet, sizes in SIZES.items()
    for kind, size in zip(("row", "column"), sizes, strict=True)
    for number in range(1, size + 1)
]


def never_wrong(reading, report):
    """Return the unread tables of a reading in which every other value is right."""
    unread = set()
    for item, filed, got in zip(by_name("2021").items, report.values, reading.report.values, strict=True):
        if type(got) is Unread:
            unread.add(item.table)
        else:
            assert same(got, filed), (item.key, filed, got)
    refused = {finding.sheet for finding in reading.context.findings if finding.severity == "error"}
    assert {item.sheet for item in by_name("2021").items if item.table in unread} == refused
    return unread


@pytest.mark.parametrize(("sheet", "kind", "number"), SWEEP)
def test_a_row_or_column_inserted_anywhere_is_named_or_refused(sheet, kind, number):
    """With a label and a number beside every label and number there is: none of these is read, none is silent."""
    report = w.distinct("2021")
    grid = w.drawn(report)
    inside = [block.data for block in by_name("2021").blocks if block.sheet == sheet]
    if kind == "row":
        cells = {column: 9000 + column for _, column in grid[sheet] if any(b.left <= column <= b.right for b in inside)}
        w.insert_row(sheet, number, {**cells, **({} if sheet == DISPUTES else {1: "新增的行"})})(grid)
        named = [f"多出的第 {number} 行“新增的行”没有读取"]
        within = any(b.top <= number <= b.bottom + 1 for b in inside)
    else:
        cells = {row: 9000 + row for row, _ in grid[sheet] if any(b.top <= row <= b.bottom for b in inside)}
        insert_column(sheet, number, {**cells, min(b.top for b in inside) - 1: "新增的列"})(grid)
        named = [f"多出的 {column_letters(number)} 列"]
        within = True
    reading = read(w.saved(grid))
    message = "".join(finding.message for finding in reading.context.findings)
    assert never_wrong(reading, report) or not within or any(text in message for text in named), message


@pytest.mark.parametrize(("sheet", "kind", "number"), [case for case in SWEEP if case != (DISPUTES, "row", 6)])
def test_a_row_or_column_deleted_anywhere_is_never_read_as_another(sheet, kind, number):
    """All but the one line of numbers of 表四: without it the table is there, and blank."""
    report = w.distinct("2021")
    grid = w.drawn(report)
    filed = {value for (row, column), value in grid[sheet].items() if number == (row if kind == "row" else column)}
    (w.delete_row if kind == "row" else delete_column)(sheet, number)(grid)
    gone = any(not isinstance(value, str) for value in filed)
    assert bool(never_wrong(read(w.saved(grid)), report)) >= gone


@pytest.mark.parametrize("row", range(6, 31))
def test_cells_pushed_to_the_right_are_refused(row):
    report = w.distinct("2021")
    for column in (4, 7, 10):
        grid = w.drawn(report)
        w.move(APPLICATIONS, 0, 1, lambda place, at=column: place[0] == row and place[1] >= at)(grid)
        reading = read(w.saved(grid))
        assert never_wrong(reading, report) == {"applications"}
        assert f"而表外的 {address(row, 11)} 有数字" in reading.context.findings[0].message
