"""Taking in a region: exact sums, every fault named and no other, whatever is taken away, fills up or is interrupted."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from functools import partial
from itertools import count
from pathlib import Path

import pytest

import poison
import workbooks as w
from benchmarks import population
from gongkai import submission
from gongkai.cell import plain
from gongkai.collection import intake
from gongkai.collection.ledger import Ledger
from gongkai.edition import by_name
from gongkai.files import OutputError, collect, write_copy
from gongkai.merge import merge
from gongkai.messages import UNREADABLE
from gongkai.report import Unit, dumps, nest
from test_batch import alive, wait_for
from test_cli import Result, tree

RULES = {
    "text": ["F-TYPE"], "blank": ["F-BLANK"], "balance": ["T3-SUM", "T3-ROW", "T3-BAL"], "negative": ["F-COUNT"],
    "no_year": ["F-COVER"],
}  # fmt: skip


@pytest.fixture(scope="session")
def region(tmp_path_factory):
    """A folder of 300 workbooks, 2 % of them damaged, and the truth about them."""
    folder = tmp_path_factory.mktemp("region") / "报送"
    return folder, population.write(folder, 300)


@pytest.fixture(scope="session")
def merged(region, tmp_path_factory):
    """The bytes of 汇总.json, merged by one process."""
    output = tmp_path_factory.mktemp("merged") / "汇总.xlsx"
    assert Result("merge", region[0], "-o", output, "--jobs", 1).code == 1
    return output.with_suffix(".json").read_bytes()


def test_the_sums_are_exact_and_every_fault_is_named_and_no_other(region, merged):
    _, truth = region
    document = json.loads(merged)
    edition = by_name(population.EDITION)
    assert len(document["units"]["included"]) == truth.units == 294
    assert document["totals"] == nest(edition, [plain(total) for total in truth.totals])
    assert {Path(each["file"]).name for each in document["units"]["excluded"]} == truth.faults.keys()
    assert sorted(truth.faults.values()) == sorted(population.FAULTS)
    found = {}
    for finding in document["findings"]:
        found.setdefault(Path(finding["file"]).name, []).append(finding["rule"])
    assert found == {name: RULES[fault] for name, fault in truth.faults.items() if fault != "truncated"}
    broken = next(name for name, fault in truth.faults.items() if fault == "truncated")
    whys = {Path(each["file"]).name: each["why"] for each in document["units"]["excluded"]}
    assert whys[broken] == UNREADABLE["truncated"]


@pytest.mark.parametrize("jobs", [2, 3])
def test_how_many_processes_there_are_changes_no_byte(region, merged, tmp_path, jobs):
    assert Result("merge", region[0], "-o", tmp_path / "汇总.xlsx", "--jobs", jobs).code == 1
    assert (tmp_path / "汇总.json").read_bytes() == merged


def test_the_order_in_which_files_are_named_changes_no_byte(region, merged, tmp_path):
    files = list(region[0].rglob("*.xlsx"))
    random.Random(7).shuffle(files)  # noqa: S311 - an order for a test
    assert Result("merge", *files, "-o", tmp_path / "汇总.xlsx", "--jobs", 2).code == 1
    assert (tmp_path / "汇总.json").read_bytes() == merged


@pytest.mark.parametrize("how", ["kill", "exit"])
def test_a_deadly_workbook_is_named_and_all_others_count(region, tmp_path, monkeypatch, how):
    files = sorted(region[0].rglob("*.xlsx"))[:48]
    deadly = files[20].rename(files[20].with_name("第000020局毒.xlsx"))
    files[20] = deadly
    monkeypatch.setattr(intake, "judge_all", partial(work_of, how=how))
    try:
        result = Result("merge", *files, "-o", tmp_path / "汇总.xlsx", "--jobs", 2)
    finally:
        deadly.rename(deadly.with_name("第000020局.xlsx"))
    document = json.loads((tmp_path / "汇总.json").read_text("utf-8"))
    assert result.code == 1
    assert {each["file"]: each["why"] for each in document["units"]["excluded"]} == {str(deadly): UNREADABLE["crash"]}
    assert [each["file"] for each in document["units"]["included"]] == [str(f) for f in files if f != deadly]


def work_of(task, how, *, blank_as_zero):
    assert blank_as_zero is False
    return poison.judged(task, how)


# --- files that are taken away while they are read


def judged(files, **options):
    with Ledger() as ledger:
        ledger.enter(files)
        intake.take_in(ledger, None, **options)
        return [(Path(each.file).name, each.status, each.error) for _, each, _ in ledger.submissions()]


def test_a_file_that_vanishes_is_named(tmp_path, monkeypatch):
    files = [w.put(tmp_path / f"{n}.xlsx", w.clean("2021", n, Unit(name=f"第{n}局"))) for n in (1, 2, 3)]
    monkeypatch.setattr(intake, "CHUNK", 1)
    assert judged(files, on_progress=lambda done: files[1].unlink() if done == 1 else None) == [
        ("1.xlsx", "passed", None), ("2.xlsx", "unreadable", UNREADABLE["unreadable"]), ("3.xlsx", "passed", None),
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["read", "_origin"])
def test_a_file_that_is_locked_is_named(tmp_path, monkeypatch, method):
    files = [w.put(tmp_path / f"{n}.xlsx", w.clean("2021", n, Unit(name=f"第{n}局"))) for n in (1, 2)]
    original = Path.open
    opened = count()

    def locked(path, *arguments, **options):
        if path == files[0] and (method == "read" or next(opened)):
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", locked)
    assert judged(files) == [("1.xlsx", "unreadable", UNREADABLE["unreadable"]), ("2.xlsx", "passed", None)]


def test_a_mistake_of_ours_is_named_as_a_file_and_ends_nothing(tmp_path, monkeypatch):
    files = [w.put(tmp_path / f"{n}.xlsx", w.clean("2021", n, Unit(name=f"第{n}局"))) for n in (1, 2)]
    original = submission.judge
    monkeypatch.setattr(submission, "judge", lambda file, **more: 1 / 0 if file == files[0] else original(file, **more))
    assert judged(files) == [("1.xlsx", "unreadable", UNREADABLE["crash"]), ("2.xlsx", "passed", None)]


# --- Ctrl-C, and a computer that is shut down

ENDS = [
    pytest.param(lambda running: os.killpg(running.pid, signal.SIGINT), id="interrupted"),
    pytest.param(lambda running: running.terminate(), id="terminated"),
    pytest.param(lambda running: os.killpg(running.pid, signal.SIGHUP), id="terminal closed"),
]


@pytest.fixture
def hearing():
    """Let processes hear what we ourselves may not: whatever is started in the background hears no Ctrl-C."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("hearing")
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("when", ["reading", "writing"])
@pytest.mark.parametrize("end", ENDS)
def test_a_merge_that_is_ended_leaves_nothing(region, tmp_path, when, end):
    out, temporary = tmp_path / "出", tmp_path / "临时"
    for folder in (out, temporary):
        folder.mkdir()
    (out / "汇总.xlsx").write_bytes(b"old")
    command = [sys.executable, "-m", "gongkai", "merge", region[0], "-o", out / "汇总.xlsx", "--jobs", "2"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True,
        env=poison.environment(TMPDIR=str(temporary)),
    ) as running:  # fmt: skip
        try:
            children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
            begun = {
                "reading": lambda: len(children.read_text().split()) == 2,
                "writing": lambda: len(list(out.iterdir())) > 1,
            }
            wait_for(begun[when], 120)
            pids = children.read_text().split()
            end(running)
            said = running.communicate(timeout=120)
        finally:
            running.kill()
    assert (running.returncode, *said) == (130, "", "已中断。\n")
    assert not any(map(alive, pids))
    assert tree(out) == ["汇总.xlsx"]
    assert (out / "汇总.xlsx").read_bytes() == b"old"
    assert list(temporary.iterdir()) == []


