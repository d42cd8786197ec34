"""Structured damage: what can go wrong with any byte, any node of the XML, any cell, any entry of a package.

Every kind of damage takes bytes and returns bytes, led by a ``Random``: hypothesis and libFuzzer both bring theirs. The
XML is taken as tags and texts and need not be well-formed, so one kind of damage can follow another.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Sequence
from random import Random

Damage = Callable[[bytes, Random], bytes]

_TOKEN = re.compile(rb"<[^>]*>|[^<]+|<")
_NAME = re.compile(rb"[^\s<>/=\"']+")
_ATTRIBUTE = re.compile(rb"\s([^\s=<>/\"']+)\s*=\s*(\"[^\"]*\"|'[^']*')")

VALUES = tuple(
    text.encode()
    for text in (
        "", " ", "0", "1", "2", "3", "7", "13", "14", "58", "60", "164", "-1", "+1", "01", " 1 ", "1.5", "1E3", "1e999", "NaN", "1_0",
        "１２", "45322", "0.1", "1234567890123456789", "true", "false", "#N/A", "#DIV/0!", "2024-01-31", "2024-01-31T00:00:00",
        "s", "str", "b", "e", "d", "n", "inlineStr", "x", "A1", "B2", "C3", "b2", "$A$1", "A01", "A1:B2", "XFD1048576", "XFE1",
        "ZZZ9999999", "R1C1", "甲", "自然人", "总计", "_x0031_", "_x005F_x0031_", "_xD800_", "&amp;", "&lt;", "&#49;", "&#x31;", "&#0;",
        "&#xD800;", "&a;", "=1+1", "]]>", "preserve", "yyyy", "0.00", "h:mm", "[h]:mm", '0"d"'.replace('"', "&quot;"), "External",
        "urn:x", "rId1", "rId2", "../x.xml", "/xl/workbook.xml", "%41.xml",
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings",
    )
)  # fmt: skip
NAMES = tuple(
    b"row c v f is t r si rPh x a:v sheetData cols col xf numFmt cellXfs numFmts sheet sheets s xml:space extLst".split()
)
PIECES = (
    b"<!-- -->", b"<!-- 1 -->", b"<![CDATA[1]]>", b"<?x 1?>", b"<x/>", b"<x>1</x>", b'<x xmlns="urn:x">1</x>', b"<v>1</v>", b"<v/>",
    b"<t>1</t>", b"<f>1</f>", b"<f/>", b"<c><v>1</v></c>", b"<c/>", b"<row/>", b"<row><c><v>1</v></c></row>", b"<is><t>1</t></is>",
    b"<si/>", b"<si><t>1</t></si>", b"<r><t>1</t></r>", b"<xf/>", b'<xf numFmtId="14"/>', b"<sheetData/>", b"1", b" ", b"\r\n", b"\t",
    b"&amp;", b"&#49;", b"]]>", b"<", b">", b"\0", b"\xff", b"\xed\xa0\x80", b'<?xml version="1.0" encoding="UTF-16"?>',
    b"<!DOCTYPE a>", b'<!DOCTYPE a [<!ENTITY a "1">]>', b"\xef\xbb\xbf",
)  # fmt: skip


# --- any byte


def damage_bytes(data: bytes, rng: Random) -> bytes:
    """Change, insert, delete or repeat some bytes, or cut off the rest."""
    at = _at(data, rng)
    end = min(len(data), at + rng.choice((1, 1, 2, 4, 16, 256)))
    return rng.choice(
        (
            lambda: data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
            lambda: data[:at] + bytes([(data[at] if data else 0) ^ 1 << rng.randrange(8)]) + data[at + 1 :],
            lambda: data[:at] + rng.choice((*PIECES, *VALUES)) + data[at:],
            lambda: data[:at] + data[end:],
            lambda: data[:end] + data[at:],
            lambda: data[:at] + data[_at(data, rng) :][: end - at] + data[end:],
            lambda: data[:at],
        )
    )()


def _at(data: Sequence[object] | bytes, rng: Random) -> int:
    return rng.randrange(len(data)) if data else 0


# --- any node


def damage_xml(data: bytes, rng: Random) -> bytes:
    """Delete, repeat, swap, move, rename or unwrap a node, or change an attribute, a text, a namespace."""
    tokens = _TOKEN.findall(data)
    starts = [number for number, token in enumerate(tokens) if _NAME.match(token, 1) and token[:1] == b"<"]
    if not starts:
        return damage_bytes(data, rng)
    change = rng.choice((*_NODE, *_ATTRIBUTES, *_ATTRIBUTES, _retext, _retext, _renamespace))
    return b"".join(change(tokens, rng.choice(starts), starts, rng))


Tokens = list[bytes]
_Change = Callable[[Tokens, int, Sequence[int], Random], Tokens]


def _end(tokens: Tokens, start: int) -> int:
    """Return the number of the token after the node that begins at a token."""
    depth = 0
    for number in range(start, len(tokens)):
        token = tokens[number]
        if token.startswith(b"</"):
            depth -= 1
        elif token.startswith(b"<") and not token.endswith(b"/>") and token[1:2] not in b"?!":
            depth += 1
        if depth <= 0:
            return number + 1
    return len(tokens)


def _delete(tokens: Tokens, at: int, _: Sequence[int], __: Random) -> Tokens:
    return tokens[:at] + tokens[_end(tokens, at) :]


def _repeat(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    node, where = tokens[at : _end(tokens, at)], rng.choice((at, rng.choice(starts)))
    return tokens[:where] + node + tokens[where:]


def _move(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    end = _end(tokens, at)
    outside = [start for start in starts if not at <= start < end]
    where = rng.choice(outside) if outside else at
    node, rest = tokens[at:end], tokens[:at] + tokens[end:]
    if where >= end:
        where -= end - at
    return rest[:where] + node + rest[where:]


def _swap(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    end = _end(tokens, at)
    later = [start for start in starts if start >= end]
    if not later:
        return _delete(tokens, at, starts, rng)
    other = rng.choice(later[: rng.choice((1, 8, len(later)))])
    other_end = _end(tokens, other)
    return tokens[:at] + tokens[other:other_end] + tokens[end:other] + tokens[at:end] + tokens[other_end:]


def _rename(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    name = rng.choice((rng.choice(NAMES), _NAME.match(tokens[rng.choice(starts)], 1)[0]))
    end = _end(tokens, at) - 1
    tokens[at] = _NAME.sub(lambda _: name, tokens[at], count=1)
    if end < len(tokens) and tokens[end].startswith(b"</"):
        tokens[end] = b"</" + name + b">"
    return tokens


def _unwrap(tokens: Tokens, at: int, _: Sequence[int], __: Random) -> Tokens:
    end = _end(tokens, at) - 1
    return tokens[:at] + tokens[at + 1 : end] + tokens[end + 1 :]


def _wrap(tokens: Tokens, at: int, _: Sequence[int], rng: Random) -> Tokens:
    end, name = _end(tokens, at), rng.choice(NAMES)
    return [*tokens[:at], b"<" + name + b">", *tokens[at:end], b"</" + name + b">", *tokens[end:]]


def _insert(tokens: Tokens, at: int, _: Sequence[int], rng: Random) -> Tokens:
    where = at + rng.choice((0, 1))
    return [*tokens[:where], rng.choice(PIECES), *tokens[where:]]


def _open_and_close(tokens: Tokens, at: int, _: Sequence[int], __: Random) -> Tokens:
    """Write ``<a/>`` as ``<a></a>`` and the reverse."""
    tag, end = tokens[at], _end(tokens, at)
    if tag.endswith(b"/>"):
        return [*tokens[:at], tag[:-2] + b">", b"</" + _NAME.match(tag, 1)[0] + b">", *tokens[end:]]
    return [*tokens[:at], tag[:-1] + b"/>", *tokens[end:]]


_NODE: tuple[_Change, ...] = (_delete, _repeat, _move, _swap, _rename, _unwrap, _wrap, _insert, _open_and_close)


def _reattribute(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    """Give an attribute another value: one of the list, or one that stands elsewhere."""
    found = list(_ATTRIBUTE.finditer(tokens[at]))
    if not found:
        return _attribute_more(tokens, at, starts, rng)
    attribute = rng.choice(found)
    others = _ATTRIBUTE.findall(tokens[rng.choice(starts)])
    value = rng.choice((*VALUES, *(other[1][1:-1] for other in others)))
    tokens[at] = tokens[at][: attribute.start(2)] + b'"' + value + b'"' + tokens[at][attribute.end(2) :]
    return tokens


def _attribute_less(tokens: Tokens, at: int, _: Sequence[int], rng: Random) -> Tokens:
    if found := list(_ATTRIBUTE.finditer(tokens[at])):
        attribute = rng.choice(found)
        tokens[at] = tokens[at][: attribute.start()] + tokens[at][attribute.end() :]
    return tokens


def _attribute_more(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    """Add an attribute, as it stands elsewhere or of our own making."""
    others = [match[0] for match in _ATTRIBUTE.finditer(tokens[rng.choice(starts)])]
    own = b" " + rng.choice((b"r", b"t", b"s", b"a", b"si", b"xmlns", b"xml:space")) + b'="' + rng.choice(VALUES) + b'"'
    name = _NAME.match(tokens[at], 1)
    tokens[at] = tokens[at][: name.end()] + rng.choice((own, *others)) + tokens[at][name.end() :]
    return tokens


def _attribute_other(tokens: Tokens, at: int, _: Sequence[int], rng: Random) -> Tokens:
    """Write an attribute in another way: single quotes, more space, another name, a ``>`` in its value."""
    if found := list(_ATTRIBUTE.finditer(tokens[at])):
        attribute = rng.choice(found)
        name, value = attribute[1], attribute[2][1:-1]
        new = rng.choice(
            (
                b" %s='%s'" % (name, value),
                b'  %s = "%s"' % (name, value),
                b'\r\n%s="%s"' % (name, value),
                b' %s=" %s"' % (name, value),
                b' %s="0%s"' % (name, value),
                b' %s="%s>"' % (name, value),
                b' x:%s="%s"' % (name, value),
                b' %s="%s"' % (name.upper(), value),
            )
        )
        tokens[at] = tokens[at][: attribute.start()] + new + tokens[at][attribute.end() :]
    return tokens


_ATTRIBUTES: tuple[_Change, ...] = (
    _reattribute, _reattribute, _reattribute, _attribute_less, _attribute_more, _attribute_other
)  # fmt: skip


def _retext(tokens: Tokens, at: int, _: Sequence[int], rng: Random) -> Tokens:
    """Change the text at or after a node."""
    texts = [number for number in range(at, min(at + 12, len(tokens))) if not tokens[number].startswith(b"<")]
    if not texts:
        return [*tokens[: at + 1], rng.choice(VALUES), *tokens[at + 1 :]]
    number = rng.choice(texts)
    text = tokens[number]
    half = len(text) // 2
    tokens[number] = rng.choice(
        (
            rng.choice(VALUES),
            rng.choice(VALUES),
            b" " + text,
            text + b"\n",
            b"0" + text,
            b"<![CDATA[" + text + b"]]>",
            text[:half] + b"<!-- -->" + text[half:],
            text[:half] + b"<x/>" + text[half:],
            b"".join(b"&#%d;" % byte if byte < 0x80 else bytes([byte]) for byte in text[:40]) + text[40:],
        )
    )
    return tokens


def _renamespace(tokens: Tokens, at: int, starts: Sequence[int], rng: Random) -> Tokens:
    """Give a node, mostly the root, another namespace, or a prefix to all of its kind."""
    at = rng.choice((starts[0], at))
    name = _NAME.match(tokens[at], 1)[0]
    if rng.random() < 0.5:
        space = rng.choice([value for value in VALUES if value.startswith((b"http", b"urn"))])
        tokens[at] = _NAME.sub(lambda match: match[0] + b' xmlns="' + space + b'"', tokens[at], count=1)
        return tokens
    local = name.rpartition(b":")[2]
    declared = b' xmlns:z="' + VALUES[-5] + b'"'
    return [
        token.replace(name, b"z:" + local + (b"" if token.startswith(b"</") else declared), 1)
        if _NAME.match(token, 2 if token.startswith(b"</") else 1) and _NAME.findall(token[:80])[:1] == [name]
        else token
        for token in tokens
    ]


# --- any cell

_CELLS = re.compile(rb"<(?:\w+:)?c\b[^>]*?(?:/>|>.*?</(?:\w+:)?c>)", re.DOTALL)
_KINDS = (None, None, b"s", b"str", b"b", b"e", b"d", b"n", b"inlineStr", b"x", b"S", b" s")
_STYLES = (None, b"0", b"1", b"2", b"3", b"5", b"01", b" 1", b"-1", b"9999")
_FORMULAS = (b"", b"", b"", b"<f>A1</f>", b"<f/>", b'<f t="shared" si="0"/>', b'<f t="array" ref="A1:B2">SUM(A1)</f>')


def damage_cell(data: bytes, rng: Random) -> bytes:
    """Put another cell in the place of one: its type, style, formula and value, each as it was or another."""
    cells = list(_CELLS.finditer(data))
    if not cells:
        return damage_xml(data, rng)
    cell = rng.choice(cells)
    prefix = cell[0][1 : cell[0].index(b"c")]
    attributes = {name: value[1:-1] for name, value in _ATTRIBUTE.findall(cell[0].partition(b">")[0] + b" ")}
    inner = _TOKEN.findall(cell[0])[1:-1] if cell[0].endswith(b"c>") else []
    for name, choices in ((b"t", _KINDS), (b"s", _STYLES)):
        if rng.random() < 0.5 and (value := rng.choice(choices)) is not None:
            attributes[name] = value
        elif rng.random() < 0.2:
            attributes.pop(name, None)
    if rng.random() < 0.1:
        attributes[b"r"] = rng.choice((*VALUES, *_ATTRIBUTE_R.findall(data)))
    content = b"".join(inner)
    if rng.random() < 0.7:
        text = rng.choice(VALUES)
        content = rng.choice(_FORMULAS) + rng.choice(
            (b"<v>%s</v>", b"<v>%s</v>", b"<is><t>%s</t></is>", b"<is><r><t>%s</t></r></is>", b"%s")
        ) % text  # fmt: skip
        content = re.sub(rb"<(/?)(?=[a-z])", rb"<\1" + prefix, content)
    head = b"".join(b' %s="%s"' % pair for pair in attributes.items())
    new = b"<%sc%s>%s</%sc>" % (prefix, head, content, prefix)
    return data[: cell.start()] + new + data[cell.end() :]


_ATTRIBUTE_R = re.compile(rb'<c r="([^"]*)"')


# --- any value of a report JSON

_JSON_VALUE = re.compile(rb"(?<=: )[^\s,{}]+")
_JSON_VALUES = (
    b"null", b"0", b"-0", b"1.0", b"-1", b"0.1", b"1e3", b"1E400", b"-1e999", b"NaN", b"Infinity", b"123456789012345", b"1234567890123456",
    b"0.30000000000000004", b"01", b"true", b"false", b"[]", b"{}", b'""', b'"7"', b'"\\ud800"', b'"\\u0000"', b'"2021"', b'"2019"', b"2021",
)  # fmt: skip


def damage_json(data: bytes, rng: Random) -> bytes:
    """Put another value in the place of one, or that of another place."""
    found = list(_JSON_VALUE.finditer(data))
    if not found:
        return damage_bytes(data, rng)
    value = rng.choice(found)
    return data[: value.start()] + rng.choice((*_JSON_VALUES, rng.choice(found)[0])) + data[value.end() :]


# --- any entry of a package


def damage_package(data: bytes, rng: Random) -> bytes:
    """Drop, repeat, swap or rename parts, or change a field of the directory."""
    parts = unpacked(data)
    if not parts:
        return damage_bytes(data, rng)
    change = rng.choice((_drop, _copy, _exchange, _retitle, None, None))
    if change is None:
        return _damage_directory(data, rng)
    return packed(change(parts, rng))


def damage_part(data: bytes, rng: Random) -> bytes:
    """Damage the content of one part, more often than not a sheet."""
    parts = unpacked(data)
    names = [name for name, _ in parts if not name.endswith(("theme1.xml", ".bin"))]
    if not names:
        return damage_bytes(data, rng)
    sheets = [name for name in names if "sheets/" in name]
    name = rng.choice(rng.choice((sheets or names, names)))
    damage = rng.choice((damage_xml, damage_xml, damage_cell, damage_bytes))
    return packed([(each, damage(content, rng) if each == name else content) for each, content in parts])


Parts = list[tuple[str, bytes]]


def unpacked(data: bytes) -> Parts:
    """Return the parts of a package in order, none where zipfile cannot."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return [(entry.filename, package.read(entry)) for entry in package.infolist()]
    except Exception:  # noqa: BLE001 - zipfile lets everything through
        return []


