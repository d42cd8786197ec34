"""Rows and columns that were moved, inserted, deleted, repeated or exchanged."""

from __future__ import annotations

import workbooks as w
from odd import (
    BOTH,
    DOCUMENTS,
    LAWSUITS,
    NEW,
    OLD,
    REQUESTS,
    Oddity,
    delete_column,
    duplicate_column,
    insert_column,
    other_numbers,
    put,
)
from workbooks import APPLICATIONS, DISPUTES, TABLES, Grid, Spoil

OTHER_FILES = {1: "其他主动公开文件", 2: 71, 3: 72, 4: 73}
TITLES = {1: "某某区司法局", 2: "2023年政府信息公开工作年度报告统计表", 3: "（单位：件）"}


def exchange_rows(grid: Grid) -> None:
    """Exchange the first two rows of 不予公开, with their labels and numbers."""
    w.in_turn(
        w.move(APPLICATIONS, 190, 0, lambda p: p[0] == 10), w.move(APPLICATIONS, -1, 0, lambda p: p[0] == 11),
        w.move(APPLICATIONS, -189, 0, lambda p: p[0] == 200),
        put(APPLICATIONS, {(10, 2): "（三）不予公开", (11, 2): None}),
    )(grid)  # fmt: skip


def total_row_first(grid: Grid) -> None:
    """Print （七）总计 right above 三、本年度办理结果."""
    row = max(row for (row, _), value in grid[APPLICATIONS].items() if value == "（七）总计")
    cells = {column: value for (at, column), value in grid[APPLICATIONS].items() if at == row}
    w.delete_row(APPLICATIONS, row)(grid)
    w.insert_row(APPLICATIONS, 8, cells)(grid)


def repeated_headings(grid: Grid) -> None:
    """A page break, and the headings once more on the second page, as Word prints them."""
    headings = {place: value for place, value in grid[APPLICATIONS].items() if place[0] in (3, 4, 5)}
    w.move(APPLICATIONS, 3, 0, lambda place: place[0] >= 20)(grid)
    grid[APPLICATIONS].update({(row + 17, column): value for (row, column), value in headings.items()})


def continued(grid: Grid) -> None:
    """A page break with the words 续表."""
    w.insert_row(APPLICATIONS, 20, {1: "续表"})(grid)


def twice_on_one_sheet(grid: Grid) -> None:
    """The table of another year below."""
    page = grid[APPLICATIONS]
    page.update({(row + 40, column): value for (row, column), value in other_numbers(page).items()})


def twice_side_by_side(grid: Grid) -> None:
    """The table of another year on the right."""
    page = grid[APPLICATIONS]
    page.update({(row, column + 12): value for (row, column), value in other_numbers(page).items()})


def transposed(grid: Grid) -> None:
    """Rows as columns."""
    grid[APPLICATIONS] = {(column, row): value for (row, column), value in grid[APPLICATIONS].items()}


def three_lines(grid: Grid) -> None:
    """表四 printed as three lines of five numbers."""
    page = grid[DISPUTES]
    page.clear()
    report = w.distinct("2021")
    page.update(
        {(5, column): text for column, text in enumerate(("结果维持", "结果纠正", "其他结果", "尚未审结", "总计"), 2)}
    )
    for row, text in enumerate(("行政复议", "未经复议直接起诉", "复议后起诉"), 6):
        page[row, 1] = text
        page.update({(row, column): report.values[0] for column in range(2, 7)})


def under(sheet: str, *rows: dict[int, object]) -> Spoil:
    """Write rows right below everything on a sheet."""

    def spoil(grid: Grid) -> None:
        last = max(row for row, _ in grid[sheet])
        for number, cells in enumerate(rows, last + 1):
            grid[sheet].update({(number, column): value for column, value in cells.items()})

    return spoil


def delete_last_row(grid: Grid) -> None:
    """Delete 四、结转下年度继续办理."""
    w.delete_row(APPLICATIONS, max(row for row, _ in grid[APPLICATIONS]))(grid)


def lost(sheet: str, alter: Spoil, why: str, tables: tuple[str, ...], editions: tuple[str, ...] = BOTH) -> Oddity:
    """Return what cannot be told for certain and is refused."""
    return Oddity(alter, refused={sheet: f"：{why}。"}, lost=tables, editions=editions)


