"""The far side of the harness: runs under a Python that has ``uno``, owns one soffice, answers JSON lines.

Started as ``python bridge.py SOFFICE DIRECTORY [EXTENSION]``; DIRECTORY is private, empty and removed by whoever
started us, EXTENSION is installed before soffice starts. One request per line on stdin, ``{"call": "read", "document":
1, "sheet": "表", "area": "A1:B2"}``; one answer per line on stdout, ``{"result": …}`` or ``{"error": "…", "fatal":
bool}``. ``fatal`` means that this soffice is of no more use. End of input ends both processes, even when soffice hangs.
Nothing here needs more than Python 3.8.
"""

from __future__ import annotations

# ruff: noqa: B905 - zip(strict=) is newer than the Pythons this runs under
import inspect
import json
import os
import queue
import sys
import threading
import time
from pathlib import Path

import uno
from com.sun.star.lang import DisposedException
from soffice import GOODBYE_SECONDS, Soffice, properties

ALL_CONTENTS = 1 | 2 | 4 | 16  # com.sun.star.sheet.CellFlags: VALUE, DATETIME, STRING, FORMULA
NO_MACROS = 0  # com.sun.star.document.MacroExecMode.NEVER_EXECUTE
AS_SET = 3  # com.sun.star.document.MacroExecMode.USE_CONFIG: what a double click does
NO_LINKS = 0  # com.sun.star.document.UpdateDocMode.NO_UPDATE
NO_COLOUR = -1

CONDITION, COLOUR_SCALE, DATA_BAR, ICON_SET, DATE = range(5)  # com.sun.star.sheet.ConditionEntryType
ENTRY_TYPES = {
    CONDITION: "condition",
    COLOUR_SCALE: "colour scale",
    DATA_BAR: "data bar",
    ICON_SET: "icon set",
    DATE: "date",
}
OPERATORS = (  # com.sun.star.sheet.ConditionFormatOperator, by number
    "equal",
    "less",
    "greater",
    "less_equal",
    "greater_equal",
    "not_equal",
    "between",
    "not_between",
    "duplicate",
    "unique",
    "top_n_elements",
    "bottom_n_elements",
    "top_n_percent",
    "bottom_n_percent",
    "above_average",
    "below_average",
    "above_equal_average",
    "below_equal_average",
    "error",
    "no_error",
    "begins_with",
    "ends_with",
    "contains",
    "not_contains",
    "expression",
)

TAKE_TWO = ("between", "not_between")  # other operators have a second formula of no meaning


# ---- the calls: each takes a loaded document and plain arguments, and returns plain JSON

CALLS = {}


def call(function):
    """Offer ``function`` to the other side under its own name."""
    CALLS[function.__name__] = function
    return function


def cells(document, sheet, area):
    """Return the cell or cell range ``area`` of the sheet named ``sheet``."""
    if not document.Sheets.hasByName(sheet):
        raise LookupError(f"no sheet {sheet!r} among {list(document.Sheets.ElementNames)}")
    return document.Sheets.getByName(sheet).getCellRangeByName(area)


def rectangle(area):
    """Return a range address as (first column, first row, last column, last row), counted from 0."""
    return area.StartColumn, area.StartRow, area.EndColumn, area.EndRow


def plain_address(absolute_name):
    """Return ``$'a sheet'.$J$6`` as ``J6``."""
    return absolute_name.rpartition(".")[2].replace("$", "")


def colour(number):
    """Return an UNO colour as ``rrggbb``, or None for no colour."""
    return None if number == NO_COLOUR else f"{number & 0xFFFFFF:06x}"


@call
def sheets(document):
    return [
        {"name": sheet.Name, "visible": sheet.IsVisible}
        for sheet in (document.Sheets.getByIndex(index) for index in range(document.Sheets.Count))
    ]


@call
def read(document, sheet, area):
    block = cells(document, sheet, area)
    rows = []
    for row_number, (values, formulas) in enumerate(zip(block.getDataArray(), block.getFormulaArray())):
        row = []
        for column_number, (value, formula) in enumerate(zip(values, formulas)):
            if value is None:
                row.append({"error": block.getCellByPosition(column_number, row_number).String})
            elif value == "" and formula == "":
                row.append(None)
            elif isinstance(value, float) and value.is_integer():
                row.append(int(value))
            else:
                row.append(value)
        rows.append(row)
    return rows


