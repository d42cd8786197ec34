"""A clerk at the screen: keys and clicks as the operating system delivers them, in LibreOffice with the extension.

Not part of the ordinary run, because it needs a screen: ``python3 scripts/test.py -m gui``.
"""

from __future__ import annotations

import zipfile

import pytest

import workbooks as w
from gongkai import marking, reader
from gongkai.cell import Link
from gongkai.edition import COVER_SHEET
from gongkai.marking import FIRST_ROW, RESULT_SHEET, SUMMARY_CELL
from gongkai.ooxml import open_workbook
from gongkai.submission import judge
from libreoffice.extension import built
from libreoffice.office import need
from libreoffice.screen import Screen, lacking
from xlwings_addin import messages

pytestmark = [pytest.mark.gui, pytest.mark.office]

ALERT = "填写的内容不符合要求"
GUARDED = "此处由“验证”填写"
PASSED = "验证通过，可以报送。"
WHY = "年中清理，废止的未计入。"
DOUBTFUL = {f"documents.normative_documents.{key}": n for key, n in (("issued", 8), ("repealed", 0), ("in_force", 5))}
RECEIVED = (w.APPLICATIONS, "D6")


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    need(lacking())
    with Screen(built(tmp_path_factory.mktemp("扩展"))) as running:
        yield running


@pytest.fixture
def shown(screen, tmp_path):
    windows = []

    def shown(content, name="报表.xlsx"):
        windows.append(screen.show(w.put(tmp_path / name, content)))
        return windows[-1], tmp_path / name

    yield shown
    for window in windows:
        window.close()
        screen.settle(1)


def validated(window):
    """Click on 验证 in the toolbar, and on 确定 in the message."""
    window.click_on("验证")
    window.screen.wait_for_window(messages.TITLE)
    window.screen.press("Return")
    window.screen.wait_for_window(messages.TITLE, gone=True)


def test_typing_a_negative_count_raises_the_chinese_alert(shown, screen):
    window, _ = shown(w.clean())
    before = window.value(*RECEIVED)
    window.select(*RECEIVED)
    screen.type("-5")
    screen.press("Return")
    screen.wait_for_window(ALERT)
    screen.press("Escape", "Escape")
    screen.wait_for_window(ALERT, gone=True)
    assert window.value(*RECEIVED) == before
    screen.type("15")
    screen.press("Return")
    assert window.value(*RECEIVED) == 15


def test_a_click_on_the_toolbar_marks_what_is_wrong(shown, screen):
    window, file = shown(w.clean())
    window.select(*RECEIVED)
    screen.type("15")
    screen.press("Return")
    validated(window)
    colours = window.colours(w.APPLICATIONS)
    screen.press("ctrl+s")
    screen.settle(2)
    assert not window.modified()
    findings = judge(file).findings
    assert [(f.rule, f.sheet, f.cell) for f in findings] == [
        ("T3-BAL", w.APPLICATIONS, "D30"), ("T3-BAL", w.APPLICATIONS, "J30"),
    ]  # fmt: skip
    assert {cell for cell, colour in colours.items() if colour == "ffc7ce"} == {"D30", "J30"}
    cells = open_workbook(file).cells(RESULT_SHEET, marking.LAST_ROW, 14)
    rows = [tuple(cells.get((row, column)) for column in range(1, 15)) for row in (FIRST_ROW, FIRST_ROW + 1)]
    assert rows == [tuple(v.shows if isinstance(v, Link) else v for v in row) for row in marking.block(findings)]
    assert "validated_digest" not in reader.read(file).meta


def test_what_is_typed_when_the_button_is_clicked_counts(shown, screen):
    window, _ = shown(w.clean())
    window.select(*RECEIVED)
    screen.type("15")
    validated(window)
    assert window.value(*RECEIVED) == 15
    assert window.value(RESULT_SHEET, SUMMARY_CELL) == "验证未通过：2 处错误须改正。"


def test_an_explanation_is_typed_and_accepted(shown, screen):
    window, file = shown(w.changed(w.clean(), DOUBTFUL))
    validated(window)
    window.select(RESULT_SHEET, f"I{FIRST_ROW}")
    screen.type(WHY)
    screen.press("Return")
    validated(window)
    screen.press("ctrl+s")
    screen.settle(2)
    cells = open_workbook(file).cells(RESULT_SHEET)
    assert (cells[2, 1], cells[FIRST_ROW, 9]) == (f"{PASSED}已说明 1 处。", WHY)
    reading = reader.read(file)
    assert reading.meta["validated_digest"] == reading.report.digest()


def test_what_the_button_wrote_cannot_be_overtyped(shown, screen):
    window, _ = shown(w.changed(w.clean(), DOUBTFUL))
    validated(window)
    window.select(RESULT_SHEET, f"E{FIRST_ROW}")
    screen.type("x")
    screen.press("Return")
    screen.wait_for_window(GUARDED)
    screen.press("Escape", "Escape")
    assert window.value(RESULT_SHEET, f"E{FIRST_ROW}") == "行政规范性文件 · 现行有效件数"


def test_a_click_is_undone_and_done_again_from_the_keyboard(shown, screen):
    window, _ = shown(w.changed(w.clean(), DOUBTFUL))
    blank = window.read(RESULT_SHEET, "A2:N9")
    validated(window)
    marked = window.read(RESULT_SHEET, "A2:N9")
    assert marked != blank
    screen.press("ctrl+z")
    screen.settle(1)
    assert window.read(RESULT_SHEET, "A2:N9") == blank
    screen.press("ctrl+y")
    screen.settle(1)
    assert window.read(RESULT_SHEET, "A2:N9") == marked


def test_a_link_in_the_list_leads_to_the_cell(shown, screen):
    window, _ = shown(w.changed(w.clean(), DOUBTFUL))
    validated(window)
    window.select(RESULT_SHEET, "A1")
    x, y = window.cell_place(RESULT_SHEET, f"D{FIRST_ROW}")
    screen.click(x + 8, y, holding="ctrl")  # on the text, which stands at the left
    screen.settle(1)
    assert window.cursor() == (w.TABLES, "D6")


def test_the_menu_offers_the_same(shown, screen):
    window, _ = shown(w.clean())
    window.click_on("政务公开", in_menu_bar=True)
    screen.press("Down", "Down", "Down", "Return")
    screen.wait_for_window(messages.TITLE)
    screen.press("Return")
    assert window.value(RESULT_SHEET, SUMMARY_CELL) == PASSED


def test_the_button_in_the_sheet_of_an_xlsm(shown, screen):
    template = w.ROOT / "templates" / "政府信息公开年报统计表-2021年版.xlsm"
    window, file = shown(template.read_bytes(), "填报.xlsm")
    window.scroll(0, 2)
    window.click_on("验证")  # that of the sheet; the toolbar has the second one
    screen.wait_for_window(messages.TITLE)
    screen.press("Return")
    screen.wait_for_window(messages.TITLE, gone=True)
    summary = marking.summary(judge(template).findings)
    assert window.value(RESULT_SHEET, SUMMARY_CELL) == summary
    window.select(COVER_SHEET, "C4")
    screen.type("2023")
    screen.press("Return", "ctrl+s")
    screen.settle(2)
    assert not window.modified()
    with zipfile.ZipFile(file) as package:
        drawings = [package.read(name) for name in package.namelist() if name.endswith(".vml")]
    assert all(b"<x:FmlaMacro>Gongkai.ValidateReport</x:FmlaMacro>" in drawing for drawing in drawings)
    assert len(drawings) == 4
