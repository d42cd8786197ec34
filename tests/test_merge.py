"""Merging: exact sums of what is right, and a named reason for everything left out."""

from __future__ import annotations

import hashlib
import json
import os
import re
from decimal import Decimal
from functools import reduce
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import workbooks as w
from gongkai import reporters, summary
from gongkai.collection.priors import PriorReports, compared
from gongkai.edition import by_name
from gongkai.merge import MergeError, Totals, merge
from gongkai.reader import read
from gongkai.report import Report, Unit, dumps, flatten
from gongkai.submission import judge, same_unit
from gongkai.validation import validate
from workbooks import APPLICATIONS

BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)
CENT = {"2019": "procurement.centralized_procurement.amount", "2021": "fees.administrative_fees.amount"}


def unit(number, **more):
    return Unit(**{"name": f"第{number}局", "code": f"C{number}", **more})


def made(folder, number, edition="2021", cells=None, who=None, year=None):
    """Write the report of one unit as report JSON, which is read as a workbook is, and faster."""
    report = w.changed(w.clean(edition, number, who or unit(number), year), cells or {})
    path = folder / f"{number}.json"
    path.write_text(dumps(report), "utf-8")
    return path


def added(*reports):
    """Add reports up, cell by cell, in decimals."""
    columns = zip(*(report.values for report in reports), strict=True)
    sums = [sum((Decimal(repr(value)) for value in column), Decimal(0)) for column in columns]
    return tuple(int(total) if total == int(total) else float(total) for total in sums)


def files(submissions):
    return [Path(each.submission.file).name for each in submissions]


def aged(path, seconds):
    os.utime(path, (seconds, seconds))
    return path


def write(path, result):
    path.write_bytes(summary.workbook(result))
    return path


# --- exact sums


@BY_EDITION
def test_tenths_add_up_exactly(tmp_path, edition):
    paths = [made(tmp_path, n, edition, {CENT[edition]: value}) for n, value in ((1, 0.1), (2, 0.2))]
    result = merge([judge(path) for path in paths], "某区")
    assert result.totals[by_name(edition).index[CENT[edition]]] == 0.3
    paths.append(made(tmp_path, 3, edition, {CENT[edition]: 0.7}))
    total = merge([judge(path) for path in paths], "某区").totals[by_name(edition).index[CENT[edition]]]
    assert (total, type(total)) == (1, int)


def test_a_thousand_cents_are_ten():
    totals = [Totals.of(w.changed(w.clean("2021"), {CENT["2021"]: 0.000001}))] * 1000
    total = reduce(Totals.__add__, totals, Totals.nothing(by_name("2021")))
    assert total.units == 1000
    assert total.plain()[by_name("2021").index[CENT["2021"]]] == 0.001


@BY_EDITION
def test_every_cell_is_added(tmp_path, edition):
    reports = [w.clean(edition, n, unit(n)) for n in (1, 2, 3)]
    result = merge([judge(made(tmp_path, n, edition)) for n in (1, 2, 3)], "某区")
    assert result.totals == added(*reports)
    assert result.edition.name == edition
    assert result.year == w.YEARS[edition]
    assert list(result.excluded) == []


money = st.integers(0, 10**15 - 1).map(lambda n: n / 10**6).filter(lambda n: float(f"{n:.15g}") == n)
counts = st.integers(0, 10**15 - 1)


@st.composite
def totals(draw):
    form = by_name("2021")
    some = draw(st.lists(counts, min_size=1, max_size=4))
    values = [some[n % len(some)] for n in range(len(form.items))]
    values[form.index[CENT["2021"]]] = draw(money)
    return Totals.of(Report("2021", 2023, Unit(), tuple(values)))


@settings(max_examples=60, deadline=None)
@given(totals(), totals(), totals())
def test_adding_is_associative_and_commutative_and_has_a_zero(one, two, three):
    nothing = Totals.nothing(by_name("2021"))
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + nothing == one == nothing + one
    assert (one + two + three).units == 3


