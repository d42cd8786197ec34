"""A click on the button: what it asks of the program, how it takes values, what it writes, and what stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import xlwings

import golden
import workbooks as w
import xlwings_addin
from excel_engine import EPOCH, Cell, Fault, Workbook, handed_over
from gongkai import marking, stamp
from gongkai.cell import CellError, DateText
from gongkai.edition import COVER_SHEET, by_name
from gongkai.marking import RESULT_SHEET
from gongkai.messages import KEPT_EXPLANATION
from gongkai.reader import read, read_book
from gongkai.report import UNIT_FIELDS, Report, Unit
from gongkai.sheets import META_SHEET
from gongkai.submission import assess
from workbooks import APPLICATIONS, TABLES
from xlwings_addin import button, messages
from xlwings_addin.excel import ExcelBook
from xlwings_addin.file import FileBook
from xlwings_addin.spreadsheet import OpenBook

PASSED = "验证通过，可以报送。"
ACTIONS = ("validate", "check", "clear")
COUNT, MONEY = (TABLES, "B9"), (TABLES, "B16")
BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)


def live():
    """Return what the button reads of the workbook in front."""
    spreadsheet = ExcelBook(xlwings.books.active)
    return read_book(OpenBook(spreadsheet, spreadsheet.cover()))


def rows(book):
    """Return the rows of the block that hold anything."""
    found = book.rows(RESULT_SHEET, f"A4:N{marking.LAST_ROW}")
    return [row for row in found if any(value is not None for value in row)]


def line(book):
    return book.cell(RESULT_SHEET, "A2").value


def stamped(book):
    return [row[0] for row in book.rows(META_SHEET, "B4:B6")]


# --- what it asks of the program


class Watched:
    """Any spreadsheet, with its calls written down."""

    def __init__(self, inner):
        self.inner, self.calls = inner, []

    def cover(self):
        self.calls.append("cover")
        return self.inner.cover()

    def read(self, sheet, box):
        self.calls.append(f"read {sheet}")
        return self.inner.read(sheet, box)

    def write(self, sheet, box, block):
        self.calls.append(f"write {sheet}")
        return self.inner.write(sheet, box, block)

    def tell(self, text, *, alarming):
        self.calls.append("tell")
        self.inner.tell(text, alarming=alarming)


READS = {"_meta", "封面", "主动公开", "依申请公开", "复议诉讼", "上年数据", "验证结果"}
WRITES = ["write 验证结果", "write _meta"]


@BY_EDITION
@pytest.mark.parametrize("start", ["alone", "yearly", "blank"])
def test_a_click_takes_eleven_calls(excel, edition, start):
    excel.open("报表.xlsx", w.blank(edition) if start == "blank" else golden.base(edition, start))
    watched = Watched(ExcelBook(xlwings.books.active))
    assert button.validate(watched).status == ("failed" if start == "blank" else "passed")
    assert len(watched.calls) == 11
    assert watched.calls[0] == "cover"
    assert {call.removeprefix("read ") for call in watched.calls[1:8]} == READS  # every sheet once
    assert watched.calls[8:] == [*WRITES, "tell"]


@pytest.mark.parametrize(("action", "count"), [("check", 9), ("clear", 5)])
def test_the_other_clicks_take_fewer(book, action, count):
    xlwings_addin.validate()
    book.saved = True
    watched = Watched(ExcelBook(xlwings.books.active))
    getattr(button, action)(watched)
    assert len(watched.calls) == count
    assert [call for call in watched.calls if call.startswith("write")] == (WRITES if action == "clear" else [])


@pytest.mark.parametrize("action", ACTIONS)
def test_a_file_is_asked_as_seldom(tmp_path, action):
    watched = Watched(FileBook(w.put(tmp_path / "报表.xlsx", golden.base("2021", "alone"))))
    getattr(button, action)(watched)
    assert len(watched.calls) == {"validate": 11, "check": 11, "clear": 5}[action]


def test_excel_is_called_twenty_four_times(excel, book):
    xlwings_addin.validate()
    names = ["sheet name"] * len(book.pages)
    assert excel.calls[:13] == ["book name", "ReadOnly", "Saved", "calculate", "book name", *names]
    assert excel.calls[13] == "version"
    assert [call.partition("!")[0] for call in excel.calls[14:21]] == [
        "read _meta", "read 主动公开", "read 依申请公开", "read 复议诉讼", "read 封面", "read 上年数据", "read 验证结果",
    ]  # fmt: skip
    assert excel.calls[21:] == ["write 验证结果!A2:N403", "write _meta!B4:B6", "alert"]
    assert len(excel.calls) == 24


def test_the_formulas_are_calculated_before_anything_is_read(book):
    page = book.pages[APPLICATIONS].cells
    page[6, 4] = Cell(70.0)  # typed while Excel calculates by hand only: the total is still the old one
    assert book.cell(APPLICATIONS, "J6").value == 100
    xlwings_addin.validate()
    assert book.cell(APPLICATIONS, "J6").value == 110
    assert [row[9] for row in rows(book)] == ["T3-BAL", "T3-BAL"]


def test_a_summary_is_read_in_parts(excel):
    excel.open("汇总.xlsx", golden.base("2021", "summary"))
    watched = Watched(ExcelBook(xlwings.books.active))
    assert button.validate(watched).status == "passed"
    assert [call for call in watched.calls if call in ("read 明细", "read _units")] == [
        "read 明细", "read 明细", "read _units", "read _units",
    ]  # fmt: skip


# --- how it takes values


DAY = float((datetime(2024, 1, 31, tzinfo=UTC) - EPOCH).days)
VALUES = {
    "a number": (Cell(3.0), 3), "a half": (Cell(0.5), 0.5), "nothing": (Cell(), None), "zero": (Cell(0.0), 0),
    "minus zero": (Cell(-0.0), 0), "fifteen digits": (Cell(123456789012345.0), 123456789012345),
    "too long for a whole number": (Cell(1e15), 1e15), "a sum of tenths": (Cell(0.1 + 0.2, "=0.1+0.2"), 0.3),
    "a third": (Cell(1 / 3, "=1/3"), 0.333333333333333), "tiny": (Cell(1e-300), 1e-300),
    "true": (Cell(True), True), "false": (Cell(False), False),
    "a text": (Cell("3件"), "3件"), "a digit": (Cell("5"), "5"), "full width": (Cell("１２　件"), "１２　件"),
    "a formula as text": (Cell("=1+1"), "=1+1"), "an escape": (Cell("_x0041_"), "_x0041_"),
    "lines": (Cell("一\n二"), "一\n二"), "a quote": (Cell("'5"), "'5"), "signs": (Cell("<&>\"'"), "<&>\"'"),
    "an empty result": (Cell("", '=""'), None),
    "a day": (Cell(DAY, None, "date"), DateText("2024-01-31")),
    "a moment": (Cell(DAY + 0.75, None, "date"), DateText("2024-01-31T18:00:00")),
    "a second": (Cell(DAY + 1 / 86400, None, "date"), DateText("2024-01-31T00:00:01")),
    "now": (Cell(DAY + 0.123456789, "=NOW()", "date"), DateText("2024-01-31T02:57:46.667")),
    "a time": (Cell(0.5, None, "date"), DateText("12:00:00")),
    "day one": (Cell(1.0, None, "date"), DateText("1900-01-01")),
    "1 March 1900": (Cell(61.0, None, "date"), DateText("1900-03-01")),
    "money in a currency format": (Cell(1234.5, None, "currency"), 1234.5),
    "money with six decimals": (Cell(1234.567891, None, "currency"), 1234.567891),
    "whole money": (Cell(12.0, None, "currency"), 12),
    "an error": (Cell(Fault("#DIV/0!"), "=1/0"), CellError("#DIV/0!")),
    "#N/A": (Cell(Fault("#N/A"), "=NA()"), CellError("#N/A")),
    "a newer error": (Cell(Fault("#SPILL!"), "=A1:A9"), CellError("#SPILL!")),
}  # fmt: skip


@pytest.mark.parametrize("name", list(VALUES))
def test_a_value_is_read_as_it_will_be_read_from_the_saved_file(book, name):
    cell, expected = VALUES[name]
    book.type({COUNT: cell})
    index = by_name("2021").index["licensing.administrative_licensing.decisions"]
    report, filed = live().report, read(book.data()).report
    for value in (report.values[index], filed.values[index]):
        assert (value, type(value)) == (expected, type(expected))
    assert report == filed
    assert report.digest() == filed.digest()


@pytest.mark.parametrize(
    ("code", "text"),
    [(-2146826281, "#DIV/0!"), (-2146826246, "#N/A"), (-2146826259, "#NAME?"), (-2146826288, "#NULL!"),
     (-2146826252, "#NUM!"), (-2146826265, "#REF!"), (-2146826273, "#VALUE!"), (-2146826243, "#SPILL!"),
     (-2146826238, "#CALC!"), (-2146826245, "#GETTING_DATA")],
)  # fmt: skip
def test_an_error_arrives_as_a_number(book, code, text):
    cell = Cell(Fault(text), "=1")
    assert (handed_over(cell), type(handed_over(cell))) == (code, int)
    book.type({COUNT: cell})
    value = live().report.values[by_name("2021").index["licensing.administrative_licensing.decisions"]]
    assert (type(value), value) == (CellError, text)


def test_an_error_nobody_knows_is_an_error_too(book):
    book.type({COUNT: Cell(Fault("2088"), "=1")})
    xlwings_addin.validate()
    assert [(row[5], row[9]) for row in rows(book)] == [("#2088", "F-TYPE")]


def test_money_in_a_currency_format_costs_one_call_more(excel, book):
    book.type({MONEY: Cell(12.345678, None, "currency")})
    assert str(handed_over(book.cell(*MONEY))) == "12.3457"  # what Value says
    xlwings_addin.validate()
    assert len(excel.calls) == 25
    assert line(book) == PASSED
    reading = read(book.data())
    assert reading.report.values[by_name("2021").index["fees.administrative_fees.amount"]] == 12.345678
    assert not stamp.changed_since(reading.report, reading.meta)


BY_FILE = {name: f"D{row}" for row, name in enumerate(VALUES, 6) if name != "an empty result"}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A file with a value of each kind: what the button on a file reads of it, and what everybody else does."""
    book = Workbook("", golden.base("2021", "alone"))
    data = book.type({(APPLICATIONS, place): VALUES[name][0] for name, place in BY_FILE.items()}).data()
    file = FileBook(w.put(tmp_path_factory.mktemp("file") / "报表.xlsx", data))
    values = [row[0] for row in file.read(APPLICATIONS, marking.Box(6, 4, 5 + len(VALUES), 4))]
    return values, w.shown(data, APPLICATIONS)


