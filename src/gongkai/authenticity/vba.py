"""The source of the macros in a workbook, read from ``vbaProject.bin`` ([MS-OVBA]) without running any of it.

What a program runs may be the code it compiled earlier, which stands beside the source and need not agree with it
("VBA stomping"). That code cannot be read here, so it is told whether there is any.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from xlrd.compdoc import CompDoc

MAX_SOURCE = 4 << 20
"""Bytes of a decompressed stream; ours has 60 KB."""

_NAME, _NAME_UNICODE, _STREAM, _OFFSET, _VERSION = 0x19, 0x47, 0x1A, 0x31, 0x09
_CHUNK, _SIGNATURE = 4096, 3
_LITERAL_CHUNK_BITS, _LEAST_COPY_BITS = 0x8000, 4


class ProjectError(Exception):
    """A VBA project that cannot be read."""


@dataclass(frozen=True, slots=True)
class Project:
    """The modules of a project: name → source; ``compiled``: whether there is compiled code as well."""

    modules: Mapping[str, str]
    compiled: bool


def read_project(data: bytes) -> Project:
    """Return the modules of a project; raise ``ProjectError`` where it is broken or has no end."""
    try:
        container = CompDoc(data, logfile=io.StringIO())
        modules: dict[str, str] = {}
        compiled = False
        for name, stream, offset in _modules(_decompressed(_stream(container, "VBA/dir"))):
            content = _stream(container, f"VBA/{stream}")
            modules[name] = _decompressed(content[offset:]).decode("latin-1")  # ours is ASCII; bytes are all we compare
            compiled = compiled or offset > 0
    except ProjectError:
        raise
    except Exception as error:  # xlrd lets whatever a broken file provokes pass through
        raise ProjectError(repr(error)) from error
    return Project(modules, compiled)


def _stream(container: CompDoc, path: str) -> bytes:
    content = container.get_named_stream(path)
    if content is None:
        raise ProjectError(f"no stream {path}")
    return bytes(content)


def _modules(directory: bytes) -> Iterator[tuple[str, str, int]]:
    """Yield name, stream and where the source begins in it, from the records of the stream ``dir``."""
    name = stream = ""
    at = 0
    while at + 6 <= len(directory):
        kind, size = struct.unpack_from("<HI", directory, at)
        if kind == _VERSION:
            size = 6  # what stands there is not its size
        value = directory[at + 6 : at + 6 + size]
        at += 6 + size
        if kind == _NAME:
            name = value.decode("latin-1")
        elif kind == _NAME_UNICODE:
            name = value.decode("utf-16-le")
        elif kind == _STREAM:
            stream = value.decode("latin-1")
        elif kind == _OFFSET:
            yield name, stream, int.from_bytes(value, "little")


def _decompressed(data: bytes) -> bytes:
    """Undo the run-length compression of [MS-OVBA] 2.4.1."""
    if not data.startswith(b"\x01"):
        raise ProjectError("not compressed as VBA does")
    out = bytearray()
    at = 1
    while at < len(data):
        (header,) = struct.unpack_from("<H", data, at)
        end = min(at + (header & 0x0FFF) + 3, len(data))
        at += 2
        if header >> 12 & 0x7 != _SIGNATURE:
            raise ProjectError("a chunk without its signature")
        if header & _LITERAL_CHUNK_BITS:
            _decompress_chunk(data[at:end], out)
        else:
            out += data[at:end]
        at = end
        if len(out) > MAX_SOURCE:
            raise ProjectError(f"more than {MAX_SOURCE} bytes of source")
    return bytes(out)


def _decompress_chunk(chunk: bytes, out: bytearray) -> None:
    start, at = len(out), 0
    while at < len(chunk):
        flags = chunk[at]
        at += 1
        for bit in range(8):
            if at >= len(chunk):
                return
            if not flags >> bit & 1:
                out.append(chunk[at])
                at += 1
                continue
            (token,) = struct.unpack_from("<H", chunk, at)
            at += 2
            # The further on in the chunk, the more bits tell how far back, and the fewer how much.
            bits = max((len(out) - start - 1).bit_length(), _LEAST_COPY_BITS)
            length, back = (token & 0xFFFF >> bits) + 3, (token >> 16 - bits) + 1
            if back > len(out) - start or len(out) - start + length > _CHUNK:
                raise ProjectError("a copy from outside of its chunk")
            for _ in range(length):
                out.append(out[-back])


def normal(source: str) -> list[str]:
    """Return the lines of a source in the one spelling that editors agree on; attributes and blanks are left out.

    An editor writes keywords and names in its own case and puts its own spaces, but leaves texts in quotes alone.
    """
    lines = []
    for line in source.replace("\r\n", "\n").split("\n"):
        pieces = line.strip().split('"')
        pieces[::2] = ["".join(piece.split()).casefold() for piece in pieces[::2]]
        lines.append('"'.join(pieces))
    return [line for line in lines if line and not line.startswith("attributevb_")]
