"""概览.html: exact numbers, nothing from outside, nothing that runs, and no more memory for more units."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import tracemalloc
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

import gongkai
import gongkai.edition
import workbooks as w
from gongkai.collection.ledger import Ledger
from gongkai.collection.roster import Entry
from gongkai.edition import by_name
from gongkai.merge import Summary, merge
from gongkai.outputs.overview import Overview
from gongkai.outputs.webpage import PAGE, number, text, write_page
from gongkai.report import Report, Unit
from gongkai.submission import Submission
from gongkai.validation import Finding

BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)
EVIL = (
    "</script><img src=x onerror=\"document.title='坏'\">",
    "\"><svg onload=\"document.title='坏'\">",
    "' onmouseover='document.title=1' x='",
    "</style></title><script>document.title='坏'</script>",
    "</td></table><iframe srcdoc='<script>parent.document.title=1</script>'>",
    "<!--", "-->", "]]>", "<plaintext>", "&lt;b&gt;&#60;", "javascript:alert(1)", "{{7*7}}${7*7}`",
)  # fmt: skip
ERROR = Finding("T3-ROW", "error", "依申请公开", "D6", None, 1, 2, ("D6",), "“（一）予以公开”的总计应为 2。", "名")
WARNING = replace(ERROR, rule="X-JUMP", severity="warning")
VOID = {"meta", "input", "col"}
OPTIONAL_END = {"tr", "td", "th", "option"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self, tag, **attributes):
        """Yield the nodes below with this tag and these attributes; ``cls`` stands for class."""
        wanted = {name.replace("cls", "class"): value for name, value in attributes.items()}
        for child in self.children:
            if isinstance(child, Node):
                if tag in ("*", child.tag) and wanted.items() <= child.attributes.items():
                    yield child
                yield from child.all(tag, **attributes)

    def one(self, tag, **attributes):
        return w.only(list(self.all(tag, **attributes)))


class Parser(HTMLParser):
    """A tree of a page whose tags must match, but for those that HTML lets us leave out."""

    def __init__(self):
        super().__init__()
        self.root = Node("")
        self.open = [self.root]

    def handle_starttag(self, tag, attributes):
        ended = {"tr": OPTIONAL_END, "td": {"td", "th"}, "th": {"td", "th"}, "option": {"option"}}.get(tag, set())
        while self.open[-1].tag in ended:
            self.open.pop()
        assert len(dict(attributes)) == len(attributes)
        node = Node(tag, dict(attributes))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag):
        while self.open[-1].tag != tag and self.open[-1].tag in OPTIONAL_END:
            self.open.pop()
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        pytest.fail(f"a comment: {data}")


def parse(page):
    parser = Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


def written(result):
    file = io.StringIO()
    write_page(result, file)
    return file.getvalue()


def filed(number_, edition="2021", findings=(), **unit):
    who = Unit(**{"name": f"第{number_}局", "code": f"C{number_}", **unit})
    return Submission(f"收到/{number_}.xlsx", w.clean(edition, number_, who), findings)


def region(*submissions, missing=(), name="某区"):
    return replace(merge(submissions, name), missing=missing)


def many(count, edition="2021"):
    return region(*(filed(n, edition) for n in range(count)))


def rows_of(table):
    return [[cell.text.rstrip("\n") for cell in row.children if isinstance(cell, Node)] for row in table.all("tr")]


def units_of(page):
    return rows_of(parse(page).one("table", id="list"))


def captions(page):
    return {table.one("caption").text: table for table in parse(page).all("table") if list(table.all("caption"))}


# --- numbers


@BY_EDITION
def test_the_page_begins_with_the_figures(edition):
    result = region(
        filed(1, edition), filed(2, edition, (ERROR,)), missing=(Entry(1, "X", "缺局"), Entry(2, None, "另一局"))
    )  # fmt: skip
    page = parse(written(result))
    received, concluded, left = (
        result.totals[by_name(edition).index[f"applications.{row}.total"]]
        for row in ("received", "concluded", "carried_out")
    )
    figures = page.one("dl", cls="figures")
    assert [node.text for node in figures.all("dt")] == [
        "已汇总（份）", "未汇总（份）", "未报送（个单位）", "新收申请（件）", "办结申请（件）", "结转下年度（件）",
    ]  # fmt: skip
    assert [node.text for node in figures.all("dd")] == ["1", "1", "2", str(received), str(concluded), str(left)]
    title = f"某区 {w.YEARS[edition]} 年度政府信息公开统计概览"
    assert page.one("h1").text == page.one("title").text == title
    assert page.one("html").attributes == {"lang": "zh-CN"}


@BY_EDITION
def test_the_charts_are_those_of_the_workbook(edition):
    result = replace(many(30, edition), missing=(Entry(1, "X", "缺局"),))
    tables = captions(written(result))
    for chart in Overview.of(result).charts:
        rows = rows_of(tables[chart.title])
        most = max(count for _, count in chart.entries)
        shares = [[f"{count / chart.total:.1%}"] if chart.shares else [] for _, count in chart.entries]
        assert rows == [
            [name, "", number(count), *share] for (name, count), share in zip(chart.entries, shares, strict=True)
        ]
        widths = [float(bar.attributes["width"]) for bar in tables[chart.title].all("rect")]
        assert widths == [pytest.approx(100 * count / most, abs=0.005) for _, count in chart.entries]
    assert sum(1 for _ in parse(written(result)).all("svg")) == 6 + 6 + 20 + 3


def test_a_chart_of_nothing_says_so():
    zero = Submission("甲.xlsx", w.of("2021", {}, Unit(name="甲局")))
    tables = captions(written(region(zero)))
    assert rows_of(tables["申请办理结果构成"]) == [["没有办结的申请"]]
    assert rows_of(tables["新收申请按申请人类型"]) == [["没有新收申请"]]
    assert rows_of(tables["各单位新收申请"]) == [["没有新收申请"]]
    assert rows_of(tables["报送进度"]) == [["已汇总", "", "1"], ["未汇总", "", "0"]]


def test_a_page_of_nothing_can_be_read():
    form = by_name("2021")
    page = written(Summary(form, 2023, "某区", (0,) * len(form.items), Ledger.of([])))
    assert rows_of(captions(page)["报送进度"]) == [["没有收到报表"]]
    assert len(units_of(page)) == 1


def spread(table):
    """Return (row, column) → the cell that covers it."""
    grid = {}
    for top, row in enumerate(table.all("tr")):
        left = 0
        for cell in (child for child in row.children if isinstance(child, Node)):
            while (top, left) in grid:
                left += 1
            down, across = (int(cell.attributes.get(name) or 1) for name in ("rowspan", "colspan"))
            for place in ((top + y, left + x) for y in range(down) for x in range(across)):
                assert place not in grid
                grid[place] = cell
    return grid


def check_tables(form, page, totals):
    """Every item stands under its headings, in a table without holes and without overlaps."""
    tables = [table for table in parse(page).all("table") if (table.attributes.get("class") or "").startswith("form")]
    assert len(tables) == len(form.blocks)
    for block, table in zip(form.blocks, tables, strict=True):
        grid = spread(table)
        height, width = max(y for y, _ in grid) + 1, max(x for _, x in grid) + 1
        assert len(grid) == height * width
        found = {}
        for (y, x), cell in grid.items():
            if cell.tag == "td" and cell.attributes.get("class") != "corner":
                above = [grid[up, x] for up in range(y) if grid[up, x].tag == "th"]
                before = [grid[y, left] for left in range(x) if grid[y, left].tag == "th"]
                assert all(head.attributes["scope"] == "col" for head in above)
                assert all(head.attributes["scope"] == "row" for head in before)
                heads = (tuple(dict.fromkeys(one.text for one in before)), tuple(dict.fromkeys(o.text for o in above)))
                found[heads] = (cell.text, cell.attributes.get("class") == "total")
        wanted = {}
        for item in (item for item in form.items if item.table == block.table):
            across = block.across
            heads = ((), item.row_heading + item.column_heading) if across else (item.row_heading, item.column_heading)
            wanted[heads] = (number(totals[item.index]), item.derived)
        assert found == wanted


@BY_EDITION
def test_the_tables_are_those_of_the_form(edition):
    form, totals = by_name(edition), w.distinct(edition).values
    page = written(Summary(form, w.YEARS[edition], "某区", totals, Ledger.of([])))
    check_tables(form, page, totals)
    assert list(captions(page))[-len(form.blocks) :] == [
        " ".join([form.sheets[block.sheet], *(label.text for label in block.labels if label.kind == "block")])
        for block in form.blocks
    ]


@BY_EDITION
def test_what_may_count_twice_is_said(edition):
    result = many(1, edition)
    said = [node.text for node in parse(written(result)).one("div", cls="note").all("li")]
    assert said == [f"{'、'.join(names)}——{notice}。" for notice, names in Overview.of(result).notices.items()]
    assert len(said) == (2 if edition == "2021" else 3)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1234567, "-1,234,567"), (999_999_999_999_999, "999,999,999,999,999"),
        (12.25, "12.25"), (169438.3488, "169,438.3488"), (0.000001, "0.000001"), (1e-07, "0.0000001"), (0.1, "0.1"),
    ],
)  # fmt: skip
def test_a_number_keeps_all_its_digits(value, shown):
    assert number(value) == shown


# --- the units


def test_each_file_has_its_row():
    broken = Submission("收到/丙/坏.xlsx", error="文件不完整。")
    result = region(filed(1), filed(2, findings=(WARNING,)), filed(3, findings=(ERROR, ERROR, WARNING)), broken)
    received = [f"{w.cells_of(filed(n).report)['applications.received.total']}" for n in (1, 2)]
    assert units_of(written(result)) == [
        ["序号", "单位名称", "单位代码", "结果", "原因", "错误", "需说明", "新收申请", "文件"],
        ["1", "第1局", "C1", "已汇总", "通过", "0", "0", received[0], "1.xlsx"],
        ["2", "第2局", "C2", "已汇总", "有待说明", "0", "1", received[1], "2.xlsx"],
        [
            "3", "第3局", "C3", "未汇总",
            "有 2 处错误（T3-ROW），如 依申请公开!D6：“（一）予以公开”的总计应为 2。", "2", "1", "", "3.xlsx",
        ],
        ["4", "", "", "未汇总", "文件不完整。", "", "", "", "丙/坏.xlsx"],
    ]  # fmt: skip
    rows = list(parse(written(result)).one("table", id="list").one("tbody").all("tr"))
    assert [row.attributes.get("class") for row in rows] == [None, None, "out", "out"]
    assert [node.text for node in parse(written(result)).one("select").all("option")] == ["全部", "已汇总", "未汇总"]


def test_where_the_files_lie_is_not_told(tmp_path):
    def at(folder):
        newer, older, other = (folder / name for name in ("b/甲.xlsx", "a/甲.xlsx", "乙.xlsx"))
        return written(
            region(
                Submission(str(newer), w.clean("2021", 1, Unit(name="甲局", code="A"))),
                Submission(str(older), w.clean("2021", 1, Unit(name="甲局", code="A"))),
                Submission(str(other), w.clean("2021", 2, Unit(name="乙局", code="B"))),
            )
        )

    page = at(tmp_path)
    assert str(tmp_path) not in page
    assert [row[-1] for row in units_of(page)[1:]] == ["b/甲.xlsx", "a/甲.xlsx", "乙.xlsx"]
    assert units_of(page)[2][4] == "与 b/甲.xlsx 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"
    assert at(tmp_path / "另处") == page


def test_files_with_nothing_in_common_keep_their_paths():
    files = ["甲/1.xlsx", "/乙/2.xlsx", "3.xlsx"]
    result = region(*(replace(filed(n), file=file) for n, file in enumerate(files)))
    assert [row[-1] for row in units_of(written(result))[1:]] == files


def test_missing_units_are_listed_with_their_contacts():
    missing = (Entry(2, "X1", "缺局", phone="0952-1", email="a@b.cn"), Entry(3, None, "另一局"))
    section = parse(written(region(filed(1), missing=missing))).one("section", id="missing")
    assert section.one("h2").text == "未报送单位（2 个）"
    assert rows_of(section.one("table")) == [
        ["单位名称", "单位代码", "联系电话", "电子邮箱"], ["缺局", "X1", "0952-1", "a@b.cn"], ["另一局", "", "", ""],
    ]  # fmt: skip
    without = parse(written(region(filed(1))))
    assert not list(without.all("section", id="missing"))
    assert not list(without.all("a", href="#missing"))


def test_it_says_where_the_numbers_come_from():
    result = region(filed(1), filed(2), Submission("坏.xlsx", error="坏"))
    assert parse(written(result)).one("footer").text.strip() == (
        "数据来源：收到 3 份报表文件，其中已汇总 2 份，未汇总 1 份；2023 年度，2021 年版统计表"
        f"（校验码 {by_name('2021').digest}）；由 gongkai {gongkai.__version__} 汇总。"
        "各单位明细、问题清单和每份文件的校验码见同时生成的汇总表。"
    )


def test_the_same_summary_is_the_same_page():
    result = many(5)
    assert written(result) == written(result) == written(many(5))


# --- what is not trusted


def evil_region():
    units = [
        Submission(
            f"收到/{bad.replace('/', '∕')}.xlsx", w.clean("2021", n, Unit(name=bad, code=bad + str(n))), findings
        )
        for n, bad in enumerate(EVIL)
        for findings in ((replace(ERROR, message=bad),) if n % 2 else (),)
    ]
    units += [Submission(f"收到/{n}.xlsx", error=bad) for n, bad in enumerate(EVIL)]
    missing = tuple(Entry(n, bad, bad, phone=bad, email=bad) for n, bad in enumerate(EVIL))
    return region(*units, missing=missing, name="".join(EVIL))


def tags(page):
    return {(node.tag, *sorted(node.attributes)) for node in parse(page).all("*")}


def test_what_comes_from_a_workbook_is_text():
    page = written(evil_region())
    tame = replace(
        region(*(filed(n, findings=(ERROR,) if n % 2 else ()) for n in range(12)), Submission("坏.xlsx", error="坏")),
        missing=(Entry(1, "X", "缺局"),),
    )
    assert tags(page) == tags(written(tame))
    rows = units_of(page)[1:]
    assert [row[1] for row in rows[: len(EVIL)]] == list(EVIL)
    assert [row[2] for row in rows[: len(EVIL)]] == [bad + str(n) for n, bad in enumerate(EVIL)]
    assert [row[4] for row in rows[len(EVIL) :]] == list(EVIL)
    assert [row[-1] for row in rows[: len(EVIL)]] == [f"{bad.replace('/', '∕')}.xlsx" for bad in EVIL]
    assert rows_of(parse(page).one("section", id="missing").one("table"))[1:] == [[bad] * 4 for bad in EVIL]
    assert parse(page).one("h1").text == "".join(EVIL) + " 2023 年度政府信息公开统计概览"
    assert len(list(parse(page).all("script"))) == len(list(parse(page).all("style"))) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        ("<a href=\"x\" title='y'>&amp;", "&lt;a href=&quot;x&quot; title=&#x27;y&#x27;&gt;&amp;amp;"),
        ("第\u202e\u2066局\u2069", "第��局�"),
        ("a\x00b\x1f\x7f\x9f\x0b", "a�b����"),
        ("半\udcff\ud800字", "半��字"),
        ("一\n二\t三", "一\n二\t三"),
        ("ئۇيغۇر", "ئۇيغۇر"),
        (5, "5"),
    ],
)
def test_a_text_is_escaped(value, shown):
    assert text(value) == shown


def test_every_text_can_be_stored():
    name = "".join(map(chr, (*range(0x20), 0x7F, *range(0xD800, 0xDC00, 0x100), 0x202E, 0xFFFE, 0x1F600)))
    page = written(region(replace(filed(1), report=w.clean("2021", 1, Unit(name=name)))))
    assert page.encode("utf-8").decode("utf-8") == page
    assert "\u202e" not in page
    assert "\x00" not in page


# --- nothing from outside


def policy_of(page):
    return page.partition('http-equiv="Content-Security-Policy" content="')[2].partition('"')[0]


def digest(content):
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def test_the_policy_allows_its_own_style_and_script_and_nothing_else():
    page = written(many(2))
    root = parse(page)
    assert policy_of(page) == (
        f"default-src 'none'; style-src '{digest(root.one('style').text)}'; "
        f"script-src '{digest(root.one('script').text)}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'"
    )
    head = [node.tag for node in root.one("head").all("*")]
    assert head == ["meta", "meta", "meta", "meta", "meta", "title", "style", "script"]
    assert [*root.one("head").all("meta")][1].attributes["http-equiv"] == "Content-Security-Policy"


def test_the_page_needs_nothing_else():
    page = written(replace(many(3), missing=(Entry(1, "X", "缺局"),)))
    root = parse(page)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "use", "image"} & {
        node.tag for node in root.all("*")
    }
    assert not re.findall(
        r"https?:|//[a-z]|url\(|@import|src=|data:|\bwss?:|\bfetch\b|XMLHttp|innerHTML|eval|Function\(", page
    )
    names = {name for node in root.all("*") for name in node.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "xlink:href", "action")}
    ids = {node.attributes["id"] for node in root.all("*") if "id" in node.attributes}
    links = [node.attributes["href"] for node in root.all("a")]
    assert len(links) == 6
    assert {link.removeprefix("#") for link in links} <= ids
    assert all(link.startswith("#") for link in links)


def test_the_page_is_labelled():
    root = parse(written(replace(many(3), missing=(Entry(1, "X", "缺局"),))))
    ids = [node.attributes["id"] for node in root.all("*") if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for section in root.all("section"):
        label = section.attributes.get("aria-labelledby")
        assert label in ids if label else section.attributes["aria-label"]
    for table in root.all("table"):
        assert all(head.attributes.get("scope") in ("col", "row") for head in table.all("th"))
    inside = [control for label in root.all("label") for kind in ("input", "select") for control in label.all(kind)]
    controls = [control for kind in ("input", "select") for control in root.all(kind)]
    assert len(controls) == 4
    assert all(any(one is other for other in inside) for one in controls)
    assert all(node.attributes["tabindex"] == "0" for node in root.all("div", cls="scroll"))


def test_script_and_page_name_the_same_things():
    root = parse(written(many(1)))
    script = (PAGE / "script.js").read_text("utf-8")
    ids = {node.attributes["id"] for node in root.all("*") if "id" in node.attributes}
    assert set(re.findall(r'byId\("([a-z]+)"\)', script)) <= ids
    columns = {head.attributes["data-column"] for head in root.one("table", id="list").one("thead").all("th")}
    assert set(re.findall(r"column\.([a-z]+)\b", script)) <= columns


# --- a third edition


def test_a_form_without_applications_has_a_page(third):
    values = (4, 2, 6, 3, 1, 4, 1, 1, 2, 12.25, -3, 1, 0, 1, 2, 3, 5)
    submission = Submission("某局.xlsx", Report("2031", 2032, Unit(name="某局", code="C"), values))
    page = written(Summary(third, 2032, "某区", values, Ledger.of([submission])))
    check_tables(third, page, values)
    root = parse(page)
    assert [node.text for node in root.one("dl", cls="figures").all("dt")] == ["已汇总（份）", "未汇总（份）"]
    assert [rows[0] for rows in rows_of(captions(page)["报送进度"])] == ["已汇总", "未汇总"]
    assert len(list(root.all("div", cls="chart"))) == 1
    assert units_of(page) == [
        ["序号", "单位名称", "单位代码", "结果", "原因", "错误", "需说明", "文件"],
        ["1", "某局", "C", "已汇总", "通过", "0", "0", "某局.xlsx"],
    ]
    assert not list(root.all("div", cls="note"))


# --- as many units as there are


class _Gauge(io.TextIOBase):
    """A file that only knows how much was written at most at once, and in all."""

    def __init__(self):
        self.most = self.all = 0

    def write(self, piece):
        self.most, self.all = max(self.most, len(piece)), self.all + len(piece)
        return len(piece)


def peak(count):
    report = w.clean("2021")
    units = (
        Submission(f"收到/第{n}局.xlsx", replace(report, unit=Unit(name=f"第{n}局", code=f"C{n:018}")))
        for n in range(count)
    )
    with Ledger.of(units) as ledger:
        result = Summary(by_name("2021"), 2023, "某区", report.values, ledger)
        gauge = _Gauge()
        tracemalloc.start()
        write_page(result, gauge)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return used, gauge


def test_more_units_take_no_more_memory():
    peak(10)  # what is computed once
    (few, short), (ten_times, long) = peak(300), peak(3000)
    assert ten_times < few * 1.25 + 50_000
    assert ten_times < 2_000_000
    assert long.most == short.most < 30_000
    # 2,700 rows more, each about as long as its words.
    assert 250_000 < long.all - short.all < 350_000


# --- in a browser

DRIVER = """
document.addEventListener("DOMContentLoaded", () => {
  const byId = (id) => document.getElementById(id), said = [];
  const say = () => said.push([
    byId("count").textContent, byId("page").textContent,
    [...byId("list").tBodies[0].rows].map((row) => row.cells[0].textContent).slice(0, 3).join(","),
    byId("list").tBodies[0].rows.length, byId("previous").disabled, byId("next").disabled]);
  const change = (id, value) => {
    byId(id)[typeof value === "boolean" ? "checked" : "value"] = value;
    byId("errors").dispatchEvent(new Event("change"));
    say();
  };
  const click = (button) => { button.click(); say(); };
  say();
  click(byId("next")); click(byId("next"));
  change("search", "第７局"); change("search", "收到 不存在"); change("search", "11.XLSX 第11局"); change("search", "");
  change("result", "未汇总"); change("warnings", true); change("result", ""); change("warnings", false);
  change("errors", true); change("errors", false);
  const heads = [...document.querySelectorAll("#list thead button")];
  click(heads[0]); click(heads[0]); click(heads[7]); click(heads[1]);
  said.push(heads.map((head) => head.parentNode.getAttribute("aria-sort")));
  dispatchEvent(new Event("beforeprint")); say();
  said.push([byId("printed").textContent, document.querySelectorAll("#list thead button").length]);
  dispatchEvent(new Event("afterprint")); say();
  said.push([byId("printed").textContent, document.querySelectorAll("#list thead button").length]);
  document.documentElement.setAttribute("data-said", JSON.stringify(said));
});
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """Run Chromium on a page: what it makes of it, or what it prints of it."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("not installed: chromium")
    profile = tmp_path_factory.mktemp("chromium")

    def run(page, *options):
        flags = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}")
        command = [program, *flags, *options, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    return run


def put(folder, page):
    file = folder / "概览.html"
    file.write_text(page, encoding="utf-8", newline="\n")
    return file


def test_a_browser_runs_nothing_from_a_workbook(chromium, tmp_path):
    page = written(evil_region())
    dom = chromium(put(tmp_path, page), "--dump-dom")
    root = parse(dom.strip().removeprefix("<!DOCTYPE html>"))
    assert root.one("title").text == parse(page).one("title").text
    assert root.one("html").attributes["class"] == "script ready"
    assert [row[1] for row in rows_of(root.one("table", id="list"))[1:]] == [row[1] for row in units_of(page)[1:]]
    assert not {"img", "iframe", "plaintext"} & {node.tag for node in root.all("*")}
    assert len(list(root.all("script"))) == 1


def test_a_browser_is_told_not_to_run_anything_else(chromium, tmp_path):
    """Even if something came through unescaped, the policy stops it."""
    page = written(many(1))
    raw = EVIL[0].removeprefix("</script>") + EVIL[3].removeprefix("</style></title>") + EVIL[1].removeprefix('">')
    raw += '<p id="target" style="color: rgb(1, 2, 3)">'
    attacked = page.replace("<main>", "<main>" + raw, 1)
    title = parse(page).one("title").text
    free = attacked.replace(policy_of(page), "default-src * 'unsafe-inline'", 1)
    assert "<title>坏</title>" in chromium(put(tmp_path, free), "--dump-dom")
    assert f"<title>{title}</title>" in chromium(put(tmp_path, attacked), "--dump-dom")


def test_a_browser_searches_filters_sorts_turns_pages_and_prints(chromium, tmp_path):
    kinds = {3: (ERROR,), 7: (WARNING,), 11: (ERROR, WARNING)}
    counts = {n: 250 - n for n in range(250)}
    units = []
    for n in range(250):
        one = filed(n, findings=kinds.get(n, ()))
        rows = ("received", "granted", "concluded")
        cells = {f"applications.{row}.{column}": counts[n] for row in rows for column in ("natural_person", "total")}
        units.append(replace(one, report=w.of("2021", cells, one.unit)))
    page = written(region(*units))
    script = parse(page).one("script").text
    driven = page.replace(script, script + DRIVER, 1).replace(digest(script), digest(script + DRIVER), 1)
    root = parse(chromium(put(tmp_path, driven), "--dump-dom").strip().removeprefix("<!DOCTYPE html>"))
    said = json.loads(root.one("html").attributes["data-said"])
    every, pages = "共 250 份", "第 {} 页，共 3 页"
    part = "共 250 份，符合条件的 {} 份".format
    one = "第 1 页，共 1 页"
    assert said == [
        [every, pages.format(1), "1,2,3", 100, True, False],
        [every, pages.format(2), "101,102,103", 100, False, False],
        [every, pages.format(3), "201,202,203", 50, False, True],
        [part(1), one, "8", 1, True, True],
        [part(0), one, "", 0, True, True],
        [part(1), one, "12", 1, True, True],
        [every, pages.format(1), "1,2,3", 100, True, False],
        [part(2), one, "4,12", 2, True, True],
        [part(1), one, "12", 1, True, True],
        [part(2), one, "8,12", 2, True, True],
        [every, pages.format(1), "1,2,3", 100, True, False],
        [part(2), one, "4,12", 2, True, True],
        [every, pages.format(1), "1,2,3", 100, True, False],
        [every, pages.format(1), "1,2,3", 100, True, False],
        [every, pages.format(1), "250,249,248", 100, True, False],
        [every, pages.format(1), "4,12,250", 100, True, False],  # those that are not counted have no number
        [every, pages.format(1), "1,2,3", 100, True, False],  # 第0局, 第1局, 第2局 … 第10局
        [None, "ascending", None, None, None, None, None, None, None],
        [every, pages.format(1), "1,2,3", 250, True, False],
        ["", 0],
        [every, pages.format(1), "1,2,3", 100, True, False],
        ["", 9],
    ]


GAUGE = """
document.addEventListener("DOMContentLoaded", () => {
  const all = (what) => [...document.querySelectorAll(what)];
  const lines = (cell) => {
    const area = document.createRange();
    area.selectNodeContents(cell);
    return new Set([...area.getClientRects()].map((box) => Math.round(box.top))).size;
  };
  document.documentElement.setAttribute("data-said", JSON.stringify([
    document.documentElement.scrollWidth - innerWidth,
    Math.max(...all(".form thead th").map(lines)),
    Math.min(...all("#list td:nth-child(5)").map((cell) => cell.clientWidth)),
    getComputedStyle(document.querySelector("#list thead")).display,
    getComputedStyle(document.querySelector("#list td:last-child"), "::before").content,
  ]));
});
"""


@pytest.mark.parametrize(
    ("width", "room", "head", "label"), [(1280, 200, "table-header-group", "none"), (500, 400, "none", '"文件："')]
)
def test_a_browser_has_room_for_it_on_a_desk_and_on_a_telephone(chromium, tmp_path, width, room, head, label):
    page = written(region(filed(1), filed(2, findings=(replace(ERROR, message="请改正。" * 60),))))
    script = parse(page).one("script").text
    gauged = page.replace(script, script + GAUGE, 1).replace(digest(script), digest(script + GAUGE), 1)
    dom = chromium(put(tmp_path, gauged), f"--window-size={width},900", "--dump-dom")
    root = parse(dom.strip().removeprefix("<!DOCTYPE html>"))
    over, lines, reason, *rest = json.loads(root.one("html").attributes["data-said"])
    assert over <= 0  # nothing but tables is ever moved sideways
    assert lines == 1  # no heading is broken
    assert reason >= room
    assert rest == [head, label]


@pytest.mark.skipif(
    not (shutil.which("pdfinfo") and shutil.which("pdftotext")), reason="not installed: pdfinfo, pdftotext"
)
def test_a_browser_prints_it_on_a4(chromium, tmp_path):
    page = put(tmp_path, written(many(120)))
    pdf = tmp_path / "概览.pdf"
    chromium(page, "--no-pdf-header-footer", f"--print-to-pdf={pdf}")
    told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Page size: +59[45]\.\d* x 841\.\d* pts \(A4\)", told)
    plain = "".join(
        subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout.split()
    )
    for n in range(120):
        assert f"第{n}局C{n}已汇总" in plain
    count = re.search(r"Pages: +(\d+)", told)[1]
    assert f"第{count}页，共{count}页" in plain
    # The headings stand on every sheet of the list, none of the controls on any.
    assert plain.count("单位名称单位代码结果原因") >= 3
    assert "上一页" not in plain
    assert "只看有错误的" not in plain
