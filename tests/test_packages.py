"""The files we write, as Microsoft's own Open XML SDK sees them: nothing is wrong with any of them.

The SDK comes through an npm package that ``scripts/test.py`` installs. Without npm these tests are skipped, except where
``CI`` is ``true``: there they fail.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache

import pytest

import workbooks as w
from gongkai import macros, marking, summary, template
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.report import Unit
from gongkai.submission import judge

VALIDATOR = w.ROOT / ".venv" / "validator" / "node_modules" / "@xarsh" / "ooxml-validator" / "dist" / "src" / "cli.js"
COMMITTED = sorted([*(w.ROOT / "templates").glob("*.xls[xm]"), w.ROOT / "xlwings_addin" / "gongkai.xlam"])
OFFICES = ("Office2010", "Microsoft365")
"""The oldest that people have, and the newest."""


@cache
def lacking():
    """Say what is missing, or return None."""
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not VALIDATOR.is_file():
        return "the validator is not installed: python3 scripts/test.py does it, with npm"
    return None


@pytest.fixture(scope="module")
def faults():
    """Return a function: file → what the SDK finds wrong with it, or the test is skipped."""
    reason = lacking()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)

    def look(path):
        found = []
        for office in OFFICES:
            command = ["node", VALIDATOR, path, "--officeVersion", office]
            done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60)
            assert done.returncode in (0, 1), done.stderr
            answer = json.loads(done.stdout)
            assert answer["ok"] is (done.returncode == 0) is (not answer["errors"])
            found += [f"{office}: {each['path']} {each['xPath']}: {each['description']}" for each in answer["errors"]]
        return found

    return look


@pytest.mark.parametrize("path", COMMITTED, ids=[path.name for path in COMMITTED])
def test_a_committed_file_is_valid(faults, path):
    assert faults(path) == []


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_filled_workbook_is_valid(faults, tmp_path, edition):
    assert faults(w.put(tmp_path / "填报.xlsx", w.clean(edition))) == []


def broken(edition):
    key = "applications.received.natural_person"
    return w.changed(w.clean(edition), {key: '="<&>"', "disputes.reconsideration.upheld": None})


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("suffix", [".xlsx", ".xlsm"])
def test_a_marked_copy_is_valid(faults, tmp_path, edition, suffix):
    submission = judge(w.put(tmp_path / "填报.xlsx", broken(edition)))
    assert submission.status == "failed"
    form = by_name(edition)
    blank = template.blank(form, project=macros.shipped(form)) if suffix == ".xlsm" else w.filled(broken(edition))
    marked = marking.marked(blank, submission.findings, {})
    assert faults(w.put(tmp_path / f"退回{suffix}", marked)) == []


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_a_summary_is_valid(faults, tmp_path, edition):
    files = [
        w.put(tmp_path / f"{number}.xlsx", w.clean(edition, number, Unit(name=f"第{number}局", code=f"C{number}")))
        for number in range(3)
    ]
    files.append(w.put(tmp_path / "坏.xlsx", broken(edition)))
    result = merge([judge(file) for file in files], "某市")
    assert (len(list(result.included)), len(list(result.excluded))) == (3, 1)
    assert faults(w.put(tmp_path / "汇总.xlsx", summary.workbook(result))) == []


def test_a_list_of_findings_is_valid(faults, tmp_path):
    submission = judge(w.put(tmp_path / "填报.xlsx", broken("2021")))
    assert faults(w.put(tmp_path / "清单.xlsx", marking.findings_list("填报.xls", submission.findings))) == []


@pytest.mark.parametrize(
    ("source", "part", "good", "bad"),
    [
        ("xlsx", "xl/worksheets/sheet2.xml", "<sheetData>", '<sheetData odd="1">'),
        ("xlsm", "xl/workbook.xml", 'codeName="ThisWorkbook"', 'codename="ThisWorkbook"'),
        ("xlam", "customUI/customUI14.xml", 'size="large"', 'size="huge"'),
        ("xlam", "_rels/.rels", "customUI/customUI14.xml", "customUI/gone.xml"),
    ],
)
def test_the_validator_sees_what_is_wrong(faults, tmp_path, source, part, good, bad):
    path = next(path for path in COMMITTED if path.suffix == f".{source}")
    parts = w.parts(path.read_bytes())
    text = parts[part].decode()
    assert good in text
    parts[part] = text.replace(good, bad, 1).encode()
    assert faults(w.put(tmp_path / f"坏.{source}", w.packed(parts))) != []
