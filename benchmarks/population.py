"""A region that does not exist: filled official workbooks by the thousand, and the truth about them.

``python benchmarks/population.py FOLDER 2000`` writes them and ``真值.json``. A workbook is the official one, written
once by the kit; for each unit only the numbers and the cover are replaced in its text, which is some twenty times
faster and gives what a spreadsheet program would save: every formula with its result.
"""

from __future__ import annotations

import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import escape

from gongkai import template
from gongkai.cell import exact, plain
from gongkai.edition import COVER_SHEET, Edition, by_name
from gongkai.ooxml import open_workbook
from gongkai.report import Report, Unit

YEAR = 2023
EDITION = "2021"
FAULTS = ("text", "blank", "balance", "negative", "truncated", "no_year")
"""What is done to the damaged ones, in turn."""
EVERY = 50
"""One unit of so many is damaged: 2 %."""
_LEVEL = 6
"""Compression as spreadsheet programs use it."""


@dataclass(slots=True)
class Truth:
    """What a merge of the population must find."""

    units: int = 0
    totals: list[Decimal] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    """File name → what was done to it."""

    def to_json(self, edition: Edition) -> dict[str, object]:
        """Return the truth as JSON."""
        sums = {item.key: plain(total) for item, total in zip(edition.items, self.totals, strict=True)}
        return {"units": self.units, "totals": sums, "faults": self.faults}


