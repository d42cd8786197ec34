"""What error localization proposes: the changes that would make broken relations hold, and how they are explained."""

from __future__ import annotations

from dataclasses import dataclass

from gongkai.cell import Value
from gongkai.localization.slips import SLIPS

EVIDENCE = ("shifted", "swapped", *SLIPS, "total", "totals")
"""The kinds that explain how a number became wrong, the likeliest first; anything else is arithmetic only."""
CONVINCING = tuple(kind for kind in EVIDENCE if kind != "digit")
"""The kinds that single out a cell among many. Where typed totals follow their parts throughout, as many more details
could be wrong together with their totals, and one digit is soon found that would fit by chance."""
SHOWN = 3
"""So many of several cures are shown: who has to look at more has not been told where to look."""


@dataclass(frozen=True, slots=True)
class Change:
    """One cell to change: item index, what is filed, what to write instead (``None``: not determined)."""

    index: int
    was: Value
    to: int | float | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A relation as its finding names it: rule id, and the index of the item the finding points at."""

    rule: str
    index: int


@dataclass(frozen=True, slots=True)
class Cure:
    """Changes that together make the relations of ``resolves`` hold and break none."""

    cells: tuple[Change, ...]
    resolves: tuple[Broken, ...]
    kind: str
    """A typing slip (``slips``), ``total`` or ``totals`` that do not follow their parts, ``shifted`` (a whole row or
    column by one), ``imputed``, ``reading``, or ``other``: no explanation, only arithmetic."""
    unique: bool
    """Whether nothing else of this size would do, not even if numbers could be negative, and the totals are not merely
    out of date. What only its bounds single out is confirmed by no second relation; nor is a blank by a sum of 0."""


@dataclass(frozen=True, slots=True)
class Group:
    """Broken relations that hang together, and what would cure them."""

    broken: tuple[Broken, ...]
    size: int | None
    """The fewest cells that must change: 1, 2, or ``None`` for more."""
    cures: tuple[Cure, ...]
    """The likeliest, at most ``SHOWN``; where there are more, only those that a slip explains."""
    sets: tuple[tuple[int, ...], ...]
    """All sets of ``size`` cells, as item indices."""


@dataclass(frozen=True, slots=True)
class Localization:
    """What is proposed for a report; both are empty for a clean one."""

    groups: tuple[Group, ...] = ()
    filled: tuple[Cure, ...] = ()
    """One cure for each blank or text cell whose value is known: kinds ``imputed``, ``reading``, or a slip."""
