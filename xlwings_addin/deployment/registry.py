"""Reading the Windows registry, in a form that tests can stand in for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Protocol

Value = str | int | bytes


class Registry(Protocol):
    r"""What is asked of the registry. Keys look like ``HKCU\Software\…``; what does not exist is empty."""

    def values(self, key: str) -> Mapping[str, Value]:
        """Return the values of a key, their names in lower case; the default value's name is empty."""

    def keys(self, key: str) -> tuple[str, ...]:
        """Return the names of the keys right below a key."""


class NoRegistry:
    """The registry of a system that has none."""

    def values(self, key: str) -> Mapping[str, Value]:  # noqa: ARG002 - as in the protocol
        """Return nothing."""
        return {}

    def keys(self, key: str) -> tuple[str, ...]:  # noqa: ARG002 - as in the protocol
        """Return nothing."""
        return ()


if sys.platform == "win32":
    import contextlib
    import winreg

    _ROOTS = {
        "HKCU": winreg.HKEY_CURRENT_USER,
        "HKLM": winreg.HKEY_LOCAL_MACHINE,
        "HKCR": winreg.HKEY_CLASSES_ROOT,
    }
    _VIEWS = (winreg.KEY_WOW64_64KEY, winreg.KEY_WOW64_32KEY)
    """Excel, WPS and Python may each be of either width, and each writes into its own half."""

    class WindowsRegistry:
        """The registry of this computer, both halves of it; the 64-bit half counts where they differ."""

        def values(self, key: str) -> Mapping[str, Value]:
            """Return the values of a key."""
            found: dict[str, Value] = {}
            for view in _VIEWS:
                with contextlib.suppress(OSError), _open(key, view) as handle:
                    for number in range(winreg.QueryInfoKey(handle)[1]):
                        name, value, _ = winreg.EnumValue(handle, number)
                        if isinstance(value, str | int | bytes):
                            found.setdefault(name.lower(), value)
            return found

        def keys(self, key: str) -> tuple[str, ...]:
            """Return the names of the keys right below a key."""
            found: dict[str, None] = {}
            for view in _VIEWS:
                with contextlib.suppress(OSError), _open(key, view) as handle:
                    for number in range(winreg.QueryInfoKey(handle)[0]):
                        found[winreg.EnumKey(handle, number)] = None
            return tuple(found)

    def _open(key: str, view: int) -> winreg.HKEYType:
        root, _, path = key.partition("\\")
        return winreg.OpenKey(_ROOTS[root], path, 0, winreg.KEY_READ | view)


def this_computers() -> Registry:
    """Return the registry of the computer we run on."""
    if sys.platform == "win32":
        return WindowsRegistry()
    return NoRegistry()
