"""How good and how fast error localization is: slips injected into real and synthetic reports, as Markdown.

Run ``python benchmarks/localization.py [REPORTS]`` (default 1000 synthetic ones); the truth is what was there before.
``python benchmarks/localization.py milp [REPORTS]`` compares the fewest cells with HiGHS on random damage (needs scipy).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from damaged import DAMAGES, Values, add_up, sound, truth_of, typed_report
from gongkai.cell import is_number
from gongkai.edition import Edition, editions, resource
from gongkai.localization.cures import Localization
from gongkai.localization.search import localize
from gongkai.report import loads
from gongkai.validation import validate

OUTCOMES = ("unique", "shown", "absent", "silent", "wrong")
"""Named uniquely; among those shown; others shown; nothing shown; another one named uniquely."""
HEADINGS = ("唯一指出", "在所列之中", "列出而不含", "不提出", "**唯一而错**", "报告数")


def outcome(found: Localization, truth: dict[int, int | float]) -> str:
    """Return how the cures of a report stand to the truth (index → what was meant)."""
    cures = [{change.index: change.to for change in cure.cells} for group in found.groups for cure in group.cures]
    named: dict[int, int | float | None] = {}
    wrong = False
    for group in found.groups:
        for cure in group.cures:
            if cure.unique:
                cells = {change.index: change.to for change in cure.cells}
                named |= cells
                wrong |= not cells.items() <= truth.items()
    if wrong:
        return "wrong"
    if named == truth:
        return "unique"
    if any(cure.items() <= truth.items() for cure in cures):
        return "shown"
    return "absent" if cures else "silent"


def is_sound(edition: Edition, values: Values) -> bool:
    """Tell whether a report has nothing to localize."""
    return localize(edition, typed_report(edition, values)) == Localization()


def subjects(count: int) -> dict[str, list[tuple[Edition, Values]]]:
    """Return the real examples and ``count`` synthetic reports of both editions."""
    forms, rng = editions(), Random(5)  # noqa: S311 - numbers for a test
    real = [loads(file.read_bytes()) for file in sorted(resource("examples").glob("*.json"))]
    # Blanks and texts are taken for zero and the totals added up: what is measured is what is then done to the numbers.
    numbers = [(forms[r.edition], [v if is_number(v) else 0 for v in r.values]) for r in real]
    examples = [(form, add_up(form, values)) for form, values in numbers]
    print(f"{len(examples)} 份真实报告，其中 {sum(is_sound(*one) for one in examples)} 份勾稽关系全部成立")
    return {
        "真实报告": [one for one in examples if is_sound(*one)],
        "合成报告": [(form, sound(form, rng)) for n in range(count) for form in [list(forms.values())[n % 2]]],
    }


def measure(reports: list[tuple[Edition, Values]], live: bool, rounds: int) -> dict[str, Counter[str]]:
    """Return outcome counts by damage."""
    rng = Random(7)  # noqa: S311 - numbers for a test
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, damage in DAMAGES.items():
        for edition, good in reports * rounds:
            bad = damage(edition, good, rng)
            if bad is None or bad == good or (live and name in ("total", "late", "late-result")):
                continue
            meant = truth_of(name, edition, good, bad)
            totals = frozenset(edition.derivations) if live else frozenset[int]()
            shown = typed_report(edition, bad)
            if live:
                shown = typed_report(edition, add_up(edition, bad))
            truth = {i: m for i, (b, m) in enumerate(zip(bad, meant, strict=True)) if b != m and i not in totals}
            if live and not truth:
                continue  # only totals were hit, and formulas put that right
            counts[name][outcome(localize(edition, shown, None, totals), truth)] += 1
    return counts


def speed(reports: list[tuple[Edition, Values]]) -> list[tuple[str, float, float, float]]:
    """Return (what, median CPU ms, 99 % CPU ms, ratio to the full validation of the same reports)."""
    rng = Random(9)  # noqa: S311 - numbers for a test
    rows = []
    for name, damages, live in (
        ("无错", [lambda _form, values, _rng: values], False),
        ("改一格", [DAMAGES["transposition"], DAMAGES["total"], DAMAGES["forgotten"]], False),
        ("改两格", [DAMAGES["two-cells"]], False),
        ("改一格，合计为公式", [DAMAGES["forgotten"]], True),
        ("改两格，合计为公式", [DAMAGES["two-cells"]], True),
    ):
        times, ratios = [], []
        for edition, good in reports:
            bad = rng.choice(damages)(edition, good, rng)
            if bad is None or (bad == good and name != "无错"):
                continue
            report, totals = typed_report(edition, bad), frozenset(edition.derivations) if live else frozenset[int]()
            start = time.process_time()
            validate(report, edition)
            middle = time.process_time()
            localize(edition, report, None, totals)
            end = time.process_time()
            times.append((end - middle) * 1000)
            ratios.append((end - middle) / (middle - start))
        rows.append((name, statistics.median(times), sorted(times)[len(times) * 99 // 100], statistics.median(ratios)))
    return rows


def compare(count: int) -> None:
    """Compare with the MILP, typed and live totals and both editions in turn; an ``AssertionError`` is a difference."""
    from test_localization import check_against_milp  # noqa: PLC0415 - needs scipy

    rng, forms = Random(2000), list(editions().values())  # noqa: S311 - numbers for a test
    sizes = Counter(check_against_milp(forms[n % 2], rng, n % 4 > 1) for n in range(count))
    print(f"{count} 份与 MILP 一致，最少须改的格数 → 份数：{dict(sorted(sizes.items()))}")


def main() -> None:
    """Measure and print the tables, or compare with the MILP."""
    if sys.argv[1:2] == ["milp"]:
        compare(int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    every = subjects(count)
    for live in (False, True):
        for source, reports in every.items():
            print(f"\n{source}，合计{'为公式' if live else '为手填'}（%）\n")
            print(f"| 错误 | {' | '.join(HEADINGS)} |\n|---{'|---:' * len(HEADINGS)}|")
            for name, counts in measure(reports, live, 20 if source == "真实报告" else 1).items():
                cells = [f"{100 * counts[outcome] / counts.total():.1f}" for outcome in OUTCOMES]
                print(f"| {name} | {' | '.join(cells)} | {counts.total()} |")
    print("\n| | 中位数（ms） | 99% 不超过（ms） | 与完整验证之比 |\n|---|---:|---:|---:|")
    for name, median, most, ratio in speed(every["合成报告"]):
        print(f"| {name} | {median:.2f} | {most:.2f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
