"""What a person meant by a text in a number cell: placeholders for nothing, and numbers dressed up as text."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from gongkai.cell import CellError, DateText, Uncalculated, Unread, Value, plain

if TYPE_CHECKING:
    from gongkai.edition import Measure

PLACEHOLDERS = ("/", "-", "—", "无")
"""Texts that stand for a blank: they say that nothing was entered, not that the number is zero."""

_LONGEST = 200
"""Characters of a text that may stand for a number, or for none."""

_NOTE = re.compile(r"\([^()]*\)\Z")
_NUMBER = re.compile(
    r"(?P<sign>[+\-−–]|增加?|减少?)?\s*(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*"
    r"(?P<unit>万元|元|项|件|个|份|条|次|宗|起|例|人)?\Z"
)
_YUAN = {"ten_thousand_yuan": {"万元": Decimal(1), "元": Decimal("0.0001"), None: Decimal(1)}}


def narrow(text: str) -> str:
    """Return a text in half width, without spaces around it and without characters that nobody sees (zero width)."""
    text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return text.strip()


def is_blank(value: Value) -> bool:
    """Tell whether a cell says nothing: empty, only spaces, or a placeholder such as ``/`` or 无."""
    if value is None:
        return True
    if not isinstance(value, str) or isinstance(value, CellError | DateText | Uncalculated | Unread):
        return False
    text = value.strip()
    if len(text) > _LONGEST:
        return False
    text = narrow(text)
    return not text or text in PLACEHOLDERS or not text.strip("-—–−―─")


def is_figure(value: Value) -> bool:
    """Tell whether a cell holds a number or what stands in its place: ``3件``, a date, TRUE, an error; no label does."""
    if type(value) is str:
        return _reads_as_number(value)
    return value is not None and not isinstance(value, Uncalculated)


@lru_cache(maxsize=1 << 12)
def _reads_as_number(text: str) -> bool:
    return any(propose(text, measure) is not None for measure in ("signed_count", "ten_thousand_yuan"))


def proposal(text: Value, measure: Measure) -> int | float | None:
    """Return the one number ``text`` can mean in a cell of ``measure`` and that the cell may hold, else ``None``."""
    reading = propose(text, measure.name)
    return reading if measure.admits(reading) else None


def propose(text: Value, measure: str) -> int | float | None:
    """Return the one number ``text`` can mean in a cell of a measure, or ``None`` when there is none or a doubt.

    ``+1 项``, ``１２``, ``1,200``, ``增72``, ``22（其中修订16件）`` are read; ``251000元`` is 25.1 where 万元 is asked
    for; ``3.0.1``, ``约5`` or a date are not read.
    """
    if not isinstance(text, str) or isinstance(text, CellError | DateText | Uncalculated | Unread):
        return None
    if len(text) > _LONGEST:
        return None
    folded = _NOTE.sub("", narrow(text)).strip()
    match = _NUMBER.match(folded)
    if not match:
        return None
    factors = _YUAN.get(measure)
    unit = match["unit"]
    if (unit in ("万元", "元")) != (factors is not None and unit is not None):
        return None
    number = Decimal(match["digits"].replace(",", "")) * (factors or {}).get(unit, Decimal(1))
    if (match["sign"] or "+")[0] in "-−–减":
        number = -number
    if (number < 0 and measure != "signed_count") or (factors is None and number != number.to_integral_value()):
        return None
    return plain(number)
