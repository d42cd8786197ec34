"""The far side on a screen: answers what ``clicks`` answers, and where on the screen things are. Started as it is."""

from __future__ import annotations

import time

import bridge
import clicks  # noqa: F401 - offers its calls
from bridge import call
from soffice import properties

MENU, STATUS_BAR = 34, 57  # com.sun.star.accessibility.AccessibleRole
MANY = 200  # children: the cells of a sheet
SECONDS = 10


def tree(context):
    """Yield the accessible contexts below one, but for cells, and the entries of menus, which are nowhere yet."""
    count = context.getAccessibleChildCount()
    for child in (context.getAccessibleChild(index) for index in range(count if count < MANY else 0)):
        if child is not None:
            inside = child.getAccessibleContext()
            yield inside
            if inside.getAccessibleRole() != MENU:
                yield from tree(inside)


def rectangle(context):
    place, size = context.getLocationOnScreen(), context.getSize()
    return [place.X, place.Y, size.Width, size.Height]


def end_of(parts):
    (found,) = [rectangle(part) for part in parts if part.getAccessibleRole() == STATUS_BAR]
    return found[1] + found[3]


def window_of(document):
    return document.CurrentController.Frame.ContainerWindow


@call
def fill_screen(document, soffice):
    """Let the sheet have the whole screen."""
    window_of(document).IsMaximized = True
    soffice.dispatcher.executeDispatch(
        document.CurrentController.Frame, ".uno:Sidebar", "", 0, properties(Sidebar=False)
    )


@call
def find(document, name):
    """Return where something with a name is, without the letter in brackets that a menu has, and where the window ends.

    Before it has shown a message, LibreOffice leaves the height of the menu bar out of the places of all below it.
    """
    give_up = time.monotonic() + SECONDS
    while True:
        parts = list(tree(window_of(document).getAccessibleContext()))
        found = [part for part in parts if part.getAccessibleName().partition("(")[0] == name]
        if found or time.monotonic() > give_up:
            break
        time.sleep(0.1)
    return [[part.getAccessibleRole() == MENU, *rectangle(part)] for part in found], end_of(parts)


@call
def select(document, sheet, cell):
    """Put the cursor into a cell."""
    controller = document.CurrentController
    target = document.Sheets.getByName(sheet)
    controller.setActiveSheet(target)
    controller.select(target.getCellRangeByName(cell))


@call
def cursor(document):
    """Return the sheet in front, and what is selected on it."""
    selected = document.CurrentSelection
    several = selected.supportsService("com.sun.star.sheet.SheetCellRanges")
    name = selected.RangeAddressesAsString if several else selected.AbsoluteName
    return [document.CurrentController.ActiveSheet.Name, bridge.plain_address(name)]


@call
def cell_place(document, sheet, cell):
    """Return where a cell is, which must be in sight, and where the window ends."""
    place = document.Sheets.getByName(sheet).getCellRangeByName(cell).CellAddress
    parts = list(tree(window_of(document).getAccessibleContext()))
    (table,) = [part for part in parts if hasattr(part, "getAccessibleCellAt")][:1]
    found = table.getAccessibleCellAt(place.Row, place.Column).getAccessibleContext()
    return rectangle(found), end_of(parts)


@call
def scroll(document, row, column, zoom):
    """Show a cell in the upper left corner, rows and columns counted from 0."""
    controller = document.CurrentController
    controller.ZoomType, controller.ZoomValue = 3, zoom
    controller.setFirstVisibleRow(row)
    controller.setFirstVisibleColumn(column)


if __name__ == "__main__":
    bridge.main()
