"""Disks that are full, read-only or gone, and places where something else stands: one sentence, and nothing changed."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

import crash_region as region
import poison
from gongkai import files, reporters
from gongkai.files import OutputError, collect, copies_in, replacing, set_aside, sweep, write_copy, write_whole
from test_cli import Result

resource = pytest.importorskip("resource")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="disks are mounted, users changed and links made"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),  # would be said after the sentence
]

NO_ROOM = "磁盘空间不足。原有文件没有改动，请腾出空间后再试。"
NO_RIGHT = "没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。"
ELSEWHERE = "磁盘空间不足。请腾出空间，或用环境变量 TMPDIR（Windows 是 TEMP）指定另一个文件夹后再试。"
OLD = b"old"
WRITTEN = {
    "merge": ("汇总.json", "概览.html", "明细.csv", "汇总.xlsx"), "validate": ("退回/4.xlsx",), "template": ("表.xlsx",),
    "handout": ("C1 第1局.xlsx",), "fill": ("表.xlsx",), "extract": ("报告.json",), "roster": ("名册.xlsx",),
}  # fmt: skip
"""What each command writes, that which is looked at first first."""


@pytest.fixture
def home():
    """A place that other users may enter; pytest's own they may not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        region.write(folder, 0)
        before = as_handed_in(folder)
        yield folder
        assert as_handed_in(folder) == before


def as_handed_in(home):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (home / region.INPUTS).iterdir()}


@contextmanager
def disk(folder, options):
    """Mount a disk in memory."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only the superuser may mount a disk")
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def command(name, home):
    result = Result(*(each.format(home=home) for each in region.COMMANDS[name][0]))
    gc.collect()  # what a process still has open its end closes
    return result


def outputs(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put_old(home, *names):
    for name in names:
        path = home / region.OUTPUTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(OLD)


def fill_up(folder, room):
    """Leave so many bytes of a disk."""
    filler = folder / "占位"
    with filler.open("wb") as file:
        while (free := os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize) > room:
            file.write(bytes(min(free - room, 1 << 16)))
            file.flush()
    return filler


# --- full


@pytest.mark.parametrize(
    ("over", "step"), [(True, 32), *(pytest.param(over, 4, marks=pytest.mark.long) for over in (False, True))]
)
def test_wherever_the_disk_gets_full_the_old_outputs_stay_whole(home, over, step):
    """A disk is given more and more room, so many KB a step, until all is written."""
    blamed = set()
    with disk(home / region.OUTPUTS, "size=4m") as out:
        command("merge", home)
        new = outputs(out)
        for room in range(0, 1 << 20, step << 10):
            shutil.rmtree(out, ignore_errors=True)
            put_old(home, *(WRITTEN["merge"] if over else ()))
            filler = fill_up(out, room)
            result = command("merge", home)
            filler.unlink()
            found = outputs(out)
            if result.code == 1:
                assert found == new
                break
            assert result.code == 2
            (path,) = (path for path in new if result.err == f"无法写入 {out / path}：{NO_ROOM}\n")
            blamed.add(path)
            copies = {name: data for name, data in found.items() if name.startswith("退回/")}
            tables = {name: data for name, data in found.items() if name not in copies}
            written = {name: new[name] for name in WRITTEN["merge"]}
            if path.startswith("退回/"):
                assert tables == written
            else:
                assert (tables, copies) == (dict.fromkeys(WRITTEN["merge"], OLD) if over else {}, {})
            copies.pop(f"退回/{files._COPIES}", None)
            assert copies.items() <= new.items()
        else:
            pytest.fail("there was room enough")
    assert blamed >= {"汇总.xlsx", "退回/第4局.xlsx", *(WRITTEN["merge"] if step == 4 else ())}


@pytest.mark.parametrize("room", [0, 12 << 10])
@pytest.mark.parametrize("name", [name for name in WRITTEN if not name.startswith("merge")])
def test_a_full_disk_is_one_sentence_for_every_command(home, name, room):
    with disk(home / region.OUTPUTS, "size=4m") as out:
        put_old(home, *WRITTEN[name])
        filler = fill_up(out, room)
        result = command(name, home)
        filler.unlink()
        if result.code == 0:
            assert name in {"extract", "roster"}
            assert room
            return
        assert (result.code, result.err) == (2, f"无法写入 {out / WRITTEN[name][0]}：{NO_ROOM}\n")
        assert outputs(out) == dict.fromkeys(WRITTEN[name], OLD)


def test_a_full_disk_of_temporary_files_is_not_taken_for_that_of_the_summary(home, monkeypatch):
    put_old(home, *WRITTEN["merge"])
    said = set()
    with disk(home / "临时", "size=4m") as temporary:
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        for room in range(0, 2 << 20, 96 << 10):
            filler = fill_up(temporary, room)
            result = command("merge", home)
            filler.unlink()
            assert outputs(temporary) == {}
            if result.code == 1:
                break
            said.add((result.code, result.err))
            assert outputs(home / region.OUTPUTS) == dict.fromkeys(WRITTEN["merge"], OLD)
        else:
            pytest.fail("there was room enough")
    assert said == {(2, f"无法写入临时文件夹 {temporary}：{ELSEWHERE}\n")}


def test_a_limit_to_the_size_of_files_is_a_full_disk(home):
    done = subprocess.run(
        [sys.executable, "-m", "gongkai", "fill", home / region.INPUTS / "报告.json", "-o", home / "表.xlsx"],
        capture_output=True, text=True, encoding="utf-8", check=False, env=poison.environment(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192)),
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, f"无法写入 {home / '表.xlsx'}：{NO_ROOM}\n")
    assert [path.name for path in home.iterdir()] == [region.INPUTS]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a file that is always full")
def test_what_is_printed_into_a_file_on_a_full_disk(home):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gongkai", "extract", home / region.INPUTS / "1.xlsx"],
            stdout=full, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False, env=poison.environment(),
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "无法写出结果：磁盘空间不足。请腾出空间后再试。\n")


# --- not for us


@contextmanager
def somebody():
    """Be somebody whom the permissions of files bind."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(65534)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


