"""What the tests of the built-in checks share: a clerk at an open template, what to type, and what the marks must be.

What the marks must be is worked out from the findings of the validation alone, not from the formulas or from the Python
that stores their results.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from gongkai.cell import CellError, Value, address, exact, is_number, parse_address, plain
from gongkai.edition import COVER_SHEET, Edition, Item
from gongkai.formulas import PRIOR_FIRST_ROW, PRIOR_SHEET, PRIOR_VALUE_COLUMN
from gongkai.numerals import PLACEHOLDERS, is_blank
from gongkai.report import Report, Unit
from gongkai.validation import Finding, validate
from gongkai.verdict import Prior, is_clean, what_is_wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gongkai.identities import Relation
    from libreoffice.office import Document, Place

OK, WRONG, PENDING, EXPLAIN = "✓", "✗", "待填", "需说明"
MARKS = {"error": WRONG, "warning": EXPLAIN}
LINE = re.compile(r"内置校验：(?:通过|(\d+) 处问题（错误 (\d+)，待填 (\d+)，需说明 (\d+)）)\Z")
AREA = "A1:R60"
"""Holds every cell of the cover, the tables and 上年数据."""


class Typed(NamedTuple):
    """A formula that is typed into a cell."""

    formula: str


Entry = Value | Typed


@dataclass
class Case:
    """What a clerk types: entries by item index (a total only where it is overwritten), by cover key, and last year's."""

    values: dict[int, Entry] = field(default_factory=dict)
    cover: dict[str, Entry] = field(default_factory=dict)
    prior: dict[int, Entry] = field(default_factory=dict)

    def copy(self) -> Case:
        return Case(dict(self.values), dict(self.cover), dict(self.prior))

    def places(self, edition: Edition) -> dict[Place, Entry]:
        """Return what stands where; blanks are left out."""
        cover = {key: (COVER_SHEET, place.cell) for key, place in cover_fields(edition).items()}
        entries = {(edition.items[i].sheet, edition.items[i].cell): value for i, value in self.values.items()}
        entries |= {cover[key]: value for key, value in self.cover.items()}
        entries |= {(PRIOR_SHEET, prior_place(edition, i)): value for i, value in self.prior.items()}
        return {place: value for place, value in entries.items() if value is not None}


def cover_fields(edition: Edition) -> dict[str, Any]:
    return {place.key: place for place in edition.cover}


def prior_place(edition: Edition, index: int) -> str:
    """Return the cell on 上年数据 where last year's value of an item is typed."""
    return address(PRIOR_FIRST_ROW + edition.prior_items.index(index), PRIOR_VALUE_COLUMN)


# ---- the clerk


@dataclass
class Marks:
    """The marks a workbook shows, each with the reason beside it where there is one."""

    rows: dict[tuple[str, str], tuple[Value, Value]]
    columns: dict[tuple[str, str], Value]
    """By rule and item column."""
    prior: dict[int, tuple[Value, Value]]
    cover: dict[str, Value]
    line: Value

    def all(self) -> Iterator[Value]:
        yield from (mark for mark, _ in self.rows.values())
        yield from self.columns.values()
        yield from (mark for mark, _ in self.prior.values())
        yield from self.cover.values()


