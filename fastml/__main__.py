"""``python -m fastml``: what this machine offers, and how fast fastml is on it."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one of fastml's commands.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments; None stands for those of the process.

    Returns
    -------
    int
        The exit status: 0 when all went well, 1 when `compare` found a score worse than it may be.

    Examples
    --------
    >>> from fastml.__main__ import main
    >>> main(["info", "--json"])  # doctest: +SKIP
    """
    options = _parser().parse_args(argv)
    try:
        return importlib.import_module(f"fastml._cli.{options.command}").run(options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser():
    parser = argparse.ArgumentParser(prog="python -m fastml", description=__doc__.partition(": ")[2])
    commands = parser.add_subparsers(dest="command", required=True)
    info = commands.add_parser("info", help="versions, CPU, threads, devices, caches, compiled kernels")
    info.add_argument("--json", action="store_true", help="print it as JSON")
    commands.add_parser("compile", help="compile every kernel now, so that nothing is compiled later")
    compare = commands.add_parser("compare", help="race fastml against scikit-learn: time and score")
    compare.add_argument("--targets", action="store_true", help="race the workloads that have a speed target")
    compare.add_argument(
        "--peers", action="store_true", help="race the other libraries that are installed too"
    )
    compare.add_argument(
        "--only", metavar="TEXT", help="only what has TEXT in its name or in its data's; '|' means or"
    )
    compare.add_argument("--quick", action="store_true", help="small data and one round: does it run?")
    compare.add_argument(
        "--rounds", type=_positive, help="the least number of rounds to take the median of (3; targets: 5)"
    )
    compare.add_argument(
        "--threads", type=_positive, help="threads for every library (default: all that fastml would use)"
    )
    compare.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), help="where fastml computes (default: its configuration)"
    )
    compare.add_argument("--json", action="store_true", help="print the results as JSON")
    compare.add_argument(
        "--output", metavar="FOLDER", help="also write china.jpg and its quantised copy to FOLDER"
    )
    return parser


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
