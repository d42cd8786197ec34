"""Marking: one block of values in 验证结果, and not a byte of the clerk's workbook besides."""

from __future__ import annotations

import io
import re
import zipfile

import openpyxl
import pytest

import workbooks as w
from gongkai import marking, messages
from gongkai.cell import Link, Uncalculated
from gongkai.edition import by_name
from gongkai.marking import COLUMNS, EXPLANATION, ROWS, block, explanations_in, marked
from gongkai.ooxml import WorkbookError, open_workbook
from gongkai.reader import read
from gongkai.report import Unit
from gongkai.returns import send_back
from gongkai.submission import Submission, judge
from gongkai.validation import Finding, validate
from workbooks import APPLICATIONS, TABLES

RESULT = marking.RESULT_SHEET
HEADS = (
    "序号",
    "级别",
    "表",
    "单元格",
    "项目",
    "填报值",
    "应为",
    "问题与修改建议",
    "情况说明",
    "规则",
    "上",
    "左",
    "下",
    "右",
)
WHY = "当年制发的五件文件当年即告失效"

BROKEN = {  # one error in a cell, one in three cells, one warning
    "applications.received.natural_person": "3件",
    "documents.normative_documents.issued": 9, "documents.normative_documents.repealed": 2,
    "documents.normative_documents.in_force": 6,
    "documents.rules.issued": None, "documents.rules.repealed": None, "documents.rules.in_force": None,
}  # fmt: skip


def broken(**unit):
    return w.changed(w.clean("2021", 2, Unit(**{"name": "某局", **unit})), BROKEN)


def results(data):
    """Return the rows of the block: each the values of its columns."""
    cells = open_workbook(data).cells(RESULT, 500)
    rows = [[cells.get((row, column)) for column in range(1, 15)] for row in range(4, 410)]
    return [row for row in rows if any(value is not None for value in row)]


def line(data):
    return open_workbook(data).cells(RESULT)[2, 1]


def mark(data, explanations=None):
    """Return the workbook marked with its own findings."""
    reading = read(data)
    findings = validate(reading.report, by_name(reading.report.edition), reading.prior, reading.context)
    return marked(data, findings, reading.context.explanations if explanations is None else explanations)


def finding(rule="F-TYPE", cell="D6", sheet=APPLICATIONS, **other):
    standard = {"severity": "error", "item": "applications.received.natural_person", "value": "3件", "expected": 3,
                "cells": (cell,), "message": "填错了。", "name": "一、本年新收 · 自然人"}  # fmt: skip
    return Finding(**{"rule": rule, "cell": cell, "sheet": sheet, **standard, **other})


def test_the_block_has_these_columns():
    assert COLUMNS == HEADS
    assert (EXPLANATION, ROWS) == (9, 400)


def test_the_findings_stand_in_the_block():
    data = w.filled(broken())
    expected = [finding.message for finding in judged(broken())]
    copy = mark(data)
    assert results(copy) == [
        [1, "错误", TABLES, "B5:D5", "规章 · 本年制发件数", "空白", None, expected[0], None, "F-BLANK", 5, 2, 5, 4],
        [2, "需说明", TABLES, "D6", "行政规范性文件 · 现行有效件数", "6", "≥ 7", expected[1], None, "T2-VALID-GE", 6, 4, 6, 4],
        [3, "错误", APPLICATIONS, "D6", "一、本年新收政府信息公开申请数量 · 自然人", "3件", "3", expected[2], None, "F-TYPE", 6, 4, 6, 4],
    ]  # fmt: skip
    assert line(copy) == "验证未通过：2 处错误须改正，1 处须在“情况说明”栏写明原因。"
    assert line(data) == "尚未验证。"
    assert read(copy).report == broken()


def judged(report):
    return validate(report, by_name(report.edition))


def test_a_link_leads_to_the_cell_and_shows_its_address():
    copy = mark(w.filled(broken()))
    book = openpyxl.load_workbook(io.BytesIO(copy))
    assert [book[RESULT][f"D{row}"].value for row in (4, 5, 6)] == [
        "=HYPERLINK(\"#'主动公开'!B5\",\"B5:D5\")", "=HYPERLINK(\"#'主动公开'!D6\",\"D6\")",
        "=HYPERLINK(\"#'依申请公开'!D6\",\"D6\")",
    ]  # fmt: skip
    shown = openpyxl.load_workbook(io.BytesIO(copy), data_only=True)[RESULT]
    assert [shown[f"D{row}"].value for row in (4, 5, 6)] == ["B5:D5", "D6", "D6"]


