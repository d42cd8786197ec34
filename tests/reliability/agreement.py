"""Random reports of every kind, valid and damaged, each the same in every run: ``sample(edition, number)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, nan
from typing import TYPE_CHECKING, Any

from damaged import DAMAGES, add_up, sound
from gongkai.cell import CellError, DateText, Uncalculated, Value, exact, is_number, plain
from gongkai.edition import Edition, editions
from gongkai.numerals import PLACEHOLDERS, is_blank
from gongkai.report import Report, Unit, flatten
from gongkai.verdict import Prior
from libreoffice.native import NUMBERS, TEXTS, Case, Typed, prior_values, seeded, valid_values
from reports import base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from libreoffice.native import Entry

ODD: tuple[Value, ...] = (
    None, True, False, "", " ", "　", " / ", "--", "――", "５", "+1 项", "  3", "x" * 32_767, *PLACEHOLDERS, *TEXTS, *NUMBERS,
    CellError("#DIV/0!"), CellError("#N/A"), Uncalculated("="), Uncalculated("=SUM(A1:A2)"), DateText("2024-01-31"),
    -0.0, 0.0, 5.0, 2.5, 0.1, 1e-6, 1e-7, 1e-300, 0.30000000000000004, 123456.789012, 0.1234567, 99999999.1234561,
    999_999_999, 999_999_999.000001, 10**9, 2**53, 2**53 + 1, 10**15 - 1, 10**15, 1e15, -(10**15), 1e16, 1e300, -1e300,
    10**40, inf, -inf, nan,
)  # fmt: skip
"""What a cell can hold, or a program can put into it, that is no ordinary number."""

HABITS = ("only 总计", "only 自然人", "自然人 and 总计", "no totals", "no organisations")


@dataclass(frozen=True, slots=True)
class Sample:
    """One report, the year before if it is known, and what was done to it, in words."""

    report: Report
    last: tuple[Edition, Report] | None
    done: tuple[str, ...]


@dataclass
class _Draft:
    edition: Edition
    random: Random
    values: list[Value]
    last: list[Value] | None
    then: Edition
    cover: dict[str, Any]
    year: Value
    done: list[str] = field(default_factory=list)

    def any_item(self) -> int:
        """Choose a cell, each table being as likely as the others."""
        return self.random.choice(self.edition.items_of[self.random.choice(list(self.edition.tables))]).index


def sample(edition: Edition, number: int) -> Sample:
    """Return report ``number`` of an edition: about four in ten with nothing done to them."""
    draft = _start(edition, seeded(edition, "agreement", number))
    random = draft.random
    if random.random() < 0.6:
        if random.random() < 0.5:
            _slip(draft)
        for _ in range(random.choice((1, 1, 1, 2, 3, 6, 12))):
            random.choices(tuple(_STEPS), tuple(_STEPS.values()))[0](draft)
    unit = Unit(**draft.cover)
    report = Report(edition.name, draft.year, unit, tuple(draft.values))
    last = None
    if draft.last is not None:
        zero = random.choice((None, None, "否", "是"))
        filed = Report(draft.then.name, draft.then.years.start, Unit(name="某局", zero_report=zero), tuple(draft.last))
        last = draft.then, filed
    return Sample(report, last, tuple(draft.done))


def _start(edition: Edition, random: Random) -> _Draft:
    """Return a report that nothing is wrong with (but for 规章 of a busy body without power), and its year before."""
    values: list[Any] = {
        "whole": lambda: list(valid_values(edition, random)),
        "sound": lambda: sound(edition, random, random.random(), random.choice((0.02, 0.25))),
        "busy": lambda: list(flatten(edition, base("busy", edition))),
        "zero": lambda: [0] * len(edition.items),
    }[random.choices(("whole", "sound", "busy", "zero"), (6, 2, 1, 1))[0]]()
    cover = {
        "name": random.choice(("某区司法局", "甲县人民政府办公室")),
        "level": random.choice((None, "national", "province", "prefecture", "county", "township")),
        "kind": random.choice((None, "government", "department", "region")),
        "rulemaking": random.choice((None, "有", "无")),
        "restructured": random.choice((None, "无", "合并", "拆分")),
        "fee_statement": random.choice((*["是"] * 9, None)),
        "zero_report": random.choice((None, "否", "否", "是")),
    }
    last, then = _year_before(edition, values, random)
    if cover["zero_report"]:
        blanked = [None if value == 0 and random.random() < 0.9 else value for value in values]
        values = blanked if cover["zero_report"] == "是" else values
    year = random.choice((*edition.years[:3], edition.years[-1]))
    return _Draft(edition, random, values, last, then, cover, year)


def _year_before(edition: Edition, values: list[Any], random: Random) -> tuple[list[Value] | None, Edition]:
    """Return last year's report, which agrees with this year's, or none; of this edition or of another."""
    then = random.choices((edition, next(other for other in editions().values() if other is not edition)), (3, 1))[0]
    if random.random() < 0.4:
        return None, then
    if then is edition:
        agreeing = prior_values(edition, values)
        return [agreeing.get(index, value) for index, value in enumerate(values)], then
    last: list[Any] = [0] * len(then.items)
    for column in then.lines["applications"]["carried_out"]:
        carried = values[edition.index[f"applications.carried_in.{column}"]]
        last[then.index[f"applications.carried_out.{column}"]] = carried
    return last, then


# --- what is done to a report


def _slip(draft: _Draft) -> None:
    """One of the typing slips and habits that the localization is tested with."""
    if draft.cover["zero_report"] == "是":
        return
    name = draft.random.choice(tuple(DAMAGES))
    changed = DAMAGES[name](draft.edition, draft.values, draft.random)
    if changed is not None:
        draft.values = list(changed)
        draft.done.append(name)


def _odd(draft: _Draft) -> None:
    draft.values[draft.any_item()] = draft.random.choice(ODD)
    draft.done.append("odd")


def _blanks(draft: _Draft) -> None:
    """A cell, a row, a column or a table is left blank."""
    chosen = draft.edition.items[draft.any_item()]
    shared = draft.random.choice((("index",), ("table", "row"), ("table", "column"), ("table",)))
    for item in draft.edition.items:
        if all(getattr(item, key) == getattr(chosen, key) for key in shared):
            draft.values[item.index] = None
    draft.done.append("blank " + shared[-1])


def _habit(draft: _Draft) -> None:
    """Some columns of 表三 are never filled in."""
    habit = draft.random.choice(HABITS)
    kept = {
        "only 总计": ("total",), "only 自然人": ("natural_person",), "自然人 and 总计": ("natural_person", "total"),
        "no totals": tuple(column for column in draft.edition.lines["applications"]["received"] if column != "total"),
        "no organisations": ("natural_person", "total"),
    }[habit]  # fmt: skip
    for item in draft.edition.items_of["applications"]:
        if item.column not in kept:
            draft.values[item.index] = 0 if habit == "no organisations" else None
    draft.done.append(habit)


def _aimed(draft: _Draft) -> None:
    """A number that some relation reads, of this year or of last, is changed as far as matters to some relation."""
    random, count = draft.random, len(draft.edition.items)
    rule = random.choice(_RULES[draft.edition.name])
    relation = random.choice([relation for relation in draft.edition.relations if relation.id == rule])
    index = random.choice(relation.operands)
    same = draft.then is draft.edition
    if index >= count and (draft.last is None or not same):
        return
    year = draft.values if index < count else draft.last
    value = year[index % count]
    if not is_number(value) or abs(value) >= 10**9:
        return
    year[index % count] = random.choice(_CHANGES)(value)
    if random.random() < 0.5 and all(is_number(value) and abs(value) < inf for value in draft.values):
        draft.values = list(add_up(draft.edition, draft.values))
    draft.done.append("aimed")


_RULES = {form.name: sorted({relation.id for relation in form.relations}) for form in editions().values()}
_CHANGES: tuple[Callable[[Any], Any], ...] = (
    lambda value: value + 1, lambda value: max(0, value - 1), lambda value: value + 4, lambda value: value + 11,
    lambda value: value * 5, lambda value: value * 6, lambda value: value * 5 + 11, lambda value: value // 6,
    lambda value: value * 3000, lambda value: value * 10_000, lambda value: value * 30_000, lambda value: value / 10_000,
    lambda _: 0, lambda _: 1, lambda _: 3, lambda value: -value, lambda value: -10 * value - 1,
)  # fmt: skip


def _misread(draft: _Draft) -> None:
    """处理决定数量 is taken for a number of items (2019)."""
    for table in ("licensing", "enforcement") if draft.edition.name == "2019" else ():
        for row in draft.edition.lines[table]:
            items, change, decisions = (
                draft.edition.index[f"{table}.{row}.{c}"] for c in draft.edition.lines[table][row]
            )
            if is_number(draft.values[items]) and is_number(draft.values[change]):
                draft.values[decisions] = draft.values[items] + draft.values[change]
    draft.done.append("misread")


def _money(draft: _Draft) -> None:
    """An amount of up to seven decimals; last year's is near ten thousand times as much, or is a sum of two."""
    random = draft.random
    money = next(item.index for item in draft.edition.items if not item.measure.whole)
    amount = random.randrange(10**7) / 10 ** random.randrange(8)
    draft.values[money] = amount
    if draft.last is not None and draft.then is draft.edition:
        factor = random.choice((1, 2999.9, 3000, 9999, 10_000, 30_000, 30_000.1, 1 / 3000, 1 / 10_000, 1 / 30_000))
        draft.last[money] = round(amount * factor, 6)
    draft.done.append("money")


