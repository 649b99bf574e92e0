"""A progress bar, for the commands and whatever else runs long in a terminal."""

from __future__ import annotations

import sys
from typing import TextIO

__all__ = ["ProgressBar"]


class ProgressBar:
    """
    A bar on one line of a terminal.

    It writes to standard error and only when that is a terminal, so that results can be piped elsewhere.

    Parameters
    ----------
    total : int
        The number of steps.
    width : int, default=30
        The bar's width in characters.
    stream : text file, default=None
        Where the bar is drawn; None stands for standard error.

    Examples
    --------
    >>> from fastml._cli.progress import ProgressBar
    >>> with ProgressBar(2) as bar:
    ...     bar.step("first")
    ...     bar.step("second")
    """

    def __init__(self, total: int, width: int = 30, stream: TextIO | None = None):
        self.total = total
        self.width = width
        self.stream = sys.stderr if stream is None else stream
        self.done = 0
        self.shown = self.stream.isatty()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.clear()

    def show(self, text: str) -> None:
        """
        Draw the bar with a word on what is running.

        Parameters
        ----------
        text : str
            Shown behind the bar.
        """
        if self.shown:
            filled = self.width * self.done // max(self.total, 1)
            bar = "#" * filled + "." * (self.width - filled)
            self.stream.write(f"\r\x1b[K[{bar}] {self.done}/{self.total} {text}")
            self.stream.flush()

    def step(self, text: str = "") -> None:
        """
        Count one step as done.

        Parameters
        ----------
        text : str, default=""
            Shown behind the bar.
        """
        self.done += 1
        self.show(text)

    def clear(self) -> None:
        """Take the bar off the screen, so that a line can be printed in its place."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
