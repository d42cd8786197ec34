"""Summary → workbook: the statutory tables of the region, each number a live formula over the rows of its units."""

from __future__ import annotations

from pathlib import Path

from gongkai.cell import address, column_letters
from gongkai.form import Computed
from gongkai.merge import Summary, counted_report
from gongkai.outputs.comparison import write_comparison
from gongkai.outputs.overview import SHEET as OVERVIEW_SHEET
from gongkai.outputs.overview import Overview, write_overview
from gongkai.outputs.registers import Registers
from gongkai.scratch import blaming_temporary, temporary_folder
from gongkai.sheets import (
    DETAIL_CODE_COLUMN,
    DETAIL_FIRST_COLUMN,
    DETAIL_FIRST_ROW,
    DETAIL_KEY_ROW,
    DETAIL_MAX_ROWS,
    DETAIL_NAME_COLUMN,
    DETAIL_SHEET,
    MEMBER_SHEET,
)
from gongkai.submission import Submission
from gongkai.template import Template


def workbook(summary: Summary) -> bytes:
    """Return the summary as an .xlsx; it is itself a valid report of the region."""
    with temporary_folder() as folder:
        file = Path(folder, "summary.xlsx")
        write_workbook(summary, file)
        return file.read_bytes()


def write_workbook(summary: Summary, file: Path) -> None:
    """Write the summary into a file, in memory that does not grow with the number of units."""
    with blaming_temporary():
        _SummaryBook(summary, file).write()


class _SummaryBook:
    """The workbook of a summary while it is written: the official form, and the sheets behind its numbers."""

    def __init__(self, summary: Summary, file: Path) -> None:
        self.summary = summary
        edition = summary.edition
        self.units = summary.ledger.count(counted=True)
        self.detailed = self.units <= DETAIL_MAX_ROWS
        last = DETAIL_FIRST_ROW + self.units - 1
        cells: dict[int, Computed] = {}
        for item in edition.items:
            column, result = column_letters(DETAIL_FIRST_COLUMN + item.index), summary.totals[item.index]
            added = f"SUM({DETAIL_SHEET}!{column}{DETAIL_FIRST_ROW}:{column}{last})"
            text = added if item.measure.whole else f"ROUND({added},{item.measure.decimals})"
            target = f"{DETAIL_SHEET}!{column}2"
            cells[item.index] = (
                Computed(f"={text}", result, target) if self.detailed else Computed(f"={result}", result)
            )
        self.form = Template(edition, summary.report, cells=cells, file=file)
        self.writer = self.form.writer
        self.overview = Overview(summary)

    def write(self) -> None:
        self.form.build()
        writer = self.writer
        writer.add(OVERVIEW_SHEET)
        registers = Registers(writer, self.summary)
        writer.add(DETAIL_SHEET, MEMBER_SHEET, long=True)
        write_comparison(writer, self.summary)
        registers.start()
        self._detail_heads()
        self._rows(registers)
        registers.finish()
        write_overview(writer, self.overview)
        writer.sheets[MEMBER_SHEET].hide()
        writer.sheets[OVERVIEW_SHEET].activate()
        writer.close()

    def _rows(self, registers: Registers) -> None:
        """Fill the lists in one pass over the files, first those that are left out."""
        members = details = 0
        for counted in (False, True):
            for number, submission, why in self.summary.ledger.submissions(counted=counted):
                self.overview.see(submission, why)
                registers.see(number, submission, why)
                if why is not None:
                    continue
                details += 1
                if self.detailed:
                    self._detail_row(details, submission)
                for unit in (submission.unit, *submission.members):
                    members += 1
                    self.writer.put(MEMBER_SHEET, address(members, 1), unit.name)
                    self.writer.put(MEMBER_SHEET, address(members, 2), unit.code)

    # --- 明细

    def _detail_heads(self) -> None:
        writer, edition, styles = self.writer, self.summary.edition, self.writer.styles
        page = writer.sheets[DETAIL_SHEET]
        for column, size in enumerate((6, 30, 20, 36, 12)):
            page.set_column(column, column, size)
        page.set_column(DETAIL_FIRST_COLUMN - 1, DETAIL_FIRST_COLUMN + len(edition.items) - 2, 11)
        page.set_row(2, 60)
        page.set_row(3, 34)
        page.repeat_rows(1, 3)
        page.set_row(DETAIL_KEY_ROW - 1, None, None, {"hidden": True})
        page.freeze_panes(DETAIL_FIRST_ROW - 1, DETAIL_FIRST_COLUMN - 1)
        writer.paper(DETAIL_SHEET, landscape=True)
        page.set_print_scale(50)
        page.repeat_columns(0, 1)
        title = f"{self.summary.region} {self.summary.year} 年度各单位明细"
        if not self.detailed:
            title += f"：{self.units} 个单位超出一张工作表便于使用的范围，没有列出。请在汇总时加 --details 另存明细"
        writer.put(DETAIL_SHEET, "A1", title, styles.section)
        heads = ("序号", "单位名称", "单位代码", "文件", "空白按 0 计")
        lines = [[item.sheet for item in edition.items], [item.row_heading[-1] for item in edition.items]]
        lines += [[item.column_heading[-1] for item in edition.items], [item.key for item in edition.items]]
        for row, line in enumerate(lines, 2):
            for column in range(1, DETAIL_FIRST_COLUMN):
                head = heads[column - 1] if row == DETAIL_KEY_ROW - 1 else None
                writer.put(DETAIL_SHEET, address(row, column), head, styles.label)
            for column, text in enumerate(line, DETAIL_FIRST_COLUMN):
                writer.put(DETAIL_SHEET, address(row, column), text, None if row == DETAIL_KEY_ROW else styles.label)

    def _detail_row(self, number: int, submission: Submission) -> None:
        writer, styles = self.writer, self.writer.styles
        row, who = DETAIL_FIRST_ROW + number - 1, submission.unit
        writer.put(DETAIL_SHEET, address(row, 1), number, styles.label)
        writer.put(DETAIL_SHEET, address(row, DETAIL_NAME_COLUMN), who.name, styles.row_label)
        writer.put(DETAIL_SHEET, address(row, DETAIL_CODE_COLUMN), who.code, styles.row_label)
        writer.put(DETAIL_SHEET, address(row, 4), self.summary.short(submission.file), styles.row_label)
        writer.put(DETAIL_SHEET, address(row, 5), submission.zeroed, styles.label)
        numbers = counted_report(submission, self.summary.edition).values
        place = address(row, DETAIL_FIRST_COLUMN)
        writer.put_numbers(DETAIL_SHEET, place, numbers, styles.total)  # type: ignore[arg-type]  # counted, so numbers
