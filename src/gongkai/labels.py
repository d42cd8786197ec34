"""Printed labels: what clerks and programs change about them is folded away before they are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from gongkai.cell import Value
from gongkai.numerals import narrow

Place = tuple[int, int]
Cells = Mapping[Place, Value]

_NUMBERING = re.compile(r"^[*※]?(?:[一二三四五六七八九十]+[、.．]|[(（][一二三四五六七八九十]+[)）]|[0-9]+[、.．])")
_NOTE = re.compile(r"\([^()]*\)\Z")
_LONGEST = 500
"""Characters of a text that may be a label or a name; longer ones are neither folded nor remembered."""


def fold(text: str) -> str:
    """Return a label without what clerks and programs change: width, spaces, line breaks, brackets, numbering."""
    return _folded(text) if len(text) <= _LONGEST else text


def without_note(text: str) -> str:
    """Return a label folded, without the note in brackets that may stand behind it."""
    return _folded_without_note(text) if len(text) <= _LONGEST else text


@lru_cache(maxsize=1 << 12)
def _folded(text: str) -> str:
    text = _NUMBERING.sub("", "".join(narrow(text).split()))
    return text if text.isalnum() else "".join(char for char in text if char.isalnum())


@lru_cache(maxsize=1 << 12)
def _folded_without_note(text: str) -> str:
    text = "".join(narrow(text).split())
    return fold(_NOTE.sub("", text)) or fold(text)


class Labels:
    """A sheet whose texts are folded once, for every table of every form that is looked for in it."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.texts = {place: value for place, value in cells.items() if isinstance(value, str)}
        self.places: dict[str, list[Place]] = {}
        for place, text in self.texts.items():
            if len(text) <= _LONGEST:
                for form in {fold(text), without_note(text)}:
                    self.places.setdefault(form, []).append(place)

    def whole(self, forms: Iterable[str]) -> set[Place]:
        """Return where a label stands."""
        return {place for form in forms for place in self.places.get(form, ())}

    def beginnings(self, forms: Iterable[str]) -> set[Place]:
        """Return where the beginning of a label stands."""
        return self.whole(form[:end] for form in forms for end in range(1, len(form)))


def find_beside(cells: Cells, names: Sequence[str]) -> dict[str, Place]:
    """Return, for each cover label found exactly once, the cell right of it (past the label's own blank cells).

    Where the next label follows, nothing stands beside it, and it is left out.
    """
    wanted = {fold(name): name for name in names}
    hits: dict[str, list[Place]] = {}
    for place, value in cells.items():
        if isinstance(value, str) and fold(value) in wanted:
            hits.setdefault(wanted[fold(value)], []).append(place)
    found: dict[str, Place] = {}
    for name, places in hits.items():
        if len(places) == 1:
            row, column = places[0]
            beside = next((at for at in range(column + 1, column + 7) if (row, at) in cells), column + 1)
            text = cells.get((row, beside))
            if not (isinstance(text, str) and (fold(text) in wanted or text.rstrip().endswith((":", "：")))):
                found[name] = (row, beside)
    return found
