"""Finding a statutory table by its printed labels, wherever in a sheet somebody has moved it.

Never by position alone and never by a guess: each row and each column must be named exactly once, or the table counts
as not found and the reason is reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gongkai.cell import Value, address, column_letters, is_number
from gongkai.edition import Edition
from gongkai.layout import Block, Box, path

Place = tuple[int, int]
Cells = Mapping[Place, Value]

_NUMBERING = re.compile(r"^(?:[一二三四五六七八九十]+[、.．]|[(（][一二三四五六七八九十]+[)）]|[0-9]+[、.．])")
_NOTE = re.compile(r"\([^()]*\)\Z")


_LONGEST = 500
"""Characters of a text that may be a label or a name; longer ones are neither folded nor remembered."""


def fold(text: str) -> str:
    """Return a label without what clerks and programs change: width, spaces, line breaks, brackets, numbering."""
    return _folded(text) if len(text) <= _LONGEST else text


def without_note(text: str) -> str:
    """Return a label folded, without the note in brackets that may stand behind it."""
    return _folded_without_note(text) if len(text) <= _LONGEST else text


@lru_cache(maxsize=1 << 12)
def _folded(text: str) -> str:
    text = "".join(unicodedata.normalize("NFKC", text).split())
    text = _NUMBERING.sub("", text)
    return "".join(char for char in text if char.isalnum())


@lru_cache(maxsize=1 << 12)
def _folded_without_note(text: str) -> str:
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
    trace: bool = True
    """Whether some of its labels are there, so that this is its sheet, only broken."""


def is_official(cells: Cells, block: Block) -> bool:
    """Tell whether every label of a table stands where the official form has it, but for width, spaces and the like."""
    for label in block.labels:
        value = cells.get((label.box.top, label.box.left))
        if value != label.text and not (isinstance(value, str) and fold(value) == fold(label.text)):
            return False
    below = (cells.get((block.data.bottom + 1, column)) for column in range(block.data.left, block.data.right + 1))
    return not any(map(is_number, below)) and not spilled(cells, ((box.top, box.left) for box in block.cells.values()))


def spilled(cells: Cells, places: Iterable[Place]) -> str | None:
    """Return why the numbers of a table look pushed out of their cells, ``None`` where they do not.

    That is a line with a blank in it and a number just behind its end: somebody inserted a cell.
    """
    places = list(places)
    if all(place in cells for place in places):
        return None  # as in nearly every workbook
    lines: dict[tuple[str, int], list[Place]] = {}
    for row, column in places:
        lines.setdefault(("row", row), []).append((row, column))
        lines.setdefault(("column", column), []).append((row, column))
    for (kind, number), line in lines.items():
        if any(place not in cells for place in line):
            row, column = max(line)
            behind = (row, column + 1) if kind == "row" else (row + 1, column)
            if is_number(cells.get(behind)):
                name = f"第 {number} 行" if kind == "row" else f"{column_letters(number)} 列"
                return f"{name}有空格，而表外的 {address(*behind)} 有数字，像是移动过单元格"
    return None


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a sheet, folded once, however many tables are looked for among them."""

    at: Mapping[Place, str]
    meaning: Mapping[str, Sequence[Place]]
    """Folded text, with its note or without → where it stands, in the order of the cells."""

    @classmethod
    def of(cls, cells: Cells) -> Texts:
        """Return the texts among the cells of a sheet."""
        texts = {place: value for place, value in cells.items() if isinstance(value, str)}
        meaning: dict[str, list[Place]] = {}
        for place, text in texts.items():
            for form in {fold(text), without_note(text)}:
                meaning.setdefault(form, []).append(place)
        return cls(texts, meaning)


def locate(cells: Cells, texts: Texts, edition: Edition, block: Block) -> Found | Lost:
    """Find one table among the cells of a sheet, and the texts among them, by its row and column labels."""
    search = _Search(cells, texts, edition, block)
    found = search.across() if block.across else search.down()
    if isinstance(found, Found) and (reason := spilled(cells, found.places.values())):
        return Lost(reason)
    return found


