"""Which Excel and which WPS a Windows computer has, from the registry."""

from __future__ import annotations

import ntpath
from dataclasses import dataclass

from xlwings_addin.deployment.registry import Registry

_APP_PATHS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\App Paths"
_CLICK_TO_RUN = r"HKLM\SOFTWARE\Microsoft\Office\ClickToRun\Configuration"
_OFFICE = r"HKLM\SOFTWARE\Microsoft\Office"
_KINGSOFT = r"Kingsoft\Office\6.0\Common"
_RELEASES = ("16.0", "15.0", "14.0")
"""The versions Excel calls itself since 2010; everything newer than 2016 is 16.0 too."""
_BITS = {"x64": 64, "x86": 32}


@dataclass(frozen=True, slots=True)
class Excel:
    """An Excel: what it says its version is, the name of its registry keys, and how wide it is (0: not known)."""

    version: str
    office: str
    bits: int


def find(registry: Registry) -> Excel | None:
    """Return the Excel of this computer, or None."""
    path = _app_path(registry, "excel.exe")
    roots = {release: registry.values(rf"{_OFFICE}\{release}\Excel\InstallRoot").get("path") for release in _RELEASES}
    installed = next((release for release in _RELEASES if roots[release]), None)
    if not installed and not _is_excel(path):
        return None
    running = registry.values(_CLICK_TO_RUN)
    office = installed or _release(registry) or "16.0"
    version = running.get("versiontoreport")
    bits = running.get("platform") or registry.values(rf"{_OFFICE}\{office}\Outlook").get("bitness")
    return Excel(str(version or office), office, _BITS.get(str(bits).lower(), _width(str(roots.get(office) or path))))


def find_wps(registry: Registry) -> str | None:
    """Return where WPS is installed, or None."""
    for root in (r"HKCU\Software", r"HKLM\SOFTWARE", r"HKLM\SOFTWARE\WOW6432Node"):
        folder = registry.values(rf"{root}\{_KINGSOFT}").get("installroot")
        if isinstance(folder, str) and folder:
            return folder
    return _app_path(registry, "et.exe") or _app_path(registry, "wps.exe")


def automation_is_wps(registry: Registry) -> bool:
    """Tell whether a program that asks for Excel is given WPS instead."""
    number = str(registry.values(r"HKCR\Excel.Application\CLSID").get("", ""))
    server = str(registry.values(rf"HKCR\CLSID\{number}\LocalServer32").get("", "")).lower() if number else ""
    return any(f"\\{name}" in server for name in ("et.exe", "wps.exe", "ksolaunch.exe"))


def opens_xlsx(registry: Registry) -> str:
    """Return what the user has chosen to open workbooks with, or nothing."""
    key = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Explorer\FileExts\.xlsx\UserChoice"
    return str(registry.values(key).get("progid", ""))


def _app_path(registry: Registry, program: str) -> str | None:
    for root in ("HKLM", "HKCU"):
        path = registry.values(rf"{root}\{_APP_PATHS}\{program}").get("")
        if isinstance(path, str) and path:
            return path.strip('"')
    return None


def _is_excel(path: str | None) -> bool:
    return path is not None and ntpath.basename(path).lower() == "excel.exe"


def _release(registry: Registry) -> str | None:
    current = str(registry.values(r"HKCR\Excel.Application\CurVer").get("", ""))
    number = current.rpartition(".")[2]
    return f"{number}.0" if f"{number}.0" in _RELEASES else None


def _width(path: str) -> int:
    """Return how wide a program is by the folder it lies in; 0 if that does not tell."""
    return 32 if "(x86)" in path.lower() else 0
