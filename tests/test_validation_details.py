"""Findings, detail by detail: every field of one, its sentence to the letter, where it stands among the others."""

from __future__ import annotations

import pytest

import workbooks as w
from gongkai import messages
from gongkai.cell import CellError, DateText, Uncalculated
from gongkai.edition import Edition, by_name
from gongkai.remedy import Correction, Remedy
from gongkai.validation import Context, Finding, sum_findings, together, validate
from gongkai.verdict import Prior
from reports import report
from workbooks import APPLICATIONS, DISPUTES, TABLES

UNIT = {"name": "某局"}
WRITTEN = UNIT | {"fee_statement": "是"}
COUNT = "licensing.administrative_licensing.decisions"
RIGHT = Correction("disputes.reconsideration.total", DISPUTES, "E6", 5, 6)


def found(values=None, edition="2021", base="zero", context=None, prior=None, **more):
    more = {"year": {"2019": 2020, "2021": 2023}[edition], "unit": UNIT} | more
    return validate(report(edition, base, values or {}, **more), by_name(edition), prior, context)


def only(values=None, edition="2021", base="zero", **more):
    (finding,) = found(values, edition, base, **more)
    return finding


def before(edition="2021", values=None, of=None):
    form = by_name(of or edition)
    last = report(of or edition, "busy-before", values or {}, year={"2019": 2019, "2021": 2022}[edition], unit=UNIT)
    return Prior.of(last, form, by_name(edition))


# --- as JSON


def finding(**more):
    fields = {"rule": "T4-SUM", "severity": "error", "sheet": DISPUTES, "cell": "E6", "item": "x", "value": 5, "expected": 6,
              "cells": ("E6", "A6"), "message": "错了。", "name": "总计"}  # fmt: skip
    return Finding(**(fields | more))


def remedy(*, unique):
    return Remedy((RIGHT,), (("T4-SUM", "x", DISPUTES, "E6"),), "total", unique)


def test_a_finding_as_json():
    known = {"rule": "T4-SUM", "severity": "error", "sheet": "复议诉讼", "cell": "E6", "item": "x", "value": 5, "expected": 6,
             "cells": ["E6", "A6"], "message": "错了。", "explanation": None}  # fmt: skip
    sure, unsure = remedy(unique=True), remedy(unique=False)
    assert finding().to_json() == known
    assert finding(explanation="新设机构").to_json() == known | {"explanation": "新设机构"}
    assert finding(remedies=(sure,)).to_json() == known | {"cure": sure.to_json()}
    assert finding(remedies=(unsure,)).to_json() == known | {"candidates": [unsure.to_json()]}
    both = finding(remedies=(sure, unsure))
    assert both.to_json() == known | {"candidates": [sure.to_json(), unsure.to_json()]}
    assert (finding(remedies=(sure,)).cure, both.cure, finding().cure) == (sure, None, None)


def test_findings_with_the_same_remedies_are_told_together():
    one, other, alone = finding(remedies=(remedy(unique=True),)), finding(cell="O6"), finding(cell="J6")
    again = finding(cell="D6", remedies=one.remedies)
    assert list(together([other, one, alone, again])) == [
        ((), (other,)), (one.remedies, (one, again)), ((), (alone,)),
    ]  # fmt: skip


# --- order


def test_findings_come_by_row_and_column_whatever_is_wrong():
    values = {"disputes.reconsideration.total": 1, "disputes.litigation_after_reconsideration.upheld": None}
    assert [(f.rule, f.cell) for f in found(values)] == [("T4-SUM", "E6"), ("F-BLANK", "K6")]


def test_what_stands_on_sheets_of_other_names_comes_last():
    places = {by_name("2021").index[COUNT]: ("表二", "F14"), 0: ("表二", "B7")}
    values = {COUNT: -1, "documents.rules.issued": -1, "disputes.reconsideration.upheld": -1}
    got = found(values, unit={}, context=Context(places=places))
    assert [(f.sheet, f.cell) for f in got if f.rule.startswith("F-")] == [
        ("封面", "C5"), (DISPUTES, "A6"), ("表二", "B7"), ("表二", "F14"),
    ]  # fmt: skip


