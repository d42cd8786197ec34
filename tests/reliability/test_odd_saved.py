"""The same report as LibreOffice, gnumeric, openpyxl and XlsxWriter save it: read the same, or refused and told why."""

from __future__ import annotations

import pytest

import odd_saved
import workbooks as w
from gongkai.cell import Uncalculated
from gongkai.edition import by_name
from gongkai.messages import UNREADABLE
from gongkai.reader import ReadError, read
from gongkai.validation import validate
from odd_saved import GNUMERIC, GNUMERIC_REFUSED, LIBREOFFICE, REFUSED, reports

KINDS = ("live", "typed")


@pytest.fixture(scope="module")
def by_libreoffice(office, tmp_path_factory):
    """Return (edition, kind) → the folder with everything LibreOffice saves of that report, each opened once."""
    folder = tmp_path_factory.mktemp("odd")
    folders = {}
    for edition in w.EDITIONS:
        for kind, report in reports(edition).items():
            here = folders[edition, kind] = folder / f"{edition} {kind}"
            with office.open(w.put(here / "source.xlsx", report)) as document:
                for name, (suffix, filter_name, *_) in {**LIBREOFFICE, **REFUSED}.items():
                    document.save(here / f"{name}.{suffix}", filter_name)
    return folders


def check(path, report):
    """Assert that a file holds exactly this report and nothing odd."""
    reading = read(path)
    assert reading.report == report
    assert [type(value) for value in reading.report.values] == [type(value) for value in report.values]
    assert reading.context.findings == ()


def check_refused(path, reason):
    """Assert that a file is refused for this reason, with its sentence."""
    with pytest.raises(ReadError) as refused:
        read(path)
    assert refused.value.reason == reason
    assert str(refused.value) == UNREADABLE[reason].format(sheets="主动公开”“依申请公开”“复议诉讼")


@pytest.mark.parametrize("name", LIBREOFFICE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edition", w.EDITIONS)
def test_saved_by_libreoffice(by_libreoffice, edition, kind, name):
    check(by_libreoffice[edition, kind] / f"{name}.{LIBREOFFICE[name][0]}", reports(edition)[kind])


@pytest.mark.parametrize("name", REFUSED)
def test_what_libreoffice_saves_and_is_no_workbook_of_excel(by_libreoffice, name):
    suffix, _, reason = REFUSED[name]
    check_refused(by_libreoffice["2021", "live"] / f"{name}.{suffix}", reason)


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_saved_by_libreoffice_again_and_again(by_libreoffice, office, edition, tmp_path):
    path = by_libreoffice[edition, "live"] / "xls.xls"
    for number, suffix in enumerate(("xlsx", "xls", "xls", "xlsx")):
        with office.open(path) as document:
            path = document.save(tmp_path / f"{number}.{suffix}")
        check(path, reports(edition)["live"])


@pytest.mark.parametrize("name", GNUMERIC)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edition", w.EDITIONS)
def test_saved_by_gnumeric(tmp_path, edition, kind, name):
    source, (suffix, exporter) = w.put(tmp_path / "source.xlsx", reports(edition)[kind]), GNUMERIC[name]
    check(odd_saved.by_gnumeric(source, tmp_path / f"saved.{suffix}", exporter), reports(edition)[kind])


@pytest.mark.parametrize("name", GNUMERIC_REFUSED)
def test_what_gnumeric_saves_and_cannot_be_read(tmp_path, name):
    source, (suffix, exporter, reason) = (
        w.put(tmp_path / "source.xlsx", reports("2021")["live"]),
        GNUMERIC_REFUSED[name],
    )
    check_refused(odd_saved.by_gnumeric(source, tmp_path / f"saved.{suffix}", exporter), reason)


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_saved_by_libreoffice_and_gnumeric_in_turn(by_libreoffice, edition, tmp_path):
    source = by_libreoffice[edition, "live"] / "xls.xls"
    check(odd_saved.by_gnumeric(source, tmp_path / "saved.xlsx", "Gnumeric_Excel:xlsx2"), reports(edition)["live"])


@pytest.mark.parametrize("edition", w.EDITIONS)
@pytest.mark.parametrize("write", [odd_saved.by_xlsxwriter, odd_saved.by_openpyxl_row_by_row])
def test_written_afresh_by_a_library(tmp_path, edition, write):
    check(write(reports(edition)["typed"], tmp_path / "fresh.xlsx"), reports(edition)["typed"])


@pytest.mark.parametrize("edition", w.EDITIONS)
def test_saved_by_openpyxl(edition):
    typed, live = reports(edition)["typed"], reports(edition)["live"]
    check(w.edited(w.filled(typed), lambda _: None), typed)
    form, reading = by_name(edition), read(w.edited(w.filled(live), lambda _: None))
    assert "Openpyxl" in reading.application
    totals = {item.index for item in form.items if type(reading.report.values[item.index]) is Uncalculated}
    assert totals == {item.index for item in form.items if item.derived}
    findings = validate(reading.report, form, None, reading.context)
    assert {finding.rule for finding in findings} == {"F-UNCALCULATED"}
    named = {(finding.sheet, cell) for finding in findings for cell in finding.span or (finding.cell,)}
    assert named == {(form.items[index].sheet, form.items[index].cell) for index in totals}


@pytest.mark.parametrize("suffix", ["xlsx", "XLSX", "xlsm", "xls", "et", "ett", "xltx", "bak", ""])
def test_the_name_of_a_file_says_nothing(by_libreoffice, tmp_path, suffix):
    for number, name in enumerate(("xlsx", "xls")):
        path = tmp_path / f"{number}.{suffix}"
        path.write_bytes((by_libreoffice["2021", "live"] / f"{name}.{name}").read_bytes())
        check(path, reports("2021")["live"])
