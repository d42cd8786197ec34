"""Cells that are wrong in the same way, gathered into rectangles: one finding for an empty table, not two hundred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Spot = tuple[int, int]
"""Row and column of a cell, counted in the table."""


def rectangles(spots: Iterable[Spot], also: Iterable[Spot] = ()) -> Iterator[tuple[Spot, ...]]:
    """Cover ``spots`` with disjoint rectangles, from the upper left, each as its cells in reading order.

    A rectangle may run over cells of ``also`` (blank totals that follow from blank parts); those of them that no
    rectangle reaches are left out.
    """
    wanted, free = set(spots), {*spots, *also}
    while wanted:
        start = min(wanted)
        wide, tall = _grow(start, free, right_first=True), _grow(start, free, right_first=False)
        end = max(wide, tall, key=lambda corner: (corner[0] - start[0] + 1) * (corner[1] - start[1] + 1))
        cells = tuple(_cells(start, end))
        wanted.difference_update(cells)
        free.difference_update(cells)
        yield cells


def _cells(start: Spot, end: Spot) -> Iterator[Spot]:
    return ((row, column) for row in range(start[0], end[0] + 1) for column in range(start[1], end[1] + 1))


def _grow(start: Spot, free: set[Spot], *, right_first: bool) -> Spot:
    """Return the lower right corner of the rectangle at ``start`` that grows first one way, then the other."""
    bottom, right = start
    for to_the_right in (right_first, not right_first):
        if to_the_right:
            while all((row, right + 1) in free for row in range(start[0], bottom + 1)):
                right += 1
        else:
            while all((bottom + 1, column) in free for column in range(start[1], right + 1)):
                bottom += 1
    return bottom, right
