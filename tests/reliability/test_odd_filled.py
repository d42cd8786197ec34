"""How clerks fill in the form: every cell read as it stands, and one finding for one habit."""

from __future__ import annotations

import pytest

import workbooks as w
from gongkai.edition import COVER_SHEET, by_name
from gongkai.reader import ReadError, read
from gongkai.report import Unit
from gongkai.sheets import META_SHEET
from gongkai.validation import status, validate
from odd import check, drawn, other_numbers, put
from odd_habits import both, edit, xml
from odd_layout import LAYOUT
from odd_sheets import SHEETS
from workbooks import APPLICATIONS, DISPUTES, TABLES, cells_of

FRONT = {
    "2019": ["B5:D6", "B9:D10", "B13:D14", "B17:C17", "B20:C20"],
    "2021": ["B5:D6", "B9", "B12:B13", "B16"],
}  # fmt: skip
LAST = {"2019": 28, "2021": 30}
ZERO_REPORT = Unit(name="某局", zero_report="是")


def requests(report, keep=()):
    """Return the item keys of 表三 but for some columns."""
    return [k for k in cells_of(report) if k.startswith("applications.") and not k.endswith(tuple(keep) or "\0")]


def only(*columns):
    """Leave all but some columns of 表三 blank."""
    return lambda report: w.changed(report, dict.fromkeys(requests(report, [f".{name}" for name in columns])))


def people_only(report):
    """Only natural persons ask, so only their column and 总计 are filled."""
    totals = {k.replace("natural_person", "total"): v for k, v in cells_of(report).items() if "natural_person" in k}
    return w.changed(only("natural_person", "total")(report), totals)


def blank(report):
    """Nothing filled."""
    return w.changed(report, dict.fromkeys(cells_of(report)))


def with_unit(unit, how):
    """The same, with something on the cover."""
    return lambda report: how(w.Report(report.edition, report.year, unit, report.values))


def blanks(sheet, *areas):
    """Return the findings for blank areas."""
    return [("F-BLANK", sheet, area) for area in areas]


