"""The schemas: instances of their meta-schema, the official labels to the letter, and an edition more without Python."""

from __future__ import annotations

import copy
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import gongkai.edition
import gongkai.reader
from gongkai import messages
from gongkai.cell import Unread
from gongkai.edition import EditionError, by_name, by_year, editions, load
from gongkai.guide import rule_book
from gongkai.reader import read
from gongkai.report import UNIT_FIELDS, Report, Unit, dumps, loads
from gongkai.template import blank, fill
from gongkai.validation import validate
from gongkai.verdict import Prior, is_clean
from reports import APPLICANTS, DATA, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from gongkai.edition import Edition

SCHEMA = ROOT / "schema"
META = json.loads((SCHEMA / "statutory-form.schema.json").read_text(encoding="utf-8"))


def schema(name: str) -> dict[str, Any]:
    folder = DATA if name == "2031" else SCHEMA
    return json.loads((folder / f"{name}.schema.json").read_text(encoding="utf-8"))


def meta_errors(document: dict[str, Any]) -> list[str]:
    """Judge a schema by the meta-schema, as a tool does that read it from its folder.

    The relative ``$id`` names it within the folder; ``$dynamicRef`` finds it again only by its whole address.
    """
    here = {**META, "$id": f"{SCHEMA.as_uri()}/{META['$id']}"}
    registry = Registry().with_resource(here["$id"], Resource.from_contents(here))
    return [error.message for error in Draft202012Validator(here, registry=registry).iter_errors(document)]


# --- the meta-schema


@pytest.mark.parametrize("name", ["2019", "2021", "cover", "2031"])
def test_schemas_are_instances_of_the_meta_schema(name):
    assert meta_errors(schema(name)) == []
    assert schema(name)["$schema"] == META["$id"] == "urn:gongkai:statutory-form"


def test_the_meta_schema_is_a_schema():
    Draft202012Validator.check_schema(META)


def at(document: Any, path: str) -> Any:
    for key in path.split("/") if path else ():
        document = document[int(key) if key.isdigit() else key]
    return document


MISTAKES = [
    ("identities/0/severity", "fatal"),
    ("identities/0/op", "=="),
    ("identities/0/id", "t2-valid"),
    ("identities/0/id", "T2"),
    ("identities/0/each", "cell"),
    ("identities/0/lefts", ["in_force"]),
    ("identities/0/left", []),
    ("identities/0/left", ["in_force", "issued"]),
    ("identities/0/columns", ["in_force"]),
    ("identities/0/right", [0.5]),
    ("identities/0/right", [{"key": "issued", "times": 0.5}]),
    ("identities/0/right", [{"times": 2}]),
    ("identities/0/right", [{"key": "issued", "last": True}]),
    ("identities/0/target", []),
    ("identities/0/target", ["in_force", "in_force"]),
    ("identities/0/unit", {"level": []}),
    ("identities/0/unit", {"level": "county"}),
    ("identities/0/when", [{"left": ["issued"], "op": ">"}]),
    ("identities/0/derives", "yes"),
    ("identities/0/table", []),
    ("$defs/count/measure", "percent"),
    ("$defs/count/type", "interger"),
    ("$defs/count/minimum", "0"),
    ("$defs/count/notice", "可能重复"),
    ("$defs/ten_thousand_yuan/decimals", -1),
    ("$defs/documents/properties/issued/aggregate", "average"),
    ("$defs/documents/properties/issued/heading", []),
    ("$defs/documents/properties/issued/heading", "本年制发件数"),
    ("$defs/documents/properties/issued/heading", ["", "件数"]),
    ("$defs/documents/properties/issued/prompt", "填" * 256),
    ("$defs/count/corner", "信息内容"),
    ("$defs/count/orientation", "across"),
    ("$defs/count/also", ["件"]),
    ("properties/disputes/orientation", "sideways"),
    ("properties/applications/properties/received/heading", [1]),
    ("sheets", []),
    ("sheets/0/name", "表" * 32),
    ("sheets/0/tab", "red"),
    ("edition", 2021),
]


