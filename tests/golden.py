"""One workbook for every rule: what somebody typed into a good one, exactly the findings it must give, and the cure.

Every backend of the button runs the same cases with the same results. ``build`` returns the broken workbook; who has
it open in a program may as well type ``cells`` into the workbook of ``base``. Typing ``fix`` cures it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from excel_engine import EPOCH, Cell, Fault, Workbook
from gongkai import summary, template
from gongkai.cell import CellError, DateText, Uncalculated, Value
from gongkai.edition import by_name
from gongkai.merge import merge
from gongkai.submission import Submission
from reports import report
from workbooks import YEARS

UNIT = {"name": "某局", "fee_statement": "是"}
REASON = "已逐件核对台账，与上年口径不同"
"""An explanation that explains."""


@dataclass(frozen=True)
class Case:
    """What is typed (``表!格`` → value), the findings (``规则 级别 表!格``), and what cures them."""

    name: str
    edition: str
    base: str
    cells: Mapping[str, Value]
    expected: tuple[str, ...]
    fix: Mapping[str, Value]

    @property
    def findings(self) -> list[tuple[str, str, str, str]]:
        """What must be found: (rule, severity, sheet, cell)."""
        parts = (line.split(" ") for line in self.expected)
        return [(rule, severity, *place.split("!")) for rule, severity, place in parts]

    @property
    def calculated(self) -> bool:
        """Whether a program that calculates shows the case at all."""
        return not any(isinstance(value, Uncalculated) for value in self.cells.values())

    def build(self) -> bytes:
        """Return the broken workbook."""
        return typed(Workbook("", base(self.edition, self.base)), self.cells).data()


@cache
def base(edition: str, name: str) -> bytes:
    """Return a workbook in which nothing is wrong: ``alone``, with last year's numbers (``yearly``), a ``summary``."""
    if name == "summary":
        members = [report(edition, "busy", year=YEARS[edition], unit={**UNIT, "name": who}) for who in ("甲局", "乙局")]
        added = merge([Submission(f"{member.unit.name}.xlsx", member) for member in members], "某区")
        assert added.ledger.count(counted=True) == 2
        return summary.workbook(added)
    form = by_name(edition)
    before = report(edition, "busy-before").values
    prior = {index: before[index] for index in form.prior_items} if name == "yearly" else None
    return template.fill(form, report(edition, "busy", year=YEARS[edition], unit=UNIT), prior)


def typed(book: Workbook, cells: Mapping[str, Value]) -> Workbook:
    """Type values into an open workbook; an error value comes of a formula, as it does in a program."""
    return book.type({tuple(place.split("!")): _cell(value) for place, value in cells.items()})


