"""Old workbooks (.xls) made to do harm, each from an honest one that is written record by record."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache

import hostile
import workbooks as w
from gongkai.cell import Value
from hostile import HONEST, OTHER, SAME, Case

BOF, EOF, SHEET, NUMBER, LABEL, MANY, NAME, SST = 0x809, 0x0A, 0x85, 0x203, 0x204, 0xBD, 0x18, 0xFC
SECTOR = 512
END, FREE = 0xFFFF_FFFE, 0xFFFF_FFFF
Record = tuple[int, bytes]
Sheet = tuple[str, list[Record]]


def number(row: int, column: int, value: float) -> Record:
    return NUMBER, struct.pack("<3Hd", row - 1, column - 1, 0, value)


def text(row: int, column: int, value: str) -> Record:
    return LABEL, struct.pack("<4HB", row - 1, column - 1, 0, len(value), 1) + value.encode("utf-16-le")


def cell(place: tuple[int, int], value: Value) -> Record:
    return number(*place, value) if isinstance(value, int | float) else text(*place, str(value))


def sheets(report=HONEST) -> list[Sheet]:
    """Return a report as sheets of records."""
    grid = w.drawn(report, cover=True)
    return [
        (name, [cell(place, value) for place, value in sorted(page.items()) if value is not None])
        for name, page in grid.items()
    ]


def packed(records: Iterable[Record]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(content)) + content for kind, content in records)


def stream(
    pages: Sequence[Sheet], more: Sequence[Record] = (), places: Callable[[int, int], int] = lambda _, at: at
) -> bytes:
    """Return the stream of a workbook; ``places`` may lead its sheets elsewhere."""
    bodies = [
        packed([(BOF, struct.pack("<4H2I", 0x600, 0x10, 0, 0, 0, 0)), *records, (EOF, b"")]) for _, records in pages
    ]
    head = [(BOF, struct.pack("<4H2I", 0x600, 0x05, 0, 0, 0, 0)), *more]
    names = [name.encode("utf-16-le") for name, _ in pages]
    begin = len(packed(head)) + sum(4 + 8 + len(name) for name in names) + 4
    for index, (name, body) in enumerate(zip(names, bodies, strict=True)):
        head.append((SHEET, struct.pack("<IHBB", places(index, begin), 0, len(name) // 2, 1) + name))
        begin += len(body)
    return packed([*head, (EOF, b"")]) + b"".join(bodies)


def entry(name: str, kind: int, first: int, size: int, left: int = FREE, right: int = FREE, child: int = FREE) -> bytes:
    title = name.encode("utf-16-le") + b"\0\0"
    return (
        title.ljust(64, b"\0") + struct.pack("<HBB3I", len(title), kind, 1, left, right, child) + bytes(36)
        + struct.pack("<II", first, size) + bytes(4)
    )  # fmt: skip


def compound(
    content: bytes,
    directory: Callable[[int, int], list[bytes]] | None = None,
    table: Callable[[list[int]], None] | None = None,
    **header: int,
) -> bytes:
    """Return a compound file with one stream; ``directory`` and ``table`` may say anything else about it."""
    content = content.ljust(4096, b"\0")
    sectors = -(-len(content) // SECTOR)
    listed = directory or (
        lambda first, size: [entry("Root Entry", 5, END, 0, child=1), entry("Workbook", 2, first, size)]
    )
    tables = 1
    while (sectors + 64 + tables) * 4 > tables * SECTOR:
        tables += 1
    entries = listed(0, len(content))
    entries += [bytes(128)] * (-len(entries) % 4)
    pages = len(entries) // 4
    chain = [*range(1, sectors), END, *range(sectors + 1, sectors + pages), END, *[0xFFFF_FFFD] * tables]
    chain += [FREE] * (tables * SECTOR // 4 - len(chain))
    if table:
        table(chain)
    said = {"small": END, "smalls": 0, "more": END, "mores": 0, "directory": sectors, **header}
    own = [sectors + pages + n for n in range(tables)]
    assert len(own) <= 109
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
        + struct.pack("<2I", tables, said["directory"]) + bytes(4)
        + struct.pack("<5I", 4096, said["small"], said["smalls"], said["more"], said["mores"])
        + struct.pack("<109I", *own, *[FREE] * (109 - len(own)))
    )  # fmt: skip
    return head + content.ljust(sectors * SECTOR, b"\0") + b"".join(entries) + struct.pack(f"<{len(chain)}I", *chain)


@cache
def honest() -> bytes:
    return stream(sheets())


def more_records(*records: Record, at: int = 2) -> bytes:
    """Return the honest workbook with more records in one of its sheets."""
    pages = sheets()
    pages[at][1].extend(records)
    return compound(stream(pages))


def _chain_of(at: int, to: int) -> Callable[[list[int]], None]:
    def lead(chain: list[int]) -> None:
        chain[at] = to

    return lead


def _fan(first: int, size: int) -> list[bytes]:
    """Return a directory each of whose entries leads to the next one twice: 2**60 ways to the stream."""
    fans = [entry(f"f{n}", 1, END, 0, n + 2, n + 2, n + 2) for n in range(60)]
    return [entry("Root Entry", 5, END, 0, child=1), *fans, entry("Workbook", 2, first, size)]


def _embedded(first: int, size: int) -> list[bytes]:
    """Return a directory with the stream in a folder below the root only, as an embedded object has it."""
    return [
        entry("Root Entry", 5, END, 0, child=1),
        entry("MBD1", 1, END, 0, child=2),
        entry("Workbook", 2, first, size),
    ]


def _name_bomb(number_: int) -> Record:
    """Return a name that is the one before it, twice over."""
    formula = (
        (b"\x17\xff\x00" + b"x" * 255)
        if not number_
        else b"".join(b"\x23" + struct.pack("<HH", number_, 0) for _ in range(2)) + b"\x08"
    )
    title = b"n%03d" % number_
    return NAME, struct.pack("<HBBHHHBBBB", 0, 0, len(title), len(formula), 0, 0, 0, 0, 0, 0) + b"\0" + title + formula


CASES: dict[str, Case] = {
    "an honest .xls": Case(lambda: compound(honest()), SAME),
    "a chain of sectors without end": Case(lambda: compound(honest(), table=_chain_of(3, 2)), "damaged"),
    "a chain that leads out of the file": Case(lambda: compound(honest(), table=_chain_of(3, 9_999_999)), "damaged"),
    "a table of tables without end": Case(lambda: compound(honest(), more=0, mores=1), "damaged"),
    "a directory that bites its tail": Case(
        lambda: compound(
            honest(), lambda a, b: [entry("Root Entry", 5, END, 0, child=1), entry("Workbook", 2, a, b, 1, 1)]
        ),
        "damaged",
    ),
    "a directory with 2**60 ways": Case(lambda: compound(honest(), _fan), "damaged"),
    "a workbook inside a document": Case(lambda: compound(honest(), _embedded), "ole"),
    "a size of 4 GB": Case(
        lambda: compound(
            honest(), lambda a, _: [entry("Root Entry", 5, END, 0, child=1), entry("Workbook", 2, a, 0xFFFF_FFF0)]
        ),
        SAME,
    ),
    "sectors of a gigabyte": Case(
        lambda: compound(honest()).replace(b"\xfe\xff\x09\x00", b"\xfe\xff\x1e\x00", 1), "damaged"
    ),
    "a value in IV65536": Case(lambda: more_records(number(65536, 256, 7)), SAME),
    "a row of 65,536 in each of 200 sheets": Case(
        lambda: compound(stream([*sheets(), *((f"s{n}", [number(65536, 256, 7)]) for n in range(200))])), SAME
    ),
    "half a million cells": Case(
        lambda: more_records(
            *((MANY, struct.pack("<HH", r, 0) + struct.pack("<HI", 0, 6) * 256 + b"\xff\0") for r in range(100, 2000))
        ),
        "too-large",
    ),
    "900,000 records": Case(lambda: compound(honest() + b"\x01\x02\0\0" * 900_000), "too-large"),
    "an .xls of 5 MB": Case(lambda: compound(honest() + bytes(5 << 20)), "too-large"),
    "100,000 formats of cells": Case(lambda: compound(stream(sheets(), [(0xE0, bytes(20))] * 30_000)), "too-large"),
    "4 billion shared strings": Case(
        lambda: compound(stream(sheets(), [(SST, struct.pack("<II", 1, 0xFFFF_FFFF) + bytes(99))])), "too-large"
    ),
    "fewer shared strings than it says": Case(
        lambda: compound(stream(sheets(), [(SST, struct.pack("<II", 9, 9) + bytes(2))])), "damaged"
    ),
    "names that double forty times": Case(lambda: compound(stream(sheets(), [_name_bomb(n) for n in range(40)])), SAME),
    "a second value for a cell": Case(lambda: more_records(number(6, 4, 7)), "damaged"),
    "a sheet that is read 200 times": Case(
        lambda: compound(
            stream([*sheets(), *((f"s{n}", []) for n in range(200))], places=lambda n, at: at if n < 4 else 0)
        ),
        "damaged",
    ),
    "other numbers inside a picture": Case(lambda: compound(_hidden_sheet()), "damaged"),
    "300 sheets": Case(lambda: compound(stream([*sheets(), *((f"s{n}", []) for n in range(300))])), "too-large"),
    "a text that is shorter than it says": Case(
        lambda: more_records((LABEL, struct.pack("<4HB", 50, 50, 0, 9, 1) + b"a")), "damaged"
    ),
    "an unknown error value": Case(lambda: more_records((0x205, struct.pack("<3H2B", 50, 50, 0, 99, 1))), SAME),
    "a password": Case(lambda: compound(stream(sheets(), [(0x2F, bytes(54))])), "encrypted"),
    "a cut-off .xls": Case(lambda: compound(honest())[:3000], "damaged"),
}
CASES = {name: replace(case, ending=".xls") for name, case in CASES.items()}


def _hidden_sheet() -> bytes:
    """Return a workbook whose sheet of applications is said to begin inside a record that holds a picture."""
    pages, other = sheets(), dict(sheets(OTHER))[hostile.CELLS]
    hidden = packed([(BOF, struct.pack("<4H2I", 0x600, 0x10, 0, 0, 0, 0)), *other, (EOF, b"")])
    pieces = [(0xEB, hidden[:8224])]
    body = stream(pages, pieces)
    at = body.index(hidden[:100])
    return stream(pages, pieces, lambda index, begin: at if pages[index][0] == hostile.CELLS else begin)