@pytest.mark.parametrize(("path", "value"), MISTAKES)
def test_mistakes_are_rejected(path, value):
    document = copy.deepcopy(schema("2021"))
    where, _, key = path.rpartition("/")
    at(document, where)[key] = value
    assert meta_errors(document) != []


@pytest.mark.parametrize("key", ["id", "title", "severity", "table", "each", "left", "op", "right"])
def test_an_identity_needs(key):
    document = copy.deepcopy(schema("2021"))
    del document["identities"][0][key]
    assert meta_errors(document) != []


def test_rows_go_with_each_row():
    document = copy.deepcopy(schema("2021"))
    sums = next(entry for entry in document["identities"] if entry["id"] == "T3-SUM")
    sums["rows"] = ["received"]
    assert meta_errors(document) != []


@pytest.mark.parametrize("value", ["", 5])
def test_choices_are_texts(value):
    document = copy.deepcopy(schema("cover"))
    document["properties"]["level"]["choices"]["county"] = value
    assert meta_errors(document) != []


# --- what every edition keeps


@pytest.mark.parametrize("name", ["2019", "2021", "2031"])
def test_objects_are_closed_and_complete(name):
    """A key too many or too few is an error of the report, so no object may be open or leave a key out."""

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object" and "properties" in node:
                assert node["additionalProperties"] is False
                if "edition" not in node["properties"] or "required" in node:
                    assert node["required"] == list(node["properties"])
            for part in node.values():
                walk(part)
        elif isinstance(node, list):
            for part in node:
                walk(part)

    walk(schema(name))


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_every_table_stands_on_a_sheet_of_the_form(name):
    form = by_name(name)
    assert {node["sheet"] for node in form.tables.values()} == set(form.sheets)
    assert form.schema["edition"] == name == form.schema["properties"]["edition"]["const"]


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_notices_stand_with_their_aggregate(name):
    """One says that a sum may count twice, the other why; neither stands alone."""
    form = by_name(name)
    for item in form.items:
        node = form.tables[item.table]["properties"][item.row]["properties"][item.column]
        assert (node.get("aggregate") == "add_with_notice") is (item.notice is not None)


def test_what_is_added_with_a_notice():
    stocks = {
        "2019": {"made", "newly_public", "public_total", "prior_items", "change"},
        "2021": {"issued", "repealed", "in_force"},
    }
    for name, columns in stocks.items():
        noticed = {item.column for item in by_name(name).items if item.notice}
        assert noticed == columns
        assert {item.table for item in by_name(name).items if item.notice} <= {
            "documents", "licensing", "enforcement", "fees",
        }  # fmt: skip


# --- the official form

