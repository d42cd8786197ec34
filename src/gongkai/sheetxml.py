"""Cells out of the XML of one sheet part, and the texts, numbers and dates they are made of.

Nothing here knows about packages or files: bytes come in chunks. XML that is wrong raises ``ValueError`` or
``ExpatError`` (``LookupError`` for an encoding nobody knows); the caller knows which part it was.

Expat reads every byte and vouches for the XML. But a call into Python for every tag of every cell takes four times as
long as expat itself, so the plain form that all spreadsheet programs write is then cut with one regular expression.
Anything it does not account for to the last character goes through ``walk``, which knows the whole language.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat

from gongkai.cell import MAX_DIGITS, CellError, DateText, Uncalculated, Value, parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""The namespace of workbooks, sheets, styles and strings: transitional and strict."""

CHUNK = 1 << 17
"""Bytes parsed at a time: few enough to stop early, many enough that one huge token is not rescanned for ever."""

MAX_PLAIN = 1 << 19
"""Bytes of a part that are looked at in one piece."""

MAX_BEYOND = 1 << 20
"""Bytes still scanned for a stray row after the last wanted row has gone by."""

MAX_DEPTH = 100
"""Elements inside each other; real parts stay below ten, and each open element costs the parser memory."""

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14

_SPACE = " \t\r\n"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?Z?\Z")
_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}
_NOT_SHOWN = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]?', re.DOTALL | re.IGNORECASE)
_DATE_LETTER = re.compile("[ymdhs]", re.IGNORECASE)

# the plain form; the last group of each catches whatever is none of it
_PLAIN_CELLS = re.compile(
    r"""<c r="([A-Z]{1,3}[0-9]{1,7})"(?: s="([0-9]+)")?(?: t="([A-Za-z]+)")?"""
    r"""(?:/>|>(?:(<f)(?: [^<>]*)?(?:/>|>([^<]*)</f>))?(?:<v>([^<]*)</v>|<v/>)?</c>)"""
    r"""|<row r="([0-9]+)"[^<>]*?(/?)>|(</row>)|(.)""",
    re.DOTALL,
)
_PLAIN_TEXTS = re.compile(r'<si><t(?: xml:space="preserve")?>([^<&]*)</t>(?:<phoneticPr[^<>]*/>)?</si>|(.)', re.DOTALL)

_ROW = "worksheet/sheetData/row"
_CELL = f"{_ROW}/c"
_INLINE = {f"{_CELL}/is/t", f"{_CELL}/is/r/t"}  # not is/rPh/t, the phonetic guide

_Place = tuple[int, int]