def is_formula(cell):
    """Tell whether a cell has a formula; a text may look like one."""
    return cell.Type.value == "FORMULA"


@call
def texts(document, sheet, area):
    block = cells(document, sheet, area)
    # Only numbers and errors are displayed otherwise than they are stored, and asking cell by cell is slow.
    return [
        [
            value if isinstance(value, str) else block.getCellByPosition(column, row).String
            for column, value in enumerate(values)
        ]
        for row, values in enumerate(block.getDataArray())
    ]


@call
def formulas(document, sheet, area):
    block = cells(document, sheet, area)
    return [
        [
            formula if formula.startswith(("=", "{=")) and is_formula(block.getCellByPosition(column, row)) else None
            for column, formula in enumerate(formulas)
        ]
        for row, formulas in enumerate(block.getFormulaArray())
    ]


@call
def type_values(document, entries):
    for sheet, address, kind, value in entries:
        cell = cells(document, sheet, address).getCellByPosition(0, 0)
        if kind == "formula":
            cell.setFormula(value)
        elif value is None:
            cell.setString("")
            if cell.Type.value != "EMPTY":  # alone among all writing, clearing respects protection, silently
                raise RuntimeError(f"{address} is locked and cannot be cleared")
        elif isinstance(value, str):
            cell.setString(value)
        else:
            cell.setValue(float(value))


@call
def enter(document, entries, soffice):
    controller = document.CurrentController
    for sheet, address, text in entries:
        cell = cells(document, sheet, address).getCellByPosition(0, 0)
        controller.setActiveSheet(document.Sheets.getByName(sheet))
        controller.select(cell)
        soffice.dispatcher.executeDispatch(
            controller.Frame, ".uno:EnterString", "", 0, properties(StringName=text, DontCommit=False)
        )


@call
def recalculate(document):
    document.calculateAll()


@call
def web_page(document, sheet, path):
    """Save all sheets as HTML to ``path``, and say where in it which cells of ``sheet`` are."""
    target = cells(document, sheet, "A1").Spreadsheet
    visible, target.IsVisible = target.IsVisible, True  # the export leaves hidden sheets out
    try:
        document.storeToURL(uno.systemPathToFileUrl(path), properties(FilterName="HTML (StarCalc)"))
    finally:
        target.IsVisible = visible
    cursor = target.createCursor()
    cursor.gotoStartOfUsedArea(False)  # a table begins at the first cell with contents or looks, not at A1
    return {
        "index": target.RangeAddress.Sheet,
        "blank": not target.queryContentCells(ALL_CONTENTS).Count,
        "start": rectangle(cursor.RangeAddress)[:2],
        # Hidden rows and columns are left out as well.
        "shown": [rectangle(area) for area in target.queryVisibleCells().RangeAddresses],
    }


@call
def invalid_cells(document, sheet):
    target = cells(document, sheet, "A1").Spreadsheet
    page = target.DrawPage
    before = page.Count
    target.showInvalid()
    addresses = [plain_address(page.getByIndex(index).Anchor.AbsoluteName) for index in range(before, page.Count)]
    target.clearArrows()
    return addresses


@call
def validation(document, sheet, address):
    rule = cells(document, sheet, address).getCellByPosition(0, 0).Validation
    operator = rule.getOperator().value.lower()
    return {
        "type": rule.Type.value.lower(),
        "operator": operator,
        "formula1": rule.getFormula1(),
        "formula2": rule.getFormula2() if operator in TAKE_TWO else "",
        "ignore_blank": rule.IgnoreBlankCells,
        "show_list": bool(rule.ShowList),
        "show_input": rule.ShowInputMessage,
        "input_title": rule.InputTitle,
        "input_message": rule.InputMessage,
        "show_error": rule.ShowErrorMessage,
        "error_style": rule.ErrorAlertStyle.value.lower(),
        "error_title": rule.ErrorTitle,
        "error_message": rule.ErrorMessage,
    }


