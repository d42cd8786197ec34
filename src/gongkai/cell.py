"""What a spreadsheet cell can hold, and how a cell is addressed.

A value is always a plain JSON value. Three kinds of text remember what they were in the sheet, so that an error
value, a date or a formula that nobody calculated is never mistaken for something the clerk typed, nor for a blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TypeGuard


class CellError(str):
    """An error value of the sheet, such as ``#DIV/0!``."""

    __slots__ = ()


class Uncalculated(str):
    """The text of a formula (``=SUM(D6:I6)``, or ``=``) that is stored without its result."""

    __slots__ = ()


class DateText(str):
    """A number that its cell shows as a date or time, in ISO 8601 (``2024-01-31``)."""

    __slots__ = ()


class Unread(str):
    """Stands for a cell that could not be found in the workbook: neither blank nor anything else."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Link:
    """What a cell holds that shows a text and leads to another cell of the workbook."""

    sheet: str
    cell: str
    shows: str

    def formula(self, separator: str = ",") -> str:
        """Return it as a formula; quotes in the sheet's name are doubled twice over."""
        name = self.sheet.replace("'", "''")
        target = f"#'{name}'!{self.cell}".replace('"', '""')
        return f'=HYPERLINK("{target}"{separator}"{self.shows}")'


Value = None | bool | int | float | str
"""``None`` is a blank cell; numbers are ``int`` when whole (up to 15 digits), otherwise ``float``."""

MAX_DIGITS = 15
"""A spreadsheet stores this many significant digits of a number exactly."""

_ADDRESS = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})\Z")


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether ``value`` is a number; ``True`` and ``False`` are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def from_float(number: float) -> int | float:
    """Return a number as a ``Value``: ``int`` when whole and short enough to be exact."""
    return int(number) if number.is_integer() and abs(number) < 10**MAX_DIGITS else number


def has_more_decimals(number: float, most: int | None) -> bool:
    """Tell whether the decimal notation of ``number`` has more than ``most`` digits after the point, or none at all."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return most is not None and (not isinstance(exponent, int) or -exponent > most)


def exact(number: float) -> int | Decimal:
    """Return the decimal number the sheet shows for ``number``: 0.1 is one tenth, not its binary neighbour."""
    return number if isinstance(number, int) else Decimal(repr(number))


def plain(number: int | Decimal) -> int | float:
    """Return an exact number as a cell holds it: ``int`` when whole, otherwise ``float``."""
    return int(number) if number == int(number) else float(number)


@cache
def column_letters(column: int) -> str:
    """Return the letters of a column counted from 1: 1 is ``A``, 28 is ``AB``."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def address(row: int, column: int) -> str:
    """Return the A1 address of a cell, rows and columns counted from 1: (6, 10) is ``J6``."""
    return f"{column_letters(column)}{row}"


def parse_address(text: str) -> tuple[int, int]:
    """Return (row, column), counted from 1, of an A1 address; raise ``ValueError`` when it is none."""
    match = _ADDRESS.match(text)
    if not match:
        raise ValueError(f"not a cell address: {text!r}")
    column = 0
    for letter in match[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column
