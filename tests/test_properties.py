"""What holds of every report: one verdict, the rules as written in the domain, nothing lost, nothing invented."""

from __future__ import annotations

import json
import string
import sys
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_rules import broken, exact_tables
from gongkai import verdict
from gongkai.blanks import rectangles
from gongkai.cell import CellError, DateText, Uncalculated, Unread, plain
from gongkai.edition import Edition, EditionError, by_name, editions
from gongkai.messages import is_hollow
from gongkai.numerals import PLACEHOLDERS, is_blank, proposal, propose
from gongkai.report import Report, ReportError, Unit, dumps, flatten, loads, nest, to_json
from gongkai.validation import sum_findings, validate
from gongkai.verdict import Prior, is_clean, what_is_wrong
from reports import APPLICANTS, OUTCOMES, base, put

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
QUICKER = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORMS = st.sampled_from(tuple(editions().values()))
COUNTS = st.one_of(st.integers(0, 5), st.integers(0, 60), st.sampled_from([11, 50, 51, 10_000, 125_000, 10**12]))

FEES = (0, 12.5, 1250, 37_499.999999, 37_500, 125_000, 375_000, 375_000.01)
"""12.5, and what is 100, nearly 3,000, 3,000, 10,000, 30,000 and a little over 30,000 times as much."""

# --- reports


def settle(tables: dict[str, Any]) -> None:
    """Make every total of 表三 and 表四 what it must be, and carry out what is left (at least nothing)."""
    rows = tables["applications"]
    results = [row for row in rows if row not in ("received", "carried_in", "concluded", "carried_out")]
    for column in APPLICANTS:
        rows["concluded"][column] = sum(rows[row][column] for row in results)
        short = rows["concluded"][column] - rows["received"][column] - rows["carried_in"][column]
        rows["received"][column] += max(0, short)
        rows["carried_out"][column] = max(0, -short)
    for row in rows.values():
        row["total"] = sum(row[column] for column in APPLICANTS)
    for row in tables["disputes"].values():
        row["total"] = sum(row[column] for column in OUTCOMES)


@st.composite
def good_tables(draw: st.DrawFn, form: Edition, *, settled: bool | None = None) -> dict[str, Any]:
    """Draw tables whose cells are all good numbers; their sums hold when ``settled``."""
    tables = base(draw(st.sampled_from(["zero", "busy", "busy-before"])), form)
    few = st.lists(st.sampled_from(form.items), max_size=8)
    keep_sums = draw(st.booleans()) if settled is None else settled
    put(tables, {item.key: draw(good_value(item.measure.name)) for item in draw(few)})
    if form.name == "2019" and draw(st.booleans()):
        cells = tables["licensing"]["other_services"]
        cells["decisions"] = max(0, cells["prior_items"] + cells["change"])
    if form.name == "2021" and draw(st.booleans()):
        tables["fees"]["administrative_fees"]["amount"] = draw(st.sampled_from(FEES))
    if keep_sums:
        settle(tables)
    return tables


def good_value(measure: str) -> st.SearchStrategy[int | float]:
    if measure == "signed_count":
        return st.one_of(st.integers(-5, 5), COUNTS, COUNTS.map(lambda number: -number))
    if measure == "ten_thousand_yuan":
        return st.one_of(COUNTS.filter(lambda n: n < 10**9), st.integers(0, 10**9).map(lambda n: n / 10**4))
    return COUNTS


