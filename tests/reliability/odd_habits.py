"""The official workbook after somebody worked on it: hidden, protected, pasted over, saved by a program with its ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from openpyxl.comments import Comment

import workbooks as w
from odd import Oddity
from workbooks import APPLICATIONS, DISPUTES, TABLES

Alter = Callable[[bytes], bytes]

MAIN, STRICT_MAIN = (
    b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"http://purl.oclc.org/ooxml/spreadsheetml/main",
)
KIN, STRICT_KIN = (
    b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    b"http://purl.oclc.org/ooxml/officeDocument/relationships",
)
WORKBOOK, TYPES, STYLES, PROPERTIES = "xl/workbook.xml", "[Content_Types].xml", "xl/styles.xml", "docProps/app.xml"
SHEET_TYPE = r"application/vnd\.openxmlformats-officedocument\.spreadsheetml\.sheet\.main"
PROTECTION = r"<sheetProtection[^>]*/>"


def part(name: str, pattern: str, new: str) -> Alter:
    """Change a part of the package; what the pattern means must be there."""

    def alter(data: bytes) -> bytes:
        content = w.parts(data)
        changed = re.sub(pattern, new, content[name].decode(), flags=re.DOTALL)
        assert changed != content[name].decode(), pattern
        return w.packed({**content, name: changed.encode()})

    return alter


def xml(sheet: str, pattern: str, new: str) -> Alter:
    """Change the part of a sheet."""
    return lambda data: part(w.part_of(data, sheet), pattern, new)(data)


def everywhere(pattern: str, new: str) -> Alter:
    """Change the part of every table."""
    return both(*[xml(sheet, pattern, new) for sheet in (TABLES, APPLICATIONS, DISPUTES)])


def both(*alterations: Alter) -> Alter:
    """Do one after the other."""

    def alter(data: bytes) -> bytes:
        for each in alterations:
            data = each(data)
        return data

    return alter


def edit(change: Callable[[Any], object]) -> Alter:
    """Let openpyxl change and save the workbook."""
    return lambda data: w.edited(data, change)


def strict(data: bytes) -> bytes:
    """Return the workbook as Strict Open XML."""
    return w.packed({
        name: content.replace(MAIN, STRICT_MAIN).replace(KIN, STRICT_KIN) for name, content in w.parts(data).items()
    })  # fmt: skip


def without_sheets(*names: str) -> Alter:
    """Delete sheets."""

    def alter(data: bytes) -> bytes:
        content = w.parts(data)
        for name in names:
            del content[w.part_of(data, name)]
        text = content[WORKBOOK].decode()
        for name in names:
            text = re.sub(rf'<sheet name="{name}"[^>]*/>', "", text)
        return w.packed({**content, WORKBOOK: text.encode()})

    return alter


def formula(text: str, cell: str = "D6", sheet: str = APPLICATIONS, more: str = "") -> Alter:
    """Let a formula, with the result it has now, stand in a number cell."""
    return xml(sheet, rf'(<c r="{cell}" s="\d+")><v>', rf"\1{more}><f>{text}</f><v>")


def comment(book: Any) -> None:
    """Leave a remark on a cell."""
    book[APPLICATIONS]["D6"].comment = Comment("应为 5 件", "某某")


def scribble(book: Any) -> None:
    """Add colours, widths, a sheet of notes and a chart's worth of numbers on a sheet of their own."""
    book.create_sheet("草稿").append([1, 2, 3])
    book[APPLICATIONS].row_dimensions[9].height = 80
    book[APPLICATIONS].sheet_properties.tabColor = "FF0000"


def reversed_sheets(book: Any) -> None:
    """Turn the order of the sheets round."""
    book._sheets.reverse()


def unmerged(book: Any) -> None:
    """Take the merges from every table."""
    for sheet in (TABLES, APPLICATIONS, DISPUTES):
        for area in list(book[sheet].merged_cells.ranges):
            book[sheet].unmerge_cells(str(area))


