"""Findings → the sheet 验证结果: one block of values, from which the cells of the workbook paint themselves.

Every input range of a template carries a conditional format that looks its own place up in this block. So marking is
one write, clearing the block clears the marks, and no fill of the clerk's is ever overwritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from gongkai.cell import Link, Value, address, parse_address
from gongkai.layout import Box, text_height
from gongkai.messages import KEPT_EXPLANATION, SEVERITIES
from gongkai.remedy import advice
from gongkai.transplant import Block, replace_block
from gongkai.validation import Finding
from gongkai.wording import cell_range, shown

RESULT_SHEET = "验证结果"
SUMMARY_CELL = "A2"
NOT_YET = "尚未验证。"
FIRST_ROW = 4
ROWS = 400
"""So many findings fit; the last row says how many more there are."""

COLUMNS = (
    "序号", "级别", "表", "单元格", "项目", "填报值", "应为", "问题与修改建议", "情况说明", "规则", "上", "左", "下", "右",
)  # fmt: skip
EXPLANATION = COLUMNS.index("情况说明") + 1
"""The column, counted from 1, that the clerk writes in."""
VISIBLE = EXPLANATION
"""Columns after this one serve the programs: the rule id, and the rectangle to paint."""
LAST_ROW = FIRST_ROW + ROWS - 1
MESSAGE_WIDTH = 64
"""The width of the column 问题与修改建议, in characters."""

Row = tuple[Value | Link, ...]
Cells = Mapping[tuple[int, int], Value]
Explanations = Mapping[tuple[str, str, str], str]
"""(rule, sheet, cell) → 情况说明, as the clerk typed it."""


def summary(findings: Sequence[Finding]) -> str:
    """Return the one line that says how it stands."""
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" and finding.open for finding in findings)
    explained = sum(finding.severity == "warning" and not finding.open for finding in findings)
    if not errors and not warnings:
        return "验证通过，可以报送。" + (f"已说明 {explained} 处。" if explained else "")
    parts = [f"{errors} 处错误须改正"] * bool(errors) + [f"{warnings} 处须在“情况说明”栏写明原因"] * bool(warnings)
    return "验证未通过：" + "，".join(parts) + "。"


def block(findings: Sequence[Finding], explanations: Explanations | None = None, *, keep: bool = False) -> list[Row]:
    """Return the rows of the block, one per finding, in the order of ``COLUMNS``; no more than ``ROWS``.

    The column 单元格, and only it, holds links. What the clerk explained is kept, also what explains nothing, and as
    long as there are errors, or with ``keep``, also what belongs to no finding: a warning hides behind an error and
    comes back with its correction, and nobody should have to type the reason again.
    """
    texts = explanations or {}
    first: dict[object, int] = {}
    rows = []
    for number, finding in enumerate(findings, 1):
        told = first.setdefault(finding.remedies, number) if finding.remedies else number
        rows.append(_row(number, finding, texts, told))
    if keep or any(finding.severity == "error" for finding in findings):
        found = {(finding.rule, finding.sheet, finding.cell) for finding in findings}
        kept = [(key, text) for key, text in texts.items() if key not in found]
        rows += [_kept(number, *entry) for number, entry in enumerate(kept, len(rows) + 1)]
    if len(rows) > ROWS:
        more = f"另有 {len(rows) - ROWS + 1} 处问题没有列出，请先改正以上各处，再验证一次。"
        values: dict[str, Value] = {"序号": ROWS, "问题与修改建议": more}
        rows[ROWS - 1 :] = [tuple(values.get(name) for name in COLUMNS)]
    return rows


def _row(number: int, finding: Finding, texts: Explanations, told: int) -> Row:
    """Return the row of a finding; what would settle it stands in the row ``told``."""
    cells = finding.span or (finding.cell,)
    rows, columns = zip(*(parse_address(cell) for cell in cells), strict=True)
    message = finding.message
    if finding.remedies:
        message = f"{advice(finding.remedies)}{message}" if told == number else f"{message}（与第 {told} 条同一处错误）"
    return (
        number, SEVERITIES[finding.severity], finding.sheet, Link(finding.sheet, finding.cell, cell_range(cells)),
        finding.name, shown(finding.value), None if finding.expected is None else shown(finding.expected),
        message, finding.explanation or texts.get((finding.rule, finding.sheet, finding.cell)), finding.rule,
        min(rows), min(columns), max(rows), max(columns),
    )  # fmt: skip


def _kept(number: int, key: tuple[str, str, str], text: str) -> Row:
    """Return the row of an explanation without a finding; it has no 级别, so it paints nothing."""
    rule, sheet, cell = key
    row, column = parse_address(cell)
    link = Link(sheet, cell, cell)
    return (number, None, sheet, link, None, None, None, KEPT_EXPLANATION, text, rule, row, column, row, column)


LIVE = Box(parse_address(SUMMARY_CELL)[0], 1, LAST_ROW, len(COLUMNS))
"""What a program that has the workbook open writes at once: the summary, the titles and the whole block."""


def live_rows(conclusion: str, rows: Sequence[Row] = ()) -> list[Row]:
    """Return ``LIVE`` row by row; titles somebody deleted come back with it."""
    width, blank = len(COLUMNS), (None,) * len(COLUMNS)
    return [(conclusion, *(None,) * (width - 1)), COLUMNS, *rows, *[blank] * (ROWS - len(rows))]


def is_ours(cells: Cells) -> bool:
    """Tell whether the cells of a sheet called 验证结果 are those of our template, and not somebody's own sheet."""
    row = FIRST_ROW - 1
    return all(cells.get((row, column)) == COLUMNS[column - 1] for column in range(EXPLANATION + 1, len(COLUMNS) + 1))


