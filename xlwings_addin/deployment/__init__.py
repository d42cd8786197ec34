"""Getting the button onto a computer: installing, removing, looking what is in the way, and packing for offline use."""

from __future__ import annotations


class InstallError(Exception):
    """The button cannot be installed or removed; the text says, in Chinese, why and what to do."""