def test_nothing_but_the_sheet_of_results_changes():
    data = w.filled(broken())
    before, after = w.parts(data), w.parts(mark(data))
    assert list(after) == list(before)
    assert [name for name in before if after[name] != before[name]] == [w.part_of(data, RESULT)]


def test_of_the_sheet_of_results_only_the_block_and_the_line_change():
    data = w.filled(broken())
    part = w.part_of(data, RESULT)
    before, after = (w.parts(each)[part].decode() for each in (data, mark(data)))
    head, tail = before.split("<sheetData>")[0], before.split("</sheetData>")[1]
    assert after.startswith(head + "<sheetData>")
    assert after.endswith("</sheetData>" + tail)
    heads = re.search('<row r="3".*?</row>', before, re.DOTALL)[0]
    assert heads in after
    assert re.search('<row r="1".*?</row>', before, re.DOTALL)[0] in after


def test_only_the_explanations_can_be_typed_in():
    # The program must be able to write into the whole block; what a hand types there is refused by a native check.
    sheet = openpyxl.load_workbook(io.BytesIO(mark(mark(w.filled(broken())))))[RESULT]
    unlocked = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert unlocked == {f"{column}{row}" for row in range(2, 7) for column in "ABCDEFGHIJKLMN"}
    columns = [column for column in sheet.column_dimensions.values() if not column.protection.locked]
    assert [number for column in columns for number in range(column.min, column.max + 1)] == list(range(1, 15))
    assert sheet.protection.sheet is True
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:I1"}
    refused = sheet.data_validations.dataValidation
    assert sorted(str(area) for rule in refused for area in rule.sqref.ranges) == [
        "A2:N3",
        "A4:H1048576",
        "J4:N1048576",
    ]
    assert {(rule.type, rule.formula1, rule.showErrorMessage, rule.errorStyle) for rule in refused} == {
        ("custom", "FALSE", True, None)
    }


def test_a_marked_row_is_as_high_as_the_program_makes_it():
    sheet = w.part_of(w.blank("2021"), RESULT)
    rows = re.findall(rb'<row r="([4-6])"([^>]*)>', w.parts(mark(w.filled(broken())))[sheet])
    assert [number for number, _ in rows] == [b"4", b"5", b"6"]
    assert all(b" ht=" in head and b"customHeight" not in head for _, head in rows)


def test_the_calculation_chain_is_dropped_with_its_references():
    data = w.filled(broken())
    content = w.parts(data)
    types = content["[Content_Types].xml"].replace(
        b"</Types>",
        b'<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        b'spreadsheetml.calcChain+xml"/></Types>',
    )
    rels = content["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        b'<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/calcChain"'
        b' Target="calcChain.xml"/></Relationships>',
    )
    chain = (
        b'<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="D4" i="6"/></calcChain>'
    )
    chained = w.packed(
        {**content, "[Content_Types].xml": types, "xl/_rels/workbook.xml.rels": rels, "xl/calcChain.xml": chain}
    )
    after = w.parts(mark(chained))
    assert "xl/calcChain.xml" not in after
    assert after["[Content_Types].xml"] == content["[Content_Types].xml"]
    assert after["xl/_rels/workbook.xml.rels"] == content["xl/_rels/workbook.xml.rels"]


def test_macros_pictures_and_unknown_parts_survive():
    content = w.parts(w.filled(broken()))
    strange = {
        "xl/vbaProject.bin": bytes(range(256)),
        "xl/media/image1.png": b"\x89PNG",
        "customXml/item1.xml": b"<a/>",
    }
    after = w.parts(mark(w.packed({**content, **strange})))
    assert {name: after[name] for name in strange} == strange


# --- explanations, and marking again


def explained(data, texts):
    """Type explanations into the rows of the block, as a clerk does: row of the sheet → text."""

    def change(part):
        for row, text in texts.items():
            part, count = re.subn(
                rb'<c r="I%d"( s="\d+")?(?:/>|>.*?</c>)' % row,
                lambda old, row=row, text=text: (
                    b'<c r="I%d"%s t="inlineStr"><is><t>%s</t></is></c>' % (row, old[1] or b"", text.encode())
                ), part, count=1, flags=re.DOTALL,
            )  # fmt: skip
            assert count == 1
        return part

    return w.replaced(data, RESULT, change)