class Clerk:
    """Fills one open template again and again, typing only what differs from the report before."""

    def __init__(self, document: Document, edition: Edition) -> None:
        self.document = document
        self.edition = edition
        self.sheets = (COVER_SHEET, *edition.sheets, PRIOR_SHEET)
        self._typed: dict[Place, Entry] = {}
        self._totals: dict[Place, str] = {}
        for sheet in edition.sheets:
            formulas = document.formulas(sheet, AREA)
            for item in edition.items:
                if item.sheet == sheet and item.derived:
                    self._totals[sheet, item.cell] = formulas[item.box.top - 1][item.box.left - 1]

    def fill(self, case: Case) -> None:
        """Make the workbook hold exactly what ``case`` says; a total that is not overwritten is its formula again."""
        wanted = case.places(self.edition)
        values: dict[Place, Value] = {}
        formulas: dict[Place, str] = {}
        for place in [*(self._typed.keys() - wanted.keys()), *wanted]:
            entry = wanted.get(place)
            if place in wanted and place in self._typed and _same(entry, self._typed[place]):
                continue
            if place not in wanted and place in self._totals:
                formulas[place] = self._totals[place]
            elif isinstance(entry, Typed):
                formulas[place] = entry.formula
            else:
                values[place] = entry
        self._typed = wanted
        self.document.type_values(values, formulas=formulas)

    def read(self) -> dict[str, list[list[Value]]]:
        return {sheet: self.document.read(sheet, AREA) for sheet in self.sheets}


def _same(one: Entry, other: Entry) -> bool:
    return type(one) is type(other) and one == other


def marks_in(edition: Edition, pages: Mapping[str, Sequence[Sequence[Value]]]) -> Marks:
    """Return the marks that stand in the pages of a workbook."""

    def at(sheet: str, row: int, column: int) -> Value:
        return pages[sheet][row - 1][column - 1]

    rows: dict[tuple[str, str], tuple[Value, Value]] = {}
    for block in edition.blocks:
        for row, columns in edition.lines[block.table].items():
            first, last = block.cells[row, columns[0]], block.cells[row, columns[-1]]
            if block.across:
                places = (first.bottom + 1, first.left), (first.bottom + 2, first.left)
            else:
                places = (first.top, last.right + 1), (first.top, last.right + 2)
            rows[block.table, row] = (at(block.sheet, *places[0]), at(block.sheet, *places[1]))
    columns: dict[tuple[str, str], Value] = {}
    for relation in column_relations(edition):
        item = edition.items[relation.targets[0]]
        line = next(n for n, cells in enumerate(pages[item.sheet], 1) if cells[0] == f"核对：{relation.title}")
        columns[relation.id, relation.line] = at(item.sheet, line, item.box.left)
    prior = {}
    for index in edition.prior_items:
        row, column = parse_address(prior_place(edition, index))
        prior[index] = (at(PRIOR_SHEET, row, column + 1), at(PRIOR_SHEET, row, column + 2))
    cover = {
        key: mark for key, place in cover_fields(edition).items() if (mark := at(COVER_SHEET, place.row, 4)) is not None
    }
    return Marks(rows, columns, prior, cover, at(COVER_SHEET, 2, 1))


def column_relations(edition: Edition) -> list[Relation]:
    return [relation for relation in edition.relations if relation.each == "column" and not relation.prior]


def report_in(
    edition: Edition, pages: Mapping[str, Sequence[Sequence[Value]]]
) -> tuple[Report, Prior | None, dict[int, Value]]:
    """Return the report that stands in the pages of a workbook, last year's values, and those that are no numbers."""

    def at(sheet: str, cell: str) -> Value:
        row, column = parse_address(cell)
        value = pages[sheet][row - 1][column - 1]
        if isinstance(value, CellError) and value.startswith("Err:"):
            return CellError("#VALUE!")  # as it is saved
        if type(value) is float:
            return plain(exact(float(f"{value:.15g}")))  # as it is saved
        return None if type(value) is str and value == "" else value

    cover: dict[str, Value] = {}
    for key, place in cover_fields(edition).items():
        value = at(COVER_SHEET, place.cell)
        if isinstance(value, str):
            keys = {text: name for name, text in place.choices.items()}
            value = keys.get(value, value) if value.strip() else None
        cover[key] = value
    year = cover.pop("year")
    unit = Unit(**{key: None if value is None else str(value) for key, value in cover.items()})
    values = tuple(at(item.sheet, item.cell) for item in edition.items)
    last: list[Value] = [None] * len(edition.items)
    wrong = {}
    for index in edition.prior_items:
        value = at(PRIOR_SHEET, prior_place(edition, index))
        if not is_blank(value):
            last[index] = value
            if not edition.items[index].measure.admits(value):
                wrong[index] = value
    prior = None
    if any(value is not None for value in last):
        prior = Prior(tuple(last), is_number(year) and year - 1 >= edition.years.start)
    return Report(edition.name, year, unit, values), prior, wrong


