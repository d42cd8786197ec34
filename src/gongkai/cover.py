"""The cover of the workbook: who files, and a live line that says how the built-in checks stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gongkai import checks
from gongkai.cell import Value, address, parse_address
from gongkai.checks import EXPLAIN, PENDING, WRONG, Formula
from gongkai.edition import COVER_COLUMN, COVER_SHEET, CoverField, Edition
from gongkai.entries import colour_marks, paint
from gongkai.form import Form
from gongkai.layout import Box, text_height
from gongkai.sheets import META_SHEET

CHECK_LABEL = "内置校验"
_LAST_YEAR = 2099
"""An edition that is still in force is open-ended up to here."""
_NOTES = (
    "填写方法：只填浅黄色的格子，灰色的合计自动计算；没有发生的填 0。全部没有发生时，把“零报告”选为“是”。",
    "填写时留意每张表右侧和下方的核对标记：✓ 成立，✗ 有误，待填 还有空格，需说明 要写明原因。",
    "上方显示“内置校验：通过”，或只剩“需说明”而数字核对无误的，保存本文件并按要求报送。每条规则的含义见“填报说明”。",
)
_WIDTHS = (2, 26, 34, 9, 44)
_WIDTH = len(_WIDTHS)


def write_cover(form: Form) -> None:
    """Write the cover, last of all sheets: it counts the marks of the others."""
    writer, edition = form.writer, form.edition
    page, styles = writer.sheets[COVER_SHEET], writer.styles
    title = f"{edition.schema['title']}（{edition.name} 年版）"
    writer.put_box(COVER_SHEET, Box(1, 1, 1, _WIDTH), title, styles.title)
    writer.height(COVER_SHEET, 1, 44)
    for field in edition.cover:
        _field(form, field)
    _count(form)
    first, last = edition.cover[0], edition.cover[-1]
    for number, text in enumerate(_NOTES, last.row + 2):
        writer.put_box(COVER_SHEET, Box(number, 2, number, _WIDTH), text, styles.note)
        writer.height(COVER_SHEET, number, text_height(text, sum(_WIDTHS[1:])))
    paint(writer, COVER_SHEET, [f"{first.cell}:{last.cell}"])
    marks = COVER_COLUMN + 1
    colour_marks(writer, COVER_SHEET, Box(first.row, marks, last.row, marks).reference)
    writer.widths(COVER_SHEET, *_WIDTHS)
    page.hide_gridlines(2)
    form.finish(COVER_SHEET, Box(1, 1, last.row + 1 + len(_NOTES), _WIDTH), landscape=False)
    page.activate()


def _field(form: Form, field: CoverField) -> None:
    writer, styles = form.writer, form.writer.styles
    value = form.filling.year if field.key == "year" else getattr(form.filling.unit, field.key)
    shows = field.choices.get(value, value) if isinstance(value, str) else value
    writer.put(COVER_SHEET, address(field.row, COVER_COLUMN - 1), field.label, styles.row_label)
    writer.put(COVER_SHEET, field.cell, shows, styles.cover_entry)
    writer.put(COVER_SHEET, address(field.row, COVER_COLUMN + 2), field.prompt or None, styles.hint)
    writer.height(COVER_SHEET, field.row, text_height(field.prompt, _WIDTHS[-1], 25))
    if mark := checks.cover_mark(form.edition, field):
        form.put_mark(mark, styles.mark)
    if options := _validation(form.edition, field):
        writer.sheets[COVER_SHEET].data_validation(field.cell, options)


def _validation(edition: Edition, field: CoverField) -> dict[str, Any] | None:
    prompt = {"input_title": field.label, "input_message": field.prompt}
    if field.choices:
        texts = list(field.choices.values())
        asks = f"“{field.label}”只能选择：{'、'.join(texts)}。"
        error = {"error_title": "请从列表中选择", "error_message": asks}
        return {"validate": "list", "source": texts, **prompt, "input_message": field.prompt or asks, **error}
    if field.key == "year":
        first, last = edition.years.start, edition.years.stop - 1
        years = f"{first} 年及以后" if last == _LAST_YEAR else "、".join(map(str, edition.years))
        asks = f"本表适用于 {years}年度。请填四位数字的年份，例如 {first}。"
        bounds = {"criteria": "between", "minimum": first, "maximum": last}
        error = {"error_title": "报告年度有误", "error_message": asks}
        return {"validate": "integer", **bounds, **prompt, "input_message": asks, **error}
    return {"validate": "any", **prompt} if field.prompt else None


def _count(form: Form) -> None:
    """Write the live line: how many marks of the workbook are not ✓, or 通过."""
    writer = form.writer
    results = [result for marks in form.marks.values() for _, result in marks]
    counts = {mark: results.count(mark) for mark in (WRONG, PENDING, EXPLAIN)}
    areas = [f"{sheet}!{area}" for sheet, marks in form.marks.items() for area in _areas(f for f, _ in marks)]
    # The three counts stand out of sight, so that the line itself stays short.
    for row, (mark, count) in enumerate(counts.items(), 1):
        terms = "+".join(f'COUNTIF({area},"{mark}")' for area in areas)
        writer.put(META_SHEET, f"C{row}", mark)
        writer.put_formula(META_SHEET, f"D{row}", f"={terms}", count)
    box = Box(2, 1, 2, _WIDTH)
    writer.put_box(COVER_SHEET, box, None, writer.styles.live)
    writer.put_formula(COVER_SHEET, box.start, _line_formula(), _line(counts), writer.styles.live)
    writer.height(COVER_SHEET, 2, 30)
    passed = {"type": "formula", "criteria": '=RIGHT($A$2,2)="通过"', "format": writer.styles.passed}
    writer.sheets[COVER_SHEET].conditional_format(box.reference, passed)


def _line(counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    if not total:
        return f"{CHECK_LABEL}：通过"
    parts = "，".join(f"{name} {counts[mark]}" for name, mark in _PARTS)
    return f"{CHECK_LABEL}：{total} 处问题（{parts}）"


def _line_formula() -> str:
    cells = {mark: f"{META_SHEET}!$D${row}" for row, mark in enumerate((WRONG, PENDING, EXPLAIN), 1)}
    total = "+".join(cells.values())
    parts = '&"，'.join(f'{name} "&{cells[mark]}' for name, mark in _PARTS)
    return f'="{CHECK_LABEL}："&IF({total}=0,"通过",{total}&" 处问题（{parts}&"）")'


_PARTS = (("错误", WRONG), ("待填", PENDING), ("需说明", EXPLAIN))


def _areas(formulas: Iterable[Formula]) -> list[str]:
    """Return the cells of some formulas as a few ranges of neighbours."""
    runs: list[list[tuple[int, int]]] = []
    for place in (parse_address(formula.cell) for formula in formulas):
        if runs and _continues(runs[-1], place):
            runs[-1].append(place)
        else:
            runs.append([place])
    return [Box(*run[0], *run[-1]).reference for run in runs]


def _continues(run: list[tuple[int, int]], place: tuple[int, int]) -> bool:
    step = (place[0] - run[-1][0], place[1] - run[-1][1])
    if len(run) == 1:
        return step in {(0, 1), (1, 0)}
    return step == (run[-1][0] - run[-2][0], run[-1][1] - run[-2][1])


def text(value: Value) -> str:
    """Return a cover value inside a line of text."""
    return "" if value is None else str(value)
