"""Lines of numbers, which are written past XlsxWriter's cells: read back as what they were, wherever they stand."""

from __future__ import annotations

import openpyxl
import pytest

from gongkai.bookwriter import BookWriter
from gongkai.cell import parse_address
from gongkai.ooxml import open_workbook

NUMBERS = (0, 7, 10**14, 0.1, 1e-06, 123456789.123456, 5, -3)


@pytest.mark.parametrize("long", [True, False])
def test_a_line_of_numbers_stands_where_it_should(tmp_path, long):
    path = tmp_path / "列.xlsx"
    writer = BookWriter("列", path)
    writer.add("列", long=long)
    writer.put("列", "A1", "数", writer.styles.section)
    writer.put_numbers("列", "C2", NUMBERS, writer.styles.total)
    writer.put("列", "A3", "后", writer.styles.section)
    writer.put("列", "B3", 1, writer.styles.total)
    writer.put_numbers("列", "Z3", [8], writer.styles.total)
    writer.close()
    page = openpyxl.load_workbook(path)["列"]
    expected = {
        "A1": "数",
        "A3": "后",
        "B3": 1,
        "Z3": 8,
        **dict(zip(("C2", "D2", "E2", "F2", "G2", "H2", "I2", "J2"), NUMBERS, strict=True)),
    }
    assert {
        cell.coordinate: cell.value for row in page.iter_rows() for cell in row if cell.value is not None
    } == expected
    assert all(page[cell].border.left.style == "thin" for cell in ("C2", "J2", "Z3"))
    assert open_workbook(path).cells("列") == {parse_address(cell): value for cell, value in expected.items()}
