"""The button 验证 in LibreOffice: the extension installed by LibreOffice's own tool, clicked, saved, and read back."""

from __future__ import annotations

import zipfile

import pytest

import workbooks as w
from gongkai import __version__, marking, reader
from gongkai.cell import Link
from gongkai.checks import OK
from gongkai.edition import COVER_SHEET
from gongkai.entries import _NAMES as PAINTING_NAMES
from gongkai.formulas import PRIOR_SHEET
from gongkai.marking import EXPLANATION, FIRST_ROW, RESULT_SHEET, SUMMARY_CELL
from gongkai.ooxml import open_workbook
from gongkai.sheets import META_SHEET
from gongkai.submission import judge
from libreoffice.extension import built, extended_office
from libreoffice.office import missing, need
from xlwings_addin import messages

pytestmark = pytest.mark.office

RED, AMBER = "ffc7ce", "ffe3b3"
PASSED = "验证通过，可以报送。"
WHY = "2023 年集中清理，年中废止的文件未计入现行有效件数。"
EXPLAINED = f"I{FIRST_ROW}"
WRONG = {
    "applications.received.natural_person": -5,
    "documents.normative_documents.issued": 1.5,
    "disputes.reconsideration.upheld": "三",
    "licensing.administrative_licensing.decisions": None,
    "fees.administrative_fees.amount": "=1/0",
}
DOUBTFUL = {f"documents.normative_documents.{key}": n for key, n in (("issued", 8), ("repealed", 0), ("in_force", 5))}
"""No error: more issued than in force is possible, and wants a reason."""
STAMP = ("validated_at", "validated_with", "validated_digest")
TEMPLATES = [w.ROOT / "templates" / f"政府信息公开年报统计表-{edition}年版.xlsm" for edition in w.EDITIONS]


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    need(missing())  # before anything is built
    with extended_office(built(tmp_path_factory.mktemp("扩展"))) as running:
        yield running


@pytest.fixture
def shown(office, tmp_path):
    """Return what opens a report, or the bytes of a workbook, in a window; all are closed in the end."""
    windows = []

    def shown(content, name="报表.xlsx", **how):
        windows.append(office.show(w.put(tmp_path / name, content), **how))
        return windows[-1]

    yield shown
    for window in windows:
        window.close()


def places(report, keys):
    """Return item key → (sheet, cell)."""
    form = w.by_name(report.edition)
    return {key: (form.items[form.index[key]].sheet, form.items[form.index[key]].cell) for key in keys}


def spoilt():
    """Return a report with one fault of each kind, and where the faults are."""
    good = w.clean()
    return good, w.changed(good, {**WRONG, "fees.administrative_fees.amount": 0}), places(good, WRONG)


def listed(file):
    """Return the rows of 验证结果 in a file, texts of the links in their place."""
    cells = open_workbook(file).cells(RESULT_SHEET, marking.LAST_ROW, len(marking.COLUMNS))
    rows = sorted({row for row, _ in cells if row >= FIRST_ROW})
    return [tuple(cells.get((row, column)) for column in range(1, len(marking.COLUMNS) + 1)) for row in rows]


def wanted(findings, explanations=None):
    """Return the rows that ``gongkai validate`` gives for findings."""
    rows = marking.block(findings, explanations)
    return [tuple(value.shows if isinstance(value, Link) else value for value in row) for row in rows]


def stamp_in(file):
    return {key: value for key, value in reader.read(file).meta.items() if key in STAMP}


def looks(window, sheets=(COVER_SHEET, w.TABLES, w.APPLICATIONS, w.DISPUTES)):
    """Return all that a click must leave as it is."""
    return {
        sheet: (
            window.protected(sheet), window.unlocked_cells(sheet), window.conditional_formats(sheet),
            window.formulas(sheet, "A1:L40"),
        )
        for sheet in sheets
    }  # fmt: skip


def painted(window):
    """Return (sheet, cell) → colour of what is painted red or amber."""
    sheets = (COVER_SHEET, w.TABLES, w.APPLICATIONS, w.DISPUTES, PRIOR_SHEET)
    colours = {(sheet, cell): colour for sheet in sheets for cell, colour in window.colours(sheet).items()}
    return {place: colour for place, colour in colours.items() if colour in (RED, AMBER)}


# --- validate