UNITS = {number: w.clean("2021", number, unit(number)) for number in range(1, 7)}


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_the_order_of_files_changes_nothing(tmp_path, order):
    paths = {n: made(tmp_path, n) for n in order}
    result = merge([judge(paths[n]) for n in order], "某区")
    assert result.totals == added(*(UNITS[n] for n in order))
    assert files(result.included) == [f"{n}.json" for n in order]


# --- the summary workbook


@BY_EDITION
def test_the_summary_is_itself_a_report_without_findings(tmp_path, edition):
    reports = [w.clean(edition, n, unit(n)) for n in (1, 2)]
    result = merge([judge(made(tmp_path, n, edition)) for n in (1, 2)], "某区")
    path = write(tmp_path / "汇总.xlsx", result)
    reading = read(path)
    assert reading.report == Report(edition, w.YEARS[edition], Unit(name="某区", kind="region"), added(*reports))
    assert reading.context.findings == ()
    assert validate(reading.report, by_name(edition), reading.prior, reading.context) == ()
    assert judge(path).findings == ()
    assert reading.members == (Unit(name="第1局", code="C1"), Unit(name="第2局", code="C2"))
    assert [detail.unit for detail in reading.details] == list(reading.members)
    assert [detail.values for detail in reading.details] == [report.values for report in reports]
    assert w.uncalculated(path.read_bytes()) == []
    assert w.shown(path.read_bytes(), "封面")["A2"] == "内置校验：通过"


def test_every_number_of_the_summary_is_a_formula_over_its_units(tmp_path):
    result = merge([judge(made(tmp_path, n)) for n in (1, 2, 3)], "某区")
    data = summary.workbook(result)
    for item in by_name("2021").items:
        part = w.parts(data)[w.part_of(data, item.sheet)].decode()
        cell = re.search(rf'<c r="{item.cell}"[^>]*><f>(.*?)</f><v>(.*?)</v></c>', part)
        column = summary.column_letters(6 + item.index)
        added_up = f"SUM(明细!{column}6:{column}8)"
        assert cell[1] == (added_up if item.measure.whole else f"ROUND({added_up},6)")
        assert float(cell[2]) == result.totals[item.index]


def test_the_summary_lists_what_is_in_and_what_is_out_and_why(tmp_path):
    good, zero = (
        made(tmp_path, 1),
        made(tmp_path, 2, who=unit(2, zero_report="是"), cells={"documents.rules.issued": None}),
    )
    bad = made(tmp_path, 3, cells={"applications.received.natural_person": "3件"})
    result = merge([judge(path) for path in (good, zero, bad)], "某区")
    data = summary.workbook(result)
    coverage = w.shown(data, "报送情况")
    assert coverage["A1"] == "报送情况：收到 3 份，已汇总 2 份，未汇总 1 份"
    rows = [[coverage.get(f"{column}{row}") for column in "ABCDEFGHI"] for row in (3, 4, 5)]
    why = next(result.excluded).why
    assert rows == [
        [3, "第3局", "C3", bad.name, "未汇总", why, 1, 0, 0],
        [1, "第1局", "C1", good.name, "已汇总", "通过", 0, 0, 0],
        [2, "第2局", "C2", zero.name, "已汇总", "通过", 0, 0, 1],
    ]
    problems = w.shown(data, "问题清单")
    assert [problems.get(f"{column}3") for column in "ABCDEFGHI"] == [
        bad.name, "第3局", "错误", "F-TYPE", APPLICATIONS, "D6", "一、本年新收政府信息公开申请数量 · 自然人", "3件", "3",
    ]  # fmt: skip
    assert "A4" not in problems
    details = w.shown(data, "明细")
    assert [details.get(f"{column}{row}") for row in (6, 7) for column in "ABCDEF"] == [
        1, "第1局", "C1", good.name, 0, 0, 2, "第2局", "C2", zero.name, 1, 0,
    ]  # fmt: skip
    assert "A8" not in details


def test_sums_that_may_count_twice_are_named(tmp_path):
    data = summary.workbook(merge([judge(made(tmp_path, 1))], "某区"))
    notices = [
        text for text in w.shown(data, "概览").values() if isinstance(text, str) and text.startswith("相加须注意")
    ]
    assert len(notices) == 2
    assert "行政规范性文件 · 现行有效件数——现行有效件数是存量" in notices[1]


