"""Reading: what was filed is what is read, wherever it stands, or it is refused; never another number."""

from __future__ import annotations

import io
import re
import string
import struct

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

import workbooks as w
from gongkai import template
from gongkai.cell import CellError, DateText, Uncalculated, Unread, address
from gongkai.edition import COVER_SHEET, by_name
from gongkai.labels import fold
from gongkai.messages import UNREADABLE
from gongkai.reader import ReadError, read
from gongkai.report import UNIT_FIELDS, Report, ReportError, Unit, dumps, loads
from gongkai.sheets import META_SHEET
from gongkai.submission import judge
from gongkai.validation import status, validate
from workbooks import APPLICATIONS, DISPUTES, TABLES

# --- read(fill(x)) = x

AWKWARD = (
    "+1 项", "-", "/", "—", "无", "=1+1", "=SUM(D6:I6)", "{=1+1}", "+173", "增72", "2560万元", "22（其中修订16件）", "5", "１２",
    "1,200", "3.0.1", "_x0041_", " 3", "3 ", "　3　", "  ", "　", "一\n二", "a\r\nb", "\t", "#DIV/0!", "TRUE",
    "2024-01-31", "http://example.com", "'5", '"', "<&>", "\x07", "\x7f", "\ufffe", "😀", "e\u0301", "mailto:a@b",
)  # fmt: skip
texts = st.sampled_from(AWKWARD) | st.text(
    st.characters(codec="utf-8") | st.sampled_from(" 　\n=+-_x0041件万元"), min_size=1, max_size=12
)
# Two escapes that share an underscore have a test of their own.
texts = texts.filter(lambda text: not re.search("_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_", text))
decimals = st.builds(
    lambda digits, shift, sign: sign * float(f"{digits}e-{shift}"),
    st.integers(1, 10**15 - 1), st.integers(1, 12), st.sampled_from((1, -1)),
).map(lambda number: int(number) if number.is_integer() else number)  # fmt: skip
numbers = st.integers(0, 9999) | st.integers(-(10**15) + 1, 10**15 - 1) | decimals
values = st.none() | numbers | st.booleans() | texts


def cover_text(field):
    """Texts that a cover field can hold; the text of a choice is read as the choice, only spaces as nothing."""
    shown = set(field.choices.values())
    return texts.filter(lambda text: text.strip() and (not field.choices or text.strip() not in shown))


@st.composite
def reports(draw, edition):
    form = by_name(edition)
    some = draw(st.lists(values, min_size=1, max_size=30))
    filed = tuple(some[number % len(some)] for number in range(len(form.items)))
    fields = {field.key: field for field in form.cover if field.key != "year"}
    unit = {
        key: draw(st.none() | (st.sampled_from(list(field.choices)) if field.choices else texts) | cover_text(field))
        for key, field in fields.items()
    }
    unit = {key: value if value is None or value.strip() else None for key, value in unit.items()}
    if unit["name"] and not unit["name"].isprintable():  # see test_a_character_no_xml_can_hold_is_read_back
        unit["name"] = "某局"
    year = draw(st.sampled_from((w.YEARS[edition], 1999, None, "2023年", 2023.5)))
    return Report(edition, year, Unit(**unit), filed)


def same(one, other):
    """Tell whether two values are the same and of the same type: True is not 1, an error value is not a text."""
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("edition", w.EDITIONS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate])
@given(data=st.data())
def test_what_was_filled_is_what_is_read(edition, data):
    report = data.draw(reports(edition))
    reading = read(template.fill(by_name(edition), report))
    assert reading.report.unit == report.unit
    assert same(reading.report.year, report.year)
    wrong = {
        item.key: (filed, got)
        for item, filed, got in zip(by_name(edition).items, report.values, reading.report.values, strict=True)
        if not same(got, filed)
    }
    assert wrong == {}
    assert reading.context.findings == ()
    assert reading.prior is None
    assert reading.members == ()
    assert reading.meta["edition"] == edition


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_every_awkward_text_is_read_back(edition):
    form = by_name(edition)
    filed = tuple(AWKWARD[number % len(AWKWARD)] for number in range(len(form.items)))
    report = Report(edition, w.YEARS[edition], Unit(**dict.fromkeys(UNIT_FIELDS, "=1+1")), filed)
    assert read(w.filled(report)).report == report


@pytest.mark.parametrize("text", ["某局\x07", "\ufffe某局", "某\n局", "某\r局", "_x0041_局"])
def test_a_character_no_xml_can_hold_is_read_back(text):
    # The name also stands in the title of every table, as the stored result of a formula.
    assert read(w.filled(w.clean("2021", unit=Unit(name=text)))).report.unit.name == text
    assert read(w.filled(w.clean("2021", year=text))).report.year == text


@pytest.mark.parametrize("text", ["_x005F_x0041_", "_x0041_x0041_", "某\ud800局"])
def test_what_no_workbook_can_hold_is_refused_before_it_is_filled(text):
    report = w.changed(w.distinct("2021"), {"documents.rules.issued": text})
    with pytest.raises(ReportError, match=r"documents\.rules\.issued 的文字过长或含有无法存储的字符"):
        loads(dumps(report))


