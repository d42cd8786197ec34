"""LibreOffice with the extension installed: workbooks in windows, clicks on the buttons, saves as a clerk does them."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gongkai import cell
from libreoffice.office import DEADLINE, FILTERS, Document, Office, find_python, missing, need
from xlwings_addin import extension

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gongkai.layout import Box

CLICKS = Path(__file__).with_name("clicks.py")
SECONDS = 20
KINDS = {"bool": bool, "int": int, "float": float, "str": str, "CellError": cell.CellError, "DateText": cell.DateText}


class Click(NamedTuple):
    """How a click ended, what it said, and how long it took."""

    status: str
    text: str
    seconds: float


class ExtendedOffice(Office):
    """A private LibreOffice, with the extension if there is one."""

    def __init__(self, extension: Path | None = None, *, script: Path = CLICKS, screen: str | None = None) -> None:
        super().__init__(DEADLINE, script, *filter(None, (extension and str(extension), screen)))

    def too_old(self) -> str | None:
        """Say that the Python on the far side is too old to run our backend there, or None."""
        trial = [str(find_python()), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        done = subprocess.run(trial, check=False)
        return "the Python that can import uno is older than 3.11" if done.returncode else None

    def show(self, path: str | os.PathLike[str], *, read_only: bool = False) -> Window:
        """Open a workbook as a double click does; formulas show the results stored in the file."""
        path = Path(path).resolve(strict=True)
        self.start()
        number = self._session.request(
            "open", self.deadline, path=str(path), recalculate=False, shown=True, read_only=read_only
        )
        return Window(self, self._session, number, Path(self._directory.name))


class Window(Document):
    """A workbook in a window."""

    def click(self, action: str = "validate") -> Click:
        """Click on a command of menu and toolbar; no message box waits."""
        return Click(*self._ask("click", action=action))

    def press(self, sheet: str) -> tuple[str, bool]:
        """Press the button on a sheet; return its label, and whether it could be pressed."""
        return tuple(self._ask("press", sheet=sheet))

    def wait_for(self, sheet: str, place: str, value: cell.Value) -> None:
        """Wait until a cell holds a value: LibreOffice carries a press out when it gets round to it."""
        give_up = time.monotonic() + SECONDS
        while (held := self.value(sheet, place)) != value:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{sheet}!{place} is {held!r} and not {value!r}")
            time.sleep(0.05)

    def buttons(self) -> dict[str, list[list[Any]]]:
        """Return what the buttons on each sheet do: label, type, address, macros."""
        return self._ask("buttons")

    def modified(self) -> bool:
        """Tell whether there is something to be saved."""
        return self._ask("state")["modified"]

    def undo_titles(self) -> list[str]:
        """Return what can be undone, the last step first."""
        return self._ask("state")["undo"]

    def names(self) -> list[str]:
        """Return the names defined in the workbook."""
        return self._ask("names")

    def undo(self) -> None:
        """Undo the last step."""
        self._ask("undo")

    def redo(self) -> None:
        """Make the step again that was undone last."""
        self._ask("redo")

    def store(self, path: Path | None = None) -> None:
        """Save, in place or under another name."""
        where = {} if path is None else {"path": str(path), "filter_name": FILTERS[path.suffix]}
        self._ask("store", **where)

    def format_cells(self, sheet: str, area: str, code: str) -> None:
        """Give cells a number format."""
        self._ask("format_cells", sheet=sheet, area=area, code=code)

    def set_null_date(self, year: int, month: int, day: int) -> None:
        """Set the day that numbers of days count from."""
        self._ask("set_null_date", year=year, month=month, day=day)

    def delete_sheet(self, sheet: str) -> None:
        """Delete a sheet."""
        self._ask("delete_sheet", sheet=sheet)

    def protect(self, sheet: str, cells: str) -> None:
        """Lock cells, and protect their sheet, in a workbook as if just saved."""
        self._ask("protect", sheet=sheet, cells=cells)

    def cover(self) -> dict[str, Any]:
        """Return what the backend says of the workbook."""
        return self._ask("backend", method="cover")

    def read_box(self, sheet: str, box: Box) -> list[list[cell.Value]]:
        """Return what the backend reads."""
        where = box.top, box.left, box.bottom, box.right
        return [
            [None if kind == "NoneType" else KINDS[kind](value) for kind, value in row]
            for row in self._ask("backend", method="read", sheet=sheet, box=where)
        ]

    def write_box(self, sheet: str, box: Box, rows: list[list[Any]]) -> None:
        """Let the backend write; a link is given as [sheet, cell, text]."""
        where = box.top, box.left, box.bottom, box.right
        self._ask("backend", method="write", sheet=sheet, box=where, rows=rows)

    def click_with_old_python(self, oldest: tuple[int, int]) -> tuple[str, list[list[Any]]]:
        """Click as if the extension needed another Python; return how it ended and what was said."""
        return tuple(self._ask("component", oldest=oldest))


def built(folder: Path) -> Path:
    """Return the extension as a file, built with the registry that pip is set to."""
    try:
        data = extension.build()
    except extension.BuildError as error:
        need(str(error))
    file = folder / extension.FILE_NAME
    file.write_bytes(data)
    return file


@contextmanager
def extended_office(extension: Path | None = None) -> Iterator[ExtendedOffice]:
    """Run a LibreOffice whose Python can run our backend; without one the test is skipped, as ``need`` says."""
    need(missing())
    with ExtendedOffice(extension) as running:
        need(running.too_old())
        yield running