UNITS = st.builds(
    Unit,
    name=st.just("某局"),
    level=st.sampled_from(["national", "province", "prefecture", "county", "township", None]),
    kind=st.sampled_from(["government", "department", "region", None]),
    rulemaking=st.sampled_from(["有", "无", None]),
    restructured=st.sampled_from(["无", "合并", "拆分", None]),
    fee_statement=st.sampled_from(["是", "否", "不适用", None]),
)
BAD_UNITS = st.builds(
    Unit,
    name=st.sampled_from(["某局", None, ""]),
    level=st.sampled_from(["county", "县级", "", None]),
    kind=st.sampled_from(["region", "政府", "x", None]),
    rulemaking=st.sampled_from(["有", "没有", None]),
    restructured=st.sampled_from(["合并", "是", None]),
    zero_report=st.sampled_from(["是", "否", "yes", None]),
    fee_statement=st.sampled_from(["是", "有", None]),
)
YEARS = st.sampled_from([None, "2023", "2023年", 2018, 2019, 2020, 2021, 2023, 2023.0, 2023.5, 2100, True, -1, 10**20])
BAD = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["", " ", "　", *PLACEHOLDERS, "+1 项", "3件", "１２", "5", "#DIV/0!", "=A1"]),
    st.text(max_size=6),
    st.integers(max_value=-1),
    st.integers(min_value=10**15),
    st.floats(allow_nan=False),
    st.integers(-(10**9), 10**9).map(lambda number: number / 10**7),
    st.sampled_from([2.5, -0.0, 5.0, 0.1, 1e-7, 0.1234567, 123456789.1234567, 1e300, -1e300, float("inf"), 10**40]),
    st.sampled_from(["#DIV/0!", "#N/A"]).map(CellError),
    st.sampled_from(["=", "=SUM(A1:A2)"]).map(Uncalculated),
    st.just("2024-01-31").map(DateText),
    st.just("").map(Unread),
)


@st.composite
def any_report(draw: st.DrawFn) -> tuple[Edition, Report, Prior | None]:
    """Draw a report, clean or damaged in any way, with last year's or without."""
    form = draw(FORMS)
    tables = draw(good_tables(form))
    damages = draw(st.integers(0, 3))
    for item in draw(st.lists(st.sampled_from(form.items), max_size=damages)):
        tables[item.table][item.row][item.column] = draw(BAD)
    year = draw(st.one_of(st.just(form.years.start), st.just(form.years.start), YEARS))
    unit = draw(st.one_of(UNITS, UNITS, BAD_UNITS))
    return form, Report(form.name, year, unit, flatten(form, tables)), draw(any_prior(form))


@st.composite
def any_prior(draw: st.DrawFn, form: Edition) -> Prior | None:
    kind = draw(st.sampled_from([None, "same", "other"]))
    if kind is None:
        return None
    then = form if kind == "same" else next(other for other in editions().values() if other is not form)
    tables = draw(good_tables(then))
    for item in draw(st.lists(st.sampled_from(then.items), max_size=2)):
        tables[item.table][item.row][item.column] = draw(BAD)
    unit = draw(st.one_of(UNITS, BAD_UNITS))
    return Prior.of(Report(then.name, then.years.start, unit, flatten(then, tables)), then, form)


# --- one verdict


@QUICK
@given(any_report())
def test_the_fast_verdict_is_the_explained_verdict(case):
    form, report, prior = case
    assert is_clean(form, report, prior) is (list(what_is_wrong(form, report, prior)) == [])


@QUICKER
@given(any_report())
def test_the_verdict_without_jsonschema_rs(case):
    form, report, prior = case
    expected = is_clean(form, report, prior)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdict, "_fast", lambda _edition: None)
        assert is_clean(form, report, prior) is expected


def test_jsonschema_rs_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    assert verdict._fast.__wrapped__(by_name("2021")) is None


def test_jsonschema_rs_is_used_where_it_is():
    pytest.importorskip("jsonschema_rs")
    assert verdict._fast.__wrapped__(by_name("2021")) is not None


def test_not_a_number_is_wrong_to_both():
    form = by_name("2021")
    tables = base("zero", form)
    tables["fees"]["administrative_fees"]["amount"] = float("nan")
    report = Report("2021", 2023, Unit(name="某局"), flatten(form, tables))
    assert is_clean(form, report) is False
    assert [wrong.item for wrong in what_is_wrong(form, report)] == [form.index["fees.administrative_fees.amount"]]


