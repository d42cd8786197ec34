"""Excel in miniature: an xlwings engine over openpyxl that hands values over, refuses and counts as Excel does.

    excel = Excel()
    book = excel.open("报表.xlsx", data)
    with registered(excel):
        xlwings.books.active.sheets["封面"].range("C4").raw_value

Formulas show the results stored in the file; the totals of our own forms are calculated anew, links are followed.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

import xlwings

from gongkai.cell import address, parse_address

CALL_REJECTED = -2147418111
EXCEPTION = -2147352567
EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
ERRORS = {
    "#NULL!": 2000, "#DIV/0!": 2007, "#VALUE!": 2015, "#REF!": 2023, "#NAME?": 2029, "#NUM!": 2036, "#N/A": 2042,
    "#GETTING_DATA": 2043, "#SPILL!": 2045, "#CONNECT!": 2046, "#BLOCKED!": 2047, "#UNKNOWN!": 2048, "#FIELD!": 2049,
    "#CALC!": 2050,
}  # fmt: skip
FORMATS = {"date": 14, "currency": 7, "text": 49}
"""What a cell's number format makes of its number, and the number of such a format."""

Place = tuple[int, int]


class ComError(Exception):
    """What pywin32 raises: (number, text, details, argument)."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(number, text, (0, "Microsoft Excel", text, None, 0, number), None)


class Fault(str):
    """An error value in a cell, such as ``#DIV/0!``; any other text is the number of an error Excel may yet get."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: its value (a date as a number), its formula, and what its format makes of a number."""

    value: bool | float | str | None = None
    formula: str | None = None
    format: str = ""


# --- what Excel makes of what is entered

_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?(e[+-]?\d+)?\Z", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})日?\Z")
_SHORT_DATE = re.compile(r"(\d{1,2})[-/月](\d{1,2})日?\Z")


def entered(value: Any, cell: Cell) -> Cell:
    """Return a cell after a value was put into it; only a quote in front keeps a text from being read."""
    if isinstance(value, str) and value:
        if value.startswith("'"):
            return replace(cell, value=value[1:], formula=None)
        return replace(cell, value=value, formula=None) if cell.format == "text" else _understood(value, cell)
    kept = None if value is None or value == "" else value if isinstance(value, bool) else float(value)
    return replace(cell, value=kept, formula=None)


def _understood(entry: str, cell: Cell) -> Cell:
    """Return what Excel makes of a text: a formula, a number, a date, a truth value, an error, or the text."""
    text, formula, form = entry.strip(), None, cell.format
    value: Any = entry
    if text in ERRORS:
        value = Fault(text)
    elif text.upper() in ("TRUE", "FALSE"):
        value = text.upper() == "TRUE"
    elif _NUMBER.match(text.removesuffix("%")) and any(map(str.isdigit, text)):
        value = float(text.replace(",", "").removesuffix("%")) / (100 if text.endswith("%") else 1)
    elif (day := _day(text)) is not None:
        value, form = day, "date"
    elif text[0] in "=+-@" and len(text) > 1:
        value, formula = Fault("#NAME?"), text if text[0] == "=" else "=" + text
    return Cell(value, formula, form)


def _day(text: str) -> float | None:
    match = _DATE.match(text) or _SHORT_DATE.match(text)
    numbers = [int(number) for number in match.groups()] if match else []
    try:
        day = datetime(*(numbers if len(numbers) > 2 else [2024, *numbers]), tzinfo=UTC)
    except (TypeError, ValueError):  # no date, or a day that does not exist
        return None
    return float((day - EPOCH).days)


def handed_over(cell: Cell, *, whole: bool = False) -> Any:
    """Return a cell's value as COM delivers it: ``Value``, or with ``whole`` ``Value2``."""
    value = cell.value
    if isinstance(value, Fault):
        return -2146828288 + (ERRORS[value] if value in ERRORS else int(value))
    if isinstance(value, float) and not whole:
        if cell.format == "date":
            return EPOCH + timedelta(milliseconds=round(value * 86_400_000))
        if cell.format == "currency":
            return Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    return value