def test_explanations_survive_the_next_marking():
    first = mark(w.filled(broken()))
    second = mark(explained(first, {5: WHY}))
    assert [row[8] for row in results(second)] == [None, WHY, None]
    assert line(second) == "验证未通过：2 处错误须改正。"
    third = mark(second)
    assert results(third) == results(second)
    assert w.parts(third) == w.parts(second)


def test_an_explanation_that_explains_nothing_is_kept_and_asked_for_again():
    again = mark(explained(mark(w.filled(broken())), {5: "核实无误"}))
    assert results(again)[1][8] == "核实无误"
    assert results(again)[1][7].endswith("已填的情况说明“核实无误”没有写明原因，请具体说明（不少于 6 个字）。")
    assert line(again) == "验证未通过：2 处错误须改正，1 处须在“情况说明”栏写明原因。"


def test_an_explanation_beside_an_error_is_kept():
    again = mark(explained(mark(w.filled(broken())), {6: "申请人来信中写的就是三件"}))
    assert results(again)[2][8] == "申请人来信中写的就是三件"
    assert line(again).startswith("验证未通过：2 处错误须改正，")


def test_an_explanation_follows_its_finding_to_another_row():
    first = explained(mark(w.filled(broken())), {5: WHY})
    repaired = dict.fromkeys(("B5", "C5", "D5"), 0)

    def change(part):
        for cell in repaired:
            part, count = re.subn(
                rb'<c r="%s"( s="\d+")?/>' % cell.encode(), rb'<c r="%s"\1><v>0</v></c>' % cell.encode(), part
            )
            assert count == 1
        return part

    again = mark(w.replaced(first, TABLES, change))
    assert [(row[0], row[9], row[8]) for row in results(again)] == [(1, "T2-VALID-GE", WHY), (2, "F-TYPE", None)]


def test_only_explained_warnings_pass():
    report = w.changed(w.clean("2021", 2), {key: v for key, v in BROKEN.items() if "normative" in key})
    copy = mark(explained(mark(w.filled(report)), {4: WHY}))
    assert line(copy) == "验证通过，可以报送。已说明 1 处。"
    assert results(copy)[0][8] == WHY


def test_a_workbook_that_is_clean_now_has_an_empty_block():
    data = mark(w.filled(broken()))
    clean = w.filled(w.clean("2021", 2))
    part = w.part_of(data, RESULT)
    repaired = w.packed({**w.parts(clean), part: w.parts(data)[part]})  # the clerk corrected every cell
    assert len(results(repaired)) == 3
    cleared = mark(repaired)
    assert results(cleared) == []
    assert line(cleared) == "验证通过，可以报送。"
    assert w.uncalculated(cleared) == []


def grid(*rows):
    """Return rows of the block as the cells of the sheet."""
    return {
        (row, column): v for row, values in enumerate(rows, 4) for column, v in enumerate(values, 1) if v is not None
    }


WRITTEN = {
    ("F-TYPE", APPLICATIONS, "D6"): "甲", ("X-JUMP", APPLICATIONS, "J7"): "乙", ("X-JUMP", TABLES, "J6"): "丙",
}  # fmt: skip


def test_explanations_are_matched_by_rule_and_cell():
    rows = block([finding(severity="warning"), finding("X-JUMP", "J6", severity="warning", expected=None)], WRITTEN)
    assert [(row[9], row[2], row[8]) for row in rows] == [
        ("F-TYPE", APPLICATIONS, "甲"), ("X-JUMP", APPLICATIONS, None),
    ]  # fmt: skip
    assert explanations_in(grid(*rows)) == {("F-TYPE", APPLICATIONS, "D6"): "甲"}


