"""The parts of a workbook that make up its cells: sheets, shared strings, styles.

Nothing here knows about packages or files: bytes come in chunks. A part that is wrong raises ``ValueError``,
``LookupError`` or ``ExpatError``; the caller knows which part it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gongkai.cell import DateText, Uncalculated, Value
from gongkai.dates import DATE_FORMATS, date_text, shows_date
from gongkai.stored import SPACE, as_index, number, place_of, row_number, typed, unescape
from gongkai.xmlwalk import CHUNK, SKIP, characters, plain, walk

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

MAX_BEYOND = 1 << 20
"""Bytes of a sheet still scanned for a stray row after the last wanted row has gone by."""


# Cells and texts in plain form. Each match begins with a tag; the last group takes the tags that are none of it.
_PLAIN_CELLS = re.compile(
    r'<c r="([A-Z]++[0-9]++)"(?: s="([0-9]++)")?+(?: t="([A-Za-z]++)")?+'
    r"(?: ?+/>|>(?:<f([^<]*+)(?:</f>)?+)?+"
    r'(?:<(?:v|(?<=t="inlineStr"><)is><t(?: xml:space="preserve")?+)>([^<]*+)</(?:v|t></is)>|<v ?+/>)?+</c>)|(<[^<]*+)'
)
_PLAIN_ROW = re.compile(r'<row r="([0-9]++)"(?: [^="]++="[^"]*+")*+ ?+(/?)>')
_PLAIN_FORMULA = re.compile(r'(?: [^="]++="[^"]*+")*+(?: ?+/>|>(.*))\Z', re.DOTALL)
_PLAIN_STYLES = re.compile(
    r'<xf (?:[^<>]*? )??numFmtId="([0-9]++)"[^<>]*+>(?:(?<=/>)|(?:<(?!xf)[a-zA-Z][^<>]*+(?<=/)>)*+</xf>)|(<[^<]*+)'
)
_PLAIN_TEXT = r'<t(?: xml:space="preserve")?+>([^<]*+)</t>'
_PLAIN_RUN = re.compile(rf"<r>(?:<rPr>(?:<[a-zA-Z][^<>]*+(?<=/)>)*+</rPr>)?+{_PLAIN_TEXT}</r>")
_PLAIN_TEXTS = re.compile(
    rf"<si>(?:{_PLAIN_TEXT}|((?:{_PLAIN_RUN.pattern})++))(?:<phoneticPr[^<>]*+(?<=/)>)?+</si>|(<[^<]*+)"
)

_ROW = "worksheet/sheetData/row"
_CELL = f"{_ROW}/c"
_STORED = {f"{_CELL}/v", f"{_CELL}/is/t", f"{_CELL}/is/r/t"}  # not is/rPh/t, the phonetic guide
_STRAY_ROW = re.compile(rb"<row[\s/>]")

# Whatever else stands among cells or texts, in the namespace of sheets, may be a value that was damaged.
_CELL_PARTS = _STORED | {f"{_CELL}/is/r"}
_CELL_EXTRAS = {f"{_ROW}/extLst", f"{_CELL}/extLst", f"{_CELL}/is/rPh", f"{_CELL}/is/phoneticPr", f"{_CELL}/is/r/rPr"}
_TEXT_PARTS = {"sst", "sst/si", "sst/si/t", "sst/si/r", "sst/si/r/t"}
_TEXT_EXTRAS = {"sst/extLst", "sst/si/rPh", "sst/si/phoneticPr", "sst/si/r/rPr"}
_LEAVES = tuple(f"{path}/" for path in (*_STORED, f"{_CELL}/f", "sst/si/t", "sst/si/r/t"))
_OURS = tuple(f" {name}" for name in ("row", "c", "v", "f", "is", "si", "t", "r", "xf", "numFmt"))
_STYLES = ("styleSheet/numFmts", "styleSheet/cellXfs")
_STYLE_EXTRAS = {f"styleSheet/cellXfs/xf/{name}" for name in ("alignment", "protection", "extLst")}

_Place = tuple[int, int]


def read_strings(chunks: Iterator[bytes], add: Callable[[str], object]) -> None:
    """Hand every text of a shared strings part to ``add``, in order, without phonetic guides."""
    document, chunks = plain(chunks, "sst")
    texts = None if document is None else _cut_strings(document.inside.decode())
    if texts is not None:
        for text in texts:
            add(unescape(text))
        return
    pieces: list[str] = []
    state = ""

    def enter(path: str, _: dict[str, str]) -> object:
        nonlocal state
        if path not in _TEXT_PARTS:
            return _pass_by(path, _TEXT_EXTRAS)
        state = _next(state, path)
        if path == "sst/si":
            pieces.clear()
        return None

    def leave(path: str, text: str) -> None:
        if path in {"sst/si/t", "sst/si/r/t"}:
            pieces.append(text)
        elif path == "sst/si":
            add(unescape("".join(pieces)))

    walk(chunks, "sst", enter, leave)


def _cut_strings(inside: str) -> list[str] | None:
    """Return the texts of a shared strings part in plain form, ``None`` if it is not."""
    texts: list[str] = []
    for text, runs, _, other in _PLAIN_TEXTS.findall(inside):
        if other:
            return None
        texts.append(characters("".join(_PLAIN_RUN.findall(runs)) if runs else text))
    return texts


def _next(state: str, path: str) -> str:
    """Return how far a text has come: "" at its beginning, "r" at that of a run, "t" after the characters of either.

    Raise ``ValueError`` where characters follow characters, so that nobody knows which of them are the text.
    """
    if not path.endswith("/t"):
        return "r" if path.endswith("/r") else ""
    if state != ("r" if path.endswith("/r/t") else ""):
        raise ValueError("two texts in one place")
    return "t"


def _pass_by(path: str, extras: Container[str]) -> object:
    """Skip an element that holds no value; raise ``ValueError`` for one that may be what became of a value."""
    foreign = " " in path and not path.endswith(_OURS)
    if path.startswith(_LEAVES) or not (foreign or path in extras):
        raise ValueError(f"unexpected {path}")
    return SKIP


def read_date_styles(chunks: Iterator[bytes]) -> list[bool]:
    """Return, for each style that cells refer to by its place in a styles part, whether it shows numbers as dates."""
    used: list[int] = []
    document, chunks = plain(chunks, "styleSheet")
    formats, styles = (document.child("numFmts"), document.child("cellXfs")) if document else (None, None)
    if document is not None and formats is not None and styles is not None:
        found = _PLAIN_STYLES.findall(styles.decode())
        if b"'" not in styles and not any(other for _, other in found):
            used = [int(identifier) for identifier, _ in found]  # what is left to be parsed is a small part of the part
            chunks = iter((b"%s<numFmts>%s</numFmts></styleSheet>" % (document.root, formats),))
    codes: dict[int, str] = {}
    met: list[str] = []

    def enter(path: str, attributes: dict[str, str]) -> object:
        if path == "styleSheet/cellXfs/xf":
            used.append(as_index(attributes.get("numFmtId", "0")))
        elif path == "styleSheet/numFmts/numFmt":
            codes[as_index(attributes.get("numFmtId", ""))] = attributes.get("formatCode", "")
        elif path in _STYLES:
            if path in met:
                raise ValueError(f"two {path}")
            met.append(path)
        elif path.startswith(_STYLES):
            return _pass_by(path, _STYLE_EXTRAS)
        return None

    walk(chunks, "styleSheet", enter)
    dates = {key: shows_date(codes[key]) if key in codes else key in DATE_FORMATS for key in set(used)}
    return [dates[key] for key in used]


OnRow = Callable[[int, dict[int, Value]], object]
"""Takes the number of a row and its cells by column; blank ones are absent."""


class SheetReader:
    """Reads the sheets of one workbook, given its shared strings and, for each style, whether it shows dates."""

    def __init__(self, strings: Sequence[str], date_styles: Sequence[bool] = (), *, date1904: bool = False) -> None:
        self._strings, self._date_styles, self._date1904 = strings, date_styles or (False,), date1904
        self._shared = {str(index): text for index, text in enumerate(strings) if text}
        self._number_styles = {str(index) for index, date in enumerate(self._date_styles) if not date}
        if not self._date_styles[0]:
            self._number_styles.add("")

    def read(self, chunks: Iterator[bytes], max_row: int, max_column: int) -> dict[_Place, Value]:
        """Return (row, column), both from 1, -> value of the cells within the bounds that are not blank."""
        document, chunks = plain(chunks, "worksheet")
        block = None if document is None else document.child("sheetData")
        if (
            document is not None
            and block is not None
            and len(_STRAY_ROW.findall(document.inside)) != len(_STRAY_ROW.findall(block))
        ):
            block = None
        cells = None if block is None else self._cut(block.decode(), max_row, max_column)
        return self._walk(chunks, max_row, max_column) if cells is None else cells

    def each_row(self, chunks: Iterator[bytes], max_row: int, max_column: int, on_row: OnRow) -> None:
        """Hand over row by row what ``read`` returns at once; the rows of a long list must stand in order."""
        self._walk(chunks, max_row, max_column, on_row)

    def _cut(  # noqa: PLR0912 - the loop over all cells of all workbooks: no calls for the frequent ones
        self, block: str, max_row: int, max_column: int
    ) -> dict[_Place, Value] | None:
        """Return the cells of a block in plain form, ``None`` if it is not: each cell has its place, in order."""
        cells: dict[_Place, Value] = {}
        numbers: dict[str, int] = {}
        shared, number_styles = self._shared, self._number_styles
        row = last_row = last_column = limit = 0  # row 0 is between rows
        for reference, style, kind, formula, text, tag in _PLAIN_CELLS.findall(block):
            if tag:
                start = _PLAIN_ROW.match(tag)
                if start is None and tag.startswith("</row>"):
                    row = 0
                    continue
                if start is None or row or row_number(start[1]) <= last_row:
                    return None
                last_row, last_column = row_number(start[1]), 0
                row = 0 if start[2] else last_row
                limit = max_column if row <= max_row else 0
                continue
            place = place_of(reference)
            here, column = place
            if here != row or column <= last_column:
                return None
            last_column = column
            if column > limit or not (text or formula or kind == "s"):
                continue
            if kind == "str":  # the result of a formula, whatever it is
                if text:
                    cells[place] = unescape(characters(text))
                continue
            if kind == "s":
                value: Value = shared.get(text)
            elif kind in {"", "n"} and style in number_styles:
                value = numbers.get(text)
            else:
                value = None
            if value is None:  # none of the frequent ones
                source = _PLAIN_FORMULA.match(formula) if formula else None
                if (formula and not source) or (kind == "s" and not text):
                    return None
                value = self._value(kind or "n", style, source and characters(source[1] or ""), characters(text))
                if value is None:
                    continue
                if type(value) is int:
                    numbers[text] = value
            cells[place] = value
        return cells

    def _walk(  # noqa: C901, PLR0915 - one state machine, three closures over it
        self, chunks: Iterable[bytes], max_row: int, max_column: int, on_row: OnRow | None = None
    ) -> dict[_Place, Value]:
        """Return the cells of a sheet in any form, or hand each row to ``on_row`` and keep nothing."""
        cells: dict[_Place, Value] = {}  # blank ones too, until the end, or one could hide a duplicate
        row = column = blocks = 0
        numbered = beyond = False  # this row has a number; a row after the last wanted one was met
        moved = False  # a reference said that a row without a number is not the next one
        ascending = True  # so were the rows so far
        left = MAX_BEYOND
        kind = style = state = ""
        formula: str | None = None
        text: str | None = None

        def enter(path: str, attributes: dict[str, str]) -> object:  # noqa: PLR0912 - as above
            nonlocal row, column, blocks, numbered, beyond, moved, ascending, kind, style, formula, text, state
            if path == _CELL:
                kind, style = attributes.get("t", "n"), attributes.get("s", "")
                formula = text = None
                column += 1
                if "r" in attributes:
                    here, column = place_of(attributes["r"])
                    moved = moved or here != row
                    if moved and numbered:
                        raise ValueError(f"cell {attributes['r']} in row {row}")
                    ascending = ascending and here == row
                    row = here
                elif moved:
                    raise ValueError(f"a cell without a reference after row {row}")
            elif path == _ROW:
                before, column = row, 0
                numbered = "r" in attributes
                moved = moved and not numbered
                row = row_number(attributes["r"]) if numbered else row + 1
                ascending = ascending and row > before
                beyond = beyond or row > max_row
            elif path in {f"{_CELL}/v", f"{_CELL}/is"}:
                if text is not None or (kind != "inlineStr" and path.endswith("/is")):
                    raise ValueError(f"two values, or one of another type, in row {row}, column {column}")
                text = state = ""
            elif path == f"{_CELL}/f":
                if formula is not None:
                    raise ValueError(f"two formulas in row {row}, column {column}")
            elif path in _CELL_PARTS:
                state = _next(state, path)
            elif path == "worksheet/sheetData":
                blocks += 1
                if blocks > 1:
                    raise ValueError("two blocks of cells")
            elif path.startswith("worksheet/sheetData/"):
                return _pass_by(path, _CELL_EXTRAS)
            elif path.endswith("/row"):
                raise ValueError(f"unexpected {path}")
            return None

        def leave(path: str, content: str) -> None:
            nonlocal formula, text
            if path == _CELL:
                place = row, column
                if row <= max_row and column <= max_column:
                    value = self._value(kind, style, formula, text)
                    if place in cells:
                        _agree(place, cells[place], value)
                    cells[place] = value
            elif path == _ROW and on_row:
                if not ascending:
                    raise ValueError(f"row {row} is out of order")
                on_row(row, {at: value for (_, at), value in cells.items() if value is not None})
                cells.clear()
            elif path == f"{_CELL}/f":
                formula = content
            elif path in _STORED:
                text = (text or "") + content

        def enough(size: int) -> bool:
            nonlocal left
            if beyond and ascending:
                left -= size
            return left < CHUNK

        walk(chunks, "worksheet", enter, leave, enough=enough)
        return {place: value for place, value in cells.items() if value is not None}

    def _value(self, kind: str, style: str, formula: str | None, text: str | None) -> Value:
        """Return the value of a cell, given its type, style ("" for none), formula and stored text."""
        if kind == "s" and text is not None:
            index = as_index(text)
            if index >= len(self._strings):
                raise ValueError(f"no shared string {index}")
            return self._strings[index] or None
        if text and kind != "n":
            return typed(kind, text)
        value = number(text) if text else None
        if value is None or text is None:
            return None if formula is None or kind in {"str", "inlineStr"} else Uncalculated("=" + formula)
        index = as_index(style or "0")
        if index >= len(self._date_styles):
            raise ValueError(f"no style {index}, so nobody knows whether a number is a date")
        if self._date_styles[index]:
            return DateText(date_text(value, date1904=self._date1904) or text.strip(SPACE))
        return value


def hand_over(cells: Mapping[tuple[int, int], Value], on_row: OnRow) -> None:
    """Hand cells that are there already to ``on_row``, row by row."""
    rows: dict[int, dict[int, Value]] = {}
    for (row, column), value in sorted(cells.items(), key=lambda cell: cell[0]):
        rows.setdefault(row, {})[column] = value
    for row, found in rows.items():
        on_row(row, found)


def _agree(place: _Place, one: Value, other: Value) -> None:
    if type(one) is not type(other) or one != other:
        raise ValueError(f"two values for row {place[0]}, column {place[1]}")
