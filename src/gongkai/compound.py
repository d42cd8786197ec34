"""OLE compound files: the one stream of an old workbook, found in time that its size bounds, whatever links to what."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_HEADER, _ENTRY = 512, 128
_SECTOR_BITS, _SMALL_BITS = (9, 12), 6
_END = 0xFFFF_FFFE
"""The end of a chain; with what lies above it, no sector."""
_STREAM = 2
_NO_ENTRY = 0xFFFF_FFFF
_ON_DESK = 109
"""So many sectors of the allocation table are named in the header."""
NAMES = ("Workbook", "Book")


def workbook_stream(data: bytes) -> bytes | None:
    """Return the stream that holds the workbook, ``None`` where there is none.

    Raises ``ValueError`` or ``struct.error`` where the file contradicts itself: sectors that are not there or belong to
    two chains, a directory that bites its tail.
    """
    return _CompoundFile(data).stream(NAMES)


class _CompoundFile:
    def __init__(self, data: bytes) -> None:
        self.data = data
        bits, small = struct.unpack_from("<HH", data, 30)
        if bits not in _SECTOR_BITS or small != _SMALL_BITS:
            raise ValueError(f"sectors of 2**{bits} and 2**{small} bytes")
        self.size = 1 << bits
        self.least, small_table, _, more = struct.unpack_from("<4I", data, 56)
        self.table = self._table(more)
        directory = b"".join(map(self._sector, _chain(self.table, struct.unpack_from("<I", data, 48)[0])))
        self.entries = [directory[at : at + _ENTRY] for at in range(0, len(directory) - _ENTRY + 1, _ENTRY)]
        small_sectors = b"".join(map(self._sector, _chain(self.table, small_table)))
        self.small_table = struct.unpack(f"<{len(small_sectors) // 4}I", small_sectors)

    def stream(self, names: Sequence[str]) -> bytes | None:
        """Return the first of the named streams of the root that there is."""
        found = {name: entry for name, entry in self._root_entries() if entry[66] == _STREAM}
        entry = next((found[name.lower()] for name in names if name.lower() in found), None)
        if entry is None:
            return None
        first, size = struct.unpack_from("<II", entry, 116)
        if size >= self.least:
            return b"".join(map(self._sector, _chain(self.table, first)))[:size]
        box = b"".join(map(self._sector, _chain(self.table, struct.unpack_from("<I", self.entries[0], 116)[0])))
        places = (number << _SMALL_BITS for number in _chain(self.small_table, first))
        return b"".join(box[at : at + (1 << _SMALL_BITS)] for at in places)[:size]

    def _root_entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield name and entry of what lies in the root, not of what lies in folders below it."""
        waiting, seen = [struct.unpack_from("<I", self.entries[0], 76)[0]] if self.entries else [], set()
        while waiting:
            number = waiting.pop()
            if number == _NO_ENTRY:
                continue
            if number in seen or number >= len(self.entries):
                raise ValueError(f"entry {number} of the directory")
            seen.add(number)
            entry = self.entries[number]
            yield entry[: max(entry[64] - 2, 0)].decode("utf-16-le", "replace").lower(), entry
            waiting += struct.unpack_from("<II", entry, 68)

    def _table(self, more: int) -> tuple[int, ...]:
        """Return the allocation table: sector → the next one of its chain."""
        sectors = list(struct.unpack_from(f"<{_ON_DESK}I", self.data, 76))
        for _ in range(len(self.data) // self.size):
            if more >= _END:
                break
            *found, more = struct.unpack(f"<{self.size // 4}I", self._sector(more))
            sectors += found
        else:
            raise ValueError("a table of tables without end")
        used = [sector for sector in sectors if sector < _END]
        if len(used) > len(self.data) // self.size:
            raise ValueError("more tables than sectors")
        table = b"".join(map(self._sector, used))
        return struct.unpack(f"<{len(table) // 4}I", table)

    def _sector(self, number: int) -> bytes:
        begin = _HEADER + number * self.size if self.size == _HEADER else (number + 1) * self.size
        found = self.data[begin : begin + self.size]
        if not found:
            raise ValueError(f"no sector {number}")
        return found.ljust(self.size, b"\0")  # the last one may be cut short


def _chain(table: Sequence[int], first: int) -> Iterator[int]:
    """Yield the sectors of a chain."""
    for _ in range(len(table) + 1):
        if first >= _END:
            return
        yield first
        if first >= len(table):
            raise ValueError(f"no sector {first}")
        first = table[first]
    raise ValueError("a chain without end")
