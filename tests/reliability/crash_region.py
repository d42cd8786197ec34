"""What the commands that are killed work on, and what they are called with."""

from __future__ import annotations

import csv

import workbooks as w
from gongkai.report import Unit, dumps

HOME = "{home}"
INPUTS, OUTPUTS = "报送", "出"
_ROSTER = f"{HOME}/{INPUTS}/名册.csv"
_OUT = f"{HOME}/{OUTPUTS}"
_MERGE = (
    "merge", f"{HOME}/{INPUTS}", "--roster", _ROSTER, "-o", f"{_OUT}/汇总.xlsx", "--details", f"{_OUT}/明细.csv",
    "--html", f"{_OUT}/概览.html", "-d", f"{_OUT}/退回",
)  # fmt: skip
TOGETHER = {"汇总.xlsx", "汇总.json", "明细.csv", "概览.html"}
"""What a merge replaces at once."""
COMMANDS = {
    "merge": (_MERGE, _MERGE),
    "merge by two": ((*_MERGE, "--jobs", "2"),) * 2,
    "validate": (("validate", f"{HOME}/{INPUTS}", "-d", f"{_OUT}/退回"),) * 2,
    "template": (("template", "--edition", "2021", "-o", f"{_OUT}/表.xlsx"), ("template", "--edition", "2019", "-o", f"{_OUT}/表.xlsx")),
    "handout": tuple(("template", "--roster", _ROSTER, "--year", year, "-d", _OUT) for year in ("2023", "2022")),
    "fill": (("fill", f"{HOME}/{INPUTS}/报告.json", "-o", f"{_OUT}/表.xlsx"),) * 2,
    "extract": (("extract", f"{HOME}/{INPUTS}/1.xlsx", "-o", f"{_OUT}/报告.json"),) * 2,
    "roster": (("roster", "template", "-o", f"{_OUT}/名册.xlsx"),) * 2,
}  # fmt: skip
"""Name → (what is killed, what wrote the old outputs)."""
FILES = {"merge by two": 80}
"""So many are handed in, or four; two processes share what is more than 64."""
_BROKEN = {"disputes.reconsideration.upheld": None}


def write(home, variant, files=4):
    """Write what was handed in, new (0) or old (1): in the old, one more has an error and all numbers are others."""
    folder = home / INPUTS
    for number in range(1, 5):
        report = w.clean("2021", number + 100 * variant, Unit(name=f"第{number}局", code=f"C{number}"))
        wrong = number == 4 or (number == 3 and variant)
        w.put(folder / f"{number}.xlsx", w.changed(report, _BROKEN) if wrong else report)
    for number in range(5, files + 1):
        w.put(folder / f"{number}.xlsx", (folder / "1.xlsx").read_bytes())
    (folder / "报告.json").write_text(dumps(w.clean("2021", 9 + variant, Unit(name="第9局"))), "utf-8")
    with (folder / "名册.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("单位名称", "单位代码"), *((f"第{number}局", f"C{number}") for number in (1, 2, 6))]
        )
