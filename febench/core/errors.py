"""Errors of users and machines, with exit codes; and texts made safe to print."""

from __future__ import annotations

import re

INTERRUPTED = 130
"""Exit code of a command that somebody ended, as shells have it for Ctrl-C."""


class FebenchError(Exception):
    """A problem of the user or the machine, in one sentence; `exit_code` is what the command line ends with.

    Parameters
    ----------
    text : str
        What is wrong, and where, in words that fit a notebook too: no command-line options.
    option : str or None
        The option that mends it, by its name in Python (`out`, `data_dir`): the command line adds how it is written.
    """

    exit_code = 1

    def __init__(self, text: str, *, option: str | None = None) -> None:
        super().__init__(text)
        self.option = option


class UsageError(FebenchError):
    """A command, a name, a parameter or a plugin that cannot be used as it was given."""

    exit_code = 2


class StorageError(UsageError):
    """Something cannot be written now: a full disk, a read-only folder, a directory that another run writes to."""

    exit_code = 6


class DataError(FebenchError):
    """A data set that is missing or unusable."""

    exit_code = 4


class MismatchError(FebenchError):
    """Something stored does not agree with what it should be: a checksum, a hash, a published figure."""

    exit_code = 5


class UnreadableFoldsError(MismatchError):
    """The folds of a results directory are not there, empty or cut off: they can be drawn again."""


def printable(text: str) -> str:
    """A text as one line that a terminal and a file can show: what cannot be printed is written as its escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, most: int) -> str:
    """A text of at most `most` characters: of a longer one the beginning and the end, and how long it was."""
    if len(text) <= most:
        return text
    word = f" ... ({len(text):,} letters) ... "
    kept = most - len(word)
    return text[: kept // 2] + word + text[len(text) - (kept - kept // 2) :]


def spreadsheet_text(text: str) -> str:
    """A printable text that a spreadsheet takes as no formula: what begins as one gets an apostrophe before it."""
    number = re.fullmatch(r"-?\d+(\.\d+)?", text)
    return f"'{printable(text)}" if re.match(r"[=@+\-\t\r]", text) and not number else printable(text)