FILLED = {
    "everything": (lambda report: report, lambda _: []),
    "only 总计": (only("total"), lambda e: blanks(APPLICATIONS, f"D6:I{LAST[e]}")),
    "only 自然人": (only("natural_person"), lambda e: blanks(APPLICATIONS, f"E6:J{LAST[e]}")),
    "only 自然人 and 总计": (people_only, lambda e: blanks(APPLICATIONS, f"E6:I{LAST[e]}")),
    "only 表三": (
        lambda report: w.changed(report, dict.fromkeys(set(cells_of(report)) - set(requests(report)))),
        lambda e: blanks(TABLES, *FRONT[e]) + blanks(DISPUTES, "A6:O6"),
    ),
    "nothing": (
        blank, lambda e: blanks(TABLES, *FRONT[e]) + blanks(APPLICATIONS, f"D6:J{LAST[e]}") + blanks(DISPUTES, "A6:O6")
    ),
    "nothing, not even the cover": (
        with_unit(Unit(), blank),
        lambda e: [("F-COVER", COVER_SHEET, "C5"), *blanks(TABLES, *FRONT[e]),
                   *blanks(APPLICATIONS, f"D6:J{LAST[e]}"), *blanks(DISPUTES, "A6:O6")],
    ),
    "everything zero": (lambda report: w.of(report.edition, {}, report.unit), lambda _: []),
    "零报告": (with_unit(ZERO_REPORT, blank), lambda _: []),
    "零报告 and dashes": (
        with_unit(ZERO_REPORT, lambda report: w.changed(report, dict.fromkeys(cells_of(report), "—"))), lambda _: []
    ),
    "零报告 and one number": (
        with_unit(ZERO_REPORT, lambda report: w.changed(blank(report), {"applications.received.total": 3})),
        lambda _: [("T3-ROW", APPLICATIONS, "J6"), ("T3-BAL", APPLICATIONS, None)],
    ),
    "every number of 表三 stored as text": (
        lambda report: w.changed(report, {key: str(cells_of(report)[key]) for key in requests(report)}),
        lambda e: [("F-TYPE", APPLICATIONS, f"D6:J{LAST[e]}")],
    ),
    "year of the other form": (
        lambda report: w.Report(report.edition, {"2019": 2023, "2021": 2020}[report.edition], report.unit, report.values),
        lambda _: [("F-EDITION", COVER_SHEET, "C4")],
    ),
    "year as a text": (
        lambda report: w.Report(report.edition, f"{report.year}年", report.unit, report.values),
        lambda _: [("F-COVER", COVER_SHEET, "C4")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("edition", [pytest.param("2019", marks=pytest.mark.long), "2021"])
@pytest.mark.parametrize("name", FILLED)
def test_a_way_to_fill_in(edition, name):
    how, expected = FILLED[name]
    report = how(w.clean(edition, 2))
    reading = read(w.filled(report))
    assert reading.report == report
    found = validate(reading.report, by_name(edition), None, reading.context)
    got = [(f.rule, f.sheet, f"{f.span[0]}:{f.span[-1]}" if f.span else f.cell) for f in found]
    wanted = expected(edition)
    assert [(rule, sheet) for rule, sheet, _ in got] == [(rule, sheet) for rule, sheet, _ in wanted]
    assert all(cell in (None, place) for (_, _, cell), (_, _, place) in zip(wanted, got, strict=True)), got


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_template_nobody_filled(edition):
    reading = read(w.blank(edition))
    assert set(reading.report.values) == {None}
    assert (reading.report.unit, reading.report.year) == (Unit(), None)
    found = validate(reading.report, by_name(edition), None, reading.context)
    assert [finding.rule for finding in found] == ["F-COVER"] * 2 + ["F-BLANK"] * (len(FRONT[edition]) + 2)


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_wrong_total_pasted_over_its_formula(edition):
    pasted = xml(APPLICATIONS, r'(<c r="J6" s="\d+")><f>[^<]*</f><v>(\d+)</v>', r"\1><v>9999</v>")
    report = w.clean(edition, 2)
    reading = read(pasted(w.filled(report)))
    assert cells_of(reading.report) == cells_of(report) | {"applications.received.total": 9999}
    found = validate(reading.report, by_name(edition), None, reading.context)
    assert [(f.rule, f.cell, f.value, f.expected) for f in found if f.rule == "T3-ROW"] == [
        ("T3-ROW", "J6", 9999, cells_of(report)["applications.received.total"])
    ]
    assert status(found) == "failed"


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_totals_without_results(edition):
    emptied = xml(APPLICATIONS, r'(<c r="J\d+" s="\d+"><f>[^<]*</f>)<v>[^<]*</v>', r"\1")
    reading = read(emptied(w.filled(w.clean(edition, 2))))
    finding = w.only(validate(reading.report, by_name(edition), None, reading.context))
    assert (finding.rule, finding.sheet, finding.span[0], finding.span[-1]) == (
        "F-UNCALCULATED", APPLICATIONS, "J6", f"J{LAST[edition]}"
    )  # fmt: skip


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_number_cells_merged_into_one(edition):
    """The first cell keeps its number; the others are blank, and are asked for."""

    def merge(book):
        book[APPLICATIONS].merge_cells("D12:F12")

    report = w.distinct(edition)
    reading = read(edit(merge)(w.filled(report)))
    keys = [f"applications.refused_public_security.{name}" for name in w.PEOPLE[:3]]
    assert cells_of(reading.report) == cells_of(report) | {keys[1]: None, keys[2]: None}
    found = validate(reading.report, by_name(edition), None, reading.context)
    assert [(f.cell, f.span) for f in found if f.rule == "F-BLANK"] == [("E12", ("E12", "F12"))]


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_numbers_of_hidden_rows_and_columns_count_as_those_one_sees(edition):
    """As the totals of the sheet count them. One that is none of the form's is named, hidden or not."""
    hide = both(
        xml(APPLICATIONS, '<row r="12" ', '<row r="12" hidden="1" '),
        xml(APPLICATIONS, '<col min="11" max="11" ', '<col min="11" max="11" hidden="1" '),
    )
    extra = xml(APPLICATIONS, r'<c r="K12"([^>]*)>.*?</c>', r'<c r="K12"><v>3</v></c>')
    report = w.clean(edition, 2)
    for data, findings in ((hide(w.filled(report)), 0), (hide(extra(w.filled(report))), 1)):
        reading = read(data)
        assert reading.report == report
        assert len(reading.context.findings) == findings
    assert "：多出的 K 列“核对”没有读取。" in reading.context.findings[0].message


def last_year_hidden(book):
    """The sheet that bears the name of the form is hidden, its copy is what one sees."""
    book[APPLICATIONS].sheet_state = "hidden"


HIDDEN = {
    "extra row between two rows": lambda book: setattr(book[TABLES].row_dimensions[6], "hidden", True),
    "extra column": lambda book: setattr(book[APPLICATIONS].column_dimensions["F"], "hidden", True),
    "a copy": last_year_hidden,
    "filled in the copy": lambda book: setattr(book["依申请公开 (2)"], "sheet_state", "veryHidden"),
}


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_read_is_named_also_where_it_is_hidden(edition, name):
    report, oddity = w.distinct(edition), {**LAYOUT, **SHEETS}[name]
    check(read(w.edited(drawn(report, oddity.alter, furnished=True), HIDDEN[name])), report, oddity)


# --- which form it is


@pytest.mark.parametrize(("edition", "other"), [w.EDITIONS, w.EDITIONS[::-1]])
def test_a_workbook_that_says_it_is_of_another_edition(edition, other):
    """It is taken at its word, and what does not fit the form is refused, not read as something similar."""
    reading = read(w.with_cells(w.filled(w.distinct(edition)), META_SHEET, {"B1": other}))
    assert reading.report.edition == other
    assert w.rules(reading.context.findings) == [("F-LAYOUT", "error", sheet, "A1") for sheet in (TABLES, APPLICATIONS)]
    line = {key: value for key, value in cells_of(reading.report).items() if key.startswith("disputes.")}
    assert line == {key: value for key, value in cells_of(w.distinct(edition)).items() if key in line}


@pytest.mark.parametrize(("sheet", "foreign", "edition"), [
    (TABLES, "2019", "2021"), (APPLICATIONS, "2019", "2019"), (APPLICATIONS, "2021", "2021"), (TABLES, "2021", "2019"),
])  # fmt: skip
def test_sheets_of_two_editions_and_no_word_which(sheet, foreign, edition):
    """The form is the one of which more is there; the table of the other form is refused."""
    own = {"2019": "2021", "2021": "2019"}[foreign]
    grid = w.drawn(w.distinct(own))
    grid[sheet] = w.drawn(w.distinct(foreign))[sheet]
    reading = read(w.saved(grid))
    assert reading.report.edition == edition
    refused = sheet if edition == own else TABLES
    assert w.rules(reading.context.findings) == [("F-LAYOUT", "error", refused, "A1")]


@pytest.mark.parametrize(("grid", "reason"), [
    ({"Sheet1": {}}, "foreign"),
    ({"Sheet1": {(1, 1): "总计", (2, 1): 5}}, "foreign"),
    ({"Sheet1": {(row, 1): row for row in range(1, 40)}}, "foreign"),
    ({"工资表": {(1, 1): "姓名", (1, 2): "工资", (2, 1): "甲", (2, 2): 1000}}, "foreign"),
    ({"主动公开": {}, "依申请公开": {}, "复议诉讼": {}}, "foreign"),
    ({"_meta": {(1, 1): "edition", (1, 2): "2035"}, "主动公开": {(1, 1): "某表"}}, "edition"),
])  # fmt: skip
def test_a_workbook_without_a_report(grid, reason):
    with pytest.raises(ReadError) as refused:
        read(w.saved(grid))
    assert refused.value.reason == reason


# --- the cover

COVERS = {
    "labels with colons": ({(1, 1): "单位名称：", (1, 2): "甲局", (2, 1): "报告年度：", (2, 2): 2023}, "甲局", 2023),
    "spaces in labels": ({(1, 1): "单 位 名 称", (1, 2): "甲局", (2, 1): "报告\n年度", (2, 2): 2023}, "甲局", 2023),
    "blank cells between": ({(1, 1): "单位名称", (1, 4): "甲局", (2, 1): "报告年度", (2, 5): 2023}, "甲局", 2023),
    "side by side": ({(1, 1): "单位名称", (1, 2): "甲局", (1, 3): "报告年度", (1, 4): 2023}, "甲局", 2023),
    "name blank, the next label beside": ({(1, 1): "单位名称", (1, 2): "报告年度", (1, 3): 2023}, None, 2023),
    "name blank, the next label after it": ({(1, 1): "单位名称", (1, 3): "单位代码", (1, 4): "A1"}, None, None),
    "name blank, another label with a colon": ({(1, 1): "单位名称", (1, 3): "法定代表人：", (1, 4): "某某"}, None, None),
    "label twice": ({(1, 1): "单位名称", (1, 2): "甲局", (3, 1): "单位名称", (3, 2): "乙局", (2, 1): "报告年度", (2, 2): 2023}, None, 2023),
    "value far away": ({(1, 1): "单位名称", (1, 12): "甲局"}, None, None),
    "value below": ({(1, 1): "单位名称", (2, 1): "甲局"}, None, None),
    "name in the cell of its label": ({(1, 1): "单位名称：甲局"}, None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", COVERS)
def test_a_cover_drawn_by_hand(name):
    cells, unit, year = COVERS[name]
    report = w.distinct("2021")
    reading = read(w.saved({COVER_SHEET: cells, **w.drawn(report)}))
    assert (reading.report.unit.name, reading.report.year) == (unit, year)
    assert reading.report.values == report.values


# --- copies


@pytest.mark.parametrize("zero", [ZERO_REPORT, Unit(name="某局")], ids=["零报告", "--blank-as-zero"])
@pytest.mark.parametrize("edition", w.EDITIONS)
def test_blanks_are_no_zeros_where_a_copy_of_the_table_is_filled(edition, zero):
    report = w.clean(edition, 2)
    grid = w.drawn(w.Report(edition, report.year, zero, report.values), cover=True)
    grid["复议诉讼 (2)"] = other_numbers(grid[DISPUTES])
    put(DISPUTES, {(6, column): None for column in range(1, 16)})(grid)
    reading = read(w.saved(grid))
    found = validate(reading.report, by_name(edition), None, reading.context, blank_as_zero=True)
    assert w.rules(found) == [("F-LAYOUT", "error", DISPUTES, "A1")]
