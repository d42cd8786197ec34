"""A city that does not exist, for the pictures of the office's manual: roster, reports of two years, what goes wrong.

``.venv/bin/python scripts/region.py FOLDER`` writes them; the same city every time.
"""

from __future__ import annotations

import io
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import environment

sys.path.insert(0, str(environment.ROOT / "tests"))

import openpyxl

import workbooks
from gongkai import marking, summary, template
from gongkai.cell import Value
from gongkai.collection import roster_form
from gongkai.collection.roster import COLUMNS
from gongkai.edition import Edition, by_name
from gongkai.merge import merge
from gongkai.outputs import paper
from gongkai.report import Report, Unit
from gongkai.sheets import META_KEYS, META_SHEET
from gongkai.stamp import CELLS, stamp
from gongkai.submission import Submission
from gongkai.transplant import Block, replace_block
from gongkai.validation import validate

CITY, YEAR = "示例市", 2024
ROSTER, REPORTS, PRIOR = "名册.xlsx", "报送", "2023年度汇总.xlsx"
DEPARTMENTS = (
    "发展和改革委员会", "教育局", "科学技术局", "工业和信息化局", "公安局", "民政局", "司法局", "财政局",
    "人力资源和社会保障局", "自然资源和规划局", "生态环境局", "住房和城乡建设局", "交通运输局", "水利局", "农业农村局",
    "商务局", "文化广电和旅游局", "卫生健康委员会", "退役军人事务局", "应急管理局", "审计局", "市场监督管理局", "体育局",
    "统计局", "医疗保障局", "林业和草原局", "信访局", "城市管理综合执法局", "行政审批服务管理局", "机关事务管理局",
)  # fmt: skip
COUNTIES = ("东城区", "西城区", "南山县", "北河县", "青川县", "白石县")
JOINED, EXEMPT = "粮食和物资储备局", "地方志编纂中心"
IDLE = "退役军人事务局"
"""Nothing happened there."""
MISSING = ("审计局", "体育局", "林业和草原局")
BUSY = {"自然资源和规划局": 9, "住房和城乡建设局": 8, "公安局": 5, "人力资源和社会保障局": 4, "教育局": 3, "东城区": 7}
"""How many times as many applications as others some of them get."""
WHY = "年内集中办理一批历年积压的补正申请，申请人逾期没有补正，按规定不再处理。"
PEOPLE = workbooks.PEOPLE
RECEIVED, PERMITS = "applications.received.natural_person", "licensing.administrative_licensing.decisions"
DOUBTFUL = {f"documents.normative_documents.{key}": n for key, n in (("issued", 8), ("repealed", 0), ("in_force", 5))}
_SHARES = {
    "granted": 0.5, "partially_granted": 0.08, "refused_third_party": 0.03, "refused_internal_affairs": 0.04,
    "unavailable_not_held": 0.2, "unavailable_not_existing": 0.04, "unprocessed_duplicate": 0.02,
    "unprocessed_petition": 0.03, "other_not_corrected": 0.02,
}  # fmt: skip
_APPLICANTS = dict(zip(PEOPLE, (40, 14, 1, 1, 4, 2), strict=True))


def units() -> list[Unit]:
    """Return the bodies that file a report of their own, as the roster has them."""
    named = [(f"{CITY}{name}", "prefecture", "department") for name in DEPARTMENTS]
    named += [(f"{CITY}{name}人民政府", "county", "government") for name in COUNTIES]
    return [
        Unit(
            name=name, code=f"SL{number:04}", level=level, kind=kind, rulemaking="无", fee_statement="不适用",
            restructured="无", prepared_by="填报员", reviewed_by="审核员", date=f"{YEAR + 1}-01-10",
        )
        for number, (name, level, kind) in enumerate(named, 1)
    ]  # fmt: skip


def report(unit: Unit, year: int, last: Report | None = None) -> Report:
    """Return what a body files, nothing wrong with it, following on what it filed last year."""
    form = by_name("2021")
    rng = random.Random(f"{unit.code} {year}")  # noqa: S311 - numbers for pictures
    before = workbooks.cells_of(last) if last else {}
    size = next((times for name, times in BUSY.items() if name in (unit.name or "")), 1)
    cells = {**_applications(rng, size, before), **_published(rng, size, before)}
    for key, most in (("reconsideration", 3), ("direct_litigation", 2), ("litigation_after_reconsideration", 1)):
        for column in ("upheld", "corrected", "other", "pending"):
            cells[f"disputes.{key}.{column}"] = rng.randint(0, most)
    idle = IDLE in str(unit.name)
    values: list[Value] = [0 if idle else cells.get(item.key, 0) for item in form.items]
    _total(form, values)
    return Report(form.name, year, unit, tuple(values))


