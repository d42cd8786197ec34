"""Workbooks as other programs write them: each function takes a report or a file and returns a file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import xlsxwriter

import workbooks as w
from gongkai.report import Report

GNUMERIC_SECONDS = 120
LIBREOFFICE = {
    "xlsx": ("xlsx", "Calc MS Excel 2007 XML"),
    "xlsx as the standard has it": ("xlsx", "Calc Office Open XML"),
    "xlsm": ("xlsm", "Calc MS Excel 2007 VBA XML"),
    "xltx": ("xltx", "Calc MS Excel 2007 XML Template"),
    "xls": ("xls", "MS Excel 97"),
    "xlt": ("xlt", "MS Excel 97 Vorlage/Template"),
    "et": ("et", "MS Excel 97"),
}
"""Suffix and filter of what LibreOffice saves and we read."""
REFUSED = {
    "ods": ("ods", "calc8", "opendocument"),
    "flat ods": ("fods", "OpenDocument Spreadsheet Flat XML", "not-zip"),
    "csv": ("csv", "Text - txt - csv (StarCalc)", "text"),
    "csv called xls": ("xls", "Text - txt - csv (StarCalc)", "not-zip"),
    "web page called xls": ("xls", "HTML (StarCalc)", "not-zip"),
    "dif": ("dif", "DIF", "not-zip"),
    "slk": ("slk", "SYLK", "not-zip"),
    "pdf": ("pdf", "calc_pdf_Export", "document"),
    "pdf called xlsx": ("xlsx", "calc_pdf_Export", "not-zip"),
}
"""Suffix and filter of what is refused, and the reason."""
GNUMERIC = {
    "xlsx of 2007": ("xlsx", "Gnumeric_Excel:xlsx"),
    "xlsx of 2010": ("xlsx", "Gnumeric_Excel:xlsx2"),
    "xls of 97": ("xls", "Gnumeric_Excel:excel_biff8"),
    "xls of 97 and 95 in one": ("xls", "Gnumeric_Excel:excel_dsf"),
}
GNUMERIC_REFUSED = {
    "xls of 95, which has no Chinese": ("xls", "Gnumeric_Excel:excel_biff7", "foreign"),
    "its own format": ("gnumeric", "Gnumeric_XmlIO:sax", "not-zip"),
    "ods": ("ods", "Gnumeric_OpenCalc:odf", "opendocument"),
    "web page called xls": ("xls", "Gnumeric_html:html40", "not-zip"),
}


def reports(edition: str) -> dict[str, Report]:
    """Return a report whose totals are live formulas, and one whose totals are typed, all numbers different."""
    return {"live": w.clean(edition, 2), "typed": w.distinct(edition)}


def by_gnumeric(source: Path, target: Path, exporter: str) -> Path:
    """Let gnumeric save a workbook in another format; skip the test where it is not installed."""
    program = shutil.which("ssconvert")
    if program is None:
        if os.environ.get("GONGKAI_REQUIRE_OFFICE") == "1":
            pytest.fail("gnumeric is not installed")
        pytest.skip("gnumeric is not installed (Debian: gnumeric)")
    command = [program, "--export-type", exporter, str(source), str(target)]
    environment = {**os.environ, "HOME": str(target.parent)}
    subprocess.run(command, check=True, capture_output=True, timeout=GNUMERIC_SECONDS, env=environment)
    return target


def by_xlsxwriter(report: Report, path: Path) -> Path:
    """Write the tables of a report afresh, with borders and a merge, the totals of 表三 as formulas."""
    with xlsxwriter.Workbook(str(path)) as book:
        framed = book.add_format({"border": 1, "text_wrap": True})
        for name, page in w.drawn(report, cover=True).items():
            sheet = book.add_worksheet(name)
            for (row, column), value in page.items():
                if name == w.APPLICATIONS and column == 10 and isinstance(value, int):
                    sheet.write_formula(row - 1, column - 1, f"=SUM(D{row}:I{row})", framed, value)
                else:
                    sheet.write(row - 1, column - 1, value, framed)
    return path


def by_openpyxl_row_by_row(report: Report, path: Path) -> Path:
    """Write the tables of a report as a program appends rows: no styles, and a cell for every blank."""
    grid = w.drawn(report, cover=True)
    rows = {
        name: [
            [page.get((row, column)) for column in range(1, max(c for _, c in page) + 1)]
            for row in range(1, max(r for r, _ in page) + 1)
        ]
        for name, page in grid.items()
    }
    book = w.openpyxl.Workbook(write_only=True)
    for name, lines in rows.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path
