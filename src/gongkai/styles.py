"""How the workbook looks: 宋体, thin borders, tinted entry cells, everything else locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format

FONT = "宋体"
ENTRY, TOTAL, LABEL = "#FFF9E0", "#EFEFEF", "#FFFFFF"
RED, AMBER, GREEN = "#FFC7CE", "#FFE3B3", "#E2F0D9"


class Styles:
    """The cell formats of one workbook; conditional formats are the ones with only colours."""

    def __init__(self, book: Workbook) -> None:
        def style(**options: Any) -> Format:  # noqa: ANN401 - XlsxWriter's properties
            base = {"font_name": FONT, "font_size": 10.5, "valign": "vcenter"}
            return book.add_format({**base, **options})

        boxed = {"border": 1, "text_wrap": True}
        self.title = style(font_size=16, bold=True, align="center")
        self.subtitle = style(align="center")
        self.section = style(font_size=12, bold=True)
        self.label = style(**boxed, align="center", bg_color=LABEL)
        self.row_label = style(**boxed, align="left", indent=1, bg_color=LABEL)
        self.entry = style(**boxed, align="center", bg_color=ENTRY, locked=False)
        self.cover_entry = style(**boxed, align="left", indent=1, bg_color=ENTRY, locked=False)
        self.total = style(**boxed, align="center", bg_color=TOTAL)
        self.helper_head = style(align="center", font_color="#7F7F7F", font_size=9)
        self.mark = style(align="center", font_color="#7F7F7F", font_size=9)
        self.reason = style(align="left", font_color="#7F7F7F", font_size=9)
        self.hint = style(align="left", font_color="#7F7F7F", font_size=9, text_wrap=True)
        self.hint_line = style(align="left", font_color="#7F7F7F", font_size=9)
        self.note = style(align="left", text_wrap=True)
        self.live = style(align="center", bold=True, font_size=12, bg_color="#F7F7F7", border=1)
        self.result = style(align="left", text_wrap=True, locked=False)
        self.result_head = style(**boxed, align="center", bg_color=LABEL, locked=False)
        self.conclusion = style(align="left", bold=True, font_size=12, locked=False)
        self.stamp = book.add_format({"locked": False})
        self.guide = style(align="left", text_wrap=True)
        self.guide_rule = style(align="left", text_wrap=True, border=1, valign="top")

        self.found_error = book.add_format({"bg_color": RED})
        self.found_warning = book.add_format({"bg_color": AMBER})
        self.passed = book.add_format({"bg_color": GREEN, "font_color": "#2E7D32"})
        self.unfit = book.add_format({"bg_color": RED, "font_color": "#C00000"})
        self.mark_ok = book.add_format({"font_color": "#2E7D32"})
        self.mark_wrong = book.add_format({"font_color": "#C00000", "bold": True})
        self.mark_explain = book.add_format({"font_color": "#B26A00", "bold": True})
        self.ruled = book.add_format({"border": 1})