class Mould:
    """The official workbook with its numbers cut out."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        zero = Report(edition.name, YEAR, Unit(name="单位", code="代码"), (0,) * len(edition.items))
        data = template.fill(edition, zero)
        book = open_workbook(data)
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            self.parts = {name: package.read(name) for name in package.namelist()}
        self.sheets = {sheet: book.part(sheet) for sheet in (COVER_SHEET, *edition.sheets)}
        self.holes: dict[str, list[bytes | int]] = {}
        for sheet, part in self.sheets.items():
            self.holes[part] = self._cut(self.parts[part], sheet)

    def _cut(self, text: bytes, sheet: str) -> list[bytes | int]:
        """Return the text of a sheet in pieces, with the index of an item where its number belongs.

        Cover cells have the indices -1 (name) and -2 (code).
        """
        places = {item.cell: item.index for item in self.edition.items if item.sheet == sheet}
        if sheet == COVER_SHEET:
            places = {f.cell: {"name": -1, "code": -2}[f.key] for f in self.edition.cover if f.key in ("name", "code")}
        pieces: list[bytes | int] = []
        last = 0
        for match in re.finditer(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f>.*?</f>)?<v>([^<]*)</v></c>', text):
            index = places.get(match[1].decode())
            if index is None:
                continue
            if index < 0:
                style = re.sub(rb' t="s"', b"", match[2])
                pieces += [text[last : match.start()] + b'<c r="%s"%s t="inlineStr"><is><t>' % (match[1], style), index]
                pieces.append(b"</t></is></c>")
            else:
                pieces += [text[last : match.start(4)], index, text[match.end(4) : match.end()]]
            last = match.end()
        return [*pieces, text[last:]]

    def cast(self, values: Mapping[int, object], unit: Unit) -> bytes:
        """Return a workbook with these numbers (index → number; a text is stored as one)."""
        names = {-1: escape(unit.name or ""), -2: escape(unit.code or "")}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as package:
            for name, content in self.parts.items():
                pieces = self.holes.get(name)
                text = (
                    content
                    if pieces is None
                    else b"".join(
                        piece if isinstance(piece, bytes) else str(names.get(piece, values.get(piece, 0))).encode()
                        for piece in pieces
                    )
                )
                package.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()


def report(edition: Edition, rng: random.Random) -> list[int | float]:
    """Return the values of a report of realistic size, whose every relation holds."""
    values: list[int | float] = [0] * len(edition.items)
    busy = rng.random() < 0.6  # many bodies have a year without a single application
    for item in edition.items:
        if item.derived:
            continue
        if item.measure.whole:
            values[item.index] = min(int(rng.expovariate(0.4)), 40) if busy and rng.random() < 0.3 else 0
        else:
            values[item.index] = rng.randrange(10**6) / 10**4 if rng.random() < 0.5 else 0
    index = edition.index
    for row in ("documents.rules", "documents.normative_documents"):
        values[index[f"{row}.issued"]] = 0 if row == "documents.rules" else values[index[f"{row}.issued"]]
        values[index[f"{row}.repealed"]] = 0 if row == "documents.rules" else values[index[f"{row}.repealed"]]
        values[index[f"{row}.in_force"]] = 0 if row == "documents.rules" else 20 + values[index[f"{row}.issued"]]
    for row in edition.lines["applications"]:
        if row.startswith("other"):
            for column in edition.lines["applications"][row]:
                values[index[f"applications.{row}.{column}"]] = 0
    _total(edition, values)
    for column in edition.lines["applications"]["received"]:
        names = {
            row: index[f"applications.{row}.{column}"] for row in ("received", "carried_in", "concluded", "carried_out")
        }
        done = values[names["concluded"]] + values[names["carried_out"]]
        values[names["carried_in"]] = min(values[names["carried_in"]], done)
        values[names["received"]] = done - values[names["carried_in"]]
    _total(edition, values)
    return values


def _total(edition: Edition, values: list[int | float]) -> None:
    for total, parts in edition.derivations.items():
        values[total] = plain(sum((exact(values[part]) for part in parts), 0))


def workbooks(count: int, seed: int = 1) -> Iterator[tuple[str, bytes, Truth]]:
    """Yield (file name, workbook, the truth so far) of ``count`` units."""
    edition = by_name(EDITION)
    mould, rng = Mould(edition), random.Random(seed)  # noqa: S311 - numbers for a test
    truth = Truth(totals=[Decimal(0)] * len(edition.items))
    for number in range(count):
        values = report(edition, rng)
        name = f"第{number:06}局.xlsx"
        unit = Unit(name=f"某省第{number:06}局", code=f"U{number:06}")
        cells: dict[int, object] = dict(enumerate(values))
        fault = FAULTS[number // EVERY % len(FAULTS)] if number % EVERY == EVERY - 1 else None
        data = _damaged(mould, cells, unit, fault)
        if fault:
            truth.faults[name] = fault
        else:
            truth.units += 1
            truth.totals = [total + exact(value) for total, value in zip(truth.totals, values, strict=True)]
        yield name, data, truth


def _damaged(mould: Mould, cells: dict[int, object], unit: Unit, fault: str | None) -> bytes:
    """Return the workbook of a unit, damaged as ``fault`` says."""
    index = mould.edition.index
    one = index["applications.granted.natural_person"]
    if fault == "negative":
        cells[one] = -3
    elif fault == "balance":
        cells[index["applications.concluded.natural_person"]] = int(str(cells[one])) + 1000
    data = mould.cast(cells, unit)
    if fault == "truncated":
        return data[: len(data) // 2]
    if fault in ("text", "blank", "no_year"):
        sheet, cell = {"no_year": (COVER_SHEET, mould.edition.cover[0].cell)}.get(
            fault, (mould.edition.items[one].sheet, mould.edition.items[one].cell)
        )
        new = b't="inlineStr"><is><t>3\xe4\xbb\xb6</t></is></c>' if fault == "text" else b"/>"
        return _replaced(data, mould.sheets[sheet], cell, new)
    return data


def _replaced(data: bytes, part: str, cell: str, new: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in old.namelist():
            text = old.read(name)
            if name == part:
                text, hits = re.subn(
                    rb'(<c r="%s"[^>]*?)(?: t="\w+")?><v>[^<]*</v></c>' % cell.encode(), rb"\1 " + new, text
                )
                if hits != 1:
                    raise ValueError(f"{cell} is not where it was")
            package.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def write(folder: Path, count: int, seed: int = 1) -> Truth:
    """Write a population into a folder, a thousand files to a folder, and return the truth."""
    truth = Truth()
    for number, (name, data, now) in enumerate(workbooks(count, seed)):
        target = folder / f"{number // 1000:03}" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        truth = now
    return truth


if __name__ == "__main__":
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    found = write(folder, count).to_json(by_name(EDITION))
    (folder / "真值.json").write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
