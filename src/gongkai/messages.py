"""Every sentence a person reads about a report, by rule id.

A sentence names what is there, what was expected and what to do. Placeholders are filled by the validation; a relation
of a future edition that has no sentence here gets the general one, which is built from its title and its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SEVERITIES: Mapping[str, str] = {"error": "错误", "warning": "需说明", "info": "提示"}
STATUSES: Mapping[str, str] = {
    "passed": "通过", "explained": "通过（已说明）", "warnings": "有待说明", "failed": "有错误", "unreadable": "无法读取",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that does not come from the schema's identities: what it asks and how grave a breach is."""

    title: str
    severity: str


FORM_RULES: Mapping[str, Rule] = {
    "F-EDITION": Rule("报告年度与统计表版本相符：2019、2020 年度用 2019 年版，2021 年度起用 2021 年版", "error"),
    "F-COVER": Rule("封面的单位名称、报告年度必须填写，下拉选项只能从列表中选择", "error"),
    "F-BLANK": Rule("每个统计格都要填写；空白、“/”、“-”、“—”、“无”都不等于 0", "error"),
    "F-TYPE": Rule("统计格只能填数字，不能带单位、符号或文字", "error"),
    "F-COUNT": Rule("件数是不小于 0 的整数", "error"),
    "F-DELTA": Rule("本年增/减是整数，减少时填负数", "error"),
    "F-MONEY": Rule("金额以万元为单位，不小于 0，小数位数不超过规定", "error"),
    "F-UNCALCULATED": Rule("公式必须带有计算结果", "error"),
    "F-LAYOUT": Rule("表格的标题、行、列与官方格式一致", "error"),
}

OFFICE_RULES: Mapping[str, Rule] = {
    "R-SUM": Rule("汇总表的每个数等于明细中各单位之和", "error"),
    "S-MISSING": Rule("名册上应独立填报的单位都已报送", "error"),
    "S-UNKNOWN": Rule("报送的单位在名册上，且名册没有写明不报", "error"),
    "S-YEAR": Rule("报表的年度是汇总的年度", "error"),
    "S-EDITION": Rule("报表用的是汇总年度适用的统计表版本", "error"),
    "S-DUPLICATE": Rule("同一单位只计一份，其余列出", "error"),
    "S-OVERLAP": Rule("同一单位的数字只计一次：不与含有它的汇总或并入的上级单位相加", "error"),
    "S-CHANGED": Rule("填报单位验证通过以后内容没有再改动", "warning"),
}
"""What an office asks when it merges; the bodies that fill in a form have nothing to do with it."""

