"""Every judge of a report says the same: on thousands of random reports, valid and damaged, of both editions.

The judges are the fast verdict (jsonschema-rs and the compiled relations), the fast verdict where jsonschema-rs is not
installed, jsonschema with our keywords, the findings, and the rules written by hand from the domain. What LibreOffice
shows of the same reports is in ``test_agreement_office.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import domain_rules
from agreement import ITEMS, MONEY, Sample, edges, holding, sample
from damaged import DAMAGES
from gongkai import summary, verdict
from gongkai.cell import plain
from gongkai.edition import COVER_SHEET, Edition, by_name, editions
from gongkai.merge import merge
from gongkai.report import Unit, dumps, loads
from gongkai.submission import judge
from gongkai.validation import Finding, validate
from gongkai.verdict import Prior, Wrong, is_clean, what_is_wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

both_editions = pytest.mark.parametrize("edition", editions().values(), ids=lambda edition: edition.name)

FORM_RULES = {"F-BLANK", "F-TYPE", "F-COUNT", "F-MONEY", "F-UNCALCULATED", "F-COVER", "F-EDITION"}
Told = set[tuple[str, ...]]
"""("cell", item), ("cover", field) or (rule, severity, item it points at, items it reads)."""


def wrong(edition: Edition, found: Iterable[Wrong]) -> Told:
    """Return what jsonschema found."""
    items = edition.items
    told: Told = set()
    for each in found:
        if each.item is not None:
            told.add(("cell", items[each.item].key))
        elif each.cover is not None:
            told.add(("cover", each.cover))
        else:
            read = [items[index].key for index in each.relation.operands if index < len(items)]
            told.add((each.relation.id, each.relation.severity, *read))
    return told


def findings(edition: Edition, found: Iterable[Finding]) -> Told:
    """Return what the findings say, in the same words."""
    items = {(item.sheet, item.cell): item.key for item in edition.items}
    told: Told = set()
    for each in found:
        read = [items.get((each.sheet, cell)) for cell in each.cells]
        if each.sheet == COVER_SHEET:
            told.add(("cover", each.item.removeprefix("unit.")))
        elif each.rule.startswith("F-"):
            told.update(("cell", key) for key in read)
        else:
            told.add((each.rule, each.severity, *read))
    return told


def rules(edition: Edition, found: Iterable[Finding]) -> tuple[dict[str, str], set[tuple[str, str]], Told]:
    """Return item → rule of the cells, (rule, field) of the cover, (rule, severity, item) of the relations."""
    items = {(item.sheet, item.cell): item.key for item in edition.items}
    cover = {(each.rule, each.item.removeprefix("unit.")) for each in found if each.sheet == COVER_SHEET}
    inside = [each for each in found if each.sheet != COVER_SHEET]
    cells = {items[each.sheet, cell]: each.rule for each in inside if each.rule.startswith("F-") for cell in each.cells}
    relations = {(each.rule, each.severity, each.item) for each in inside if not each.rule.startswith("F-")}
    return cells, cover, relations


def disagreements(edition: Edition, case: Sample, expected: domain_rules.Verdict) -> Iterator[str]:
    """Yield what some judge says of a report otherwise than the oracle."""
    prior = Prior.of(case.last[1], case.last[0], edition) if case.last else None
    counted = case.report.blanks_as_zero(edition) if case.report.declares_zero else case.report
    with pytest.MonkeyPatch.context() as patch:
        fast = is_clean(edition, counted, prior)
        patch.setattr(verdict, "_fast", lambda _edition: None)
        slow = is_clean(edition, counted, prior)
    explained = wrong(edition, what_is_wrong(edition, counted, prior))
    found = validate(case.report, edition, prior)
    told = findings(edition, found)
    clean = {"fast": fast, "without jsonschema-rs": slow, "jsonschema": not explained, "findings": not found}
    yield from (f"{judge} says clean={said}" for judge, said in clean.items() if said is not expected.clean)
    following = {("cell", item) for item in expected.following}
    if told - explained or explained - told - following:
        yield f"jsonschema and the findings differ: {sorted(explained ^ told)}"
    cells, cover, relations = rules(edition, found)
    missing = {item: rule for item, rule in expected.cells.items() if cells.get(item) != rule}
    if not cells.items() <= expected.cells.items() or missing.keys() - expected.following:
        yield f"cells: {missing} not told, {dict(cells.items() - expected.cells.items())} told"
    for ours, theirs in ((cover, expected.cover), (relations, expected.relations)):
        if ours != theirs:
            yield f"told {sorted(ours - theirs)}, not told {sorted(theirs - ours)}"


@both_editions
@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_judge_says_the_same(edition, count):
    different, tally = {}, Counter()
    for number in range(count):
        case = sample(edition, number)
        expected = domain_rules.told(edition, case.report, case.last)
        if found := list(disagreements(edition, case, expected)):
            different[number] = (case.done, found)
        fired = {*expected.cells.values(), *(each[0] for each in (*expected.cover, *expected.relations))}
        tally.update(fired)
        tally.update({f"{rule} {severity}" for rule, severity, _ in expected.relations})
        tally.update({"clean" if expected.clean else "damaged", *case.done})
        tally["clean, with last year's"] += expected.clean and case.last is not None
        tally["clean zero report"] += expected.clean and case.report.declares_zero
    assert different == {}
    enough = count // 300
    relations = {f"{relation.id} {relation.severity}" for relation in edition.relations}
    forms = FORM_RULES | ({"F-DELTA"} if edition.name == "2019" else set())
    few = {name: tally[name] for name in (*forms, *relations, *DAMAGES) if tally[name] < enough}
    assert few == {}
    assert min(tally["clean"], tally["damaged"]) > count // 4
    assert min(tally["clean, with last year's"], tally["clean zero report"]) > count // 20


# --- numbers at the edge of what a cell holds


@pytest.mark.parametrize(
    ("edition", "key", "value", "rule"),
    [pytest.param(form, *edge, id=f"{form.name}-{edge}") for form in editions().values() for edge in edges(form)],
)
def test_every_judge_says_the_same_of_a_number(edition, key, value, rule):
    item = edition.items[edition.index[key]]
    report = holding(edition, key, value)
    assert domain_rules.fault(item.column, value) == rule
    assert [(one.rule, one.cell) for one in validate(report, edition)] == ([(rule, item.cell)] if rule else [])
    assert is_clean(edition, report) is (rule is None)
    assert {each.item for each in what_is_wrong(edition, report)} == ({item.index} if rule else set())
    assert loads(dumps(report)) == report


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        ([0.1, 0.2], 0.3), ([0.1] * 10, 1), ([0.000001] * 3, 0.000003), ([1234.567891, 0.000001, 0.7], 1235.267892),
        ([123456789.123456] * 7, 864197523.864192), ([0.7, 0.1, 0.3], 1.1), ([4.35] * 20, 87), ([1.005, -0.0], 1.005),
    ],
)  # fmt: skip
def test_amounts_add_up_to_the_decimal(tmp_path, amounts, total):
    edition, key = by_name("2021"), ITEMS["2021"][MONEY]
    assert plain(sum(Decimal(str(amount)) for amount in amounts)) == total
    files = [tmp_path / f"{number}.json" for number in range(len(amounts))]
    for file, amount in zip(files, amounts, strict=True):
        report = holding(edition, key, amount)
        file.write_text(dumps(replace(report, unit=Unit(name=file.stem))), encoding="utf-8")
    merged = merge([judge(file) for file in files], "某区")
    path = tmp_path / "汇总.xlsx"
    path.write_bytes(summary.workbook(merged))
    again = judge(path)
    assert (merged.totals[edition.index[key]], again.report.values[edition.index[key]]) == (total, total)
    assert again.findings == ()
