"""Workbooks made to do harm, each from an honest one, so that the defence that fails lets a wrong number through.

``CASES`` is the table: what is done to the file, and exactly what must come of it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any

import workbooks as w
from gongkai.cell import column_letters
from gongkai.report import Unit

HONEST = w.clean("2021", 1, Unit(name="第一局", code="C1"))
OTHER = w.clean("2021", 2, Unit(name="第一局", code="C1"))
"""The numbers that nobody filed: as good as the honest ones, so that no rule gives them away."""
SAME = "same"
"""The outcome of a file that reads as the honest one does."""
CELLS = w.APPLICATIONS
MEGABYTE = 1 << 20


@cache
def parts() -> dict[str, bytes]:
    """Return the parts of the honest workbook."""
    return w.parts(w.filled(HONEST))


@cache
def sheet_part() -> str:
    return w.part_of(w.filled(HONEST), CELLS)


@cache
def other_sheet() -> bytes:
    """Return the sheet with the numbers that nobody filed."""
    return w.parts(w.filled(OTHER))[sheet_part()]


STRINGS, STYLES, BOOK = "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"
BOOK_RELS, ROOT_RELS, APP, TYPES = (
    "xl/_rels/workbook.xml.rels",
    "_rels/.rels",
    "docProps/app.xml",
    "[Content_Types].xml",
)


# --- a package, entry by entry


@dataclass
class Entry:
    """One entry of a package; what its two headers say may be anything."""

    name: bytes
    packed: bytes
    checksum: int
    size: int
    method: int = zlib.DEFLATED
    flags: int = 1 << 11
    local: Mapping[str, Any] = field(default_factory=dict)
    """What the header in front of the content says instead."""
    central: Mapping[str, Any] = field(default_factory=dict)
    """What the directory says instead."""
    behind: bytes = b""
    """What follows the content."""
    hidden: bool = False
    """Whether the directory does not list it."""


def entry(name: str | bytes, content: bytes, **more: Any) -> Entry:
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = deflater.compress(content) + deflater.flush()
    name = name if isinstance(name, bytes) else name.encode()
    return Entry(name, packed, zlib.crc32(content), len(content), **more)


def stored(name: str, content: bytes, **more: Any) -> Entry:
    return Entry(name.encode(), content, zlib.crc32(content), len(content), method=0, **more)


def repeated(name: str, before: bytes, piece: bytes, times: int, after: bytes) -> Entry:
    """Return an entry with a piece so many times over, compressed once: a hundred megabytes in no time."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = [deflater.compress(before) + deflater.flush(zlib.Z_FULL_FLUSH)]
    block = deflater.compress(piece) + deflater.flush(zlib.Z_FULL_FLUSH)
    packed += [block] * times
    packed.append(deflater.compress(after) + deflater.flush())
    checksum = zlib.crc32(before)
    for _ in range(times):
        checksum = zlib.crc32(piece, checksum)
    size = len(before) + times * len(piece) + len(after)
    return Entry(name.encode(), b"".join(packed), zlib.crc32(after, checksum), size)


def package(entries: Iterable[Entry], *, comment: bytes = b"", end: Mapping[str, int] | None = None) -> bytes:
    """Return a package of entries; ``end`` says other things in the last record."""
    body, directory, listed = bytearray(), bytearray(), 0
    for each in entries:
        own = {
            "name": each.name, "crc": each.checksum, "packed": len(each.packed), "size": each.size,
            "method": each.method, "flags": each.flags, "extra": b"", "offset": len(body),
        }  # fmt: skip
        said = {**own, **each.local}
        body += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 45, said["flags"], said["method"], 0, 33, said["crc"], said["packed"], said["size"],
            len(said["name"]), len(said["extra"]),
        )  # fmt: skip
        body += said["name"] + said["extra"] + each.packed + each.behind
        if each.hidden:
            continue
        said = {**own, **each.central}
        listed += 1
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 45, 45, said["flags"], said["method"], 0, 33, said["crc"], said["packed"],
            said["size"], len(said["name"]), len(said["extra"]), 0, 0, 0, 0, said["offset"],
        )  # fmt: skip
        directory += said["name"] + said["extra"]
    last = {"count": listed, "size": len(directory), "offset": len(body), "comment": len(comment), **(end or {})}
    record = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, last["count"], last["count"], last["size"], last["offset"], last["comment"]
    )
    return bytes(body + directory + record + comment)