# --- disks


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk of 64 KB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only the superuser may mount a disk")
    folder = tmp_path / "盘"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_one_sentence_and_the_old_summary_stays(region, tiny_disk):
    for name in ("汇总.xlsx", "汇总.json"):
        (tiny_disk / name).write_bytes(b"old")
    output = tiny_disk / "汇总.xlsx"
    files = sorted(region[0].rglob("*.xlsx"))[:40]
    command = [sys.executable, "-m", "gongkai", "merge", *files, "-o", output]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr == f"无法写入 {output}：磁盘空间不足。原有文件没有改动，请腾出空间后再试。\n"
    assert {path.name: path.read_bytes() for path in tiny_disk.iterdir()} == {"汇总.xlsx": b"old", "汇总.json": b"old"}


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path):
    file = w.put(tmp_path / "报送" / "1.xlsx", w.clean("2021", 1, Unit(name="第1局")))
    (tmp_path / "文件").write_bytes(b"")
    output = tmp_path / "文件" / "汇总.xlsx"
    result = Result("merge", file, "-o", output)
    assert (result.code, result.err) == (
        2,
        f"无法写入 {output.with_suffix('.json')}：路径中有同名的文件或文件夹。请换一个位置。\n",
    )
    assert tree(tmp_path) == ["报送/1.xlsx", "文件"]