# ---- what the validation says, and what the marks must be then


class Fault(NamedTuple):
    """What the tests need of a finding, whether it comes as an object or as JSON."""

    rule: str
    severity: str
    sheet: str
    cell: str
    item: str | None
    cells: tuple[str, ...]


def fault(finding: Finding | Mapping[str, Any]) -> Fault:
    told = finding.to_json() if isinstance(finding, Finding) else finding
    return Fault(*(told[key] for key in Fault._fields[:-1]), tuple(told["cells"]))


def faults_in(edition: Edition, report: Report, prior: Prior | None, wrong_prior: Iterable[int] = ()) -> list[Fault]:
    """Return what the validation finds, and the values on 上年数据 that are no numbers, as the reader reports them."""
    told = [fault(finding) for finding in validate(report, edition, prior)]
    for index in wrong_prior:
        cell = prior_place(edition, index)
        told.append(Fault("F-TYPE", "error", PRIOR_SHEET, cell, edition.items[index].key, (cell,)))
    return told


class Verdict:
    """The marks that agree with the faults of a report."""

    def __init__(self, edition: Edition, report: Report, faults: Iterable[Fault]) -> None:
        self.edition = edition
        self.report = report
        self.forms: dict[int, list[str]] = {}
        """Item index → rules its cell breaks by itself."""
        self.broken: list[Relation] = []
        self.prior_wrong: set[str] = set()
        self.cover: set[str] = set()
        items = {(item.sheet, item.cell): item for item in edition.items}
        for each in faults:
            if each.sheet == COVER_SHEET:
                self.cover.add(each.cell)
            elif each.sheet == PRIOR_SHEET:
                self.prior_wrong.add(each.cell)
            elif each.rule.startswith("F-"):
                for cell in each.cells:
                    self.forms.setdefault(items[each.sheet, cell].index, []).append(each.rule)
            else:
                self.broken.append(self._relation(each, items[each.sheet, each.cell]))

    def _relation(self, each: Fault, item: Item) -> Relation:
        found = [
            relation
            for relation in self.edition.relations
            if (relation.id, relation.severity) == (each.rule, each.severity) and item.index in relation.targets
        ]
        assert found, f"no relation for {each}"
        return found[0]

    def held_back(self, index: int) -> bool:
        """Tell whether a cell is a blank total that is not reported because a part of it is."""
        if index in self.forms or self.report.values[index] is not None:
            return False
        derivations = [r for r in self.edition.relations if r.derives and r.targets[0] == index]
        parts = {part for relation in derivations for part, _ in relation.claim.right.terms}
        follows = any(self.waits(part) for part in parts)
        assert follows or self.report.declares_zero, f"{self.edition.items[index].key} is blank, and no finding says so"
        return follows

    def waits(self, index: int) -> bool:
        """Tell whether a cell is wrong by itself, or a total that waits for one that is."""
        return index in self.forms or self.held_back(index)

    def declared(self, index: int) -> bool:
        """Tell whether a sign for a blank is typed over the formula of a total, a part of which is wrong.

        Deliberate: in a zero report the workbook takes it for the zero it is declared to be, the validation for a blank
        that follows from the part; so the relations that read it may differ.
        """
        if not self.report.declares_zero or self.report.values[index] not in PLACEHOLDERS or index in self.forms:
            return False
        derivations = [r for r in self.edition.relations if r.derives and r.targets[0] == index]
        return any(self.waits(part) for relation in derivations for part, _ in relation.claim.right.terms)

    def row(self, table: str, row: str) -> tuple[str, set[str]] | None:
        """Return the mark of a row, and the titles of the relations that may be its reason; None where it may differ."""
        indices = [self.edition.index[f"{table}.{row}.{column}"] for column in self.edition.lines[table][row]]
        rules = {rule for index in indices for rule in self.forms.get(index, ())}
        if rules - {"F-BLANK"}:
            return WRONG, set()
        # Deliberate: while cells of a row are blank its relations are not judged in the workbook, though the
        # validation already judges those that read none of the blanks.
        if any(map(self.waits, indices)):
            return PENDING, set()
        if any(map(self.declared, indices)):
            return None
        return self._gravest(
            relation
            for relation in self.broken
            if (relation.each, relation.table, relation.line, relation.prior) == ("row", table, row, False)
        )

    def column(self, relation: Relation) -> str | None:
        if any(map(self.waits, relation.operands)):
            return PENDING
        if any(map(self.declared, relation.operands)):
            return None
        broken = any((r.id, r.line) == (relation.id, relation.line) for r in self.broken if r.each == "column")
        return MARKS[relation.severity] if broken else OK

    def prior(self, index: int, typed: Value) -> tuple[str, set[str]] | None:
        """Return the mark of one of last year's values; None where the programs may differ.

        Deliberate: a number that is wrong by itself, of this year or another one of last year, shows where it stands,
        and is compared all the same; the validation compares good numbers only.
        """
        if prior_place(self.edition, index) in self.prior_wrong:
            return WRONG, set()
        if typed is None:
            return "", set()
        count = len(self.edition.items)
        mine = [r for r in self.edition.relations if r.prior and self.first_prior(r) == index]
        for operand in {operand for relation in mine for operand in relation.operands} - {index + count}:
            if operand < count and is_number(self.report.values[operand]) and operand in self.forms:
                return None
            if operand < count and self.declared(operand):
                return None
            if operand >= count and prior_place(self.edition, operand - count) in self.prior_wrong:
                return None
        return self._gravest(r for r in self.broken if r.prior and self.first_prior(r) == index)

    def first_prior(self, relation: Relation) -> int:
        count = len(self.edition.items)
        return next(operand for operand in relation.operands if operand >= count) - count

    @staticmethod
    def _gravest(broken: Iterable[Relation]) -> tuple[str, set[str]]:
        found = list(broken)
        if not found:
            return OK, set()
        severity = "error" if any(relation.severity == "error" for relation in found) else "warning"
        return MARKS[severity], {relation.title for relation in found if relation.severity == severity}

    def cover_mark(self, key: str) -> str:
        place = cover_fields(self.edition)[key]
        value = self.report.year if key == "year" else getattr(self.report.unit, key)
        if value is None:
            return PENDING if place.required else ""
        return WRONG if place.cell in self.cover else OK

    def disagreements(self, shown: Marks, prior: Prior | None, wrong_prior: Mapping[int, Value]) -> Iterator[str]:
        """Yield what the marks say otherwise than the validation."""
        yield from self._rows(shown)
        for relation in column_relations(self.edition):
            mark, wanted = shown.columns[relation.id, relation.line], self.column(relation)
            if wanted is not None and mark != wanted:
                yield f"{relation.id} {relation.line}: the column shows {mark!r}, not {wanted}"
        last = prior.values if prior else (None,) * len(self.edition.items)
        yield from self._last_year(shown, {index: wrong_prior.get(index, last[index]) for index in shown.prior})
        for key, mark in shown.cover.items():
            if mark != self.cover_mark(key):
                yield f"cover field {key} shows {mark!r}, not {self.cover_mark(key)!r}"
        unmarked = {place.cell for key, place in cover_fields(self.edition).items() if key not in shown.cover}
        if unmarked & self.cover:
            yield f"cover cells {unmarked & self.cover} have findings and no mark"
        for relation in self.broken:
            if any(self.waits(index) for index in relation.operands if index < len(self.edition.items)):
                yield f"{relation.id} {relation.line}: a finding about cells that wait for others to be mended"
        yield from self._line(shown)

    def _rows(self, shown: Marks) -> Iterator[str]:
        for (table, row), (mark, reason) in shown.rows.items():
            agreed = self.row(table, row)
            if agreed is None:
                continue
            wanted, titles = agreed
            if mark != wanted:
                yield f"{table}.{row}: the row shows {mark!r} ({reason}), not {wanted}"
            elif (titles and reason not in titles) or (mark == OK) != (reason == ""):
                yield f"{table}.{row}: the row is {mark} because of {reason!r}, not one of {titles}"

    def _last_year(self, shown: Marks, typed: Mapping[int, Value]) -> Iterator[str]:
        for index, (mark, reason) in shown.prior.items():
            wanted = self.prior(index, typed[index])
            key = self.edition.items[index].key
            if wanted is None:
                if mark not in (OK, WRONG, EXPLAIN):
                    yield f"last year's {key} shows {mark!r}"
            elif mark != wanted[0]:
                yield f"last year's {key} shows {mark!r} ({reason}), not {wanted[0]!r}"
            elif (wanted[1] and reason not in wanted[1]) or (mark in (OK, "")) != (reason == ""):
                yield f"last year's {key} is {mark} because of {reason!r}, not one of {wanted[1]}"

    def _line(self, shown: Marks) -> Iterator[str]:
        told = LINE.match(str(shown.line))
        marks = list(shown.all())
        counts = [marks.count(mark) for mark in (WRONG, PENDING, EXPLAIN)]
        if not told:
            yield f"the cover says {shown.line!r}"
        elif [int(number or 0) for number in told.groups()] != [sum(counts), *counts]:
            yield f"the cover says {shown.line!r}, the marks are {counts}"
        clean = not (self.forms or self.broken or self.prior_wrong or self.cover)
        if (shown.line == "内置校验：通过") != clean:
            yield f"the cover says {shown.line!r}, the validation {'nothing' if clean else 'something'}"