def _cell(value: Value) -> Any:
    if isinstance(value, CellError):
        return Cell(Fault(value), "=1/0" if value == "#DIV/0!" else f"={value}")
    if isinstance(value, DateText):
        day = EPOCH.fromisoformat(value).replace(tzinfo=EPOCH.tzinfo)
        return Cell(float((day - EPOCH).days), None, "date")
    if isinstance(value, Uncalculated):
        return Cell(None, str(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(float(value))  # whatever format the cell had
    return value


# --- the table

ALONE, YEARLY, SUMMARY = "alone", "yearly", "summary"
_Row = tuple[str, str, Mapping[str, Value], tuple[str, ...], Mapping[str, Value]]


def _cover(year: int) -> list[_Row]:
    wrong = ("F-COVER error 封面!C4",)
    return [
        ("没有单位名称", ALONE, {"封面!C5": None}, ("F-COVER error 封面!C5",), {"封面!C5": "某局"}),
        ("没有报告年度", ALONE, {"封面!C4": None}, wrong, {"封面!C4": year}),
        ("年度带单位", ALONE, {"封面!C4": f"{year}年度"}, wrong, {"封面!C4": year}),
        ("年度是文字", ALONE, {"封面!C4": "去年"}, wrong, {"封面!C4": year}),
        ("层级不在列表中", ALONE, {"封面!C7": "市级"}, ("F-COVER error 封面!C7",), {"封面!C7": "地市级"}),
        ("变动不在列表中", ALONE, {"封面!C10": "撤销"}, ("F-COVER error 封面!C10",), {"封面!C10": "合并"}),
        ("没有适用的年度", ALONE, {"封面!C4": 2018}, ("F-EDITION error 封面!C4",), {"封面!C4": year}),
    ]


def _blank(places: Mapping[str, tuple[str, int]], marks: Iterable[str]) -> list[_Row]:
    sheet, good = places["count"]
    rows: list[_Row] = [
        (f"空白写成{mark}", ALONE, {sheet: mark}, (f"F-BLANK error {sheet}",), {sheet: good}) for mark in marks
    ]
    return [
        *rows,
        ("空白", ALONE, {sheet: None}, (f"F-BLANK error {sheet}",), {sheet: good}),
        ("分项空白", ALONE, {"依申请公开!D8": None}, ("F-BLANK error 依申请公开!D8",), {"依申请公开!D8": 30}),
        ("合计空白", ALONE, {"依申请公开!J6": None}, ("F-BLANK error 依申请公开!J6",), {"依申请公开!J6": 100}),
        (
            "整行空白", ALONE, {f"复议诉讼!{column}6": None for column in "ABCD"}, ("F-BLANK error 复议诉讼!A6",),
            {"复议诉讼!A6": 3, "复议诉讼!B6": 1, "复议诉讼!C6": 1, "复议诉讼!D6": 1},
        ),
    ]  # fmt: skip


def _types(places: Mapping[str, tuple[str, int]], values: Iterable[Value]) -> list[_Row]:
    (count, good), (money, amount) = places["count"], places["money"]
    rows: list[_Row] = [
        (f"{value}（{type(value).__name__}）", ALONE, {count: value}, (f"F-TYPE error {count}",), {count: good})
        for value in values
    ]
    digits = {"依申请公开!D8": "30", "依申请公开!D9": "6", "依申请公开!D10": "0", "依申请公开!D11": "2"}
    mended = {"依申请公开!D8": 30, "依申请公开!D9": 6, "依申请公开!D10": 0, "依申请公开!D11": 2}
    return [
        *rows,
        ("金额带单位", ALONE, {money: "251000元"}, (f"F-TYPE error {money}",), {money: amount}),
        ("分项是文字", ALONE, {"依申请公开!D8": "3件"}, ("F-TYPE error 依申请公开!D8",), {"依申请公开!D8": 30}),
        ("一片文本数字", ALONE, digits, ("F-TYPE error 依申请公开!D8",), mended),
        ("负件数", ALONE, {count: -1}, (f"F-COUNT error {count}",), {count: good}),
        ("半件", ALONE, {count: 1.5}, (f"F-COUNT error {count}",), {count: good}),
        ("件数过大", ALONE, {count: 1e15}, (f"F-COUNT error {count}",), {count: good}),
        ("负金额", ALONE, {money: -1}, (f"F-MONEY error {money}",), {money: amount}),
        ("七位小数", ALONE, {money: 1.2345678}, (f"F-MONEY error {money}",), {money: amount}),
        ("金额过大", ALONE, {money: 1e10}, (f"F-MONEY error {money}",), {money: amount}),
        ("公式没有结果", ALONE, {count: Uncalculated("=60+60")}, (f"F-UNCALCULATED error {count}",), {count: good}),
        (
            "汇总数与明细不符", SUMMARY, {money: 99}, (f"R-SUM error {money}",), {money: 2 * amount},
        ),
    ]  # fmt: skip


def _layout() -> list[_Row]:
    label, cure = "依申请公开!G5", {"依申请公开!G5": "社会公益组织"}
    return [
        ("标题改了字", ALONE, {label: "社会组织"}, ("F-LAYOUT warning 依申请公开!A1",), cure),
        ("标题没有了", ALONE, {label: "其中：外籍"}, ("F-LAYOUT error 依申请公开!A1",), cure),
    ]


def _tables(lines: Mapping[str, int]) -> list[_Row]:
    """Cases of 表三 and 表四; a wrong number in 表三 shows in its row and in its column."""
    done, out, other = (lines[key] for key in ("concluded", "carried_out", "other"))
    page = "依申请公开!"
    return [
        (
            "两行总计", ALONE, {f"{page}J6": 101, f"{page}J7": 5},
            (f"T3-ROW error {page}J6", f"T3-ROW error {page}J7"), {f"{page}J6": 100, f"{page}J7": 6},
        ),
        (
            "两列办理结果总计", ALONE,
            {f"{page}D{done}": 61, f"{page}E{done}": 19, f"{page}D{out}": 3, f"{page}E{out}": 2},
            (f"T3-SUM error {page}D{done}", f"T3-SUM error {page}E{done}"),
            {f"{page}D{done}": 60, f"{page}E{done}": 20, f"{page}D{out}": 4, f"{page}E{out}": 1},
        ),
        (
            "不平衡", ALONE, {f"{page}D{out}": 5},
            (f"T3-BAL error {page}D{out}", f"T3-BAL error {page}J{out}"), {f"{page}D{out}": 4},
        ),
        (
            "两列互不平衡", ALONE, {f"{page}D{out}": 5, f"{page}E{out}": 0},
            (f"T3-BAL error {page}D{out}", f"T3-BAL error {page}E{out}"), {f"{page}D{out}": 4, f"{page}E{out}": 1},
        ),
        (
            "其他处理过多", ALONE, {f"{page}D8": 5, f"{page}D{other}": lines["many"]},
            (f"T3-OTHER-HIGH warning {page}J{other}",), {f"{page}D8": 30, f"{page}D{other}": lines["few"]},
        ),
        ("复议总计", ALONE, {"复议诉讼!E6": 7}, ("T4-SUM error 复议诉讼!E6",), {"复议诉讼!E6": 6}),
        ("直接诉讼总计", ALONE, {"复议诉讼!J6": 0}, ("T4-SUM error 复议诉讼!J6",), {"复议诉讼!J6": 3}),
        ("复议后诉讼总计", ALONE, {"复议诉讼!O6": 3}, ("T4-SUM error 复议诉讼!O6",), {"复议诉讼!O6": 2}),
    ]  # fmt: skip


def _authority(target: str, zero: Mapping[str, Value]) -> list[_Row]:
    covers = {
        "县级": ("error", {"封面!C7": "县级"}),
        "乡级": ("error", {"封面!C7": "乡级"}),
        "省级部门": ("warning", {"封面!C7": "省级", "封面!C8": "部门"}),
        "没有规章制定权的市": ("warning", {"封面!C7": "地市级", "封面!C8": "政府", "封面!C9": "无"}),
        "没有规章制定权的机关": ("warning", {"封面!C9": "无"}),
    }
    return [
        (f"{who}填规章", ALONE, cells, (f"T2-REG-AUTH {severity} {target}",), zero)
        for who, (severity, cells) in covers.items()
    ]


def _years(prior: Mapping[str, int]) -> list[_Row]:
    """Cases of last year's numbers; ``prior`` says in which row of 上年数据 an item stands."""
    page, sheet = "依申请公开!", "上年数据!E"
    received, concluded, out, person, disputes = (
        f"{sheet}{prior[key]}" for key in ("received", "concluded", "carried_out", "person", "disputes")
    )
    return [
        ("结转总计不符", YEARLY, {out: 7}, (f"X-CARRY error {page}J7",), {out: 6}),
        (
            "机构合并后结转不符", YEARLY, {out: 7, "封面!C10": "合并"}, (f"X-CARRY warning {page}J7",), {out: 6},
        ),
        ("自然人结转不符", YEARLY, {person: 3}, (f"X-CARRY warning {page}D7",), {person: 4}),
        ("新收突增", YEARLY, {received: 19}, (f"X-JUMP warning {page}J6",), {received: 100}),
        ("新收突减", YEARLY, {received: 501}, (f"X-JUMP warning {page}J6",), {received: 500}),
        (
            "办结突增", YEARLY, {concluded: 0}, (f"X-JUMP warning {page}J{prior['done']}",), {concluded: 20},
        ),
        (
            "结转突减", YEARLY, {out: 31, "封面!C10": "拆分"},
            (f"X-CARRY warning {page}J7", f"X-JUMP warning {page}J{prior['left']}"), {out: 6},
        ),
        ("复议突减", YEARLY, {disputes: 31}, ("X-JUMP warning 复议诉讼!E6",), {disputes: 30}),
        ("上年数是文字", YEARLY, {received: "约100"}, (f"F-TYPE error {received}",), {received: 100}),
        ("上年数带单位", YEARLY, {received: "100件"}, (f"F-TYPE error {received}",), {received: 100}),
    ]  # fmt: skip


_2019: list[_Row] = [
    ("年度属于另一版", ALONE, {"封面!C4": 2021}, ("F-EDITION error 封面!C4",), {"封面!C4": 2020}),
    ("增减有小数", ALONE, {"主动公开!C9": 2.5}, ("F-DELTA error 主动公开!C9",), {"主动公开!C9": 2}),
    ("增减过大", ALONE, {"主动公开!C9": 1e15}, ("F-DELTA error 主动公开!C9",), {"主动公开!C9": 2}),
    ("增减带单位", ALONE, {"主动公开!C9": "+1 项"}, ("F-TYPE error 主动公开!C9",), {"主动公开!C9": 1}),
    ("总数少于新公开", ALONE, {"主动公开!D6": 4}, ("T2-PUBTOTAL-GE error 主动公开!D6",), {"主动公开!D6": 5}),
    ("减得比有的多", ALONE, {"主动公开!C9": -51}, ("T2-ITEMS-NONNEG error 主动公开!C9",), {"主动公开!C9": -50}),
    ("公开比制作多", ALONE, {"主动公开!C6": 7}, ("T2-NEWPUB-LE-MADE warning 主动公开!C6",), {"主动公开!C6": 6}),
    ("决定填成事项", ALONE, {"主动公开!D9": 52}, ("T2-DECISIONS-MISREAD warning 主动公开!D9",), {"主动公开!D9": 53}),
    ("总数接不上", YEARLY, {"上年数据!E6": 34}, ("X-PUBTOTAL warning 主动公开!D6",), {"上年数据!E6": 35}),
    ("项目接不上", YEARLY, {"上年数据!E7": 47}, ("X-ITEMS warning 主动公开!B9",), {"上年数据!E7": 48}),
    *_authority("主动公开!D5", {"主动公开!B5": 0, "主动公开!C5": 0, "主动公开!D5": 0}),
    *_tables({"concluded": 27, "carried_out": 28, "other": 26, "many": 28, "few": 3}),
    *_years({"received": 17, "concluded": 18, "carried_out": 25, "person": 19, "disputes": 26, "done": 27, "left": 28}),
]
_2021: list[_Row] = [
    ("年度属于另一版", ALONE, {"封面!C4": 2020}, ("F-EDITION error 封面!C4",), {"封面!C4": 2021}),
    ("有效比制发少", ALONE, {"主动公开!D6": 1}, ("T2-VALID-GE warning 主动公开!D6",), {"主动公开!D6": 2}),
    ("收费情况没有写明", ALONE, {"封面!C12": "否"}, ("T3-FEE-LINK warning 依申请公开!J27",), {"封面!C12": "是"}),
    ("收费情况没有选", ALONE, {"封面!C12": None}, ("T3-FEE-LINK warning 依申请公开!J27",), {"封面!C12": "是"}),
    ("有效件数接不上", YEARLY, {"上年数据!E6": 37}, ("X-IN-FORCE warning 主动公开!D6",), {"上年数据!E6": 38}),
    ("元填成万元", YEARLY, {"主动公开!B16": 125000}, ("X-FEE-UNIT warning 主动公开!B16",), {"主动公开!B16": 12.5}),
    ("上年填成元", YEARLY, {"上年数据!E7": 125000}, ("X-FEE-UNIT warning 主动公开!B16",), {"上年数据!E7": 12.5}),
    (
        "跨版只核对结转", YEARLY, {"封面!C4": 2021, "上年数据!E5": 1, "上年数据!E7": 125000, "上年数据!E16": 7},
        ("X-CARRY error 依申请公开!J7",), {"上年数据!E16": 6},
    ),
    *_authority("主动公开!D5", {"主动公开!B5": 0, "主动公开!C5": 0, "主动公开!D5": 0}),
    *_tables({"concluded": 29, "carried_out": 30, "other": 28, "many": 26, "few": 1}),
    *_years({"received": 8, "concluded": 9, "carried_out": 16, "person": 10, "disputes": 17, "done": 29, "left": 30}),
]  # fmt: skip
_PLACES = {
    "2019": {"count": ("主动公开!D9", 300), "money": ("主动公开!C20", 350.25)},
    "2021": {"count": ("主动公开!B9", 120), "money": ("主动公开!B16", 12.5)},
}

_MARKS = {"2019": ("/",), "2021": ("/", "-", "—", "无", "　")}
_TEXTS = ("+1 项", "3件", "１２", "1,200", "3.0.1", "5", "约5", "2560万元", "增72", "=1+1", "2024-01-31")
_SPECIAL: tuple[Value, ...] = (DateText("2024-01-31"), True, CellError("#DIV/0!"), CellError("#N/A"))
_VALUES = {"2019": (*_TEXTS[:2], *_SPECIAL[:1]), "2021": (*_TEXTS, *_SPECIAL)}
"""What a text or a date looks like does not depend on the edition."""

CASES: tuple[Case, ...] = tuple(
    Case(name, edition, start, cells, expected, fix)
    for edition, own in (("2019", _2019), ("2021", _2021))
    for name, start, cells, expected, fix in (
        *_cover(YEARS[edition]), *_blank(_PLACES[edition], _MARKS[edition]),
        *_types(_PLACES[edition], _VALUES[edition]), *_layout(), *own,
    )
)  # fmt: skip
"""Every case: names are unique within an edition."""


def rules_of(case: Case) -> set[str]:
    """Return the rules a case breaks."""
    return {rule for rule, *_ in case.findings}
