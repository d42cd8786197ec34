"""Damaged workbooks: refused with a reason, or read as openpyxl reads them; never a crash, a hang, a wrong number."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import oracle
import workbooks as w
from damage import Damage, damage_bytes, damage_cell, damage_package, damage_xml, packed, unpacked
from gongkai.cell import CellError, DateText
from gongkai.ooxml import open_workbook
from targets import SECONDS, TARGETS, check_report, kept, seed

OUTCOMES = {
    "read", "read alone", "damaged", "truncated", "encrypted", "not-zip", "not-workbook", "too-large", "empty", "foreign", "edition",
    "opendocument", "word", "presentation", "xlsb", "ole",
}  # fmt: skip
WORKBOOKS = {
    "as the kit fills it in": lambda: w.filled(w.clean("2021", 2)),
    "as the kit fills in the older one": lambda: w.filled(w.distinct("2019")),
    "saved by openpyxl": cache(lambda: w.saved(w.drawn(w.clean("2021", 3), cover=True))),  # it writes the time
    "saved by LibreOffice": lambda: seed("report-libreoffice.xlsx"),
}
ANY: dict[str, Damage] = {
    "byte": damage_bytes,
    "byte of a part": lambda data, rng: _in_a_part(data, rng, damage_bytes),
    "node": lambda data, rng: _in_a_part(data, rng, damage_xml),
    "cell": lambda data, rng: _in_a_part(data, rng, damage_cell),
    "entry": damage_package,
}


def _in_a_part(data: bytes, rng: Random, damage: Damage) -> bytes:
    parts = unpacked(data)
    at = rng.choice([number for number, (name, _) in enumerate(parts) if "theme" not in name])
    parts[at] = parts[at][0], damage(parts[at][1], rng)
    return packed(parts)


def _damage_and_check(workbook: str, what: str, rng: Random) -> None:
    data = WORKBOOKS[workbook]()
    for _ in range(rng.choice((1, 1, 2))):
        data = ANY[what](data, rng) if unpacked(data) else damage_bytes(data, rng)
    assert check_report(data) in OUTCOMES


@pytest.mark.parametrize("what", list(ANY))
@pytest.mark.parametrize("workbook", list(WORKBOOKS))
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_a_damaged_report_is_read_right_or_refused(workbook: str, what: str, rng: Random) -> None:
    _damage_and_check(workbook, what, rng)


@pytest.mark.long
@pytest.mark.parametrize("what", list(ANY))
@pytest.mark.parametrize("workbook", list(WORKBOOKS))
@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_many_damaged_reports_are_read_right_or_refused(workbook: str, what: str, rng: Random) -> None:
    _damage_and_check(workbook, what, rng)


@pytest.mark.parametrize("target", list(TARGETS))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_a_damaged_part_is_read_right_or_refused(target: str, rng: Random) -> None:
    aim = TARGETS[target]
    assert aim.check(aim.damaged(rng.choice(aim.seeds()), rng)) in {*OUTCOMES, "json"}


@pytest.mark.parametrize("target", list(TARGETS))
def test_what_was_found_before_has_the_outcome_it_should_have(target: str) -> None:
    inputs = [(name, outcome, content) for where, name, outcome, content in kept() if where == target]
    assert inputs
    assert [(name, TARGETS[target].check(content)) for name, _, content in inputs] == [
        (name, outcome) for name, outcome, _ in inputs
    ]


@pytest.mark.parametrize("target", list(TARGETS))
def test_the_undamaged_input_is_read(target: str) -> None:
    assert {TARGETS[target].check(data) for data in TARGETS[target].seeds()} <= {"read", "read alone"}


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is for Linux only")
def test_the_fuzzer_finds_nothing_in_a_moment() -> None:
    command = [sys.executable, str(w.ROOT / "scripts" / "fuzz.py"), "sheet", "json", "--runs", "300"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sheet：" in done.stdout


# --- the oracle itself


def test_the_oracle_sees_each_kind_of_cell() -> None:
    seen = oracle.seen_in(seed("xlsxwriter.xlsx"))
    assert seen is not None
    page = {place: cell.value for place, cell in seen["表"].items() if cell.value is not None}
    assert page[1, 1] == "自然人"
    assert page[1, 5] == "_x0041_"
    assert page[2, 1] == "第一项"
    assert (page[2, 5], page[2, 7]) == (2.5, True)
    assert (page[3, 1], page[3, 3]) == (DateText("2024-01-31"), DateText("1900-01-01T12:00:00"))
    assert page[4, 3] == CellError("#DIV/0!")


@pytest.mark.parametrize(
    ("old", "new"), [(b"<v>2.5</v>", b"<v>2.6</v>"), (b"<v>2.5</v>", b""), (b'<c r="F2">', b'<c r="F2" t="str">')]
)
def test_the_oracle_sees_a_difference(old: bytes, new: bytes) -> None:
    data, part = seed("xlsxwriter.xlsx"), "xl/worksheets/sheet1.xml"
    parts = dict(unpacked(data))
    assert old in parts[part]
    other = packed([(name, content.replace(old, new) if name == part else content) for name, content in parts.items()])
    seen = oracle.seen_in(other)
    assert seen is not None
    before, after = ({"表": open_workbook(each).cells("表")} for each in (data, other))
    assert oracle.disagreements(before, seen)
    assert not oracle.disagreements(after, seen)


def test_a_hang_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, SECONDS))
    monkeypatch.setattr("targets.time.process_time", lambda: next(clock))
    with pytest.raises(AssertionError):
        TARGETS["json"].check(b"{}")
