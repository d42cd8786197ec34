"""Numbers that a sheet shows as dates: which number formats do so, and which day a number is."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
"""The built-in number formats that show dates; 27-36 and 50-58 are the Chinese ones."""

_LEAP_DAY, _NO_DAY = 60, 2_958_466  # 1900-02-29, which spreadsheets believe in, and 10000-01-01
_NOT_SHOWN = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]?', re.DOTALL | re.IGNORECASE)
_DATE_LETTER = re.compile("[ymdhs]", re.IGNORECASE)


def shows_date(code: str) -> bool:
    """Tell whether a number format shows numbers as dates or times."""
    return _DATE_LETTER.search(_NOT_SHOWN.sub("", code)) is not None


def date_text(serial: float, *, date1904: bool = False) -> str | None:
    """Return day number ``serial`` in ISO 8601, rounded to milliseconds: a date, a time (day 0), or both.

    ``None`` when there is no such day: negative, after 9999, or 29 February 1900.
    """
    if not 0 <= serial < _NO_DAY:
        return None
    moment = timedelta(milliseconds=round(serial * 86_400_000))
    if date1904:
        epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet knows no time zone
    elif moment.days == _LEAP_DAY:
        return None
    else:
        epoch = datetime(1899, 12, 31 if moment.days < _LEAP_DAY else 30)  # noqa: DTZ001 - as above
    try:
        shown = epoch + moment
    except OverflowError:
        return None
    day, clock = shown.date().isoformat(), shown.time()
    if not moment % timedelta(days=1) and (moment.days or date1904):
        return day
    hours = clock.isoformat("milliseconds" if clock.microsecond else "seconds")
    return f"{day}T{hours}" if moment.days else hours
