"""Cells and relations of an edition, written as spreadsheet formulas.

Only functions that Excel 2010, WPS and LibreOffice share, and no array formulas: a clerk may edit them with anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gongkai.cell import address
from gongkai.edition import COVER_SHEET, Edition, Item, Measure
from gongkai.identities import Comparison, Relation, Sum
from gongkai.numerals import PLACEHOLDERS

ZERO = 'gk_zero="是"'
YEAR = "N(gk_year)"
PRIOR_SHEET = "上年数据"
PRIOR_FIRST_ROW = 5
PRIOR_VALUE_COLUMN = 5

Area = tuple[str, int, Measure]
"""Reference, number of cells, measure."""


class Pen:
    """Writes the cells of an edition into formulas of one sheet."""

    def __init__(self, edition: Edition, sheet: str) -> None:
        self.edition = edition
        self.sheet = sheet

    def cell(self, index: int) -> str:
        """Return the reference of an item, of last year's from the number of items on."""
        count = len(self.edition.items)
        if index >= count:
            return self.elsewhere(PRIOR_SHEET) + prior_cell(self.edition, index - count)
        item = self.edition.items[index]
        return self.elsewhere(item.sheet) + item.cell

    def elsewhere(self, sheet: str) -> str:
        """Return the prefix of a reference to ``sheet``."""
        return "" if sheet == self.sheet else f"{sheet}!"

    def areas(self, indices: Iterable[int]) -> list[Area]:
        """Return neighbours of one measure as ranges: (reference, number of cells, measure)."""
        count = len(self.edition.items)
        runs: list[list[Item]] = []
        lone: list[Area] = []
        for index in indices:
            item = self.edition.items[index % count]
            if index >= count:
                lone.append((self.cell(index), 1, item.measure))
            elif runs and _adjoins(runs[-1], item):
                runs[-1].append(item)
            else:
                runs.append([item])
        ranges = [(self.elsewhere(run[0].sheet) + _span(run), len(run), run[0].measure) for run in runs]
        return ranges + lone

    def total(self, side: Sum) -> str:
        """Return a sum of items; text in them is passed over, so it must be guarded by ``complete``."""
        text = ""
        for sign, factor in (("+", 1), ("-", -1)):
            if refs := [ref for ref, _, _ in self.areas([i for i, times in side.terms if times == factor])]:
                text += f"{sign}SUM({','.join(refs)})"
        for index, times in side.terms:
            if abs(times) != 1:
                text += f"{times:+d}*N({self.cell(index)})"
        if side.constant or not text:
            text += f"{side.constant:+d}"
        return text.removeprefix("+")

    def compare(self, comparison: Comparison) -> str:
        """Return a comparison of two sums."""
        op = "<>" if comparison.op == "!=" else comparison.op
        return f"{self.total(comparison.left)}{op}{self.total(comparison.right)}"

    def breach(self, relation: Relation) -> str:
        """Return a condition that is true where the relation is asked for and does not hold."""
        asked = [self.cover(field, allowed) for field, allowed in relation.unit.items()]
        if relation.severity != "error":
            asked.append(f'{self.cover_cell("kind")}<>"{self.choice("kind", "region")}"')
        if relation.prior and not relation.across_editions:
            asked.append(f"{YEAR}-1>={self.edition.years.start}")
        asked += [self.compare(condition) for condition in relation.when]
        return f"AND({','.join([*asked, f'NOT({self.compare(relation.claim)})'])})"

    def cover_cell(self, key: str) -> str:
        """Return the reference of a cover field."""
        return self.elsewhere(COVER_SHEET) + next(_absolute(f.cell) for f in self.edition.cover if f.key == key)

    def choice(self, key: str, value: str) -> str:
        """Return the text that a value of a drop-down shows."""
        return next(f.choices.get(value, value) for f in self.edition.cover if f.key == key)

    def cover(self, key: str, allowed: Sequence[str | None]) -> str:
        """Return a condition that a cover field holds one of the values; ``None`` is a field that says nothing."""
        cell = self.cover_cell(key)
        tests = [f"LEN(TRIM({cell}))=0" if v is None else f'{cell}="{self.choice(key, v)}"' for v in allowed]
        return f"OR({','.join(tests)})"


def prior_cell(edition: Edition, index: int) -> str:
    """Return the address on the sheet 上年数据 of last year's value of an item."""
    return address(PRIOR_FIRST_ROW + edition.prior_items.index(index), PRIOR_VALUE_COLUMN)


def _absolute(cell: str) -> str:
    letters = cell.rstrip("0123456789")
    return f"${letters}${cell[len(letters) :]}"


def _adjoins(run: list[Item], item: Item) -> bool:
    last = run[-1]
    if (last.sheet, last.measure) != (item.sheet, item.measure):
        return False
    step = (item.box.top - last.box.top, item.box.left - last.box.left)
    if len(run) == 1:
        return step in ((0, 1), (1, 0))
    return step == (last.box.top - run[-2].box.top, last.box.left - run[-2].box.left)


def _span(run: list[Item]) -> str:
    return run[0].cell if len(run) == 1 else f"{run[0].cell}:{run[-1].cell}"


def good(ref: str, measure: Measure) -> str:
    """Return how many cells of ``ref`` hold a number the measure admits; text and 1/FALSE fall out as errors."""
    tests = [f"ISNUMBER({ref})", f"(INT({ref})={ref})" if measure.whole else f"(ROUND({ref},{measure.decimals})={ref})"]
    tests += [f"({ref}>={measure.minimum})", f"({ref}<={measure.maximum})"]
    return f"SUMPRODUCT(--ISNUMBER(1/({'*'.join(tests)})))"


def placeholders(ref: str) -> str:
    """Return how many cells of ``ref`` hold a sign that stands for a blank."""
    texts = ",".join(f'"{text}"' for text in PLACEHOLDERS)
    return f"SUMPRODUCT(COUNTIF({ref},{{{texts}}}))"


def guard(areas: list[Area]) -> tuple[str, str, str, int]:
    """Return the formulas for good cells, cells that show nothing, cells that are empty, and their number."""
    fine = "+".join(good(ref, measure) for ref, _, measure in areas)
    nothing = "+".join(f"COUNTBLANK({ref})+{placeholders(ref)}" for ref, _, _ in areas)
    empty = "+".join(f"SUMPRODUCT(--ISBLANK({ref}))+{placeholders(ref)}" for ref, _, _ in areas)
    return fine, nothing, empty, sum(count for _, count, _ in areas)


def complete(pen: Pen, indices: Sequence[int]) -> str:
    """Return a condition that every cell is good, or is a blank of this year that is declared zero."""
    count = len(pen.edition.items)
    now = [index for index in indices if index < count]
    if len(now) == len(indices):
        fine, _, empty, cells = guard(pen.areas(now))
        return f"{fine}+IF({ZERO},{empty},0)={cells}"
    # Beside last year's values it is enough that there are numbers: what is wrong with them shows on their own sheet.
    refs = ",".join(ref for ref, _, _ in pen.areas(now))
    held = "".join(f"-{placeholders(ref)}" for ref, _, _ in pen.areas(now))
    then = ",".join(ref for ref, _, _ in pen.areas(index for index in indices if index >= count))
    return f"COUNT({refs})=IF({ZERO},COUNTA({refs}){held},{len(now)}),COUNT({then})={len(indices) - len(now)}"