@pytest.mark.parametrize("keep", [True, False])
def test_explanations_of_no_finding_are_kept_while_there_are_errors(keep):
    # An error hides the warnings about its cell; nobody should have to type the reason again.
    findings = [finding("X-JUMP", "J6", severity="warning", expected=None)] if keep else [finding("X-JUMP", "J6")]
    rows = block(findings, WRITTEN, keep=keep)
    assert [row[8] for row in rows] == [None, "甲", "乙", "丙"]
    assert explanations_in(grid(*rows)) == WRITTEN
    assert rows[2] == (
        3, None, APPLICATIONS, Link(APPLICATIONS, "J7", "J7"), None, None, None, messages.KEPT_EXPLANATION, "乙",
        "X-JUMP", 7, 10, 7, 10,
    )  # fmt: skip
    assert block([], WRITTEN) == []
    assert [row[8] for row in block([], WRITTEN, keep=True)] == ["甲", "乙", "丙"]


def test_a_row_without_place_or_text_is_no_explanation():
    good = list(block([finding()])[0])
    assert explanations_in(grid(good)) == {}
    good[8] = "有理由"
    assert explanations_in(grid(good)) == {("F-TYPE", APPLICATIONS, "D6"): "有理由"}
    assert explanations_in(grid([*good[:10], None, 4, 6, 4])) == {}
    assert explanations_in(grid([*good[:8], "  ", *good[9:]])) == {}
    assert explanations_in(grid([*good[:8], 12, *good[9:]])) == {("F-TYPE", APPLICATIONS, "D6"): "12"}


# --- what is in the values

EVIL = '=HYPERLINK("http://example.com","点我")'


@pytest.mark.parametrize("text", ["=1+1", EVIL, '=cmd|"/c calc"!A1', "+1 项", "@SUM(A1)", "-2+3", "{=1+1}", "=", "<&>\"'", "a\r\nb", "_x0041_",
                                  "\x07", "\ud7ff\ufffe"])  # fmt: skip
def test_a_text_is_never_a_formula(text):
    copy = marked(w.blank("2021"), [finding(value=text, name=text, message=text)], {})
    shows = text.replace("\x07", "\ufffd").replace("\ufffe", "\ufffd")
    sheet = openpyxl.load_workbook(io.BytesIO(copy))[RESULT]
    row = results(copy)[0]
    for column in (5, 6, 8):
        assert sheet.cell(4, column).data_type == "s"
        assert type(row[column - 1]) is str
        assert row[column - 1].replace("\r\n", "\n") == shows.replace("\r\n", "\n")
    formulas = re.findall(rb'<c r="([A-Z]+)\d+"[^>]*><f>', w.parts(copy)[w.part_of(copy, RESULT)])
    assert set(formulas) == {b"D"}


def test_a_formula_typed_as_text_is_marked_as_text():
    copy = mark(w.filled(w.changed(broken(), {"applications.received.natural_person": EVIL})))
    assert openpyxl.load_workbook(io.BytesIO(copy))[RESULT]["F6"].data_type == "s"
    assert results(copy)[2][5] == EVIL


@pytest.mark.parametrize("text", [EVIL, "=1+1", '=HYPERLINK("x")'])
def test_an_explanation_is_never_a_formula(text):
    rows = block([finding()], {("F-TYPE", APPLICATIONS, "D6"): text})
    data = marked(w.blank("2021"), [finding()], {("F-TYPE", APPLICATIONS, "D6"): text})
    assert rows[0][8] == text
    cell = openpyxl.load_workbook(io.BytesIO(data))[RESULT]["I4"]
    assert (cell.data_type, cell.value) == ("s", text)


@pytest.mark.parametrize("name", ["申请'三", '申请"三"', "申请 & 三", "表'三'\"三\""])
def test_a_link_into_a_sheet_with_quotes_in_its_name_is_whole(name):
    copy = marked(w.blank("2021"), [finding(sheet=name)], {})
    text = openpyxl.load_workbook(io.BytesIO(copy))[RESULT]["D4"].value
    target = "#'" + name.replace("'", "''") + "'!D6"
    assert text == '=HYPERLINK("' + target.replace('"', '""') + '","D6")'
    assert open_workbook(copy).cells(RESULT)[4, 4] == "D6"
    assert open_workbook(copy).cells(RESULT)[4, 3] == name


@pytest.mark.parametrize(
    ("value", "shows"), [(None, "空白"), (True, "TRUE"), (False, "FALSE"), (3, "3"), (2.5, "2.5"), ("三", "三")]
)  # fmt: skip
def test_a_value_is_shown_as_the_clerk_sees_it(value, shows):
    assert block([finding(value=value)])[0][5] == shows


