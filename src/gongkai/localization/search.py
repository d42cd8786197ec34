"""Error localization: which cells to change, and into what, so that every broken 勾稽 relation holds.

One mistyped cell breaks several relations at once. After Fellegi & Holt (A Systematic Approach to Automatic Edit and
Imputation, JASA 71, 1976) the cells to suspect are the fewest whose change makes every *edit* hold; here the edits
are the equations of severity error that the schema declares. Cells without a value are always among those to change:
they, and totals that are live formulas, are eliminated first, which leaves the implied edits over the typed numbers.
What follows without any choice is deductive imputation (de Waal, Pannekoek & Scholtus, Handbook of Statistical Data
Editing and Imputation, 2011, ch. 9).

Everything is exact, nothing is changed, and a cure is a proposal: the fewest changes are not always the true ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import isfinite

from gongkai.cell import Uncalculated, Unread, exact, is_number, plain
from gongkai.edition import Edition
from gongkai.identities import Exact, Relation, breaches, due
from gongkai.localization.cures import CONVINCING, EVIDENCE, SHOWN, Broken, Change, Cure, Group, Localization
from gongkai.localization.edits import (
    ONE,
    Edits,
    Equation,
    Number,
    Steps,
    compile_edits,
    connected,
    equation,
    pairs,
    singles,
)
from gongkai.localization.slips import slip
from gongkai.numerals import proposal
from gongkai.report import Report
from gongkai.verdict import Prior, both_years


def localize(
    edition: Edition, report: Report, prior: Prior | None = None, live: frozenset[int] = frozenset()
) -> Localization:
    """Return what to change in a report; ``live`` are the indices of totals that are formulas and follow their parts.

    Blanks that somebody declared zero must have been counted as such (``Report.blanks_as_zero``). The effort is that
    of adding the report up once, plus, for two cells, the square of the cells in the shortest broken relation.
    """
    return _Search(edition, report, prior, live).result()


class _Search:
    """One report under search: its equations, what they come to, and what would make them hold."""

    def __init__(self, edition: Edition, report: Report, prior: Prior | None, live: frozenset[int]) -> None:
        self.edition, self.filed, self.live = edition, report.values, live
        self.count = len(edition.items)
        self.filed_numbers = both_years(edition, report.values, prior)
        kind = None if prior is None else "same" if prior.same_edition else "other"
        errors = [r for r in due(edition.relations, report.unit, kind) if r.severity == "error"]
        self.relations = [relation for relation in errors if self.is_edit(relation)]
        self.guards = [relation for relation in errors if not self.is_edit(relation)]
        self.missing = {i for i in range(self.count) if self.filed_numbers[i] is None} - live
        self.broken = list(breaches(self.relations, self.filed_numbers))

    def is_edit(self, relation: Relation) -> bool:
        """Tell whether a relation is an equation between cells.

        One that only says what may not be (a bound, a sum that must be 0) breaks because the wrong thing was entered,
        not a wrong number; it says nothing of what was meant, so a cure must respect it and cannot serve it.
        """
        claim = relation.claim
        known = all(self.filed_numbers[i] is not None for i in relation.operands if i >= self.count)
        return bool(claim.op == "=" and not relation.when and claim.left.terms and claim.right.terms and known)

    def result(self) -> Localization:
        if not self.broken and not self.missing:
            return Localization()
        order = {id(relation): number for number, relation in enumerate(self.edition.relations)}
        self.asked = tuple(order[id(relation)] for relation in self.relations)
        measures = [item.measure for item in self.edition.items]
        readings = {i: measures[i].number(proposal(self.filed[i], measures[i])) for i in self.missing}
        self.read = {index for index, number in readings.items() if number is not None}
        self.numbers = [readings.get(i, number) for i, number in enumerate(self.filed_numbers)]
        self.blank = frozenset(self.missing - self.read)
        self.prepare()
        groups = tuple(group for parts in self.tied() if (group := self.group(parts)) is not None)
        return Localization(groups, tuple(self.filled()))

    def prepare(self) -> None:
        """Eliminate what is not typed, and see which implied edits do not hold."""
        self.edits = compile_edits(self.edition, self.asked, self.live, self.blank)
        rests = ((edit, self.rest(row, self.numbers)) for edit, row in enumerate(self.edits.rows))
        self.residuals = {edit: rest for edit, rest in rests if rest}

    @staticmethod
    def rest(row: Equation, numbers: Sequence[Exact | None], without: int = ONE) -> Number:
        """Return what an equation comes to, zero where it holds; ``without`` is left out."""
        total: Exact = row.get(ONE, 0)
        for index, factor in row.items():
            if index not in (ONE, without):
                total += (numbers[index] or 0) * factor
        return total if isinstance(total, int) else Fraction(total)

    # --- which cell

    def tied(self) -> Iterator[set[int]]:
        """Yield the parts with broken edits; together, where they only cancel out in a relation that holds.

        Such a relation (the balance of live totals) follows from the others, but a cure of one part would break it.
        """
        sick = {self.edits.parts[edit] for edit in self.residuals}
        broken = {id(relation) for relation in self.broken}
        ties = [[part] for part in sorted(sick)]
        for relation in self.relations if len(sick) > 1 else ():
            follows = relation.derives and relation.targets[0] in self.live
            if not follows and id(relation) not in broken:
                ties.append(sorted(sick & self.parts_of(relation)))
        found: dict[int, set[int]] = {}
        for part, number in connected(ties).items():
            found.setdefault(number, set()).add(part)
        yield from sorted(found.values(), key=min)

    def group(self, parts: set[int]) -> Group | None:
        """Return the cures of the broken edits of parts that hang together."""
        broken = {edit: rest for edit, rest in self.residuals.items() if self.edits.parts[edit] in parts}
        told = [relation for relation in self.broken if not parts.isdisjoint(self.parts_of(relation))]
        if not told:
            return None  # only blanks contradict each other: no finding speaks of a relation yet
        solutions = list(singles(self.edits, broken))
        feasible = [found for steps in solutions if (found := self.feasible(steps, broken))]
        if not feasible:
            twos = list({frozenset(i for i, _ in steps): steps for steps in pairs(self.edits, broken)}.values())
            solutions += twos
            feasible = [found for steps in twos if (found := self.feasible(steps, broken))]
        stale = self.out_of_date(parts)
        ranked = [(*self.likelihood(cells), cells) for cells in map(self.changes, feasible)]
        if not feasible:  # beyond two cells only what restores every relation at a stroke is more than a guess
            ranked = [(0, "shifted", cells) for cells in self.shifts(parts)]
        unique = len(ranked) == 1 and len(solutions) <= 1
        if stale and all(cells != stale for _, _, cells in ranked):
            unique = False
            ranked.append((*self.likelihood(stale), stale))
        follow = any(len(self.own(cells)) < len(cells) for _, _, cells in ranked)
        if len(ranked) > SHOWN or (follow and not unique):
            ranked = [one for one in ranked if one[1] in CONVINCING]
        ranked.sort(key=lambda one: (one[0], [cell.index for cell in one[2]]))
        cures = tuple(self.cure(cells, kind, unique=unique) for _, kind, cells in ranked[:SHOWN])
        sets = tuple(tuple(index for index, _ in steps) for steps in feasible)
        return Group(tuple(map(self.told, told)), len(sets[0]) if sets else None, cures, sets)

    def told(self, relation: Relation) -> Broken:
        return Broken(relation.id, relation.target(self.filed_numbers))

    def parts_of(self, relation: Relation) -> set[int]:
        """Return the connected parts a relation touches, also through its live totals and blanks."""
        cells = {cell for index in relation.operands for cell in self.edits.determined.get(index, (index,))}
        # A live total may have been eliminated by another relation than the one over its parts.
        cells.update(*(self.edition.derivations[index] for index in relation.operands if index in self.live))
        return {self.edits.parts[edit] for cell in cells for edit in self.edits.columns.get(cell, ())}

    def feasible(self, steps: Steps, broken: Mapping[int, Number]) -> Steps | None:
        """Return the steps, made definite where the bounds do so; ``None`` where a number may not stand."""
        if any(step is None for _, step in steps):
            reach = self.reach(steps, broken)
            if reach is None or any(step is None for _, step in reach):
                return reach
            steps = reach
        after = list(self.numbers)
        for index, step in steps:
            after[index] = self.admitted(index, Fraction(self.numbers[index] or 0) + Fraction(step or 0))
            if after[index] is None:
                return None
        touched = {index for index, _ in steps}
        follow = ((i, self.edits.determined[i]) for i in self.blank & self.edits.determined.keys())
        if any(not touched.isdisjoint(row) and self.solved(i, row, after) is None for i, row in follow):
            return None
        guards = [r for r in self.guards if not touched.isdisjoint(r.operands) or not self.live.isdisjoint(r.operands)]
        if guards:
            before = {id(relation) for relation in breaches(guards, self.settled(self.numbers))}
            if {id(relation) for relation in breaches(guards, self.settled(after))} - before:
                return None
        return steps

    def reach(self, steps: Steps, broken: Mapping[int, Number]) -> Steps | None:
        """Return two steps of which only the sum is known: definite if both cells must go to their bounds."""
        edit, rest = next(iter(broken.items()))  # their factors are in proportion: any edit says the same
        furthest: list[tuple[int, Number]] = []
        total = Fraction(0)
        for index, _ in steps:
            factor, measure = self.edits.columns[index][edit], self.edition.items[index].measure
            bound = measure.minimum if (factor > 0) == (Fraction(rest) > 0) else measure.maximum
            step = Fraction(bound) - Fraction(self.numbers[index] or 0)
            furthest.append((index, step))
            total += step * factor
        if total == -rest:
            return tuple(furthest)
        return steps if abs(total) > abs(Fraction(rest)) else None

    def admitted(self, index: int, number: Fraction) -> Exact | None:
        """Return a number as its cell may hold it, ``None`` where it may not."""
        value = int(number) if number.denominator == 1 else float(number)
        kept = self.edition.items[index].measure.number(value)
        return kept if kept is not None and Fraction(kept) == number else None

    def solved(self, index: int, row: Equation, numbers: Sequence[Exact | None]) -> Exact | None:
        """Return what an equation says of one cell, ``None`` where the cell may not hold it."""
        return self.admitted(index, -Fraction(self.rest(row, numbers, index)) / row[index])

    def changes(self, steps: Steps) -> tuple[Change, ...]:
        moved = {i: None if s is None else Fraction(self.numbers[i] or 0) + Fraction(s) for i, s in steps}
        after = [(index, moved[index]) for index in sorted(moved)]
        return tuple(self.change(i, None if n is None else self.admitted(i, n)) for i, n in after)

    def change(self, index: int, to: Exact | None) -> Change:
        return Change(index, self.filed[index], None if to is None else plain(to))

    # --- two explanations that take many cells

    def out_of_date(self, sick: set[int]) -> tuple[Change, ...]:
        """Return the typed totals to bring up to date, if that alone makes everything hold.

        Then details were changed after their totals, or a total was mistyped: no count of cells can tell which.
        """
        after = list(self.numbers)
        cells: list[Change] = []
        for total, parts in self.edition.derivations.items():
            numbers = [number for i in parts if (number := after[i]) is not None]
            if any(self.edits.parts[edit] in sick for edit in self.edits.columns.get(total, ())):
                added = self.admitted(total, Fraction(sum(numbers))) if len(numbers) == len(parts) else None
                if added is not None and after[total] != added:
                    after[total] = added
                    cells.append(self.change(total, added))
        return tuple(sorted(cells, key=lambda cell: cell.index)) if self.heals(sick, after) else ()

    def shifts(self, sick: set[int]) -> Iterator[tuple[Change, ...]]:
        """Yield the rows and columns that make everything hold when the parts of a total move by one place."""
        for parts in self.edition.derivations.values():
            edits = {self.edits.parts[edit] for i in parts for edit in self.edits.columns.get(i, ())}
            row = [self.numbers[i] for i in parts]
            if not edits or not edits <= sick or None in row:
                continue
            # What leaves the row must be nothing, or it would be lost.
            for moved in [[*row[1:], 0]] * (not row[0]) + [[0, *row[:-1]]] * (not row[-1]):
                after = list(self.numbers)
                for index, number in zip(parts, moved, strict=True):
                    after[index] = number
                if self.heals(sick, after):
                    yield tuple(self.change(i, after[i]) for i in parts if after[i] != self.numbers[i])

    def heals(self, sick: set[int], after: Sequence[Exact | None]) -> bool:
        rows = (row for edit, row in enumerate(self.edits.rows) if self.edits.parts[edit] in sick)
        return not any(self.rest(row, after) for row in rows)

    # --- how likely, and what it mends

    def likelihood(self, cells: tuple[Change, ...]) -> tuple[int, str]:
        """Return rank (lower is likelier) and kind of some changes; a total that moves with its part tells nothing."""
        own = self.own(cells)
        kinds = {self.slip(cell) for cell in own}
        if len(own) == 2 and self.swapped(*own):  # noqa: PLR2004
            kind = "swapped"
        elif None not in kinds and "digit" not in kinds:
            kind = max((kind for kind in kinds if kind), key=EVIDENCE.index)
        elif all(self.edition.items[cell.index].derived for cell in own):
            kind = "total" if len(own) == 1 else "totals"
        elif None not in kinds:
            kind = "digit"
        else:
            kind = "other"
        return EVIDENCE.index(kind) if kind in EVIDENCE else len(EVIDENCE), kind

    def own(self, cells: tuple[Change, ...]) -> list[Change]:
        """Return the changes without the totals that only move with a part of theirs."""
        changed = {cell.index for cell in cells}
        return [cell for cell in cells if not self.follows(cell.index, changed)] or list(cells)

    def follows(self, total: int, changed: set[int]) -> bool:
        parts = self.edition.derivations.get(total, ())
        added = sum(self.numbers[i] or 0 for i in parts)
        return not changed.isdisjoint(parts) and added == self.numbers[total]

    def slip(self, cell: Change) -> str | None:
        typed = self.numbers[cell.index]
        return None if typed is None or cell.to is None else slip(typed, exact(cell.to))

    def swapped(self, one: Change, other: Change) -> bool:
        a, b = self.edition.items[one.index], self.edition.items[other.index]
        beside = {
            a.box.left - b.box.right,
            b.box.left - a.box.right,
            a.box.top - b.box.bottom,
            b.box.top - a.box.bottom,
        }
        line = a.box.top == b.box.top or a.box.left == b.box.left
        crossed = (one.to, other.to) == (self.numbers[other.index], self.numbers[one.index])
        return a.sheet == b.sheet and line and 1 in beside and crossed

    def cure(self, cells: tuple[Change, ...], kind: str, *, unique: bool) -> Cure:
        after = list(self.numbers)
        for cell in cells:
            after[cell.index] = None if cell.to is None else exact(cell.to)
        still = {id(relation) for relation in breaches(self.broken, self.settled(after))}
        mended = tuple(self.told(relation) for relation in self.broken if id(relation) not in still)
        return Cure(cells, mended, kind, unique=unique and all(cell.to is not None for cell in cells))

    def settled(self, numbers: Sequence[Exact | None]) -> list[Exact | None]:
        """Return the numbers with live totals recalculated."""
        after = list(numbers)
        for total, parts in self.edition.derivations.items():
            if total in self.live:
                known = [number for i in parts if (number := after[i]) is not None]
                after[total] = sum(known) if len(known) == len(parts) else None
        return after

    # --- which blank

    def filled(self) -> Iterator[Cure]:
        """Yield a cure for each cell without a number that has a reading, or whose value follows."""
        imputed = self.imputed()
        after = self.settled([imputed.get(i, number) for i, number in enumerate(self.numbers)])
        sick = self.contradicted(self.edits, self.blank, self.numbers)
        for index in sorted(self.missing):
            if after[index] is None or isinstance(self.filed[index], Uncalculated | Unread):
                continue
            over = [r for r in self.relations if index in r.operands and None not in (after[i] for i in r.operands)]
            wrong = {id(relation) for relation in breaches(over, after)}
            holding = tuple(self.told(relation) for relation in over if id(relation) not in wrong)
            filed = self.filed[index]
            kind = "reading" if index in self.read else "imputed"
            if is_number(filed) and isfinite(filed):
                kind = slip(exact(filed), after[index] or 0) or kind
            # A SUM takes a blank for 0: that a total leaves nothing for it does not prove that nothing was meant.
            circular = index in self.blank and after[index] == 0
            sound = not wrong and not circular and self.edits.blocks.get(index) not in sick
            yield Cure((self.change(index, after[index]),), holding, kind, unique=sound)

    def contradicted(self, edits: Edits, blank: Iterable[int], numbers: Sequence[Exact | None]) -> set[int]:
        """Return the blocks in which something does not add up: nothing follows from a wrong number."""
        cells = {i for row in edits.rows if self.rest(row, numbers) for i in row}
        follow = ((i, edits.determined[i]) for i in blank if i in edits.determined)
        cells |= {i for i, row in follow if self.solved(i, row, numbers) is None}
        return {edits.blocks[i] for i in cells if i in edits.blocks}

    def imputed(self) -> dict[int, Exact]:
        """Return what follows for blanks: the solution of equations, and zeros where counts add up to nothing."""
        edits, numbers, blank = self.edits, list(self.numbers), set(self.blank)
        sick: set[int] = set()
        while True:
            sick |= self.contradicted(edits, blank, numbers)
            after = list(numbers)
            for index in blank & edits.determined.keys():
                after[index] = self.solved(index, edits.determined[index], numbers)
            zeros = set(self.zeros(self.settled(after), blank - edits.determined.keys()))
            if not zeros:
                return {i: n for i in self.blank if (n := after[i]) is not None and edits.blocks[i] not in sick}
            for index in zeros:
                numbers[index] = 0
            blank -= zeros
            edits = compile_edits(self.edition, self.asked, self.live, frozenset(blank))

    def zeros(self, numbers: Sequence[Exact | None], blank: set[int]) -> Iterator[int]:
        """Yield the blanks that can only be zero: nothing is left for them, and none can be less."""
        for relation in self.relations:
            row = equation(relation)
            open_cells = [i for i in row if i != ONE and numbers[i] is None]
            if not open_cells or not blank.issuperset(open_cells) or self.rest(row, numbers):
                continue
            same_sign = len({row[i] > 0 for i in open_cells}) == 1
            if same_sign and all(self.edition.items[i].measure.minimum == 0 for i in open_cells):
                yield from open_cells