def test_what_the_reader_noticed_comes_with_the_rest():
    noticed = finding(rule="F-LAYOUT", sheet=APPLICATIONS, cell="A1", item=None, severity="warning", cells=("A1",))
    got = found({COUNT: -1, "disputes.reconsideration.upheld": -1}, context=Context(findings=(noticed,)))
    assert [(f.rule, f.sheet) for f in got] == [
        ("F-COUNT", TABLES), ("F-LAYOUT", APPLICATIONS), ("F-COUNT", DISPUTES),
    ]  # fmt: skip


# --- what would settle it


def test_remedies_are_for_errors_only():
    values = {"disputes.reconsideration.total": 1, "documents.rules.issued": 9}
    got = {f.rule: f.remedies for f in found(values)}
    assert [one.kind for one in got["T4-SUM"]] == ["total"]
    assert got["T2-VALID-GE"] == ()


@pytest.mark.parametrize(
    ("official", "last", "changes"),
    [
        (True, True, [("把 依申请公开!D7 的 40 改为 4", True)]),
        (False, True, [("把 依申请公开!D7 的 40 改为 4，把 依申请公开!J7 的 42 改为 6", True)]),
        (True, False, [("把 依申请公开!D7 的 40 改为 4", False), ("把 依申请公开!D30 的 4 改为 40", False)]),
    ],
)
def test_totals_that_are_formulas_follow_and_last_year_confirms(official, last, changes):
    values = {"applications.carried_in.natural_person": 40, "applications.carried_in.total": 42}
    got = found(values, base="busy", unit=WRITTEN, prior=before() if last else None, context=Context(official=official))
    errors = [f for f in got if f.severity == "error"]
    assert [(f.rule, f.cell) for f in errors] == [("X-CARRY", "J7")] * last + [("T3-BAL", "D30"), ("T3-BAL", "J30")]
    for each in errors:  # one mistake is one advice
        assert [(one.change, one.unique) for one in each.remedies] == changes


# --- sums of a summary


def members(*cells):
    return [w.of("2021", each) for each in cells]


def test_a_sum_that_is_none_is_a_finding_of_its_cell():
    key = "fees.administrative_fees.amount"
    summary = w.of("2021", {key: 0.4, COUNT: 3})
    (got,) = sum_findings(summary, by_name("2021"), members({key: 0.1, COUNT: 1}, {key: 0.2, COUNT: 2}))
    item = by_name("2021").items[by_name("2021").index[key]]
    assert got == Finding(
        "R-SUM", "error", TABLES, item.cell, key, 0.4, 0.3, (item.cell,),
        f"汇总表的“{item.name}”是 0.4，而明细中各单位之和是 0.3。汇总后可能有人改动过，请重新汇总，不要手工修改。", item.name,
    )  # fmt: skip


def test_tenths_of_a_summary_add_up():
    key = "fees.administrative_fees.amount"
    assert list(sum_findings(w.of("2021", {key: 0.3}), by_name("2021"), members({key: 0.1}, {key: 0.2}))) == []


def test_what_is_no_number_in_a_summary_has_no_sum():
    (got,) = sum_findings(w.of("2021", {COUNT: 3}), by_name("2021"), members({COUNT: 1}, {COUNT: "2件"}))
    assert (got.value, got.expected) == (3, None)
    assert "是 3，而明细中各单位之和是 空白。" in got.message


def test_a_report_without_members_is_no_summary():
    assert list(sum_findings(w.of("2021", {COUNT: 3}), by_name("2021"), [])) == []


# --- explanations


