"""Reading: what was filed is what is read, wherever it stands, or it is refused; never another number."""

from __future__ import annotations

import io
import re
import struct

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

import workbooks as w
from gongkai import template
from gongkai.cell import CellError, DateText, address
from gongkai.edition import COVER_SHEET, by_name
from gongkai.labels import fold
from gongkai.messages import UNREADABLE
from gongkai.reader import ReadError, read
from gongkai.report import UNIT_FIELDS, Report, ReportError, Unit, dumps, loads
from gongkai.sheets import META_SHEET
from gongkai.submission import judge
from gongkai.validation import status, validate
from workbooks import APPLICATIONS, TABLES

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
