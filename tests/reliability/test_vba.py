"""The source of macros: read as an independent reader reads it, and never past what is there."""

from __future__ import annotations

import random
import warnings
import zipfile

import pytest

import workbooks as w
from gongkai.authenticity import vba
from xlwings_addin import vba_project

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the names its parser uses are old
    from oletools.olevba import VBA_Parser, decompress_stream

BOOKS = [*sorted((w.ROOT / "templates").glob("*.xlsm")), w.ROOT / "xlwings_addin" / "gongkai.xlam"]


def project(path):
    with zipfile.ZipFile(path) as package:
        return package.read("xl/vbaProject.bin")


def oracle(data):
    """Return module name → source as oletools finds it."""
    parser = VBA_Parser("book", data=data)
    found = {name.rpartition(".")[0]: code for _, _, name, code in parser.extract_macros()}
    parser.close()
    return found


@pytest.mark.parametrize("path", BOOKS, ids=[path.name for path in BOOKS])
def test_our_projects_are_read_as_by_an_independent_reader(path):
    found = vba.read_project(project(path))
    assert {"xlwings", "Gongkai", "ThisWorkbook"} < set(found.modules)
    assert found.modules == oracle(project(path))
    assert not found.compiled


def test_what_libreoffice_writes_of_our_project_is_the_same_source(office, tmp_path):
    with office.open(BOOKS[0]) as document:
        document.save(tmp_path / "b.xlsm", "Calc MS Excel 2007 VBA XML")
    before, after = project(BOOKS[0]), project(tmp_path / "b.xlsm")
    assert before != after
    found = vba.read_project(after)
    assert found.modules == oracle(after)
    ours = vba.read_project(before).modules
    assert {name: vba.normal(text) for name, text in found.modules.items()} == {
        name: vba.normal(text) for name, text in ours.items()
    }


# The examples of [MS-OVBA] 3.2: a text that cannot be made shorter, one that can, and one that copies itself.
EXAMPLES = {
    "abcdefghijklmnopqrstuv.": "0119B000616263646566676800696A6B6C6D6E6F70007172737475762E",
    "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa": (
        "012FB000236161616263646582660070616768696A013808616B6C00306D6E6F700671027004107273747576107778797A003C"
    ),
    "a" * 73: "0103B002614500",
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_specification_are_decompressed(text):
    data = bytes.fromhex(EXAMPLES[text])
    assert vba._decompressed(data).decode() == text == decompress_stream(data).decode()


@pytest.mark.parametrize(
    "data",
    [b"", b"\x02", b"\x01\x00", b"\x01\x00\x00", b"\x01\x03\xb0\x01\xff\xff", b"\x01\x05\xb0\x02aE\x00\xff\xff\x07"],
    ids=["nothing", "another signature", "half a header", "no chunk signature", "a copy of nothing", "a copy too long"],
)
def test_what_is_not_compressed_so_is_refused(data):
    with pytest.raises((vba.ProjectError, ValueError, vba.struct.error)):
        vba._decompressed(data)


def test_a_source_without_end_is_refused():
    chunk = bytes.fromhex("03B00261FFFF")[:2] + b"\x02a" + (0xFFF - 3).to_bytes(2, "little")
    with pytest.raises(vba.ProjectError, match="more than"):
        vba._decompressed(b"\x01" + chunk * (vba.MAX_SOURCE // 4095 + 2))


def test_any_damage_to_a_project_is_an_error_or_shows():
    data, rng = project(BOOKS[-1]), random.Random(7)  # noqa: S311 - damage for a test
    outcomes = {"error": 0, "other": 0, "same": 0}
    right = vba.read_project(data)
    for _ in range(60):
        spoilt = bytearray(data)
        for _ in range(rng.choice((1, 20, 400))):
            spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        try:
            found = vba.read_project(bytes(spoilt[: rng.choice((len(spoilt), rng.randrange(len(spoilt))))]))
        except vba.ProjectError:
            outcomes["error"] += 1
        else:
            outcomes["same" if found == right else "other"] += 1
    assert outcomes["error"] > 10
    assert outcomes["same"] > 0  # damage where nothing is read


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Sub A()\r\n  x=1\r\n\r\nEnd Sub", "sub a()\n\tX = 1\nEnd  Sub\n", True),
        ('Attribute VB_Name = "A"\nx = 1', "x=1", True),
        ('x = "a b"', 'x = "ab"', False),
        ('x = "a"', 'x = "A"', False),
        ("x = 1", "x = 2", False),
        ("a\nb", "b\na", False),
    ],
)
def test_a_source_in_another_spelling_is_the_same(one, other, same):
    assert (vba.normal(one) == vba.normal(other)) is same


def test_sources_are_those_the_project_was_built_of():
    sources = vba_project.sources(vba_project.BUTTONS, vba_project.RIBBON)
    found = vba.read_project(vba_project.build(sources, 3)).modules
    assert {name: vba.normal(found[name]) for name in sources} == {n: vba.normal(t) for n, t in sources.items()}
    assert set(found) == {*sources, "ThisWorkbook", "Sheet1", "Sheet2", "Sheet3"}