def test_the_findings_of_a_click_are_those_of_the_command(shown, tmp_path):
    _, bad, where = spoilt()
    window = shown(bad)
    window.type_values(formulas={where["fees.administrative_fees.amount"]: "=1/0"})
    before = looks(window)
    file = window.save(tmp_path / "点击前.xlsx")
    findings = judge(file).findings
    assert [(f.rule, f.sheet, f.cell) for f in findings] == [
        ("F-COUNT", w.TABLES, "B6"), ("F-BLANK", w.TABLES, "B9"), ("F-TYPE", w.TABLES, "B16"),
        ("F-COUNT", w.APPLICATIONS, "D6"), ("F-TYPE", w.DISPUTES, "A6"),
    ]  # fmt: skip

    click = window.click()
    assert click.status == "failed"
    first = "第一处：主动公开 的 B6。“行政规范性文件 · 本年制发件数”填的是 1.5，件数只能是不小于 0 的整数。请按实际件数改正。"
    assert click.text == f"验证未通过：5 处错误须改正。\n\n{first}\n\n{messages.SEE.format(sheet=RESULT_SHEET)}"
    assert click.seconds < 5
    assert window.modified()
    assert window.undo_titles()[0] == "验证"
    assert painted(window) == {(f.sheet, f.cell): RED for f in findings}
    assert looks(window) == before

    file = window.save(tmp_path / "点击后.xlsx")
    assert listed(file) == wanted(findings)
    assert open_workbook(file).cells(RESULT_SHEET)[2, 1] == "验证未通过：5 处错误须改正。"
    assert stamp_in(file) == {}
    assert judge(file).findings == findings


def test_a_second_click_changes_nothing(shown):
    _, bad, _ = spoilt()
    window = shown(bad)
    window.click()
    steps, block = window.undo_titles(), window.read(RESULT_SHEET, "A2:N20")
    assert window.click().status == "failed"
    assert (window.undo_titles(), window.read(RESULT_SHEET, "A2:N20")) == (steps, block)


def test_a_click_is_one_step_to_undo(shown):
    window = shown(w.clean())
    block = window.read(RESULT_SHEET, "A2:N20"), window.read(META_SHEET, "A1:B6")
    assert window.click().text == f"{PASSED}\n\n{messages.SAVE}"
    assert window.undo_titles() == ["验证"]
    window.undo()
    assert (window.read(RESULT_SHEET, "A2:N20"), window.read(META_SHEET, "A1:B6")) == block


def test_what_is_corrected_is_cleared_and_stamped(shown, tmp_path):
    good, bad, where = spoilt()
    window = shown(bad)
    before = looks(window)
    window.click()
    values = w.cells_of(good)
    window.type_values({place: values[key] for key, place in where.items()})
    click = window.click()
    assert (click.status, click.text) == ("passed", f"{PASSED}\n\n{messages.SAVE}")
    assert looks(window) == before
    untouched = shown(good, "对照.xlsx")
    for sheet in (COVER_SHEET, w.TABLES, w.APPLICATIONS, w.DISPUTES):
        assert window.colours(sheet) == untouched.colours(sheet)
    file = window.save(tmp_path / "通过.xlsx")
    assert listed(file) == []
    reading = reader.read(file)
    assert reading.report.values == good.values
    assert reading.meta["validated_digest"] == reading.report.digest()
    program = reading.meta["validated_with"]
    assert program.startswith(f"gongkai {__version__} / LibreOffice ")
    assert reading.meta["validated_at"][:2] == "20"


def test_an_explanation_survives_the_next_clicks(shown, tmp_path):
    window = shown(w.changed(w.clean(), DOUBTFUL))
    assert (window.click().status, painted(window)) == ("warnings", {(w.TABLES, "D6"): AMBER})
    assert stamp_in(window.save(tmp_path / "待说明.xlsx")) == {}
    window.enter({(RESULT_SHEET, EXPLAINED): WHY})
    click = window.click()
    assert (click.status, click.text) == ("explained", f"{PASSED}已说明 1 处。\n\n{messages.SAVE}")
    window.type_values({(w.APPLICATIONS, "D6"): -5})
    assert window.click().status == "failed"
    file = window.save(tmp_path / "又错.xlsx")
    row = next(row for row in listed(file) if row[9] == "T2-VALID-GE")
    assert (row[EXPLANATION - 1], stamp_in(file)) == (WHY, {})


def test_what_a_hand_may_not_change_stays(shown):
    window = shown(w.clean())
    window.click()
    window.enter({(COVER_SHEET, "A1"): "改", (w.TABLES, "A1"): "改"})
    assert window.value(w.TABLES, "A1") != "改"
    assert all(window.protected(sheet) for sheet in (COVER_SHEET, w.TABLES, w.APPLICATIONS, RESULT_SHEET, META_SHEET))


