"""名册: the units an office expects reports from, and how to recognise them.

The roster is the office's own file, so whatever is wrong with it stops the run and is named row by row: a roster that
is half understood would call units missing that are not, and miss those that are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gongkai.cell import Value
from gongkai.edition import COVER_SHEET, editions
from gongkai.labels import fold
from gongkai.ooxml import OUR_OWN, WorkbookError, open_workbook
from gongkai.report import Unit

FILES, JOINED, EXEMPT = "独立填报", "并入", "不报"
STATUSES = (FILES, JOINED, EXEMPT)
MAX_ROWS = 50_000
_MAX_COLUMNS = 40
_TOLD = 10
"""So many faults are named; who has more will rather start over."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("单位代码", "代码"),
    "name": ("单位名称", "名称"),
    "former": ("曾用名", "原名称", "历史名称"),
    "level": ("行政层级", "层级"),
    "kind": ("单位性质", "性质"),
    "email": ("电子邮箱", "邮箱"),
    "phone": ("联系电话", "电话"),
    "rulemaking": ("规章制定权",),
    "credit_code": ("统一社会信用代码",),
    "status": ("报送状态", "状态"),
    "parent": ("上级单位", "上级"),
}
"""Field → the headings it may have, the first of them in our own template."""


class RosterError(Exception):
    """A roster that cannot be used; the text says, in Chinese, what is wrong in which row and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One unit of the roster."""

    row: int
    code: str | None
    name: str
    former: tuple[str, ...] = ()
    level: str | None = None
    kind: str | None = None
    email: str | None = None
    phone: str | None = None
    rulemaking: str | None = None
    credit_code: str | None = None
    status: str = FILES
    parent: str | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """What the cover may give as the unit's code."""
        return tuple(code_key(code) for code in (self.code, self.credit_code) if code)


@dataclass(frozen=True, slots=True)
class Match:
    """The entry a report belongs to, or in Chinese why there is none; ``by_name`` where its code did not decide."""

    entry: Entry | None
    by_name: bool = False
    why: str = ""


