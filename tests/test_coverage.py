"""A merge against the roster: who is missing, unknown, twice, changed; and what the roster knows better than a cover."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

import workbooks as w
from gongkai import reporters, stamp, summary
from gongkai.collection import roster
from gongkai.merge import Preference, merge
from gongkai.reader import read
from gongkai.report import Unit, dumps
from gongkai.submission import judge
from gongkai.transplant import Block, replace_block


def roster_of(folder, *lines, head="单位名称,代码,曾用名,状态,上级,电话,邮箱,层级,性质,规章制定权"):
    path = folder / "名册.csv"
    path.write_text("\n".join((head, *lines)), "utf-8")
    return roster.read(path)


def handed_in(folder, name, unit, seed=1, **cells):
    path = folder / f"{name}.json"
    path.write_text(dumps(w.changed(w.clean("2021", seed, unit), cells)), "utf-8")
    return judge(path)


def reasons(summary):
    return {os.path.basename(each.submission.file): each.why for each in summary.excluded}  # noqa: PTH119


def counted(summary):
    return [os.path.basename(each.submission.file) for each in summary.included]  # noqa: PTH119


def test_missing_units_are_named_with_whom_to_call(tmp_path):
    known = roster_of(tmp_path, "甲局,1", "乙局,2,,,,0951-1,a@b.c", "丙局,3,,不报")
    result = merge([handed_in(tmp_path, "一", Unit(name="甲局", code="1"))], "某区", roster=known)
    document = json.loads("".join(reporters.merge_json(result)))
    assert document["units"]["missing"] == [
        {"name": "乙局", "code": "2", "phone": "0951-1", "email": "a@b.c", "row": 3}
    ]
    assert document["findings"] == [
        {"file": None, "rule": "S-MISSING", "severity": "error", "unit": {"name": "乙局", "code": "2"},
         "message": "名册上的“乙局”没有报送。请催报。"}
    ]  # fmt: skip
    assert "  未报送  乙局（0951-1，a@b.c）" in reporters.merge_text(result, None).splitlines()


def test_without_a_roster_nobody_is_missing(tmp_path):
    assert merge([handed_in(tmp_path, "一", Unit(name="甲局"))], "某区").missing == ()


def test_a_unit_whose_report_does_not_count_is_not_missing(tmp_path):
    known = roster_of(tmp_path, "甲局,1", "乙局,2")
    bad = handed_in(tmp_path, "一", Unit(name="甲局"), **{"applications.received.total": None})
    good = handed_in(tmp_path, "二", Unit(name="乙局"))
    result = merge([bad, good], "某区", roster=known)
    assert result.missing == ()
    assert list(reasons(result)) == ["一.json"]


@pytest.mark.parametrize(
    ("line", "unit", "why"),
    [
        ("乙局,2", Unit(name="甲局", code="9"),
         "“甲局”（代码 9）不在名册上。确属本地区的，请补入名册后重新汇总（S-UNKNOWN）"),
        ("甲局,1,,不报", Unit(name="甲局"), "名册写明“甲局”不报，没有计入（S-UNKNOWN）"),
        ("甲局,1,,并入,乙局", Unit(name="甲局"), "名册上“甲局”并入“乙局”报送，单独计入会重复（S-OVERLAP）"),
    ],
)  # fmt: skip
def test_who_should_not_file_is_left_out(tmp_path, line, unit, why):
    known = roster_of(tmp_path, line, "乙局,20", "丁局,30")
    result = merge(
        [handed_in(tmp_path, "一", unit), handed_in(tmp_path, "二", Unit(name="丁局"), 2)], "某区", roster=known
    )
    assert reasons(result) == {"一.json": why}
    assert result.totals == w.clean("2021", 2).values


def test_two_ways_of_writing_one_unit_are_one_unit(tmp_path):
    known = roster_of(tmp_path, "甲局,1,甲委")
    by_code = handed_in(tmp_path, "一", Unit(name="甲区甲局", code="1"))
    by_name = handed_in(tmp_path, "二", Unit(name="甲委"), 2)
    result = merge([by_code, by_name], "某区", roster=known)
    assert len(counted(result)) == 1
    assert [why.endswith("（S-DUPLICATE）") for why in reasons(result).values()] == [True]


def test_a_unit_found_by_name_only_is_asked_for_its_code(tmp_path):
    result = merge([handed_in(tmp_path, "一", Unit(name="甲委"))], "某区", roster=roster_of(tmp_path, "甲局,1,甲委"))
    (unit,) = result.included
    assert [(f.rule, f.severity) for f in unit.submission.findings] == [("F-COVER", "warning")]
    assert "对应到名册上代码为 1 的单位" in unit.submission.findings[0].message


@pytest.mark.parametrize(("power", "rules"), [("无", ["T2-REG-AUTH"]), ("有", [])])
def test_the_roster_fills_what_the_cover_leaves_open(tmp_path, power, rules):
    known = roster_of(tmp_path, f"甲局,1,,,,,,地市级,政府,{power}")
    cells = {"documents.rules.issued": 1, "documents.rules.in_force": 1}
    result = merge([handed_in(tmp_path, "一", Unit(name="甲局", code="1"), **cells)], "某区", roster=known)
    (unit,) = result.included
    assert [finding.rule for finding in unit.submission.findings] == rules


def test_a_summary_stands_for_its_units(tmp_path):
    known = roster_of(tmp_path, "甲局,1", "乙局,2", "丙局,3")
    part = merge(
        [handed_in(tmp_path, "一", Unit(name="甲局", code="1")), handed_in(tmp_path, "二", Unit(name="乙局"), 2)],
        "片区",
    )
    (tmp_path / "片区.xlsx").write_bytes(summary.workbook(part))
    result = merge([judge(tmp_path / "片区.xlsx")], "某市", roster=known)
    assert [entry.name for entry in result.missing] == ["丙局"]
    assert counted(result) == ["片区.xlsx"]


# --- which of two


def stamped(path, moment):
    """Return a workbook with the stamp of a validation at a moment."""
    report = read(path).report
    row = dict(zip(("B4", "B5", "B6"), (cell for (cell,) in stamp.stamp(report, "某程序", moment)), strict=True))
    return edited(path, "_meta", row)


def edited(path, sheet, cells):
    """Change cells and leave everything else, results of formulas included, as it is."""
    path.write_bytes(replace_block(path.read_bytes(), sheet, Block(10**6, 10**6, (), (), cells)))
    return path


def two(folder):
    """Two good reports of one unit; the second was saved later."""
    paths = [w.put(folder / f"{n}.xlsx", w.clean("2021", n, Unit(name="甲局"))) for n in (1, 2)]
    for number, path in enumerate(paths):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return paths


@pytest.mark.parametrize(
    ("preference", "chosen"),
    [(Preference("latest"), "2.xlsx"), (Preference("first"), "1.xlsx"), (None, "2.xlsx")],
)
def test_the_office_says_which_of_two_counts(tmp_path, preference, chosen):
    result = merge([judge(path) for path in two(tmp_path)], "某区", preference=preference)
    assert counted(result) == [chosen]


def test_a_file_that_is_named_counts(tmp_path):
    paths = two(tmp_path)
    result = merge(
        [judge(path) for path in paths], "某区", preference=Preference("latest", frozenset({paths[0].resolve()}))
    )
    assert counted(result) == ["1.xlsx"]


def test_a_stamp_goes_before_the_time_of_the_file(tmp_path):
    first, second = two(tmp_path)
    stamped(first, datetime(2024, 1, 20, tzinfo=UTC))
    os.utime(first, (1_600_000_000, 1_600_000_000))
    assert counted(merge([judge(first), judge(second)], "某区")) == ["1.xlsx"]


def test_what_was_changed_after_its_validation_is_said(tmp_path):
    path = stamped(w.put(tmp_path / "1.xlsx", w.clean("2021", 1, Unit(name="甲局"))), datetime(2024, 1, 20, tzinfo=UTC))
    (unit,) = merge([judge(path)], "某区").included
    assert unit.submission.findings == ()
    (unit,) = merge([judge(edited(path, "封面", {"C5": "乙局"}))], "某区").included
    assert [(f.rule, f.severity) for f in unit.submission.findings] == [("S-CHANGED", "warning")]
