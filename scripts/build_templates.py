"""Build the official workbooks under templates/ from the schema, with their checksums.

Run it after every change of the schema, the messages or the template; a test fails until it was run.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from gongkai import template
from gongkai.edition import editions

FOLDER = Path(__file__).resolve().parents[1] / "templates"


def main() -> None:
    """Write one workbook per edition, and SHA256SUMS."""
    FOLDER.mkdir(exist_ok=True)
    sums = []
    for edition in editions().values():
        name, data = template.FILE_NAME.format(edition=edition.name), template.blank(edition)
        (FOLDER / name).write_bytes(data)
        sums.append(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
        print(f"{name}  {len(data)} bytes")
    (FOLDER / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


if __name__ == "__main__":
    main()
