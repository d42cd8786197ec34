"""Who should have handed in a report, and who did: submissions against the roster."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from gongkai import messages
from gongkai.collection.roster import EXEMPT, JOINED, Entry, Roster
from gongkai.edition import COVER_SHEET, editions
from gongkai.report import Unit
from gongkai.submission import Submission
from gongkai.validation import Finding, validate

_FROM_ROSTER = ("level", "kind", "rulemaking")
"""Cover fields that rules depend on, and that the office knows better than a blank."""


class Coverage:
    """The roster of an office, if it has one, and what was handed in so far."""

    def __init__(self, roster: Roster | None) -> None:
        self.roster = roster
        self._seen: set[int] = set()

    def identity(self, unit: Unit) -> Unit:
        """Return a unit under the name and code of its roster entry, so that two ways of writing it are one unit."""
        entry = self.roster.match(unit).entry if self.roster else None
        return Unit(name=entry.name, code=entry.code or entry.credit_code or unit.code) if entry else unit

    def see(self, submission: Submission) -> tuple[Submission, str | None]:
        """Return a submission with what the office has to say of it, and why it must not be counted, if so."""
        if submission.changed:
            submission = with_finding(submission, "S-CHANGED", "warning")
        if self.roster is None or submission.report is None:
            return submission, None
        for member in submission.members:
            if entry := self.roster.match(member).entry:
                self._seen.add(entry.row)
        match = self.roster.match(submission.unit)
        if match.entry is None:
            if submission.unit.kind == "region" and submission.members:
                return submission, None  # a summary stands for its units; they are on the roster
            return submission, messages.LEFT_OUT["S-UNKNOWN"].format(why=match.why)
        self._seen.add(match.entry.row)
        if match.entry.status in (JOINED, EXEMPT):
            key = "joined" if match.entry.status == JOINED else "exempt"
            return submission, messages.LEFT_OUT[key].format(name=match.entry.name, parent=match.entry.parent)
        if match.by_name:
            code = match.entry.code or match.entry.credit_code or "（无）"
            submission = with_finding(submission, "F-COVER.by-name", "warning", name=submission.unit.name, code=code)
        return _informed(submission, match.entry), None

    @property
    def missing(self) -> tuple[Entry, ...]:
        """The units that should file a report of their own and of which nothing was seen, in the roster's order."""
        if self.roster is None:
            return ()
        return tuple(entry for entry in self.roster.expected if entry.row not in self._seen)


def presumed_sender(missing: Iterable[Entry], file: str) -> Entry | None:
    """Return whose a file seems to be that was not read: the one unit not heard of whose name the file has, if any."""
    stem = unicodedata.normalize("NFC", Path(file).stem)
    named = sorted((entry for entry in missing if entry.name in stem), key=lambda entry: len(entry.name))
    return named[-1] if named and all(entry.name in named[-1].name for entry in named) else None


def with_finding(submission: Submission, sentence: str, severity: str, **details: object) -> Submission:
    """Return a submission with a finding more about the file as a whole."""
    message = messages.FORM_SENTENCES[sentence].format(**details)
    rule = sentence.partition(".")[0]
    finding = Finding(rule, severity, COVER_SHEET, "A1", None, None, None, ("A1",), message, COVER_SHEET)
    return replace(submission, findings=(*submission.findings, finding))


def _informed(submission: Submission, entry: Entry) -> Submission:
    """Return a submission judged with what the roster knows of the unit and its cover leaves open."""
    report = submission.report
    known = {
        key: getattr(entry, key)
        for key in _FROM_ROSTER
        if getattr(entry, key) is not None and getattr(submission.unit, key) is None
    }
    if report is None or not known:
        return submission
    report = replace(report, unit=replace(report.unit, **known))
    more = validate(report, editions()[report.edition], None, submission.context)
    have = {(finding.rule, finding.cell) for finding in submission.findings}
    # Only rules that read the cover can find anything new; blanks and last year were judged before.
    new = tuple(f for f in more if f.rule.startswith("T2-REG") and (f.rule, f.cell) not in have)
    return replace(submission, report=report, findings=submission.findings + new)
