"""Finding a statutory table by its printed labels, wherever in a sheet somebody has moved it.

Never by position alone and never by a guess: each row and each column must be named exactly once, or the table counts
as not found and the reason is reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from gongkai.cell import Value, address
from gongkai.edition import Edition
from gongkai.layout import Block, path

Place = tuple[int, int]
Cells = Mapping[Place, Value]

_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+[、.．]|[(（][一二三四五六七八九十]+[)）]|[0-9]+[、.．])")
_NOTE = re.compile(r"\(.*\)\Z", re.DOTALL)


@cache
def fold(text: str) -> str:
    """Return a label without what clerks and programs change: width, spaces, line breaks, brackets, numbering."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    text = _NUMBERING.sub("", text)
    return "".join(char for char in text if char.isalnum())


@cache
def without_note(text: str) -> str:
    """Return a label folded, without the note in brackets that may stand behind it."""
    text = "".join(unicodedata.normalize("NFKC", text).split())
    return fold(_NOTE.sub("", text)) or fold(text)


@dataclass(frozen=True, slots=True)
class Found:
    """Where a table was found: item key → cell, and in Chinese what differs from the official form."""

    places: Mapping[str, Place]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a table could not be found, in Chinese."""

    reason: str


def is_official(cells: Cells, block: Block) -> bool:
    """Tell whether every label of a table stands where the official form has it, but for width, spaces and the like."""
    for label in block.labels:
        value = cells.get((label.box.top, label.box.left))
        if value != label.text and not (isinstance(value, str) and fold(value) == fold(label.text)):
            return False
    return True


def locate(cells: Cells, edition: Edition, block: Block) -> Found | Lost:
    """Find one table among the cells of a sheet by its row and column labels."""
    texts = {place: value for place, value in cells.items() if isinstance(value, str)}
    if block.across:
        return _locate_across(texts, edition, block)
    return _locate_down(texts, edition, block)


@dataclass(frozen=True, slots=True)
class _Heading:
    """A label to look for: its key, its official text, and the folded texts that are known to mean it."""

    key: str
    text: str
    forms: frozenset[str]

    def matches(self, text: str) -> bool:
        return fold(text) in self.forms or without_note(text) in self.forms

    def difference(self, text: str) -> str | None:
        return None if fold(text) == fold(self.text) else f"“{_short(text)}”按“{_short(self.text)}”读取"


def _headings(nodes: Mapping[str, Any]) -> list[_Heading]:
    headings = []
    for key, node in nodes.items():
        text = path(node)[-1]
        forms = {fold(text), without_note(text), *(fold(other) for other in node.get("also", ()))}
        headings.append(_Heading(key, text, frozenset(forms)))
    return headings


def _short(text: str) -> str:
    text = "".join(text.split())
    return text if len(text) <= 12 else text[:11] + "…"  # noqa: PLR2004 - enough to recognise a label by


def _locate_down(texts: Mapping[Place, str], edition: Edition, block: Block) -> Found | Lost:
    table = edition.tables[block.table]
    rows = _headings(table["properties"])
    columns = _headings(next(iter(table["properties"].values()))["properties"])
    matches = {row.key: [place for place, text in texts.items() if row.matches(text)] for row in rows}
    alone = [found[0] for found in matches.values() if len(found) == 1]
    if not alone:
        return Lost("没有找到行标题" + _names(row for row in rows if not matches[row.key]))
    top = min(row for row, _ in alone)
    headers: dict[str, Place] = {}
    for column in columns:
        above = [place for place, text in texts.items() if place[0] < top and column.matches(text)]
        nearest = [place for place in above if place[0] == max(row for row, _ in above)]
        if len(nearest) != 1:
            how = "没有找到" if not nearest else "有多处"
            return Lost(f"{how}列标题“{_short(column.text)}”")
        headers[column.key] = nearest[0]
    first = min(column for _, column in headers.values())
    lines: dict[str, Place] = {}
    for row in rows:
        below = [place for place in matches[row.key] if place[0] >= top and place[1] < first]
        if len({line for line, _ in below}) != 1:
            how = "没有找到" if not below else "有多处"
            return Lost(f"{how}行标题“{_short(row.text)}”")
        lines[row.key] = below[0]
    if len({line for line, _ in lines.values()}) < len(rows) or len({c for _, c in headers.values()}) < len(columns):
        return Lost("同一行或同一列有不止一个标题")
    places = {
        f"{block.table}.{row}.{column}": (line, at)
        for row, (line, _) in lines.items()
        for column, (_, at) in headers.items()
    }
    named = [(heading, texts[place]) for heading, place in zip(columns, headers.values(), strict=True)]
    named += [(heading, texts[place]) for heading, place in zip(rows, lines.values(), strict=True)]
    renamed = [difference for heading, text in named if (difference := heading.difference(text))]
    extra = _extra_rows(texts, {line for line, _ in lines.values()}, first)
    return Found(places, (*renamed, *extra, *_moved(places, edition, block)))


def _extra_rows(texts: Mapping[Place, str], lines: set[int], first: int) -> list[str]:
    """Return what is said of labelled rows between those of the table: they are not read."""
    named: dict[int, str] = {}
    for (row, column), text in sorted(texts.items()):
        if min(lines) < row < max(lines) and row not in lines and column < first:
            named.setdefault(row, text)
    return [f"多出的第 {row} 行“{_short(text)}”没有读取" for row, text in named.items()]


def _locate_across(texts: Mapping[Place, str], edition: Edition, block: Block) -> Found | Lost:
    table = edition.tables[block.table]
    rows = _headings(table["properties"])
    columns = _headings(next(iter(table["properties"].values()))["properties"])
    groups: dict[str, Place] = {}
    for row in rows:
        found = [place for place, text in texts.items() if row.matches(text)]
        if len(found) != 1:
            return Lost(("没有找到" if not found else "有多处") + f"标题“{_short(row.text)}”")
        groups[row.key] = found[0]
    bottom = max(row for row, _ in groups.values())
    labels = {place: text for place, text in texts.items() if place[0] > bottom}
    lines = {row for row, _ in labels if sum(c.matches(t) for (r, _), t in labels.items() if r == row for c in columns)}
    if not lines:
        return Lost("没有找到列标题" + _names(columns))
    line = min(lines)
    starts = sorted((column, key) for key, (_, column) in groups.items())
    places: dict[str, Place] = {}
    renamed: list[str] = []
    for (start, group), (end, _) in zip(starts, [*starts[1:], (10**6, "")], strict=True):
        for column in columns:
            here = [
                at for (row, at), text in labels.items() if row == line and start <= at < end and column.matches(text)
            ]
            if len(here) != 1:
                return Lost(("没有找到" if not here else "有多处") + f"列标题“{_short(column.text)}”")
            if difference := column.difference(labels[line, here[0]]):
                renamed.append(difference)
            places[f"{block.table}.{group}.{column.key}"] = (line + 1, here[0])
    renamed += [d for row in rows if (d := row.difference(texts[groups[row.key]]))]
    return Found(places, (*dict.fromkeys(renamed), *_moved(places, edition, block)))


def _moved(places: Mapping[str, Place], edition: Edition, block: Block) -> list[str]:
    """Return what is said of a table whose cells are not where the official form has them."""
    keys = [item.key for item in edition.items if item.table == block.table]
    official = {item.key: (item.box.top, item.box.left) for item in edition.items if item.table == block.table}
    if all(places[key] == official[key] for key in keys):
        return []
    start, end = min(places.values()), max(places.values())
    columns = [column for _, column in places.values()]
    area = f"{address(start[0], min(columns))}:{address(end[0], max(columns))}"
    return [f"“{block.labels[0].text if block.labels[0].kind == 'block' else block.sheet}”一表的数字从 {area} 读取"]


def _names(headings: Iterable[_Heading]) -> str:
    shown = [f"“{_short(heading.text)}”" for heading in headings]
    return "、".join(shown[:3]) + ("等" if len(shown) > 3 else "")  # noqa: PLR2004 - three names say it


def find_beside(cells: Cells, names: Sequence[str]) -> dict[str, Place]:
    """Return, for each cover label found exactly once, the cell right of it (past the label's own blank cells)."""
    wanted = {fold(name): name for name in names}
    hits: dict[str, list[Place]] = {}
    for place, value in cells.items():
        if isinstance(value, str) and fold(value) in wanted:
            hits.setdefault(wanted[fold(value)], []).append(place)
    found: dict[str, Place] = {}
    for name, places in hits.items():
        if len(places) == 1:
            row, column = places[0]
            beside = (at for at in range(column + 1, column + 7) if (row, at) in cells)
            found[name] = (row, next(beside, column + 1))
    return found
