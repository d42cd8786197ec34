"""Edition → workbook: the official form with its built-in checks, blank or filled with a report."""

from __future__ import annotations

from collections.abc import Mapping

from gongkai import checks, macros, marking
from gongkai.cell import Value, address, column_letters, parse_address
from gongkai.cover import text, write_cover
from gongkai.edition import COVER_COLUMN, COVER_SHEET, Edition, Item
from gongkai.entries import colour_marks, define_names, guard_entries, paint
from gongkai.form import Form
from gongkai.formulas import PRIOR_FIRST_ROW, PRIOR_SHEET, PRIOR_VALUE_COLUMN, Pen, prior_cell
from gongkai.guide import guide_lines
from gongkai.layout import TITLE_ROW, UNIT_ROW, Block, Box, text_height
from gongkai.report import Report, Unit
from gongkai.sheets import GUIDE_SHEET, META_KEYS, META_SHEET

FILE_NAME = "政府信息公开年报统计表-{edition}年版.xlsx"
TEMPLATE_VERSION = "1"
_GROUP, _LABEL, _MARK, _REASON = 13.0, 34.0, 9.0, 46.0
"""Widths in characters: an outer label column, the innermost one, a mark, its reason."""
_PRIOR_WIDTHS = (6.0, 12.0, 48.0, 18.0, 14.0, _MARK, _REASON)
_RESULT_WIDTHS = (6, 8, 12, 14, 30, 14, 12, marking.MESSAGE_WIDTH, 36, 10, 5, 5, 5, 5)
_LAST_ROW = 1_048_576
"""The last row a sheet has."""
_GUIDE_WIDTHS = (24, 12, 80)


