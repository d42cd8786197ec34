"""The button where something is in its way: nothing of the clerk's is lost, and what is said is Chinese, never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import xlwings

import golden
import workbooks as w
import xlwings_addin
from excel_engine import CALL_REJECTED, EXCEPTION, Cell, ComError, Excel, Page
from gongkai import messages as rules
from gongkai.marking import RESULT_SHEET
from gongkai.sheets import META_SHEET
from test_button import COUNT, PASSED, Watched, rows, stamped
from workbooks import APPLICATIONS, TABLES
from xlwings_addin import button, messages
from xlwings_addin.excel import ExcelBook
from xlwings_addin.file import FileBook
from xlwings_addin.spreadsheet import RefusedError

ACTIONS = ("validate", "check", "clear")
BY_ACTION = pytest.mark.parametrize("action", ACTIONS)
FAILED = messages.FAILED.partition("\n")[0]
LOG = Path(".gongkai") / "验证记录.txt"


@pytest.fixture
def home(monkeypatch, tmp_path):
    """A home folder of our own, so that the log does not land in somebody's."""
    folder = tmp_path / "家"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return folder


@pytest.fixture
def excel(home, excel):
    assert home
    return excel


def others(book):
    """Return everything outside the cells the button writes to."""
    ours = {RESULT_SHEET: range(2, 404), META_SHEET: range(4, 7)}
    return {
        sheet: {place: cell for place, cell in cells.items() if place[0] not in ours.get(sheet, ())}
        for sheet, cells in book.everything().items()
    }


def untouched(book, click):
    """Click, and see to it that not one cell changed; return what was said."""
    before, flags = book.everything(), [(page.protected, page.unlocked) for page in book.pages.values()]
    outcome = click(ExcelBook(xlwings.books.active))
    assert book.everything() == before
    assert [(page.protected, page.unlocked) for page in book.pages.values()] == flags
    return outcome


# --- workbooks in which there is no place for marks


def without(book, sheet, new=None):
    """Delete a sheet, or give it another name."""
    book.pages = {new or title: page for title, page in book.pages.items() if new or title != sheet} if not new else {
        new if title == sheet else title: page for title, page in book.pages.items()
    }  # fmt: skip


@pytest.mark.parametrize("new", [None, "验证结果 (2)"])
def test_without_our_sheet_the_findings_are_told(book, new):
    book.type({COUNT: "3件", (TABLES, "B12"): "/"})
    without(book, RESULT_SHEET, new)
    outcome = untouched(book, button.validate)
    assert outcome.status == "failed"
    assert outcome.text.split("\n") == [
        "验证未通过：2 处错误须改正。", "",
        messages.NO_RESULT_SHEET.format(sheet=RESULT_SHEET) + "下面列出前 2 处：",
        f"1. {TABLES} 的 B9：“行政许可 · 本年处理决定数量”填的是“3件”，不是数字。请改为 3。",
        f"2. {TABLES} 的 B12：“行政处罚 · 本年处理决定数量”填的是“/”，不能代替数字。没有发生的请填 0。",
    ]  # fmt: skip


def test_of_many_findings_five_are_told(book):
    golden.typed(book, {f"{APPLICATIONS}!{column}6": f"{column}件" for column in "DEFGHI"})
    without(book, RESULT_SHEET)
    text = untouched(book, button.validate).text
    assert "下面列出前 5 处：" in text
    assert re.findall(r"^(\d)\. \S+ 的 (\S+?)：", text, re.MULTILINE) == [
        ("1", "D6"), ("2", "E6"), ("3", "F6"), ("4", "G6"), ("5", "H6"),
    ]  # fmt: skip


def test_where_nothing_is_wrong_a_missing_sheet_keeps_nobody_from_sending(book):
    without(book, RESULT_SHEET)
    assert untouched(book, button.validate).text == f"{PASSED}\n\n{messages.SAVE}"


def own_sheet():
    """Return somebody's own sheet that happens to have our name."""
    return Page({(1, 1): Cell("验证结果"), (3, 1): Cell("序号"), (3, 10): Cell("规则"), (5, 9): Cell("我的说明")})


@BY_ACTION
def test_somebodys_own_sheet_is_not_touched(book, action):
    book.type({COUNT: "3件"})
    book.pages[RESULT_SHEET] = own_sheet()
    outcome = untouched(book, getattr(button, action))
    assert messages.NOT_OURS.format(sheet=RESULT_SHEET) in outcome.text
    assert ("请改为 3。" in outcome.text) == (action != "clear")


