"""Tables on other sheets, on one sheet, on two; sheets of another edition."""

from __future__ import annotations

import workbooks as w
from odd import BOTH, DOCUMENTS, LAWSUITS, NEW, OLD, REQUESTS, Oddity, clear, other_numbers
from workbooks import APPLICATIONS, DISPUTES, TABLES, Grid, Spoil

ALL = (TABLES, APPLICATIONS, DISPUTES)
FRONT = {"2019": ("documents", "licensing", "enforcement", "fees", "procurement"),
         "2021": ("documents", "licensing", "enforcement", "fees")}  # fmt: skip


def on_one_sheet(name: str) -> Spoil:
    """Put every table on one sheet of this name, one below the other."""
    return w.in_turn(w.on_one_sheet, w.rename_sheet("年报统计表", name))


def from_sheet(name: str) -> dict[str, str]:
    """Return what is said when every table comes from one sheet."""
    return {sheet: f"从工作表“{name}”读取" for sheet in ALL if sheet != name}


def beside(sheet: str, other: str, gap: int = 1) -> Spoil:
    """Move the tables of a sheet to the right of those of another."""

    def spoil(grid: Grid) -> None:
        right = max(column for _, column in grid[other]) + gap
        grid[other].update({(row, column + right): value for (row, column), value in grid.pop(sheet).items()})

    return spoil


def copied(sheet: str, name: str, *, changed: bool = True) -> Spoil:
    """Add a copy of a sheet, with other numbers perhaps."""
    return lambda grid: grid.update({name: other_numbers(grid[sheet]) if changed else dict(grid[sheet])})


def emptied(sheet: str) -> Spoil:
    """Take every number from a sheet."""

    def spoil(grid: Grid) -> None:
        grid[sheet] = {place: value for place, value in grid[sheet].items() if isinstance(value, str)}

    return spoil


def broken(sheet: str) -> Spoil:
    """Take a row from a table."""
    return w.delete_row(sheet, 12)


def exchanged(one: str, other: str) -> Spoil:
    """Exchange the names of two sheets."""
    return w.in_turn(w.rename_sheet(one, "临时"), w.rename_sheet(other, one), w.rename_sheet("临时", other))


def of_edition(sheet: str, edition: str) -> Spoil:
    """Put the sheet of another edition in the place of one."""
    return lambda grid: grid.update({sheet: dict(w.drawn(w.distinct(edition))[sheet])})


def of_2021_without_numbers(grid: Grid) -> None:
    """表三 of 2021, its smaller rows without numbering, as pasted from Word."""
    of_edition(APPLICATIONS, "2021")(grid)
    page = grid[APPLICATIONS]
    page.update({place: text[2:] for place, text in page.items() if isinstance(text, str) and text[1] == "."})


def two_copies(grid: Grid) -> None:
    """Neither has the name of the form."""
    w.rename_sheet(APPLICATIONS, "2023年")(grid)
    grid["2022年"] = other_numbers(grid["2023年"])


def apart(grid: Grid) -> None:
    """Each table of 表二 on a sheet of its own."""
    page, starts = (
        grid[TABLES],
        sorted(row for (row, column), value in grid[TABLES].items() if str(value).startswith("第")),
    )
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], 99], strict=True), 1):
        grid[f"表{number}"] = {place: value for place, value in page.items() if start <= place[0] < end}
    del grid[TABLES]


