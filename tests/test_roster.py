"""The roster: read as an office writes it, refused with a reason, and matched by code, then by name."""

from __future__ import annotations

import io

import openpyxl
import pytest

import workbooks as w
from gongkai.collection import roster, roster_form
from gongkai.collection.roster import COLUMNS, Entry, RosterError, read
from gongkai.report import Unit

CREDIT = "91110000600037341L"


def csv(path, *lines, encoding="utf-8-sig"):
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


def filled_form(path, *rows):
    """Fill rows into our own empty roster."""
    book = openpyxl.load_workbook(io.BytesIO(roster_form.workbook()))
    for number, row in enumerate(rows, 4):
        for column, value in enumerate(row, 1):
            book.active.cell(number, column, value)
    book.save(path)
    return path


def test_our_own_form_is_read_back(tmp_path):
    row = ("C1", "甲局", "甲委、甲办公室", "县级", "部门", "a@b.c", "0951", "无", CREDIT, "独立填报", "乙府")
    other = (2, "乙府", None, "县级", "政府", None, 13800000000, "无", None, None, None)
    roster = read(filled_form(tmp_path / "名册.xlsx", row, other))
    assert roster.entries == (
        Entry(4, "C1", "甲局", ("甲委", "甲办公室"), "county", "department", "a@b.c", "0951", "无", CREDIT, "独立填报", "乙府"),
        Entry(5, "2", "乙府", (), "county", "government", None, "13800000000", "无", None, "独立填报", None),
    )  # fmt: skip


def test_the_form_has_every_column_and_native_lists():
    page = openpyxl.load_workbook(io.BytesIO(roster_form.workbook())).active
    assert [cell.value for cell in page[3]] == [headings[0] for headings in COLUMNS.values()]
    lists = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation if rule.type == "list"}
    assert lists["J4:J2003"] == '"独立填报,并入,不报"'
    assert lists["D4:D2003"] == '"国家级,省级,地市级,县级,乡级"'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_in_the_encodings_excel_writes(tmp_path, encoding):
    roster = read(
        csv(tmp_path / "名册.csv", "名称,代码,上级", "甲局,01,", "", '"乙局, 分局",02,甲局', encoding=encoding)
    )
    assert [(entry.row, entry.name, entry.code, entry.parent) for entry in roster.entries] == [
        (2, "甲局", "01", None),
        (4, "乙局, 分局", "02", "甲局"),
    ]


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (("单位名称,代码", "甲局,1", "乙局,1"), "第 2 行和第 3 行的代码相同（1）"),
        (("单位名称,代码,统一社会信用代码", f"甲局,{CREDIT},", f"乙局,2,{CREDIT}"), f"第 2 行和第 3 行的代码相同（{CREDIT}）"),
        (("单位名称,统一社会信用代码", "甲局,911100006000373419"), "第 2 行：统一社会信用代码“911100006000373419”不对（应为 18 位，且校验位相符）"),
        (("单位名称,层级", "甲局,区级"), "第 2 行：行政层级“区级”不对，应是国家级、省级、地市级、县级、乡级之一"),
        (("单位名称,状态", "甲局,报"), "第 2 行：报送状态“报”不对，应是独立填报、并入、不报之一"),
        (("单位名称,状态", "甲局,并入"), "第 2 行：状态是“并入”，须填写并入的上级单位"),
        (("单位名称,上级", "甲局,丙府"), "第 2 行：上级单位“丙府”不在名册上"),
        (("单位名称,代码", ",7"), "第 2 行：没有填单位名称"),
        (("单位名称,名称", "甲局,甲"), "标题行里有重复的标题"),
        (("代码,电话", "1,2"), "没有找到标题“单位名称”"),
        (("单位名称,代码",), "里没有单位"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_row_by_row(tmp_path, lines, fault):
    with pytest.raises(RosterError) as error:
        read(csv(tmp_path / "名册.csv", *lines))
    assert fault in str(error.value)
    assert str(error.value).startswith(f"名册 {tmp_path / '名册.csv'}")


def test_all_faults_are_named_but_no_more_than_one_can_read(tmp_path):
    with pytest.raises(RosterError) as error:
        read(csv(tmp_path / "名册.csv", "单位名称,层级", *(f"第{n}局,某级" for n in range(30))))
    assert str(error.value).count("某级") == 10
    assert str(error.value).endswith("等 30 处。")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe\x00\x01"])
def test_what_is_no_roster_is_said_in_one_sentence(tmp_path, content):
    (tmp_path / "名册.xlsx").write_bytes(content)
    with pytest.raises(RosterError, match="读不出来"):
        read(tmp_path / "名册.xlsx")
    with pytest.raises(RosterError, match="找不到名册"):
        read(tmp_path / "没有.xlsx")


ROSTER = ("单位名称,代码,曾用名,统一社会信用代码,状态", f"甲局,C1,甲委；甲办,{CREDIT},", "乙局（东区）,C2,甲局分局,,", "乙局（西区）,C3,甲局分局,,",
          "丙所,C4,,,不报")  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "row", "by_name"),
    [
        (Unit(name="别的名字", code="C1"), 2, False),
        (Unit(name="别的名字", code=" c1 "), 2, False),
        (Unit(name="别的名字", code=CREDIT), 2, False),
        (Unit(name="甲委"), 2, True),
        (Unit(name="甲 局"), 2, True),
        (Unit(name="乙局(东区)"), 3, True),
        (Unit(name="乙局（西区）", code="不知道"), 4, True),
        (Unit(name="甲局分局"), None, False),
        (Unit(name="丁局", code="C9"), None, False),
        (Unit(), None, False),
    ],
)
def test_a_unit_is_found_by_code_then_by_name_and_never_by_a_guess(tmp_path, unit, row, by_name):
    match = read(csv(tmp_path / "名册.csv", *ROSTER)).match(unit)
    assert (match.entry.row if match.entry else None, match.by_name) == (row, by_name)
    assert bool(match.why) == (row is None)