def packed(parts: Parts) -> bytes:
    """Return parts as a package; two of one name are no obstacle."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        warnings.simplefilter("ignore")
        for name, content in parts:
            package.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _drop(parts: Parts, rng: Random) -> Parts:
    parts.remove(rng.choice(parts))
    return parts


def _copy(parts: Parts, rng: Random) -> Parts:
    """Give a part a twin: of its name, of its name in capitals, or of another's."""
    name, content = rng.choice(parts)
    return [*parts, (rng.choice((name, name.upper(), rng.choice(parts)[0])), content)]


def _exchange(parts: Parts, rng: Random) -> Parts:
    """Swap the contents of two parts."""
    one, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    (name, content), (other_name, other_content) = parts[one], parts[other]
    parts[one], parts[other] = (name, other_content), (other_name, content)
    return parts


def _retitle(parts: Parts, rng: Random) -> Parts:
    at = rng.randrange(len(parts))
    name, content = parts[at]
    new = (
        name.upper(),
        "/" + name,
        "./" + name,
        "x/../" + name,
        name.replace("/", "\\"),
        name + "/",
        "x.xml",
        "%78l.xml",
    )
    parts[at] = rng.choice(new), content
    return parts


_FIELDS = {b"PK\x01\x02": (4, 6, 8, 10, 16, 20, 24, 28, 30, 32, 36, 42, 46), b"PK\x03\x04": (4, 6, 8, 14, 18, 22, 26, 28, 30),
           b"PK\x05\x06": (4, 6, 8, 10, 12, 16, 20)}  # fmt: skip
"""Signature of a record → where its fields begin: versions, flags, method, checksum, sizes, lengths, offset, name."""


def _damage_directory(data: bytes, rng: Random) -> bytes:
    """Change a field of a record: by a bit, by one, to another's, to the largest."""
    signature = rng.choice(list(_FIELDS))
    records = [match.start() for match in re.finditer(re.escape(signature), data)]
    if not records:
        return damage_bytes(data, rng)
    field = rng.choice(_FIELDS[signature])
    at, other = rng.choice(records) + field, rng.choice(records) + field
    size = rng.choice((2, 4))
    old = int.from_bytes(data[at : at + size], "little")
    theirs = int.from_bytes(data[other : other + size], "little")
    new = rng.choice((old ^ 1 << rng.randrange(8 * size), old + 1, old - 1, 0, theirs, -1, rng.getrandbits(8 * size)))
    return data[:at] + (new % (1 << 8 * size)).to_bytes(size, "little") + data[at + size :]


def damage_workbook(data: bytes, rng: Random) -> bytes:
    """Damage a workbook in any of these ways."""
    return rng.choice((damage_part, damage_part, damage_part, damage_part, damage_package, damage_bytes))(data, rng)
