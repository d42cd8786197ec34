"""The workbook in a real spreadsheet program: its built-in checks, with no macro and no Python, against the validation."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gongkai import marking, summary, template
from gongkai.cell import CellError, DateText, address, parse_address
from gongkai.edition import COVER_SHEET, editions
from gongkai.formulas import PRIOR_SHEET
from gongkai.merge import merge
from gongkai.messages import SEVERITIES
from gongkai.reader import read
from gongkai.report import Report, Unit
from gongkai.returns import send_back
from gongkai.sheets import DETAIL_SHEET, GUIDE_SHEET, META_SHEET
from gongkai.submission import judge
from libreoffice.native import (
    AREA,
    EXPLAIN,
    OK,
    PENDING,
    WRONG,
    Case,
    Clerk,
    Typed,
    Verdict,
    base,
    cover_fields,
    damaged,
    fault,
    judged,
    marks_in,
    prior_place,
    prior_values,
    report_in,
    seeded,
    valid_values,
)

EDITIONS = tuple(editions().values())
APPLICATIONS, PUBLISHED = "依申请公开", "主动公开"
PASSED = "内置校验：通过"
ENTRY, TOTAL, RED, AMBER = "fff9e0", "efefef", "ffc7ce", "ffe3b3"
BATCHES, LONG_BATCHES, PER_BATCH, SAVED_EVERY = 10, 23, 22, 7
BY_HAND = (marking.RESULT_SHEET, GUIDE_SHEET)
"""Sheets of a template without formulas, but for the links of a marked copy."""

MARK_NAMES = {f"gk_mark_{part}" for part in ("level", "sheet", "top", "left", "bottom", "right")}

both_editions = pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.name)


@pytest.fixture(scope="module")
def blanks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blank")
    for edition in EDITIONS:
        (folder / f"{edition.name}.xlsx").write_bytes(template.blank(edition))
    return {edition: folder / f"{edition.name}.xlsx" for edition in EDITIONS}


@pytest.fixture(scope="module")
def clerks(office, blanks):
    """One open template per edition, filled by one test after another."""
    opened = {edition: Clerk(office.open(path), edition) for edition, path in blanks.items()}
    yield opened
    for clerk in opened.values():
        clerk.document.close()


@pytest.fixture
def fresh(office, blanks):
    """Open the blank template of an edition, for a test that does with it what a clerk would not undo."""
    opened = []

    def opening(edition):
        opened.append(office.open(blanks[edition]))
        return opened[-1]

    yield opening
    for document in opened:
        document.close()


def by_key(edition, **values):
    """Return entries by item index from ``table__row__column``."""
    return {edition.index[key.replace("__", ".")]: value for key, value in values.items()}


def zeros(edition, **values):
    """Return a case of a report of zeros, but for some values, that nothing else is wrong with."""
    case = base(edition, 1)
    case.values |= by_key(edition, **values)
    case.cover |= {"level": None, "kind": None, "rulemaking": None, "restructured": None}
    return case


def item_cell(edition, key):
    item = edition.items[edition.index[key]]
    return item.sheet, item.cell


# ---- 1. stored results are true


def formulas_without_result(path):
    """Return the formula cells of an .xlsx that are stored without a result, as part!cell."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    found, formulas = [], 0
    with zipfile.ZipFile(path) as package:
        for part in package.namelist():
            if part.startswith("xl/worksheets/sheet"):
                for cell in ET.fromstring(package.read(part)).iter(f"{space}c"):  # noqa: S314 - ours
                    if cell.find(f"{space}f") is not None:
                        formulas += 1
                        if cell.find(f"{space}v") is None:
                            found.append(f"{part}!{cell.get('r')}")
    assert formulas > 50
    return found


def untrue_results(office, path):
    """Return sheet, cell, stored value and value as calculated anew, where the two differ in value or kind."""
    with office.open(path, recalculate=False) as document:
        stored = {sheet: document.read(sheet, AREA) for sheet in document.sheets() if sheet not in BY_HAND}
        document.recalculate()
        return [
            (sheet, address(row, column), old, new)
            for sheet, page in stored.items()
            for row, (before, after) in enumerate(zip(page, document.read(sheet, AREA), strict=True), 1)
            for column, (old, new) in enumerate(zip(before, after, strict=True), 1)
            if (type(old), old) != (type(new), new)
        ]


@both_editions
def test_blank_template_stores_true_results(office, blanks, edition):
    assert formulas_without_result(blanks[edition]) == []
    assert untrue_results(office, blanks[edition]) == []


def random_filling(edition, number):
    """Return a report and last year's values: every third valid, the others damaged, blank or a zero report."""
    random = seeded(edition, "filling", number)
    case = base(edition, number % BATCHES)
    if number % 3:
        case = damaged(edition, case, random)
    fields = cover_fields(edition)
    cover = {}
    for key, value in case.cover.items():
        keys = {text: name for name, text in fields[key].choices.items()}
        cover[key] = keys.get(value, value) if key == "year" or value is None else str(keys.get(value, value))
    year = cover.pop("year", None)
    values = [None] * len(edition.items)
    for index, value in case.values.items():
        values[index] = CellError("#DIV/0!") if isinstance(value, Typed) else value
    if number % 2:  # as published: the totals are written; otherwise they are missing, though their parts are there
        for relation in [relation for relation in edition.relations if relation.derives] * 2:
            parts = [values[index] for index, _ in relation.claim.right.terms]
            if values[relation.targets[0]] is None and all(isinstance(part, int) for part in parts):
                values[relation.targets[0]] = sum(parts)
    return Report(edition.name, year, Unit(**cover), tuple(values)), case.prior


