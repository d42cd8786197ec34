"""Build the official workbooks under templates/ from the schema, with their checksums, and the Excel add-in.

Run it after every change of the schema, the messages, the template or the macros; a test fails until it was run.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from gongkai import macros, template
from gongkai.edition import editions
from xlwings_addin import ribbon, vba_project

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES, ADDIN = ROOT / "templates", ROOT / "xlwings_addin" / ribbon.FILE_NAME


def main() -> None:
    """Write two workbooks per edition, without and with macros, SHA256SUMS, and the add-in."""
    TEMPLATES.mkdir(exist_ok=True)
    sums = []
    for edition in editions().values():
        for name, project in (
            (template.FILE_NAME, None),
            (macros.FILE_NAME, vba_project.of_edition(edition)),
        ):
            path = TEMPLATES / name.format(edition=edition.name)
            data = template.blank(edition, project=project)
            _write(path, data)
            sums.append(f"{hashlib.sha256(data).hexdigest()}  {path.name}\n")
    (TEMPLATES / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    _write(ADDIN, ribbon.build())


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    print(f"{path.name}  {len(data)} bytes")


if __name__ == "__main__":
    main()
