"""The validation stamp in ``_meta``: when a workbook passed, with what, and the digest of what it held then.

It lets an office see that numbers were changed after the last validation. It is no signature: whoever wants to forge
it can, and every workbook is validated anew wherever it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from gongkai.layout import Box
from gongkai.report import Report
from gongkai.sheets import META_KEYS

_KEYS = ("validated_at", "validated_with", "validated_digest")
_ROWS = [META_KEYS.index(key) + 1 for key in _KEYS]
CELLS = Box(_ROWS[0], 2, _ROWS[-1], 2)
"""Where the stamp stands in ``_meta``."""

NONE = ((None,), (None,), (None,))
"""What takes the place of a stamp in a workbook that does not pass."""

Stamp = tuple[tuple[str | None], ...]


def stamp(report: Report, program: str, now: datetime) -> Stamp:
    """Return the stamp, one row per cell of ``CELLS``; ``now`` knows its time zone."""
    return (now.isoformat(timespec="seconds"),), (program,), (report.digest(),)


def changed_since(report: Report, meta: Mapping[str, str]) -> bool:
    """Tell whether a report is stamped and is no longer what was validated."""
    digest = meta.get("validated_digest")
    return digest is not None and digest != report.digest()