# --- clear and check


def test_clear_takes_marks_and_stamp_and_keeps_explanations(shown, tmp_path):
    window = shown(w.changed(w.clean(), DOUBTFUL))
    window.click()
    window.enter({(RESULT_SHEET, EXPLAINED): WHY})
    assert window.click().status == "explained"
    click = window.click("clear")
    assert (click.status, click.text, painted(window)) == ("cleared", messages.CLEARED, {})
    file = window.save(tmp_path / "清除.xlsx")
    assert stamp_in(file) == {}
    assert open_workbook(file).cells(RESULT_SHEET)[2, 1] == marking.NOT_YET
    assert [row[EXPLANATION - 1] for row in listed(file)] == [WHY]
    assert window.click().status == "explained"


def test_check_says_whether_a_workbook_can_be_sent(shown, tmp_path):
    window = shown(w.clean())
    click = window.click("check")
    assert click.status == "passed"
    assert click.text.startswith(f"{messages.READY}\n\n{PASSED}\n\n{messages.SAVE}\n\n封面还没有填：")
    window.store(tmp_path / "存好.xlsx")
    click = window.click("check")
    assert click.text.startswith(f"{messages.READY}\n\n{messages.ALREADY}")
    assert not window.modified()
    window.type_values({(w.TABLES, "B6"): -1})
    click = window.click("check")
    assert click.status == "failed"
    assert click.text.startswith(f"{messages.NOT_READY}\n\n验证未通过：1 处错误须改正。")


# --- workbooks that are not as they should be


def test_a_foreign_workbook_is_left_alone(shown):
    window = shown(w.saved({"工资": {(1, 1): "姓名", (2, 1): "填报员", (2, 2): 5}}))
    click = window.click()
    assert click.status == "unreadable"
    assert click.text.endswith(messages.UNTOUCHED)
    assert (window.modified(), window.undo_titles()) == (False, [])
    assert window.read("工资", "A1:B2") == [["姓名", None], ["填报员", 5]]
    assert window.click("clear").status == "error"
    assert (window.modified(), window.undo_titles()) == (False, [])


def test_without_the_sheet_of_results_the_findings_are_told(shown):
    _, bad, _ = spoilt()
    window = shown(bad)
    window.delete_sheet(RESULT_SHEET)
    click = window.click()
    assert click.status == "failed"
    assert messages.NO_RESULT_SHEET.format(sheet=RESULT_SHEET) in click.text
    assert "1. 主动公开 的 B6：“行政规范性文件 · 本年制发件数”填的是 1.5" in click.text


def test_a_read_only_workbook_is_judged_and_not_marked(shown):
    _, bad, _ = spoilt()
    window = shown(bad, read_only=True)
    block = window.read(RESULT_SHEET, "A2:N20")
    click = window.click()
    assert click.status == "failed"
    assert "1. 主动公开 的 B6：“行政规范性文件 · 本年制发件数”填的是 1.5" in click.text
    assert (window.read(RESULT_SHEET, "A2:N20"), window.modified()) == (block, False)


def test_a_sheet_of_results_locked_by_somebody_is_not_half_written(shown):
    _, bad, _ = spoilt()
    window = shown(bad)
    window.protect(RESULT_SHEET, "C5:C9")
    block = window.read(RESULT_SHEET, "A2:N20")
    click = window.click()
    assert (click.status, messages.REFUSED in click.text) == ("failed", True)
    assert (window.read(RESULT_SHEET, "A2:N20"), window.modified()) == (block, False)


def test_an_old_python_is_told_in_chinese(shown):
    window = shown(w.clean())
    status, told = window.click_with_old_python((99, 0))
    assert status == "error"
    (text, alarming), = told  # fmt: skip
    assert "需要 99.0 或更高版本" in text
    assert "请升级 LibreOffice" in text
    assert "内置校验" in text
    assert alarming
    assert not window.modified()


# --- the buttons in the sheets of an .xlsm


