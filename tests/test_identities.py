"""The 勾稽 relations: compiled from the schema, evaluated on a flat vector, asked for or passed over."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from gongkai.edition import by_name, editions
from gongkai.identities import breaches, compile_relations, due
from gongkai.report import Unit

LINES = {
    "flow": {"opened": ("online", "paper", "total"), "closed": ("online", "paper", "total")},
    "stock": {"begin": ("online", "paper", "total"), "end": ("online", "paper", "total")},
}
INDEX = {
    f"{table}.{row}.{column}": number
    for number, (table, row, column) in enumerate(
        (table, row, column) for table, rows in LINES.items() for row, columns in rows.items() for column in columns
    )
}
ITEMS = len(INDEX)
ENTRY = {"id": "N-ROW", "title": "合计", "severity": "error", "table": "flow", "each": "row", "left": ["total"], "op": "=",
         "right": ["online", "paper"]}  # fmt: skip


def compiled(**changes: Any) -> tuple[Any, ...]:
    return compile_relations([{**ENTRY, **changes}], LINES, INDEX)


def one(**changes: Any) -> Any:
    """Return the relation of the row ``opened``: online, paper and total stand at 0, 1 and 2."""
    return compiled(rows=["opened"], **changes)[0]


def vector(*now: Any, prior: tuple[Any, ...] = ()) -> list[Any]:
    return [*now, *[0] * (ITEMS - len(now)), *prior, *[0] * (ITEMS - len(prior))]


def sides(relation: Any) -> tuple[Any, ...]:
    """Return the claim of a relation: (index, factor) pairs and constant of the left, operator, the same of the right."""
    claim = relation.claim
    return claim.left.terms, claim.left.constant, claim.op, claim.right.terms, claim.right.constant


# --- compiled


def test_one_entry_covers_every_row():
    first, second = compiled()
    assert (first.id, first.title, first.severity, first.table, first.each, first.line) == (
        "N-ROW", "合计", "error", "flow", "row", "opened",
    )  # fmt: skip
    assert sides(first) == (((2, 1),), 0, "=", ((0, 1), (1, 1)), 0)
    assert (first.operands, first.targets) == ((2, 0, 1), (2,))
    assert sides(second) == (((5, 1),), 0, "=", ((3, 1), (4, 1)), 0)
    assert (first.prior, first.derives, first.across_editions, first.when, dict(first.unit)) == (
        False, False, False, (), {},
    )  # fmt: skip


def test_each_column_and_several_tables():
    relations = compiled(each="column", left=["opened"], right=["closed"])
    assert [(relation.line, relation.operands) for relation in relations] == [
        ("online", (0, 3)), ("paper", (1, 4)), ("total", (2, 5)),
    ]  # fmt: skip
    assert [relation.table for relation in compiled(table=["flow", "stock"])] == ["flow", "flow", "stock", "stock"]
    (total,) = compiled(each="column", columns=["total"], left=["opened"], right=["closed"])
    assert total.operands == (2, 5)
    (end,) = compiled(table="stock", rows=["end"])
    assert end.operands == (11, 9, 10)


def test_factors_constants_and_last_year():
    relation = one(left=["total", 3], right=[{"key": "online", "times": -2}, {"key": "paper", "prior": True}, 1, 2])
    assert sides(relation) == (((2, 1),), 3, "=", ((0, -2), (1 + ITEMS, 1)), 3)
    assert (relation.prior, relation.operands) == (True, (2, 0, 1 + ITEMS))


def test_last_year_begins_at_its_first_item():
    relation = one(right=[{"key": "online", "prior": True}])
    assert (relation.operands, relation.prior) == ((2, ITEMS), True)


def test_what_an_entry_says_beside_its_claim():
    relation = one(unit={"level": ["county", None]}, derives=True, across_editions=True)
    assert (relation.unit, relation.derives, relation.across_editions) == ({"level": ["county", None]}, True, True)


def test_operands_of_a_condition_count():
    relation = one(when=[{"left": [{"key": "total", "prior": True}], "op": ">", "right": [0]}])
    assert (relation.operands, relation.prior) == ((2, 0, 1, 2 + ITEMS), True)


def test_an_operand_is_named_once():
    assert one(when=[{"left": ["total", "online"], "op": ">", "right": ["paper"]}]).operands == (2, 0, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"table": "flows"},
        {"table": ["flow", "flows"]},
        {"rows": ["reopened"]},
        {"left": ["sum"]},
        {"right": ["online", "fax"]},
        {"right": [{"key": "fax", "prior": True}]},
        {"target": ["sum"]},
        {"when": [{"left": ["fax"], "op": ">", "right": [0]}]},
        {"each": "column"},
        {"each": "column", "left": ["opened"], "right": ["closed"], "columns": ["sum"]},
        {"each": "column", "left": ["opened"], "right": ["reopened"]},
    ],
)
def test_a_key_that_does_not_exist(changes):
    with pytest.raises(KeyError):
        compiled(**changes)


@pytest.mark.parametrize("missing", ["id", "title", "severity", "table", "each", "left", "op", "right"])
def test_a_key_that_is_missing(missing):
    with pytest.raises(KeyError, match=missing):
        compile_relations([{key: value for key, value in ENTRY.items() if key != missing}], LINES, INDEX)


def test_nothing_to_compile():
    assert compile_relations([], LINES, INDEX) == ()


# --- evaluated


@pytest.mark.parametrize(
    ("op", "holds"),
    [("=", (0, 1, 0)), ("!=", (1, 0, 1)), ("<", (1, 0, 0)), ("<=", (1, 1, 0)), (">", (0, 0, 1)), (">=", (0, 1, 1))],
)
def test_operators(op, holds):
    relation = one(op=op)
    assert tuple(int(relation.holds(vector(2, 3, total))) for total in (4, 5, 6)) == holds


def test_money_adds_up_exactly():
    relation = one()
    assert relation.holds(vector(Decimal("0.1"), Decimal("0.2"), Decimal("0.3")))
    assert not relation.holds(vector(Decimal("0.1"), Decimal("0.2"), Decimal("0.300001")))
    assert relation.expected(vector(Decimal("0.1"), Decimal("0.2"), 0)) == 0.3


def test_a_factor_multiplies():
    relation = one(right=[{"key": "online", "times": 5}, {"key": "paper", "times": -2}])
    assert relation.holds(vector(3, 4, 7))
    assert not relation.holds(vector(3, 4, 6))


def test_a_condition_that_is_not_met():
    relation = one(when=[{"left": ["online"], "op": ">", "right": [3]}, {"left": ["paper"], "op": "!=", "right": [0]}])
    assert relation.holds(vector(3, 1, 99))
    assert relation.holds(vector(4, 0, 99))
    assert not relation.holds(vector(4, 1, 99))
    assert relation.holds(vector(4, 1, 5))


def test_breaches_pass_over_what_is_no_number():
    relations = compiled()
    assert [r.line for r in breaches(relations, vector(1, 1, 3, 1, 1, 3))] == ["opened", "closed"]
    assert [r.line for r in breaches(relations, vector(1, None, 3, 1, 1, 3))] == ["closed"]
    assert [r.line for r in breaches(relations, vector(1, 1, None, 1, None, 3))] == []
    assert list(breaches(relations, vector(1, 1, 2, 1, 1, 2))) == []


def test_a_condition_without_its_number_is_not_asked():
    relation = one(when=[{"left": [{"key": "total", "prior": True}], "op": ">", "right": [0]}])
    assert list(breaches([relation], vector(1, 1, 9, prior=(0, 0, None)))) == []
    assert list(breaches([relation], vector(1, 1, 9, prior=(0, 0, 1)))) == [relation]


# --- what a cell should be


@pytest.mark.parametrize(
    ("changes", "values", "expected"),
    [
        ({}, (2, 3, 9), 5),
        ({"right": ["online", "paper", 10]}, (2, 3, 9), 15),
        ({"left": ["total", 1]}, (2, 3, 9), 4),
        ({"target": ["paper"]}, (2, 3, 9), 7),
        ({"target": ["online"]}, (12, 3, 9), 6),
        ({"left": ["online", "paper"], "right": ["total"], "target": ["paper"]}, (2, 3, 9), 7),
        ({"left": ["online", "paper"], "right": ["total"], "target": ["paper"]}, (12, 3, 9), -3),
        ({"left": [{"key": "total", "times": 2}]}, (2, 4, 9), 3),
        ({"left": [{"key": "total", "times": 2}]}, (2, 3, 9), 2.5),
        ({"left": [{"key": "total", "times": 3}]}, (2, 3, 9), None),
        ({"left": ["total", "total"]}, (2, 4, 9), 3),
        ({"left": ["online", "paper", "total"], "right": [0], "target": ["total", "online"]}, (0, 0, 4), 0),
        ({"left": ["online", "paper", "total"], "right": [0], "target": ["total", "online"]}, (3, 0, 4), 0),
        ({"left": ["online", "paper", "total"], "right": [9], "target": ["total", "online"]}, (3, 0, 4), 6),
    ],
)
def test_expected_of_an_equation(changes, values, expected):
    got = one(**changes).expected(vector(*values))
    assert (got, type(got)) == (expected, type(expected))


def test_expected_of_an_equation_with_last_year():
    relation = one(right=[{"key": "total", "prior": True}, "online", {"key": "paper", "times": -1}])
    assert relation.expected(vector(5, 3, 0, prior=(0, 0, 38))) == 40


@pytest.mark.parametrize(
    ("changes", "values", "expected"),
    [
        ({"op": ">="}, (2, 3, 4), "≥ 5"),
        ({"op": "<="}, (2, 3, 9), "≤ 5"),
        ({"op": ">=", "target": ["paper"]}, (2, 9, 4), "≤ 2"),
        ({"op": "<=", "target": ["paper"]}, (2, 3, 9), "≥ 7"),
        ({"op": ">=", "left": ["online", "paper"], "right": [0], "target": ["paper"]}, (3, -4, 0), "≥ -3"),
        ({"op": "<=", "left": ["online", "paper"], "right": [2], "target": ["paper"]}, (3, 4, 0), None),
        ({"op": "<=", "left": ["online", "paper"], "right": [2], "target": ["paper"]}, (2, 4, 0), "≤ 0"),
        ({"op": "<=", "left": [{"key": "total", "times": 4}], "right": ["online"]}, (15, 0, 4), "≤ 3"),
        ({"op": ">=", "left": [{"key": "total", "times": 5}], "right": ["online"]}, (51, 0, 10), "≥ 11"),
        ({"op": ">=", "left": [{"key": "total", "times": 5}], "right": ["online"]}, (50, 0, 9), "≥ 10"),
        ({"op": "<=", "left": [{"key": "total", "times": -1}], "right": [-7]}, (0, 0, 4), "≥ 7"),
        ({"op": "!="}, (2, 3, 5), None),
        ({"op": ">"}, (2, 3, 5), None),
        ({"op": "<"}, (2, 3, 5), None),
    ],
)
def test_expected_of_a_bound(changes, values, expected):
    assert one(**changes).expected(vector(*values)) == expected


@pytest.mark.parametrize("op", ["=", "!=", "<=", ">="])
def test_a_relation_with_a_condition_expects_nothing(op):
    """It is a question, not an equation."""
    relation = one(op=op, when=[{"left": ["online"], "op": ">", "right": [0]}])
    assert relation.expected(vector(2, 3, 4)) is None


# --- the cell a finding points at


@pytest.mark.parametrize(
    ("values", "target"), [((0, 0, 0), 2), ((1, 1, 1), 2), ((0, 1, 0), 1), ((1, 0, 0), 0), ((1, 1, 0), 1)]
)
def test_the_target_is_the_first_that_is_not_zero(values, target):
    relation = one(left=["online", "paper", "total"], right=[0], target=["total", "paper", "online"])
    assert relation.targets == (2, 1, 0)
    assert relation.target(vector(*values)) == target


def test_the_target_is_the_left_side_unless_named():
    assert one().targets == (2,)
    assert one(target=["online"]).targets == (0,)
    assert one(target=["online"]).target(vector(0, 1, 2)) == 0


def test_targets_of_the_official_relations():
    targets = {
        "T3-ROW": "total", "T3-BAL": "carried_out", "T3-SUM": "concluded", "T4-SUM": "total", "X-CARRY": "carried_in",
        "T2-ITEMS-NONNEG": "change", "T2-PUBTOTAL-GE": "public_total", "T2-VALID-GE": "in_force",
    }  # fmt: skip
    for form in editions().values():
        for relation in form.relations:
            if relation.id in targets:
                item = form.items[relation.targets[0]]
                assert (item.column if relation.each == "row" else item.row) == targets[relation.id]
    fee = [r for r in by_name("2021").relations if r.id == "T3-OTHER-HIGH"]
    assert [[by_name("2021").items[i].row for i in r.targets] for r in fee] == [
        ["other", "other_fee_unpaid", "other_not_corrected"]
    ]


# --- when a relation is asked


SAME_YEAR = one()
LAST_YEAR = one(id="X-A", right=[{"key": "total", "prior": True}])
ACROSS = one(id="X-B", right=[{"key": "total", "prior": True}], across_editions=True)
WARNING = one(id="N-W", severity="warning")
INFO = one(id="N-I", severity="info")
COUNTY = one(id="N-C", unit={"level": ["county", None]})
BOTH = one(id="N-B", unit={"level": ["county"], "kind": ["department", None]})
EVERY = (SAME_YEAR, LAST_YEAR, ACROSS, WARNING, INFO, COUNTY, BOTH)


@pytest.mark.parametrize(
    ("prior", "expected"),
    [(None, "N-ROW N-W N-I"), ("same", "N-ROW X-A X-B N-W N-I"), ("other", "N-ROW X-B N-W N-I")],
)
def test_due_with_last_year(prior, expected):
    assert [relation.id for relation in due(EVERY, Unit(level="township"), prior)] == expected.split()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("region", "N-ROW X-A X-B"),
        ("department", "N-ROW X-A X-B N-W N-I"),
        ("government", "N-ROW X-A X-B N-W N-I"),
        (None, "N-ROW X-A X-B N-W N-I"),
    ],
)
def test_due_of_a_region_is_what_can_only_be_wrong(kind, expected):
    assert [relation.id for relation in due(EVERY, Unit(level="township", kind=kind), "same")] == expected.split()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (Unit(level="county"), ["N-C", "N-B"]),
        (Unit(level="county", kind="department"), ["N-C", "N-B"]),
        (Unit(level="county", kind="government"), ["N-C"]),
        (Unit(), ["N-C"]),
        (Unit(level="township", kind="department"), []),
    ],
)
def test_due_by_the_cover(unit, expected):
    assert [relation.id for relation in due((COUNTY, BOTH), unit, None)] == expected
    assert [relation.applies_to(unit) for relation in (COUNTY, BOTH)] == ["N-C" in expected, "N-B" in expected]


@pytest.mark.parametrize("name", ["2019", "2021"])
@pytest.mark.parametrize("level", ["national", "province", "prefecture", "county", "township", None])
@pytest.mark.parametrize("kind", ["government", "department", "region", None])
@pytest.mark.parametrize("rulemaking", ["有", "无", None])
@pytest.mark.parametrize("restructured", ["无", "合并", None])
def test_no_rule_is_asked_twice_of_one_line(name, level, kind, rulemaking, restructured):
    """Entries that share an id differ in the covers they are for, so that no finding comes twice."""
    unit = Unit(level=level, kind=kind, rulemaking=rulemaking, restructured=restructured)
    asked = [
        (r.id, r.targets) for r in due(by_name(name).relations, unit, "same") if r.id not in ("X-JUMP", "X-FEE-UNIT")
    ]
    assert len(asked) == len(set(asked))


def test_across_editions_only_the_carried_applications():
    for form in editions().values():
        asked = {relation.id for relation in due(form.relations, Unit(), "other") if relation.prior}
        assert asked == {"X-CARRY"}