def explanations_in(cells: Cells) -> dict[tuple[str, str, str], str]:
    """Return the clerk's explanations by (rule, sheet, cell) from the cells of the sheet 验证结果."""
    found: dict[tuple[str, str, str], str] = {}
    others = [COLUMNS.index(name) + 1 for name in ("表", "规则", "上", "左")]
    # Few rows are explained, so only these are looked at; every workbook that is read passes here.
    for row in sorted(row for row, column in cells if column == EXPLANATION and FIRST_ROW <= row <= LAST_ROW):
        text = str(cells[row, EXPLANATION])
        sheet, rule, top, left = (cells.get((row, column)) for column in others)
        if text.strip() and isinstance(top, int) and isinstance(left, int):
            found[str(rule), str(sheet), address(top, left)] = text
    return found


def marked(data: bytes, findings: Sequence[Finding], explanations: Explanations, *, propose: bool = False) -> bytes:
    """Return a copy of a workbook of ours with the findings in its sheet 验证结果; nothing else of it changes.

    ``propose`` adds a column with what is proposed for each. Raises ``KeyError`` where there is no such sheet.
    """
    rows = block(findings, explanations)
    if propose:
        rows = [(*row, said) for row, said in zip_longest(rows, map(_proposal, findings[: len(rows)]))]
    heights = [text_height(str(row[COLUMNS.index("问题与修改建议")]), MESSAGE_WIDTH) for row in rows]
    return replace_block(
        data, RESULT_SHEET, Block(FIRST_ROW, LAST_ROW, rows, heights, {SUMMARY_CELL: summary(findings)})
    )


def _proposal(finding: Finding) -> str | None:
    return finding.cure.change if finding.cure else None


def findings_list(file: str, findings: Sequence[Finding], *, propose: bool = False) -> bytes:
    """Return a small workbook that lists the findings of a file which has no sheet of ours to write them in."""
    import io  # noqa: PLC0415 - only here

    import xlsxwriter  # noqa: PLC0415 - half of validate's time budget, and seldom needed

    from gongkai.bookwriter import storable  # noqa: PLC0415 - as above

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet(RESULT_SHEET)
    wrap, head = (
        book.add_format({"font_name": "宋体", "text_wrap": True, "border": 1, "bold": bold}) for bold in (False, True)
    )
    page.write(0, 0, storable(f"{file}：{summary(findings)}"))
    titles = ("序号", "级别", "表", "单元格", "项目", "填报值", "应为", "问题与修改建议", "建议改为")[
        : 9 if propose else 8
    ]
    for column, (title, width) in enumerate(zip(titles, (6, 8, 12, 12, 30, 14, 12, 80, 40), strict=False)):
        page.write(1, column, title, head)
        page.set_column(column, column, width)
    for number, finding in enumerate(findings, 1):
        place, expected = cell_range(finding.span or (finding.cell,)), finding.expected
        texts = (
            number, SEVERITIES[finding.severity], finding.sheet, place, finding.name, shown(finding.value),
            "" if expected is None else shown(expected), storable(finding.message),
        )  # fmt: skip
        page.write_row(number + 1, 0, (*texts, _proposal(finding) or "") if propose else texts, wrap)
    book.close()
    return buffer.getvalue()