@pytest.mark.parametrize("name", list(BY_FILE))
def test_a_file_is_read_by_the_button_as_by_everybody(kinds, name):
    values, filed = kinds
    found, expected = values[list(VALUES).index(name)], filed.get(BY_FILE[name])
    assert (found, type(found)) == (expected, type(expected))


def test_a_file_with_an_empty_result_is_read_by_the_button_as_by_everybody(tmp_path):
    file = FileBook(w.put(tmp_path / "报表.xlsx", w.blank("2021")))
    assert file.read(APPLICATIONS, marking.Box(6, 10, 6, 10)) == [[None]]


def test_on_a_mac_the_flags_are_not_known(excel, book):
    excel.windows = False
    book.saved, book.read_only = False, True
    cover = ExcelBook(xlwings.books.active).cover()
    assert (cover.unsaved, cover.read_only) == (False, False)
    assert cover.sheets == ("封面", "主动公开", "依申请公开", "复议诉讼", "上年数据", "验证结果", "填报说明", "_meta")
    assert (cover.name, cover.program) == ("报表.xlsx", "Excel 16.0")


# --- what it writes

EVIL = (
    "=1+1", '=HYPERLINK("http://example.com","点我")', '=cmd|"/c calc"!A1', "+1", "+1 项", "-2+3", "-5", "@SUM(A1)", "'", "'5",
    "''", "00123", "1,200", "12%", "1e5", "2024-01-31", "1-2", "3月5日", "TRUE", "#N/A", "#DIV/0!", " 5 ", "=",
)  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_a_text_of_the_clerk_stays_a_text(book, text):
    book.type({COUNT: text, (COVER_SHEET, "C7"): text})
    xlwings_addin.validate()
    found = rows(book)
    assert [(row[9], row[5]) for row in found] == [("F-COVER", text), ("F-TYPE", text)]
    for row in (4, 5):
        for column in "BCEFGHIJ":
            cell = book.cell(RESULT_SHEET, f"{column}{row}")
            assert cell.formula is None
            assert cell.value is None or type(cell.value) is str
        assert book.cell(RESULT_SHEET, f"D{row}").formula.startswith("=HYPERLINK(")
    assert read(book.data()).report.unit.level == text


