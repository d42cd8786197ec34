"""Edition → workbook: the official form with its built-in checks, blank or filled with a report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import xlsxwriter

from gongkai import checks, marking
from gongkai.cell import Value, address, column_letters, parse_address
from gongkai.checks import EXPLAIN, OK, PENDING, WRONG, Filling, Formula
from gongkai.edition import COVER_COLUMN, COVER_SHEET, CoverField, Edition, Item, Measure
from gongkai.formulas import PRIOR_FIRST_ROW, PRIOR_SHEET, PRIOR_VALUE_COLUMN, Pen, prior_cell
from gongkai.guide import guide_lines
from gongkai.layout import TITLE_ROW, UNIT_ROW, Box
from gongkai.messages import SEVERITIES
from gongkai.report import Report
from gongkai.sheets import GUIDE_SHEET, META_KEYS, META_SHEET
from gongkai.styles import Styles

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

TEMPLATE_VERSION = "1"
CHECK_LABEL = "内置校验"


class _Nothing(str):
    """An empty text that XlsxWriter stores as the result of a formula; a plain ``""`` it would store as no result."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


class Form:
    """The workbook of one edition while it is written.

    ``report`` fills it; ``prior`` maps item index → last year's value; ``cells`` maps item index → (formula, result)
    for the cells of a summary, which are computed and not typed.
    """

    def __init__(
        self,
        edition: Edition,
        report: Report | None = None,
        prior: Mapping[int, Value] | None = None,
        cells: Mapping[int, tuple[str, Value]] | None = None,
        year: int | None = None,
    ) -> None:
        self.edition = edition
        last = [(prior or {}).get(item.index) for item in edition.items]
        self.filling, self.kept = checks.filling_of(edition, report, last, year)
        self.cells = cells or {}
        self.buffer = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.buffer, {"in_memory": True})
        # The same form must give the same bytes, whenever it is built.
        self.book.set_properties({"title": edition.schema["title"], "created": datetime(2024, 1, 1, tzinfo=UTC)})
        self.book.set_calc_mode("auto")
        self.styles = Styles(self.book)
        self.marks: dict[str, list[tuple[Formula, Value]]] = {}
        names = [COVER_SHEET, *edition.sheets, PRIOR_SHEET, marking.RESULT_SHEET, GUIDE_SHEET, META_SHEET]
        self.sheets: dict[str, Worksheet] = {name: self.book.add_worksheet(name) for name in names}

    def build(self) -> None:
        """Write every sheet."""
        self._names()
        for sheet in self.edition.sheets:
            self._table_sheet(sheet)
        self._prior_sheet()
        self._result_sheet()
        self._guide_sheet()
        self._meta_sheet()
        self._cover()  # last: it counts the marks of the others

    def close(self) -> bytes:
        """Finish the workbook and return it."""
        self.book.close()
        return self.buffer.getvalue()

    # --- writing cells

    def put(self, sheet: str, cell: str, value: Value, style: Format | None = None) -> None:
        """Write a value as what it is: text stays text, whatever it starts with."""
        row, column = (number - 1 for number in parse_address(cell))
        page = self.sheets[sheet]
        if value is None:
            page.write_blank(row, column, None, style)
        elif isinstance(value, bool):
            page.write_boolean(row, column, value, style)
        elif isinstance(value, str):
            page.write_string(row, column, str(value), style)
        else:
            page.write_number(row, column, value, style)

    def put_formula(self, sheet: str, cell: str, text: str, result: Value, style: Format | None = None) -> None:
        """Write a formula with its result."""
        stored: Any = _Nothing() if result == "" else result
        self.sheets[sheet].write_formula(cell, text, style, stored)

    def put_box(self, sheet: str, box: Box, value: Value, style: Format) -> None:
        """Write a value into a cell that may span several."""
        if box.cells > 1:
            self.sheets[sheet].merge_range(box.reference, "", style)
        self.put(sheet, box.start, value, style)

    def put_mark(self, formula: Formula, style: Format) -> None:
        """Write a mark and count it for the cover."""
        result = formula.result(self.filling)
        self.put_formula(formula.sheet, formula.cell, formula.text, result, style)
        self.marks.setdefault(formula.sheet, []).append((formula, result))

    def _mark(self, mark: checks.Mark) -> None:
        """Write the mark of a row with its reason, and the number behind both out of sight."""
        sheet, styles = mark.code.sheet, self.styles
        row, column = (number - 1 for number in parse_address(mark.code.cell))
        if mark.box.cells > 1:
            reason, _ = parse_address(mark.reason.cell)
            for line, style in ((mark.box.top, styles.mark), (reason, styles.reason)):
                self.sheets[sheet].merge_range(Box(line, mark.box.left, line, mark.box.right).reference, "", style)
            self.sheets[sheet].set_row(row, None, None, {"hidden": True})
        else:
            self.sheets[sheet].set_column(column, column, None, None, {"hidden": True})
        self.put_mark(mark.mark, styles.mark)
        for formula in (mark.reason, mark.code):
            self.put_formula(sheet, formula.cell, formula.text, formula.result(self.filling), styles.reason)

    # --- the sheets

    def _names(self) -> None:
        cover = {field.key: field for field in self.edition.cover}
        names = {"gk_zero": (COVER_SHEET, cover["zero_report"].cell), "gk_year": (COVER_SHEET, cover["year"].cell)}
        for name, (sheet, cell) in names.items():
            row, column = parse_address(cell)
            self.book.define_name(name, f"={sheet}!${column_letters(column)}${row}")
        for name, title in MARK_NAMES.items():
            column = column_letters(marking.COLUMNS.index(title) + 1)
            block = f"${column}${marking.FIRST_ROW}:${column}${marking.LAST_ROW}"
            self.book.define_name(name, f"={marking.RESULT_SHEET}!{block}")

    def _table_sheet(self, name: str) -> None:
        page, styles = self.sheets[name], self.styles
        blocks = [block for block in self.edition.blocks if block.sheet == name]
        width = max(block.data.right for block in blocks)
        bottom = max(block.data.bottom for block in blocks)
        self._heading(name, self.edition.sheets[name], width)
        for block in blocks:
            for label in block.labels:
                left = label.kind == "row" and not block.across
                self.put_box(name, label.box, label.text, styles.row_label if left else styles.label)
        for item in self.edition.items:
            if item.sheet == name:
                self._item(item)
        across = all(block.across for block in blocks)
        if not across:
            self.put(name, address(blocks[0].data.top - 1, width + 1), "核对", styles.helper_head)
            self.put(name, address(blocks[0].data.top - 1, width + 2), "说明", styles.helper_head)
        for mark in checks.row_marks(self.edition):
            if mark.code.sheet == name:
                self._mark(mark)
        for sheet, title, row, marks in checks.column_marks(self.edition):
            if sheet == name:
                label = Box(row, 1, row, max(1, blocks[-1].data.left - 1))
                self.put_box(name, label, f"核对：{title}", styles.reason)
                for formula in marks:
                    self.put_mark(formula, styles.mark)
        self._paint(name)
        self._page(name, width, bottom, landscape=across, freeze=(blocks[0].data.top - 1, blocks[0].data.left - 1))
        for column, size in self._widths(name).items():
            page.set_column(column - 1, column - 1, size)
        page.set_column(width, width, 9)
        page.set_column(width + 1, width + 1, 46)

    def _heading(self, sheet: str, title: str, width: int) -> None:
        self.put_box(sheet, Box(TITLE_ROW, 1, TITLE_ROW, width), title, self.styles.title)
        self.sheets[sheet].set_row(TITLE_ROW - 1, 30)
        box = Box(UNIT_ROW, 1, UNIT_ROW, width)
        cover = {field.key: field.cell for field in self.edition.cover}
        name, year = (f"{COVER_SHEET}!{cover[key]}" for key in ("name", "year"))
        shows = f"单位：{_text(self.filling.unit.name)}　　年度：{_text(self.filling.year)}"
        self.put_box(sheet, box, None, self.styles.subtitle)
        self.put_formula(sheet, box.start, f'="单位："&{name}&"　　年度："&{year}', shows, self.styles.subtitle)

    def _item(self, item: Item) -> None:
        style = self.styles.total if item.derived else self.styles.entry
        if item.box.cells > 1:
            self.sheets[item.sheet].merge_range(item.box.reference, "", style)
        if item.index in self.cells:
            text, result = self.cells[item.index]
            self.put_formula(item.sheet, item.cell, text, result, self.styles.total)
        elif item.index in self.kept:
            text = self._totals[item.index].text
            self.put_formula(item.sheet, item.cell, text, self.filling.values[item.index], style)
        else:
            self.put(item.sheet, item.cell, self.filling.values[item.index], style)

    @property
    def _totals(self) -> dict[int, Formula]:
        return dict(checks.total_formulas(self.edition))

    def _widths(self, sheet: str) -> dict[int, float]:
        """Return column → width in characters: narrow group labels, a wide last label, even value columns."""
        blocks = [block for block in self.edition.blocks if block.sheet == sheet]
        if blocks[0].across:
            return dict.fromkeys(range(1, blocks[0].data.right + 1), 8.5)
        labels = blocks[0].data.left - 1
        widths: dict[int, float] = dict.fromkeys(range(1, labels), 12)
        widths[labels] = 30
        values = max(block.data.right for block in blocks) - labels
        return widths | dict.fromkeys(range(labels + 1, labels + values + 1), 10 if values > 4 else 18)

    def _prior_sheet(self) -> None:
        sheet, styles = PRIOR_SHEET, self.styles
        self._heading(sheet, "上年数据（选填，用于与本年核对）", PRIOR_VALUE_COLUMN)
        self.put_box(sheet, Box(3, 1, 3, PRIOR_VALUE_COLUMN), "照上年度报告的统计表填写；没有的留空，留空的不核对。", styles.note)
        for column, text in enumerate(("序号", "表", "行", "列", "上年数", "核对", "说明"), 1):
            self.put(sheet, address(PRIOR_FIRST_ROW - 1, column), text, styles.label if column < 6 else styles.helper_head)
        for number, (index, mark) in enumerate(checks.prior_marks(self.edition)):
            item, row = self.edition.items[index], PRIOR_FIRST_ROW + number
            for column, text in enumerate((number + 1, item.sheet, item.row_heading[-1], item.column_heading[-1]), 1):
                self.put(sheet, address(row, column), text, styles.label if column == 1 else styles.row_label)
            self.put(sheet, prior_cell(self.edition, index), self.filling.prior[index], styles.entry)
            self._mark(mark)
        self._paint(sheet)
        last = PRIOR_FIRST_ROW + len(self.edition.prior_items) - 1
        self._page(sheet, PRIOR_VALUE_COLUMN, last, landscape=False, freeze=(PRIOR_FIRST_ROW - 1, 0))
        for column, size in enumerate((6, 12, 46, 16, 14, 9, 46)):
            self.sheets[sheet].set_column(column, column, size)

    def _result_sheet(self) -> None:
        sheet, styles = marking.RESULT_SHEET, self.styles
        page = self.sheets[sheet]
        self.put_box(sheet, Box(1, 1, 1, marking.VISIBLE), "验证结果", styles.title)
        page.set_row(0, 30)
        self.put_box(sheet, Box(2, 1, 2, marking.VISIBLE), "尚未验证。", styles.note)
        for column, (title, size) in enumerate(zip(marking.COLUMNS, RESULT_WIDTHS, strict=True)):
            style = styles.explanation if column + 1 == marking.EXPLANATION else styles.result
            hidden = {"hidden": True} if column >= marking.VISIBLE else {}
            page.set_column(column, column, size, style, hidden)
            self.put(sheet, address(marking.FIRST_ROW - 1, column + 1), title, styles.label)
        area = f"A{marking.FIRST_ROW}:{column_letters(marking.VISIBLE)}{marking.LAST_ROW}"
        lines = {"type": "formula", "criteria": f"=LEN($A{marking.FIRST_ROW})>0", "format": styles.ruled}
        page.conditional_format(area, lines)
        self._page(sheet, marking.VISIBLE, None, landscape=True, freeze=(marking.FIRST_ROW - 1, 0))

    def _guide_sheet(self) -> None:
        page = self.sheets[GUIDE_SHEET]
        for row, (kind, texts) in enumerate(guide_lines(self.edition)):
            style = {"title": self.styles.title, "head": self.styles.section, "rule": self.styles.guide_rule}.get(
                kind, self.styles.guide
            )
            for column, text in enumerate(texts):
                page.write_string(row, column, text, style)
        for column, size in enumerate((24, 10, 74)):
            page.set_column(column, column, size)
        page.hide_gridlines(2)
        self._page(GUIDE_SHEET, 3, None, landscape=False, freeze=None)

    def _meta_sheet(self) -> None:
        values = dict.fromkeys(META_KEYS, "") | {
            "edition": self.edition.name, "template_version": TEMPLATE_VERSION, "schema_digest": self.edition.digest,
        }  # fmt: skip
        for row, (key, value) in enumerate(values.items(), 1):
            self.put(META_SHEET, address(row, 1), key)
            self.put(META_SHEET, address(row, 2), value or None)
        self.sheets[META_SHEET].hide()
        self.sheets[META_SHEET].protect()

    def _cover(self) -> None:
        sheet, styles = COVER_SHEET, self.styles
        page = self.sheets[sheet]
        self.put_box(sheet, Box(1, 1, 1, 5), self.edition.schema["title"] + f"（{self.edition.name} 年版）", styles.title)
        page.set_row(0, 36)
        for field in self.edition.cover:
            self._cover_field(field)
        self._cover_count()
        last = self.edition.cover[-1].row
        for number, text in enumerate(COVER_NOTES):
            self.put_box(sheet, Box(last + 2 + number, 2, last + 2 + number, 5), text, styles.note)
        self._paint(sheet)
        for column, size in enumerate((2, 24, 36, 8, 50)):
            page.set_column(column, column, size)
        page.hide_gridlines(2)
        self._page(sheet, 5, last + 2 + len(COVER_NOTES), landscape=False, freeze=None)
        page.activate()

    def _cover_field(self, field: CoverField) -> None:
        sheet, styles = COVER_SHEET, self.styles
        value = self.filling.year if field.key == "year" else getattr(self.filling.unit, field.key)
        shows = field.choices.get(value, value) if isinstance(value, str) else value
        self.put(sheet, address(field.row, COVER_COLUMN - 1), field.label, styles.row_label)
        self.put(sheet, field.cell, shows, styles.cover_entry)
        self.put(sheet, address(field.row, COVER_COLUMN + 2), field.prompt or None, styles.hint)
        if mark := checks.cover_mark(self.edition, field):
            self.put_mark(mark, styles.mark)
        options: dict[str, Any] = {"validate": "any", "input_title": field.label, "input_message": field.prompt}
        if field.choices:
            options |= {
                "validate": "list", "source": list(field.choices.values()), "error_title": "请从列表中选择",
                "error_message": f"“{field.label}”只能选择：{'、'.join(field.choices.values())}。",
            }  # fmt: skip
        elif field.key == "year":
            years = self.edition.years
            last = "" if years.stop > 2099 else f"至 {years.stop - 1}"
            message = f"本表适用于 {years.start} {last or '年及以后'}年度，请填四位数字的年份，例如 {years.start}。"
            options |= {
                "validate": "integer", "criteria": "between", "minimum": years.start, "maximum": years.stop - 1,
                "input_message": message, "error_title": "报告年度有误", "error_message": message,
            }  # fmt: skip
        if field.choices or field.prompt or field.key == "year":
            self.sheets[sheet].data_validation(field.cell, options)

    def _cover_count(self) -> None:
        """Write the live line "内置校验：…", which counts every mark of the workbook."""
        results = [result for marks in self.marks.values() for _, result in marks]
        counts = {mark: results.count(mark) for mark in (WRONG, PENDING, EXPLAIN)}
        areas = [f"{sheet}!{area}" for sheet, marks in self.marks.items() for area in _areas(f.cell for f, _ in marks)]
        terms = {mark: "+".join(f'COUNTIF({area},"{mark}")' for area in areas) for mark in counts}
        # The three counts stand in a column of their own, out of sight, so that the line stays short.
        for row, (mark, text) in enumerate(terms.items(), 1):
            self.put_formula(META_SHEET, f"D{row}", f"={text}", counts[mark])
            self.put(META_SHEET, f"C{row}", mark)
        wrong, pending, explain = (f"{META_SHEET}!$D${row}" for row in (1, 2, 3))
        count = sum(counts.values())
        parts = f"错误 {counts[WRONG]}，待填 {counts[PENDING]}，需说明 {counts[EXPLAIN]}"
        shows = f"{CHECK_LABEL}：" + (f"{count} 处问题（{parts}）" if count else "通过")
        text = (
            f'="{CHECK_LABEL}："&IF({wrong}+{pending}+{explain}=0,"通过",{wrong}+{pending}+{explain}&" 处问题（错误 "'
            f'&{wrong}&"，待填 "&{pending}&"，需说明 "&{explain}&"）")'
        )
        box = Box(2, 1, 2, 5)
        self.put_box(COVER_SHEET, box, None, self.styles.live)
        self.put_formula(COVER_SHEET, box.start, text, shows, self.styles.live)
        passed = {"type": "formula", "criteria": f'=RIGHT($A$2,2)="通过"', "format": self.styles.mark_ok}
        self.sheets[COVER_SHEET].conditional_format("A2", passed)

    # --- what every sheet gets

    def _paint(self, sheet: str) -> None:
        """Give the entry cells of a sheet their checks: native validation, findings, numbers that cannot be right."""
        page = self.sheets[sheet]
        pen = Pen(self.edition, sheet)
        count = len(self.edition.items)
        if sheet == COVER_SHEET:
            cells = [field.cell for field in self.edition.cover]
            areas = [(f"{cells[0]}:{cells[-1]}", None)]
        elif sheet == PRIOR_SHEET:
            areas = [(ref, measure) for ref, _, measure in pen.areas(i + count for i in self.edition.prior_items)]
        else:
            items = [item for item in self.edition.items if item.sheet == sheet]
            areas = [(ref, m) for ref, _, m in pen.areas(i.index for i in items if not i.derived)]
            areas += [(ref, None) for ref, _, _ in pen.areas(i.index for i in items if i.derived)]
        for ref, measure in areas:
            for severity, style in (("error", self.styles.found_error), ("warning", self.styles.found_warning)):
                rule = {"type": "formula", "criteria": f"={_painted(sheet, severity)}", "format": style}
                page.conditional_format(ref, {**rule, "stop_if_true": True})
            if measure:
                first = ref.partition(":")[0]
                page.conditional_format(
                    ref, {"type": "formula", "criteria": f"={_unfit(first, measure)}", "format": self.styles.unfit}
                )
                page.data_validation(ref, _entry_rule(first, measure))

    def _page(self, name: str, width: int, bottom: int | None, *, landscape: bool, freeze: tuple[int, int] | None) -> None:
        page = self.sheets[name]
        page.set_paper(9)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.6)
        page.fit_to_pages(1, 1 if bottom else 0)
        page.center_horizontally()
        page.set_footer("&C第 &P 页，共 &N 页")
        if landscape:
            page.set_landscape()
        if bottom:
            page.print_area(0, 0, bottom - 1, width - 1)
        if freeze:
            page.freeze_panes(*freeze)
        # A guard against accidents, not a secret: no password, and rows and columns may be resized.
        page.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
        area = f"A1:{column_letters(width + 2)}{(bottom or 40) + 6}"
        for mark, style in ((OK, self.styles.mark_ok), (WRONG, self.styles.mark_wrong), (EXPLAIN, self.styles.mark_explain)):
            if name in self.marks or name == COVER_SHEET:
                page.conditional_format(area, {"type": "cell", "criteria": "==", "value": f'"{mark}"', "format": style})


