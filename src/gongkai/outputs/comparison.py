"""同比: this year beside last year, cell by cell, over the units that are known from both."""

from __future__ import annotations

from gongkai.bookwriter import BookWriter
from gongkai.cell import Value, address
from gongkai.layout import text_height
from gongkai.merge import Summary
from gongkai.styles import FONT

SHEET = "同比"
_COLUMNS = {"表": 15, "行": 44, "列": 30, "本年": 12, "可比单位本年": 12, "可比单位上年": 12, "增减": 12, "变化": 10}


def write_comparison(writer: BookWriter, summary: Summary) -> None:
    """Write the sheet, if any unit is known from last year; units that are not would show as growth."""
    if summary.last is None or summary.comparable is None:
        return
    writer.add(SHEET)
    page, styles = writer.sheets[SHEET], writer.styles
    title = (
        f"{summary.year} 年度与上年度比较：增减和变化只算有上年数的 {summary.compared} 个单位，"
        f"“本年”是全部 {summary.ledger.count(counted=True)} 个单位"
    )
    writer.put(SHEET, "A1", title, styles.section)
    writer.widths(SHEET, *_COLUMNS.values())
    for column, head in enumerate(_COLUMNS, 1):
        writer.put(SHEET, address(2, column), head, styles.label)
    percent = writer.book.add_format(
        {
            "font_name": FONT,
            "font_size": 10.5,
            "num_format": "0.0%",
            "border": 1,
            "align": "center",
            "valign": "vcenter",
        }
    )
    widths = list(_COLUMNS.values())
    for row, item in enumerate(summary.edition.items, 3):
        headings = (item.sheet, item.row_heading[-1], item.column_heading[-1])
        for column, text in enumerate(headings, 1):
            writer.put(SHEET, address(row, column), text, styles.row_label)
        lines = (text_height(text, 0.92 * width - 2) for text, width in zip(headings, widths, strict=False))
        writer.height(SHEET, row, max(lines))
        now, then, digits = summary.comparable[item.index], summary.last[item.index], item.measure.decimals or 0
        writer.put_formula(SHEET, f"D{row}", f"={item.sheet}!{item.cell}", summary.totals[item.index], styles.total)
        writer.put(SHEET, f"E{row}", now, styles.total)
        writer.put(SHEET, f"F{row}", then, styles.total)
        difference = round(now - then, digits)
        writer.put_formula(SHEET, f"G{row}", f"=ROUND(E{row}-F{row},{digits})", difference, styles.total)
        change: Value = difference / then if then else "—"
        writer.put_formula(SHEET, f"H{row}", f'=IF(F{row}=0,"—",G{row}/F{row})', change, percent)
    page.freeze_panes(2, 3)
    page.repeat_rows(1)
    writer.paper(SHEET, landscape=True)