@BY_ACTION
def test_a_file_with_somebodys_own_sheet_stays_as_it_is(tmp_path, action):
    grid = {**w.drawn(w.clean("2021"), cover=True), RESULT_SHEET: {(3, 1): "序号", (4, 9): "我的说明"}}
    source = w.put(tmp_path / "手工.xlsx", w.saved(grid))
    before = source.read_bytes()
    file = FileBook(source)
    getattr(button, action)(file)
    file.save(tmp_path / "存.xlsx")
    assert (tmp_path / "存.xlsx").read_bytes() == before == source.read_bytes()
    assert len(file.told) == 1


@BY_ACTION
def test_a_foreign_workbook_is_left_alone(excel, home, action):
    book = excel.open("账.xlsx", w.saved({"Sheet1": {(1, 1): "收入", (2, 1): 5}}))
    outcome = untouched(book, getattr(button, action))
    if action == "clear":
        assert outcome.text == messages.NO_RESULT_SHEET.format(sheet=RESULT_SHEET)
    else:
        assert outcome.status == "unreadable"
        foreign = rules.UNREADABLE["foreign"].format(sheets="主动公开”“依申请公开”“复议诉讼")
        assert outcome.text == f"{foreign}\n\n{messages.UNTOUCHED}"
    assert excel.alerts == [(outcome.text, messages.TITLE, "critical")]
    assert not (home / ".gongkai").exists()  # it is nobody's failure


def test_a_form_of_an_edition_nobody_knows_is_left_alone(book):
    book.type({(META_SHEET, "B1"): "2031"})
    outcome = untouched(book, button.validate)
    assert outcome.status == "unreadable"
    assert outcome.text.startswith("是“2031”版统计表，本程序不认识这个版本。")


def test_a_renamed_table_is_read_and_said(book):
    without(book, TABLES, "表二")
    xlwings_addin.validate()
    assert [(row[1], row[2], row[3], row[9]) for row in rows(book)] == [("需说明", TABLES, "A1", "F-LAYOUT")]
    assert "从工作表“表二”读取" in rows(book)[0][7]


def test_a_deleted_table_is_an_error(book):
    without(book, TABLES)
    xlwings_addin.validate()
    assert [(row[1], row[2], row[3], row[9]) for row in rows(book)] == [("错误", TABLES, "A1", "F-LAYOUT")]


# --- programs that refuse


def lock(book, sheet):
    page = book.pages[sheet]
    page.unlocked, page.open_columns, page.protected = frozenset(), frozenset(), True


def test_a_locked_sheet_of_results_is_refused_before_anything_is_written(book):
    book.type({COUNT: "3件"})
    lock(book, RESULT_SHEET)
    outcome = untouched(book, button.validate)
    assert outcome.status == "failed"
    assert outcome.text.startswith("验证未通过：1 处错误须改正。\n\n" + messages.REFUSED)
    assert f"1. {TABLES} 的 B9：" in outcome.text


def test_one_locked_cell_of_the_block_is_enough(book):
    book.type({COUNT: "3件"})
    page = book.pages[RESULT_SHEET]
    page.styled |= {(403, 14)}
    assert messages.REFUSED in untouched(book, button.validate).text


def test_a_refused_write_is_told_even_where_nothing_is_wrong(book):
    book.type({COUNT: "3件"})
    xlwings_addin.validate()
    golden.typed(book, {f"{COUNT[0]}!{COUNT[1]}": 120})
    lock(book, RESULT_SHEET)
    outcome = untouched(book, button.validate)
    assert outcome.status == "passed"
    assert len(rows(book)) == 1  # the mark of the number that was corrected
    assert "保护" in outcome.text


def test_a_stamp_that_is_refused_is_told(book):
    lock(book, META_SHEET)
    xlwings_addin.validate()
    assert stamped(book) == [None] * 3
    outcome = button.validate(ExcelBook(xlwings.books.active))
    assert (outcome.status, outcome.text) == ("passed", f"{PASSED}\n\n{messages.NOT_STAMPED}")


def test_without_meta_there_is_no_stamp(book):
    without(book, META_SHEET)
    outcome = button.validate(ExcelBook(xlwings.books.active))
    assert (outcome.status, outcome.text) == ("passed", f"{PASSED}\n\n{messages.NOT_STAMPED}")


