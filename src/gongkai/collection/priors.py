"""Last year's reports, found again by unit, and this year's reports compared with them."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from gongkai.edition import editions
from gongkai.reader import ReadError
from gongkai.report import MAX_JSON, Report, ReportError, parse_json, unit_from_json, value_from_json
from gongkai.scratch import Scratch
from gongkai.submission import Submission, load, same_unit, unit_keys
from gongkai.validation import validate
from gongkai.verdict import Prior

_TABLES = """
CREATE TABLE report (number INTEGER PRIMARY KEY, content BLOB);
CREATE TABLE key (key TEXT, year INTEGER, number INTEGER);
CREATE INDEX key_of ON key (key, year);
"""


class PriorReports:
    """Last year's reports on disk, by code where both have one, otherwise by name.

    To make them raises ``OutputError`` when the disk of the temporary files is full.
    """

    def __init__(self, found: Iterable[Report]) -> None:
        self._scratch = Scratch(_TABLES)
        self.count = 0
        """How many reports there are."""
        self.found = 0
        """How many of them were asked for and found."""
        for report in found:
            if isinstance(report.year, int):
                self._add(report, report.year)

    def _add(self, report: Report, year: int) -> None:
        self.count += 1
        content = pickle.dumps(report, pickle.HIGHEST_PROTOCOL)
        self._scratch.write("INSERT INTO report VALUES (?, ?)", self.count, content)
        rows = ((key, year, self.count) for key in unit_keys(report.unit))
        self._scratch.write_all("INSERT INTO key VALUES (?, ?, ?)", rows)

    def report_of(self, report: Report) -> Report | None:
        """Return the report of the same unit for the year before, if it is known."""
        if not isinstance(report.year, int):
            return None
        for key in unit_keys(report.unit):
            query = "SELECT content FROM key JOIN report USING (number) WHERE key = ? AND year = ? ORDER BY number"
            for (content,) in self._scratch.rows(query, key, report.year - 1):
                last: Report = pickle.loads(content)  # noqa: S301 - we wrote it ourselves
                if same_unit(last.unit, report.unit):
                    self.found += 1
                    return last
        return None

    def of(self, report: Report) -> Prior | None:
        """Return what the unit reported the year before, as this year's form sees it, if it is known."""
        last, known = self.report_of(report), editions()
        return Prior.of(last, known[last.edition], known[report.edition]) if last else None


def last_reports(file: Path) -> Iterator[Report]:
    """Yield the reports of a file from last year: a report, or all the units of a summary (.xlsx or .json).

    Raises ``ReadError``.
    """
    if file.suffix.lower() == ".json" and (found := _summary_reports(file)):
        yield from found
        return
    reading = load(file)
    yield reading.report
    yield from reading.details


def _summary_reports(file: Path) -> list[Report]:
    """Return the reports in the ``details`` of a summary's JSON, none where it is another JSON."""
    try:
        with file.open("rb") as content:
            document = parse_json(content.read(MAX_JSON + 1))
        details = document["details"]
        edition = editions()[document["edition"]]
        keys = [item.key for item in edition.items]
        entries = [({"name": each["name"], "code": each["code"]}, each["values"]) for each in details["reports"]]
        if details["items"] != keys or any(len(values) != len(keys) for _, values in entries):
            return []
    except (OSError, ReportError, KeyError, TypeError):
        return []
    try:
        return [
            Report(edition.name, document["year"], unit_from_json(unit), tuple(map(value_from_json, values, keys)))
            for unit, values in entries
        ]
    except ReportError as error:
        raise ReadError("json", detail=str(error)) from error


def compared(submission: Submission, priors: PriorReports | None, *, blank_as_zero: bool = False) -> Submission:
    """Return a submission judged against last year's report; it goes before what the workbook itself says of last year."""
    report = submission.report
    prior = priors.of(report) if priors and report else None
    if report is None or prior is None:
        return submission
    edition = editions()[report.edition]
    findings = validate(report, edition, prior, submission.context, blank_as_zero=blank_as_zero)
    sums = tuple(finding for finding in submission.findings if finding.rule == "R-SUM")
    return replace(submission, findings=findings + sums)
