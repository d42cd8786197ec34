"""From findings to cures: what is said of a wrong number, by every way a clerk or an office hears of it."""

from __future__ import annotations

import json

import openpyxl
import pytest

import workbooks as w
from gongkai import marking, remedy, reporters
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.outputs import letters
from gongkai.report import Unit, dumps
from gongkai.submission import judge
from gongkai.validation import together
from test_cli import Result, tree
from xlwings_addin import button
from xlwings_addin.file import FileBook

SHEET = w.APPLICATIONS
ONE = "applications.granted.natural_person"
"""D8: a detail in the row J8 and the column D29."""


@pytest.fixture
def filed(tmp_path):
    """Return a maker of submissions of one unit, in which nothing is wrong but what is said."""

    def made(cells=None, name="1.xlsx"):
        report = w.clean("2021", 3, Unit(name="甲局", code="C1"))
        path = tmp_path / name
        report = w.changed(report, cells or {})
        if path.suffix == ".json":
            path.write_text(dumps(report), "utf-8")
        else:
            w.put(path, report)
        return judge(path)

    return made


def true_value():
    report = w.clean("2021", 3, Unit(name="甲局"))
    return report.values[by_name("2021").index[ONE]]


def test_one_mistake_is_one_advice_with_its_relations_beneath(filed):
    right = true_value()
    submission = filed({ONE: right * 11})
    lines = reporters.validation_text([submission]).splitlines()
    change = f"把 {SHEET}!D8 的 {right * 11} 改为 {right}"
    assert lines[1] == f"  建议：{change}，2 处勾稽关系即全部成立（像是一位数字重复按了一次）。请核对原始数据后修改。"
    assert [line.partition("  “")[0] for line in lines[2:]] == [f"    [错误] {SHEET}!J8", f"    [错误] {SHEET}!D29"]
    assert [finding.cure.change for finding in submission.findings] == [change] * 2


def test_the_cure_stands_in_the_json_of_each_finding(filed):
    right = true_value()
    submission = filed({ONE: right * 11})
    cell = {"item": ONE, "sheet": SHEET, "cell": "D8", "from": right * 11, "to": right}
    resolves = [
        {"rule": "T3-ROW", "item": "applications.granted.total", "sheet": SHEET, "cell": "J8"},
        {"rule": "T3-SUM", "item": "applications.concluded.natural_person", "sheet": SHEET, "cell": "D29"},
    ]
    cure = {"cells": [cell], "resolves": resolves, "kind": "doubled-digit"}
    document = json.loads(json.dumps(submission.to_json()))
    assert [finding["cure"] for finding in document["findings"]] == [cure, cure]


def test_without_a_cure_there_is_no_such_key(filed):
    submission = filed({"disputes.reconsideration.upheld": -1})
    assert submission.findings
    assert not any(
        {"cure", "candidates"} & finding.to_json().keys() for finding in submission.findings if not finding.remedies
    )
    assert filed().findings == ()


def test_of_several_cures_none_is_called_the_one(filed):
    """A row and no column: the total, or any of its parts."""
    index = by_name("2021").index
    edition = by_name("2021")
    total = edition.items[index["disputes.reconsideration.total"]]
    report = w.clean("2021", 3, Unit(name="甲局"))
    (finding,) = filed({total.key: report.values[total.index] + 9}, "1.json").findings
    assert (finding.rule, finding.cure) == ("T4-SUM", None)
    assert [one.kind for one in finding.remedies] == ["total"]
    assert list(finding.to_json())[-1] == "candidates"
    assert remedy.advice(finding.remedies).startswith("可能：把 复议诉讼!")


def test_a_blank_whose_number_follows_is_proposed_and_stays_blank(filed):
    right = true_value()
    submission = filed({ONE: None}, "1.json")
    (finding,) = submission.findings
    assert (finding.rule, finding.value) == ("F-BLANK", None)
    assert finding.cure.change == f"在 {SHEET}!D8 填 {right}"
    assert submission.status == "failed"


def test_a_reading_that_nothing_confirms_is_not_proposed_twice(filed):
    submission = filed({"documents.rules.issued": "1件"})
    (finding,) = submission.findings
    assert (finding.rule, finding.expected, finding.remedies) == ("F-TYPE", 1, ())


def test_the_list_in_the_workbook_names_the_cell_once(filed):
    right = true_value()
    submission = filed({ONE: right * 11})
    rows = marking.block(submission.findings)
    advice = remedy.advice(submission.findings[0].remedies)
    messages = [row[marking.COLUMNS.index("问题与修改建议")] for row in rows]
    assert messages == [
        f"{advice}{submission.findings[0].message}", f"{submission.findings[1].message}（与第 1 条同一处错误）",
    ]  # fmt: skip
    assert [row[3].cell for row in rows] == ["J8", "D29"]  # what is painted stays