def test_a_warning_nobody_explained_says_nothing_of_an_explanation():
    got = only({"documents.rules.issued": 5, "documents.rules.in_force": 1})
    assert (got.rule, got.severity, got.explanation) == ("T2-VALID-GE", "warning", None)
    assert got.message == (
        "“规章”的现行有效件数（1）少于本年制发减本年废止（D5=1，B5-C5=5）。"
        "请核对；如有当年制发当年失效的文件，请在情况说明中写明。"
    )


# --- the cover


CHOICE = "不在可选范围内。请从下拉列表中选择："


@pytest.mark.parametrize(
    ("year", "rule", "expected", "message"),
    [
        (2020, "F-EDITION", "2019", ("报告年度 2020 应使用 2019 年版统计表，本表是 2021 年版。"
         "请换用 2019 年版模板重新填报，或改正封面的报告年度。")),
        (1999, "F-EDITION", None, "报告年度填的是 1999，没有适用于这一年度的统计表。请改正封面的报告年度。"),
        (None, "F-COVER", None, "封面的“报告年度”没有填写。请补填。"),
        ("2023年度", "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“2023年度”。请改为 2023。"),
        ("2023年", "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“2023年”。请改为 2023。"),
        ("2023", "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“2023”。请改为 2023。"),
        ("1999", "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“1999”。请改正。"),
        ("去年", "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“去年”。请改正。"),
        (2023.5, "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“2023.5”。请改正。"),
        (True, "F-COVER", None, "封面的报告年度应是四位数字的年份，现填“TRUE”。请改正。"),
    ],
)  # fmt: skip
def test_the_year(year, rule, expected, message):
    got = only(year=year)
    assert got == Finding(rule, "error", "封面", "C4", "year", year, expected, ("C4",), message, "报告年度")


@pytest.mark.parametrize(
    ("unit", "cell", "key", "name", "message"),
    [
        ({}, "C5", "name", "单位名称", "封面的“单位名称”没有填写。请补填。"),
        ({"name": " "}, "C5", "name", "单位名称", "封面的“单位名称”没有填写。请补填。"),
        (UNIT | {"kind": "企业"}, "C8", "kind", "单位性质", f"封面的“单位性质”填的是“企业”，{CHOICE}政府、部门、汇总。"),
        (UNIT | {"restructured": "是"}, "C10", "restructured", "机构变动", f"封面的“机构变动”填的是“是”，{CHOICE}无、合并、拆分。"),
    ],
)  # fmt: skip
def test_a_field_of_the_cover(unit, cell, key, name, message):
    got = only(unit=unit)
    assert got == Finding("F-COVER", "error", "封面", cell, f"unit.{key}", unit.get(key), None, (cell,), message, name)


# --- cells


