"""LibreOffice on a screen that nobody sees: real keys, a real mouse, and pictures of what a clerk would see."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from libreoffice.extension import CLICKS, ExtendedOffice, Window
from libreoffice.office import missing

if TYPE_CHECKING:
    from types import TracebackType

DESKTOP = CLICKS.with_name("desktop.py")
PROGRAMS = ("Xvfb", "xdotool", "openbox", "import", "convert")
SIZE = 1280, 800
SECONDS = 20
GOODBYE_SECONDS = 5


def lacking() -> str | None:
    """Say what this machine lacks to show LibreOffice on a screen, or None when it has everything."""
    programs = [program for program in PROGRAMS if not shutil.which(program)]
    return missing() or (f"not installed: {', '.join(programs)}" if programs else None)


class Screen:
    """A screen with one LibreOffice on it, the extension installed, everything in Chinese."""

    def __init__(self, extension: Path) -> None:
        self._extension = extension

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.display = self._start_screen(stack)
            self._environment = {**os.environ, "DISPLAY": self.display}
            self._run(stack, ["openbox"])
            self.office = ExtendedOffice(self._extension, script=DESKTOP, screen=self.display)
            stack.callback(self.office.close)
            self.office.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _start_screen(self, stack: contextlib.ExitStack) -> str:
        readable, writable = os.pipe()
        self._environment = dict(os.environ)
        size = "x".join(map(str, (*SIZE, 24)))
        command = ["Xvfb", "-displayfd", str(writable), "-screen", "0", size, "-nolisten", "tcp", "-noreset"]
        self._run(stack, command, pass_fds=(writable,))
        os.close(writable)
        with os.fdopen(readable) as answer:
            return f":{answer.readline().strip()}"

    def _run(self, stack: contextlib.ExitStack, command: list[str], **options: object) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        process = subprocess.Popen(command, env=self._environment, **quiet, **options)

        def stop() -> None:
            process.terminate()
            try:
                process.wait(GOODBYE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

        stack.callback(stop)

    def show(self, path: Path) -> ScreenWindow:
        """Open a workbook and let it fill the screen; what LibreOffice says of macros is answered with 确定."""
        opened = threading.Event()
        threading.Thread(target=self._agree, args=(opened,), daemon=True).start()
        try:
            window = ScreenWindow.of(self.office.show(path), self)
        finally:
            opened.set()
        self.wait_for_window(path.name)
        window.fill_screen()
        return window

    def _agree(self, opened: threading.Event) -> None:
        """Press 确定 in a box without a title, until the workbook is open."""
        while not opened.wait(0.5):
            active = self._tool("getactivewindow")
            if active and not self._tool("getwindowname", active.strip()).strip():
                self.press("Return")

    def _tool(self, *arguments: object) -> str:
        done = subprocess.run(
            ["xdotool", *map(str, arguments)], env=self._environment, check=False, capture_output=True, text=True
        )
        return done.stdout

    def top(self) -> int:
        """Return where the window in front begins, below its title; it reaches to the end of the screen."""
        geometry = self._tool("getwindowgeometry", "--shell", self._tool("getactivewindow").strip())
        return SIZE[1] - next(int(line.partition("=")[2]) for line in geometry.splitlines() if "HEIGHT=" in line)

    def titles(self) -> list[str]:
        """Return the titles of the windows on the screen."""
        found = self._tool("search", "--onlyvisible", "--name", ".").split()
        return [title for number in found if (title := self._tool("getwindowname", number).strip())]

    def wait_for_window(self, title: str, *, gone: bool = False) -> None:
        """Wait until there is a window with a title, or none any more."""
        give_up = time.monotonic() + SECONDS
        while any(title in found for found in self.titles()) == gone:
            if time.monotonic() > give_up:
                raise TimeoutError(f"{title!r} {'is still' if gone else 'is not'} among {self.titles()}")
            time.sleep(0.1)
        self.settle()

    def settle(self, seconds: float = 0.5) -> None:
        """Wait until what was drawn last is on the screen."""
        time.sleep(seconds)

    def press(self, *keys: str) -> None:
        """Press keys, by their names in X: ``Return``, ``ctrl+z``."""
        for key in keys:
            self._tool("key", "--clearmodifiers", key)
            self.settle(0.15)

    def type(self, text: str) -> None:
        """Type a text, key by key; a character that no key has is typed as its number in Unicode, as GTK lets one."""
        for character in text:
            if character.isascii():
                self._tool("key", f"U{ord(character):X}")
            else:
                self._tool("key", "ctrl+shift+u", *f"{ord(character):x}", "space")
        self.settle(0.3)

    def move(self, x: float, y: float) -> None:
        """Move the mouse."""
        self._tool("mousemove", round(x), round(y))
        self.settle(0.2)

    def click(self, x: float, y: float, *, holding: str | None = None) -> None:
        """Click with the left button, perhaps while a key is held down."""
        self.move(x, y)
        if holding:
            self._tool("keydown", holding)
        self._tool("click", 1)
        if holding:
            self._tool("keyup", holding)
        self.settle()

    def picture(self, file: Path) -> Path:
        """Save what the screen shows as a small PNG."""
        self.settle()
        subprocess.run(["import", "-window", "root", file], env=self._environment, check=True)
        subprocess.run(["convert", file, "-strip", "+dither", "-colors", "128", f"PNG8:{file}"], check=True)
        return file


class ScreenWindow(Window):
    """A workbook that fills the screen."""

    screen: Screen

    @classmethod
    def of(cls, window: Window, screen: Screen) -> ScreenWindow:
        """Return a window on a screen."""
        found = cls(window._office, window._session, window._number, window._directory)
        found.screen = screen
        return found

    def fill_screen(self) -> None:
        """Make the window as large as the screen."""
        self._ask("fill_screen")
        self.screen.settle(1.5)

    def place(self, name: str, *, in_menu_bar: bool = False, number: int = 0) -> tuple[float, float]:
        """Return the middle of what has a name in the window."""
        found, end = self._ask("find", name=name)
        x, y, width, height = [place for is_menu, *place in found if is_menu == in_menu_bar][number]
        top = self.screen.top() if in_menu_bar else y + SIZE[1] - end  # the menu bar is the first thing in the window
        return x + width / 2, top + height / 2

    def cell_place(self, sheet: str, cell: str) -> tuple[float, float]:
        """Return the left end of a cell in sight, halfway up."""
        (x, y, _, height), end = self._ask("cell_place", sheet=sheet, cell=cell)
        return x, y + height / 2 + SIZE[1] - end

    def click_on(self, name: str, **which: int) -> None:
        """Click on what has a name in the window."""
        self.screen.click(*self.place(name, **which))

    def select(self, sheet: str, cell: str) -> None:
        """Put the cursor into a cell."""
        self._ask("select", sheet=sheet, cell=cell)
        self.screen.settle()

    def cursor(self) -> tuple[str, str]:
        """Return the sheet in front, and what is selected on it."""
        return tuple(self._ask("cursor"))

    def scroll(self, row: int = 0, column: int = 0, zoom: int = 100) -> None:
        """Show a cell in the upper left corner."""
        self._ask("scroll", row=row, column=column, zoom=zoom)
        self.screen.settle()