@QUICK
@given(any_report())
def test_findings_exist_exactly_where_the_verdict_is_not_clean(case):
    """Nothing wrong is passed over in silence; ``Unread`` cells are the reader's to report."""
    form, report, prior = case
    values = tuple(None if isinstance(value, Unread) else value for value in report.values)
    report = replace(report, values=values)
    counted = report.blanks_as_zero(form) if report.declares_zero else report
    found = validate(report, form, prior)
    assert (found == ()) is is_clean(form, counted, prior)
    keys = set(form.index) | {"year"} | {f"unit.{field.key}" for field in form.cover}
    for one in found:
        assert one.item in keys
        assert "None" not in one.message
        assert "{" not in one.message or (isinstance(one.value, str) and "{" in one.value)
        assert one.severity in ("error", "warning")
        assert one.cell in one.cells


@QUICK
@given(any_report())
def test_every_wrong_cell_is_in_a_finding_and_no_good_one(case):
    form, report, prior = case
    values = tuple(None if isinstance(value, Unread) else value for value in report.values)
    report = replace(report, values=values)
    counted = report.blanks_as_zero(form) if report.declares_zero else report
    found = [one for one in validate(report, form, prior) if one.rule.startswith("F-") and one.sheet != "封面"]
    told = [(one.sheet, cell) for one in found for cell in one.cells]
    wrong = {(i.sheet, i.cell) for i, v in zip(form.items, counted.values, strict=True) if not i.measure.admits(v)}
    blank_totals = {
        (item.sheet, item.cell)
        for item, value in zip(form.items, counted.values, strict=True)
        if item.derived and value is None
    }
    assert len(told) == len(set(told))
    assert set(told) <= wrong
    assert wrong - set(told) <= blank_totals


# --- the rules, written out from the domain


@st.composite
def good_report(draw: st.DrawFn) -> tuple[Edition, Report, dict[str, Any], Edition | None, dict[str, Any] | None]:
    form = draw(FORMS)
    tables = draw(good_tables(form))
    then = draw(st.sampled_from([None, *editions().values()]))
    last = None if then is None else draw(good_tables(then))
    report = Report(form.name, form.years.start, draw(UNITS), flatten(form, tables))
    return form, report, tables, then, last


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(good_report())
def test_the_relations_are_those_of_the_domain(case):
    form, report, tables, then, last = case
    prior = None
    if then is not None:
        prior = Prior.of(Report(then.name, then.years.start, Unit(name="某局"), flatten(then, last)), then, form)
    found = validate(report, form, prior)
    exact, before = (exact_tables(f, flatten(f, t)) if f else None for f, t in ((form, tables), (then, last)))
    expected = broken(form.name, exact, report.unit, before, then.name if then else None)
    assert {(one.rule, one.severity, one.item) for one in found} == expected
    assert len(found) == len(expected)


@QUICKER
@given(good_report())
def test_an_expected_number_mends_the_relation(case):
    """Writing what a finding expects into its cell makes that finding go away."""
    form, report, _, _, _ = case
    for one in validate(report, form):
        if isinstance(one.expected, int | float) and one.rule != "T3-FEE-LINK":
            values = list(report.values)
            values[form.index[one.item]] = one.expected
            again = validate(replace(report, values=tuple(values)), form)
            assert (one.rule, one.item) not in {(other.rule, other.item) for other in again}


@QUICKER
@given(good_report())
def test_a_summary_is_the_sum_of_its_units(case):
    form, report, tables, then, last = case
    members = [report, Report(form.name, report.year, Unit(name="某"), flatten(form, last if then is form else tables))]
    total = tuple(plain(sum(Decimal(str(member.values[item.index])) for member in members)) for item in form.items)
    region = replace(report, values=total)
    assert list(sum_findings(region, form, members)) == []
    assert list(sum_findings(region, form, [])) == []
    for index in (0, len(total) - 1):
        edited = replace(region, values=(*total[:index], total[index] + 1, *total[index + 1 :]))
        (found,) = sum_findings(edited, form, members)
        assert (found.rule, found.severity, found.item) == ("R-SUM", "error", form.items[index].key)
        assert (found.value, found.expected) == (total[index] + 1, total[index])