def judged(clerk: Clerk, case: Case) -> tuple[Marks, list[Fault], list[str]]:
    """Fill in a case; return the marks that show, what the validation finds, and what the two say differently.

    The fast verdict and jsonschema's are asked as well.
    """
    clerk.fill(case)
    pages = clerk.read()
    shown = marks_in(clerk.edition, pages)
    report, prior, wrong = report_in(clerk.edition, pages)
    faults = faults_in(clerk.edition, report, prior, wrong)
    different = list(Verdict(clerk.edition, report, faults).disagreements(shown, prior, wrong))
    counted = report.blanks_as_zero(clerk.edition) if report.declares_zero else report
    clean = {
        "the fast verdict": is_clean(clerk.edition, counted, prior),
        "jsonschema": next(what_is_wrong(clerk.edition, counted, prior), None) is None,
    }
    passed = all(each.sheet == PRIOR_SHEET for each in faults)  # what is no number of last year's, the reader tells
    different += [f"{judge} says clean={said}" for judge, said in clean.items() if said is not passed]
    return shown, faults, different


# ---- what to type

TEXTS = (
    "3件", "+1 项", "１２", "1,200", "5", "12.5", "约5", "增72", "2560万元", "3.0.1", "TRUE", "#N/A", "=D6", "22（其中修订16件）",
    "/", "-", "—", "无",
)  # fmt: skip
NUMBERS = (-5, -1, 1.5, 0.1, 3.0000001, 2.000001, 1234.5678, 0, 0, 1, 2, 3, 4, 7, 30, 99999, 123456789)
FAULTY_FORMULAS = ("=1/0", '=VALUE("x")', "=NA()")
OTHER = ("other_not_corrected", "other_fee_unpaid", "other")