def _applications(rng: random.Random, size: int, before: dict[str, Value]) -> dict[str, Value]:
    cells: dict[str, Value] = {}
    for person in PEOPLE:
        count = round(_APPLICANTS[person] * size * rng.uniform(0.7, 1.2))
        done = {row: round(share * count * rng.uniform(0.8, 1.2)) for row, share in _SHARES.items()}
        carried_in = int(str(before.get(f"applications.carried_out.{person}", round(count * 0.08))))
        carried_out = round(count * 0.08) + max(0, carried_in - sum(done.values()))
        done |= {
            "received": sum(done.values()) + carried_out - carried_in,
            "carried_in": carried_in, "carried_out": carried_out,
        }  # fmt: skip
        cells |= {f"applications.{row}.{person}": number for row, number in done.items()}
    return cells


def _published(rng: random.Random, size: int, before: dict[str, Value]) -> dict[str, Value]:
    row = "documents.normative_documents"
    issued, repealed = rng.randint(2, 6), rng.randint(0, 2)
    in_force = int(str(before.get(f"{row}.in_force", rng.randint(20, 60)))) + issued - repealed
    cells: dict[str, Value] = {f"{row}.issued": issued, f"{row}.repealed": repealed, f"{row}.in_force": in_force}
    for key, usual in (
        ("licensing.administrative_licensing.decisions", 900), ("enforcement.administrative_penalty.decisions", 240),
        ("enforcement.administrative_coercion.decisions", 30),
    ):  # fmt: skip
        cells[key] = round(int(str(before.get(key, usual * size))) * rng.uniform(0.8, 1.2))
    cells["fees.administrative_fees.amount"] = round(size * rng.uniform(20, 60), 2)
    return cells


def _total(form: Edition, values: list[Value]) -> None:
    for total, parts in form.derivations.items():
        values[total] = sum(int(str(values[part])) for part in parts)


def write_roster(folder: Path) -> None:
    """Fill the empty roster as an office does."""
    book = openpyxl.load_workbook(io.BytesIO(roster_form.workbook()))
    page, columns = book.worksheets[0], {key: number for number, key in enumerate(COLUMNS, 1)}
    known = [(unit, "独立填报", None) for unit in units()]
    parent = f"{CITY}{DEPARTMENTS[0]}"
    known.append((Unit(f"{CITY}{JOINED}", "SL0091", "prefecture", "department", "无"), "并入", parent))
    known.append((Unit(f"{CITY}{EXEMPT}", "SL0092", "prefecture", "department", "无"), "不报", None))
    fields = {field.key: field.choices for field in by_name("2021").cover}
    for row, (unit, status, above) in enumerate(known, 4):
        texts = {
            "code": unit.code, "name": unit.name, "status": status, "parent": above, "rulemaking": unit.rulemaking,
            "level": fields["level"][str(unit.level)], "kind": fields["kind"][str(unit.kind)],
            "phone": f"0000-1234{row:03}", "email": f"{str(unit.code).lower()}@example.gov.cn",
            "former": f"{CITY}旅游局" if "旅游" in str(unit.name) else None,
        }  # fmt: skip
        for key, text in texts.items():
            page.cell(row, columns[key]).value = text
    book.save(folder / ROSTER)


def write_reports(folder: Path) -> None:
    """Write last year's summary, and what was handed in this year."""
    last = {str(unit.name): report(unit, YEAR - 1) for unit in units()}
    before = [
        Submission(f"{name}.xlsx", one) for name, one in last.items() if CITY + MISSING[0] != name
    ]  # one of them did not file last year either
    (folder / PRIOR).write_bytes(summary.workbook(merge(before, CITY)))
    for number, unit in enumerate(units()):
        name = str(unit.name)
        if name.removeprefix(CITY) not in MISSING:
            _hand_in(folder / REPORTS, name, report(unit, YEAR, last[name]), number)
    stranger = Unit("示例市城市建设投资公司", "SL9001", "prefecture", "department", "无")
    _put(folder / REPORTS / "示例市城市建设投资公司.xlsx", report(stranger, YEAR))
    joined = Unit(f"{CITY}{JOINED}", "SL0091", "prefecture", "department", "无")
    _put(folder / REPORTS / f"{joined.name}.xlsx", report(joined, YEAR))