@QUICKER
@given(good_report())
def test_if_the_sums_hold_for_every_unit_they_hold_for_the_region(case):
    form, _, tables, then, last = case
    settle(tables)
    units = [tables, last if then is form else tables]
    if then is form:
        settle(last)
    total = base("zero", form)
    for item in form.items:
        total[item.table][item.row][item.column] = sum(unit[item.table][item.row][item.column] for unit in units)
    region = Report(form.name, form.years.start, Unit(name="某市", kind="region"), flatten(form, total))
    sums = {"T3-ROW", "T3-SUM", "T3-BAL", "T4-SUM"}
    assert not sums & {one.rule for one in validate(region, form)}


# --- report JSON

NAMES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.floats(-1e9, 1e9).map(lambda n: float(f"{n:.15g}")).map(lambda n: int(n) if n.is_integer() else n),
    NAMES,
)


@st.composite
def any_plain_report(draw: st.DrawFn) -> Report:
    form = draw(FORMS)
    tables = base("busy", form)
    for item in draw(st.lists(st.sampled_from(form.items), max_size=8)):
        tables[item.table][item.row][item.column] = draw(PLAIN)
    unit = draw(st.builds(Unit, **dict.fromkeys(["name", "code", "level", "kind", "date"], st.none() | NAMES)))
    return Report(form.name, draw(PLAIN), unit, flatten(form, tables))


@QUICK
@given(any_plain_report())
def test_report_json_comes_back_as_it_went(report):
    assert loads(dumps(report)) == report
    assert loads(dumps(report).encode()) == report
    assert [type(value) for value in loads(dumps(report)).values] == [type(value) for value in report.values]
    assert dumps(loads(dumps(report))) == dumps(report)


@QUICK
@given(FORMS, st.data())
def test_nest_and_flatten_are_inverse(form, data):
    values = tuple(data.draw(st.lists(PLAIN, min_size=3, max_size=3)) * len(form.items))[: len(form.items)]
    tables = nest(form, values)
    assert flatten(form, tables) == values
    assert nest(form, flatten(form, tables)) == tables
    assert list(tables) == list(form.tables)


def test_the_digest_tells_any_change():
    form = by_name("2021")
    report = Report("2021", 2023, Unit(name="某局"), flatten(form, base("busy", form)))
    changed = [
        replace(report, year=2022),
        replace(report, unit=Unit(name="某 局")),
        replace(report, unit=Unit(name="某局", phone="1")),
        *(replace(report, values=(value, *report.values[1:])) for value in (None, "2", 3, True)),
    ]
    assert len({one.digest() for one in (report, *changed)}) == 1 + len(changed)
    assert report.digest() == loads(dumps(report)).digest()


def document() -> dict[str, Any]:
    form = by_name("2021")
    return to_json(Report("2021", 2023, Unit(name="某局"), flatten(form, base("zero", form))))


