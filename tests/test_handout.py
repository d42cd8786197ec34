"""Templates by roster: the cover is filled, and last year's numbers where they are known."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

import workbooks as w
from gongkai.cli import app
from gongkai.edition import by_name
from gongkai.reader import read
from gongkai.report import Unit
from gongkai.submission import judge

HEAD = "单位名称,代码,曾用名,状态,上级,层级,性质,规章制定权"


def run(*arguments):
    return CliRunner().invoke(app, ["template", *map(str, arguments)])


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "名册.csv"
    path.write_text(f"{HEAD}\n甲局,C1,甲委,,,县级,部门,无\n乙/局,,,,,,,\n丙所,C3,,不报", "utf-8")
    return path


def test_every_unit_that_files_gets_its_own(tmp_path, roster):
    result = run("--roster", roster, "--year", 2024, "-d", tmp_path / "下发")
    assert (result.exit_code, result.output) == (0, f"已生成 2 份，在 {tmp_path / '下发'}\n")
    files = sorted((tmp_path / "下发").iterdir())
    assert [file.suffix for file in files] == [".xlsx"] * 2
    readings = {reading.report.unit.name: reading for reading in map(read, files)}
    assert readings["甲局"].report.unit == Unit("甲局", "C1", "county", "department", "无")
    assert readings["乙/局"].report.unit == Unit("乙/局")
    assert {reading.report.year for reading in readings.values()} == {2024}
    assert {finding.rule for finding in judge(files[0]).findings} == {"F-BLANK"}


def test_last_year_is_filled_in_under_any_name_the_unit_had(tmp_path, roster):
    last = w.clean("2021", 4, Unit(name="甲委"), 2023)
    w.put(tmp_path / "上年" / "1.xlsx", last)
    result = run("--roster", roster, "--year", 2024, "-d", tmp_path / "下发", "--prior", tmp_path / "上年")
    assert result.exit_code == 0
    form = by_name("2021")
    readings = [read(file) for file in (tmp_path / "下发").iterdir()]
    (one,) = [reading for reading in readings if reading.prior]
    assert one.report.unit.name == "甲局"
    assert [one.prior.values[index] for index in form.prior_items] == [last.values[index] for index in form.prior_items]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--roster", "{roster}"), "须给出 --year 年度 和 -d 目录"),
        (("--roster", "{roster}", "--year", "2024"), "须给出 --year 年度 和 -d 目录"),
        (("-d", "目录"), "与 --roster 一起使用"),
        (("--roster", "没有.csv", "--year", "2024", "-d", "目录"), "找不到名册"),
    ],
)
def test_what_is_missing_is_said(roster, arguments, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*(str(each).format(roster=roster) for each in arguments))
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "目录").exists()
