"""Reading, detail by detail: a workbook as the reader sees it, names of sheets and cells, with one thing in it odd."""

from __future__ import annotations

import pickle

import pytest

import workbooks as w
from gongkai import marking
from gongkai.cell import CellError, DateText, Uncalculated, Unread, is_number
from gongkai.checks import mark_places
from gongkai.edition import COVER_SHEET, by_name
from gongkai.formulas import PRIOR_SHEET
from gongkai.messages import UNREADABLE
from gongkai.reader import ReadError, read, read_book
from gongkai.report import Report, Unit
from gongkai.sheets import DETAIL_SHEET, MEMBER_SHEET, META_KEYS, META_SHEET
from gongkai.sheetxml import hand_over
from gongkai.validation import validate
from workbooks import APPLICATIONS, DISPUTES, TABLES

CARRIED = "applications.carried_out.total"
ISSUED = "documents.rules.issued"


class Sheets:
    """A workbook that is there already; it keeps what it was asked for."""

    def __init__(self, grid, application="某程序"):
        self.grid = grid
        self.application = application
        self.asked = []

    @property
    def sheets(self):
        return tuple(self.grid)

    def cells(self, sheet, max_row=1000, max_column=100):
        self.asked.append((sheet, max_row, max_column))
        return {p: v for p, v in self.grid[sheet].items() if p[0] <= max_row and p[1] <= max_column and v is not None}

    def each_row(self, sheet, max_row, max_column, on_row):
        hand_over(self.cells(sheet, max_row, max_column), on_row)


def ours(report, **sheets):
    """Return the sheets of a workbook of ours: cover, tables, _meta; and others by name."""
    grid = w.drawn(report, cover=True)
    return {**grid, META_SHEET: {(1, 1): "edition", (1, 2): report.edition}, **sheets}


def reading(grid):
    return read_book(Sheets(grid))


def layout(found):
    return [(f.rule, f.severity, f.sheet, f.message) for f in found.context.findings]


@pytest.fixture
def report():
    return w.distinct("2021", Unit(name="某局", code="A1", level="county"))


# --- the workbook as a whole


def test_a_workbook_of_ours_is_read_whole(report):
    found = reading(ours(report))
    assert found.report == report
    assert (found.context.places, found.context.explanations, found.context.findings) == ({}, {}, ())
    assert found.context.official is True
    assert (found.prior, found.meta, found.application) == (None, {"edition": "2021"}, "某程序")
    assert (found.details, found.members) == ((), ())


def test_tables_without_our_meta_have_no_formulas_of_ours(report):
    found = reading(w.drawn(report, cover=True))
    assert (found.report, found.context.official, found.meta) == (report, False, {})


def test_no_sheet_is_read_twice_nor_further_than_it_can_reach(report):
    book = Sheets(ours(report, **{PRIOR_SHEET: {}, marking.RESULT_SHEET: {}, "附件": {}}))
    read_book(book)
    asked = {sheet: bounds for sheet, *bounds in book.asked}
    assert len(asked) == len(book.asked)
    assert asked[META_SHEET] == [30, 2]
    assert asked[marking.RESULT_SHEET] == [marking.LAST_ROW, len(marking.COLUMNS)]
    assert asked[TABLES] == [1000, 100]  # what was not bounded


def test_every_key_of_meta_is_read_as_text_and_nothing_else(report):
    values = dict.fromkeys(META_KEYS, 7) | {"edition": "2021", "validated_at": None}
    lines = [("别的", "不读"), *values.items()]
    cells = {(row, column): text for row, line in enumerate(lines, 1) for column, text in enumerate(line, 1)}
    found = reading(ours(report, **{META_SHEET: cells}))
    assert found.meta == {key: str(value) for key, value in values.items() if value is not None}


def test_an_edition_written_as_a_number_is_that_edition(report):
    grid = ours(report)
    grid[META_SHEET][1, 2] = 2021
    assert reading(grid).report == report


