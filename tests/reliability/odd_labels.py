"""Labels in other words: folded without a word, mapped with one warning, or refused."""

from __future__ import annotations

import string

import workbooks as w
from odd import BOTH, DOCUMENTS, LAWSUITS, NEW, OLD, REQUESTS, Oddity, clear, put
from workbooks import APPLICATIONS, DISPUTES, TABLES, Grid, Spoil

WIDTH = str.maketrans("（），、．：；“”", '(),、.:;""')
FULL = str.maketrans(string.digits + "().,/", "０１２３４５６７８９（）．，／")
PARTIAL = "（二）部分公开（区分处理的，只计这一情形，不计其他情形）"


def renumbered(mark: str) -> Spoil:
    """Number the rows in another way: ``1、`` for ``1.``."""
    return w.reword(lambda text: text[0] + mark + text[2:] if text[0].isdigit() and text[1] == "." else text)


def unnumbered(text: str) -> str:
    """Return a label without its number."""
    if text[0].isdigit() and text[1] == ".":
        return text[2:]
    if text[1] == "、":
        return text[2:]
    return text[3:] if text[0] == "（" and text[2] == "）" else text


def loosely(mark: str) -> Spoil:
    """Put something between the characters of every label."""
    return w.reword(mark.join)


def split_heading(grid: Grid) -> None:
    """Cut a row's label in two, the second half in a row of its own."""
    w.insert_row(APPLICATIONS, 26, {3: "出具已获取信息"})(grid)
    w.rename("5.要求行政机关确认或重新出具已获取信息", "5.要求行政机关确认或重新")(grid)


def split_over_values(grid: Grid) -> None:
    """The same, with the numbers in the second row."""
    split_heading(grid)
    page = grid[APPLICATIONS]
    page.update({(26, column): page.pop((25, column)) for column in range(4, 11)})


def kept_and_continued(grid: Grid) -> None:
    """The whole label, and its end once more in the row below, with numbers."""
    w.insert_row(APPLICATIONS, 26, {3: "出具已获取信息", 4: 7})(grid)


def foreign_heading(grid: Grid) -> None:
    """The fees have a column more, and the heading 上一年项目数量 in other words: it stands in the table above."""
    page = grid[TABLES]
    page.update({(16, 2): "收费总额", (16, 3): "上年项目数", (16, 4): "本年增/减"})
    page.update({(17, 2): 7, (17, 3): page[17, 2], (17, 4): page[17, 3]})


FOLDED = {
    "half-width punctuation": w.reword(lambda text: text.translate(WIDTH)),
    "full-width digits and punctuation": w.reword(lambda text: text.translate(FULL)),
    "numbering with comma": renumbered("、"),
    "numbering with point and space": renumbered(". "),
    "numbering with full-width point": renumbered("．"),
    "no numbering": w.reword(unnumbered),
    "spaces inside": loosely(" "),
    "full-width spaces inside": loosely("　"),
    "no-break spaces inside": loosely("\N{NO-BREAK SPACE}"),
    "zero-width spaces inside": loosely("\N{ZERO WIDTH SPACE}"),
    "line breaks inside": loosely("\n"),
    "line breaks of Windows inside": loosely("\r\n"),
    "tabs inside": loosely("\t"),
    "spaces around": w.reword(lambda text: f"　 {text}\n"),
    "colons behind": w.reword(lambda text: f"{text}："),
    "asterisks before": w.reword(lambda text: f"*{text}"),
    "other quotation marks": w.rename("3.危及“三安全一稳定”", "3.危及「三安全一稳定」"),
    "straight quotation marks": w.rename("3.危及“三安全一稳定”", "3.危及'三安全一稳定'"),
    "no quotation marks": w.rename("3.危及“三安全一稳定”", "3.危及三安全一稳定"),
    "comma more": w.rename("2.其他法律行政法规禁止公开", "2.其他法律、行政法规禁止公开"),
    "第 lost": w.reword(lambda text: text.replace("第二十条第（", "第二十条（")),
    "first 第 lost": w.reword(lambda text: text.replace("第二十条第（", "二十条第（")),
    "three spellings": w.in_turn(
        w.rename("结果维持", "结果 维持"), w.rename("结果纠正", "结 果 纠 正"), w.rename("科研机构", "科研\n机构")
    ),
    "group headings in other words": w.in_turn(
        w.rename("申请人情况", "申请人"), w.rename("法人或其他组织", "法人及其他组织"), w.rename("（三）不予公开", "三")
    ),
    "group headings missing": clear(APPLICATIONS, (3, 4), (4, 5), (8, 1), (10, 2)),
}  # fmt: skip


