"""Workbooks in Office Open XML (.xlsx, .xlsm), read faithfully, fast and within bounds.

A workbook comes from a stranger: nothing it declares about its own sizes is believed, no entity is expanded, and
whatever is wrong with it surfaces as one ``WorkbookError`` whose reason a person can act on.
"""

from __future__ import annotations

import posixpath
import stat
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gongkai.package import (
    LOCAL_ENTRY,
    NO_ENTRY,
    OUR_OWN,
    STRANGERS,
    Bounds,
    Package,
    Reason,
    WorkbookError,
    each_part,
    naming,
    part_name,
)
from gongkai.sheetxml import OnRow, SheetReader, read_date_styles, read_strings
from gongkai.stored import unescape
from gongkai.xmlwalk import MAIN, RootError, walk

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from gongkai.cell import Value
    from gongkai.xmlwalk import Enter, Leave

__all__ = ["OUR_OWN", "Workbook", "WorkbookError", "each_part", "open_workbook"]

MAX_FILE = 24 << 20
"""Bytes of a workbook file."""

MAX_SHEETS, MAX_STRINGS = 256, 200_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKAGE_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_RELATIONSHIPS = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/relationships",
)
_ID_NAMES = tuple(f"{namespace} id" for namespace in _RELATIONSHIPS)
_PROPERTIES = (
    "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties",
    "http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
)
_TRUTH = {"1": True, "true": True, "0": False, "false": False}
_OTHER_ROOTS: dict[str, Reason] = {"wordprocessingml": "word", "presentationml": "presentation"}
_OTHER_PARTS: dict[str, Reason] = {"word/": "word", "ppt/": "presentation", "xl/workbook.bin": "xlsb"}


class _Relationship(NamedTuple):
    kind: str  # the last segment of its type, "" when the type is none of the standard's
    target: str  # a part name


