"""Implied edits: the relations between cells as equations, rid of the cells nobody typed, and their solutions.

Fellegi & Holt (A Systematic Approach to Automatic Edit and Imputation, JASA 71, 1976) call *implied* what follows for
the other fields when one is eliminated from two edits. All edits here are equations with whole factors, so that is
Gauss's elimination, and the sets of one or two cells that could be wrong are found by looking, not by searching.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import gcd

from gongkai.edition import Edition
from gongkai.identities import Relation

ONE = -1
"""The variable that stands for the constant of an equation; its value is 1."""

Equation = Mapping[int, int]
"""Index of the vector (this year, then last year; ``ONE``) → factor; the sum is zero where the relation holds."""
Number = int | Fraction
Steps = tuple[tuple[int, Number | None], ...]
"""(index, what to add) per cell of a solution; ``None`` where equations and bounds leave a choice."""


@dataclass(frozen=True, slots=True)
class Edits:
    """The implied edits over the typed cells, and how the other cells follow from these."""

    rows: tuple[Equation, ...]
    columns: Mapping[int, Mapping[int, int]]
    """Item index → edit → factor."""
    alike: Mapping[tuple[int, ...], tuple[int, ...]]
    """Numbers of edits → the items that are in exactly these."""
    parts: tuple[int, ...]
    """Of each edit, the connected part it belongs to."""
    blocks: Mapping[int, int]
    """Item index → the connected part it belongs to before anything is eliminated."""
    determined: Mapping[int, Equation]
    """Item index of an eliminated cell → the equation that gives its value from typed cells alone."""


def equation(relation: Relation) -> dict[int, int]:
    """Return a relation as the sum that is zero where it holds."""
    sums: dict[int, int] = {ONE: relation.claim.left.constant - relation.claim.right.constant}
    for side, sign in ((relation.claim.left, 1), (relation.claim.right, -1)):
        for index, factor in side.terms:
            sums[index] = sums.get(index, 0) + sign * factor
    return {index: factor for index, factor in sums.items() if factor}


@lru_cache(maxsize=64)
def compile_edits(edition: Edition, asked: tuple[int, ...], live: frozenset[int], blank: frozenset[int]) -> Edits:
    """Eliminate live totals and blanks from the relations ``asked`` (places in ``edition.relations``)."""
    count = len(edition.items)
    equations = [equation(edition.relations[number]) for number in asked]
    blocks = connected([[i for i in row if 0 <= i < count] for row in equations])
    pivots: dict[int, dict[int, int]] = {}
    for index in sorted(live | blank):
        row = min((row for row in equations if index in row), key=len, default=None)
        if row is None:
            continue
        equations = [_without(other, index, row) for other in equations if other is not row]
        pivots = {i: _without(other, index, row) for i, other in pivots.items()}
        pivots[index] = row
    free = live | blank
    determined = {i: row for i, row in pivots.items() if free.isdisjoint(row.keys() - {i})}
    rows = _independent(equations)
    parts = connected([[i for i in row if 0 <= i < count] for row in rows])
    columns: dict[int, dict[int, int]] = {}
    for edit, row in enumerate(rows):
        for index in row.keys() & parts.keys():
            columns.setdefault(index, {})[edit] = row[index]
    alike: dict[tuple[int, ...], tuple[int, ...]] = {}
    for index, column in sorted(columns.items()):
        alike[tuple(column)] = (*alike.get(tuple(column), ()), index)
    of_edit = tuple(next((parts[i] for i in row if i in parts), -1) for row in rows)
    return Edits(tuple(rows), columns, alike, of_edit, blocks, determined)


def _without(row: dict[int, int], index: int, pivot: Equation) -> dict[int, int]:
    """Return an equation with one variable eliminated by another equation; factors stay whole and small."""
    if index not in row:
        return row
    mine, its = row[index], pivot[index]
    sums = {i: its * factor for i, factor in row.items()}
    for i, factor in pivot.items():
        sums[i] = sums.get(i, 0) - mine * factor
    common = gcd(*sums.values()) or 1
    return {i: factor // common for i, factor in sums.items() if factor}


def _independent(equations: Iterable[dict[int, int]]) -> list[dict[int, int]]:
    """Return the equations that do not follow from shorter ones: these only tie parts together that are apart."""
    kept: list[dict[int, int]] = []
    steps: list[tuple[int, dict[int, int]]] = []
    for row in sorted(equations, key=len):
        rest = row
        for index, step in steps:
            rest = _without(rest, index, step)
        if rest:
            kept.append(row)
            # A variable of few equations keeps the others short; this year's come after the constant in order.
            steps.append((max(rest), rest))
    return kept


def connected(rows: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return, for each variable, the number of the part that rows with a variable in common make."""
    part: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        joined = list(row)
        for old in {part[i] for i in row if i in part}:
            joined += members.pop(old)
        members[number] = joined
        part.update(dict.fromkeys(joined, number))
    return part


def singles(edits: Edits, broken: Mapping[int, Number]) -> Iterator[Steps]:
    """Yield the single cells whose change makes every broken edit hold: those in all of them and in no other."""
    for index in edits.alike.get(tuple(sorted(broken)), ()):
        column = edits.columns[index]
        steps = {-Fraction(rest) / column[edit] for edit, rest in broken.items()}
        if len(steps) == 1:
            yield ((index, steps.pop()),)


def pairs(edits: Edits, broken: Mapping[int, Number]) -> Iterator[Steps]:
    """Yield the pairs of cells that do so, one of them in the shortest broken edit."""
    shortest = min(broken, key=lambda edit: len(edits.rows[edit]))
    cells = [index for index in edits.rows[shortest] if index in edits.columns]
    for one in cells:
        column = edits.columns[one]
        step = -Fraction(broken[shortest]) / column[shortest]
        rest = {edit: broken.get(edit, 0) + step * column.get(edit, 0) for edit in broken.keys() | column.keys()}
        left = {edit: number for edit, number in rest.items() if number}
        for found in singles(edits, left) if left else ():
            yield ((one, step), *found)
    for one, other in combinations(cells, 2):
        a, b = edits.columns[one], edits.columns[other]
        if broken.keys() <= a.keys() | b.keys():
            yield from _solve(one, a, other, b, broken)


def _solve(
    one: int, a: Mapping[int, int], other: int, b: Mapping[int, int], broken: Mapping[int, Number]
) -> Iterator[Steps]:
    """Yield the change of two cells that share a broken edit, with ``None`` for steps if only their sum is known."""
    system = [(a.get(edit, 0), b.get(edit, 0), -broken.get(edit, 0)) for edit in a.keys() | b.keys()]
    left, right, rest = next(row for row in system if row[0] and row[1] and row[2])
    for p, q, r in system:
        if pivot := left * q - right * p:
            x, y = Fraction(rest * q - right * r) / pivot, Fraction(left * r - rest * p) / pivot
            if x and y and all(p * x + q * y == r for p, q, r in system):
                yield ((one, x), (other, y))
            return
    if all(p * rest == left * r for p, q, r in system):
        yield ((one, None), (other, None))