def test_texts_in_a_summary_are_texts(tmp_path):
    evil = '=HYPERLINK("http://example.com","x")'
    good = made(tmp_path, 1, who=Unit(name=evil, code="=1+1"))
    bad = made(tmp_path, 2, cells={"applications.received.natural_person": evil})
    data = summary.workbook(merge([judge(good), judge(bad)], "=1+1"))
    for sheet in ("报送情况", "明细", "问题清单"):
        assert b"<f>" not in w.parts(data)[w.part_of(data, sheet)]
    assert w.shown(data, "明细")["B6"] == evil
    assert w.shown(data, "问题清单")["H3"] == evil
    assert read(data).report.unit.name == "=1+1"


def test_a_summary_that_was_changed_by_hand_is_found_out(tmp_path):
    result = merge([judge(made(tmp_path, n)) for n in (1, 2)], "某区")
    item = by_name("2021").items[by_name("2021").index["licensing.administrative_licensing.decisions"]]
    total = result.totals[item.index]

    def change(part):
        old = f"<v>{total}</v>".encode()
        head = part.index(f'<c r="{item.cell}"'.encode())
        return part[:head] + part[head:].replace(old, f"<v>{total + 1}</v>".encode(), 1)

    path = tmp_path / "汇总.xlsx"
    path.write_bytes(w.replaced(summary.workbook(result), item.sheet, change))
    finding = w.only(judge(path).findings)
    assert (finding.rule, finding.severity, finding.sheet, finding.cell) == ("R-SUM", "error", item.sheet, item.cell)
    assert (finding.value, finding.expected) == (total + 1, total)


# --- what is left out


def reasons(result):
    return {Path(each.submission.file).name: each.why for each in result.excluded}


def test_a_unit_with_an_error_is_left_out_and_named(tmp_path):
    paths = [made(tmp_path, 1), made(tmp_path, 2, cells={"applications.received.natural_person": "3件"})]
    result = merge([judge(path) for path in paths], "某区")
    assert result.totals == UNITS[1].values
    message = "“一、本年新收政府信息公开申请数量 · 自然人”填的是“3件”，不是数字。请改为 3。"
    assert reasons(result) == {"2.json": f"有 1 处错误（F-TYPE），如 依申请公开!D6：{message}"}


def test_several_errors_are_counted_and_their_rules_named_once(tmp_path):
    cells = {"applications.received.natural_person": "3件", "applications.received.commercial_enterprise": "约5",
             "disputes.reconsideration.upheld": None}  # fmt: skip
    result = merge([judge(made(tmp_path, 1)), judge(made(tmp_path, 2, cells=cells))], "某区")
    assert reasons(result)["2.json"].startswith("有 3 处错误（F-TYPE、F-BLANK），如 依申请公开!D6：")


def test_warnings_do_not_keep_a_unit_out(tmp_path):
    cells = {
        f"documents.normative_documents.{key}": value
        for key, value in (("issued", 9), ("repealed", 2), ("in_force", 6))
    }
    submission = judge(made(tmp_path, 1, cells=cells))
    assert submission.status == "warnings"
    result = merge([submission], "某区")
    assert files(result.included) == ["1.json"]
    assert json.loads("".join(reporters.merge_json(result)))["units"]["included"][0]["status"] == "warnings"


def test_what_cannot_be_read_is_left_out(tmp_path):
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"")
    result = merge([judge(made(tmp_path, 1)), judge(broken)], "某区")
    assert reasons(result) == {"坏.xlsx": "文件是空的（0 字节），可能没有传完。请重新取得文件。"}
    assert result.totals == UNITS[1].values


