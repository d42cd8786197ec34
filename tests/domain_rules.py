"""The rules written out by hand from the tables of the domain: neither the schema's identities nor our code is asked.

What a cell says by itself (``fault``), what the cover says (``cover_faults``), which relations are broken
(``broken``), and all of it for any report, however damaged (``told``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gongkai.cell import CellError, DateText, Uncalculated, Value
from reports import APPLICANTS, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gongkai.edition import Edition
    from gongkai.report import Report, Unit

Told = set[tuple[str, str, str]]
"""Rule, severity, item."""

# --- the relations


def _documents(form: str, documents: dict[str, Any], last: dict[str, Any] | None) -> Iterator[tuple[str, ...]]:
    for row, cells in documents.items():
        at = f"documents.{row}"
        if form == "2021":
            change = cells["issued"] - cells["repealed"]
            if cells["in_force"] < change:
                yield "T2-VALID-GE", "warning", f"{at}.in_force"
            if last and cells["in_force"] != last["documents"][row]["in_force"] + change:
                yield "X-IN-FORCE", "warning", f"{at}.in_force"
            continue
        if cells["public_total"] < cells["newly_public"]:
            yield "T2-PUBTOTAL-GE", "error", f"{at}.public_total"
        if cells["newly_public"] > cells["made"]:
            yield "T2-NEWPUB-LE-MADE", "warning", f"{at}.newly_public"
        if last and cells["public_total"] != last["documents"][row]["public_total"] + cells["newly_public"]:
            yield "X-PUBTOTAL", "warning", f"{at}.public_total"


def _power(unit: Unit, rules: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Power: ministries; the governments of provinces, of cities with districts and of autonomous prefectures.

    A cover field that is wrong by itself (no level, no kind of body) decides nothing.
    """
    order = ("in_force", "public_total", "issued", "made", "repealed", "newly_public")
    low = unit.level in ("county", "township")
    if unit.level in ("province", "prefecture"):
        none = unit.kind == "department" or (unit.kind in (None, "government", "region") and unit.rulemaking == "无")
    else:
        none = low or (unit.level in (None, "national") and unit.rulemaking == "无")
    if none and sum(rules.values()) > 0:
        first = next(key for key in order if rules.get(key))
        yield "T2-REG-AUTH", "error" if low else "warning", f"documents.rules.{first}"


def _items(tables: dict[str, Any], last: dict[str, Any] | None) -> Iterator[tuple[str, ...]]:
    for table in ("licensing", "enforcement", "fees"):
        for row, cells in tables[table].items():
            now = cells["prior_items"] + cells["change"]
            if now < 0:
                yield "T2-ITEMS-NONNEG", "error", f"{table}.{row}.change"
            # Where all items fell away and nothing was decided, 0 = 0 is no misreading.
            if cells["change"] != 0 and cells.get("decisions") == now != 0:
                yield "T2-DECISIONS-MISREAD", "warning", f"{table}.{row}.decisions"
            if last and cells["prior_items"] != last[table][row]["prior_items"] + last[table][row]["change"]:
                yield "X-ITEMS", "warning", f"{table}.{row}.prior_items"


def _fees(tables: dict[str, Any], last: dict[str, Any] | None) -> Iterator[tuple[str, ...]]:
    """Close to 10,000 times is taken as within a factor of about three: from 3,000 to 30,000 times."""
    if last:
        now, then = (year["fees"]["administrative_fees"]["amount"] for year in (tables, last))
        if now and then and (3000 * then <= now <= 30000 * then or 3000 * now <= then <= 30000 * now):
            yield "X-FEE-UNIT", "warning", "fees.administrative_fees.amount"


