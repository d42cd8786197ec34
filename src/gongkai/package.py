"""A zip package from a stranger: its parts by name, within bounds, and never two readings of one file.

Nothing it declares about its own sizes is believed.
"""

from __future__ import annotations

import posixpath
import struct
import zipfile
import zlib
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar
from urllib.parse import unquote
from xml.parsers.expat import ExpatError

from gongkai.xmlwalk import CHUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MAX_ENTRIES = 2_000

MAX_LIST, MIN_LIST, MAX_LIST_RATIO = 256 << 20, 1 << 20, 20
"""Bytes of a list of a summary, which is read row by row and never held: at most, in any case, and for each byte in the
package. So what it costs is in proportion to what was sent; ours shrink to a fourteenth at best."""

MAX_COPIED = 32 << 20
"""Bytes of all parts of a workbook that is copied."""

MAX_REMEMBERED = 1 << 16
"""Bytes of a part whose meaning is remembered."""


class Bounds(NamedTuple):
    """How much of a workbook is read, as it comes out of the package, whatever that says about its sizes."""

    part: int
    """Bytes of one part."""
    parts: int
    """Bytes of all parts."""
    work: int
    """What it costs to parse them, see ``_work``."""


STRANGERS = Bounds(4 << 20, 8 << 20, 300_000)
"""For what is handed in: a third of a second, and twenty times what our template needs."""
OUR_OWN = Bounds(64 << 20, 128 << 20, 20_000_000)
"""For what the office made itself, such as its roster."""

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
    "special",  # a pipe, a socket, a device
]

LOCAL_ENTRY, _CENTRAL_ENTRY, NO_ENTRY = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_LOCAL_SIZE, _DESCRIPTOR = 30, 24
"""Bytes in front of the name of an entry, and at most behind its content."""
_ENCRYPTED_FLAG, _UTF_8_FLAG = 1, 1 << 11
_MANY = 0xFFFF_FFFF
"""What stands for a number that is in another record."""


class WorkbookError(Exception):
    """A workbook that cannot be read; ``reason`` says why, the text is a technical detail in English."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason

    def __reduce__(self) -> tuple[type[WorkbookError], tuple[Reason, str]]:
        """Travel between processes with both arguments."""
        return WorkbookError, (self.reason, str(self))


def each_part(data: bytes) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    """Yield the entries of a package in its order, each with its content.

    Raises ``WorkbookError`` where one of them is damaged, and where together they are larger than a copy is worth.
    """
    package, left = Package(data), MAX_COPIED
    for part in package:
        content = b"".join(package.content(part, left))
        left -= len(content)
        yield package.entry(part), content


class Package:
    """The parts of a zip package, by name without regard to case."""

    def __init__(self, data: bytes, bounds: Bounds = STRANGERS) -> None:
        if data.count(_CENTRAL_ENTRY) > MAX_ENTRIES:  # before zipfile makes an object of each
            raise WorkbookError("too-large", f"more than {MAX_ENTRIES} entries")
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                entries = archive.infolist()
                self._places = _places(data, entries, archive.start_dir)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as error:
            raise WorkbookError("truncated", str(error)) from error
        self._data = data
        self._bounds, self._read, self._worked = bounds, 0, 0
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            if entry.flag_bits & _ENCRYPTED_FLAG:
                raise WorkbookError("encrypted", f"{entry.filename} is encrypted")
            if not entry.filename or entry.is_dir():
                continue
            name = part_name(entry.filename)
            if name in self._entries:
                raise WorkbookError("damaged", f"two parts are named {name}")
            self._entries[name] = entry

    def __contains__(self, part: str) -> bool:
        return part in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def chunks(self, part: str) -> Iterator[bytes]:
        """Yield the content of a part; what is wrong with it shows at the latest after its last chunk."""
        for chunk in self.content(part, self._bounds.part):
            self._read += len(chunk)
            self._worked += _work(chunk)
            if self._read > self._bounds.parts or self._worked > self._bounds.work:
                raise WorkbookError("too-large", f"{part} and the parts before it say too much")
            yield chunk

    def long_chunks(self, part: str) -> Iterator[bytes]:
        """Yield the content of a part that may be as long as what was sent for it is."""
        return self.content(part, min(MAX_LIST, max(MIN_LIST, self.entry(part).compress_size * MAX_LIST_RATIO)))

    def entry(self, part: str) -> zipfile.ZipInfo:
        """Return what the directory says of a part; raise ``WorkbookError`` where it says nothing."""
        entry = self._entries.get(part)
        if entry is None:
            raise WorkbookError("damaged", f"missing part {part}")
        return entry

    def content(self, part: str, limit: int) -> Iterator[bytes]:
        """Yield the content of a part that may have so many bytes."""
        entry = self.entry(part)
        begin = self._places[entry.orig_filename]
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
        with naming(part):
            return parse(content) if len(content) <= MAX_REMEMBERED else parse.__wrapped__(content)  # type: ignore[attr-defined]


def _places(data: bytes, entries: Sequence[zipfile.ZipInfo], directory: int) -> dict[str, int]:
    """Return where the content of each entry begins, in a package that no program can read as another one.

    With a second directory, or with entries that are not in it, that are inside each other or that bear another name
    where they stand, whose numbers would it be that we count? So each byte must belong to one entry.
    """
    count, _, offset = struct.unpack_from("<HLL", data, data.rfind(NO_ENTRY) + 10)
    if data.count(NO_ENTRY, directory) > 1 or count not in (len(entries), 0xFFFF) or offset not in (directory, _MANY):
        raise WorkbookError("damaged", "more than one directory")
    places: dict[str, int] = {}
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        begin = entry.header_offset
        header = data[begin : begin + _LOCAL_SIZE] if begin >= 0 else b""
        if len(header) < _LOCAL_SIZE or not header.startswith(LOCAL_ENTRY):
            raise WorkbookError("truncated", f"{entry.filename} is not where it should be")
        name_size, extra_size = struct.unpack_from("<HH", header, 26)
        place = begin + _LOCAL_SIZE + name_size + extra_size
        if data[begin + _LOCAL_SIZE : place - extra_size] != _name_in_package(entry):
            raise WorkbookError("damaged", f"{entry.filename} bears another name")
        if not end <= begin <= end + _DESCRIPTOR:
            raise WorkbookError("damaged", f"something in front of {entry.filename}, or in two entries")
        places[entry.orig_filename] = place
        end = place + entry.compress_size
    if not end <= directory <= end + _DESCRIPTOR:
        raise WorkbookError("damaged", "something in front of the directory, or in it and an entry")
    return places


def _name_in_package(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF_8_FLAG else "cp437")


def _work(chunk: bytes) -> int:
    """Return what it costs to parse a piece of XML: elements and attributes take time, characters hardly any."""
    return 2 * chunk.count(b"<") + chunk.count(b"=")


@contextmanager
def naming(part: str) -> Iterator[None]:
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
