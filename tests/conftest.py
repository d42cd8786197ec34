"""What every test may ask for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import golden
import gongkai.edition
import workbooks as w
from excel_engine import Excel, Workbook, registered
from gongkai.edition import Edition, by_name, editions, resource
from libreoffice.office import Office, missing, need

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    """One LibreOffice for the whole run; without it the test is skipped, or fails if GONGKAI_REQUIRE_OFFICE is 1."""
    need(missing())
    with Office() as running:
        yield running


@pytest.fixture
def excel() -> Iterator[Excel]:
    """The miniature Excel, in xlwings' eyes the one that runs."""
    program = Excel()
    with registered(program):
        yield program


@pytest.fixture
def book(excel: Excel) -> Workbook:
    """A workbook of 2021 in which nothing is wrong, open in Excel."""
    return excel.open("报表.xlsx", golden.base("2021", "alone"))


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edition:
    """An invented third edition, which asks for no applications."""
    for file in (w.DATA / "2031.schema.json", *resource("schema").glob("*.schema.json")):
        shutil.copy(file, tmp_path)
    known = editions(tmp_path)
    monkeypatch.setattr(gongkai.edition, "editions", lambda _folder=None: known)
    return by_name("2031")


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for LibreOffice, directly or not."""
    for item in items:
        if "office" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.office)
