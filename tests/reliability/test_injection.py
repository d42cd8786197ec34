"""Texts from workbooks and names of files: in everything we write they are texts, and never anything that acts."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import os
import re
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest

import workbooks as w
from gongkai import marking
from gongkai.bookwriter import BookWriter
from gongkai.cell import exact, plain
from gongkai.edition import by_name
from gongkai.filenames import safe_name
from gongkai.layout import text_height
from gongkai.ooxml import OUR_OWN, open_workbook
from gongkai.report import MAX_TEXT, Unit, flatten
from gongkai.sheets import DETAIL_FIRST_ROW, DETAIL_NAME_COLUMN, DETAIL_SHEET
from gongkai.submission import judge
from gongkai.wording import escaped_json, one_line
from test_cli import WARNED, Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names of files")

MARK = "ZQX"
"""Stands in every nasty text, so that it can be looked for wherever it may have gone."""
NASTY = {
    "formula": f"=cmd|'/c {MARK}'!A0",
    "plus": f'+HYPERLINK("http://127.0.0.1:9/{MARK}","x")',
    "minus": f"-2+3+{MARK}",
    "at": f"@SUM({MARK})",
    "tab": f"\t={MARK}",
    "quote": f'\'="{MARK}"),1)',
    "link": f"http://127.0.0.1:9/{MARK}",
    "markup": f"<script>{MARK}</script><img src=x onerror={MARK}>]]>&lt;&#27;",
    "control": f"\x1b]0;{MARK}\x07\x1b[2J\x9b31m",
    "turned": f"\u202e{MARK}\u2066xslx.exe",
    "lines": f"{MARK}\n  已汇总  乙局\r\n未汇总",
    "escape": f"_x003D_{MARK}_x001B_",
    "long": MARK + "长" * (MAX_TEXT - len(MARK)),
    "device": f"CON.{MARK}. . ",
}
ACTS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal obeys, but for the end of a line, and what turns text around."""
REASON = "，原因是本年清理了历年文件。"


