"""Mutation testing: what the tests would let pass. ``.venv/bin/python scripts/mutation.py [module[.function] …]``.

mutmut writes the mutants: one small change each, of a number, text, operator, argument or branch. The tests of a module
run once to see which of them reach which function; then each mutant gets a process of its own, forked from the warm
one, that runs the tests which reach it until one fails. A mutant that no test fails has survived: it wants a test, or
simpler code, or, where it cannot be told from the original, a line in ``tests/data/equivalent-mutants.toml``.

mutmut leaves alone what runs when a module is imported (constants, decorators, the fields of records) and properties.
Nothing is written but what the tests write; needs ``os.fork``.
"""

from __future__ import annotations

import difflib
import gc
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state
from mutmut.utils.format_utils import mangled_name_from_mutant_name, orig_function_and_class_names_from_key

import environment

ROOT = environment.ROOT
EQUIVALENT = ROOT / "tests" / "data" / "equivalent-mutants.toml"
TESTS = {
    "identities": ("test_identities.py", "test_validation.py"),
    "merge": ("test_merge_precedence.py", "test_merge.py", "test_coverage.py"),
    "validation": ("test_validation_details.py", "test_validation.py", "test_remedy.py"),
    "reader": ("test_reading_details.py", "reliability/test_odd.py"),
}
"""The tests that are asked, of those in ``tests``: the quick ones that speak of the module."""
PATIENCE = 0.3
"""CPU seconds: a test that takes longer is not asked, as a survivor has to pass them all."""
MEMORY = 4 << 30
"""Bytes: a mutant that never stops collecting shall not take the machine down."""

Change = tuple[str, str, str]
"""Function, code before, code after; white space folded, so that it stays the same when lines move."""


@dataclass
class Mutants:
    """A module under test: all its mutants, and what became of them."""

    module: str
    wanted: str
    file: MutatedFile = field(init=False)
    names: list[str] = field(init=False)
    """The mutants that are asked for."""
    changes: dict[str, Change] = field(init=False)
    same: dict[str, Change] = field(init=False)
    """Those that are listed as equivalent."""
    fates: dict[str, str] = field(default_factory=dict)
    """Mutant → killed, timeout, survived."""
    seconds: float = 0.0
    """CPU, of all processes."""

    def __post_init__(self) -> None:
        self.file = mutate_file_contents(str(self.path), self.path.read_text("utf-8"))
        self.names = [name for name in self.file.mutant_names if self.function(name).startswith(self.wanted)]
        self.changes = {name: self.change(name) for name in self.names}
        known = equivalent(self.module)
        self.same = {name: change for name, change in self.changes.items() if change in known}

    @property
    def path(self) -> Path:
        """The file of the module."""
        return ROOT / "src" / "gongkai" / f"{self.module}.py"

    @staticmethod
    def function(mutant: str) -> str:
        """Return the function, or class and method, that a mutant is of."""
        name, owner = orig_function_and_class_names_from_key(mutant)
        return f"{owner}.{name}" if owner else name

    def diff(self, mutant: str) -> list[str]:
        """Return the lines that a mutant takes away (``-``) and puts in their place (``+``)."""
        before, after = (self._code(name) for name in (f"{mangled_name_from_mutant_name(mutant)}__mutmut_orig", mutant))
        return [line for line in difflib.ndiff(before, after) if line[0] in "-+"]

    def change(self, mutant: str) -> Change:
        """Return what tells a mutant from all others."""
        lines = self.diff(mutant)
        before, after = (" ".join(" ".join(line[1:] for line in lines if line[0] == sign).split()) for sign in "-+")
        return self.function(mutant), before, after

    def _code(self, generated: str) -> list[str]:
        span = self.file.line_span_by_function_name[generated]
        code = "\n".join(self.file.code.split("\n")[span.start - 1 : span.end])
        return code.replace(generated, orig_function_and_class_names_from_key(f"{generated}__mutmut_")[0]).split("\n")