@dataclass(frozen=True)
class Roster:
    """The units of a roster in its order, found by code, then by name and former names."""

    entries: tuple[Entry, ...]
    _by_code: dict[str, Entry] = field(default_factory=dict, repr=False)
    _by_name: dict[str, list[Entry]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for entry in self.entries:
            self._by_code.update(dict.fromkeys(entry.codes, entry))
            for name in dict.fromkeys(fold(name) for name in (entry.name, *entry.former)):
                self._by_name.setdefault(name, []).append(entry)

    @property
    def expected(self) -> tuple[Entry, ...]:
        """The units that file a report of their own."""
        return tuple(entry for entry in self.entries if entry.status == FILES)

    def match(self, unit: Unit) -> Match:
        """Return which entry a cover belongs to."""
        if unit.code and (entry := self._by_code.get(code_key(unit.code))):
            return Match(entry)
        named = self._by_name.get(fold(unit.name or ""), [])
        current = [entry for entry in named if fold(entry.name) == fold(unit.name or "")]
        found = current or named  # a name in use goes before a former one of somebody else
        if len(found) == 1:
            return Match(found[0], by_name=True)
        if found:
            rows = "、".join(str(entry.row) for entry in found)
            return Match(None, why=f"名称“{unit.name}”对应到名册上不止一个单位（第 {rows} 行），请在封面填写单位代码")
        shown = f"“{unit.name or '（没有名称）'}”" + (f"（代码 {unit.code}）" if unit.code else "")
        return Match(None, why=f"{shown}不在名册上。确属本地区的，请补入名册后重新汇总")


def code_key(code: str) -> str:
    """Return a code as it is compared: without spaces, in capitals."""
    return "".join(code.split()).upper()


def read(path: Path) -> Roster:
    """Read a roster (.xlsx, .xlsm, .csv); raise ``RosterError`` when it cannot be used as it is."""
    if not path.is_file():
        raise RosterError(f"找不到名册 {path}。请检查路径是否写对。")
    try:
        rows = list(_csv_rows(path) if path.suffix.lower() in (".csv", ".txt") else _sheet_rows(path))
    except (OSError, WorkbookError, ValueError) as error:
        raise RosterError(
            f"名册 {path} 读不出来。名册应是 .xlsx 或 .csv 文件；可用 gongkai roster template 生成空白名册。"
        ) from error
    if rows and rows[-1][0] > MAX_ROWS:
        raise RosterError(f"名册 {path} 超过 {MAX_ROWS} 行。请删去下面没有用的行，或分成几个地区分别汇总。")
    columns, start = _heading(rows, path)
    entries, faults = [], []
    for number, row in rows[start:]:
        cells = {key: _text(row[at]) if at < len(row) else None for key, at in columns.items()}
        if not any(cells.values()):
            continue
        entry, found = _entry(number, cells)
        entries.append(entry)
        faults += [f"第 {number} 行：{fault}" for fault in found]
    faults += _conflicts(entries)
    if not entries:
        raise RosterError(f"名册 {path} 里没有单位。请在标题行下面逐行填写单位。")
    if faults:
        more = f"等 {len(faults)} 处" if len(faults) > _TOLD else ""
        raise RosterError(f"名册 {path} 需要改正：" + "；".join(faults[:_TOLD]) + more + "。")
    return Roster(tuple(entries))


Row = tuple[int, Sequence[Value]]


def _sheet_rows(path: Path) -> Iterator[Row]:
    book = open_workbook(path, OUR_OWN)
    if COVER_SHEET in book.sheets:  # its cover has a “单位名称” too
        raise RosterError(f"{path} 是填报的统计表，不是名册。请用 --roster 给出名册。")
    cells = book.cells(book.sheets[0], MAX_ROWS + 1, _MAX_COLUMNS) if book.sheets else {}
    for row in sorted({row for row, _ in cells}):
        yield row, [cells.get((row, column)) for column in range(1, _MAX_COLUMNS + 1)]


def _csv_rows(path: Path) -> Iterator[Row]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")  # what Excel writes in China
    yield from enumerate(csv.reader(io.StringIO(text, newline="")), 1)


def _heading(rows: Sequence[Row], path: Path) -> tuple[dict[str, int], int]:
    """Return field → column, counted from 0, and the index of the first row below the headings."""
    known = {fold(text): key for key, texts in COLUMNS.items() for text in texts}
    for index, (_, row) in enumerate(rows[:10]):
        found = [
            (known[fold(value)], at) for at, value in enumerate(row) if isinstance(value, str) and fold(value) in known
        ]
        columns = dict(reversed(found))
        if "name" in columns:
            if len(columns) < len(found):
                raise RosterError(f"名册 {path} 的标题行里有重复的标题。请删去多余的一列。")
            return columns, index + 1
    raise RosterError(f"名册 {path} 里没有找到标题“单位名称”。可用 gongkai roster template 生成空白名册，照样填写。")


def _text(value: Value) -> str | None:
    """Return a cell as text; codes and telephone numbers are often stored as numbers."""
    text = "" if value is None else str(value)
    return text.strip() or None


def _entry(number: int, cells: Mapping[str, str | None]) -> tuple[Entry, list[str]]:
    """Return the unit of a row, and what is wrong with the row."""
    faults = []
    fields = {field.key: field.choices for field in next(iter(editions().values())).cover}
    choices: dict[str, str | None] = {}
    for key in ("level", "kind", "rulemaking"):
        texts, value = fields[key], cells.get(key)
        choices[key] = next((name for name, text in texts.items() if value in (name, text)), None)
        if value and choices[key] is None:
            faults.append(f"{COLUMNS[key][0]}“{value}”不对，应是{'、'.join(texts.values())}之一")
    status = cells.get("status") or FILES
    if status not in STATUSES:
        faults.append(f"报送状态“{status}”不对，应是{'、'.join(STATUSES)}之一")
    if not cells.get("name"):
        faults.append("没有填单位名称")
    credit = cells.get("credit_code")
    if credit and not _is_credit_code(credit):
        faults.append(f"统一社会信用代码“{credit}”不对（应为 18 位，且校验位相符）")
    former = tuple(
        name for part in (cells.get("former") or "").split("、") for name in part.replace("；", ";").split(";")
    )
    entry = Entry(
        number, cells.get("code"), cells.get("name") or "", tuple(name.strip() for name in former if name.strip()),
        choices["level"], choices["kind"], cells.get("email"), cells.get("phone"), choices["rulemaking"], credit,
        status, cells.get("parent"),
    )  # fmt: skip
    return entry, faults


def _is_credit_code(code: str) -> bool:
    from stdnum.cn import uscc  # noqa: PLC0415 - only rosters have such codes

    return bool(uscc.is_valid(code))


def _conflicts(entries: Sequence[Entry]) -> list[str]:
    """Return what is wrong between rows: codes given twice, parents that are not there."""
    faults = []
    first: dict[str, int] = {}
    names = {fold(entry.name) for entry in entries}
    for entry in entries:
        for code in dict.fromkeys(entry.codes):
            if code in first:
                faults.append(f"第 {first[code]} 行和第 {entry.row} 行的代码相同（{code}）")
            first.setdefault(code, entry.row)
    for entry in entries:
        if entry.parent and code_key(entry.parent) not in first and fold(entry.parent) not in names:
            faults.append(f"第 {entry.row} 行：上级单位“{entry.parent}”不在名册上")
        if entry.status == JOINED and not entry.parent:
            faults.append(f"第 {entry.row} 行：状态是“并入”，须填写并入的上级单位")
    return faults