MOVED = {
    "moved down": Oddity(w.move(APPLICATIONS, 3, 0), {APPLICATIONS: "：“依申请公开”一表的数字从 D9:"}),
    "moved up": Oddity(w.move(APPLICATIONS, -2, 0), {APPLICATIONS: "：“依申请公开”一表的数字从 D4:"}),
    "moved right": Oddity(w.move(APPLICATIONS, 0, 2), {APPLICATIONS: "：“依申请公开”一表的数字从 F6:"}),
    "moved far": Oddity(w.move(APPLICATIONS, 100, 30), {APPLICATIONS: "：“依申请公开”一表的数字从 AH106:"}),
    "title rows above": Oddity(
        w.in_turn(w.move(APPLICATIONS, 3, 0), put(APPLICATIONS, {(row, 1): text for row, text in TITLES.items()})),
        {APPLICATIONS: "：“依申请公开”一表的数字从 D9:"},
    ),
    "表二 moved": Oddity(
        w.move(TABLES, 2, 1),
        {TABLES: ["：“第二十条第（一）项”一表的数字从 C7:E8 读取；", "“第二十条第（五）项”一表的数字从 C11"]},
    ),
    "表四 moved": Oddity(w.move(DISPUTES, 4, 3), {DISPUTES: "：“复议诉讼”一表的数字从 D10:R10 读取。"}),
    "总计 first": Oddity(
        w.put_column_first(APPLICATIONS, 4, 10, range(3, 31)),
        {APPLICATIONS: "：“总计”从 D 列读取；“依申请公开”一表的数字从 D6:J30 读取。"}, editions=NEW,
    ),
    "总计 first in 2019": Oddity(
        w.put_column_first(APPLICATIONS, 4, 10, range(3, 29)),
        {APPLICATIONS: "：“总计”从 D 列读取；“依申请公开”一表的数字从 D6:J28 读取。"}, editions=OLD,
    ),
    "其他 before the others": Oddity(
        w.put_column_first(APPLICATIONS, 5, 9, range(3, 31)), {APPLICATIONS: "：“自然人”从 D 列读取；“其他”从 E 列读取；“总计”从 J 列读取；"}
    ),
    "columns of 表二 exchanged": Oddity(
        w.put_column_first(TABLES, 2, 4, range(4, 7)),
        {TABLES: "：“现行有效件数”从 B 列读取；“第二十条第（一）项”一表的数字从 B5:D6 读取"}, editions=NEW,
    ),
    "总计 of 表四 first": Oddity(w.put_column_first(DISPUTES, 1, 5, (5, 6)), {DISPUTES: "：“结果维持”至“尚未审结”从 B 至 E 列读取；“总计”从 A 列读取。"}),
    "two rows exchanged": Oddity(
        exchange_rows, {APPLICATIONS: "：“1.属于国家秘密”从第 11 行读取；“2.其他法律行政法规禁…”从第 10 行读取。"}
    ),
    "（七）总计 first": Oddity(total_row_first, {APPLICATIONS: "“（七）总计”从第 8 行读取"}),
    "headings repeated at a page break": Oddity(
        repeated_headings,
        {APPLICATIONS: "：“3.补正后申请内容仍不…”至“四、结转下年度继续办理”从第 23 至 33 行读取。"}, editions=NEW,
    ),
    "headings repeated at a page break of 2019": Oddity(
        repeated_headings, {APPLICATIONS: "至“四、结转下年度继续办理”从第 23 至 31 行读取。"}, editions=OLD
    ),
    "续表 at a page break": Oddity(continued, {APPLICATIONS: "：多出的第 20 行“续表”没有读取；"}),
    "blank row in the middle": Oddity(
        w.insert_row(APPLICATIONS, 26), {APPLICATIONS: "从第 27 至 "}
    ),
    "blank column in the middle": Oddity(insert_column(APPLICATIONS, 6), {APPLICATIONS: "：“自然人”至“商业企业”从 D 至 E 列读取；"}),
    "blank rows between label and numbers": Oddity(insert_column(APPLICATIONS, 4), {APPLICATIONS: "：“依申请公开”一表的数字从 E6:"}),
    "a row of 表二 moved": Oddity(w.insert_row(TABLES, 6), {TABLES: "行政规范性文件”从第 7 行读取" }, editions=NEW),
}  # fmt: skip