def test_clearing_a_locked_sheet_is_refused(book):
    xlwings_addin.validate()
    lock(book, RESULT_SHEET)
    outcome = untouched(book, button.clear)
    assert (outcome.status, outcome.text) == ("error", messages.NOT_CLEARED.format(sheet=RESULT_SHEET))


@pytest.mark.parametrize("number", [CALL_REJECTED, EXCEPTION])
def test_a_program_that_rejects_a_write_changes_nothing(excel, book, number):
    book.type({COUNT: "3件"})

    def reject(call):
        if call.startswith("write"):
            raise ComError(number, "被呼叫方拒绝接收呼叫。")

    excel.before_call = reject
    assert messages.REFUSED in untouched(book, button.validate).text


def test_a_read_only_workbook_is_marked_and_said_to_be_read_only(excel):
    book = excel.open("报表.xlsx", golden.base("2021", "alone"), read_only=True)
    xlwings_addin.validate()
    assert excel.alerts[-1][0] == f"{PASSED}\n\n{messages.READ_ONLY}"
    assert None not in stamped(book)
    book.type({COUNT: "3件"})
    xlwings_addin.validate()
    assert excel.alerts[-1][0].endswith(messages.READ_ONLY)
    assert len(rows(book)) == 1


# --- whatever goes wrong


class Failing(Watched):
    """A spreadsheet whose ``number``-th call fails."""

    def __init__(self, inner, number, error):
        super().__init__(inner)
        self.number, self.error = number, error

    def _count(self):
        if len(self.calls) + 1 == self.number:
            self.number = 0
            raise self.error

    def cover(self):
        self._count()
        return super().cover()

    def read(self, sheet, box):
        self._count()
        return super().read(sheet, box)

    def write(self, sheet, box, block):
        self._count()
        return super().write(sheet, box, block)

    def tell(self, text, *, alarming):
        self._count()
        super().tell(text, alarming=alarming)


CALLS = [(action, number) for action, calls in zip(ACTIONS, (11, 11, 5), strict=True) for number in range(1, calls)]


@pytest.mark.parametrize("wrong", [True, False], ids=["wrong", "right"])
@pytest.mark.parametrize(("action", "number"), CALLS)
def test_a_failing_call_costs_the_clerk_nothing(excel, book, home, action, number, wrong):
    book.type({COUNT: "3件"} if wrong else {})
    before, protection = others(book), [page.protected for page in book.pages.values()]
    failing = Failing(ExcelBook(xlwings.books.active), number, RuntimeError(f"第 {number} 次"))
    outcome = getattr(button, action)(failing)
    assert failing.number == 0
    assert outcome.status == "error"
    log = home / LOG
    assert outcome.text == messages.FAILED.format(log=log)
    assert excel.alerts == [(outcome.text, messages.TITLE, "critical")]
    assert f"RuntimeError: 第 {number} 次" in log.read_text("utf-8")
    assert others(book) == before
    assert [page.protected for page in book.pages.values()] == protection
    assert getattr(button, action)(ExcelBook(xlwings.books.active)).status != "error"  # and the next click works


def test_a_failing_call_costs_a_file_nothing(tmp_path, home):
    source = w.put(tmp_path / "报表.xlsx", golden.base("2021", "alone"))
    file = FileBook(source)
    for number in range(1, 11):
        outcome = button.validate(Failing(file, number, OSError(f"第 {number} 次")))
        assert outcome.text == messages.FAILED.format(log=home / LOG)
        file.save(tmp_path / "存.xlsx")
        data = (tmp_path / "存.xlsx").read_bytes()
        before, after = w.parts(source.read_bytes()), w.parts(data)
        assert {name for name in before if before[name] != after[name]} <= {w.part_of(data, RESULT_SHEET)}


def test_a_refusal_is_no_failure(book, home):
    failing = Failing(ExcelBook(xlwings.books.active), 9, RefusedError("受保护"))
    assert button.validate(failing).status == "passed"
    assert "RefusedError: 受保护" in (home / LOG).read_text("utf-8")  # whoever is asked for help can see why
    assert rows(book) == []


