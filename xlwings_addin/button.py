"""What happens on a click: read the workbook, judge it, write the findings, tell the clerk.

Nothing here knows which program has the workbook open. Everything is read and judged before anything is written, and
what is written goes into cells kept for it, so a failure at any point leaves the clerk's numbers, the protection and
the screen as they were.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gongkai import __version__, marking, stamp
from gongkai.cell import Value
from gongkai.edition import editions
from gongkai.reader import ReadError, Reading, read_book
from gongkai.remedy import advice
from gongkai.report import Report
from gongkai.sheets import META_SHEET
from gongkai.submission import assess
from gongkai.validation import SETTLED, Finding, status
from xlwings_addin import messages
from xlwings_addin.spreadsheet import OpenBook, RefusedError, Spreadsheet

_SIGNED = ("prepared_by", "phone", "reviewed_by", "date")
"""Cover fields that are no part of the report, but that an office may want to see filled."""
_LISTED = 5
"""So many findings fit into a message where there is no sheet to list them in."""
_LOG_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a click ended: passed, explained, warnings, failed, unreadable, cleared or error; and what was said."""

    status: str
    text: str
    findings: tuple[Finding, ...] = ()
    report: Report | None = None


def validate(spreadsheet: Spreadsheet) -> Outcome:
    """验证: mark what is wrong, stamp what passes."""
    return _guarded(spreadsheet, _validate)


def check(spreadsheet: Spreadsheet) -> Outcome:
    """上报检查: say whether the workbook is ready to be sent, and validate it where that was not done yet."""
    return _guarded(spreadsheet, _check)


def clear(spreadsheet: Spreadsheet) -> Outcome:
    """清除标记: take marks and stamp away; what the clerk explained stays."""
    return _guarded(spreadsheet, _clear)


def _guarded(spreadsheet: Spreadsheet, action: Callable[[_Click], Outcome]) -> Outcome:
    try:
        outcome = action(_Click(spreadsheet))
    except ReadError as error:
        outcome = Outcome("unreadable", f"{error}\n\n{messages.UNTOUCHED}")
    except Exception as error:  # noqa: BLE001 - whatever it is, a clerk must not see a traceback
        outcome = Outcome("error", failure(error))
    try:
        spreadsheet.tell(outcome.text, alarming=outcome.status not in (*SETTLED, "cleared"))
    except Exception as error:  # noqa: BLE001 - as above; a program that shows no message may still show the marks
        record(error)
    return outcome


class _Click:
    """One click: the workbook and what is already known of it."""

    def __init__(self, spreadsheet: Spreadsheet) -> None:
        self.spreadsheet = spreadsheet
        self.cover = spreadsheet.cover()
        self.book = OpenBook(spreadsheet, self.cover)

    def result_cells(self) -> Mapping[tuple[int, int], Value]:
        """Return the cells of 验证结果, none where there is no such sheet."""
        sheet = marking.RESULT_SHEET
        return self.book.cells(sheet, marking.LIVE.bottom, marking.LIVE.right) if sheet in self.cover.sheets else {}

    def mark(self, conclusion: str, rows: Sequence[marking.Row]) -> str | None:
        """Write into 验证结果; return why that could not be done, ``None`` where it was."""
        if marking.RESULT_SHEET not in self.cover.sheets:
            return messages.NO_RESULT_SHEET
        if not marking.is_ours(self.result_cells()):
            return messages.NOT_OURS
        try:
            self.spreadsheet.write(marking.RESULT_SHEET, marking.LIVE, marking.live_rows(conclusion, rows))
        except RefusedError as error:
            record(error)
            return messages.READ_ONLY if self.cover.read_only else messages.REFUSED
        return None

    def stamp(self, mark: stamp.Stamp) -> bool:
        """Write the stamp; tell whether that worked. It follows a mark, so the workbook is ours."""
        if META_SHEET not in self.cover.sheets:
            return False
        try:
            self.spreadsheet.write(META_SHEET, stamp.CELLS, mark)
        except RefusedError as error:
            record(error)
            return False
        return True


def _validate(click: _Click) -> Outcome:
    reading = read_book(click.book)
    return _marked(click, reading, assess(reading))