@lru_cache(maxsize=4096)
def _parsed(formula: str) -> tuple[str, tuple[str, ...]]:
    """Return what kind of a formula it is that we can calculate, and its parts."""
    kinds = {
        "link": r'=HYPERLINK\(".*","(.*)"\)\Z',
        "total": r'=IF\(COUNT\(([A-Z0-9:]+)\)\+IF\(gk_zero="是",.*=(\d+),SUM\(\1\),""\)\Z',
        "sum": r"=(?:ROUND\()?SUM\((?:(\w+)!)?([A-Z0-9:]+)\)(?:,\d+\))?\Z",
    }
    found = ((kind, re.match(pattern, formula)) for kind, pattern in kinds.items())
    return next(((kind, match.groups()) for kind, match in found if match), ("", ()))


# --- workbooks


@dataclass
class Page:
    """A sheet: its cells, and which of them may be written to while it is protected."""

    cells: dict[Place, Cell]
    unlocked: frozenset[Place] = frozenset()
    open_columns: frozenset[int] = frozenset()
    """Columns whose cells are unlocked where nothing else is said."""
    styled: frozenset[Place] = frozenset()
    protected: bool = False

    def locked(self, place: Place) -> bool:
        """Tell whether the sheet refuses a change of a cell."""
        open_here = place in self.unlocked if place in self.styled else place[1] in self.open_columns
        return self.protected and not open_here


@lru_cache(maxsize=64)
def _image(data: bytes) -> dict[str, Page]:
    """Return the sheets of a file as openpyxl reads them; it is imported nowhere else."""
    import openpyxl  # noqa: PLC0415 - see above

    formulas = openpyxl.load_workbook(io.BytesIO(data))
    results = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    pages = {}
    for sheet in formulas.worksheets:
        cells, unlocked, styled = {}, set(), set()
        for row in sheet.iter_rows():
            for cell in row:
                place = (cell.row, cell.column)
                styled.add(place)
                if not cell.protection.locked:
                    unlocked.add(place)
                shown = results[sheet.title].cell(*place)
                kept = Cell(_stored(shown), cell.value if cell.data_type == "f" else None, _format(cell.number_format))
                if kept.formula and kept.value is None:
                    kept = replace(kept, value="")
                if kept != Cell():
                    cells[place] = kept
        areas = [column for column in sheet.column_dimensions.values() if not column.protection.locked]
        columns = {number for area in areas for number in range(area.min, area.max + 1)}
        protected = bool(sheet.protection.sheet)
        pages[sheet.title] = Page(cells, frozenset(unlocked), frozenset(columns), frozenset(styled), protected)
    return pages