def test_what_only_adds_up_is_to_be_looked_up_first(filed):
    right = true_value()
    (finding, _) = filed({ONE: right + 4}).findings
    assert finding.cure.kind == "other"
    assert remedy.advice(finding.remedies).endswith("请先核对原始登记：若这一格属实，则是别的格没有跟着改。")


def test_of_numbers_that_stay_open_none_is_named():
    cells = tuple(remedy.Correction("x", SHEET, cell, was, None) for cell, was in (("D9", 5), ("D10", None)))
    several = remedy.Remedy(cells, (("T3-BAL", "x", SHEET, "D30"),), "other", unique=False)
    assert several.text == f"{SHEET}!D9、{SHEET}!D10 要一起改，各改为多少须查原始登记"
    assert [cell["to"] for cell in several.to_json()["cells"]] == [None, None]


def test_a_letter_counts_one_mistake_as_one(filed, tmp_path):
    right = true_value()
    letters.send_back_with_letters(merge([filed({ONE: right * 11})], "某区", 2023), tmp_path / "退回")
    (letter,) = (tmp_path / "退回").glob("*.docx")
    from test_letters import paragraphs, problems  # noqa: PLC0415 - how letters are read

    (fault,) = problems(paragraphs(letter))
    assert fault == (
        f"1. 建议：把 {SHEET}!D8 的 {right * 11} 改为 {right}，2 处勾稽关系即全部成立（像是一位数字重复按了一次）。"
        f"请核对原始数据后修改。涉及 {SHEET}!J8（T3-ROW）、{SHEET}!D29（T3-SUM）。"
    )


def test_proposals_stand_beside_the_list_and_change_no_number(filed, tmp_path):
    right = true_value()
    submission = filed({ONE: right * 11})
    source = tmp_path / "1.xlsx"
    before = source.read_bytes()
    result = Result("validate", source, "--propose", "-d", tmp_path / "退回")
    assert (result.code, source.read_bytes()) == (1, before)
    assert tree(tmp_path / "退回") == ["1.xlsx"]
    page = openpyxl.load_workbook(tmp_path / "退回" / "1.xlsx")[marking.RESULT_SHEET]
    change = submission.findings[0].cure.change
    assert [page.cell(row, len(marking.COLUMNS) + 1).value for row in (4, 5, 6)] == [change, change, None]
    again = judge(tmp_path / "退回" / "1.xlsx")
    assert again.report.values == submission.report.values
    Result("validate", source, "-d", tmp_path / "无")
    plain = openpyxl.load_workbook(tmp_path / "无" / "1.xlsx")[marking.RESULT_SHEET]
    assert plain.cell(4, len(marking.COLUMNS) + 1).value is None


def test_a_list_of_findings_has_the_column_too(filed, tmp_path):
    right = true_value()
    submission = filed({ONE: right * 11}, "1.json")
    for propose, last in ((True, "建议改为"), (False, "问题与修改建议")):
        (tmp_path / "x.xlsx").write_bytes(marking.findings_list("1.json", submission.findings, propose=propose))
        page = openpyxl.load_workbook(tmp_path / "x.xlsx").active
        assert page.cell(2, page.max_column).value == last
    assert submission.findings[0].cure is not None


def test_proposals_need_a_place(filed, tmp_path):
    filed()
    result = Result("validate", tmp_path / "1.xlsx", "--propose")
    assert (result.code, result.err) == (2, "--propose 把建议写在副本里，须同时用 -d 给出目录。\n")


def test_a_total_that_follows_its_parts_is_taken_for_a_formula():
    report = w.clean("2021", 3, Unit(name="甲局"))
    edition = by_name("2021")
    live = remedy.live_totals(edition, report.values)
    assert live == frozenset(edition.derivations)
    typed = list(report.values)
    total = next(iter(edition.derivations))
    typed[total] = (typed[total] or 0) + 1
    assert remedy.live_totals(edition, typed).isdisjoint({total})


def test_findings_are_grouped_in_the_order_of_the_first(filed):
    right = true_value()
    submission = filed({ONE: right * 11, "documents.rules.issued": "1件"})
    groups = list(together(submission.findings))
    assert [[finding.rule for finding in findings] for _, findings in groups] == [["F-TYPE"], ["T3-ROW", "T3-SUM"]]
    assert [len(remedies) for remedies, _ in groups] == [0, 1]


def test_the_button_says_which_cell_to_change(filed, tmp_path):
    submission = filed({ONE: true_value() * 11})
    book = FileBook(tmp_path / "1.xlsx")
    button.validate(book)
    advice = remedy.advice(submission.findings[0].remedies)
    assert f"第一处：{SHEET} 的 J8。{advice}\n" in book.told[-1]