@pytest.mark.parametrize("text", EVIL)
def test_an_explanation_stays_a_text(book, text):
    book.type({(COVER_SHEET, "C12"): "否"})
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I4"): text})
    for _ in range(2):
        xlwings_addin.validate()
        cell = book.cell(RESULT_SHEET, "I4")
        assert (cell.value, cell.formula, cell.format) == (text, None, "")


@pytest.mark.parametrize("text", ["=1+1", "5", "1-2", "TRUE", "#N/A"])
def test_the_engine_shows_where_a_quote_is_forgotten(book, monkeypatch, text):
    monkeypatch.setattr("xlwings_addin.excel._raw", lambda value: value)
    book.type({(COVER_SHEET, "C7"): text})
    book.put(RESULT_SHEET, (4, 6, 4, 6), [[text]])
    cell = book.cell(RESULT_SHEET, "F4")
    assert cell.formula or type(cell.value) is not str


def test_nothing_but_its_own_cells_is_written(excel, book):
    book.type({COUNT: "3件"})
    before = book.everything()
    xlwings_addin.validate()
    xlwings_addin.check()
    xlwings_addin.clear()
    after = book.everything()
    for sheet, page in before.items():
        ours = {RESULT_SHEET: range(2, 404), META_SHEET: range(4, 7)}.get(sheet, ())
        kept, now = ({k: v for k, v in cells.items() if k[0] not in ours} for cells in (page, after[sheet]))
        assert now == kept, sheet
    assert all(page.protected for page in book.pages.values())
    assert excel.books == [book]


