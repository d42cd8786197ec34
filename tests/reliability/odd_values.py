"""What stands in one number cell instead of a number, and the one right answer to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from xml.sax.saxutils import escape

import workbooks as w
from gongkai.edition import by_name

STYLES = "xl/styles.xml"
COUNT, MONEY, DELTA = "count", "ten_thousand_yuan", "signed_count"
KEYS = {
    ("2019", COUNT): "licensing.administrative_licensing.decisions",
    ("2021", COUNT): "licensing.administrative_licensing.decisions",
    ("2019", MONEY): "procurement.centralized_procurement.amount",
    ("2021", MONEY): "fees.administrative_fees.amount",
    ("2019", DELTA): "licensing.administrative_licensing.change",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a cell stores, and what is said of it: the rule and what it proposes, or nothing where it is a number."""

    stored: str
    """The cell's type and content, as XML: `` t="n"><v>5</v>``."""
    rule: str | None
    expected: int | float | None = None
    reads: object = None
    """What is read, where it is a number."""
    measure: str = COUNT
    shows: str | None = None
    """The number format of the cell."""
    editions: tuple[str, ...] = w.EDITIONS


def text(shown: str, rule: str, expected: float | None = None, measure: str = COUNT, shows: str | None = None) -> Entry:
    """Return a text in a number cell."""
    stored = f' t="inlineStr"><is><t xml:space="preserve">{escape(shown)}</t></is>'
    editions = ("2019",) if measure == DELTA else w.EDITIONS
    return Entry(stored, rule, expected, None, measure, shows, editions)


def number(stored: str, reads: float, shows: str | None = None, measure: str = COUNT) -> Entry:
    """Return a number that is read as it is, however it is shown."""
    editions = ("2019",) if measure == DELTA else w.EDITIONS
    return Entry(f"><v>{stored}</v>", None, None, reads, measure, shows, editions)


def wrong(stored: str, rule: str, shows: str | None = None, measure: str = COUNT) -> Entry:
    """Return a stored value that is no number this cell can hold."""
    return Entry(stored, rule, None, None, measure, shows, ("2019",) if measure == DELTA else w.EDITIONS)


@cache
def _package(edition: str, sheet: str) -> tuple[dict[str, bytes], str]:
    """Return the parts of a filled workbook, and which is the sheet."""
    data = w.filled(w.clean(edition, 2))
    return w.parts(data), w.part_of(data, sheet)


def workbook(edition: str, entry: Entry) -> bytes:
    """Return a workbook with an entry in the cell of its measure, every other cell in order."""
    item = by_name(edition).items[by_name(edition).index[KEYS[edition, entry.measure]]]
    content, part = _package(edition, item.sheet)
    content, style = dict(content), r"\1"
    if entry.shows is not None:
        styles = content[STYLES].decode()
        style = f' s="{styles[styles.index("<cellXfs") :].count("<xf ")}"'
        code = escape(entry.shows, {'"': "&quot;"})
        formats = f'<numFmts count="1"><numFmt numFmtId="200" formatCode="{code}"/></numFmts><fonts'
        added = '<xf numFmtId="200" fontId="0" fillId="0" borderId="0" quotePrefix="1"/></cellXfs>'
        content[STYLES] = styles.replace("<fonts", formats, 1).replace("</cellXfs>", added).encode()
    new = rf'<c r="{item.cell}"{style}' + entry.stored.replace("\\", r"\\") + "</c>"
    old = rf'<c r="{item.cell}"( s="\d+")(?:/>|>.*?</c>)'
    content[part], times = re.subn(old.encode(), new.encode(), content[part], flags=re.DOTALL)
    assert times == 1
    return w.packed(content)


BLANKS = {
    shown: text(shown, "F-BLANK")
    for shown in (
        "/",
        "-",
        "—",
        "——",
        "－",
        "–",
        "―",
        "─",
        "无",
        " 无 ",
        " ",
        "　",
        "\n",
        "\N{NO-BREAK SPACE}",
        "\N{ZERO WIDTH SPACE}",
        "／",
    )
}
DRESSED = {
    "3件": 3, "3 件": 3, "０件": 0, "１２": 12, "1,200": 1200, "1，200": 1200, "+1 项": 1, "+173": 173, "增72": 72, "增加72": 72,
    "22（其中修订16件）": 22, "22(其中修订16件)": 22, "5": 5, " 5": 5, "　5　": 5, "5\n": 5, "5.0": 5, "\N{NO-BREAK SPACE}5": 5,
    "5\N{ZERO WIDTH SPACE}": 5, "\N{RIGHT-TO-LEFT MARK}5": 5, "05": 5, "0": 0, "12 个": 12, "12宗": 12, "12起": 12, "12人": 12,
}  # fmt: skip
DOUBTFUL = (
    "3.0.1", "约5", "5左右", "5-6", "5、6", "5/6", "5+6", "=5+6", "三", "十二", "零", "〇", "O", "l", "1O", "1 200", "1,20", "1e3",
    "1.2万", "2560万元", "251000元", "12%", "-3", "减3", "2.5", "同上", "见附件", "不适用", "N/A", "NULL", "#DIV/0!", "TRUE", "2024-01-31",
    "2023年", "1月", "(5)", "5'", "①", "Ⅴ", "5?", "5件（含网上）3", "√", "五件", "0x5", "½", "1_000",
)  # fmt: skip
OWN_WORDS = {"①": 1}
"""In NFKC a number in a circle is that number."""