def seeded(*words: object) -> Random:
    """Return random choices that are the same in every run."""
    return Random(" ".join(word.name if isinstance(word, Edition) else str(word) for word in words))  # noqa: S311 - no secret


def _set_totals(edition: Edition, values: dict[str, Any]) -> None:
    waiting = [relation for relation in edition.relations if relation.derives]
    while waiting:
        relation = waiting.pop(0)
        parts = [(edition.items[index].key, times) for index, times in relation.claim.right.terms]
        if any(r.targets[0] == edition.index[key] for r in waiting for key, _ in parts):
            waiting.append(relation)
        else:
            key = edition.items[relation.targets[0]].key
            values[key] = sum(values[part] * times for part, times in parts)


def valid_values(edition: Edition, random: Random) -> tuple[int | float, ...]:
    """Return the values of a report that nothing is wrong with, whoever files it (规章 are all zero)."""
    values: dict[str, Any] = {}
    for item in edition.items:
        values[item.key] = random.choice((0, 0, 1, 2, random.randrange(40)))
        if not item.measure.whole:
            values[item.key] = random.choice((0, 0.1, 12.5, 33, 1234.567891, 0.000001))
    for table, rows in edition.lines.items():
        for row, columns in rows.items():
            _mend(values, f"{table}.{row}.", columns, random)
    applicants = edition.lines["applications"]["received"][:-1]
    rows = edition.lines["applications"]
    results = [row for row in rows if row not in ("received", "carried_in", "concluded", "carried_out")]
    for column in applicants:
        cells = {row: f"applications.{row}.{column}" for row in rows}
        for row in OTHER:
            if row in cells:  # three at most, or more than a quarter must be explained
                values[cells[row]] = int(column == applicants[0])
        settled = sum(values[cells[row]] for row in results) + values[cells["carried_out"]]
        # Near what is carried out, or last year's, which must agree with it, is a jump.
        values[cells["carried_in"]] = min(settled, max(0, values[cells["carried_out"]] + random.choice((-1, 0, 1))))
        values[cells["received"]] = settled - values[cells["carried_in"]]
    _set_totals(edition, values)
    return tuple(values[item.key] for item in edition.items)


