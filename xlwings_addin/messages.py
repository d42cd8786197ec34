"""Every sentence the button says, apart from the findings themselves."""

from __future__ import annotations

TITLE = "政务公开年报验证"

SEE = "有问题的格子已经标色，每一处的改法见“{sheet}”工作表。"
FIRST = "第一处：{sheet} 的 {cell}。{message}"
EXPLAIN = "数字核实无误的，请在“{sheet}”工作表的“情况说明”一栏写明原因，再点一次“验证”。"
SAVE = "请保存本文件，然后按要求报送。"
READ_ONLY = "本文件是以只读方式打开的，验证的结果无法保存。请用“另存为”存到自己的文件夹，再打开验证一次。"

NOT_OURS = "“{sheet}”工作表不是官方模板里的那一张，没有改动它，所以无法标注。"
UNTOUCHED = "这个工作簿没有被改动。"
NO_RESULT_SHEET = "工作簿里没有“{sheet}”工作表（可能被删除或改名），无法标注。请把名称改回来，或换用官方模板。"
REFUSED = "验证做完了，但表格程序不允许把结果写进工作簿，所以没有标注。请退出正在编辑的单元格，取消“共享工作簿”或另加的保护后再点一次“验证”。"
NOT_STAMPED = "验证通过，但通过的记录没有写进工作簿。请取消另加的保护后再点一次“验证”。"
LISTED_BELOW = "下面列出前 {count} 处："
LISTED = "{number}. {sheet} 的 {cell}：{message}"

NOT_CLEARED = (
    "表格程序不允许清除“{sheet}”里的标记，没有清除。请退出正在编辑的单元格，取消“共享工作簿”或另加的保护后再试。"
)
CLEARED = "标记已经清除，统计数据和您写的情况说明都没有改动。"

READY = "可以报送。"
NOT_READY = "现在还不能报送。"
ALREADY = "数字自上次验证以来没有变化，文件也已保存，可以直接发送。"
COVER_BLANK = "封面还没有填：{names}。报送单位如有要求，请补填。"

FAILED = (
    "验证没有完成：程序出了意外的错误。统计数据没有改动。\n\n"
    "请保存并关闭本文件，重新打开后再点一次“验证”。仍然不行的，请以封面上的“内置校验”为准填报，"
    "并把下面这个记录文件发给下发模板的单位：\n{log}"
)
FAILED_WITHOUT_LOG = (
    "验证没有完成：程序出了意外的错误（{error}）。统计数据没有改动。\n\n"
    "请保存并关闭本文件，重新打开后再点一次“验证”。仍然不行的，请以封面上的“内置校验”为准填报。"
)
NO_BOOK = "没有打开的工作簿。请先打开填报模板；如果上方有“受保护的视图”黄条，请先点“启用编辑”。"
NO_EXCEL = "没有找到正在运行的 Excel。请先在 Excel 中打开要验证的工作簿，再运行本命令。"
NOT_HERE = "这台电脑上不能连接 Excel（只支持 Windows 和 macOS 上的 Excel）。请改用 gongkai validate 文件名。"
NO_XLWINGS = (
    '没有安装连接 Excel 的组件 xlwings。请运行 pip install "gongkai[excel]"，或请信息技术人员运行 install.ps1。'
)