@pytest.mark.parametrize(("expected", "shows"), [(None, None), (3, "3"), ("≥ 7", "≥ 7"), (0, "0"), (2.5, "2.5")])
def test_what_is_expected_is_shown(expected, shows):
    assert block([finding(expected=expected)])[0][6] == shows


# --- many findings


def many(count):
    return [finding(cell=f"D{row}", message=f"第 {row} 处") for row in range(1, count + 1)]


def test_as_many_findings_as_fit_are_all_listed():
    rows = block(many(400))
    assert len(rows) == 400
    assert rows[-1][7] == "第 400 处"
    assert rows[-1][9] == "F-TYPE"


@pytest.mark.parametrize(("count", "left"), [(401, 2), (450, 51), (1000, 601)])
def test_more_findings_than_fit_are_counted(count, left):
    rows = block(many(count))
    assert len(rows) == 400
    assert rows[398][7] == "第 399 处"
    more = f"另有 {left} 处问题没有列出，请先改正以上各处，再验证一次。"
    assert rows[399] == (400, None, None, None, None, None, None, more, None, None, None, None, None, None)
    copy = marked(w.blank("2021"), many(count), {})
    listed = results(copy)
    assert len(listed) == 400
    assert listed[-1][0] == 400
    assert listed[-1][7] == more
    assert line(copy) == f"验证未通过：{count} 处错误须改正。"
    assert read(mark(copy)).context.explanations == {}


def test_the_line_counts_what_is_still_to_do():
    warning = finding(severity="warning")
    done = finding(severity="warning", explanation=WHY)
    info = finding(severity="info")
    assert marking.summary([]) == "验证通过，可以报送。"
    assert marking.summary([info]) == "验证通过，可以报送。"
    assert marking.summary([done, done]) == "验证通过，可以报送。已说明 2 处。"
    assert marking.summary([warning, done]) == "验证未通过：1 处须在“情况说明”栏写明原因。"
    assert marking.summary([finding(), warning, warning]) == (
        "验证未通过：1 处错误须改正，2 处须在“情况说明”栏写明原因。"
    )  # fmt: skip


# --- workbooks as other programs write them


def test_a_part_with_prefixes_is_edited_in_its_own_prefixes():
    data = w.replaced(w.filled(broken()), RESULT, w.prefixed)
    copy = mark(data)
    text = w.parts(copy)[w.part_of(copy, RESULT)].decode()
    assert not re.search(r"<(?!/?x:|\?xml)", text)
    assert [row[9] for row in results(copy)] == ["F-BLANK", "T2-VALID-GE", "F-TYPE"]
    assert line(copy).startswith("验证未通过：2 处错误")
    assert results(mark(copy)) == results(copy)


def test_rows_and_cells_that_close_themselves_are_replaced():
    def change(part):
        rows = b"".join(b'<row r="%d"/><row r="%d"><c r="A%d"/></row>' % (n, n + 1, n + 1) for n in range(4, 420, 2))
        return part.replace(b"</sheetData>", rows + b"</sheetData>")

    copy = mark(w.replaced(w.filled(broken()), RESULT, change))
    text = w.parts(copy)[w.part_of(copy, RESULT)]
    numbers = [int(n) for n in re.findall(rb'<row r="(\d+)"', text)]
    assert numbers == [1, 2, 3, 4, 5, 6, *range(404, 420)]
    assert len(results(copy)) == 3


def test_rows_without_numbers_are_counted():
    def change(part):
        return re.sub(rb'<row r="\d+"', b"<row", part)

    copy = mark(w.replaced(w.filled(broken()), RESULT, change))
    assert [row[9] for row in results(copy)] == ["F-BLANK", "T2-VALID-GE", "F-TYPE"]
    assert open_workbook(copy).cells(RESULT)[3, 1] == "序号"


def without_line(part):
    return re.sub(rb'<row r="2".*?</row>', b"", part, flags=re.DOTALL)


def empty_line(part):
    return re.sub(rb'<row r="2".*?</row>', b'<row r="2"/>', part, flags=re.DOTALL)


def single_quotes(part):
    return re.sub(rb'r="(A2)"', rb"r='\1'", part)


def no_rows(part):
    return re.sub(rb"<sheetData>.*</sheetData>", b"<sheetData/>", part, flags=re.DOTALL)


def other_encoding(part):
    return part.decode().replace("UTF-8", "UTF-16").encode("utf-16")