SHEETS = {
    "sheets in another order": Oddity(lambda grid: w.in_turn(*[w.move(name, 0, 0) for name in grid])(grid) or grid.update(
        {name: grid.pop(name) for name in reversed(list(grid))})),
    "empty sheets": Oddity(lambda grid: grid.update({"Sheet2": {}, "Sheet3": {}})),
    "a sheet of notes": Oddity(lambda grid: grid.update({"说明": {(1, 1): "政府信息公开工作年度报告", (2, 1): "总计", (2, 2): 9}})),
    "sheet renamed": Oddity(
        w.rename_sheet(APPLICATIONS, "表三 申请情况"), {APPLICATIONS: "：从工作表“表三 申请情况”读取。"}
    ),
    "sheet renamed by a space": Oddity(
        w.rename_sheet(DISPUTES, "复议诉讼 "), {DISPUTES: "：从工作表“复议诉讼 ”读取。"}
    ),
    "every sheet renamed": Oddity(
        w.in_turn(w.rename_sheet(TABLES, "Sheet1"), w.rename_sheet(APPLICATIONS, "Sheet2"), w.rename_sheet(DISPUTES, "Sheet3")),
        {TABLES: "：从工作表“Sheet1”读取。", APPLICATIONS: "：从工作表“Sheet2”读取。", DISPUTES: "：从工作表“Sheet3”读取。"},
    ),
    "names exchanged": Oddity(
        exchanged(TABLES, DISPUTES), {TABLES: "从工作表“复议诉讼”读取", DISPUTES: "从工作表“主动公开”读取"}
    ),
    "names of 表三 and 表四 exchanged": Oddity(
        exchanged(APPLICATIONS, DISPUTES), {APPLICATIONS: "从工作表“复议诉讼”读取", DISPUTES: "从工作表“依申请公开”读取"}
    ),
    "renamed and moved": Oddity(
        w.in_turn(w.move(APPLICATIONS, 2, 1), w.rename_sheet(APPLICATIONS, "表三")),
        {APPLICATIONS: "：从工作表“表三”读取；“依申请公开”一表的数字从 E8:"},
    ),
    "all on one sheet": Oddity(on_one_sheet("年报统计表"), from_sheet("年报统计表")),
    "all on a sheet of the form": Oddity(on_one_sheet(TABLES), from_sheet(TABLES)),
    "all on the last sheet of the form": Oddity(
        on_one_sheet(DISPUTES), from_sheet(DISPUTES) | {DISPUTES: "：“复议诉讼”一表的数字从 A"}
    ),
    "each table of 表二 on its own sheet": Oddity(apart, {TABLES: "：从工作表“表1”读取；从工作表“表2”读取；"}),
    "表三 right of 表二": Oddity(beside(APPLICATIONS, TABLES), {APPLICATIONS: "：从工作表“主动公开”读取；“依申请公开”一表"}),
    "表三 close to 表二": Oddity(beside(APPLICATIONS, TABLES, 0), {APPLICATIONS: "：从工作表“主动公开”读取；“依申请公开”一表"}),
    "表四 right of 表三": Oddity(
        beside(DISPUTES, APPLICATIONS), {DISPUTES: "：从工作表“依申请公开”读取；“复议诉讼”一表的数字从 L6:Z6 读取。"}
    ),
    "表二 right of 表四": Oddity(beside(TABLES, DISPUTES), {TABLES: "：从工作表“复议诉讼”读取；“第二十条第（一）项”一表"}),
    "a copy": Oddity(
        copied(APPLICATIONS, "依申请公开 (2)"), {APPLICATIONS: "：工作表“依申请公开 (2)”里还有同一张表，数字不同，没有读取。"}
    ),
    "the same copy": Oddity(copied(APPLICATIONS, "依申请公开 (2)", changed=False)),
    "an empty copy": Oddity(w.in_turn(copied(APPLICATIONS, "空表"), emptied("空表"))),
    "last year beside": Oddity(
        w.in_turn(*[copied(name, f"{name}（上年）") for name in ALL]),
        {name: f"：工作表“{name}（上年）”里还有同一张表，数字不同，没有读取。" for name in ALL},
    ),
    "last year renamed, this year too": Oddity(
        two_copies, refused={APPLICATIONS: "：有不止一张工作表像是它，请只留一张：2023年、2022年。"}, lost=REQUESTS
    ),
    "renamed, with an empty copy": Oddity(
        w.in_turn(copied(APPLICATIONS, "填报"), copied(APPLICATIONS, "空表"), emptied("空表"),
                  lambda grid: grid.update({"填报": grid.pop(APPLICATIONS)})),
        {APPLICATIONS: "：从工作表“填报”读取。"},
    ),
    "filled in the copy": Oddity(
        w.in_turn(copied(APPLICATIONS, "依申请公开 (2)"), emptied(APPLICATIONS)),
        refused={APPLICATIONS: "：没有填数字，而工作表“依申请公开 (2)”里也有这张表，填了数字，请只留一张。"}, lost=REQUESTS,
    ),
    "表四 filled in the copy": Oddity(
        w.in_turn(copied(DISPUTES, "复议诉讼 (2)"), emptied(DISPUTES)),
        refused={DISPUTES: "：没有填数字，而工作表“复议诉讼 (2)”里也有这张表，填了数字，请只留一张。"}, lost=LAWSUITS,
    ),
    "broken, with a copy elsewhere": Oddity(
        w.in_turn(copied(APPLICATIONS, "去年"), broken(APPLICATIONS)),
        refused={APPLICATIONS: "：没有找到行标题“3.危及“三安全一稳定””。"}, lost=REQUESTS,
    ),
    "broken and renamed": Oddity(
        w.in_turn(broken(APPLICATIONS), w.rename_sheet(APPLICATIONS, "表三")),
        refused={APPLICATIONS: "：工作表“表三”像是它，但没有找到行标题“3.危及“三安全一稳定””。"}, lost=REQUESTS,
    ),
    "sheet missing": Oddity(
        lambda grid: grid.pop(DISPUTES), refused={DISPUTES: "：没有“复议诉讼”工作表。"}, lost=LAWSUITS
    ),
    "sheet emptied": Oddity(
        lambda grid: grid[DISPUTES].clear(), refused={DISPUTES: "：没有找到标题“行政复议”。"}, lost=LAWSUITS
    ),
    "only 表三": Oddity(
        lambda grid: [grid.pop(TABLES), grid.pop(DISPUTES)],
        refused={TABLES: "：没有“主动公开”工作表。", DISPUTES: "：没有“复议诉讼”工作表。"},
        lost=(*FRONT["2019"], *LAWSUITS),
    ),
    "表三 of 2021 in a form of 2019": Oddity(
        of_edition(APPLICATIONS, "2021"),
        refused={APPLICATIONS: "：“（六）其他处理”又分出了“1.申请人无正当理由逾…”。"}, lost=REQUESTS, editions=OLD, bare=False,
    ),
    "the same without numbering": Oddity(
        of_2021_without_numbers, refused={APPLICATIONS: "：“（六）其他处理”又分出了“申请人无正当理由逾期不…”。"},
        lost=REQUESTS, editions=OLD, bare=False,
    ),
    "表三 of 2019 in a form of 2021": Oddity(
        of_edition(APPLICATIONS, "2019"),
        refused={APPLICATIONS: "：没有找到行标题“1.申请人无正当理由逾…”。"}, lost=REQUESTS, editions=NEW, bare=False,
    ),
    "表二 of 2019 in a form of 2021": Oddity(
        of_edition(TABLES, "2019"),
        refused={TABLES: "：没有找到列标题“本年制发件数”；没有找到列标题“本年处理决定数量”；没有找到列标题“本年收费金额（单位：万…”。"},
        lost=FRONT["2021"], editions=NEW,
    ),
    "表二 of 2021 in a form of 2019": Oddity(
        of_edition(TABLES, "2021"),
        refused={TABLES: "：没有找到列标题“本年新制作数量”；没有找到行标题“其他对外管理服务事项”；没有找到列标题“上一年项目数量”；"},
        lost=FRONT["2019"], editions=OLD, bare=False,
    ),
    "表四 of the other edition": Oddity(of_edition(DISPUTES, "2021"), editions=NEW),
    "heading and table on two sheets": Oddity(
        w.in_turn(lambda grid: grid.update({"续": {p: v for p, v in grid[APPLICATIONS].items() if p[0] > 18}}),
                  lambda grid: grid.update({APPLICATIONS: {p: v for p, v in grid[APPLICATIONS].items() if p[0] <= 18}})),
        refused={APPLICATIONS: "：没有找到行标题“"}, lost=REQUESTS,
    ),
    "numbers on a sheet of their own": Oddity(
        w.in_turn(lambda grid: grid.update({"数据": {p: v for p, v in grid[DISPUTES].items() if p[0] == 6}}),
                  clear(DISPUTES, *[(6, column) for column in range(1, 16)]),
                  lambda grid: grid.pop(DISPUTES)),
        refused={DISPUTES: "：没有“复议诉讼”工作表。"}, lost=LAWSUITS, editions=BOTH,
    ),
    "nothing of 表二 but 规章": Oddity(
        lambda grid: grid.update({TABLES: {p: v for p, v in grid[TABLES].items() if p[0] <= 6}}),
        refused={TABLES: "：没有找到行标题“行政许可”；"}, lost=[table for table in FRONT["2019"] if table not in DOCUMENTS],
    ),
}  # fmt: skip
