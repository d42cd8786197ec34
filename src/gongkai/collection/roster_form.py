"""The empty roster an office fills in: headings, drop-down lists, and what each column is for."""

from __future__ import annotations

from typing import Any

from gongkai.bookwriter import BookWriter
from gongkai.cell import address
from gongkai.collection.roster import COLUMNS, FILES, STATUSES
from gongkai.edition import editions

SHEET = "名册"
_ROWS = 2_000
"""So many rows have drop-down lists; more may be filled."""
_PROMPTS = {
    "code": "单位代码，与各单位封面所填一致；没有统一编码的可填统一社会信用代码。不要重复。",
    "name": "单位现用的全称，必填。",
    "former": "机构改革前的名称或常见的其他写法，多个用顿号“、”隔开；单位没有填代码时按名称对应。",
    "email": "催报时联系用。",
    "phone": "催报时联系用。",
    "credit_code": "18 位统一社会信用代码，可不填。",
    "parent": "上级单位的代码或名称，可不填；状态为“并入”时必填。",
}
_STATUS_PROMPT = (
    f"{FILES}：应单独报送；并入：数字已含在上级单位的报表里，不单独计入；不报：不在统计范围。不填即为{FILES}。"
)
_WIDTHS = {"name": 32, "former": 30, "email": 26, "phone": 18, "code": 22, "credit_code": 24, "parent": 24}


def workbook() -> bytes:
    """Return an empty roster as an .xlsx with native validation."""
    writer = BookWriter("政府信息公开年报报送单位名册")
    writer.add(SHEET)
    page, styles = writer.sheets[SHEET], writer.styles
    writer.put(SHEET, "A1", "政府信息公开年报报送单位名册", styles.section)
    writer.put(SHEET, "A2", "一行一个单位，第 4 行起填写。只有“单位名称”必填；有代码的尽量填代码。", styles.hint_line)
    fields = {field.key: field for field in list(editions().values())[-1].cover}
    for column, (key, headings) in enumerate(COLUMNS.items()):
        writer.put(SHEET, address(3, column + 1), headings[0], styles.label)
        page.set_column(column, column, _WIDTHS.get(key, 14), writer.book.add_format({"num_format": "@", "border": 1}))
        choices = STATUSES if key == "status" else list(fields[key].choices.values()) if key in fields else []
        prompt = _STATUS_PROMPT if key == "status" else _PROMPTS.get(key, "")
        page.data_validation(3, column, 2 + _ROWS, column, _rule(headings[0], list(choices), prompt))
    page.freeze_panes(3, 2)
    writer.paper(SHEET, landscape=True)
    return writer.close()


def _rule(heading: str, choices: list[str], prompt: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"input_title": heading, "input_message": prompt or f"从列表中选择{heading}。"}
    if not choices:
        return {"validate": "any", **rule}
    error = f"“{heading}”只能选择：{'、'.join(choices)}。"
    return {"validate": "list", "source": choices, **rule, "error_title": "请从列表中选择", "error_message": error}
