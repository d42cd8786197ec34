"""Reports and workbooks for the tests: made by the kit, drawn by hand as clerks do, or spoiled on purpose."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

from gongkai import template
from gongkai.cell import Uncalculated, Value, address
from gongkai.edition import COVER_SHEET, Edition, by_name, editions
from gongkai.ooxml import open_workbook
from gongkai.report import Report, Unit, loads
from gongkai.verdict import Prior

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES, DATA = ROOT / "examples", ROOT / "tests" / "data"
EDITIONS = tuple(editions())
YEARS = {"2019": 2020, "2021": 2023}
TABLES, APPLICATIONS, DISPUTES = "主动公开", "依申请公开", "复议诉讼"
PEOPLE = (
    "natural_person", "commercial_enterprise", "research_institution", "public_welfare_organization",
    "legal_service_institution", "other_organization",
)  # fmt: skip
OUTCOMES = ("upheld", "corrected", "other", "pending")

Place = tuple[int, int]
Page = dict[Place, Value]
Grid = dict[str, Page]
"""Sheet name → cells: a workbook as somebody without our template would draw it."""
Spoil = Callable[[Grid], object]


# --- reports


def of(edition: Edition | str, cells: Mapping[str, Value], unit: Unit | None = None, year: Value = None) -> Report:
    """Return a report with these cells (item key → value), zero in all others."""
    form = by_name(edition) if isinstance(edition, str) else edition
    unknown = [key for key in cells if key not in form.index]
    assert not unknown, unknown
    values = tuple(cells.get(item.key, 0) for item in form.items)
    return Report(form.name, YEARS[form.name] if year is None else year, unit or Unit(name="某局"), values)


def changed(report: Report, cells: Mapping[str, Value]) -> Report:
    """Return the report with other values in some cells."""
    form = by_name(report.edition)
    values = list(report.values)
    for key, value in cells.items():
        values[form.index[key]] = value
    return Report(report.edition, report.year, report.unit, tuple(values))


def cells_of(report: Report) -> dict[str, Value]:
    """Return item key → value."""
    return {item.key: report.values[item.index] for item in by_name(report.edition).items}


def distinct(edition: str, unit: Unit | None = None) -> Report:
    """Return a report in which no two cells hold the same number, so that no mix-up of cells goes unseen."""
    form = by_name(edition)
    cells: dict[str, Value] = {}
    for item in form.items:
        number = 1001 + item.index
        cells[item.key] = {"ten_thousand_yuan": number + 0.25, "signed_count": -number}.get(item.measure.name, number)
    return of(form, cells, unit)


def application_rows(edition: str) -> tuple[str, ...]:
    """Return the keys of the rows that add up to （七）总计."""
    rows = tuple(by_name(edition).lines["applications"])
    return rows[2:-2]


def clean(edition: str = "2021", seed: int = 0, unit: Unit | None = None, year: Value = None) -> Report:
    """Return a report that breaks no rule; other seeds give other numbers."""
    rng = random.Random(seed)  # noqa: S311 - numbers for a test
    cells: dict[str, Value] = {}
    results = [row for row in application_rows(edition) if not row.startswith("other")]
    for person in PEOPLE:
        for row in results:
            cells[f"applications.{row}.{person}"] = rng.randint(0, 9)
        concluded = sum(cells[f"applications.{row}.{person}"] for row in results)
        carried_in, carried_out = rng.randint(0, 3), rng.randint(3, 6)
        cells[f"applications.concluded.{person}"] = concluded
        cells[f"applications.carried_in.{person}"] = carried_in
        cells[f"applications.carried_out.{person}"] = carried_out
        cells[f"applications.received.{person}"] = concluded + carried_out - carried_in
    for row in (*results, "concluded", "carried_in", "carried_out", "received"):
        cells[f"applications.{row}.total"] = sum(cells[f"applications.{row}.{person}"] for person in PEOPLE)
    for row in ("reconsideration", "direct_litigation", "litigation_after_reconsideration"):
        for column in OUTCOMES:
            cells[f"disputes.{row}.{column}"] = rng.randint(0, 5)
        cells[f"disputes.{row}.total"] = sum(cells[f"disputes.{row}.{column}"] for column in OUTCOMES)
    if edition == "2021":
        issued, repealed = rng.randint(0, 9), rng.randint(0, 9)
        cells["documents.normative_documents.issued"] = issued
        cells["documents.normative_documents.repealed"] = repealed
        cells["documents.normative_documents.in_force"] = issued + rng.randint(0, 90)
        cells["licensing.administrative_licensing.decisions"] = rng.randint(0, 999)
        cells["fees.administrative_fees.amount"] = rng.randint(0, 10**7) / 10**4
    else:
        made = rng.randint(1, 9)
        cells["documents.normative_documents.made"] = made
        cells["documents.normative_documents.newly_public"] = made - 1
        cells["documents.normative_documents.public_total"] = made + 20
        cells["licensing.administrative_licensing.prior_items"] = 40
        cells["licensing.administrative_licensing.change"] = -rng.randint(1, 9)
        cells["licensing.administrative_licensing.decisions"] = 100 + rng.randint(0, 99)
        cells["procurement.centralized_procurement.amount"] = rng.randint(0, 10**7) / 10**4
    cells = {key: int(v) if isinstance(v, float) and v.is_integer() else v for key, v in cells.items()}
    return of(edition, cells, unit, year)


def example(name: str) -> Report:
    """Return one of the published reports, by the name of its file."""
    file = EXAMPLES / f"{name}.json"
    return loads((file if file.exists() else DATA / f"{name}.json").read_bytes())


_FILLED: dict[str, bytes] = {}


def filled(report: Report) -> bytes:
    """Return the official workbook of a report."""
    key = repr(report)  # True and 1 are the same to a dictionary, but not in a cell
    if key not in _FILLED:
        _FILLED[key] = template.fill(by_name(report.edition), report)
    return _FILLED[key]


@cache
def blank(edition: str) -> bytes:
    """Return the official template."""
    return template.blank(by_name(edition))


def put(path: Path, data: bytes | Report) -> Path:
    """Write a workbook into a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(filled(data) if isinstance(data, Report) else data)
    return path


