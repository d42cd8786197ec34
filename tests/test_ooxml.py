"""The .xlsx reader: against openpyxl on what XlsxWriter and openpyxl write, and on packages made by hand."""

from __future__ import annotations

import io
import pickle
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ERROR_CODES

import oracle
from gongkai import ooxml, package, sheetxml, xmlwalk
from gongkai.cell import CellError, DateText, Uncalculated, Value
from gongkai.dates import date_text, shows_date
from gongkai.ooxml import Workbook, WorkbookError, open_workbook
from gongkai.sheetxml import SheetReader
from gongkai.stored import number

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
STRICT_PROPERTIES = "http://purl.oclc.org/ooxml/officeDocument/extendedProperties"

Parts = dict[str, str | bytes]
Cells = dict[tuple[int, int], Value]


# ---- a tiny maker of packages


def pack(parts: Parts, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def relations(*entries: tuple[str, str, str], extra: str = "") -> str:
    body = "".join(f'<Relationship Id="{i}" Type="{kind}" Target="{target}"/>' for i, kind, target in entries)
    return f'<Relationships xmlns="{RELATIONS}">{body}{extra}</Relationships>'


def sheet(rows: str, before: str = "", after: str = "") -> str:
    return f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'


def row(cells: str, number_: int = 1) -> str:
    return f'<row r="{number_}">{cells}</row>'


def parts_of(rows: str = "", strings: str | None = None, styles: str | None = None, properties: str = "") -> Parts:
    entries = [("s1", f"{OFFICE}/worksheet", "worksheets/sheet1.xml")]
    parts: Parts = {
        "_rels/.rels": relations(("r1", f"{OFFICE}/officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}'
        '<sheets><sheet name="表" sheetId="1" r:id="s1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": rows if rows.startswith("<?") or "sheetData" in rows else sheet(rows),
    }
    if strings is not None:
        entries.append(("t", f"{OFFICE}/sharedStrings", "texts.xml"))
        parts["xl/texts.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>' if strings.startswith("<si") else strings
    if styles is not None:
        entries.append(("y", f"{OFFICE}/styles", "looks.xml"))
        parts["xl/looks.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    parts["xl/_rels/workbook.xml.rels"] = relations(*entries)
    return parts


def cells_of(rows: str = "", **more: Any) -> Cells:
    return open_workbook(pack(parts_of(rows, **more))).cells("表")


def refusal(data: bytes | Path) -> str:
    """Return the reason why a workbook, or one of its sheets, cannot be read."""
    with pytest.raises(WorkbookError) as caught:
        read_all(open_workbook(data))
    assert str(caught.value)
    return caught.value.reason


def read_all(workbook: Workbook) -> dict[str, Cells]:
    return {name: workbook.cells(name) for name in workbook.sheets}


def typed(cells: Cells) -> dict[tuple[int, int], tuple[type, Value]]:
    """Make 1, 1.0 and True, or a text and an error value, differ."""
    return {place: (type(value), value) for place, value in cells.items()}


def both_ways(rows: str, **more: Any) -> Cells:
    """Read a sheet in plain form and again with a comment that makes the form not plain; both must agree."""
    cells = cells_of(sheet(rows), **more)
    assert typed(cells_of(sheet(rows, before="<!-- -->"), **more)) == typed(cells)
    return cells


def refused_both_ways(rows: str, **more: Any) -> str:
    reason = refusal(pack(parts_of(sheet(rows), **more)))
    assert refusal(pack(parts_of(sheet(rows, before="<!-- -->"), **more))) == reason
    return reason


def value_of(cell: str, **more: Any) -> Value:
    return both_ways(row(cell), **more).get((1, 1))


# ---- against openpyxl

TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.sampled_from("\n\t 公开一①"),
    min_size=1,
    max_size=12,
)
ODD_TEXT = st.sampled_from(
    [
        "_x0041_",
        "a_x005F_b",
        "_x005F_ _x0041_",  # without the space XlsxWriter escapes only the first
        "_xD83D__xDE00_",
        "  两端有空格 ",
        "\n",
        "=1+1",
        "1",
        "#N/A ",
        "&amp;<>\"'",
        "&#65;",
    ]
)
NUMBER = (
    st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
    | st.sampled_from([0, -0.0, 999_999_999_999_999, 10**15, 0.1, 1e-9, 5e-324])
)
MOMENT = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
DAY = st.dates(date(1900, 1, 1), date(9999, 12, 31))
CLOCK = st.times().map(lambda clock: clock.replace(microsecond=clock.microsecond // 1000 * 1000))
ERROR = st.sampled_from(ERROR_CODES).map(CellError)
FORMULA = st.builds(
    lambda source, result: ("formula", source, result),
    st.sampled_from(["=SUM(A1:B2)", '=IF(A1<1,"&",2)', '="a"&"b"', "=TRUE"]),
    NUMBER | TEXT | st.booleans() | ERROR | st.just(""),
)
CELL = st.none() | NUMBER | TEXT | ODD_TEXT | st.booleans() | MOMENT | DAY | CLOCK | ERROR | FORMULA
GRID = st.lists(st.lists(CELL, max_size=5), max_size=5)
CODES = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time: "hh:mm:ss"}


def written_by_xlsxwriter(grid: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("表")
    formats = {kind: book.add_format({"num_format": code}) for kind, code in CODES.items()}
    for y, line in enumerate(grid):
        for x, value in enumerate(line):
            if type(value) in formats:
                page.write_datetime(y, x, value, formats[type(value)])
            elif isinstance(value, tuple):
                page.write_formula(y, x, value[1], None, value[2])
            elif isinstance(value, CellError):
                page.write_formula(y, x, "=NA()", None, str(value))
            elif isinstance(value, str):
                page.write_string(y, x, value)
            elif value is not None:
                page.write(y, x, value)
    book.close()
    return buffer.getvalue()


def written_by_openpyxl(grid: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = "表"
    for y, line in enumerate(grid, 1):
        for x, value in enumerate(line, 1):
            cell = page.cell(y, x)
            if isinstance(value, tuple):
                cell.value = value[1]
            elif isinstance(value, CellError):
                cell.value = str(value)
            elif isinstance(value, str):
                cell.value = value
                cell.data_type = "s"
            elif value is not None:
                cell.value = value
                if type(value) in CODES:
                    cell.number_format = CODES[type(value)]
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("writer", [written_by_xlsxwriter, written_by_openpyxl])
@settings(max_examples=120, deadline=None)
@given(grid=GRID)
@example(grid=[[datetime(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), time(0, 0), time(12, 30)]])  # noqa: DTZ001
@example(
    grid=[["_x0041_", "_x005F_", "\n", " ", None], [("formula", "=A1", ""), ("formula", "=1/0", CellError("#DIV/0!"))]]
)
def test_agrees_with_openpyxl(writer: Callable[..., bytes], grid: list[list[Any]]) -> None:
    data = writer(grid)
    seen = oracle.seen_in(data)
    assert seen is not None
    assert oracle.disagreements({"表": open_workbook(data).cells("表")}, seen) == []


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Collect what is parsed the slow way, but for the number formats, the relationships and the list of sheets."""
    documents: list[bytes] = []

    def walk(chunks: Any, root: str, *more: Any, **options: Any) -> None:
        document = b"".join(chunks)
        if root != "styleSheet" or b"<cellXfs" in document:
            documents.append(document)
        xmlwalk.walk(iter([document]), root, *more, **options)

    monkeypatch.setattr(sheetxml, "walk", walk)
    return documents


@pytest.mark.parametrize("writer", [written_by_xlsxwriter, written_by_openpyxl])
def test_what_libraries_write_takes_the_fast_way(writer: Callable[..., bytes], walked: list[bytes]) -> None:
    grid = [
        ["文字", " a&b<c> ", "文字", 1, 2.5, True],
        [None, CellError("#N/A"), date(2024, 1, 31), ("formula", '=IF(A1<1,"&",2)', "√&")],
    ]
    data = writer(grid)
    cells = open_workbook(data).cells("表")
    assert cells[1, 2] == " a&b<c> "
    assert cells[2, 3] == "2024-01-31"
    assert oracle.disagreements({"表": cells}, oracle.seen_in(data) or {}) == []
    assert walked == []


def test_what_programs_write_takes_the_fast_way(walked: list[bytes]) -> None:
    page = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}" '
        'xmlns:x14ac="urn:x14ac"><dimension ref="A1:D3"/><cols><col min="1" max="4" width="9"/></cols><sheetData>'
        '<row r="1" spans="1:4" ht="20.1" customHeight="1" x14ac:dyDescent="0.2"><c r="A1" s="1" t="s"><v>0</v></c>'
        '<c r="B1" s="1" t="s"><v>1</v></c><c r="C1" s="2"><v>45322</v></c><c r="D1" s="1"/></row>'
        '<row r="2" customFormat="false" ht="12.8"><c r="A2" s="0" t="n"><f aca="false">IF(C1&gt;1,&quot;&amp;&quot;,2)</f><v>2</v></c>'
        '<c r="B2" t="str"><f t="shared" ref="B2:B3" si="0">A2</f><v></v></c><c r="C2"><f>A3</f></c></row>'
        '<row r="3" /></sheetData><mergeCells count="1"><mergeCell ref="A3:B3"/></mergeCells></worksheet>'
    )
    strings = (
        '<si><t>公开</t><phoneticPr fontId="1" type="noConversion"/></si><si><r><rPr><sz val="11"/><color rgb="FF000000"/></rPr>'
        '<t xml:space="preserve">第1 </t></r><r><rPr><sz val="11"/></rPr><t>项</t></r></si>'
    )
    styles = (
        '<numFmts count="1"><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;"/></numFmts><cellXfs count="3"><xf numFmtId="0" '
        'fontId="0" xfId="0"><alignment vertical="center"/></xf><xf numFmtId="0"><alignment/><protection locked="0"/></xf>'
        '<xf numFmtId="176" fontId="0"></xf></cellXfs>'
    )
    assert typed(cells_of(page, strings=strings, styles=styles)) == typed(
        {
            (1, 1): "公开",
            (1, 2): "第1 项",
            (1, 3): DateText("2024-01-31"),
            (2, 1): 2,
            (2, 3): Uncalculated("=A3"),
        }
    )
    assert walked == []


# ---- values

PLAIN_CELL = st.builds(
    lambda kind, style, formula, text: (
        f"{f' s={chr(34)}{style}{chr(34)}' if style else ''}{f' t={chr(34)}{kind}{chr(34)}' if kind else ''}",
        formula + text,
    ),
    st.sampled_from(["", "n", "s", "str", "b", "e", "d", "inlineStr", "x"]),
    st.sampled_from(["", "0", "1", "2", "9"]),
    st.sampled_from(
        ["", "<f/>", "<f>A1&lt;2</f>", '<f t="shared" si="0"/>', '<f t="array" ref="A1:A2">B1&amp;"&#x4E00;"</f>']
    ),
    st.sampled_from(
        [
            *[
                "",
                "<v/>",
                "<v></v>",
                "<v> </v>",
                "<v>0</v>",
                "<v>1</v>",
                "<v>2</v>",
                "<v>7</v>",
                "<v>-3</v>",
                "<v>1.5E2</v>",
            ],
            *["<v>&#49;</v>", "<v>a&amp;b</v>", "<v>NaN</v>", "<v>2024-01-31T00:00:00</v>", "<v>_x4E00_</v>"],
            *[
                "<is><t>一&lt;</t></is>",
                '<is><t xml:space="preserve"> 1 </t></is>',
                "<is><t/></is>",
                "<v>1</v><v>1</v>",
            ],
        ]
    ),
)
STYLES = '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf fontId="0" numFmtId="2"/></cellXfs>'


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.lists(st.tuples(st.sampled_from("ABCD"), PLAIN_CELL), max_size=4)), max_size=4
    )
)
def test_the_fast_way_reads_what_the_full_way_reads(rows: list[tuple[int, list[tuple[str, tuple[str, str]]]]]) -> None:
    body = "".join(
        row("".join(f'<c r="{letter}{y}"{attributes}>{inner}</c>' for letter, (attributes, inner) in cells), y)
        for y, cells in rows
    )
    outcomes: list[object] = []
    for before in ("", "<!-- -->"):
        book = open_workbook(
            pack(parts_of(sheet(body, before), strings="<si><t>甲&amp;</t></si><si><t/></si>", styles=STYLES))
        )
        try:
            outcomes.append(typed(book.cells("表")))
        except WorkbookError as error:
            outcomes.append((error.reason, str(error)))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("7", 7), ("-7", -7), ("007", 7), ("1.0", 1), ("1E2", 100), ("1.5e1", 15), ("+3", 3), (".5", 0.5), ("5.", 5),
        ("-0", 0), ("999999999999999", 999_999_999_999_999), ("1000000000000000", 1e15), ("1E15", 1e15), ("-1E15", -1e15),
        ("0000000000000000012", 12), ("0.1", 0.1), ("1.7976931348623157E308", 1.7976931348623157e308), ("1E-400", 0),
        (" 12 ", 12), ("\n1.5\t", 1.5),
    ],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    found = value_of(f'<c r="A1"><v>{text}</v></c>')
    assert (type(found), found) == (type(value), value)
    found = value_of(f'<c r="A1" t="n"><f>B1</f><v>{text}</v></c>')
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "nan",
        "INF",
        "-inf",
        "Infinity",
        "1e999",
        "1_000",
        "1,5",
        "0x10",
        "１２",
        "²",
        "+-1",
        "1e",
        "e1",
        ".",
        "1 2",
        "--1",
    ],
)
def test_what_is_no_number_is_damage(text: str) -> None:
    assert refused_both_ways(row(f'<c r="A1"><v>{text}</v></c>')) == "damaged"


def test_number_of_spaces_is_none() -> None:
    assert number(" \n") is None


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ('t="b"><v>1</v>', bool, True),
        ('t="b"><v>0</v>', bool, False),
        ('t="b"><v>true</v>', bool, True),
        ('t="b"><v>false</v>', bool, False),
        ('t="e"><v>#DIV/0!</v>', CellError, "#DIV/0!"),
        ('t="e"><f>1/0</f><v>#N/A</v>', CellError, "#N/A"),
        ('t="d"><v>2024-01-31</v>', DateText, "2024-01-31"),
        ('t="d"><v>2024-01-31T00:00:00.000</v>', DateText, "2024-01-31"),
        ('t="d"><v>2024-01-31T08:30:00</v>', DateText, "2024-01-31T08:30:00"),
        ('t="str"><f>A2</f><v>#N/A</v>', str, "#N/A"),
        ('t="str"><v>  </v>', str, "  "),
        ('t="str"><v>a&amp;b&#10;&#x4E00;&quot;&apos;&lt;&gt;</v>', str, "a&b\n一\"'<>"),
        ('t="s"><v>0</v>', str, "甲"),
        ('t="s"><v> 0 </v>', str, "甲"),
        ('t="s"><f>B1</f><v>1</v>', str, " 乙 "),
        ('t="inlineStr"><is><t>丙</t></is>', str, "丙"),
        ('t="inlineStr"><v>丙</v>', str, "丙"),
        ('t="inlineStr"><is><r><rPr><b/></rPr><t>丙</t></r><r><t xml:space="preserve"> 丁</t></r></is>', str, "丙 丁"),
        ('t="inlineStr"><is><t>丙</t><rPh sb="0" eb="1"><t>bǐng</t></rPh><phoneticPr fontId="1"/></is>', str, "丙"),
        ('t="inlineStr"><is><t>_x4E00__x005F_x0041_</t></is>', str, "一_x0041_"),
        ("><f>SUM(A2:A9)</f>", Uncalculated, "=SUM(A2:A9)"),
        ("><f>SUM(A2:A9)</f><v/>", Uncalculated, "=SUM(A2:A9)"),
        ('t="n"><f>A2&amp;A3</f><v></v>', Uncalculated, "=A2&A3"),
        ("><f>A2</f><v> </v>", Uncalculated, "=A2"),
        ('><f t="shared" si="0"/>', Uncalculated, "="),
        ('><f t="shared" ref="A1:A2" si="0">B1</f><v/>', Uncalculated, "=B1"),
        ('><f t="array" ref="A1">SUM(B1:B2*2)</f>', Uncalculated, "=SUM(B1:B2*2)"),
        ('><f t="array" ref="A1">SUM(B1:B2*2)</f><v>4</v>', int, 4),
        ('t="b"><f>B1</f>', Uncalculated, "=B1"),
        ('t="e"><f>B1</f><v/>', Uncalculated, "=B1"),
        ('t="s"><f>B1</f>', Uncalculated, "=B1"),
    ],
)
def test_a_value_keeps_its_kind(cell: str, kind: type, value: Value) -> None:
    found = value_of(f'<c r="A1" {cell}</c>', strings='<si><t>甲</t></si><si><t xml:space="preserve"> 乙 </t></si>')
    assert (type(found), found) == (kind, value)


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1"/>',
        '<c r="A1" s="1"></c>',
        '<c r="A1"><v/></c>',
        '<c r="A1"><v></v></c>',
        '<c r="A1" t="n"><v> </v></c>',
        '<c r="A1" t="s"/>',
        '<c r="A1" t="s"><v>0</v></c>',
        '<c r="A1" t="str"><v></v></c>',
        '<c r="A1" t="str"><f>IF(B1=0,"",B1)</f><v></v></c>',
        '<c r="A1" t="str"><f>IF(B1=0,"",B1)</f></c>',
        '<c r="A1" t="inlineStr"><is><t/></is></c>',
        '<c r="A1" t="inlineStr"/>',
        '<c r="A1" t="b"><v/></c>',
    ],
)
def test_blank_cells_are_absent(cell: str) -> None:
    assert both_ways(row(cell), strings="<si><t></t></si>") == {}


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1" t="s"><v>1</v></c>',
        '<c r="A1" t="s"><v>-1</v></c>',
        '<c r="A1" t="s"><v>0.0</v></c>',
        '<c r="A1" t="s"><v>1_0</v></c>',
        '<c r="A1" t="s"><v></v></c>',
        '<c r="A1" t="s"><v>甲</v></c>',
        '<c r="A1" t="s"><v>٠</v></c>',
        '<c r="A1" t="b"><v>2</v></c>',
        '<c r="A1" t="d"><v> </v></c>',
        '<c r="A1" t="date"><v>1</v></c>',
        '<c r="A1"><is><t>甲</t></is></c>',
        '<c r="A1"><v>1</v><v>1</v></c>',
        '<c r="A1" t="inlineStr"><is><t>1</t></is><v>1</v></c>',
    ],
)
def test_contradictory_cells_are_damage(cell: str) -> None:
    assert refused_both_ways(row(cell), strings="<si><t>甲</t></si>") == "damaged"


def test_shared_strings_are_needed_only_where_they_are_used() -> None:
    assert value_of('<c r="A1"><v>1</v></c>') == 1
    assert refused_both_ways(row('<c r="A1" t="s"><v>0</v></c>')) == "damaged"


# ---- texts


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("<si><t>公开</t></si>", "公开"),
        ('<si><t xml:space="preserve"> 公 开 </t></si>', " 公 开 "),
        ("<si><t> 公开</t></si>", " 公开"),
        ("<si><t>公\n开</t></si>", "公\n开"),
        ("<si><t>公\r\n开</t></si>", "公\n开"),
        ("<si><t>公&#13;开</t></si>", "公\r开"),
        ('<si><t>公开</t><phoneticPr fontId="1" type="noConversion"/></si>', "公开"),
        ('<si><t>公开</t><rPh sb="0" eb="2"><t>gōngkāi</t></rPh></si>', "公开"),
        ('<si><r><rPr><sz val="9"/><b/></rPr><t>公</t></r><r><t>开</t></r></si>', "公开"),
        ('<si><r><t>公</t></r><rPh sb="0" eb="1"><t>gōng</t></rPh><r><t>开</t></r></si>', "公开"),
        ('<si><t>公</t><unknown xmlns="urn:x"><t>密</t></unknown></si>', "公"),
        ("<si><t><![CDATA[<公开>]]></t></si>", "<公开>"),
        ("<si><t>公<!-- 密 -->开</t></si>", "公开"),
        ("<si><t>a&amp;lt;b</t></si>", "a&lt;b"),
        ("<si><t>_x516C_开</t></si>", "公开"),
        ("<si><t>_x005F_x516C_</t></si>", "_x516C_"),
        ("<si><t>_x005f_</t></si>", "_"),
        ("<si><t>_xD83D__xDE00_</t></si>", "😀"),
        ("<si><t>_xD83D_</t></si>", "\ufffd"),
        ("<si><t>_X0041_ _x41_ _x00G1_</t></si>", "_X0041_ _x41_ _x00G1_"),
        ("<si><r><t>_x00</t></r><r><t>41_</t></r></si>", "A"),
        ("<si/>", None),
        ("<si><t/></si>", None),
        ("<si><t></t></si>", None),
    ],
)
def test_shared_strings(item: str, text: str | None) -> None:
    rows = row('<c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c>')
    assert cells_of(rows, strings=f"{item}<si><t>后</t></si>").get((1, 1)) == text
    walked = cells_of(rows, strings=f"{item}<si><t>后</t></si><!-- -->")
    assert (walked.get((1, 1)), walked[1, 2]) == (text, "后")


def test_too_many_shared_strings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ooxml, "MAX_STRINGS", 2)
    one = "<si><t>a</t></si>"
    assert cells_of(row('<c r="A1" t="s"><v>1</v></c>'), strings=one * 2) == {(1, 1): "a"}
    assert refusal(pack(parts_of(row(""), strings=one * 3))) == "too-large"
    assert refusal(pack(parts_of(row(""), strings=one * 3 + "<!-- -->"))) == "too-large"


# ---- dates


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("yyyy-mm-dd", True), ('yyyy"年"m"月"d"日"', True), ("[$-804]yyyy\\年m\\月;@", True), ("h:mm AM/PM", True), ("[h]:mm", True),
        ("[mm]", True), ("[SS]", True), ("mm:ss.0", True), ("D", True), ('[DBNum1][$-804]上午/下午h"时"', True), ("0;d", True),
        ("General", False), ("0", False), ("0.00E+00", False), ("#,##0.00_);[Red](#,##0.00)", False), ("[Red]0", False),
        ('0"days"', False), ('0"日', False), ("0\\d", False), ("0_d", False), ("*d0", False), ("[$USD] 0", False), ("@", False),
        ("[DBNum2]0", False), ("[<1]0", False), ("[hm]0", False), ("_(* #,##0_)", False), ("", False), ("G/通用格式", False),
    ],
)  # fmt: skip
def test_formats_that_show_dates(code: str, is_date: bool) -> None:
    assert shows_date(code) is is_date


def styled(serial: str, style: int = 1, **more: Any) -> Value:
    return value_of(f'<c r="A1" s="{style}"><v>{serial}</v></c>', **more)


@pytest.mark.parametrize("numbers", [range(14, 23), range(27, 37), range(45, 48), range(50, 59)])
def test_builtin_date_formats(numbers: range) -> None:
    for identifier in range(numbers.start - 1, numbers.stop + 1):
        styles = f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{identifier}"/></cellXfs>'
        expected = DateText("2024-01-31") if identifier in numbers else 45322
        found = styled("45322", styles=styles)
        assert (type(found), found) == (type(expected), expected), identifier


@pytest.mark.parametrize("odd", ["", "<!-- -->"])
def test_styles(odd: str) -> None:
    styles = (
        '<numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;"/><numFmt numFmtId="165" formatCode="0&quot;d&quot;"/>'
        '<numFmt numFmtId="14" formatCode="0.00"/></numFmts><fonts><font/></fonts>'
        '<cellStyleXfs><xf numFmtId="14"/><xf numFmtId="164"/></cellStyleXfs>'
        '<cellXfs><xf/><xf numFmtId="164" fontId="0"/><xf fontId="0" numFmtId="165"><alignment/></xf><xf numFmtId="14"/></cellXfs>'
        '<dxfs><dxf><numFmt numFmtId="165" formatCode="yyyy"/></dxf></dxfs>' + odd
    )
    kinds = [type(styled("45322", style, styles=styles)) for style in range(4)]
    assert kinds == [int, DateText, int, int]
    assert refused_both_ways(row('<c r="A1" s="4"><v>45322</v></c>'), styles=styles) == "damaged"
    assert styled("45322", "01", styles=styles) == styled("45322", "0000000001", styles=styles) == "2024-01-31"
    assert styled("", styles=styles) is None
    assert value_of('<c r="A1" s="1" t="str"><v>45322</v></c>', styles=styles) == "45322"
    assert type(value_of('<c r="A1" s="1" t="str"><v>45322</v></c>', styles=styles)) is str


@pytest.mark.parametrize(
    "styles",
    [
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"></xf></cellXfs>',
        '<cellXfs><xf fontId="1" numFmtId="0"><alignment/><protection/></xf><xf numFmtId="14" fontId="0" /></cellXfs>',
        '<cellXfs><xf a=\' numFmtId="14"\'/><xf numFmtId="14"/></cellXfs>',
        '<cellXfs><xf numFmtId="0"><extLst></extLst></xf><xf a="&gt;>" numFmtId="14"/></cellXfs>',
        '<cellXfs><xf numFmtId="0"/><x xmlns="urn:x"><xf numFmtId="0"/></x><xf numFmtId="014"/></cellXfs>',
        '<cellXfs><xf xmlns:x="urn:x" x:numFmtId="14"/><xf numFmtId="14"/></cellXfs>',
    ],
)
def test_styles_in_other_words(styles: str) -> None:
    assert styled("45322", 0, styles=styles) == 45322
    assert styled("45322", 1, styles=styles) == "2024-01-31"


@pytest.mark.parametrize(
    "styles",
    [
        '<cellXfs><xf numFmtId="0"><xf numFmtId="0"/></xf><xf numFmtId="14"/></cellXfs>',
        '<cellXfs><a><xf numFmtId="0"/></a><xf numFmtId="14"/></cellXfs>',
        '<cellXfs><xf numFmtId="0"/></cellXfs><cellXfs><xf numFmtId="14"/></cellXfs>',
        '<cellXfs><xf numFmtId="x"/><xf numFmtId="14"/></cellXfs>',
        '<numFmts><numFmt xmlns="urn:x" numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="164"/></cellXfs>',
        '<numFmts><x numFmtId="164" formatCode="yyyy"/></numFmts><cellXfs><xf/><xf numFmtId="164"/></cellXfs>',
        '<numFmts/><numFmts/><cellXfs><xf/><xf numFmtId="14"/></cellXfs>',
    ],
)
def test_styles_that_cannot_be_counted_are_damage(styles: str) -> None:
    for end in ("", "<!-- -->"):
        assert refusal(pack(parts_of(row('<c r="A1" s="1"><v>45322</v></c>'), styles=styles + end))) == "damaged"


def test_a_cell_without_a_style_has_the_first_one() -> None:
    assert value_of('<c r="A1"><v>45322</v></c>', styles='<cellXfs><xf numFmtId="14"/></cellXfs>') == "2024-01-31"
    assert value_of('<c r="A1" s="0"><v>45322</v></c>') == 45322  # nothing says how it looks
    assert refused_both_ways(row('<c r="A1" s="1"><v>45322</v></c>')) == "damaged"


def test_styles_that_are_not_styles_are_damage() -> None:
    parts = parts_of(row('<c r="A1"><v>1</v></c>'), styles="")
    parts["xl/looks.xml"] = f'<sst xmlns="{MAIN}"/>'
    assert refusal(pack(parts)) == "damaged"


DATES = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'


@pytest.mark.parametrize(
    ("serial", "text", "text_1904"),
    [
        ("0", "00:00:00", "1904-01-01"),
        ("0.5", "12:00:00", "12:00:00"),
        ("0.999988425925926", "23:59:59", "23:59:59"),
        ("0.99999999999", "1900-01-01", "1904-01-02"),
        ("1", "1900-01-01", "1904-01-02"),
        ("59", "1900-02-28", "1904-02-29"),
        ("59.99999999999", "59.99999999999", "1904-03-01"),
        ("60", "60", "1904-03-01"),
        ("60.5", "60.5", "1904-03-01T12:00:00"),
        ("61", "1900-03-01", "1904-03-02"),
        ("45322", "2024-01-31", "2028-02-01"),
        ("45322.0", "2024-01-31", "2028-02-01"),
        ("45322.354166666664", "2024-01-31T08:30:00", "2028-02-01T08:30:00"),
        ("45322.35416667824", "2024-01-31T08:30:00.001", "2028-02-01T08:30:00.001"),
        ("45322.99999999999", "2024-02-01", "2028-02-02"),
        ("2957003", "9995-12-30", "9999-12-31"),
        ("2957004", "9995-12-31", "2957004"),
        ("2958465", "9999-12-31", "2958465"),
        ("2958465.99999999999", "2958465.99999999999", "2958465.99999999999"),
        ("2958466", "2958466", "2958466"),
        ("-1", "-1", "-1"),
        ("-0.5", "-0.5", "-0.5"),
        ("1E300", "1E300", "1E300"),
        (" 1E9 ", "1E9", "1E9"),
    ],
)
def test_serial_numbers(serial: str, text: str, text_1904: str) -> None:
    found = styled(serial, styles=DATES)
    assert (type(found), found) == (DateText, text)
    found = styled(serial, styles=DATES, properties='<workbookPr date1904="1"/>')
    assert (type(found), found) == (DateText, text_1904)


@pytest.mark.parametrize(("flag", "text"), [("true", "2028-02-01"), ("0", "2024-01-31"), ("false", "2024-01-31")])
def test_date1904_is_a_boolean(flag: str, text: str) -> None:
    assert styled("45322", styles=DATES, properties=f'<workbookPr date1904="{flag}"/>') == text


@pytest.mark.parametrize(
    "properties",
    ['<workbookPr date1904="yes"/>', '<workbookPr date1904=""/>', "<workbookPr/><workbookPr/>", "<sheets/>"],
)
def test_what_a_workbook_says_of_itself_is_said_once_and_clearly(properties: str) -> None:
    assert refusal(pack(parts_of(row('<c r="A1"><v>1</v></c>'), properties=properties))) == "damaged"


@given(st.floats(-1e308, 1e308) | st.floats(0, 3e6), st.booleans())
def test_any_serial_number_is_a_date_or_none(serial: float, date1904: bool) -> None:
    text = date_text(serial, date1904=date1904)
    assert text is None or datetime.fromisoformat(text if "-" in text else f"2024-01-01T{text}")


# ---- places


def test_cells_without_references() -> None:
    rows = (
        '<row><c><v>1</v></c><c r="C1"><v>2</v></c><c><v>3</v></c></row><row/><row><c><v>4</v></c></row>'
        '<row r="7"><c><v>5</v></c></row><row><c><v>6</v></c></row>'
    )
    assert cells_of(rows) == {(1, 1): 1, (1, 3): 2, (1, 4): 3, (3, 1): 4, (7, 1): 5, (8, 1): 6}


def test_a_row_without_a_number_is_where_its_cells_are() -> None:
    rows = '<row><c r="B5"><v>1</v></c></row><row><c r="A6"><v>2</v></c></row><row><c r="A2"><v>3</v></c></row>'
    assert cells_of(rows) == {(5, 2): 1, (6, 1): 2, (2, 1): 3}
    assert cells_of(rows + '<row r="7"><c><v>4</v></c></row>')[7, 1] == 4


@pytest.mark.parametrize("rows", ['<row><c r="B5"/></row><row><c/></row>', '<row><c r="B5"/><c/></row>'])
def test_where_rows_have_no_numbers_a_cell_without_a_reference_may_be_anywhere(rows: str) -> None:
    assert refused_both_ways(rows) == "damaged"


def test_rows_and_cells_in_any_order() -> None:
    rows = row('<c r="B3"><v>1</v></c><c r="A3"><v>2</v></c>', 3) + row('<c r="A1"><v>3</v></c>', 1) + row("", 2)
    rows += row('<c r="C3"><v>4</v></c>', 3)
    assert both_ways(rows) == {(3, 2): 1, (3, 1): 2, (1, 1): 3, (3, 3): 4}


@pytest.mark.parametrize(
    "rows",
    [
        row('<c r="A1"><v>1</v></c><c r="A1"><v>2</v></c>'),
        row('<c r="A1"><v>1</v></c><c r="A1"/>'),
        row('<c r="A1"/><c r="A1"><v>1</v></c>'),
        row('<c r="A1"><v>1</v></c><c r="A1" t="b"><v>1</v></c>'),
        row('<c r="A1" t="e"><v>#N/A</v></c><c r="A1" t="str"><v>#N/A</v></c>'),
        row('<c r="A1"><v>1</v></c>') + row('<c r="B2"><v>1</v></c>', 2) + row('<c r="A1"><v>2</v></c>'),
        '<row><c r="A1"><v>1</v></c></row><row><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>1</v></c><c><v>2</v></c></row>',
    ],
)
def test_two_values_for_one_cell_are_damage(rows: str) -> None:
    assert refused_both_ways(rows) == "damaged"


def test_the_same_value_twice_is_none() -> None:
    assert both_ways(row('<c r="A1"><v>1</v></c><c r="A1"><v>1.0</v></c><c r="B1"/><c r="B1"/>')) == {(1, 1): 1}


@pytest.mark.parametrize(
    "rows",
    [
        row('<c r=""/>'), row('<c r="1"/>'), row('<c r="A"/>'), row('<c r="A0"/>'), row('<c r="A01"/>'), row('<c r="AAAA1"/>'),
        row('<c r="XFE1"/>'), '<row><c r="A1048577"/></row>', row('<c r="A1:B1"/>'), row('<c r=" A1"/>'), row('<c r="R1C1"/>'),
        row('<c r="A2"/>', 1), row("", 0), row("", 1048577), '<row r=""/>', '<row r="-1"/>', '<row r="1.0"/>', '<row r="a"/>',
        '<row r="９"/>',
    ],
)  # fmt: skip
def test_impossible_places_are_damage(rows: str) -> None:
    assert refused_both_ways(rows) == "damaged"


def test_lower_case_references_are_references() -> None:
    assert both_ways(row('<c r="b1"><v>1</v></c>')) == {(1, 2): 1}


def test_bounds() -> None:
    rows = "".join(row(f'<c r="A{y}"><v>{y}</v></c><c r="B{y}"><v>{y}</v></c>', y) for y in (1, 2, 3))
    for before in ("", "<!-- -->"):
        workbook = open_workbook(pack(parts_of(sheet(rows, before))))
        assert workbook.cells("表", 2, 1) == {(1, 1): 1, (2, 1): 2}
        assert workbook.cells("表", max_row=1) == {(1, 1): 1, (1, 2): 1}
        assert workbook.cells("表", 0, 0) == {}


def test_the_last_cell_and_a_lying_dimension_are_harmless() -> None:
    rows = row('<c r="A1"><v>1</v></c>') + row('<c r="XFD1048576"><v>2</v></c>', 1048576)
    for dimension in ("A1:XFD1048576", "A1", "Z9:B2", "nonsense"):
        data = pack(parts_of(sheet(rows, f'<dimension ref="{dimension}"/>')))
        assert open_workbook(data).cells("表") == {(1, 1): 1}
        assert open_workbook(data).cells("表", 1048576, 16384) == {(1, 1): 1, (1048576, 16384): 2}


def formatted_down(rows: int, last: str = "") -> bytes:
    body = "".join(f'<row r="{y}" s="1" customFormat="1"><c r="A{y}" s="1"/></row>' for y in range(2, rows))
    return pack(parts_of(sheet(row('<c r="A1"><v>1</v></c>') + body + last)))


def test_a_sheet_formatted_to_the_end_is_left_early() -> None:
    data = formatted_down(300_000)  # about 18 MB of rows, more than a part may have
    workbook = open_workbook(data)
    assert workbook.cells("表") == {(1, 1): 1}
    assert refusal_of(lambda: workbook.cells("表", max_row=1048576)) == "too-large"


def refusal_of(read: Callable[[], object]) -> str:
    with pytest.raises(WorkbookError) as caught:
        read()
    return caught.value.reason


def test_a_stray_row_is_found_within_a_megabyte() -> None:
    stray = row('<c r="B2"><v>2</v></c>', 2)
    near = formatted_down(15_000, stray)  # the first 128 kB have passed the bound, and 800 kB follow
    assert open_workbook(near).cells("表") == {(1, 1): 1, (2, 2): 2}
    far = formatted_down(40_000, stray)
    assert open_workbook(far).cells("表") == {(1, 1): 1}


def test_rows_out_of_order_are_read_to_the_end() -> None:
    body = row('<c r="A9"><v>9</v></c>', 9) + row('<c r="A1"><v>1</v></c>', 1)
    body += "".join(f'<row r="{y}"><c r="A{y}" s="1"/></row>' for y in range(300, 30_000))
    body += row('<c r="B2"><v>2</v></c>', 2)
    assert cells_of(sheet(body)) == {(9, 1): 9, (1, 1): 1, (2, 2): 2}


def test_rows_without_numbers_beyond_the_bound_are_still_looked_into() -> None:
    assert cells_of("<row/>" * 250 + '<row><c r="A5"><v>5</v></c></row><row r="300"><c><v>1</v></c></row>') == {
        (5, 1): 5
    }


def test_a_large_sheet_is_read_in_chunks() -> None:
    rows = "".join(
        row("".join(f'<c r="{c}{y}"><v>{y}</v></c>' for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), y) for y in range(1, 1101)
    )
    assert len(rows) > xmlwalk.MAX_PLAIN
    data = pack(parts_of(sheet(rows)))
    assert open_workbook(data).cells("表", 1100) == {(y, x): y for y in range(1, 1101) for x in range(1, 27)}


# ---- XML


def prefixed(parts: Parts) -> Parts:
    parts["xl/worksheets/sheet1.xml"] = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:r><x:t>乙</x:t></x:r></x:is></x:c><x:c r="C1" s="1"><x:f>1</x:f><x:v>45322</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>"
    )
    parts["xl/texts.xml"] = f'<y:sst xmlns:y="{MAIN}"><y:si><y:t>甲</y:t></y:si></y:sst>'
    parts["xl/looks.xml"] = (
        f'<s:styleSheet xmlns:s="{MAIN}"><s:cellXfs><s:xf numFmtId="0"/><s:xf numFmtId="14"/></s:cellXfs></s:styleSheet>'
    )
    parts["xl/workbook.xml"] = (
        f'<w:workbook xmlns:w="{MAIN}" xmlns:rel="{OFFICE}"><w:sheets><w:sheet name="表" rel:id="s1"/></w:sheets></w:workbook>'
    )
    parts["_rels/.rels"] = (
        f'<p:Relationships xmlns:p="{RELATIONS}"><p:Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</p:Relationships>"
    )
    return parts


def test_any_prefix() -> None:
    parts = prefixed(parts_of(strings="<si><t/></si>", styles=""))
    assert open_workbook(pack(parts)).cells("表") == {(1, 1): "甲", (1, 2): "乙", (1, 3): DateText("2024-01-31")}


def test_a_second_prefix_for_the_same_namespace() -> None:
    rows = '<x:row r="1"><x:c r="A1"><v>1</v></x:c></x:row><row r="2"><c r="A2"><x:v>2</x:v></c></row>'
    page = f'<worksheet xmlns="{MAIN}" xmlns:x="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    assert cells_of(page) == {(1, 1): 1, (2, 1): 2}
    page = f'<worksheet xmlns="{MAIN}" xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></worksheet>'
    assert cells_of(page) == {(1, 1): 1, (2, 1): 2}
    styles = f'<x:cellXfs xmlns:x="{MAIN}"><xf numFmtId="0"/><xf numFmtId="14"/></x:cellXfs>'
    assert styled("45322", styles=styles) == "2024-01-31"


def test_strict() -> None:
    parts = {
        name: str(content).replace(MAIN, STRICT).replace(OFFICE, STRICT_OFFICE)
        for name, content in parts_of(
            row('<c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>45322</v></c>'),
            strings="<si><t>甲</t></si>",
            styles=DATES,
            properties='<workbookPr dateCompatibility="false"/>',
        ).items()
    }
    parts["_rels/.rels"] = relations(
        ("r1", f"{STRICT_OFFICE}/officeDocument", "xl/workbook.xml"),
        ("r2", f"{STRICT_OFFICE}/extendedProperties", "app.xml"),
    )
    parts["app.xml"] = f'<Properties xmlns="{STRICT_PROPERTIES}"><Application>Excel</Application></Properties>'
    workbook = open_workbook(pack(dict(parts)))
    assert workbook.cells("表") == {(1, 1): "甲", (1, 2): DateText("2024-01-31")}
    assert workbook.application == "Excel"


FOREIGN = (
    '<extLst><ext xmlns="urn:other"><sheetData><row r="1"><c r="A1"><v>9</v></c></row></sheetData></ext></extLst>'
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x">'
    '<controls><control r="1"><c r="A1"><v>8</v></c></control></controls></mc:Choice></mc:AlternateContent>'
)


@pytest.mark.parametrize(
    ("before", "after"), [("", FOREIGN), (FOREIGN, ""), (FOREIGN, FOREIGN), ('<a b="&gt;"/>', "<a>/></a>")]
)
def test_what_is_not_known_is_ignored(before: str, after: str) -> None:
    rows = row('<c r="A1"><v>1</v></c>')
    assert cells_of(sheet(rows, before, after)) == {(1, 1): 1}
    assert cells_of(sheet("", before, after)) == {}
    assert cells_of(f'<worksheet xmlns="{MAIN}">{before}<!-- no sheetData --></worksheet>') == {}


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v><extLst><v>2</v><f>3</f></extLst></c></row>',
        '<row r="1"><c r="A1"><x:y xmlns:x="urn:x">2</x:y><v>1</v></c></row>',
        '<row r="1"><c r="A1"><x xmlns="urn:x"/><v>1</v></c></row>',
        '<row r="1"><x xmlns="urn:x"><c r="A1"><v>2</v></c></x><c r="A1"><v>1</v></c><extLst/></row>',
        "<row r='1' spans='1:1'><c r='A1'><v>1</v></c></row>",
        '<row spans="1:1" r="1" a="&gt;>" ><c t="n" r="A1" ><v >1</v ></c ></row >',
        '<row r="1" spans="1:1" a=">"><c r="A1" ><v>1</v></c>text</row> text ',
        '\n <row r="1">\n  <c r="A1">\n   <v>1</v>\n  </c>\n </row>\n',
        '\r\n<row r="1"><c r="A1"><v>1</v></c></row>\r\n',
        '<row r="1"><c r="A1"><v><![CDATA[1]]></v></c></row>',
        '<row r="1"><c r="A1"><v><!-- 2 -->1</v></c></row>',
        '<row r="1"><c r="A1"><v><?p 2?>1</v></c></row>',
        '<!-- </sheetData><row r="1"><c r="A1"><v>2</v></c></row> --><row r="1"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" cm="1"><f ca="1">NOW()</f><v xml:space="preserve">1</v></c></row>',
    ],
)
def test_the_same_cell_in_other_words(rows: str) -> None:
    assert cells_of(sheet(rows)) == {(1, 1): 1}


VALUE = '<row r="1"><c r="A1"><v>1</v></c></row>'


@pytest.mark.parametrize(
    "page",
    [
        sheet(f"<other>{VALUE}</other>"),
        sheet(f'{VALUE}<row r="2"><other><c r="A2"><v>2</v></c></other></row>'),
        sheet(f'{VALUE}<row r="2"><row r="3"><c r="A3"><v>2</v></c></row></row>'),
        sheet(f'{VALUE}<c r="A2"><v>2</v></c>'),
        sheet('<row r="1"><c r="A1"><foo/></c></row>'),
        sheet('<row r="1"><c r="A1"><x>1</x></c></row>'),
        sheet('<row r="1"><v>1</v></row>'),
        sheet(f'<row xmlns="urn:x" r="1"><c r="A1"><v>2</v></c></row>{VALUE}'),
        sheet(f'<row xmlns="{STRICT}" r="2"><c r="A2"><v>2</v></c></row>{VALUE}'),
        sheet('<row r="1"><c r="A1"><x:v xmlns:x="urn:x">2</x:v><v>1</v></c></row>'),
        sheet('<row r="1"><c r="A1"><f>1</f><f>1</f></c></row>'),
        sheet('<row r="999"><c r="A1"><v>1</v></c></row>'),
        sheet('<row r="999"><a/></row>'),
        sheet('<row r="1"><c r="A1"><v>1<v>2</v></v></c></row>'),
        sheet('<row r="1"><c r="A1"><v>1<x xmlns="urn:x"/>2</v></c></row>'),
        sheet('<row r="1"><c r="A1"><v>1<extLst/>2</v></c></row>'),
        sheet('<row r="1"><c r="A1" t="inlineStr"><is>甲</is><t>乙</t></c></row>'),
        sheet('<row r="1"><c r="A1"><is><t>1</t></is></c></row>'),
        sheet('<row r="1"><c r="A1" t="str"><is><t>1</t></is></c></row>'),
        sheet('<row r="1"><c r="A1" t=""><v>1</v></c></row>'),
        sheet(VALUE, after='<cols><row r="2"><c r="A2"><v>2</v></c></row></cols>'),
        sheet(VALUE, before='<row><c r="A2"><v>2</v></c></row>'),
        sheet(VALUE, after='<x xmlns="urn:x"><row xmlns="' + MAIN + '"/></x>'),
        f'<worksheet xmlns="{MAIN}"><x><sheetData>{VALUE}</sheetData></x></worksheet>',
    ],
)
def test_what_may_be_a_value_in_the_wrong_place_is_damage(page: str) -> None:
    for end in ("", "<!-- -->"):
        assert refusal(pack(parts_of(page + end))) == "damaged"


@pytest.mark.parametrize(
    "text",
    [
        "<t>甲</t><t>乙</t>",
        "<r><t>甲</t></r><t>乙</t>",
        "<r><t>甲</t><t>乙</t></r>",
        "<t>甲<r><t>乙</t></r></t>",
        '<t>甲<x xmlns="urn:x"/>乙</t>',
        "<x><t>甲</t></x>",
    ],
)
def test_two_texts_in_one_place_are_damage(text: str) -> None:
    used = row('<c r="A1" t="s"><v>0</v></c>')
    for end in ("", "<!-- -->"):
        assert refusal(pack(parts_of(used, strings=f"<si>{text}</si>{end}"))) == "damaged"
    assert refused_both_ways(row(f'<c r="A1" t="inlineStr"><is>{text}</is></c>')) == "damaged"


def test_a_quote_of_the_other_kind() -> None:
    assert value_of('<c r="A1"><f t=\'array\' ref="A1">B1</f></c>') == Uncalculated("=B1")


def test_two_blocks_of_cells_are_damage() -> None:
    block = "<sheetData></sheetData>"
    assert refusal(pack(parts_of(sheet(row('<c r="A1"><v>1</v></c>'), after=block)))) == "damaged"
    assert refusal(pack(parts_of(sheet(row('<c r="A1"><v>1</v></c>'), before=block)))) == "damaged"


@pytest.mark.parametrize(
    "before", ["<sheetPr/>", '<sheetViews><sheetView a=">"/></sheetViews>', "<a></a >", "<a>/&gt;</a>"]
)
def test_what_stands_before_the_cells(before: str) -> None:
    assert cells_of(sheet(row('<c r="A1"><v>1</v></c>'), before)) == {(1, 1): 1}
    assert cells_of(sheet(row('<c r="A1"><v>1</v></c>'), before).replace("</sheetData>", "</sheetData >")) == {
        (1, 1): 1
    }
    assert cells_of(sheet("", before).replace("<sheetData></sheetData>", "<sheetData/>")) == {}


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "UTF-16"),
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "windows-1252"),
    ],
)
def test_encodings(encoding: str, declared: str) -> None:
    page = f'<?xml version="1.0" encoding="{declared}"?>' + sheet(row('<c r="A1" t="str"><v>é</v></c>'))
    parts = parts_of()
    parts["xl/worksheets/sheet1.xml"] = page.encode(encoding)
    assert open_workbook(pack(parts)).cells("表") == {(1, 1): "é"}


@pytest.mark.parametrize("encoding", ["GB2312", "nonsense", "idna", "rot13", "hex", "utf-7", "undefined"])
def test_encodings_that_nobody_reads_are_damage(encoding: str) -> None:
    page = f'<?xml version="1.0" encoding="{encoding}"?>' + sheet(row('<c r="A1"><v>1</v></c>'))
    assert refusal(pack(parts_of(page))) == "damaged"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "text",
        "<worksheet",
        sheet("<row>"),
        sheet("</row>"),
        sheet("<x:row/>"),
        sheet('<row r="1" r="2"/>'),
        sheet(row('<c r="A1" t="str"><v>&nbsp;</v></c>')),
        sheet(row('<c r="A1" t="str"><v>\x01</v></c>')),
        sheet("") + "<more/>",
        f"<!DOCTYPE worksheet>{sheet('')}",
        "<!DOCTYPE a><a/>",
        f'<!DOCTYPE w [<!ENTITY a "1">]><worksheet xmlns="{MAIN}"><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>',
        "<worksheet><sheetData/></worksheet>",
        '<worksheet xmlns="urn:other"><sheetData/></worksheet>',
        f'<sheet xmlns="{MAIN}"><sheetData/></sheet>',
        sheet("<a>" * 200 + "</a>" * 200, "<!-- -->"),
        sheet(row("<a>" * 200 + "</a>" * 200, 201), "<!-- -->"),
    ],
)
def test_bad_xml_is_damage(page: str) -> None:
    parts = parts_of()
    parts["xl/worksheets/sheet1.xml"] = page
    assert refusal(pack(parts)) == "damaged"


@pytest.mark.parametrize(
    "part", ["_rels/.rels", "xl/_rels/workbook.xml.rels", "xl/workbook.xml", "xl/texts.xml", "xl/looks.xml", "app.xml"]
)
def test_a_doctype_is_damage_in_every_part(part: str) -> None:
    parts = parts_of(row('<c r="A1" t="s"><v>0</v></c>'), strings="<si><t>a</t></si>", styles=DATES)
    parts["app.xml"] = f'<Properties xmlns="{PROPERTIES}"/>'
    parts["_rels/.rels"] = relations(
        ("r1", f"{OFFICE}/officeDocument", "xl/workbook.xml"), ("r2", f"{OFFICE}/extended-properties", "app.xml")
    )
    assert read_all(open_workbook(pack(parts))) == {"表": {(1, 1): "a"}}
    assert refusal(pack({**parts, part: f"<!DOCTYPE a>{parts[part]}"})) == "damaged"
    assert refusal(pack({**parts, part: f"{parts[part]}<"})) == "damaged"


# ---- packages


def test_the_parts_are_found_through_relationships() -> None:
    parts: Parts = {
        "_RELS/.rels": relations(("r1", f"{OFFICE}/officeDocument", "/Book/../Book/./Main.XML")),
        "book/main.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="一" r:id="A"/><sheet name="二" r:id="B"/>'
        '<sheet name="三" r:id="C"/><sheet name="四" r:id="D" state="veryHidden"/></sheets></workbook>',
        "Book/_rels/main.xml.rels": relations(
            ("A", f"{OFFICE}/worksheet", "one.xml"),
            ("B", f"{OFFICE}/worksheet", "/sheets/Two.xml"),
            ("C", f"{OFFICE}/worksheet", "..\\sheets\\three.xml"),
            ("D", f"{OFFICE}/worksheet", "%E5%9B%9B.xml"),
            ("E", f"{OFFICE}/sharedStrings", "texts.xml"),
            extra=f'<Relationship Id="F" Type="{OFFICE}/sharedStrings" Target="http://x/y.xml" TargetMode="External"/>'
            f'<Relationship Id="G" Type="urn:other/sharedStrings" Target="x.xml"/><Other Id="A"/>',
        ),
        "BOOK/ONE.XML": sheet(row('<c r="A1" t="s"><v>0</v></c>')),
        "sheets/two.xml": sheet(row('<c r="A1"><v>2</v></c>')),
        "sheets\\three.xml": sheet(row('<c r="A1"><v>3</v></c>')),
        "book/四.xml": sheet(row('<c r="A1"><v>4</v></c>')),
        "book/texts.xml": f'<sst xmlns="{MAIN}"><si><t>1</t></si></sst>',
        "book/": b"",
        "BOOK/": b"",
    }
    workbook = open_workbook(pack(parts))
    assert workbook.sheets == ("一", "二", "三", "四")
    assert [workbook.cells(name)[1, 1] for name in workbook.sheets] == ["1", 2, 3, 4]
    assert workbook.part("二") == "sheets/two.xml"
    for ask in (workbook.cells, workbook.part):
        with pytest.raises(KeyError):
            ask("五")


def with_sheets(sheets: str, *entries: tuple[str, str, str], properties: str = "") -> Parts:
    parts = parts_of(row('<c r="A1"><v>1</v></c>'))
    parts["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{properties}<sheets>{sheets}</sheets></workbook>'
    )
    parts["xl/_rels/workbook.xml.rels"] = relations(*entries)
    return parts


ONE = ("a", f"{OFFICE}/worksheet", "worksheets/sheet1.xml")


def test_only_worksheets_are_sheets() -> None:
    parts = with_sheets(
        '<sheet name="图" r:id="b"/><sheet name="_x8868_" r:id="a" state="hidden"/><sheet name="宏" r:id="c"/><sheet name="话" r:id="d"/>',
        ONE,
        ("b", f"{OFFICE}/chartsheet", "chartsheets/sheet1.xml"),
        ("c", "http://schemas.microsoft.com/office/2006/relationships/xlMacrosheet", "macrosheets/sheet1.xml"),
        ("d", f"{OFFICE}/dialogsheet", "dialogsheets/sheet1.xml"),
    )
    assert read_all(open_workbook(pack(parts))) == {"表": {(1, 1): 1}}


@pytest.mark.parametrize(
    ("sheets", "entries"),
    [
        ('<sheet name="a" r:id="x"/>', [ONE]),
        ('<sheet name="a"/>', [ONE]),
        ('<sheet r:id="a"/>', [ONE]),
        ('<sheet name="a" r:id="a"/><sheet name="a" r:id="a"/>', [ONE]),
        ('<sheet name="a" r:id="a"/>', [ONE, ONE]),
        ('<sheet name="a" r:id="a"/>', [("a", f"{OFFICE}/worksheet", "worksheets/sheet2.xml")]),
        ('<sheet name="a" r:id="a"/>', [ONE, ("b", f"{OFFICE}/styles", "b.xml"), ("c", f"{OFFICE}/styles", "c.xml")]),
        ('<sheet name="a" r:id="a"/>', [ONE, ("b", f"{OFFICE}/sharedStrings", "missing.xml")]),
        ('<sheet name="a" r:id="a"/>', [ONE, ("b", f"{OFFICE}/styles", "missing.xml")]),
    ],
)
def test_sheets_that_cannot_be_told_are_damage(sheets: str, entries: list[tuple[str, str, str]]) -> None:
    assert refusal(pack(with_sheets(sheets, *entries))) == "damaged"


def test_a_relationship_of_another_namespace_is_damage() -> None:
    parts = with_sheets('<sheet name="a" r:id="a"/>', ONE)
    other = f'<Relationship xmlns="urn:x" Id="a" Type="{OFFICE}/worksheet" Target="b.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = relations(ONE, extra=other)
    assert refusal(pack(parts)) == "damaged"


def test_too_many_sheets() -> None:
    def sheets(count: int) -> bytes:
        return pack(with_sheets("".join(f'<sheet name="{i}" r:id="a"/>' for i in range(count)), ONE))

    assert len(open_workbook(sheets(256)).sheets) == 256
    assert refusal(sheets(257)) == "too-large"


@pytest.mark.parametrize(
    ("content", "application"),
    [
        (
            f'<Properties xmlns="{PROPERTIES}"><Application>WPS 表格</Application><Other>x</Other></Properties>',
            "WPS 表格",
        ),
        (f'<Properties xmlns="{PROPERTIES}"><Application> </Application></Properties>', None),
        (f'<Properties xmlns="{PROPERTIES}"/>', None),
        (None, None),
    ],
)
def test_application(content: str | None, application: str | None) -> None:
    parts = parts_of()
    parts["_rels/.rels"] = relations(
        ("r1", f"{OFFICE}/officeDocument", "xl/workbook.xml"),
        ("r2", f"{OFFICE}/extended-properties", "docProps/app.xml"),
    )
    if content:
        parts["docProps/app.xml"] = content
    assert open_workbook(pack(parts)).application == application
    assert open_workbook(pack(parts_of())).application is None


def test_a_path_or_bytes(tmp_path: Path) -> None:
    file = tmp_path / "表.xlsx"
    file.write_bytes(pack(parts_of(row('<c r="A1"><v>1</v></c>'))))
    assert read_all(open_workbook(file)) == read_all(open_workbook(file.read_bytes())) == {"表": {(1, 1): 1}}


def test_stored_parts_and_a_prefix_before_the_package() -> None:
    parts = parts_of(row('<c r="A1"><v>1</v></c>'))
    assert read_all(open_workbook(pack(parts, zipfile.ZIP_STORED))) == {"表": {(1, 1): 1}}
    assert refusal(b"#!" + pack(parts)) == "not-zip"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_damage(method: int) -> None:
    assert refusal(pack(parts_of(), method)) == "damaged"


def test_two_parts_of_one_name_are_damage() -> None:
    assert refusal(pack({**parts_of(), "XL/Workbook.xml": "<a/>"})) == "damaged"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.xml", "<a/>")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.xml", "<a/>")
    assert refusal(buffer.getvalue()) == "damaged"


@pytest.mark.parametrize(
    "missing", ["_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml"]
)
def test_missing_parts_are_damage(missing: str) -> None:
    parts = parts_of()
    del parts[missing]
    assert refusal(pack(parts)) == "damaged"


def test_two_main_documents_are_damage() -> None:
    parts = parts_of()
    parts["_rels/.rels"] = relations(
        ("a", f"{OFFICE}/officeDocument", "xl/workbook.xml"), ("b", f"{OFFICE}/officeDocument", "xl/other.xml")
    )
    assert refusal(pack(parts)) == "damaged"


# ---- other files


def other_document(folder: str, target: str, content: str | bytes) -> Parts:
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations(("r1", f"{OFFICE}/officeDocument", f"{folder}/{target}")),
        f"{folder}/{target}": content,
    }


WORD = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"/>'
SLIDES = '<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"/>'


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (other_document("word", "document.xml", WORD), "word"),
        (other_document("ppt", "presentation.xml", SLIDES), "presentation"),
        (other_document("x", "y.xml", WORD.replace("schemas.openxmlformats.org/wordprocessingml/2006", "purl.oclc.org/ooxml/wordprocessingml")), "word"),
        (other_document("visio", "document.xml", '<VisioDocument xmlns="http://schemas.microsoft.com/office/visio/2012/main"/>'), "not-workbook"),
        (other_document("xl", "workbook.bin", b"\x83\x01\x00"), "xlsb"),
        ({"word/document.xml": WORD}, "word"),
        ({"ppt/presentation.xml": SLIDES}, "presentation"),
        ({"xl/workbook.bin": b"\x83\x01\x00"}, "xlsb"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}, "opendocument"),
        ({"mimetype": "application/epub+zip"}, "not-workbook"),
        ({"报表/一.xlsx": b"x", "报表/二.xlsx": b"x"}, "not-workbook"),
        ({"_rels/.rels": relations()}, "not-workbook"),
        ({}, "not-workbook"),
    ],
)  # fmt: skip
def test_other_packages(parts: Parts, reason: str) -> None:
    assert refusal(pack(parts)) == reason


OLE = bytes.fromhex("D0CF11E0A1B11AE1")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"P", "not-zip"),
        (b"\x00" * 100, "not-zip"),
        ("序号,名称\n".encode("gbk"), "not-zip"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "not-zip"),
        (b"%PDF-1.7", "not-zip"),
        (OLE + bytes(504) + "Workbook".encode("utf-16-le"), "ole"),
        (OLE, "ole"),
        (OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(100), "encrypted"),
        (b"PK\x03\x04", "truncated"),
        (b"PK\x03\x04" + bytes(100), "truncated"),
    ],
)
def test_other_files(data: bytes, reason: str, tmp_path: Path) -> None:
    assert refusal(data) == reason
    file = tmp_path / "文件"
    file.write_bytes(data)
    assert refusal(file) == reason


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "没有.xlsx") == "unreadable"
    assert refusal(tmp_path) == "unreadable"
    assert refusal(Path("a\0b")) == "unreadable"


def test_zip_encryption() -> None:
    data = bytearray(pack(parts_of()))
    entry = data.find(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert refusal(bytes(data)) == "encrypted"


def test_the_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(WorkbookError("ole", "an old workbook")))  # noqa: S301 - our own
    assert (type(error), error.reason, str(error)) == (WorkbookError, "ole", "an old workbook")


# ---- bounds


def test_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(parts_of())
    monkeypatch.setattr(ooxml, "MAX_FILE", len(data))
    file = tmp_path / "a.xlsx"
    file.write_bytes(data)
    assert open_workbook(file).sheets == ("表",)
    monkeypatch.setattr(ooxml, "MAX_FILE", len(data) - 1)
    assert refusal(file) == "too-large"
    assert refusal(data) == "too-large"


def test_many_entries() -> None:
    parts = parts_of()
    fill: Parts = {f"x/{i}": b"" for i in range(2000 - len(parts))}
    assert open_workbook(pack({**parts, **fill})).sheets == ("表",)
    assert refusal(pack({**parts, **fill, "one more": b""})) == "too-large"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/texts.xml", "xl/looks.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_bomb(part: str, method: int) -> None:
    parts = parts_of(row('<c r="A1" t="s"><v>0</v></c>'), strings="<si><t>a</t></si>", styles=DATES)
    parts[part] = str(parts[part]) + " " * (16 << 20)
    assert refusal(pack(parts, method)) == "too-large"


def test_the_declared_size_is_not_believed() -> None:
    parts = parts_of()
    parts["xl/worksheets/sheet1.xml"] = sheet("") + " " * (17 << 20)
    data = bytearray(pack(parts))
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 24 : at + 28] = (10).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    assert refusal(bytes(data)) == "too-large"


# ---- damaged packages


def sample() -> bytes:
    return written_by_xlsxwriter(
        [["甲", 1, 2.5, True, date(2024, 1, 31)], [("formula", "=A1", "x"), CellError("#N/A")]]
    )


SAMPLE = sample()


def never_anything_else(data: bytes) -> str | None:
    """Read everything; return the reason of the only error there may be."""
    try:
        read_all(open_workbook(data))
    except WorkbookError as error:
        return error.reason
    return None


def test_a_cut_off_package_is_truncated() -> None:
    assert never_anything_else(SAMPLE) is None
    reasons = {never_anything_else(SAMPLE[:length]) for length in range(4, len(SAMPLE) - 1, 13)}
    assert reasons == {"truncated"}
    assert {never_anything_else(SAMPLE[:length]) for length in range(4)} == {"empty", "not-zip"}


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_wrong_byte_in_the_package(position: int, change: int) -> None:
    data = bytearray(SAMPLE)
    data[position] ^= change
    never_anything_else(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_wrong_byte_in_the_directory(data: st.DataObject) -> None:
    start = SAMPLE.find(b"PK\x01\x02")
    position = data.draw(st.integers(start, len(SAMPLE) - 1))
    changed = bytearray(SAMPLE)
    changed[position] ^= data.draw(st.integers(1, 255))
    never_anything_else(bytes(changed))


PARTS = {
    name: zipfile.ZipFile(io.BytesIO(SAMPLE)).read(name) for name in zipfile.ZipFile(io.BytesIO(SAMPLE)).namelist()
}


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([name for name in PARTS if "theme" not in name]), st.data())
def test_a_wrong_byte_in_a_part(part: str, data: st.DataObject) -> None:
    content = bytearray(PARTS[part])
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] = data.draw(st.integers(0, 255) | st.sampled_from(b"<>/\"'&;:= 019"))
    parts: Parts = {**PARTS, part: bytes(content)}
    never_anything_else(pack(parts, zipfile.ZIP_STORED))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_wrong_byte_reads_the_same_both_ways(data: st.DataObject) -> None:
    page = PARTS["xl/worksheets/sheet1.xml"]
    content = bytearray(page)
    position = data.draw(st.integers(page.index(b"<sheetData>") - 20, page.index(b"</sheetData>") + 20))
    content[position] = data.draw(st.integers(0, 255) | st.sampled_from(b"<>/\"'&;:= 019"))
    outcomes: list[object] = []
    for page in (bytes(content), bytes(content) + b"<!-- -->"):
        try:
            outcomes.append(typed(open_workbook(pack({**PARTS, "xl/worksheets/sheet1.xml": page})).cells("表")))
        except WorkbookError as error:
            outcomes.append(error.reason)
    assert outcomes[0] == outcomes[1]


def test_a_part_that_is_not_where_the_directory_says() -> None:
    data = bytearray(SAMPLE)
    at = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    while at >= 0:
        data[at + 42 : at + 46] = (int.from_bytes(data[at + 42 : at + 46], "little") + 1).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    assert refusal(bytes(data)) == "truncated"


def test_a_part_without_a_name_is_none() -> None:
    data = bytearray(pack({**parts_of(row('<c r="A1"><v>1</v></c>')), "x": b""}))
    data[data.rindex(b"PK\x01\x02") + 46] = 0
    assert refusal(bytes(data)) == "damaged"  # it still has one where it stands
    data[data.rindex(b"PK\x03\x04") + 30] = 0
    assert read_all(open_workbook(bytes(data))) == {"表": {(1, 1): 1}}


def test_a_wrong_checksum() -> None:
    data = bytearray(pack(parts_of(row('<c r="A1"><v>1</v></c>')), zipfile.ZIP_STORED))
    at = data.find(b"<v>1</v>")
    data[at + 3] = ord("7")
    assert refusal(bytes(data)) == "truncated"


def test_a_reader_of_no_strings_reads_numbers() -> None:
    reader = SheetReader([])
    assert reader.read(iter([sheet(row('<c r="A1"><v>1</v></c>')).encode()]), 1, 1) == {(1, 1): 1}


# ---- what is remembered from one workbook to the next


def test_what_one_workbook_says_of_its_styles_is_not_said_of_another() -> None:
    one, other = (f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number}"/></cellXfs>' for number in (14, 2))
    for _ in range(2):
        assert cells_of(row('<c r="A1" s="1"><v>1</v></c>'), styles=one) == {(1, 1): "1900-01-01"}
        assert cells_of(row('<c r="A1" s="1"><v>1</v></c>'), styles=other) == {(1, 1): 1}


def test_little_is_remembered_and_nothing_large() -> None:
    large = f'<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs><extLst>{" " * package.MAX_REMEMBERED}</extLst>'
    before = ooxml._read_date_styles.cache_info()
    assert cells_of(row('<c r="A1" s="1"><v>1</v></c>'), styles=large) == {(1, 1): "1900-01-01"}
    assert ooxml._read_date_styles.cache_info() == before
    assert (before.maxsize or 0) * package.MAX_REMEMBERED == 4 << 20