class Template(Form):
    """The official workbook."""

    def build(self, project: macros.Macros | None = None) -> None:
        """Write every sheet; with a VBA project, the buttons that run it as well."""
        self.writer.add(COVER_SHEET, *self.edition.sheets)
        self.writer.add(PRIOR_SHEET, marking.RESULT_SHEET, GUIDE_SHEET, META_SHEET)
        define_names(self.writer)
        for field in self.edition.cover:
            if name := {"zero_report": "gk_zero", "year": "gk_year"}.get(field.key):
                row, column = parse_address(field.cell)
                self.writer.define(name, COVER_SHEET, Box(row, column, row, column))
        for sheet in self.edition.sheets:
            self._tables(sheet)
        self._prior()
        self._results()
        self._guide()
        self._meta()
        write_cover(self)
        if project is not None:
            self._buttons(project)

    # --- the tables

    def _tables(self, name: str) -> None:
        writer, styles = self.writer, self.writer.styles
        blocks = [block for block in self.edition.blocks if block.sheet == name]
        right, bottom = (max(getattr(block.data, side) for block in blocks) for side in ("right", "bottom"))
        self._heading(name, self.edition.sheets[name], right)
        for block in blocks:
            for label in block.labels:
                beside = label.kind == "row" and not block.across
                writer.put_box(name, label.box, label.text, styles.row_label if beside else styles.label)
        self._sizes(name, blocks, right)
        for item in self.edition.items:
            if item.sheet == name:
                self._item(item)
        self._marks(name, blocks, right)
        self._guard(name)
        across = all(block.across for block in blocks)
        first = blocks[0].data
        writer.sheets[name].freeze_panes(first.top - 1, first.left - 1)
        self.finish(name, Box(1, 1, bottom, right), landscape=across)

    def _heading(self, sheet: str, title: str, right: int) -> None:
        writer, styles = self.writer, self.writer.styles
        writer.put_box(sheet, Box(TITLE_ROW, 1, TITLE_ROW, right), title, styles.title)
        writer.height(sheet, TITLE_ROW, 40)
        writer.height(sheet, UNIT_ROW, 24)
        cells = {field.key: f"{COVER_SHEET}!{field.cell}" for field in self.edition.cover}
        box = Box(UNIT_ROW, 1, UNIT_ROW, right)
        shows = f"单位：{text(self.filling.unit.name)}　　年度：{text(self.filling.year)}"
        formula = f'="单位："&{cells["name"]}&"　　年度："&{cells["year"]}'
        writer.span(sheet, box, styles.subtitle)
        writer.put_formula(sheet, box.start, formula, shows, styles.subtitle)

    def _sizes(self, sheet: str, blocks: list[Block], right: int) -> None:
        """Make room for the labels: columns that print well on A4, rows as high as their longest label."""
        writer = self.writer
        if blocks[0].across:
            writer.widths(sheet, *[9.0] * right)
            writer.height(sheet, blocks[0].data.top, 40)
            return
        labels = blocks[0].data.left - 1
        values = right - labels
        widths = [*[_GROUP] * (labels - 1), _LABEL, *[66 / values] * values, _MARK, _REASON]
        writer.widths(sheet, *widths)
        heights: dict[int, float] = {}
        for label in (label for block in blocks for label in block.labels):
            box = label.box
            if box.top == box.bottom:
                needed = text_height(label.text, sum(widths[box.left - 1 : box.right]) - 2, 27)
                heights[box.top] = max(heights.get(box.top, 0), needed)
        for row, height in heights.items():
            writer.height(sheet, row, height)

    def _item(self, item: Item) -> None:
        writer, styles = self.writer, self.writer.styles
        style = styles.total if item.derived or item.index in self.cells else styles.entry
        writer.span(item.sheet, item.box, style)
        if item.index in self.cells:
            computed = self.cells[item.index]
            if computed.target:
                writer.link(item.sheet, item.cell, computed.target)
            writer.put_formula(item.sheet, item.cell, computed.formula, computed.result, style)
        elif item.index in self.kept:
            value = self.filling.values[item.index]
            writer.put_formula(item.sheet, item.cell, self.totals[item.index].text, value, style)
        else:
            writer.put(item.sheet, item.cell, self.filling.values[item.index], style)

    def _marks(self, sheet: str, blocks: list[Block], right: int) -> None:
        """Write the marks beside and below the tables of a sheet, outside what is printed."""
        writer, styles = self.writer, self.writer.styles
        if not blocks[0].across:
            for column, title in ((right + 1, "核对"), (right + 2, "说明")):
                writer.put(sheet, address(blocks[0].data.top - 1, column), title, styles.helper_head)
        for mark in checks.row_marks(self.edition):
            if mark.code.sheet == sheet:
                self._mark(mark)
        lowest = max(block.data.bottom for block in blocks)
        for name, title, row, marks in checks.column_marks(self.edition):
            if name == sheet:
                writer.put_box(
                    sheet, Box(row, 1, row, max(1, blocks[-1].data.left - 1)), f"核对：{title}", styles.reason
                )
                for formula in marks:
                    self.put_mark(formula, styles.mark)
                lowest = max(lowest, row)
        colour_marks(writer, sheet, Box(blocks[0].data.top, 1, lowest + 1, right + 1).reference)

    def _mark(self, mark: checks.Mark) -> None:
        """Write the mark of a row with its reason, and the number behind both out of sight."""
        writer, styles = self.writer, self.writer.styles
        sheet = mark.code.sheet
        row, column = (number - 1 for number in parse_address(mark.code.cell))
        if mark.box.cells > 1:
            reason, _ = parse_address(mark.reason.cell)
            writer.span(sheet, mark.box, styles.mark)
            writer.span(sheet, Box(reason, mark.box.left, reason, mark.box.right), styles.reason)
            writer.sheets[sheet].set_row(row, None, None, {"hidden": True})
        else:
            writer.sheets[sheet].set_column(column, column, None, None, {"hidden": True})
        self.put_mark(mark.mark, styles.mark)
        for formula in (mark.reason, mark.code):
            writer.put_formula(sheet, formula.cell, formula.text, formula.result(self.filling), styles.reason)

    def _guard(self, sheet: str) -> None:
        """Give the entry cells of a sheet their native validation, and all its numbers their colours."""
        pen = Pen(self.edition, sheet)
        items = [item for item in self.edition.items if item.sheet == sheet]
        typed = [item.index for item in items if not item.derived and item.index not in self.cells]
        computed = [item.index for item in items if item.derived or item.index in self.cells]
        paint(self.writer, sheet, [area for area, _, _ in [*pen.areas(typed), *pen.areas(computed)]])
        for area, _, measure in pen.areas(typed):
            guard_entries(self.writer, sheet, area, measure)

    # --- the other sheets

    def _prior(self) -> None:
        sheet, writer, styles = PRIOR_SHEET, self.writer, self.writer.styles
        self._heading(sheet, "上年数据（选填，用于与本年核对）", PRIOR_VALUE_COLUMN)
        note = "照上年度报告的统计表填写；没有的留空，留空的不核对。"
        writer.put_box(sheet, Box(3, 1, 3, PRIOR_VALUE_COLUMN), note, styles.note)
        for column, title in enumerate(("序号", "表", "行", "列", "上年数", "核对", "说明"), 1):
            style = styles.label if column <= PRIOR_VALUE_COLUMN else styles.helper_head
            writer.put(sheet, address(PRIOR_FIRST_ROW - 1, column), title, style)
        for number, (index, mark) in enumerate(checks.prior_marks(self.edition), 1):
            item, row = self.edition.items[index], PRIOR_FIRST_ROW + number - 1
            titles: tuple[Value, ...] = (number, item.sheet, item.row_heading[-1], item.column_heading[-1])
            for column, entry in enumerate(titles, 1):
                writer.put(sheet, address(row, column), entry, styles.label if column == 1 else styles.row_label)
            writer.put(sheet, prior_cell(self.edition, index), self.filling.prior[index], styles.entry)
            writer.height(sheet, row, text_height(item.column_heading[-1], _PRIOR_WIDTHS[3], 25))
            self._mark(mark)
        last = PRIOR_FIRST_ROW + len(self.edition.prior_items) - 1
        count = len(self.edition.items)
        areas = Pen(self.edition, sheet).areas(index + count for index in self.edition.prior_items)
        paint(writer, sheet, [area for area, _, _ in areas])
        for area, _, measure in areas:
            guard_entries(writer, sheet, area, measure)
        mark_column = checks.PRIOR_MARK_COLUMN
        colour_marks(writer, sheet, Box(PRIOR_FIRST_ROW, mark_column, last, mark_column).reference)
        writer.widths(sheet, *_PRIOR_WIDTHS)
        writer.sheets[sheet].freeze_panes(PRIOR_FIRST_ROW - 1, 0)
        self.finish(sheet, Box(1, 1, last, PRIOR_VALUE_COLUMN), landscape=False)

    def _results(self) -> None:
        sheet, writer, styles = marking.RESULT_SHEET, self.writer, self.writer.styles
        page = writer.sheets[sheet]
        writer.put_box(sheet, Box(1, 1, 1, marking.VISIBLE), "验证结果", styles.title)
        writer.height(sheet, 1, 40)
        live = marking.LIVE
        for column, (title, width) in enumerate(zip(marking.COLUMNS, _RESULT_WIDTHS, strict=True)):
            hidden = {"hidden": True} if column >= marking.VISIBLE else {}
            page.set_column(column, column, width, styles.result, hidden)
            writer.put(sheet, address(live.top, column + 1), None, styles.conclusion)
            writer.put(sheet, address(marking.FIRST_ROW - 1, column + 1), title, styles.result_head)
        writer.put(sheet, live.start, marking.NOT_YET, styles.conclusion)
        writer.height(sheet, live.top, 24)
        # 验证 must be able to write here while the sheet is protected, or a failure in between could leave a clerk's
        # file without its protection. So the cells are unlocked, and what a hand types into them is refused.
        refused = {
            "validate": "custom",
            "value": "=FALSE",
            "error_title": "此处由“验证”填写",
            "error_message": "这里的内容由“验证”自动填写，请不要修改。只有“情况说明”一栏供您填写。",
        }
        first = marking.FIRST_ROW - 1
        page.data_validation(live.top - 1, live.left - 1, first - 1, live.right - 1, refused)
        for left, right in ((live.left, marking.EXPLANATION - 1), (marking.EXPLANATION + 1, live.right)):
            page.data_validation(first, left - 1, _LAST_ROW - 1, right - 1, refused)
        area = f"A{marking.FIRST_ROW}:{column_letters(marking.VISIBLE)}{marking.LAST_ROW}"
        listed = {"type": "formula", "criteria": f"=LEN($A{marking.FIRST_ROW})>0", "format": styles.ruled}
        page.conditional_format(area, listed)
        page.freeze_panes(marking.FIRST_ROW - 1, 0)
        page.repeat_rows(marking.FIRST_ROW - 2)
        self.finish(sheet, None, landscape=True)

    def _guide(self) -> None:
        writer, styles = self.writer, self.writer.styles
        for row, (kind, texts) in enumerate(guide_lines(self.edition), 1):
            style = {"title": styles.title, "head": styles.section, "rule": styles.guide_rule}.get(kind, styles.guide)
            for column, line in enumerate(texts, 1):
                if line:
                    writer.put(GUIDE_SHEET, address(row, column), line, style)
            writer.height(GUIDE_SHEET, row, 34 if kind == "title" else text_height(texts[-1], _GUIDE_WIDTHS[-1]))
        writer.widths(GUIDE_SHEET, *_GUIDE_WIDTHS)
        writer.sheets[GUIDE_SHEET].hide_gridlines(2)
        self.finish(GUIDE_SHEET, None, landscape=False)

    def _meta(self) -> None:
        styles = self.writer.styles
        known = {
            "edition": self.edition.name,
            "template_version": TEMPLATE_VERSION,
            "schema_digest": self.edition.digest,
        }
        for row, key in enumerate(META_KEYS, 1):
            self.writer.put(META_SHEET, address(row, 1), key)
            self.writer.put(META_SHEET, address(row, 2), known.get(key), None if key in known else styles.stamp)
        page = self.writer.sheets[META_SHEET]
        page.hide()
        page.protect()

    def _buttons(self, project: macros.Macros) -> None:
        """Put 验证 to the right of what is printed, above the line where scrolling begins."""
        macros.attach(self.writer, project)
        macros.put_messages(self.writer.sheets[META_SHEET])
        macros.put_button(self.writer.sheets[COVER_SHEET], COVER_COLUMN + 3)
        for sheet in self.edition.sheets:
            right = max(block.data.right for block in self.edition.blocks if block.sheet == sheet)
            macros.put_button(self.writer.sheets[sheet], right + 1)


def blank(
    edition: Edition,
    *,
    year: int | None = None,
    unit: Unit | None = None,
    prior: Mapping[int, Value] | None = None,
    project: macros.Macros | None = None,
) -> bytes:
    """Return the official template of an edition as an .xlsx, or with a VBA project as an .xlsm with buttons.

    ``year`` and ``unit`` fill its cover, ``prior`` (item index → value) its sheet 上年数据.
    """
    return _built(Template(edition, None, prior, year=year, unit=unit), project)


def fill(edition: Edition, report: Report, prior: Mapping[int, Value] | None = None) -> bytes:
    """Return the official workbook filled with a report, as an .xlsx."""
    return _built(Template(edition, report, prior))


def _built(form: Template, project: macros.Macros | None = None) -> bytes:
    form.build(project)
    return form.writer.close()
