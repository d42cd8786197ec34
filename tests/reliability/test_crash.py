"""kill -9 at every step and at random moments: outputs are absent, the old ones whole or the new ones whole.

What was handed in stays as it is, no process goes on, nothing left behind is taken for a report, and the next run does
as if nothing had happened.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import crash_region as region
import killing
from gongkai import files
from gongkai.files import collect

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks for processes in /proc")

LEFT = re.compile(r"\.?gongkai-\w{8}(\.old)?\.tmp")
PROBE = re.compile(r"\w{8}")
"""Python tries whether it can write to the folder for temporary files: five bytes, which a kill may leave behind."""
DAYS = 2 * 24 * 60 * 60


@pytest.fixture(scope="session")
def run():
    with killing.commands() as running:
        yield running


@pytest.fixture
def staged(run, tmp_path):
    """Return what sets the stage for a command, over the outputs of an earlier run or not."""
    return lambda name, over: Stage(run, tmp_path / name.replace(" ", "-") / ("over" if over else "anew"), name, over)


def contents(folder):
    """Return path → bytes of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def as_handed_in(folder):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


class Stage:
    """A command, with what was there before it and what is there after it."""

    def __init__(self, run, home, name, over):
        self.name, self.home, self._run = name, home, run
        self.inputs, self.outputs, self.temporary = (
            home / part for part in (region.INPUTS, region.OUTPUTS, killing.TEMPORARY)
        )
        self.new_command, old_command = ([each.format(home=home) for each in line] for line in region.COMMANDS[name])
        self.old = {}
        self.set_up()
        if over:
            region.write(home, 1, region.FILES.get(name, 4))
            assert run(home, *old_command).code in {0, 1}
            self.old = contents(self.outputs)
        if over and name == "roster":  # it is always the same
            self.old = dict.fromkeys(self.old, b"old")
        region.write(home, 0, region.FILES.get(name, 4))
        self.handed_in = as_handed_in(self.inputs)
        self.set_up()
        self.whole = run(home, *self.new_command)
        self.new = contents(self.outputs)
        assert self.whole.code == (1 if name.startswith(("merge", "validate")) else 0)
        both = {path for path in self.old.keys() & self.new.keys() if self.old[path] == self.new[path]}
        assert both.isdisjoint(region.TOGETHER)
        assert contents(self.temporary) == {}

    def set_up(self):
        """Put things back to where they were before the command."""
        for folder in (self.outputs, self.temporary):
            shutil.rmtree(folder, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        for name, data in self.old.items():
            path = self.outputs / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def kill(self, at, delay=None, alone=False):
        self.set_up()
        run = self._run(self.home, *self.new_command, at=at, delay=delay, alone=alone)
        assert run.left == 0
        if delay is None:
            assert (run.code, len(run.events)) == (-9, at)
        return run

    def outcome(self):
        """Check what is there after a kill; return which: all old ones, some of them, ..., of a merge its tables."""
        assert as_handed_in(self.inputs) == self.handed_in
        found = contents(self.outputs)
        lists = [path for path in found if Path(path).name == files._COPIES]
        known = {line for data in (self.old, self.new) for path in lists for line in data.get(path, b"").split()}
        for path in lists:
            *lines, last = found.pop(path).split() or [b""]
            assert known.issuperset(lines)
            assert any(line.startswith(last) for line in known)
        left = {path for path in found if LEFT.fullmatch(Path(path).name)}
        found = {path: data for path, data in found.items() if path not in left}
        for path, data in found.items():
            assert data in (self.old.get(path), self.new.get(path)), path
        for path in self.old.keys() - self.new.keys():  # set aside: here or there
            earlier = str(Path(path).parent / files.EARLIER / Path(path).name)
            assert (path in found) != (earlier in found)
        together = region.TOGETHER if self.name.startswith("merge") else set()
        for path in (self.old.keys() & self.new.keys()) - together:
            assert path in found or Path(path).name == files._COPIES, path
        present = found.keys() & together
        assert any(all(found[path] == data.get(path) for path in present) for data in (self.old, self.new))
        self._nothing_is_taken_for_a_report(found)
        for entry in self.temporary.iterdir():
            assert LEFT.fullmatch(entry.name) or (PROBE.fullmatch(entry.name) and entry.stat().st_size <= 5)
        asked = together or {path for path, data in self.new.items() if self.old.get(path) != data}
        states = Counter("new" if found[path] == self.new[path] else "old" for path in asked & found.keys())
        few = sum(states.values()) < len(together)
        return (
            " and ".join(f"{'some' if few or len(states) > 1 else 'all'} {state}" for state in sorted(states)) or "none"
        )

    def _nothing_is_taken_for_a_report(self, found):
        taken = {str(path.relative_to(self.outputs)) for path in collect([self.outputs])[0]}
        copies = {path for path in found if path.startswith("退回/") and self.name.startswith("merge")}
        assert taken <= found.keys() - copies

    def mended(self):
        """Check that the next run does as if nothing had happened, and removes what is left two days later."""
        long_ago = time.time() - DAYS
        for folder in (self.outputs, self.temporary):
            for path in folder.rglob("*"):
                os.utime(path, (long_ago, long_ago))
        run = self._run(self.home, *self.new_command)
        assert (run.code, run.err, run.left) == (self.whole.code, run.err, 0)
        found = contents(self.outputs)
        assert {path: data for path, data in found.items() if Path(path).name != files._COPIES} == {
            path: data for path, data in self.new.items() if Path(path).name != files._COPIES
        }
        assert [path.name for path in self.temporary.iterdir() if not PROBE.fullmatch(path.name)] == []


def tell(kills):
    """Print how many kills hit what, and what they left, for those who ask with -s."""
    for (name, event, outcome), count in sorted(kills.items()):
        sys.stdout.write(f"{name:<16}{event:<28}{outcome:<24}{count:>5}\n")
    sys.stdout.write(f"{sum(kills.values())} kills\n")


def kind(event):
    """Return what sort of thing a command was about to do."""
    action, path = event.split(" ", 1)
    where = (
        "临时"
        if f"/{killing.TEMPORARY}/" in path or "/" not in path
        else "名单"
        if path.endswith(files._COPIES)
        else "出"
    )
    return f"{action} {'' if action == 'os.fsync' else where}"


# --- every step

SHORT = [(name, over) for name in region.COMMANDS if not name.startswith("merge") for over in (False, True)]


@pytest.mark.parametrize(("name", "over"), [("validate", True), ("extract", False)])
def test_a_command_is_killed_at_every_step(staged, name, over):
    every_step(staged(name, over))


@pytest.mark.long
@pytest.mark.parametrize(("name", "over"), [*SHORT, ("merge", False), ("merge", True)])
def test_any_command_is_killed_at_every_step(staged, name, over):
    every_step(staged(name, over), mend=5)


def test_a_merge_is_killed_at_every_step_of_putting_its_results_in_place(staged):
    stage = staged("merge", over=True)
    events = stage.whole.events
    first = next(number for number, event in enumerate(events, 1) if event.startswith("os.fsync"))
    last = next(number for number, event in enumerate(events, 1) if event == "os.mkdir /出/退回")
    kills = every_step(stage, range(first, last), mend=12)
    assert {outcome for _, _, outcome in kills} == {"all old", "some old", "none", "some new", "all new"}


def every_step(stage, steps=None, mend=1):
    """Kill a command at each of these steps, or at all; after each or some of the kills the next run has to mend it."""
    kills = Counter()
    for at in steps or range(1, len(stage.whole.events) + 1):
        run = stage.kill(at)
        kills[stage.name, kind(run.events[-1]), stage.outcome()] += 1
        if at % mend == 0:
            stage.mended()
    tell(kills)
    return kills


# --- random moments


def test_commands_are_killed_at_random_moments(staged):
    at_random(staged, 40, ["merge", "merge", "validate", "extract"], mend=5)


@pytest.mark.long
def test_any_command_is_killed_at_random_moments(staged):
    at_random(staged, 210, ["merge", *region.COMMANDS], mend=3)


def at_random(staged, count, names, mend):
    """Kill commands at moments that are spread over what they do, the whole group or only the command itself."""
    rng, kills, stages = random.Random(count), Counter(), {}  # noqa: S311 - moments for a test
    while kills.total() < count:
        key = rng.choice(names), rng.random() < 0.7
        stage = stages[key] = stages.get(key) or staged(*key)
        at = rng.randint(1, len(stage.whole.events))
        run = stage.kill(at, rng.choice([0, rng.uniform(0, 0.002), rng.uniform(0, 0.02)]), alone=rng.random() < 0.5)
        if run.code == -9:  # or it came to its end before
            kills[stage.name, kind(run.events[-1]), stage.outcome()] += 1
            if kills.total() % mend == 0:
                stage.mended()
    tell(kills)


def test_workers_of_a_killed_merge_end_by_themselves(staged):
    stage = staged("merge by two", over=True)
    reading = stage.whole.events.index(next(each for each in stage.whole.events if each.startswith("sqlite3"))) + 1
    for delay in (0.05, 0.1, 0.2):
        run = stage.kill(reading, delay, alone=True)
        assert (run.code, stage.outcome()) == (-9, "all old")
    stage.mended()
