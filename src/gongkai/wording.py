"""The numbers and cells inside a sentence: how a value, a range and a relation read in Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from gongkai.cell import Value, parse_address, plain
from gongkai.identities import Exact, Relation, Sum

CellName = Callable[[int], str]
"""Index in the vector (this year's, then last year's) → what to call that cell."""


_LONGEST = 60
_RUN = 3
"""So many neighbours are named as a range; two read better as a sum."""


def shown(value: Value) -> str:
    """Return a value as the clerk sees it in the sheet, but no more of it than a sentence can bear."""
    if value is None:
        return "空白"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls and line ends, changes of direction, half characters: what a terminal obeys, or what turns the text around it."""


def one_line(text: str) -> str:
    """Return a text from somebody's file as part of a line of ours: it can neither end the line nor command a terminal."""
    return _UNSEEN.sub(lambda found: " " if found[0] in "\t\r\n" else "\N{REPLACEMENT CHARACTER}", text)


def escaped_json(text: str) -> str:
    """Return JSON in which whatever ``one_line`` would replace is written as an escape, but for its own line ends."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def cell_range(cells: Sequence[str]) -> str:
    """Return ``D9:I9`` for cells that fill a rectangle, otherwise the cells one by one."""
    places = [parse_address(cell) for cell in cells]
    (top, left), (bottom, right) = places[0], places[-1]
    if len(cells) > 1 and (bottom - top + 1) * (right - left + 1) == len(cells):
        return f"{cells[0]}:{cells[-1]}"
    return "、".join(cells)


def addition(side: Sum, name: CellName) -> str:
    """Return a sum as cells, runs of neighbours in short: ``D6+D7``, ``D8:D28``, ``B5-C5``, ``4×D28``."""
    text = ""
    for factor, run in _runs(side, name):
        term = run[0] if len(run) == 1 else f"{run[0]}:{run[-1]}"
        text += ("-" if factor < 0 else "+" if text else "") + (f"{abs(factor)}×" if abs(factor) != 1 else "") + term
    if side.constant or not text:
        text += f"{side.constant:+d}" if text else str(side.constant)
    return text


def equation(relation: Relation, vector: Sequence[Exact | None], name: CellName) -> str:
    """Return both sides of a relation with what they come to: ``D6+D7=3，D29+D30=2``."""
    sides = (relation.claim.left, relation.claim.right)
    return "，".join(f"{addition(side, name)}={plain(side.of(vector))}" for side in sides if side.terms)


def _runs(side: Sum, name: CellName) -> list[tuple[int, list[str]]]:
    """Gather cells that follow each other down a column or along a row and count once each."""
    runs: list[tuple[int, list[str]]] = []
    for index, factor in side.terms:
        cell = name(index)
        if runs and factor == 1 == runs[-1][0] and _follows(runs[-1][1], cell):
            runs[-1][1].append(cell)
        else:
            runs.append((factor, [cell]))
    return [
        part
        for factor, run in runs
        for part in ([(factor, run)] if len(run) >= _RUN else [(factor, [cell]) for cell in run])
    ]


def _follows(run: list[str], cell: str) -> bool:
    try:
        places = [parse_address(known) for known in (*run[-2:], cell)]
    except ValueError:  # last year's cells have names, not addresses
        return False
    steps = {(after[0] - before[0], after[1] - before[1]) for before, after in pairwise(places)}
    return steps <= {(0, 1)} or steps <= {(1, 0)}
