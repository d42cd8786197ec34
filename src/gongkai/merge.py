"""Reports → Summary: a sum that may be split, nested and continued, and never counts what it could not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gongkai import messages
from gongkai.cell import exact, plain
from gongkai.edition import COVER_SHEET, Edition, by_year
from gongkai.identities import Exact
from gongkai.report import Report, Unit, nest
from gongkai.submission import Submission, same_unit, unit_keys
from gongkai.validation import Finding


class MergeError(Exception):
    """Files that cannot be merged at all; the text says, in Chinese, why and what to do."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The exact sums of some reports. ``+`` is associative and commutative, ``Totals.of([])`` its zero."""

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
class Summary:
    """The regional summary: what is in it, what is not, and its sums in the order of the edition's items."""

    edition: Edition
    year: int
    region: str
    included: tuple[Included, ...]
    excluded: tuple[Excluded, ...]
    totals: tuple[int | float, ...]

    @property
    def report(self) -> Report:
        """The summary as a report of the region."""
        return Report(self.edition.name, self.year, Unit(name=self.region, kind="region"), self.totals)

    def to_json(self) -> dict[str, Any]:
        """Return the summary as ``merge --format json`` prints it."""
        submissions = [*(i.submission for i in self.included), *(e.submission for e in self.excluded)]
        return {
            "edition": self.edition.name,
            "year": self.year,
            "region": self.region,
            "units": {
                "included": [
                    {"file": i.submission.file, "unit": _who(i.submission), "status": i.submission.status,
                     "zeroed": i.submission.zeroed}
                    for i in self.included
                ],
                "excluded": [{"file": e.submission.file, "unit": _who(e.submission), "why": e.why} for e in self.excluded],
                "missing": [],
            },
            "totals": nest(self.edition, self.totals) if self.included else None,
            "findings": [{"file": s.file, **finding.to_json()} for s in submissions for finding in s.findings],
        }  # fmt: skip


def _who(submission: Submission) -> dict[str, str | None]:
    return {"name": submission.unit.name, "code": submission.unit.code}


def merge(submissions: Sequence[Submission], region: str, year: int | None = None) -> Summary:
    """Merge the submissions of one year; without ``year`` they must agree on it.

    Raises ``MergeError`` when the years differ, and ``EditionError`` for a year no form is for.
    """
    submissions = [_with_notice(submission) for submission in submissions]
    year = year or _common_year(submissions)
    edition = by_year(year)
    included: list[Included] = []
    excluded: list[Excluded] = []
    for submission, why in _reasons(submissions, edition, year):
        report = submission.report
        if why is None and report is not None:
            included.append(Included(submission, report.blanks_as_zero(edition) if submission.zeroed else report))
        else:
            excluded.append(Excluded(submission, why or ""))
    totals = sum((Totals.of(unit.report) for unit in included), Totals.nothing(edition))
    return Summary(edition, year, region, tuple(included), tuple(excluded), totals.plain())


def _with_notice(submission: Submission) -> Submission:
    """Return a submission with a finding more where it was changed after its own validation (S-CHANGED).

    It was validated anew here, so it counts; but somebody should ask whether this is the final version.
    """
    if not submission.changed:
        return submission
    message = messages.FORM_SENTENCES["S-CHANGED"]
    notice = Finding("S-CHANGED", "warning", COVER_SHEET, "A1", None, None, None, ("A1",), message, COVER_SHEET)
    return replace(submission, findings=(*submission.findings, notice))


def _common_year(submissions: Iterable[Submission]) -> int:
    """Return the one year of all readable reports."""
    years = Counter(s.report.year for s in submissions if s.report and isinstance(s.report.year, int))
    if not years:
        raise MergeError("没有一份可以读取的报表，无法汇总。请先用 gongkai validate 查看各文件的问题。")
    if len(years) > 1:
        found = "，".join(f"{year} 年度 {count} 份" for year, count in sorted(years.items()))
        raise MergeError(f"这些报表不是同一年度（{found}），不能相加。请用 --year 指明要汇总的年度。")
    return next(iter(years))


def _reasons(submissions: Sequence[Submission], edition: Edition, year: int) -> Iterator[tuple[Submission, str | None]]:
    """Yield each submission with the reason to leave it out, ``None`` where it counts."""
    why = {id(submission): _own_reason(submission, edition, year) for submission in submissions}
    good = [submission for submission in submissions if why[id(submission)] is None]
    counted: _Holders = {}
    for submission in _by_precedence(good):
        why[id(submission)] = _counted_already(submission, counted)
        if why[id(submission)] is None:
            _enter(submission, counted)
    for submission in submissions:
        yield submission, why[id(submission)]


_Holders = dict[str, list[tuple[Unit, Submission]]]
"""Key of a unit → the covers that have it, each with the file that holds its numbers: its report or a summary."""


def _enter(submission: Submission, holders: _Holders) -> None:
    for unit in (submission.unit, *submission.members):
        for key in unit_keys(unit):
            holders.setdefault(key, []).append((unit, submission))


def _holding(unit: Unit, holders: _Holders) -> Iterator[tuple[Unit, Submission]]:
    return ((one, file) for key in unit_keys(unit) for one, file in holders.get(key, ()) if same_unit(one, unit))


def _by_precedence(submissions: Sequence[Submission]) -> list[Submission]:
    """Order files by who gives way: a summary goes before what it counts, a newer file before an older one."""
    holders: _Holders = {}
    for submission in submissions:
        _enter(submission, holders)

    def summaries_above(submission: Submission) -> int:
        return len({id(file) for one, file in _holding(submission.unit, holders) if one is not file.unit})

    return sorted(sorted(submissions, key=_age, reverse=True), key=summaries_above)


def _counted_already(submission: Submission, counted: _Holders) -> str | None:
    """Return why a good file must not be added: numbers of it are counted in a file that goes before it."""
    for unit in (submission.unit, *submission.members):
        for one, other in _holding(unit, counted):
            if unit is not submission.unit:
                return f"与 {other.file} 都包含“{unit.name}”，再加会重复计算（S-OVERLAP）"
            if one is other.unit:
                return f"与 {other.file} 是同一单位，重复报送，以较新的一份为准（S-DUPLICATE）"
            return f"已包含在“{other.unit.name}”的汇总中（{other.file}），再加会重复计算（S-OVERLAP）"
    return None


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


def _age(submission: Submission) -> tuple[float, str]:
    """Return what orders two submissions of one unit in time: when the file was saved, then its name."""
    try:
        return Path(submission.file).stat().st_mtime, submission.file
    except OSError:
        return 0.0, submission.file