def last_year(report: Report, cells: Mapping[str, Value]) -> Prior:
    """Return last year's values, of the same edition."""
    form = by_name(report.edition)
    return Prior(tuple(cells.get(item.key) for item in form.items), same_edition=True)


# --- workbooks drawn by hand


def drawn(report: Report, *, cover: bool = False) -> Grid:
    """Return the tables of a report as cells, labels where the official annex has them."""
    form = by_name(report.edition)
    grid: Grid = {COVER_SHEET: {}} if cover else {}
    for block in form.blocks:
        page = grid.setdefault(block.sheet, {})
        for label in block.labels:
            page[label.box.top, label.box.left] = label.text
    for item in form.items:
        grid[item.sheet][item.box.top, item.box.left] = report.values[item.index]
    if cover:
        for field in form.cover:
            value = report.year if field.key == "year" else getattr(report.unit, field.key)
            grid[COVER_SHEET][field.row, 2] = field.label
            grid[COVER_SHEET][field.row, 3] = field.choices.get(value, value)
    return grid


def saved(grid: Grid) -> bytes:
    """Return the cells as a workbook that openpyxl wrote; texts stay texts."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, page in grid.items():
        sheet = book.create_sheet(name)
        for (row, column), value in page.items():
            if value is None:
                continue
            cell = sheet.cell(row, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def rename(old: str, new: str, sheet: str | None = None, count: int | None = None) -> Spoil:
    """Replace a label wherever it stands (on one sheet; the first ``count`` times)."""

    def spoil(grid: Grid) -> None:
        left = -1 if count is None else count
        for name, page in grid.items():
            for place, value in page.items():
                if value == old and sheet in (None, name) and left:
                    page[place] = new
                    left -= 1
        assert left <= 0 or count is None, f"{old} not found"
        assert any(new in page.values() for page in grid.values()), f"{old} not found"

    return spoil


def reword(change: Callable[[str], str], sheet: str | None = None) -> Spoil:
    """Change every label."""

    def spoil(grid: Grid) -> None:
        for name, page in grid.items():
            if sheet in (None, name):
                page.update({place: change(value) for place, value in page.items() if isinstance(value, str)})

    return spoil


def move(sheet: str, rows: int, columns: int, among: Callable[[Place], bool] = lambda _: True) -> Spoil:
    """Move cells of a sheet."""

    def spoil(grid: Grid) -> None:
        grid[sheet] = {
            (place[0] + rows, place[1] + columns) if among(place) else place: value
            for place, value in grid[sheet].items()
        }

    return spoil


def insert_row(sheet: str, at: int, cells: Mapping[int, Value] | None = None) -> Spoil:
    """Insert a row with these cells (column → value)."""

    def spoil(grid: Grid) -> None:
        move(sheet, 1, 0, lambda place: place[0] >= at)(grid)
        grid[sheet].update({(at, column): value for column, value in (cells or {}).items()})

    return spoil


def delete_row(sheet: str, at: int) -> Spoil:
    """Delete a row; those below move up."""

    def spoil(grid: Grid) -> None:
        grid[sheet] = {place: value for place, value in grid[sheet].items() if place[0] != at}
        move(sheet, -1, 0, lambda place: place[0] > at)(grid)

    return spoil


def duplicate_row(sheet: str, at: int) -> Spoil:
    """Repeat a row right below itself, with another number in each cell."""

    def spoil(grid: Grid) -> None:
        row = {c: v + 5 if isinstance(v, int) else v for (r, c), v in grid[sheet].items() if r == at}
        insert_row(sheet, at + 1, row)(grid)

    return spoil


def put_column_first(sheet: str, first: int, last: int, rows: Iterable[int]) -> Spoil:
    """Move the column ``last`` before the columns ``first`` … in these rows."""

    def spoil(grid: Grid) -> None:
        page = grid[sheet]
        for row in rows:
            kept = [page.pop((row, column), None) for column in range(first, last + 1)]
            for column, value in enumerate([kept[-1], *kept[:-1]], first):
                if value is not None:
                    page[row, column] = value

    return spoil


def rename_sheet(old: str, new: str) -> Spoil:
    """Give a sheet another name, in its place."""

    def spoil(grid: Grid) -> None:
        pages = [(new if name == old else name, page) for name, page in grid.items()]
        grid.clear()
        grid.update(pages)

    return spoil


def on_one_sheet(grid: Grid) -> None:
    """Put every table on one sheet, one below the other."""
    together: Page = {}
    for page in grid.values():
        below = max((row for row, _ in together), default=0)
        together.update({(row + below, column): value for (row, column), value in page.items()})
    grid.clear()
    grid["年报统计表"] = together


def in_turn(*spoils: Spoil) -> Spoil:
    """Do one after the other."""

    def spoil(grid: Grid) -> None:
        for each in spoils:
            each(grid)

    return spoil


# --- workbooks of ours, edited


def edited(data: bytes, edit: Callable[[openpyxl.Workbook], object]) -> bytes:
    """Return the workbook after openpyxl edited and saved it, which loses the results of its formulas."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    edit(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def with_cells(data: bytes, sheet: str, cells: Mapping[str, Any]) -> bytes:
    """Return the workbook with other values in some cells of a sheet."""

    def edit(book: openpyxl.Workbook) -> None:
        for cell, value in cells.items():
            book[sheet][cell].value = value

    return edited(data, edit)