def _stored(cell: Any) -> bool | float | str | None:
    from openpyxl.utils.datetime import to_excel  # noqa: PLC0415 - as in _image

    value = cell.value
    if cell.data_type == "e":
        return Fault(value)
    if isinstance(value, datetime | date | time | timedelta):
        return float(to_excel(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return value


def _format(code: str) -> str:
    from openpyxl.styles.numbers import is_date_format  # noqa: PLC0415 - as in _image

    if is_date_format(code):
        return "date"
    return "text" if code == "@" else "currency" if any(sign in code for sign in "¥￥$€£") else ""


class Workbook:
    """An open workbook."""

    def __init__(self, name: str, data: bytes, *, read_only: bool = False) -> None:
        self.name = name
        self.read_only = read_only
        self.saved = True
        self.source = data
        self.pages = {title: replace(page, cells=dict(page.cells)) for title, page in _image(data).items()}

    def frozen(self) -> bytes:
        """Return the open workbook in a form that another process can open without openpyxl."""
        return pickle.dumps(self)

    def cell(self, sheet: str, place: str) -> Cell:
        """Return one cell."""
        return self.pages[sheet].cells.get(parse_address(place), Cell())

    def rows(self, sheet: str, area: str) -> list[list[Any]]:
        """Return the values of an area."""
        (top, left), (bottom, right) = (parse_address(corner) for corner in (area.split(":") * 2)[:2])
        page = self.pages[sheet].cells
        return [[page.get((row, at), Cell()).value for at in range(left, right + 1)] for row in range(top, bottom + 1)]

    def everything(self) -> dict[str, dict[Place, Cell]]:
        """Return all cells of all sheets, to be compared with later ones."""
        return {title: dict(page.cells) for title, page in self.pages.items()}

    def type(self, cells: Mapping[tuple[str, str], Any]) -> Workbook:
        """Put values into cells, whatever their protection says; a ``Cell`` is taken as it is. A text stays a text."""
        for (sheet, place), value in cells.items():
            old = self.cell(sheet, place)
            as_text = "'" + value if isinstance(value, str) and not isinstance(value, Fault) else value
            new = value if isinstance(value, Cell) else replace(entered(as_text, old), format=old.format)
            self._set(sheet, parse_address(place), new)
        self.saved = False
        self.calculate()
        return self

    def _set(self, sheet: str, place: Place, cell: Cell) -> None:
        self.pages[sheet].cells.pop(place, None)
        if cell != Cell():
            self.pages[sheet].cells[place] = cell

    def put(self, sheet: str, area: tuple[int, int, int, int], block: Sequence[Sequence[Any]]) -> None:
        """Write a block as ``Range.Value`` does: all of it, or nothing where any cell of it is locked."""
        top, left, bottom, right = area
        assert len(block) == bottom - top + 1, "Excel would fill the rest with #N/A"
        assert {len(row) for row in block} == {right - left + 1}
        page = self.pages[sheet]
        places = [(row, column) for row in range(top, bottom + 1) for column in range(left, right + 1)]
        if page.protected and any(page.locked(place) for place in places):
            raise ComError(EXCEPTION, "您试图更改的单元格或图表位于受保护的工作表中。")
        for place, value in zip(places, (value for row in block for value in row), strict=True):
            if place in page.cells or value not in (None, ""):
                self._set(sheet, place, entered(value, page.cells.get(place, Cell())))
        self.saved = False
        self.calculate()

    def calculate(self) -> None:
        """Calculate totals and links."""
        for title, page in self.pages.items():
            places = [place for place, cell in page.cells.items() if cell.formula]
            for place in sorted(places, key=lambda place: (place[1], place[0])):
                cell = page.cells[place]
                value = self._result(title, cell)
                if value != cell.value:
                    page.cells[place] = replace(cell, value=value)

    def _result(self, title: str, cell: Cell) -> Any:
        kind, parts = _parsed(cell.formula or "")
        if kind == "link":
            return parts[0]
        if kind == "total":
            values = [value for row in self.rows(title, parts[0]) for value in row]
            numbers = [value for value in values if isinstance(value, float)]
            blanks = [value for value in values if value is None or value in ("/", "-", "—", "无")]
            zero = self.cell("封面", "C11").value == "是"
            return float(sum(numbers)) if len(numbers) + zero * len(blanks) == int(parts[1]) else ""
        if kind == "sum":
            values = [value for row in self.rows(parts[0] or title, parts[1]) for value in row]
            return round(float(sum(value for value in values if isinstance(value, float))), 6)
        return cell.value

    def data(self) -> bytes:
        """Return the workbook as a file: the one it was read from, with the changed cells replaced in its text."""
        import workbooks as w  # noqa: PLC0415 - it imports openpyxl

        content = w.parts(self.source)
        before = _image(self.source)
        styles = content["xl/styles.xml"]
        for title, page in self.pages.items():
            old = before[title].cells
            changed = {place for place in old.keys() | page.cells.keys() if old.get(place) != page.cells.get(place)}
            if changed:
                name = w.part_of(self.source, title)
                text = _SheetText(content[name].decode(), styles.decode())
                for place in sorted(changed):
                    text.put(place, page.cells.get(place, Cell()), old.get(place, Cell()))
                content[name], styles = text.whole().encode(), text.styles.encode()
        content["xl/styles.xml"] = styles
        return w.packed(content)


class _SheetText:
    """The text of a sheet part while cells of it are replaced."""

    def __init__(self, text: str, styles: str) -> None:
        self.styles = styles
        self.head, body, self.tail = re.match(r"(.*<sheetData>)(.*)(</sheetData>.*)\Z", text, re.DOTALL).groups()
        rows = re.findall(r'<row r="(\d+)"([^>]*?)(?:/>|>(.*?)</row>)', body, re.DOTALL)
        self.rows = {int(row): (attributes, self._cells(cells)) for row, attributes, cells in rows}
        columns = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]*? style="(\d+)"', self.head)
        self.columns = {n: style for first, last, style in columns for n in range(int(first), int(last) + 1)}

    @staticmethod
    def _cells(text: str) -> dict[int, str]:
        found = re.finditer(r'<c r="([A-Z]+\d+)"[^>]*?(?:/>|>.*?</c>)', text, re.DOTALL)
        return {parse_address(match[1])[1]: match[0] for match in found}

    def put(self, place: Place, cell: Cell, old: Cell) -> None:
        row, column = place
        _, cells = self.rows.setdefault(row, ("", {}))
        match = re.match(r'<c [^>]*? s="(\d+)"', cells.get(column, ""))
        style = match[1] if match else self.columns.get(column, "")
        if cell.format != old.format:
            style = self._with_format(style, FORMATS[cell.format])
        cells[column] = f'<c r="{address(*place)}"' + (f' s="{style}"' if style else "") + _written(cell)

    def _with_format(self, style: str, number: int) -> str:
        """Add a cell style like another but for the number format, and return its number."""
        head, body, tail = re.match(r"(.*<cellXfs[^>]*>)(.*)(</cellXfs>.*)\Z", self.styles, re.DOTALL).groups()
        styles = re.findall(r"<xf [^>]*?(?:/>|>.*?</xf>)", body, re.DOTALL)
        new = re.sub(r'numFmtId="\d+"', f'numFmtId="{number}" applyNumberFormat="1"', styles[int(style or 0)], count=1)
        self.styles = re.sub(r'(<cellXfs count=")\d+', rf"\g<1>{len(styles) + 1}", head) + body + new + tail
        return str(len(styles))

    def whole(self) -> str:
        rows = [
            f'<row r="{row}"{attributes}>{"".join(text for _, text in sorted(cells.items()))}</row>'
            for row, (attributes, cells) in sorted(self.rows.items())
        ]
        return self.head + "".join(rows) + self.tail


def _written(cell: Cell) -> str:
    """Return what follows the address and style of a cell."""

    def escape(text: str) -> str:
        text = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    value, formula = cell.value, f"<f>{escape(cell.formula[1:])}</f>" if cell.formula else ""
    if value is None:
        return f">{formula}</c>" if formula else "/>"
    if isinstance(value, bool):
        return f' t="b">{formula}<v>{int(value)}</v></c>'
    if isinstance(value, float):
        return f">{formula}<v>{value!r}</v></c>"
    if isinstance(value, Fault):
        return f' t="e">{formula}<v>{value}</v></c>'
    if formula:
        return f' t="str">{formula}<v>{escape(value)}</v></c>'
    return f' t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


# --- the program


@dataclass
class Excel:
    """A running Excel: its workbooks, what it was asked and what it said."""

    version: str = "16.0"
    windows: bool = True
    """On macOS xlwings passes on fewer properties."""
    books: list[Workbook] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    """Every call that carried data, in order."""
    alerts: list[tuple[str, str, str]] = field(default_factory=list)
    """What was shown: text, title, kind."""
    before_call: Callable[[str], None] = lambda _: None
    """Is asked before each call, and may raise."""

    def open(self, name: str, data: bytes, *, read_only: bool = False) -> Workbook:
        """Open a workbook in front of all others."""
        self.books.append(Workbook(name, data, read_only=read_only))
        return self.books[-1]

    def call(self, name: str) -> None:
        """Count a call."""
        self.calls.append(name)
        self.before_call(name)

    def reject_calls(self) -> None:
        """Refuse every call from now on, as while a cell is being edited or a dialogue is open."""

        def reject(_: str) -> None:
            raise ComError(CALL_REJECTED, "被呼叫方拒绝接收呼叫。")

        self.before_call = reject


@contextmanager
def registered(excel: Excel) -> Iterator[xlwings.Engine]:
    """Let xlwings find this Excel, as ``xlwings.engines`` finds the real one on Windows."""
    engine = xlwings.Engine(impl=_Engine(excel))
    before = xlwings.engines.active
    xlwings.engines.add(engine)
    engine.activate()
    try:
        yield engine
    finally:
        xlwings.engines.engines.remove(engine)
        del xlwings.engines.engines_by_name[engine.name]
        xlwings.engines.active = before


class _Engine:
    name, type = "excel", "desktop"

    def __init__(self, excel: Excel) -> None:
        self.apps = _Apps(excel)


class _Apps:
    def __init__(self, excel: Excel) -> None:
        self._apps = [_App(excel)]

    def __iter__(self) -> Iterator[_App]:
        return iter(self._apps)

    def __len__(self) -> int:
        return len(self._apps)


class _App:
    pid = 1

    def __init__(self, excel: Excel) -> None:
        self.excel = excel

    @property
    def books(self) -> _Books:
        return _Books(self)

    @property
    def version(self) -> str:
        self.excel.call("version")
        return self.excel.version

    def calculate(self) -> None:
        self.excel.call("calculate")
        for book in self.excel.books:
            book.calculate()

    def alert(self, prompt: str, title: str, buttons: str, mode: str, callback: object) -> str:
        assert buttons in (None, "ok")
        assert callback is None
        self.excel.call("alert")
        self.excel.alerts.append((prompt, title, mode))
        return "ok"


class _Books:
    def __init__(self, app: _App) -> None:
        self._app = app

    def __iter__(self) -> Iterator[_Book]:
        return (_Book(self._app, book) for book in self._app.excel.books)

    def __len__(self) -> int:
        return len(self._app.excel.books)

    @property
    def active(self) -> _Book:
        """Return the workbook in front; where there is none, xlwings wraps ``None``, and any call on it fails."""
        books = self._app.excel.books
        return _Book(self._app, books[-1]) if books else _NoBook()

    def __call__(self, name: str) -> _Book:
        return next(_Book(self._app, book) for book in self._app.excel.books if book.name == name)

    def open(self, fullname: str, *_: object) -> _Book:
        raise ComError(EXCEPTION, f"很抱歉，我们找不到 {fullname}。")


class _Book:
    def __init__(self, app: _App, book: Workbook) -> None:
        self.app, self.book = app, book

    @property
    def api(self) -> _BookApi | object:
        return _BookApi(self) if self.app.excel.windows else object()

    @property
    def name(self) -> str:
        self.app.excel.call("book name")
        return self.book.name

    @property
    def fullname(self) -> str:
        return "C:\\报送\\" + self.book.name

    @property
    def sheets(self) -> _Sheets:
        return _Sheets(self)


class _NoBook:
    """What xlwings wraps around ``ActiveWorkbook`` where no workbook is open, or only one in protected view."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"'NoneType' object has no attribute {name!r}")


class _BookApi:
    def __init__(self, book: _Book) -> None:
        self._book = book

    @property
    def ReadOnly(self) -> bool:  # noqa: N802 - Excel's name
        self._book.app.excel.call("ReadOnly")
        return self._book.book.read_only

    @property
    def Saved(self) -> bool:  # noqa: N802 - as above
        self._book.app.excel.call("Saved")
        return self._book.book.saved


class _Sheets:
    def __init__(self, book: _Book) -> None:
        self._book = book

    def __iter__(self) -> Iterator[_Sheet]:
        return (_Sheet(self._book, title) for title in self._book.book.pages)

    def __len__(self) -> int:
        return len(self._book.book.pages)

    def __call__(self, key: str) -> _Sheet:
        if key not in self._book.book.pages:
            raise ComError(EXCEPTION, "下标越界。")
        return _Sheet(self._book, key)


class _Sheet:
    def __init__(self, book: _Book, title: str) -> None:
        self.book, self.title = book, title

    @property
    def name(self) -> str:
        self.book.app.excel.call("sheet name")
        return self.title

    def range(self, first: Place, last: Place) -> _Range:
        return _Range(self, (*first, *last))


class _Range:
    options: Mapping[str, Any]
    """xlwings sets it."""

    def __init__(self, sheet: _Sheet, area: tuple[int, int, int, int]) -> None:
        self.sheet, self.area = sheet, area
        self.api = self

    def _read(self, kind: str, *, whole: bool) -> Any:
        top, left, bottom, right = self.area
        self.sheet.book.app.excel.call(f"{kind} {self.sheet.title}!{address(top, left)}:{address(bottom, right)}")
        rows: list[list[Any]] = [[None] * (right - left + 1) for _ in range(top, bottom + 1)]
        for (row, column), cell in self.sheet.book.book.pages[self.sheet.title].cells.items():
            if top <= row <= bottom and left <= column <= right:
                rows[row - top][column - left] = handed_over(cell, whole=whole)
        return rows[0][0] if (top, left) == (bottom, right) else tuple(map(tuple, rows))

    @property
    def raw_value(self) -> Any:
        return self._read("read", whole=False)

    @raw_value.setter
    def raw_value(self, data: Any) -> None:
        top, left, bottom, right = self.area
        sheet = self.sheet
        sheet.book.app.excel.call(f"write {sheet.title}!{address(top, left)}:{address(bottom, right)}")
        sheet.book.book.put(sheet.title, self.area, data)

    @property
    def Value2(self) -> Any:  # noqa: N802 - Excel's name
        return self._read("read whole", whole=True)