def _mend(values: dict[str, Any], row: str, columns: Sequence[str], random: Random) -> None:
    """Make a row of the first sheet say something that can be true."""
    if row.startswith("documents.rules."):
        values.update({row + column: 0 for column in columns})
    elif "in_force" in columns:
        values[row + "in_force"] += values[row + "issued"]
    elif "public_total" in columns:
        values[row + "newly_public"] = random.randrange(values[row + "made"] + 1)
        values[row + "public_total"] += values[row + "newly_public"]
    elif "change" in columns:
        values[row + "change"] = random.randrange(-values[row + "prior_items"], 20)
        if "decisions" in columns and values[row + "change"]:
            values[row + "decisions"] += values[row + "prior_items"] + values[row + "change"] + 1


def prior_values(edition: Edition, values: Sequence[int | float]) -> dict[int, int | float]:
    """Return last year's values that agree with a valid report of this year."""
    now = {item.key: value for item, value in zip(edition.items, values, strict=True)}
    last: dict[int, int | float] = {}
    for index in edition.prior_items:
        key = edition.items[index].key
        row, _, column = key.rpartition(".")
        last[index] = {
            "in_force": lambda row=row: now[f"{row}.in_force"] - now[f"{row}.issued"] + now[f"{row}.repealed"],
            "public_total": lambda row=row: now[f"{row}.public_total"] - now[f"{row}.newly_public"],
            "change": lambda: 0,
        }.get(column, lambda key=key: now[key])()
        if row == "applications.carried_out":
            last[index] = now[f"applications.carried_in.{column}"]
    return last


def cover_of(edition: Edition, random: Random) -> dict[str, Entry]:
    """Return a cover that nothing is wrong with, as it shows."""
    fields = cover_fields(edition)
    cover: dict[str, Entry] = {
        "year": random.choice(range(edition.years.start, min(edition.years.stop, edition.years.start + 4))),
        "name": random.choice(("某区司法局", "甲县人民政府办公室", "乙市税务局")),
        "code": random.choice((None, "410305-17", 20230017)),
        "fee_statement": "是",
        "prepared_by": random.choice((None, "填报员")),
        "phone": random.choice((None, "0371-6666", 66668888)),
    }
    for key in ("level", "kind", "rulemaking", "restructured"):
        cover[key] = random.choice((None, *fields[key].choices.values()))
    cover["zero_report"] = random.choice((None, "否"))
    return cover