def _cover(draft: _Draft) -> None:
    random = draft.random
    key = random.choice((*draft.cover, "year", "year"))
    if key == "year":
        years = (None, "2023", "2023年", 2018, 2019, 2020, 2021, 2023.5, 2100, True, -1, 10**20, 1e20, "今年")
        draft.year = random.choice(years)
    else:
        draft.cover[key] = random.choice((None, "", " ", "是", "否", "无", "有", "政府", "region", "county", "不适用"))
    draft.done.append("cover")


def _last_year(draft: _Draft) -> None:
    """Some values of last year are odd, or blank."""
    if draft.last is not None:
        for _ in range(draft.random.choice((1, 3, 30))):
            draft.last[draft.random.choice(draft.then.prior_items)] = draft.random.choice(ODD)
        draft.done.append("last year")


_STEPS: dict[Callable[[_Draft], None], int] = {
    _odd: 5, _blanks: 2, _habit: 1, _aimed: 10, _misread: 1, _money: 2, _cover: 3, _last_year: 2,
}  # fmt: skip


# --- the same report, typed into the workbook


def typed(edition: Edition, made: Sample) -> Case:
    """Return what to type so that the workbook holds the report.

    Blank stays what nobody can type (a date, a formula without result, an infinite number) and what the workbook
    deliberately takes otherwise (unusual signs for a blank, truth values, amounts beyond the digits it compares).
    """
    values = {index: _entry(value) for index, value in enumerate(made.report.values)}
    for total, parts in edition.derivations.items():  # what its formula shows need not be typed
        numbers = [0 if value is None and made.report.declares_zero else value for value in map(values.get, parts)]
        if all(map(is_number, numbers)) and values[total] == plain(sum(map(exact, numbers))):
            del values[total]
    prior = Prior.of(made.last[1], made.last[0], edition).values if made.last else [None] * len(edition.items)
    cover: dict[str, Entry] = {"year": _entry(made.report.year)}
    for place in edition.cover[1:]:
        text = getattr(made.report.unit, place.key)
        cover[place.key] = place.choices.get(text, text)
    return Case(values, cover, {index: _entry(prior[index]) for index in edition.prior_items})


