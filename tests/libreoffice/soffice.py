"""One soffice with a profile of its own. Runs under a Python that has ``uno``; nothing needs more than Python 3.8."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import uuid
from pathlib import Path
from xml.sax.saxutils import escape

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from unopkg import install

START_SECONDS = 60
GOODBYE_SECONDS = 5
RESTART_REQUESTED = 81  # soffice.bin asks for a second start after it has set up a fresh profile

SERIF = ("宋体", "SimSun", "NSimSun", "新宋体", "仿宋", "FangSong", "仿宋_GB2312", "楷体", "KaiTi", "方正小标宋简体")
SANS = ("黑体", "SimHei", "微软雅黑", "Microsoft YaHei", "等线", "DengXian")

NEVER = "1"
SETTINGS = (
    # What an ordinary installation does with cached results; a caller who wants more asks for a recalculation.
    ("/org.openoffice.Office.Calc/Formula/Load", "OOXMLRecalcMode", NEVER),
    ("/org.openoffice.Office.Calc/Formula/Load", "ODFRecalcMode", NEVER),
    ("/org.openoffice.Office.Common/Misc", "FirstRun", "false"),
    ("/org.openoffice.Office.Common/Misc", "ShowTipOfTheDay", "false"),
    ("/org.openoffice.Office.Common/Save/Document", "WarnAlienFormat", "false"),
    # No .~lock files beside the workbooks under test.
    ("/org.openoffice.Office.Common/Misc", "UseLocking", "false"),
    ("/org.openoffice.Office.Common/Misc", "UseDocumentSystemFileLocking", "false"),
    ("/org.openoffice.Office.Common/Misc", "UseDocumentOOoLockFile", "false"),
    # Chinese numbers, dates and paper, whatever the machine speaks.
    ("/org.openoffice.Setup/L10N", "ooSetupSystemLocale", "zh-CN"),
    ("/org.openoffice.Office.Linguistic/General", "DefaultLocale_CJK", "zh-CN"),
)
ON_SCREEN = (
    # Menus and messages as a clerk reads them, and nothing on the screen that is not about the workbook.
    ("/org.openoffice.Office.Linguistic/General", "UILocale", "zh-CN"),
    ("/org.openoffice.Setup/L10N", "ooLocale", "zh-CN"),
)
INODE = 6  # column of /proc/net/unix; the path follows


def write_profile(directory, more=()):
    """Write a fresh user profile below ``directory`` and return it."""
    items = "".join(
        f'<item oor:path="{path}"><prop oor:name="{name}" oor:op="fuse"><value>{escape(value)}</value></prop></item>\n'
        for path, name, value in (*SETTINGS, *more)
    )
    user = directory / "profile" / "user"
    user.mkdir(parents=True)
    (user / "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<oor:items xmlns:oor="http://openoffice.org/2001/registry">\n'
        f"{items}</oor:items>\n",
        encoding="utf-8",
    )
    return user.parent


def write_fonts(directory):
    """Write a fontconfig file that stands Noto in for the fonts of Chinese Windows, and return it."""
    aliases = "".join(
        f'<match target="pattern"><test name="family"><string>{name}</string></test>'
        f'<edit name="family" mode="assign" binding="strong"><string>{substitute}</string></edit></match>\n'
        for names, substitute in ((SERIF, "Noto Serif CJK SC"), (SANS, "Noto Sans CJK SC"))
        for name in names
    )
    path = directory / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n<fontconfig>\n'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n{aliases}</fontconfig>\n',
        encoding="utf-8",
    )
    return path


def properties(**values):
    """Return ``values`` as UNO takes named arguments."""
    return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())


class Soffice:
    """One private soffice process and a connection to it; without a ``screen`` it is headless."""

    def __init__(self, executable, directory, extension=None, screen=None):
        self.directory, self.screen = directory, screen
        pipe = f"gongkai_{uuid.uuid4().hex}"
        profile = write_profile(directory, ON_SCREEN if screen else ())
        if extension:
            install(executable, profile, extension)
        self._command = [
            executable,
            f"-env:UserInstallation={profile.as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
            *([] if screen else ["--headless"]),
            "--norestore",
            "--nologo",
            "--nodefault",
        ]
        # Its temporary files go with the directory even when it is killed.
        self._environment = {**os.environ, "FONTCONFIG_FILE": str(write_fonts(directory)), "TMPDIR": str(directory)}
        if screen:
            self._environment.update(DISPLAY=screen, SAL_USE_VCLPLUGIN="gtk3", GDK_BACKEND="x11")
        self._launch()
        context = self._connect(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
        self.context = context
        self.create = lambda name: context.ServiceManager.createInstanceWithContext(name, context)
        self.desktop = self.create("com.sun.star.frame.Desktop")
        self.dispatcher = self.create("com.sun.star.frame.DispatchHelper")

    def _launch(self):
        self.process = subprocess.Popen(
            self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def _connect(self, url):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            try:
                return resolver.resolve(url)
            except NoConnectException:
                code = self.process.poll()
                if code == RESTART_REQUESTED:
                    self._launch()
                elif code is not None:
                    raise RuntimeError(f"soffice ended with code {code} before it could be reached") from None
                time.sleep(0.02)
        raise RuntimeError(f"soffice could not be reached within {START_SECONDS} s")

    def open_as_user(self, path):
        """Open a file as a double click does, in the one thread that a screen can be drawn from; return the document."""
        subprocess.run([*self._command[:2], path], env=self._environment, stdin=subprocess.DEVNULL, check=True)
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            for document in self.desktop.Components:
                if getattr(document, "URL", "") == uno.systemPathToFileUrl(path) and document.CurrentController:
                    return document
            time.sleep(0.1)
        raise RuntimeError(f"{path} was not opened within {START_SECONDS} s")

    def sockets(self):
        """Return the files of the sockets soffice listens at, which somebody must remove if it is killed."""
        try:
            descriptors = Path(f"/proc/{self.process.pid}/fd").iterdir()
            inodes = {os.readlink(descriptor)[len("socket:[") : -1] for descriptor in descriptors}  # noqa: PTH115 - Python 3.8
            lines = [line.split() for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()]
        except OSError:  # not Linux, or a descriptor closed meanwhile: two small files may stay behind
            return []
        return sorted({line[-1] for line in lines if len(line) > INODE + 1 and line[INODE] in inodes})

    def stop(self):
        """Ask soffice to end, and end it when it does not."""
        with contextlib.suppress(Exception):  # it may be gone already: then the connection breaks
            self.desktop.terminate()
        try:
            self.process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