def test_half_a_character_does_not_break_a_workbook():
    reading = read(w.filled(w.clean("2021", unit=Unit(name="\ud800某局"))))
    assert reading.report.unit.name == "\N{REPLACEMENT CHARACTER}某局"


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("number", range(5))
def test_every_choice_of_the_cover_is_read_back(edition, number):
    unit = {
        "name": "某局",
        "code": "00123",
        "prepared_by": "甲 乙",
        "phone": "=A1",
        "reviewed_by": "-",
        "date": "2024-01-15",
    }
    for field in by_name(edition).cover:
        if field.choices:
            unit[field.key] = list(field.choices)[number % len(field.choices)]
    assert set(unit) == set(UNIT_FIELDS)
    assert read(w.filled(w.clean(edition, unit=Unit(**unit)))).report.unit == Unit(**unit)


@pytest.mark.parametrize("name", ["lianhu-2020", "erqi-2020", "pingluo-2020", "cangshan-2020", "jianxi-2023"])
def test_the_published_reports_are_read_back(name):
    assert read(w.filled(w.example(name))).report == w.example(name)


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_workbook_that_openpyxl_saved_reads_the_same(edition):
    # No total equals its sum, so each is typed, and survives a program that drops the results of formulas.
    report = w.distinct(edition)
    reading = read(w.edited(w.filled(report), lambda _: None))
    assert reading.report == report
    assert reading.context.findings == ()
    assert "Openpyxl" in reading.application


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_only_formulas_without_result_are_uncalculated(edition):
    form, report = by_name(edition), w.clean(edition, 5)
    reading = read(w.edited(w.filled(report), lambda _: None))
    for item in form.items:
        got = reading.report.values[item.index]
        if item.derived:
            assert type(got) is Uncalculated
            assert got.startswith("=IF(COUNT(")
        else:
            assert same(got, report.values[item.index])
    assert reading.report.unit == report.unit
    findings = validate(reading.report, form, None, reading.context)
    assert {finding.rule for finding in findings} == {"F-UNCALCULATED"}
    total = {cell for finding in findings for cell in (finding.span or (finding.cell,))}
    assert total >= {"J6", "D29" if edition == "2021" else "D27", "E6", "O6"}


# --- tables as clerks hand them in

WIDTH = str.maketrans("（），、．：；“”", '(),、.:;""')
FULL = str.maketrans(string.digits + "().,/", "０１２３４５６７８９（）．，／")
HOW_TO_NUMBER = {"comma": "、", "point and space": ". ", "full-width point": "．"}


def renumbered(mark):
    return w.reword(lambda text: text[0] + mark + text[2:] if text[0].isdigit() and text[1] == "." else text)


def furnish(grid, report, how):
    """Add a cover and _meta where the workbook is to have them."""
    if how == "bare":
        return grid
    ours = w.drawn(report, cover=True)
    return {COVER_SHEET: ours[COVER_SHEET], **grid, META_SHEET: {(1, 1): "edition", (1, 2): report.edition}}


def loosely(count):
    """Put something between the characters of every label."""
    return w.reword(count.join)