def no_such_column(part):
    return part.replace(b"<cols>", b'<cols><col min="x" max="2" style="1"/>')


def a_row_below_without_a_number(part):
    return part.replace(b"</sheetData>", b'<row r="404"/><row><c><v>7</v></c></row></sheetData>')


def the_line_twice(part):
    return re.sub(rb'(<c r="A2".*?(?:/>|</c>))', rb"\1\1", part, count=1)


def a_comment_that_looks_like_the_line(part):
    return part.replace(b'<row r="2"', b'<!-- <c r="A2"/> --><row r="2"')


def a_sign_in_an_attribute(part):
    return part.replace(b"<sheetData>", b'<sheetData a="&lt;>" b=\'">\'>').replace(b'<c r="A2"', b'<c a=">" r="A2"')


def an_element_of_another_namespace(part):
    return part.replace(b"<sheetData>", b'<x xmlns="urn:x"><sheetData/><row r="9"/></x><sheetData>', 1)


SPOILT = {
    "no such column": no_such_column, "the line twice": the_line_twice, "a comment": a_comment_that_looks_like_the_line,
    "a row below without a number": a_row_below_without_a_number, "a sign in an attribute": a_sign_in_an_attribute,
    "another namespace": an_element_of_another_namespace,
    "no row for the line": without_line, "an empty row for the line": empty_line, "single quotes": single_quotes,
    "no rows at all": no_rows, "another encoding": other_encoding,
}  # fmt: skip


@pytest.mark.parametrize("name", list(SPOILT))
def test_whatever_became_of_our_sheet_the_clerk_gets_the_findings(tmp_path, name):
    # Either the copy is marked in full, or a list of findings is written instead; never half of it, never a crash.
    source = w.put(tmp_path / "报表.xlsx", w.replaced(w.filled(broken()), RESULT, SPOILT[name]))
    target = w.only(send_back([judge(source)], tmp_path / "退回"))
    data = target.read_bytes()
    cells = open_workbook(data).cells(RESULT)
    if target.name == "报表.xlsx":
        assert [row[9] for row in results(data)] == ["F-BLANK", "T2-VALID-GE", "F-TYPE"]
        assert cells[2, 1] == "验证未通过：2 处错误须改正，1 处须在“情况说明”栏写明原因。"
    else:
        assert target.name == "报表-验证结果.xlsx"
        assert [cells[row, 1] for row in (3, 4, 5)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["a sign in an attribute", "a comment", "another namespace", "single quotes"])
def test_what_is_odd_but_sound_is_marked(name):
    copy = mark(w.replaced(w.filled(broken()), RESULT, SPOILT[name]))
    assert [row[9] for row in results(copy)] == ["F-BLANK", "T2-VALID-GE", "F-TYPE"]
    assert line(copy).startswith("验证未通过：2 处错误")
    assert open_workbook(copy).cells(RESULT)[3, 1] == "序号"


def test_a_row_below_the_block_stays_where_it_is_or_nothing_is_marked():
    with pytest.raises(WorkbookError, match="rows without numbers"):
        mark(w.replaced(w.filled(broken()), RESULT, a_row_below_without_a_number))


def spoil_the_theme(data):
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/theme/theme1.xml"))
    return data[: at + 16] + b"\0\0\0\0" + data[at + 20 :]  # its checksum


def unknown_compression(data):
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/theme/theme1.xml"))
    return data[: at + 10] + b"\x63" + data[at + 11 :]


@pytest.mark.parametrize(("spoil", "reason"), [(spoil_the_theme, "truncated"), (unknown_compression, "damaged")])
def test_a_part_that_cannot_be_copied_leaves_the_clerk_a_list(tmp_path, spoil, reason):
    # Nothing of it is read, so the report is; but a copy would lack it.
    source = w.put(tmp_path / "报表.xlsx", spoil(w.filled(broken())))
    submission = judge(source)
    assert submission.report == read(w.filled(broken())).report
    with pytest.raises(WorkbookError) as refused:
        marked(source.read_bytes(), submission.findings, {})
    assert refused.value.reason == reason
    assert w.only(send_back([submission], tmp_path / "退回")).name == "报表-验证结果.xlsx"