def damaged(path: str, value: Any = ...) -> dict[str, Any]:
    """Return a report JSON with one place set, or without it."""
    tree = document()
    *way, last = path.split("/")
    node: Any = tree
    for key in way:
        node = node[key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("year", "报告 JSON 缺少 year（空白格请写 null）。"),
        ("unit", "报告 JSON 缺少 unit（空白格请写 null）。"),
        ("disputes", "报告 JSON 缺少 disputes（空白格请写 null）。"),
        ("applications/carried_out", "报告 JSON 缺少 applications.carried_out（空白格请写 null）。"),
        ("fees/administrative_fees/amount", "报告 JSON 缺少 fees.administrative_fees.amount（空白格请写 null）。"),
    ],
)
def test_missing_keys(path, said):
    with pytest.raises(ReportError) as error:
        loads(json.dumps(damaged(path)))
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("procurement", "报告 JSON 中的 procurement 不是这一版统计表的内容。"),
        ("prior", "报告 JSON 中的 prior 不是这一版统计表的内容。"),
        ("fees/other", "报告 JSON 中的 fees.other 不是这一版统计表的内容。"),
        ("fees/administrative_fees/change", "报告 JSON 中的 fees.administrative_fees.change 不是这一版统计表的内容。"),
        ("unit/region", "报告 JSON 中的 unit.region 不是封面的内容。"),
    ],
)
def test_unknown_keys(path, said):
    with pytest.raises(ReportError) as error:
        loads(json.dumps(damaged(path, 0)))
    assert str(error.value) == said


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("fees/administrative_fees/amount", float("nan"), "fees.administrative_fees.amount 的数值超过 15 位有效数字"),
        ("fees/administrative_fees/amount", float("inf"), "fees.administrative_fees.amount 的数值超过 15 位有效数字"),
        ("fees/administrative_fees/amount", 1234567890.1234567, "fees.administrative_fees.amount 的数值超过 15 位"),
        ("applications/received/total", 1234567890123456, "applications.received.total 的数值超过 15 位有效数字"),
        pytest.param("applications/received/total", 10**400, "applications.received.total", id="400-digits"),
        ("applications/received/total", -1234567890123456, "applications.received.total 的数值超过 15 位有效数字"),
        ("applications/received/total", [], "applications.received.total 应是数字、文字或 null"),
        ("applications/received/total", {}, "applications.received.total 应是数字、文字或 null"),
        pytest.param(
            "applications/received/total", "\ud800", "applications.received.total 的文字过长或含", id="surrogate"
        ),
        pytest.param("applications/received/total", "5" * 32_768, "applications.received.total 的文字过长", id="long"),
        ("year", [2023], "year 应是数字、文字或 null"),
        ("applications", [], "applications 应是一个对象"),
        ("applications/received", 5, "applications.received 应是一个对象"),
        ("unit", None, "unit 应是一个对象"),
        ("unit/name", 5, "unit.name 应是文字或 null"),
        pytest.param("unit/name", "\ud800", "unit.name", id="surrogate-in-name"),
        pytest.param("unit/name", "某" * 32_768, "unit.name", id="long-name"),
    ],
)
def test_values_no_cell_can_hold(path, value, said):
    with pytest.raises(ReportError) as error:
        loads(json.dumps(damaged(path, value)))
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (5.0, 5), (10**15, 1e15), (999999999999999, 999999999999999), (24252.311082, 24252.311082), ("", None),
        (" ", " "), ("5", "5"), (True, True), (-0.0, 0), ("x" * 32_767, "x" * 32_767),
    ],
)  # fmt: skip
def test_values_are_taken_as_they_are(value, read):
    report = loads(json.dumps(damaged("fees/administrative_fees/amount", value)))
    got = report.values[by_name("2021").index["fees.administrative_fees.amount"]]
    assert (got, type(got)) == (read, type(read))


@pytest.mark.parametrize(
    "text",
    [
        dumps(Report("2021", 2023, Unit(name="某"), (0,) * 200)).replace('"year": 2023', '"year": 2023, "year": 2022'),
        dumps(Report("2021", 2023, Unit(name="某"), (0,) * 200)).replace('"issued": 0', '"issued": 0, "issued": 0'),
        dumps(Report("2021", 2023, Unit(name="某"), (0,) * 200)).replace('"name": "某"', '"name": "某", "name": "某"'),
    ],
)
def test_duplicate_keys(text):
    with pytest.raises(ReportError, match="同一个键出现了两次"):
        loads(text)


@pytest.mark.parametrize("text", ["", "{", "[1,", "nul", "﻿", b"\xff\xfe\x00", b"\x80", "[" * 100_000, "1" * 5000])
def test_what_is_no_json(text):
    with pytest.raises(ReportError, match="不是有效的 JSON"):
        loads(text)


@pytest.mark.parametrize("text", ["[]", "5", "null", '"2021"', "{}", '{"year": 2023}'])
def test_what_is_no_report(text):
    with pytest.raises(ReportError, match="不是报告 JSON"):
        loads(text)


@pytest.mark.parametrize("name", ["2020", 2021, None, [], {}, "", "2021 "])
def test_an_edition_that_does_not_exist(name):
    with pytest.raises(EditionError) as error:
        loads(json.dumps({"edition": name}))
    assert str(error.value) == f"没有名为“{name}”的统计表版本，可用的版本是：2019、2021。"


# --- what a text can mean

NOTHING = {"count": None, "signed_count": None, "ten_thousand_yuan": None}


