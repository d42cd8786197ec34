"""What a merge writes: everything of one run or nothing, and never over what somebody handed in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import workbooks as w
from gongkai import files, reporters
from gongkai.report import Unit
from test_cli import Result, tree

ALL = ("汇总.xlsx", "汇总.json", "明细.csv", "概览.html")


@pytest.fixture
def reports(tmp_path):
    """A folder with the reports of two units, the second of them with an error."""
    folder = tmp_path / "报送"
    w.put(folder / "1.xlsx", w.clean("2021", 1, Unit(name="第1局", code="C1")))
    broken = w.changed(w.clean("2021", 2, Unit(name="第2局", code="C2")), {"disputes.reconsideration.upheld": None})
    w.put(folder / "2.xlsx", broken)
    return folder


def merged(reports, home, *more):
    """Merge with every output there is."""
    options = ("-o", home / ALL[0], "--details", home / ALL[2], "--html", home / ALL[3])
    return Result("merge", reports, *options, *more)


def test_everything_is_written_together(reports, tmp_path):
    home = tmp_path / "不在的文件夹"
    assert merged(reports, home).code == 1
    assert tree(home) == sorted(ALL)


def test_a_failure_in_the_last_moment_changes_nothing(reports, tmp_path, monkeypatch):
    for name in ALL:
        w.put(tmp_path / name, b"old")

    def full(_):
        yield "{"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporters, "merge_json", full)
    result = merged(reports, tmp_path)
    assert result.code == 2
    assert "磁盘空间不足。原有文件没有改动" in result.err
    assert {name: (tmp_path / name).read_bytes() for name in ALL} == dict.fromkeys(ALL, b"old")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(ALL)


@pytest.mark.parametrize("name", ALL)
def test_an_output_that_is_open_in_excel_is_said_before_the_work(reports, tmp_path, monkeypatch, name):
    for each in ALL:
        w.put(tmp_path / each, b"old")
    original = Path.open

    def locked(path, mode="r", *arguments, **options):
        if path == tmp_path / name and mode == "r+b":
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", locked)
    monkeypatch.setattr("gongkai.collection.intake.take_in", lambda *_, **__: pytest.fail("some work was done"))
    result = merged(reports, tmp_path)
    assert (result.code, result.err) == (
        2,
        f"无法写入 {tmp_path / name}：没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。\n",
    )
    assert {each: (tmp_path / each).read_bytes() for each in ALL} == dict.fromkeys(ALL, b"old")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--details", "明细.xlsx"], "明细只能另存为 .csv 或 .parquet，不能是“.xlsx”。请改文件名。"),
        (["--html", "概览.json"], "--html 给的是 概览.json，应是 .html 文件。请改文件名。"),
        (["-o", "汇总.xls"], "-o 给的是 汇总.xls，应是 .xlsx 文件。请改文件名。"),
        (["--roster", "没有.xlsx"], "找不到名册 没有.xlsx。请检查路径是否写对。"),
    ],
)
def test_what_is_no_such_file_is_said_before_the_work(reports, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    result = Result("merge", reports, "-o", "汇总.xlsx", *options)
    assert (result.code, result.err) == (2, f"{sentence}\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["报送"]


def test_two_outputs_are_not_one_file(reports, tmp_path):
    result = Result(
        "merge",
        reports,
        "-o",
        tmp_path / "一.xlsx",
        "--details",
        tmp_path / "明细.csv",
        "--html",
        tmp_path / "x" / ".." / "明细.html",
    )
    assert result.code == 1
    link = tmp_path / "另.csv"
    link.symlink_to(tmp_path / "一.json")
    result = Result("merge", reports, "-o", tmp_path / "一.xlsx", "--details", link)
    assert (result.code, result.err) == (2, "-o、--details、--html 不能写到同一个文件。请改文件名。\n")


@pytest.mark.parametrize("name", ["汇总.xlsx", "汇总.json"])
def test_what_is_handed_in_by_name_is_never_written_over(reports, tmp_path, name):
    """Not even a summary of ours: it would be left out of the sum and lost."""
    assert Result("merge", reports, "-o", tmp_path / "汇总.xlsx").code == 1
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    result = Result("merge", reports, tmp_path / name, "-o", tmp_path / "汇总.xlsx")
    assert (result.code, result.err) == (2, f"{tmp_path / name} 是要汇总的文件之一，不能覆盖。请换一个文件名。\n")
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("option", "name"), [("--roster", "名册.csv"), ("--prior", "去年.xlsx"), ("--prior", "去年.json")]
)
def test_the_roster_and_last_year_are_never_written_over(reports, tmp_path, option, name):
    before = w.put(tmp_path / name, b"kept").read_bytes()
    output = {".csv": ["-o", tmp_path / "汇总.xlsx", "--details", tmp_path / name]}.get(
        Path(name).suffix, ["-o", tmp_path / "去年.xlsx"]
    )
    result = Result("merge", reports, *output, option, tmp_path / name)
    assert (result.code, result.err) == (2, f"{tmp_path / name} 是名册或上年数据，不能覆盖。请换一个文件名。\n")
    assert (tmp_path / name).read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["报送", name])


@pytest.mark.parametrize("name", ["文件", "汇总.xlsx", "汇总.json"])
def test_letters_do_not_go_into_a_file(reports, tmp_path, name):
    w.put(tmp_path / "文件", b"kept")
    result = Result("merge", reports, "-o", tmp_path / "汇总.xlsx", "-d", tmp_path / name)
    assert (result.code, result.err) == (2, f"-d 给的 {tmp_path / name} 是文件，应是文件夹。请换一个名称。\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["报送", "文件"])


def test_letters_may_go_where_the_reports_are(reports, tmp_path):
    before = {name: (reports / name).read_bytes() for name in ("1.xlsx", "2.xlsx")}
    for _ in range(2):
        result = Result("merge", reports, "-o", tmp_path / "汇总.xlsx", "-d", reports)
        units = json.loads((tmp_path / "汇总.json").read_text("utf-8"))["units"]
        assert [Path(each["file"]).name for each in units["included"]] == ["1.xlsx"]
        assert [Path(each["file"]).name for each in units["excluded"]] == ["2.xlsx"]
        assert result.err == f"退回单 1 份，在 {reports}\n"
    assert {name: (reports / name).read_bytes() for name in before} == before
    written = [files._COPIES, "1.xlsx", "2.xlsx", "第2局-退回单.docx", "第2局.xlsx"]
    assert tree(reports) == sorted(written)