FORM_SENTENCES: Mapping[str, str] = {
    "F-EDITION": "报告年度 {value} 应使用 {expected} 年版统计表，本表是 {edition} 年版。请换用 {expected} 年版模板重新填报，或改正封面的报告年度。",
    "F-EDITION.none": "报告年度填的是 {value}，没有适用于这一年度的统计表。请改正封面的报告年度。",
    "F-COVER": "封面的“{name}”没有填写。请补填。",
    "F-COVER.year": "封面的报告年度应是四位数字的年份，现填“{value}”。{proposal}",
    "F-COVER.choice": "封面的“{name}”填的是“{value}”，不在可选范围内。请从下拉列表中选择：{choices}。",
    "F-BLANK": "{range} 没有填写（“{name}”）。没有发生的请填 0；全部没有发生的，可在封面把“零报告”选为“是”。",
    "F-BLANK.total": "“{name}”没有填写。各分项已经填好，请恢复该格的合计公式或填写合计数 {expected}。",
    "F-BLANK.total.many": "{range} 共 {count} 格合计没有填写（从“{name}”起）。各分项已经填好，请恢复这些格的合计公式，或填写合计数。",
    "F-BLANK.mark.many": "{range} 共 {count} 格填的是“{value}”（从“{name}”起），不能代替数字。没有发生的请填 0。",
    "F-BLANK.many": "{range} 共 {count} 格没有填写（从“{name}”起）。没有发生的请填 0；全部没有发生的，可在封面把“零报告”选为“是”。",
    "F-BLANK.mark": "“{name}”填的是“{value}”，不能代替数字。没有发生的请填 0。",
    "F-TYPE": "“{name}”填的是“{value}”，不是数字。{proposal}",
    "F-TYPE.many": "{range} 共 {count} 格的数字是文本格式（从“{name}”的“{value}”起），不能计算。请选中这些单元格，用“转换为数字”改正。",
    "F-TYPE.error.many": "{range} 共 {count} 格显示错误值 {value}（从“{name}”起）。请删去出错的公式，直接填写数字。",
    "F-TYPE.date": "“{name}”是一个日期（{value}）。请把单元格格式改为“常规”，重新填写数字。",
    "F-TYPE.boolean": "“{name}”填的是逻辑值 {value}。请填写数字。",
    "F-TYPE.error": "“{name}”显示错误值 {value}。请删去出错的公式，直接填写数字。",
    "F-TYPE.prior": "上年数据“{name}”填的是“{value}”，不是可以填在这里的数字，无法与本年核对。{proposal}",
    "F-COUNT": "“{name}”填的是 {value}，件数只能是不小于 0 的整数。请按实际件数改正。",
    "F-DELTA": "“{name}”填的是 {value}，增/减只能是整数，减少时填负数。请改正。",
    "F-MONEY": "“{name}”填的是 {value}，金额以万元为单位，不能是负数，最多 {decimals} 位小数。请改正。",
    "F-UNCALCULATED": "“{name}”的公式没有计算结果。请用 Excel、WPS 或 LibreOffice 打开本文件，保存一次后再报送。",
    "R-SUM": "汇总表的“{name}”是 {value}，而明细中各单位之和是 {expected}。汇总后可能有人改动过，请重新汇总，不要手工修改。",
    "S-CHANGED": "填报单位验证通过以后，本文件的内容又改动过。请与填报单位核对这是不是定稿。",
    "S-MISSING": "名册上的“{name}”没有报送。请催报。",
    "F-COVER.by-name": "封面没有填单位代码，或代码不在名册上，按名称“{name}”对应到名册上代码为 {code} 的单位。请与填报单位核对，并请其在封面补填代码。",
    "F-UNCALCULATED.many": "{range} 共 {count} 格的公式没有计算结果（从“{name}”起）。请用 Excel、WPS 或 LibreOffice 打开本文件，保存一次后再报送。",
    "too-large": "“{name}”填的是 {value}，超出合理范围。请核对位数和单位。",
    "F-LAYOUT.mapped": "“{sheet}”的版式与官方模板不同，已按标题对应读取：{details}。请核对读取的数字是否正确，最好改用官方模板填报。",
    "F-LAYOUT.lost": "“{sheet}”的版式与官方模板不同，无法确定数字的位置：{details}。请改用官方模板填报，不要增删或改写行列标题。",
}  # fmt: skip

RELATION_SENTENCES: Mapping[str, str] = {
    "T2-VALID-GE": "“{row}”的现行有效件数（{value}）少于本年制发减本年废止（{equation}）。请核对；如有当年制发当年失效的文件，请在情况说明中写明。",
    "T2-PUBTOTAL-GE": "“{row}”的对外公开总数量（{value}）少于本年新公开数量（{equation}）。总数量包括本年新公开的，请改正。",
    "T2-ITEMS-NONNEG": "“{row}”的上一年项目数量加本年增/减小于 0（{equation}）。请核对增减数及其正负号。",
    "T2-NEWPUB-LE-MADE": "“{row}”的本年新公开数量（{value}）多于本年新制作数量（{equation}）。请核对；如有往年制作本年公开的，请在情况说明中写明。",
    "T2-DECISIONS-MISREAD": "“{row}”的处理决定数量恰好等于上一年项目数量加增/减（{equation}）。这一列应填全年作出的决定件数，不是事项数；确属巧合的，请在情况说明中写明。",
    "T2-REG-AUTH": "“{row}”填了 {value}。地方政府部门、县级和乡级机关没有规章制定权，这一行应为 0；行政规范性文件请填在下一行。",
    "T3-ROW": "“{row}”的总计应为 {expected}（{addends} 之和），现为 {value}。请核对这一行，改正填错的一格。",
    "T3-SUM": "“{column}”一列的（七）总计应为 {expected}（{addends} 之和），现为 {value}。请核对这一列的各项办理结果。",
    "T3-BAL": "“{column}”一列不平衡：第一项加第二项应等于第三项加第四项（{equation}）。若其余各项无误，“{row}”应为 {expected}，现为 {value}。",
    "T3-OTHER-HIGH": "（六）其他处理超过（七）总计的四分之一（{equation}）。请核对是否应归入其他办理结果；确实如此的，请在情况说明中写明原因。",
    "T3-FEE-LINK": "“{row}”有 {value} 件，而封面没有确认年度报告第六部分已写明收费情况。请在第六部分写明收取信息处理费的情况，并在封面选“是”。",
    "T4-SUM": "“{row}”的总计应为 {expected}（{addends} 之和），现为 {value}。请核对这四项结果。",
    "X-CARRY": "“{column}”一列的上年结转（{value}）与上年度报告的结转下年度继续办理（{expected}）不一致。请改为 {expected}；机构合并、拆分的，请在封面“机构变动”中选择，并在情况说明中写明。",
    "X-IN-FORCE": "“{row}”的现行有效件数（{value}）不等于上年件数加本年制发减本年废止（应为 {expected}）。请核对，或在情况说明中写明差异原因。",
    "X-PUBTOTAL": "“{row}”的对外公开总数量（{value}）不等于上年总数量加本年新公开（应为 {expected}）。请核对，或在情况说明中写明差异原因。",
    "X-ITEMS": "“{row}”的上一年项目数量（{value}）与上年度报告推算的（{expected}）不一致。请核对，或在情况说明中写明差异原因。",
    "X-JUMP": "“{name}”为 {value}，上年为 {prior}，变化超过 5 倍。请核对；数字无误的，请在情况说明中写明变化原因。",
    "X-FEE-UNIT": "“{row}”为 {value}，上年为 {prior}，相差约一万倍。单位是万元，请核对是否误填成了元；数字无误的，请在情况说明中写明。",
}  # fmt: skip

