"""Hostile files: each judged in a process of its own, within bounds, with exactly one outcome; the others unaffected."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import bounded
import hostile
import hostile_xls
import workbooks as w
from gongkai.cell import plain
from gongkai.edition import by_name
from gongkai.files import collect, write_copy
from gongkai.messages import UNREADABLE
from gongkai.report import MAX_REPORT_JSON, Unit, dumps, flatten
from gongkai.submission import judge as judged
from test_cli import Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bounds and peaks are those of Linux")

SECONDS, MEGABYTES = 0.5, 64
"""Of CPU, and of memory in all: interpreter, imports and file."""
CASES = {**hostile.CASES, **{f"{name} (.xls)": case for name, case in hostile_xls.CASES.items()}}


@pytest.fixture(scope="session")
def judge(tmp_path_factory):
    """Judge a file in a process of its own."""
    folder = tmp_path_factory.mktemp("honest")
    faulty = w.changed(hostile.HONEST, {"disputes.reconsideration.upheld": None})
    server = bounded.Judge(w.put(folder / "1.xlsx", hostile.HONEST), w.put(folder / "2.xlsx", faulty))
    yield server
    server.close()


@pytest.fixture(scope="session")
def honest(judge, tmp_path_factory):
    """What comes of the honest workbook."""
    found = judge(w.put(tmp_path_factory.mktemp("honest") / "1.xlsx", hostile.HONEST))
    assert (found["status"], found["findings"]) == ("passed", [])
    assert found["values"] == ["第一局", 2023, *hostile.HONEST.values]
    return found["values"]


def within_bounds(found):
    assert "crash" not in found, found["crash"]
    assert found["cpu"] < SECONDS, found
    assert found["peak"] < MEGABYTES, found
    return found


def outcome(found, honest):
    """Return what came of a file as the table says it."""
    if found["reason"]:
        return found["reason"]
    same = found["values"] == honest
    return [tuple(finding) for finding in found["findings"]] or (hostile.SAME if same else "other numbers")


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_has_one_outcome_within_bounds(judge, honest, tmp_path, name):
    case = CASES[name]
    found = within_bounds(judge(w.put(tmp_path / f"文件{case.ending}", case.make())))
    assert outcome(found, honest) == case.outcome


def test_a_longer_list_costs_in_proportion_to_what_was_sent(judge, tmp_path):
    """A summary may be long; one of a few kilobytes may not."""
    found = within_bounds(judge(w.put(tmp_path / "汇总.xlsx", hostile.long_list())))
    assert found["reason"] == "too-large"


@pytest.mark.parametrize(
    ("name", "make", "ending"),
    [
        ("100 MB of a picture", lambda: hostile.rebuilt(hostile.spoilt(), [hostile.repeated("xl/media/1.png", b"", hostile.SPACES, 100, b"")]), "-验证结果.xlsx"),
        ("three pictures of 15 MB", lambda: hostile.rebuilt(hostile.spoilt(), [hostile.repeated(f"xl/media/{n}.png", b"", hostile.SPACES, 15, b"") for n in "123"]), "-验证结果.xlsx"),
        ("a picture that does not match its checksum", lambda: hostile.rebuilt(hostile.spoilt(), [hostile.entry("xl/media/1.png", b"x", central={"crc": 1})]), "-验证结果.xlsx"),
        ("a picture by an unknown method", lambda: hostile.rebuilt(hostile.spoilt(), [hostile.entry("xl/media/1.png", b"x", method=99)]), "-验证结果.xlsx"),
        ("an honest picture", lambda: hostile.rebuilt(hostile.spoilt(), [hostile.entry("xl/media/1.png", os.urandom(99_999))]), ".xlsx"),
    ],
)  # fmt: skip
def test_marking_looks_at_no_more_than_reading_does(judge, tmp_path, name, make, ending):
    """Who cannot be given a marked copy gets the list of findings."""
    found = judge(w.put(tmp_path / f"{name}.xlsx", make()), "mark")
    assert "crash" not in found, found["crash"]
    assert found["ending"] == ending
    assert found["peak"] < 2 * MEGABYTES


# --- what is in a folder and no file


def test_what_is_no_file_is_named_and_keeps_nobody_waiting(judge, tmp_path):
    os.mkfifo(tmp_path / "管道.xlsx")
    (tmp_path / "设备.xlsx").symlink_to("/dev/zero")
    (tmp_path / "套接字.xlsx").symlink_to(_socket(tmp_path / "s"))
    (tmp_path / "自己.xlsx").symlink_to(tmp_path / "自己.xlsx")
    (tmp_path / "没有.xlsx").symlink_to(tmp_path / "不在.xlsx")
    files, missing = collect([tmp_path])
    reasons = {path.stem: within_bounds(judge(path))["reason"] for path in files}
    special, unreadable = ("管道", "设备", "套接字"), ("自己", "没有")
    assert reasons == dict.fromkeys(special, "special") | dict.fromkeys(unreadable, "unreadable")
    assert missing == []


def _socket(path: Path) -> Path:
    home = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have a hundred bytes
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path.name)
    finally:
        os.chdir(home)
    return path


def test_a_pipe_beside_marked_copies_keeps_nobody_waiting(tmp_path):
    write_copy(tmp_path / "一.xlsx", b"copy")
    os.mkfifo(tmp_path / "二.xlsx")
    assert list(collect([tmp_path])[0]) == [tmp_path / "二.xlsx"]


def test_folders_that_lead_in_circles_are_searched_once(tmp_path):
    file = w.put(tmp_path / "甲.xlsx" / "一.xlsx", b"")
    (tmp_path / "甲.xlsx" / "圈").symlink_to(tmp_path)
    (tmp_path / "乙.xlsx").symlink_to(file)
    assert list(collect([tmp_path])[0]) == [tmp_path / "乙.xlsx"]
    assert list(collect([tmp_path / "甲.xlsx"])[0]) == [file]


@pytest.fixture
def deep():
    """A folder in a folder, 3000 times; a file at the top and one half of the way down."""
    home, top = Path.cwd(), Path(tempfile.mkdtemp())
    try:
        os.chdir(top)
        for level in range(3000):  # each from the one above: from the top the path would be too long
            if level in (0, 1500):
                Path(f"{level}.xlsx").write_bytes(b"")
            Path("a").mkdir()
            os.chdir("a")
        os.chdir(home)
        yield top
    finally:
        os.chdir(home)
        subprocess.run(["rm", "-rf", top], check=True)  # Python's own cleaning up falls over it, and so would pytest's


def test_a_folder_may_be_as_deep_as_the_system_allows(deep):
    files, _ = collect([deep])
    assert [path.name for path in files] == ["0.xlsx", "1500.xlsx", "a"]
    assert len(files[1].parts) == len(deep.parts) + 1501
    assert judged(files[2]).error == UNREADABLE["unreadable"]


# --- report JSON

BROKEN_JSON = {
    "nested": (b"[" * 500_000, "不是有效的 JSON：不是 UTF-8 编码，或嵌套过深。"),
    "nested objects": (b'{"edition":' * 90_000, "不是有效的 JSON：不是 UTF-8 编码，或嵌套过深。"),
    "a number of 900,000 digits": (b'{"edition": "2021", "year": ' + b"9" * 900_000 + b"}", "不是有效的 JSON：不是 UTF-8 编码，或嵌套过深。"),
    "not UTF-8": (b'{"edition": "\xff"}', "不是有效的 JSON：不是 UTF-8 编码，或嵌套过深。"),
    "a key twice": (b'{"edition": "2021", "edition": "2019"}', "同一个键出现了两次，无法判断以哪个为准，请删去一个。"),
    "infinity": (dumps(hostile.HONEST).replace('"year": 2023', '"year": 1e999').encode(), "报告 JSON 中 year 的数值超过 15 位有效数字，表格程序存不下。"),
    "not a number": (dumps(hostile.HONEST).replace('"year": 2023', '"year": NaN').encode(), "报告 JSON 中 year 的数值超过 15 位有效数字，表格程序存不下。"),
    "too much": (b" " * (MAX_REPORT_JSON + 1), "大得不合常理，不像是报告 JSON。请检查是不是给错了文件。"),
    "100 MB": (b'["' + b"x" * (100 << 20) + b'"]', "大得不合常理，不像是报告 JSON。请检查是不是给错了文件。"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_JSON)
def test_a_hostile_json_is_one_sentence_wherever_it_is_given(judge, tmp_path, name):
    data, sentence = BROKEN_JSON[name]
    file = w.put(tmp_path / "报告.json", data)
    assert within_bounds(judge(file))["error"] == sentence
    filled = Result("fill", file, "-o", tmp_path / "表.xlsx")
    assert (filled.code, filled.err) == (2, f"{file}：{sentence}\n")
    w.put(tmp_path / "1.xlsx", hostile.HONEST)
    compared = Result("validate", tmp_path / "1.xlsx", "--prior", file)
    assert (compared.code, compared.err) == (2, f"上年数据 {file}：{sentence}\n")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda summary: summary["details"]["reports"][0].update(name=5), "报告 JSON 中的 unit.name 应是文字或 null。"),
        (lambda summary: summary["details"]["reports"][0].update(code=["x"]), "报告 JSON 中的 unit.code 应是文字或 null。"),
        (lambda summary: summary["details"]["reports"][0]["values"].__setitem__(0, {"a": 1}), "报告 JSON 中 documents.rules.issued 应是数字、文字或 null。"),
        (lambda summary: summary["details"]["reports"][0]["values"].__setitem__(0, 10**400), "报告 JSON 中 documents.rules.issued 的数值超过 15 位有效数字，表格程序存不下。"),
        (lambda summary: summary["details"]["reports"][0]["values"].__setitem__(0, float("nan")), "报告 JSON 中 documents.rules.issued 的数值超过 15 位有效数字，表格程序存不下。"),
    ],
)  # fmt: skip
def test_a_hostile_summary_of_last_year_is_one_sentence(tmp_path, spoil, sentence):
    last = w.put(tmp_path / "去年" / "1.xlsx", w.clean("2021", 1, Unit(name="第一局", code="C1"), 2022))
    assert Result("merge", last, "-o", tmp_path / "去年.xlsx").code == 0
    summary = json.loads((tmp_path / "去年.json").read_text("utf-8"))
    spoil(summary)
    file = w.put(tmp_path / "坏.json", json.dumps(summary).encode())
    w.put(tmp_path / "1.xlsx", hostile.HONEST)
    result = Result("validate", tmp_path / "1.xlsx", "--prior", file)
    assert (result.code, result.err) == (2, f"上年数据 {file}：{sentence}\n")


@pytest.mark.parametrize("name", ["a part of 100 MB, 1000:1", "two directories", "an entity bomb in xl/workbook.xml"])
def test_a_hostile_roster_is_one_sentence(tmp_path, name):
    roster = w.put(tmp_path / "名册.xlsx", hostile.CASES[name].make())
    w.put(tmp_path / "1.xlsx", hostile.HONEST)
    result = Result("merge", tmp_path / "1.xlsx", "-o", tmp_path / "汇总.xlsx", "--roster", roster)
    assert result.code == 2
    assert result.err.startswith((f"名册 {roster} 读不出来。", f"{roster} 是填报的统计表，不是名册。"))


# --- all of them at once


def test_the_rest_of_the_batch_is_unaffected(tmp_path):
    """Three honest reports among all hostile files: their sum is exact, and each of the others is told with its reason."""
    folder, honest = tmp_path / "报送", [w.clean("2021", n, Unit(name=f"第{n}局", code=f"H{n}")) for n in (11, 12, 13)]
    for number, report in enumerate(honest):
        w.put(folder / f"诚实{number}.xlsx", report)
    refused = {
        name: case for name, case in CASES.items() if isinstance(case.outcome, str) and case.outcome in UNREADABLE
    }
    for number, case in enumerate(refused.values()):
        w.put(folder / f"{number:03}{case.ending}", case.make())
    os.mkfifo(folder / "管道.xlsx")
    found = bounded.run(
        "merge", folder, "-o", tmp_path / "汇总.xlsx", "-d", tmp_path / "退回", "--html", tmp_path / "概览.html"
    )
    assert "Traceback" not in found.err, found.err[-2000:]
    assert found.code == 1
    document = json.loads((tmp_path / "汇总.json").read_text("utf-8"))
    assert [Path(each["file"]).name for each in document["units"]["included"]] == [
        "诚实0.xlsx",
        "诚实1.xlsx",
        "诚实2.xlsx",
    ]
    sums = [plain(sum(column)) for column in zip(*(report.values for report in honest), strict=True)]
    assert list(flatten(by_name("2021"), document["totals"])) == pytest.approx(sums, abs=1e-9)
    whys = {Path(each["file"]).name: each["why"] for each in document["units"]["excluded"]}
    foreign = UNREADABLE["foreign"].partition("{")[0]
    expected = {
        f"{n:03}{case.ending}": UNREADABLE[str(case.outcome)].partition("{")[0]
        for n, case in enumerate(refused.values())
    }
    assert expected | {"管道.xlsx": UNREADABLE["special"]} == {
        name: foreign if why.startswith(foreign) else why for name, why in whys.items()
    }
    assert found.cpu < len(refused) * SECONDS / 4
    assert found.peak < MEGABYTES + 32  # what writes a summary is in memory as well