class RootError(ValueError):
    """A document that is not of the kind it should be; ``name`` is its root, ``namespace local``."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name!r} instead of {expected}")
        self.name = name


def walk(
    chunks: Iterable[bytes],
    root: str,
    enter: Callable[[str, dict[str, str]], object],
    leave: Callable[[str, str], object] | None = None,
    *,
    known: Container[str] = MAIN,
    enough: Callable[[int], bool] | None = None,
) -> None:
    """Parse a document, calling ``enter(path, attributes)`` and ``leave(path, text)`` for each element.

    A path is made of local names (``workbook/sheets/sheet``); an element of no ``known`` namespace brings its namespace
    along. The text is what stands between an end tag and the tag before it. ``enough`` is told the size of each chunk
    that was parsed, and may end the reading there. A document whose root is not ``root`` raises ``RootError``.
    """
    parser = _new_parser()
    chars: list[str] = []
    paths = [""]
    steps: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        step = steps.get(name)
        if step is None:
            namespace, _, local = name.rpartition(" ")
            step = steps[name] = "/" + (local if namespace in known else name)
        path = paths[-1] + step
        paths.append(path)
        if path == step and path[1:] != root:
            raise RootError(name, root)
        if len(paths) > MAX_DEPTH:
            raise ValueError("elements nested too deeply")
        chars.clear()
        enter(path[1:], attributes)

    def end(_: str) -> None:
        path = paths.pop()
        if leave is not None:
            leave(path[1:], "".join(chars))
            chars.clear()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if leave is not None:
        parser.CharacterDataHandler = chars.append
    for chunk in chunks:
        parser.Parse(chunk, False)
        if enough is not None and enough(len(chunk)):
            return
    parser.Parse(b"", True)


def read_strings(chunks: Iterator[bytes], add: Callable[[str], object]) -> None:
    """Hand every text of a shared strings part to ``add``, in order, without phonetic guides."""
    block, chunks = _plain_block(chunks, "sst", "sst")
    found = [] if block is None else _PLAIN_TEXTS.findall(block)
    if block is not None and not any(other for _, other in found):
        for text, _ in found:
            add(unescape(text))
        return
    pieces: list[str] = []

    def enter(path: str, _: dict[str, str]) -> None:
        if path == "sst/si":
            pieces.clear()

    def leave(path: str, text: str) -> None:
        if path in {"sst/si/t", "sst/si/r/t"}:
            pieces.append(text)
        elif path == "sst/si":
            add(unescape("".join(pieces)))

    walk(chunks, "sst", enter, leave)


class SheetReader:
    """Reads the sheets of one workbook, given its shared strings and the numbers (as text) of the styles of dates."""

    def __init__(self, strings: Sequence[str], date_styles: Container[str], *, date1904: bool = False) -> None:
        self._strings, self._date_styles, self._date1904 = strings, date_styles, date1904
        self._shared = {str(index): text for index, text in enumerate(strings) if text}

    def read(self, chunks: Iterator[bytes], max_row: int, max_column: int) -> dict[_Place, Value]:
        """Return (row, column), both from 1, -> value of the cells within the bounds that are not blank."""
        block, chunks = _plain_block(chunks, "worksheet", "sheetData")
        cells = None if block is None else self._cut(block, max_row, max_column)
        if cells is None:
            cells = self._walk(chunks, max_row, max_column)
        return {place: value for place, value in cells.items() if value is not None}

    def _cut(self, block: str, max_row: int, max_column: int) -> dict[_Place, Value] | None:
        """Return the cells of a block in plain form, ``None`` for blank ones; ``None`` if the form is not plain."""
        cells: dict[_Place, Value] = {}
        numbers: dict[str, int] = {}
        shared, dates = self._shared, self._date_styles
        row, inside = 0, False
        for reference, style, kind, is_formula, formula, text, opened, empty, closed, _ in _PLAIN_CELLS.findall(block):
            if reference and inside:
                place = _place(reference)
                if place[0] != row:
                    raise ValueError(f"cell {reference} in row {row}")
                if row > max_row or place[1] > max_column:
                    continue
                value: Value = None
                if kind == "s":
                    value = shared.get(text)
                elif not kind and style not in dates:
                    value = numbers.get(text)
                if value is None and (text or kind or is_formula):  # neither blank nor one of the frequent values
                    if "&" in text or "&" in formula or (kind == "s" and not text):
                        return None
                    value = self._value(kind, style, formula if is_formula else None, text)
                    if type(value) is int:
                        numbers[text] = value
                if place in cells:
                    _agree(place, cells[place], value)
                cells[place] = value
            elif opened and not inside:
                row, inside = _row_number(opened), not empty
            elif closed:
                inside = False
            else:
                return None
        return cells

    def _walk(self, chunks: Iterable[bytes], max_row: int, max_column: int) -> dict[_Place, Value]:
        """Return the cells of a sheet in any form, ``None`` for blank ones."""
        cells: dict[_Place, Value] = {}
        row = column = blocks = 0
        numbered = beyond = False  # this row has a number; a row after the last wanted one was met
        ascending = True
        left = MAX_BEYOND
        kind = style = ""
        formula: str | None = None
        text: str | None = None

        def enter(path: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, blocks, numbered, beyond, ascending, kind, style, formula, text
            if path == _CELL:
                kind, style = attributes.get("t", ""), attributes.get("s", "")
                formula = text = None
                column += 1
                if "r" in attributes:
                    here, column = _place(attributes["r"])
                    if here != row and numbered:
                        raise ValueError(f"cell {attributes['r']} in row {row}")
                    ascending = ascending and here == row
                    row = here
            elif path == _ROW:
                before, column = row, 0
                numbered = "r" in attributes
                row = _row_number(attributes["r"]) if numbered else row + 1
                ascending = ascending and row > before
                beyond = beyond or row > max_row
            elif path == "worksheet/sheetData":
                blocks += 1
                if blocks > 1:
                    raise ValueError("two blocks of cells")

        def leave(path: str, content: str) -> None:
            nonlocal formula, text
            if path == _CELL:
                place = row, column
                if row <= max_row and column <= max_column:
                    value = self._value(kind, style, formula, text)
                    if place in cells:
                        _agree(place, cells[place], value)
                    cells[place] = value
            elif path == f"{_CELL}/v":
                if text is not None:
                    raise ValueError(f"two values in row {row}, column {column}")
                text = content
            elif path == f"{_CELL}/f":
                formula = content
            elif path in _INLINE and kind == "inlineStr":
                text = (text or "") + content

        def enough(size: int) -> bool:
            nonlocal left
            if beyond and ascending:
                left -= size
            return left < CHUNK

        walk(chunks, "worksheet", enter, leave, enough=enough)
        return cells

    def _value(self, kind: str, style: str, formula: str | None, text: str | None) -> Value:
        """Return the value of a cell, given its type and style ("" for none), formula and stored text."""
        if kind == "s" and text is not None:
            index = _index(text)
            if index >= len(self._strings):
                raise ValueError(f"no shared string {index}")
            return self._strings[index] or None
        value: Value = None
        if text:
            if kind not in {"", "n"}:
                return _typed(kind, text)
            value = number(text)
        if value is None:
            return None if formula is None or kind in {"str", "inlineStr"} else Uncalculated("=" + formula)
        if style in self._date_styles:
            return DateText(date_text(value, date1904=self._date1904) or text)
        return value


def unescape(text: str) -> str:
    """Decode the ``_xHHHH_`` escapes of a text; half a surrogate pair becomes U+FFFD, since no file could hold it."""
    if "_x" not in text:
        return text
    text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def number(text: str) -> int | float | None:
    """Return the number a text stands for, ``int`` when whole and short enough to be exact, ``None`` if only spaces."""
    if len(text) <= MAX_DIGITS and text.isascii() and text.isdigit():
        return int(text)
    text = text.strip(_SPACE)
    if not text:
        return None
    if not _NUMBER.match(text):
        raise ValueError(f"not a number: {text[:40]!r}")
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"number out of range: {text[:40]!r}")
    return int(value) if value.is_integer() and abs(value) < 10**MAX_DIGITS else value


def shows_date(code: str) -> bool:
    """Tell whether a number format shows numbers as dates or times."""
    return _DATE_LETTER.search(_NOT_SHOWN.sub("", code)) is not None


def date_text(serial: float, *, date1904: bool = False) -> str | None:
    """Return day number ``serial`` in ISO 8601, rounded to milliseconds: a date, a time (day 0), or both.

    ``None`` when there is no such day: negative, after 9999, or the 29 February 1900 that spreadsheets believe in.
    """
    if not 0 <= serial < 1e7:
        return None
    moment = timedelta(milliseconds=round(serial * 86_400_000))
    if date1904:
        epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet knows no time zone
    elif moment.days == 60:  # noqa: PLR2004 - 1900-02-29
        return None
    else:
        epoch = datetime(1899, 12, 31 if moment.days < 60 else 30)  # noqa: DTZ001, PLR2004 - as above
    try:
        shown = epoch + moment
    except OverflowError:
        return None
    day, clock = shown.date().isoformat(), shown.time()
    if not moment % timedelta(days=1) and (moment.days or date1904):
        return day
    hours = clock.isoformat("milliseconds" if clock.microsecond else "seconds")
    return f"{day}T{hours}" if moment.days else hours


def _new_parser() -> expat.XMLParserType:
    """Return a parser that names elements ``namespace local`` and refuses a DOCTYPE, hence every entity."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("a DOCTYPE")