RELATION_GENERAL = "“{name}”不符合“{title}”（{equation}），现为 {value}。请核对相关的单元格，改正填错的一格。"
RELATION_WARNING = "“{name}”不符合“{title}”（{equation}），现为 {value}。请核对；数字无误的，请在情况说明中写明原因。"

KEPT_EXPLANATION = "以前写的情况说明。对应的问题要等错误改正后才能核对，到时会自动对上；不再需要的会自动消失。"
LEFT_OUT: Mapping[str, str] = {
    "S-UNKNOWN": "{why}（S-UNKNOWN）",
    "joined": "名册上“{name}”并入“{parent}”报送，单独计入会重复（S-OVERLAP）",
    "exempt": "名册写明“{name}”不报，没有计入（S-UNKNOWN）",
}
"""Why the office leaves a good report out of its summary."""

REASONS: Mapping[str, str] = {
    "unreadable": "无法读取",
    "failed": "有错误",
    "S-YEAR": "年度不符",
    "S-EDITION": "版本不符",
    "S-UNKNOWN": "不在报送范围",
    "S-DUPLICATE": "重复报送",
    "S-OVERLAP": "已含在别的文件里",
}
"""Why a file does not count, in short."""
CHANGED = "填报单位验证通过以后又改动过"
"""What S-CHANGED is, in short."""

PROPOSAL = "请改为 {expected}。"
NO_YEAR = "请改正。"
NO_PROPOSAL = "请改为数字，没有发生的填 0。"
HOLLOW_NOTE = "已填的情况说明“{text}”没有写明原因，请具体说明（不少于 {least} 个字）。"

LEAST_EXPLANATION = 6
_FILLER = (
    "经", "已", "均", "都", "本单位", "我单位", "我局", "核实", "核对", "核查", "确认", "检查", "情况", "数据", "数字", "数量",
    "属实", "真实", "准确", "无误", "正确", "正常", "如实", "填报", "填写", "没有", "问题", "错误", "无",
)  # fmt: skip


def is_hollow(explanation: str) -> bool:
    """Tell whether an explanation explains nothing: under 6 characters, or made of 核实无误, 情况属实 and their like."""
    text = "".join(char for char in explanation if char.isalnum())
    if len(text) < LEAST_EXPLANATION:
        return True
    if len(set(text)) < LEAST_EXPLANATION // 2:
        return True
    for filler in sorted(_FILLER, key=len, reverse=True):
        text = text.replace(filler, "")
    return len(text) < LEAST_EXPLANATION // 2