@both_editions
@pytest.mark.parametrize("numbers", [range(start, start + 6) for start in range(0, 36, 6)], ids=lambda r: f"{r.start}-")
def test_filled_workbooks_store_true_results(office, tmp_path, edition, numbers):
    untrue = {}
    for number in numbers:
        report, prior = random_filling(edition, number)
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(template.fill(edition, report, prior))
        assert formulas_without_result(path) == []
        if found := untrue_results(office, path):
            untrue[number] = found
    assert untrue == {}


@both_editions
def test_a_year_typed_as_text_stores_true_results(office, tmp_path, edition):
    values = valid_values(edition, seeded(7))
    path = tmp_path / "filled.xlsx"
    for year in ("2023", "2023年", 2023.5, None):
        report = Report(edition.name, year, Unit(name="某局"), values)
        path.write_bytes(template.fill(edition, report, prior_values(edition, values)))
        assert untrue_results(office, path) == [], year


@both_editions
def test_numbers_out_of_all_bounds_store_true_results(office, tmp_path, edition):
    values = list(valid_values(edition, seeded(8)))
    money = next(item for item in edition.items if not item.measure.whole)
    values[money.index] = 1e9
    path = tmp_path / "filled.xlsx"
    path.write_bytes(
        template.fill(edition, Report(edition.name, edition.years.start, Unit(name="某局"), tuple(values)))
    )
    assert untrue_results(office, path) == []


# ---- 2. the marks say what the validation says


@both_editions
@pytest.mark.parametrize(
    "batch",
    [*range(BATCHES), *(pytest.param(BATCHES + n, marks=pytest.mark.long) for n in range(LONG_BATCHES))],
)
def test_marks_agree_with_the_validation(clerks, tmp_path, edition, batch):
    clerk = clerks[edition]
    start = base(edition, batch)
    random = seeded(edition, "batch", batch)
    disagreements = {}
    for number in range(PER_BATCH):
        case = damaged(edition, start, random) if number else start
        _, faults, found = judged(clerk, case)
        if number % SAVED_EVERY == 0:  # and the file says what the sheet shows
            path = clerk.document.save(tmp_path / "saved.xlsx")
            submission = judge(path)
            assert submission.report == report_in(edition, clerk.read())[0]
            assert sorted(map(fault, submission.findings)) == sorted(faults)
        if number == 0 and batch:
            assert faults == []
        if found:
            typed = {
                edition.items[index].key: value
                for index, value in case.values.items()
                if start.values.get(index) != value
            }
            disagreements[number] = (found, typed, case.cover)
    assert disagreements == {}


def text_cases(edition):
    """Yield what a cell can hold that is no number, each in a cell of its own among zeros."""
    entries = [item for item in edition.items if not item.derived]
    return dict(
        zip((item.index for item in entries), ("/", "-", "—", "无", "3件", "+1 项", "１２", "1,200", "5"), strict=False)
    )


@both_editions
def test_each_kind_of_text_is_marked_as_the_validation_takes_it(clerks, edition):
    for index, text in text_cases(edition).items():
        case = zeros(edition)
        case.values[index] = text
        shown, faults, different = judged(clerks[edition], case)
        item = edition.items[index]
        assert different == []
        assert [each.rule for each in faults] == ["F-BLANK" if text in ("/", "-", "—", "无") else "F-TYPE"]
        mark = PENDING if text in ("/", "-", "—", "无") else WRONG
        assert shown.rows[item.table, item.row][0] == mark
        assert shown.line == f"内置校验：1 处问题（错误 {int(mark == WRONG)}，待填 {int(mark == PENDING)}，需说明 0）"


@both_editions
def test_every_relation_of_this_year_shows_when_it_is_broken(clerks, edition):
    """A battery with one breach each, so that no relation depends on the luck of the random reports."""
    breaches = {
        "T3-ROW": by_key(edition, applications__received__total=1, applications__carried_out__total=1),
        "T3-SUM": by_key(edition, applications__concluded__natural_person=1, applications__received__natural_person=1),
        "T3-BAL": by_key(edition, applications__received__natural_person=1),
        "T3-OTHER-HIGH": by_key(
            edition, applications__other__natural_person=4, applications__received__natural_person=4
        ),
        "T4-SUM": by_key(edition, disputes__direct_litigation__total=1),
        "T2-REG-AUTH": by_key(edition, **{f"documents__rules__{edition.lines['documents']['rules'][0]}": 1}),
    }
    if edition.name == "2021":
        breaches |= {
            "T2-VALID-GE": by_key(edition, documents__normative_documents__issued=2),
            "T3-FEE-LINK": by_key(
                edition, applications__other_fee_unpaid__natural_person=1, applications__received__natural_person=1
            ),
        }
    else:
        breaches |= {
            "T2-PUBTOTAL-GE": by_key(
                edition, documents__normative_documents__newly_public=1, documents__normative_documents__made=1
            ),
            "T2-NEWPUB-LE-MADE": by_key(
                edition, documents__normative_documents__newly_public=1, documents__normative_documents__public_total=1
            ),
            "T2-ITEMS-NONNEG": by_key(edition, licensing__other_services__change=-1),
            "T2-DECISIONS-MISREAD": by_key(
                edition,
                enforcement__administrative_penalty__prior_items=3,
                enforcement__administrative_penalty__change=2,
                enforcement__administrative_penalty__decisions=5,
            ),
        }
    assert breaches.keys() == {relation.id for relation in edition.relations if not relation.prior}
    covers = {
        "T2-REG-AUTH": [
            {"level": "县级"}, {"level": "乡级"}, {"level": "省级", "kind": "部门"}, {"level": "地市级", "rulemaking": "无"},
            {"level": "地市级", "kind": "汇总", "rulemaking": "无"}, {"level": "国家级", "rulemaking": "无"},
            {"rulemaking": "无"}, {"level": "地市级", "kind": "政府"}, {"kind": "部门"}, {"level": "省级", "rulemaking": "有"},
        ],
        "T3-FEE-LINK": [{"fee_statement": text} for text in (None, "否", "不适用", "是")],
    }  # fmt: skip
    for rule, entries in breaches.items():
        seen = set()
        for cover in covers.get(rule, [{}, {"kind": "汇总"}]):
            case = zeros(edition)
            case.values |= entries
            case.cover |= cover
            _, faults, different = judged(clerks[edition], case)
            assert different == [], (rule, cover)
            seen |= {each.rule for each in faults}
        assert rule in seen


