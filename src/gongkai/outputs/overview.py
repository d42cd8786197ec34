"""概览: the region at a glance, counted once, for the workbook's sheet of charts and for the web page."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from gongkai.bookwriter import BookWriter
from gongkai.cell import address, is_number
from gongkai.layout import Box, text_height
from gongkai.merge import Summary
from gongkai.styles import FONT
from gongkai.submission import Submission

if TYPE_CHECKING:
    from xlsxwriter.chart import Chart as XlsxChart

SHEET = "概览"
TOP = 20
"""So many units are named by the number of their applications."""
LONGEST_NAME = 18
"""A chart shows so many characters of a name."""
INK, LINE = "#2F5D8A", "#C9D1D9"
PROGRESS = {"已汇总": INK, "未汇总": "#B5562B", "未报送": "#77818C"}
"""What can become of a report, and its colour."""
_COUNTED_IN = {"已汇总": "份", "未汇总": "份", "未报送": "个单位"}
"""Files are counted, but who handed in nothing has none. Everything else is counted in 件."""
_APPLICATIONS, _RECEIVED, _CONCLUDED, _TOTAL = "applications", "received", "concluded", "total"
_FIGURES = {"新收申请": _RECEIVED, "办结申请": _CONCLUDED, "结转下年度": "carried_out"}
_REMARK = re.compile("(?<=.)（[^（）]*）$")
"""What a printed label adds in brackets; its number in brackets stands in front."""

_COLUMNS, _COLUMN_WIDTH = 30, 4
"""Narrow ones: they divide into two charts, and into two, three, five or six figures."""
_DATA_COLUMN = _COLUMNS + 2
"""Charts read their numbers from here, right of what is printed."""
_PLACES = (Box(6, 1, 21, 15), Box(22, 1, 37, 15), Box(6, 16, 29, 30), Box(30, 16, 37, 30))
_PIXELS_DOWN, _PIXELS_ACROSS = 20, 33
"""The size of a cell."""
_MOST_GAP = 500
"""Between bars, in per cent of a bar."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What one chart shows: name → number, in the order of its bars."""

    title: str
    entries: tuple[tuple[str, int | float], ...]
    nothing: str
    """What stands in its place where there is nothing to show."""
    shares: bool = True
    """Whether the numbers are the parts of a whole."""

    @property
    def total(self) -> int | float:
        """The sum of its numbers."""
        return sum(count for _, count in self.entries)


