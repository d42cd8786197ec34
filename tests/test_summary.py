"""The sheets behind a summary: where each number comes from, what was explained, what is to be announced, last year."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import replace
from datetime import UTC, datetime

import openpyxl
import pytest

import workbooks as w
from gongkai import sheets, summary
from gongkai.collection.priors import PriorReports
from gongkai.collection.roster import Entry, Roster
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.outputs import comparison, registers
from gongkai.reader import read
from gongkai.report import Unit
from gongkai.submission import judge

BY_EDITION = pytest.mark.parametrize("edition", w.EDITIONS)
WHY = "本年新设法制科，接收了原法制办的全部规范性文件。"


def region(folder, edition="2021", count=3, **cells):
    """Return submissions of some units; the first has other values in ``cells``."""
    paths = []
    for number in range(1, count + 1):
        report = w.clean(edition, number, Unit(name=f"第{number}局", code=f"C{number}"))
        paths.append(w.put(folder / f"{number}.xlsx", w.changed(report, cells) if number == 1 else report))
    return [judge(path) for path in paths]


def pages(result, *, formulas=False):
    return openpyxl.load_workbook(io.BytesIO(summary.workbook(result)), data_only=not formulas)


def rows(page, first=3):
    return [[cell.value for cell in row] for row in page.iter_rows(min_row=first)]


@BY_EDITION
def test_every_number_of_the_region_leads_to_its_column(tmp_path, edition):
    book = pages(merge(region(tmp_path, edition), "某区"), formulas=True)
    form = by_name(edition)
    for item in form.items:
        cell = book[item.sheet][item.cell]
        column = cell.hyperlink.location.partition("!")[2].rstrip("2")
        assert cell.hyperlink.location == f"{sheets.DETAIL_SHEET}!{column}2"
        assert f"{sheets.DETAIL_SHEET}!{column}6:{column}8" in cell.value
        assert book[sheets.DETAIL_SHEET][f"{column}5"].value == item.key


def test_the_source_of_every_report_is_named(tmp_path):
    submissions = region(tmp_path, count=2)
    path = tmp_path / "1.xlsx"
    os.utime(path, (0, datetime(2025, 1, 8, 23, 5, tzinfo=UTC).timestamp()))
    submissions[0] = judge(path)
    page = pages(merge(submissions, "某区"))[registers.SOURCE_SHEET]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    saved = "2025-01-09 07:05"  # in Beijing
    assert rows(page)[0] == ["第1局", "C1", "1.xlsx", digest, "Microsoft Excel", "1", saved, None, None, None]
    assert [row[0] for row in rows(page)[:2]] == ["第1局", "第2局"]


def test_a_file_that_could_not_be_read_has_a_line_too(tmp_path):
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04")
    result = merge([*region(tmp_path, count=1), judge(tmp_path / "坏.xlsx")], "某区")
    book = pages(result)
    assert rows(book[registers.SOURCE_SHEET])[0][2] == "坏.xlsx"
    assert rows(book[registers.NOTICE_SHEET])[0] == [None, None, "坏.xlsx", "无法读取", None, None]
    line = rows(book[registers.COVERAGE_SHEET])[0]
    assert line[3:] == ["坏.xlsx", "未汇总", next(result.excluded).why, None, None, None, None, None]


VALID = {"documents.normative_documents.issued": 9, "documents.normative_documents.repealed": 0,
         "documents.normative_documents.in_force": 0}  # fmt: skip


def explained(submission):
    """Return the submission with its warning explained."""
    return replace(submission, findings=tuple(replace(f, explanation=WHY) for f in submission.findings))


def test_explanations_are_gathered(tmp_path):
    first, *others = region(tmp_path, **VALID)
    book = pages(merge([explained(first), *others], "某区"))
    (line,) = [row for row in rows(book[registers.EXPLANATION_SHEET]) if row[0]]
    assert line[:4] == ["第1局", "T2-VALID-GE", w.TABLES, first.findings[0].cell]
    assert line[-1] == WHY
    assert rows(book[registers.NOTICE_SHEET], 4)[0][0] == "（没有）"


def test_the_notice_counts_the_open_problems_of_each_unit_by_rule(tmp_path):
    first, second, third = region(tmp_path, **VALID, **{"disputes.reconsideration.upheld": None})
    page = pages(merge([first, second, third], "某区"))[registers.NOTICE_SHEET]
    heads = ["单位名称", "单位代码", "文件", "结果", "错误", "需说明", "F-BLANK", "T2-VALID-GE"]
    assert rows(page, 2)[:2] == [heads, ["第1局", "C1", "1.xlsx", "有错误", 1, 1, 1, 1]]
    assert len(rows(page)) == 1


def test_who_has_corrected_a_report_is_not_announced_for_the_first_one(tmp_path):
    (broken,) = region(tmp_path / "一月", count=1, **{"disputes.reconsideration.upheld": None})
    (mended,) = region(tmp_path / "二月", count=1)
    book = pages(merge([broken, mended], "某区"))
    assert rows(book[registers.NOTICE_SHEET], 4)[0][0] == "（没有）"
    assert [row[3:5] for row in rows(book[registers.COVERAGE_SHEET])[:2]] == [
        ["一月/1.xlsx", "未汇总"], ["二月/1.xlsx", "已汇总"],
    ]  # fmt: skip


def test_a_reason_names_another_file_without_the_folder_of_all(tmp_path):
    files = (region(tmp_path / month, count=1)[0] for month in ("一月", "二月"))
    (line, _) = rows(pages(merge(files, "某区"))[registers.COVERAGE_SHEET])[:2]
    other = "二月" if line[3] == "一月/1.xlsx" else "一月"
    assert line[5] == f"与 {other}/1.xlsx 是同一单位，重复报送，以那一份为准（S-DUPLICATE）"


def test_who_is_missing_stands_first_with_whom_to_call(tmp_path):
    entries = [
        Entry(4, "C1", "第1局", phone="1111", email="1@example.com"), Entry(5, "C2", "第2局", phone="2222"),
        Entry(6, "C3", "第3局", email="3@example.com"),
    ]  # fmt: skip
    (bad,) = region(tmp_path, count=1, **{"disputes.reconsideration.upheld": None})
    (tmp_path / "第3局年报.xlsx").write_bytes(b"PK\x03\x04")
    result = merge([bad, judge(tmp_path / "第3局年报.xlsx")], "某区", 2023, Roster(tuple(entries)))
    book = pages(result)
    coverage = [(row[1], row[4], *row[-2:]) for row in rows(book[registers.COVERAGE_SHEET])[:4]]
    assert coverage == [
        ("第2局", "未报送", "2222", None), ("第3局", "未报送", None, "3@example.com"),
        ("第1局", "未汇总", "1111", "1@example.com"), (None, "未汇总", None, "3@example.com"),
    ]  # fmt: skip
    assert rows(book[registers.COVERAGE_SHEET])[1][5].endswith("请催报。可能是无法读取的文件“第3局年报.xlsx”。")
    assert [(row[0], row[3]) for row in rows(book[registers.NOTICE_SHEET])[:4]] == [
        ("第2局", "未报送"), ("第3局", "未报送"), ("第1局", "有错误"), ("第3局（从文件名看）", "无法读取"),
    ]  # fmt: skip


def test_the_year_of_a_wrong_report_is_announced(tmp_path):
    (good,) = region(tmp_path, count=1)
    late = judge(w.put(tmp_path / "旧.xlsx", w.clean("2021", 7, Unit(name="第7局", code="C7"), 2022)))
    book = pages(merge([good, late], "某区", 2023))
    assert rows(book[registers.NOTICE_SHEET])[0][:4] == ["第7局", "C7", "旧.xlsx", "年度不符"]


def test_last_year_stands_beside_this_year(tmp_path):
    submissions = region(tmp_path)
    form = by_name("2021")
    before = [w.clean("2021", number + 5, Unit(name=f"第{number}局", code=f"C{number}"), 2022) for number in (1, 2)]
    result = merge(submissions, "某区", priors=PriorReports(before))
    then = tuple(sum(values) for values in zip(*(report.values for report in before), strict=True))
    assert result.compared == 2
    assert [round(value, 6) for value in result.last] == [round(value, 6) for value in then]
    shown, typed = (pages(result, formulas=formulas)[comparison.SHEET] for formulas in (False, True))
    assert shown["A1"].value == ("2023 年度与上年度比较：增减和变化只算有上年数的 2 个单位，“本年”是全部 3 个单位")
    both = merge(submissions[:2], "某区").totals
    for row, item in enumerate(form.items, 3):
        now, last = both[item.index], result.last[item.index]
        found = [shown[f"{column}{row}"].value for column in "DEF"]
        assert found == [result.totals[item.index], now, last]
        assert shown[f"G{row}"].value == pytest.approx(now - last, abs=1e-9)
        assert typed[f"D{row}"].value == f"={item.sheet}!{item.cell}"
        assert shown[f"H{row}"].value == (pytest.approx((now - last) / last) if last else "—")


def test_without_last_year_there_is_nothing_to_compare(tmp_path):
    assert comparison.SHEET not in pages(merge(region(tmp_path), "某区")).sheetnames


def test_more_units_than_a_sheet_bears_are_not_listed_but_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(summary, "DETAIL_MAX_ROWS", 2)
    result = merge(region(tmp_path), "某区")
    path = tmp_path / "汇总.xlsx"
    summary.write_workbook(result, path)
    assert judge(path).findings == ()
    assert read(path).report.values == result.totals
    assert read(path).details == ()
    assert len(read(path).members) == 3


def test_a_summary_of_thousands_of_units_is_read_again(tmp_path):
    """Its list of units has more bytes than any part of a clerk's workbook may have."""
    (one,) = region(tmp_path, count=1)
    count = 3_000
    result = merge((_copy(one, number) for number in range(count)), "某省")
    path = tmp_path / "汇总.xlsx"
    summary.write_workbook(result, path)
    reading = read(path)
    assert (len(reading.details), len(reading.members)) == (count, count)
    assert reading.details[-1].values == one.report.values
    assert reading.report.values == tuple(
        pytest.approx(value * count) if isinstance(value, float) else value * count for value in one.report.values
    )
    assert judge(path).findings == ()


def _copy(submission, number):
    unit = Unit(name=f"第{number}局", code=f"C{number}")
    return replace(submission, file=f"{number}.xlsx", report=replace(submission.report, unit=unit))
