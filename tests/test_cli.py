"""The command line: what it prints where, and with which exit code it ends."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import workbooks as w
from gongkai import reporters, summary, template
from gongkai.cli import app
from gongkai.edition import by_name, editions
from gongkai.files import OutputError, collect, write_whole
from gongkai.guide import office_rules, rule_book
from gongkai.merge import merge
from gongkai.reader import read
from gongkai.report import Unit, dumps, flatten, loads
from gongkai.sheets import META_SHEET
from gongkai.submission import judge
from workbooks import APPLICATIONS, TABLES

CHINESE = re.compile("[\u4e00-\u9fff]")
COMMANDS = typer.main.get_command(app).commands
BROKEN = {"applications.received.natural_person": "3件"}
WARNED = {
    f"documents.normative_documents.{key}": value for key, value in (("issued", 9), ("repealed", 2), ("in_force", 6))
}
TYPE_MESSAGE = "“一、本年新收政府信息公开申请数量 · 自然人”填的是“3件”，不是数字。请改为 3。"


class Result:
    """What a command printed, and its exit code; a crash of the command fails the test."""

    def __init__(self, *arguments):
        outcome = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
            raise outcome.exception
        self.code, self.out, self.err = outcome.exit_code, outcome.stdout, outcome.stderr

    @property
    def json(self):
        return json.loads(self.out)

    def said(self):
        """Return both outputs as lines."""
        return [*self.out.splitlines(), *self.err.splitlines()]


def clean(path, seed=1, **more):
    report = w.clean("2021", seed, Unit(name=f"第{seed}局", code=f"C{seed}"), **more)
    return w.put(path, report)


def broken(path, cells=None, seed=2, **more):
    report = w.changed(w.clean("2021", seed, Unit(name=f"第{seed}局", code=f"C{seed}"), **more), cells or BROKEN)
    return w.put(path, report)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- validate: exit codes and outputs


def test_a_clean_workbook_passes(tmp_path):
    path = clean(tmp_path / "好.xlsx")
    result = Result("validate", path)
    assert (result.code, result.out, result.err) == (0, f"{path}（第1局，2023 年度）：通过\n", "")


def test_findings_are_listed(tmp_path):
    path = broken(tmp_path / "错.xlsx")
    result = Result("validate", path)
    assert result.code == 1
    assert result.out.splitlines() == [
        f"{path}（第2局，2023 年度）：有错误", f"  [错误] 依申请公开!D6  {TYPE_MESSAGE}（F-TYPE）",
    ]  # fmt: skip
    assert result.err == ""


def test_a_warning_nobody_explained_is_a_finding(tmp_path):
    result = Result("validate", broken(tmp_path / "待说明.xlsx", WARNED))
    assert result.code == 1
    assert "：有待说明" in result.out
    assert "  [需说明] 主动公开!D6  " in result.out


def test_explained_warnings_pass(tmp_path):
    path = broken(tmp_path / "待说明.xlsx", WARNED)
    assert Result("validate", path, "-d", tmp_path / "退回").code == 1
    why = "当年制发的一件文件当年即告失效"
    marked = tmp_path / "退回" / "待说明.xlsx"
    part = w.part_of(marked.read_bytes(), "验证结果")
    content = w.parts(marked.read_bytes())
    cell = f'<c r="I4" t="inlineStr"><is><t>{why}</t></is></c>'.encode()
    content[part], count = re.subn(rb'<c r="I4"[^>]*/>', cell, content[part])
    assert count == 1
    explained = w.put(tmp_path / "已说明.xlsx", w.packed(content))
    result = Result("validate", explained)
    assert result.code == 0
    assert "：通过（已说明）" in result.out
    assert f"      情况说明：{why}" in result.out.splitlines()
    assert Result("validate", explained, path).code == 1


def test_several_files_are_counted(tmp_path):
    clean(tmp_path / "1.xlsx"), broken(tmp_path / "2.xlsx"), broken(tmp_path / "3.xlsx", WARNED)
    w.put(tmp_path / "4.xlsx", b"")
    result = Result("validate", tmp_path)
    assert result.code == 1
    assert result.out.splitlines()[-1] == "共 4 份：通过 1 份，有待说明 1 份，有错误 1 份，无法读取 1 份。"


def test_the_json_is_that_of_the_contract(tmp_path):
    one, two = clean(tmp_path / "1.xlsx"), broken(tmp_path / "2.xlsx")
    three = w.put(tmp_path / "3.xlsx", b"")
    result = Result("validate", one, two, three, "--format", "json")
    assert result.code == 1
    assert result.err == ""
    assert list(result.json) == ["reports"]
    first, second, third = result.json["reports"]
    head = ["file", "edition", "year", "unit", "status", "findings"]
    assert list(first) == list(second) == head
    assert first == {
        "file": str(one), "edition": "2021", "year": 2023, "unit": {"name": "第1局", "code": "C1"}, "status": "passed", "findings": [],
    }  # fmt: skip
    assert second["status"] == "failed"
    assert second["findings"] == [
        {"rule": "F-TYPE", "severity": "error", "sheet": "依申请公开", "cell": "D6", "item": "applications.received.natural_person",
         "value": "3件", "expected": 3, "cells": ["D6"], "message": TYPE_MESSAGE, "explanation": None}
    ]  # fmt: skip
    assert list(second["findings"][0]) == [
        "rule", "severity", "sheet", "cell", "item", "value", "expected", "cells", "message", "explanation",
    ]  # fmt: skip
    assert {key: third[key] for key in head} == {
        "file": str(three), "edition": None, "year": None, "unit": {"name": None, "code": None}, "status": "unreadable", "findings": [],
    }  # fmt: skip
    assert third["message"] == "文件是空的（0 字节），可能没有传完。请重新取得文件。"


def test_json_alone_goes_to_stdout(tmp_path):
    broken(tmp_path / "2.xlsx")
    result = Result("validate", tmp_path / "2.xlsx", tmp_path / "没有", "--format", "json", "-d", tmp_path / "退回")
    assert len(result.json["reports"]) == 1
    assert result.err.splitlines() == [
        f"{tmp_path / '没有'}：找不到这个文件或文件夹。请检查路径是否写对。", f"标注后的副本 1 份，在 {tmp_path / '退回'}",
    ]  # fmt: skip
    assert result.code == 2


# --- which files are read


def test_folders_are_searched_to_the_bottom(tmp_path):
    names = ["一.xlsx", "子/二.xlsx", "子/孙/三.XLSX"]
    for number, name in enumerate(names, 1):
        clean(tmp_path / name, number)
    for name in ("~$一.xlsx", ".~lock.一.xlsx#", ".~lock.二.xlsx", ".藏/四.xlsx", "说明.md", "图.png", "子/备份.json"):
        w.put(tmp_path / name, b"lock")
    result = Result("validate", tmp_path, "--format", "json")
    assert [Path(report["file"]).relative_to(tmp_path).as_posix() for report in result.json["reports"]] == names
    assert result.code == 0


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    path = clean(tmp_path / "一.xlsx")
    result = Result("validate", path, tmp_path, tmp_path / "." / "一.xlsx", "--format", "json")
    assert len(result.json["reports"]) == 1


def test_a_file_that_is_named_is_read_whatever_its_name(tmp_path):
    path = w.put(tmp_path / "报表.bak", w.clean("2021", 1))
    assert Result("validate", path).code == 0


def test_links_to_folders_are_not_followed(tmp_path):
    clean(tmp_path / "甲" / "一.xlsx")
    (tmp_path / "甲" / "回").symlink_to(tmp_path / "甲", target_is_directory=True)
    files, missing = collect([tmp_path])
    assert [path.name for path in files] == ["一.xlsx"]
    assert missing == []


def test_a_missing_path_is_said_and_the_others_are_read(tmp_path):
    path, gone = clean(tmp_path / "一.xlsx"), tmp_path / "没有.xlsx"
    result = Result("validate", gone, path)
    assert result.code == 2
    assert result.out == f"{path}（第1局，2023 年度）：通过\n"
    assert result.err == f"{gone}：找不到这个文件或文件夹。请检查路径是否写对。\n"


def test_only_missing_paths_cannot_be_validated(tmp_path):
    result = Result("validate", tmp_path / "没有")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"{tmp_path / '没有'}：找不到这个文件或文件夹。请检查路径是否写对。\n"


def test_an_empty_folder_cannot_be_validated(tmp_path):
    result = Result("validate", tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"{tmp_path}：里面没有工作簿（.xlsx、.xlsm、.xls、.et）。请检查路径。\n"


def of_word():
    types = b'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    rels = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
        b"</Relationships>"
    )
    document = (
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body/></w:document>'
    )
    return w.packed({"[Content_Types].xml": types, "_rels/.rels": rels, "word/document.xml": document})


def strange_edition():
    return w.with_cells(w.blank("2021"), META_SHEET, {"B1": "2035"})


def encrypted():
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)


TEXT = "是文本或 CSV 文件，不是工作簿。请把数字填入官方 Excel 模板后再报送。"
NOT_ZIP = "不是 Excel 工作簿。请用 Excel、WPS 或 LibreOffice 另存为 .xlsx 格式后再报送。"
DOCUMENT = "不是工作簿。请把数字填入官方 Excel 模板后再报送。"
CUT = "文件不完整或已损坏，可能没有传完。请让报送单位重新发送。"
BAD = {
    "空.xlsx": (lambda: b"", "文件是空的（0 字节），可能没有传完。请重新取得文件。"),
    "半截.xlsx": (lambda: w.blank("2021")[:20_000], CUT),
    "坏字节.xlsx": (lambda: bytes(b ^ (n % 997 == 500) for n, b in enumerate(w.blank("2021"))), None),
    "数据.csv": (lambda: "单位,数量\n甲局,3\n".encode("gbk"), TEXT),
    "数据.txt": (lambda: b"abc", TEXT),
    "报告.docx": (of_word, "是 Word 文档，不是工作簿。请把数字填入官方 Excel 模板后再报送。"),
    "报告.doc": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096), None),
    "报告.pdf": (lambda: b"%PDF-1.7\n%\xe2\xe3\n", DOCUMENT),
    "加密.xlsx": (
        encrypted, "文件设了打开密码。请去掉密码（文件 → 信息 → 保护工作簿 → 用密码进行加密，清空密码）后再报送。"
    ),
    "网页.xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", NOT_ZIP),
    "压缩.zip": (lambda: w.packed({"报表/一.txt": b"x"}), "是压缩包，其中没有工作簿。请解压后报送里面的 Excel 文件。"),
    "改名.xlsx": (lambda: w.packed({"一.txt": b"x"}), "是压缩包，其中没有工作簿。请解压后报送里面的 Excel 文件。"),
    "工资.xlsx": (
        lambda: w.saved({"工资表": {(1, 1): "姓名", (2, 1): "甲"}}),
        "没有找到统计表：既不是官方模板，也没有认出“主动公开”“依申请公开”“复议诉讼”等表格。请改用官方模板填报。",
    ),
    "新版.xlsx": (
        strange_edition, "是“2035”版统计表，本程序不认识这个版本。请用 gongkai template 取得现行模板重新填报。"
    ),
    "表格.ods": (
        lambda: w.packed({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<a/>"}),
        "是 OpenDocument 格式。请在 LibreOffice 中另存为“Excel 2007-365 (.xlsx)”后再报送。",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_no_workbook_is_named_in_one_sentence(tmp_path, name):
    make, sentence = BAD[name]
    path, good = w.put(tmp_path / name, make()), clean(tmp_path / "好.xlsx")
    result = Result("validate", path, good)
    assert result.code == 1
    said = w.only([line for line in result.said() if str(path) in line]).removeprefix(f"{path}：")
    assert re.search("[\u4e00-\u9fff].*请.+。$", said), said
    assert sentence in (None, said)
    assert f"{good}（第1局，2023 年度）：通过" in result.said()
    extracted = Result("extract", path)
    assert (extracted.code, extracted.out) == (2, "")
    assert sentence is None or extracted.err == f"{path}：{sentence}\n"


def test_a_folder_of_mistakes_is_read_to_the_end(tmp_path):
    for name, (make, _) in BAD.items():
        w.put(tmp_path / name, make())
    clean(tmp_path / "好.xlsx")
    result = Result("validate", tmp_path, "--format", "json")
    assert result.code == 1
    states = {Path(report["file"]).name: report["status"] for report in result.json["reports"]}
    assert states.pop("好.xlsx") == "passed"
    assert set(BAD) - set(states) == {"数据.txt"}  # a text may be anything, and is no mistake of a report
    assert set(states.values()) == {"unreadable"}
    merged = Result("merge", tmp_path, "-o", tmp_path / "出" / "汇总.xlsx", "--format", "json")
    assert merged.code == 1
    assert [Path(entry["file"]).name for entry in merged.json["units"]["included"]] == ["好.xlsx"]
    reasons = {Path(entry["file"]).name: entry["why"] for entry in merged.json["units"]["excluded"]}
    assert set(reasons) == set(states)
    assert all(BAD[name][1] in (None, why) for name, why in reasons.items())


JSON_ERRORS = {
    "not JSON": ("{", "不是有效的 JSON："),
    "a list": ("[]", "不是报告 JSON：最外层应是带有 edition、year、unit 和各统计表的对象。"),
    "an unknown edition": ('{"edition": "2035"}', "没有名为“2035”的统计表版本，可用的版本是：2019、2021。"),
    "an edition that is a number": ('{"edition": 2021}', "没有名为“2021”的统计表版本，可用的版本是：2019、2021。"),
    "a key twice": ('{"edition": "2021", "edition": "2021"}', "同一个键出现了两次，无法判断以哪个为准，请删去一个。"),
    "no unit": ("-unit", "报告 JSON 缺少 unit（空白格请写 null）。"),
    "no row": ("-applications.received", "报告 JSON 缺少 applications.received（空白格请写 null）。"),
    "no cell": ("-applications.received.total", "报告 JSON 缺少 applications.received.total（空白格请写 null）。"),
    "a strange key": ("+applications.received.sum", "报告 JSON 中的 applications.received.sum 不是这一版统计表的内容。"),
    "a strange cover field": ("+unit.fax", "报告 JSON 中的 unit.fax 不是封面的内容。"),
    "a list in a cell": ("=applications.received.total=[]", "报告 JSON 中 applications.received.total 应是数字、文字或 null。"),
    "an object for a row": ("=applications.received=3", "报告 JSON 的 applications.received 应是一个对象。"),
    "a number for the name": ("=unit.name=3", "报告 JSON 中的 unit.name 应是文字或 null。"),
    "not a number": ("=applications.received.total=NaN", "报告 JSON 中 applications.received.total 的数值"),
    "infinity": ("=applications.received.total=1e999", "报告 JSON 中 applications.received.total 的数值"),
    "too many digits": (
        "=applications.received.total=1234567890123456789",
        "报告 JSON 中 applications.received.total 的数值超过 15 位有效数字，表格程序存不下。",
    ),
    "not UTF-8": (b"\xff\xfe{}", "不是有效的 JSON："),
    "nothing": ("", "不是有效的 JSON："),
    "too deep": ("[" * 100_000, "不是有效的 JSON"),
}  # fmt: skip


def spoilt_json(change):
    if isinstance(change, bytes) or change[:1] not in "-+=" or not change:
        return change if isinstance(change, bytes) else change.encode()
    document = json.loads(dumps(w.clean("2021", 1)))
    path, _, value = change[1:].partition("=")
    *where, last = path.split(".")
    node = document
    for key in where:
        node = node[key]
    if change[0] == "-":
        del node[last]
    else:
        node[last] = json.loads(value) if value else 1
    return json.dumps(document).encode()


@pytest.mark.parametrize("name", list(JSON_ERRORS))
def test_a_wrong_report_json_is_named_in_one_sentence(tmp_path, name):
    change, sentence = JSON_ERRORS[name]
    path, good = w.put(tmp_path / "报告.json", spoilt_json(change)), clean(tmp_path / "好.xlsx")
    result = Result("validate", path, good)
    assert result.code == 1
    assert result.out.splitlines()[0].startswith(f"{path}：{sentence}")
    assert len(result.said()) == 3
    filled = Result("fill", path, "-o", tmp_path / "填.xlsx")
    assert (filled.code, filled.out) == (2, "")
    assert filled.err.startswith(f"{path}：{sentence}")
    assert len(filled.err.splitlines()) == 1
    assert not (tmp_path / "填.xlsx").exists()


def test_a_report_json_is_validated_as_a_workbook_is(tmp_path):
    path = tmp_path / "报告.json"
    path.write_text(dumps(w.changed(w.clean("2021", 1), BROKEN)), "utf-8")
    result = Result("validate", path, "--format", "json")
    assert [f["rule"] for f in result.json["reports"][0]["findings"]] == ["F-TYPE"]


# --- last year


def last_year(path, more):
    report = w.clean("2021", 1, Unit(name="第1局", code="C1"))
    cells = w.cells_of(report)
    out = {"applications.carried_out.total": cells["applications.carried_in.total"] + more}
    return w.put(path, w.of("2021", out, report.unit, 2022))


def test_last_years_reports_are_compared(tmp_path):
    path, last = clean(tmp_path / "今.xlsx"), last_year(tmp_path / "2022" / "去年.xlsx", 2)
    for prior in (last, last.parent):
        result = Result("validate", path, "--prior", prior, "--format", "json")
        errors = [f for f in result.json["reports"][0]["findings"] if f["severity"] == "error"]
        assert [(f["rule"], f["cell"]) for f in errors] == [("X-CARRY", "J7")]
        assert result.code == 1


@pytest.mark.parametrize("kind", ["missing", "unreadable", "empty folder"])
def test_last_year_must_be_readable(tmp_path, kind):
    path, prior = clean(tmp_path / "今.xlsx"), tmp_path / "2022"
    if kind == "unreadable":
        w.put(prior, b"")
    elif kind == "empty folder":
        prior.mkdir()
    result = Result("validate", path, "--prior", prior)
    assert (result.code, result.out) == (2, "")
    assert (
        result.err
        == {
            "missing": f"{prior}：找不到这个文件或文件夹。请检查路径是否写对。\n",
            "unreadable": f"上年数据 {prior}：文件是空的（0 字节），可能没有传完。请重新取得文件。\n",
            "empty folder": "--prior 里没有可用的上年度报表。请检查路径。\n",
        }[kind]
    )


# --- sending back


def test_marked_copies_are_written_beside_untouched_originals(tmp_path):
    source = broken(tmp_path / "报送" / "错.xlsx")
    clean(tmp_path / "报送" / "好.xlsx")
    before = source.read_bytes()
    result = Result("validate", tmp_path / "报送", "-d", tmp_path / "退回")
    assert result.code == 1
    assert result.err == f"标注后的副本 1 份，在 {tmp_path / '退回'}\n"
    assert tree(tmp_path / "退回") == ["错.xlsx"]
    assert source.read_bytes() == before


def test_nothing_to_send_back_is_said(tmp_path):
    result = Result("validate", clean(tmp_path / "好.xlsx"), "--directory", tmp_path / "退回")
    assert (result.code, result.err) == (0, "没有需要退回的工作簿。\n")
    assert not (tmp_path / "退回").exists()


def test_the_folder_of_the_originals_may_take_the_copies(tmp_path):
    source = broken(tmp_path / "错.xlsx")
    before = source.read_bytes()
    assert Result("validate", tmp_path, "-d", tmp_path).code == 1
    assert source.read_bytes() == before
    assert tree(tmp_path) == ["错.xlsx", "错（2）.xlsx"]


def test_a_file_where_the_folder_should_be_is_said(tmp_path):
    taken = w.put(tmp_path / "退回", b"x")
    result = Result("validate", broken(tmp_path / "错.xlsx"), "-d", taken)
    assert result.code == 2
    assert result.err == f"无法写入 {taken / '错.xlsx'}：路径中有同名的文件或文件夹。请换一个位置。\n"
    assert taken.read_bytes() == b"x"


# --- merge


def region(folder):
    return [clean(folder / f"{n}.xlsx", n) for n in (1, 2)]


def test_a_region_is_merged(tmp_path):
    region(tmp_path / "报送")
    out = tmp_path / "出" / "汇总.xlsx"
    result = Result("merge", tmp_path / "报送", "-o", out, "--region", "某区")
    assert result.code == 0
    assert result.err == ""
    assert result.out.splitlines()[0] == "某区 2023 年度汇总：已汇总 2 份，未汇总 0 份。"
    assert result.out.splitlines()[4:8] == [
        "收到           2 份", "  已汇总       2 份", "  未汇总       0 份", "问题           0 处",
    ]  # fmt: skip
    assert re.fullmatch(r"用时 \d+\.\d 秒，每秒 \d+ 份", result.out.splitlines()[8])
    assert result.out.splitlines()[-1] == f"汇总表：{out}"
    assert tree(out.parent) == ["汇总.json", "汇总.xlsx"]
    document = json.loads(out.with_suffix(".json").read_text("utf-8"))
    merged = merge([judge(tmp_path / "报送" / f"{n}.xlsx") for n in (1, 2)], "某区")
    assert document == json.loads("".join(reporters.merge_json(merged)))
    assert read(out).report.values == flatten(by_name("2021"), document["totals"]) == merged.totals
    assert read(out).report.unit == Unit(name="某区", kind="region")


def test_merge_prints_the_json_it_writes(tmp_path):
    region(tmp_path / "报送")
    broken(tmp_path / "报送" / "3.xlsx", seed=3)
    result = Result("merge", tmp_path / "报送", "-o", tmp_path / "汇总.xlsx", "--format", "json")
    assert result.code == 1
    assert result.err == ""
    assert result.json == json.loads((tmp_path / "汇总.json").read_text("utf-8"))
    assert list(result.json) == ["edition", "year", "region", "units", "totals", "findings", "details"]
    assert [entry["unit"]["name"] for entry in result.json["units"]["included"]] == ["第1局", "第2局"]
    assert [entry["why"] for entry in result.json["units"]["excluded"]] == [
        f"有 1 处错误（F-TYPE），如 依申请公开!D6：{TYPE_MESSAGE}"
    ]


def test_nothing_to_merge_writes_nothing(tmp_path):
    broken(tmp_path / "报送" / "错.xlsx")
    out = w.put(tmp_path / "汇总.xlsx", b"old")
    result = Result("merge", tmp_path / "报送", "-o", out)
    assert result.code == 1
    assert result.out.splitlines()[-1] == "没有一份可以汇总，未生成汇总表。"
    assert out.read_bytes() == b"old"
    assert not (tmp_path / "汇总.json").exists()


def test_mixed_years_are_refused_unless_one_is_asked_for(tmp_path):
    clean(tmp_path / "报送" / "1.xlsx"), clean(tmp_path / "报送" / "2.xlsx", 2, year=2022)
    out = tmp_path / "汇总.xlsx"
    result = Result("merge", tmp_path / "报送", "-o", out)
    assert (result.code, result.out) == (2, "")
    assert (
        result.err
        == "这些报表不是同一年度（2022 年度 1 份，2023 年度 1 份），不能相加。请用 --year 指明要汇总的年度。\n"
    )
    assert not out.exists()
    result = Result("merge", tmp_path / "报送", "-o", out, "--year", "2022", "--format", "json")
    assert result.code == 1
    assert (result.json["year"], len(result.json["units"]["included"])) == (2022, 1)


def test_a_year_without_form_is_refused(tmp_path):
    region(tmp_path / "报送")
    result = Result("merge", tmp_path / "报送", "-o", tmp_path / "汇总.xlsx", "--year", "1999")
    assert (result.code, result.out) == (2, "")
    assert result.err == "没有适用于 1999 年度的统计表，可用的年度是 2019 至 2099。\n"


def test_nothing_readable_says_what_is_wrong_with_each(tmp_path):
    bad = w.put(tmp_path / "报送" / "空.xlsx", b"")
    result = Result("merge", tmp_path / "报送", "-o", tmp_path / "汇总.xlsx")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        f"{bad}：文件是空的（0 字节），可能没有传完。请重新取得文件。",
        "没有一份可以读取的报表，无法汇总。请先用 gongkai validate 查看各文件的问题。",
    ]


def test_a_missing_path_does_not_stop_the_merge_but_is_said(tmp_path):
    region(tmp_path / "报送")
    result = Result("merge", tmp_path / "报送", tmp_path / "没有", "-o", tmp_path / "汇总.xlsx")
    assert result.code == 2
    assert result.err == f"{tmp_path / '没有'}：找不到这个文件或文件夹。请检查路径是否写对。\n"
    assert "已汇总 2 份" in result.out


def test_blanks_count_as_zero_only_when_declared(tmp_path):
    broken(tmp_path / "报送" / "1.xlsx", {"documents.rules.issued": None, "documents.rules.repealed": "/"}, seed=1)
    out = tmp_path / "汇总.xlsx"
    assert Result("merge", tmp_path / "报送", "-o", out).code == 1
    result = Result("merge", tmp_path / "报送", "-o", out, "--blank-as-zero")
    assert result.code == 0
    assert f"  注意：第1局（{tmp_path / '报送' / '1.xlsx'}） 有 2 个空白格按声明以 0 计入。" in result.out.splitlines()
    assert json.loads((tmp_path / "汇总.json").read_text("utf-8"))["units"]["included"][0]["zeroed"] == 2


@pytest.mark.parametrize("again", ["汇总.xlsx", "另一份.xlsx"])
def test_the_summary_is_not_added_to_itself(tmp_path, again):
    paths = region(tmp_path)
    first = Result("merge", tmp_path, "-o", tmp_path / "汇总.xlsx", "--region", "某区", "--format", "json").json
    result = Result("merge", tmp_path, "-o", tmp_path / again, "--region", "某区", "--format", "json")
    assert result.json["totals"] == first["totals"]
    if again == "汇总.xlsx":
        assert result.json == first
        assert result.code == 0
        assert [entry["file"] for entry in result.json["units"]["included"]] == [str(path) for path in paths]


def test_the_output_may_not_be_an_input(tmp_path):
    path = clean(tmp_path / "1.xlsx")
    before = path.read_bytes()
    Result("merge", path, "-o", path)
    assert path.read_bytes() == before


# --- outputs are written whole or not at all


@pytest.fixture
def disk_full(monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.fixture
def locked(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(os, "replace", refuse)


def writing(tmp_path, out):
    """Return the commands that write one file."""
    source = clean(tmp_path / "入" / "1.xlsx")
    report = tmp_path / "入" / "1.json"
    report.write_text(dumps(read(source).report), "utf-8")
    return {
        "template": ("template", "-o", out), "fill": ("fill", report, "-o", out), "extract": ("extract", source, "-o", out),
        "merge": ("merge", source, "-o", out), "validate": ("validate", broken(tmp_path / "入" / out.name), "-d", out.parent),
    }  # fmt: skip


@pytest.mark.parametrize("command", ["template", "fill", "extract", "merge", "validate"])
@pytest.mark.parametrize("trouble", ["locked", "disk_full"])
def test_what_was_there_survives_a_failing_write(tmp_path, command, trouble, request):
    out = w.put(tmp_path / "出" / ("结果.json" if command == "extract" else "结果.xlsx"), b"old")
    arguments = writing(tmp_path, out)[command]
    request.getfixturevalue(trouble)
    result = Result(*arguments)
    assert result.code == 2
    assert out.read_bytes() == b"old"
    assert tree(out.parent) == [out.name]
    reason = {
        "locked": "没有写入权限，或文件正在 Excel 等程序中打开。请关闭后再试，或换一个位置。",
        "disk_full": "磁盘空间不足。原有文件没有改动，请腾出空间后再试。",
    }[trouble]
    assert result.err.splitlines()[-1] == f"无法写入 {out}：{reason}"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said(tmp_path):
    out = w.put(tmp_path / "出" / "结果.xlsx", b"old")
    out.parent.chmod(0o500)
    try:
        result = Result("template", "-o", out)
    finally:
        out.parent.chmod(0o700)
    assert result.code == 2
    assert out.read_bytes() == b"old"
    assert "没有写入权限" in result.err


def test_a_file_keeps_its_permissions(tmp_path):
    old, new = w.put(tmp_path / "旧", b"old"), tmp_path / "深" / "处" / "新"
    old.chmod(0o640)
    write_whole(old, b"new")
    write_whole(new, b"new")
    assert (old.read_bytes(), old.stat().st_mode & 0o777) == (b"new", 0o640)
    mask = os.umask(0)
    os.umask(mask)
    assert new.stat().st_mode & 0o777 == 0o666 & ~mask
    assert tree(tmp_path) == ["旧", "深/处/新"]


def test_a_folder_in_the_place_of_a_file_is_said(tmp_path):
    (tmp_path / "占").mkdir()
    with pytest.raises(OutputError) as refused:
        write_whole(tmp_path / "占", b"x")
    assert str(refused.value) == f"无法写入 {tmp_path / '占'}：路径中有同名的文件或文件夹。请换一个位置。"


# --- template


@pytest.mark.parametrize(
    ("options", "edition", "year"),
    [((), "2021", None), (("--edition", "2019"), "2019", None), (("--year", "2020"), "2019", 2020),
     (("--year", "2024"), "2021", 2024), (("--edition", "2021", "--year", "2030"), "2021", 2030)],
)  # fmt: skip
def test_a_template_is_written(tmp_path, monkeypatch, options, edition, year):
    monkeypatch.chdir(tmp_path)
    result = Result("template", *options)
    name = f"政府信息公开年报统计表-{edition}年版.xlsx"
    assert (result.code, result.out, result.err) == (0, f"已生成 {name}\n", "")
    assert (tmp_path / name).read_bytes() == template.blank(by_name(edition), year=year)
    assert read(tmp_path / name).report.year == year


def test_a_template_is_written_where_it_is_asked_for(tmp_path):
    out = tmp_path / "新" / "表.xlsx"
    assert Result("template", "-o", out).out == f"已生成 {out}\n"
    assert Result("template", "--output", out).code == 0
    assert out.read_bytes() == w.blank("2021")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--edition", "2019", "--year", "2023"), "2023 年度不适用 2019 年版统计表，应使用 2021 年版。"),
        (("--edition", "2021", "--year", "2020"), "2020 年度不适用 2021 年版统计表，应使用 2019 年版。"),
        (("--edition", "2035"), "没有名为“2035”的统计表版本，可用的版本是：2019、2021。"),
        (("--year", "1999"), "没有适用于 1999 年度的统计表，可用的年度是 2019 至 2099。"),
        (("--year", "0"), "没有适用于 0 年度的统计表，可用的年度是 2019 至 2099。"),
        (("--edition", "2021", "--year", "1999"), "没有适用于 1999 年度的统计表，可用的年度是 2019 至 2099。"),
    ],
)
def test_a_template_that_does_not_exist_is_refused(tmp_path, options, message):
    result = Result("template", *options, "-o", tmp_path / "表.xlsx")
    assert (result.code, result.out, result.err) == (2, "", message + "\n")
    assert tree(tmp_path) == []


# --- fill and extract


@pytest.mark.parametrize("name", ["lianhu-2020", "pingluo-2020", "jianxi-2023"])
def test_what_is_filled_is_what_is_extracted(tmp_path, name):
    source, book, back = w.EXAMPLES / f"{name}.json", tmp_path / "表.xlsx", tmp_path / "回.json"
    filled = Result("fill", source, "-o", book)
    assert (filled.code, filled.out, filled.err) == (0, f"已生成 {book}\n", "")
    printed = Result("extract", book)
    assert (printed.code, printed.err) == (0, "")
    assert printed.json == json.loads(source.read_text("utf-8"))
    written = Result("extract", book, "-o", back)
    assert (written.code, written.out, written.err) == (0, "", "")
    assert back.read_text("utf-8") == printed.out
    assert loads(back.read_bytes()) == w.example(name)


def test_a_table_that_was_mapped_is_extracted_with_a_word(tmp_path):
    grid = w.drawn(w.distinct("2021"), cover=True)
    w.rename("社会公益组织", "社会组织")(grid)
    path = w.put(tmp_path / "表.xlsx", w.saved(grid))
    result = Result("extract", path)
    assert result.code == 0
    assert loads(result.out).values == w.distinct("2021").values
    assert result.err.startswith(
        f"{path}：“依申请公开”的版式与官方模板不同，已按标题对应读取：“社会组织”按“社会公益组织”读取。"
    )


def test_a_table_that_was_lost_is_not_extracted(tmp_path):
    grid = w.drawn(w.distinct("2021"), cover=True)
    w.delete_row(APPLICATIONS, 10)(grid)
    path, out = w.put(tmp_path / "表.xlsx", w.saved(grid)), w.put(tmp_path / "回.json", b"old")
    result = Result("extract", path, "-o", out)
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"{path}：“依申请公开”的版式与官方模板不同，无法确定数字的位置：没有找到行标题“1.属于国家秘密”。"
        "请改用官方模板填报，不要增删或改写行列标题。\n"
    )
    assert out.read_bytes() == b"old"


@pytest.mark.parametrize("command", ["fill", "extract"])
def test_a_missing_source_is_said(tmp_path, command):
    gone = tmp_path / "没有"
    result = Result(command, gone, "-o", tmp_path / "出")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"{gone}：")
    assert CHINESE.search(result.err.split("：", 1)[1])
    assert len(result.err.splitlines()) == 1
    assert tree(tmp_path) == []


# --- rules and demo


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_the_rules_are_listed(edition):
    book = rule_book(by_name(edition)) + office_rules()
    printed = Result("rules", "--edition", edition, "--format", "json")
    assert printed.code == 0
    assert printed.json == {
        "edition": edition,
        "rules": [{"rule": e.rule, "severity": list(e.severity), "title": e.title} for e in book],
    }
    lines = Result("rules", "--edition", edition).out.splitlines()
    assert lines[0] == f"政府信息公开工作年度报告统计表（{edition} 年版）核对规则，共 {len(book)} 条："
    assert [line.split()[0] for line in lines[1:]] == [entry.rule for entry in book]
    expected = {
        "T3-ROW", "T3-SUM", "T3-BAL", "T4-SUM", "F-BLANK", "F-TYPE", "X-CARRY", "R-SUM", "S-MISSING", "S-DUPLICATE",
        "S-UNKNOWN", "S-YEAR", "S-EDITION", "S-OVERLAP", "S-CHANGED",
    }  # fmt: skip
    assert expected <= {entry.rule for entry in book}
    assert ("F-DELTA" in {entry.rule for entry in book}) == (edition == "2019")


def test_the_newest_rules_are_the_default():
    assert Result("rules", "--format", "json").json["edition"] == list(editions())[-1]
    result = Result("rules", "--edition", "1999")
    assert (result.code, result.out) == (2, "")
    assert result.err == "没有名为“1999”的统计表版本，可用的版本是：2019、2021。\n"


def test_the_demonstration_runs(tmp_path):
    result = Result("demo", "-d", tmp_path / "演示")
    assert result.code == 0
    made = tree(tmp_path / "演示")
    names = ["西安市莲湖区司法局", "郑州市二七区司法局", "石嘴山市平罗县司法局", "福州市仓山区司法局"]
    assert [name for name in made if name.startswith("填报")] == sorted(
        [f"填报/2020/{name}.xlsx" for name in names] + ["填报/2023/洛阳市涧西区司法局.xlsx"]
    )
    assert [name for name in made if name.startswith("退回")] == sorted(
        f"退回/{name}.xlsx" for name in (names[0], names[2])
    )
    assert [name for name in made if name.startswith("汇总")] == sorted(
        f"汇总/{year}年度汇总{suffix}" for year in (2020, 2023) for suffix in (".json", ".xlsx")
    )
    for year, count in ((2020, 2), (2023, 1)):
        document = json.loads((tmp_path / "演示" / "汇总" / f"{year}年度汇总.json").read_text("utf-8"))
        assert len(document["units"]["included"]) == count
    assert "“行政许可 · 本年增/减”填的是“+1 项”，不是数字。请改为 1。（F-TYPE）" in result.out


# --- help


def options_of(command):
    return [option for option in command.params if option.param_type_name == "option"]


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_help_explains_every_option_in_chinese(name):
    result = Result(name, "--help")
    assert result.code == 0
    assert Result(name, "-h").out == result.out
    assert CHINESE.search(COMMANDS[name].help)
    for parameter in COMMANDS[name].params:
        assert CHINESE.search(parameter.help), parameter.name
        assert parameter.help in " ".join(result.out.split())
        for text in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
            assert text in result.out
    entries = [line for line in result.out.splitlines() if re.match(r"  -", line)]
    assert len(entries) == len(options_of(COMMANDS[name])) + 1
    assert all(CHINESE.search(entry) for entry in entries)
    assert not re.search("Usage|Options|Arguments|required|default|Show this", result.out)


def test_the_help_lists_every_command():
    result = Result("--help")
    assert result.code == 0
    assert set(COMMANDS) == {"template", "validate", "merge", "fill", "extract", "rules", "demo", "addin", "roster"}
    for name, command in COMMANDS.items():
        line = next(line for line in result.out.splitlines() if line.split()[:1] == [name])
        assert command.help.splitlines()[0] in line


@pytest.mark.parametrize(
    "arguments",
    [("validate",), ("merge", "x"), ("rules", "--format", "xml"), ("template", "--year", "abc"), ("validat",), ("fill", "x"),
     ("rules", "--strange"), ("rules", "extra")],
)  # fmt: skip
def test_wrong_usage_is_explained_in_chinese(arguments):
    result = Result(*arguments)
    assert (result.code, result.out) == (2, "")
    assert CHINESE.search(result.err)
    assert not re.search("Usage|Error|Missing|Invalid|No such|Got|Try", result.err)


def test_no_command_at_all_shows_the_help():
    result = Result()
    assert result.code == 2
    assert "validate" in result.out + result.err


def test_the_readme_documents_every_command_and_option():
    readme = (w.ROOT / "README.md").read_text("utf-8")
    lacking = []
    for name, command in COMMANDS.items():
        lacking += [f"gongkai {name}"] * (f"gongkai {name}" not in readme)
        for option in options_of(command):
            lacking += [f"{name} {text}" for text in option.opts if text.startswith("--") and text not in readme]
    assert lacking == []


# --- as programs run it


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "gongkai", *map(str, arguments)],
        capture_output=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_the_program_ends_with_its_exit_code(tmp_path):
    good, bad = clean(tmp_path / "好.xlsx"), broken(tmp_path / "错.xlsx")
    assert run("validate", good).returncode == 0
    found = run("validate", good, bad, "--format", "json", PYTHONIOENCODING="utf-8")
    assert found.returncode == 1
    assert found.stderr == b""
    assert [report["status"] for report in json.loads(found.stdout)["reports"]] == ["passed", "failed"]
    gone = run("validate", tmp_path / "没有", PYTHONIOENCODING="utf-8")
    assert (gone.returncode, gone.stdout) == (2, b"")
    assert gone.stderr.decode() == f"{tmp_path / '没有'}：找不到这个文件或文件夹。请检查路径是否写对。\n".replace(
        "\n", os.linesep
    )


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "cp1252"])
def test_an_old_console_does_not_stop_it(tmp_path, encoding):
    path = broken(tmp_path / "错.xlsx", {"applications.received.natural_person": "3😀"})
    result = run("validate", path, PYTHONIOENCODING=encoding)
    assert result.returncode == 1
    assert result.stderr == b""
    assert b"F-TYPE" in result.stdout
    assert run("--help", PYTHONIOENCODING=encoding).returncode == 0


HEAVY = ("openpyxl", "pandas", "numpy", "xlsxwriter", "xlwings", "uno")


@pytest.mark.parametrize("case", ["--help", "validate --help", "clean", "broken", "json"])
def test_heavy_libraries_are_not_imported_in_vain(tmp_path, case):
    arguments = case.split()
    if "help" not in case:
        path = (clean if case == "clean" else broken)(tmp_path / "表.xlsx")
        arguments = ["validate", str(path), *(["--format", "json"] if case == "json" else [])]
    code = (
        f"import sys; sys.argv = ['gongkai', *{arguments!r}]\n"
        "from gongkai.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"sys.stderr.write(repr([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "[]"
    assert result.stdout


def test_the_summary_of_the_command_line_is_the_librarys(tmp_path):
    paths = region(tmp_path / "报送")
    Result("merge", *paths, "-o", tmp_path / "汇总.xlsx", "--region", "某区")
    assert (tmp_path / "汇总.xlsx").read_bytes() == summary.workbook(merge([judge(path) for path in paths], "某区"))
    assert w.shown((tmp_path / "汇总.xlsx").read_bytes(), TABLES)["A1"] == "二、主动公开政府信息情况"


def test_a_summary_is_never_written_over_what_was_handed_in(tmp_path):
    paths = [w.put(tmp_path / f"{n}.xlsx", w.clean("2021", unit=Unit(name=f"第{n}局"))) for n in (1, 2)]
    before = paths[0].read_bytes()
    result = Result("merge", tmp_path, "-o", paths[0])
    assert (result.code, result.out) == (2, "")
    assert result.err == f"-o 给的 {paths[0]} 是要汇总的文件之一，不能覆盖。请换一个文件名。\n"
    assert paths[0].read_bytes() == before
    assert Result("merge", tmp_path, "-o", tmp_path / "汇总.xlsx").code == 0
    again = Result("merge", tmp_path, "-o", tmp_path / "汇总.xlsx", "--format", "json")  # an earlier summary may be
    assert again.code == 0
    assert len(json.loads(again.out)["units"]["included"]) == 2


@pytest.mark.parametrize(
    ("arguments", "suffix"),
    [(("merge", "{}", "-o", "a.json"), ".xlsx"), (("fill", "报告.json", "-o", "a.json"), ".xlsx"),
     (("template", "-o", "a.xls"), ".xlsx"), (("extract", "{}", "-o", "a.xlsx"), ".json")],
)  # fmt: skip
def test_an_output_of_another_kind_is_refused(tmp_path, monkeypatch, arguments, suffix):
    monkeypatch.chdir(tmp_path)
    source = w.put(tmp_path / "报表.xlsx", w.clean("2021"))
    (tmp_path / "报告.json").write_text(dumps(read(source).report), "utf-8")
    result = Result(*(part.format(source) for part in arguments))
    assert result.code == 2
    assert result.err == f"-o 给的是 {arguments[-1]}，应是 {suffix} 文件。请改文件名。\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["报告.json", "报表.xlsx"]


def test_a_prior_without_these_units_is_said(tmp_path):
    this = w.put(tmp_path / "今年.xlsx", w.clean("2021", unit=Unit(name="甲局"), year=2023))
    other = w.put(tmp_path / "去年.xlsx", w.clean("2021", unit=Unit(name="乙局"), year=2022))
    result = Result("validate", this, "--prior", other)
    assert result.err == "--prior 里没有这些单位上一年度的报表（按代码、名称和年度对应），没有作跨年核对。\n"
    mine = w.put(tmp_path / "去年本局.xlsx", w.clean("2021", unit=Unit(name="甲局"), year=2022))
    assert Result("validate", this, "--prior", mine).err == ""


def test_the_totals_of_nothing_are_nothing(tmp_path):
    broken = w.put(tmp_path / "a.xlsx", w.changed(w.clean("2021"), {"documents.rules.issued": "三"}))
    result = Result("merge", broken, "-o", tmp_path / "汇总.xlsx", "--format", "json")
    assert result.code == 1
    assert json.loads(result.out)["totals"] is None
    assert not (tmp_path / "汇总.xlsx").exists()


def test_the_json_of_last_years_merge_is_a_prior(tmp_path):
    last = [w.put(tmp_path / "上年" / f"{n}.xlsx", w.clean("2021", n, Unit(name=f"第{n}局"), 2022)) for n in (1, 2)]
    assert Result("merge", *last, "-o", tmp_path / "汇总.xlsx").code == 0
    now = w.put(tmp_path / "1.xlsx", w.clean("2021", 1, Unit(name="第1局"), 2023))
    by_json, by_book = (
        Result("validate", now, "--format", "json", "--prior", tmp_path / f"汇总.{kind}") for kind in ("json", "xlsx")
    )
    assert by_json.json == by_book.json
    assert {finding["rule"] for finding in by_json.json["reports"][0]["findings"]} >= {"X-CARRY"}


def test_a_missing_workbook_cannot_be_extracted(tmp_path):
    result = Result("extract", tmp_path / "没有.xlsx")
    assert (result.code, result.err) == (2, f"{tmp_path / '没有.xlsx'}：找不到这个文件或文件夹。请检查路径是否写对。\n")