def test_a_table_that_was_not_found_keeps_its_unit_out(tmp_path):
    grid = w.drawn(w.clean("2021", 2, unit(2, zero_report="是")), cover=True)
    w.delete_row(APPLICATIONS, 12)(grid)
    path = w.put(tmp_path / "2.xlsx", w.saved(grid))
    for zero in (False, True):
        result = merge([judge(made(tmp_path, 1)), judge(path, blank_as_zero=zero)], "某区")
        assert result.totals == UNITS[1].values
        assert reasons(result)["2.xlsx"].startswith("有 1 处错误（F-LAYOUT），如 依申请公开!A1：")


def test_another_year_is_left_out_when_a_year_is_given(tmp_path):
    paths = [made(tmp_path, 1), made(tmp_path, 2, year=2022), made(tmp_path, 3, year=2022)]
    result = merge([judge(path) for path in paths], "某区", 2022)
    assert (result.year, files(result.included)) == (2022, ["2.json", "3.json"])
    assert reasons(result) == {"1.json": "是 2023 年度的报表，不是 2022 年度（S-YEAR）"}
    assert result.totals == added(UNITS[2], UNITS[3])


def test_mixed_years_are_refused(tmp_path):
    paths = [made(tmp_path, 1), made(tmp_path, 2, year=2022), made(tmp_path, 3)]
    with pytest.raises(MergeError) as refused:
        merge([judge(path) for path in paths], "某区")
    assert str(refused.value) == (
        "这些报表不是同一年度（2022 年度 1 份，2023 年度 2 份），不能相加。请用 --year 指明要汇总的年度。"
    )  # fmt: skip


def test_nothing_readable_cannot_be_merged(tmp_path):
    broken = tmp_path / "坏.xlsx"
    broken.write_bytes(b"")
    with pytest.raises(MergeError) as refused:
        merge([judge(broken)], "某区")
    assert str(refused.value) == "没有一份可以读取的报表，无法汇总。请先用 gongkai validate 查看各文件的问题。"


def test_another_form_is_left_out(tmp_path):
    old = made(tmp_path, 2, edition="2019", year=2023)
    result = merge([judge(made(tmp_path, 1)), judge(old)], "某区")
    assert reasons(result) == {"2.json": "用的是 2019 年版统计表，2023 年度应使用 2021 年版（S-EDITION）"}
    assert result.totals == UNITS[1].values


def test_two_forms_are_never_added(tmp_path):
    paths = [made(tmp_path, 1, edition="2019"), made(tmp_path, 2, year=2021)]
    submissions = [judge(path) for path in paths]
    with pytest.raises(MergeError):
        merge(submissions, "某区")
    assert merge(submissions, "某区", 2020).totals == w.clean("2019", 1).values
    assert merge(submissions, "某区", 2021).totals == w.clean("2021", 2).values


@pytest.mark.parametrize("newer", ["1.json", "2.json"])
def test_of_two_reports_of_a_unit_the_newer_counts(tmp_path, newer):
    paths = [made(tmp_path, 1), made(tmp_path, 2, who=unit(1))]
    for path in paths:
        aged(path, 2_000_000_000 if path.name == newer else 1_000_000_000)
    result = merge([judge(path) for path in paths], "某区")
    older = next(path for path in paths if path.name != newer)
    new = next(path for path in paths if path.name == newer)
    assert files(result.included) == [newer]
    assert reasons(result) == {older.name: f"与 {new} 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"}
    assert result.totals == UNITS[int(newer[0])].values


def test_a_newer_report_with_errors_does_not_displace_a_good_one(tmp_path):
    old = aged(made(tmp_path, 1), 1_000_000_000)
    new = aged(made(tmp_path, 2, who=unit(1), cells={"disputes.reconsideration.upheld": None}), 2_000_000_000)
    result = merge([judge(old), judge(new)], "某区")
    assert files(result.included) == ["1.json"]
    assert reasons(result)["2.json"].startswith("有 1 处错误（F-BLANK）")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (("甲局", "C1"), ("甲局", "C2"), False), (("甲局", "C1"), ("乙局", "C1"), True), (("甲局", None), ("甲局", None), True),
        (("甲局", "C1"), ("甲局", None), True), (("甲局", None), ("甲 局", "C2"), True), (("甲局", " c1 "), ("甲局", "C1"), True),
        (("甲局", None), ("乙局", None), False),
    ],
)  # fmt: skip
def test_codes_decide_who_is_who_where_both_have_one(tmp_path, one, two, same):
    first, second = (Unit(name=name, code=code) for name, code in (one, two))
    assert same_unit(first, second) is same
    assert same_unit(second, first) is same
    paths = [made(tmp_path, 1, who=first), made(tmp_path, 2, who=second)]
    result = merge([judge(path) for path in paths], "某区")
    assert len(list(result.included)) == (1 if same else 2)
    if not same:
        assert result.totals == added(UNITS[1], UNITS[2])