UNREADABLE: Mapping[str, str] = {
    "missing": "找不到这个文件或文件夹。请检查路径是否写对。",
    "empty": "文件是空的（0 字节），可能没有传完。请重新取得文件。",
    "not-zip": "不是 Excel 工作簿。请用 Excel、WPS 或 LibreOffice 另存为 .xlsx 格式后再报送。",
    "truncated": "文件不完整或已损坏，可能没有传完。请让报送单位重新发送。",
    "encrypted": "文件设了打开密码。请去掉密码（文件 → 信息 → 保护工作簿 → 用密码进行加密，清空密码）后再报送。",
    "word": "是 Word 文档，不是工作簿。请把数字填入官方 Excel 模板后再报送。",
    "presentation": "是演示文稿，不是工作簿。请把数字填入官方 Excel 模板后再报送。",
    "opendocument": "是 OpenDocument 格式。请在 LibreOffice 中另存为“Excel 2007-365 (.xlsx)”后再报送。",
    "xlsb": "是 .xlsb 格式。请在 Excel 中另存为 .xlsx 格式后再报送。",
    "ole": "是旧格式文件，但其中没有工作簿。请另存为 .xlsx 格式后再报送。",
    "not-workbook": "是压缩包，其中没有工作簿。请解压后报送里面的 Excel 文件。",
    "text": "是文本或 CSV 文件，不是工作簿。请把数字填入官方 Excel 模板后再报送。",
    "document": "不是工作簿。请把数字填入官方 Excel 模板后再报送。",
    "damaged": "工作簿的内容已损坏，无法可靠读取。请用 Excel 或 WPS 打开修复，另存后再报送。",
    "too-large": "工作簿大得不合常理。请删去多余的工作表和整列整行的格式，或改用官方模板重新填报。",
    "unreadable": "文件打不开，可能正被其他程序占用或没有读取权限。请关闭占用它的程序后再试。",
    "special": "不是普通文件，而是管道、设备之类，没有读取。请把它移走，换成真正的工作簿文件。",
    "foreign": "没有找到统计表：既不是官方模板，也没有认出“{sheets}”等表格。请改用官方模板填报。",
    "edition": "是“{edition}”版统计表，本程序不认识这个版本。请用 gongkai template 取得现行模板重新填报。",
    "crash": "读取时程序两次中断，没有计入。请用 Excel 或 WPS 打开本文件，另存后再试；仍然不行的，请退回重新填报。",
    "json": "{detail}",
}  # fmt: skip

ALTERATIONS: Mapping[str, str] = {
    "formula": "{place} 的公式应为{expected}，现为{found}。",
    "formula.many": "“{sheet}”有 {count} 格的公式被改动：{cells}。例如 {cell} 应为{expected}，现为{found}。",
    "label": "{place} 应为{expected}，现为{found}。",
    "label.many": "“{sheet}”有 {count} 格的文字被改动：{cells}。例如 {cell} 应为{expected}，现为{found}。",
    "content": "{place} 应为空白，现为{found}。",
    "content.many": "“{sheet}”有 {count} 格应为空白，却有内容：{cells}。例如 {cell} 是{found}。",
    "outside": "{place} 填的是{found}，会连到文件以外。请改填数字。",
    "outside.many": "“{sheet}”有 {count} 格的公式会连到文件以外：{cells}。例如 {cell} 是{found}。请改填数字。",
    "unlocked": "{place} 的锁定被取消，谁都能改写。",
    "unlocked.many": "“{sheet}”有 {count} 格的锁定被取消，谁都能改写：{cells}。",
    "locked": "{place} 本来供填写，现在被锁定（常见于从别处整格粘贴）。",
    "locked.many": "“{sheet}”有 {count} 格本来供填写，现在被锁定（常见于从别处整格粘贴）：{cells}。",
    "validation": "{place} 的录入限制（数据有效性）被去掉或改动（常见于从别处整格粘贴）。",
    "validation.many": "“{sheet}”有 {count} 格的录入限制（数据有效性）被去掉或改动（常见于从别处整格粘贴）：{cells}。",
    "condition": "{place} 的标色规则（条件格式）被去掉或改动，有错时不会变色。",
    "condition.many": "“{sheet}”有 {count} 格的标色规则（条件格式）被去掉或改动，有错时不会变色：{cells}。",
    "sheet-missing": "工作表“{expected}”没有了。",
    "sheet-added": "多出工作表“{found}”。",
    "sheet-added.hidden": "多出一张隐藏的工作表“{found}”。",
    "sheet-renamed": "工作表“{expected}”被改名为“{found}”。",
    "sheet-hidden": "工作表“{sheet}”被隐藏了。",
    "sheet-shown": "本来隐藏的工作表“{sheet}”被显示出来了。",
    "sheet-order": "工作表的顺序应为 {expected}，现为 {found}。",
    "layout": "“{sheet}”的行或列有增删、移动：“{expected}”应在 {cell}，现在 {found}。这张表没有再逐格核对。",
    "beyond": "“{sheet}”的表格以外很远处还有内容（{cell}）。",
    "merged": "“{sheet}”的合并单元格有变：{found}。",
    "protection": "“{sheet}”的工作表保护被取消，公式和标题谁都能改写。",
    "password": "“{sheet}”的工作表保护加了密码，官方模板没有密码。",
    "name": "名称{expected}被去掉或改动，现为{found}。",
    "name-added": "多出名称 {found}。",
    "meta": "标明模板的“{cell}”应为{expected}，现为{found}。",
    "version": "本文件标明的模板版本是{found}，本程序附的是{expected}，不能逐格核对。请用 gongkai template 取得现行模板重新填报。",
    "external": "文件里有 {count} 处连到外部：{found}。",
    "addition": "文件里有官方模板没有的{found}。",
    "macro-added": "文件里有宏，官方的 .xlsx 模板不含宏。请不要启用宏，并查明文件来历。",
    "macro-missing": "“验证”按钮的宏没有了（通常是另存成了 .xlsx），按钮不能用；数据不受影响。",
    "macro-changed": "宏与官方的不同：{found}。请不要启用宏，并查明文件来历。",
    "macro-unreadable": "宏的内容读不出来，无法核对。请不要启用宏。",
    "control": "有按钮或图形运行的不是官方的宏：{found}。请不要点击，并查明文件来历。",
}  # fmt: skip
"""What may have been done to an official template; ``.many`` where it was done to several cells of a sheet."""