ADDED = {
    "extra row after 规范性文件": Oddity(
        w.insert_row(TABLES, 7, OTHER_FILES), {TABLES: "：多出的第 7 行“其他主动公开文件”没有读取；“第二十条第（五）项”一表"}
    ),
    "extra row between two rows": Oddity(
        w.insert_row(TABLES, 6, OTHER_FILES), {TABLES: "：多出的第 6 行“其他主动公开文件”没有读取；"}
    ),
    "extra row before the first": Oddity(
        w.insert_row(TABLES, 5, OTHER_FILES), {TABLES: "：多出的第 5 行“其他主动公开文件”没有读取；"}
    ),
    "extra row with a label of another table": Oddity(
        w.insert_row(TABLES, 6, {1: "其他", 2: 71}), {TABLES: "：多出的第 6 行“其他”没有读取；"}
    ),
    "extra row 总计": Oddity(w.insert_row(TABLES, 7, {1: "总计", 2: 71, 4: 7}), {TABLES: "：多出的第 7 行“总计”没有读取；"}),
    "extra row of numbers typed as text": Oddity(
        w.insert_row(TABLES, 7, {1: "其他文件", 2: "71", 3: "72件"}), {TABLES: "：多出的第 7 行“其他文件”没有读取；"}
    ),
    "extra row without numbers": Oddity(w.insert_row(TABLES, 6, {1: "其中："}), {TABLES: "：多出的第 6 行“其中：”没有读取；"}),
    "extra row in 表三": Oddity(
        w.insert_row(APPLICATIONS, 18, {3: "9.其他情形", 4: 91, 10: 92}),
        {APPLICATIONS: "：多出的第 18 行“9.其他情形”没有读取；"},
    ),
    "其中 above the first row of 表三": Oddity(
        w.insert_row(APPLICATIONS, 6, {1: "申请总量", 4: 91}),
        {APPLICATIONS: "：多出的第 6 行“申请总量”没有读取；“依申请公开”一表的数字从 D7:"},
    ),
    "row of column numbers": Oddity(
        w.insert_row(APPLICATIONS, 6, {n: n - 3 for n in range(4, 11)}),
        {APPLICATIONS: "：多出的第 6 行没有读取；“依申请公开”一表的数字从 D7:"},
    ),
    "row of column numbers with its name": Oddity(
        w.insert_row(APPLICATIONS, 6, {1: "栏次", **{n: n - 3 for n in range(4, 11)}}),
        {APPLICATIONS: "：多出的第 6 行“栏次”没有读取；"},
    ),
    "two rows below": Oddity(
        under(APPLICATIONS, {1: "五、其中网上申请", 4: 9}, {1: "六、其中信函申请", 4: 8}),
        {APPLICATIONS: ["：多出的第 ", "“五、其中网上申请”没有读取；", "“六、其中信函申请”没有读取。"]},
    ),
    "remarks below": Oddity(under(APPLICATIONS, {1: "注：本表数据截至12月31日"}, {1: "填表人：某某"})),
    "scratch far below": Oddity(under(APPLICATIONS, {}, {}, {1: "验算", 4: 91})),
    "scratch far to the right": Oddity(put(APPLICATIONS, {(6, 20): 91, (7, 20): 92})),
    "extra column": Oddity(
        insert_column(APPLICATIONS, 6, {5: "小计", 6: 3}),
        {APPLICATIONS: "：多出的 F 列“小计”没有读取；“自然人”至“商业企业”从 D 至 E 列读取；"},
    ),
    "extra column without a heading": Oddity(
        insert_column(APPLICATIONS, 6, {9: 3}), {APPLICATIONS: "：多出的 F 列没有读取；"}
    ),
    "extra column of numbers typed as text": Oddity(
        insert_column(APPLICATIONS, 6, {5: "小计", 6: "3"}), {APPLICATIONS: "：多出的 F 列“小计”没有读取；"}
    ),
    "extra column before the first": Oddity(
        insert_column(APPLICATIONS, 4, {5: "合计", 6: 3}),
        {APPLICATIONS: "：多出的 D 列“合计”没有读取；“依申请公开”一表的数字从 E6:"},
    ),
    "extra column behind the last": Oddity(
        put(APPLICATIONS, {(4, 11): "其中网上申请", (6, 11): 3}), {APPLICATIONS: "：多出的 K 列“其中网上申请”没有读取。"}
    ),
    "two columns behind the last": Oddity(
        put(APPLICATIONS, {(4, 11): "上年", (6, 11): 3, (4, 12): "增减", (6, 12): -3}),
        {APPLICATIONS: "：多出的 K 列“上年”没有读取；多出的 L 列“增减”没有读取。"},
    ),
    "numbers behind the last column": Oddity(put(APPLICATIONS, {(9, 11): 3}), {APPLICATIONS: "：多出的 K 列没有读取。"}),
    "remarks behind the last column": Oddity(put(APPLICATIONS, {(4, 11): "备注", (6, 11): "含网上申请"})),
    "row numbers before the labels": Oddity(
        insert_column(APPLICATIONS, 1, {3: "序号", **{row: row - 5 for row in range(6, 29)}}),
        {APPLICATIONS: "：多出的 A 列“序号”没有读取；“依申请公开”一表的数字从 E6:"},
    ),
    "extra column in 表四": Oddity(
        insert_column(DISPUTES, 5, {5: "其中调解", 6: 3}),
        {DISPUTES: "：多出的 E 列“其中调解”没有读取；“结果维持”至“尚未审结”从 A 至 D 列读取；"},
    ),
    "extra column behind 表四": Oddity(
        put(DISPUTES, {(5, 16): "合计", (6, 16): 3}), {DISPUTES: "：多出的 P 列“合计”没有读取。"}
    ),
    "extra column in 表二": Oddity(
        put(TABLES, {(4, 5): "备注", (5, 5): 3}), {TABLES: "：多出的 E 列“备注”没有读取。"}
    ),
    "remark between label and numbers": Oddity(
        w.in_turn(insert_column(APPLICATIONS, 4), put(APPLICATIONS, {(8, 4): "（含主动）"})),
        {APPLICATIONS: "：“依申请公开”一表的数字从 E6:"},
    ),
    "extra row after many other words": Oddity(
        w.in_turn(
            w.insert_row(TABLES, 7, OTHER_FILES), w.rename("规章", "规章（注）"), w.rename("行政许可", "行政许可（注）"),
            w.rename("行政处罚", "行政处罚（注）"), w.rename("行政强制", "行政强制（注）"),
        ),
        {TABLES: "：多出的第 7 行“其他主动公开文件”没有读取；“规章（注）”按"},
    ),
}  # fmt: skip