def test_explanations_are_taken_from_the_sheet_of_results(report):
    rows = {(4, 9): "新设机构，此前无数据", (4, 10): "X-JUMP", (4, 3): APPLICATIONS}
    rows |= {(4, 11): 6, (4, 12): 10, (4, 13): 6, (4, 14): 10}
    found = reading(ours(report, **{marking.RESULT_SHEET: rows}))
    assert found.context.explanations == {("X-JUMP", APPLICATIONS, "J6"): "新设机构，此前无数据"}


# --- files that are none


@pytest.mark.parametrize(
    ("name", "reason"),
    [("报表.xlsx", "not-zip"), ("报表", "not-zip"), ("报表.csv", "text"), ("报表.TSV", "text"), ("报表.txt", "text"),
     ("报表.pdf", "document"), ("报表.Doc", "document"), ("报表.wps", "document"), ("报表.rtf", "document")],
)  # fmt: skip
def test_what_is_no_workbook_is_named_after_its_suffix(tmp_path, name, reason):
    path = tmp_path / name
    path.write_bytes("单位名称,某局\n".encode())
    with pytest.raises(ReadError) as refused:
        read(path)
    assert (refused.value.reason, refused.value.details, str(refused.value)) == (reason, {}, UNREADABLE[reason])


def test_without_a_name_there_is_no_suffix_to_go_by():
    with pytest.raises(ReadError) as refused:
        read(b"no workbook")
    assert refused.value.reason == "not-zip"


def test_an_empty_file_is_empty_whatever_its_suffix(tmp_path):
    path = tmp_path / "报表.csv"
    path.write_bytes(b"")
    with pytest.raises(ReadError) as refused:
        read(path)
    assert refused.value.reason == "empty"


def test_a_broken_workbook_of_the_old_kind_is_tried_as_such():
    with pytest.raises(ReadError) as refused:
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert refused.value.reason == "damaged"


def test_a_refusal_travels_between_processes():
    error = pickle.loads(pickle.dumps(ReadError("edition", edition="2035")))  # noqa: S301
    assert (type(error), error.reason, error.details) == (ReadError, "edition", {"edition": "2035"})
    assert str(error) == UNREADABLE["edition"].format(edition="2035")


# --- which form, and where its tables are


def test_a_table_that_both_forms_have_is_the_newer_forms():
    page = w.drawn(w.distinct("2019"))[DISPUTES]
    found = reading({DISPUTES: page})
    assert found.report.edition == "2021"
    assert [(rule, severity, sheet) for rule, severity, sheet, _ in layout(found)] == [
        ("F-LAYOUT", "error", TABLES), ("F-LAYOUT", "error", APPLICATIONS),
    ]  # fmt: skip


def test_the_form_of_which_more_is_found_is_taken():
    grid = w.drawn(w.distinct("2019"))
    del grid[TABLES]
    found = reading(grid)
    assert found.report.edition == "2019"


def test_our_meta_says_which_form_it_is_even_if_another_fits_better():
    report = w.distinct("2019")
    found = reading({**w.drawn(report, cover=True), META_SHEET: {(1, 1): "edition", (1, 2): "2021"}})
    assert found.report.edition == "2021"
    assert {severity for _, severity, _, _ in layout(found)} == {"error"}


def test_an_edition_this_kit_does_not_know_is_refused(report):
    grid = ours(report)
    grid[META_SHEET][1, 2] = "2035"
    with pytest.raises(ReadError) as refused:
        reading(grid)
    assert (refused.value.reason, refused.value.details) == ("edition", {"edition": "2035"})


@pytest.mark.parametrize("named", [None, "2019", "2021"])
def test_a_workbook_without_any_table_is_foreign(named):
    meta = {META_SHEET: {(1, 1): "edition", (1, 2): named}} if named else {}
    with pytest.raises(ReadError) as refused:
        reading({"工资表": {(1, 1): "姓名"}, **meta})
    sheets = "主动公开”“依申请公开”“复议诉讼"
    assert (refused.value.reason, refused.value.details) == ("foreign", {"sheets": sheets})


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_zeros_in_the_cells_of_our_marks_are_no_data(edition):
    report = w.distinct(edition)
    grid = ours(report)
    for sheet in (TABLES, APPLICATIONS, DISPUTES):
        grid[sheet].update(dict.fromkeys(mark_places(by_name(edition), sheet) - grid[sheet].keys(), 0))
    found = reading(grid)
    assert (found.report, found.context.places, found.context.findings) == (report, {}, ())


