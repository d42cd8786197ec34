"""Cells out of the XML of one sheet part, and the texts, numbers, dates and formats they are made of.

Nothing here knows about packages or files: bytes come in as a stream of chunks. XML that is wrong raises
``ValueError`` or ``ExpatError`` (``LookupError`` for an encoding nobody knows); the caller knows which part it was.

The handlers run for every element of every submitted workbook. They are closures over local variables, and one number
tells where the parser is: a state below, plus ``_SKIP`` for each open element of a subtree that means nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NoReturn
from xml.parsers import expat

from gongkai.cell import MAX_DIGITS, CellError, DateText, Uncalculated, Value, parse_address

MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""The namespace of workbooks, sheets, styles and strings: transitional and strict."""

CHUNK = 1 << 17
"""Bytes parsed at a time: few enough to stop early, many enough that one huge token is not rescanned for ever."""

MAX_BEYOND = 1 << 20
"""Bytes still scanned for a stray row after the last wanted row has gone by."""

MAX_DEPTH = 100
"""Elements inside each other; real parts stay below ten, and each open element costs the parser memory."""

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14

_OUTSIDE, _INSIDE, _DATA, _ROW, _CELL, _VALUE, _FORMULA = range(7)
_ITEM, _RUN, _ITEM_TEXT, _RUN_TEXT = range(4)
_SKIP = 8
_TOO_DEEP = _SKIP * MAX_DEPTH

_SPACE = " \t\r\n"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?Z?\Z")
_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}
_NOT_SHOWN = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]?', re.DOTALL | re.IGNORECASE)
_DATE_LETTER = re.compile("[ymdhs]", re.IGNORECASE)


