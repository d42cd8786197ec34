"""What was altered in an official template, in the words of those who have to judge it.

Looks are not compared: every program that saves a workbook changes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from gongkai import macros, marking
from gongkai.authenticity import vba
from gongkai.authenticity.anatomy import Anatomy, Place, Sheet, boxes, normal, places
from gongkai.cell import Value, address, is_number
from gongkai.layout import Box
from gongkai.messages import ADDITIONS, ALTERATIONS
from gongkai.sheets import META_SHEET
from gongkai.wording import shown

_QUOTED = re.compile('"(#?)[^"]*"')
_EACH = 3
"""So many cells that were altered in the same way are told one by one; more are told together."""
_NAMED = 12
"""So many ranges of cells are named."""
_BEFORE = 40
"""So much of a formula is told although nothing differs yet."""
_MOVED = 3
"""So many texts must stand elsewhere before a sheet counts as rearranged."""
_META = {(1, 2): "版本", (2, 2): "模板版本", (3, 2): "格式摘要"}
_VERSION = (2, 2)
_ALLOWED = frozenset(
    (
        "officeDocument", "core-properties", "extended-properties", "custom-properties", "thumbnail", "worksheet",
        "styles", "theme", "sharedStrings", "calcChain", "printerSettings", "customXml", "customXmlProps",
        "sheetMetadata", "person", "classificationlabels",
    )
)  # fmt: skip
"""Relationships that bring nothing that could do anything; programs and offices add them when they save."""
_BUTTONS = frozenset(("vbaProject", "drawing", "vmlDrawing", "ctrlProp"))
"""Those of a workbook with the button."""
_REACHES_OUT = re.compile(
    r"\[|\||\b(?:WEBSERVICE|IMAGE|RTD|CALL|REGISTER|REGISTER\.ID|DDE|EXEC|FILTERXML|ENCODEURL)\(|HYPERLINK\((?!\"#)"
)
"""In a normal form, without what is in quotes: other workbooks, DDE, and functions that fetch or run something."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """One thing that was done to a template; several cells that were altered alike are one."""

    kind: str
    sheet: str | None
    cell: str | None
    """Its address; for several cells their ranges."""
    expected: Value
    found: Value
    """Of several cells, those of the first."""
    message: str

    def to_json(self) -> dict[str, Value]:
        """Return it for programs to read."""
        names = ("sheet", "cell", "kind", "expected", "found", "message")
        return {name: getattr(self, name) for name in names}


def texts(sheet: Sheet) -> dict[Place, str]:
    """Return the printed texts of a sheet: what nobody fills in and nothing computes."""
    return {place: v for place, v in sheet.values.items() if isinstance(v, str) and place not in sheet.formulas}


@dataclass(frozen=True, slots=True)
class _Difference:
    """One cell that is not as it should be."""

    kind: str
    place: Place
    expected: Value = None
    found: Value = None


class Comparison:
    """An official template and a workbook that comes from it."""

    def __init__(self, official: Anatomy, found: Anatomy) -> None:
        self.official, self.found = official, found
        self.compiled = False
        self.renamed = _renamed(list(official.sheets), list(found.sheets))
        """Official name → what the sheet is called now."""
        self.astray: set[str] = set()
        """Sheets that are gone or rearranged: formulas that look at them were changed by that."""

    def alterations(self) -> Iterator[Alteration]:
        """Yield what was altered, the gravest first: what may do harm, the sheets, the cells, the names."""
        yield from self._additions()
        yield from self._macros()
        if version := self._version():
            yield version
            return
        yield from self._sheets()
        pairs = {
            name: (sheet, self.found.sheets[self.renamed[name]])
            for name, sheet in self.official.sheets.items()
            if name in self.renamed
        }
        for name, (official, found) in pairs.items():
            if moved := _rearranged(name, official, found):
                self.astray.add(name)
                yield moved
        for name, (official, found) in pairs.items():
            yield from self._guards(name, official, found)
            if name not in self.astray:
                yield from _told(name, self._cells(name, official, found))
        yield from self._names()

    # --- what comes along

    def _additions(self) -> Iterator[Alteration]:
        allowed = _ALLOWED | _BUTTONS if self.official.project else _ALLOWED | {"vbaProject"}
        outside = [relation.target for relation in self.found.relations if relation.external]
        if outside:
            yield _alteration("external", found="、".join(map(shown, outside[:_EACH])), count=len(outside))
        kinds = {relation.kind for relation in self.found.relations if not relation.external} - allowed
        for what in dict.fromkeys(ADDITIONS.get(kind, f"内容（{shown(kind)}）") for kind in sorted(kinds)):
            yield _alteration("addition", found=what)
        if self.found.stray:
            yield _alteration("addition", found=f"夹带的内容（{'、'.join(map(shown, self.found.stray[:_EACH]))}）")

    def _macros(self) -> Iterator[Alteration]:
        official, found = self.official.project, self.found.project
        if found and not official:
            yield _alteration("macro-added")
        elif official and not found:
            yield _alteration("macro-missing")
        elif official and found and official != found:
            yield from self._modules(official, found)
        if strange := sorted(self.found.controls - {macros.ENTRY}):
            yield _alteration("control", expected=macros.ENTRY, found="、".join(map(shown, strange[:_EACH])))

    def _modules(self, official: bytes, found: bytes) -> Iterator[Alteration]:
        try:
            project = vba.read_project(found)
        except vba.ProjectError:
            yield _alteration("macro-unreadable")
            return
        self.compiled = project.compiled
        now, ours = (
            {n.lower(): vba.normal(s) for n, s in p.modules.items()} for p in (project, vba.read_project(official))
        )
        changed = [name for name in project.modules if now[name.lower()] != ours.get(name.lower(), [])]
        missing = [name for name, lines in ours.items() if lines and name not in now]
        if changed or missing:
            yield _alteration("macro-changed", found=f"模块 {'、'.join(map(shown, [*changed, *missing]))}")

    # --- the sheets

    def _version(self) -> Alteration | None:
        """Return that the workbook names another version of the template, with which we cannot compare it."""
        sheets = (self.official.sheets[META_SHEET], self.found.sheets.get(META_SHEET))
        expected, found = (sheet.values.get(_VERSION) if sheet else None for sheet in sheets)
        if found is None or str(found) == expected:
            return None
        return _alteration("version", META_SHEET, address(*_VERSION), expected, found)

    def _sheets(self) -> Iterator[Alteration]:
        for name in self.official.sheets:
            if name not in self.renamed:
                self.astray.add(name)
                yield _alteration("sheet-missing", expected=name)
            elif self.renamed[name] != name:
                yield _alteration("sheet-renamed", name, expected=name, found=self.renamed[name])
        for name in self.found.sheets:
            if name not in self.renamed.values():
                kind = "sheet-added" if self.found.sheets[name].state == "visible" else "sheet-added.hidden"
                yield _alteration(kind, name, found=name)
        now = [name for name in self.found.sheets if name in self.renamed.values()]
        right = [self.renamed[name] for name in self.official.sheets if name in self.renamed]
        if now != right:
            yield _alteration("sheet-order", expected="、".join(right), found="、".join(now))

    def _guards(self, name: str, official: Sheet, found: Sheet) -> Iterator[Alteration]:
        if official.state == "visible" != found.state:
            yield _alteration("sheet-hidden", name)
        if official.state != "visible" == found.state:
            yield _alteration("sheet-shown", name)
        if official.protected and not found.protected:
            yield _alteration("protection", name)
        if found.password:
            yield _alteration("password", name)
        if found.beyond:
            yield _alteration("beyond", name, address(*found.beyond))
        if name not in self.astray and (merged := official.merged ^ found.merged):
            yield _alteration("merged", name, found="、".join(sorted(merged)[:_NAMED]))

    # --- the cells

    def _cells(self, name: str, official: Sheet, found: Sheet) -> Iterator[_Difference]:
        free: Callable[[Place], bool] = official.unlocked
        # Below its heading, 验证结果 belongs to the validation, which may add a column of proposals.
        if name == marking.RESULT_SHEET:
            free = lambda place: place[0] >= marking.FIRST_ROW or official.unlocked(place)  # noqa: E731
        for place in sorted({*official.values, *official.formulas, *found.values, *found.formulas}):
            formula = found.formulas.get(place)
            if free(place):
                if formula is not None and _REACHES_OUT.search(_QUOTED.sub(r'"\1"', normal(formula))):
                    yield _Difference("outside", place, None, f"={formula}")
            else:
                yield from self._fixed(name, place, official, found)
        inside = {
            place
            for area in official.merged
            for box in boxes(area)
            for place in places([box])
            if place != (box.top, box.left)
        }
        for place in sorted(official.listed - inside):
            if official.unlocked(place) != found.unlocked(place):
                yield _Difference("locked" if official.unlocked(place) else "unlocked", place)
        for kind, ours, theirs in (
            ("validation", official.validations, found.validations),
            ("condition", official.conditions, found.conditions),
        ):
            missing = {place for says, areas in ours.items() for place in _uncovered(areas, theirs.get(says, ()))}
            yield from (_Difference(kind, place) for place in sorted(missing))

    def _fixed(self, name: str, place: Place, official: Sheet, found: Sheet) -> Iterator[_Difference]:
        """Compare a cell that nobody fills in: its formula, or where it has none its value."""
        expected, formula = official.formulas.get(place), found.formulas.get(place)
        ours, value = official.values.get(place), found.values.get(place)
        now = f"={formula}" if formula is not None else value
        if expected is not None:
            if formula is None or (self._spelt(formula) != normal(expected) and not self._looks_astray(expected)):
                yield _Difference("formula", place, f"={expected}", now)
        elif formula is None and value == ours:
            return
        elif ours is None:
            yield _Difference("content", place, None, now)
        elif name == META_SHEET and place in _META:
            yield _Difference("meta", place, ours, now)
        elif formula is not None or _folded(value) != _folded(ours):
            yield _Difference("label", place, ours, now)

    def _spelt(self, formula: str) -> str:
        """Return the normal form of a formula with the sheets called what they are officially called."""
        text = normal(formula)
        for official, now in self.renamed.items():
            if official != now:
                text = re.sub(rf"(?<![\w.]){re.escape(now.upper())}!", f"{official.upper()}!", text)
        return text

    def _looks_astray(self, formula: str) -> bool:
        return any(f"{sheet}!" in formula for sheet in self.astray)

    def _names(self) -> Iterator[Alteration]:
        ours, theirs = self.official.names, self.found.names
        for name, refers in ours.items():
            found = theirs.get(name)
            if found is None or (self._spelt(found) != normal(refers) and not self._looks_astray(refers)):
                yield _alteration("name", expected=name, found=found)
        if added := [name for name in theirs if name not in ours]:
            yield _alteration("name-added", found="、".join(map(shown, added[:_NAMED])))


def _renamed(official: list[str], found: list[str]) -> dict[str, str]:
    """Return official name → name now, of the sheets that are there; who stands in the place of another is it."""
    kept = {name: name for name in official if name in found}
    if len(official) == len(found):
        kept |= {
            ours: theirs
            for ours, theirs in zip(official, found, strict=True)
            if ours not in found and theirs not in official
        }
    return {name: kept[name] for name in official if name in kept}


def _rearranged(name: str, official: Sheet, found: Sheet) -> Alteration | None:
    """Return that rows or columns of a sheet were added, deleted or moved: most texts that are gone stand elsewhere."""
    ours, theirs = texts(official), texts(found)
    elsewhere = {text: place for place, text in theirs.items() if ours.get(place) != text}
    gone = [(place, text) for place, text in ours.items() if theirs.get(place) != text]
    moved = [(place, text) for place, text in gone if text in elsewhere]
    if len(moved) < _MOVED or len(moved) < len(gone) / 2:
        return None
    place, text = moved[0]
    return _alteration("layout", name, address(*place), text, address(*elsewhere[text]))


def _told(name: str, differences: Iterable[_Difference]) -> Iterator[Alteration]:
    """Yield the alterations of a sheet; what was done to many cells alike is one."""
    kinds: dict[str, list[_Difference]] = {}
    for difference in differences:
        kinds.setdefault(difference.kind, []).append(difference)
    for kind, found in kinds.items():
        if kind == "meta":
            yield from (
                _alteration(kind, name, address(*one.place), one.expected, one.found, example=_META[one.place])
                for one in found
            )
        elif len(found) <= _EACH:
            yield from (_alteration(kind, name, address(*one.place), one.expected, one.found) for one in found)
        else:
            cells = _ranges(sorted(one.place for one in found))
            first = address(*found[0].place)
            yield _alteration(f"{kind}.many", name, cells, found[0].expected, found[0].found, len(found), first)


def _ranges(found: list[Place]) -> str:
    """Return cells as ranges, in short: neighbours in a row as one, rows alike as one."""
    runs: dict[tuple[int, int, int], Box] = {}  # by last row, first and last column
    for row, members in groupby(found, key=lambda place: place[0]):
        for _, run in groupby(enumerate(column for _, column in members), key=lambda pair: pair[1] - pair[0]):
            columns = [column for _, column in run]
            left, right = columns[0], columns[-1]
            above = runs.pop((row - 1, left, right), None)
            runs[row, left, right] = Box(above.top if above else row, left, row, right)
    areas = sorted(runs.values(), key=lambda box: (box.top, box.left))
    named = "、".join(box.reference for box in areas[:_NAMED])
    return f"{named} 等" if len(areas) > _NAMED else named


def _alteration(
    kind: str,
    sheet: str | None = None,
    cell: str | None = None,
    expected: Value = None,
    found: Value = None,
    count: int = 1,
    example: str | None = None,
) -> Alteration:
    said: tuple[Value, Value] = (expected, found)
    if kind.partition(".")[0] in _OF_CELLS:
        said = _called(_apart(expected, found)), _called(_apart(found, expected))
    words = {"sheet": sheet, "cell": example or cell, "cells": cell, "place": f"{sheet}!{cell}", "count": count}
    message = ALTERATIONS[kind].format(**words, expected=said[0], found=said[1])
    return Alteration(kind.partition(".")[0], sheet, cell, expected, found, message)


_OF_CELLS = frozenset(("formula", "label", "content", "outside", "meta", "version", "name"))
"""Alterations whose values are those of cells."""


def _called(value: Value) -> str:
    """Return a value with the word for what it is."""
    if value is None:
        return "空白"
    if is_number(value):
        return f"数字 {value}"
    return f" {shown(value)}" if str(value).startswith("=") else f"“{shown(value)}”"


def _apart(value: Value, other: Value) -> Value:
    """Return a formula from a little before where it differs from another, or what shows of both may be the same."""
    if not (isinstance(value, str) and isinstance(other, str) and value.startswith("=") and other.startswith("=")):
        return value
    same = next((at for at, (one, two) in enumerate(zip(value, other, strict=False)) if one != two), len(other))
    return value if same < _BEFORE else f"=…{value[same - _BEFORE // 2 :]}"


def _folded(value: Value) -> Value:
    """Return a text as all programs store it: they differ in how a line ends."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def _uncovered(areas: Iterable[Box], by: tuple[Box, ...]) -> Iterator[Place]:
    """Yield the cells of some areas that no other area has."""
    rest = [box for box in areas if box not in by]
    for row, column in places(rest):
        if not any(box.top <= row <= box.bottom and box.left <= column <= box.right for box in by):
            yield row, column