@pytest.fixture(scope="module")
def _imported(tmp_path_factory):
    """Let every command import what it needs, as long as we may read it."""
    home = tmp_path_factory.mktemp("imported")
    region.write(home, 0)
    for name in WRITTEN:
        command(name, home)


@pytest.mark.usefixtures("_imported")
@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("read_only", ["folder", "file", "disk"])
def test_what_is_read_only_is_one_sentence(home, name, read_only):
    first = home / region.OUTPUTS / WRITTEN[name][-1 if read_only == "folder" else 0]
    if read_only == "disk":
        with disk(home / region.OUTPUTS, "size=4m") as out:
            put_old(home, *WRITTEN[name])
            subprocess.run(["mount", "-o", "remount,ro", out], check=True)
            result, found = command(name, home), outputs(out)
        why = "这个磁盘或文件夹是只读的。请换一个位置。"
    else:
        put_old(home, *WRITTEN[name])
        for path in [home / region.OUTPUTS, *(home / region.OUTPUTS).rglob("*")]:
            closed = path.is_file() == (read_only == "file")
            path.chmod(0o555 if closed else 0o777)
        with somebody():
            result = command(name, home)
        why, found = NO_RIGHT, outputs(home / region.OUTPUTS)
    assert (result.code, result.err) == (2, f"无法写入 {first}：{why}\n")
    assert found == dict.fromkeys(WRITTEN[name], OLD)


# --- something else stands there


def put_link(path, home):
    (home / "别处.xlsx").write_bytes(OLD)
    path.symlink_to(home / "别处.xlsx")


def put_dangling(path, home):
    path.symlink_to(home / "不在.xlsx")


