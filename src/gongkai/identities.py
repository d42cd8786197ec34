"""The 勾稽 relations: compiled from the schema's ``identities``, evaluated on a flat vector of numbers.

A vector holds this year's values at 0 … n-1 and last year's at n … 2n-1, in the printed order of the items, so that
one relation is two lists of (index, factor) and a comparison, whatever table or year it speaks of.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from gongkai.cell import plain

Exact = int | Decimal
Operator = Callable[[Any, Any], bool]
OPERATORS: Mapping[str, Operator] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Cover(Protocol):
    """Anything with the cover fields as attributes."""

    def __getattribute__(self, name: str, /) -> Any: ...  # noqa: ANN401 - a field is text or None


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum of items, each times a whole factor, plus a constant."""

    terms: tuple[tuple[int, int], ...]
    constant: int
    once: tuple[int, ...]
    """The items that count once, as almost all do; adding them up is what most of a verdict's time goes into."""
    times: tuple[tuple[int, int], ...]
    """The others, with their factors."""

    @classmethod
    def over(cls, terms: Sequence[tuple[int, int]], constant: int) -> Sum:
        """Return the sum of (index, factor) terms and a constant."""
        once = tuple(index for index, factor in terms if factor == 1)
        return cls(tuple(terms), constant, once, tuple(term for term in terms if term[1] != 1))

    def of(self, vector: Sequence[Any]) -> Exact:
        """Return the sum; every item it names must be a number."""
        total: Exact = sum(map(vector.__getitem__, self.once), self.constant)
        for index, factor in self.times:
            total += vector[index] * factor
        return total


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left op right``."""

    left: Sum
    op: str
    right: Sum
    test: Operator
    """What ``op`` stands for."""

    def holds(self, vector: Sequence[Exact | None]) -> bool:
        """Tell whether the comparison is true."""
        return bool(self.test(self.left.of(vector), self.right.of(vector)))


@dataclass(frozen=True, slots=True)
class Relation:
    """One identity applied to one row or column; ``line`` is the key of that row or column."""

    id: str
    title: str
    severity: str
    table: str
    each: str
    line: str
    unit: Mapping[str, Sequence[str | None]]
    when: tuple[Comparison, ...]
    claim: Comparison
    targets: tuple[int, ...]
    derives: bool
    across_editions: bool
    operands: tuple[int, ...]
    """Every index of the vector it reads, the target's side first."""
    prior: bool
    """Whether it reads last year's values."""

    def applies_to(self, cover: Cover) -> bool:
        """Tell whether the cover makes the relation due."""
        return all(getattr(cover, field) in allowed for field, allowed in self.unit.items())

    def holds(self, vector: Sequence[Exact | None]) -> bool:
        """Tell whether the relation holds (also when it is not asked for); all operands must be numbers."""
        claim = self.claim
        if claim.test(claim.left.of(vector), claim.right.of(vector)):
            return True
        return not all(condition.holds(vector) for condition in self.when)

    def target(self, vector: Sequence[Exact | None]) -> int:
        """Return the index of the cell a finding points at."""
        return next((index for index in self.targets if vector[index]), self.targets[0])

    def expected(self, vector: Sequence[Exact | None]) -> int | float | str | None:
        """Return what the target should be: a number for an equation, ``"≥ 5"`` for a bound, else ``None``.

        A relation with a condition is a question, not an equation: it has no expected value.
        """
        if self.when:
            return None
        target = self.target(vector)
        factor, rest = 0, Fraction(self.claim.left.constant - self.claim.right.constant)
        for side, sign in ((self.claim.left, 1), (self.claim.right, -1)):
            for index, times in side.terms:
                if index == target:
                    factor += sign * times
                else:
                    rest += sign * times * Fraction(vector[index] or 0)
        bound = -rest / factor
        if self.claim.op == "=" and self.claim.right == Sum.over((), 0) and not self.claim.left.times:
            return 0  # counts that add up to nothing are nothing, each of them
        if self.claim.op == "=":
            number = Decimal(bound.numerator) / Decimal(bound.denominator)
            return plain(number) if Fraction(number) == bound else None
        if self.claim.op not in ("<=", ">="):
            return None
        at_least = (self.claim.op == ">=") == (factor > 0)
        limit = -(-bound.numerator // bound.denominator) if at_least else bound.numerator // bound.denominator
        return f"{'≥' if at_least else '≤'} {limit}" if limit >= 0 or at_least else None


def compile_relations(
    entries: Iterable[Mapping[str, Any]], lines: Mapping[str, Mapping[str, Sequence[str]]], index: Mapping[str, int]
) -> tuple[Relation, ...]:
    """Compile the schema's ``identities``.

    ``lines`` maps table → row key → column keys; ``index`` maps an item key (``table.row.column``) to its place in
    the vector. Raises ``KeyError`` when an entry names a key that does not exist.
    """
    return tuple(
        relation
        for entry in entries
        for table in ([entry["table"]] if isinstance(entry["table"], str) else entry["table"])
        for relation in _apply(entry, table, lines[table], index)
    )


def _apply(
    entry: Mapping[str, Any], table: str, rows: Mapping[str, Sequence[str]], index: Mapping[str, int]
) -> Iterator[Relation]:
    by_row = entry["each"] == "row"
    columns = next(iter(rows.values()))
    for line in entry.get("rows", rows) if by_row else entry.get("columns", columns):

        def place(term: str, line: str = line) -> int:
            return index[f"{table}.{line}.{term}" if by_row else f"{table}.{term}.{line}"]

        claim = _comparison(entry, place, len(index))
        when = tuple(_comparison(condition, place, len(index)) for condition in entry.get("when", ()))
        sums = [claim.left, claim.right, *(side for condition in when for side in (condition.left, condition.right))]
        operands = tuple(dict.fromkeys(number for side in sums for number, _ in side.terms))
        targets = tuple(place(key) for key in entry.get("target", ())) or (claim.left.terms[0][0],)
        yield Relation(
            id=entry["id"], title=entry["title"], severity=entry["severity"], table=table, each=entry["each"], line=line,
            unit=entry.get("unit", {}), when=when, claim=claim, targets=targets, derives=entry.get("derives", False),
            across_editions=entry.get("across_editions", False), operands=operands,
            prior=any(number >= len(index) for number in operands),
        )  # fmt: skip


def _comparison(entry: Mapping[str, Any], place: Callable[[str], int], items: int) -> Comparison:
    def side(terms: Iterable[str | int | Mapping[str, Any]]) -> Sum:
        placed: list[tuple[int, int]] = []
        constant = 0
        for term in terms:
            if isinstance(term, int):
                constant += term
            elif isinstance(term, str):
                placed.append((place(term), 1))
            else:
                placed.append((place(term["key"]) + items * bool(term.get("prior")), term.get("times", 1)))
        return Sum.over(placed, constant)

    return Comparison(side(entry["left"]), entry["op"], side(entry["right"]), OPERATORS[entry["op"]])


def due(relations: Iterable[Relation], cover: Cover, prior: str | None) -> Iterator[Relation]:
    """Yield the relations to ask of a report.

    ``prior`` says what last year's values are: ``None`` (there are none), ``"same"`` edition or ``"other"`` edition.
    A region (``kind`` is ``region``) is asked only what can be wrong in a sum: a warning wants an explanation from
    the body that filed the number, and its units have given theirs.
    """
    region = cover.kind == "region"
    for relation in relations:
        if relation.prior and (prior is None or (prior == "other" and not relation.across_editions)):
            continue
        if region and relation.severity != "error":
            continue
        if not relation.unit or relation.applies_to(cover):
            yield relation


def breaches(relations: Iterable[Relation], vector: Sequence[Exact | None]) -> Iterator[Relation]:
    """Yield the relations that do not hold.

    A relation over a ``None`` is passed over: the cell is blank or wrong by itself, and that is reported instead.
    """
    missing = {index for index, number in enumerate(vector) if number is None} if None in vector else set()
    for relation in relations:
        if not (missing and missing.intersection(relation.operands)) and not relation.holds(vector):
            yield relation
