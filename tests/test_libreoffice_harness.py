"""The harness itself, on small workbooks whose every answer is known."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import xlrd
import xlsxwriter

from gongkai.cell import CellError
from libreoffice.office import BRIDGE, Office, OfficeError, OfficeTimeoutError

RENDER = BRIDGE.with_name("render.py")
RED, GREEN, GREY, BLUE = "ffc7ce", "c6efce", "d9d9d9", "ddebf7"


def needs(*programs):
    """Skip a test without these programs."""
    lacking = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(bool(lacking), reason=f"not installed: {', '.join(lacking)}")


@pytest.fixture(scope="module")
def form(tmp_path_factory):
    """A sheet that does not begin at A1, with merges, a hidden row and column, checks and protection; and two more."""
    path = tmp_path_factory.mktemp("form") / "表格 form.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        red, grey, blue = (workbook.add_format({"bg_color": f"#{colour}"}) for colour in (RED, GREY, BLUE))
        heading = workbook.add_format({"bg_color": f"#{BLUE}", "align": "center", "font_name": "宋体"})
        entry = workbook.add_format({"locked": False})
        workbook.add_worksheet("说明").write("A1", "先读\n说明", grey)
        sheet = workbook.add_worksheet("表 一")
        sheet.merge_range("C3:H3", "标题 甲", heading)  # spans the hidden column F
        sheet.write_row("C4", ["项", 2, 0.5, 9, "", "总计"])
        sheet.write_string("C5", "=not")
        sheet.write_row("D5", [4, None, 9])
        sheet.write_formula("H4", "=SUM(D4:E4)", None, 2.5)
        sheet.write_formula("H5", "=D5/E5", None, 77)
        sheet.write_formula("G5", '=""', None, "")
        sheet.write("C6", "藏")
        sheet.merge_range("C7:C9", "竖", grey)  # spans the hidden row 8
        sheet.merge_range("D7:E8", 5, entry)
        for place in ("D9", "E9", "D10"):
            sheet.write_blank(place, None, entry)
        sheet.write("H9", "末")
        sheet.set_row(5, None, None, {"hidden": True})
        sheet.set_row(7, None, None, {"hidden": True})
        sheet.set_column("F:F", None, None, {"hidden": True})
        sheet.data_validation(
            "D7:E10",
            {
                "validate": "integer",
                "criteria": "between",
                "minimum": 0,
                "maximum": 100,
                "input_title": "填写",
                "input_message": "填 0 到 100 的整数",
                "error_title": "不对",
                "error_message": "应为整数",
            },
        )
        sheet.data_validation("D4", {"validate": "list", "source": ["甲", "乙"], "error_type": "warning"})
        sheet.conditional_format("D7:E10", {"type": "formula", "criteria": "=D7>10", "format": red})
        sheet.conditional_format("H9", {"type": "cell", "criteria": "==", "value": '"末"', "format": blue})
        sheet.protect()
        hidden = workbook.add_worksheet("藏")
        hidden.write("B2", 1, red)
        hidden.hide()
        workbook.add_worksheet("空")
    return path


@pytest.fixture
def document(office, form):
    with office.open(form) as opened:
        yield opened


def test_sheets(document):
    assert document.sheets() == ["说明", "表 一", "藏", "空"]
    assert document.hidden_sheets() == ["藏"]


def test_values_keep_their_kind(document):
    values = document.read("表 一", "C4:H5")
    assert values == [["项", 2, 0.5, 9, None, 2.5], ["=not", 4, None, 9, "", "#DIV/0!"]]
    assert [type(value) for value in values[0]] == [str, int, float, int, type(None), float]
    assert type(values[1][5]) is CellError
    assert document.value("表 一", "D7") == 5


def test_displayed_texts_and_formulas(document):
    assert document.texts("表 一", "C4:H5")[1] == ["=not", "4", "", "9", "", "#DIV/0!"]
    assert document.formulas("表 一", "C5:H5") == [[None, None, None, None, '=""', "=D5/E5"]]


def test_stored_results_are_kept_on_request(office, form):
    with office.open(form, recalculate=False) as document:
        assert document.value("表 一", "H5") == 77
        document.recalculate()
        assert document.value("表 一", "H5") == CellError("#DIV/0!")


def test_typing_recalculates(document):
    document.type_values({("表 一", "D4"): 7, ("表 一", "E4"): 0.25, ("表 一", "E5"): 2})
    assert document.read("表 一", "H4:H5") == [[7.25], [2]]
    document.type_values({("表 一", "D7"): None, ("表 一", "E4"): "12"}, formulas={("表 一", "C4"): "=H4+1"})
    assert document.read("表 一", "C4:H4") == [[8, 7, "12", 9, None, 7]]
    assert document.value("表 一", "D7") is None
    with pytest.raises(OfficeError, match="D4 is locked"):
        document.type_values({("表 一", "D4"): None})
    with pytest.raises(TypeError, match="True"):
        document.type_values({("表 一", "D4"): True})


def test_entering_respects_protection(document):
    document.enter({("表 一", "D9"): "12", ("表 一", "E9"): "十二", ("表 一", "D4"): "1"})
    assert document.read("表 一", "D9:E9") == [[12, "十二"]]
    assert document.value("表 一", "D4") == 2


def test_colours_as_evaluated(document):
    static = {"C3": BLUE, "C7": GREY, "H9": BLUE}
    assert document.colours("表 一") == static
    document.type_values({("表 一", "D7"): 11, ("表 一", "E9"): 12, ("表 一", "D10"): 10, ("表 一", "H9"): "初"})
    del static["H9"]
    assert document.colours("表 一") == {**static, "D7": RED, "E9": RED}
    assert document.colours("说明") == {"A1": GREY}
    assert document.colours("藏") == {"B2": RED}
    assert document.hidden_sheets() == ["藏"]
    assert document.colours("空") == {}


def test_colours_of_a_lone_sheet(office, tmp_path):
    path = tmp_path / "lone.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("甲")
        good = workbook.add_format({"bg_color": f"#{GREEN}"})
        sheet.write_column("B2", [1, -1, 1], None)
        sheet.conditional_format("B2:B4", {"type": "cell", "criteria": ">", "value": 0, "format": good})
        workbook.add_worksheet("空")
    with office.open(path) as document:
        assert document.colours("甲") == {"B2": GREEN, "B4": GREEN}
        assert document.colours("空") == {}


def test_validation(document):
    assert document.validation("表 一", "E10") == {
        "type": "whole",
        "operator": "between",
        "formula1": "0",
        "formula2": "100",
        "ignore_blank": True,
        "show_list": True,
        "show_input": True,
        "input_title": "填写",
        "input_message": "填 0 到 100 的整数",
        "show_error": True,
        "error_style": "stop",
        "error_title": "不对",
        "error_message": "应为整数",
    }
    rule = document.validation("表 一", "D4")
    assert (rule["type"], rule["formula1"], rule["error_style"]) == ("list", '"甲";"乙"', "warning")
    assert document.validation("表 一", "C4")["type"] == "any"


def test_invalid_cells(document):
    document.type_values({("表 一", "D4"): "甲"})
    assert document.invalid_cells("表 一") == []
    document.type_values({("表 一", "D7"): 101, ("表 一", "D10"): 1.5, ("表 一", "E9"): "三", ("表 一", "D4"): "丙"})
    assert document.invalid_cells("表 一") == ["D4", "D7", "E9", "D10"]
    assert document.invalid_cells("表 一") == ["D4", "D7", "E9", "D10"]


def test_conditional_formats(document):
    assert document.conditional_formats("表 一") == [
        {
            "areas": ["D7:E10"],
            "entries": [
                {
                    "type": "condition",
                    "operator": "expression",
                    "formula1": "D7>10",
                    "formula2": "",
                    "style": document.conditional_formats("表 一")[0]["entries"][0]["style"],
                    "background": RED,
                }
            ],
        },
        {
            "areas": ["H9"],
            "entries": [
                {
                    "type": "condition",
                    "operator": "equal",
                    "formula1": '"末"',
                    "formula2": "",
                    "style": document.conditional_formats("表 一")[1]["entries"][0]["style"],
                    "background": BLUE,
                }
            ],
        },
    ]


def test_protection(document):
    assert document.protected("表 一")
    assert not document.protected("说明")
    assert document.locked("表 一", "D4")
    assert not document.locked("表 一", "D9")
    assert document.unlocked_cells("表 一") == ["D7", "E7", "D8", "E8", "D9", "E9", "D10"]


def test_saved_as_xlsx_and_opened_again(office, document, tmp_path):
    document.type_values({("表 一", "D9"): 42})
    path = document.save(tmp_path / "再.xlsx")
    assert zipfile.is_zipfile(path)
    with office.open(path) as again:
        assert again.value("表 一", "D9") == 42
        assert again.validation("表 一", "D9")["error_message"] == "应为整数"
        assert again.colours("表 一")["D9"] == RED
        assert again.protected("表 一")


def test_saved_as_xls(document, tmp_path):
    document.type_values({("表 一", "D9"): 42})
    sheet = xlrd.open_workbook(document.save(tmp_path / "旧.xls")).sheet_by_name("表 一")
    assert sheet.cell_value(8, 3) == 42
    assert sheet.cell_type(4, 7) == xlrd.XL_CELL_ERROR


def test_pdf(document, tmp_path):
    path = document.pdf(tmp_path / "页.pdf")
    assert path.read_bytes().startswith(b"%PDF-")


@needs("pdffonts", "fc-list")
def test_chinese_windows_fonts_are_stood_in_for(document, tmp_path):
    known = subprocess.run(["fc-list", "Noto Serif CJK SC"], capture_output=True, text=True, check=True).stdout
    if not known:
        pytest.skip("Noto Serif CJK is not installed (Debian: fonts-noto-cjk)")
    path = document.pdf(tmp_path / "页.pdf")
    fonts = subprocess.run(["pdffonts", path], capture_output=True, text=True, check=True).stdout
    assert "NotoSerifCJK" in fonts


def test_no_lock_file_beside_an_open_workbook(document, form):
    assert document.sheets()
    assert [path.name for path in form.parent.iterdir()] == [form.name]


def test_what_is_not_there_is_said(office, document, tmp_path):
    with pytest.raises(OfficeError, match="表 二"):
        document.read("表 二", "A1")
    with pytest.raises(FileNotFoundError):
        office.open(tmp_path / "none.xlsx")
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(OfficeError):
        office.open(broken)
    assert document.value("表 一", "D4") == 2


def test_a_hang_ends_at_the_deadline_and_the_next_open_starts_afresh(office, form):  # noqa: ARG001 - asks for LibreOffice
    with Office() as other:
        stuck = other.open(form)
        other.deadline = 0.0001
        with pytest.raises(OfficeTimeoutError, match=r"'recalculate' within 0\.0001 s"):
            stuck.recalculate()
        other.deadline = 60
        with pytest.raises(OfficeError, match="gone"):
            stuck.sheets()
        with other.open(form) as document:
            assert document.value("表 一", "D4") == 2


@needs("pdftoppm")
def test_render(office, form, tmp_path):  # noqa: ARG001 - asks for LibreOffice
    run = subprocess.run([sys.executable, RENDER, form, tmp_path], capture_output=True, text=True, check=True)
    pages = [Path(line) for line in run.stdout.splitlines()]
    assert len(pages) == 2
    assert all(page.read_bytes().startswith(b"\x89PNG") for page in pages)