COUNTS = {
    **{f"blank: {shown!a}": entry for shown, entry in BLANKS.items()},
    **{f"dressed: {shown!a}": text(shown, "F-TYPE", reads) for shown, reads in DRESSED.items()},
    **{f"doubtful: {shown!a}": text(shown, "F-TYPE", OWN_WORDS.get(shown)) for shown in DOUBTFUL},
    "text with an apostrophe before it": text("5", "F-TYPE", 5, shows="General"),
    "text in a cell of text": text("12", "F-TYPE", 12, shows="@"),
    "empty text": Entry(' t="str"><f>""</f><v></v>', "F-BLANK"),
    "nothing": Entry(">", "F-BLANK"),
    "a formula nobody calculated": Entry("><f>1+2</f>", "F-UNCALCULATED"),
    "a formula that shows a text": Entry(' t="str"><f>"3件"</f><v>3件</v>', "F-TYPE", 3),
    "true": wrong(' t="b"><v>1</v>', "F-TYPE"),
    "false": wrong(' t="b"><v>0</v>', "F-TYPE"),
    **{f"error {code}": wrong(f' t="e"><v>{code}</v>', "F-TYPE") for code in
       ("#DIV/0!", "#N/A", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#GETTING_DATA")},
    "a date": wrong("><v>45322</v>", "F-TYPE", "yyyy-mm-dd"),
    "a date in Chinese": wrong("><v>45322</v>", "F-TYPE", 'yyyy"年"m"月"d"日"'),
    "a month, typed as 1-5": wrong("><v>45296</v>", "F-TYPE", 'm"月"d"日"'),
    "a time": wrong("><v>0.5</v>", "F-TYPE", "h:mm"),
    "hours": wrong("><v>12</v>", "F-TYPE", "[h]:mm:ss"),
    "a date cell of ISO": wrong(' t="d"><v>2024-01-31</v>', "F-TYPE"),
    "negative": wrong("><v>-3</v>", "F-COUNT"),
    "a half": wrong("><v>2.5</v>", "F-COUNT"),
    "a half shown as 3": wrong("><v>2.5</v>", "F-COUNT", "0"),
    "a percentage": wrong("><v>0.12</v>", "F-COUNT", "0%"),
    "17 digits": wrong("><v>12345678901234567</v>", "F-COUNT"),
    "a number in a cell of text": number("12", 12, "@"),
    "more than a hundred percent": number("12", 12, "0%"),
    "currency": number("12", 12, '"¥"#,##0.00'),
    "Chinese currency": number("12", 12, "[$¥-804]#,##0"),
    "accounting": number("12", 12, '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ '),
    "zero shown as a dash": number("0", 0, '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ '),
    "thousands": number("1200", 1200, "#,##0"),
    "unit in the format": number("12", 12, '0"件"'),
    "Chinese digits": number("12", 12, "[DBNum1][$-804]General"),
    "Chinese capital digits": number("12", 12, "[DBNum2][$-804]General"),
    "the general format in Chinese": number("12", 12, "G/通用格式"),
    "red": number("12", 12, "0;[Red]-0"),
    "in thousands": number("1200", 1200, '0.0,"千"'),
    "a fraction": number("12", 12, "# ?/?"),
    "leading zeros": number("12", 12, "00000"),
    "scientific": number("1.2E3", 1200, "0.00E+00"),
    "small letters": number("1e3", 1000),
    "negative zero": number("-0", 0),
    "a whole number with a point": number("12.0", 12),
    "a whole number, nearly": number("11.999999999999998", 12),
    "spaces around": number(" 12 ", 12),
    "zero": number("0", 0),
}  # fmt: skip

MONEYS = {
    **{f"money: {shown!a}": text(shown, "F-TYPE", reads, MONEY) for shown, reads in {
        "2560万元": 2560, "2560 万元": 2560, "251000元": 25.1, "2560": 2560, "49.9624万元": 49.9624, "1,200.5": 1200.5, "０．５": 0.5,
        "25.1（已上缴）": 25.1, "0元": 0,
    }.items()},
    **{f"money: {shown!a}": text(shown, "F-TYPE", None, MONEY) for shown in
       ("约25万", "25.1万", "25万1千", "-5", "¥25", "0.1234567", "1.1.1", "25.", ".5", "25件", "贰拾伍万元", "25-30万元", "0.001元")},
    "money: dash": text("—", "F-BLANK", None, MONEY),
    "money: seven decimals": wrong("><v>0.1234567</v>", "F-MONEY", measure=MONEY),
    "money: negative": wrong("><v>-0.5</v>", "F-MONEY", measure=MONEY),
    "money: six decimals": number("0.123456", 0.123456, measure=MONEY),
    "money: binary noise": number("0.30000000000000004", 0.3, measure=MONEY),
    "money: two decimals shown": number("25.125", 25.125, "0.00", MONEY),
}  # fmt: skip

DELTAS = {
    **{f"change: {shown!a}": text(shown, "F-TYPE", reads, DELTA) for shown, reads in {
        "+1 项": 1, "增72": 72, "增加2项": 2, "减3": -3, "减少3项": -3, "-3": -3, "−3": -3, "－3": -3, "–3": -3, "+0": 0, "0项": 0,
    }.items()},
    **{f"change: {shown!a}": text(shown, "F-TYPE", None, DELTA) for shown in ("持平", "不变", "±3", "增3减2", "增", "减", "-2.5", "(3)", "+-3", "负3")},
    "change: dash": text("-", "F-BLANK", None, DELTA),
    "change: a half": wrong("><v>-2.5</v>", "F-DELTA", measure=DELTA),
    "change: negative": number("-3", -3, measure=DELTA),
    "change: negative in brackets": number("-3", -3, "0_);(0)", DELTA),
    "change: with a plus": number("3", 3, "+0;-0;0", DELTA),
}  # fmt: skip

VALUES = {**COUNTS, **MONEYS, **DELTAS}