COUNT, CHANGE, MONEY = "count", "signed_count", "ten_thousand_yuan"
DISCLOSURE: dict[str, list[tuple[str, str, dict[str, str], dict[str, tuple[str, str]]]]] = {
    "2019": [
        ("documents", "第二十条第（一）项", {"rules": "规章", "normative_documents": "规范性文件"},
         {"made": ("本年新制作数量", COUNT), "newly_public": ("本年新公开数量", COUNT), "public_total": ("对外公开总数量", COUNT)}),
        ("licensing", "第二十条第（五）项", {"administrative_licensing": "行政许可", "other_services": "其他对外管理服务事项"},
         {"prior_items": ("上一年项目数量", COUNT), "change": ("本年增/减", CHANGE), "decisions": ("处理决定数量", COUNT)}),
        ("enforcement", "第二十条第（六）项", {"administrative_penalty": "行政处罚", "administrative_coercion": "行政强制"},
         {"prior_items": ("上一年项目数量", COUNT), "change": ("本年增/减", CHANGE), "decisions": ("处理决定数量", COUNT)}),
        ("fees", "第二十条第（八）项", {"administrative_fees": "行政事业性收费"},
         {"prior_items": ("上一年项目数量", COUNT), "change": ("本年增/减", CHANGE)}),
        ("procurement", "第二十条第（九）项", {"centralized_procurement": "政府集中采购"},
         {"projects": ("采购项目数量", COUNT), "amount": ("采购总金额（单位：万元）", MONEY)}),
    ],
    "2021": [
        ("documents", "第二十条第（一）项", {"rules": "规章", "normative_documents": "行政规范性文件"},
         {"issued": ("本年制发件数", COUNT), "repealed": ("本年废止件数", COUNT), "in_force": ("现行有效件数", COUNT)}),
        ("licensing", "第二十条第（五）项", {"administrative_licensing": "行政许可"}, {"decisions": ("本年处理决定数量", COUNT)}),
        ("enforcement", "第二十条第（六）项", {"administrative_penalty": "行政处罚", "administrative_coercion": "行政强制"},
         {"decisions": ("本年处理决定数量", COUNT)}),
        ("fees", "第二十条第（八）项", {"administrative_fees": "行政事业性收费"}, {"amount": ("本年收费金额（单位：万元）", MONEY)}),
    ],
}  # fmt: skip
RESULTS, REFUSED, UNAVAILABLE, UNPROCESSED, OTHER = (
    "三、本年度办理结果", "（三）不予公开", "（四）无法提供", "（五）不予处理", "（六）其他处理",
)  # fmt: skip
OTHER_ROWS = {
    "2019": {"other": (RESULTS, OTHER)},
    "2021": {
        "other_not_corrected": (RESULTS, OTHER, "1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请"),
        "other_fee_unpaid": (
            RESULTS,
            OTHER,
            "2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请",
        ),
        "other": (RESULTS, OTHER, "3.其他"),
    },
}
APPLICATION_ROWS = {
    "received": ("一、本年新收政府信息公开申请数量",),
    "carried_in": ("二、上年结转政府信息公开申请数量",),
    "granted": (RESULTS, "（一）予以公开"),
    "partially_granted": (RESULTS, "（二）部分公开（区分处理的，只计这一情形，不计其他情形）"),
    "refused_state_secret": (RESULTS, REFUSED, "1.属于国家秘密"),
    "refused_prohibited_by_law": (RESULTS, REFUSED, "2.其他法律行政法规禁止公开"),
    "refused_public_security": (RESULTS, REFUSED, "3.危及“三安全一稳定”"),
    "refused_third_party": (RESULTS, REFUSED, "4.保护第三方合法权益"),
    "refused_internal_affairs": (RESULTS, REFUSED, "5.属于三类内部事务信息"),
    "refused_process_information": (RESULTS, REFUSED, "6.属于四类过程性信息"),
    "refused_enforcement_file": (RESULTS, REFUSED, "7.属于行政执法案卷"),
    "refused_administrative_inquiry": (RESULTS, REFUSED, "8.属于行政查询事项"),
    "unavailable_not_held": (RESULTS, UNAVAILABLE, "1.本机关不掌握相关政府信息"),
    "unavailable_not_existing": (RESULTS, UNAVAILABLE, "2.没有现成信息需要另行制作"),
    "unavailable_unclear": (RESULTS, UNAVAILABLE, "3.补正后申请内容仍不明确"),
    "unprocessed_petition": (RESULTS, UNPROCESSED, "1.信访举报投诉类申请"),
    "unprocessed_duplicate": (RESULTS, UNPROCESSED, "2.重复申请"),
    "unprocessed_publication": (RESULTS, UNPROCESSED, "3.要求提供公开出版物"),
    "unprocessed_excessive": (RESULTS, UNPROCESSED, "4.无正当理由大量反复申请"),
    "unprocessed_reconfirmation": (RESULTS, UNPROCESSED, "5.要求行政机关确认或重新出具已获取信息"),
    "…": (),
    "concluded": (RESULTS, "（七）总计"),
    "carried_out": ("四、结转下年度继续办理",),
}
WHO, ORGANISATION = "申请人情况", "法人或其他组织"
APPLICATION_COLUMNS = {
    "natural_person": (WHO, "自然人"),
    "commercial_enterprise": (WHO, ORGANISATION, "商业企业"),
    "research_institution": (WHO, ORGANISATION, "科研机构"),
    "public_welfare_organization": (WHO, ORGANISATION, "社会公益组织"),
    "legal_service_institution": (WHO, ORGANISATION, "法律服务机构"),
    "other_organization": (WHO, ORGANISATION, "其他"),
    "total": (WHO, "总计"),
}
DISPUTE_ROWS = {
    "reconsideration": ("行政复议",),
    "direct_litigation": ("行政诉讼", "未经复议直接起诉"),
    "litigation_after_reconsideration": ("行政诉讼", "复议后起诉"),
}
DISPUTE_COLUMNS = {
    "upheld": ("结果维持",), "corrected": ("结果纠正",), "other": ("其他结果",), "pending": ("尚未审结",), "total": ("总计",),
}  # fmt: skip
COVER = {
    "year": ("报告年度", {}),
    "name": ("单位名称", {}),
    "code": ("单位代码", {}),
    "level": (
        "行政层级",
        {"national": "国家级", "province": "省级", "prefecture": "地市级", "county": "县级", "township": "乡级"},
    ),
    "kind": ("单位性质", {"government": "政府", "department": "部门", "region": "汇总"}),
    "rulemaking": ("规章制定权", {"有": "有", "无": "无"}),
    "restructured": ("机构变动", {"无": "无", "合并": "合并", "拆分": "拆分"}),
    "zero_report": ("零报告", {"是": "是", "否": "否"}),
    "fee_statement": ("第六部分已写明收费情况", {"是": "是", "否": "否", "不适用": "不适用"}),
    "prepared_by": ("填报人", {}),
    "phone": ("联系电话", {}),
    "reviewed_by": ("审核人", {}),
    "date": ("填报日期", {}),
}


