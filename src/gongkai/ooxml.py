"""Workbooks in Office Open XML (.xlsx, .xlsm), read faithfully, fast and within bounds.

A workbook comes from a stranger: nothing it declares about its own sizes is believed, no entity is expanded, and
whatever is wrong with it surfaces as one ``WorkbookError`` whose reason a person can act on.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from contextlib import contextmanager
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar
from urllib.parse import unquote
from xml.parsers.expat import ExpatError

from gongkai.sheetxml import OnRow, SheetReader, read_date_styles, read_strings, unescape
from gongkai.xmlwalk import CHUNK, MAIN, RootError, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from gongkai.cell import Value
    from gongkai.xmlwalk import Enter, Leave

MAX_FILE = 32 << 20
"""Bytes of a workbook file."""

MAX_PART = 16 << 20
"""Bytes of one part as it comes out of the package, whatever the package says about it."""

MAX_LIST = 256 << 20
"""The same for the lists of a summary, which are read row by row and never held."""

MAX_REMEMBERED = 1 << 16
"""Bytes of a part whose meaning is remembered."""

MAX_ENTRIES, MAX_SHEETS, MAX_STRINGS = 2_000, 256, 200_000

_Parsed = TypeVar("_Parsed")

Reason = Literal[
    "empty",  # no bytes at all
    "not-zip",  # neither a package nor anything else that is known here
    "truncated",  # a package that is cut off or does not match its checksums
    "encrypted",
    "ole",  # an old .xls or .et
    "word",
    "presentation",
    "opendocument",
    "xlsb",
    "not-workbook",  # a package without a workbook
    "damaged",  # a workbook that contradicts itself or is not well-formed
    "too-large",
    "unreadable",  # the operating system says no
]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOCAL_ENTRY, _CENTRAL_ENTRY, _NO_ENTRY = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_SIZE = 30
_ENCRYPTED_FLAG = 1

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
_OTHER_ROOTS: dict[str, Reason] = {"wordprocessingml": "word", "presentationml": "presentation"}
_OTHER_PARTS: dict[str, Reason] = {"word/": "word", "ppt/": "presentation", "xl/workbook.bin": "xlsb"}


class WorkbookError(Exception):
    """A workbook that cannot be read; ``reason`` says why, the text is a technical detail in English."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason

    def __reduce__(self) -> tuple[type[WorkbookError], tuple[Reason, str]]:
        """Travel between processes with both arguments."""
        return WorkbookError, (self.reason, str(self))


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

    def __init__(self, package: _Package, part: str, application: str | None) -> None:
        self.application = application
        self.main = part
        self._package = package
        listed, self._date1904 = _contents(package, part)
        self._relationships = package.relationships(part)
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
        with _naming(part):
            return reader.read(self._package.chunks(part), max_row, max_column)

    def each_row(self, sheet: str, max_row: int, max_column: int, on_row: OnRow) -> None:
        """Hand the rows of a long list to ``on_row``, in order; errors as in ``cells``."""
        part = self._parts[sheet]
        with _naming(part):
            self._reader.each_row(self._package.chunks(part, MAX_LIST), max_row, max_column, on_row)

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

    def content(self, part: str, limit: int = MAX_PART) -> bytes:
        """Return what a part holds; raise ``WorkbookError`` where it is missing, broken or has more bytes."""
        return b"".join(self._package.chunks(part, limit))

    def walk_part(
        self,
        part: str,
        root: str,
        enter: Enter,
        leave: Leave | None = None,
        *,
        known: Container[str] = MAIN,
        limit: int = MAX_PART,
    ) -> None:
        """Parse a part as ``xmlwalk.walk`` does; raise ``WorkbookError`` for whatever is wrong with it."""
        with _naming(part):
            walk(self._package.chunks(part, limit), root, enter, leave, known=known)

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
            with _naming(part):
                read_strings(self._package.chunks(part), add)
        return texts

    def _date_styles(self) -> frozenset[str]:
        part = self.styles
        return frozenset() if part is None else self._package.parsed(part, _read_date_styles)