ODD = "它是链接、管道或设备，不是普通文件。请换一个文件名。"
STANDING = {
    "folder": (lambda path, _: path.mkdir(), "路径中有同名的文件或文件夹。请换一个位置。"),
    "link": (put_link, ODD),
    "dangling": (put_dangling, ODD),
    "pipe": (lambda path, _: os.mkfifo(path), ODD),
    "device": (lambda path, _: path.symlink_to("/dev/null"), ODD),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("kind", STANDING)
def test_what_is_no_file_is_neither_replaced_nor_followed(home, name, kind):
    put, why = STANDING[kind]
    path = home / region.OUTPUTS / WRITTEN[name][0]
    path.parent.mkdir(parents=True)
    put(path, home)
    before = path.lstat()
    result = command(name, home)
    assert (result.code, result.err) == (2, f"无法写入 {path}：{why}\n")
    assert path.lstat().st_ino == before.st_ino
    assert list(path.parent.iterdir()) == [path]
    assert not (home / "不在.xlsx").exists()
    assert kind != "link" or path.read_bytes() == OLD


def test_a_name_that_is_too_long_is_said(home):
    path = home / f"{'长' * 100}.json"
    result = Result("extract", home / region.INPUTS / "1.xlsx", "-o", path)
    assert (result.code, result.err) == (2, f"无法写入 {path}：名称太长。请改短。\n")


def test_another_name_of_what_was_handed_in_is_let_go(home):
    """A hard link: the result takes the name, and the report stays what it is under its own."""
    out = home / "汇总.xlsx"
    out.hardlink_to(home / region.INPUTS / "1.xlsx")
    assert Result("template", "-o", out).code == 0
    assert out.stat().st_nlink == 1


def test_a_folder_that_is_taken_away_meanwhile_is_said(home, monkeypatch):
    out = home / region.OUTPUTS

    def taken_away(_):
        shutil.rmtree(out)
        yield "{}"

    monkeypatch.setattr(reporters, "merge_json", taken_away)
    result = command("merge", home)
    why = "所在的文件夹不见了，可能被移走、改名，或网络断开了。请检查后再试。"
    assert (result.code, result.err) == (2, f"无法写入 {out / '汇总.xlsx'}：{why}\n")
    assert not out.exists()


def test_a_disk_without_permissions_is_written_to(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    write_whole(tmp_path / "盘.xlsx", b"new")
    assert outputs(tmp_path) == {"盘.xlsx": b"new"}


# --- all or nothing


def write_all(paths):
    with replacing(*paths) as asides:
        for aside in asides:
            aside.write_bytes(b"new")


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), KeyboardInterrupt()])
@pytest.mark.parametrize("nth", range(1, 7))
def test_when_one_result_cannot_take_its_place_none_does(tmp_path, monkeypatch, nth, error):
    """Three old ones leave, the fourth is not there, four new ones come."""
    paths = [tmp_path / name for name in "甲乙丙丁"]
    for path in paths[:3]:
        path.write_bytes(OLD)
    original, calls = Path.replace, []

    def refuse(path, target):
        calls.append(target)
        if len(calls) == nth:
            raise error
        return original(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_all(paths)
    assert len(calls) > nth or nth == 1
    assert outputs(tmp_path) == {path.name: OLD for path in paths[:3]}


# --- what is left behind


def test_only_what_no_run_can_be_at_is_removed(tmp_path):
    fresh = tmp_path / "汇总.xlsx"
    names = [".gongkai-aaaaaaaa.tmp", ".gongkai-aaaaaaaa.old.tmp", files._COPIES, ".gongkai-他的.xlsx", "报表.tmp"]
    days = 24 * 60 * 60
    for age, folder in ((days + 60, tmp_path), (days - 60, tmp_path / "新")):
        folder.mkdir(exist_ok=True)
        for name in [*names, ".gongkai-bbbbbbbb.tmp/表.xml", ".gongkai-cccccccc.tmp/"]:
            path = folder / name
            if name.endswith("/"):
                path.mkdir()
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(b"")
        for path in folder.rglob("*"):
            os.utime(path, (time.time() - age,) * 2)
    for each in (fresh, tmp_path / "新" / "汇总.xlsx"):
        each.write_bytes(b"")
        sweep(each)
    assert {path.name for path in tmp_path.iterdir()} == {"新", fresh.name, *names[2:]}
    assert len(list((tmp_path / "新").iterdir())) == len(names) + 3


def test_what_a_link_leads_to_is_not_removed(tmp_path):
    kept = tmp_path / "他的"
    kept.mkdir()
    (kept / "表.xlsx").write_bytes(b"")
    fresh = tmp_path / "出" / "汇总.xlsx"
    write_whole(fresh, b"")
    (fresh.parent / ".gongkai-aaaaaaaa.tmp").symlink_to(kept)
    os.utime(fresh.parent / ".gongkai-aaaaaaaa.tmp", (0, 0), follow_symlinks=False)
    sweep(fresh)
    assert [path.name for path in fresh.parent.iterdir()] == [fresh.name]
    assert outputs(kept) == {"表.xlsx": b""}


@pytest.mark.parametrize("torn", [b"\n0123abc", b"\n\xff\xfe\x00", b"\x00" * 60])
def test_a_torn_line_of_the_list_of_copies_spoils_no_other(tmp_path, torn):
    folder = tmp_path / "退回"
    write_copy(folder / "一.xlsx", b"one")
    with (folder / files._COPIES).open("ab") as known:
        known.write(torn)
    write_copy(folder / "二.xlsx", b"two")
    assert len(copies_in(folder)) == 2
    assert list(collect([tmp_path])[0]) == []


def test_a_copy_that_cannot_be_set_aside_is_said(tmp_path, monkeypatch):
    write_copy(tmp_path / "一.xlsx", b"one")

    def refuse(path, _):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError) as refused:
        set_aside(tmp_path, ())
    assert str(refused.value) == f"无法写入 {tmp_path / '一.xlsx'}：{NO_RIGHT}"
    assert outputs(tmp_path).keys() == {"一.xlsx", files._COPIES, f"{files.EARLIER}/{files._COPIES}"}