def readings(count: float | None, signed: float | None, money: float | None) -> dict[str, float | None]:
    return {"count": count, "signed_count": signed, "ten_thousand_yuan": money}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+1 项", readings(1, 1, None)),
        ("3件", readings(3, 3, None)),
        ("3 件", readings(3, 3, None)),
        ("１２", readings(12, 12, 12)),
        ("2560万元", readings(None, None, 2560)),
        ("2560 万元", readings(None, None, 2560)),
        ("251000元", readings(None, None, 25.1)),
        ("251,000 元", readings(None, None, 25.1)),
        ("1,200", readings(1200, 1200, 1200)),
        ("1，200", readings(1200, 1200, 1200)),
        ("1,234,567", readings(1234567, 1234567, 1234567)),
        ("1,200.5", readings(None, None, 1200.5)),
        ("12,34", NOTHING),
        ("1,2000", NOTHING),
        ("3.0.1", NOTHING),
        ("5", readings(5, 5, 5)),
        ("05", readings(5, 5, 5)),
        ("3.0", readings(3, 3, 3)),
        ("3.5", readings(None, None, 3.5)),
        ("增72", readings(72, 72, 72)),
        ("增加72项", readings(72, 72, None)),
        ("减72", readings(None, -72, None)),
        ("减少 3", readings(None, -3, None)),
        ("+173", readings(173, 173, 173)),
        ("-3", readings(None, -3, None)),
        ("－3", readings(None, -3, None)),
        ("−3", readings(None, -3, None)),
        ("22（其中修订16件）", readings(22, 22, 22)),
        ("22件(含废止)", readings(22, 22, None)),
        (" 5", readings(5, 5, 5)),
        ("　5　", readings(5, 5, 5)),
        ("\u00a05", readings(5, 5, 5)),
        ("5\n", readings(5, 5, 5)),
        ("约5", NOTHING),
        ("5左右", NOTHING),
        ("5-6", NOTHING),
        ("5%", NOTHING),
        ("1e3", NOTHING),
        ("五", NOTHING),
        ("", NOTHING),
        (" ", NOTHING),
        ("无", NOTHING),
        ("/", NOTHING),
        ("-", NOTHING),
        ("—", NOTHING),
        (".5", NOTHING),
        ("2024-01-31", NOTHING),
        ("TRUE", NOTHING),
        ("#DIV/0!", NOTHING),
        ("=1+1", NOTHING),
    ],
)
def test_propose(text, expected):
    assert {measure: propose(text, measure) for measure in expected} == expected
    for measure, number in expected.items():
        assert type(propose(text, measure)) is type(number)


@pytest.mark.parametrize("measure", list(NOTHING))
@pytest.mark.parametrize(
    "value", [None, True, 5, 5.0, CellError("5"), Uncalculated("5"), DateText("5"), Unread("5"), Unread()]
)
def test_only_typed_text_is_read(value, measure):
    assert propose(value, measure) is None


@pytest.mark.parametrize("value", [None, "", " ", "　", "\u00a0", "/", "／", "-", "－", "—", "——", "--", "无", " 无 "])
def test_blanks(value):
    assert is_blank(value) is True


@pytest.mark.parametrize(
    "value",
    [
        0,
        False,
        0.0,
        "0",
        "无此项",
        "-1",
        "N/A",
        "//",
        "零",
        CellError("#N/A"),
        Uncalculated(""),
        DateText("-"),
        Unread(),
    ],
)
def test_what_is_not_blank(value):
    assert is_blank(value) is False


@QUICK
@given(st.integers(0, 10**15 - 1), st.sampled_from(["count", "signed_count"]))
def test_a_number_as_text_is_that_number(number, measure):
    wide = "".join(chr(ord(char) + 0xFEE0) for char in str(number))
    for text in (str(number), f"{number:,}", f" {number}　", f"+{number}", f"{number}件", f"{number} 项", wide):
        assert propose(text, measure) == number


@QUICK
@given(st.integers(-(10**15) + 1, -1))
def test_a_negative_number_is_only_a_change(number):
    assert propose(str(number), "signed_count") == number
    assert propose(str(number), "count") is None
    assert propose(str(number), "ten_thousand_yuan") is None