def application_rows(name: str) -> dict[str, tuple[str, ...]]:
    rows: dict[str, tuple[str, ...]] = {}
    for key, heading in APPLICATION_ROWS.items():
        rows |= OTHER_ROWS[name] if key == "…" else {key: heading}
    return rows


def official_items(name: str) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], str]]:
    """Return every statutory cell in printed order: key, sheet, row labels, column labels, measure."""
    items = [
        (f"{table}.{row}.{column}", "主动公开", (label,), (text,), measure)
        for table, _, rows, columns in DISCLOSURE[name]
        for row, label in rows.items()
        for column, (text, measure) in columns.items()
    ]
    for table, sheet, rows, columns in (
        ("applications", "依申请公开", application_rows(name), APPLICATION_COLUMNS),
        ("disputes", "复议诉讼", DISPUTE_ROWS, DISPUTE_COLUMNS),
    ):
        items += [
            (f"{table}.{row}.{column}", sheet, label, text, COUNT)
            for row, label in rows.items()
            for column, text in columns.items()
        ]
    return items


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_items_are_those_of_the_official_form(name):
    form = by_name(name)
    items = [(i.key, i.sheet, i.row_heading, i.column_heading, i.measure.name) for i in form.items]
    assert items == official_items(name)
    assert [item.index for item in form.items] == list(range(len(items)))
    assert dict(form.index) == {item.key: item.index for item in form.items}


@pytest.mark.parametrize(("name", "parts"), [("2019", (22, 161, 15)), ("2021", (10, 175, 15))])
def test_item_counts(name, parts):
    form = by_name(name)
    counts = tuple(sum(item.sheet == sheet for item in form.items) for sheet in form.sheets)
    assert counts == parts
    assert len(form.items) == sum(parts) == {"2019": 198, "2021": 200}[name]


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_printed_titles(name):
    form = by_name(name)
    assert dict(form.sheets) == {
        "主动公开": "二、主动公开政府信息情况",
        "依申请公开": "三、收到和处理政府信息公开申请情况",
        "复议诉讼": "四、政府信息公开行政复议、行政诉讼情况",
    }
    assert {key: node.get("heading") for key, node in form.tables.items()} == {
        **{table: [heading] for table, heading, _, _ in DISCLOSURE[name]},
        "applications": None,
        "disputes": None,
    }
    corner = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
    assert form.tables["applications"]["corner"] == corner