def test_titles_that_were_typed_over_come_back(book):
    book.type({(RESULT_SHEET, "I3"): "说明", (RESULT_SHEET, "A3"): None, (RESULT_SHEET, "B3"): "x"})
    xlwings_addin.validate()
    assert book.rows(RESULT_SHEET, "A3:N3") == [list(marking.COLUMNS)]


def test_a_longer_block_leaves_nothing_of_itself(book):
    book.type({(APPLICATIONS, f"{column}{row}"): f"{row}{column}" for row in range(6, 26) for column in "DEFGHI"})
    xlwings_addin.validate()
    assert len(rows(book)) == 120
    golden.typed(book, {f"{APPLICATIONS}!D{row}": 0 for row in range(6, 26)})
    xlwings_addin.validate()
    assert len(rows(book)) < 120
    assert [row[0] for row in rows(book)] == [float(number) for number in range(1, len(rows(book)) + 1)]


# --- what the clerk explained

FEE = {(COVER_SHEET, "C12"): "否"}
WHY = "费用说明写在第五部分，已与财务科核对"


def test_an_explanation_survives_validations(excel, book):
    book.type(FEE)
    xlwings_addin.validate()
    assert [(row[9], row[8]) for row in rows(book)] == [("T3-FEE-LINK", None)]
    assert messages.EXPLAIN.format(sheet=RESULT_SHEET) in excel.alerts[-1][0]
    book.type({(RESULT_SHEET, "I4"): WHY})
    for _ in range(3):
        xlwings_addin.validate()
        assert [(row[9], row[8]) for row in rows(book)] == [("T3-FEE-LINK", WHY)]
        assert line(book) == f"{PASSED}已说明 1 处。"
    assert None not in stamped(book)


