"""Notes and errors about images that are left out, missing, listed twice or labelled by two sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from febench.core.errors import DataError, printable
from febench.datasets.files import count_suffixes

T = TypeVar("T")


def whole_number(text: str) -> str:
    """Return a whole number such as `3`, `3.0` or `3.0000000e+00` as `3`, and any other text unchanged."""
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def first_few(names: Sequence[str], separator: str = ", ", shown: int = 5) -> str:
    """Return the first few names and the number of the others."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return separator.join(printable(name) for name in names[:shown]) + more


def note_left_out(names: list[str], why: str) -> tuple[str, ...]:
    """Return a note that names the files that are left out and says why; nothing if there are none."""
    return (f"left out as {why}: {first_few(names)}",) if names else ()


def note_unread(names: list[str]) -> tuple[str, ...]:
    """Return a note on files that may be images but of formats that are not read; nothing if there are none."""
    return (
        (f"not read, because their formats are unknown: {count_suffixes(names)} ({first_few(names)})",) if names else ()
    )


def count_absent(names: Sequence[str], where: str) -> dict[str, int]:
    """Return a sentence on listed images that are absent, mapped to their number; empty if none is absent."""
    return {f"{len(names)} images are {where} but absent: {first_few(names)}": len(names)} if names else {}


def one_value_each(rows: Iterable[tuple[str, T]], where: object, error: Callable[[str], DataError]) -> dict[str, T]:
    """Return the value that a list gives each name.

    Raises
    ------
    DataError
        If it gives a name several values; the message lists them.
    """
    values: dict[str, T] = {}
    conflicts = {name: (values[name], value) for name, value in rows if values.setdefault(name, value) != value}
    if conflicts:
        examples = first_few([f"{name} is {first} and {second}" for name, (first, second) in conflicts.items()], "; ")
        raise error(f"{where} contradicts itself on {len(conflicts)} names: {examples}")
    return values


def compare_labels(
    read: Mapping[str, str], other: Mapping[str, str], where: object, error: Callable[[str], DataError]
) -> str:
    """Compare labels with those of a second source, and return a note that the second one is not used.

    Parameters
    ----------
    read, other : mappings
        The class of each image, by name, in the first and in the second source.
    where : object
        The second source.
    error : callable
        Turns a message into an exception.

    Raises
    ------
    DataError
        If they contradict each other; the message says how often.
    """
    both = [name for name in read if name in other]
    wrong = [f"{name} is {read[name]} here and {other[name]} there" for name in both if read[name] != other[name]]
    if wrong:
        raise error(
            f"the labels in {where} contradict those of {len(wrong)} of {len(both)} images: {first_few(wrong, '; ')}; "
            "remove whichever is wrong"
        )
    agrees = f"it agrees on the {len(both)} images that it has in common" if both else "it cannot be compared"
    return f"{where} is not used; {agrees} with what is read"