def open_workbook(source: bytes | Path) -> Workbook:
    """Return the workbook in a file or in its bytes; raise ``WorkbookError`` when there is none that can be read."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                source = file.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:  # ValueError: a path that no system takes
            raise WorkbookError("unreadable", str(error)) from error
    _refuse_other_files(source)
    package = _Package(source)
    relationships = package.relationships("") if "_rels/.rels" in package else {}
    part = _single(relationships, "officeDocument")
    if part is None:
        raise WorkbookError(_other(package), "no main document")
    if part.lower().endswith(".bin"):
        raise WorkbookError("xlsb", f"{part} is binary")
    return Workbook(package, part, _application(package, relationships))


class _Package:
    """The parts of a zip package, by name without regard to case."""

    def __init__(self, data: bytes) -> None:
        if data.count(_CENTRAL_ENTRY) > MAX_ENTRIES:  # before zipfile makes an object of each
            raise WorkbookError("too-large", f"more than {MAX_ENTRIES} entries")
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise WorkbookError("truncated", str(error)) from error
        self._data = data
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED_FLAG:
                raise WorkbookError("encrypted", f"{entry.filename} is encrypted")
            if entry.is_dir():
                continue
            name = part_name(entry.filename)
            if name in self._entries:
                raise WorkbookError("damaged", f"two parts are named {name}")
            self._entries[name] = entry

    def __contains__(self, part: str) -> bool:
        return part in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def chunks(self, part: str, limit: int = MAX_PART) -> Iterator[bytes]:
        """Yield the content of a part; what is wrong with it shows at the latest after its last chunk."""
        entry = self._entries.get(part)
        if entry is None:
            raise WorkbookError("damaged", f"missing part {part}")
        begin = entry.header_offset
        header = self._data[begin : begin + _LOCAL_SIZE] if begin >= 0 else b""
        if len(header) < _LOCAL_SIZE or not header.startswith(_LOCAL_ENTRY):
            raise WorkbookError("truncated", f"{part} is not where it should be")
        name_size, extra_size = struct.unpack_from("<HH", header, 26)
        begin += _LOCAL_SIZE + name_size + extra_size
        packed = self._data[begin : begin + entry.compress_size]
        checksum = size = 0
        for chunk in _unpacked(packed, entry.compress_type, part):
            size += len(chunk)
            if size > limit:
                raise WorkbookError("too-large", f"{part} has more than {limit} bytes")
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        if checksum != entry.CRC:
            raise WorkbookError("truncated", f"{part} does not match its checksum")

    def parsed(self, part: str, parse: Callable[[bytes], _Parsed]) -> _Parsed:
        """Return what a part says, by a parser that remembers what it was asked."""
        content = b"".join(self.chunks(part))
        with _naming(part):
            return parse(content) if len(content) <= MAX_REMEMBERED else parse.__wrapped__(content)  # type: ignore[attr-defined]

    def relationships(self, part: str) -> Mapping[str, _Relationship]:
        """Return the relationships of a part (of the package for ``""``) by id, those to outside left out."""
        folder, name = posixpath.split(part)
        listed = self.parsed(posixpath.join(folder, "_rels", f"{name}.rels"), _read_relationships)
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
    if not data.startswith((_LOCAL_ENTRY, _NO_ENTRY)):
        raise WorkbookError("not-zip", f"begins with {data[:8]!r}")


@contextmanager
def _naming(part: str) -> Iterator[None]:
    """Say of which part a mistake is; ``LookupError`` is how expat reports an encoding that Python does not know."""
    try:
        yield
    except (ExpatError, ValueError, LookupError) as error:
        raise WorkbookError("damaged", f"{part}: {error}") from error


def _unpacked(packed: bytes, method: int, part: str) -> Iterator[bytes]:
    if method == zipfile.ZIP_STORED:
        for begin in range(0, len(packed), CHUNK):
            yield packed[begin : begin + CHUNK]
        return
    if method != zipfile.ZIP_DEFLATED:
        raise WorkbookError("damaged", f"{part} is compressed with method {method}")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while chunk := inflater.decompress(packed, CHUNK):
            yield chunk
            packed = inflater.unconsumed_tail
    except zlib.error as error:
        raise WorkbookError("truncated", f"{part}: {error}") from error
    if not inflater.eof:
        raise WorkbookError("truncated", f"{part} is cut off")


def part_name(path: str) -> str:
    """Return the one spelling of a part name: no leading slash, lower case, %-escapes decoded."""
    path = path.replace("\\", "/")
    if "%" in path:
        path = unquote(path)
    if "./" in path or "//" in path:
        path = posixpath.normpath(path)
    return path.lstrip("/").lower()


def _single(relationships: Mapping[str, _Relationship], kind: str) -> str | None:
    """Return the part that the relationship of a kind leads to, of which there can be one at most."""
    targets = {relationship.target for relationship in relationships.values() if relationship.kind == kind}
    if len(targets) > 1:
        raise WorkbookError("damaged", f"{len(targets)} parts for {kind}")
    return targets.pop() if targets else None


def _contents(package: _Package, part: str) -> tuple[list[tuple[str, str]], bool]:
    """Return (name, relationship id) of the sheets that a workbook part lists, and whether its days count from 1904."""
    listed: list[tuple[str, str]] = []
    date1904 = False

    def enter(path: str, attributes: dict[str, str]) -> None:
        nonlocal date1904
        if path == "workbook/sheets/sheet":
            identifier = next((attributes[name] for name in _ID_NAMES if name in attributes), "")
            listed.append((unescape(attributes.get("name", "")), identifier))
            if len(listed) > MAX_SHEETS:
                raise WorkbookError("too-large", f"more than {MAX_SHEETS} sheets")
        elif path == "workbook/workbookPr":
            date1904 = attributes.get("date1904") in {"1", "true"}

    with _naming(part):
        try:
            walk(package.chunks(part), "workbook", enter)
        except RootError as error:
            reason: Reason = next((kind for word, kind in _OTHER_ROOTS.items() if word in error.name), "not-workbook")
            raise WorkbookError(reason, f"{part}: {error}") from error
    return listed, date1904


def _application(package: _Package, relationships: Mapping[str, _Relationship]) -> str | None:
    parts = [_single(relationships, kind) for kind in ("extended-properties", "extendedProperties")]
    names = [package.parsed(part, _read_application) for part in parts if part is not None and part in package]
    return "".join(names).strip() or None


# --- parts that thousands of workbooks made from one template have in common, byte for byte


@lru_cache(maxsize=64)
def _read_relationships(content: bytes) -> tuple[tuple[str, str, str], ...]:
    """Return (id, kind, target) of each relationship, those to outside left out."""
    found: dict[str, tuple[str, str, str]] = {}

    def enter(path: str, attributes: dict[str, str]) -> None:
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
def _read_date_styles(content: bytes) -> frozenset[str]:
    return frozenset(read_date_styles(iter((content,))))


@lru_cache(maxsize=64)
def _read_application(content: bytes) -> str:
    names: list[str] = []

    def leave(path: str, text: str) -> None:
        if path == "Properties/Application":
            names.append(text)

    walk((content,), "Properties", lambda *_: None, leave, known=_PROPERTIES)
    return "".join(names)


def _other(package: _Package) -> Reason:
    """Return what a package is that has no main document of this kind."""
    if "mimetype" in package and b"".join(package.chunks("mimetype")).startswith(b"application/vnd.oasis."):
        return "opendocument"
    for prefix, reason in _OTHER_PARTS.items():
        if any(name.startswith(prefix) for name in package):
            return reason
    return "damaged" if "xl/workbook.xml" in package else "not-workbook"
