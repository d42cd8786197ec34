"""The macros: that the workbooks hold our sources and nothing else, and that a click runs only what it should."""

from __future__ import annotations

import hashlib
import importlib.resources
import io
import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from functools import cache

import olefile
import openpyxl
import pytest
from openpyxl.utils import range_boundaries
from typer.testing import CliRunner

import workbooks as w
import xlwings_addin
from gongkai import macros, template
from gongkai.cli import app
from gongkai.edition import COVER_SHEET, by_name
from gongkai.macros import MESSAGES
from gongkai.ooxml import open_workbook
from gongkai.reader import read
from gongkai.sheets import META_SHEET
from workbooks import APPLICATIONS, DISPUTES, TABLES
from xlwings_addin import ribbon, vba_project

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the names its parser uses are old
    from oletools.olevba import VBA_Parser, decompress_stream

TEMPLATES = w.ROOT / "templates"
XLAM = w.ROOT / "xlwings_addin" / "gongkai.xlam"
BUTTONS = (COVER_SHEET, TABLES, APPLICATIONS, DISPUTES)
SHEETS = 8
VML, EXCEL = "{urn:schemas-microsoft-com:vml}", "{urn:schemas-microsoft-com:office:excel}"
RIBBON = "{http://schemas.microsoft.com/office/2009/07/customui}"
RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)
BOTH = pytest.mark.parametrize("make", [lambda: xlsm("2021"), ribbon.build], ids=["xlsm", "xlam"])


@cache
def xlsm(edition):
    form = by_name(edition)
    return template.blank(form, project=vba_project.of_edition(form))


def committed(edition):
    return (TEMPLATES / f"政府信息公开年报统计表-{edition}年版.xlsm").read_bytes()


def vba(data):
    """Return module name → its source as an independent reader finds it, without the attributes in front."""
    parser = VBA_Parser("book", data=data)
    found = {}
    for _, stream, name, code in parser.extract_macros():
        text = code if isinstance(code, str) else code.decode("ascii")
        assert stream == f"VBA/{name.rpartition('.')[0]}"
        lines = text.replace("\r\n", "\n").split("\n")
        assert name not in found
        found[name] = "\n".join(line for line in lines if not line.startswith("Attribute VB_"))
    assert not parser.vba_forms
    parser.close()
    return found