def rebuilt(changed: Mapping[str, Entry | None] | None = None, more: Iterable[Entry] = (), **options: Any) -> bytes:
    """Return the honest workbook with other entries in place of some, and more behind them."""
    changed = changed or {}
    entries = (changed.get(name, entry(name, content)) for name, content in parts().items())
    return package((*(each for each in entries if each), *more), **options)


def with_part(name: str, content: bytes) -> bytes:
    assert content != parts().get(name)
    return rebuilt({name: entry(name, content)}, () if name in parts() else [entry(name, content)])


def replaced(name: str, old: bytes, new: bytes, times: int = 1) -> bytes:
    """Return the honest workbook with something else in a part."""
    assert old in parts()[name], (name, old)
    return with_part(name, parts()[name].replace(old, new, times))


# --- a sheet, cell by cell


def cell(address: str) -> bytes:
    """Return a cell of the sheet as it stands there."""
    return re.search(rb'<c r="%s"[^>]*?(?:/>|>.*?</c>)' % address.encode(), parts()[sheet_part()])[0]  # type: ignore[index]


def with_cell(address: str, new: bytes) -> bytes:
    return replaced(sheet_part(), cell(address), new)


def with_value(address: str, value: bytes) -> bytes:
    """Return the workbook with another stored value in a cell."""
    return with_cell(address, re.sub(rb"<v>.*?</v>", b"<v>%s</v>" % value, cell(address)))


def below(rows: bytes) -> bytes:
    """Return the workbook with more rows under the table."""
    return replaced(sheet_part(), b"</sheetData>", rows + b"</sheetData>")


def row(number: int, *cells: bytes) -> bytes:
    return b'<row r="%d">%s</row>' % (number, b"".join(cells))


def in_front_of(tag: bytes, more: bytes, name: str = "") -> bytes:
    return replaced(name or sheet_part(), tag, more + tag)


def doctype(name: str, declaration: bytes, use: bytes = b"") -> bytes:
    """Return the workbook with a DOCTYPE in a part, and what it declares used in front of the first end tag."""
    content = parts()[name]
    start = content.index(b"?>") + 2
    end = content.rindex(b"</")
    return with_part(name, content[:start] + declaration + content[start:end] + use + content[end:])


BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "0123456789">'
    + b"".join(b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(ord("a"), ord("j")))
    + b"]>"
)
OUTSIDE = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = b'<!DOCTYPE a [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]>'


@dataclass(frozen=True)
class Case:
    """A hostile file: how it is made, how it ends, and what must come of it.

    An outcome is ``SAME``, a reason (a key of ``UNREADABLE``), or the findings: (rule, severity, sheet, cell).
    """

    make: Callable[[], bytes]
    outcome: str | list[tuple[str, str, str, str]]
    ending: str = ".xlsx"


def _nested() -> bytes:
    inner = package([repeated("bomb", b"", bytes(MEGABYTE), 64, b"")])
    for level in range(4):
        inner = package([entry(f"{level}-{n}.zip", inner) for n in range(8)])
    return inner


def _overlapping(kernels: int = 1500) -> bytes:
    """Return a package in which every sheet is one and the same content: a megabyte is sent, gigabytes are said."""
    kernel = repeated("kernel", b"", bytes(MEGABYTE), 100, b"")
    data = bytearray(rebuilt(more=[kernel]))
    start = data.rindex(b"PK\3\4")
    directory = data.index(b"PK\1\2")
    last = data.rindex(b"PK\1\2")
    end = data.rindex(b"PK\5\6")
    listing = bytes(data[last:end])
    assert struct.unpack_from("<L", listing, 42)[0] == start
    body = data[:directory]
    central = bytes(data[directory:end]) + b"".join(listing[:46] + b"k%05d" % n for n in range(kernels))
    total = struct.unpack_from("<H", data, end + 10)[0] + kernels
    return bytes(body + central) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, total, total, len(central), len(body), 0)


