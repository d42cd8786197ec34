"""A workbook's build: everything in it but its looks, in a form in which two of them can be compared.

Programs that save a workbook renumber its styles, share its formulas, split and join the ranges of its rules. So all
that is read here is brought into one form: a formula in the cell that has it, a rule by what it says of any cell.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gongkai.cell import Value, column_letters, parse_address
from gongkai.layout import Box
from gongkai.ooxml import Workbook, WorkbookError
from gongkai.package import part_name
from gongkai.stored import unescape

ROWS, COLUMNS = 600, 64
"""The cells that are compared; our templates need no more. What lies beyond is noticed, not kept."""
_MAX_PARTS = 64
"""Sheets, or parts of any other kind: far more than a template has."""
_MAX_FORMULAS, _MAX_RULES = 1 << 19, 2_000
"""Characters of the formulas of a sheet; ranges with rules."""

_CELL = "worksheet/sheetData/row/c"
_VALIDATION = "worksheet/dataValidations/dataValidation"
_CONDITIONAL = "worksheet/conditionalFormatting"
_PRINTING = ("_xlnm.print_area", "_xlnm.print_titles", "_xlnm._filterdatabase")
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_DRAWN = ("worksheet", "drawing", "vmlDrawing", "ctrlProp")
"""Where a control may say which macro it runs."""
_TRUE = ("1", "true")
_ANCHOR = (500_000, 8_000)
"""Rules are written down as this cell would have them, far from every edge of the sheet."""
_TOKEN = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|(?<![\w.$])(\$?)([A-Za-z]{1,3})(\$?)([1-9][0-9]{0,6})(?![\w.(!])"""
)
_QUOTED = re.compile(r"""("(?:[^"]|"")*")|'((?:[^']|'')*)'!|(\s+|_xlfn\.|_xlws\.)|([^"'\s_]+|.)""", re.IGNORECASE)
_CONSTANT = re.compile(r"\b(TRUE|FALSE)\(\)")  # as LibreOffice writes them in a formula
_FALSE = {"FALSE": "0"}  # and in a validation
_MACRO = re.compile(rb"""(?:FmlaMacro>|\b(?:macro|fmlaMacro)\s*=\s*["'])([^<"']+)""")

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: (row, column) → what is there, both from 1, and what guards it."""

    state: str
    """visible, hidden or veryHidden."""
    values: Mapping[Place, Value]
    """Constants, and the results of formulas."""
    formulas: Mapping[Place, str]
    """As the cell would show them, without the equals sign."""
    listed: frozenset[Place]
    """The cells the part lists, blank ones too."""
    unlocked: Callable[[Place], bool]
    protected: bool
    password: bool
    merged: frozenset[str]
    validations: Mapping[str, tuple[Box, ...]]
    """What a validation allows → where; a formula in it is that of one and the same cell."""
    conditions: Mapping[str, tuple[Box, ...]]
    """The same for conditional formats."""
    beyond: Place | None
    """A cell with content outside of what is compared."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship between parts: its kind is the last segment of its type."""

    kind: str
    target: str
    external: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A workbook: its sheets in order, its defined names, what its parts refer to, and the macros its controls run."""

    sheets: Mapping[str, Sheet]
    names: Mapping[str, str]
    """Lower-case name, with the number of its sheet if it is of one → what it stands for."""
    relations: tuple[Relation, ...]
    stray: tuple[str, ...]
    """Parts that nothing refers to."""
    controls: frozenset[str]
    project: bytes | None
    """The VBA project."""


def dissect(book: Workbook) -> Anatomy:
    """Return the build of a workbook; raise ``WorkbookError`` where it contradicts itself or has no end."""
    if len(book.sheets) > _MAX_PARTS:
        raise WorkbookError("too-large", f"more than {_MAX_PARTS} sheets")
    unlocked = _unlocked_styles(book)
    states, names = _contents(book)
    relations = tuple(_relations(book))
    within = {relation.target for relation in relations if not relation.external}
    stray = (part for part in book.parts if part not in within and not part.endswith((".rels", "[content_types].xml")))
    drawn = {relation.target for relation in relations if relation.kind in _DRAWN} & set(book.parts)
    projects = {relation.target for relation in relations if relation.kind == "vbaProject"} & set(book.parts)
    if len(drawn) > 2 * _MAX_PARTS or len(projects) > 1:
        raise WorkbookError("too-large", f"{len(drawn)} drawings, {len(projects)} projects")
    controls = {
        name.decode("utf-8", "replace").removeprefix("[0]!")
        for part in drawn
        for name in _MACRO.findall(book.content(part).replace(b"\0", b""))  # UTF-16 reads like ASCII without its zeros
    }
    return Anatomy(
        {name: _SheetReader(book, name, unlocked).sheet(states[name]) for name in book.sheets},
        names,
        relations,
        tuple(stray),
        frozenset(controls),
        next((book.content(part) for part in projects), None),
    )


def normal(formula: str) -> str:
    """Return a formula in the one spelling that programs agree on: no spaces, no quoted sheets, capital letters."""

    def spell(match: re.Match[str]) -> str:
        text, sheet, dropped, other = match.groups()
        if text is not None:
            return str(text)
        if sheet is not None:
            return f"{sheet.upper()}!"
        return "" if dropped else _CONSTANT.sub(r"\1", other.upper())

    return _QUOTED.sub(spell, formula.removeprefix("of:").removeprefix("="))


def moved(formula: str, rows: int, columns: int) -> str:
    """Return a formula as it reads so many rows further down and columns further right."""

    def move(match: re.Match[str]) -> str:
        quoted, fixed_column, letters, fixed_row, digits = match.groups()
        if quoted:
            return str(quoted)
        row, column = parse_address(letters + digits)
        row, column = row + (0 if fixed_row else rows), column + (0 if fixed_column else columns)
        return f"{fixed_column}{column_letters(column)}{fixed_row}{row}" if row > 0 < column else "#REF!"

    return _TOKEN.sub(move, formula)


def boxes(areas: str) -> tuple[Box, ...]:
    """Return the rectangles of ``D6:I6 D8``, cut to the cells that are compared; raise ``ValueError`` for others."""
    found = []
    listed = areas.split(maxsplit=_MAX_RULES)
    if len(listed) > _MAX_RULES:
        raise WorkbookError("too-large", f"more than {_MAX_RULES} ranges with rules")
    for area in listed:
        first, _, last = area.partition(":")
        (top, left), (bottom, right) = parse_address(first), parse_address(last or first)
        found.append(Box(top, left, min(bottom, ROWS), min(right, COLUMNS)))
    return tuple(found)


def places(areas: Iterable[Box]) -> Iterator[Place]:
    """Yield the cells of some rectangles."""
    for box in areas:
        for row in range(box.top, box.bottom + 1):
            for column in range(box.left, box.right + 1):
                yield row, column


@dataclass(slots=True)
class _SheetReader:
    """One worksheet part while it is read."""

    book: Workbook
    name: str
    unlocked: frozenset[str]
    formulas: dict[Place, str] = field(default_factory=dict)
    styles: dict[Place, str] = field(default_factory=dict)
    rows: dict[int, str] = field(default_factory=dict)
    columns: list[tuple[int, int, str]] = field(default_factory=list)
    shared: dict[str, tuple[Place, str]] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    validations: dict[str, tuple[Box, ...]] = field(default_factory=dict)
    conditions: dict[str, tuple[Box, ...]] = field(default_factory=dict)
    protection: Mapping[str, str] = field(default_factory=dict)
    beyond: Place | None = None
    written: int = 0
    place: Place = (0, 0)
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Of the formula, validation or rule being read."""
    areas: str = ""
    says: list[str] = field(default_factory=list)

    def sheet(self, state: str) -> Sheet:
        self.book.walk_part(self.book.part(self.name), "worksheet", self._enter, self._leave)
        columns = {column: style for first, last, style in self.columns for column in range(first, last + 1)}

        def unlocked(place: Place) -> bool:
            row, column = place
            return (self.styles.get(place) or self.rows.get(row) or columns.get(column) or "0") in self.unlocked

        password = any(self.protection.get(key) for key in ("password", "hashValue"))
        return Sheet(
            state, self.book.cells(self.name, ROWS, COLUMNS), self.formulas, frozenset(self.styles), unlocked,
            self.protection.get("sheet") in _TRUE, password, frozenset(self.merged), self.validations, self.conditions,
            self.beyond,
        )  # fmt: skip

    def _enter(self, path: str, attributes: dict[str, str]) -> None:
        if path == _CELL:
            row, column = self.place
            self.place = parse_address(attributes["r"]) if "r" in attributes else (row, column + 1)
            if self._within():
                self.styles[self.place] = attributes.get("s", "0")
        elif path == "worksheet/sheetData/row":
            row = int(attributes["r"]) if "r" in attributes else self.place[0] + 1
            self.place = row, 0
            if row <= ROWS and attributes.get("customFormat") in _TRUE:
                self.rows[row] = attributes.get("s", "0")
        elif path == f"{_CELL}/f":
            self.attributes = attributes
        elif path == "worksheet/cols/col":
            first, last = int(attributes["min"]), min(int(attributes["max"]), COLUMNS)
            self.columns.append((max(first, 1), last, attributes.get("style", "0")))
            if len(self.columns) > _MAX_RULES:
                raise WorkbookError("too-large", f"more than {_MAX_RULES} groups of columns")
        elif path == "worksheet/sheetProtection":
            self.protection = attributes
        elif path == "worksheet/mergeCells/mergeCell":
            self.merged.add(attributes.get("ref", "").replace("$", ""))
        elif path == _CONDITIONAL:
            self.areas = attributes.get("sqref", "")
        elif path in {_VALIDATION, f"{_CONDITIONAL}/cfRule"}:
            self.attributes, self.says = attributes, []
            self.areas = attributes.get("sqref", self.areas)

    def _leave(self, path: str, text: str) -> None:
        if path == f"{_CELL}/f":
            self._formula(unescape(text))
        elif path in {f"{_CELL}/v", f"{_CELL}/is/t"} and text and not self._within():
            self.beyond = self.beyond or self.place
        elif path in {f"{_VALIDATION}/formula1", f"{_VALIDATION}/formula2", f"{_CONDITIONAL}/cfRule/formula"}:
            self.says.append(text)
        elif path == _VALIDATION and self.attributes.get("type", "none") != "none":
            between = self.attributes.get("operator", "between") in {"between", "notBetween"}
            kind = self.attributes["type"]
            says = self.says[:1] if kind in {"custom", "list"} or not between else self.says
            strict = self.attributes.get("showErrorMessage") in _TRUE and self.attributes.get("errorStyle") in {
                None, "stop"
            }  # fmt: skip
            operator = "" if kind in {"custom", "list"} else self.attributes.get("operator", "between")
            self._rule(self.validations, f"{kind} {operator} {'stop' if strict else 'warn'}", says)
        elif path == f"{_CONDITIONAL}/cfRule":
            kind = f"{self.attributes.get('type')} {self.attributes.get('operator', '')}"
            self._rule(self.conditions, kind, self.says)

    def _within(self) -> bool:
        return self.place[0] <= ROWS and self.place[1] <= COLUMNS

    def _formula(self, text: str) -> None:
        kind, index = self.attributes.get("t", "normal"), self.attributes.get("si", "")
        if kind == "shared" and text:
            self.shared[index] = self.place, text
        elif kind == "shared" and index in self.shared:
            (row, column), first = self.shared[index]
            text = moved(first, self.place[0] - row, self.place[1] - column)
        elif kind in {"array", "dataTable"}:
            text = f"{{{text}}}"
        if not self._within():
            self.beyond = self.beyond or self.place
            return
        self.formulas[self.place] = text
        self.written += len(text)
        if self.written > _MAX_FORMULAS:
            raise WorkbookError("too-large", f"more than {_MAX_FORMULAS} characters of formulas")

    def _rule(self, rules: dict[str, tuple[Box, ...]], kind: str, formulas: Iterable[str]) -> None:
        where = boxes(self.areas)
        if not where:
            return
        rows, columns = _ANCHOR[0] - where[0].top, _ANCHOR[1] - where[0].left
        said = [normal(moved(unescape(formula), rows, columns)) for formula in formulas]
        says = " ".join([kind, *(_FALSE.get(formula, formula) for formula in said)])
        rules[says] = rules.get(says, ()) + where
        if sum(map(len, rules.values())) > _MAX_RULES:
            raise WorkbookError("too-large", f"more than {_MAX_RULES} ranges with rules")


