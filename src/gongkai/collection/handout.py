"""Handing out: for each unit of a roster its own template, with its cover and its last year's numbers filled in."""

from __future__ import annotations

from collections.abc import Iterator

from gongkai import template
from gongkai.cell import Value
from gongkai.collection.priors import PriorReports
from gongkai.collection.roster import Entry, Roster
from gongkai.edition import Edition
from gongkai.macros import Macros
from gongkai.report import Report, Unit


def handouts(
    roster: Roster, edition: Edition, year: int, priors: PriorReports | None = None, project: Macros | None = None
) -> Iterator[tuple[Entry, bytes]]:
    """Yield the template of each unit that files a report of its own."""
    for entry in roster.expected:
        code = entry.code or entry.credit_code
        unit = Unit(entry.name, code, entry.level, entry.kind, entry.rulemaking)
        last = _last_year(entry, unit, edition, year, priors)
        yield entry, template.blank(edition, year=year, unit=unit, prior=last, project=project)


def _last_year(
    entry: Entry, unit: Unit, edition: Edition, year: int, priors: PriorReports | None
) -> dict[int, Value] | None:
    """Return last year's values of a unit, looked for under every name it ever had."""
    for name in (entry.name, *entry.former) if priors else ():
        asked = Report(edition.name, year, Unit(name=name, code=unit.code), (None,) * len(edition.items))
        prior = priors.of(asked) if priors else None
        if prior:
            return {index: prior.values[index] for index in edition.prior_items}
    return None
