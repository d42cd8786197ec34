"""What every test may ask for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from libreoffice.office import Office, missing

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def office() -> Iterator[Office]:
    """One LibreOffice for the whole run; without it the test is skipped, or fails if GONGKAI_REQUIRE_OFFICE is 1."""
    reason = missing()
    if reason and os.environ.get("GONGKAI_REQUIRE_OFFICE") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with Office() as running:
        yield running


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that asks for LibreOffice, directly or not."""
    for item in items:
        if "office" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.office)
