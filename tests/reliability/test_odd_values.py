"""What stands in a number cell: read as the number it is, or one finding with its rule, its cell and what it can mean."""

from __future__ import annotations

import pytest

import workbooks as w
from gongkai.edition import by_name
from gongkai.reader import read
from gongkai.validation import validate
from odd import same
from odd_values import KEYS, VALUES, workbook

CASES = [(edition, name) for name, entry in VALUES.items() for edition in entry.editions]


@pytest.mark.parametrize(("edition", "name"), CASES)
def test_an_entry_in_one_cell(edition, name):
    form, entry = by_name(edition), VALUES[name]
    report, item = w.clean(edition, 2), form.items[form.index[KEYS[edition, entry.measure]]]
    reading = read(workbook(edition, entry))
    others = [index for index in range(len(form.items)) if index != item.index]
    assert [reading.report.values[index] for index in others] == [report.values[index] for index in others]
    found = validate(reading.report, form, None, reading.context)
    if entry.rule is None:
        assert same(reading.report.values[item.index], entry.reads)
        assert found == ()
        return
    finding = w.only(found)
    assert (finding.rule, finding.severity, finding.sheet, finding.cell) == (entry.rule, "error", item.sheet, item.cell)
    assert same(finding.expected, entry.expected)
    if entry.expected is not None:
        assert f"请改为 {entry.expected}。" in finding.message
