"""A report: what one body filed, in the public interchange format (report JSON) and as plain data.

Nothing is coerced on the way in or out: a blank is ``null``, text stays text, and it is the validation that says so.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gongkai.cell import MAX_DIGITS, Value, from_float, is_number
from gongkai.edition import Edition, by_name
from gongkai.numerals import is_blank
from gongkai.wording import escaped_json

MAX_TEXT = 32_767
"""A cell holds this many characters of text."""
MAX_JSON, MAX_REPORT_JSON = 64 << 20, 1 << 20
"""Bytes of JSON that are parsed, and of one report, which takes a hundredth of it."""

_UNSTORABLE = re.compile("[\ud800-\udfff]|_x[0-9A-Fa-f]{4}(?=_x[0-9A-Fa-f]{4}_)")
"""Half characters, and two of a spreadsheet's own escapes that share an underscore."""


class ReportError(Exception):
    """A report JSON that cannot be taken as it is; the text says, in Chinese, where and why."""


@dataclass(frozen=True, slots=True)
class Unit:
    """The cover: who files, and what decides which rules apply. Values as in ``cover.schema.json``."""

    name: str | None = None
    code: str | None = None
    level: str | None = None
    kind: str | None = None
    rulemaking: str | None = None
    restructured: str | None = None
    zero_report: str | None = None
    fee_statement: str | None = None
    prepared_by: str | None = None
    phone: str | None = None
    reviewed_by: str | None = None
    date: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return the fields that are filled, and the name in any case."""
        fields = ((key, getattr(self, key)) for key in UNIT_FIELDS)
        return {key: value for key, value in fields if value is not None or key == "name"}


UNIT_FIELDS = tuple(field.name for field in fields(Unit))


@dataclass(frozen=True, slots=True)
class Report:
    """One report: ``values[n]`` is the value of ``edition.items[n]``."""

    edition: str
    year: Value
    unit: Unit
    values: tuple[Value, ...]

    @property
    def declares_zero(self) -> bool:
        """Whether the body itself declared every blank a zero (零报告)."""
        return self.unit.zero_report == "是"

    def blanks_as_zero(self, edition: Edition) -> Report:
        """Return the report with every blank cell zero, as somebody has declared; other text and errors stay.

        So does a blank total of which a part cannot be read: it is blank because of that part, and nobody declared it.
        """
        values = [0 if is_blank(value) else value for value in self.values]
        for total, parts in edition.derivations.items():
            if is_blank(self.values[total]) and not all(is_number(values[part]) for part in parts):
                values[total] = None
        return replace(self, values=tuple(values))

    def digest(self) -> str:
        """Return a SHA-256 (hex) of everything that was filed: a later change of any value or cover field shows."""
        content = [self.edition, self.year, asdict(self.unit), list(self.values)]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def nest(edition: Edition, values: Sequence[Value]) -> dict[str, dict[str, dict[str, Value]]]:
    """Return a flat vector as table → row → column → value."""
    tables: dict[str, dict[str, dict[str, Value]]] = {}
    start = 0
    for table, rows in edition.lines.items():
        nested = tables[table] = {}
        for row, columns in rows.items():
            end = start + len(columns)
            nested[row] = dict(zip(columns, values[start:end], strict=True))
            start = end
    return tables


def flatten(edition: Edition, tables: Mapping[str, Any]) -> tuple[Value, ...]:
    """Return table → row → column → value as a flat vector; the inverse of ``nest``."""
    return tuple(tables[item.table][item.row][item.column] for item in edition.items)


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as report JSON."""
    head = {"edition": report.edition, "year": report.year, "unit": report.unit.to_json()}
    return {**head, **nest(by_name(report.edition), report.values)}


def dumps(report: Report) -> str:
    """Return the report as report JSON text, ending in a line break."""
    return escaped_json(json.dumps(to_json(report), ensure_ascii=False, indent=1)) + "\n"