def test_a_hollow_explanation_is_kept_and_refused(book):
    book.type(FEE)
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I4"): "核实无误"})
    for _ in range(2):
        xlwings_addin.validate()
        assert [row[8] for row in rows(book)] == ["核实无误"]
        assert rows(book)[0][7].endswith("已填的情况说明“核实无误”没有写明原因，请具体说明（不少于 6 个字）。")
        assert line(book) == "验证未通过：1 处须在“情况说明”栏写明原因。"
    assert stamped(book) == [None] * 3


def test_an_explanation_waits_behind_an_error(book):
    book.type(FEE)
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I4"): WHY, (APPLICATIONS, "D27"): "1件"})  # now nobody knows the number
    for _ in range(2):
        xlwings_addin.validate()
        assert [(row[1], row[2], row[3], row[7][:7], row[8], row[9]) for row in rows(book)] == [
            ("错误", APPLICATIONS, "D27", "建议：把 依申", None, "F-TYPE"),
            (None, APPLICATIONS, "J27", KEPT_EXPLANATION[:7], WHY, "T3-FEE-LINK"),
        ]
        assert line(book) == "验证未通过：1 处错误须改正。"
    golden.typed(book, {f"{APPLICATIONS}!D27": 1})
    xlwings_addin.validate()
    assert [(row[9], row[8]) for row in rows(book)] == [("T3-FEE-LINK", WHY)]
    assert line(book) == f"{PASSED}已说明 1 处。"


def test_an_explanation_nothing_needs_any_more_vanishes(book):
    book.type(FEE)
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I4"): WHY})
    xlwings_addin.validate()
    book.type({(COVER_SHEET, "C12"): "是"})
    xlwings_addin.validate()
    assert rows(book) == []
    assert line(book) == PASSED


def test_explanations_belong_to_a_rule_and_a_cell(book):
    book.type({**FEE, (TABLES, "D6"): Cell(1.0)})
    xlwings_addin.validate()
    assert [(row[9], row[3]) for row in rows(book)] == [("T2-VALID-GE", "D6"), ("T3-FEE-LINK", "J27")]
    book.type(
        {(RESULT_SHEET, "I4"): "当年制发的文件当年失效四件", (RESULT_SHEET, "I5"): WHY, (TABLES, "D6"): Cell(2.0)}
    )
    xlwings_addin.validate()
    assert [(row[9], row[8]) for row in rows(book)] == [("T3-FEE-LINK", WHY)]


def test_clearing_keeps_what_was_explained(excel, book):
    book.type({**FEE, COUNT: "3件"})
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I5"): WHY})
    xlwings_addin.clear()
    assert excel.alerts[-1] == (messages.CLEARED, messages.TITLE, "info")
    assert line(book) == "尚未验证。"
    assert [(row[1], row[9], row[8]) for row in rows(book)] == [
        (None, "T3-FEE-LINK", WHY)
    ]  # no 级别: it paints nothing
    golden.typed(book, {f"{COUNT[0]}!{COUNT[1]}": 120})
    xlwings_addin.validate()
    assert [(row[1], row[8]) for row in rows(book)] == [("需说明", WHY)]
    assert line(book) == f"{PASSED}已说明 1 处。"


# --- the stamp