def named(folder, text, number):
    """Return a path in a folder whose name is as nasty as the system allows."""
    name = text.encode()[:180].decode(errors="ignore").replace("/", "／").replace("\0", "")
    return folder / (os.fsdecode(b"\xff") * (number == 0) + f"{name}{number}.xlsx")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Everything there is, of a good and a faulty report for each nasty text."""
    home = tmp_path_factory.mktemp("nasty")
    folder = home / "报送"
    for number, text in enumerate(NASTY.values()):
        counted = w.changed(w.clean("2021", number, Unit(name=text, code=f"A{number}")), WARNED)
        good = w.put(named(folder, text, 2 * number), counted)
        found = judge(good).findings
        explained = {(each.rule, each.sheet, each.cell): text[:200] + REASON for each in found}
        good.write_bytes(marking.marked(good.read_bytes(), found, explained))
        faulty = w.clean("2021", number, Unit(name=text, code=f"B{number}"))
        w.put(named(folder, text, 2 * number + 1), w.changed(faulty, {"applications.received.natural_person": text}))
    options = ("-d", home / "退回单", "--html", home / "概览.html", "--details", home / "明细.csv")
    merged = Result("merge", folder, "-o", home / "汇总.xlsx", *options)
    assert merged.code == 1
    validated = Result("validate", folder, "-d", home / "退回")
    listed = Result("validate", folder, "--format", "json")
    return home, (merged, validated, listed)


def test_the_good_ones_count_and_the_others_do_not(outputs):
    document = json.loads((outputs[0] / "汇总.json").read_text("utf-8"))
    assert sorted(each["unit"]["name"] for each in document["units"]["included"]) == sorted(NASTY.values())
    assert [each["rule"] for each in document["findings"]].count("F-TYPE") == len(NASTY)
    reports = [w.changed(w.clean("2021", number), WARNED) for number in range(len(NASTY))]
    totals = [plain(sum(map(exact, column))) for column in zip(*(report.values for report in reports), strict=True)]
    assert list(flatten(by_name("2021"), document["totals"])) == totals


def places_of(data: bytes) -> set[str]:
    """Return where in the parts of a package the mark stands: the names of elements, and ``@`` with those of attributes."""
    found = set()
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            assert MARK not in name
            for element in ET.fromstring(package.read(name)).iter():  # noqa: S314 - we wrote it
                tag = element.tag.rpartition("}")[2]
                texts = {tag: element.text or "", f"behind {tag}": element.tail or ""}
                texts |= {f"@{key.rpartition('}')[2]}": value for key, value in element.attrib.items()}
                found |= {place for place, text in texts.items() if MARK in text}
                assert element.attrib.get("TargetMode") != "External", name
    return found


def test_in_a_workbook_it_is_a_text(outputs):
    """``v`` is the stored result of a formula of ours that shows the name of the unit."""
    books = [*outputs[0].glob("汇总.xlsx"), *outputs[0].glob("退回*/*.xlsx")]
    assert len(books) == 1 + 2 * len(NASTY)
    assert {place for book in books for place in places_of(book.read_bytes())} == {"t", "v"}


def test_in_the_summary_it_is_there_to_the_last_character(outputs):
    book = open_workbook(outputs[0] / "汇总.xlsx", OUR_OWN)
    cells = book.cells(DETAIL_SHEET, 200, 10)
    rows = range(DETAIL_FIRST_ROW, DETAIL_FIRST_ROW + len(NASTY))
    assert sorted(cells[row, DETAIL_NAME_COLUMN] for row in rows) == sorted(NASTY.values())
    explanations = {value for value in book.cells("说明汇总", 200, 10).values() if str(value).endswith(REASON)}
    kept = {ACTS.sub("", text[:200] + REASON) for text in NASTY.values()}
    assert {ACTS.sub("", text.replace("\ufffd", "")) for text in explanations} == kept


def test_in_a_letter_it_is_a_text_on_its_line(outputs):
    letters = list(outputs[0].glob("退回单/*.docx"))
    assert len(letters) == len(NASTY)
    for letter in letters:
        assert places_of(letter.read_bytes()) <= {"t"}
        with zipfile.ZipFile(letter) as package:
            assert not ACTS.search(package.read("word/document.xml").decode())


class Page(html.parser.HTMLParser):
    """Where the mark stands in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.inside.append(tag)
        self.tags.add(tag)
        self.found |= {f"@{name}" for name, value in attributes if MARK in f"{name}{value}"}
        assert not any(name.startswith("on") for name, _ in attributes)

    def handle_data(self, data):
        if MARK in data:
            self.found.add(self.inside[-1])


def test_in_the_page_it_is_a_text(outputs):
    page = Page()
    page.feed((outputs[0] / "概览.html").read_text("utf-8"))
    assert page.found <= {"td", "th"}
    assert "td" in page.found
    assert "img" not in page.tags