@pytest.mark.parametrize(
    "name", ["xl\\worksheets\\sheet6.xml", "/xl/worksheets/sheet6.xml", "xl/x/../worksheets/sheet6.xml"]
)
def test_the_sheet_is_found_however_its_part_is_spelt(name):
    content = w.parts(w.filled(broken()))
    assert w.part_of(w.filled(broken()), RESULT) == "xl/worksheets/sheet6.xml"
    data = w.packed({(name if part == "xl/worksheets/sheet6.xml" else part): each for part, each in content.items()})
    assert len(results(mark(data))) == 3


def test_a_sheet_without_rows_cannot_be_edited():
    with pytest.raises(WorkbookError) as refused:
        marked(w.replaced(w.blank("2021"), RESULT, no_rows), [finding()], {})
    assert refused.value.reason == "damaged"


def test_a_workbook_without_our_sheet_cannot_be_marked():
    with pytest.raises(KeyError):
        marked(w.saved(w.drawn(broken())), [finding()], {})


@pytest.mark.parametrize("how", ["openpyxl", "again"])
def test_a_workbook_that_another_program_saved_is_marked(how):
    data = w.filled(w.changed(w.distinct("2021"), {"applications.received.natural_person": "3件"}))
    data = w.edited(data, lambda _: None)
    if how == "again":
        data = w.edited(mark(data), lambda _: None)
    reading = read(data)
    before = w.parts(data)
    copy = mark(data)
    assert [name for name, part in w.parts(copy).items() if part != before[name]] == [w.part_of(data, RESULT)]
    assert read(copy).report == reading.report
    assert line(copy).startswith("验证未通过：")
    assert ["F-TYPE", 6, 4, 6, 4] in [row[9:] for row in results(copy)]


def test_a_workbook_that_libreoffice_saved_is_marked(office, tmp_path):
    source = w.put(tmp_path / "报表.xlsx", broken())
    with office.open(source) as document:
        document.save(tmp_path / "存过.xlsx")
    data = (tmp_path / "存过.xlsx").read_bytes()
    copy = mark(data)
    assert [row[9] for row in results(copy)] == ["F-BLANK", "T2-VALID-GE", "F-TYPE"]
    assert [row[3] for row in results(copy)] == ["B5:D5", "D6", "D6"]
    copied = w.put(tmp_path / "标注.xlsx", copy)
    with office.open(copied) as document:
        assert document.read(RESULT, "A4:D4") == [[1, "错误", TABLES, "B5:D5"]]
        assert document.value(RESULT, "A2") == line(copy)
        colours = document.colours(TABLES)
        assert [colours.get(cell) for cell in ("B5", "C5", "D5", "D6")] == ["ffc7ce"] * 3 + ["ffe3b3"]
        assert document.colours(APPLICATIONS).get("D6") == "ffc7ce"


# --- sending back


def test_the_original_is_only_read(tmp_path):
    source = w.put(tmp_path / "报送" / "报表.xlsx", broken())
    before = source.read_bytes()
    target = w.only(send_back([judge(source)], tmp_path / "退回"))
    assert source.read_bytes() == before
    assert target == tmp_path / "退回" / "报表.xlsx"
    assert len(results(target.read_bytes())) == 3
    after, untouched = w.parts(target.read_bytes()), w.parts(before)
    assert {name for name in untouched if after[name] != untouched[name]} == {w.part_of(before, RESULT)}


def test_only_workbooks_with_something_to_do_are_sent_back(tmp_path):
    explained_report = w.changed(w.clean("2021", 2), {key: v for key, v in BROKEN.items() if "normative" in key})
    files = [
        w.put(tmp_path / "干净.xlsx", w.clean("2021", 2)),
        w.put(tmp_path / "已说明.xlsx", explained(mark(w.filled(explained_report)), {4: WHY})),
        w.put(tmp_path / "待说明.xlsx", explained_report),
        w.put(tmp_path / "有错.xlsx", broken()),
        w.put(tmp_path / "坏.xlsx", b"PK\x03\x04"),
    ]
    submissions = [judge(file) for file in files]
    assert [s.status for s in submissions] == ["passed", "explained", "warnings", "failed", "unreadable"]
    written = send_back(submissions, tmp_path / "退回")
    assert [path.name for path in written] == ["待说明.xlsx", "有错.xlsx"]
    assert sorted(path.name for path in (tmp_path / "退回").iterdir()) == ["待说明.xlsx", "有错.xlsx"]