def _plain_block(chunks: Iterator[bytes], root: str, name: str) -> tuple[str | None, Iterator[bytes]]:
    """Return what is inside the element ``name`` (the root or a child of it) if its tags have no prefix.

    ``None`` if they have, if the document is large, is not in UTF-8, or has more than one such element. The iterator
    beside it yields the document again. A document that is not large has been parsed by then.
    """
    data, more = b"".join(islice(chunks, MAX_PLAIN // CHUNK)), next(chunks, None)
    if more is not None:
        return None, chain((data, more), chunks)
    parser = _new_parser()
    roots, wanted = {f"{namespace} {root}" for namespace in MAIN}, {f"{namespace} {name}" for namespace in MAIN}
    level = 1 if name == root else 2
    depth, begin, plain = 0, -1, True

    def declare(_: str, encoding: str | None, __: int) -> None:
        nonlocal plain
        plain = encoding is None or encoding.upper() == "UTF-8"

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal depth, begin
        depth += 1
        if depth == 1 and tag not in roots:
            raise RootError(tag, root)
        if depth == level and tag in wanted:
            begin = parser.CurrentByteIndex
            parser.StartElementHandler = parser.EndElementHandler = None  # from here on only expat itself looks
        elif depth > MAX_DEPTH:
            raise ValueError("elements nested too deeply")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.XmlDeclHandler = declare
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(data, True)
    again = iter((data,))
    tag, end_tag = f"<{name}".encode(), f"</{name}>".encode()
    opened = data.find(b">", begin) + 1
    closed = data.find(end_tag, opened)
    if not plain or begin < 0 or closed < 0 or not data.startswith(tag, begin) or data.count(tag, closed):
        return None, again
    block = data[opened:closed]
    return (None if b"xmlns" in block or b"\r" in block else block.decode()), again


def _agree(place: _Place, one: Value, other: Value) -> None:
    if type(one) is not type(other) or one != other:
        raise ValueError(f"two values for row {place[0]}, column {place[1]}")


@lru_cache(maxsize=1 << 14)  # the same addresses in every workbook of a region
def _place(reference: str) -> tuple[int, int]:
    row, column = parse_address(reference)
    if row > MAX_ROWS or column > MAX_COLUMNS:
        raise ValueError(f"no such cell: {reference}")
    return row, column


def _row_number(text: str) -> int:
    row = _index(text)
    if not 1 <= row <= MAX_ROWS:
        raise ValueError(f"no such row: {row}")
    return row


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit()):  # int() takes signs, underscores and other scripts as well
        text = text.strip(_SPACE)
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"not an index: {text[:40]!r}")
    return int(text)


def _typed(kind: str, text: str) -> Value:
    """Return a value that is neither a number nor a shared text, by the type its cell declares."""
    if kind == "str":
        return unescape(text)
    if kind == "inlineStr":
        return text
    if kind == "e":
        return CellError(text)
    text = text.strip(_SPACE)
    if kind == "d" and text:
        return DateText(_MIDNIGHT.sub("", text))
    if kind == "b" and text in _BOOLEANS:
        return _BOOLEANS[text]
    raise ValueError(f"{text[:40]!r} in a cell of type {kind!r}")
