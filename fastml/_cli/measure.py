"""One workload on one data set, for all libraries that can do it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from .data import Data
from .libraries import FASTML, SKLEARN, Library
from .racing import race
from .workloads import Workload

__all__ = ["Entry", "Lap", "Result", "measure"]


@dataclass(frozen=True)
class Entry:
    """
    A line of a table that is to be measured.

    Parameters
    ----------
    title : str
        As shown in the table.
    on : str
        The data's name.
    workload : Workload
        What is done.
    load : callable
        Takes whether to be quick and returns the data.
    timed : tuple of {"fit", "answer"}, default=("fit", "answer")
        What is timed.
    goals : mapping of str to float, default={}
        For each peer how many times faster fastml should be.
    """

    title: str
    on: str
    workload: Workload
    load: Callable[[bool], Data]
    timed: tuple[str, ...] = ("fit", "answer")
    goals: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Lap:
    """
    What one library did.

    Parameters
    ----------
    fit, answer : float or None
        Median seconds; None where there was nothing to do, or nothing was timed.
    score : float
        The score of the last round.
    passes : int or None
        ``n_iter_``, where the estimator has it.
    """

    fit: float | None
    answer: float | None
    score: float
    passes: int | None

    @property
    def total(self) -> float:
        """Seconds of all that was timed."""
        return (self.fit or 0.0) + (self.answer or 0.0)


@dataclass
class Result:
    """
    A finished race.

    Parameters
    ----------
    title, workload, data : str
        Their names.
    score : str
        What the scores mean.
    laps : dict of str to Lap
        One for each library, fastml's first.
    device : str
        Where fastml computed.
    threads : int
        How many threads each library had.
    worse : bool
        Whether fastml's score is worse than it may be.
    goals : mapping of str to float
        For each peer how many times faster fastml should be.
    """

    title: str
    workload: str
    data: str
    score: str
    laps: dict[str, Lap]
    device: str
    threads: int
    worse: bool
    goals: Mapping[str, float]

    def ratio(self, peer: str, part: str = "total") -> float | None:
        """
        Tell how many times faster fastml was.

        Parameters
        ----------
        peer : str
            Than which library.
        part : {"total", "fit", "answer"}, default="total"
            In doing what.

        Returns
        -------
        float or None
            The peer's seconds divided by fastml's; None where nothing was timed.
        """
        ours, theirs = getattr(self.laps[FASTML.name], part), getattr(self.laps[peer], part)
        return theirs / ours if ours and theirs else None

    def as_dict(self) -> dict:
        """
        Return the result as plain data.

        Returns
        -------
        dict
            Ready for JSON; with the ratios of the peers' times to fastml's.
        """
        return {
            **asdict(self),
            "ratios": {peer: self.ratio(peer) for peer in self.laps if peer != FASTML.name},
        }


def measure(entry: Entry, peers: Sequence[Library], rounds: int, threads: int, quick: bool = False) -> Result:
    """
    Race all libraries that can do a workload.

    Parameters
    ----------
    entry : Entry
        What is done, and on what.
    peers : sequence of Library
        Who runs against fastml besides scikit-learn.
    rounds : int
        The least number of rounds.
    threads : int
        How many threads each has, for the record: the caller sees to it.
    quick : bool, default=False
        Take a part of large data.

    Returns
    -------
    Result
        Times and scores.
    """
    workload, data = entry.workload, entry.load(quick)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stop before convergence is the same for all
        models, answers, device = _first_calls(workload, data, peers)
        fits, replies = {}, {}
        if workload.method and "fit" in entry.timed:
            fits = race({lib.name: _fit_call(workload, lib, data) for lib in models}, rounds)
        if "answer" in entry.timed:
            replies = race(
                {lib.name: _answer_call(workload, lib, data, models[lib]) for lib in models}, rounds
            )
    laps = {}
    for library, model in models.items():
        score = workload.score.of(data, model, answers[library], answers[SKLEARN])
        passes = getattr(model, "n_iter_", None)  # None too where equations are solved at once
        passes = None if passes is None else int(np.max(passes))
        laps[library.name] = Lap(fits.get(library.name), replies.get(library.name), score, passes)
    worse = workload.score.is_worse(laps[FASTML.name].score, laps[SKLEARN.name].score)
    score_name = workload.score.name
    return Result(
        entry.title, workload.name, str(data), score_name, laps, device, threads, worse, entry.goals
    )


def _first_calls(workload, data, peers):
    """Fit and ask once, untimed: this loads, compiles and warms up; the answers are what is scored."""
    from fastml import last_dispatch

    models, answers, device = {}, {}, "cpu"
    able = [peer for peer in peers if peer.find(workload.name) is not None and peer.takes(data.X)]
    for library in (FASTML, SKLEARN, *able):
        model = workload.fit(library, data)
        if library.did_it_itself(model):
            models[library], answers[library] = model, workload.answer(library, data, model)
        if library is FASTML and (dispatch := last_dispatch()) is not None:
            device = dispatch.name
    return models, answers, device


def _fit_call(workload, library, data):
    return lambda: workload.fit(library, data)


def _answer_call(workload, library, data, model):
    return lambda: workload.answer(library, data, model)
