"""How numbers and lists of names stand in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from febench.show.formats.values import format_value, significant
from febench.show.tables import Difference

MOST = 3
"""Names that a sentence takes."""


def listed(names: Sequence[str], most: int = MOST) -> str:
    """Names as people list them; of very many the first, and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def the_other(names: Sequence[str]) -> str:
    """The one that is left by its name, several by their number."""
    return names[0] if len(names) == 1 else f"the other {len(names)}"


def percent(mean: float, sd: float | None, runs: int) -> str:
    """A mean over runs; of a single run it is said that there is no sd."""
    if runs == 1:
        return f"{format_value(mean)} % (a single run, no sd)"
    return f"{format_value(mean)} % (sd {format_value(sd)}, {runs} runs)"


def points(difference: float) -> str:
    """A difference with its sign."""
    return f"{format_value(Difference(difference))} points"


def seconds(value: float) -> str:
    """A time as long as it reads well."""
    return f"{significant(value)} s" if value < 120 else f"{significant(value / 60)} min"


def times(factor: float) -> str:
    """How many times as much."""
    return "about" if factor < 1.05 else f"{significant(float(f'{factor:.2g}'))} times"