def test_a_number_in_the_cell_of_a_mark_is_data(report):
    grid = ours(report)
    marks = mark_places(by_name("2021"), DISPUTES) - grid[DISPUTES].keys()
    grid[DISPUTES].update(dict.fromkeys(marks, 3))
    assert [severity for _, severity, sheet, _ in layout(reading(grid)) if sheet == DISPUTES] == ["error"]


def test_a_sheet_of_another_name_is_read_and_said(report):
    grid = ours(report)
    w.rename_sheet(APPLICATIONS, "表三")(grid)
    found = reading(grid)
    index = by_name("2021").index["applications.received.natural_person"]
    assert found.report == report
    assert found.context.places[index] == ("表三", "D6")
    assert len(found.context.places) == 175
    assert layout(found) == [
        ("F-LAYOUT", "warning", APPLICATIONS,
         "“依申请公开”的版式与官方模板不同，已按标题对应读取：从工作表“表三”读取。请核对读取的数字是否正确，最好改用官方模板填报。")
    ]  # fmt: skip
    (finding,) = found.context.findings
    assert (finding.cell, finding.cells, finding.name) == ("A1", ("A1",), APPLICATIONS)
    assert (finding.item, finding.value, finding.expected) == (None, None, None)


def test_a_table_that_was_moved_is_read_where_it_stands(report):
    grid = ours(report)
    w.move(APPLICATIONS, 3, 1)(grid)
    found = reading(grid)
    assert found.report == report
    assert found.context.places[by_name("2021").index["applications.received.natural_person"]] == (APPLICATIONS, "E9")


def test_a_table_is_not_looked_for_on_sheets_of_ours(report):
    """A copy on the cover, or a sheet named 上年数据, is no table of this year."""
    grid = ours(report)
    lost = grid.pop(APPLICATIONS)
    for sheet in (PRIOR_SHEET, "填报说明", marking.RESULT_SHEET):
        grid[sheet] = dict(lost)
    found = reading(grid)
    assert layout(found) == [
        ("F-LAYOUT", "error", APPLICATIONS,
         "“依申请公开”的版式与官方模板不同，无法确定数字的位置：没有“依申请公开”工作表。请改用官方模板填报，不要增删或改写行列标题。")
    ]  # fmt: skip
    for item in by_name("2021").items:
        got = found.report.values[item.index]
        assert (type(got) is Unread) if item.table == "applications" else got == report.values[item.index]


def test_two_sheets_that_could_be_the_table_are_both_named(report):
    grid = ours(report)
    page = grid.pop(APPLICATIONS)
    grid |= {"表三": page, "表三 (2)": dict(page)}
    ((_, severity, sheet, message),) = layout(reading(grid))
    assert (severity, sheet) == ("error", APPLICATIONS)
    assert "：有不止一张工作表像是它，请只留一张：表三、表三 (2)。" in message


def test_copies_with_the_numbers_of_a_blank_table_are_all_named(report):
    grid = ours(report)
    filled = dict(grid[APPLICATIONS])
    grid[APPLICATIONS] = {place: value for place, value in filled.items() if not is_number(value)}
    grid |= {"表三": filled, "表三 (2)": dict(filled)}
    ((_, severity, sheet, message),) = layout(reading(grid))
    assert (severity, sheet) == ("error", APPLICATIONS)
    assert "：没有填数字，而工作表“表三”“表三 (2)”里也有这张表，填了数字，请只留一张。" in message


def test_what_a_summary_lists_beside_its_tables_is_no_copy(report):
    grid = ours(report)
    other = {place: value + 1 if is_number(value) else value for place, value in grid[APPLICATIONS].items()}
    ((_, severity, _, message),) = layout(reading({**grid, "表三": other}))
    assert severity == "warning"
    assert "：工作表“表三”里还有同一张表，数字不同，没有读取。" in message
    assert layout(reading({**grid, "表三": other, DETAIL_SHEET: {(1, 1): "明细"}})) == []