def _quoting() -> bytes:
    """Return a package in which the honest sheet lies inside another one's content, as a stored block would quote it."""
    honest, inside = entry(sheet_part(), parts()[sheet_part()]), entry(sheet_part(), other_sheet())
    quoted = package([inside]).split(b"PK\1\2")[0]
    outer = stored("xl/media/image1.png", quoted)
    data = rebuilt({sheet_part(): None}, [outer, honest])
    place = data.index(quoted)  # the directory leads the sheet's name to what the picture holds
    directory = bytearray(data)
    at = directory.rindex(b"PK\1\2")
    directory[at + 16 : at + 28] = struct.pack("<3L", inside.checksum, len(inside.packed), inside.size)
    directory[at + 42 : at + 46] = struct.pack("<L", place)
    return bytes(directory)


def _zip64(offset: int | None = None) -> bytes:
    """Return the workbook with the larger kind of last record, which may lead to another directory."""
    data = rebuilt()
    end = data.rindex(b"PK\5\6")
    total, size, start = struct.unpack_from("<HLL", data, end + 10)
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, total, total, size, start if offset is None else offset
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    return data[:end] + record + locator + data[end:]


def _two_directories() -> bytes:
    """Return a package with a directory and last record of its own for the honest sheet, and another for the other.

    Each of them leads to whole and true entries; the second stands in the comment of the first.
    """
    body, honest, other, total = _both_directories()
    place = len(body) + len(honest) + 22
    tail = other + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, total, total, len(other), place, 0)
    first = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, total, total, len(honest), len(body), len(tail))
    return body + honest + first + tail


def _zip64_other() -> bytes:
    """Return a package whose smaller record leads to the honest directory, and the larger one to the other."""
    entries, honest, other, total = _both_directories()
    body = entries + honest + other
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, total, total, len(other), len(entries) + len(honest)
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
    small = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, total, total, len(honest), len(entries), 0)
    return body + record + locator + small


def _both_directories() -> tuple[bytes, bytes, bytes, int]:
    """Return the entries with both sheets, a directory that lists the honest one, one for the other, and their size."""
    sheet = entry(sheet_part(), other_sheet())
    entries = [*(entry(name, content) for name, content in parts().items()), sheet]
    data = package(entries)
    start, end = data.index(b"PK\1\2"), data.rindex(b"PK\5\6")
    directory = data[start:end]
    last = directory.rindex(b"PK\1\2")
    honest = directory[:last]
    own = honest.index(b"PK\1\2", honest.index(sheet_part().encode()) - 46 - 1)
    size = 46 + len(sheet_part())
    other = honest[:own] + directory[last:] + honest[own + size :]
    assert len(other) == len(honest)
    total = len(entries) - 1
    return data[:start], honest, other, total


def _descriptor(**lies: int) -> bytes:
    """Return the workbook with its sizes behind the content instead of before it, perhaps false ones."""
    each = entry(sheet_part(), parts()[sheet_part()])
    said = {"crc": each.checksum, "packed": len(each.packed), "size": each.size, **lies}
    each.behind = b"PK\7\x08" + struct.pack("<3L", said["crc"], said["packed"], said["size"])
    each.flags |= 1 << 3
    each.local = {"crc": 0, "packed": 0, "size": 0}
    return rebuilt({sheet_part(): each})


def _sheets(number: int) -> bytes:
    return replaced(
        BOOK,
        b"</sheets>",
        b"".join(b'<sheet name="s%d" sheetId="%d" r:id="x%d"/>' % (n, n + 99, n) for n in range(number)) + b"</sheets>",
    )


def _wide(rows: int, columns: int, content: Callable[[int], bytes], first: int = 60) -> bytes:
    """Return rows of cells within the bounds of reading."""
    letters = [column_letters(column).encode() for column in range(1, columns + 1)]
    number = count()
    return b"".join(
        row(
            r, *(b'<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>' % (at, r, content(next(number))) for at in letters)
        )
        for r in range(first, first + rows)
    )


