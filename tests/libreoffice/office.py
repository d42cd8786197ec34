"""The near side of the harness: workbooks as LibreOffice shows, calculates, checks and saves them.

with Office() as office, office.open("form.xlsx") as document:
    document.type_values({("表", "D6"): 3})
    assert document.read("表", "J6") == [[3]]
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from gongkai.cell import CellError, address, parse_address
from libreoffice import page_colours

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

Value = None | int | float | str
Place = tuple[str, str]
"""A sheet's name and an address in it."""

BRIDGE = Path(__file__).with_name("bridge.py")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEADLINE = 60
START_DEADLINE = 90
GOODBYE_SECONDS = 20
FILTERS = {
    ".xlsx": "Calc MS Excel 2007 XML",
    ".xlsm": "Calc MS Excel 2007 VBA XML",
    ".xls": "MS Excel 97",
    ".ods": "calc8",
    ".pdf": "calc_pdf_Export",
}


class OfficeError(Exception):
    """LibreOffice refused a request, or is gone."""


class OfficeTimeoutError(OfficeError):
    """LibreOffice did not answer in time and has been killed; the next ``open`` starts another."""


def _environment() -> dict[str, str]:
    """Return our environment without what would lead another Python astray.

    The Python inside LibreOffice looks for its home next to the first ``python3`` of PATH; where that is another one,
    LibreOffice ends as soon as it loads an extension written in Python.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYENV", "COV"))}
    kept.pop("VIRTUAL_ENV", None)
    return {**kept, "PYTHONUTF8": "1", "PATH": SYSTEM_PATH}


@cache
def find_soffice() -> Path | None:
    """Return the soffice to start, or None."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    places = [Path(found).resolve()] if found else []
    places += sorted(Path("/opt").glob("libreoffice*/program/soffice"), reverse=True)
    places.append(Path("/Applications/LibreOffice.app/Contents/MacOS/soffice"))
    for place in places:
        # The program itself rather than its launcher, so that ending it leaves nothing behind.
        for candidate in (place.with_name("soffice.bin"), place):
            if candidate.is_file():
                return candidate
    return None


@cache
def find_python() -> str | None:
    """Return a Python that can import ``uno``, or None."""
    soffice = find_soffice()
    programs = [soffice.parent, soffice.parent.parent / "Resources"] if soffice else []
    candidates = ["/usr/bin/python3", *(str(program / "python") for program in programs)]
    for candidate in candidates:
        if Path(candidate).is_file():
            trial = subprocess.run(
                [candidate, "-c", "import uno"], env=_environment(), capture_output=True, check=False
            )
            if trial.returncode == 0:
                return candidate
    return None


def missing() -> str | None:
    """Say what this machine lacks to run the harness, or None when it has everything."""
    if os.name != "posix":
        return "the LibreOffice harness runs on Linux and macOS only"
    if find_soffice() is None:
        return "LibreOffice is not installed (Debian: libreoffice-calc)"
    if find_python() is None:
        return "no Python can import uno (Debian: python3-uno, libreoffice-script-provider-python)"
    return None


def need(reason: str | None) -> None:
    """Skip the test when something is missing, or let it fail if GONGKAI_REQUIRE_OFFICE is 1."""
    if reason and os.environ.get("GONGKAI_REQUIRE_OFFICE") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