def from_json(document: object) -> Report:
    """Return the report a report JSON describes.

    Raises ``ReportError`` for what is not a report JSON and ``EditionError`` for an edition that does not exist.
    Values are taken as they are, right or wrong.
    """
    if isinstance(document, dict) and {"units", "totals"} <= document.keys():
        raise ReportError("这是汇总的结果，里面没有各单位的数字；请改用同名的 .xlsx 汇总表。")
    if not isinstance(document, dict) or "edition" not in document:
        raise ReportError("不是报告 JSON：最外层应是带有 edition、year、unit 和各统计表的对象。")
    edition = by_name(document["edition"])
    _same_keys(document, {"edition", "year", "unit", *edition.lines}, "")
    return Report(
        edition.name,
        value_from_json(document["year"], "year"),
        unit_from_json(document["unit"]),
        values_from_json(document, edition),
    )


def values_from_json(tables: Mapping[str, Any], edition: Edition) -> tuple[Value, ...]:
    """Return the flat vector of table → row → column → value; raise ``ReportError`` for missing or unknown keys."""
    for table, rows in edition.lines.items():
        _same_keys(tables.get(table), rows, table)
        for row, columns in rows.items():
            _same_keys(tables[table][row], columns, f"{table}.{row}")
    values = zip(edition.items, flatten(edition, tables), strict=True)
    return tuple(value_from_json(value, item.key) for item, value in values)


def loads(data: str | bytes) -> Report:
    """Return the report in a report JSON text; raises as ``from_json`` does."""
    return from_json(parse_json(data, MAX_REPORT_JSON))


def parse_json(data: str | bytes, most: int = MAX_JSON) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON text; raise ``ReportError`` where it is broken, repeats a key or is longer than ``most``."""
    if len(data) > most:
        raise ReportError("大得不合常理，不像是报告 JSON。请检查是不是给错了文件。")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ReportError("同一个键出现了两次，无法判断以哪个为准，请删去一个。")
        return dict(pairs)

    try:
        return json.loads(data, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ReportError(f"不是有效的 JSON：第 {error.lineno} 行第 {error.colno} 个字符处写得不对。") from error
    except (ValueError, RecursionError) as error:
        raise ReportError("不是有效的 JSON：不是 UTF-8 编码，或嵌套过深。") from error


def _same_keys(node: object, expected: Iterable[str], where: str) -> None:
    if not isinstance(node, dict):
        raise ReportError(f"报告 JSON 的 {where} 应是一个对象。")
    prefix = where + "." if where else ""
    if missing := [key for key in expected if key not in node]:
        raise ReportError(f"报告 JSON 缺少 {prefix}{missing[0]}（空白格请写 null）。")
    if unknown := [key for key in node if key not in expected]:
        raise ReportError(f"报告 JSON 中的 {prefix}{unknown[0]} 不是这一版统计表的内容。")


def value_from_json(value: object, where: str) -> Value:
    """Take a value as it is; raise ``ReportError`` where no cell could hold it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > MAX_TEXT or _UNSTORABLE.search(value):
            raise ReportError(f"报告 JSON 中 {where} 的文字过长或含有无法存储的字符。")
        return value or None  # an empty text and a blank are the same to everyone but a program
    if not is_number(value):
        raise ReportError(f"报告 JSON 中 {where} 应是数字、文字或 null。")
    try:
        number = float(value)
        fits = math.isfinite(number) and float(f"{number:.{MAX_DIGITS}g}") == value
    except OverflowError:
        fits = False
    if not fits:
        raise ReportError(f"报告 JSON 中 {where} 的数值超过 {MAX_DIGITS} 位有效数字，表格程序存不下。")
    return from_float(number)


def unit_from_json(node: object) -> Unit:
    """Return who filed, from the ``unit`` of a report JSON; raise ``ReportError``."""
    if not isinstance(node, dict):
        raise ReportError("报告 JSON 的 unit 应是一个对象，至少有 name。")
    if unknown := [key for key in node if key not in UNIT_FIELDS]:
        raise ReportError(f"报告 JSON 中的 unit.{unknown[0]} 不是封面的内容。")
    for key, value in node.items():
        if not isinstance(value, str | None):
            raise ReportError(f"报告 JSON 中的 unit.{key} 应是文字或 null。")
        value_from_json(value, f"unit.{key}")
    return Unit(**{key: value or None for key, value in node.items()})