@BY_ACTION
def test_excel_failing_at_any_call_shows_no_traceback(excel, book, capsys, action):
    book.type({COUNT: "3件"})
    getattr(xlwings_addin, action)()
    calls = list(excel.calls)
    assert calls[-1] == "alert"
    for number in range(len(calls) - 1):
        before = others(book)
        excel.calls.clear()
        excel.alerts.clear()

        def refuse(_, number=number):
            if len(excel.calls) == number + 1:
                raise ComError(EXCEPTION, "发生意外。")

        excel.before_call = refuse
        getattr(xlwings_addin, action)()
        said = capsys.readouterr().err
        if number == 0:  # a workbook that has no name is none
            assert (said, excel.alerts) == (messages.NO_BOOK + "\n", [])
            continue
        assert (len(excel.alerts), said) == (1, ""), calls[number]
        said = excel.alerts[0][0]
        refused = messages.NOT_CLEARED.format(sheet=RESULT_SHEET) if action == "clear" else messages.REFUSED
        expected = refused if calls[number] == f"write {RESULT_SHEET}!A2:N403" else FAILED
        if calls[number] != f"write {META_SHEET}!B4:B6":  # that the stamp could not be taken away is nobody's business
            assert expected in said, calls[number]
        assert others(book) == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["the message", "every call"])
def test_a_message_that_cannot_be_shown_shows_no_traceback(excel, book, kind):
    assert book

    def refuse(call):
        if call == "alert":
            raise ComError(CALL_REJECTED, "被呼叫方拒绝接收呼叫。")

    if kind == "the message":
        excel.before_call = refuse
    else:
        excel.reject_calls()
    xlwings_addin.validate()


# --- the log


def fail(text="出错了"):
    raise RuntimeError(text)


def failure(text="出错了"):
    """Let something fail; return what is to be said about it."""
    with pytest.raises(RuntimeError) as caught:
        fail(text)
    return button.failure(caught.value)


def test_the_log_says_when_with_what_and_where(home):
    assert failure() == messages.FAILED.format(log=home / LOG)
    text = (home / LOG).read_text("utf-8")
    assert re.match(r"20\d\d-\d\d-\d\dT\S+ gongkai \S+ posix\n", text)
    assert "in fail\n" in text
    assert "RuntimeError: 出错了" in text
    failure()
    assert (home / LOG).read_text("utf-8").count("出错了\n") == 2


def test_a_long_log_begins_anew(home):
    failure()
    (home / LOG).write_text("x" * (1 << 20), "utf-8")
    failure()
    text = (home / LOG).read_text("utf-8")
    assert "xxx" not in text
    assert text.count("出错了\n") == 1


def test_a_home_that_cannot_be_written_to_is_passed_over(home, tmp_path):
    home.rmdir()
    home.write_text("这是一个文件", "utf-8")
    log = tmp_path / "验证记录.txt"
    assert failure() == messages.FAILED.format(log=log)
    assert "出错了" in log.read_text("utf-8")
    assert home.read_text("utf-8") == "这是一个文件"


