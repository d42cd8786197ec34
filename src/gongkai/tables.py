"""Finding a statutory table by its printed labels, wherever in a sheet somebody has moved it.

Never by position alone and never by a guess: each row and each column must be named exactly once, or the table counts
as not found and the reason is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from gongkai.cell import address, column_letters
from gongkai.edition import Edition
from gongkai.labels import Cells, Labels, Place, fold, without_note
from gongkai.layout import Block, Box, path
from gongkai.numerals import is_blank, is_figure

Extra = tuple[str, frozenset[Place]]
"""What is said of an extra row or column, and those of its cells that hold figures; they are not read."""

_REMARK = re.compile(r"\s*[(（*※注备]")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a table was found: item key → cell, and in Chinese what differs from the official form."""

    places: Mapping[str, Place]
    unread: tuple[Extra, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a table could not be found, in Chinese."""

    reason: str
    trace: bool = True
    """Whether enough of its labels are there to say that this is its sheet, only broken."""


def is_official(cells: Cells, block: Block) -> bool:
    """Tell whether every label of a table stands where the official form has it, but for width, spaces and the like."""
    for label in block.labels:
        value = cells.get((label.box.top, label.box.left))
        if value != label.text and not (isinstance(value, str) and fold(value) == fold(label.text)):
            return False
    names = {cells.get((label.box.top, label.box.left)) for label in block.labels if label.kind == "row"}
    if sum(value in names for value in cells.values()) != len(names):
        return False  # another copy on the same sheet
    data = block.data
    below = ((data.bottom + 1, column) for column in range(data.left, data.right + 1))
    beside = ((row, data.right + 1) for row in range(data.top, data.bottom + 1))
    if any(is_figure(cells.get(place)) for places in (below, beside) for place in places):
        return False
    return not spilled(cells, ((box.top, box.left) for box in block.cells.values()))


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
            if is_figure(cells.get(behind)):
                name = f"第 {number} 行" if kind == "row" else f"{column_letters(number)} 列"
                return f"{name}有空格，而表外的 {address(*behind)} 有数字，像是移动过单元格"
    return None


def locate(labels: Labels, edition: Edition, block: Block) -> Found | Lost:
    """Find one table among the cells of a sheet by its row and column labels."""
    search = _Search(labels, edition, block)
    found = search.across() if block.across else search.down()
    if isinstance(found, Found) and (reason := spilled(labels.cells, found.places.values())):
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


def _quoted(texts: Sequence[str]) -> str:
    return f"“{_short(texts[-1])}”" if texts else ""


@lru_cache
def _printed(edition: Edition) -> frozenset[str]:
    """Return every label of a form, folded."""
    return frozenset(fold(label.text) for block in edition.blocks for label in block.labels)


def _short(text: str) -> str:
    text = "".join(text.split())
    return text if len(text) <= 12 else text[:11] + "…"  # noqa: PLR2004 - enough to recognise a label by


def _columns_of(table: Mapping[str, Any]) -> list[_Heading]:
    line = next(iter(table["properties"].values()))
    return [_Heading.of(key, node) for key, node in line["properties"].items()]


class _Search:
    """The search for one table in one sheet."""

    def __init__(self, labels: Labels, edition: Edition, block: Block) -> None:
        self.labels, self.cells, self.texts = labels, labels.cells, labels.texts
        self.edition = edition
        self.block = block
        table = edition.tables[block.table]
        self.rows = [_Heading.of(key, node) for key, node in table["properties"].items()]
        self.columns = _columns_of(table)
        self.matches = {row.key: self.where(row) for row in self.rows}
        self.trace = sum(map(bool, self.matches.values())) >= len(self.rows) / 4

    def where(self, heading: _Heading) -> list[Place]:
        """Return where a label stands, or else one that a page break has cut in two cells, one below the other."""
        if whole := self.labels.whole(heading.forms):
            return sorted(whole)
        begun = self.labels.beginnings(heading.forms)
        return sorted(place for place in begun if heading.matches(self.texts[place] + self.below(place)))

    def below(self, place: Place) -> str:
        return self.texts.get((place[0] + 1, place[1]), "")

    def lost(self, places: Sequence[object], what: str, heading: _Heading) -> Lost:
        how = "有多处" if places else "没有找到"
        return Lost(f"{how}{what}“{_short(heading.text)}”", trace=self.trace)

    def figures(self, places: Iterable[Place]) -> frozenset[Place]:
        return frozenset(place for place in places if is_figure(self.cells.get(place)))

    # --- a table whose rows are printed one below the other

    def down(self) -> Found | Lost:  # noqa: PLR0911 - one return for each reason to give up
        alone = [found[0] for found in self.matches.values() if len(found) == 1]
        if row := next((row for row in self.rows if not self.matches[row.key]), None if alone else self.rows[0]):
            return self.lost(self.matches[row.key], "行标题", row)
        top = min(row for row, _ in alone)
        if twice := next((r for r in self.rows if len([p for p in self.matches[r.key] if p[0] < top]) > 1), None):
            return self.lost(self.matches[twice.key], "行标题", twice)
        headers = self.headers(top)
        if isinstance(headers, Lost):
            return headers
        first = min(column for _, column in headers.values())
        lines = self.lines(top, first)
        if isinstance(lines, Lost):
            return lines
        across = {column for _, column in headers.values()}
        cut = {row.key: lines[row.key] for row in self.rows if not row.matches(self.texts[lines[row.key]])}
        for key, (line, column) in cut.items():
            first_half, second_half = (self.figures((at, c) for c in across) for at in (line, line + 1))
            if first_half and second_half:
                return Lost(f"第 {line} 行的标题像是分成了两行，两行都有数字")
            lines[key] = (line + bool(second_half), column)
        used = {line for line, _ in lines.values()}
        if len(used) < len(self.rows) or len(across) < len(self.columns):
            return Lost("同一行或同一列有不止一个标题")
        extra = self.extra_rows(lines, headers.values(), across, {line + n for line, _ in cut.values() for n in (0, 1)})
        if isinstance(extra, Lost):
            return extra
        extra += self.extra_columns(used, across)
        places = {
            f"{self.block.table}.{row}.{column}": (line, at)
            for row, (line, _) in lines.items()
            for column, (_, at) in headers.items()
        }
        whole = [(row, place) for row, place in zip(self.rows, lines.values(), strict=True) if row.key not in cut]
        named = [*zip(self.columns, headers.values(), strict=True), *whole]
        renamed = [text for heading, place in named if (text := heading.difference(self.texts[place]))]
        renamed += [f"第 {at} 和 {at + 1} 行的标题合为一个读取" for at, _ in cut.values()]
        return Found(places, tuple(extra), (*renamed, *self.moved(places)))

    def lines(self, top: int, first: int) -> dict[str, Place] | Lost:
        """Return the row labels, each of which must stand in one row, left of the numbers and no head of a group."""
        lines: dict[str, Place] = {}
        for row in self.rows:
            below = [place for place in self.matches[row.key] if place[0] >= top and place[1] < first]
            if len({line for line, _ in below}) != 1:
                return self.lost(below, "行标题", row)
            if part := self.part_behind(below[0], first):
                return Lost(f"“{_short(row.text)}”又分出了“{_short(part)}”", trace=self.trace)
            lines[row.key] = below[0]
        return lines

    def part_behind(self, label: Place, first: int) -> str | None:
        """Return the label of a smaller row that stands behind a label, which then heads a group and names no row."""
        row, column = label
        behind = (self.texts.get((row, at), "") for at in range(column + 1, first))
        return next((t for t in behind if not (is_blank(t) or is_figure(t) or _REMARK.match(t))), None)

    def headers(self, top: int) -> dict[str, Place] | Lost:
        """Return the column labels right above the rows, not beyond the rows of a table with the same labels."""
        mine = frozenset[str]().union(*(column.forms for column in self.columns))
        others = [
            _Heading.of(key, node)
            for table in self.edition.tables.values()
            if table is not self.edition.tables[self.block.table]
            and any(mine & column.forms for column in _columns_of(table))
            for key, node in table["properties"].items()
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

    def extra_rows(
        self, lines: Mapping[str, Place], headers: Iterable[Place], across: set[int], halves: set[int]
    ) -> list[Extra] | Lost:
        """Return the rows with figures that are none of the table's; ``halves`` are those of labels cut in two.

        A row whose label is the end of the one above it may belong to that, and among the others a row without a label
        could be any: then the table is lost.
        """
        said: list[Extra] = []
        used, known = {line for line, _ in lines.values()}, _printed(self.edition)
        top, last = min(used), max(used)
        for row in count(max(line for line, _ in headers) + 1):
            figures = self.figures((row, column) for column in across)
            if row > last and not figures:
                break
            texts = [self.texts[row, column] for column in range(1, min(across)) if (row, column) in self.texts]
            titles_only = not figures and (row < top or not texts or any(fold(text) in known for text in texts))
            if row in used or titles_only or row in halves:
                continue
            if not texts and row > top:
                return Lost(f"第 {row} 行有数字，没有行标题")
            above = next((key for key, (line, _) in lines.items() if line == row - 1), None)
            if above and any(self.continues(fold(text), above) for text in texts):
                return Lost(f"第 {row} 行“{_short(texts[-1])}”像是上一行标题的后半截")
            said.append((f"多出的第 {row} 行{_quoted(texts)}没有读取", figures))
        return said

    def extra_columns(self, used: set[int], across: set[int]) -> list[Extra]:
        """Return the columns with figures that are none of the table's."""
        said: list[Extra] = []
        for column in count(1):
            figures = self.figures((row, column) for row in used)
            if column > max(across) and not figures:
                break
            if figures and column not in across:
                above = [self.texts[row, column] for row in range(1, min(used)) if (row, column) in self.texts]
                said.append((f"多出的 {column_letters(column)} 列{_quoted(above)}没有读取", figures))
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
        filled = [row for row in range(line + 1, line + 4) if self.figures((row, at) for _, at in places.values())]
        if filled not in ([], [line + 1]):
            return Lost("标题下面有空行，或有不止一行数字")
        extra = self.extra_columns({line + 1}, {at for _, at in places.values()})
        return Found(places, tuple(extra), (*dict.fromkeys(renamed), *self.moved(places)))

    # --- what is said of a table that is elsewhere

    def moved(self, places: Mapping[str, Place]) -> Iterator[str]:
        """Yield what is said of a table, or of single rows and columns, that are not where the official form has them."""
        official = {item.key: item for item in self.edition.items_of[self.block.table]}
        shifts = Counter((row - official[k].box.top, at - official[k].box.left) for k, (row, at) in places.items())
        (down, right), _ = shifts.most_common(1)[0]
        items = [(official[key], *place) for key, place in places.items()]
        rows = ((i.row_heading[-1], i.box.top, row) for i, row, _ in items if row - i.box.top != down)
        columns = ((i.column_heading[-1], i.box.left, at) for i, _, at in items if at - i.box.left != right)
        if not self.block.across:
            yield from (f"{names}从第 {lines} 行读取" for names, lines in _runs(rows, str))
        yield from (f"{names}从 {lines} 列读取" for names, lines in _runs(columns, column_letters))
        if (down, right) != (0, 0):
            lines, across = {row for row, _ in places.values()}, {column for _, column in places.values()}
            box = Box(min(lines), min(across), max(lines), max(across))
            heading = self.block.labels[0]
            name = heading.text if heading.kind == "block" else self.block.sheet
            yield f"“{name}”一表的数字从 {box.reference} 读取"


def _runs(lines: Iterable[tuple[str, int, int]], show: Callable[[int], str]) -> Iterator[tuple[str, str]]:
    """Yield labels and lines of (label, its official line, its line); of neighbours the first and the last."""
    runs: list[list[tuple[str, int, int]]] = []
    for name, official, line in dict.fromkeys(lines):
        if runs and runs[-1][-1][1:] == (official - 1, line - 1):
            runs[-1].append((name, official, line))
        else:
            runs.append([(name, official, line)])
    for run in runs:
        ends = [run[0], run[-1]] if len(run) > 1 else run
        yield "至".join(f"“{_short(name)}”" for name, _, _ in ends), " 至 ".join(show(line) for _, _, line in ends)