def test_a_full_disk_of_temporary_files_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Ledger() as ledger:
        ledger._scratch.write("PRAGMA max_page_count = 6")
        with pytest.raises(OutputError) as refused:
            ledger.enter(f"{number:0100}.xlsx" for number in range(1000))
        assert str(refused.value) == (
            f"无法写入临时文件夹 {tmp_path}：磁盘空间不足。请腾出空间，"
            "或用环境变量 TMPDIR（Windows 是 TEMP）指定另一个文件夹后再试。"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [(), ("--prior", "去年.json")])
def test_no_folder_of_temporary_files_is_one_sentence(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    w.put(tmp_path / "1.xlsx", w.clean("2021", 1, Unit(name="第1局")))
    (tmp_path / "去年.json").write_text(dumps(w.clean("2021", 1, Unit(name="第1局"), 2022)), "utf-8")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "不在"))
    result = Result("merge", "1.xlsx", "-o", "汇总.xlsx", *options)
    assert (result.code, result.err) == (
        2,
        "没有能写入的临时文件夹：磁盘空间不足，或没有写入权限。请腾出空间，或用环境变量 TMPDIR（Windows 是 TEMP）指定另一个文件夹后再试。\n",
    )
    assert tree(tmp_path) == ["1.xlsx", "去年.json"]


# --- finding the files


def test_a_name_that_is_no_text_is_read(tmp_path):
    name = os.fsdecode("报表".encode("gbk")) if os.name == "posix" else "报表"  # unpacked on a system that thinks UTF-8
    path = w.put(tmp_path / f"{name}.xlsx", w.clean("2021", 1, Unit(name="第1局")))
    with Ledger() as ledger:
        ledger.enter(collect([tmp_path])[0])
        intake.take_in(ledger, None)
        result = merge(ledger, "某区")
        assert [unit.submission.file for unit in result.included] == [str(path)]


def test_a_folder_that_cannot_be_opened_is_named_among_the_files(tmp_path, monkeypatch):
    w.put(tmp_path / "甲" / "一.xlsx", b"")
    w.put(tmp_path / "乙" / "二.xlsx", b"")
    original = os.scandir

    def closed(folder):
        if Path(folder).name == "甲":
            raise PermissionError(13, "Permission denied", str(folder))
        return original(folder)

    monkeypatch.setattr(os, "scandir", closed)
    files, missing = collect([tmp_path])
    assert list(files) == [tmp_path / "乙" / "二.xlsx", tmp_path / "甲"]
    assert missing == []
    monkeypatch.undo()
    assert judged([tmp_path / "甲"])[0][1] == "unreadable"


def test_found_files_are_a_sequence(tmp_path):
    paths = [w.put(tmp_path / name, b"") for name in ("一.xlsx", "三.xlsx", "二.xlsx")]
    files, _ = collect([tmp_path, paths[0]])
    assert (len(files), list(files), files[0], list(files[1:])) == (3, paths, paths[0], paths[1:])


def test_a_copy_of_ours_is_no_submission_until_somebody_changes_it(tmp_path):
    kept = w.put(tmp_path / "一.xlsx", b"one")
    copies = [tmp_path / "退回" / name for name in ("二.xlsx", "三.docx", "四.xlsx")]
    for number, path in enumerate(copies):
        write_copy(path, b"copy %d" % number)
    assert list(collect([tmp_path])[0]) == [kept]
    copies[2].write_bytes(b"corrected")
    assert list(collect([tmp_path])[0]) == [kept, copies[2]]
    w.put(tmp_path / "退回" / "五.xlsx", b"new")
    assert [path.name for path in collect([tmp_path / "退回"])[0]] == ["五.xlsx", "四.xlsx"]