@dataclass
class Overview:
    """What is counted while the files go by."""

    summary: Summary
    received: list[tuple[int | float, int, str]] = field(default_factory=list)
    """The units with the most applications, in no order, each with its place among the files, counted backwards."""
    states: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """Return the overview of a summary, all of whose files have gone by."""
        overview = cls(summary)
        for _, submission, why in summary.ledger.submissions():
            overview.see(submission, why)
        return overview

    def see(self, submission: Submission, why: str | None) -> None:
        """Take note of a file."""
        self.states["已汇总" if why is None else "未汇总"] += 1
        count = self.applications_of(submission) if why is None else None
        if count:
            entry = (count, -self.states.total(), submission.unit.name or submission.file)
            (heapq.heappush if len(self.received) < TOP else heapq.heappushpop)(self.received, entry)

    def applications_of(self, submission: Submission) -> int | float | None:
        """Return the new applications of a file that counts, ``None`` where the form does not ask for them."""
        index = self._index(_RECEIVED)
        if index is None or submission.report is None:
            return None
        value = submission.report.values[index]
        return value if is_number(value) else 0  # a blank that was declared zero

    @property
    def title(self) -> str:
        """The heading of sheet and page."""
        return f"{self.summary.region} {self.summary.year} 年度政府信息公开统计概览"

    @property
    def has_applications(self) -> bool:
        """Whether the form asks for applications at all."""
        return self._index(_RECEIVED) is not None

    @property
    def figures(self) -> list[tuple[str, int | float]]:
        """The numbers to begin with: how far the collection is, and how much work the region had."""
        known = ((name, self._index(row)) for name, row in _FIGURES.items())
        found = (
            *self.progress.entries,
            *((name, self.summary.totals[index]) for name, index in known if index is not None),
        )
        return [(f"{name}（{_COUNTED_IN.get(name, '件')}）", count) for name, count in found]

    @property
    def charts(self) -> tuple[Chart, ...]:
        """The charts; without applications only how far the collection is."""
        about_applications = (self.outcomes, self.applicants, self.busiest) if self.has_applications else ()
        return (*about_applications, self.progress)

    @property
    def outcomes(self) -> Chart:
        """What became of the applications: each group of results, summed over all applicants."""
        groups: dict[str, int | float] = {}
        for item in self.summary.edition.items:
            result = len(item.row_heading) > 1 and item.row != _CONCLUDED
            if (item.table, item.column) == (_APPLICATIONS, _TOTAL) and result:
                label = _REMARK.sub("", item.row_heading[1])
                groups[label] = groups.get(label, 0) + self.summary.totals[item.index]
        return Chart("申请办理结果构成", tuple(groups.items()), "没有办结的申请")

    @property
    def applicants(self) -> Chart:
        """Who applied."""
        counts = tuple(
            (item.column_heading[-1], self.summary.totals[item.index])
            for item in self.summary.edition.items
            if (item.table, item.row) == (_APPLICATIONS, _RECEIVED) and item.column != _TOTAL
        )
        return Chart("新收申请按申请人类型", counts, "没有新收申请")

    @property
    def busiest(self) -> Chart:
        """The units with the most new applications, the first of them first."""
        entries = tuple((short(name), count) for count, _, name in sorted(self.received, reverse=True))
        title = "各单位新收申请" + (f"（前 {TOP}）" if len(entries) == TOP else "")
        return Chart(title, entries, "没有新收申请", shares=False)

    @property
    def progress(self) -> Chart:
        """How many files are in, left out, and how many units handed in nothing."""
        late = (("未报送", len(self.summary.missing)),) if self.summary.missing else ()
        counts = tuple((state, self.states[state]) for state in ("已汇总", "未汇总"))
        # Files and units are no parts of one whole.
        return Chart("报送进度", counts + late, "没有收到报表", shares=False)

    @property
    def notices(self) -> dict[str, list[str]]:
        """Why a sum may count twice → the items of which that is true."""
        notices: dict[str, list[str]] = {}
        for item in self.summary.edition.items:
            if item.notice:
                notices.setdefault(item.notice, []).append(item.name)
        return notices

    def _index(self, row: str) -> int | None:
        return self.summary.edition.index.get(f"{_APPLICATIONS}.{row}.{_TOTAL}")


def short(name: str) -> str:
    """Return a name as a chart has room for: units of a region begin alike, so the middle goes, not the end."""
    name = " ".join(name.split())
    head = LONGEST_NAME // 3
    return name if len(name) <= LONGEST_NAME else f"{name[:head]}…{name[len(name) - (LONGEST_NAME - head - 1) :]}"


# --- the sheet