BOTH, OLD, NEW = w.EDITIONS, ("2019",), ("2021",)
SILENT = {
    "half-width punctuation": (BOTH, w.reword(lambda text: text.translate(WIDTH))),
    "full-width digits and punctuation": (BOTH, w.reword(lambda text: text.translate(FULL))),
    **{f"numbering with {name}": (BOTH, renumbered(mark)) for name, mark in HOW_TO_NUMBER.items()},
    "spaces inside": (BOTH, loosely(" ")),
    "full-width spaces inside": (BOTH, loosely("　")),
    "line breaks inside": (BOTH, loosely("\n")),
    "spaces around": (BOTH, w.reword(lambda text: f"　 {text}\n")),
    "backslash": (OLD, w.rename("本年增/减", "本年增\\减")),
    "第 lost": (BOTH, w.reword(lambda text: text.replace("第二十条第（", "第二十条（"))),
    "first 第 lost": (BOTH, w.reword(lambda text: text.replace("第二十条第（", "二十条第（"))),
    "three spellings": (
        BOTH,
        w.in_turn(
            w.rename("结果维持", "结果 维持"), w.rename("结果纠正", "结 果 纠 正"), w.rename("科研机构", "科研\n机构")
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", ["bare", "furnished"])
@pytest.mark.parametrize(("edition", "name"), [(e, name) for name, (es, _) in SILENT.items() for e in es])
def test_what_folding_suffices_for_is_read_without_a_word(edition, name, how):
    report = w.distinct(edition)
    grid = w.drawn(report)
    SILENT[name][1](grid)
    reading = read(w.saved(furnish(grid, report, how)))
    assert reading.report.edition == edition
    assert reading.report.values == report.values
    assert reading.context.findings == ()


def last_row(edition):
    return {"2019": 28, "2021": 30}[edition]


MAPPED = {
    "社会组织": (BOTH, w.rename("社会公益组织", "社会组织"), {APPLICATIONS: ["“社会组织”按“社会公益组织”读取"]}),
    "规范性文件": (NEW, w.rename("行政规范性文件", "规范性文件"), {TABLES: ["“规范性文件”按“行政规范性文件”读取"]}),
    "行政规范性文件": (OLD, w.rename("规范性文件", "行政规范性文件"), {TABLES: ["“行政规范性文件”按“规范性文件”读取"]}),
    "总数": (OLD, w.rename("对外公开总数量", "对外公开总数"), {TABLES: ["“对外公开总数”按“对外公开总数量”读取"]}),
    "减 lost": (OLD, w.rename("本年增/减", "本年增/"), {TABLES: ["“本年增/”按“本年增/减”读取"]}),
    "unit of the amount lost": (
        OLD, w.rename("采购总金额（单位：万元）", "采购总金额"), {TABLES: ["“采购总金额”按“采购总金额（单位：万元）”读取"]}
    ),
    "note behind a label": (
        BOTH, w.rename("行政许可", "行政许可（含备案）"), {TABLES: ["“行政许可（含备案）”按“行政许可”读取"]}
    ),
    "notes behind a numbered row and a column": (
        BOTH,
        w.in_turn(w.rename("1.属于国家秘密", "1、属于国家秘密（条例第十四条）"), w.rename("商业企业", "商业企业(家)")),
        {APPLICATIONS: ["“1、属于国家秘密（条例…”按“1.属于国家秘密”读取", "“商业企业(家)”按“商业企业”读取"]},
    ),
    "note behind a row numbered in brackets": (
        BOTH,
        w.rename("（一）予以公开", "（一）予以公开（含主动公开）"),
        {APPLICATIONS: ["“（一）予以公开（含主动…”按“（一）予以公开”读取"]},
    ),
    "official note left out": (
        BOTH,
        w.rename("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "（二）部分公开"),
        {APPLICATIONS: ["“（二）部分公开”按“（二）部分公开（区分处…”读取"]},
    ),
    "总计 first": (NEW, w.put_column_first(APPLICATIONS, 4, 10, range(3, 31)), {APPLICATIONS: ["总计"]}),
    "two rows exchanged": (
        NEW,
        w.in_turn(w.move(APPLICATIONS, 190, 0, lambda p: p[0] == 10), w.move(APPLICATIONS, -1, 0, lambda p: p[0] == 11),
                  w.move(APPLICATIONS, -189, 0, lambda p: p[0] == 200),
                  lambda grid: grid[APPLICATIONS].update({(10, 2): "（三）不予公开", (11, 2): None})),
        {APPLICATIONS: ["属于国家秘密"]},
    ),
    "extra row after 规范性文件": (
        BOTH, w.insert_row(TABLES, 7, {1: "其他主动公开文件", 2: 71, 3: 72, 4: 73}), {TABLES: ["其他主动公开文件"]}
    ),
    "extra row between two rows": (
        BOTH,
        w.insert_row(TABLES, 6, {1: "其他主动公开文件", 2: 71, 3: 72, 4: 73}),
        {TABLES: ["多出的第 6 行“其他主动公开文件”没有读取"]},
    ),
    "extra row in 表三": (
        BOTH,
        w.insert_row(APPLICATIONS, 18, {3: "9.其他情形", 4: 91, 10: 92}),
        {APPLICATIONS: ["多出的第 18 行“9.其他情形”没有读取"]},
    ),
    "moved down": (BOTH, w.move(APPLICATIONS, 3, 0), {APPLICATIONS: ["“依申请公开”一表的数字从 D9:"]}),
    "moved right": (BOTH, w.move(APPLICATIONS, 0, 2), {APPLICATIONS: ["“依申请公开”一表的数字从 F6:"]}),
    "moved far": (BOTH, w.move(APPLICATIONS, 100, 30), {APPLICATIONS: ["“依申请公开”一表的数字从 AH106:"]}),
    "表二 moved": (
        BOTH, w.move(TABLES, 2, 1), {TABLES: ["“第二十条第（一）项”一表的数字从 C7:E8 读取", "“第二十条第（五）项”一表"]}
    ),
    "表四 moved": (BOTH, w.move(DISPUTES, 4, 3), {DISPUTES: ["“复议诉讼”一表的数字从 D10:R10 读取"]}),
    "sheet renamed": (
        BOTH, w.rename_sheet(APPLICATIONS, "表三 申请情况"), {APPLICATIONS: ["从工作表“表三 申请情况”读取"]}
    ),
    "every sheet renamed": (
        BOTH,
        w.in_turn(w.rename_sheet(TABLES, "Sheet1"), w.rename_sheet(APPLICATIONS, "Sheet2"), w.rename_sheet(DISPUTES, "Sheet3")),
        {TABLES: ["从工作表“Sheet1”读取"], APPLICATIONS: ["从工作表“Sheet2”读取"], DISPUTES: ["从工作表“Sheet3”读取"]},
    ),
    "names exchanged": (
        BOTH,
        w.in_turn(w.rename_sheet(TABLES, "临时"), w.rename_sheet(DISPUTES, TABLES), w.rename_sheet("临时", DISPUTES)),
        {TABLES: ["从工作表“复议诉讼”读取"], DISPUTES: ["从工作表“主动公开”读取"]},
    ),
    "all on one sheet": (
        BOTH,
        w.on_one_sheet,
        {name: ["从工作表“年报统计表”读取"] for name in (TABLES, APPLICATIONS, DISPUTES)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", ["bare", "furnished"])
@pytest.mark.parametrize(("edition", "name"), [(e, name) for name, (es, *_) in MAPPED.items() for e in es])
def test_tables_that_differ_are_read_by_their_labels(edition, name, how):
    report, (_, spoil, says) = w.distinct(edition), MAPPED[name]
    grid = w.drawn(report)
    spoil(grid)
    reading = read(w.saved(furnish(grid, report, how)))
    assert reading.report.edition == edition
    assert w.cells_of(reading.report) == w.cells_of(report)
    assert w.rules(reading.context.findings) == [("F-LAYOUT", "warning", sheet, "A1") for sheet in says]
    for finding in reading.context.findings:
        assert finding.message.startswith(f"“{finding.sheet}”的版式与官方模板不同，已按标题对应读取：")
        for text in says[finding.sheet]:
            assert text in finding.message


def test_sheets_in_another_order_are_no_matter():
    report = w.distinct("2021")
    grid = dict(reversed(w.drawn(report).items()))
    reading = read(w.saved(grid))
    assert reading.report.values == report.values
    assert reading.context.findings == ()


def test_a_finding_stands_where_the_number_was_read():
    report = w.changed(w.clean("2021"), {"applications.received.natural_person": "3件"})
    grid = w.drawn(report, cover=True)
    w.in_turn(w.move(APPLICATIONS, 2, 1), w.rename_sheet(APPLICATIONS, "表三"))(grid)
    reading = read(w.saved(grid))
    findings = validate(reading.report, by_name("2021"), None, reading.context)
    assert w.rules(findings) == [("F-LAYOUT", "warning", APPLICATIONS, "A1"), ("F-TYPE", "error", "表三", "E8")]
    assert findings[1].expected == 3


def two_copies(grid):
    w.rename_sheet(APPLICATIONS, "表三")(grid)
    grid["表三 (2)"] = {place: v + 5 if isinstance(v, int) else v for place, v in grid["表三"].items()}


def broken_with_a_copy(grid):
    """The sheet of this year has lost a row; a copy, of last year perhaps, has not."""
    grid["去年"] = {place: v + 5 if isinstance(v, int) else v for place, v in grid[APPLICATIONS].items()}
    w.delete_row(APPLICATIONS, 12)(grid)


def twice_on_one_sheet(grid):
    page = grid[APPLICATIONS]
    page.update({(row + 40, column): v + 5 if isinstance(v, int) else v for (row, column), v in page.items()})


def foreign_heading(grid):
    """The fees have a column more, and the heading 上一年项目数量 in other words: it stands in the table above."""
    page = grid[TABLES]
    page.update({(16, 2): "收费总额", (16, 3): "上年项目数", (16, 4): "本年增/减"})
    page.update({(17, 2): 7, (17, 3): page[17, 2], (17, 4): page[17, 3]})


def split_heading(grid):
    w.insert_row(APPLICATIONS, 26, {3: "出具已获取信息"})(grid)
    w.rename("5.要求行政机关确认或重新出具已获取信息", "5.要求行政机关确认或重新")(grid)


def split_over_values(grid):
    split_heading(grid)
    page = grid[APPLICATIONS]
    page.update({(26, column): page.pop((25, column)) for column in range(4, 11)})


FRONT = ("documents",)
REFUSED = {
    "both headings cut": (
        OLD,
        w.in_turn(w.rename("本年新制作数量", "本年新"), w.rename("本年新公开数量", "本年新")),
        {TABLES: "没有找到列标题“本年新制作数量”"},
        FRONT,
    ),
    "heading missing": (
        BOTH, w.rename("商业企业", "企业单位"), {APPLICATIONS: "没有找到列标题“商业企业”"}, ("applications",)
    ),
    "heading blank": (
        BOTH, lambda grid: grid[APPLICATIONS].pop((4, 10)), {APPLICATIONS: "没有找到列标题“总计”"}, ("applications",)
    ),
    "heading twice": (
        BOTH, w.rename("科研机构", "商业企业"), {APPLICATIONS: "有多处列标题“商业企业”"}, ("applications",)
    ),
    "label over two lines": (
        BOTH, split_heading, {APPLICATIONS: "没有找到行标题“5.要求行政机关确认或…”"}, ("applications",)
    ),
    "label over two lines, numbers in the second": (
        BOTH, split_over_values, {APPLICATIONS: "没有找到行标题“5.要求行政机关确认或…”"}, ("applications",)
    ),
    "row twice": (
        BOTH, w.duplicate_row(APPLICATIONS, 10), {APPLICATIONS: "有多处行标题“1.属于国家秘密”"}, ("applications",)
    ),
    "row of 表二 twice": (BOTH, w.duplicate_row(TABLES, 6), {TABLES: "行标题“"}, FRONT),
    "row deleted": (
        BOTH, w.delete_row(APPLICATIONS, 10), {APPLICATIONS: "没有找到行标题“1.属于国家秘密”"}, ("applications",)
    ),
    "last row deleted": (
        BOTH,
        lambda grid: w.delete_row(APPLICATIONS, max(row for row, _ in grid[APPLICATIONS]))(grid),
        {APPLICATIONS: "没有找到行标题“四、结转下年度继续办理”"},
        ("applications",),
    ),
    "label of a row blank": (
        BOTH, lambda grid: grid[APPLICATIONS].pop((14, 3)), {APPLICATIONS: "没有找到行标题“5.属于三类内部事务信息”"}, ("applications",)
    ),
    "row of 表二 deleted": (BOTH, w.delete_row(TABLES, 5), {TABLES: "没有找到行标题“规章”"}, FRONT),
    "heading of 表四 missing": (
        BOTH, lambda grid: grid[DISPUTES].pop((5, 9)), {DISPUTES: "没有找到列标题“尚未审结”"}, ("disputes",)
    ),
    "group of 表四 missing": (
        BOTH, lambda grid: grid[DISPUTES].pop((4, 11)), {DISPUTES: "没有找到标题“复议后起诉”"}, ("disputes",)
    ),
    "group of 表四 twice": (
        BOTH, w.rename("复议后起诉", "行政复议"), {DISPUTES: "有多处标题“行政复议”"}, ("disputes",)
    ),
    "sheet missing": (BOTH, lambda grid: grid.pop(DISPUTES), {DISPUTES: "没有“复议诉讼”工作表"}, ("disputes",)),
    "two candidates": (
        BOTH, two_copies, {APPLICATIONS: "有不止一张工作表像是它：表三、表三 (2)"}, ("applications",)
    ),
    "broken, with a copy elsewhere": (
        BOTH, broken_with_a_copy, {APPLICATIONS: "没有找到行标题“3.危及“三安全一稳定”"}, ("applications",)
    ),
    "heading only in the table above": (OLD, foreign_heading, {TABLES: "没有找到列标题“上一年项目数量”"}, ("fees",)),
    "blank row above the line of 表四": (BOTH, w.insert_row(DISPUTES, 6), {DISPUTES: ""}, ("disputes",)),
    "row of column numbers above the line of 表四": (
        BOTH, w.insert_row(DISPUTES, 6, {n: n for n in range(1, 16)}), {DISPUTES: ""}, ("disputes",)
    ),
}  # fmt: skip


def spoiled(report, name, how):
    grid = w.drawn(report)
    REFUSED[name][1](grid)
    return w.saved(furnish(grid, report, how))


@pytest.mark.parametrize("how", ["bare", "furnished"])
@pytest.mark.parametrize(("edition", "name"), [(e, name) for name, (es, *_) in REFUSED.items() for e in es])
def test_tables_that_cannot_be_told_for_certain_are_refused(edition, name, how):
    form, report, (_, _, says, lost) = by_name(edition), w.distinct(edition), REFUSED[name]
    reading = read(spoiled(report, name, how))
    assert reading.report.edition == edition
    for item in form.items:
        got = reading.report.values[item.index]
        if item.table in lost:
            assert type(got) is Unread, (item.key, got, report.values[item.index])
        elif item.sheet in says:  # its neighbours may be refused with it, but nothing else
            assert type(got) is Unread or same(got, report.values[item.index]), (item.key, got)
        else:
            assert same(got, report.values[item.index]), (item.key, got)
    assert w.rules(reading.context.findings) == [("F-LAYOUT", "error", sheet, "A1") for sheet in says]
    for finding in reading.context.findings:
        assert finding.message.startswith(f"“{finding.sheet}”的版式与官方模板不同，无法确定数字的位置：")
        assert says[finding.sheet] in finding.message


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_table_that_stands_twice_on_its_sheet_is_never_mixed(edition):
    report = w.distinct(edition)
    grid = w.drawn(report)
    del grid[TABLES]
    grid[TABLES] = w.drawn(report)[TABLES]
    page = grid[APPLICATIONS]
    moved = {place: value for place, value in page.items() if place[0] > 20}  # the lower half, again, elsewhere
    page.update({(row + 40, column): v + 5 if isinstance(v, int) else v for (row, column), v in moved.items()})
    grid[APPLICATIONS][6, 1] = "一、新收"  # not the official place any more
    reading = read(w.saved(grid))
    assert {type(reading.report.values[i.index]) for i in by_name(edition).items if i.table == "applications"} == {
        Unread
    }


def test_a_row_pushed_one_cell_to_the_right_is_not_read_as_if_it_were_not():
    report = w.distinct("2021")
    grid = w.drawn(report)
    w.move(APPLICATIONS, 0, 1, lambda place: place[0] == 30)(grid)
    got = w.cells_of(read(w.saved(grid)).report)
    filed = w.cells_of(report)
    wrong = {key: value for key, value in got.items() if type(value) is not Unread and value != filed[key]}
    assert wrong == {}


@pytest.mark.parametrize("zero", [True, False], ids=["零报告", "--blank-as-zero"])
@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize(
    "name", ["row deleted", "sheet missing", "two candidates", "blank row above the line of 表四", "heading blank"]
)
def test_a_lost_table_never_counts_as_zero(edition, name, zero):
    report = w.clean(edition, 3, Unit(name="某局", zero_report="是" if zero else None))
    grid = w.drawn(report, cover=True)
    REFUSED[name][1](grid)
    reading = read(w.saved(grid))
    findings = validate(reading.report, by_name(edition), None, reading.context, blank_as_zero=not zero)
    assert [(f.rule, f.severity) for f in findings] == [("F-LAYOUT", "error")]
    assert status(findings) == "failed"
    kept = [v for v in reading.report.blanks_as_zero(by_name(edition)).values if type(v) is Unread]
    assert len(kept) in (15, len([i for i in by_name(edition).items if i.table == "applications"]))


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_lost_tables_bring_no_cascade(edition):
    grid = w.drawn(w.clean(edition), cover=True)
    w.in_turn(w.delete_row(APPLICATIONS, 12), w.rename("结果维持", "维持"), w.rename("规章", "规则"))(grid)
    reading = read(w.saved(grid))
    findings = validate(reading.report, by_name(edition), None, reading.context)
    assert w.rules(findings) == [("F-LAYOUT", "error", sheet, "A1") for sheet in (TABLES, APPLICATIONS, DISPUTES)]


def test_no_more_than_four_differences_are_named():
    report = w.distinct("2021")
    grid = w.drawn(report)
    for old in ("规章", "行政规范性文件", "行政许可", "行政处罚", "行政强制"):
        w.rename(old, old + "（注）")(grid)
    message = w.only(read(w.saved(grid)).context.findings).message
    assert message.count("按“") == 4
    assert "等 5 处" in message


@pytest.mark.parametrize("label", ["社会公益组织", "社 会 公 益 组 织", "社会公益组织（注）"])
def test_folding_keeps_what_tells_labels_apart(label):
    assert fold(label).startswith("社会公益组织")
    assert fold("1.属于国家秘密") == fold("１、 属于国家秘密") == "属于国家秘密"
    assert fold("（七）总计") == fold("(七) 总计") == "总计"
    assert fold("本年增/减") == fold("本年增\\减") == "本年增减"
    assert fold("一、本年") != fold("十一月")


# --- which form


def test_a_form_this_kit_does_not_know_is_refused():
    data = w.with_cells(w.blank("2021"), META_SHEET, {"B1": "2035"})
    with pytest.raises(ReadError) as refused:
        read(data)
    assert refused.value.reason == "edition"
    assert str(refused.value) == "是“2035”版统计表，本程序不认识这个版本。请用 gongkai template 取得现行模板重新填报。"


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_the_edition_follows_from_the_labels(edition):
    assert read(w.saved(w.drawn(w.distinct(edition)))).report.edition == edition


def test_a_foreign_workbook_is_refused():
    with pytest.raises(ReadError) as refused:
        read(w.saved({"工资表": {(1, 1): "姓名", (1, 2): "工资", (2, 1): "甲", (2, 2): 1000}}))
    assert refused.value.reason == "foreign"
    assert str(refused.value) == UNREADABLE["foreign"].format(sheets="主动公开”“依申请公开”“复议诉讼")


def test_an_empty_workbook_is_refused():
    with pytest.raises(ReadError) as refused:
        read(w.saved({"Sheet1": {}}))
    assert refused.value.reason == "foreign"


# --- the cover of a workbook that is not ours


def test_the_cover_is_found_by_its_labels():
    report = w.clean("2021", unit=Unit(name="某某区司法局", code="A1", level="county", kind="department", phone="0379"))
    grid = w.drawn(report, cover=True)
    w.move(COVER_SHEET, 3, 2)(grid)
    reading = read(w.saved(grid))
    assert reading.report.unit == report.unit
    assert reading.report.year == 2023


def test_cover_fields_on_the_one_sheet_are_found():
    report = w.distinct("2021", Unit(name="某局"))
    grid = w.drawn(report)
    w.move(TABLES, 4, 0)(grid)
    grid[TABLES].update({(1, 1): "单位名称：", (1, 3): "某某局", (2, 1): "报告年度", (2, 2): 2023})
    reading = read(w.saved(grid))
    assert (reading.report.unit, reading.report.year) == (Unit(name="某某局"), 2023)
    assert reading.report.values == report.values


def test_a_workbook_without_cover_lacks_name_and_year():
    reading = read(w.saved(w.drawn(w.clean("2021"))))
    assert (reading.report.unit, reading.report.year) == (Unit(), None)
    findings = validate(reading.report, by_name("2021"), None, reading.context)
    assert w.rules(findings) == [("F-COVER", "error", COVER_SHEET, "C4"), ("F-COVER", "error", COVER_SHEET, "C5")]


def test_a_label_that_stands_twice_on_a_cover_is_not_guessed():
    report = w.clean("2021", unit=Unit(name="某某局"))
    grid = w.drawn(report, cover=True)
    w.move(COVER_SHEET, 1, 0)(grid)
    grid[COVER_SHEET].update({(30, 2): "单位名称", (30, 3): "别的局"})
    reading = read(w.saved(grid))
    assert reading.report.unit.name is None
    assert reading.report.year == 2023


def test_a_choice_is_read_only_where_it_stands_as_in_the_list():
    data = w.with_cells(
        w.filled(w.distinct("2021")), COVER_SHEET, {"C7": " 县级", "C8": "局", "C10": "合并", "C11": "  "}
    )
    reading = read(data)
    unit = reading.report.unit
    assert (unit.level, unit.kind, unit.restructured, unit.zero_report) == (" 县级", "局", "合并", None)
    findings = validate(reading.report, by_name("2021"), None, reading.context)
    cover = [finding for finding in findings if finding.sheet == COVER_SHEET]
    assert [(finding.rule, finding.cell, finding.value) for finding in cover] == [
        ("F-COVER", "C7", " 县级"), ("F-COVER", "C8", "局"),
    ]  # fmt: skip


# --- last year's values


def prior_row(edition, key):
    form = by_name(edition)
    return 5 + form.prior_items.index(form.index[key])


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_last_years_values_are_read(edition):
    form, report = by_name(edition), w.clean(edition)
    given_values = {index: 3 + index for index in form.prior_items}
    data = template.fill(form, report, given_values)
    prior = read(data).prior
    assert prior is not None
    assert {n: v for n, v in enumerate(prior.values) if v is not None} == given_values
    assert prior.same_edition is True  # 2020 and 2023: the year before has the same form


@pytest.mark.parametrize(("edition", "year", "same_edition"), [("2019", 2019, False), ("2019", 2020, True),
                                                               ("2021", 2021, False), ("2021", 2022, True)])  # fmt: skip
def test_the_first_year_of_a_form_is_compared_with_another_form(edition, year, same_edition):
    form = by_name(edition)
    data = template.fill(form, w.clean(edition, year=year), {form.index["applications.carried_out.total"]: 3})
    assert read(data).prior.same_edition is same_edition


@pytest.mark.parametrize("mark", ["/", "-", "无", "  ", None])
def test_what_says_nothing_of_last_year_is_not_compared(mark):
    row = prior_row("2021", "applications.carried_out.total")
    reading = read(w.with_cells(w.filled(w.clean("2021")), "上年数据", {f"E{row}": mark}))
    assert reading.prior is None
    assert reading.context.findings == ()


@pytest.mark.parametrize(
    ("value", "expected", "advice"),
    [("3件", 3, "请改为 3。"), ("约三件", None, "请改为数字，没有发生的填 0。"), (-1, None, "请改为数字，没有发生的填 0。"),
     (2.5, None, "请改为数字，没有发生的填 0。"), (True, None, "请改为数字，没有发生的填 0。")],
)  # fmt: skip
def test_text_in_last_years_values_is_a_finding_there(value, expected, advice):
    row = prior_row("2021", "applications.carried_out.total")
    reading = read(w.with_cells(w.filled(w.distinct("2021")), "上年数据", {f"E{row}": value}))
    finding = w.only(reading.context.findings)
    assert (finding.rule, finding.severity, finding.sheet, finding.cell) == ("F-TYPE", "error", "上年数据", f"E{row}")
    assert (finding.value, finding.expected, finding.item) == (value, expected, "applications.carried_out.total")
    assert finding.message.startswith("上年数据“四、结转下年度继续办理 · 总计”填的是“")
    assert finding.message.endswith(advice)


def test_last_years_values_are_not_read_beside_another_label():
    row = prior_row("2021", "applications.carried_out.total")
    data = w.with_cells(w.filled(w.clean("2021")), "上年数据", {f"E{row}": 3, f"C{row}": "别的行"})
    assert read(data).prior is None


def test_last_years_values_are_compared_and_the_finding_stands_with_this_years():
    report, form = w.clean("2021", 1), by_name("2021")
    carried = w.cells_of(report)["applications.carried_in.total"]
    data = template.fill(form, report, {form.index["applications.carried_out.total"]: carried + 2})
    reading = read(data)
    finding = w.only(validate(reading.report, form, reading.prior, reading.context))
    assert (finding.rule, finding.severity, finding.sheet, finding.cell) == ("X-CARRY", "error", APPLICATIONS, "J7")
    assert (finding.value, finding.expected) == (carried, carried + 2)


# --- explanations


def result_rows(*rows):
    """Return the cells of 验证结果 for (rule, severity, sheet, row, column, explanation)."""
    cells = {}
    for number, (rule, sheet, row, column, text) in enumerate(rows, 4):
        cells |= {f"A{number}": number - 3, f"C{number}": sheet, f"I{number}": text, f"J{number}": rule}
        cells |= {f"K{number}": row, f"L{number}": column, f"M{number}": row, f"N{number}": column}
    return cells


def test_explanations_are_read_by_rule_and_cell():
    text = "本年新增三家下属单位，申请量上升"
    cells = result_rows(("T3-OTHER-HIGH", APPLICATIONS, 28, 10, text), ("X-JUMP", APPLICATIONS, 6, 10, "  "),
                        ("X-JUMP", APPLICATIONS, 29, 10, None), ("X-CARRY", APPLICATIONS, 7, 4, "机构合并，承接原办件三件"))  # fmt: skip
    reading = read(w.with_cells(w.filled(w.distinct("2021")), "验证结果", cells))
    assert dict(reading.context.explanations) == {
        ("T3-OTHER-HIGH", APPLICATIONS, "J28"): text,
        ("X-CARRY", APPLICATIONS, "D7"): "机构合并，承接原办件三件",
    }


@pytest.mark.parametrize(
    ("text", "explained"),
    [("本年新增三家下属单位，申请量上升", True), ("核实无误", False), ("情况属实，数据无误", False), ("无", False), ("12345", False)],
)  # fmt: skip
def test_only_an_explanation_that_explains_settles_a_warning(text, explained):
    report = w.changed(w.clean("2021"), {"documents.normative_documents.in_force": 0, "documents.normative_documents.issued": 9,
                                         "documents.normative_documents.repealed": 0})  # fmt: skip
    form = by_name("2021")
    before = w.only(validate(report, form))
    assert (before.rule, before.cell) == ("T2-VALID-GE", "D6")
    data = template.fill(form, report)
    # openpyxl drops the results of totals, so what was read of them is put back
    reading = read(w.with_cells(data, "验证结果", result_rows(("T2-VALID-GE", TABLES, 6, 4, text))))
    finding = w.only(validate(report, form, None, reading.context))
    assert finding.explanation == (text if explained else None)
    assert status([finding]) == ("explained" if explained else "warnings")
    assert ("没有写明原因" in finding.message) is not explained


# --- old workbooks


def test_old_workbooks_read_the_same(office, tmp_path):
    report = w.changed(w.distinct("2021"), {
        "documents.rules.issued": None, "documents.rules.repealed": "3件", "documents.rules.in_force": "=1+1",
        "documents.normative_documents.issued": "+1 项", "fees.administrative_fees.amount": 49.9624,
        "applications.received.natural_person": -5, "applications.received.commercial_enterprise": " 　",
    })  # fmt: skip
    source = w.put(tmp_path / "新.xlsx", report)
    old = tmp_path / "旧.xls"
    with office.open(source) as document:
        document.type_values(formulas={(APPLICATIONS, "D8"): "=1/0", (APPLICATIONS, "E8"): "=NA()"})
        document.save(old)
        document.save(tmp_path / "又.xlsx")
    reading = read(old)
    expected = w.changed(report, {
        "applications.granted.natural_person": CellError("#DIV/0!"),
        "applications.granted.commercial_enterprise": CellError("#N/A"),
    })  # fmt: skip
    assert w.cells_of(reading.report) == w.cells_of(expected)
    assert [type(v) for v in reading.report.values] == [type(v) for v in expected.values]
    assert reading.report.unit == report.unit
    assert reading.report.year == report.year
    assert reading.context.findings == ()
    assert reading.application is None
    assert w.cells_of(read(tmp_path / "又.xlsx").report) == w.cells_of(expected)


def test_old_workbooks_keep_totals_dates_and_truth_values(office, tmp_path):
    report = w.clean("2019", 4)
    old = tmp_path / "旧.xls"
    source = w.put(tmp_path / "新.xlsx", w.edited(w.filled(report), as_date))
    with office.open(source) as document:
        document.type_values(formulas={(TABLES, "B6"): "=TRUE()"})
        document.save(old)
    got, filed = w.cells_of(read(old).report), w.cells_of(report)
    assert got.pop("documents.rules.made") == DateText("2024-01-31")
    assert got.pop("documents.normative_documents.made") in (True, 1)
    assert got == {key: filed[key] for key in got}


def as_date(book):
    book[TABLES]["B5"].value = 45322
    book[TABLES]["B5"].number_format = "yyyy-mm-dd"


@pytest.mark.parametrize("infinite", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_an_error_value(office, tmp_path, infinite):
    """An .xls keeps eight bytes for a number, in which a damaged file can have anything."""
    report = w.changed(w.clean("2021"), {"fees.administrative_fees.amount": 1234.567891})
    source = w.put(tmp_path / "新.xlsx", report)
    with office.open(source) as document:
        old = document.save(tmp_path / "旧.xls")
    stored, written = struct.pack("<d", 1234.567891), struct.pack("<d", infinite)
    assert old.read_bytes().count(stored) == 1
    old.write_bytes(old.read_bytes().replace(stored, written))
    (finding,) = judge(old).findings
    assert (finding.rule, finding.cell, finding.value) == ("F-TYPE", "B16", "#NUM!")
    assert finding.message.endswith("显示错误值 #NUM!。请删去出错的公式，直接填写数字。")


def test_a_broken_old_workbook_is_refused():
    with pytest.raises(ReadError) as refused:
        read(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    assert refused.value.reason in ("ole", "damaged")


# --- values as other programs store them


@pytest.mark.parametrize(
    ("stored", "kind", "expected"),
    [("#DIV/0!", "e", CellError("#DIV/0!")), (True, None, True), ("１２", "s", "１２"), ("5", "s", "5"), (0.1, None, 0.1)],
)  # fmt: skip
def test_a_value_keeps_its_kind(stored, kind, expected):
    def edit(book):
        book[TABLES]["B5"].value = stored
        if kind:
            book[TABLES]["B5"].data_type = kind

    got = read(w.edited(w.filled(w.distinct("2021")), edit)).report.values[0]
    assert same(got, expected)


def test_a_date_is_not_a_number():
    got = read(w.edited(w.filled(w.distinct("2019")), as_date)).report.values[0]
    assert got == "2024-01-31"
    assert type(got) is DateText


def test_cells_are_where_openpyxl_says():
    data = w.filled(w.distinct("2021"))
    book, values_read = openpyxl.load_workbook(io.BytesIO(data), data_only=True), read(data).report.values
    for item in by_name("2021").items:
        cell = f"{get_column_letter(item.box.left)}{item.box.top}"
        assert cell == item.cell == address(item.box.top, item.box.left)
        assert book[item.sheet][cell].value == values_read[item.index]


def test_an_extra_column_is_named():
    report = w.distinct("2021")
    grid = w.drawn(report)
    w.move(APPLICATIONS, 0, 1, lambda place: place[1] > 5)(grid)
    grid[APPLICATIONS] |= {(5, 6): "小计", (6, 6): 3}
    reading = read(w.saved(grid))
    assert reading.report.values == report.values
    assert w.rules(reading.context.findings) == [("F-LAYOUT", "warning", APPLICATIONS, "A1")]
    assert "多出的 F 列“小计”没有读取" in reading.context.findings[0].message


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_our_marks_that_a_program_stores_as_numbers_are_no_data(office, tmp_path, edition):
    # LibreOffice stores 0 for ✓ when it saves an .xls.
    report = w.clean(edition)
    source = tmp_path / "报表.xlsx"
    source.write_bytes(w.filled(report))
    with office.open(source, recalculate=False) as document:
        old = document.save(tmp_path / "报表.xls")
    reading = read(old)
    assert reading.report == report
    assert reading.context.findings == ()
