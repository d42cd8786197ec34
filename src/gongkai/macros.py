"""The workbook with macros: its button 验证, and the sentences VBA shows when Python cannot even be started.

The VBA project is compiled from text where the official workbooks are built (``xlwings_addin``). Here it is bytes that
are put into a workbook, or taken out of a shipped one, so that making an .xlsm needs no tool but XlsxWriter.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gongkai.cell import address
from gongkai.edition import Edition, resource

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from gongkai.bookwriter import BookWriter

FILE_NAME = "政府信息公开年报统计表-{edition}年版.xlsm"
BUTTON, ENTRY = "验证", "Gongkai.ValidateReport"
"""What the button says, and the macro it runs."""
_PROJECT_PART = "xl/vbaProject.bin"
_KEY_COLUMN = 6
"""Columns F and G of the hidden sheet hold keys and sentences; VBA looks them up there."""

_ASK = "请用本单位下发的安装包重新安装，或运行 gongkai addin install"
MESSAGES = {
    "title": "政务公开年报验证",
    "mac": "苹果电脑上的 Excel 不支持这个按钮。请在 Windows 电脑上打开本文件再点“验证”。",
    "protected_view": "本文件在“受保护的视图”中，还不能验证。请先点上方黄条里的“启用编辑”，再点一次。",
    "no_workbook": "没有打开的工作簿。请先打开填报模板，再点一次。",
    "own_code": (
        "为了安全，没有验证：本工作簿或它所在的文件夹自带程序设置（gongkai.conf 或以 .py 结尾的工作表），官方模板没有这些。"
        "请把数据填入官方模板，放到普通文件夹里再验证；文件来历不明的，请报告信息技术人员。"
    ),
    "risky_name": (
        "为了安全，没有验证：文件名或所在文件夹的名称里有特殊字符（; ^ % $）。"
        "请另存到本机的普通文件夹，名称里不用这些字符，再点一次。"
    ),
    "not_installed": f"这台电脑还没有安装验证组件，或它的设置已损坏。{_ASK}。没有安装时，请以封面上的“内置校验”为准填报。",
    "no_python": f"找不到验证组件所用的 Python，可能已被移动或卸载。{_ASK}。",
    "python_fails": f"验证组件所用的 Python 不能运行。{_ASK}；仍然不行的，请信息技术人员检查安全软件是否拦截了它。",
    "python_old": "验证组件所用的 Python 版本太低，需要 3.11 或更高版本。请安装新版本的 Python，然后运行 gongkai addin install。",
    "no_xlwings": f"验证组件缺少连接 Excel 的部分（xlwings 或 pywin32）。{_ASK}。",
    "no_addin": f"Python 里没有安装验证组件 gongkai。{_ASK}。",
    "refused": (
        "Excel 不能启动验证程序，通常是安全策略禁止 Office 启动其他程序。请信息技术人员放行；"
        "在此之前，请以封面上的“内置校验”为准填报，或由汇总单位用 gongkai validate 校验。"
    ),
    "failed": (
        "验证没有完成，统计数据没有改动。请保存并关闭本文件，重新打开后再点一次；"
        "仍然不行的，请以封面上的“内置校验”为准填报，并把刚才的英文提示发给下发模板的单位。"
    ),
}
"""Key → sentence: everything VBA says. It says nothing else, and each of these (a test counts them)."""


@dataclass(frozen=True, slots=True)
class Macros:
    """A VBA project (``vbaProject.bin``) with a module for each sheet of the workbook it goes into."""

    project: bytes


def shipped(edition: Edition) -> Macros:
    """Return the macros of an edition's official .xlsm; raise ``OSError`` where it does not ship with the kit."""
    with zipfile.ZipFile(resource("templates") / FILE_NAME.format(edition=edition.name)) as package:
        return Macros(package.read(_PROJECT_PART))


def attach(writer: BookWriter, macros: Macros) -> None:
    """Put a project into a workbook; its sheets get the code names ``Sheet1``, ``Sheet2``, … in their order."""
    writer.book.add_vba_project(io.BytesIO(macros.project), is_stream=True)


def put_button(page: Worksheet, column: int) -> None:
    """Put the button 验证 into the first row of a column, counted from 1; it is not printed."""
    look = {"caption": BUTTON, "width": 96, "height": 32, "x_offset": 8, "y_offset": 11}
    page.insert_button(0, column - 1, {"macro": ENTRY, "description": "按全部规则核对本工作簿，并标出问题", **look})


def put_messages(page: Worksheet) -> None:
    """Write the sentences where VBA looks them up."""
    for row, entry in enumerate(MESSAGES.items(), 1):
        for column, text in enumerate(entry, _KEY_COLUMN):
            page.write_string(address(row, column), text)
