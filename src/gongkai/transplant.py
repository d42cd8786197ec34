"""Writing a block of values into one sheet of somebody's workbook and leaving everything else as it is.

A spreadsheet library would read the whole workbook and write what it understood of it: results of formulas, macros
and formats it does not know are lost. A clerk's file is not ours to lose anything of, so only the rows of the block
are replaced, in the text of that one part.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from xml.parsers import expat

from gongkai.cell import Link, Value, address, parse_address
from gongkai.ooxml import open_workbook
from gongkai.package import WorkbookError, each_part, part_name
from gongkai.xmlwalk import MAIN, new_parser

_CALC_CHAIN = re.compile(rb"<(?:\w+:)?(?:Override|Relationship)\b[^>]*calcChain[^>]*?/>")
_TAG = re.compile(rb"""<((?:[^\s<>/:]+:)?)[^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>""")
_DECLARED = re.compile(rb"<\?xml[^>]*encoding=[\"']([^\"']+)")
_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Block:
    """What to write: rows of values for the rows ``first`` … ``last`` of a sheet, and single cells above them.

    A text is never a formula, whatever it starts with.
    """

    first: int
    last: int
    rows: Sequence[Sequence[Value | Link]]
    heights: Sequence[float | None]
    """The height of each row, in points; ``None`` leaves it to the program."""
    cells: Mapping[str, Value | Link]


def replace_block(data: bytes, sheet: str, block: Block) -> bytes:
    """Return the workbook with a block of ``sheet`` replaced; rows of the block that get no values become empty.

    Formats stay: a cell keeps its own, a new one gets that of its column. Raises ``KeyError`` where there is no such
    sheet and ``WorkbookError`` where it cannot be read or edited, or another part cannot be copied.
    """
    book = open_workbook(data)
    book.cells(sheet, block.last)
    part = book.part(sheet)
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for entry, content in each_part(data):
            name, new = part_name(entry.filename), content
            if name == part:
                new = _SheetText(content).replaced(block)
            elif name.endswith("calcchain.xml"):
                continue  # it may list formulas that are gone; a program makes it anew
            elif name.endswith(("[content_types].xml", "workbook.xml.rels")):
                new = _CALC_CHAIN.sub(b"", content)
            copy = zipfile.ZipInfo(entry.filename, entry.date_time)
            copy.external_attr, copy.compress_type = entry.external_attr, zipfile.ZIP_DEFLATED
            package.writestr(copy, new)
    return target.getvalue()


class _SheetText:
    """The text of a sheet part that the reader accepts, with the place of each of its rows and cells, in bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.rows: list[tuple[int, int, int]] = []
        """Row number, where it starts and where it ends."""
        self.cells: dict[tuple[int, int], tuple[int, int]] = {}
        self.counted = False
        """Whether a row has no number of its own, so that it must stay where it is."""
        self.styles: dict[tuple[int, int], str] = {}
        self.columns: list[tuple[int, int, str]] = []
        self.body = (0, 0)
        self.prefix = ""
        declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
        if b"\0" in content or (declared and declared[1].upper() not in (b"UTF-8", b"US-ASCII")):
            raise WorkbookError("damaged", "a sheet in another encoding")
        try:
            self._parse()
        except (expat.ExpatError, ValueError, KeyError) as error:
            raise WorkbookError("damaged", str(error)) from error
        if not self.body[1]:
            raise WorkbookError("damaged", "a sheet without data")

    def _parse(self) -> None:
        parser = new_parser()
        row = column = opened = 0
        begun: list[int] = []

        def tag(at: int) -> re.Match[bytes]:
            match = _TAG.match(self.content, at)
            if not match:
                raise ValueError("a tag that is none")
            return match

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, opened
            begun.append(parser.CurrentByteIndex)
            match (len(begun), *name.rsplit(" ", 1)):
                case (2, space, "sheetData") if space in MAIN:
                    found = tag(parser.CurrentByteIndex)
                    self.prefix, opened = found[1].decode(), found.end()
                    if found[0].endswith(b"/>"):
                        raise ValueError("an empty sheet has no block")
                case (3, space, "row") if space in MAIN and opened:
                    self.counted = self.counted or "r" not in attributes
                    row, column = int(attributes.get("r", row + 1)), 0
                case (4, space, "c") if space in MAIN and opened:
                    row, column = parse_address(attributes["r"]) if "r" in attributes else (row, column + 1)
                    self.styles[row, column] = attributes.get("s", "")
                case (3, space, "col") if space in MAIN and "style" in attributes:
                    self.columns.append((int(attributes["min"]), int(attributes["max"]), attributes["style"]))

        def end(name: str) -> None:
            nonlocal opened
            here, began = parser.CurrentByteIndex, begun.pop()

            def stop() -> int:
                # At the end of <c/> the parser stands behind it, at that of <c>…</c> in front of the end tag.
                return here if tag(began)[0].endswith(b"/>") else tag(here).end()

            match (len(begun), *name.rsplit(" ", 1)):
                case (1, space, "sheetData") if space in MAIN:
                    self.body, opened = (opened, here), 0
                case (2, space, "row") if space in MAIN and opened:
                    self.rows.append((row, began, stop()))
                case (3, space, "c") if space in MAIN and opened:
                    if (row, column) in self.cells:
                        raise ValueError(f"two cells {address(row, column)}")
                    self.cells[row, column] = (began, stop())

        parser.StartElementHandler, parser.EndElementHandler = start, end
        parser.Parse(self.content, True)

    def replaced(self, block: Block) -> bytes:
        """Return the part with the block and the single cells replaced."""
        start, end = self.body
        above = [part for part in self.rows if part[0] < block.first]
        below = [part for part in self.rows if part[0] > block.last]
        if self.counted and (below or self.rows != sorted(self.rows)):
            raise WorkbookError("damaged", "rows without numbers, which would not stay where they are")
        new = {parse_address(cell): value for cell, value in block.cells.items()}
        if missing := new.keys() - self.cells.keys():
            raise WorkbookError("damaged", f"no cell {address(*missing.pop())}")
        text = b"".join(self._edited(part, new) for part in above)
        numbered = enumerate(zip(block.rows, block.heights, strict=True), block.first)
        text += "".join(self._row(number, values, height) for number, (values, height) in numbered).encode()
        text += b"".join(self.content[begin:stop] for _, begin, stop in below)
        return self.content[:start] + text + self.content[end:]

    def _edited(self, part: tuple[int, int, int], cells: Mapping[tuple[int, int], Value | Link]) -> bytes:
        _, begin, end = part
        pieces = []
        inside = sorted((self.cells[place], place) for place in cells if begin <= self.cells[place][0] < end)
        for (start, stop), place in inside:
            pieces += [self.content[begin:start], self._cell(*place, cells[place]).encode()]
            begin = stop
        return b"".join((*pieces, self.content[begin:end]))

    def _row(self, number: int, values: Sequence[Value | Link], height: float | None) -> str:
        cells = "".join(self._cell(number, column, value) for column, value in enumerate(values, 1))
        size = f' ht="{height:g}"' if height else ""
        return f'<{self.prefix}row r="{number}"{size}>{cells}</{self.prefix}row>'

    def _cell(self, row: int, column: int, value: Value | Link) -> str:
        style = self.styles.get((row, column)) or next((s for a, b, s in self.columns if a <= column <= b), "")
        p, head = self.prefix, f'r="{address(row, column)}"' + (f' s="{style}"' if style else "")
        if value is None:
            return f"<{p}c {head}/>" if style else ""
        if isinstance(value, Link):
            text, shows = _clean(value.formula().removeprefix("=")), _clean(value.shows)
            return f'<{p}c {head} t="str"><{p}f>{text}</{p}f><{p}v>{shows}</{p}v></{p}c>'
        if isinstance(value, str):
            return f'<{p}c {head} t="inlineStr"><{p}is><{p}t xml:space="preserve">{_clean(value)}</{p}t></{p}is></{p}c>'
        return f"<{p}c {head}><{p}v>{value}</{p}v></{p}c>"


def _clean(text: str) -> str:
    """Return text as XML: what XML cannot hold becomes a visible sign, what looks like an escape is escaped."""
    text = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text))
    return text.translate(_ESCAPES)