class Mutated(SourceFileLoader):
    """Loads a module with all its mutants in it; which of them acts is decided when it is called."""

    def __init__(self, name: str, mutants: Mutants) -> None:
        super().__init__(name, str(mutants.path))
        self.mutants = mutants

    def get_code(self, fullname: str) -> CodeType:
        """Compile what mutmut made of the module."""
        del fullname
        return compile(self.mutants.file.code, self.path, "exec", dont_inherit=True)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Offer the one module this is for."""
        del path, target
        return importlib.util.spec_from_file_location(name, self.path, loader=self) if name == self.name else None


class Trial:
    """A plugin of pytest: runs the tests once as they are, then those concerned for each mutant."""

    def __init__(self, mutants: Mutants, temporary: Path) -> None:
        self.mutants = mutants
        self.temporary = temporary
        self.seconds: dict[pytest.Item, float] = {}
        self.reaching: dict[str, list[pytest.Item]] = defaultdict(list)
        self.killers: dict[str, list[pytest.Item]] = defaultdict(list)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of running each test once."""
        self.see_what_reaches(session.items)
        gc.freeze()
        self.see_that_mutants_act()
        started = time.monotonic()
        for number, mutant in enumerate(self.mutants.names, 1):
            fate = self.mutants.fates[mutant] = self.fate(mutant)
            if fate == "survived" and mutant not in self.mutants.same:
                tell("\n".join((f"\n{self.mutants.module}.{mutant}", *self.mutants.diff(mutant))))
            if time.monotonic() - started > 60:  # noqa: PLR2004 - a sign of life, once a minute
                started = time.monotonic()
                tell(f"{self.mutants.module}：{number}/{len(self.mutants.names)}")
        return True

    def see_what_reaches(self, items: Sequence[pytest.Item]) -> None:
        """Run every test with the code as it is; all must pass."""
        os.environ["MUTMUT_DEPENDENCY_DEPTH"] = "-1"
        set_mutant_under_test("stats")
        for item in items:
            state()._stats.clear()  # noqa: SLF001 - mutmut has no other name for it
            forget([item])
            before = time.process_time()
            if not passes(item):
                pytest.exit(f"{item.nodeid} fails without any mutant", returncode=1)
            self.seconds[item] = time.process_time() - before
            if self.seconds[item] > PATIENCE:
                continue
            for function in state()._stats:  # noqa: SLF001
                self.reaching[function].append(item)
        set_mutant_under_test("")
        for tests in self.reaching.values():
            tests.sort(key=self.seconds.__getitem__)

    def see_that_mutants_act(self) -> None:
        """Run all tests with no mutant as mutants are run, which must pass; then let each function fail, which must not."""
        if self.outcome("", [test for test, seconds in self.seconds.items() if seconds <= PATIENCE])[0] != "survived":
            pytest.exit("the tests fail in a process of their own", returncode=1)
        for function, tests in self.reaching.items():
            if self.outcome("fail", tests[:1])[0] != "killed" and self.outcome("fail", tests)[0] != "killed":
                pytest.exit(f"{function} fails, and no test notices", returncode=1)

    def fate(self, mutant: str) -> str:
        """Run the tests that reach a mutant, those first that killed others of its function."""
        name = f"gongkai.{self.mutants.module}.{mutant}"
        function = mangled_name_from_mutant_name(name)
        tests = [*self.killers[function], *(t for t in self.reaching[function] if t not in self.killers[function])]
        fate, killer = self.outcome(name, tests)
        if killer is not None:
            self.killers[function] = [killer, *(test for test in self.killers[function] if test is not killer)]
        return fate

    def outcome(self, name: str, tests: Sequence[pytest.Item]) -> tuple[str, pytest.Item | None]:
        """Run tests under a mutant, in a process of their own; return its fate and the test that failed."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.setitimer(signal.ITIMER_PROF, 2 + 3 * sum(self.seconds[test] for test in tests))
            set_mutant_under_test(name)
            forget(tests)
            failed = next((number for number, test in enumerate(tests) if not passes(test)), None)
            if failed is not None:
                os.write(writing, str(failed).encode())
            os._exit(failed is not None)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            failed_test = pipe.read()
        _, status = os.waitpid(child, 0)
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return "survived", None
        return "timeout" if code == -signal.SIGPROF else "killed", tests[int(failed_test)] if failed_test else None


def passes(item: pytest.Item) -> bool:
    """Run a test; tell whether nothing in it failed."""
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def forget(items: Iterable[pytest.Item]) -> None:
    """Empty the caches of test modules: what they keep was found without the mutant."""
    for module in {item.getparent(pytest.Module).obj for item in items}:
        for thing in vars(module).values():
            if callable(getattr(thing, "cache_clear", None)) and thing.__module__ == module.__name__:
                thing.cache_clear()


def tell(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


def tried(mutants: Mutants) -> None:
    """Run the tests of a module on all its mutants; ends the process when they fail without any."""
    sys.meta_path.insert(0, Mutated(f"gongkai.{mutants.module}", mutants))
    sys.path[:0] = [str(ROOT / "src"), str(ROOT), str(ROOT / "tests")]
    files = [str(ROOT / "tests" / name) for name in TESTS[mutants.module]]
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "tests")
        options = ["-qx", "--capture=no", "-pno:cacheprovider", "-mnot gui and not long and not office"]
        options += ["--hypothesis-seed=0", f"--basetemp={temporary}", f"--rootdir={ROOT}"]
        code = pytest.main([*options, *files], plugins=[Trial(mutants, temporary)])
    if code:
        sys.exit(f"{mutants.module}：测试在没有变异时就不通过，或没有测试。")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    mutants.seconds = sum(usage.ru_utime + usage.ru_stime for usage in used)


def equivalent(module: str) -> set[Change]:
    """Return the mutants of a module that are listed as equivalent."""
    entries = tomllib.loads(EQUIVALENT.read_text("utf-8")).get(module, ())
    return {(entry["function"], *(" ".join(entry[key].split()) for key in ("old", "new"))) for entry in entries}


def satisfied(mutants: Mutants) -> bool:
    """Print what became of the mutants of a module; tell whether all were found, or are rightly listed."""
    found = {change for name, change in mutants.same.items() if mutants.fates[name] != "survived"}
    listed = {change for change in equivalent(mutants.module) if change[0].startswith(mutants.wanted)}
    wrong = [("却被测试发现", change) for change in found]
    wrong += [("却没有这样的变异", change) for change in listed - set(mutants.same.values())]
    for what, (function, old, new) in wrong:
        tell(f"\n列为等价，{what}：{function}\n- {old}\n+ {new}")
    counts = Counter(fate for name, fate in mutants.fates.items() if name not in mutants.same)
    asked, survived = counts.total(), counts["survived"]
    if not asked:
        tell(f"\n{mutants.module}：没有以“{mutants.wanted}”开头的函数，什么也没有试。")
        return False
    score = 100 * (asked - survived) / asked
    tell(
        f"\n{mutants.module}：变异 {len(mutants.names)}，等价 {len(mutants.same)}，发现 {counts['killed']}，"
        f"超时 {counts['timeout']}，存活 {survived}，得分 {score:.1f}%（CPU {mutants.seconds:.0f} 秒）"
    )
    return not wrong and not survived


def main(wanted: Iterable[str]) -> int:
    """Try the modules, each in a process of its own, since a module can be loaded in one way only."""
    failed = False
    for name in wanted:
        module, _, function = name.partition(".")
        if module not in TESTS:
            sys.exit(f"没有为 {module} 设置变异测试，可选：{'、'.join(TESTS)}。")
        child = os.fork()
        if child == 0:
            mutants = Mutants(module, function)
            tried(mutants)
            sys.exit(not satisfied(mutants))
        failed |= bool(os.waitpid(child, 0)[1])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or TESTS))