ODD = {
    (COVER_SHEET, "C5"): "  平罗县 司法局（Ａ座）", (COVER_SHEET, "C6"): Cell(11640221010000000.0),
    (COVER_SHEET, "C13"): "'填报员", (COVER_SHEET, "C14"): Cell(13812345678.0), (COVER_SHEET, "C15"): "审核员\n王五",
    (COVER_SHEET, "C16"): Cell(DAY, None, "date"), MONEY: Cell(0.1 + 0.2, "=0.1+0.2"),
    COUNT: Cell(123456789012345.0), (TABLES, "B12"): Cell(7.0, None, "currency"),
}  # fmt: skip


def test_the_stamp_says_when_with_what_and_of_which_numbers(book):
    book.type(ODD)
    xlwings_addin.validate()
    assert line(book) == PASSED
    at, program, digest = stamped(book)
    moment = datetime.fromisoformat(at)
    assert moment.tzinfo is not None
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert program == f"gongkai {button.__version__} / Excel 16.0"
    reading = read(book.data())
    assert digest == live().report.digest() == reading.report.digest()
    assert not stamp.changed_since(reading.report, reading.meta)
    assert reading.report.unit == Unit(
        name="  平罗县 司法局（Ａ座）", code="1.164022101e+16", fee_statement="是", prepared_by="'填报员",
        phone="13812345678", reviewed_by="审核员\n王五", date="2024-01-31",
    )  # fmt: skip


@BY_EDITION
def test_any_later_change_shows(edition):
    report = w.clean(edition)
    meta = {"validated_digest": report.digest()}
    assert not stamp.changed_since(report, meta)
    for index, value in enumerate(report.values):
        for other in (value + 1, value + 0.000001, str(value), None, not value):
            values = (*report.values[:index], other, *report.values[index + 1 :])
            assert stamp.changed_since(Report(edition, report.year, report.unit, values), meta), (index, other)
    for field in UNIT_FIELDS:
        unit = {name: getattr(report.unit, name) for name in UNIT_FIELDS} | {field: "改"}
        assert stamp.changed_since(Report(edition, report.year, Unit(**unit), report.values), meta), field
    assert stamp.changed_since(Report(edition, report.year + 1, report.unit, report.values), meta)
    assert not stamp.changed_since(report, {})


@pytest.mark.parametrize(
    "change",
    [{COUNT: Cell(121.0)}, {MONEY: Cell(12.500001)}, {(COVER_SHEET, "C5"): "某局 "}, {(COVER_SHEET, "C16"): "2024-2-1"},
     {(COVER_SHEET, "C4"): Cell(2024.0)}, {(APPLICATIONS, "D6"): Cell(61.0)}, {COUNT: "120"},
     {(COVER_SHEET, "C14"): Cell(1.0)}],
    ids=str,
)  # fmt: skip
def test_a_change_after_the_stamp_shows_in_the_saved_file(book, change):
    xlwings_addin.validate()
    before = read(book.data())
    assert not stamp.changed_since(before.report, before.meta)
    after = read(book.type(change).data())
    assert after.meta["validated_digest"] == before.meta["validated_digest"]
    assert stamp.changed_since(after.report, after.meta)


def test_what_passes_no_longer_loses_its_stamp(book):
    xlwings_addin.validate()
    assert None not in stamped(book)
    book.type({COUNT: "3件"})
    xlwings_addin.validate()
    assert stamped(book) == [None] * 3
    golden.typed(book, {f"{COUNT[0]}!{COUNT[1]}": 120})
    xlwings_addin.validate()
    assert None not in stamped(book)
    xlwings_addin.clear()
    assert stamped(book) == [None] * 3
    assert read(book.data()).meta.keys() == {"edition", "template_version", "schema_digest"}


# --- 上报检查


def test_a_stamped_and_saved_workbook_is_ready_as_it_is(excel, book):
    xlwings_addin.validate()
    book.saved = True
    before = book.everything()
    excel.calls.clear()
    xlwings_addin.check()
    assert not [call for call in excel.calls if call.startswith("write")]
    assert (book.everything(), book.saved) == (before, True)
    signed = messages.COVER_BLANK.format(names="填报人、联系电话、审核人、填报日期")
    assert excel.alerts[-1] == (f"{messages.READY}\n\n{messages.ALREADY}\n\n{signed}", messages.TITLE, "info")