TAKEN = {
    "row twice": lost(APPLICATIONS, w.duplicate_row(APPLICATIONS, 10), "有多处行标题“1.属于国家秘密”", REQUESTS),
    "row of 表二 twice": lost(
        TABLES, w.duplicate_row(TABLES, 6), "有多处行标题“行政规范性文件”", DOCUMENTS, NEW
    ),
    "row deleted": lost(APPLICATIONS, w.delete_row(APPLICATIONS, 10), "没有找到行标题“1.属于国家秘密”", REQUESTS),
    "first row deleted": lost(APPLICATIONS, w.delete_row(APPLICATIONS, 6), "没有找到行标题“一、本年新收政府信息公…”", REQUESTS),
    "last row deleted": lost(APPLICATIONS, delete_last_row, "没有找到行标题“四、结转下年度继续办理”", REQUESTS),
    "row of 表二 deleted": lost(TABLES, w.delete_row(TABLES, 5), "没有找到行标题“规章”", DOCUMENTS),
    "rows without numbers deleted": Oddity(
        w.delete_row(TABLES, 3), {TABLES: "：“第二十条第（一）项”一表的数字从 B4:D5 读取；"}
    ),
    "column deleted": lost(APPLICATIONS, delete_column(APPLICATIONS, 6), "没有找到列标题“科研机构”", REQUESTS),
    "column 总计 deleted": lost(APPLICATIONS, delete_column(APPLICATIONS, 10), "没有找到列标题“总计”", REQUESTS),
    "column twice": lost(APPLICATIONS, duplicate_column(APPLICATIONS, 6), "有多处列标题“科研机构”", REQUESTS),
    "column of 表四 deleted": lost(DISPUTES, delete_column(DISPUTES, 9), "没有找到列标题“尚未审结”", LAWSUITS),
    "column of 表四 twice": lost(DISPUTES, duplicate_column(DISPUTES, 8), "有多处列标题“其他结果”", LAWSUITS),
    "headings deleted": lost(
        APPLICATIONS, w.in_turn(*[w.delete_row(APPLICATIONS, 3)] * 3), "没有找到列标题“自然人”", REQUESTS
    ),
    "labels deleted": lost(
        APPLICATIONS, w.in_turn(*[delete_column(APPLICATIONS, 1)] * 3), "没有找到行标题“一、本年新收政府信息公…”", REQUESTS
    ),
    "only numbers": lost(
        DISPUTES, w.in_turn(*[w.delete_row(DISPUTES, 3)] * 3), "没有找到标题“行政复议”", LAWSUITS
    ),
    "twice on one sheet": lost(
        APPLICATIONS, twice_on_one_sheet, "有多处行标题“一、本年新收政府信息公…”", REQUESTS
    ),
    "twice side by side": lost(APPLICATIONS, twice_side_by_side, "有多处行标题“一、本年新收政府信息公…”", REQUESTS),
    "transposed": lost(APPLICATIONS, transposed, "没有找到列标题“自然人”", REQUESTS),
    "表四 as three lines": lost(DISPUTES, three_lines, "没有找到列标题“结果维持”", LAWSUITS),
    "row without a label": lost(
        APPLICATIONS, w.insert_row(APPLICATIONS, 12, {4: 91}), "第 12 行有数字，没有行标题", REQUESTS
    ),
    "numbers right below": lost(APPLICATIONS, under(APPLICATIONS, {4: 91}), "第 31 行有数字，没有行标题", REQUESTS, NEW),
    "blank row above the line of 表四": lost(
        DISPUTES, w.insert_row(DISPUTES, 6), "标题下面有空行，或有不止一行数字", LAWSUITS
    ),
    "row of column numbers above the line of 表四": lost(
        DISPUTES, w.insert_row(DISPUTES, 6, {n: n for n in range(1, 16)}), "标题下面有空行，或有不止一行数字", LAWSUITS
    ),
    "blank row above a line typed as text": lost(
        DISPUTES,
        w.in_turn(lambda grid: grid[DISPUTES].update({(6, n): str(n) for n in range(1, 16)}), w.insert_row(DISPUTES, 6)),
        "标题下面有空行，或有不止一行数字", LAWSUITS,
    ),
    "line of 表四 twice": lost(
        DISPUTES, w.duplicate_row(DISPUTES, 6), "标题下面有空行，或有不止一行数字", LAWSUITS
    ),
    "cells of a row pushed right": lost(
        APPLICATIONS, w.move(APPLICATIONS, 0, 1, lambda p: p[0] == 12 and p[1] >= 6),
        "第 12 行有空格，而表外的 K12 有数字，像是移动过单元格", REQUESTS,
    ),
    "cells of a column pushed down": lost(
        APPLICATIONS, w.move(APPLICATIONS, 1, 0, lambda p: p[1] == 6 and p[0] >= 12),
        "第 31 行有数字，没有行标题", REQUESTS, NEW,
    ),
    "line of 表四 pushed right": lost(
        DISPUTES, w.move(DISPUTES, 0, 1, lambda p: p[0] == 6 and p[1] >= 4),
        "第 6 行有空格，而表外的 P6 有数字，像是移动过单元格", LAWSUITS,
    ),
    "texts of a row pushed right": lost(
        APPLICATIONS,
        w.in_turn(put(APPLICATIONS, {(12, 10): "17件"}), w.move(APPLICATIONS, 0, 1, lambda p: p[0] == 12 and p[1] >= 6)),
        "第 12 行有空格，而表外的 K12 有数字，像是移动过单元格", REQUESTS,
    ),
    "label and numbers one row apart": lost(
        APPLICATIONS, w.move(APPLICATIONS, 1, 0, lambda p: p[0] == 30 and p[1] >= 4), "第 31 行有数字，没有行标题", REQUESTS, NEW
    ),
}  # fmt: skip

LAYOUT = {**MOVED, **ADDED, **TAKEN}
