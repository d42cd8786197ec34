"""Reports whose every relation holds, and what is done to them: one typing slip, or one habit, with the truth."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from gongkai.cell import exact, plain
from gongkai.edition import Edition
from gongkai.localization.slips import slip
from gongkai.report import Report, Unit

Values = list[int | float]
Damage = Callable[[Edition, Values, Random], Values | None]
"""Returns the damaged values, ``None`` where the report has nothing this could happen to."""


def add_up(edition: Edition, values: Values) -> Values:
    """Return the values with every total what it must be."""
    values = list(values)
    for total, parts in edition.derivations.items():
        values[total] = plain(sum((exact(values[part]) for part in parts), 0))
    return values


def sound(edition: Edition, rng: Random, busy: float = 0.3, size: float = 0.25) -> Values:
    """Return values of realistic size whose every relation holds; ``busy`` is the share of cells that are not zero."""
    values: Values = [0] * len(edition.items)
    for item in edition.items:
        if item.table in ("applications", "disputes") and rng.random() < busy:
            values[item.index] = 1 + int(rng.expovariate(size))
    values = add_up(edition, values)
    for column in edition.lines["applications"]["received"]:
        at = {row: edition.index[f"applications.{row}.{column}"] for row in edition.lines["applications"]}
        done = values[at["concluded"]] + values[at["carried_out"]]
        values[at["carried_in"]] = min(values[at["carried_in"]], done)
        values[at["received"]] = done - values[at["carried_in"]]
    return add_up(edition, values)


def typed_report(edition: Edition, values: Values) -> Report:
    return Report(edition.name, edition.years[0], Unit(name="某局", code="U1"), tuple(values))


def _cells(edition: Edition) -> list[int]:
    return [item.index for item in edition.items if item.table in ("applications", "disputes")]


def _inputs(edition: Edition) -> list[int]:
    return [index for index in _cells(edition) if not edition.items[index].derived]


def _slips(number: int) -> dict[int, str | None]:
    """Return what a number can become by one slip, with the kind."""
    text = str(number)
    near = {text[:n] + d + text[n + k :] for n in range(len(text) + 1) for d in ["", *"0123456789"] for k in (0, 1)}
    near |= {text[:n] + text[n : n + 2][::-1] + text[n + 2 :] for n in range(len(text) - 1)}
    wrong = {int(other) for other in near if other.isdecimal() and (other[0] != "0" or len(other) == 1)}
    return {other: slip(other, number) for other in wrong - {number}}


def mistype(kind: str, cells: Callable[[Edition], list[int]] = _inputs) -> Damage:
    """Return the damage of one slip of ``kind`` in one cell."""

    def damage(edition: Edition, values: Values, rng: Random) -> Values | None:
        usable = [index for index in cells(edition) if values[index]]
        rng.shuffle(usable)
        for index in usable:
            wrong = [other for other, is_kind in sorted(_slips(int(values[index])).items()) if is_kind == kind]
            if wrong:
                return _with(values, {index: rng.choice(wrong)})
        return None

    return damage


def _with(values: Values, changed: dict[int, int | float]) -> Values:
    return [changed.get(index, value) for index, value in enumerate(values)]


def single_digit(edition: Edition, values: Values, rng: Random) -> Values | None:
    usable = [index for index in _inputs(edition) if 0 < values[index] < 10]
    index = rng.choice(usable) if usable else None
    return (
        None if index is None else _with(values, {index: rng.choice([n for n in range(1, 10) if n != values[index]])})
    )


def wrong_total(edition: Edition, values: Values, rng: Random) -> Values | None:
    totals = [index for index in _cells(edition) if edition.items[index].derived and values[index]]
    index = rng.choice(totals) if totals else None
    return None if index is None else _with(values, {index: max(0, values[index] + rng.choice([-2, -1, 1, 2, 9, 10]))})


def swapped(edition: Edition, values: Values, rng: Random) -> Values | None:
    pairs = [(a, a + 1) for a in _inputs(edition) if a + 1 in set(_inputs(edition)) and values[a] != values[a + 1]]
    pairs = [(a, b) for a, b in pairs if edition.items[a].row == edition.items[b].row]
    a, b = rng.choice(pairs) if pairs else (0, 0)
    return _with(values, {a: values[b], b: values[a]}) if pairs else None


def shifted(edition: Edition, values: Values, rng: Random) -> Values | None:
    lines = [parts for parts in edition.derivations.values() if edition.items[parts[0]].table == "applications"]
    usable = [p for p in lines if not values[p[-1]] and sum(bool(values[i]) for i in p) > 1]
    parts = rng.choice(usable) if usable else ()
    return _with(values, dict(zip(parts, [0, *(values[i] for i in parts[:-1])], strict=True))) if parts else None


def two_cells(edition: Edition, values: Values, rng: Random) -> Values | None:
    index = [edition.index[f"applications.{row}.natural_person"] for row in ("granted", "received", "carried_out")]
    usable = [i for i in _cells(edition) if edition.items[i].table == "applications" and values[i]] or index
    a, b = rng.choice(usable), rng.choice(usable)
    if a == b:
        return None
    return _with(values, {i: max(0, values[i] + rng.choice([-5, -2, -1, 1, 3, 7, 9, 90])) for i in (a, b)})


def forgotten(edition: Edition, values: Values, rng: Random) -> Values | None:
    usable = [index for index in _inputs(edition) if values[index]]
    return _with(values, {rng.choice(usable): 0}) if usable else None


def stray(edition: Edition, values: Values, rng: Random) -> Values | None:
    """A number stands in a cell that should be zero."""
    usable = [index for index in _inputs(edition) if not values[index]]
    return _with(values, {rng.choice(usable): rng.randint(1, 20)}) if usable else None


def late(edition: Edition, values: Values, rng: Random) -> Values:
    """One more application is entered in both details; its totals are not brought up to date (typed totals only).

    The truth is the report with the totals brought up to date: what is returned is wrong in the totals alone.
    """
    column = rng.choice([c for c in edition.lines["applications"]["received"] if c != "total"])
    one = edition.index[f"applications.granted.{column}"], edition.index[f"applications.received.{column}"]
    return _with(values, {index: values[index] + 1 for index in one})


def late_result(edition: Edition, values: Values, rng: Random) -> Values:
    """One more result is entered, rightly; its application was never counted and no total is brought up to date."""
    column = rng.choice([c for c in edition.lines["applications"]["received"] if c != "total"])
    index = edition.index[f"applications.granted.{column}"]
    return _with(values, {index: values[index] + 1})


def counted_twice(edition: Edition, values: Values, rng: Random) -> Values | None:
    """An application granted in part is also counted as refused (the form says not to); the totals follow."""
    parts = [i for i in _inputs(edition) if edition.items[i].row == "partially_granted" and values[i]]
    if not parts:
        return None
    other = edition.index[f"applications.refused_third_party.{edition.items[rng.choice(parts)].column}"]
    return add_up(edition, _with(values, {other: values[other] + 1}))


DAMAGES: dict[str, Damage] = {
    "transposition": mistype("transposition"),
    "doubled-digit": mistype("doubled-digit"),
    "added-digit": mistype("added-digit"),
    "dropped-digit": mistype("dropped-digit"),
    "digit": mistype("digit"),
    "single-digit": single_digit,
    "forgotten": forgotten,
    "stray": stray,
    "total": wrong_total,
    "swapped": swapped,
    "shifted": shifted,
    "two-cells": two_cells,
    "late": late,
    "late-result": late_result,
    "counted-twice": counted_twice,
}


def truth_of(name: str, edition: Edition, good: Values, bad: Values) -> Values:
    """Return what the damaged report should be changed into."""
    if name == "late-result":
        changed = next(i for i, (a, b) in enumerate(zip(good, bad, strict=True)) if a != b)
        received = edition.index[f"applications.received.{edition.items[changed].column}"]
        bad = _with(bad, {received: bad[received] + 1})
    return add_up(edition, bad) if name.startswith("late") else good