MARK_NAMES = {
    "gk_mark_level": "级别", "gk_mark_sheet": "表", "gk_mark_top": "上", "gk_mark_left": "左",
    "gk_mark_bottom": "下", "gk_mark_right": "右",
}  # fmt: skip
RESULT_WIDTHS = (6, 8, 12, 12, 30, 14, 12, 60, 36, 10, 5, 5, 5, 5)
COVER_NOTES = (
    "填写方法：只填浅黄色的格子，灰色的合计自动计算；没有发生的填 0。全部没有发生时，把“零报告”选为“是”。",
    "填写时留意每张表右侧和下方的核对标记：✓ 成立，✗ 有误，待填 还有空格，需说明 要写明原因。",
    "上方显示“内置校验：通过”后，保存本文件并按要求报送。每条规则的含义见“填报说明”。",
)


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def _painted(sheet: str, severity: str) -> str:
    """Return the condition that the cell asked about lies in a finding of ``severity`` listed in 验证结果."""
    return (
        f'COUNTIFS(gk_mark_sheet,"{sheet}",gk_mark_level,"{SEVERITIES[severity]}",gk_mark_top,"<="&ROW(),'
        f'gk_mark_bottom,">="&ROW(),gk_mark_left,"<="&COLUMN(),gk_mark_right,">="&COLUMN())>0'
    )