def test_a_file_that_is_left_out_leaves_nobody_out(tmp_path):
    # The one without a code is older than C2 and newer than C1; it gives way to C2, and C1 is another unit than C2.
    who = [Unit(name="甲局", code="C1"), Unit(name="甲局"), Unit(name="甲局", code="C2")]
    paths = [aged(made(tmp_path, n, who=each), 1_000_000_000 + n) for n, each in enumerate(who, 1)]
    result = merge([judge(path) for path in paths], "某区")
    assert files(result.included) == ["1.json", "3.json"]
    assert result.totals == added(UNITS[1], UNITS[3])


def test_three_reports_of_a_unit_count_once(tmp_path):
    paths = [aged(made(tmp_path, n, who=unit(1)), 1_000_000_000 + n) for n in (1, 2, 3)]
    result = merge([judge(path) for path in paths], "某区")
    assert files(result.included) == ["3.json"]
    assert all("（S-DUPLICATE）" in why and "3.json" in why for why in reasons(result).values())


# --- summaries that overlap


@pytest.mark.parametrize("unit_is_newer", [False, True], ids=["summary newer", "unit newer"])
def test_a_unit_of_a_summary_is_not_added_again(tmp_path, unit_is_newer):
    paths = [made(tmp_path, n) for n in (1, 2)]
    region = write(tmp_path / "某区.xlsx", merge([judge(path) for path in paths], "某区"))
    aged(paths[0], 2_000_000_000 if unit_is_newer else 1_000_000_000)
    aged(region, 1_500_000_000)
    result = merge([judge(region), judge(paths[0]), judge(made(tmp_path, 3))], "某市")
    assert files(result.included) == ["某区.xlsx", "3.json"]
    assert reasons(result) == {"1.json": f"已包含在“某区”的汇总中（{region}），再加会重复计算（S-OVERLAP）"}
    assert result.totals == added(UNITS[1], UNITS[2], UNITS[3])


def test_two_summaries_with_a_unit_in_common_are_not_both_added(tmp_path):
    paths = [made(tmp_path, n) for n in (1, 2, 3)]
    one = write(tmp_path / "甲区.xlsx", merge([judge(paths[0]), judge(paths[1])], "甲区"))
    two = write(tmp_path / "乙区.xlsx", merge([judge(paths[1]), judge(paths[2])], "乙区"))
    result = merge([judge(one), judge(two)], "某市")
    assert len(list(result.included)) < 2
    assert all("S-OVERLAP" in why for why in reasons(result).values())


def test_a_unit_two_summaries_down_is_not_added_again(tmp_path):
    paths = [made(tmp_path, n) for n in (1, 2)]
    county = write(tmp_path / "某县.xlsx", merge([judge(path) for path in paths], "某县"))
    city = write(tmp_path / "某市.xlsx", merge([judge(county), judge(made(tmp_path, 3))], "某市"))
    for path in paths:
        aged(path, 1_000_000_000)
    result = merge([judge(city), judge(paths[0])], "某省")
    assert files(result.included) == ["某市.xlsx"]
    assert "S-OVERLAP" in reasons(result)["1.json"]


def test_a_unit_whose_summary_is_left_out_is_counted(tmp_path):
    # 甲区 gives way to 乙区, which is newer and has a unit in common with it; then the report of 1 counts by itself.
    paths = [made(tmp_path, n) for n in (1, 2, 3)]
    one = write(tmp_path / "甲区.xlsx", merge([judge(paths[0]), judge(paths[1])], "甲区"))
    two = write(tmp_path / "乙区.xlsx", merge([judge(paths[1]), judge(paths[2])], "乙区"))
    aged(one, 1_000_000_000)
    result = merge([judge(one), judge(two), judge(paths[0])], "某市")
    assert files(result.included) == ["乙区.xlsx", "1.json"]
    assert result.totals == added(UNITS[1], UNITS[2], UNITS[3])