def mapped(sheet: str, old: str, new: str, says: str, editions: tuple[str, ...] = BOTH) -> Oddity:
    """Return a label in other words that is certain to mean an official one."""
    return Oddity(w.rename(old, new, sheet), {sheet: says}, editions=editions)


LABELS = {
    **{name: Oddity(spoil) for name, spoil in FOLDED.items()},
    "backslash": Oddity(w.rename("本年增/减", "本年增\\减"), editions=OLD),
    "no slash": Oddity(w.rename("本年增/减", "本年增减"), editions=OLD),
    "社会组织": mapped(APPLICATIONS, "社会公益组织", "社会组织", "“社会组织”按“社会公益组织”读取"),
    "规范性文件": mapped(TABLES, "行政规范性文件", "规范性文件", "“规范性文件”按“行政规范性文件”读取", NEW),
    "行政规范性文件": mapped(TABLES, "规范性文件", "行政规范性文件", "“行政规范性文件”按“规范性文件”读取", OLD),
    "总数": mapped(TABLES, "对外公开总数量", "对外公开总数", "“对外公开总数”按“对外公开总数量”读取", OLD),
    "减 lost": mapped(TABLES, "本年增/减", "本年增/", "“本年增/”按“本年增/减”读取", OLD),
    "unit of the amount lost": mapped(
        TABLES, "采购总金额（单位：万元）", "采购总金额", "“采购总金额”按“采购总金额（单位：万元）”读取", OLD
    ),
    "unit of the fee lost": mapped(
        TABLES, "本年收费金额（单位：万元）", "本年收费金额", "“本年收费金额”按“本年收费金额（单位：万…”读取", NEW
    ),
    "note behind a label": mapped(TABLES, "行政许可", "行政许可（含备案）", "“行政许可（含备案）”按“行政许可”读取"),
    "note behind a column": mapped(APPLICATIONS, "商业企业", "商业企业(家)", "“商业企业(家)”按“商业企业”读取"),
    "note behind a numbered row": mapped(
        APPLICATIONS, "1.属于国家秘密", "1、属于国家秘密（条例第十四条）", "“1、属于国家秘密（条例…”按“1.属于国家秘密”读取"
    ),
    "note behind a row numbered in brackets": mapped(
        APPLICATIONS, "（一）予以公开", "（一）予以公开（含主动公开）", "“（一）予以公开（含主动…”按“（一）予以公开”读取"
    ),
    "note behind 总计": mapped(
        APPLICATIONS, "（七）总计", "（七）总计（一至六项之和）", "“（七）总计（一至六项之…”按“（七）总计”读取"
    ),
    "official note left out": mapped(
        APPLICATIONS, PARTIAL, "（二）部分公开", "“（二）部分公开”按“（二）部分公开（区分处…”读取"
    ),
    "note on the outcomes": mapped(DISPUTES, "尚未审结", "尚未审结（件）", "“尚未审结（件）”按“尚未审结”读取"),
    "note on one of three": mapped(
        DISPUTES, "未经复议直接起诉", "未经复议直接起诉（一审）", "“未经复议直接起诉（一审）”按“未经复议直接起诉”读取"
    ),
    "both first headings cut": Oddity(
        w.in_turn(w.rename("本年新制作数量", "本年新"), w.rename("本年新公开数量", "本年新")),
        refused={TABLES: "：没有找到列标题“本年新制作数量”。"}, lost=DOCUMENTS, editions=OLD,
    ),
    "one first heading cut": Oddity(
        w.rename("本年新公开数量", "本年新"), refused={TABLES: "：没有找到列标题“本年新公开数量”。"}, lost=DOCUMENTS, editions=OLD
    ),
    "heading in other words": Oddity(
        w.rename("商业企业", "企业单位"), refused={APPLICATIONS: "：没有找到列标题“商业企业”。"}, lost=REQUESTS
    ),
    "heading blank": Oddity(
        clear(APPLICATIONS, (4, 10)), refused={APPLICATIONS: "：没有找到列标题“总计”。"}, lost=REQUESTS
    ),
    "heading twice": Oddity(
        w.rename("科研机构", "商业企业"), refused={APPLICATIONS: "：有多处列标题“商业企业”。"}, lost=REQUESTS
    ),
    "heading only in the table above": Oddity(
        foreign_heading, refused={TABLES: "：没有找到列标题“上一年项目数量”。"}, lost=("fees",), editions=OLD
    ),
    "all headings numbers": Oddity(
        lambda grid: grid[APPLICATIONS].update({(r, c): c - 3 for (r, c) in grid[APPLICATIONS] if r in (4, 5)}),
        refused={APPLICATIONS: "：没有找到列标题“自然人”。"}, lost=REQUESTS,
    ),
    "label of a row blank": Oddity(
        clear(APPLICATIONS, (14, 3)), refused={APPLICATIONS: "：没有找到行标题“5.属于三类内部事务信息”。"}, lost=REQUESTS
    ),
    "label of a row in other words": Oddity(
        w.rename("7.属于行政执法案卷", "7.执法案卷信息"), refused={APPLICATIONS: "：没有找到行标题“7.属于行政执法案卷”。"}, lost=REQUESTS
    ),
    "规则 for 规章": Oddity(w.rename("规章", "规则"), refused={TABLES: "：没有找到行标题“规章”。"}, lost=DOCUMENTS),
    "a label stands twice": Oddity(
        w.rename("2.重复申请", "1.信访举报投诉类申请"),
        refused={APPLICATIONS: "：没有找到行标题“2.重复申请”。"}, lost=REQUESTS,
    ),
    "label over two lines": Oddity(
        split_heading, {APPLICATIONS: "：第 25 和 26 行的标题合为一个读取；"}
    ),
    "label over two lines, numbers in the second": Oddity(
        split_over_values, {APPLICATIONS: "：第 25 和 26 行的标题合为一个读取；"}
    ),
    "label over two lines, numbers in both": Oddity(
        w.in_turn(split_heading, put(APPLICATIONS, {(26, 4): 7})),
        refused={APPLICATIONS: "：第 25 行的标题像是分成了两行，两行都有数字。"}, lost=REQUESTS,
    ),
    "label over two lines in the heading": Oddity(
        put(APPLICATIONS, {(4, 4): "自然", (5, 4): "人"}), {APPLICATIONS: "：“自然”按“自然人”读取。"}
    ),
    "label with a note over two lines": Oddity(
        w.in_turn(w.insert_row(APPLICATIONS, 10, {2: "形，不计其他情形）"}), w.rename(PARTIAL, PARTIAL[:18])),
        {APPLICATIONS: "：第 9 和 10 行的标题合为一个读取；"},
    ),
    "label repeated in part below": Oddity(
        kept_and_continued, refused={APPLICATIONS: "：第 26 行“出具已获取信息”像是上一行标题的后半截。"}, lost=REQUESTS
    ),
    "a smaller row in the row of its group": Oddity(
        w.in_turn(w.rename("4.无正当理由大量反复申请", "大量反复申请"), lambda g: g[APPLICATIONS].update({(24, 2): "4.无正当理由大量反复申请"})),
        refused={APPLICATIONS: "：“4.无正当理由大量反复…”又分出了“大量反复申请”。"}, lost=REQUESTS,
    ),
    "heading of 表四 blank": Oddity(
        clear(DISPUTES, (5, 9)), refused={DISPUTES: "：没有找到列标题“尚未审结”。"}, lost=LAWSUITS
    ),
    "heading of 表四 in other words": Oddity(
        w.rename("结果维持", "维持"), refused={DISPUTES: "：没有找到列标题“结果维持”。"}, lost=LAWSUITS
    ),
    "group of 表四 blank": Oddity(
        clear(DISPUTES, (4, 11)), refused={DISPUTES: "：没有找到标题“复议后起诉”。"}, lost=LAWSUITS
    ),
    "group of 表四 twice": Oddity(
        w.rename("复议后起诉", "行政复议"), refused={DISPUTES: "：有多处标题“行政复议”。"}, lost=LAWSUITS
    ),
    "three sheets in other words": Oddity(
        w.in_turn(w.rename("规章", "规则"), w.rename("商业企业", "企业"), w.rename("结果维持", "维持")),
        refused={
            TABLES: "：没有找到行标题“规章”。",
            APPLICATIONS: "：没有找到列标题“商业企业”。",
            DISPUTES: "：没有找到列标题“结果维持”。",
        },
        lost=(*DOCUMENTS, *REQUESTS, *LAWSUITS),
    ),
    "one sheet mapped, one refused": Oddity(
        w.in_turn(w.rename("行政许可", "行政许可（含备案）"), w.rename("结果维持", "维持")),
        {TABLES: "“行政许可（含备案）”按“行政许可”读取"}, {DISPUTES: "：没有找到列标题“结果维持”。"}, LAWSUITS,
    ),
}  # fmt: skip