def _fits(cell: str, measure: Measure) -> str:
    whole = f"INT({cell})={cell}" if measure.whole else f"ROUND({cell},{measure.decimals})={cell}"
    return f"ISNUMBER({cell}),{whole},{cell}>={measure.minimum},{cell}<={measure.maximum}"


def _unfit(cell: str, measure: Measure) -> str:
    return f"AND(NOT(ISBLANK({cell})),ISERROR(1/AND({_fits(cell, measure)})))"


def _entry_rule(cell: str, measure: Measure) -> dict[str, Any]:
    """Return the native validation of an entry cell, with its Chinese prompt and alert."""
    asks = {
        "count": "请填不小于 0 的整数；没有发生的填 0，不要留空，不要带单位。",
        "signed_count": "请填整数：增加填正数，减少填负数（如 -3），没有变化填 0。",
    }.get(measure.name, "请填以万元为单位的金额，最多 6 位小数；没有的填 0，不要带单位。")
    rule: dict[str, Any] = {
        "input_title": "填写要求", "input_message": asks, "error_title": "填写的内容不符合要求",
        "error_message": asks + "请按“重试”改正。",
    }  # fmt: skip
    if measure.whole:
        return {**rule, "validate": "integer", "criteria": "between", "minimum": measure.minimum, "maximum": measure.maximum}
    return {**rule, "validate": "custom", "value": f"=AND({_fits(cell, measure)})"}


def _areas(cells: Iterable[str]) -> list[str]:
    """Return cells as a few ranges: neighbours down a column or along a row, gathered in the order given."""
    runs: list[list[tuple[int, int]]] = []
    for place in map(parse_address, cells):
        if runs and (place[0] - runs[-1][-1][0], place[1] - runs[-1][-1][1]) in ((0, 1), (1, 0)) and (
            len(runs[-1]) == 1 or (place[0] == runs[-1][0][0]) == (runs[-1][1][0] == runs[-1][0][0])
        ):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [Box(*run[0], *run[-1]).reference for run in runs]


def blank(edition: Edition, *, year: int | None = None, prior: Mapping[int, Value] | None = None) -> bytes:
    """Return the official template of an edition as an .xlsx."""
    form = Form(edition, None, prior, year=year)
    form.build()
    return form.close()


def fill(edition: Edition, report: Report, prior: Mapping[int, Value] | None = None) -> bytes:
    """Return the official workbook filled with a report, as an .xlsx."""
    form = Form(edition, report, prior)
    form.build()
    return form.close()