@pytest.mark.parametrize("template", TEMPLATES, ids=w.EDITIONS)
def test_the_buttons_in_the_sheets_run_the_extension(shown, template):
    window = shown(template.read_bytes(), "填报.xlsm")
    sheets = list(window.buttons())
    assert sheets[0] == COVER_SHEET
    assert len(sheets) > 3
    ours = [["验证", "URL", "org.gongkai.button:validate", []]]
    assert window.buttons() == dict.fromkeys(sheets, ours)
    assert (window.modified(), window.undo_titles()) == (False, [])
    summary = marking.summary(judge(template).findings)
    for sheet in sheets:
        window.click("clear")
        assert window.value(RESULT_SHEET, SUMMARY_CELL) == marking.NOT_YET
        assert window.press(sheet) == ("验证", True)
        window.wait_for(RESULT_SHEET, SUMMARY_CELL, summary)


def linked(file):
    """Return how many buttons of a file run our macro in Excel."""
    with zipfile.ZipFile(file) as package:
        drawings = [package.read(name) for name in package.namelist() if name.endswith(".vml")]
        assert "xl/vbaProject.bin" in package.namelist()
    return sum(b"<x:FmlaMacro>Gongkai.ValidateReport</x:FmlaMacro>" in drawing for drawing in drawings)


def test_a_saved_xlsm_keeps_its_macro_for_excel(shown, tmp_path):
    window = shown(TEMPLATES[-1].read_bytes(), "填报.xlsm")
    connected = window.buttons()
    assert linked(window.save(tmp_path / "副本.xlsm")) == len(connected)
    window.store(tmp_path / "另存.xlsm")
    assert linked(tmp_path / "另存.xlsm") == len(connected)
    assert (window.modified(), window.buttons()) == (False, connected)
    window.type_values({(COVER_SHEET, "C4"): 2023})
    window.store()
    assert linked(tmp_path / "另存.xlsm") == len(connected)
    assert (window.modified(), window.buttons()) == (False, connected)
    window.save(tmp_path / "副本.pdf")
    assert (window.modified(), window.buttons()) == (False, connected)
    window.press(COVER_SHEET)
    window.wait_for(RESULT_SHEET, SUMMARY_CELL, marking.summary(judge(tmp_path / "另存.xlsm").findings))


def test_a_sheet_deleted_with_its_button_does_no_harm_to_the_others(shown, tmp_path):
    window = shown(TEMPLATES[-1].read_bytes(), "填报.xlsm")
    window.delete_sheet(w.TABLES)
    window.store(tmp_path / "少一张.xlsm")
    assert linked(tmp_path / "少一张.xlsm") == 3
    assert len(window.buttons()) == 3
    assert {button[1] for buttons in window.buttons().values() for button in buttons} == {"URL"}


# --- what LibreOffice saves, it must be able to work with again


def test_two_generations_of_saves_keep_everything_and_still_validate(office, tmp_path):
    file = w.put(tmp_path / "第0代.xlsx", spoilt()[1])
    findings = judge(file).findings
    states = []
    for generation in (1, 2, 3):
        with office.show(file) as window:
            assert window.click().status == "failed"
            if generation > 1:
                assert painted(window) == {(f.sheet, f.cell): RED for f in findings}
            rules = {cell: window.validation(w.TABLES, cell) for cell in ("B5", "B16")}
            names = {name for name in window.names() if not name.startswith("_xlnm")}
            states.append((looks(window), rules, names, window.sheets(), window.hidden_sheets()))
            window.store(tmp_path / f"第{generation}代.xlsx")
        file = tmp_path / f"第{generation}代.xlsx"
        assert (judge(file).findings, listed(file)) == (findings, wanted(findings))
        meta = reader.read(file).meta
        assert (meta["edition"], meta["template_version"], stamp_in(file)) == ("2021", "1", {})
    assert states[1] == states[2]
    assert states[0][2:] == states[1][2:]
    assert set(PAINTING_NAMES) <= states[2][2]
    assert states[2][1]["B5"]["error_message"] == states[0][1]["B5"]["error_message"] != ""
    assert [looks[:2] for looks in states[2][0].values()] == [looks[:2] for looks in states[0][0].values()]


def test_a_stamp_outlives_another_generation(office, tmp_path):
    file = w.put(tmp_path / "第0代.xlsx", w.clean())
    for generation in (1, 2):
        with office.show(file) as window:
            assert window.click("check" if generation == 2 else "validate").status == "passed"
            assert OK in {value for row in window.read(w.APPLICATIONS, "A1:M40") for value in row}
            window.store(tmp_path / f"第{generation}代.xlsx")
        file = tmp_path / f"第{generation}代.xlsx"
    reading = reader.read(file)
    assert reading.meta["validated_digest"] == reading.report.digest() == w.clean().digest()