ADDITIONS: Mapping[str, str] = {
    "externalLink": "外部工作簿链接或 DDE", "externalLinkPath": "外部工作簿链接", "hyperlink": "外部超链接",
    "oleObject": "嵌入的对象", "package": "嵌入的文件", "control": "ActiveX 控件", "activeXControlBinary": "ActiveX 控件",
    "extensibility": "自定义功能区", "connections": "数据连接", "queryTable": "数据查询", "xmlMaps": "XML 映射",
    "xlMacrosheet": "Excel 4.0 宏表", "xlIntlMacrosheet": "Excel 4.0 宏表", "dialogsheet": "对话框工作表",
    "chartsheet": "图表工作表", "chart": "图表", "image": "图片", "drawing": "图形", "vmlDrawing": "图形或批注",
    "ctrlProp": "控件", "comments": "批注", "threadedComment": "批注", "table": "表格", "pivotTable": "数据透视表",
    "pivotCacheDefinition": "数据透视表", "vbaProjectSignature": "宏的签名", "webextensiontaskpanes": "网络加载项",
}  # fmt: skip
"""Last segment of a relationship's type → what it brings into a workbook."""

CHECKED: Mapping[str, str] = {
    "identical": "与官方模板“{name}”逐字节相同（SHA-256 {digest}）。",
    "official": "是 {edition} 年版官方模板，除可填写的格子外没有改动（字体、颜色、行高列宽等外观不比较）。",
    "altered": "与 {edition} 年版官方模板有 {count} 处不同：",
    "compiled": "宏的源代码与官方的相同；文件里另有 Excel 编译过的代码，无法核对。来历不明的，请换用官方 .xlsm。",
    "advice": "要用没有改动的模板，请运行 gongkai template 重新生成。",
    "old": "是旧格式（.xls 或 .et），存成这种格式时模板的锁定和录入限制已经改变，不能核对。请用官方模板填报。",
    "foreign": "不是本套模板：没有找到它的工作表和标题。请用 gongkai template 取得官方模板。",
    "summary": "是汇总表，不是填报模板。要核对汇总表，请运行 gongkai validate 或 gongkai merge。",
    "kit": "本程序自带的 {name} 与校验码（SHA256SUMS）不符，不能用来核对。请重新安装 gongkai。",
}  # fmt: skip
"""What ``gongkai template --check`` says."""
