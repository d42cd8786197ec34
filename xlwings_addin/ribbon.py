"""The Excel add-in ``gongkai.xlam``: the same macros as in the .xlsm, behind a tab of the ribbon, for every workbook."""

from __future__ import annotations

import io
import zipfile

from gongkai.bookwriter import BookWriter
from gongkai.macros import MESSAGES, Macros, attach, put_messages
from gongkai.sheets import META_SHEET
from xlwings_addin import vba_project

FILE_NAME = "gongkai.xlam"
_RIBBON = "customUI/customUI14.xml"
_RELATION = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
_CHANGES = {
    "[Content_Types].xml": (
        "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        "application/vnd.ms-excel.addin.macroEnabled.main+xml",
    ),
    "_rels/.rels": (
        "</Relationships>",
        f'<Relationship Id="rIdRibbon" Type="{_RELATION}" Target="{_RIBBON}"/></Relationships>',
    ),
}
"""Part → what makes an add-in of a workbook: its type, and that it brings a ribbon."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every part: the same sources give the same bytes."""


def build() -> bytes:
    """Return the add-in: a workbook nobody sees, with the macros, their sentences and the ribbon that calls them."""
    writer = BookWriter(MESSAGES["title"])
    writer.add(META_SHEET)
    put_messages(writer.sheets[META_SHEET])
    modules = vba_project.sources(vba_project.BUTTONS, vba_project.RIBBON)
    attach(writer, Macros(vba_project.build(modules, sheets=1)))
    with zipfile.ZipFile(io.BytesIO(writer.close())) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    for name, (old, new) in _CHANGES.items():
        text = parts[name].decode()
        if text.count(old) != 1:
            raise ValueError(f"{name} is not as XlsxWriter used to write it")
        parts[name] = text.replace(old, new).encode()
    parts[_RIBBON] = (vba_project.SOURCES / "ribbon.xml").read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as addin:
        for name, content in parts.items():
            addin.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