@both_editions
def test_every_relation_with_last_year_shows_when_it_is_broken(clerks, edition):
    breaches = {
        "X-CARRY": {"applications.carried_out.natural_person": 1},
        "X-JUMP": {"disputes.reconsideration.total": 11, "applications.received.total": 50},
        "X-IN-FORCE": {"documents.normative_documents.in_force": 3},
        "X-FEE-UNIT": {"fees.administrative_fees.amount": 12000},
        "X-PUBTOTAL": {"documents.normative_documents.public_total": 3},
        "X-ITEMS": {"licensing.other_services.prior_items": 3, "licensing.other_services.change": 1},
    }
    seen = set()
    first = edition.years.start
    for rule, last in breaches.items():
        if not last.keys() <= {edition.items[index].key for index in edition.prior_items}:
            continue
        for cover in ({"year": first + 1}, {"year": first}, {"restructured": "合并"}, {"kind": "汇总"}):
            case = zeros(edition)
            if rule == "X-FEE-UNIT":
                case.values |= by_key(edition, fees__administrative_fees__amount=1.2)
            case.cover |= {"year": first + 1} | cover
            case.prior = {edition.index[key]: value for key, value in last.items()}
            _, faults, different = judged(clerks[edition], case)
            assert different == [], (rule, cover)
            seen |= {each.rule for each in faults}
    assert seen == {relation.id for relation in edition.relations if relation.prior}


@both_editions
def test_a_total_waits_for_its_parts_also_in_a_zero_report(clerks, edition):
    case = Case(
        by_key(
            edition, applications__granted__natural_person=1, applications__granted__commercial_enterprise="1件",
            applications__received__natural_person=1,
        ),
        {"year": edition.years.start, "name": "某局", "zero_report": "是"},
    )  # fmt: skip
    shown, faults, different = judged(clerks[edition], case)
    assert shown.columns["T3-SUM", "commercial_enterprise"] == PENDING
    assert {each.rule for each in faults} == {"F-TYPE"}  # no sums are judged that the text is a part of
    assert different == []


@both_editions
def test_a_sign_for_a_blank_over_a_total_is_a_declared_zero_to_the_workbook(clerks, edition):
    """Deliberate: to the validation such a total is blank because of its part, and nothing is asked of it."""
    total = edition.index["applications.concluded.total"]
    case = Case(
        by_key(edition, applications__granted__natural_person="1件") | {total: "—"},
        {"year": edition.years.start + 1, "name": "某局", "zero_report": "是"},
        {total: 50},
    )
    shown, faults, different = judged(clerks[edition], case)
    assert [each.rule for each in faults] == ["F-TYPE"]
    assert shown.prior[total] == (EXPLAIN, "总计与上年相差不超过 5 倍")
    assert different == []


@both_editions
@pytest.mark.parametrize("error", ["=1/0", "=NA()"])
def test_an_error_value_leaves_no_error_beside_last_years_values(clerks, edition, error):
    rows = {"2019": "documents__normative_documents__public_total", "2021": "documents__normative_documents__in_force"}
    case = zeros(edition)
    case.cover["year"] = edition.years.start + 1
    case.values |= by_key(edition, **{rows[edition.name]: Typed(error)})
    case.prior = by_key(edition, **{rows[edition.name]: 0})
    shown, faults, different = judged(clerks[edition], case)
    assert [each.rule for each in faults] == ["F-TYPE"]
    assert shown.prior[edition.index[rows[edition.name].replace("__", ".")]] == (OK, "")
    assert different == []


@both_editions
@pytest.mark.parametrize("value", [1e9, 9_999_999_999.5, 1e15])
def test_a_number_out_of_all_bounds_is_marked(clerks, edition, value):
    money = next(item for item in edition.items if not item.measure.whole)
    count = next(item for item in edition.items if item.key == "licensing.administrative_licensing.decisions")
    item = money if value < 1e15 else count
    case = zeros(edition)
    case.values[item.index] = value
    shown, faults, different = judged(clerks[edition], case)
    assert [(each.rule, each.cell) for each in faults] == [("F-COUNT" if item is count else "F-MONEY", item.cell)]
    assert shown.rows[item.table, item.row][0] == WRONG
    assert different == []


@both_editions
@pytest.mark.parametrize("text", ["/", "-", "—", "无"])
def test_a_placeholder_for_last_years_value_is_a_blank(clerks, edition, text):
    case = zeros(edition)
    case.prior = {edition.prior_items[0]: text}
    shown, faults, different = judged(clerks[edition], case)
    assert faults == []
    assert shown.prior[edition.prior_items[0]] == ("", "")
    assert different == []


@both_editions
@pytest.mark.parametrize("key", ["zero_report", "level"])
def test_spaces_around_a_choice_change_nothing(clerks, edition, key):
    case = zeros(edition)
    case.cover[key] = {"zero_report": "是 ", "level": " 乡级"}[key]
    del case.values[edition.index["licensing.administrative_licensing.decisions"]]
    _, _, different = judged(clerks[edition], case)
    assert different == []


@both_editions
def test_a_choice_of_spaces_is_none(clerks, edition):
    """Were the field taken for filled, nothing would be asked of the year before."""
    case = zeros(edition)
    case.cover["restructured"] = "  "
    case.prior = {edition.index["applications.carried_out.total"]: 1}
    shown, faults, different = judged(clerks[edition], case)
    assert [(each.rule, each.severity) for each in faults] == [("X-CARRY", "error")]
    assert shown.prior[edition.index["applications.carried_out.total"]][0] == WRONG
    assert different == []


