"""Summary → workbook: the statutory tables of the region, each number a live formula over the rows of its units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gongkai.cell import Value, address, column_letters
from gongkai.layout import Box, text_height
from gongkai.merge import Summary
from gongkai.messages import SEVERITIES, STATUSES
from gongkai.report import Unit
from gongkai.sheets import (
    DETAIL_CODE_COLUMN,
    DETAIL_FIRST_COLUMN,
    DETAIL_FIRST_ROW,
    DETAIL_KEY_ROW,
    DETAIL_NAME_COLUMN,
    DETAIL_SHEET,
    MEMBER_SHEET,
)
from gongkai.submission import Submission
from gongkai.template import Template
from gongkai.validation import Finding
from gongkai.wording import shown

PROBLEM_SHEET = "问题清单"
COVERAGE_SHEET = "报送情况"
_PROBLEM_HEAD = ("文件", "单位", "级别", "规则", "表", "单元格", "项目", "填报值", "应为", "问题与修改建议", "情况说明")
_COVERAGE_HEAD = ("序号", "单位名称", "单位代码", "文件", "结果", "原因", "错误", "需说明", "空白按 0 计的格数")


def workbook(summary: Summary) -> bytes:
    """Return the summary as an .xlsx; it is itself a valid report of the region."""
    return _SummaryForm(summary).write()


class _SummaryForm:
    """The workbook of a summary while it is written: the official form, and the sheets behind its numbers."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        edition = summary.edition
        last = DETAIL_FIRST_ROW + len(summary.included) - 1
        cells: dict[int, tuple[str, Value]] = {}
        for item in edition.items:
            column = column_letters(DETAIL_FIRST_COLUMN + item.index)
            added = f"SUM({DETAIL_SHEET}!{column}{DETAIL_FIRST_ROW}:{column}{last})"
            text = added if item.measure.whole else f"ROUND({added},{item.measure.decimals})"
            cells[item.index] = (f"={text}", summary.totals[item.index])
        self.form = Template(edition, summary.report, cells=cells)
        self.writer = self.form.writer

    def write(self) -> bytes:
        self.form.build()
        self.writer.add(COVERAGE_SHEET, DETAIL_SHEET, PROBLEM_SHEET, MEMBER_SHEET)
        self._details()
        self._members()
        self._problems()
        self._coverage()
        return self.writer.close()

    def _details(self) -> None:
        writer, edition = self.writer, self.summary.edition
        page, styles = writer.sheets[DETAIL_SHEET], writer.styles
        writer.put(DETAIL_SHEET, "A1", f"{self.summary.region} {self.summary.year} 年度各单位明细", styles.section)
        heads = ("序号", "单位名称", "单位代码", "文件", "空白按 0 计")
        for column, text in enumerate(heads, 1):
            writer.put_box(DETAIL_SHEET, Box(2, column, DETAIL_KEY_ROW - 1, column), text, styles.label)
        for item in edition.items:
            column = DETAIL_FIRST_COLUMN + item.index
            writer.put(DETAIL_SHEET, address(2, column), item.sheet, styles.label)
            writer.put(DETAIL_SHEET, address(3, column), item.row_heading[-1], styles.label)
            writer.put(DETAIL_SHEET, address(4, column), item.column_heading[-1], styles.label)
            writer.put(DETAIL_SHEET, address(DETAIL_KEY_ROW, column), item.key)
        page.set_row(DETAIL_KEY_ROW - 1, None, None, {"hidden": True})
        page.set_row(2, 60)
        for number, unit in enumerate(self.summary.included):
            row, who = DETAIL_FIRST_ROW + number, unit.submission.unit
            writer.put(DETAIL_SHEET, address(row, 1), number + 1, styles.label)
            writer.put(DETAIL_SHEET, address(row, DETAIL_NAME_COLUMN), who.name, styles.row_label)
            writer.put(DETAIL_SHEET, address(row, DETAIL_CODE_COLUMN), who.code, styles.row_label)
            writer.put(DETAIL_SHEET, address(row, 4), unit.submission.file, styles.row_label)
            writer.put(DETAIL_SHEET, address(row, 5), unit.submission.zeroed, styles.label)
            for index, value in enumerate(unit.report.values):
                writer.put(DETAIL_SHEET, address(row, DETAIL_FIRST_COLUMN + index), value, styles.total)
        page.freeze_panes(DETAIL_FIRST_ROW - 1, DETAIL_FIRST_COLUMN - 1)
        for column, size in enumerate((6, 30, 20, 36, 12)):
            page.set_column(column, column, size)
        page.set_column(DETAIL_FIRST_COLUMN - 1, DETAIL_FIRST_COLUMN + len(edition.items) - 2, 11)
        writer.paper(DETAIL_SHEET, landscape=True, pages_wide=0)

    def _members(self) -> None:
        """List every unit that is counted, so that no other summary or report of it is added as well."""
        units = [unit for counted in self.summary.included for unit in _counted(counted.submission)]
        for row, unit in enumerate(units, 1):
            self.writer.put(MEMBER_SHEET, address(row, 1), unit.name)
            self.writer.put(MEMBER_SHEET, address(row, 2), unit.code)
        self.writer.sheets[MEMBER_SHEET].hide()

    def _problems(self) -> None:
        rows = [_problem(submission, finding) for submission in self._submissions() for finding in submission.findings]
        title = "问题清单" if rows else "问题清单（没有问题）"
        self._list(PROBLEM_SHEET, title, _PROBLEM_HEAD, rows, (30, 26, 8, 18, 12, 9, 30, 12, 10, 70, 30))

    def _coverage(self) -> None:
        rows: list[Sequence[Value]] = []
        counted = [(unit.submission, "已汇总", STATUSES[unit.submission.status]) for unit in self.summary.included]
        left_out = [(unit.submission, "未汇总", unit.why) for unit in self.summary.excluded]
        for number, (submission, result, why) in enumerate([*counted, *left_out], 1):
            severities = [finding.severity for finding in submission.findings]
            rows.append(
                (
                    number,
                    submission.unit.name,
                    submission.unit.code,
                    submission.file,
                    result,
                    why,
                    severities.count("error"),
                    severities.count("warning"),
                    submission.zeroed,
                )
            )
        title = f"报送情况：收到 {len(rows)} 份，已汇总 {len(counted)} 份，未汇总 {len(left_out)} 份"
        self._list(COVERAGE_SHEET, title, _COVERAGE_HEAD, rows, (6, 30, 20, 36, 10, 70, 8, 8, 18))
        notices: dict[str, list[str]] = {}
        for item in self.summary.edition.items:
            if item.notice:
                notices.setdefault(item.notice, []).append(item.name)
        row = len(rows) + 4
        for number, (notice, names) in enumerate(notices.items()):
            text = f"相加须注意：{'、'.join(names)}——{notice}。"
            self.writer.put(COVERAGE_SHEET, address(row + number, 1), text, self.writer.styles.hint_line)

    def _submissions(self) -> Iterable[Submission]:
        yield from (unit.submission for unit in self.summary.included)
        yield from (unit.submission for unit in self.summary.excluded)

    def _list(
        self, sheet: str, title: str, heads: Sequence[str], rows: Sequence[Sequence[Value]], widths: Sequence[int]
    ) -> None:
        writer = self.writer
        page, styles = writer.sheets[sheet], writer.styles
        writer.put(sheet, "A1", title, styles.section)
        for column, (text, width) in enumerate(zip(heads, widths, strict=True), 1):
            writer.put(sheet, address(2, column), text, styles.label)
            page.set_column(column - 1, column - 1, width)
        for number, values in enumerate(rows, 3):
            for column, value in enumerate(values, 1):
                writer.put(sheet, address(number, column), value, styles.row_label)
            writer.height(sheet, number, max(text_height(shown(v), w - 2) for v, w in zip(values, widths, strict=True)))
        page.freeze_panes(2, 0)
        if rows:
            page.autofilter(1, 0, len(rows) + 1, len(heads) - 1)
        writer.paper(sheet, landscape=True)


def _counted(submission: Submission) -> tuple[Unit, ...]:
    return (submission.unit, *submission.members)


def _problem(submission: Submission, finding: Finding) -> Sequence[Value]:
    expected = None if finding.expected is None else shown(finding.expected)
    where = (finding.rule, finding.sheet, finding.cell, finding.name)
    says = (shown(finding.value), expected, finding.message, finding.explanation)
    return (submission.file, submission.unit.name, SEVERITIES[finding.severity], *where, *says)
