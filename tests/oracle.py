"""What openpyxl reads in a workbook, said in our terms, and where we differ from it on purpose.

openpyxl's own parsers of the parts do the work. Only what it makes of rows and cells is asked for, once, with the
formula kept beside its result; views, filters and the like, over which it gives up, are passed by.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet._reader import CELL_TAG, FORMULA_TAG, INLINE_STRING, ROW_TAG, VALUE_TAG, WorkSheetParser
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring, iterparse

from gongkai.cell import CellError, DateText, Uncalculated, Value

_Read = TypeVar("_Read")
Place = tuple[int, int]
BOUNDS = 500, 300
"""Rows and columns that are compared; no sheet of ours has more."""

_TEXT_TAG = f"{{{SHEET_MAIN_NS}}}si"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class Seen(NamedTuple):
    """A cell as openpyxl reads it."""

    value: Value
    kind: str
    """What the cell declares: ``n``, ``s``, ``str`` …"""
    stored: str
    """The text it is stored as."""
    formula: str | None


DIFFERENCES: Mapping[str, Callable[[Seen, Value], bool]] = {
    "a day that does not exist (29 February 1900, before 1900, after 9999) is shown as its number": (
        lambda seen, ours: isinstance(ours, DateText) and isinstance(seen.value, DateText) and not _is_day(seen)
    ),
    "the Chinese date formats 27-36 and 50-58, and a format that shows a date in its second half, show dates": (
        lambda seen, ours: (
            isinstance(ours, DateText) and isinstance(seen.value, int | float) and bool(seen.stored.strip())
        )
    ),
    "a text stored in <v> is read though its cell says that it is stored in <is>": (
        lambda seen, ours: seen.kind == "inlineStr" and seen.value is None and ours == _unescaped(seen.stored)
    ),
}
"""Why → whether it explains that openpyxl saw one thing and we another. Nowhere is a number involved."""


def seen_in(data: bytes) -> dict[str, dict[Place, Seen]] | None:
    """Return sheet → place → cell as openpyxl reads a workbook, blank cells too; ``None`` where it cannot."""
    return _attempt(lambda: _opened(data).cells())


def seen_in_sheet(around: bytes, part: bytes) -> dict[Place, Seen] | None:
    """Return the same of one sheet part, with the strings and styles of a workbook."""
    return _attempt(lambda: _opened(around).sheet(io.BytesIO(part)))


def _attempt(read: Callable[[], _Read]) -> _Read | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except Exception:  # noqa: BLE001 - openpyxl lets everything through
            return None


@lru_cache(maxsize=2)
def _opened(data: bytes) -> _Reader:
    reader = _Reader(io.BytesIO(data), data_only=True, keep_links=False)
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    apply_stylesheet(reader.archive, reader.wb)
    return reader


def disagreements(ours: Mapping[str, Mapping[Place, Value]], seen: Mapping[str, Mapping[Place, Seen]]) -> list[str]:
    """Return where what we read, within ``BOUNDS``, is not what openpyxl read, but for what is meant to differ."""
    found = [f"{sheet}: openpyxl has only {list(seen)}" for sheet in ours if sheet not in seen]
    for sheet, cells in ours.items():
        theirs = seen.get(sheet, {})
        for place in sorted(cells.keys() | theirs.keys()):
            if place[0] > BOUNDS[0] or place[1] > BOUNDS[1]:
                continue
            one, other = cells.get(place), theirs.get(place, Seen(None, "", "", None))
            if same(one, other.value) or any(meant(other, one) for meant in DIFFERENCES.values()):
                continue
            found.append(f"{sheet} {place}: {type(one).__name__} {one!r}, openpyxl {other}")
    return found


def same(one: Value, other: Value) -> bool:
    """Tell whether two values are the same of the same type: 1 is not True, a text is not an error value."""
    return type(one) is type(other) and one == other


class _Reader(ExcelReader):
    def read_strings(self) -> None:
        """Read the shared strings as they are stored and where they belong.

        openpyxl would drop ``x005F_`` wherever it stands, and count an ``si`` wherever it finds one.
        """
        part = self.package.find(SHARED_STRINGS)
        if part is not None:
            root = fromstring(self.archive.read(part.PartName[1:]))
            self.shared_strings = [Text.from_tree(_bare(node)).content for node in root if node.tag == _TEXT_TAG]

    def cells(self) -> dict[str, dict[Place, Seen]]:
        found: dict[str, dict[Place, Seen]] = {}
        for sheet, relationship in self.parser.find_sheets():
            if relationship.Type.rpartition("/")[2] == "worksheet":
                with self.archive.open(relationship.target) as source:
                    found[_unescaped(sheet.name)] = self.sheet(source)
        return found

    def sheet(self, source: Any) -> dict[Place, Seen]:
        parser = _Sheet(
            source, self.shared_strings, data_only=True, epoch=self.wb.epoch,
            date_formats=self.wb._date_formats, timedelta_formats=self.wb._timedelta_formats,
        )  # fmt: skip
        return dict(parser.seen(len(self.wb._cell_styles)))


class _Sheet(WorkSheetParser):
    def seen(self, styles: int) -> Iterator[tuple[Place, Seen]]:
        for _, element in iterparse(self.source):
            if element.tag == ROW_TAG:
                for other in [child for child in element if child.tag != CELL_TAG]:
                    element.remove(other)  # openpyxl would take it for a cell, whatever it is
                for cell in self.parse_row(element)[1]:
                    if int(cell["style_id"]) >= styles:
                        raise IndexError("no such style")
                    yield (cell["row"], cell["column"]), cell["seen"]
                element.clear()

    def parse_cell(self, element: Any) -> dict[str, Any]:
        _bare(element.find(INLINE_STRING))
        cell = super().parse_cell(element)
        kind, stored = element.get("t", "n"), element.findtext(VALUE_TAG) or ""
        formula = element.find(FORMULA_TAG)
        source = None if formula is None else "=" + (formula.text or "")
        cell["seen"] = Seen(self._value(cell, kind, stored, source), kind, stored, source)
        return cell

    def _value(  # noqa: PLR0911 - one return for each kind of cell
        self, cell: Mapping[str, Any], kind: str, stored: str, formula: str | None
    ) -> Value:
        value = cell["value"]
        if value is None or (value == "" and kind != "e"):
            # As a result, an empty text is a blank; openpyxl does not tell whether there is a result.
            return None if formula is None or kind in {"str", "inlineStr"} else Uncalculated(formula)
        if kind == "e":
            return CellError(value)
        if cell["data_type"] == "e":  # a serial number that is no day
            return DateText(stored.strip())
        if isinstance(value, timedelta):
            value = from_excel(float(stored), self.epoch)
        if isinstance(value, (datetime, date, time)):
            return DateText(_iso(value))
        if isinstance(value, str):
            return _unescaped(value) or None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = float(value)  # openpyxl: whole numbers of any length are int
            return int(value) if value.is_integer() and abs(value) < 10**15 else value
        return value


def _bare(text: Any) -> Any:
    """Return the element of a text without attributes, which openpyxl would take for its characters or runs."""
    for element in () if text is None else (text, *text.findall(f"{{{SHEET_MAIN_NS}}}r")):
        element.attrib.clear()
    return text


def _is_day(seen: Seen) -> bool:
    try:
        serial = float(seen.stored)
    except ValueError:
        return True
    return 0 <= serial < 2_958_465 and not 59.9 < serial < 61  # the last one may be rounded up into the year 10000


def _iso(value: datetime | date | time) -> str:
    """Return ISO 8601, without a time of day at midnight and without milliseconds when there are none."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, datetime | time):
        return value.isoformat(timespec="milliseconds" if value.microsecond else "seconds")
    return value.isoformat()


def _unescaped(text: str) -> str:
    """Decode ``_xHHHH_``, which openpyxl leaves as it is; half a surrogate pair is a U+FFFD."""
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