def test_the_units_of_every_level_are_listed(tmp_path):
    county = write(tmp_path / "某县.xlsx", merge([judge(made(tmp_path, n)) for n in (1, 2)], "某县"))
    city = write(tmp_path / "某市.xlsx", merge([judge(county), judge(made(tmp_path, 3))], "某市"))
    assert [member.name for member in read(city).members] == ["某县", "第1局", "第2局", "第3局"]
    assert [detail.unit.name for detail in read(city).details] == ["某县", "第3局"]
    sheet = openpyxl.load_workbook(city)["_units"]
    assert sheet.sheet_state == "hidden"


def test_the_office_that_collects_is_one_of_its_units(tmp_path):
    # It bears the name of the region, and so does the summary; at the next level the summary is one unit.
    office = made(tmp_path, 1, who=Unit(name="某区"))
    region = write(tmp_path / "某区.xlsx", merge([judge(office), judge(made(tmp_path, 2))], "某区"))
    result = merge([judge(region), judge(made(tmp_path, 3))], "某市")
    assert files(result.included) == ["某区.xlsx", "3.json"]
    assert result.totals == added(UNITS[1], UNITS[2], UNITS[3])


# --- blanks


def test_blanks_keep_a_unit_out_unless_somebody_declares_them_zero(tmp_path):
    cells = {"documents.rules.issued": None, "documents.rules.repealed": "/", "documents.rules.in_force": "无"}
    path = made(tmp_path, 1, cells=cells)
    assert reasons(merge([judge(path), judge(made(tmp_path, 2))], "某区")).keys() == {"1.json"}
    submission = judge(path, blank_as_zero=True)
    assert (submission.status, submission.zeroed) == ("passed", 3)
    result = merge([submission, judge(made(tmp_path, 2), blank_as_zero=True)], "某区")
    assert result.totals == added(UNITS[1], UNITS[2])
    assert [entry["zeroed"] for entry in json.loads("".join(reporters.merge_json(result)))["units"]["included"]] == [
        3,
        0,
    ]
    assert "  注意：第1局（" in reporters.merge_text(result, None)
    assert "有 3 个空白格按声明以 0 计入。" in reporters.merge_text(result, None)
    assert reporters.merge_text(result, None).count("注意") == 1


def test_a_zero_report_counts_as_declared(tmp_path):
    form = by_name("2021")
    report = Report("2021", 2023, unit(1, zero_report="是"), (None,) * len(form.items))
    path = w.put(tmp_path / "零.xlsx", report)
    submission = judge(path)
    assert (submission.status, submission.zeroed) == ("passed", len(form.items))
    result = merge([submission, judge(made(tmp_path, 2))], "某区")
    assert result.totals == UNITS[2].values
    assert submission.report.values == (None,) * len(form.items)


@pytest.mark.parametrize("text", ["3件", "+1 项", "约5", " 3", "#DIV/0!", "零"])
def test_text_is_never_zero(tmp_path, text):
    path = made(
        tmp_path, 1, cells={"licensing.administrative_licensing.decisions": text}, who=unit(1, zero_report="是")
    )
    result = merge([judge(path, blank_as_zero=True), judge(made(tmp_path, 2), blank_as_zero=True)], "某区")
    assert reasons(result)["1.json"].startswith("有 1 处错误（F-TYPE）")
    assert result.totals == UNITS[2].values


