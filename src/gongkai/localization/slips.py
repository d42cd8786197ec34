"""Typing slips: how a number a person meant becomes another one on paper.

The kinds are those of the literature on the automatic correction of obvious errors (Scholtus, Algorithms for correcting
sign errors and rounding errors in business survey data, Journal of Official Statistics 27, 2011).
"""

from __future__ import annotations

from gongkai.identities import Exact

SLIPS = ("transposition", "doubled-digit", "sign", "added-digit", "dropped-digit", "digit")
"""The slips within one number, the most telling first."""


def slip(typed: Exact, meant: Exact) -> str | None:
    """Return the slip that turns ``meant`` into ``typed``, ``None`` where there is none.

    Any digit can be mistaken for any other, and a zero can be anything, so single digits and zeros prove nothing:
    3 for 4, or 0 for 5, is no slip.
    """
    if typed == -meant:
        return "sign" if typed else None
    if (typed < 0) != (meant < 0) or 0 in (typed, meant):
        return None
    wrong, right = _digits(typed, meant), _digits(meant, typed)
    if len(wrong) == len(right):
        differ = [place for place, (a, b) in enumerate(zip(wrong, right, strict=True)) if a != b]
        if len(differ) == 1 and len(wrong) > 1:
            return "digit"
        first = differ[0] if differ else 0
        crossed = wrong[first : first + 2] == right[first : first + 2][::-1]
        return "transposition" if len(differ) == 2 and differ[1] == first + 1 and crossed else None  # noqa: PLR2004
    if len(wrong) == len(right) + 1:
        places = [n for n in range(len(wrong)) if wrong[:n] + wrong[n + 1 :] == right]
        doubled = any(wrong[n] in wrong[max(n - 1, 0) : n] + wrong[n + 1 : n + 2] for n in places)
        return ("doubled-digit" if doubled else "added-digit") if places else None
    dropped = any(right[:n] + right[n + 1 :] == wrong for n in range(len(right)))
    return "dropped-digit" if len(right) == len(wrong) + 1 and dropped else None


def _digits(number: Exact, other: Exact) -> str:
    """Return the digits of a number with as many decimals as both need, without sign and point."""
    places = max(0 if isinstance(n, int) else len(f"{abs(n):f}".partition(".")[2]) for n in (number, other))
    return f"{abs(number):.{places}f}".replace(".", "") if places else str(abs(int(number)))