@dataclass(frozen=True, slots=True)
class _Heading:
    """A label to look for: its key, its official text, and the folded texts that are known to mean it."""

    key: str
    text: str
    forms: frozenset[str]

    @classmethod
    def of(cls, key: str, node: Mapping[str, Any]) -> _Heading:
        text = path(node)[-1]
        return cls(key, text, frozenset({fold(text), without_note(text), *map(fold, node.get("also", ()))}))

    def matches(self, text: str) -> bool:
        return fold(text) in self.forms or without_note(text) in self.forms

    def difference(self, text: str) -> str | None:
        return None if fold(text) == fold(self.text) else f"“{_short(text)}”按“{_short(self.text)}”读取"


def _short(text: str) -> str:
    text = "".join(text.split())
    return text if len(text) <= 12 else text[:11] + "…"  # noqa: PLR2004 - enough to recognise a label by


class _Search:
    """The search for one table in one sheet."""

    def __init__(self, cells: Cells, texts: Texts, edition: Edition, block: Block) -> None:
        self.cells, self.texts, self.meaning = cells, texts.at, texts.meaning
        self.edition = edition
        self.block = block
        table = edition.tables[block.table]
        self.rows = [_Heading.of(key, node) for key, node in table["properties"].items()]
        line = next(iter(table["properties"].values()))
        self.columns = [_Heading.of(key, node) for key, node in line["properties"].items()]
        self.matches = {row.key: self.where(row) for row in self.rows}

    def where(self, heading: _Heading) -> list[Place]:
        found = {place for form in heading.forms for place in self.meaning.get(form, ())}
        return [place for place in self.texts if place in found] if len(found) > 1 else list(found)

    def lost(self, places: Sequence[object], what: str, heading: _Heading) -> Lost:
        how = "有多处" if places else "没有找到"
        return Lost(f"{how}{what}“{_short(heading.text)}”", trace=any(self.matches.values()))

    # --- a table whose rows are printed one below the other

    def down(self) -> Found | Lost:  # noqa: PLR0911 - one return for each reason to give up
        alone = [found[0] for found in self.matches.values() if len(found) == 1]
        if not alone:
            row = next((row for row in self.rows if not self.matches[row.key]), self.rows[0])
            return self.lost(self.matches[row.key], "行标题", row)
        top = min(row for row, _ in alone)
        if twice := next((r for r in self.rows if len([p for p in self.matches[r.key] if p[0] < top]) > 1), None):
            return self.lost(self.matches[twice.key], "行标题", twice)
        headers = self.headers(top)
        if isinstance(headers, Lost):
            return headers
        first = min(column for _, column in headers.values())
        lines: dict[str, Place] = {}
        for row in self.rows:
            below = [place for place in self.matches[row.key] if place[0] >= top and place[1] < first]
            if len({line for line, _ in below}) != 1:
                return self.lost(below, "行标题", row)
            lines[row.key] = below[0]
        used, across = {line for line, _ in lines.values()}, {column for _, column in headers.values()}
        if len(used) < len(self.rows) or len(across) < len(self.columns):
            return Lost("同一行或同一列有不止一个标题")
        extra = self.extra_rows(lines, first, across)
        if isinstance(extra, Lost):
            return extra
        extra += self.extra_columns(used, across, top)
        places = {
            f"{self.block.table}.{row}.{column}": (line, at)
            for row, (line, _) in lines.items()
            for column, (_, at) in headers.items()
        }
        named = [*zip(self.columns, headers.values(), strict=True), *zip(self.rows, lines.values(), strict=True)]
        renamed = [text for heading, place in named if (text := heading.difference(self.texts[place]))]
        return Found(places, (*renamed, *extra, *self.moved(places)))

    def headers(self, top: int) -> dict[str, Place] | Lost:
        """Return the column labels right above the rows, not beyond the rows of another table."""
        others = [
            _Heading.of(key, node)
            for table in self.edition.tables.values()
            for key, node in table["properties"].items()
            if table is not self.edition.tables[self.block.table]
        ]
        named = (row for other in others for row, _ in self.where(other) if row < top)
        ceiling = max(named, default=0)
        found: dict[str, Place] = {}
        for column in self.columns:
            above = [place for place in self.where(column) if ceiling < place[0] < top]
            nearest = [place for place in above if place[0] == max(row for row, _ in above)]
            if len(nearest) != 1:
                return self.lost(nearest, "列标题", column)
            found[column.key] = nearest[0]
        return found

    def continues(self, text: str, key: str) -> bool:
        """Tell whether a folded text is the end of a row's label, but not the whole of it."""
        forms = next(row.forms for row in self.rows if row.key == key)
        return text not in forms and any(text and form.endswith(text) for form in forms)

    def extra_rows(self, lines: Mapping[str, Place], first: int, across: set[int]) -> list[str] | Lost:
        """Return what is said of rows with numbers that are none of the table's; they are not read.

        A row whose label continues the one above it is a label cut in two, and a row without a label could be any:
        then the table is lost.
        """
        said = []
        used = {line for line, _ in lines.values()}
        known = {fold(label.text) for block in self.edition.blocks for label in block.labels}
        last = max(used)
        for row in range(min(used) + 1, last + 2):
            numbers = any(is_number(self.cells.get((row, column))) for column in across)
            texts = [self.texts[row, column] for column in range(1, first) if (row, column) in self.texts]
            if row in used or not (numbers or (texts and row < last)) or any(fold(text) in known for text in texts):
                continue
            if not texts:
                return Lost(f"第 {row} 行有数字，没有行标题")
            above = next((key for key, (line, _) in lines.items() if line == row - 1), None)
            if above and any(self.continues(fold(text), above) for text in texts):
                return Lost(f"第 {row} 行“{_short(texts[-1])}”像是上一行标题的后半截")
            said.append(f"多出的第 {row} 行“{_short(texts[-1])}”没有读取")
        return said

    def extra_columns(self, used: set[int], across: set[int], top: int) -> list[str]:
        """Return what is said of columns with numbers between those of the table; they are not read."""
        said = []
        for column in range(min(across), max(across)):
            if column not in across and any(is_number(self.cells.get((row, column))) for row in used):
                heading = next(
                    (self.texts[row, column] for row in range(top, 0, -1) if (row, column) in self.texts), ""
                )
                said.append(f"多出的 {column_letters(column)} 列“{_short(heading)}”没有读取")
        return said

    # --- a table whose rows are printed side by side, over one line of numbers

    def across(self) -> Found | Lost:
        for row in self.rows:
            if len(self.matches[row.key]) != 1:
                return self.lost(self.matches[row.key], "标题", row)
        groups = {key: found[0] for key, found in self.matches.items()}
        bottom = max(row for row, _ in groups.values())
        line = min((row for column in self.columns for row, _ in self.where(column) if row > bottom), default=0)
        labels = {at: text for (row, at), text in self.texts.items() if row == line}
        starts = sorted((column, key) for key, (_, column) in groups.items())
        places: dict[str, Place] = {}
        renamed = [text for row in self.rows if (text := row.difference(self.texts[groups[row.key]]))]
        for (start, group), (end, _) in zip(starts, [*starts[1:], (10**6, "")], strict=True):
            for column in self.columns:
                here = [at for at, text in labels.items() if start <= at < end and column.matches(text)]
                if len(here) != 1:
                    return self.lost(here, "列标题", column)
                if text := column.difference(labels[here[0]]):
                    renamed.append(text)
                places[f"{self.block.table}.{group}.{column.key}"] = (line + 1, here[0])
        filled = [
            row
            for row in range(line + 1, line + 4)
            if any(is_number(self.cells.get((row, column))) for _, column in places.values())
        ]
        if filled not in ([], [line + 1]):
            return Lost("标题下面有空行，或有不止一行数字")
        return Found(places, (*dict.fromkeys(renamed), *self.moved(places)))

    # --- what is said of a table that is elsewhere

    def moved(self, places: Mapping[str, Place]) -> Iterator[str]:
        """Yield what is said of a table, or of single rows and columns, that are not where the official form has them."""
        official = {item.key: item for item in self.edition.items_of[self.block.table]}
        shifts = Counter((row - official[k].box.top, at - official[k].box.left) for k, (row, at) in places.items())
        (down, right), _ = shifts.most_common(1)[0]
        odd: dict[str, None] = {}
        for key, (row, column) in places.items():
            item = official[key]
            if row - item.box.top != down and not self.block.across:
                odd[f"“{_short(item.row_heading[-1])}”从第 {row} 行读取"] = None
            if column - item.box.left != right:
                odd[f"“{_short(item.column_heading[-1])}”从 {column_letters(column)} 列读取"] = None
        yield from odd
        if (down, right) != (0, 0):
            rows, columns = [row for row, _ in places.values()], [column for _, column in places.values()]
            box = Box(min(rows), min(columns), max(rows), max(columns))
            heading = self.block.labels[0]
            name = heading.text if heading.kind == "block" else self.block.sheet
            yield f"“{name}”一表的数字从 {box.reference} 读取"


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