def body(text):
    """Return a source as the reader gives it: without the attributes in front."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line for line in lines if not line.startswith("Attribute VB_"))


def source(name):
    text = (vba_project.SOURCES / f"{name}.bas").read_bytes()
    text.decode("ascii")  # any code page reads it the same
    return text.decode("ascii").replace("\r\n", "\n")


def theirs():
    text = importlib.resources.files("xlwings").joinpath("xlwings_custom_addin.bas").read_text("ascii")
    return text.replace('PROJECT_NAME As String = "myaddin"', 'PROJECT_NAME As String = "gongkai"')


def xml(data, part):
    return ET.fromstring(w.parts(data)[part])  # noqa: S314 - we wrote it ourselves


# --- the committed files


@BY_EDITION
def test_the_committed_workbook_is_what_the_sources_give(edition):
    ours, built = w.parts(committed(edition)), w.parts(xlsm(edition))
    assert list(ours) == list(built)
    assert {name for name in built if ours[name] != built[name]} == set()


def test_the_committed_addin_is_what_the_sources_give():
    ours, built = w.parts(XLAM.read_bytes()), w.parts(ribbon.build())
    assert list(ours) == list(built)
    assert {name for name in built if ours[name] != built[name]} == set()


def test_two_builds_are_the_same_to_the_byte():
    code = (
        "import hashlib; from gongkai import template; from gongkai.edition import by_name; "
        "from xlwings_addin import ribbon, vba_project; form = by_name('2021'); "
        "print(*[hashlib.sha256(data).hexdigest() for data in "
        "(template.blank(form, project=vba_project.of_edition(form)), ribbon.build())])"
    )
    environment = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, env=environment, cwd=w.ROOT, capture_output=True, text=True, check=True)
    assert other.stdout.split() == [hashlib.sha256(data).hexdigest() for data in (xlsm("2021"), ribbon.build())]


# --- the VBA project


@BY_EDITION
def test_a_workbook_holds_our_sources_and_nothing_else(edition):
    documents = {f"{name}.cls": "" for name in ("ThisWorkbook", *(f"Sheet{n}" for n in range(1, SHEETS + 1)))}
    found = vba(committed(edition))
    assert found == {**documents, "xlwings.bas": body(theirs()), "Gongkai.bas": body(source("Gongkai"))}


def test_the_addin_holds_our_sources_and_nothing_else():
    assert vba(XLAM.read_bytes()) == {
        "ThisWorkbook.cls": "", "Sheet1.cls": "", "xlwings.bas": body(theirs()), "Gongkai.bas": body(source("Gongkai")),
        "GongkaiRibbon.bas": body(source("GongkaiRibbon")),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["Gongkai", "GongkaiRibbon"])
def test_our_sources_are_ascii_and_say_their_name(name):
    text = source(name)
    assert text.startswith(f'Attribute VB_Name = "{name}"\nOption Explicit\n')
    assert max(map(len, text.splitlines())) <= 120


def test_xlwings_keeps_its_licence_and_only_the_project_has_another_name():
    original = importlib.resources.files("xlwings").joinpath("xlwings_custom_addin.bas").read_text("ascii")
    pairs = zip(vba_project.sources()["xlwings"].splitlines(), original.splitlines(), strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == [
        ('Public Const PROJECT_NAME As String = "gongkai"', 'Public Const PROJECT_NAME As String = "myaddin"')
    ]
    assert "'xlwings is distributed under a BSD 3-clause license." in original.splitlines()


@pytest.mark.parametrize(
    ("function", "digest"),
    [("RunPython", "015cc32a6cbe939b"), ("ExecuteWindows", "dd09eb24d4a1789e"), ("GetConfig", "86170cd6edce0fa9")],
)
def test_what_our_caution_rests_on_is_as_it_was_read(function, digest):
    """Where xlwings finds settings and code, and how it quotes. Review ``Suspicion`` and ``IsRisky`` when it changes."""
    text = re.search(rf"^(Public )?Function {function}\(.*?^End Function", theirs(), re.MULTILINE | re.DOTALL)[0]
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest


def test_the_project_is_text_that_excel_has_to_compile():
    """No compiled code anywhere: what an antivirus or a reader sees is what runs."""
    project = olefile.OleFileIO(io.BytesIO(w.parts(xlsm("2021"))["xl/vbaProject.bin"]))
    assert project.openstream("VBA/_VBA_PROJECT").read() == bytes.fromhex("CC61FFFF000100")
    directory = bytes(decompress_stream(bytearray(project.openstream("VBA/dir").read())))
    offsets = re.findall(rb"\x31\x00\x04\x00\x00\x00(....)\x1e\x00", directory, re.DOTALL)
    assert offsets == [bytes(4)] * (SHEETS + 3)
    assert not [name for name in project.listdir() if name[-1].startswith("__SRP")]


def test_a_source_that_is_not_ascii_is_refused():
    with pytest.raises(UnicodeEncodeError):
        vba_project.build({"Gongkai": 'MsgBox "验证"\n'}, 1)


def test_the_project_knows_no_file_name_and_no_bits():
    """It runs in 32- and 64-bit Excel, under whatever name the workbook was saved."""
    ours = source("Gongkai") + source("GongkaiRibbon")
    assert not re.search(r"\b(Declare|LongPtr|\.Name\b.*xlsm|Workbooks\()", ours)
    assert set(re.findall(r"import (xlwings_addin); \1\.(\w+)\(\)", ours)) == {
        ("xlwings_addin", entry) for entry in ("validate", "clear", "check")
    }
    assert all(callable(getattr(xlwings_addin, entry)) for entry in ("validate", "clear", "check"))


# --- the sentences


def test_every_sentence_is_said_and_every_one_said_is_there():
    statements = re.sub(r"^ *'.*$", "", source("Gongkai"), flags=re.MULTILINE)
    literals = re.findall(r'"([a-z_]+)"', statements)
    assert set(literals) - {"_meta", "true", "false", "user"} == set(MESSAGES)


@pytest.mark.parametrize("key", MESSAGES)
def test_a_sentence_is_chinese_and_fits_a_message_box_of_chinese_windows(key):
    text = MESSAGES[key]
    assert re.search("[\u4e00-\u9fff]", text)
    assert len(text.encode("gbk")) <= 1024
    assert key == "title" or (text.endswith("。") and "请" in text)


@BOTH
def test_the_sentences_stand_where_the_macros_look_them_up(make):
    cells = open_workbook(make()).cells(META_SHEET, 1000, 100)
    found = {row: (cells[row, 6], cells[row, 7]) for row, column in cells if column == 6}
    assert found == dict(enumerate(MESSAGES.items(), 1))
    assert f'Worksheets("{META_SHEET}").Range("F1:G99")' in source("Gongkai")
    assert len(MESSAGES) <= 99


# --- the workbook


@BY_EDITION
def test_the_workbook_differs_from_the_one_without_macros_in_the_buttons_only(edition):
    with_macros, without = w.parts(xlsm(edition)), w.parts(w.blank(edition))
    added = {"xl/vbaProject.bin"}
    added |= {f"xl/drawings/vmlDrawing{n}.vml" for n in range(1, 5)}
    added |= {f"xl/worksheets/_rels/sheet{n}.xml.rels" for n in range(1, 5)}
    assert set(with_macros) - set(without) == added
    assert set(without) <= set(with_macros)
    same = {name for name in without if with_macros[name] == without[name]}
    changed = {"[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml"}
    changed |= {f"xl/worksheets/sheet{n}.xml" for n in range(1, SHEETS + 1)}
    assert set(without) - same == changed
    for number in range(1, SHEETS):
        part = f"xl/worksheets/sheet{number}.xml"
        text = with_macros[part].decode().replace(f' codeName="Sheet{number}"', "")
        text = text.replace("<sheetPr/>", "").replace('<legacyDrawing r:id="rId1"/>', "")
        assert text == without[part].decode()
    meta = f"xl/worksheets/sheet{SHEETS}.xml"
    assert f'codeName="Sheet{SHEETS}"' in with_macros[meta].decode()
    values = [
        {place: value for place, value in open_workbook(data).cells(META_SHEET, 99, 20).items() if place[1] < 6}
        for data in (xlsm(edition), w.blank(edition))
    ]
    assert values[0] == values[1]
    assert 'codeName="ThisWorkbook"' in with_macros["xl/workbook.xml"].decode()


def buttons(data):
    """Return sheet → the shape and the client data of its button."""
    names = openpyxl.load_workbook(io.BytesIO(data)).sheetnames
    found = {}
    for number, name in enumerate(names, 1):
        rels = w.parts(data).get(f"xl/worksheets/_rels/sheet{number}.xml.rels")
        if rels is None:
            continue
        target = w.only([relation.get("Target") for relation in ET.fromstring(rels)])  # noqa: S314 - ours
        drawing = xml(data, target.replace("../", "xl/"))
        shape = w.only(drawing.findall(f"{VML}shape"))
        found[name] = shape, w.only(shape.findall(f"{EXCEL}ClientData"))
    return found


@BY_EDITION
def test_the_cover_and_every_table_have_the_button(edition):
    found = buttons(committed(edition))
    assert tuple(found) == BUTTONS
    for shape, client in found.values():
        assert client.get("ObjectType") == "Button"
        assert client.findtext(f"{EXCEL}FmlaMacro") == "[0]!Gongkai.ValidateReport"
        assert client.findtext(f"{EXCEL}PrintObject") == "False"
        assert "".join(shape.find(f"{VML}textbox").itertext()) == "验证"
        assert "Public Sub ValidateReport()" in source("Gongkai")


@BY_EDITION
def test_a_button_covers_nothing_and_is_seen_without_scrolling(edition):
    book = openpyxl.load_workbook(io.BytesIO(committed(edition)))
    for name, (shape, client) in buttons(committed(edition)).items():
        sheet = book[name]
        left, _, top, _, right, _, bottom, _ = (int(n) + 1 for n in client.findtext(f"{EXCEL}Anchor").split(","))
        printed = range_boundaries(sheet.print_area.rpartition("!")[2].replace("$", ""))
        assert left == printed[2] + 1, name
        assert top == bottom == 1, name  # the row of the title, which is frozen where anything is
        rows = sheet.iter_rows(min_row=1, max_row=1, min_col=left, max_col=right)
        assert all(cell.value is None for row in rows for cell in row), name
        style = dict(part.split(":") for part in shape.get("style").split(";"))
        width = sum(float(style[key].removesuffix("pt")) for key in ("margin-left", "width"))
        assert width / 0.75 <= 1200, name  # pixels: the smallest screen in use is 1366 wide


@BY_EDITION
def test_the_workbook_with_macros_is_read_like_the_other(edition):
    readings = [read(data) for data in (xlsm(edition), w.blank(edition))]
    assert readings[0].report == readings[1].report
    assert readings[0].context.findings == readings[1].context.findings


# --- the add-in


def test_the_addin_is_an_addin_with_a_ribbon():
    data = XLAM.read_bytes()
    types = {part.get("PartName"): part.get("ContentType") for part in xml(data, "[Content_Types].xml")}
    assert types["/xl/workbook.xml"] == "application/vnd.ms-excel.addin.macroEnabled.main+xml"
    defaults = {part.get("Extension"): part.get("ContentType") for part in xml(data, "[Content_Types].xml")}
    assert (defaults["xml"], defaults["bin"]) == ("application/xml", "application/vnd.ms-office.vbaProject")
    relations = {
        each.get("Type").rpartition("/")[2]: each for each in xml(data, "_rels/.rels").iter(f"{RELATIONS}Relationship")
    }
    assert relations["officeDocument"].get("Target") == "xl/workbook.xml"
    ribbon_relation = relations["extensibility"]
    assert ribbon_relation.get("Type") == "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
    assert ribbon_relation.get("Target") == "customUI/customUI14.xml"
    assert len({each.get("Id") for each in relations.values()}) == len(relations) == 4
    assert w.parts(data)["customUI/customUI14.xml"] == (vba_project.SOURCES / "ribbon.xml").read_bytes()


def test_the_ribbon_calls_what_is_there():
    root = xml(XLAM.read_bytes(), "customUI/customUI14.xml")
    assert root.tag == f"{RIBBON}customUI"
    tab = w.only(list(root.iter(f"{RIBBON}tab")))
    assert (tab.get("label"), len(tab)) == ("政务公开", 1)
    found = {button.get("label"): button for button in root.iter(f"{RIBBON}button")}
    assert list(found) == ["验证", "清除标记", "上报检查"]
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids)) == 5
    entries = {
        "OnGongkaiValidate": "ValidateReport",
        "OnGongkaiClear": "ClearMarks",
        "OnGongkaiCheck": "CheckSubmission",
    }
    assert [button.get("onAction") for button in found.values()] == list(entries)
    subs = re.findall(
        r"^Public Sub (\w+)\(control As IRibbonControl\)\n    Gongkai\.(\w+)\nEnd Sub$",
        source("GongkaiRibbon"),
        re.MULTILINE,
    )
    assert dict(subs) == entries
    for button in found.values():
        assert (button.get("size"), bool(button.get("imageMso"))) == ("large", True)
        assert len(button.get("screentip")) <= 1024
        assert len(button.get("supertip")) <= 1024
        assert f"Public Sub {entries[button.get('onAction')]}()" in source("Gongkai")


@BOTH
def test_every_xml_part_is_well_formed(make):
    for name, content in w.parts(make()).items():
        if not name.endswith(".bin"):
            ET.fromstring(content)  # noqa: S314 - ours


# --- what gongkai template --macro needs


@BY_EDITION
def test_macros_come_out_of_the_shipped_workbook(edition, monkeypatch):
    for name in ("xlwings", "pyopenvba", "xlwings_addin"):
        monkeypatch.setitem(sys.modules, name, None)  # as on a computer that only has the kit
    form = by_name(edition)
    assert template.blank(form, project=macros.shipped(form)) == committed(edition)


@pytest.mark.parametrize(
    ("options", "edition", "year"),
    [((), "2021", None), (("--year", "2020"), "2019", 2020), (("--edition", "2019"), "2019", None)],
)
def test_the_command_writes_a_workbook_with_macros(tmp_path, monkeypatch, options, edition, year):
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(app, ["template", "--macro", *options])
    name = f"政府信息公开年报统计表-{edition}年版.xlsm"
    assert (outcome.exit_code, outcome.stdout) == (0, f"已生成 {name}\n")
    written = (tmp_path / name).read_bytes()
    assert vba(written) == vba(committed(edition))
    assert tuple(buttons(written)) == BUTTONS
    assert openpyxl.load_workbook(io.BytesIO(written))[COVER_SHEET]["C4"].value == year


@pytest.mark.parametrize(("options", "suffix"), [(("--macro", "-o", "表.xlsx"), ".xlsm"), (("-o", "表.xlsm"), ".xlsx")])
def test_the_name_must_fit_what_is_written(tmp_path, monkeypatch, options, suffix):
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(app, ["template", *options])
    assert (outcome.exit_code, outcome.stderr) == (2, f"-o 给的是 {options[-1]}，应是 {suffix} 文件。请改文件名。\n")
    assert list(tmp_path.iterdir()) == []


def test_a_kit_without_the_workbook_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(macros, "resource", lambda _: tmp_path)
    outcome = CliRunner().invoke(app, ["template", "--macro", "-o", str(tmp_path / "表.xlsm")])
    message = "找不到随程序发布的 政府信息公开年报统计表-2021年版.xlsm，无法取得宏。请重新安装 gongkai。\n"
    assert (outcome.exit_code, outcome.stderr) == (2, message)