def test_measures():
    for form in editions().values():
        measures = {item.measure.name: item.measure for item in form.items}
        count, money = measures[COUNT], measures[MONEY]
        assert (count.whole, count.minimum, count.maximum) == (True, 0, 999_999_999_999_999)
        assert (money.whole, money.minimum, money.decimals) == (False, 0, 6)
        assert (CHANGE in measures) is (form.name == "2019")
    change = next(item.measure for item in by_name("2019").items if item.measure.name == CHANGE)
    assert (change.whole, change.minimum) == (True, -999_999_999_999_999)


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_derived_items_are_the_totals(name):
    form = by_name(name)
    derived = {item.key for item in form.items if item.derived}
    assert derived == {
        *(f"applications.{row}.total" for row in application_rows(name)),
        *(f"applications.concluded.{column}" for column in APPLICANTS),
        *(f"disputes.{row}.total" for row in DISPUTE_ROWS),
    }


@pytest.mark.parametrize("name", ["2019", "2021"])
def test_the_cover(name):
    fields = by_name(name).cover
    assert {field.key: (field.label, dict(field.choices)) for field in fields} == COVER
    assert [field.key for field in fields] == list(COVER)
    assert [field.key for field in fields if field.required] == ["year", "name"]
    assert [field.cell for field in fields] == [f"C{row}" for row in range(4, 17)]


def test_the_cover_is_the_unit():
    assert tuple(schema("cover")["properties"]) == UNIT_FIELDS
    for key, node in schema("cover")["properties"].items():
        if "choices" in node:
            assert node["enum"] == [*node["choices"], None], key


def test_years():
    assert [by_year(year).name for year in (2019, 2020, 2021, 2023, 2099)] == ["2019", "2019", *["2021"] * 3]
    for year in (2018, 2100, None, "2023", True):
        with pytest.raises(EditionError, match="可用的年度是 2019 至 2099"):
            by_year(year)
    assert list(editions()) == ["2019", "2021"]


def test_editions_compare_by_name():
    assert hash(by_name("2021")) == hash("2021")
    assert by_name("2021") is by_name("2021")
    assert len(by_name("2021").digest) == 16
    assert by_name("2021").digest != by_name("2019").digest


# --- an edition more costs one file