def _hand_in(folder: Path, name: str, good: Report, number: int) -> None:
    """Write what a body hands in, with the fault it is known for."""
    file, office = folder / f"{name}.xlsx", name.removeprefix(CITY)
    if office == "民政局":
        _put(folder / f"{name}（旧）.xlsx", workbooks.changed(good, {PERMITS: 950}), age=9)
    elif office == "机关事务管理局":
        file = file.with_suffix(".docx")
    _put(file, SPOILT[office](good) if office in SPOILT else good, age=number % 5)


def _other_carry(form: Edition, good: Report) -> Report:
    """Return a report that says five more were carried in than last year's says were carried out."""
    values = list(good.values)
    for row, more in (("carried_in", 5), ("received", -5)):
        values[form.index[f"applications.{row}.natural_person"]] += more  # type: ignore[operator]
    _total(form, values)
    return replace(good, values=tuple(values))


def _many_others(form: Edition, good: Report) -> Report:
    """Return a report in which more than a quarter of the applications ended otherwise."""
    values = list(good.values)
    for row in ("received", "other_not_corrected"):
        values[form.index[f"applications.{row}.natural_person"]] += 60  # type: ignore[operator]
    _total(form, values)
    return replace(good, values=tuple(values))


def _changed_after(good: Report) -> bytes:
    """Return a workbook with the stamp of a validation before its last change."""
    then = workbooks.changed(good, {PERMITS: 1})
    cells = stamp(then, "gongkai 0.1.0", datetime(YEAR + 1, 1, 9, 8, tzinfo=UTC))
    values = {f"B{row}": value for row, (value,) in enumerate(cells, CELLS.top)}
    return replace_block(
        template.fill(by_name(good.edition), good),
        META_SHEET,
        Block(len(META_KEYS) + 1, len(META_KEYS), (), (), values),
    )


def _text(good: Report) -> Report:
    return workbooks.changed(good, {RECEIVED: f"{workbooks.cells_of(good)[RECEIVED]}件"})


def _wrong_totals(good: Report) -> Report:
    form = by_name(good.edition)
    totals = [item.key for item in form.items if item.table == "applications" and item.derived]
    return workbooks.changed(good, {key: 7000 + number for number, key in enumerate(totals)})


def _explained(good: Report) -> bytes:
    """Return a workbook that wants an explanation and has one."""
    form = by_name(good.edition)
    doubtful = _many_others(form, good)
    data = template.fill(form, doubtful)
    findings = validate(doubtful, form)
    return marking.marked(data, [replace(finding, explanation=WHY) for finding in findings], {})


def _half(good: Report) -> bytes:
    whole = template.fill(by_name(good.edition), good)
    return whole[: len(whole) // 2]


SPOILT: Mapping[str, Callable[[Report], Report | bytes]] = {
    "教育局": _text,
    "公安局": _wrong_totals,
    "司法局": _explained,
    "财政局": lambda good: workbooks.changed(good, DOUBTFUL),
    "自然资源和规划局": lambda good: replace(good, year=YEAR - 1),
    "水利局": lambda good: workbooks.of("2019", {}, good.unit, YEAR),
    "交通运输局": _half,
    "商务局": _changed_after,
    "医疗保障局": lambda good: _other_carry(by_name(good.edition), good),
    "文化广电和旅游局": lambda good: replace(good, unit=replace(good.unit, name=f"{CITY}旅游局", code=None)),
    IDLE: lambda good: replace(good, unit=replace(good.unit, zero_report="是"), values=(None,) * len(good.values)),
    "机关事务管理局": lambda _: paper.document([paper.Line("政府信息公开年报统计表", "title")]),
}
"""What some of them hand in instead of a good report."""


def _put(file: Path, content: Report | bytes, age: int = 0) -> None:
    """Write a file that was saved so many days before the last day."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else template.fill(by_name(content.edition), content))
    saved = datetime(YEAR + 1, 1, 20 - age, 9, tzinfo=UTC).timestamp()
    os.utime(file, (saved, saved))


def main(folder: Path) -> None:
    """Write the city into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_roster(folder)
    write_reports(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
