"""A file that was handed in, read and judged: what the command line prints and the merge counts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gongkai import report as reports
from gongkai.edition import EditionError, editions
from gongkai.labels import fold
from gongkai.messages import UNREADABLE
from gongkai.numerals import is_blank
from gongkai.reader import ReadError, Reading, read
from gongkai.report import Report, ReportError, Unit
from gongkai.stamp import changed_since
from gongkai.validation import Context, Finding, status, sum_findings, validate


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the numbers of a submission come from, so that every sum can be led back to a file."""

    sha256: str
    modified: float
    """When the file was last saved, in seconds since 1970 (UTC)."""
    application: str | None = None
    template_version: str | None = None
    validated_at: str | None = None
    """When the body itself validated it, in ISO 8601; ``None`` where it did not."""
    validated_with: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One file: its report and findings, or the sentence that says why it could not be read."""

    file: str
    report: Report | None = None
    findings: tuple[Finding, ...] = ()
    error: str | None = None
    context: Context = field(default_factory=Context)
    """What its workbook adds to the report: places, explanations, what the reader noticed."""
    members: tuple[Unit, ...] = ()
    """The units a summary contains; none for an ordinary report."""
    zeroed: int = 0
    """How many blank cells count as zero because somebody declared so."""
    changed: bool = False
    """Whether something was changed after the body itself had validated it."""
    origin: Origin | None = None

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


def unit_keys(unit: Unit) -> tuple[str, ...]:
    """Return what identifies a unit: its code, and its name, both without what people write in several ways."""
    code = ("code:" + "".join(unit.code.split()).upper(),) if unit.code and unit.code.strip() else ()
    name = ("name:" + (fold(unit.name) or unit.name.strip()),) if unit.name and unit.name.strip() else ()
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
        with file.open("rb") as content:
            report = reports.loads(content.read(reports.MAX_REPORT_JSON + 1))
    except (ReportError, EditionError) as error:
        raise ReadError("json", detail=str(error)) from error
    except OSError as error:
        raise ReadError("unreadable") from error
    return Reading(report, Context(), None, {}, None)


def assess(reading: Reading, *, blank_as_zero: bool = False) -> tuple[Finding, ...]:
    """Return every finding of a workbook, last year's values compared where it carries them itself."""
    report, edition = reading.report, editions()[reading.report.edition]
    findings = validate(report, edition, reading.prior, reading.context, blank_as_zero=blank_as_zero)
    return findings + tuple(sum_findings(report, edition, reading.details))


def judge(file: Path, *, blank_as_zero: bool = False) -> Submission:
    """Read and validate one file; what cannot be read becomes a submission that says why."""
    try:
        reading = load(file)
        origin = _origin(file, reading)
    except ReadError as error:
        return Submission(str(file), error=str(error))
    except OSError:  # it vanished, or was locked, while it was read
        return Submission(str(file), error=UNREADABLE["unreadable"])
    report = reading.report
    findings = assess(reading, blank_as_zero=blank_as_zero)
    zeroed = sum(map(is_blank, report.values)) if blank_as_zero or report.declares_zero else 0
    changed = changed_since(report, reading.meta)
    return Submission(
        str(file), report, findings, None, reading.context, reading.members, zeroed, changed, origin
    )  # fmt: skip


def judge_all(files: Sequence[tuple[int, str]], *, blank_as_zero: bool = False) -> list[Submission]:
    """Judge a chunk of files, given as (number, path)."""
    return [judge(Path(file), blank_as_zero=blank_as_zero) for _, file in files]


def _origin(file: Path, reading: Reading) -> Origin:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        modified = os.fstat(content.fileno()).st_mtime
    keys = ("template_version", "validated_at", "validated_with")
    return Origin(digest, modified, reading.application, *(reading.meta.get(key) for key in keys))
