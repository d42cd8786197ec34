"""The far side for the extension: answers what ``bridge`` answers, and clicks. Started as ``bridge`` is."""

from __future__ import annotations

# ruff: noqa: PLC0415 - the kit may need a newer Python than this one
import sys
import time
from pathlib import Path

import bridge
from bridge import call
from soffice import properties

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "org.gongkai.button:"


@call
def click(document, action, soffice):
    """Dispatch a command as the toolbar does, without a message box; return status, text and seconds."""
    started = time.perf_counter()
    event = soffice.dispatcher.executeDispatch(
        document.CurrentController.Frame, COMMAND + action, "", 0, properties(Silent=True)
    )
    return [*event.Result, time.perf_counter() - started]


def buttons_on(sheet):
    """Return the models of the form controls on a sheet."""
    page = sheet.DrawPage
    shapes = (page.getByIndex(index) for index in range(page.Count))
    return [shape.Control for shape in shapes if shape.ShapeType == "com.sun.star.drawing.ControlShape"]


@call
def press(document, sheet):
    """Press the one button on a sheet, as assistive technology does."""
    target = document.Sheets.getByName(sheet)
    document.CurrentController.setActiveSheet(target)
    (model,) = buttons_on(target)
    control = document.CurrentController.getControl(model).AccessibleContext
    return [control.getAccessibleName(), control.doAccessibleAction(0)]


@call
def buttons(document):
    """Return what the buttons of every sheet do: label, type, address, macro."""
    found = {}
    for index in range(document.Sheets.Count):
        sheet = document.Sheets.getByIndex(index)
        for model in buttons_on(sheet):
            form = model.Parent
            (place,) = [number for number in range(form.Count) if form.getByIndex(number) == model]
            macros = [event.ScriptCode for event in form.getScriptEvents(place)]
            found.setdefault(sheet.Name, []).append([model.Label, model.ButtonType.value, model.TargetURL, macros])
    return found


@call
def state(document):
    """Return whether a document is modified, and the titles of what can be undone."""
    return {"modified": document.isModified(), "undo": list(document.UndoManager.getAllUndoActionTitles())}


@call
def names(document):
    """Return the names defined in a document."""
    return list(document.NamedRanges.ElementNames)


@call
def undo(document):
    document.UndoManager.undo()


@call
def store(document, path=None, filter_name=None):
    """Save in place, or under another name, as the clerk does: the document goes on as that file."""
    if path is None:
        document.store()
    else:
        document.storeAsURL(bridge.uno.systemPathToFileUrl(path), properties(FilterName=filter_name))


@call
def format_cells(document, sheet, area, code):
    """Give cells a number format, by its code in English."""
    formats, english = document.NumberFormats, bridge.uno.createUnoStruct("com.sun.star.lang.Locale")
    english.Language, english.Country = "en", "US"
    key = formats.queryKey(code, english, False)
    bridge.cells(document, sheet, area).NumberFormat = formats.addNew(code, english) if key < 0 else key


@call
def set_null_date(document, year, month, day):
    date = document.NullDate
    date.Year, date.Month, date.Day = year, month, day
    document.NullDate = date


@call
def delete_sheet(document, sheet):
    document.Sheets.removeByName(sheet)


@call
def protect(document, sheet, cells):
    """Lock cells and protect their sheet, as somebody might who means well."""
    target = document.Sheets.getByName(sheet)
    target.unprotect("")
    protection = target.getCellRangeByName(cells).CellProtection
    protection.IsLocked = True
    target.getCellRangeByName(cells).CellProtection = protection
    target.protect("")
    document.UndoManager.clear()
    document.setModified(False)


@call
def redo(document):
    document.UndoManager.redo()


@call
def backend(document, method, sheet=None, box=None, rows=None):
    """Call the backend itself, from outside: ``cover``, ``read`` or ``write``."""
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    from gongkai.cell import Link
    from gongkai.layout import Box
    from xlwings_addin.libreoffice import CalcBook

    del sys.path[:2]
    book = CalcBook(document, lambda *_: None)
    if method == "cover":
        cover = book.cover()
        return {name: getattr(cover, name) for name in cover.__slots__}
    if method == "read":
        return [[[type(value).__name__, value] for value in row] for row in book.read(sheet, Box(*box))]
    values = [[Link(*value) if isinstance(value, list) else value for value in row] for row in rows]
    return book.write(sheet, Box(*box), values)


@call
def component(document, soffice, oldest):
    """Click with a component that asks for another Python; return what it says."""
    source = ROOT / "xlwings_addin" / "oxt"
    sys.path[:0] = [str(source), str(source / "pythonpath")]
    import component as loaded

    del sys.path[:2]
    loaded.OLDEST = tuple(oldest)
    told = []
    status = loaded.click("validate", document, lambda text, alarming: told.append([text, alarming]), soffice.context)
    return [status, told]


if __name__ == "__main__":
    bridge.main()
