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
from gongkai.ooxml import WorkbookError, each_part, open_workbook

_CALC_CHAIN = re.compile(rb"<(?:\w+:)?(?:Override|Relationship)\b[^>]*calcChain[^>]*?/>")
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

    Formats stay: a cell keeps its own, a new one gets that of its column. Raises ``KeyError`` where there is no such sheet and ``WorkbookError`` where the part cannot be edited.
    """
    part = open_workbook(data).part(sheet)
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for entry, original in each_part(data):
            name = entry.filename.lstrip("/")
            if name.lower() == part.lower():
                content = _SheetText(original).replaced(block)
            elif name.lower().endswith("calcchain.xml"):
                continue  # it may list formulas that are gone; a program makes it anew
            elif name.lower().endswith(("[content_types].xml", "workbook.xml.rels")):
                content = _CALC_CHAIN.sub(b"", original)
            else:
                content = original
            copy = zipfile.ZipInfo(entry.filename, entry.date_time)
            copy.external_attr, copy.compress_type = entry.external_attr, zipfile.ZIP_DEFLATED
            package.writestr(copy, content)
    return target.getvalue()


class _SheetText:
    """The text of a sheet part, with the place of each of its rows."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.rows: list[tuple[int, int, int]] = []
        """Row number, where it starts and where it ends, in bytes."""
        self.styles: dict[tuple[int, int], str] = {}
        self.columns: list[tuple[int, int, str]] = []
        self.body = (0, 0)
        self.prefix = ""
        self._parse()

    def _parse(self) -> None:
        parser = expat.ParserCreate()
        row = column = started = opened = 0

        def end_of_tag() -> int:
            return self.content.index(b">", parser.CurrentByteIndex) + 1

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, started, opened
            prefix, _, name = tag.rpartition(":")
            if name == "sheetData":
                self.prefix = prefix + ":" if prefix else ""
                opened = end_of_tag()
                if self.content[opened - 2 : opened - 1] == b"/":
                    raise WorkbookError("damaged", "an empty sheet has no block")
            elif name == "row":
                row, column, started = int(attributes.get("r", row + 1)), 0, parser.CurrentByteIndex
            elif name == "c":
                row, column = parse_address(attributes["r"]) if "r" in attributes else (row, column + 1)
                self.styles[row, column] = attributes.get("s", "")
            elif name == "col" and "style" in attributes:
                self.columns.append((int(attributes["min"]), int(attributes["max"]), attributes["style"]))

        def end(tag: str) -> None:
            name, here = tag.rpartition(":")[2], parser.CurrentByteIndex
            if name == "row":
                # At the end of <row/> the parser stands behind it, at that of <row>…</row> in front of the end tag.
                self.rows.append((row, started, end_of_tag() if self.content.startswith(b"</", here) else here))
            elif name == "sheetData":
                self.body = (opened, parser.CurrentByteIndex)

        parser.StartElementHandler, parser.EndElementHandler = start, end
        try:
            parser.Parse(self.content, True)
        except expat.ExpatError as error:
            raise WorkbookError("damaged", str(error)) from error
        declaration = re.match(rb"<\?xml[^>]*encoding=[\"']([^\"']+)", self.content.removeprefix(b"\xef\xbb\xbf"))
        if not self.body[1] or (declaration and declaration[1].upper() not in (b"UTF-8", b"US-ASCII")):
            raise WorkbookError("damaged", "a sheet without data, or in another encoding")

    def replaced(self, block: Block) -> bytes:
        """Return the part with the block and the single cells replaced."""
        start, end = self.body
        above = [part for part in self.rows if part[0] < block.first]
        if missing := {parse_address(cell)[0] for cell in block.cells} - {row for row, _, _ in above}:
            raise WorkbookError("damaged", f"no row {missing.pop()}")
        below = [part for part in self.rows if part[0] > block.last]
        text = b"".join(self._edited(part, block.cells) for part in above)
        numbered = enumerate(zip(block.rows, block.heights, strict=True), block.first)
        text += "".join(self._row(number, values, height) for number, (values, height) in numbered).encode()
        text += b"".join(self.content[begin:stop] for _, begin, stop in below)
        return self.content[:start] + text + self.content[end:]

    def _edited(self, part: tuple[int, int, int], cells: Mapping[str, Value | Link]) -> bytes:
        row, begin, stop = part
        text = self.content[begin:stop]
        for cell, value in cells.items():
            if parse_address(cell)[0] == row:
                old = re.compile(
                    rb'<(?:\w+:)?c\b[^>]*\br="%s"[^>]*?(?:/>|>.*?</(?:\w+:)?c>)' % cell.encode(), re.DOTALL
                )
                new = self._cell(*parse_address(cell), value).encode()
                match = old.search(text)
                if not match:
                    raise WorkbookError("damaged", f"no cell {cell}")
                text = text[: match.start()] + new + text[match.end() :]
        return text

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