@call
def conditional_formats(document, sheet):
    styles = document.StyleFamilies.getByName("CellStyles")
    found = []
    for conditional_format in cells(document, sheet, "A1").Spreadsheet.ConditionalFormats.getConditionalFormats():
        entries = []
        for entry in (conditional_format.getByIndex(index) for index in range(conditional_format.Count)):
            described = {"type": ENTRY_TYPES[entry.getType()]}
            if entry.getType() == CONDITION:
                described["operator"] = operator = OPERATORS[entry.Operator]
                described["formula1"] = entry.Formula1
                described["formula2"] = entry.Formula2 if operator in TAKE_TWO else ""
            if entry.getType() in (CONDITION, DATE):
                described["style"] = entry.StyleName
                described["background"] = colour(styles.getByName(entry.StyleName).CellBackColor)
            entries.append(described)
        areas = conditional_format.Range.RangeAddressesAsString.split(";")
        found.append({"areas": [plain_address(area) for area in areas], "entries": entries})
    return found


@call
def protected(document, sheet):
    return cells(document, sheet, "A1").Spreadsheet.isProtected()


@call
def locked(document, sheet, address):
    return cells(document, sheet, address).getCellByPosition(0, 0).CellProtection.IsLocked


@call
def unlocked_cells(document, sheet):
    groups = cells(document, sheet, "A1").Spreadsheet.UniqueCellFormatRanges
    return [
        rectangle(area)
        for group in (groups.getByIndex(index) for index in range(groups.Count))
        if not group.getByIndex(0).CellProtection.IsLocked
        for area in group.RangeAddresses
    ]


@call
def save(document, path, filter_name):
    document.storeToURL(uno.systemPathToFileUrl(path), properties(FilterName=filter_name))


# ---- serving


class Bridge:
    """Answers requests about the documents that one soffice has open."""

    def __init__(self, soffice):
        self._soffice = soffice
        self._documents = {}
        self._opened = 0

    def open(self, path, recalculate, shown=False, read_only=False):
        if self._soffice.screen:
            document = self._soffice.open_as_user(path)
        else:
            how = {"MacroExecutionMode": AS_SET} if shown else {"MacroExecutionMode": NO_MACROS, "Hidden": True}
            options = properties(UpdateDocMode=NO_LINKS, ReadOnly=read_only, **how)
            document = self._soffice.desktop.loadComponentFromURL(uno.systemPathToFileUrl(path), "_blank", 0, options)
        if document is None or not document.supportsService("com.sun.star.sheet.SpreadsheetDocument"):
            if document is not None:
                document.close(True)
            raise RuntimeError(f"LibreOffice cannot read {path} as a workbook")
        if recalculate:
            document.calculateAll()
        self._opened += 1
        self._documents[self._opened] = document
        return self._opened

    def answer(self, request):
        """Return the answer to one request; an exception becomes part of it."""
        name = request.pop("call")
        try:
            if name == "open":
                return {"result": self.open(**request)}
            if name == "close":
                return {"result": self._documents.pop(request["document"]).close(True)}
            function = CALLS[name]
            if "soffice" in inspect.signature(function).parameters:
                request["soffice"] = self._soffice
            document = self._documents[request.pop("document")]
            return {"result": function(document, **request)}
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the test on the other side must hear it
            gone = isinstance(error, DisposedException) or self._soffice.process.poll() is not None
            return {"error": f"{name}: {type(error).__name__}: {error}", "fatal": gone}


def follow_input(requests, stop):
    """Queue the requests; at the end of input give the work in hand a moment, then end everything."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    requests.put(None)
    time.sleep(2 * GOODBYE_SECONDS)
    stop()
    os._exit(1)


def answer(message):
    """Hand one answer over."""
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def main():
    executable, directory, *more = sys.argv[1:]
    soffice = Soffice(executable, Path(directory), *more)
    requests = queue.Queue()
    threading.Thread(target=follow_input, args=(requests, soffice.process.kill), daemon=True).start()
    bridge = Bridge(soffice)
    answer({"result": {"sockets": soffice.sockets()}})
    for request in iter(requests.get, None):
        answer(bridge.answer(request))
    soffice.stop()


if __name__ == "__main__":
    main()
