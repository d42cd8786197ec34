"""Reports → Summary: a sum that may be split, nested and continued, and never counts what it could not read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from gongkai.cell import exact, plain
from gongkai.collection.coverage import Coverage
from gongkai.collection.ledger import Ledger
from gongkai.collection.priors import PriorReports
from gongkai.collection.roster import Entry, Roster
from gongkai.edition import Edition, by_year
from gongkai.identities import Exact
from gongkai.messages import REASONS
from gongkai.report import Report, Unit
from gongkai.submission import Submission, same_unit, unit_keys


class MergeError(Exception):
    """Files that cannot be merged at all; the text says, in Chinese, why and what to do."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The exact sums of some reports. ``+`` is associative and commutative, ``Totals.nothing()`` its zero."""

    values: tuple[Exact, ...]
    units: int

    @classmethod
    def nothing(cls, edition: Edition) -> Totals:
        """Return the totals of no report."""
        return cls((0,) * len(edition.items), 0)

    @classmethod
    def of(cls, report: Report) -> Totals:
        """Return the totals of one valid report, all of whose cells are numbers."""
        return cls(tuple(exact(value) for value in report.values), 1)  # type: ignore[arg-type]  # validated

    def __add__(self, other: Totals) -> Totals:
        added = tuple(one + another for one, another in zip(self.values, other.values, strict=True))
        return Totals(added, self.units + other.units)

    def plain(self) -> tuple[int | float, ...]:
        """Return the sums as cells hold them."""
        return tuple(plain(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Included:
    """A unit that is counted, with the numbers it counts with."""

    submission: Submission
    report: Report


@dataclass(frozen=True, slots=True)
class Excluded:
    """A file that is not counted, and why, in Chinese."""

    submission: Submission
    why: str


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of several reports of one unit counts: the latest, the first, or the files that are named."""

    order: str = "latest"
    files: frozenset[Path] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Summary:
    """The regional summary: its sums in the order of the edition's items, and the files behind them, in the ledger."""

    edition: Edition
    year: int
    region: str
    totals: tuple[int | float, ...]
    ledger: Ledger
    missing: tuple[Entry, ...] = ()
    """The units of the roster that handed in nothing."""
    roster: Roster | None = None
    last: tuple[int | float, ...] | None = None
    """Last year's sums over the units that are counted now and are known from last year, where any are."""
    comparable: tuple[int | float, ...] | None = None
    """This year's sums over the same units."""
    compared: int = 0
    """How many units these are."""

    @property
    def report(self) -> Report:
        """The summary as a report of the region."""
        return Report(self.edition.name, self.year, Unit(name=self.region, kind="region"), self.totals)

    @property
    def included(self) -> Iterator[Included]:
        """The units that are counted, one by one in the order of their files."""
        for _, submission, _ in self.ledger.submissions(counted=True):
            yield Included(submission, counted_report(submission, self.edition))

    @property
    def excluded(self) -> Iterator[Excluded]:
        """The files that are not counted, one by one."""
        for _, submission, why in self.ledger.submissions(counted=False):
            yield Excluded(submission, why or "")

    # --- files as they are named in what goes around: where they lie on our computer is nobody's business

    @cached_property
    def folder(self) -> str:
        """The folder, with its separator, that all files lie in."""
        return self.ledger.folder

    def short(self, file: str) -> str:
        """Return a file by its path inside that folder."""
        return file.removeprefix(self.folder).replace(os.sep, "/")

    def short_reason(self, why: str) -> str:
        """Return why a file does not count, with the other files it speaks of named like that."""
        return re.sub("(?<=[ （])" + re.escape(self.folder), "", why)

    def has_another(self, submission: Submission) -> bool:
        """Tell whether the unit of a file counts with another one."""
        others = self.ledger.counted_with(unit_keys(submission.unit))
        return any(same_unit(other.unit, submission.unit) for other in others)


def reason(submission: Submission, why: str) -> str:
    """Return the key in ``messages.REASONS`` of why a file does not count."""
    if submission.report is None:
        return "unreadable"
    rule = why.removesuffix("）").rpartition("（")[2]  # an S- rule stands at the end
    return rule if rule in REASONS else "failed"


def counted_report(submission: Submission, edition: Edition) -> Report:
    """Return the report a file counts with: blanks are zero where somebody declared so."""
    report = submission.report
    if report is None:
        raise ValueError(f"{submission.file} was not read, so it cannot count")
    return report.blanks_as_zero(edition) if submission.zeroed else report


def merge(
    submissions: Ledger | Iterable[Submission],
    region: str,
    year: int | None = None,
    roster: Roster | None = None,
    preference: Preference | None = None,
    priors: PriorReports | None = None,
) -> Summary:
    """Merge the submissions of one year; without ``year`` they must agree on it.

    A ledger keeps what is decided of its files. Raises ``MergeError`` when the years differ, and ``EditionError`` for
    a year no form is for.
    """
    ledger = submissions if isinstance(submissions, Ledger) else Ledger.of(submissions)
    year = year or _common_year(ledger)
    edition = by_year(year)
    coverage = Coverage(roster)
    for number, submission, _ in ledger.submissions():
        seen, unwanted = coverage.see(submission)
        if seen is not submission:
            ledger.record(number, seen)
        why = _own_reason(seen, edition, year) or unwanted
        ledger.claim(number, _keys(seen, coverage))
        if why is not None:
            ledger.leave_out(number, why)
    _settle(ledger, coverage, preference or Preference())
    return _added(Summary(edition, year, region, (), ledger, coverage.missing, roster), priors)


def _added(summary: Summary, priors: PriorReports | None) -> Summary:
    """Return a summary with its sums."""
    totals = comparable = last = Totals.nothing(summary.edition)
    for unit in summary.included:
        now = Totals.of(unit.report)
        totals += now
        then = priors.of(unit.report) if priors else None
        if then is not None:
            values = tuple(
                item.measure.number(value) or 0 for item, value in zip(summary.edition.items, then.values, strict=True)
            )
            last += Totals(values, 1)
            comparable += now
    summary = replace(summary, totals=totals.plain())
    if not last.units:
        return summary
    return replace(summary, last=last.plain(), comparable=comparable.plain(), compared=last.units)


def _common_year(ledger: Ledger) -> int:
    """Return the one year of all readable reports."""
    years = ledger.years()
    if not years:
        raise MergeError("没有一份可以读取的报表，无法汇总。请先用 gongkai validate 查看各文件的问题。")
    if len(years) > 1:
        found = "，".join(f"{year} 年度 {count} 份" for year, count in years.items())
        raise MergeError(f"这些报表不是同一年度（{found}），不能相加。请用 --year 指明要汇总的年度。")
    return next(iter(years))


def _own_reason(submission: Submission, edition: Edition, year: int) -> str | None:
    report = submission.report
    if report is None:
        return submission.error
    if isinstance(report.year, int) and report.year != year:
        return f"是 {report.year} 年度的报表，不是 {year} 年度（S-YEAR）"
    if report.edition != edition.name:
        return f"用的是 {report.edition} 年版统计表，{year} 年度应使用 {edition.name} 年版（S-EDITION）"
    errors = [finding for finding in submission.findings if finding.severity == "error"]
    if errors:
        first = errors[0]
        rules = "、".join(dict.fromkeys(finding.rule for finding in errors))
        return f"有 {len(errors)} 处错误（{rules}），如 {first.sheet}!{first.cell}：{first.message}"
    return None


# --- the same unit in more than one file

_Holders = dict[str, list[tuple[Unit, Submission]]]
"""Key of a unit → the covers that have it, each with the file that holds its numbers: its report or a summary."""


def _keys(submission: Submission, coverage: Coverage) -> set[str]:
    """Return the keys of every unit a file has numbers of."""
    return {key for unit in (submission.unit, *submission.members) for key in unit_keys(coverage.identity(unit))}


def _settle(ledger: Ledger, coverage: Coverage, preference: Preference) -> None:
    """Leave out the files whose numbers are counted in a file that goes before them."""
    contested = {number: _identified(submission, coverage) for number, submission in ledger.contested()}
    numbers = {id(submission): number for number, submission in contested.items()}
    counted: _Holders = {}
    for submission in _by_precedence(list(contested.values()), preference):
        why = _counted_already(submission, counted)
        if why is None:
            _enter(submission, counted)
        else:
            ledger.leave_out(numbers[id(submission)], why)


def _identified(submission: Submission, coverage: Coverage) -> Submission:
    """Return a submission whose units are written as the roster writes them."""
    report = submission.report
    if report is None:
        return submission
    unit, members = coverage.identity(submission.unit), tuple(map(coverage.identity, submission.members))
    return replace(submission, report=replace(report, unit=unit), members=members)


def _enter(submission: Submission, holders: _Holders) -> None:
    for unit in (submission.unit, *submission.members):
        for key in unit_keys(unit):
            holders.setdefault(key, []).append((unit, submission))


def _holding(unit: Unit, holders: _Holders) -> Iterator[tuple[Unit, Submission]]:
    return ((one, file) for key in unit_keys(unit) for one, file in holders.get(key, ()) if same_unit(one, unit))


def _by_precedence(submissions: Sequence[Submission], preference: Preference) -> list[Submission]:
    """Order files by who gives way: a summary goes before what it counts, then as the office prefers."""
    holders: _Holders = {}
    for submission in submissions:
        _enter(submission, holders)

    def summaries_above(submission: Submission) -> int:
        return len({id(file) for one, file in _holding(submission.unit, holders) if one is not file.unit})

    ordered = sorted(submissions, key=_age, reverse=preference.order == "latest")
    ordered.sort(key=lambda submission: Path(submission.file).resolve() not in preference.files)
    return sorted(ordered, key=summaries_above)


def _counted_already(submission: Submission, counted: _Holders) -> str | None:
    """Return why a good file must not be added: numbers of it are counted in a file that goes before it."""
    for unit in (submission.unit, *submission.members):
        for one, other in _holding(unit, counted):
            if unit is not submission.unit:
                return f"与 {other.file} 都包含“{unit.name}”，再加会重复计算（S-OVERLAP）"
            if one is other.unit:
                return f"与 {other.file} 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"
            return f"已包含在“{other.unit.name}”的汇总中（{other.file}），再加会重复计算（S-OVERLAP）"
    return None


def _age(submission: Submission) -> tuple[str, float, str]:
    """Return what orders two submissions of one unit in time: its own validation, then when it was saved, then names."""
    origin = submission.origin
    if origin is None:
        return "", 0.0, submission.file
    stamped = "" if submission.changed or origin.validated_at is None else _instant(origin.validated_at)
    return stamped, origin.modified, submission.file


def _instant(moment: str) -> str:
    """Return a moment in ISO 8601 so that moments compare as texts; one that is none counts as no stamp."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).isoformat()
    except ValueError:
        return ""