class _Session:
    """One bridge process with its soffice: requests in, answers out, each before its deadline."""

    def __init__(self, directory: str, script: Path = BRIDGE, *arguments: str) -> None:
        self._directory = Path(directory)
        self._log = self._directory / "errors.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(find_python()), str(script), str(find_soffice()), directory, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env=_environment(),
                start_new_session=True,  # a process group of its own, to be killed as a whole
            )
        self.alive = True
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._follow_output, daemon=True).start()
        self._sockets: list[str] = []
        self._sockets = self._answer("start", START_DEADLINE)["sockets"]

    def _follow_output(self) -> None:
        with self._process.stdout as lines:
            for line in lines:
                self._answers.put(line)
        self._answers.put("")

    def request(self, call: str, deadline: float, **arguments: Any) -> Any:
        if not self.alive:
            raise OfficeError("the LibreOffice that had this document open is gone")
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and that is said below
            self._process.stdin.write(json.dumps({"call": call, **arguments}) + "\n")
            self._process.stdin.flush()
        return self._answer(call, deadline)

    def _answer(self, call: str, deadline: float) -> Any:
        try:
            line = self._answers.get(timeout=deadline)
        except queue.Empty:
            self.kill()
            raise OfficeTimeoutError(
                f"LibreOffice did not answer {call!r} within {deadline} s and was killed"
            ) from None
        except BaseException:  # an interrupted wait would hand this answer to the next request
            self.kill()
            raise
        if not line:
            self.kill()
            raise OfficeError(f"LibreOffice ended during {call!r}: {self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            if answer["fatal"]:
                self.kill()
            raise OfficeError(answer["error"])
        return answer["result"]

    def _last_words(self) -> str:
        return self._log.read_text("utf-8", errors="replace").strip()[:4000] or "it left no message"

    def kill(self) -> None:
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for path in self._sockets:
            Path(path).unlink(missing_ok=True)
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def stop(self) -> None:
        if not self.alive:
            return
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(GOODBYE_SECONDS)
        if self._process.returncode == 0:
            self.alive = False
        else:
            self.kill()


class Office:
    """A private headless LibreOffice, started by the first ``open`` and again after a hang or a crash.

    ``deadline`` is the number of seconds each request may take.
    """

    def __init__(self, deadline: float = DEADLINE, script: Path = BRIDGE, *arguments: str) -> None:
        self.deadline = deadline
        self._script = script, *arguments
        self._session: _Session | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start LibreOffice unless it runs; raise ``OfficeError`` when that fails."""
        if self._session and self._session.alive:
            return
        self.close()
        reason = missing()
        if reason:
            raise OfficeError(reason)
        self._directory = tempfile.TemporaryDirectory(prefix="gongkai-office-", ignore_cleanup_errors=True)
        self._session = _Session(self._directory.name, *self._script)

    def open(self, path: str | os.PathLike[str], *, recalculate: bool = True) -> Document:
        """Open a workbook; without ``recalculate`` formulas show the results stored in the file."""
        path = Path(path).resolve(strict=True)
        self.start()
        number = self._session.request("open", self.deadline, path=str(path), recalculate=recalculate)
        return Document(self, self._session, number, Path(self._directory.name))

    def close(self) -> None:
        """End LibreOffice and forget its profile; open documents are lost."""
        if self._session:
            self._session.stop()
            self._session = None
        if self._directory:
            self._directory.cleanup()
            self._directory = None


class Document:
    """An open workbook. Formulas are written as UNO does: ``=SUM(D6:F6;$表.A1)``."""

    def __init__(self, office: Office, session: _Session, number: int, directory: Path) -> None:
        self._office = office
        self._session = session
        self._number = number
        self._directory = directory

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session.alive:
            self.close()

    def _ask(self, call: str, **arguments: Any) -> Any:
        return self._session.request(call, self._office.deadline, document=self._number, **arguments)

    def sheets(self) -> list[str]:
        """Return the names of all sheets in order."""
        return [sheet["name"] for sheet in self._ask("sheets")]

    def hidden_sheets(self) -> list[str]:
        """Return the names of the sheets that are not shown."""
        return [sheet["name"] for sheet in self._ask("sheets") if not sheet["visible"]]

    def read(self, sheet: str, area: str) -> list[list[Value]]:
        """Return the values of an area, row by row: None, int (when whole), float, str or ``CellError``.

        A formula that results in no text gives ``""``; dates and truth values are numbers, as the program keeps them.
        """
        return [
            [CellError(value["error"]) if isinstance(value, dict) else value for value in row]
            for row in self._ask("read", sheet=sheet, area=area)
        ]

    def value(self, sheet: str, place: str) -> Value:
        """Return the value of one cell, as ``read`` does."""
        return self.read(sheet, place)[0][0]

    def texts(self, sheet: str, area: str) -> list[list[str]]:
        """Return what the cells of an area display, row by row."""
        return self._ask("texts", sheet=sheet, area=area)

    def formulas(self, sheet: str, area: str) -> list[list[str | None]]:
        """Return the formulas of an area, row by row; None where there is none."""
        return self._ask("formulas", sheet=sheet, area=area)

    def type_values(self, values: Mapping[Place, Value] = {}, *, formulas: Mapping[Place, str] = {}) -> None:
        """Put values and formulas into cells, whatever their protection and validation say.

        None clears a cell (a protected one cannot be cleared: ``OfficeError``), a text stays a text even when it looks
        like a number. Formulas that depend on the cells are calculated.
        """
        for place, value in values.items():
            if isinstance(value, bool) or not isinstance(value, Value):
                raise TypeError(f"cannot type {value!r} into {place}")
        entries = [(*place, "value", value) for place, value in values.items()]
        entries += [(*place, "formula", formula) for place, formula in formulas.items()]
        self._ask("type_values", entries=entries)

    def enter(self, texts: Mapping[Place, str]) -> None:
        """Enter texts as the keyboard does: ``12`` becomes a number, and a protected cell keeps what it has.

        Validation alerts are not raised; ask ``invalid_cells``.
        """
        self._ask("enter", entries=[(*place, text) for place, text in texts.items()])

    def recalculate(self) -> None:
        """Calculate every formula anew."""
        self._ask("recalculate")

    def colours(self, sheet: str) -> dict[str, str]:
        """Return the backgrounds shown, conditional formats included, as address: ``rrggbb``.

        A merged cell is listed under its top left address. White, uncoloured and hidden cells are not listed, nor are
        colour scales. Raises ``OfficeError`` if the cells of the export cannot be told for certain.
        """
        with tempfile.TemporaryDirectory(dir=self._directory) as directory:
            page = Path(directory) / "page.html"
            where = self._ask("web_page", sheet=sheet, path=str(page))
            tables = page_colours.page_tables(page.read_text("utf-8"))
        # The anchors are left out when a single sheet, perhaps not this one, has contents or colours.
        table = next((table for table in tables if table.anchor in (None, f"table{where['index']}")), None)
        if table is None or (where["blank"] and table.has_text()):
            return {}
        columns = page_colours.shown_numbers(
            where["start"][0], table.columns, [(first, last) for first, _, last, _ in where["shown"]]
        )
        rows = page_colours.shown_numbers(
            where["start"][1], len(table.rows), [(first, last) for _, first, _, last in where["shown"]]
        )
        try:
            cells = page_colours.placed(table, columns, rows)
        except ValueError as error:
            raise OfficeError(f"{sheet}: the exported page is not understood: {error}") from error
        values = self.read(sheet, f"A1:{address(rows[-1] + 1, columns[-1] + 1)}")
        for (row, column), cell in cells.items():
            value = values[row][column]
            if isinstance(value, str | None) and not page_colours.same_text(cell.text, value or ""):
                raise OfficeError(
                    f"{sheet}!{address(row + 1, column + 1)} is {value!r}, but {cell.text!r} when exported"
                )
        return page_colours.colours(cells)

    def invalid_cells(self, sheet: str) -> list[str]:
        """Return the cells whose contents break their own validation rule, in reading order."""
        return sorted(self._ask("invalid_cells", sheet=sheet), key=parse_address)

    def validation(self, sheet: str, place: str) -> dict[str, Any]:
        """Return the validation rule of a cell.

        Keys: type (any, whole, decimal, date, time, text_len, list, custom), operator (none, equal, not_equal,
        greater, greater_equal, less, less_equal, between, not_between, formula), formula1, formula2, ignore_blank,
        show_list, show_input, input_title, input_message, show_error, error_style (stop, warning, info, macro),
        error_title, error_message.
        """
        return self._ask("validation", sheet=sheet, address=place)

    def conditional_formats(self, sheet: str) -> list[dict[str, Any]]:
        """Return the rules: ``{"areas": ["D6:J9"], "entries": [{type, operator, formula1, …, background}]}``."""
        return self._ask("conditional_formats", sheet=sheet)

    def protected(self, sheet: str) -> bool:
        """Tell whether the sheet is protected."""
        return self._ask("protected", sheet=sheet)

    def locked(self, sheet: str, place: str) -> bool:
        """Tell whether a cell is locked (which counts once its sheet is protected)."""
        return self._ask("locked", sheet=sheet, address=place)

    def unlocked_cells(self, sheet: str) -> list[str]:
        """Return the cells that are not locked, in reading order; each cell of a merged cell counts."""
        areas = self._ask("unlocked_cells", sheet=sheet)
        return [
            address(row + 1, column + 1)
            for row, column in sorted(
                (row, column)
                for first_column, first_row, last_column, last_row in areas
                for row in range(first_row, last_row + 1)
                for column in range(first_column, last_column + 1)
            )
        ]

    def save(self, path: str | os.PathLike[str], filter_name: str | None = None) -> Path:
        """Save a copy, in the format of the path's suffix unless a LibreOffice filter is named; return its path."""
        path = Path(path).resolve()
        self._ask("save", path=str(path), filter_name=filter_name or FILTERS[path.suffix.lower()])
        return path

    def pdf(self, path: str | os.PathLike[str]) -> Path:
        """Print all shown sheets to a PDF file and return its path."""
        return self.save(path, FILTERS[".pdf"])

    def close(self) -> None:
        """Close the workbook without saving."""
        self._ask("close")