def _sums(app: dict[str, Any], disputes: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for row, cells in app.items():
        if cells["total"] != sum(cells[column] for column in APPLICANTS):
            yield "T3-ROW", "error", f"applications.{row}.total"
    results = [row for row in app if row not in ("received", "carried_in", "concluded", "carried_out")]
    for column in (*APPLICANTS, "total"):
        if app["concluded"][column] != sum(app[row][column] for row in results):
            yield "T3-SUM", "error", f"applications.concluded.{column}"
        came = app["received"][column] + app["carried_in"][column]
        if came != app["concluded"][column] + app["carried_out"][column]:
            yield "T3-BAL", "error", f"applications.carried_out.{column}"
    for row, cells in disputes.items():
        if cells["total"] != sum(cells[column] for column in OUTCOMES):
            yield "T4-SUM", "error", f"disputes.{row}.total"


def _other(form: str, app: dict[str, Any], unit: Unit) -> Iterator[tuple[str, ...]]:
    other = ["other", "other_fee_unpaid", "other_not_corrected"] if form == "2021" else ["other"]
    high = sum(app[row]["total"] for row in other)
    if high > 3 and 4 * high > app["concluded"]["total"]:
        row = next(row for row in other if app[row]["total"])
        yield "T3-OTHER-HIGH", "warning", f"applications.{row}.total"
    if form == "2021" and app["other_fee_unpaid"]["total"] > 0 and unit.fee_statement in (None, "否", "不适用"):
        yield "T3-FEE-LINK", "warning", "applications.other_fee_unpaid.total"


def _carry(app: dict[str, Any], unit: Unit, last: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for column in (*APPLICANTS, "total"):
        lost = app["carried_in"][column] != last["applications"]["carried_out"][column]
        if lost and (column != "total" or unit.restructured in ("合并", "拆分")):
            yield "X-CARRY", "warning", f"applications.carried_in.{column}"
        elif lost and unit.restructured in (None, "无"):
            yield "X-CARRY", "error", f"applications.carried_in.{column}"


def _jump(tables: dict[str, Any], last: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    flow = [("applications", row) for row in ("received", "concluded", "carried_out")]
    for table, row in [*flow, *(("disputes", row) for row in tables["disputes"])]:
        now, then = tables[table][row]["total"], last[table][row]["total"]
        if abs(now - then) > 10 and (now > 5 * then or 5 * now < then):
            yield "X-JUMP", "warning", f"{table}.{row}.total"


def broken(form: str, tables: dict[str, Any], unit: Unit, last: dict[str, Any] | None, last_form: str | None) -> Told:
    """Return (rule, severity, item) of every relation that is broken; a cell is an exact number or ``UNKNOWN``."""
    app = tables["applications"]
    same = last if last_form == form else None
    found = [
        *_documents(form, tables["documents"], same),
        *_power(unit, tables["documents"]["rules"]),
        *(_items if form == "2019" else _fees)(tables, same),
        *_sums(app, tables["disputes"]),
        *_other(form, app, unit),
        *(_carry(app, unit, last) if last else ()),
        *(_jump(tables, same) if same else ()),
    ]
    # A region is asked only what can be wrong in a sum: its units have explained their own numbers.
    return {(rule, severity, item) for rule, severity, item in found if severity == "error" or unit.kind != "region"}


class _Unknown:
    """A number nobody knows: whatever is made of it is unknown, whatever is said of it is not so."""

    def _stays(self, _other: object = None) -> _Unknown:
        return self

    def _no(self, _other: object = None) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __abs__ = _stays
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _no
    __hash__ = None


UNKNOWN = _Unknown()

# --- cells and cover

_BLANK = re.compile(r"\s*([/／]|[-－—–−―─]+|无)?\s*")
_MOST = {"count": 10**15 - 1, "change": 10**15 - 1, "money": 999_999_999}


def is_blank(value: Value) -> bool:
    """Tell whether a cell says nothing: it is empty, or holds spaces or a sign that stands for nothing."""
    special = isinstance(value, CellError | DateText | Uncalculated)
    return value is None or (isinstance(value, str) and not special and _BLANK.fullmatch(value) is not None)


def number(column: str, value: Value) -> int | Decimal | None:
    """Return the number a good cell of a column holds, ``None`` where the cell is not good."""
    return None if fault(column, value) else Decimal(str(value)) if isinstance(value, float) else value


def fault(column: str, value: Value) -> str | None:
    """Return the rule that a cell of a column breaks by itself, if it does."""
    measure = {"change": "change", "amount": "money"}.get(column, "count")
    if is_blank(value):
        return "F-BLANK"
    if isinstance(value, Uncalculated):
        return "F-UNCALCULATED"
    if isinstance(value, str | bool):
        return "F-TYPE"
    exact = Decimal(str(value))
    finite = exact.is_finite()
    fine = finite and (-_MOST[measure] if measure == "change" else 0) <= exact <= _MOST[measure]
    fine = fine and exact == round(exact, 6 if measure == "money" else 0)
    return None if fine else {"count": "F-COUNT", "change": "F-DELTA", "money": "F-MONEY"}[measure]


_YEARS = {"2019": range(2019, 2021), "2021": range(2021, 2100)}
_CHOICES = {
    "level": ("national", "province", "prefecture", "county", "township"),
    "kind": ("government", "department", "region"),
    "rulemaking": ("有", "无"),
    "restructured": ("无", "合并", "拆分"),
    "zero_report": ("是", "否"),
    "fee_statement": ("是", "否", "不适用"),
}


def cover_faults(form: str, year: Value, unit: Unit) -> set[tuple[str, str]]:
    """Return (rule, cover field) of every field that is wrong."""
    found = {("F-COVER", key) for key, texts in _CHOICES.items() if getattr(unit, key) not in (None, *texts)}
    if unit.name is None or not unit.name.strip():
        found.add(("F-COVER", "name"))
    if isinstance(year, bool) or not isinstance(year, int):
        found.add(("F-COVER", "year"))
    elif year not in _YEARS[form]:
        found.add(("F-EDITION", "year"))
    return found


# --- a whole report


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a report."""

    cells: dict[str, str]
    """Item → rule."""
    following: frozenset[str]
    """The blank totals among them whose parts are wrong: they need not be told apart from these."""
    cover: frozenset[tuple[str, str]]
    """(rule, cover field)."""
    relations: frozenset[tuple[str, str, str]]
    """(rule, severity, item)."""

    @property
    def clean(self) -> bool:
        return not (self.cells or self.cover or self.relations)


def parts_of(form: Edition, item: str) -> list[str]:
    """Return the items that a total of 表三 or 表四 adds up along its row, or a （七）总计 down its column."""
    table, row, column = item.split(".")
    if table not in ("applications", "disputes") or (column != "total" and row != "concluded"):
        return []
    rows = form.lines[table]
    if column == "total":
        return [f"{table}.{row}.{other}" for other in rows[row] if other != "total"]
    results = [key for key in rows if key not in ("received", "carried_in", "concluded", "carried_out")]
    return [f"{table}.{other}.{column}" for other in results]


def counted(form: Edition, report: Report) -> dict[str, Value]:
    """Return what each item counts as: in a zero report a blank is zero, unless it is a total of what cannot be read."""
    values = dict(zip((item.key for item in form.items), report.values, strict=True))
    if report.unit.zero_report != "是":
        return values

    def count(item: str) -> Value:
        if not is_blank(values[item]):
            return values[item]
        parts = [count(part) for part in parts_of(form, item)]
        return 0 if all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts) else None

    return {item: count(item) for item in values}


def told(form: Edition, report: Report, last: tuple[Edition, Report] | None = None) -> Verdict:
    """Return what is wrong with a report, given last year's and its edition."""
    values = counted(form, report)
    cells = {item: rule for item, value in values.items() if (rule := fault(item.rpartition(".")[2], value))}
    following = {item for item in cells if values[item] is None and any(part in cells for part in parts_of(form, item))}
    tables = _tables(form, values)
    before = _tables(last[0], counted(*last)) if last else None
    relations = broken(form.name, tables, report.unit, before, last[0].name if last else None)
    cover = cover_faults(form.name, report.year, report.unit)
    return Verdict(cells, frozenset(following), frozenset(cover), frozenset(relations))


def _tables(form: Edition, values: dict[str, Value]) -> dict[str, Any]:
    def known(item: str) -> Any:
        exact = number(item.rpartition(".")[2], values[item])
        return UNKNOWN if exact is None else exact

    return {
        table: {row: {column: known(f"{table}.{row}.{column}") for column in columns} for row, columns in rows.items()}
        for table, rows in form.lines.items()
    }


def exact_tables(form: Edition, values: Sequence[Value]) -> dict[str, Any]:
    """Return good numbers as tables of exact numbers."""
    return _tables(form, dict(zip((item.key for item in form.items), values, strict=True)))
