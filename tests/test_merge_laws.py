"""The laws of merging: however a region is divided into counties and cities, and in whatever order and in whatever
portions its files are read, the sums are the same, and so is what is found in every unit.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import workbooks as w
from gongkai import console, reporters, summary
from gongkai.collection import intake
from gongkai.collection.ledger import Ledger
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.report import Unit, dumps
from gongkai.submission import Origin, Submission, judge
from gongkai.validation import validate
from test_cli import BROKEN, WARNED
from test_merge import added

FORM = by_name("2021")
AMOUNT = "fees.administrative_fees.amount"
LEAVES = 8
SPOILT = {2: BROKEN, 3: WARNED, 5: {AMOUNT: 0.1}, 6: {AMOUNT: 0.2}}
"""Unit → what is in its report: an error, a warning, and two amounts that no float adds up."""
REPORTS = {
    number: w.changed(w.clean("2021", number, Unit(name=f"第{number}局", code=f"C{number}")), SPOILT.get(number, {}))
    for number in range(1, LEAVES + 1)
}
trees = st.recursive(st.just(0), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=LEAVES).filter(bool)
orders = st.permutations(range(1, LEAVES + 1))
origin = Origin("0" * 64, 0.0)


class Office:
    """The offices of a region, each of which merges what the ones below it hand up, and remembers what it found."""

    def __init__(self, order):
        self._numbers = iter(order)
        self.units = {}
        """Number of every unit → what it handed in."""
        self.found = {}
        """File of every unit → its findings, and whether it was left out."""
        self.summaries = []

    def handed_up(self, node):
        """Return what a node of the tree hands up, ``None`` where nothing of it counts."""
        if node == 0:
            number = next(self._numbers)
            self.units[number] = self.unit(number)
            return self.units[number]
        below = [each for each in map(self.handed_up, node) if each]
        if not below:
            return None
        result = merge(below, f"片区{len(self.summaries)}", 2023)
        self.found |= found(result)
        if not result.ledger.count(counted=True):
            return None
        self.summaries.append(self.summarised(result))
        return self.summaries[-1]

    def unit(self, number):
        report = REPORTS[number]
        return Submission(f"{number}.json", report, tuple(validate(report, FORM)), origin=origin)

    def summarised(self, result):
        units = [unit for each in result.included for unit in (each.submission.unit, *each.submission.members)]
        return Submission(
            f"{result.region}.xlsx", result.report, tuple(validate(result.report, FORM)), members=tuple(units), origin=origin
        )  # fmt: skip


class PaperOffice(Office):
    """The same, but with real files."""

    def __init__(self, order, folder):
        super().__init__(order)
        self.folder = folder

    def unit(self, number):
        path = self.folder / f"{number}.json"
        path.write_text(dumps(REPORTS[number]), "utf-8")
        return judge(path)

    def summarised(self, result):
        path = self.folder / f"{result.region}.xlsx"
        path.write_bytes(summary.workbook(result))
        return judge(path)


def found(result):
    """Return what was found in every unit itself, not in the summaries that hold them."""
    return {
        Path(each.file).name: (each.findings, why)
        for _, each, why in result.ledger.submissions()
        if not each.members
    }  # fmt: skip


def same_as_flat(office, whole):
    """Tell that a tree came to what all its units come to when they are merged at once."""
    flat = merge(office.units.values(), "全部", 2023)
    assert office.found == found(flat)
    if whole is None:
        assert flat.ledger.count(counted=True) == 0
        return
    counted = [number for number in office.units if number != 2]
    assert whole.report.values == flat.totals == added(*(REPORTS[number] for number in counted))
    assert sum(not unit.name.startswith("片区") for unit in whole.members) == len(counted)


@settings(max_examples=100, deadline=None)
@given(trees, orders)
def test_any_tree_of_offices_comes_to_the_same(tree, order):
    office = Office(order)
    same_as_flat(office, office.handed_up(tree))


@settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(trees, orders)
def test_any_tree_of_workbooks_comes_to_the_same(tmp_path_factory, tree, order):
    office = PaperOffice(order, tmp_path_factory.mktemp("片区"))
    same_as_flat(office, office.handed_up(tree))


def test_units_counties_cities_and_the_province(tmp_path):
    office = PaperOffice(range(1, LEAVES + 1), tmp_path)
    province = office.handed_up([[[0, 0, 0], [0, 0]], [[0], [0, 0]]])
    same_as_flat(office, province)
    assert len(office.units) == LEAVES
    assert len(office.summaries) == 7
    assert (
        province.report.values[FORM.index[AMOUNT]]
        == added(*(REPORTS[n] for n in REPORTS if n != 2))[FORM.index[AMOUNT]]
    )


def test_a_tenth_and_two_tenths_are_three_tenths():
    office = Office((5, 6))
    assert office.handed_up([[0], [0]]).report.values[FORM.index[AMOUNT]] == 0.3


# --- what is handed in together with a summary that holds it


@settings(max_examples=100, deadline=None)
@given(trees, orders, st.data())
def test_what_a_summary_holds_at_any_depth_is_never_added_again(tree, order, data):
    office = Office([number for number in order if number != 2])
    whole = office.handed_up(_of_good_units(tree))
    again = data.draw(st.sampled_from([*office.units.values(), *office.summaries[:-1]]))
    files = data.draw(st.permutations([whole, again]))
    result = merge(files, "全国", 2023)
    assert [each.submission.file for each in result.included] == [whole.file]
    assert [(each.submission.file, each.why) for each in result.excluded] == [
        (again.file, f"已包含在“{whole.unit.name}”的汇总中（{whole.file}），再加会重复计算（S-OVERLAP）")
    ]
    assert result.totals == whole.report.values


def _of_good_units(tree):
    """Return a tree with one leaf fewer where it has as many as there are units: one of them is not good."""
    leaves = repr(tree).count("0")
    return tree if leaves < LEAVES else [0, [0, 0]]


# --- order and portions


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=orders, size=st.integers(1, LEAVES + 1))
def test_neither_the_order_of_files_nor_the_size_of_chunks_changes_a_byte(paths, alone, order, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "CHUNK", size)
        assert document([paths[number - 1] for number in order]) == alone


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    office = PaperOffice((), tmp_path_factory.mktemp("报送"))
    return [office.folder / f"{number}.json" for number in REPORTS if office.unit(number)]


@pytest.fixture(scope="module")
def alone(paths):
    return document(paths)


def document(paths):
    with Ledger() as ledger:
        assert console.take_in(ledger, paths, None, in_order=True) == []
        return "".join(reporters.merge_json(merge(ledger, "某区", 2023)))