def _marked(click: _Click, reading: Reading, findings: tuple[Finding, ...]) -> Outcome:
    """Write the findings of a workbook, and return what to say of them."""
    verdict, conclusion = status(findings), marking.summary(findings)
    unable = click.mark(conclusion, marking.block(findings, reading.context.explanations))
    if unable:
        return Outcome(verdict, _list(unable, conclusion, findings), findings, reading.report)
    text = _say(verdict, conclusion, findings, messages.READ_ONLY if click.cover.read_only else messages.SAVE)
    if verdict in SETTLED:
        program = f"gongkai {__version__} / {click.cover.program}"
        if not click.stamp(stamp.stamp(reading.report, program, datetime.now().astimezone())):
            text = f"{conclusion}\n\n{messages.NOT_STAMPED}"
    else:
        click.stamp(stamp.NONE)
    return Outcome(verdict, text, findings, reading.report)


def _check(click: _Click) -> Outcome:
    reading = read_book(click.book)
    findings = assess(reading)
    if status(findings) not in SETTLED:
        outcome = _marked(click, reading, findings)
        return Outcome(outcome.status, f"{messages.NOT_READY}\n\n{outcome.text}", findings)
    stamped = "validated_digest" in reading.meta and not stamp.changed_since(reading.report, reading.meta)
    if stamped and not click.cover.unsaved:
        outcome = Outcome(status(findings), messages.ALREADY, findings)
    else:
        outcome = _marked(click, reading, findings)
    parts = [messages.READY, outcome.text]
    unit = reading.report.unit
    blank = [f.label for f in editions()[reading.report.edition].cover if f.key in _SIGNED and not getattr(unit, f.key)]
    if blank:
        parts.append(messages.COVER_BLANK.format(names="、".join(blank)))
    return Outcome(outcome.status, "\n\n".join(parts), findings)


def _clear(click: _Click) -> Outcome:
    kept = marking.block((), marking.explanations_in(click.result_cells()), keep=True)
    unable = click.mark(marking.NOT_YET, kept)
    if unable:
        unable = messages.NOT_CLEARED if unable in (messages.REFUSED, messages.READ_ONLY) else unable
        return Outcome("error", unable.format(sheet=marking.RESULT_SHEET))
    click.stamp(stamp.NONE)
    return Outcome("cleared", messages.CLEARED)


def _say(verdict: str, conclusion: str, findings: Sequence[Finding], saving: str) -> str:
    """Return what to say of a workbook that was marked; ``saving`` is what to do with it then."""
    if verdict in SETTLED:
        return f"{conclusion}\n\n{saving}"
    first = min((finding for finding in findings if finding.open), key=lambda finding: finding.severity)
    message = advice(first.remedies) if first.cure else first.message
    parts = [conclusion, messages.FIRST.format(sheet=first.sheet, cell=first.cell, message=message)]
    parts.append(messages.SEE.format(sheet=marking.RESULT_SHEET))
    if any(finding.severity == "warning" and finding.open for finding in findings):
        parts.append(messages.EXPLAIN.format(sheet=marking.RESULT_SHEET))
    if saving == messages.READ_ONLY:
        parts.append(saving)
    return "\n\n".join(parts)


def _list(reason: str, conclusion: str, findings: Sequence[Finding]) -> str:
    """Return a message for a workbook whose findings have no place in it."""
    shown = [finding for finding in findings if finding.open][:_LISTED]
    if not shown:  # then only marks that are still there are worth a word
        return f"{conclusion}\n\n{reason if reason in (messages.REFUSED, messages.READ_ONLY) else messages.SAVE}"
    reason = reason.format(sheet=marking.RESULT_SHEET)
    lines = [
        messages.LISTED.format(number=number, sheet=finding.sheet, cell=finding.cell, message=finding.message)
        for number, finding in enumerate(shown, 1)
    ]
    return "\n".join([conclusion, "", reason + messages.LISTED_BELOW.format(count=len(shown)), *lines])


def failure(error: BaseException) -> str:
    """Record what went wrong, and return what to say about it."""
    log = record(error)
    return messages.FAILED.format(log=log) if log else messages.FAILED_WITHOUT_LOG.format(error=type(error).__name__)


def record(error: BaseException) -> Path | None:
    """Write an error into the log; return where that is, ``None`` where nothing can be written."""
    details = "".join(traceback.format_exception(error))
    line = f"{datetime.now().astimezone().isoformat()} gongkai {__version__} {os.name}\n{details}\n"
    for inside in (".gongkai", None):
        try:
            folder = Path.home() / inside if inside else Path(tempfile.gettempdir())
            log = folder / "验证记录.txt"
            log.parent.mkdir(exist_ok=True)
            mode = "a" if log.exists() and log.stat().st_size < _LOG_LIMIT else "w"
            with log.open(mode, encoding="utf-8", errors="backslashreplace") as file:
                file.write(line)
        except (OSError, RuntimeError):  # no right to write, or nobody's home
            continue
        return log
    return None