def write_overview(writer: BookWriter, overview: Overview) -> None:
    """Write the sheet; the files must have gone by."""
    page, styles = writer.sheets[SHEET], writer.styles
    page.set_column(0, _COLUMNS - 1, _COLUMN_WIDTH)
    page.set_column(_DATA_COLUMN - 1, _DATA_COLUMN - 1, 36)
    writer.put_box(SHEET, Box(1, 1, 1, _COLUMNS), overview.title, styles.title)
    writer.height(SHEET, 1, 36)
    centred = {"font_name": FONT, "align": "center", "valign": "vcenter", "border": 1}
    figure = writer.book.add_format({**centred, "font_size": 16, "bold": True, "num_format": "#,##0"})
    empty = writer.book.add_format({**centred, "border_color": LINE})
    width = _COLUMNS // len(overview.figures)
    for number, (name, count) in enumerate(overview.figures):
        left, right = number * width + 1, (number + 1) * width
        writer.put_box(SHEET, Box(3, left, 3, right), name, styles.label)
        writer.put_box(SHEET, Box(4, left, 4, right), count, figure)
    writer.height(SHEET, 4, 28)
    row = 1
    for chart, place in zip(overview.charts, _PLACES, strict=False):
        entries = _write_entries(writer, chart, row)
        if chart.total:
            drawing = _drawing(writer, chart, entries)
            height, width = place.bottom - place.top + 1, place.right - place.left + 1
            # To the very end of the last cell: programs give cells other sizes than XlsxWriter thinks.
            drawing.set_size({"width": width * _PIXELS_ACROSS, "height": height * _PIXELS_DOWN})
            page.insert_chart(place.start, drawing)
        else:
            writer.put_box(SHEET, place, f"{chart.title}：{chart.nothing}", empty)
        row = entries.bottom + 2
    first, remarks = _PLACES[-1].bottom + 2, _remarks(overview)
    for number, remark in enumerate(remarks, first):
        writer.put_box(SHEET, Box(number, 1, number, _COLUMNS), remark, styles.note)
        writer.height(SHEET, number, text_height(remark, _COLUMNS * _COLUMN_WIDTH))
    writer.paper(SHEET, landscape=True, pages_tall=1)
    page.print_area(0, 0, first + len(remarks) - 2, _COLUMNS - 1)
    page.hide_gridlines(2)


def _remarks(overview: Overview) -> list[str]:
    """Return what stands below the charts: where to read on, and which sums may count twice."""
    notices = (f"相加须注意：{'、'.join(names)}——{notice}。" for notice, names in overview.notices.items())
    return ["未汇总、未报送的单位和原因见“报送情况”，每一处问题见“问题清单”。", *notices]


def _write_entries(writer: BookWriter, chart: Chart, row: int) -> Box:
    """Write the numbers of a chart below its title, and return where they stand, names and numbers."""
    writer.put(SHEET, address(row, _DATA_COLUMN), chart.title, writer.styles.helper_head)
    for number, (name, count) in enumerate(chart.entries, row + 1):
        writer.put(SHEET, address(number, _DATA_COLUMN), name, writer.styles.reason)
        writer.put(SHEET, address(number, _DATA_COLUMN + 1), count, writer.styles.reason)
    return Box(row + 1, _DATA_COLUMN, row + len(chart.entries), _DATA_COLUMN + 1)


def _drawing(writer: BookWriter, chart: Chart, entries: Box) -> XlsxChart:
    """Return a chart as bars with a name before and a number behind each."""
    font, count = {"name": FONT, "size": 9}, len(chart.entries)
    drawing = writer.book.add_chart({"type": "bar"})
    drawing.add_series(
        {
            "name": chart.title,
            "categories": [SHEET, entries.top - 1, entries.left - 1, entries.bottom - 1, entries.left - 1],
            "values": [SHEET, entries.top - 1, entries.right - 1, entries.bottom - 1, entries.right - 1],
            "points": [{"fill": {"color": PROGRESS.get(name, INK)}} for name, _ in chart.entries],
            "gap": min(_MOST_GAP, max(40, 600 // count - 60)),  # few bars stay bars
            "data_labels": {"value": True, "num_format": "#,##0", "font": font},
        }
    )
    drawing.set_title({"name": chart.title, "name_font": {"name": FONT, "size": 12, "bold": True}})
    drawing.set_legend({"none": True})
    drawing.set_y_axis({"reverse": True, "num_font": font, "interval_unit": 1, "major_tick_mark": "none"})
    most = max(number for _, number in chart.entries)
    # Room for the number behind the longest bar.
    drawing.set_x_axis({"visible": False, "min": 0, "max": most * 1.15, "major_gridlines": {"visible": False}})
    drawing.set_chartarea({"border": {"color": LINE}})
    return drawing