def base(edition: Edition, number: int) -> Case:
    """Return what a batch of damaged reports starts from; nothing of it is wrong but what is blank."""
    random = seeded(edition, "base", number)
    entries = [item.index for item in edition.items if not item.derived]
    case = Case({}, cover_of(edition, random))
    if number == 0:
        return Case()
    if number == 1:
        case.values = dict.fromkeys(entries, 0)
    elif number == 2:
        case.cover["zero_report"] = "是"
    else:
        values = valid_values(edition, random)
        case.values = {index: values[index] for index in entries}
        if number % 3:
            case.prior = dict(prior_values(edition, values))
        if number % 4 == 0:  # blanks for zeros
            case.cover["zero_report"] = "是"
            case.values = {index: value for index, value in case.values.items() if value}
    return case


def damaged(edition: Edition, start: Case, random: Random) -> Case:
    """Return a copy of a case with a few things, or many, typed over."""
    case = start.copy()
    for _ in range(random.choice((1, 1, 1, 2, 3, 6, 12))):
        random.choices(
            (_number, _near, _text, _blank, _blank_line, _total, _formula, _cover, _last_year),
            (4, 5, 4, 3, 1, 3, 1, 4, 4),
        )[0](edition, case, random)
    return case


def _entry(edition: Edition, random: Random) -> int:
    """Choose an entry cell, half of the time in one of the small tables."""
    entries = [item for item in edition.items if not item.derived]
    small = [item for item in entries if item.table != "applications"]
    return random.choice(random.choice((entries, small))).index


def _number(edition: Edition, case: Case, random: Random) -> None:
    case.values[_entry(edition, random)] = random.choice(NUMBERS)


def _near(edition: Edition, case: Case, random: Random) -> None:
    index = _entry(edition, random)
    value = case.values.get(index)
    case.values[index] = (value if is_number(value) else 0) + random.choice((1, 1, 2, -1, 10))


def _text(edition: Edition, case: Case, random: Random) -> None:
    case.values[_entry(edition, random)] = random.choice(TEXTS)


def _blank(edition: Edition, case: Case, random: Random) -> None:
    case.values.pop(_entry(edition, random), None)


def _blank_line(edition: Edition, case: Case, random: Random) -> None:
    chosen = edition.items[_entry(edition, random)]
    along = random.choice(("row", "column"))
    for item in edition.items:
        if item.table == chosen.table and getattr(item, along) == getattr(chosen, along):
            case.values.pop(item.index, None)


def _total(edition: Edition, case: Case, random: Random) -> None:
    index = random.choice([item.index for item in edition.items if item.derived])
    case.values[index] = random.choice((*NUMBERS, *TEXTS))


def _formula(edition: Edition, case: Case, random: Random) -> None:
    case.values[_entry(edition, random)] = Typed(random.choice((*FAULTY_FORMULAS, "=1+2")))


def _cover(edition: Edition, case: Case, random: Random) -> None:
    fields = cover_fields(edition)
    key = random.choice(("year", "name", "zero_report", "zero_report", *(k for k, f in fields.items() if f.choices)))
    if key == "year":
        case.cover[key] = random.choice(
            (None, edition.years.start - 1, edition.years.start, 2023.5, 23, "2023", "今年")
        )
    elif key == "name":
        case.cover[key] = random.choice((None, " ", 110))
    else:
        case.cover[key] = random.choice((None, *fields[key].choices.values(), "其他", 1))


def _last_year(edition: Edition, case: Case, random: Random) -> None:
    index = random.choice(edition.prior_items)
    case.prior[index] = random.choice((None, 0, 1, 2, 5, 12, 300, -1, 1.5, "3件", 0.5, 20000))
