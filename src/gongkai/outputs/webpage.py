"""概览.html: the summary as one web page that needs nothing else - no network, no server, hardly a script.

Whatever comes from a workbook is text here and nothing but text: it is escaped in one place, and the page's own policy
lets no script run and no style apply but the two the kit brings, which it knows by their digests.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import gongkai
from gongkai.layout import Block
from gongkai.merge import Summary
from gongkai.messages import STATUSES
from gongkai.outputs.overview import INK, PROGRESS, Chart, Overview
from gongkai.submission import Submission

PAGE = Path(__file__).parent / "page"
"""Its style and its script."""
_WIDE = 5
"""A printed table with more columns of numbers does not fit on a telephone."""
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What no page can hold, or what would turn the text around it: controls, half characters, changes of direction."""


def write_page(summary: Summary, file: TextIO) -> None:
    """Write the page, in memory that does not grow with the number of units."""
    file.writelines(_Page(summary).pieces())


def text(value: object) -> str:
    """Return anything as text of a page, inside an element or between quotes; a blank is nothing."""
    return "" if value is None else html.escape(_UNFIT.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def number(value: float) -> str:
    """Return a number as people read it: in groups of three digits, every decimal it has, no exponent."""
    return f"{Decimal(repr(value)):,f}"


class _Page:
    """The page of a summary, in the order in which it is read."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.overview = Overview.of(summary)

    def pieces(self) -> Iterator[str]:
        """Yield the page."""
        yield from self._head()
        yield from self._figures()
        yield from self._charts()
        yield from self._tables()
        yield from self._missing()
        yield from self._units()
        yield from self._foot()

    def _head(self) -> Iterator[str]:
        style, script = ((PAGE / name).read_text(encoding="utf-8") for name in ("style.css", "script.js"))
        policy = (
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
        )
        summary, title = self.summary, text(self.overview.title)
        yield (
            '<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light">\n'
            f"<title>{title}</title>\n<style>{style}</style>\n<script>{script}</script>\n</head>\n<body>\n"
            '<a class="skip" href="#units">跳到各单位情况</a>\n'
            f"<header><h1>{title}</h1>\n<p>{text(summary.edition.name)} 年版统计表，{summary.year} 年度</p></header>\n"
        )
        late = {"missing": "未报送单位"} if summary.missing else {}
        parts = {"figures": "概况", "tables": "统计表", **late, "units": "各单位情况", "origin": "数据来源"}
        links = "".join(f'<a href="#{name}">{part}</a>' for name, part in parts.items())
        yield f'<nav aria-label="本页内容">{links}</nav>\n<main>\n'

    def _figures(self) -> Iterator[str]:
        yield '<section id="figures" aria-label="概况">\n<dl class="figures">\n'
        for name, count in self.overview.figures:
            problem = ' class="problem"' if name.startswith(("未汇总", "未报送")) and count else ""
            yield f"<div><dt>{name}</dt><dd{problem}>{number(count)}</dd></div>\n"
        yield "</dl>\n"

    def _charts(self) -> Iterator[str]:
        yield '<h2>图表</h2>\n<div class="charts">\n'
        for chart in self.overview.charts:
            yield from _bars(chart)
        yield "</div>\n</section>\n"

    def _tables(self) -> Iterator[str]:
        yield '<section id="tables" aria-labelledby="tables-title">\n<h2 id="tables-title">全地区统计表</h2>\n'
        edition = self.summary.edition
        for sheet, title in edition.sheets.items():
            for block in (block for block in edition.blocks if block.sheet == sheet):
                heads = [label.text for label in block.labels if label.kind == "block"]
                caption = text(" ".join((title, *heads)))
                yield f'<div class="scroll" tabindex="0" role="group" aria-label="{caption}">\n'
                kinds = " across" * block.across + " wide" * (block.data.right - block.data.left >= _WIDE)
                yield f'<table class="form{kinds}"><caption>{caption}</caption>\n'
                yield from self._form(block)
                yield "</table></div>\n"
        if self.overview.notices:
            yield '<div class="note"><p>相加须注意：</p>\n<ul>\n'
            for notice, names in self.overview.notices.items():
                yield f"<li>{text('、'.join(names))}——{text(notice)}。</li>\n"
            yield "</ul></div>\n"
        yield "</section>\n"

    def _form(self, block: Block) -> Iterator[str]:
        """Yield the rows of a printed table, the cells spanning what they span on paper."""
        edition = self.summary.edition
        rows: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for label in block.labels:
            box = label.box
            span = _spans(box.right - box.left + 1, box.bottom - box.top + 1)
            if label.kind == "corner":
                cell = f'<td class="corner"{span}>{text(label.text)}</td>'
            else:
                down = label.kind == "row" and not block.across
                cell = f'<th scope="{"row" if down else "col"}"{span}>{text(label.text)}</th>'
            if label.kind != "block":
                rows[box.top].append((box.left, cell))
        for (row, column), box in block.cells.items():
            item = edition.items[edition.index[f"{block.table}.{row}.{column}"]]
            kind = ' class="total"' if item.derived else ""
            span = _spans(box.right - box.left + 1, 1)
            rows[box.top].append((box.left, f"<td{kind}{span}>{number(self.summary.totals[item.index])}</td>"))
        yield "<thead>\n"
        for top in sorted(rows):
            if top == block.data.top:
                yield "</thead>\n<tbody>\n"
            yield f"<tr>{''.join(cell for _, cell in sorted(rows[top]))}</tr>\n"
        yield "</tbody>"

    def _missing(self) -> Iterator[str]:
        missing = self.summary.missing
        if not missing:
            return
        yield '<section id="missing" aria-labelledby="missing-title">\n'
        yield f'<h2 id="missing-title">未报送单位（{number(len(missing))} 个）</h2>\n<table class="list">\n<thead><tr>'
        yield "".join(f'<th scope="col">{head}</th>' for head in ("单位名称", "单位代码", "联系电话", "电子邮箱"))
        yield "</tr></thead>\n<tbody>\n"
        for entry in missing:
            cells = "".join(f"<td>{text(value)}" for value in (entry.code, entry.phone, entry.email))
            yield f'<tr><th scope="row">{text(entry.name)}</th>{cells}\n'
        yield "</tbody></table>\n</section>\n"

    # --- the units, one by one

    def _units(self) -> Iterator[str]:
        received = [("received", "新收申请", "count wide")] if self.overview.has_applications else []
        columns = [
            ("number", "序号", "number"), ("name", "单位名称", "name"), ("code", "单位代码", "code"),
            ("result", "结果", "result"), ("why", "原因", "why"), ("errors", "错误", "count"),
            ("warnings", "需说明", "count"), *received, ("file", "文件", "file"),
        ]  # fmt: skip
        states = self.overview.states
        choices = "".join(f"<option>{state}</option>" for state in PROGRESS if states[state])
        yield (
            '<section id="units" aria-labelledby="units-title">\n<h2 id="units-title">各单位情况</h2>\n'
            '<p class="no-script note">搜索、筛选和翻页需要浏览器允许本页运行脚本；现在全部列出。</p>\n'
            '<div class="tools needs-script" role="search">\n'
            '<label>搜索单位、代码、文件、原因 <input type="search" id="search" autocomplete="off"></label>\n'
            f'<label>结果 <select id="result"><option value="">全部</option>{choices}</select></label>\n'
            '<label class="check"><input type="checkbox" id="errors"> 只看有错误的</label>\n'
            '<label class="check"><input type="checkbox" id="warnings"> 只看有需说明事项的</label>\n'
            '</div>\n<p class="note needs-script" id="count" role="status"></p>\n<p class="note" id="printed"></p>\n'
            '<div class="scroll" tabindex="0" role="group" aria-label="各单位情况">\n<table class="list" id="list"><colgroup>'
        )
        yield "".join(f'<col class="{width}">' for _, _, width in columns)
        yield "</colgroup>\n<thead><tr>"
        for name, head, width in columns:
            kind = ' class="n"' if width.startswith(("number", "count")) else ""
            yield f'<th scope="col" data-column="{name}"{kind}>{head}</th>'
        yield "</tr></thead>\n<tbody>\n"
        for number_, (_, submission, why) in enumerate(self.summary.ledger.submissions(), 1):
            yield self._unit(number_, submission, why)
        yield (
            '</tbody></table></div>\n<div class="pages needs-script">'
            '<button type="button" id="previous">上一页</button> <span id="page" role="status"></span> '
            '<button type="button" id="next">下一页</button></div>\n</section>\n'
        )

    def _unit(self, place: int, submission: Submission, why: str | None) -> str:
        """Return a row; HTML lets a cell end where the next begins, which is a third of the file."""
        counted, unit = why is None, submission.unit
        severities = [finding.severity for finding in submission.findings]
        judged = submission.report is not None  # of what was not read nobody knows how much is wrong
        cells: list[object] = [
            unit.code,
            "已汇总" if counted else "未汇总",
            STATUSES[submission.status] if why is None else self.summary.short_reason(why),
            *(severities.count(severity) if judged else None for severity in ("error", "warning")),
        ]
        if self.overview.has_applications:
            received = self.overview.applications_of(submission) if counted else None
            cells.append(None if received is None else number(received))
        cells.append(self.summary.short(submission.file))
        kind = "" if counted else " class=out"
        return f"<tr{kind}><td>{place}<th scope=row>{text(unit.name)}{''.join(f'<td>{text(cell)}' for cell in cells)}\n"

    def _foot(self) -> Iterator[str]:
        summary, states = self.summary, self.overview.states
        yield (
            '</main>\n<footer id="origin">\n'
            f"<p>数据来源：收到 {number(states.total())} 份报表文件，其中已汇总 {number(states['已汇总'])} 份，"
            f"未汇总 {number(states['未汇总'])} 份；{summary.year} 年度，{text(summary.edition.name)} 年版统计表"
            f"（校验码 {summary.edition.digest}）；由 gongkai {gongkai.__version__} 汇总。"
            "各单位明细、问题清单和每份文件的校验码见同时生成的汇总表。</p>\n</footer>\n</body>\n</html>\n"
        )


def _bars(chart: Chart) -> Iterator[str]:
    """Yield a chart as a table with a bar in each row: its numbers can be read, heard and copied."""
    yield f'<div class="chart"><table><caption>{text(chart.title)}</caption>\n'
    most = max((count for _, count in chart.entries), default=0)
    if not chart.total:
        yield f"<tr><td>{chart.nothing}</td></tr>\n"
    for name, count in chart.entries if chart.total else ():
        share = f"<td>{count / chart.total:.1%}</td>" if chart.shares else ""
        bar = f'<rect width="{count / most * 100:.2f}" height="10" fill="{PROGRESS.get(name, INK)}"/>'
        yield (
            f'<tr><th scope="row">{text(name)}</th><td class="bar" aria-hidden="true">'
            f'<svg viewBox="0 0 100 10" preserveAspectRatio="none">{bar}</svg></td><td>{number(count)}</td>{share}</tr>\n'
        )
    yield "</table></div>\n"


def _spans(columns: int, rows: int) -> str:
    """Return the attributes of a cell that spans several."""
    return "".join(f' {name}="{count}"' for name, count in (("colspan", columns), ("rowspan", rows)) if count > 1)


def _digest(content: str) -> str:
    """Return what a policy calls a script or style by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
