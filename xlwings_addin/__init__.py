"""The button 验证 inside a spreadsheet program.

Excel's macros call ``validate``, ``check`` and ``clear`` through xlwings' ``RunPython``; LibreOffice's extension and the
command line call ``xlwings_addin.button`` with a backend of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlwings_addin.button import Outcome
    from xlwings_addin.spreadsheet import Spreadsheet


def validate() -> None:
    """验证: validate the workbook whose button was clicked."""
    _clicked("validate")


def check() -> None:
    """上报检查: say whether the active workbook is ready to be sent."""
    _clicked("check")


def clear() -> None:
    """清除标记: take the marks out of the active workbook."""
    _clicked("clear")


def _clicked(action: str) -> None:
    from xlwings_addin import button, excel  # noqa: PLC0415 - the commands need no Excel

    act: Callable[[Spreadsheet], Outcome] = getattr(button, action)
    try:
        book = excel.ExcelBook(excel.calling_book())
    except excel.NoBookError as error:
        excel.show(str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, a clerk must not see a traceback
        excel.show(button.failure(error))
    else:
        act(book)