def _contents(book: Workbook) -> tuple[dict[str, str], dict[str, str]]:
    """Return the state of each sheet, and the defined names but those of printing."""
    states: dict[str, str] = {}
    names: dict[str, str] = {}
    key = ""

    def enter(path: str, attributes: dict[str, str]) -> None:
        nonlocal key
        if path == "workbook/sheets/sheet":
            states[unescape(attributes.get("name", ""))] = attributes.get("state", "visible")
        elif path == "workbook/definedNames/definedName":
            key = f"{attributes.get('name', '').lower()} {attributes.get('localSheetId', '')}".strip()

    def leave(path: str, text: str) -> None:
        if path == "workbook/definedNames/definedName" and not key.startswith(_PRINTING):
            names[key] = text

    book.walk_part(book.main, "workbook", enter, leave)
    return states, names


def _unlocked_styles(book: Workbook) -> frozenset[str]:
    """Return the numbers, as text, of the cell styles that a protected sheet lets people write into."""
    found: set[str] = set()
    number = -1

    def enter(path: str, attributes: dict[str, str]) -> None:
        nonlocal number
        if path == "styleSheet/cellXfs/xf":
            number += 1
        elif path == "styleSheet/cellXfs/xf/protection" and attributes.get("locked", "1") not in _TRUE:
            found.add(str(number))

    part = book.styles
    if part is not None:
        book.walk_part(part, "styleSheet", enter)
    return frozenset(found)


def _relations(book: Workbook) -> Iterator[Relation]:
    """Yield every relationship that any part of the package has."""
    found: list[Relation] = []
    parts = [part for part in book.parts if part.endswith(".rels")]
    if len(parts) > 2 * _MAX_PARTS:
        raise WorkbookError("too-large", f"{len(parts)} parts of relationships")
    for part in parts:
        folder = posixpath.dirname(posixpath.dirname(part))

        def enter(path: str, attributes: dict[str, str], folder: str = folder) -> None:
            if path != "Relationships/Relationship":
                return
            kind, target = attributes.get("Type", "").rpartition("/")[2], attributes.get("Target", "")
            external = attributes.get("TargetMode") == "External"
            inside = part_name(posixpath.join("/", folder, target.replace("\\", "/")))
            found.append(Relation(kind, target if external else inside, external))

        book.walk_part(part, "Relationships", enter, known=(_RELATIONSHIPS,))
    yield from found
