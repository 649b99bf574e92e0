"""``python -m fastml compare``: fastml against scikit-learn and its peers, in time and in score."""

from __future__ import annotations

import functools
import importlib
import json
import platform
import sys
from argparse import Namespace
from importlib.metadata import version

from fastml import __version__
from fastml._device import why_no_cuda
from fastml._threads import effective_threads

from .data import load
from .libraries import installed_peers
from .measure import Entry, measure
from .pictures import write_quantised
from .progress import ProgressBar
from .racing import load_average, same_threads
from .tables import Comparison, Targets
from .targets import TARGETS
from .workloads import WORKLOADS

__all__ = ["ENTRIES", "run"]

ENTRIES = tuple(
    Entry(workload.name.rpartition(".")[2], name, workload, functools.partial(load, name))
    for workload in WORKLOADS
    for name in workload.data
)


def run(options: Namespace) -> int:
    """
    Race and print.

    Parameters
    ----------
    options : argparse.Namespace
        The command's arguments, as ``python -m fastml compare --help`` lists them.

    Returns
    -------
    int
        0; 1 when a score is worse than it may be; 2 when there is nothing to race or no such device.
    """
    entries = [entry for entry in (TARGETS if options.targets else ENTRIES) if _wanted(entry, options.only)]
    if not entries:
        print(f"no workload has {options.only!r} in its name", file=sys.stderr)
        return 2
    if options.device == "cuda" and why_no_cuda():
        print(f"no CUDA: {why_no_cuda()}", file=sys.stderr)
        return 2
    peers = installed_peers() if options.peers else []
    results, threads = _race_all(entries, peers, options)
    if options.json:
        found = {**_where(peers, threads, options.quick), "results": [result.as_dict() for result in results]}
        print(json.dumps(found, indent=1))
    if options.output:
        print("wrote", *write_quantised(options.output), file=sys.stderr)
    return int(any(result.worse for result in results))


def _race_all(entries, peers, options):
    for module in ("scipy.spatial", "sklearn.cluster", *(peer.module for peer in peers)):
        importlib.import_module(module)  # a library's threads can be limited once it is loaded
    threads = options.threads or effective_threads()
    table = Targets(peers) if options.targets else Comparison()
    rounds = options.rounds or (1 if options.quick else 5 if options.targets else 3)
    say = (lambda lines: None) if options.json else _print_lines
    results = []
    with same_threads(threads, options.device), ProgressBar(len(entries)) as bar:
        say(table.heading(_where(peers, threads, options.quick)))
        for entry in entries:
            bar.show(f"{entry.workload.name}: {entry.title}")
            results.append(measure(entry, peers, rounds, threads, options.quick))
            bar.clear()
            say(table.lines(results[-1]))
            bar.step()
        bar.clear()
        say(table.footing(results))
    return results, threads


def _print_lines(lines):
    print("\n".join(lines), flush=True)


def _wanted(entry, only):
    name = f"{entry.workload.name} {entry.title} {entry.on}".lower()
    return not only or any(part.lower() in name for part in only.split("|"))


def _where(peers, threads, quick):
    found = {"fastml": __version__, "python": platform.python_version()}
    for name in ("scikit-learn", "numpy", "numba", *(peer.distribution for peer in peers)):
        found[name] = version(name)
    return {"versions": found, "threads": threads, "quick": quick, "load": load_average()}
