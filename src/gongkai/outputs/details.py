"""明细 for databases: one row per counted unit, streamed, as .csv or .parquet.

A count is an int64. An amount is a decimal128, not a float: a float holds 0.1 only nearly, so that the sums of a column
would differ from those of the summary. In .csv both are written in full, never as 1E-6.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from gongkai.cell import exact
from gongkai.edition import Item
from gongkai.merge import Included, Summary

CSV, PARQUET = ".csv", ".parquet"
HEAD = ("name", "code", "file", "sha256", "zeroed")
"""What goes before the items: the unit, the file its numbers come from, and how many blanks of it count as zero."""
ROWS = 1000
"""Rows of a row group, all that is ever held in memory."""
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a spreadsheet program may take a text for that begins with it."""
_HALVES = re.compile("[\ud800-\udfff]")
"""Half characters: no file holds them, but the name of one may."""


class DetailsError(Exception):
    """Details that cannot be written; the text says, in Chinese, why and what to do."""


def writer_of(suffix: str) -> Callable[[Summary, Path], None]:
    """Return what writes the numbers of every unit that is counted into a file, in the order of their files.

    Raises ``DetailsError`` for a ``suffix`` other than .csv and .parquet, and where .parquet has nobody to write it.
    """
    if suffix == CSV:
        return _write_csv
    if suffix != PARQUET:
        raise DetailsError(f"明细只能另存为 .csv 或 .parquet，不能是“{suffix or '没有扩展名的文件'}”。请改文件名。")
    try:
        return partial(_write_parquet, import_module("pyarrow"), import_module("pyarrow.parquet"))
    except ImportError as error:
        raise DetailsError(
            '没有安装写 .parquet 的组件。请运行 pip install "gongkai[parquet]"，或把明细另存为 .csv。'
        ) from error


def _head(unit: Included) -> tuple[str | None, str | None, str, str | None, int]:
    """Return what stands in the columns of ``HEAD``; halves of characters, which no file holds, are replaced."""
    submission = unit.submission
    texts = (submission.unit.name, submission.unit.code, submission.file)
    name, code, file = (None if text is None else _HALVES.sub("\N{REPLACEMENT CHARACTER}", text) for text in texts)
    return name, code, file or "", submission.origin.sha256 if submission.origin else None, submission.zeroed


def _number(item: Item, value: Any) -> int | Decimal:  # noqa: ANN401 - the unit counts, so it is a number
    """Return a value as its column holds it: a whole amount is a decimal like the others."""
    return int(value) if item.measure.whole else Decimal(exact(value))


# --- .csv


def _write_csv(summary: Summary, file: Path) -> None:
    items = summary.edition.items
    with file.open("w", encoding="utf-8-sig", newline="") as stream:  # without the mark Excel reads it as GBK
        writer = csv.writer(stream)
        writer.writerow((*HEAD, *(item.key for item in items)))
        for unit in summary.included:
            numbers = (_number(item, value) for item, value in zip(items, unit.report.values, strict=True))
            writer.writerow(
                (
                    *map(_harmless, _head(unit)),
                    *(f"{number:f}" if isinstance(number, Decimal) else number for number in numbers),
                )
            )


def _harmless(value: str | int | None) -> str | int | None:
    """Return a value; before a text that a spreadsheet program might calculate stands an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


# --- .parquet


def _write_parquet(pa: Any, parquet: Any, summary: Summary, file: Path) -> None:  # noqa: ANN401 - they have no types
    schema = _schema(pa, summary)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for rows in _groups(summary):
            columns = zip(*rows, strict=True)
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _schema(pa: Any, summary: Summary) -> Any:  # noqa: ANN401 - pyarrow has no types
    head = (pa.string(), pa.string(), pa.string(), pa.string(), pa.int64())
    fields = [pa.field(name, kind) for name, kind in zip(HEAD, head, strict=True)]
    for item in summary.edition.items:
        decimals = item.measure.decimals or 0
        decimal = pa.decimal128(len(str(int(item.measure.maximum))) + decimals, decimals)
        title = {"title": " · ".join((item.sheet, *item.row_heading, *item.column_heading))}
        fields.append(pa.field(item.key, pa.int64() if item.measure.whole else decimal, nullable=False, metadata=title))
    about = {"edition": summary.edition.name, "year": str(summary.year), "region": summary.region}
    return pa.schema(fields, metadata=about)


def _groups(summary: Summary) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows, so many at a time."""
    items = summary.edition.items
    rows: list[tuple[Any, ...]] = []
    for unit in summary.included:
        rows.append(
            (*_head(unit), *(_number(item, value) for item, value in zip(items, unit.report.values, strict=True)))
        )
        if len(rows) == ROWS:
            yield rows
            rows = []
    if rows:
        yield rows