@pytest.mark.parametrize(
    ("value", "rule", "expected", "message"),
    [
        (None, "F-BLANK", None, "B9 没有填写（“{}”）。没有发生的请填 0；全部没有发生的，可在封面把“零报告”选为“是”。"),
        ("/", "F-BLANK", None, "“{}”填的是“/”，不能代替数字。没有发生的请填 0。"),
        ("3件", "F-TYPE", 3, "“{}”填的是“3件”，不是数字。请改为 3。"),
        ("约3", "F-TYPE", None, "“{}”填的是“约3”，不是数字。请改为数字，没有发生的填 0。"),
        (CellError("#N/A"), "F-TYPE", None, "“{}”显示错误值 #N/A。请删去出错的公式，直接填写数字。"),
        (DateText("2024-01-31"), "F-TYPE", None, "“{}”是一个日期（2024-01-31）。请把单元格格式改为“常规”，重新填写数字。"),
        (False, "F-TYPE", None, "“{}”填的是逻辑值 FALSE。请填写数字。"),
        (Uncalculated("=1"), "F-UNCALCULATED", None,
         "“{}”的公式没有计算结果。请用 Excel、WPS 或 LibreOffice 打开本文件，保存一次后再报送。"),
        (-1, "F-COUNT", None, "“{}”填的是 -1，件数只能是不小于 0 的整数。请按实际件数改正。"),
        (2.5, "F-COUNT", None, "“{}”填的是 2.5，件数只能是不小于 0 的整数。请按实际件数改正。"),
        (10**15 - 1, None, None, None),
        (10**15, "F-COUNT", None, "“{}”填的是 1000000000000000，超出合理范围。请核对位数和单位。"),
        (1 - 10**15, "F-COUNT", None, "“{}”填的是 -999999999999999，件数只能是不小于 0 的整数。请按实际件数改正。"),
        (-(10**15), "F-COUNT", None, "“{}”填的是 -1000000000000000，超出合理范围。请核对位数和单位。"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_by_itself(value, rule, expected, message):
    form = by_name("2021")
    item = form.items[form.index[COUNT]]
    filed = w.of("2021", {COUNT: value})
    if rule is None:
        assert validate(filed, form) == ()
        return
    (got,) = validate(filed, form)
    assert (got.rule, got.severity, got.sheet, got.cell, got.cells, got.span) == (
        rule,
        "error",
        TABLES,
        "B9",
        ("B9",),
        (),
    )
    assert (got.item, got.value, got.expected, got.name) == (COUNT, value, expected, item.name)
    assert (got.message, type(got.value)) == (message.format(item.name), type(value))


@pytest.mark.parametrize(
    ("edition", "key", "value", "rule", "message"),
    [
        ("2021", "fees.administrative_fees.amount", -0.5, "F-MONEY",
         "“行政事业性收费 · 本年收费金额（单位：万元）”填的是 -0.5，金额以万元为单位，不能是负数，最多 6 位小数。请改正。"),
        ("2021", "fees.administrative_fees.amount", 0.1234567, "F-MONEY",
         "“行政事业性收费 · 本年收费金额（单位：万元）”填的是 0.1234567，金额以万元为单位，不能是负数，最多 6 位小数。请改正。"),
        ("2019", "fees.administrative_fees.change", 0.5, "F-DELTA",
         "“行政事业性收费 · 本年增/减”填的是 0.5，增/减只能是整数，减少时填负数。请改正。"),
    ],
)  # fmt: skip
def test_money_and_changes_have_rules_of_their_own(edition, key, value, rule, message):
    got = only({key: value}, edition)
    assert (got.rule, got.value, got.message) == (rule, value, message)


ROW = ("upheld", "corrected", "other", "pending")


def disputes(value, group="reconsideration", columns=ROW, **more):
    return {f"disputes.{group}.{column}": value for column in columns} | {
        f"disputes.{group}.{column}": value for column, value in more.items()
    }


@pytest.mark.parametrize(
    ("value", "rule", "expected", "message"),
    [
        (None, "F-BLANK", None, ("A6:D6 共 4 格没有填写（从“行政复议 · 结果维持”起）。没有发生的请填 0；"
         "全部没有发生的，可在封面把“零报告”选为“是”。")),
        ("-", "F-BLANK", None, "A6:D6 共 4 格填的是“-”（从“行政复议 · 结果维持”起），不能代替数字。没有发生的请填 0。"),
        ("5", "F-TYPE", 5, ("A6:D6 共 4 格的数字是文本格式（从“行政复议 · 结果维持”的“5”起），不能计算。"
         "请选中这些单元格，用“转换为数字”改正。")),
        (CellError("#REF!"), "F-TYPE", None, ("A6:D6 共 4 格显示错误值 #REF!（从“行政复议 · 结果维持”起）。"
         "请删去出错的公式，直接填写数字。")),
        (Uncalculated("=1"), "F-UNCALCULATED", None, ("A6:D6 共 4 格的公式没有计算结果（从“行政复议 · 结果维持”起）。"
         "请用 Excel、WPS 或 LibreOffice 打开本文件，保存一次后再报送。")),
    ],
)  # fmt: skip
def test_neighbours_with_one_mistake_are_one_finding(value, rule, expected, message):
    form = by_name("2021")
    (got,) = validate(w.of("2021", disputes(value)), form)
    cells = ("A6", "B6", "C6", "D6")
    assert (got.rule, got.cell, got.cells, got.span) == (rule, "A6", cells, cells)
    assert (got.value, got.expected, got.message) == (value, expected, message)


def test_numbers_typed_as_text_have_one_reading_only_where_all_have_it():
    values = disputes("5") | {"disputes.reconsideration.pending": "6"}
    got = only(values)
    assert (got.cells, got.value, got.expected) == (("A6", "B6", "C6", "D6"), "5", None)


@pytest.mark.parametrize(
    ("one", "other"),
    [("3件", "3件"), (-1, -1), ("/", "-"), (CellError("#N/A"), CellError("#REF!")), (None, "/"), ("５", "5 件"), (True, True),
     (DateText("2024-01-31"), DateText("2024-01-31"))],
)  # fmt: skip
def test_other_mistakes_are_told_one_by_one(one, other):
    form = by_name("2021")
    got = validate(w.of("2021", disputes(one, columns=ROW[:2]) | {"disputes.reconsideration.corrected": other}), form)
    assert [f.cells for f in got if f.rule.startswith("F-")] == [("A6",), ("B6",)]


def test_formulas_without_results_are_one_mistake_whatever_they_say():
    values = dict(zip((f"disputes.reconsideration.{key}" for key in ROW), map(Uncalculated, "abcd"), strict=True))
    (got,) = validate(w.of("2021", values), by_name("2021"))
    assert got.cells == ("A6", "B6", "C6", "D6")


def test_groups_of_a_table_printed_side_by_side_are_neighbours():
    values = disputes(None, columns=("pending",)) | {"disputes.reconsideration.total": None}
    values |= disputes(None, "direct_litigation", ("upheld",))
    assert [f.cells for f in found(values)] == [("D6", "E6", "F6")]


def test_rows_one_below_the_other_are_a_rectangle():
    values = {
        f"documents.{row}.{column}": None
        for row in ("rules", "normative_documents")
        for column in ("issued", "repealed")
    }
    got = only(values)
    assert (got.cells, got.cell) == (("B5", "C5", "B6", "C6"), "B5")


@pytest.mark.parametrize(("value", "cells"), [("5", ("F6", "G6", "H6", "I6")), (None, ("F6", "G6", "H6", "I6", "J6"))])
def test_a_blank_total_of_wrong_parts_is_told_only_with_blanks(value, cells):
    got = only(disputes(value, "direct_litigation", total=None))
    assert got.cells == cells


def test_a_blank_total_of_good_parts_is_what_they_add_up_to():
    got = only(disputes(2, total=None))
    assert (got.rule, got.cell, got.expected) == ("F-BLANK", "E6", 8)
    assert got.message == "“行政复议 · 总计”没有填写。各分项已经填好，请恢复该格的合计公式或填写合计数 8。"


def test_blank_totals_side_by_side_are_told_together():
    rows = ("received", "carried_in")
    values = {f"applications.{row}.total": None for row in rows}
    got = only(values)
    assert (got.cells, got.span, got.expected) == (("J6", "J7"), ("J6", "J7"), 0)
    assert got.message == (
        "J6:J7 共 2 格合计没有填写（从“一、本年新收政府信息公开申请数量 · 总计”起）。"
        "各分项已经填好，请恢复这些格的合计公式，或填写合计数。"
    )


# --- relations


def test_a_relation_that_is_broken():
    got = only({"disputes.direct_litigation.total": 4} | {"disputes.direct_litigation.other": 3})
    assert got.remedies
    assert got == Finding(
        "T4-SUM", "error", DISPUTES, "J6", "disputes.direct_litigation.total", 4, 3, ("J6", "F6", "G6", "H6", "I6"),
        "“未经复议直接起诉”的总计应为 3（F6:I6 之和），现为 4。请核对这四项结果。", "未经复议直接起诉 · 总计",
        remedies=got.remedies,
    )  # fmt: skip


def test_a_number_that_no_cell_may_hold_is_not_proposed():
    """To balance, J30 would have to be negative: the mistake is elsewhere."""
    values = {"applications.granted.natural_person": 3, "applications.granted.total": 3,
              "applications.concluded.natural_person": 3, "applications.concluded.total": 3}  # fmt: skip
    got = {f.cell: f for f in found(values)}
    assert got.keys() == {"D30", "J30"}
    assert (got["J30"].rule, got["J30"].value, got["J30"].expected) == ("T3-BAL", 0, None)
    assert got["J30"].message == (
        "“四、结转下年度继续办理 · 总计”不符合“第一项加第二项之和，等于第三项加第四项之和”（J6+J7=0，J29+J30=3），现为 0。"
        "请核对相关的单元格，改正填错的一格。"
    )


def test_last_years_number_is_said():
    got = found({"applications.received.total": 600}, base="busy", prior=before())
    (jump,) = [f for f in got if f.rule == "X-JUMP"]
    assert jump.message == (
        "“一、本年新收政府信息公开申请数量 · 总计”为 600，上年为 100，变化超过 5 倍。"
        "请核对；数字无误的，请在情况说明中写明变化原因。"
    )
    assert (jump.severity, jump.cells, jump.expected) == ("warning", ("J6",), None)


def test_what_does_not_follow_from_last_year():
    got = only({"documents.rules.in_force": 11}, base="busy", unit=WRITTEN, prior=before())
    assert (got.rule, got.severity, got.cell, got.value, got.expected) == ("X-IN-FORCE", "warning", "D5", 11, 10)
    assert got.cells == ("D5", "B5", "C5")
    assert got.message == (
        "“规章”的现行有效件数（11）不等于上年件数加本年制发减本年废止（应为 10）。请核对，或在情况说明中写明差异原因。"
    )


def test_a_relation_without_a_sentence_of_its_own_is_said_in_general(monkeypatch):
    monkeypatch.setattr(messages, "RELATION_SENTENCES", {})
    assert only({"disputes.reconsideration.total": 4}).message == (
        "“行政复议 · 总计”不符合“总计等于结果维持、结果纠正、其他结果、尚未审结之和”（E6=4，A6:D6=0），现为 4。"
        "请核对相关的单元格，改正填错的一格。"
    )
    assert only({"documents.rules.in_force": 11}, base="busy", unit=WRITTEN, prior=before()).message.endswith(
        "（D5=11，上年规章 · 现行有效件数+B5-C5=10），现为 11。请核对；数字无误的，请在情况说明中写明原因。"
    )


def test_a_rule_may_speak_of_last_years_first_cell(monkeypatch):
    """No official rule does; those of a coming edition may."""
    form = by_name("2021")
    entry = {"id": "X-FIRST", "title": "与上年相同", "severity": "warning", "table": "documents", "each": "row",
             "rows": ["rules"], "left": ["issued"], "op": "=", "right": [{"key": "issued", "prior": True}]}  # fmt: skip
    coming = Edition(form.schema | {"identities": [entry]}, "")
    last = Prior((2, *[None] * (len(form.items) - 1)), same_edition=True)

    def told():
        (got,) = validate(w.of("2021", {"documents.rules.issued": 3}), coming, last)
        assert (got.rule, got.cell, got.cells, got.expected) == ("X-FIRST", "B5", ("B5",), 2)
        return got.message

    assert told() == (
        "“规章 · 本年制发件数”不符合“与上年相同”（B5=3，上年规章 · 本年制发件数=2），现为 3。"
        "请核对；数字无误的，请在情况说明中写明原因。"
    )
    monkeypatch.setattr(messages, "RELATION_SENTENCES", {"X-FIRST": "上年为 {prior}。"})
    assert told() == "上年为 2。"