def test_without_any_place_for_a_log_the_error_is_named(home, monkeypatch):
    home.rmdir()
    home.write_text("这是一个文件", "utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    assert failure() == messages.FAILED_WITHOUT_LOG.format(error="RuntimeError")


def test_without_a_home_folder_the_log_goes_elsewhere(home, monkeypatch, tmp_path):
    assert home

    def nobody():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    assert failure() == messages.FAILED.format(log=tmp_path / "验证记录.txt")


def test_an_error_with_half_a_character_is_logged(home):
    assert failure("\ud800") == messages.FAILED.format(log=home / LOG)  # as in the name of a file in another encoding


# --- which workbook


@pytest.fixture
def two(excel):
    """Two open workbooks, the second in front."""
    data = golden.base("2021", "alone")
    return excel.open("甲.xlsx", data), excel.open("乙.xlsx", data)


def test_without_a_caller_it_is_the_workbook_in_front(two):
    xlwings_addin.validate()
    assert [None in stamped(book) for book in two] == [True, False]


def test_the_caller_is_the_workbook_whose_button_was_clicked(two, monkeypatch):
    monkeypatch.setattr(xlwings.Book, "_mock_caller", xlwings.books["甲.xlsx"], raising=False)
    xlwings_addin.validate()
    assert [None in stamped(book) for book in two] == [False, True]


@pytest.mark.parametrize(
    ("name", "found"), [("甲.xlsx", 0), ("乙.xlsx", 1), ("丙.xlsx", 1), ("甲=丙.xlsx", 1), ("", 1)]
)
def test_a_macro_names_its_workbook(two, monkeypatch, name, found):
    # A name that xlwings cannot take apart, or that is not open, leads to the workbook in front.
    monkeypatch.setattr(sys, "argv", ["-c", f"--wb={name}", "--from_xl=1", "--app=", "--hwnd=0"])
    xlwings_addin.validate()
    assert [None in stamped(book) for book in two] == [found == 1, found == 0]


@BY_ACTION
def test_without_an_engine_it_is_said_that_excel_is_not_here(capsys, action):
    assert len(xlwings.engines) == 0
    getattr(xlwings_addin, action)()
    assert capsys.readouterr() == ("", messages.NOT_HERE + "\n")


def test_without_a_running_excel_that_is_said(excel, capsys):
    xlwings.engines.active.impl.apps._apps.clear()
    xlwings_addin.validate()
    assert capsys.readouterr() == ("", messages.NO_EXCEL + "\n")
    assert excel.calls == []


@BY_ACTION
def test_without_a_workbook_that_is_said(excel, capsys, action):
    assert excel.books == []
    getattr(xlwings_addin, action)()
    assert capsys.readouterr() == ("", messages.NO_BOOK + "\n")


def test_whatever_keeps_us_from_the_workbook_is_told(monkeypatch, home, capsys):
    monkeypatch.setattr("xlwings_addin.excel.calling_book", lambda: fail("不通"))
    xlwings_addin.validate()
    assert capsys.readouterr() == ("", messages.FAILED.format(log=home / LOG) + "\n")
    assert "RuntimeError: 不通" in (home / LOG).read_text("utf-8")


# --- as Excel's macro starts it

START = """
import atexit, json, os, pickle, sys
sys.path.insert(0, {tests!r})
import xlwings
before = set(sys.modules)  # xlwings takes pandas and its like wherever they are installed
from excel_engine import Excel, registered
from pathlib import Path
excel = Excel()
excel.books.append(pickle.loads(Path({book!r}).read_bytes()))
engine = registered(excel)
engine.__enter__()

@atexit.register
def report():
    from excel_engine import Cell
    found = {{
        "alerts": excel.alerts, "calls": excel.calls, "modules": sorted(sys.modules), "ours": sorted(set(sys.modules) - before),
        "line": excel.books[0].cell("验证结果", "A2").value, "rule": excel.books[0].cell("验证结果", "J4").value,
    }}
    Path({report!r}).write_text(json.dumps(found), "utf-8")
"""
HEAVY = {
    "openpyxl", "pandas", "numpy", "matplotlib", "PIL", "typer", "click", "rich", "xlsxwriter", "xlrd", "hypothesis",
    "pytest", "gongkai.cli", "gongkai.template", "gongkai.merge",
}  # fmt: skip


@BY_ACTION
def test_a_macro_starts_the_click_and_imports_nothing_it_does_not_need(tmp_path, action):
    book = Excel().open("报表.xlsx", golden.base("2021", "alone")).type({COUNT: "3件"})
    (tmp_path / "book").write_bytes(book.frozen())
    tests, report = str(w.ROOT / "tests"), tmp_path / "report"
    start = START.format(tests=tests, book=str(tmp_path / "book"), report=str(report))
    (tmp_path / "sitecustomize.py").write_text(start, "utf-8")
    command = f"import xlwings.utils;xlwings.utils.prepare_sys_path('');import xlwings_addin; xlwings_addin.{action}()"
    arguments = ["--wb=报表.xlsx", "--from_xl=1", "--app=", "--hwnd=0"]
    done = subprocess.run(
        [sys.executable, "-B", "-c", command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)}, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = json.loads(report.read_text("utf-8"))
    assert len(found["alerts"]) == 1
    assert found["calls"][-1] == "alert"
    if action == "clear":
        assert (found["alerts"][0][0], found["line"], found["rule"]) == (messages.CLEARED, "尚未验证。", None)
    else:
        assert (found["line"], found["rule"]) == ("验证未通过：1 处错误须改正。", "F-TYPE")
        assert found["line"] in found["alerts"][0][0]
    assert HEAVY & {name.partition(".")[0] for name in found["ours"]} == set()
    assert HEAVY & set(found["ours"]) == set()
    assert {"xlwings", "xlwings_addin.excel"} <= set(found["modules"])