def test_a_sheet_of_the_right_name_without_a_trace_of_the_table_is_passed_over(report):
    grid = ours(report)
    w.rename_sheet(APPLICATIONS, "表三")(grid)
    grid[APPLICATIONS] = {(1, 1): "目录"}
    found = reading(grid)
    assert (found.report, [severity for _, severity, _, _ in layout(found)]) == (report, ["warning"])


def test_a_broken_table_is_not_replaced_by_a_copy_elsewhere(report):
    grid = ours(report)
    grid["去年"] = dict(grid[APPLICATIONS])
    w.delete_row(APPLICATIONS, 12)(grid)
    ((_, severity, _, message),) = layout(reading(grid))
    assert severity == "error"
    assert "没有找到行标题“3.危及“三安全一稳定”" in message


@pytest.mark.parametrize(("changed", "said"), [(4, ""), (5, "等 5 处")])
def test_four_differences_are_named_and_more_are_counted(report, changed, said):
    labels = ("规章", "行政规范性文件", "行政许可", "行政处罚", "行政强制")[:changed]
    grid = ours(report)
    for label in labels:
        w.rename(label, label + "（注）")(grid)
    ((_, severity, _, message),) = layout(reading(grid))
    named = "；".join(f"“{label}（注）”按“{label}”读取" for label in labels[:4])
    assert (severity, message) == (
        "warning",
        f"“主动公开”的版式与官方模板不同，已按标题对应读取：{named}{said}。请核对读取的数字是否正确，最好改用官方模板填报。",
    )


def test_what_several_tables_of_a_sheet_differ_in_is_said_once(report):
    grid = ours(report)
    w.rename_sheet(TABLES, "表二")(grid)
    ((_, _, sheet, message),) = layout(reading(grid))
    assert sheet == TABLES
    assert message.count("从工作表“表二”读取") == 1


def test_of_a_sheet_with_a_lost_table_only_that_is_said(report):
    grid = ours(report)
    w.in_turn(w.rename("规章", "规则"), w.rename("行政许可", "行政许可（注）"))(grid)
    ((_, severity, sheet, message),) = layout(reading(grid))
    assert (severity, sheet) == ("error", TABLES)
    assert "没有找到行标题“规章”" in message
    assert "行政许可" not in message


# --- values


@pytest.mark.parametrize(
    ("stored", "shown"),
    [(0.1 + 0.2, 0.3), (2.9999999999999996, 3), (1234.5, 1234.5), (3, 3), (True, True), ("3", "3"),
     (DateText("2024-01-31"), DateText("2024-01-31")), (CellError("#N/A"), CellError("#N/A")), (None, None)],
)  # fmt: skip
def test_a_number_has_the_fifteen_digits_that_a_sheet_shows(report, stored, shown):
    found = reading(ours(w.changed(report, {ISSUED: stored})))
    value = w.cells_of(found.report)[ISSUED]
    assert (value, type(value)) == (shown, type(shown))


# --- the cover


def covered(report, cells):
    grid = ours(report)
    grid[COVER_SHEET].update(cells)
    return reading(grid).report


def test_cover_values_are_texts_but_the_year(report):
    got = covered(report, {(6, 3): 123, (4, 3): 2023.5})
    assert (got.unit.code, got.year) == ("123", 2023.5)
    got = covered(report, {(5, 3): Uncalculated("=A1"), (4, 3): DateText("2023-12-31")})
    assert (got.unit.name, got.year, type(got.unit.name)) == ("=A1", "2023-12-31", str)


@pytest.mark.parametrize(("text", "key"), [("县级", "county"), ("乡级", "township"), ("县 级", "县 级"), (" 　", None)])
def test_a_choice_becomes_its_key_and_spaces_nothing(report, text, key):
    field = next(field for field in by_name("2021").cover if field.key == "level")
    assert covered(report, {(field.row, 3): text}).unit.level == key


def test_a_cover_is_ours_whatever_the_spaces_in_its_labels(report):
    grid = ours(report)
    for field in by_name("2021").cover:
        grid[COVER_SHEET][field.row, 2] = " ".join(field.label)
    grid[COVER_SHEET][30, 2] = "单位名称"  # by labels alone the name would be in doubt
    assert reading(grid).report == report