@both_editions
@pytest.mark.parametrize("year", ["2023", "2023年", " ", 2023.5])
def test_a_year_that_is_no_number_leaves_last_years_marks_alone(clerks, edition, year):
    case = base(edition, 4)
    case.cover["year"] = year
    case.prior = dict.fromkeys(edition.prior_items, 5)
    _, _, different = judged(clerks[edition], case)
    assert different == []


@both_editions
@pytest.mark.parametrize("formula", ["=0.1+0.2", "=1.1*3"])
def test_a_binary_fraction_is_the_decimal_it_shows(clerks, tmp_path, edition, formula):
    money = next(item for item in edition.items if not item.measure.whole)
    case = zeros(edition)
    case.values[money.index] = Typed(formula)
    shown, faults, different = judged(clerks[edition], case)
    assert (shown.line, faults, different) == (PASSED, [], [])
    assert judge(clerks[edition].document.save(tmp_path / "money.xlsx")).findings == ()


@both_editions
def test_a_binary_fraction_as_other_programs_store_it(office, tmp_path, edition):
    """LibreOffice saves fifteen digits, Excel and openpyxl seventeen: =0.1+0.2 arrives as 0.30000000000000004."""
    values = list(valid_values(edition, seeded(9)))
    money = next(item for item in edition.items if not item.measure.whole)
    values[money.index] = 0.3125
    unit = Unit(name="某局", fee_statement="是")
    path = tmp_path / "stored.xlsx"
    written = template.fill(edition, Report(edition.name, edition.years.start, unit, tuple(values)))
    with zipfile.ZipFile(BytesIO(written)) as source, zipfile.ZipFile(path, "w") as target:
        for part in source.namelist():
            target.writestr(part, source.read(part).replace(b"<v>0.3125</v>", b"<v>0.30000000000000004</v>"))
    with office.open(path) as document:
        assert document.value(COVER_SHEET, "A2") == PASSED
        assert document.texts(money.sheet, money.cell) == [["0.3"]]
        assert document.invalid_cells(money.sheet) == []
    assert [(finding.rule, finding.cell) for finding in judge(path).findings] == []


ODD_BLANKS = (" ", "　", " / ", "--", "－", "―", "——")


@both_editions
@pytest.mark.parametrize("text", ODD_BLANKS)
def test_an_unusual_sign_for_a_blank_is_marked_wrong(clerks, edition, text):
    """Deliberate: the workbook knows four signs for a blank; others, and spaces, are no number to it.

    So the mark is ✗ where the validation says F-BLANK; and a zero report, in which the validation takes them for zero,
    does not pass in the workbook until they are deleted.
    """
    item = edition.items[edition.index["disputes.reconsideration.upheld"]]
    case = zeros(edition)
    case.values[item.index] = text
    shown, faults, _ = judged(clerks[edition], case)
    assert [(each.rule, each.cell) for each in faults] == [("F-BLANK", item.cell)]
    assert shown.rows[item.table, item.row][0] == WRONG
    case.cover["zero_report"] = "是"
    shown, faults, _ = judged(clerks[edition], case)
    assert shown.rows[item.table, item.row][0] == WRONG
    assert shown.line != PASSED


@both_editions
def test_a_formula_that_shows_nothing_is_no_declared_zero_to_the_workbook(clerks, edition):
    """Deliberate: a zero report declares what is empty; a formula in an entry cell is not, whatever it shows."""
    item = edition.items[edition.index["disputes.reconsideration.upheld"]]
    case = zeros(edition)
    case.values[item.index] = Typed('=""')
    shown, faults, different = judged(clerks[edition], case)
    assert different == []
    assert [(each.rule, each.cell) for each in faults] == [("F-BLANK", item.cell)]
    assert shown.rows[item.table, item.row][0] == PENDING
    case.cover["zero_report"] = "是"
    shown, _, _ = judged(clerks[edition], case)
    assert shown.rows[item.table, item.row][0] == PENDING
    assert shown.line != PASSED


@both_editions
def test_a_date_looks_like_a_number_to_the_workbook(fresh, tmp_path, edition):
    """Deliberate: no function tells a formula that a number is shown as a date, or, here, as TRUE."""
    document = fresh(edition)
    clerk = Clerk(document, edition)
    clerk.fill(zeros(edition))
    sheet, cell = item_cell(edition, "licensing.administrative_licensing.decisions")
    for text, kind in (("2023-5-4", DateText), ("TRUE", bool)):
        document.enter({(sheet, cell): text})
        assert marks_in(edition, clerk.read()).line == PASSED
        submission = judge(document.save(tmp_path / "date.xlsx"))
        assert [(finding.rule, finding.cell) for finding in submission.findings] == [("F-TYPE", cell)]
        assert type(submission.report.values[edition.index["licensing.administrative_licensing.decisions"]]) is kind


# ---- 3. the clerk: fill, save, validate, save again


def wrong_cases(edition):
    """Yield three reports that are wrong in different ways, with last year's values."""
    for number in (0, 5, 4):
        random = seeded(edition, "clerk", number)
        case = base(edition, number)
        for _ in range(1 if number else 9):
            case = damaged(edition, case, random)
        yield case


def names_in(path):
    """Return the defined names of an .xlsx."""
    with zipfile.ZipFile(path) as package:
        text = package.read("xl/workbook.xml").decode()
    return {
        name: re.sub(r"['$]", "", area)
        for name, area in re.findall(r'<definedName [^>]*name="(gk_\w+)"[^>]*>([^<]*)<', text)
    }


