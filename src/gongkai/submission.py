"""A file that was handed in, read and judged: what the command line prints and the merge counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gongkai import report as reports
from gongkai.edition import EditionError, editions
from gongkai.numerals import is_blank
from gongkai.reader import ReadError, Reading, read
from gongkai.report import Report, ReportError, Unit
from gongkai.stamp import changed_since
from gongkai.validation import Context, Finding, status, sum_findings, validate
from gongkai.verdict import Prior


@dataclass(frozen=True, slots=True)
class Submission:
    """One file: its report and findings, or the sentence that says why it could not be read."""

    file: str
    report: Report | None = None
    findings: tuple[Finding, ...] = ()
    error: str | None = None
    explanations: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    members: tuple[Unit, ...] = ()
    """The units a summary contains; none for an ordinary report."""
    zeroed: int = 0
    """How many blank cells count as zero because somebody declared so."""
    changed: bool = False
    """Whether something was changed after the body itself had validated it."""

    @property
    def status(self) -> str:
        """Return passed, explained, warnings, failed or unreadable."""
        return "unreadable" if self.report is None else status(self.findings)

    @property
    def unit(self) -> Unit:
        """Return who filed it, nobody for an unreadable file."""
        return self.report.unit if self.report else Unit()

    def to_json(self) -> dict[str, Any]:
        """Return the submission as ``validate --format json`` prints it."""
        head = {
            "file": self.file,
            "edition": self.report.edition if self.report else None,
            "year": self.report.year if self.report else None,
            "unit": {"name": self.unit.name, "code": self.unit.code},
            "status": self.status,
            "findings": [finding.to_json() for finding in self.findings],
        }
        return head if self.error is None else {**head, "message": self.error}


class PriorReports:
    """Last year's reports, found again by unit: by code where both have one, otherwise by name."""

    def __init__(self, found: Iterable[Report]) -> None:
        self._by_unit: dict[tuple[str, int], list[Report]] = {}
        for report in found:
            if isinstance(report.year, int):
                for key in unit_keys(report.unit):
                    self._by_unit.setdefault((key, report.year), []).append(report)

    def of(self, report: Report) -> Prior | None:
        """Return what the unit reported the year before, if it is known."""
        if not isinstance(report.year, int):
            return None
        known = editions()
        for key in unit_keys(report.unit):
            for last in self._by_unit.get((key, report.year - 1), ()):
                if same_unit(last.unit, report.unit):
                    return Prior.of(last, known[last.edition], known[report.edition])
        return None


def unit_keys(unit: Unit) -> tuple[str, ...]:
    """Return what identifies a unit: its code, and its name without spaces."""
    code = ("code:" + unit.code.strip().upper(),) if unit.code and unit.code.strip() else ()
    name = ("name:" + "".join(unit.name.split()),) if unit.name and unit.name.strip() else ()
    return code + name


def same_unit(one: Unit, other: Unit) -> bool:
    """Tell whether two covers name one unit: their codes decide where both have one, otherwise their names."""
    if one.code and other.code:
        return unit_keys(one)[0] == unit_keys(other)[0]
    return unit_keys(one)[-1:] == unit_keys(other)[-1:]


def load(file: Path) -> Reading:
    """Read a workbook, or a report JSON; raise ``ReadError``."""
    if file.suffix.lower() != ".json":
        return read(file)
    try:
        report = reports.loads(file.read_bytes())
    except (ReportError, EditionError) as error:
        raise ReadError("json", detail=str(error)) from error
    except OSError as error:
        raise ReadError("unreadable") from error
    return Reading(report, Context(), None, {}, None)


def assess(reading: Reading, priors: PriorReports | None = None, *, blank_as_zero: bool = False) -> tuple[Finding, ...]:
    """Return every finding of a workbook; ``priors`` go before the last year's values it carries itself."""
    report, edition = reading.report, editions()[reading.report.edition]
    prior = (priors.of(report) if priors else None) or reading.prior
    findings = validate(report, edition, prior, reading.context, blank_as_zero=blank_as_zero)
    return findings + tuple(sum_findings(report, edition, reading.details))


def judge(file: Path, priors: PriorReports | None = None, *, blank_as_zero: bool = False) -> Submission:
    """Read and validate one file; what cannot be read becomes a submission that says why."""
    try:
        reading = load(file)
    except ReadError as error:
        return Submission(str(file), error=str(error))
    report = reading.report
    findings = assess(reading, priors, blank_as_zero=blank_as_zero)
    zeroed = sum(map(is_blank, report.values)) if blank_as_zero or report.declares_zero else 0
    return Submission(
        str(file), report, findings, None, reading.context.explanations,
        reading.members, zeroed, changed_since(report, reading.meta),
    )  # fmt: skip
