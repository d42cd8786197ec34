"""Taking in a folder of submissions: files → ledger, in one process or many, each judged once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gongkai.collection.batch import CHUNK, Crew, Here, each_chunk
from gongkai.collection.ledger import Ledger
from gongkai.collection.priors import PriorReports, compared
from gongkai.messages import UNREADABLE
from gongkai.submission import Submission, judge_all

WORTH_IT = 150
"""Below so many files starting other processes takes longer than doing the work."""


def take_in(
    ledger: Ledger,
    crew: Crew | None,
    priors: PriorReports | None = None,
    *,
    blank_as_zero: bool = False,
    on_progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Judge every file of the ledger that was not judged yet; without a crew, here and now.

    ``on_progress`` hears how many files are done.
    """
    work = partial(judge_all, blank_as_zero=blank_as_zero)
    results = each_chunk(ledger.unread(CHUNK), work, crew or Here(), _given_up)
    for done, (number, submission) in enumerate(results, 1):
        ledger.record(number, compared(submission, priors, blank_as_zero=blank_as_zero))
        on_progress(done)


def _given_up(file: str) -> Submission:
    return Submission(file, error=UNREADABLE["crash"])