def anatomy(document, edition):
    """Return all that a workbook of ours must not lose when a program saves it."""
    sheets = (COVER_SHEET, *edition.sheets, PRIOR_SHEET)
    kept = {
        "sheets": document.sheets(),
        "hidden": document.hidden_sheets(),
        "protected": {sheet: document.protected(sheet) for sheet in document.sheets()},
    }
    for sheet in sheets:
        kept["unlocked", sheet] = document.unlocked_cells(sheet)
        kept["validation", sheet] = {cell: document.validation(sheet, cell) for cell in kept["unlocked", sheet]}
        kept["formulas", sheet] = document.formulas(sheet, AREA)
        kept["values", sheet] = document.read(sheet, AREA)
        kept["conditions", sheet] = sorted(
            (
                condition["areas"],
                [(e["type"], e["operator"], e["formula1"], e["background"]) for e in condition["entries"]],
            )
            for condition in document.conditional_formats(sheet)
        )
        kept["colours", sheet] = document.colours(sheet)
    return kept


def cli_reports(paths):
    run = subprocess.run(
        [sys.executable, "-m", "gongkai", "validate", "--format", "json", *paths],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return run.returncode, {Path(told["file"]): told for told in json.loads(run.stdout)["reports"]}


@both_editions
def test_a_saved_file_is_told_the_same_faults(fresh, tmp_path, edition):
    clerk = Clerk(fresh(edition), edition)
    pages = {}
    for number, case in enumerate(wrong_cases(edition)):
        clerk.fill(case)
        path = clerk.document.save(tmp_path / f"{number}.xlsx")
        pages[path] = clerk.read()
    clerk.fill(zeros(edition))
    path = clerk.document.save(tmp_path / "right.xlsx")
    pages[path] = clerk.read()
    code, told = cli_reports(pages)
    assert code == 1
    assert told.keys() == pages.keys()
    for file, page in pages.items():
        report, prior, wrong = report_in(edition, page)
        faults = [fault(finding) for finding in told[file]["findings"]]
        assert list(Verdict(edition, report, faults).disagreements(marks_in(edition, page), prior, wrong)) == []
        assert (told[file]["status"] == "passed") == (not faults)
        assert told[file]["edition"] == edition.name
    assert [told[file]["status"] for file in pages][-2:] == ["failed", "passed"]


@both_editions
def test_a_second_generation_keeps_everything(office, fresh, tmp_path, edition):
    clerk = Clerk(fresh(edition), edition)
    clerk.fill(next(wrong_cases(edition)))
    first = clerk.document.save(tmp_path / "first.xlsx")
    before = anatomy(clerk.document, edition)
    assert all(before["protected"].values())
    assert before["hidden"] == [META_SHEET]
    with office.open(first, recalculate=False) as document:
        second = document.save(tmp_path / "second.xlsx")
    with office.open(second, recalculate=False) as document:
        assert anatomy(document, edition) == before
    assert formulas_without_result(second) == []
    assert untrue_results(office, second) == []
    assert names_in(first) == names_in(second)
    assert names_in(second).keys() == {"gk_zero", "gk_year", *MARK_NAMES}
    one, two = read(first), read(second)
    assert one == two
    assert (one.meta["edition"], one.meta["schema_digest"]) == (edition.name, edition.digest)
    findings = judge(second).findings  # and it can still be marked
    marked = tmp_path / "marked.xlsx"
    marked.write_bytes(marking.marked(second.read_bytes(), findings, {}))
    with office.open(marked) as document:
        for sheet, shown, expected in painted(document, edition, findings):
            assert shown == expected, sheet
            assert RED in shown.values()


# ---- 4. native validation


def entry_items(edition):
    return [item for item in edition.items if not item.derived]


@both_editions
def test_invalid_cells_are_exactly_those_that_are_wrong(fresh, edition):
    document = fresh(edition)
    kinds = {
        "count": (-5, 1.5, "三", "3件", "/", 0.1, -0.5, 1e15),
        "signed_count": (1.5, "减3", -0.1, 1e15),
        "ten_thousand_yuan": (-5, "3万元", 3.0000001, -0.000001, 1e9, "无"),
    }
    fine = {"count": (0, 5, 7.0, 999999), "signed_count": (-5, 0, 3), "ten_thousand_yuan": (0, 1.5, 3.000001, 0.1, 12)}
    for wrong, bad in ((True, kinds), (False, fine)):
        for turn in range(max(map(len, bad.values()))):
            cells, typed = {}, {}
            for number, item in enumerate(entry_items(edition)):
                choices = bad[item.measure.name]
                if (number * 7 + turn) % 5 == 0 or (len(choices) > turn and not item.measure.whole):
                    typed[item.sheet, item.cell] = choices[(number + turn) % len(choices)]
                    cells.setdefault(item.sheet, []).append(item.cell)
            document.type_values(typed)
            for sheet in edition.sheets:
                expected = sorted(cells.get(sheet, ()), key=parse_address) if wrong else []
                assert document.invalid_cells(sheet) == expected
            document.type_values(dict.fromkeys(typed))
    titles = [address(row, column) for row in (2, 3) for column in range(1, 15) if (row, column) not in OPEN]
    shown = [cell for cell in titles if document.value(marking.RESULT_SHEET, cell) is not None]
    assert shown == ["A2", *(f"{column}3" for column in "ABCDEFGHIJKLMN")]  # nothing may be typed there
    invalid = {sheet: document.invalid_cells(sheet) for sheet in document.sheets()}
    assert {sheet: cells for sheet, cells in invalid.items() if cells} == {marking.RESULT_SHEET: shown}


OPEN = {(row, marking.EXPLANATION) for row in range(marking.FIRST_ROW, marking.LAST_ROW + 1)}
"""The cells of 验证结果 that a hand may type in."""


@both_editions
def test_of_the_results_only_the_explanations_can_be_typed(fresh, edition):
    document = fresh(edition)
    places = [(row, column) for row in (2, 3, 4, 5, marking.LAST_ROW, 20_000) for column in range(1, 15)]
    for row, column in places:
        rule = document.validation(marking.RESULT_SHEET, address(row, column))
        if column == marking.EXPLANATION and row >= marking.FIRST_ROW:
            assert rule["type"] == "any"
            continue
        assert (rule["type"], rule["error_style"], rule["show_error"]) == ("custom", "stop", True), (row, column)
        assert rule["formula1"] == "0"  # never true
        assert is_chinese(rule["error_message"])
    document.type_values({(marking.RESULT_SHEET, address(row, column)): "改" for row, column in places})
    invalid = set(document.invalid_cells(marking.RESULT_SHEET))
    assert {place for place in places if address(*place) not in invalid} == {
        (row, marking.EXPLANATION) for row, _ in places if row >= marking.FIRST_ROW
    }


@both_editions
def test_invalid_cells_on_the_other_sheets(fresh, edition):
    document = fresh(edition)
    fields = cover_fields(edition)
    choices = [place for place in fields.values() if place.choices]
    document.type_values({(COVER_SHEET, place.cell): "别的" for place in choices})
    document.type_values({(COVER_SHEET, fields["year"].cell): edition.years.start - 1})
    assert document.invalid_cells(COVER_SHEET) == sorted(
        [fields["year"].cell, *(place.cell for place in choices)], key=parse_address
    )
    for place in choices:
        for text in place.choices.values():
            document.type_values({(COVER_SHEET, place.cell): text})
            assert place.cell not in document.invalid_cells(COVER_SHEET)
    document.type_values({(COVER_SHEET, fields["year"].cell): edition.years.start})
    assert document.invalid_cells(COVER_SHEET) == []
    wrong = {index: 1.5 if edition.items[index].measure.whole else 3.0000001 for index in edition.prior_items}
    document.type_values({(PRIOR_SHEET, prior_place(edition, index)): value for index, value in wrong.items()})
    assert document.invalid_cells(PRIOR_SHEET) == [prior_place(edition, index) for index in edition.prior_items]


def is_chinese(text):
    return len(re.findall(r"[\u4e00-\u9fff]", text)) >= 4


@both_editions
def test_every_entry_cell_has_a_chinese_prompt_and_alert(fresh, edition):
    document = fresh(edition)
    unlocked = {sheet: set(document.unlocked_cells(sheet)) for sheet in document.sheets()}
    for item in edition.items:
        rule = document.validation(item.sheet, item.cell)
        assert (item.cell in unlocked[item.sheet]) == (not item.derived)
        if item.derived:
            assert rule["type"] == "any"
            continue
        assert rule["show_error"], item.key
        assert rule["show_input"], item.key
        assert rule["error_style"] == "stop"
        assert all(is_chinese(rule[key]) for key in ("input_title", "input_message", "error_title", "error_message"))
        if item.measure.whole:
            assert (rule["type"], rule["operator"]) == ("whole", "between")
            assert (float(rule["formula1"]), float(rule["formula2"])) == (item.measure.minimum, item.measure.maximum)
        else:
            assert "万元" in rule["input_message"]
    for sheet, cells in unlocked.items():
        items = {cell for item in edition.items if item.sheet == sheet and not item.derived for cell in item_area(item)}
        expected = {
            COVER_SHEET: {place.cell for place in edition.cover},
            PRIOR_SHEET: {prior_place(edition, index) for index in edition.prior_items},
            META_SHEET: {"B4", "B5", "B6"},  # the stamp
        }.get(sheet, items)
        if sheet != marking.RESULT_SHEET:
            assert cells == expected
    for index in edition.prior_items:
        assert is_chinese(document.validation(PRIOR_SHEET, prior_place(edition, index))["error_message"])


def item_area(item):
    box = item.box
    return [address(row, column) for row in range(box.top, box.bottom + 1) for column in range(box.left, box.right + 1)]


@both_editions
def test_cover_choices_are_lists(fresh, edition):
    document = fresh(edition)
    for place in edition.cover:
        rule = document.validation(COVER_SHEET, place.cell)
        if place.choices:
            assert (rule["type"], rule["show_list"], rule["error_style"]) == ("list", True, "stop")
            assert rule["formula1"] == ";".join(f'"{text}"' for text in place.choices.values())
            assert is_chinese(rule["error_message"])
        elif place.key == "year":
            assert (rule["type"], rule["operator"]) == ("whole", "between")
            assert [rule["formula1"], rule["formula2"]] == [str(edition.years.start), str(edition.years.stop - 1)]
            assert is_chinese(rule["error_message"])
        else:
            assert rule["type"] == "any"


@both_editions
def test_locked_cells_refuse_what_is_entered(office, blanks, edition):
    keys = ("received.total", "concluded.natural_person", "concluded.total")
    places = [item_cell(edition, f"applications.{key}") for key in keys]
    places += [
        (APPLICATIONS, "K6"),
        (COVER_SHEET, "A2"),
        (PUBLISHED, "A1"),
        (marking.RESULT_SHEET, "A1"),
        (META_SHEET, "B1"),
    ]
    for sheet, cell in places:  # a second refusal in one window ends LibreOffice 7.4
        with office.open(blanks[edition]) as document:
            before = document.formulas(sheet, cell), document.read(sheet, cell)
            document.enter({(sheet, cell): "12"})
            assert (document.formulas(sheet, cell), document.read(sheet, cell)) == before
            assert document.locked(sheet, cell)


@both_editions
def test_every_entry_cell_takes_what_is_entered(fresh, edition):
    document = fresh(edition)
    entries = {(item.sheet, item.cell): "1" for item in entry_items(edition)}
    document.enter(entries)
    assert [document.value(*place) for place in entries] == [1] * len(entries)
    rows, columns = edition.lines["applications"], edition.lines["applications"]["received"]
    concluded = (len(rows) - len(("received", "carried_in", "concluded", "carried_out"))) * (len(columns) - 1)
    assert document.value(*item_cell(edition, "applications.concluded.total")) == concluded
    assert document.value(*item_cell(edition, "disputes.direct_litigation.total")) == 4


# ---- 5. painting


def tints(edition, sheet):
    """Return the colours of a blank sheet of tables, by the cells where they show."""
    return {item.cell: TOTAL if item.derived else ENTRY for item in edition.items if item.sheet == sheet}


def shades(document, sheet):
    """Return the colours of a sheet that are not white."""
    return {cell: colour for cell, colour in document.colours(sheet).items() if colour != "ffffff"}


def painted(document, edition, findings):
    """Return for each sheet of tables the colours that show, and those that the findings call for."""
    for sheet in edition.sheets:
        expected = tints(edition, sheet)
        for severity, colour in (("warning", AMBER), ("error", RED)):
            for finding in findings:
                if finding.sheet == sheet and finding.severity == severity:
                    expected |= dict.fromkeys(finding.span or (finding.cell,), colour)
        yield sheet, shades(document, sheet), expected


@both_editions
def test_a_blank_template_shows_no_marks(fresh, edition):
    document = fresh(edition)
    for sheet, shown, expected in painted(document, edition, ()):
        assert shown == expected, sheet
    for sheet in (COVER_SHEET, PRIOR_SHEET):
        assert not {RED, AMBER} & set(document.colours(sheet).values())
    colours = document.colours(PRIOR_SHEET)
    assert {cell for cell, colour in colours.items() if colour == ENTRY} == {
        prior_place(edition, index) for index in edition.prior_items
    }
    colours = document.colours(COVER_SHEET)
    assert {cell for cell, colour in colours.items() if colour == ENTRY} == {place.cell for place in edition.cover}


def broken_reports(edition):
    """Yield reports with errors and warnings in cells, rectangles, totals and on the cover."""
    random = seeded(edition, "broken")
    values = list(valid_values(edition, random))
    for item in edition.items:
        if item.table == "disputes" or (item.row == "granted" and item.column == "natural_person"):
            values[item.index] = None
    values[edition.index["applications.carried_out.total"]] += 1
    values[edition.index["documents.rules." + edition.lines["documents"]["rules"][0]]] = 2
    values[edition.index["licensing.administrative_licensing.decisions"]] = "3件"
    yield Report(edition.name, None, Unit(name="某局", level="prefecture", kind="department"), tuple(values))
    for number in range(2):
        values = list(valid_values(edition, random))
        values[edition.index["applications.other.natural_person"]] += 50
        values[edition.index["applications.received.natural_person"]] += 50
        for _ in range(4 * number):
            item = random.choice(edition.items)
            values[item.index] = random.choice((None, -1, 1.5, "1,200", "５", 8))
        yield Report(edition.name, edition.years.start, Unit(name="某局", kind="bureau"), tuple(values))


@both_editions
def test_marked_copies_paint_the_cells_of_their_findings(office, tmp_path, edition):
    paths = []
    for number, report in enumerate(broken_reports(edition)):
        paths.append(tmp_path / f"{number}.xlsx")
        paths[-1].write_bytes(template.fill(edition, report))
    submissions = [judge(path) for path in paths]
    returned = send_back(submissions, tmp_path / "退回")
    assert len(returned) == len(paths)
    severities = set()
    for submission, copy in zip(submissions, returned, strict=True):
        with office.open(copy) as document:
            for sheet, shown, expected in painted(document, edition, submission.findings):
                assert shown == expected, sheet
                severities |= {RED, AMBER} & set(expected.values())
            cover = {finding.cell for finding in submission.findings if finding.sheet == COVER_SHEET}
            colours = document.colours(COVER_SHEET)
            assert {cell for cell, colour in colours.items() if colour in (RED, AMBER)} == cover
            listed = document.read(marking.RESULT_SHEET, f"A{marking.FIRST_ROW}:D{marking.LAST_ROW}")
            assert [row[1:3] for row in listed if row[0]] == [
                [SEVERITIES[finding.severity], finding.sheet] for finding in submission.findings
            ]
    assert severities == {RED, AMBER}


@both_editions
def test_clearing_the_block_clears_the_marks(office, tmp_path, edition):
    path = tmp_path / "报表.xlsx"
    values = list(valid_values(edition, seeded("cleared")))
    values[edition.index["applications.received.total"]] += 1  # wrong in no way that native formats paint
    path.write_bytes(
        template.fill(edition, Report(edition.name, edition.years.start, Unit(name="某局"), tuple(values)))
    )
    findings = judge(path).findings
    assert findings
    path.write_bytes(marking.marked(path.read_bytes(), findings, {}))
    with office.open(path) as document:
        _, shown, expected = next(each for each in painted(document, edition, findings) if each[0] == APPLICATIONS)
        assert shown == expected
        assert RED in shown.values()
        rows = range(marking.FIRST_ROW, marking.FIRST_ROW + len(findings))
        document.type_values({(marking.RESULT_SHEET, f"C{row}"): "已清除" for row in rows})
        for sheet, shown, expected in painted(document, edition, ()):
            assert shown == expected, sheet
    path.write_bytes(marking.marked(path.read_bytes(), (), {}))
    with office.open(path) as document:
        for sheet, shown, expected in painted(document, edition, ()):
            assert shown == expected, sheet
        assert document.read(marking.RESULT_SHEET, f"A{marking.FIRST_ROW}:N{marking.LAST_ROW}") == [
            [None] * 14 for _ in range(marking.ROWS)
        ]


@both_editions
def test_what_cannot_be_a_number_is_red_while_it_is_typed(fresh, edition):
    document = fresh(edition)
    wrong = {
        "count": ("3件", -1, 1.5, "/"),
        "signed_count": ("减3", 0.5),
        "ten_thousand_yuan": ("3万元", -1, 3.0000001),
    }
    typed, fine = {}, {}
    for number, item in enumerate(entry_items(edition)):
        if number % 3 == 0 or not item.measure.whole:
            choices = wrong[item.measure.name]
            typed[item.sheet, item.cell] = choices[number % len(choices)]
        elif number % 3 == 1:
            fine[item.sheet, item.cell] = number
    document.type_values(typed | fine)
    for sheet in edition.sheets:
        red = {cell: RED for place, cell in typed if place == sheet}
        assert shades(document, sheet) == tints(edition, sheet) | red
    document.type_values(dict.fromkeys(typed))
    for sheet in edition.sheets:
        assert shades(document, sheet) == tints(edition, sheet)


# ---- 6. 零报告


@both_editions
def test_one_choice_makes_a_zero_report(clerks, tmp_path, edition):
    clerk = clerks[edition]
    case = Case({}, {"year": edition.years.start, "name": "某局"})
    clerk.fill(case)
    shown = marks_in(edition, clerk.read())
    rows = sum(len(rows) for rows in edition.lines.values())
    assert [mark for mark, _ in shown.rows.values()] == [PENDING] * rows
    assert set(shown.columns.values()) == {PENDING}
    count = rows + len(shown.columns)
    assert shown.line == f"内置校验：{count} 处问题（错误 0，待填 {count}，需说明 0）"
    case.cover["zero_report"] = "是"
    clerk.fill(case)
    pages = clerk.read()
    shown = marks_in(edition, pages)
    assert [mark for mark, _ in shown.rows.values()] == [OK] * rows
    assert set(shown.columns.values()) == {OK}
    assert shown.line == PASSED
    submission = judge(clerk.document.save(tmp_path / "zero.xlsx"))
    assert (submission.status, submission.report) == ("passed", report_in(edition, pages)[0])
    totals = [item for item in edition.items if item.derived]
    assert [pages[item.sheet][item.box.top - 1][item.box.left - 1] for item in totals] == [0] * len(totals)
    case.cover["zero_report"] = "否"
    clerk.fill(case)
    assert marks_in(edition, clerk.read()).line == f"内置校验：{count} 处问题（错误 0，待填 {count}，需说明 0）"


# ---- 7. the summary


@both_editions
def test_a_summary_stores_true_results(office, tmp_path, edition):
    random = seeded(edition, "summary")
    money = next(item for item in edition.items if not item.measure.whole)
    submissions = []
    for number, amount in enumerate((0.1, 0.2, 1234.567891, 0)):
        values = list(valid_values(edition, random))
        values[money.index] = amount
        unit = Unit(name=f"{number + 1} 局", fee_statement="是", zero_report="是" if number == 3 else None)
        if number == 3:
            values = [None if value == 0 else value for value in values]
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(template.fill(edition, Report(edition.name, edition.years.start, unit, tuple(values))))
        submissions.append(judge(path))
    result = merge([*submissions[:2], submissions[3]], "某区")
    assert len(list(result.included)) == 3
    assert result.totals[money.index] == 0.3
    for name, merged in (
        ("three", result),
        ("all", merge(submissions, "某区")),
        ("one", merge(submissions[:1], "某区")),
    ):
        path = tmp_path / f"{name}.xlsx"
        path.write_bytes(summary.workbook(merged))
        assert formulas_without_result(path) == []
        assert untrue_results(office, path) == []
        with office.open(path) as document:
            pages = {sheet: document.read(sheet, AREA) for sheet in edition.sheets}
            values = [pages[item.sheet][item.box.top - 1][item.box.left - 1] for item in edition.items]
            assert values == list(merged.totals)
        assert judge(path).status == "passed"
    with office.open(tmp_path / "three.xlsx") as document:  # live: a unit's number changed changes the region's
        row = document.read(DETAIL_SHEET, "A6:IZ8")
        assert [cells[1] for cells in row] == ["1 局", "2 局", "4 局"]
        column = next(n for n, key in enumerate(document.read(DETAIL_SHEET, "A5:IZ5")[0], 1) if key == money.key)
        document.type_values({(DETAIL_SHEET, address(6, column)): 1.1})
        assert document.value(money.sheet, money.cell) == 1.3


# ---- 8. on paper


@pytest.mark.skipif(
    not (shutil.which("pdfinfo") and shutil.which("pdftotext")), reason="not installed: pdfinfo, pdftotext"
)
@both_editions
def test_every_sheet_prints_and_a_table_on_one_page(office, blanks, tmp_path, edition):
    filled = tmp_path / "filled.xlsx"
    report = Report(
        edition.name, edition.years.start, Unit(name="某某某市某某某区人民政府办公室"), (None,) * len(edition.items)
    )
    filled.write_bytes(template.fill(edition, report))
    for path in (blanks[edition], filled):
        with office.open(path) as document:
            sheets = [sheet for sheet in document.sheets() if sheet not in document.hidden_sheets()]
            titles = {sheet: squeezed(document.value(sheet, "A1")) for sheet in sheets}
            pdf = document.pdf(tmp_path / "页.pdf")
        told = subprocess.run(["pdfinfo", pdf], capture_output=True, text=True, check=True).stdout
        text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
        pages = [squeezed(page) for page in text.split("\f")[:-1]]
        assert f"Pages:{len(pages)}" in squeezed(told)
        assert "A4" in told
        first, at = {}, -1
        for sheet, title in titles.items():  # the cover names other sheets, so a title counts after its predecessor's
            at = first[sheet] = next(n for n, page in enumerate(pages) if n > at and title in page)
        assert first[COVER_SHEET] == 0
        ends = [*list(first.values())[1:], len(pages)]
        lengths = {sheet: end - first[sheet] for sheet, end in zip(sheets, ends, strict=True)}
        assert [lengths[sheet] for sheet in (COVER_SHEET, *edition.sheets)] == [1] * (1 + len(edition.sheets))
        for sheet in edition.sheets:  # the helpers stay off the paper
            assert not re.search("✓|✗|需说明|还有空格未填|核对：", pages[first[sheet]])


def squeezed(text):
    return "".join(str(text).split())
