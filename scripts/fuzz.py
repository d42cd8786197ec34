"""Look for inputs that bring the kit down or make it read something wrong: ``python3 scripts/fuzz.py``.

Every target of ``tests/reliability/targets.py`` is fuzzed by atheris (libFuzzer, led by the branches of the kit that an
input reaches), which exists for Linux only. ``--seconds`` or ``--runs`` say how long per target, ``--keep`` adds the
inputs that reach something new to ``tests/data/fuzz``, where the tests run them again. What breaks a target is left in
``build/fuzz`` with what it broke.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import re
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BUILD, KEPT = ROOT / "build" / "fuzz", ROOT / "tests" / "data" / "fuzz"
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "tests" / "reliability")]

TIMEOUT, MAX_BYTES, POOL = 60, 60_000, 300
MAX_KEPT = 30_000
"""Bytes of inputs, packed, that are kept for a target."""


def main() -> int:
    """Fuzz the targets one after the other; return 0 when nothing was found."""
    arguments = _arguments()
    if arguments.child:
        _fuzz(arguments.child, arguments.options)
    if arguments.keep:
        _keep()
        return 0
    return max([_run(target, arguments) for target in arguments.targets or _targets()])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="模糊测试：在损坏的输入里找会让程序中断或读错的。")
    parser.add_argument("targets", nargs="*", help="目标，默认全部")
    parser.add_argument("--seconds", type=int, default=10, help="每个目标的秒数（默认 10）")
    parser.add_argument("--runs", type=int, help="每个目标的次数，代替秒数")
    parser.add_argument("--seed", type=int, default=1, help="随机数种子（默认 1）")
    parser.add_argument("--keep", action="store_true", help="把 build/fuzz 里能到达新分支的输入收进 tests/data/fuzz")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--options", nargs="*", default=[], help=argparse.SUPPRESS)
    return parser.parse_args()


def _targets() -> list[str]:
    return list(importlib.import_module("targets").TARGETS)


def _run(target: str, arguments: argparse.Namespace) -> int:
    """Fuzz one target in a process of its own, which libFuzzer ends in its own way, and print what came of it."""
    corpus, found = BUILD / target, BUILD / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    limit = f"runs={arguments.runs}" if arguments.runs else f"max_total_time={arguments.seconds}"
    options = [limit, f"seed={arguments.seed}", f"artifact_prefix={found}/{target}-"]
    command = [sys.executable, __file__, "--child", target, "--options", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    counts = re.findall(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)", done.stdout, re.MULTILINE)
    runs, branches, features = counts[-1] if counts else ("0", "0", "0")
    outcomes = "，".join(re.findall(r"^结果：(.*)$", done.stdout, re.MULTILINE)[-1:])
    print(f"{target}：{runs} 次，分支 {branches}，特征 {features}；{outcomes}", flush=True)
    if done.returncode:
        print(done.stdout[done.stdout.rfind("\n === ") :], f"没有通过，输入在 {found}", sep="\n")
    return int(bool(done.returncode))


def _fuzz(target: str, options: Sequence[str]) -> None:
    """Fuzz one target in this process; never returns."""
    import atheris  # noqa: PLC0415 - there is none for other systems, and --help needs none

    with atheris.instrument_imports(include=["gongkai", "xlrd"]):
        targets: Any = importlib.import_module("targets")
    aim = targets.TARGETS[target]
    outcomes: Counter[str] = Counter()
    chances = Random(0)  # noqa: S311 - no secret

    sound: dict[bytes, None] = {}  # the inputs that were read lately
    for seed in aim.seeds():  # libFuzzer would count what is compiled once as time of its first input
        aim.check(seed)

    def check(data: bytes) -> None:
        outcome = aim.check(data)
        outcomes[outcome] += 1
        if outcome in {"read", targets.ALONE}:
            sound[data] = sound.pop(data, None)
            if len(sound) > POOL:
                del sound[next(iter(sound))]
        if outcomes.total() % 100 == 0:
            print("结果：" + json.dumps(outcomes), flush=True)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        chances.seed(seed)
        if data not in sound and sound and chances.random() < 0.9:  # noqa: PLR2004 - or one wreck is bred from another
            data = chances.choice(list(sound))
        if chances.random() < 0.1:  # noqa: PLR2004
            return bytes(atheris.Mutate(data, most))
        damaged = aim.damaged(data, chances)
        return bytes(damaged if len(damaged) <= most else data)

    with tempfile.TemporaryDirectory() as folder:
        seeds = [*aim.seeds(), *(content for name, _, _, content in targets.kept() if name == target)]
        for number, seed in enumerate(seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        limits = [
            f"-max_len={MAX_BYTES}",
            "-len_control=0",
            "-mutate_depth=1",
            f"-timeout={TIMEOUT}",
            "-rss_limit_mb=2048",
            "-verbosity=1",
        ]
        arguments = [sys.argv[0], *limits, *(f"-{option}" for option in options), str(BUILD / target), folder]
        atheris.Setup(arguments, check, custom_mutator=mutate)
        atheris.Fuzz()


def _keep() -> None:
    """Keep the inputs that reach a step between two lines of the kit, with an outcome, that no kept one reached."""
    targets: Any = importlib.import_module("targets")
    for target, aim in targets.TARGETS.items():
        known = {content: (name, outcome) for where, name, outcome, content in targets.kept() if where == target}
        grown = sorted((BUILD / target).glob("*"), key=lambda file: (file.stat().st_size, file.name))
        reached: set[object] = set()
        chosen, room = [], MAX_KEPT
        for data in dict.fromkeys([*aim.seeds(), *known, *(file.read_bytes() for file in grown)]):
            outcome, steps = _steps(aim.check, data)
            name, expected = known.get(data, (hashlib.sha256(data).hexdigest()[:12], outcome))
            size = len(zlib.compress(data))
            if data in known or (steps - reached and data not in aim.seeds() and size <= room):
                chosen.append((f"{expected}/{name}", data))
                room -= size
            reached |= steps
        (KEPT / f"{target}.zip").write_bytes(targets.packed(sorted(chosen)))
        print(f"{target}：留下 {len(chosen)} 个输入，到达 {len(reached)} 步", flush=True)


def _steps(check: Any, data: bytes) -> tuple[str, set[object]]:  # noqa: ANN401
    """Return the outcome of an input and the (file, line, next line) it takes the kit through."""
    steps: set[object] = set()
    kit = str(ROOT / "src")

    def local(frame: Any, event: str, _: object) -> Any:  # noqa: ANN401
        nonlocal last
        if event == "line":
            steps.add((frame.f_code.co_filename, last, frame.f_lineno))
            last = frame.f_lineno
        return local

    def trace(frame: Any, _: str, __: object) -> Any:  # noqa: ANN401
        return local if frame.f_code.co_filename.startswith(kit) else None

    last = 0
    sys.settrace(trace)
    try:
        outcome = check(data)
    finally:
        sys.settrace(None)
    return outcome, steps


if __name__ == "__main__":
    sys.exit(main())