STATES = {
    "row of a table hidden": xml(APPLICATIONS, '<row r="12" ', '<row r="12" hidden="1" '),
    "every row of a table hidden": xml(APPLICATIONS, '<row r="', '<row hidden="1" r="'),
    "columns of a table hidden": xml(
        APPLICATIONS, '<col min="4" max="10" width="10.140625" customWidth="1"/>',
        '<col min="4" max="10" width="0" hidden="1" customWidth="1"/>',
    ),
    "rows grouped and folded": xml(APPLICATIONS, '<row r="(1[0-7])" ', r'<row r="\1" outlineLevel="1" hidden="1" '),
    "rows filtered": both(
        xml(APPLICATIONS, '<row r="(9|1[1-5])" ', r'<row r="\1" hidden="1" '),
        xml(APPLICATIONS, "(<sheetProtection[^>]*/>)", r'\1<autoFilter ref="A5:J30"><filterColumn colId="3"><filters>'
            r'<filter val="0"/></filters></filterColumn></autoFilter>'),
    ),
    "sheet hidden": part(WORKBOOK, '(<sheet name="依申请公开" sheetId="3")', r'\1 state="hidden"'),
    "sheet very hidden": part(WORKBOOK, '(<sheet name="依申请公开" sheetId="3")', r'\1 state="veryHidden"'),
    "all tables hidden": part(WORKBOOK, '(<sheet name="(?:主|依|复)[^"]*" sheetId="[234]")', r'\1 state="hidden"'),
    "numbers shown as nothing": both(
        part(STYLES, "<fonts", '<numFmts count="1"><numFmt numFmtId="164" formatCode=";;;"/></numFmts><fonts'),
        part(STYLES, '<xf numFmtId="0"', '<xf numFmtId="164"'),
    ),
    "protection removed": everywhere(PROTECTION, ""),
    "protected with a password": everywhere(PROTECTION, '<sheetProtection password="CC1A" sheet="1" objects="1"/>'),
    "structure protected": part(WORKBOOK, "<bookViews>", '<workbookProtection lockStructure="1"/><bookViews>'),
    "panes not frozen": everywhere("<pane .*?</sheetView>", "</sheetView>"),
    "panes split": xml(APPLICATIONS, 'state="frozen"', 'state="split"'),
    "right to left": everywhere('<sheetView workbookViewId="0"', '<sheetView rightToLeft="1" workbookViewId="0"'),
    "formulas shown": everywhere('<sheetView workbookViewId="0"', '<sheetView showFormulas="1" workbookViewId="0"'),
    "zeros not shown": everywhere('<sheetView workbookViewId="0"', '<sheetView showZeros="0" workbookViewId="0"'),
    "page break preview": everywhere('<sheetView workbookViewId="0"', '<sheetView view="pageBreakPreview" workbookViewId="0"'),
    "R1C1 mode": part(WORKBOOK, "<calcPr ", '<calcPr refMode="R1C1" '),
    "calculated by hand": part(WORKBOOK, "<calcPr [^>]*/>", '<calcPr calcMode="manual" calcOnSave="0"/>'),
    "as shown, not as stored": part(WORKBOOK, "<calcPr ", '<calcPr fullPrecision="0" '),
    "1904": part(WORKBOOK, "<workbookPr ", '<workbookPr date1904="1" '),
    "shared workbook": part(WORKBOOK, "<fileVersion", '<fileSharing readOnlyRecommended="1"/><fileVersion'),
    "defined names gone": part(WORKBOOK, "<definedNames>.*</definedNames>", ""),
    "defined names broken": part(WORKBOOK, r"(<definedName [^>]*>)[^<]*", r"\1#REF!"),
    "conditional formats gone": everywhere("<conditionalFormatting .*</conditionalFormatting>", ""),
    "validations gone": everywhere("<dataValidations .*</dataValidations>", ""),
    "merges gone": everywhere("<mergeCells .*</mergeCells>", ""),
    "widths gone": everywhere("<cols>.*</cols>", ""),
    "dimension that lies": everywhere('<dimension ref="[^"]*"/>', '<dimension ref="A1"/>'),
    "no spans": everywhere(' spans="[^"]*"', ""),
    "no styles": everywhere(r' s="\d+"', ""),
    "green triangles": everywhere("<printOptions", '<ignoredErrors><ignoredError sqref="A1:J40" numberStoredAsText="1"/></ignoredErrors><printOptions'),
    "hyperlinks": everywhere("<printOptions", '<hyperlinks><hyperlink ref="A6" location="封面!A1"/></hyperlinks><printOptions'),
    "values under merged cells": xml(APPLICATIONS, '<mergeCells count="(\\d+)">', r'<mergeCells count="\1"><mergeCell ref="D12:F12"/>'),
    "another program": part(PROPERTIES, "Microsoft Excel", "WPS 表格"),
    "no program": part(PROPERTIES, "<Application>.*?</Application>", ""),
    "macro-enabled": part(TYPES, SHEET_TYPE, "application/vnd.ms-excel.sheet.macroEnabled.main"),
    "saved as a template": part(TYPES, SHEET_TYPE, "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main"),
    "saved as a macro template": part(TYPES, SHEET_TYPE, "application/vnd.ms-excel.template.macroEnabled.main"),
    "Strict Open XML": strict,
    "_meta gone": without_sheets("_meta"),
    "helper sheets gone": without_sheets("上年数据", "验证结果", "填报说明", "_meta"),
    "last year's sheet gone": without_sheets("上年数据"),
    "comment": edit(comment),
    "drafts beside": edit(scribble),
    "sheets in another order": edit(reversed_sheets),
    "unmerged by a program": edit(unmerged),
}  # fmt: skip

FORMULAS = {
    "formula in a number cell": formula("1+2"),
    "formula that refers to another sheet": formula("主动公开!B6"),
    "formula that refers to another workbook": formula("[1]Sheet1!$D$6"),
    "formula with a lost reference": formula("#REF!+1"),
    "formula of dynamic arrays": formula("_xlfn.SINGLE(A1:A2)", more=' cm="1"'),
    "formula of a program we do not know": formula("ET.SUMVISIBLE(A1)"),
    "array formula": xml(APPLICATIONS, r'(<c r="D6" s="\d+")><v>', r'\1><f t="array" ref="D6">SUM(A1:A2*1)</f><v>'),
    "shared formula": both(
        xml(APPLICATIONS, r'(<c r="D6" s="\d+")><v>', r'\1><f t="shared" ref="D6:D7" si="0">E6</f><v>'),
        xml(APPLICATIONS, r'(<c r="D7" s="\d+")><v>', r'\1><f t="shared" si="0"/><v>'),
    ),
    "values pasted over the totals": xml(APPLICATIONS, r'(<c r="[DJ]\d+" s="\d+")><f>[^<]*</f>', r"\1>"),
    "totals by other formulas": xml(APPLICATIONS, r'(<c r="J6" s="\d+")><f>[^<]*</f>', r"\1><f>D6+E6+F6+G6+H6+I6</f>"),
    "totals of 表四 pasted over": xml(DISPUTES, r'(<c r="[EJO]6" s="\d+")><f>[^<]*</f>', r"\1>"),
}  # fmt: skip

HABITS = {name: Oddity(alter) for name, alter in {**STATES, **FORMULAS}.items()}
