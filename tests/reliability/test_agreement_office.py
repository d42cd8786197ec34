"""What the blank official workbook shows in LibreOffice when a report is typed into it, against all the other judges."""

from __future__ import annotations

import pytest

import domain_rules
from agreement import ALIKE, BAD, GOOD, ITEMS, LAST_YEAR, READ_AS, edges, holding, sample, typed
from gongkai import template
from gongkai.edition import editions
from gongkai.submission import judge
from libreoffice.native import OK, WRONG, Case, Clerk, judged

both_editions = pytest.mark.parametrize("edition", editions().values(), ids=lambda edition: edition.name)


@pytest.fixture(scope="module")
def clerks(office, tmp_path_factory):
    """One open template per edition, filled by one test after another."""
    folder = tmp_path_factory.mktemp("blank")
    opened = {}
    for edition in editions().values():
        path = folder / f"{edition.name}.xlsx"
        path.write_bytes(template.blank(edition))
        opened[edition] = Clerk(office.open(path), edition)
    yield opened
    for clerk in opened.values():
        clerk.document.close()


@both_editions
@pytest.mark.parametrize("count", [8, pytest.param(500, marks=pytest.mark.long)])
def test_the_marks_say_what_every_judge_says(clerks, edition, count):
    different, rules, passed = {}, set(), 0
    for number in range(count):
        made = sample(edition, number)
        shown, faults, found = judged(clerks[edition], typed(edition, made))
        if found:
            different[number] = (made.done, found)
        rules.update(each.rule for each in faults)
        passed += shown.line == "内置校验：通过"
    assert different == {}
    if count >= 500:
        assert {relation.id for relation in edition.relations} <= rules
        assert count / 4 < passed < count * 3 / 4


# --- numbers at the edge of what a cell holds


def alone(edition, key, value):
    """Return a case of zeros but for one cell, and what goes with it."""
    report = holding(edition, key, value)
    values = {item.index: report.values[item.index] for item in edition.items if not item.derived}
    return Case(values, {"year": report.year, "name": report.unit.name})


@both_editions
def test_the_marks_of_a_number(clerks, edition):
    for key, value, rule in edges(edition):
        item = edition.items[edition.index[key]]
        shown, faults, different = judged(clerks[edition], alone(edition, key, value))
        assert [(each.rule, each.cell) for each in faults] == ([(rule, item.cell)] if rule else []), value
        if value in ALIKE:
            assert shown.rows[item.table, item.row][0] == OK
            continue
        assert different == [], value
        assert shown.rows[item.table, item.row][0] == (WRONG if rule else OK), value


@both_editions
def test_the_marks_of_a_number_of_last_year(clerks, edition):
    ((kind, key),) = LAST_YEAR[edition.name].items()
    index = edition.index[key]
    for value in (*GOOD[kind], *BAD[kind]):
        if value in ALIKE:
            continue
        case = alone(edition, key, 0)
        case.cover["year"] += 1
        case.prior = {index: value}
        shown, _, different = judged(clerks[edition], case)
        assert different == [], value
        assert (shown.prior[index] == (WRONG, "不是有效数字")) is (value in BAD[kind]), value


@both_editions
def test_a_file_is_read_as_it_shows(clerks, tmp_path, edition):
    for kind, pairs in READ_AS.items():
        item = edition.items[edition.index[ITEMS[edition.name][kind]]]
        for stored, shown in pairs.items():
            clerks[edition].fill(alone(edition, item.key, stored))
            submission = judge(clerks[edition].document.save(tmp_path / "文件.xlsx"))
            got = submission.report.values[item.index]
            assert (got, type(got)) == (shown, type(shown))
            rule = domain_rules.fault(item.column, shown)
            assert [one.rule for one in submission.findings] == ([rule] if rule else []), stored
