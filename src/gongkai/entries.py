"""What an entry cell does by itself: native validation with a Chinese prompt, and the colours of what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gongkai import marking
from gongkai.bookwriter import BookWriter
from gongkai.checks import EXPLAIN, OK, WRONG
from gongkai.edition import Measure
from gongkai.layout import Box
from gongkai.messages import SEVERITIES

_NAMES: Mapping[str, str] = {
    "gk_mark_level": "级别",
    "gk_mark_sheet": "表",
    "gk_mark_top": "上",
    "gk_mark_left": "左",
    "gk_mark_bottom": "下",
    "gk_mark_right": "右",
}
_ASKS: Mapping[str, str] = {
    "count": "请填不小于 0 的整数；没有发生的填 0，不要留空，不要带单位。",
    "signed_count": "请填整数：增加填正数，减少填负数（如 -3），没有变化填 0。",
    "ten_thousand_yuan": "请填以万元为单位的金额，最多 6 位小数；没有的填 0，不要带单位。",
}


def define_names(writer: BookWriter) -> None:
    """Define the names through which every cell looks itself up in 验证结果."""
    for name, title in _NAMES.items():
        column = marking.COLUMNS.index(title) + 1
        writer.define(name, marking.RESULT_SHEET, Box(marking.FIRST_ROW, column, marking.LAST_ROW, column))


def paint(writer: BookWriter, sheet: str, areas: Iterable[str]) -> None:
    """Let the cells of ``areas`` show the findings that 验证结果 lists for them."""
    styles = {"error": writer.styles.found_error, "warning": writer.styles.found_warning}
    for area in areas:
        for severity, style in styles.items():
            condition = (
                f'=COUNTIFS(gk_mark_sheet,"{sheet}",gk_mark_level,"{SEVERITIES[severity]}",gk_mark_top,"<="&ROW(),'
                'gk_mark_bottom,">="&ROW(),gk_mark_left,"<="&COLUMN(),gk_mark_right,">="&COLUMN())>0'
            )
            rule = {"type": "formula", "criteria": condition, "format": style, "stop_if_true": True}
            writer.sheets[sheet].conditional_format(area, rule)


def guard_entries(writer: BookWriter, sheet: str, area: str, measure: Measure) -> None:
    """Give entry cells of one measure their native validation, and red where a paste has got round it."""
    cell = area.partition(":")[0]
    whole = f"INT({cell})={cell}" if measure.whole else f"ROUND({cell},{measure.decimals})={cell}"
    fits = f"ISNUMBER({cell}),{whole},{cell}>={measure.minimum},{cell}<={measure.maximum}"
    unfit = f"=AND(NOT(ISBLANK({cell})),ISERROR(1/AND({fits})))"
    page = writer.sheets[sheet]
    page.conditional_format(area, {"type": "formula", "criteria": unfit, "format": writer.styles.unfit})
    asks = _ASKS[measure.name]
    rule: dict[str, Any] = {
        "input_title": "填写要求",
        "input_message": asks,
        "error_title": "填写的内容不符合要求",
        "error_message": asks + "请重新填写。",
    }
    if measure.whole:
        bounds = {"minimum": measure.minimum, "maximum": measure.maximum}
        rule |= {"validate": "integer", "criteria": "between", **bounds}
    else:
        rule |= {"validate": "custom", "value": f"=AND({fits})"}
    page.data_validation(area, rule)


def colour_marks(writer: BookWriter, sheet: str, area: str) -> None:
    """Give the marks in ``area`` their colours."""
    styles = {OK: writer.styles.mark_ok, WRONG: writer.styles.mark_wrong, EXPLAIN: writer.styles.mark_explain}
    for mark, style in styles.items():
        rule = {"type": "cell", "criteria": "==", "value": f'"{mark}"', "format": style}
        writer.sheets[sheet].conditional_format(area, rule)