def test_in_the_details_it_does_not_begin_as_a_formula_does(outputs):
    with (outputs[0] / "明细.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == len(NASTY)
    cells = [cell for row in rows for cell in row if MARK in cell]
    assert len(cells) >= 2 * len(NASTY)
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n＝＋－＠"]


def test_nothing_is_said_that_a_terminal_obeys_or_that_forges_a_line(outputs):
    merged, validated, listed = outputs[1]
    for result in (merged, validated, listed):
        assert not ACTS.search(result.out + result.err)
        assert MARK in result.out
    assert len(re.findall("^  已汇总  .*）$", merged.out, re.MULTILINE)) == len(NASTY)
    assert not ACTS.search((outputs[0] / "汇总.json").read_text("utf-8"))
    assert len(json.loads(listed.out)["reports"]) == 2 * len(NASTY)


def test_files_are_called_what_every_system_takes(outputs):
    for path in outputs[0].glob("退回*/*"):
        assert not re.search(r'[\\:*?"<>|]', path.name), path.name
        assert not ACTS.search(path.name)
        assert len(path.name.encode()) <= 255
        assert not re.match(r"(con|nul)\.", path.name, re.IGNORECASE)


@pytest.mark.parametrize("text", ["甲\u202e乙", "甲\x9b乙", "甲\u2028乙", "甲\u200f乙"])
def test_a_name_does_not_turn_round(text):
    assert safe_name(text) == "甲_乙"


def test_a_long_name_stops_nobody_from_getting_a_list(tmp_path):
    data = w.saved(w.drawn(w.changed(w.clean("2021", 1), {"applications.received.natural_person": "3件"})))
    w.put(tmp_path / "报送" / ("名" * 83 + ".xlsx"), data)
    result = Result("validate", tmp_path / "报送", "-d", tmp_path / "退回")
    assert (result.code, result.err) == (1, f"标注后的副本 1 份，在 {tmp_path / '退回'}\n")
    assert [path.name for path in (tmp_path / "退回").iterdir()] == ["名" * 66 + "-验证结果.xlsx"]


def test_a_name_that_is_no_text_stops_nobody_from_getting_a_list(tmp_path):
    data = w.saved(w.drawn(w.changed(w.clean("2021", 1), {"applications.received.natural_person": "3件"})))
    w.put(tmp_path / "报送" / os.fsdecode(b"\xb1\xa8.xlsx"), data)
    assert Result("validate", tmp_path / "报送", "-d", tmp_path / "退回").code == 1
    assert [path.name for path in (tmp_path / "退回").iterdir()] == ["__-验证结果.xlsx"]


def test_a_cell_holds_as_much_as_it_can_and_says_that_there_was_more():
    writer = BookWriter("表")
    writer.add("表")
    writer.put("表", "A1", "长" * MAX_TEXT)
    writer.put("表", "A2", "长" * (MAX_TEXT + 1))
    assert w.shown(writer.close(), "表") == {"A1": "长" * MAX_TEXT, "A2": "长" * (MAX_TEXT - 1) + "…"}
    assert text_height("长" * MAX_TEXT, 30) == 409


@pytest.mark.parametrize(
    ("text", "line", "escaped"),
    [
        ("甲\n乙\t丙\r丁", "甲 乙 丙 丁", "甲\n乙\\u0009丙\\u000d丁"),
        ("\x1b[2J\x9b", "\ufffd[2J\ufffd", "\\u001b[2J\\u009b"),
        ("\u202e甲\u2069", "\ufffd甲\ufffd", "\\u202e甲\\u2069"),
        ("\udcb1", "\ufffd", "\\udcb1"),
        ("甲，é😀", "甲，é😀", "甲，é😀"),
    ],
)
def test_what_acts_is_made_visible(text, line, escaped):
    assert one_line(text) == line
    assert escaped_json(text) == escaped


def merged_names(tmp_path, *names, roster=None):
    for number, name in enumerate(names):
        w.put(tmp_path / "报送" / f"{number}.xlsx", w.clean("2021", number, Unit(name=name)))
    more = ("--roster", Path(w.put(tmp_path / "名册.csv", f"单位名称\n{roster}\n".encode()))) if roster else ()
    Result("merge", tmp_path / "报送", "-o", tmp_path / "汇总.xlsx", *more)
    return json.loads((tmp_path / "汇总.json").read_text("utf-8"))


@pytest.mark.parametrize("twin", ["甲\u200b局", "\u202e甲局\u202c", "甲 局", "甲局\u00ad", "甲局\ufe0f"])
def test_names_that_look_equal_are_one_unit_and_count_once(tmp_path, twin):
    units = merged_names(tmp_path, "甲局", twin)["units"]
    assert len(units["included"]) == 1
    assert "S-DUPLICATE" in units["excluded"][0]["why"]


def test_a_letter_of_another_alphabet_makes_another_unit_which_the_roster_does_not_know(tmp_path):
    latin, cyrillic = "A区甲局", "\u0410区甲局"
    assert len(merged_names(tmp_path / "一", latin, cyrillic)["units"]["included"]) == 2
    units = merged_names(tmp_path / "二", latin, cyrillic, roster=latin)["units"]
    assert [each["unit"]["name"] for each in units["included"]] == [latin]
    assert "S-UNKNOWN" in units["excluded"][0]["why"]
