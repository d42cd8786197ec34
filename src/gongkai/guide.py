"""填报说明 and the rule book: every rule of an edition with what it asks, from the schema and the messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from gongkai import messages
from gongkai.edition import Edition


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule as the rule book prints it; a rule of two severities depends on the cover."""

    rule: str
    severity: tuple[str, ...]
    title: str

    def to_json(self) -> dict[str, object]:
        """Return the entry for machines."""
        return {**asdict(self), "severity": list(self.severity)}


def rule_book(edition: Edition) -> tuple[RuleEntry, ...]:
    """Return the rules of an edition: the form rules it can break, then its relations in the order of the schema."""
    measures = {item.measure.name for item in edition.items}
    absent = {"F-DELTA"} if "signed_count" not in measures else set()
    entries = [
        RuleEntry(name, ("error", "warning") if name == "F-LAYOUT" else (rule.severity,), rule.title)
        for name, rule in messages.FORM_RULES.items()
        if name not in absent
    ]
    titles = {relation.id: relation.title for relation in edition.relations}
    for name, title in titles.items():
        severities = dict.fromkeys(relation.severity for relation in edition.relations if relation.id == name)
        entries.append(RuleEntry(name, tuple(severities), title))
    return tuple(entries)


def office_rules() -> tuple[RuleEntry, ...]:
    """Return the rules of every merge, whatever the edition."""
    return tuple(RuleEntry(name, (rule.severity,), rule.title) for name, rule in messages.OFFICE_RULES.items())


def guide_lines(edition: Edition) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the lines of the sheet 填报说明: (kind, texts of its columns); kind is title, head, text or rule."""
    yield "title", ("填报说明",)
    yield "text", ("依据", "", edition.schema["description"])
    for title, steps in HOW_TO.items():
        yield "head", (title,)
        for number, step in enumerate(steps, 1):
            yield "text", (f"{number}.", "", step)
    yield "head", ("核对规则",)
    yield "rule", ("规则编号", "级别", "内容")
    for entry in rule_book(edition):
        severity = "／".join(messages.SEVERITIES[name] for name in entry.severity)
        yield "rule", (entry.rule, severity, entry.title)


HOW_TO = {
    "怎样填": (
        "先填封面，再填“主动公开”“依申请公开”“复议诉讼”三张表。只填浅黄色的格子；灰色的合计是公式，不用填。",
        "每一格都要有数字，没有发生的填 0。空白、“/”、“-”、“无”都不等于 0。",
        "全部或大部分没有发生时，在封面把“零报告”选为“是”，所有空白的统计格即声明为 0，不必逐格填写。",
        "件数填整数，不带单位；收费金额以万元为单位，最多 6 位小数。",
        "有上年度报告的，可在“上年数据”填上年的数字，表格会自动与本年核对；没有的留空。",
        "从别处粘贴时请用“选择性粘贴 → 数值”，以免覆盖格式和校验。",
    ),
    "怎样看核对标记": (
        "✓ 表示成立；✗ 表示有误，旁边写着原因；待填 表示还有空格；需说明 表示数字少见，核对无误后要写明原因。",
        "封面上方的“内置校验”随填随算，不需要联网，也不需要宏。",
        "验证结果里“需说明”的各条，请在“情况说明”栏写明具体原因，不少于 6 个字；只写“核实无误”“情况属实”不算说明。",
    ),
    "怎样报送": (
        "封面显示“内置校验：通过”，或只剩“需说明”而数字核对无误的，保存后按汇总单位的要求报送，文件格式保持 .xlsx。",
        "请不要增删行列、改写标题或改变工作表名称；单位名称与印章一致。",
    ),
}
