"""The tables that ``fastml compare`` prints, a line at a time."""

from __future__ import annotations

from collections.abc import Sequence

from .libraries import FASTML, SKLEARN, Library
from .measure import Result
from .racing import busy_lines, seconds

__all__ = ["Comparison", "Targets"]


def _where_lines(where):
    versions = " ".join(f"{name} {number}" for name, number in where["versions"].items())
    kind = "one round of less data: not a measurement" if where["quick"] else "medians"
    line = f"{versions}; {where['threads']} threads each; {kind}; x = the other's time / fastml's"
    return [line, *busy_lines(where["load"])]


def _worse_lines(results):
    worse = [f"{result.title} on {result.data}" for result in results if result.worse]
    return ["", "WORSE than it may be: " + "; ".join(worse)] if worse else []


class Comparison:
    """
    One line for each race, and one more for each further peer in it.

    Examples
    --------
    >>> from fastml._cli.tables import Comparison
    >>> Comparison().footing([])
    ['', 'no races']
    """

    _row = "{:<29} {:<26} {:>8} {:>8} {:>6}  {:>8} {:>8} {:>6}  {:<13} {:>10} {:>10}  {}"

    def heading(self, where: dict) -> list[str]:
        """
        Return the lines above the table.

        Parameters
        ----------
        where : dict
            ``versions`` and ``threads``.

        Returns
        -------
        list of str
            Lines.
        """
        names = (FASTML.name, SKLEARN.name)
        over = self._row.format("", "", "fit", "", "", "answer", "", "", "score", "", "", "")
        row = self._row.format("what", "on", *names, "x", *names, "x", "", *names, "device")
        return [*_where_lines(where), "", over.rstrip(), row]

    def lines(self, result: Result) -> list[str]:
        """
        Return a race's lines.

        Parameters
        ----------
        result : Result
            The race.

        Returns
        -------
        list of str
            Lines.
        """
        lines = []
        for peer in result.laps:
            if peer != FASTML.name:
                first = (result.title, result.data) if peer == SKLEARN.name else ("", f"against {peer}")
                lines.append(self._line(result, peer, *first))
        return lines

    def _line(self, result, peer, title, data):
        times = []
        for part in ("fit", "answer"):
            for name in (FASTML.name, peer):
                value = getattr(result.laps[name], part)
                times.append("" if value is None else seconds(value))
            ratio = result.ratio(peer, part)
            times.append("" if ratio is None else f"{ratio:.1f}")
        scores = [f"{result.laps[name].score:.5g}" for name in (FASTML.name, peer)]
        device = result.device + (" WORSE" if result.worse else "")
        return self._row.format(title, data, *times, result.score, *scores, device).rstrip()

    def footing(self, results: Sequence[Result]) -> list[str]:
        """
        Return the lines below the table.

        Parameters
        ----------
        results : sequence of Result
            All races.

        Returns
        -------
        list of str
            Lines.
        """
        if not results:
            return ["", "no races"]
        ratios = sorted(result.ratio(SKLEARN.name) or 1.0 for result in results)
        slower = sum(ratio < 1 for ratio in ratios)
        middle = ratios[len(ratios) // 2]
        line = f"{len(ratios)} races against scikit-learn: median ratio {middle:.1f}, slower in {slower}"
        good = [] if any(result.worse for result in results) else ["every score as good as scikit-learn's"]
        return ["", line, *good, *_worse_lines(results)]


class Targets:
    """
    One line for each target row, one column for each peer: the ratio, and the goal where there is one.

    Parameters
    ----------
    peers : sequence of Library
        Who is raced besides scikit-learn.

    Examples
    --------
    >>> from fastml._cli.tables import Targets
    >>> Targets([]).footing([])
    []
    """

    def __init__(self, peers: Sequence[Library]):
        self._names = [SKLEARN.name, *(peer.name for peer in peers)]
        self._row = "{:<48} {:>9}" + "  {:>16}" * len(self._names) + "  {:<11} {}"

    def heading(self, where: dict) -> list[str]:
        """
        Return the lines above the table.

        Parameters
        ----------
        where : dict
            ``versions`` and ``threads``.

        Returns
        -------
        list of str
            Lines.
        """
        row = self._row.format("what", FASTML.name, *self._names, "passes", "score: fastml, the others")
        return [
            *_where_lines(where),
            "(in brackets the target; ! below it, !! slower than the peer)",
            "",
            row,
        ]

    def lines(self, result: Result) -> list[str]:
        """
        Return a race's line.

        Parameters
        ----------
        result : Result
            The race.

        Returns
        -------
        list of str
            One line.
        """
        cells = [self._cell(result, name) for name in self._names]
        passes = [lap.passes for lap in result.laps.values() if lap.passes is not None]
        shown = "/".join(str(number) for number in passes)
        scores = " ".join(f"{lap.score:.6g}" for lap in result.laps.values())
        ours = seconds(result.laps[FASTML.name].total)
        return [
            self._row.format(result.title, ours, *cells, shown, scores) + (" WORSE" if result.worse else "")
        ]

    def _cell(self, result, peer):
        if peer not in result.laps:
            return ""
        ratio, goal = result.ratio(peer) or 0.0, result.goals.get(peer)
        mark = "!!" if ratio < 1 else "!" if goal and ratio < goal else ""
        return f"{ratio:.2f}{mark}" + (f" [{goal:g}]" if goal else "")

    def footing(self, results: Sequence[Result]) -> list[str]:
        """
        Return the lines below the table.

        Parameters
        ----------
        results : sequence of Result
            All races.

        Returns
        -------
        list of str
            Lines.
        """
        return _worse_lines(results)