DEFECTS = [
    {"applications.received.natural_person": "3件"}, {"applications.received.natural_person": None},
    {"licensing.administrative_licensing.decisions": -1}, {"licensing.administrative_licensing.decisions": 2.5},
    {"disputes.reconsideration.total": 999}, {CENT["2021"]: "2560万元"}, {CENT["2021"]: True}, {CENT["2021"]: 0.1234567},
]  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.generate]
)
@given(
    plan=st.lists(st.none() | st.sampled_from(DEFECTS), min_size=1, max_size=6), other_year=st.sets(st.integers(1, 6))
)
def test_the_sum_never_includes_what_is_left_out(tmp_path_factory, plan, other_year):
    folder = tmp_path_factory.mktemp("mix")
    paths = {
        n: made(folder, n, cells=defect, year=2022 if n in other_year else 2023) for n, defect in enumerate(plan, 1)
    }
    good = [n for n, defect in enumerate(plan, 1) if defect is None and n not in other_year]
    result = merge([judge(path) for path in paths.values()], "某区", 2023)
    assert files(result.included) == [f"{n}.json" for n in good]
    assert len(list(result.included)) + len(list(result.excluded)) == len(plan)
    assert result.totals == (added(*(UNITS[n] for n in good)) if good else (0,) * len(result.totals))
    assert all(each.why for each in result.excluded)


# --- the contract


def test_the_json_is_that_of_the_contract(tmp_path):
    warned = made(tmp_path, 1, cells={"documents.normative_documents.issued": 9, "documents.normative_documents.repealed": 0,
                                      "documents.normative_documents.in_force": 0})  # fmt: skip
    bad = made(tmp_path, 2, cells={"applications.received.natural_person": "3件"})
    unreadable = tmp_path / "坏.xlsx"
    unreadable.write_bytes(b"PK")
    result = merge([judge(path) for path in (warned, bad, unreadable)], "某区")
    document = json.loads("".join(reporters.merge_json(result)))
    assert list(document) == ["edition", "year", "region", "units", "totals", "findings", "details"]
    assert (document["edition"], document["year"], document["region"]) == ("2021", 2023, "某区")
    assert list(document["units"]) == ["included", "excluded", "missing"]
    assert document["units"]["included"] == [
        {
            "file": str(warned), "unit": {"name": "第1局", "code": "C1"}, "status": "warnings", "zeroed": 0,
            "sha256": hashlib.sha256(warned.read_bytes()).hexdigest(),
        }
    ]  # fmt: skip
    assert document["details"]["items"] == [item.key for item in by_name("2021").items]
    assert document["details"]["reports"] == [{"name": "第1局", "code": "C1", "values": list(result.totals)}]
    assert [list(entry) for entry in document["units"]["excluded"]] == [["file", "unit", "why"]] * 2
    assert document["units"]["excluded"][0]["unit"] == {"name": "第2局", "code": "C2"}
    assert document["units"]["excluded"][1]["unit"] == {"name": None, "code": None}
    assert document["units"]["missing"] == []
    assert flatten(by_name("2021"), document["totals"]) == result.totals
    assert list(document["totals"]) == list(by_name("2021").lines)
    keys = ["file", "rule", "severity", "sheet", "cell", "item", "value", "expected", "cells", "message", "explanation"]
    assert [list(finding) for finding in document["findings"]] == [keys] * 2
    assert [(f["file"], f["rule"], f["cell"]) for f in document["findings"]] == [
        (str(warned), "T2-VALID-GE", "D6"), (str(bad), "F-TYPE", "D6"),
    ]  # fmt: skip


def test_the_text_says_who_is_in_and_who_is_out(tmp_path):
    good, bad = made(tmp_path, 1), made(tmp_path, 2, cells={"disputes.reconsideration.upheld": None})
    result = merge([judge(good), judge(bad)], "某区")
    lines = reporters.merge_text(result, Path("汇总.xlsx")).splitlines()
    assert lines == [
        "某区 2023 年度汇总：已汇总 1 份，未汇总 1 份。",
        f"  已汇总  第1局（{good}）",
        f"  未汇总  第2局（{bad}）：{next(result.excluded).why}",
        "汇总表：汇总.xlsx",
    ]
    assert reporters.merge_text(result, None).endswith("没有一份可以汇总，未生成汇总表。")


# --- last year


def carried(report):
    return w.cells_of(report)["applications.carried_in.total"]