def parts(data: bytes) -> dict[str, bytes]:
    """Return part name → its uncompressed bytes, in the order of the package."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(content: Mapping[str, bytes]) -> bytes:
    """Return parts as a package."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in content.items():
            package.writestr(name, part)
    return buffer.getvalue()


def part_of(data: bytes, sheet: str) -> str:
    """Return the name of the part that holds a sheet, as the package spells it."""
    wanted = open_workbook(data).part(sheet)
    return next(name for name in parts(data) if name.lower() == wanted)


def replaced(data: bytes, sheet: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return the workbook with the part of one sheet changed."""
    name, content = part_of(data, sheet), parts(data)
    new = change(content[name])
    assert new != content[name]
    return packed({**content, name: new})


def prefixed(part: bytes) -> bytes:
    """Write every element of a part with the prefix x, as some programs do."""
    text = part.decode().replace('xmlns="http://schemas.openxml', 'xmlns:x="http://schemas.openxml')
    return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", text).encode()


def shown(data: bytes, sheet: str, rows: int = 500, columns: int = 64) -> dict[str, Value]:
    """Return address → stored value of the cells of a sheet."""
    return {address(*place): v for place, v in open_workbook(data).cells(sheet, rows, columns).items()}


def uncalculated(data: bytes) -> list[str]:
    """Return the cells of a workbook whose formula is stored without a result."""
    book = open_workbook(data)
    return [
        f"{sheet}!{address(*place)}"
        for sheet in book.sheets
        for place, value in book.cells(sheet, 30_000, 500).items()
        if isinstance(value, Uncalculated)
    ]


def rules(findings: Iterable[Any]) -> list[tuple[str, str, str, str]]:
    """Return (rule, severity, sheet, cell) of findings."""
    return [(f.rule, f.severity, f.sheet, f.cell) for f in findings]


def only(found: Sequence[Any]) -> Any:
    """Return the one thing there is."""
    assert len(found) == 1, found
    return found[0]