def _entry(value: Value) -> Entry:
    if isinstance(value, CellError):
        return Typed({"#N/A": "=NA()"}.get(value, "=1/0"))
    if isinstance(value, str):
        odd = isinstance(value, DateText | Uncalculated) or (is_blank(value) and value not in PLACEHOLDERS)
        return None if odd else value
    beyond = not is_number(value) or not abs(value) < inf or (value % 1 != 0 and abs(value) > 10**7)
    return None if beyond else value


# --- numbers at the edge of what a cell holds

COUNT, CHANGE, MONEY = "F-COUNT", "F-DELTA", "F-MONEY"
ITEMS = {
    "2019": {
        COUNT: "licensing.administrative_licensing.decisions",
        CHANGE: "licensing.administrative_licensing.change",
        MONEY: "procurement.centralized_procurement.amount",
    },
    "2021": {COUNT: "licensing.administrative_licensing.decisions", MONEY: "fees.administrative_fees.amount"},
}
LAST_YEAR = {"2019": {COUNT: "documents.normative_documents.public_total"}, "2021": {MONEY: ITEMS["2021"][MONEY]}}
GOOD = {
    COUNT: (0, -0.0, 1, 10**15 - 2, 10**15 - 1),
    CHANGE: (0, -0.0, -1, 1 - 10**15, 10**15 - 1),
    MONEY: (
        0, -0.0, 1e-6, 3e-6, 0.1, 0.3, 1.005, 4.35, 435, 24252.311082, 99999999.123456, 123456789.123456,
        999_999_998.999999, 999_999_999,
    ),
}  # fmt: skip
BAD = {
    COUNT: (-1, 0.5, 1e-300, -1e-300, 0.999999999999999, 99999999999999.5, 1e15, 1e16, 1e300),
    CHANGE: (0.5, -0.5, 1e15, -1e15, 1e300, -1e300, 99999999999999.5),
    MONEY: (
        -1, -1e-6, -1e-9, 1e-7, 5e-7, 0.9999999, 1.4e-6, 0.1234567, 12345678.1234567, 99999999.1234561,
        28147498.1234561, 999_999_999.000001, 999_999_999.5, 10**9, 1e15, 1e300,
    ),
}  # fmt: skip
ALIKE = (99999999.1234561, 28147498.1234561, 999_999_999.000001)
"""Deliberate: LibreOffice takes two numbers for equal that differ by less than 2^-48 of them, so in amounts beyond 28
million 万元 it does not see a seventh decimal. The button and the office see it."""
READ_AS = {
    COUNT: {3.0000000000000004: 3, 0.9999999999999999: 1, 2**53: 9007199254740990.0, 10**15 - 0.5: 1e15},
    MONEY: {
        0.1 + 0.2: 0.3,
        4.35 * 100: 435,
        1.1 * 3: 3.3,
        123456789.1234567: 123456789.123457,
        2**53: 9007199254740990.0,
    },
}
"""Stored with more digits than a sheet shows: what is read is what is shown."""


def edges(edition: Edition) -> Iterator[tuple[str, Value, str | None]]:
    """Yield (item, number, the rule it breaks by itself if it does)."""
    for kind, key in ITEMS[edition.name].items():
        yield from ((key, value, None) for value in GOOD[kind])
        yield from ((key, value, kind) for value in BAD[kind])


def holding(edition: Edition, key: str, value: Value) -> Report:
    """Return a report of zeros but for one cell, and what goes with it."""
    values = [0] * len(edition.items)
    values[edition.index[key]] = value
    if key == ITEMS["2019"][CHANGE]:  # so many items there were last year
        values[edition.index[key.replace("change", "prior_items")]] = 10**15 - 1
    return Report(edition.name, edition.years.start, Unit(name="某局"), tuple(values))