def test_a_cover_that_was_moved_is_read_by_its_labels(report):
    grid = ours(report)
    w.move(COVER_SHEET, 2, 1)(grid)
    assert reading(grid).report == report
    del grid[COVER_SHEET][next(p for p, v in grid[COVER_SHEET].items() if v == "单位代码")]
    assert reading(grid).report.unit == Unit(name="某局", level="county")


def test_where_there_is_a_cover_other_sheets_are_not_asked(report):
    grid = {"登记": {(1, 1): "单位名称", (1, 2): "别的局"}, **ours(report)}
    w.move(COVER_SHEET, 2, 1)(grid)
    assert reading(grid).report == report


def test_without_a_cover_its_labels_are_looked_for_on_every_sheet(report):
    grid = w.drawn(report)
    grid = {
        "说明": {(1, 1): "单位"},
        **grid,
        "其他": {(2, 2): "单位名称", (2, 3): "某局", (3, 2): "报告年度", (3, 3): 2023},
    }
    got = reading(grid).report
    assert (got.unit, got.year) == (Unit(name="某局"), 2023)


def test_a_cover_without_a_label_is_read_where_ours_has_its_cells(report):
    grid = ours(report)
    grid[COVER_SHEET] = {(field.row, 3): grid[COVER_SHEET].get((field.row, 3)) for field in by_name("2021").cover}
    assert reading(grid).report == report


# --- last year


def last_year(report, key, value, label=None):
    form = by_name(report.edition)
    item = form.items[form.index[key]]
    row = 5 + form.prior_items.index(item.index)
    return reading(ours(report, **{PRIOR_SHEET: {(row, 3): label or item.row_heading[-1], (row, 5): value}})), row


@pytest.mark.parametrize("value", [0, 3, 12.0])
def test_last_years_value_is_read_in_its_row(report, value):
    found, _ = last_year(report, CARRIED, value)
    index = by_name("2021").index[CARRIED]
    assert found.prior.values == tuple(value if n == index else None for n in range(200))
    assert found.context.findings == ()


def test_last_years_number_has_the_digits_a_sheet_shows(report):
    found, _ = last_year(report, "fees.administrative_fees.amount", 0.1 + 0.2)
    assert found.prior.values[by_name("2021").index["fees.administrative_fees.amount"]] == 0.3


@pytest.mark.parametrize("label", ["四、结转下年度继续办理", " 四、结转下年度 继续办理"])
def test_last_years_value_stands_beside_its_label(report, label):
    assert last_year(report, CARRIED, 3, label)[0].prior is not None


def test_last_years_value_beside_another_label_is_nobodys(report):
    found, _ = last_year(report, CARRIED, "3件", "另一行")
    assert (found.prior, found.context.findings) == (None, ())


@pytest.mark.parametrize("value", ["/", "无", "　"])
def test_a_placeholder_says_nothing_of_last_year(report, value):
    found, _ = last_year(report, CARRIED, value)
    assert (found.prior, found.context.findings) == (None, ())


@pytest.mark.parametrize(
    ("value", "expected", "advice"), [("3件", 3, "请改为 3。"), (-1, None, "请改为数字，没有发生的填 0。")]
)
def test_what_is_no_number_of_last_year_is_a_finding_and_no_comparison(report, value, expected, advice):
    found, row = last_year(report, CARRIED, value)
    (finding,) = found.context.findings
    name = "四、结转下年度继续办理 · 总计"
    assert (finding.rule, finding.severity, finding.sheet, finding.cell, finding.cells) == (
        "F-TYPE", "error", "上年数据", f"E{row}", (f"E{row}",),
    )  # fmt: skip
    assert (finding.item, finding.value, finding.expected, finding.name) == (CARRIED, value, expected, name)
    assert finding.message == f"上年数据“{name}”填的是“{value}”，不是可以填在这里的数字，无法与本年核对。{advice}"
    assert found.prior.values[by_name("2021").index[CARRIED]] == value


