"""Make the pictures of the manuals: ``.venv/bin/python scripts/screenshots.py`` writes them into docs/images.

They show the real program, LibreOffice with the extension, driven by mouse and keyboard on a screen of its own; the
page of the overview is shown by Chromium. With the names of scenes only those are taken: ``screenshots.py roster``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import environment
import region

sys.path.insert(0, str(environment.ROOT / "tests"))

import workbooks
from gongkai import template
from gongkai.collection.roster_form import SHEET as ROSTER_SHEET
from gongkai.edition import COVER_SHEET, by_name
from gongkai.marking import FIRST_ROW, RESULT_SHEET
from gongkai.outputs.overview import SHEET as OVERVIEW_SHEET
from gongkai.outputs.registers import COVERAGE_SHEET
from gongkai.report import Report, Unit
from libreoffice.extension import built
from libreoffice.screen import Screen, ScreenWindow, lacking
from xlwings_addin import messages

IMAGES = environment.ROOT / "docs" / "images"
LARGEST = 150_000
"""Bytes of a picture."""
EDITION = "2021"
APPLICATIONS, PUBLISHED = workbooks.APPLICATIONS, workbooks.TABLES
UNIT = Unit(name="示例县农业农村局", code="11000000MB0000000X", level="county", kind="department")
DOUBTFUL = {f"documents.normative_documents.{key}": n for key, n in (("issued", 8), ("repealed", 0), ("in_force", 5))}
"""More issued than in force: no error, but it wants a reason."""
FAULTS = {
    **DOUBTFUL,
    "licensing.administrative_licensing.decisions": None,
    "fees.administrative_fees.amount": "12.5万元",
    "applications.received.natural_person": 29,
    "applications.received.total": 480,
}
FILLED_TO = 11
"""The last row that is filled while the table is being filled."""
WHY = "年中集中清理，已废止的文件没有计入。"
ALERT = "填写的内容不符合要求"
SUMMARY, PAGE = "汇总.xlsx", "概览.html"
MERGE = (
    "merge", region.REPORTS, "-o", SUMMARY, "--region", region.CITY, "--year", str(region.YEAR),
    "--roster", region.ROSTER, "--prior", region.PRIOR, "--html", PAGE,
)  # fmt: skip
BROWSER_SIZE = 1280, 760


class Album:
    """The pictures, taken one after the other."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.screen, self.folder = screen, folder

    def take(self, name: str) -> None:
        """Take a picture of the screen, with the mouse out of the way."""
        self.weigh(self.screen.picture(IMAGES / f"{name}.png"))

    def weigh(self, file: Path) -> None:
        """Say how large a picture is, and stop where it is too large for a manual."""
        size = file.stat().st_size
        environment.say(f"{file.relative_to(environment.ROOT)}  {size // 1000} KB")
        if size > LARGEST:
            environment.stop(f"{file.name} 太大")

    def show(self, name: str, content: bytes) -> ScreenWindow:
        """Open a workbook."""
        file = self.folder / name
        file.write_bytes(content)
        window = self.screen.show(file)
        self.rest()
        return window

    def rest(self) -> None:
        """Move the mouse to where it covers nothing and nothing explains itself."""
        self.screen.move(1275, 795)
        self.screen.settle(1)

    def message(self, window: ScreenWindow, name: str) -> None:
        """Click on 验证, take a picture of the message, and close it."""
        window.click_on("验证")
        self.screen.wait_for_window(messages.TITLE)
        self.rest()
        self.take(name)
        self.screen.press("Return")
        self.screen.wait_for_window(messages.TITLE, gone=True)

    # --- the scenes

    def blank(self) -> None:
        """Show the template as it is handed out."""
        window = self.show("政府信息公开年报统计表-2021年版.xlsx", template.blank(by_name(EDITION)))
        window.select(COVER_SHEET, "C4")
        self.take("cover-blank")
        window.close()

    def filling(self) -> None:
        """Show a table while it is filled: the prompt at the cell, and what a negative count gets."""
        items = [item for item in by_name(EDITION).items if item.table == "applications" and item.box.top > FILLED_TO]
        half = workbooks.changed(workbooks.clean(EDITION, unit=UNIT), {item.key: None for item in items})
        window = self.show("示例县农业农村局-2023.xlsx", filled(half))
        window.select(APPLICATIONS, "D12")
        self.screen.press("Right", "Left")
        self.take("entry-prompt")
        self.screen.type("-5")
        self.screen.press("Return")
        self.screen.wait_for_window(ALERT)
        self.take("entry-alert")
        self.screen.press("Escape", "Escape")
        window.close()

    def faults(self) -> None:
        """Show a report with faults: message, painted cells, the list, an explanation."""
        faulty = workbooks.changed(workbooks.clean(EDITION, unit=UNIT), FAULTS)
        window = self.show("示例县农业农村局-2023.xlsx", filled(faulty))
        window.select(PUBLISHED, "A1")
        self.message(window, "message-faults")
        self.take("painted-cells")
        self.rest()
        window.click_on("政务公开", in_menu_bar=True)
        self.screen.settle(1)
        self.take("menu-and-toolbar")
        self.screen.press("Escape")
        window.select(RESULT_SHEET, "A2")
        window.scroll(zoom=75)
        self.take("result-sheet")
        window.close()

    def explanation(self) -> None:
        """Show a report that only wants a reason: the reason typed, and the message when it passes."""
        doubtful = workbooks.changed(workbooks.clean(EDITION, unit=UNIT), DOUBTFUL)
        window = self.show("示例县农业农村局-2023.xlsx", filled(doubtful))
        window.click_on("验证")
        self.screen.wait_for_window(messages.TITLE)
        self.screen.press("Return")
        window.select(RESULT_SHEET, f"I{FIRST_ROW}")
        window.scroll(zoom=75)
        self.rest()
        self.screen.type(WHY)
        self.take("explanation")
        self.screen.press("Return")
        self.message(window, "message-passed")
        window.close()

    def button_in_sheet(self) -> None:
        """Show the button in the sheets of the .xlsm."""
        file = environment.ROOT / "templates" / f"政府信息公开年报统计表-{EDITION}年版.xlsm"
        window = self.show(file.name, file.read_bytes())
        window.select(PUBLISHED, "B5")
        self.take("button-in-sheet")
        window.close()

    # --- the scenes of the office

    def city(self) -> Path:
        """Return the folder of a city whose reports were merged."""
        folder = self.folder / region.CITY
        if not folder.exists():
            region.main(folder)
            done = subprocess.run([sys.executable, "-m", "gongkai", *MERGE], cwd=folder, check=False)
            if not (folder / PAGE).exists():
                environment.stop(f"汇总没有完成（退出码 {done.returncode}）")
        return folder

    def roster(self) -> None:
        """Show the roster, with the prompt at a cell and the list of a column."""
        window = self.show(region.ROSTER, (self.city() / region.ROSTER).read_bytes())
        window.scroll(zoom=60)
        window.select(ROSTER_SHEET, "J5")
        self.screen.press("Left", "Right")
        self.take("roster")
        window.close()

    def summary(self) -> None:
        """Show sheets of the summary: the charts, who filed what, and where a number comes from."""
        window = self.show(SUMMARY, (self.city() / SUMMARY).read_bytes())
        for name, sheet, cell, zoom in (
            ("summary-overview", OVERVIEW_SHEET, "A1", 75), ("summary-coverage", COVERAGE_SHEET, "A3", 70),
            ("summary-number", APPLICATIONS, "D6", 75),
        ):  # fmt: skip
            window.select(sheet, cell)
            window.scroll(zoom=zoom)
            self.rest()
            self.take(name)
        window.close()

    def page(self) -> None:
        """Show the page of the overview in a browser."""
        browser = shutil.which("chromium") or shutil.which("google-chrome")
        if browser is None:
            environment.stop("没有 chromium，无法显示概览网页")
        file, profile = IMAGES / "overview-page.png", self.folder / "chromium"
        quiet = (
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
        )  # fmt: skip
        size = ",".join(map(str, BROWSER_SIZE))
        where = (f"--user-data-dir={profile}", f"--window-size={size}", f"--screenshot={file}")
        subprocess.run([browser, *quiet, *where, (self.city() / PAGE).as_uri()], check=True, capture_output=True)
        smaller = (str(shutil.which("convert")), file, "-strip", "+dither", "-colors", "128", f"PNG8:{file}")
        subprocess.run(smaller, check=True)
        self.weigh(file)


def filled(report: Report) -> bytes:
    """Return the official workbook of a report."""
    return template.fill(by_name(EDITION), report)


def main() -> None:
    """Take every picture."""
    environment.install_desktop()
    if reason := lacking():
        environment.stop(reason)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gongkai-screenshots-") as folder, Screen(built(Path(folder))) as screen:
        album = Album(screen, Path(folder))
        scenes = (
            album.blank, album.filling, album.faults, album.explanation, album.button_in_sheet, album.roster,
            album.summary, album.page,
        )  # fmt: skip
        for scene in scenes:
            if scene.__name__ in sys.argv[1:] or not sys.argv[1:]:
                scene()


if __name__ == "__main__":
    main()
