"""The two judges of a report, held to the same verdict by a property test.

jsonschema, extended with our keywords, says *what* is wrong. jsonschema-rs and the compiled relations say *whether*
anything is, some fifty times faster; almost every report is clean, so almost every report needs only them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gongkai.cell import Value, has_more_decimals
from gongkai.edition import Edition
from gongkai.identities import Cover, Exact, Relation, breaches, due
from gongkai.report import Report, Unit, flatten, nest

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


@dataclass(frozen=True, slots=True)
class Prior:
    """Last year's values in the order of this year's items; ``None`` where there is nothing to compare with."""

    values: tuple[Value, ...]
    same_edition: bool

    @classmethod
    def of(cls, last: Report, then: Edition, now: Edition) -> Prior:
        """Return last year's report, of edition ``then``, as seen from this year's edition ``now``."""
        values = (last.blanks_as_zero(then) if last.declares_zero else last).values
        return cls(tuple(values[then.index[i.key]] if i.key in then.index else None for i in now.items), then is now)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What jsonschema found: a statutory cell, a cover field, or a relation that does not hold."""

    item: int | None = None
    cover: str | None = None
    relation: Relation | None = None


def vector(edition: Edition, values: Sequence[Value]) -> list[Exact | None]:
    """Return a year's values as exact numbers, ``None`` where a cell is blank or wrong by itself."""
    return [item.measure.number(value) for item, value in zip(edition.items, values, strict=True)]


def both_years(edition: Edition, values: Sequence[Value], prior: Prior | None) -> list[Exact | None]:
    """Return this year's numbers and last year's behind them, as the relations read them."""
    now = vector(edition, values)
    return now + (vector(edition, prior.values) if prior else [None] * len(now))


def is_clean(edition: Edition, report: Report, prior: Prior | None = None) -> bool:
    """Tell whether nothing at all is wrong with the report: the fast verdict."""
    fast = _fast(edition)
    if fast is None:
        return next(what_is_wrong(edition, report, prior), None) is None
    if not fast(_instance(edition, report)):
        return False
    numbers: list[Any] = list(report.values)
    for index, value in enumerate(numbers):
        if type(value) is not int:
            # The one thing jsonschema-rs cannot say of a number is how many decimals it has.
            numbers[index] = edition.items[index].measure.number(value)
            if numbers[index] is None:
                return False
    if prior:
        numbers += vector(edition, prior.values)
    return next(breaches(due(edition.relations, report.unit, _kind(prior)), numbers), None) is None


def what_is_wrong(edition: Edition, report: Report, prior: Prior | None = None) -> Iterator[Wrong]:
    """Yield everything jsonschema finds, in no particular order."""
    document = _instance(edition, report)
    if prior is not None:
        document["prior"] = prior
    for error in _explaining(edition).iter_errors(document):
        where = list(error.absolute_path)
        if isinstance(error.cause, _BreachError):
            yield Wrong(relation=error.cause.relation)
        elif where[0] == "year":
            yield Wrong(cover="year")
        elif where[0] == "unit":
            yield Wrong(cover=str(where[1]))
        else:
            yield Wrong(item=edition.index[".".join(map(str, where))])


class _BreachError(Exception):
    """Carries a broken relation through jsonschema's error, which is made of JSON only."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation


def _kind(prior: Prior | None) -> str | None:
    return None if prior is None else "same" if prior.same_edition else "other"


def _instance(edition: Edition, report: Report) -> dict[str, Any]:
    head = {"edition": report.edition, "year": report.year, "unit": report.unit.to_json()}
    return {**head, **nest(edition, report.values)}


@cache
def _fast(edition: Edition) -> Callable[[object], bool] | None:
    """Return the compiled jsonschema-rs validator, or ``None`` where that library is not installed."""
    try:
        from jsonschema_rs import Draft202012Validator  # noqa: PLC0415 - optional, and only here
    except ImportError:
        return None
    valid = Draft202012Validator(dict(edition.schema)).is_valid

    def judge(document: object) -> bool:
        try:
            return bool(valid(document))
        except ValueError:  # a kind of text that no JSON has: an error value, a date, a formula without result
            return False

    return judge


@cache
def _explaining(edition: Edition) -> Any:  # noqa: ANN401 - jsonschema has no type for an extended validator
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 80 ms, and most reports are clean
    from jsonschema.exceptions import ValidationError  # noqa: PLC0415
    from jsonschema.validators import extend  # noqa: PLC0415

    def decimals(_validator: object, most: int, number: object, _schema: object) -> Iterator[ValidationError]:
        if isinstance(number, float) and has_more_decimals(number, most):
            yield ValidationError(f"{number} has more than {most} decimals")

    def identities(
        _validator: object, _entries: object, document: Mapping[str, Any], _schema: object
    ) -> Iterator[ValidationError]:
        prior = document.get("prior")
        numbers = both_years(edition, flatten(edition, document), prior)
        cover: Cover = Unit(**document["unit"])
        for relation in breaches(due(edition.relations, cover, _kind(prior)), numbers):
            yield ValidationError(relation.title, cause=_BreachError(relation))

    schema = dict(edition.schema)
    # Last year's report stands beside this year's while it is judged; no submitted report may carry it.
    schema["properties"] = {**schema["properties"], "prior": True}
    return extend(Draft202012Validator, {"decimals": decimals, "identities": identities})(schema)