def test_what_is_signed_is_not_asked_for(excel, book):
    book.type({(COVER_SHEET, f"C{row}"): "填好" for row in (13, 14, 16)})
    xlwings_addin.validate()
    book.saved = True
    xlwings_addin.check()
    assert excel.alerts[-1][0].endswith(messages.COVER_BLANK.format(names="审核人"))
    book.type({(COVER_SHEET, "C15"): "审核员"})
    xlwings_addin.check()
    assert "封面" not in excel.alerts[-1][0]


@pytest.mark.parametrize("state", ["not stamped", "not saved", "changed"])
def test_otherwise_it_is_validated_first(excel, book, state):
    if state != "not stamped":
        xlwings_addin.validate()
        book.saved = state == "changed"
    if state == "changed":
        book.type({COUNT: Cell(121.0)})
        book.saved = True
    xlwings_addin.check()
    text = excel.alerts[-1][0]
    assert text.startswith(f"{messages.READY}\n\n{PASSED}\n\n{messages.SAVE}")
    assert messages.ALREADY not in text
    reading = read(book.data())
    assert not stamp.changed_since(reading.report, reading.meta)
    assert "validated_digest" in reading.meta
    assert not book.saved


def test_what_does_not_pass_is_not_ready(excel, book):
    book.type({COUNT: "3件"})
    xlwings_addin.check()
    text, _, kind = excel.alerts[-1]
    assert text.startswith(f"{messages.NOT_READY}\n\n验证未通过：1 处错误须改正。")
    assert kind == "critical"
    assert [row[9] for row in rows(book)] == ["F-TYPE"]
    assert w.rules(assess(read(book.data()))) == [("F-TYPE", "error", TABLES, "B9")]


def test_an_explained_workbook_is_ready(excel, book):
    book.type(FEE)
    xlwings_addin.validate()
    book.type({(RESULT_SHEET, "I4"): WHY})
    xlwings_addin.check()
    assert excel.alerts[-1][0].startswith(f"{messages.READY}\n\n{PASSED}已说明 1 处。")
    book.saved = True
    xlwings_addin.check()
    assert messages.ALREADY in excel.alerts[-1][0]


# --- the same on a file


def test_a_file_keeps_explanations_and_stamp(tmp_path):
    path = w.put(tmp_path / "报表.xlsx", Workbook("", golden.base("2021", "alone")).type(FEE).data())

    def click(action):
        file = FileBook(path)
        outcome = getattr(button, action)(file)
        file.save(path)
        assert file.told == [outcome.text]
        return outcome

    assert click("validate").status == "warnings"
    path.write_bytes(Workbook("", path.read_bytes()).type({(RESULT_SHEET, "I4"): "=1+1"}).data())
    assert click("validate").status == "warnings"  # hollow
    assert w.shown(path.read_bytes(), RESULT_SHEET)["I4"] == "=1+1"
    path.write_bytes(Workbook("", path.read_bytes()).type({(RESULT_SHEET, "I4"): WHY}).data())
    assert click("check").text.startswith(f"{messages.READY}\n\n{PASSED}已说明 1 处。")
    assert messages.ALREADY in click("check").text
    reading = read(path)
    assert not stamp.changed_since(reading.report, reading.meta)
    assert "validated_digest" in reading.meta
    assert click("clear").status == "cleared"
    assert read(path).meta.keys() == {"edition", "template_version", "schema_digest"}
    cells = w.shown(path.read_bytes(), RESULT_SHEET)
    assert (cells["A2"], cells["I4"], cells.get("B4")) == (marking.NOT_YET, WHY, None)
    assert click("validate").text.startswith(f"{PASSED}已说明 1 处。")