def test_two_workbooks_of_one_name_do_not_meet(tmp_path):
    files = [w.put(tmp_path / folder / "报表.xlsx", broken(code=folder)) for folder in ("a", "b", "c")]
    written = send_back([judge(file) for file in files], tmp_path / "退回")
    assert [path.name for path in written] == ["报表.xlsx", "报表（2）.xlsx", "报表（3）.xlsx"]
    assert [read(path).report.unit.code for path in written] == ["a", "b", "c"]


@pytest.mark.parametrize("same", [".", "子/.."])
def test_a_source_in_the_target_folder_is_not_overwritten(tmp_path, same):
    (tmp_path / "子").mkdir()
    files = [w.put(tmp_path / "报表.xlsx", broken(code="1")), w.put(tmp_path / "报表（2）.xlsx", broken(code="2"))]
    before = [file.read_bytes() for file in files]
    written = send_back([judge(file) for file in files], tmp_path / same)
    assert [file.read_bytes() for file in files] == before
    assert [path.name for path in written] == ["报表（3）.xlsx", "报表（2）（2）.xlsx"]
    assert [read(path).report.unit.code for path in written] == ["1", "2"]


def test_a_link_to_the_source_is_not_overwritten(tmp_path):
    source = w.put(tmp_path / "报表.xlsx", broken())
    before = source.read_bytes()
    (tmp_path / "退回").mkdir()
    (tmp_path / "退回" / "报表.xlsx").symlink_to(source)
    send_back([judge(source)], tmp_path / "退回")
    assert source.read_bytes() == before


def test_a_workbook_that_is_not_ours_gets_a_list_of_its_findings(tmp_path):
    report = w.changed(w.clean("2021", 2), {"applications.received.natural_person": EVIL})
    source = w.put(tmp_path / "手工表.xlsx", w.saved(w.drawn(report, cover=True)))
    target = w.only(send_back([judge(source)], tmp_path / "退回"))
    assert target.name == "手工表-验证结果.xlsx"
    cells = open_workbook(target.read_bytes()).cells(RESULT)
    assert cells[1, 1] == "手工表.xlsx：验证未通过：1 处错误须改正。"
    assert [cells[2, column] for column in range(1, 9)] == list(HEADS[:8])
    submission = judge(source)
    assert [cells.get((3, column)) for column in range(1, 9)] == [
        1, "错误", APPLICATIONS, "D6", "一、本年新收政府信息公开申请数量 · 自然人", EVIL, None, w.only(submission.findings).message,
    ]  # fmt: skip
    with zipfile.ZipFile(target) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize("text", ["{=1+1}", "=1+1", "http://example.com", "internal:A1", "mailto:a@b.c", "+1", "00123"])
def test_the_list_of_findings_holds_texts_only(text):
    data = marking.findings_list("表.xlsx", [finding(value=text, name=text, message=text)])
    row = open_workbook(data).cells(RESULT)
    assert [row[3, column] for column in (5, 6, 8)] == [text] * 3
    assert not [value for value in row.values() if isinstance(value, Uncalculated)]
    parts = w.parts(data)
    assert b"<f" not in parts["xl/worksheets/sheet1.xml"]
    assert b"hyperlink" not in parts["xl/worksheets/sheet1.xml"]


def test_an_old_workbook_gets_a_list_of_its_findings(office, tmp_path):
    source = w.put(tmp_path / "新.xlsx", broken())
    with office.open(source) as document:
        document.save(tmp_path / "旧.xls")
    target = w.only(send_back([judge(tmp_path / "旧.xls")], tmp_path / "退回"))
    assert target.name == "旧-验证结果.xlsx"
    cells = open_workbook(target.read_bytes()).cells(RESULT)
    assert [cells[row, 4] for row in (3, 4, 5)] == ["B5:D5", "D6", "D6"]


def test_a_finding_of_many_cells_shows_them():
    spots = ("B5", "C5", "D5")
    data = marked(w.blank("2021"), [finding("F-BLANK", "B5", TABLES, cells=spots, span=spots)], {})
    assert results(data)[0][3] == "B5:D5"
    assert results(data)[0][10:] == [5, 2, 5, 4]


def test_nobody_is_sent_nothing(tmp_path):
    assert send_back([Submission("没有.xlsx", error="找不到")], tmp_path / "退回") == []
    assert not (tmp_path / "退回").exists()