def test_two_units_of_one_name_are_told_apart_by_their_codes_only(tmp_path):
    match = read(csv(tmp_path / "名册.csv", *ROSTER)).match(Unit(name="甲局分局"))
    assert match.why == "名称“甲局分局”对应到名册上不止一个单位（第 3、4 行），请在封面填写单位代码"


def test_only_those_who_file_are_expected(tmp_path):
    assert [entry.code for entry in read(csv(tmp_path / "名册.csv", *ROSTER)).expected] == ["C1", "C2", "C3"]


def test_an_old_xls_is_no_roster_but_says_so(tmp_path):
    (tmp_path / "名册.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(RosterError, match=r"应是 \.xlsx 或"):
        read(tmp_path / "名册.xls")


def test_rows_beyond_the_last_one_are_not_cut_off_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(roster, "MAX_ROWS", 5)
    path = filled_form(tmp_path / "名册.xlsx", ("C1", "甲局"), ("C2", "乙局"))
    assert len(read(path).entries) == 2
    path = filled_form(tmp_path / "名册.xlsx", ("C1", "甲局"), ("C2", "乙局"), ("C3", "丙局"))
    with pytest.raises(RosterError, match="超过 5 行。请删去下面没有用的行"):
        read(path)
    with pytest.raises(RosterError, match="超过 5 行"):
        read(csv(tmp_path / "名册.csv", "名称", *"甲乙丙丁戊"))


def test_a_report_is_no_roster(tmp_path):
    path = w.put(tmp_path / "名册.xlsx", w.clean("2021", 1, Unit(name="甲局")))
    with pytest.raises(RosterError) as refused:
        read(path)
    assert str(refused.value) == f"{path} 是填报的统计表，不是名册。请用 --roster 给出名册。"
