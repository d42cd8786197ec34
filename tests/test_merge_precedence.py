"""Who counts: which of several files goes first, which gives way and why, how files are named, what last year adds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import workbooks as w
from gongkai.collection import roster
from gongkai.collection.ledger import Ledger
from gongkai.collection.priors import PriorReports
from gongkai.edition import by_name
from gongkai.merge import MergeError, Preference, Totals, counted_report, merge, reason
from gongkai.report import Report, Unit
from gongkai.submission import Origin, Submission

OFFICE, BUREAU, COURT = (Unit(name=name, code=code) for name, code in (("甲局", "C1"), ("乙局", "C2"), ("丙院", "C3")))
COUNTY, CITY = Unit(name="某县", kind="region"), Unit(name="某市", kind="region")


def filed(file, unit, *members, seed=1, saved=0.0, stamp=None, changed=False, year=2023, edition="2021"):
    """Return a submission without a finding, as if it had been read from a file saved at that moment."""
    return Submission(
        file, w.clean(edition, seed, unit, year), members=members, changed=changed,
        origin=Origin("", saved, validated_at=stamp),
    )  # fmt: skip


def outcome(*submissions, **options):
    """Return the files that count, and file → why it does not."""
    result = merge(submissions, "某区", **options)
    counted = [each.submission.file for each in result.included]
    return counted, {each.submission.file: each.why for each in result.excluded}


# --- two files of one unit


@pytest.mark.parametrize(
    ("one", "two", "order", "counted"),
    [
        ({"saved": 1}, {"saved": 2}, "latest", "two"),
        ({"saved": 1}, {"saved": 2}, "first", "one"),
        ({}, {}, "latest", "two"),  # by name, where nothing else tells them apart
        ({}, {}, "first", "one"),
        ({"stamp": "2024-01-20T10:00:00+08:00"}, {"stamp": "2024-01-20T03:00:00+00:00"}, "latest", "two"),
        ({"stamp": "2024-01-20T12:00:00+08:00"}, {"stamp": "2024-01-20T03:00:00+00:00"}, "latest", "one"),
        ({"stamp": "2024-01-20T12:00:00+08:00", "saved": 1}, {"saved": 2}, "latest", "one"),
        ({"stamp": "昨天", "saved": 1}, {"saved": 2}, "latest", "two"),
        ({"stamp": "2024-01-20T12:00:00+08:00", "saved": 1}, {"stamp": "昨天", "saved": 2}, "latest", "one"),
        ({"stamp": "2024-01-20T12:00:00+08:00", "saved": 1, "changed": True}, {"saved": 2}, "latest", "two"),
    ],
)
def test_which_of_two_files_of_a_unit_counts(one, two, order, counted):
    files = [filed("/收件/one.xlsx", OFFICE, **one), filed("/收件/two.xlsx", OFFICE, **two)]
    for submissions in (files, files[::-1]):
        assert outcome(*submissions, preference=Preference(order))[0] == [f"/收件/{counted}.xlsx"]


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process can be set on Unix only")
def test_stamps_are_compared_as_moments_when_our_clocks_are_put_back(monkeypatch):
    try:
        with monkeypatch.context() as away:
            away.setenv("TZ", "Europe/Berlin")
            time.tzset()
            before, after = "2023-10-29T00:30:00+00:00", "2023-10-29T01:10:00+00:00"  # 02:30 and then 02:10 there
            files = filed("前.xlsx", OFFICE, stamp=before), filed("后.xlsx", OFFICE, stamp=after)
            assert outcome(*files)[0] == ["后.xlsx"]
    finally:
        time.tzset()


def test_a_file_whose_origin_is_unknown_is_the_oldest():
    report = w.clean("2021", 1, OFFICE)
    unknown = [Submission(f"{name}.json", report) for name in ("甲", "乙")]
    assert outcome(unknown[0], filed("丙.json", OFFICE))[0] == ["甲.json"]  # as old as the other: by name
    assert outcome(unknown[0], filed("丙.json", OFFICE, saved=1))[0] == ["丙.json"]
    assert outcome(*unknown)[0] == ["甲.json"]
    assert outcome(*unknown, preference=Preference("first"))[0] == ["乙.json"]


def test_a_named_file_goes_before_a_newer_one_wherever_we_stand(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    old, new = filed("旧.xlsx", OFFICE, saved=1), filed("新.xlsx", OFFICE, saved=2)
    named = Preference("latest", frozenset({tmp_path.resolve() / "旧.xlsx"}))
    assert outcome(old, new, preference=named) == (
        ["旧.xlsx"], {"新.xlsx": "与 旧.xlsx 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"},
    )  # fmt: skip


# --- summaries


def test_a_summary_goes_before_what_it_counts_however_old_or_unwanted_it_is():
    unit = filed("甲局.xlsx", OFFICE, saved=3)
    county = filed("某县.xlsx", COUNTY, OFFICE, BUREAU, saved=2)
    city = filed("某市.xlsx", CITY, COUNTY, OFFICE, BUREAU, saved=1)
    named = Preference("latest", frozenset({Path("甲局.xlsx").resolve(), Path("某县.xlsx").resolve()}))
    for submissions in ((unit, county, city), (city, county, unit), (county, city, unit)):
        for preference in (None, Preference("first"), named):
            assert outcome(*submissions, preference=preference) == (
                ["某市.xlsx"],
                {
                    "甲局.xlsx": "已包含在“某市”的汇总中（某市.xlsx），再加会重复计算（S-OVERLAP）",
                    "某县.xlsx": "已包含在“某市”的汇总中（某市.xlsx），再加会重复计算（S-OVERLAP）",
                },
            )


@pytest.mark.parametrize(("saved", "counted", "out"), [(1, "乙县", "甲县"), (3, "甲县", "乙县")])
def test_of_two_summaries_with_a_unit_in_common_the_newer_counts(saved, counted, out):
    one = filed("甲县.xlsx", Unit(name="甲县"), OFFICE, BUREAU, saved=saved)
    two = filed("乙县.xlsx", Unit(name="乙县"), COURT, BUREAU, saved=2)
    assert outcome(one, two) == (
        [f"{counted}.xlsx"], {f"{out}.xlsx": f"与 {counted}.xlsx 都包含“乙局”，再加会重复计算（S-OVERLAP）"},
    )  # fmt: skip


def test_who_gives_way_to_nobody_that_counts_is_counted():
    """The older summary gives way to the newer one, so the unit that only it held counts by itself."""
    one = filed("甲县.xlsx", Unit(name="甲县"), OFFICE, BUREAU, saved=1)
    two = filed("乙县.xlsx", Unit(name="乙县"), BUREAU, COURT, saved=2)
    assert outcome(one, two, filed("甲局.xlsx", OFFICE))[0] == ["乙县.xlsx", "甲局.xlsx"]


def test_units_are_told_apart_by_code_and_otherwise_by_name():
    namesake = Unit(name="甲局", code="C9")
    assert outcome(filed("1", OFFICE), filed("2", namesake), filed("3", BUREAU)) == (["1", "2", "3"], {})
    summary = filed("4", COUNTY, Unit(name="甲局"))
    assert outcome(filed("1", OFFICE), summary, filed("3", BUREAU))[0] == ["4", "3"]


def test_the_roster_says_that_two_names_are_one_unit(tmp_path):
    path = tmp_path / "名册.csv"
    path.write_text("单位名称,代码,曾用名\n甲局,1,甲委\n乙局,2,\n某县,3,\n某区,4,", "utf-8")
    known = roster.read(path)
    one = filed("某县.xlsx", Unit(name="某县"), Unit(name="甲委"), Unit(name="乙局"), saved=1)
    two = filed("某区.xlsx", Unit(name="某区"), Unit(name="甲局"), saved=2)
    assert outcome(one, two, roster=known) == (
        ["某区.xlsx"], {"某县.xlsx": "与 某区.xlsx 都包含“甲局”，再加会重复计算（S-OVERLAP）"},
    )  # fmt: skip
    assert merge([one], "某市", roster=known).roster is known
    unread = Submission("坏.xlsx", error="打不开。")
    assert outcome(one, unread, filed("甲委.xlsx", Unit(name="甲委")), roster=known) == (
        ["某县.xlsx"],
        {"坏.xlsx": "打不开。", "甲委.xlsx": "已包含在“某县”的汇总中（某县.xlsx），再加会重复计算（S-OVERLAP）"},
    )


def test_a_file_that_was_left_out_for_its_errors_displaces_nobody():
    wrong = filed("2022.xlsx", OFFICE, year=2022, saved=9)
    assert outcome(filed("2023.xlsx", OFFICE, saved=1), wrong, year=2023) == (
        ["2023.xlsx"], {"2022.xlsx": "是 2022 年度的报表，不是 2023 年度（S-YEAR）"},
    )  # fmt: skip


# --- the reason, and how files are named


@pytest.mark.parametrize(
    ("why", "key"),
    [
        ("是 2022 年度的报表，不是 2023 年度（S-YEAR）", "S-YEAR"),
        ("已包含在“某市（本级）”的汇总中（某市.xlsx），再加会重复计算（S-OVERLAP）", "S-OVERLAP"),
        ("有 1 处错误（F-TYPE），如 依申请公开!D6：请改为 3。", "failed"),
        ("有 1 处错误（S-YEAR），如 甲（乙）", "failed"),
    ],
)
def test_the_key_of_a_reason_is_the_rule_at_its_end(why, key):
    assert reason(filed("1.xlsx", OFFICE), why) == key
    assert reason(Submission("1.xlsx", error=why), why) == "unreadable"


def test_files_are_named_by_their_path_inside_the_folder():
    files = (filed("/收件/甲/1.xlsx", OFFICE, saved=2), filed("/收件/乙/1.xlsx", OFFICE, saved=1))
    result = merge((*files, filed("/收件/2.xlsx", COUNTY, BUREAU), filed("/收件/3.xlsx", BUREAU)), "某区")
    assert result.folder == "/收件/"
    assert [result.short(each.submission.file) for each in result.included] == ["甲/1.xlsx", "2.xlsx"]
    assert [result.short_reason(each.why) for each in result.excluded] == [
        "与 甲/1.xlsx 是同一单位，重复报送，以那一份为准（S-DUPLICATE）",
        "已包含在“某县”的汇总中（2.xlsx），再加会重复计算（S-OVERLAP）",
    ]
    assert result.short_reason("“/收件/”不是单位名称") == "“/收件/”不是单位名称"


def test_files_that_share_no_folder_keep_their_names():
    result = merge([filed("1.xlsx", OFFICE, saved=1), filed("2.xlsx", OFFICE, saved=2)], "某区")
    assert result.folder == ""
    assert result.short("1.xlsx") == "1.xlsx"
    (out,) = result.excluded
    assert result.short_reason(out.why) == "与 2.xlsx 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"


def test_whether_a_unit_counts_with_another_file():
    namesake = filed("3.xlsx", Unit(name="甲局", code="C9"), year=2022)
    old, new = filed("1.xlsx", OFFICE, saved=1), filed("2.xlsx", OFFICE, saved=2)
    result = merge([old, new, namesake], "某区", 2023)
    assert result.has_another(old)
    assert not result.has_another(namesake)
    assert not result.has_another(filed("4.xlsx", BUREAU))


# --- numbers


def test_totals_of_two_forms_are_never_added():
    one, other = (Totals.nothing(by_name(name)) for name in ("2019", "2021"))
    with pytest.raises(ValueError, match="zip"):
        one + other


def test_nothing_is_zero_in_every_cell_and_of_no_unit():
    nothing = Totals.nothing(by_name("2021"))
    assert (nothing.values, nothing.units) == ((0,) * 200, 0)


def test_what_was_not_read_cannot_count():
    with pytest.raises(ValueError, match=r"^坏\.xlsx was not read, so it cannot count$"):
        counted_report(Submission("坏.xlsx", error="打不开。"), by_name("2021"))


def test_blanks_count_as_zero_only_where_somebody_said_so():
    blank = w.changed(w.clean("2021", 1, OFFICE), {"documents.rules.issued": None})
    assert counted_report(Submission("1", blank), by_name("2021")) is blank
    counted = counted_report(Submission("1", blank, zeroed=1), by_name("2021"))
    assert w.cells_of(counted)["documents.rules.issued"] == 0


def test_a_ledger_is_merged_as_it_is():
    ledger = Ledger.of([filed("1", OFFICE), filed("2", BUREAU, seed=2)])
    result = merge(ledger, "某区")
    assert result.ledger is ledger
    assert (result.year, result.region, result.edition.name, result.roster) == (2023, "某区", "2021", None)


@pytest.mark.parametrize(
    ("years", "said"),
    [((2023, 2022), "2022 年度 1 份，2023 年度 1 份"), ((2022, 2021, 2022), "2021 年度 1 份，2022 年度 2 份")],
)
def test_years_that_differ_are_counted_out(years, said):
    with pytest.raises(MergeError) as refused:
        merge([filed(str(n), OFFICE, year=year) for n, year in enumerate(years)], "某区")
    assert str(refused.value) == (f"这些报表不是同一年度（{said}），不能相加。请用 --year 指明要汇总的年度。")


# --- last year


def before(unit, seed, **cells):
    report = w.changed(w.clean("2021", seed, unit), cells)
    return Report("2021", 2022, unit, report.values)


def added(*reports):
    totals = Totals.nothing(by_name("2021"))
    for report in reports:
        totals += Totals.of(report)
    return totals.plain()


def test_this_year_is_compared_over_the_units_known_from_last_year():
    units = [filed("1", OFFICE, seed=1), filed("2", BUREAU, seed=2), filed("3", COURT, seed=3)]
    last = [before(OFFICE, 4), before(BUREAU, 5)]
    result = merge(units, "某区", priors=PriorReports(last))
    assert result.totals == added(*(unit.report for unit in units))
    assert result.comparable == added(units[0].report, units[1].report)
    assert result.last == added(*last)
    assert result.compared == 2


def test_what_was_no_number_last_year_adds_nothing():
    blank = before(OFFICE, 4, **{"documents.rules.issued": None, "documents.rules.in_force": "3件"})
    zero = before(OFFICE, 4, **{"documents.rules.issued": 0, "documents.rules.in_force": 0})
    result = merge([filed("1", OFFICE)], "某区", priors=PriorReports([blank]))
    assert (result.last, result.compared) == (added(zero), 1)


def test_without_a_unit_known_from_last_year_nothing_is_compared():
    for priors in (None, PriorReports([]), PriorReports([before(BUREAU, 2)])):
        result = merge([filed("1", OFFICE)], "某区", priors=priors)
        assert (result.last, result.comparable, result.compared) == (None, None, 0)
