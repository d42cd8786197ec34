"""Reports for the tests: an empty one, a busy one whose every relation holds, and the same body a year before.

The numbers stand here as a clerk would write them down; only the totals of 表三 and 表四 are added up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gongkai.cell import CellError, DateText, Uncalculated, Value
from gongkai.edition import Edition, by_name
from gongkai.report import Report, Unit, flatten

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(__file__).resolve().parent / "data"

APPLICANTS = (
    "natural_person",
    "commercial_enterprise",
    "research_institution",
    "public_welfare_organization",
    "legal_service_institution",
    "other_organization",
)
OUTCOMES = ("upheld", "corrected", "other", "pending")

Tables = dict[str, dict[str, dict[str, Any]]]

_APPLICATIONS = {
    "received": (60, 20, 2, 3, 10, 5),
    "carried_in": (4, 1, 0, 0, 1, 0),
    "granted": (30, 12, 2, 2, 6, 4),
    "partially_granted": (6, 3, 0, 0, 2, 0),
    "refused_prohibited_by_law": (2, 0, 0, 0, 0, 1),
    "refused_third_party": (2, 0, 0, 0, 0, 0),
    "refused_internal_affairs": (1, 0, 0, 0, 0, 0),
    "refused_process_information": (1, 0, 0, 0, 0, 0),
    "refused_enforcement_file": (0, 0, 0, 0, 1, 0),
    "refused_administrative_inquiry": (2, 0, 0, 0, 0, 0),
    "unavailable_not_held": (8, 4, 0, 1, 0, 0),
    "unavailable_not_existing": (2, 0, 0, 0, 0, 0),
    "unavailable_unclear": (1, 0, 0, 0, 0, 0),
    "unprocessed_petition": (1, 0, 0, 0, 0, 0),
    "unprocessed_duplicate": (1, 1, 0, 0, 0, 0),
    "concluded": (60, 20, 2, 3, 10, 5),
    "carried_out": (4, 1, 0, 0, 1, 0),
}
_OTHER = {
    "2019": {"other": (3, 0, 0, 0, 1, 0)},
    "2021": {
        "other_not_corrected": (1, 0, 0, 0, 1, 0),
        "other_fee_unpaid": (1, 0, 0, 0, 0, 0),
        "other": (1, 0, 0, 0, 0, 0),
    },
}
_DISPUTES = {
    "reconsideration": (3, 1, 1, 1),
    "direct_litigation": (2, 0, 1, 0),
    "litigation_after_reconsideration": (1, 1, 0, 0),
}
_DISCLOSURE = {
    "2019": {
        "documents.rules": {"made": 2, "newly_public": 2, "public_total": 10},
        "documents.normative_documents": {"made": 6, "newly_public": 5, "public_total": 40},
        "licensing.administrative_licensing": {"prior_items": 50, "change": 2, "decisions": 300},
        "licensing.other_services": {"prior_items": 8, "change": -1, "decisions": 20},
        "enforcement.administrative_penalty": {"prior_items": 90, "change": 5, "decisions": 30},
        "enforcement.administrative_coercion": {"prior_items": 6, "change": 0, "decisions": 4},
        "fees.administrative_fees": {"prior_items": 3, "change": -1},
        "procurement.centralized_procurement": {"projects": 7, "amount": 350.25},
    },
    "2021": {
        "documents.rules": {"issued": 2, "repealed": 1, "in_force": 10},
        "documents.normative_documents": {"issued": 5, "repealed": 3, "in_force": 40},
        "licensing.administrative_licensing": {"decisions": 120},
        "enforcement.administrative_penalty": {"decisions": 30},
        "enforcement.administrative_coercion": {"decisions": 4},
        "fees.administrative_fees": {"amount": 12.5},
    },
}
_BEFORE = {
    "2019": {
        "documents.rules.public_total": 8,
        "documents.normative_documents.public_total": 35,
        "licensing.administrative_licensing.prior_items": 48,
        "licensing.other_services.prior_items": 9,
        "enforcement.administrative_penalty.prior_items": 85,
        "fees.administrative_fees.prior_items": 4,
    },
    "2021": {"documents.rules.in_force": 9, "documents.normative_documents.in_force": 38},
}
"""Last year's stocks, from which this year's follow; its other numbers are this year's."""


def base(name: str, edition: Edition) -> Tables:
    """Return the tables of a base: ``zero``, ``busy`` or ``busy-before``."""
    tables: Tables = {
        table: {row: dict.fromkeys(columns, 0) for row, columns in rows.items()}
        for table, rows in edition.lines.items()
    }
    if name == "zero":
        return tables
    for key, cells in _DISCLOSURE[edition.name].items():
        put(tables, {f"{key}.{column}": value for column, value in cells.items()})
    for row, numbers in (_APPLICATIONS | _OTHER[edition.name]).items():
        tables["applications"][row] = {**dict(zip(APPLICANTS, numbers, strict=True)), "total": sum(numbers)}
    for row, numbers in _DISPUTES.items():
        tables["disputes"][row] = {**dict(zip(OUTCOMES, numbers, strict=True)), "total": sum(numbers)}
    if name == "busy-before":
        put(tables, _BEFORE[edition.name])
    return tables


def put(tables: Tables, values: dict[str, Any]) -> None:
    """Set cells by item key; what JSON cannot say stands as ``{"error"|"uncalculated"|"date": text}``."""
    kinds = {"error": CellError, "uncalculated": Uncalculated, "date": DateText}
    for key, value in values.items():
        table, row, column = key.split(".")
        assert column in tables[table][row], key
        special = value.items() if isinstance(value, dict) else ()
        tables[table][row][column] = next((kinds[kind](text) for kind, text in special), value)


def report(
    edition: str,
    base_name: str = "zero",
    values: dict[str, Any] | None = None,
    *,
    year: Value = 2023,
    unit: dict[str, str] | None = None,
) -> Report:
    """Return a report of ``edition`` from a base with some cells set."""
    form = by_name(edition)
    tables = base(base_name, form)
    put(tables, values or {})
    return Report(edition, year, Unit(**(unit or {})), flatten(form, tables))
