"""VBA sources → vbaProject.bin, without Excel. Needed only where the workbooks with macros are built.

The modules are stored as their compressed text alone. Excel compiles them when it opens the workbook, as it does with
the projects that xlwings ships.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import xlsxwriter
from pyopenvba import ExcelFile
from pyopenvba.cfb import CFB

from gongkai import template
from gongkai.edition import Edition
from gongkai.macros import Macros

SOURCES = Path(__file__).with_name("vba")
XLWINGS, BUTTONS, RIBBON = "xlwings", "Gongkai", "GongkaiRibbon"
"""The modules: xlwings' own, what the buttons do, what the ribbon calls."""
PROJECT_NAME = "gongkai"
"""Names the user's configuration, ``%USERPROFILE%\\.gongkai\\gongkai.conf``."""
_NO_CACHE = bytes.fromhex("CC61FFFF000100")
"""[MS-OVBA] 2.3.4.1: what a writer puts where Excel keeps compiled code."""


def sources(*names: str) -> dict[str, str]:
    """Return module name → its text, always with xlwings' own module."""
    own = {name: SOURCES.joinpath(f"{name}.bas").read_text("ascii") for name in names}
    return {XLWINGS: _xlwings(), **own}


def _xlwings() -> str:
    """Return xlwings' module for add-ins, which works on the active workbook, under our project name.

    Its class Dictionary is left out: only Macs need it, and there our buttons stop before they call xlwings.
    """
    text = files("xlwings").joinpath("xlwings_custom_addin.bas").read_text("ascii")
    theirs, ours = (f'PROJECT_NAME As String = "{name}"' for name in ("myaddin", PROJECT_NAME))
    if text.count(theirs) != 1:
        raise ValueError("xlwings has changed how it names a project")
    return text.replace(theirs, ours)


def of_edition(edition: Edition) -> Macros:
    """Return the macros of an edition's workbook."""
    with zipfile.ZipFile(io.BytesIO(template.blank(edition))) as book:
        sheets = sum(name.startswith("xl/worksheets/sheet") for name in book.namelist())
    return Macros(build(sources(BUTTONS), sheets))


def build(modules: Mapping[str, str], sheets: int) -> bytes:
    """Return the project of a workbook with so many sheets.

    The code names of its documents are ``ThisWorkbook``, ``Sheet1``, ``Sheet2`` and so on, as XlsxWriter gives them.
    The same text gives the same bytes. Raises ``UnicodeEncodeError`` for a text that is not ASCII: VBA would store it
    in the code page of one country.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "book.xlsm")
        with xlsxwriter.Workbook(path) as book:
            for _ in range(sheets):
                book.add_worksheet()
        with ExcelFile(path) as file:
            project = file.add_vba_project()
            # The library's own blank project is compiled code; written anew, these are text like all others.
            for name in project.module_names():
                file.set_module(name, project.get_module(name).source)
            for name, text in modules.items():
                project.add_module(name, _lines(text))
            file.save()
        with ExcelFile(path) as file:
            if faults := file.validate():
                raise ValueError("; ".join(faults))
            container = CFB.from_bytes(file.vba_project_bytes())
    container.write_stream_in_storage("VBA", "_VBA_PROJECT", _NO_CACHE)
    data: bytes = container.to_bytes()
    return data


def _lines(text: str) -> str:
    text.encode("ascii")
    return "\r\n".join(text.splitlines()) + "\r\n"