@QUICK
@given(st.integers(0, 10**14))
def test_an_amount_as_text_is_that_amount(millionths):
    number = Decimal(millionths).scaleb(-6)
    whole = number == int(number)
    expected = int(number) if whole else float(number)
    for text in (f"{number:f}", f"{number:,f}", f"{number:f}万元"):
        assert propose(text, "ten_thousand_yuan") == expected
    yuan = number * 10_000
    assert propose(f"{yuan:f}元", "ten_thousand_yuan") == expected


@QUICK
@given(
    st.one_of(
        st.text(alphabet="0123456789.,+-增减元万件", max_size=20),
        st.text(alphabet=string.printable, max_size=8),
        st.sampled_from(["0.001元", "3.1234567", "12345678901234567", "9999999999.5"]),
    ),
    st.sampled_from(
        list({item.measure.name: item.measure for form in editions().values() for item in form.items}.values())
    ),
)
def test_a_proposal_is_always_a_number_the_cell_may_hold(text, measure):
    """A clerk who does as told must not be told off again."""
    number = proposal(text, measure)
    assert number is None or measure.admits(number)


# --- rectangles

SPOTS = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30)


@QUICK
@given(SPOTS, SPOTS)
def test_rectangles_cover_each_spot_once_and_nothing_else(spots, also):
    found = list(rectangles(spots, also))
    cells = [cell for rectangle in found for cell in rectangle]
    assert len(cells) == len(set(cells))
    assert spots <= set(cells) <= spots | also
    for rectangle in found:
        (top, left), (bottom, right) = rectangle[0], rectangle[-1]
        assert list(rectangle) == list(product(range(top, bottom + 1), range(left, right + 1)))
        assert set(rectangle) & spots
        assert rectangle[0] in spots


@QUICKER
@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 8), st.integers(1, 8))
def test_a_full_rectangle_is_one(top, left, height, width):
    cells = tuple(product(range(top, top + height), range(left, left + width)))
    assert list(rectangles(cells)) == [cells]


@pytest.mark.parametrize(
    ("spots", "also", "expected"),
    [
        ([], [], []),
        ([], [(0, 0)], []),
        ([(0, 0)], [], [[(0, 0)]]),
        ([(0, 0), (1, 1)], [], [[(0, 0)], [(1, 1)]]),
        ([(0, 0), (0, 2)], [(0, 1)], [[(0, 0), (0, 1), (0, 2)]]),
        ([(0, 0), (0, 1), (0, 2), (1, 0)], [], [[(0, 0), (0, 1), (0, 2)], [(1, 0)]]),
        ([(0, 0), (1, 0), (2, 0), (0, 1)], [], [[(0, 0), (1, 0), (2, 0)], [(0, 1)]]),
    ],
)
def test_rectangles(spots, also, expected):
    assert [list(rectangle) for rectangle in rectangles(spots, also)] == expected


# --- explanations that explain nothing


@pytest.mark.parametrize(
    "text",
    [
        "", "无", "核实无误", "情况属实", "已核实", "属实", "正常", "数据无误", "经核实无误", "已经核实无误", "经核实，数据准确无误。",
        "情况属实，数据无误", "数据真实准确，填报无误", "本单位数据经核实确认无误", "我局已核对，情况属实", "新增业务三", "。。。。。。。。",
        "      ", "无无无无无无无", "核实无误！！！！", "没有问题，数据正确", "经检查数量正确，没有错误",
    ],
)  # fmt: skip
def test_hollow(text):
    assert is_hollow(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "新增业务三类", "四件文件当年制发当年失效", "集中受理拆迁补偿类申请", "上年漏报两件，本年补入", "与原某局合并，接收其结转申请",
        "行政处罚权下放到乡镇", "收费标准调整，由 12.5 万元增至 125000 万元", "经核实，系上年误将元填为万元", "2022 年废止了 30 件",
    ],
)  # fmt: skip
def test_not_hollow(text):
    assert is_hollow(text) is False
