"""The XML of package parts, in chunks of bytes, for whoever wants something out of it.

Expat reads every byte and vouches for it; a part that is wrong raises ``ValueError`` or ``ExpatError`` (or
``LookupError``, for an encoding nobody knows). But a call into Python for each tag takes several times as long as expat
itself, and spreadsheet programs write far more than is asked for. So there are two ways: ``walk`` knows the whole
language and calls; ``Plain`` hands out pieces of parts that are written the plain way, as nearly all are.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, NoReturn
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    Enter = Callable[[str, dict[str, str]], object]
    """Takes the path of an element and its attributes."""
    Leave = Callable[[str, str], object]
    """Takes the path of an element and its text."""

MAIN = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
"""The namespace of workbooks, sheets, styles and strings: transitional and strict."""

CHUNK = 1 << 17
"""Bytes parsed at a time: few enough to stop early, many enough that one huge token is not rescanned for ever."""

MAX_PLAIN = 1 << 19
"""Bytes of a part that are looked at in one piece."""

MAX_DEPTH = 100
"""Elements inside each other; real parts stay below ten, and each open element costs the parser memory."""

MAX_NAMES = 1_000
"""Names of elements in a document; the parser keeps each of them."""

SKIP = object()
"""What a visitor returns to hear nothing of what is inside an element."""

_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_REFERENCE = re.compile("&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|([a-z]+));")
_ATTRIBUTES = rb'(?:\s+[^<>="\s]+="[^<>"]*")*'


class RootError(ValueError):
    """A document that is not of the kind it should be; ``name`` is its root, ``namespace local``."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name!r} instead of {expected}")
        self.name = name


def new_parser() -> expat.XMLParserType:
    """Return a parser that names elements ``namespace local`` and refuses a DOCTYPE, hence every entity."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def walk(  # noqa: C901 - a parser is its handlers
    chunks: Iterable[bytes],
    root: str,
    enter: Enter,
    leave: Leave | None = None,
    *,
    known: Container[str] = MAIN,
    enough: Callable[[int], bool] | None = None,
) -> None:
    """Parse a document, calling ``enter(path, attributes)`` and ``leave(path, text)`` for each element.

    A path is made of local names (``workbook/sheets/sheet``); an element of another namespace than the root, which has
    to be a ``known`` one, brings its namespace along. The text is what stands between an end tag and the tag before it.
    ``enter`` may return ``SKIP``, and will not hear of the elements inside. ``enough`` is told the size of each chunk
    that was parsed, and may end the reading there. A document whose root is not ``root`` raises ``RootError``.
    """
    parser = new_parser()
    chars: list[str] = []
    paths = [""]
    steps: dict[str, str] = {}
    skipped = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal known
        step = steps.get(name)
        if step is None:
            if len(steps) == MAX_NAMES:
                raise ValueError("too many names of elements")
            namespace, _, local = name.rpartition(" ")
            if not steps and namespace in known:
                known = (namespace,)
            step = steps[name] = "/" + (local if namespace in known else f"{namespace} {local}")
        path = paths[-1] + step
        paths.append(path)
        if path == step and path[1:] != root:
            raise RootError(name, root)
        if len(paths) > MAX_DEPTH:
            raise ValueError("elements nested too deeply")
        chars.clear()
        if enter(path[1:], attributes) is SKIP:
            parser.StartElementHandler, parser.EndElementHandler = start_skipped, end_skipped

    def start_skipped(_: str, __: dict[str, str]) -> None:
        nonlocal skipped
        skipped += 1
        if skipped > MAX_DEPTH:
            raise ValueError("elements nested too deeply")

    def end_skipped(name: str) -> None:
        nonlocal skipped
        if skipped:
            skipped -= 1
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end
            end(name)

    def end(_: str) -> None:
        path = paths.pop()
        if leave is not None:
            leave(path[1:], "".join(chars))
            chars.clear()

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    if leave is not None:
        parser.CharacterDataHandler = chars.append
    for chunk in chunks:
        parser.Parse(chunk, False)
        if enough is not None and enough(len(chunk)):
            return
    parser.Parse(b"", True)


class Plain(NamedTuple):
    """A well-formed document in UTF-8 whose root has no prefix, without comments, CDATA and instructions inside."""

    root: bytes
    """The start tag of the root."""
    inside: bytes
    """What is between the tags of the root."""

    def child(self, name: str) -> bytes | None:
        """Return what is inside the child of the root that has a name, ``b""`` if there is no such child.

        ``None`` if that cannot be told from the characters alone: it has a prefix, there are two, it is not a child.
        """
        inside = self.inside
        tag = name.encode()
        begin = inside.find(b"<" + tag)
        if begin < 0:
            return None if tag in inside else b""
        start = re.compile(b"<" + tag + _ATTRIBUTES + rb"\s*(/?)>").match(inside, begin)
        if start is None or inside.find(b"<" + tag, start.end()) >= 0:
            return None
        # With as many > as <, each of them ends a tag, so the tags of finished elements can be counted.
        brackets, before = inside.count(b"<", 0, begin), inside[:begin]
        if brackets != before.count(b">") or brackets != 2 * before.count(b"</") + before.count(b"/>"):
            return None
        end = start.end() if start[1] else inside.find(b"</" + tag + b">", start.end())
        block = inside[start.end() : end]
        return None if end < 0 or b"xmlns" in start[0] or b"xmlns" in block else block


def plain(chunks: Iterator[bytes], root: str) -> tuple[Plain | None, Iterator[bytes]]:
    """Return a document in plain form, or ``None`` if it is not or is large; and the chunks it is made of once more.

    A document that is not large has been parsed by then; one whose root is not ``root`` raises ``RootError``.
    """
    data, more = b"".join(islice(chunks, MAX_PLAIN // CHUNK)), next(chunks, None)
    if more is not None:
        return None, chain((data, more), chunks)
    parser = new_parser()
    odd, begin = False, 0

    def declare(_: str, encoding: str | None, __: int) -> None:
        nonlocal odd
        odd = encoding is not None and encoding.upper() != "UTF-8"

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal begin
        if name not in {f"{namespace} {root}" for namespace in MAIN}:
            raise RootError(name, root)
        begin = parser.CurrentByteIndex
        parser.StartElementHandler = None

    def meet(*_: object) -> None:
        nonlocal odd
        odd = True

    parser.XmlDeclHandler = declare
    parser.StartElementHandler = start
    parser.CommentHandler = parser.StartCdataSectionHandler = parser.ProcessingInstructionHandler = meet
    parser.Parse(data, True)
    tag = root.encode()
    match = re.compile(b"<" + tag + _ATTRIBUTES + rb"\s*>").match(data, begin)
    if odd or match is None or b"\r" in data[match.end() :]:
        return None, iter((data,))
    return Plain(match[0], data[match.end() : data.rfind(b"</" + tag)]), iter((data,))


def characters(text: str) -> str:
    """Resolve the character references in a piece of a document in plain form."""
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(reference: re.Match[str]) -> str:
    hexadecimal, decimal, name = reference.groups()
    return _NAMED[name] if name else chr(int(hexadecimal, 16) if hexadecimal else int(decimal))


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("a DOCTYPE")