def new_parser() -> expat.XMLParserType:
    """Return a parser that names elements ``namespace local`` and refuses a DOCTYPE, hence every entity."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def feed(parser: expat.XMLParserType, chunks: Iterable[bytes]) -> None:
    """Parse a whole document."""
    for chunk in chunks:
        parser.Parse(chunk, False)
    parser.Parse(b"", True)


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


def read_strings(chunks: Iterable[bytes], add: Callable[[str], object]) -> None:
    """Hand every text of a shared strings part to ``add``, in order, without phonetic guides."""
    parser = new_parser()
    chars: list[str] = []
    where, item = _OUTSIDE, ""
    begin: Callable[[], None]

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal where, item, begin
        if where == _INSIDE and name == item:
            begin()
        elif where == _OUTSIDE:
            namespace = _root(name, "sst")
            begin = _text_reader(parser, namespace, chars, add)
            where, item = _INSIDE, namespace + "si"
        else:
            where = _deeper(where)

    def end(_: str) -> None:
        nonlocal where
        where -= _SKIP if where >= _SKIP else 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = chars.append
    feed(parser, chunks)


def read_cells(  # noqa: C901, PLR0915 - one state machine over shared local variables; taken apart it runs half as fast
    chunks: Iterable[bytes],
    max_row: int,
    max_column: int,
    *,
    strings: Callable[[], Sequence[str]],
    date_styles: Callable[[], AbstractSet[str]],
    date1904: bool = False,
) -> dict[tuple[int, int], Value]:
    """Return (row, column), both from 1, -> value of the cells that are not blank, within the bounds.

    ``strings`` and ``date_styles`` (style numbers, as text, that show dates) are asked for when first needed.
    """
    parser = new_parser()
    cells: dict[tuple[int, int], Value] = {}
    chars: list[str] = []
    where = _OUTSIDE
    row = column = 0
    explicit = beyond = seen = False  # this row has a number; a row after max_row was met; sheetData was met
    ascending = True
    place = (0, 0)
    kind = style = formula = text = None
    texts: Sequence[str] | None = None
    dates: AbstractSet[str] | None = None
    sheet_data = row_name = cell_name = value_name = formula_name = inline_name = ""
    begin_text: Callable[[], None]

    def start(name: str, attributes: dict[str, str]) -> None:  # noqa: C901, PLR0912 - see read_cells
        nonlocal where, row, column, explicit, beyond, seen, ascending, place, kind, style, formula, text
        nonlocal sheet_data, row_name, cell_name, value_name, formula_name, inline_name, begin_text
        if where == _ROW and name == cell_name:
            reference = attributes.get("r")
            if reference is None:
                column += 1
                place = (row, column)
            else:
                place = _place(reference)
                if place[0] != row:
                    if explicit:
                        raise ValueError(f"cell {reference} in row {row}")
                    row = place[0]
                    ascending = False
                column = place[1]
            if row > max_row or column > max_column:
                where += _SKIP
                return
            where = _CELL
            kind = attributes.get("t")
            style = attributes.get("s")
            formula = text = None
        elif where == _CELL and name == value_name:
            where = _VALUE
            chars.clear()
        elif where == _CELL and name == formula_name:
            where = _FORMULA
            chars.clear()
        elif where == _DATA and name == row_name:
            where = _ROW
            previous, column = row, 0
            explicit = "r" in attributes
            row = _row_number(attributes["r"]) if explicit else row + 1
            if row <= previous:
                ascending = False
            if row > max_row:
                beyond = True
                if explicit:  # otherwise its cells may yet say that they are elsewhere
                    where = _DATA + _SKIP
        elif where == _CELL and name == inline_name and kind == "inlineStr":
            begin_text()
        elif where == _INSIDE and name == sheet_data:
            if seen:
                raise ValueError("two blocks of cells")
            seen = True
            where = _DATA
            parser.CharacterDataHandler = chars.append
        elif where == _OUTSIDE:
            namespace = _root(name, "worksheet")
            sheet_data, row_name, cell_name = namespace + "sheetData", namespace + "row", namespace + "c"
            value_name, formula_name, inline_name = namespace + "v", namespace + "f", namespace + "is"
            begin_text = _text_reader(parser, namespace, chars, keep)
            where = _INSIDE
        else:
            where = _deeper(where)

    def end(_: str) -> None:
        nonlocal where, formula
        if where >= _SKIP:
            where -= _SKIP
        elif where == _VALUE:
            where = _CELL
            keep("".join(chars))
        elif where == _CELL:
            where = _ROW
            value = finish()
            if place in cells and (type(cells[place]) is not type(value) or cells[place] != value):
                raise ValueError(f"two values for row {place[0]}, column {place[1]}")
            cells[place] = value  # blanks too, until the end, or one could hide a duplicate
        elif where == _FORMULA:
            where = _CELL
            formula = "".join(chars)
        else:
            if where == _DATA:
                parser.CharacterDataHandler = None
            where -= 1

    def keep(content: str) -> None:
        nonlocal text
        if text is not None:
            raise ValueError(f"two values in row {place[0]}, column {place[1]}")
        text = content

    def finish() -> Value:
        nonlocal texts, dates
        value: Value = None
        if kind == "s" and text is not None:
            if texts is None:
                texts = strings()
            index = _index(text)
            if index >= len(texts):
                raise ValueError(f"no shared string {index}")
            return texts[index] or None
        if text:
            if kind is not None and kind != "n":
                return _typed(kind, text)
            value = number(text)
        if value is None:
            return None if formula is None or kind in {"str", "inlineStr"} else Uncalculated("=" + formula)
        if style is not None:
            if dates is None:
                dates = date_styles()
            if style in dates:
                return DateText(date_text(value, date1904=date1904) or text)
        return value

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    left = MAX_BEYOND - CHUNK  # the chunk in which the bound was passed has been scanned already
    for chunk in chunks:
        if beyond and ascending:
            left -= len(chunk)
            if left < 0:
                break
        parser.Parse(chunk, False)
    else:
        parser.Parse(b"", True)
    return {place: value for place, value in cells.items() if value is not None}


def _text_reader(
    parser: expat.XMLParserType, namespace: str, chars: list[str], done: Callable[[str], object]
) -> Callable[[], None]:
    """Return a function that, called as ``si`` or ``is`` opens, reads to its end and calls ``done`` with the text.

    The caller's handlers come back before ``done``. ``chars`` is where the parser puts characters.
    """
    text_name, run_name = namespace + "t", namespace + "r"
    pieces: list[str] = []
    where = _ITEM
    outer = parser.StartElementHandler, parser.EndElementHandler

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal where
        if where <= _RUN and name == text_name:
            where += _ITEM_TEXT - _ITEM
            chars.clear()
        elif where == _ITEM and name == run_name:
            where = _RUN
        else:  # the look of a run, the phonetic guide above it
            where = _deeper(where)

    def end(_: str) -> None:
        nonlocal where
        if where >= _SKIP:
            where -= _SKIP
        elif where >= _ITEM_TEXT:
            where -= _ITEM_TEXT - _ITEM
            pieces.append("".join(chars))
        elif where == _RUN:
            where = _ITEM
        else:
            parser.StartElementHandler, parser.EndElementHandler = outer
            content = unescape("".join(pieces))
            pieces.clear()
            done(content)

    def begin() -> None:
        parser.StartElementHandler, parser.EndElementHandler = start, end

    return begin


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("a DOCTYPE")


def _root(name: str, expected: str) -> str:
    """Return the prefix that the names of a document have, or refuse a document that is something else."""
    for namespace in MAIN:
        if name == f"{namespace} {expected}":
            return namespace + " "
    raise ValueError(f"{name!r} instead of {expected}")


def _deeper(where: int) -> int:
    if where >= _TOO_DEEP:
        raise ValueError("elements nested too deeply")
    return where + _SKIP


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
