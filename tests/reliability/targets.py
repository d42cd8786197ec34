"""What is fuzzed: for each target the inputs to begin with, how they are damaged, and what must hold whatever comes.

``check`` takes the damaged input and returns its outcome: ``read``, ``read alone`` where openpyxl could not, or the
reason why it was refused. It fails where anything else comes out: another exception, more than ``SECONDS`` of work, a
value that openpyxl reads otherwise, a number that stands nowhere in the file, a marked copy in which more than the
findings differs. The inputs that found something, or that reach a corner no other reaches, are in ``tests/data/fuzz``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from random import Random
from xml.parsers import expat

import oracle
import workbooks as w
from damage import (
    Damage,
    damage_bytes,
    damage_cell,
    damage_json,
    damage_package,
    damage_part,
    damage_workbook,
    damage_xml,
    packed,
    unpacked,
)
from gongkai import marking
from gongkai.cell import Value, is_number, parse_address
from gongkai.edition import EditionError, by_name
from gongkai.messages import UNREADABLE
from gongkai.ooxml import Workbook, WorkbookError, open_workbook, part_name
from gongkai.reader import ReadError, read_book
from gongkai.report import ReportError, dumps, loads
from gongkai.sheetxml import SheetReader
from gongkai.submission import assess
from gongkai.validation import Finding
from gongkai.xls import OldWorkbook, open_old_workbook

FUZZ = w.DATA / "fuzz"
SECONDS = 2
"""Of processor time, for whatever comes."""

_RESULT = marking.RESULT_SHEET
ALONE = "read alone"


@dataclass(frozen=True, slots=True)
class Target:
    """Something to fuzz."""

    check: Callable[[bytes], str]
    seeds: Callable[[], Sequence[bytes]]
    damages: Sequence[Damage]

    def damaged(self, data: bytes, rng: Random) -> bytes:
        """Return an input after one to three kinds of damage."""
        for _ in range(rng.choice((1, 1, 2, 3))):
            data = rng.choice(self.damages)(data, rng)
        return data


def kept() -> Iterator[tuple[str, str, str, bytes]]:
    """Yield target, name, expected outcome and content of every input that is kept."""
    for archive in sorted(FUZZ.glob("*.zip")):
        for name, content in unpacked(archive.read_bytes()):
            outcome, _, label = name.partition("/")
            yield archive.stem, label, outcome, content


# --- what must hold


def check_package(data: bytes) -> str:
    """Read every cell of a workbook, in both ways the reader has."""
    try:
        with _in_time():
            book = open_workbook(data)
            cells = {sheet: book.cells(sheet, *oracle.BOUNDS) for sheet in book.sheets}
    except WorkbookError as error:
        return error.reason
    return _compared(data, book, cells)


def _compared(data: bytes, book: Workbook, cells: Mapping[str, Mapping[oracle.Place, Value]]) -> str:
    seen = oracle.seen_in(data)
    if seen is not None:
        found = oracle.disagreements(cells, seen)
        assert not found, found
        return "read"
    for sheet, page in cells.items():
        _check_written(b"".join(book._package.chunks(book.part(sheet))), page)
    return ALONE


def _check_written(part: bytes, cells: Mapping[oracle.Place, Value]) -> None:
    """Compare the numbers of a sheet with those that stand in the text of its part."""
    written = set()
    texts: list[str] = []
    parser = expat.ParserCreate()  # ElementTree refuses some namespaces
    parser.buffer_text, parser.CharacterDataHandler = True, texts.append
    parser.StartElementHandler = parser.EndElementHandler = lambda *_: None  # or texts run into each other
    parser.Parse(part, True)
    for text in texts:
        with suppress(ValueError):
            written.add(float(text))
    made_up = {place: value for place, value in cells.items() if is_number(value) and float(value) not in written}
    assert not made_up, made_up


def check_sheet(data: bytes) -> str:
    """Read a sheet; the plain way and the full way must come to the same."""
    reader = _reader()
    try:
        with _in_time():
            cells = reader.read(iter((data,)), *oracle.BOUNDS)
    except MISTAKES:
        cells = None
    try:
        walked = reader.read(iter((data + b"<!-- -->",)), *oracle.BOUNDS)  # no longer plain
    except MISTAKES:
        walked = None
    if b"\0" not in data:  # in an encoding of two bytes the comment is none
        assert typed(cells or {}) == typed(walked or {})
        assert (cells is None) == (walked is None)
    if cells is None:
        return "damaged"
    _check_rows(reader, data, cells)
    seen = oracle.seen_in_sheet(_MANY_STYLES, data)
    if seen is None:
        _check_written(data, cells)
        return ALONE
    found = oracle.disagreements({"": cells}, {"": seen})
    assert not found, found
    return "read"


MISTAKES = ValueError, LookupError, expat.ExpatError
"""What the reader of a part raises for a part that is wrong."""


@cache
def _reader() -> SheetReader:
    return open_workbook(_MANY_STYLES)._reader


def _check_rows(reader: SheetReader, data: bytes, cells: Mapping[oracle.Place, Value]) -> None:
    """Read a sheet row by row, as long lists are read: in order, or not at all."""
    found: dict[oracle.Place, Value] = {}
    try:
        reader.each_row(
            iter((data,)), *oracle.BOUNDS, lambda row, values: found.update({(row, at): v for at, v in values.items()})
        )
    except ValueError:
        return
    assert typed(found) == typed(cells)


def typed(cells: Mapping[oracle.Place, Value]) -> dict[oracle.Place, tuple[type, Value]]:
    """Make 1, 1.0 and True, or a text and an error value, differ."""
    return {place: (type(value), value) for place, value in cells.items()}


def check_part(part: str) -> Callable[[bytes], str]:
    """Return a check of a part of a small workbook."""

    def check(data: bytes) -> str:
        return check_package(_with(_ONE, part, data))

    return check


def check_report(data: bytes) -> str:
    """Read a report, judge it and mark it."""
    _findings()  # the editions are compiled by now
    try:
        with _in_time():
            book = open_workbook(data)
            reading = read_book(book)
            findings = assess(reading)
    except WorkbookError as error:
        return _told(error.reason, UNREADABLE[error.reason])
    except ReadError as error:
        return _told(error.reason, str(error))
    assert all(finding.message for finding in findings)
    # A sheet the report does not need may be damaged.
    pages = {}
    for sheet in book.sheets:
        try:
            pages[sheet] = book.cells(sheet, *oracle.BOUNDS)
        except WorkbookError:
            _check_marked(data, book, pages, findings)
            return ALONE
    outcome = _compared(data, book, pages)
    edition = by_name(reading.report.edition)
    for item, value in zip(edition.items, reading.report.values, strict=True):
        sheet, cell = reading.context.places.get(item.index, (item.sheet, item.cell))
        if is_number(value):
            there = pages[sheet][parse_address(cell)]
            assert is_number(there), (item.key, value, there)
            assert math.isclose(value, there, rel_tol=1e-14), (item.key, value, there)
    _check_marked(data, book, pages, findings)
    return outcome


def _check_marked(data: bytes, book: Workbook, pages: Mapping[str, object], findings: Sequence[Finding]) -> None:
    """Mark a workbook: all of the findings, nothing but the findings; or nothing at all."""
    try:
        with _in_time():
            copy = marking.marked(data, findings, {})
    except (KeyError, WorkbookError):
        return
    part = book.part(_RESULT)
    before, after = unpacked(data), unpacked(copy)
    kept = [entry for entry in before if part_name(entry[0]) != part and b"calcChain" not in entry[1]]
    assert not before or set(kept) <= set(after)  # before is empty where zipfile gives up
    other = open_workbook(copy)
    assert other.sheets == book.sheets
    for sheet, cells in pages.items():
        if sheet != _RESULT:
            assert typed(other.cells(sheet, *oracle.BOUNDS)) == typed(cells), sheet
    _check_block(book.cells(_RESULT, 500), other.cells(_RESULT, 500), findings)


def _check_block(
    before: Mapping[oracle.Place, Value], after: Mapping[oracle.Place, Value], findings: Sequence[Finding]
) -> None:
    rows = marking.block(findings, {})
    assert after[2, 1] == marking.summary(findings)
    for row in range(marking.FIRST_ROW, marking.LAST_ROW + 1):
        number = after.get((row, 1))
        assert number == (rows[row - marking.FIRST_ROW][0] if row - marking.FIRST_ROW < len(rows) else None)
    outside = [
        {
            place: value
            for place, value in typed(cells).items()
            if place != (2, 1) and not 4 <= place[0] <= marking.LAST_ROW
        }
        for cells in (before, after)
    ]
    assert outside[0] == outside[1]


def check_results(data: bytes) -> str:
    """Mark a report whose sheet of results was damaged."""
    package = _with(_report(), w.part_of(_report(), _RESULT), data)
    try:
        book = open_workbook(package)
        pages = {_RESULT: book.cells(_RESULT, 500)}
    except WorkbookError as error:
        return error.reason
    _check_marked(package, book, pages, _findings())
    return "read"


def check_old(data: bytes) -> str:
    """Read every cell of an old workbook."""
    try:
        with _in_time():
            book = open_old_workbook(data)
            cells = {sheet: book.cells(sheet, *oracle.BOUNDS) for sheet in book.sheets}
    except WorkbookError as error:
        return error.reason
    assert isinstance(book, OldWorkbook)
    for page in cells.values():
        assert all(math.isfinite(value) for value in page.values() if is_number(value))
    return ALONE


def check_json(data: bytes) -> str:
    """Read a report JSON; each number is the one that stands there."""
    try:
        with _in_time():
            report = loads(data)
    except (ReportError, EditionError) as error:
        return _told("json", str(error))
    assert loads(dumps(report)) == report
    document = json.loads(data)
    for item, value in zip(by_name(report.edition).items, report.values, strict=True):
        there = document[item.table][item.row][item.column]
        assert (value, is_number(value)) == (None if there == "" else there, is_number(there)), item.key
    return "read"


def _told(reason: str, sentence: str) -> str:
    assert len(sentence) > len("无法读取。"), reason
    return reason


@contextmanager
def _in_time() -> Iterator[None]:
    began = time.process_time()
    try:
        yield
    finally:  # a refusal may not take long either
        took = time.process_time() - began
        assert took < SECONDS, f"{took:.1f} s"


# --- what to begin with


def seed(name: str) -> bytes:
    """Return a workbook that is kept as a file: one of few cells of every kind, saved by four programs, or a report."""
    return (FUZZ / "seeds" / name).read_bytes()


_SAVED = ("xlsxwriter.xlsx", "openpyxl.xlsx", "libreoffice.xlsx")
_ONE, _, _MANY_STYLES = (
    packed([part for part in unpacked(seed(name)) if "theme" not in part[0] and "doc" not in part[0]])
    for name in _SAVED
)


@cache
def _report() -> bytes:
    return w.filled(w.changed(w.clean("2021", 2), {"applications.received.natural_person": "3件"}))


@cache
def _findings() -> Sequence[Finding]:
    return assess(read_book(open_workbook(_report())))


@cache
def _parts(data: bytes) -> Mapping[str, bytes]:
    return dict(unpacked(data))


def _with(data: bytes, part: str, content: bytes) -> bytes:
    return packed([(name, content if name == part else old) for name, old in _parts(data).items()])


def _each(part: str, programs: Sequence[str] = _SAVED) -> Callable[[], Sequence[bytes]]:
    """Return a part as the programs write it, and once more with a prefix before every name."""

    def seeds() -> Sequence[bytes]:
        found = [_parts(seed(name))[part] for name in programs if part in _parts(seed(name))]
        return [*found, w.prefixed(found[0])]

    return seeds


_XML = (damage_xml, damage_xml, damage_cell, damage_bytes)

TARGETS: Mapping[str, Target] = {
    "sheet": Target(check_sheet, _each("xl/worksheets/sheet1.xml"), _XML),
    "strings": Target(check_part("xl/sharedStrings.xml"), _each("xl/sharedStrings.xml"), _XML),
    "styles": Target(check_part("xl/styles.xml"), _each("xl/styles.xml"), _XML),
    "contents": Target(check_part("xl/workbook.xml"), _each("xl/workbook.xml"), _XML),
    "relations": Target(
        check_part("xl/_rels/workbook.xml.rels"), _each("xl/_rels/workbook.xml.rels", _SAVED[:1]), _XML
    ),
    "package": Target(
        check_package, lambda: [seed(name) for name in _SAVED], (damage_package, damage_bytes, damage_part)
    ),
    "report": Target(check_report, lambda: [_report(), seed("report-libreoffice.xlsx")], (damage_workbook,)),
    "results": Target(check_results, lambda: [_parts(_report())[w.part_of(_report(), _RESULT)]], _XML),
    "old": Target(check_old, lambda: [seed("libreoffice.xls")], (damage_bytes,)),
    "json": Target(check_json, lambda: [dumps(w.clean()).encode()], (damage_json, damage_json, damage_bytes)),
}