def test_good_and_bad_values_of_last_year_stand_side_by_side(report):
    form = by_name("2021")
    page = {}
    for number, index in enumerate(form.prior_items):
        page |= {(5 + number, 3): form.items[index].row_heading[-1], (5 + number, 5): "约3" if number == 1 else number}
    found = reading(ours(report, **{PRIOR_SHEET: page}))
    assert [finding.cell for finding in found.context.findings] == ["E6"]
    assert [found.prior.values[index] for index in form.prior_items[:3]] == [0, "约3", 2]


@pytest.mark.parametrize(
    ("edition", "year", "same"),
    [("2021", 2021, False), ("2021", 2022, True), ("2019", 2019, False), ("2019", 2020, True), ("2021", "2023", False)],
)
def test_whether_last_year_had_the_same_form_follows_from_the_year(edition, year, same):
    filed = w.distinct(edition)
    filed = Report(filed.edition, year, filed.unit, filed.values)
    assert last_year(filed, CARRIED, 3)[0].prior.same_edition is same


def test_a_finding_of_last_year_comes_after_those_of_the_layout(report):
    form = by_name("2021")
    row = 5 + form.prior_items.index(form.index[CARRIED])
    grid = ours(report, **{PRIOR_SHEET: {(row, 3): "四、结转下年度继续办理", (row, 5): "约3"}})
    w.rename_sheet(DISPUTES, "表四")(grid)
    found = reading(grid)
    assert [finding.rule for finding in found.context.findings] == ["F-LAYOUT", "F-TYPE"]
    assert "F-TYPE" in {finding.rule for finding in validate(found.report, form, None, found.context)}


# --- summaries


def listed(report, units, keys=None):
    items = by_name("2021").items
    page = {(5, 6 + n): key for n, key in enumerate(keys or [item.key for item in items])}
    for row, (name, code) in units:
        page |= {(row, 2): name, (row, 3): code} | {(row, 6 + item.index): row * 1000 + item.index for item in items}
    return reading(ours(report, **{DETAIL_SHEET: page})).details


def test_the_reports_a_summary_added_are_read_row_by_row(report):
    got = listed(report, [(6, ("甲局", 1)), (7, ("乙局", None))])
    assert got == tuple(
        Report("2021", 2023, Unit(name=name, code=code), tuple(row * 1000 + n for n in range(200)))
        for row, name, code in ((6, "甲局", "1"), (7, "乙局", None))
    )


def test_the_list_ends_at_the_first_row_without_a_name(report):
    got = listed(report, [(6, ("甲局", "1")), (7, (None, "2")), (8, ("丙局", "3"))])
    assert [detail.unit.name for detail in got] == ["甲局"]


def test_a_row_above_the_list_is_no_report(report):
    assert [d.unit.name for d in listed(report, [(3, ("合计", None)), (6, ("甲局", "1"))])] == ["甲局"]


def test_details_in_another_order_are_not_read(report):
    keys = [item.key for item in by_name("2021").items]
    assert listed(report, [(6, ("甲局", "1"))], [keys[1], keys[0], *keys[2:]]) == ()
    assert listed(report, [(6, ("甲局", "1"))], keys[:-1]) == ()


def test_a_number_of_the_details_has_the_digits_a_sheet_shows(report):
    items = by_name("2021").items
    page = {(5, 6 + item.index): item.key for item in items} | {(6, 2): "甲局", (6, 6): 0.1 + 0.2}
    (detail,) = reading(ours(report, **{DETAIL_SHEET: page})).details
    assert detail.values == (0.3, *[None] * 199)


def test_the_units_of_a_summary_are_read_name_and_code(report):
    page = {(1, 1): "甲局", (1, 2): 1, (2, 1): "乙局", (4, 2): "C3", (4, 3): "备注"}
    assert reading(ours(report, **{MEMBER_SHEET: page})).members == (
        Unit(name="甲局", code="1"), Unit(name="乙局"), Unit(code="C3"),
    )  # fmt: skip


def test_long_lists_are_read_no_further_than_they_may_reach(report):
    book = Sheets(ours(report, **{DETAIL_SHEET: {}, MEMBER_SHEET: {}}))
    read_book(book)
    assert (DETAIL_SHEET, 20_006, 205) in book.asked
    assert (MEMBER_SHEET, 200_000, 2) in book.asked