class Workbook:
    """A workbook in memory; its sheets are parsed when asked for.

    ``sheets``: the names of the worksheets in workbook order, hidden ones included, chart sheets not.
    ``application``: the program that saved it, ``None`` when it does not say.
    ``main``: the name of its main part; names of parts are in lower case.
    """

    sheets: tuple[str, ...]
    application: str | None
    main: str

    def __init__(self, package: Package, part: str, application: str | None) -> None:
        self.application = application
        self.main = part
        self._package = package
        listed, self._date1904 = _contents(package, part)
        self._relationships = _relationships(package, part)
        self._parts: dict[str, str] = {}
        for name, identifier in listed:
            relationship = self._relationships.get(identifier)
            if relationship is None:
                raise WorkbookError("damaged", f"sheet {name!r} refers to nothing")
            if relationship.kind != "worksheet":
                continue
            if not name or name in self._parts:
                raise WorkbookError("damaged", f"two sheets are named {name!r}, or one is not named")
            if relationship.target not in package:
                raise WorkbookError("damaged", f"missing part {relationship.target}")
            self._parts[name] = relationship.target
        self.sheets = tuple(self._parts)

    def cells(self, sheet: str, max_row: int = 200, max_column: int = 64) -> dict[tuple[int, int], Value]:
        """Return (row, column), both from 1, -> value of the cells of a sheet; blank cells are absent.

        Cells beyond the bounds are left out. Raise ``KeyError`` for a name that is not in ``sheets`` and
        ``WorkbookError`` for a sheet that cannot be read without guessing.
        """
        part, reader = self._parts[sheet], self._reader
        with naming(part):
            return reader.read(self._package.chunks(part), max_row, max_column)

    def each_row(self, sheet: str, max_row: int, max_column: int, on_row: OnRow) -> None:
        """Hand the rows of a long list to ``on_row``, in order; errors as in ``cells``."""
        part = self._parts[sheet]
        with naming(part):
            self._reader.each_row(self._package.long_chunks(part), max_row, max_column, on_row)

    def part(self, sheet: str) -> str:
        """Return the name of the part that holds a sheet; raise ``KeyError`` for a name that is not in ``sheets``."""
        return self._parts[sheet]

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of all parts of the package."""
        return tuple(self._package)

    @property
    def styles(self) -> str | None:
        """The name of the part that holds the styles."""
        return _single(self._relationships, "styles")

    def content(self, part: str) -> bytes:
        """Return what a part holds; raise ``WorkbookError`` where it is missing, broken or too large."""
        return b"".join(self._package.chunks(part))

    def walk_part(
        self,
        part: str,
        root: str,
        enter: Enter,
        leave: Leave | None = None,
        *,
        known: Container[str] = MAIN,
    ) -> None:
        """Parse a part as ``xmlwalk.walk`` does; raise ``WorkbookError`` for whatever is wrong with it."""
        with naming(part):
            walk(self._package.chunks(part), root, enter, leave, known=known)

    @cached_property
    def _reader(self) -> SheetReader:
        return SheetReader(self._strings(), self._date_styles(), date1904=self._date1904)

    def _strings(self) -> list[str]:
        texts: list[str] = []

        def add(text: str) -> None:
            texts.append(text)
            if len(texts) > MAX_STRINGS:
                raise WorkbookError("too-large", f"more than {MAX_STRINGS} shared strings")

        part = _single(self._relationships, "sharedStrings")
        if part is not None:
            with naming(part):
                read_strings(self._package.chunks(part), add)
        return texts

    def _date_styles(self) -> tuple[bool, ...]:
        part = self.styles
        return () if part is None else self._package.parsed(part, _read_date_styles)


def open_workbook(source: bytes | Path, bounds: Bounds = STRANGERS) -> Workbook:
    """Return the workbook in a file or in its bytes; raise ``WorkbookError`` when there is none that can be read."""
    if isinstance(source, Path):
        try:
            if not stat.S_ISREG(kind := source.stat().st_mode) and not stat.S_ISDIR(kind):
                raise WorkbookError("special", "a pipe, a socket or a device")  # it might keep us waiting for ever
            with source.open("rb") as file:
                source = file.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:  # ValueError: a path that no system takes
            raise WorkbookError("unreadable", str(error)) from error
    _refuse_other_files(source)
    package = Package(source, bounds)
    relationships = _relationships(package, "") if "_rels/.rels" in package else {}
    part = _single(relationships, "officeDocument")
    if part is None:
        raise WorkbookError(_other(package), "no main document")
    if part.lower().endswith(".bin"):
        raise WorkbookError("xlsb", f"{part} is binary")
    return Workbook(package, part, _application(package, relationships))


def _relationships(package: Package, part: str) -> Mapping[str, _Relationship]:
    """Return the relationships of a part (of the package for ``""``) by id, those to outside left out."""
    folder, name = posixpath.split(part)
    listed = package.parsed(posixpath.join(folder, "_rels", f"{name}.rels"), _read_relationships)
    return {
        identifier: _Relationship(kind, part_name(posixpath.join("/", folder, target)))
        for identifier, kind, target in listed
    }


def _refuse_other_files(data: bytes) -> None:
    if not data:
        raise WorkbookError("empty", "no bytes")
    if len(data) > MAX_FILE:
        raise WorkbookError("too-large", f"more than {MAX_FILE} bytes")
    if data.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in data
        raise WorkbookError("encrypted" if encrypted else "ole", "an OLE compound file")
    if not data.startswith((LOCAL_ENTRY, NO_ENTRY)):
        raise WorkbookError("not-zip", f"begins with {data[:8]!r}")


def _single(relationships: Mapping[str, _Relationship], kind: str) -> str | None:
    """Return the part that the relationship of a kind leads to, of which there can be one at most."""
    targets = {relationship.target for relationship in relationships.values() if relationship.kind == kind}
    if len(targets) > 1:
        raise WorkbookError("damaged", f"{len(targets)} parts for {kind}")
    return targets.pop() if targets else None


def _contents(package: Package, part: str) -> tuple[list[tuple[str, str]], bool]:
    """Return (name, relationship id) of the sheets that a workbook part lists, and whether its days count from 1904."""
    listed: list[tuple[str, str]] = []
    met: set[str] = set()
    date1904 = False

    def enter(path: str, attributes: dict[str, str]) -> None:
        nonlocal date1904
        if path == "workbook/sheets/sheet":
            identifier = next((attributes[name] for name in _ID_NAMES if name in attributes), "")
            listed.append((unescape(attributes.get("name", "")), identifier))
            if len(listed) > MAX_SHEETS:
                raise WorkbookError("too-large", f"more than {MAX_SHEETS} sheets")
        elif path in {"workbook/sheets", "workbook/workbookPr"}:
            if path in met:
                raise ValueError(f"two {path}")
            met.add(path)
            date1904 = date1904 or _TRUTH[attributes.get("date1904", "0")]

    with naming(part):
        try:
            walk(package.chunks(part), "workbook", enter)
        except RootError as error:
            reason: Reason = next((kind for word, kind in _OTHER_ROOTS.items() if word in error.name), "not-workbook")
            raise WorkbookError(reason, f"{part}: {error}") from error
    return listed, date1904


def _application(package: Package, relationships: Mapping[str, _Relationship]) -> str | None:
    parts = [_single(relationships, kind) for kind in ("extended-properties", "extendedProperties")]
    names = [package.parsed(part, _read_application) for part in parts if part is not None and part in package]
    return "".join(names).strip() or None


# --- parts that thousands of workbooks made from one template have in common, byte for byte


@lru_cache(maxsize=64)
def _read_relationships(content: bytes) -> tuple[tuple[str, str, str], ...]:
    """Return (id, kind, target) of each relationship, those to outside left out."""
    found: dict[str, tuple[str, str, str]] = {}

    def enter(path: str, attributes: dict[str, str]) -> None:
        if path.endswith(" Relationship"):
            raise ValueError("a relationship in another namespace")
        if path != "Relationships/Relationship" or attributes.get("TargetMode") == "External":
            return
        identifier = attributes.get("Id", "")
        if identifier in found:
            raise ValueError(f"two relationships {identifier!r}")
        standard, _, kind = attributes.get("Type", "").rpartition("/")
        target = attributes.get("Target", "").replace("\\", "/")
        found[identifier] = identifier, kind if standard in _RELATIONSHIPS else "", target

    walk((content,), "Relationships", enter, known={_PACKAGE_RELATIONSHIPS})
    return tuple(found.values())


@lru_cache(maxsize=64)
def _read_date_styles(content: bytes) -> tuple[bool, ...]:
    return tuple(read_date_styles(iter((content,))))


@lru_cache(maxsize=64)
def _read_application(content: bytes) -> str:
    names: list[str] = []

    def leave(path: str, text: str) -> None:
        if path == "Properties/Application":
            names.append(text)

    walk((content,), "Properties", lambda *_: None, leave, known=_PROPERTIES)
    return "".join(names)


def _other(package: Package) -> Reason:
    """Return what a package is that has no main document of this kind."""
    if "mimetype" in package and b"".join(package.chunks("mimetype")).startswith(b"application/vnd.oasis."):
        return "opendocument"
    for prefix, reason in _OTHER_PARTS.items():
        if any(name.startswith(prefix) for name in package):
            return reason
    return "damaged" if "xl/workbook.xml" in package else "not-workbook"
