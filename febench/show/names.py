"""Initials in place of the names of people, for what is passed on: a report, a table, a page.

Names come from the names of files and folders, so they stand in the ids of images too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from febench.core.manifest import Manifest

_WORD = re.compile(r"[^\W\d_]{3,}|[^\W\d_a-zA-Z]{2,}")
"""Letters that may be a name: codes such as S005 or KA have fewer."""


def initials(names: Iterable[str]) -> dict[str, str]:
    """Return each name that is not a code, with its initials; people with the same initials are numbered.

    >>> initials(["anna", "adam_smith", "alice", "S005"])
    {'adam_smith': 'a._s.', 'alice': 'a. 1', 'anna': 'a. 2'}
    """
    shortened = {name: _WORD.sub(lambda word: f"{word[0][0]}.", name) for name in sorted(set(names))}
    shortened = {name: short for name, short in shortened.items() if short != name}
    counts, numbers = Counter(shortened.values()), Counter[str]()
    for name, short in shortened.items():
        if counts[short] > 1:
            numbers[short] += 1
            shortened[name] = f"{short} {numbers[short]}"
    return shortened


class People:
    """How the people of a data set are named where names are not to be passed on.

    Parameters
    ----------
    manifest : Manifest
        Whose people; those of a synthetic data set keep their names.
    names : bool
        Whether to show names as they are.
    """

    def __init__(self, manifest: Manifest, names: bool = False) -> None:
        hidden = () if names or manifest.synthetic else manifest.subjects or ()
        self._initials = {name.casefold(): short for name, short in initials(hidden).items()}
        longest_first = sorted(self._initials, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if longest_first else None

    @property
    def hidden(self) -> bool:
        """Whether any name is replaced by initials."""
        return self._names is not None

    def hide(self, text: str) -> str:
        """Return a text, such as the id of an image, with initials in place of every name, also within words."""
        if self._names is None:
            return text
        return self._names.sub(lambda name: self._initials[name[0].casefold()], text)
