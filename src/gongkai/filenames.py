"""Names of files made from what somebody called a unit or a file."""

from __future__ import annotations

import re
import unicodedata

_FORBIDDEN = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
"""Windows takes these for devices, whatever follows the dot."""
_MOST_CHARACTERS, _MOST_BYTES = 90, 200
"""Of a name without its ending: 120 characters and 255 bytes, the most that file systems take, are kept with it."""


def safe_name(text: str) -> str:
    """Return a name that every file system takes and every mail program passes on."""
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", text))[:_MOST_CHARACTERS]
    name = name.encode()[:_MOST_BYTES].decode(errors="ignore").strip(" .")
    return f"_{name}" if not name or _RESERVED.match(name) else name
