"""Whether a workbook is the official template, unaltered but for its entry cells.

What a workbook is compared with is the template that ships with the kit, once that matches its own checksum.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from gongkai import macros, template
from gongkai.authenticity.alterations import Alteration, Comparison, texts
from gongkai.authenticity.anatomy import Anatomy, dissect
from gongkai.edition import editions, resource
from gongkai.messages import CHECKED
from gongkai.ooxml import open_workbook
from gongkai.sheets import DETAIL_SHEET, META_SHEET

SUMS = "SHA256SUMS"
_VERSION = (2, 2)


class NotTemplateError(Exception):
    """A workbook that is no template of this kit, or a kit that cannot tell; the text says, in Chinese, what to do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a template: ``identical`` is byte for byte, ``compiled`` whether it has code nobody can compare."""

    edition: str
    template_version: str | None
    official: str
    """The name of the template it was compared with."""
    digest: str
    alterations: tuple[Alteration, ...] = ()
    identical: bool = False
    compiled: bool = False

    def to_json(self, file: str) -> dict[str, object]:
        """Return it for programs to read."""
        return {
            "file": file, "official": not self.alterations, "identical": self.identical, "edition": self.edition,
            "template_version": self.template_version, "compiled_macros": self.compiled,
            "alterations": [alteration.to_json() for alteration in self.alterations],
        }  # fmt: skip

    def as_text(self, file: str) -> str:
        """Return it for people to read."""
        facts = {"name": self.official, "digest": self.digest, "edition": self.edition, "count": len(self.alterations)}
        said = "altered" if self.alterations else "identical" if self.identical else "official"
        lines = [f"{file}：{CHECKED[said].format(**facts)}"]
        lines += [f"  {alteration.message}" for alteration in self.alterations]
        if self.alterations:
            lines.append(CHECKED["advice"])
        elif self.compiled:
            lines.append(f"  {CHECKED['compiled']}")
        return "\n".join(lines)


def check(data: bytes) -> Verdict:
    """Compare a workbook with the official template it comes from.

    Raises ``WorkbookError`` for what is no readable workbook, ``NotTemplateError`` for what is no template of this kit.
    """
    digest = hashlib.sha256(data).hexdigest()
    for official in officials():
        if official.digest == digest:
            return Verdict(official.edition, template.TEMPLATE_VERSION, official.name, digest, identical=True)
    found = dissect(open_workbook(data))
    if DETAIL_SHEET in found.sheets:
        raise NotTemplateError(CHECKED["summary"])
    official = max(officials(), key=lambda official: _likeness(official.anatomy, found))
    if _likeness(official.anatomy, found) < _likeness(official.anatomy, official.anatomy) / 4:
        raise NotTemplateError(CHECKED["foreign"])
    comparison = Comparison(official.anatomy, found)
    meta = found.sheets.get(META_SHEET)
    version = meta.values.get(_VERSION) if meta else None
    return Verdict(
        official.edition, None if version is None else str(version), official.name, official.digest,
        tuple(comparison.alterations()), compiled=comparison.compiled,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Official:
    """One of the templates that ship with the kit."""

    name: str
    edition: str
    digest: str
    anatomy: Anatomy


@cache
def officials() -> tuple[_Official, ...]:
    """Return the shipped templates, those without macros first; raise ``NotTemplateError`` where they are not whole."""
    folder = resource("templates")
    try:
        sums = dict(line.split("  ")[::-1] for line in (folder / SUMS).read_text("utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise NotTemplateError(CHECKED["kit"].format(name=SUMS)) from error
    found = []
    for pattern in (template.FILE_NAME, macros.FILE_NAME):
        for edition in editions():
            name = pattern.format(edition=edition)
            try:
                data = (folder / name).read_bytes()
            except OSError as error:
                raise NotTemplateError(CHECKED["kit"].format(name=name)) from error
            digest = hashlib.sha256(data).hexdigest()
            if sums.get(name) != digest:
                raise NotTemplateError(CHECKED["kit"].format(name=name))
            found.append(_Official(name, edition, digest, dissect(open_workbook(data))))
    return tuple(found)


def _likeness(official: Anatomy, found: Anatomy) -> int:
    """Return how many of the printed texts are in place, less those of ``_meta`` that are not."""
    score = 0
    for name, sheet in official.sheets.items():
        there = found.sheets[name].values if name in found.sheets else {}
        printed = texts(sheet)
        score += sum(there.get(place) == text for place, text in printed.items())
        if name == META_SHEET:
            score -= sum(place not in there for place in printed)
    return score
