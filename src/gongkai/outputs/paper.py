"""A page of text as a .docx: what an office opens, completes, prints and seals.

Word files can do a great deal more than a letter needs. These few elements take no library, and no more time than
writing a text.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from gongkai.wording import one_line

_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_FONT = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="{}" w:cs="Times New Roman"/>'
_SIZE = 22
"""Half points."""
LINE_WIDTH = 41
"""So many Chinese characters go into a line."""
_INDENT = 2
_NONCHARACTERS = str.maketrans("\ufffe\uffff", "\N{REPLACEMENT CHARACTER}" * 2)

_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}.document.main+xml"/>'
        f'<Override PartName="/word/styles.xml" ContentType="{_MAIN}.styles+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_RELATIONS}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    ),
    "word/_rels/document.xml.rels": (
        f'<Relationships xmlns="{_RELATIONS}">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    "word/styles.xml": (
        f'<w:styles xmlns:w="{_WORD}"><w:docDefaults><w:rPrDefault><w:rPr>{_FONT.format("仿宋")}'
        f'<w:sz w:val="{_SIZE}"/><w:szCs w:val="{_SIZE}"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr>'
        '</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="0" w:line="340" w:lineRule="exact"/></w:pPr>'
        '</w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal">'
        '<w:name w:val="Normal"/></w:style></w:styles>'
    ),
}  # fmt: skip
_PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1304" w:right="1417" w:bottom="1304" w:left="1417" '
    'w:header="720" w:footer="720" w:gutter="0"/></w:sectPr>'
)


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph: a title, a heading, text that begins two characters further right, or a signature."""

    text: str
    kind: str = "text"


def lines_of(text: str) -> int:
    """Return how many lines a paragraph takes."""
    halves = sum(1 if char.isascii() else 2 for char in text)
    return math.ceil((halves / 2 + _INDENT) / LINE_WIDTH)


def document(paragraphs: Iterable[Line]) -> bytes:
    """Return the paragraphs as a .docx; the same ones are always the same bytes."""
    body = "".join(map(_paragraph, paragraphs)) + _PAGE
    parts = {**_PARTS, "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, part in parts.items():
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            package.writestr(entry, (_HEAD + part).encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


_PARAGRAPH = {
    "title": '<w:spacing w:after="200" w:line="480" w:lineRule="exact"/><w:jc w:val="center"/>',
    "heading": '<w:ind w:firstLineChars="200" w:firstLine="440"/>',
    "text": '<w:ind w:firstLineChars="200" w:firstLine="440"/><w:jc w:val="both"/>',
    "address": "",
    "signature": '<w:jc w:val="right"/>',
}
_RUN = {
    "title": f'{_FONT.format("黑体")}<w:b/><w:sz w:val="36"/><w:szCs w:val="36"/>',
    "heading": _FONT.format("黑体"),
}


def _paragraph(line: Line) -> str:
    text = escape(one_line(line.text).translate(_NONCHARACTERS))
    run = f"<w:rPr>{_RUN[line.kind]}</w:rPr>" if line.kind in _RUN else ""
    return f'<w:p><w:pPr>{_PARAGRAPH[line.kind]}</w:pPr><w:r>{run}<w:t xml:space="preserve">{text}</w:t></w:r></w:p>'