def _many_sheets_of_texts(sheets: int) -> bytes:
    """Return a workbook that is none of ours, each of whose sheets could be the table."""
    page = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    main, office = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    names = "".join(f'<sheet name="s{n}" sheetId="{n + 1}" r:id="x{n}"/>' for n in range(sheets))
    links = "".join(f'<Relationship Id="x{n}" Type="{office}/worksheet" Target="s{n}.xml"/>' for n in range(sheets))
    return package(
        [
            entry(ROOT_RELS, parts()[ROOT_RELS]),
            entry(BOOK, f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>'.encode()),
            entry(
                BOOK_RELS,
                f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'.encode(),
            ),
            entry(APP, parts()[APP]),
            *(
                entry(f"xl/s{n}.xml", page % _wide(20, 60, lambda k, n=n: f"某区第{n}局第{k}项".encode(), 1))
                for n in range(sheets)
            ),
        ]
    )


BIG = 100
"""Megabytes of a part that is too large."""
SPACES = b" " * MEGABYTE


def _blown_up(name: str, tag: bytes, piece: bytes = SPACES, times: int = BIG) -> bytes:
    """Return the workbook with a hundred megabytes of something in front of a tag of a part."""
    before, _, after = parts()[name].partition(tag)
    return rebuilt({name: repeated(name, before, piece, times, tag + after)})


def _local_name() -> bytes:
    """Return the workbook with the other numbers under the honest name, and the honest ones under another."""
    name = sheet_part()
    wrong = entry(name, other_sheet(), local={"name": b"xl/worksheets/sheet9.xml"})
    right = entry("xl/worksheets/sheet9.xml", parts()[name], local={"name": name.encode()})
    return rebuilt({name: wrong}, [right])


def _related(target: bytes, kind: bytes = b"worksheet", more: Iterable[Entry] = (), mode: bytes = b"") -> bytes:
    """Return the workbook with the relationship of the sheet leading elsewhere."""
    old = re.search(rb'<Relationship [^>]*%s"/>' % sheet_part().removeprefix("xl/").encode(), parts()[BOOK_RELS])[0]  # type: ignore[index]
    new = re.sub(rb'Target="[^"]*"', b'Target="%s"%s' % (target, mode), old).replace(b'/worksheet"', b'/%s"' % kind)
    return rebuilt({BOOK_RELS: entry(BOOK_RELS, parts()[BOOK_RELS].replace(old, new))}, more)


def _also(kind: str, target: str, content: bytes, mode: str = "") -> bytes:
    """Return the workbook with one more related part."""
    relation = f'<Relationship Id="rx" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"{mode}/></Relationships>'
    rels = parts()[BOOK_RELS].replace(b"</Relationships>", relation.encode())
    return rebuilt({BOOK_RELS: entry(BOOK_RELS, rels)}, [] if mode else [entry("xl/" + target, content)])


def _hidden_twin() -> bytes:
    """Return the workbook with a hidden sheet of the same name, but for a space, that holds the other numbers."""
    sheets = parts()[BOOK].replace(
        b"</sheets>", '<sheet name="依申请公开 " sheetId="77" state="veryHidden" r:id="rx"/></sheets>'.encode()
    )
    rels = parts()[BOOK_RELS].replace(
        b"</Relationships>",
        b'<Relationship Id="rx" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/x.xml"/></Relationships>',
    )
    changed = {BOOK: entry(BOOK, sheets), BOOK_RELS: entry(BOOK_RELS, rels)}
    return rebuilt(changed, [entry("xl/worksheets/x.xml", other_sheet())])


def _same_sheet_twice() -> bytes:
    return replaced(BOOK, '<sheet name="复议诉讼"'.encode(), f'<sheet name="{CELLS}"'.encode())


def _text_cell(address: str, text: str, more: bytes = b"") -> bytes:
    """Return the workbook with an inline text in a cell, a formula in front of it perhaps."""
    style = re.search(rb' s="[0-9]+"', cell(address))[0]  # type: ignore[index]
    return with_cell(
        address, b'<c r="%s"%s t="inlineStr">%s<is><t>%s</t></is></c>' % (address.encode(), style, more, text.encode())
    )


def _strings(more: bytes) -> bytes:
    return in_front_of(b"</sst>", more, STRINGS)


def _misfit(error: str = "error") -> list[tuple[str, str, str, str]]:
    """Return what is found where 总计 of the first row is not what its cells add up to."""
    return [("T3-ROW", error, CELLS, "J6"), ("T3-BAL", error, CELLS, "J30")]


def _amount(value: bytes) -> bytes:
    """Return the workbook with another amount of fees."""
    name = w.part_of(w.filled(HONEST), w.TABLES)
    found = re.search(rb'<c r="B16"[^>]*><v>(.*?)</v></c>', parts()[name])
    assert found
    return replaced(name, found[0], found[0].replace(found[1], value))


def spoilt() -> dict[str, Entry]:
    """Return the sheet with a number that is not one, so that there is something to mark."""
    page = parts()[sheet_part()].replace(cell("D6"), cell("D6").replace(b"<v>", b"<v>-"))
    return {sheet_part(): entry(sheet_part(), page)}


def long_list() -> bytes:
    """Return the workbook with the list of a summary, of 20 MB that were sent as 100 KB."""
    before = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    data = _also("worksheet", "worksheets/x.xml", b"")
    with_sheet = {
        BOOK: entry(
            BOOK, parts()[BOOK].replace(b"</sheets>", '<sheet name="明细" sheetId="77" r:id="rx"/></sheets>'.encode())
        ),
        BOOK_RELS: entry(BOOK_RELS, w.parts(data)[BOOK_RELS]),
    }
    rows = b"".join(row(0, b"<c><v>0</v></c>" * 200).replace(b' r="0"', b"") for _ in range(300))
    return rebuilt(with_sheet, [repeated("xl/worksheets/x.xml", before, rows, 20, b"</sheetData></worksheet>")])


XFD = b'<c r="XFD1048576"><v>1</v></c>'
XLSM_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"

CASES: dict[str, Case] = {
    # --- packages
    "an honest one": Case(rebuilt, SAME),
    "a part of 100 MB, 1000:1": Case(lambda: _blown_up(sheet_part(), b"<sheetData>"), "too-large"),
    "100 MB of shared strings": Case(lambda: _blown_up(STRINGS, b"</sst>"), "too-large"),
    "100 MB of one shared string": Case(lambda: _blown_up(STRINGS, b"</t>", b"x" * MEGABYTE), "too-large"),
    "100 MB of styles": Case(lambda: _blown_up(STYLES, b"</styleSheet>"), "too-large"),
    "100 MB of workbook": Case(lambda: _blown_up(BOOK, b"</workbook>"), "too-large"),
    "100 MB of relationships": Case(lambda: _blown_up(BOOK_RELS, b"</Relationships>"), "too-large"),
    "100 MB of root relationships": Case(lambda: _blown_up(ROOT_RELS, b"</Relationships>"), "too-large"),
    "100 MB of properties": Case(lambda: _blown_up(APP, b"</Properties>"), "too-large"),
    "100 MB of a part nobody needs": Case(
        lambda: rebuilt(more=[repeated("xl/media/image1.png", b"", SPACES, BIG, b"")]), SAME
    ),
    "a file of 23 MB": Case(lambda: rebuilt(more=[stored("xl/media/image1.png", bytes(23 * MEGABYTE))]), SAME),
    "a file of 25 MB": Case(lambda: rebuilt(more=[stored("xl/media/image1.png", bytes(25 * MEGABYTE))]), "too-large"),
    "a bomb inside bombs": Case(lambda: rebuilt(more=[stored("xl/media/a.zip", _nested())]), SAME),
    "nothing but a bomb inside bombs": Case(_nested, "not-workbook"),
    "entries inside each other": Case(_overlapping, "damaged"),
    "a sheet inside a picture": Case(_quoting, "damaged"),
    "a size of ten bytes": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], central={"size": 10})}), SAME
    ),
    "a size of 4 GB": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], central={"size": 0xFFFFFFFE})}), SAME
    ),
    "a packed size of ten bytes": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], central={"packed": 10})}), "damaged"
    ),
    "a packed size of 4 GB": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], central={"packed": 0xFFFFFFFE})}),
        "damaged",
    ),
    "a local size of 4 GB": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], local={"size": 0xFFFFFFFE})}), SAME
    ),
    "the checksum of other numbers": Case(
        lambda: rebuilt(
            {sheet_part(): entry(sheet_part(), other_sheet(), central={"crc": zlib.crc32(parts()[sheet_part()])})}
        ),
        "truncated",
    ),
    "sizes behind the content": Case(_descriptor, SAME),
    "false sizes behind the content": Case(lambda: _descriptor(packed=1, size=1), SAME),
    "a name that the content does not bear": Case(_local_name, "damaged"),
    "zip64 that says the same": Case(_zip64, SAME),
    "zip64 that says another place": Case(lambda: _zip64(7), "truncated"),
    "zip64 with another directory": Case(_zip64_other, "damaged"),
    "two packages in one": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), other_sheet())}) + rebuilt(), "damaged"
    ),
    "two directories": Case(_two_directories, "damaged"),
    "a last record in the comment": Case(lambda: rebuilt(comment=b"x" * 9 + b"PK\5\6" + bytes(18)), "damaged"),
    "a comment": Case(lambda: rebuilt(comment="某局报送".encode()), SAME),
    "a false number of entries": Case(lambda: rebuilt(end={"count": 3}), "damaged"),
    "an entry in front of the first": Case(
        lambda: package([entry(sheet_part(), other_sheet(), hidden=True), *(entry(*each) for each in parts().items())]),
        "damaged",
    ),
    "an entry behind the last": Case(
        lambda: rebuilt(more=[entry("xl/worksheets/sheet9.xml", other_sheet(), hidden=True)]), "damaged"
    ),
    "60,000 entries": Case(lambda: rebuilt(more=[stored(f"{n}", b"") for n in range(60_000)]), "too-large"),
    "a sheet by another method": Case(
        lambda: rebuilt({sheet_part(): entry(sheet_part(), parts()[sheet_part()], method=9)}), "damaged"
    ),
    # --- names of parts
    "two parts of one name": Case(lambda: rebuilt(more=[entry(sheet_part(), other_sheet())]), "damaged"),
    "two parts of one name but for its case": Case(
        lambda: rebuilt(more=[entry(sheet_part().upper(), other_sheet())]), "damaged"
    ),
    "two parts of one name but for a slash": Case(
        lambda: rebuilt(more=[entry("/" + sheet_part(), other_sheet())]), "damaged"
    ),
    "two parts of one name but for a backslash": Case(
        lambda: rebuilt(more=[entry(sheet_part().replace("/", "\\"), other_sheet())]), "damaged"
    ),
    "two parts of one name but for an escape": Case(
        lambda: rebuilt(more=[entry(sheet_part().replace("sheet3", "sheet%33"), other_sheet())]), "damaged"
    ),
    "two parts of one name but for steps": Case(
        lambda: rebuilt(more=[entry("xl/x/../" + sheet_part().removeprefix("xl/"), other_sheet())]), "damaged"
    ),
    "two parts of one name up to a NUL": Case(
        lambda: rebuilt(more=[entry(sheet_part() + "\0.png", other_sheet())]), "damaged"
    ),
    "parts with names that lead out of the package": Case(
        lambda: rebuilt(
            more=[
                entry(name, other_sheet())
                for name in (
                    "../../evil.xlsx",
                    "/etc/cron.d/evil",
                    "C:\\evil.exe",
                    "..\\evil",
                    "%2e%2e/%2e%2e/evil",
                    "a:b",
                )
            ]
        ),
        SAME,
    ),
    # --- relationships
    "a sheet that is its own relationships": Case(lambda: _related(b"_rels/workbook.xml.rels"), "damaged"),
    "a sheet that is the workbook": Case(lambda: _related(b"workbook.xml"), "damaged"),
    "a sheet outside the package": Case(lambda: _related(b"../../../../etc/passwd"), "damaged"),
    "a sheet on the web": Case(
        lambda: _related(b"http://127.0.0.1:9/sheet.xml", mode=b' TargetMode="External"'), "damaged"
    ),
    "a sheet on a share": Case(lambda: _related(b"//127.0.0.1/c$/sheet.xml"), "damaged"),
    "an external link": Case(
        lambda: _also(
            "externalLink",
            "externalLinks/externalLink1.xml",
            b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><externalBook/></externalLink>',
        ),
        SAME,
    ),
    "DDE": Case(
        lambda: _also(
            "externalLink",
            "externalLinks/externalLink1.xml",
            b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            b'<ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>',
        ),
        SAME,
    ),
    "an OLE object": Case(lambda: _also("oleObject", "embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0" * 99), SAME),
    "macros in an .xlsx": Case(lambda: _also("vbaProject", "vbaProject.bin", b"\xd0\xcf\x11\xe0" * 99), SAME),
    "a macro sheet": Case(
        lambda: _related(
            b"macrosheets/sheet1.xml", b"xlMacrosheet", [entry("xl/macrosheets/sheet1.xml", other_sheet())]
        ),
        [("F-LAYOUT", "error", CELLS, "A1")],
    ),
    "10,000 sheets": Case(lambda: _sheets(10_000), "too-large"),
    "two sheets of one name": Case(_same_sheet_twice, "damaged"),
    "a hidden sheet that looks like one": Case(_hidden_twin, [("F-LAYOUT", "warning", CELLS, "A1")]),
    "40 sheets full of texts": Case(lambda: _many_sheets_of_texts(40), "foreign"),
    "14 sheets full of texts": Case(lambda: _many_sheets_of_texts(14), "foreign"),
    # --- XML
    **{
        f"an entity bomb in {name}": Case(lambda name=name: doctype(name, BOMB, b"&j;"), "damaged")
        for name in (ROOT_RELS, BOOK, BOOK_RELS, STRINGS, STYLES, APP, "xl/worksheets/sheet3.xml")
    },
    "an external entity": Case(lambda: doctype(sheet_part(), OUTSIDE, b"&a;"), "damaged"),
    "a parameter entity": Case(lambda: doctype(STRINGS, PARAMETER), "damaged"),
    "a DOCTYPE in a part nobody reads": Case(lambda: doctype(TYPES, BOMB, b"&j;"), SAME),
    "an attribute of 4 MB": Case(
        lambda: _blown_up(sheet_part(), b"<sheetData>", b"<a b='" + b"x" * (4 * MEGABYTE - 200_000) + b"'/>", 1), SAME
    ),
    "an attribute of 5 MB": Case(
        lambda: _blown_up(sheet_part(), b"<sheetData>", b"<a b='" + b"x" * (5 * MEGABYTE) + b"'/>", 1), "too-large"
    ),
    "400,000 attributes": Case(
        lambda: in_front_of(b"<sheetData>", b"<a %s/>" % b" ".join(b'a%d=""' % n for n in range(400_000))), "too-large"
    ),
    "200,000 names of elements": Case(
        lambda: in_front_of(b"<sheetData>", b"".join(b"<a%d/>" % n for n in range(200_000))), "damaged"
    ),
    "a million elements": Case(lambda: _blown_up(sheet_part(), b"<sheetData>", b"<a/>" * 10_000, 100), "too-large"),
    **{
        f"{depth} elements inside each other": Case(
            lambda depth=depth: in_front_of(b"<sheetData>", b"<a>" * depth + b"</a>" * depth), outcome
        )
        for depth, outcome in ((50_000, SAME), (66_000, "damaged"))
    },
    "invalid UTF-8": Case(lambda: _strings(b"<si><t>\xff\xfe\xc0\x80</t></si>"), "damaged"),
    "a control character": Case(lambda: _strings(b"<si><t>\x1b</t></si>"), "damaged"),
    "a reference to a control character": Case(lambda: _strings(b"<si><t>&#27;</t></si>"), "damaged"),
    # --- cells
    "a value in XFD1048576": Case(lambda: below(row(1048576, XFD)), SAME),
    "a value in XFD1048576 in row 6": Case(lambda: replaced(sheet_part(), cell("J6"), cell("J6") + XFD), "damaged"),
    "a million formatted rows": Case(
        lambda: below(b"".join(b'<row r="%d" s="1" customFormat="1"/>' % n for n in range(300, 1_000_300))), SAME
    ),
    "a million cells in 200 rows": Case(
        lambda: below(
            b"".join(
                row(r, *(b'<c r="%s%d" s="1"/>' % (column_letters(c).encode(), r) for c in range(1, 5001)))
                for r in range(100, 300)
            )
        ),
        "too-large",
    ),
    "the honest rows after other ones": Case(
        lambda: replaced(sheet_part(), b"<sheetData>", b"<sheetData>" + row(6, b'<c r="D6"><v>7</v></c>')), "damaged"
    ),
    "a second value for a cell, far away": Case(lambda: below(row(150, b'<c r="D6"><v>7</v></c>')), "damaged"),
    "a second value for a cell in a second row 6": Case(lambda: below(row(6, b'<c r="D6"><v>7</v></c>')), "damaged"),
    "a second block of cells": Case(
        lambda: in_front_of(b"</worksheet>", b"<sheetData>" + row(6, b'<c r="D6"><v>7</v></c>') + b"</sheetData>"),
        "damaged",
    ),
    "a shared string that is not there": Case(lambda: with_cell("D6", b'<c r="D6" t="s"><v>99999</v></c>'), "damaged"),
    "a negative shared string": Case(lambda: with_cell("D6", b'<c r="D6" t="s"><v>-1</v></c>'), "damaged"),
    "30,000 shared strings": Case(lambda: _strings(b"".join(b"<si><t>%d</t></si>" % n for n in range(30_000))), SAME),
    "300,000 shared strings": Case(lambda: _blown_up(STRINGS, b"</sst>", b"<si/>" * 3000, 100), "too-large"),
    "a number of 4 MB": Case(lambda: with_value("D6", b"0" * (4 * MEGABYTE - 200_000) + b"85"), SAME),
    "a number beyond all numbers": Case(lambda: with_value("D6", b"1e999"), "damaged"),
    "infinity": Case(lambda: with_value("D6", b"INF"), "damaged"),
    "not a number": Case(lambda: with_value("D6", b"NaN"), "damaged"),
    "a number in Arabic digits": Case(lambda: with_value("D6", "٨٥".encode()), "damaged"),
    "a number with an underscore": Case(lambda: with_value("D6", b"8_5"), "damaged"),
    "a number in hexadecimal": Case(lambda: with_value("D6", b"0x55"), "damaged"),
    "a text that begins with =": Case(lambda: _text_cell("D6", "=85"), [("F-TYPE", "error", CELLS, "D6")]),
    "a text that looks like the number": Case(lambda: _text_cell("D6", "85"), [("F-TYPE", "error", CELLS, "D6")]),
    "a number turned round": Case(lambda: _text_cell("D6", "\u202e58\u202c"), [("F-TYPE", "error", CELLS, "D6")]),
    "a number with zero width": Case(lambda: _text_cell("D6", "8\u200b5"), [("F-TYPE", "error", CELLS, "D6")]),
    "32,767 characters": Case(lambda: _text_cell("D6", "报" * 32_767), [("F-TYPE", "error", CELLS, "D6")]),
    "32,767 digits": Case(lambda: _text_cell("D6", "9" * 32_767), [("F-TYPE", "error", CELLS, "D6")]),
    "a million characters": Case(lambda: _text_cell("D6", "报" * 1_000_000), [("F-TYPE", "error", CELLS, "D6")]),
    "30 digits": Case(lambda: _text_cell("D6", "1101051949" * 3), [("F-TYPE", "error", CELLS, "D6")]),
    "a million brackets": Case(lambda: _text_cell("D6", "(" * 1_000_000), [("F-TYPE", "error", CELLS, "D6")]),
    "a million ligatures": Case(lambda: _text_cell("D6", "\ufdfa" * 1_000_000), [("F-TYPE", "error", CELLS, "D6")]),
    "1e308": Case(lambda: with_value("D6", b"1e308"), [("F-COUNT", "error", CELLS, "D6")]),
    "1e-308": Case(lambda: with_value("D6", b"1e-308"), [("F-COUNT", "error", CELLS, "D6")]),
    "1e308 as an amount": Case(lambda: _amount(b"1e308"), [("F-MONEY", "error", w.TABLES, "B16")]),
    "1e-308 as an amount": Case(lambda: _amount(b"1e-308"), [("F-MONEY", "error", w.TABLES, "B16")]),
    "a formula in a label": Case(
        lambda: with_cell("A6", cell("A6").replace(b"<v>", b'<f>HYPERLINK("http://127.0.0.1:9")</f><v>')), SAME
    ),
    "a formula in a label without a result": Case(
        lambda: with_cell("A6", b"<c r=\"A6\"><f>cmd|' /c calc'!A0</f></c>"), [("F-LAYOUT", "error", CELLS, "A1")]
    ),
    "a total whose formula says one thing and its result another": Case(lambda: with_value("J6", b"539"), _misfit()),
    "a formula of another total": Case(
        lambda: with_cell("J6", re.sub(rb"<f>.*</f>", b"<f>SUM(D7:I7)</f>", cell("J6"))), SAME
    ),
    "a label of ligatures": Case(lambda: _text_cell("A6", "\ufdfa" * 500_000), [("F-LAYOUT", "error", CELLS, "A1")]),
}
