"""The official workbooks: what is in them, that they are what the schema says, and what their checks show."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache

import openpyxl
import pytest
from openpyxl.utils import range_boundaries

import workbooks as w
from gongkai import marking, template
from gongkai.cell import address, parse_address
from gongkai.edition import COVER_SHEET, by_name
from gongkai.formulas import PRIOR_SHEET
from gongkai.guide import rule_book
from gongkai.marking import RESULT_SHEET
from gongkai.ooxml import open_workbook
from gongkai.report import Unit
from gongkai.sheets import GUIDE_SHEET, META_SHEET
from workbooks import APPLICATIONS, DISPUTES, TABLES

TEMPLATES = w.ROOT / "templates"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
SHEETS = ["封面", "主动公开", "依申请公开", "复议诉讼", "上年数据", "验证结果", "填报说明", "_meta"]
MARKS = {"gk_mark_level", "gk_mark_sheet", "gk_mark_top", "gk_mark_left", "gk_mark_bottom", "gk_mark_right"}
CHINESE = re.compile("[\u4e00-\u9fff]")
BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)


def file_name(edition):
    return f"政府信息公开年报统计表-{edition}年版.xlsx"


@cache
def book(edition):
    return openpyxl.load_workbook(io.BytesIO(w.blank(edition)))


# --- the committed files


@BY_EDITION
def test_the_committed_template_is_what_the_schema_gives(edition):
    committed, built = w.parts((TEMPLATES / file_name(edition)).read_bytes()), w.parts(w.blank(edition))
    assert list(committed) == list(built)
    assert {name for name in built if committed[name] != built[name]} == set()


def test_the_checksums_match_the_files():
    lines = (TEMPLATES / "SHA256SUMS").read_text("utf-8").splitlines()
    listed = dict(reversed(line.split(maxsplit=1)) for line in lines)
    files = [file for file in TEMPLATES.iterdir() if file.suffix in (".xlsx", ".xlsm")]
    actual = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    assert {name.lstrip("*"): digest for name, digest in listed.items()} == actual
    assert {file_name(edition) for edition in w.EDITIONS} <= set(actual)


@BY_EDITION
def test_two_builds_are_the_same_to_the_byte(edition):
    code = (
        "import hashlib; from gongkai import template; from gongkai.edition import by_name; "
        f"print(hashlib.sha256(template.blank(by_name('{edition}'))).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "PATH": "/usr/bin:/bin"}
    other = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(template.blank(by_name(edition))).hexdigest()


@BY_EDITION
def test_a_template_is_small_enough_to_mail(edition):
    assert len(w.blank(edition)) <= 60 * 1024
    assert len(w.filled(w.distinct(edition))) <= 60 * 1024


@BY_EDITION
def test_a_template_has_no_macro_and_no_link_to_outside(edition):
    names = list(w.parts(w.blank(edition)))
    assert not [name for name in names if "vba" in name.lower() or "external" in name.lower()]
    assert b"TargetMode" not in b"".join(w.parts(w.blank(edition)).values())


# --- sheets


@BY_EDITION
def test_the_sheets_are_those_of_the_design(edition):
    assert book(edition).sheetnames == SHEETS
    assert [sheet.title for sheet in book(edition) if sheet.sheet_state != "visible"] == [META_SHEET]
    assert book(edition).active.title == COVER_SHEET


@BY_EDITION
def test_meta_says_what_the_workbook_is(edition):
    sheet = book(edition)[META_SHEET]
    assert sheet.sheet_state == "hidden"
    cells = {sheet.cell(row, 1).value: sheet.cell(row, 2).value for row in range(1, 7)}
    assert cells == {
        "edition": edition, "template_version": "1", "schema_digest": by_name(edition).digest,
        "validated_at": None, "validated_with": None, "validated_digest": None,
    }  # fmt: skip


@BY_EDITION
def test_every_rule_stands_in_the_guide(edition):
    guide = book(edition)[GUIDE_SHEET]
    rows = [tuple(cell.value for cell in row) for row in guide.iter_rows()]
    severities = {"error": "错误", "warning": "需说明", "info": "提示"}
    entries = [
        (entry.rule, "／".join(severities[name] for name in entry.severity), entry.title)
        for entry in rule_book(by_name(edition))
    ]
    assert rows[-len(entries) :] == entries
    assert rows[0][0] == "填报说明"
    assert by_name(edition).schema["description"] in rows[1]


# --- formulas and their results


def formulas(data):
    """Yield (part, cell element, stored result or None) of every formula."""
    for name, content in w.parts(data).items():
        if name.startswith("xl/worksheets/"):
            for cell in ET.fromstring(content).iter(f"{MAIN}c"):  # noqa: S314 - we wrote it ourselves
                if cell.find(f"{MAIN}f") is not None:
                    value = cell.find(f"{MAIN}v")
                    yield name, cell, None if value is None else value.text or ""


def with_blanks(edition):
    return w.changed(
        w.clean(edition), {"applications.received.natural_person": None, "applications.received.total": None}
    )


@BY_EDITION
@pytest.mark.parametrize("make", [w.blank, lambda e: w.filled(w.clean(e)), lambda e: w.filled(with_blanks(e))],
                         ids=["blank", "filled", "half filled"])  # fmt: skip
def test_every_formula_is_stored_with_its_result(edition, make):
    data = make(edition)
    assert w.uncalculated(data) == []
    found = list(formulas(data))
    assert len(found) > 100
    for part, cell, result in found:
        place = f"{part} {cell.get('r')}"
        assert result is not None, place
        if cell.get("t") == "str":
            continue
        assert cell.get("t") in (None, "n"), place
        float(result)  # an empty text without t="str" is no result at all
    empty = [cell for _, cell, result in found if result == ""]
    assert empty
    assert {cell.get("t") for cell in empty} == {"str"}


@BY_EDITION
def test_formulas_use_only_functions_that_every_program_has(edition):
    allowed = {
        "IF", "COUNT", "SUM", "SUMPRODUCT", "ISNUMBER", "INT", "ROUND", "COUNTBLANK", "COUNTIF", "COUNTIFS", "COUNTA",
        "ISBLANK", "CHOOSE", "AND", "OR", "NOT", "N", "ISERROR", "LEN", "TRIM", "RIGHT", "ROW", "COLUMN",
    }  # fmt: skip
    texts = [cell.find(f"{MAIN}f").text for _, cell, _ in formulas(w.blank(edition))]
    used = {name for text in texts for name in re.findall(r"([A-Z][A-Z0-9.]*)\(", text)}
    assert used <= allowed
    assert max(map(len, texts)) <= 8192  # what Excel takes
    assert all(cell.find(f"{MAIN}f").get("t") is None for _, cell, _ in formulas(w.blank(edition)))  # no array formula


# --- what may be typed where


BLOCK = "ABCDEFGHIJKLMN"
"""The columns of the block in 验证结果."""


def entry_cells(edition):
    """Return sheet → the cells a clerk may type in, with those merged into them."""
    form = by_name(edition)
    cells = {COVER_SHEET: {f"C{row}" for row in range(4, 17)}}
    cells[PRIOR_SHEET] = {f"E{row}" for row in range(5, 5 + len(form.prior_items))}
    for item in form.items:
        if not item.derived:
            box = item.box
            cells.setdefault(item.sheet, set()).update(
                address(row, column)
                for row in range(box.top, box.bottom + 1)
                for column in range(box.left, box.right + 1)
            )
    return cells


@BY_EDITION
def test_entry_cells_are_unlocked_and_all_others_locked(edition):
    entries = entry_cells(edition)
    entries[META_SHEET] = {"B4", "B5", "B6"}  # the stamp
    entries[RESULT_SHEET] = {f"{column}{row}" for row in (2, 3) for column in BLOCK}
    for sheet in book(edition):
        unlocked = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
        assert unlocked == entries.get(sheet.title, set()), sheet.title
        areas = [column for column in sheet.column_dimensions.values() if not column.protection.locked]
        columns = [number for area in areas for number in range(area.min, area.max + 1)]
        assert columns == (list(range(1, 15)) if sheet.title == RESULT_SHEET else []), sheet.title
        rows = {row for row, line in sheet.row_dimensions.items() if not line.protection.locked}
        assert rows == set(), sheet.title


@BY_EDITION
def test_of_the_results_only_the_explanations_can_be_typed(edition):
    sheet = book(edition)[RESULT_SHEET]
    assert [area for area in sheet.merged_cells.ranges if area.max_row > 1] == []
    refused = sheet.data_validations.dataValidation
    assert sorted(str(area) for rule in refused for area in rule.sqref.ranges) == [
        "A2:N3",
        "A4:H1048576",
        "J4:N1048576",
    ]
    assert dict(zip(marking.COLUMNS, BLOCK, strict=True))["情况说明"] == "I"
    for rule in refused:
        assert (rule.type, rule.formula1, rule.errorStyle, rule.showErrorMessage) == ("custom", "FALSE", None, True)
        assert CHINESE.search(rule.error)
        assert "情况说明" in rule.error
        assert len(rule.error) <= 225
        assert 0 < len(rule.errorTitle) <= 32


@BY_EDITION
def test_totals_are_locked_formulas(edition):
    rows = {"2019": 28, "2021": 30}[edition]
    totals = {f"J{row}" for row in range(6, rows + 1)} | {f"{column}{rows - 1}" for column in "DEFGHI"}
    derived = {(item.sheet, item.cell) for item in by_name(edition).items if item.derived}
    assert derived == {(APPLICATIONS, cell) for cell in totals} | {(DISPUTES, cell) for cell in ("E6", "J6", "O6")}
    for sheet, cell in derived:
        assert book(edition)[sheet][cell].value.startswith("=IF(COUNT(")
        assert book(edition)[sheet][cell].protection.locked


@BY_EDITION
def test_every_sheet_is_protected_without_a_password(edition):
    for sheet in book(edition):
        assert sheet.protection.sheet is True, sheet.title
        assert sheet.protection.password is None, sheet.title
        assert sheet.protection.selectLockedCells is False, sheet.title  # False: it may be done
        if sheet.title != META_SHEET:
            assert sheet.protection.formatColumns is False
            assert sheet.protection.formatRows is False


def validations(sheet):
    """Return cell → its native validations."""
    found = {}
    for rule in sheet.data_validations.dataValidation:
        for area in rule.sqref.ranges:
            left, top, right, bottom = range_boundaries(str(area))
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    found.setdefault(address(row, column), []).append(rule)
    return found


@BY_EDITION
def test_every_number_has_a_native_check_with_prompt_and_alert(edition):
    form = by_name(edition)
    kinds = {"count": "whole", "signed_count": "whole", "ten_thousand_yuan": "custom"}
    places = [(item.sheet, item.cell, item.measure) for item in form.items if not item.derived]
    places += [(PRIOR_SHEET, f"E{row}", form.items[index].measure) for row, index in enumerate(form.prior_items, 5)]
    for sheet, cell, measure in places:
        rule = w.only(validations(book(edition)[sheet]).get(cell, []))
        assert rule.type == kinds[measure.name], (sheet, cell)
        assert rule.showInputMessage
        assert rule.showErrorMessage
        assert rule.errorStyle in (None, "stop")
        for text, most in ((rule.prompt, 255), (rule.promptTitle, 32), (rule.error, 225), (rule.errorTitle, 32)):
            assert CHINESE.search(text), (sheet, cell)
            assert len(text) <= most, (sheet, cell, text)
        assert len(rule.formula1) <= 255
        if measure.whole:
            assert (rule.operator, rule.formula1, rule.formula2) == (None, str(measure.minimum), str(measure.maximum))
        else:
            assert rule.formula1 == (
                f"AND(ISNUMBER({cell}),ROUND({cell},6)={cell},{cell}>=0,{cell}<=999999999)"
            )  # fmt: skip


@BY_EDITION
def test_totals_have_no_native_check(edition):
    for item in by_name(edition).items:
        if item.derived:
            assert item.cell not in validations(book(edition)[item.sheet])


@BY_EDITION
def test_every_cover_field_has_a_prompt_and_every_choice_an_alert(edition):
    rules = validations(book(edition)[COVER_SHEET])
    lacking = []
    for field in by_name(edition).cover:
        rule = w.only(rules[field.cell]) if field.cell in rules else None
        if rule is None or not rule.prompt or not rule.promptTitle:
            lacking.append(field.label)
            continue
        assert CHINESE.search(rule.prompt)
        assert len(rule.prompt) <= 255
        assert len(rule.promptTitle) <= 32
        if field.choices:
            assert rule.type == "list"
            assert rule.formula1 == f'"{",".join(field.choices.values())}"'
            assert len(rule.formula1) <= 255
        if field.choices or field.key == "year":
            assert CHINESE.search(rule.error)
            assert len(rule.error) <= 225
            assert 0 < len(rule.errorTitle) <= 32
    assert lacking == []


@pytest.mark.parametrize(("edition", "first", "last"), [("2019", "2019", "2020"), ("2021", "2021", "2099")])
def test_the_year_is_checked_on_the_cover(edition, first, last):
    rule = w.only(validations(book(edition)[COVER_SHEET])["C4"])
    assert (rule.type, rule.operator, rule.formula1, rule.formula2) == ("whole", None, first, last)


# --- names, print, colours


@BY_EDITION
def test_defined_names_are_plain_and_resolve(edition):
    names = {name: defined.attr_text for name, defined in book(edition).defined_names.items()}
    assert names == {
        "gk_zero": "封面!$C$11", "gk_year": "封面!$C$4",
        "gk_mark_level": "验证结果!$B$4:$B$403", "gk_mark_sheet": "验证结果!$C$4:$C$403", "gk_mark_top": "验证结果!$K$4:$K$403",
        "gk_mark_left": "验证结果!$L$4:$L$403", "gk_mark_bottom": "验证结果!$M$4:$M$403", "gk_mark_right": "验证结果!$N$4:$N$403",
    }  # fmt: skip
    assert not [name for name in names if "." in name]
    heads = {cell.column_letter: cell.value for cell in book(edition)[RESULT_SHEET][3]}  # the row above the block
    assert [heads[column] for column in "BCKLMN"] == ["级别", "表", "上", "左", "下", "右"]
    assert [book(edition)[COVER_SHEET][cell].value for cell in ("B11", "B4")] == ["零报告", "报告年度"]


@BY_EDITION
def test_sheets_print_on_a4_without_the_helper_columns(edition):
    last = {"2019": (20, 28, 28), "2021": (16, 30, 19)}[edition]
    areas = {
        COVER_SHEET: "$A$1:$E$20", TABLES: f"$A$1:$D${last[0]}", APPLICATIONS: f"$A$1:$J${last[1]}",
        DISPUTES: "$A$1:$O$6", PRIOR_SHEET: f"$A$1:$E${last[2]}",
    }  # fmt: skip
    for sheet in book(edition):
        if sheet.title == META_SHEET:
            continue
        assert int(sheet.page_setup.paperSize) == 9, sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage is True, sheet.title
        assert sheet.page_setup.fitToWidth in (None, 1), sheet.title
        wide = sheet.title in (DISPUTES, RESULT_SHEET)
        assert sheet.page_setup.orientation == ("landscape" if wide else "portrait"), sheet.title
        if sheet.title in areas:
            assert sheet.print_area == f"'{sheet.title}'!{areas[sheet.title]}"
            right = parse_address(areas[sheet.title].split(":")[1].replace("$", ""))[1]
            heads = [cell for row in sheet.iter_rows() for cell in row if cell.value in ("核对", "说明")]
            assert all(cell.column > right for cell in heads)


@BY_EDITION
def test_headings_are_frozen(edition):
    frozen = {sheet.title: sheet.freeze_panes for sheet in book(edition)}
    assert frozen == {
        COVER_SHEET: None, TABLES: "B5", APPLICATIONS: "D6", DISPUTES: "A6", PRIOR_SHEET: "A5", RESULT_SHEET: "A4",
        GUIDE_SHEET: None, META_SHEET: None,
    }  # fmt: skip


@BY_EDITION
def test_every_entry_and_total_paints_itself_from_the_block_of_findings(edition):
    for sheet in book(edition):
        painted = {}
        for area in sheet.conditional_formatting:
            texts = [text for rule in area.rules for text in rule.formula if set(re.findall("gk_mark_[a-z]+", text))]
            for ref in area.sqref.ranges:
                left, top, right, bottom = range_boundaries(str(ref))
                for row in range(top, bottom + 1):
                    for column in range(left, right + 1):
                        painted.setdefault(address(row, column), []).extend(texts)
        painted = {cell: texts for cell, texts in painted.items() if texts}
        # A merged cell shows the colour of its upper left cell.
        items = {item.cell for item in by_name(edition).items if item.sheet == sheet.title}
        wanted = items or entry_cells(edition).get(sheet.title, set())
        assert set(painted) == wanted, sheet.title
        for texts in painted.values():
            assert len(texts) == 2
            for text, level in zip(texts, ("错误", "需说明"), strict=True):
                assert set(re.findall("gk_mark_[a-z]+", text)) == MARKS
                assert f'gk_mark_sheet,"{sheet.title}",gk_mark_level,"{level}"' in text


# --- labels


def merged(sheet):
    """Return cell → the upper left cell of the merged range it belongs to."""
    return {
        (row, column): (area.min_row, area.min_col)
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }


def path_at(sheet, places):
    """Return the labels at these places, a merged one once."""
    into = merged(sheet)
    starts = dict.fromkeys(into.get(place, place) for place in places)
    return tuple(sheet.cell(*start).value for start in starts)


@BY_EDITION
def test_every_item_is_printed_under_its_label_path(edition):
    schema = json.loads((w.ROOT / "schema" / f"{edition}.schema.json").read_text("utf-8"))
    for item in by_name(edition).items:
        sheet = book(edition)[item.sheet]
        row, column = item.box.top, item.box.left
        table = schema["properties"][item.table]
        assert tuple(table["properties"][item.row]["heading"]) == item.row_heading
        if item.table == "disputes":
            assert path_at(sheet, [(above, column) for above in (3, 4)]) == item.row_heading
            assert path_at(sheet, [(5, column)]) == item.column_heading
            continue
        labels = 3 if item.table == "applications" else 1
        assert path_at(sheet, [(row, at) for at in range(1, labels + 1)]) == item.row_heading
        first = next(block for block in by_name(edition).blocks if block.table == item.table).data.top
        depth = 3 if item.table == "applications" else 1
        assert path_at(sheet, [(above, column) for above in range(first - depth, first)]) == item.column_heading
        if depth == 1:
            assert path_at(sheet, [(first - 2, column)]) == tuple(table["heading"])
            assert path_at(sheet, [(first - 1, 1)]) == ("信息内容",)


@BY_EDITION
def test_cells_are_merged_as_the_annex_merges_them(edition):
    form = by_name(edition)
    for name in form.sheets:
        blocks = [block for block in form.blocks if block.sheet == name]
        boxes = [label.box for block in blocks for label in block.labels]
        boxes += [item.box for item in form.items if item.sheet == name]
        bottom, right = max(b.data.bottom for b in blocks), max(b.data.right for b in blocks)
        here = {
            str(area)
            for area in book(edition)[name].merged_cells.ranges
            if 3 <= area.min_row <= bottom and area.min_col <= right
        }
        assert here == {box.reference for box in boxes if box.cells > 1}


def test_some_labels_stand_where_the_annex_has_them():
    sheet = book("2021")[APPLICATIONS]
    assert sheet["A1"].value == "三、收到和处理政府信息公开申请情况"
    assert sheet["A3"].value == "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
    assert (sheet["A6"].value, sheet["A30"].value) == ("一、本年新收政府信息公开申请数量", "四、结转下年度继续办理")
    assert (sheet["B9"].value, sheet["C12"].value) == (
        "（二）部分公开（区分处理的，只计这一情形，不计其他情形）", "3.危及“三安全一稳定”",
    )  # fmt: skip
    assert [sheet[f"{column}5"].value for column in "EFGHI"] == [
        "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他",
    ]  # fmt: skip
    assert sheet["C27"].value == "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请"
    old = book("2019")[TABLES]
    assert [old[cell].value for cell in ("A3", "B4", "C4", "D4", "A6", "C8", "A10", "C19")] == [
        "第二十条第（一）项", "本年新制作数量", "本年新公开数量", "对外公开总数量", "规范性文件", "本年增/减", "其他对外管理服务事项",
        "采购总金额（单位：万元）",
    ]  # fmt: skip


# --- the built-in checks, as they are stored

COUNT = "A2"


def marks(data, edition="2021"):
    """Return sheet → cell → mark of every cell that shows one but ✓, and the line on the cover."""
    found = {}
    for sheet in (COVER_SHEET, *by_name(edition).sheets, PRIOR_SHEET):
        cells = w.shown(data, sheet)
        wrong = {cell: value for cell, value in cells.items() if value in ("✗", "待填", "需说明")}
        if wrong:
            found[sheet] = wrong
    return found, w.shown(data, COVER_SHEET)[COUNT]


def spoilt(cells, seed=2, edition="2021", unit=None):
    """Return a filled workbook and its report: clean but for these cells."""
    report = w.changed(w.clean(edition, seed, unit), cells)
    return w.filled(report), w.cells_of(report)


CLEAN = w.cells_of(w.clean("2021", 2))


@BY_EDITION
@pytest.mark.parametrize("seed", [1, 2])
def test_a_clean_report_passes_its_own_checks(edition, seed):
    data = w.filled(w.clean(edition, seed))
    assert marks(data, edition) == ({}, "内置校验：通过")
    ticks = [value for value in w.shown(data, APPLICATIONS).values() if value == "✓"]
    assert len(ticks) == {"2019": 23 + 15, "2021": 25 + 15}[edition]


@pytest.mark.parametrize(("edition", "rows"), [("2019", 8 + 23 + 3), ("2021", 6 + 25 + 3)])
def test_a_blank_template_waits_for_every_cell(edition, rows):
    found, line = marks(w.blank(edition), edition)
    assert line == f"内置校验：{rows + 17} 处问题（错误 0，待填 {rows + 17}，需说明 0）"
    assert found[COVER_SHEET] == {"D4": "待填", "D5": "待填"}
    assert set(found) == {COVER_SHEET, TABLES, APPLICATIONS, DISPUTES}
    assert sum(map(len, found.values())) == rows + 17  # and 15 columns, the name and the year
    with_year = template.blank(by_name(edition), year=w.YEARS[edition])
    assert marks(with_year, edition)[1] == f"内置校验：{rows + 16} 处问题（错误 0，待填 {rows + 16}，需说明 0）"
    assert w.shown(with_year, COVER_SHEET)["C4"] == w.YEARS[edition]


def test_a_column_out_of_balance_is_crossed():
    # One more carried out by natural persons, in the column and in the total: T3-BAL breaks in both, T3-ROW holds.
    out = {key: CLEAN[key] + 1 for key in ("applications.carried_out.natural_person", "applications.carried_out.total")}
    data, _ = spoilt(out)
    assert marks(data) == ({APPLICATIONS: {"D32": "✗", "J32": "✗"}}, "内置校验：2 处问题（错误 2，待填 0，需说明 0）")
    cells = w.shown(data, APPLICATIONS)
    assert cells["A32"] == "核对：第一项加第二项之和，等于第三项加第四项之和"
    assert [cells[f"{column}32"] for column in "EFGHI"] == ["✓"] * 5
    assert [cells[f"{column}31"] for column in "DEFGHIJ"] == ["✓"] * 7
    assert (cells["K30"], cells["M30"]) == ("✓", 1)


def test_a_sum_that_does_not_hold_is_crossed():
    data, _ = spoilt({"applications.granted.natural_person": CLEAN["applications.granted.natural_person"] + 1})
    found, line = marks(data)
    # The row no longer adds up to its typed total, the column no longer to （七）; the column still balances.
    assert found == {APPLICATIONS: {"K8": "✗", "D31": "✗"}}
    assert line == "内置校验：2 处问题（错误 2，待填 0，需说明 0）"
    cells = w.shown(data, APPLICATIONS)
    assert (cells["L8"], cells["M8"]) == ("每行的总计等于各类申请人之和", 4)


def test_a_blank_row_is_to_be_filled():
    data, _ = spoilt({key: None for key in CLEAN if key.startswith("applications.received.")})
    waiting = {"K6": "待填"} | {f"{column}32": "待填" for column in "DEFGHIJ"}
    assert marks(data) == ({APPLICATIONS: waiting}, "内置校验：8 处问题（错误 0，待填 8，需说明 0）")
    cells = w.shown(data, APPLICATIONS)
    assert (cells["L6"], cells["M6"], cells.get("J6")) == ("还有空格未填", 2, None)


@pytest.mark.parametrize("mark", ["/", "-", "—", "无"])
def test_a_placeholder_is_to_be_filled_too(mark):
    data, _ = spoilt({"documents.normative_documents.in_force": mark})
    assert marks(data) == ({TABLES: {"E6": "待填"}}, "内置校验：1 处问题（错误 0，待填 1，需说明 0）")
    assert w.shown(data, TABLES)["F6"] == "还有空格未填"


@pytest.mark.parametrize("value", ["3件", "5", -1, 2.5, True, " "])
def test_what_is_no_number_is_crossed_in_its_row_and_awaited_in_its_column(value):
    data, _ = spoilt({"applications.received.natural_person": value})
    found, line = marks(data)
    assert found == {APPLICATIONS: {"K6": "✗", "D32": "待填"}}
    assert line == "内置校验：2 处问题（错误 1，待填 1，需说明 0）"
    cells = w.shown(data, APPLICATIONS)
    assert (cells["L6"], cells["M6"]) == ("有的格不是有效数字", 3)


def test_a_warning_asks_for_an_explanation():
    data, _ = spoilt(
        {f"documents.normative_documents.{c}": v for c, v in (("issued", 9), ("repealed", 2), ("in_force", 6))}
    )
    assert marks(data) == ({TABLES: {"E6": "需说明"}}, "内置校验：1 处问题（错误 0，待填 0，需说明 1）")
    cells = w.shown(data, TABLES)
    assert (cells["F6"], cells["G6"]) == ("现行有效件数不少于本年制发件数减去本年废止件数", 4)
    assert cells["E5"] == "✓"


def test_a_region_is_not_asked_for_explanations():
    cells = {f"documents.normative_documents.{c}": v for c, v in (("issued", 9), ("repealed", 2), ("in_force", 6))}
    data, _ = spoilt(cells, unit=Unit(name="某市", kind="region"))
    assert marks(data) == ({}, "内置校验：通过")


def test_a_wrong_total_of_the_disputes_is_crossed_below():
    data, _ = spoilt({"disputes.direct_litigation.total": CLEAN["disputes.direct_litigation.total"] + 1})
    assert marks(data) == ({DISPUTES: {"F7": "✗"}}, "内置校验：1 处问题（错误 1，待填 0，需说明 0）")
    cells = w.shown(data, DISPUTES)
    assert cells["F8"] == "总计等于结果维持、结果纠正、其他结果、尚未审结之和"
    assert (cells["A7"], cells["K7"], cells["F9"]) == ("✓", "✓", 4)


def test_rule_breakers_of_the_old_form_are_marked():
    cells = {"enforcement.administrative_penalty.prior_items": 3, "enforcement.administrative_penalty.change": -4}
    data, _ = spoilt(cells, edition="2019")
    found, line = marks(data, "2019")
    assert found == {TABLES: {"E13": "✗"}}
    assert line == "内置校验：1 处问题（错误 1，待填 0，需说明 0）"


def test_a_zero_report_passes_blank():
    report = w.of("2021", dict.fromkeys(CLEAN), Unit(name="某局", zero_report="是"))
    data = w.filled(report)
    assert marks(data) == ({}, "内置校验：通过")
    assert not {"D6", "J6"} & set(w.shown(data, APPLICATIONS))  # what was filed is what the cells hold: nothing


@pytest.mark.parametrize(
    ("unit", "year", "mark"),
    [({"name": "某局"}, 2020, {"D4": "✗"}), ({"name": "某局"}, None, {"D4": "待填"}), ({"name": None}, 2023, {"D5": "待填"}),
     ({"name": "某局"}, "2023年", {"D4": "✗"}), ({"name": "某局", "level": "区级"}, 2023, {"D7": "✗"}),
     ({"name": "某局", "zero_report": "Y"}, 2023, {"D11": "✗"})],
)  # fmt: skip
def test_the_cover_is_checked(unit, year, mark):
    report = w.clean("2021", 2, Unit(**unit))
    report = type(report)("2021", year, report.unit, report.values)
    errors = "✗" in mark.values()
    assert marks(w.filled(report)) == (
        {COVER_SHEET: mark}, f"内置校验：1 处问题（错误 {int(errors)}，待填 {int(not errors)}，需说明 0）",
    )  # fmt: skip


def test_last_years_values_are_compared_on_their_sheet():
    form, report = by_name("2021"), w.clean("2021", 2)
    carried = CLEAN["applications.carried_in.total"]
    index = form.index["applications.carried_out.total"]
    row = 5 + form.prior_items.index(index)
    good = template.fill(form, report, {index: carried})
    assert marks(good) == ({}, "内置校验：通过")
    assert w.shown(good, PRIOR_SHEET)[f"F{row}"] == "✓"
    bad = template.fill(form, report, {index: carried + 1})
    assert marks(bad) == ({PRIOR_SHEET: {f"F{row}": "✗"}}, "内置校验：1 处问题（错误 1，待填 0，需说明 0）")
    assert w.shown(bad, PRIOR_SHEET)[f"G{row}"] == "上年结转等于上年度报告的结转下年度继续办理"
    text = template.fill(form, report, {index: "三件"})
    assert marks(text) == ({PRIOR_SHEET: {f"F{row}": "✗"}}, "内置校验：1 处问题（错误 1，待填 0，需说明 0）")
    assert w.shown(text, PRIOR_SHEET)[f"G{row}"] == "不是有效数字"


@pytest.mark.parametrize("name", ["jianxi-2023", "pingtan-2021", "pingtan-2022"])
def test_published_reports_without_findings_pass(name):
    assert marks(w.filled(w.example(name))) == ({}, "内置校验：通过")


def test_a_published_report_with_a_warning_shows_it():
    data = w.filled(w.example("huaian-2024"))
    assert marks(data) == ({APPLICATIONS: {"K27": "需说明"}}, "内置校验：1 处问题（错误 0，待填 0，需说明 1）")


# --- totals: formula or value


def formula_cells(data, sheet):
    part = w.part_of(data, sheet)
    return {cell.get("r"): result for name, cell, result in formulas(data) if name == part}


def test_a_total_stays_a_formula_where_it_equals_its_result():
    report = w.clean("2021", 2)
    data = w.filled(report)
    applications, disputes = formula_cells(data, APPLICATIONS), formula_cells(data, DISPUTES)
    for item in by_name("2021").items:
        if item.derived:
            stored = (applications if item.sheet == APPLICATIONS else disputes)[item.cell]
            assert stored == str(report.values[item.index])


def test_a_total_that_differs_is_written_as_reported():
    wrong = CLEAN["applications.received.total"] + 1
    data, _ = spoilt({"applications.received.total": wrong})
    assert "J6" not in formula_cells(data, APPLICATIONS)
    assert w.shown(data, APPLICATIONS)["J6"] == wrong
    assert formula_cells(data, APPLICATIONS)["J7"] == str(CLEAN["applications.carried_in.total"])
    style = openpyxl.load_workbook(io.BytesIO(data))[APPLICATIONS]["J6"]
    assert style.protection.locked
    assert style.value == wrong


@pytest.mark.parametrize("value", [None, "12件", True, 1.5])
def test_a_total_that_is_blank_or_no_number_is_written_as_reported(value):
    data, _ = spoilt({"applications.received.total": value})
    assert "J6" not in formula_cells(data, APPLICATIONS)
    assert w.shown(data, APPLICATIONS).get("J6") == value


def test_a_blank_total_of_blanks_stays_a_formula_that_shows_nothing():
    data, _ = spoilt({key: None for key in CLEAN if key.startswith("disputes.reconsideration.")})
    assert formula_cells(data, DISPUTES)["E6"] == ""
    assert "E6" not in w.shown(data, DISPUTES)


def test_a_total_over_another_total_is_written_in_turn():
    # （七）总计 of 总计 adds up a row of totals; one of them is typed, and the sum still stands on what is shown.
    wrong = CLEAN["applications.concluded.natural_person"] + 1
    data, cells = spoilt({"applications.concluded.natural_person": wrong})
    stored = formula_cells(data, APPLICATIONS)
    assert "D29" not in stored
    found = [name for name in ("J29", "J8") if name in stored]
    shows = w.shown(data, APPLICATIONS)
    assert shows["J29"] == cells["applications.concluded.total"]
    assert "J8" in found


@BY_EDITION
def test_texts_of_a_report_never_become_formulas(edition):
    report = w.of(
        edition, dict.fromkeys(w.cells_of(w.clean(edition)), "=1+1"), Unit(name='=HYPERLINK("x")', phone="=A1")
    )
    blank, data = w.blank(edition), w.filled(report)
    for sheet in by_name(edition).sheets:
        assert set(formula_cells(data, sheet)) <= set(formula_cells(blank, sheet))
    assert set(formula_cells(data, COVER_SHEET)) == set(formula_cells(blank, COVER_SHEET))
    assert open_workbook(data).cells(COVER_SHEET)[5, 3] == '=HYPERLINK("x")'