def last_years(number, more=0, who=None):
    """Return last year's report of a unit: what was carried out is what this year carried in, and ``more``."""
    this = w.cells_of(UNITS[number])
    cells = {}
    for column in (*w.PEOPLE, "total"):
        out = this[f"applications.carried_in.{column}"] + (more if column in ("natural_person", "total") else 0)
        cells[f"applications.carried_out.{column}"] = cells[f"applications.received.{column}"] = out
    cells["documents.normative_documents.in_force"] = (
        this["documents.normative_documents.in_force"] - this["documents.normative_documents.issued"]
        + this["documents.normative_documents.repealed"]
    )  # fmt: skip
    cells[CENT["2021"]] = this[CENT["2021"]]
    return w.of("2021", cells, who or unit(number), 2022)


def rules_with(path, priors):
    submission = compared(judge(path), PriorReports(priors))
    return {(f.rule, f.cell) for f in submission.findings if f.severity == "error"}


def test_last_year_is_found_by_unit(tmp_path):
    path = made(tmp_path, 1)
    assert rules_with(path, [last_years(1), last_years(2, 5)]) == set()
    assert rules_with(path, [last_years(1, 2)]) == {("X-CARRY", "J7")}
    assert rules_with(path, [last_years(2, 5)]) == set()


def test_last_year_of_another_code_is_another_unit(tmp_path):
    path = made(tmp_path, 1)
    assert rules_with(path, [last_years(1, 2, Unit(name="改名局", code="C1"))]) == {("X-CARRY", "J7")}
    assert rules_with(path, [last_years(1, 2, Unit(name="第1局"))]) == {("X-CARRY", "J7")}
    assert rules_with(path, [last_years(1, 2, Unit(name="第1局", code="C9"))]) == set()


def test_only_the_year_before_counts(tmp_path):
    path, last = made(tmp_path, 1), last_years(1, 2)
    earlier = Report("2021", 2021, last.unit, last.values)
    assert rules_with(path, [earlier]) == set()
    assert rules_with(path, [earlier, last]) == {("X-CARRY", "J7")}


def test_last_years_summary_holds_the_reports_of_its_units(tmp_path):
    folder = tmp_path / "2022"
    folder.mkdir()
    paths = []
    for number, more in ((1, 0), (2, 3)):
        path = folder / f"{number}.json"
        path.write_text(dumps(last_years(number, more)), "utf-8")
        paths.append(path)
    region = write(folder / "汇总.xlsx", merge([judge(path) for path in paths], "某区"))
    details = read(region).details
    assert [detail.unit.name for detail in details] == ["第1局", "第2局"]
    assert [detail.year for detail in details] == [2022, 2022]
    assert rules_with(made(tmp_path, 1), details) == set()
    submission = compared(judge(made(tmp_path, 2)), PriorReports(details))
    finding = w.only([f for f in submission.findings if f.severity == "error"])
    assert (finding.rule, finding.value, finding.expected) == ("X-CARRY", carried(UNITS[2]), carried(UNITS[2]) + 3)


def test_the_region_is_compared_with_its_summary_of_last_year(tmp_path):
    folder = tmp_path / "2022"
    folder.mkdir()
    (folder / "1.json").write_text(dumps(last_years(1, 3)), "utf-8")
    last = read(write(folder / "汇总.xlsx", merge([judge(folder / "1.json")], "某区")))
    this = write(tmp_path / "汇总.xlsx", merge([judge(made(tmp_path, 1))], "某区"))
    errors = compared(judge(this), PriorReports([last.report, *last.details])).findings
    assert [(f.rule, f.severity, f.cell, f.expected) for f in errors] == [
        ("X-CARRY", "error", "J7", carried(UNITS[1]) + 3)
    ]


def test_details_of_a_summary_that_somebody_rearranged_are_not_read(tmp_path):
    data = summary.workbook(merge([judge(made(tmp_path, 1))], "某区"))
    rearranged = w.with_cells(data, "明细", {"F5": "applications.received.total"})
    assert read(rearranged).details == ()
    assert read(rearranged).members == (Unit(name="第1局", code="C1"),)
