"""退回单: who gets one, what it says, under which name, and that nothing else is touched."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import workbooks as w
from gongkai.collection.coverage import with_finding
from gongkai.collection.roster import Entry
from gongkai.edition import by_name
from gongkai.files import EARLIER, OutputError, collect
from gongkai.merge import merge
from gongkai.messages import UNREADABLE
from gongkai.outputs import letters
from gongkai.outputs.letters import safe_name, send_back_with_letters
from gongkai.outputs.paper import Line, document, lines_of
from gongkai.report import Unit, dumps
from gongkai.submission import judge
from test_cli import BROKEN, WARNED, Result
from test_packages import VALIDATOR, lacking

TYPE = "“一、本年新收政府信息公开申请数量 · 自然人”填的是“3件”，不是数字。请改为 3。"
_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LINES = 41
"""A4 less the margins, in lines of 17 points."""


def filed(folder, name, cells=None, *, number=1, code="", year=None, edition="2021", age=0):
    """Write the official workbook of a unit, or its JSON, and judge it."""
    unit = Unit(name=f"第{number}局", code=code or f"C{number}")
    report = w.changed(w.clean(edition, number, unit, year), cells or {})
    path = folder / name
    if path.suffix == ".json":
        path.write_text(dumps(report), "utf-8")
    else:
        w.put(path, report)
    os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
    return judge(path)


def paragraphs(path):
    root = ET.fromstring(zipfile.ZipFile(path).read("word/document.xml"))  # noqa: S314 - we wrote it
    return ["".join(t.text or "" for t in p.iter(f"{_TEXT}t")) for p in root.iter(f"{_TEXT}p")]


def sent(tmp_path, submissions, region="某区政府办公室", year=None):
    """Return file name → the paragraphs of a letter, or nothing for another file; and how many letters there are."""
    folder = tmp_path / "退回"
    count, _ = send_back_with_letters(merge(submissions, region, year), folder)
    files = sorted(path for path in folder.iterdir() if path.suffix) if folder.exists() else []
    found = {path.name: paragraphs(path) if path.suffix == ".docx" else None for path in files}
    assert count == sum(letter is not None for letter in found.values())
    return found


def problems(letter):
    """Return what stands between the headings 一 and 二."""
    return letter[letter.index("一、需要处理的问题") + 1 : letter.index("二、办理方法")]


# --- who gets one


def test_a_unit_with_errors_gets_a_letter_and_a_marked_copy(tmp_path):
    good, bad = filed(tmp_path, "好.xlsx"), filed(tmp_path, "第2局报表.xlsx", BROKEN, number=2)
    before = hashlib.sha256(Path(bad.file).read_bytes()).hexdigest()
    found = sent(tmp_path, [good, bad])
    assert found == {
        "第2局报表.xlsx": None,
        "第2局报表-退回单.docx": [
            "政府信息公开年报统计表退回单",
            "第2局：",
            "你单位报送的 2023 年度统计表（文件“第2局报表.xlsx”）收悉。经核对，有 1 处问题，没有计入本次汇总，现予退回，请改正后重新报送。",
            "一、需要处理的问题",
            f"1. “依申请公开”表 D6：{TYPE}",
            "二、办理方法",
            "1. 请打开随附的“第2局报表.xlsx”：有问题的单元格已经标出，全部问题列在“验证结果”表中。",
            "2. 逐条核对改正。只改填错的格子，合计由公式自动计算。",
            "3. 保存后确认封面上方显示“内置校验：通过”，再报送改好的这份文件。",
            "三、时间要求",
            "请于        年    月    日前重新报送。联系人：              电话：                  。感谢支持配合。",
            "",
            "某区政府办公室",
            "年    月    日",
        ],
    }
    assert hashlib.sha256(Path(bad.file).read_bytes()).hexdigest() == before
    marks = w.shown((tmp_path / "退回" / "第2局报表.xlsx").read_bytes(), "验证结果")
    assert (marks["C4"], marks["D4"], marks["H4"]) == ("依申请公开", "D6", TYPE)


def test_a_unit_with_open_warnings_is_asked_though_it_counts(tmp_path):
    letter = sent(tmp_path, [filed(tmp_path, "第1局.xlsx", WARNED)])["第1局-退回单.docx"]
    assert letter[2] == (
        "你单位报送的 2023 年度统计表（文件“第1局.xlsx”）收悉。经核对，已计入本次汇总，但有 1 处须说明原因，请补充说明后重新报送。"
    )
    assert problems(letter)[0].startswith("1. “主动公开”表 D6：（须说明）“行政规范性文件”的现行有效件数（6）少于")
    assert any("“情况说明”栏写明具体原因" in line for line in letter)
    assert not any("逐条核对改正" in line for line in letter)


def test_errors_come_before_warnings(tmp_path):
    letter = sent(tmp_path, [filed(tmp_path, "第1局.xlsx", {**WARNED, **BROKEN})])["第1局-退回单.docx"]
    assert [line.partition("：")[0] for line in problems(letter)] == ["1. “依申请公开”表 D6", "2. “主动公开”表 D6"]


def test_who_is_right_gets_nothing(tmp_path):
    assert sent(tmp_path, [filed(tmp_path, f"{n}.json", number=n) for n in (1, 2)]) == {}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "文件是空的（0 字节），可能没有传完。请重新发送。"),
        (b"PK\x03\x04", "文件不完整或已损坏，可能没有传完。请重新发送。"),
        (b"hello", UNREADABLE["not-zip"]),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gets_a_letter_only(tmp_path, data, sentence):
    path = w.put(tmp_path / "坏.xlsx", data)
    found = sent(tmp_path, [filed(tmp_path, "1.json"), judge(path)])
    assert list(found) == ["坏-退回单.docx"]
    letter = found["坏-退回单.docx"]
    assert letter[1:3] == [
        "文件“坏.xlsx”的报送单位：",
        "你单位报送的 2023 年度统计表文件“坏.xlsx”无法读取，没有计入本次汇总，现予退回，请按下列办法处理后重新报送。",
    ]
    assert problems(letter) == [f"1. {sentence}"]


@pytest.mark.parametrize(
    ("file", "addressee"),
    [
        ("某市体育局.xlsx", "某市体育局："),
        ("2023 某市体育局（新）.xlsx", "某市体育局："),
        ("某市体育局彩票中心.xlsx", "某市体育局彩票中心："),  # the longer name is meant
        ("某市体育局、某市审计局.xlsx", "文件“某市体育局、某市审计局.xlsx”的报送单位："),
        ("某市民政局.xlsx", "文件“某市民政局.xlsx”的报送单位："),  # that one was heard of
    ],
)
def test_a_file_that_cannot_be_read_goes_back_to_the_missing_unit_it_is_named_after(tmp_path, file, addressee):
    result = merge([filed(tmp_path, "1.json"), judge(w.put(tmp_path / file, b""))], "某市")
    names = ("某市体育局", "某市体育局彩票中心", "某市审计局")
    result = replace(result, missing=tuple(Entry(n, None, name) for n, name in enumerate(names)))
    assert send_back_with_letters(result, tmp_path / "退回") == (1, 0)
    (letter,) = (tmp_path / "退回").glob("*.docx")
    assert paragraphs(letter)[1] == addressee


def test_a_file_that_we_could_not_open_is_not_the_fault_of_the_body(tmp_path):
    gone = judge(tmp_path / "没有.xlsx")
    assert gone.error == UNREADABLE["unreadable"]
    assert sent(tmp_path, [filed(tmp_path, "1.json"), gone]) == {}


def test_another_year_and_another_form_get_a_letter_only(tmp_path):
    submissions = [
        filed(tmp_path, "1.json"), filed(tmp_path, "2.json", number=2, year=2022),
        filed(tmp_path, "3.json", number=3, year=2023, edition="2019"),
    ]  # fmt: skip
    submissions[2] = judge(Path(submissions[2].file))
    found = sent(tmp_path, submissions, year=2023)
    assert problems(found["第2局-退回单.docx"]) == [
        "1. 这是 2022 年度的报表，本次汇总的是 2023 年度。封面的“报告年度”填错的，请改正；交错文件的，请改报 2023 年度的报表。"
    ]
    assert problems(found["第3局-退回单.docx"]) == [
        "1. 用的是 2019 年版统计表，2023 年度应使用 2021 年版。请换用 2021 年版模板重新填报；没有这个模板的，请与我们联系。"
    ]
    assert sorted(found) == ["第2局-退回单.docx", "第3局-退回单.docx"]  # a marked copy would be corrected in vain


def test_who_handed_in_twice_gets_nothing(tmp_path):
    submissions = [filed(tmp_path, f"{n}.xlsx", WARNED if n == 1 else None, age=n) for n in (1, 2)]
    assert sent(tmp_path, submissions) == {}


@pytest.mark.parametrize(("age", "letters_sent"), [(-1, 0), (1, 1)])
def test_a_faulty_file_that_was_corrected_since_gets_nothing(tmp_path, age, letters_sent):
    submissions = [filed(tmp_path, "好.json"), filed(tmp_path, "坏.json", BROKEN, age=age)]
    found = sent(tmp_path, submissions)
    assert sum(name.endswith(".docx") for name in found) == letters_sent


def test_last_years_file_of_a_unit_that_counts_gets_nothing(tmp_path):
    assert sent(tmp_path, [filed(tmp_path, "1.json"), filed(tmp_path, "2.json", year=2022, age=5)], year=2023) == {}


def test_what_only_the_office_can_settle_is_not_asked_of_the_body(tmp_path):
    changed = with_finding(filed(tmp_path, "1.json"), "S-CHANGED", "warning")
    named = with_finding(filed(tmp_path, "2.json", number=2), "F-COVER.by-name", "warning", name="甲", code="C")
    assert changed.status == named.status == "warnings"
    assert sent(tmp_path, [changed, named]) == {}
    both = with_finding(filed(tmp_path, "3.json", BROKEN, number=3), "S-CHANGED", "warning")
    assert len(problems(sent(tmp_path, [filed(tmp_path, "4.json", number=4), both])["第3局-退回单.docx"])) == 1


# --- what it says


def test_a_file_that_is_not_ours_comes_with_a_list(tmp_path):
    found = sent(tmp_path, [filed(tmp_path, "1.json"), filed(tmp_path, "乙.json", BROKEN, number=2)])
    assert list(found) == ["第2局-乙-退回单.docx", "第2局-乙-验证结果.xlsx"]
    steps = found["第2局-乙-退回单.docx"]
    assert "1. 全部问题列在随附的“第2局-乙-验证结果.xlsx”中，请对照改正你单位原来的文件。" in steps
    assert "2. 最好改用官方模板填报，填写时即可看到核对结果。" in steps


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize(
    "value", ["约三十二件左右，含上年结转，以处室台账为准，另有两件待核实，详见附件", None, -1, "5件"]
)
def test_the_letter_is_one_page_however_much_is_wrong(tmp_path, edition, value):
    cells = {item.key: value for item in by_name(edition).items if not item.derived and item.index % 2}
    bad = filed(tmp_path, "2.json", cells, number=2, edition=edition)
    assert len(bad.findings) > 2
    letter = next(
        lines for lines in sent(tmp_path, [filed(tmp_path, "1.json", edition=edition), bad]).values() if lines
    )
    told = problems(letter)
    listed = [line for line in told if re.match(r"\d+\. ", line)]
    assert 1 <= len(listed) <= 15
    if len(listed) < len(bad.findings):
        more = len(bad.findings) - len(listed)
        assert told[-1] == f"另有 {more} 处没有列出，全部列在“第2局-验证结果.xlsx”中。"
    assert sum(map(lines_of, letter)) + 1 <= LINES


def test_the_office_that_did_not_say_its_name_writes_it_in(tmp_path):
    letter = sent(tmp_path, [filed(tmp_path, "1.json", WARNED)], "汇总")["第1局-退回单.docx"]
    assert letter[-2:] == ["（汇总单位名称）", "年    月    日"]


def test_texts_of_others_are_texts(tmp_path):
    evil = "<w:p>&\x07\ud800"
    data = document([Line(evil), Line("", "signature")])
    path = w.put(tmp_path / "单.docx", data)
    assert paragraphs(path) == ["<w:p>&\ufffd\ufffd", ""]


@pytest.mark.skipif(bool(lacking()), reason="needs the validator of Office files")
@pytest.mark.parametrize("office", ["Office2010", "Microsoft365"])
def test_the_letter_is_a_valid_document(tmp_path, office):
    found = sent(tmp_path, [filed(tmp_path, "1.json"), filed(tmp_path, "2.json", {**BROKEN, **WARNED}, number=2)])
    path = tmp_path / "退回" / next(name for name in found if name.endswith(".docx"))
    command = ["node", VALIDATOR, path, "--officeVersion", office]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)
    assert json.loads(done.stdout)["errors"] == []


def test_the_same_letter_is_the_same_bytes():
    assert document([Line("甲")]) == document([Line("甲")])


# --- names, and what is not touched


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("某局", "某局"), ('a\\b/c:d*e?f"g<h>i|j', "a_b_c_d_e_f_g_h_i_j"), ("某局. . ", "某局"), ("...", "_"), ("", "_"),
        ("CON", "_CON"), ("nul.表", "_nul.表"), ("com1", "_com1"), ("COM10", "COM10"), ("LPT¹", "_LPT¹"), ("console", "console"),
        ("甲\x00\x1f\x7f\ud800乙", "甲____乙"), (" 甲", "甲"), ("e\u0301", "\u00e9"), ("a" * 300, "a" * 90), ("甲" * 300, "甲" * 66),
    ],
)  # fmt: skip
def test_names_are_safe_everywhere(text, name):
    assert safe_name(text) == name


def test_names_are_given_once_whatever_their_case(tmp_path):
    submissions = [filed(tmp_path, "0.json", number=9)]
    for number, folder in enumerate(("甲", "乙", "丙"), 1):
        (tmp_path / folder).mkdir()
        name = "Report.json" if number != 2 else "REPORT.json"
        submissions.append(filed(tmp_path / folder, name, BROKEN, number=1, code=f"D{number}"))
    names = [name.removesuffix("-退回单.docx") for name in sent(tmp_path, submissions) if name.endswith(".docx")]
    assert sorted(names) == ["第1局-REPORT（2）", "第1局-Report", "第1局-Report（3）"]


def test_originals_in_the_same_folder_are_not_touched(tmp_path):
    folder = tmp_path / "退回"
    folder.mkdir()
    submissions = [filed(folder, "第1局.xlsx", BROKEN), filed(folder, "好.xlsx", number=2)]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    found = sent(tmp_path, submissions)
    assert sorted(found) == sorted(["第1局.xlsx", "好.xlsx", "第1局（2）.xlsx", "第1局（2）-退回单.docx"])
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_later_run_does_not_take_the_copies_for_submissions(tmp_path):
    folder = tmp_path / "报送"
    folder.mkdir()
    files = [Path(filed(folder, "第1局.xlsx", BROKEN).file), Path(filed(folder, "第2局.xlsx", number=2).file)]
    outputs = ("-o", tmp_path / "汇总.xlsx", "-d", folder / "退回")
    first = Result("merge", folder, *outputs)
    assert (first.code, first.err) == (1, f"退回单 1 份，在 {folder / '退回'}\n")
    assert sorted(path.name for path in (folder / "退回").iterdir()) == [
        ".gongkai-退回", "第1局-退回单.docx", "第1局.xlsx",
    ]  # fmt: skip
    assert list(collect([folder])[0]) == sorted(files)
    corrected = w.put(folder / "退回" / "第1局.xlsx", w.clean("2021", 1, Unit(name="第1局", code="C1")))
    assert list(collect([folder])[0]) == [*sorted(files), corrected]
    again = Result("merge", folder, "-o", tmp_path / "汇总.xlsx", "-d", tmp_path / "又退")
    assert again.err == "没有需要退回的单位。\n"
    assert not (tmp_path / "又退").exists()


def test_a_source_that_is_gone_meanwhile_gets_its_letter(tmp_path):
    good, bad = filed(tmp_path, "好.xlsx", number=2), filed(tmp_path, "第1局.xlsx", BROKEN)
    Path(bad.file).unlink()
    assert list(sent(tmp_path, [good, bad])) == ["第1局-退回单.docx"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "退回").write_bytes(b"")
    summary = merge([filed(tmp_path, "1.json", WARNED)], "某区")
    with pytest.raises(OutputError) as refused:
        send_back_with_letters(summary, tmp_path / "退回")
    target = tmp_path / "退回" / "第1局-验证结果.xlsx"
    assert str(refused.value) == f"无法写入 {target}：路径中有同名的文件或文件夹。请换一个位置。"


def test_an_interrupted_run_leaves_no_half_of_a_letter(tmp_path, monkeypatch):
    submissions = [filed(tmp_path, f"{n}.json", WARNED, number=n) for n in (1, 2, 3)]
    original, calls = letters.document, []

    def interrupted(paper):
        calls.append(paper)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(paper)

    monkeypatch.setattr(letters, "document", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sent(tmp_path, submissions)
    written = [path for path in (tmp_path / "退回").iterdir() if path.suffix in (".docx", ".xlsx")]
    assert sorted(path.name for path in written) == [
        "第1局-退回单.docx", "第1局-验证结果.xlsx", "第2局-验证结果.xlsx",
    ]  # fmt: skip
    assert all(zipfile.is_zipfile(path) for path in written)
    shutil.rmtree(tmp_path / "退回")


def test_what_an_earlier_run_wrote_goes_aside_unless_somebody_changed_it(tmp_path):
    folder = tmp_path / "退回"
    first = [filed(tmp_path, f"{n}.json", WARNED, number=n) for n in (1, 2, 3)]
    assert send_back_with_letters(merge(first, "某区"), folder) == (3, 0)
    (folder / "第2局-退回单.docx").write_bytes(b"with a date")
    (folder / "通知.docx").write_bytes(b"by the office")
    mended = [filed(tmp_path, f"{n}.json", number=n) for n in (1, 2)]
    assert send_back_with_letters(merge([*mended, first[2]], "某区"), folder) == (1, 3)
    assert sorted(path.name for path in folder.iterdir() if path.suffix) == [
        "第2局-退回单.docx", "第3局-退回单.docx", "第3局-验证结果.xlsx", "通知.docx",
    ]  # fmt: skip
    earlier = ["第1局-退回单.docx", "第1局-验证结果.xlsx", "第2局-验证结果.xlsx"]
    assert sorted(path.name for path in (folder / EARLIER).iterdir() if path.suffix) == earlier
    assert list(collect([folder])[0]) == [folder / "第2局-退回单.docx", folder / "通知.docx"]
