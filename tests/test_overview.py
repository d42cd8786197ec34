"""概览: what is counted for the charts, and the sheet that shows them, as openpyxl and LibreOffice read it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from itertools import combinations

import openpyxl
import pytest

import workbooks as w
from gongkai import summary
from gongkai.bookwriter import BookWriter
from gongkai.cell import address
from gongkai.collection.ledger import Ledger
from gongkai.collection.roster import Entry
from gongkai.edition import by_name
from gongkai.merge import Summary, merge
from gongkai.outputs import overview
from gongkai.outputs.overview import LONGEST_NAME, TOP, Overview, short
from gongkai.report import Report, Unit
from gongkai.submission import Submission

BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)
OUTCOMES = ["（一）予以公开", "（二）部分公开", "（三）不予公开", "（四）无法提供", "（五）不予处理", "（六）其他处理"]
APPLICANTS = ["自然人", "商业企业", "科研机构", "社会公益组织", "法律服务机构", "其他"]
TITLES = ["申请办理结果构成", "新收申请按申请人类型", "各单位新收申请", "报送进度"]
PIXEL = 9525
"""English metric units, in which drawings are measured."""


def received(count, name, file=None):
    """Return the file of a unit with so many new applications, all granted."""
    rows = ("received", "granted", "concluded")
    cells = {f"applications.{row}.{column}": count for row in rows for column in ("natural_person", "total")}
    return Submission(file or f"{name}.xlsx", w.of("2021", cells, Unit(name=name, code=name)))


def region(*submissions, missing=0):
    result = merge(submissions, "某区")
    return replace(result, missing=tuple(Entry(n, f"X{n}", f"缺{n}局") for n in range(missing)))


def many(count, edition="2021", name="第{:02}局", **more):
    reports = [w.clean(edition, n, Unit(name=name.format(n), code=f"C{n}")) for n in range(count)]
    return region(*(Submission(f"{n}.xlsx", report) for n, report in enumerate(reports)), **more)


def sheet(folder, result):
    """Write a sheet 概览 and return its file."""
    file = folder / "概览.xlsx"
    writer = BookWriter("概览", file)
    writer.add(overview.SHEET)
    overview.write_overview(writer, Overview.of(result))
    writer.close()
    return file


def page_of(folder, result):
    return openpyxl.load_workbook(sheet(folder, result))[overview.SHEET]


def title_of(chart):
    return "".join(run.t for run in chart.title.tx.rich.p[0].r)


def cells_at(page, reference):
    area = reference.rpartition("!")[2].replace("$", "")
    cells = page[area]
    return [cell.value for (cell,) in cells] if isinstance(cells, tuple) else [cells.value]


def drawn(page):
    """Return title → what the chart says, which must be what its cells say."""
    found = {}
    for chart in page._charts:
        (series,) = chart.series
        names, values = series.cat.strRef, series.val.numRef
        entries = list(zip(cells_at(page, names.f), cells_at(page, values.f), strict=True))
        assert [point.v for point in names.strCache.pt] == [name for name, _ in entries]
        assert [float(point.v) for point in values.numCache.pt] == [value for _, value in entries]
        found[title_of(chart)] = entries
    return found


def boxes(page):
    """Return the pixels each chart covers, as if every cell had the size we give it."""
    places = []
    for chart in page._charts:
        start, end = chart.anchor._from, chart.anchor.to
        corners = [
            (mark.col * 33 + mark.colOff / PIXEL, 36 + 28 + (mark.row - 2) * 20 + mark.rowOff / PIXEL)
            for mark in (start, end)
        ]
        places.append((*corners[0], *corners[1]))
    return places


# --- what is counted


@BY_EDITION
def test_the_outcomes_are_the_sums_of_their_rows(edition):
    result = many(3, edition)
    index, totals = by_name(edition).index, result.totals
    groups = [
        ["granted"],
        ["partially_granted"],
        [row for row in w.application_rows(edition) if row.startswith("refused")],
        [row for row in w.application_rows(edition) if row.startswith("unavailable")],
        [row for row in w.application_rows(edition) if row.startswith("unprocessed")],
        [row for row in w.application_rows(edition) if row.startswith("other")],
    ]
    sums = [sum(totals[index[f"applications.{row}.total"]] for row in rows) for rows in groups]
    chart = Overview.of(result).outcomes
    assert chart.entries == tuple(zip(OUTCOMES, sums, strict=True))
    assert chart.total == totals[index["applications.concluded.total"]]


@BY_EDITION
def test_the_applicants_are_the_columns_of_the_new_applications(edition):
    result = many(3, edition)
    index, totals = by_name(edition).index, result.totals
    counts = [totals[index[f"applications.received.{person}"]] for person in w.PEOPLE]
    chart = Overview.of(result).applicants
    assert chart.entries == tuple(zip(APPLICANTS, counts, strict=True))
    assert chart.total == totals[index["applications.received.total"]]


def test_the_figures_are_these():
    result = region(
        received(7, "甲局"), received(5, "乙局"), Submission("坏.xlsx", error="文件是空的。"), missing=4
    )  # fmt: skip
    assert Overview.of(result).figures == [
        ("已汇总（份）", 2), ("未汇总（份）", 1), ("未报送（个单位）", 4),
        ("新收申请（件）", 12), ("办结申请（件）", 12), ("结转下年度（件）", 0),
    ]  # fmt: skip
    assert Overview.of(replace(result, missing=())).progress.entries == (("已汇总", 2), ("未汇总", 1))


def test_files_that_do_not_count_are_not_among_the_busiest():
    again = received(9, "甲局", "甲局-旧.xlsx")
    result = region(again, received(7, "甲局"), received(8, "乙局"))
    chart = Overview.of(result).busiest
    assert chart.title == "各单位新收申请"
    assert chart.entries == (("乙局", 8), ("甲局", 7))
    assert Overview.of(result).states == {"已汇总": 2, "未汇总": 1}


def test_of_units_with_the_same_number_the_first_files_are_named():
    result = region(*(received(3 if n != 30 else 4, f"第{n:02}局") for n in range(40)))
    chart = Overview.of(result).busiest
    assert chart.title == "各单位新收申请（前 20）"
    assert [name for name, _ in chart.entries] == ["第30局", *(f"第{n:02}局" for n in range(TOP - 1))]
    assert [count for _, count in chart.entries] == [4, *[3] * (TOP - 1)]


def test_units_without_applications_are_not_among_the_busiest():
    assert Overview.of(region(received(0, "甲局"), received(2, "乙局"))).busiest.entries == (("乙局", 2),)


def test_a_blank_that_was_declared_zero_is_none_of_the_busiest():
    submission = received(0, "甲局")
    blank = replace(submission, report=w.changed(submission.report, {"applications.received.total": None}), zeroed=1)
    view = Overview.of(region(blank))
    assert view.applications_of(blank) == 0
    assert view.busiest.entries == ()


def test_a_unit_without_a_name_goes_by_its_file():
    assert Overview.of(region(replace(received(2, "甲局"), report=nameless(2)))).busiest.entries == (("甲局.xlsx", 2),)


def nameless(count):
    return replace(received(count, "甲局").report, unit=Unit())


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("平罗县司法局", "平罗县司法局"),
        ("一" * LONGEST_NAME, "一" * LONGEST_NAME),
        ("新疆维吾尔自治区伊犁哈萨克自治州尼勒克县自然资源局", "新疆维吾尔自…治州尼勒克县自然资源局"),
        ("某\n某  局\t", "某 某 局"),
    ],
)
def test_a_long_name_loses_its_middle(name, shown):
    assert short(name) == shown
    assert len(shown) <= LONGEST_NAME


@BY_EDITION
def test_every_item_that_may_count_twice_is_named_under_its_reason(edition):
    notices = Overview.of(many(1, edition)).notices
    items = [item for item in by_name(edition).items if item.notice]
    assert items
    assert sorted((reason, name) for reason, names in notices.items() for name in names) == sorted(
        (item.notice, item.name) for item in items
    )


# --- the sheet


@BY_EDITION
def test_the_charts_show_what_was_counted(tmp_path, edition):
    result = many(30, edition, missing=7)
    view = Overview.of(result)
    page = page_of(tmp_path, result)
    assert drawn(page) == {chart.title: list(chart.entries) for chart in view.charts}
    assert list(drawn(page)) == [*TITLES[:2], "各单位新收申请（前 20）", TITLES[3]]
    assert drawn(page)["报送进度"] == [("已汇总", 30), ("未汇总", 0), ("未报送", 7)]
    assert len(drawn(page)["各单位新收申请（前 20）"]) == TOP
    assert page["A1"].value == f"某区 {w.YEARS[edition]} 年度政府信息公开统计概览"
    names, numbers = ([cell.value for cell in page[row][:30] if cell.value is not None] for row in (3, 4))
    assert list(zip(names, numbers, strict=True)) == view.figures


def test_the_summary_has_the_same_sheet(tmp_path):
    result = many(3)
    file = tmp_path / "汇总.xlsx"
    file.write_bytes(summary.workbook(result))
    whole = openpyxl.load_workbook(file)[overview.SHEET]
    assert drawn(whole) == drawn(page_of(tmp_path, result))


def test_every_name_and_number_has_its_place(tmp_path):
    for chart in page_of(tmp_path, many(30, missing=1))._charts:
        assert chart.barDir == "bar"
        assert chart.legend is None
        assert chart.x_axis.tickLblSkip == 1  # no name is left out
        assert chart.x_axis.scaling.orientation == "maxMin"  # the first one is on top
        assert chart.series[0].dLbls.showVal
        most = max(float(point.v) for point in chart.series[0].val.numRef.numCache.pt)
        assert chart.y_axis.scaling.min == 0
        assert chart.y_axis.scaling.max == pytest.approx(most * 1.15)  # room for the number


def test_the_charts_lie_side_by_side_within_what_is_printed(tmp_path):
    page = page_of(tmp_path, many(30))
    places = boxes(page)
    assert len(places) == 4
    for one, other in combinations(places, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    assert page.print_area == "'概览'!$A$1:$AD$41"
    assert all(right <= 30 * 33 and bottom <= 36 + 28 + 35 * 20 for _, _, right, bottom in places)
    assert min(left for left, _, _, _ in places) == 0
    assert max(right for _, _, right, _ in places) == 30 * 33  # where the figures above them end
    data = [cell.column for row in page.iter_rows(5, 37) for cell in row if cell.value is not None]
    assert min(data) == 32  # the numbers stand outside
    assert page.page_setup.orientation == "landscape"
    assert page.page_setup.paperSize == 9
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (None, None)  # which means one page


@BY_EDITION
def test_below_the_charts_stands_what_to_mind(tmp_path, edition):
    result = many(1, edition)
    page = page_of(tmp_path, result)
    remarks = [page.cell(row, 1).value for row in range(39, page.max_row + 1)]
    assert remarks == [
        "未汇总、未报送的单位和原因见“报送情况”，每一处问题见“问题清单”。",
        *(f"相加须注意：{'、'.join(names)}——{why}。" for why, names in Overview.of(result).notices.items()),
    ]
    assert len(remarks) > 1


def test_files_and_units_are_no_parts_of_one_whole():
    assert {chart.title: chart.shares for chart in Overview.of(many(1, missing=1)).charts} == {
        TITLES[0]: True, TITLES[1]: True, TITLES[2]: False, TITLES[3]: False,
    }  # fmt: skip


def test_few_bars_stay_bars(tmp_path):
    charts = {title_of(chart): chart.gapWidth for chart in page_of(tmp_path, many(1))._charts}
    assert charts == {TITLES[0]: 40, TITLES[1]: 40, TITLES[2]: 500, TITLES[3]: 240}


def test_where_there_is_nothing_a_sentence_says_so(tmp_path):
    page = page_of(tmp_path, region(received(0, "甲局")))
    assert drawn(page) == {"报送进度": [("已汇总", 1), ("未汇总", 0)]}
    assert page["A6"].value == "申请办理结果构成：没有办结的申请"
    assert page["A22"].value == "新收申请按申请人类型：没有新收申请"
    assert page["P6"].value == "各单位新收申请：没有新收申请"
    kept = [page.cell(row, 32).value for row in range(1, 8)]
    assert kept == [TITLES[0], *OUTCOMES]


def test_what_a_unit_is_called_stays_text(tmp_path):
    page = page_of(tmp_path, region(received(3, "=1+1"), received(2, '</c:v>"&<')))
    assert drawn(page)["各单位新收申请"] == [("=1+1", 3), ('</c:v>"&<', 2)]
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)


def test_a_form_without_applications_has_the_other_chart(third, tmp_path):
    values = (4, 2, 6, 3, 1, 4, 1, 1, 2, 12.25, -3, 1, 0, 1, 2, 3, 5)
    filed = Submission("某局.xlsx", Report("2031", 2032, Unit(name="某局"), values))
    result = Summary(third, 2032, "某区", values, Ledger.of([filed]))
    view = Overview.of(result)
    assert view.applications_of(filed) is None
    assert view.figures == [("已汇总（份）", 1), ("未汇总（份）", 0)]
    assert [chart.title for chart in view.charts] == ["报送进度"]
    assert view.notices == {}
    page = page_of(tmp_path, result)
    assert drawn(page) == {"报送进度": [("已汇总", 1), ("未汇总", 0)]}
    assert boxes(page)[0][:2] == (0, 36 + 28 + 3 * 20)
    assert page[address(4, 16)].value == 0  # two figures, half a page each


# --- as it prints


@pytest.mark.skipif(
    not (shutil.which("pdfinfo") and shutil.which("pdftotext")), reason="not installed: pdfinfo, pdftotext"
)
@pytest.mark.parametrize(
    ("count", "name"), [(1, "第{:02}局"), (30, "第{:02}局"), (30, "新疆维吾尔自治区伊犁哈萨克自治州第{:02}自然资源局")]
)
def test_it_prints_on_one_sheet_with_every_name(office, tmp_path, count, name):
    result = many(count, name=name, missing=3)
    pdf = tmp_path / "概览.pdf"
    with office.open(sheet(tmp_path, result)) as document:
        document.pdf(pdf)
    told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
    assert "Pages:           1\n" in told
    assert "841.9 x 595.3 pts (A4)" in told or "841.89 x 595.304 pts (A4)" in told
    text = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout
    plain = "".join(text.split()).replace("⋯", "…")
    for chart in Overview.of(result).charts:
        assert chart.title.replace(" ", "") in plain
        for label, value in chart.entries:
            assert label in plain
            assert f"{value:,}" in plain
