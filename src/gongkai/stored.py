"""What the parts of a workbook write as text: numbers, places, truth values, errors, and texts with escapes in them.

Whatever is none of these raises ``ValueError``: nothing is guessed.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache

from gongkai.cell import MAX_DIGITS, CellError, DateText, Value, from_float, parse_address

MAX_ROWS, MAX_COLUMNS = 1 << 20, 1 << 14

SPACE = " \t\r\n"
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?Z?\Z")
_BOOLEANS = {"1": True, "0": False, "true": True, "false": False}


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
    text = text.strip(SPACE)
    if not text:
        return None
    if not _NUMBER.match(text):
        raise ValueError(f"not a number: {text[:40]!r}")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"number out of range: {text[:40]!r}")
    return from_float(value)


def as_index(text: str) -> int:
    """Return a whole number that is not negative."""
    if not (text.isascii() and text.isdigit()):  # int() takes signs, underscores and other scripts as well
        text = text.strip(SPACE)
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"not an index: {text[:40]!r}")
    return int(text)


@lru_cache(maxsize=1 << 14)  # the same addresses in every workbook of a region
def place_of(reference: str) -> tuple[int, int]:
    """Return (row, column), both from 1, of a cell there can be."""
    row, column = parse_address(reference)
    if row > MAX_ROWS or column > MAX_COLUMNS:
        raise ValueError(f"no such cell: {reference}")
    return row, column


@lru_cache(maxsize=1 << 12)
def row_number(text: str) -> int:
    """Return the number of a row there can be."""
    row = as_index(text)
    if not 1 <= row <= MAX_ROWS:
        raise ValueError(f"no such row: {row}")
    return row


def typed(kind: str, text: str) -> Value:
    """Return a value that is neither a number nor a shared text, by the type its cell declares."""
    if kind in {"str", "inlineStr"}:
        return unescape(text)
    if kind == "e":
        return CellError(text)
    text = text.strip(SPACE)
    if kind == "d" and text:
        return DateText(_MIDNIGHT.sub("", text))
    if kind == "b" and text in _BOOLEANS:
        return _BOOLEANS[text]
    raise ValueError(f"{text[:40]!r} in a cell of type {kind!r}")