@pytest.fixture
def third(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Edition:
    """An invented third edition, as if its schema stood beside the two others."""
    for file in (DATA / "2031.schema.json", *SCHEMA.glob("*.schema.json")):
        shutil.copy(file, tmp_path)
    known = editions(tmp_path)
    for module in (gongkai.edition, gongkai.reader):
        monkeypatch.setattr(module, "editions", lambda _folder=None: known)
    return by_name("2031")


THIRD_ITEMS = [
    ("requests.opened.online", "办理情况", "C6"),
    ("requests.opened.paper", "办理情况", "D6"),
    ("requests.opened.total", "办理情况", "E6"),
    ("requests.closed.online", "办理情况", "C7"),
    ("requests.closed.paper", "办理情况", "D7"),
    ("requests.closed.total", "办理情况", "E7"),
    ("requests.open.online", "办理情况", "C8"),
    ("requests.open.paper", "办理情况", "D8"),
    ("requests.open.total", "办理情况", "E8"),
    ("funds.budget.amount", "办理情况", "C11"),
    ("funds.budget.posts", "办理情况", "D11"),
    ("reviews.internal.kept", "复核情况", "A5"),
    ("reviews.internal.changed", "复核情况", "B5"),
    ("reviews.internal.total", "复核情况", "C5"),
    ("reviews.external.kept", "复核情况", "D5"),
    ("reviews.external.changed", "复核情况", "E5"),
    ("reviews.external.total", "复核情况", "F5"),
]
GOOD = (4, 2, 6, 3, 1, 4, 1, 1, 2, 12.25, -3, 1, 0, 1, 2, 3, 5)


def filed(*values: Any, **unit: str) -> Report:
    return Report("2031", 2032, Unit(**{"name": "某局", **unit}), values or GOOD)


def changed(**values: Any) -> Report:
    keys = [key for key, _, _ in THIRD_ITEMS]
    wanted = {key.replace("__", "."): value for key, value in values.items()}
    assert set(wanted) <= set(keys)
    return filed(*(wanted.get(key, value) for key, value in zip(keys, GOOD, strict=True)))


def test_a_third_edition_loads_and_compiles(third):
    assert list(gongkai.edition.editions()) == ["2019", "2021", "2031"]
    assert (third.name, third.years) == ("2031", range(2031, 2041))
    assert [(item.key, item.sheet, item.cell) for item in third.items] == THIRD_ITEMS
    assert [relation.id for relation in third.relations] == [
        *["N-ROW"] * 3, "N-FLOW", "N-MOST-ONLINE", "N-SUM", "N-SUM",
    ]  # fmt: skip
    assert third.prior_items == (third.index["requests.open.total"],)
    assert [item.key for item in third.items if item.derived] == [
        "requests.opened.total", "requests.closed.total", "requests.open.total", "reviews.internal.total",
        "reviews.external.total",
    ]  # fmt: skip
    assert [entry.rule for entry in rule_book(third)] == [
        *messages.FORM_RULES, "N-ROW", "N-FLOW", "N-MOST-ONLINE", "N-SUM",
    ]  # fmt: skip
    assert not set(messages.RELATION_SENTENCES) & {relation.id for relation in third.relations}


def test_a_third_edition_validates(third):
    assert is_clean(third, filed())
    assert validate(filed(), third) == ()
    assert loads(dumps(filed())) == filed()


def test_a_third_edition_speaks_in_general_sentences(third):
    (row,) = validate(changed(requests__open__total=5), third)
    assert (row.rule, row.severity, row.cell, row.value, row.expected) == ("N-ROW", "error", "E8", 5, 2)
    assert row.message == (
        "“在办 · 合计”不符合“合计等于网上和书面之和”（E8=5，C8+D8=2），现为 5。请核对相关的单元格，改正填错的一格。"
    )
    (most,) = validate(changed(requests__opened__paper=9, requests__opened__total=13), third)
    assert (most.rule, most.severity, most.cell, most.value, most.expected) == (
        "N-MOST-ONLINE",
        "warning",
        "D6",
        9,
        "≤ 8",
    )
    assert most.message == (
        "“收到 · 书面”不符合“书面不超过网上的两倍”（D6=9，2×C6=8），现为 9。请核对；数字无误的，请在情况说明中写明原因。"
    )
    (total,) = validate(changed(reviews__external__total=4), third)
    assert (total.rule, total.cell, total.expected) == ("N-SUM", "F5", 5)
    assert "（F5=4，D5+E5=5）" in total.message


def test_a_third_edition_is_compared_with_its_last_year(third):
    last = Report("2031", 2031, Unit(name="某局"), GOOD)
    (flow,) = validate(filed(), third, Prior.of(last, third, third))
    # 6 received and 2 from last year, 4 concluded: 4 must be left.
    assert (flow.rule, flow.cell, flow.value, flow.expected) == ("N-FLOW", "E8", 2, 4)
    assert flow.message == (
        "“在办 · 合计”不符合“收到加上年在办等于办结加在办”（E6+上年在办 · 合计=8，E7+E8=6），现为 2。"
        "请核对相关的单元格，改正填错的一格。"
    )
    assert validate(filed(), third, Prior(last.values, same_edition=False)) == ()


@pytest.mark.parametrize(
    ("key", "value", "rule", "expected"),
    [
        ("requests__opened__online", "4件", "F-TYPE", 4),
        ("requests__opened__online", None, "F-BLANK", None),
        ("requests__opened__total", None, "F-BLANK", 6),
        ("requests__opened__online", -4, "F-COUNT", None),
        ("requests__opened__online", 100_000, "F-COUNT", None),
        ("funds__budget__posts", 1.5, "F-DELTA", None),
        ("funds__budget__posts", "减3人", "F-TYPE", -3),
        ("funds__budget__amount", 0.125, "F-MONEY", None),
        ("funds__budget__amount", 1000.5, "F-MONEY", None),
        ("funds__budget__amount", "5万元", "F-TYPE", 5),
    ],
)
def test_a_third_edition_has_its_own_limits(third, key, value, rule, expected):
    (found,) = validate(changed(**{key: value}), third)
    assert (found.rule, found.item, found.expected) == (rule, key.replace("__", "."), expected)


def test_the_message_of_decimals_names_the_limit_of_the_edition(third):
    (found,) = validate(changed(funds__budget__amount=0.125), third)
    assert "最多 2 位小数" in found.message


def test_a_third_edition_reads_back_what_was_filled(third):
    reading = read(fill(third, filed()))
    assert reading.report == filed()
    assert reading.context.findings == ()
    assert (dict(reading.context.places), reading.prior) == ({}, None)
    assert validate(reading.report, third, context=reading.context) == ()


def test_a_third_edition_reads_back_what_was_wrongly_filled(third):
    wrong = changed(requests__opened__online="4件", reviews__internal__total=7, funds__budget__posts=None)
    reading = read(fill(third, wrong))
    assert reading.report == wrong
    assert [one.rule for one in validate(reading.report, third)] == [one.rule for one in validate(wrong, third)]


def test_a_third_edition_has_a_blank_template(third):
    reading = read(blank(third, year=2033))
    assert (reading.report.edition, reading.report.year) == ("2031", 2033)
    assert reading.report.unit == Unit()
    entered = [value for item, value in zip(third.items, reading.report.values, strict=True) if not item.derived]
    assert entered == [None] * 12
    assert not any(isinstance(value, Unread) for value in reading.report.values)
    found = validate(reading.report, third, context=reading.context)
    assert [(one.rule, one.item) for one in found if one.sheet == "封面"] == [("F-COVER", "unit.name")]
    assert {one.rule for one in found if one.sheet != "封面"} == {"F-BLANK"}


def test_a_third_edition_carries_last_years_values(third):
    index = third.index["requests.open.total"]
    reading = read(fill(third, filed(), {index: 2}))
    assert reading.report == filed()
    assert reading.prior == Prior(tuple(2 if n == index else None for n in range(17)), same_edition=True)
    (flow,) = validate(reading.report, third, reading.prior)
    assert (flow.rule, flow.expected) == ("N-FLOW", 4)


def test_a_third_edition_is_known_by_its_labels(third):
    """Without the name of the edition in the workbook, the labels say which form it is."""
    unnamed = fill(third, filed())
    reader = gongkai.reader._Reader(gongkai.reader._open(unnamed))
    edition, tables = reader.tables(None)
    assert edition is third
    assert all(place.found is None for place in tables.values())


def test_an_edition_loads_from_any_folder(tmp_path):
    for name in ("2031", "cover"):
        (tmp_path / f"{name}.schema.json").write_text(json.dumps(schema(name)), encoding="utf-8")
    form = load(tmp_path / "2031.schema.json")
    assert form.name == "2031"
    assert [field.key for field in form.cover] == list(COVER)
    assert "$ref" not in json.dumps(dict(form.schema))


def test_the_digest_of_an_edition_covers_the_cover(tmp_path):
    for file in SCHEMA.glob("*.json"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = load(tmp_path / "2021.schema.json").digest
    assert before == load(SCHEMA / "2021.schema.json").digest
    cover = tmp_path / "cover.schema.json"
    cover.write_text(cover.read_text(encoding="utf-8").replace("填报人", "经办人"), encoding="utf-8")
    assert load(tmp_path / "2021.schema.json").digest != before
