"""明细 for databases: every number exact, every text harmless, in the order of the files, however many there are."""

from __future__ import annotations

import csv
import importlib
import io
import os
import subprocess
import sys
from decimal import Decimal

import pytest

import workbooks as w
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.outputs import details
from gongkai.outputs.details import HEAD, DetailsError, writer_of
from gongkai.report import Unit, dumps
from gongkai.submission import judge
from test_cli import Result

MONEY = {"2019": "procurement.centralized_procurement.amount", "2021": "fees.administrative_fees.amount"}
EVIL = ('=HYPERLINK("http://example.com")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1")


def filed(folder, number, edition="2021", cells=None, unit=None):
    report = w.changed(w.clean(edition, number, unit or Unit(name=f"第{number}局", code=f"C{number}")), cells or {})
    path = folder / f"{number}.json"
    path.write_text(dumps(report), "utf-8")
    return judge(path)


def rows_of(path):
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def written(tmp_path, submissions, suffix=".csv"):
    path = tmp_path / f"明细{suffix}"
    writer_of(suffix)(merge(submissions, "某区"), path)
    return path


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_every_cell_of_every_counted_unit_is_there(tmp_path, edition):
    cells = {MONEY[edition]: 0.1}
    submissions = [filed(tmp_path, n, edition, cells) for n in (3, 1, 2)]
    bad = filed(tmp_path, 4, edition, {"applications.received.natural_person": "3件"})
    rows = rows_of(written(tmp_path, [*submissions, bad]))
    items = by_name(edition).items
    assert rows[0] == ["name", "code", "file", "sha256", "zeroed", *(item.key for item in items)]
    assert [row[:5] for row in rows[1:]] == [
        [s.unit.name, s.unit.code, s.file, s.origin.sha256, "0"] for s in submissions
    ]  # fmt: skip
    assert [row[5:] for row in rows[1:]] == [list(map(str, s.report.values)) for s in submissions]


@pytest.mark.parametrize("value", [0, 3, 0.1, 0.000001, 999999999, 123456789.123456, 1e-05])
def test_amounts_are_written_in_full(tmp_path, value):
    rows = rows_of(written(tmp_path, [filed(tmp_path, 1, cells={MONEY["2021"]: value})]))
    text = rows[1][rows[0].index(MONEY["2021"])]
    assert Decimal(text) == Decimal(repr(value))
    assert "E" not in text.upper()
    assert len(text.partition(".")[2]) <= 6


@pytest.mark.parametrize("text", EVIL)
def test_a_text_is_no_formula(tmp_path, text):
    rows = rows_of(written(tmp_path, [filed(tmp_path, 1, unit=Unit(name=text, code=text))]))
    assert rows[1][:2] == [f"'{text}", f"'{text}"]


@pytest.mark.parametrize("text", ["甲局", "甲,乙", '"甲"', "甲\n乙", "甲=乙", "1+1", "'甲", " =1"])
def test_other_texts_are_as_they_are(tmp_path, text):
    rows = rows_of(written(tmp_path, [filed(tmp_path, 1, unit=Unit(name=text, code="=1"))]))
    assert rows[1][:2] == [text, "'=1"]


def test_negative_numbers_are_numbers(tmp_path):
    cells = {"licensing.administrative_licensing.change": -7}
    rows = rows_of(written(tmp_path, [filed(tmp_path, 1, "2019", cells)]))
    assert rows[1][rows[0].index("licensing.administrative_licensing.change")] == "-7"


def test_blanks_that_count_as_zero_are_zero_and_counted(tmp_path):
    report = w.changed(w.clean("2021", 1, Unit(name="甲局", zero_report="是")), {"documents.rules.issued": None})
    (tmp_path / "1.json").write_text(dumps(report), "utf-8")
    rows = rows_of(written(tmp_path, [judge(tmp_path / "1.json")]))
    assert rows[1][HEAD.index("zeroed")] == "1"
    assert rows[1][rows[0].index("documents.rules.issued")] == "0"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere names are texts")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_name_that_is_no_text_is_written_as_one(tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    report = w.clean("2021", 1, Unit(name="甲局"))
    path = tmp_path / os.fsdecode(b"\xb1\xed.json")
    path.write_text(dumps(report), "utf-8")
    out = written(tmp_path, [judge(path)], suffix)
    shown = str(tmp_path / "\ufffd\ufffd.json")
    found = rows_of(out)[1][2] if suffix == ".csv" else table(out)["file"].to_pylist()[0]
    assert found == shown


@pytest.mark.parametrize("suffix", ["", ".xlsx", ".txt", ".CSV"])
def test_another_suffix_is_refused(tmp_path, suffix):
    with pytest.raises(DetailsError) as refused:
        written(tmp_path, [filed(tmp_path, 1)], suffix)
    assert str(refused.value) == (
        f"明细只能另存为 .csv 或 .parquet，不能是“{suffix or '没有扩展名的文件'}”。请改文件名。"
    )


# --- .parquet


def table(path):
    return pytest.importorskip("pyarrow.parquet").read_table(path)


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_parquet_file_holds_the_same(tmp_path, edition):
    pa = pytest.importorskip("pyarrow")
    values = [0.1, 0.2, 3, 123456789.123456]
    submissions = [filed(tmp_path, n, edition, {MONEY[edition]: value}) for n, value in enumerate(values, 1)]
    found = table(written(tmp_path, submissions, ".parquet"))
    items = by_name(edition).items
    assert found.column_names == [*HEAD, *(item.key for item in items)]
    assert found["name"].to_pylist() == ["第1局", "第2局", "第3局", "第4局"]
    assert found["sha256"].to_pylist() == [s.origin.sha256 for s in submissions]
    for item in items:
        field, numbers = found.schema.field(item.key), found[item.key].to_pylist()
        assert field.type == (pa.int64() if item.measure.whole else pa.decimal128(15, 6))
        assert field.metadata[b"title"].decode().endswith(item.column_heading[-1])
        assert [Decimal(number) for number in numbers] == [
            Decimal(repr(s.report.values[item.index])) for s in submissions
        ]
    assert sum(found[MONEY[edition]].to_pylist()) == Decimal("123456792.423456")
    about = found.schema.metadata
    assert (about[b"edition"].decode(), about[b"year"].decode(), about[b"region"].decode()) == (
        edition, str(w.YEARS[edition]), "某区",
    )  # fmt: skip


def test_a_text_of_a_parquet_file_is_as_it_is(tmp_path):
    found = table(written(tmp_path, [filed(tmp_path, 1, unit=Unit(name="=1+1"))], ".parquet"))
    assert (found["name"].to_pylist(), found["code"].to_pylist()) == (["=1+1"], [None])


@pytest.mark.parametrize("units", [1, 4, 5, 9])
def test_rows_are_written_in_groups(tmp_path, monkeypatch, units):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(details, "ROWS", 4)
    path = written(tmp_path, [filed(tmp_path, n) for n in range(1, units + 1)], ".parquet")
    file = parquet.ParquetFile(path)
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == (
        [4] * (units // 4) + [units % 4] * bool(units % 4)
    )
    assert file.read()["name"].to_pylist() == [f"第{n}局" for n in range(1, units + 1)]


def test_without_pyarrow_it_is_said_what_to_do(tmp_path, monkeypatch):
    def lacking(name):
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(name)
        return importlib.import_module(name)

    monkeypatch.setattr(details, "import_module", lacking)
    with pytest.raises(DetailsError) as refused:
        written(tmp_path, [filed(tmp_path, 1)], ".parquet")
    assert str(refused.value) == (
        '没有安装写 .parquet 的组件。请运行 pip install "gongkai[parquet]"，或把明细另存为 .csv。'
    )


# --- the command


def test_the_command_writes_details(tmp_path):
    filed(tmp_path, 1)
    out = tmp_path / "出"
    assert Result("merge", tmp_path / "1.json", "-o", out / "汇总.xlsx", "--details", out / "明细.CSV").code == 0
    assert [row[0] for row in rows_of(out / "明细.CSV")] == ["name", "第1局"]
    wrong = Result("merge", tmp_path / "1.json", "-o", out / "汇总.xlsx", "--details", out / "明细.xls")
    assert (wrong.code, wrong.err) == (2, "明细只能另存为 .csv 或 .parquet，不能是“.xls”。请改文件名。\n")
    assert not (out / "明细.xls").exists()


def test_nobody_pays_for_pyarrow_who_does_not_use_it():
    code = "import sys, gongkai.outputs.details; print('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
